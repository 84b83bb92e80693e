import { describe, expect, test } from "vitest";
import { readProject } from "../../../src/config/read-project.ts";
import type { BuildRequest } from "../../../src/config/request.ts";
import { type Files, helper, hostWith, pybind, read, readFailure, readOne, sourcesOf } from "./helpers.ts";

const library = "TORCH_LIBRARY(my_ops, m) {}\n";
const implementation = "TORCH_LIBRARY_IMPL(my_ops, CPU, m) {}\n";
const program = "int main() { return 0; }\n";
const named = (name: string): string => `PYBIND11_MODULE(${name}, m) {}\n`;

describe("name and kind", () => {
  test.each<[string, Files, Partial<BuildRequest>, string, string]>([
    ["one source", { "my_extension.cpp": pybind }, {}, "my_extension", "python-module"],
    ["one CUDA source", { "k.cu": pybind }, {}, "k", "python-module"],
    ["the source that holds the macro", { "src/impl.cpp": helper, "src/ext.cpp": pybind }, {}, "ext", "python-module"],
    ["a literal name", { "a.cpp": named("fast_ops"), "b.cpp": helper }, {}, "fast_ops", "python-module"],
    [
      "a literal name beside the outer one",
      { "a.cpp": `#ifdef X\n${named("a1")}#else\n${pybind}#endif\n` },
      {},
      "a1",
      "python-module",
    ],
    ["PyInit_", { "a.c": "PyMODINIT_FUNC PyInit__C(void) {" }, {}, "_C", "python-module"],
    ["nanobind", { "a.cpp": "NB_MODULE(nb, m) {}" }, {}, "nb", "python-module"],
    ["a stem that is no identifier", { "2d-conv.cpp": pybind }, {}, "_2d_conv", "python-module"],
    ["a stem with accents", { "café.cpp": pybind }, {}, "cafe", "python-module"],
    ["--name", { "a.cpp": pybind }, { name: "pkg._C" }, "pkg._C", "python-module"],
    ["--name that fits the literal one", { "a.cpp": named("_C") }, { name: "pkg._C" }, "pkg._C", "python-module"],
    ["--name that picks one of two", { "a.cpp": `${named("x")}${named("y")}` }, { name: "y" }, "y", "python-module"],
    ["-D that gives the name", { "a.cpp": named("NAME") }, { defines: ["NAME=given"] }, "given", "python-module"],
    ["operators", { "ops.cpp": library }, {}, "ops", "torch-library"],
    ["operators in one of two", { "cpu.cpp": implementation, "lib.cpp": library }, {}, "lib", "torch-library"],
    ["operators declared twice: the folder", { "a.cpp": library, "b.cpp": library }, {}, "project", "torch-library"],
    [
      "only implementations: the folder",
      { "a.cpp": implementation, "b.cpp": implementation },
      {},
      "project",
      "torch-library",
    ],
    ["operators and a module", { "a.cpp": library, "m.cpp": pybind }, {}, "m", "python-module"],
    ["a program", { "tool.cpp": program, "b.cpp": helper }, {}, "tool", "executable"],
    ["a program with operators", { "tool.cpp": program, "b.cpp": library }, {}, "b", "torch-library"],
    ["--kind", { "a.cpp": helper, "b.cpp": helper }, { kind: "python-module" }, "project", "python-module"],
    [
      "--kind of a program with a dash",
      { "a.cpp": program },
      { kind: "executable", name: "my-tool" },
      "my-tool",
      "executable",
    ],
  ])("%s", async (_what, files, request, name, kind) => {
    expect(await readOne(files, { request })).toMatchObject({ name, kind });
  });

  test.each<[string, Files, Partial<BuildRequest>, { code: string; message: string; hint?: string }]>([
    [
      "nothing that tells",
      { "a.cpp": helper },
      {},
      { code: "KIND_UNKNOWN", message: "nothing in `a.cpp` says what to build", hint: "--kind" },
    ],
    [
      "the same in several",
      { "a.cpp": helper, "b.cpp": helper },
      {},
      { code: "KIND_UNKNOWN", message: "nothing in the 2 sources" },
    ],
    [
      "two modules",
      { "a.cpp": named("x"), "b.cpp": pybind },
      {},
      {
        code: "MODULE_AMBIGUOUS",
        message: "`TORCH_EXTENSION_NAME` in `b.cpp`, `x` in `a.cpp`",
        hint: "retorch build a.cpp",
      },
    ],
    [
      "two names in one source",
      { "a.cpp": `${named("x")}${named("y")}` },
      {},
      { code: "MODULE_AMBIGUOUS", message: "several names: `x`, `y`", hint: "--name" },
    ],
    [
      "two programs",
      { "a.cpp": program, "b.cpp": program },
      {},
      { code: "MODULE_AMBIGUOUS", message: "more than one source defines `main`: `a.cpp`, `b.cpp`" },
    ],
    [
      "another name than the literal one",
      { "a.cpp": named("x") },
      { name: "y" },
      { code: "NAME_INVALID", message: "`a.cpp` defines `x`", hint: "TORCH_EXTENSION_NAME" },
    ],
    [
      "a name that cannot be",
      { "a.cpp": pybind },
      { name: "my-ops" },
      { code: "NAME_INVALID", message: "`my-ops` cannot be the name", hint: "`my_ops`" },
    ],
    ["a literal name that cannot be", { "a.cpp": named("lambda") }, {}, { code: "NAME_INVALID", message: "keyword" }],
    [
      "a file name that gives none",
      { "扩展.cpp": pybind },
      {},
      { code: "NAME_INVALID", message: "no name for the extension can be made of `扩展`", hint: "--name" },
    ],
    [
      "no sources",
      { "README.md": "" },
      {},
      { code: "NO_SOURCES", message: "there are no sources in this folder", hint: "`.cu`" },
    ],
  ])("%s", async (_what, files, request, wanted) => {
    const failure = await readFailure(files, { request });
    expect(failure.code).toBe(wanted.code);
    expect(failure.message).toContain(wanted.message);
    expect(failure.hint ?? "").toContain(wanted.hint ?? "");
  });
});

describe("the sources of a folder", () => {
  test("are all below it but for tests, builds, hidden and foreign folders", async () => {
    const files = {
      "a.cpp": pybind,
      "csrc/b.cc": "",
      "csrc/cuda/k.cu": "",
      "csrc/k.cuh": "",
      "c.c": "",
      "d.cxx": "",
      "e.C": "",
      "f.c++": "",
      "tests/t.cpp": program,
      "csrc/testing/t.cpp": program,
      "build/b.cpp": "",
      "csrc/build/b.cpp": "",
      "dist/b.cpp": "",
      ".retorch/x.cpp": "",
      ".venv/x.cpp": "",
      "myenv/pyvenv.cfg": "",
      "myenv/x.cpp": "",
      "node_modules/x.cpp": "",
      "third_party/lib/.git": "gitdir: x",
      "third_party/lib/x.cpp": "",
    };
    expect(sourcesOf(await readOne(files))).toEqual([
      "a.cpp",
      "c.c",
      "csrc/b.cc",
      "csrc/cuda/k.cu",
      "d.cxx",
      "e.C",
      "f.c++",
    ]);
  });

  test("code for other devices counts where there is none for CUDA", async () => {
    const both = { "a.cpp": pybind, "k.cu": "", "k.hip": "", "k.sycl": "" };
    expect(sourcesOf(await readOne(both))).toEqual(["a.cpp", "k.cu"]);
    const { "k.cu": _, ...others } = both;
    expect(sourcesOf(await readOne(others))).toEqual(["a.cpp", "k.hip", "k.sycl"]);
  });

  test("Objective-C++ is for macOS", async () => {
    const files = { "a.cpp": pybind, "m.mm": "" };
    expect(sourcesOf(await readOne(files))).toEqual(["a.cpp"]);
    expect(sourcesOf(await readOne(files, { platform: "darwin" }))).toEqual(["a.cpp", "m.mm"]);
  });

  test("are not searched for without end", async () => {
    const files = Object.fromEntries(Array.from({ length: 5001 }, (_, i) => [`d${i}/x`, ""]));
    expect(await readFailure(files)).toMatchObject({
      code: "NO_SOURCES",
      message: "`/project` holds more than 5000 folders and no description of a project",
    });
  });

  test("in a folder that is closed to us are not there", async () => {
    const host = hostWith({ "a.cpp": pybind, "closed/b.cpp": "" });
    const denied = Object.assign(new Error("EINVAL"), { code: "EINVAL" });
    const list = host.fs.list.bind(host.fs);
    host.fs.list = (path) => {
      if (path === "/project/closed") throw denied;
      return list(path);
    };
    expect(await readProject(host, { paths: [] })).toMatchObject({ ok: true, value: { extensions: [{ name: "a" }] } });
  });

  test("that cannot be read are an error", async () => {
    const host = hostWith({ "a.cpp": pybind });
    host.fs.readBytes = () => {
      throw Object.assign(new Error("EACCES"), { code: "EACCES" });
    };
    expect(await readProject(host, { paths: [] })).toMatchObject({
      ok: false,
      error: { code: "SOURCE_NOT_FOUND", message: expect.stringContaining("permission denied") },
    });
  });

  test("may be in any encoding", async () => {
    expect((await readOne({ "a.cpp": Buffer.from(`// caf\u00e9\n${named("x")}`, "latin1") })).name).toBe("x");
  });
});

describe("the include path", () => {
  test("is the project folder, and `include` when it is there", async () => {
    const files = { "src/a.cpp": pybind, "src/b.cpp": helper };
    expect((await readOne(files)).includeDirs).toEqual(["/project"]);
    const more = { ...files, "include/my.h": "" };
    expect((await readOne(more)).includeDirs).toEqual(["/project", "/project/include"]);
    const request = { paths: ["src/a.cpp", "src/b.cpp"] };
    expect((await readOne(more, { request })).includeDirs).toEqual(["/project", "/project/include"]);
    const { witnesses } = await read(more, { request });
    expect(witnesses).toContainEqual({ kind: "listing", path: "/project/include", names: ["my.h"] });
  });
});
