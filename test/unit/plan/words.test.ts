/** Small things: response files, words for nvcc, values of macros, variables of keys. */
import { posix } from "node:path";
import { describe, expect, test } from "vitest";
import { argText, commandText } from "../../../src/plan/graph.ts";
import {
  compileVariables,
  deviceLinkVariables,
  hipccVariables,
  icpxVariables,
  linkVariables,
  nvccVariables,
} from "../../../src/plan/key-variables.ts";
import { fitsXcompiler, nvccSearchArg, xcompiler, xcompilerPath } from "../../../src/plan/nvcc-words.ts";
import type { Places } from "../../../src/plan/paths.ts";
import { shortened } from "../../../src/plan/response-file.ts";
import { limitedApiValue, moduleName, targetVersionValue } from "../../../src/plan/torch-facts.ts";

const places: Places = { platform: "linux", path: posix, root: "/p", buildDir: "/p/.retorch" };

describe("response files", () => {
  const long = Array.from({ length: 5000 }, (_, i) => `objects/with/some/length/${i}.o`);
  const file = "/p/.retorch/x.rsp";

  test("short commands stay", () => {
    expect(shortened({ places, style: "gcc", file, start: ["g++"], rest: ["a.o"] })).toEqual({
      command: ["g++", "a.o"],
    });
  });

  test("gcc, nvcc and link.exe name the file in their ways", () => {
    const words = (style: "gcc" | "nvcc" | "msvc"): string[] =>
      commandText(shortened({ places, style, file, start: ["x"], rest: long }).command);
    expect(words("gcc")).toEqual(["x", "@.retorch/x.rsp"]);
    expect(words("msvc")).toEqual(["x", "@.retorch/x.rsp"]);
    expect(words("nvcc")).toEqual(["x", "--options-file", ".retorch/x.rsp"]);
  });

  test("words survive the reading", () => {
    const content = (style: "gcc" | "msvc", word: string): string | undefined =>
      shortened({ places, style, file, start: ["x"], rest: [word, ...long] }).responseFile?.content.split("\n")[0];
    expect(content("gcc", `a b'c"d\\e`)).toBe(String.raw`a\ b\'c\"d\\e`);
    expect(content("gcc", "")).toBe('""');
    expect(content("msvc", "a b")).toBe('"a b"');
    expect(content("msvc", String.raw`C:\x.lib`)).toBe(String.raw`C:\x.lib`);
  });
});

describe("words for nvcc", () => {
  test.each([
    ["-fPIC", "-fPIC"],
    ["-DA=1,2", '"-DA=1,2"'],
    ['-DS="x"', String.raw`"-DS=\"x\""`],
    ["-DD=$HOME", String.raw`"-DD=\$HOME"`],
    ["-I/ünï/x", "-I/ünï/x"],
    ["/wd4819", "/wd4819"],
    ["-I/a b", '"-I/a b"'],
  ])("-Xcompiler %s", (word, expected) => {
    expect(xcompiler(word)).toEqual(["-Xcompiler", expected]);
  });

  test("paths for the host compiler", () => {
    expect(xcompilerPath("-m=", "/a", "=.").map(argText)).toEqual(["-Xcompiler", "-m=/a=."]);
    expect(xcompilerPath("-m=", "/a b,(c)", "=.").map(argText)).toEqual(["-Xcompiler", '"-m=/a b,(c)=."']);
    expect(fitsXcompiler("/a b,(c)'")).toBe(true);
    for (const path of ['/a"b', "/a$b", "/a`b", "/a\\b"]) expect(fitsXcompiler(path)).toBe(false);
  });

  test("folders to search", () => {
    expect(argText(nvccSearchArg(places, "/p/inc", "-I"))).toBe("-Iinc");
    expect(argText(nvccSearchArg(places, "/x/a,b", "-I"))).toBe('-I"/x/a,b"');
    expect(argText(nvccSearchArg({ ...places, root: "/it's/p" }, "/it's/q", "-I"))).toBe("-I../q");
    // Nothing helps: nvcc's own message has to do.
    expect(argText(nvccSearchArg(places, "/it's", "-I"))).toBe("-I/it's");
  });
});

test("values of macros", () => {
  expect(limitedApiValue("3.10")).toBe("0x030A0000");
  expect(limitedApiValue("3.9")).toBe("0x03090000");
  expect(limitedApiValue("3.12")).toBe("0x030C0000");
  expect(targetVersionValue("2.10")).toBe("0x020a000000000000");
  expect(targetVersionValue("2.9.1")).toBe("0x0209010000000000");
  expect(moduleName("a.b._C")).toBe("_C");
  expect(moduleName("ops")).toBe("ops");
});

describe("variables of keys", () => {
  test("each list is without repetition", () => {
    for (const family of ["gcc", "clang", "apple-clang", "msvc"] as const) {
      for (const list of [
        compileVariables(family),
        linkVariables(family),
        nvccVariables(family),
        deviceLinkVariables(family),
        icpxVariables(family),
        hipccVariables(),
      ]) {
        expect(new Set(list).size).toBe(list.length);
      }
    }
  });

  test("nothing that only steers messages or places of temporary files", () => {
    const all = [
      ...compileVariables("gcc"),
      ...linkVariables("gcc"),
      ...nvccVariables("gcc"),
      ...compileVariables("clang"),
    ];
    for (const name of ["LANG", "LC_ALL", "TMPDIR", "GCC_COLORS", "PATH", "LD_LIBRARY_PATH", "CFLAGS"])
      expect(all).not.toContain(name);
  });

  test("what the manuals name", () => {
    expect(compileVariables("gcc")).toEqual(
      expect.arrayContaining([
        "CPATH",
        "C_INCLUDE_PATH",
        "CPLUS_INCLUDE_PATH",
        "OBJC_INCLUDE_PATH",
        "GCC_EXEC_PREFIX",
        "COMPILER_PATH",
        "SOURCE_DATE_EPOCH",
      ]),
    );
    expect(linkVariables("msvc")).toEqual(["LINK", "_LINK_", "LIB"]);
    expect(nvccVariables("msvc")).toEqual(expect.arrayContaining(["NVCC_APPEND_FLAGS", "CL", "INCLUDE"]));
  });
});
