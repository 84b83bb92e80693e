/**
 * The real thing: sources that include all of torch, without a configuration, as people paste them from a tutorial.
 * Each costs a minute and gigabytes, so they only run with `npm run test:all`.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runRetorchOk, temporaryProject } from "../support/cli.ts";
import { cpuPython, cudaPython, cudaToolkit, need, onlyWithAll, pipCudaToolkit } from "../support/environments.ts";

const minutes = 60_000;

function compute(python: string, cwd: string, code: string): string {
  return execFileSync(python, ["-c", `import torch\n${code}`], { cwd, encoding: "utf8" }).trim();
}

test("one file, named after itself", { timeout: 20 * minutes }, async (context) => {
  onlyWithAll(context);
  const python = need(context, cpuPython()).executable;
  const project = temporaryProject({
    "difference.cpp": `#include <torch/torch.h>
torch::Tensor difference(torch::Tensor a, torch::Tensor b) { return a - b; }
PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("difference", &difference); }
`,
  });
  await runRetorchOk(["build", "--python", python, "--check"], { cwd: project.root });
  const sum = "import difference; print(difference.difference(torch.ones(3) * 5, torch.ones(3)).sum().item())";
  expect(compute(python, project.root, sum)).toBe("12.0");
});

test("several files below src, with headers below include", { timeout: 20 * minutes }, async (context) => {
  onlyWithAll(context);
  const python = need(context, cpuPython()).executable;
  const project = temporaryProject({
    "include/factor.h": "#pragma once\nint factor(int x);\n",
    "src/factor.cpp": '#include "include/factor.h"\nint factor(int x) { return 3 * x; }\n',
    "src/tripled.cpp": `#include <torch/extension.h>
#include "include/factor.h"
torch::Tensor tripled(torch::Tensor a) { return a * factor(1); }
PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("tripled", &tripled); }
`,
  });
  await runRetorchOk(["build", "--python", python], { cwd: project.root });
  expect(compute(python, project.root, "import tripled; print(tripled.tripled(torch.ones(2)).tolist())")).toBe(
    "[3.0, 3.0]",
  );
  const again = await runRetorchOk(["build", "--python", python, "--json"], { cwd: project.root });
  expect(JSON.parse(again.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({ actions: { executed: 0 } });
});

for (const [which, toolkitOf] of [
  ["of pip's wheels", pipCudaToolkit],
  ["of the machine", cudaToolkit],
] as const) {
  test(
    `CUDA with the toolkit ${which}: compiles, links, imports without a GPU`,
    { timeout: 40 * minutes },
    async (context) => {
      onlyWithAll(context);
      const python = need(context, cudaPython()).executable;
      const toolkit = need(context, toolkitOf());
      const project = temporaryProject({
        "halve.cu": `#include <torch/torch.h>
__global__ void halve_kernel(float* x, int64_t n) {
  int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x;
  if (i < n) x[i] *= 0.5f;
}
torch::Tensor halve(torch::Tensor a) {
  torch::Tensor x = a.to(torch::kCUDA, torch::kFloat).clone();
  halve_kernel<<<(x.numel() + 255) / 256, 256>>>(x.data_ptr<float>(), x.numel());
  return x;
}
PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("halve", &halve); }
`,
      });
      await runRetorchOk(["build", "--python", python, "--arch", "8.0"], {
        cwd: project.root,
        env: { CUDA_HOME: toolkit },
      });
      const code = "import halve; print(halve.halve(torch.ones(2)).sum().item() if torch.cuda.is_available() else 1.0)";
      expect(compute(python, project.root, code)).toBe("1.0");
    },
  );
}

test(
  "CUDA with all of torch: edited host code and one more architecture, the same bytes as from nothing",
  { timeout: 60 * minutes },
  async (context) => {
    onlyWithAll(context);
    const python = need(context, cudaPython()).executable;
    const project = temporaryProject({
      "k.cu": `#include <torch/extension.h>
__global__ void scale(float* a, float b, int n) { if (threadIdx.x < n) a[threadIdx.x] *= b; }
void launch(torch::Tensor a, double b) { scale<<<1, 256>>>(a.data_ptr<float>(), float(b), int(a.numel())); }
PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("launch", &launch); }
`,
      "retorch.toml": '[extension.kernels]\nsources = ["k.cu"]\nown-cccl-namespace = true\nprovenance = false\n',
    });
    const env = { RETORCH_CACHE_DIR: project.path("cache"), CUDA_HOME: need(context, pipCudaToolkit()) };
    const build = async (architectures: string, ...more: readonly string[]): Promise<string[]> => {
      const words = ["build", "--json", "--python", python, "--arch", architectures, ...more];
      const { stdout } = await runRetorchOk(words, { cwd: project.root, env });
      return stdout.split("\n").flatMap((line) => {
        const event =
          line === ""
            ? undefined
            : (JSON.parse(line) as { type: string; outcome?: string; action?: { id: string; kind: string } });
        return event?.type === "done" && event.outcome === "executed" && event.action !== undefined
          ? [`${event.action.kind} ${/compute_\d+/.exec(event.action.id)?.[0] ?? ""}`.trim()]
          : [];
      });
    };
    const library = (): Buffer => {
      const name = readdirSync(project.root).find((each) => each.endsWith(".so"));
      return readFileSync(project.path(name ?? ""));
    };
    await build("9.0");
    project.write("k.cu", readFileSync(project.path("k.cu"), "utf8").replace("<<<1, 256>>>", "<<<2, 256>>>"));
    const edited = await build("9.0");
    expect(edited.filter((kind) => kind === "compile")).toHaveLength(1);
    expect(edited).not.toContain("cuda-assemble");
    const more = await build("9.0;10.0");
    expect(more.filter((kind) => kind.startsWith("cuda-device-compile"))).toEqual(["cuda-device-compile compute_100"]);
    expect(more).not.toContain("cuda-front-end");
    expect(more).not.toContain("compile");
    const incremental = library();
    await build("9.0;10.0", "--force", "--no-cache");
    expect(library().equals(incremental)).toBe(true);
  },
);
