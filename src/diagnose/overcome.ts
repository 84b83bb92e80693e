/**
 * What of a log was overcome before its end: the installer says that it installed what an earlier finding is about (a wheel
 * that could not be built and was installed in the old way, a module that was missing and then added).
 */
import type { Finding } from "./finding.ts";
import { plainName } from "./packages.ts";

const failedBuild = /Failed (?:building (?:wheel|editable) for|to build) `?([\w.-]+)/;
const noModule = /No module named '?([\w]+)/;

/** `torch-2.6.0+cu124` → `torch`. */
function installedNames(message: string): ReadonlySet<string> {
  const words = message.replace(/^.*?[Ss]uccessfully installed /, "").split(" ");
  return new Set(words.map((word) => plainName(word.replace(/-\d[\w.+!]*$/, ""))));
}

/** Says of a finding whether it was overcome. Findings are in the order of the log. */
export function overcomeIn(findings: readonly Finding[]): (finding: Finding) => boolean {
  const successes = findings
    .filter(({ code }) => code === "installed")
    .map(({ at, message }) => ({ at, names: installedNames(message) }));
  if (successes.length === 0) return () => false;
  const failures = findings
    .filter(({ kind }) => kind === "wrapper")
    .flatMap(({ at, message }) => {
      const name = failedBuild.exec(message)?.[1];
      return name === undefined ? [] : [{ at, name: plainName(name) }];
    });
  const isInstalledAfter = (line: number, name: string): boolean =>
    successes.some(({ at, names }) => at > line && names.has(name));
  return (finding) => {
    const last = finding.lastAt ?? finding.at;
    const module = finding.kind === "exception" ? noModule.exec(finding.message)?.[1] : undefined;
    if (module !== undefined && isInstalledAfter(last, plainName(module))) return true;
    // What stands before the end of a package's build is of that build, as long as no other one ends before.
    const ended = failures.find(({ at }) => at >= last);
    if (ended === undefined || !isInstalledAfter(ended.at, ended.name)) return false;
    return !successes.some(({ at }) => at > last && at < ended.at);
  };
}
