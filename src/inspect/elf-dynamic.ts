/** The dynamic section of an ELF file: what the program loader is told, and where its tables lie. */
import { type ElfFrame, fileOffset, SHT } from "./elf-frame.ts";

const PT_DYNAMIC = 2;

/** Tags of the dynamic section that are used here. */
const DT = {
  NULL: 0,
  NEEDED: 1,
  PLTRELSZ: 2,
  HASH: 4,
  STRTAB: 5,
  SYMTAB: 6,
  RELA: 7,
  RELASZ: 8,
  STRSZ: 10,
  SYMENT: 11,
  SONAME: 14,
  RPATH: 15,
  REL: 17,
  RELSZ: 18,
  PLTREL: 20,
  JMPREL: 23,
  BIND_NOW: 24,
  RUNPATH: 29,
  FLAGS: 30,
  RELR: 36,
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
/** `-z nodlopen`. */
const DF_1_NOOPEN = 0x40;
const DF_1_PIE = 0x0800_0000;

/** More entries than any real file has; a damaged count is cut here. */
const MAX_DYNAMIC = 65_536;
const MAX_NEEDED = 4096;

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
  /** May only be loaded with the program, not by `dlopen`. */
  readonly noOpen: boolean;
  /** It has packed relocations (DT_RELR). */
  readonly packedRelocations: boolean;
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
  /** Tables of relocations that name symbols. */
  readonly relocations: readonly ElfRelocationTable[];
}

export interface ElfRelocationTable {
  readonly offset: number;
  readonly size: number;
  /** With an addend in each entry. */
  readonly withAddend: boolean;
}

/** Reads the dynamic section. Undefined where there is none; `anomalies` gets what contradicts itself. */
export function readDynamic(elf: ElfFrame, anomalies: string[]): ElfDynamic | undefined {
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
    noOpen: (flags1 & DF_1_NOOPEN) !== 0,
    packedRelocations: values.has(DT.RELR),
    tables: tablesOf(elf, values, strings),
  };
}

function tablesOf(elf: ElfFrame, values: ReadonlyMap<number, number>, strings: number | undefined): ElfDynamicTables {
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
    relocations: [
      relocationTable(elf, values, [DT.RELA, DT.RELASZ], true),
      relocationTable(elf, values, [DT.REL, DT.RELSZ], false),
      relocationTable(elf, values, [DT.JMPREL, DT.PLTRELSZ], values.get(DT.PLTREL) !== DT.REL),
    ].filter((table) => table !== undefined),
  };
}

function relocationTable(
  elf: ElfFrame,
  values: ReadonlyMap<number, number>,
  [at, length]: readonly [number, number],
  withAddend: boolean,
): ElfRelocationTable | undefined {
  const offset = offsetOf(elf, values.get(at));
  const size = values.get(length) ?? 0;
  return offset === undefined || size === 0 ? undefined : { offset, size, withAddend };
}

function offsetOf(elf: ElfFrame, address: number | undefined): number | undefined {
  return address === undefined ? undefined : fileOffset(elf, address);
}

/** An empty part is the current folder, as in `ldd`; a path that is empty altogether is none (glibc, `fillin_rpath`). */
function splitPath(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : text.split(":");
}
