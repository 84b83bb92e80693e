/**
 * What a remembered answer rests on: the state of each file that was looked at, also of those that were not there. As
 * long as all hold, the answer is the one that a new search would give. Nothing is read to check them but `stat` and,
 * for folders that changed, their names.
 */
import { quietly } from "../base/quietly.ts";
import { compareText } from "../base/order.ts";
import type { FileStat, Host } from "../host/host.ts";

/** The state of one path at the time of a search. */
export type Witness =
  /** Nothing is there. A new file would have come before what was chosen, or makes something possible. */
  | { readonly path: string; readonly kind: "absent" }
  /** A file with this signature. */
  | ({ readonly path: string; readonly kind: "file" } & FileSignature)
  /** A folder, or a device: that it is there is all that counts. */
  | { readonly path: string; readonly kind: "present" }
  /** The names in a folder that begin and end so. */
  | {
      readonly path: string;
      readonly kind: "listing";
      readonly prefix: string;
      readonly suffix: string;
      readonly names: readonly string[];
      /** Signature of the folder, when an unchanged one means unchanged names. */
      readonly folder?: FileSignature;
    };

/** What tells two states of a file apart without reading it. */
export interface FileSignature {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
}

/** The part of a `stat` that is kept. */
export function signatureOf(stat: FileStat): FileSignature {
  return { size: stat.size, mtimeMs: stat.mtimeMs, ctimeMs: stat.ctimeMs, ino: stat.ino };
}

/** Whether two signatures are the same. */
export function sameSignature(a: FileSignature, b: FileSignature): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.ino === b.ino;
}

/**
 * Milliseconds within which a change may leave a signature as it was: two writes in one tick of the file system's clock.
 * Two seconds cover the coarsest one (FAT) and the usual skew of network file systems.
 */
const raceWindowMs = 2000;

/** Whether a file was changed so shortly before `now` that another change could go unseen. */
export function isRacy(signature: FileSignature, now: number): boolean {
  return Math.max(signature.mtimeMs, signature.ctimeMs) > now - raceWindowMs;
}

/** The first witness that no longer holds; undefined when all hold. */
export function brokenWitness(host: Host, witnesses: readonly Witness[]): Witness | undefined {
  return witnesses.find((witness) => !holds(host, witness));
}

/** Names of a folder that begin and end so, sorted. Undefined when there is no such folder or it may not be read. */
export function namesIn(
  host: { readonly fs: Pick<Host["fs"], "list"> },
  path: string,
  pattern: { readonly prefix: string; readonly suffix: string },
): string[] | undefined {
  return quietly(() => host.fs.list(path))
    ?.filter((name) => matches(name, pattern))
    .sort(compareText);
}

/** `stat` for which a file that may not be seen is a file that is not there. */
export function statIn(host: Host, path: string): FileStat | undefined {
  return quietly(() => host.fs.stat(path));
}

function matches(name: string, pattern: { readonly prefix: string; readonly suffix: string }): boolean {
  return (
    name.length >= pattern.prefix.length + pattern.suffix.length &&
    name.startsWith(pattern.prefix) &&
    name.endsWith(pattern.suffix)
  );
}

function holds(host: Host, witness: Witness): boolean {
  const stat = statIn(host, witness.path);
  switch (witness.kind) {
    case "absent":
      return stat === undefined;
    case "present":
      return stat !== undefined;
    case "file":
      return stat !== undefined && sameSignature(signatureOf(stat), witness);
    case "listing": {
      if (stat === undefined) return false;
      if (witness.folder !== undefined && sameSignature(signatureOf(stat), witness.folder)) return true;
      const names = namesIn(host, witness.path, witness);
      return (
        names !== undefined &&
        names.length === witness.names.length &&
        names.every((name, index) => name === witness.names[index])
      );
    }
  }
}
