/**
 * What is said, before a kernel fails, of a file that has no code for the GPU that is there. The files are nvcc's, the
 * GPU is a program called nvidia-smi that tells of one.
 */
import { chmodSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { runRetorch, type TemporaryProject, temporaryProject } from "../support/cli.ts";
import { cudaPython, cudaToolkit, need } from "../support/environments.ts";

const files = {
  "retorch.toml": `[extension.twice]\nsources = ["module.c", "twice.cu"]\n`,
  "module.c": `#include <Python.h>
void twice(float* values);
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "twice", 0, -1, 0, 0, 0, 0, 0};
PyMODINIT_FUNC PyInit_twice(void) { if (0) twice(0); return PyModule_Create(&module); }
`,
  "twice.cu": `__global__ void kernel(float* values) { values[threadIdx.x] *= 2; }
extern "C" void twice(float* values) { kernel<<<1, 32>>>(values); }
`,
  "bin/nvidia-smi": `#!/bin/sh\necho "0, GPU-aa, NVIDIA H200, 9.0, 580.65.06"\n`,
};

function withGpu(): { readonly project: TemporaryProject; readonly env: Record<string, string> } {
  const project = temporaryProject(files);
  chmodSync(project.path("bin/nvidia-smi"), 0o755);
  return { project, env: { PATH: `${join(project.root, "bin")}${delimiter}${process.env["PATH"] ?? ""}` } };
}

describe("a machine with an H200", () => {
  test("code for an A100 alone: built, refused by --check and by inspect", async (context) => {
    const { executable } = need(context, cudaPython());
    need(context, cudaToolkit());
    const { project, env } = withGpu();
    const options = { cwd: project.root, env };
    const built = await runRetorch(["build", "--python", executable, "--arch", "8.0", "--check"], options);
    expect(built.stderr).toContain("GPU_NOT_SERVED");
    expect(built.stderr).toContain("holds no code for NVIDIA H200 (compute capability 9.0)");
    expect(built.stderr).toContain("no kernel image is available for execution on the device");
    expect(built.stderr).toContain('TORCH_CUDA_ARCH_LIST="8.0;9.0"');
    expect(built.exitCode).toBe(1);
    const { stdout: path } = await runRetorch(["build", "--python", executable, "--arch", "8.0"], options);
    const seen = await runRetorch(["inspect", path.trim(), "--python", executable], options);
    expect(seen.stdout).toMatch(/Runs\s+no on NVIDIA H200 \(9\.0\): it was built for sm_80/);
    expect(seen.exitCode).toBe(1);
    // What it runs on, and what can be translated for it, is let pass.
    for (const list of ["native", "8.0+PTX"]) {
      expect(
        (await runRetorch(["build", "--python", executable, "--arch", list, "--check"], options)).stderr,
      ).not.toContain("GPU_NOT_SERVED");
      expect((await runRetorch(["inspect", path.trim(), "--python", executable], options)).exitCode).toBe(0);
    }
  });
});
