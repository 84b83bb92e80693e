/** Links and device links, by value. */
import { describe, expect, test } from "vitest";
import type { Environment } from "../../../src/environment/environment.ts";
import { debian, libtorch, linuxCpu, linuxCuda, projectRoot, source } from "../../support/plan-fixtures.ts";
import { failureOf, graphOf, linkWords, only, pathWord, type Setting, words } from "./support.ts";

const packages = `${projectRoot}/.venv/lib/python3.11/site-packages`;
const torchLib = `-L.venv/lib/python3.11/site-packages/torch/lib`;
const cudaLib = `-L.venv/lib/python3.11/site-packages/nvidia/cu13/lib`;
const cuda: Setting = { environment: linuxCuda, variables: { TORCH_CUDA_ARCH_LIST: "8.0;9.0+PTX" } };
const libraries = (found: readonly string[]): string[] => found.filter((word) => word.startsWith("-l"));

describe("the whole command", () => {
  test("of a module on pip's CPU torch", () => {
    const graph = graphOf({ sources: ["a.cpp", "b.cpp"] });
    const link = only(graph, "link");
    expect(words(link)).toEqual([
      "/usr/bin/g++",
      "-shared",
      "-o",
      ".retorch/out/ops/ops.cpython-311-x86_64-linux-gnu.so",
      ".retorch/obj/ops/a.cpp.o",
      ".retorch/obj/ops/b.cpp.o",
      torchLib,
      "-lc10",
      "-ltorch_cpu",
      "-ltorch",
      "-ltorch_python",
    ]);
    expect(link).toMatchObject({
      id: "ops/ops.cpython-311-x86_64-linux-gnu.so",
      description: "link ops.cpython-311-x86_64-linux-gnu.so",
      inputs: [`${projectRoot}/.retorch/obj/ops/a.cpp.o`, `${projectRoot}/.retorch/obj/ops/b.cpp.o`],
      outputs: [`${projectRoot}/.retorch/out/ops/ops.cpython-311-x86_64-linux-gnu.so`],
      env: {},
      cacheable: true,
    });
    expect(link.tools.map(({ name }) => name)).toEqual(["g++", "ld"]);
    expect(link.keyVariables).toEqual(expect.arrayContaining(["LIBRARY_PATH", "LD_RUN_PATH", "COMPILER_PATH"]));
    expect(graph.artifacts).toEqual([
      {
        name: "ops",
        extension: "ops",
        built: link.outputs[0],
        path: `${projectRoot}/ops.cpython-311-x86_64-linux-gnu.so`,
      },
    ]);
  });

  test("of a CUDA extension with pip's toolkit, which has no libcudart.so", () => {
    expect(linkWords({ sources: ["a.cpp", "k.cu"] }, cuda).slice(4)).toEqual([
      ".retorch/obj/ops/a.cpp.o",
      ".retorch/obj/ops/k.cu.o",
      torchLib,
      cudaLib,
      "-lc10",
      "-lc10_cuda",
      "-ltorch_cpu",
      "-ltorch_cuda",
      "-ltorch",
      "-ltorch_python",
      "-l:libcudart.so.13",
    ]);
  });

  test("of a toolkit that has libcudart.so", () => {
    const toolkit = linuxCuda.cuda;
    if (toolkit === undefined) throw new Error("the fixture lacks it");
    const environment: Environment = {
      ...linuxCuda,
      cuda: {
        ...toolkit,
        libraries: { cudart: "/usr/local/cuda/lib64/libcudart.so" },
        libraryDirs: ["/usr/local/cuda/lib64"],
      },
    };
    const found = linkWords({ sources: ["k.cu"] }, { ...cuda, environment });
    expect(found.at(-1)).toBe("-lcudart");
    expect(found).toContain("-L/usr/local/cuda/lib64");
  });
});

describe("files and places of the result", () => {
  test.each([
    [{ name: "ops" }, "ops.cpython-311-x86_64-linux-gnu.so", ""],
    [{ name: "my_pkg.sub._C" }, "_C.cpython-311-x86_64-linux-gnu.so", "my_pkg/sub/"],
    [{ name: "ops", pyLimitedApi: "3.10" }, "ops.abi3.so", ""],
    [{ name: "ops", kind: "torch-library" }, "ops.so", ""],
    [{ name: "tool", kind: "executable" }, "tool", ""],
  ] as const)("%j: %s", (parts, file, folder) => {
    const [artifact] = graphOf({ ...parts, outDir: "/out" }).artifacts;
    expect(artifact?.built).toBe(`${projectRoot}/.retorch/out/${parts.name}/${file}`);
    expect(artifact?.path).toBe(`/out/${folder}${file}`);
  });
});

describe("libraries", () => {
  test("the user's first, torch's as they are installed", () => {
    const environment: Environment = {
      ...linuxCpu,
      torch: { ...(linuxCpu.torch ?? fail()), libraries: ["c10", "torch_cpu"] },
    };
    expect(libraries(linkWords({ libraries: ["m", "z"] }, { environment }))).toEqual([
      "-lm",
      "-lz",
      "-lc10",
      "-ltorch_cpu",
    ]);
  });

  test("no Python bindings with the limited API, in programs, without torch", () => {
    expect(libraries(linkWords({ pyLimitedApi: "3.10" }))).toEqual(["-lc10", "-ltorch_cpu", "-ltorch"]);
    expect(libraries(linkWords({ kind: "executable" }))).toEqual(["-lc10", "-ltorch_cpu", "-ltorch"]);
    expect(libraries(linkWords({ usesTorch: false, libraries: ["m"] }))).toEqual(["-lm"]);
  });

  test("a library of operators takes them only if it uses them", () => {
    const found = linkWords({ kind: "torch-library" });
    expect(found.slice(found.indexOf("-ltorch") + 1)).toEqual([
      "-Wl,--push-state,--as-needed",
      "-ltorch_python",
      "-Wl,--pop-state",
    ]);
    expect(linkWords({ kind: "torch-library" }, { environment: libtorch }).at(-1)).toBe("-ltorch");
  });

  test("a CUDA torch without CUDA in the extension", () => {
    expect(libraries(linkWords({}, cuda))).toEqual(["-lc10", "-ltorch_cpu", "-ltorch", "-ltorch_python"]);
  });

  test("withCuda without a CUDA source", () => {
    expect(libraries(linkWords({ withCuda: true }, cuda))).toContain("-ltorch_cuda");
    expect(libraries(linkWords({ withCuda: true }, cuda))).toContain("-l:libcudart.so.13");
  });

  test("torch_cuda in two parts, as torch 1.10 had it", () => {
    const torch = {
      ...(linuxCuda.torch ?? fail()),
      libraries: [
        "c10",
        "c10_cuda",
        "torch",
        "torch_cpu",
        "torch_cuda",
        "torch_cuda_cu",
        "torch_cuda_cpp",
        "torch_python",
      ],
    };
    const found = libraries(linkWords({ sources: ["k.cu"] }, { ...cuda, environment: { ...linuxCuda, torch } }));
    expect(found).toEqual(expect.arrayContaining(["-ltorch_cuda_cu", "-ltorch_cuda_cpp"]));
    expect(found).not.toContain("-ltorch_cuda");
  });

  test("other libraries of pip's toolkit by their file", () => {
    expect(libraries(linkWords({ sources: ["k.cu"], libraries: ["curand", "z"] }, cuda)).slice(0, 2)).toEqual([
      "-l:libcurand.so.10",
      "-lz",
    ]);
  });

  test("Debian", () => {
    const found = linkWords({}, { environment: debian });
    expect(found).toContain("-L/usr/lib/x86_64-linux-gnu");
    expect(libraries(found)).toEqual(["-lc10", "-ltorch_cpu", "-ltorch", "-ltorch_python"]);
  });
});

describe("where libraries are looked for", () => {
  test("names as files, folders in the order of the search", () => {
    const link = only(
      graphOf(
        {
          libraries: ["z"],
          libraryDirs: ["/mine", `${projectRoot}/libs`],
          linkFlags: ["-L/late", "-lq", "-l:exact.so.1"],
        },
        { variables: { LDFLAGS: "-L/early -lw", LIBRARY_PATH: "/env:/env2" } },
      ),
      "link",
    );
    const dirs = [
      "/early",
      "/mine",
      `${projectRoot}/libs`,
      `${packages}/torch/lib`,
      "/late",
      "/env",
      "/env2",
      ...(linuxCpu.compiler?.systemLibraryDirs ?? []),
    ];
    expect(link.librarySearch).toEqual(
      [
        ["libw.so", "libw.a"],
        ["libz.so", "libz.a"],
        ["libc10.so", "libc10.a"],
        ["libtorch_cpu.so", "libtorch_cpu.a"],
        ["libtorch.so", "libtorch.a"],
        ["libtorch_python.so", "libtorch_python.a"],
        ["libq.so", "libq.a"],
        ["exact.so.1"],
      ].map((names) => ({ names, dirs })),
    );
  });

  test("-static asks for archives alone", () => {
    const link = only(
      graphOf({ kind: "executable", usesTorch: false, libraries: ["z"], linkFlags: ["-static"] }),
      "link",
    );
    expect(link.librarySearch[0]?.names).toEqual(["libz.a"]);
  });
});

describe("run paths", () => {
  test("none for modules and libraries", () => {
    for (const kind of ["python-module", "torch-library"] as const) {
      expect(linkWords({ kind }).filter((word) => word.includes("rpath"))).toEqual([]);
    }
  });

  test("of torch and CUDA for programs, keyed as they stand", () => {
    const link = only(graphOf({ kind: "executable", sources: ["main.cpp", "k.cu"] }, cuda), "link");
    expect(words(link).filter((word) => word.includes("rpath"))).toEqual([
      `-Wl,-rpath,${packages}/torch/lib`,
      `-Wl,-rpath,${packages}/nvidia/cu13/lib`,
    ]);
    expect(pathWord(link, `-Wl,-rpath,${packages}/torch/lib`)).toMatchObject({ literal: true });
    expect(words(link)).not.toContain("-shared");
  });

  test("of a program that will be installed: Python's packages where they will be", () => {
    const packagesAt = "$ORIGIN/../lib/python3.11/site-packages";
    const link = only(graphOf({ kind: "executable", sources: ["main.cpp", "k.cu"], packagesAt }, cuda), "link");
    expect(words(link).filter((word) => word.includes("rpath"))).toEqual([
      `-Wl,-rpath,${packagesAt}/torch/lib`,
      `-Wl,-rpath,${packagesAt}/nvidia/cu13/lib`,
    ]);
  });

  test("of the user: before torch's, $ORIGIN as it is, commas quoted", () => {
    const found = linkWords({ kind: "executable", runtimeLibraryDirs: ["$ORIGIN/lib", "/a,b"] });
    const at = found.indexOf("-Wl,-rpath,$ORIGIN/lib");
    expect(found.slice(at, at + 6)).toEqual([
      "-Wl,-rpath,$ORIGIN/lib",
      "-Xlinker",
      "-rpath",
      "-Xlinker",
      "/a,b",
      `-Wl,-rpath,${packages}/torch/lib`,
    ]);
  });
});

describe("flags", () => {
  test("CFLAGS, CXXFLAGS and LDFLAGS first, the user's last", () => {
    const found = linkWords(
      { linkFlags: ["-Wl,-z,now", "", "-lq"] },
      { variables: { CFLAGS: "-m64", CXXFLAGS: "-pthread", LDFLAGS: "-Wl,-O1 -L/early" } },
    );
    expect(found.slice(4, 8)).toEqual(["-m64", "-pthread", "-Wl,-O1", "-L/early"]);
    expect(found.slice(-2)).toEqual(["-Wl,-z,now", "-lq"]);
  });

  test("files that flags name are inputs, and so are further objects", () => {
    const link = only(
      graphOf({
        linkFlags: ["-Wl,--version-script=exports.map", "lib/x.a", "/abs/y.o"],
        extraObjects: [`${projectRoot}/pre.o`, "/opt/libq.so"],
      }),
      "link",
    );
    expect(link.inputs.slice(1)).toEqual([
      `${projectRoot}/pre.o`,
      "/opt/libq.so",
      `${projectRoot}/exports.map`,
      `${projectRoot}/lib/x.a`,
      "/abs/y.o",
    ]);
    // A shared library without a name of its own is remembered by the path that the linker was given.
    expect(pathWord(link, "/opt/libq.so")).toMatchObject({ literal: true });
    expect(pathWord(link, "pre.o")).not.toHaveProperty("literal");
  });

  test("-fuse-ld takes another linker into the key", () => {
    expect(only(graphOf({ linkFlags: ["-fuse-ld=mold"] }), "link").tools.map(({ name }) => name)).toEqual([
      "g++",
      "mold",
    ]);
    expect(only(graphOf({}, { variables: { LDFLAGS: "-fuse-ld=lld" } }), "link").tools.map(({ name }) => name)).toEqual(
      ["g++", "lld"],
    );
    expect(failureOf({ linkFlags: ["-fuse-ld=gold"] }).code).toBe("LINKER_NOT_FOUND");
  });
});

describe("thousands of objects", () => {
  const sources = Array.from({ length: 4000 }, (_, i) => `some/folder with blank/source_${i}.cpp`);

  test("go through a file", () => {
    const link = only(graphOf({ sources }), "link");
    expect(words(link)).toEqual([
      "/usr/bin/g++",
      "-shared",
      "-o",
      ".retorch/out/ops/ops.cpython-311-x86_64-linux-gnu.so",
      "@.retorch/obj/ops/link.rsp",
    ]);
    expect(link.responseFile?.path).toBe(".retorch/obj/ops/link.rsp");
    const lines = link.responseFile?.content.split("\n") ?? [];
    expect(lines[0]).toBe(String.raw`.retorch/obj/ops/some/folder\ with\ blank/source_0.cpp.o`);
    expect(lines).toHaveLength(4000 + 5 + 1);
    expect(link.inputs).toHaveLength(4000);
  });
});

describe("the device link", () => {
  const relocatable = { sources: ["a.cpp", "k.cu", "l.cu"], flags: { nvcc: ["-rdc=true"] } };

  test("of relocatable code, asked for or not: CUDA objects alone, machine code alone", () => {
    const graph = graphOf(relocatable, cuda);
    const action = only(graph, "device-link");
    expect(words(action)).toEqual([
      `${packages}/nvidia/cu13/bin/nvcc`,
      "-dlink",
      "-gencode=arch=compute_80,code=sm_80",
      "-gencode=arch=compute_90,code=sm_90",
      "-ccbin",
      "/usr/bin/g++",
      "-Xcompiler",
      "-fPIC",
      "-o",
      ".retorch/obj/ops/dlink.o",
      ".retorch/obj/ops/k.cu.o",
      ".retorch/obj/ops/l.cu.o",
      torchLib,
      cudaLib,
    ]);
    expect(action).toMatchObject({ id: "ops/dlink.o", outputs: [`${projectRoot}/.retorch/obj/ops/dlink.o`] });
    expect(action.inputs).toEqual([`${projectRoot}/.retorch/obj/ops/k.cu.o`, `${projectRoot}/.retorch/obj/ops/l.cu.o`]);
    expect(graph.actions.map(({ kind }) => kind)).toEqual([
      "compile",
      "compile-cuda",
      "compile-cuda",
      "device-link",
      "link",
    ]);
    const link = words(only(graph, "link"));
    expect(link).toContain(".retorch/obj/ops/dlink.o");
    // The registration code names what CUDA's device run time brings.
    expect(link.indexOf("-lcudadevrt")).toBeGreaterThan(link.indexOf(".retorch/obj/ops/dlink.o"));
  });

  test.each([
    [{ flags: { nvcc: ["-dc"] } }, true],
    [{ deviceLink: true }, true],
    [{ deviceLinkLibraries: ["nvshmem_device"] }, true],
    [{ sources: [source("k.cu", { flags: { cxx: [], nvcc: ["-rdc=true"], hipcc: [], sycl: [] } })] }, true],
    [{ flags: { nvcc: ["-rdc=false"] } }, false],
    [{}, false],
    [{ sources: ["a.cpp"], withCuda: true, deviceLink: true }, false],
  ] as const)("%j: %s", (parts, expected) => {
    expect(graphOf({ sources: ["k.cu"], ...parts }, cuda).actions.some(({ kind }) => kind === "device-link")).toBe(
      expected,
    );
  });

  test("libraries and flags of the device link; the link needs their host side", () => {
    const graph = graphOf(
      {
        ...relocatable,
        deviceLinkLibraries: ["nvshmem_device"],
        deviceLinkFlags: ["-dlink", "-L/nvshmem", "-v"],
        libraryDirs: ["/mine"],
        extraObjects: ["/pre/x.a"],
      },
      cuda,
    );
    const found = words(only(graph, "device-link"));
    expect(found.filter((word) => word === "-dlink")).toHaveLength(1);
    expect(found.slice(found.indexOf("/pre/x.a"))).toEqual([
      "/pre/x.a",
      "-L/mine",
      torchLib,
      cudaLib,
      "-L/nvshmem",
      "-v",
      "-lnvshmem_device",
    ]);
    expect(words(only(graph, "link"))).toContain("-lnvshmem_device");
    expect(only(graph, "device-link").librarySearch.map(({ names }) => names[0])).toEqual([
      "libnvshmem_device.so",
      "libcudadevrt.so",
    ]);
  });

  test("link-time optimisation in both steps", () => {
    const graph = graphOf({ sources: ["k.cu"], flags: { nvcc: ["-rdc=true", "-dlto"] } }, cuda);
    expect(words(only(graph, "device-link"))).toContain("-dlto");
    expect(words(only(graph, "compile-cuda"))).toContain("-gencode=arch=compute_80,code=lto_80");
    expect(words(only(graphOf({ sources: ["k.cu"], deviceLink: true }, cuda), "device-link"))).not.toContain("-dlto");
  });

  test("architectures of the user's flags, and of the device link's own", () => {
    const own = words(
      only(graphOf({ sources: ["k.cu"], flags: { nvcc: ["-dc", "-arch=sm_80"] } }, cuda), "device-link"),
    );
    expect(own.slice(2, 3)).toEqual(["-arch=sm_80"]);
    const other = words(only(graphOf({ ...relocatable, deviceLinkFlags: ["-arch=sm_90"] }, cuda), "device-link"));
    expect(other.filter((word) => word.startsWith("-gencode"))).toEqual([]);
  });

  const withFlags = (path: string, ...nvcc: string[]): ReturnType<typeof source> =>
    source(path, { flags: { cxx: [], nvcc, hipcc: [], sycl: [] } });
  const architecturesOf = (sources: readonly ReturnType<typeof source>[], setting: Setting = cuda): string[] =>
    words(only(graphOf({ sources, flags: { nvcc: ["-rdc=true"] } }, setting), "device-link")).filter((word) =>
      /^-(?:gencode|arch)/.test(word),
    );

  test("architectures of each source's own flags: all that any was compiled for", () => {
    expect(architecturesOf([withFlags("k.cu", "-arch=sm_90"), withFlags("l.cu", "-arch=sm_90")])).toEqual([
      "-arch=sm_90",
    ]);
    expect(
      architecturesOf([
        withFlags("k.cu", "-arch", "sm_90a"),
        withFlags("l.cu", "--generate-code", "arch=compute_80,code=sm_80"),
        source("m.cu"),
      ]),
    ).toEqual([
      "-gencode=arch=compute_90a,code=sm_90a",
      "-gencode=arch=compute_80,code=sm_80",
      "-gencode=arch=compute_90,code=sm_90",
    ]);
  });

  test("a user's lto_ code is linked into machine code", () => {
    expect(architecturesOf([withFlags("k.cu", "-gencode=arch=compute_90,code=[lto_90,compute_90]")])).toEqual([
      "-gencode=arch=compute_90,code=[sm_90,compute_90]",
    ]);
  });

  test("what nvcc reads from its variables is not said again", () => {
    const variables = { ...cuda.variables, NVCC_APPEND_FLAGS: "-arch=sm_90" };
    expect(architecturesOf([source("k.cu")], { ...cuda, variables })).toEqual([]);
  });
});

function fail(): never {
  throw new Error("the fixture lacks it");
}
