/**
 * What of a log was overcome before its end: the installer says that it installed what an earlier finding is about (a wheel
 * that could not be built and was installed in the old way, a module that was missing and then added), or the command that
 * failed was given again (in the right folder, with what it lacked) and came to another error.
 */
import { plainName } from "../base/package-name.ts";
import type { TypedCommand } from "./facts/typed-commands.ts";
import type { Finding } from "./finding.ts";

const failedBuild = /Failed (?:building (?:wheel|editable) for|to (?:download and )?build) (`?)([\w.-]+)/;
const noModule = /No module named '?([\w]+)/;

/** `torch-2.6.0+cu124` → `torch`. */
function installedNames(message: string): ReadonlySet<string> {
  const words = message.replace(/^.*?[Ss]uccessfully installed /, "").split(" ");
  return new Set(words.map((word) => plainName(word.replace(/-\d[\w.+!]*$/, ""))));
}

/** What a command says that was given in the wrong folder. */
const wrongFolder =
  /does not appear to contain CMakeLists\.txt|source directory "[^"]+" does not exist|[Nn]o targets specified and no makefile found|No rule to make target ['`]?(?:all|install)\b|neither 'setup\.py' nor 'pyproject\.toml' found|can't open file '[^']*setup\.py'|loading '?build\.ninja'?: |Could not open requirements file/;

/** Whether the command that failed was given again, with another outcome. */
function givenAgain(findings: readonly Finding[], typed: readonly TypedCommand[]): (finding: Finding) => boolean {
  const shown = typed.filter(({ shell }) => shell === "prompt");
  if (shown.length < 2) return () => false;
  const errors = findings.filter(
    ({ kind, severity, code }) =>
      (severity === "error" || severity === "fatal") && kind !== "wrapper" && code !== "installed",
  );
  return ({ at, lastAt = at, message }) => {
    const failed = shown.findLast((command) => command.at <= at);
    if (failed === undefined) return false;
    const isPlace = wrongFolder.test(message);
    const again = shown.find(
      (command) => command.at > lastAt && (command.line === failed.line || (isPlace && command.kind === failed.kind)),
    );
    return again !== undefined && errors.some((other) => other.at > again.at && other.message !== message);
  };
}

const noNinja = /\bNinja is required to load|No such file or directory: 'ninja'/i;

/** Whether pip was told to install, after it was missing, what then is missing no more: another error follows. */
function addedByHand(findings: readonly Finding[], typed: readonly TypedCommand[]): (finding: Finding) => boolean {
  const installs = typed.filter(({ kind, shell }) => kind === "pip" && shell !== "sentence");
  if (installs.length === 0) return () => false;
  const errors = findings.filter(
    ({ kind, severity, code }) =>
      (severity === "error" || severity === "fatal") && kind !== "wrapper" && code !== "installed",
  );
  return ({ kind, at, lastAt = at, message }) => {
    if (kind !== "exception") return false;
    const name = noNinja.test(message) ? "ninja" : noModule.exec(message)?.[1];
    if (name === undefined) return false;
    const wanted = plainName(name);
    const added = installs.find(
      (command) =>
        command.at > lastAt && command.line.split(/[\s"'=<>~![]+/).some((word) => plainName(word) === wanted),
    );
    if (added === undefined) return false;
    // What the installer itself failed with comes first, and leaves it missing.
    const next = errors.find((other) => other.at > added.at);
    return next !== undefined && next.kind !== "installer" && next.kind !== "build-tool" && next.message !== message;
  };
}

/** Says of a finding whether it was overcome. Findings are in the order of the log. */
export function overcomeIn(
  findings: readonly Finding[],
  typed: readonly TypedCommand[] = [],
): (finding: Finding) => boolean {
  const isInstalled = installedIn(findings);
  const isGivenAgain = givenAgain(findings, typed);
  const isAdded = addedByHand(findings, typed);
  return (finding) => isInstalled(finding) || isGivenAgain(finding) || isAdded(finding);
}

function installedIn(findings: readonly Finding[]): (finding: Finding) => boolean {
  const successes = findings
    .filter(({ code }) => code === "installed")
    .map(({ at, message }) => ({ at, names: installedNames(message) }));
  if (successes.length === 0) return () => false;
  const failures = findings
    .filter(({ kind }) => kind === "wrapper")
    .flatMap(({ at, message }) => {
      const [, quote, name] = failedBuild.exec(message) ?? [];
      // uv names the package, in quotes, before it tells the reason; pip does after it.
      return name === undefined ? [] : [{ at, name: plainName(name), isBefore: quote === "`" }];
    });
  const isInstalledAfter = (line: number, name: string): boolean =>
    successes.some(({ at, names }) => at > line && names.has(name));
  return (finding) => {
    const last = finding.lastAt ?? finding.at;
    const module = finding.kind === "exception" ? noModule.exec(finding.message)?.[1] : undefined;
    if (module !== undefined && isInstalledAfter(last, plainName(module))) return true;
    // What stands before the end of a package's build is of that build, as long as no other one ends before.
    const began = failures.findLast(({ at, isBefore }) => isBefore && at <= last);
    if (began !== undefined && isInstalledAfter(last, began.name))
      return !successes.some(({ at }) => at > began.at && at < last);
    const ended = failures.find(({ at, isBefore }) => !isBefore && at >= last);
    if (ended === undefined || !isInstalledAfter(ended.at, ended.name)) return false;
    return !successes.some(({ at }) => at > last && at < ended.at);
  };
}
