/** Names of torch and of the standard library that a source uses without their namespace. */
import { quote as shellQuote } from "../text/quote.ts";
import { codeAt, type Match, type Rule } from "../rule.ts";
import { inOwnSource } from "./plain-mistakes.ts";

const ofTorch =
  /^(?:Tensor(?:Options|List|Accessor|Base)?|IntArrayRef|ScalarType|(?:zeros|ones|empty|full|rand|randn)_like|k(?:Float|Double|Half|BFloat16|Int|Long|Bool|Byte|CPU|CUDA|Float(?:16|32|64)|Int(?:8|16|32|64))|DeviceGuard|OptionalIntArrayRef|ITensorListRef)$/;

/** The header of each, as a rule. */
const ofStandard: ReadonlyMap<string, string> = new Map(
  Object.entries({
    vector: "vector",
    string: "string",
    cout: "iostream",
    cerr: "iostream",
    endl: "iostream",
    pair: "utility",
    make_pair: "utility",
    tuple: "tuple",
    make_tuple: "tuple",
    map: "map",
    unordered_map: "unordered_map",
    unordered_set: "unordered_set",
    shared_ptr: "memory",
    unique_ptr: "memory",
    make_shared: "memory",
    make_unique: "memory",
    runtime_error: "stdexcept",
    to_string: "string",
    ostringstream: "sstream",
    stringstream: "sstream",
    numeric_limits: "limits",
    accumulate: "numeric",
    optional: "optional",
  }),
);

function whole(match: Match): string {
  const name = match.facts["name"] ?? "";
  return ofStandard.has(name) ? `std::${name}` : `at::${name}`;
}

/** torch is what the text is about: a build of Python's, or a path that names it. */
function speaksOfTorch({ finding, context }: Pick<Match, "finding" | "context">): boolean {
  return (
    context.log.setupCommand !== undefined ||
    context.log.installer !== undefined ||
    [finding, ...context.findings].some(({ text, frames = [] }) =>
      /torch|cpp_extension/.test([text, ...frames].join(" ")),
    )
  );
}

export const unqualifiedNameRules: readonly Rule[] = [
  {
    id: "name-without-namespace",
    title: "A name of torch or of the standard library without its namespace",
    on: ["compile"],
    specificity: 14,
    matches: (finding, context) => {
      const facts = inOwnSource(
        finding,
        /^[‘'"](?<name>\w+)[’'"] was not declared in this scope/,
        /^use of undeclared (?:identifier|template name) '(?<name>\w+)'/,
        /^no template named '(?<name>\w+)'/,
        /^identifier "(?<name>\w+)" is undefined/,
        /^'(?<name>\w+)': (?:undeclared identifier|identifier not found)/,
        /^(?:unknown type name '(?<name>\w+)'|[‘'](?<name2>\w+)[’'] (?:does not name a(?: template)? type|has not been declared))/,
        /^[‘'](?<name2>\w+)[’'] is not a template/,
      );
      const name = facts?.["name"] ?? facts?.["name2"];
      if (name === undefined) return undefined;
      if (!ofStandard.has(name) && (!ofTorch.test(name) || context.log.otherField !== undefined)) return undefined;
      return { name, sure: ofTorch.test(name) && speaksOfTorch({ finding, context }) ? "yes" : undefined };
    },
    confidence: (match) => (match.facts["sure"] === undefined ? "medium" : "high"),
    cause: (match) => {
      const name = match.facts["name"] ?? "";
      const header = ofStandard.get(name);
      return `${codeAt(match.finding)} uses \`${name}\` without its namespace: it is \`${whole(match)}\`${header === undefined ? " (or torch::, which has the same)" : ` of <${header}>`}, and no using declaration above makes the short name known.`;
    },
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      const header = ofStandard.get(name);
      const { file } = match.finding;
      const using = `using ${whole(match)};`;
      const remark = `# or write ${whole(match)} at each place`;
      if (file === undefined || !/^[\w./+-]+\.(?:c|cc|cpp|cxx|cu|cuh|h|hpp)$/.test(file))
        return [
          `# write ${whole(match)}, or ${using} below the includes${header === undefined ? "" : ` (with #include <${header}>)`}`,
        ];
      const lines = header === undefined ? using : `#include <${header}>\\n${using}`;
      return [
        `sed -i.bak "$(grep -n '^#include' ${shellQuote(file)} | tail -n 1 | cut -d: -f1)a ${lines}" ${shellQuote(file)}   # below the last #include`,
        remark,
      ];
    },
    sources: ["https://docs.pytorch.org/cppdocs/", "https://en.cppreference.com/w/cpp/language/namespace"],
    examples: [
      {
        text: "$ python setup.py build_ext --inplace\ncsrc/gather.cpp:3:1: error: ‘Tensor’ does not name a type",
        expect: "using at::Tensor;",
      },
      {
        text: '$ pip install --no-build-isolation .\ncsrc/k.cu(12): error: identifier "TensorAccessor" is undefined',
        expect: "at::TensorAccessor",
      },
      { text: "csrc/ops.cpp:9:3: error: ‘vector’ was not declared in this scope", expect: "#include <vector>" },
      { text: "ops.cpp:4:12: error: no template named 'vector'; did you mean 'std::vector'?", expect: "std::vector" },
    ],
  },
];
