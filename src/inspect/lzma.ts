/**
 * Decoder of LZMA streams as zip archives hold them (method 14); Node has none. Damaged input gives `undefined`, never
 * more bytes than were promised.
 *
 * Format: Igor Pavlov, "LZMA specification" (2015); APPNOTE.TXT, 5.8, for the header in zip archives.
 */

const TOP = 2 ** 24;
const MODEL_BITS = 11;
const HALF = 1 << (MODEL_BITS - 1);
const MOVE_BITS = 5;
const STATES = 12;
const POSITION_STATES = 16;

class Damaged extends Error {}

function probabilities(count: number): Uint16Array {
  return new Uint16Array(count).fill(HALF);
}

class RangeDecoder {
  readonly #input: Uint8Array;
  #at: number;
  #range = 0xffff_ffff;
  #code = 0;

  constructor(input: Uint8Array, at: number) {
    this.#input = input;
    this.#at = at;
    if (this.#next() !== 0) throw new Damaged();
    for (let index = 0; index < 4; index++) this.#code = ((this.#code << 8) | this.#next()) >>> 0;
  }

  #next(): number {
    const byte = this.#input[this.#at++];
    if (byte === undefined) throw new Damaged();
    return byte;
  }

  bit(table: Uint16Array, index: number): number {
    const probability = table[index] ?? HALF;
    const bound = (this.#range >>> MODEL_BITS) * probability;
    let bit: number;
    if (this.#code < bound) {
      table[index] = probability + (((1 << MODEL_BITS) - probability) >>> MOVE_BITS);
      this.#range = bound;
      bit = 0;
    } else {
      table[index] = probability - (probability >>> MOVE_BITS);
      this.#code -= bound;
      this.#range -= bound;
      bit = 1;
    }
    if (this.#range < TOP) {
      this.#range = (this.#range * 256) >>> 0;
      this.#code = ((this.#code << 8) | this.#next()) >>> 0;
    }
    return bit;
  }

  direct(count: number): number {
    let result = 0;
    for (; count > 0; count--) {
      this.#range >>>= 1;
      let bit = 0;
      if (this.#code >= this.#range) {
        this.#code -= this.#range;
        bit = 1;
      }
      if (this.#range < TOP) {
        this.#range = (this.#range * 256) >>> 0;
        this.#code = ((this.#code << 8) | this.#next()) >>> 0;
      }
      result = result * 2 + bit;
    }
    return result;
  }

  /** The highest bit first. */
  tree(table: Uint16Array, bits: number, base = 0): number {
    let node = 1;
    for (let index = 0; index < bits; index++) node = node * 2 + this.bit(table, base + node);
    return node - (1 << bits);
  }

  /** The lowest bit first. */
  reverseTree(table: Uint16Array, bits: number, base: number): number {
    let node = 1;
    let result = 0;
    for (let index = 0; index < bits; index++) {
      const bit = this.bit(table, base + node);
      node = node * 2 + bit;
      result |= bit << index;
    }
    return result;
  }
}

/** How long a match is: 2 to 273. */
class LengthDecoder {
  readonly #choice = probabilities(2);
  readonly #low = probabilities(POSITION_STATES * 8);
  readonly #middle = probabilities(POSITION_STATES * 8);
  readonly #high = probabilities(256);

  decode(range: RangeDecoder, positionState: number): number {
    if (range.bit(this.#choice, 0) === 0) return 2 + range.tree(this.#low, 3, positionState * 8);
    if (range.bit(this.#choice, 1) === 0) return 10 + range.tree(this.#middle, 3, positionState * 8);
    return 18 + range.tree(this.#high, 8);
  }
}

/** The content of a zip member of method 14, which has exactly `size` bytes. */
export function decodeZipLzma(packed: Uint8Array, size: number): Uint8Array | undefined {
  try {
    // Version of the program, length of the properties: five bytes.
    if (packed.length < 9 || packed[2] !== 5 || packed[3] !== 0) return undefined;
    return decode(packed, { first: packed[4] ?? 0, at: 9 }, size);
  } catch (error) {
    if (error instanceof Damaged) return undefined;
    throw error;
  }
}

function decode(
  packed: Uint8Array,
  { first, at }: { readonly first: number; readonly at: number },
  size: number,
): Uint8Array {
  if (first >= 9 * 5 * 5) throw new Damaged();
  const literalContext = first % 9;
  const literalPosition = Math.floor(first / 9) % 5;
  const positionMask = (1 << Math.floor(first / 45)) - 1;
  if (literalContext + literalPosition > 12) throw new Damaged();
  const literals = probabilities(0x300 << (literalContext + literalPosition));
  const isMatch = probabilities(STATES * POSITION_STATES);
  const isRepeat = probabilities(STATES);
  const isRepeat0 = probabilities(STATES);
  const isRepeat1 = probabilities(STATES);
  const isRepeat2 = probabilities(STATES);
  const isRepeat0Long = probabilities(STATES * POSITION_STATES);
  const slots = probabilities(4 * 64);
  const near = probabilities(128);
  const align = probabilities(16);
  const matchLength = new LengthDecoder();
  const repeatLength = new LengthDecoder();
  const range = new RangeDecoder(packed, at);
  const output = new Uint8Array(size);
  let filled = 0;
  let state = 0;
  let [last, second, third, fourth] = [0, 0, 0, 0];

  const literal = (): void => {
    const previous = filled > 0 ? (output[filled - 1] ?? 0) : 0;
    const context = ((filled & ((1 << literalPosition) - 1)) << literalContext) + (previous >> (8 - literalContext));
    const base = 0x300 * context;
    let symbol = 1;
    if (state >= 7) {
      let match = output[filled - last - 1] ?? 0;
      do {
        const matchBit = (match >> 7) & 1;
        match = (match << 1) & 0xff;
        const bit = range.bit(literals, base + ((1 + matchBit) << 8) + symbol);
        symbol = symbol * 2 + bit;
        if (matchBit !== bit) break;
      } while (symbol < 0x100);
    }
    while (symbol < 0x100) symbol = symbol * 2 + range.bit(literals, base + symbol);
    output[filled++] = symbol & 0xff;
    state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
  };

  const distance = (length: number): number => {
    const slot = range.tree(slots, 6, Math.min(length - 2, 3) * 64);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const start = (2 | (slot & 1)) * 2 ** bits;
    if (slot < 14) return start + range.reverseTree(near, bits, start - slot);
    return start + range.direct(bits - 4) * 16 + range.reverseTree(align, 4, 0);
  };

  while (filled < size) {
    const positionState = filled & positionMask;
    if (range.bit(isMatch, state * POSITION_STATES + positionState) === 0) {
      literal();
      continue;
    }
    let length: number;
    if (range.bit(isRepeat, state) === 0) {
      [fourth, third, second] = [third, second, last];
      length = matchLength.decode(range, positionState);
      state = state < 7 ? 7 : 10;
      last = distance(length);
      // The mark of the end, before all is there.
      if (last === 0xffff_ffff) throw new Damaged();
    } else {
      if (filled === 0) throw new Damaged();
      if (range.bit(isRepeat0, state) === 0) {
        if (range.bit(isRepeat0Long, state * POSITION_STATES + positionState) === 0) {
          if (last >= filled) throw new Damaged();
          state = state < 7 ? 9 : 11;
          output[filled] = output[filled - last - 1] ?? 0;
          filled++;
          continue;
        }
      } else if (range.bit(isRepeat1, state) === 0) [last, second] = [second, last];
      else if (range.bit(isRepeat2, state) === 0) [last, second, third] = [third, last, second];
      else [last, second, third, fourth] = [fourth, last, second, third];
      length = repeatLength.decode(range, positionState);
      state = state < 7 ? 8 : 11;
    }
    if (last >= filled) throw new Damaged();
    const end = Math.min(size, filled + length);
    for (let from = filled - last - 1; filled < end; from++, filled++) output[filled] = output[from] ?? 0;
  }
  return output;
}
