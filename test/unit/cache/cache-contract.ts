/**
 * What every cache does, wherever it keeps things. A back end runs these tests by calling `cacheContract` with a way to
 * make one that is empty.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Digest, digestOf } from "../../../src/base/digest.ts";
import type { Cache, CachedResult } from "../../../src/cache/cache.ts";

/** A cache with nothing in it. */
export interface CacheUnderTest {
  readonly cache: Cache;
  /** Another client of the same storage, as in another process. */
  readonly another: () => Cache;
  /** Changes bytes of a stored content behind the cache's back. */
  readonly damageContent: (digest: Digest) => void | Promise<void>;
  /** Changes bytes of what is stored under a key behind the cache's back. */
  readonly damageEntry: (key: Digest) => void | Promise<void>;
  readonly dispose: () => void | Promise<void>;
}

/** A result with one output, and the file that it came from. */
export interface Example {
  readonly result: CachedResult;
  readonly files: ReadonlyMap<string, string>;
  readonly content: string;
}

/** Makes a result whose condition and content come from a text. */
export function exampleResult(folder: string, text: string, more: Partial<CachedResult> = {}): Example {
  const content = `object of ${text}\n`;
  const path = "$BUILD/obj/a.cpp.o";
  const file = join(folder, `${digestOf(text).slice(0, 12)}.o`);
  writeFileSync(file, content);
  const result: CachedResult = {
    inputs: [
      { path: "$PROJECT/a.cpp", digest: digestOf(text) },
      { path: "$TORCH/include/c10/util/ä \n.h", digest: digestOf("header") },
    ],
    absent: ["$PROJECT/include/c10/util/x.h"],
    outputs: [{ path, digest: digestOf(content), size: Buffer.byteLength(content), mode: 0o644 }],
    printed: "a.cpp:1: warning: …\n",
    durationMs: 1234.5,
    peakMemory: 512 * 2 ** 20,
    ...more,
  };
  return { result, files: new Map([[path, file]]), content };
}

/** Registers the tests. */
export function cacheContract(name: string, make: () => CacheUnderTest | Promise<CacheUnderTest>): void {
  describe(`cache: ${name}`, () => {
    let subject: CacheUnderTest;
    let cache: Cache;
    let folder: string;
    const key = digestOf("action");

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), "retorch-cache-test-"));
      subject = await make();
      cache = subject.cache;
    });
    afterEach(async () => {
      await subject.dispose();
      rmSync(folder, { recursive: true, force: true });
    });

    const example = (text: string, more: Partial<CachedResult> = {}): Example => exampleResult(folder, text, more);
    const output = (result: CachedResult): CachedResult["outputs"][number] => result.outputs[0]!;

    it("knows nothing at first", async () => {
      expect(await cache.lookup(key)).toEqual([]);
      const to = join(folder, "out");
      expect(await cache.restore({ digest: digestOf("x"), size: 1, mode: 0o644 }, to)).toBe(false);
      expect(existsSync(to)).toBe(false);
    });

    it("gives back what was stored", async () => {
      const { result, files, content } = example("one");
      await cache.store(key, result, files);
      expect(await cache.lookup(key)).toEqual([result]);
      expect(await cache.lookup(digestOf("another action"))).toEqual([]);
      const to = join(folder, "restored", "a.o");
      expect(await cache.restore(output(result), to)).toBe(true);
      expect(readFileSync(to, "utf8")).toBe(content);
      expect(statSync(to).mode & 0o777).toBe(0o644);
      expect(readdirSync(join(folder, "restored"))).toEqual(["a.o"]);
    });

    it("is seen by others", async () => {
      const { result, files } = example("one");
      await cache.store(key, result, files);
      const other = subject.another();
      expect(await other.lookup(key)).toEqual([result]);
      expect(await other.restore(output(result), join(folder, "out"))).toBe(true);
    });

    it("keeps several results of one action, the newest first", async () => {
      const [one, two, three] = [example("one"), example("two"), example("three")];
      for (const { result, files } of [one, two, three]) await cache.store(key, result, files);
      expect(await cache.lookup(key)).toEqual([three.result, two.result, one.result]);
    });

    it("keeps one result for one condition, the newest", async () => {
      const one = example("one");
      const two = example("two");
      const again = example("one", { printed: "again" });
      for (const { result, files } of [one, two, again]) await cache.store(key, result, files);
      expect(await cache.lookup(key)).toEqual([again.result, two.result]);
    });

    it("keeps the lists of a result as they are", async () => {
      const inputs = Array.from({ length: 300 }, (_, i) => ({
        path: `$TORCH/include/ATen/ops/${(i * 7919) % 300}.h`,
        digest: digestOf(String(i % 50)),
      }));
      const absent = Array.from({ length: 100 }, (_, i) => `$PROJECT/${(i * 31) % 100}.h`);
      const { result, files } = example("lists", { inputs, absent });
      await cache.store(key, result, files);
      expect(await cache.lookup(key)).toEqual([result]);
    });

    it("keeps a result without inputs, and one without outputs", async () => {
      const bare = { inputs: [], absent: [], outputs: [], printed: "", durationMs: 0, peakMemory: 0 };
      await cache.store(key, bare, new Map());
      expect(await cache.lookup(key)).toEqual([bare]);
    });

    it("does not keep a result whose output is not there", async () => {
      const { result } = example("one");
      await cache.store(key, result, new Map());
      await cache.store(key, result, new Map([[output(result).path, join(folder, "missing")]]));
      expect(await cache.lookup(key)).toEqual([]);
    });

    it("keeps contents for themselves", async () => {
      const contents = ["", "x", "y".repeat(3_000_000)];
      for (const content of contents) {
        const file = join(folder, "content");
        writeFileSync(file, content);
        const digest = digestOf(content);
        expect(await cache.put(file, digest)).toBe(true);
        expect(await cache.put(file, digest)).toBe(true);
        const to = join(folder, "out");
        expect(await cache.restore({ digest, size: content.length, mode: 0o755 }, to)).toBe(true);
        expect(readFileSync(to, "utf8") === content).toBe(true);
        expect(statSync(to).mode & 0o777).toBe(0o755);
      }
      expect(await cache.put(join(folder, "missing"), digestOf("missing"))).toBe(false);
    });

    it("replaces what is at the place, and leaves it alone when it has nothing better", async () => {
      const { result, files, content } = example("one");
      const to = join(folder, "out");
      writeFileSync(to, "before");
      expect(await cache.restore(output(result), to)).toBe(false);
      expect(readFileSync(to, "utf8")).toBe("before");
      await cache.store(key, result, files);
      expect(await cache.restore(output(result), to)).toBe(true);
      expect(readFileSync(to, "utf8")).toBe(content);
    });

    it("does not give out what can be changed behind its back", async () => {
      const { result, files, content } = example("one");
      await cache.store(key, result, files);
      // The original is overwritten in place, as a linker or an editor may do.
      writeFileSync([...files.values()][0]!, "changed");
      const to = join(folder, "out");
      expect(await cache.restore(output(result), to)).toBe(true);
      writeFileSync(to, "changed, too");
      const again = join(folder, "again");
      expect(await cache.restore(output(result), again)).toBe(true);
      expect(readFileSync(again, "utf8")).toBe(content);
    });

    it("does not give out a damaged content, and can be given it anew", async () => {
      const { result, files, content } = example("one");
      await cache.store(key, result, files);
      await subject.damageContent(output(result).digest);
      const to = join(folder, "out");
      expect(await cache.restore(output(result), to)).toBe(false);
      expect(existsSync(to)).toBe(false);
      await cache.store(key, result, files);
      expect(await cache.restore(output(result), to)).toBe(true);
      expect(readFileSync(to, "utf8")).toBe(content);
    });

    it("does not give out a content of another size", async () => {
      const { result, files } = example("one");
      await cache.store(key, result, files);
      const { digest, size } = output(result);
      expect(await cache.restore({ digest, size: size + 1, mode: 0o644 }, join(folder, "out"))).toBe(false);
    });

    it("does not give out a damaged entry, and can be given it anew", async () => {
      const { result, files } = example("one");
      await cache.store(key, result, files);
      await subject.damageEntry(key);
      expect(await cache.lookup(key)).toEqual([]);
      await cache.store(key, result, files);
      expect(await cache.lookup(key)).toEqual([result]);
    });

    it("does not let a place that cannot be written fail the build", async () => {
      const { result, files } = example("one");
      await cache.store(key, result, files);
      writeFileSync(join(folder, "file"), "");
      mkdirSync(join(folder, "taken"));
      expect(await cache.restore(output(result), join(folder, "file", "out"))).toBe(false);
      expect(await cache.restore(output(result), join(folder, "taken"))).toBe(false);
      expect(readdirSync(folder).filter((name) => name.includes("taken"))).toEqual(["taken"]);
    });

    it("does many things at once", async () => {
      const examples = Array.from({ length: 40 }, (_, i) => example(`many ${i}`));
      const keys = examples.map((_, i) => digestOf(`key ${i % 10}`));
      const clients = [cache, subject.another(), subject.another()];
      await Promise.all(examples.map(({ result, files }, i) => clients[i % 3]!.store(keys[i]!, result, files)));
      const restored = await Promise.all(
        examples.map(({ result }, i) => clients[(i + 1) % 3]!.restore(output(result), join(folder, `out${i}`))),
      );
      expect(restored).toEqual(examples.map(() => true));
      for (const some of new Set(keys)) {
        const found = await cache.lookup(some);
        const stored = examples.filter((_, i) => keys[i] === some).map(({ result }) => result);
        expect(found.length).toBeGreaterThan(0);
        for (const result of found) expect(stored).toContainEqual(result);
      }
    });
  });
}
