/** Whether the device code of a file runs on a GPU with its driver. */
import {
  architectureText,
  binaryRunsOn,
  capabilityText,
  type CudaArchitecture,
  driverForPtx,
  ptxRunsOn,
} from "./architecture.ts";
import type { ByteSource } from "./bytes.ts";
import { smallestEntry } from "./cuda-facts.ts";
import { readable } from "./demangle.ts";
import { type Fatbin, fatbinContent, kernelsOf } from "./fatbin.ts";
import type { CudaFacts } from "./report.ts";
import type { Answer, GpuVerdict, JudgeGpu, Problem } from "./verdict.ts";

/** What a device link leaves is smaller than this; larger contents hold kernels. */
const MAX_LOOK = 8 * 1024;

/** Contents are unpacked to name a kernel up to this size. */
const MAX_UNPACKED = 4 * 1024 * 1024;

/** Oldest driver branch for each major CUDA version: CUDA release notes, "CUDA Toolkit and Corresponding Driver Versions". */
const RUNTIME_DRIVERS: Readonly<Record<number, number>> = { 10: 410, 11: 450, 12: 525, 13: 580 };

interface FatbinAnswer {
  readonly runs: Answer;
  readonly why: string;
  /** The driver that it would need. */
  readonly driver?: number;
}

/** Judges one GPU. `source` is the file, for the few places where its content must be looked at. */
export function judgeGpu(
  cuda: CudaFacts,
  gpu: JudgeGpu,
  source: ByteSource,
): { readonly verdict: GpuVerdict; readonly problems: readonly Problem[] } {
  const capability = gpu.computeCapability.join(".");
  const answer = (runs: Answer, why: string): GpuVerdict => ({ name: gpu.name, capability, runs, why });
  const driver = driverBranch(gpu.driverVersion);
  const runtimeProblem = runtimeAgainstDriver(cuda, gpu, driver);
  if (runtimeProblem !== undefined) {
    return { verdict: answer("no", runtimeProblem.what), problems: [runtimeProblem] };
  }
  const answers = cuda.fatbins
    .filter((fatbin) => !fatbin.relocatable || cuda.unlinked)
    .map((fatbin) => ({ fatbin, answer: judgeFatbin(fatbin, gpu, driver) }));
  const bad = answers.filter((one) => one.answer.runs === "no" && !hasNoKernels(one.fatbin, source));
  const first = bad[0];
  const good = answers.filter((one) => one.answer.runs !== "no");
  if (first !== undefined && good.length > 0) {
    // Projects compile some files for some GPUs alone, and choose among them when they run.
    const part = `${bad.length} of its ${bad.length + good.length} fat binaries hold no code for it`;
    const names = bad.slice(0, 3).flatMap((one) => kernelNames(one.fatbin, source));
    const sample = names.length === 0 ? "" : ` (such as \`${names[0] ?? ""}\`)`;
    const problem: Problem = {
      ...noCode(cuda, gpu, first.answer.why),
      severity: "warning",
      what: `Some of its kernels${sample} have no code for ${gpu.name} (compute capability ${capability})`,
      why: `${part}; the kernels in them fail when they are launched, unless the program avoids that by itself`,
    };
    return { verdict: answer("unknown", part), problems: [problem] };
  }
  if (first !== undefined) {
    const { why } = first.answer;
    const problem: Problem =
      first.answer.driver === undefined
        ? noCode(cuda, gpu, why)
        : {
            kind: "driver-too-old",
            severity: "error",
            owner: "cuda",
            what: `The driver of ${gpu.name} is too old for the PTX in this file`,
            why,
            fix: `Update the NVIDIA driver to ${first.answer.driver} or later, or build binary code for this GPU: \`TORCH_CUDA_ARCH_LIST=${capability}\``,
          };
    return { verdict: answer("no", why), problems: [problem] };
  }
  const unsure = answers.find((one) => one.answer.runs === "unknown");
  if (unsure !== undefined) return { verdict: answer("unknown", unsure.answer.why), problems: [] };
  const last = answers.find((one) => one.answer.why.includes("PTX")) ?? answers[0];
  return { verdict: answer("yes", last?.answer.why ?? "It holds no device code"), problems: [] };
}

function noCode(cuda: CudaFacts, gpu: JudgeGpu, why: string): Problem {
  const capability = gpu.computeCapability.join(".");
  const withPtx = new Map<string, boolean>();
  for (const { kind, architecture } of cuda.code) {
    const text = capabilityText(architecture);
    withPtx.set(text, withPtx.get(text) === true || kind === "ptx");
  }
  const list = [...[...withPtx].map(([text, ptx]) => (ptx ? `${text}+PTX` : text)), capability].join(";");
  return {
    kind: "no-gpu-code",
    severity: "error",
    owner: "cuda",
    what: `It holds no code for ${gpu.name} (compute capability ${capability})`,
    why: `${why}. Its first kernel would fail with "no kernel image is available for execution on the device"`,
    fix: `Build it again with \`TORCH_CUDA_ARCH_LIST="${list}"\`, or \`cuda-arch = ["${capability}"]\` in retorch.toml`,
  };
}

/** `580.65.06`, `580` → 580. */
function driverBranch(version: string | undefined): number | undefined {
  const major = /^(\d+)(?:\.|$)/.exec(version ?? "")?.[1];
  return major === undefined ? undefined : Number(major);
}

function runtimeAgainstDriver(cuda: CudaFacts, gpu: JudgeGpu, driver: number | undefined): Problem | undefined {
  const version = cuda.toolkit ?? (cuda.major === undefined ? cuda.ptx?.cuda : String(cuda.major));
  const major = Number(version?.split(".")[0]);
  const needed = RUNTIME_DRIVERS[major];
  if (driver === undefined || needed === undefined || driver >= needed) return undefined;
  return {
    kind: "driver-too-old",
    severity: "error",
    owner: "cuda",
    what: `The NVIDIA driver ${gpu.driverVersion ?? ""} is too old for the CUDA ${version ?? ""} that it was built with`,
    why: `CUDA ${major} needs driver ${needed} or later`,
    fix: `Update the driver, or build with a toolkit that the driver knows`,
  };
}

function judgeFatbin(fatbin: Fatbin, gpu: JudgeGpu, driver: number | undefined): FatbinAnswer {
  const capability = gpu.computeCapability;
  const text = capability.join(".");
  let unknown: FatbinAnswer | undefined;
  for (const entry of fatbin.entries) {
    if (entry.kind !== "cubin") continue;
    const runs = binaryRunsOn(entry.architecture, capability);
    const name = `sm_${architectureText(entry.architecture)}`;
    if (runs === "yes") return { runs, why: `It has binary code for ${name}` };
    if (runs === "unknown") {
      unknown = { runs, why: `It has binary code for ${name}, which NVIDIA does not promise to run on ${text}` };
    }
  }
  let newest: FatbinAnswer | undefined;
  for (const entry of fatbin.entries) {
    if (entry.kind !== "ptx" || !ptxRunsOn(entry.architecture, capability)) continue;
    const name = `compute_${architectureText(entry.architecture)}`;
    const needed = driverForPtx(entry.version);
    if (driver === undefined || needed === undefined || driver >= needed) {
      return { runs: "yes", why: `It has PTX for ${name}, which the driver translates at first use` };
    }
    newest = {
      runs: "no",
      driver: needed,
      why: `Only its PTX ${entry.version.join(".")} for ${name} would do, which needs driver ${needed}, and there is ${driver}`,
    };
  }
  if (unknown !== undefined) return unknown;
  if (newest !== undefined) return newest;
  return { runs: "no", why: `It was built for ${listOf(fatbin)}, none of which runs on ${text}` };
}

function listOf(fatbin: Fatbin): string {
  const prefixes: Readonly<Record<string, string>> = { ptx: "compute", "lto-ir": "lto" };
  const name = (kind: string, architecture: CudaArchitecture): string =>
    `${prefixes[kind] ?? "sm"}_${architectureText(architecture)}`;
  const names = fatbin.entries.map((entry) => name(entry.kind, entry.architecture));
  return names.length === 0 ? "nothing" : [...new Set(names)].join(", ");
}

/** A few readable names of kernels. */
function kernelNames(fatbin: Fatbin, source: ByteSource): string[] {
  const entry = smallestEntry(fatbin);
  const content = entry === undefined ? undefined : fatbinContent(source, entry, MAX_UNPACKED);
  if (entry === undefined || content === undefined) return [];
  return (kernelsOf(entry, content) ?? []).slice(0, 1).map((kernel) => readable(kernel));
}

/** Every device link leaves one that holds no kernel; it is never launched. */
function hasNoKernels(fatbin: Fatbin, source: ByteSource): boolean {
  const entry = smallestEntry(fatbin);
  if (entry === undefined) return fatbin.entries.length === 0;
  if (entry.size > MAX_LOOK) return false;
  const content = fatbinContent(source, entry, MAX_LOOK);
  return content !== undefined && kernelsOf(entry, content)?.length === 0;
}
