/** What `load()` declares, on machines that are not at hand: the commands for ROCm and SYCL by value. */
import { describe, expect, test } from "vitest";
import type { Environment } from "../../../src/environment/environment.ts";
import type { Extension } from "../../../src/config/extension.ts";
import { exampleTool, linuxCpu, linuxRocm, projectRoot } from "../../support/plan-fixtures.ts";
import { readOne } from "../config/helpers.ts";
import { byId, graphOf, only, words } from "./support.ts";

const torch = linuxCpu.torch;
if (torch === undefined) throw new Error("the fixture lacks it");

const rocm = linuxRocm;

const xpu: Environment = {
  ...linuxCpu,
  torch: { ...torch, xpuVersion: "20250200", libraries: [...torch.libraries, "c10_xpu", "torch_xpu"] },
  sycl: {
    root: "/opt/sycl",
    version: "2025.2.0",
    compiler: exampleTool("icpx", "/opt/sycl/bin/icpx", "2025.2.0"),
    includeDirs: ["/opt/sycl/include"],
    libraryDirs: ["/opt/sycl/lib"],
  },
};

/** As `captured_request` of the Python package writes it. */
async function loaded(more: Record<string, unknown>, sources: readonly string[]): Promise<Extension> {
  const text = JSON.stringify({
    format: 1,
    root: "/project",
    extensions: [{ name: "ops", origin: "load", sources, out_dir: "/project", ...more }],
  });
  const files = Object.fromEntries(sources.map((source) => [source, ""]));
  const extension = await readOne(files, { request: { captured: { name: "-", text } } });
  const moved = extension.sources.map((source) => ({ ...source, path: source.path.replace("/project", projectRoot) }));
  return { ...extension, root: projectRoot, outDir: projectRoot, sources: moved };
}

const flags = { extra_compile_args: { cxx: ["-DHOST"], nvcc: ["-DUSE_CUDA", "-O2"], sycl: ["-DDEVICE"] } };

describe("load() on ROCm", () => {
  const setting = { environment: rocm, variables: { PYTORCH_ROCM_ARCH: "gfx90a" } };

  test("translates CUDA and C++ sources with torch's hipify", async () => {
    const extension = await loaded({ device: "cuda", with_cuda: true, ...flags }, ["a.cpp", "k.cu"]);
    const graph = graphOf(extension, setting);
    expect(graph.actions.map(({ description }) => description)).toEqual(
      expect.arrayContaining(["hipify and compile a.cpp", "hipify and compile k.cu"]),
    );
    const command = words(byId(graph, "ops/k.cu.o"));
    expect(command[command.indexOf("--") + 1]).toBe("/opt/rocm/bin/hipcc");
    // As torch's load(): the flags of both compilers, as they are, each once.
    expect(command.filter((word) => /^-D(?:HOST|USE_CUDA|USE_HIP|WITH_HIP)$|^-O2$/.test(word))).toEqual([
      "-DWITH_HIP",
      "-DHOST",
      "-DUSE_CUDA",
      "-O2",
    ]);
    expect(words(only(graph, "link"))).toEqual(expect.arrayContaining(["-lc10_hip", "-ltorch_hip"]));
  });

  test("with_cuda alone is enough for that", async () => {
    const extension = await loaded({ device: "cuda", with_cuda: true }, ["a.cpp"]);
    expect(graphOf(extension, setting).actions[0]?.description).toBe("hipify and compile a.cpp");
  });
});

describe("load() for SYCL", () => {
  test("hands the flags of C++ to both compilers", async () => {
    const extension = await loaded({ device: "sycl", with_cuda: false, ...flags }, ["a.cpp", "k.sycl"]);
    const graph = graphOf(extension, { environment: xpu, variables: { TORCH_XPU_ARCH_LIST: "pvc" } });
    const device = words(byId(graph, "ops/k.sycl.o"));
    expect(device[0]).toBe("/opt/sycl/bin/icpx");
    expect(device).toEqual(expect.arrayContaining(["-fsycl", "-DHOST", "-DDEVICE"]));
    expect(device.find((word) => word.startsWith("-fsycl-host-compiler-options="))).toContain("-DHOST");
    const host = words(byId(graph, "ops/a.cpp.o"));
    expect(host).toContain("-DHOST");
    expect(host).not.toContain("-DDEVICE");
    expect(words(only(graph, "link"))).toEqual(expect.arrayContaining(["-lc10_xpu", "-ltorch_xpu"]));
  });
});

test("is_standalone: a program without the name of a module", async () => {
  const extension = await loaded({ kind: "executable", file_name: "ops" }, ["a.cpp"]);
  const graph = graphOf(extension, { environment: linuxCpu });
  expect(words(byId(graph, "ops/a.cpp.o")).some((word) => word.startsWith("-DTORCH_EXTENSION_NAME"))).toBe(false);
  const link = words(only(graph, "link"));
  expect(link).not.toContain("-shared");
  expect(link.join(" ")).toContain(`-Wl,-rpath,${torch.root}/lib`);
  expect(graph.artifacts.map(({ path }) => path)).toEqual([`${projectRoot}/ops`]);
});
