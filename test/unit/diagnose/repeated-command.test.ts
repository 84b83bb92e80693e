/** What a fix repeats of the command in the text: its options, its variables, its tool, its interpreter. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";
import { scanText } from "../../../src/diagnose/scan.ts";

const facts = (text: string) => scanText(text).facts;
const fix = (text: string): string => diagnose(text).diagnoses[0]?.fix.join("\n") ?? "";
const noTorch = "  Getting requirements to build wheel ... error\n  ModuleNotFoundError: No module named 'torch'";

describe("the command of the text", () => {
  it.each([
    ["pip install -v --no-cache-dir --no-build-isolation my-ops==1.0", ["-v", "--no-cache-dir"]],
    ['pip install -q --global-option="--cuda_ext" ./', ["--global-option=--cuda_ext"]],
    ["pip install my-ops -i https://pypi.tuna.tsinghua.edu.cn/simple", ["-i https://pypi.tuna.tsinghua.edu.cn/simple"]],
    ["uv add my-ops --extra gpu", undefined],
  ])("has options that are kept: %s", (text, options) => {
    expect(facts(text).options).toEqual(options);
  });

  it.each([
    [
      "I installed it (with pip3 install git+https://g.com/u/ops). Unfortunately it fails",
      ['"git+https://g.com/u/ops"'],
    ],
    ["(I ran pip install -e ./ops) and then", ["-e ./ops"]],
    ["pip install ops[all]==1.0", ['"ops[all]==1.0"']],
  ])("ends where the bracket does that it stands in: %s", (text, requested) => {
    expect(facts(text).requested).toEqual(requested);
  });

  it("has variables in front of it, or in a line of their own", () => {
    expect(
      facts('CMAKE_ARGS="-DGGML_CUDA=on -DA=1" FORCE_CMAKE=1 pip install llama-cpp-python').commandVariables,
    ).toEqual([
      ["CMAKE_ARGS", "-DGGML_CUDA=on -DA=1"],
      ["FORCE_CMAKE", "1"],
    ]);
    expect(
      facts('PS C:\\p> $env:CMAKE_ARGS = "-DGGML_CUDA=on"\nPS C:\\p> pip install llama-cpp-python').commandVariables,
    ).toEqual([["CMAKE_ARGS", "-DGGML_CUDA=on"]]);
  });

  it("is repeated with them", () => {
    expect(
      fix(`MAX_JOBS=4 pip install -v my-ops==1.0 --extra-index-url https://example.org/simple\n${noTorch}`),
    ).toMatch(
      /export MAX_JOBS=4\n.*--no-build-isolation my-ops==1\.0 -v --extra-index-url https:\/\/example\.org\/simple$/m,
    );
    expect(fix(`> pip install my-ops==1.0.1\n> ${noTorch}`)).toContain("--no-build-isolation my-ops==1.0.1");
  });
});

describe("the torch of pip show", () => {
  it("completes the one of a sentence", () => {
    expect(facts("I have Python 3.11 and torch 2.7.1 with cu128\nName: torch\nVersion: 2.7.1+cu128")).toMatchObject({
      installedTorch: "2.7.1+cu128",
      torchCuda: "12.8",
    });
  });
});

describe("an embeddable Python", () => {
  it("is named by its path, since no prompt has it active", () => {
    expect(
      fix(
        "  File \"E:\\ComfyUI_windows_portable\\python_embeded\\Lib\\site-packages\\bitsandbytes\\triton\\m.py\", line 12, in <module>\nModuleNotFoundError: No module named 'triton.ops'",
      ),
    ).toMatch(/^E:\\ComfyUI_windows_portable\\python_embeded\\python\.exe -m pip install/);
  });
});

describe("a library within a checkout", () => {
  it("is built again there, vLLM without the torch that it pins", () => {
    expect(
      fix("ImportError: /home/pc/data/vllm/vllm/_C.abi3.so: undefined symbol: _ZN5torch3jit17parseSchemaOrNameERKSsb"),
    ).toContain("cd /home/pc/data/vllm\nrm -rf build *.egg-info\npython use_existing_torch.py");
  });
});

describe("torch's warning of a GPU", () => {
  const warning = (cc: string): string =>
    `/e/torch/cuda/__init__.py:283: UserWarning:\n    Found GPU0 NVIDIA GB10 which is of cuda capability ${cc}.\n    Minimum and Maximum cuda capability supported by this version of PyTorch is\n    (8.0) - (12.0)\n  warnings.warn(`;
  it("is no answer where only the minor version is newer", () => {
    expect(diagnose(warning("12.1")).diagnoses.map(({ id }) => id)).not.toContain("torch-lacks-gpu-architecture");
    expect(diagnose(warning("6.1")).diagnoses.map(({ id }) => id)).toContain("torch-lacks-gpu-architecture");
  });
});
