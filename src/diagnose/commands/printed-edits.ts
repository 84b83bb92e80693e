/** Edits of the very words that a compiler printed: a call whose arguments are put otherwise, a name in one place of a line. */
import { literally } from "../../base/literally.ts";
import { editPrintedLine } from "./source-edits.ts";
import type { Match } from "../rule.ts";

/** The first place of these words in the line that a message printed becomes others; none where they do not stand there. */
export function replacePrinted(match: Match, from: string, to: string): string[] {
  // A quote would end the command's own, and of a line that was cut nobody knows the end.
  if (/'/.test(from + to) || match.finding.source?.includes(from) !== true) return [];
  return editPrintedLine(match, [[literally(from), to.replaceAll("\\", "\\\\"), "once"]]);
}

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

/** A message within a header's template, as if it had been given for the project's own line that leads there. */
export function atCaller(match: Match): Match {
  const [, file, line] = /^(.+):(\d+)$/.exec(match.finding.caller ?? "") ?? [];
  if (file === undefined || line === undefined) return match;
  const { source: _source, mark: _mark, ...finding } = match.finding;
  return { ...match, finding: { ...finding, file, line: Number(line) } };
}
