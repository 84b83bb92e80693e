/** nvcc commands, by value. */
import { describe, expect, test } from "vitest";
import { linuxCuda, projectRoot, source } from "../../support/plan-fixtures.ts";
import { byId, compileWords, failureOf, graphOf, only, pathWord, type Setting, words } from "./support.ts";

const packages = `${projectRoot}/.venv/lib/python3.11/site-packages`;
const setting = (variables: Setting["variables"] = {}): Setting => ({
  environment: linuxCuda,
  variables: { TORCH_CUDA_ARCH_LIST: "9.0", ...variables },
});
const nvccWords = (flags: readonly string[], variables?: Setting["variables"]): string[] =>
  compileWords({ sources: ["k.cu"], flags: { nvcc: flags } }, setting(variables));
const gencodes = (found: readonly string[]): string[] => found.filter((word) => word.startsWith("-gencode"));

describe("the whole command", () => {
  test("of a kernel on pip's CUDA torch with pip's toolkit", () => {
    const action = only(graphOf({ sources: ["csrc/k.cu"] }, setting()), "compile-cuda");
    expect(words(action)).toEqual([
      `${packages}/nvidia/cu13/bin/nvcc`,
      "-D__CUDA_NO_HALF_OPERATORS__",
      "-D__CUDA_NO_HALF_CONVERSIONS__",
      "-D__CUDA_NO_BFLOAT16_CONVERSIONS__",
      "-D__CUDA_NO_HALF2_OPERATORS__",
      "--expt-relaxed-constexpr",
      "-O3",
      "-DNDEBUG",
      "-std=c++20",
      "-gencode=arch=compute_90,code=sm_90",
      "-ccbin",
      "/usr/bin/g++",
      "-Xcompiler",
      "-fPIC",
      "-Xcompiler",
      `-ffile-prefix-map=${projectRoot}=.`,
      "-Xcompiler",
      `-ffile-prefix-map=${packages}/torch=torch`,
      "-DTORCH_EXTENSION_NAME=ops",
      "-DTORCH_API_INCLUDE_EXTENSION_H",
      "-D_GLIBCXX_USE_CXX11_ABI=1",
      "-isystem",
      ".venv/lib/python3.11/site-packages/torch/include",
      "-isystem",
      ".venv/lib/python3.11/site-packages/torch/include/torch/csrc/api/include",
      "-isystem",
      ".venv/lib/python3.11/site-packages/nvidia/cu13/include",
      "-isystem",
      "/opt/python/include/python3.11",
      "-MD",
      "-MF",
      ".retorch/obj/ops/csrc/k.cu.o.d",
      "-c",
      "csrc/k.cu",
      "-o",
      ".retorch/obj/ops/csrc/k.cu.o",
    ]);
    expect(action).toMatchObject({
      id: "ops/csrc/k.cu.o",
      kind: "compile-cuda",
      cwd: projectRoot,
      largePages: true,
      cacheable: true,
      source: `${projectRoot}/csrc/k.cu`,
    });
    expect(action.tools.map(({ name }) => name)).toEqual(["nvcc", "g++"]);
    expect(action.memoryEstimate).toBeGreaterThan(3_000_000_000);
  });

  test("what nvcc reads by itself is part of the key", () => {
    const action = only(graphOf({ sources: ["k.cu"] }, setting()), "compile-cuda");
    expect(action.keyVariables).toEqual(
      expect.arrayContaining([
        "NVCC_PREPEND_FLAGS",
        "NVCC_APPEND_FLAGS",
        "NVCC_CCBIN",
        "INCLUDES",
        "SYSTEM_INCLUDES",
        "PTXAS_FLAGS",
        "CPATH",
        "SOURCE_DATE_EPOCH",
      ]),
    );
  });

  test("without torch: none of its macros", () => {
    const found = compileWords({ sources: ["k.cu"], usesTorch: false }, setting());
    expect(found.filter((word) => /HALF|BFLOAT|relaxed|GLIBCXX|site-packages\/torch/.test(word))).toEqual([]);
  });
});

describe("architectures", () => {
  test("of the request, the variable, in any order the same command", () => {
    expect(gencodes(compileWords({ sources: ["k.cu"], cudaArch: ["8.0"] }, setting()))).toEqual([
      "-gencode=arch=compute_80,code=sm_80",
    ]);
    const one = compileWords({ sources: ["k.cu"] }, setting({ TORCH_CUDA_ARCH_LIST: "12.0;8.0;9.0a+PTX" }));
    const other = compileWords({ sources: ["k.cu"] }, setting({ TORCH_CUDA_ARCH_LIST: "9.0a+PTX 12.0 8.0" }));
    expect(one).toEqual(other);
    expect(gencodes(one)).toHaveLength(4);
  });

  test.each([
    [["-I/home/me/research/inc"]],
    [["-Xcompiler=-march=native"]],
    [["-Xcompiler", "-march=native"]],
    [["-Dsearch_depth=4"]],
  ])("%j has 'arch' in it and changes nothing", (flags) => {
    expect(gencodes(nvccWords(flags))).toEqual(["-gencode=arch=compute_90,code=sm_90"]);
  });

  test.each([[["-gencode=arch=compute_80,code=sm_80"]], [["-arch=sm_80"]], [["--gpu-architecture", "sm_80"]]])(
    "%j of the user stands alone",
    (flags) => {
      const found = nvccWords(flags);
      expect(found.filter((word) => word.includes("90"))).toEqual([]);
      expect(found).toEqual(expect.arrayContaining(flags));
    },
  );

  test("flags in NVCC_APPEND_FLAGS count as well", () => {
    expect(gencodes(nvccWords([], { NVCC_APPEND_FLAGS: "-arch=native" }))).toEqual([]);
  });

  test("flags of one file leave the others alone", () => {
    const sources = [
      source("a.cu", { flags: { cxx: [], nvcc: ["-arch=sm_80"], hipcc: [], sycl: [] } }),
      source("b.cu"),
    ];
    const graph = graphOf({ sources }, setting());
    expect(gencodes(words(byId(graph, "ops/a.cu.o")))).toEqual([]);
    expect(gencodes(words(byId(graph, "ops/b.cu.o")))).toHaveLength(1);
  });

  test("nothing is warned of when the flags say it all", () => {
    const graph = graphOf({ sources: ["k.cu"], flags: { nvcc: ["-arch=sm_80"] } }, { environment: linuxCuda });
    expect(graph.warnings).toEqual([]);
    expect(graphOf({ sources: ["k.cu"] }, { environment: linuxCuda }).warnings).toHaveLength(1);
  });

  test("what is wrong with a list is the failure of the plan", () => {
    expect(failureOf({ sources: ["k.cu"], cudaArch: ["7.0"] }, setting()).code).toBe("CUDA_ARCH_UNSUPPORTED");
    expect(failureOf({ sources: ["k.cu"] }, setting({ TORCH_CUDA_ARCH_LIST: "x" })).code).toBe("CUDA_ARCH_UNKNOWN");
  });
});

describe("what is given once", () => {
  test("-ccbin of the user, in flags or variables", () => {
    expect(nvccWords(["-ccbin", "/usr/bin/clang++"]).filter((word) => word === "-ccbin")).toHaveLength(1);
    expect(nvccWords(["-ccbin=/usr/bin/clang++"])).not.toContain("/usr/bin/g++");
    expect(nvccWords([], { NVCC_PREPEND_FLAGS: "-ccbin /usr/bin/clang++" })).not.toContain("-ccbin");
  });

  test("-std and -O of the user", () => {
    expect(nvccWords(["-std=c++17"]).filter((word) => word.includes("std="))).toEqual(["-std=c++17"]);
    expect(nvccWords(["-std", "c++17"])).not.toContain("-std=c++20");
    expect(nvccWords(["-O2"]).filter((word) => word.startsWith("-O"))).toEqual(["-O2"]);
    expect(nvccWords(["-Xcompiler", "-O2"])).toContain("-O3");
  });

  test("other flags stay as they are", () => {
    const flags = ["--threads", "4", "--use_fast_math", "-Xptxas", "-v", "--maxrregcount=64"];
    const found = nvccWords(flags);
    expect(found.slice(found.indexOf("--threads"), found.indexOf("-MD"))).toEqual(flags);
  });

  test("empty words are left out", () => {
    expect(nvccWords(["", "-I", "", " ", "-lineinfo"]).filter((word) => word.trim() === "" || word === "-I")).toEqual(
      [],
    );
  });
});

describe("profiles", () => {
  test.each([
    ["release", ["-O3", "-DNDEBUG"]],
    ["debug", ["-O0", "-g", "-lineinfo"]],
    ["release-with-debug", ["-O2", "-g", "-DNDEBUG", "-lineinfo"]],
    ["none", []],
  ] as const)("%s", (profile, expected) => {
    const found = compileWords({ sources: ["k.cu"], profile }, setting());
    expect(found.slice(found.indexOf("--expt-relaxed-constexpr") + 1, found.indexOf("-std=c++20"))).toEqual(expected);
  });

  test("-G of the user replaces -lineinfo, which nvcc would warn of", () => {
    expect(compileWords({ sources: ["k.cu"], profile: "debug", flags: { nvcc: ["-G"] } }, setting())).not.toContain(
      "-lineinfo",
    );
  });
});

describe("link-time optimisation of device code", () => {
  test("-dlto becomes code=lto_, which nvcc wants beside -gencode", () => {
    const found = nvccWords(["-dlto", "-rdc=true"]);
    expect(gencodes(found)).toEqual(["-gencode=arch=compute_90,code=lto_90"]);
    expect(found).not.toContain("-dlto");
  });

  test("with architectures of the user both stay", () => {
    expect(nvccWords(["-dlto", "-arch=sm_90"])).toEqual(expect.arrayContaining(["-dlto", "-arch=sm_90"]));
  });
});

describe("what is keyed as it stands", () => {
  test("folders of headers outside the project, whose names device code may take in", () => {
    const action = only(
      graphOf(
        { sources: ["k.cu"], includeDirs: [`${projectRoot}/inc`, "/elsewhere"], flags: { nvcc: ["-I/third"] } },
        setting(),
      ),
      "compile-cuda",
    );
    expect(pathWord(action, "/opt/python/include/python3.11")).toMatchObject({ literal: true });
    expect(pathWord(action, "-I/elsewhere")).toMatchObject({ literal: true });
    expect(pathWord(action, "-I/third")).toMatchObject({ literal: true });
    expect(pathWord(action, "-Iinc")).not.toHaveProperty("literal");
    expect(pathWord(action, "k.cu")).not.toHaveProperty("literal");
  });

  test("the project itself where debug information tells where it lies", () => {
    for (const nvcc of [["-lineinfo"], ["-G"], ["-src-in-ptx"]]) {
      const action = only(graphOf({ sources: ["k.cu"], flags: { nvcc } }, setting()), "compile-cuda");
      expect(pathWord(action, "k.cu")).toMatchObject({ literal: true });
    }
    const action = only(graphOf({ sources: ["k.cu"], profile: "debug" }, setting()), "compile-cuda");
    expect(pathWord(action, "k.cu")).toMatchObject({ literal: true });
  });
});

describe("names that nvcc stumbles over", () => {
  const inRoot = (root: string, parts: Parameters<typeof graphOf>[0] = {}): string[] =>
    compileWords({ root, sources: ["k.cu"], ...parts }, setting());

  test("a place with blanks and commas: the map is quoted for the shell behind nvcc", () => {
    const found = inRoot("/home/ada/my ops, new");
    expect(found).toContain('"-ffile-prefix-map=/home/ada/my ops, new=."');
    expect(found).toContain("k.cu");
  });

  test("a place with quotes or $: no map, and the source is keyed with its place", () => {
    const root = `/home/ada/it's "$HOME"`;
    const action = only(graphOf({ root, sources: ["k.cu"] }, setting()), "compile-cuda");
    expect(words(action).some((word) => word.includes("prefix-map=/home/ada/it"))).toBe(false);
    expect(pathWord(action, "k.cu")).toMatchObject({ literal: true });
  });

  test("folders to search: relative where that helps, quoted where there is a comma", () => {
    const root = "/home/it's/ops";
    expect(inRoot(root, { includeDirs: ["/home/it's/shared/inc"] })).toContain("-I../shared/inc");
    expect(inRoot("/home/ada/ops", { includeDirs: ["/data/a,b"] })).toContain('-I"/data/a,b"');
  });

  test("a folder with $: escaped in the source, replaced in the object", () => {
    const action = only(graphOf({ sources: ["so$me/k.cu"] }, setting()), "compile-cuda");
    expect(words(action)).toContain(String.raw`so\$me/k.cu`);
    expect(action.outputs).toEqual([`${projectRoot}/.retorch/obj/ops/so~24me/k.cu.o`]);
    expect(action.source).toBe(`${projectRoot}/so$me/k.cu`);
  });

  test.each(["a$b.cu", 'a"b.cu', "a`b.cu", "dir`x/a.cu"])(
    "%s cannot be compiled, which is said before nvcc does",
    (name) => {
      expect(failureOf({ sources: [name] }, setting())).toMatchObject({
        code: "NVCC_PATH_UNSUPPORTED",
        location: { file: `${projectRoot}/${name}` },
      });
    },
  );
});

describe("other", () => {
  test("a source that is not called .cu", () => {
    const found = compileWords({ sources: [source("k.cuh", { language: "cuda" })] }, setting());
    expect(found.slice(found.indexOf("-x"), found.indexOf("-x") + 2)).toEqual(["-x", "cu"]);
  });

  test("intermediate files that are kept: nothing to share", () => {
    expect(only(graphOf({ sources: ["k.cu"], flags: { nvcc: ["--keep"] } }, setting()), "compile-cuda")).toMatchObject({
      inPlace: true,
      cacheable: false,
    });
  });

  test("the host compiler of nvcc may be another one, with words of its own", () => {
    const compiler = linuxCuda.compiler;
    if (compiler === undefined) throw new Error("the fixture lacks it");
    const cudaHost = { ...compiler, cxx: { ...compiler.cxx, path: "/usr/bin/g++-11", arguments: ["-m64"] } };
    const found = compileWords({ sources: ["k.cu"] }, { ...setting(), environment: { ...linuxCuda, cudaHost } });
    expect(found[found.indexOf("-ccbin") + 1]).toBe("/usr/bin/g++-11");
    expect(found[found.indexOf("-m64") - 1]).toBe("-Xcompiler");
  });

  test('a launcher of nvcc (PYTORCH_NVCC="ccache nvcc")', () => {
    const cuda = linuxCuda.cuda;
    if (cuda === undefined) throw new Error("the fixture lacks it");
    const environment = { ...linuxCuda, cuda: { ...cuda, nvcc: { ...cuda.nvcc, launcher: ["/usr/bin/ccache"] } } };
    const action = only(graphOf({ sources: ["k.cu"] }, { ...setting(), environment }), "compile-cuda");
    expect(action.command[0]).toEqual("/usr/bin/ccache");
    expect(action.largePages).toBe(false);
  });

  test("headers are looked for where nvcc does", () => {
    const action = only(
      graphOf({ sources: ["k.cu"], includeDirs: [`${projectRoot}/inc`], flags: { nvcc: ["-I", "more"] } }, setting()),
      "compile-cuda",
    );
    expect(action.includeSearch.slice(0, 5)).toEqual([
      `${projectRoot}/inc`,
      `${projectRoot}/more`,
      `${packages}/torch/include`,
      `${packages}/torch/include/torch/csrc/api/include`,
      `${packages}/nvidia/cu13/include`,
    ]);
  });
});
