/** What is registered or bound in a wrong form: dispatch keys, names without quotation marks, templates, enums; and values given to torch's functions. */
import { editLine, editPrintedLine } from "../commands/source-edits.ts";
import { codeAt, type Rule, said, saidAny } from "../rule.ts";
import { inOwnSource } from "./plain-mistakes.ts";

/** Keys by what they are often called. Source: c10/core/DispatchKey.h. */
const keys =
  "CPU CUDA HIP XPU MPS Meta PrivateUse1 HPU XLA Vulkan QuantizedCPU QuantizedCUDA SparseCPU SparseCUDA SparseCsrCPU SparseCsrCUDA MkldnnCPU NestedTensorCPU NestedTensorCUDA Autograd AutogradCPU AutogradCUDA AutogradXPU AutogradMPS AutogradMeta AutogradPrivateUse1 AutogradOther AutocastCPU AutocastCUDA ADInplaceOrView BackendSelect CompositeImplicitAutograd CompositeExplicitAutograd CatchAll Functionalize Python Tracer Batched FuncTorchBatched Undefined".split(
    " ",
  );

function keyLike(name: string): string | undefined {
  const plain = name.toLowerCase().replaceAll("_", "");
  if (/^(?:gpu|nvidia|cudnn)$/.test(plain)) return "CUDA";
  if (/^(?:metal)$/.test(plain)) return "MPS";
  if (/^(?:rocm)$/.test(plain)) return "CUDA";
  if (/^(?:fake|metatensor)$/.test(plain)) return "Meta";
  if (/^(?:autocast|autocastgpu)$/.test(plain)) return "AutocastCUDA";
  if (/^(?:composite|default|any|all)$/.test(plain)) return "CompositeExplicitAutograd";
  return keys.find((key) => key.toLowerCase() === plain);
}

export const registeredWronglyRules: readonly Rule[] = [
  {
    id: "dispatch-key-unknown",
    title: "TORCH_LIBRARY_IMPL names no dispatch key",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /^[‘'](?<name>\w+)[’'] is not a member of [‘'](?:enum class )?c10::DispatchKey[’']/,
        /^no member named '(?<name>\w+)' in 'c10::DispatchKey'/,
        /^'(?<name>\w+)'\s?: is not a member of 'c10::DispatchKey'/,
        /^enum "c10::DispatchKey" has no member "(?<name>\w+)"/,
      ),
    confidence: "high",
    cause: (match) => {
      const key = keyLike(match.facts["name"] ?? "");
      return `${codeAt(match.finding)} registers for \`${match.facts["name"] ?? ""}\`, and torch has no dispatch key of that name${key === undefined ? "" : `: it is written \`${key}\``}. Keys are CPU, CUDA (AMD's GPUs, too), MPS, XPU, Meta, Autograd, AutogradCUDA, CompositeImplicitAutograd, CompositeExplicitAutograd, PrivateUse1, …`;
    },
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      const key = keyLike(name);
      return [
        ...(key === undefined ? [] : editLine(match, [[`(TORCH_LIBRARY_IMPL *\\([^,]*, *)${name}\\b`, `\\1${key}`]])),
        "# TORCH_LIBRARY_IMPL(my_ops, CUDA, m) { m.impl(…); }",
      ];
    },
    sources: ["pytorch: c10/core/DispatchKey.h", "https://docs.pytorch.org/cppdocs/library.html"],
    examples: [
      {
        text: "b38.cpp:3:27: error: ‘cuda’ is not a member of ‘c10::DispatchKey’",
        expect: "(TORCH_LIBRARY_IMPL *\\([^,]*, *)cuda\\b/\\1CUDA/g",
      },
      { text: "b38.cpp:3:27: error: no member named 'GPU' in 'c10::DispatchKey'", expect: "\\1CUDA" },
    ],
  },
  {
    id: "dispatch-name-unquoted",
    title: "The name for AT_DISPATCH stands without quotation marks",
    on: ["compile"],
    specificity: 86,
    matches: (finding) => {
      const facts = inOwnSource(
        finding,
        /(?:cannot convert|no viable conversion from|cannot initialize).*const char ?\* ?const/,
        /incompatible with .*"const char \*"|cannot be used to initialize an entity of type "const char \*/,
        /was not declared in this scope|undeclared identifier|is undefined|identifier not found/,
      );
      const name = /\b(?:AT|THO)_DISPATCH_\w+\s*\([^"[]*[,)]\s*(?<name>[A-Za-z_]\w*)\s*,\s*\(?\[/.exec(
        finding.source ?? "",
      )?.groups?.["name"];
      if (facts === undefined || name === undefined || /^k[A-Z]/.test(name)) return undefined;
      // Where the name is what nobody declares, or a function.
      return /not declared|undeclared|undefined|not found/.test(finding.message) && !finding.message.includes(name)
        ? undefined
        : /lambda/.test(finding.message)
          ? undefined
          : { name };
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)}: AT_DISPATCH_… takes a text as the name for its error message, and \`${match.facts["name"] ?? ""}\` stands there without quotation marks.`,
    fix: (match) => [
      ...editPrintedLine(match, [
        [`, *${match.facts["name"] ?? ""} *, *(\\(?\\[)`, `, "${match.facts["name"] ?? ""}", \\1`],
      ]),
      '# AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "name", [&] { … });',
    ],
    sources: ["pytorch: aten/src/ATen/Dispatch.h"],
    examples: [
      {
        text: "b41.cpp:2:79: error: cannot convert ‘at::Tensor (*)(at::Tensor)’ to ‘const char* const’ in initialization\n    2 | torch::Tensor f(torch::Tensor x){ AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), f, [&]{ g<scalar_t>(); }); return x; }\n      |                                                                               ^",
        expect: ', "f", \\1',
      },
    ],
  },
  {
    id: "template-bound-without-arguments",
    title: "A template or an overloaded function is handed on by its name alone",
    on: ["compile"],
    specificity: 70,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^cannot convert [‘']<unresolved overloaded function type>[’'] to [‘'](?<type>[^’']*\(\*[^’']*)[’']/,
        /^cannot determine which instance of function template "(?<name>[^"]+)" is intended/,
        /^address of overloaded function '(?<name>\w+)' (?:does not match|cannot be|is ambiguous)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} hands on ${match.facts["name"] === undefined ? "a function" : `\`${match.facts["name"]}\``} by its name alone, and it is a template (or has several forms): the compiler cannot know which one is meant${match.facts["type"] === undefined ? "" : `; a \`${match.facts["type"]}\` is wanted`}.`,
    fix: (match) => {
      const name = /\bdef\(\s*"[^"]*",\s*&?(\w+)\s*[,)]/.exec(match.finding.source ?? "")?.[1];
      return [
        `# a template: m.def("${name ?? "f"}", &${name ?? "f"}<float>), one name for each type; or a function that chooses: AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "${name ?? "f"}", [&] { ${name ?? "f"}<scalar_t>(x); });`,
        `# several forms: m.def("${name ?? "f"}", py::overload_cast<torch::Tensor>(&${name ?? "f"}))`,
      ];
    },
    sources: [
      "https://pybind11.readthedocs.io/en/stable/advanced/functions.html#binding-functions-with-template-parameters",
    ],
    examples: [
      {
        text: 'b31.cpp:3:54: error: cannot convert ‘<unresolved overloaded function type>’ to ‘void (*&&)(at::Tensor)’\n    3 | PYBIND11_MODULE(TORCH_EXTENSION_NAME, m){ m.def("f", &f); }\n      |                                                      ^',
        expect: "&f<float>",
      },
    ],
  },
  {
    id: "enum-value-without-enum",
    title: "A value of an enum class is bound without the enum's name",
    on: ["compile"],
    specificity: 76,
    matches: (finding) => {
      const facts = inOwnSource(
        finding,
        /^[‘'](?<name>\w+)[’'] was not declared in this scope/,
        /^use of undeclared identifier '(?<name>\w+)'/,
        /^identifier "(?<name>\w+)" is undefined/,
        /^'(?<name>\w+)': undeclared identifier/,
      );
      const name = facts?.["name"] ?? "";
      const source = finding.source ?? "";
      const of = /\benum_<\s*([\w:]+)/.exec(source)?.[1];
      return of !== undefined && new RegExp(`\\.value\\(\\s*"[^"]*",\\s*${name}\\s*[,)]`).test(source)
        ? { name, of }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} binds \`${match.facts["name"] ?? ""}\` of the enum class \`${match.facts["of"] ?? ""}\`, whose values are known only with its name in front.`,
    fix: (match) => [
      ...editPrintedLine(match, [
        ['(\\.value\\( *"[^"]*" *, *)([A-Za-z_][A-Za-z0-9_]*)( *[,)])', `\\1${match.facts["of"] ?? ""}::\\2\\3`],
      ]),
      `# .value("${match.facts["name"] ?? ""}", ${match.facts["of"] ?? ""}::${match.facts["name"] ?? ""})`,
    ],
    sources: ["https://pybind11.readthedocs.io/en/stable/classes.html#enumerations-and-internal-types"],
    examples: [
      {
        text: 'b34.cpp:2:98: error: ‘A’ was not declared in this scope\n    2 | PYBIND11_MODULE(X, m){ py::enum_<M>(m, "M").value("A", A); }\n      |                                                       ^',
        expect: "\\1M::\\2\\3",
      },
    ],
  },
  {
    id: "accessor-of-kernel-differs",
    title: "A kernel's accessor is of another form than the one it is given",
    on: ["compile"],
    specificity: 74,
    matches: (finding) =>
      said(
        finding,
        /(?:no instance of (?:overloaded )?function(?: template)? "(?<name>\w+)" matches|no suitable (?:user-defined )?conversion|no matching function for call to).*PackedTensorAccessor/s,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} gives ${match.facts["name"] === undefined ? "a kernel" : `the kernel \`${match.facts["name"]}\``} a packed accessor that its parameter is not: the type, the number of dimensions, the traits (RestrictPtrTraits, DefaultPtrTraits) and the type of the indices (32: int32_t, 64: int64_t, packed_accessor: size_t) all have to be the same on both sides.`,
    fix: () => [
      "# parameter: torch::PackedTensorAccessor32<float, 2, torch::RestrictPtrTraits> a; call: k<<<grid, block>>>(x.packed_accessor32<float, 2, torch::RestrictPtrTraits>())",
      "# packed_accessor64 goes with PackedTensorAccessor64; x.packed_accessor<…, size_t> of old code: packed_accessor32 or 64",
    ],
    sources: ["https://docs.pytorch.org/tutorials/advanced/cpp_extension.html#using-accessors"],
    examples: [
      {
        text: 'm7.cu(6): error: no instance of function template "k" matches the argument list\n            argument types are: (torch::headeronly::detail::GenericPackedTensorAccessor<X, 1UL, at::RestrictPtrTraits, size_t>)',
        expect: "packed_accessor32<float, 2",
      },
    ],
  },
  {
    id: "blob-of-temporary",
    title: "from_blob is given a container in place of a pointer",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /no matching function for call to [‘'](?:torch::|at::)?from_blob\((?:const )?(?<type>std::(?:vector|array|initializer_list)<[^,>]*)/,
        /no (?:viable|known|suitable).*conversion.*["‘'](?<type>std::(?:vector|array)<[^"’']*)["’'] to ["‘'](?:const )?void ?\*/,
        /cannot convert [‘'](?<type>std::(?:vector|array)<[^’']*)[’'] to [‘'](?:const )?void ?\*/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} gives a \`${match.facts["type"] ?? "std::vector"}…\` where the address of the elements is wanted (from_blob). The tensor does not copy them, so what holds them has to live longer than the tensor, or the tensor is cloned.`,
    fix: () => [
      "# std::vector<float> v{1, 2}; auto t = torch::from_blob(v.data(), {(int64_t)v.size()}, torch::kFloat32).clone();",
      "# a few numbers: torch::tensor({1.f, 2.f})",
    ],
    sources: ["https://docs.pytorch.org/cppdocs/notes/tensor_creation.html"],
    examples: [
      {
        text: "b50.cpp:2:58: error: no matching function for call to ‘from_blob(std::vector<float, std::allocator<float> >, <brace-enclosed initializer list>)’",
        expect: "v.data()",
      },
    ],
  },
  {
    id: "dtype-joined-with-text",
    title: "A dtype, a device or sizes are joined to a text with +",
    on: ["compile"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /^no match for [‘']operator\+[’'] \(operand types are [‘'](?:const )?(?:std::(?:__cxx11::)?(?:basic_)?string\b[^’']*|const char ?\[\d+\])[’'](?: \{aka [^}]*\})? and [‘'](?:const )?(?<type>(?:caffe2|c10|at)::\w+)/,
        /^invalid operands to binary expression \('(?:const )?(?:std::)?(?:basic_)?string\b[^']*'.* and '(?:const )?(?<type>(?:(?:caffe2|c10|at)::)?(?:TypeMeta|Device|IntArrayRef|ScalarType|Scalar|Tensor)\b)/,
        /^no operator "\+" matches these operands.*operand types are: (?:std::(?:__cxx11::)?(?:basic_)?string\b.*|const char \[\d+\]) \+ (?:const )?(?<type>(?:caffe2|c10|at)::\w+)/s,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} joins a text and a \`${match.facts["type"] ?? ""}\` with \`+\`, for which C++ has no operator; c10::str makes one text of values of all kinds.`,
    fix: (match) => [
      ...(/TypeMeta/.test(match.facts["type"] ?? "")
        ? editPrintedLine(match, [["\\+ *([A-Za-z_][A-Za-z0-9_]*)\\.dtype\\(\\)", "+ c10::str(\\1.dtype())"]])
        : []),
      '# c10::str("dtype ", x.dtype(), " on ", x.device(), " with ", x.sizes()); in TORCH_CHECK commas do it: TORCH_CHECK(ok, "got ", x.dtype())',
    ],
    sources: ["pytorch: c10/util/StringUtil.h"],
    examples: [
      {
        text: 'b49.cpp:2:59: error: no match for ‘operator+’ (operand types are ‘std::__cxx11::basic_string<char>’ and ‘caffe2::TypeMeta’)\n    2 | std::string f(torch::Tensor x){ return x.toString() + " " + x.dtype(); }\n      |                                                           ^',
        expect: "c10::str(\\1.dtype())",
      },
    ],
  },
  {
    id: "constant-of-python",
    title: "torch has no constants like pi in C++",
    on: ["compile"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /^[‘'](?<name>k?(?:PI|Pi|pi|E|e|INF|inf|Inf|NAN|nan|NaN|kInf))[’'] is not a member of [‘'](?:torch|at|c10)[’']/,
        /^no member named '(?<name>k?(?:PI|Pi|pi|INF|inf|nan|e))' in namespace '(?:torch|at|c10)'/,
        /^'(?<name>k?(?:PI|Pi|pi|inf|nan))'\s?: is not a member of '(?:torch|at|c10)'/,
        /^namespace "(?:torch|at|c10)" has no member "(?<name>k?(?:PI|Pi|pi|inf|nan))"/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} asks torch for \`${match.facts["name"] ?? ""}\`: such constants are Python's (torch.pi, torch.inf, torch.nan); C++ has its own.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      const [value, header] = /pi/i.test(name)
        ? ["M_PI", "cmath"]
        : /inf/i.test(name)
          ? ["std::numeric_limits<double>::infinity()", "limits"]
          : /nan/i.test(name)
            ? ["std::numeric_limits<double>::quiet_NaN()", "limits"]
            : ["M_E", "cmath"];
      return [
        ...editLine(match, [[`\\b(torch|at|c10)::${name}\\b`, value ?? ""]]),
        `# ${value ?? ""} of <${header ?? ""}>, which torch's headers include (c10::pi<double> of <c10/util/MathConstants.h> for pi)`,
      ];
    },
    sources: ["pytorch: c10/util/MathConstants.h"],
    examples: [
      { text: "b2.cpp:2:83: error: ‘kPI’ is not a member of ‘torch’", expect: "/M_PI/" },
      { text: "b2.cpp:2:83: error: no member named 'inf' in namespace 'torch'", expect: "infinity()" },
    ],
  },
  {
    id: "number-type-with-members",
    title: "A template asks a number type for a member",
    on: ["compile"],
    specificity: 66,
    matches: (finding) =>
      saidAny(
        finding,
        /^[‘'](?<type>float|double|int|long(?: int)?|unsigned(?: \w+)*|bool|char|short(?: int)?)[’'] is not a class, struct, or union type/,
        /^type '(?<type>[^']+)' cannot be used prior to '::' because it has no members/,
      ),
    confidence: "high",
    cause: (match) =>
      `A template (${match.finding.caller ?? codeAt(match.finding)}) writes \`T::name\` and is made for \`${match.facts["type"] ?? ""}\`, which is a plain number and has no members.`,
    fix: () => [
      "# the number itself: T in place of typename T::value_type; for both kinds: if constexpr (std::is_arithmetic_v<T>) …, or a traits class that is specialised for numbers",
    ],
    sources: ["https://en.cppreference.com/w/cpp/types/is_arithmetic"],
    examples: [
      { text: "b43.cpp:2:106: error: ‘float’ is not a class, struct, or union type", expect: "has no members" },
    ],
  },
];
