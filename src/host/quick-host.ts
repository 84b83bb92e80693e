/**
 * The part of the machine that a build with nothing to do needs: `stat`, names, small files, variables, the two streams.
 * Loads nothing but `node:fs`, which Node has loaded already: each further module costs as much as all the looking.
 */
import * as fs from "node:fs";
import { errorCode, lstatAt, orMissing, statAt } from "./file-state.ts";
import type { FileSystem, Host } from "./host.ts";

/** What the quick look can do. */
export type QuickHost = Pick<Host, "env" | "cwd" | "platform" | "home" | "uid"> & {
  readonly fs: Pick<FileSystem, "stat" | "lstat" | "list" | "readBytes" | "readText">;
};

/** This machine. Where something is not as usual (a folder that may not be read), its functions throw. */
export function quickHost(): QuickHost {
  const { platform } = process;
  return {
    fs: { stat: statAt, lstat: lstatAt, list, readBytes, readText },
    env: process.env,
    get cwd() {
      return process.cwd();
    },
    platform: platform === "win32" || platform === "darwin" ? platform : "linux",
    get home() {
      const set = platform === "win32" ? undefined : process.env["HOME"];
      return set !== undefined && set !== "" ? set : process.getBuiltinModule("node:os").homedir();
    },
    uid: process.geteuid?.(),
  };
}

/** Writes to stdout (1) or stderr (2). Whoever has closed the other end has had enough. */
export function writeToStream(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (written < bytes.length) written += fs.writeSync(descriptor, bytes, written);
  } catch (error) {
    if (errorCode(error) === "EPIPE") return;
    // A full pipe that does not wait: Node's own stream does.
    (descriptor === 1 ? process.stdout : process.stderr).write(bytes.subarray(written));
  }
}

/** Whether stderr is a terminal. */
export function stderrIsTerminal(): boolean {
  const stat = fs.fstatSync(2);
  // The usual answers without loading what Node knows of terminals.
  if (!stat.isCharacterDevice()) return false;
  if (process.platform !== "win32" && fs.statSync("/dev/null").rdev === stat.rdev) return false;
  return process.getBuiltinModule("node:tty").isatty(2);
}

function list(path: string): string[] | undefined {
  return orMissing(() => fs.readdirSync(path).sort());
}

function readBytes(path: string): Uint8Array | undefined {
  return orMissing(() => fs.readFileSync(path));
}

function readText(path: string): string | undefined {
  return orMissing(() => fs.readFileSync(path, "utf8"));
}
