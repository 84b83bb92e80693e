import { expect, test } from "vitest";
import { linkReferences } from "../../../src/engine/link-references.ts";

function referencesIn(text: string | Uint8Array): ReturnType<typeof linkReferences> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return linkReferences((offset, length) => bytes.subarray(offset, offset + length), bytes.length);
}

const header = (name: string, size: number): string => `${name.padEnd(48)}${String(size).padEnd(10)}\`\n`;

test("the members of a thin archive: short names, long ones, and one in a nested archive", () => {
  const names = "folder/a long name.o/\nother.a/\n";
  const thin =
    "!<thin>\n" +
    `${header("/", 5)}12345\n` +
    header("//", names.length) +
    names +
    (names.length % 2 === 1 ? "\n" : "") +
    header("/0", 4000) +
    header("v.o/", 10) +
    header("/22:88", 99);
  expect(referencesIn(thin).map(({ name }) => name)).toEqual(["folder/a long name.o", "v.o", "other.a"]);
});

test("a thin archive that is cut at any byte gives no nonsense and ends", () => {
  const thin = `!<thin>\n${header("/", 5)}12345\n${header("v.o/", 10)}${header("w.o/", 10)}`;
  for (let end = 0; end <= thin.length; end++) {
    for (const { name } of referencesIn(thin.slice(0, end))) expect(["v.o", "w.o"]).toContain(name);
  }
});

test("a linker script: inputs, groups, as-needed, names, folders, further scripts", () => {
  const script = `/* GNU ld script
 INPUT ( commented.a ) */
OUTPUT_FORMAT(elf64-x86-64)
SEARCH_DIR ( "/opt/my lib" )
GROUP ( /lib/libc.so.6, "lib with space.a" AS_NEEDED ( -lm ./ld.so ) )
INCLUDE more.ld
SECTIONS { .text : { *(.text) KEEP(*(.init)) } }
INPUT(-lz)`;
  expect(referencesIn(script)).toEqual([
    { kind: "folder", name: "/opt/my lib" },
    { kind: "file", name: "/lib/libc.so.6" },
    { kind: "file", name: "lib with space.a" },
    { kind: "library", name: "m" },
    { kind: "file", name: "./ld.so" },
    { kind: "file", name: "more.ld" },
    { kind: "library", name: "z" },
  ]);
});

test("objects, ordinary archives and version scripts refer to nothing", () => {
  expect(referencesIn(new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0]))).toEqual([]);
  expect(referencesIn("!<arch>\nINPUT ( a.o )")).toEqual([]);
  expect(referencesIn("V1 { global: INPUT; local: *; };")).toEqual([]);
  expect(referencesIn("")).toEqual([]);
});
