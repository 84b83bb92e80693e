import { describe, expect, test } from "vitest";
import type { Extension } from "../../../src/config/extension.ts";
import { type SetupScript, readProject } from "../../../src/config/read-project.ts";
import { type Files, helper, hostWith, pybind, read, readFailure, readOne, sourcesOf } from "./helpers.ts";

const config = '[extension.my_ops]\nsources = ["csrc/*.cpp"]\n';
const project: Files = { "retorch.toml": config, "csrc/a.cpp": pybind, "csrc/b.cpp": helper };

describe("what a path means", () => {
  test("nothing: the project here", async () => {
    const found = await read(project);
    expect(found.root).toBe("/project");
    expect(sourcesOf(found.extensions[0])).toEqual(["csrc/a.cpp", "csrc/b.cpp"]);
  });

  test("nothing, in a folder below: the nearest project above", async () => {
    const found = await read({ ...project, "csrc/deep/x.txt": "" }, { cwd: "/project/csrc/deep" });
    expect(found.root).toBe("/project");
    expect(found.extensions[0]?.outDir).toBe("/project");
  });

  test("nothing, and no project: this folder", async () => {
    const found = await readOne({ "a.cpp": pybind }, { cwd: "/project" });
    expect(found).toMatchObject({ name: "a", root: "/project", outDir: "/project" });
  });

  test("pyproject.toml counts when it has the table", async () => {
    const table = { "pyproject.toml": '[tool.retorch.extension.x]\nsources = ["csrc/a.cpp"]\n' };
    expect((await read({ ...project, ...table, "retorch.toml": config })).extensions[0]?.name).toBe("my_ops");
    const { "retorch.toml": _, ...without } = project;
    expect((await read({ ...without, ...table })).extensions[0]?.name).toBe("x");
    const other = { "pyproject.toml": '[build-system]\nbuild-backend = "retorch.build"\n' };
    expect((await read({ ...without, ...other })).extensions[0]?.name).toBe("a");
  });

  test("one above without the table is passed over", async () => {
    const files = { "/project/retorch.toml": config, "csrc/a.cpp": pybind, "csrc/pyproject.toml": "[project]\n" };
    expect((await read(files, { cwd: "/project/csrc" })).root).toBe("/project");
  });

  test("a folder: what describes it, without looking above", async () => {
    const files = { ...project, "sub/x.cpp": pybind };
    expect((await read(files, { request: { paths: ["."] } })).extensions[0]?.name).toBe("my_ops");
    const found = await readOne(files, { request: { paths: ["sub/"] } });
    expect(found).toMatchObject({ name: "x", root: "/project/sub", outDir: "/project/sub" });
  });

  test("a .toml file, of any name", async () => {
    const files = { "conf/cpu.toml": '[extension.cpu]\nsources = ["../a.cpp"]\n', "a.cpp": pybind };
    const found = await readOne(files, { request: { paths: ["conf/cpu.toml"] } });
    expect(found).toMatchObject({ name: "cpu", root: "/project/conf", origin: { file: "/project/conf/cpu.toml" } });
    expect(sourcesOf(found)).toEqual(["a.cpp"]);
  });

  test("a pyproject.toml without the table is an error when it is named", async () => {
    const failure = await readFailure({ "pyproject.toml": "" }, { request: { paths: ["pyproject.toml"] } });
    expect(failure).toMatchObject({
      code: "CONFIG_INVALID",
      message: "`pyproject.toml` has no table `[tool.retorch]`",
    });
  });

  test("source files: no configuration at all", async () => {
    const files = { ...project, "retorch.toml": "[[[broken" };
    const found = await readOne(files, { request: { paths: ["csrc/a.cpp", "csrc/b.cpp"] } });
    expect(found).toMatchObject({ name: "a", root: "/project", outDir: "/project", profile: "release" });
    expect(found.origin).toBeUndefined();
  });

  test("source files outside: their common folder is the root, the result appears here", async () => {
    const files = { "/lib/src/a.cpp": pybind, "/lib/other/b.cu": helper };
    const both = await readOne(files, { request: { paths: ["/lib/src/a.cpp", "../lib/other/b.cu"] } });
    expect(both).toMatchObject({ root: "/lib", outDir: "/project" });
    const one = await readOne(files, { request: { paths: ["/lib/src/a.cpp"] } });
    expect(one).toMatchObject({ root: "/lib/src", outDir: "/project" });
  });

  test("source files here and outside: the root is here, and never the root of the disk", async () => {
    const files = { "/lib/src/a.cpp": pybind, "own.cpp": helper, "/srv/b.cpp": helper };
    const mixed = await readOne(files, { request: { paths: ["/lib/src/a.cpp", "own.cpp"] } });
    expect(mixed).toMatchObject({ root: "/project", outDir: "/project" });
    const scattered = await readOne(files, { request: { paths: ["/lib/src/a.cpp", "/srv/b.cpp"] } });
    expect(scattered).toMatchObject({ root: "/project", outDir: "/project" });
  });

  test("a folder of the name of the configuration", async () => {
    const failure = await readFailure({ "retorch.toml/a.cpp": pybind }, { request: { paths: [] } });
    expect(failure).toMatchObject({ code: "CONFIG_INVALID", message: "`retorch.toml` is a folder, not a file" });
  });

  test("a pattern that the shell did not expand", async () => {
    const found = await readOne(project, { request: { paths: ["csrc/*.cpp", "!csrc/b.cpp"] } });
    expect(sourcesOf(found)).toEqual(["csrc/a.cpp"]);
  });

  test.each<[string, string[], { code: string; message?: string; hint?: string }]>([
    [
      "nothing there",
      ["src/a.cpp"],
      { code: "PATH_NOT_FOUND", message: "`src/a.cpp` does not exist", hint: "did you mean `csrc/a.cpp`?" },
    ],
    ["a file that is misspelt", ["csrc/aa.cpp"], { code: "PATH_NOT_FOUND", hint: "did you mean `csrc/a.cpp`?" }],
    ["an empty word", [""], { code: "PATH_NOT_FOUND" }],
    ["a pattern for nothing", ["*.cu"], { code: "SOURCE_NOT_FOUND", message: "`*.cu` matches no file" }],
    ["a header", ["csrc/a.cpp", "csrc/a.h"], { code: "SOURCE_UNSUPPORTED", message: "`csrc/a.h` is a header" }],
    ["an unknown suffix", ["notes.txt"], { code: "SOURCE_UNSUPPORTED", hint: "known suffixes" }],
    [
      "a folder among files",
      ["csrc/a.cpp", "csrc"],
      { code: "USAGE", message: "`csrc` is a folder and stands among files" },
    ],
    ["two folders", ["csrc", "empty"], { code: "USAGE", message: "2 folders are given" }],
    [
      "a configuration among files",
      ["csrc/a.cpp", "retorch.toml"],
      { code: "USAGE", message: "`retorch.toml` describes a project" },
    ],
    ["the same file twice", ["csrc/a.cpp", "./csrc/a.cpp"], { code: "SOURCE_DUPLICATE" }],
    ["a folder without sources", ["empty"], { code: "NO_SOURCES", message: "there are no sources in `empty`" }],
  ])("%s", async (_what, paths, wanted) => {
    const files = { ...project, "csrc/a.h": "", "notes.txt": "", "empty/readme.md": "" };
    const failure = await readFailure(files, { request: { paths } });
    expect(failure.code).toBe(wanted.code);
    expect(failure.message).toContain(wanted.message ?? "");
    expect(failure.hint ?? "").toContain(wanted.hint ?? "");
  });
});

describe("setup.py", () => {
  const files: Files = { "setup.py": "setup()", "a.cpp": pybind };

  test("without a reader it is an error with a way out", async () => {
    const failure = await readFailure(files);
    expect(failure).toMatchObject({ code: "SETUP_PY_UNSUPPORTED", hint: expect.stringContaining("retorch.toml") });
    expect(await readFailure(files, { request: { paths: ["setup.py"] } })).toMatchObject({
      code: "SETUP_PY_UNSUPPORTED",
    });
  });

  test("a configuration beside it wins, and so do files that are named", async () => {
    expect((await read({ ...files, "retorch.toml": '[extension.x]\nsources = ["a.cpp"]' })).extensions[0]?.name).toBe(
      "x",
    );
    expect((await read(files, { request: { paths: ["a.cpp"] } })).extensions[0]?.name).toBe("a");
  });

  test("a reader is asked, and the command line comes on top", async () => {
    const asked: SetupScript[] = [];
    const captured = await readOne({ "a.cpp": pybind }, {});
    const setupScripts = {
      read: async (script: SetupScript) => {
        asked.push(script);
        const extensions = [
          { ...captured, name: "one" },
          { ...captured, name: "two" },
        ];
        return { ok: true as const, value: { extensions, witnesses: [{ kind: "file" as const, path: script.path }] } };
      },
    };
    const request = { paths: [], python: "python3.12", profile: "debug", extensions: ["two"] };
    const found = await read(files, { request, reader: { setupScripts } });
    expect(asked).toMatchObject([{ folder: "/project", path: "/project/setup.py", python: "python3.12" }]);
    expect(found.extensions.map(({ name, profile }) => [name, profile])).toEqual([["two", "debug"]]);
    expect(found.witnesses).toContainEqual({ kind: "file", path: "/project/setup.py" });
  });

  test("a configuration that names no extensions leaves it the word, unless it says something of sources", async () => {
    const asked: SetupScript[] = [];
    const captured = await readOne({ "a.cpp": pybind }, {});
    const setupScripts = {
      read: async (script: SetupScript) => {
        asked.push(script);
        return { ok: true as const, value: { extensions: [{ ...captured, name: "scripted" }], witnesses: [] } };
      },
    };
    const general = 'python = "python3.12"\neditable-rebuild = true\n';
    const found = await read({ ...files, "retorch.toml": general }, { reader: { setupScripts } });
    expect(found.extensions.map(({ name }) => name)).toEqual(["scripted"]);
    expect(found).toMatchObject({ editableRebuild: true, python: "python3.12" });
    expect(asked).toMatchObject([{ python: "python3.12" }]);
    for (const more of ['profile = "debug"', "[defaults]\ndefine = { A = true }"]) {
      const bare = await read({ ...files, "retorch.toml": `${general}${more}` }, { reader: { setupScripts } });
      expect(bare.extensions.map(({ name }) => name)).toEqual(["a"]);
    }
    const without = await read({ "a.cpp": pybind, "retorch.toml": general });
    expect(without.witnesses).toContainEqual({ kind: "file", path: "/project/setup.py" });
    expect(without.configured).toBeUndefined();
  });
});

describe("settings", () => {
  const all = `
python = ".venv/bin/python"
profile = "debug"
out-dir = "python"

[extension."my_pkg._C"]
kind = "torch-library"
sources = ["csrc/b.cpp", "csrc/*.cpp"]
include-dirs = ["csrc", "/opt/include", "../up"]
define = { WITH_CUDA = true, LEVEL = "2", COUNT = 3, EMPTY = "", OFF = false }
undefine = ["NDEBUG"]
cxx-flags = ["-O3", "-Wall"]
nvcc-flags = ["--use_fast_math"]
hipcc-flags = ["-a"]
sycl-flags = ["-b"]
link-flags = ["-Wl,--as-needed", "lib/x.a"]
libraries = ["curand"]
library-dirs = ["lib"]
runtime-library-dirs = ["$ORIGIN/lib", "@loader_path/x", "lib"]
extra-objects = ["lib/x.a"]
cuda-arch = ["8.0", "9.0a"]
cxx-standard = "c++20"
py-limited-api = true
torch-target-version = "2.10"
with-cuda = true
device-link = true
device-link-libraries = ["cudadevrt"]
device-link-flags = ["-dlto"]
uses-torch = false
`;

  test("each becomes what it says", async () => {
    const found = await read({ ...project, "retorch.toml": all, "lib/x.a": "" });
    expect(found.python).toBe("/project/.venv/bin/python");
    const { sources, ...extension } = found.extensions[0] as Extension;
    expect(sources.map(({ path, language }) => [path, language])).toEqual([
      ["/project/csrc/b.cpp", "c++"],
      ["/project/csrc/a.cpp", "c++"],
    ]);
    expect(extension).toEqual({
      name: "my_pkg._C",
      kind: "torch-library",
      root: "/project",
      outDir: "/project/python",
      includeDirs: ["/project/csrc", "/opt/include", "/up"],
      defines: [
        { name: "WITH_CUDA" },
        { name: "LEVEL", value: "2" },
        { name: "COUNT", value: "3" },
        { name: "EMPTY", value: "" },
      ],
      undefines: ["OFF", "NDEBUG"],
      flags: { cxx: ["-O3", "-Wall"], nvcc: ["--use_fast_math"], hipcc: ["-a"], sycl: ["-b"] },
      linkFlags: ["-Wl,--as-needed", "lib/x.a"],
      libraries: ["curand"],
      libraryDirs: ["/project/lib"],
      runtimeLibraryDirs: ["$ORIGIN/lib", "@loader_path/x", "/project/lib"],
      extraObjects: ["/project/lib/x.a"],
      cudaArch: ["8.0", "9.0a"],
      cxxStandard: "20",
      pyLimitedApi: "3.10",
      torchTargetVersion: "2.10",
      withCuda: true,
      deviceLink: true,
      deviceLinkLibraries: ["cudadevrt"],
      deviceLinkFlags: ["-dlto"],
      usesTorch: false,
      provenance: true,
      profile: "debug",
      origin: { file: "/project/retorch.toml" },
    } satisfies Omit<Extension, "sources">);
  });

  test("what is not said has its default", async () => {
    const { sources: _, ...extension } = await readOne(project);
    expect(extension).toEqual({
      name: "my_ops",
      kind: "python-module",
      root: "/project",
      outDir: "/project",
      includeDirs: [],
      defines: [],
      undefines: [],
      flags: { cxx: [], nvcc: [], hipcc: [], sycl: [] },
      linkFlags: [],
      libraries: [],
      libraryDirs: [],
      runtimeLibraryDirs: [],
      extraObjects: [],
      withCuda: "auto",
      deviceLink: false,
      deviceLinkLibraries: [],
      deviceLinkFlags: [],
      usesTorch: true,
      provenance: true,
      profile: "release",
      origin: { file: "/project/retorch.toml" },
    } satisfies Omit<Extension, "sources">);
  });

  test("the limited API by version, and not at all", async () => {
    const withApi = (value: string) => readOne({ ...project, "retorch.toml": `${config}py-limited-api = ${value}` });
    expect((await withApi('"3.9"')).pyLimitedApi).toBe("3.9");
    expect(await withApi("false")).not.toHaveProperty("pyLimitedApi");
  });

  test("a command name stays one", async () => {
    expect((await read({ ...project, "retorch.toml": `python = "python3.12"\n${config}` })).python).toBe("python3.12");
  });

  test("dotted names, with quotes and without", async () => {
    const text =
      '[extension.pkg._C]\nsources = ["csrc/a.cpp"]\n[extension."pkg.sub._D"]\nsources = ["csrc/a.cpp"]\n[extension.pkg]\nsources = ["csrc/b.cpp"]\n';
    const found = await read({ ...project, "retorch.toml": text });
    expect(found.extensions.map(({ name }) => name).sort()).toEqual(["pkg", "pkg._C", "pkg.sub._D"]);
  });

  test("every language by its suffix", async () => {
    const names = ["a.c", "a.cc", "a.cpp", "a.cxx", "a.c++", "a.C", "a.mm", "a.cu", "a.hip", "a.sycl"];
    const files = Object.fromEntries(names.map((name) => [name, ""]));
    const text = `[extension.x]\nsources = ${JSON.stringify(names)}`;
    const found = await readOne({ ...files, "retorch.toml": text });
    expect(found.sources.map(({ language }) => language)).toEqual([
      "c",
      "c++",
      "c++",
      "c++",
      "c++",
      "c++",
      "objective-c++",
      "cuda",
      "hip",
      "sycl",
    ]);
  });

  test("odd names simply work", async () => {
    const odd = [
      "my ops/a b.cpp",
      "it's/q\"uote.cpp",
      "$dollar/${x}.cpp",
      "größe/数.cu",
      "a[1].cpp",
      "{b}.cpp",
      "!c.cpp",
      "~d.cpp",
    ];
    const files = Object.fromEntries(odd.map((name) => [name, ""]));
    const text = `[extension.x]\nsources = ${JSON.stringify(odd)}\ninclude-dirs = ["$dollar", "my ops"]`;
    const found = await readOne({ ...files, "retorch.toml": text });
    expect(sourcesOf(found)).toEqual(odd);
    expect(found.includeDirs).toEqual(["/project/$dollar", "/project/my ops"]);
  });

  test("[defaults] comes before, and the extension wins", async () => {
    const text = `
[defaults]
kind = "torch-library"
sources = ["csrc/b.cpp"]
include-dirs = ["common"]
cxx-flags = ["-Wall"]
cuda-arch = ["8.0"]
define = { A = 1, B = 1, C = 1 }
undefine = ["D", "E"]
profile = "debug"
out-dir = "out"

[extension.one]
sources = ["csrc/a.cpp"]
include-dirs = ["own"]
cxx-flags = ["-O2"]
cuda-arch = ["9.0"]
define = { A = 2, B = false, D = true }
undefine = ["C"]
profile = "none"

[extension.two]
kind = "python-module"
sources = ["csrc/a.cpp"]
out-dir = "two"
`;
    const { extensions } = await read({ ...project, "retorch.toml": text });
    const [one, two] = extensions;
    expect(one).toMatchObject({
      kind: "torch-library",
      includeDirs: ["/project/common", "/project/own"],
      flags: { cxx: ["-Wall", "-O2"] },
      cudaArch: ["9.0"],
      defines: [{ name: "A", value: "2" }, { name: "D" }],
      undefines: ["B", "C", "E"],
      profile: "none",
      outDir: "/project/out",
    });
    expect(sourcesOf(one)).toEqual(["csrc/b.cpp", "csrc/a.cpp"]);
    expect(two).toMatchObject({
      kind: "python-module",
      defines: [
        { name: "A", value: "1" },
        { name: "B", value: "1" },
        { name: "C", value: "1" },
      ],
      undefines: ["D", "E"],
      cudaArch: ["8.0"],
      profile: "debug",
      outDir: "/project/two",
    });
  });

  test("exclusions, by both ways of saying it", async () => {
    const files = { "a.cpp": "", "b.cpp": "", "t/c.cpp": "", "t/u/d.cpp": "", "e_test.cpp": "" };
    const sources = async (text: string) =>
      sourcesOf(await readOne({ ...files, "retorch.toml": `[extension.x]\n${text}` }));
    expect(await sources('sources = ["**/*.cpp", "!*_test.cpp"]\nexclude = ["t"]')).toEqual(["a.cpp", "b.cpp"]);
    expect(await sources('sources = ["!**/*_test.cpp", "**/*.cpp"]\nexclude = ["t/*.cpp"]')).toEqual([
      "a.cpp",
      "b.cpp",
      "t/u/d.cpp",
    ]);
    expect(await sources('sources = ["**/*.cpp"]\nexclude = ["**/u/**", "[!a]*.cpp"]')).toEqual(["a.cpp", "t/c.cpp"]);
  });

  test("a pattern takes the sources among what it matches, each once", async () => {
    const files = { "a.cpp": "", "a.h": "", README: "", "b.cu": "" };
    const found = await readOne({ ...files, "retorch.toml": '[extension.x]\nsources = ["b.cu", "*", "*.cu"]' });
    expect(sourcesOf(found)).toEqual(["b.cu", "a.cpp"]);
  });

  test("overrides for single files", async () => {
    const text = `
[defaults]
define = { A = 1 }
[[defaults.override]]
files = ["**/*.cu"]
nvcc-flags = ["-lineinfo"]

[extension.x]
sources = ["csrc/*.cpp", "csrc/k.cu"]
[[extension.x.override]]
files = ["csrc/*", "!csrc/b.cpp"]
cxx-flags = ["-O0"]
define = { A = 2, Z = true }
[[extension.x.override]]
files = ["csrc/a.cpp"]
cxx-flags = ["-g"]
define = { Z = false }
`;
    const found = await readOne({ ...project, "csrc/k.cu": "", "retorch.toml": text });
    expect(found.defines).toEqual([{ name: "A", value: "1" }]);
    expect(found.sources).toEqual([
      {
        path: "/project/csrc/a.cpp",
        language: "c++",
        flags: { cxx: ["-O0", "-g", "-UZ"], nvcc: ["-UZ"], hipcc: ["-UZ"], sycl: ["-UZ"] },
        defines: [{ name: "A", value: "2" }],
      },
      { path: "/project/csrc/b.cpp", language: "c++" },
      {
        path: "/project/csrc/k.cu",
        language: "cuda",
        flags: { cxx: ["-O0"], nvcc: ["-lineinfo"], hipcc: [], sycl: [] },
        defines: [{ name: "A", value: "2" }, { name: "Z" }],
      },
    ]);
  });

  test("a default override need not fit every extension", async () => {
    const text =
      '[[defaults.override]]\nfiles = ["csrc/a.cpp"]\ncxx-flags = ["-g"]\n[extension.a]\nsources = ["csrc/b.cpp"]\n[extension.b]\nsources = ["csrc/a.cpp"]\n';
    const { extensions } = await read({ ...project, "retorch.toml": text });
    expect(extensions.map((one) => one.sources[0]?.flags?.cxx)).toEqual([undefined, ["-g"]]);
  });

  test("a configuration without extensions describes the bare sources", async () => {
    const text =
      'profile = "debug"\nout-dir = "lib"\n[defaults]\ncxx-flags = ["-g3"]\ninclude-dirs = ["inc"]\nexclude = ["old"]\n';
    const found = await readOne({ "ops.cpp": pybind, "b.cpp": helper, "old/c.cpp": "", "retorch.toml": text });
    expect(found).toMatchObject({
      name: "ops",
      kind: "python-module",
      profile: "debug",
      outDir: "/project/lib",
      flags: { cxx: ["-g3"] },
      includeDirs: ["/project", "/project/inc"],
      origin: { file: "/project/retorch.toml" },
    });
    expect(sourcesOf(found)).toEqual(["b.cpp", "ops.cpp"]);
  });
});

describe("what is handed out", () => {
  test("is frozen through and through", async () => {
    const found = await read({
      ...project,
      "retorch.toml": `${config}[[extension.my_ops.override]]\nfiles = ["csrc/a.cpp"]\ndefine = {A = 1}\n`,
    });
    const walk = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      expect(Object.isFrozen(value)).toBe(true);
      for (const part of Object.values(value)) walk(part);
    };
    walk(found);
  });

  test("names every file that was read or looked for, and every folder that was walked", async () => {
    const { witnesses } = await read({ ...project, "pyproject.toml": "" }, { cwd: "/project/csrc" });
    expect(witnesses).toEqual([
      { kind: "file", path: "/project/csrc/retorch.toml" },
      { kind: "file", path: "/project/csrc/pyproject.toml" },
      { kind: "file", path: "/project/retorch.toml" },
      { kind: "listing", path: "/project/csrc", names: ["a.cpp", "b.cpp"] },
    ]);
  });

  test("for bare sources: the sources too, for they say what is built", async () => {
    const { witnesses } = await read({ "a.cpp": pybind, "sub/b.cpp": helper }, { request: { paths: ["."] } });
    expect(witnesses).toEqual([
      { kind: "file", path: "/project/retorch.toml" },
      { kind: "file", path: "/project/pyproject.toml" },
      { kind: "file", path: "/project/setup.py" },
      { kind: "listing", path: "/project", names: ["a.cpp", "sub"] },
      { kind: "listing", path: "/project/sub", names: ["b.cpp"] },
      { kind: "file", path: "/project/a.cpp" },
      { kind: "file", path: "/project/sub/b.cpp" },
      { kind: "listing", path: "/project/include", names: [] },
    ]);
  });

  test("each source is read once, and nothing is written", async () => {
    const host = hostWith({ "a.cpp": pybind, "b.cpp": helper });
    host.resetAccesses();
    await readProject(host, { paths: [] });
    expect(host.reads).toEqual(["/project/a.cpp", "/project/b.cpp"]);
    expect(host.fs.accesses.writes).toEqual([]);
  });

  test("sources of a configuration are not read at all", async () => {
    const host = hostWith(project);
    host.resetAccesses();
    await readProject(host, { paths: [] });
    expect(host.reads).toEqual(["/project/retorch.toml"]);
  });
});

describe("on Windows", () => {
  test("paths have the platform's form", async () => {
    const files = {
      "retorch.toml": "[extension.my_ops]\nsources = ['csrc\\*.cpp', \"csrc/k.cu\"]\ninclude-dirs = ['csrc\\inc']\n",
      "csrc/a.cpp": pybind,
      "csrc/k.cu": "",
    };
    const found = await read(files, { platform: "win32", cwd: "C:\\project\\csrc" });
    expect(found.root).toBe("C:\\project");
    expect(found.extensions[0]).toMatchObject({
      sources: [{ path: "C:\\project\\csrc\\a.cpp" }, { path: "C:\\project\\csrc\\k.cu" }],
      includeDirs: ["C:\\project\\csrc\\inc"],
    });
  });

  test("names that differ in case only are the same file", async () => {
    const text = '[extension.Ops]\nsources = ["a.cpp"]\n[extension.ops]\nsources = ["a.cpp"]\n';
    const failure = await readFailure({ "retorch.toml": text, "a.cpp": "" }, { platform: "win32" });
    expect(failure.code).toBe("ARTIFACT_CONFLICT");
    expect((await read({ "retorch.toml": text, "a.cpp": "" })).extensions).toHaveLength(2);
  });
});
