// `npm run check`: all that can be said about the code without running it. One line a step; what a step complains of
// follows in full. Ends with `N passed, N failed`, counting steps.
import { join } from "node:path";
import { ensurePackages } from "../lib/npm-packages.mjs";
import { run } from "../lib/process.mjs";
import { root } from "../lib/root.mjs";
import { line, ScriptError, seconds, stopwatch } from "../lib/terminal.mjs";
import { docsProblems } from "./generate-docs.mjs";

const tool = (path, ...args) => ({ path: join(root, "node_modules", path), args });

const steps = [
  { name: "types", ...tool("typescript/bin/tsc", "-p", ".") },
  { name: "lint", ...tool("oxlint/bin/oxlint", "src", "test", "scripts", "bench", "bin", "vitest.config.ts") },
  { name: "format", ...tool("oxfmt/bin/oxfmt", "--check"), hint: "`npm run format` mends it" },
  { name: "architecture", ...tool("vitest/vitest.mjs", "run", "test/architecture.test.ts", "test/repository.test.ts") },
  { name: "documents", check: docsProblems, hint: "`npm run docs:gen` writes them" },
];

export async function main() {
  const installed = await ensurePackages(root);
  if (installed !== undefined) line("npm packages", `installed in ${seconds(installed)}`);
  let failed = 0;
  for (const step of steps) {
    const elapsed = stopwatch();
    const problems = await problemsOf(step);
    if (problems === undefined) {
      line(step.name, `ok, ${seconds(elapsed())}`);
    } else {
      failed++;
      line(step.name, `FAILED, ${seconds(elapsed())}\n\n${problems}\n${step.hint ? `\nhint: ${step.hint}\n` : ""}`);
    }
  }
  process.stdout.write(`${steps.length - failed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** What a step complains of; undefined when all is well. */
async function problemsOf(step) {
  if (step.check !== undefined) {
    return step.check().catch((error) => {
      if (error instanceof ScriptError) return error.message;
      throw error;
    });
  }
  const env = {
    ...process.env,
    NO_COLOR: "1",
    RETORCH_TEST_SUMMARY: process.platform === "win32" ? "NUL" : "/dev/null",
  };
  delete env.FORCE_COLOR;
  const { code, stdout, stderr } = await run(process.execPath, [step.path, ...step.args], { cwd: root, env });
  return code === 0 ? undefined : `${stdout}${stderr}`.trim();
}
