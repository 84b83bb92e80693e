/** Verdicts for Windows and macOS files, as far as their libraries can be found. */
import { describe, expect, it } from "vitest";
import type { Environment } from "../../../src/environment/environment.ts";
import { bytesSource } from "../../../src/inspect/bytes.ts";
import { inspectExtension } from "../../../src/inspect/extension.ts";
import type { InspectEnvironment } from "../../../src/inspect/inspect.ts";
import { judge } from "../../../src/inspect/judge.ts";
import type { JudgeEnvironment, Verdict } from "../../../src/inspect/verdict.ts";
import { FakeHost } from "../../support/fake-host.ts";
import { buildMachO, type TestMachO } from "./macho-builder.ts";
import { environmentOf } from "./machine.ts";
import { buildPe, type TestPe } from "./pe-builder.ts";

// What the environment room finds is what a verdict needs.
const found = undefined as unknown as Environment;
export const needed: InspectEnvironment = found;

const warpSize = "?warp_size@cuda@at@@YAHXZ";

function judgeFile(bytes: Uint8Array, name: string, host: FakeHost, environment: JudgeEnvironment): Verdict {
  const source = bytesSource(bytes);
  const report = inspectExtension(source, name, { arch: environment.arch });
  if (!report.ok) throw new Error(report.error.message);
  return judge({ report: report.value, source, path: `/project/${name}`, host, environment });
}

describe("a Windows module", () => {
  const environment = environmentOf({
    platform: "win32",
    python: {
      executable: "/python/python.exe",
      version: [3, 11, 4],
      implementation: "cpython",
      extensionSuffix: ".cp311-win_amd64.pyd",
      abi3Suffix: ".pyd",
      freeThreaded: false,
    },
    torch: { ...environmentOf().torch!, root: "/torch", libraryDirs: ["/torch/lib"] },
  });
  const host = new FakeHost();
  host.write("/torch/lib/c10.dll", buildPe({ exports: [warpSize] }));
  host.write("/python/python311.dll", buildPe({ exports: ["PyModule_Create2"] }));
  const module: TestPe = {
    imports: {
      "python311.dll": ["PyModule_Create2"],
      "c10.dll": [warpSize],
      "KERNEL32.dll": ["Sleep"],
      "VCRUNTIME140_1.dll": ["__CxxFrameHandler4"],
    },
    exports: ["PyInit_demo"],
  };
  const verdictOf = (more: Readonly<Record<string, readonly string[]>>, spec: Partial<TestPe> = {}): Verdict =>
    judgeFile(
      buildPe({ ...module, ...spec, imports: { ...module.imports, ...more } }),
      "demo.cp311-win_amd64.pyd",
      host,
      environment,
    );

  it("loads when every import is in its library", () => {
    expect(verdictOf({})).toMatchObject({ loads: "yes", problems: [], reasons: [] });
  });

  it("is for another torch when a function is not there", () => {
    const verdict = verdictOf({ "c10.dll": [warpSize, "?gone@c10@@YAXXZ"] });
    expect(verdict).toMatchObject({ loads: "no", problems: [{ kind: "other-torch", owner: "c10", count: 1 }] });
    expect(verdict.problems[0]?.what).toContain("void __cdecl c10::gone(void)");
  });

  it("lacks a library of another torch or Python", () => {
    const cuda = verdictOf({ "torch_cuda.dll": [] });
    expect(cuda.problems[0]).toMatchObject({ kind: "missing-library", owner: "torch" });
    expect(cuda.problems[0]?.why).toContain("a PyTorch for CUDA");
    const python = verdictOf({ "python310.dll": ["PyLong_FromLong"] });
    expect(python.problems[0]).toMatchObject({ kind: "missing-library", owner: "python" });
    expect(python.problems[0]?.why).toContain("Python 3.10, and the interpreter is Python 3.11");
  });

  it("may or may not load when a library lies somewhere else", () => {
    expect(verdictOf({ "vendor.dll": ["f"] })).toMatchObject({ loads: "unknown", problems: [] });
    expect(verdictOf({}, { delayed: { "later.dll": ["f"] } })).toMatchObject({ loads: "yes" });
  });

  it("is for another machine", () => {
    const verdict = verdictOf({}, { machine: 0xaa64 });
    expect(verdict.problems[0]).toMatchObject({ kind: "wrong-machine" });
  });
});

describe("a macOS module", () => {
  const environment = environmentOf({
    platform: "darwin",
    arch: "arm64",
    python: { ...environmentOf().python!, extensionSuffix: ".cpython-311-darwin.so" },
    torch: { ...environmentOf().torch!, root: "/torch", libraryDirs: ["/torch/lib"] },
  });
  const host = new FakeHost();
  host.write(
    "/torch/lib/libc10.dylib",
    buildMachO({ kind: 6, installName: "@rpath/libc10.dylib", exports: ["__ZN3c101fEv"] }),
  );
  const module: TestMachO = {
    libraries: [{ path: "@rpath/libc10.dylib" }, { path: "/usr/lib/libc++.1.dylib" }],
    imports: [
      { name: "__ZN3c101fEv", ordinal: 1 },
      { name: "__Znwm", ordinal: 2 },
      { name: "_PyModule_Create2", ordinal: 0xfe },
    ],
    exports: ["_PyInit_demo"],
  };
  const verdictOf = (more: Partial<TestMachO>): Verdict =>
    judgeFile(buildMachO({ ...module, ...more }), "demo.cpython-311-darwin.so", host, environment);

  it("loads when every import is in its library", () => {
    expect(verdictOf({})).toMatchObject({ loads: "yes", problems: [] });
  });

  it("is for another torch when a function is not there", () => {
    const imports = [...(module.imports ?? []), { name: "__ZN3c104goneEv", ordinal: 1 }];
    expect(verdictOf({ imports })).toMatchObject({ loads: "no", problems: [{ kind: "other-torch", owner: "c10" }] });
  });

  it("may or may not load when its library hands on others'", () => {
    const again = buildMachO({
      kind: 6,
      libraries: [{ path: "/usr/lib/libobjc.dylib", command: 0x8000_001f }],
      exports: ["_f"],
    });
    host.write("/torch/lib/libtorch.dylib", again);
    const libraries = [...(module.libraries ?? []), { path: "@rpath/libtorch.dylib" }];
    const imports = [...(module.imports ?? []), { name: "__ZN2at4goneEv", ordinal: 3 }];
    expect(verdictOf({ libraries, imports })).toMatchObject({ loads: "unknown" });
  });

  it("counts every kind of library when it says whose a function is", () => {
    const libraries = [{ path: "@rpath/libupward.dylib", command: 0x8000_0023 }, ...(module.libraries ?? [])];
    const imports = (module.imports ?? []).map((one) => ({
      ...one,
      ordinal: one.ordinal === 0xfe ? 0xfe : (one.ordinal ?? 0) + 1,
    }));
    host.write("/torch/lib/libupward.dylib", buildMachO({ kind: 6, exports: ["_f"] }));
    expect(verdictOf({ libraries, imports })).toMatchObject({ loads: "yes" });
  });

  it("lacks a library of torch", () => {
    const libraries = [...(module.libraries ?? []), { path: "@rpath/libtorch_gone.dylib" }];
    expect(verdictOf({ libraries })).toMatchObject({
      loads: "no",
      problems: [{ kind: "missing-library", owner: "torch" }],
    });
  });

  it("is for another machine, unless it is universal", () => {
    expect(verdictOf({ cpu: 0x0100_0007 }).problems[0]).toMatchObject({ kind: "wrong-machine" });
  });
});
