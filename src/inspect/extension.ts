/**
 * Reads a built extension and says what it is: for which Python, torch and CUDA, from which compiler, what it needs.
 * Whether that is there is not asked here; that is `verdict.ts`.
 */
import { basename } from "node:path";
import { failure } from "../base/failure.ts";
import { sorted, unique } from "../base/order.ts";
import { err, ok, type Result } from "../base/result.ts";
import { constantRanges, constantsOf } from "./binding-abi.ts";
import { type ByteSource, fileSource } from "./bytes.ts";
import type { FileSystem } from "../host/host.ts";
import { cudaFacts, type CudaEvidence } from "./cuda-facts.ts";
import { neededCxxLibrary, ownCxxLibrary } from "./cxx-library.ts";
import { demangleName } from "./demangle.ts";
import { commentsOf, type Elf, isElf, openElf } from "./elf.ts";
import { SHT } from "./elf-frame.ts";
import { buildIdOf, notesOf } from "./elf-notes.ts";
import { dynamicSymbols, type ElfSymbol, sectionSymbols, symbolTableOf } from "./elf-symbols.ts";
import { neededVersions } from "./elf-versions.ts";
import { amdTarget, cubinAsFatbin, isGpuCode } from "./gpu-code.ts";
import { readHipBundles } from "./hip.ts";
import { isMachO, type MachO, openMachO } from "./macho.ts";
import { isPe, openPe, type Pe } from "./pe.ts";
import { otherFormat } from "./other-format.ts";
import { PROVENANCE_SECTION_MACHO, PROVENANCE_SECTION_PE, provenanceIn, provenanceOf } from "./provenance.ts";
import { isLoadedByPath, pythonFacts } from "./python-facts.ts";
import type { ExtensionReport, NeededLibrary, TorchFacts, UndefinedSymbol } from "./report.ts";
import { looksLikeTorch, stringAbiOf } from "./symbol-owner.ts";
import { oldestStable } from "./torch-stable.ts";
import { versionFloors } from "./versions.ts";

/** Local symbols are searched for operator namespaces when their names take no more than this. */
const MAX_LOCAL_NAMES = 32 * 1024 * 1024;
/** Undefined symbols of an object file (it has no dynamic ones) that are looked at. */
const MAX_OBJECT_SYMBOLS = 1_000_000;

/** Which one of a universal file's machines to look at: Node's name for it. */
export interface InspectOptions {
  readonly arch?: string;
}

/** Reads a file of the disk. */
export function inspectFile(fs: FileSystem, path: string, options: InspectOptions = {}): Result<ExtensionReport> {
  const source = fileSource(fs, path);
  if (source === undefined) {
    return err(
      failure("INSPECT_NO_FILE", `There is no file \`${path}\``, {
        hint: "Give the path of a built extension or of a wheel",
      }),
    );
  }
  return inspectExtension(source, path, options);
}

/** Reads a built extension. The name is that of its file; it tells the Python that the file is for. */
export function inspectExtension(
  source: ByteSource,
  name: string,
  options: InspectOptions = {},
): Result<ExtensionReport> {
  const head = source.read(0, 64);
  const file = basename(name.replaceAll("\\", "/"));
  if (isElf(head)) {
    const elf = openElf(source);
    return elf.ok ? ok(elfReport(elf.value, file)) : elf;
  }
  if (isMachO(head)) {
    const slices = openMachO(source);
    if (!slices.ok) return slices;
    const wanted = options.arch === "x64" ? /^x86_64/ : /^arm64/;
    const slice = slices.value.find((one) => wanted.test(one.machine)) ?? slices.value[0];
    if (slice !== undefined) return ok(machoReport(slice, file, slices.value, source.size));
  }
  if (isPe(head)) {
    const pe = openPe(source);
    return pe.ok ? ok(peReport(pe.value, file)) : pe;
  }
  return err(otherFormat(source, file));
}

/** What the three formats have in common when Python's and torch's parts are looked for. */
interface Evidence {
  readonly file: string;
  readonly undefinedSymbols: readonly UndefinedSymbol[];
  readonly libraries: readonly NeededLibrary[];
  /** Names of exported `PyInit…` functions. */
  readonly initFunctions: readonly string[];
  readonly localNames: readonly string[];
  /** Read once they are asked for. */
  readonly constants: () => Buffer;
}

function elfReport(elf: Elf, file: string): ExtensionReport {
  const symbols = dynamicSymbols(elf);
  const object = elf.kind === "relocatable";
  const undefinedSymbols = (object ? objectUndefined(elf) : symbols.undefinedSymbols()).map(undefinedOf);
  const notes = notesOf(elf);
  const versions = neededVersions(elf);
  const libraries = (elf.dynamic?.needed ?? []).map((name) => ({ name, optional: false }));
  const initFunctions = symbols.startingWith("PyInit").map((symbol) => symbol.name);
  const localNames = localNamesOf(elf);
  const constants = constantsIn(elf.reader.source, elf.sections);
  const evidence: Evidence = { file, undefinedSymbols, libraries, initFunctions, localNames, constants };
  const anomalies = [...elf.anomalies];
  const alone = cubinAsFatbin(elf);
  const device: CudaEvidence = {
    ...evidence,
    source: elf.reader.source,
    sections: elf.sections,
    anomalies,
    ...(alone === undefined ? {} : { alone }),
  };
  const cuda = cudaFacts(device);
  const torch = torchFacts(evidence);
  const python = pythonFacts(evidence);
  const buildId = buildIdOf(notes);
  const provenance = provenanceOf(notes);
  const generator = generatorOf(file, symbols.startingWith("AOTInductorModelContainer").length > 0);
  const soname = elf.dynamic?.soname;
  const hip = elf.sections
    .filter((section) => section.name === ".hip_fatbin" || section.name === ".hipFatBin")
    .flatMap((section) => readHipBundles(elf.reader.source, section, anomalies));
  const target = amdTarget(elf);
  if (target !== undefined) hip.push(target);
  return {
    name: file,
    size: elf.reader.size,
    format: "elf",
    kind: isGpuCode(elf)
      ? "gpu-code"
      : object
        ? "object"
        : elf.kind === "executable" || elf.dynamic?.pie === true || elf.interpreter !== undefined
          ? executableKind(elf, initFunctions)
          : kindOf(initFunctions, torch, file),
    platform: "linux",
    machine: elf.machine,
    bits: elf.bits,
    littleEndian: elf.littleEndian,
    machines: [elf.machine],
    ...(soname === undefined ? {} : { soname }),
    ...(buildId === undefined ? {} : { buildId }),
    ...(elf.interpreter === undefined ? {} : { interpreter: elf.interpreter }),
    libraries,
    rpath: elf.dynamic?.rpath ?? [],
    runpath: elf.dynamic?.runpath ?? [],
    bindNow: elf.dynamic?.bindNow ?? false,
    versions,
    floors: versionFloors(versions),
    compilers: commentsOf(elf),
    ...cxxLibraryFact(evidence, elf.reader.size),
    python,
    torch,
    cuda,
    hip,
    ...(provenance === undefined ? {} : { provenance }),
    ...(generator === undefined ? {} : { generator }),
    undefinedSymbols,
    anomalies,
  };
}

/** torch/csrc/inductor/aoti_runtime/interface.h; the names that torch/_inductor/codecache.py gives. */
function generatorOf(file: string, isModel: boolean): ExtensionReport["generator"] {
  if (isModel) return "aot-inductor";
  return isLoadedByPath(file) ? "torch.compile" : undefined;
}

/** Shared libraries may have a program loader too (libc.so.6 does): only a position independent executable is flagged. */
function executableKind(elf: Elf, initFunctions: readonly string[]): ExtensionReport["kind"] {
  if (elf.kind === "executable" || elf.dynamic?.pie === true) return "executable";
  return initFunctions.length > 0 ? "python-module" : "library";
}

/** libpython defines all the modules that are built into it. */
function kindOf(initFunctions: readonly string[], torch: TorchFacts, file: string): ExtensionReport["kind"] {
  if (/(?:^|[/\\])libpython[^/\\]*$/.test(file)) return "library";
  if (initFunctions.length > 0) return "python-module";
  return torch.uses ? "torch-library" : "library";
}

function undefinedOf(symbol: ElfSymbol): UndefinedSymbol {
  return {
    name: symbol.name,
    weak: symbol.binding === "weak",
    ...(symbol.version === undefined ? {} : { version: symbol.version }),
    ...(symbol.versionFile === undefined ? {} : { library: symbol.versionFile }),
  };
}

function objectUndefined(elf: Elf): ElfSymbol[] {
  const table = symbolTableOf(elf);
  const found: ElfSymbol[] = [];
  if (table === undefined) return found;
  for (const symbol of sectionSymbols(elf, table)) {
    if (symbol.defined || symbol.name === "" || symbol.binding === "local") continue;
    found.push(symbol);
    if (found.length >= MAX_OBJECT_SYMBOLS) break;
  }
  return found;
}

/** Names of the functions that TORCH_LIBRARY and its kin define, from the local symbols, when the file was not stripped. */
function localNamesOf(elf: Elf): string[] {
  const table = elf.sections.find((section) => section.type === SHT.SYMTAB);
  const names = table === undefined ? undefined : elf.sections[table.link];
  if (names === undefined || names.size === 0 || names.size > MAX_LOCAL_NAMES) return [];
  const bytes = elf.reader.source.read(names.offset, names.size);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Set<string>();
  const marker = "TORCH_LIBRARY_";
  for (let at = text.indexOf(marker); at !== -1 && found.size < 10_000; at = text.indexOf(marker, at + 1)) {
    // Mangled, so the length stands before the name.
    const before = /(\d+)((?:STABLE_)?)$/.exec(text.toString("latin1", Math.max(0, at - 16), at));
    if (before === null) continue;
    const [, length, prefix = ""] = before;
    const start = at - prefix.length;
    found.add(text.toString("latin1", start, start + Math.min(Number(length), 512)));
  }
  return [...found];
}

/** `TORCH_LIBRARY_init_ns`, `TORCH_LIBRARY_FRAGMENT_init_ns_3`: torch/library.h; those of the stable ABI begin with STABLE_. */
function namespacesOf(localNames: readonly string[]): string[] {
  const found: string[] = [];
  for (const name of localNames) {
    const match = /^(?:STABLE_)?TORCH_LIBRARY_(FRAGMENT_)?init_(\w+)$/.exec(name);
    if (match === null) continue;
    const [, fragment, rest = ""] = match;
    found.push(fragment === undefined ? rest : rest.replace(/_\d+$/, ""));
  }
  return sorted(unique(found));
}

/** `libtorch_cpu.so`, `torch_cpu.dll`, `@rpath/libtorch_cpu.dylib` → `torch_cpu`. Undefined for other libraries. */
export function torchLibraryOf(library: string): string | undefined {
  const match = /^(?:lib)?((?:torch|c10|caffe2|aoti|shm)\w*)\.(?:so|dll|dylib)/i.exec(library.replace(/^.*[/\\]/, ""));
  return match?.[1];
}

/** torch/library.h (both compilers' names), and the C functions of the stable ABI (torch/csrc/stable/library.h). */
const REGISTRATION = /^_ZN5torch7LibraryC|^\?\?0Library@torch@@|^(?:aoti_)?torch_library_/;

function torchFacts(evidence: Evidence): TorchFacts {
  const libraries = unique(
    evidence.libraries.map((library) => torchLibraryOf(library.name)).filter((name) => name !== undefined),
  );
  let symbols = 0;
  let cxxSymbols = 0;
  let stringAbi: TorchFacts["stringAbi"];
  for (const { name } of evidence.undefinedSymbols) {
    const kind = looksLikeTorch(name);
    if (kind === undefined) continue;
    symbols++;
    // Names of libtorch_python are not part of any stable ABI, whatever they are mangled like.
    if (kind === "c++" || name.startsWith("THP")) cxxSymbols++;
    if (stringAbi !== undefined || !/cxx11|S[sbio]|__1/.test(name)) continue;
    const abi = stringAbiOf(name, demangleName(name));
    if (abi !== undefined) stringAbi = { abi, evidence: name };
  }
  const since = oldestStable(evidence.undefinedSymbols.map(({ name }) => name));
  return {
    uses: libraries.length > 0 || symbols > 0,
    libraries,
    symbols,
    ...(stringAbi === undefined ? {} : { stringAbi }),
    stableAbi: symbols > 0 && cxxSymbols === 0,
    ...(since === undefined ? {} : { stableSince: since }),
    registers: evidence.undefinedSymbols.some(({ name }) => REGISTRATION.test(name)),
    namespaces: namespacesOf(evidence.localNames),
  };
}

/** The constants of a file, kept once they were read. */
function constantsIn(source: ByteSource, sections: Parameters<typeof constantRanges>[0]): () => Buffer {
  let known: Buffer | undefined;
  return () => (known ??= constantsOf(source, constantRanges(sections)));
}

/** A file of more than this is not searched for a C++ library of its own. */
const MAX_SEARCHED = 256 * 1024 * 1024;

function cxxLibraryFact({ libraries, constants }: Evidence, size: number): Pick<ExtensionReport, "cxxLibrary"> {
  const needed = neededCxxLibrary(libraries);
  if (needed !== undefined) return { cxxLibrary: needed };
  const own = size === 0 || size > MAX_SEARCHED ? undefined : ownCxxLibrary(constants());
  return own === undefined ? {} : { cxxLibrary: own };
}

function peReport(pe: Pe, file: string): ExtensionReport {
  const libraries = pe.imports.map(({ library, delayed }) => ({ name: library, optional: delayed }));
  const undefinedSymbols: UndefinedSymbol[] = pe.imports.flatMap(({ library, delayed, symbols }) =>
    symbols.map((symbol) => ({
      name: "name" in symbol ? symbol.name : `#${symbol.ordinal}`,
      weak: delayed,
      library,
    })),
  );
  const exported = pe.exports.map((one) => one.name).filter((name) => name !== undefined);
  const initFunctions = exported.filter((name) => name.startsWith("PyInit"));
  const constants = constantsIn(pe.reader.source, pe.sections);
  const evidence: Evidence = { file, undefinedSymbols, libraries, initFunctions, localNames: [], constants };
  const anomalies = [...pe.anomalies];
  const torch = torchFacts(evidence);
  const provenance = provenanceIn(
    pe.reader.source,
    pe.sections.find(({ name }) => name === PROVENANCE_SECTION_PE),
  );
  return {
    name: file,
    size: pe.reader.size,
    format: "pe",
    kind: pe.kind === "executable" ? "executable" : kindOf(initFunctions, torch, file),
    platform: "win32",
    machine: pe.machine,
    bits: pe.bits,
    littleEndian: true,
    machines: pe.machines,
    ...(pe.exportName === undefined ? {} : { soname: pe.exportName }),
    libraries,
    rpath: [],
    runpath: [],
    bindNow: true,
    versions: [],
    floors: [],
    compilers: [`Linker ${pe.linkerVersion}`],
    ...cxxLibraryFact(evidence, 0),
    python: pythonFacts(evidence),
    torch,
    cuda: cudaFacts({ ...evidence, source: pe.reader.source, sections: pe.sections, anomalies }),
    hip: [],
    ...(provenance === undefined ? {} : { provenance }),
    undefinedSymbols,
    anomalies,
  };
}

function machoReport(macho: MachO, file: string, all: readonly MachO[], size: number): ExtensionReport {
  const libraries = macho.libraries.map(({ path, weak }) => ({ name: path, optional: weak }));
  const plain = (name: string): string => (name.startsWith("_") ? name.slice(1) : name);
  const undefinedSymbols: UndefinedSymbol[] = macho.imports.map(({ name, weak, library }) => ({
    name: plain(name),
    weak,
    ...(library === undefined ? {} : { library }),
  }));
  const initFunctions = macho.exports.map((symbol) => plain(symbol.name)).filter((name) => name.startsWith("PyInit"));
  const constants = constantsIn(macho.reader.source, macho.sections);
  const evidence: Evidence = { file, undefinedSymbols, libraries, initFunctions, localNames: [], constants };
  const torch = torchFacts(evidence);
  const provenance = provenanceIn(
    macho.reader.source,
    macho.sections.find(
      ({ segment, name }) => segment === PROVENANCE_SECTION_MACHO.segment && name === PROVENANCE_SECTION_MACHO.name,
    ),
  );
  return {
    name: file,
    size,
    format: "macho",
    kind:
      macho.kind === "executable"
        ? "executable"
        : macho.kind === "object"
          ? "object"
          : kindOf(initFunctions, torch, file),
    platform: "darwin",
    machine: macho.machine,
    bits: macho.bits,
    littleEndian: macho.reader.littleEndian,
    machines: all.map((one) => one.machine),
    ...(macho.installName === undefined ? {} : { soname: macho.installName }),
    ...(macho.uuid === undefined ? {} : { buildId: macho.uuid }),
    libraries,
    rpath: macho.rpaths,
    runpath: [],
    bindNow: true,
    versions: [],
    floors: [],
    ...(macho.minimumSystem === undefined ? {} : { minimumSystem: macho.minimumSystem }),
    compilers: macho.sdk === undefined ? [] : [`macOS SDK ${macho.sdk}`],
    ...cxxLibraryFact(evidence, 0),
    python: pythonFacts(evidence),
    torch,
    cuda: cudaFacts({ ...evidence, source: macho.reader.source, sections: [], anomalies: [] }),
    hip: [],
    ...(provenance === undefined ? {} : { provenance }),
    undefinedSymbols,
    anomalies: [...new Set(all.flatMap((one) => one.anomalies))],
  };
}
