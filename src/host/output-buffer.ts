/**
 * Collects what a program prints, as bytes, and keeps no more than a given amount: the beginning and the end, since
 * compilers say the cause first and the summary last. Decoded once, so that no character is cut between two pieces.
 */

/** Bytes of one stream, bounded. */
export class OutputBuffer {
  readonly #half: number;
  readonly #head: Uint8Array[] = [];
  #headSize = 0;
  #tail: Uint8Array[] = [];
  #tailSize = 0;
  #dropped = 0;

  /** @param limit Bytes that are kept at most. */
  constructor(limit: number) {
    this.#half = Math.floor(limit / 2);
  }

  add(chunk: Uint8Array): void {
    const room = this.#half - this.#headSize;
    if (room > 0) {
      const part = chunk.subarray(0, room);
      this.#head.push(part);
      this.#headSize += part.length;
    }
    if (chunk.length <= room) return;
    const rest = chunk.subarray(Math.max(0, room));
    this.#tail.push(rest);
    this.#tailSize += rest.length;
    // In batches: taking from the front of an array again and again would be quadratic.
    if (this.#tailSize > 2 * this.#half + 65_536) this.#trim();
  }

  /** Everything that was kept, with a line in the place of what was not. */
  text(): string {
    this.#trim();
    const head = Buffer.concat(this.#head);
    const tail = Buffer.concat(this.#tail);
    if (this.#dropped === 0) return Buffer.concat([head, tail]).toString("utf8");
    return `${head.toString("utf8")}\n[... ${this.#dropped} bytes of output left out ...]\n${tail.toString("utf8")}`;
  }

  #trim(): void {
    const excess = this.#tailSize - this.#half;
    if (excess <= 0) return;
    const tail = Buffer.concat(this.#tail).subarray(excess);
    this.#tail = [tail];
    this.#tailSize = tail.length;
    this.#dropped += excess;
  }
}
