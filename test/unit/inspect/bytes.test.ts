import { describe, expect, it } from "vitest";
import fc from "fast-check";
import {
  ByteReader,
  ByteRecord,
  bytesSource,
  fileSource,
  pagedSource,
  sliceSource,
} from "../../../src/inspect/bytes.ts";
import { FakeHost } from "../../support/fake-host.ts";

const odd = [-1, Number.NaN, Infinity, 2 ** 53, Number.MAX_SAFE_INTEGER, 1.5];

describe("sources", () => {
  const bytes = Uint8Array.from({ length: 20_000 }, (_, index) => (index * 31) % 251);
  const paged = pagedSource(bytes.length, (offset, length) => bytes.slice(offset, offset + length));
  const slice = sliceSource(bytesSource(bytes), 5000, 9000);

  it("give what is there, in any order and of any length", () => {
    fc.assert(
      fc.property(fc.nat(25_000), fc.nat(25_000), (offset, length) => {
        const end = Math.min(bytes.length, offset + length);
        expect(Buffer.from(paged.read(offset, length)).equals(bytes.subarray(offset, end))).toBe(true);
        const part = bytes.subarray(5000, 14_000);
        expect(Buffer.from(slice.read(offset, length)).equals(part.subarray(offset, offset + length))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it.each(odd)("give nothing at %d", (offset) => {
    for (const source of [bytesSource(bytes), paged, slice]) expect(source.read(offset, 10)).toHaveLength(0);
  });

  it("read a page of a file once", () => {
    const host = new FakeHost({ files: { "/lib.so": "x" } });
    host.write("/lib.so", bytes);
    const source = fileSource(host.fs, "/lib.so");
    host.resetAccesses();
    for (let offset = 0; offset < 4096; offset += 16) source?.read(offset, 16);
    expect(host.reads).toHaveLength(1);
  });

  it("are none for what is no file, and empty for what cannot be read", () => {
    const host = new FakeHost({ files: { "/folder/file": "content" } });
    expect(fileSource(host.fs, "/folder")).toBeUndefined();
    expect(fileSource(host.fs, "/missing")).toBeUndefined();
    const source = fileSource(host.fs, "/folder/file");
    host.fs.onOperation = () => {
      throw new Error("EIO");
    };
    expect(source?.read(0, 7)).toHaveLength(0);
  });
});

describe("ByteReader", () => {
  const reader = new ByteReader(bytesSource(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 0x61, 0x62, 0)), true);
  const big = new ByteReader(reader.source, false);

  it("reads numbers in both orders", () => {
    expect([reader.u8(0), reader.u16(0), reader.u32(0), reader.u64(0)]).toEqual([
      1,
      0x0201,
      0x0403_0201,
      Number.MAX_SAFE_INTEGER,
    ]);
    expect([big.u16(0), big.u32(0)]).toEqual([0x0102, 0x0102_0304]);
    expect(new ByteRecord(Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0), true).u64(0)).toBe(2 ** 32);
  });

  it.each([8, 11, ...odd])("gives nothing for four bytes at %d", (offset) => {
    expect(reader.u32(offset)).toBeUndefined();
    expect(reader.bytes(offset, 4)).toBeUndefined();
  });

  it("reads texts up to their end, and none that has no end", () => {
    expect(reader.cString(8)).toBe("ab");
    expect(reader.cString(10)).toBe("");
    expect(reader.cString(11)).toBeUndefined();
    expect(reader.cString(8, 2)).toBeUndefined();
    expect(new ByteReader(bytesSource(new Uint8Array(10_000).fill(65)), true).cString(0)).toBeUndefined();
  });
});
