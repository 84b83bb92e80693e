/** An inspection in words, one page with the verdict first, and as JSON. */
import { architectureText, capabilityText } from "./architecture.ts";
import { internalsVersion } from "./binding-abi.ts";
import { readable } from "./demangle.ts";
import type { Inspection } from "./inspect.ts";
import type { Integrity } from "./integrity.ts";
import { packageKindOf } from "./package-kind.ts";
import type { ExtensionReport } from "./report.ts";
import type { Answer, Problem, Verdict } from "./verdict.ts";
import { gccOf } from "./versions.ts";
import type { WheelMember } from "./wheel.ts";

/** Kernels, libraries and symbols that are named; more are counted. */
const MAX_NAMED = 8;
const MAX_LIBRARIES = 24;
const LABEL_WIDTH = 12;

/** The page for a terminal, without colours; every line ends in a line break. */
export function describeText(inspection: Inspection): string {
  const lines =
    inspection.kind === "extension"
      ? extensionLines(inspection.path, inspection.report, inspection.verdict)
      : wheelLines(inspection);
  return `${lines.join("\n")}\n`;
}

function extensionLines(path: string, report: ExtensionReport, verdict: Verdict | undefined): string[] {
  const lines = [path];
  if (verdict !== undefined) lines.push("", ...verdictLines(verdict), ...problemLines(verdict.problems));
  lines.push("", ...factLines(report));
  if (verdict !== undefined) lines.push(...libraryLines(report, verdict));
  return lines;
}

function wheelLines({ wheel, verdicts, problems, integrity }: Extract<Inspection, { kind: "wheel" }>): string[] {
  const lines = [wheel.file];
  const { name } = wheel;
  if (name !== undefined) {
    const tags = `${name.python.join(".")}-${name.abi.join(".")}-${name.platform.join(".")}`;
    lines.push(row("Wheel", `${name.name} ${name.version} for ${tags}`));
  }
  const kind = packageKindOf(wheel);
  if (kind !== undefined) lines.push(row("Package", kind.text));
  lines.push(row("Files", `${wheel.files}, ${wheel.members.length} of them compiled`));
  if (integrity !== undefined) lines.push(...integrityLines(integrity));
  lines.push(...problemLines(problems));
  const programs = wheel.members.filter(({ report }) => report?.kind === "gpu-code");
  if (programs.length > 0) lines.push("", ...programLines(programs, verdicts));
  for (const member of wheel.members) {
    if (member.report?.kind === "gpu-code") continue;
    lines.push("");
    if (member.report === undefined) {
      lines.push(member.path, `  ${member.failure?.message ?? "could not be read"}`);
      continue;
    }
    const verdict = verdicts.get(member.path);
    lines.push(...extensionLines(member.path, member.report, verdict));
  }
  return lines;
}

/** Programs of a GPU in one line for each kind: a model has one for each of its kernels. */
function programLines(programs: readonly WheelMember[], verdicts: ReadonlyMap<string, Verdict>): string[] {
  const kinds = new Map<string, { count: number; problems: readonly Problem[] }>();
  for (const { path, report } of programs) {
    const verdict = verdicts.get(path);
    const code = report?.cuda.code.map(codeText) ?? [];
    const names = [...code, ...(report?.hip.map(({ target }) => target) ?? [])].join(", ");
    const runs = verdict?.gpus.map((gpu) => `${gpu.runs} on ${gpu.name} (${gpu.capability})`) ?? [];
    const text = `${names === "" ? "a GPU that is not told" : names}${runs.length === 0 ? "" : `: ${runs.join(", ")}`}`;
    const known = kinds.get(text);
    if (known === undefined) kinds.set(text, { count: 1, problems: verdict?.problems ?? [] });
    else known.count++;
  }
  return [...kinds].flatMap(([text, { count, problems }]) => [
    row("GPU", `${count} ${count === 1 ? "program" : "programs"} for ${text}`),
    ...problemLines(problems),
  ]);
}

function integrityLines({ record, read, same, problems }: Integrity): string[] {
  const digests = record === undefined ? "" : `; ${same} have the digest that RECORD gives`;
  const lines = [row("Content", `${read} ${read === 1 ? "file was" : "files were"} read and undamaged${digests}`)];
  for (const { severity, what, why, fix, files, count } of problems) {
    lines.push("", `  ${severity}: ${what}`, `    why: ${why}`, `    fix: ${fix}`);
    if (count === 1) continue;
    for (const { path, detail } of files.slice(0, MAX_NAMED)) {
      lines.push(`    - ${path}${detail === undefined ? "" : ` (${detail})`}`);
    }
    if (count > MAX_NAMED) lines.push(`    - and ${count - MAX_NAMED} more`);
  }
  return lines;
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_WIDTH)}${text}`;
}

function verdictLines(verdict: Verdict): string[] {
  const { symbols, files } = verdict.checked;
  const counted = symbols === 0 ? "" : `: ${symbols} symbols looked up in ${files} libraries`;
  const loads =
    verdict.loads === "yes" && verdict.loadsWithoutTorch === "no"
      ? `yes, after \`import torch\`${counted}`
      : `${verdict.loads}${verdict.loads === "yes" ? counted : ""}`;
  const lines = [row("Loads", loads)];
  if (verdict.gpus.length === 0) lines.push(row("Runs", verdict.runs));
  for (const gpu of verdict.gpus) {
    const runs: Answer = verdict.loads === "no" ? "no" : gpu.runs;
    lines.push(row("Runs", `${runs} on ${gpu.name} (${gpu.capability}): ${lower(gpu.why)}`));
  }
  for (const reason of verdict.reasons) lines.push(row("", reason));
  return lines;
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function problemLines(problems: readonly Problem[]): string[] {
  const lines: string[] = [];
  for (const problem of problems) {
    lines.push("", `  ${problem.severity}: ${problem.what}`);
    if (problem.why !== "") lines.push(`    why: ${problem.why}`);
    if (problem.fix !== "") lines.push(`    fix: ${problem.fix}`);
    const symbols = problem.symbols ?? [];
    if (symbols.length > 1) {
      for (const symbol of symbols.slice(0, MAX_NAMED)) {
        lines.push(`    - ${symbol.demangled ?? symbol.symbol}`);
        for (const form of symbol.forms.slice(0, 1)) lines.push(`      there is ${form}`);
      }
      const more = (problem.count ?? symbols.length) - Math.min(symbols.length, MAX_NAMED);
      if (more > 0) lines.push(`    - and ${more} more`);
    }
  }
  return lines;
}

const FORMAT_NAMES = { elf: "ELF", pe: "PE", macho: "Mach-O" } as const;
const KIND_NAMES = {
  "python-module": "Python module",
  "torch-library": "library of PyTorch operators",
  library: "shared library",
  executable: "program",
  object: "object file",
  "gpu-code": "program of a GPU",
} as const;

const GENERATOR_NAMES = {
  "aot-inductor": "model that AOTInductor compiled",
  "torch.compile": "kernels in the cache of torch.compile",
} as const;

function factLines(report: ExtensionReport): string[] {
  const lines: string[] = [];
  const add = (label: string, text: string | undefined): void => {
    if (text !== undefined && text !== "") lines.push(row(label, text));
  };
  const machines = report.machines.length > 1 ? report.machines.join(", ") : report.machine;
  const isOther = report.kind === "torch-library" && !report.torch.registers;
  const generated = report.generator === undefined ? undefined : GENERATOR_NAMES[report.generator];
  const kind = generated ?? (isOther ? "library that uses PyTorch" : KIND_NAMES[report.kind]);
  add("File", `${kind}, ${FORMAT_NAMES[report.format]} for ${machines}, ${sizeText(report.size)}`);
  add("Python", pythonText(report));
  add("PyTorch", torchText(report));
  add("CUDA", cudaText(report));
  add("Kernels", kernelsText(report));
  if (report.hip.length > 0) add("ROCm", [...new Set(report.hip.map((entry) => entry.target))].join(", "));
  add("Compiler", report.compilers.join("; "));
  const { cxxLibrary } = report;
  if (cxxLibrary !== undefined)
    add("C++", `${cxxLibrary.name}${cxxLibrary.static ? ", a copy of its own (static)" : ""}`);
  add("Needs", needsText(report));
  add("Run path", [...report.rpath, ...report.runpath].join(", "));
  add("Built by", provenanceText(report));
  for (const anomaly of report.anomalies.slice(0, MAX_NAMED)) add("Damage", anomaly);
  return lines;
}

function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const kib = bytes / 1024;
  if (kib < 1024) return `${kib.toFixed(0)} KiB`;
  return `${(kib / 1024).toFixed(1)} MiB`;
}

function pythonText({ python }: ExtensionReport): string | undefined {
  if (!python.uses) return undefined;
  const parts: string[] = [];
  if (python.modules.length > 0) parts.push(`module \`${python.modules.join("`, `")}\``);
  const { tag, limitedApi } = python;
  if (tag?.version !== undefined) {
    const kind = tag.implementation === "pypy" ? "PyPy" : "CPython";
    parts.push(
      `for ${kind} ${tag.version.join(".")}${tag.freeThreaded ? " (free-threaded)" : ""}${tag.debug ? " (debug)" : ""}`,
    );
  } else if (tag?.abi3 === true) parts.push("abi3");
  if (python.binding !== undefined) parts.push(`made with ${bindingText(python)}`);
  if (limitedApi !== undefined) {
    parts.push(
      limitedApi.only
        ? `only the limited API of ${limitedApi.since?.join(".") ?? "3.2"}`
        : `beyond the limited API: ${named(limitedApi.others, 3)}`,
    );
  }
  return parts.join(", ");
}

/** Modules of one version of the internals, and one ABI, share their types. */
function bindingText({ binding = "pybind11", bindingAbi }: ExtensionReport["python"]): string {
  if (bindingAbi === undefined) return binding;
  if (binding === "cython") return `Cython ${bindingAbi}`;
  const version = internalsVersion(bindingAbi);
  return version === undefined ? binding : `${binding} (internals ${version})`;
}

function named(names: readonly string[], most: number): string {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

const STRING_ABIS = { cxx11: "C++11 ABI of std::string", old: "old ABI of std::string", "libc++": "libc++" } as const;

function torchText({ torch }: ExtensionReport): string | undefined {
  if (!torch.uses) return undefined;
  const parts: string[] = [];
  if (torch.libraries.length > 0) parts.push(`needs ${torch.libraries.join(", ")}`);
  parts.push(torch.symbols === 1 ? "1 symbol" : `${torch.symbols} symbols`);
  if (torch.stableAbi)
    parts.push(
      `stable ABI only${torch.stableSince === undefined ? "" : `, of PyTorch ${torch.stableSince} and later`}`,
    );
  if (torch.stringAbi !== undefined) parts.push(STRING_ABIS[torch.stringAbi.abi]);
  if (torch.namespaces.length > 0) parts.push(`operators in ${torch.namespaces.join(", ")}`);
  return parts.join(", ");
}

function cudaText(report: ExtensionReport): string | undefined {
  const { cuda } = report;
  if (!cuda.uses) return undefined;
  const parts: string[] = [];
  if (cuda.toolkit !== undefined) parts.push(`built with CUDA ${cuda.toolkit}`);
  // Which one an object gets is decided when it is linked.
  const isLinked = report.kind !== "object";
  if (isLinked && cuda.runtime === "static") parts.push("its own runtime (static)");
  if (isLinked && cuda.runtime === "shared")
    parts.push(cuda.major === undefined ? "shared runtime" : `runtime of CUDA ${cuda.major}`);
  // What is newer than the code says must have translated it.
  const { ptx } = cuda;
  if (ptx !== undefined && cuda.toolkit === undefined)
    parts.push(`PTX ${ptx.version}${ptx.cuda === undefined ? "" : `, which CUDA ${ptx.cuda} brought`}`);
  const code = cuda.code.map((one) => codeText(one));
  if (code.length > 0) parts.push(`code for ${code.join(", ")}`);
  if (cuda.unlinked) parts.push("device code not linked yet");
  return parts.join(", ");
}

function codeText(code: ExtensionReport["cuda"]["code"][number]): string {
  const text = architectureText(code.architecture);
  if (code.kind === "binary") return `sm_${text}`;
  return code.kind === "ptx" ? `compute_${text} (PTX)` : `compute_${text} (LTO)`;
}

function kernelsText({ cuda }: ExtensionReport): string | undefined {
  const { kernels } = cuda;
  if (kernels === undefined || kernels.length === 0) return undefined;
  const names = kernels.slice(0, 4).map((kernel) => readable(kernel));
  const more = kernels.length - names.length;
  return `${kernels.length}: ${names.join(", ")}${more > 0 ? `, and ${more} more` : ""}`;
}

function needsText(report: ExtensionReport): string {
  const parts = report.floors.map(({ version }) => {
    const gcc = gccOf(version);
    return gcc === undefined ? version : `${version} (GCC ${gcc})`;
  });
  if (report.minimumSystem !== undefined) parts.push(`macOS ${report.minimumSystem}`);
  return parts.join(", ");
}

function provenanceText({ provenance }: ExtensionReport): string | undefined {
  if (provenance === undefined) return undefined;
  const parts = [`retorch ${provenance.retorch}`];
  if (provenance.torch !== undefined) parts.push(`for PyTorch ${provenance.torch}`);
  if (provenance.torchTarget !== undefined) parts.push(`stable ABI of ${provenance.torchTarget}`);
  if (provenance.python !== undefined) parts.push(provenance.python);
  if (provenance.cuda !== undefined) parts.push(`CUDA ${provenance.cuda}`);
  if (provenance.cudaArch !== undefined) parts.push(provenance.cudaArch.join(" "));
  if (provenance.compiler !== undefined) parts.push(provenance.compiler);
  return parts.join(", ");
}

function libraryLines(report: ExtensionReport, verdict: Verdict): string[] {
  const own = new Set(report.libraries.map((library) => library.name));
  const direct = verdict.libraries.filter((library) => own.has(library.name));
  const shown = [
    ...direct,
    ...verdict.libraries.filter((library) => library.path === undefined && !own.has(library.name)),
  ];
  const width = Math.min(32, Math.max(0, ...shown.map((library) => library.name.length)));
  const lines = shown.slice(0, MAX_LIBRARIES).map((library, index) => {
    const where = library.path === undefined ? "not found" : `${library.path} (${library.foundBy ?? ""})`;
    return row(index === 0 ? "Libraries" : "", `${library.name.padEnd(width)}  ${where}`);
  });
  if (shown.length > MAX_LIBRARIES) lines.push(row("", `and ${shown.length - MAX_LIBRARIES} more`));
  return lines;
}

/** The inspection as a value for JSON: stable names, no byte offsets. */
export function describeJson(inspection: Inspection): Readonly<Record<string, unknown>> {
  if (inspection.kind === "extension") {
    return {
      kind: "extension",
      path: inspection.path,
      ...(inspection.verdict === undefined ? {} : { verdict: inspection.verdict }),
      ...reportJson(inspection.report),
    };
  }
  const { wheel, verdicts, problems, integrity } = inspection;
  const is = packageKindOf(wheel);
  return {
    kind: wheel.kind,
    path: inspection.path,
    ...(wheel.name === undefined ? {} : { wheel: wheel.name }),
    ...(is === undefined ? {} : { package: is.kind }),
    files: wheel.files,
    problems,
    ...(integrity === undefined ? {} : { integrity }),
    members: wheel.members.map((member) => ({
      path: member.path,
      ...(verdicts.has(member.path) ? { verdict: verdicts.get(member.path) } : {}),
      ...(member.report === undefined ? { failure: member.failure } : reportJson(member.report)),
    })),
  };
}

function reportJson(report: ExtensionReport): Readonly<Record<string, unknown>> {
  const { cuda, undefinedSymbols, versions: _versions, name, kind, ...rest } = report;
  const { fatbins, code, ...cudaRest } = cuda;
  return {
    name,
    what: kind,
    ...rest,
    cuda: {
      ...cudaRest,
      code: code.map((one) => ({
        kind: one.kind,
        architecture: capabilityText(one.architecture),
        name:
          one.kind === "binary"
            ? `sm_${architectureText(one.architecture)}`
            : `compute_${architectureText(one.architecture)}`,
        fatBinaries: one.count,
      })),
      fatBinaries: fatbins.length,
    },
    undefinedSymbols: undefinedSymbols.length,
  };
}
