/**
 * Runs programs: no shell, a process group each (POSIX), all output captured. Ending one ends everything it started.
 * Knows nothing of compilers.
 */
import type { ChildProcess, spawn as spawnFunction } from "node:child_process";
import { errorCode } from "./file-state.ts";
import type { Processes, ProcessRequest, ProcessResult } from "./host.ts";
import { OutputBuffer } from "./output-buffer.ts";
import { isAlive, selfIdentity } from "./process-identity.ts";
import { watchMemory } from "./process-memory.ts";
import { endTree, registerRunning, signalGroup } from "./running-groups.ts";

export { killAll } from "./running-groups.ts";

/** What is kept of each of stdout and stderr. */
const outputLimit = 64 * 1024 * 1024;
/** From SIGTERM to SIGKILL. */
const grace = 2000;
/** How long after its end a program's output is waited for that a process left behind holds open. */
const stragglers = 1000;

/** Passing shortages: another program ends, and it works. ETXTBSY: the program itself was just being written. */
const passing: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "EAGAIN", "ENOMEM", "ETXTBSY"]);
const startAttempts = 60;
const startPause = 50;

/** The programs of this machine. */
export function nodeProcesses(): Processes {
  return { run, alive: isAlive, self: selfIdentity };
}

async function run(request: ProcessRequest): Promise<ProcessResult> {
  const { spawn } = await import("node:child_process");
  const begin = performance.now();
  for (let attempt = 1; ; attempt++) {
    const result =
      request.signal?.aborted === true ? notStarted("ABORTED", begin) : await runOnce(request, spawn, begin);
    if (result.startError === undefined || !passing.has(result.startError) || attempt >= startAttempts) return result;
    await new Promise((resolve) => setTimeout(resolve, startPause));
  }
}

type Spawn = typeof spawnFunction;

function runOnce(request: ProcessRequest, spawn: Spawn, begin: number): Promise<ProcessResult> {
  return new Promise((resolve) => {
    const { inherit = false, stdin } = request;
    const [program = "", ...args] = request.argv;
    // A program that owns the terminal must stay in our session, or it could not read from it.
    const group = !inherit && process.platform !== "win32";
    const input = stdin === undefined ? "ignore" : "pipe";
    let child: ChildProcess;
    try {
      child = spawn(program, args, {
        cwd: request.cwd,
        env: { ...request.env },
        detached: group,
        windowsHide: true,
        stdio: inherit ? "inherit" : [input, "pipe", "pipe"],
      });
    } catch (error) {
      // What cannot be passed to a program at all: E2BIG, a NUL byte in an argument.
      resolve(notStarted(errorCode(error) || "EINVAL", begin));
      return;
    }

    const stdout = new OutputBuffer(outputLimit);
    const stderr = new OutputBuffer(outputLimit);
    const unregister = registerRunning(child, { group, long: request.measure === true });
    const memory = request.measure === true && child.pid !== undefined ? watchMemory(child.pid) : undefined;
    let timedOut = false;
    let ending = false;
    let killTimer: NodeJS.Timeout | undefined;
    let stragglerTimer: NodeJS.Timeout | undefined;

    const send = (signal: NodeJS.Signals): void => {
      if (group && child.pid !== undefined) signalGroup(child.pid, signal);
      else endTree(child, signal);
    };
    const end = (): void => {
      if (ending) return;
      ending = true;
      send("SIGTERM");
      killTimer = setTimeout(() => send("SIGKILL"), grace);
    };
    const timeout =
      request.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            end();
          }, request.timeoutMs);
    const ignoreAbort = onAbort(request.signal, end);

    let settled = false;
    const settle = (outcome: Pick<ProcessResult, "exitCode" | "signal" | "startError">): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timeout);
      clearTimeout(killTimer);
      clearTimeout(stragglerTimer);
      ignoreAbort();
      // The driver is gone; a `cc1plus` that it leaves behind because somebody killed it must go too. What a program
      // that ended by itself leaves in the background is its own affair.
      if (group && child.pid !== undefined && (ending || outcome.signal !== undefined)) {
        signalGroup(child.pid, "SIGKILL");
      }
      unregister();
      child.stdout?.destroy();
      child.stderr?.destroy();
      const peakMemory = memory?.stop();
      resolve({
        ...outcome,
        stdout: stdout.text(),
        stderr: stderr.text(),
        timedOut,
        durationMs: performance.now() - begin,
        ...(peakMemory === undefined ? {} : { peakMemory }),
      });
    };

    child.stdout?.on("data", (chunk: Buffer) => stdout.add(chunk));
    child.stderr?.on("data", (chunk: Buffer) => stderr.add(chunk));
    child.on("error", (error) => {
      // Also sent when a signal could not be delivered: the program goes on then.
      if (child.pid === undefined) {
        settle({
          exitCode: undefined,
          signal: undefined,
          startError: errorCode(error) || "EINVAL",
        });
      }
    });
    child.on("exit", (code, signal) => {
      const outcome = { exitCode: code ?? undefined, signal: signal ?? undefined };
      // Whoever was left behind by a program that was killed would keep its output open.
      if (group && signal !== null && !ending && child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
      stragglerTimer = setTimeout(() => settle(outcome), ending ? grace : stragglers);
    });
    child.on("close", (code, signal) => settle({ exitCode: code ?? undefined, signal: signal ?? undefined }));

    // The program may end without having read its input. (When it could not be started there is no stream at all.)
    child.stdin?.on("error", () => {});
    child.stdin?.end(stdin ?? "");
  });
}

const abortActions = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when the signal is aborted, until the returned function is called. One listener serves all programs that
 * share a signal: Node warns of a leak where there are more than ten.
 */
function onAbort(signal: AbortSignal | undefined, action: () => void): () => void {
  if (signal === undefined) return () => {};
  let actions = abortActions.get(signal);
  if (actions === undefined) {
    const all = new Set<() => void>();
    actions = all;
    abortActions.set(signal, all);
    signal.addEventListener("abort", () => all.forEach((each) => each()), { once: true });
  }
  const registered = actions.add(action);
  return () => void registered.delete(action);
}

function notStarted(startError: string, begin: number): ProcessResult {
  return {
    exitCode: undefined,
    signal: undefined,
    startError,
    stdout: "",
    stderr: "",
    timedOut: false,
    durationMs: performance.now() - begin,
  };
}
