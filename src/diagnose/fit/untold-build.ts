/**
 * The build behind an edit of sources, where the text shows no command at all: what setuptools printed tells that pip or setup.py
 * built there, and both build a folder of sources in the same way. It does not know where that folder is, unless a path of the text
 * tells, nor which options were given.
 */
import { changeFolder, pip } from "../commands/commands.ts";
import { commandPart, isBuildLine } from "../commands/fix-lines.ts";
import type { Match } from "../rule.ts";

/** What setuptools and pip print around a compiler that failed. */
const ofSetuptools =
  /^\s*error: command '(?!\S*cmake)[^']+' failed with exit (?:code|status)|Failed building wheel for |(?:^|[\s\\/])build[\\/]temp\.\w+-/;
const edits = /(?:^|\| xargs (?:-r )?)sed -i|\bp\.write_text\(/;

/** Whether nothing of the text says how the build was started, and pip can start it. */
function isUntold({ finding, context: { log, findings } }: Match): boolean {
  return (
    log.typed.length === 0 &&
    log.setupCommand === undefined &&
    log.uvCommand === undefined &&
    log.projectLine === undefined &&
    (log.installer === undefined || log.installer === "pip" || log.installer === "setup.py") &&
    !(log.cmake || log.docker || log.dockerBuild || log.notebook || log.builtAtRunTime || log.cibuildwheel) &&
    !(log.feedstock || log.namesRetorch || log.nodeBuild || log.builtTorch) &&
    log.host === undefined &&
    [finding, ...findings].some(({ text }) => ofSetuptools.test(text))
  );
}

/** The lines in the folder of the sources, and the build of it behind them; as they are where another command is to be given. */
export function withUntoldBuild(lines: readonly string[], match: Match): readonly string[] {
  if (!lines.some((line) => edits.test(commandPart(line))) || lines.some((line) => isBuildLine(line, ""))) return lines;
  if (lines.some((line) => /^cd /.test(line)) || !isUntold(match)) return lines;
  const { buildRoot, package: built } = match.context.log;
  const build = pip(match, "install --no-build-isolation .");
  return buildRoot === undefined
    ? [
        ...lines,
        `${build}   # in the folder of ${built === undefined ? "the package" : built}'s sources, where the edit is done, too`,
      ]
    : [changeFolder(match, buildRoot), ...lines, build];
}
