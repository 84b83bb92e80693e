/** What a wheel's name promises of the files in it, and what a package is for. */
import { describe, expect, it } from "vitest";
import { bytesSource } from "../../../src/inspect/bytes.ts";
import { describeJson, describeText } from "../../../src/inspect/describe.ts";
import { inspectPath } from "../../../src/inspect/inspect.ts";
import { packageKindOf } from "../../../src/inspect/package-kind.ts";
import { systemLibc, type SystemLibc } from "../../../src/inspect/system-libc.ts";
import { inspectArchive } from "../../../src/inspect/wheel.ts";
import { wheelNameProblems } from "../../../src/inspect/wheel-tags.ts";
import { buildElf, type TestElf } from "./elf-builder.ts";
import { environmentOf, newMachine, SYSTEM } from "./machine.ts";
import { buildZip } from "./zip-builder.ts";

const module: TestElf = { symbols: [{ name: "PyInit_a", defined: true }, { name: "PyLong_FromLong" }] };

function warningsOf(tags: string, files: Readonly<Record<string, TestElf | string>>, libc?: SystemLibc): string[] {
  const members = Object.entries(files).map(([name, spec]) => ({
    name,
    content: typeof spec === "string" ? Buffer.from(spec) : buildElf(spec),
  }));
  const wheel = inspectArchive(bytesSource(buildZip(members)), `pk-1.0-${tags}.whl`);
  if (wheel?.ok !== true) throw new Error("no wheel");
  return wheelNameProblems(wheel.value, libc === undefined ? undefined : environmentOf(), libc).map(
    ({ severity, what, fix }) => `${severity}: ${what}; ${fix}`,
  );
}

describe("the Pythons that a wheel is named for", () => {
  const earlier: TestElf = { symbols: [...(module.symbols ?? []), { name: "PyUnicode_AsUTF8AndSize" }] };
  const newer: TestElf = { symbols: [...(module.symbols ?? []), { name: "PyObject_Vectorcall" }] };
  it.each<[string, Readonly<Record<string, TestElf | string>>, string | undefined]>([
    ["cp311-cp311-linux_x86_64", { "pk/a.cpython-311-x86_64-linux-gnu.so": module }, undefined],
    ["cp311-cp311-linux_x86_64", { "pk/a.abi3.so": module, "pk/a.so": module }, undefined],
    ["cp39-abi3-linux_x86_64", { "pk/a.abi3.so": module }, undefined],
    ["cp312-abi3-linux_x86_64", { "pk/a.abi3.so": newer }, undefined],
    // In the limited API since 3.10, and there since 3.3: protobuf's wheels, which Python 3.9 imports.
    ["cp39-abi3-linux_x86_64", { "pk/a.abi3.so": earlier }, undefined],
    [
      "py3-none-linux_x86_64",
      { "pk/a.cpython-311-x86_64-linux-gnu.so": module, "pk/a.cpython-312-x86_64-linux-gnu.so": module },
      undefined,
    ],
    ["py3-none-any", {}, undefined],
    ["py3-none-manylinux_2_28_x86_64", { "include/a.h": "" }, undefined],
    ["cp39-abi3-linux_x86_64", { "pk/a.cpython-311-x86_64-linux-gnu.so": module }, "for Python 3.11 alone"],
    ["py3-none-linux_x86_64", { "pk/a.cpython-311-x86_64-linux-gnu.so": module }, "`cp311-cp311`"],
    ["cp39-abi3-linux_x86_64", { "pk/a.abi3.so": newer }, "functions that Python has since 3.11"],
    ["cp39-abi3-linux_x86_64", { "pk/a.abi3.so": newer }, "`0x03090000`"],
    ["cp311-cp311-linux_x86_64", { "pk/a.cpython-310-x86_64-linux-gnu.so": module }, "`cp311`, and `pk/a.cpython-310"],
    ["cp311-cp311-linux_x86_64", { "pk/__init__.py": "" }, "holds no compiled file"],
    ["cp311-cp311-linux_x86_64", { "__editable__.pk-1.0.pth": "/home/me/pk" }, undefined],
  ])("%s with %j", (tags, files, said) => {
    expect(warningsOf(tags, files)).toEqual(said === undefined ? [] : [expect.stringContaining(said)]);
  });
});

describe("the C library that a wheel is named for", () => {
  const glibc: TestElf = { ...module, needed: ["libc.so.6"] };
  const musl: TestElf = { ...module, needed: ["libc.musl-x86_64.so.1"] };
  const files = (spec: TestElf) => ({ "pk/a.so": spec });
  const here: SystemLibc = { kind: "glibc", version: [2, 36] };

  it("is that of its files", () => {
    expect(warningsOf("cp311-cp311-musllinux_1_2_x86_64", files(musl))).toEqual([]);
    expect(warningsOf("cp311-cp311-musllinux_1_2_x86_64", files(glibc))).toEqual([
      expect.stringContaining("named for musl (`musllinux_1_2_x86_64`), and `pk/a.so` is linked to glibc"),
    ]);
    expect(warningsOf("cp311-cp311-manylinux_2_28_x86_64", files({ ...module, needed: ["libc.so"] }))).toEqual([
      expect.stringContaining("is linked to musl"),
    ]);
  });

  it("is not enough for libraries that no manylinux promises", () => {
    const needing = (...needed: readonly string[]) => ({ "pk/a.so": { ...module, needed } });
    const promised = ["libc.so.6", "libm.so.6", "libz.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2", "libgcc_s.so.1"];
    const brought = ["libtorch_cpu.so", "libc10.so", "libcudart.so.13", "libcuda.so.1"];
    expect(warningsOf("cp311-cp311-manylinux_2_28_x86_64", needing(...promised, ...brought))).toEqual([]);
    expect(warningsOf("cp311-cp311-linux_x86_64", needing("libjpeg.so.62"))).toEqual([]);
    const own = { ...needing("libjpeg-1a2b3c4d.so.62"), "pk.libs/libjpeg-1a2b3c4d.so.62": {} };
    expect(warningsOf("cp311-cp311-manylinux_2_28_x86_64", own)).toEqual([]);
    expect(warningsOf("cp311-cp311-manylinux_2_28_x86_64", needing("libjpeg.so.62"))).toEqual([
      expect.stringMatching(/`pk\/a\.so` needs `libjpeg\.so\.62`.*auditwheel repair/),
    ]);
  });

  // Checked with pip on a system of glibc 2.36.
  it.each<[string, SystemLibc, string | undefined]>([
    ["manylinux_2_36_x86_64", here, undefined],
    ["manylinux2014_x86_64.manylinux_2_17_x86_64", here, undefined],
    ["linux_x86_64", here, undefined],
    ["manylinux_2_39_x86_64", here, "the C library here is glibc 2.36"],
    ["musllinux_1_2_x86_64", here, "the C library here is glibc 2.36"],
    ["manylinux_2_17_x86_64", { kind: "musl" }, "the C library here is musl"],
  ])("%s is or is not taken by pip", (platform, libc, said) => {
    const errors = warningsOf(`cp311-cp311-${platform}`, files(module), libc);
    expect(errors).toEqual(said === undefined ? [] : [expect.stringMatching(new RegExp(`^error: .*${said}`))]);
  });

  it("is read from the interpreter's own files", () => {
    const host = newMachine();
    const environment = environmentOf();
    expect(systemLibc(host, environment)).toBeUndefined();
    const content = Buffer.from("\0GNU C Library (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36.\n\0");
    host.write(`${SYSTEM}/libc.so.6`, buildElf({ soname: "libc.so.6", sections: [{ name: ".rodata", content }] }));
    expect(systemLibc(host, environment)).toEqual(here);
    host.write("/usr/bin/python3.11", buildElf({ interpreter: "/lib/ld-musl-x86_64.so.1" }));
    expect(systemLibc(host, environment)).toEqual({ kind: "musl" });
    expect(systemLibc(host, environmentOf({ platform: "win32" }))).toBeUndefined();
  });
});

describe("what a package is for", () => {
  it.each([
    ["pk-1.0.zip", ["pk-1.0/PKG-INFO", "pk-1.0/setup.py"], "sources"],
    ["pk-1.0-0.editable-cp311-cp311-linux_x86_64.whl", ["__editable___pk_1_0_finder.py"], "editable"],
    ["pk-1.0-py3-none-any.whl", ["_pk_editable.py", "_pk_editable.pth"], "editable"],
    ["pk-1.0-py3-none-any.whl", ["_editable_skbc_pk.py", "_editable_skbc_pk.pth"], "editable"],
    ["pk-1.0-py3-none-any.whl", ["_editable_impl_pk.pth"], "editable"],
    ["pk-1.0-cp311-cp311-linux_x86_64.whl", ["pk-editable.pth", "_pk_editable_loader.py"], "editable"],
    ["pk-1.0-py3-none-any.whl", ["pk/__init__.py"], "python-alone"],
    ["m.pt2", ["m/archive_format", "m/data/aotinductor/model/x.wrapper.so"], "exported-program"],
    ["m.pt2", ["archive_format", "models/model.json"], "exported-program"],
    ["m.pt", ["m/data.pkl", "m/version"], "saved-model"],
    ["m.pt", ["m/data.pkl", "m/code/__torch__.py"], "saved-model"],
    ["some.zip", ["readme.txt"], undefined],
  ])("%s with %j", (file, names, kind) => {
    const members = names.map((name) => ({ name, content: name.endsWith(".so") ? buildElf({}) : Buffer.from("") }));
    const report = inspectArchive(bytesSource(buildZip(members)), file);
    if (report?.ok !== true) throw new Error("no package");
    expect(packageKindOf(report.value)?.kind).toBe(kind);
  });

  it("runs where its kernels do", () => {
    const cubin = buildElf({ machine: 190, type: 2, abiVersion: 7, flags: 0x5a_0d5a });
    const members = ["a", "b"].map((name) => ({ name: `m/data/aotinductor/model/${name}.cubin`, content: cubin }));
    const host = newMachine();
    host.write("/project/m.pt2", buildZip([...members, { name: "m/archive_format", content: Buffer.from("pt2") }]));
    const on = (major: number): string => {
      const gpus = [{ name: "GPU", computeCapability: [major, 0] as const }];
      const inspection = inspectPath(host, "/project/m.pt2", { environment: environmentOf({ gpus }) });
      if (!inspection.ok || inspection.value.kind !== "wheel") throw new Error("no package");
      const runs = [...inspection.value.verdicts.values()].map((verdict) => verdict.runs);
      return `${runs.join(" ")}\n${describeText(inspection.value)}`;
    };
    expect(on(9)).toMatch(/^yes yes\n[^]*\n {2}GPU +2 programs for sm_90a: yes on GPU \(9\.0\)\n$/);
    expect(on(8)).toMatch(
      /^no no\n[^]*\n {2}GPU +2 programs for sm_90a: no on GPU \(8\.0\)\n\n {2}error: It holds no code/,
    );
  });

  it("is told", () => {
    const host = newMachine();
    host.write(
      "/project/m.pt2",
      buildZip([
        { name: "m/archive_format", content: Buffer.from("pt2") },
        { name: "m/data/aotinductor/model/x.wrapper.so", content: buildElf({}) },
      ]),
    );
    const inspection = inspectPath(host, "/project/m.pt2");
    if (!inspection.ok) throw new Error(inspection.error.message);
    expect(describeText(inspection.value)).toContain("what AOTInductor compiled: model");
    expect(describeJson(inspection.value)).toMatchObject({ package: "exported-program" });
  });
});
