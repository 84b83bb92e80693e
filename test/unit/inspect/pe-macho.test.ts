import { describe, expect, it } from "vitest";
import { bytesSource } from "../../../src/inspect/bytes.ts";
import { inspectExtension } from "../../../src/inspect/extension.ts";
import { openMachO } from "../../../src/inspect/macho.ts";
import { openPe } from "../../../src/inspect/pe.ts";
import { buildMachO, buildUniversal } from "./macho-builder.ts";
import { buildPe, type TestPe } from "./pe-builder.ts";

const module: TestPe = {
  imports: {
    "python311.dll": ["PyModule_Create2", "PyLong_FromLong"],
    "c10.dll": ["?warp_size@cuda@at@@YAHXZ"],
    "WS2_32.dll": [7],
  },
  delayed: { "cudart64_12.dll": ["cudaMalloc"] },
  exports: ["PyInit_demo"],
  forwarders: { other: "KERNEL32.Sleep" },
};

describe.each([[64], [32]] as const)("a PE file of %i bits", (bits) => {
  const pe = openPe(bytesSource(buildPe({ ...module, bits, machine: bits === 64 ? 0x8664 : 0x14c })));

  it("tells machine, imports and exports", () => {
    expect(pe.ok).toBe(true);
    if (!pe.ok) return;
    expect(pe.value).toMatchObject({
      bits,
      machine: bits === 64 ? "x86_64" : "i386",
      kind: "dll",
      linkerVersion: "14.38",
      exportName: "demo.pyd",
      anomalies: [],
    });
    expect(pe.value.imports).toEqual([
      {
        library: "python311.dll",
        delayed: false,
        symbols: [{ name: "PyModule_Create2" }, { name: "PyLong_FromLong" }],
      },
      { library: "c10.dll", delayed: false, symbols: [{ name: "?warp_size@cuda@at@@YAHXZ" }] },
      { library: "WS2_32.dll", delayed: false, symbols: [{ ordinal: 7 }] },
      { library: "cudart64_12.dll", delayed: true, symbols: [{ name: "cudaMalloc" }] },
    ]);
    expect(pe.value.exports).toEqual([
      { name: "PyInit_demo", ordinal: 1 },
      { name: "other", ordinal: 2, forwarder: "KERNEL32.Sleep" },
    ]);
  });
});

describe("a report of a PE file", () => {
  it("says what it is for", () => {
    const report = inspectExtension(bytesSource(buildPe(module)), "demo.cp311-win_amd64.pyd");
    expect(report.ok && report.value).toMatchObject({
      format: "pe",
      kind: "python-module",
      platform: "win32",
      python: { modules: ["demo"], tag: { version: [3, 11], platform: "win_amd64" }, limitedApi: { only: true } },
      torch: { uses: true, libraries: ["c10"], symbols: 1 },
      cuda: { uses: true, runtime: "shared", major: 12 },
    });
  });

  it.each([
    ["a DOS program", Buffer.concat([Buffer.from("MZ"), Buffer.alloc(100)]), "INSPECT_UNKNOWN_FORMAT"],
    ["a cut header", buildPe(module).subarray(0, 70), "INSPECT_DAMAGED"],
  ])("refuses %s", (_name, bytes, code) => {
    const pe = openPe(bytesSource(bytes));
    expect(pe.ok ? "" : pe.error.code).toBe(code);
  });
});

const bundle = {
  libraries: [
    { path: "@rpath/libc10.dylib" },
    { path: "/usr/lib/libc++.1.dylib" },
    { path: "@rpath/libomp.dylib", weak: true },
  ],
  rpaths: ["@loader_path/../torch/lib"],
  build: [1, 0x000b_0000, 0x000e_0200] as const,
  imports: [
    { name: "__ZNK2at10TensorBase8data_ptrIlEEPT_v", ordinal: 1 },
    { name: "__ZNSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEED1Ev", ordinal: 2 },
    { name: "_PyModule_Create2", ordinal: 0xfe },
    { name: "_omp_get_max_threads", ordinal: 3, weak: true },
  ],
  exports: ["_PyInit_demo"],
};

describe.each([
  ["64 bit", {}],
  ["32 bit", { bits: 32, cpu: 7 }],
  ["64 bit, big endian", { little: false, cpu: 0x0100_0012 }],
] as const)("a Mach-O file, %s", (_name, variant) => {
  it("tells libraries, symbols and versions", () => {
    const file = openMachO(bytesSource(buildMachO({ ...bundle, ...variant })));
    expect(file.ok).toBe(true);
    if (!file.ok) return;
    expect(file.value).toHaveLength(1);
    expect(file.value[0]).toMatchObject({
      kind: "bundle",
      twoLevelNamespace: true,
      rpaths: ["@loader_path/../torch/lib"],
      platform: "macos",
      minimumSystem: "11.0",
      sdk: "14.2",
      uuid: "ab".repeat(16),
      anomalies: [],
      exports: [{ name: "_PyInit_demo", weak: false }],
    });
    expect(file.value[0]?.libraries.map(({ path, weak }) => [path, weak])).toEqual([
      ["@rpath/libc10.dylib", false],
      ["/usr/lib/libc++.1.dylib", false],
      ["@rpath/libomp.dylib", true],
    ]);
    expect(file.value[0]?.libraries[0]?.currentVersion).toBe("1.2.3");
    expect(file.value[0]?.imports.map(({ name, library, weak }) => [name, library, weak])).toEqual([
      ["__ZNK2at10TensorBase8data_ptrIlEEPT_v", "@rpath/libc10.dylib", false],
      ["__ZNSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEED1Ev", "/usr/lib/libc++.1.dylib", false],
      ["_PyModule_Create2", undefined, false],
      ["_omp_get_max_threads", "@rpath/libomp.dylib", true],
    ]);
  });
});

describe("a universal Mach-O file", () => {
  const bytes = buildUniversal([
    { cpu: 0x0100_0007, bytes: buildMachO({ ...bundle, cpu: 0x0100_0007, exports: ["_PyInit_intel"] }) },
    { cpu: 0x0100_000c, bytes: buildMachO(bundle) },
  ]);

  it("holds one file for each machine", () => {
    const file = openMachO(bytesSource(bytes));
    expect(file.ok && file.value.map((slice) => slice.machine)).toEqual(["x86_64", "arm64"]);
  });

  it("is reported for the machine that is asked for", () => {
    const arm = inspectExtension(bytesSource(bytes), "demo.cpython-311-darwin.so", { arch: "arm64" });
    const intel = inspectExtension(bytesSource(bytes), "demo.cpython-311-darwin.so", { arch: "x64" });
    expect(arm.ok && arm.value).toMatchObject({
      format: "macho",
      machine: "arm64",
      machines: ["x86_64", "arm64"],
      python: { modules: ["demo"] },
      torch: { libraries: ["c10"], symbols: 1 },
      minimumSystem: "11.0",
    });
    expect(intel.ok && intel.value.python.modules).toEqual(["intel"]);
  });

  it("is not confused with a Java class", () => {
    const file = openMachO(bytesSource(Uint8Array.of(0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 0x3d, 0, 0)));
    expect(file.ok ? "" : file.error.code).toBe("INSPECT_UNKNOWN_FORMAT");
  });
});
