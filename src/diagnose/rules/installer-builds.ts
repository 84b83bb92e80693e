/** Whether a text is of an installation, and whether a build of it said something. */
import type { Finding } from "../finding.ts";
import type { Match, RuleContext } from "../rule.ts";

export const buildFrame =
  /setup\.py|build_meta|setuptools|pip-(?:build|install|req|modern)|builds-v0|<string>|pyproject_hooks|_in_process/;

/** Whether the log is of an installation. */
export function installing(match: { readonly context: Match["context"] }): boolean {
  return (
    match.context.log.installer !== undefined ||
    match.context.log.requested !== undefined ||
    match.context.findings.some((finding) => finding.kind === "wrapper" && finding.tool === "pip")
  );
}

/** Whether a build said it. */
export function builds(finding: Finding, context: RuleContext): boolean {
  return finding.frames?.some((frame) => buildFrame.test(frame)) === true || installing({ context });
}

/** `python -m build` that nobody told to build without an environment of its own. */
export function byIsolatingBuild({ context: { log } }: Match): boolean {
  const line = log.typedBuild?.line ?? "";
  return /(?:-m build\b|\bpyproject-build\b)/.test(line) && !/ (?:--no-isolation|-\w*n\w*)(?:\s|$)/.test(line);
}
