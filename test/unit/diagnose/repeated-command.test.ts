/** What a fix repeats of the command in the text: its options, its variables, its tool, its interpreter. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";
import { scanText } from "../../../src/diagnose/scan.ts";

const facts = (text: string) => scanText(text).facts;
const fix = (text: string): string => diagnose(text).diagnoses[0]?.fix.join("\n") ?? "";
const noTorch = "  Getting requirements to build wheel ... error\n  ModuleNotFoundError: No module named 'torch'";

describe("the command of the text", () => {
  it("has no variable that the fix takes away before", () => {
    const given = fix(
      "$ export CUDA_HOME=/usr/local/cuda-12.4; pip install -v --no-build-isolation .\nerror: nvcc not found at '/usr/local/cuda-12.4/bin/nvcc'. Ensure CUDA path '/usr/local/cuda-12.4' is correct.",
    );
    expect(given).toContain("unset CUDA_HOME");
    expect(given).toContain("pip install");
    expect(given).not.toContain('export CUDA_HOME="/usr/local/cuda-12.4');
    expect(given).not.toContain("export CUDA_HOME=/usr/local/cuda-12.4");
  });

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

describe("the command that Python ran", () => {
  it.each([
    ["D:\\ops>python setup.py build_ext bdist_wheel", "setup.py build_ext bdist_wheel"],
    ["python setup.py build develop --user", "setup.py build develop --user"],
    ["$ python setup_cpu.py install", "setup_cpu.py install"],
  ])("is kept with all its words: %s", (text, command) => {
    expect(facts(text).setupCommand).toBe(command);
  });

  it("is given again with the options of the program", () => {
    const text = "PS C:\\p> python train.py --batch 16\nRuntimeError: CUDA error: device-side assert triggered";
    expect(facts(text)).toMatchObject({ script: "train.py", scriptArguments: "--batch 16" });
    expect(fix(text)).toContain("python train.py --batch 16");
  });

  it("is given again when setup.py itself stops", () => {
    const text =
      "Traceback (most recent call last):\n  File \"setup.py\", line 5, in <module>\n    from distutils.core import setup\nModuleNotFoundError: No module named 'distutils'\n$ python setup.py build_ext --inplace";
    expect(fix(text)).toMatch(/from setuptools import setup[\s\S]*python setup\.py build_ext --inplace$/);
  });

  it("is that of a folder that was to be editable", () => {
    const text = `running develop\nProcessing /src/my_ops\n${noTorch}\n$ python setup.py develop`;
    expect(fix(text)).toContain("--no-build-isolation -e /src/my_ops");
  });

  it("asks for the repository once, where that carries the package's name", () => {
    const text = `$ pip install git+https://github.com/me/my-ops.git\n${noTorch}\nERROR: Failed building wheel for my-ops`;
    expect(fix(text)).toContain('--no-build-isolation "git+https://github.com/me/my-ops.git"');
    expect(fix(text)).not.toMatch(/--no-build-isolation my-ops/);
  });
});

describe("a wheel that is refused", () => {
  const refused = (wheel: string): string => `ERROR: ${wheel} is not a supported wheel on this platform.`;

  it("is fetched for the Python of the text from the same release", () => {
    const wheel = "my_ops-1.0-cp310-cp310-win_amd64.whl";
    const text = `PS C:\\p> pip install https://example.org/v1.0/${wheel}\n${refused(wheel)}\nPS C:\\p> python -V\nPython 3.11.9`;
    expect(fix(text)).toContain("pip install https://example.org/v1.0/my_ops-1.0-cp311-cp311-win_amd64.whl");
    expect(fix(text)).not.toContain(`install https://example.org/v1.0/${wheel}`);
  });

  it("was handed to the pip of another Python", () => {
    const wheel = "my_ops-1.0-cp312-cp312-win_amd64.whl";
    const text = `E:\\p>python --version\nPython 3.12.7\nE:\\p>pip install "C:\\d\\${wheel}"\n${refused(wheel)}\npip 24.3.1 from C:\\Python310\\lib\\site-packages\\pip (python 3.10)`;
    expect(diagnose(text).diagnoses[0]?.cause).toContain("that of Python 3.10");
    expect(fix(text)).toContain(`python -m pip install "C:\\d\\${wheel}"`);
  });
});

describe("LibTorch's folder", () => {
  it.each([
    ['set(CMAKE_PREFIX_PATH "/home/q/libtorch")', "/home/q/libtorch"],
    ["LibTorch 2.2.0+cu121 in /opt/libtorch, docker", "/opt/libtorch"],
    ["wget https://download.pytorch.org/libtorch/cpu/libtorch-shared-with-deps-1.11.0.zip", undefined],
    ["LIBTORCH=/opt/x/lib/libtorch.so", undefined],
  ])("is read from %s", (text, folder) => {
    expect(facts(text).libtorchFolder).toBe(folder);
  });
});
