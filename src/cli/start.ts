/**
 * Where the program begins. A build with nothing to do ends here, in a few dozen milliseconds: what this file imports
 * is all that such a run loads. Everything else comes with `import()`.
 */
import { resolve } from "node:path";
import { tryNoOp, type NoOpHit } from "../build/no-op.ts";
import type { Host } from "../host/host.ts";
import { finishedLine } from "../report/json-lines.ts";
import { colorAllowed, makeStyle } from "../report/style.ts";
import { upToDateLine } from "../report/summary.ts";
import { fastRequest, type FastRequest, rememberedWords } from "./fast-arguments.ts";
import type { Program } from "./program.ts";

/** Runs the command line of a process. */
export async function start(program: Program, host: Host): Promise<void> {
  const fast = fastRequest(program.arguments);
  const piped = fast?.request === "-" ? await readAll(program) : undefined;
  const hit = fast === undefined ? undefined : lookForHit(host, fast, piped);
  if (fast !== undefined && hit !== undefined) {
    sayUpToDate(program, host, fast, hit);
    return;
  }
  const { runCommandLine } = await import("./dispatch.ts");
  program.setExitCode(await runCommandLine(piped === undefined ? program : withInput(program, piped), host));
}

async function readAll(program: Program): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of program.stdin.chunks()) parts.push(part);
  return Buffer.concat(parts);
}

/** The program with what was read from its standard input already. */
function withInput(program: Program, bytes: Uint8Array): Program {
  const stdin = {
    isTerminal: false,
    chunks: async function* () {
      yield await Promise.resolve(bytes);
    },
  };
  return Object.create(program, { stdin: { value: stdin, enumerable: true } }) as Program;
}

function lookForHit(host: Host, fast: FastRequest, piped: Buffer | undefined): NoOpHit | undefined {
  try {
    if (fast.request === undefined) return tryNoOp(host, fast.words);
    const captured = piped?.toString("utf8") ?? host.fs.readText(resolve(host.cwd, fast.request));
    return captured === undefined ? undefined : tryNoOp(host, rememberedWords(fast, captured));
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
