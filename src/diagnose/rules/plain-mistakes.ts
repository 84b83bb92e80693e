/** Ordinary slips in a source of one's own, in plain words: what the compiler means, whatever it is about. */
import type { Finding } from "../finding.ts";
import { foreignHeader } from "../tables/foreign-headers.ts";
import { codeAt, type Match, type MatchFacts, placeOf, type Rule, saidAny } from "../rule.ts";
import { editFile, editPrintedLine, isGenerated, loadingScript, orInWords } from "../commands/source-edits.ts";

export const reference = "https://en.cppreference.com/w/cpp/language";

export function inOwnSource(finding: Finding, ...patterns: readonly RegExp[]): MatchFacts | undefined {
  return finding.severity === "warning" || finding.severity === "note" || foreignHeader.test(finding.file ?? "")
    ? undefined
    : saidAny(finding, ...patterns);
}

export function quote(match: Match): string {
  const name = match.facts["name"];
  return name === undefined ? "" : `\`${name}\``;
}

function lookAt(match: Match): string {
  const { file, line } = match.finding;
  return file === undefined || line === undefined
    ? "# read the line that the message names, and the one above it"
    : `sed -n '${Math.max(1, line - 3)},${line + 1}p' ${file}   # the line, and those above it`;
}

/** Whether two names differ by one letter left out, doubled, exchanged or put in, or by two neighbours exchanged. */
function isSlip(name: string, other: string): boolean {
  if (name === other || /\d$/.test(other) || /\d$/.test(name)) return false;
  const [short, long] = name.length <= other.length ? [name, other] : [other, name];
  if (long.length - short.length > 1) return false;
  let start = 0;
  while (start < short.length && short[start] === long[start]) start++;
  if (short.slice(start) === long.slice(start + 1)) return start > 1;
  if (long.length !== short.length) return false;
  return (
    short.slice(start + 1) === long.slice(start + 1) ||
    (short[start] === long[start + 1] &&
      short[start + 1] === long[start] &&
      short.slice(start + 2) === long.slice(start + 2))
  );
}

/** What holds another object. */
const pointer = /^(?:const )?(?:class )?(?:std::(?:__1::)?(?:shared_ptr|unique_ptr|weak_ptr)|c10::intrusive_ptr)\b/;

/** The items of modules() in code for LibTorch 1.0. */
function ofModules({ facts }: Match): boolean {
  return /ptr<torch::nn::Module\b/.test(facts["type"] ?? "") && /^(?:value|key)$/.test(facts["name"] ?? "");
}

/** Who called load_inline(): `a.py:6`. */
function scriptOf(match: Match): string {
  const script = loadingScript(match);
  return script === undefined ? "The script" : `${script.file}:${script.line}`;
}

export const plainMistakeRules: readonly Rule[] = [
  {
    id: "semicolon-missing",
    title: "A semicolon is missing",
    on: ["compile"],
    role: "generic",
    specificity: 12,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^expected (?:[‘',’ or]*)?[‘']?;[’']? (?:before|at end of|after)\b(?: [‘'](?<name>[^’']+)[’'])?/,
        /^expected a ";"/,
        /^expected ';' (?:after|at end)/,
        /missing ';' before (?:identifier )?'(?<name>[^']+)'/,
        /^expected [‘']?[,:;{(]+[’']?(?:(?:,| or) [‘'][^’']+[’'])* (?:before|after) (?:struct|class|union) definition/,
      ),
    confidence: "medium",
    cause: (match) =>
      `A \`;\` is missing just before ${placeOf(match.finding) === "" ? "the place" : placeOf(match.finding)}${match.facts["name"] === undefined ? "" : ` (before ${quote(match)})`}: at the end of that statement, most often on the line above, or after the } of a class or struct. Where an unknown type or macro begins the line, it is that which the compiler did not understand.`,
    fix: (match) => [lookAt(match), "# put the ; there; what follows in the log is often the echo of it"],
    sources: [`${reference}/statements`],
    examples: [
      { text: "ext.cpp:2:17: error: expected ‘,’ or ‘;’ before ‘return’", expect: "`;` is missing" },
      { text: "ext.cpp:2:17: error: expected ';' at end of declaration", expect: "`;` is missing" },
      { text: 'k.cu(9): error: expected a ";"', expect: "`;` is missing" },
      { text: "ext.cpp(3): error C2143: syntax error: missing ';' before '}'", expect: "`;` is missing" },
    ],
  },
  {
    id: "brackets-not-balanced",
    title: "A bracket is open, or one is closed too many",
    on: ["compile"],
    role: "generic",
    specificity: 12,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^expected (?<name>[‘'][)}\]][’']) (?:before|at end of)/,
        /^expected (?<name>'[)}\]]')$/,
        /^expected a "(?<name>[)}\]])"/,
        /missing '(?<name>[)}\]])' before/,
        /^expected declaration before [‘'](?<name>\})[’'] token/,
        /^extraneous closing brace \('(?<name>\})'\)/,
        /^(?:unterminated (?:argument list invoking macro|function-like macro invocation)|unexpected end of file (?:found|in macro expansion))/,
        /^a? ?function-?\s?definition is not allowed here/,
        /'(?<name>\{)': no matching token found|local function definitions are illegal/,
      ),
    confidence: "medium",
    cause: (match) =>
      /function-?\s?definition|local function/.test(match.finding.message)
        ? `${codeAt(match.finding)} begins a function inside another one, as the compiler sees it: the } of the function above is missing (or one { too many stands in it).`
        : `Brackets do not balance at ${placeOf(match.finding) === "" ? "the place" : placeOf(match.finding)}${match.facts["name"] === undefined ? "" : ` (${match.facts["name"].replace(/[‘’']/g, "`")})`}: one of ( [ { opened before it is not closed, or one is closed too many. The slip stands at that place or above it.`,
    fix: (match) => [
      lookAt(match),
      "# count them: an editor shows the partner of a bracket; clang-format --dry-run shows where the indentation goes astray",
    ],
    sources: [`${reference}/statements`],
    examples: [
      { text: "ext.cpp:9:63: error: expected ‘)’ before ‘;’ token", expect: "not closed" },
      { text: "ext.cpp:9:2: error: expected ‘}’ at end of input", expect: "not closed" },
      { text: 'k.cu(4): error: expected a ")"', expect: "not closed" },
      { text: "ext.cpp(30): fatal error C1075: '{': no matching token found", expect: "not closed" },
      {
        text: "ext.cpp:4:35: error: a function-definition is not allowed here before ‘{’ token",
        expect: "above is missing",
      },
    ],
  },
  {
    id: "name-misspelt",
    title: "A name is misspelt",
    on: ["compile"],
    specificity: 76,
    matches: (finding) => {
      const facts =
        finding.severity === "warning" || foreignHeader.test(finding.file ?? "")
          ? undefined
          : saidAny(
              finding,
              /[‘'](?<name>[A-Za-z_]\w{4,})[’'](?: was not declared| is not a member| has not been declared| does not name|[;,])?.*; did you mean [‘'](?:\w+::)*(?<other>[A-Za-z_]\w{4,})[’']/,
              /(?:undeclared identifier|no member named|no type named|no template named|unknown type name) '(?<name>[A-Za-z_]\w{4,})'.*; did you mean '(?:\w+::)*(?<other>[A-Za-z_]\w{4,})'/,
            );
      const { name = "", other = "" } = facts ?? {};
      return facts !== undefined && isSlip(name, other) ? { name, other } : undefined;
    },
    confidence: "high",
    cause: (match) =>
      isGenerated(match.finding.file, match)
        ? `${scriptOf(match)} hands over ${quote(match)} (load_inline() wrote ${codeAt(match.finding)} out of its functions=[…] and sources), and the compiler knows \`${match.facts["other"] ?? ""}\`: the name is misspelt there.`
        : `${codeAt(match.finding)} writes ${quote(match)}, and the compiler knows \`${match.facts["other"] ?? ""}\`: a slip of the keyboard.`,
    fix: (match) => [
      ...orInWords(
        editFile(match, [[`\\b${match.facts["name"] ?? ""}\\b`, match.facts["other"] ?? ""]]),
        `${match.facts["name"] ?? ""} → ${match.facts["other"] ?? ""}`,
      ),
    ],
    sources: [`${reference}/scope`],
    examples: [
      {
        text: "ext.cpp:1:45: error: ‘class at::Tensor’ has no member named ‘contigous’; did you mean ‘contiguous’?",
        expect: "s/\\bcontigous\\b/contiguous/g",
      },
      {
        text: "ext.cpp:1:16: error: no type named 'gil_scoped_releas' in namespace 'pybind11'; did you mean 'gil_scoped_release'?",
        expect: "gil_scoped_release",
      },
      {
        text: 'Traceback (most recent call last):\n  File "/w/r.py", line 6, in <module>\n    mod = load_inline(name="r", cpp_sources=src, functions=["addone"])\n  File "/e/site-packages/torch/utils/cpp_extension.py", line 2174, in load_inline\n    return _jit_compile(\nRuntimeError: Error building extension \'r\': [1/2] g++ -c main.cpp\n/root/.cache/torch_extensions/py312_cu130/r/main.cpp:6:45: error: ‘addone’ was not declared in this scope; did you mean ‘add_one’?\n    6 | m.def("addone", torch::wrap_pybind_function(addone), "addone");\n      |                                             ^~~~~~',
        expect: "s/\\baddone\\b/add_one/g' /w/r.py",
      },
    ],
  },
  {
    id: "name-not-declared",
    title: "A name is used that nothing declares before",
    on: ["compile"],
    role: "generic",
    specificity: 11,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^[‘'"](?<name>[\w:~]+)[’'"] was not declared in this scope(?:[;,] did you mean [‘'](?<other>[^’']+)[’'])?/,
        /^use of undeclared identifier '(?<name>[^']+)'(?:[;,] did you mean '(?<other>[^']+)')?/,
        /^identifier "(?<name>[^"]+)" is undefined/,
        /^'(?<name>[^']+)': (?:undeclared identifier|identifier not found)/,
        /^(?:unknown type name '(?<name>[^']+)'|[‘'](?<name2>[\w:]+)[’'] does not name a type)(?:[;,] did you mean [‘'](?<other>[^’']+)[’'])?/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)} uses ${quote(match)}, which nothing above that line declares: it is misspelt, declared within other { } or further down, or its header or its \`namespace::\` is missing.`,
    fix: (match) => [
      ...(match.facts["other"] === undefined ? [] : [`# the compiler suggests ${match.facts["other"]}`]),
      ...((match.facts["name"]?.length ?? 0) < 4
        ? ["# declare it above its first use, or correct the name"]
        : [
            `grep -rnw '${(match.facts["name"] ?? "").split("::").at(-1) ?? ""}' --include='*.h' --include='*.hpp' --include='*.cuh' --include='*.cpp' --include='*.cu' .   # where it is declared: include that header, or write the declaration above its first use`,
          ]),
    ],
    sources: [`${reference}/scope`],
    examples: [
      { text: "b.cpp:1:13: error: ‘my_launcher’ was not declared in this scope", expect: "misspelt" },
      { text: 'k.cu(8): error: identifier "my_size" is undefined', expect: "my_size" },
      { text: "b.cpp(4): error C3861: 'my_launcher': identifier not found", expect: "my_launcher" },
    ],
  },
  {
    id: "member-unknown",
    title: "A class has no member of that name",
    on: ["compile"],
    role: "generic",
    specificity: 11,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^[‘'"](?:const )?(?:class |struct )?(?<type>.+?)[’'"](?: \{aka [^}]+\})? has no member named [‘'](?<name>\w+)[’'](?:; did you mean [‘'](?<other>[^’']+)[’'])?/,
        /^no member named '(?<name>\w+)' in '(?<type>[^']+)'(?:[;,] did you mean (?:to use )?'(?<other>[^']+)')?/,
        /^(?:class|struct) "(?<type>[^"]+)" has no member "(?<name>[^"]+)"/,
        /^'(?<name>\w+)': is not a member of '(?<type>[^']+)'/,
        /^[‘'](?<name>\w+)[’'] is not a member of [‘'](?<type>[^’']+)[’']/,
      ),
    confidence: "medium",
    cause: (match) =>
      pointer.test(match.facts["type"] ?? "")
        ? `${codeAt(match.finding)} asks \`${match.facts["type"] ?? ""}\` for ${quote(match)}: that is a smart pointer, and what it points to has its members behind \`->\`.${ofModules(match) ? " The code is for an early LibTorch (before 1.1), where modules() gave items with a key and a value; since then it gives the modules themselves." : ""}`
        : `${codeAt(match.finding)} asks \`${match.facts["type"] ?? ""}\` for ${quote(match)}, and that type has no such member: the name is misspelt, or the object is of another type than it was thought to be (auto, a pointer, an optional, a container).`,
    fix: (match) => [
      ...(ofModules(match)
        ? [
            "# m.value.name() → m->name(), m.value → m   (for (auto& m : this->modules()))",
            "# with names: for (auto& item : named_modules()) item.key(), item.value()->name()",
          ]
        : []),
      ...(pointer.test(match.facts["type"] ?? "") && !ofModules(match)
        ? editPrintedLine(match, [
            [`([A-Za-z0-9_\\])])\\.${match.facts["name"] ?? ""}\\b`, `\\1->${match.facts["name"] ?? ""}`],
          ])
        : []),
      ...(match.facts["other"] === undefined ? [] : [`# the compiler suggests ${match.facts["other"]}`]),
      "# look up the members of that type; of a pointer, a smart pointer or an optional: p->name in place of p.name",
    ],
    sources: [`${reference}/operator_member_access`, "Keson96/ResNet_LibTorch#1"],
    examples: [
      {
        text: "a.cpp:3:9: error: ‘struct my::Grid’ has no member named ‘cell_size’; did you mean ‘cells’?",
        expect: "suggests cells",
      },
      { text: 'k.cu(9): error: class "my::Grid" has no member "cels"', expect: "misspelt" },
      {
        text: "resnet.cpp:160:13: error: ‘class std::shared_ptr<torch::nn::Module>’ has no member named ‘value’",
        expect: "m->name()",
      },
    ],
  },
  {
    id: "arguments-match-no-function",
    title: "The arguments of a call fit no form of the function",
    on: ["compile"],
    role: "generic",
    specificity: 11,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^no matching (?:member )?function for call to [‘'](?<name>[^’']+)[’']/,
        /^(?<name>too (?:few|many) arguments (?:to|in|for) .*)/,
        /^no instance of (?:overloaded )?(?:function(?: template)?|constructor) "(?<name>[^"]+)" matches/,
        /^'(?<name>[^']+)': (?:function does not take \d+ arguments|no (?:matching )?overloaded function)/,
        /^no matching (?:constructor|conversion) for (?:initialization of|functional-style cast from .* to) '(?<name>[^']+)'/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${match.facts["name"]?.startsWith("too ") === true ? `${codeAt(match.finding)}: ${match.facts["name"]}` : `${codeAt(match.finding)}: no form of ${quote(match)} takes these arguments`}. Their number, their types (int64_t and int, a tensor and a pointer, const) or their order differ from the declaration, or the header has an older declaration than the definition.${match.finding.note === undefined ? "" : ` The compiler says of the first form: ${match.finding.note.slice(0, 200)}.`}`,
    fix: ({ finding }) => [
      ...(/argument types are: \([^)]*\bconst \w[\w:]* \*/.test(finding.message)
        ? [
            "# a const pointer is given: the parameter that only reads has to be const T* (const scalar_t* x), or the call gives x.data_ptr<T>() where it is written",
          ]
        : []),
      "# the notes (candidate: …) below the message name the parameters of each form, and which argument does not fit",
      "# change the call, or the declaration in the header and the definition together",
    ],
    sources: [`${reference}/overload_resolution`],
    examples: [
      { text: "a.cpp:3:9: error: no matching function for call to 'my_scale'", expect: "my_scale" },
      {
        text: 'k.cu(16): error: no instance of function template "axpy_kernel" matches the argument list\n            argument types are: (const double *, double *, double, const int64_t)',
        expect: "const scalar_t* x",
      },
      { text: "a.cpp:3:9: error: too few arguments to function ‘int my_scale(int, int)’", expect: "declaration" },
      { text: "a.cpp(3): error C2660: 'my_scale': function does not take 3 arguments", expect: "my_scale" },
    ],
  },
  {
    id: "defined-again",
    title: "A name is declared or defined a second time in one file",
    on: ["compile"],
    role: "generic",
    specificity: 12,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^(?:redefinition of(?: parameter)?|conflicting declaration|redeclaration of|class member cannot be redeclared:?) [‘'](?<name>[^’']+)[’']/,
        /^[‘'](?<name>[^’']+)[’'] (?:redeclared as|has a previous declaration|conflicts with a previous)/,
        /^(?:function |variable |class |struct )?"(?<name>[^"]+)" has already been (?:declared in the current scope|defined)/,
        /^'(?<name>[^']+)': (?:redefinition|function already has a body|'\w+' type redefinition|multiple initialization)/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)} declares ${quote(match)} a second time: twice in the same { }, in a header without #pragma once that is included twice, or once in a header with its body and again in the source.`,
    fix: () => [
      "# rename or drop one of the two; the note below the message says where the first one stands",
      "# in a header: #pragma once as the first line; bodies in one source alone, or inline",
    ],
    sources: [`${reference}/definition`],
    examples: [
      { text: "a.cpp:3:9: error: redefinition of 'my_size'", expect: "second time" },
      { text: 'k.cu(3): error: "my_size" has already been declared in the current scope', expect: "second time" },
      {
        text: "a.cpp(4): error C2371: 'my_size': redefinition; different basic types",
        expect: "second time",
      },
    ],
  },
  {
    id: "type-missing-in-declaration",
    title: "A declaration lacks its type",
    on: ["compile"],
    specificity: 58,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^ISO C\+\+ forbids declaration of [‘'](?<name>[^’']+)[’'] with no type/,
        /^(?:C\+\+ requires a type specifier|a type specifier is required) for all declarations/,
        /^this declaration has no storage class or type specifier/,
        /^(?:missing type specifier - int assumed|explicit type is missing)/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)} declares ${match.facts["name"] === undefined ? "something" : quote(match)} without a type: the type of the result is left out before a function's name, a statement stands outside of every function, or the line begins with a macro (TORCH_LIBRARY, PYBIND11_MODULE) or a type whose header is not included.`,
    fix: (match) => [
      lookAt(match),
      "# torch::Tensor f(torch::Tensor x) { … }; for the macros: #include <torch/extension.h> or <torch/library.h>",
    ],
    sources: [`${reference}/declarations`],
    examples: [
      {
        text: "ext.cpp:1:1: error: ISO C++ forbids declaration of ‘my_op’ with no type [-fpermissive]",
        expect: "without a type",
      },
      { text: "ext.cpp:1:1: error: a type specifier is required for all declarations", expect: "without a type" },
      {
        text: "ops.cpp(5): error C4430: missing type specifier - int assumed. Note: C++ does not support default-int",
        expect: "without a type",
      },
    ],
  },
  {
    id: "type-only-declared",
    title: "A type is only declared, and its inside is used",
    on: ["compile"],
    role: "generic",
    specificity: 12,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^invalid use of incomplete type [‘'](?:class |struct )?(?<name>[^’']+)[’']/,
        /^(?:member access into|variable has|field has) incomplete type '(?:class |struct )?(?<name>[^']+)'/,
        /^(?:incomplete (?:class )?type|pointer or reference to incomplete type|pointer to incomplete class type)(?: "(?<name>[^"]+)")? is not allowed/,
        /^(?:use of undefined type|'[^']+': uses undefined (?:class|struct)) '(?<name>[^']+)'/,
        /^(?:field|variable|aggregate) [‘'].*[’'] has (?:incomplete type|initializer but incomplete type)/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)} uses ${match.facts["name"] === undefined ? "a type" : quote(match)} of which only the name is declared (\`struct X;\`): the header with its members is not included there.`,
    fix: (match) => [
      `# include the header that defines ${match.facts["name"] ?? "it"}, not one that only declares it; a class within itself: hold it by pointer`,
    ],
    sources: [`${reference}/incomplete_type`],
    examples: [
      {
        text: "ops.cpp:18:4: error: invalid use of incomplete type ‘struct Grid’",
        expect: "only the name is declared",
      },
      { text: "ops.cpp(18): error C2027: use of undefined type 'Grid'", expect: "only the name is declared" },
    ],
  },
  {
    id: "override-differs",
    title: "A method marked override overrides nothing",
    on: ["compile"],
    role: "generic",
    specificity: 12,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^[‘'](?<name>[^’']+)[’'] marked [‘']override[’'], but does not override/,
        /^(?:non-virtual member function|'(?<name>[^']+)') marked 'override' (?:hides|but does not override)/,
        /^(?:member function declared with|"override"|.*"override") .*does not override a base class member/,
        /method with override specifier 'override' did not override any base class methods/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)}: ${match.facts["name"] === undefined ? "the method" : quote(match)} differs from that of the base class in its parameters, in const or in its name, or that one is not virtual.`,
    fix: (match) => [
      ...(/\b(?:at|c10d?|torch|nvinfer1)::|[Pp]lugin|RT\.h|ProcessGroup/.test(
        `${match.finding.message} ${match.finding.file ?? ""}`,
      )
        ? [
            "# the base class is of torch, TensorRT or another library: the project is for another release of it than the one that is found; take the branch or release of the project for that one (git branch -r; git tag)",
          ]
        : []),
      "# copy the declaration from the base class, const and noexcept included: int run(int) const override;",
    ],
    sources: [`${reference}/override`],
    examples: [
      { text: "a.cpp:1:62: error: ‘int my::B::run(int)’ marked ‘override’, but does not override", expect: "const" },
    ],
  },
];
