/**
 * Bytes of any kind to lines: encodings, damage, binary data, lines without end. Memory stays bounded whatever comes in.
 * What the lines say is not known here.
 */

import type { ByteSearch } from "./byte-search.ts";
import { markCode, markFact, markTorch } from "../needles.ts";

/** The longest part of a line that is kept, in bytes: its head and its tail. */
const headLength = 3_500;
const tailLength = 1_500;
/** Room for an unfinished line; a longer one is cut to head and tail. */
const carryLength = 16_384;
/** How much of the beginning decides whether this is text. */
const probeLength = 8_192;

/** Why something is no log. */
export interface NotText {
  /** `gzip`, `ELF`, … in words for a sentence: `a gzip archive`. */
  readonly what: string;
  /** What to do instead, when that is clear. */
  readonly hint?: string;
}

/** What was read. */
export interface ReadSummary {
  readonly bytes: number;
  readonly lines: number;
  readonly notText?: NotText;
}

const magics: readonly { readonly bytes: readonly number[]; readonly what: string; readonly hint?: string }[] = [
  { bytes: [0x7f, 0x45, 0x4c, 0x46], what: "an ELF file", hint: "retorch inspect reads built extensions" },
  { bytes: [0xcf, 0xfa, 0xed, 0xfe], what: "a Mach-O file", hint: "retorch inspect reads built extensions" },
  { bytes: [0xca, 0xfe, 0xba, 0xbe], what: "a Mach-O file", hint: "retorch inspect reads built extensions" },
  { bytes: [0x4d, 0x5a, 0x90, 0x00], what: "a Windows program or DLL", hint: "retorch inspect reads built extensions" },
  {
    bytes: [0x50, 0x4b, 0x03, 0x04],
    what: "a zip archive (a wheel is one)",
    hint: "unpack it first; retorch inspect reads wheels",
  },
  { bytes: [0x1f, 0x8b], what: "gzip-compressed", hint: "unpack it first, e.g. with gzip -dc" },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], what: "zstd-compressed", hint: "unpack it first, e.g. with zstd -dc" },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], what: "xz-compressed", hint: "unpack it first, e.g. with xz -dc" },
  { bytes: [0x42, 0x5a, 0x68], what: "bzip2-compressed", hint: "unpack it first, e.g. with bzip2 -dc" },
  {
    bytes: [0x89, 0x50, 0x4e, 0x47],
    what: "a PNG picture",
    hint: "text is needed: copy the words instead of the screen",
  },
  { bytes: [0xff, 0xd8, 0xff], what: "a JPEG picture", hint: "text is needed: copy the words instead of the screen" },
  { bytes: [0x25, 0x50, 0x44, 0x46], what: "a PDF file", hint: "text is needed" },
];

type Encoding = "utf-8" | "utf-16le" | "utf-16be";

/** The line that the reader stands at: valid until the next one. */
export interface LineAt {
  /** From 1. */
  readonly number: number;
  /** Of all words in it. */
  readonly marks: number;
  /** Which words in which order: two lines of one kind have the same. */
  readonly signature: number;
  /** The same of the words that tell of the machine, which the signature leaves out. */
  readonly told: number;
  /** The line, cut in the middle when it is long. */
  text(): string;
}

/**
 * Splits a stream of bytes into lines, looks for words in them, and hands each to `take`; a line becomes a text when it
 * is asked for. Stops early, with the reason, when the beginning is binary. Holds one chunk and one cut line at a time.
 */
export class LogReader implements LineAt {
  number = 0;
  marks = 0;
  signature = 0;
  told = 0;
  /** The line: head and tail within `#bytes`, or all of it in the head. */
  #bytes: Uint8Array = new Uint8Array(0);
  #from = 0;
  #to = 0;
  #cut = false;

  readonly #search: ByteSearch;
  readonly #take: (line: LineAt) => void;
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  /** Of UTF-16; UTF-8 is read as it is. */
  #decoder: InstanceType<typeof TextDecoder> | undefined;
  #begun = false;
  #probe: Uint8Array[] = [];
  #probed = 0;
  #read = 0;
  #notText: NotText | undefined;

  /** An unfinished line: its bytes, how long it is in all, whether it ends at carriage returns, too. */
  readonly #carry = new Uint8Array(carryLength);
  #carried = 0;
  #length = 0;
  #carryCut = false;
  #returns = false;
  #state = 0;
  #lastHit = 0;

  constructor(search: ByteSearch, take: (line: LineAt) => void, linesBefore = 0) {
    this.#search = search;
    this.#take = take;
    this.number = linesBefore;
  }

  text(): string {
    if (!this.#cut && this.#to - this.#from <= headLength + tailLength) return this.#decode(this.#from, this.#to);
    return `${this.#decode(this.#from, this.#from + headLength)} … ${this.#decode(this.#to - tailLength, this.#to)}`;
  }

  /** Takes a part of the log. False when the rest need not be read. */
  push(chunk: Uint8Array): boolean {
    if (this.#notText !== undefined) return false;
    this.#read += chunk.length;
    if (!this.#begun) {
      this.#probe.push(chunk);
      this.#probed += chunk.length;
      if (this.#probed < probeLength) return true;
      return this.#begin();
    }
    this.#part(chunk);
    return true;
  }

  /** Takes a part that is known to be text in UTF-8. */
  pushText(bytes: Uint8Array): void {
    this.#begun = true;
    this.#scan(bytes);
  }

  /** Bytes of this log, the last ones, in the encoding that lines are read in. */
  inUtf8(bytes: Uint8Array): Uint8Array {
    const encoding = this.#decoder?.encoding;
    if (encoding === undefined) return bytes;
    // From a whole character on.
    const even = bytes.subarray(bytes.length % 2 === this.#read % 2 ? 0 : 1);
    return new TextEncoder().encode(new TextDecoder(encoding).decode(even));
  }

  /** Ends the log. */
  finish(): ReadSummary {
    if (!this.#begun && this.#notText === undefined) this.#begin();
    if (this.#notText === undefined) {
      if (this.#decoder !== undefined) this.#scan(new TextEncoder().encode(this.#decoder.decode()));
      if (this.#length > 0) this.#emitCarried();
    }
    return {
      bytes: this.#read,
      lines: this.number,
      ...(this.#notText === undefined ? {} : { notText: this.#notText }),
    };
  }

  #begin(): boolean {
    const start = concatenate(this.#probe, this.#probed);
    this.#probe = [];
    const verdict = judge(start.subarray(0, probeLength));
    if (typeof verdict !== "string") {
      this.#notText = verdict;
      return false;
    }
    this.#begun = true;
    if (verdict !== "utf-8") this.#decoder = new TextDecoder(verdict, { fatal: false });
    this.#part(verdict === "utf-8" && start[0] === 0xef && start[1] === 0xbb ? start.subarray(3) : start);
    return true;
  }

  #part(bytes: Uint8Array): void {
    if (this.#decoder === undefined) this.#scan(bytes);
    else this.#scan(new TextEncoder().encode(this.#decoder.decode(bytes, { stream: true })));
  }

  /** One step for each byte. What changes with each is held in local variables: that makes it several times as fast. */
  #scan(bytes: Uint8Array): void {
    const { columns, width, next, marks: marksOf } = this.#search;
    let state = this.#state;
    let marks = this.marks;
    let signature = this.signature;
    let told = this.told;
    let lastHit = this.#lastHit;
    let start = 0;
    /** A carriage return from here on ends the line: it is longer than what is kept. */
    let longFrom = this.#returns ? 0 : Math.max(0, headLength + tailLength - this.#length);
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      state = next[state * width + (columns[byte] ?? 0)] ?? 0;
      const hit = marksOf[state] ?? 0;
      if (hit !== 0) {
        marks |= hit;
        if (state !== lastHit && (hit & ~(markCode | markFact | markTorch)) !== 0) {
          signature = (Math.imul(signature, 31) + state) | 0;
          lastHit = state;
        }
        if ((hit & markFact) !== 0) told = (Math.imul(told, 31) + state) | 0;
      }
      if (byte === 10 || (byte === 13 && at >= longFrom && (at > start || this.#length > 0))) {
        this.marks = marks;
        this.signature = signature;
        this.told = told;
        const soft = byte === 13;
        this.#end(bytes, start, at, soft);
        this.#returns = soft;
        start = at + 1;
        longFrom = soft ? start : start + headLength + tailLength;
        state = 0;
        marks = 0;
        signature = 0;
        told = 0;
        lastHit = 0;
      }
    }
    this.marks = marks;
    this.signature = signature;
    this.told = told;
    this.#state = state;
    this.#lastHit = lastHit;
    if (start < bytes.length) this.#grow(bytes, start, bytes.length);
  }

  /** The line that ends here. After a carriage return the next one has the same number. */
  #end(bytes: Uint8Array, start: number, at: number, soft: boolean): void {
    if (this.#length > 0) {
      this.#grow(bytes, start, at);
      this.#emitCarried(soft);
    } else this.#emit(bytes, start, at, false, soft);
  }

  /** Adds to the unfinished line, keeping its head and its tail. */
  #grow(bytes: Uint8Array, from: number, to: number): void {
    this.#length += to - from;
    if (this.#carried + (to - from) <= carryLength) {
      this.#carry.set(bytes.subarray(from, to), this.#carried);
      this.#carried += to - from;
      return;
    }
    const carry = this.#carry;
    if (this.#carried < headLength) {
      const taken = headLength - this.#carried;
      carry.set(bytes.subarray(from, from + taken), this.#carried);
      this.#carried = headLength;
      from += taken;
    }
    const fresh = Math.min(tailLength, to - from);
    const kept = Math.min(tailLength - fresh, this.#carried - headLength);
    carry.copyWithin(headLength, this.#carried - kept, this.#carried);
    carry.set(bytes.subarray(to - fresh, to), headLength + kept);
    this.#carried = headLength + kept + fresh;
    this.#carryCut = true;
  }

  #emitCarried(soft = false): void {
    const end = this.#carried;
    const cut = this.#carryCut;
    this.#carried = 0;
    this.#length = 0;
    this.#carryCut = false;
    this.#emit(this.#carry, 0, end, cut, soft);
  }

  #emit(bytes: Uint8Array, from: number, to: number, cut: boolean, soft: boolean): void {
    this.#bytes = bytes;
    if (!this.#returns) this.number++;
    this.#cut = cut;
    if (soft && !this.#returns && !cut) {
      // What was printed over before the line was known to be long.
      const { marks, signature, told } = this;
      for (let start = from; start < to;) {
        let end = start;
        while (end < to && bytes[end] !== 13) end++;
        this.#from = start;
        this.#to = end;
        this.marks = marks;
        this.signature = signature;
        this.told = told;
        if (end > start) this.#take(this);
        start = end + 1;
      }
    } else {
      this.#from = from;
      this.#to = to > from && bytes[to - 1] === 13 ? to - 1 : to;
      this.#take(this);
    }
    this.marks = 0;
    this.signature = 0;
    this.told = 0;
  }

  /** Bytes as text; what was cut within a character loses that character. */
  #decode(from: number, to: number): string {
    const bytes = this.#bytes;
    while (from < to && from > this.#from && ((bytes[from] ?? 0) & 0xc0) === 0x80) from++;
    if (to < this.#to && ((bytes[to] ?? 0) & 0xc0) === 0x80) {
      while (to > from && ((bytes[to - 1] ?? 0) & 0xc0) === 0x80) to--;
      if (to > from) to--;
    }
    return this.#utf8.decode(bytes.subarray(from, to));
  }
}

function concatenate(parts: readonly Uint8Array[], length: number): Uint8Array {
  const single = parts[0];
  if (parts.length === 1 && single !== undefined) return single;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The encoding of a text, or why it is none. */
function judge(start: Uint8Array): Encoding | NotText {
  if (start[0] === 0xff && start[1] === 0xfe) return "utf-16le";
  if (start[0] === 0xfe && start[1] === 0xff) return "utf-16be";
  for (const magic of magics) {
    if (magic.bytes.every((byte, index) => start[index] === byte)) {
      return { what: magic.what, ...(magic.hint === undefined ? {} : { hint: magic.hint }) };
    }
  }
  let even = 0;
  let odd = 0;
  let odds = 0;
  for (let i = 0; i < start.length; i++) {
    const byte = start[i] ?? 0;
    if (byte === 0) {
      if (i % 2 === 0) even++;
      else odd++;
    } else if (byte < 7 || (byte > 13 && byte < 27) || (byte > 27 && byte < 32)) odds++;
  }
  const pairs = start.length / 2;
  if (pairs >= 4 && odd > pairs * 0.7 && even < pairs * 0.05) return "utf-16le";
  if (pairs >= 4 && even > pairs * 0.7 && odd < pairs * 0.05) return "utf-16be";
  if (start.length >= 32 && (even + odd > start.length * 0.02 || odds > start.length * 0.05))
    return { what: "binary data" };
  return "utf-8";
}
