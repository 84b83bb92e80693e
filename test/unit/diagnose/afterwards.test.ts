/** The failed command is given live behind a line that mends, and as a remark where all that mends is one: live it would fail again. */
import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

const fix = (text: string): readonly string[] => diagnose(text).diagnoses[0]?.fix ?? [];
const live = (text: string): string[] =>
  fix(text)
    .filter((line) => !line.startsWith("#"))
    .map((line) => line.replace(/\s{2,}# .*$/, ""));

describe("a fix of remarks alone", () => {
  const twice = "b.obj : error LNK2005: PyInit__C already defined in a.obj";

  test("names the command in a remark", () => {
    expect(fix(`C:\\w\\scene>python setup.py install\n${twice}`).at(-1)).toBe("# then: python setup.py install");
    expect(live(`C:\\w\\scene>python setup.py install\n${twice}`)).not.toContain("python setup.py install");
  });
});

describe("the program or the script that was started", () => {
  test("a server with all its words", () => {
    const text =
      "(llm) jo@gpu:~$ vllm serve Qwen/Qwen3-8B --tensor-parallel-size 2\n[1/11] :/usr/local/cuda-12.6/bin/nvcc -c a.cu -o a.o\nFAILED: [code=127] a.o\n/bin/sh: 1: :/usr/local/cuda-12.6/bin/nvcc: not found";
    expect(live(text).at(-1)).toBe("vllm serve Qwen/Qwen3-8B --tensor-parallel-size 2");
  });

  test("a batch file of Windows, and no question to Python behind it", () => {
    const text =
      "PS C:\\w\\ds> .\\build_ops.bat\nLINK : fatal error LNK1181: cannot open input file 'aio.lib'\nPS C:\\w\\ds> python -c \"import torch; print(torch.__version__)\"\n2.2.0+cu118";
    expect(live(text).at(-1)).toBe(".\\build_ops.bat");
  });

  test("uv's with the groups that ask for the package", () => {
    const text =
      "$ uv sync --no-build-isolation-package flash-attn --extra train\n  × Failed to build `flash-attn==2.8.3`\n  ╰─▶ Call to `setuptools.build_meta:__legacy__.build_wheel` failed (exit code: 1)\n        File \"<string>\", line 8, in <module>\n      ModuleNotFoundError: No module named 'setuptools'";
    expect(live(text).join("\n")).toContain("psutil");
    expect(live(text).join("\n")).toContain("uv sync --no-build-isolation-package flash-attn --extra train");
  });

  test("pip's with a repository that is written in one word", () => {
    const text =
      "pip install --pre torch --index-url https://download.pytorch.org/whl/nightly/cu124\npip install git+https://github.com/NVIDIA/TransformerEngine.git@v1.12\n  a/common.h:3:10: fatal error: cudnn.h: No such file or directory\n  ERROR: Failed building wheel for transformer-engine";
    expect(live(text).at(-1)).toContain("pip install git+https://github.com/NVIDIA/TransformerEngine.git@v1.12");
  });
});

describe("what mends is a live line", () => {
  test("a script that asks for a GPU, in a step of a Dockerfile", () => {
    const text =
      'ARG FORCE_CUDA="1"\nARG TORCH_CUDA_ARCH_LIST="Turing"\nStep 6/9 : RUN python setup.py build develop\nTraceback (most recent call last):\n  File "setup.py", line 65, in <module>\n    ext_modules=get_extensions(),\n  File "setup.py", line 41, in get_extensions\n    raise NotImplementedError(\'Cuda is not available\')\nNotImplementedError: Cuda is not available\nThe command \'/bin/sh -c python setup.py build develop\' returned a non-zero code: 1';
    expect(live(text)).toEqual([
      "RUN sed -i 's/torch\\.cuda\\.is_available()/True/' setup.py",
      "RUN python setup.py build develop",
    ]);
  });

  test("a power of a whole number, in the source that nvcc compiled", () => {
    const text =
      "(e) jo@ws:~/nerf$ python train.py\nRuntimeError: Error building extension '_grid': [1/2] /usr/local/cuda-11.7/bin/nvcc -DTORCH_EXTENSION_NAME=_grid -c /home/jo/nerf/src/grid.cu -o grid.cuda.o\nFAILED: grid.cuda.o\nptxas fatal   : Unresolved extern function '_Z3powfi'";
    expect(live(text)[0]).toMatch(/^sed -i -E .* \/home\/jo\/nerf\/src\/grid\.cu$/);
    expect(live(text).at(-1)).toBe("python train.py");
  });

  test("a build whose import was tried first has one answer", () => {
    const text =
      "C:\\c\\ngp>python main.py\nTraceback (most recent call last):\n  File \"C:\\c\\ngp\\freq\\enc.py\", line 9, in <module>\n    import _freqenc as _backend\nModuleNotFoundError: No module named '_freqenc'\nDuring handling of the above exception, another exception occurred:\nRuntimeError: Error building extension '_freq_enc': [1/3] C:\\cuda\\bin\\nvcc -DTORCH_EXTENSION_NAME=_freq_enc -c C:\\c\\ngp\\freq\\src\\enc.cu -o enc.cuda.o\nptxas fatal   : Unresolved extern function '_Z3powdi'";
    expect(diagnose(text).diagnoses.map(({ id }) => id)).toEqual(["math-overload-without-device-version"]);
    expect(live(text)[0]).toContain("Set-Content C:\\c\\ngp\\freq\\src\\enc.cu");
  });
});

test("what a build that ended well says in passing is no fault", () => {
  const text =
    "$ pip install --no-build-isolation .\n  Guessing wheel URL:  https://github.com/Dao-AILab/causal-conv1d/releases/download/v1.5.0/causal_conv1d-1.5.0+cu12torch2.5cxx11abiFALSE-cp311-cp311-linux_x86_64.whl\n  Precompiled wheel not found. Building from source...\n  building 'causal_conv1d_cuda' extension\nSuccessfully installed causal_conv1d-1.5.0";
  expect(diagnose(text).diagnoses).toEqual([]);
});
