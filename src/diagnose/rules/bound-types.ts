/** Types of C++ between Python modules: bound in another module, bound by another pybind11, not to be pickled. */
import { argumentsOf } from "../facts/called-arguments.ts";
import { pip, platformOf, python, rebuild } from "../commands/commands.ts";
import { packageOfModule } from "../tables/packages.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";

/** Types for which torch's headers bring casters: those are another rule's. */
const cast =
  /^(?:at::|torch::|c10::)?(?:Tensor|Stream|Device|ScalarType|Layout|Generator|Storage|MemoryFormat|Scalar|SymInt|SymFloat|SymBool|ArrayRef|IntArrayRef|OptionalArrayRef|Dict|List|IValue|intrusive_ptr|complex)\b/;
/** What pybind11/stl.h and its like turn into Python's types. */
const standard =
  /^std::(?:(?:__1|__cxx11)::)?(?:vector|map|unordered_map|set|unordered_set|pair|tuple|optional|variant|list|deque|array|function|complex|chrono|filesystem|basic_string)\b/;
/** Words of Python's in a signature. */
const plain =
  /^(?:int|float|bool|str|bytes|None|list|dict|tuple|set|object|handle|Callable|Iterable|Sequence|Optional|Union|Annotated|List|Dict|Tuple|Set|numpy|typing|collections|torch\.\w+)$/;

/** C++ types in a signature that pybind11 could not name in Python: these are not registered. */
function foreignTypes(signature: string): string[] {
  const found = signature.match(/[A-Za-z_]\w*(?:::[A-Za-z_~]\w*)+/g) ?? [];
  return [...new Set(found)].filter((name) => !cast.test(name) && !standard.test(name) && !plain.test(name));
}

/** The result of the signature, without its arguments. */
function resultOf(signature: string): string {
  return signature.slice(signature.lastIndexOf(" -> ") + 4);
}

/**
 * Arguments of causal-conv1d's functions, and the releases that take so many: seq_idx came with 1.1, initial_states and
 * final_states with 1.2, out with 1.5. Source: signatures with versions in reports (hustvl/Vim#34, Jiaxin-Ye/DepMamba#3 and #8,
 * state-spaces/mamba#660); where exactly 1.2 and 1.5 begin is of memory.
 */
const causalConv1d: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  causal_conv1d_fwd: { 4: "<1.1", 5: ">=1.1,<1.2", 7: ">=1.2,<1.5", 8: ">=1.5" },
};

/** The header of pybind11 that converts the type of the signature. */
function headerOfType(match: Match): string {
  return /function/.test(match.facts["type"] ?? "")
    ? "functional.h"
    : /complex/.test(match.facts["type"] ?? "")
      ? "complex.h"
      : /chrono/.test(match.facts["type"] ?? "")
        ? "chrono.h"
        : /filesystem/.test(match.facts["type"] ?? "")
          ? "stl/filesystem.h"
          : "stl.h";
}

export const boundTypeRules: readonly Rule[] = [
  {
    id: "type-bound-in-other-module",
    title: "A C++ type is not known to this module",
    on: ["exception"],
    specificity: 78,
    matches: (finding) => {
      const result = said(
        finding,
        /Unable to convert function return value to a Python type! The signature was\s+(?<signature>.{1,1500}?)(?: Did you forget|$)/s,
      );
      if (result !== undefined) {
        const [type] = foreignTypes(resultOf(result["signature"] ?? ""));
        return type === undefined ? undefined : { type, result: "yes" };
      }
      const unregistered = said(finding, /Unregistered type : (?<type>[\w:]+)/);
      if (unregistered !== undefined) return cast.test(unregistered["type"] ?? "") ? undefined : unregistered;
      return undefined;
    },
    confidence: "high",
    cause: (match) =>
      `pybind11 can only hand out objects of C++ classes that are registered in Python, and \`${match.facts["type"] ?? ""}\` is not (its signature shows the C++ name): py::class_<${match.facts["type"] ?? ""}> is in another extension module that is not imported yet, or that was built with another pybind11 (or compiler, or standard library), or nowhere.`,
    fix: (match) => [
      "# import the module that binds the type first; in C++: py::module_::import of that module at the top of PYBIND11_MODULE",
      `# build both modules with the same pybind11 and the same compiler; ${python(match)} -c "import builtins, that_module, this_module; print([k for k in vars(builtins) if 'pybind11' in k])"   # two names: they do not share types`,
      `# bound nowhere: py::class_<${match.facts["type"] ?? "T"}>(m, "${(match.facts["type"] ?? "T").split("::").at(-1) ?? "T"}"); containers of it: #include <pybind11/stl.h>; then build it again`,
    ],
    sources: [
      "https://pybind11.readthedocs.io/en/stable/advanced/classes.html#binding-classes-across-modules",
      "https://pybind11.readthedocs.io/en/stable/advanced/misc.html#partitioning-code-over-multiple-extension-modules",
      "qualcomm/aimet#717",
    ],
    examples: [
      {
        text: "TypeError: Unable to convert function return value to a Python type! The signature was\n\t(self: m.Quantizer, arg0: int) -> Tuple[quant::Encoding, bool]",
        expect: "py::class_<quant::Encoding>",
      },
      { text: "TypeError: Unregistered type : geometry::Mesh", expect: "another extension module" },
    ],
  },
  {
    id: "torch-type-not-shared",
    title: "The module does not share torch's pybind11 types",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<name>[\w.]*)\(\): incompatible (?:function|constructor) arguments\..*?\b(?<type>(?:torch|c10|c10d|caffe2)::(?:jit|autograd|nn|distributed|optim|data|profiler|monitor|lazy|dynamo|inductor|[A-Z])[\w:]*).*Invoked with:.*<torch\._C\./s,
        /(?<name>[\w.]*)\(\): incompatible (?:function|constructor) arguments\..*?\b(?<type>(?:torch::jit|c10d|torch::nn)::[\w:]+).*Invoked with:/s,
      ),
    confidence: "high",
    cause: (match) =>
      `${(match.facts["name"] ?? "") === "" ? "The function" : `\`${match.facts["name"] ?? ""}\``} takes a \`${match.facts["type"] ?? ""}\`, was given one, and does not recognise it: its module and torch do not share pybind11's table of types. They do only when both were built with the same internals of pybind11: the same version (torch brings its own headers) and the same compiler tag (PYBIND11_COMPILER_TYPE, PYBIND11_STDLIB, PYBIND11_BUILD_ABI). A CMake build with another pybind11, or torch 2.x with a newer gcc, has others.`,
    fix: (match) => [
      `${python(match)} -c "import torch, builtins; print(torch._C._PYBIND11_COMPILER_TYPE, torch._C._PYBIND11_STDLIB, torch._C._PYBIND11_BUILD_ABI)"   # torch up to 2.8 has these`,
      '# CMake: take torch\'s headers (<torch>/include, no pybind11 of your own in front), and add -DPYBIND11_COMPILER_TYPE=\\"_gcc\\" -DPYBIND11_STDLIB=\\"_libstdcpp\\" -DPYBIND11_BUILD_ABI=\\"_cxxabi1011\\" with the values that were printed; import torch first',
      "retorch build   # and torch.utils.cpp_extension do so by themselves",
      "# or hand it over in another way: a module as a file (torch::jit::load) or as torch::jit::Object through TORCH_LIBRARY, not through pybind11",
    ],
    sources: [
      "pytorch/pytorch#68747",
      "https://pybind11.readthedocs.io/en/stable/advanced/misc.html#partitioning-code-over-multiple-extension-modules",
    ],
    examples: [
      {
        text: "TypeError: preprocess(): incompatible function arguments. The following argument types are supported:\n    1. (model: torch::jit::Module) -> torch::jit::Module\n\nInvoked with: <torch._C.ScriptModule object at 0x7f00>",
        expect: "PYBIND11_COMPILER_TYPE",
      },
    ],
  },
  {
    id: "bound-object-not-pickled",
    title: "An object of a compiled module cannot be pickled",
    on: ["exception"],
    specificity: 76,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /can(?:not|'t) pickle ['"]?(?<type>[\w.]*(?:_C|_ext|_cuda|_cpp|_backend|_core|_lib|pybind\w*|_[a-z]\w*)\.[A-Z]\w*)['"]? objects?/,
        /can(?:not|'t) pickle ['"]?(?<type>torch\.(?:_C\.)?(?:Generator|Stream|Event|ScriptFunction|Graph|_C\.\w+|cuda\.\w+))['"]? objects?/,
        /can(?:not|'t) pickle ['"]?(?<type>PyCapsule|builtin_function_or_method|pybind11_\w+|nanobind\.\w+)['"]? objects?/,
        /[Cc]an(?:not|'t) pickle (?:local object|<(?:built-in )?(?:function|method)) ['"]?(?<type>PyCapsule\.\w+)/,
      );
      if (
        facts === undefined ||
        /^_(?:thread|io|ssl|socket|queue|ctypes|hashlib|sqlite3|asyncio|contextvars)\./.test(facts["type"] ?? "")
      )
        return undefined;
      return facts;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["type"] ?? "The object"}\` is made by compiled code, and nothing says how it is saved. Python pickles what goes to another process (multiprocessing with spawn, as on Windows and macOS and with CUDA; a DataLoader with workers; ray, joblib), and what copy.deepcopy, torch.save and torch.compile's caches take.`,
    fix: (match) => [
      '# make the object in the worker, on first use, in place of __init__: if self._handle is None: self._handle = _C.Thing(…); and leave it out: def __getstate__(self): state = self.__dict__.copy(); state["_handle"] = None; return state',
      ...(/^torch\./.test(match.facts["type"] ?? "")
        ? ["# keep what describes it: a seed in place of a Generator, a device in place of a Stream"]
        : [
            "# or in the binding: .def(py::pickle([](const T& t) { return py::make_tuple(t.a()); }, [](py::tuple s) { return T(s[0].cast<int>()); })), then build again",
          ]),
      '# Linux without CUDA in the parent: torch.multiprocessing.set_start_method("fork"), or DataLoader(num_workers=0) to see that this is it',
    ],
    sources: [
      "https://pybind11.readthedocs.io/en/stable/advanced/classes.html#pickling-support",
      "https://docs.python.org/3/library/pickle.html#handling-stateful-objects",
    ],
    examples: [
      { text: "TypeError: cannot pickle 'my_ops._C.Tree' object", expect: "py::pickle" },
      { text: "TypeError: can't pickle my_ops._C.Tree objects", expect: "__getstate__" },
      { text: "TypeError: cannot pickle 'torch._C.Generator' object", expect: "seed" },
    ],
  },
  {
    id: "method-called-on-class",
    title: "A method of a C++ class was called without an object",
    on: ["exception"],
    specificity: 66,
    matches: (finding) => {
      const facts = said(
        finding,
        /(?<name>\w+)\(\): incompatible function arguments\. The following argument types are supported:\s+1\. \(self: (?<type>[\w.:]+)(?<rest>[^)]*)\).*?Invoked with: ?(?<call>.*)$/s,
      );
      if (facts === undefined || / 2\. \(/.test(finding.message)) return undefined;
      const accepted = (` ${facts["rest"] ?? ""}`.match(/\b\w+: /g) ?? []).length + 1;
      const given = argumentsOf(facts["call"] ?? "");
      const type = facts["type"] ?? "";
      if (given !== accepted - 1 || (facts["call"] ?? "").startsWith(`<${type}`)) return undefined;
      // An object of a class that is derived from it stands there, too.
      return /^<[\w.]+ object at/.test(facts["call"] ?? "") ? undefined : { name: facts["name"], type };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is a method of \`${match.facts["type"] ?? ""}\`, and the call gives it no object: it was called on the class, so that the first argument stands where \`self\` belongs, and all others are one place off.`,
    fix: (match) => [
      `# make an object first: thing = ${match.facts["type"] ?? "Class"}(…); thing.${match.facts["name"] ?? "method"}(…)`,
      `# or, if it needs no object, bind it as a static function: .def_static("${match.facts["name"] ?? "method"}", &…::${match.facts["name"] ?? "method"}), and build again`,
    ],
    sources: [
      "pybind/pybind11#3084",
      "https://pybind11.readthedocs.io/en/stable/classes.html#instance-and-static-fields",
    ],
    examples: [
      {
        text: "TypeError: reg(): incompatible function arguments. The following argument types are supported:\n    1. (self: my_ops.Registration, arg0: float, arg1: bool) -> my_ops.Result\n\nInvoked with: 0.02, True",
        expect: "my_ops.Registration(…)",
      },
    ],
  },
  {
    id: "arguments-of-other-release",
    title: "Python code and compiled module are of different releases",
    on: ["exception"],
    role: "symptom",
    specificity: 64,
    matches: (finding) => {
      const facts = said(
        finding,
        /(?<name>\w+)\(\): incompatible function arguments\. The following argument types are supported:(?<signatures>.*?)Invoked with: ?(?<call>.*)$/s,
      );
      if (facts === undefined) return undefined;
      const signatures = facts["signatures"] ?? "";
      // Named arguments of the author's own (arg0 is pybind11's) or not: what counts is how many there are.
      const accepted = (signatures.match(/\d+\. \([^)]*\)/g) ?? []).map(
        (text) => (text.match(/\b\w+: /g) ?? []).length,
      );
      const [only] = accepted;
      const given = argumentsOf(facts["call"] ?? "");
      if (accepted.length !== 1 || only === undefined || given === undefined || given === only || only === 0)
        return undefined;
      if (/ = /.test(signatures)) return undefined;
      const called = finding.frames
        ?.toReversed()
        .flatMap((frame) => new RegExp(`([A-Za-z_]\\w*)\\.${facts["name"] ?? ""}\\b`).exec(frame)?.[1] ?? [])[0];
      const caller = finding.frames?.at(-1)?.replace(/:\d+ .*$/s, "");
      const ofSelf = /^\s*1\. \(self: (\w+)\.[\w.]+[,)]/.exec(signatures)?.[1];
      if (ofSelf !== undefined)
        return /^(?:torch|numpy)$/.test(ofSelf)
          ? undefined
          : {
              name: facts["name"],
              accepted: String(only),
              given: String(given),
              module: ofSelf,
              caller,
              method: "yes",
            };
      // A part of the package that calls it: its own rule knows more of those.
      if (called === undefined || /^_/.test(called)) return undefined;
      // A module that somebody made a moment ago, called from a program: the call is wrong, not a release.
      const isPackage = packageOfModule(called) !== undefined || /_(?:cuda|cpu|cpp|ext|C|ops?)$|cuda$/i.test(called);
      if (!isPackage && !/-packages[\\/]/.test(caller ?? "")) return undefined;
      return { name: facts["name"], accepted: String(only), given: String(given), module: called, caller };
    },
    // Methods are mostly called by the author of the program, who may have left one out.
    confidence: (match) => (match.facts["method"] === undefined ? "high" : "medium"),
    cause: (match) => {
      const { name, accepted, given, module } = match.facts;
      const newer = Number(accepted) > Number(given);
      return `\`${name ?? ""}\` of \`${module ?? ""}\` takes ${accepted ?? ""} arguments, and is called with ${given ?? ""}: the compiled module is of ${newer ? "a newer" : "another (most likely an older)"} release than the Python code that calls it${match.facts["method"] === undefined ? "" : " (an example or a test of another state of the sources), or the call leaves one out; the object counts as one, and `Invoked with` shows it first"}.`;
    },
    fix: (match) => {
      const { caller, accepted, given } = match.facts;
      const module = match.facts["module"] ?? "";
      const name =
        packageOfModule(module) ?? packageOfModule(`${module.replace(/(?:_cuda|_cpu|_cpp|_C|_ext)$/, "")}.`) ?? module;
      const user = /(?:site|dist)-packages[\\/](\w+)[\\/]/.exec(caller ?? "")?.[1];
      const newer = Number(accepted) > Number(given);
      const range = name === "causal-conv1d" ? causalConv1d[match.facts["name"] ?? ""]?.[Number(given)] : undefined;
      const stated = match.context.log.versions[name];
      if (range !== undefined)
        return [
          `${pip(match, `install --no-build-isolation --no-cache-dir --force-reinstall --no-deps "${name}${range}"`)}   # the releases whose ${match.facts["name"] ?? ""} takes ${given ?? ""} arguments${stated === undefined ? "" : `; ${stated} is installed`}`,
          ...(user === undefined || !newer
            ? []
            : [
                `# or a newer ${user.replaceAll("_", "-")}: ${pip(match, `install --no-build-isolation --upgrade --no-deps ${user.replaceAll("_", "-")}`)}`,
              ]),
        ];
      return [
        `${pip(match, `show ${name}${user === undefined ? "" : ` ${user.replaceAll("_", "-")}`}`)}   # the versions that are installed`,
        `grep -rniE '${name.replaceAll("-", "[-_]")}' --include=requirements*.txt --include=setup.py --include=pyproject.toml --include=*.yml --include=README.md .   # the version that the project names; otherwise one ${newer ? "before" : "after"} the installed one:`,
        `${pip(match, `install --no-build-isolation --no-cache-dir --force-reinstall --no-deps "${name}${newer ? "<" : ">"}INSTALLED"`)}   # INSTALLED: the version that was printed`,
        `# or ${newer ? "a newer" : "the matching"} release of the code that calls it${caller === undefined ? "" : ` (${caller})`}`,
      ];
    },
    sources: ["wangtz19/NetMamba#26", "https://pybind11.readthedocs.io/en/stable/advanced/cast/overview.html"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"/src/mamba_ssm/ops/selective_scan_interface.py\", line 211, in forward\n    out = causal_conv1d_cuda.causal_conv1d_fwd(x, w, b, True)\nTypeError: causal_conv1d_fwd(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: torch.Tensor, arg1: torch.Tensor, arg2: Optional[torch.Tensor], arg3: Optional[torch.Tensor], arg4: bool) -> torch.Tensor\n\nInvoked with: tensor([[0.1, 0.2]], device='cuda:0'), tensor([1.]), None, True",
        expect: 'causal-conv1d<1.1"',
      },
      {
        text: "Traceback (most recent call last):\n  File \"/e/lib/python3.10/site-packages/mamba_ssm/ops/selective_scan_interface.py\", line 187, in forward\n    out = causal_conv1d_cuda.causal_conv1d_fwd(\nTypeError: causal_conv1d_fwd(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: torch.Tensor, arg1: torch.Tensor, arg2: Optional[torch.Tensor], arg3: Optional[torch.Tensor], arg4: Optional[torch.Tensor], arg5: torch.Tensor, arg6: Optional[torch.Tensor], arg7: bool) -> None\n\nInvoked with: tensor([[0.1]], device='cuda:0'), tensor([1.]), tensor([1.]), None, None, None, True",
        expect: '"causal-conv1d>=1.2,<1.5"',
      },
      {
        text: "Traceback (most recent call last):\n  File \"/src/ops/roi.py\", line 21, in forward\n    out = roi_cuda.roi_fwd(x, w)\nTypeError: roi_fwd(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: torch.Tensor, arg1: torch.Tensor, arg2: bool) -> torch.Tensor\n\nInvoked with: tensor([[0.1, 0.2]], device='cuda:0'), tensor([1.])",
        expect: "<INSTALLED",
      },
    ],
  },
  {
    id: "pybind11-header-missing",
    title: "pybind11's header for this type is not included",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      said(
        finding,
        /(?:incompatible (?:function|constructor) arguments|Unable to convert function return value|Unregistered type :).*?\b(?<type>std::(?:vector|map|unordered_map|set|unordered_set|list|deque|array|optional|variant|valarray|function|complex|filesystem::path|chrono::\w+))\b/s,
      ),
    confidence: "high",
    cause: (match) =>
      `The signature shows \`${match.facts["type"] ?? ""}\` by its C++ name: the file with the binding does not include the header of pybind11 that turns such values into Python's and back. That shows only when the function is called.`,
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? [`# in the file with PYBIND11_MODULE: #include <pybind11/${headerOfType(match)}>`]
        : [
            `grep -rl --include='*.cpp' --include='*.cc' --include='*.cxx' --include='*.cu' PYBIND11_MODULE . | grep -vE '/(build|third_party)/' | xargs -r sed -i.bak '1i #include <pybind11/${headerOfType(match)}>'   # in the file with PYBIND11_MODULE`,
          ]),
      ...rebuild(match),
    ],
    sources: ["https://pybind11.readthedocs.io/en/stable/advanced/cast/overview.html"],
    examples: [
      {
        text: "TypeError: Unable to convert function return value to a Python type! The signature was\n\t() -> std::vector<float, std::allocator<float> >",
        expect: "pybind11/stl.h",
      },
      {
        text: "TypeError: f(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: std::function<int (int)>) -> int\n\nInvoked with: <function <lambda> at 0x7f74e21b84a0>",
        expect: "pybind11/functional.h",
      },
    ],
  },
  {
    id: "binding-without-constructor",
    title: "The bound class has no constructor for Python",
    on: ["exception"],
    specificity: 74,
    matches: (finding) => said(finding, /(?<type>[\w.]+): No constructor defined!?/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["type"] ?? ""}\` is bound with py::class_, but without a constructor: Python can get objects of it from functions and not make any.`,
    fix: (match) => [
      `# py::class_<T>(m, "${(match.facts["type"] ?? "T").split(".").at(-1) ?? "T"}").def(py::init<>()), with the types of the arguments in <…>; or a factory: py::init([](…) { return …; })`,
      ...rebuild(match),
    ],
    sources: ["https://pybind11.readthedocs.io/en/stable/classes.html"],
    examples: [{ text: "TypeError: my_ext.Grid: No constructor defined!", expect: "py::init" }],
  },
  {
    id: "base-class-not-registered",
    title: "A class is bound before its base class",
    on: ["exception"],
    specificity: 72,
    matches: (finding) => said(finding, /type "(?<type>[^"]+)" referenced unknown base type "(?<base>[^"]+)"/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["type"] ?? ""}\` is bound as derived from \`${match.facts["base"] ?? ""}\`, and Python does not know that class yet: its py::class_ comes later in the file, or is in another module that is not imported.`,
    fix: (match) => [
      `# py::class_<${match.facts["base"] ?? "Base"}> above py::class_<${match.facts["type"] ?? "Derived"}, ${match.facts["base"] ?? "Base"}>; bound elsewhere: py::module_::import of that module at the top of PYBIND11_MODULE`,
      ...rebuild(match),
    ],
    sources: ["https://pybind11.readthedocs.io/en/stable/advanced/classes.html"],
    examples: [
      { text: 'ImportError: generic_type: type "D" referenced unknown base type "B"', expect: "py::class_<B> above" },
    ],
  },
];
