/** The process as the command line sees it. The real one is made by `nodeProgram()`; tests bring fakes. */
import type { Terminal, TextSink } from "../report/terminal.ts";

/** One of the two streams. */
export interface OutputStream extends TextSink {
  /** The terminal behind it, if there is one. */
  readonly terminal: Terminal | undefined;
}

/** What comes in. */
export interface InputStream {
  readonly isTerminal: boolean;
  /** The bytes, part by part, once. Nothing is read before they are asked for. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** A running process. */
export interface Program {
  /** The words after the name of the program. */
  readonly arguments: readonly string[];
  readonly stdin: InputStream;
  /** Data. */
  readonly stdout: OutputStream;
  /** Everything else. */
  readonly stderr: OutputStream;
  readonly nodeVersion: string;
  /** The Node.js that runs it, absolute. */
  readonly nodePath: string;
  /** Milliseconds since the process was started. */
  uptimeMs(): number;
  /** How the process ends when nothing is left to do. */
  setExitCode(code: number): void;
  /** Ends the process at once, with all that it has started. */
  exitNow(code: number): void;
  /** Calls back on Ctrl-C and its kin instead of ending the process, until the returned function is called. */
  onInterrupt(handler: () => void): () => void;
  /** Calls back on errors that nobody caught. */
  onCrash(handler: (error: unknown) => void): void;
}
