/**
 * Names of files in the text of a source that no list of headers has: what `__has_include` and `__has_embed` ask for,
 * and what the assembler is told to read. It reads text as the preprocessor does only as far as that needs: continued
 * lines are joined, conditions and comments are not looked at, so that there is rather a name too many.
 */

/** What a text asks for. */
export interface SourceNames {
  /** In `__has_include(<name>)`, `__has_include_next("name")`, `__has_embed("name")`: may be missing altogether. */
  readonly asked: readonly string[];
  /** A macro stands in place of such a name. */
  readonly byMacro: boolean;
  /** In `.incbin "name"` and `.include "name"` of the assembler. Names that macros build are not seen. */
  readonly embedded: readonly string[];
  /** What is included before any code, as far as a precompiled header may stand for it. */
  readonly first: readonly string[];
}

/** One header that only defines macros may come before. */
const mostFirst = 2;

/** The names in a text. */
export function sourceNames(text: string): SourceNames {
  const asks = text.includes("__has_");
  const embeds = text.includes(".inc");
  const first = firstIncludes(text);
  if (!asks && !embeds) return { asked: [], byMacro: false, embedded: [], first };
  const joined = joinLines(text);
  const asked = new Set<string>();
  let byMacro = false;
  if (asks) {
    for (const match of joined.matchAll(
      /__has_(?:include(?:_next)?|embed)\s*\(\s*(?:<([^>\n]+)>|"([^"\n]+)"|([A-Za-z_]))/g,
    )) {
      const name = match[1] ?? match[2];
      if (name !== undefined) asked.add(name.trim());
      else byMacro = true;
    }
  }
  const embedded = embeds
    ? [...joined.matchAll(/\.(?:incbin|include)\s+\\?"([^"\\\n]+)\\?"/g)].map(([, name = ""]) => name)
    : [];
  return { asked: [...asked], byMacro, embedded, first };
}

/** Names that a text gives to macros: `#define CONFIG <config.h>`. */
export function namesOfMacros(text: string): string[] {
  if (!text.includes("define")) return [];
  return [...joinLines(text).matchAll(/^[ \t]*#[ \t]*define[ \t]+\w+[ \t]+(?:<([^>\n]+)>|"([^"\n]+)")/gm)].flatMap(
    (match) => (match[1] ?? match[2] ?? "").trim(),
  );
}

/** Names that words of a command give to macros: `-DCONFIG=<config.h>`. */
export function namesOfMacroWords(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    const match = /^(?:-D)?\w+=(?:<([^>]+)>|\\?"([^"\\]+)\\?")$/.exec(word);
    return match === null ? [] : [(match[1] ?? match[2] ?? "").trim()];
  });
}

/** The names included before the first line that is neither blank, nor a comment, nor a directive. */
function firstIncludes(text: string): string[] {
  const names: string[] = [];
  const line = /[ \t\r]*(?:\/\*[\s\S]*?\*\/[ \t\r]*)*(?:\/\/[^\n]*|#(?:[^\n\\]|\\[\s\S])*)?(?:\n|$)/y;
  while (line.lastIndex < text.length && names.length < mostFirst) {
    const matched = line.exec(text)?.[0];
    if (matched === undefined || matched === "") break;
    const include = /^\s*#\s*(?:include|import)\s*(?:<([^>\n]+)>|"([^"\n]+)")/.exec(
      matched.replaceAll(/\/\*[\s\S]*?\*\//g, " "),
    );
    if (include !== null) names.push(include[1] ?? include[2] ?? "");
  }
  return names;
}

function joinLines(text: string): string {
  return text.includes("\\\n") || text.includes("\\\r\n") ? text.replaceAll(/\\\r?\n/g, " ") : text;
}
