/**
 * Where the program begins. A build with nothing to do ends here, in a few dozen milliseconds: what this file imports
 * is all that such a run loads. Everything else comes with `import()`.
 */
import { tryNoOp, type NoOpHit } from "../build/no-op.ts";
import type { Host } from "../host/host.ts";
import { finishedLine } from "../report/json-lines.ts";
import { colorAllowed, makeStyle } from "../report/style.ts";
import { upToDateLine } from "../report/summary.ts";
import { fastRequest, type FastRequest } from "./fast-arguments.ts";
import type { Program } from "./program.ts";

/** Runs the command line of a process. */
export async function start(program: Program, host: Host): Promise<void> {
  const fast = fastRequest(program.arguments);
  const hit = fast === undefined ? undefined : lookForHit(host, fast);
  if (fast !== undefined && hit !== undefined) {
    sayUpToDate(program, host, fast, hit);
    return;
  }
  const { runCommandLine } = await import("./dispatch.ts");
  program.setExitCode(await runCommandLine(program, host));
}

function lookForHit(host: Host, fast: FastRequest): NoOpHit | undefined {
  try {
    return tryNoOp(host, fast.words);
  } catch {
    // What the quick look cannot read, the full way reads, and explains where it cannot either.
    return undefined;
  }
}

function sayUpToDate(program: Program, host: Host, fast: FastRequest, hit: NoOpHit): void {
  const durationMs = program.uptimeMs();
  if (fast.json) {
    const actions = { executed: 0, cached: 0, fresh: hit.actions };
    program.stdout.write(finishedLine({ ok: true, artifacts: hit.artifacts, actions, durationMs }));
    return;
  }
  if (!fast.quiet) {
    const choice = fast.color ?? colorOf(host.env["RETORCH_COLOR"]);
    const isTerminal = program.stderr.terminal !== undefined;
    const style = makeStyle(colorAllowed({ choice, env: host.env, isTerminal }));
    program.stderr.write(`${style.success(upToDateLine(hit.extensions, durationMs))}\n`);
  }
  program.stdout.write(hit.artifacts.map(({ path }) => `${path}\n`).join(""));
}

function colorOf(text: string | undefined): "always" | "never" | undefined {
  return text === "always" || text === "never" ? text : undefined;
}
