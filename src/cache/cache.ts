/**
 * What a cache is: results of actions, found by the key of the action, and contents, found by their digest. The same
 * for a folder on this machine and for a server; `test/unit/cache/cache-contract.ts` says what all of them must do.
 *
 * The key of an action covers what is known before it runs. Which headers it read is known afterwards: each result says
 * on which contents it depends, several results may stand under one key, and who asks picks the one that fits.
 *
 * A cache never makes a build fail: what it cannot do is a miss, or is left undone. It never gives out a content that
 * is not the one asked for.
 */
import type { Digest } from "../base/digest.ts";

/** One file that an action made. */
export interface CachedOutput {
  /** Logical path: with a named root in place of what differs from place to place. */
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
}

/** One way in which an action came out. */
export interface CachedResult {
  /** What it read beyond its key, with the contents that it found there. Logical paths. */
  readonly inputs: readonly { readonly path: string; readonly digest: Digest }[];
  /** Logical paths that must not exist: a file there would be read instead of another. */
  readonly absent: readonly string[];
  readonly outputs: readonly CachedOutput[];
  /** What the program printed. */
  readonly printed: string;
  readonly durationMs: number;
  /** Bytes; 0 where it is not known. */
  readonly peakMemory: number;
}

/** Results by action. */
export interface ActionCache {
  /** What is known under a key, the newest first; empty when nothing is. */
  lookup(key: Digest): Promise<readonly CachedResult[]>;
  /**
   * Adds a result. The contents go first, so that no result is ever found whose contents were not there.
   *
   * @param files Where each output lies, by its logical path.
   */
  store(key: Digest, result: CachedResult, files: ReadonlyMap<string, string>): Promise<void>;
}

/** Contents by digest. */
export interface ContentStore {
  /** Puts a content at a path, by rename, after checking it. False when it is not there or not sound. */
  restore(content: Pick<CachedOutput, "digest" | "size" | "mode">, to: string): Promise<boolean>;
  /** Takes a copy of a file whose digest is known. False when that did not work. */
  put(path: string, digest: Digest): Promise<boolean>;
}

/** The right to do an action that others may want to do at the same time. */
export interface Claim {
  /** Whether somebody else held it first: then the result may be there now. */
  readonly waited: boolean;
  release(): void;
}

/** Sees to it that an action that several want to do is done by one, while the others wait for the result. */
export interface Claims {
  /** Undefined when the waiting was ended by the signal, or claims do not work here: then everybody goes on alone. */
  claim(key: Digest, onWait: () => void, signal?: AbortSignal): Promise<Claim | undefined>;
}

/** A store of results with their contents. */
export interface Cache extends ActionCache, ContentStore {
  /** For messages: a path, an address. */
  readonly name: string;
}
