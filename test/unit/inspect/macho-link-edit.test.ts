/** The trie of exports and the imports of chained fixups, also damaged. */
import { describe, expect, it } from "vitest";
import { ByteReader, bytesSource } from "../../../src/inspect/bytes.ts";
import { exportTrie, fixupImports } from "../../../src/inspect/macho-link-edit.ts";
import { openMachO } from "../../../src/inspect/macho.ts";
import { Bytes } from "./elf-builder.ts";
import { buildMachO } from "./macho-builder.ts";

/** `_PyInit_demo`, `_Py` (weak) and `_other` (another library's), branching at `_` and at `Py`. */
function trie(): Uint8Array {
  const out = new Bytes();
  out.raw([0, 1]).text("_\0").raw([6]);
  out.align(6).raw([0, 2]).text("Py\0").raw([20]).text("other\0").raw([40]);
  while (out.length < 20) out.raw([0]);
  out.raw([2, 0x04, 0x10, 1]).text("Init_demo\0").raw([36]);
  while (out.length < 36) out.raw([0]);
  out.raw([2, 0, 0x20, 0]);
  while (out.length < 40) out.raw([0]);
  return out.raw([3, 0x08, 1, 0, 0]).done();
}

interface Import {
  readonly name: string;
  readonly ordinal: number;
  readonly weak?: boolean;
}

function fixups(imports: readonly Import[], format: 1 | 2 | 3, little = true): Uint8Array {
  let names = "\0";
  const table = new Bytes(little);
  for (const { name, ordinal, weak = false } of imports) {
    const at = names.length;
    names += `${name}\0`;
    const flag = weak ? 1 : 0;
    if (format === 3)
      table
        .number((ordinal & 0xffff) + flag * 0x1_0000, 4)
        .number(at, 4)
        .number(0, 8);
    else table.number((ordinal & 0xff) + flag * 0x100 + at * 0x200, 4).number(0, format === 2 ? 4 : 0);
  }
  const head = new Bytes(little).number(0, 4).number(28, 4).number(32, 4);
  head
    .number(32 + table.length, 4)
    .number(imports.length, 4)
    .number(format, 4)
    .number(0, 4)
    .number(0, 4);
  return head.raw(table.done()).text(names).done();
}

const wholeOf = (bytes: Uint8Array): { readonly at: number; readonly size: number } => ({ at: 0, size: bytes.length });
const reader = (bytes: Uint8Array): ByteReader => new ByteReader(bytesSource(bytes), true);

const imports: readonly Import[] = [
  { name: "__ZN3c101fEv", ordinal: 1 },
  { name: "_PyModule_Create2", ordinal: -2 },
  { name: "__Znwm", ordinal: -3, weak: true },
];

describe("the trie of exports", () => {
  it("has every name once", () => {
    const bytes = trie();
    expect(exportTrie(reader(bytes), wholeOf(bytes))).toEqual([
      { name: "_Py", weak: true },
      { name: "_PyInit_demo", weak: false },
      { name: "_other", weak: false, reexported: true },
    ]);
  });

  it("may have any byte changed, and any end", () => {
    const bytes = trie();
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 1, 6, 20, 0x7f, 0x80, 0xff]) {
        const changed = Uint8Array.from(bytes);
        changed[at] = value;
        expect((exportTrie(reader(changed), wholeOf(changed)) ?? []).length).toBeLessThan(10);
      }
      exportTrie(reader(bytes.subarray(0, at)), { at: 0, size: at });
    }
  });

  it("ends where nodes lead back to themselves", () => {
    const loop = Uint8Array.from([0, 2, 0x61, 0, 0, 0x62, 0, 0]);
    expect(exportTrie(reader(loop), wholeOf(loop))).toEqual([]);
  });
});

describe("the imports of chained fixups", () => {
  it.each([1, 2, 3] as const)("are read in format %i", (format) => {
    const bytes = fixups(imports, format);
    expect(fixupImports(reader(bytes), wholeOf(bytes))).toEqual(imports.map((one) => ({ weak: false, ...one })));
  });

  it("may have any field changed", () => {
    const bytes = fixups(imports, 1);
    for (let at = 0; at + 4 <= bytes.length; at++) {
      for (const value of [0, 1, 3, bytes.length, 0x7fff_ffff, 0xffff_ffff]) {
        const changed = Buffer.from(bytes);
        changed.writeUInt32LE(value, at);
        expect((fixupImports(reader(changed), wholeOf(changed)) ?? []).length).toBeLessThan(20);
      }
    }
  });

  it("come before the symbol table, which may have been stripped", () => {
    const file = openMachO(
      bytesSource(
        buildMachO({
          libraries: [{ path: "@rpath/libc10.dylib" }],
          linkEdit: { exports: trie(), fixups: fixups(imports, 1) },
        }),
      ),
    );
    const slice = file.ok ? file.value[0] : undefined;
    expect(slice?.imports).toEqual([
      { name: "__ZN3c101fEv", weak: false, library: "@rpath/libc10.dylib" },
      { name: "_PyModule_Create2", weak: false },
      { name: "__Znwm", weak: true },
    ]);
    expect(slice?.exports.map(({ name }) => name)).toEqual(["_Py", "_PyInit_demo", "_other"]);
  });
});
