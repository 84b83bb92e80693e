/**
 * Edits of the project's own files as lines for a shell: of the line that the compiler names, of its whole file, or lines at the
 * head of it. The files themselves are not seen: an edit has to leave a line alone that it does not fit, and where the compiler
 * printed the line, one that would change nothing in it is left out. Whether a statement goes on in other lines is not known here.
 * Sources: GNU sed's manual (addresses, `s`, `1i`, `-i`, `-E`). The sed of a Mac is GNU's by `machine-fit.ts`, on Windows
 * PowerShell does the same by `powershell-edits.ts`, sources that pip fetches are fetched first (`fetched-sources.ts`).
 */
import type { Edit } from "../edit.ts";
import { quote } from "../text/quote.ts";
import type { Match } from "../rule.ts";

/** What is not the project's own: installed headers, torch's own sources, generated code; and paths that no shell takes. */
const foreign =
  /-packages[\\/]|[\\/](?:lib)?torch[\\/](?:include|csrc)[\\/]|[\\/]include[\\/](?:torch|ATen|c10|caffe2|pybind11|c\+\+)[\\/]|^\/(?:usr|opt)\/(?!src\/|workspace\/)|[\\/](?:usr|opt)[\\/](?:.*[\\/])?include[\\/]|[\\/](?:Microsoft Visual Studio|Windows Kits|NVIDIA GPU Computing Toolkit)[\\/]|\.cudafe\d|[\\/]torchinductor_|^<|["'$`]/;

/** What load_inline() writes anew for each build: an edit there is lost. Source: torch/utils/cpp_extension.py (load_inline). */
const generated = /[\\/](?:main\.cpp|cuda\.cu|sycl\.sycl)$/;
const ofJitFolder = /[\\/]torch_extensions[\\/]/;

/** Whether the file was written by load_inline(), in whatever folder: its text stands in a script. */
export function isGenerated(file: string | undefined, { context: { log } }: Match): boolean {
  return generated.test(file ?? "") && (log.loadedBy?.inline === true || ofJitFolder.test(file ?? ""));
}

/** The script that called load() or load_inline(), unless it is a package's own. */
export function loadingScript({
  context: { log },
}: Match): { readonly file: string; readonly line: string } | undefined {
  const { loadedBy } = log;
  return loadedBy === undefined || /-packages[\\/]|["'$`]/.test(loadedBy.file) ? undefined : loadedBy;
}

/** The project's own file that a finding names, as a word of a shell. */
function editable(match: Match): string | undefined {
  const { file } = match.finding;
  return file === undefined || foreign.test(file) || isGenerated(file, match) ? undefined : quote(file);
}

/** The same line of the source in other places of the file that the compiler says the same of. */
function alike({ finding, context }: Match): readonly Match["finding"][] {
  return context.findings
    .filter(
      ({ kind, file, line, message, source }) =>
        kind === "compile" &&
        file === finding.file &&
        line !== finding.line &&
        source !== undefined &&
        message === finding.message,
    )
    .slice(0, mostAlike);
}

const mostAlike = 12;

/** `s/…/…/g` with a sign between its parts that is in none of them. */
function substitution([wanted, replacement, times]: Edit, line: number | undefined): string {
  const sign = ["/", "~", "|", "#"].find((each) => !`${wanted}${replacement}`.includes(each)) ?? "\u0001";
  const written = replacement
    .replaceAll(/\\(?!\d)/g, "\\\\")
    .replaceAll("&", "\\&")
    .replaceAll("\n", "\\n");
  return `${line ?? ""}s${sign}${wanted}${sign}${written}${sign}${times === "once" ? "" : "g"}`;
}

function sed(edits: readonly Edit[], file: string, line?: number, others: readonly string[] = []): string[] {
  if (edits.length === 0) return [];
  return [`sed -i.bak -E '${[...edits.map((edit) => substitution(edit, line)), ...others].join("; ")}' ${file}`];
}

/** Those that change something in the line that the compiler printed; all where it printed none. */
function fitting({ finding: { source } }: Match, edits: readonly Edit[]): readonly Edit[] {
  return source === undefined ? edits : edits.filter(([wanted]) => new RegExp(wanted).test(source));
}

/** The same line in the script that load_inline() got it from; what the compiler printed finds it there. */
function editInScript(match: Match, edits: readonly Edit[]): string[] {
  const { source } = match.finding;
  const script = loadingScript(match)?.file;
  if (script === undefined || source === undefined || source.length > longestAddress || /['\\]/.test(source + script))
    return [];
  const there = fitting(match, edits).map((edit) => substitution(edit, undefined));
  const address = source.replaceAll(/[/^$.*+?()[\]{}|]/g, "\\$&");
  return there.length === 0 ? [] : [`sed -i.bak -E '/${address}/{${there.join("; ")};}' ${quote(script)}`];
}

/** A line of source that is longer may have been cut. */
const longestAddress = 200;

/**
 * The edits of the line that a message names, and of those of which the same is said, as one command; none where no place is known,
 * or none of them fits its line.
 */
export function editLine(match: Match, edits: readonly Edit[]): string[] {
  if (isGenerated(match.finding.file, match)) return editInScript(match, edits);
  const file = editable(match);
  const { line } = match.finding;
  if (file === undefined || line === undefined) return [];
  const others = alike(match).flatMap((finding) =>
    fitting({ ...match, finding }, edits).map((edit) => substitution(edit, finding.line)),
  );
  return sed(fitting(match, edits), file, line, [...new Set(others)]);
}

/** As before, but only where the compiler printed the line: without it one cannot tell what stands there. */
export function editPrintedLine(match: Match, edits: readonly Edit[]): string[] {
  return match.finding.source === undefined ? [] : editLine(match, edits);
}

/** The edits in all lines of the file that a message names, and the lines at its head that they need. */
export function editFile(match: Match, edits: readonly Edit[], head: readonly string[] = []): string[] {
  // What load_inline() was given stands in the script; a line at the head of that is none of C++.
  const script = isGenerated(match.finding.file, match) && head.length === 0 ? loadingScript(match)?.file : undefined;
  const file = script === undefined ? editable(match) : quote(script);
  const lines = file === undefined ? [] : sed(fitting(match, edits), file);
  return lines.length === 0 || head.length === 0 ? lines : [...lines, ...addLines(match, head)];
}

/** Takes out a function of the file that a message names: from the line that a pattern knows to the brace at the line's start. */
export function deleteBlock(match: Match, head: string): string[] {
  const file = editable(match);
  return file === undefined ? [] : [`sed -i.bak -E '/${head}/,/^}/d' ${file}`];
}

/** Lines at the head of the file that a message names, which may have no #include of its own; none where no file is known. */
export function addLines(match: Match, lines: readonly string[]): string[] {
  const file = editable(match);
  return file === undefined ? [] : [`sed -i.bak '1i ${lines.join("\\n")}' ${file}`];
}

/** The commands, or where there are none what to change, as a remark. */
export function orInWords(commands: readonly string[], words: string): readonly string[] {
  return commands.length > 0 ? commands : [`# ${words}`];
}

/** Includes a header in the file that a message names; in words where there is no file to change. */
export function addInclude(match: Match, header: string): readonly string[] {
  const added = /^[\w./+-]+$/.test(header) ? addLines(match, [`#include <${header}>`]) : [];
  return orInWords(added, `add to ${match.finding.file ?? "the file"}: #include <${header}>`);
}

/** A file of CMake's as the shell of the text sees it: from its build folder, the sources lie one folder up. */
export function cmakeFile(match: Match, file = match.finding.file ?? "CMakeLists.txt"): string {
  const configure = match.context.log.typedConfigure ?? "";
  const sources =
    /(?:^|\s)-S ?("[^"]+"|[^\s"]+)/.exec(configure)?.[1] ?? /\s(\.\.[\w./-]*)(?=\s|$)/.exec(configure)?.[1];
  return /^(?:[\\/~]|[A-Za-z]:)/.test(file) || sources === undefined || sources === "."
    ? quote(file)
    : `${sources.replace(/\/$/, "")}/${file}`;
}

/** The edits in all lines of a file of CMake's. */
export function editCmake(
  match: Match,
  edits: readonly Edit[],
  file = match.finding.file ?? "CMakeLists.txt",
): string[] {
  return foreign.test(file) ? [] : sed(edits, cmakeFile(match, file));
}
