/** torch, uv and the wheels that an index offers for this Python, system and processor: what the list of offers tells. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { pip, platformOf, python } from "../commands/commands.ts";
import { usePython } from "../commands/project-tools.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";
import { pythonsOf } from "../tables/torch-wheels.ts";
import { unmetOf } from "../commands/unmet-requests.ts";

/**
 * Where PyPI's list of torch ends, and why. Sources: the files of each release on PyPI, and "Python/C++ support" in
 * PyTorch's RELEASE.md.
 */
const ends: readonly (readonly [last: string, why: string, what: "mac" | "glibc" | "python"])[] = [
  ["2.2.2", "torch has no wheels for Macs with Intel processors after 2.2.2", "mac"],
  [
    "2.6.0",
    "torch's wheels for Linux are made for glibc 2.28 since 2.7 (manylinux_2_28), and this system or image has an older one (manylinux2014, CentOS 7, Ubuntu 18.04)",
    "glibc",
  ],
  ["2.8.0", "torch 2.9 and newer have no wheels for Python 3.9", "python"],
  ["2.4.1", "torch 2.5 and newer have no wheels for Python 3.8", "python"],
  ["1.13.1", "torch 2.0 and newer have no wheels for Python 3.7", "python"],
  ["1.10.2", "torch 1.11 and newer have no wheels for Python 3.6", "python"],
];

/** The Python that made torch's list end there. */
const pythonOfEnd: Readonly<Record<string, string>> = {
  "2.8.0": "3.9",
  "2.4.1": "3.8",
  "1.13.1": "3.7",
  "1.10.2": "3.6",
};

interface Offer {
  readonly wanted: string;
  readonly last: string;
  readonly why: string;
  readonly what: string;
}

function offerOf(message: string): Offer | undefined {
  const match = /torch\s?(?:==|>=|~=|>)\s?(?<wanted>\d+\.\d+[\w.]*)[^(]*\(from versions: (?<list>[^)]+)\)/.exec(
    message,
  );
  const wanted = match?.groups?.["wanted"];
  const list = match?.groups?.["list"];
  if (wanted === undefined || list === undefined) return undefined;
  const offered = list.split(",").map((entry) => entry.trim().replace(/\+\w+$/, ""));
  const last = offered.filter((entry) => /^\d+(?:\.\d+)+$/.test(entry)).at(-1);
  if (last === undefined || compareVersions(parseVersion(wanted), parseVersion(last)) <= 0) return undefined;
  const end = ends.find(([version]) => version === last);
  return end === undefined ? undefined : { wanted, last, why: end[1], what: end[2] };
}

/** What the paste says of the Python rules an end out that is another Python's. */
function fits(offer: Offer, match: { readonly python: string | undefined }): boolean {
  const end = pythonOfEnd[offer.last];
  return end === undefined || match.python === undefined || match.python === end;
}

/** The Python is what has no wheel, not the system: as uv says, or since torch has wheels for that system. */
function pythonOfLock(match: Match): { readonly here?: string | undefined; readonly newest: string } | undefined {
  const unmet = unmetOf(match);
  if (unmet === undefined) return undefined;
  const newest = unmet.pythons?.at(-1) ?? pythonsOf(unmet.name, unmet.version)?.[1];
  const onAppleSilicon =
    unmet.name.startsWith("torch") &&
    /^macosx_\d+_\d+_arm64$/.test(unmet.platform ?? "") &&
    unmet.platforms?.some((tag) => tag.startsWith("macosx")) === false;
  return newest !== undefined && unmet.build === undefined && (unmet.why === "python" || onAppleSilicon)
    ? { here: unmet.python, newest }
    : undefined;
}

/** The marker of the system that the text is of. */
function environmentOf(match: Match): string {
  const tag = unmetOf(match)?.platform;
  const platform =
    tag === undefined
      ? platformOf(match)
      : tag.startsWith("win")
        ? "win32"
        : tag.startsWith("macosx")
          ? "darwin"
          : "linux";
  const arm = tag === undefined ? match.context.log.arch === "arm64" : /(?:arm64|aarch64)$/.test(tag);
  const machine =
    platform === "linux" ? (arm ? "aarch64" : "x86_64") : arm ? "arm64" : platform === "win32" ? "AMD64" : "x86_64";
  return `sys_platform == '${platform}' and platform_machine == '${machine}'`;
}

/** uv's command once more, with all indexes looked at. */
function bestMatch({ context: { log } }: Match): string {
  const [only, ...others] = log.installs ?? [];
  const option = "--index-strategy unsafe-best-match";
  if (log.uvCommand !== undefined && log.uvCommand !== "pip" && log.uvCommand !== "tool")
    return `${log.uvLine ?? `uv ${log.uvCommand === "run" ? "sync" : log.uvCommand}`} ${option}`;
  return `uv pip install ${option} ${others.length === 0 && only !== undefined ? only : "-r requirements.txt"}`;
}

export const torchReleaseRules: readonly Rule[] = [
  {
    id: "torch-has-no-wheel-here",
    title: "torch has no wheels any more for this Python or system",
    on: ["installer"],
    specificity: 72,
    matches: (finding, context) => {
      if (finding.code !== "no-distribution") return undefined;
      const offer = offerOf(finding.message) ?? offerOf(finding.text);
      if (offer === undefined || !fits(offer, { python: context.log.python })) return undefined;
      if (offer.what === "mac" && (context.log.platform === "win32" || context.log.arch === "arm64")) return undefined;
      return { wanted: offer.wanted, last: offer.last, why: offer.why, what: offer.what };
    },
    confidence: "high",
    cause: (match) =>
      `torch ${match.facts["wanted"] ?? ""} is asked for, and the list of what fits here ends with ${match.facts["last"] ?? ""}: ${match.facts["why"] ?? ""}.`,
    fix: (match) => {
      const last = pip(match, `install "torch<=${match.facts["last"] ?? ""}"`);
      if (match.facts["what"] === "mac")
        return [
          `${python(match)} -c "import platform; print(platform.machine())"   # x86_64 on a Mac with an M processor: a Python for Intel under Rosetta; take one for arm64`,
          `${last} "numpy<2"   # the newest for Intel; or build torch from source`,
        ];
      if (match.facts["what"] === "glibc")
        return [
          "ldd --version | head -1; cat /etc/os-release | head -2   # below 2.28: a newer system or image",
          "export CIBW_MANYLINUX_X86_64_IMAGE=manylinux_2_28   # with cibuildwheel; docker: quay.io/pypa/manylinux_2_28_x86_64, ubuntu:22.04",
          `${last}   # the newest for this glibc`,
        ];
      return [
        "uv venv --python 3.12 && . .venv/bin/activate   # (conda create -n e python=3.12): a Python that torch still supports",
        `uv pip install "torch==${match.facts["wanted"] ?? ""}"`,
        `${last}   # the newest for this Python`,
      ];
    },
    sources: [
      "https://github.com/pytorch/pytorch/blob/main/RELEASE.md",
      "https://pypi.org/project/torch/#files",
      "LMCache/LMCache#782",
    ],
    examples: [
      {
        text: "ERROR: Could not find a version that satisfies the requirement torch==2.7.0 (from versions: 2.5.0, 2.5.1, 2.6.0)",
        expect: "manylinux_2_28",
      },
      {
        text: "ERROR: Could not find a version that satisfies the requirement torch>=2.4 (from versions: 1.13.1, 2.0.0, 2.2.1, 2.2.2)",
        expect: "Intel",
      },
      {
        text: "ERROR: Could not find a version that satisfies the requirement torch==2.5.0 (from versions: 2.3.0, 2.4.0, 2.4.1)",
        expect: "Python 3.8",
      },
    ],
  },
  {
    id: "uv-first-index-only",
    title: "uv looks only at the first index that has the package",
    on: ["installer"],
    specificity: 78,
    matches: (finding) =>
      coded(finding, "uv-first-index") === undefined
        ? undefined
        : (said(finding, /[`'](?<name>[\w.-]+)[`'] was found on\s+(?<index>\S+?),? but not at the requested version/) ??
          {}),
    confidence: "high",
    cause: (match) =>
      `uv takes all releases of a package from the first index that has it${match.facts["index"] === undefined ? "" : ` (${match.facts["index"]})`}, and the one that is asked for${match.facts["name"] === undefined ? "" : ` of \`${match.facts["name"]}\``} is only on a later one (pip looks at all of them).`,
    fix: (match) => [
      `${bestMatch(match)}   # as pip does; or export UV_INDEX_STRATEGY=unsafe-best-match`,
      `# safer, in pyproject.toml: [[tool.uv.index]] name = "pytorch" url = "https://download.pytorch.org/whl/cu128" explicit = true, and [tool.uv.sources] torch = { index = "pytorch" }: then only torch comes from there${match.facts["name"] === undefined ? "" : `, ${match.facts["name"]} from PyPI`}`,
    ],
    sources: ["https://docs.astral.sh/uv/concepts/indexes/#searching-across-multiple-indexes", "astral-sh/uv#18715"],
    examples: [
      {
        text: "      hint: `torchcodec` was found on https://download.pytorch.org/whl/cu128, but not at the requested version (torchcodec>=0.9.1). A compatible version may be available on a subsequent index (e.g., https://pypi.org/simple).",
        expect: "unsafe-best-match",
      },
    ],
  },
  {
    id: "uv-lock-of-other-platform",
    title: "The locked release has no wheel for this platform",
    on: ["installer"],
    specificity: 78,
    matches: (finding) =>
      coded(finding, "uv-platform") === undefined
        ? undefined
        : {
            what: finding.symbol?.split(" @ ")[0],
            only: /only has wheels? for the following (?:platforms?|Python \w+ tags?|ABI tags?): ?[`']?([^`'\s]+)/.exec(
              finding.message,
            )?.[1],
            here: /You're (?:on|using) [^(]*\([`']([\w.]+)[`']\)/.exec(finding.message)?.[1],
            index: /registry\+(\S+?)[`']?(?:\s|$)/.exec(finding.message)?.[1],
          },
    confidence: "high",
    cause: (match) => {
      const what = match.facts["what"] ?? "a release";
      const other = pythonOfLock(match);
      if (other !== undefined)
        return `uv.lock names \`${what}\`, which has no wheel for ${other.here === undefined ? "this Python" : `Python ${other.here}`} on this system: its wheels are for Python up to ${other.newest}.`;
      return `uv.lock names \`${what}\`, for which its index has no wheel that fits here${match.facts["here"] === undefined ? "" : ` (${match.facts["here"]})`}${match.facts["only"] === undefined ? "" : `: only ${match.facts["only"]}`}. On PyTorch's index a plain version and one with +cu… or +cpu are two releases, and not each has wheels for every platform.`;
    },
    fix: (match) => {
      const name = (match.facts["what"] ?? "torch").split("==")[0] ?? "torch";
      const other = pythonOfLock(match);
      const build = /\/whl\/(cu\d+|cpu|rocm[\d.]+)/.exec(match.facts["index"] ?? "")?.[1] ?? "cu128";
      return [
        ...(other === undefined ? [] : usePython(match, other.newest)),
        `uv lock --upgrade-package ${name} && uv sync   # ${other === undefined ? "or: rm uv.lock && uv lock" : "or a newer release, for this Python"}`,
        `# pyproject.toml: [tool.uv.sources] ${name} = [{ index = "pytorch-${build}", marker = "sys_platform == 'linux' or sys_platform == 'win32'" }]   (macOS then takes PyPI's)`,
        `# and [tool.uv] required-environments = ["${environmentOf(match)}"]: uv lock then says so at once`,
      ];
    },
    sources: ["https://docs.astral.sh/uv/guides/integration/pytorch/", "astral-sh/uv#11418"],
    examples: [
      {
        text: "error: Distribution `torch==2.5.1 @ registry+https://download.pytorch.org/whl/cu124` can't be installed because it doesn't have a source distribution or wheel for the current platform",
        expect: "uv lock --upgrade-package torch",
      },
      {
        text: "error: Distribution `torch==2.2.2 @ registry+https://pypi.org/simple` can't be installed because it doesn't have a source distribution or wheel for the current platform\n\nhint: You're using CPython 3.13 (`cp313`), but `torch` (v2.2.2) only has wheels with the following Python ABI tag: `cp312`",
        expect: "uv python pin 3.12",
      },
      {
        text: "error: Distribution `torch==2.5.1 @ registry+https://pypi.org/simple` can't be installed because it doesn't have a source distribution or wheel for the current platform\n\nhint: You're on macOS (`macosx_14_0_arm64`), but `torch` (v2.5.1) only has wheels for the following platform: `manylinux1_x86_64`",
        expect: "for Python up to 3.12",
      },
    ],
  },
];
