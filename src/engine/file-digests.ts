/**
 * Contents of files by digest, read only when `stat` cannot vouch for what is known. One object serves one run: each
 * path is asked for once, until somebody says that it may have changed.
 *
 * A known digest may be reused when size, both times and the inode are as they were, and when the file had been left
 * alone for longer than the clock's step when it was read: a second write within one step would leave no trace in
 * `stat` (the racy rule of git and esbuild).
 *
 * A file may also be promised: somebody else has the content and puts it in place before a program reads it.
 */
import type { Digest } from "../base/digest.ts";
import { clockStep } from "../host/clock-step.ts";
import type { FileStat, Host } from "../host/host.ts";
import type { FileState } from "./log.ts";

/** Where known digests come from and go to. */
export interface StateStore {
  get(path: string): FileState | undefined;
  put(path: string, state: FileState): void;
}

const coarseClockMs = 20;

/** Whether a write right after `readAt` would show in `stat`. Only the change time counts: `touch` cannot set it. */
function isSettled(stat: FileStat, readAt: number): boolean {
  return stat.ctimeMs + clockStep(stat.ctimeMs) < readAt;
}

/** Whether two looks at a file saw the same file in the same state. */
function sameState(a: Omit<FileState, "digest">, b: FileStat): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.ino === b.ino;
}

/** Digests and states of files during one run. Paths are absolute. */
export class FileDigests {
  readonly #host: Host;
  readonly #store: StateStore;
  readonly #stats = new Map<string, FileStat | undefined>();
  readonly #digests = new Map<string, { readonly stat: FileStat; readonly digest: Digest }>();
  /** Read so soon after their last change that `stat` cannot vouch for them. */
  readonly #unsettled = new Set<string>();
  readonly #promised = new Map<string, Digest>();
  #reads = 0;

  constructor(host: Host, store: StateStore) {
    this.#host = host;
    this.#store = store;
  }

  /** Whether a change that follows soon would show in `stat`; it would not where the file system counts seconds. */
  get settled(): boolean {
    for (const path of this.#unsettled) {
      const stat = this.#digests.get(path)?.stat;
      if (stat !== undefined && clockStep(stat.ctimeMs) > coarseClockMs) return false;
    }
    return true;
  }

  /** How many files were read. */
  get reads(): number {
    return this.#reads;
  }

  stat(path: string): FileStat | undefined {
    if (this.#stats.has(path)) return this.#stats.get(path);
    const stat = this.#host.fs.stat(path);
    this.#stats.set(path, stat);
    return stat;
  }

  exists(path: string): boolean {
    return this.stat(path) !== undefined;
  }

  /** Forgets what `stat` said, so that the next question looks again. */
  forget(path: string): void {
    this.#stats.delete(path);
  }

  /** The digest of a file's content; undefined when there is no such file. */
  digest(path: string): Digest | undefined {
    const known = this.#known(path);
    if (known !== "unknown") return known;
    for (let tries = 0; ; tries++) {
      const before = this.stat(path);
      if (before === undefined || before.kind !== "file") return undefined;
      const readAt = this.#host.now();
      const digest = this.#host.fs.digestSync(path);
      this.#reads++;
      if (this.#accept(path, before, digest, readAt) || tries === 3) return digest;
    }
  }

  /** Whether the digest can be told without reading the file. */
  isKnown(path: string): boolean {
    return this.#known(path) !== "unknown";
  }

  /** As `digest`, without holding up the program for large files. */
  async digestLater(path: string): Promise<Digest | undefined> {
    const known = this.#known(path);
    if (known !== "unknown") return known;
    const before = this.stat(path);
    if (before === undefined || before.kind !== "file") return undefined;
    if (before.size < 1 << 20) return this.digest(path);
    const readAt = this.#host.now();
    const digest = await this.#host.fs.digest(path);
    this.#reads++;
    return this.#accept(path, before, digest, readAt) ? digest : this.digest(path);
  }

  /** From now on the file counts as one with this content, whatever lies in its place, until it is `learn`ed. */
  promise(path: string, digest: Digest): void {
    this.#promised.set(path, digest);
  }

  /** Whether the content is yet to be put in place. */
  isPromised(path: string): boolean {
    return this.#promised.has(path);
  }

  /** Takes the digest of a file that this program has just made or checked. */
  learn(path: string, digest: Digest): void {
    this.#promised.delete(path);
    this.forget(path);
    const stat = this.stat(path);
    if (stat === undefined) return;
    this.#remember(path, stat, digest, this.#host.now());
  }

  /**
   * Looks again at every file that was used. Returns those that have changed since.
   * Files read too soon after their last change are read once more, after the clock has moved on.
   *
   * @param ran Whether programs ran that read the files themselves. Where none did, what was made of a file was made of
   * the state that was seen of it, and only the files are looked at that `stat` cannot vouch for.
   */
  async settle(ran: boolean): Promise<string[]> {
    const changed: string[] = [];
    await this.#waitForClock();
    for (const [path, { stat, digest }] of this.#digests) {
      if (!ran && !this.#unsettled.has(path)) continue;
      this.forget(path);
      const now = this.stat(path);
      if (now === undefined || !sameState(stat, now)) {
        changed.push(path);
        this.#digests.delete(path);
      } else if (this.#unsettled.has(path)) {
        const readAt = this.#host.now();
        const again = this.#host.fs.digestSync(path);
        this.#reads++;
        if (again !== digest) changed.push(path);
        if (again !== undefined) this.#remember(path, now, again, readAt);
      }
    }
    return changed;
  }

  /** Everything that was looked at: files with what `stat` said of them, and places where there was nothing. */
  seen(): { readonly present: readonly (readonly [string, FileStat])[]; readonly absent: readonly string[] } {
    const present: [string, FileStat][] = [];
    const absent: string[] = [];
    for (const [path, stat] of this.#stats) {
      if (stat === undefined) absent.push(path);
      else present.push([path, stat]);
    }
    return { present, absent };
  }

  /** Whether the file is as it was when its digest was taken. Looks again. */
  unchanged(path: string): boolean {
    const known = this.#digests.get(path);
    this.forget(path);
    const now = this.stat(path);
    return known !== undefined && now !== undefined && sameState(known.stat, now);
  }

  #known(path: string): Digest | undefined | "unknown" {
    const promised = this.#promised.get(path);
    if (promised !== undefined) return promised;
    const stat = this.stat(path);
    if (stat === undefined || stat.kind !== "file") return undefined;
    const here = this.#digests.get(path);
    if (here !== undefined && sameState(here.stat, stat)) return here.digest;
    const stored = this.#store.get(path);
    if (stored === undefined || !sameState(stored, stat)) return "unknown";
    this.#digests.set(path, { stat, digest: stored.digest });
    return stored.digest;
  }

  /** False when the file changed while it was read. */
  #accept(path: string, before: FileStat, digest: Digest | undefined, readAt: number): boolean {
    this.forget(path);
    const after = this.stat(path);
    if (digest === undefined || after === undefined || !sameState(before, after)) return false;
    this.#remember(path, after, digest, readAt);
    return true;
  }

  #remember(path: string, stat: FileStat, digest: Digest, readAt: number): void {
    this.#digests.set(path, { stat, digest });
    if (isSettled(stat, readAt)) {
      this.#unsettled.delete(path);
      this.#store.put(path, {
        size: stat.size,
        mtimeMs: stat.mtimeMs,
        ctimeMs: stat.ctimeMs,
        ino: stat.ino,
        digest,
      });
    } else {
      this.#unsettled.add(path);
    }
  }

  /** Waits until a further change of the unsettled files would show, at most some hundredths of a second. */
  async #waitForClock(): Promise<void> {
    let newest = 0;
    for (const path of this.#unsettled) {
      const stat = this.#digests.get(path)?.stat;
      if (stat !== undefined) newest = Math.max(newest, stat.ctimeMs);
    }
    const wait = Math.ceil(newest + coarseClockMs + 1 - this.#host.now());
    if (wait > 0 && wait <= 2 * coarseClockMs) await this.#host.sleep(wait);
  }
}
