/** Windows and macOS, HIP and SYCL: commands by value. None of them has been run by the authors. */
import { describe, expect, test } from "vitest";
import type { Environment } from "../../../src/environment/environment.ts";
import {
  exampleTool,
  linuxCpu,
  linuxCuda,
  macos,
  projectRoot,
  source,
  windowsCuda,
  windowsRoot,
  linuxRocm,
} from "../../support/plan-fixtures.ts";
import { compileWords, failureOf, graphOf, linkWords, only, pathWord, type Setting, words } from "./support.ts";

const python = String.raw`C:\Python311`;
const windows: Setting = { environment: windowsCuda, variables: { TORCH_CUDA_ARCH_LIST: "9.0" } };
const windowsSource = (path: string): ReturnType<typeof source> => source(path, {}, windowsRoot);

describe("Windows", () => {
  test("the whole command of cl", () => {
    const action = only(
      graphOf({ sources: [String.raw`csrc\ops.cpp`], includeDirs: [String.raw`${windowsRoot}\inc`] }, windows),
      "compile",
    );
    expect(words(action)).toEqual([
      String.raw`C:\VS\bin\Hostx64\x64\cl.exe`,
      "/nologo",
      "/Brepro",
      "/O2",
      "/DNDEBUG",
      "/MD",
      ...["4819", "4251", "4244", "4267", "4275", "4018", "4190", "4624", "4067", "4068"].map(
        (number) => `/wd${number}`,
      ),
      "/EHsc",
      "/std:c++20",
      "-DTORCH_EXTENSION_NAME=ops",
      "-DTORCH_API_INCLUDE_EXTENSION_H",
      "-Iinc",
      String.raw`-I${python}\Lib\site-packages\torch\include`,
      String.raw`-I${python}\Lib\site-packages\torch\include\torch\csrc\api\include`,
      String.raw`-I${python}\Include`,
      "/showIncludes",
      "/c",
      String.raw`csrc\ops.cpp`,
      String.raw`/Fo.retorch\obj\ops\csrc\ops.cpp.obj`,
    ]);
    expect(action).toMatchObject({
      id: "ops/csrc/ops.cpp.obj",
      description: "compile csrc/ops.cpp",
      depfile: { format: "msvc" },
      env: windowsCuda.compiler?.env,
    });
    expect(action.keyVariables).toEqual(expect.arrayContaining(["CL", "_CL_", "INCLUDE"]));
    expect(pathWord(action, String.raw`-I${python}\Include`)).toMatchObject({ literal: true });
  });

  test("suffixes that cl does not know, C, a standard of the user", () => {
    expect(compileWords({ sources: [windowsSource("a.cc")] }, windows)).toContain("/Tpa.cc");
    expect(compileWords({ sources: [windowsSource("a.c")] }, windows)).toContain("a.c");
    expect(compileWords({ sources: [windowsSource("a.c")] }, windows).some((word) => word.startsWith("/std:"))).toBe(
      false,
    );
    const own = compileWords({ flags: { cxx: ["/std:c++17", "/Od"] } }, windows);
    expect(own.filter((word) => word.startsWith("/std:"))).toEqual(["/std:c++17"]);
    expect(own).not.toContain("/O2");
    expect(compileWords({ cxxStandard: "23" }, windows)).toContain("/std:c++latest");
  });

  test("a program database cannot be shared", () => {
    expect(only(graphOf({ flags: { cxx: ["/Zi"] } }, windows), "compile")).toMatchObject({
      inPlace: true,
      cacheable: false,
    });
    expect(compileWords({ profile: "debug" }, windows)).toContain("/Z7");
  });

  test("the link of a CUDA module", () => {
    const graph = graphOf({ sources: [windowsSource("k.cu")] }, windows);
    const link = only(graph, "link");
    expect(words(link)).toEqual([
      String.raw`C:\VS\bin\Hostx64\x64\link.exe`,
      "/nologo",
      "/DLL",
      "/Brepro",
      "/INCREMENTAL:NO",
      String.raw`/OUT:.retorch\out\ops\ops.cp311-win_amd64.pyd`,
      String.raw`/IMPLIB:.retorch\obj\ops\ops.lib`,
      String.raw`.retorch\obj\ops\k.cu.obj`,
      String.raw`/LIBPATH:${python}\Lib\site-packages\torch\lib`,
      String.raw`/LIBPATH:${python}\libs`,
      String.raw`/LIBPATH:C:\CUDA\v13.0\lib\x64`,
      "c10.lib",
      "c10_cuda.lib",
      "torch_cpu.lib",
      "torch_cuda.lib",
      "torch.lib",
      "sleef.lib",
      "torch_python.lib",
      "cudart.lib",
      "-INCLUDE:?warp_size@cuda@at@@YAHXZ",
    ]);
    // The name of the DLL stands in it.
    expect(link).toMatchObject({ inPlace: true });
    expect(link.tools.map(({ name }) => name)).toEqual(["link"]);
    expect(link.librarySearch[0]).toEqual({
      names: ["c10.lib"],
      dirs: [
        String.raw`${python}\Lib\site-packages\torch\lib`,
        String.raw`${python}\libs`,
        String.raw`C:\CUDA\v13.0\lib\x64`,
        ...(windowsCuda.compiler?.systemLibraryDirs ?? []),
      ],
    });
    expect(graph.artifacts[0]?.path).toBe(String.raw`${windowsRoot}\ops.cp311-win_amd64.pyd`);
  });

  test("libraries and programs", () => {
    expect(linkWords({ kind: "torch-library" }, windows)).toContain(String.raw`/OUT:.retorch\out\ops\ops.dll`);
    const program = linkWords({ kind: "executable", name: "tool" }, windows);
    expect(program).toContain(String.raw`/OUT:.retorch\out\tool\tool.exe`);
    expect(program.filter((word) => /DLL|IMPLIB|torch_python|libs$/.test(word))).toEqual([]);
    expect(linkWords({ pyLimitedApi: "3.10" }, windows)).toContain(String.raw`/OUT:.retorch\out\ops\ops.pyd`);
  });

  test("nvcc hands the flags of cl on, and a user's too", () => {
    const action = only(
      graphOf({ sources: [windowsSource("k.cu")], flags: { nvcc: ["/wd4000", "-O2", "-Xcompiler", "/MP"] } }, windows),
      "compile-cuda",
    );
    const found = words(action);
    expect(found).toContain("--use-local-env");
    expect(found).toContain("-std=c++20");
    expect(found[found.indexOf("/MD") - 1]).toBe("-Xcompiler");
    expect(found[found.indexOf("/wd4000") - 1]).toBe("-Xcompiler");
    expect(found.slice(found.indexOf("/MP") - 1, found.indexOf("/MP") + 1)).toEqual(["-Xcompiler", "/MP"]);
    expect(found).toContain("--diag_suppress=field_without_dll_interface");
    expect(found.slice(-6)).toEqual([
      "-MF",
      String.raw`.retorch\obj\ops\k.cu.obj.d`,
      "-c",
      "k.cu",
      "-o",
      String.raw`.retorch\obj\ops\k.cu.obj`,
    ]);
    expect(found).not.toContain("-fPIC");
    expect(action.env).toEqual(windowsCuda.cudaHost?.env);
    expect(action.depfile?.format).toBe("make");
  });

  test("long commands: fewer characters than elsewhere", () => {
    const sources = Array.from({ length: 900 }, (_, i) =>
      windowsSource(String.raw`some\folder with blank\source_${i}.cpp`),
    );
    const link = only(graphOf({ sources }, windows), "link");
    expect(words(link).at(-1)).toBe(String.raw`@.retorch\obj\ops\link.rsp`);
    expect(link.responseFile?.content.split("\n")[0]).toBe(
      String.raw`".retorch\obj\ops\some\folder with blank\source_0.cpp.obj"`,
    );
  });

  test("CFLAGS and LDFLAGS mean nothing to cl and link", () => {
    expect(compileWords({}, { ...windows, variables: { CFLAGS: "-O2", LDFLAGS: "-Lx" } })).not.toContain("-O2");
    expect(linkWords({}, { ...windows, variables: { LDFLAGS: "-Lx" } })).not.toContain("-Lx");
  });
});

describe("macOS", () => {
  const mac: Setting = { environment: macos };

  test("a module", () => {
    const graph = graphOf({}, mac);
    const compile = only(graph, "compile");
    expect(words(compile).slice(0, 5)).toEqual(["/usr/bin/clang++", "-arch", "arm64", "-O3", "-DNDEBUG"]);
    expect(words(compile).some((word) => word.includes("GLIBCXX"))).toBe(false);
    expect(compile.keyVariables).toEqual(expect.arrayContaining(["MACOSX_DEPLOYMENT_TARGET", "SDKROOT"]));
    const link = only(graph, "link");
    expect(words(link)).toEqual([
      "/usr/bin/clang++",
      "-arch",
      "arm64",
      "-shared",
      "-undefined",
      "dynamic_lookup",
      "-Wl,-install_name,ops.cpython-311-darwin.so",
      "-o",
      ".retorch/out/ops/ops.cpython-311-darwin.so",
      ".retorch/obj/ops/csrc/ops.cpp.o",
      "-L.venv/lib/python3.11/site-packages/torch/lib",
      "-lc10",
      "-ltorch_cpu",
      "-ltorch",
      "-ltorch_python",
    ]);
    expect(link).toMatchObject({ env: { ZERO_AR_DATE: "1" }, inPlace: true });
    expect(link.librarySearch[0]?.names).toEqual(["libc10.tbd", "libc10.dylib", "libc10.so", "libc10.a"]);
  });

  test("a library of operators, which finds the Python bindings when it is loaded", () => {
    const found = linkWords({ kind: "torch-library" }, mac);
    expect(found).toContain("-Wl,-install_name,@rpath/ops.dylib");
    expect(found.some((word) => word.includes("torch_python") || word.includes("as-needed"))).toBe(false);
  });

  test("a program", () => {
    const found = linkWords({ kind: "executable" }, mac);
    expect(found).toContain(`-Wl,-rpath,${projectRoot}/.venv/lib/python3.11/site-packages/torch/lib`);
    expect(found.filter((word) => /dynamic_lookup|install_name|-shared/.test(word))).toEqual([]);
  });

  test("Objective-C++, the architecture of the interpreter, ARCHFLAGS", () => {
    const found = compileWords({ sources: ["m.mm"] }, mac);
    expect(found).toContain("m.mm");
    expect(found).toContain("-std=c++20");
    const intel: Environment = { ...macos, python: { ...(macos.python ?? fail()), platform: "macosx-11.0-x86_64" } };
    expect(compileWords({}, { environment: intel }).slice(1, 3)).toEqual(["-arch", "x86_64"]);
    expect(compileWords({}, { ...mac, variables: { ARCHFLAGS: "-arch arm64 -arch x86_64" } }).slice(1, 5)).toEqual([
      "-arch",
      "arm64",
      "-arch",
      "x86_64",
    ]);
  });

  test("debug information: no locations in the debug map", () => {
    expect(linkWords({ profile: "debug" }, mac)).toContain("-Wl,-oso_prefix,.");
  });
});

describe("ROCm", () => {
  const rocm = linuxRocm;
  test("a HIP source", () => {
    const graph = graphOf(
      { sources: ["a.cpp", "k.hip"], flags: { hipcc: ["-ffast-math"] } },
      { environment: rocm, variables: { PYTORCH_ROCM_ARCH: "gfx942;gfx90a gfx942" } },
    );
    const action = only(graph, "compile-cuda");
    const found = words(action);
    expect(found[0]).toBe("/opt/rocm/bin/hipcc");
    expect(found).toEqual(
      expect.arrayContaining([
        "-DWITH_HIP",
        "-DUSE_ROCM=1",
        "-D__HIP_PLATFORM_AMD__=1",
        "-DHIPBLAS_V2",
        "-DCUDA_HAS_FP16=1",
        "-fPIC",
        "-std=c++20",
        "-fno-gpu-rdc",
        "-ffast-math",
        "/opt/rocm/include",
      ]),
    );
    expect(found.filter((word) => word.startsWith("--offload-arch"))).toEqual([
      "--offload-arch=gfx90a",
      "--offload-arch=gfx942",
    ]);
    expect(action).toMatchObject({ cacheable: true });
    expect(words(only(graph, "compile"))).toContain("-DUSE_ROCM=1");
    const link = words(only(graph, "link"));
    expect(link).toEqual(expect.arrayContaining(["-lc10_hip", "-ltorch_hip", "-lamdhip64", "-L/opt/rocm/lib"]));
  });

  test("without a list hipcc asks for the GPU: nothing to share, and a warning", () => {
    const graph = graphOf({ sources: ["k.hip"] }, { environment: rocm });
    expect(only(graph, "compile-cuda")).toMatchObject({ cacheable: false });
    expect(words(only(graph, "compile-cuda")).some((word) => word.includes("offload"))).toBe(false);
    expect(graph.warnings[0]).toContain("PYTORCH_ROCM_ARCH");
  });

  test("CUDAExtension with host sources alone means ROCm; a CUDA source without torch means CUDA", () => {
    expect(linkWords({ withCuda: true }, { environment: rocm })).toContain("-ltorch_hip");
    expect(failureOf({ sources: ["k.cu"], usesTorch: false }, { environment: rocm }).code).toBe("CUDA_NOT_FOUND");
  });

  test("without ROCm", () => {
    expect(failureOf({ sources: ["k.hip"] }).code).toBe("ROCM_NOT_FOUND");
    expect(failureOf({ sources: [windowsSource("k.hip")] }, windows).code).toMatch(
      /ROCM_NOT_FOUND|LANGUAGE_UNSUPPORTED/,
    );
  });
});

describe("SYCL", () => {
  const xpu: Environment = {
    ...linuxCpu,
    torch: {
      ...(linuxCpu.torch ?? fail()),
      xpuVersion: "20250200",
      libraries: ["c10", "c10_xpu", "torch", "torch_cpu", "torch_xpu", "torch_python"],
    },
    sycl: {
      root: "/opt/oneapi",
      version: "2025.2.0",
      compiler: exampleTool("icpx", "/opt/oneapi/bin/icpx", "2025.2.0"),
      includeDirs: ["/opt/oneapi/include", "/opt/oneapi/include/sycl"],
      libraryDirs: ["/opt/oneapi/lib"],
    },
  };

  test("compile, device link and link", () => {
    const graph = graphOf(
      { sources: ["a.cpp", "k.sycl"] },
      { environment: xpu, variables: { TORCH_XPU_ARCH_LIST: "pvc" } },
    );
    const compile = words(only(graph, "compile-cuda"));
    expect(compile[0]).toBe("/opt/oneapi/bin/icpx");
    expect(compile).toEqual(
      expect.arrayContaining([
        "-fsycl",
        "-fsycl-targets=spir64_gen,spir64",
        "-sycl-std=2020",
        "-fsycl-host-compiler=/usr/bin/g++",
        "-x",
        "c++",
      ]),
    );
    expect(compile.find((word) => word.startsWith("-fsycl-host-compiler-options="))).toContain("-std=c++20");
    const deviceLink = words(only(graph, "device-link"));
    expect(deviceLink).toEqual(
      expect.arrayContaining([
        "-fsycl",
        "-fsycl-link",
        "--offload-compress",
        "-fsycl-targets=spir64_gen,spir64",
        "-Xs",
        "-device pvc",
      ]),
    );
    expect(words(only(graph, "link"))).toEqual(
      expect.arrayContaining([".retorch/obj/ops/sycl_dlink.o", "-lc10_xpu", "-ltorch_xpu", "-lsycl"]),
    );
  });

  test("without a list: SPIR-V alone", () => {
    expect(words(only(graphOf({ sources: ["k.sycl"] }, { environment: xpu }), "compile-cuda"))).toContain(
      "-fsycl-targets=spir64",
    );
  });

  test("not with CUDA in one extension", () => {
    expect(
      failureOf(
        { sources: ["k.sycl", "k.cu"] },
        { environment: { ...xpu, ...linuxCuda, ...(xpu.sycl === undefined ? {} : { sycl: xpu.sycl }) } },
      ),
    ).toMatchObject({
      code: "LANGUAGE_UNSUPPORTED",
    });
  });
});

function fail(): never {
  throw new Error("the fixture lacks it");
}
