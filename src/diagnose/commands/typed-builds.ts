/**
 * The command of a text that builds with make, CMake, ninja, `python -m build` or a script of the project's own: what is to run
 * again when something was changed, where nothing else of the text builds. `typed-commands.ts` reads it.
 */
import { changeFolder, platformOf } from "./command-words.ts";
import type { Match } from "../rule.ts";
import type { TypedBuild, TypedCommand } from "../facts/typed-commands.ts";

/** A folder that is the same from wherever one goes to it. */
const wholePath = /^[\\/~$%]|^[A-Za-z]:/;

/** The word that goes to the folder of a command; undefined where it runs where it was given. */
export function goingTo(match: Match, { folder }: Pick<TypedCommand, "folder">): string | undefined {
  return folder === undefined ? undefined : changeFolder(match, folder);
}

/** Lines that go to the folder of a command first. In a shell that stays there, going there once more does no harm. */
export function inItsFolder(
  match: Match,
  command: Pick<TypedCommand, "folder"> & { readonly shell?: TypedCommand["shell"] },
  lines: readonly string[],
): string[] {
  const go = goingTo(match, command);
  if (go === undefined) return [...lines];
  const [first = "", ...rest] = lines;
  if (command.shell === "docker" || command.shell === "notebook") return lines.map((line) => `${go} && ${line}`);
  return wholePath.test(command.folder ?? "") && platformOf(match) !== "win32"
    ? [`${go} && ${first}`, ...rest]
    : [go, ...lines];
}

/** Whether pip, or another installer, or setup.py builds in the text, and may have printed the commands that stand there. */
export function isBuiltByPython({ context: { log } }: Match): boolean {
  return log.setupCommand !== undefined || log.installer !== undefined || (log.installs ?? []).length > 0;
}

/** The command where nothing else of the text builds. */
export function typedBuild(match: Match): TypedBuild | undefined {
  const { typedBuild: typed } = match.context.log;
  return typed === undefined || isBuiltByPython(match)
    ? undefined
    : { ...typed, line: inItsFolder(match, typed, [typed.line]).join(" && ") };
}

/** The same command, which compiles all again. */
export function typedBuildFromScratch({ tool, line }: TypedBuild): string {
  if (tool === "make") return line.replace(/(?<=^|\s)(g?make)(?=\s|$)/, "$1 -B");
  if (tool === "cmake") return line.includes("--clean-first") ? line : `${line} --clean-first`;
  if (tool === "ninja") return `${line} -t clean; ${line.replace(/^cd .* && /, "")}`;
  return line;
}
