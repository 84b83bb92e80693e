/** Which GPU architectures which CUDA compiles for, and the names of families of GPUs. Tables only. */
import { compareVersions, parseVersion } from "../base/order.ts";

interface Support {
  /** Compute capability, e.g. `9.0`. */
  readonly capability: string;
  /** First CUDA that compiles for it. */
  readonly since: string;
  /** First CUDA that no longer does. */
  readonly until?: string;
}

/**
 * By the release notes of the CUDA toolkits and `nvcc --list-gpu-code` of each; CMake's own table
 * (Modules/Internal/CMakeCUDAArchitecturesAll.cmake) says the same. CUDA 13.0 calls 10.1 11.0. The last one as in torch
 * 2.14, which took it up for CUDA 13.4 (pytorch#190654).
 */
const supported: readonly Support[] = [
  { capability: "3.0", since: "5.0", until: "11.0" },
  { capability: "3.2", since: "6.0", until: "11.0" },
  { capability: "3.5", since: "5.0", until: "12.0" },
  { capability: "3.7", since: "6.5", until: "12.0" },
  { capability: "5.0", since: "6.5", until: "13.0" },
  { capability: "5.2", since: "7.0", until: "13.0" },
  { capability: "5.3", since: "7.0", until: "13.0" },
  { capability: "6.0", since: "8.0", until: "13.0" },
  { capability: "6.1", since: "8.0", until: "13.0" },
  { capability: "6.2", since: "8.0", until: "13.0" },
  { capability: "7.0", since: "9.0", until: "13.0" },
  { capability: "7.2", since: "9.0", until: "13.0" },
  { capability: "7.5", since: "10.0" },
  { capability: "8.0", since: "11.0" },
  { capability: "8.6", since: "11.1" },
  { capability: "8.7", since: "11.4" },
  { capability: "8.8", since: "13.0" },
  { capability: "8.9", since: "11.8" },
  { capability: "9.0", since: "11.8" },
  { capability: "10.0", since: "12.8" },
  { capability: "10.1", since: "12.8", until: "13.0" },
  { capability: "10.3", since: "12.9" },
  { capability: "10.7", since: "13.4" },
  { capability: "11.0", since: "13.0" },
  { capability: "12.0", since: "12.8" },
  { capability: "12.1", since: "12.9" },
];

/** What follows an architecture: `a` code for it alone, `f` code for its family. */
export type Suffix = "" | "a" | "f";

/**
 * CUDA C++ Programming Guide, "Feature Set Compiler Targets": `a` from 9.0 on and since CUDA 12.0, `f` from 10.0 on and
 * since CUDA 12.9.
 */
const suffixSince: Readonly<Record<Exclude<Suffix, "">, { readonly capability: string; readonly cuda: string }>> = {
  a: { capability: "9.0", cuda: "12.0" },
  f: { capability: "10.0", cuda: "12.9" },
};

/** Capabilities that a CUDA version compiles for, ascending. */
export function capabilitiesOf(cudaVersion: string): string[] {
  return supported
    .filter(({ since, until }) => atLeast(cudaVersion, since) && (until === undefined || !atLeast(cudaVersion, until)))
    .map(({ capability }) => capability)
    .sort(compareCapabilities);
}

/** Whether a CUDA version knows a suffix at a capability. */
export function knowsSuffix(cudaVersion: string, capability: string, suffix: Suffix): boolean {
  if (suffix === "") return true;
  const bound = suffixSince[suffix];
  return atLeast(capability, bound.capability) && atLeast(cudaVersion, bound.cuda);
}

/** Which CUDA would do: `CUDA 12.8 or newer`, `CUDA 12.9 or older`. Undefined where no CUDA is known to. */
export function cudaFor(capability: string, suffix: Suffix): string | undefined {
  const entry = supported.find((each) => each.capability === capability);
  if (entry === undefined) return undefined;
  if (suffix !== "" && !atLeast(capability, suffixSince[suffix].capability)) return undefined;
  if (entry.until !== undefined) return `CUDA older than ${entry.until}`;
  const since =
    suffix !== "" && atLeast(suffixSince[suffix].cuda, entry.since) ? suffixSince[suffix].cuda : entry.since;
  return `CUDA ${since} or newer`;
}

/** Orders capabilities by number: 9.0 before 10.0. */
export function compareCapabilities(a: string, b: string): number {
  return compareVersions(parseVersion(a), parseVersion(b));
}

/**
 * Names that TORCH_CUDA_ARCH_LIST knows (`_get_cuda_arch_flags` of torch 2.14; CMake's select_compute_arch.cmake), and
 * Thor's by either of its numbers.
 */
export const namedArchitectures: Readonly<Record<string, readonly string[]>> = {
  "Kepler+Tesla": ["3.7"],
  Kepler: ["3.5+PTX"],
  "Maxwell+Tegra": ["5.3"],
  Maxwell: ["5.0", "5.2+PTX"],
  Pascal: ["6.0", "6.1+PTX"],
  "Volta+Tegra": ["7.2"],
  Volta: ["7.0+PTX"],
  Turing: ["7.5+PTX"],
  "Ampere+Tegra": ["8.7"],
  Ampere: ["8.0", "8.6+PTX"],
  Ada: ["8.9+PTX"],
  Hopper: ["9.0+PTX"],
  "Blackwell+Tegra": ["11.0"],
  Blackwell: ["10.0", "10.3", "12.0", "12.1+PTX"],
  Rubin: ["10.7+PTX"],
};

function atLeast(version: string, bound: string): boolean {
  return compareVersions(parseVersion(version), parseVersion(bound)) >= 0;
}
