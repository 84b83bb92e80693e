/** Whether `import` finds a module: what interpreters here said of files with these names. */
import { describe, expect, it } from "vitest";
import { bytesSource } from "../../../src/inspect/bytes.ts";
import { inspectExtension } from "../../../src/inspect/extension.ts";
import { pythonProblems } from "../../../src/inspect/judge-python.ts";
import { describeText } from "../../../src/inspect/describe.ts";
import type { JudgeEnvironment } from "../../../src/inspect/verdict.ts";
import { buildElf } from "./elf-builder.ts";
import { buildPe } from "./pe-builder.ts";
import { asking, environmentOf, extension, judgeElfFile, newMachine, SYSTEM, TORCH } from "./machine.ts";

const usual = environmentOf();
const python = (changes: Partial<NonNullable<JudgeEnvironment["python"]>>): JudgeEnvironment =>
  environmentOf({ python: { ...usual.python!, ...changes } });
const debug = python({ extensionSuffix: ".cpython-311d-x86_64-linux-gnu.so" });
const musl = python({ extensionSuffix: ".cpython-311-x86_64-linux-musl.so" });
const free = python({
  version: [3, 13, 0],
  extensionSuffix: ".cpython-313t-x86_64-linux-gnu.so",
  abi3Suffix: "",
  freeThreaded: true,
});

describe("the name of a module", () => {
  it.each([
    ["demo.cpython-311-x86_64-linux-gnu.so", usual],
    ["demo.abi3.so", usual],
    ["demo.so", usual],
    ["demo.cpython-311d-x86_64-linux-gnu.so", debug],
    ["demo.cpython-311-x86_64-linux-gnu.so", debug],
    ["demo.so", debug],
    ["demo.cpython-311-x86_64-linux-musl.so", musl],
    ["demo.cpython-313t-x86_64-linux-gnu.so", free],
    ["demo.so", free],
    // In the folder `demo`.
    ["__init__.cpython-311-x86_64-linux-gnu.so", usual],
    // A link may lead to it, or a module need it.
    ["demo.so.1", usual],
  ])("%s is found", (name, environment) => {
    expect(judgeElfFile(extension, { name, environment }).verdict).toMatchObject({ loads: "yes", problems: [] });
  });

  it.each([
    ["demo.cpython-311d-x86_64-linux-gnu.so", usual, "wrong-python", "debug build of Python"],
    ["demo.cpython-311-x86_64-linux-musl.so", usual, "wrong-python", "`x86_64-linux-musl`"],
    ["demo.cpython-311-aarch64-linux-gnu.so", usual, "wrong-python", "`aarch64-linux-gnu`"],
    ["demo.cpython-311-x86_64-linux-gnu.so", musl, "wrong-python", "`x86_64-linux-gnu`"],
    ["demo.abi3t.so", usual, "wrong-python", "stable ABI of free-threaded Pythons"],
    ["demo.bak.so", usual, "wrong-module-name", "does not find a file that is named `demo.bak.so`"],
    ["demo.cpython-311-x86_64-linux-gnu.old.so", usual, "wrong-module-name", "does not find"],
    ["demo.SO", usual, "wrong-module-name", "does not find"],
    ["demo.cpython-313-x86_64-linux-gnu.so", free, "wrong-python", "CPython 3.13 (free-threaded)"],
  ])("%s is not found", (name, environment, kind, what) => {
    const { verdict } = judgeElfFile(extension, { name, environment });
    expect(verdict).toMatchObject({ loads: "no", problems: [{ kind, severity: "error" }] });
    expect(verdict.problems[0]?.what).toContain(what);
  });

  it("is no question for what torch.compile caches, which is loaded by its path", () => {
    const name = `c${"hsiepr6etxloli7m3at7oorxabwar3qwranonmjj46uh4etgjz".padEnd(51, "a")}.main.so`;
    const { verdict, report } = judgeElfFile(extension, { name });
    expect(verdict).toMatchObject({ loads: "yes", problems: [] });
    expect(report.generator).toBe("torch.compile");
    const text = describeText({ kind: "extension", path: `/${name}`, report });
    expect(text).toContain("kernels in the cache of torch.compile, ELF");
    const model = judgeElfFile({ symbols: [{ name: "AOTInductorModelContainerCreateWithDevice", defined: true }] });
    expect(model.report.generator).toBe("aot-inductor");
  });

  it("says one thing of a module for another Python", () => {
    const { verdict } = judgeElfFile(extension, { name: "demo.cpython-310d-x86_64-linux-gnu.so" });
    expect(verdict.problems.map(({ kind }) => kind)).toEqual(["wrong-python"]);
  });
});

describe("a module of pybind11", () => {
  const constants = (version: number) => ({
    name: ".rodata",
    content: Buffer.from(`\0__pybind11_internals_v${version}_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1__\0`),
  });

  it("shares types with PyTorch by the version of the internals alone", () => {
    const host = newMachine();
    const path = `${TORCH}/lib/libtorch_python.so`;
    const library = { soname: "libtorch_python.so", needed: ["libtorch_cpu.so"], runpath: "$ORIGIN" };
    host.write(path, buildElf({ ...library, sections: [constants(11)] }));
    const other = judgeElfFile({ ...extension, sections: [constants(12)] }, { host }).verdict;
    expect(other).toMatchObject({ loads: "yes", problems: [{ kind: "note", severity: "warning", owner: "pybind11" }] });
    expect(other.problems[0]?.what).toContain("internals are 12, and PyTorch's 11");
    expect(judgeElfFile({ ...extension, sections: [constants(11)] }, { host }).verdict.problems).toEqual([]);
  });
});

describe("symbols of another C++ library", () => {
  const name =
    "_ZN3c106detail23torchInternalAssertFailEPKcS2_jS2_RKNSt3__112basic_stringIcNS3_11char_traitsIcEENS3_9allocatorIcEEEE";

  it("are libc++'s where `std::__1` is in them", () => {
    const { verdict, report } = judgeElfFile({
      ...extension,
      needed: (extension.needed ?? []).filter((one) => one !== "libstdc++.so.6"),
      symbols: [{ name: "PyInit_demo", defined: true }, { name }],
    });
    expect(report.torch.stringAbi?.abi).toBe("libc++");
    expect(verdict.problems.map(({ kind }) => kind)).toEqual(["cxx-library"]);
    expect(verdict.problems[0]?.fix).toContain("-stdlib=libc++");
  });
});

describe("a module of the limited API", () => {
  const old = python({ version: [3, 9, 18], extensionSuffix: ".cpython-39-x86_64-linux-gnu.so" });
  it("loads with a Python that had its functions before the limited API did", () => {
    const host = newMachine();
    const names = ["PyModule_Create2", "PyLong_FromLong", "PyUnicode_AsUTF8AndSize"];
    const symbols = names.map((name) => ({ name, defined: true }));
    host.write(
      "/usr/bin/python3.11",
      buildElf({ interpreter: "/lib64/ld-linux-x86-64.so.2", needed: ["libc.so.6"], symbols }),
    );
    const options = { name: "demo.abi3.so", environment: old, host };
    expect(judgeElfFile(asking("PyUnicode_AsUTF8AndSize"), options).verdict).toMatchObject({ loads: "yes" });
    const { verdict } = judgeElfFile(asking("PyType_GetName"), options);
    expect(verdict.problems[0]?.what).toContain("since 3.11, and the interpreter is Python 3.9");
  });
});

describe("a variant that its package picks by its path", () => {
  it("is warned of, and not refused", () => {
    const { verdict } = judgeElfFile(extension, { name: "demo.mpich.cpython-311-x86_64-linux-gnu.so" });
    expect(verdict).toMatchObject({ loads: "yes", problems: [{ kind: "wrong-module-name", severity: "warning" }] });
  });
});

describe("a module of Windows", () => {
  const dll = buildPe({ exports: ["PyInit_ops"] });
  const on = (name: string, extensionSuffix: string): unknown => {
    const source = bytesSource(dll);
    const report = inspectExtension(source, name);
    if (!report.ok) throw new Error(report.error.message);
    const { python: own } = python({ extensionSuffix, abi3Suffix: ".pyd" });
    return pythonProblems(report.value, environmentOf({ platform: "win32", python: own! })).map(({ what }) => what);
  };

  it("has `_d` before its ending for a debug build", () => {
    const release = ".cp311-win_amd64.pyd";
    expect(on(`ops${release}`, release)).toEqual([]);
    expect(on("OPS.PYD".toLowerCase(), release)).toEqual([]);
    expect(on(`ops_d${release}`, `_d${release}`)).toEqual([]);
    expect(on("ops_d.pyd", `_d${release}`)).toEqual([]);
    expect(on(`ops_d${release}`, release)).toEqual([expect.stringContaining("for a debug build of Python")]);
    expect(on(`ops${release}`, `_d${release}`)).toEqual([expect.stringContaining("does not find a file")]);
  });
});

describe("a module of another build of Python", () => {
  it.each([
    ["_Py_DecRefShared", "free-threaded Python (`Py_GIL_DISABLED`)"],
    ["_Py_NegativeRefcount", "debug build of Python (`Py_DEBUG`)"],
    ["PyUnicode_GoneInThis", "another version of Python"],
  ])("is told by %s", (name, why) => {
    const { verdict } = judgeElfFile(asking(name), { name: "demo.so" });
    expect(verdict.problems).toMatchObject([{ kind: "wrong-python", owner: "python" }]);
    expect(verdict.problems[0]?.why).toContain(why);
  });
});

describe("a module with a library's name", () => {
  it("is told what CMake has for it", () => {
    const { verdict } = judgeElfFile(extension, { name: "libdemo.so" });
    expect(verdict.problems.map(({ kind }) => kind)).toEqual(["wrong-module-name"]);
    expect(verdict.problems[0]?.fix).toContain('set_target_properties(demo PROPERTIES PREFIX "")');
  });
});

describe("a module of musl", () => {
  it.each(["libc.so", "libc.musl-x86_64.so.1"])("is told by %s", (name) => {
    const host = newMachine();
    // What a system with glibc's headers has under that name.
    host.write(`${SYSTEM}/libc.so`, "/* GNU ld script */ GROUP ( libc.so.6 )");
    const { verdict } = judgeElfFile({ needed: [name], symbols: [{ name: "PyInit_demo", defined: true }] }, { host });
    expect(verdict.problems[0]).toMatchObject({ kind: "missing-library", owner: "c", library: name });
    expect(verdict.problems[0]?.why).toContain("musl (Alpine Linux)");
  });
});
