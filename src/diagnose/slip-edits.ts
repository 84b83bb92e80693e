/**
 * An edit of the very line that the compiler names, as a command: the mend of a slip that one can see. It keeps still about
 * headers of torch and of the system, and where the line is shown and the slip is not in it. What the project's sources mean it
 * does not know. Source: GNU sed's manual (addresses, -E); again.ts gives the build once more behind it.
 */
import { quote } from "./command-words.ts";
import type { Match } from "./rule.ts";

/** What stands there and what should; in words that JavaScript and `sed -E` read alike: no lazy groups, no look-around. */
export interface LineEdit {
  readonly from: RegExp;
  /** With `$1` for a group. */
  readonly to: string;
}

/** Nobody edits these by a command: headers of torch, of the toolkit, of the system, and code that was generated. */
const foreign =
  /[\\/]torch[\\/](?:include|csrc)[\\/]|^\/(?:usr|opt)\/|[\\/]torchinductor_|[\\/]site-packages[\\/]|[\\/](?:Microsoft Visual Studio|Windows Kits)[\\/]|^<|"|'/;

function program({ from, to }: LineEdit, line: number | undefined): string {
  const written = to
    .replaceAll("\\", "\\\\")
    .replaceAll("&", "\\&")
    .replaceAll("/", "\\/")
    .replaceAll(/\$(\d)/g, "\\$1");
  return `${line === undefined ? "" : String(line)}s/${from.source}/${written}/g`;
}

/** The edits as one command: in the line that the message names, or everywhere in its file; nothing where none of them fits. */
export function editSource({ finding }: Match, edits: readonly LineEdit[], where: "line" | "file" = "line"): string[] {
  const { file, line, source } = finding;
  if (file === undefined || foreign.test(file) || (where === "line" && line === undefined)) return [];
  const fitting = source === undefined ? edits : edits.filter(({ from }) => from.test(source));
  if (fitting.length === 0) return [];
  const programs = fitting.map((edit) => program(edit, where === "line" ? line : undefined));
  return [`sed -i -E '${programs.join("; ")}' ${quote(file)}`];
}
