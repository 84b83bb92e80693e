import { describe, expect, test } from "vitest";
import type { BuildRequest } from "../../../src/config/request.ts";
import { type Files, pybind, read, readFailure, readOne } from "./helpers.ts";

const files: Files = {
  "retorch.toml": `
python = "python3.10"
[extension.one]
sources = ["a.cpp"]
include-dirs = ["inc"]
library-dirs = ["lib"]
libraries = ["own"]
link-flags = ["-own"]
cxx-flags = ["-O2"]
define = { A = 1, B = 1 }
undefine = ["U", "V"]
profile = "debug"
cuda-arch = ["8.0"]
[extension.two]
sources = ["b.cpp"]
`,
  "a.cpp": pybind,
  "b.cpp": pybind,
  "sub/x": "",
};

const only = { extensions: ["one"] };

describe("the command line on top of a configuration", () => {
  test("each option has its effect", async () => {
    const request: Partial<BuildRequest> = {
      ...only,
      name: "renamed",
      kind: "torch-library",
      out: "out",
      python: "./py",
      cudaArch: ["9.0;9.0a", "12.0+PTX"],
      profile: "release",
      cxxStandard: "c++23",
      defines: ["A=2", "C", "C=3", "U"],
      undefines: ["B"],
      includeDirs: ["i"],
      libraryDirs: ["l"],
      libraries: ["m"],
      linkFlags: ["-z", "now"],
      cxxFlags: ["-O0"],
      nvccFlags: ["-G"],
      hipccFlags: ["-h"],
      syclFlags: ["-s"],
    };
    const project = await read(files, { request, cwd: "/project/sub" });
    expect(project.python).toBe("/project/sub/py");
    expect(project.extensions).toHaveLength(1);
    expect(project.extensions[0]).toMatchObject({
      name: "renamed",
      kind: "torch-library",
      root: "/project",
      outDir: "/project/sub/out",
      cudaArch: ["9.0", "9.0a", "12.0+PTX"],
      profile: "release",
      cxxStandard: "23",
      defines: [{ name: "A", value: "2" }, { name: "C", value: "3" }, { name: "U" }],
      undefines: ["V", "B"],
      includeDirs: ["/project/sub/i", "/project/inc"],
      libraryDirs: ["/project/sub/l", "/project/lib"],
      libraries: ["own", "m"],
      linkFlags: ["-own", "-z", "now"],
      flags: { cxx: ["-O2", "-O0"], nvcc: ["-G"], hipcc: ["-h"], sycl: ["-s"] },
    });
  });

  test("without options everything stays", async () => {
    const [one, two] = (await read(files)).extensions;
    expect(one).toMatchObject({
      name: "one",
      profile: "debug",
      cudaArch: ["8.0"],
      flags: { cxx: ["-O2"] },
      undefines: ["U", "V"],
    });
    expect(two).toMatchObject({ name: "two", profile: "release" });
    expect((await read(files)).python).toBe("python3.10");
  });

  test("it also wins over what single files have", async () => {
    const text =
      '[extension.x]\nsources = ["a.cpp", "b.cpp"]\ncxx-flags = ["-O2"]\n[[extension.x.override]]\nfiles = ["a.cpp"]\ncxx-flags = ["-O3"]\ndefine = { A = 1, B = 1 }\n';
    const found = await readOne(
      { ...files, "retorch.toml": text },
      { request: { cxxFlags: ["-O0"], defines: ["A=2"], undefines: ["B"] } },
    );
    const lines = found.sources.map(({ flags }) => [...found.flags.cxx, ...(flags?.cxx ?? [])]);
    expect(lines).toEqual([
      ["-O2", "-O3", "-O0"],
      ["-O2", "-O0"],
    ]);
    expect(found.sources[0]?.defines).toEqual([]);
    expect(found.defines).toEqual([{ name: "A", value: "2" }]);
  });

  test("a command name for --python stays one", async () => {
    expect((await read(files, { request: { python: "python3.13" } })).python).toBe("python3.13");
  });
});

describe("what cannot be meant", () => {
  test.each<[string, Partial<BuildRequest>, { code?: string; message: string; hint?: string }]>([
    [
      "an extension that is not there",
      { extensions: ["on"] },
      { message: "there is no extension `on` here", hint: "did you mean `one`?" },
    ],
    ["one that resembles none", { extensions: ["zzzz"] }, { message: "`zzzz`", hint: "there is `one`, `two`" }],
    [
      "--name for two",
      { name: "x" },
      { message: "`--name` is for one extension, but there are 2", hint: "--extension one" },
    ],
    ["--kind for two", { kind: "executable" }, { message: "`--kind` is for one extension" }],
    ["a name that cannot be", { ...only, name: "x-y" }, { code: "NAME_INVALID", message: "`x-y` cannot be the name" }],
    ["a kind", { ...only, kind: "libary" }, { message: "`libary` is not a kind of extension (given with `--kind`)" }],
    ["a profile", { profile: "fast" }, { message: "`fast` is not a profile (given with `--profile`)" }],
    ["an architecture", { cudaArch: ["sm_90"] }, { message: "(given with `--arch`)", hint: "`9.0`" }],
    ["no architecture", { cudaArch: [""] }, { message: "the list of CUDA architectures is empty" }],
    ["a standard", { cxxStandard: "19" }, { message: "(given with `--std`)" }],
    ["a macro", { defines: ["A-B=1"] }, { message: "`A-B` is not the name of a macro (given with `-D`)" }],
    ["a macro to take back", { undefines: ["1"] }, { message: "(given with `-U`)" }],
    ["a macro both ways", { defines: ["A=1"], undefines: ["A"] }, { message: "is given with `-D` and with `-U`" }],
    ["a library", { libraries: ["-lm"] }, { message: "(given with `-l`)", hint: "`m`" }],
    ["an empty flag", { cxxFlags: [""] }, { message: "the value is empty (given with `--cxx-flag`)" }],
    ["an out folder that is a file", { out: "a.cpp" }, { message: "`a.cpp` is a file (given with `--out`)" }],
  ])("%s", async (_what, request, wanted) => {
    const failure = await readFailure(files, { request });
    expect(failure.code).toBe(wanted.code ?? "USAGE");
    expect(failure.message).toContain(wanted.message);
    expect(failure.hint ?? "").toContain(wanted.hint ?? "");
    expect(failure.location).toBeUndefined();
  });

  test("a bare extension can be asked for by its name only", async () => {
    expect((await readOne({ "a.cpp": pybind }, { request: { extensions: ["a"] } })).name).toBe("a");
    expect(await readFailure({ "a.cpp": pybind }, { request: { extensions: ["b"] } })).toMatchObject({ code: "USAGE" });
  });
});
