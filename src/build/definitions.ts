/**
 * Where the text of a source defines a function of a name. It looks at words and brackets, as a person does who searches
 * for it; macros that write functions, and what the preprocessor leaves out, it does not know.
 */

/** Comments and literals made blank, so that offsets and line numbers stay. */
function bare(text: string): string {
  return text.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, (part) =>
    part.replace(/[^\n]/g, " "),
  );
}

/** Words that stand before a call, not before a definition. */
const notTypes = /\b(?:return|else|new|throw|case|co_return|co_await|and|or|not|delete|goto|do)\s*$/;
/** What may stand between the parameters and the body. */
const untilBody =
  /^(?:\s|const\b|noexcept\b(?:\([^)]*\))?|override\b|final\b|->[\s\w:<>,*&]+|\btry\b)*(?::(?!:)[^;{}]*(?:\{[^{}]*\}[^;{}]*)*)?\{/;
/** Longest piece that is looked at behind a name. */
const reach = 4_000;

/** Line of the first definition of the function, from 1. `path`: its namespaces and its name. */
export function definitionIn(text: string, path: readonly string[]): number | undefined {
  const name = path.at(-1) ?? "";
  if (!/^[A-Za-z_]\w*$/.test(name) || !text.includes(name)) return undefined;
  const code = bare(text);
  // Namespaces stand somewhere: around it, or before its name.
  if (path.slice(0, -1).some((part) => /^\w+$/.test(part) && !new RegExp(`\\b${part}\\b`).test(code))) return undefined;
  for (const match of code.matchAll(new RegExp(`(?<![\\w.])(?:\\w+\\s*::\\s*)*\\b${name}\\s*\\(`, "g"))) {
    const before = code.slice(Math.max(0, match.index - 200), match.index);
    // A type stands before it, or the end of a macro or of an attribute on the line above.
    if (!/[\w>*&\])]\s*$/.test(before) || /->\s*$/.test(before) || notTypes.test(before)) continue;
    const opened = match.index + match[0].length;
    const closed = closing(code, opened);
    if (closed === undefined || !untilBody.test(code.slice(closed + 1, closed + reach))) continue;
    return code.slice(0, match.index).split("\n").length;
  }
  return undefined;
}

/** Offset of the bracket that closes one that was opened before `from`. */
function closing(code: string, from: number): number | undefined {
  let depth = 1;
  for (let at = from; at < Math.min(code.length, from + reach); at++) {
    const letter = code[at];
    if (letter === "(") depth++;
    else if (letter === ")" && --depth === 0) return at;
    else if (letter === ";" || (letter === "{" && depth === 1)) return undefined;
  }
  return undefined;
}
