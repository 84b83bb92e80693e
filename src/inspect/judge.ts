/**
 * Judges a built file before anybody imports it: will it load in this environment, and run on these GPUs? What the
 * environment cannot tell is `unknown`, with the reason.
 */
import type { Host } from "../host/host.ts";
import { type ByteSource } from "./bytes.ts";
import { bindingProblems } from "./judge-binding.ts";
import { judgeElf } from "./judge-elf.ts";
import { judgeForeign } from "./judge-foreign.ts";
import { judgeGpu } from "./judge-gpu.ts";
import { pythonProblems } from "./judge-python.ts";
import type { ExtensionReport } from "./report.ts";
import {
  type Answer,
  type JudgeEnvironment,
  type JudgeGpu,
  orderProblems,
  type Problem,
  type Verdict,
} from "./verdict.ts";

export interface JudgeInput {
  readonly report: ExtensionReport;
  /** The file's bytes. */
  readonly source: ByteSource;
  /** Absolute path where it lies, or would lie. */
  readonly path: string;
  readonly host: Pick<Host, "fs" | "env"> & Partial<Pick<Host, "cwd">>;
  readonly environment: JudgeEnvironment;
  /** Other GPUs than the environment's. */
  readonly gpus?: readonly JudgeGpu[];
  /** Files that would be there too: the other members of a wheel, by absolute path. */
  readonly besides?: ReadonlyMap<string, () => ByteSource | undefined>;
}

const MACHINES: Readonly<Record<string, RegExp>> = {
  x64: /^x86_64/,
  ia32: /^i386$/,
  arm64: /^(?:aarch64|arm64(?!ec))/,
  arm: /^arm$/,
  ppc64: /^powerpc64/,
  s390x: /^s390x$/,
  riscv64: /^riscv64$/,
  loong64: /^loongarch64$/,
};

/** Judges a file. */
export function judge(input: JudgeInput): Verdict {
  const { report, environment } = input;
  const gpus = input.gpus ?? environment.gpus;
  if (report.kind === "gpu-code") return judgeGpuCode(input, gpus);
  const first = [...platformProblems(report, environment), ...kindProblems(report)];
  if (first.some((problem) => problem.severity === "error")) return hopeless(first);

  const problems = [
    ...first,
    ...pythonProblems(report, environment),
    ...torchProblems(report, environment),
    ...bindingProblems(report, environment, input.host),
  ];
  const loading =
    report.format === "elf"
      ? judgeElf(input)
      : judgeForeign({ report, path: input.path, host: input.host, environment });
  problems.push(...loading.problems);
  const cut = report.anomalies.find((anomaly) => anomaly.includes("cut off"));
  if (cut !== undefined) {
    problems.push({
      kind: "damaged",
      severity: "error",
      what: "The file is cut off",
      why: cut,
      fix: "Build or download it again",
    });
  }
  const reasons: string[] = [...loading.reasons];
  const loads = answerOf(problems, reasons);
  // What does not load runs nowhere: no GPU has to be asked for.
  const device = judgeDevice(input, gpus, loads === "no" ? [] : reasons);
  problems.push(...device.problems);
  const runs: Answer = loads === "no" ? "no" : device.runs === "yes" ? loads : device.runs;
  return {
    loads,
    ...(loading.loadsWithoutTorch === undefined ? {} : { loadsWithoutTorch: loading.loadsWithoutTorch }),
    runs,
    reasons,
    problems: orderProblems(problems),
    libraries: loading.libraries,
    gpus: device.verdicts,
    checked: loading.checked,
  };
}

/** A program of a GPU: a process hands it to the driver, and nothing else of the system is asked for. */
function judgeGpuCode(input: JudgeInput, gpus: readonly JudgeGpu[]): Verdict {
  const isAmd = input.report.machine === "amdgpu";
  const reasons: string[] = [];
  const device = isAmd ? undefined : judgeDevice(input, gpus, reasons);
  if (isAmd) reasons.push("AMD's GPUs are not looked for");
  reasons.push(
    `A process hands it to the GPU's driver (\`${isAmd ? "hipModuleLoad" : "cuModuleLoad"}\`); \`import\` does not take it`,
  );
  const runs = device === undefined || input.report.cuda.fatbins.length === 0 ? "unknown" : device.runs;
  return {
    loads: runs,
    runs,
    reasons,
    problems: orderProblems((device?.problems ?? []).map(compiledElsewhere)),
    libraries: [],
    gpus: device?.verdicts ?? [],
    checked: { symbols: 0, files: 0 },
  };
}

/** Who makes such programs compiles for the GPU at hand; PyTorch's variables do not reach it. */
function compiledElsewhere(problem: Problem): Problem {
  if (problem.kind !== "no-gpu-code") return problem;
  const fix =
    "Compile it on that GPU: AOTInductor, torch.compile and Triton compile for the one that is there; nvcc for the one of `-arch`";
  return { ...problem, fix };
}

function hopeless(problems: readonly Problem[]): Verdict {
  return {
    loads: "no",
    runs: "no",
    reasons: [],
    problems: orderProblems(problems),
    libraries: [],
    gpus: [],
    checked: { symbols: 0, files: 0 },
  };
}

function answerOf(problems: readonly Problem[], reasons: readonly string[]): Answer {
  if (problems.some((problem) => problem.severity === "error")) return "no";
  return reasons.length > 0 ? "unknown" : "yes";
}

const PLATFORM_NAMES = { linux: "Linux", darwin: "macOS", win32: "Windows" } as const;

function platformProblems(report: ExtensionReport, environment: JudgeEnvironment): Problem[] {
  if (report.platform !== environment.platform) {
    return [
      {
        kind: "wrong-platform",
        severity: "error",
        what: `It is for ${PLATFORM_NAMES[report.platform]}, and this is ${PLATFORM_NAMES[environment.platform]}`,
        why: "Compiled files run on the system that they were built for",
        fix: "Build it here: `retorch build`",
      },
    ];
  }
  const test = MACHINES[environment.arch];
  if (test === undefined || report.machines.some((machine) => test.test(machine))) return [];
  return [
    {
      kind: "wrong-machine",
      severity: "error",
      what: `It is for ${report.machines.join(" and ")}, and this machine is ${environment.arch}`,
      why: "Compiled files run on the kind of processor that they were built for",
      fix: "Build it here: `retorch build`",
    },
  ];
}

function kindProblems(report: ExtensionReport): Problem[] {
  if (report.kind !== "object") return [];
  return [
    {
      kind: "not-linked",
      severity: "error",
      what: "It is an object file, which cannot be loaded",
      why: "An object is linked into an extension before Python can load it",
      fix: "Inspect the linked file",
    },
  ];
}

function torchProblems(report: ExtensionReport, environment: JudgeEnvironment): Problem[] {
  const { torch } = environment;
  const { provenance } = report;
  const problems: Problem[] = [];
  if (torch === undefined) return problems;
  const sameTorch = provenance?.torch === undefined || provenance.torch === torch.version;
  if (!sameTorch && !report.torch.stableAbi) {
    problems.push({
      kind: "note",
      severity: "warning",
      owner: "torch",
      what: `It was built with PyTorch ${provenance.torch ?? ""}, and ${torch.version} is installed`,
      why: "Even where all symbols are there, the layout of classes may differ between versions",
      fix: "Build it again: `retorch build`",
    });
  }
  const torchCuda = Number(torch.cudaVersion?.split(".")[0]);
  const { major } = report.cuda;
  if (major !== undefined && !Number.isNaN(torchCuda) && major !== torchCuda) {
    problems.push({
      kind: "note",
      severity: "warning",
      owner: "cuda",
      what: `It was built with CUDA ${major}, and the installed PyTorch ${torch.version} with CUDA ${torch.cudaVersion ?? ""}`,
      why: "Two CUDA runtimes in one process do not share streams and memory reliably",
      fix: `Build it again with a CUDA ${torchCuda} toolkit`,
    });
  }
  return problems;
}

function judgeDevice(
  input: JudgeInput,
  gpus: readonly JudgeGpu[],
  reasons: string[],
): { readonly runs: Answer; readonly problems: readonly Problem[]; readonly verdicts: Verdict["gpus"] } {
  const { report, source } = input;
  if (report.cuda.fatbins.length === 0) return { runs: "yes", problems: [], verdicts: [] };
  if (gpus.length === 0) {
    reasons.push("No GPU was found to check its device code against");
    return { runs: "unknown", problems: [], verdicts: [] };
  }
  const judged = gpus.map((gpu) => judgeGpu(report.cuda, gpu, source));
  const verdicts = judged.map((one) => one.verdict);
  const problems = dedupe(judged.flatMap((one) => one.problems));
  // It runs when it runs on one of them; the others are warned of.
  const answers = verdicts.map((verdict) => verdict.runs);
  const runs = answers.includes("yes") ? "yes" : answers.includes("unknown") ? "unknown" : "no";
  const softened = runs === "no" ? problems : problems.map((problem) => ({ ...problem, severity: "warning" as const }));
  return { runs, problems: softened, verdicts };
}

function dedupe(problems: readonly Problem[]): Problem[] {
  const known = new Map(problems.map((problem) => [problem.what, problem]));
  return [...known.values()];
}
