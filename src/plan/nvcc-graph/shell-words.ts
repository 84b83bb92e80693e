/**
 * Reads one line of shell text, as nvcc prints its commands, into words. It knows the quotes, the escapes and the
 * variables that nvcc uses; whatever else a shell can do is refused, never guessed.
 */

/** The words of a line, or undefined when there is something in it that only a shell can tell. */
export function shellWords(line: string, variables: ReadonlyMap<string, string>): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    const c = line[i] ?? "";
    if (quote === "'") {
      if (c === "'") quote = "";
      else word = (word ?? "") + c;
    } else if (c === "\\") {
      const next = line[i + 1];
      if (next === undefined) return undefined;
      // Between double quotes a backslash stands for itself before all other characters.
      if (quote === '"' && !'"\\$`'.includes(next)) word = (word ?? "") + c;
      else {
        word = (word ?? "") + next;
        i++;
      }
    } else if (c === "`") {
      return undefined;
    } else if (c === "$") {
      const match = /^\$(?:\{(\w+)\}|([A-Za-z_]\w*))/.exec(line.slice(i));
      const value = variables.get(match?.[1] ?? match?.[2] ?? "");
      if (match === null || value === undefined) return undefined;
      word = (word ?? "") + value;
      i += match[0].length - 1;
    } else if (c === '"') {
      quote = quote === '"' ? "" : '"';
      word ??= "";
    } else if (quote === '"') {
      word = (word ?? "") + c;
    } else if (c === "'") {
      quote = "'";
      word ??= "";
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (/[<>|&;()*?[\]~#!]/.test(c) && !(word !== undefined && /[[\]~#!]/.test(c))) {
      return undefined;
    } else {
      word = (word ?? "") + c;
    }
  }
  if (quote !== "") return undefined;
  if (word !== undefined) words.push(word);
  return words;
}
