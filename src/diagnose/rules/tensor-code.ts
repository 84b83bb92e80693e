/** C++ that handles tensors as Python does: attributes that are methods, tensors as numbers, Python's words. */
import type { Finding } from "../finding.ts";
import { editLine, editPrintedLine } from "../commands/source-edits.ts";
import type { Edit } from "../edit.ts";
import { hasWrongDispatch } from "../facts/dispatch-calls.ts";
import { about } from "../matchers.ts";
import { codeAt, type Match, type MatchFacts, type Rule, said, saidAny } from "../rule.ts";

const api = "https://docs.pytorch.org/cppdocs/";
const tensor = String.raw`(?:const )?(?:class )?(?:(?:at|torch)::)?Tensor(?: ?&)?`;
const number = String.raw`(?:(?:long )?(?:long )?(?:unsigned )?(?:int|double|float|bool|short|char)|(?:unsigned )?long(?: long)?(?: int| unsigned int)?|u?int\d+_t|std::size_t|size_t|__nv_bool|_Bool)`;

/** What Python's attributes of tensors are in C++. */
const attributes: Readonly<Record<string, string>> = {
  shape: "x.sizes() (x.size(0) for one of them)",
  ndim: "x.dim()",
  T: "x.t(), or x.transpose(0, 1)",
  mT: "x.transpose(-2, -1)",
  H: "x.adjoint()",
  float: "x.to(torch::kFloat)",
  double: "x.to(torch::kDouble)",
  half: "x.to(torch::kHalf)",
  bfloat16: "x.to(torch::kBFloat16)",
  long: "x.to(torch::kLong)",
  int: "x.to(torch::kInt)",
  bool: "x.to(torch::kBool)",
  byte: "x.to(torch::kByte)",
  numpy: "none: x.data_ptr<float>() of a contiguous tensor on the CPU, or an accessor",
  tolist: "none: copy from x.data_ptr<float>() of a contiguous tensor on the CPU",
  nelement: "x.numel()",
  astype: "x.to(torch::kFloat)",
  type_: "x.to(…)",
  new_tensor: "torch::tensor(…, x.options())",
  max_values: "x.amax(dim)",
};

/** Python's words, and what C++ has for them. */
const words: Readonly<Record<string, string>> = {
  None: "py::none() as the default of an argument; std::nullopt for an optional; torch::indexing::None in an index",
  True: "true",
  False: "false",
  Slice: "torch::indexing::Slice (using namespace torch::indexing;)",
  Ellipsis: 'torch::indexing::Ellipsis, or "..."',
  dtype:
    "torch::zeros({2, 2}, torch::dtype(torch::kFloat)), or x.options().dtype(torch::kFloat): C++ has no arguments by name",
  device:
    "torch::zeros({2, 2}, torch::device(torch::kCUDA)), or x.options() of another tensor: C++ has no arguments by name",
  requires_grad: "torch::requires_grad(): C++ has no arguments by name",
  dim: "the number alone (x.sum(1)): C++ has no arguments by name",
  keepdim: "the value alone (x.sum(1, true)): C++ has no arguments by name",
  len: "x.size(0), or .size() of a vector",
  elif: "else if",
};

/** A name that stands before `=` in the arguments of a call, as Python passes them. */
function isNamedArgument(finding: Finding, name: string): boolean {
  return new RegExp(String.raw`[(,]\s*${name}\s*=[^=]`).test(finding.source ?? "");
}

const reductions: readonly Edit[] = [
  ["([(,] *)(dim|keepdim) *= *", "\\1"],
  ["([(,] *)True([^A-Za-z0-9_]|$)", "\\1true\\2"],
];

/** Python's words that have one meaning in a line, in C++'s. */
const wordEdits: Readonly<Record<string, readonly Edit[]>> = {
  True: [["(^|[^A-Za-z0-9_])True([^A-Za-z0-9_]|$)", "\\1true\\2"]],
  False: [["(^|[^A-Za-z0-9_])False([^A-Za-z0-9_]|$)", "\\1false\\2"]],
  elif: [["(^|[^A-Za-z0-9_])elif([^A-Za-z0-9_]|$)", "\\1else if\\2"]],
  Slice: [["(^|[^A-Za-z0-9_:])Slice\\(", "\\1torch::indexing::Slice("]],
  Ellipsis: [["(^|[^A-Za-z0-9_:])Ellipsis([^A-Za-z0-9_]|$)", "\\1torch::indexing::Ellipsis\\2"]],
  len: [["(^|[^A-Za-z0-9_])len\\(([A-Za-z_][A-Za-z0-9_]*)\\)", "\\1\\2.size(0)"]],
  dim: reductions,
  keepdim: reductions,
  dtype: [["([(,] *)dtype *= *((torch|at)::k[A-Za-z0-9]+)", "\\1torch::dtype(\\2)"]],
  device: [["([(,] *)device *= *((torch|at)::k[A-Za-z0-9]+)", "\\1torch::device(\\2)"]],
};

/** The line with the word of C++; of None only where it is the default of an argument, or an index. */
function wordMended(match: Match, name: string): string[] {
  if (name !== "None") return editLine(match, wordEdits[name] ?? []);
  return editPrintedLine(match, [
    ["(py::arg\\([^)]*\\) *= *)None", "\\1py::none()"],
    ["((\\[|\\{|,) *)None( *(,|\\]|\\}))", "\\1torch::indexing::None\\3"],
  ]);
}

/** The type that item<T>() is asked for. */
function numberType(type: string | undefined): string {
  return /double/.test(type ?? "") ? "double" : /float/.test(type ?? "") ? "float" : "int64_t";
}

/** A tensor where a number is wanted, in the words of the compilers. */
const asNumber: readonly RegExp[] = [
  // A tensor added to a number, in place.
  new RegExp(
    `no match for [‘']operator[-+*/]=[’'] \\(operand types are [‘'](?<type>${number})[’'] and [‘']${tensor}[’']`,
  ),
  // nvcc does not say what the condition is.
  /(?<unsure>expression must have (?<type>bool) type \(or be convertible to bool\))/,
  new RegExp(`cannot convert [‘'"]${tensor}[’'"] to [‘'"](?<type>${number})[’'"]`),
  new RegExp(`could not convert [‘'].*[’'] from [‘']${tensor}[’'] to [‘'](?<type>${number})[’']`),
  new RegExp(`no suitable conversion function from "${tensor}" to "(?<type>${number})" exists`),
  new RegExp(
    `no viable conversion from (?:returned value of type )?'${tensor}' to (?:function return type )?'(?<type>${number})'`,
  ),
  new RegExp(`value of type '${tensor}' is not contextually convertible to '(?<type>bool)'`),
  new RegExp(`no conversion from '${tensor}' to '(?<type>${number})'`),
  new RegExp(`cannot convert from '${tensor}' to '(?<type>${number})'`),
  new RegExp(`cannot convert argument \\d+ from '${tensor}' to '(?<type>${number})'`),
];
const addedInPlace = new RegExp(
  `invalid operands to binary expression \\('(?<type>${number})'(?: \\(aka '[^']+'\\))? and '${tensor}'`,
);

/** What torch makes of the values that forward gives back. */
const ofForward = /\bto_(?:optional|output_type)\b.*forward_return_t|forward_return_t.*\bto_(?:optional|output_type)\b/;

export const tensorCodeRules: readonly Rule[] = [
  {
    id: "python-word-in-cpp",
    title: "A word of Python in C++",
    on: ["compile"],
    specificity: 74,
    matches: (finding) => {
      const facts = about(
        finding,
        /^(?:None|True|False|Slice|Ellipsis|dtype|device|requires_grad|dim|keepdim|len|elif)$/,
      );
      const name = facts?.["name"] ?? "";
      if (name === "len" && !/\blen\s*\(/.test(finding.source ?? "")) return undefined;
      // The names of arguments are ordinary names elsewhere.
      if (/^(?:dtype|device|requires_grad|dim|keepdim)$/.test(name) && !isNamedArgument(finding, name))
        return undefined;
      return /not declared|undeclared|is undefined|identifier not found/.test(finding.message) ? facts : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} writes \`${match.facts["name"] ?? ""}\` as Python does; C++ does not know the word.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      return [...wordMended(match, name), `# ${name} → ${words[name] ?? "the word of C++"}`];
    },
    sources: [api, "https://docs.pytorch.org/cppdocs/notes/tensor_indexing.html"],
    examples: [
      { text: "ext.cpp:3:9: error: ‘None’ was not declared in this scope", expect: "py::none()" },
      { text: "ext.cpp:3:9: error: 'Slice' was not declared in this scope", expect: "torch::indexing::Slice" },
      {
        text: "ext.cpp:2:43: error: ‘dtype’ was not declared in this scope\n    2 | torch::Tensor f(){return torch::zeros({2,2},dtype=torch::kFloat);}\n      |                                             ^~~~~",
        expect: "torch::dtype(torch::kFloat)",
      },
    ],
  },
  {
    id: "tensor-as-number",
    title: "A tensor where a number is wanted",
    on: ["compile"],
    specificity: 74,
    matches: (finding, context) => {
      const facts =
        saidAny(finding, ...asNumber) ??
        (/[-+*/]=/.test(finding.source ?? "") ? saidAny(finding, addedInPlace) : undefined);
      // A function without a type of its own gives back an int.
      const typeless = (): boolean =>
        context.findings.some(({ message }) =>
          /forbids declaration of|missing type specifier|a type specifier is required/.test(message),
        );
      return facts === undefined || typeless() ? undefined : facts;
    },
    confidence: (match) => (match.facts["unsure"] === undefined ? "high" : "medium"),
    cause: (match) =>
      `${codeAt(match.finding)} uses ${match.facts["unsure"] === undefined ? "a tensor" : "an object (of torch's, most often a tensor)"} as a \`${match.facts["type"] ?? "number"}\`: ${match.facts["type"] === "bool" ? "a comparison of tensors gives a tensor" : "an element or a sum of a tensor is a tensor, too"}, and C++ does not turn it into a number by itself.`,
    fix: (match) => [
      // One value that is made or returned, and nothing behind it.
      ...(/in (?:initialization|return)|^(?:no viable conversion|no suitable conversion|cannot convert from)/.test(
        match.finding.message,
      ) && /bool|if ?\(|while ?\(/.test(`${match.facts["type"] ?? ""} ${match.finding.source ?? ""}`) === false
        ? editPrintedLine(match, [
            [
              `((^|[^A-Za-z0-9_])(float|double|int|int64_t|long) +[A-Za-z_][A-Za-z0-9_]* *=|return) *([^;={}]+);`,
              `\\1 (\\4).item<${numberType(match.facts["type"])}>();`,
            ],
          ])
        : []),
      `# x.item<${/^(?:bool|__nv_bool|_Bool)$/.test(match.facts["type"] ?? "") ? "bool" : /double/.test(match.facts["type"] ?? "") ? "double" : /float/.test(match.facts["type"] ?? "") ? "float" : "int64_t"}>() of a tensor with one element${match.facts["type"] === "bool" ? " ((x > 0).any().item<bool>(), torch::equal(a, b))" : ""}; of a CUDA tensor it waits for the GPU`,
      "# many elements: auto a = x.accessor<float, 2>(); a[i][j] (on the CPU); the length of a dimension: x.size(0)",
    ],
    sources: [api],
    examples: [
      {
        text: "ext.cpp:2:37: error: cannot convert ‘at::Tensor’ to ‘float’ in initialization",
        expect: "x.item<float>()",
      },
      {
        text: "ext.cpp:2:35: error: could not convert ‘at::operator>(const Tensor&, const c10::Scalar&)(c10::Scalar(0))’ from ‘at::Tensor’ to ‘bool’",
        expect: "any().item<bool>()",
      },
      {
        text: 'k.cu(7): error: no suitable conversion function from "at::Tensor" to "int" exists',
        expect: "x.item<int64_t>()",
      },
      { text: "a.cpp:3:9: error: no viable conversion from 'at::Tensor' to 'double'", expect: "x.item<double>()" },
    ],
  },
  {
    id: "tensor-as-pointer",
    title: "A tensor where a pointer to its elements is wanted",
    on: ["compile"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        new RegExp(`cannot convert [‘'"]${tensor}[’'"] to [‘'"](?<type>[\\w: ]+ ?\\*)[’'"]`),
        new RegExp(`no suitable conversion function from "${tensor}" to "(?<type>[\\w: ]+ ?\\*)" exists`),
        new RegExp(`no (?:viable|known) conversion from '${tensor}' to '(?<type>[\\w: ]+ ?\\*)'`),
        new RegExp(`cannot convert (?:argument \\d+ )?from '${tensor}' to '(?<type>[\\w: ]+ ?\\*)'`),
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} hands a tensor to a function or kernel that takes a \`${match.facts["type"] ?? "pointer"}\`. A kernel cannot get a tensor at all: it wants the address of the elements, or an accessor.`,
    fix: (match) => [
      `# x.data_ptr<${elementOf(match.facts["type"])}>() of a contiguous tensor (x = x.contiguous()) whose dtype is that`,
      "# or x.packed_accessor32<float, 2, torch::RestrictPtrTraits>(), and torch::PackedTensorAccessor32<float, 2, torch::RestrictPtrTraits> as the kernel's parameter",
    ],
    sources: ["https://docs.pytorch.org/tutorials/advanced/cpp_custom_ops.html"],
    examples: [
      {
        text: 'k.cu(5): error: no suitable conversion function from "at::Tensor" to "float *" exists',
        expect: "x.data_ptr<float>()",
      },
      { text: "ext.cpp:5:12: error: cannot convert ‘at::Tensor’ to ‘const float*’", expect: "x.data_ptr<float>()" },
    ],
  },
  {
    id: "tensor-attribute-of-python",
    title: "The tensor's attribute has another name in C++",
    on: ["compile"],
    specificity: 83,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        new RegExp(`[‘'"“](?:struct )?${tensor}[’'"”] has no member (?:named )?[‘'"“]?(?<name>\\w+)`),
        new RegExp(`no member named '(?<name>\\w+)' in '${tensor}'`),
        new RegExp(`'(?<name>\\w+)'\\s?: is not a member of '${tensor}'`),
      );
      return facts !== undefined && Object.hasOwn(attributes, facts["name"] ?? "") ? facts : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} asks a tensor for \`${match.facts["name"] ?? ""}\`, which Python's tensors have; those of C++ have ${(attributes[match.facts["name"] ?? ""] ?? "").startsWith("none") ? "nothing of that name" : "another name for it"}.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      const to = attributes[name] ?? "";
      // What is one call in C++ as well.
      const call = /^x(\.\w+\((?:torch::k\w+|-?\d, -?\d)?\))/.exec(to)?.[1];
      return [
        ...(call === undefined
          ? []
          : editLine(match, [
              ...(name === "shape" ? [["\\.shape\\[([A-Za-z0-9_+*-]+)\\]", ".size(\\1)"] as const] : []),
              [`\\.${name}(\\(\\))?([^A-Za-z0-9_(]|$)`, `${call}\\2`],
            ])),
        `# x.${name} → ${to}`,
      ];
    },
    sources: [api],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/w/r.py", line 11, in <module>\n    mod = load_inline(name="r", cpp_sources=src, functions=["f"])\n  File "/e/site-packages/torch/utils/cpp_extension.py", line 2174, in load_inline\n    return _jit_compile(\nRuntimeError: Error building extension \'r\': [1/2] g++ -c main.cpp\n/root/.cache/torch_extensions/py312_cu130/r/main.cpp:3:53: error: ‘class at::Tensor’ has no member named ‘shape’; did you mean ‘reshape’?\n    3 |   const auto b = x.shape[0];\n      |                    ^~~~~',
        expect: "sed -i.bak -E '/const auto b = x\\.shape\\[0\\];/{s/\\.shape",
      },
      {
        text: "c.cpp:4:20: error: ‘class at::Tensor’ has no member named ‘shape’; did you mean ‘reshape’?\n    4 |   const auto b = x.shape[0];\n      |                    ^~~~~\nc.cpp:5:20: error: ‘class at::Tensor’ has no member named ‘shape’; did you mean ‘reshape’?\n    5 |   const auto t = x.shape[1];\n      |                    ^~~~~",
        expect: "; 5s/\\.shape",
      },
      {
        text: "ext.cpp:2:37: error: ‘class at::Tensor’ has no member named ‘shape’; did you mean ‘reshape’?",
        expect: "x.sizes()",
      },
      { text: 'k.cu(9): error: class "at::Tensor" has no member "ndim"', expect: "x.dim()" },
      { text: "a.cpp:4:7: error: no member named 'float' in 'at::Tensor'", expect: "kFloat" },
    ],
  },
  {
    id: "accessor-without-dimensions",
    title: "An accessor without the number of dimensions",
    on: ["compile"],
    specificity: 83,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /no matching (?:member )?function for call to [‘'](?:at::Tensor(?:Base)?::)?(?<name>(?:packed_)?accessor(?:32|64)?)/,
        /no instance of (?:overloaded )?function(?: template)? "at::Tensor(?:Base)?::(?<name>(?:packed_)?accessor(?:32|64)?)/,
      );
      const arguments_ = /accessor(?:32|64)?\s*<([^<>]*(?:<[^<>]*>)?[^<>]*)>\s*\(/.exec(
        `${finding.source ?? ""} ${finding.message}`,
      )?.[1];
      return facts !== undefined && (arguments_ === undefined || !arguments_.includes(",")) ? facts : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? "accessor"}\` wants the element's type and the number of dimensions; ${codeAt(match.finding)} gives the type alone, or nothing.`,
    fix: (match) => [
      `# x.${match.facts["name"] ?? "accessor"}<float, 2>() for a tensor with x.dim() == 2; in templates: x.template ${match.facts["name"] ?? "accessor"}<scalar_t, 2>()`,
    ],
    sources: ["https://docs.pytorch.org/cppdocs/notes/tensor_basics.html"],
    examples: [
      {
        text: "ext.cpp:2:50: error: no matching function for call to ‘at::Tensor::accessor<float>()’",
        expect: "accessor<float, 2>",
      },
    ],
  },
  {
    id: "tensor-called",
    title: "A tensor is called like a function",
    on: ["compile"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /no match for call to [‘']\((?:const )?at::Tensor(?: ?&)?\) \(/,
        /type '(?:const )?at::Tensor' does not provide a call operator/,
        /call of an object of a class type without appropriate operator\(\).*[Tt]ensor/,
        /^(?!binary|unary)[^]*'at::Tensor'(?:'|:)? (?:does not define this operator|term does not evaluate to a function)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} writes x(i, j) (or names a variable like a function); a tensor of torch is indexed with brackets.`,
    fix: () => [
      "# x[i][j] gives a tensor, and can be assigned: x[i][j] = 3;   numbers: auto a = x.accessor<float, 2>(); a[i][j]",
      "# slices: x.index({torch::indexing::Slice(0, 2), 1}), x.index_put_({0, 1}, 3)",
      "# a variable hides the function of the same name? rename it",
    ],
    sources: ["https://docs.pytorch.org/cppdocs/notes/tensor_indexing.html"],
    examples: [{ text: "ext.cpp:2:27: error: no match for call to ‘(at::Tensor) (int, int)’", expect: "x[i][j]" }],
  },
  {
    id: "torch-check-without-comma",
    title: "A comma is missing in TORCH_CHECK",
    on: ["compile"],
    specificity: 84,
    matches: (finding) => {
      // nvcc prints what the macro became.
      const source = (finding.source ?? "").replace(/::c10::detail::torchCheck(?:Fail|MsgImpl)\(/, "TORCH_CHECK(");
      const macro = /\b(TORCH_CHECK\w*|TORCH_INTERNAL_ASSERT|AT_ASSERTM|TORCH_WARN)\s*\(/.exec(source)?.[1];
      return macro !== undefined &&
        /expected .?\).? before (?:string constant|user-defined string)|expected a "\)"|expected '\)'$/.test(
          finding.message,
        )
        ? { macro }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["macro"] ?? "TORCH_CHECK"}\` takes the condition and what to say with commas between; in ${codeAt(match.finding)} one is missing, or a bracket is open.`,
    fix: (match) => [
      ...editPrintedLine(match, [['([A-Za-z0-9_)]) *"', '\\1, "', "once"]]),
      `# ${match.facts["macro"] ?? "TORCH_CHECK"}(x.dim() == 2, "x must have 2 dimensions, got ", x.dim());`,
    ],
    sources: ["https://docs.pytorch.org/cppdocs/"],
    examples: [
      {
        text: 'ext.cpp:2:49: error: expected ‘)’ before string constant\n    2 | void f(torch::Tensor x){ TORCH_CHECK(x.dim()==2 "x must be 2-d"); }\n      |                                                 ^~~~~~~~~~~~~~~',
        expect: "commas",
      },
    ],
  },
  {
    id: "autograd-function-signature",
    title: "forward or backward of an autograd Function has the wrong form",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      /torch[\\/]csrc[\\/]autograd[\\/]custom_function\.h/.test(finding.file ?? "") && finding.severity !== "warning"
        ? saidAny(
            finding,
            /[‘'"]at::Tensor::(?<what>size)\(\)|(?<what2>no member (?:named )?[‘'"]?(?:resize|size|begin))/,
            /(?<what>cannot call member function .* without object|no matching function for call to|no instance of|cannot convert|no type named|invalid use of|too (?:few|many) arguments)/,
          )
        : undefined,
    confidence: "medium",
    cause: (match) =>
      /cannot convert .*variable_list.* to [‘'](?:at::|torch::)?Tensor[’']/.test(match.finding.message)
        ? "backward of a torch::autograd::Function takes a single torch::Tensor, and torch calls it with all gradients as one list (custom_function.h is only where it shows): its second parameter is a torch::autograd::variable_list (tensor_list), and the gradients are grads[0], grads[1], …"
        : ofForward.test(match.finding.message)
          ? "forward of a torch::autograd::Function gives back something else than a torch::Tensor or a variable_list (a std::tuple, a std::vector of another type, an optional, a number), and torch wraps these two alone (custom_function.h is only where it shows)."
          : "torch calls forward and backward of a torch::autograd::Function (custom_function.h is only where it shows): both have to be static, take torch::autograd::AutogradContext* first, and backward has to take and give back a variable_list with one entry for each argument of forward.",
    fix: ({ finding }) => [
      ...(ofForward.test(finding.message)
        ? [
            "# static torch::autograd::variable_list forward(torch::autograd::AutogradContext* ctx, torch::Tensor x) { …; return {a, b}; }   and outside: auto out = F::apply(x); return std::make_tuple(out[0], out[1]);",
          ]
        : []),
      "# static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::variable_list grads) { return {grads[0] * 2, torch::Tensor()}; }   # torch::Tensor() where there is no gradient",
      "# static torch::Tensor forward(torch::autograd::AutogradContext* ctx, torch::Tensor x, int64_t n)   # or a variable_list; then F::apply(x, n)",
    ],
    sources: ["https://docs.pytorch.org/tutorials/advanced/cpp_autograd.html"],
    examples: [
      {
        text: "/e/torch/include/torch/csrc/autograd/custom_function.h:219:55: error: no matching function for call to ‘at::Tensor::size()’",
        expect: "variable_list",
      },
      {
        text: "/e/torch/include/torch/csrc/autograd/custom_function.h:524:18: error: no matching function for call to ‘to_optional(forward_return_t&)’",
        expect: "std::make_tuple(out[0], out[1])",
      },
    ],
  },
  {
    id: "scalar-t-outside-dispatch",
    title: "scalar_t outside of AT_DISPATCH",
    on: ["compile"],
    specificity: 80,
    matches: (finding) => about(finding, /^scalar_t$/),
    confidence: ({ finding, context }) => (hasWrongDispatch(finding, context.findings) ? "medium" : "high"),
    cause: (match) =>
      `\`scalar_t\` is no type of torch's: AT_DISPATCH_… defines it within its own { }, and a template by \`template <typename scalar_t>\`; ${codeAt(match.finding)} uses it outside of both.`,
    fix: ({ finding: { file, line } }) => [
      ...(file === undefined || line === undefined
        ? []
        : [
            `# move line ${String(line)} of ${file} into the { } of AT_DISPATCH_…(x.scalar_type(), "name", [&] { … }), in front of what uses it; where there is no dispatch, put one around it:`,
          ]),
      '# AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "name", [&] { k<scalar_t><<<grid, block>>>(x.data_ptr<scalar_t>()); });   (#include <ATen/Dispatch.h>)',
      "# a kernel or a function that such a { } calls: template <typename scalar_t> in front of it",
    ],
    sources: ["https://docs.pytorch.org/tutorials/advanced/cpp_extension.html"],
    examples: [
      { text: "ext.cpp:2:44: error: ‘scalar_t’ was not declared in this scope", expect: "AT_DISPATCH_FLOATING_TYPES" },
      { text: 'k.cu(12): error: identifier "scalar_t" is undefined', expect: "template <typename scalar_t>" },
    ],
  },
  {
    id: "data-ptr-of-other-type",
    title: "data_ptr<T>() goes to a function that takes another type",
    on: ["compile"],
    specificity: 74,
    matches: (finding) => pointerMismatch(finding),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} hands over a \`${match.facts["from"] ?? ""}\`, and the function wants a \`${match.facts["to"] ?? ""}\`: the type in data_ptr<…>() is not that of the function's parameter.`,
    fix: (match) => [
      ...(/Half|BFloat16/.test(match.facts["from"] ?? "")
        ? [
            `# the same bits under two names: reinterpret_cast<${elementOf(match.facts["to"])}*>(x.data_ptr<at::${/BFloat16/.test(match.facts["from"] ?? "") ? "BFloat16" : "Half"}>())`,
          ]
        : [
            `# one type on both sides: data_ptr<${elementOf(match.facts["to"])}>() if the tensor's dtype is that, else x.to(…) first, or change the parameter to ${match.facts["from"] ?? "the other"}`,
          ]),
      "# kInt is int, kLong int64_t, kFloat float, kDouble double, kHalf at::Half (kernels: reinterpret_cast<__half*>); a function for several types: a template and AT_DISPATCH_…",
    ],
    sources: [api],
    examples: [
      {
        text: "ext.cpp:3:48: error: cannot convert ‘long int*’ to ‘int*’\n    3 | void f(torch::Tensor x){g(x.data_ptr<int64_t>());}\n      |                           ~~~~~~~~~~~~~~~~~~~~^~\n      |                                               |",
        expect: "data_ptr<int>()",
      },
    ],
  },
];

function elementOf(pointer: string | undefined): string {
  return (pointer ?? "T").replace(/\bconst\b|[*&]/g, "").trim();
}

function pointerMismatch(finding: Finding): MatchFacts | undefined {
  if (!/data_ptr/.test(finding.source ?? "")) return undefined;
  return (
    saidAny(
      finding,
      /cannot convert [‘'](?<from>[\w: ]+\*)[’'] to [‘'](?<to>[\w: ]+\*)[’']/,
      /argument of type "(?<from>[\w: ]+\*)" is incompatible with parameter of type "(?<to>[\w: ]+\*)"/,
      /cannot convert argument \d+ from '(?<from>[\w: ]+\*)' to '(?<to>[\w: ]+\*)'/,
    ) ??
    said(
      finding,
      /cannot initialize a parameter of type '(?<to>[\w: ]+\*)' with an rvalue of type '(?<from>[\w: ]+\*)'/,
    )
  );
}
