/** CUDA sources on a PyTorch built for ROCm: which are translated, and the commands that do it. */
import { describe, expect, test } from "vitest";
import { compileCommands } from "../../../src/export/compile-commands.ts";
import { hipifiedFlags } from "../../../src/plan/hipify.ts";
import { linuxCpu, linuxRocm, projectRoot } from "../../support/plan-fixtures.ts";
import { byId, failureOf, graphOf, type Setting, words } from "./support.ts";

const environment = linuxRocm;
const { torch } = environment;
if (torch === undefined) throw new Error("the fixture lacks it");
const rocm: Setting = { environment, variables: { PYTORCH_ROCM_ARCH: "gfx90a" } };

describe("a CUDA extension on ROCm", () => {
  const graph = graphOf(
    {
      sources: ["a.cpp", "k.cu", "h.hip"],
      includeDirs: [`${projectRoot}/inc`],
      flags: { nvcc: ["-DUSE_CUDA", "-O2"], hipcc: ["-ffast-math"] },
    },
    rocm,
  );

  test("CUDA and C++ sources are translated before they are compiled, HIP sources are not", () => {
    const hipified = graph.actions.filter(({ description }) => description.startsWith("hipify and compile"));
    expect(hipified.map(({ id }) => id)).toEqual(["ops/a.cpp.o", "ops/k.cu.o"]);
  });

  test("the command", () => {
    const action = byId(graph, "ops/k.cu.o");
    const found = words(action);
    const end = found.indexOf("--");
    expect(found.slice(0, end)).toEqual([
      linuxCpu.python?.executable,
      "-I",
      ".retorch/obj/ops/k.cu.o.hipify.py",
      "--hipify",
      `${torch.root}/utils/hipify`,
      "--stage",
      ".retorch/obj/ops/k.cu.o.hipified",
      "--source",
      "k.cu",
      "--depfile",
      ".retorch/obj/ops/k.cu.o.d",
      "--include",
      "inc",
    ]);
    expect(found[end + 1]).toBe("/opt/rocm/bin/hipcc");
    expect(found).toEqual(
      expect.arrayContaining(["--offload-arch=gfx90a", "-DUSE_ROCM=1", "-DUSE_HIP", "-O2", "-ffast-math", "k.cu"]),
    );
    expect(action.responseFile?.path).toBe(".retorch/obj/ops/k.cu.o.hipify.py");
    expect(action.inputs).toEqual(
      expect.arrayContaining([`${projectRoot}/k.cu`, `${torch.root}/utils/hipify/hipify_python.py`]),
    );
    expect(action.source).toBe(`${projectRoot}/k.cu`);
  });

  test("editors see the compiler's command", () => {
    const entry = compileCommands(graph).find(({ file }) => file.endsWith("k.cu"));
    expect(entry?.arguments[0]).toBe("/opt/rocm/bin/hipcc");
    expect(entry?.arguments).toContain("k.cu");
  });

  test("C++ of an extension that asks for no CUDA stays as it is", () => {
    expect(graphOf({ sources: ["a.cpp", "h.hip"] }, rocm).actions.some(({ responseFile }) => responseFile)).toBe(false);
    expect(graphOf({ sources: ["a.cpp"], withCuda: true }, rocm).actions[0]?.description).toBe(
      "hipify and compile a.cpp",
    );
  });

  test("without torch there is nothing that says ROCm: CUDA stays CUDA", () => {
    expect(failureOf({ sources: ["k.cu"], usesTorch: false }, rocm).code).toBe("CUDA_NOT_FOUND");
  });

  test("without a list: the visible GPUs", () => {
    const visible = {
      ...environment,
      ...(environment.rocm === undefined ? {} : { rocm: { ...environment.rocm, architectures: ["gfx90a", "gfx942"] } }),
    };
    const found = graphOf({ sources: ["k.cu"] }, { environment: visible });
    expect(words(byId(found, "ops/k.cu.o")).filter((word) => word.startsWith("--offload"))).toEqual([
      "--offload-arch=gfx90a",
      "--offload-arch=gfx942",
    ]);
    expect(byId(found, "ops/k.cu.o").cacheable).toBe(true);
    expect(found.warnings).toEqual([]);
  });

  test("no architecture: said, as for HIP", () => {
    expect(graphOf({ sources: ["k.cu"] }, { environment }).warnings[0]).toContain("PYTORCH_ROCM_ARCH");
  });
});

test("flags for nvcc as torch hands them to hipcc", () => {
  expect(hipifiedFlags(["-DUSE_CUDA=CUDA", "-I/opt/CUDA", "-DCUDA_CUDA", "CUDA"])).toEqual([
    "-DUSE_HIP=CUDA",
    "-I/opt/CUDA",
    "-DHIP_CUDA",
    "CUDA",
  ]);
});
