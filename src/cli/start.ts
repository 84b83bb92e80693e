/**
 * Where the program begins. A build with nothing to do ends here, in a few dozen milliseconds: what this file imports
 * is all that such a run loads. Everything else comes with `whole`.
 */
import { resolve } from "node:path";
import { tryNoOp, type NoOpHit } from "../build/no-op.ts";
import type { QuickHost } from "../host/quick-host.ts";
import { finishedLine } from "../report/json-lines.ts";
import { colorAllowed, makeStyle } from "../report/style.ts";
import { upToDateLine } from "../report/summary.ts";
import { fastRequest, type FastRequest, rememberedWords } from "./fast-arguments.ts";

/** The process, as far as a build with nothing to do needs it. */
export interface QuickProgram {
  /** The words after the name of the program. */
  readonly arguments: readonly string[];
  /** What comes in, all of it. */
  input(): Promise<Uint8Array>;
  writeOut(text: string): void;
  writeError(text: string): void;
  /** Whether stderr is a terminal. */
  errorIsTerminal(): boolean;
  uptimeMs(): number;
  /** Goes the whole way, with what was read from standard input already. */
  whole(input: Uint8Array | undefined): Promise<void>;
}

/** Runs the command line of a process. */
export async function start(program: QuickProgram, host: QuickHost): Promise<void> {
  const fast = fastRequest(program.arguments);
  const input = fast?.request === "-" ? await program.input() : undefined;
  const hit = fast === undefined ? undefined : lookForHit(host, fast, input);
  if (fast === undefined || hit === undefined) await program.whole(input);
  else sayUpToDate(program, host, fast, hit);
}

function lookForHit(host: QuickHost, fast: FastRequest, input: Uint8Array | undefined): NoOpHit | undefined {
  try {
    if (fast.request === undefined) return tryNoOp(host, fast.words);
    const captured =
      input === undefined
        ? host.fs.readText(resolve(host.cwd, fast.request))
        : Buffer.from(input.buffer, input.byteOffset, input.byteLength).toString("utf8");
    return captured === undefined ? undefined : tryNoOp(host, rememberedWords(fast, captured));
  } catch {
    // What the quick look cannot read, the full way reads, and explains where it cannot either.
    return undefined;
  }
}

function sayUpToDate(program: QuickProgram, host: QuickHost, fast: FastRequest, hit: NoOpHit): void {
  const durationMs = program.uptimeMs();
  if (fast.json) {
    const actions = { executed: 0, cached: 0, fresh: hit.actions };
    program.writeOut(finishedLine({ ok: true, artifacts: hit.artifacts, actions, durationMs }));
    return;
  }
  if (!fast.quiet) {
    const choice = fast.color ?? colorOf(host.env["RETORCH_COLOR"]);
    const style = makeStyle(colorAllowed({ choice, env: host.env, isTerminal: program.errorIsTerminal() }));
    program.writeError(`${style.success(upToDateLine(hit.extensions, durationMs))}\n`);
  }
  program.writeOut(hit.artifacts.map(({ path }) => `${path}\n`).join(""));
}

function colorOf(text: string | undefined): "always" | "never" | undefined {
  return text === "always" || text === "never" ? text : undefined;
}
