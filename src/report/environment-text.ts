/** The environment on one page: what is used, why it is that, and what was tried. */
import type { Environment, EnvironmentPart, HostCompiler, Tool } from "../environment/environment.ts";
import { torchDevice } from "../environment/torch-version.ts";
import { attemptLines } from "./failure-text.ts";
import type { Style } from "./style.ts";
import { textWidth } from "./text-width.ts";

type Row = readonly [part: string, version: string, where: string];

/** The page, ending in a line break. */
export function environmentText(environment: Environment, style: Style): string {
  const { python, torch, cuda, rocm, sycl, compiler, cudaHost, linker, gpus, problems } = environment;
  const missing = (part: EnvironmentPart): Row => [part, "not found", ""];
  const rows: Row[] = [
    ["machine", environment.platform, environment.arch],
    python === undefined
      ? missing("python")
      : ["python", `${python.version.join(".")}${python.abiFlags}`, python.executable],
    torch === undefined
      ? missing("torch")
      : ["torch", torch.version, `${torch.root} ${style.dim(`(${torchText(torch)})`)}`],
    compiler === undefined ? missing("compiler") : ["compiler", compilerText(compiler), toolPath(compiler.cxx)],
    linker === undefined ? missing("linker") : ["linker", `${linker.name} ${linker.version}`, toolPath(linker)],
    cuda === undefined
      ? missing("cuda")
      : ["cuda", cuda.fullVersion, `${cuda.root} ${style.dim(`(${cuda.origin}; nvcc: ${toolPath(cuda.nvcc)})`)}`],
  ];
  if (cudaHost !== undefined && cudaHost.cxx.path !== compiler?.cxx.path) {
    rows.push(["for nvcc", compilerText(cudaHost), toolPath(cudaHost.cxx)]);
  }
  if (rocm !== undefined) rows.push(["rocm", rocm.version, rocm.root]);
  if (sycl !== undefined) rows.push(["sycl", sycl.version, sycl.root]);
  if (gpus.length === 0) rows.push(missing("gpu"));
  for (const gpu of gpus) {
    const driver = gpu.driverVersion === undefined ? "" : ` ${style.dim(`(driver ${gpu.driverVersion})`)}`;
    rows.push(["gpu", gpu.computeCapability.join("."), `${gpu.name}${driver}`]);
  }

  const lines = rowLines(rows, style);
  const entries = Object.entries(problems).filter((entry) => entry[1] !== undefined);
  if (entries.length > 0) {
    lines.push("", style.bold("problems"));
    for (const [part, problem] of entries) {
      lines.push(`  ${style.warning(part)}: ${problem.message} ${style.dim(`[${problem.code}]`)}`);
      if (problem.hint !== undefined) {
        lines.push(
          ...problem.hint.split("\n").map((line, index) => `  ${index === 0 ? style.hint("hint:") : "     "} ${line}`),
        );
      }
    }
  }
  if (environment.warnings.length > 0) {
    lines.push("", style.bold("warnings"), ...environment.warnings.map(({ text }) => `  ${text}`));
  }
  if (environment.attempts.length > 0) {
    lines.push("", style.bold("what was tried, in order"));
    lines.push(...attemptLines(environment.attempts, style).map((line) => `  ${line}`));
  }
  return `${lines.join("\n")}\n`;
}

function rowLines(rows: readonly Row[], style: Style): string[] {
  const width = (index: 0 | 1): number => Math.max(...rows.map((row) => textWidth(row[index])));
  const [first, second] = [width(0), width(1)];
  return rows.map(([part, version, where]) => {
    const gap = " ".repeat(second - textWidth(version));
    const shown = where === "" ? style.dim(version) : version;
    return `${style.bold(part)}${" ".repeat(first - textWidth(part))}  ${shown}${gap}  ${where}`.trimEnd();
  });
}

function torchText(torch: NonNullable<Environment["torch"]>): string {
  const device = torchDevice(torch) ?? "CPU";
  return `${torch.layout}, ${device}, ${torch.cxx11Abi ? "C++11" : "old"} ABI`;
}

function compilerText(compiler: HostCompiler): string {
  return `${compiler.family} ${compiler.version.join(".")}`;
}

function toolPath(tool: Tool): string {
  return [...tool.launcher, tool.path].join(" ");
}
