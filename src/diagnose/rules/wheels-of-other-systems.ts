/** A release that is asked for and has wheels for other systems alone: Linux without glibc, Macs with Intel, Windows. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { pip, platformOf, python, pythonVersion } from "../commands/commands.ts";
import { askFor, projectTool } from "../commands/project-tools.ts";
import { nativeConda } from "./mac-processors.ts";
import { coded, type Match, type Rule } from "../rule.ts";
import { pythonsOf, torchOf, within } from "../tables/torch-wheels.ts";
import { type Unmet, unmetOf } from "../commands/unmet-requests.ts";

const unmetCodes = ["no-distribution", "no-solution", "no-candidate", "wheel-tags", "uv-platform"] as const;

/** Packages that are made for Linux alone, and what stands in for them on Windows. */
const linuxAlone: Readonly<Record<string, string | undefined>> = { triton: "triton-windows" };
const linuxOnly = /^(?:triton|nvidia-[\w-]+|vllm|sgl-kernel|deepspeed|pytorch-triton[\w-]*|cuda-bindings)$/;

function system(tag: string | undefined): "Linux" | "macOS" | "Windows" | "musl" | undefined {
  if (tag === undefined) return undefined;
  if (tag.startsWith("musllinux")) return "musl";
  if (/^(?:many)?linux/.test(tag)) return "Linux";
  return tag.startsWith("macosx") ? "macOS" : tag.startsWith("win") ? "Windows" : undefined;
}

/** What asks for the package, without its demands: they would ask for it again. */
function withoutIt(match: Match, name: string): string[] {
  const { requested = [], options = [] } = match.context.log;
  const rest = requested.filter((word) => !word.startsWith(name));
  return rest.length === 0 || rest.length < requested.length || rest.some((word) => word.startsWith("-r "))
    ? []
    : [
        `${python(match)} -m pip install --no-build-isolation --no-deps ${[...rest, ...options].join(" ")}   # without its demands, of which ${name} is one: the others by hand, as its setup.py or pyproject.toml names them`,
      ];
}

/** The command that pip refused, for another environment: as it was written, where the text has it. */
function askedAgain(match: Match): string {
  const { name = "", version } = match.facts;
  const typed = match.context.log.typed.findLast(
    ({ kind, line }) => kind === "pip" && line.split(/[\s=<>~!"'[]+/).includes(name),
  );
  const words = typed === undefined ? undefined : /\bpip[\d.]* (install .+)$/.exec(typed.line)?.[1];
  return pip(match, words ?? `install ${name}${version === undefined ? "" : `==${version}`}`);
}

interface Elsewhere {
  readonly unmet: Unmet;
  readonly kind: "linux-alone" | "intel-mac" | "musl" | "glibc" | "win32" | "msys";
}

function elsewhere(match: Pick<Match, "finding" | "context">): Elsewhere | undefined {
  const unmet = unmetOf(match);
  if (unmet === undefined) return undefined;
  const { log } = match.context;
  const here =
    system(unmet.platform) ?? (log.platform === "win32" ? "Windows" : log.platform === "darwin" ? "macOS" : undefined);
  if (log.msysPython && /^torch(?:vision|audio)?$/.test(unmet.name)) return { unmet, kind: "msys" };
  if (here === "musl" && unmet.platforms?.some((tag) => tag.startsWith("manylinux")) !== false)
    return { unmet, kind: "musl" };
  if (here === "Windows" && unmet.platform === "win32") return { unmet, kind: "win32" };
  if (/^cuda-python$/.test(unmet.name) && here === "macOS") return { unmet, kind: "linux-alone" };
  if (linuxOnly.test(unmet.name) && (here === "Windows" || here === "macOS") && unmet.why !== "version")
    return { unmet, kind: "linux-alone" };
  if (
    /^torch(?:vision|audio)?$/.test(unmet.name) &&
    /^macosx_\d+_\d+_x86_64$/.test(unmet.platform ?? "") &&
    unmet.platforms?.some((tag) => tag.endsWith("arm64")) === true
  )
    return { unmet, kind: "intel-mac" };
  // The Python is one that the release has wheels for, and the last one for Intel is 2.2.2: it can only be the processor.
  const range = pythonsOf(unmet.name, unmet.version);
  const torch = unmet.version === undefined ? undefined : torchOf(unmet.name, unmet.version);
  if (
    here === "macOS" &&
    unmet.build === undefined &&
    log.arch !== "arm64" &&
    torch !== undefined &&
    compareVersions(parseVersion(torch), [2, 3]) >= 0 &&
    unmet.python !== undefined &&
    range !== undefined &&
    within(range, unmet.python)
  )
    return { unmet, kind: "intel-mac" };
  const glibc = /^manylinux_2_(\d+)_/.exec(unmet.platform ?? "")?.[1];
  if (
    glibc !== undefined &&
    Number(glibc) < 28 &&
    unmet.platforms?.some((tag) => tag.startsWith("manylinux_2_28_")) === true &&
    unmet.platforms.every((tag) => !/^manylinux(?:1|2010|2014|_2_17)_x86/.test(tag))
  )
    return { unmet, kind: "glibc" };
  return undefined;
}

export const wheelsOfOtherSystemsRules: readonly Rule[] = [
  {
    id: "package-of-other-system",
    title: "The release has no wheels for this system",
    on: ["installer"],
    specificity: 79,
    matches: (finding, context) => {
      if (coded(finding, ...unmetCodes) === undefined) return undefined;
      const found = elsewhere({ finding, context });
      return found === undefined
        ? undefined
        : { name: found.unmet.name, version: found.unmet.version, kind: found.kind, here: found.unmet.platform };
    },
    confidence: "high",
    cause: (match) => {
      const { name = "", version, kind, here } = match.facts;
      const what = `\`${name}${version === undefined ? "" : ` ${version}`}\``;
      const at = here === undefined ? "" : ` (${here})`;
      if (kind === "musl")
        return `The image is Alpine or another Linux with musl${at}, and ${what} has wheels for glibc alone (manylinux).`;
      if (kind === "msys")
        return `The Python is MSYS2's, built with gcc: it takes no wheels for Windows (win_amd64), which are for the Python of python.org and its kin, and ${what} is there as such wheels alone.`;
      if (kind === "win32") return `The Python is one of 32 bits${at}, and ${what} has wheels for 64 bits alone.`;
      if (kind === "intel-mac")
        return `torch has no wheels for Macs with Intel processors${at} after 2.2.2, and ${what} is asked for.${match.context.log.appleProcessor ? " This Mac has one of Apple's own, as the text says: the Python (or uv) that runs is one for Intel, under Rosetta." : ""}`;
      if (kind === "glibc")
        return `The wheels of ${what} need glibc 2.28 (manylinux_2_28), and this system has an older one${at}.`;
      if (/^(?:nvidia-|cuda-)/.test(name) && platformOf(match) === "darwin")
        return `\`${name}\` is a part of CUDA, and there is no CUDA for macOS: what asks for it was resolved (or locked) on another system, as releases of torch with metadata of their own for each system are (1.13.0, 2.0.0), or has to leave it out here.`;
      return `\`${name}\` has wheels for Linux alone, and this is ${platformOf(match) === "darwin" ? "macOS" : "Windows"}: whatever asks for it has to leave it out here.`;
    },
    fix: (match) => {
      const { name = "", kind } = match.facts;
      if (kind === "musl")
        return [
          `# Dockerfile: FROM python:${pythonVersion(match) ?? "3.12"}-slim in place of …-alpine (uv: ghcr.io/astral-sh/uv:python${pythonVersion(match) ?? "3.12"}-bookworm-slim)`,
        ];
      if (kind === "msys")
        return [
          "# in a cmd or PowerShell, not in MSYS2's window:",
          "winget install -e --id Python.Python.3.12",
          "py -3.12 -m venv venv-win",
          "venv-win\\Scripts\\activate",
          askedAgain(match),
        ];
      if (kind === "win32")
        return [
          `uv python install cpython-${pythonVersion(match) ?? "3.12"}-windows-x86_64-none`,
          `uv venv --python cpython-${pythonVersion(match) ?? "3.12"}-windows-x86_64-none   # then the same command`,
        ];
      if (kind === "intel-mac" && match.context.log.appleProcessor && match.context.log.conda)
        return [...nativeConda(pythonVersion(match)), askedAgain(match)];
      if (kind === "intel-mac" && match.context.log.appleProcessor)
        return [
          `${python(match)} -c "import platform; print(platform.machine())"   # x86_64: a Python for Intel that Rosetta runs on this Mac`,
          "uv python install cpython-3.12-macos-aarch64-none && uv venv --python cpython-3.12-macos-aarch64-none   # a Python for the Mac's own processor, then the same command",
          "file $(which uv python3)   # what says x86_64 alone came with a Homebrew or conda for Intel: install it for arm64 (/opt/homebrew, Miniforge for arm64)",
        ];
      if (kind === "intel-mac")
        return [
          `${askFor(match, "torch==2.2.2")}   # the newest for Intel, for Python 3.8 to 3.12`,
          askFor(match, "numpy<2"),
          `# a Mac with an M processor: this Python is one for Intel under Rosetta; ${python(match)} -c "import platform; print(platform.machine())" has to say arm64`,
        ];
      if (kind === "glibc")
        return [
          "ldd --version | head -1   # 2.28: RHEL 8, Ubuntu 20.04, Debian 10",
          ...(projectTool(match).startsWith("uv")
            ? [
                "uv cache clean && uv sync   # it says 2.28 or more: uv remembers the system of before its glibc was updated",
              ]
            : []),
          "# a newer system or image (ubuntu:22.04; with cibuildwheel manylinux_2_28), or the last release for an older one:",
          askFor(match, "torch<=2.6.0"),
        ];
      const stand = platformOf(match) === "win32" ? linuxAlone[name] : undefined;
      return [
        ...(stand === undefined
          ? []
          : [
              `${askFor(match, stand)}   # its module is called ${name}, too; 3.2 for torch 2.6, 3.3 for 2.7, 3.4 for 2.8, 3.5 for 2.9`,
              ...withoutIt(match, name),
            ]),
        `# requirements or pyproject.toml: "${name}; sys_platform == 'linux'", so that it is left out here`,
        ...(platformOf(match) === "win32" && stand === undefined
          ? ["wsl --install   # Linux on Windows, with its wheels"]
          : []),
      ];
    },
    sources: [
      "https://github.com/woct0rdho/triton-windows",
      "https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/",
      "vladmandic/sdnext#63",
    ],
    examples: [
      {
        text: "jo@PC UCRT64 ~/ext\n$ pip install torch ninja\nERROR: Could not find a version that satisfies the requirement torch (from versions: none)\nERROR: No matching distribution found for torch",
        expect: "py -3.12 -m venv venv-win",
      },
      {
        text: "(base) jo@Mac ext % sysctl -n machdep.cpu.brand_string\nApple M3 Pro\n(base) jo@Mac ext % pip install torch==2.5.1\nERROR: Could not find a version that satisfies the requirement torch==2.5.1 (from versions: 1.11.0, 1.12.0, 2.2.1, 2.2.2)",
        expect: "CONDA_SUBDIR=osx-arm64 conda create",
      },
      {
        text: "pip install my-ops==2.0.4\nRequirement already satisfied: torch in c:\\users\\u\\lib\\site-packages (from my-ops==2.0.4) (2.1.0+cu121)\nERROR: Could not find a version that satisfies the requirement triton (from my-ops) (from versions: none)",
        expect: "--no-build-isolation --no-deps my-ops==2.0.4",
      },
      {
        text: "  Using cached torch-2.0.0%2Bcu118-cp310-cp310-win_amd64.whl (2611.3 MB)\nERROR: Could not find a version that satisfies the requirement triton (from versions: none)",
        expect: 'install "triton-windows"',
      },
      {
        text: "error: Distribution `torch==2.7.0 @ registry+https://pypi.org/simple` can't be installed because it doesn't have a source distribution or wheel for the current platform\n\nhint: You're on Linux (`musllinux_1_2_x86_64`), but `torch` (v2.7.0) only has wheels for the following platforms: `manylinux_2_28_aarch64`, `manylinux_2_28_x86_64`, `win_amd64`",
        expect: "Alpine",
      },
      {
        text: "error: Distribution `torch==2.7.0 @ registry+https://pypi.org/simple` can't be installed because it doesn't have a source distribution or wheel for the current platform\n\nhint: You're on macOS (`macosx_13_0_x86_64`), but `torch` (v2.7.0) only has wheels for the following platforms: `manylinux_2_28_x86_64`, `macosx_11_0_arm64`, `win_amd64`",
        expect: 'uv add "torch==2.2.2"',
      },
      {
        text: "hint: You're on Linux (`manylinux_2_17_x86_64`), but `torch` (v2.8.0) only has wheels for the following platforms: `manylinux_2_28_aarch64`, `manylinux_2_28_x86_64`, `win_amd64`",
        expect: "torch<=2.6.0",
      },
    ],
  },
];
