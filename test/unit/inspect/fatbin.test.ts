import { describe, expect, it } from "vitest";
import { bytesSource } from "../../../src/inspect/bytes.ts";
import { fatbinContent, fatbinRanges, kernelsOf, readFatbins } from "../../../src/inspect/fatbin.ts";
import { buildFatbin } from "./fatbin-builder.ts";

const ptx = Buffer.from(
  ".version 9.0\n.visible .entry _Z5scalePf(\n.param .u64 p\n)\n{ ret; }\n.entry other()\n{}\n.func (.param .b32 r) helper()",
);
/** The PTX above as an LZ4 block of literals alone. */
const lz4 = Buffer.concat([Buffer.from([0xf0, ptx.length - 15]), ptx]);

const first = buildFatbin([
  { kind: "cubin", arch: 80, content: Buffer.from("no ELF at all") },
  { kind: "cubin", arch: 90, suffix: "a", content: Uint8Array.of(1, 2, 3), identifier: "k.cu" },
  {
    kind: "ptx",
    arch: 120,
    suffix: "f",
    content: lz4,
    compressed: { with: "lz4", size: ptx.length },
    options: " -g --x ",
    version: [8, 7],
  },
]);
const second = buildFatbin([{ kind: "lto-ir", arch: 100, content: new Uint8Array(9) }]);
// Linkers align each object's part.
const section = Buffer.concat([first, Buffer.alloc(24), second]);

function read(bytes: Uint8Array, relocatable = false): ReturnType<typeof readFatbins> {
  return readFatbins(bytesSource(bytes), [{ offset: 0, size: bytes.length, relocatable }]);
}

describe("readFatbins", () => {
  it("lists all entries of all fat binaries", () => {
    const { fatbins, anomalies } = read(section);
    expect(anomalies).toEqual([]);
    expect(fatbins.map((fatbin) => fatbin.offset)).toEqual([0, first.length + 24]);
    expect(fatbins[0]?.entries).toMatchObject([
      { kind: "cubin", architecture: { major: 8, minor: 0, suffix: "" }, compression: "none" },
      { kind: "cubin", architecture: { major: 9, minor: 0, suffix: "a" }, identifier: "k.cu" },
      {
        kind: "ptx",
        architecture: { major: 12, minor: 0, suffix: "f" },
        compression: "lz4",
        version: [8, 7],
        options: "-g --x",
        size: ptx.length,
        storedSize: lz4.length,
      },
    ]);
    expect(fatbins[1]?.entries).toMatchObject([{ kind: "lto-ir", architecture: { major: 10, minor: 0 } }]);
  });

  it("unpacks contents and lists the kernels of PTX", () => {
    const entry = read(section).fatbins[0]?.entries[2];
    expect(entry).toBeDefined();
    if (entry === undefined) return;
    const content = fatbinContent(bytesSource(section), entry);
    expect(Buffer.from(content ?? []).toString()).toBe(ptx.toString());
    expect(kernelsOf(entry, content ?? new Uint8Array())).toEqual(["_Z5scalePf", "other"]);
    expect(fatbinContent(bytesSource(section), entry, 10)).toBeUndefined();
  });

  it("does not take what is no ELF for a cubin without kernels", () => {
    const entry = read(section).fatbins[0]?.entries[0];
    expect(entry !== undefined && kernelsOf(entry, Buffer.from("no ELF at all"))).toBeUndefined();
  });

  it("says what is cut off, and gives the rest", () => {
    const cut = Buffer.from(first);
    // The second entry claims more than there is.
    const at = 16 + 64 + 16;
    cut.writeUInt32LE(0x7fff_ffff, at + 8);
    const { fatbins, anomalies } = read(cut);
    expect(fatbins[0]?.entries).toHaveLength(1);
    expect(anomalies[0]).toContain("reaches beyond its end");
    expect(read(first.subarray(0, first.length - 8)).anomalies[0]).toContain("reaches beyond its section");
    expect(read(Buffer.from("something else than this")).fatbins).toEqual([]);
  });

  it("ends on an entry that has no size", () => {
    const zero = Buffer.from(first);
    zero.writeUInt32LE(0, 16 + 4);
    zero.writeUInt32LE(0, 16 + 8);
    expect(read(zero).fatbins[0]?.entries).toEqual([]);
  });
});

describe("fatbinRanges", () => {
  it("knows the sections of Linux and Windows, linked and to be linked", () => {
    const names = [".nv_fatbin", "__nv_relfatbin", ".nv_fatb", ".nvFatBinSegment", ".text", "toString"];
    const sections = names.map((name, index) => ({ name, offset: index * 10, size: 10 }));
    expect(fatbinRanges(sections)).toEqual([
      { offset: 0, size: 10, relocatable: false },
      { offset: 10, size: 10, relocatable: true },
      { offset: 20, size: 10, relocatable: false },
    ]);
  });
});
