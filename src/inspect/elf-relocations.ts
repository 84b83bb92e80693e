/**
 * Which symbols the relocations of an ELF file name: the loader looks up these and no others. A name may stand among the
 * undefined ones and be asked for by nothing.
 */
import { ByteRecord } from "./bytes.ts";
import type { Elf } from "./elf.ts";

/** Entries that are read at most, and in pieces of so many. */
const MAX_ENTRIES = 16_000_000;
const PIECE = 16_384;

/** Places in the table of dynamic symbols; undefined when there are no relocations, or they cannot be read to their end. */
export function relocatedSymbols(elf: Elf): ReadonlySet<number> | undefined {
  const found = new Set<number>();
  let left = MAX_ENTRIES;
  const tables = elf.dynamic?.tables.relocations ?? [];
  if (tables.length === 0) return undefined;
  for (const { offset, size, withAddend } of tables) {
    const width = (elf.bits === 64 ? 16 : 8) + (withAddend ? elf.bits / 8 : 0);
    const count = Math.floor(size / width);
    left -= count;
    if (left < 0 || !elf.reader.has(offset, count * width)) return undefined;
    for (let start = 0; start < count; start += PIECE) {
      const bytes = elf.reader.bytes(offset + start * width, Math.min(PIECE, count - start) * width);
      if (bytes === undefined) return undefined;
      const record = new ByteRecord(bytes, elf.littleEndian);
      for (let at = 0; at < bytes.length; at += width) {
        // r_info: the symbol in the upper 32 of 64 bits, or the upper 24 of 32.
        const symbol =
          elf.bits === 64 ? record.u32(at + (elf.littleEndian ? 12 : 8)) : Math.floor(record.u32(at + 4) / 256);
        if (symbol !== 0) found.add(symbol);
      }
    }
  }
  return found;
}
