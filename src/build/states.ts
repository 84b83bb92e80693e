/**
 * Where known digests live: those of the project's own files in its log, under logical paths; those of everything else
 * (torch, CUDA, Python, system headers, compilers) in one file of the user, so that a new project does not read them
 * again.
 */
import { dirname, join } from "node:path";
import type { StateStore } from "../engine/file-digests.ts";
import { BuildLog, type FileState } from "../engine/log.ts";
import type { Roots } from "../engine/roots.ts";
import type { Host } from "../host/host.ts";
import { acquireLock } from "../host/lock.ts";

/** Known digests of one run. */
export class KnownStates implements StateStore {
  readonly #host: Host;
  readonly #roots: Roots;
  readonly #own: BuildLog;
  readonly #sharedPath: string;
  readonly #new = new Map<string, FileState>();
  #shared: BuildLog | undefined;

  /** @param cacheDir The user's cache folder. */
  constructor(host: Host, roots: Roots, own: BuildLog, cacheDir: string) {
    this.#host = host;
    this.#roots = roots;
    this.#own = own;
    this.#sharedPath = join(cacheDir, "files.log");
  }

  get(path: string): FileState | undefined {
    const logical = this.#roots.logical(path);
    if (isOwn(logical)) return this.#own.state(logical);
    this.#shared ??= this.#openShared();
    return this.#new.get(path) ?? this.#shared.state(path);
  }

  put(path: string, state: FileState): void {
    const logical = this.#roots.logical(path);
    if (isOwn(logical)) this.#own.putState(logical, state);
    else this.#new.set(path, state);
  }

  /** Adds what was learnt to the user's file. Where that is not possible, the next build learns it again. */
  async save(): Promise<void> {
    if (this.#new.size === 0 || this.#isUnsafe()) return;
    try {
      await this.#add();
    } catch {
      // Full, read-only, gone.
    }
  }

  async #add(): Promise<void> {
    const lock = await acquireLock(this.#host, `${this.#sharedPath}.lock`);
    try {
      // Others may have written since: texts are numbered in file order.
      const shared = BuildLog.open(this.#host, this.#sharedPath);
      for (const [path, state] of this.#new) shared.putState(path, state);
      shared.close();
      this.#new.clear();
    } finally {
      lock.release();
    }
  }

  #openShared(): BuildLog {
    return BuildLog.open(this.#host, this.#isUnsafe() ? join(this.#sharedPath, "none") : this.#sharedPath);
  }

  /** Whether others could have written what the file says. */
  #isUnsafe(): boolean {
    const { fs, uid } = this.#host;
    return [dirname(this.#sharedPath), this.#sharedPath].some((path) => {
      const stat = fs.lstat(path);
      if (stat === undefined) return false;
      return stat.kind === "link" || (uid !== undefined && (stat.uid !== uid || (stat.mode & 0o022) !== 0));
    });
  }
}

function isOwn(logical: string): boolean {
  return logical.startsWith("$PROJECT") || logical.startsWith("$BUILD");
}
