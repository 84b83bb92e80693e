/** Plans run with the real nvcc, without headers of torch: what nvcc takes, what it warns of, what it names in objects. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../../src/environment/environment.ts";
import { nodeHost } from "../../src/host/node-host.ts";
import { architectureText } from "../../src/inspect/architecture.ts";
import { fileSource } from "../../src/inspect/bytes.ts";
import { fatbinContent, kernelsOf } from "../../src/inspect/fatbin.ts";
import { inspectPath } from "../../src/inspect/inspect.ts";
import { capabilitiesOf } from "../../src/plan/cuda-support.ts";
import { commandText, type Graph } from "../../src/plan/graph.ts";
import { cudaPython, cudaToolkit, need } from "../support/environments.ts";
import type { ExtensionParts } from "../support/plan-fixtures.ts";
import { build, environmentHere, output, planHere, project } from "./plan-support.ts";

const kernel = `#include "value.h"
__global__ void k(int* p) { *p = VALUE; }
extern "C" const char* where() { return __FILE__; }
`;

const parts: ExtensionParts = {
  name: "lib",
  kind: "torch-library",
  usesTorch: false,
  sources: ["k.cu"],
  cxxStandard: "17",
};

describe("nvcc", () => {
  let environment: Environment;

  beforeAll(async () => {
    const toolkit = cudaToolkit();
    if (!toolkit.available) return;
    environment = await environmentHere({ variables: { CUDA_HOME: toolkit.value, CC: "", CXX: "" } });
  }, 60_000);

  /** What nvcc says to the commands of a graph, without running anything. */
  function dryRun(graph: Graph): { readonly status: number | null; readonly said: string } {
    const action = graph.actions.find(({ kind }) => kind === "compile-cuda");
    const [program = "", ...words] = commandText(action?.command ?? []);
    const result = spawnSync(program, ["--dryrun", ...words], { cwd: action?.cwd, encoding: "utf8" });
    return { status: result.status, said: result.stderr };
  }

  test("the table of architectures is what it says of itself", (context) => {
    need(context, cudaToolkit());
    const { nvcc, version } = environment.cuda ?? {};
    const said = output(nvcc?.path ?? "", ["--list-gpu-code"], ".").split("\n");
    const own = said.flatMap((line) => /^sm_(\d+)(\d)$/.exec(line)?.slice(1).join(".") ?? []);
    expect([...capabilitiesOf(version ?? "")].sort()).toEqual(own.sort());
  });

  test.for(["7.5", "8.0;9.0a;10.0f+PTX", "all", "all-major", "Blackwell", "80-virtual"])(
    "takes the flags of %s",
    (list, context) => {
      need(context, cudaToolkit());
      const root = project({ "k.cu": kernel });
      expect(dryRun(planHere(root, environment, parts, { TORCH_CUDA_ARCH_LIST: list }))).toMatchObject({ status: 0 });
    },
  );

  test.for([
    [["-O1"]],
    [["-std=c++14"]],
    [["-ccbin", "g++"]],
    [["-G"]],
    [["-dlto", "-rdc=true"]],
    [["-dc"]],
    [["", "-I", ""]],
    [["-arch=sm_80"]],
  ])("says nothing of %j", ([flags], context) => {
    need(context, cudaToolkit());
    const root = project({ "k.cu": kernel });
    for (const profile of ["release", "debug"] as const) {
      const graph = planHere(
        root,
        environment,
        { ...parts, profile, flags: { nvcc: flags ?? [] } },
        { TORCH_CUDA_ARCH_LIST: "8.0" },
      );
      const { status, said } = dryRun(graph);
      expect(said.split("\n").filter((line) => /^nvcc (?:warning|fatal|error)/.test(line))).toEqual([]);
      expect(status).toBe(0);
    }
  });

  test.for(["project", "with blank", "it's, (ä) & co; #1", `q"uote $HOME`])(
    "compiles in a folder called %s",
    (name, context) => {
      need(context, cudaToolkit());
      const root = project({ "so$me/k.cu": kernel, "in,c/value.h": "#define VALUE 1\n" }, name);
      const graph = planHere(
        root,
        environment,
        { ...parts, sources: ["so$me/k.cu"], includeDirs: [`${root}/in,c`] },
        { TORCH_CUDA_ARCH_LIST: "8.0" },
      );
      build({ ...graph, actions: graph.actions.slice(0, 1) });
      const action = graph.actions[0];
      expect(readFileSync(action?.outputs[0] ?? "").includes("so$me/k.cu")).toBe(true);
      expect(readFileSync(`${action?.outputs[0] ?? ""}.d`, "utf8")).toContain("value.h");
    },
  );

  test("device code keeps a header's place whatever maps are given, and so it is keyed", (context) => {
    need(context, cudaToolkit());
    const root = project({ "k.cu": `#include "place.h"\n__global__ void k(const char** p) { *p = place(); }\n` });
    const elsewhere = project(
      { "place.h": "__device__ inline const char* place() { return __builtin_FILE(); }\n" },
      "elsewhere",
    );
    const graph = planHere(
      root,
      environment,
      {
        ...parts,
        includeDirs: [elsewhere],
        flags: { nvcc: ["-no-compress", "-Xcompiler", `-ffile-prefix-map=${elsewhere}=mapped`] },
      },
      { TORCH_CUDA_ARCH_LIST: "8.0" },
    );
    build({ ...graph, actions: graph.actions.slice(0, 1) });
    expect(readFileSync(graph.actions[0]?.outputs[0] ?? "").includes(`${elsewhere}/place.h`)).toBe(true);
    const word = graph.actions[0]?.command.find((arg) => typeof arg === "object" && arg.path === elsewhere);
    expect(word).toMatchObject({ literal: true });
  });

  test("variables of nvcc.profile reach the compiler, and so they are keyed", (context) => {
    need(context, cudaToolkit());
    const root = project({ "k.cu": kernel });
    const graph = planHere(root, environment, parts, { TORCH_CUDA_ARCH_LIST: "8.0" });
    const [program = "", ...words] = commandText(graph.actions[0]?.command ?? []);
    for (const name of ["INCLUDES", "SYSTEM_INCLUDES", "PTXAS_FLAGS", "CUDAFE_FLAGS", "NVVM_FLAGS", "OCG_FLAGS"]) {
      const result = spawnSync(program, ["--dryrun", ...words], {
        cwd: root,
        encoding: "utf8",
        env: { ...process.env, [name]: "-Dfrom_the_environment" },
      });
      const commands = result.stderr.split("\n").filter((line) => !/^#\$ \w+=/.test(line));
      if (commands.some((line) => line.includes("from_the_environment")))
        expect(graph.actions[0]?.keyVariables).toContain(name);
      else expect(name).toMatch(/NVVM_FLAGS|OCG_FLAGS/);
    }
  });

  test("relocatable code, kernels that start kernels, and a device link that was not asked for: a program that runs", (context) => {
    need(context, cudaToolkit());
    const root = project({
      "k.cu": `extern __device__ int half(int);
__global__ void child(int* p) { *p = half(*p); }
__global__ void parent(int* p) { child<<<1, 1>>>(p); }
extern "C" void start(int* p) { parent<<<1, 1>>>(p); }
`,
      "half.cu": "__device__ int half(int x) { return x / 2; }\n",
      "main.cpp": `#include <cstdio>
#include <cuda_runtime.h>
extern "C" void start(int* p);
int main(int argc, char**) { if (argc > 1) start(nullptr); int n = -1; cudaGetDeviceCount(&n); std::puts("linked"); }
`,
    });
    const graph = planHere(
      root,
      environment,
      {
        name: "tool",
        kind: "executable",
        usesTorch: false,
        sources: ["k.cu", "half.cu", "main.cpp"],
        flags: { nvcc: ["-rdc=true"] },
        cxxStandard: "17",
      },
      { TORCH_CUDA_ARCH_LIST: "8.0+PTX" },
    );
    expect(graph.actions.map(({ kind }) => kind)).toContain("device-link");
    build(graph);
    expect(output(graph.artifacts[0]?.built ?? "", [], root).trim()).toBe("linked");
  });

  const linked = {
    "k.cu": `extern __device__ int half(int);
__global__ void scaled(int* p) { *p = half(*p); }
extern "C" void start(int* p) { scaled<<<1, 1>>>(p); }
`,
    "half.cu": `__device__ int half(int x) { return x / 2; }
__global__ void other(int* p) { *p = half(*p); }
extern "C" void more(int* p) { other<<<1, 1>>>(p); }
`,
    // One stem, two languages.
    "k.cpp": `#include <Python.h>
extern "C" void start(int*);
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "ops", nullptr, -1, nullptr, nullptr, nullptr, nullptr, nullptr};
PyMODINIT_FUNC PyInit_ops() { if (module.m_size == 7) start(nullptr); return PyModule_Create(&module); }
`,
  };

  /** The toolkit with its libnvvm where nvlink looks for it, as NVIDIA's own packages have it. */
  function withLibnvvm(toolkit: string): string | undefined {
    if (existsSync(join(toolkit, "nvvm", "lib64", "libnvvm.so"))) return toolkit;
    const library = ["libnvvm.so.4", "libnvvm.so"]
      .map((name) => join(toolkit, "lib", name))
      .find((path) => existsSync(path));
    if (library === undefined) return undefined;
    const copy = join(project({}), "toolkit");
    output("cp", ["-rs", realpathSync(toolkit), copy], ".");
    mkdirSync(join(copy, "nvvm", "lib64"), { recursive: true });
    symlinkSync(library, join(copy, "nvvm", "lib64", "libnvvm.so"));
    return copy;
  }

  test.for([
    ["-rdc=true", ["-rdc=true"]],
    ["-dc", ["-dc"]],
    ["-rdc=true -dlto", ["-rdc=true", "-dlto"]],
    ["architectures of the user", ["-rdc=true", "-gencode", "arch=compute_80,code=[sm_80,compute_80]"]],
  ] as const)("a module of relocatable code (%s) is imported and holds its kernels once", async ([, nvcc], context) => {
    const toolkit = need(context, cudaToolkit());
    const { executable } = need(context, cudaPython());
    const home = (nvcc as readonly string[]).includes("-dlto") ? withLibnvvm(toolkit) : toolkit;
    if (home === undefined) return context.skip("no libnvvm in the toolkit");
    const here = await environmentHere({ python: executable, variables: { CUDA_HOME: home, CC: "", CXX: "" } });
    const root = project(linked);
    const graph = planHere(
      root,
      here,
      { name: "ops", usesTorch: false, sources: ["k.cu", "half.cu", "k.cpp"], flags: { nvcc }, cxxStandard: "17" },
      { TORCH_CUDA_ARCH_LIST: "8.0;9.0" },
    );
    build(graph);
    const [artifact] = graph.artifacts;
    output(executable, ["-c", "import ops"], dirname(artifact?.built ?? ""));
    const inspected = inspectPath(nodeHost(), artifact?.built ?? "");
    if (!inspected.ok || inspected.value.kind !== "extension") throw new Error("cannot be read");
    const { cuda } = inspected.value.report;
    expect(cuda.unlinked).toBe(false);
    const final = cuda.fatbins.filter((fatbin) => !fatbin.relocatable);
    const binaries = final.flatMap(({ entries }) => entries).filter(({ kind }) => kind === "cubin");
    const kernels = new Set(
      binaries.flatMap((entry) => {
        const content = fatbinContent(fileSource(nodeHost().fs, artifact?.built ?? "")!, entry, 1 << 24);
        return content === undefined ? [] : (kernelsOf(entry, content) ?? []);
      }),
    );
    expect([...kernels].sort()).toEqual(["_Z5otherPi", "_Z6scaledPi"]);
    const numbers = binaries.map(({ architecture }) => architectureText(architecture));
    expect([...new Set(numbers)].sort()).toEqual(nvcc.includes("-gencode" as never) ? ["80"] : ["80", "90"]);
  });
});
