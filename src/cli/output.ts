/* oxlint-disable no-restricted-globals -- the one place of the command line that touches the process itself */
/** The real process: its words, its streams and its signals. Decides nothing. */
import type { Terminal } from "../report/terminal.ts";
import type { OutputStream, Program } from "./program.ts";

const interrupts = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** This process. */
export function nodeProgram(): Program {
  return {
    arguments: process.argv.slice(2),
    // Merely naming `process.stdin` opens it.
    stdin: {
      get isTerminal() {
        return process.stdin.isTTY;
      },
      chunks: () => process.stdin,
    },
    stdout: outputStream(process.stdout),
    stderr: outputStream(process.stderr),
    nodeVersion: process.versions.node,
    nodePath: process.execPath,
    uptimeMs: () => process.uptime() * 1000,
    setExitCode: (code) => {
      process.exitCode = code;
    },
    exitNow: (code) => process.exit(code),
    onInterrupt: (handler) => {
      for (const signal of interrupts) process.on(signal, handler);
      return () => {
        for (const signal of interrupts) process.off(signal, handler);
      };
    },
    onCrash: (handler) => {
      process.on("uncaughtException", handler);
      process.on("unhandledRejection", handler);
    },
  };
}

function outputStream(stream: NodeJS.WriteStream): OutputStream {
  let closed = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    // Whoever read the other end has had enough (`retorch export sh | head`); that is no failure.
    if (error.code !== "EPIPE") throw error;
    closed = true;
  });
  const write = (text: string): void => {
    if (!closed && text !== "") stream.write(text);
  };
  const terminal: Terminal = {
    write,
    // A terminal that was never given a size says 0.
    get columns() {
      return stream.columns || 80;
    },
    get rows() {
      return stream.rows || 24;
    },
  };
  return { write, terminal: stream.isTTY ? terminal : undefined };
}
