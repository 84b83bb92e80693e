/** Compiles with gcc and clang, by value. */
import { describe, expect, test } from "vitest";
import type { Environment } from "../../../src/environment/environment.ts";
import { debian, libtorch, linuxCpu, linuxCuda, projectRoot, source } from "../../support/plan-fixtures.ts";
import { byId, compileWords, graphOf, only, pathWord, words } from "./support.ts";

const torch = `${projectRoot}/.venv/lib/python3.11/site-packages/torch`;

describe("the whole command", () => {
  test("of a module on pip's CPU torch", () => {
    const action = only(graphOf(), "compile");
    expect(words(action)).toEqual([
      "/usr/bin/g++",
      "-O3",
      "-DNDEBUG",
      "-fPIC",
      "-std=c++20",
      `-ffile-prefix-map=${projectRoot}=.`,
      "-ffile-prefix-map=/opt/python/include/python3.11=python",
      `-ffile-prefix-map=${torch}=torch`,
      "-DTORCH_EXTENSION_NAME=ops",
      "-DTORCH_API_INCLUDE_EXTENSION_H",
      "-D_GLIBCXX_USE_CXX11_ABI=1",
      "-isystem",
      `${torch}/include`,
      "-isystem",
      `${torch}/include/torch/csrc/api/include`,
      "-isystem",
      "/opt/python/include/python3.11",
      "-MD",
      "-MF",
      ".retorch/obj/ops/csrc/ops.cpp.o.d",
      "-c",
      "csrc/ops.cpp",
      "-o",
      ".retorch/obj/ops/csrc/ops.cpp.o",
    ]);
    expect(action).toMatchObject({
      id: "ops/csrc/ops.cpp.o",
      description: "compile csrc/ops.cpp",
      extension: "ops",
      cwd: projectRoot,
      env: {},
      inputs: [`${projectRoot}/csrc/ops.cpp`],
      outputs: [`${projectRoot}/.retorch/obj/ops/csrc/ops.cpp.o`],
      depfile: { path: ".retorch/obj/ops/csrc/ops.cpp.o.d", format: "make" },
      source: `${projectRoot}/csrc/ops.cpp`,
      cacheable: true,
    });
    expect(action.tools.map(({ name }) => name)).toEqual(["g++"]);
    expect(action.keyVariables).toEqual(
      expect.arrayContaining(["CPATH", "CPLUS_INCLUDE_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX", "SOURCE_DATE_EPOCH"]),
    );
    expect(action.memoryEstimate).toBeGreaterThan(1_600_000_000);
    expect(action).not.toHaveProperty("inPlace");
  });

  test("of an extension without torch: no macro, flag or folder of torch", () => {
    const found = compileWords({ usesTorch: false });
    expect(found).toContain("-DTORCH_EXTENSION_NAME=ops");
    expect(found.filter((word) => /TORCH_API|GLIBCXX|site-packages/.test(word))).toEqual([]);
    expect(only(graphOf({ usesTorch: false }), "compile").memoryEstimate).toBeLessThan(500_000_000);
  });
});

describe("by torch", () => {
  const withRelease = (version: string): Environment => ({
    ...linuxCpu,
    torch: { ...(linuxCpu.torch ?? fail()), version, release: version.split(".").map(Number) },
  });

  test.each([
    ["1.13.1", "-std=c++14"],
    ["2.0.1", "-std=c++14"],
    ["2.1.0", "-std=c++17"],
    ["2.12.0", "-std=c++17"],
    ["2.13.0", "-std=c++20"],
    ["3.0.0", "-std=c++20"],
  ])("%s: %s", (version, standard) => {
    expect(compileWords({}, { environment: withRelease(version) }).filter((word) => word.startsWith("-std="))).toEqual([
      standard,
    ]);
  });

  test("the ABI of libtorch itself", () => {
    const environment = { ...linuxCpu, torch: { ...(linuxCpu.torch ?? fail()), cxx11Abi: false } };
    expect(compileWords({}, { environment })).toContain("-D_GLIBCXX_USE_CXX11_ABI=0");
  });

  test("Debian: no folder that the compiler searches anyway, pybind11's ABI as macros", () => {
    const found = compileWords({}, { environment: debian });
    expect(found.filter((_, i) => found[i - 1] === "-isystem")).toEqual([
      "/usr/include/torch/csrc/api/include",
      "/usr/include/python3.11",
    ]);
    expect(found).toEqual(
      expect.arrayContaining([
        '-DPYBIND11_COMPILER_TYPE="_gcc"',
        '-DPYBIND11_STDLIB="_libstdcpp"',
        '-DPYBIND11_BUILD_ABI="_cxxabi1017"',
      ]),
    );
    expect(found).toContain("-std=c++14");
  });

  test("a LibTorch without Python: libraries and programs, no folder of Python", () => {
    const found = compileWords({ kind: "torch-library" }, { environment: libtorch });
    expect(found.filter((_, i) => found[i - 1] === "-isystem")).toEqual([
      "/opt/libtorch/include",
      "/opt/libtorch/include/torch/csrc/api/include",
    ]);
  });

  test("CUDA headers where CUDA is used", () => {
    const dirs = (withCuda: boolean | "auto"): boolean =>
      compileWords({ withCuda }, { environment: linuxCuda }).some((word) => word.endsWith("nvidia/cu13/include"));
    expect(dirs(true)).toBe(true);
    expect(dirs("auto")).toBe(false);
    expect(
      compileWords({ sources: ["a.cpp", "b.cu"] }, { environment: linuxCuda }).some((word) =>
        word.endsWith("nvidia/cu13/include"),
      ),
    ).toBe(true);
  });
});

describe("by the request", () => {
  test("macros, folders and flags, in this order, the source's own last", () => {
    const found = compileWords({
      sources: [
        source("a.cpp", {
          flags: { cxx: ["-O1"], nvcc: ["-x"], hipcc: [], sycl: [] },
          defines: [{ name: "PER_FILE", value: "1" }],
        }),
      ],
      includeDirs: [`${projectRoot}/inc`, "/elsewhere/inc"],
      defines: [{ name: "WITH_CUDA" }, { name: "LEVEL", value: "2" }, { name: "TEXT", value: '"a b"' }],
      undefines: ["NDEBUG"],
      flags: { cxx: ["-O2", "-Wall"] },
    });
    const from = found.indexOf("-DWITH_CUDA");
    expect(found.slice(from, from + 7)).toEqual([
      "-DWITH_CUDA",
      "-DLEVEL=2",
      '-DTEXT="a b"',
      "-UNDEBUG",
      "-DPER_FILE=1",
      "-Iinc",
      "-I/elsewhere/inc",
    ]);
    const users = found.indexOf("-O2");
    expect(found.slice(users, users + 3)).toEqual(["-O2", "-Wall", "-O1"]);
    expect(users).toBeGreaterThan(found.indexOf("-O3"));
    expect(users).toBeGreaterThan(found.lastIndexOf("-isystem"));
  });

  test.each([
    ["release", ["-O3", "-DNDEBUG"]],
    ["debug", ["-O0", "-g"]],
    ["release-with-debug", ["-O2", "-g", "-DNDEBUG"]],
    ["none", []],
  ] as const)("profile %s", (profile, expected) => {
    const found = compileWords({ profile });
    expect(found.slice(1, found.indexOf("-fPIC"))).toEqual(expected);
  });

  test("a standard of the request, and one among the flags, which is not repeated", () => {
    expect(compileWords({ cxxStandard: "23" })).toContain("-std=c++23");
    const found = compileWords({ cxxStandard: "23", flags: { cxx: ["-std=gnu++20"] } });
    expect(found.filter((word) => word.startsWith("-std="))).toEqual(["-std=gnu++20"]);
  });

  test("the limited API and the stable ABI", () => {
    const found = compileWords({ pyLimitedApi: "3.10", torchTargetVersion: "2.10" });
    expect(found).toContain("-DPy_LIMITED_API=0x030A0000");
    expect(found).toContain("-DTORCH_TARGET_VERSION=0x020a000000000000");
    expect(compileWords({ pyLimitedApi: "3.9" })).toContain("-DPy_LIMITED_API=0x03090000");
  });

  test("a dotted name gives its last part", () => {
    expect(compileWords({ name: "my_pkg._C" })).toContain("-DTORCH_EXTENSION_NAME=_C");
  });

  test("a program is no extension", () => {
    expect(compileWords({ kind: "executable" }).filter((word) => /^-DTORCH_/.test(word))).toEqual([]);
  });

  test("sources outside the project keep their absolute path, keyed as it stands", () => {
    const action = only(graphOf({ sources: ["/gen/x.cpp"] }), "compile");
    expect(pathWord(action, "/gen/x.cpp")).toMatchObject({ literal: true });
    expect(action.id).toBe("ops/__/__/__/gen/x.cpp.o");
  });
});

describe("CFLAGS, CPPFLAGS and CXXFLAGS", () => {
  const variables = {
    CFLAGS: "-O2 -isystem /conda/include -std=c11",
    CPPFLAGS: "-DFROM_CPP='a b'",
    CXXFLAGS: "-fno-plt",
  };

  test("come before the user's own and after the plan's; C++ takes all", () => {
    const found = compileWords({ flags: { cxx: ["-O1"] } }, { variables });
    expect(found.slice(found.indexOf("-O2"), found.indexOf("-MD"))).toEqual([
      "-O2",
      "-isystem",
      "/conda/include",
      "-DFROM_CPP=a b",
      "-fno-plt",
      "-O1",
    ]);
    expect(found).toContain("-std=c++20");
  });

  test("C takes no CXXFLAGS", () => {
    const found = compileWords({ sources: ["a.c"] }, { variables });
    expect(found).toContain("-std=c11");
    expect(found).not.toContain("-fno-plt");
  });
});

describe("languages", () => {
  test("C: the C compiler, no flags of C++", () => {
    const found = compileWords({ sources: ["a.c"], flags: { cxx: ["-std=c++17", "-fno-rtti", "-Wall"] } });
    expect(found[0]).toBe("/usr/bin/gcc");
    expect(found.filter((word) => /std=|rtti|GLIBCXX/.test(word))).toEqual([]);
    expect(found).toContain("-Wall");
    expect(found).not.toContain("-x");
  });

  test("C without a C compiler: the C++ one, told so", () => {
    const { cc: _, ...compiler } = linuxCpu.compiler ?? fail();
    const found = compileWords({ sources: ["a.c"] }, { environment: { ...linuxCpu, compiler } });
    expect(found.slice(found.indexOf("-x"), found.indexOf("-x") + 2)).toEqual(["-x", "c"]);
  });

  test("a language that the suffix does not say", () => {
    const found = compileWords({ sources: [source("a.c", { language: "c++" })] });
    expect(found[0]).toBe("/usr/bin/g++");
    expect(found.slice(found.indexOf("-x"), found.indexOf("-x") + 2)).toEqual(["-x", "c++"]);
  });
});

describe("what is keyed as it stands", () => {
  test("nothing that a map keeps out of the object", () => {
    const action = only(graphOf({ includeDirs: [`${projectRoot}/inc`] }), "compile");
    expect(pathWord(action, "-Iinc")).not.toHaveProperty("literal");
    expect(pathWord(action, "/opt/python/include/python3.11")).not.toHaveProperty("literal");
    // Absolute although it lies in the project: an environment elsewhere gives the same object and the same key.
    expect(pathWord(action, `${torch}/include`)).not.toHaveProperty("literal");
    expect(pathWord(action, "csrc/ops.cpp")).not.toHaveProperty("literal");
  });

  test("folders outside of everything that is mapped", () => {
    const action = only(graphOf({ includeDirs: ["/elsewhere/inc"], flags: { cxx: ["-I/third"] } }), "compile");
    expect(pathWord(action, "-I/elsewhere/inc")).toMatchObject({ literal: true });
    expect(pathWord(action, "-I/third")).toMatchObject({ literal: true });
  });

  test("an old compiler has no maps", () => {
    const environment = {
      ...linuxCpu,
      torch: { ...(linuxCpu.torch ?? fail()), release: [2, 0, 1] },
      compiler: { ...(linuxCpu.compiler ?? fail()), version: [7, 5, 0] },
    };
    const action = only(graphOf({}, { environment }), "compile");
    expect(words(action).some((word) => word.startsWith("-ffile-prefix-map"))).toBe(false);
    expect(pathWord(action, "/opt/python/include/python3.11")).toMatchObject({ literal: true });
    // In the project, but named by its absolute path.
    expect(pathWord(action, `${torch}/include`)).toMatchObject({ literal: true });
  });

  test("a place with = cannot be mapped", () => {
    const root = "/home/ada/a=b";
    expect(compileWords({ root }).some((word) => word.includes("a=b=."))).toBe(false);
  });
});

describe("where headers are looked for", () => {
  test("in the order of the search, absolute", () => {
    const action = only(
      graphOf({
        includeDirs: [`${projectRoot}/inc`],
        flags: { cxx: ["-Imore", "-iquote", "q", "-isystem", "/sys", "-idirafter", "/late"] },
      }),
      "compile",
    );
    expect(action.includeSearch).toEqual([
      `${projectRoot}/q`,
      `${projectRoot}/inc`,
      `${projectRoot}/more`,
      `${torch}/include`,
      `${torch}/include/torch/csrc/api/include`,
      "/opt/python/include/python3.11",
      "/sys",
      ...(linuxCpu.compiler?.systemIncludeDirs ?? []),
      "/late",
    ]);
  });

  test("a folder that is a system folder too counts there only, as gcc says", () => {
    const action = only(graphOf({ includeDirs: ["/opt/python/include/python3.11", `${projectRoot}/inc`] }), "compile");
    expect(action.includeSearch[0]).toBe(`${projectRoot}/inc`);
  });
});

describe("flags that change what is written", () => {
  test("coverage: notes beside the object, names inside, nothing to share, a seed", () => {
    const action = only(graphOf({ flags: { cxx: ["--coverage"] } }), "compile");
    expect(action).toMatchObject({ inPlace: true, cacheable: false });
    expect(action.outputs).toEqual([
      `${projectRoot}/.retorch/obj/ops/csrc/ops.cpp.o`,
      `${projectRoot}/.retorch/obj/ops/csrc/ops.cpp.gcno`,
    ]);
    expect(words(action)).toContain("-frandom-seed=ops/csrc/ops.cpp.o");
  });

  test("split debug information", () => {
    const action = only(graphOf({ flags: { cxx: ["-g", "-gsplit-dwarf"] } }), "compile");
    expect(action).toMatchObject({ inPlace: true, cacheable: true });
    expect(action.outputs[1]).toMatch(/ops\.cpp\.dwo$/);
  });

  test("files named by flags are inputs", () => {
    const action = only(graphOf({ flags: { cxx: ["-fplugin=tools/p.so"] } }), "compile");
    expect(action.inputs).toContain(`${projectRoot}/tools/p.so`);
  });
});

describe("tools", () => {
  test("a launcher stands before the compiler", () => {
    const compiler = linuxCpu.compiler ?? fail();
    const environment = {
      ...linuxCpu,
      compiler: { ...compiler, cxx: { ...compiler.cxx, launcher: ["/usr/bin/ccache"], arguments: ["-m64"] } },
    };
    const graph = graphOf({}, { environment });
    expect(only(graph, "compile").command.slice(0, 3)).toEqual([
      "/usr/bin/ccache",
      { path: "/usr/bin/g++", role: "tool" },
      "-m64",
    ]);
    // A link is nothing to be launched.
    expect(words(only(graph, "link")).slice(0, 2)).toEqual(["/usr/bin/g++", "-m64"]);
  });

  test("clang on Linux: the same command, its own variables", () => {
    const compiler = linuxCpu.compiler ?? fail();
    const environment = { ...linuxCpu, compiler: { ...compiler, family: "clang" as const, version: [19, 1, 0] } };
    const action = only(graphOf({ flags: { cxx: ["-flto"] } }, { environment }), "compile");
    expect(action.keyVariables).toContain("CCC_OVERRIDE_OPTIONS");
    expect(words(action).some((word) => word.startsWith("-frandom-seed"))).toBe(false);
    expect(words(action)).toContain(`-ffile-prefix-map=${projectRoot}=.`);
  });
});

test("two extensions, several sources: one action each, in an order that can be run", () => {
  const graph = graphOf([
    { name: "a", sources: ["x/k.cpp", "y/k.cpp"] },
    { name: "b.c", sources: ["x/k.cpp"] },
  ]);
  expect(graph.actions.map(({ id }) => id)).toEqual([
    "a/x/k.cpp.o",
    "a/y/k.cpp.o",
    "a/a.cpython-311-x86_64-linux-gnu.so",
    "b.c/x/k.cpp.o",
    "b.c/c.cpython-311-x86_64-linux-gnu.so",
  ]);
  expect(byId(graph, "b.c/x/k.cpp.o").extension).toBe("b.c");
});

test("a build folder elsewhere", () => {
  const action = only(graphOf({}, { buildDir: "/cache/build/1" }), "compile");
  expect(action.outputs).toEqual(["/cache/build/1/obj/ops/csrc/ops.cpp.o"]);
  expect(action.id).toBe("ops/csrc/ops.cpp.o");
});

function fail(): never {
  throw new Error("the fixture lacks it");
}
