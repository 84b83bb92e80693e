/** What a message itself asks for, and what the text states of the machine, are in the fix. */
import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";
import { saidBound } from "../../../src/diagnose/facts/said-bounds.ts";

function fixOf(text: string): readonly string[] {
  return diagnose(text).diagnoses[0]?.fix ?? [];
}

describe("a bound that a sentence speaks of", () => {
  test.each([
    ["my_ops only supports PyTorch 2.5 and above, got 2.3.1", "torch", ">=2.5"],
    ["This package requires torch>=2.1", "torch", ">=2.1"],
    ["PyTorch version must be at least 1.13.0", "torch", ">=1.13.0"],
    ["requires at least CUDA version 11.8", "cuda", ">=11.8"],
    ["CUDA 12.3 or higher is needed", "cuda", ">=12.3"],
    ["Python 3.10+ is required", "python", ">=3.10"],
    ["only works with PyTorch 1.10 or older", "torch", "<=1.10"],
  ])("%s", (sentence, of, range) => {
    expect(saidBound(sentence)).toMatchObject({ of, range });
  });

  test("a release that is only told of is none", () => {
    expect(saidBound("compiled with CUDA 12.1 and PyTorch 2.3.1")).toBeUndefined();
    expect(saidBound("got torch 2.3.1+cu121")).toBeUndefined();
  });
});

const refused = (said: string): string =>
  `Traceback (most recent call last):\n  File "/home/jo/ops/setup.py", line 88, in <module>\n    raise RuntimeError(msg)\nRuntimeError: ${said}`;

describe("torch of at least a release", () => {
  test("is of the CUDA that the text has, where there is such a release for it", () => {
    const text = `torch 2.3.1+cu121, Python 3.10\n$ python setup.py install\n${refused("ops only supports PyTorch 2.5 and above")}`;
    const fix = fixOf(text);
    expect(fix[0]).toMatch(/^python -m pip install --upgrade "torch>=2\.5" --index-url \S+\/whl\/cu121 {3}/);
    expect(fix.at(-1)).toBe("python setup.py install   # again");
  });

  test("is of another CUDA where there is none, the one that asks the least of the driver", () => {
    const text = `torch 2.1.2+cu118, Python 3.10\n>>> import ops\nImportError: /p/_C.abi3.so: undefined symbol: aoti_torch_create_tensor_from_blob_v2`;
    expect(fixOf(text)[0]).toBe(
      'python -m pip install --upgrade "torch>=2.9" --index-url https://download.pytorch.org/whl/cu126',
    );
  });

  test("takes the place of the LibTorch that CMake was told of", () => {
    const text =
      "jo@box:~/app/build$ cmake -DCMAKE_PREFIX_PATH=/opt/libtorch ..\n-- Configuring done\njo@box:~/app/build$ make -j8\n" +
      "ops.cpp:1:10: fatal error: torch/csrc/stable/library.h: No such file or directory\nmake: *** [Makefile:91: all] Error 2";
    const live = fixOf(text).filter((line) => !line.startsWith("#"));
    expect(live[0]).toContain('"torch>=2.9"');
    expect(live).toContain(
      `cmake -DCMAKE_PREFIX_PATH="$(python -c 'import torch; print(torch.utils.cmake_prefix_path)')" ..`,
    );
    expect(live.at(-1)).toBe("make -j8");
  });
});

describe("facts of the text", () => {
  test("the GPU that is named is the one that is built for", () => {
    const text =
      "GPU: RTX 4090\n  File \"/e/torch/utils/cpp_extension.py\", line 1972, in <listcomp>\nValueError: invalid literal for int() with base 10: '90a'";
    expect(fixOf(text)[0]).toMatch(/^export TORCH_CUDA_ARCH_LIST=8\.9 /);
  });

  test("NVIDIA's repository is that of the distribution in the message", () => {
    const text =
      "W: GPG error: https://developer.download.nvidia.com/compute/cuda/repos/ubuntu1804/x86_64  InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY A4B469963BF863CC";
    expect(fixOf(text).join("\n")).toContain("repos/ubuntu1804/x86_64/cuda-keyring_1.0-1_all.deb");
    expect(fixOf("E: Unable to locate package cuda-toolkit-12-9").join("\n")).toContain(
      "apt-get install -y cuda-toolkit-12-9",
    );
  });

  test("a line of pip's own is not taken for the rest of the command above it", () => {
    const text =
      "(torch) jo@ws12:~/src/project$ pip install voxel-pool==0.2.1\nCollecting voxel-pool==0.2.1\nno such option: --global-option";
    expect(fixOf(text).join("\n")).not.toContain("0.2.1Collecting");
  });

  test("what a flag does is set, not told: cl.exe's by its own variable", () => {
    const at = "C:\\w\\ops>python setup.py install\nrunning build_ext\n";
    expect(fixOf(`${at}csrc\\a.cpp(12): error C2589: '(': illegal token on right side of '::'`)).toContain(
      "set CL=/DNOMINMAX",
    );
    expect(fixOf(`${at}rpcndr.h(192): error C2872: 'byte': ambiguous symbol`)).toContain("set CL=/D_HAS_STD_BYTE#0");
  });
});

describe("the command that failed", () => {
  const live = (text: string): readonly string[] => fixOf(text).filter((line) => !line.startsWith("#"));

  test("is run by bash where a docker build's shell lacks a word of bash", () => {
    const text =
      '#8 [4/7] RUN source /opt/venv/bin/activate && pip install -e .\n#8 0.231 /bin/sh: 1: source: not found\n#8 ERROR: process "/bin/sh -c source /opt/venv/bin/activate && pip install -e ." did not complete successfully: exit code: 127';
    expect(live(text)).toEqual(['SHELL ["/bin/bash", "-c"]', "RUN source /opt/venv/bin/activate && pip install -e ."]);
  });

  test("comes again with the release that the folder is named for", () => {
    const text =
      "jo@lab:~/ops-0.4.2$ pip install --no-build-isolation .\nLookupError: setuptools-scm was unable to detect version for /home/jo/ops-0.4.2.";
    expect(live(text)).toEqual([
      "export SETUPTOOLS_SCM_PRETEND_VERSION=0.4.2   # the release that it is",
      "python -m pip install --no-build-isolation .",
    ]);
  });

  test("is uv's own with all indexes", () => {
    const text =
      "$ uv pip install torchcodec --index https://download.pytorch.org/whl/cu128\nhint: `torchcodec` was found on https://download.pytorch.org/whl/cu128, but not at the requested version (torchcodec>=0.9.1). A compatible version may be available on a subsequent index (e.g., https://pypi.org/simple).";
    expect(live(text)[0]).toContain(
      "--index-strategy unsafe-best-match torchcodec --index https://download.pytorch.org/whl/cu128",
    );
  });

  test("has the name that torch's builder would have given", () => {
    const text =
      "$ g++ -O3 -shared -fPIC bind.cpp -o fast.so\nbind.cpp:60:17: error: ‘TORCH_EXTENSION_NAME’ was not declared in this scope";
    expect(live(text)).toEqual(["g++ -DTORCH_EXTENSION_NAME=fast -O3 -shared -fPIC bind.cpp -o fast.so"]);
  });

  test("follows the torch that its list asks for", () => {
    const text =
      "$ pip install -r requirements.txt\nERROR: Could not find a version that satisfies the requirement torch==2.1.0+cu121 (from versions: 2.0.0, 2.1.0)";
    expect(live(text).slice(0, 2)).toEqual([
      "python -m pip install torch==2.1.0+cu121 --index-url https://download.pytorch.org/whl/cu121",
      "python -m pip install -r requirements.txt",
    ]);
  });
});
