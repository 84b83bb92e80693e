import { describe, expect, test } from "vitest";
import { parseCaptured } from "../../../src/config/captured.ts";
import { type Files, read, readFailure, readOne, sourcesOf } from "./helpers.ts";

const files: Files = { "a.cpp": "", "k.cu": "", "note.txt": "", "a.h": "", "lib.a": "" };

/** A request with one extension; what is not said has its default. */
function captured(extension: Record<string, unknown> = {}, more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    format: 1,
    root: "/project",
    extensions: [{ name: "pkg._C", origin: "setup.py", sources: ["a.cpp"], ...extension }],
    ...more,
  });
}

const request = (text: string): { readonly request: { readonly captured: { name: string; text: string } } } => ({
  request: { captured: { name: "request.json", text } },
});

describe("a captured request", () => {
  test("says all that setuptools and torch know", async () => {
    const text = captured({
      device: "cuda",
      sources: ["a.cpp", { path: "k.cu", extra_compile_args: { nvcc: ["-G"] }, define_macros: [["K", "1"]] }],
      include_dirs: ["inc", "/abs"],
      define_macros: [
        ["A", "1"],
        ["B", null],
      ],
      undef_macros: ["NDEBUG"],
      libraries: ["z"],
      library_dirs: ["lib"],
      runtime_library_dirs: ["$ORIGIN/lib", "lib"],
      extra_objects: ["lib.a"],
      extra_link_args: ["-s"],
      extra_compile_args: { cxx: ["-O2"], nvcc: ["--use_fast_math"], nvcc_dlink: ["-lfoo"] },
      base_flags: { cxx: ["-g", "-fwrapv"], link: ["-Wl,-O1"] },
      depends: ["note.txt", "a.h", "missing.txt"],
      py_limited_api: "3.10",
      torch_target_version: "2.10",
      dlink: true,
      dlink_libraries: ["dev"],
      cuda_arch: "8.0;9.0",
      out_dir: "pkg",
      file_name: "_C.abi3.so",
    });
    expect(await readOne(files, request(text))).toEqual({
      name: "pkg._C",
      kind: "python-module",
      root: "/project",
      outDir: "/project/pkg",
      fileName: "_C.abi3.so",
      sources: [
        { path: "/project/a.cpp", language: "c++" },
        {
          path: "/project/k.cu",
          language: "cuda",
          flags: { cxx: [], nvcc: ["-G"], hipcc: ["-G"], sycl: [] },
          defines: [{ name: "K", value: "1" }],
        },
      ],
      includeDirs: ["/project/inc", "/abs"],
      defines: [{ name: "A", value: "1" }, { name: "B" }],
      undefines: ["NDEBUG"],
      flags: { cxx: ["-O2"], nvcc: ["--use_fast_math"], hipcc: ["--use_fast_math"], sycl: [] },
      ownHipccFlags: true,
      linkFlags: ["-s"],
      libraries: ["z"],
      libraryDirs: ["/project/lib"],
      runtimeLibraryDirs: ["$ORIGIN/lib", "/project/lib"],
      extraObjects: ["/project/lib.a"],
      depends: ["/project/note.txt"],
      cudaArch: ["8.0", "9.0"],
      pyLimitedApi: "3.10",
      torchTargetVersion: "2.10",
      withCuda: true,
      deviceLink: true,
      deviceLinkLibraries: ["dev"],
      deviceLinkFlags: ["-lfoo"],
      usesTorch: true,
      provenance: true,
      profile: "none",
      baseFlags: { cxx: ["-g", "-fwrapv"], link: ["-Wl,-O1"] },
      builder: "setuptools",
    });
  });

  test("of load() heeds no CFLAGS, and says where things go", async () => {
    const text = captured(
      { origin: "load", name: "ops", out_dir: "/out", file_name: "ops.so", cxx_standard: "17" },
      {
        python: "/py/bin/python",
        build_dir: "/out/.retorch",
        environment: { CC: "gcc-12", PYTORCH_NVCC: null },
        warnings: ["something to know"],
        read: { files: ["a.cpp"], listings: ["."], variables: { A: "1" } },
      },
    );
    const project = await read(files, request(text));
    expect(project).toMatchObject({
      root: "/project",
      python: "/py/bin/python",
      buildDir: "/out/.retorch",
      variables: { CC: "gcc-12", PYTORCH_NVCC: undefined },
      warnings: ["something to know"],
      witnesses: [
        { kind: "file", path: "/project/a.cpp" },
        { kind: "listing", path: "/project", names: ["a.cpp", "a.h", "k.cu", "lib.a", "note.txt"] },
      ],
    });
    expect(project.extensions[0]).toMatchObject({ baseFlags: { cxx: [], link: [] }, cxxStandard: "17" });
  });

  test("may leave the standard to the compiler, and takes .c and .cuh as torch's builder does", async () => {
    const more = { ...files, "c.c": "", "k.cuh": "" };
    const sources = [{ path: "c.c", language: "c++" }, "k.cuh"];
    const found = await readOne(more, request(captured({ sources, cxx_standard: "default" })));
    expect(found.compilerStandard).toBe(true);
    expect(found.sources.map(({ language }) => language)).toEqual(["c++", "cuda"]);
  });

  test("lets the command line have its say", async () => {
    const text = captured({ out_dir: "src/pkg", file_name: "_C.so" });
    const out = await readOne(files, { request: { captured: { name: "-", text }, out: "/else" } });
    expect(out).toMatchObject({ outDir: "/else/pkg", fileName: "_C.so" });
    const renamed = await readOne(files, { request: { captured: { name: "-", text }, name: "other" } });
    expect(renamed.fileName).toBeUndefined();
  });

  test("may hold several extensions, of which some are asked for", async () => {
    const one = { name: "one", origin: "load", sources: ["a.cpp"] };
    const text = JSON.stringify({ format: 1, root: "/project", extensions: [one, { ...one, name: "two" }] });
    const found = await readOne(files, { request: { captured: { name: "-", text }, extensions: ["two"] } });
    expect([found.name, ...sourcesOf(found)]).toEqual(["two", "a.cpp"]);
  });
});

describe("what is no captured request", () => {
  test.each([
    ["{", "`request.json` is no JSON"],
    ["[]", "is no captured request"],
    ['{"format": 2}', "is a captured request of format 2, this retorch reads format 1"],
    [captured({ sources: [] }), "at `extensions[0].sources`: is empty"],
    [captured({ sources: undefined }), "at `extensions[0].sources`"],
    [captured({ name: "" }), "at `extensions[0].name`: is empty"],
    [captured({ libs: ["z"] }), "at `extensions[0].libs`"],
    [captured({ define_macros: [["A"]] }), "at `extensions[0].define_macros[0][1]`"],
    [captured({}, { root: "project" }), "must be an absolute path"],
    [captured({ py_limited_api: "yes" }), "`yes` is not a Python version"],
  ])("%s", async (text, message) => {
    const found = await readFailure(files, request(text));
    expect(found.code).toBe("REQUEST_INVALID");
    expect(found.message).toContain(message);
  });

  test.each([
    [captured({ sources: ["b.cpp"] }), "SOURCE_NOT_FOUND", "the source `b.cpp` of `pkg._C` does not exist"],
    [captured({ sources: ["note.txt"] }), "SOURCE_UNSUPPORTED", "`note.txt`"],
    [captured({ extra_objects: ["b.o"] }), "SOURCE_NOT_FOUND", "the object `b.o` of `pkg._C` does not exist"],
    [captured({}, { root: "/nowhere" }), "PATH_NOT_FOUND", "`/nowhere`"],
  ])("%s names what is not there", async (text, code, message) => {
    const found = await readFailure(files, request(text));
    expect(found).toMatchObject({ code, message: expect.stringContaining(message) as string });
  });

  test("does not stand beside paths", async () => {
    const found = await readFailure(files, {
      request: { captured: { name: "-", text: captured() }, paths: ["a.cpp"] },
    });
    expect(found.code).toBe("USAGE");
  });

  test("is named as it was given", () => {
    const result = parseCaptured({ name: "standard input", text: "" });
    expect(result).toMatchObject({ ok: false, error: { message: "standard input is no JSON" } });
  });
});
