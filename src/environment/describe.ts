/** What was found, as text for people and as JSON: what was chosen, why, what was tried, what is odd. Pure. */
import type { Attempt, Failure } from "../base/failure.ts";
import { familyName } from "./cxx-standard.ts";
import type { Environment, EnvironmentPart, Tool } from "./environment.ts";

/** A line of the description: a name and what is said under it. */
type Row = readonly [name: string, value: string];

interface Section {
  readonly title: string;
  readonly part: EnvironmentPart;
  readonly rows: readonly Row[];
  /** `what` of the attempts that belong here. */
  readonly whats: readonly string[];
  /** What to say when there is nothing. */
  readonly absent: string;
}

/** The environment as text, for `retorch env`. `tried` lists the candidates that were not chosen too. */
export function describeEnvironment(environment: Environment, options: { readonly tried?: boolean } = {}): string {
  const tried = options.tried ?? true;
  const sections = sectionsOf(environment)
    .filter((section) => section.rows.length > 0 || section.absent !== "")
    .map((section) => sectionText(environment, section, tried));
  const warnings = environment.warnings.map((warning) => `warning: ${warning}`);
  return `${[...sections, ...(warnings.length === 0 ? [] : [warnings.join("\n")])].join("\n\n")}\n`;
}

function sectionText(environment: Environment, section: Section, tried: boolean): string {
  const lines: string[] = [];
  const width = Math.max(10, ...section.rows.map(([name]) => name.length));
  lines.push(section.rows.length === 0 ? `${section.title}: ${section.absent}` : section.title);
  for (const [name, value] of section.rows) lines.push(`  ${name.padEnd(width)}  ${value}`);
  const problem = environment.problems[section.part];
  if (problem !== undefined) lines.push(...problemLines(problem));
  const attempts = environment.attempts.filter((attempt) => section.whats.includes(attempt.what));
  if (tried && attempts.length > 0) {
    lines.push("  tried (+ taken, - refused)");
    for (const attempt of attempts) lines.push(`    ${mark(attempt)} ${attemptText(attempt, section)}`);
  }
  return lines.join("\n");
}

function problemLines(problem: Failure): string[] {
  const lines = [`  problem (${problem.code}): ${problem.message}`];
  if (problem.hint !== undefined) lines.push(`    hint: ${problem.hint}`);
  return lines;
}

/** Marks that are told apart without colour: taken, refused, not there. */
function mark(attempt: Attempt): string {
  return { chosen: "+", rejected: "-", missing: " " }[attempt.outcome];
}

function attemptText(attempt: Attempt, section: Section): string {
  const what = attempt.what === section.whats[0] ? "" : `${attempt.what}: `;
  return `${what}${attempt.where}: ${attempt.why}`;
}

function sectionsOf(environment: Environment): Section[] {
  return [
    pythonSection(environment),
    torchSection(environment),
    cudaSection(environment),
    compilerSection(environment),
    linkerSection(environment),
    gpuSection(environment),
    deviceSection(environment, "rocm", "ROCm"),
    deviceSection(environment, "sycl", "SYCL"),
  ];
}

function pythonSection({ python }: Environment): Section {
  const rows: Row[] =
    python === undefined
      ? []
      : [
          ["executable", python.executable],
          [
            "version",
            `${python.implementation} ${python.version.join(".")}${python.freeThreaded ? ", free-threaded" : ""}`,
          ],
          ["suffix", python.extensionSuffix],
          ["headers", python.includeDirs.join(", ") || "not installed"],
          ["packages", python.packageDirs.join(", ")],
        ];
  return { title: "Python", part: "python", rows, whats: ["python", "python headers"], absent: "not found" };
}

function torchSection({ torch }: Environment): Section {
  if (torch === undefined) return { title: "PyTorch", part: "torch", rows: [], whats: ["torch"], absent: "not found" };
  const device =
    torch.cudaVersion !== undefined
      ? `CUDA ${torch.cudaVersion}`
      : torch.hipVersion !== undefined
        ? `ROCm ${torch.hipVersion}`
        : torch.xpuVersion !== undefined
          ? `XPU ${torch.xpuVersion}`
          : "CPU";
  const rows: Row[] = [
    ["version", `${torch.version}${torch.debug === true ? ", debug" : ""}`],
    ["built for", device],
    ["root", `${torch.root} (${torch.layout})`],
    ["headers", torch.includeDirs.join(", ")],
    ["libraries", `${torch.libraryDirs.join(", ")} (${torch.libraries.join(", ")})`],
    ["C++11 ABI", torch.cxx11Abi ? "yes" : "no"],
    ...(torch.pybind11Abi === undefined
      ? []
      : [
          [
            "pybind11",
            `${torch.pybind11Abi.compilerType}${torch.pybind11Abi.stdlib}${torch.pybind11Abi.buildAbi}`,
          ] as const,
        ]),
    ["identity", short(torch.identity)],
  ];
  return { title: "PyTorch", part: "torch", rows, whats: ["torch", "C++11 ABI", "pybind11"], absent: "" };
}

function cudaSection({ cuda }: Environment): Section {
  const rows: Row[] =
    cuda === undefined
      ? []
      : [
          ["version", `${cuda.version} (nvcc ${cuda.fullVersion})`],
          ["root", `${cuda.root} (${cuda.origin})`],
          ["nvcc", toolText(cuda.nvcc)],
          ["headers", cuda.includeDirs.join(", ") || "the compiler's own"],
          ["libraries", cuda.libraryDirs.join(", ")],
          ...(cuda.missingHeaders.length === 0 ? [] : [["missing", cuda.missingHeaders.join(", ")] as const]),
          ...(cuda.hostCompilers === undefined ? [] : [["takes", boundsText(cuda.hostCompilers)] as const]),
        ];
  return { title: "CUDA", part: "cuda", rows, whats: ["cuda", "cuda headers"], absent: "not found" };
}

function boundsText(bounds: NonNullable<NonNullable<Environment["cuda"]>["hostCompilers"]>): string {
  const parts = [
    bounds.gccNewest === undefined ? undefined : `GCC up to ${bounds.gccNewest}`,
    bounds.clangBelow === undefined ? undefined : `Clang up to ${bounds.clangBelow - 1}`,
  ].filter((part) => part !== undefined);
  return `${parts.join(", ")} (${bounds.source === "table" ? "by torch's table" : bounds.source})`;
}

function compilerSection({ compiler, cudaHost }: Environment): Section {
  const rows: Row[] =
    compiler === undefined
      ? []
      : [
          [
            "C++",
            `${toolText(compiler.cxx)}: ${familyName(compiler.family)} ${compiler.cxx.version}, ${compiler.target}`,
          ],
          ...(compiler.cc === undefined ? [] : [["C", toolText(compiler.cc)] as const]),
          ...(cudaHost === undefined || cudaHost.cxx.path === compiler.cxx.path
            ? []
            : [
                [
                  "for nvcc",
                  `${toolText(cudaHost.cxx)}: ${familyName(cudaHost.family)} ${cudaHost.cxx.version}`,
                ] as const,
              ]),
        ];
  return {
    title: "Compiler",
    part: "compiler",
    rows,
    whats: ["compiler", "host compiler of nvcc"],
    absent: "not found",
  };
}

function linkerSection({ linker, linkers }: Environment): Section {
  const others = Object.entries(linkers ?? {}).map(([name, tool]) => `${name} (${tool.path}, ${tool.version})`);
  const rows: Row[] =
    linker === undefined
      ? []
      : [
          ["default", `${toolText(linker)}: ${linker.name} ${linker.version}`],
          ...(others.length === 0 ? [] : [["-fuse-ld=", others.join(", ")] as const]),
        ];
  return { title: "Linker", part: "linker", rows, whats: ["linker"], absent: "not found" };
}

function gpuSection({ gpus }: Environment): Section {
  const rows = gpus.map((gpu, index): Row => [
    String(index),
    `${gpu.name}, compute capability ${gpu.computeCapability.join(".")}${gpu.driverVersion === undefined ? "" : `, driver ${gpu.driverVersion}`}`,
  ]);
  return { title: "GPUs", part: "gpu", rows, whats: ["gpu"], absent: "none visible" };
}

function deviceSection(environment: Environment, part: "rocm" | "sycl", title: string): Section {
  const toolkit = environment[part];
  const rows: Row[] =
    toolkit === undefined
      ? []
      : [
          ["version", toolkit.version],
          ["root", toolkit.root],
          ["compiler", toolText(toolkit.compiler)],
        ];
  const absent = environment.problems[part] === undefined ? "" : "not found";
  return { title, part, rows, whats: [part], absent };
}

function toolText(tool: Tool): string {
  const command = [...tool.launcher, tool.path, ...(tool.arguments ?? [])].join(" ");
  return `${command} [${short(tool.identity)}]`;
}

function short(digest: string): string {
  return digest.slice(0, 12);
}

/** The environment for `retorch env --json`: the value itself, in an order that does not change. */
export function environmentJson(environment: Environment): Readonly<Record<string, unknown>> {
  const { platform, arch, python, torch, cuda, rocm, sycl, compiler, cudaHost, linker, linkers, gpus } = environment;
  const { problems, warnings, attempts } = environment;
  const none = <T>(value: T | undefined): T | null => value ?? null;
  return {
    platform,
    arch,
    python: none(python),
    torch: none(torch),
    cuda: none(cuda),
    rocm: none(rocm),
    sycl: none(sycl),
    compiler: none(compiler),
    cudaHost: none(cudaHost),
    linker: none(linker),
    linkers: linkers ?? {},
    gpus,
    problems,
    warnings,
    attempts,
  };
}
