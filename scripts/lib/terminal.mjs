// What the scripts print, and how they end. Progress goes to stderr or stdout as the caller says; no colours, no tricks.
import { performance } from "node:perf_hooks";

/** An expected failure: one sentence, and what to do about it. */
export class ScriptError extends Error {
  /** @param {string} message @param {string} [hint] */
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

/** `0.04` → `0.0 s`, `83` → `1 min 23 s`. */
export function seconds(value) {
  if (value < 100) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Starts a stopwatch; calling the result says how many seconds have passed. */
export function stopwatch() {
  const begin = performance.now();
  return () => (performance.now() - begin) / 1000;
}

/** One line of a list of steps. */
export function line(name, text) {
  process.stdout.write(`  ${name.padEnd(14)} ${text}\n`);
}

/** Runs a command's main function and turns an expected failure into a message and an exit status. */
export async function runMain(main) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    if (error.hint !== undefined) process.stderr.write(`\nhint: ${error.hint}\n`);
    process.exitCode = 2;
  }
}
