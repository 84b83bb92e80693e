/** C++ written with the habits of Python: dots for namespaces, methods without brackets, lists, modules without a value. */
import { own } from "../../base/own.ts";
import { codeAt, type Rule, said, saidAny } from "../rule.ts";
import { editLine, editPrintedLine } from "../commands/source-edits.ts";
import type { Edit } from "../edit.ts";

const api = "https://docs.pytorch.org/cppdocs/";

/** Methods of Python's lists, and those of std::vector. */
const lists: Readonly<Record<string, string>> = {
  append: "push_back(x)",
  extend: "insert(v.end(), other.begin(), other.end())",
  pop: "back(), then pop_back()",
  remove: "erase(std::remove(v.begin(), v.end(), x), v.end())",
  index: "std::find(v.begin(), v.end(), x)",
  sort: "std::sort(v.begin(), v.end())",
  len: "size()",
  length: "size()",
};

/** Those that are called alike but for the name. */
const listCalls: Readonly<Record<string, Edit>> = {
  append: ["\\.append\\(", ".push_back("],
  len: ["\\.len\\(", ".size("],
  length: ["\\.length\\(", ".size("],
};

/** Attributes of Python's tensors that are methods of C++'s. */
const methods: readonly Edit[] = [
  ["((const_|mutable_)?data_ptr<[A-Za-z0-9_: ]+>)(\\[|;|,|\\)| *[-+])", "\\1()\\3"],
  ["\\.(size|stride)\\[([A-Za-z0-9_ +-]+)\\]", ".\\1(\\2)"],
  [
    "\\.(sizes|strides|dtype|scalar_type|device|layout|options|is_cuda|is_contiguous|contiguous|clone|detach|grad|dim|numel|defined|item|cpu|cuda)([^A-Za-z0-9_<(]|$)",
    ".\\1()\\2",
  ],
];

/** `x == nullptr`, `x != nullptr`. */
const comparisons: readonly Edit[] = [
  ["([A-Za-z_][A-Za-z0-9_.]*) *== *([a-z0-9]+::)?(nullptr|NULL|nullopt)", "!\\1.defined()"],
  ["([A-Za-z_][A-Za-z0-9_.]*) *!= *([a-z0-9]+::)?(nullptr|NULL|nullopt)", "\\1.defined()"],
];

/** The name as a pattern. */
function literally(name: string): string {
  return `\\b${name.replaceAll(".", "\\.")}\\b`;
}

/** What Python assigns to. */
function assigned(source: string | undefined): string[] {
  const name = /\.(requires_grad|grad|data)\s*=[^=]/.exec(source ?? "")?.[1];
  if (name === "requires_grad") return ["# x.requires_grad = true → x.set_requires_grad(true)"];
  if (name === "grad") return ["# x.grad = g → x.mutable_grad() = g"];
  return name === undefined ? [] : ["# x.data = y → x.set_data(y)"];
}

export const pythonHabitRules: readonly Rule[] = [
  {
    id: "dot-for-namespace",
    title: "A dot where C++ wants ::",
    on: ["compile"],
    specificity: 74,
    matches: (finding) => {
      const name = /\b(torch|at|c10|F|nn|py|pybind11)\.(?:\w+\.)*\w+/.exec(finding.source ?? "");
      return name !== null &&
        /expected (?:primary-expression|unqualified-id) before [‘']\.[’']|unexpected namespace name|namespace name is not allowed|expected (?:a )?(?:expression|"::")|^expected unqualified-id/.test(
          finding.message,
        )
        ? { name: name[0], other: name[0].replaceAll(".", "::") }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} writes \`${match.facts["name"] ?? ""}\` as Python does; names of a namespace stand behind :: in C++.`,
    fix: (match) => [
      ...editLine(match, [[literally(match.facts["name"] ?? ""), match.facts["other"] ?? ""]]),
      `# ${match.facts["name"] ?? ""} → ${match.facts["other"] ?? ""}`,
    ],
    sources: [api],
    examples: [
      {
        text: "ext.cpp:2:35: error: expected primary-expression before ‘.’ token\n    2 | at::Tensor f(at::Tensor x){return torch.zeros({2,2});}\n      |                                        ^",
        expect: "torch::zeros",
      },
      {
        text: "csrc/ops.cpp:9:18: error: expected unqualified-id before ‘.’ token\n    9 |   auto y = torch.nn.functional.relu(x);",
        expect: "9s/\\btorch\\.nn\\.functional\\.relu\\b/torch::nn::functional::relu/g' csrc/ops.cpp",
      },
    ],
  },
  {
    id: "list-method-of-python",
    title: "A method of Python's lists on a vector",
    on: ["compile"],
    specificity: 74,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /[‘'"](?:class )?std::(?:vector|deque|array)<.*[’'"] has no member (?:named )?[‘'"]?(?<name>\w+)/,
        /no member named '(?<name>\w+)' in 'std::(?:vector|deque|array)</,
        /'(?<name>\w+)'\s?: is not a member of 'std::(?:vector|deque|array)</,
      );
      return facts !== undefined && Object.hasOwn(lists, facts["name"] ?? "") ? facts : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} calls \`${match.facts["name"] ?? ""}\`, which Python's lists have and std::vector has not.`,
    fix: (match) => [
      ...editLine(
        match,
        [own(listCalls, match.facts["name"] ?? "")].filter((edit) => edit !== undefined),
      ),
      `# v.${match.facts["name"] ?? ""}(…) → ${lists[match.facts["name"] ?? ""] ?? "push_back(x)"}`,
    ],
    sources: ["https://en.cppreference.com/w/cpp/container/vector"],
    examples: [
      {
        text: "ext.cpp:2:69: error: ‘class std::vector<at::Tensor>’ has no member named ‘append’",
        expect: "sed -i.bak -E '2s/\\.append\\(/.push_back(/g' ext.cpp",
      },
      {
        text: "C:\\w\\ops>python setup.py install\nrunning build_ext\nops.cpp(9): error C2039: 'append': is not a member of 'std::vector<at::Tensor,std::allocator<at::Tensor>>'",
        expect: "$t[8] = $t[8] -creplace '\\.append\\(','.push_back('; Set-Content ops.cpp $t\"",
      },
    ],
  },
  {
    id: "method-without-brackets",
    title: "A method without its brackets",
    on: ["compile"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /invalid types [‘']<unresolved overloaded function type>\[.*[’'] for array subscript/,
        /invalid use of (?:non-static )?member function [‘'](?<name>[^’']{1,160})[’']/,
        /cannot convert [‘'](?<name>(?:at|torch|c10)::\w+(?:::\w+)+)[’'] from type [‘'].*\(.*::\)\(/,
        /cannot convert [‘'](?<name>(?:at|torch|c10)::\w+(?:::\w+)+)[’'] from type [‘'].*::\)\(\)/,
        /cannot convert [‘'](?<name>(?:at|torch|c10)::\w+(?:::\w+)+)[’'] from type [‘'].*::\) ?\(?.*\)? const[’']/,
        /assuming pointer to member [‘'](?<name>[^’']{1,160}?)(?: \[with [^’']*)?[’']/,
        /(?<clang>reference to non-static member function must be called)/,
        /a pointer to a bound function may only be used to call the function/,
        /'(?<name>[\w:]+)'\s?: non-standard syntax; use '&' to create a pointer to member/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} names ${match.facts["name"] === undefined ? "a method" : `the method \`${match.facts["name"]}\``} and does not call it: what Python has as attributes (shape, dtype, device) are methods in C++.`,
    fix: (match) => [
      ...editPrintedLine(match, [["\\.requires_grad *= *([A-Za-z0-9_]+) *;", ".set_requires_grad(\\1);"]]),
      ...assigned(match.finding.source),
      ...(assigned(match.finding.source).length > 0
        ? []
        : editLine(match, [...methods, ["\\.((mutable_|const_)?data_ptr<[A-Za-z_][A-Za-z0-9_:]*>) *;", ".\\1();"]])),
      "# x.size[0] → x.size(0), x.sizes → x.sizes(), x.dtype → x.dtype() or x.scalar_type(), x.device → x.device(), x.is_cuda → x.is_cuda(), x.clone → x.clone(), x.grad → x.grad()",
    ],
    sources: [api],
    examples: [
      {
        text: "e2.cpp:2:65: error: assuming pointer to member ‘T* at::TensorBase::data_ptr() const [with T = double]’ [-fpermissive]\n    2 |   auto p = x.data_ptr<scalar_t>;\n      |            ~~^~~~~~~~~~~~~~~~~~",
        expect: "2s/\\.((mutable_|const_)?data_ptr<",
      },
      {
        text: "ext.cpp:2:42: error: invalid types ‘<unresolved overloaded function type>[int]’ for array subscript",
        expect: "x.size(0)",
      },
      {
        text: "ext.cpp:2:42: error: invalid use of member function ‘c10::IntArrayRef at::TensorBase::sizes() const’ (did you forget the ‘()’ ?)",
        expect: "x.sizes()",
      },
      {
        text: "$ python setup.py install\nrunning build_ext\ncsrc/pool.cpp:12:15: error: invalid use of member function ‘int64_t at::TensorBase::dim() const’ (did you forget the ‘()’ ?)\n   12 |   int n = boxes.dim;",
        expect: "/.\\1()\\2/g' csrc/pool.cpp\n",
      },
    ],
  },
  {
    id: "tensor-compared-with-nullptr",
    title: "A tensor is compared with nullptr or None",
    on: ["compile"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /no match for [‘']operator ?(?:==|!=)[’'] \(operand types are [‘'](?:const )?at::Tensor[’'] and [‘'](?<what>std::nullptr_t|long int|int|std::nullopt_t|const std::nullopt_t|pybind11::none)[’']/,
        /no operator "[=!]=" matches these operands.*operand types are: (?:const )?at::Tensor [=!]= (?:const )?(?<what>std::nullptr_t|int|long|std::nullopt_t)/s,
        /invalid operands to binary expression \('(?:const )?at::Tensor' and '(?<what>std::nullptr_t|nullptr_t|const nullopt_t|std::nullopt_t)'/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} asks whether a tensor is there by comparing it with ${/nullopt/.test(match.facts["what"] ?? "") ? "nullopt" : "a null pointer"}; a tensor is an object, and an empty one says so itself.`,
    fix: (match) => [
      ...editLine(match, comparisons),
      "# x.defined()   (x == nullptr → !x.defined())",
      "# an argument that may be None: std::optional<torch::Tensor> x, then x.has_value() and *x",
    ],
    sources: [api],
    examples: [
      {
        text: "ext.cpp:2:32: error: no match for ‘operator==’ (operand types are ‘at::Tensor’ and ‘std::nullptr_t’)",
        expect: "x.defined()",
      },
      {
        text: "src/a.cpp:40:12: error: no match for ‘operator!=’ (operand types are ‘at::Tensor’ and ‘std::nullptr_t’)\n   40 |   if (mask != nullptr) {",
        expect: "/\\1.defined()/g' src/a.cpp",
      },
    ],
  },
  {
    id: "sizes-of-other-type",
    title: "A list of sizes holds something other than int64_t",
    on: ["compile"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /could not convert [‘'](?<list>\{.*\})[’'] from [‘']<brace-enclosed initializer list>[’'] to [‘'](?:const )?(?:at|c10|torch)::(?:OptionalIntArrayRef|OptionalArrayRef<long(?: int)?>|IntArrayRef|SymIntArrayRef|ArrayRef<long(?: int)?>|IntList)/,
        /no (?:viable conversion|suitable constructor exists to convert) from .{0,3}(?<list>\{[^}]*\}|initializer list).{0,3} to .{0,3}(?:at|c10|torch)::(?:IntArrayRef|ArrayRef<)/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["list"] ?? "{…}"}\` in ${codeAt(match.finding)} stands for sizes (or dimensions), which are int64_t; one of its entries is a tensor, a floating-point number, or of another type that does not turn into one by itself.`,
    fix: () => [
      "# a tensor: n.item<int64_t>(); sizes of another tensor: x.size(0); others: static_cast<int64_t>(n)",
      "# sizes that a vector holds: torch::zeros(sizes) with std::vector<int64_t> sizes",
    ],
    sources: [api],
    examples: [
      {
        text: "ext.cpp:2:54: error: could not convert ‘{n, 2}’ from ‘<brace-enclosed initializer list>’ to ‘at::IntArrayRef’ {aka ‘c10::ArrayRef<long int>’}",
        expect: "item<int64_t>()",
      },
    ],
  },
  {
    id: "sizes-as-number",
    title: "All sizes of a tensor where one number is wanted",
    on: ["compile"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /cannot convert [‘'](?:at|c10)::(?:SymInt|Int)?(?:IntArrayRef|ArrayRef<long(?: int)?>)[’'].* to [‘'](?:int|long(?: int)?|int64_t|size_t|float|double|(?:long )?unsigned int)[’']/,
        /no suitable conversion function from "(?:const )?(?:at|c10)::(?:IntArrayRef|ArrayRef<[^"]*>)" to "(?:int|long|int64_t|size_t|float|double|unsigned[\w ]*)" exists/,
        /no viable conversion from '(?:at::)?IntArrayRef'.* to '(?:int|long|int64_t|size_t|float|double)'/,
        /cannot convert from '(?:at|c10)::(?:IntArrayRef|ArrayRef<[^']*>)' to '(?:int|__int64|int64_t|size_t|float|double)'/,
      ),
    confidence: "high",
    cause: (match) =>
      `x.sizes() gives the list of all dimensions; ${codeAt(match.finding)} wants one of them, or their product.`,
    fix: () => [
      "# x.size(0) for one dimension, x.sizes()[1], x.numel() for the number of elements, x.dim() for the number of dimensions",
    ],
    sources: [api],
    examples: [
      {
        text: "ext.cpp:2:32: error: cannot convert ‘c10::IntArrayRef’ {aka ‘c10::ArrayRef<long int>’} to ‘int’ in initialization",
        expect: "x.size(0)",
      },
    ],
  },
  {
    id: "tensor-with-arrow",
    title: "An arrow where C++ wants a dot",
    on: ["compile"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /base operand of [‘']->[’'] has non-pointer type [‘'](?<type>[^’']*)[’']/,
        /member reference type '(?<type>[^']*)' is not a pointer; did you mean to use '\.'/,
        /operator -> or ->\* applied to "(?<type>[^"]*)" instead of to a pointer type/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["type"] ?? "at::Tensor"}\` in ${codeAt(match.finding)} is an object, not a pointer${/Module/.test(match.facts["type"] ?? "") ? " (torch::jit::load has given a Module by value since torch 1.2)" : ""}.`,
    fix: (match) => [
      ...(/Tensor/.test(match.facts["type"] ?? "") && (match.finding.source?.match(/->/g) ?? []).length < 2
        ? editLine(match, [["->", "."]])
        : []),
      "# x->size(0) → x.size(0); of a std::optional: x->size(0) or (*x).size(0), after x.has_value()",
    ],
    sources: [api],
    examples: [
      { text: "ext.cpp:2:39: error: base operand of ‘->’ has non-pointer type ‘at::Tensor’", expect: "x.size(0)" },
      {
        text: "src/a.cpp:8:14: error: base operand of ‘->’ has non-pointer type ‘at::Tensor’\n    8 |   int n = rois->size(0);",
        expect: "sed -i.bak -E '8s/->/./g' src/a.cpp",
      },
    ],
  },
  {
    id: "lambda-does-not-capture",
    title: "A lambda uses a variable that it does not capture",
    on: ["compile"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /^[‘'](?<name>\w+)[’'] is not captured/,
        /variable '(?<name>\w+)' cannot be implicitly captured in a lambda/,
        /an enclosing-function local variable cannot be referenced in a lambda body unless it is in the capture list/,
        /'(?<name>\w+)' cannot be implicitly captured because no default capture mode/,
      ),
    confidence: "high",
    cause: (match) =>
      `The lambda in ${codeAt(match.finding)} begins with [] and uses ${match.facts["name"] === undefined ? "a variable" : `\`${match.facts["name"]}\``} of the function around it.`,
    fix: (match) => [
      ...editPrintedLine(match, [["\\[\\]( *[({])", "[&]\\1"]]),
      "# [&] in AT_DISPATCH_…(…, [&] { … }) and wherever it runs at once; [=] or the names for one that is kept (TORCH_LIBRARY takes none that capture)",
    ],
    sources: ["https://en.cppreference.com/w/cpp/language/lambda"],
    examples: [
      { text: "ext.cpp:2:107: error: ‘y’ is not captured", expect: "[&]" },
      {
        text: 'ops.cu:31:40: error: ‘scale’ is not captured\n   31 |   AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "f", [] { run(x, scale); });',
        expect: "sed -i.bak -E '31s/\\[\\]( *[({])/[\\&]\\1/g' ops.cu",
      },
    ],
  },
  {
    id: "module-holder-without-value",
    title: "A module of torch::nn without a beginning",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      said(finding, /You are trying to default construct a module which has no default constructor/),
    confidence: "high",
    cause: () =>
      "A member such as `torch::nn::Linear l;` would make a module at once, and this kind cannot be made without arguments (torch's own header is only where it shows).",
    fix: () => [
      '# torch::nn::Linear l{nullptr};   in the class, then in its constructor: l = register_module("l", torch::nn::Linear(3, 4));',
    ],
    sources: ["https://docs.pytorch.org/tutorials/advanced/cpp_frontend.html"],
    examples: [
      {
        text: "/e/torch/include/torch/csrc/api/include/torch/nn/pimpl.h:46:14: error: static assertion failed: You are trying to default construct a module which has no default constructor. Use = nullptr to give it the empty state (e.g. `Linear linear = nullptr;` instead of `Linear linear;`).",
        expect: "{nullptr}",
      },
    ],
  },
];
