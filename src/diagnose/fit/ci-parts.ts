/**
 * What a fix changes in a step of a CI service: variables that hold for it, commands that bring what is missing, and the command that
 * failed, in the words of the step's own script. It does not know how a service writes a step (`ci-fit.ts` does), and of the script only
 * what the log shows.
 */
import { assignmentsOf } from "./assignments.ts";
import { commandPart, isBuildLine, isLook, withOtherWaysAsRemarks } from "../commands/fix-lines.ts";
import { failedCommand, failedProgram } from "../commands/failed-command.ts";
import type { CiStep, Pair } from "../facts/ci-steps.ts";
import type { Match } from "../rule.ts";

export interface Change {
  /** Variables with a value that nothing has to be looked up for. */
  readonly variables: readonly Pair[];
  /** Variables that name others, as they are exported: `PATH=/opt/a/bin:$PATH`. */
  readonly references: readonly Pair[];
  /** Packages of the system and settings of git: for a step of their own. */
  readonly system: readonly string[];
  /** The step's script with what changes in it. */
  readonly script: readonly string[];
  /** Whether the script is another one than the log shows. */
  readonly changed: boolean;
  /** What stands in the place of one line of the script, where the script is not known as a whole. */
  readonly lines: readonly string[];
  readonly remarks: readonly string[];
}

/** Where services check the project out. */
const workspace =
  /(?:\/home\/runner\/work\/([\w.-]+)\/\1|\/Users\/runner\/work\/([\w.-]+)\/\2|\/__w\/([\w.-]+)\/\3|[A-Z]:[\\/]a[\\/]([\w.-]+)[\\/]\4|\/(?:home\/vsts|Users\/runner)\/work\/1\/s|[A-Z]:\\a\\\d+\\s|\/home\/circleci\/project|\/builds\/(?:[\w.-]+\/){1,4}?[\w.-]+|\/(?:var\/lib\/)?buildkite-agent\/builds\/(?:[\w.-]+\/){2}[\w.-]+|\/var\/lib\/jenkins\/workspace\/[\w.-]+)(?![\w./\\-])/gi;

/** The project's folder is where a step starts. */
function fromWorkspace(line: string): string {
  if (line.includes("safe.directory")) return line;
  const plain = line.replaceAll(workspace, ".");
  return plain.replace(/^cd (?:\/d )?"?\."? && /, "");
}

const remarkBehind = /\s{2,}# .*$/;

/** `# or …`, `# again` tell a reader of a terminal; in a script they say nothing. */
function withoutAgain(line: string): string {
  return line.replace(/\s{2,}# (?:again|and all that was asked for|with the torch that is installed.*)$/, "");
}

const refers = /[$`]|%\w+%/;

const ofSystem =
  /^(?:sudo |(?:\[ [^\]]*\] \|\| \{ )?(?:curl|wget)\b.*\b(?:dpkg|apt-get)\b|\[ -d [^\]]*\] \|\| \{ .*\b(?:apt-get|dnf|yum)\b|(?:apt-get|apt|dnf|yum|apk|brew|choco|winget|zypper) |git config --(?:global|system) )/;

/** Commands of pip by what they install, however they are started and whatever else they are told. */
function asked(line: string): string {
  return fromWorkspace(commandPart(line))
    .replace(/^.*?\bpip3?(?:\.exe)? (?=install )/, "")
    .replaceAll(/ (?:--no-build-isolation|--no-cache-dir|-[vU]+|--upgrade|--verbose|--quiet|-q)(?=\s|$)/g, "")
    .replaceAll(/ (?:-i|--(?:extra-)?index-url)[ =]\S+/g, "")
    .replaceAll(/["']/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

const installs = /\bpip3?(?:\.exe)? (?:-\S+ )*install\b|\buv (?:pip install|sync)\b/;
const onlyPip = /\binstall(?: (?:-U|--upgrade|pip|setuptools|wheel|-q))+$/;
const ofFolder = /\binstall\b.* (?:-e |--editable )?["']?(?:\.{1,2}(?:[\\/[]|["']?(?:\s|$))|[\w.-]+[\\/])/;

/** Compiles something, if it does not only configure it. */
const compiles =
  /\bsetup\.py\b|\bcmake3? --build\b|(?:^|&& )(?:make|ninja)\b|-m build\b|\bpip3?(?:\.exe)? (?:install|wheel)\b(?!(?: (?:-U|--upgrade|pip|setuptools|wheel|-q|ninja|torch\S*|-r \S+))+$)/;

/** The line of a script that failed; -1 where the log does not tell. */
function failedLine(step: CiStep, match: Match): number {
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
    const found = named ?? left[0];
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

/** The command of the script without isolation, where the fix builds without it. */
function withSwitch(line: string, fix: readonly string[]): string {
  return fix.some((each) => each.includes("--no-build-isolation")) && !line.includes("--no-build-isolation")
    ? line.replace(/\b(pip3?(?:\.exe)? (?:-\S+ )*install)\b/, "$1 --no-build-isolation")
    : line;
}

/** Whether a line of the fix is the script's own, however it is written. */
function isSame(line: string, own: string): boolean {
  const plain = (text: string): string =>
    fromWorkspace(commandPart(text).trim()).replace(/^(?:\S*python[\d.]* -m )?(?=pip )/, "");
  if (plain(line) === plain(own) || plain(line).endsWith(` && ${plain(own)}`)) return true;
  return installs.test(line) && installs.test(own) && asked(line) === asked(own);
}

/** What a machine asks for that was used before: a hosted runner starts with a fresh folder, and has Visual Studio. */
function isOfUsedMachine(command: string, { context: { log } }: Match): boolean {
  if (log.ci?.service === "jenkins") return false;
  return (
    /^(?:rm -rf|rmdir \/s \/q) "?(?:\.[\\/])?(?:build|dist|_skbuild)\b[^;&|]*$/.test(command) ||
    /^winget install Microsoft\.VisualStudio\b/.test(command)
  );
}

/** Sorts the lines of a fix by what they change. `own` is the line that failed, as the step has it. */
export function changeOf(fix: readonly string[], step: CiStep | undefined, match: Match): Change {
  const variables: Pair[] = [];
  const references: Pair[] = [];
  const system: string[] = [];
  const commands: string[] = [];
  const remarks: string[] = [];
  for (const written of withOtherWaysAsRemarks(fix)) {
    const line = fromWorkspace(withoutAgain(written));
    const command = commandPart(line).trim();
    if (command === "") {
      if (!/^# (?:Fedora|Arch)\b|^# then(?: again)?$|^# then(?: the (?:same )?command|: )|^# in a new cmd:/.test(line))
        remarks.push(line);
      continue;
    }
    const remark = remarkBehind.exec(line)?.[0].trim();
    const set = assignmentsOf(command);
    if (set !== undefined) {
      if (remark !== undefined) remarks.push(remark);
      for (const [name, value] of set) {
        const known = variables.reduce(
          (text, [other, literal]) => text.replaceAll(new RegExp(`\\$(?:${other}\\b|\\{${other}\\})`, "g"), literal),
          value,
        );
        (refers.test(known) ? references : variables).push([name, known]);
      }
    } else if (isLook(line)) {
      if (remark !== undefined) remarks.push(`# to see: ${line}`);
    } else if (/^retorch build\b/.test(command)) remarks.push(`# or ${line}`);
    else if (isOfUsedMachine(command, match)) continue;
    else if (/^# (?:or|when it was) /.test(remark ?? "")) remarks.push(`${remark ?? ""}: ${command}`);
    else if (ofSystem.test(command)) {
      system.push(withLists(command));
      if (remark !== undefined) remarks.push(remark);
    } else commands.push(line);
  }
  const script = step?.script ?? [];
  const at = step === undefined || script.length === 0 ? -1 : failedLine(step, match);
  const own = at < 0 ? undefined : script[at]?.trim();
  const indent = at < 0 ? "" : (/^\s*/.exec(script[at] ?? "")?.[0] ?? "");
  const done = new Set(script.slice(0, Math.max(at, 0)).map((line) => asked(line)));
  const same = (line: string): boolean => own !== undefined && isSame(line, own);
  // What another line of the script does is done there; what one before has installed is there.
  const others = script.filter((line, index) => index !== at && line.trim() !== "").map((line) => line.trim());
  const strays = new Set(
    commands.filter((line) => !same(line) && installs.test(line) && (done.has(asked(line)) || isPartOf(line, done))),
  );
  const needed = commands.filter(
    (line) => same(line) || (!strays.has(line) && !others.some((other) => isSame(line, other))),
  );
  const lines = needed.map((line) => (own !== undefined && same(line) ? withSwitch(own, [line, ...commands]) : line));
  const builds = own !== undefined && needed.some((line) => same(line) || isBuildLine(line, own));
  // What builds without isolation, and not what the step asks for: the step's own command without it.
  const isStray = strays.size > 0 && !needed.some((line) => same(line));
  const whole =
    own === undefined || (builds && !isStray)
      ? lines
      : [...lines, ...(isComplete(own) ? [withSwitch(own, commands)] : [own])];
  const made =
    at < 0
      ? [...whole, ...(builds ? [] : script)]
      : [...script.slice(0, at), ...whole.map((line) => `${indent}${line}`), ...script.slice(at + 1)];
  return {
    variables,
    references,
    system,
    script: made.filter((line, index) => made.indexOf(line) === index || !installs.test(line)),
    changed: made.join("\n") !== script.join("\n"),
    lines: whole,
    remarks,
  };
}

/** A line that does not go on in the next one. */
function isComplete(line: string): boolean {
  return !/[\\|&]$/.test(line);
}

/** Words that a command before has installed already. */
function isPartOf(line: string, done: ReadonlySet<string>): boolean {
  const words = asked(line).split(" ").slice(1);
  if (words.length === 0 || words.some((word) => /^(?:-|\.|torch\b)/.test(word))) return false;
  return [...done].some((each) => words.every((word) => each.split(" ").includes(word)));
}

/** A runner's image has lists of packages that grow old. */
function withLists(line: string): string {
  return /\bapt-get update\b/.test(line)
    ? line
    : line.replace(/^(sudo )?apt-get install\b/, "$1apt-get update && $1apt-get install");
}
