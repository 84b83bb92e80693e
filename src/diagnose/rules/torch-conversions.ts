/** Types of torch's C++ interface that do not turn into each other by themselves, and what turns them. */
import { conversionOf } from "../facts/conversion.ts";
import type { Finding } from "../finding.ts";
import { editLine } from "../commands/source-edits.ts";
import type { Edit } from "../edit.ts";
import { codeAt, type MatchFacts, type Rule, saidAny } from "../rule.ts";

const tensor = /^(?:at|torch)::Tensor(?:Base)?$/;
const tensors =
  /^(?:torch::autograd::)?variable_list$|^(?:std::)?vector<(?:at|torch)::Tensor\b.*>$|^(?:(?:at|torch)::)?TensorList$|^(?:c10::|at::)?ArrayRef<at::Tensor>$/;
const sizes =
  /^(?:(?:c10|at|torch|torch::headeronly)::)?(?:IntArrayRef|IntList|ArrayRef<(?:long|long int|int64_t|__int64|long long)>)$/;
const scalar = /^(?:c10|at|torch)::Scalar$/;
const number =
  /^(?:bool|char|short|int|float|double|long|long int|long long|unsigned.*|u?int(?:8|16|32|64)_t|size_t|std::size_t|__int64)$/;
const dtype = /^(?:caffe2::)?TypeMeta$|^(?:(?:c10|at|torch|torch::headeronly)::)?Dtype$/;
const text =
  /^(?:std::)?(?:__cxx11::)?(?:string|basic_string<.*>|string_view|basic_string_view<.*>)$|^(?:const )?char ?\*$/;
const literal = /^(?:const )?char ?(?:\[\d+\]|\(&\)\s?\[\d+\]|\*)$|^(?:std::)?(?:string|basic_string<.*>)$/;
const optional = /^(?:std|c10)::optional<(?<inner>.+)>$/;

interface Way {
  readonly from: RegExp;
  readonly to: RegExp;
  /** When not every place is meant. */
  readonly when?: (finding: Finding) => boolean;
  readonly why: string;
  readonly fix: (to: string, from: string) => readonly string[];
  /** What does the same in the line that the compiler names. */
  readonly edits?: (to: string) => readonly Edit[];
}

function element(type: string): string {
  return type.replace(/\bconst\b|[*&]/g, "").trim();
}

function itemType(to: string): string {
  return /^(?:float|double|bool)$/.test(to) ? to : "int64_t";
}

/** First match wins. */
const ways: readonly Way[] = [
  {
    from: /^torch::detail::return_type_of_forward_t<torch::nn::SequentialImpl\b/,
    to: /^(?:at|torch)::Tensor\b/,
    why: "forward() of nn::Sequential is a template, so that a call of the holder itself has no type of result that C++ could tell",
    fix: () => ["# layers->forward(x) in place of layers(x)"],
    edits: () => [["(return|=) *((this->)?\\w+)\\((.*)\\);", "\\1 \\2->forward(\\4);"]],
  },
  {
    from: scalar,
    to: number,
    why: "`item()` without a type gives a c10::Scalar, which may hold any type of number, and C++ does not choose one by itself",
    fix: (to) => [`# x.item<${itemType(to)}>() in place of x.item(); of a Scalar s: s.to<${itemType(to)}>()`],
    edits: (to) => [["\\.item\\(\\)", `.item<${itemType(to)}>()`]],
  },
  {
    from: tensor,
    to: /^(?:const )?(?:float|double|int|long|bool|scalar_t|half|__half|(?:at|c10)::\w+|u?int\d+_t) ?\*$/,
    when: (finding) => finding.note !== undefined,
    why: "a function or kernel that works on the elements wants their address, and a tensor is none",
    fix: (to) => [`# x.data_ptr<${element(to)}>() of a contiguous tensor (x = x.contiguous()) whose dtype is that`],
  },
  {
    from: /^(?:std::)?null(?:ptr|opt)_t$/,
    to: tensor,
    why: "a torch::Tensor takes neither nullptr nor std::nullopt",
    fix: () => [
      "# torch::Tensor() is the tensor that is none (t.defined() tells); where there may be none: std::optional<torch::Tensor>, which Python gets as None",
    ],
  },
  {
    from: tensor,
    to: tensors,
    why: "one tensor is not a list of tensors",
    edits: () => [["(save_for_backward) *\\(([^(){}]+)\\)", "\\1({\\2})"]],
    fix: () => ["# braces make the list: {x}; ctx->save_for_backward({x, w}); return {grad};"],
  },
  {
    from: tensors,
    to: tensor,
    why: "a list of tensors is not one tensor",
    fix: () => [
      "# v[0] takes one of them; torch::stack(v) or torch::cat(v, 0) joins them; a function that gives several back is declared std::vector<torch::Tensor>",
    ],
  },
  {
    from: /^<?brace-enclosed initializer list>?$|^initializer list$|^initializer-list$/,
    to: tensor,
    why: "the function is declared to give one torch::Tensor and gives several in braces",
    fix: () => [
      "# declare it std::vector<torch::Tensor> f(…) for return {a, b}; (or std::tuple<torch::Tensor, torch::Tensor>), in every header, too",
    ],
  },
  {
    from: /^(?:std::)?tuple<(?:at|torch)::Tensor\b.*>$/,
    to: tensor,
    why: "with a dim, max, min, sort, topk, median and their like give a std::tuple (values, indices), not one tensor",
    edits: () => [
      [
        "((torch|at)::Tensor +[A-Za-z_][A-Za-z0-9_]* *= *)([^;=]*(max|min|sort|topk|median|mode|kthvalue|cummax|cummin|nanmedian|aminmax)\\([^;]*\\));",
        "\\1std::get<0>(\\3);",
      ],
    ],
    fix: () => ["# auto [values, indices] = x.max(1); or std::get<0>(x.max(1))"],
  },
  {
    from: /^(?:std::)?tuple<(?:at|torch)::Tensor\b.*>$/,
    to: tensors,
    why: "a std::tuple of tensors is not a vector of tensors",
    fix: () => [
      "# auto [a, b] = x.sort(-1); return {a, b};   or declare the function std::tuple<torch::Tensor, torch::Tensor>",
    ],
  },
  {
    from: sizes,
    to: /vector<.*>$/,
    why: "sizes() and strides() give a view (c10::IntArrayRef), which does not become a std::vector by itself",
    fix: () => [
      "# std::vector<int64_t> s = x.sizes().vec();   the view itself does, too, as long as x lives: auto s = x.sizes();",
    ],
    edits: () => [["(sizes|strides)\\(\\)", "\\1().vec()"]],
  },
  {
    from: /vector<(?:int|unsigned.*|size_t|short|float|double)\b.*>$/,
    to: sizes,
    why: "torch's sizes are int64_t, and a vector of another type of number is not taken for them",
    fix: () => ["# std::vector<int64_t> in place of it, or std::vector<int64_t>(v.begin(), v.end())"],
  },
  {
    from: /^(?:c10::|at::|torch::)?Device$/,
    to: text,
    why: "a device is no text",
    fix: () => ["# x.device().str()"],
    edits: () => [["\\.device\\(\\)", ".device().str()"]],
  },
  {
    from: dtype,
    to: text,
    why: "a dtype is no text",
    fix: () => ["# std::string(x.dtype().name()), or c10::toString(x.scalar_type())"],
  },
  {
    from: dtype,
    to: /^(?:(?:c10|at|torch|torch::headeronly)::)?ScalarType$|^(?:int|signed char|int8_t)$/,
    why: "x.dtype() gives a caffe2::TypeMeta in C++; what kFloat and AT_DISPATCH speak of is x.scalar_type()",
    fix: () => ["# x.scalar_type() in place of x.dtype()"],
    edits: () => [["\\.dtype\\(\\)", ".scalar_type()"]],
  },
  {
    from: literal,
    to: /^(?:(?:c10|at|torch|torch::headeronly)::)?(?:TensorOptions|ScalarType|Dtype|Device|TypeMeta)$|^(?:caffe2::)?TypeMeta$/,
    why: "C++ does not take the name of a dtype or of a device as Python does",
    fix: (to) =>
      /Device/.test(to)
        ? ['# torch::kCUDA, torch::kCPU, or torch::Device("cuda:0")']
        : [
            '# torch::kFloat32 in place of "float32", torch::kCUDA or torch::Device("cuda:0") in place of "cuda:0"; both: torch::dtype(torch::kFloat32).device(torch::kCUDA)',
          ],
  },
  {
    from: number,
    to: /^(?:(?:c10|at|torch|torch::headeronly)::)?TensorOptions$/,
    why: "the sizes of a new tensor go into one pair of braces; a second number is taken for the options",
    fix: () => [
      "# torch::zeros({2, 3}), torch::zeros({n, m}, x.options()); with variables: torch::zeros({int64_t(n), int64_t(m)})",
    ],
    edits: () => [["(zeros|ones|empty|rand|randn)\\(([^(){}]+)\\)", "\\1({\\2})"]],
  },
  {
    from: tensor,
    to: /ScalarType$/,
    why: "what AT_DISPATCH_… and options want is the type of the elements, not the tensor",
    fix: () => ['# AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "name", [&] { … });'],
  },
  {
    from: /^(?:PyObject|_object) ?\*$/,
    to: tensor,
    why: "an object of Python becomes a tensor only when it is asked to",
    fix: () => [
      "# THPVariable_Unpack(o), after THPVariable_Check(o), with #include <torch/csrc/autograd/python_variable.h>; or take torch::Tensor as the parameter of the bound function",
    ],
  },
  {
    from: optional,
    to: /^(?:at|torch)::Tensor$|^(?:bool|int|long|long int|int64_t|float|double|__int64)$/,
    why: "an optional may be empty, and does not become its value by itself",
    fix: () => [
      "# if (b.has_value()) … *b …   (b.value() throws when it is empty; b.value_or(torch::Tensor()) gives a tensor without memory)",
    ],
  },
  {
    from: /^(?:py|pybind11)::(?:object|handle|list|tuple|dict|args|kwargs|array|int_|float_|str)$/,
    to: /./,
    why: "a Python object becomes a C++ value only when it is asked to",
    fix: (to) => [
      `# o.cast<${tensor.test(to) ? "torch::Tensor" : to}>()   (with torch/extension.h for tensors, pybind11/stl.h for vectors); or take the type itself as the function's parameter`,
    ],
  },
  {
    from: /^(?:(?:c10|at|torch|torch::jit)::)?IValue$/,
    to: /./,
    why: "an IValue holds any type, and gives it by a method of the type's name",
    fix: (to) => [
      `# ${tensor.test(to) ? "v.toTensor()" : /double|float/.test(to) ? "v.toDouble()" : /bool/.test(to) ? "v.toBool()" : /string/.test(to) ? "v.toStringRef()" : tensors.test(to) ? "v.toTensorVector()" : number.test(to) ? "v.toInt()" : `v.to<${to}>()`}; of ctx->saved_data["n"] likewise`,
    ],
  },
  {
    from: /^(?:const )?void ?\*$/,
    to: /^(?!void)[\w: ]+\*$/,
    when: (finding) => /\bdata_ptr\s*\(\)/.test(finding.source ?? ""),
    why: "data_ptr() without a type gives a `void*`, which C++ (other than C) does not turn into another pointer",
    fix: (to) => [`# x.data_ptr<${element(to)}>() in place of x.data_ptr()   (it checks the dtype, too)`],
    edits: (to) => [["data_ptr *\\(\\)", `data_ptr<${element(to)}>()`]],
  },
  {
    from: /^const [\w: ]+\*$/,
    to: /^(?!const)[\w: ]+\*$/,
    when: (finding) => /const_data_ptr|data_ptr<\s*const/.test(finding.source ?? ""),
    why: "const_data_ptr gives a pointer through which nothing may be written",
    fix: (to) => [
      `# to read: const ${element(to)}* p = …; in the kernel's parameters, too`,
      `# to write: x.mutable_data_ptr<${element(to)}>() (or x.data_ptr<${element(to)}>())`,
    ],
  },
  {
    from: /^(?:(?:c10|at)::)?(?:Half|BFloat16) ?\*$/,
    to: /\*$/,
    why: "torch's 16-bit types have names of their own, and a pointer to one is no pointer to another type of the same size",
    fix: (to, from) => [`# reinterpret_cast<${to}>(x.data_ptr<at::${/BFloat16/.test(from) ? "BFloat16" : "Half"}>())`],
  },
];

const torchHeader = /[\\/]torch[\\/]include[\\/]|[\\/]include[\\/](?:ATen|c10|pybind11)[\\/]/;

function wayOf(finding: Finding): MatchFacts | undefined {
  // clang does not say what stands in the braces.
  const braced =
    /^no matching constructor for initialization of '(?:torch|at)::Tensor'/.test(finding.message) &&
    /\breturn\s*\{[^}]*,/.test(finding.source ?? "");
  const conversion = braced
    ? { from: "<brace-enclosed initializer list>", to: "torch::Tensor" }
    : conversionOf(finding);
  if (conversion === undefined) return undefined;
  const { from, to } = conversion;
  const index = ways.findIndex((way) => way.from.test(from) && way.to.test(to) && (way.when?.(finding) ?? true));
  if (index < 0 || torchHeader.test(finding.file ?? "")) return undefined;
  return { index: String(index), from, to };
}

export const torchConversionRules: readonly Rule[] = [
  {
    id: "tensor-of-long",
    title: "torch::tensor is given a `long`, which is none of its types on this system",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /conversion from ["‘'](?:const )?(?<type>(?:unsigned )?long(?: int)?|(?:unsigned )?long long|unsigned int|size_t)["’'&]? ?(?:\(aka [^)]*\) )?to ["‘'](?:torch::)?(?:detail::)?TensorDataContainer["’'].* is ambiguous/,
        /(?:cannot convert|no suitable \S+ conversion|from) .*(?<type>std::vector<(?:unsigned )?long\b[^>]*>|std::vector<unsigned int\b[^>]*>|std::vector<size_t\b[^>]*>)["’']? to ["‘'](?:torch::)?(?:detail::)?TensorDataContainer/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} makes a tensor of \`${match.facts["type"] ?? "long"}\`, and torch::tensor knows the types of tensors alone: int64_t (\`long\` on Linux, \`long long\` on macOS and Windows), int, float, double, … Of another one the compiler cannot tell which is meant.`,
    fix: (match) => [
      ...((match.facts["type"] ?? "").startsWith("std::vector")
        ? []
        : editLine(match, [["torch::tensor\\(([^(){},]+)([,)])", "torch::tensor(static_cast<int64_t>(\\1)\\2"]])),
      (match.facts["type"] ?? "").startsWith("std::vector")
        ? "# std::vector<int64_t> in place of it; a copy: std::vector<int64_t> v64(v.begin(), v.end()); torch::tensor(v64)"
        : "# torch::tensor(static_cast<int64_t>(x), torch::kLong)",
    ],
    sources: ["pytorch/examples#1255", "pytorch/pytorch#22318"],
    examples: [
      {
        text: "src/main.cpp:52:33: error: conversion from 'const long' to 'detail::TensorDataContainer' is ambiguous",
        expect: "static_cast<int64_t>",
      },
      {
        text: "error: conversion from 'const long' to 'detail::TensorDataContainer' is ambiguous\n[build]     auto tlabel = torch::tensor(data[index].second, torch::kLong);",
        expect: "int64_t",
      },
    ],
  },
  {
    id: "torch-types-not-converted",
    title: "One type of torch's is given where another is wanted",
    on: ["compile"],
    specificity: 79,
    matches: (finding) => (finding.severity === "warning" ? undefined : wayOf(finding)),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} gives \`${match.facts["from"] ?? ""}\` where \`${match.facts["to"] ?? ""}\` is wanted: ${ways[Number(match.facts["index"])]?.why ?? ""}.`,
    fix: (match) => {
      const way = ways[Number(match.facts["index"])];
      const to = match.facts["to"] ?? "";
      return [...editLine(match, way?.edits?.(to) ?? []), ...(way?.fix(to, match.facts["from"] ?? "") ?? [])];
    },
    sources: ["https://docs.pytorch.org/cppdocs/", "pytorch/pytorch#25520"],
    examples: [
      {
        text: "net.cpp:14:14: error: no viable conversion from returned value of type 'torch::detail::return_type_of_forward_t<torch::nn::SequentialImpl, const at::Tensor &>' to function return type 'torch::Tensor'\n      return linears(input);\n             ^~~~~~~~~~~~~~",
        expect: "14s/(return|=) *((this->)?\\w+)\\((.*)\\);/\\1 \\2->forward(\\4);/g",
      },
      {
        text: "ext.cpp:1:50: error: cannot convert ‘c10::Scalar’ to ‘float’ in initialization",
        expect: "x.item<float>()",
      },
      { text: "ext.cpp:1:34: error: no viable conversion from 'at::Scalar' to 'float'", expect: "x.item<float>()" },
      {
        text: "ext.cpp:3:96: error: cannot convert ‘at::Tensor’ to ‘torch::autograd::variable_list’ {aka ‘std::vector<at::Tensor>’}",
        expect: "save_for_backward({x",
      },
      {
        text: "ext.cpp:1:75: error: conversion from ‘c10::IntArrayRef’ {aka ‘c10::ArrayRef<long int>’} to non-scalar type ‘std::vector<long int>’ requested",
        expect: "x.sizes().vec()",
      },
      {
        text: "ext.cpp:1:44: error: could not convert ‘3’ from ‘int’ to ‘c10::TensorOptions’",
        expect: "torch::zeros({2, 3})",
      },
      {
        text: "ext.cpp(7): error C2440: 'initializing': cannot convert from 'std::tuple<at::Tensor,at::Tensor>' to 'at::Tensor'",
        expect: "std::get<0>",
      },
      {
        text: "ext.cpp:9:67: error: no matching function for call to 'g'\next.cpp:1:6: note: candidate function not viable: no known conversion from 'std::optional<torch::Tensor>' to 'torch::Tensor' for 1st argument",
        expect: "ext.cpp:9 gives",
      },
      {
        text: "ext.cpp:1:46: error: no viable conversion from 'Device' to 'std::string' (aka 'basic_string<char>')",
        expect: "x.device().str()",
      },
      {
        text: "ext.cpp:1:66: error: invalid conversion from ‘void*’ to ‘float*’ [-fpermissive]\n    1 | void f(torch::Tensor x) { float* p = x.data_ptr(); }\n      |                                      ~~~~~~~~~~^~",
        expect: "x.data_ptr<float>()",
      },
    ],
  },
];
