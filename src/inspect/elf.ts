/**
 * The frame of an ELF file: header, sections, segments, the dynamic section and how an address becomes a place in the
 * file. 32 and 64 bit, both byte orders, and files whose section headers were stripped. Symbols, versions and notes
 * have files of their own; what the contents mean for Python or torch is not known here.
 *
 * Numbers are from the System V ABI, generic part (https://gabi.xinuos.com) and glibc's <elf.h>.
 */
import { failure, type Failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { ByteReader, type ByteRecord, type ByteSource, decodeText } from "./bytes.ts";

/** Section types. */
export const SHT = {
  PROGBITS: 1,
  SYMTAB: 2,
  STRTAB: 3,
  NOTE: 7,
  NOBITS: 8,
  DYNSYM: 11,
  DYNAMIC: 6,
} as const;

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;

/** Tags of the dynamic section that are used here. */
const DT = {
  NULL: 0,
  NEEDED: 1,
  HASH: 4,
  STRTAB: 5,
  SYMTAB: 6,
  STRSZ: 10,
  SYMENT: 11,
  SONAME: 14,
  RPATH: 15,
  BIND_NOW: 24,
  RUNPATH: 29,
  FLAGS: 30,
  GNU_HASH: 0x6fff_fef5,
  VERSYM: 0x6fff_fff0,
  FLAGS_1: 0x6fff_fffb,
  VERDEF: 0x6fff_fffc,
  VERDEFNUM: 0x6fff_fffd,
  VERNEED: 0x6fff_fffe,
  VERNEEDNUM: 0x6fff_ffff,
} as const;

const DF_BIND_NOW = 0x8;
const DF_STATIC_TLS = 0x10;
const DF_1_NOW = 0x1;
const DF_1_PIE = 0x0800_0000;

/** More entries than any real file has; a damaged count is cut here. */
const MAX_SEGMENTS = 4096;
const MAX_SECTIONS = 500_000;
const MAX_DYNAMIC = 65_536;
const MAX_NEEDED = 4096;

const MACHINES: Readonly<Record<number, string>> = {
  2: "sparc",
  3: "i386",
  8: "mips",
  20: "powerpc",
  21: "powerpc64",
  22: "s390x",
  40: "arm",
  43: "sparc64",
  50: "ia64",
  62: "x86_64",
  183: "aarch64",
  190: "cuda",
  224: "amdgpu",
  243: "riscv",
  247: "bpf",
  258: "loongarch",
};

export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  /** Bytes in the file; 0 for sections without content. */
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly entrySize: number;
}

export interface ElfSegment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

/** The dynamic section: what the loader is told. */
export interface ElfDynamic {
  readonly needed: readonly string[];
  readonly soname?: string;
  /** DT_RPATH, split at colons. */
  readonly rpath: readonly string[];
  /** DT_RUNPATH, split at colons. */
  readonly runpath: readonly string[];
  readonly flags: number;
  readonly flags1: number;
  readonly bindNow: boolean;
  readonly staticTls: boolean;
  readonly pie: boolean;
  readonly tables: ElfDynamicTables;
}

/** Where the dynamic section's tables lie in the file. */
export interface ElfDynamicTables {
  readonly symbols?: number;
  readonly strings?: number;
  readonly stringsSize: number;
  readonly symbolSize: number;
  readonly gnuHash?: number;
  readonly hash?: number;
  readonly versionIndexes?: number;
  readonly versionsNeeded?: number;
  readonly versionsNeededCount: number;
  readonly versionsDefined?: number;
  readonly versionsDefinedCount: number;
}

/** An open ELF file. */
export interface Elf {
  readonly reader: ByteReader;
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  readonly kind: "relocatable" | "executable" | "shared" | "core" | "other";
  /** e_machine. */
  readonly machineCode: number;
  /** `x86_64`, `aarch64`, …; `machine-N` for the unknown. */
  readonly machine: string;
  readonly osAbi: number;
  readonly abiVersion: number;
  /** e_flags. */
  readonly flags: number;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  readonly dynamic?: ElfDynamic;
  /** Path of the program loader, in executables. */
  readonly interpreter?: string;
  /** What contradicts itself, each a sentence. The rest was read. */
  readonly anomalies: readonly string[];
}

/** Whether bytes begin like an ELF file. */
export function isElf(head: Uint8Array): boolean {
  return head.length >= 4 && head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;
}

function damaged(message: string): { readonly ok: false; readonly error: Failure } {
  return err(failure("INSPECT_DAMAGED", message, { hint: "Build or download the file again" }));
}

/** Opens an ELF file: reads its header and tables, not its contents. */
export function openElf(source: ByteSource): Result<Elf> {
  const ident = source.read(0, 16);
  if (!isElf(ident)) return err(failure("INSPECT_UNKNOWN_FORMAT", "The file is no ELF file"));
  if (ident.length < 16) return damaged("The ELF file ends inside its first 16 bytes");
  const fileClass = ident[4];
  const encoding = ident[5];
  if (fileClass !== 1 && fileClass !== 2) return damaged(`The ELF class ${fileClass} is unknown`);
  if (encoding !== 1 && encoding !== 2) return damaged(`The ELF byte order ${encoding} is unknown`);
  const bits = fileClass === 1 ? 32 : 64;
  const reader = new ByteReader(source, encoding === 1);
  const header = reader.record(0, bits === 64 ? 64 : 52);
  if (header === undefined) return damaged("The ELF file ends inside its header");

  const anomalies: string[] = [];
  const layout = readHeader(header, bits);
  const first = readSectionHeader(reader, layout.sectionsAt, bits);
  const segments = readSegments(reader, layout, bits, first?.info ?? 0, anomalies);
  const sections = readSections(reader, layout, bits, first, anomalies);
  const partial: Omit<Elf, "dynamic" | "interpreter" | "anomalies"> = {
    reader,
    bits,
    littleEndian: encoding === 1,
    kind: kindOf(layout.type),
    machineCode: layout.machine,
    machine: machineName(layout.machine, bits, encoding === 1),
    osAbi: ident[7] ?? 0,
    abiVersion: ident[8] ?? 0,
    flags: layout.flags,
    sections,
    segments,
  };
  const dynamic = readDynamic(partial, anomalies);
  const interpreter = readInterpreter(partial);
  return ok({
    ...partial,
    ...(dynamic === undefined ? {} : { dynamic }),
    ...(interpreter === undefined ? {} : { interpreter }),
    anomalies,
  });
}

function machineName(code: number, bits: 32 | 64, littleEndian: boolean): string {
  const name = MACHINES[code];
  if (name === undefined) return `machine-${code}`;
  if (code === 21 && littleEndian) return "powerpc64le";
  if (code === 243 || code === 258) return `${name}${bits}`;
  return name;
}

function kindOf(type: number): Elf["kind"] {
  const kinds = ["other", "relocatable", "executable", "shared", "core"] as const;
  return kinds[type] ?? "other";
}

interface HeaderLayout {
  readonly type: number;
  readonly machine: number;
  readonly flags: number;
  readonly segmentsAt: number;
  readonly segmentSize: number;
  readonly segmentCount: number;
  readonly sectionsAt: number;
  readonly sectionSize: number;
  readonly sectionCount: number;
  readonly namesIndex: number;
}

function readHeader(header: ByteRecord, bits: 32 | 64): HeaderLayout {
  const tail = bits === 64 ? 48 : 36;
  return {
    type: header.u16(16),
    machine: header.u16(18),
    segmentsAt: bits === 64 ? header.u64(32) : header.u32(28),
    sectionsAt: bits === 64 ? header.u64(40) : header.u32(32),
    flags: header.u32(tail),
    segmentSize: header.u16(tail + 6),
    segmentCount: header.u16(tail + 8),
    sectionSize: header.u16(tail + 10),
    sectionCount: header.u16(tail + 12),
    namesIndex: header.u16(tail + 14),
  };
}

/** A section header before its name is known. */
type RawSection = Omit<ElfSection, "name"> & { readonly nameAt: number };

function readSectionHeader(reader: ByteReader, offset: number, bits: 32 | 64): RawSection | undefined {
  if (offset === 0) return undefined;
  const record = reader.record(offset, bits === 64 ? 64 : 40);
  return record === undefined ? undefined : sectionOf(record, 0, bits);
}

function sectionOf(table: ByteRecord, at: number, bits: 32 | 64): RawSection {
  const wide = bits === 64;
  const word = wide ? 8 : 4;
  const value = (index: number): number => {
    const place = at + 8 + index * word;
    return wide ? table.u64(place) : table.u32(place);
  };
  const linkAt = at + 8 + 4 * word;
  return {
    nameAt: table.u32(at),
    type: table.u32(at + 4),
    flags: value(0),
    address: value(1),
    offset: value(2),
    size: value(3),
    link: table.u32(linkAt),
    info: table.u32(linkAt + 4),
    entrySize: wide ? table.u64(linkAt + 16) : table.u32(linkAt + 12),
  };
}

function readSegments(
  reader: ByteReader,
  layout: HeaderLayout,
  bits: 32 | 64,
  extendedCount: number,
  anomalies: string[],
): ElfSegment[] {
  const size = bits === 64 ? 56 : 32;
  // PN_XNUM: the real count stands in the first section header.
  const count = layout.segmentCount === 0xffff ? extendedCount : layout.segmentCount;
  if (layout.segmentsAt === 0 || count === 0) return [];
  if (layout.segmentSize < size) {
    anomalies.push(`Program headers of ${layout.segmentSize} bytes are too small`);
    return [];
  }
  if (count > MAX_SEGMENTS) anomalies.push(`${count} program headers are more than any file has`);
  const segments: ElfSegment[] = [];
  for (let index = 0; index < Math.min(count, MAX_SEGMENTS); index++) {
    const record = reader.record(layout.segmentsAt + index * layout.segmentSize, size);
    if (record === undefined) {
      anomalies.push("The program headers reach beyond the end of the file");
      break;
    }
    segments.push(
      bits === 64
        ? {
            type: record.u32(0),
            flags: record.u32(4),
            offset: record.u64(8),
            address: record.u64(16),
            fileSize: record.u64(32),
            memorySize: record.u64(40),
            align: record.u64(48),
          }
        : {
            type: record.u32(0),
            offset: record.u32(4),
            address: record.u32(8),
            fileSize: record.u32(16),
            memorySize: record.u32(20),
            flags: record.u32(24),
            align: record.u32(28),
          },
    );
  }
  const cut = segments.some(
    (segment) => segment.type === PT_LOAD && segment.fileSize > 0 && !reader.has(segment.offset, segment.fileSize),
  );
  if (cut) anomalies.push("A segment reaches beyond the end of the file: the file is cut off");
  return segments;
}

function readSections(
  reader: ByteReader,
  layout: HeaderLayout,
  bits: 32 | 64,
  first: RawSection | undefined,
  anomalies: string[],
): ElfSection[] {
  const size = bits === 64 ? 64 : 40;
  if (layout.sectionsAt === 0) return [];
  if (first === undefined) {
    anomalies.push("The section headers lie beyond the end of the file");
    return [];
  }
  // More than 65279 sections: the count and the names' index stand in the first header.
  const count = layout.sectionCount === 0 ? first.size : layout.sectionCount;
  const namesIndex = layout.namesIndex === 0xffff ? first.link : layout.namesIndex;
  if (count === 0) return [];
  if (layout.sectionSize < size) {
    anomalies.push(`Section headers of ${layout.sectionSize} bytes are too small`);
    return [];
  }
  const room = Math.floor((reader.size - layout.sectionsAt) / layout.sectionSize);
  const there = Math.min(count, room, MAX_SECTIONS);
  if (there < count) anomalies.push("The section headers reach beyond the end of the file");
  const table = reader.record(layout.sectionsAt, there * layout.sectionSize);
  if (table === undefined) return [];

  const raw: RawSection[] = [];
  for (let index = 0; index < there; index++) raw.push(sectionOf(table, index * layout.sectionSize, bits));
  const names = raw[namesIndex];
  const nameBytes =
    names === undefined || names.type === SHT.NOBITS
      ? new Uint8Array(0)
      : reader.source.read(names.offset, Math.min(names.size, 64 * 1024 * 1024));
  const budget = new NameBudget(nameBytes.length);
  const sections: ElfSection[] = [];
  let beyond = 0;
  for (const { nameAt, ...section } of raw) {
    const content = section.type === SHT.NOBITS || section.type === 0 ? 0 : section.size;
    if (content > 0 && !reader.has(section.offset, content)) beyond++;
    sections.push({ ...section, size: content, name: nameIn(nameBytes, nameAt, budget) ?? "" });
  }
  if (beyond > 0) anomalies.push(`${beyond} of ${there} sections reach beyond the end of the file`);
  return sections;
}

/**
 * Bounds the total length of the names that are taken from one table. Real tables share suffixes a little; a hostile
 * one lets every entry point at one long text.
 */
export class NameBudget {
  #left: number;

  constructor(tableSize: number) {
    this.#left = tableSize * 4 + 1024 * 1024;
  }

  take(length: number): boolean {
    this.#left -= length;
    return this.#left >= 0;
  }
}

/** The zero-terminated name at an offset of a string table. Undefined outside of it or beyond the budget. */
export function nameIn(table: Uint8Array, at: number, budget: NameBudget): string | undefined {
  if (!(at < table.length)) return undefined;
  const end = table.indexOf(0, at);
  if (end === -1 || !budget.take(end - at + 1)) return undefined;
  return decodeText(table.subarray(at, end));
}

/** Where the byte of an address lies in the file. Undefined when no segment has it. */
export function fileOffset(elf: Pick<Elf, "segments" | "sections">, address: number): number | undefined {
  for (const segment of elf.segments) {
    if (segment.type !== PT_LOAD) continue;
    const inside = address - segment.address;
    if (inside >= 0 && inside < segment.fileSize) return segment.offset + inside;
  }
  if (elf.segments.length > 0) return undefined;
  for (const section of elf.sections) {
    const inside = address - section.address;
    if (section.address > 0 && inside >= 0 && inside < section.size) return section.offset + inside;
  }
  return undefined;
}

type Frame = Pick<Elf, "reader" | "bits" | "segments" | "sections">;

function readDynamic(elf: Frame, anomalies: string[]): ElfDynamic | undefined {
  const segment = elf.segments.find((one) => one.type === PT_DYNAMIC);
  const section = elf.sections.find((one) => one.type === SHT.DYNAMIC);
  const place =
    segment === undefined
      ? section && { offset: section.offset, size: section.size }
      : { offset: segment.offset, size: segment.fileSize };
  if (place === undefined || place.size === 0) return undefined;
  const entrySize = elf.bits === 64 ? 16 : 8;
  const count = Math.min(Math.floor(place.size / entrySize), MAX_DYNAMIC);
  const available = elf.reader.source.read(place.offset, count * entrySize);
  const values = new Map<number, number>();
  const neededAt: number[] = [];
  const record = elf.reader.record(place.offset, available.length - (available.length % entrySize));
  if (record === undefined || record.length === 0) {
    anomalies.push("The dynamic section lies beyond the end of the file");
    return undefined;
  }
  for (let at = 0; at < record.length; at += entrySize) {
    const tag = elf.bits === 64 ? record.u64(at) : record.u32(at);
    const value = elf.bits === 64 ? record.u64(at + 8) : record.u32(at + 4);
    if (tag === DT.NULL) break;
    if (tag === DT.NEEDED) {
      if (neededAt.length < MAX_NEEDED) neededAt.push(value);
    } else if (!values.has(tag)) values.set(tag, value);
  }

  const strings = offsetOf(elf, values.get(DT.STRTAB));
  const stringsSize = values.get(DT.STRSZ) ?? 0;
  if (strings === undefined || !elf.reader.has(strings, stringsSize)) {
    anomalies.push("The dynamic string table reaches beyond the end of the file");
  }
  const text = (at: number | undefined): string | undefined => {
    if (at === undefined || strings === undefined || at >= stringsSize) return undefined;
    return elf.reader.cString(strings + at);
  };
  const needed: string[] = [];
  for (const at of neededAt) {
    const name = text(at);
    if (name === undefined) anomalies.push("The name of a needed library is not there");
    else needed.push(name);
  }
  const flags = values.get(DT.FLAGS) ?? 0;
  const flags1 = values.get(DT.FLAGS_1) ?? 0;
  const soname = text(values.get(DT.SONAME));
  return {
    needed,
    ...(soname === undefined ? {} : { soname }),
    rpath: splitPath(text(values.get(DT.RPATH))),
    runpath: splitPath(text(values.get(DT.RUNPATH))),
    flags,
    flags1,
    bindNow: values.has(DT.BIND_NOW) || (flags & DF_BIND_NOW) !== 0 || (flags1 & DF_1_NOW) !== 0,
    staticTls: (flags & DF_STATIC_TLS) !== 0,
    pie: (flags1 & DF_1_PIE) !== 0,
    tables: tablesOf(elf, values, strings),
  };
}

function tablesOf(elf: Frame, values: ReadonlyMap<number, number>, strings: number | undefined): ElfDynamicTables {
  const smallest = elf.bits === 64 ? 24 : 16;
  const symbolSize = values.get(DT.SYMENT) ?? smallest;
  const at = {
    symbols: offsetOf(elf, values.get(DT.SYMTAB)),
    strings,
    gnuHash: offsetOf(elf, values.get(DT.GNU_HASH)),
    hash: offsetOf(elf, values.get(DT.HASH)),
    versionIndexes: offsetOf(elf, values.get(DT.VERSYM)),
    versionsNeeded: offsetOf(elf, values.get(DT.VERNEED)),
    versionsDefined: offsetOf(elf, values.get(DT.VERDEF)),
  };
  const present = Object.fromEntries(Object.entries(at).filter(([, offset]) => offset !== undefined));
  return {
    ...(present as Partial<Record<keyof typeof at, number>>),
    stringsSize: values.get(DT.STRSZ) ?? 0,
    symbolSize: symbolSize >= smallest && symbolSize <= 1024 ? symbolSize : smallest,
    versionsNeededCount: values.get(DT.VERNEEDNUM) ?? 0,
    versionsDefinedCount: values.get(DT.VERDEFNUM) ?? 0,
  };
}

function offsetOf(elf: Frame, address: number | undefined): number | undefined {
  return address === undefined ? undefined : fileOffset(elf, address);
}

function splitPath(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(":").filter((part) => part !== "");
}

function readInterpreter(elf: Frame): string | undefined {
  const segment = elf.segments.find((one) => one.type === PT_INTERP);
  return segment === undefined ? undefined : elf.reader.cString(segment.offset, 4096);
}

/** The first section of a name. */
export function findSection(elf: Elf, name: string): ElfSection | undefined {
  return elf.sections.find((section) => section.name === name);
}

/** A section's bytes, at most `limit` of them; fewer where the file is cut off. */
export function sectionBytes(elf: Elf, section: ElfSection, limit = 64 * 1024 * 1024): Uint8Array {
  return elf.reader.source.read(section.offset, Math.min(section.size, limit));
}

/**
 * What the compilers and the linker wrote into `.comment`, without repetitions:
 * `GCC: (Debian 12.2.0-14) 12.2.0`, `clang version 19.1.7`, `Linker: LLD 19.1.7`.
 */
export function commentsOf(elf: Elf): string[] {
  const section = findSection(elf, ".comment");
  if (section === undefined) return [];
  const text = decodeText(sectionBytes(elf, section, 64 * 1024));
  return [...new Set(text.split("\0").filter((part) => part !== ""))];
}
