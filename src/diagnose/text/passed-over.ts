/**
 * Lines that hold the words of an error and tell of none: a test with an error in its name that passed, a line of a diff,
 * the headings of a manual that lists messages.
 */

import { cleanLine } from "./log-line.ts";

/** pytest -v, its summary, pytest-xdist, GoogleTest, CTest, unittest -v, cargo test. */
const passedTest =
  /^(?:XFAIL|XPASS|SKIPPED|PASSED)(?: \[\d+\])? [\w./\\-]+(?:::|\.py:\d)|^[\w./-]+::.*\s(?:PASSED|XFAIL|XPASS|SKIPPED)\b(?: \(.*\))?(?:\s+\[\s*\d+%\])?$|^\[gw\d+\] \[\s*\d+%\] (?:PASSED|XFAIL|XPASS|SKIPPED) |^\[ {7}OK \] |^\s*\d+\/\d+ Test +#\d+: .*\bPassed\b|^test\w* \([\w.]+\)(?: \.\.\.)? ok$|^test [\w:]+ \.\.\. ok$/;

const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;

/** A line of a list of changes: "- Fixed …", "* Raise a clear error when …". */
const change =
  /^\s*[-*] (?:Fix(?:e[sd])?|Raises?|Improved?s?|Handle[sd]?|Prevents?|Avoids?|Document(?:ed)?|Deprecated?) /;

/** Knows the lines of a diff by the counts of its hunks. */
export class PassedOver {
  #diffUntil = 0;

  /** Whether the line tells of no failure, whatever its words. */
  has(raw: string, number: number): boolean {
    const counts = raw.startsWith("@@ -") ? hunk.exec(raw) : null;
    if (counts !== null) {
      this.#diffUntil = number + Number(counts[1] ?? 1) + Number(counts[2] ?? 1);
      return true;
    }
    if (change.test(raw)) return true;
    if (number <= this.#diffUntil && /^[-+ ]/.test(raw)) return true;
    return (
      (raw.includes("PASSED") ||
        raw.includes("XFAIL") ||
        raw.includes("SKIPPED") ||
        raw.includes(" ok") ||
        raw.includes(" OK ]") ||
        raw.includes("Passed")) &&
      (passedTest.test(raw.trim()) || passedTest.test(cleanLine(raw, number).text))
    );
  }
}

/** The text with empty lines in their places. */
export function withoutPassedOver(text: string): string {
  const passed = new PassedOver();
  return text
    .split("\n")
    .map((line, at) => (passed.has(line, at + 1) ? "" : line))
    .join("\n");
}

/** A heading below the title, as manuals and lists of questions have many. */
export const isHeading = (raw: string): boolean => /^#{2,6} +\S/.test(raw);

/** So many headings with a message each are a list of messages, not a report of one. */
export const fewestListed = 3;
