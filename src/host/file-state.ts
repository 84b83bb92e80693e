/**
 * What the disk says of one path, and how "there is no such path" is told from an error. The quick look and the whole
 * program compare what they see, so both see it through this. Loads nothing but `node:fs`.
 */
import * as fs from "node:fs";
import type { FileStat } from "./host.ts";

/** Codes of errors by which a path is not there. */
export const missing: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP"]);

/** The `code` of a system error. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** What an action gives; undefined when the path is not there. Other errors are thrown. */
export function orMissing<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (missing.has(errorCode(error))) return undefined;
    throw error;
  }
}

/** Follows links; undefined when there is nothing. */
export function statAt(path: string): FileStat | undefined {
  const found = orMissing(() => fs.statSync(path, { throwIfNoEntry: false }));
  return found === undefined ? undefined : fileStat(found);
}

/** Of the link itself; undefined when there is nothing. */
export function lstatAt(path: string): FileStat | undefined {
  const found = orMissing(() => fs.lstatSync(path, { throwIfNoEntry: false }));
  return found === undefined ? undefined : fileStat(found);
}

function fileStat(stats: fs.Stats): FileStat {
  return {
    kind: stats.isFile() ? "file" : stats.isDirectory() ? "directory" : stats.isSymbolicLink() ? "link" : "other",
    size: stats.size,
    mtimeMs: stats.mtimeMs,
    ctimeMs: stats.ctimeMs,
    ino: stats.ino,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
  };
}
