/** Functions of the CUDA run time that came with a later release than the one that is loaded. */
import {
  pip,
  rebuild,
  setVariable,
  showTorchCuda,
  toolkitFolder,
  toolkitOnPath,
  torchCuda,
} from "../commands/commands.ts";
import { condaToolkit } from "../tables/conda-toolkit.ts";
import type { Finding } from "../finding.ts";
import { baseName } from "../parsers/parser.ts";
import type { Match, MatchFacts, Rule } from "../rule.ts";
import { inEveryRelease } from "./gpu-symbols.ts";

/** Such a function, asked for by something that was compiled for this machine, not by a library of torch or NVIDIA. */
function ofLaterRunTime(finding: Finding): MatchFacts | undefined {
  const symbol = finding.symbol ?? "";
  if (finding.phase !== "load" || inEveryRelease.test(symbol)) return undefined;
  if (/[\\/](?:nvidia|torch)[\\/]lib|lib(?:torch|c10|cu|nv)\w*\.so/.test(finding.file ?? "")) return undefined;
  if (/^__cuda(?!RegisterLinkedBinary)\w+$/.test(symbol)) return { name: symbol, written: "yes" };
  return /^cuda[A-Z]\w+$/.test(symbol) && /^libcudart\.so\.\d+/.test(baseName(finding.library ?? ""))
    ? { name: symbol }
    : undefined;
}

/** The package of pip with the run time of the major version that the file asks for. */
function runTimePackage(match: Match): string | undefined {
  const major = /libcudart\.so\.(\d+)/.exec(match.finding.library ?? "")?.[1];
  if (major === undefined || Number(major) < 11) return undefined;
  return Number(major) >= 13 ? "nvidia-cuda-runtime" : `nvidia-cuda-runtime-cu${major}`;
}

export const cudaRunTimeSymbolRules: readonly Rule[] = [
  {
    id: "compiled-by-older-nvcc",
    title: "Compiled by an nvcc that is older than the CUDA run time",
    on: ["undefined-symbol"],
    specificity: 88,
    matches: (finding, { findings }) =>
      /^cuda(?:SetupArgument|ConfigureCall|Launch)$/.test(finding.symbol ?? "") &&
      !/lib(?:torch|c10|cu|nv)\w*\.so/.test(baseName(finding.file ?? "")) &&
      // Where the whole run time is missing at a link, it is not on the command line.
      (finding.phase === "load" ||
        !findings.some(({ kind, symbol }) => kind === "undefined-symbol" && inEveryRelease.test(symbol ?? "")))
        ? { name: finding.symbol }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `nvcc of CUDA 9.1 and older writes calls of \`${match.facts["name"] ?? ""}\` into what it compiles; the run times of CUDA 10.1 and newer no longer have that function. \`${baseName(match.finding.file ?? "the object")}\` was compiled by such an nvcc, and the CUDA run time it meets (torch's own) is a newer one.`,
    fix: (match) => {
      const cuda = torchCuda(match);
      const again = rebuild(match);
      return [
        ...(cuda === undefined ? [showTorchCuda(match)] : []),
        "nvcc --version; which -a nvcc; ls -d /usr/local/cuda*   # the nvcc that compiled it; it has to be of torch's CUDA",
        ...(cuda === undefined
          ? ["# export CUDA_HOME=/usr/local/cuda-<torch's CUDA> PATH=/usr/local/cuda-<torch's CUDA>/bin:$PATH"]
          : [setVariable(match, "CUDA_HOME", toolkitFolder(match, cuda)), toolkitOnPath(match)]),
        // Objects of the old nvcc would be taken again.
        ...(again.some((line) => line.startsWith("cd "))
          ? again.map((line) => line.replace(/^(cd \S.*? && )/, "$1rm -rf build dist *.egg-info && "))
          : ["rm -rf build dist *.egg-info   # in the folder of the extension's sources", ...again]),
      ];
    },
    sources: ["fundamentalvision/Deformable-DETR#3", "MultithreadCorner/Hydra#74"],
    examples: [
      {
        text: "ImportError: /e/lib/python3.8/site-packages/MultiScaleDeformableAttention.cpython-38-x86_64-linux-gnu.so: undefined symbol: cudaSetupArgument",
        expect: "CUDA 9.1 and older",
      },
    ],
  },
  {
    id: "compiled-by-newer-nvcc",
    title: "Compiled by another nvcc than the CUDA run time that is loaded",
    on: ["undefined-symbol"],
    specificity: 86,
    matches: ofLaterRunTime,
    confidence: "high",
    cause: (match) => {
      const file = baseName(match.finding.file ?? "the program");
      const name = match.facts["name"] ?? "";
      const library = match.finding.library === undefined ? "" : ` (\`${baseName(match.finding.library)}\`)`;
      return match.facts["written"] === undefined
        ? `\`${file}\` calls \`${name}\`, which the CUDA run time that is loaded${library} does not have yet: it was compiled with the toolkit of a later CUDA than the run time (torch's own, or the one on LD_LIBRARY_PATH).`
        : `nvcc writes calls of \`${name}\` into what it compiles, and the CUDA run time that is loaded${library} does not have it: \`${file}\` was compiled by an nvcc of another (as a rule a newer) CUDA than torch's.`;
    },
    fix: (match) => {
      const cuda = torchCuda(match);
      const runTime = runTimePackage(match);
      return [
        ...(cuda === undefined ? [showTorchCuda(match)] : []),
        "nvcc --version; which -a nvcc; ls -d /usr/local/cuda*   # which one compiled it? It has to be of torch's CUDA",
        ...(cuda === undefined
          ? ["# export CUDA_HOME=/usr/local/cuda-<torch's CUDA> PATH=/usr/local/cuda-<torch's CUDA>/bin:$PATH"]
          : [setVariable(match, "CUDA_HOME", toolkitFolder(match, cuda)), toolkitOnPath(match)]),
        ...(match.context.log.conda
          ? [`# no such toolkit there: ${condaToolkit(cuda ?? "<torch's CUDA>")} && export CUDA_HOME=$CONDA_PREFIX`]
          : []),
        "rm -rf build *.egg-info   # in the folder of the extension's sources: objects of the other nvcc would be taken again",
        ...rebuild(match),
        ...(runTime === undefined
          ? ["# or a torch for the CUDA of that nvcc"]
          : [
              `# a file that was not built here: a release of it for torch's CUDA, a torch for a newer CUDA, or a newer run time of the same major version: ${pip(match, `install --upgrade ${runTime}`)} (and no older libcudart on LD_LIBRARY_PATH)`,
            ]),
      ];
    },
    sources: [
      "kcheng1021/GaussianPro#64",
      "NVIDIA/cutlass#2079",
      "rapidsai/cugraph#5498",
      "OvenMediaLabs/OvenMediaEngine#2026",
    ],
    examples: [
      {
        text: "ImportError: /home/u/miniconda3/envs/gs/lib/python3.7/site-packages/gaussianpro.cpython-37m-x86_64-linux-gnu.so: undefined symbol: __cudaLaunchKernel",
        expect: "was compiled by an nvcc of another",
      },
      {
        text: "ImportError: /p/nms.cpython-37m-x86_64-linux-gnu.so: undefined symbol: __cudaRegisterFatBinaryEnd",
        expect: "CUDA_HOME",
      },
      {
        text: "ImportError: /p/_C.cpython-310-x86_64-linux-gnu.so: undefined symbol: cudaGetDriverEntryPointByVersion, version libcudart.so.12",
        expect: "nvidia-cuda-runtime-cu12",
      },
    ],
  },
];
