/**
 * Lines of a step's script and of a fix beside each other: which line of the script failed, whether a line of the fix is that one in
 * other words, or does the same in another way. It knows commands by their words alone.
 */
import { plainName } from "../../base/package-name.ts";
import { commandPart, isLook } from "../commands/fix-lines.ts";
import { failedCommand, failedProgram } from "../commands/failed-command.ts";
import type { CiStep } from "../facts/ci-steps.ts";
import type { Match } from "../rule.ts";

/** Where services check the project out. */
const workspace =
  /(?:\/home\/runner\/work\/([\w.-]+)\/\1|\/Users\/runner\/work\/([\w.-]+)\/\2|\/__w\/([\w.-]+)\/\3|[A-Z]:[\\/]a[\\/]([\w.-]+)[\\/]\4|\/(?:home\/vsts|Users\/runner)\/work\/1\/s|[A-Z]:\\a\\\d+\\s|\/home\/circleci\/project|\/builds\/(?:[\w.-]+\/){1,4}?[\w.-]+|\/(?:var\/lib\/)?buildkite-agent\/builds\/(?:[\w.-]+\/){2}[\w.-]+|\/var\/lib\/jenkins\/workspace\/[\w.-]+)(?![\w./\\-])/gi;

/** The project's folder is where a step starts. */
export function fromWorkspace(line: string): string {
  if (line.includes("safe.directory")) return line;
  const plain = line.replaceAll(workspace, ".");
  return plain.replace(/^cd (?:\/d )?"?\."? && /, "");
}

/** Commands of pip by what they install, however they are started and whatever else they are told. */
export function asked(line: string): string {
  return fromWorkspace(commandPart(line))
    .replace(/^.*?\bpip3?(?:\.exe)? (?=install )/, "")
    .replaceAll(/ (?:--no-build-isolation|--no-cache-dir|-[vU]+|--upgrade|--verbose|--quiet|-q)(?=\s|$)/g, "")
    .replaceAll(/ (?:-i|--(?:extra-)?index-url)[ =]\S+/g, "")
    .replaceAll(/["']/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

export const installs = /\bpip3?(?:\.exe)? (?:-\S+ )*install\b|\buv (?:pip install|sync)\b/;
const onlyPip = /\binstall(?: (?:-U|--upgrade|pip|setuptools|wheel|-q))+$/;
const ofFolder = /\binstall\b.* (?:-e |--editable )?["']?(?:\.{1,2}(?:[\\/[]|["']?(?:\s|$))|[\w.-]+[\\/])/;

/** Compiles something, if it does not only configure it. */
const compiles =
  /\bsetup\.py\b|\bcmake3? --build\b|(?:^|&& )(?:make|ninja)\b|-m build\b|\bpip3?(?:\.exe)? (?:install|wheel)\b(?!(?: (?:-U|--upgrade|pip|setuptools|wheel|-q|ninja|torch\S*|-r \S+))+$)/;

/** The line of a script that failed; -1 where the log does not tell. */
export function failedLine(step: CiStep, fix: readonly string[], match: Match): number {
  const { finding, context } = match;
  const { script } = step;
  const only = script.filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));
  if (only.length === 1) return script.findIndex((line) => line === only[0]);
  const lines = script.map((line, at) => ({ text: line.trim(), at }));
  const pips = lines.filter(({ text }) => installs.test(text));
  const isOfPip =
    pips.length > step.installations &&
    (finding.kind === "installer" ||
      finding.tool === "pip" ||
      (context.log.installer === "pip" && finding.kind !== "load"));
  if (isOfPip) {
    const left = pips.slice(Math.min(step.installations, pips.length - 1)).filter(({ text }) => !onlyPip.test(text));
    if (step.ofFolder) {
      const folder = left.find(({ text }) => ofFolder.test(text));
      if (folder !== undefined) return folder.at;
    }
    const words = `${finding.message} ${context.log.package ?? ""}`.match(/[\w.-]+(?:==[\w.+]+)?/g) ?? [];
    const named = left.find(({ text }) =>
      words.some((word) => word.length > 3 && text.split(/[\s"']+/).includes(word)),
    );
    const again = left.find(({ text }) => fix.some((line) => isReplaced(text, line)));
    const found = named ?? again ?? left.find(({ text }) => ofFolder.test(text)) ?? left[0];
    if (found !== undefined) return found.at;
  }
  const builds = lines.filter(({ text }) => compiles.test(text));
  const of = (form: RegExp): number => lines.find(({ text }) => form.test(text))?.at ?? -1;
  if (finding.tool === "cmake" && finding.kind === "build-tool") {
    const configures = of(/\bcmake3? (?!--(?:build|install|version))/);
    if (configures >= 0) return configures;
  }
  if (finding.kind === "exception" || finding.kind === "load") {
    const tests = of(/\bpytest\b|\bpython[\d.]* (?!-m (?:pip|build|venv)|\S*setup\.py)/);
    if (tests >= 0 && builds.length === 0) return tests;
  } else if (builds.length === 1) return builds[0]?.at ?? -1;
  for (const command of [failedCommand(match), failedProgram(match)]) {
    const at = command === undefined ? -1 : lines.findIndex(({ text }) => text.includes(command.line));
    if (at >= 0) return at;
  }
  return -1;
}

/** What a command of pip installs, by name; a folder is `.`. */
function named(line: string): string[] {
  return asked(line)
    .split(" ")
    .slice(1)
    .filter((word) => word !== "" && !word.startsWith("-"))
    .map((word) => {
      if (/^\.{1,2}(?:$|[\\/[])|^[\w.-]+[\\/](?!\/)|^[\\/]|^[A-Za-z]:/.test(word) && !word.includes("://")) return ".";
      const last =
        word
          .replace(/^git\+/, "")
          .replace(/(?:\.git)?(?:@[^/]*)?(?:#.*)?$/, "")
          .split("/")
          .at(-1) ?? word;
      return plainName(last.replace(/[=<>~![;].*$/, "").replace(/-\d.*$/, ""));
    });
}

const tools: readonly RegExp[] = [
  /(?:^|&& |\s)\S*python[\d.]* (?:-\w )*\S*setup\.py\b/,
  /\bcmake3? --build\b/,
  /\bcmake3? (?!--(?:build|install|version|help))/,
  /(?:^|&& )(?:\w+=\S+ )*make\b/,
  /(?:^|&& )(?:\w+=\S+ )*ninja\b/,
  /-m build\b/,
];

/** Whether a line of the fix is there in place of a line of the script: the same tool, or pip with a package of the same name. */
export function isReplaced(own: string, line: string): boolean {
  if (isSame(line, own)) return true;
  if (installs.test(own) && installs.test(line)) {
    const there = named(own);
    return named(line).some((name) => there.includes(name));
  }
  return tools.some((tool) => tool.test(own) && tool.test(commandPart(line)));
}

/** Whether a line of the fix is the script's own, however it is written. */
export function isSame(line: string, own: string): boolean {
  const plain = (text: string): string =>
    fromWorkspace(commandPart(text).trim()).replace(/^(?:\S*python[\d.]* -m )?(?=pip )/, "");
  if (plain(line) === plain(own) || plain(line).endsWith(` && ${plain(own)}`)) return true;
  return installs.test(line) && installs.test(own) && asked(line) === asked(own);
}

/** What only shows something, beyond the usual commands that do. */
const shows =
  /^(?:sudo )?(?:otool|file|mdfind|where|fuser|hipconfig|rocminfo|rocm-smi|nvidia-smi(?= *$| -q| --query)|lsof|dpkg -[lL]|dmesg|readelf|strings|cuobjdump|objdump|clang\S* --version|module (?:avail|spider|list)|\S*python\S* -m pip (?:list|show|check|debug|index))\b/;

export function isLookOnly(line: string): boolean {
  return isLook(line) || (shows.test(commandPart(line)) && !/&& (?:export|module load|sudo apt)/.test(line));
}

/** Edits of the project's own files: they are for its repository. */
export function isEdit(command: string, script: readonly string[]): boolean {
  return (
    /^(?:cd [\w./-]+ && )?(?:sed -i|perl -p?i|(?:grep -r|find ).*\| ?xargs .*(?:sed -i|perl -p?i)|find .*-exec (?:sed -i|perl)|git mv|mv \S+\.(?:cu|cpp|c) )/.test(
      command,
    ) &&
    !/site-packages|dist-packages|\$\(|(?:^|\s)[~/]\w/.test(command.replaceAll(/'[^']*'|"[^"]*"/g, "")) &&
    !script.some((line) => /\bgit clone\b/.test(line))
  );
}

/** What a machine asks for that was used before: a hosted runner starts with a fresh folder and no caches, and has Visual Studio. */
export function isOfUsedMachine(command: string, { context: { log } }: Match): boolean {
  if (log.ci?.service === "jenkins" || log.ci?.service === "buildkite" || log.restoredCache) return false;
  return (
    /^(?:rm -rf|rmdir \/s \/q) [^;&|]*$/.test(command) ||
    /^(?:winget install Microsoft\.VisualStudio\b|start \/wait .*Visual Studio)/.test(command)
  );
}
