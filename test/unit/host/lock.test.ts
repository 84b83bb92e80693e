/** The lock with processes that are not there: two and more hosts on one disk in memory. */
import { describe, expect, it } from "vitest";
import type { ProcessIdentity } from "../../../src/host/host.ts";
import { acquireLock, type Lock, tryLock } from "../../../src/host/lock.ts";
import { FakeHost, systemError } from "../../support/fake-host.ts";

const folder = "/project/.retorch/lock";

function taken(lock: Lock | undefined): Lock {
  if (lock === undefined) throw new Error("the lock was not taken");
  return lock;
}

describe("a lock", () => {
  it("excludes others until it is released", () => {
    const a = new FakeHost();
    const b = a.sibling();
    const lock = taken(tryLock(a, folder));
    expect(lock.held()).toBe(true);
    expect(tryLock(b, folder)).toBeUndefined();
    lock.release();
    expect(lock.held()).toBe(false);
    const other = taken(tryLock(b, folder));
    expect(tryLock(a, folder)).toBeUndefined();
    // The first one is not given back twice.
    lock.release();
    expect(other.held()).toBe(true);
    expect(tryLock(a, folder)).toBeUndefined();
  });

  it("excludes the same process too", () => {
    const a = new FakeHost();
    const lock = taken(tryLock(a, folder));
    expect(tryLock(a, folder)).toBeUndefined();
    lock[Symbol.dispose]();
    taken(tryLock(a, folder));
  });

  it("is waited for, and the waiting is told once for each holder", async () => {
    const a = new FakeHost();
    const b = a.sibling();
    const c = a.sibling();
    const first = taken(tryLock(a, folder));
    const holders: ProcessIdentity[] = [];
    const pending = acquireLock(c, folder, { onWait: (holder) => holders.push(holder) });
    for (let i = 0; i < 5; i++) await a.sleep(50);
    expect(holders).toEqual([a.identity]);
    first.release();
    const second = taken(tryLock(b, folder));
    for (let i = 0; i < 5; i++) await a.sleep(50);
    second.release();
    expect((await pending).held()).toBe(true);
    expect(holders).toEqual([a.identity, b.identity]);
  });

  it("dies with its process", async () => {
    const a = new FakeHost();
    const b = a.sibling();
    taken(tryLock(a, folder));
    a.die();
    expect(taken(tryLock(b, folder)).held()).toBe(true);
    b.die();
    expect((await acquireLock(a.sibling(), folder)).held()).toBe(true);
  });

  it("stops waiting when told so", async () => {
    const a = new FakeHost();
    taken(tryLock(a, folder));
    const abort = new AbortController();
    const pending = acquireLock(a.sibling(), folder, { signal: abort.signal });
    await a.sleep(10);
    abort.abort(new Error("enough"));
    await expect(pending).rejects.toThrow("enough");
    await expect(acquireLock(a, folder, { signal: abort.signal })).rejects.toThrow("enough");
  });

  it("leaves little on the disk, however often it is taken", () => {
    const a = new FakeHost();
    for (let i = 0; i < 100; i++) taken(tryLock(a, folder)).release();
    expect(a.fs.tree("/project").length).toBeLessThanOrEqual(3);
  });

  it("removes what claimers that were killed have left", () => {
    const a = new FakeHost();
    taken(tryLock(a, folder)).release();
    a.write(`${folder}.new-0123/owner`, "x");
    a.write(`${folder}.old-0123/1/owner`, "x");
    taken(tryLock(a, folder)).release();
    expect(a.fs.list("/project/.retorch")).toEqual(["lock"]);
  });

  it("leaves nothing on the disk when it is a temporary one", () => {
    const a = new FakeHost();
    const b = a.sibling();
    const lock = taken(tryLock(a, folder, { temporary: true }));
    expect(tryLock(b, folder)).toBeUndefined();
    lock.release();
    expect(a.fs.tree("/project")).toEqual([]);
    expect(a.fs.list("/project/.retorch")).toEqual([]);
    expect(taken(tryLock(b, folder, { temporary: true })).held()).toBe(true);
  });

  it("is passed on when it is a temporary one that is waited for", async () => {
    const a = new FakeHost();
    const lock = taken(tryLock(a, folder, { temporary: true }));
    const waiting = [1, 2, 3].map(() => acquireLock(a.sibling(), folder, { temporary: true }));
    lock.release();
    let held = 0;
    for (const pending of waiting) {
      void pending.then(async (next) => {
        expect(++held).toBe(1);
        await a.sleep(20);
        expect(next.held()).toBe(true);
        held--;
        next.release();
      });
    }
    await Promise.all(waiting);
  });

  it("can be given back when its folder was removed, and is not held then", () => {
    const a = new FakeHost();
    const lock = taken(tryLock(a, folder));
    a.fs.remove("/project/.retorch");
    expect(lock.held()).toBe(false);
    a.tick(10_000);
    expect(() => lock.release()).not.toThrow();
    expect(a.fs.list("/project")).toEqual([]);
  });

  it("says when it cannot be made", async () => {
    const a = new FakeHost();
    a.write("/project/.retorch/other", "x");
    a.fs.chmod("/project/.retorch", 0o500);
    expect(() => tryLock(a, folder)).toThrow(expect.objectContaining({ code: "EACCES" }));
    await expect(acquireLock(a, folder)).rejects.toThrow(expect.objectContaining({ code: "EACCES" }));
  });

  it("can be released on a full disk, and says when it cannot be taken there", () => {
    const a = new FakeHost();
    const lock = taken(tryLock(a, folder));
    a.fs.disk.capacity = a.fs.disk.used();
    a.tick(10_000);
    lock.release();
    expect(() => tryLock(a, folder)).toThrow(expect.objectContaining({ code: "ENOSPC" }));
    a.fs.disk.capacity = Infinity;
    taken(tryLock(a, folder));
  });

  it("believes what is on the disk when the answer was lost", () => {
    const a = new FakeHost();
    const real = a.fs.rename.bind(a.fs);
    a.fs.rename = (from, to) => {
      real(from, to);
      throw systemError("EIO", "rename", to);
    };
    taken(tryLock(a, folder)).release();
    taken(tryLock(a, folder));
    expect(tryLock(a, folder)).toBeUndefined();
  });

  it("works where folders are never moved over others", () => {
    const a = new FakeHost();
    a.fs.disk.movesOverFolders = false;
    for (let i = 0; i < 3; i++) {
      const lock = taken(tryLock(a, folder, { temporary: i === 1 }));
      expect(tryLock(a, folder)).toBeUndefined();
      lock.release();
    }
  });
});

describe("a generation that was made anew by one who slept too long", () => {
  it("is not built upon, even by one who sees nothing else", () => {
    const a = new FakeHost();
    taken(tryLock(a, folder)).release();
    const root = `${folder}/${a.fs.list(folder)?.[0]}`;

    // The sleeper has found generation 1 released and is about to make 2. Meanwhile there are others, up to 6.
    const sleeper = a.sibling();
    let holder: Lock | undefined;
    let made = false;
    sleeper.fs.onOperation = (operation, path) => {
      // Right after it has made 2 again, it is killed.
      if (made) throw systemError("EKILLED");
      if (operation === "rename" && path === `${root}/2`) made = true;
      if (operation !== "mkdir" || !path.startsWith(`${folder}.new-`)) return;
      for (let i = 0; i < 4; i++) taken(tryLock(a, folder)).release();
      holder = taken(tryLock(a, folder));
    };
    expect(() => tryLock(sleeper, folder)).toThrow("EKILLED");
    sleeper.die();
    expect(a.fs.list(root)).toEqual(["2", "5", "6"]);
    expect(taken(holder).held()).toBe(true);

    // Listing is no snapshot: who lists while 5 and 6 come and go may see neither.
    const other = a.sibling();
    const real = other.fs.list.bind(other.fs);
    other.fs.list = (path) => (path === root ? ["2"] : real(path));
    expect(tryLock(other, folder)).toBeUndefined();
    expect(a.fs.list(root)).toEqual(["2", "5", "6"]);
    expect(taken(holder).held()).toBe(true);
  });
});

describe("a lock of a process that cannot be asked", () => {
  /** How long, by the waiter's clock, until it has the lock. */
  async function waited(waiter: FakeHost): Promise<number> {
    const begin = waiter.monotonic();
    await acquireLock(waiter, folder);
    return waiter.monotonic() - begin;
  }

  it("is respected as long as there are signs of life", async () => {
    const a = new FakeHost({ domain: "other" });
    const b = a.sibling({ domain: "here" });
    const lock = taken(tryLock(a, folder));
    const abort = new AbortController();
    const pending = acquireLock(b, folder, { signal: abort.signal });
    const end = a.now() + 300_000;
    while (a.now() < end) await a.sleep(500);
    expect(lock.held()).toBe(true);
    expect(tryLock(b, folder)).toBeUndefined();
    abort.abort();
    await expect(pending).rejects.toThrow(/abort/i);
  });

  it("is free at once when it was released", () => {
    const a = new FakeHost({ domain: "other" });
    taken(tryLock(a, folder)).release();
    taken(tryLock(a.sibling({ domain: "here" }), folder));
  });

  it("is taken over after half a minute without any", async () => {
    const a = new FakeHost({ domain: "other" });
    const b = a.sibling({ domain: "here" });
    const lock = taken(tryLock(a, folder));
    a.freeze();
    expect(tryLock(b, folder)).toBeUndefined();
    const time = await waited(b);
    expect(time).toBeGreaterThanOrEqual(30_000);
    expect(time).toBeLessThan(31_000);
    // It comes back: it is told the truth, and does no harm.
    expect(lock.held()).toBe(false);
    lock.release();
    expect(tryLock(a, folder)).toBeUndefined();
  });

  it("is taken over sooner when the last sign is old by the clock of the disk", async () => {
    const a = new FakeHost({ domain: "before the restart" });
    const b = a.sibling({ domain: "after the restart" });
    taken(tryLock(a, folder));
    a.freeze();
    a.tick(120_000);
    expect(tryLock(b, folder)).toBeUndefined();
    const time = await waited(b);
    expect(time).toBeGreaterThanOrEqual(6_000);
    expect(time).toBeLessThan(7_000);
  });

  it("is taken over without waiting only when the last sign is very old", () => {
    const a = new FakeHost({ domain: "before the restart" });
    const b = a.sibling({ domain: "after the restart" });
    taken(tryLock(a, folder));
    a.freeze();
    a.tick(599_000);
    expect(tryLock(b, folder)).toBeUndefined();
    a.tick(2_000);
    taken(tryLock(b, folder));
  });

  it("is not taken over when a sign comes at the last moment", async () => {
    const a = new FakeHost({ domain: "other" });
    const b = a.sibling({ domain: "here" });
    const lock = taken(tryLock(a, folder));
    a.freeze();
    let done = false;
    const abort = new AbortController();
    const pending = acquireLock(b, folder, { signal: abort.signal }).then(
      () => (done = true),
      () => {},
    );
    await a.sleep(29_000);
    const [id] = a.fs.list(folder) ?? [];
    const owner = `${folder}/${id}/1/owner`;
    // Between the last look at it and the claim.
    b.fs.onOperation = (operation, path) => {
      if (operation !== "rename" || !path.endsWith("/2")) return;
      b.fs.onOperation = undefined;
      a.fs.truncate(owner, (a.fs.stat(owner)?.size ?? 0) + 1);
    };
    await a.sleep(2_000);
    await a.sleep(100);
    expect(done).toBe(false);
    expect(lock.held()).toBe(true);
    abort.abort();
    await pending;
  });
});

describe("a lock that cannot be read", () => {
  it.each([
    ["an empty owner", (host: FakeHost, path: string): void => host.fs.truncate(path, 0)],
    ["zeros in place of the owner", (host: FakeHost, path: string): void => host.fs.overwrite(path, "\0".repeat(200))],
    ["no owner", (host: FakeHost, path: string): void => host.fs.remove(path)],
    ["no generation", (host: FakeHost): void => host.fs.remove(`${folder}/${host.fs.list(folder)?.[0]}/1`)],
    [
      "a wrong predecessor",
      (host: FakeHost, path: string): void => {
        host.write(path.replace("/1/", "/9/"), `${"0".repeat(24)} ${"1".repeat(24)}\n`);
      },
    ],
    ["something else", (host: FakeHost): void => (host.fs.remove(folder), host.write(`${folder}/note`, "x"))],
  ])("does not stop anybody for ever: %s", async (_, damage) => {
    const host = new FakeHost();
    taken(tryLock(host, folder)).release();
    damage(host, `${folder}/${host.fs.list(folder)?.[0]}/1/owner`);
    expect(tryLock(host, folder)).toBeUndefined();
    const begin = host.monotonic();
    const lock = await acquireLock(host.sibling(), folder);
    expect(host.monotonic() - begin).toBeLessThan(31_000);
    expect(lock.held()).toBe(true);
    expect(tryLock(host, folder)).toBeUndefined();
  });
});
