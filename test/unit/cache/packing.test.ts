/** Large contents that shrink are kept compressed, and come out as they went in. */
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Digest, digestOf } from "../../../src/base/digest.ts";
import { type LocalStore, openLocalStore } from "../../../src/cache/local.ts";
import { isWorthPacking, pack, unpack } from "../../../src/cache/packing.ts";
import { nodeHost } from "../../../src/host/node-host.ts";

const text = Buffer.from(
  Array.from({ length: 60_000 }, (_, i) => `# ${i} "/usr/include/c++/12/bits/stl_vector.h" 3\nint f${i}(int);\n`).join(
    "",
  ),
);

describe("what is kept compressed", () => {
  const noise = createHash("shake256", { outputLength: 1 << 16 })
    .update("noise")
    .digest();
  test.each([
    ["text of some megabytes", text.length, text.subarray(0, 1 << 16), true],
    ["a small text", 10_000, text.subarray(0, 10_000), false],
    ["what does not shrink", 5_000_000, noise, false],
    ["more than fits into memory", 2 ** 30, text.subarray(0, 1 << 16), false],
  ])("%s: %d bytes", (_, size, beginning, expected) => {
    expect(isWorthPacking(size, beginning)).toBe(expected);
  });

  test("a content that is damaged, or larger than it should be, is none", async () => {
    const packed = await pack(text);
    expect(packed.length).toBeLessThan(text.length / 5);
    expect(Buffer.compare((await unpack(packed, text.length)) ?? Buffer.alloc(0), text)).toBe(0);
    expect(await unpack(packed, text.length - 1)).toBeUndefined();
    expect(await unpack(packed.subarray(0, packed.length - 9))).toBeUndefined();
    expect(await unpack(Buffer.alloc(0))).toBeUndefined();
  });
});

describe("a store", () => {
  let folder: string;
  let store: LocalStore;
  const digest = digestOf(text);
  const content = { digest, size: text.length, mode: 0o640 };
  const pathOf = (kind: string, of: Digest = digest): string => join(store.name, kind, of.slice(0, 2), of.slice(2));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "retorch-packing-"));
    const opened = openLocalStore(nodeHost(), { cacheDir: join(folder, "cache") });
    if (!opened.ok) throw new Error(opened.error.message);
    store = opened.value;
    writeFileSync(join(folder, "in"), text);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const put = async (): Promise<boolean> => await store.put(join(folder, "in"), digest);

  test("gives out what it was given, with its mode", async () => {
    expect(await put()).toBe(true);
    expect(await put()).toBe(true);
    expect(existsSync(pathOf("blobs"))).toBe(false);
    expect(statSync(pathOf("packs")).size).toBeLessThan(text.length / 5);
    expect(statSync(pathOf("packs")).mode & 0o777).toBe(0o444);
    const out = join(folder, "out", "file");
    expect(await store.restore(content, out)).toBe(true);
    expect(readFileSync(out).equals(text)).toBe(true);
    expect(statSync(out).mode & 0o777).toBe(0o640);
  });

  test("keeps what does not shrink as it is", async () => {
    const bytes = randomBytes(2_000_000);
    writeFileSync(join(folder, "in"), bytes);
    const of = digestOf(bytes);
    expect(await store.put(join(folder, "in"), of)).toBe(true);
    expect(existsSync(pathOf("packs", of))).toBe(false);
    expect(existsSync(pathOf("blobs", of))).toBe(true);
  });

  test("keeps nothing that changed since its digest was taken", async () => {
    writeFileSync(join(folder, "in"), Buffer.concat([text, Buffer.from("more\n")]));
    expect(await put()).toBe(false);
    expect(existsSync(pathOf("packs"))).toBe(false);
  });

  test("finds results by it, counts it, checks it, and removes it", async () => {
    const key = digestOf("action");
    const result = {
      inputs: [],
      absent: [],
      outputs: [{ path: "a.ii", ...content }],
      printed: "",
      durationMs: 1,
      peakMemory: 1,
    };
    await store.store(key, result, new Map([["a.ii", join(folder, "in")]]));
    expect(await store.lookup(key)).toEqual([result]);
    const packed = statSync(pathOf("packs")).size;
    expect(await store.stats()).toMatchObject({ entries: 1, contents: 1 });
    expect((await store.stats()).bytes).toBeLessThan(packed + 2000);
    expect(await store.verify()).toMatchObject({ entries: 1, contents: 1, badEntries: 0, badContents: 0 });
    expect(await store.gc(1)).toMatchObject({ removedEntries: 1, removedContents: 1, remainingBytes: 0 });
    expect(existsSync(pathOf("packs"))).toBe(false);
    await store.store(key, result, new Map([["a.ii", join(folder, "in")]]));
    expect(await store.clear()).toMatchObject({ removedEntries: 1, removedContents: 1 });
    expect(await store.lookup(key)).toEqual([]);
  });

  test.each(["restored", "verified"])("removes one that is damaged when it is %s", async (how) => {
    await put();
    const path = pathOf("packs");
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    chmodSync(path, 0o644);
    writeFileSync(path, bytes);
    if (how === "restored") expect(await store.restore(content, join(folder, "out"))).toBe(false);
    else expect(await store.verify()).toMatchObject({ badContents: 1 });
    expect(existsSync(path)).toBe(false);
    expect(existsSync(join(folder, "out"))).toBe(false);
    await put();
    expect(await store.restore(content, join(folder, "out"))).toBe(true);
  });

  test("reads nothing through a link", async () => {
    await put();
    const packed = readFileSync(pathOf("packs"));
    rmSync(pathOf("packs"));
    writeFileSync(join(folder, "planted"), packed);
    symlinkSync(join(folder, "planted"), pathOf("packs"));
    expect(await store.restore(content, join(folder, "out"))).toBe(false);
    expect(existsSync(pathOf("packs"))).toBe(false);
  });
});
