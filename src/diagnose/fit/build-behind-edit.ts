/**
 * The build behind an edit of sources or a variable, where the text shows no command at all: what setuptools printed tells that pip or setup.py
 * built there, and both build a folder of sources in the same way. It does not know where that folder is, unless a path of the text
 * tells, nor which options were given.
 */
import { changeFolder, pip } from "../commands/commands.ts";
import { commandPart, isBuildLine, isLook } from "../commands/fix-lines.ts";
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

/** Variables of a compiler or of a build, that a build in the same shell takes. */
const sets = /^(?:export|set) (?!LD_LIBRARY_PATH|DYLD_|PYTHONPATH)\w+=|^\$env:\w+ = /;
const saysSo = /\bagain\b|\bonce more\b/;

/** The lines in the folder of the sources, and the build of it behind them; as they are where another command is to be given. */
export function withBuildBehind(lines: readonly string[], match: Match): readonly string[] {
  const live = lines.map(commandPart).filter((line) => line !== "");
  const isEdit = live.some((line) => edits.test(line));
  if (!isEdit && !(live.some((line) => sets.test(line)) && live.every((line) => sets.test(line) || isLook(line))))
    return lines;
  if (lines.some((line) => isBuildLine(line, "") || /^cd /.test(line)) || !isUntold(match)) return lines;
  const { buildRoot, package: built } = match.context.log;
  const build = pip(match, "install --no-build-isolation .");
  if (isEdit)
    return buildRoot === undefined
      ? [
          ...lines,
          `${build}   # in the folder of ${built === undefined ? "the package" : built}'s sources, where the edit is done, too`,
        ]
      : [changeFolder(match, buildRoot), ...lines, build];
  if (lines.some((line) => saysSo.test(line))) return lines;
  // What pip was asked for by its name lies in no folder.
  if (buildRoot !== undefined) return [...lines, changeFolder(match, buildRoot), build];
  return built === undefined
    ? [...lines, `${build}   # in the folder of the sources; or the command that failed once more, in this shell`]
    : [...lines, "# then the command that failed once more, in this shell"];
}
