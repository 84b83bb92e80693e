/**
 * Bytes of any kind to lines: encodings, damage, binary data, lines without end. Memory stays bounded whatever comes in.
 * What the lines say is not known here.
 */

/** The longest part of a line that is kept: its head and its tail. */
const headLength = 3_500;
const tailLength = 1_500;
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

/**
 * Splits a stream of bytes into lines and hands each to `take`. Stops early, with the reason, when the beginning is
 * binary. Holds one chunk and one cut line at a time.
 */
export class LogReader {
  #decoder: InstanceType<typeof TextDecoder> | undefined;
  #probe: Uint8Array[] = [];
  #probed = 0;
  #rest = "";
  /** The tail of a line that is too long; undefined while the line is short. */
  #tail: string | undefined;
  #bytes = 0;
  #lines = 0;
  #notText: NotText | undefined;
  readonly #take: (line: string, number: number) => void;

  constructor(take: (line: string, number: number) => void) {
    this.#take = take;
  }

  /** Takes a part of the log. False when the rest need not be read. */
  push(chunk: Uint8Array): boolean {
    if (this.#notText !== undefined) return false;
    this.#bytes += chunk.length;
    if (this.#decoder === undefined) {
      this.#probe.push(chunk);
      this.#probed += chunk.length;
      if (this.#probed < probeLength) return true;
      return this.#begin();
    }
    this.#text(this.#decoder.decode(chunk, { stream: true }));
    return true;
  }

  /** Ends the log. */
  finish(): ReadSummary {
    if (this.#decoder === undefined && this.#notText === undefined) this.#begin();
    if (this.#decoder !== undefined) {
      this.#text(this.#decoder.decode());
      if (this.#rest !== "" || this.#tail !== undefined) this.#emit();
    }
    return {
      bytes: this.#bytes,
      lines: this.#lines,
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
    this.#decoder = new TextDecoder(verdict, { fatal: false });
    this.#text(this.#decoder.decode(start, { stream: true }));
    return true;
  }

  #text(text: string): void {
    let from = 0;
    for (;;) {
      const end = text.indexOf("\n", from);
      if (end < 0) break;
      if (this.#rest === "" && this.#tail === undefined) {
        this.#lines++;
        this.#take(cutLine(text, from, end), this.#lines);
      } else {
        this.#grow(text, from, end);
        this.#emit();
      }
      from = end + 1;
    }
    if (from < text.length) this.#grow(text, from, text.length);
  }

  /** Adds to the unfinished line, keeping its head and its tail. */
  #grow(text: string, from: number, to: number): void {
    const room = headLength - this.#rest.length;
    if (room > 0) {
      const taken = Math.min(room, to - from);
      this.#rest += text.slice(from, from + taken);
      from += taken;
    }
    if (from < to)
      this.#tail = ((this.#tail ?? "") + text.slice(Math.max(from, to - tailLength), to)).slice(-tailLength);
  }

  #emit(): void {
    this.#lines++;
    const line = this.#tail === undefined ? this.#rest : `${this.#rest} … ${this.#tail}`;
    this.#rest = "";
    this.#tail = undefined;
    this.#take(line, this.#lines);
  }
}

function cutLine(text: string, from: number, end: number): string {
  const to = end > from && text.charCodeAt(end - 1) === 13 ? end - 1 : end;
  if (to - from <= headLength + tailLength) return text.slice(from, to);
  return `${text.slice(from, from + headLength)} … ${text.slice(to - tailLength, to)}`;
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
