/**
 * Reads `torch/version.py` and what a LibTorch folder has in its place, as text. Also what follows from the version
 * alone: the C++ standard, the ABI of the wheels.
 */
import { compareVersions } from "../base/order.ts";

/** What version.py says. */
export interface TorchVersion {
  readonly version: string;
  readonly cudaVersion?: string;
  readonly hipVersion?: string;
  readonly xpuVersion?: string;
  readonly gitVersion?: string;
  readonly debug: boolean;
}

/** The kind of device that a torch is built for, as people say it: `CUDA 13.0`. Undefined: for the CPU alone. */
export function torchDevice({
  cudaVersion,
  hipVersion,
  xpuVersion,
}: Pick<TorchVersion, "cudaVersion" | "hipVersion" | "xpuVersion">): string | undefined {
  if (cudaVersion !== undefined) return `CUDA ${cudaVersion}`;
  if (hipVersion !== undefined) return `ROCm ${hipVersion}`;
  return xpuVersion === undefined ? undefined : `XPU ${xpuVersion}`;
}

/** Parses version.py of any torch: `cuda = '11.7'`, `cuda: Optional[str] = None`. Undefined without `__version__`. */
export function parseVersionPy(text: string): TorchVersion | undefined {
  const value = (name: string): string | undefined =>
    new RegExp(`^${name}[ \\t]*(?::[^=\\n]+)?=[ \\t]*(?:['"]([^'"\\n]*)['"]|(\\w+))`, "m")
      .exec(text)
      ?.slice(1)
      .find((group) => group !== undefined);
  const string = (name: string): string | undefined => {
    const found = value(name);
    return found === undefined || found === "None" || found === "" || found === "Unknown" ? undefined : found;
  };
  const version = string("__version__");
  if (version === undefined) return undefined;
  const cudaVersion = string("cuda");
  const hipVersion = string("hip");
  const xpuVersion = string("xpu");
  const gitVersion = string("git_version");
  return {
    version,
    ...(cudaVersion === undefined ? {} : { cudaVersion }),
    ...(hipVersion === undefined ? {} : { hipVersion }),
    ...(xpuVersion === undefined ? {} : { xpuVersion }),
    ...(gitVersion === undefined ? {} : { gitVersion }),
    debug: value("debug") === "True",
  };
}

/** Parses a version header: `#define TORCH_VERSION_MAJOR 2`, … */
export function parseVersionHeader(text: string): string | undefined {
  const part = (name: string): string | undefined =>
    new RegExp(`^#define TORCH_VERSION_${name} (\\d+)`, "m").exec(text)?.[1];
  const [major, minor, patch] = [part("MAJOR"), part("MINOR"), part("PATCH")];
  return major === undefined || minor === undefined ? undefined : `${major}.${minor}.${patch ?? "0"}`;
}

/** The CUDA version in a local version: `2.5.1+cu124` → `12.4`, `1.9.0+cu111` → `11.1`, `1.7.1+cu92` → `9.2`. */
export function cudaOfLocalVersion(version: string): string | undefined {
  const digits = /\+cu(\d{2,3})(?:\D|$)/.exec(version)?.[1];
  return digits === undefined ? undefined : `${digits.slice(0, -1)}.${digits.slice(-1)}`;
}

/** The ROCm version in a local version: `2.5.1+rocm6.2` → `6.2`. */
export function rocmOfLocalVersion(version: string): string | undefined {
  return /\+rocm(\d+(?:\.\d+)*)/.exec(version)?.[1];
}

/**
 * The C++ standard that a torch's own builder asks for. Before 2.1 `-std=c++14`, before 2.13 `-std=c++17`, then
 * `-std=c++20` (torch/utils/cpp_extension.py of each; the headers check `__cplusplus`).
 */
export function cxxStandardOf(release: readonly number[]): "14" | "17" | "20" {
  if (compareVersions(release, [2, 1]) < 0) return "14";
  return compareVersions(release, [2, 13]) < 0 ? "17" : "20";
}

/**
 * Whether the wheels of this version have the C++11 ABI, for when the libraries themselves do not tell: all from 2.7 on,
 * none before 2.6 but those with `cxx11` in their name; of 2.6 those for CUDA 12.6, ROCm and XPU (pytorch#141565,
 * pytorch#142064).
 */
export function cxx11AbiByVersion(version: string, release: readonly number[]): boolean {
  if (version.includes("cxx11")) return true;
  if (compareVersions(release, [2, 7]) >= 0) return true;
  return compareVersions(release, [2, 6]) >= 0 && /\+(?:cu126|rocm|xpu)/.test(version);
}
