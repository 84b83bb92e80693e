/**
 * Decoder of Zstandard frames, as CUDA from 12.8 on compresses device code; Node 20 has none. No dictionaries; checksums
 * are not verified. Damaged input gives `undefined`, never more work than the given limit.
 *
 * Format: RFC 8878.
 */

import {
  BackwardBits,
  buildFse,
  byteAt,
  check,
  Damaged,
  decodeStream,
  littleEndian,
  readDistribution,
  readHuffman,
  type FseTable,
  type HuffmanTable,
} from "./zstd-entropy.ts";

const MAGIC = 0xfd2f_b528;
const MAX_BLOCK = 128 * 1024;

/** Whether bytes begin like a Zstandard frame. */
export function isZstd(bytes: Uint8Array): boolean {
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;
}

/** The original bytes of the first frame. Undefined when it is damaged or larger than `limit`. */
export function decodeZstd(input: Uint8Array, limit: number): Uint8Array | undefined {
  try {
    return decodeFrame(input, limit);
  } catch (error) {
    if (error instanceof Damaged) return undefined;
    throw error;
  }
}

/** What blocks hand on to the next. */
interface FrameState {
  output: Uint8Array;
  filled: number;
  readonly limit: number;
  huffman: HuffmanTable | undefined;
  readonly tables: [FseTable | undefined, FseTable | undefined, FseTable | undefined];
  readonly repeats: [number, number, number];
}

function decodeFrame(input: Uint8Array, limit: number): Uint8Array {
  check(input.length >= 6 && littleEndian(input, 0, 4) === MAGIC);
  const descriptor = byteAt(input, 4);
  const single = (descriptor & 0x20) !== 0;
  check((descriptor & 0x08) === 0);
  let at = single ? 5 : 6;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  check(littleEndian(input, at, dictionaryBytes) === 0);
  at += dictionaryBytes;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (single ? 1 : 0) : 1 << sizeFlag;
  const contentSize = littleEndian(input, at, sizeBytes) + (sizeFlag === 1 ? 256 : 0);
  at += sizeBytes;
  check(sizeBytes === 0 || contentSize <= limit);
  const state: FrameState = {
    output: new Uint8Array(sizeBytes === 0 ? Math.min(limit, input.length * 4) : contentSize),
    filled: 0,
    limit: sizeBytes === 0 ? limit : contentSize,
    huffman: undefined,
    tables: [undefined, undefined, undefined],
    repeats: [1, 4, 8],
  };
  for (let last = false; !last;) {
    const header = littleEndian(input, at, 3);
    at += 3;
    last = (header & 1) === 1;
    const size = header >> 3;
    const type = (header >> 1) & 3;
    check(type !== 3 && size <= MAX_BLOCK);
    if (type === 1) {
      const byte = byteAt(input, at++);
      reserve(state, size);
      state.output.fill(byte, state.filled, state.filled + size);
      state.filled += size;
      continue;
    }
    check(at + size <= input.length);
    const block = input.subarray(at, at + size);
    at += size;
    if (type === 0) append(state, block);
    else decodeBlock(state, block);
  }
  check(sizeBytes === 0 || state.filled === contentSize);
  return state.output.subarray(0, state.filled);
}

function reserve(state: FrameState, length: number): void {
  const wanted = state.filled + length;
  check(wanted <= state.limit);
  if (wanted <= state.output.length) return;
  const larger = new Uint8Array(Math.min(state.limit, Math.max(wanted, state.output.length * 2)));
  larger.set(state.output.subarray(0, state.filled));
  state.output = larger;
}

function append(state: FrameState, bytes: Uint8Array): void {
  reserve(state, bytes.length);
  state.output.set(bytes, state.filled);
  state.filled += bytes.length;
}

/** The literals of a block, and where the sequences begin. */
function readLiterals(state: FrameState, block: Uint8Array): { readonly literals: Uint8Array; readonly end: number } {
  const first = byteAt(block, 0);
  const type = first & 3;
  const format = (first >> 2) & 3;
  if (type <= 1) {
    const headerSize = format === 1 ? 2 : format === 3 ? 3 : 1;
    const size = littleEndian(block, 0, headerSize) >> (headerSize === 1 ? 3 : 4);
    check(size <= MAX_BLOCK);
    if (type === 1) return { literals: new Uint8Array(size).fill(byteAt(block, headerSize)), end: headerSize + 1 };
    check(headerSize + size <= block.length);
    return { literals: block.subarray(headerSize, headerSize + size), end: headerSize + size };
  }
  const headerSize = format <= 1 ? 3 : format + 2;
  const width = format <= 1 ? 10 : format === 2 ? 14 : 18;
  const header = Math.floor(littleEndian(block, 0, headerSize) / 16);
  const size = header % 2 ** width;
  const compressed = Math.floor(header / 2 ** width);
  const end = headerSize + compressed;
  check(size <= MAX_BLOCK && end <= block.length);
  let data = block.subarray(headerSize, end);
  if (type === 2) {
    const { table, end: tableEnd } = readHuffman(data);
    state.huffman = table;
    data = data.subarray(tableEnd);
  }
  const table = state.huffman;
  check(table !== undefined);
  const literals = new Uint8Array(size);
  if (format === 0) {
    decodeStream(table, data, literals);
    return { literals, end };
  }
  const part = (size + 3) >> 2;
  check(part * 3 <= size);
  let from = 6;
  for (let index = 0; index < 4; index++) {
    const to = index === 3 ? data.length : from + littleEndian(data, index * 2, 2);
    check(from < to && to <= data.length);
    decodeStream(
      table,
      data.subarray(from, to),
      literals.subarray(index * part, index === 3 ? size : (index + 1) * part),
    );
    from = to;
  }
  return { literals, end };
}

/** Base value and number of extra bits of each code. */
type Codes = readonly (readonly [number, number])[];

function codes(direct: number, offset: number, more: Codes): Codes {
  const plain = Array.from({ length: direct }, (_, index) => [index + offset, 0] as const);
  return [...plain, ...more];
}

const LITERAL_CODES = codes(16, 0, [
  [16, 1],
  [18, 1],
  [20, 1],
  [22, 1],
  [24, 2],
  [28, 2],
  [32, 3],
  [40, 3],
  [48, 4],
  [64, 6],
  [128, 7],
  [256, 8],
  [512, 9],
  [1024, 10],
  [2048, 11],
  [4096, 12],
  [8192, 13],
  [16384, 14],
  [32768, 15],
  [65536, 16],
]);

const MATCH_CODES = codes(32, 3, [
  [35, 1],
  [37, 1],
  [39, 1],
  [41, 1],
  [43, 2],
  [47, 2],
  [51, 3],
  [59, 3],
  [67, 4],
  [83, 4],
  [99, 5],
  [131, 7],
  [259, 8],
  [515, 9],
  [1027, 10],
  [2051, 11],
  [4099, 12],
  [8195, 13],
  [16387, 14],
  [32771, 15],
  [65539, 16],
]);

/** The three kinds of codes: literal lengths, offsets, match lengths, each with its default distribution. */
const KINDS = [
  {
    limits: { log: 9, symbols: 36 },
    defaultLog: 6,
    defaults: [
      4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
    ],
  },
  {
    limits: { log: 8, symbols: 32 },
    defaultLog: 5,
    defaults: [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
  },
  {
    limits: { log: 9, symbols: 53 },
    defaultLog: 6,
    defaults: [
      1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
      1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
    ],
  },
] as const;

const defaultTables: (FseTable | undefined)[] = [];

function readTable(
  state: FrameState,
  block: Uint8Array,
  place: { readonly at: number; readonly kind: 0 | 1 | 2; readonly mode: number },
): { readonly table: FseTable; readonly end: number } {
  const { at, kind, mode } = place;
  const { limits, defaultLog, defaults } = KINDS[kind];
  let end = at;
  let table: FseTable | undefined;
  if (mode === 0) {
    table = defaultTables[kind] ??= buildFse(defaults, defaultLog);
  } else if (mode === 1) {
    const symbol = byteAt(block, at);
    check(symbol < limits.symbols);
    table = { log: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), bases: new Uint16Array(1) };
    end = at + 1;
  } else if (mode === 2) {
    ({ table, end } = readDistribution(block, at, limits));
  } else {
    table = state.tables[kind];
  }
  check(table !== undefined);
  state.tables[kind] = table;
  return { table, end };
}

function decodeBlock(state: FrameState, block: Uint8Array): void {
  const { literals, end } = readLiterals(state, block);
  let at = end;
  const first = byteAt(block, at++);
  let count = first;
  if (first === 255) {
    count = littleEndian(block, at, 2) + 0x7f00;
    at += 2;
  } else if (first >= 128) count = (first - 128) * 256 + byteAt(block, at++);
  if (count === 0) {
    append(state, literals);
    return;
  }
  const modes = byteAt(block, at++);
  const literalLengths = readTable(state, block, { at, kind: 0, mode: modes >> 6 });
  const offsets = readTable(state, block, { at: literalLengths.end, kind: 1, mode: (modes >> 4) & 3 });
  const matches = readTable(state, block, { at: offsets.end, kind: 2, mode: (modes >> 2) & 3 });
  const stream = new BackwardBits(block.subarray(matches.end));
  const [ll, of, ml] = [literalLengths.table, offsets.table, matches.table];
  let llState = stream.take(ll.log);
  let ofState = stream.take(of.log);
  let mlState = stream.take(ml.log);
  let used = 0;
  const start = state.filled;
  for (let index = 0; index < count; index++) {
    const offsetCode = of.symbols[ofState] ?? 0;
    const literalCode = LITERAL_CODES[ll.symbols[llState] ?? 0];
    const matchCode = MATCH_CODES[ml.symbols[mlState] ?? 0];
    check(literalCode !== undefined && matchCode !== undefined);
    const offsetValue = 2 ** offsetCode + stream.take(offsetCode);
    const matchLength = matchCode[0] + stream.take(matchCode[1]);
    const literalLength = literalCode[0] + stream.take(literalCode[1]);
    if (index + 1 < count) {
      llState = (ll.bases[llState] ?? 0) + stream.take(ll.bits[llState] ?? 0);
      mlState = (ml.bases[mlState] ?? 0) + stream.take(ml.bits[mlState] ?? 0);
      ofState = (of.bases[ofState] ?? 0) + stream.take(of.bits[ofState] ?? 0);
    }
    check(stream.left >= 0 && used + literalLength <= literals.length);
    append(state, literals.subarray(used, used + literalLength));
    used += literalLength;
    copyMatch(state, offsetOf(state.repeats, offsetValue, literalLength), matchLength);
    check(state.filled - start <= MAX_BLOCK);
  }
  check(stream.left === 0);
  append(state, literals.subarray(used));
}

/** The distance that an offset value stands for; the three latest ones have short names. */
function offsetOf(repeats: [number, number, number], value: number, literalLength: number): number {
  let distance: number;
  if (value > 3) {
    distance = value - 3;
    repeats[2] = repeats[1];
    repeats[1] = repeats[0];
  } else {
    const index = value - 1 + (literalLength === 0 ? 1 : 0);
    distance = index === 3 ? repeats[0] - 1 : (repeats[index] ?? 0);
    check(distance > 0);
    if (index > 1) repeats[2] = repeats[1];
    if (index > 0) repeats[1] = repeats[0];
  }
  repeats[0] = distance;
  return distance;
}

function copyMatch(state: FrameState, distance: number, length: number): void {
  reserve(state, length);
  check(distance <= state.filled);
  const { output } = state;
  if (distance >= length) {
    output.copyWithin(state.filled, state.filled - distance, state.filled - distance + length);
    state.filled += length;
    return;
  }
  for (const end = state.filled + length; state.filled < end; state.filled++) {
    output[state.filled] = output[state.filled - distance] ?? 0;
  }
}
