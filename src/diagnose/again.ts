/**
 * The command that failed, given once more behind a fix that only prepares for it: a header that is installed, a variable that
 * is set, a line that is changed. With all that the user asked for: pins, extras, options, the folder. It does not know
 * whether the command was the right one to begin with; where the text has several, it stays silent.
 */
import { pip, platformOf, python, quote } from "./command-words.ts";
import { originOf, plainName } from "./packages.ts";
import type { Match } from "./rule.ts";

const ofBuilds: ReadonlySet<string> = new Set([
  "compile",
  "missing-header",
  "driver",
  "tool-died",
  "link",
  "duplicate-symbol",
  "missing-program",
  "build-tool",
]);

/** Commands that build or install a package, or words that say to do so. */
const builds =
  /\b(?:pip3?|uv|pdm|poetry|pixi|conda|mamba) (?:install|add|sync|run|download)\b(?! -c \S+ (?:\S+_linux-64|gcc|gxx))|\bsetup\.py\b|\bretorch build\b|\bagain\b|\bcmake (?:-|--build)|\bmake\b|\bninja\b|\bcargo\b|docker build|\bRUN\b/;
const installsTool = /^(?:conda|mamba|micromamba|pixi) (?:install|add) /;

function isBuild({ finding, context: { log } }: Match): boolean {
  if (ofBuilds.has(finding.kind) || finding.phase === "link" || finding.phase === "device-link") return true;
  return (
    /^(?:exception|installer|system|warning)$/.test(finding.kind) &&
    log.package !== undefined &&
    log.installer !== undefined
  );
}

/** The one command of the text that builds; undefined without one, and where the text has several. */
function commandOf(match: Match): string | undefined {
  const { log } = match.context;
  if (log.host !== undefined || log.builtAtRunTime) return undefined;
  if (log.uvCommand !== undefined && log.uvCommand !== "pip")
    return log.uvCommand === "sync" || log.uvCommand === "lock" ? `uv ${log.uvCommand}` : undefined;
  const [only, ...others] = log.installs ?? [];
  if (only !== undefined) {
    const { package: built } = log;
    const named =
      others.length === 0 || built === undefined
        ? []
        : (log.installs ?? []).filter((words) => plainName(words).includes(plainName(built)));
    const words = others.length === 0 ? only : named.length === 1 ? named[0] : undefined;
    return words === undefined ? undefined : pip(match, `install ${words}`);
  }
  if (log.setupCommand === undefined) {
    // No command is told, but what could not be built is: torch has to be there already, so no environment of pip's own.
    const from = log.package === undefined ? undefined : originOf(log.package)?.from;
    return from === undefined ? undefined : pip(match, `install --no-build-isolation "${from}"`);
  }
  const folder = log.setupFolder;
  return folder === undefined
    ? `${python(match)} ${log.setupCommand}`
    : `cd ${platformOf(match) === "win32" ? "/d " : ""}${quote(folder)} && ${python(match)} ${log.setupCommand}`;
}

/** The fix with the command that failed at its end, where it does not build by itself. */
export function withAgain(lines: readonly string[], match: Match): readonly string[] {
  if (lines.length === 0 || !isBuild(match)) return lines;
  if (lines.some((line) => builds.test(line.replace(installsTool, "")))) return lines;
  const command = commandOf(match);
  return command === undefined ? lines : [...lines, command];
}
