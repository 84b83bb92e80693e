/** A terminal as reporters need it: a grid that breaks long lines, scrolls, and obeys the few sequences in use. */
import { textWidth } from "../../../src/report/text-width.ts";
import type { Terminal } from "../../../src/report/terminal.ts";

export class FakeTerminal implements Terminal {
  columns: number;
  rows: number;
  /** Everything that was written. */
  written = "";
  frames = 0;
  #lines: string[] = [""];
  #row = 0;
  #inFrame = false;

  constructor(columns = 60, rows = 24) {
    this.columns = columns;
    this.rows = rows;
  }

  /** What is to be seen, with what scrolled off at the top. */
  get screen(): string {
    return this.#lines.map((line) => line.trimEnd()).join("\n");
  }

  write(text: string): void {
    this.written += text;
    const pattern = /\u001B\[([?0-9;]*)([A-Za-z])|\r|\n|[^\u001B\r\n]+/g;
    let at = 0;
    for (const match of text.matchAll(pattern)) {
      if (match.index !== at) throw new Error(`cannot read ${JSON.stringify(text.slice(at, match.index))}`);
      at += match[0].length;
      this.#take(match[0], match[1] ?? "", match[2]);
    }
    if (at !== text.length) throw new Error(`cannot read ${JSON.stringify(text.slice(at))}`);
  }

  #take(text: string, parameter: string, command: string | undefined): void {
    if (text === "\n") {
      this.#row++;
      this.#lines[this.#row] ??= "";
    } else if (text === "\r") {
      // The reporters only return at the beginning of a line.
    } else if (command === undefined) {
      for (const character of text) {
        const line = this.#lines[this.#row] ?? "";
        if (textWidth(line) + textWidth(character) > this.columns) {
          this.#row++;
          this.#lines[this.#row] = character;
        } else this.#lines[this.#row] = line + character;
      }
    } else if (command === "A") {
      this.#row -= Number(parameter);
      if (this.#row < 0) throw new Error("above the top of the terminal");
    } else if (command === "J") {
      this.#lines.length = this.#row + 1;
      this.#lines[this.#row] = "";
    } else if (parameter === "?2026" && (command === "h" || command === "l")) {
      if (this.#inFrame === (command === "h")) throw new Error("frames do not match");
      this.#inFrame = command === "h";
      if (!this.#inFrame) this.frames++;
    } else if (command !== "m") throw new Error(`unknown sequence ${parameter}${command}`);
  }

  /** A terminal that became narrower breaks the lines that no longer fit. */
  resize(columns: number): void {
    this.columns = columns;
    const old = this.#lines;
    this.#lines = [];
    for (const line of old) {
      let rest = "";
      for (const character of line) {
        if (textWidth(rest) + textWidth(character) > columns) {
          this.#lines.push(rest);
          rest = "";
        }
        rest += character;
      }
      this.#lines.push(rest);
    }
    this.#row = this.#lines.length - 1;
  }
}
