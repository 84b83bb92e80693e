/**
 * The folder that a command should have run in: a notebook's `!cd` goes there in a shell of its own, which ends with its line, and
 * `python ops/setup.py` runs in the folder above the project, from which its paths do not count.
 */
import { changeFolder } from "./command-words.ts";
import { asTyped } from "./failed-command.ts";
import type { Match } from "../rule.ts";

/** The folder, as the text names it; undefined where no cell went to one in vain. */
export function lostFolder({ context: { log } }: Match): string | undefined {
  return log.notebook ? log.lostFolder : undefined;
}

/** The cell that goes there for all that follow. */
export function backToFolder(match: Match): string[] {
  const folder = lostFolder(match);
  return folder === undefined ? [] : [changeFolder(match, folder)];
}

/** What a cause says of it. */
export function lostSentence(match: Match): string | undefined {
  const folder = lostFolder(match);
  return folder === undefined
    ? undefined
    : `\`!cd ${folder}\` goes there in a shell of its own, which ends with that line: the cells that follow are where they were before. \`%cd ${folder}\` goes there for all of them.`;
}

const setupElsewhere =
  /^((?:\S+=\S+ )*\S*python[\d.]*(?:\.exe)? (?:-u )?)["']?((?:\.[\\/])?[\w.-][\w.\\/-]*?|\/[\w./-]+)[\\/](setup\w*\.py\b.*)$/;

/** The commands of the line that ran the set-up script of a folder from above it, each in its place; undefined where none did. */
export function inSetupsFolder(match: Match): string[] | undefined {
  const { typed, failedStep } = match.context.log;
  const script = typed.findLast(
    ({ kind, line, folder }) => kind === "setup" && folder === undefined && setupElsewhere.test(line),
  );
  if (script === undefined) return undefined;
  const [, python = "", folder = "", words = ""] = setupElsewhere.exec(script.line) ?? [];
  const own = `${changeFolder(match, folder.replace(/^\.[\\/]/, ""))} && ${python}${words}`;
  if (script.shell !== "docker") return [own];
  // What else the step does, it does again.
  if (failedStep?.includes(script.line) === true) return [failedStep.replace(script.line, own)];
  const same = typed.filter(({ at, kind }) => at === script.at && kind !== "program");
  return [same.map((command) => (command === script ? own : asTyped(command))).join(" && ")];
}

/** What a cause says of it. */
export const setupsFolderSentence =
  "setup.py was started from the folder above its own (`python <folder>/setup.py`), and the paths that it names count from where Python runs.";
