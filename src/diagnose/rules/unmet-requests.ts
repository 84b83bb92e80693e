/** A release that is asked for and has no wheel that fits: the Python or the system is another. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { debianImage, debianPackages } from "../facts/alpine-images.ts";
import { pip, platformOf, pythonVersion, torchIndex } from "../commands/commands.ts";
import { askFor, projectTool, usePython, withCompanions } from "../commands/project-tools.ts";
import { lastBeforeNewerGlibc, withNewerGlibc } from "../commands/older-glibc.ts";
import { byItsNumber, forWheel, showTags, wheelCause } from "./refused-wheels.ts";
import { coded, type Match, type Rule, type RuleContext, said } from "../rule.ts";
import { pythonsOf, torchForPython, within } from "../tables/torch-wheels.ts";
import { type Unmet, unmetOf } from "../commands/unmet-requests.ts";

function release(unmet: Unmet): string {
  const { name, version, build } = unmet;
  return `${name}${version === undefined ? "" : `==${version}`}${version === undefined || build === undefined ? "" : `+${build}`}`;
}

function named(unmet: Unmet): string {
  return `\`${unmet.name}${unmet.version === undefined ? "" : ` ${unmet.version}`}\``;
}

/** The Pythons that a release has wheels for: as the installer lists them, else as it is known of torch. */
function pythonsThere(unmet: Unmet): readonly [string, string] | undefined {
  const listed = [...(unmet.pythons ?? [])].sort((a, b) => compareVersions(parseVersion(a), parseVersion(b)));
  const [first] = listed;
  const last = listed.at(-1);
  return first === undefined || last === undefined ? pythonsOf(unmet.name, unmet.version) : [first, last];
}

/** uv speaks of requirements that exclude each other, and of no wheel. */
function isConflict(message: string): boolean {
  return (
    /are incompatible|requirements are unsatisfiable/.test(message) &&
    !/wheel|no version|not found|satisfy Python|only|is available|are available/.test(message)
  );
}

/** The Python to take: the newest with wheels for a newer one, else one that most packages have wheels for. */
function fitting(range: readonly [string, string], here: string | undefined): string {
  const common = "3.12";
  const isNewer = here !== undefined && compareVersions(parseVersion(here), parseVersion(range[1])) > 0;
  return !isNewer && within(range, common) ? common : range[1];
}

/** Another release for the Python that is here, of torch alone: what is asked for is too old or too new for it. */
function otherRelease(match: Match, unmet: Unmet): string[] {
  const range = unmet.name === "torch" && unmet.python !== undefined ? torchForPython(unmet.python) : undefined;
  if (range === undefined) return [];
  const [first, last] = range;
  const newer = compareVersions(parseVersion(unmet.version ?? "0"), parseVersion(first)) < 0;
  if (!newer && last === undefined) return [];
  const index =
    projectTool(match) === "pip" && newer
      ? ` --index-url https://download.pytorch.org/whl/${unmet.build ?? torchIndex(match)}`
      : "";
  return [
    `${askFor(match, newer ? `torch>=${first}` : `torch<=${last ?? ""}`)}${platformOf(match) === "darwin" ? "" : index}   # or a torch for Python ${unmet.python ?? ""}, where the project allows it`,
  ];
}

/** torch on a system with musl. Source: pypi.org/project/torch, whose files are for manylinux, macOS and Windows. */
function onMusl(match: Match): boolean {
  return match.context.log.musl && /^torch(?:vision|audio)?$/.test(unmetOf(match)?.name ?? "");
}

/** The image with Debian in place of Alpine, and what apk brought by apt-get. */
function onDebian(match: Match): string[] {
  const { alpineImage, apkPackages = [], dockerBuild } = match.context.log;
  const image = debianImage(alpineImage ?? "alpine", pythonVersion(match));
  if (!dockerBuild || alpineImage === undefined)
    return [
      `# Dockerfile: FROM ${image} in place of ${alpineImage ?? "python:3.12-alpine"} (apt-get in place of apk); without Docker: a system with glibc (Debian, Ubuntu, Fedora)`,
    ];
  // An image of Python's brings its own.
  const packages = debianPackages(apkPackages).filter((name) => !/^python:/.test(image) || !name.startsWith("python3"));
  return [
    `# in place of FROM ${alpineImage}:`,
    `FROM ${image}`,
    ...(packages.length === 0
      ? []
      : [
          `# in place of RUN apk add ${apkPackages.join(" ")}:`,
          `RUN apt-get update && apt-get install -y --no-install-recommends ${packages.join(" ")}`,
        ]),
  ];
}

function withGlibc(match: Match): string[] {
  return match.context.log.cibuildwheel
    ? [
        'export CIBW_SKIP="*-musllinux_*"   # pyproject.toml: [tool.cibuildwheel] skip = ["*-musllinux_*"]; in a workflow: env: CIBW_SKIP',
        "export CIBW_MANYLINUX_X86_64_IMAGE=manylinux_2_28 CIBW_MANYLINUX_AARCH64_IMAGE=manylinux_2_28   # torch 2.6 and newer",
      ]
    : onDebian(match);
}

/** A nightly of another day, of those that the index has for this system. */
function otherNightly(match: Match, unmet: Unmet | undefined): string[] | undefined {
  if (unmet?.version === undefined || !/\.dev\d{8}/.test(unmet.version)) return undefined;
  const there = /from versions: ([^)]+)\)/.exec(match.finding.message)?.[1]?.split(", ").at(-1);
  if (there === undefined || there === "none") return undefined;
  const index = match.context.log.onlyIndex;
  return [
    `${pip(match, `install --pre ${unmet.name}==${there}${index === undefined ? "" : ` --index-url ${index}`}`)}   # the newest one that fits here: nightlies are kept for some weeks, and for newer systems in the end`,
    ...(platformOf(match) === "linux"
      ? [
          "ldd --version | head -1   # since the end of 2024 (2.6) they need glibc 2.28: a newer system, or the image manylinux_2_28",
        ]
      : []),
  ];
}

/** Whether pip names the wheel that it refuses. */
function hasNamedWheel({ findings }: RuleContext): boolean {
  return findings.some(({ code, symbol }) => code === "wrong-wheel" && (symbol ?? "") !== "");
}

export const unmetRequestRules: readonly Rule[] = [
  {
    id: "python-range-too-wide",
    title: "The project allows Pythons that a package has no release for",
    on: ["installer"],
    specificity: 76,
    matches: (finding) => {
      if (coded(finding, "python-range") === undefined) return undefined;
      const range = said(finding, /Python range \((?<range>[^)]+)\)|value \((?<range2>[^)]+)\) includes/) ?? {};
      const asks = [...finding.message.matchAll(/([\w.-]+) requires Python ([<>=!~\d.,]+)/g)];
      const upper = asks
        .map(([, , want = ""]) => /<(3\.\d+)/.exec(want)?.[1])
        .filter((found) => found !== undefined)
        .sort((a, b) => compareVersions(parseVersion(a), parseVersion(b)))[0];
      return {
        ...range,
        who: asks[0]?.[1] ?? /[`']?([\w.-]+)[`']? only supports /.exec(finding.message)?.[1],
        upper,
        wanted: /to ["']([<>=\d.,]+)["']|\(like [`']?([<>=\d.,]+)/.exec(finding.message)?.slice(1).find(Boolean),
        active: /active Python version is (3\.\d+)/.exec(finding.message)?.[1],
      };
    },
    confidence: (match) => (match.facts["active"] === undefined ? "high" : "medium"),
    cause: (match) =>
      match.facts["active"] === undefined
        ? `The project says that it runs with Python ${match.facts["range"] ?? "of more releases"}, and the lock has to hold for all of them: ${match.facts["who"] === undefined ? "a package" : `\`${match.facts["who"]}\``} has no release for some.`
        : `With Python ${match.facts["active"]} the packages go together; they do not for other Pythons (or systems) that the project allows, and uv resolves for all of them.`,
    fix: (match) => {
      const { range, upper, wanted, active } = match.facts;
      const lower = /(>=3\.\d+)/.exec(range ?? "")?.[1] ?? (active === undefined ? ">=3.10" : `>=${active}`);
      const next = active === undefined ? undefined : `<3.${Number(active.split(".")[1]) + 1}`;
      const asked =
        wanted ??
        (upper === undefined
          ? next === undefined
            ? "<the range that all support>"
            : `${lower},${next}`
          : `${lower},<${upper}`);
      const poetry = !/resolution failed|includes Python/.test(match.finding.message);
      return [
        // poetry's own table names Python in a line of its own.
        ...(asked.startsWith("<the") || platformOf(match) === "win32"
          ? []
          : [
              `sed -i.bak -E 's/^(${poetry ? "requires-python|python" : "requires-python"}) *=.*/\\1 = "${asked}"/' pyproject.toml`,
            ]),
        `# pyproject.toml: requires-python = "${asked}"${poetry ? `   (older poetry: python = "${asked}")` : ""}`,
        poetry ? "poetry lock && poetry install" : "uv lock && uv sync",
      ];
    },
    sources: ["python-poetry/poetry#10499", "karpathy/nanochat#138", "https://docs.astral.sh/uv/concepts/resolution/"],
    examples: [
      {
        text: "The current project's supported Python range (>=3.12) is not compatible with some of the required packages Python requirement:\n  - triton requires Python <3.14,>=3.9, so it will not be installable for Python >=3.14",
        expect: 'requires-python = ">=3.12,<3.14"',
      },
      {
        text: "  hint: While the active Python version is 3.12, the resolution failed for other Python versions supported by your project. Consider limiting your project's supported Python versions using `requires-python`.",
        expect: 'requires-python = ">=3.12,<3.13"',
      },
    ],
  },
  {
    id: "uv-indexes-of-two-cudas",
    title: "Packages of PyTorch's index come from its parts for different CUDA versions",
    on: ["installer"],
    specificity: 80,
    matches: (finding) =>
      coded(finding, "no-solution") === undefined
        ? undefined
        : said(
            { ...finding, message: finding.message.replaceAll(/\s+/g, " ") },
            /(?<one>[\w-]+)==\S+ depends on system:cuda==(?<first>[\d.]+\d).*?because (?<other>[\w-]+)==\S+ depends on system:cuda==(?<second>[\d.]+\d)/,
          ),
    confidence: "high",
    cause: (match) =>
      `uv takes \`${match.facts["one"] ?? "torch"}\` from PyTorch's index for CUDA ${match.facts["first"] ?? ""} and \`${match.facts["other"] ?? "triton"}\` from the one for CUDA ${match.facts["second"] ?? ""} (its \`system:cuda\`), and does not mix the two.`,
    fix: (match) => {
      const index = `pytorch-cu${(match.facts["first"] ?? "").replace(".", "")}`;
      const { uvCommand, installs = [] } = match.context.log;
      const part = index.replace("pytorch-", "");
      const [only, ...others] = installs;
      return [
        uvCommand === "pip" && only !== undefined && others.length === 0
          ? pip(match, `install ${only} --torch-backend ${part}`)
          : `uv add ${match.facts["other"] ?? "triton"} --index ${index}=https://download.pytorch.org/whl/${part}`,
        `# pyproject.toml: [tool.uv.sources] ${match.facts["other"] ?? "triton"} = { index = "${index}" }, as ${match.facts["one"] ?? "torch"} has it; [[tool.uv.index]] name = "${index}" url = "https://download.pytorch.org/whl/${index.replace("pytorch-", "")}" explicit = true`,
        `# or without a file: the same command with --torch-backend ${index.replace("pytorch-", "")}`,
      ];
    },
    sources: ["xming521/WeClone#198"],
    examples: [
      {
        text: "  × No solution found when resolving dependencies:\n  ╰─▶ Because torch==2.7.1+cu126 depends on system:cuda==12.6 and because triton==3.3.1 depends on system:cuda==12.9, we can conclude that torch==2.7.1 and triton==3.3.1 are incompatible.",
        expect: 'triton = { index = "pytorch-cu126" }',
      },
    ],
  },
  {
    id: "no-wheel-for-this-python",
    title: "No release of the package fits this Python or platform",
    on: ["installer"],
    specificity: 65,
    matches: (finding, context) => {
      if (coded(finding, "wrong-wheel", "wrong-python") !== undefined)
        // A title without the wheel, and the message with it further down.
        return finding.code === "wrong-wheel" && (finding.symbol ?? "") === "" && hasNamedWheel(context)
          ? undefined
          : {};
      if (coded(finding, "no-distribution", "no-solution", "no-candidate", "wheel-tags") === undefined)
        return undefined;
      // pip says it once more, without what it found: the sentence before it is the one to read.
      if (
        finding.code === "no-distribution" &&
        !/from versions/.test(finding.message) &&
        context.findings.some(
          (other) =>
            other.code === "no-distribution" && other.symbol === finding.symbol && /from versions/.test(other.message),
        )
      )
        return undefined;
      // pip had a release and left it out for what its setup.py said.
      if (context.findings.some(({ code }) => code === "inconsistent-metadata")) return undefined;
      const unmet = unmetOf({ finding, context });
      // Hints alone say something of wheels that do not fit.
      if (unmet === undefined) return finding.code === "wheel-tags" || isConflict(finding.message) ? undefined : {};
      // A hint that speaks of systems alone says nothing of Python.
      if (finding.code === "wheel-tags" && unmet.why === "platform") return undefined;
      const range = pythonsThere(unmet);
      const isOther =
        range !== undefined && (unmet.python === undefined ? unmet.why === "python" : !within(range, unmet.python));
      return {
        what: release(unmet),
        named: named(unmet),
        oldest: range?.[0],
        newest: range?.[1],
        isOther: isOther ? "yes" : undefined,
        absent: /from versions: none/.test(finding.message) ? "yes" : undefined,
      };
    },
    confidence: (match) =>
      match.finding.code === "no-solution" && match.facts["isOther"] === undefined ? "medium" : "high",
    cause: (match) => {
      if (coded(match.finding, "wrong-wheel", "wrong-python") !== undefined) return wheelCause(match);
      const unmet = unmetOf(match);
      const before = lastBeforeNewerGlibc(match);
      if (before !== undefined)
        return `${named(unmet ?? { name: "torch" })} is made for manylinux_2_28 (glibc 2.28 or newer), and what the index lists for this machine ends with ${before}, the last one for manylinux2014: this system's glibc is older (CentOS 7, Ubuntu 18.04, the image manylinux2014), or pip is older than 20.3, which does not know such wheels.`;
      if (onMusl(match))
        return `${named(unmet ?? { name: "torch" })} has wheels for systems with glibc alone, and this is one with musl (Alpine, musllinux).`;
      const { oldest, newest, isOther } = match.facts;
      const version = unmet?.python ?? pythonVersion(match);
      if (unmet !== undefined && newest !== undefined && (isOther !== undefined || unmet.name === "torch")) {
        const range = oldest === newest ? newest : `${oldest ?? ""} to ${newest}`;
        return `${named(unmet)} is made for Python ${range}; ${version === undefined ? "the interpreter at hand is another" : `this is Python ${version}`}${isOther === undefined || version === undefined ? " (or its system or processor is another)" : ""}.`;
      }
      return `No release of \`${match.facts["what"] ?? "the package"}\` fits: ${match.facts["absent"] === undefined ? "" : "the index has no package of that name at all (misspelt, or only in its project's repository), or "}none is made for ${version === undefined ? "this Python" : `Python ${version}`} on this system, the version does not exist, or it is on another index (torch with CUDA: https://download.pytorch.org/whl/…).`;
    },
    fix: (match) => {
      if (coded(match.finding, "wrong-wheel", "wrong-python") !== undefined) {
        const again = byItsNumber(match);
        return again.length > 0 ? again : [showTags(match), ...forWheel(match)];
      }
      const unmet = unmetOf(match);
      if (onMusl(match)) return withGlibc(match);
      const before = lastBeforeNewerGlibc(match);
      if (before !== undefined) return withNewerGlibc(match, before);
      const nightly = otherNightly(match, unmet);
      if (nightly !== undefined) return [...nightly, showTags(match)];
      const { oldest, newest } = match.facts;
      const again =
        unmet === undefined || match.finding.code !== "no-distribution"
          ? undefined
          : `${withCompanions(match, release(unmet))}${unmet.build === undefined ? "" : ` --index-url https://download.pytorch.org/whl/${unmet.build}`}`;
      // The Python is one of those that it was made for: something else does not fit.
      if (
        unmet?.python !== undefined &&
        newest !== undefined &&
        match.finding.code === "no-distribution" &&
        within([oldest ?? newest, newest], unmet.python)
      )
        return [
          showTags(match),
          ...(platformOf(match) === "linux"
            ? [
                "ldd --version | head -1; uname -m   # torch 2.6 and newer need glibc 2.28, x86_64 or aarch64; musl (Alpine) has no wheels",
              ]
            : []),
          `${pip(match, `index versions ${unmet.name}`)}   # what the index has for this Python and system`,
          ...otherRelease(match, unmet),
        ];
      if (unmet !== undefined && newest !== undefined)
        return [
          ...usePython(match, fitting([oldest ?? newest, newest], unmet.python), again),
          ...otherRelease(match, unmet),
          ...(unmet.python === undefined ? [showTags(match)] : []),
        ];
      return [showTags(match), ...forWheel(match)];
    },
    sources: ["https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/"],
    examples: [
      {
        text: " => [app internal] load metadata for docker.io/library/python:3.11-alpine3.19   0.9s\n => [app 2/5] RUN apk add --no-cache build-base git ninja musl-dev   11.3s\n => ERROR [app 4/5] RUN pip install -r requirements.txt   9.7s\nERROR: Could not find a version that satisfies the requirement torch>=2.1 (from versions: none)\nERROR: No matching distribution found for torch>=2.1",
        expect: "RUN apt-get update && apt-get install -y --no-install-recommends build-essential git ninja-build",
      },
      {
        text: "$ pip install https://download.pytorch.org/whl/cu121/torchaudio-2.1.0%2Bcu121-cp39-cp39-linux_x86_64.whl\nERROR: torchaudio-2.1.0+cu121-cp39-cp39-linux_x86_64.whl is not a supported wheel on this platform.",
        expect: "install torchaudio==2.1.0 --index-url https://download.pytorch.org/whl/cu121",
      },
      {
        text: "$ pip install https://data.pyg.org/whl/torch-2.1.0%2Bcu118/torch_cluster-1.6.3%2Bpt21cu118-cp39-cp39-linux_x86_64.whl\nERROR: torch_cluster-1.6.3+pt21cu118-cp39-cp39-linux_x86_64.whl is not a supported wheel on this platform.",
        expect: "install torch-cluster==1.6.3+pt21cu118 -f https://data.pyg.org/whl/torch-2.1.0+cu118.html",
      },
      {
        text: "ERROR: torchvision-0.5.0a0+9cdc814-cp37-cp37m-linux_armv7l.whl is not a supported wheel on this platform.",
        expect: "Python 3.7 and armv7l",
      },
      {
        text: "ERROR: torch-2.0.1+cpu-cp311-cp311-linux_arm64.whl is not a supported wheel on this platform.",
        expect: "torch-2.0.1+cpu-cp311-cp311-linux_aarch64.whl",
      },
      {
        text: "$ docker run -it quay.io/pypa/manylinux2014_x86_64 bash\nLooking in indexes: https://download.pytorch.org/whl/cpu\nERROR: Could not find a version that satisfies the requirement torch==2.7.0 (from versions: 2.4.1+cpu, 2.5.0+cpu, 2.5.1+cpu)",
        expect: "manylinux_2_28_x86_64",
      },
      {
        text: "ERROR: Could not find a version that satisfies the requirement torch==1.13.1 (from versions: 2.5.0, 2.5.1, 2.6.0)",
        expect: "uv venv --python 3.10",
      },
      {
        text: "Run python -m cibuildwheel\nBuilding cp313-musllinux_x86_64 wheel\nERROR: Could not find a version that satisfies the requirement torch==2.7.0 (from versions: none)",
        expect: "CIBW_SKIP",
      },
      {
        text: "Looking in indexes: https://download.pytorch.org/whl/nightly/cpu\nERROR: Could not find a version that satisfies the requirement torch==2.6.0.dev20241126 (from versions: 2.6.0.dev20240928, 2.6.0.dev20241125+cpu)",
        expect: "torch==2.6.0.dev20241125+cpu --index-url https://download.pytorch.org/whl/nightly/cpu",
      },
      {
        text: "ERROR: Could not find a version that satisfies the requirement torch==1.7.1+cu110 (from versions: 2.0.0, 2.0.1)",
        expect: "torch==1.7.1+cu110 --index-url https://download.pytorch.org/whl/cu110",
      },
      {
        text: "ERROR: flash_attn-2.6.3+cu123torch2.4cxx11abiFALSE-cp310-cp310-linux_x86_64.whl is not a supported wheel on this platform.",
        expect: "cp310",
      },
      {
        text: "  Using cached numpy-2.1.0-cp312-cp312-manylinux_2_17_x86_64.whl (18 MB)\nERROR: my_ops-2.6.3+cu12torch2.4-cp310-cp310-linux_x86_64.whl is not a supported wheel on this platform.",
        expect: "cp312-cp312",
      },
      { text: "ERROR: Package 'foo' requires a different Python: 3.7.1 not in '>=3.8'", expect: "does not support" },
      {
        text: "  × No solution found when resolving dependencies:\n  ╰─▶ Because torch==2.4.1 has no wheels with a matching Python ABI tag (e.g., `cp313`) and your project depends on torch==2.4.1, we can conclude that your project's requirements are unsatisfiable.\n\n      hint: You require CPython 3.13 (`cp313`), but we only found wheels for `torch` (v2.4.1) with the following Python ABI tags: `cp38`, `cp39`, `cp310`, `cp311`, `cp312`",
        expect: "uv python pin 3.12",
      },
      {
        text: "hint: You require CPython 3.13 (`cp313`), but we only found wheels for `my-ops` (v0.9.7) with the following Python ABI tags: `cp311`, `cp312`",
        expect: "uv venv --python 3.12",
      },
      {
        text: "  - Installing torch (2.7.1): Failed\n\n    | Unable to find installation candidates for torch (2.7.1)\n    |\n    |   - 24 wheel(s) were skipped as your project's environment does not support the identified abi tags",
        expect: "poetry env use 3.12",
      },
    ],
  },
];
