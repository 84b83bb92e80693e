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

/** The table. State 0 is the start. It is read at random, so it is kept narrow: what fits the processor's cache is fast. */
export interface ByteSearch {
  /** The column of a byte: bytes that no word has share column 0. */
  readonly columns: Uint8Array;
  /** How many columns there are. */
  readonly width: number;
  /** The next state: `next[state * width + columns[byte]]`. */
  readonly next: Uint16Array | Uint32Array;
  /** By state: the marks of the words that end there. */
  readonly marks: Uint8Array;
}

/** Makes the table. */
export function byteSearch(needles: readonly Needle[]): ByteSearch {
  const encoder = new TextEncoder();
  const words = needles.map(({ text, marks }) => ({ bytes: encoder.encode(text), marks }));
  const columns = new Uint8Array(256);
  let width = 1;
  let most = 1;
  for (const { bytes } of words) {
    most += bytes.length;
    for (const byte of bytes) if (columns[byte] === 0) columns[byte] = width++;
  }
  // The words as a tree, the children of a state as a list: most states have one.
  const child = new Uint32Array(most);
  const sibling = new Uint32Array(most);
  const columnOf = new Uint8Array(most);
  const marks = new Uint8Array(most);
  let states = 1;
  for (const word of words) {
    let state = 0;
    for (const byte of word.bytes) {
      const column = columns[byte] ?? 0;
      let to = child[state] ?? 0;
      while (to !== 0 && columnOf[to] !== column) to = sibling[to] ?? 0;
      if (to === 0) {
        to = states++;
        columnOf[to] = column;
        sibling[to] = child[state] ?? 0;
        child[state] = to;
      }
      state = to;
    }
    marks[state] = (marks[state] ?? 0) | word.marks;
  }
  // Breadth first: a state steps as its longest proper suffix does, whose row is complete by then, but for its own children.
  const next = states > 0xff_ff ? new Uint32Array(states * width) : new Uint16Array(states * width);
  const suffix = new Uint32Array(states);
  const queue = [0];
  for (const state of queue) {
    const row = state * width;
    const shorter = (suffix[state] ?? 0) * width;
    if (state !== 0) {
      marks[state] = (marks[state] ?? 0) | (marks[suffix[state] ?? 0] ?? 0);
      next.copyWithin(row, shorter, shorter + width);
    }
    for (let to = child[state] ?? 0; to !== 0; to = sibling[to] ?? 0) {
      const column = columnOf[to] ?? 0;
      suffix[to] = next[row + column] ?? 0;
      next[row + column] = to;
      queue.push(to);
    }
  }
  return { columns, width, next, marks: marks.slice(0, states) };
}
