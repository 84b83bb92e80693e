/** What flags of users are understood to mean. */
import { posix } from "node:path";
import { describe, expect, test } from "vitest";
import {
  allowsUnsupportedCompiler,
  compileFilesIn,
  cudaArchFlags,
  extrasOf,
  hasDeviceDebug,
  hasOptimisation,
  isRelocatable,
  namesHostCompiler,
  needsRandomSeed,
  readFlags,
  standardIn,
  userArgs,
} from "../../../src/plan/flags.ts";
import { forcedIncludes, includeFoldersIn, withoutHeaderLists } from "../../../src/plan/include-flags.ts";
import { librariesIn, linkFilesIn } from "../../../src/plan/link-flags.ts";
import { argText } from "../../../src/plan/graph.ts";

describe("reading", () => {
  test.each([
    [["-Ia"], [["-I", "a"]]],
    [["-I", "a"], [["-I", "a"]]],
    [["-DA=b=c"], [["-D", "A=b=c"]]],
    [["-isystema"], [["-isystem", "a"]]],
    [["-std=c++17"], [["-std", "c++17"]]],
    [
      ["-Xlinker", "-rpath", "-O2"],
      [
        ["-Xlinker", "-rpath"],
        ["-O", "2"],
      ],
    ],
    [["a.o"], [["", "a.o"]]],
    [["-g"], [["-g", undefined]]],
    [["-I"], [["-I", undefined]]],
  ])("gcc: %j", (words, expected) => {
    expect(readFlags(words, "gcc").map(({ name, value }) => [name, value])).toEqual(expected);
  });

  test("nvcc: values are not taken for options, -lineinfo is no library", () => {
    expect(
      readFlags(["-Xcompiler", "-march=native", "-lineinfo", "-gencode", "arch=compute_80,code=sm_80"], "nvcc").map(
        ({ name }) => name,
      ),
    ).toEqual(["-Xcompiler", "-lineinfo", "-gencode"]);
  });
});

describe("architectures", () => {
  test.each([
    [["-gencode=arch=compute_80,code=sm_80"]],
    [["-gencode", "arch=compute_80,code=sm_80"]],
    [["--generate-code=arch=compute_80,code=sm_80"]],
    [["--generate-code", "arch=compute_80,code=sm_80"]],
    [["-arch=sm_80"]],
    [["-arch", "sm_80"]],
    [["--gpu-architecture=native"]],
    [["--gpu-architecture", "native"]],
    [["-arch=compute_80", "-code=sm_80"]],
  ])("%j names some", (words) => {
    expect(cudaArchFlags(["-O2", ...words, "-lineinfo"])).toEqual(words);
  });

  test.each([
    [["-I/home/me/research/include"]],
    [["-Xcompiler", "-march=native"]],
    [["-Xcompiler=-march=native"]],
    [["--compiler-options", "-march=native"]],
    [["-Xcompiler", "-arch"]],
    [["-Dsearch_depth=4"]],
    [["-D", "arch=1"]],
    [["-DTORCH_EXTENSION_NAME=arch"]],
    [["-Xarchive", "-arch=x"]],
  ])("%j names none", (words) => {
    expect(cudaArchFlags(words)).toEqual([]);
  });
});

describe("standards", () => {
  test.each([
    [["-std=c++17"], "gcc", "c++17"],
    [["--std=gnu++20"], "gcc", "gnu++20"],
    [["-std=c++14", "-std=c++17"], "gcc", "c++17"],
    [["-std=c11"], "gcc", undefined],
    [["-std", "c++17"], "nvcc", "c++17"],
    [["--std", "c++17"], "nvcc", "c++17"],
    [["-Xcompiler", "-std=c++17"], "nvcc", undefined],
    [["/std:c++17"], "msvc", "c++17"],
    [["-std:c++latest"], "msvc", "c++latest"],
    [["-DX=-std=c++17"], "gcc", undefined],
  ] as const)("%j of %s: %s", (words, dialect, expected) => {
    expect(standardIn(words, dialect)).toBe(expected);
  });
});

test("optimisation", () => {
  expect(hasOptimisation(["-O2"], "nvcc")).toBe(true);
  expect(hasOptimisation(["-O", "2"], "nvcc")).toBe(true);
  expect(hasOptimisation(["--optimize=2"], "nvcc")).toBe(true);
  expect(hasOptimisation(["-Xcompiler", "-O2", "-Xptxas", "-O1"], "nvcc")).toBe(false);
});

test("the host compiler of nvcc", () => {
  expect(namesHostCompiler(["-ccbin", "g++"])).toBe(true);
  expect(namesHostCompiler(["-ccbin=g++"])).toBe(true);
  expect(namesHostCompiler(["--compiler-bindir=/usr/bin"])).toBe(true);
  expect(namesHostCompiler(["-Xcompiler", "-ccbin"])).toBe(false);
  expect(allowsUnsupportedCompiler(["-allow-unsupported-compiler"])).toBe(true);
});

test("relocatable device code", () => {
  expect(isRelocatable(["-dc"])).toBe(true);
  expect(isRelocatable(["-rdc=true"])).toBe(true);
  expect(isRelocatable(["-rdc", "true"])).toBe(true);
  expect(isRelocatable(["--relocatable-device-code=true"])).toBe(true);
  expect(isRelocatable(["-rdc=true", "-rdc=false"])).toBe(false);
  expect(isRelocatable(["-dcx", "-Xcompiler", "-dc"])).toBe(false);
  expect(hasDeviceDebug(["-lineinfo"])).toBe(true);
  expect(hasDeviceDebug(["-O3"])).toBe(false);
});

test("folders of headers, by kind", () => {
  expect(
    includeFoldersIn(["-Ia", "-I", "b", "-isystem", "c", "-iquote", "d", "-idirafter", "e", "-isystemf"], "gcc"),
  ).toEqual({
    quote: ["d"],
    plain: ["a", "b"],
    system: ["c", "f"],
    after: ["e"],
  });
  expect(includeFoldersIn(["--include-path=a", "-I", "", "--system-include=b"], "nvcc")).toMatchObject({
    plain: ["a"],
    system: ["b"],
  });
  expect(includeFoldersIn(["/Ia", "-Ib", "/external:I", "c"], "msvc").plain).toEqual(["a", "b", "c"]);
});

test("libraries", () => {
  expect(librariesIn(["-La", "-L", "b", "-Wl,-L,c", "-lx", "-l:liby.so.1", "-Xlinker", "-lz"], "gcc")).toEqual({
    dirs: ["a", "b", "c"],
    names: ["x", ":liby.so.1", "z"],
  });
  expect(librariesIn([String.raw`/LIBPATH:"C:\a b"`, "x.lib", String.raw`C:\y.lib`], "msvc")).toEqual({
    dirs: [String.raw`C:\a b`],
    names: ["x.lib"],
  });
});

describe("files that a link reads", () => {
  test.each([
    [
      ["libx.a", "/abs/y.o", "libz.so.1.2"],
      ["libx.a", "/abs/y.o", "libz.so.1.2"],
    ],
    [["-Wl,--version-script=v.map"], ["v.map"]],
    [["-Wl,--version-script,v.map"], ["v.map"]],
    [["-Xlinker", "--dynamic-list=d"], ["d"]],
    [["-T", "script.ld"], ["script.ld"]],
    [["-Wl,--whole-archive,libw.a,--no-whole-archive"], ["libw.a"]],
    [["-Wl,-force_load,libf.a"], ["libf.a"]],
    [["@words"], ["words"]],
    [["-lm", "-pthread", "-Wl,-rpath,/x.so", "-Wl,-soname,y.so", "-o", "z.so", "-Wl,-Map=m.o"], []],
  ])("%j: %j", (words, expected) => {
    expect(linkFilesIn(words, "gcc")).toEqual(expected);
  });

  test("Windows", () => {
    expect(linkFilesIn(["/DEF:x.def", String.raw`lib\y.lib`, "z.lib", "w.obj"], "msvc")).toEqual([
      "x.def",
      String.raw`lib\y.lib`,
      "w.obj",
    ]);
  });
});

test("files that a compile reads besides headers", () => {
  expect(
    compileFilesIn(
      [
        "-fplugin=p.so",
        "-fsanitize-ignorelist=s",
        "@f",
        "-fprofile-use=d",
        "-fprofile-use=x.profdata",
        "-include",
        "h.h",
      ],
      "gcc",
    ),
  ).toEqual(["p.so", "s", "f", "x.profdata"]);
  expect(compileFilesIn(["-optf", "a,b", "--options-file=c"], "nvcc")).toEqual(["a", "b", "c"]);
});

describe("what is written beside the object", () => {
  test.each([
    [[], [], false, false],
    [["-g"], [], false, false],
    [["--coverage"], [".gcno"], true, true],
    [["-gsplit-dwarf"], [".dwo"], true, false],
    [["-g", "-gsplit-dwarf", "-gno-split-dwarf"], [], false, false],
    [["-fprofile-generate=/x"], [], true, true],
    [["-save-temps=obj"], [], true, true],
    [["-ftime-trace"], [], true, true],
  ])("%j", (words, outputs, inPlace, local) => {
    expect(extrasOf(words, "gcc")).toEqual({ outputs, inPlace, local });
  });

  test("clang splits debug information off only where there is some", () => {
    expect(extrasOf(["-gsplit-dwarf"], "clang").outputs).toEqual([]);
    for (const on of ["-g", "-g2", "-ggdb3", "-gdwarf-5", "-gline-tables-only"]) {
      expect(extrasOf([on, "-gsplit-dwarf"], "clang").outputs).toEqual([".dwo"]);
    }
    expect(extrasOf(["-g", "-gsplit-dwarf", "-g0"], "clang").outputs).toEqual([]);
  });

  test("a seed only where gcc would take a random one", () => {
    expect(needsRandomSeed(["-flto"])).toBe(true);
    expect(needsRandomSeed(["--coverage"])).toBe(true);
    expect(needsRandomSeed(["-flto", "-frandom-seed=1"])).toBe(false);
    expect(needsRandomSeed(["-O3", "-g"])).toBe(false);
  });
});

describe("flags of users as words", () => {
  const words = (flags: readonly string[], dialect: "gcc" | "nvcc" = "gcc"): unknown[] =>
    userArgs(flags, dialect, (path, prefix) => ({ prefix, path, role: "search" }), posix);

  test("absolute folders become paths, all else stays", () => {
    expect(words(["-O2", "-I/abs", "-Irel", "-isystem", "/sys", "-L/lib", "-DX=/abs"])).toEqual([
      "-O2",
      { prefix: "-I", path: "/abs", role: "search" },
      "-Irel",
      "-isystem",
      { prefix: "", path: "/sys", role: "search" },
      { prefix: "-L", path: "/lib", role: "search" },
      "-DX=/abs",
    ]);
  });

  test("the text is what was given", () => {
    const flags = ["-I/abs", "-isystem", "/sys", "-iquote/q", "--include-path=/p", "-L", "/l", "x.o", "-lm"];
    expect(userArgs(flags, "gcc", (path, prefix) => ({ prefix, path }), posix).map(argText)).toEqual(flags);
  });

  test("empty words and empty folders, which nvcc takes for an error, are left out", () => {
    expect(words(["", " ", "-I", "", "-O2"], "nvcc")).toEqual(["-O2"]);
  });
});

test("folders in words for the preprocessor, behind prefixes, and of -B", () => {
  expect(
    includeFoldersIn(
      [
        "-Wp,-I,a",
        "-Xpreprocessor",
        "-Ib",
        "-iprefix",
        "p/",
        "-iwithprefixbefore",
        "c",
        "-iwithprefix",
        "d",
        "-Btools",
      ],
      "gcc",
    ),
  ).toEqual({ quote: [], plain: ["a", "b", "p/c"], system: ["tools/include"], after: ["p/d"] });
  expect(includeFoldersIn(["-Xcompiler", "-Ia,-O2", "-Xcompiler=-isystem,b"], "nvcc")).toMatchObject({
    plain: ["a"],
    system: ["b"],
  });
  expect(includeFoldersIn(["--embed-dir=data"], "gcc").quote).toEqual(["data"]);
});

test("headers that are included before the source", () => {
  const words = ["-include", "a.h", "-imacros", "b.h", "--include=c.h", "-Wp,-include,d.h", "x.cpp"];
  expect(forcedIncludes(words, "gcc")).toEqual(["a.h", "b.h", "c.h", "d.h"]);
});

test("lists of headers are asked for by the plan alone", () => {
  const lists = [
    "-MD",
    "-MMD",
    "-M",
    "-MM",
    "-MP",
    "-MG",
    "-MF",
    "x.d",
    "-MFx.d",
    "-MT",
    "a b",
    "-MQ",
    "c",
    "-Wp,-MD,x.d",
  ];
  expect(withoutHeaderLists(["-O2", ...lists, "-Wall"])).toEqual(["-O2", "-Wall"]);
  expect(withoutHeaderLists(["-march=native", "-MV", "-Mfoo"])).toEqual(["-march=native", "-MV", "-Mfoo"]);
});
