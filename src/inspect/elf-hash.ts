/** The hash tables through which the dynamic symbols of an ELF file are found. */
import type { ByteRecord } from "./bytes.ts";
import type { Elf } from "./elf.ts";
import { SHT } from "./elf-frame.ts";

/** Longer chains than this are no work of a linker. */
export const MAX_CHAIN = 65_536;
/** Symbols read from one table at most. */
export const MAX_SYMBOLS = 16_000_000;
/** Entries are read in pieces of so many. */
export const PIECE = 16_384;

/** The hash of DT_GNU_HASH: times 33, 32 bits. */
export function gnuHash(name: Uint8Array): number {
  let hash = 5381;
  for (const byte of name) hash = (Math.imul(hash, 33) + byte) >>> 0;
  return hash;
}

/** The hash of DT_HASH. */
export function sysvHash(name: Uint8Array): number {
  let hash = 0;
  for (const byte of name) {
    hash = ((hash << 4) + byte) >>> 0;
    const high = hash & 0xf000_0000;
    if (high !== 0) hash ^= high >>> 24;
    hash = (hash & ~high) >>> 0;
  }
  return hash;
}

/** A GNU hash table: a bloom filter, buckets, and chains that end with an odd hash. */
export interface GnuTable {
  readonly buckets: number;
  readonly bucketsAt: number;
  readonly firstHashed: number;
  readonly bloomAt: number;
  readonly bloomWords: number;
  readonly bloomShift: number;
  readonly chainsAt: number;
}

/** Whether the bloom filter's word has the bit of a hash. */
export function bitOf(word: ByteRecord, hash: number, bits: 32 | 64, littleEndian: boolean): boolean {
  const bit = hash & (bits - 1);
  if (bits === 32) return ((word.u32(0) >>> bit) & 1) === 1;
  const half = bit >= 32 === littleEndian ? 4 : 0;
  return ((word.u32(half) >>> (bit & 31)) & 1) === 1;
}

/** The GNU hash table; undefined where there is none that can be used. */
export function readGnuTable(elf: Elf): GnuTable | undefined {
  const at = elf.dynamic?.tables.gnuHash;
  if (at === undefined) return undefined;
  const head = elf.reader.record(at, 16);
  if (head === undefined) return undefined;
  const buckets = head.u32(0);
  const bloomWords = head.u32(8);
  const bloomAt = at + 16;
  const bucketsAt = bloomAt + bloomWords * (elf.bits === 64 ? 8 : 4);
  const powerOfTwo = bloomWords > 0 && (bloomWords & (bloomWords - 1)) === 0;
  if (buckets === 0 || !powerOfTwo || !elf.reader.has(bucketsAt, buckets * 4)) return undefined;
  return {
    buckets,
    bucketsAt,
    firstHashed: head.u32(4),
    bloomAt,
    bloomWords,
    bloomShift: head.u32(12) & 31,
    chainsAt: bucketsAt + buckets * 4,
  };
}

/** The older hash table. */
export function readSysvTable(
  elf: Elf,
): { readonly at: number; readonly buckets: number; readonly chains: number } | undefined {
  const at = elf.dynamic?.tables.hash;
  const head = at === undefined ? undefined : elf.reader.record(at, 8);
  if (at === undefined || head === undefined) return undefined;
  const buckets = head.u32(0);
  const chains = head.u32(4);
  if (buckets === 0 || !elf.reader.has(at + 8, (buckets + chains) * 4)) return undefined;
  return { at, buckets, chains };
}

/** The dynamic section has no count of symbols: the section header, DT_HASH or the end of the last GNU chain tell. */
export function countSymbols(elf: Elf, gnu: GnuTable | undefined, sysvChains: number | undefined): number {
  const { reader } = elf;
  const symbolsAt = elf.dynamic?.tables.symbols ?? 0;
  const symbolSize = elf.dynamic?.tables.symbolSize ?? 24;
  const room = Math.min(Math.floor((reader.size - symbolsAt) / symbolSize), MAX_SYMBOLS);
  const section = elf.sections.find((one) => one.type === SHT.DYNSYM && one.offset === symbolsAt);
  if (section !== undefined) return Math.min(Math.floor(section.size / symbolSize), room);
  if (sysvChains !== undefined) return Math.min(sysvChains, room);
  if (gnu === undefined) return countToStrings(elf, room);
  let last = 0;
  for (let start = 0; start < gnu.buckets; start += PIECE) {
    const record = reader.record(gnu.bucketsAt + start * 4, Math.min(PIECE, gnu.buckets - start) * 4);
    if (record === undefined) break;
    for (let at = 0; at < record.length; at += 4) last = Math.max(last, record.u32(at));
  }
  if (last < gnu.firstHashed) return Math.min(gnu.firstHashed, room);
  for (let steps = 0; steps < MAX_CHAIN && last < room; steps++, last++) {
    const link = reader.u32(gnu.chainsAt + (last - gnu.firstHashed) * 4);
    if (link === undefined || (link & 1) === 1) break;
  }
  return Math.min(last + 1, room);
}

/** Without any hash table: linkers put the string table behind the symbols. */
function countToStrings(elf: Elf, room: number): number {
  const { symbols, strings, symbolSize } = elf.dynamic?.tables ?? {};
  if (symbols === undefined || strings === undefined || symbolSize === undefined) return 0;
  return strings > symbols ? Math.min(Math.floor((strings - symbols) / symbolSize), room) : 0;
}
