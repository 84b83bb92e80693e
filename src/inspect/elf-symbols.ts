/**
 * The symbols of an ELF file: its dynamic symbols with their versions, looked up through the hash tables so that one
 * name costs a few reads of a large library, and the plain symbol tables of objects. Knows nothing of what names mean.
 */
import { ByteRecord } from "./bytes.ts";
import type { Elf } from "./elf.ts";
import { type ElfSection, SHT } from "./elf-frame.ts";
import {
  bitOf,
  countSymbols,
  gnuHash,
  type GnuTable,
  MAX_CHAIN,
  MAX_SYMBOLS,
  PIECE,
  readGnuTable,
  readSysvTable,
  sysvHash,
} from "./elf-hash.ts";
import { NameBudget, nameIn } from "./string-table.ts";
import { versionDefinitions, versionNames } from "./elf-versions.ts";

/** One symbol. */
export interface ElfSymbol {
  readonly name: string;
  readonly defined: boolean;
  readonly binding: "local" | "global" | "weak" | "unique" | "other";
  readonly type: "none" | "object" | "function" | "section" | "file" | "common" | "tls" | "ifunc" | "other";
  readonly visibility: "default" | "internal" | "hidden" | "protected";
  /** st_other: its upper bits belong to the machine. */
  readonly other: number;
  readonly value: number;
  readonly size: number;
  /** Index of its section, 0 when undefined, 0xfff1 absolute. */
  readonly section: number;
  /** The version that it is defined with or asks for. */
  readonly version?: string;
  /** The library that a needed version is asked of. */
  readonly versionFile?: string;
  /** Defined, but only for those that ask for its version. */
  readonly versionHidden?: boolean;
  /** Its number among the versions: 1 none, 2 the first. */
  readonly versionIndex?: number;
  /** Its place in the table. */
  readonly index?: number;
}

/** More names than these are read with the whole string table. */
const MANY_NAMES = 2048;
/** A string table that is read as a whole. */
const SMALL_TABLE = 256 * 1024;
const MAX_UNDEFINED = 1_000_000;
const MAX_STRINGS = 1024 * 1024 * 1024;

const BINDINGS = { 0: "local", 1: "global", 2: "weak", 10: "unique" } as const;
const TYPES = {
  0: "none",
  1: "object",
  2: "function",
  3: "section",
  4: "file",
  5: "common",
  6: "tls",
  10: "ifunc",
} as const;
const VISIBILITIES = ["default", "internal", "hidden", "protected"] as const;

/** A symbol table entry as it stands in the file. */
export interface RawSymbol {
  readonly nameAt: number;
  readonly info: number;
  readonly other: number;
  readonly section: number;
  readonly value: number;
  readonly size: number;
}

function rawSymbol(record: ByteRecord, at: number, bits: 32 | 64): RawSymbol {
  return bits === 64
    ? {
        nameAt: record.u32(at),
        info: record.u8(at + 4),
        other: record.u8(at + 5),
        section: record.u16(at + 6),
        value: record.u64(at + 8),
        size: record.u64(at + 16),
      }
    : {
        nameAt: record.u32(at),
        value: record.u32(at + 4),
        size: record.u32(at + 8),
        info: record.u8(at + 12),
        other: record.u8(at + 13),
        section: record.u16(at + 14),
      };
}

function symbolOf(raw: RawSymbol, name: string): ElfSymbol {
  return {
    name,
    defined: raw.section !== 0,
    binding: BINDINGS[(raw.info >> 4) as keyof typeof BINDINGS] ?? "other",
    type: TYPES[(raw.info & 15) as keyof typeof TYPES] ?? "other",
    visibility: VISIBILITIES[raw.other & 3] ?? "default",
    other: raw.other,
    value: raw.value,
    size: raw.size,
    section: raw.section,
  };
}

/** Finds names among the dynamic symbols of one file. */
export interface DynamicSymbols {
  /** Number of entries, the empty first one included. Reads the hash table's end; 0 when it cannot be told. */
  readonly count: number;
  /** The defined symbols of a name: more than one when versions differ. Reads only what the hash table points to. */
  find(name: string): readonly ElfSymbol[];
  /**
   * Whether a reference to the name is satisfied here. With a version, a definition of that version or one without
   * any; without, one without, the first version's, or the only default one.
   */
  defines(name: string, version?: string): boolean;
  /** All that are defined nowhere here: what is asked of others. */
  undefinedSymbols(): readonly ElfSymbol[];
  /** Everything, in the order of the table, bounded. */
  all(): Iterable<ElfSymbol>;
  /** Names of defined symbols that begin with a text. Searches the string table's bytes. */
  startingWith(prefix: string, limit?: number): readonly ElfSymbol[];
}

/** The dynamic symbols of a file; empty where it has none. */
export function dynamicSymbols(elf: Elf): DynamicSymbols {
  const { reader, bits } = elf;
  const tables = elf.dynamic?.tables;
  const symbolsAt = tables?.symbols;
  const stringsAt = tables?.strings;
  const symbolSize = tables?.symbolSize ?? 24;
  const stringsSize = Math.min(tables?.stringsSize ?? 0, MAX_STRINGS);
  const versions = versionNames(elf);
  const wordBytes = bits === 64 ? 8 : 4;

  const gnu = readGnuTable(elf);
  const sysv = readSysvTable(elf);
  let knownCount: number | undefined;
  const count = (): number => {
    knownCount ??= symbolsAt === undefined ? 0 : countSymbols(elf, gnu, sysv?.chains);
    return knownCount;
  };

  const versionAt = (index: number): number | undefined =>
    tables?.versionIndexes === undefined ? undefined : reader.u16(tables.versionIndexes + index * 2);

  const withVersion = (symbol: ElfSymbol, entry: number | undefined): ElfSymbol => {
    if (entry === undefined) return symbol;
    const named = versions.get(entry & 0x7fff);
    if (named === undefined) return symbol;
    return {
      ...symbol,
      versionIndex: entry & 0x7fff,
      version: named.name,
      ...(named.file === undefined ? {} : { versionFile: named.file }),
      ...(symbol.defined && (entry & 0x8000) !== 0 ? { versionHidden: true } : {}),
    };
  };

  const symbolAt = (index: number, wanted?: string): ElfSymbol | undefined => {
    if (symbolsAt === undefined || stringsAt === undefined) return undefined;
    const record = reader.record(symbolsAt + index * symbolSize, symbolSize);
    if (record === undefined) return undefined;
    const raw = rawSymbol(record, 0, bits);
    if (raw.nameAt >= stringsSize) return undefined;
    if (wanted !== undefined) {
      const bytes = Buffer.from(`${wanted}\0`, "utf8");
      const there = reader.bytes(stringsAt + raw.nameAt, bytes.length);
      if (there === undefined || !bytes.equals(there)) return undefined;
      return withVersion(symbolOf(raw, wanted), versionAt(index));
    }
    const name = reader.cString(stringsAt + raw.nameAt);
    return name === undefined ? undefined : withVersion(symbolOf(raw, name), versionAt(index));
  };

  const findGnu = (table: GnuTable, name: string, bytes: Uint8Array): ElfSymbol[] => {
    const hash = gnuHash(bytes);
    const word = Math.floor(hash / (wordBytes * 8)) & (table.bloomWords - 1);
    const filter = reader.record(table.bloomAt + word * wordBytes, wordBytes);
    if (filter === undefined) return [];
    if (!bitOf(filter, hash, bits, elf.littleEndian)) return [];
    if (!bitOf(filter, hash >>> table.bloomShift, bits, elf.littleEndian)) return [];
    const start = reader.u32(table.bucketsAt + (hash % table.buckets) * 4) ?? 0;
    if (start < table.firstHashed) return [];
    const found: ElfSymbol[] = [];
    for (let index = start; index < start + MAX_CHAIN; index++) {
      const link = reader.u32(table.chainsAt + (index - table.firstHashed) * 4);
      if (link === undefined) break;
      if ((link | 1) === (hash | 1)) {
        const symbol = symbolAt(index, name);
        if (symbol?.defined === true) found.push(symbol);
      }
      if ((link & 1) === 1) break;
    }
    return found;
  };

  const findSysv = (name: string, bytes: Uint8Array): ElfSymbol[] => {
    if (sysv === undefined) return [];
    const found: ElfSymbol[] = [];
    const bucket = sysvHash(bytes) % sysv.buckets;
    let index = reader.u32(sysv.at + 8 + bucket * 4) ?? 0;
    for (let steps = 0; index !== 0 && steps < MAX_CHAIN && steps <= sysv.chains; steps++) {
      const symbol = symbolAt(index, name);
      if (symbol?.defined === true) found.push(symbol);
      index = reader.u32(sysv.at + 8 + (sysv.buckets + index) * 4) ?? 0;
    }
    return found;
  };

  let byName: Map<string, ElfSymbol[]> | undefined;
  const findByScan = (name: string): readonly ElfSymbol[] => {
    if (byName === undefined) {
      byName = new Map();
      for (const symbol of all()) {
        if (!symbol.defined) continue;
        const list = byName.get(symbol.name);
        if (list === undefined) byName.set(symbol.name, [symbol]);
        else list.push(symbol);
      }
    }
    return byName.get(name) ?? [];
  };

  const find = (name: string): readonly ElfSymbol[] => {
    const bytes = Buffer.from(name, "utf8");
    const found =
      gnu !== undefined ? findGnu(gnu, name, bytes) : sysv !== undefined ? findSysv(name, bytes) : findByScan(name);
    return found.filter(isSeen);
  };

  let strings: Uint8Array | undefined;
  const allStrings = (): Uint8Array => {
    strings ??= reader.source.read(stringsAt ?? 0, stringsSize);
    return strings;
  };

  /** The symbols of the table that pass a test, which is made before their names are read. */
  function* those(wanted: (raw: RawSymbol) => boolean, wholeTable: boolean): Iterable<ElfSymbol> {
    if (symbolsAt === undefined || stringsAt === undefined) return;
    const total = count();
    const budget = new NameBudget(stringsSize);
    for (let start = 0; start < total; start += PIECE) {
      const piece = Math.min(PIECE, total - start);
      const bytes = reader.source.read(symbolsAt + start * symbolSize, piece * symbolSize);
      const whole = Math.floor(bytes.length / symbolSize);
      const record = new ByteRecord(bytes, elf.littleEndian);
      const entries =
        tables?.versionIndexes === undefined ? undefined : reader.record(tables.versionIndexes + start * 2, whole * 2);
      for (let index = 0; index < whole; index++) {
        const raw = rawSymbol(record, index * symbolSize, bits);
        if (!wanted(raw)) continue;
        let name: string | undefined;
        if (wholeTable) name = nameIn(allStrings(), raw.nameAt, budget);
        else if (raw.nameAt < stringsSize) {
          name = reader.cString(stringsAt + raw.nameAt);
          if (name !== undefined && !budget.take(name.length)) name = undefined;
        }
        if (name === undefined) continue;
        yield { ...withVersion(symbolOf(raw, name), entries?.u16(index * 2)), index: start + index };
      }
      if (whole < piece) return;
    }
  }

  const all = (): Iterable<ElfSymbol> => those(() => true, count() > MANY_NAMES);

  const undefinedSymbols = (): ElfSymbol[] => {
    const found: ElfSymbol[] = [];
    // Mostly few, at the beginning of a long table: their names one by one. The GNU hash table does not tell where they
    // end: functions that a program calls may stand among the hashed ones.
    for (const symbol of those((raw) => raw.section === 0, stringsSize < SMALL_TABLE)) {
      if (symbol.name === "" || symbol.binding === "local") continue;
      found.push(symbol);
      if (found.length >= MAX_UNDEFINED) break;
    }
    return found;
  };

  const startingWith = (prefix: string, limit = 1024): ElfSymbol[] => {
    if (symbolsAt === undefined || stringsAt === undefined || stringsSize === 0) return [];
    const offsets = offsetsOf(allStrings(), prefix);
    if (offsets.size === 0) return [];
    const found: ElfSymbol[] = [];
    const total = count();
    for (let start = 0; start < total && found.length < limit; start += PIECE) {
      const bytes = reader.source.read(symbolsAt + start * symbolSize, Math.min(PIECE, total - start) * symbolSize);
      const record = new ByteRecord(bytes, elf.littleEndian);
      const whole = Math.floor(bytes.length / symbolSize);
      for (let index = 0; index < whole && found.length < limit; index++) {
        if (!offsets.has(record.u32(index * symbolSize))) continue;
        const symbol = symbolAt(start + index);
        if (symbol?.defined === true && symbol.binding !== "local") found.push(symbol);
      }
      if (whole === 0) break;
    }
    return found;
  };

  const versionsDefined = versionDefinitions(elf);
  const defines = (name: string, version?: string): boolean => {
    // The loader looks nowhere but in hash tables.
    const found = gnu === undefined && sysv === undefined ? [] : find(name);
    if (found.length === 0) return false;
    if (versionsDefined.length === 0) return true;
    if (version !== undefined)
      return found.some((symbol) => symbol.version === undefined || symbol.version === version);
    if (found.some(({ versionIndex = 1 }) => versionIndex <= 2)) return true;
    return found.filter(({ versionHidden }) => versionHidden !== true).length === 1;
  };

  return {
    get count() {
      return count();
    },
    find,
    defines,
    undefinedSymbols,
    all,
    startingWith,
  };
}

const SHN_ABS = 0xfff1;

/** Whether other files see a defined symbol: glibc, elf/dl-lookup.c, `check_match` and `do_lookup_x`. */
function isSeen({ binding, visibility, value, section, type }: ElfSymbol): boolean {
  if (binding === "local" || visibility === "hidden" || visibility === "internal") return false;
  if (type === "section" || type === "file" || type === "other") return false;
  return value !== 0 || section === SHN_ABS || type === "tls";
}

/** Offsets at which a text begins in a string table, bounded. */
function offsetsOf(strings: Uint8Array, prefix: string): Set<number> {
  const offsets = new Set<number>();
  const table = Buffer.from(strings.buffer, strings.byteOffset, strings.byteLength);
  const wanted = Buffer.from(prefix, "utf8");
  if (wanted.length === 0) return offsets;
  for (let at = table.indexOf(wanted); at !== -1 && offsets.size < 1_000_000; at = table.indexOf(wanted, at + 1)) {
    offsets.add(at);
  }
  return offsets;
}

/** The symbols of a plain symbol table (`.symtab` of an object or a cubin), bounded. */
export function* sectionSymbols(elf: Elf, section: ElfSection): Iterable<ElfSymbol> {
  const size = elf.bits === 64 ? 24 : 16;
  const strings = elf.sections[section.link];
  if (strings === undefined || section.type === SHT.NOBITS) return;
  const names = elf.reader.source.read(strings.offset, Math.min(strings.size, MAX_STRINGS));
  const budget = new NameBudget(names.length);
  const total = Math.min(Math.floor(section.size / size), MAX_SYMBOLS);
  for (let start = 0; start < total; start += PIECE) {
    const wanted = Math.min(PIECE, total - start);
    const bytes = elf.reader.source.read(section.offset + start * size, wanted * size);
    const whole = Math.floor(bytes.length / size);
    const record = new ByteRecord(bytes, elf.littleEndian);
    for (let index = 0; index < whole; index++) {
      const raw = rawSymbol(record, index * size, elf.bits);
      yield symbolOf(raw, nameIn(names, raw.nameAt, budget) ?? "");
    }
    if (whole < wanted) return;
  }
}

/** The symbol table of an object, when it was not stripped. */
export function symbolTableOf(elf: Elf): ElfSection | undefined {
  return elf.sections.find((section) => section.type === SHT.SYMTAB);
}
