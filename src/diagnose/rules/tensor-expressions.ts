/** Expressions with tensors that are written as in Python: lists without braces, operators, loops, conditions. */
import type { Finding } from "../finding.ts";
import { editLine, editPrintedLine } from "../commands/source-edits.ts";
import { codeAt, type MatchFacts, type Rule, said, saidAny } from "../rule.ts";

const api = "https://docs.pytorch.org/cppdocs/";
const misfit =
  /no matching (?:member )?function|too many arguments|no instance of|cannot convert|no viable conversion|could not convert|no suitable|function does not take \d+ arguments|no overloaded function/;
const tensorType = String.raw`(?:const )?(?:class )?(?:(?:at|torch)::)?Tensor(?: ?&)?`;

/** Functions of lists of tensors, and methods that take sizes, called with their members one by one. */
function unbraced(finding: Finding): MatchFacts | undefined {
  if (!misfit.test(finding.message) || /[\\/]torch[\\/]include[\\/]/.test(finding.file ?? "")) return undefined;
  const source = finding.source ?? "";
  const list =
    /\b(?:torch|at)::(?<name>cat|concat|stack|hstack|vstack|dstack|einsum|meshgrid|broadcast_tensors)\s*\(\s*(?<first>\w+)\s*,\s*(?<second>\w+)/.exec(
      source,
    );
  if (list !== null && !/^\d/.test(list.groups?.["second"] ?? "") && !/\bdim\b/.test(list.groups?.["second"] ?? ""))
    return {
      name: list.groups?.["name"],
      kind: "list",
      arguments: `${list.groups?.["first"] ?? "a"}, ${list.groups?.["second"] ?? "b"}`,
    };
  const said_ =
    /at::Tensor(?:Base)?::(?<name>view|reshape|permute|expand|repeat|tile|flip|roll|new_zeros|new_empty|new_ones|resize_)\((?:const )?(?:int|long|int64_t|__gnu_cxx::__alloc_traits<[^()]{1,120}::value_type|std::vector<[^,]{1,60}>::value_type)[^)]*, /.exec(
      finding.message,
    ) ??
    /\.(?<name>view|reshape|permute|expand|repeat|tile|flip|new_zeros|new_empty|new_ones|resize_)\s*\(\s*(?<all>[-\w.()+*/ ]+(?:,[-\w.()+*/\s]+)+)\)/.exec(
      source,
    );
  if (said_ !== null) return { name: said_.groups?.["name"], kind: "sizes", arguments: said_.groups?.["all"] };
  const made = /\b(?:torch|at)::(?<name>zeros|ones|empty|randn?)\s*\(\s*(?<all>[-\w.()]+\s*,\s*[-\w.()]+)\s*[,)]/.exec(
    source,
  );
  return made !== null && !/options|kFloat|k[A-Z]/.test(made.groups?.["all"] ?? "")
    ? { name: `torch::${made.groups?.["name"] ?? ""}`, kind: "sizes", arguments: made.groups?.["all"] }
    : undefined;
}

export const tensorExpressionRules: readonly Rule[] = [
  {
    id: "list-without-braces",
    title: "Sizes or tensors are given one by one where a list is wanted",
    on: ["compile"],
    specificity: 85,
    matches: unbraced,
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)}: ${match.facts["name"] ?? ""} takes ${match.facts["kind"] === "list" ? "the tensors as one list, and the dimension behind it" : "its sizes as one list"}; Python's form with single arguments is not there in C++.`,
    fix: (match) => [
      ...editPrintedLine(
        match,
        match.facts["kind"] === "list"
          ? [
              [
                `(${match.facts["name"] ?? "cat"}) *\\(([A-Za-z_][A-Za-z0-9_]*), *([A-Za-z_][A-Za-z0-9_]*)`,
                "\\1({\\2, \\3}",
              ],
            ]
          : [[`(${match.facts["name"] ?? "view"}) *\\(([^(){}]+|[^(){}]*\\([^(){}]*\\)[^(){}]*)\\)`, "\\1({\\2})"]],
      ),
      match.facts["kind"] === "list"
        ? `# torch::${match.facts["name"] ?? "cat"}({${match.facts["arguments"] ?? "a, b"}}${/einsum|meshgrid|broadcast/.test(match.facts["name"] ?? "") ? "" : ", 0"})`
        : `# ${(match.facts["name"] ?? "").includes("::") ? "" : "x."}${match.facts["name"] ?? "view"}({${match.facts["arguments"] ?? "2, -1"}})`,
    ],
    sources: [api],
    examples: [
      {
        text: "ext.cpp:1:74: error: cannot convert ‘at::Tensor’ to ‘int64_t’ {aka ‘long int’}\n    1 | torch::Tensor f(torch::Tensor a, torch::Tensor b) { return torch::cat(a, b); }\n      |                                                                          ^",
        expect: "torch::cat({a, b}, 0)",
      },
      {
        text: "ext.cpp:1:49: error: no matching function for call to ‘at::Tensor::view(int, int)’",
        expect: "x.view({2, -1})",
      },
      {
        text: "ext.cpp:1:45: error: too many arguments to function call, expected 1, have 2; did you mean 'at::permute'?\n    1 | torch::Tensor f(torch::Tensor x) { return x.permute(1, 0); }\n      |                                             ^",
        expect: "x.permute({1, 0})",
      },
    ],
  },
  {
    id: "accessor-indexed-wrongly",
    title: "An accessor is indexed with too few brackets, or with round ones",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /^no match for call to [‘']\((?:const )?(?:torch|at)::.*TensorAccessor<.*\) \((?<call>.*)\)[’']/,
        /^type '(?:const )?(?:[\w:]*::)?(?:Generic)?(?:Packed)?TensorAccessor.*' (?:\(aka .*\) )?does not provide a (?<call>call) operator/,
        /(?:cannot convert|no viable conversion from|no suitable conversion function from) [‘'"](?:const )?(?:[\w:]*::)?(?:Generic)?(?:Packed)?TensorAccessor.*to [‘'"](?<type>float|double|int|long|bool|scalar_t|int64_t)/,
        /call of an object of a class type without appropriate operator\(\).*TensorAccessor/,
        /^no operator "[-+*/]?=" matches these operands.*operand types are: [^=]*TensorAccessor<[^=]*> [-+*/]?= (?:const )?(?<type>float|double|int|long|bool|int64_t|c10::Half)\b/s,
        /^no match for [‘']operator[-+*/]?=[’'] \(operand types are [‘'][^’']*TensorAccessor<[^’']*[’'](?: \{aka [^}]*\})? and [‘'](?<type2>float|double|int|long int|bool)[’']/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["type"] === undefined
        ? `${codeAt(match.finding)} writes a(i, j) with an accessor, which is indexed with one pair of square brackets for each dimension.`
        : `${codeAt(match.finding)} uses an accessor with fewer indices than it has dimensions as a \`${match.facts["type"]}\`: a[i] of a two-dimensional one is again an accessor.`,
    fix: () => ["# auto a = x.accessor<float, 2>(); float v = a[i][j];   as many [ ] as the number behind the type"],
    sources: ["https://docs.pytorch.org/cppdocs/notes/tensor_basics.html"],
    examples: [
      {
        text: "ext.cpp:1:74: error: cannot convert ‘torch::headeronly::detail::TensorAccessor<c10::ArrayRef<long int>, float, 1, torch::headeronly::DefaultPtrTraits, long int>’ to ‘float’ in initialization",
        expect: "a[i][j]",
      },
      {
        text: "ext.cpp:1:68: error: type 'TensorAccessor<float, 2UL>' (aka 'TensorAccessor<ArrayRef<long>, float, 2UL, torch::headeronly::DefaultPtrTraits, long>') does not provide a call operator",
        expect: "a[i][j]",
      },
    ],
  },
  {
    id: "logic-with-tensors",
    title: "&&, ||, ! or ?: with tensors",
    on: ["compile"],
    specificity: 82,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        new RegExp(
          `no match for [‘']operator(?<name>&&|\\|\\||!)[’'] \\(operand types? (?:is|are) [‘']${tensorType}[’']`,
        ),
        new RegExp(`binary '(?<name>&&|\\|\\|)'\\s?: '${tensorType}' does not define`),
        new RegExp(`conditional expression of type '${tensorType}' is illegal`),
        new RegExp(`invalid argument type '${tensorType}' to unary expression`),
        new RegExp(`value of type '${tensorType}' is not contextually convertible to 'bool'`),
        new RegExp(`no operator "(?<name>&&|\\|\\||!)" matches these operands operand types are: .*${tensorType}`),
        new RegExp(`could not convert [‘'].*[’'] from [‘']${tensorType}[’'] to [‘']bool[’']`),
      );
      if (facts === undefined) return undefined;
      const source = finding.source ?? "";
      const name =
        facts["name"] ??
        (/&&/.test(source)
          ? "&&"
          : /\|\|/.test(source)
            ? "||"
            : /\)\s*\?[^?]*:|\w\s\?\s[^?]*:/.test(source)
              ? "?:"
              : /unary/.test(finding.message) || /[=(]\s*!\w/.test(source)
                ? "!"
                : undefined);
      if (name === undefined && /^conditional expression/.test(finding.message)) return { name: "if" };
      return name === undefined ? undefined : { name };
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} uses \`${match.facts["name"] ?? "&&"}\` with tensors; C++ wants one truth value there, and a tensor has one for each element.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      return [
        name === "?:"
          ? "# torch::where(condition, a, b), element by element"
          : name === "!"
            ? "# torch::logical_not(x), or ~m of a mask"
            : name === "||"
              ? "# torch::logical_or(a, b), or (x > 0) | (x < 1) with brackets"
              : "# torch::logical_and(a, b), or (x > 0) & (x < 1) with brackets",
        "# one truth value for all: (x > 0).all().item<bool>(), .any().item<bool>()",
      ];
    },
    sources: [api],
    examples: [
      {
        text: "ext.cpp:1:62: error: no match for ‘operator&&’ (operand types are ‘at::Tensor’ and ‘at::Tensor’)",
        expect: "torch::logical_and",
      },
      {
        text: "ext.cpp:1:43: error: value of type 'Tensor' is not contextually convertible to 'bool'\n    1 | torch::Tensor f(torch::Tensor x) { return (x > 0) ? x : -x; }\n      |                                           ^~~~~~~",
        expect: "torch::where",
      },
      {
        text: "ext.cpp:1:54: error: no match for ‘operator!’ (operand type is ‘at::Tensor’)",
        expect: "torch::logical_not",
      },
    ],
  },
  {
    id: "loop-over-tensor",
    title: "A for loop over a tensor",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      said(finding, new RegExp(`invalid range expression of type '${tensorType}'`)) ??
      (!/[\\/]torch[\\/]include[\\/]/.test(finding.file ?? "") &&
      /^[‘'](?:begin|end)[’'] was not declared in this scope|range-based "?for"? .*(?:begin|requires)/.test(
        finding.message,
      ) &&
      /\bfor\s*\([^;:]*[\w&] :\s*\w+\)/.test(finding.source ?? "")
        ? { unsure: "yes" }
        : undefined),
    confidence: (match) => (match.facts["unsure"] === undefined ? "high" : "medium"),
    cause: (match) =>
      `${codeAt(match.finding)} loops over a tensor${match.facts["unsure"] === undefined ? "" : " (or another object without begin and end)"}, which Python allows and C++ does not.`,
    fix: (match) => [
      ...editPrintedLine(match, [["(for *\\([^;:]*[^:;] *:) *([A-Za-z_][A-Za-z0-9_]*) *\\)", "\\1 \\2.unbind(0))"]]),
      "# for (auto row : x.unbind(0)) { … }   (tensors), or for (int64_t i = 0; i < x.size(0); ++i) { auto row = x[i]; … }",
      "# numbers, fast: auto a = x.accessor<float, 1>(); for (int64_t i = 0; i < a.size(0); ++i) s += a[i];",
    ],
    sources: [api],
    examples: [
      {
        text: "ext.cpp:1:53: error: invalid range expression of type 'torch::Tensor'; no viable 'begin' function available",
        expect: "x.unbind(0)",
      },
      {
        text: "ext.cpp:1:55: error: ‘begin’ was not declared in this scope\n    1 | float f(torch::Tensor x) { float s = 0; for (auto v : x) s += v.item<float>(); return s; }\n      |                                                       ^",
        expect: "x.unbind(0)",
      },
    ],
  },
  {
    id: "python-operator-in-cpp",
    title: "An operator of Python that C++ does not have",
    on: ["compile"],
    specificity: 76,
    matches: (finding) =>
      /^(?:indirection requires pointer operand|invalid type argument of unary [‘']\*|operand of "\*" must be a pointer|illegal indirection)/.test(
        finding.message,
      ) && /[\w)\]]\s*\*\*\s*[\w(]/.test(finding.source ?? "")
        ? { name: "**" }
        : /^(?:stray [‘']@[’'] in program|unexpected '@' in program|unrecognized token|unknown character '0x40')/.test(
              finding.message,
            ) &&
            (finding.source === undefined || /@/.test(finding.source)) &&
            (/@/.test(finding.message) || /@/.test(finding.source ?? ""))
          ? { name: "@" }
          : undefined,
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} uses Python's operator \`${match.facts["name"] ?? ""}\`, which C++ does not have.`,
    fix: (match) => [
      // The function of that name that fits is found by the types of its arguments: torch's, or the C library's.
      ...editLine(match, [
        match.facts["name"] === "@"
          ? ["([A-Za-z_][A-Za-z0-9_]*) *@ *([A-Za-z_][A-Za-z0-9_]*)", "torch::matmul(\\1, \\2)"]
          : ["([A-Za-z_][A-Za-z0-9_]*) *\\*\\* *([A-Za-z0-9_.]+)", "pow(\\1, \\2)"],
      ]),
      match.facts["name"] === "@"
        ? "# torch::matmul(x, y) in place of x @ y"
        : "# x.pow(2) for tensors, std::pow(a, 2) (powf in kernels) for numbers, a * a for squares",
    ],
    sources: [api],
    examples: [
      {
        text: "ext.cpp:1:46: error: invalid type argument of unary ‘*’ (have ‘int’)\n    1 | torch::Tensor f(torch::Tensor x) { return x ** 2; }\n      |                                              ^~~",
        expect: "x.pow(2)",
      },
      { text: "ext.cpp:1:62: error: stray ‘@’ in program", expect: "torch::matmul" },
    ],
  },
  {
    id: "function-base-without-own-type",
    title: "torch::autograd::Function without the class's own name",
    on: ["compile"],
    // Above what a torch before autograd::Function says.
    specificity: 83,
    matches: (finding) =>
      /^(?:expected class[- ]name|[‘'].*[’'] is not a class|not a class or struct name|invalid use of template-name|use of class template)/.test(
        finding.message,
      )
        ? (/\b(?:struct|class)\s+(?<name>\w+)[^:{]*:\s*(?:public\s+)?(?:torch::autograd::)?Function\s*(?:\{|$)/.exec(
            finding.source ?? "",
          )?.groups ?? undefined)
        : undefined,
    confidence: "high",
    cause: (match) => `${codeAt(match.finding)}: Function is a template, and wants the class itself as its argument.`,
    fix: (match) => [
      ...editPrintedLine(match, [
        ["(torch::autograd::)?Function *(\\{|$)", `torch::autograd::Function<${match.facts["name"] ?? "F"}> \\2`],
      ]),
      `# struct ${match.facts["name"] ?? "F"} : public torch::autograd::Function<${match.facts["name"] ?? "F"}> { static … forward(…); static … backward(…); };`,
    ],
    sources: ["https://docs.pytorch.org/tutorials/advanced/cpp_autograd.html"],
    examples: [
      {
        text: "ext.cpp:2:28: error: expected class-name before ‘{’ token\n    2 | struct Scale : public Function { };\n      |                            ^",
        expect: "Function<Scale>",
      },
      {
        text: "ext.cpp:7:52: error: expected class-name before ‘{’ token\n    7 | struct Cube : public torch::autograd::Function {\n      |                                                ^",
        expect: "Function<Cube>",
      },
    ],
  },
  {
    id: "factory-options-apart",
    title: "The dtype and the device of a new tensor are given one by one",
    on: ["compile"],
    specificity: 81,
    matches: (finding) => {
      const call =
        /\b(?:torch|at)::(?<name>zeros|ones|empty|full|randn?|randint|arange|linspace|eye|tensor|from_blob)\s*\([^;]*?,\s*(?:torch|at)::k\w+\s*,\s*(?:(?:torch|at)::(?:kC\w+|Device|device)|x\.device|[\w.]*device)/.exec(
          finding.source ?? "",
        ) ??
        /\b(?:torch|at)::(?<name>zeros|ones|empty|full|randn?|eye)\s*\([^;]*?,\s*(?:torch|at)::kC(?:UDA|PU)\s*,\s*(?:torch|at)::k[A-Z]/.exec(
          finding.source ?? "",
        );
      return call !== null &&
        /too many arguments|no matching function|could not convert|cannot convert|no instance of|conver/.test(
          finding.message,
        )
        ? { name: call.groups?.["name"] }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} passes dtype and device to torch::${match.facts["name"] ?? "zeros"} as two arguments, as Python does by name; in C++ they go into one TensorOptions.`,
    fix: (match) => [
      ...editPrintedLine(match, [
        [
          "((torch|at)::k[A-Za-z0-9]+), *((torch|at)::kC[A-Za-z]+|[A-Za-z_][A-Za-z0-9_]*\\.device\\(\\))",
          "torch::dtype(\\1).device(\\3)",
        ],
        ["((torch|at)::kC(UDA|PU)), *((torch|at)::k[A-Z][a-z][A-Za-z0-9]*)", "torch::dtype(\\4).device(\\1)"],
      ]),
      `# torch::${match.facts["name"] ?? "zeros"}({n, m}, torch::dtype(torch::kFloat32).device(torch::kCUDA)), or x.options() of a tensor that is like it`,
    ],
    sources: ["https://docs.pytorch.org/cppdocs/notes/tensor_creation.html"],
    examples: [
      {
        text: "ext.cpp:1:75: error: too many arguments to function call, expected at most 2, have 3\n    1 | torch::Tensor f(int64_t n) { return torch::zeros({n, n}, torch::kFloat32, torch::kCUDA); }\n      |                                     ~~~~~~~~~~~~                          ^~~~~~~~~~~~",
        expect: "torch::dtype(torch::kFloat32)",
      },
    ],
  },
  {
    id: "void-pointer-arithmetic",
    title: "data_ptr() without a type is counted on",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      /arithmetic on a pointer to void|pointer of type [‘']void ?\*[’'] used in arithmetic|expression must be a pointer to a complete object type|unknown size|'void \*': unknown size/.test(
        finding.message,
      ) && /\bdata_ptr\s*\(\)/.test(finding.source ?? "")
        ? {}
        : undefined,
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} adds to (or indexes) x.data_ptr(), which is a \`void*\`: the compiler does not know how large an element is.`,
    fix: (match) => {
      const type = /\b(float|double|int64_t|int|uint8_t|int8_t|bool) ?\*/.exec(match.finding.source ?? "")?.[1];
      return [
        ...(type === undefined ? [] : editPrintedLine(match, [["data_ptr *\\(\\)", `data_ptr<${type}>()`]])),
        "# x.data_ptr<float>() + n",
      ];
    },
    sources: [api],
    examples: [
      {
        text: "ext.cpp:1:49: error: arithmetic on a pointer to void\n    1 | float* f(torch::Tensor x) { return x.data_ptr() + 4; }\n      |                                    ~~~~~~~~~~~~ ^",
        expect: "x.data_ptr<float>() + n",
      },
    ],
  },
  {
    id: "sizes-compared-with-braces",
    title: "sizes() is compared with a list in braces",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      /^initializer list cannot be used on the right hand side of operator|^expected (?:primary-)?expression(?: before [‘']\{[’'] token)?$|^expected an expression/.test(
        finding.message,
      ) && /(?:sizes|strides)\(\)\s*[!=]=\s*\{/.test(finding.source ?? "")
        ? {}
        : undefined,
    confidence: "high",
    cause: (match) => `${codeAt(match.finding)}: braces alone are no value behind == or != in C++.`,
    fix: (match) => [
      ...editPrintedLine(match, [["((sizes|strides)\\(\\) *[!=]=) *(\\{[^}]*\\})", "\\1 at::IntArrayRef(\\3)"]]),
      "# x.sizes() == at::IntArrayRef({2, 3}), or std::vector<int64_t>{2, 3}",
    ],
    sources: [api],
    examples: [
      {
        text: "ext.cpp:1:47: error: expected primary-expression before ‘{’ token\n    1 | bool f(torch::Tensor x) { return x.sizes() == {2, 3}; }\n      |                                               ^",
        expect: "at::IntArrayRef",
      },
    ],
  },
];
