/** Names in the string tables of object files, taken with a bound on their total length. */
import { decodeText } from "./bytes.ts";

/**
 * Bounds the total length of the names that are taken from one table. Real tables share suffixes a little; a hostile
 * one lets every entry point at one long text.
 */
export class NameBudget {
  #left: number;

  constructor(tableSize: number) {
    this.#left = tableSize * 4 + 1024 * 1024;
  }

  take(length: number): boolean {
    this.#left -= length;
    return this.#left >= 0;
  }
}

/** The zero-terminated name at an offset of a string table. Undefined outside of it or beyond the budget. */
export function nameIn(table: Uint8Array, at: number, budget: NameBudget): string | undefined {
  if (!(at < table.length)) return undefined;
  const end = table.indexOf(0, at);
  if (end === -1 || !budget.take(end - at + 1)) return undefined;
  return decodeText(table.subarray(at, end));
}
