/** Slips in statements and declarations of one's own: brackets of one statement, members, words for classes only, lists as in Python. */
import { replacePrinted } from "../commands/printed-edits.ts";
import { withinBrackets } from "../text/call-text.ts";
import { editLine, editPrintedLine } from "../commands/source-edits.ts";
import type { Finding } from "../finding.ts";
import { codeAt, type MatchFacts, type Rule } from "../rule.ts";
import { inOwnSource, reference } from "./plain-mistakes.ts";

/** The line with the semicolons of `for (…;…;…)` made commas. */
function withoutLoops(source: string): string {
  let made = source;
  for (const { index, 0: head } of source.matchAll(/\bfor\s{0,4}\(/g)) {
    const open = index + head.length - 1;
    const within = withinBrackets(source, open);
    if (within !== undefined)
      made = made.slice(0, open + 1) + within.replaceAll(";", ",") + made.slice(open + 1 + within.length);
  }
  return made;
}

/** The statement around the caret: from the last `;` or the begin of a block on to the next `;`. */
function statementAt(line: string, mark: number): string {
  const source = withoutLoops(line);
  const before = source.slice(0, mark);
  const blocks = [...before.matchAll(/(?:\)|\belse|\bdo|\btry|\bconst|\boverride)\s{0,4}\{|^\s*\{/g)];
  const block = blocks.at(-1);
  const begin = Math.max(before.lastIndexOf(";") + 1, block === undefined ? 0 : block.index + block[0].length);
  const end = source.indexOf(";", mark);
  return source.slice(begin, end < 0 ? source.length : end);
}

/** How many more `(` than `)` stand in it. */
function open(statement: string): number {
  const bare = statement.replaceAll(/"[^"]*"/g, "");
  return bare.split("(").length - bare.split(")").length;
}

/** One `)` too many or too few in the statement of the message, and the words around the place. */
function bracket(finding: Finding): MatchFacts | undefined {
  const { source, mark } = finding;
  const facts = inOwnSource(
    finding,
    /^expected (?<what>[‘'][;)][’']) before [‘'](?<next>[;)])[’'] token/,
    /^expected (?<what>'[)]')$/,
    /^extraneous (?<what>'\)') before/,
    /^expected an? (?<what>"[;)]")/,
  );
  if (facts === undefined || source === undefined || mark === undefined) return undefined;
  const depth = open(statementAt(source, mark));
  const before = source.slice(0, mark).trimEnd();
  const rest = source.slice(before.length);
  const next = rest.trimStart()[0];
  if (before === "" || (depth !== 1 && depth !== -1)) return undefined;
  if (depth === 1 && next === ";") return { kind: "missing", before: before.slice(-40), rest: rest.slice(0, 12) };
  if (depth === -1 && next === ")") return { kind: "extra", before: before.slice(-40), rest: rest.slice(0, 12) };
  return undefined;
}

/** `[x, y]` of Python's where C++ sees a lambda. */
const pythonList = /(?<lead>[(,=]\s*|return )(?<list>\[\s*(?<inner>[\w.:()"]+(?:\s*,\s*[\w.:()"]+)*)\s*\])(?=\s*[),;])/;

/** `1:2` of Python's. */
const pythonSlice = /(?<lead>[([,]\s*)(?<from>-?\w*)\s*:\s*(?<to>-?\w*)(?=\s*[,)\]])/;

/** A head of a function without what its parameters are by default. */
function withoutDefaults(source: string): readonly [string, string] | undefined {
  const head = source.slice(0, Math.max(source.indexOf(")"), 0) + 1);
  const plain = head.replaceAll(/\s*=\s*[\w.:"+-]+(?=\s*[,)])/g, "");
  return head === "" || plain === head ? undefined : [head, plain];
}

export const statementSlipRules: readonly Rule[] = [
  {
    id: "bracket-in-statement",
    title: "A statement has one bracket too few or too many",
    on: ["compile"],
    specificity: 66,
    matches: bracket,
    confidence: "high",
    cause: (match) =>
      match.facts["kind"] === "missing"
        ? `In the statement at ${codeAt(match.finding)} one \`(\` is not closed: a \`)\` is missing, by its form behind \`${(match.facts["before"] ?? "").trim()}\`.`
        : `The statement at ${codeAt(match.finding)} closes one bracket too many: the \`)\` behind \`${(match.facts["before"] ?? "").trim()}\` has no partner.`,
    fix: (match) => {
      const { before = "", rest = "", kind } = match.facts;
      return [
        ...(kind === "missing"
          ? replacePrinted(match, `${before}${rest}`, `${before})${rest.trimStart()}`)
          : replacePrinted(match, `${before}${rest}`, `${before}${rest.trimStart().slice(1)}`)),
        "# see that the bracket now stands where it was meant to",
      ];
    },
    sources: [`${reference}/statements`],
    examples: [
      {
        text: "b4.cpp:2:62: error: expected ‘)’ before ‘;’ token\n    2 | torch::Tensor f(torch::Tensor x){ auto y = torch::empty({2,3}, opts; return y; }\n      |                                                                    ^",
        expect: "opts); return",
      },
      {
        text: "b6.cpp:2:55: error: expected ‘;’ before ‘)’ token\n    2 | void f(torch::Tensor x){ x[0] = torch::sin(x[1])); }\n      |                                                 ^",
        expect: "torch::sin(x[1]);",
      },
    ],
  },
  {
    id: "list-in-square-brackets",
    title: "A list stands in square brackets as in Python",
    on: ["compile"],
    specificity: 82,
    matches: (finding) => {
      const facts = inOwnSource(
        finding,
        /^(?:expected [‘'"]?[{\]][’'"]?|expected body of lambda|expected identifier before (?:numeric|string)|expected variable name or 'this' in lambda|could not convert [‘']<lambda closure|no viable conversion from '\(lambda|expected an? (?:"[{\]]"|identifier|expression)|an? (?:nonstatic )?lambda|expected unqualified-id|expected primary-expression before [‘']\[|.*lambda)/,
      );
      const list = pythonList.exec(finding.source ?? "")?.groups;
      return facts === undefined || list === undefined || /^[&=]?$/.test(list["inner"] ?? "")
        ? undefined
        : { list: list["list"], inner: list["inner"] };
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} writes the list \`${match.facts["list"] ?? ""}\` as Python does; in C++ square brackets begin a lambda, and a list stands in braces.`,
    fix: (match) => [
      ...replacePrinted(match, match.facts["list"] ?? "", `{${match.facts["inner"] ?? ""}}`),
      "# torch::stack({x, y}, 0), torch::zeros({2, 3}), x.view({-1, 4})",
    ],
    sources: ["https://docs.pytorch.org/cppdocs/"],
    examples: [
      {
        text: "b8.cpp:2:61: error: expected ‘{’ before ‘,’ token\n    2 | torch::Tensor f(torch::Tensor x){ return torch::stack([x, x], 0); }\n      |                                                             ^",
        expect: "s/\\[x, x\\]/{x, x}/",
      },
      {
        text: "b8.cpp:2:57: error: expected body of lambda expression\n    2 | torch::Tensor f(torch::Tensor x){ return torch::cat([x, y], 0); }\n      |                                                           ^",
        expect: "{x, y}",
      },
    ],
  },
  {
    id: "slice-as-in-python",
    title: "A slice is written as in Python",
    on: ["compile"],
    specificity: 73,
    matches: (finding) => {
      const facts = inOwnSource(finding, /^expected .*(?:[‘'"]:[’'"]|[‘'"][)\]][’'"]|expression)/);
      const slice = pythonSlice.exec(finding.source ?? "");
      return facts === undefined ||
        slice === null ||
        /\?|\bfor\b|case /.test((finding.source ?? "").slice(0, slice.index))
        ? undefined
        : { from: slice.groups?.["from"], to: slice.groups?.["to"] };
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} writes the range \`${match.facts["from"] ?? ""}:${match.facts["to"] ?? ""}\` as Python does; C++ has torch::indexing::Slice(begin, end) for it.`,
    fix: (match) => [
      ...editPrintedLine(match, [
        ["(\\.(slice|narrow)\\( *[A-Za-z0-9_]+ *, *)(-?[A-Za-z0-9_]+) *: *(-?[A-Za-z0-9_]+)", "\\1\\3, \\4"],
      ]),
      "# x.index({torch::indexing::Slice(1, 2)}), x.index({torch::indexing::Slice(), 0}); or x.slice(/*dim=*/0, 1, 2)",
    ],
    sources: ["https://docs.pytorch.org/cppdocs/notes/tensor_indexing.html"],
    examples: [
      {
        text: "b53.cpp:2:45: error: expected ‘)’ before ‘:’ token\n    2 | void f(torch::Tensor x){ x = x.slice(0, 1:2); }\n      |                                          ^",
        expect: "\\1\\3, \\4",
      },
    ],
  },
  {
    id: "member-begun-in-round-brackets",
    title: "A member of a class gets its first value in round brackets",
    on: ["compile"],
    specificity: 80,
    matches: (finding) => {
      const facts = inOwnSource(
        finding,
        /^expected (?:identifier|[‘'],[’'] or [‘']\.\.\.[’']) before (?:numeric|string) constant/,
        /^expected parameter declarator/,
        /^expected a type specifier/,
        /^syntax error: '(?:constant|string)'/,
      );
      const member = /[\w>]\s+(?<name>[A-Za-z_]\w*)\((?<value>(?:-?\d|")[^()]*)\)\s*;/.exec(
        finding.source ?? "",
      )?.groups;
      return facts === undefined || member === undefined ? undefined : { name: member["name"], value: member["value"] };
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} gives the member \`${match.facts["name"] ?? ""}\` its first value in round brackets; within a class the compiler reads that as the declaration of a function. There it stands in braces or behind =.`,
    fix: (match) => {
      const { name = "", value = "" } = match.facts;
      return [
        ...replacePrinted(match, `${name}(${value})`, `${name}{${value}}`),
        `# ${name}{${value}}; or in the constructor: Net() : ${name}(${value}) { … }`,
      ];
    },
    sources: [`${reference}/data_members`],
    examples: [
      {
        text: "b23.cpp:2:91: error: expected identifier before numeric constant\n    2 | struct Net : torch::nn::Module { torch::nn::Linear fc(3,4); };\n      |                                                       ^",
        expect: "fc{3,4}",
      },
    ],
  },
  {
    id: "word-for-classes-outside",
    title: "A word that belongs into the class stands before or behind a function outside of it",
    on: ["compile"],
    specificity: 72,
    matches: (finding) => {
      const facts = inOwnSource(
        finding,
        /^(?<virt>virt-specifiers) in [‘']\w+[’'] not allowed outside a class/,
        /^[‘'](?<word>virtual|explicit|friend)[’'] (?:outside class declaration|can only be specified inside the class)/,
        /^'(?<word>override|final|virtual|explicit)' (?:specifier is not allowed outside|can only (?:be specified|appear) (?:inside|on))/,
        /^(?:a )?(?<qualifier>type qualifier is not allowed on a nonmember function|non-member function .*cannot have (?:cv-qualifier|'const' qualifier)|modifiers not allowed on nonmember functions)/,
        /^'(?<word>virtual|override|explicit|friend)'(?: storage-class)? specifier (?:illegal on function definition|not allowed)/,
        /^(?:the )?"?(?<word>virtual|explicit|override)"? (?:specifier )?is not allowed (?:here|on a nonmember|outside)/,
        /^cannot declare member function .* to have (?<word>static) linkage/,
        /^'(?<word>static)' can only be specified inside the class definition/,
      );
      if (facts === undefined) return undefined;
      const word =
        facts["word"] ??
        (facts["qualifier"] === undefined ? /\b(override|final)\b/.exec(finding.source ?? "override")?.[1] : "const");
      return { word };
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)}: \`${match.facts["word"] ?? ""}\` is for methods and stands in the class, at their declaration; ${match.facts["word"] === "const" ? "a function that belongs to no class has no object that it could leave unchanged" : "outside of it, also before a method's body, it is left out"}.`,
    fix: (match) => {
      const word = match.facts["word"] ?? "";
      return [
        ...(word === "const"
          ? editLine(match, [["\\) *const *(\\{|;|$)", ") \\1"]])
          : editLine(match, [
              /^(?:override|final)$/.test(word)
                ? [` +${word} *(\\{|;|$)`, " \\1"]
                : [`(^|[^A-Za-z0-9_])${word} +`, "\\1"],
            ])),
        `# without ${word}, or within the class`,
      ];
    },
    sources: [`${reference}/member_functions`],
    examples: [
      {
        text: "b58.cpp:2:34: error: virt-specifiers in ‘f’ not allowed outside a class definition",
        expect: "+override *",
      },
      { text: "m21.cu(5): error: a type qualifier is not allowed on a nonmember function", expect: "\\) *const" },
      { text: "b58.cpp:3:1: error: 'virtual' can only be specified inside the class definition", expect: "virtual +" },
    ],
  },
  {
    id: "default-argument-twice",
    title: "A default value of a parameter is given twice",
    on: ["compile"],
    specificity: 72,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^default argument given for parameter \d+ of [‘'](?<name>[^’']{1,200})[’']/,
        /^redefinition of default argument(?<name>)/,
        /^'(?<name>[^']{1,100})'\s?: redefinition of default (?:argument|parameter)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} gives a parameter${(match.facts["name"] ?? "") === "" ? "" : ` of \`${match.facts["name"] ?? ""}\``} a default value that an earlier declaration has given already: it stands once, in the declaration (the header).`,
    fix: (match) => {
      const [from, to] = withoutDefaults(match.finding.source ?? "") ?? [];
      return [
        ...(from === undefined || to === undefined ? [] : replacePrinted(match, from, to)),
        "# int k in place of int k = 1 in the definition; the default stays in the declaration",
      ];
    },
    sources: [`${reference}/default_arguments`],
    examples: [
      {
        text: "b60.cpp:3:15: error: default argument given for parameter 2 of ‘at::Tensor f(at::Tensor, int)’ [-fpermissive]\n    3 | torch::Tensor f(torch::Tensor x, int k=1){ return x; }\n      |               ^",
        expect: "int k)/",
      },
      { text: "b60.cpp:3:40: error: redefinition of default argument", expect: "int k in place of" },
    ],
  },
  {
    id: "array-without-inner-length",
    title: "An array of two dimensions lacks a length",
    on: ["compile"],
    specificity: 70,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^an array may not have elements of this type/,
        /^declaration of [‘'](?<name>\w+)[’'] as multidimensional array must have bounds/,
        /^array has incomplete element type '(?<type>[^']+\[\])'/,
        /^'\[\]': missing subscript|^'(?<name>\w+)': missing subscript/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} declares an array of several dimensions (\`x[][]\`) without its inner lengths, which the compiler needs to find a row. A kernel or function gets a flat pointer and the length of a row.`,
    fix: () => [
      "# float* x, int cols in place of float x[][], and x[i * cols + j] in place of x[i][j]; a fixed length: float x[][16]; of a tensor: an accessor (packed_accessor32<float, 2, torch::RestrictPtrTraits>())",
    ],
    sources: [`${reference}/array`],
    examples: [{ text: "m6.cu(5): error: an array may not have elements of this type", expect: "x[i * cols + j]" }],
  },
  {
    id: "own-macro-arguments",
    title: "A macro gets another number of arguments than it has",
    on: ["compile"],
    specificity: 60,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^macro ["‘'](?<name>\w+)["’'] (?:requires|passed) (?<wanted>\d+) arguments?, (?:but only|but) (?<given>\d+) given/,
        /^macro ["‘'](?<name>\w+)["’'] passed (?<given>\d+) arguments?, but takes just (?<wanted>\d+)/,
        /^too (?:few|many) arguments provided to function-like macro invocation(?<name>)/,
        /^(?:not enough|too many) arguments for function-like macro invocation '(?<name>\w+)'/,
        /^too (?:few|many) arguments in macro invocation(?<name>)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} gives ${(match.facts["name"] ?? "") === "" ? "a macro" : `the macro \`${match.facts["name"] ?? ""}\``} another number of arguments than it takes${match.facts["wanted"] === undefined ? "" : ` (${match.facts["given"] ?? ""} in place of ${match.facts["wanted"]})`}: a comma is missing, or one stands within an argument ({a, b}, a template's <A, B>) without round brackets around it.`,
    fix: (match) => [
      ...(match.facts["wanted"] === "2" && match.facts["given"] === "1" && match.facts["name"] !== ""
        ? editPrintedLine(match, [
            [
              `(${match.facts["name"] ?? ""} *\\( *[A-Za-z0-9_]+) +([A-Za-z0-9_.>-]+( *\\([^()]*\\))? *\\))`,
              "\\1, \\2",
            ],
          ])
        : []),
      "# an argument with a comma of its own in brackets: M((std::pair<int, int>), x)",
    ],
    sources: ["https://en.cppreference.com/w/cpp/preprocessor/replace"],
    examples: [
      {
        text: 'm33.cu:6:57: error: macro "CUDA_LOOP" requires 2 arguments, but only 1 given\n    6 | __global__ void k(float* x, int n){ CUDA_LOOP(i n) { x[i] = 1; } }\n      |                                                         ^',
        expect: "\\1, \\2",
      },
    ],
  },
];
