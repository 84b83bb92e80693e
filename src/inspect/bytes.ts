/**
 * Random access to bytes that may lie in a large file: ranges are read, never the whole. Every read is checked; what
 * lies outside gives `undefined`, and an offset that does not fit a safe integer counts as outside. Knows no format.
 */
import { isAbsolute } from "node:path";
import { InternalError } from "../base/failure.ts";
import type { FileSystem } from "../host/host.ts";

/** Something with bytes. Reading never throws: what cannot be had is left out. */
export interface ByteSource {
  readonly size: number;
  /** Bytes `[offset, offset + length)`, fewer where the source ends or cannot be read. */
  read(offset: number, length: number): Uint8Array;
}

/** Bytes of one page of a file's cache. */
const PAGE_SIZE = 4 * 1024;
/** Pages kept of one file (32 MiB). */
const MAX_PAGES = 8192;
/** A request of this size goes to the file directly. */
const DIRECT_READ = 256 * 1024;

const NO_BYTES = new Uint8Array(0);

function inRange(offset: number, length: number, size: number): boolean {
  return (
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    offset <= size &&
    length <= size - offset
  );
}

/** How much of `[offset, offset + length)` exists; undefined when nothing can. */
function clamp(offset: number, length: number, size: number): number {
  if (!Number.isSafeInteger(offset) || offset < 0 || offset >= size || !(length > 0)) return 0;
  return Math.min(length, size - offset);
}

/** Bytes in memory. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => {
      const available = clamp(offset, length, bytes.length);
      return available === 0 ? NO_BYTES : bytes.subarray(offset, offset + available);
    },
  };
}

/** A part of another source. A part that reaches beyond its source is cut there. */
export function sliceSource(source: ByteSource, offset: number, length: number): ByteSource {
  const size = clamp(offset, length, source.size);
  return {
    size,
    read: (inner, wanted) => {
      const available = clamp(inner, wanted, size);
      return available === 0 ? NO_BYTES : source.read(offset + inner, available);
    },
  };
}

/** Longer paths than this are none of Linux's; names from a damaged file may be. */
const MAX_PATH = 4096;

/** A file, read in ranges through a small page cache. Undefined when there is no such file, or it may not be looked at. */
export function fileSource(fs: Pick<FileSystem, "stat" | "readRange">, path: string): ByteSource | undefined {
  if (!isAbsolute(path) || path.length > MAX_PATH) return undefined;
  let stat;
  try {
    stat = fs.stat(path);
  } catch {
    return undefined;
  }
  if (stat?.kind !== "file") return undefined;
  return pagedSource(stat.size, (offset, length) => {
    try {
      return fs.readRange(path, offset, length) ?? NO_BYTES;
    } catch {
      return NO_BYTES;
    }
  });
}

/** Puts a page cache before something that is slow to read in small pieces. */
export function pagedSource(size: number, readRange: (offset: number, length: number) => Uint8Array): ByteSource {
  const pages = new Map<number, Uint8Array>();

  const keep = (index: number, page: Uint8Array): void => {
    if (pages.size >= MAX_PAGES) {
      const oldest = pages.keys().next();
      if (oldest.done !== true) pages.delete(oldest.value);
    }
    pages.set(index, page);
  };

  const load = (first: number, last: number): void => {
    const start = first * PAGE_SIZE;
    const bytes = readRange(start, Math.min((last + 1) * PAGE_SIZE, size) - start);
    for (let index = first; index <= last; index++) {
      const from = (index - first) * PAGE_SIZE;
      keep(index, bytes.slice(from, from + PAGE_SIZE));
    }
  };

  const read = (offset: number, length: number): Uint8Array => {
    const available = clamp(offset, length, size);
    if (available === 0) return NO_BYTES;
    if (available >= DIRECT_READ) return readRange(offset, available);
    const first = Math.floor(offset / PAGE_SIZE);
    const last = Math.floor((offset + available - 1) / PAGE_SIZE);
    for (let index = first; index <= last; index++) {
      const known = pages.get(index);
      if (known !== undefined) {
        // Newest again, so that no page of this request is dropped for a later one.
        pages.delete(index);
        pages.set(index, known);
        continue;
      }
      let end = index;
      while (end < last && !pages.has(end + 1)) end++;
      load(index, end);
      index = end;
    }
    const start = offset - first * PAGE_SIZE;
    if (first === last) return pages.get(first)?.subarray(start, start + available) ?? NO_BYTES;
    const whole = new Uint8Array((last - first + 1) * PAGE_SIZE);
    let filled = 0;
    for (let index = first; index <= last; index++) {
      const page = pages.get(index) ?? NO_BYTES;
      whole.set(page, filled);
      filled += page.length;
      if (page.length < PAGE_SIZE) break;
    }
    return whole.subarray(start, Math.max(start, Math.min(start + available, filled)));
  };

  return { size, read };
}

/** A run of bytes that is there in full: fields inside it need no further check. */
export class ByteRecord {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(bytes: Uint8Array, littleEndian: boolean) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#little = littleEndian;
  }

  get length(): number {
    return this.bytes.length;
  }

  u8(at: number): number {
    return this.#view.getUint8(this.#check(at, 1));
  }

  u16(at: number): number {
    return this.#view.getUint16(this.#check(at, 2), this.#little);
  }

  u32(at: number): number {
    return this.#view.getUint32(this.#check(at, 4), this.#little);
  }

  i32(at: number): number {
    return this.#view.getInt32(this.#check(at, 4), this.#little);
  }

  /** 64 bits. What exceeds a safe integer becomes the largest one, which fails every check against a size. */
  u64(at: number): number {
    this.#check(at, 8);
    const high = this.#view.getUint32(this.#little ? at + 4 : at, this.#little);
    const low = this.#view.getUint32(this.#little ? at : at + 4, this.#little);
    return high > 0x1f_ffff ? Number.MAX_SAFE_INTEGER : high * 0x1_0000_0000 + low;
  }

  /** Text in `[at, at + length)` up to its first zero byte. */
  text(at: number, length: number): string {
    const end = this.bytes.indexOf(0, at);
    const limit = Math.min(at + length, this.bytes.length);
    return decodeText(this.bytes.subarray(at, end === -1 || end > limit ? limit : end));
  }

  #check(at: number, length: number): number {
    if (!inRange(at, length, this.bytes.length)) {
      throw new InternalError(`a field at ${at} lies outside its record of ${this.bytes.length} bytes`);
    }
    return at;
  }
}

/** Reads numbers and texts of a source in one byte order. */
export class ByteReader {
  readonly source: ByteSource;
  readonly littleEndian: boolean;

  constructor(source: ByteSource, littleEndian: boolean) {
    this.source = source;
    this.littleEndian = littleEndian;
  }

  get size(): number {
    return this.source.size;
  }

  /** Whether `[offset, offset + length)` lies inside. */
  has(offset: number, length: number): boolean {
    return inRange(offset, length, this.source.size);
  }

  /** Exactly `length` bytes. */
  bytes(offset: number, length: number): Uint8Array | undefined {
    if (!this.has(offset, length)) return undefined;
    const bytes = this.source.read(offset, length);
    return bytes.length === length ? bytes : undefined;
  }

  /** Exactly `length` bytes as a record. */
  record(offset: number, length: number): ByteRecord | undefined {
    const bytes = this.bytes(offset, length);
    return bytes === undefined ? undefined : new ByteRecord(bytes, this.littleEndian);
  }

  u8(offset: number): number | undefined {
    return this.record(offset, 1)?.u8(0);
  }

  u16(offset: number): number | undefined {
    return this.record(offset, 2)?.u16(0);
  }

  u32(offset: number): number | undefined {
    return this.record(offset, 4)?.u32(0);
  }

  u64(offset: number): number | undefined {
    return this.record(offset, 8)?.u64(0);
  }

  /** A zero-terminated text. Undefined when it begins outside or does not end within `limit` bytes. */
  cString(offset: number, limit = 64 * 1024): string | undefined {
    let length = 0;
    let step = 256;
    while (length < limit) {
      length = Math.min(limit, length + step);
      const bytes = this.source.read(offset, length);
      const end = bytes.indexOf(0);
      if (end !== -1) return decodeText(bytes.subarray(0, end));
      if (bytes.length < length) return undefined;
      step *= 4;
    }
    return undefined;
  }
}

/** Names in object files are UTF-8 by custom; what is not comes with replacement characters. */
export function decodeText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
