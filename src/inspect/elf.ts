/**
 * Opens ELF files: header, sections, segments and the dynamic section; 32 and 64 bit, both byte orders, and files whose
 * section headers were stripped. Symbols, versions and notes have files of their own; what the contents mean for Python
 * or torch is not known here.
 *
 * Numbers are from the System V ABI, generic part (https://gabi.xinuos.com) and glibc's <elf.h>.
 */
import { failure, type Failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { ByteReader, type ByteRecord, type ByteSource, decodeText } from "./bytes.ts";
import { type ElfDynamic, readDynamic } from "./elf-dynamic.ts";
import { type ElfSection, type ElfSegment, PT_LOAD, SHT } from "./elf-frame.ts";
import { NameBudget, nameIn } from "./string-table.ts";

const PT_INTERP = 3;

/** More entries than any real file has; a damaged count is cut here. */
const MAX_SEGMENTS = 4096;
const MAX_SECTIONS = 500_000;

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

function readInterpreter(elf: Pick<Elf, "reader" | "segments">): string | undefined {
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
