/**
 * Judges a built file before anybody imports it: will it load in this environment, and run on these GPUs? What the
 * environment cannot tell is `unknown`, with the reason.
 */
import type { Host } from "../host/host.ts";
import { type ByteSource } from "./bytes.ts";
import { judgeElf } from "./judge-elf.ts";
import { judgeForeign } from "./judge-foreign.ts";
import { judgeGpu } from "./judge-gpu.ts";
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
  const first = [...platformProblems(report, environment), ...kindProblems(report)];
  if (first.some((problem) => problem.severity === "error")) return hopeless(first);

  const problems = [...first, ...pythonProblems(report, environment), ...torchProblems(report, environment)];
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
  if (report.format === "elf" && (report.machine === "cuda" || report.machine === "amdgpu")) {
    return [
      {
        kind: "wrong-machine",
        severity: "error",
        what: "It is code for a GPU alone (a cubin), which no process loads by itself",
        why: "A program hands such code to the GPU's driver, usually out of a fat binary within an extension",
        fix: "Inspect the extension that it belongs to",
      },
    ];
  }
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

function pythonProblems(report: ExtensionReport, environment: JudgeEnvironment): Problem[] {
  const { python } = environment;
  const { tag, modules } = report.python;
  const problems: Problem[] = [];
  if (report.kind === "python-module" && tag !== undefined && modules.length > 0 && !modules.includes(tag.module)) {
    problems.push({
      kind: "wrong-module-name",
      severity: "error",
      owner: "python",
      what: `The file is named \`${tag.module}\`, but the module in it is \`${modules.join("`, `")}\``,
      why: `\`import ${tag.module}\` asks for \`PyInit_${tag.module}\`, which it does not define`,
      fix: `Name the file \`${modules[0] ?? ""}${tag.suffix}\`, or give the module the name \`${tag.module}\` (\`PYBIND11_MODULE(TORCH_EXTENSION_NAME, m)\`)`,
    });
  }
  if (python === undefined || tag === undefined || report.kind !== "python-module") return problems;
  const have = python.version.slice(0, 2).join(".");
  const wrong = (what: string, why: string): void => {
    problems.push({
      kind: "wrong-python",
      severity: "error",
      owner: "python",
      what,
      why,
      fix: `Build it again for this interpreter: \`retorch build --python ${python.executable}\``,
    });
  };
  if (tag.version !== undefined) {
    const kind = tag.implementation === "pypy" ? "PyPy" : "CPython";
    const own = `${kind} ${tag.version.join(".")}${tag.freeThreaded ? " (free-threaded)" : ""}`;
    const sameVersion = tag.version[0] === python.version[0] && tag.version[1] === python.version[1];
    const sameKind = (tag.implementation === "pypy") === /pypy/i.test(python.implementation);
    if (!sameVersion || !sameKind || tag.freeThreaded !== python.freeThreaded) {
      const implementation = /pypy/i.test(python.implementation) ? "PyPy" : "CPython";
      const here = `${implementation} ${have}${python.freeThreaded ? " (free-threaded)" : ""}`;
      wrong(
        `It is for ${own}, and the interpreter is ${here}`,
        `\`import\` looks for names that end in \`${python.extensionSuffix}\``,
      );
    }
  } else if (tag.abi3) {
    if (python.freeThreaded && !tag.freeThreaded) {
      wrong("Modules of the limited API cannot be loaded by a free-threaded Python", "Its objects have another layout");
    }
    const since = report.python.limitedApi?.since;
    if (
      since !== undefined &&
      (since[0] > python.version[0] || (since[0] === python.version[0] && since[1] > python.version[1]))
    ) {
      wrong(
        `It uses the limited API of Python ${since.join(".")}, and the interpreter is Python ${have}`,
        "An abi3 module runs on the Python that it was built for and later ones",
      );
    }
    const others = report.python.limitedApi?.others ?? [];
    if (others.length > 0) {
      problems.push({
        kind: "note",
        severity: "warning",
        owner: "python",
        what: `It is named \`abi3\`, but uses ${others.length === 1 ? `\`${others[0] ?? ""}\`, which is` : `${others.length} names (\`${others[0] ?? ""}\`, …) that are`} not in the limited API`,
        why: "On another Python these may be missing or of another layout",
        fix: "Define `Py_LIMITED_API` when compiling (`py-limited-api` in retorch.toml), or drop `abi3` from the name",
      });
    }
  }
  return problems;
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
