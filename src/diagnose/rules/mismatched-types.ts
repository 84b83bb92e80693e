/** Types that do not fit in a source of one's own, in plain words: const, pointers, operators, conversions. */
import { conversionOf } from "../facts/conversion.ts";
import { editPrintedLine } from "../commands/source-edits.ts";
import { codeAt, type Rule, saidAny } from "../rule.ts";
import { foreignHeader } from "../tables/foreign-headers.ts";
import { inOwnSource, quote, reference } from "./plain-mistakes.ts";

/** The variable that gets another value in the line. */
function assignedTo(source: string | undefined): string | undefined {
  return /(?<![\w.>:<])(?!const\b)([A-Za-z_]\w*)\s{0,3}[-+*/]?=(?!=)/.exec(
    (source ?? "").replaceAll(
      /\b(?:auto|const|torch::Tensor|at::Tensor|Tensor|int|float|double|bool|int64_t)[ &]{1,4}\w+\s{0,3}=/g,
      "",
    ),
  )?.[1];
}

export const mismatchedTypeRules: readonly Rule[] = [
  {
    id: "dot-and-arrow",
    title: "`.` where `->` is wanted, or the other way round",
    on: ["compile"],
    role: "generic",
    specificity: 12,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^request for member [‘'](?<name>\w+)[’'] in [‘'](?<object>[^’']*)[’'], which is of pointer type/,
        /^member reference type '(?<type>[^']+)' is (?<kind>a pointer|not a pointer)/,
        /^expression must have class type but it has type "(?<type>[^"]+\*)"/,
        /^base operand of [‘']->[’'] (?<kind>has non-pointer) type [‘'](?<type>[^’']+)[’']/,
        /^operator -> or ->\* applied to "(?<type>[^"]+)" (?<kind>instead of to a pointer)/,
        /^left of '\.(?<name>\w+)' must have class\/struct\/union/,
        /^type '(?<type>[^']+)' (?<kind>does not have an overloaded member) 'operator ->'/,
      ),
    confidence: "medium",
    cause: (match) =>
      /non|not|instead/.test(match.facts["kind"] ?? "")
        ? `${codeAt(match.finding)} writes \`->\` behind an object that is no pointer${match.facts["type"] === undefined ? "" : ` (\`${match.facts["type"]}\`)`}; its members are reached with \`.\`.`
        : `${codeAt(match.finding)} writes \`.\` behind a pointer${match.facts["type"] === undefined ? "" : ` (\`${match.facts["type"]}\`)`}; members are reached through a pointer with \`->\`.`,
    fix: (match) => {
      const { kind = "", name, object } = match.facts;
      if (/non|not|instead/.test(kind)) return ["# x.name in place of x->name"];
      return [
        ...(name !== undefined && /^\w+$/.test(object ?? "")
          ? editPrintedLine(match, [[`\\b${object ?? ""}\\.${name}\\b`, `${object ?? ""}->${name}`]])
          : []),
        "# p->name in place of p.name (or (*p).name)",
      ];
    },
    sources: [`${reference}/operator_member_access`],
    examples: [
      {
        text: "a.cpp:1:43: error: request for member ‘a’ in ‘s’, which is of pointer type ‘S*’ (maybe you meant to use ‘->’ ?)",
        expect: "p->name",
      },
      {
        text: "a.cpp:7:9: error: request for member ‘save_for_backward’ in ‘ctx’, which is of pointer type ‘torch::autograd::AutogradContext*’ (maybe you meant to use ‘->’ ?)\n    7 |     ctx.save_for_backward({a, b});\n      |         ^~~~~~~~~~~~~~~~~",
        expect: "7s/\\bctx\\.save_for_backward\\b/ctx->save_for_backward/g",
      },
      { text: 'k.cu(2): error: expression must have class type but it has type "my::P *"', expect: "p->name" },
    ],
  },
  {
    id: "call-operator-not-const",
    title: "A function object is const where it is called, and its operator() is not",
    on: ["compile"],
    specificity: 72,
    matches: (finding) =>
      saidAny(
        finding,
        /^no instance of (?:overloaded )?function "(?:.*::)?(?<type>\w+)(?:<.*>)?::operator\(\)".*object has type qualifiers that prevent a match/,
        /^no match for call to [‘']\(const (?<type>[\w:]+)(?:<[^’']*>)?\)/,
        /^'this' argument to member function 'operator\(\)' has type 'const (?:struct )?(?<type>[\w:]+)/,
        /^passing [‘']const (?<type>[\w:]+)(?:<[^’']*>)?[’'] as [‘']this[’'] argument discards qualifiers/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} calls an object of type \`${match.facts["type"] ?? ""}\` that is const there, and its operator() is not marked const, so it may not be called (a kernel's parameter, an element of a tuple, a capture of a lambda are const).`,
    fix: (match) => [
      `# in ${match.facts["type"] ?? "the struct"}: __host__ __device__ float operator()(float v) const { … }   # const behind the brackets`,
      "# it changes its own members: take the object by value and without const where it is called, or mark those members mutable",
    ],
    sources: [`${reference}/member_functions`],
    examples: [
      {
        text: 'map.cuh(8): error: no instance of function "SoftClip::operator()" matches the argument list and object (the object has type qualifiers that prevent a match)\n            argument types are: (const float)\n            object type is: const SoftClip\n      out[i] = f(in[i]);',
        expect: "const behind the brackets",
      },
      {
        text: "a.cpp:9:12: error: no match for call to ‘(const Scale) (const float&)’",
        expect: "in Scale:",
      },
    ],
  },
  {
    id: "const-not-kept",
    title: "Something const is to be changed",
    on: ["compile"],
    role: "generic",
    specificity: 12,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^(?:binding reference of type|passing) .*(?:discards qualifiers|drops '?const'? qualifier)/,
        /^'this' argument to member function '(?<name>[^']+)' has type 'const /,
        /^the object has type qualifiers that are not compatible with the member function/,
        /^assignment of (?:read-only (?:location|reference|variable|parameter|member)|member [‘'][^’']+[’'] in read-only object)/,
        /^(?:cannot assign to|read-only variable is not assignable)/,
        /^expression must be a modifiable lvalue/,
        /l-value specifies const object|cannot convert 'this' pointer from 'const /,
        /^qualifiers dropped in binding reference/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)} changes something that is const there, or hands it to a function that may change it (a parameter \`T&\` or \`T*\` without const, a method that is not marked const): ${match.finding.message.slice(0, 200)}.`,
    fix: (match) => [
      ...(/const at::Tensor|'const (?:at::|torch::)?Tensor/.test(match.finding.message)
        ? [
            ...editPrintedLine(match, [
              [
                `const +((torch|at)::)?Tensor *& *${assignedTo(match.finding.source) ?? "x"}\\b`,
                `\\1Tensor ${assignedTo(match.finding.source) ?? "x"}`,
              ],
            ]),
            `# a parameter that is given another value: torch::Tensor ${assignedTo(match.finding.source) ?? "x"} in place of const torch::Tensor& ${assignedTo(match.finding.source) ?? "x"} (in the declaration, too), or another variable: auto y = …; what changes its elements may stay const: x.add_(1)`,
          ]
        : []),
      "# what only reads takes const T& or const T*; a method that changes nothing is marked so: int get() const { … }",
      "# what has to be written must not be const: float* in place of const float* in the parameters; a lambda that changes its captures: [=]() mutable { … }",
    ],
    sources: [`${reference}/cv`],
    examples: [
      {
        text: "a.cpp:1:89: error: binding reference of type ‘at::Tensor&’ to ‘const at::Tensor’ discards qualifiers",
        expect: "const T&",
      },
      { text: "k.cu(1): error: expression must be a modifiable lvalue", expect: "const" },
      {
        text: "a.cpp:4:9: error: 'this' argument to member function 'get' has type 'const S', but function is not marked const",
        expect: "get() const",
      },
    ],
  },
  {
    id: "temporary-bound-to-reference",
    title: "A temporary value is given where a variable is wanted",
    on: ["compile"],
    role: "generic",
    specificity: 12,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^cannot bind non-const lvalue reference of type [‘'](?<type>[^’']+)[’'] to an rvalue/,
        /^non-const lvalue reference to type '(?<type>[^']+)' cannot bind to a temporary/,
        /^initial value of reference to non-const must be an lvalue/,
        /A non-const reference may only be bound to an lvalue/,
        /cannot convert argument \d+ from '(?<type>[^']+)' to '\k<type> &'/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)} passes the result of an expression or call to a parameter${match.facts["type"] === undefined ? " `T&`" : ` \`${match.facts["type"]}\``}, which takes only a variable: the function could change what would be gone at once.`,
    fix: () => [
      "# auto y = x.contiguous(); f(y);   or declare the parameter by value or as const T& (const torch::Tensor&)",
    ],
    sources: [`${reference}/reference_initialization`],
    examples: [
      {
        text: "a.cpp:1:68: error: cannot bind non-const lvalue reference of type ‘at::Tensor&’ to an rvalue of type ‘at::Tensor’",
        expect: "auto y",
      },
      { text: "k.cu(3): error: initial value of reference to non-const must be an lvalue", expect: "auto y" },
    ],
  },
  {
    id: "operands-of-wrong-type",
    title: "An operator gets operands that it does not take",
    on: ["compile"],
    role: "generic",
    specificity: 12,
    matches: (finding) => {
      const facts = inOwnSource(
        finding,
        /^expression must have integral or unscoped enum type/,
        /^invalid operands (?:of types [‘'](?<left>[^’']+)[’'] and [‘'](?<right>[^’']+)[’'] )?to binary (?:expression \('(?<left2>[^']+)'(?: \(aka [^)]+\))? and '(?<right2>[^']+)'|[‘']operator(?<name>[^’']+)[’'])/,
        /^no match for [‘']operator(?<name>[^’']+)[’'] \(operand types are [‘'](?<left>[^’']+)[’'](?: \{aka [^}]+\})? and [‘'](?<right>[^’']+)[’']/,
        /^no operator "(?<name>[^"]+)" matches these operands/,
        /^binary '(?<name>[^']+)': (?:no operator found|'[^']+' does not define)/,
        /^'(?<name>[^']+)': (?:illegal, )?(?:left|right) operand has type '(?<left>[^']+)'/,
        /^array subscript is not (?:of (?:integral|integer) type|an integer)/,
      );
      return facts === undefined ? undefined : { ...facts, source: finding.source ?? "" };
    },
    confidence: "medium",
    cause: (match) => {
      const { left, right, name } = match.facts;
      const operands = left === undefined || right === undefined ? "" : `: \`${left}\` and \`${right}\``;
      return /integral|integer|'%'|operator%/.test(match.finding.message) || name === "%"
        ? `${codeAt(match.finding)} uses a float (or a pointer) where only an integer goes: in an index [ ], with %, <<, >> or &.`
        : `${codeAt(match.finding)}: ${name === undefined ? "no operator" : `no operator \`${name}\``} takes these operands${operands}. One of them is of another type than it was thought to be (an optional, a pointer, a container, a class without that operator).`;
    },
    fix: (match) => {
      const source = match.facts["source"] ?? "";
      const types = `${match.facts["left"] ?? ""} ${match.facts["right"] ?? ""}`;
      return [
        ...(/\w\s*<<\s*[^<>;]{1,120}>>\s*\(/.test(source)
          ? ["# a kernel is launched with three: k<<<grid, block>>>(…)"]
          : /%/.test(source) || match.facts["name"] === "%"
            ? ["# fmodf(a, b) for float, fmod(a, b) for double"]
            : []),
        ...(/char ?\[|char ?\*/.test(types)
          ? ['# text and values: c10::str("sizes ", x.sizes()), std::to_string(n); std::string("…") + … for two texts']
          : []),
        ...(/TensorAccessor/.test(types)
          ? [
              "# an accessor of two dimensions gives a row for one index: a[i][j] for the number, or accessor<float, 1> for a tensor of one dimension",
            ]
          : []),
        ...(/ArrayRef</.test(types)
          ? [
              "# x.sizes() is a list: x.size(0) + 1 for one of them; a changed list: auto v = x.sizes().vec(); v[0] += 1; torch::empty(v, x.options())",
            ]
          : []),
        ...(/optional</.test(types) ? ["# *b in place of b, after if (b.has_value())"] : []),
        ...(/Tensor/.test(types) && /=$/.test(match.facts["name"] ?? "")
          ? ["# a number and a tensor: s += x.item<float>()"]
          : []),
        "# convert one of the two: static_cast<int>(i) for an index; *p for what a pointer points to",
      ];
    },
    sources: [`${reference}/operators`],
    examples: [
      {
        text: "k.cu(1): error: expression must have integral or unscoped enum type\n  __attribute__((global)) void k(float* x) { x[0] = x[0] % 2.0f; }\n                                                    ^",
        expect: "fmodf",
      },
      {
        text: "a.cpp:1:77: error: no match for ‘operator+’ (operand types are ‘my::Grid’ and ‘std::optional<my::Grid>’)",
        expect: "*b",
      },
    ],
  },
  {
    id: "subscript-of-a-number",
    title: "[ ] behind something that is no array",
    on: ["compile"],
    role: "generic",
    specificity: 12,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^invalid types [‘'](?<type>[^’'[]+)\[[^’']*[’'] for array subscript/,
        /^subscripted value is not an array, pointer, or vector/,
        /^expression must have pointer(?:-to-object| to object|-to-object or handle-to-C\+\+\/CLI-array)? type(?: but it has type "(?<type>[^"]+)")?/,
        /subscript requires array or pointer type/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)} puts [ ] behind ${match.facts["type"] === undefined ? "a value that is neither array nor pointer" : `a \`${match.facts["type"]}\`, which is neither array nor pointer`}: a parameter lacks its \`*\`, or there is one [ ] too many.`,
    fix: () => [
      "# float* x in place of float x in the parameters; a flat pointer of a matrix: x[i * cols + j] in place of x[i][j]",
    ],
    sources: [`${reference}/operator_member_access`],
    examples: [
      {
        text: 'k.cu(1): error: expression must have pointer-to-object type but it has type "float"',
        expect: "float* x",
      },
      { text: "a.cpp:1:43: error: invalid types ‘float[int]’ for array subscript", expect: "i * cols + j" },
    ],
  },
  {
    id: "conversion-refused",
    title: "A value of one type where another is wanted",
    on: ["compile"],
    role: "generic",
    specificity: 11,
    matches: (finding) => {
      if (finding.severity === "warning" || finding.severity === "note" || foreignHeader.test(finding.file ?? ""))
        return undefined;
      const conversion = conversionOf(finding);
      return conversion === undefined || conversion.from === conversion.to
        ? undefined
        : { from: conversion.from, to: conversion.to };
    },
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)} gives \`${match.facts["from"] ?? ""}\` where \`${match.facts["to"] ?? ""}\` is wanted, and C++ does not turn the one into the other by itself.`,
    fix: (match) => {
      const { from = "", to = "" } = match.facts;
      const known: readonly string[] = /unique_ptr|shared_ptr/.test(to)
        ? ["# std::make_unique<T>(…) or std::make_shared<T>(…) in place of new T(…)"]
        : /^(?:const )?void ?\*$/.test(from)
          ? [
              `# static_cast<${to}>(p); of a tensor: x.data_ptr<${to.replace(/\bconst\b|[*\s]/g, "")}>() in place of x.data_ptr()`,
            ]
          : /string/.test(from) && /char ?\*$/.test(to)
            ? ["# s.c_str()"]
            : /^(?:cuda|hip)\w+_t$/.test(from) && to.startsWith(from)
              ? [
                  "# the address is wanted, because the function writes there: cudaStreamCreate(&s), cudaEventCreate(&e)",
                ]
              : /TensorAccessor</.test(from) && /\*$/.test(to)
                ? [
                    "# a row of an accessor is no pointer: a[i].data() is its address, where the last dimension is contiguous; else take the elements: a[i][j]",
                  ]
                : /\*$/.test(to) && !/\*$/.test(from)
                  ? ["# the address is wanted: &x; of a vector or tensor: v.data(), x.data_ptr<float>()"]
                  : /\*$/.test(to) && /\*$/.test(from)
                    ? [
                        `# one type on both sides: declare the parameter as ${from}, or pass a ${to}; a template takes both: template <typename T> … T*`,
                      ]
                    : /\*$/.test(from)
                      ? ["# the value is wanted: *p"]
                      : [];
      const change =
        "change the type of the variable, of the parameter or of what the function gives back, in its declaration and its definition";
      return known.length === 0 ? [`# ${change}, or convert the value there`] : [...known, `# or ${change}`];
    },
    sources: [`${reference}/implicit_conversion`],
    examples: [
      {
        text: "a.cpp:16:27: error: cannot convert ‘torch::headeronly::detail::TensorAccessor<c10::ArrayRef<long int>, float, 1, torch::headeronly::DefaultPtrTraits, long int>’ to ‘const float*’ in initialization",
        expect: "a[i].data()",
      },
      { text: "a.cpp:1:9: error: cannot convert ‘my::Grid’ to ‘my::Mesh’ in initialization", expect: "my::Mesh" },
      {
        text: 'k.cu(3): error: argument of type "double *" is incompatible with parameter of type "float *"',
        expect: "one type on both sides",
      },
    ],
  },
  {
    id: "constant-wanted",
    title: "A value known while compiling is wanted, and a variable is given",
    on: ["compile"],
    role: "generic",
    specificity: 12,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^expression must have a constant value/,
        /^the value of [‘'](?<name>[^’']+)[’'] is not usable in a constant expression/,
        /^non-type template argument is not a constant expression/,
        /expression did not evaluate to a constant|expected constant expression/,
        /^case value is not a constant expression/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)} uses ${match.facts["name"] === undefined ? "a variable" : quote(match)} as the length of an array, an argument of a template or a case, where only a number that is known while compiling goes.`,
    fix: () => [
      "# constexpr int N = 32; where the number is fixed",
      "# a kernel's template argument that is known at run time: switch (n) { case 32: k<float, 32><<<grid, block>>>(x); break; case 64: … }; else make it an ordinary parameter",
    ],
    sources: [`${reference}/constant_expression`],
    examples: [{ text: "k.cu(2): error: expression must have a constant value", expect: "switch (n)" }],
  },
];
