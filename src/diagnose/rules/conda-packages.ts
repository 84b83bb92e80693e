/** Packages that an environment asks conda for and no channel has: CUDA under an old name, on a system without it, from a repository. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { installTorchFor, pip, reinstall } from "../commands/commands.ts";
import { condaToolkit } from "../tables/conda-toolkit.ts";
import { condaWith } from "../commands/conda-again.ts";
import { originOf } from "../tables/packages.ts";
import { coded, type Match, type Rule, type RuleContext } from "../rule.ts";
import { companionFor, cudaBuildsOf, cudaOfBuild, torchOf } from "../tables/torch-wheels.ts";

interface Asked {
  readonly name: string;
  readonly version: string | undefined;
}

/** The list below `PackagesNotFoundError` and its like: `cudatoolkit=11.3`, `pytorch-cuda==11.3`. */
function askedIn(message: string): Asked[] {
  const list = message.replace(/^.*channels:\s*/, "").replace(/Current channels:.*$/, "");
  return [
    ...list.matchAll(/(?:^|\s)(?:- )?(?<name>[A-Za-z][\w.-]*)(?:[=<>]{1,2}(?<version>[\d.]*\d))?[*\w.=]*(?=\s|$)/g),
  ].map(({ groups }) => ({
    name: groups?.["name"] ?? "",
    version: groups?.["version"],
  }));
}

function atLeast(version: string | undefined, least: string): boolean {
  return version !== undefined && compareVersions(parseVersion(version), parseVersion(least)) >= 0;
}

type Kind = "old-name" | "new-name" | "no-cuda" | "linux-only" | "aarch64" | "repository";

function kindOf({ name, version }: Asked, { log }: RuleContext): Kind | undefined {
  const cuda = /^(?:cudatoolkit(?:-dev)?|pytorch-cuda|cuda-toolkit|cudnn)$/.test(name);
  if (cuda && log.platform === "darwin") return "no-cuda";
  if (cuda && log.arch === "arm64" && log.platform === "linux") return "aarch64";
  if (name === "cudatoolkit" && atLeast(version, "12")) return "old-name";
  if (name === "pytorch-cuda" && version !== undefined && !atLeast(version, "11.6")) return "new-name";
  if (name === "cudatoolkit-dev" && log.platform === "win32") return "linux-only";
  return originOf(name)?.from?.startsWith("git+") === true ? "repository" : undefined;
}

function foundIn(message: string, context: RuleContext): { asked: Asked; kind: Kind } | undefined {
  for (const asked of askedIn(message)) {
    const kind = kindOf(asked, context);
    if (kind !== undefined) return { asked, kind };
  }
  return undefined;
}

/** Whether the text asks for a torch of the time of cudatoolkit, up to 1.12. */
function isOfOldTorch(match: Match): boolean {
  const { log, findings } = match.context;
  const asked = findings
    .map(({ message }) => /\bpytorch={1,2}(\d+\.\d+)/.exec(message)?.[1])
    .find((version) => version !== undefined);
  const pinned = asked ?? /\bpytorch={1,2}(\d+\.\d+)/.exec(log.condaLine ?? "")?.[1];
  return pinned !== undefined && !atLeast(pinned, "1.13");
}

/** The torch that a conda file asks for, in pip's words. */
function torchFromPip(match: Match): string {
  const pinned = askedIn(match.finding.message).find(({ name }) => name === "pytorch")?.version;
  return pip(match, `install ${pinned === undefined ? "torch" : `"torch==${pinned}.*"`}`);
}

/** What solvers say of a companion of pytorch and of the CUDA beside it. */
const installable = /(?<name>torchvision|torchaudio) (?:==)?(?<version>\d+\.\d+(?:\.\d+)?)\S*\s+is not installable/;
const wantsTorch = /package (?<name>torchvision|torchaudio)-(?<version>\d+\.\d+\.\d+)-\S+ requires/;

interface Pair {
  readonly name: string;
  readonly version: string;
  readonly torch: string;
  readonly cuda: string | undefined;
  readonly other: string | undefined;
}

function pairOf(context: RuleContext): Pair | undefined {
  const message = context.findings
    .filter(({ tool, kind }) => tool === "conda" && kind === "installer")
    .map((finding) => finding.message)
    .join(" ");
  const groups = (installable.exec(message) ?? wantsTorch.exec(message))?.groups;
  const name = groups?.["name"];
  const version = groups?.["version"];
  const torch = name === undefined || version === undefined ? undefined : torchOf(name, version);
  if (name === undefined || version === undefined || torch === undefined) return undefined;
  const requested = /pytorch-cuda (?:==|=)?(\d+\.\d+)\S*(?: \w+)? +is requested/.exec(message)?.[1];
  const builds = cudaBuildsOf(torch);
  const cuda =
    requested !== undefined && builds !== undefined && !builds.includes(`cu${requested.replace(".", "")}`)
      ? requested
      : undefined;
  const other = /(?:^|[─ ])pytorch (?:==|=)?(\d+\.\d+)\S*\s+is (?:requested|installable)/.exec(message)?.[1];
  const isOther = other !== undefined && torch.split(".").slice(0, 2).join(".") !== other;
  return cuda === undefined && !isOther
    ? undefined
    : { name, version, torch, cuda, other: isOther ? other : undefined };
}

const solver = /^(?:UnsatisfiableError|LibMambaUnsatisfiableError)$/;

export const condaPackageRules: readonly Rule[] = [
  {
    id: "conda-package-elsewhere",
    title: "conda's channels do not have the package under that name, or for this system",
    on: ["installer"],
    specificity: 70,
    matches: (finding, context) => {
      if (coded(finding, "PackagesNotFoundError", "ResolvePackageNotFound") === undefined) return undefined;
      const found = foundIn(finding.message, context);
      return found === undefined
        ? undefined
        : { name: found.asked.name, version: found.asked.version, kind: found.kind };
    },
    confidence: "high",
    cause: (match) => {
      const { name = "", version = "", kind } = match.facts;
      if (kind === "old-name")
        return `conda's \`cudatoolkit\` ended with CUDA 11.8: there is no ${version}. From 12 on the run time comes with pytorch-cuda (channels pytorch and nvidia), and the toolkit is called cuda-toolkit.`;
      if (kind === "new-name")
        return `\`pytorch-cuda\` begins with CUDA 11.6 (torch 1.13): for CUDA ${version} the package is \`cudatoolkit\`.`;
      if (kind === "no-cuda") return `There is no CUDA for macOS: \`${name}\` is for Linux and Windows.`;
      if (kind === "aarch64")
        return `The environment is written for x86-64, and this machine is aarch64: the channels pytorch and defaults have no CUDA packages (\`${name}\`) for it.`;
      if (kind === "linux-only") return `\`${name}\` is a package of conda-forge for Linux alone.`;
      return `No channel that was asked has \`${name}\` for this system: its project is installed from its repository, and compiled here.`;
    },
    fix: (match) => {
      const { name = "", version, kind } = match.facts;
      const cuda = (version ?? "11.8").split(".").slice(0, 2).join(".");
      // pytorch-cuda is there for 12.1 and 12.4, and for no other CUDA 12.
      const packaged = atLeast(cuda, "12.4") ? "12.4" : "12.1";
      if (kind === "old-name")
        return [
          ...condaWith(match, "cudatoolkit", `pytorch-cuda=${packaged}`, ["pytorch", "nvidia"]),
          `# environment.yml: pytorch-cuda=${packaged} in place of cudatoolkit, channels pytorch, nvidia, conda-forge (torch 2.1 to 2.5); then conda env create again`,
          `# or torch from pip: take pytorch and cudatoolkit out of the file, and ${installTorchFor(match, cuda)}`,
          `${condaToolkit(cuda)}   # nvcc, where extensions are compiled`,
        ];
      if (kind === "new-name")
        return [
          ...(isOfOldTorch(match)
            ? condaWith(match, "pytorch-cuda", `cudatoolkit=${cuda}`, ["pytorch", "conda-forge"])
            : condaWith(match, "pytorch-cuda", "pytorch-cuda=11.8", ["pytorch", "nvidia"])),
          `# environment.yml: cudatoolkit=${cuda} in place of pytorch-cuda=${cuda}, channels pytorch, conda-forge${cuda === "11.3" ? " (torch 1.10 to 1.12)" : ""}; then conda env create again`,
          `# or a newer torch: pytorch-cuda=11.8 and pytorch 2.0 or later, channels pytorch and nvidia`,
        ];
      if (kind === "no-cuda")
        return [
          ...condaWith(match, name, undefined),
          `# take ${name} out of environment.yml, then conda env create again: torch for macOS has no part for CUDA`,
          `${pip(match, "install torch torchvision")}   # with MPS on Apple Silicon`,
        ];
      if (kind === "aarch64")
        return [
          `# take ${name}, pytorch, torchvision (and pins of old Pythons) out of environment.yml, then conda env create again`,
          `${torchFromPip(match)}   # PyPI has wheels for aarch64; for its GPU: --index-url https://download.pytorch.org/whl/cu130, or pytorch-gpu of conda-forge`,
        ];
      if (kind === "linux-only")
        return [
          ...condaWith(match, name, undefined),
          `${condaToolkit(version ?? "11.8")}   # in place of ${name}; or NVIDIA's installer of CUDA ${cuda}`,
          `# take ${name} out of environment.yml before conda env create`,
        ];
      return reinstall(match, name).map((line) => line.replace(" --no-cache-dir --force-reinstall --no-deps", ""));
    },
    sources: [
      "https://docs.nvidia.com/cuda/cuda-installation-guide-linux/#conda-installation",
      "https://pytorch.org/get-started/previous-versions",
      "Vincentqyw/image-matching-webui#73",
      "YuliangXiu/ECON#92",
    ],
    examples: [
      {
        text: "PackagesNotFoundError: The following packages are not available from current channels:\n\n  - cudatoolkit=12.1*\n\nCurrent channels:\n\n  - https://conda.anaconda.org/pytorch/win-64",
        expect: "pytorch-cuda=12.1",
      },
      { text: "ResolvePackageNotFound:\n  - pytorch-cuda=11.3", expect: "cudatoolkit=11.3 in place of" },
      {
        text: "D:\\p>conda env create -f environment.yml\nResolvePackageNotFound:\n  - cudatoolkit-dev=11.3.1",
        expect: "nvidia/label/cuda-11.3.1",
      },
      {
        text: "ResolvePackageNotFound:\n  - cudatoolkit=11.3\n  - pytorch=1.11.0\nOS: Ubuntu 22.04.1 LTS aarch64",
        expect: 'install "torch==1.11.0.*"',
      },
      {
        text: "(e) D:\\dev>conda install pytorch3d -c pytorch3d\nPackagesNotFoundError: The following packages are not available from current channels:\n\n  - pytorch3d\n\nCurrent channels:",
        expect: "git+https://github.com/facebookresearch/pytorch3d",
      },
    ],
  },
  {
    id: "conda-torch-pair",
    title: "torchvision or torchaudio, pytorch and CUDA of the environment are of different releases",
    on: ["installer"],
    specificity: 68,
    matches: (finding, context) => {
      if (finding.tool !== "conda" || !solver.test(finding.code ?? "")) return undefined;
      const pair = pairOf(context);
      return pair === undefined ? undefined : { ...pair };
    },
    confidence: "high",
    cause: (match) => {
      const { name = "", version = "", torch = "", cuda, other } = match.facts;
      const release = torch.split(".").slice(0, 2).join(".");
      return cuda === undefined
        ? `\`${name} ${version}\` is made for pytorch ${release}, and pytorch ${other ?? ""} is asked for.`
        : `\`${name} ${version}\` is made for pytorch ${release}, which was built for CUDA ${(cudaBuildsOf(torch) ?? []).map(cudaOfBuild).join(" and ")}, and pytorch-cuda ${cuda} is asked for.`;
    },
    fix: (match) => {
      const { name = "", torch = "", cuda, other } = match.facts;
      const release = torch.split(".").slice(0, 2).join(".");
      if (cuda !== undefined) {
        const there = cudaOfBuild(cudaBuildsOf(torch)?.at(-1) ?? "cu118");
        return [
          ...condaWith(match, "pytorch-cuda", `pytorch-cuda=${there}`, ["pytorch", "nvidia"]),
          `# environment.yml: pytorch-cuda=${there}, channels pytorch and nvidia, without builds behind a second =; then conda env create again`,
          `# or from pip: ${pip(match, `install "torch==${release}.*" "torchvision==${companionFor("torchvision", torch) ?? ""}" "torchaudio==${companionFor("torchaudio", torch) ?? ""}" --index-url https://download.pytorch.org/whl/${cudaBuildsOf(torch)?.at(-1) ?? "cu118"}`)}`,
        ];
      }
      const wanted = companionFor(name === "torchaudio" ? "torchaudio" : "torchvision", other ?? torch);
      return [
        ...condaWith(match, name, `${name}=${(wanted ?? "").replace(/\.\*$/, "")}`),
        `# environment.yml: ${name}=${(wanted ?? "").replace(/\.\*$/, "")}, which is the one for pytorch ${other ?? ""}; then conda env create again`,
        `# or from pip: ${pip(match, `install "torch==${other ?? ""}.*" "${name}==${wanted ?? ""}"`)}`,
      ];
    },
    sources: ["https://pytorch.org/get-started/previous-versions", "mhpi/hydroDL#24", "NVlabs/affordance_diffusion#21"],
    examples: [
      {
        text: "LibMambaUnsatisfiableError: Encountered problems while solving:\n  - package torchaudio-2.0.2-py310_cu117 requires pytorch-cuda 11.7.*, but none of the providers can be installed\n\nCould not solve for environment specs\nThe following packages are incompatible\n├─ pytorch-cuda ==12.1 ha16c6d3_5 is requested and can be installed;\n└─ torchaudio 2.0.2  is not installable because there are no viable options",
        expect: "pytorch-cuda=11.8",
      },
      {
        text: "Could not solve for environment specs\nThe following packages are incompatible\n├─ pytorch 1.10**  is installable with the potential options\n└─ torchvision 0.10.0**  is not installable because there are no viable options",
        expect: "torchvision=0.11",
      },
    ],
  },
];
