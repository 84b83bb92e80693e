/**
 * The store of one user on this machine: a folder with results and contents, used by many processes at once.
 *
 * Everything appears by rename and nothing is ever changed in place, so that a reader sees a file whole or not at all;
 * what a reader loses to a cleaning at the same moment is a miss. What is read is checked: entries by a checksum,
 * contents by their digest; what is damaged is removed and is a miss.
 */
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { type Digest, digestOf } from "../base/digest.ts";
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { userCacheDirectory } from "../host/directories.ts";
import type { CopyMethod, Host } from "../host/host.ts";
import { acquireLock, type Lock } from "../host/lock.ts";
import type { Cache, CachedOutput, CachedResult, Claim, Claims } from "./cache.ts";
import { parseSize } from "./cache-size.ts";
import { decodeEntry, encodeEntry } from "./entry-format.ts";
import {
  type Cleaned,
  clearStore,
  collectGarbage,
  countStore,
  isCollectionDue,
  noteGrowth,
  type StoreStats,
  tryCleaning,
  type Verified,
  verifyStore,
} from "./garbage.ts";
import { StoreLayout } from "./local-layout.ts";
import { isWorthPacking, pack, sampleSize, unpack } from "./packing.ts";
import { ensurePrivateDirectory } from "./safe-directory.ts";

/** Bytes, when `RETORCH_CACHE_SIZE` does not say otherwise. */
const defaultCacheSize = 10 * 2 ** 30;

/** Results that are kept for one action. */
const resultsPerAction = 32;
/** How exactly the last use is known. */
const useGranularity = 60 * 60 * 1000;
/** Written again so often when other processes write results of the same action at the same time. */
const mergeAttempts = 5;

export interface LocalStoreOptions {
  /** The user's cache folder; the store is `store/v1` in it. */
  readonly cacheDir?: string;
  /** Bytes; 0 for no limit. */
  readonly limit?: number;
  /**
   * Whether outputs may be the same file as the content in the store. They are read-only then, and who changes one in
   * place damages the store (which notices it when the content is asked for again).
   */
  readonly allowHardLink?: boolean;
}

/** Opens the store, and makes it if it is not there. Fails where it would not be safe to use. */
export function openLocalStore(host: Host, options: LocalStoreOptions = {}): Result<LocalStore> {
  const limit = options.limit ?? limitFrom(host);
  if (limit === undefined) {
    return err(
      failure("STORE_SIZE_INVALID", `\`RETORCH_CACHE_SIZE\` is not a size: \`${host.env["RETORCH_CACHE_SIZE"]}\``, {
        hint: "give a number with a unit: `500M`, `5G`, or `0` for no limit",
      }),
    );
  }
  const cacheDir = options.cacheDir ?? userCacheDirectory(host);
  const root = join(cacheDir, "store", "v1");
  for (const folder of [cacheDir, dirname(root), root]) {
    const safe = ensurePrivateDirectory(host, folder, { mayBeLink: folder === cacheDir });
    if (!safe.ok) return safe;
  }
  return ok(new LocalStore(new StoreLayout(host, root), limit, options.allowHardLink === true));
}

function limitFrom(host: Host): number | undefined {
  const text = host.env["RETORCH_CACHE_SIZE"];
  return text === undefined || text === "" ? defaultCacheSize : parseSize(text);
}

/** See the file's header. Made by `openLocalStore`. */
export class LocalStore implements Cache, Claims {
  readonly name: string;
  readonly limit: number;
  readonly #layout: StoreLayout;
  readonly #host: Host;
  readonly #methods: readonly CopyMethod[];

  constructor(layout: StoreLayout, limit: number, allowHardLink: boolean) {
    this.name = layout.root;
    this.limit = limit;
    this.#layout = layout;
    this.#host = layout.host;
    this.#methods = allowHardLink ? ["reflink", "hardlink", "copy"] : ["reflink", "copy"];
  }

  async lookup(key: Digest): Promise<readonly CachedResult[]> {
    try {
      const results = this.#read(key);
      if (results.length === 0) return results;
      this.#noteUse(key);
      return results.filter((result) => result.outputs.every((output) => this.#has(output)));
    } catch {
      return [];
    }
  }

  async store(key: Digest, result: CachedResult, files: ReadonlyMap<string, string>): Promise<void> {
    try {
      let added = 0;
      for (const { path, digest, size } of result.outputs) {
        const file = files.get(path);
        if (file === undefined) return;
        const known = this.#layout.has(digest, size);
        if (!(await this.put(file, digest))) return;
        if (!known) added += (this.#layout.find("packs", digest) ?? { size }).size;
      }
      added += this.#add(key, result);
      noteGrowth(this.#layout, added);
    } catch {
      // Full, read-only, gone: the build goes on without a store.
    }
  }

  async restore({ digest, size, mode }: Pick<CachedOutput, "digest" | "size" | "mode">, to: string): Promise<boolean> {
    const { fs } = this.#host;
    const temporary = `${to}.retorch-${randomBytes(6).toString("hex")}`;
    try {
      if (this.#layout.find("blobs", digest) === undefined)
        return await this.#unpack({ digest, size, mode }, to, temporary);
      const blob = this.#layout.path("blobs", digest);
      // All names of a file have one mode, and contents are kept as files that are not programs.
      const methods = (mode & 0o111) === 0 ? this.#methods : this.#methods.filter((method) => method !== "hardlink");
      fs.mkdir(dirname(to));
      const method = fs.copy(blob, temporary, methods);
      if (fs.stat(temporary)?.size !== size || (await fs.digest(temporary)) !== digest) {
        fs.remove(temporary);
        // Looked at once more: what is wrong may be the copy, on a disk that is full or failing.
        if ((await fs.digest(blob)) !== digest) fs.remove(blob);
        return false;
      }
      if (method !== "hardlink") fs.chmod(temporary, mode);
      fs.rename(temporary, to);
      return true;
    } catch {
      quietly(() => fs.remove(temporary));
      return false;
    }
  }

  async put(path: string, digest: Digest): Promise<boolean> {
    const { fs } = this.#host;
    try {
      const before = fs.stat(path);
      if (before === undefined) return false;
      if (this.#layout.has(digest, before.size)) return true;
      if (isWorthPacking(before.size, fs.readRange(path, 0, sampleSize) ?? new Uint8Array()))
        return await this.#pack(path, digest);
      const blob = this.#layout.make("blobs", digest);
      const temporary = `${blob}.${randomBytes(6).toString("hex")}`;
      try {
        fs.copy(path, temporary, ["reflink", "copy"]);
        const after = fs.stat(path);
        const unchanged = after?.mtimeMs === before.mtimeMs && after.ino === before.ino && after.size === before.size;
        if (!unchanged || fs.stat(temporary)?.size !== before.size) return false;
        fs.chmod(temporary, 0o444);
        fs.rename(temporary, blob);
        return true;
      } finally {
        fs.remove(temporary);
      }
    } catch {
      return false;
    }
  }

  async #pack(path: string, digest: Digest): Promise<boolean> {
    const { fs } = this.#host;
    const content = fs.readBytes(path);
    // Whoever changed it since its digest was taken changes what is kept under that.
    if (content === undefined || digestOf(content) !== digest) return false;
    fs.writeAtomic(this.#layout.make("packs", digest), await pack(content), 0o444);
    return true;
  }

  async #unpack(
    { digest, size, mode }: Pick<CachedOutput, "digest" | "size" | "mode">,
    to: string,
    temporary: string,
  ): Promise<boolean> {
    const { fs } = this.#host;
    if (this.#layout.find("packs", digest) === undefined) return false;
    const packed = this.#layout.path("packs", digest);
    const content = await unpack(fs.readBytes(packed) ?? new Uint8Array(), size);
    if (content?.length !== size || digestOf(content) !== digest) {
      fs.remove(packed);
      return false;
    }
    fs.mkdir(dirname(to));
    fs.writeAtomic(temporary, content);
    fs.chmod(temporary, mode);
    fs.rename(temporary, to);
    return true;
  }

  async claim(key: Digest, onWait: () => void, signal?: AbortSignal): Promise<Claim | undefined> {
    let waited = false;
    let lock: Lock;
    try {
      lock = await acquireLock(this.#host, this.#layout.claimPath(key), {
        temporary: true,
        ...(signal === undefined ? {} : { signal }),
        onWait: () => {
          if (!waited) onWait();
          waited = true;
        },
      });
    } catch {
      return undefined;
    }
    return { waited, release: () => quietly(() => lock.release()) };
  }

  /** Cleans up if that is due and nobody else does. To be called at the end of a build; cheap when it is not due. */
  async maintain(): Promise<void> {
    try {
      if (!isCollectionDue(this.#layout, this.limit)) return;
      const lock = tryCleaning(this.#layout);
      if (lock === undefined) return;
      try {
        await collectGarbage(this.#layout, this.limit);
      } finally {
        lock.release();
      }
    } catch {
      // The next build will try again.
    }
  }

  /** Counts what is there. */
  stats(): Promise<StoreStats> {
    return countStore(this.#layout, this.limit);
  }

  /** Removes what was not used for longest, down to the limit, and what nobody needs. */
  gc(limit = this.limit): Promise<Cleaned> {
    return this.#alone(() => collectGarbage(this.#layout, limit));
  }

  /** Removes everything. */
  clear(): Promise<Cleaned> {
    return this.#alone(() => clearStore(this.#layout));
  }

  /** Reads everything and removes what is damaged. */
  verify(): Promise<Verified> {
    return this.#alone(() => verifyStore(this.#layout));
  }

  #read(key: Digest): readonly CachedResult[] {
    if (this.#layout.find("entries", key) === undefined) return [];
    const path = this.#layout.path("entries", key);
    const bytes = this.#host.fs.readBytes(path);
    if (bytes === undefined) return [];
    const results = decodeEntry(bytes);
    if (results === undefined) this.#host.fs.remove(path);
    return results ?? [];
  }

  /** Adds a result to those of its action. Returns by how much the store has grown. */
  #add(key: Digest, result: CachedResult): number {
    const { fs } = this.#host;
    const path = this.#layout.make("entries", key);
    const before = this.#layout.find("entries", key)?.size ?? 0;
    let written: Uint8Array = new Uint8Array();
    for (let attempt = 0; attempt < mergeAttempts; attempt++) {
      const others = this.#read(key).filter((other) => !sameCondition(other, result));
      written = encodeEntry([result, ...others].slice(0, resultsPerAction));
      fs.writeAtomic(path, written, 0o600);
      // Another process may have read before and written after: then its results are there and ours is not.
      const there = fs.readBytes(path);
      if (there === undefined || Buffer.compare(there, written) === 0) break;
      if (this.#read(key).some((other) => sameCondition(other, result))) break;
    }
    return Math.max(0, written.length - before);
  }

  #has({ digest, size }: CachedOutput): boolean {
    return this.#layout.has(digest, size);
  }

  #noteUse(key: Digest): void {
    const stat = this.#layout.find("entries", key);
    const now = this.#host.now();
    // A time in the future would make it stay for ever.
    if (stat !== undefined && Math.abs(now - stat.mtimeMs) > useGranularity) {
      quietly(() => this.#host.fs.touch(this.#layout.path("entries", key)));
    }
  }

  async #alone<T>(action: () => Promise<T>): Promise<T> {
    const lock = await acquireLock(this.#host, this.#layout.lockPath);
    try {
      return await action();
    } finally {
      lock.release();
    }
  }
}

/** Whether two results depend on the same: then one of them is enough. */
function sameCondition(a: CachedResult, b: CachedResult): boolean {
  return (
    a.inputs.length === b.inputs.length &&
    a.absent.length === b.absent.length &&
    a.inputs.every(({ path, digest }, i) => b.inputs[i]?.digest === digest && b.inputs[i].path === path) &&
    a.absent.every((path, i) => b.absent[i] === path)
  );
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // Best effort.
  }
}
