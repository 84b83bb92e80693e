/**
 * Mach-O files (`.so`, `.dylib` of macOS), universal ones too: machine, libraries, run paths, the system version they
 * ask for, imports and exports. What dyld binds and exports (macho-link-edit.ts) comes before the symbol table, which
 * may have been stripped. What the names mean is not known here.
 *
 * Layout: Apple's <mach-o/loader.h>, <mach-o/fat.h>, <mach-o/nlist.h>.
 */
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { ByteReader, ByteRecord, type ByteSource, sliceSource } from "./bytes.ts";
import { exportTrie, fixupImports, type LinkEditImport } from "./macho-link-edit.ts";
import { NameBudget, nameIn } from "./string-table.ts";

export interface MachOLibrary {
  /** As written: `@rpath/libc10.dylib`. */
  readonly path: string;
  /** Loading goes on without it. */
  readonly weak: boolean;
  readonly reexported: boolean;
  /** `1.2.3`. */
  readonly currentVersion: string;
  readonly compatibilityVersion: string;
}

export interface MachOSymbol {
  /** With the leading underscore, as in the file. */
  readonly name: string;
  readonly weak: boolean;
  /** Exports only: it is another library's, under this or another name. */
  readonly reexported?: true;
  /** Imports only: the library that must have it. Undefined: looked for in all (flat namespace). */
  readonly library?: string;
}

export interface MachO {
  readonly reader: ByteReader;
  readonly bits: 32 | 64;
  readonly machineCode: number;
  /** `x86_64`, `arm64`, `arm64e`, … */
  readonly machine: string;
  readonly kind: "bundle" | "dylib" | "executable" | "object" | "other";
  readonly twoLevelNamespace: boolean;
  readonly installName?: string;
  readonly libraries: readonly MachOLibrary[];
  readonly rpaths: readonly string[];
  /** `macos`, … */
  readonly platform?: string;
  /** Oldest system, `11.0`. */
  readonly minimumSystem?: string;
  readonly sdk?: string;
  readonly uuid?: string;
  readonly sections: readonly MachOSection[];
  readonly imports: readonly MachOSymbol[];
  readonly exports: readonly MachOSymbol[];
  readonly anomalies: readonly string[];
}

export interface MachOSection {
  readonly segment: string;
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

const MAX_SLICES = 64;
const MAX_COMMANDS = 65_536;
const MAX_COMMAND_BYTES = 64 * 1024 * 1024;
const MAX_SYMBOLS = 16_000_000;
const MAX_STRINGS = 1024 * 1024 * 1024;

const CPUS: Readonly<Record<number, string>> = {
  7: "i386",
  12: "arm",
  18: "ppc",
  0x0100_0007: "x86_64",
  0x0100_000c: "arm64",
  0x0100_0012: "ppc64",
  0x0200_000c: "arm64_32",
};

const PLATFORMS: Readonly<Record<number, string>> = {
  1: "macos",
  2: "ios",
  3: "tvos",
  4: "watchos",
  6: "mac-catalyst",
};

const KINDS: Readonly<Record<number, MachO["kind"]>> = { 1: "object", 2: "executable", 6: "dylib", 8: "bundle" };

const LC = {
  SYMTAB: 0x2,
  LOAD_DYLIB: 0xc,
  ID_DYLIB: 0xd,
  LOAD_WEAK_DYLIB: 0x8000_0018,
  LAZY_LOAD_DYLIB: 0x20,
  LOAD_UPWARD_DYLIB: 0x8000_0023,
  SEGMENT: 0x1,
  SEGMENT_64: 0x19,
  UUID: 0x1b,
  RPATH: 0x8000_001c,
  REEXPORT_DYLIB: 0x8000_001f,
  VERSION_MIN_MACOSX: 0x24,
  BUILD_VERSION: 0x32,
  DYLD_INFO: 0x22,
  DYLD_INFO_ONLY: 0x8000_0022,
  DYLD_EXPORTS_TRIE: 0x8000_0033,
  DYLD_CHAINED_FIXUPS: 0x8000_0034,
} as const;

const MH_TWOLEVEL = 0x80;
const N_STAB = 0xe0;
const N_PEXT = 0x10;
const N_EXT = 0x01;
const N_TYPE = 0x0e;
const N_WEAK_REF = 0x40;
const N_WEAK_DEF = 0x80;
const SELF_LIBRARY = 0;
const DYNAMIC_LOOKUP = 0xfe;
const EXECUTABLE_LIBRARY = 0xff;

/** Whether bytes begin like a Mach-O file or a universal one. */
export function isMachO(head: Uint8Array): boolean {
  if (head.length < 8) return false;
  const magic = new ByteRecord(head, false).u32(0);
  if (magic === 0xfeed_face || magic === 0xfeed_facf || magic === 0xcefa_edfe || magic === 0xcffa_edfe) return true;
  // Java classes begin with the same bytes as universal files; their next number is a version, at least 45.
  return isUniversal(magic) && new ByteRecord(head, false).u32(4) < 43;
}

function isUniversal(magic: number): boolean {
  return magic === 0xcafe_babe || magic === 0xcafe_babf;
}

function damaged(message: string): Result<never> {
  return err(failure("INSPECT_DAMAGED", message, { hint: "Build or download the file again" }));
}

/** Opens a Mach-O file: one value per architecture in it. */
export function openMachO(source: ByteSource): Result<readonly MachO[]> {
  const head = source.read(0, 8);
  if (!isMachO(head)) return err(failure("INSPECT_UNKNOWN_FORMAT", "The file is no Mach-O file"));
  const reader = new ByteReader(source, false);
  const magic = reader.u32(0) ?? 0;
  if (!isUniversal(magic)) {
    const one = openSlice(source);
    return one.ok ? ok([one.value]) : one;
  }
  const wide = magic === 0xcafe_babf;
  const size = wide ? 32 : 20;
  const count = reader.u32(4) ?? 0;
  if (count > MAX_SLICES) return damaged(`A universal file of ${count} architectures`);
  const slices: MachO[] = [];
  for (let index = 0; index < count; index++) {
    const entry = reader.record(8 + index * size, size);
    if (entry === undefined) return damaged("The universal file ends inside its list of architectures");
    const offset = wide ? entry.u64(8) : entry.u32(8);
    const length = wide ? entry.u64(16) : entry.u32(12);
    if (!reader.has(offset, length)) return damaged("An architecture reaches beyond the end of the universal file");
    const slice = openSlice(sliceSource(source, offset, length));
    if (!slice.ok) return slice;
    slices.push(slice.value);
  }
  return slices.length === 0 ? damaged("The universal file holds no architecture") : ok(slices);
}

interface Commands {
  readonly libraries: MachOLibrary[];
  readonly rpaths: string[];
  readonly sections: MachOSection[];
  installName?: string;
  platform?: string;
  minimumSystem?: string;
  sdk?: string;
  uuid?: string;
  symbols?: { readonly at: number; readonly count: number; readonly stringsAt: number; readonly stringsSize: number };
  exportTrie?: { readonly at: number; readonly size: number };
  fixups?: { readonly at: number; readonly size: number };
}

function openSlice(source: ByteSource): Result<MachO> {
  const magic = new ByteReader(source, true).u32(0);
  const little = magic === 0xfeed_face || magic === 0xfeed_facf;
  const reader = new ByteReader(source, little);
  const own = reader.u32(0);
  if (own !== 0xfeed_face && own !== 0xfeed_facf) return damaged("An architecture of the file is no Mach-O file");
  const bits = own === 0xfeed_facf ? 64 : 32;
  const headerSize = bits === 64 ? 32 : 28;
  const header = reader.record(0, headerSize);
  if (header === undefined) return damaged("The Mach-O file ends inside its header");
  const anomalies: string[] = [];
  const commands = readCommands(
    reader,
    { at: headerSize, count: header.u32(16), size: header.u32(20) },
    bits,
    anomalies,
  );
  const twoLevelNamespace = (header.u32(24) & MH_TWOLEVEL) !== 0;
  const { symbols: table, exportTrie: trieAt, fixups: fixupsAt, ...facts } = commands;
  const context: SymbolContext = { bits, table, libraries: commands.libraries, twoLevelNamespace };
  const symbols = withLinkEdit(reader, { trieAt, fixupsAt }, context, readSymbols(reader, context, anomalies));
  const machineCode = header.u32(4);
  return ok({
    reader,
    bits,
    machineCode,
    machine: cpuName(machineCode, header.u32(8)),
    kind: KINDS[header.u32(12)] ?? "other",
    twoLevelNamespace,
    ...facts,
    ...symbols,
    anomalies,
  });
}

function cpuName(code: number, subtype: number): string {
  const name = CPUS[code] ?? `machine-${code}`;
  if (name === "arm64" && (subtype & 0xff_ffff) === 2) return "arm64e";
  if (name === "x86_64" && (subtype & 0xff_ffff) === 8) return "x86_64h";
  return name;
}

function versionText(value: number): string {
  const patch = value & 0xff;
  return `${value >>> 16}.${(value >>> 8) & 0xff}${patch === 0 ? "" : `.${patch}`}`;
}

function readCommands(
  reader: ByteReader,
  place: { readonly at: number; readonly count: number; readonly size: number },
  bits: 32 | 64,
  anomalies: string[],
): Commands {
  const commands: Commands = { libraries: [], rpaths: [], sections: [] };
  const bytes = reader.source.read(place.at, Math.min(place.size, MAX_COMMAND_BYTES));
  if (bytes.length < place.size) anomalies.push("The load commands reach beyond the end of the file");
  const record = new ByteRecord(bytes, reader.littleEndian);
  let at = 0;
  for (let index = 0; index < Math.min(place.count, MAX_COMMANDS) && at + 8 <= bytes.length; index++) {
    const size = record.u32(at + 4);
    if (size < 8 || at + size > bytes.length) {
      anomalies.push(`Load command ${index} has a wrong size`);
      break;
    }
    readCommand(commands, new ByteRecord(bytes.subarray(at, at + size), reader.littleEndian), bits);
    at += size;
  }
  return commands;
}

function readCommand(commands: Commands, command: ByteRecord, bits: 32 | 64): void {
  const code = command.u32(0);
  const textAt = (field: number): string | undefined => {
    const start = command.length >= field + 4 ? command.u32(field) : 0;
    return start > 0 && start < command.length ? command.text(start, command.length - start) : undefined;
  };
  switch (code) {
    case LC.LOAD_DYLIB:
    case LC.LOAD_WEAK_DYLIB:
    case LC.LAZY_LOAD_DYLIB:
    case LC.LOAD_UPWARD_DYLIB:
    case LC.REEXPORT_DYLIB: {
      const path = textAt(8);
      if (path === undefined || command.length < 24) return;
      commands.libraries.push({
        path,
        weak: code === LC.LOAD_WEAK_DYLIB || code === LC.LAZY_LOAD_DYLIB,
        reexported: code === LC.REEXPORT_DYLIB,
        currentVersion: versionText(command.u32(16)),
        compatibilityVersion: versionText(command.u32(20)),
      });
      return;
    }
    case LC.ID_DYLIB: {
      const name = textAt(8);
      if (name !== undefined) commands.installName = name;
      return;
    }
    case LC.RPATH: {
      const path = textAt(8);
      if (path !== undefined) commands.rpaths.push(path);
      return;
    }
    case LC.UUID:
      if (command.length >= 24) commands.uuid = Buffer.from(command.bytes.subarray(8, 24)).toString("hex");
      return;
    case LC.VERSION_MIN_MACOSX:
      if (command.length < 16) return;
      commands.platform = "macos";
      commands.minimumSystem = versionText(command.u32(8));
      commands.sdk = versionText(command.u32(12));
      return;
    case LC.BUILD_VERSION:
      if (command.length < 20) return;
      commands.platform = PLATFORMS[command.u32(8)] ?? `platform-${command.u32(8)}`;
      commands.minimumSystem = versionText(command.u32(12));
      commands.sdk = versionText(command.u32(16));
      return;
    case LC.SYMTAB:
      if (command.length < 24) return;
      commands.symbols = {
        at: command.u32(8),
        count: command.u32(12),
        stringsAt: command.u32(16),
        stringsSize: command.u32(20),
      };
      return;
    case LC.DYLD_INFO:
    case LC.DYLD_INFO_ONLY:
      if (command.length >= 48) commands.exportTrie = { at: command.u32(40), size: command.u32(44) };
      return;
    case LC.DYLD_EXPORTS_TRIE:
      if (command.length >= 16) commands.exportTrie = { at: command.u32(8), size: command.u32(12) };
      return;
    case LC.DYLD_CHAINED_FIXUPS:
      if (command.length >= 16) commands.fixups = { at: command.u32(8), size: command.u32(12) };
      return;
    case LC.SEGMENT:
    case LC.SEGMENT_64:
      readSegmentSections(commands, command, bits);
      return;
    default:
  }
}

function readSegmentSections(commands: Commands, command: ByteRecord, bits: 32 | 64): void {
  const headSize = bits === 64 ? 72 : 56;
  const size = bits === 64 ? 80 : 68;
  if (command.length < headSize) return;
  const count = command.u32(bits === 64 ? 64 : 48);
  for (let index = 0; index < count && headSize + (index + 1) * size <= command.length; index++) {
    const at = headSize + index * size;
    commands.sections.push({
      name: command.text(at, 16),
      segment: command.text(at + 16, 16),
      size: bits === 64 ? command.u64(at + 40) : command.u32(at + 36),
      offset: command.u32(at + (bits === 64 ? 48 : 40)),
    });
  }
}

interface SymbolContext {
  readonly bits: 32 | 64;
  readonly table: Commands["symbols"];
  readonly libraries: readonly MachOLibrary[];
  readonly twoLevelNamespace: boolean;
}

interface Symbols {
  readonly imports: readonly MachOSymbol[];
  readonly exports: readonly MachOSymbol[];
}

/** What dyld goes by, where the file has it: the trie of exports, the imports of chained fixups. */
function withLinkEdit(
  reader: ByteReader,
  places: { readonly trieAt: Commands["exportTrie"]; readonly fixupsAt: Commands["fixups"] },
  { libraries, twoLevelNamespace }: SymbolContext,
  fromTable: Symbols,
): Symbols {
  const trie = places.trieAt === undefined ? undefined : exportTrie(reader, places.trieAt);
  const fixups = places.fixupsAt === undefined ? undefined : fixupImports(reader, places.fixupsAt);
  const importOf = ({ name, weak, ordinal }: LinkEditImport): MachOSymbol => {
    const library = twoLevelNamespace && ordinal > 0 ? libraries[ordinal - 1]?.path : undefined;
    return { name, weak, ...(library === undefined ? {} : { library }) };
  };
  return {
    exports: trie ?? fromTable.exports,
    imports: fixups === undefined ? fromTable.imports : fixups.filter(({ ordinal }) => ordinal !== 0).map(importOf),
  };
}

function readSymbols(reader: ByteReader, context: SymbolContext, anomalies: string[]): Symbols {
  const imports: MachOSymbol[] = [];
  const exports: MachOSymbol[] = [];
  const { table, bits } = context;
  if (table === undefined) return { imports, exports };
  const size = bits === 64 ? 16 : 12;
  const bytes = reader.source.read(table.at, Math.min(table.count, MAX_SYMBOLS) * size);
  const strings = reader.source.read(table.stringsAt, Math.min(table.stringsSize, MAX_STRINGS));
  if (bytes.length < table.count * size || strings.length < table.stringsSize) {
    anomalies.push("The symbol table reaches beyond the end of the file");
  }
  const record = new ByteRecord(bytes, reader.littleEndian);
  const budget = new NameBudget(strings.length);
  for (let at = 0; at + size <= bytes.length; at += size) {
    const type = record.u8(at + 4);
    if ((type & N_STAB) !== 0 || (type & N_EXT) === 0 || (type & N_PEXT) !== 0) continue;
    const name = nameIn(strings, record.u32(at), budget);
    if (name === undefined) continue;
    const description = record.u16(at + 6);
    const value = bits === 64 ? record.u64(at + 8) : record.u32(at + 8);
    const undefinedHere = (type & N_TYPE) === 0 && value === 0;
    if (!undefinedHere) {
      exports.push({ name, weak: (description & N_WEAK_DEF) !== 0 });
      continue;
    }
    const library = context.twoLevelNamespace ? libraryOf(description >>> 8, context.libraries) : undefined;
    imports.push({ name, weak: (description & N_WEAK_REF) !== 0, ...(library === undefined ? {} : { library }) });
  }
  return { imports, exports };
}

function libraryOf(ordinal: number, libraries: readonly MachOLibrary[]): string | undefined {
  if (ordinal === SELF_LIBRARY || ordinal === DYNAMIC_LOOKUP || ordinal === EXECUTABLE_LIBRARY) return undefined;
  return libraries[ordinal - 1]?.path;
}
