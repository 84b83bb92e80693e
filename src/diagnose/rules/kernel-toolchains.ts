/**
 * What libraries of kernels for large models want of CUDA's toolkit and of NVIDIA's libraries beside it: the nvcc that DeepGEMM calls while
 * it runs, NVSHMEM for DeepEP, the toolkit that LMDeploy opens on Windows. Does not know which releases go with which torch.
 */
import {
  buildAgain,
  pip,
  python,
  setVariable,
  showToolkits,
  toolkitFolder,
  toolkitOnPath,
  torchCuda,
} from "../commands/commands.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";
import { header, includedBy } from "../matchers.ts";

/** The program does without DeepGEMM, where it is known how it is told so. */
function withoutDeepGemm({ context }: Match): string[] {
  const speaks = (form: RegExp): boolean =>
    context.findings.some(({ text, frames }) => form.test(`${text} ${frames?.join(" ") ?? ""}`)) ||
    form.test(`${Object.keys(context.log.versions).join(" ")} ${context.log.runningModule ?? ""}`);
  if (speaks(/\bvllm\b/i)) return ["# or without it: export VLLM_USE_DEEP_GEMM=0, in the shell that starts vLLM"];
  if (speaks(/\bsglang\b/i))
    return ["# or without it: export SGLANG_ENABLE_JIT_DEEPGEMM=0, in the shell that starts SGLang"];
  return [];
}

/** The toolkit of torch's CUDA, for a program that compiles while it runs. */
function toolkitForNow(match: Match, least?: string): string[] {
  return [
    showToolkits(match),
    `${setVariable(match, "CUDA_HOME", toolkitFolder(match, torchCuda(match)))}   # ${least === undefined ? "" : `${least} or newer, `}of torch's CUDA (torch.version.cuda); none there: https://developer.nvidia.com/cuda-toolkit-archive; a cluster: module load cuda`,
    toolkitOnPath(match),
  ];
}

export const kernelToolchainRules: readonly Rule[] = [
  {
    id: "deepgemm-without-toolkit",
    title: "DeepGEMM finds no CUDA toolkit, or one that is too old",
    on: ["exception"],
    specificity: 84,
    matches: (finding) => {
      const old = said(finding, /NVCC version should be >= (?<least>\d+\.\d+)/);
      if (old !== undefined) return old;
      return /AssertionError/.test(finding.text) &&
        finding.frames?.some((frame) => /deep_gemm[\\/]/.test(frame) && /_find_cuda_home/.test(frame)) === true
        ? {}
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      match.facts["least"] === undefined
        ? "DeepGEMM compiles its kernels while it runs, and looks for CUDA's toolkit when it is imported: neither CUDA_HOME nor an nvcc on PATH nor /usr/local/cuda is there. (The CUDA that torch brings is the run time only.)"
        : `DeepGEMM compiles its kernels while it runs, with the nvcc of CUDA_HOME or PATH, which${match.context.log.cuda === undefined ? "" : ` (CUDA ${match.context.log.cuda})`} is older than the ${match.facts["least"]} that it needs. The CUDA of torch plays no part in that.`,
    fix: (match) => [
      ...toolkitForNow(match, match.facts["least"]),
      ...withoutDeepGemm(match),
      "# then start the program again",
    ],
    sources: ["vllm-project/vllm#49051", "sgl-project/sglang#13468", "deepseek-ai/DeepGEMM: README.md"],
    examples: [
      {
        text: 'RuntimeError: Assertion error (/w/.deps/deepgemm-src/csrc/apis/../jit/compiler.hpp:187): (major > 12 or (major == 12 and minor >= 3)) and "NVCC version should be >= 12.3"\ntorch 2.9.0+cu128',
        expect: "export CUDA_HOME=/usr/local/cuda-12.8",
      },
      {
        text: 'Traceback (most recent call last):\n  File "/e/lib/python3.10/site-packages/sglang/srt/layers/quantization/deep_gemm_wrapper/configurer.py", line 3, in <module>\n    import deep_gemm\n  File "/e/lib/python3.10/site-packages/deep_gemm/__init__.py", line 87, in <module>\n    _find_cuda_home()\n  File "/e/lib/python3.10/site-packages/deep_gemm/__init__.py", line 77, in _find_cuda_home\n    assert cuda_home is not None\nAssertionError',
        expect: "SGLANG_ENABLE_JIT_DEEPGEMM=0",
      },
    ],
  },
  {
    id: "deepgemm-without-cuobjdump",
    title: "DeepGEMM finds no cuobjdump beside nvcc",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      said(finding, /Assertion error \([^)]{0,300}jit[\\/]kernel_runtime\.hpp:\d+\): ?exit_code == 0/),
    confidence: "high",
    cause: () =>
      "DeepGEMM asks $CUDA_HOME/bin/cuobjdump for the name of the kernel that it has just compiled, and that call failed: cuobjdump is a package of its own beside nvcc, which small images and conda's cuda-nvcc do not have.",
    fix: (match) => {
      const { conda, cuda } = match.context.log;
      const asked = cuda ?? torchCuda(match);
      const [major, minor] = (asked ?? "").split(".");
      return [
        "ls -l ${CUDA_HOME:-/usr/local/cuda}/bin/cuobjdump   # there?",
        conda
          ? `conda install -c nvidia cuda-cuobjdump${asked === undefined ? "" : ` "cuda-version=${asked}"`}`
          : minor === undefined
            ? "# sudo apt-get install -y cuda-cuobjdump-<major>-<minor> of the toolkit that nvcc --version names; conda: conda install -c nvidia cuda-cuobjdump; or CUDA_HOME of a whole toolkit"
            : `sudo apt-get install -y cuda-cuobjdump-${major ?? ""}-${minor}   # NVIDIA's repository; conda: conda install -c nvidia cuda-cuobjdump; or CUDA_HOME of a whole toolkit`,
        ...withoutDeepGemm(match),
      ];
    },
    sources: ["deepseek-ai/DeepGEMM#427", "llm-d/llm-d#1386"],
    examples: [
      {
        text: "RuntimeError: Assertion error (/root/DeepGEMM/csrc/apis/../jit_kernels/impls/../../jit/kernel_runtime.hpp:42): exit_code == 0",
        expect: "cuobjdump",
      },
      {
        text: "torch 2.9.0+cu129\nRuntimeError: Assertion error (/e/lib/python3.12/site-packages/deep_gemm/csrc/jit/kernel_runtime.hpp:58): exit_code == 0",
        expect: "cuda-cuobjdump-12-9",
      },
    ],
  },
  {
    id: "nvshmem-headers-missing",
    title: "NVSHMEM's headers are not found",
    on: ["missing-header"],
    specificity: 84,
    matches: (finding) =>
      header(
        finding,
        /^(?:(?:device|host|non_abi|device_host)[\\/](?:\w+[\\/])*)?nvshmem\w*\.h$|^infiniband\/mlx5dv\.h$/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["header"] === "infiniband/mlx5dv.h"
        ? `\`infiniband/mlx5dv.h\`${includedBy(match)} is of the RDMA libraries, which NVSHMEM's InfiniBand part and DeepEP include.`
        : `\`${match.facts["header"] ?? ""}\`${includedBy(match)} is of NVSHMEM, which is no part of the CUDA toolkit: NVSHMEM_DIR is not set, or names a folder that has the libraries alone (FlashInfer's and torch's copies come without headers).`,
    fix: (match) =>
      match.facts["header"] === "infiniband/mlx5dv.h"
        ? ["sudo apt-get install libibverbs-dev"]
        : [
            pip(match, `install nvidia-nvshmem-cu${torchCuda(match)?.split(".")[0] ?? "12"}`) +
              "   # libraries and headers; the number is the major version of torch's CUDA",
            `${setVariable(match, "NVSHMEM_DIR", `$(${python(match)} -c "import importlib.util as u; print(u.find_spec('nvidia.nvshmem').submodule_search_locations[0])")`)}`,
            "export LD_LIBRARY_PATH=$NVSHMEM_DIR/lib:$LD_LIBRARY_PATH",
            ...buildAgain(match),
          ],
    sources: ["deepseek-ai/DeepEP: third-party/README.md", "deepseek-ai/DeepEP#337", "ishandhanani/srt-slurm#242"],
    examples: [
      {
        text: "root@n:/w/DeepEP# python3 setup.py install\n/w/DeepEP/csrc/kernels/configs.cuh:62:10: fatal error: nvshmem.h: No such file or directory",
        expect: "install nvidia-nvshmem-cu12",
      },
    ],
  },
  {
    id: "turbomind-finds-no-cuda",
    title: "LMDeploy's TurboMind does not find CUDA's libraries on Windows",
    on: ["load", "exception"],
    specificity: 90,
    matches: (finding) =>
      /^_turbomind$/.test(finding.library ?? "") && coded(finding, "dll-not-found", "dll") !== undefined
        ? {}
        : undefined,
    confidence: "high",
    cause: () =>
      "On Windows TurboMind takes CUDA's libraries from an installed toolkit, whose bin folder LMDeploy finds by CUDA_PATH: it is not set, the toolkit is of another major version than the wheel (from 0.4.0 on PyPI's is for CUDA 12), or LMDeploy is older than 0.4.1, which looks in the wrong place. torch's own copies do not serve.",
    fix: (match) => [
      `${pip(match, 'install "lmdeploy>=0.4.1"')}`,
      "echo %CUDA_PATH%   # a toolkit of CUDA 12? Else install one: https://developer.nvidia.com/cuda-toolkit-archive, no newer than the driver knows (nvidia-smi), and open a new window",
      `# a wheel for CUDA 11: https://github.com/InternLM/lmdeploy/releases, the one with +cu118 in its name`,
    ],
    sources: ["InternLM/lmdeploy#1146", "InternLM/lmdeploy#1526"],
    examples: [
      {
        text: 'File "C:\\e\\lib\\site-packages\\lmdeploy\\turbomind\\turbomind.py", line 38, in <module>\n    import _turbomind as _tm  # noqa: E402\nImportError: DLL load failed while importing _turbomind: The specified module could not be found.',
        expect: "lmdeploy>=0.4.1",
      },
    ],
  },
];
