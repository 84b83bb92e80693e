/** What the lines of a build tell that a fix starts from: a clone's folder, uv's environment, an application's own Python. */
import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";
import { scanText } from "../../../src/diagnose/scan.ts";

const fixOf = (text: string): readonly string[] => diagnose(text).diagnoses[0]?.fix ?? [];

describe("what the lines of a build tell", () => {
  test("the folder that was cloned is built in the environment that uv names", () => {
    const fix = fixOf(
      [
        "Cloning into 'J:\\My Apps\\ComfyUI\\SageAttention'...",
        "Using Python 3.10.11 environment at: venv",
        "error: The build backend returned an error",
        "  Caused by: Call to `setuptools.build_meta:__legacy__.build_wheel` failed (exit code: 1)",
        "[stderr]",
        "Traceback (most recent call last):",
        '  File "<string>", line 22, in <module>',
        "ModuleNotFoundError: No module named 'torch'",
      ].join("\n"),
    );
    expect(fix).toContain('uv pip install --python venv --no-build-isolation "J:\\My Apps\\ComfyUI\\SageAttention"');
  });

  test("sources in `src` are built from the folder above, with the Python of the application that runs them", () => {
    const symbol =
      "_ZN3c106detail23torchInternalAssertFailEPKcS2_jS2_RKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE";
    const fix = fixOf(
      [
        "Traceback (most recent call last):",
        '  File "/home/s/code/curobo/src/curobo/curobolib/kinematics.py", line 20, in <module>',
        "    from curobo.curobolib import kinematics_fused_cu",
        `ImportError: /home/s/code/curobo/src/curobo/curobolib/kinematics_fused_cu.cpython-310-x86_64-linux-gnu.so: undefined symbol: ${symbol}`,
        '  File "/home/s/isaacsim/exts/omni.isaac.ml_archive/pip_prebundle/torch/utils/cpp_extension.py", line 1312, in load',
      ].join("\n"),
    );
    expect(fix[0]).toBe("cd /home/s/code/curobo");
    expect(fix[2]).toMatch(/^\/home\/s\/isaacsim\/python\.sh -m pip install /);
  });

  test("a page of wheels that pip has just looked at is not asked again on a Mac", () => {
    const fix = fixOf(
      [
        "jo@mac ~ % pip install torch-scatter -f https://data.pyg.org/whl/torch-2.1.0+cpu.html",
        "Looking in links: https://data.pyg.org/whl/torch-2.1.0+cpu.html",
        "Collecting torch-scatter",
        "  Using cached torch_scatter-2.1.2.tar.gz (108 kB)",
        "  × Getting requirements to build wheel did not run successfully.",
        "      Traceback (most recent call last):",
        '        File "/private/var/folders/p9/x/T/pip-build-env-x9/overlay/lib/python3.10/site-packages/setuptools/build_meta.py", line 480, in run_setup',
        "      ModuleNotFoundError: No module named 'torch'",
      ].join("\n"),
    );
    expect(fix.filter((line) => !line.startsWith("#")).join("\n")).toContain("--no-build-isolation torch-scatter");
    expect(fix.filter((line) => line.includes("--only-binary")).every((line) => line.startsWith("#"))).toBe(true);
  });

  test("a cluster's module is a CUDA release for LibTorch, and a name to unload", () => {
    const { facts } = scanText("$ module load gcc/12 cuda/12.0.1\nRuntimeError: failed");
    expect(facts.cudaModule).toBe("12.0");
    expect(facts.loadedCudaModule).toBe("cuda/12.0.1");
  });

  test("facts of lines: a GPU by its number alone, conda's torch, a portable Blender, no package of pip's", () => {
    const facts = (text: string) => scanText(`${text}\nRuntimeError: failed`).facts;
    expect(facts("I used\n5090").namedGpu).toBe("12.0");
    expect(facts("it took 5090 ms").namedGpu).toBeUndefined();
    expect(facts("pytorch is 1.11.0 (py3.9_cuda11.3_cudnn8.2.0_0)").torchCuda).toBe("11.3");
    expect(
      facts('File "/opt/blender-4.2/4.2/python/lib/python3.11/site-packages/torch/x.py", line 1').bundledPython,
    ).toBe("/opt/blender-4.2/4.2/python/bin/python3.11");
    expect(facts('File "/e/lib/python3.10/site-packages/isaacsim/exts/a/x.py", line 1').bundledPython).toBeUndefined();
  });

  test("a line tells of the machine, however many of its kind came before", () => {
    const missing = (path: string): string =>
      `OSError: ${path}: cannot open shared object file: No such file or directory`;
    const alike = Array.from({ length: 150 }, (_, number) => missing(`/w/libx${number}.so`));
    expect(scanText(alike.join("\n")).facts.notebookService).toBeUndefined();
    expect(scanText([...alike, missing("/kaggle/working/liby.so")].join("\n")).facts.notebookService).toBe("Kaggle");
  });
});
