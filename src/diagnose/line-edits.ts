/**
 * A slip at a place that the compiler names, mended there: the line of the file is changed by `sed`. Where the compiler printed the
 * line, an edit that would change nothing in it is left out. It does not know whether the statement goes on in other lines: what
 * stands there is for the remark beside it. Sources: POSIX's sed (addresses, `s`), GNU's and BSD's `-i.bak` and `-E`; PowerShell's
 * about_Comparison_Operators (-creplace).
 */
import { platformOf, quote } from "./command-words.ts";
import type { Match } from "./rule.ts";

/** What is looked for, in words that `sed -E` and JavaScript read alike, and what comes in its place (`\1` for a group). */
export type LineEdit = readonly [wanted: string, replacement: string];

/** Headers of what is installed are no place for an edit. */
const installed = /-packages[\\/]|[\\/](?:torch|usr|opt)[\\/](?:.*[\\/])?include[\\/]/;

function sedOf([wanted, replacement]: LineEdit, line: number): string {
  return `${line}s~${wanted}~${replacement}~g`;
}

/** Whether the line that the compiler printed, or part of it, has what is looked for; also when it printed none. */
function applies([wanted]: LineEdit, source: string | undefined): boolean {
  return source === undefined || new RegExp(wanted).test(source);
}

/** The same in PowerShell's words, which cmd.exe starts; a quotation mark would end them. */
function inPowerShell(file: string, change: string): string[] {
  return /["']/.test(file + change.replaceAll(/'[^'"]*'/g, ""))
    ? []
    : [`powershell -Command "$f='${file}'; $l=@(Get-Content $f); ${change}"`];
}

/** The edits of the line that a message names, as one command; none where no place is known, or none of them fits its line. */
export function onItsLine(match: Match, edits: readonly LineEdit[]): string[] {
  const { file, line, source } = match.finding;
  if (file === undefined || line === undefined || installed.test(file)) return [];
  const fitting = edits.filter((edit) => applies(edit, source));
  if (fitting.length === 0) return [];
  if (platformOf(match) !== "win32")
    return [`sed -i.bak -E '${fitting.map((edit) => sedOf(edit, line)).join("; ")}' ${quote(file)}`];
  const changes = fitting.map(
    ([wanted, replacement]) =>
      `$l[${line - 1}]=$l[${line - 1}] -creplace '${wanted}','${replacement.replaceAll(/\\(?=\d)/g, "$")}'`,
  );
  return inPowerShell(file, `${changes.join("; ")}; Set-Content $f $l`);
}

/** As before, but only where the compiler printed the line: without it one cannot tell what stands there. */
export function onPrintedLine(match: Match, edits: readonly LineEdit[]): string[] {
  return match.finding.source === undefined ? [] : onItsLine(match, edits);
}

/** Lines below the first #include of the file that a message names (on Windows above all); none where no file is known. */
export function belowFirstInclude(match: Match, lines: readonly string[]): string[] {
  const { file } = match.finding;
  if (file === undefined || installed.test(file)) return [];
  return platformOf(match) === "win32"
    ? inPowerShell(file, `Set-Content $f (@(${lines.map((line) => `'${line}'`).join(",")})+$l)`)
    : [`sed -i.bak '0,/^#include.*/s~~&\\n${lines.join("\\n")}~' ${quote(file)}`];
}
