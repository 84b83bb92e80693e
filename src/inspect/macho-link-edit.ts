/**
 * What dyld binds and exports: the trie of exported names, and the imports of chained fixups. They are there, too, when
 * the symbol table was stripped.
 *
 * Layout: Apple's <mach-o/loader.h> (export trie) and <mach-o/fixup-chains.h>.
 */
import { ByteRecord, type ByteReader, decodeText } from "./bytes.ts";
import { NameBudget, nameIn } from "./string-table.ts";

interface Place {
  readonly at: number;
  readonly size: number;
}

export interface LinkEditExport {
  readonly name: string;
  readonly weak: boolean;
  readonly reexported?: true;
}

export interface LinkEditImport {
  readonly name: string;
  readonly weak: boolean;
  /** From 1: the library; 0 the file itself; below: any library (flat, weak), the program. */
  readonly ordinal: number;
}

const MAX_BYTES = 256 * 1024 * 1024;
const MAX_NAMES = 4_000_000;
const MAX_DEPTH = 4096;
const WEAK_DEFINITION = 0x04;
const REEXPORT = 0x08;

/** A number of seven bits a byte, and where it ends. */
function uleb(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let index = 0; index < 10; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if ((byte & 0x80) === 0) return { value, end: at + index + 1 };
  }
  return undefined;
}

/** The exported names, in the order of the trie. Undefined when there is none, or it is damaged. */
export function exportTrie(reader: ByteReader, { at, size }: Place): LinkEditExport[] | undefined {
  if (size === 0 || size > MAX_BYTES) return undefined;
  const bytes = reader.bytes(at, size);
  if (bytes === undefined) return undefined;
  const found: LinkEditExport[] = [];
  const budget = new NameBudget(size * 16);
  // A node is visited once: in a tree that is so, in a damaged one it ends.
  const seen = new Set<number>();
  const open: { readonly node: number; readonly name: string }[] = [{ node: 0, name: "" }];
  while (open.length > 0) {
    const next = open.pop();
    if (next === undefined || seen.has(next.node)) continue;
    seen.add(next.node);
    const terminal = uleb(bytes, next.node);
    if (terminal === undefined) return undefined;
    if (terminal.value > 0) {
      const flags = uleb(bytes, terminal.end)?.value ?? 0;
      found.push({
        name: next.name,
        weak: (flags & WEAK_DEFINITION) !== 0,
        ...((flags & REEXPORT) === 0 ? {} : { reexported: true as const }),
      });
      if (found.length > MAX_NAMES) return undefined;
    }
    const childrenAt = terminal.end + terminal.value;
    const children = bytes[childrenAt];
    if (children === undefined) return undefined;
    let place = childrenAt + 1;
    const level: { readonly node: number; readonly name: string }[] = [];
    for (let index = 0; index < children; index++) {
      const end = bytes.indexOf(0, place);
      const target = end === -1 ? undefined : uleb(bytes, end + 1);
      if (target === undefined || target.value >= size) return undefined;
      const name = next.name + decodeText(bytes.subarray(place, end));
      if (name.length > MAX_DEPTH * 16 || !budget.take(name.length)) return undefined;
      level.push({ node: target.value, name });
      place = target.end;
    }
    open.push(...level.reverse());
  }
  return found;
}

/** The imports of chained fixups. Undefined when there are none, or they are packed or damaged. */
export function fixupImports(reader: ByteReader, { at, size }: Place): LinkEditImport[] | undefined {
  const head = size > MAX_BYTES ? undefined : reader.record(at, Math.min(size, 28));
  if (head === undefined || head.length < 28) return undefined;
  const importsAt = head.u32(8);
  const namesAt = head.u32(12);
  const count = head.u32(16);
  const format = head.u32(20);
  // Names that are compressed by zlib were never made by a released linker.
  if (head.u32(0) !== 0 || head.u32(24) !== 0 || count > MAX_NAMES || namesAt > size) return undefined;
  const width = format === 1 ? 4 : format === 2 ? 8 : format === 3 ? 16 : undefined;
  const table = width === undefined ? undefined : reader.bytes(at + importsAt, count * width);
  const names = reader.bytes(at + namesAt, size - namesAt);
  if (width === undefined || table === undefined || names === undefined) return undefined;
  const record = new ByteRecord(table, reader.littleEndian);
  const budget = new NameBudget(names.length);
  const found: LinkEditImport[] = [];
  for (let index = 0; index < count; index++) {
    const low = record.u32(index * width);
    // 8 bits ordinal, 1 weak, 23 name; in 64 bits 16, 1, 15 not used, 32.
    const wide = format === 3;
    const raw = wide ? low & 0xffff : low & 0xff;
    const ordinal = wide ? (raw > 0xfff0 ? raw - 0x1_0000 : raw) : raw > 0xf0 ? raw - 0x100 : raw;
    const weak = ((wide ? low >>> 16 : low >>> 8) & 1) === 1;
    const name = nameIn(names, wide ? record.u32(index * width + 4) : low >>> 9, budget);
    if (name === undefined) return undefined;
    found.push({ name, weak, ordinal });
  }
  return found;
}
