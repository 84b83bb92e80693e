/**
 * Where a local store keeps what, and how its files are looked at: nothing is read through a link, and what is not a
 * plain file in its place is removed. Knows nothing of what the files hold.
 *
 *     <root>/entries/ab/cdef…    results of the action with the key abcdef…
 *     <root>/blobs/ab/cdef…      the content with the digest abcdef…
 *     <root>/packs/ab/cdef…      the same, compressed: a content is in one of the two
 *     <root>/claims/<key>        locks of actions that are being done
 *     <root>/size                what a count of everything came to, and when
 *     <root>/growth              what was added since, one number a line
 *     <root>/gc.lock             held by who cleans
 */
import { join } from "node:path";
import { asDigest, type Digest } from "../base/digest.ts";
import type { FileStat, Host } from "../host/host.ts";

export type Kind = "entries" | "blobs" | "packs";

/** A file of the store that was found in a walk. */
export interface StoredFile {
  readonly digest: Digest;
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** Paths below the root of a store. */
export class StoreLayout {
  readonly host: Host;
  readonly root: string;
  readonly #shards = new Set<string>();

  constructor(host: Host, root: string) {
    this.host = host;
    this.root = root;
  }

  path(kind: Kind, digest: Digest): string {
    return join(this.root, kind, digest.slice(0, 2), digest.slice(2));
  }

  claimPath(key: Digest): string {
    return join(this.root, "claims", key);
  }

  get sizePath(): string {
    return join(this.root, "size");
  }

  get growthPath(): string {
    return join(this.root, "growth");
  }

  get lockPath(): string {
    return join(this.root, "gc.lock");
  }

  /** The file of an entry or a content. Anything else in its place is removed and counts as nothing. */
  find(kind: Kind, digest: Digest): FileStat | undefined {
    const { fs } = this.host;
    if (!this.#isShard(kind, digest)) return undefined;
    const path = this.path(kind, digest);
    const stat = fs.lstat(path);
    if (stat === undefined || this.#isOurs(stat, "file")) return stat;
    fs.remove(path);
    return undefined;
  }

  /** Whether there is a content, compressed or not; of a given size where it is not. */
  has(digest: Digest, size?: number): boolean {
    const blob = this.find("blobs", digest);
    if (blob !== undefined && (size === undefined || blob.size === size)) return true;
    return this.find("packs", digest) !== undefined;
  }

  /** The path for a new file, its folder made. */
  make(kind: Kind, digest: Digest): string {
    if (!this.#isShard(kind, digest)) {
      this.host.fs.mkdir(join(this.root, kind, digest.slice(0, 2)), 0o700);
    }
    return this.path(kind, digest);
  }

  /** All files of a kind. Whoever consumes this decides how much is done at once. */
  *walk(kind: Kind): Generator<StoredFile> {
    const { fs } = this.host;
    const folder = join(this.root, kind);
    for (const shard of fs.list(folder) ?? []) {
      const below = join(folder, shard);
      const shardStat = fs.lstat(below);
      if (shardStat === undefined) continue;
      if (!/^[0-9a-f]{2}$/.test(shard) || !this.#isOurs(shardStat, "directory")) {
        fs.remove(below);
        continue;
      }
      for (const name of fs.list(below) ?? []) {
        const path = join(below, name);
        const stat = fs.lstat(path);
        if (stat === undefined) continue;
        const digest = asDigest(shard + name);
        if (digest !== undefined && this.#isOurs(stat, "file")) {
          yield { digest, path, size: stat.size, mtimeMs: stat.mtimeMs };
        } else if (digest !== undefined || this.host.now() - stat.mtimeMs > day) {
          // A name that is no digest is a file in the making, or was left by a process that was killed.
          fs.remove(path);
        }
      }
    }
  }

  /** Whether the folder of a digest is there. A link in its place is removed. */
  #isShard(kind: Kind, digest: Digest): boolean {
    const path = join(this.root, kind, digest.slice(0, 2));
    if (this.#shards.has(path)) return true;
    const { fs } = this.host;
    for (const folder of [join(this.root, kind), path]) {
      const stat = fs.lstat(folder);
      if (stat === undefined) return false;
      if (!this.#isOurs(stat, "directory")) {
        fs.remove(folder);
        return false;
      }
    }
    this.#shards.add(path);
    return true;
  }

  #isOurs(stat: FileStat, kind: FileStat["kind"]): boolean {
    return stat.kind === kind && (this.host.uid === undefined || stat.uid === this.host.uid);
  }
}

export const day = 24 * 60 * 60 * 1000;
