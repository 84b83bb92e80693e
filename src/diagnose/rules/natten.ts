/** NATTEN: its compiled part, and the wheel of it that is made for a torch and a CUDA. */
import { own } from "../../base/own.ts";
import { pip, platformOf, python, torchCuda } from "../commands/commands.ts";
import { type Match, type Rule, saidAny } from "../rule.ts";

/**
 * NATTEN's release, and the page of its wheels, by torch and CUDA. Sources: the releases v0.17.1, v0.21.6 and v0.21.7 of
 * SHI-Labs/NATTEN; SHI-Labs/NATTEN#220 (0.17.5 for torch 2.6) and #295 (the old wheels are at whl.natten.org/old now). What is
 * not here has no wheel, or it is not known.
 */
const wheels: Readonly<Record<string, readonly [release: string, builds: string]>> = {
  "2.0": ["0.17.1", "cu117 cu118"],
  "2.1": ["0.17.1", "cu118 cu121"],
  "2.2": ["0.17.1", "cu118 cu121"],
  "2.3": ["0.17.1", "cu118 cu121"],
  "2.6": ["0.17.5", "cu126"],
  "2.10": ["0.21.6", "cu126 cu128 cu130"],
  "2.11": ["0.21.6", "cu126 cu128 cu130"],
  "2.12": ["0.21.7", "cu126 cu130 cu132"],
  "2.13": ["0.21.7", "cu126 cu130 cu132"],
};

const oldPage = "https://whl.natten.org/old/";

/** The wheel that the text asked for: `0.17.5+torch260cu126` is for torch 2.6.0 of cu126. */
function asked({ context: { log } }: Match): { readonly torch: string; readonly build: string } | undefined {
  for (const word of [...(log.requested ?? []), log.requirement ?? "", `natten==${log.versions["natten"] ?? ""}`]) {
    const [, major, minor, patch, build] = /^"?natten==[\d.]+\+torch(\d)(\d+)(\d)(cu\d+|cpu)"?$/.exec(word) ?? [];
    if (build !== undefined) return { torch: `${major ?? ""}.${minor ?? ""}.${patch ?? ""}`, build };
  }
  return undefined;
}

/** The wheel for the torch that is there. */
function wheelFor(match: Match, torch: string): string | undefined {
  if (platformOf(match) !== "linux") return undefined;
  const minor = /^\d+\.\d+/.exec(torch)?.[0] ?? "";
  const cuda = torchCuda(match);
  const [release, builds = ""] = own(wheels, minor) ?? [];
  const build = cuda === undefined ? undefined : `cu${cuda.replace(".", "")}`;
  if (release === undefined || build === undefined || !builds.split(" ").includes(build)) return undefined;
  const page = release.startsWith("0.17") ? oldPage : "https://whl.natten.org";
  return pip(match, `install "natten==${release}+torch${minor.replace(".", "")}0${build}" -f ${page}`);
}

export const nattenRules: readonly Rule[] = [
  {
    id: "natten-without-library",
    title: "NATTEN's compiled part is not there",
    on: ["exception", "undefined-symbol"],
    specificity: 93,
    matches: (finding) =>
      finding.kind === "undefined-symbol"
        ? finding.phase === "load" && /[\\/]natten[\\/](?:lib)?\w*\.[^\\/]*so$/.test(finding.file ?? "")
          ? { symbol: finding.symbol }
          : undefined
        : saidAny(
            finding,
            /Failed to import (?:libnatten|NATTEN's CPP backend)/,
            /module ['"]natten\._C['"] has no attribute ['"](?<name>\w+)['"]/,
            /cannot import name ['"](?<name>libnatten|_C)['"] from ['"]natten['"]/,
          ),
    confidence: "high",
    cause: (match) => {
      const wheel = asked(match);
      if (match.facts["symbol"] !== undefined && wheel !== undefined)
        return `NATTEN's wheel is for torch ${wheel.torch} of ${wheel.build}, and the torch that is installed is another one, or the same release of another index: builds for different CUDAs differ in the form of std::string, too.`;
      return `NATTEN's Python files are there and ${match.facts["symbol"] === undefined ? "its library (libnatten) is not, or has no CUDA part" : "its library is for another torch"}: PyPI has its sources alone, which are compiled without CUDA where no nvcc or GPU is found, and its ready-made wheels are for one torch, one CUDA and one Python each.`;
    },
    fix: (match) => {
      const show = `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`;
      const wanted = match.facts["symbol"] === undefined ? undefined : asked(match);
      if (wanted !== undefined)
        return [
          `${show}   # ${wanted.torch}+${wanted.build}?`,
          `${pip(match, `install --force-reinstall torch==${wanted.torch} --index-url https://download.pytorch.org/whl/${wanted.build}`)}   # the torch that the wheel was made with`,
          `# or the torch stays, and NATTEN's wheel for it is taken: ${oldPage}, https://natten.org/install`,
        ];
      const { log, environment, isUnsure } = match.context;
      const torch = log.installedTorch ?? (isUnsure === true ? undefined : environment?.torch?.version);
      const wheel = torch === undefined ? undefined : wheelFor(match, torch);
      if (wheel !== undefined) return [pip(match, "uninstall -y natten"), wheel];
      return [
        show,
        pip(match, "uninstall -y natten"),
        `# the release whose wheels name that torch and CUDA: https://natten.org/install (old ones: ${oldPage}), as ${pip(match, `install "natten==<release>+torch<its digits>cu<its digits>" -f <that page>`)}`,
        `${pip(match, "install -v --no-build-isolation --no-cache-dir natten")}   # or from source, with nvcc of torch's CUDA (minutes to hours)`,
      ];
    },
    sources: ["LMMMEng/OverLoCK#5", "SHI-Labs/NATTEN#70", "SHI-Labs/NATTEN#220", "SHI-Labs/NATTEN#295"],
    examples: [
      {
        text: "ImportError: Failed to import libnatten. This could be due to an invalid/incomplete install. Please make sure you built NATTEN correctly",
        expect: "natten.org/install",
      },
      { text: "AttributeError: module 'natten._C' has no attribute 'na2d_qk_forward'", expect: "no CUDA part" },
      {
        text: "ImportError: Failed to import libnatten. This could be due to an invalid/incomplete install.\n\nName: torch\nVersion: 2.3.0+cu121",
        expect: 'install "natten==0.17.1+torch230cu121" -f https://whl.natten.org/old/',
      },
      {
        text: "$ pip install natten==0.17.5+torch260cu126 -f https://shi-labs.com/natten/wheels/\nImportError: /e/lib/python3.10/site-packages/natten/libnatten.cpython-310-x86_64-linux-gnu.so: undefined symbol: _ZN3c106detail23torchInternalAssertFailEPKcS2_jS2_RKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
        expect: "torch==2.6.0 --index-url https://download.pytorch.org/whl/cu126",
      },
    ],
  },
];
