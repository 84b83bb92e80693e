/** Calls of torch's functions and macros with the wrong number or kind of arguments. */
import { replacePrinted } from "../commands/printed-edits.ts";
import type { Finding } from "../finding.ts";
import { addLines, editLine, editPrintedLine } from "../commands/source-edits.ts";
import { about } from "../matchers.ts";
import { codeAt, type Match, type MatchFacts, placeOf, type Rule, said, saidAny } from "../rule.ts";

const api = "https://docs.pytorch.org/cppdocs/";
const optionalTensor = String.raw`(?:const )?(?:class )?(?:std|c10)::optional<(?:at|torch)::Tensor>`;

/** What the context of an autograd Function calls what Python, or a slip, calls otherwise. */
const contextNames: Readonly<Record<string, string>> = {
  mark_not_differentiable: "->mark_non_differentiable\\2",
  set_materialize_grad: "->set_materialize_grads\\2",
  needs_input_grad: "->needs_input_grad\\2",
  needs_input_grads: "->needs_input_grad\\2",
};

const dispatchForms: Readonly<Record<string, string>> = {
  "": 'AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "name", [&] { … scalar_t … });',
  _AND: 'AT_DISPATCH_FLOATING_TYPES_AND(at::kHalf, x.scalar_type(), "name", [&] { … });',
  _AND2: 'AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "name", [&] { … });',
};

/** How a dispatch macro is written in full. */
function dispatchForm(macro: string): string {
  const ending = /_AND\d?$/.exec(macro)?.[0] ?? "";
  return (dispatchForms[ending] ?? dispatchForms[""] ?? "").replace(/^AT_DISPATCH_FLOATING_TYPES\w*/, macro);
}

/** What follows in the log from a macro that could not be expanded. */
function brokenMacro(finding: Finding): MatchFacts | undefined {
  const facts = saidAny(
    finding,
    /^unterminated argument list invoking macro "(?<name>\w+)"/,
    /^macro "(?<name>\w+)" (?:requires at least \d+ arguments?|requires \d+ arguments?|passed \d+ arguments?), but/,
    /^unterminated argument list.* "(?<name>\w+)"/,
    /(?:not enough|too many) arguments for function-like macro invocation '(?<name>\w+)'/,
    /^(?<clang>(?:too (?:few|many) arguments provided to|unterminated) function-like macro invocation)/,
  );
  if (facts === undefined) return undefined;
  const name =
    facts["name"] ?? /\b((?:AT|TORCH|STABLE_TORCH|PYBIND11|C10|AT_CUDA)_\w+)\s*\(/.exec(finding.source ?? "")?.[1];
  return name === undefined || !/^(?:AT_|TORCH_|STABLE_TORCH|PYBIND11_|C10_)/.test(name) ? undefined : { name };
}

/** `x + b` with `*b`, where the message says which side is the optional and its caret stands below the operator. */
function operandLookedInto(match: Match): string[] {
  const { source, mark, message } = match.finding;
  const types = /operand types are [‘'](.{1,200}?)[’'](?: \{aka [^}]*\})? and [‘'](.{1,200}?)[’'](?: \{aka|\))/.exec(
    message,
  );
  if (source === undefined || mark === undefined || types === null) return [];
  const isOptional = (type: string | undefined): boolean => /\boptional</.test(type ?? "");
  const right = /^[-+*/@]\s{0,3}[A-Za-z_]\w*(?![\w.(-])/.exec(source.slice(mark))?.[0];
  if (isOptional(types[2]) && right !== undefined)
    return replacePrinted(match, right, right.replace(/(?=[A-Za-z_])/, "*"));
  const left = /[A-Za-z_]\w*\s{0,3}$/.exec(source.slice(0, mark))?.[0];
  return isOptional(types[1]) && left !== undefined
    ? replacePrinted(match, `${left}${source[mark] ?? ""}`, `*${left}${source[mark] ?? ""}`)
    : [];
}

export const torchCallRules: readonly Rule[] = [
  {
    id: "torch-macro-arguments",
    title: "A macro of torch's gets too few arguments, or its bracket is not closed",
    on: ["compile"],
    specificity: 82,
    matches: brokenMacro,
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)}: ${/unterminated/.test(match.finding.message) ? `the bracket behind \`${match.facts["name"] ?? ""}\` is never closed (with ([&] { … }) two of them stand at the end: }));)` : `\`${match.facts["name"] ?? ""}\` is given a wrong number of arguments`}. That the macro is "not declared" below is the echo of it.`,
    fix: (match) => [
      `# ${/^AT_DISPATCH/.test(match.facts["name"] ?? "") ? dispatchForm(match.facts["name"] ?? "") : `${match.facts["name"] ?? ""}(…) with its arguments and its closing bracket`}`,
      "# arguments with commas of their own (templates, {a, b}) in brackets of their own",
    ],
    sources: ["pytorch: aten/src/ATen/Dispatch.h"],
    examples: [
      {
        text: 'ext.cpp:8:2: error: unterminated argument list invoking macro "AT_DISPATCH_FLOATING_TYPES"\next.cpp:4:3: error: ‘AT_DISPATCH_FLOATING_TYPES’ was not declared in this scope',
        expect: "never closed",
      },
      {
        text: 'ext.cpp:1:118: error: macro "AT_DISPATCH_FLOATING_TYPES_AND2" requires 5 arguments, but only 3 given',
        expect: "at::kHalf, at::kBFloat16",
      },
    ],
  },
  {
    id: "custom-class-without-namespace",
    title: "torch::class_ lacks the namespace",
    on: ["compile"],
    specificity: 83,
    matches: (finding) =>
      said(
        finding,
        /no matching function for call to [‘']torch::(?:jit::)?class_<(?:\w+::)*(?<class>\w+)>::class_\((?:const char\s?\[\d+\]|const char ?\*|std::\w*string[^,]*)\)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} gives torch::class_ one name. Since torch 1.5 it takes two, the namespace and the class (the code is for an older torch, or for a container of NVIDIA's with one).`,
    fix: (match) => {
      const name = match.facts["class"] ?? "";
      const written = /class_<[^;]*>\s*\(\s*("[^"]*")/.exec(match.finding.source ?? "")?.[1];
      return [
        ...editLine(match, [['class_<([^>]+)>( *[A-Za-z0-9_]*)\\("', 'class_<\\1>\\2("my_classes", "']]),
        `# ${placeOf(match.finding) === "" ? "in the source" : placeOf(match.finding)}: torch::class_<${name}>("my_classes", ${written ?? `"${name}"`}) in place of class_<${name}>(${written ?? `"${name}"`})`,
        `# in Python: torch.classes.my_classes.${written?.replaceAll('"', "") ?? name}; within TORCH_LIBRARY(my_classes, m): m.class_<${name}>(${written ?? `"${name}"`})`,
      ];
    },
    sources: ["pytorch/pytorch#35054", "pytorch/pytorch#35303", "NVIDIA/DeepLearningExamples#712"],
    examples: [
      {
        text: "th_op/ops.cc:27:85: error: no matching function for call to ‘torch::class_<torch_ths::Encoder>::class_(const char [8])’",
        expect: 'torch::class_<Encoder>("my_classes", "Encoder")',
      },
    ],
  },
  {
    id: "dispatch-without-name",
    title: "AT_DISPATCH lacks the name of the operator",
    on: ["compile"],
    specificity: 85,
    matches: (finding) => {
      const call = /\b(AT_DISPATCH_\w+)\s*\(/.exec(finding.source ?? "");
      if (
        call !== null &&
        !/"/.test((finding.source ?? "").slice(call.index)) &&
        /\[[&=]\]/.test(finding.source ?? "")
      ) {
        return /scalar_t|lambda|const char/.test(finding.message) ? { name: call[1] } : undefined;
      }
      return saidAny(
        finding,
        /cannot convert [‘'].*<lambda.*>[’'] to [‘']const char\* const[’']/,
        /no viable conversion from '\(lambda at .*\)' to 'const char \*const'/,
      );
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)}: ${match.facts["name"] ?? "AT_DISPATCH_…"} takes the type, then a name for its error message, then the lambda; the name is left out, so the lambda stands in its place and \`scalar_t\` is not defined in it.`,
    fix: (match) => [
      ...editPrintedLine(match, [["(AT_DISPATCH_[A-Z0-9_]+ *\\([^[]+), *\\[", '\\1, "op", [']]),
      `# ${dispatchForm(match.facts["name"] ?? "AT_DISPATCH_FLOATING_TYPES")}`,
    ],
    sources: ["pytorch: aten/src/ATen/Dispatch.h"],
    examples: [
      {
        text: "ext.cpp:1:36: error: no viable conversion from '(lambda at ext.cpp:1:36)' to 'const char *const'",
        expect: '"name"',
      },
      {
        text: "ext.cpp:1:93: error: ‘scalar_t’ was not declared in this scope\n    1 | void f(torch::Tensor x) { AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), [&] { x.mul_(scalar_t(2)); }); }\n      |                                                                                    ^~~~~~~~",
        expect: "the name is left out",
      },
    ],
  },
  {
    id: "tensor-taken-apart",
    title: "A single tensor is taken apart like a tuple",
    on: ["compile"],
    specificity: 83,
    matches: (finding) =>
      saidAny(
        finding,
        /^cannot decompose (?:inaccessible|non-public) member [‘'](?:at|c10|torch)::Tensor(?:Base)?::\w+[’']/,
        /^type '(?:const )?(?:at|torch)::Tensor' decomposes into/,
        /structured binding.*"(?:at|torch)::Tensor"/,
        /cannot bind to (?:non-public|inaccessible|private|protected) .*(?:at|torch)::Tensor/,
        /C3448|the number of identifiers must match the number of (?:array )?elements or members in a structured binding/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)}: the call behind \`auto [a, b] =\` gives one tensor, not two. x.max(), x.min(), x.median() without a dim reduce the whole tensor; with a dim they give a tuple (values, indices). A std::vector of tensors (split, chunk, unbind, apply of an autograd Function) cannot be taken apart so, either.`,
    fix: () => [
      "# auto [values, indices] = x.max(/*dim=*/1);   one number for all: torch::Tensor m = x.max();",
      "# of a std::vector<torch::Tensor> v: v[0], v[1]",
    ],
    sources: [api],
    examples: [
      {
        text: "ext.cpp:1:54: error: cannot decompose inaccessible member ‘at::TensorBase::impl_’ of ‘at::TensorBase’",
        expect: "x.max(/*dim=*/1)",
      },
      {
        text: "ext.cpp:1:54: error: type 'at::Tensor' decomposes into 1 element, but 2 names were provided",
        expect: "dim",
      },
    ],
  },
  {
    id: "size-without-dimension",
    title: "size() lacks the number of the dimension",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      /[\\/]torch[\\/]include[\\/]/.test(finding.file ?? "")
        ? undefined
        : saidAny(
            finding,
            /no matching function for call to [‘'](?:const )?at::Tensor(?:Base)?::(?<name>size|stride)\(\)[’']/,
            /single argument 'dim' was not (?<dim>specified)/,
            /no matching function for call to [‘'](?:const )?at::Tensor(?:Base)?::(?<name>size|stride)s\(\w[^)]*\)[’']/,
            /'at::Tensor(?:Base)?::(?<name>size|stride)'\s?: function does not take 0 arguments/,
          ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)}: in C++ x.${match.facts["name"] ?? "size"}(d) gives one dimension and wants its number; all of them together are x.${match.facts["name"] ?? "size"}s().`,
    fix: (match) => [
      `# x.${match.facts["name"] ?? "size"}(0) for the first dimension; x.${match.facts["name"] ?? "size"}s() for all; x.numel() for the number of elements`,
    ],
    sources: [api],
    examples: [
      { text: "ext.cpp:1:43: error: no matching function for call to ‘at::Tensor::size()’", expect: "x.size(0)" },
      {
        text: "ext.cpp:1:44: error: too few arguments to function call, single argument 'dim' was not specified",
        expect: "x.sizes()",
      },
    ],
  },
  {
    id: "module-holder-with-dot",
    title: "A module of torch::nn is asked with . for what -> gives",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /[‘'"](?:class |struct )?torch::nn::(?<type>\w+)[’'"] has no member (?:named )?[‘'"](?<name>forward|parameters|named_parameters|buffers|to|train|eval|weight|bias|options|zero_grad|push_back|size|reset\w*|register_\w+|pretty_print|children|modules)[’'"]/,
        /no member named '(?<name>forward|parameters|named_parameters|buffers|to|train|eval|weight|bias|options|zero_grad|push_back|size|reset\w*|register_\w+|pretty_print|children|modules)' in 'torch::nn::(?<type>\w+)'/,
        /'(?<name>forward|parameters|named_parameters|to|train|eval|weight|bias|options|zero_grad)'\s?: is not a member of 'torch::nn::(?<type>\w+)'/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)}: torch::nn::${match.facts["type"] ?? "Linear"} is a holder, a kind of shared pointer to the module (${match.facts["type"] ?? "Linear"}Impl); the module's members are reached with \`->\`.`,
    fix: (match) => [
      ...editLine(match, [
        [
          `([A-Za-z0-9_)])\\.${match.facts["name"] ?? "forward"}([^A-Za-z0-9_]|$)`,
          `\\1->${match.facts["name"] ?? "forward"}\\2`,
        ],
      ]),
      `# m->${match.facts["name"] ?? "forward"}${/^(?:weight|bias|options)$/.test(match.facts["name"] ?? "") ? "" : "(…)"}; to call it: m(x) or m->forward(x)`,
    ],
    sources: ["https://docs.pytorch.org/tutorials/advanced/cpp_frontend.html"],
    examples: [
      {
        text: "ext.cpp:1:53: error: ‘class torch::nn::Linear’ has no member named ‘parameters’",
        expect: "m->parameters",
      },
    ],
  },
  {
    id: "comma-in-index",
    title: "Several indices in one pair of brackets",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /^[‘']c10::Scalar::Scalar\(T, bool\).*is private within this context/,
        /^calling a private constructor of class 'c10::Scalar'/,
      ) ??
      (/^(?:expected (?:primary-)?expression|expected a? ?"?\]"?|expected [‘']\][’'])/.test(finding.message) &&
      /\w\[\s*(?:[^\]]*,\s*)?:\s*[,\]]|\w\[[^\]]*\w\s*:(?!:)\s*\w[^\]]*\]/.test(finding.source ?? "")
        ? {}
        : undefined),
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)} indexes a tensor as Python does, x[i, j] or x[:, 0]: C++ takes one index in [ ], and knows no slices there.`,
    fix: () => [
      "# x[i][j], or x.index({i, j}); x[:, 0] → x.index({torch::indexing::Slice(), 0}); to write: x.index_put_({i, j}, value)",
      "# many elements in a loop: auto a = x.accessor<float, 2>(); a[i][j]",
    ],
    sources: ["https://docs.pytorch.org/cppdocs/notes/tensor_indexing.html"],
    examples: [
      { text: "ext.cpp:1:46: error: calling a private constructor of class 'c10::Scalar'", expect: "x[i][j]" },
      {
        text: "ext.cpp:1:45: error: expected primary-expression before ‘:’ token\n    1 | torch::Tensor f(torch::Tensor x) { return x[:, 0]; }\n      |                                             ^",
        expect: "Slice()",
      },
    ],
  },
  {
    id: "optional-tensor-used-directly",
    title: "An optional tensor is used without looking into it",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        new RegExp(`[‘'"]${optionalTensor}[’'"].*has no member (?:named )?[‘'"](?<name>\\w+)`),
        new RegExp(`class "${optionalTensor}" has no member "(?<name>\\w+)"`),
        new RegExp(`no member named '(?<name>\\w+)' in '${optionalTensor}'`),
        new RegExp(`'(?<name>\\w+)'\\s?: is not a member of '${optionalTensor}'`),
        new RegExp(
          `(?:operand types are|invalid operands to binary expression \\().*[‘']${optionalTensor.replace("(?:at|torch)", "(?:at|torch)")}[’']`,
        ),
        new RegExp(`no operator "[^"]+" matches these operands operand types are: .*${optionalTensor}`),
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} uses a std::optional<torch::Tensor> as if it were the tensor${match.facts["name"] === undefined ? "" : ` (\`.${match.facts["name"]}\`)`}: what is in it is reached with \`*\` and \`->\`, after asking whether there is one.`,
    fix: (match) => [
      ...operandLookedInto(match),
      ...(match.facts["name"] === undefined
        ? []
        : editLine(match, [
            [
              `([A-Za-z_][A-Za-z0-9_]*)\\.${match.facts["name"]}([^A-Za-z0-9_]|$)`,
              `\\1.value_or(torch::Tensor()).${match.facts["name"]}\\2`,
            ],
          ])),
      `# if (b.has_value()) { … *b …; b->${match.facts["name"] ?? "sizes"}${match.facts["name"] === undefined ? "()" : "(…)"}; }   where None may be passed; a tensor without memory in its place: b.value_or(torch::Tensor())`,
    ],
    sources: ["https://en.cppreference.com/w/cpp/utility/optional"],
    examples: [
      {
        text: "ext.cpp:1:74: error: ‘class std::optional<at::Tensor>’ has no member named ‘defined’",
        expect: "b.has_value()",
      },
      {
        text: "ext.cpp:1:77: error: invalid operands to binary expression ('torch::Tensor' and 'std::optional<torch::Tensor>')",
        expect: "b.has_value()",
      },
    ],
  },
  {
    id: "tutorial-macro-not-defined",
    title: "CHECK_INPUT and its like are no macros of torch's",
    on: ["compile"],
    specificity: 82,
    matches: (finding) => about(finding, /^CHECK_(?:INPUT|CUDA|CONTIGUOUS|CPU|DEVICE|SHAPE|DIM)$/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? "CHECK_INPUT"}\` (${placeOf(match.finding)}) is a macro that the tutorials and many projects define for themselves; torch has none of that name, and this file does not define it.`,
    fix: (match) => [
      ...(/^CHECK_(?:INPUT|CUDA|CONTIGUOUS)$/.test(match.facts["name"] ?? "")
        ? addLines(match, [
            '#define CHECK_CUDA(x) TORCH_CHECK(x.is_cuda(), #x " must be a CUDA tensor")',
            '#define CHECK_CONTIGUOUS(x) TORCH_CHECK(x.is_contiguous(), #x " must be contiguous")',
            "#define CHECK_INPUT(x) CHECK_CUDA(x); CHECK_CONTIGUOUS(x)",
          ])
        : []),
      '# #define CHECK_CUDA(x) TORCH_CHECK(x.is_cuda(), #x " must be a CUDA tensor")',
      '# #define CHECK_CONTIGUOUS(x) TORCH_CHECK(x.is_contiguous(), #x " must be contiguous")',
      "# #define CHECK_INPUT(x) CHECK_CUDA(x); CHECK_CONTIGUOUS(x)   at the head of the file, or include the project's header that has them",
    ],
    sources: ["https://docs.pytorch.org/tutorials/advanced/cpp_extension.html"],
    examples: [
      { text: "ext.cpp:1:36: error: use of undeclared identifier 'CHECK_INPUT'", expect: "#define CHECK_CUDA" },
    ],
  },
  {
    id: "data-ptr-not-called",
    title: "data_ptr<T> without its brackets",
    on: ["compile"],
    specificity: 83,
    matches: (finding) =>
      /\bdata_ptr\s*<[^()]*>\s*(?:[,;)]|$)/.test(finding.source ?? "") &&
      /overloaded function|non-static member function must be called|cannot determine which instance|bound function|no matching function|non-standard syntax|invalid use of/.test(
        finding.message,
      )
        ? { type: /\bdata_ptr\s*<([^()]*?)>\s*[,;)]/.exec(finding.source ?? "")?.[1] }
        : undefined,
    confidence: "high",
    cause: (match) => `${codeAt(match.finding)} names data_ptr<${match.facts["type"] ?? "T"}> and does not call it.`,
    fix: (match) => [
      ...editPrintedLine(match, [["data_ptr *<([^>()]+)> *([,;)])", "data_ptr<\\1>()\\2"]]),
      `# x.data_ptr<${match.facts["type"] ?? "float"}>()`,
    ],
    sources: [api],
    examples: [
      {
        text: "ext.cpp:1:53: error: cannot resolve overloaded function ‘data_ptr’ based on conversion to type ‘float*’\n    1 | void k(float* p, int n); void f(torch::Tensor x) { k(x.data_ptr<float>, x.numel()); }\n      |                                                    ~^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~",
        expect: "x.data_ptr<float>()",
      },
    ],
  },
  {
    id: "saved-tensors-by-python-name",
    title: "An autograd context is asked for what Python calls it",
    on: ["compile"],
    specificity: 86,
    matches: (finding) =>
      saidAny(
        finding,
        /AutogradContext[’'"] has no member (?:named )?[‘'"](?<name>saved_tensors|saved_variables|get_saved_tensors|needs_input_grads?|set_materialize_grad|mark_not_differentiable)[’'"]/,
        /no member named '(?<name>saved_tensors|saved_variables|get_saved_tensors|needs_input_grads?|mark_not_differentiable)' in '[\w:]*AutogradContext'/,
        /'(?<name>saved_tensors|saved_variables|get_saved_tensors)'\s?: is not a member of '[\w:]*AutogradContext'/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} asks the context for \`${match.facts["name"] ?? ""}\`; torch::autograd::AutogradContext in C++ has other names than ctx in Python.`,
    fix: (match) => [
      ...editLine(match, [
        [
          `(\\.|->)${match.facts["name"] ?? ""}(\\(\\))?`,
          contextNames[match.facts["name"] ?? ""] ?? "->get_saved_variables()",
        ],
      ]),
      "# ctx.saved_tensors → auto saved = ctx->get_saved_variables(); saved[0]",
      '# ctx.n = n → ctx->saved_data["n"] = n; back: ctx->saved_data["n"].toInt(); ctx.mark_non_differentiable(y) → ctx->mark_non_differentiable({y}); ctx->needs_input_grad(0)',
    ],
    sources: ["https://docs.pytorch.org/tutorials/advanced/cpp_autograd.html"],
    examples: [
      {
        text: "ext.cpp:4:88: error: ‘struct torch::autograd::AutogradContext’ has no member named ‘saved_tensors’",
        expect: "get_saved_variables",
      },
    ],
  },
  {
    id: "switch-over-dtype",
    title: "A switch over dtype()",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      said(finding, /(?:integer|integral).*caffe2::TypeMeta/) ??
      (/^switch quantity not an integer|^expression must have integral or enum type|switch expression of type/.test(
        finding.message,
      ) && /dtype\(\)|options\(\)/.test(`${finding.source ?? ""} ${finding.message}`)
        ? {}
        : undefined),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)}: x.dtype() gives a caffe2::TypeMeta in C++, an object; the enum that a switch wants, whose values are torch::kFloat, torch::kHalf, …, is x.scalar_type().`,
    fix: (match) => [
      ...editLine(match, [["\\.dtype\\(\\)", ".scalar_type()"]]),
      '# switch (x.scalar_type()) { case torch::kFloat: … break; default: TORCH_CHECK(false, "dtype"); }',
    ],
    sources: [api],
    examples: [
      {
        text: "ext.cpp:1:26: error: statement requires expression of integer type ('caffe2::TypeMeta' invalid)",
        expect: "x.scalar_type()",
      },
    ],
  },
];
