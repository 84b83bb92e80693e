/**
 * CUDA sources on ROCm with the installed torch's own hipify and a real hipcc (Debian's, without PyTorch's headers): what
 * is translated, what the compiler read, and that nothing lies beside the sources. No GPU takes part.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../../src/environment/environment.ts";
import { type Action, commandText } from "../../src/plan/graph.ts";
import { parseMakeDepfile } from "../../src/engine/depfile.ts";
import { cpuPython, need, type PythonEnvironment, tool } from "../support/environments.ts";
import { exampleTool } from "../support/plan-fixtures.ts";
import { environmentHere, planHere, project } from "./plan-support.ts";

const files = {
  "csrc/k.cu": `#include <cuda_runtime.h>
#include "scale.cuh"
#include "plain.h"
#include <shared.h>
__global__ void k(float* p) { p[threadIdx.x] *= SCALE * PLAIN * SHARED; }
extern "C" int go(float* p) {
  k<<<1, 32>>>(p);
  return cudaDeviceSynchronize() == cudaSuccess ? 0 : 1;
}
`,
  "csrc/scale.cuh": `#pragma once
#include <cuda_runtime.h>
#define SCALE 2
inline cudaStream_t none() { return nullptr; }
`,
  "csrc/plain.h": "#define PLAIN 1\n",
  "in c/shared.h": "#define SHARED 1\n",
};

describe("hipify and hipcc", () => {
  let rocm: Environment;

  beforeAll(async () => {
    const [python, hipcc] = [cpuPython(), tool("hipcc")];
    if (!python.available || !hipcc.available) return;
    rocm = onRocm(await environmentHere({ python: python.value.executable }), hipcc.value);
  }, 60_000);

  function onRocm(found: Environment, hipcc: string): Environment {
    const { torch } = found;
    if (torch === undefined) throw new Error("no torch");
    return {
      ...found,
      // Its headers for HIP are not there, and the sources use none.
      torch: { ...torch, hipVersion: "5.2.0", includeDirs: [] },
      rocm: {
        root: "/usr",
        version: "5.2.0",
        compiler: exampleTool("hipcc", hipcc, "5.2.0"),
        includeDirs: [],
        libraryDirs: [],
      },
    };
  }

  function compileAt(root: string): Action {
    const graph = planHere(
      root,
      rocm,
      { sources: ["csrc/k.cu"], includeDirs: [join(root, "in c")], cxxStandard: "17" },
      { PYTORCH_ROCM_ARCH: "gfx90a" },
    );
    const action = graph.actions.find(({ kind }) => kind === "compile-cuda");
    if (action === undefined) throw new Error("nothing to compile");
    return action;
  }

  function run(action: Action): { readonly status: number | null; readonly stderr: string } {
    const [program = "", ...words] = commandText(action.command);
    const { responseFile } = action;
    if (responseFile === undefined) throw new Error("no script");
    spawnSync("mkdir", ["-p", join(action.cwd, responseFile.path, "..")]);
    writeFileSync(join(action.cwd, responseFile.path), responseFile.content);
    return spawnSync(program, words, {
      cwd: action.cwd,
      encoding: "utf8",
      env: { ...process.env, HIP_PLATFORM: "amd" },
    });
  }

  const needed = (context: Parameters<typeof need>[0]): PythonEnvironment => {
    need(context, tool("hipcc"));
    return need(context, cpuPython());
  };

  test("a kernel with headers becomes an object for the GPU, and the user's own files are what was read", (context) => {
    needed(context);
    const root = project(files, "a project");
    const action = compileAt(root);
    const { status, stderr } = run(action);
    expect(stderr).not.toContain("error");
    expect(status).toBe(0);
    const object = readFileSync(action.outputs[0] ?? "");
    expect(object.includes("hip-amdgcn-amd-amdhsa") || object.includes("hipv4-amdgcn-amd-amdhsa")).toBe(true);
    expect(object.includes("gfx90a")).toBe(true);
    const read = parseMakeDepfile(readFileSync(`${action.outputs[0] ?? ""}.d`, "utf8"));
    expect(read).toEqual(
      expect.arrayContaining(["csrc/k.cu", "csrc/scale.cuh", "csrc/plain.h", join("in c", "shared.h")]),
    );
    expect(read.filter((path) => path.includes(".hipified"))).toEqual([]);
    expect(readdirSync(join(root, "csrc")).sort()).toEqual(["k.cu", "plain.h", "scale.cuh"]);
    const stage = join(root, ".retorch", "obj", "ops", "csrc", "k.cu.o.hipified", "csrc");
    expect(readFileSync(join(stage, "k.hip"), "utf8")).toContain("hipDeviceSynchronize");
  });

  test("what is wrong is the compiler's message and status", (context) => {
    needed(context);
    const root = project({ ...files, "csrc/plain.h": "#error no such luck\n" });
    const { status, stderr } = run(compileAt(root));
    expect(status).toBe(1);
    expect(stderr).toContain("no such luck");
  });

  test("a header that is gone is missed, though it was translated before", (context) => {
    needed(context);
    const root = project(files);
    const action = compileAt(root);
    expect(run(action).status).toBe(0);
    spawnSync("rm", [join(root, "csrc", "scale.cuh")]);
    const { status, stderr } = run(action);
    expect(stderr).toContain("scale");
    expect(status).not.toBe(0);
    expect(existsSync(join(root, ".retorch"))).toBe(true);
  });
});
