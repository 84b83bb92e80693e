/**
 * The answer to "is there anything to do?" with one pass of `stat`: after a build everything that it looked at is noted
 * down (files with their state, places that were empty, folders that a glob walked, variables that were asked for),
 * together with what it made. While all of it holds, and the request is the same, nothing has to be done, and nothing else
 * of the program is loaded. It knows nothing of actions or keys: where it is not sure, the full way decides.
 *
 * It loads neither `node:crypto` nor `node:zlib`: each costs as long as all the looking.
 */
import { basename, dirname, join } from "node:path";
import { fingerprint } from "../base/fingerprint.ts";
import { compareText } from "../base/order.ts";
import type { ConfigWitness } from "../config/extension.ts";
import type { FileDigests } from "../engine/file-digests.ts";
import { namesIn, sameSignature, type Witness } from "../environment/witness.ts";
import { clockStep } from "../host/clock-step.ts";
import { userCacheDirectory } from "../host/directories.ts";
import type { FileStat, Host } from "../host/host.ts";
import { isIdleVariable } from "../host/idle-variables.ts";
import { askedVariables } from "../host/variables.ts";
import { version } from "../version.ts";

/** What the last build left, when it still holds. */
export interface NoOpHit {
  readonly artifacts: readonly { readonly name: string; readonly path: string }[];
  /** Number of actions, all fresh. */
  readonly actions: number;
  /** Names of the extensions. */
  readonly extensions: readonly string[];
}

/** What tells two states of a file apart without reading it. */
type Signature = Pick<FileStat, "size" | "mtimeMs" | "ctimeMs" | "ino">;

/** The names in a folder that begin and end so. */
export interface Listed {
  readonly path: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly names: readonly string[];
}

/** Everything that a build looked at. Paths are absolute. */
export interface Looked {
  readonly files: Iterable<readonly [string, Signature]>;
  /** What had to be there, in whatever state: folders. */
  readonly there: Iterable<string>;
  readonly absent: Iterable<string>;
  readonly listed: Iterable<Listed>;
}

/** A folder's mtime and inode, [-1, 0] where it is too young to be relied on or not there. */
type Stamp = readonly [mtimeMs: number, ino: number];

/** The file form. */
interface Snapshot {
  readonly files: readonly string[];
  /** size, mtime, ctime, inode for each file. */
  readonly states: readonly number[];
  readonly there: readonly string[];
  /** Empty places by folder: their names in it, with `/` between them; most are never looked at one by one. */
  readonly empty: readonly { readonly stamp: Stamp; readonly folder: string; readonly names: string }[];
  readonly listed: readonly (Listed & { readonly stamp: Stamp })[];
  readonly hit: NoOpHit;
}

/** What the quick look needs of the host. */
export type NoOpHost = Pick<Host, "env" | "cwd" | "platform" | "home" | "uid"> & {
  readonly fs: Pick<Host["fs"], "stat" | "lstat" | "list" | "readBytes">;
};

/** A file of the cache: which question it answers, in full, since its name is only a fingerprint. */
interface Note<T> {
  readonly question: readonly string[];
  readonly answer: T;
}

/** So many files are kept, or half as many after a cleaning. */
const mostFiles = 400;
const lineFeed = 10;

function noteFolder(host: NoOpHost): string {
  return join(userCacheDirectory(host), "up-to-date");
}

/** What is asked, but for the variables: their names are noted under it. `null`: all of them count. */
function requestQuestion(host: NoOpHost, argv: readonly string[]): readonly string[] {
  return [version, host.cwd, ...argv];
}

/** The whole question: the request, and each variable that counts, with its value. */
function wholeQuestion(host: NoOpHost, request: readonly string[], names: readonly string[] | null): readonly string[] {
  const { env } = host;
  const counting =
    names ??
    Object.keys(env)
      .filter((name) => !isIdleVariable(name))
      .sort();
  const set = counting.filter((name) => env[name] !== undefined);
  return [...request, "", ...set.map((name) => `${name}=${env[name]}`)];
}

function notePath(folder: string, question: readonly string[]): string {
  return join(folder, `${fingerprint(question)}.json`);
}

/** What the last build of this very request left, when nothing it looked at has changed. */
export function tryNoOp(host: NoOpHost, argv: readonly string[]): NoOpHit | undefined {
  const folder = noteFolder(host);
  if (!isPrivate(host, folder, "directory")) return undefined;
  const request = requestQuestion(host, argv);
  const names = readNote<readonly string[] | null>(host, folder, request);
  if (names === undefined) return undefined;
  const snapshot = readNote<Snapshot>(host, folder, wholeQuestion(host, request, names));
  if (snapshot === undefined) return undefined;
  return holds(host, snapshot) ? snapshot.hit : undefined;
}

/** Notes down what a build looked at. Call it when everything has come to rest. */
export function rememberNoOp(host: Host, argv: readonly string[], looked: Looked, hit: NoOpHit): void {
  const now = host.now();
  const stamp = (folder: string): Stamp => {
    const stat = host.fs.stat(folder);
    return stat === undefined || stat.mtimeMs + clockStep(stat.mtimeMs) >= now ? [-1, 0] : [stat.mtimeMs, stat.ino];
  };
  const byFolder = new Map<string, string[]>();
  for (const place of looked.absent) {
    const folder = dirname(place);
    const names = byFolder.get(folder);
    if (names === undefined) byFolder.set(folder, [basename(place)]);
    else names.push(basename(place));
  }
  const files: string[] = [];
  const states: number[] = [];
  // The youngest first: what a change is most likely to be seen at.
  for (const [file, stat] of [...looked.files].sort(([, a], [, b]) => b.ctimeMs - a.ctimeMs)) {
    files.push(file);
    states.push(stat.size, stat.mtimeMs, stat.ctimeMs, stat.ino);
  }
  // The stamps come first and the look at the places after them, so that nothing falls in between.
  const snapshot: Snapshot = {
    files,
    states,
    there: [...looked.there],
    empty: Array.from(byFolder, ([folder, names]) => ({
      folder,
      stamp: stamp(folder),
      names: names.join("/"),
    })),
    listed: Array.from(looked.listed, (listed) => ({ ...listed, stamp: stamp(listed.path) })),
    hit,
  };
  if (!snapshot.empty.every((places) => areEmpty(host, places))) return;
  for (const listed of snapshot.listed) if (!sameNames(host, listed)) return;
  const folder = noteFolder(host);
  const request = requestQuestion(host, argv);
  const names = countingNames(host, folder, request);
  try {
    host.fs.mkdir(folder, 0o700);
    writeNote(host, folder, { question: wholeQuestion(host, request, names), answer: snapshot });
    writeNote(host, folder, { question: request, answer: names });
    removeOldest(host, folder);
  } catch {
    // Full or read-only: the next build takes the long way, which finds the same.
  }
}

/**
 * Names of the variables that were asked for, now or by an earlier build of the request: what another value of one of
 * them leads to may ask for others.
 */
function countingNames(host: Host, folder: string, request: readonly string[]): readonly string[] | null {
  const asked = askedVariables(host);
  const before = readNote<readonly string[] | null>(host, folder, request);
  if (asked === undefined || before === null) return null;
  return [...new Set([...(before ?? []), ...asked.filter((name) => !isIdleVariable(name))])].sort();
}

function writeNote<T>(host: Host, folder: string, note: Note<T>): void {
  const path = notePath(folder, note.question);
  if (host.fs.lstat(path)?.kind === "directory") host.fs.remove(path);
  const text = JSON.stringify(note);
  host.fs.writeAtomic(path, `${text}\n${text}`, 0o600);
}

/** What a file of the cache answers; undefined when it is not there, is damaged, or belongs to another question. */
function readNote<T>(host: NoOpHost, folder: string, question: readonly string[]): T | undefined {
  const path = notePath(folder, question);
  if (!isPrivate(host, path, "file")) return undefined;
  const bytes = host.fs.readBytes(path);
  if (bytes === undefined) return undefined;
  // It says everything twice, so that damage shows: to compare is faster than any sum.
  const half = bytes.byteLength >>> 1;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, half);
  if (bytes[half] !== lineFeed || !text.equals(bytes.subarray(half + 1))) return undefined;
  const note = JSON.parse(text.toString("utf8")) as Note<T>;
  const same = note.question.length === question.length && note.question.every((part, i) => part === question[i]);
  return same ? note.answer : undefined;
}

/** A snapshot is kept for each request in each environment; most of them are never asked for again. */
function removeOldest(host: Host, folder: string): void {
  const names = host.fs.list(folder) ?? [];
  if (names.length <= mostFiles) return;
  const paths = names.map((name) => join(folder, name));
  const ages = paths.map((path) => ({ path, time: host.fs.lstat(path)?.mtimeMs ?? 0 }));
  ages.sort((a, b) => a.time - b.time);
  for (const { path } of ages.slice(0, names.length - mostFiles / 2)) host.fs.remove(path);
}

/**
 * Everything that a build looked at. Undefined when a file that decided what the extensions are was edited after the
 * build began: then it is not known which state of it was read. Undefined, too, while a file is so young that another
 * change might not show.
 *
 * @param own Files and folders that the build made.
 */
export function lookedAt(
  host: Host,
  config: readonly ConfigWitness[],
  environment: readonly Witness[],
  digests: FileDigests,
  startedAt: number,
  own: ReadonlySet<string>,
): Looked | undefined {
  if (!digests.settled) return undefined;
  const files = new Map<string, Signature>();
  const there = new Set<string>();
  const absent = new Set<string>();
  const listed: Listed[] = [];
  const seen = digests.seen();
  for (const [path, stat] of seen.present) if (stat.kind === "file") files.set(path, stat);
  for (const path of seen.absent) absent.add(path);
  for (const witness of environment) {
    if (witness.kind === "file") files.set(witness.path, witness);
    else if (witness.kind === "present") there.add(witness.path);
    else if (witness.kind === "absent") absent.add(witness.path);
    else listed.push({ path: witness.path, prefix: witness.prefix, suffix: witness.suffix, names: witness.names });
  }
  for (const witness of config) {
    if (witness.kind === "volatile") return undefined;
    if (witness.kind === "there") {
      if (host.fs.stat(witness.path) === undefined) return undefined;
      there.add(witness.path);
      continue;
    }
    if (witness.kind === "listing") {
      const suffix = witness.suffix ?? "";
      // What the build itself put there is no news.
      const foreign = (name: string): boolean => !own.has(join(witness.path, name));
      const names = namesIn(host, witness.path, { prefix: "", suffix }) ?? [];
      if (names.filter(foreign).join("/") !== [...witness.names].filter(foreign).sort(compareText).join("/")) {
        return undefined;
      }
      listed.push({ path: witness.path, prefix: "", suffix, names });
      continue;
    }
    const stat = host.fs.stat(witness.path);
    if (witness.state !== undefined) {
      if (stat === undefined || !sameSignature(stat, witness.state)) return undefined;
      files.set(witness.path, stat);
    } else if (stat === undefined) absent.add(witness.path);
    else if (stat.ctimeMs + clockStep(stat.ctimeMs) >= startedAt) return undefined;
    else files.set(witness.path, stat);
  }
  return { files, there, absent, listed };
}

function holds(host: NoOpHost, snapshot: Snapshot): boolean {
  const { fs } = host;
  const { states } = snapshot;
  for (const [i, file] of snapshot.files.entries()) {
    const stat = fs.stat(file);
    const at = 4 * i;
    if (
      stat === undefined ||
      stat.size !== states[at] ||
      stat.mtimeMs !== states[at + 1] ||
      stat.ctimeMs !== states[at + 2] ||
      stat.ino !== states[at + 3]
    ) {
      return false;
    }
  }
  for (const path of snapshot.there) if (fs.stat(path) === undefined) return false;
  for (const places of snapshot.empty) {
    const stat = fs.stat(places.folder);
    if (stat === undefined || isAt(stat, places.stamp)) continue;
    if (!areEmpty(host, places)) return false;
  }
  for (const listed of snapshot.listed) {
    const stat = fs.stat(listed.path);
    if (stat !== undefined && isAt(stat, listed.stamp)) continue;
    if (!sameNames(host, listed)) return false;
  }
  return true;
}

function areEmpty({ fs }: NoOpHost, { folder, names }: Snapshot["empty"][number]): boolean {
  return names.split("/").every((name) => fs.stat(join(folder, name)) === undefined);
}

function isAt(stat: FileStat, [mtimeMs, ino]: Stamp): boolean {
  return stat.mtimeMs === mtimeMs && stat.ino === ino;
}

function sameNames(host: NoOpHost, listed: Listed): boolean {
  const names = namesIn(host, listed.path, listed) ?? [];
  return names.length === listed.names.length && names.every((name, i) => name === listed.names[i]);
}

/** Owned by this user, written by nobody else, and no link. */
function isPrivate(host: NoOpHost, path: string, kind: FileStat["kind"]): boolean {
  const stat = host.fs.lstat(path);
  if (stat?.kind !== kind) return false;
  if (host.uid === undefined) return true;
  return stat.uid === host.uid && (stat.mode & 0o022) === 0;
}
