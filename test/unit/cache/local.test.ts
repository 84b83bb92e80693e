import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Digest, digestOf } from "../../../src/base/digest.ts";
import type { CachedResult } from "../../../src/cache/cache.ts";
import { type LocalStore, openLocalStore } from "../../../src/cache/local.ts";
import { nodeHost } from "../../../src/host/node-host.ts";
import { FakeHost } from "../../support/fake-host.ts";
import { cacheContract, type Example, exampleResult } from "./cache-contract.ts";

function opened(...args: Parameters<typeof openLocalStore>): LocalStore {
  const store = openLocalStore(...args);
  if (!store.ok) throw new Error(store.error.message);
  return store.value;
}

function blobPath(cacheDir: string, digest: Digest): string {
  return join(cacheDir, "store", "v1", "blobs", digest.slice(0, 2), digest.slice(2));
}

function entryPath(cacheDir: string, key: Digest): string {
  return join(cacheDir, "store", "v1", "entries", key.slice(0, 2), key.slice(2));
}

function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 1]! ^= 1;
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
}

cacheContract("local", () => {
  const cacheDir = mkdtempSync(join(tmpdir(), "retorch-local-"));
  return {
    cache: opened(nodeHost(), { cacheDir }),
    another: () => opened(nodeHost(), { cacheDir }),
    damageContent: (digest) => damage(blobPath(cacheDir, digest)),
    damageEntry: (key) => damage(entryPath(cacheDir, key)),
    dispose: () => rmSync(cacheDir, { recursive: true, force: true }),
  };
});

const key = digestOf("action");

describe("the local store on a real disk", () => {
  let cacheDir: string;
  let folder: string;
  let store: LocalStore;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "retorch-store-test-"));
    cacheDir = join(folder, "cache");
    store = opened(nodeHost(), { cacheDir });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function stored(text: string, at: Digest = key): Promise<Example> {
    const example = exampleResult(folder, text);
    await store.store(at, example.result, example.files);
    return example;
  }

  it("is private", async () => {
    const { result } = await stored("one");
    const mode = (path: string): number => statSync(path).mode & 0o777;
    for (const path of [cacheDir, join(cacheDir, "store"), store.name]) expect(mode(path)).toBe(0o700);
    expect(mode(dirname(entryPath(cacheDir, key)))).toBe(0o700);
    expect(mode(entryPath(cacheDir, key))).toBe(0o600);
    expect(mode(blobPath(cacheDir, result.outputs[0]!.digest))).toBe(0o444);
  });

  it("keeps an entry small", async () => {
    const inputs = Array.from({ length: 3000 }, (_, i) => ({
      path: `$TORCH/include/ATen/ops/${"some_operator_".repeat(4)}${i}_native_dispatch_kernels.h`,
      digest: digestOf(String(i)),
    }));
    for (let i = 0; i < 40; i++) {
      const { result, files } = exampleResult(folder, `edit ${i}`);
      await store.store(key, { ...result, inputs: [...result.inputs, ...inputs] }, files);
    }
    expect(statSync(entryPath(cacheDir, key)).size).toBeLessThan(150_000);
    const found = await store.lookup(key);
    expect(found).toHaveLength(32);
    expect(found[0]?.inputs[0]?.digest).toBe(digestOf("edit 39"));
    expect(found[31]?.inputs[0]?.digest).toBe(digestOf("edit 8"));
  });

  it("has a miss, and no damage, where a content is gone", async () => {
    const { result } = await stored("one");
    const two = await stored("two");
    rmSync(blobPath(cacheDir, result.outputs[0]!.digest));
    expect(await store.lookup(key)).toEqual([two.result]);
    expect(await store.restore(result.outputs[0]!, join(folder, "out"))).toBe(false);
  });

  it("reads nothing through a link, and removes it", async () => {
    const { result, content } = await stored("one");
    const { digest } = result.outputs[0]!;
    const blob = blobPath(cacheDir, digest);
    const planted = join(folder, "planted");
    writeFileSync(planted, content);

    rmSync(blob);
    symlinkSync(planted, blob);
    expect(await store.restore(result.outputs[0]!, join(folder, "out"))).toBe(false);
    expect(existsSync(blob)).toBe(false);

    const entry = entryPath(cacheDir, key);
    const bytes = readFileSync(entry);
    rmSync(entry);
    writeFileSync(planted, bytes);
    symlinkSync(planted, entry);
    expect(await store.lookup(key)).toEqual([]);
    expect(existsSync(entry)).toBe(false);
    expect(readFileSync(planted)).toEqual(bytes);
  });

  it("reads and writes nothing through a folder that is a link", async () => {
    const elsewhere = join(folder, "elsewhere");
    const { result, content, files } = exampleResult(folder, "one");
    const { digest } = result.outputs[0]!;
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, digest.slice(2)), content);
    mkdirSync(dirname(dirname(blobPath(cacheDir, digest))), { recursive: true });
    symlinkSync(elsewhere, dirname(blobPath(cacheDir, digest)));
    expect(await store.restore(result.outputs[0]!, join(folder, "out"))).toBe(false);
    rmSync(join(elsewhere, digest.slice(2)));

    symlinkSync(elsewhere, dirname(blobPath(cacheDir, digest)));
    store = opened(nodeHost(), { cacheDir });
    await store.store(key, result, files);
    expect(await store.lookup(key)).toEqual([result]);
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it("is refused when it is a link, or can be written by others", () => {
    const refused = (): string => {
      const result = openLocalStore(nodeHost(), { cacheDir });
      return result.ok ? "opened" : `${result.error.code} ${result.error.hint}`;
    };
    expect(refused()).toBe("opened");
    chmodSync(cacheDir, 0o770);
    expect(refused()).toMatch(/^STORE_UNSAFE .*chmod go-w .*cache/);
    chmodSync(cacheDir, 0o700);
    chmodSync(store.name, 0o702);
    expect(refused()).toMatch(/^STORE_UNSAFE .*chmod go-w .*store\/v1/);
    chmodSync(store.name, 0o700);
    rmSync(cacheDir, { recursive: true });
    const target = join(folder, "target");
    mkdirSync(target, { mode: 0o700 });
    symlinkSync(target, cacheDir);
    expect(refused()).toBe("opened");
    chmodSync(target, 0o770);
    expect(refused()).toMatch(/^STORE_UNSAFE .*chmod go-w .*cache/);
    chmodSync(target, 0o700);
    rmSync(join(target, "store"), { recursive: true });
    mkdirSync(join(folder, "planted"), { mode: 0o700 });
    symlinkSync(join(folder, "planted"), join(target, "store"));
    expect(refused()).toMatch(/^STORE_UNSAFE .*rm .*cache\/store/);
  });

  it("makes hard links only when asked, read-only ones", async () => {
    const { result } = await stored("one");
    const { digest } = result.outputs[0]!;
    const ino = (path: string): number => statSync(path).ino;
    const to = join(folder, "out");
    expect(await store.restore(result.outputs[0]!, to)).toBe(true);
    expect(ino(to)).not.toBe(ino(blobPath(cacheDir, digest)));

    const linking = opened(nodeHost(), { cacheDir, allowHardLink: true });
    expect(await linking.restore(result.outputs[0]!, to)).toBe(true);
    // A file system that can clone files does that first.
    const linked = ino(to) === ino(blobPath(cacheDir, digest));
    expect(statSync(to).mode & 0o777).toBe(linked ? 0o444 : 0o644);
    // A program is never one file with a content that is none.
    expect(await linking.restore({ ...result.outputs[0]!, mode: 0o755 }, to)).toBe(true);
    expect(statSync(to).mode & 0o777).toBe(0o755);
    expect(statSync(blobPath(cacheDir, digest)).mode & 0o777).toBe(0o444);
  });

  it("counts, verifies and clears", async () => {
    const { result } = await stored("one");
    const two = await stored("two", digestOf("two"));
    const three = await stored("three", digestOf("three"));
    const stats = await store.stats();
    expect(stats).toMatchObject({ entries: 3, contents: 3, limit: 10 * 2 ** 30 });
    expect(stats.bytes).toBeGreaterThan(300);

    damage(blobPath(cacheDir, result.outputs[0]!.digest));
    damage(entryPath(cacheDir, digestOf("two")));
    const verified = await store.verify();
    expect(verified).toMatchObject({ entries: 1, contents: 2, badEntries: 2, badContents: 1 });
    expect(await store.lookup(digestOf("three"))).toEqual([three.result]);
    expect(await store.restore(two.result.outputs[0]!, join(folder, "out"))).toBe(true);

    const cleared = await store.clear();
    expect(cleared).toMatchObject({ removedEntries: 1, removedContents: 2, remainingBytes: 0 });
    expect(await store.stats()).toMatchObject({ entries: 0, contents: 0, bytes: 0, oldestUse: undefined });
    await stored("one");
    expect(await store.lookup(key)).toEqual([result]);
  });

  it("lets one at a time do an action", async () => {
    const other = opened(nodeHost(), { cacheDir });
    const first = await store.claim(key, () => {});
    expect(first?.waited).toBe(false);
    expect((await other.claim(digestOf("other action"), () => {}))?.waited).toBe(false);
    let told = 0;
    const pending = other.claim(key, () => told++);
    await new Promise((resolve) => setImmediate(resolve));
    first?.release();
    first?.release();
    const second = await pending;
    expect(second).toMatchObject({ waited: true });
    expect(told).toBe(1);

    const abort = new AbortController();
    const third = store.claim(key, () => abort.abort(), abort.signal);
    expect(await third).toBeUndefined();
    second?.release();
    expect(readdirSync(join(store.name, "claims"))).toHaveLength(1);
  });

  it("goes on when its folder is taken away", async () => {
    const { result, files } = await stored("one");
    rmSync(cacheDir, { recursive: true });
    expect(await store.lookup(key)).toEqual([]);
    expect(await store.restore(result.outputs[0]!, join(folder, "out"))).toBe(false);
    await store.store(key, result, files);
    await store.maintain();
    expect((await store.claim(key, () => {}))?.waited).toBe(false);
  });
});

describe("the local store on a disk in memory", () => {
  const cacheDir = "/home/user/.cache/retorch";

  /** A result whose only output has so many bytes. */
  function result(host: FakeHost, name: string, size: number): { result: CachedResult; files: Map<string, string> } {
    const content = name.padEnd(size, ".");
    host.write(`/build/${name}`, content);
    const output = { path: name, digest: digestOf(content), size, mode: 0o644 };
    const inputs = [{ path: "a.cpp", digest: digestOf(name) }];
    return {
      result: { inputs, absent: [], outputs: [output], printed: "", durationMs: 1, peakMemory: 1 },
      files: new Map([[name, `/build/${name}`]]),
    };
  }

  async function add(host: FakeHost, store: LocalStore, name: string, size = 10_000): Promise<Digest> {
    const { result: some, files } = result(host, name, size);
    const at = digestOf(name);
    await store.store(at, some, files);
    host.tick(60_000);
    return at;
  }

  async function known(store: LocalStore, keys: readonly Digest[]): Promise<boolean[]> {
    return Promise.all(keys.map(async (at) => (await store.lookup(at)).length > 0));
  }

  it("takes its place and its size from the environment", () => {
    const open = (env: Record<string, string>): [string, number] | string => {
      const store = openLocalStore(new FakeHost({ env }));
      return store.ok ? [store.value.name, store.value.limit] : store.error.code;
    };
    expect(open({})).toEqual([`${cacheDir}/store/v1`, 10 * 2 ** 30]);
    expect(open({ RETORCH_CACHE_DIR: "/else", RETORCH_CACHE_SIZE: "5G" })).toEqual(["/else/store/v1", 5 * 2 ** 30]);
    expect(open({ RETORCH_CACHE_SIZE: "1.5 gib" })).toEqual([`${cacheDir}/store/v1`, 1.5 * 2 ** 30]);
    expect(open({ RETORCH_CACHE_SIZE: "0" })).toEqual([`${cacheDir}/store/v1`, 0]);
    for (const size of ["many", "-1", "5 GX", "1e3", "5 M M"]) {
      expect(open({ RETORCH_CACHE_SIZE: size })).toBe("STORE_SIZE_INVALID");
    }
  });

  it("is refused when another user owns it", () => {
    const owner = new FakeHost({ uid: 1000 });
    opened(owner, { cacheDir });
    owner.fs.chmod(cacheDir, 0o755);
    owner.fs.chmod(`${cacheDir}/store`, 0o755);
    for (const uid of [2000, 0]) {
      const store = openLocalStore(owner.sibling({ uid }), { cacheDir });
      expect(store).toMatchObject({ ok: false, error: { code: "STORE_UNSAFE" } });
    }
  });

  it("says when it cannot be made", () => {
    const host = new FakeHost();
    host.write("/home/user/.cache", "a file");
    expect(openLocalStore(host)).toMatchObject({ ok: false, error: { code: "NOT_WRITABLE" } });
  });

  it("believes no file of another user", async () => {
    const host = new FakeHost({ uid: 1000 });
    const store = opened(host, { cacheDir });
    const at = await add(host, store, "a");
    const path = `${store.name}/entries/${at.slice(0, 2)}/${at.slice(2)}`;
    const bytes = host.fs.readBytes(path)!;
    host.sibling({ uid: 0 }).fs.writeAtomic(path, bytes);
    expect(await store.lookup(at)).toEqual([]);
  });

  it("cleans what was not used for longest", async () => {
    const host = new FakeHost();
    const store = opened(host, { limit: 55_000 });
    const keys: Digest[] = [];
    for (const name of ["a", "b", "c", "d"]) keys.push(await add(host, store, name));
    await store.maintain();
    expect(await known(store, keys)).toEqual([true, true, true, true]);
    // The oldest is used again, after long enough to matter.
    host.tick(2 * 60 * 60_000);
    expect((await store.lookup(keys[0]!)).length).toBe(1);
    host.tick(60_000);
    for (const name of ["e", "f"]) keys.push(await add(host, store, name));
    await store.maintain();
    expect(await known(store, keys)).toEqual([true, false, false, true, true, true]);
    const stats = await store.stats();
    expect(stats.contents).toBe(4);
    expect(stats.bytes).toBeLessThanOrEqual(0.8 * 55_000);
    expect(host.fs.tree(`${store.name}/blobs`)).toHaveLength(4);
  });

  it("looks at few files to find that nothing is to be cleaned", async () => {
    const host = new FakeHost();
    const store = opened(host, { limit: 1_000_000 });
    for (let i = 0; i < 20; i++) await add(host, store, `f${i}`, 1000);
    await store.maintain();
    await add(host, store, "one more", 1000);
    host.resetAccesses();
    await store.maintain();
    expect(host.lists).toEqual([]);
    expect(host.stats.length + host.reads.length).toBeLessThanOrEqual(2);
  });

  it("keeps a content as long as one entry needs it", async () => {
    const host = new FakeHost();
    const store = opened(host, { limit: 0 });
    const { result: some, files } = result(host, "shared", 10_000);
    const [one, two] = [digestOf("one"), digestOf("two")];
    await store.store(one, some, files);
    await store.store(two, some, files);
    host.fs.remove(`${store.name}/entries/${one.slice(0, 2)}/${one.slice(2)}`);
    host.tick(2 * 60 * 60_000);
    expect(await store.gc()).toMatchObject({ removedContents: 0 });
    expect(await known(store, [one, two])).toEqual([false, true]);
  });

  it("removes contents that nobody needs, unless they are young", async () => {
    const host = new FakeHost();
    const store = opened(host, { limit: 0 });
    host.write("/build/x", "x");
    expect(await store.put("/build/x", digestOf("x"))).toBe(true);
    expect(await store.gc()).toMatchObject({ removedContents: 0 });
    host.tick(2 * 60 * 60_000);
    expect(await store.gc()).toMatchObject({ removedContents: 1, freedBytes: 1, remainingBytes: 0 });
  });

  it("removes what killed processes have left", async () => {
    const host = new FakeHost();
    const store = opened(host);
    const at = await add(host, store, "a");
    const dead = host.sibling();
    await opened(dead).claim(digestOf("x"), () => {});
    dead.die();
    const held = await store.claim(digestOf("y"), () => {});
    host.write(`${store.name}/blobs/${at.slice(0, 2)}/half.tmp`, "half");
    host.write(`${store.name}/blobs/nonsense/x`, "x");
    host.write(`${store.name}/claims/${at}.new-123/x`, "x");
    host.fs.symlink("/etc", `${store.name}/entries/zz`);
    host.tick(2 * 24 * 60 * 60_000);
    await store.gc();
    expect(host.fs.tree(store.name).filter((path) => /half|nonsense|new-|zz/.test(path))).toEqual([]);
    expect(host.fs.list(`${store.name}/claims`)).toEqual([digestOf("y")]);
    expect(await known(store, [at])).toEqual([true]);
    held?.release();
    expect(host.fs.list(`${store.name}/claims`)).toEqual([]);
  });

  it("is cleaned by one at a time, and a build does not wait for that", async () => {
    const host = new FakeHost();
    const store = opened(host, { limit: 1 });
    const at = await add(host, store, "a");
    const other = opened(host.sibling(), { limit: 1 });
    const begun = other.gc(0);
    await store.maintain();
    await begun;
    expect(await known(store, [at])).toEqual([true]);
    await store.maintain();
    expect(await known(store, [at])).toEqual([false]);
  });

  it("does not let a full disk fail a build, and is whole afterwards", async () => {
    const host = new FakeHost();
    const store = opened(host);
    const at = await add(host, store, "a");
    const { result: some, files } = result(host, "b", 10_000);
    host.fs.disk.capacity = host.fs.disk.used() + 10_050;
    await store.store(digestOf("b"), some, files);
    expect(await store.lookup(digestOf("b"))).toEqual([]);
    host.fs.disk.capacity = host.fs.disk.used();
    expect(await store.restore((await store.lookup(at))[0]!.outputs[0]!, "/out/a")).toBe(false);
    await store.claim(at, () => {});
    await store.maintain();
    host.fs.disk.capacity = Infinity;
    expect(await known(store, [at])).toEqual([true]);
    expect(host.fs.list("/out")).toEqual([]);
    await store.store(digestOf("b"), some, files);
    expect(await known(store, [digestOf("b")])).toEqual([true]);
  });

  it("does not take a file that changes while it is copied", async () => {
    const host = new FakeHost();
    const store = opened(host);
    const { result: some, files } = result(host, "a", 100);
    host.fs.onOperation = (operation, path) => {
      if (operation !== "copy") return;
      host.fs.onOperation = undefined;
      host.tick(1);
      host.fs.overwrite("/build/a", "b".repeat(100));
      expect(path).toContain("/blobs/");
    };
    await store.store(key, some, files);
    expect(await store.lookup(key)).toEqual([]);
    expect(host.fs.tree(`${store.name}/blobs`)).toEqual([]);
  });
});
