/**
 * GPU architectures as they stand in fat binaries, and which GPU runs which code.
 *
 * Rules: CUDA C++ Programming Guide, "Application Compatibility": binary code runs on the same major version and a
 * minor version that is not lower; PTX runs on any later GPU; code with `a` on exactly its GPU; code with `f` on the
 * same major version from its minor version on, within its family (CUDA 12.9 and later): 10.1 is none of 10.0's.
 */

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
 * Oldest driver branch that reads each PTX version: PTX ISA manual, "Release Notes", with the driver of each CUDA
 * version from the CUDA release notes.
 */
const PTX_DRIVERS: readonly (readonly [readonly [number, number], number])[] = [
  [[7, 0], 450],
  [[7, 1], 455],
  [[7, 2], 460],
  [[7, 3], 465],
  [[7, 4], 470],
  [[7, 5], 495],
  [[7, 6], 510],
  [[7, 7], 515],
  [[7, 8], 520],
  [[8, 0], 525],
  [[8, 1], 530],
  [[8, 2], 535],
  [[8, 3], 545],
  [[8, 4], 550],
  [[8, 5], 555],
  [[8, 6], 565],
  [[8, 7], 570],
  [[8, 8], 575],
  [[9, 0], 580],
  [[9, 1], 590],
];

/** Oldest driver branch that reads PTX of a version; undefined when the version is newer than this table. */
export function driverForPtx(version: readonly [number, number]): number | undefined {
  for (const [known, driver] of PTX_DRIVERS) {
    if (known[0] > version[0] || (known[0] === version[0] && known[1] >= version[1])) return driver;
  }
  return undefined;
}
