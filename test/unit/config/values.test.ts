import { describe, expect, test } from "vitest";
import type { Result } from "../../../src/base/result.ts";
import { asIdentifier, parseExtensionName } from "../../../src/config/module-name.ts";
import type { Complaint } from "../../../src/config/problem.ts";
import {
  parseArchitecture,
  parseArchitectureList,
  parseCxxStandard,
  parseDefine,
  parseFlag,
  parseKind,
  parseLibraryName,
  parseLimitedApi,
  parseMacroName,
  parseProfile,
  parseTorchVersion,
} from "../../../src/config/values.ts";

/** What was said: the value, or the hint of the complaint. */
function said<T>(result: Result<T, Complaint>): T | string {
  return result.ok ? result.value : `✗ ${result.error.hint ?? result.error.message}`;
}

describe("architectures", () => {
  test.each([
    "native",
    "all",
    "all-major",
    "8.0-virtual",
    "8.0",
    "9.0a",
    "10.0f",
    "12.0+PTX",
    "9.0a+PTX",
    "Ampere",
    "Blackwell+Tegra",
    "Ampere+PTX",
  ])("%s is taken as it is", (text) => {
    expect(said(parseArchitecture(text))).toBe(text);
  });

  test.each([
    ["sm_90a", "9.0a"],
    ["SM_80", "8.0"],
    ["compute_120", "12.0"],
    ["90", "9.0"],
    ["120", "12.0"],
    ["9.0A", "9.0a"],
    ["12.0+ptx", "12.0+PTX"],
    ["sm_86+PTX", "8.6+PTX"],
    ["ampere", "Ampere"],
    ["Hoper", "Hopper"],
    ["auto", "native"],
    ["nativ", "native"],
  ])("%s is refused, %s is proposed", (text, meant) => {
    const result = parseArchitecture(text);
    expect(result.ok).toBe(false);
    expect(said(result)).toBe(`✗ did you mean \`${meant}\`?`);
  });

  test("several in one text are told apart", () => {
    expect(said(parseArchitecture("8.0;9.0"))).toBe('✗ write each by itself: "8.0", "9.0"');
  });

  test("AMD's have their own place", () => {
    expect(said(parseArchitecture("gfx90a"))).toContain("PYTORCH_ROCM_ARCH");
  });

  test("what is nothing at all gets the whole list", () => {
    expect(said(parseArchitecture("fastest"))).toContain("compute capability");
  });

  test.each([
    ["8.0;9.0+PTX", ["8.0", "9.0+PTX"]],
    ["8.0 9.0", ["8.0", "9.0"]],
    ["8.0, Ampere", ["8.0", "Ampere"]],
  ])("the list %s", (text, list) => {
    expect(said(parseArchitectureList(text))).toEqual(list);
  });

  test("an empty list and a bad entry are refused", () => {
    expect(parseArchitectureList(" ; ").ok).toBe(false);
    expect(said(parseArchitectureList("8.0;sm_90"))).toBe("✗ did you mean `9.0`?");
  });
});

describe("kinds and profiles", () => {
  test.each([
    ["python-module", "python-module"],
    ["executable", "executable"],
    ["python_module", "✗ did you mean `python-module`?"],
    ["exe", "✗ did you mean `executable`?"],
    ["torch-libary", "✗ did you mean `torch-library`?"],
    ["nonsense", "✗ it is one of `python-module`"],
  ])("kind %s", (text, answer) => {
    expect(said(parseKind(text))).toContain(answer);
  });

  test.each([
    ["release-with-debug", "release-with-debug"],
    ["Release", "✗ did you mean `release`?"],
    ["RelWithDebInfo", "✗ did you mean `release-with-debug`?"],
    ["dbg", "✗ did you mean `debug`?"],
  ])("profile %s", (text, answer) => {
    expect(said(parseProfile(text))).toContain(answer);
  });
});

describe("standards and versions", () => {
  test.each([
    ["17", "17"],
    ["c++20", "20"],
    ["C++23", "23"],
    ["gnu++17", "✗ write `-std=gnu++17` among the `cxx-flags`"],
    ["18", "✗ it is one of"],
    ["latest", "✗ it is one of"],
  ])("standard %s", (text, answer) => {
    expect(said(parseCxxStandard(text))).toContain(answer);
  });

  test.each([
    ["3.10", "3.10"],
    ["3.2", "3.2"],
    ["3.1", "✗ write"],
    ["cp310", "✗ did you mean `3.10`?"],
    ["3.10.2", "✗ did you mean `3.10`?"],
    ["2.7", "✗ write"],
  ])("limited API %s", (text, answer) => {
    expect(said(parseLimitedApi(text))).toContain(answer);
  });

  test.each([
    ["2.10", "2.10"],
    ["2.10.1", "2.10.1"],
    ["2.13.0+cpu", "✗ did you mean `2.13.0`?"],
    ["two", "✗ write"],
  ])("torch %s", (text, answer) => {
    expect(said(parseTorchVersion(text))).toContain(answer);
  });
});

describe("macros, libraries, flags", () => {
  test.each([
    ["NAME", { name: "NAME" }],
    ["NAME=", { name: "NAME", value: "" }],
    ['TEXT="a = b"', { name: "TEXT", value: '"a = b"' }],
    ["F(x)=x", { name: "F(x)", value: "x" }],
  ])("-D %s", (text, define) => {
    expect(said(parseDefine(text))).toEqual(define);
  });

  test.each([
    ["-DNAME", "`NAME`"],
    ["NAME=2", '`NAME = "2"`'],
    ["2FAST", "does not begin with a digit"],
    ["A-B", "letters, digits and underscores"],
  ])("the macro name %s is refused", (text, hint) => {
    const result = parseMacroName(text);
    expect(result.ok).toBe(false);
    expect(said(result)).toContain(hint);
  });

  test.each([
    ["curand", "curand"],
    [":libfast.a", ":libfast.a"],
    ["boost_python3.11", "boost_python3.11"],
    ["-lcurand", "✗ did you mean `curand`?"],
    ["libcurand.so", "✗ did you mean `curand`?"],
    ["libcurand.so.10", "✗ did you mean `curand`?"],
    ["cublas.lib", "✗ did you mean `cublas`?"],
    ["-Wl,--as-needed", "✗ flags for the linker belong into `link-flags`"],
    ["lib/libx.a", "✗ libraries given by path belong into `extra-objects`"],
    ["", "✗ the name of a library is empty"],
  ])("library %j", (text, answer) => {
    expect(said(parseLibraryName(text))).toBe(answer);
  });

  test.each(["-O3", "-DTEXT=a -b", '-DX="a -b"', "-Wl,-rpath,/a b", "-isystem", "/I path -x"])("flag %j", (text) => {
    expect(said(parseFlag(text, undefined))).toBe(text);
  });

  test("two flags in one text are refused, unless they are the value of the flag before", () => {
    expect(said(parseFlag("-O3 -g", undefined))).toBe('✗ write each by itself: "-O3", "-g"');
    expect(said(parseFlag("-fPIC -g", "-Xcompiler"))).toBe("-fPIC -g");
    expect(said(parseFlag("-fPIC -g", "-O3"))).toContain("✗");
    expect(parseFlag("", undefined).ok).toBe(false);
  });
});

describe("names", () => {
  test.each(["my_ops", "my_pkg._C", "_C", "Ops2", "größe._C"])("%s is a name", (name) => {
    expect(said(parseExtensionName(name, "python-module"))).toBe(name);
  });

  test.each([
    ["my-ops", "did you mean `my_ops`?"],
    ["2fast", "did you mean `_2fast`?"],
    ["class", "did you mean `class_ext`?"],
    ["pkg.import", "did you mean `pkg.import_ext`?"],
    ["pkg..C", "did you mean `pkg.C`?"],
    ["my ops.so", "did you mean `my_ops.so`?"],
    ["größe", "did you mean `gro_e`?"],
    ["torch", "did you mean `torch_ext`?"],
    ["a/b", "a name holds no folder"],
    ["", "it is empty"],
    ["扩展", "outside ASCII"],
  ])("%j is none", (name, hint) => {
    const result = parseExtensionName(name, "python-module");
    expect(result.ok).toBe(false);
    expect(said(result)).toContain(hint);
  });

  test("a program may be called what a file may be called", () => {
    expect(said(parseExtensionName("my-tool", "executable"))).toBe("my-tool");
    expect(said(parseExtensionName("class", "executable"))).toBe("class");
    expect(parseExtensionName("my tool", "executable").ok).toBe(false);
    expect(parseExtensionName("-tool", "executable").ok).toBe(false);
  });

  test.each([
    ["my_ext", "my_ext"],
    ["my-ext.v2", "my_ext_v2"],
    ["2d conv", "_2d_conv"],
    ["Café", "Cafe"],
    ["lambda", "lambda_ext"],
    ["扩展", undefined],
    ["---", undefined],
  ])("of the file name %s is made %s", (text, name) => {
    expect(asIdentifier(text)).toBe(name);
  });
});
