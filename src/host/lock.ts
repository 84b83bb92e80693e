/**
 * A lock between processes that dies with its holder and needs neither native code nor a helper process.
 *
 * ## On the disk
 *
 *     <folder>/<id>/<n>/owner     generation n: `<token> <token of n-1>`, then a line with the process that made it
 *     <folder>.new-<token>/       a generation in the making
 *     <folder>.old-<token>/       what was taken away, while it is removed
 *
 * The creator of the highest generation holds the lock while it lives and has not cut its `owner` file to the first line
 * (the release: it needs no space, and it never brings back a file that is gone). To take over from generation n whose
 * creator is dead or has released: read n, check that n-1 is there with the token that n names, move a prepared folder to
 * the name n+1 (this fails where n+1 exists), and check that n is still there unchanged; else give n+1 up again. The
 * holder of n removes generations up to n-2, lowest first. The folder is made by moving one that was prepared beside it,
 * complete with `<id>/1`, to its name, and taken away by moving `<folder>/<id>` aside: so a set of generations begins and
 * ends in one step, its `id` never comes back, and generation 1 is made only once.
 *
 * ## Why two never hold it
 *
 * Listing a folder is no snapshot, and anybody may be stopped between any two steps. So say that a generation is in its
 * *first life* when its name was never used before in this `<id>`, else in its second.
 *
 * (1) A generation in its second life is never built upon. For 1 there is no second life. Let k be in its second life. Its
 *     first life was removed, and k-1 before that, as removal goes upwards. The maker of the second k had read a k-1 and
 *     checked it against its own predecessor, so by induction k-1 was in its first life, and it is gone since. Tokens are
 *     unique, so nobody who reads the second k will find a k-1 with the token that it names.
 * (2) Who makes n+1 and then still finds n as it was made the first n+1: had there been one before, n would have been
 *     removed before it and, being in its first life by (1), would not be there.
 * (3) So each generation is made validly by one process only, and only when the one below it was dead or released. Of two
 *     valid generations the creator of the lower one therefore does not hold the lock any more.
 *
 * This rests on "dead" being true. For a process of this machine, boot and process namespace that is so: it is known by
 * id and start time. For any other the lock is a lease: its holder changes its file every two seconds, and counts as
 * dead when nothing has changed for half a minute of the observer's own clock (sooner when the file system itself says
 * that the last change is long ago, as after a restart of the machine). Who is stopped that long and then goes on can
 * ask `held()`.
 *
 * A lock that cannot be read (a crash of the machine while it was written) is moved aside after the same time, so that
 * nobody waits for ever.
 */
import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import type { Host, ProcessIdentity } from "./host.ts";

/** The right to be alone with something. */
export interface Lock {
  /** Gives it back. A second call does nothing. */
  release(): void;
  /** Whether it is really still ours; only false after we were taken for dead, or the folder was removed. */
  held(): boolean;
  [Symbol.dispose](): void;
}

export interface LockOptions {
  /** Ends the waiting: the promise is rejected with the reason of the signal. */
  readonly signal?: AbortSignal;
  /** Told of each process that is waited for. */
  readonly onWait?: (holder: ProcessIdentity) => void;
  /** Nothing is left on the disk after the release. For locks of which there are many. */
  readonly temporary?: boolean;
}

const heartbeat = 2_000;
/** A sign of life was due so often in this time that its maker must be gone. */
const patience = 30_000;
/** Where the file system's own clock says so too, this is enough. */
const shortPatience = 6_000;
const longAgo = 60_000;
/** Without any watching, as `tryLock` has to decide. */
const veryLongAgo = 600_000;

/** Another process made the name first, or removed what we had prepared, or the whole folder. */
const overtaken = ["EEXIST", "ENOTEMPTY", "ENOENT"];

const firstPause = 5;
const longestPause = 50;

/** Waits until the lock is free and takes it. */
export async function acquireLock(host: Host, folder: string, options: LockOptions = {}): Promise<Lock> {
  const place: Place = { host, folder, temporary: options.temporary === true };
  let told: string | undefined;
  let seen: { readonly what: string; readonly since: number } | undefined;
  let pause = firstPause;
  host.fs.mkdir(dirname(folder));
  for (;;) {
    options.signal?.throwIfAborted();
    const found = look(place);
    if ("release" in found) return found;
    if (found.state !== "changed") {
      const now = host.monotonic();
      if (seen?.what !== found.what) seen = { what: found.what, since: now };
      const age = now - seen.since;
      if (found.state !== "alive" && (age >= patience || (age >= shortPatience && ageOf(place, found) >= longAgo))) {
        const lock = found.takeOver();
        if (lock !== undefined) return lock;
        seen = undefined;
        continue;
      }
      if (found.holder !== undefined && told !== found.what.split(" ", 1)[0]) {
        told = found.what.split(" ", 1)[0];
        options.onWait?.(found.holder);
      }
    }
    await host.sleep(found.state === "changed" ? 1 : pause);
    pause = Math.min(longestPause, pause * 1.5);
  }
}

/** Takes the lock if it is free now. */
export function tryLock(host: Host, folder: string, options: Pick<LockOptions, "temporary"> = {}): Lock | undefined {
  const place: Place = { host, folder, temporary: options.temporary === true };
  host.fs.mkdir(dirname(folder));
  for (let attempt = 0; attempt < 20; attempt++) {
    const found = look(place);
    if ("release" in found) return found;
    if (found.state === "alive") return undefined;
    if (found.state === "silent" && ageOf(place, found) < veryLongAgo) return undefined;
    if (found.state === "silent") {
      const lock = found.takeOver();
      if (lock !== undefined) return lock;
    }
  }
  return undefined;
}

interface Place {
  readonly host: Host;
  readonly folder: string;
  readonly temporary: boolean;
}

/** Why the lock was not taken. */
type Found =
  /** Somebody else was faster: look again. */
  | { readonly state: "changed" }
  | { readonly state: "alive"; readonly what: string; readonly holder: ProcessIdentity }
  /** Nobody here can tell whether its holder lives, or what is there cannot be read: wait for a sign of life. */
  | {
      readonly state: "silent";
      /** Begins with what identifies the holder, and changes with each sign of life. */
      readonly what: string;
      readonly holder: ProcessIdentity | undefined;
      /** Whose time of change tells how old this is. */
      readonly path: string;
      /** Takes the lock, or what cannot be read, away. */
      takeOver(): Lock | undefined;
    };

interface Owner {
  readonly text: string;
  readonly token: string;
  readonly previous: string;
  /** Undefined when released. */
  readonly holder: ProcessIdentity | undefined;
}

const changed: Found = { state: "changed" };

/** Takes the lock when it is free, else says why not. */
function look(place: Place): Lock | Found {
  const { fs, processes } = place.host;
  const ids = fs.list(place.folder) ?? [];
  if (ids.length === 0) return begin(place);
  const id = ids.find((name) => /^[0-9a-f]{24}$/.test(name)) ?? ids[0]!;
  const root = join(place.folder, id);
  const names = fs.list(root);
  if (names === undefined && fs.lstat(root) === undefined) return changed;
  const highest = Math.max(0, ...generations(names ?? []));
  const owner = highest === 0 ? undefined : readOwner(place.host, root, highest);
  if (owner === undefined || !isFounded(place.host, root, highest, owner)) {
    const what = `? ${id} ${(names ?? []).join(" ")} ${owner?.text ?? ""}`;
    return { state: "silent", what, holder: undefined, path: root, takeOver: () => moveAside(place, root) };
  }
  const { holder } = owner;
  const alive = holder === undefined ? false : processes.alive(holder);
  if (alive === false) return claim(place, root, highest, owner) ?? changed;
  const what = `${owner.token} ${owner.text.length}`;
  if (alive === true) return { state: "alive", what, holder: holder! };
  const path = ownerPath(root, highest);
  return { state: "silent", what, holder, path, takeOver: () => claim(place, root, highest, owner) };
}

/** Whether the generation below is the one that this one was built upon. */
function isFounded(host: Host, root: string, generation: number, owner: Owner): boolean {
  return generation === 1 || readOwner(host, root, generation - 1)?.token === owner.previous;
}

/** Makes the folder with a first generation of ours in it. */
function begin(place: Place): Lock | Found {
  const { fs, processes } = place.host;
  const token = newToken();
  const id = newToken();
  const prepared = `${place.folder}.new-${token}`;
  const root = join(place.folder, id);
  const text = ownerText(token, "-", processes.self());
  try {
    fs.mkdir(join(prepared, id, "1"));
    fs.writeAtomic(ownerPath(join(prepared, id), 1), text);
    // An empty folder is left by the end of a temporary lock. Windows moves nothing over it.
    fs.removeEmpty(place.folder);
    fs.rename(prepared, place.folder);
  } catch (error) {
    // Over a network the answer may be lost where the request was not.
    if (readOwner(place.host, root, 1)?.token !== token) {
      quietly(() => fs.remove(prepared));
      const lost = isOneOf(error, ...overtaken) || (fs.list(place.folder) ?? []).length > 0;
      if (!lost) throw error;
      return changed;
    }
  }
  return new HeldLock(place, root, 1, text);
}

/** Makes the next generation. Undefined when another process was faster. */
function claim(place: Place, root: string, generation: number, owner: Owner): Lock | undefined {
  const { fs, processes } = place.host;
  const token = newToken();
  // Not within the root: making it there could bring a root back that was taken away.
  const prepared = `${place.folder}.new-${token}`;
  const next = generation + 1;
  const text = ownerText(token, owner.token, processes.self());
  try {
    fs.mkdir(prepared);
    fs.writeAtomic(join(prepared, "owner"), text);
    fs.rename(prepared, join(root, String(next)));
  } catch (error) {
    if (readOwner(place.host, root, next)?.token !== token) {
      quietly(() => fs.remove(prepared));
      const lost = isOneOf(error, ...overtaken) || fs.lstat(join(root, String(next))) !== undefined;
      if (!lost) throw error;
      return undefined;
    }
  }
  if (readOwner(place.host, root, generation)?.text !== owner.text) {
    quietly(() => fs.remove(join(root, String(next))));
    return undefined;
  }
  const lock = new HeldLock(place, root, next, text);
  quietly(() => removeOld(place, root, next));
  return lock;
}

/**
 * Removes what nobody needs any more. Stops at the first generation that cannot be removed: the order matters. Who finds
 * that what it prepared is gone starts again.
 */
function removeOld({ host, folder }: Place, root: string, held: number): void {
  for (const generation of generations(host.fs.list(root) ?? [])) {
    if (generation <= held - 2) host.fs.remove(join(root, String(generation)));
  }
  const parent = dirname(folder);
  const beside = [`${basename(folder)}.new-`, `${basename(folder)}.old-`];
  for (const name of host.fs.list(parent) ?? []) {
    if (beside.some((prefix) => name.startsWith(prefix))) host.fs.remove(join(parent, name));
  }
}

/** Takes a set of generations away that cannot be read. The next look finds a free lock. */
function moveAside({ host, folder }: Place, root: string): undefined {
  const aside = `${folder}.old-${newToken()}`;
  try {
    host.fs.rename(root, aside);
  } catch (error) {
    if (!isOneOf(error, "ENOENT")) throw error;
    return undefined;
  }
  quietly(() => host.fs.remove(aside));
  return undefined;
}

class HeldLock implements Lock {
  readonly #place: Place;
  readonly #root: string;
  readonly #generation: number;
  readonly #path: string;
  readonly #text: string;
  readonly #stopHeartbeat: () => void;
  #released = false;

  constructor(place: Place, root: string, generation: number, text: string) {
    this.#place = place;
    this.#root = root;
    this.#generation = generation;
    this.#path = ownerPath(root, generation);
    this.#text = text;
    let size = text.length;
    this.#stopHeartbeat = place.host.every(heartbeat, () => {
      // A zero at the end. By size, not by writing: that also works on a full disk and never makes a new file.
      quietly(() => place.host.fs.truncate(this.#path, ++size));
    });
  }

  held(): boolean {
    if (this.#released) return false;
    const { host } = this.#place;
    const highest = Math.max(0, ...generations(host.fs.list(this.#root) ?? []));
    return highest === this.#generation && readOwner(host, this.#root, highest)?.text.startsWith(this.#text) === true;
  }

  release(): void {
    if (this.#released) return;
    const held = this.#place.temporary && this.held();
    this.#released = true;
    this.#stopHeartbeat();
    const { host, folder } = this.#place;
    if (held) {
      try {
        const aside = `${folder}.old-${newToken()}`;
        host.fs.rename(this.#root, aside);
        quietly(() => {
          host.fs.removeEmpty(folder);
          host.fs.remove(aside);
        });
        return;
      } catch {
        // What cannot be moved is released where it is.
      }
    }
    try {
      host.fs.truncate(this.#path, this.#text.indexOf("\n") + 1);
    } catch (error) {
      // The whole folder was removed.
      if (!isOneOf(error, "ENOENT", "ENOTDIR")) throw error;
    }
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

function ownerPath(root: string, generation: number): string {
  return join(root, String(generation), "owner");
}

function ownerText(token: string, previous: string, { pid, started, domain }: ProcessIdentity): string {
  // ASCII only: its length is its size.
  const ascii = encodeURIComponent(domain);
  return `${token} ${previous}\n${JSON.stringify({ pid, started, domain: ascii })}\n`;
}

function readOwner(host: Host, root: string, generation: number): Owner | undefined {
  const text = host.fs.readText(ownerPath(root, generation));
  const match = /^([0-9a-f]{24}) ([0-9a-f]{24}|-)\n(?:({.*})\n\0*)?$/.exec(text ?? "");
  if (text === undefined || match === null) return undefined;
  const [, token = "", previous = "", json] = match;
  if (json === undefined) return { text, token, previous, holder: undefined };
  const holder = parseIdentity(json);
  return holder === undefined ? undefined : { text, token, previous, holder };
}

function parseIdentity(json: string): ProcessIdentity | undefined {
  try {
    const { pid, started, domain } = JSON.parse(json) as Record<string, unknown>;
    if (typeof pid !== "number" || typeof started !== "string" || typeof domain !== "string") return undefined;
    return { pid, started, domain: decodeURIComponent(domain) };
  } catch {
    return undefined;
  }
}

/** The generations in a listing, lowest first. */
function generations(names: readonly string[]): number[] {
  return names
    .filter((name) => /^[1-9]\d{0,14}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** How long ago something was changed, by the clock of the file system that it lies on. */
function ageOf({ host, folder }: Place, found: Extract<Found, { state: "silent" }>): number {
  const then = host.fs.stat(found.path)?.mtimeMs;
  if (then === undefined) return 0;
  const probe = `${folder}.new-${newToken()}`;
  try {
    host.fs.writeAtomic(probe, "");
    return (host.fs.stat(probe)?.mtimeMs ?? then) - then;
  } catch {
    return 0;
  } finally {
    quietly(() => host.fs.remove(probe));
  }
}

function newToken(): string {
  return randomBytes(12).toString("hex");
}

function isOneOf(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(error.code as string);
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // What stays behind is removed by a later holder.
  }
}
