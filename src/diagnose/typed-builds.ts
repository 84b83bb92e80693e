/**
 * The command of a text that builds with make, CMake, ninja, `python -m build` or a script of the project's own: what is to run
 * again when something was changed, where nothing else of the text builds. `typed-commands.ts` reads it.
 */
import type { Match } from "./rule.ts";
import type { TypedBuild } from "./typed-commands.ts";

/** Whether pip, or another installer, or setup.py builds in the text, and may have printed the commands that stand there. */
export function isBuiltByPython({ context: { log } }: Match): boolean {
  return log.setupCommand !== undefined || log.installer !== undefined || (log.installs ?? []).length > 0;
}

/** The command where nothing else of the text builds. */
export function typedBuild(match: Match): TypedBuild | undefined {
  return isBuiltByPython(match) ? undefined : match.context.log.typedBuild;
}

/** The same command, which compiles all again. */
export function typedBuildFromScratch({ tool, line }: TypedBuild): string {
  if (tool === "make") return line.replace(/(?<=^|\s)(g?make)(?=\s|$)/, "$1 -B");
  if (tool === "cmake") return line.includes("--clean-first") ? line : `${line} --clean-first`;
  if (tool === "ninja") return `${line} -t clean; ${line}`;
  return line;
}
