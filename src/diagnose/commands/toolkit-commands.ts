/** Commands for CUDA's toolkit: which one torch was built with, where it lies, how it comes on PATH; and the C++ standard. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { standardNumber } from "../../environment/cxx-standard.ts";
import { cxxStandardOf } from "../../environment/torch-version.ts";
import { torchOfImage } from "../facts/gpu-images.ts";
import { platformOf, python, setVariable } from "./command-words.ts";
import { namesForLinkers } from "./pip-toolkit.ts";
import type { Match } from "../rule.ts";

/** CUDA that torch was built with: of the log, else of the environment where the log is known to be of it. */
export function torchCuda(match: Match): string | undefined {
  const { log, environment, isUnsure } = match.context;
  const ofImage = log.installedTorch === undefined && log.torch === undefined ? torchOfImage(log.gpuImage) : undefined;
  return (
    log.torchCuda ??
    ofImage?.cuda ??
    (isUnsure === true ? undefined : environment?.torch?.cudaVersion?.match(/^\d+\.\d+/)?.[0])
  );
}

/** Shows which CUDA torch was built with, where nothing tells it. */
export function showTorchCuda(match: Match): string {
  return `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"   # torch's CUDA: the toolkit has to be of the same major version; None: this torch is for the CPU alone, and one with CUDA comes first`;
}

/** Where a toolkit of that version is by default. */
export function toolkitFolder(match: Match, version: string | undefined): string {
  if (platformOf(match) === "win32")
    return `C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v${version ?? "<number>"}`;
  return version === undefined ? "/usr/local/cuda" : `/usr/local/cuda-${version}`;
}

/** The toolkits that are installed, for a person to see. */
export function showToolkits(match: Match): string {
  return platformOf(match) === "win32"
    ? 'dir "C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA"   # the toolkits that are installed'
    : "ls -d /usr/local/cuda*; which -a nvcc   # the toolkits that are installed";
}

/** Puts nvcc of the toolkit that CUDA_HOME names first on PATH. */
export function toolkitOnPath(match: Match): string {
  return platformOf(match) === "win32" ? "set PATH=%CUDA_HOME%\\bin;%PATH%" : "export PATH=$CUDA_HOME/bin:$PATH";
}

/**
 * Takes a toolkit of torch's CUDA for the build. The one that is here when it fits and is not too old; else the one that the log's torch
 * wants; and where neither is known, first how to find out.
 */
export function useToolkit(match: Match, wanted = torchCuda(match), least = "0"): string[] {
  const here = match.context.environment?.cuda;
  const fits =
    here !== undefined &&
    (wanted === undefined || wanted.split(".")[0] === here.version.split(".")[0]) &&
    compareVersions(parseVersion(here.version), parseVersion(least)) >= 0;
  return [
    ...(wanted === undefined && !fits ? [showTorchCuda(match)] : []),
    ...(fits ? [] : [showToolkits(match)]),
    setVariable(match, "CUDA_HOME", fits ? here.root : toolkitFolder(match, wanted ?? match.context.log.spokenCuda)),
    toolkitOnPath(match),
    ...(fits && /[\\/](?:site|dist)-packages[\\/]nvidia[\\/]/.test(here.root) && platformOf(match) === "linux"
      ? [namesForLinkers]
      : []),
  ];
}

/** The torch that the code is compiled for, of the log or of the environment; undefined without one. */
export function torchAtHand(
  match: Match,
): { readonly version: string; readonly release: readonly number[] } | undefined {
  const { log, environment, usesTorch } = match.context;
  if (usesTorch === false) return undefined;
  const version = log.installedTorch ?? environment?.torch?.version ?? log.torch ?? torchOfImage(log.gpuImage)?.version;
  return version === undefined ? undefined : { version, release: parseVersion(version.replace(/\+.*$/, "")) };
}

/** The C++ standard to compile as: the one that is asked for, and not less than the torch at hand needs. */
export function standardFor(match: Match, asked?: string): string {
  const torch = torchAtHand(match);
  const needs = torch === undefined ? undefined : cxxStandardOf(torch.release);
  if (asked === undefined) return needs ?? (match.context.usesTorch === false ? "17" : "20");
  return needs === undefined || (standardNumber(asked) ?? 0) >= Number(needs) ? asked : needs;
}
