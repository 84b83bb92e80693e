import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Digest, digestOf } from "../../../src/base/digest.ts";
import { parseSize } from "../../../src/cache/cache-size.ts";
import { type ContentUse, type EntryUse, planCollection } from "../../../src/cache/garbage.ts";

const hour = 60 * 60 * 1000;
const names = (digests: readonly Digest[], all: Record<string, Digest>): string[] =>
  digests.map((digest) => Object.entries(all).find(([, each]) => each === digest)?.[0] ?? "?").sort();

describe("what a cleaning removes", () => {
  const d = Object.fromEntries(["a", "b", "c", "x", "y", "z"].map((name) => [name, digestOf(name)])) as Record<
    string,
    Digest
  >;
  const entry = (lastUse: number, ...contents: string[]): EntryUse => ({
    size: 10,
    lastUse,
    contents: contents.map((name) => d[name]!),
  });
  const content = (size: number, made = 0): ContentUse => ({ size, made });

  it("is nothing below the limit", () => {
    const plan = planCollection(new Map([[d["a"]!, entry(1, "x")]]), new Map([[d["x"]!, content(100)]]), {
      limit: 110,
      now: 10 * hour,
    });
    expect(plan).toEqual({ entries: [], contents: [], remaining: 110 });
  });

  it("is the oldest entry with what only it needs", () => {
    const entries = new Map([
      [d["a"]!, entry(3, "x")],
      [d["b"]!, entry(1, "x", "y")],
      [d["c"]!, entry(2, "z")],
    ]);
    const contents = new Map([
      [d["x"]!, content(100)],
      [d["y"]!, content(100)],
      [d["z"]!, content(100)],
    ]);
    const plan = planCollection(entries, contents, { limit: 300, now: 10 * hour });
    expect(names(plan.entries, d)).toEqual(["b"]);
    expect(names(plan.contents, d)).toEqual(["y"]);
    expect(plan.remaining).toBe(220);
    const more = planCollection(entries, contents, { limit: 200, now: 10 * hour });
    expect(names(more.entries, d)).toEqual(["b", "c"]);
    expect(names(more.contents, d)).toEqual(["y", "z"]);
    expect(more.remaining).toBe(110);
  });

  it("is what nobody needs, unless it is young, whatever the limit", () => {
    const contents = new Map([
      [d["x"]!, content(100, 0)],
      [d["y"]!, content(100, 9.5 * hour)],
    ]);
    const plan = planCollection(new Map(), contents, { limit: 0, now: 10 * hour });
    expect(names(plan.contents, d)).toEqual(["x"]);
    expect(plan.remaining).toBe(100);
  });

  it("never leaves an entry without its contents, and is always below the limit", () => {
    const pool = Array.from({ length: 12 }, (_, i) => digestOf(`content ${i}`));
    const some = fc.array(
      fc.record({ lastUse: fc.nat(1000), size: fc.nat(50), needs: fc.uniqueArray(fc.nat(11), { maxLength: 4 }) }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(
        some,
        fc.array(fc.nat(200), { minLength: 12, maxLength: 12 }),
        fc.integer({ min: 1, max: 2000 }),
        (list, sizes, limit) => {
          const entries = new Map(
            list.map(({ lastUse, size, needs }, i) => [
              digestOf(`entry ${i}`),
              { size, lastUse, contents: needs.map((n) => pool[n]!) },
            ]),
          );
          const contents = new Map(pool.map((digest, i) => [digest, { size: sizes[i]!, made: 0 }]));
          const plan = planCollection(entries, contents, { limit, now: 10 * hour });
          const gone = new Set(plan.contents);
          expect(gone.size).toBe(plan.contents.length);
          const kept = [...entries].filter(([key]) => !plan.entries.includes(key));
          for (const [, { contents: needed }] of kept)
            for (const digest of needed) expect(gone.has(digest)).toBe(false);
          const bytes =
            kept.reduce((sum, [, { size }]) => sum + size, 0) +
            [...contents].reduce((sum, [digest, { size }]) => sum + (gone.has(digest) ? 0 : size), 0);
          expect(plan.remaining).toBe(bytes);
          expect(bytes).toBeLessThanOrEqual(limit);
          const lastGone = Math.max(-1, ...plan.entries.map((key) => entries.get(key)!.lastUse));
          for (const [, { lastUse }] of kept) expect(lastUse).toBeGreaterThanOrEqual(lastGone);
        },
      ),
    );
  });
});

describe("a size", () => {
  it.each([
    ["0", 0],
    ["1", 1],
    ["500M", 500 * 2 ** 20],
    ["5G", 5 * 2 ** 30],
    [" 5 gb ", 5 * 2 ** 30],
    ["1.5GiB", 1.5 * 2 ** 30],
    ["2T", 2 * 2 ** 40],
    ["7KB", 7 * 1024],
    ["10B", 10],
    ["", undefined],
    ["G", undefined],
    ["-5G", undefined],
    ["5GG", undefined],
    ["5 X", undefined],
    ["1e9", undefined],
    ["99999999999T", undefined],
  ])("%j is %s", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });
});
