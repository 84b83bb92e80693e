/** What a program that ended badly means: the text to show, and the failure of its action. */
import { failure, type Failure } from "../base/failure.ts";
import type { Action } from "../plan/graph.ts";
import type { FinishedRun, PreparedRun } from "./execute.ts";
import { diskFull, tooManyOpenFiles } from "./io-failure.ts";

/** What it printed, and what it did not say itself. */
export function failureOutput(run: PreparedRun, end: FinishedRun): string {
  if (end.startError !== undefined) return `${end.printed}could not start ${run.argv[0] ?? ""}: ${end.startError}\n`;
  if (end.lacking.length > 0)
    return `${end.printed}the program ended well but did not make ${end.lacking.join(", ")}\n`;
  return end.printed;
}

/** The failure of an action by the end of its program. */
export function failureOfProgram({ description }: Action, { printed, startError }: FinishedRun): Failure {
  // The C library's words for ENOSPC and EDQUOT, as every tool prints them.
  if (/No space left on device|Disk quota exceeded/.test(printed)) return diskFull(` to ${description}`);
  if (startError === "EMFILE" || startError === "ENFILE") return tooManyOpenFiles();
  return failure("BUILD_FAILED", `could not ${description}`);
}
