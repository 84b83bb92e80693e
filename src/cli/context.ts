/** What a command works with. */
import type { Failure } from "../base/failure.ts";
import { failureCodes } from "../base/failure-codes.ts";
import type { Host } from "../host/host.ts";
import { failureText } from "../report/failure-text.ts";
import type { Style } from "../report/style.ts";
import type { Program } from "./program.ts";
import type { Services } from "./services.ts";

/** Handed to every command. */
export interface CommandContext {
  readonly program: Program;
  readonly host: Host;
  readonly services: Services;
  /** For standard error. */
  readonly style: Style;
  /** For standard output. */
  readonly dataStyle: Style;
  /** All words of the command line, the command's name included. */
  readonly words: readonly string[];
  /** From now on the first Ctrl-C aborts this signal instead of ending the process; a second one ends it. */
  interruptible(): AbortSignal;
}

/** Writes a failure to standard error. The exit code that goes with it. */
export function sayFailure(context: Pick<CommandContext, "program" | "host" | "style">, failure: Failure): number {
  const { program, host, style } = context;
  program.stderr.write(failureText(failure, { style, cwd: host.cwd, readText: (path) => readQuietly(host, path) }));
  return failureCodes[failure.code].exit;
}

/** A file for an excerpt; that it cannot be read is no news. */
export function readQuietly(host: Host, path: string): string | undefined {
  try {
    return host.fs.readText(path);
  } catch {
    return undefined;
  }
}
