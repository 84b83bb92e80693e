/**
 * A disk in memory that behaves as a POSIX file system does where retorch can tell: hard and symbolic links, inode
 * numbers, modes and owners, times from a fake clock, errors with the codes of the real ones. What was looked at is
 * recorded. `file-system-contract.ts` runs the same tests against this one and the real one.
 */
import { posix, win32 } from "node:path";
import type { Digest } from "../../src/base/digest.ts";
import { digestOf } from "../../src/base/digest.ts";
import type { AppendFile, CopyMethod, FileStat, FileSystem, Space } from "../../src/host/host.ts";

/** The time of a fake machine. */
export interface FakeClock {
  now: number;
}

interface FileNode {
  readonly kind: "file";
  readonly ino: number;
  readonly uid: number;
  data: Uint8Array;
  mode: number;
  mtimeMs: number;
  ctimeMs: number;
}
interface FolderNode {
  readonly kind: "directory";
  readonly ino: number;
  readonly uid: number;
  readonly children: Map<string, Node>;
  mode: number;
  mtimeMs: number;
  ctimeMs: number;
}
interface LinkNode {
  readonly kind: "link";
  readonly ino: number;
  readonly uid: number;
  readonly target: string;
  readonly mode: number;
  readonly mtimeMs: number;
  ctimeMs: number;
}
type Node = FileNode | FolderNode | LinkNode;

/** An error as the operating system reports it. */
export function systemError(code: string, operation = "open", path = ""): Error & { code: string } {
  return Object.assign(new Error(`${code}: ${operation} '${path}'`), {
    code,
    syscall: operation,
    path,
  });
}

/** What is on the disk, shared by all who look at it. */
export class FakeDisk {
  readonly root: FolderNode;
  /** How files may be cloned and linked here. */
  reflinks = false;
  hardLinks = true;
  /** Whether a folder can be moved over an empty one, as everywhere but on Windows. */
  movesOverFolders: boolean;
  /** Bytes; more than that is ENOSPC. */
  capacity = Infinity;
  /** What `space` says below a folder. */
  readonly spaces = new Map<string, Space>();
  readonly clock: FakeClock;
  readonly windows: boolean;
  #nextInode = 100;

  constructor(clock: FakeClock, windows: boolean) {
    this.clock = clock;
    this.windows = windows;
    this.movesOverFolders = !windows;
    this.root = {
      kind: "directory",
      ino: 2,
      uid: 0,
      mode: 0o777,
      children: new Map(),
      mtimeMs: clock.now,
      ctimeMs: clock.now,
    };
  }

  inode(): number {
    return this.#nextInode++;
  }

  used(): number {
    const files = new Set<FileNode>();
    const visit = (node: Node): void => {
      if (node.kind === "file") files.add(node);
      else if (node.kind === "directory") for (const child of node.children.values()) visit(child);
    };
    visit(this.root);
    let bytes = 0;
    for (const file of files) bytes += file.data.length;
    return bytes;
  }
}

/** What was looked at since the last reset, in order. */
export interface FileAccesses {
  readonly stats: string[];
  readonly reads: string[];
  readonly lists: string[];
  readonly writes: string[];
}

/** A view of a disk with the rights of one user. */
export class FakeFileSystem implements FileSystem {
  readonly disk: FakeDisk;
  readonly uid: number;
  readonly accesses: FileAccesses = { stats: [], reads: [], lists: [], writes: [] };
  /** Called before each operation: may throw a `systemError`, or do something in between. */
  onOperation: ((operation: string, path: string) => void) | undefined;

  constructor(disk: FakeDisk, uid: number) {
    this.disk = disk;
    this.uid = uid;
  }

  stat(path: string): FileStat | undefined {
    this.#begin("stat", path, this.accesses.stats);
    return this.#orMissing(() => fileStat(this.#find(path, true)));
  }

  lstat(path: string): FileStat | undefined {
    this.#begin("lstat", path, this.accesses.stats);
    return this.#orMissing(() => fileStat(this.#find(path, false)));
  }

  readBytes(path: string): Uint8Array | undefined {
    this.#begin("read", path, this.accesses.reads);
    return this.#orMissing(() => Uint8Array.from(this.#readable(path).data));
  }

  readText(path: string): string | undefined {
    const bytes = this.readBytes(path);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
  }

  readRange(path: string, offset: number, length: number): Uint8Array | undefined {
    this.#begin("read", path, this.accesses.reads);
    return this.#orMissing(() => Uint8Array.from(this.#readable(path).data.subarray(offset, offset + length)));
  }

  async *stream(path: string): AsyncIterable<Uint8Array> {
    yield await Promise.resolve(this.readBytes(path) ?? Promise.reject(systemError("ENOENT", "open", path)));
  }

  list(path: string): readonly string[] | undefined {
    this.#begin("list", path, this.accesses.lists);
    return this.#orMissing(() => [...this.#folder(path).children.keys()].sort());
  }

  realpath(path: string): string | undefined {
    this.#begin("realpath", path, this.accesses.stats);
    return this.#orMissing(() => this.#locate(path, true).real);
  }

  readLink(path: string): string | undefined {
    this.#begin("readlink", path, this.accesses.stats);
    return this.#orMissing(() => {
      const node = this.#find(path, false);
      return node.kind === "link" ? node.target : undefined;
    });
  }

  async digest(path: string): Promise<Digest | undefined> {
    await Promise.resolve();
    return this.digestSync(path);
  }

  digestSync(path: string): Digest | undefined {
    this.#begin("read", path, this.accesses.reads);
    return this.#orMissing(() => digestOf(this.#readable(path).data));
  }

  writeAtomic(path: string, content: string | Uint8Array, mode = 0o666): void {
    this.#begin("write", path, this.accesses.writes);
    const { parent, name } = this.#target(path);
    if (parent.children.get(name)?.kind === "directory") throw systemError("EISDIR", "rename", path);
    this.#setChild(parent, name, this.#newFile(bytesOf(content), mode), path);
  }

  openAppend(path: string, mode = 0o666): AppendFile {
    this.#begin("append", path, this.accesses.writes);
    const at = this.#locate(path, true, true);
    let file: FileNode;
    if (at.node === undefined) {
      file = this.#newFile(new Uint8Array(), mode);
      this.#setChild(at.parent, at.name, file, path);
    } else if (at.node.kind === "file") {
      file = at.node;
      this.#allowed(file, 2, path);
    } else throw systemError("EISDIR", "open", path);
    return {
      append: (bytes) => {
        this.#begin("append", path, this.accesses.writes);
        this.#reserve(bytes.length, path);
        this.#setData(file, Buffer.concat([file.data, bytes]));
      },
      sync: () => {},
      close: () => {},
    };
  }

  mkdir(path: string, mode = 0o777): void {
    this.#begin("mkdir", path, this.accesses.writes);
    const parts: string[] = [];
    let existing = this.#absolute(path);
    for (;;) {
      const at = this.#locate(existing, true, true, true);
      if (at?.node !== undefined) {
        if (at.node.kind === "directory") break;
        throw systemError(parts.length === 0 ? "EEXIST" : "ENOTDIR", "mkdir", path);
      }
      parts.unshift(existing);
      // A drive is a folder like any other here, and is made when it is first needed.
      if (this.#paths.dirname(existing) === existing) break;
      existing = this.#paths.dirname(existing);
    }
    for (const part of parts) {
      const { parent, name } = this.#target(part);
      this.#setChild(parent, name, this.#newFolder(mode), part);
    }
  }

  makeTemporary(prefix: string): string {
    this.#begin("mkdtemp", prefix, this.accesses.writes);
    for (let i = 0; ; i++) {
      const path = `${prefix}${i.toString(36).padStart(6, "0")}`;
      const { parent, name } = this.#target(path);
      if (parent.children.has(name)) continue;
      this.#setChild(parent, name, this.#newFolder(0o700), path);
      return path;
    }
  }

  remove(path: string): void {
    this.#begin("remove", path, this.accesses.writes);
    const at = this.#locate(path, false, true, true);
    if (at?.node === undefined) return;
    this.#removeChild(at.parent, at.name, path);
  }

  removeEmpty(path: string): boolean {
    this.#begin("rmdir", path, this.accesses.writes);
    const at = this.#locate(path, false, true, true);
    if (at?.node === undefined || at.node.kind !== "directory" || at.node.children.size > 0) return false;
    this.#removeChild(at.parent, at.name, path);
    return true;
  }

  rename(from: string, to: string): void {
    this.#begin("rename", to, this.accesses.writes);
    const source = this.#locate(from, false);
    const target = this.#target(to);
    const node = source.node;
    const there = target.parent.children.get(target.name);
    if (there === node) return;
    if (node.kind === "directory") {
      if (there !== undefined) {
        if (there.kind !== "directory") throw systemError("ENOTDIR", "rename", to);
        if (!this.disk.movesOverFolders) throw systemError("EPERM", "rename", to);
        if (there.children.size > 0) throw systemError("ENOTEMPTY", "rename", to);
      }
    } else if (there?.kind === "directory") throw systemError("EISDIR", "rename", to);
    this.#removeChild(source.parent, source.name, from);
    this.#setChild(target.parent, target.name, node, to);
    node.ctimeMs = this.disk.clock.now;
  }

  link(from: string, to: string): boolean {
    this.#begin("link", to, this.accesses.writes);
    const source = this.#find(from, false);
    if (source.kind === "directory" || !this.disk.hardLinks) throw systemError("EPERM", "link", from);
    const { parent, name } = this.#target(to);
    if (parent.children.has(name)) return false;
    this.#setChild(parent, name, source, to);
    source.ctimeMs = this.disk.clock.now;
    return true;
  }

  copy(from: string, to: string, methods: readonly CopyMethod[]): CopyMethod {
    this.#begin("copy", to, this.accesses.writes);
    const source = this.#readable(from);
    const { parent, name } = this.#target(to);
    if (parent.children.get(name)?.kind === "directory") throw systemError("EISDIR", "rename", to);
    let refused = systemError("EINVAL", "copyfile", from);
    for (const method of methods) {
      if (method === "hardlink" && this.disk.hardLinks) {
        this.#setChild(parent, name, source, to);
        source.ctimeMs = this.disk.clock.now;
        return method;
      }
      if (method === "copy" || (method === "reflink" && this.disk.reflinks)) {
        const copy = this.#newFile(Uint8Array.from(source.data), source.mode);
        this.#setChild(parent, name, copy, to);
        return method;
      }
      refused = systemError(method === "hardlink" ? "EPERM" : "ENOTSUP", "copyfile", from);
    }
    throw refused;
  }

  chmod(path: string, mode: number): void {
    this.#begin("chmod", path, this.accesses.writes);
    const node = this.#find(path, true);
    if (node.kind === "link" || (this.uid !== 0 && node.uid !== this.uid)) throw systemError("EPERM", "chmod", path);
    node.mode = mode;
    node.ctimeMs = this.disk.clock.now;
  }

  truncate(path: string, size: number): void {
    this.#begin("truncate", path, this.accesses.writes);
    const file = this.#find(path, true);
    if (file.kind !== "file") throw systemError("EISDIR", "open", path);
    this.#allowed(file, 2, path);
    const data = new Uint8Array(size);
    data.set(file.data.subarray(0, size));
    this.#reserve(Math.max(0, size - file.data.length), path);
    this.#setData(file, data);
  }

  touch(path: string, timeMs?: number): boolean {
    this.#begin("touch", path, this.accesses.writes);
    const at = this.#locate(path, true, true, true);
    if (at?.node === undefined || at.node.kind === "link") return false;
    at.node.mtimeMs = timeMs ?? this.disk.clock.now;
    at.node.ctimeMs = this.disk.clock.now;
    return true;
  }

  space(path: string): Space | undefined {
    this.#begin("stat", path, this.accesses.stats);
    if (this.#orMissing(() => this.#find(path, true)) === undefined) return undefined;
    const place = [...this.disk.spaces.keys()]
      .filter((root) => path === root || path.startsWith(`${root}/`))
      .sort((a, b) => b.length - a.length)[0];
    return place === undefined ? { free: 1e12, total: 2e12, type: 0xef53 } : this.disk.spaces.get(place);
  }

  writable(path: string): boolean {
    const at = this.#locate(path, true, true, true);
    return at?.node?.kind === "directory" && this.#may(at.node, 3);
  }

  // Only for tests: what other programs do.

  /** A symbolic link. */
  symlink(target: string, path: string): void {
    const { parent, name } = this.#target(path);
    if (parent.children.has(name)) throw systemError("EEXIST", "symlink", path);
    const { now } = this.disk.clock;
    const ino = this.disk.inode();
    const node: LinkNode = {
      kind: "link",
      ino,
      uid: this.uid,
      target,
      mode: 0o777,
      mtimeMs: now,
      ctimeMs: now,
    };
    this.#setChild(parent, name, node, path);
  }

  /** Overwrites a file where it is, as an editor or a compiler does: same inode, all names of it change. */
  overwrite(path: string, content: string | Uint8Array): void {
    const file = this.#find(path, true);
    if (file.kind !== "file") throw systemError("EISDIR", "open", path);
    this.#allowed(file, 2, path);
    this.#setData(file, bytesOf(content));
  }

  /** All files below a folder, sorted. */
  tree(path = "/"): string[] {
    const found: string[] = [];
    const visit = (folder: FolderNode, prefix: string): void => {
      for (const name of [...folder.children.keys()].sort()) {
        const child = folder.children.get(name)!;
        if (child.kind === "directory") visit(child, `${prefix}${name}/`);
        else found.push(prefix + name);
      }
    };
    const at = this.#locate(path, true, true, true);
    if (at?.node?.kind === "directory") visit(at.node, "");
    return found;
  }

  /** Forgets what was looked at. */
  resetAccesses(): void {
    for (const list of Object.values(this.accesses) as string[][]) list.length = 0;
  }

  get #paths(): typeof posix {
    return this.disk.windows ? win32 : posix;
  }

  #begin(operation: string, path: string, record: string[]): void {
    record.push(path);
    this.onOperation?.(operation, path);
  }

  #absolute(path: string): string {
    if (!this.#paths.isAbsolute(path)) throw new Error(`the path is not absolute: ${path}`);
    return path;
  }

  /** Walks a path. With `loose` the last part may be missing; with `quiet` any part: the answer is undefined then. */
  #locate(path: string, follow: boolean): Place & { node: Node };
  #locate(path: string, follow: boolean, loose: true): Place;
  #locate(path: string, follow: boolean, loose: true, quiet: true): Place | undefined;
  #locate(path: string, follow: boolean, loose = false, quiet = false): Place | undefined {
    try {
      return this.#walk(this.#absolute(path), follow, loose, 0);
    } catch (error) {
      if (quiet && isMissing(error)) return undefined;
      throw error;
    }
  }

  #walk(path: string, follow: boolean, loose: boolean, depth: number): Place {
    if (depth > 40) throw systemError("ELOOP", "open", path);
    const parts = path.split(this.disk.windows ? /[\\/]/ : "/").filter((part) => part !== "" && part !== ".");
    const join = (names: readonly string[]): string =>
      this.disk.windows ? names.join("\\") + (names.length === 1 ? "\\" : "") : `/${names.join("/")}`;
    let place: Place = { parent: this.disk.root, name: "", node: this.disk.root, real: join([]) };
    const trail: { folder: FolderNode; name: string }[] = [];
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!;
      const last = i === parts.length - 1;
      const folder = place.node;
      if (folder === undefined) throw systemError("ENOENT", "open", path);
      if (folder.kind !== "directory") throw systemError("ENOTDIR", "open", path);
      if (part === "..") {
        const up = trail.pop();
        const above = trail.at(-1);
        const real = join(trail.map((each) => each.name));
        place =
          up === undefined || above === undefined
            ? { parent: this.disk.root, name: "", node: this.disk.root, real }
            : { parent: above.folder, name: above.name, node: up.folder, real };
        if (up !== undefined && above === undefined) trail.length = 0;
        continue;
      }
      const node = folder.children.get(part);
      if (node === undefined && !(last && loose)) throw systemError("ENOENT", "open", path);
      if (node?.kind === "link" && (!last || follow)) {
        const base = join(trail.map((each) => each.name));
        const target = this.#paths.resolve(base, node.target);
        const rest = parts.slice(i + 1).join(this.#paths.sep);
        return this.#walk(rest === "" ? target : this.#paths.join(target, rest), follow, loose, depth + 1);
      }
      trail.push({ folder, name: part });
      place = { parent: folder, name: part, node, real: join(trail.map((each) => each.name)) };
    }
    if (/[\\/]$/.test(path) && parts.length > 0 && place.node !== undefined && place.node.kind !== "directory") {
      throw systemError("ENOTDIR", "open", path);
    }
    return place;
  }

  #find(path: string, follow: boolean): Node {
    return this.#locate(path, follow).node;
  }

  #readable(path: string): FileNode {
    const node = this.#find(path, true);
    if (node.kind !== "file") throw systemError("EISDIR", "read", path);
    this.#allowed(node, 4, path);
    return node;
  }

  #folder(path: string): FolderNode {
    const node = this.#find(path, true);
    if (node.kind !== "directory") throw systemError("ENOTDIR", "scandir", path);
    this.#allowed(node, 4, path);
    return node;
  }

  /** The folder in which a name is made, replaced or removed, without following a link of that name. */
  #target(path: string): { parent: FolderNode; name: string } {
    const at = this.#locate(path, false, true);
    if (at.name === "") throw systemError("EBUSY", "rename", path);
    return at;
  }

  #setChild(parent: FolderNode, name: string, node: Node, path: string): void {
    this.#allowed(parent, 3, path);
    parent.children.set(name, node);
    parent.mtimeMs = parent.ctimeMs = this.disk.clock.now;
  }

  #removeChild(parent: FolderNode, name: string, path: string): void {
    this.#allowed(parent, 3, path);
    const node = parent.children.get(name);
    parent.children.delete(name);
    parent.mtimeMs = parent.ctimeMs = this.disk.clock.now;
    // Other names of the file see that it has one name less.
    if (node?.kind === "file") node.ctimeMs = this.disk.clock.now;
  }

  #setData(file: FileNode, data: Uint8Array): void {
    file.data = data;
    file.mtimeMs = file.ctimeMs = this.disk.clock.now;
  }

  #newFile(data: Uint8Array, mode: number): FileNode {
    this.#reserve(data.length, "");
    const { now } = this.disk.clock;
    return {
      kind: "file",
      ino: this.disk.inode(),
      uid: this.uid,
      data,
      mode: mode & ~0o022,
      mtimeMs: now,
      ctimeMs: now,
    };
  }

  #newFolder(mode: number): FolderNode {
    const { now } = this.disk.clock;
    return {
      kind: "directory",
      ino: this.disk.inode(),
      uid: this.uid,
      children: new Map(),
      mode: mode & ~0o022,
      mtimeMs: now,
      ctimeMs: now,
    };
  }

  #reserve(bytes: number, path: string): void {
    if (this.disk.capacity !== Infinity && this.disk.used() + bytes > this.disk.capacity) {
      throw systemError("ENOSPC", "write", path);
    }
  }

  #may(node: Node, bits: number): boolean {
    if (this.uid === 0) return true;
    const granted = node.uid === this.uid ? node.mode >> 6 : node.mode;
    return (granted & bits) === bits;
  }

  #allowed(node: Node, bits: number, path: string): void {
    if (!this.#may(node, bits)) throw systemError("EACCES", "open", path);
  }

  #orMissing<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }
}

interface Place {
  readonly parent: FolderNode;
  readonly name: string;
  readonly node: Node | undefined;
  /** The path without links. */
  readonly real: string;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR", "ELOOP"].includes(error.code as string);
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? Buffer.from(content) : Uint8Array.from(content);
}

function fileStat(node: Node): FileStat {
  return {
    kind: node.kind,
    size: node.kind === "file" ? node.data.length : node.kind === "link" ? node.target.length : 4096,
    mtimeMs: node.mtimeMs,
    ctimeMs: node.ctimeMs,
    ino: node.ino,
    mode: node.mode,
    uid: node.uid,
  };
}
