/** The entropy codes of Zstandard: bits read backwards, finite state entropy, Huffman codes. RFC 8878, chapter 4. */

/** Thrown inside the decoder only: the input is damaged. */
export class Damaged extends Error {}

/** Ends the decoding when the input is damaged. */
export function check(condition: boolean): asserts condition {
  if (!condition) throw new Damaged();
}

export function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  check(byte !== undefined);
  return byte;
}

export function littleEndian(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let index = length - 1; index >= 0; index--) value = value * 256 + byteAt(bytes, at + index);
  return value;
}

/** Index of the highest bit that is set; the value is not 0. */
export function highBit(value: number): number {
  return 31 - Math.clz32(value);
}

/** Reads bits from the end of some bytes towards their beginning. Beyond the beginning there are zeros. */
export class BackwardBits {
  /** Bits that are left; negative when more was taken than there was. */
  left: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    const last = byteAt(bytes, bytes.length - 1);
    // The highest set bit of the last byte only marks the end.
    check(last !== 0);
    this.#bytes = bytes;
    this.left = (bytes.length - 1) * 8 + highBit(last);
  }

  take(count: number): number {
    if (count === 0) return 0;
    this.left -= count;
    if (this.left >= 0) return this.#at(this.left, count);
    const there = count + this.left;
    return there <= 0 ? 0 : this.#at(0, there) * 2 ** -this.left;
  }

  #at(bit: number, count: number): number {
    const first = bit >> 3;
    const shift = bit & 7;
    const bytes = this.#bytes;
    let value = 0;
    for (let index = first + ((shift + count - 1) >> 3); index >= first; index--)
      value = value * 256 + (bytes[index] ?? 0);
    return Math.floor(value / 2 ** shift) % 2 ** count;
  }
}

/** A table of finite state entropy: symbols, and how each state leads to the next. */
export interface FseTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/** The table of a distribution of symbols. */
export function buildFse(counts: readonly number[], log: number): FseTable {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  const next: number[] = [];
  let high = size;
  counts.forEach((count, symbol) => {
    next[symbol] = Math.abs(count);
    if (count === -1) {
      check(high > 0);
      symbols[--high] = symbol;
    }
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let place = 0;
  counts.forEach((count, symbol) => {
    for (let index = 0; index < count; index++) {
      symbols[place] = symbol;
      do place = (place + step) & (size - 1);
      while (place >= high);
    }
  });
  check(place === 0);
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  for (let index = 0; index < size; index++) {
    const symbol = symbols[index] ?? 0;
    const value = next[symbol] ?? 0;
    check(value > 0);
    next[symbol] = value + 1;
    const width = log - highBit(value);
    bits[index] = width;
    bases[index] = (value << width) - size;
  }
  return { log, symbols, bits, bases };
}

/** The distribution of symbols that precedes an FSE stream; and where it ends. */
export function readDistribution(
  bytes: Uint8Array,
  at: number,
  limits: { readonly log: number; readonly symbols: number },
): { readonly table: FseTable; readonly end: number } {
  let bit = at * 8;
  const take = (count: number): number => {
    const first = bit >> 3;
    const value = littleEndian(bytes, first, Math.min(4, bytes.length - first)) / 2 ** (bit & 7);
    check(bit + count <= bytes.length * 8);
    bit += count;
    return Math.floor(value) % 2 ** count;
  };
  const log = take(4) + 5;
  check(log <= limits.log);
  let remaining = 1 << log;
  const counts: number[] = [];
  while (remaining > 0) {
    check(counts.length < limits.symbols);
    const width = highBit(remaining + 1) + 1;
    let value = take(width);
    const low = (1 << (width - 1)) - 1;
    const threshold = (1 << width) - 1 - (remaining + 1);
    if ((value & low) < threshold) {
      bit--;
      value &= low;
    } else if (value > low) value -= threshold;
    const count = value - 1;
    remaining -= Math.abs(count);
    counts.push(count);
    if (count !== 0) continue;
    for (let repeat = 3; repeat === 3;) {
      repeat = take(2);
      for (let index = 0; index < repeat; index++) counts.push(0);
      check(counts.length <= limits.symbols);
    }
  }
  check(remaining === 0);
  return { table: buildFse(counts, log), end: (bit + 7) >> 3 };
}

/** A Huffman code: what so many bits stand for, and how many of them are used. */
export interface HuffmanTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

/** The Huffman code that precedes literals; and where it ends. */
export function readHuffman(bytes: Uint8Array): { readonly table: HuffmanTable; readonly end: number } {
  const header = byteAt(bytes, 0);
  const weights: number[] = [];
  let end: number;
  if (header >= 128) {
    const count = header - 127;
    end = 1 + ((count + 1) >> 1);
    for (let index = 0; index < count; index++) {
      const byte = byteAt(bytes, 1 + (index >> 1));
      weights.push(index % 2 === 0 ? byte >> 4 : byte & 15);
    }
  } else {
    end = 1 + header;
    check(end <= bytes.length);
    readWeights(bytes.subarray(1, end), weights);
  }
  return { table: buildHuffman(weights), end };
}

function readWeights(bytes: Uint8Array, weights: number[]): void {
  const { table, end } = readDistribution(bytes, 0, { log: 6, symbols: 256 });
  const stream = new BackwardBits(bytes.subarray(end));
  const states = [stream.take(table.log), stream.take(table.log)];
  check(stream.left >= 0);
  for (let turn = 0; weights.length < 255; turn ^= 1) {
    const state = states[turn] ?? 0;
    weights.push(table.symbols[state] ?? 0);
    states[turn] = (table.bases[state] ?? 0) + stream.take(table.bits[state] ?? 0);
    if (stream.left < 0) {
      weights.push(table.symbols[states[turn ^ 1] ?? 0] ?? 0);
      return;
    }
  }
  throw new Damaged();
}

function buildHuffman(weights: number[]): HuffmanTable {
  let sum = 0;
  for (const weight of weights) {
    check(weight <= 12);
    if (weight > 0) sum += 1 << (weight - 1);
  }
  check(sum > 0 && weights.length < 256);
  const log = highBit(sum) + 1;
  const left = (1 << log) - sum;
  check(log <= 12 && (left & (left - 1)) === 0);
  const lengths = [...weights, highBit(left) + 1].map((weight) => (weight === 0 ? 0 : log + 1 - weight));
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  const bits = new Uint8Array(size);
  // Codes are given to the longest first, in the order of the symbols.
  let place = 0;
  for (let length = log; length > 0; length--) {
    lengths.forEach((own, symbol) => {
      if (own !== length) return;
      const span = 1 << (log - length);
      check(place + span <= size);
      symbols.fill(symbol, place, place + span);
      bits.fill(length, place, place + span);
      place += span;
    });
  }
  check(place === size);
  return { log, symbols, bits };
}

/** Fills a part of the literals from a stream of Huffman codes. */
export function decodeStream(table: HuffmanTable, bytes: Uint8Array, output: Uint8Array): void {
  const stream = new BackwardBits(bytes);
  const mask = (1 << table.log) - 1;
  let state = stream.take(table.log);
  for (let index = 0; index < output.length; index++) {
    output[index] = table.symbols[state] ?? 0;
    const width = table.bits[state] ?? 0;
    state = ((state << width) + stream.take(width)) & mask;
  }
  check(stream.left === -table.log);
}
