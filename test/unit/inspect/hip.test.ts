import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { bytesSource } from "../../../src/inspect/bytes.ts";
import { inspectExtension } from "../../../src/inspect/extension.ts";
import { readHipBundles } from "../../../src/inspect/hip.ts";
import { buildElf, Bytes } from "./elf-builder.ts";

const triples = [
  "host-x86_64-unknown-linux-gnu-",
  "hipv4-amdgcn-amd-amdhsa--gfx90a",
  "hipv4-amdgcn-amd-amdhsa--gfx942:sramecc+:xnack-",
];

/** As clang-offload-bundler writes it. */
function bundle(names: readonly string[]): Uint8Array {
  const out = new Bytes().text("__CLANG_OFFLOAD_BUNDLE__").number(names.length, 8);
  let at = 32 + names.reduce((sum, name) => sum + 24 + name.length, 0);
  names.forEach((name, index) => {
    out
      .number(at, 8)
      .number(index * 8, 8)
      .number(name.length, 8)
      .text(name);
    at += index * 8;
  });
  names.forEach((_name, index) => out.raw(new Uint8Array(index * 8).fill(index)));
  return out.done();
}

/** The same, packed with zlib, in its second form. */
function packed(names: readonly string[]): Uint8Array {
  const plain = bundle(names);
  const content = deflateSync(plain);
  return new Bytes()
    .text("CCOB")
    .number(2, 2)
    .number(0, 2)
    .number(24 + content.length, 4)
    .number(plain.length, 4)
    .number(0, 8)
    .raw(content)
    .done();
}

function read(bytes: Uint8Array, anomalies: string[] = []): string[] {
  return readHipBundles(bytesSource(bytes), { offset: 0, size: bytes.length }, anomalies).map((entry) => entry.target);
}

describe("readHipBundles", () => {
  it("lists the targets of all bundles", () => {
    const bytes = Buffer.concat([
      bundle(triples),
      Buffer.alloc(4096 - (bundle(triples).length % 8)),
      bundle([triples[1] ?? ""]),
    ]);
    expect(read(bytes)).toEqual(["gfx90a", "gfx942:sramecc+:xnack-", "gfx90a"]);
  });

  it("unpacks packed bundles", () => {
    expect(read(packed(triples))).toEqual(["gfx90a", "gfx942:sramecc+:xnack-"]);
  });

  it("says what it cannot read, and ends on anything", () => {
    const anomalies: string[] = [];
    const wrong = Buffer.from(packed(triples));
    wrong.writeUInt16LE(9, 4);
    expect(read(wrong, anomalies)).toEqual([]);
    expect(anomalies[0]).toContain("unknown form");
    for (const whole of [bundle(triples), packed(triples)]) {
      for (let at = 0; at + 4 <= whole.length; at++) {
        const bytes = Buffer.from(whole);
        bytes.writeUInt32LE(0xffff_ffff, at);
        read(bytes);
        read(whole.subarray(0, at));
      }
    }
  });

  it("is part of a report", () => {
    const bytes = buildElf({
      needed: ["libtorch_hip.so"],
      sections: [{ name: ".hip_fatbin", content: bundle(triples) }],
    });
    const report = inspectExtension(bytesSource(bytes), "demo.so");
    expect(report.ok && report.value.hip.map((entry) => entry.target)).toEqual(["gfx90a", "gfx942:sramecc+:xnack-"]);
  });
});
