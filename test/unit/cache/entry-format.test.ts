import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../../src/base/digest.ts";
import type { CachedResult } from "../../../src/cache/cache.ts";
import { contentsOfEntry, decodeEntry, encodeEntry } from "../../../src/cache/entry-format.ts";

const digest = fc.nat(20).map((n) => digestOf(String(n)));
const path = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !text.includes("\0"));
const count = fc.nat(2 ** 40);
const result: fc.Arbitrary<CachedResult> = fc.record({
  inputs: fc.array(fc.record({ path, digest }), { maxLength: 12 }),
  absent: fc.array(path, { maxLength: 8 }),
  outputs: fc.array(fc.record({ path, digest, size: count, mode: fc.nat(0o7777) }), { maxLength: 3 }),
  printed: fc.string({ unit: "binary" }),
  durationMs: fc.double({ min: 0, max: 1e9, noNaN: true }).map((value) => value + 0),
  peakMemory: count,
});
const results = fc.array(result, { maxLength: 5 });

/** Makes the checksum right again, so that what is behind it is put to the test. */
function signed(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(createHash("sha256").update(copy.subarray(24)).digest().subarray(0, 16), 8);
  return copy;
}

const example: CachedResult = {
  inputs: [
    { path: "a", digest: digestOf("a") },
    { path: "b", digest: digestOf("b") },
  ],
  absent: ["c", "d"],
  outputs: [{ path: "o", digest: digestOf("o"), size: 5, mode: 0o644 }],
  printed: "printed",
  durationMs: 1.5,
  peakMemory: 3,
};

describe("the format of an entry", () => {
  it("gives back what was written", () => {
    fc.assert(
      fc.property(results, (all) => {
        expect(decodeEntry(encodeEntry(all))).toEqual(all);
      }),
    );
  });

  it("does not care where in the memory the bytes lie", () => {
    const bytes = encodeEntry([example]);
    const padded = new Uint8Array(bytes.length + 7);
    padded.set(bytes, 3);
    expect(decodeEntry(padded.subarray(3, 3 + bytes.length))).toEqual([example]);
  });

  it("writes numbers that are none as zero", () => {
    const odd = { ...example, durationMs: Number.NaN, peakMemory: -1 };
    expect(decodeEntry(encodeEntry([odd]))).toEqual([{ ...example, durationMs: 0, peakMemory: 0 }]);
  });

  it("refuses every cut and every changed byte", () => {
    const bytes = encodeEntry([example, { ...example, absent: [] }]);
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeEntry(bytes.subarray(0, length))).toBeUndefined();
    }
    for (let i = 0; i < bytes.length; i++) {
      const copy = Uint8Array.from(bytes);
      copy[i]! ^= 1 << (i % 8);
      expect(decodeEntry(copy)).toBeUndefined();
    }
    expect(decodeEntry(Uint8Array.from([...bytes, 0]))).toBeUndefined();
  });

  it("never throws, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeEntry(bytes)).toBeUndefined();
        contentsOfEntry(bytes);
      }),
    );
  });

  it("never throws when the checksum is right and the rest is not", () => {
    const bytes = encodeEntry([example, { ...example, printed: "x".repeat(50) }]);
    const edit = fc.record({ at: fc.nat(bytes.length - 25), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.nat(20), (edits, cut) => {
        const copy = Uint8Array.from(bytes.subarray(0, bytes.length - cut));
        for (const { at, value } of edits) if (24 + at < copy.length) copy[24 + at] = value;
        const decoded = decodeEntry(signed(copy));
        for (const { inputs, outputs } of decoded ?? []) {
          for (const each of [...inputs, ...outputs]) expect(each.digest).toMatch(/^[0-9a-f]{64}$/);
        }
        contentsOfEntry(copy);
      }),
      { numRuns: 2000 },
    );
  });

  it("tells the contents from the beginning of the bytes", () => {
    const outputs = Array.from({ length: 10 }, (_, i) => ({
      path: `o${i}`,
      digest: digestOf(`o${i % 7}`),
      size: i,
      mode: 0o644,
    }));
    const bytes = encodeEntry([{ ...example, outputs }, example]);
    const contents = Array.from({ length: 7 }, (_, i) => digestOf(`o${i}`)).concat(digestOf("o"));
    expect(contentsOfEntry(bytes)).toEqual(contents);
    const needed = contentsOfEntry(bytes.subarray(0, 100));
    expect(needed).toBe(24 + 4 + 8 * 32);
    expect(contentsOfEntry(bytes.subarray(0, Number(needed)))).toEqual(contents);
    expect(contentsOfEntry(bytes.subarray(0, 20))).toBeUndefined();
    expect(contentsOfEntry(Buffer.from("something else that is long enough"))).toBeUndefined();
    expect(contentsOfEntry(encodeEntry([]))).toEqual([]);
  });
});
