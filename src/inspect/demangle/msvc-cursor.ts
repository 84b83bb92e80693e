/** Where the reader of Microsoft's names is, and how much work is left to it. */
import { fail } from "./nodes.ts";

const MAX_DEPTH = 96;
/** No name of a program is longer; hostile ones grow exponentially. */
const MAX_TEXT = 128 * 1024;

export class MsvcCursor {
  readonly text: string;
  at = 0;
  #depth = 0;
  #written = 0;

  constructor(text: string) {
    this.text = text;
  }

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** The character at some distance, empty at the end. */
  peek(distance = 0): string {
    return this.text.charAt(this.at + distance);
  }

  /** Takes a text if it comes next. */
  accept(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** Takes a character. */
  take(): string {
    if (this.atEnd) fail();
    return this.text.charAt(this.at++);
  }

  /** A digit, or hexadecimal digits written as letters and ended by `@`. */
  number(): number {
    const negative = this.accept("?");
    const first = this.peek();
    let value = 0;
    if (/\d/.test(first)) {
      this.at++;
      value = Number(first) + 1;
    } else {
      let digits = 0;
      for (;;) {
        const letter = this.take();
        if (letter === "@") break;
        const digit = letter.charCodeAt(0) - 65;
        if (digit < 0 || digit > 15 || ++digits > 12) fail();
        value = value * 16 + digit;
      }
    }
    return negative ? -value : value;
  }

  /** Applies a rule one level deeper. */
  nested<T>(rule: () => T): T {
    if (++this.#depth > MAX_DEPTH) fail();
    const result = rule();
    this.#depth--;
    return result;
  }

  /** Counts a text that was put together. */
  spend(text: string): string {
    this.#written += text.length;
    if (this.#written > MAX_TEXT * 16 || text.length > MAX_TEXT) fail();
    return text;
  }
}
