/** A call as C++ writes it, without its grammar: what its brackets hold, parted at its commas. Comments and texts in it are not known. */

/** What stands between the bracket that opens at a place and the one that closes it; undefined where it is not closed. */
export function withinBrackets(source: string, open: number): string | undefined {
  let depth = 0;
  for (let at = open; at < source.length; at++) {
    const sign = source[at] ?? "";
    if ("([{".includes(sign)) depth++;
    else if (")]}".includes(sign) && --depth === 0) return source.slice(open + 1, at);
  }
  return undefined;
}

/** Arguments of a call, parted at the commas that are theirs. */
export function partedArguments(list: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let begin = 0;
  for (let at = 0; at < list.length; at++) {
    const sign = list[at] ?? "";
    if ("([{<".includes(sign)) depth++;
    else if (")]}>".includes(sign) && list[at - 1] !== "-") depth--;
    else if (sign === "," && depth === 0) {
      parts.push(list.slice(begin, at).trim());
      begin = at + 1;
    }
  }
  return [...parts, list.slice(begin).trim()];
}
