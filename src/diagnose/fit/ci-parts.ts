/**
 * What a fix changes in a step of a CI service: variables that hold for it, commands that bring what is missing, edits of the project's
 * files, and the command that failed, in the words of the step's own script. It does not know how a service writes a step (`ci-fit.ts`
 * does), and of the script only what the log shows.
 */
import { assignmentsOf } from "./assignments.ts";
import {
  asked,
  failedLine,
  fromWorkspace,
  installs,
  isEdit,
  isLookOnly,
  isOfUsedMachine,
  isReplaced,
  isSame,
} from "./ci-lines.ts";
import { commandPart, withOtherWaysAsRemarks } from "../commands/fix-lines.ts";
import type { CiStep, Pair } from "../facts/ci-steps.ts";
import type { Match } from "../rule.ts";

export interface Change {
  /** Variables with a value that nothing has to be looked up for. */
  readonly variables: readonly Pair[];
  /** Variables that name others, `PATH=/opt/a/bin:$PATH`, where nothing else has to run before them; else they stand in the script. */
  readonly references: readonly Pair[];
  /** Packages of the system and settings of git: for a step of their own. */
  readonly system: readonly string[];
  /** Edits of the project's files, for its repository. */
  readonly edits: readonly string[];
  /** The step's script with what changes in it. */
  readonly script: readonly string[];
  /** Whether the script is another one than the log shows. */
  readonly changed: boolean;
  /** What stands in the place of one line of the script, where the script is not known as a whole. */
  readonly lines: readonly string[];
  readonly remarks: readonly string[];
}

const remarkBehind = /\s{2,}# .*$/;

/** `# or …`, `# again` tell a reader of a terminal; in a script they say nothing. */
function withoutAgain(line: string): string {
  return line.replace(/\s{2,}# (?:again|and all that was asked for|with the torch that is installed.*)$/, "");
}

/** What is installed, and the variable that leads to it. */
function partedAtExport(line: string): string[] {
  const [, before, after] = /^(?!#|export )(.*?) && (export .*)$/.exec(line) ?? [];
  return before === undefined || after === undefined || /[|;]/.test(before) ? [line] : [before, after];
}

const refers = /[$`]|%\w+%/;

/** Variables that make a program tell more: no part of what mends. */
const tells =
  /^(?:CUDA_LAUNCH_BLOCKING|TORCH_SHOW_CPP_STACKTRACES|TORCH_CPP_LOG_LEVEL|NCCL_DEBUG|TORCH_USE_CUDA_DSA|AMD_LOG_LEVEL|HIP_LAUNCH_BLOCKING|TORCH_LOGS|TORCHDYNAMO_VERBOSE|PYTHONFAULTHANDLER)=/;

const ofSystem =
  /^(?:sudo |(?:\[ [^\]]*\] \|\| \{ )?(?:curl|wget)\b.*\b(?:dpkg|apt-get)\b|\[ -d [^\]]*\] \|\| \{ .*\b(?:apt-get|dnf|yum)\b|(?:apt-get|apt|dnf|yum|apk|brew|choco|winget|zypper) |git config --(?:global|system) )/;

/** What a remark says to somebody at a terminal alone. */
const idle =
  /^# (?:Fedora|Arch)\b|^# then(?: again)?$|^# then(?: the (?:same )?(?:command|program)| start the program|: )|^# in a new cmd:|\bbashrc\b/;

/** The command of the script without isolation, where the fix builds without it. */
function withSwitch(line: string, fix: readonly string[]): string {
  return fix.some((each) => each.includes("--no-build-isolation")) && !line.includes("--no-build-isolation")
    ? line.replace(/\b(pip3?(?:\.exe)? (?:-\S+ )*install)\b/, "$1 --no-build-isolation")
    : line;
}

/** Sorts the lines of a fix by what they change. */
export function changeOf(fix: readonly string[], step: CiStep | undefined, match: Match): Change {
  const variables: Pair[] = [];
  const references: Pair[] = [];
  const system: string[] = [];
  const edits: string[] = [];
  const commands: string[] = [];
  const remarks: string[] = [];
  const script = step?.script ?? [];
  const owns = script.map((line) => line.trim());
  for (const written of withOtherWaysAsRemarks(fix).flatMap((line) => partedAtExport(line))) {
    const line = fromWorkspace(withoutAgain(written));
    const command = commandPart(line).trim();
    // A step starts in the project's folder, and so does each of them.
    if (/^cd (?:\/d )?"?\."?$/.test(command) || command === "cd -") continue;
    if (command === "") {
      if (!idle.test(line)) remarks.push(line);
      continue;
    }
    const remark = remarkBehind.exec(line)?.[0].trim();
    const [, before, program = ""] = /^((?:[A-Z_]+=\S+ )+)(.*)$/.exec(command) ?? [];
    const set =
      before !== undefined && owns.includes(program)
        ? assignmentsOf(`export ${before.trim()}`)
        : assignmentsOf(command);
    if (set !== undefined && before !== undefined && tells.test(before)) remarks.push(`# to see: ${line}`);
    else if (set !== undefined) {
      // Beside a list of variables it would say nothing of which one it is.
      if (remark !== undefined && !idle.test(remark))
        remarks.push(
          remark.startsWith("# or ")
            ? remark
            : remark.replace(/^# /, () => `# ${set.map(([name]) => name).join(", ")}: `),
        );
      for (const [name, value] of set) {
        const known = variables.reduce(
          (text, [other, literal]) => text.replaceAll(new RegExp(`\\$(?:${other}\\b|\\{${other}\\})`, "g"), literal),
          value,
        );
        (refers.test(known) ? references : variables).push([name, known]);
        if (refers.test(known)) commands.push(exportOf(name, known, match));
      }
    } else if (isLookOnly(line)) {
      if (remark !== undefined) remarks.push(`# to see: ${line}`);
    } else if (/^retorch build\b/.test(command)) remarks.push(`# or ${line}`);
    else if (isOfUsedMachine(command, match)) continue;
    else if (/^# (?:or|when it was) /.test(remark ?? "")) remarks.push(`${remark ?? ""}: ${command}`);
    else if (isEdit(command, script)) edits.push(line);
    else if (ofSystem.test(command)) {
      system.push(withLists(command));
      if (remark !== undefined) remarks.push(remark);
    } else commands.push(line);
  }
  const at = step === undefined || script.length === 0 ? -1 : failedLine(step, commands, match);
  const own = at < 0 ? undefined : owns[at];
  const indent = at < 0 ? "" : (/^\s*/.exec(script[at] ?? "")?.[0] ?? "");
  const done = new Set(script.slice(0, Math.max(at, 0)).map((line) => asked(line)));
  const same = (line: string): boolean => own !== undefined && isSame(line, own);
  // What another line of the script does is done there; what one before has installed is there.
  const others = owns.filter((line, index) => index !== at && line !== "");
  const strays = new Set(
    commands.filter(
      (line) =>
        !same(line) &&
        ((installs.test(line) && (done.has(asked(line)) || isPartOf(line, done))) ||
          (own !== undefined && isWithin(line, match))),
    ),
  );
  const needed = commands.filter(
    (line) => same(line) || (!strays.has(line) && !others.some((other) => isSame(line, other))),
  );
  // Nothing else has to run before them: for the steps that follow, too.
  const isFree = needed.every((line) => isExport(line) || same(line));
  const given = isFree ? needed.filter((line) => !isExport(line)) : needed;
  const lines = given.map((line) => (own !== undefined && same(line) ? withSwitch(own, [line, ...commands]) : line));
  const replaces = own !== undefined && given.some((line) => isReplaced(own, line));
  const whole =
    own === undefined || replaces ? lines : [...lines, ...(isComplete(own) ? [withSwitch(own, commands)] : [own])];
  const made =
    at < 0
      ? [...whole, ...script]
      : [...script.slice(0, at), ...whole.map((line) => `${indent}${line}`), ...script.slice(at + 1)];
  return {
    variables,
    references: isFree ? references : [],
    system,
    edits,
    script: made.filter((line, index) => made.indexOf(line) === index || !installs.test(line)),
    changed: made.join("\n") !== script.join("\n"),
    lines: whole,
    remarks: remarks.filter((line, index) => remarks.indexOf(line) === index),
  };
}

/** What a script of the step's printed of its own commands: it is run by that script. */
function isWithin(line: string, { context: { log } }: Match): boolean {
  return log.typed.some(({ shell, line: traced }) => shell === "trace" && isSame(line, traced));
}

function exportOf(name: string, value: string, { context: { log } }: Match): string {
  return /%\w+%/.test(value) && !value.includes("$")
    ? `set ${name}=${value}`
    : log.powerShell && value.includes("$env:")
      ? `$env:${name} = "${value}"`
      : `export ${name}="${value}"`;
}

function isExport(line: string): boolean {
  return /^(?:export |set \w+=|\$env:\w+ =)/.test(line);
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
