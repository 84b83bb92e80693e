/** A function of the project that the text shows declared with other parameters than it is defined with. */
import { literally } from "../../base/literally.ts";
import { platformOf, rebuild } from "../commands/commands.ts";
import { typedBuild } from "../commands/typed-builds.ts";
import type { Signature } from "../facts/signatures.ts";
import type { Finding } from "../finding.ts";
import type { Match, MatchFacts, Rule, RuleContext } from "../rule.ts";
import { symbolFacts } from "./symbol-facts.ts";
import { is } from "./symbol-owners.ts";

/** Types in one spelling and without names: `const at::Tensor& x` and `at::Tensor const&` are the same. */
function typesOf(parameters: string): string {
  if (parameters.trim() === "" || parameters.trim() === "void") return "";
  return parameters
    .replaceAll(/, std::allocator<[^<>]*> ?>/g, ">")
    .split(/,(?![^<]*>)/)
    .map((parameter) => {
      const words = parameter
        .replace(/=.*$/, "")
        .replaceAll("torch::Tensor", "at::Tensor")
        .replaceAll(/\bint64_t\b/g, "long")
        .replaceAll(/([&*])/g, " $1 ")
        .trim()
        .split(/\s+/);
      const isNamed =
        words.length > 1 &&
        /^[A-Za-z_]\w*$/.test(words.at(-1) ?? "") &&
        !/^(?:const|int|long|unsigned|double|float)$/.test(words.at(-1) ?? "");
      const type = isNamed ? words.slice(0, -1) : words;
      // A const of what is passed by value is none of the type.
      const kept = type.some((word) => word === "&" || word === "*") ? type : type.filter((word) => word !== "const");
      return kept.toSorted().join(" ");
    })
    .join(", ");
}

/** The definition that the text shows, where it is not that of the symbol, and the declaration that is. */
function shownOtherwise(
  finding: Finding,
  context: RuleContext,
): readonly [Signature, Signature | undefined] | undefined {
  const verdict = is(finding, ({ owner, symbol }) => owner === "user" && symbol.form !== "c");
  if (verdict === undefined) return undefined;
  const { name = "", readable = "" } = symbolFacts(finding, verdict, context);
  const asked = /\((.*)\)[^()]*$/.exec(readable)?.[1];
  const last = name.split("::").at(-1);
  if (asked === undefined) return undefined;
  const own = context.log.signatures.filter((signature) => signature.name === last);
  const definitions = own.filter(({ isDefinition }) => isDefinition);
  const [definition] = definitions;
  if (definition === undefined || definitions.some(({ parameters }) => typesOf(parameters) === typesOf(asked)))
    return undefined;
  return [
    definition,
    own.find(({ isDefinition, parameters }) => !isDefinition && typesOf(parameters) === typesOf(asked)),
  ];
}

/** Changes the declaration in the files that have it. */
function declaredAnew({ context: { log } }: Match, name: string, from: string, to: string): string[] {
  if (/['$@\\/]/.test(from + to)) return [];
  const pieces = from.match(/[\w:]+|[^\s\w]/g) ?? [];
  const pattern = pieces
    .map(
      (piece, at) =>
        `${at === 0 ? "" : /^\w/.test(piece) && /\w$/.test(pieces[at - 1] ?? "") ? "\\s+" : "\\s*"}${literally(piece)}`,
    )
    .join("");
  const files = `$(grep -rl '${name}' --include=*.cpp --include=*.cc --include=*.h --include=*.hpp --include=*.cuh --include=*.cu ${log.buildRoot ?? "."})`;
  return [
    `perl -0pi.bak -e 's/\\b(${name}\\(\\s*)${pattern}(\\s*\\)\\s*;)/\${1}${to}\${2}/g' ${files}   # declares it as it is defined`,
  ];
}

export const signatureMismatchRules: readonly Rule[] = [
  {
    id: "declared-and-defined-otherwise",
    title: "A function is declared with other parameters than it is defined with",
    on: ["undefined-symbol"],
    specificity: 84,
    matches: (finding, context): MatchFacts | undefined => {
      const [definition, declaration] = shownOtherwise(finding, context) ?? [];
      return definition === undefined
        ? undefined
        : { name: definition.name, defined: definition.parameters, declared: declaration?.parameters };
    },
    confidence: "high",
    cause: ({ facts: { name = "", defined = "", declared } }) =>
      `\`${name}\` is called as ${declared === undefined ? "it is declared" : `\`${name}(${declared})\``} and defined as \`${name}(${defined})\`: for C++ these are two functions, and the one that is called has no body. A shared library links with such a hole in it; it shows when the library is loaded.`,
    fix: (match) => {
      const { name = "", defined = "", declared } = match.facts;
      return [
        ...(declared === undefined || platformOf(match) === "win32"
          ? []
          : declaredAnew(match, name, declared, defined)),
        `# declaration and definition have to be alike, letter for letter but for the names: ${name}(${defined})`,
        ...(match.finding.phase === "load" || typedBuild(match) === undefined ? rebuild(match) : []),
      ];
    },
    sources: ["pytorch/extension-cpp#23"],
    examples: [
      {
        text: "$ python setup.py install\n$ grep -n relu_fwd *.cpp *.cu\n$ cat bind.cpp\nat::Tensor relu_fwd(\n    const at::Tensor& x);\n$ cat relu.cu\nat::Tensor relu_fwd(\n    at::Tensor x) {\n$ python -c 'import relu'\nImportError: /e/lib/python3.9/site-packages/relu-0.1-py3.9-linux-x86_64.egg/relu.so: undefined symbol: _Z8relu_fwdRKN2at6TensorE",
        expect:
          "perl -0pi.bak -e 's/\\b(relu_fwd\\(\\s*)const\\s+at::Tensor\\s*&\\s*x(\\s*\\)\\s*;)/${1}at::Tensor x${2}/g'",
      },
      {
        text: "k.cu: void scale_cuda(torch::Tensor x, float by) {\nvoid scale_cuda(torch::Tensor x, float by) {\nImportError: ./s.so: undefined symbol: _Z10scale_cudaN2at6TensorEd",
        expect: "scale_cuda(torch::Tensor x, float by)",
      },
    ],
  },
];
