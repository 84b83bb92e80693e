/** C++ code that uses torch::jit modules, binds functions to Python, or keeps to torch's stable ABI. */
import { platformOf } from "../commands/commands.ts";
import { type Match, placeOf, type Rule, said, saidAny } from "../rule.ts";
import { editFile } from "../commands/source-edits.ts";

const identifier = /^[A-Za-z_]\w*$/;

/** The variable that takes what load() gives, as the printed line names it; else the usual names. */
function loadedInto({ finding: { source = "" } }: Match): string {
  return (
    /Module>\s+(\w+)\s*[={(]|\b(\w+)\s*=\s*torch::jit::load/.exec(source)?.slice(1).find(Boolean) ?? "module|net|model"
  );
}

/** A message whose edits are for the whole file, and not for the line that was printed alone. */
function withoutSource(match: Match): Match {
  const { source: _source, mark: _mark, ...finding } = match.finding;
  return { ...match, finding };
}

/** A name with dots as a part of a pattern. */
function inPattern(name: string): string {
  return name.replaceAll(".", "[.]");
}

export const moduleAndBindingRules: readonly Rule[] = [
  {
    id: "extension-name-no-identifier",
    title: "The name of the extension is no name of C++",
    on: ["compile"],
    specificity: 88,
    matches: (finding, context) => {
      const name = context.log.extensionName;
      if (!/^expected\b|^invalid (?:suffix|token)|^pasting /.test(finding.message)) return undefined;
      if (name !== undefined && !identifier.test(name)) return { name };
      return name === undefined &&
        finding.file === "<command-line>" &&
        /before [‘'"][-.][’'"] token/.test(finding.message)
        ? {}
        : undefined;
    },
    confidence: (match) => (match.facts["name"] === undefined ? "medium" : "high"),
    cause: (match) =>
      `${match.facts["name"] === undefined ? "A macro that the command line defines (TORCH_EXTENSION_NAME)" : `\`${match.facts["name"]}\`, which is given as TORCH_EXTENSION_NAME,`} becomes part of the function PyInit_… that PYBIND11_MODULE makes: only letters, digits and underscores may stand in it, and no digit first.`,
    fix: (match) => {
      const given = match.facts["name"];
      const name = given?.replaceAll(/\W/g, "_") ?? "my_ext";
      return [
        // pip takes `a-b` and `a_b` for one name, and Python imports the former in no way.
        ...(given === undefined || !/^[\w.-]+$/.test(given) || platformOf(match) === "win32"
          ? []
          : [
              `grep -rlE "[\\"']${inPattern(given)}[\\"']" --include='*.py' . | xargs -r sed -i.bak -E "s/([\\"'])${inPattern(given)}([\\"'])/\\1${name}\\2/g"   # in load(), CppExtension() or CUDAExtension(): import it by that name`,
            ]),
        `# load(name="${name}", …), CppExtension("${name}", …), or name = "${name}" in retorch.toml; import it by that name`,
        '# in a package: CppExtension("package._C", …): the last part is the module\'s name',
      ];
    },
    sources: ["https://docs.python.org/3/extending/building.html"],
    examples: [
      {
        text: "[1/2] c++ -MMD -DTORCH_EXTENSION_NAME=box-ops -fPIC -c ops.cpp -o ops.o\n<command-line>: error: expected initializer before ‘-’ token\nops.cpp:3:17: note: in expansion of macro ‘TORCH_EXTENSION_NAME’",
        expect: 'name="box_ops"',
      },
      {
        text: "c++ -DTORCH_EXTENSION_NAME=box-ops -fPIC -c ops.cpp -o ops.o\nops.cpp:3:17: error: expected ';' after top level declarator",
        expect: "'])box-ops([\\\"'])/\\1box_ops\\2/g\"",
      },
      {
        text: "c++ -DTORCH_EXTENSION_NAME=my-ops -fPIC -c ops.cpp -o ops.o\nops.cpp:3:17: error: expected ';' after top level declarator",
        expect: "PYBIND11_MODULE",
      },
    ],
  },
  {
    id: "jit-module-by-value",
    title: "torch::jit::load() gives the module itself, no pointer",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:conversion|convert|viable conversion).{0,40}from [‘'"](?:torch::jit::)?(?:script::)?Module[’'"].*(?:shared|unique)_ptr<\s?(?:torch::jit::)?(?:script::)?Module/,
        /(?:base operand of [‘']->[’'] has non-pointer type|member reference type) [‘'](?:torch::jit::)?(?:script::)?Module[’']/,
        /no (?:viable|match for).{0,20}(?:overloaded )?['‘]?(?:operator)?=['’]?.*(?:shared|unique)_ptr<\s?(?:torch::jit::)?(?:script::)?Module/,
        /(?:torch::jit::)?(?:script::)?Module[’'"].*(?:to|zu|en) [‘'"](?:const )?(?:std::)?(?:shared|unique)_ptr<\s?(?:torch::jit::)?(?:script::)?Module/,
      ),
    confidence: "high",
    cause: (match) =>
      `Since torch 1.2 \`torch::jit::load(…)\` gives a torch::jit::Module by value; ${placeOf(match.finding)} wants the std::shared_ptr of 1.0 and 1.1.`,
    fix: (match) => [
      ...(match.finding.file === undefined
        ? [
            "# torch::jit::Module module = torch::jit::load(path);   and module.forward(…) in place of module->forward(…)",
          ]
        : editFile(withoutSource(match), [
            ["std::(shared|unique)_ptr<torch::jit::(script::)?Module>", "torch::jit::Module"],
            [`\\b(${loadedInto(match)})->`, "\\1."],
          ]).map((line) => `${line}   # then look it over`)),
      "# no comparison with nullptr any more: load() throws c10::Error",
    ],
    sources: ["pytorch/pytorch#23450", "https://docs.pytorch.org/cppdocs/"],
    examples: [
      {
        text: "example-app.cpp:13:47: error: no viable conversion from 'script::Module' to 'std::shared_ptr<torch::jit::script::Module>'",
        expect: "torch::jit::Module",
      },
      {
        text: "c.cpp:6:72: error: conversion from ‘torch::jit::Module’ to non-scalar type ‘std::shared_ptr<torch::jit::Module>’ requested\n    6 |   std::shared_ptr<torch::jit::script::Module> net_ = torch::jit::load(argv[1]);\n      |                                                      ~~~~~~~~~~~~~~~~^~~~~~~~~",
        expect: "s/\\b(net_)->/\\1./g",
      },
      {
        text: "src/run.cpp:57:78: error: conversion from ‘torch::jit::script::Module’ to non-scalar type ‘std::shared_ptr<torch::jit::script::Module>’ requested",
        expect: "1.2",
      },
    ],
  },
  {
    id: "jit-forward-takes-one-list",
    title: "forward() of a loaded module takes one list",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      said(
        finding,
        /no matching (?:member )?function for call to [‘'](?:torch::jit::(?:script::)?(?:Module|Method)::)?(?<name>forward|operator\(\)|run_method)\b.*/,
      ) === undefined || !/torch::jit|IValue|module\.|Module/.test(`${finding.message} ${finding.source ?? ""}`)
        ? undefined
        : { call: finding.source },
    confidence: "medium",
    cause: (match) =>
      `A module that was loaded with torch::jit::load has one forward(std::vector<torch::jit::IValue> inputs) in C++, however many arguments it has in Python; ${placeOf(match.finding)} calls it otherwise.`,
    fix: () => [
      "# std::vector<torch::jit::IValue> inputs{x, int64_t{16000}};  auto y = module.forward(inputs).toTensor();",
      '# other methods: module.get_method("reset_states")({}) or module.run_method("name", x, n)',
    ],
    sources: ["snakers4/silero-vad#220", "https://docs.pytorch.org/tutorials/advanced/cpp_export.html"],
    examples: [
      {
        text: "vad.cpp:88:46: error: no matching function for call to ‘torch::jit::Module::forward(std::vector<c10::IValue>&, int&)’",
        expect: "std::vector<torch::jit::IValue>",
      },
    ],
  },
  {
    id: "overloaded-function-bound",
    title: "The function that is bound has several forms",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /no matching function for call to [‘'](?:pybind11|nanobind|torch)::[\w:]*(?:def|impl|op|wrap_pybind_function|cpp_function)[^’']*<unresolved overloaded function type>/,
        /(?<what>unresolved overloaded function type).*\b(?:def|impl|wrap_pybind_function)\b/,
        /cannot (?:determine which instance of|resolve) overloaded function ["‘'](?<name>[\w:]+)/,
        /(?:cannot resolve overloaded function|reference to overloaded function could not be resolved|address of overloaded function) ?['‘]?(?<name>[\w:]*)/,
      ) ??
      (/no matching (?:member )?function for call to ['‘](?:def|impl)['’]/.test(finding.message)
        ? { name: /\.(?:def|impl)\(\s*"[^"]*",\s*&?([\w:]+)/.exec(finding.source ?? "")?.[1] }
        : undefined) ??
      // cl, in any language.
      ((finding.code === "C2672" &&
        /pybind11::(?:module_?|class_<[^:]{1,200}>)::def|torch::Library::(?:def|impl)/.test(finding.message)) ||
      (finding.code === "C2783" && /pybind11::.*::def\b.*["'“«]Func["'”»]/.test(finding.message))
        ? {}
        : undefined),
    confidence: "medium",
    cause: (match) =>
      `${placeOf(match.finding)} binds a function by its name${match.facts["name"] === undefined || match.facts["name"] === "" ? "" : ` (\`${match.facts["name"]}\`)`} alone, and the name stands for several functions (overloads; many ATen functions have a Tensor and an out variant, or gained a second form in a newer torch), so the compiler cannot tell which one is meant.`,
    fix: () => [
      '# name the types: m.def("f", py::overload_cast<torch::Tensor, int64_t>(&f)); or static_cast<torch::Tensor (*)(torch::Tensor, int64_t)>(&f)',
      '# or a function of one\'s own: m.def("f", [](torch::Tensor x, int64_t n) { return f(x, n); })',
      "# load_inline(functions=[…]): write such a function with a name of its own in cpp_sources, and name that",
    ],
    sources: ["pytorch/pytorch#39518", "https://pybind11.readthedocs.io/en/stable/classes.html#overloaded-methods"],
    examples: [
      {
        text: "D:\\p\\src\\module.cpp(387,11): error C2672: 'pybind11::module_::def': no matching overloaded function found",
        expect: "overload_cast",
      },
      {
        text: "main.cpp:7:88: error: no matching function for call to ‘pybind11::module::def(const char [18], <unresolved overloaded function type>, const char [18])’",
        expect: "overload_cast",
      },
    ],
  },
  {
    id: "header-not-of-the-stable-abi",
    title: "A header that torch's stable ABI leaves out",
    on: ["compile"],
    specificity: 93,
    matches: (finding) =>
      said(
        finding,
        /should not be included when either (?<macro>TORCH_STABLE_ONLY or TORCH_TARGET_VERSION) is defined/,
      ) ??
      said(
        finding,
        /(?:This (?:file|header)|TensorBase\.h) (?:should|must|can) ?not be included.*(?<macro>TORCH_STABLE_ONLY|TORCH_TARGET_VERSION)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${match.facts["macro"] ?? "TORCH_TARGET_VERSION"} says that this file keeps to torch's stable ABI, and then torch refuses its other headers (ATen, c10, torch/extension.h; up to 2.12 also the pybind11 that it brings): ${placeOf(match.finding)} is one of them.`,
    fix: () => [
      "# bind with STABLE_TORCH_LIBRARY and torch.ops, without pybind11; include torch/csrc/stable/… and torch/headeronly/… only",
      '# a file that needs pybind11 all the same (torch up to 2.12): #pragma push_macro("TORCH_TARGET_VERSION"), #undef it, include pybind11, #pragma pop_macro("TORCH_TARGET_VERSION"); 2.13 takes pybind11',
      "# or keep binding files out of the stable part: no -DTORCH_TARGET_VERSION, -DTORCH_STABLE_ONLY for them",
    ],
    sources: [
      "https://docs.pytorch.org/docs/stable/notes/libtorch_stable_abi.html",
      "ovg-project/kvcached#497",
      "meta-pytorch/torchcodec#1260",
    ],
    examples: [
      {
        text: '/e/torch/include/pybind11/functional.h:151:2: error: #error "This file should not be included when either TORCH_STABLE_ONLY or TORCH_TARGET_VERSION is defined."',
        expect: "STABLE_TORCH_LIBRARY",
      },
    ],
  },
];
