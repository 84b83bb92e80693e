/** The values that a record of the build log is made of, as bytes: little endian, without names. It knows no record. */
import type { Digest } from "../base/digest.ts";

/** Puts values one after the other into a buffer of a size known beforehand. */
export class Writer {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafe(size);
  }

  u32(value: number): void {
    this.#at = this.#buffer.writeUInt32LE(value, this.#at);
  }

  f64(value: number): void {
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  digest(value: Digest): void {
    this.#at += this.#buffer.write(value, this.#at, 32, "hex");
  }

  u32List(values: ArrayLike<number>): void {
    this.u32(values.length);
    for (let i = 0; i < values.length; i++) this.u32(values[i] ?? 0);
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#at);
  }
}

/**
 * Takes values in the order in which they were put, from one range of a buffer after another. `failed` once one of them was
 * not all there.
 */
export class Reader {
  readonly #buffer: Buffer;
  #at = 0;
  #end = 0;
  failed = false;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  /** From here on, up to `end`. */
  range(from: number, end: number): void {
    this.#at = from;
    this.#end = end;
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#end) {
      this.failed = true;
      return -1;
    }
    this.#at += length;
    return at;
  }

  u32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#buffer.readUInt32LE(at);
  }

  f64(): number {
    const at = this.#take(8);
    return at < 0 ? 0 : this.#buffer.readDoubleLE(at);
  }

  digest(): Digest {
    const at = this.#take(32);
    return (at < 0 ? "" : this.#buffer.toString("hex", at, at + 32)) as Digest;
  }

  /** What is left, as a text. */
  text(): string {
    const at = this.#at;
    this.#at = this.#end;
    return this.#buffer.toString("utf8", at, this.#end);
  }

  u32List(): Uint32Array {
    const count = this.u32();
    const at = this.#take(count * 4);
    if (at < 0) return new Uint32Array();
    const list = new Uint32Array(count);
    for (let i = 0; i < count; i++) list[i] = this.#buffer.readUInt32LE(at + 4 * i);
    return list;
  }
}
