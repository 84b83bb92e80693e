/**
 * Says why tests were skipped, and ends with the line `N passed, N failed`, which any CI can read. When
 * `RETORCH_TEST_SUMMARY` names a file, the line goes there instead, for `npm test` to print at the very end.
 */
import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestModule } from "vitest/node";

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    let skipped = 0;
    const reasons = new Map<string, number>();
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") passed++;
        else if (result.state === "failed") failedHere++;
        else {
          skipped++;
          const reason = (result.state === "skipped" ? result.note : undefined) ?? "no reason given";
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        }
      }
      // A file that cannot be loaded, or a hook that fails, has no failed test to show for it.
      failed += failedHere === 0 && module.state() === "failed" ? 1 : failedHere;
    }
    const line = `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}\n`;
    const why = [...reasons].map(([reason, count]) => `  ${count} x ${reason}\n`).join("");
    process.stdout.write(why === "" ? "\n" : `\nskipped:\n${why}\n`);

    const file = process.env["RETORCH_TEST_SUMMARY"];
    if (file === undefined) process.stdout.write(line);
    else writeFileSync(file, line);
  }
}
