/** The verdict for ELF files: follows what the loader would do in this environment, symbol by symbol. */
import { basename, join } from "node:path";
import { compareVersions } from "../base/order.ts";
import type { Host } from "../host/host.ts";
import { type ByteSource, fileSource } from "./bytes.ts";
import { openElf } from "./elf.ts";
import { refusalOf, type X86Level } from "./elf-refusals.ts";
import { relocatedSymbols } from "./elf-relocations.ts";
import { neededVersions } from "./elf-versions.ts";
import { type LoadedFile, LoaderSimulation } from "./loader.ts";
import {
  missingLibraryProblem,
  type MissingVersion,
  missingVersionProblem,
  unusableLibraryProblem,
} from "./missing-library.ts";
import { type Installed, missingSymbolProblems, type Unresolved } from "./missing-symbols.ts";
import type { ExtensionReport } from "./report.ts";
import { lateSanitizer } from "./sanitizer-runtime.ts";
import { isCudaFunction } from "./symbol-owner.ts";
import type { Answer, JudgeEnvironment, Problem, ResolvedLibrary } from "./verdict.ts";
import { splitVersion } from "./versions.ts";

export interface ElfJudgement {
  readonly problems: readonly Problem[];
  readonly libraries: readonly ResolvedLibrary[];
  readonly reasons: readonly string[];
  readonly loadsWithoutTorch?: Answer;
  readonly checked: { readonly symbols: number; readonly files: number };
}

export interface ElfJudgeInput {
  readonly report: ExtensionReport;
  readonly source: ByteSource;
  /** Where the file lies, or would lie. */
  readonly path: string;
  readonly host: Pick<Host, "fs" | "env"> & Partial<Pick<Host, "cwd">>;
  readonly environment: JudgeEnvironment;
  /** Files that would be there too, by absolute path. */
  readonly besides?: ReadonlyMap<string, () => ByteSource | undefined>;
}

/** A process as it is when the file is loaded. */
interface Process {
  readonly simulation: LoaderSimulation;
  /** Files whose symbols all see: the program and what was loaded with RTLD_GLOBAL. */
  readonly global: readonly LoadedFile[];
  readonly reasons: string[];
}

function newSimulation(input: ElfJudgeInput): LoaderSimulation | undefined {
  const opened = openElf(input.source);
  if (!opened.ok) return undefined;
  const { machineCode, bits } = opened.value;
  const { fs, env, cwd } = input.host;
  return new LoaderSimulation({
    fs,
    env,
    machineCode,
    bits,
    ...(cwd === undefined ? {} : { cwd }),
    ...(input.besides === undefined ? {} : { besides: input.besides }),
  });
}

/** Starts the interpreter, if the file is for one, and imports torch. */
function startProcess(input: ElfJudgeInput, importTorch: boolean): Process | undefined {
  const simulation = newSimulation(input);
  if (simulation === undefined) return undefined;
  const { environment, report } = input;
  const reasons: string[] = [];
  const global: LoadedFile[] = [];
  if (report.kind === "executable") return { simulation, global, reasons };
  const { python } = environment;
  if (python !== undefined) {
    const main = simulation.loadMain(python.executable);
    if (main === undefined) reasons.push(`The interpreter \`${python.executable}\` could not be read`);
    else global.push(...simulation.closure(main), ...preloaded(simulation));
  } else if (report.python.uses) reasons.push("No Python was found to check against");
  if (importTorch) global.push(...importOfTorch(simulation, input));
  return { simulation, global: [...new Set(global)], reasons };
}

function preloaded(simulation: LoaderSimulation): readonly LoadedFile[] {
  return simulation.loadPreloaded().flatMap((file) => simulation.closure(file));
}

/**
 * Whether it is for a process in which torch was imported: it calls torch, or it needs CUDA's libraries, which where they
 * come with pip only torch finds, or calls functions of CUDA, which all see that torch has loaded.
 */
function expectsTorch({ torch, cuda, kind, undefinedSymbols }: ExtensionReport): boolean {
  if (kind === "executable") return false;
  return torch.uses || cuda.libraries.length > 0 || undefinedSymbols.some(({ name }) => isCudaFunction(name));
}

/**
 * What `import torch` loads: libtorch_global_deps for all to see (torch/__init__.py, `_load_global_deps`), then
 * torch/_C with its libraries, which only those see that ask for them.
 */
function importOfTorch(simulation: LoaderSimulation, { environment, host }: ElfJudgeInput): readonly LoadedFile[] {
  const { torch } = environment;
  if (torch === undefined || torch.layout === "libtorch") return [];
  let global: readonly LoadedFile[] = [];
  for (const folder of [join(torch.root, "lib"), ...torch.libraryDirs]) {
    const file = simulation.load(join(folder, "libtorch_global_deps.so"));
    if (file === undefined) continue;
    global = simulation.closure(file);
    break;
  }
  const module = (host.fs.list(torch.root) ?? []).find((name) => /^_C\..*so$/.test(name));
  if (module !== undefined) simulation.load(join(torch.root, module));
  return global;
}

/** Follows the loading of a file. */
export function judgeElf(input: ElfJudgeInput): ElfJudgement {
  const process = startProcess(input, expectsTorch(input.report));
  const nothing = { symbols: 0, files: 0 };
  if (process === undefined)
    return { problems: [], libraries: [], reasons: ["The file could not be read"], checked: nothing };
  const { simulation } = process;
  const before = new Set(simulation.files);
  // What `import torch` has loaded is not loaded once more.
  const there = input.besides === undefined ? simulation.loaded(input.path) : undefined;
  if (there !== undefined) {
    const checked = { symbols: 0, files: simulation.closure(there).length };
    return { problems: [], libraries: resolvedLibraries([there]), reasons: process.reasons, checked };
  }
  const target = simulation.loadSource(input.path, input.source);
  if (target === undefined) {
    return { problems: [], libraries: [], reasons: ["The file could not be read"], checked: nothing };
  }
  const closure = simulation.closure(target);
  const fresh = closure.filter((file) => !before.has(file));
  const libraries = resolvedLibraries(fresh);
  const problems: Problem[] = [];
  const reasons = [...process.reasons];
  problems.push(...unloadable(target, fresh, simulation.level), ...fresh.flatMap(unmarkedPacking));
  if (input.report.kind !== "executable") problems.push(...lateSanitizer(fresh, input.host.env));
  for (const missing of libraries.filter((library) => library.path === undefined)) {
    const unusable = fresh.flatMap(({ needs }) => needs).find(({ name }) => name === missing.name)?.unusable;
    if (unusable !== undefined) {
      problems.push(unusableLibraryProblem(missing.name, unusable));
      continue;
    }
    const direct = missing.neededBy === target.path;
    const isProgram = input.report.kind === "executable";
    const elsewhere = isProgram
      ? undefined
      : [...(input.besides?.keys() ?? [])].find((path) => basename(path) === missing.name);
    if (elsewhere !== undefined) {
      reasons.push(loadedBefore(missing.name, elsewhere));
      continue;
    }
    problems.push(missingLibraryProblem({ name: missing.name, neededBy: missing.neededBy, direct }, input.environment));
  }
  const versions = fresh.flatMap(missingVersions);
  const worst = worstByLibrary(versions);
  problems.push(...worst.map(missingVersionProblem));

  const scope = new Set([...process.global, ...closure]);
  const lookup = unresolvedSymbols(fresh, scope, new Set(versions.map((one) => one.version)));
  // A missing library explains what would have come from it; what is missing besides cannot be told.
  const complete = libraries.every((library) => library.path !== undefined);
  const python = input.environment.python !== undefined;
  const missing = lookup.unresolved.filter((one) => python || !/^_?Py[A-Z_]/.test(one.name));
  if (complete && missing.length > 0) {
    const installed: Installed = { libraries: installedLibraries(simulation, input), scope };
    problems.push(...missingSymbolProblems(missing, installed, input.environment));
  }
  if (!complete && missing.length > 0) {
    reasons.push(
      `${missing.length === 1 ? "1 symbol" : `${missing.length} symbols`} could not be checked, because a library is missing`,
    );
  }
  const alone = withoutTorch(input);
  return {
    problems,
    libraries,
    reasons,
    ...(alone === undefined ? {} : { loadsWithoutTorch: alone }),
    checked: { symbols: lookup.checked, files: scope.size },
  };
}

/** What a package's own start has loaded is found by its name alone. */
function loadedBefore(name: string, path: string): string {
  return `\`${name}\` is in the package (\`${path}\`), but not where this file looks: it loads once another module of the package has loaded that`;
}

/**
 * Static memory for the variables of threads that is left for files loaded later: the default surplus of glibc
 * (elf/dl-tls.c, `_dl_tls_static_surplus_init`) is 1664 bytes, of which what was loaded before has taken some.
 */
const STATIC_TLS_SURPLUS = 1664;
const PT_TLS = 7;

/** What the loader refuses of a file, whatever else is there. */
function unloadable(target: LoadedFile, fresh: readonly LoadedFile[], level: X86Level | undefined): Problem[] {
  const problems: Problem[] = [];
  const isProgram = target.elf.dynamic?.pie === true || target.elf.kind === "executable";
  for (const file of isProgram ? [] : fresh) {
    const refusal = refusalOf(file.elf, level);
    if (refusal === undefined) continue;
    problems.push({
      kind: refusal.damaged ? "damaged" : "not-loadable",
      severity: "error",
      what: file === target ? refusal.what : `\`${file.path}\`: ${refusal.what}`,
      why: refusal.why,
      fix: "Build or download it again",
      ...(file === target ? {} : { library: file.path }),
    });
  }
  if (target.elf.dynamic?.noOpen === true) {
    problems.push({
      kind: "not-loadable",
      severity: "error",
      what: "It was linked so that nothing may load it into a running process",
      why: "`-z nodlopen` leaves a mark (DF_1_NOOPEN) at which `dlopen`, and so `import`, gives up",
      fix: "Link it without `-Wl,-z,nodlopen`",
    });
  }
  const greedy = fresh.filter(({ elf }) => elf.dynamic?.staticTls === true);
  const sizeOf = ({ elf }: LoadedFile): number => elf.segments.find(({ type }) => type === PT_TLS)?.memorySize ?? 0;
  const size = greedy.reduce((sum, file) => sum + sizeOf(file), 0);
  const [worst] = [...greedy].sort((a, b) => sizeOf(b) - sizeOf(a));
  if (!isProgram && worst !== undefined && size > STATIC_TLS_SURPLUS) {
    const preload = worst === target ? undefined : worst.path;
    problems.push({
      kind: "static-tls",
      severity: "error",
      what: `\`${worst.path}\` wants ${sizeOf(worst)} bytes of static memory for the variables of threads`,
      why: `A running process has at most ${STATIC_TLS_SURPLUS} bytes of it left: \`cannot allocate memory in static TLS block\``,
      fix:
        preload === undefined
          ? "Compile it without `-ftls-model=initial-exec`, or set `GLIBC_TUNABLES=glibc.rtld.optional_static_tls=…` before Python starts"
          : `Load it with the program: \`LD_PRELOAD=${preload}\``,
    });
  }
  return problems;
}

function resolvedLibraries(files: readonly LoadedFile[]): ResolvedLibrary[] {
  const seen = new Set<string>();
  const found: ResolvedLibrary[] = [];
  for (const file of files) {
    for (const need of file.needs) {
      if (seen.has(need.name)) continue;
      seen.add(need.name);
      found.push({
        name: need.name,
        ...(need.file === undefined ? {} : { path: need.file.path }),
        ...(need.foundBy === undefined ? {} : { foundBy: need.foundBy }),
        neededBy: file.path,
        searched: need.searched,
      });
    }
  }
  return found;
}

function missingVersions(file: LoadedFile): MissingVersion[] {
  const missing: MissingVersion[] = [];
  for (const needed of neededVersions(file.elf)) {
    const library = file.needs.find((need) => need.name === needed.file)?.file;
    // A library without versions satisfies any; the loader only warns.
    if (needed.weak || library === undefined || library.versions.length === 0) continue;
    if (library.versions.some((version) => version.name === needed.name)) continue;
    const have = newestOf(library, needed.name);
    missing.push({
      version: needed.name,
      library: needed.file,
      path: library.path,
      neededBy: file.path,
      ...(have === undefined ? {} : { have }),
    });
  }
  return missing;
}

function newestOf(library: LoadedFile, like: string): string | undefined {
  const family = splitVersion(like)?.family;
  let best: { readonly name: string; readonly numbers: readonly number[] } | undefined;
  for (const { name } of library.versions) {
    const split = splitVersion(name);
    if (split === undefined || split.family !== family) continue;
    if (best === undefined || compareVersions(split.numbers, best.numbers) > 0) best = { name, numbers: split.numbers };
  }
  return best?.name;
}

/**
 * A glibc that knows packed relocations wants them marked by a version, so that an older one refuses the file (elf/dl-version.c).
 * A C library before 2.36 has no such mark and crashes on them.
 */
function unmarkedPacking(file: LoadedFile): Problem[] {
  const mark = "GLIBC_ABI_DT_RELR";
  if (file.elf.dynamic?.packedRelocations !== true) return [];
  const needed = neededVersions(file.elf).filter((one) => one.file === "libc.so.6");
  const libc = file.needs.find(({ name }) => name === "libc.so.6")?.file;
  if (libc === undefined || needed.length === 0 || needed.some(({ name }) => name === mark)) return [];
  if (!libc.versions.some(({ name }) => name === mark)) return [];
  return [
    {
      kind: "not-loadable",
      severity: "error",
      what: `\`${file.path}\` has packed relocations without the mark that glibc asks for`,
      why: `The loader gives up with \`DT_RELR without ${mark} dependency\``,
      fix: "Link it with `-Wl,-z,pack-relative-relocs` in place of `-Wl,--pack-dyn-relocs=relr`",
    },
  ];
}

/** Of each library and family, the highest version that it lacks says it all. */
function worstByLibrary(missing: readonly MissingVersion[]): MissingVersion[] {
  const worst = new Map<string, MissingVersion>();
  for (const one of missing) {
    const key = `${one.path} ${splitVersion(one.version)?.family ?? one.version}`;
    const known = worst.get(key);
    const numbers = (version: string): readonly number[] => splitVersion(version)?.numbers ?? [];
    if (known === undefined || compareVersions(numbers(one.version), numbers(known.version)) > 0) worst.set(key, one);
  }
  return [...worst.values()];
}

function unresolvedSymbols(
  files: readonly LoadedFile[],
  scope: ReadonlySet<LoadedFile>,
  missingVersionNames: ReadonlySet<string>,
): { readonly unresolved: readonly Unresolved[]; readonly checked: number } {
  const unresolved: Unresolved[] = [];
  let checked = 0;
  const order = [...scope];
  for (const file of files) {
    let asked: ReadonlySet<number> | undefined;
    let isRead = false;
    for (const symbol of file.symbols.undefinedSymbols()) {
      checked++;
      if (symbol.binding === "weak" || symbol.visibility === "hidden" || symbol.visibility === "internal") continue;
      const { name, version, index } = symbol;
      if (version !== undefined && missingVersionNames.has(version)) continue;
      if (order.some((one) => one.symbols.defines(name, version))) continue;
      if (!isRead) {
        isRead = true;
        asked = relocatedSymbols(file.elf);
      }
      if (asked !== undefined && index !== undefined && !asked.has(index)) continue;
      unresolved.push({ name, neededBy: file.path, ...(version === undefined ? {} : { version }) });
    }
  }
  return { unresolved, checked };
}

/** Libraries of torch (and Python's own) that are installed, loaded or not: where other forms of a symbol may be. */
function installedLibraries(simulation: LoaderSimulation, { environment, host }: ElfJudgeInput): LoadedFile[] {
  const found = new Map<string, LoadedFile>();
  const ours = /^lib(?:c10|torch|caffe2|shm|aoti)\w*\.so(?:\.|$)/;
  for (const file of simulation.files) {
    const name = file.path.replace(/^.*\//, "");
    if (ours.test(name) || /^libpython/.test(name)) found.set(host.fs.realpath(file.path) ?? file.path, file);
  }
  const separate = simulation.files[0];
  if (separate === undefined) return [...found.values()];
  const other = new LoaderSimulation({
    fs: host.fs,
    env: host.env,
    machineCode: separate.elf.machineCode,
    bits: separate.elf.bits,
  });
  for (const folder of environment.torch?.libraryDirs ?? []) {
    for (const name of host.fs.list(folder) ?? []) {
      const path = join(folder, name);
      const real = host.fs.realpath(path) ?? path;
      if (!ours.test(name) || found.has(real) || fileSource(host.fs, path) === undefined) continue;
      const file = other.load(path);
      if (file !== undefined) found.set(real, file);
    }
  }
  return [...found.values()];
}

/** Whether its libraries are found when torch was not imported first. */
function withoutTorch(input: ElfJudgeInput): Answer | undefined {
  if (!expectsTorch(input.report)) return undefined;
  const process = startProcess(input, false);
  const target = process?.simulation.loadSource(input.path, input.source);
  if (process === undefined || target === undefined) return "unknown";
  const closure = process.simulation.closure(target);
  if (closure.some((file) => file.needs.some((need) => need.file === undefined))) return "no";
  const scope = new Set([...process.global, ...closure]);
  const { unresolved } = unresolvedSymbols([target], scope, new Set());
  return unresolved.some((one) => input.environment.python !== undefined || !/^_?Py[A-Z_]/.test(one.name))
    ? "no"
    : "yes";
}
