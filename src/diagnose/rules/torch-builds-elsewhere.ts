/** A build of torch (`+cu121`) that is asked for where it is not: on another index, for another release, or nowhere. */
import { installAgain, platformOf } from "../commands/commands.ts";
import { askFor, fromTorchIndex, projectTool, usePython, withCompanions } from "../commands/project-tools.ts";
import { isPipOfCondaFile, withPipIndex } from "../commands/conda-again.ts";
import { coded, type Match, type Rule } from "../rule.ts";
import { cudaBuildsOf, pythonsOf, within } from "../tables/torch-wheels.ts";
import { type Unmet, unmetOf } from "../commands/unmet-requests.ts";

const unmetCodes = ["no-distribution", "no-solution", "no-candidate", "wheel-tags", "uv-platform"] as const;

/** The build on the index for that release which is nearest to one that is not there. */
function nearest(build: string, there: readonly string[]): string {
  return there.findLast((each) => Number(each.slice(2)) <= Number(build.slice(2))) ?? there[0] ?? build;
}

/** Asked for with its build (`+cu124`), and not on the index that was looked at. */
function buildOf(match: Pick<Match, "finding" | "context">): { unmet: Unmet; build: string } | undefined {
  const unmet = unmetOf(match);
  if (unmet === undefined || !/^torch(?:vision|audio)?$/.test(unmet.name)) return undefined;
  // Its releases, numbered otherwise, are found as plain ones.
  if (unmet.build !== undefined) return { unmet, build: unmet.build };
  const index = /download\.pytorch\.org\/whl\/(cu\d+|cpu)/.exec(match.context.log.onlyIndex ?? "")?.[1];
  // uv before 0.3 took a plain version for no build at all.
  return index !== undefined && /\bno wheels are available with\b/.test(match.finding.message)
    ? { unmet, build: index }
    : undefined;
}

export const torchBuildElsewhereRules: readonly Rule[] = [
  {
    id: "torch-build-elsewhere",
    title: "That build of torch is not on the index that is looked at",
    on: ["installer"],
    specificity: 74,
    matches: (finding, context) => {
      if (coded(finding, ...unmetCodes) === undefined || finding.code === "uv-platform") return undefined;
      const found = buildOf({ finding, context });
      if (found === undefined) return undefined;
      const { unmet, build } = found;
      const range = pythonsOf(unmet.name, unmet.version);
      // A Python without wheels is the other rule's.
      if (range !== undefined && unmet.python !== undefined && !within(range, unmet.python)) return undefined;
      if (unmet.why === "python" && unmet.build !== undefined) return undefined;
      // PyPI has releases for each Python that torch has wheels for: no release at all is a matter of the Python.
      if (/from versions: none/.test(finding.message)) return undefined;
      const there = unmet.name === "torch" && unmet.version !== undefined ? cudaBuildsOf(unmet.version) : undefined;
      return {
        name: unmet.name,
        version: unmet.version,
        build,
        written: unmet.build,
        other: build.startsWith("cu") && there !== undefined && !there.includes(build) ? there.join(", ") : undefined,
        near: there === undefined ? undefined : nearest(build, there),
        range: range?.join(" to "),
        last: unmet.python === undefined ? range?.[1] : undefined,
      };
    },
    confidence: (match) => (match.facts["written"] === undefined ? "medium" : "high"),
    cause: (match) => {
      const { name = "torch", version = "", build = "", other, range, written } = match.facts;
      const what = `\`${name}==${version}+${build}\``;
      if (platformOf(match) === "darwin")
        return `${what} does not exist for macOS: builds with +cpu or +cu… are for Linux and Windows, and macOS has the plain version alone.`;
      if (other !== undefined) return `${what} does not exist: ${name} ${version} was built for ${other} (and cpu).`;
      if (written === undefined)
        return `PyTorch's index names its builds: there is ${what}, and no plain ${version}. pip takes the one for the other; old releases of uv do not, and say that no wheel matches.`;
      return `${what} is not on PyPI: builds with +${build} in their version lie on PyTorch's own index${range === undefined ? "" : `, and only for the Pythons that this release was made for (${range})`}.`;
    },
    fix: (match) => {
      const { name = "torch", version = "", build = "", other, near, written, last } = match.facts;
      const what = `${name}==${version}`;
      if (platformOf(match) === "darwin")
        return [
          askFor(match, what),
          `# for all systems: "${what}+${build}; sys_platform != 'darwin'" and "${what}; sys_platform == 'darwin'"`,
        ];
      if (written === undefined)
        return [
          `uv pip install "${what}+${build}" --index-url https://download.pytorch.org/whl/${build}`,
          "uv self update   # newer ones take the plain version, too",
        ];
      if (projectTool(match) === "pip" && other === undefined && isPipOfCondaFile(match))
        return withPipIndex(match, `https://download.pytorch.org/whl/${build}`);
      const again = `${withCompanions(match, `${what}+${build}`)} --index-url https://download.pytorch.org/whl/${build}`;
      return [
        ...fromTorchIndex(match, what, other === undefined ? build : (near ?? build)),
        // pip is content with what is there then.
        ...(projectTool(match) === "pip" && other === undefined ? installAgain(match) : []),
        ...(last === undefined
          ? []
          : usePython(match, last, again).map((line) =>
              line.startsWith("#") ? line : `# where this Python is newer: ${line}`,
            )),
      ];
    },
    sources: [
      "https://docs.astral.sh/uv/guides/integration/pytorch/",
      "https://pytorch.org/get-started/previous-versions",
      "prefix-dev/pixi#2398",
      "astral-sh/uv#4303",
      "eckertzhang/Text2NeRF#11",
    ],
    examples: [
      {
        text: "2025-11-22T07:20:06.1234567Z   × No solution found when resolving dependencies:\n2025-11-22T07:20:06.1234567Z   ╰─▶ Because there is no version of torch==2.6.0+cu124 and you require\n2025-11-22T07:20:06.1234567Z       torch==2.6.0+cu124, we can conclude that your requirements are\n2025-11-22T07:20:06.1234567Z       unsatisfiable.",
        expect: "--torch-backend cu124",
      },
      {
        text: "$ conda env create -f requirements.yaml\nPip subprocess error:\nERROR: Could not find a version that satisfies the requirement torch==1.9.1+cu111 (from versions: 1.4.0, 1.9.0, 1.9.1, 1.10.0, 2.1.0)\nERROR: No matching distribution found for torch==1.9.1+cu111\n\nfailed\n\nCondaEnvException: Pip failed",
        expect: "conda env update -f requirements.yaml",
      },
      {
        text: "ERROR: Could not find a version that satisfies the requirement torch==2.1.0+cu121 (from versions: 1.13.0, 1.13.1, 2.0.0, 2.1.0)",
        expect: "install torch==2.1.0+cu121 --index-url https://download.pytorch.org/whl/cu121",
      },
      {
        text: "failed to resolve pypi dependencies\n  ╰─▶ Because there is no version of torch==2.5.1+cu121 and you require torch==2.5.1+cu121, we can conclude that your requirements are unsatisfiable.",
        expect: 'torch = { version = "==2.5.1", index = "https://download.pytorch.org/whl/cu121" }',
      },
      {
        text: "$ uv pip install torch==2.3.1 --index-url https://download.pytorch.org/whl/cpu\n  × No solution found when resolving dependencies:\n  ╰─▶ Because torch==2.3.1 has no wheels are available with a matching Python implementation and you require torch==2.3.1, we can conclude that the requirements are unsatisfiable.",
        expect: '"torch==2.3.1+cpu"',
      },
      {
        text: "OS: macOS 14.5\n    | Unable to find installation candidates for torch (2.5.1+cpu)",
        expect: 'poetry add "torch==2.5.1"',
      },
      {
        text: "So, because demo depends on torch (2.0.1+cu121) and no versions of torch match 2.0.1+cu121, version solving failed.",
        expect: "was built for cu117, cu118",
      },
    ],
  },
];
