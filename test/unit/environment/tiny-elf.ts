/** Makes the smallest ELF library that has a dynamic section: names it needs, names it defines, a run path. */

export interface TinyElf {
  readonly needed?: readonly string[];
  readonly runpath?: string;
  /** Names for the dynamic string table. */
  readonly names?: readonly string[];
  /** Bytes at the end, which make two libraries differ. */
  readonly filler?: string;
}

/** A 64-bit little-endian shared library for x86_64. */
export function tinyElf({ needed = [], runpath, names = [], filler = "" }: TinyElf = {}): Uint8Array {
  let strings = "\0";
  const add = (text: string): number => {
    const at = strings.length;
    strings += `${text}\0`;
    return at;
  };
  const entries: [tag: number, value: number][] = needed.map((name) => [1, add(name)]);
  if (runpath !== undefined) entries.push([29, add(runpath)]);
  for (const name of names) add(name);
  const headers = 64 + 2 * 56;
  const dynamicSize = (entries.length + 3) * 16;
  const stringsAt = headers + dynamicSize;
  const size = stringsAt + strings.length;
  // DT_STRTAB, DT_STRSZ, DT_NULL.
  entries.push([5, stringsAt], [10, strings.length], [0, 0]);
  const bytes = Buffer.alloc(size);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.writeUInt16LE(3, 16);
  bytes.writeUInt16LE(62, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(64, 52);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(2, 56);
  bytes.writeUInt16LE(64, 58);
  const segment = (index: number, type: number, offset: number, length: number): void => {
    const at = 64 + index * 56;
    bytes.writeUInt32LE(type, at);
    bytes.writeUInt32LE(4, at + 4);
    for (const [place, value] of [
      [8, offset],
      [16, offset],
      [24, offset],
      [32, length],
      [40, length],
      [48, 1],
    ] as const) {
      bytes.writeBigUInt64LE(BigInt(value), at + place);
    }
  };
  segment(0, 1, 0, size);
  segment(1, 2, headers, dynamicSize);
  entries.forEach(([tag, value], index) => {
    bytes.writeBigInt64LE(BigInt(tag), headers + index * 16);
    bytes.writeBigUInt64LE(BigInt(value), headers + index * 16 + 8);
  });
  bytes.write(strings, stringsAt, "latin1");
  return Buffer.concat([bytes, Buffer.from(filler)]);
}
