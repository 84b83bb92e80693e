/**
 * GPU architectures as they stand in fat binaries, and which GPU runs which code.
 *
 * Rules: CUDA C++ Programming Guide, "Application Compatibility": binary code runs on the same major version and a
 * minor version that is not lower; PTX runs on any later GPU; code with `a` on exactly its GPU; code with `f` on the
 * same major version from its minor version on, within its family (CUDA 12.9 and later): 10.1 is none of 10.0's.
 */

import { compareVersions } from "../base/order.ts";

/** A compute capability with the suffix of its code. */
export interface CudaArchitecture {
  readonly major: number;
  readonly minor: number;
  /** `a` architecture-specific, `f` family-specific. */
  readonly suffix: "" | "a" | "f";
}

/** `90a` → 9.0a. Undefined for what is no architecture. */
export function parseArchitecture(text: string): CudaArchitecture | undefined {
  const match = /^(?:sm_|compute_)?(\d{1,3})(\d)([af]?)$/.exec(text);
  if (match === null) return undefined;
  const [, major, minor, suffix] = match;
  return { major: Number(major), minor: Number(minor), suffix: suffix as CudaArchitecture["suffix"] };
}

/** `90a`. */
export function architectureText(architecture: CudaArchitecture): string {
  return `${architecture.major}${architecture.minor}${architecture.suffix}`;
}

/** `9.0a`, as in TORCH_CUDA_ARCH_LIST. */
export function capabilityText(architecture: CudaArchitecture): string {
  return `${architecture.major}.${architecture.minor}${architecture.suffix}`;
}

/** Orders by number, plain before `a` before `f`. */
export function compareArchitectures(a: CudaArchitecture, b: CudaArchitecture): number {
  if (a.major !== b.major) return a.major - b.major;
  if (a.minor !== b.minor) return a.minor - b.minor;
  return a.suffix < b.suffix ? -1 : a.suffix > b.suffix ? 1 : 0;
}

/**
 * GPUs of Jetson and DRIVE. "Binary compatibility between desktop and Tegra is not supported" (the same chapter), so
 * code of another minor version may or may not run there.
 */
const EMBEDDED = new Set(["53", "62", "72", "87", "88", "101", "110"]);

/** Whether binary code of an architecture runs on a GPU. */
export function binaryRunsOn(code: CudaArchitecture, gpu: readonly [number, number]): "yes" | "no" | "unknown" {
  const [major, minor] = gpu;
  if (code.major === major && code.minor === minor) return "yes";
  if (code.major !== major || code.minor > minor || code.suffix === "a") return "no";
  if (!crossesToEmbedded(code, gpu)) return "yes";
  return code.suffix === "f" ? "no" : "unknown";
}

function crossesToEmbedded(code: CudaArchitecture, [major, minor]: readonly [number, number]): boolean {
  return EMBEDDED.has(`${major}${minor}`) || EMBEDDED.has(`${code.major}${code.minor}`);
}

/** Whether PTX of an architecture can be translated for a GPU. */
export function ptxRunsOn(code: CudaArchitecture, gpu: readonly [number, number]): boolean {
  const [major, minor] = gpu;
  if (code.suffix === "a") return code.major === major && code.minor === minor;
  if (code.suffix === "f") {
    return code.major === major && (code.minor === minor || (code.minor < minor && !crossesToEmbedded(code, gpu)));
  }
  return code.major < major || (code.major === major && code.minor <= minor);
}

/**
 * PTX versions with the CUDA that brought each (PTX ISA manual, "Release Notes") and the oldest driver branch that reads it (CUDA
 * release notes). CUDA 12.6 has the PTX of 12.5.
 */
const PTX_RELEASES: readonly (readonly [version: readonly [number, number], cuda: string, driver: number])[] = [
  [[6, 3], "10.0", 410],
  [[6, 4], "10.1", 418],
  [[6, 5], "10.2", 440],
  [[7, 0], "11.0", 450],
  [[7, 1], "11.1", 455],
  [[7, 2], "11.2", 460],
  [[7, 3], "11.3", 465],
  [[7, 4], "11.4", 470],
  [[7, 5], "11.5", 495],
  [[7, 6], "11.6", 510],
  [[7, 7], "11.7", 515],
  [[7, 8], "11.8", 520],
  [[8, 0], "12.0", 525],
  [[8, 1], "12.1", 530],
  [[8, 2], "12.2", 535],
  [[8, 3], "12.3", 545],
  [[8, 4], "12.4", 550],
  [[8, 5], "12.5", 555],
  [[8, 6], "12.7", 565],
  [[8, 7], "12.8", 570],
  [[8, 8], "12.9", 575],
  [[9, 0], "13.0", 580],
  [[9, 1], "13.1", 590],
];

/** Oldest driver branch that reads PTX of a version; undefined when the version is newer than this table. */
export function driverForPtx(version: readonly [number, number]): number | undefined {
  return PTX_RELEASES.find(([known]) => compareVersions(known, version) >= 0)?.[2];
}

/** The CUDA that brought a version of PTX: no older one translates it. Undefined for versions that are not listed. */
export function cudaForPtx(version: readonly [number, number]): string | undefined {
  return PTX_RELEASES.find(([known]) => compareVersions(known, version) === 0)?.[1];
}
