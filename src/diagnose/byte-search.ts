/**
 * Many words looked for at once in bytes: the automaton of Aho and Corasick (CACM 18, 1975), laid out as one table, so that
 * a byte costs one step whatever the number of words. What the words mean is not known here.
 */

/** A word and the marks of a text that has it. */
export interface Needle {
  readonly text: string;
  /** Bits. */
  readonly marks: number;
}

/** The table. State 0 is the start. */
export interface ByteSearch {
  /** The column of a byte: bytes that no word has share column 0. */
  readonly columns: Uint8Array;
  /** Where a state's row begins, by state and column: `next[row + columns[byte]]` is the next row. */
  readonly next: Uint32Array;
  /** The marks of the words that end at a state, by the beginning of its row. */
  readonly marks: Uint8Array;
}

/** Makes the table. */
export function byteSearch(needles: readonly Needle[]): ByteSearch {
  const encoder = new TextEncoder();
  const words = needles.map(({ text, marks }) => ({ bytes: encoder.encode(text), marks }));
  const columns = new Uint8Array(256);
  let width = 1;
  let total = 1;
  for (const { bytes } of words) {
    total += bytes.length;
    for (const byte of bytes) if (columns[byte] === 0) columns[byte] = width++;
  }
  const next = new Uint32Array(total * width);
  const marks = new Uint8Array(total * width);
  let states = 1;
  for (const word of words) {
    let row = 0;
    for (const byte of word.bytes) {
      const at = row + (columns[byte] ?? 0);
      const known = next[at] ?? 0;
      if (known === 0) next[at] = states++ * width;
      row = next[at] ?? 0;
    }
    marks[row] = (marks[row] ?? 0) | word.marks;
  }
  // Breadth first: a missing step is the step of the longest proper suffix, which is complete by then.
  const suffix = new Uint32Array(states * width);
  const queue: number[] = [];
  for (let column = 1; column < width; column++) if (next[column] !== 0) queue.push(next[column] ?? 0);
  for (const row of queue) {
    const shorter = suffix[row] ?? 0;
    marks[row] = (marks[row] ?? 0) | (marks[shorter] ?? 0);
    for (let column = 1; column < width; column++) {
      const to = next[row + column] ?? 0;
      const instead = next[shorter + column] ?? 0;
      if (to === 0) next[row + column] = instead;
      else {
        suffix[to] = instead;
        queue.push(to);
      }
    }
  }
  return { columns, next: next.slice(0, states * width), marks: marks.slice(0, states * width) };
}
