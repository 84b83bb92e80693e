/**
 * The build as a shell script: every command as it is run (but for retorch's own note in the result), in an order that
 * works. It is what `--dry-run` prints. The text stands alone: run with `sh` from any folder, it makes the same artefacts.
 */
import { dirname, resolve } from "node:path";
import { sorted, unique } from "../base/order.ts";
import { commandText, type Graph, withoutNotes } from "../plan/graph.ts";
import { posixAssignments, posixCommand, quotePosix } from "./quote.ts";
import { environmentOf, exportRoot, type ExportOptions } from "./steps.ts";

/** The graph as text for `sh`. */
export function shellScript(planned: Graph, options: ExportOptions): string {
  const graph = withoutNotes(planned);
  const root = exportRoot(graph);
  const lines = ["#!/bin/sh", `# Every command of this build, written by ${oneLine(options.generator)}.`, "set -e", ""];
  for (const [name, value] of environmentOf(graph.actions, options)) {
    lines.push(`export ${name}=${quotePosix(value)}`);
  }
  lines.push(posixCommand(["cd", root]));

  const outputs = graph.actions.flatMap((action) => [
    ...action.outputs,
    ...(action.depfile?.format === "make" ? [resolve(action.cwd, action.depfile.path)] : []),
    ...(action.responseFile === undefined ? [] : [resolve(action.cwd, action.responseFile.path)]),
  ]);
  const folders = sorted(
    unique([...outputs, ...graph.artifacts.map(({ path }) => path)].map((path) => dirname(path))),
  ).filter((folder) => folder !== root);
  if (folders.length > 0) lines.push(posixCommand(["mkdir", "-p", ...folders.map((path) => shown(path, root))]));
  // An output may be a hard link into the store: writing through it would change the store.
  if (outputs.length > 0) lines.push(posixCommand(["rm", "-f", ...outputs.map((path) => shown(path, root))]));

  let cwd = root;
  for (const [index, action] of graph.actions.entries()) {
    lines.push("", `# [${index + 1}/${graph.actions.length}] ${oneLine(action.description)}`);
    if (action.cwd !== cwd) lines.push(posixCommand(["cd", action.cwd]));
    cwd = action.cwd;
    if (action.responseFile !== undefined) {
      lines.push(`printf %s ${quotePosix(action.responseFile.content)} > ${quotePosix(action.responseFile.path)}`);
    }
    lines.push(posixAssignments(action.env) + posixCommand(commandText(action.command)));
  }
  if (cwd !== root) lines.push("", posixCommand(["cd", root]));

  for (const { name, built, path } of graph.artifacts) {
    if (built === path) continue;
    const target = shown(path, root);
    lines.push("", `# publish ${oneLine(name)}`);
    lines.push(posixCommand(["cp", shown(built, root), `${target}.tmp`]));
    lines.push(posixCommand(["mv", "-f", `${target}.tmp`, target]));
  }
  return `${lines.join("\n")}\n`;
}

/** Relative to the folder of the script where it lies inside, and never like an option. */
function shown(path: string, root: string): string {
  if (path === root) return ".";
  if (!path.startsWith(`${root}/`)) return path;
  const inside = path.slice(root.length + 1);
  return inside.startsWith("-") ? `./${inside}` : inside;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, " ");
}
