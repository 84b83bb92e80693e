/**
 * Runs a program in place of this one, as far as a process can that has to stay: it gets the terminal and the standard
 * streams as they are, signals reach it, and what is left to do here is to end as it ended. Knows nothing of the program.
 */
import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { isatty } from "node:tty";
import { errorCode } from "./file-state.ts";
import type { ProcessRequest } from "./host.ts";

/** How it ended. */
export interface ForegroundResult {
  /** As shells say it: 128 and the number of the signal where one ended it. Undefined when it could not be started. */
  readonly status: number | undefined;
  /** Why it could not be started: `ENOENT`, `EACCES`, … */
  readonly startError?: string;
}

/** A terminal sends these to everybody in the foreground, the program included. */
const fromTerminal: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT"];
const passedOn: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCONT"];

/** Runs it to its end. Never rejects. */
export async function runForeground(request: Pick<ProcessRequest, "argv" | "cwd" | "env">): Promise<ForegroundResult> {
  const { spawn } = await import("node:child_process");
  return await new Promise((resolve) => {
    const [program = "", ...args] = request.argv;
    // Before the program starts: it may be what makes somebody send a signal.
    const { release, startPassing } = passSignals();
    let child: ChildProcess;
    try {
      child = spawn(program, args, { cwd: request.cwd, env: { ...request.env }, stdio: "inherit" });
    } catch (error) {
      release();
      resolve({ status: undefined, startError: errorCode(error) || "EINVAL" });
      return;
    }
    startPassing(child);
    child.on("error", (error) => {
      // Also sent when a signal could not be delivered: the program goes on then.
      if (child.pid !== undefined) return;
      release();
      resolve({ status: undefined, startError: errorCode(error) || "EINVAL" });
    });
    child.on("exit", (code, signal) => {
      release();
      resolve({ status: signal === null ? (code ?? 0) : 128 + constants.signals[signal] });
    });
  });
}

/** Holds signals back until there is a program that gets them. */
function passSignals(): { release: () => void; startPassing: (child: ChildProcess) => void } {
  const windows = process.platform === "win32";
  const terminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
  const early: NodeJS.Signals[] = [];
  let program: ChildProcess | undefined;
  const handlers = (windows ? (["SIGINT"] as const) : [...fromTerminal, ...passedOn]).map((signal) => {
    const alreadyThere = windows || (terminal && fromTerminal.includes(signal));
    const handler = (): void => {
      if (alreadyThere) return;
      if (program === undefined) early.push(signal);
      else program.kill(signal);
    };
    process.on(signal, handler);
    return { signal, handler };
  });
  return {
    release: () => handlers.forEach(({ signal, handler }) => process.off(signal, handler)),
    startPassing: (child) => {
      program = child;
      for (const signal of early.splice(0)) child.kill(signal);
    },
  };
}
