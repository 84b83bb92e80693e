/**
 * Safe changes in the configuration file of a project: what the file would come to, or why it is left alone; and the
 * writing of it. All edits or none; links, modes and byte order marks stay.
 */
import { dirname } from "node:path";
import { sharedConfigFileName } from "../config/config-file.ts";
import type { BuildRequest } from "../config/request.ts";
import { findTarget } from "../config/target.ts";
import type { Host } from "../host/host.ts";
import { type ConfigEdit, diffLines, editConfig } from "./edit-config.ts";

/** What a change would come to. */
export type PlannedChange =
  /** There is no file: it holds for a build. */
  | { readonly kind: "no file" }
  | { readonly kind: "refused"; readonly why: string }
  | {
      readonly kind: "edit";
      readonly file: string;
      readonly before: string;
      readonly after: string;
      readonly diff: readonly string[];
    };

/** Works out the edits of an extension's configuration. Writes nothing. */
export async function planChange(
  host: Host,
  request: BuildRequest,
  extension: string,
  edits: readonly ConfigEdit[],
): Promise<PlannedChange> {
  const refused = (why: string): PlannedChange => ({ kind: "refused", why });
  const found = await findTarget(host, request.paths);
  if (!found.ok) return refused(found.error.message);
  const { target } = found.value;
  if (target.kind === "sources" || target.kind === "folder") return { kind: "no file" };
  if (target.kind !== "config") return refused("`setup.py` is a program, which is changed by hand");
  const { file, text, configuration } = target.document;
  const prefix = file.endsWith(sharedConfigFileName) ? ["tool", "retorch"] : [];
  const named = configuration.extensions.find(({ name }) => name === extension);
  const shown = `\`${file}\``;
  if (named === undefined && configuration.extensions.length > 0)
    return refused(`${shown} has no table for \`${extension}\``);
  const table = [...prefix, ...(named === undefined ? ["defaults"] : ["extension", extension])];
  let after = text;
  const diff: string[] = [];
  for (const edit of edits) {
    const next = await editConfig(after, table, edit);
    if (next === undefined || next === after) {
      return refused(
        `${shown} says it in a form that is not edited with certainty (dotted keys, an inline table): write \`[${table.join(".")}]\` above its keys`,
      );
    }
    diff.push(...diffLines(after, next));
    after = next;
  }
  return { kind: "edit", file, before: text, after, diff };
}

/** Makes the change. Why not, when it was not made. */
export function writeChange(
  host: Pick<Host, "fs">,
  { file, before, after }: Extract<PlannedChange, { kind: "edit" }>,
): string | undefined {
  const shown = `\`${file}\``;
  // A link stays one: what it leads to is changed.
  const real = host.fs.realpath(file) ?? file;
  const now = host.fs.readText(real) ?? "";
  const mark = now.startsWith("\uFEFF") ? "\uFEFF" : "";
  if (now.slice(mark.length) !== before) return `${shown} was changed meanwhile`;
  const mode = host.fs.stat(real)?.mode;
  if ((mode !== undefined && (mode & 0o222) === 0) || !host.fs.writable(dirname(real)))
    return `${shown} is write-protected`;
  host.fs.writeAtomic(real, mark + after, mode);
  return undefined;
}
