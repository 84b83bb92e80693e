/**
 * The disk of this machine, by synchronous calls: for many small files these are two to three times as fast as
 * promises. Only digests of large files are streamed. Knows nothing of what the files mean.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import type { Digest } from "../base/digest.ts";
import { digestOf } from "../base/digest.ts";
import { errorCode, lstatAt, missing, orMissing, statAt } from "./file-state.ts";
import type { AppendFile, CopyMethod, FileStat, FileSystem, Space } from "./host.ts";

/** Files above this size are hashed piece by piece. */
const oneRead = 1024 * 1024;
/** Open files of concurrent `digest()` calls; the usual soft limits are 256 (macOS) and 1024 (Linux). */
const openDigests = 16;

const noReflink: ReadonlySet<string> = new Set([
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "ENOTTY",
  "EINVAL",
  "EXDEV",
  "EPERM",
  "EBADF",
  "ETXTBSY",
]);
const noHardLink: ReadonlySet<string> = new Set([
  "EXDEV",
  "EPERM",
  "EMLINK",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EACCES",
]);
/** Another program (an indexer, a virus scanner) has the file open for a moment. */
const busyOnWindows: ReadonlySet<string> = new Set(["EPERM", "EACCES", "EBUSY"]);

/** The real file system. */
export function nodeFileSystem(): FileSystem {
  return new NodeFileSystem();
}

class NodeFileSystem implements FileSystem {
  readonly #slots = new Semaphore(openDigests);

  stat(path: string): FileStat | undefined {
    return statAt(path);
  }

  lstat(path: string): FileStat | undefined {
    return lstatAt(path);
  }

  readBytes(path: string): Uint8Array | undefined {
    return orMissing(() => fs.readFileSync(path));
  }

  readText(path: string): string | undefined {
    return orMissing(() => fs.readFileSync(path, "utf8"));
  }

  readRange(path: string, offset: number, length: number): Uint8Array | undefined {
    const fd = orMissing(() => fs.openSync(path, "r"));
    if (fd === undefined) return undefined;
    try {
      const size = fs.fstatSync(fd).size;
      const wanted = Math.max(0, Math.min(length, size - offset));
      const bytes = Buffer.alloc(wanted);
      let filled = 0;
      while (filled < wanted) {
        const count = fs.readSync(fd, bytes, filled, wanted - filled, offset + filled);
        if (count === 0) break;
        filled += count;
      }
      return filled === wanted ? bytes : bytes.subarray(0, filled);
    } finally {
      fs.closeSync(fd);
    }
  }

  stream(path: string): AsyncIterable<Uint8Array> {
    return fs.createReadStream(path) as AsyncIterable<Uint8Array>;
  }

  list(path: string): readonly string[] | undefined {
    return orMissing(() => fs.readdirSync(path))?.sort();
  }

  realpath(path: string): string | undefined {
    return orMissing(() => fs.realpathSync.native(path));
  }

  readLink(path: string): string | undefined {
    try {
      return fs.readlinkSync(path);
    } catch (error) {
      const code = errorCode(error);
      // EINVAL: there, but no link. Windows says UNKNOWN.
      if (code === "EINVAL" || code === "UNKNOWN" || missing.has(code)) return undefined;
      throw error;
    }
  }

  async digest(path: string): Promise<Digest | undefined> {
    await this.#slots.take();
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          return await digestAsync(path);
        } catch (error) {
          // Another part of the program holds all open files: they are given back soon.
          const code = errorCode(error);
          if ((code !== "EMFILE" && code !== "ENFILE") || attempt >= 200) throw error;
          await new Promise((resolve) => setTimeout(resolve, 25));
        }
      }
    } finally {
      this.#slots.give();
    }
  }

  digestSync(path: string): Digest | undefined {
    const fd = orMissing(() => fs.openSync(path, "r"));
    if (fd === undefined) return undefined;
    try {
      const size = fs.fstatSync(fd).size;
      if (size <= oneRead) return digestOf(fs.readFileSync(fd));
      const hash = createHash("sha256");
      const buffer = Buffer.allocUnsafe(oneRead);
      for (;;) {
        const count = fs.readSync(fd, buffer, 0, buffer.length, null);
        if (count === 0) return hash.digest("hex") as Digest;
        hash.update(buffer.subarray(0, count));
      }
    } finally {
      fs.closeSync(fd);
    }
  }

  writeAtomic(path: string, content: string | Uint8Array, mode = 0o666): void {
    const temporary = createBeside(path, (name) => {
      const fd = fs.openSync(name, "wx", mode);
      try {
        writeAll(fd, content);
      } catch (error) {
        quietly(() => fs.unlinkSync(name));
        throw error;
      } finally {
        fs.closeSync(fd);
      }
    });
    moveInPlace(temporary, path);
  }

  openAppend(path: string, mode = 0o666): AppendFile {
    const fd = fs.openSync(path, "a", mode);
    let open = true;
    return {
      append: (bytes) => writeAll(fd, bytes),
      sync: () => fs.fdatasyncSync(fd),
      close: () => {
        if (!open) return;
        open = false;
        fs.closeSync(fd);
      },
    };
  }

  mkdir(path: string, mode = 0o777): void {
    // Not Node's own `recursive`: it never comes back below a folder that says ENOENT to everything, as /proc does.
    try {
      fs.mkdirSync(path, { mode });
    } catch (error) {
      if (isDirectory(path)) return;
      const parent = dirname(path);
      if (errorCode(error) !== "ENOENT" || parent === path || isDirectory(parent)) throw error;
      this.mkdir(parent, mode);
      try {
        fs.mkdirSync(path, { mode });
      } catch (second) {
        if (!isDirectory(path)) throw second;
      }
    }
  }

  makeTemporary(prefix: string): string {
    return fs.mkdtempSync(prefix);
  }

  remove(path: string): void {
    try {
      fs.unlinkSync(path);
    } catch (error) {
      if (missing.has(errorCode(error))) return;
      fs.rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  removeEmpty(path: string): boolean {
    try {
      fs.rmdirSync(path);
      return true;
    } catch (error) {
      const code = errorCode(error);
      if (code === "ENOTEMPTY" || code === "EEXIST" || missing.has(code)) return false;
      throw error;
    }
  }

  rename(from: string, to: string): void {
    renameSync(from, to);
  }

  link(from: string, to: string): boolean {
    try {
      fs.linkSync(from, to);
      return true;
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      throw error;
    }
  }

  copy(from: string, to: string, methods: readonly CopyMethod[]): CopyMethod {
    let last: unknown = new Error("no way to copy was given");
    for (const method of methods) {
      try {
        const temporary = createBeside(to, (name) => {
          if (method === "hardlink") fs.linkSync(from, name);
          else {
            const flags = fs.constants.COPYFILE_EXCL;
            fs.copyFileSync(from, name, method === "reflink" ? flags | fs.constants.COPYFILE_FICLONE_FORCE : flags);
          }
        });
        moveInPlace(temporary, to);
        // Renaming one name of a file to another name of the same file does nothing and says so to nobody.
        if (method === "hardlink") quietly(() => fs.unlinkSync(temporary));
        return method;
      } catch (error) {
        last = error;
        const next = method === "reflink" ? noReflink : method === "hardlink" ? noHardLink : undefined;
        if (next?.has(errorCode(error)) !== true) throw error;
      }
    }
    throw last;
  }

  chmod(path: string, mode: number): void {
    fs.chmodSync(path, mode);
  }

  truncate(path: string, size: number): void {
    fs.truncateSync(path, size);
  }

  touch(path: string, timeMs?: number): boolean {
    const seconds = (timeMs ?? Date.now()) / 1000;
    return orMissing(() => (fs.utimesSync(path, seconds, seconds), true)) ?? false;
  }

  space(path: string): Space | undefined {
    return orMissing(() => {
      const { bsize, blocks, bavail, files, ffree, type } = fs.statfsSync(path);
      const limited = files > 0 ? { freeFiles: ffree } : {};
      return { free: bavail * bsize, total: blocks * bsize, type, ...limited };
    });
  }

  writable(path: string): boolean {
    try {
      fs.accessSync(path, fs.constants.W_OK | fs.constants.X_OK);
      return fs.statSync(path).isDirectory();
    } catch {
      return false;
    }
  }
}

/** Lets a bounded number of holders in, first come, first served. */
class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(free: number) {
    this.#free = free;
  }

  async take(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

async function digestAsync(path: string): Promise<Digest | undefined> {
  const found = orMissing(() => fs.statSync(path, { throwIfNoEntry: false }));
  if (found === undefined) return undefined;
  if (found.size <= oneRead) {
    const bytes = orMissing(() => fs.readFileSync(path));
    return bytes === undefined ? undefined : digestOf(bytes);
  }
  const hash = createHash("sha256");
  try {
    for await (const chunk of fs.createReadStream(path, { highWaterMark: oneRead })) hash.update(chunk as Buffer);
  } catch (error) {
    if (missing.has(errorCode(error))) return undefined;
    throw error;
  }
  return hash.digest("hex") as Digest;
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // Best effort: what is reported is the error that came before.
  }
}

function writeAll(fd: number, content: string | Uint8Array): void {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  let written = 0;
  while (written < bytes.length) written += fs.writeSync(fd, bytes, written);
}

let counter = 0;

/** Runs `create` with a name in the folder of `path` that did not exist, and returns the name. */
function createBeside(path: string, create: (name: string) => void): string {
  const folder = dirname(path);
  for (let attempt = 0; ; attempt++) {
    const name = join(folder, `.retorch-tmp-${process.pid}-${(counter++).toString(36)}`);
    try {
      create(name);
      return name;
    } catch (error) {
      // A process of another machine or container with the same id, or one that died here.
      if (errorCode(error) !== "EEXIST" || attempt >= 1000) throw error;
    }
  }
}

function moveInPlace(temporary: string, path: string): void {
  try {
    renameSync(temporary, path);
  } catch (error) {
    quietly(() => fs.unlinkSync(temporary));
    throw error;
  }
}

function renameSync(from: string, to: string): void {
  for (let attempt = 0; ; attempt++) {
    try {
      fs.renameSync(from, to);
      return;
    } catch (error) {
      if (process.platform !== "win32" || attempt >= 20 || !busyOnWindows.has(errorCode(error))) throw error;
      // Windows never moves a folder over another one: nothing to wait for.
      if (orMissing(() => fs.statSync(to, { throwIfNoEntry: false }))?.isDirectory() === true) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10 + attempt * 5);
    }
  }
}

function isDirectory(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
