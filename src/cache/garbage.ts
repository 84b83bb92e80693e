/**
 * The cleaning of a local store: what was not used for longest goes first, until it is well below its limit.
 *
 * An entry knows when it was last used by its time of change; a content lives as long as an entry needs it. So an entry
 * never stays without its contents, unless a content is damaged.
 *
 * Counting everything takes a walk over all files. To know whether that is due, each process adds what it stores to a
 * file of numbers; a walk starts that file anew. What several processes do at the same time can only make the estimate
 * wrong until the next walk, and one is due after `countedFor` anyway.
 */
import { join } from "node:path";
import type { Digest } from "../base/digest.ts";
import { type Lock, tryLock } from "../host/lock.ts";
import { contentsOfEntry, decodeEntry } from "./entry-format.ts";
import { unpack } from "./packing.ts";
import { digestOf } from "../base/digest.ts";
import { day, type Kind, type StoredFile, type StoreLayout } from "./local-layout.ts";

/** A cleaning goes down to this part of the limit, so that the next one is not due at once. */
const lowWater = 0.8;
/** A content without an entry may be one whose entry is just being written. */
const youth = 60 * 60 * 1000;
/** How long a count is believed. */
const countedFor = 7 * day;
/** So many additions make the file of numbers worth starting anew. */
const longestGrowth = 64 * 1024;
/** Files looked at without a pause. */
const batch = 256;
const headerSize = 4096;

/** An entry with what it needs. */
export interface EntryUse {
  readonly size: number;
  readonly lastUse: number;
  readonly contents: readonly Digest[];
}

export interface ContentUse {
  readonly size: number;
  readonly made: number;
}

export interface Collection {
  readonly entries: readonly Digest[];
  readonly contents: readonly Digest[];
  /** Bytes that stay. */
  readonly remaining: number;
}

/** Chooses what to remove. Pure. A limit of 0 means none: only what nobody needs is removed. */
export function planCollection(
  entries: ReadonlyMap<Digest, EntryUse>,
  contents: ReadonlyMap<Digest, ContentUse>,
  { limit, now }: { readonly limit: number; readonly now: number },
): Collection {
  const uses = new Map<Digest, number>();
  let total = 0;
  for (const { size, contents: needed } of entries.values()) {
    total += size;
    for (const digest of needed) uses.set(digest, (uses.get(digest) ?? 0) + 1);
  }
  for (const { size } of contents.values()) total += size;

  const removedEntries: Digest[] = [];
  const removedContents: Digest[] = [];
  const removeContent = (digest: Digest): void => {
    removedContents.push(digest);
    total -= contents.get(digest)?.size ?? 0;
  };
  for (const [digest, { made }] of contents) {
    if (!uses.has(digest) && now - made > youth) removeContent(digest);
  }
  if (limit > 0 && total > limit) {
    const oldest = [...entries].sort(([a, x], [b, y]) => x.lastUse - y.lastUse || (a < b ? -1 : 1));
    for (const [key, { size, contents: needed }] of oldest) {
      if (total <= limit * lowWater) break;
      removedEntries.push(key);
      total -= size;
      for (const digest of needed) {
        const left = (uses.get(digest) ?? 0) - 1;
        uses.set(digest, left);
        if (left === 0 && contents.has(digest)) removeContent(digest);
      }
    }
  }
  return { entries: removedEntries, contents: removedContents, remaining: total };
}

/** What a store holds. */
export interface StoreStats {
  readonly entries: number;
  readonly contents: number;
  readonly bytes: number;
  /** 0: none. */
  readonly limit: number;
  /** Milliseconds since the epoch; undefined in an empty store. */
  readonly oldestUse: number | undefined;
}

/** What a cleaning did. */
export interface Cleaned {
  readonly removedEntries: number;
  readonly removedContents: number;
  readonly freedBytes: number;
  readonly remainingBytes: number;
}

/** What a check of everything found. */
export interface Verified {
  readonly entries: number;
  readonly contents: number;
  readonly bytes: number;
  /** Removed: cut off, damaged, of no known version, or with contents that are not there. */
  readonly badEntries: number;
  /** Removed: not what their name says. */
  readonly badContents: number;
}

/** Counts everything. */
export async function countStore(layout: StoreLayout, limit: number): Promise<StoreStats> {
  let bytes = 0;
  let oldestUse: number | undefined;
  const numbers = { entries: 0, blobs: 0, packs: 0 };
  for (const kind of ["entries", "blobs", "packs"] as const) {
    await each(layout, kind, ({ size, mtimeMs }) => {
      numbers[kind]++;
      bytes += size;
      if (kind === "entries") oldestUse = Math.min(oldestUse ?? Infinity, mtimeMs);
    });
  }
  return { entries: numbers.entries, contents: numbers.blobs + numbers.packs, bytes, limit, oldestUse };
}

/** Removes what nobody needs, and what was not used for longest, until the store is below its limit. */
export async function collectGarbage(layout: StoreLayout, limit: number): Promise<Cleaned> {
  const { fs } = layout.host;
  const entries = new Map<Digest, EntryUse>();
  const contents = new Map<Digest, ContentUse>();
  let freed = 0;
  let broken = 0;
  await each(layout, "entries", ({ digest, path, size, mtimeMs }) => {
    const needed = contentsNeeded(layout, path, size);
    if (needed === undefined) {
      fs.remove(path);
      freed += size;
      broken++;
    } else entries.set(digest, { size, lastUse: mtimeMs, contents: needed });
  });
  for (const kind of ["blobs", "packs"] as const) {
    await each(layout, kind, ({ digest, size, mtimeMs }) => {
      const other = contents.get(digest);
      contents.set(digest, { size: size + (other?.size ?? 0), made: Math.max(mtimeMs, other?.made ?? 0) });
    });
  }
  const now = layout.host.now();
  const plan = planCollection(entries, contents, { limit, now });
  // Entries first: whoever finds one finds its contents, too, or loses a race and has a miss.
  for (const key of plan.entries) {
    fs.remove(layout.path("entries", key));
    freed += entries.get(key)?.size ?? 0;
  }
  for (const digest of plan.contents) {
    fs.remove(layout.path("blobs", digest));
    fs.remove(layout.path("packs", digest));
    freed += contents.get(digest)?.size ?? 0;
  }
  cleanClaims(layout);
  writeCount(layout, plan.remaining);
  return {
    removedEntries: plan.entries.length + broken,
    removedContents: plan.contents.length,
    freedBytes: freed,
    remainingBytes: plan.remaining,
  };
}

/** Reads everything, and removes what is damaged. */
export async function verifyStore(layout: StoreLayout): Promise<Verified> {
  const { fs } = layout.host;
  const sound = new Set<Digest>();
  let bytes = 0;
  let badContents = 0;
  let badEntries = 0;
  let entries = 0;
  await each(layout, "blobs", async ({ digest, path, size }) => {
    if ((await fs.digest(path)) === digest) {
      sound.add(digest);
      bytes += size;
    } else {
      fs.remove(path);
      badContents++;
    }
  });
  await each(layout, "packs", async ({ digest, path, size }) => {
    const content = await unpack(fs.readBytes(path) ?? new Uint8Array());
    if (content !== undefined && digestOf(content) === digest) {
      sound.add(digest);
      bytes += size;
    } else {
      fs.remove(path);
      badContents++;
    }
  });
  await each(layout, "entries", ({ path, size }) => {
    const results = decodeEntry(fs.readBytes(path) ?? new Uint8Array());
    // What was put there while this was going on was not looked at, and is no reason to call an entry bad.
    const complete = results?.every((result) =>
      result.outputs.every(({ digest }) => sound.has(digest) || layout.has(digest)),
    );
    if (complete === true) {
      entries++;
      bytes += size;
    } else {
      fs.remove(path);
      badEntries++;
    }
  });
  writeCount(layout, bytes);
  return { entries, contents: sound.size, bytes, badEntries, badContents };
}

/** Removes everything but the claims of actions that are being done. */
export async function clearStore(layout: StoreLayout): Promise<Cleaned> {
  const { fs } = layout.host;
  let freed = 0;
  const removed = { entries: 0, blobs: 0, packs: 0 };
  for (const kind of ["entries", "blobs", "packs"] as const) {
    await each(layout, kind, ({ path, size }) => {
      fs.remove(path);
      freed += size;
      removed[kind]++;
    });
  }
  cleanClaims(layout);
  writeCount(layout, 0);
  return {
    removedEntries: removed.entries,
    removedContents: removed.blobs + removed.packs,
    freedBytes: freed,
    remainingBytes: 0,
  };
}

/** Notes that bytes were added. */
export function noteGrowth(layout: StoreLayout, bytes: number): void {
  const file = layout.host.fs.openAppend(layout.growthPath, 0o600);
  try {
    file.append(Buffer.from(`${bytes}\n`));
  } finally {
    file.close();
  }
}

/** Whether a cleaning is due, from the last count and what was added since. Reads two small files. */
export function isCollectionDue(layout: StoreLayout, limit: number): boolean {
  if (limit === 0) return false;
  const { fs } = layout.host;
  const text = (path: string): string => {
    try {
      return fs.readText(path) ?? "";
    } catch {
      // No file: the next count puts that right.
      return "";
    }
  };
  const [bytes = Number.NaN, when = Number.NaN] = text(layout.sizePath).split(" ").map(Number);
  const growth = text(layout.growthPath);
  if (!(bytes >= 0) || !(when <= layout.host.now())) return growth !== "";
  if (growth.length > longestGrowth || layout.host.now() - when > countedFor) return true;
  let total = bytes;
  for (const line of growth.split("\n")) total += Number(line) || 0;
  return total > limit;
}

/** Takes the right to clean, if nobody has it. */
export function tryCleaning(layout: StoreLayout): Lock | undefined {
  return tryLock(layout.host, layout.lockPath);
}

function writeCount(layout: StoreLayout, bytes: number): void {
  const { fs } = layout.host;
  fs.remove(layout.growthPath);
  if (fs.lstat(layout.sizePath)?.kind === "directory") fs.remove(layout.sizePath);
  fs.writeAtomic(layout.sizePath, `${bytes} ${Math.trunc(layout.host.now())}\n`, 0o600);
}

/** The contents that an entry needs. Undefined when it is none. */
function contentsNeeded(layout: StoreLayout, path: string, size: number): readonly Digest[] | undefined {
  const { fs } = layout.host;
  const first = contentsOfEntry(fs.readRange(path, 0, headerSize) ?? new Uint8Array());
  if (typeof first !== "number") return first;
  if (first > size) return undefined;
  const all = contentsOfEntry(fs.readRange(path, 0, first) ?? new Uint8Array());
  return typeof all === "number" ? undefined : all;
}

/** Removes the locks of processes that were killed. One that is held cannot be taken, and stays. */
function cleanClaims(layout: StoreLayout): void {
  const { fs } = layout.host;
  const folder = join(layout.root, "claims");
  for (const name of fs.list(folder) ?? []) {
    const path = join(folder, name);
    const stat = fs.lstat(path);
    if (stat === undefined || layout.host.now() - stat.mtimeMs < day) continue;
    if (stat.kind === "directory" && /^[0-9a-f]{64}$/.test(name)) {
      tryLock(layout.host, path, { temporary: true })?.release();
    } else fs.remove(path);
  }
}

/** Does something with each file of a kind, and lets others run in between. */
async function each(
  layout: StoreLayout,
  kind: Kind,
  action: (file: StoredFile) => void | Promise<void>,
): Promise<void> {
  let count = 0;
  for (const file of layout.walk(kind)) {
    await action(file);
    if (++count % batch === 0) await layout.host.sleep(0);
  }
}
