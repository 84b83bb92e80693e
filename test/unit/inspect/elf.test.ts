import { describe, expect, it } from "vitest";
import { bytesSource, type ByteSource, pagedSource } from "../../../src/inspect/bytes.ts";
import { commentsOf, type Elf, openElf } from "../../../src/inspect/elf.ts";
import { buildIdOf, notesOf } from "../../../src/inspect/elf-notes.ts";
import { dynamicSymbols } from "../../../src/inspect/elf-symbols.ts";
import { neededVersions, versionDefinitions } from "../../../src/inspect/elf-versions.ts";
import { buildElf, type TestElf } from "./elf-builder.ts";

function open(spec: TestElf): Elf {
  const elf = openElf(bytesSource(buildElf(spec)));
  if (!elf.ok) throw new Error(elf.error.message);
  return elf.value;
}

const library: TestElf = {
  needed: ["libc10.so", "libc.so.6"],
  soname: "libdemo.so.1",
  runpath: "$ORIGIN:/opt/lib",
  comment: "GCC: (Debian 12.2.0-14) 12.2.0",
  versions: ["libdemo.so.1", "DEMO_1", "DEMO_2"],
  symbols: [
    { name: "puts", version: "GLIBC_2.2.5", versionFile: "libc.so.6" },
    { name: "memcpy", version: "GLIBC_2.14", versionFile: "libc.so.6" },
    { name: "maybe", weak: true },
    { name: "PyInit_demo", defined: true },
    { name: "twice", defined: true, version: "DEMO_1", hidden: true },
    { name: "twice", defined: true, version: "DEMO_2" },
    { name: "_Z3fooi", defined: true },
    { name: "_Z3food", defined: true },
  ],
  notes: [{ owner: "GNU", type: 3, content: Uint8Array.of(0xde, 0xad, 0xbe, 0xef) }],
};

const variants: readonly (readonly [string, TestElf])[] = [
  ["64 bit, little endian", {}],
  ["64 bit, big endian", { little: false, machine: 22 }],
  ["32 bit, little endian", { bits: 32, machine: 3 }],
  ["32 bit, big endian", { bits: 32, little: false, machine: 20 }],
  ["without section headers", { stripped: true }],
  ["with the older hash table", { hash: "sysv" }],
  ["with the older hash table and without section headers", { hash: "sysv", stripped: true }],
  ["without any hash table", { hash: "none" }],
];

describe.each(variants)("an ELF file, %s", (_name, variant) => {
  const elf = open({ ...library, ...variant });
  const symbols = dynamicSymbols(elf);
  /** The loader looks nowhere but in hash tables. */
  const seen = variant.hash !== "none";

  it("tells its frame and its dynamic section", () => {
    expect(elf.anomalies).toEqual([]);
    expect(elf.kind).toBe("shared");
    expect(elf.dynamic).toMatchObject({
      needed: ["libc10.so", "libc.so.6"],
      soname: "libdemo.so.1",
      runpath: ["$ORIGIN", "/opt/lib"],
      rpath: [],
    });
  });

  it("finds symbols by name", () => {
    expect(symbols.find("PyInit_demo")).toMatchObject([{ name: "PyInit_demo", defined: true, binding: "global" }]);
    expect(symbols.find("puts")).toEqual([]);
    expect(symbols.find("PyInit_dem")).toEqual([]);
    expect(symbols.find("")).toEqual([]);
    expect(symbols.defines("_Z3fooi")).toBe(seen);
    expect(symbols.defines("_Z3foof")).toBe(false);
  });

  it("tells versions apart", () => {
    expect(
      symbols
        .find("twice")
        .map((symbol) => [symbol.version, symbol.versionHidden])
        .sort(),
    ).toEqual([
      ["DEMO_1", true],
      ["DEMO_2", undefined],
    ]);
    expect(symbols.defines("twice", "DEMO_1")).toBe(seen);
    expect(symbols.defines("twice", "DEMO_3")).toBe(false);
    expect(neededVersions(elf).map(({ file, name }) => [file, name])).toEqual([
      ["libc.so.6", "GLIBC_2.2.5"],
      ["libc.so.6", "GLIBC_2.14"],
    ]);
    expect(versionDefinitions(elf).map((version) => [version.name, version.base])).toEqual([
      ["libdemo.so.1", true],
      ["DEMO_1", false],
      ["DEMO_2", false],
    ]);
  });

  it("lists what it asks of others", () => {
    expect(symbols.undefinedSymbols().map((symbol) => [symbol.name, symbol.binding, symbol.version])).toEqual([
      ["puts", "global", "GLIBC_2.2.5"],
      ["memcpy", "global", "GLIBC_2.14"],
      ["maybe", "weak", undefined],
    ]);
    expect(symbols.undefinedSymbols()[0]?.versionFile).toBe("libc.so.6");
  });

  it("lists everything, and what begins alike", () => {
    expect(symbols.count).toBe(9);
    expect([...symbols.all()]).toHaveLength(9);
    expect(
      symbols
        .startingWith("_Z3foo")
        .map((symbol) => symbol.name)
        .sort(),
    ).toEqual(["_Z3food", "_Z3fooi"]);
    expect(symbols.startingWith("PyInit_").map((symbol) => symbol.name)).toEqual(["PyInit_demo"]);
    expect(symbols.startingWith("put")).toEqual([]);
  });

  it("has its build id", () => {
    expect(buildIdOf(notesOf(elf))).toBe("deadbeef");
  });
});

describe("openElf", () => {
  it("reads comments without repetitions", () => {
    expect(commentsOf(open({ ...library, comment: "GCC: 12\0GCC: 12\0clang" }))).toEqual(["GCC: 12", "clang"]);
    expect(commentsOf(open({ ...library, stripped: true }))).toEqual([]);
  });

  it("reads flags and the loader's path", () => {
    const elf = open({ needed: ["libc.so.6"], interpreter: "/lib64/ld-linux-x86-64.so.2", flags1: 0x0800_0001 });
    expect(elf.interpreter).toBe("/lib64/ld-linux-x86-64.so.2");
    expect(elf.dynamic).toMatchObject({ pie: true, bindNow: true });
  });

  it("keeps empty entries of a run path, which mean the current folder, but not an empty path", () => {
    expect(open({ ...library, rpath: ":/a::/b:" }).dynamic?.rpath).toEqual(["", "/a", "", "/b", ""]);
    expect(open({ ...library, rpath: "" }).dynamic?.rpath).toEqual([]);
  });

  it.each([
    ["nothing", new Uint8Array(0), "INSPECT_UNKNOWN_FORMAT"],
    ["text", Buffer.from("hello"), "INSPECT_UNKNOWN_FORMAT"],
    ["four bytes", Uint8Array.of(0x7f, 0x45, 0x4c, 0x46), "INSPECT_DAMAGED"],
    ["an unknown class", Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 9, 1, 1, ...new Uint8Array(57)), "INSPECT_DAMAGED"],
    ["a cut header", buildElf(library).subarray(0, 40), "INSPECT_DAMAGED"],
  ])("refuses %s", (_name, bytes, code) => {
    const elf = openElf(bytesSource(bytes));
    expect(elf.ok ? "" : elf.error.code).toBe(code);
  });

  it("says that a file is cut off", () => {
    const bytes = buildElf(library);
    const elf = openElf(bytesSource(bytes.subarray(0, bytes.length - 400)));
    expect(elf.ok && elf.value.anomalies.some((anomaly) => anomaly.includes("cut off"))).toBe(true);
  });
});

describe("a large file", () => {
  const size = 500 * 1024 * 1024;

  /** A library at the beginning of 500 MB; counts what is read of it. */
  function large(bytes: Uint8Array): { readonly source: ByteSource; readonly read: () => number } {
    let total = 0;
    const source = pagedSource(size, (offset, length) => {
      total += length;
      const part = new Uint8Array(length);
      part.set(bytes.subarray(offset, offset + length));
      return part;
    });
    return { source, read: () => total };
  }

  it("is read in ranges: thousands of lookups read no more than its tables", () => {
    const symbols = Array.from({ length: 3000 }, (_, index) => ({ name: `_ZN2at6symbol${index}Ev`, defined: true }));
    const bytes = buildElf({ ...library, symbols: [...(library.symbols ?? []), ...symbols] });
    const file = large(bytes);
    const elf = openElf(file.source);
    expect(elf.ok).toBe(true);
    if (!elf.ok) return;
    const table = dynamicSymbols(elf.value);
    for (const { name } of symbols) expect(table.defines(name)).toBe(true);
    for (const { name } of symbols) expect(table.defines(`${name}x`)).toBe(false);
    expect(file.read()).toBeLessThan(bytes.length + 64 * 1024);
  });
});
