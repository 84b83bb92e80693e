/** What compilers leave of pybind11, nanobind, Cython and the C++ library among constants. */
import { describe, expect, it } from "vitest";
import { bindingIn, constantsOf, internalsVersion } from "../../../src/inspect/binding-abi.ts";
import { bytesSource } from "../../../src/inspect/bytes.ts";
import { neededCxxLibrary, ownCxxLibrary } from "../../../src/inspect/cxx-library.ts";
import { describeText } from "../../../src/inspect/describe.ts";
import { extension, judgeElfFile } from "./machine.ts";

const text = (...parts: readonly string[]): Buffer => Buffer.from(`\0${parts.join("\0")}\0`);

describe("the library that made a module", () => {
  it.each([
    [
      text("x", "__pybind11_internals_v12_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1__"),
      { binding: "pybind11", abi: "v12_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1" },
    ],
    [
      text("__pybind11_internals_v4_gcc_libstdcpp_cxxabi1013__"),
      { binding: "pybind11", abi: "v4_gcc_libstdcpp_cxxabi1013" },
    ],
    // nanobind up to 1.9 and since 2.0.
    [text("__nb_internals_v8_gcc_libstdcpp_cxxabi1014__"), { binding: "nanobind", abi: "v8_gcc_libstdcpp_cxxabi1014" }],
    [
      text("std_libstdcpp_", "__nb_internals_%s_%s__", "v16_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_stable"),
      { binding: "nanobind", abi: "v16_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_stable" },
    ],
    [text("__nb_internals_%s_%s__"), { binding: "nanobind" }],
    [text("a", "_cython_0_29_32"), { binding: "cython", abi: "0.29.32" }],
    [text("a", "_cython_3_1_0a1"), { binding: "cython", abi: "3.1.0a1" }],
    [text("a", "_cython_3_2_6limitednofinalize"), { binding: "cython", abi: "3.2.6" }],
    [text("a", "cython_runtime"), { binding: "cython" }],
    // mypyc makes the calls that Cython makes.
    [text("a", "lib-rt/mypyc_util.h"), undefined],
    [text("__pybind11_internals_v"), { binding: "pybind11" }],
    [text("nothing", "python"), undefined],
    [Buffer.alloc(0), undefined],
  ])("%#", (constants, facts) => {
    expect(bindingIn(constants)).toEqual(facts);
  });

  it("is told with its version", () => {
    const content = text("__pybind11_internals_v11_system_libcpp_abi1__");
    const { report } = judgeElfFile({ ...extension, sections: [{ name: ".rodata", content }] });
    expect(report.python).toMatchObject({ binding: "pybind11", bindingAbi: "v11_system_libcpp_abi1" });
    expect(describeText({ kind: "extension", path: "/demo.so", report })).toContain(
      "made with pybind11 (internals 11)",
    );
    expect(internalsVersion("1")).toBeUndefined();
  });

  it("reads no more constants than there are", () => {
    const source = bytesSource(Buffer.from("abcdef"));
    expect(
      constantsOf(source, [
        { offset: 4, size: 1_000_000_000 },
        { offset: 0, size: 2 },
      ]).toString(),
    ).toBe("efab");
  });
});

describe("the C++ library", () => {
  it.each([
    ["libstdc++.so.6", { name: "libstdc++", static: false }],
    ["/usr/lib/libc++.1.dylib", { name: "libc++", static: false }],
    ["libc++_shared.so", { name: "libc++", static: false }],
    ["libstdc++-6.dll", { name: "libstdc++", static: false }],
    ["libc++abi.so.1", undefined],
  ])("is told by %s", (name, library) => {
    expect(neededCxxLibrary([{ name: "libm.so.6" }, { name }])).toEqual(library);
  });

  it("is told by its types where it was linked in", () => {
    const runtime = "N10__cxxabiv117__class_type_infoE";
    expect(ownCxxLibrary(text(runtime, "St9exception"))).toEqual({ name: "libstdc++", static: true });
    expect(ownCxxLibrary(text(runtime, "NSt3__112bad_weak_ptrE"))).toEqual({ name: "libc++", static: true });
    // Types of its own alone say nothing.
    expect(ownCxxLibrary(text("NSt3__112bad_weak_ptrE"))).toBeUndefined();
  });
});
