/**
 * The ports through which everything outside the program is reached. The real ones are made by `nodeHost()`;
 * tests bring fakes. Nothing here knows what a build is.
 */
import type { Digest } from "../base/digest.ts";

/** What `stat` says of a file. Times are milliseconds since the epoch with their fraction. */
export interface FileStat {
  readonly kind: "file" | "directory" | "link" | "other";
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
  /** Permission bits, e.g. 0o644. */
  readonly mode: number;
  readonly uid: number;
}

/** What there is of a file system, as `statfs` says. */
export interface Space {
  /** Bytes that this user may still write. */
  readonly free: number;
  readonly total: number;
  /** Files that may still be made; undefined where the file system has no such limit. */
  readonly freeFiles?: number;
  /** Number of its kind (Linux: `f_type`, statfs(2)). */
  readonly type: number;
}

/** A file open for appending. */
export interface AppendFile {
  append(bytes: Uint8Array): void;
  /** Forces what was written to the disk. */
  sync(): void;
  close(): void;
}

/** How a file was put in place. */
export type CopyMethod = "reflink" | "hardlink" | "copy";

/** The disk. Paths are absolute. What is missing is `undefined`, other errors throw. */
export interface FileSystem {
  /** Follows links. Undefined when there is nothing (a dangling link, a file in place of a folder, too). */
  stat(path: string): FileStat | undefined;
  /** Does not follow a link at the end of the path. */
  lstat(path: string): FileStat | undefined;
  readBytes(path: string): Uint8Array | undefined;
  readText(path: string): string | undefined;
  /** Bytes `[offset, offset + length)`, fewer at the end of the file. */
  readRange(path: string, offset: number, length: number): Uint8Array | undefined;
  /** All bytes of what can be read once, from its beginning: a named pipe, `/dev/fd/63`. Errors come with the first part. */
  stream(path: string): AsyncIterable<Uint8Array>;
  /** Names in a folder, sorted by code unit. */
  list(path: string): readonly string[] | undefined;
  /** The path with all links resolved. */
  realpath(path: string): string | undefined;
  readLink(path: string): string | undefined;
  /** SHA-256 of a file's content. */
  digest(path: string): Promise<Digest | undefined>;
  digestSync(path: string): Digest | undefined;
  /** Writes to a temporary name beside the target and renames it. */
  writeAtomic(path: string, content: string | Uint8Array, mode?: number): void;
  openAppend(path: string, mode?: number): AppendFile;
  /** Makes a folder and its parents; an existing one is left as it is. */
  mkdir(path: string, mode?: number): void;
  /** A new folder whose name begins with the given prefix. */
  makeTemporary(prefix: string): string;
  /** Removes a file, a link, or a folder with all it holds; missing is fine. */
  remove(path: string): void;
  /** Removes an empty folder. False when it holds something or is not there. */
  removeEmpty(path: string): boolean;
  /** Moves a file over what is there. A folder only moves to a free name or over an empty folder. */
  rename(from: string, to: string): void;
  /** A hard link. False when the target exists. */
  link(from: string, to: string): boolean;
  /** Puts a copy in place, atomically: by the first of the methods that the file systems allow. */
  copy(from: string, to: string, methods: readonly CopyMethod[]): CopyMethod;
  chmod(path: string, mode: number): void;
  /** Cuts a file to the given size, or fills it up with zeros. The file must exist. */
  truncate(path: string, size: number): void;
  /** Sets the time of the last change: to now, or to the given time. False when there is no file. */
  touch(path: string, timeMs?: number): boolean;
  /** Whether this process may create files in the folder. */
  writable(path: string): boolean;
  /** Of the file system in which a path lies; undefined when there is no such path. */
  space(path: string): Space | undefined;
}

/** A program to be run. No shell is involved. */
export interface ProcessRequest {
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  /** Ends the process, with everything it started, after so many milliseconds. */
  readonly timeoutMs?: number;
  /** Aborting ends the process group: SIGTERM first, SIGKILL when it does not go. */
  readonly signal?: AbortSignal;
  /** Samples the peak memory of the process and all its children. */
  readonly measure?: boolean;
  /** Gives the terminal to the process (its output is not captured). */
  readonly inherit?: boolean;
}

/** How a program ended. */
export interface ProcessResult {
  /** Undefined when a signal ended it or it could not be started. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** Why it could not be started: `ENOENT`, `EACCES`, … */
  readonly startError?: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly durationMs: number;
  /** Bytes, when asked for and known. */
  readonly peakMemory?: number;
}

/** Programs. */
export interface Processes {
  /** Never rejects: what goes wrong is in the result. */
  run(request: ProcessRequest): Promise<ProcessResult>;
  /** Whether the process with this identity (as from `self()`) still runs; undefined when it cannot be told. */
  alive(identity: ProcessIdentity): boolean | undefined;
  self(): ProcessIdentity;
}

/** A place at which a program that opens a file waits until the file is there. */
export interface WaitingPlace {
  /** Gives the content to the program that waits, or soon will. The file must have been moved to its place before. */
  handOver(content: Uint8Array): void;
  /** Whoever waits reads an empty file: it should have been ended. */
  close(): void;
}

/** Names one process for ever: a process id alone is reused. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in the kernel's own unit, empty where it cannot be read. */
  readonly started: string;
  /** Machine, boot and process namespace. Processes of different domains cannot be compared. */
  readonly domain: string;
}

/** Everything outside the program. */
export interface Host {
  readonly fs: FileSystem;
  readonly processes: Processes;
  /**
   * Makes such a place. Undefined where something is there already, and on systems without named pipes.
   *
   * @param path Where the file will be. Absolute.
   * @param folder An empty one, for what belongs to it.
   */
  waitingPlace(path: string, folder: string): Promise<WaitingPlace | undefined>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly platform: "linux" | "darwin" | "win32";
  /** As Node says it: `x64`, `arm64`, … */
  readonly arch: string;
  readonly cpuCount: number;
  /** Bytes. `available` heeds control groups. */
  memory(): { readonly total: number; readonly available: number };
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds of a clock that never goes back. */
  monotonic(): number;
  sleep(ms: number): Promise<void>;
  /** Repeats something until the returned function is called. Does not keep the program running. */
  every(ms: number, action: () => void): () => void;
  /** The numeric user, undefined on Windows. */
  readonly uid: number | undefined;
  readonly home: string;
}
