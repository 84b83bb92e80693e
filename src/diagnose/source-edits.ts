/**
 * Changes of a source as lines for a shell, where the compiler names the file and the change is the same whatever else stands there.
 * It does not see the source: an edit has to leave a line alone that it does not fit. Nothing of an installed library is edited.
 */
import { platformOf, quote } from "./command-words.ts";
import type { Match } from "./rule.ts";

/** Files that are not the project's own: torch's, pybind11's, the toolkit's, the system's. */
const installed =
  /[\\/](?:site|dist)-packages[\\/]|[\\/]include[\\/](?:torch|ATen|c10|caffe2|pybind11|c\+\+)[\\/]|^\/(?:usr|opt)\/(?!src\/|workspace\/)|\.cudafe\d/;

/** The project's own file that a finding names, where `sed` can change it. */
function editable(match: Match): string | undefined {
  const { file } = match.finding;
  return file === undefined || platformOf(match) === "win32" || installed.test(file) ? undefined : quote(file);
}

/** A change of the line that the compiler names, or with `everywhere` of all; nothing where there is no file to change. */
export function editSource(match: Match, expression: string, everywhere = false): string[] {
  const file = editable(match);
  const { line } = match.finding;
  if (file === undefined || (!everywhere && line === undefined)) return [];
  return [`sed -i.bak -E '${everywhere ? "" : String(line)}${expression}' ${file}`];
}

/** Puts an include in front of a file's first one; in words where there is no file to change. */
export function addInclude(match: Match, header: string): string {
  const file = editable(match);
  return file === undefined
    ? `# add to ${match.finding.file ?? "the file"}: #include <${header}>`
    : `sed -i.bak '0,/#include/s||#include <${header}>\\n#include|' ${file}`;
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

/** A change of a file of CMake's, in all its lines. */
export function editCmake(match: Match, expression: string): string[] {
  return platformOf(match) === "win32" || installed.test(match.finding.file ?? "")
    ? []
    : [`sed -i.bak -E '${expression}' ${cmakeFile(match)}`];
}
