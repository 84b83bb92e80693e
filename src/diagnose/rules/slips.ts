/** More slips of one's own source: text in a switch, methods without an object, names for the parts of a tuple. */
import { foreignHeader } from "../tables/foreign-headers.ts";
import { editPrintedLine } from "../commands/source-edits.ts";
import { codeAt, type Rule, saidAny } from "../rule.ts";
import { inOwnSource, reference } from "./plain-mistakes.ts";

const dtypes: Readonly<Record<string, string>> = {
  float: "kFloat",
  double: "kDouble",
  int: "kInt",
  long: "kLong",
  int64_t: "kLong",
  short: "kShort",
  char: "kChar",
  uint8_t: "kByte",
  bool: "kBool",
};

export const slipRules: readonly Rule[] = [
  {
    id: "merge-conflict-left",
    title: "A merge of git's was not finished",
    on: ["compile"],
    specificity: 92,
    matches: (finding) =>
      /version control conflict marker in file/.test(finding.message) ||
      /^\s*(?:<{7}|>{7}) \S/.test(finding.source ?? "")
        ? { file: finding.file }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} holds a mark that git leaves where two versions of the same lines meet (<<<<<<<, =======, >>>>>>>): a merge, rebase, cherry-pick or stash pop stopped there, and both versions stand in the file.`,
    fix: (match) => [
      "git status; git diff --name-only --diff-filter=U   # what was going on, and all files with conflicts",
      `grep -nE '^(<{7}|={7}|>{7})' ${match.facts["file"] ?? "$(git diff --name-only --diff-filter=U)"}   # keep one of the two versions of each place and take the three marks out`,
      `# or one side whole: git checkout --ours -- ${match.facts["file"] ?? "<file>"} (--theirs: the other); or undo it all: git merge --abort, git rebase --abort`,
    ],
    sources: ["https://git-scm.com/docs/git-merge#_how_conflicts_are_presented"],
    examples: [
      {
        text: "csrc/attn.cu:112:1: error: version control conflict marker in file\n  112 | <<<<<<< HEAD",
        expect: "git merge --abort",
      },
      {
        text: "csrc/attn.cu(112): error: expected a declaration\n  <<<<<<< HEAD\n  ^\n",
        expect: "--diff-filter=U",
      },
    ],
  },
  {
    id: "switch-over-text",
    title: "A switch is made over something that is no integer",
    on: ["compile"],
    role: "generic",
    specificity: 13,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^switch quantity not an integer/,
        /^statement requires expression of integer type \('(?<type>[^']+)'/,
        /^switch expression of type '(?<type>[^']+)' is (?:illegal|invalid)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} makes a switch over ${match.facts["type"] === undefined ? "something" : `\`${match.facts["type"]}\``} that is neither an integer nor an enum (text, a float, a class): C++ has no such switch.`,
    fix: () => [
      '# if (mode == "sum") { … } else if (mode == "mean") { … } else { TORCH_CHECK(false, "unknown mode ", mode); }',
      "# a tensor's type: switch (x.scalar_type()) { case at::kFloat: … }; an enum class needs no conversion",
    ],
    sources: [`${reference}/switch`],
    examples: [
      { text: "ops.cpp:2:42: error: switch quantity not an integer", expect: "else if" },
      {
        text: "ops.cpp:2:34: error: statement requires expression of integer type ('const std::string' (aka 'const basic_string<char>') invalid)",
        expect: "const std::string",
      },
      { text: "ops.cpp(2): error C2450: switch expression of type 'std::string' is illegal", expect: "std::string" },
    ],
  },
  {
    id: "member-without-object",
    title: "A method or member is used without an object",
    on: ["compile"],
    role: "generic",
    specificity: 13,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^cannot call member function [‘'](?<name>[^’']+)[’'] without object/,
        /^call to non-static member function(?: '(?<name>[^']+)')? without an object argument/,
        /^invalid use of non-static (?:data member|member function) [‘'](?<name>[^’']+)[’']/,
        /^a nonstatic member reference must be relative to a specific object/,
        /^'(?<name>[^']+)': (?:a call of a non-static member function requires an object|illegal call of non-static member function)/,
        /^illegal reference to non-static member '(?<name>[^']+)'/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} uses ${match.facts["name"] === undefined ? "a member" : `\`${match.facts["name"]}\``} by the class alone, and it belongs to an object: it is not static.`,
    fix: () => [
      "# make an object: Foo foo(…); foo.get();   or mark the method `static` when it uses no member",
      "# to bind or hand on a method: &Foo::get, with the object beside it: [&foo] { return foo.get(); }",
    ],
    sources: [`${reference}/static`],
    examples: [
      {
        text: "a.cpp:2:26: error: cannot call member function ‘int Net::get() const’ without object",
        expect: "it is not static",
      },
      { text: "a.cpp:2:38: error: invalid use of non-static data member 'dim'", expect: "`dim`" },
      { text: "k.cu(2): error: a nonstatic member reference must be relative to a specific object", expect: "static" },
    ],
  },
  {
    id: "parts-miscounted",
    title: "auto [a, b] names another number of parts than there are",
    on: ["compile"],
    role: "generic",
    specificity: 13,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^(?:only )?(?<names>\d+) names? provided for structured binding/,
        /^type '(?<type>[^']+)' decomposes into (?<parts>\d+) elements?, but (?:only )?(?<names>\d+) names? (?:was|were) provided/,
        /^the number of identifiers must match the number of array elements or members in a structured binding/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} takes ${match.facts["type"] === undefined ? "a tuple, pair or class" : `\`${match.facts["type"]}\``} apart with \`auto [a, b] = …\`${match.facts["parts"] === undefined ? "" : ` into ${match.facts["names"] ?? ""}, and it has ${match.facts["parts"]} parts`}: as many names are needed as there are parts.`,
    fix: () => ["# auto [a, b, rest] = f();   a name for each part; or auto t = f(); std::get<0>(t), std::get<1>(t)"],
    sources: [`${reference}/structured_binding`],
    examples: [
      { text: "a.cpp:3:17: error: only 2 names provided for structured binding", expect: "as many names" },
      {
        text: "a.cpp:3:17: error: type 'std::tuple<int, int, int>' decomposes into 3 elements, but only 2 names were provided",
        expect: "it has 3 parts",
      },
    ],
  },
  {
    id: "made-without-arguments",
    title: "A container or pointer makes an object without the arguments that it needs",
    on: ["compile"],
    specificity: 55,
    matches: (finding) =>
      foreignHeader.test(finding.file ?? "") && !/pybind11|custom_function/.test(finding.file ?? "")
        ? saidAny(
            finding,
            /^no matching function for call to [‘'](?!(?:std|at|c10|torch|__gnu_cxx|thrust|cub)::)(?:\w+::)*(?<name>\w+)::\k<name>\(\)[’']/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `${match.finding.caller ?? "The code"} makes a \`${match.facts["name"] ?? ""}\` without arguments (v.resize(n), std::vector<T> v(n), map[key], std::make_unique<T>()), and that class has no constructor without them.`,
    fix: (match) => [
      `# give them: std::make_unique<${match.facts["name"] ?? "T"}>(…), v.emplace_back(…), map.emplace(key, …), map.at(key) to read`,
      `# or a constructor without arguments: ${match.facts["name"] ?? "T"}() = default;`,
    ],
    sources: [`${reference}/default_constructor`],
    examples: [
      {
        text: "a.cpp:4:65:   required from here\n/usr/include/c++/12/bits/unique_ptr.h:1065:30: error: no matching function for call to ‘A::A()’",
        expect: "a.cpp:4 makes a `A`",
      },
    ],
  },
  {
    id: "cxx-type-given-for-dtype",
    title: "A type of C++ stands where torch wants a dtype",
    on: ["compile"],
    specificity: 90,
    matches: (finding) => {
      const facts = inOwnSource(
        finding,
        /^expected primary-expression before [‘'](?<type>float|double|int|long|bool|short|char)[’']/,
        /^expected '\(' for function-style cast or type construction/,
        /^type name is not allowed/,
      );
      const given =
        /\b(?:to|toType|dtype)\((?<type>float|double|int|long|bool|short|char|int64_t|uint8_t)\s{0,4}[,)]/.exec(
          finding.source ?? "",
        )?.groups?.["type"];
      return facts === undefined || given === undefined ? undefined : { type: given };
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} gives the C++ type \`${match.facts["type"] ?? ""}\` where torch wants a value that names the type of the elements.`,
    fix: (match) => [
      ...editPrintedLine(match, [
        [
          `(to|toType|dtype)\\( *${match.facts["type"] ?? "float"} *([,)])`,
          `\\1(torch::${dtypes[match.facts["type"] ?? ""] ?? "kFloat"}\\2`,
        ],
      ]),
      `# x.to(torch::${dtypes[match.facts["type"] ?? ""] ?? "kFloat"}), torch::dtype(torch::${dtypes[match.facts["type"] ?? ""] ?? "kFloat"}); in a template: x.to(c10::CppTypeToScalarType<T>::value)`,
    ],
    sources: ["https://docs.pytorch.org/cppdocs/notes/tensor_creation.html"],
    examples: [
      {
        text: "ops.cpp:2:42: error: expected primary-expression before ‘float’\n    2 | at::Tensor f(at::Tensor x) { return x.to(float); }\n      |                                          ^~~~~",
        expect: "torch::kFloat",
      },
      {
        text: "ops.cpp:2:47: error: expected '(' for function-style cast or type construction\n    2 | at::Tensor f(at::Tensor x) { return x.to(double); }\n      |                                          ~~~~~~^",
        expect: "torch::kDouble",
      },
    ],
  },
];
