/** Damaged and hostile files: a clear answer in bounded work, never a crash. */
import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { type ByteSource, bytesSource } from "../../../src/inspect/bytes.ts";
import { openElf } from "../../../src/inspect/elf.ts";
import { dynamicSymbols, sectionSymbols } from "../../../src/inspect/elf-symbols.ts";
import { inspectExtension } from "../../../src/inspect/extension.ts";
import { fatbinContent, kernelsOf } from "../../../src/inspect/fatbin.ts";
import { judge } from "../../../src/inspect/judge.ts";
import { inspectArchive } from "../../../src/inspect/wheel.ts";
import { buildElf } from "./elf-builder.ts";
import { buildFatbin } from "./fatbin-builder.ts";
import { buildMachO, buildUniversal } from "./macho-builder.ts";
import { asking, environmentOf, newMachine } from "./machine.ts";
import { buildPe } from "./pe-builder.ts";
import { buildZip } from "./zip-builder.ts";

const fatbin = buildFatbin([
  {
    kind: "cubin",
    arch: 80,
    content: buildElf({ machine: 190, symbols: [{ name: "k", defined: true }] }).subarray(0, 600),
  },
  { kind: "ptx", arch: 90, suffix: "a", content: Buffer.from(".entry k()"), identifier: "k.cu", options: "-g" },
]);

const elf = buildElf({
  ...asking({ name: "arc4random", version: "GLIBC_2.36", versionFile: "libc.so.6" }, "_Z3fooN2at6TensorE"),
  soname: "demo.so",
  rpath: "$ORIGIN",
  hash: "both",
  comment: "GCC: 12",
  versions: ["demo.so", "V1"],
  notes: [
    { owner: "GNU", type: 3, content: Uint8Array.of(1, 2, 3, 4) },
    { owner: "retorch", type: 1, content: Buffer.from('{"retorch":"1"}') },
  ],
  sections: [{ name: ".nv_fatbin", content: fatbin }],
});

const bases: Readonly<Record<string, Uint8Array>> = {
  "ELF, 64 bit": elf,
  "ELF, 32 bit, big endian": buildElf({
    bits: 32,
    little: false,
    machine: 20,
    needed: ["libc.so.6"],
    symbols: [
      { name: "puts", version: "GLIBC_2.0", versionFile: "libc.so.6" },
      { name: "PyInit_x", defined: true },
    ],
    notes: [{ owner: "GNU", type: 3, content: Uint8Array.of(1) }],
  }),
  PE: buildPe({
    imports: { "c10.dll": ["?f@@YAXXZ", 3], "python3.dll": ["PyLong_FromLong"] },
    delayed: { "d.dll": ["f"] },
    exports: ["PyInit_demo"],
    forwarders: { g: "A.B" },
    sections: [{ name: ".nv_fatb", content: fatbin }],
  }),
  "Mach-O, universal": buildUniversal([
    {
      cpu: 0x0100_000c,
      bytes: buildMachO({
        libraries: [{ path: "@rpath/libc10.dylib" }],
        rpaths: ["/x"],
        build: [1, 1, 1],
        imports: [{ name: "_a", ordinal: 1 }],
        exports: ["_PyInit_demo"],
      }),
    },
  ]),
};

const wheel = buildZip([
  { name: "demo/demo.so", content: elf, deflate: true },
  { name: "demo/plain.so", content: elf.subarray(0, 500) },
]);

/** A source that counts what is read of it, and ends the test when that is out of proportion. */
function counted(bytes: Uint8Array): ByteSource {
  const source = bytesSource(bytes);
  let total = 0;
  return {
    size: source.size,
    read: (offset, length) => {
      const found = source.read(offset, length);
      total += found.length;
      if (total > 200 * 1024 * 1024) throw new Error("reads without bound");
      return found;
    },
  };
}

const host = newMachine();
const environment = environmentOf({ gpus: [{ name: "GPU", computeCapability: [7, 5] }] });

/** All that can be asked of a file. */
function askEverything(bytes: Uint8Array, andJudge: boolean): void {
  const source = counted(bytes);
  const report = inspectExtension(source, "demo.so");
  const opened = openElf(source);
  if (opened.ok) {
    const symbols = dynamicSymbols(opened.value);
    let count = 0;
    for (const _symbol of symbols.all()) count++;
    expect(count).toBeLessThanOrEqual(bytes.length);
    symbols.find("PyInit_demo");
    symbols.find("no_such_symbol");
    symbols.startingWith("Py");
    for (const section of opened.value.sections.slice(0, 50))
      for (const _symbol of sectionSymbols(opened.value, section));
  }
  if (!report.ok) {
    expect(report.error.code).toMatch(/^INSPECT_/);
    return;
  }
  for (const { entries } of report.value.cuda.fatbins) {
    for (const entry of entries.slice(0, 8)) {
      const content = fatbinContent(source, entry, 1024 * 1024);
      if (content !== undefined) kernelsOf(entry, content);
    }
  }
  if (andJudge) judge({ report: report.value, source, path: "/project/demo.so", host, environment });
}

describe.each(Object.entries(bases))("%s", (_name, base) => {
  it("is read when it is whole", () => {
    expect(inspectExtension(bytesSource(base), "demo.so").ok).toBe(true);
  });

  it("may be cut off anywhere", () => {
    const step = base.length > 3000 ? 3 : 1;
    for (let length = 0; length < base.length; length += step)
      askEverything(base.subarray(0, length), length % 32 === 0);
  });

  // Headers lie in the first bytes and, of ELF, at the end; tables are aligned to four bytes.
  const places = [
    ...new Set([
      ...range(0, 128, 1),
      ...range(128, 1600, 4),
      ...range(1600, base.length - 1200, 20),
      ...range(base.length - 1200, base.length, 4),
    ]),
  ].filter((at) => at >= 0 && at + 4 <= base.length);
  it.each([
    ["0", 0],
    ["-1", 0xffff_ffff],
    ["the largest signed", 0x7fff_ffff],
    ["where adding wraps", 0xffff_fff0],
    ["just beyond the end", base.length],
    ["just inside", base.length - 1],
    ["1", 1],
    ["itself", "itself"],
  ] as const)("may have any field %s", (_value, value) => {
    for (const at of places) {
      const bytes = Buffer.from(base);
      bytes.writeUInt32LE(value === "itself" ? at : value, at);
      if (value === 0xffff_ffff && at % 8 === 0 && at + 8 <= base.length) bytes.writeUInt32LE(value, at + 4);
      askEverything(bytes, at % 64 === 0);
    }
  });

  it("may have any bytes changed", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { minLength: 1, maxLength: 30 }),
        (changes) => {
          const bytes = Uint8Array.from(base);
          for (const [at, value] of changes) bytes[at] = value;
          askEverything(bytes, true);
        },
      ),
      { numRuns: 150 },
    );
  });
});

function* range(from: number, to: number, step: number): Iterable<number> {
  for (let at = from; at < to; at += step) yield at;
}

it("a fat binary by itself may have any field changed", () => {
  for (let at = 0; at + 4 <= fatbin.length; at++) {
    for (const value of [0, 1, fatbin.length, 0x7fff_ffff, 0xffff_fff0, 0xffff_ffff]) {
      const bytes = Buffer.from(fatbin);
      bytes.writeUInt32LE(value, at);
      askEverything(bytes, false);
    }
  }
});

describe("a wheel", () => {
  const ask = (bytes: Uint8Array): void => {
    const result = inspectArchive(counted(bytes), "demo-1-py3-none-any.whl");
    if (result?.ok === false) expect(result.error.code).toMatch(/^INSPECT_/);
  };

  it("may be cut off anywhere", () => {
    for (let length = 0; length < wheel.length; length += 7) ask(wheel.subarray(0, length));
  });

  it("may have any field changed", () => {
    const directory = wheel.length - 400;
    for (const at of [...range(0, 120, 1), ...range(directory, wheel.length - 4, 1)]) {
      for (const value of [0, 0xffff_ffff, wheel.length]) {
        const bytes = Buffer.from(wheel);
        bytes.writeUInt32LE(value, at);
        ask(bytes);
      }
    }
  });

  it("may lie about the size of a member", () => {
    const bomb = deflateRawSync(new Uint8Array(64 * 1024 * 1024));
    const bytes = buildZip([{ name: "x.so", content: new Uint8Array(10), raw: { packed: bomb, size: 100 } }]);
    const result = inspectArchive(bytesSource(bytes), "x.whl");
    expect(result?.ok && result.value.members[0]?.failure?.code).toBe("INSPECT_DAMAGED");
  });
});

describe("random bytes", () => {
  const heads = [
    [],
    [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1],
    [0x7f, 0x45, 0x4c, 0x46, 1, 2, 1],
    [0x4d, 0x5a],
    [0xcf, 0xfa, 0xed, 0xfe],
    [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2],
    [0x50, 0x4b, 3, 4],
  ];

  it("get an answer", () => {
    fc.assert(
      fc.property(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 600 }), (head, tail) => {
        askEverything(Uint8Array.from([...head, ...tail]), true);
        inspectArchive(bytesSource(Uint8Array.from([...head, ...tail])), "x.whl");
      }),
      { numRuns: 2000 },
    );
  });
});

describe("hostile tables", () => {
  /** The number in an ELF file of 64 bits at a section header's field. */
  function patch(name: string, change: (content: Buffer) => void): Uint8Array {
    const bytes = Buffer.from(elf);
    const opened = openElf(bytesSource(elf));
    const section = opened.ok ? opened.value.sections.find((one) => one.name === name) : undefined;
    if (section === undefined) throw new Error(`no section ${name}`);
    change(bytes.subarray(section.offset, section.offset + section.size));
    return bytes;
  }

  it.each([
    [".gnu.hash", "buckets that point far", (content: Buffer) => content.fill(0xfe, 24, 32)],
    [".gnu.hash", "chains without an end", (content: Buffer) => content.fill(0xfe, 24)],
    [".gnu.hash", "no bloom filter", (content: Buffer) => content.writeUInt32LE(0, 8)],
    [".gnu.hash", "no buckets", (content: Buffer) => content.writeUInt32LE(0, 0)],
    [".hash", "chains that lead to themselves", (content: Buffer) => void content.fill(1, 8)],
    [".gnu.version_r", "needs that follow themselves", (content: Buffer) => content.writeUInt32LE(1, 12)],
    [".gnu.version_r", "many entries", (content: Buffer) => content.writeUInt16LE(0xffff, 2)],
    [".gnu.version_d", "definitions that go on for ever", (content: Buffer) => content.writeUInt32LE(1, 16)],
    [".dynsym", "names beyond the table", (content: Buffer) => content.fill(0xff)],
    [".dynstr", "names without an end", (content: Buffer) => content.fill(0x41)],
    [".note.test", "notes of negative size", (content: Buffer) => content.fill(0xff)],
    [".dynamic", "no end", (content: Buffer) => content.fill(1)],
  ])("%s: %s", (name, _what, change) => {
    askEverything(patch(name, change), true);
  });
});
