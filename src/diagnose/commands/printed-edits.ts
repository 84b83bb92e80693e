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

/** A message within a header's template, as if it had been given for the project's own line that leads there. */
export function atCaller(match: Match): Match {
  const [, file, line] = /^(.+):(\d+)$/.exec(match.finding.caller ?? "") ?? [];
  if (file === undefined || line === undefined) return match;
  const { source: _source, mark: _mark, ...finding } = match.finding;
  return { ...match, finding: { ...finding, file, line: Number(line) } };
}
