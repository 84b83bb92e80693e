/** nanobind, whose CMake file is of another release than the project was written for. */
import { own } from "../../base/own.ts";
import { pip, setVariable, wordsToBuild } from "../commands/commands.ts";
import { type Match, type Rule, said } from "../rule.ts";

/** Words of nanobind_add_module, by the release that brought them. Sources: nanobind's changelog, FEniCS/dolfinx#3622. */
const since: Readonly<Record<string, string>> = { NB_SUPPRESS_WARNINGS: "2.5" };

/** The build again with a bound on nanobind, also where pip fetches it for the build alone. */
function withNanobind(match: Match, bound: string): string[] {
  const isolated = /pip-build-env|build-env-|\/overlay\//.test(match.finding.text + match.finding.message);
  return isolated
    ? [
        `echo "nanobind${bound}" > nanobind.txt`,
        setVariable(match, "PIP_CONSTRAINT", "$PWD/nanobind.txt"),
        setVariable(match, "PIP_BUILD_CONSTRAINT", "$PWD/nanobind.txt") +
          "   # pip 25.3 and newer read this one; uv: UV_BUILD_CONSTRAINT",
        ...(match.context.log.requested === undefined && match.context.log.setupCommand === undefined
          ? [pip(match, `install ${wordsToBuild(match)}`)]
          : []),
      ]
    : [pip(match, `install "nanobind${bound}"`), "rm -rf build   # then configure again"];
}

export const nanobindRules: readonly Rule[] = [
  {
    id: "nanobind-refuses-stable-abi",
    title: "nanobind 2.6.0 takes every build for one with the stable ABI",
    on: ["build-tool"],
    specificity: 84,
    matches: (finding) => said(finding, /You must set '?tool\.scikit-build\.wheel\.py-api/),
    confidence: "high",
    cause: () =>
      "nanobind 2.6.0 compares scikit-build-core's SKBUILD_SABI_VERSION with 3.12 also where it is empty (no stable ABI was asked for), and stops. 2.6.1 mended it. With a py-api below cp312 in pyproject.toml the message is right.",
    fix: (match) => [
      ...withNanobind(match, "!=2.6.0"),
      '# pyproject.toml says wheel.py-api = "cp38" or the like: cp312, which nanobind needs for the stable ABI',
    ],
    sources: ["wjakob/nanobind#982", "mlc-ai/xgrammar#279"],
    examples: [
      {
        text: "  CMake Error at /tmp/pip-build-env-8i1_7_by/overlay/lib/python3.11/site-packages/nanobind/cmake/nanobind-config.cmake:32 (message):\n    You must set tool.scikit-build.wheel.py-api to 'cp312' or later when using\n    scikit-build-core with nanobind.",
        expect: "nanobind!=2.6.0",
      },
    ],
  },
  {
    id: "nanobind-older-than-project",
    title: "nanobind is older than the project",
    on: ["build-tool", "compile"],
    specificity: 92,
    matches: (finding) =>
      /nanobind-config\.cmake/.test(finding.file ?? finding.text)
        ? said(finding, /Cannot find source file:?\s+(?<word>[A-Z][A-Z_]+)\b/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `nanobind_add_module takes \`${match.facts["word"] ?? ""}\` for a source: it is a word of a newer nanobind${own(since, match.facts["word"] ?? "") === undefined ? "" : ` (${own(since, match.facts["word"] ?? "") ?? ""})`} than the one that is found.`,
    fix: (match) => withNanobind(match, `>=${own(since, match.facts["word"] ?? "") ?? "2"}`),
    sources: ["FEniCS/dolfinx#3622", "https://nanobind.readthedocs.io/en/latest/changelog.html"],
    examples: [
      {
        text: "CMake Error at /usr/local/lib/python3.12/site-packages/nanobind/cmake/nanobind-config.cmake:316 (add_library):\n  Cannot find source file:\n\n    NB_SUPPRESS_WARNINGS\n",
        expect: 'install "nanobind>=2.5"',
      },
    ],
  },
];
