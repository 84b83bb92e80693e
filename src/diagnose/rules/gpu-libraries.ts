/** The libraries above the CUDA run time: cuBLAS, cuDNN, Triton, OpenMP beside them. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import {
  installTorchFor,
  pip,
  platformOf,
  python,
  setVariable,
  torchAgain,
  torchCuda,
  torchIndex,
  unsetVariable,
  pythonVersion,
} from "../commands/commands.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";
import { cudaForArchitecture } from "../tables/version-facts.ts";

/** The ptxas that was called, when it is not the one in Triton's package. */
function ofToolkit(match: Match): string | undefined {
  const called = match.context.log.tritonPtxas;
  return called === undefined || /[\\/]triton[\\/]/.test(called) ? undefined : called;
}

/** The first CUDA whose ptxas knows the target. */
function ptxasSince(match: Match): string | undefined {
  return cudaForArchitecture(/sm_(\d+[a-z]?)/.exec(match.facts["arch"] ?? "")?.[1]?.replace(/a$/, "") ?? "")?.since;
}

/** Whether a toolkit is not older than the first that knows the target. */
function knows(match: Match, cuda: string | undefined): boolean {
  const since = ptxasSince(match);
  return cuda !== undefined && since !== undefined && compareVersions(parseVersion(cuda), parseVersion(since)) >= 0;
}

/**
 * The ptxas of a toolkit that knows the GPU: the one that is installed, as /usr/local/cuda names it, where nothing in the text
 * says that this one is too old.
 */
function newerPtxas(match: Match): string {
  const since = ptxasSince(match);
  const { cuda } = match.context.log;
  const installedIsOld =
    ofToolkit(match) !== undefined || (cuda !== undefined && since !== undefined && !knows(match, cuda));
  const called = ofToolkit(match) === undefined ? "" : `, in place of ${ofToolkit(match) ?? ""}`;
  return installedIsOld
    ? `export TRITON_PTXAS_PATH=/usr/local/cuda-${since ?? "<newer>"}/bin/ptxas   # install CUDA ${since === undefined ? "that knows the GPU" : `${since} or newer`}${called}; its ptxas --help | grep sm_ has to name the GPU`
    : `export TRITON_PTXAS_PATH=/usr/local/cuda/bin/ptxas   # ${since === undefined ? "of a CUDA that knows the GPU" : `of CUDA ${since} or newer`}: ptxas --help | grep sm_ has to name it`;
}

/** A newer torch brings a newer Triton; one that is made for this GPU already stays, and so does a nightly. */
function newerTriton(match: Match): string {
  const { installedTorch, torch } = match.context.log;
  if (/\.dev\d/.test(`${installedTorch ?? ""} ${torch ?? ""}`))
    return `# or another nightly of torch, whose Triton brings a newer ptxas: ${pip(match, `install --upgrade --pre torch --index-url https://download.pytorch.org/whl/nightly/${torchIndex(match)}`)}`;
  const upgrade = pip(match, "install --upgrade torch");
  return knows(match, torchCuda(match))
    ? `# or a newer release of torch, which brings a newer Triton: ${upgrade}`
    : `${upgrade}   # a newer release brings a newer Triton`;
}

export const gpuLibraryRules: readonly Rule[] = [
  {
    id: "gpu-library-status",
    title: "A CUDA library refuses to work",
    on: ["gpu"],
    role: "symptom",
    specificity: 50,
    matches: (finding) =>
      coded(finding, "library-status", "library-not-initialized") === undefined
        ? undefined
        : {
            library: /\bCU(?<name>BLAS|DNN|SOLVER|SPARSE|RAND|FFT)_/.exec(finding.text)?.groups?.["name"] ?? "BLAS",
          },
    confidence: "low",
    cause: (match) =>
      match.facts["library"] === "FFT"
        ? "cuFFT failed. With torch for CUDA 11.7 it does so on RTX 40 GPUs, whose cuFFT came with 11.8; otherwise GPU memory is full, or an earlier kernel failed."
        : match.facts["library"] === "SOLVER"
          ? "cuSOLVER could not start or failed: GPU memory is full, another version of the library is loaded than torch's (LD_LIBRARY_PATH), or an earlier kernel failed."
          : match.finding.code === "library-not-initialized"
            ? "cuBLAS or cuDNN could not start: GPU memory is full, an earlier kernel failed, or another version of the library is loaded than the one torch was built with."
            : /EXECUTION_FAILED/.test(match.finding.text)
              ? "cuBLAS or cuDNN could not run its kernel: an earlier kernel broke the context (an index out of range, which only this later call notices), GPU memory is full, torch's CUDA is older than the GPU (CUDA 10 knows no RTX 30, 11.7 no RTX 40), or libraries of two CUDA versions are mixed."
              : "cuBLAS or cuDNN refuses the call: the library does not support this GPU or type, an earlier kernel failed, or libraries of two CUDA versions are mixed.",
    fix: (match) => [
      ...(match.facts["library"] === "FFT"
        ? [
            // PyTorch's builds for CUDA 12.6 are for Python 3.9 and newer.
            installTorchFor(match, /^3\.[0-8]$/.test(pythonVersion(match) ?? "") ? "11.8" : "12.6") +
              "   # any CUDA from 11.8 on",
          ]
        : match.facts["library"] === "SOLVER"
          ? ['# in the program, first: torch.backends.cuda.preferred_linalg_library("magma")']
          : []),
      `CUDA_LAUNCH_BLOCKING=1 ${python(match)} the_program.py   # another message than before: that one is the cause`,
      "nvidia-smi   # is the memory full? with a batch size of 1?",
      ...(/EXECUTION_FAILED|ARCH_MISMATCH/.test(match.finding.text)
        ? [
            `${python(match)} -c "import torch; print(torch.version.cuda, torch.cuda.get_device_name(0), torch.cuda.get_arch_list())"   # does torch's CUDA know this GPU?`,
          ]
        : []),
      unsetVariable(match, "LD_LIBRARY_PATH"),
      ...(match.facts["library"] === "FFT" ? [] : [torchAgain(match)]),
    ],
    sources: ["https://docs.nvidia.com/cuda/cublas/#cublasstatus-t", "pytorch/pytorch#88038"],
    examples: [
      { text: "RuntimeError: cuFFT error: CUFFT_INTERNAL_ERROR", expect: "RTX 40" },
      {
        text: "Python 3.8.18\ntorch 1.13.1+cu117\nRuntimeError: cuFFT error: CUFFT_INTERNAL_ERROR",
        expect: "whl/cu118",
      },
      {
        text: "RuntimeError: CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
        expect: "LD_LIBRARY_PATH",
      },
    ],
  },
  {
    id: "cudnn-has-no-plan",
    title: "cuDNN has no kernel for an attention or a fused operation on this GPU",
    on: ["gpu"],
    specificity: 70,
    matches: (finding) => coded(finding, "cudnn-plans"),
    confidence: "high",
    cause: () =>
      "cuDNN was asked for a fused kernel (scaled_dot_product_attention with its cuDNN backend, which torch 2.5.0 prefers, or a graph of cudnn-frontend) and has none for this GPU, type or shape: its attention wants Ampere (RTX 30, A100) or newer, not Volta and Turing (V100, T4, RTX 20), float16 or bfloat16, and a head size that it knows. A libnvrtc that is not found, named in a line above, has the same effect.",
    fix: (match) => [
      "# in the program, first: import torch; torch.backends.cuda.enable_cudnn_sdp(False)   # attention by Flash, memory-efficient or plain kernels",
      pip(match, "install --upgrade torch") + "   # when it is 2.5.0 (2.4.1 did not do it either)",
      "# tests and code of cudnn-frontend itself: a GPU from 8.0 on, and the cuDNN release that the sample names",
    ],
    sources: [
      "ostris/ai-toolkit#203",
      "karpathy/llm.c#761",
      "NVIDIA/cudnn-frontend#116",
      "huggingface/diffusers#9704",
      "Comfy-Org/ComfyUI#10090",
    ],
    examples: [
      {
        text: "RuntimeError: cuDNN Frontend error: [cudnn_frontend] Error: No execution plans support the graph.",
        expect: "enable_cudnn_sdp(False)",
      },
      {
        text: "E       cudnn._compiled_module.cudnnGraphNotSupportedError: [cudnn_frontend] Error: No execution plans built successfully.",
        expect: "enable_cudnn_sdp(False)",
      },
    ],
  },
  {
    id: "cudnn-not-loadable",
    title: "cuDNN or cuBLAS cannot be loaded",
    on: ["gpu"],
    specificity: 66,
    matches: (finding) => coded(finding, "library-not-loaded"),
    confidence: "medium",
    cause: () =>
      "torch loads the parts of cuDNN when they are first needed, and one of them is not found or is of another version: the nvidia-cudnn package is missing or damaged, or LD_LIBRARY_PATH names another cuDNN, which is found first.",
    fix: (match) => [
      unsetVariable(match, "LD_LIBRARY_PATH") + "   # and try again",
      pip(match, "list | grep -i cudnn"),
      ...(/^Unable to load any of \{libcudnn\w*\.so\.9/.test(match.finding.message) && platformOf(match) === "linux"
        ? [
            "# another part of the process asks (CTranslate2 of faster-whisper and WhisperX, ONNX Runtime): the folder of torch's cuDNN is on no search path of its own",
            pip(match, `install "nvidia-cudnn-cu${torchCuda(match)?.split(".")[0] ?? "12"}>=9"`),
            `export LD_LIBRARY_PATH=$(${python(match)} -c "import sysconfig; print(sysconfig.get_paths()['purelib'])")/nvidia/cudnn/lib:$LD_LIBRARY_PATH`,
            "# still so:",
          ]
        : []),
      torchAgain(match),
    ],
    sources: ["https://docs.nvidia.com/deeplearning/cudnn/backend/latest/"],
    examples: [
      {
        text: "Unable to load any of {libcudnn_graph.so.9.1.0, libcudnn_graph.so.9.1, libcudnn_graph.so.9, libcudnn_graph.so}\nInvalid handle. Cannot load symbol cudnnCreateTensorDescriptor",
        expect: "/nvidia/cudnn/lib",
      },
    ],
  },
  {
    id: "triton-unusable",
    title: "Triton is missing, or the GPU is too old for it",
    on: ["gpu"],
    specificity: 70,
    matches: (finding) =>
      coded(finding, "no-triton") ?? (coded(finding, "too-old-for-triton") === undefined ? undefined : { old: "yes" }),
    confidence: "high",
    cause: (match) =>
      match.facts["old"] === undefined
        ? "torch.compile generates GPU code by way of Triton, and the package is not installed (it does not come with torch on Windows and on CPU-only builds), or is of another version than this torch needs."
        : "torch.compile generates GPU code by way of Triton, which supports GPUs from compute capability 7.0; this one is older.",
    fix: (match) =>
      match.facts["old"] === undefined
        ? [
            platformOf(match) === "win32"
              ? pip(match, "install triton-windows")
              : `${torchAgain(match)}   # brings the triton that fits`,
            "# or without it: torch.compile(model, backend='aot_eager')",
          ]
        : ["# do without torch.compile on this GPU: TORCHDYNAMO_DISABLE=1, or backend='aot_eager'"],
    sources: ["https://docs.pytorch.org/docs/stable/torch.compiler.html"],
    examples: [
      {
        text: "RuntimeError: Cannot find a working triton installation. Either the package is not installed or it is too old.",
        expect: "triton",
      },
      {
        text: "RuntimeError: Found Quadro K620 which is too old to be supported by the triton GPU compiler, which is used as the backend.",
        expect: "7.0",
      },
    ],
  },
  {
    id: "openmp-loaded-twice",
    title: "Two OpenMP run times are loaded",
    on: ["exception"],
    specificity: 65,
    matches: (finding) => coded(finding, "openmp-twice"),
    confidence: "high",
    cause: () =>
      "Two copies of the OpenMP run time (torch's and another package's or the extension's) are in one process.",
    fix: (match) => [
      `${python(match)} -c "import glob, sys; print(*glob.glob(sys.prefix + '/**/${/Initializing (lib\w+\.\w+)/.exec(match.finding.text)?.[1] ?? "*omp*"}', recursive=True), sep='\\n')"   # each copy; torch's own stays, the package of another is installed anew or its copy renamed`,
      match.context.log.conda
        ? "conda install nomkl   # or all packages from one channel"
        : "# take torch and numpy from one source (all pip or all conda), and do not link another libiomp5 into the extension",
      // The wheels of 2.3.0 for Macs bring two copies of their own (pytorch/pytorch#122705).
      ...(/^2\.3\.0/.test(match.context.log.installedTorch ?? match.context.log.torch ?? "") &&
      /libomp\.dylib/.test(match.finding.text)
        ? [
            pip(match, 'install --upgrade "torch>=2.3.1"') +
              "   # torch 2.3.0 for Macs brings two copies itself, of which torch.compile takes the wrong one",
          ]
        : []),
      setVariable(match, "KMP_DUPLICATE_LIB_OK", "TRUE") + "   # a stopgap that may give wrong results",
    ],
    sources: ["meta-pytorch/csprng#115", "pytorch/pytorch#122705"],
    examples: [
      {
        text: "torch 2.3.0, macOS 14, torch.compile\nOMP: Error #15: Initializing libomp.dylib, but found libomp.dylib already initialized.",
        expect: 'install --upgrade "torch>=2.3.1"',
      },
      {
        text: "OMP: Error #15: Initializing libiomp5md.dll, but found libiomp5md.dll already initialized.",
        expect: "OpenMP",
      },
    ],
  },
  {
    id: "triton-ptxas-too-old",
    title: "Triton's ptxas does not know this GPU",
    on: ["driver", "exception"],
    specificity: 94,
    matches: (finding, context) => {
      const facts = said(finding, /[Vv]alue '(?<arch>sm_\w+)' is not defined for option 'gpu-name'/);
      const triton = (text: string | undefined): boolean => /triton|Triton|PTXASError/.test(text ?? "");
      return facts !== undefined &&
        (triton(finding.text) ||
          context.findings.some(
            (other) => triton(other.code) || triton(other.message) || triton(other.frames?.join(" ")),
          ))
        ? facts
        : undefined;
    },
    confidence: "high",
    cause: (match) => {
      const since = ptxasSince(match);
      const knows = `does not know \`${match.facts["arch"] ?? ""}\`${since === undefined ? "" : `, which came with CUDA ${since}`}`;
      return ofToolkit(match) === undefined
        ? `Triton brings a ptxas of its own, of the CUDA that its release was made with, and that one ${knows}. No nvcc of the machine has a part in it.`
        : `Triton called \`${ofToolkit(match) ?? ""}\` (TRITON_PTXAS_PATH, or the one of its package), and that ptxas ${knows}: the toolkit is older than the GPU.`;
    },
    fix: (match) => [newerPtxas(match), newerTriton(match)],
    sources: ["triton-lang/triton: python/triton/knobs.py", "triton-lang/triton#8539"],
    examples: [
      {
        text: "triton.runtime.errors.PTXASError: PTXAS error: Internal Triton PTX codegen error\n`ptxas` stderr:\nptxas fatal   : Value 'sm_121a' is not defined for option 'gpu-name'",
        expect: "TRITON_PTXAS_PATH=/usr/local/cuda/bin/ptxas",
      },
      {
        text: "triton.runtime.errors.PTXASError: PTXAS error: Internal Triton PTX codegen error\n`ptxas` stderr:\nptxas fatal   : Value 'sm_103a' is not defined for option 'gpu-name'\ntorch                  2.9.0.dev20250801+cu130",
        expect: "# or another nightly",
      },
      {
        text: "triton.runtime.errors.PTXASError: PTXAS error: Internal Triton PTX codegen error\n`ptxas` stderr:\nptxas fatal   : Value 'sm_120a' is not defined for option 'gpu-name'\nRepro command: /usr/local/cuda-12.4/bin/ptxas -lineinfo -v --gpu-name=sm_120a /tmp/a.ptx -o /tmp/a.ptx.o",
        expect: "TRITON_PTXAS_PATH=/usr/local/cuda-12.8/bin/ptxas",
      },
    ],
  },
  {
    id: "attention-without-kernel",
    title: "No attention kernel takes these tensors",
    on: ["exception"],
    role: "symptom",
    specificity: 60,
    matches: (finding) => said(finding, /^No available kernel\.? ?(?:Aborting execution)?/),
    confidence: "medium",
    cause: () =>
      "scaled_dot_product_attention may use only the kernels that were chosen (sdp_kernel, sdpa_kernel), and none of them takes these types, shapes, masks or this GPU. The warnings before the message say why each was left out.",
    fix: () => [
      "# let the others in: with torch.nn.attention.sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]): …",
      "# flash attention wants float16 or bfloat16 and a GPU from compute capability 8.0 on",
      "export TORCH_ROCM_AOTRITON_ENABLE_EXPERIMENTAL=1   # AMD GPUs outside of the officially supported ones",
    ],
    sources: [
      "https://docs.pytorch.org/docs/stable/generated/torch.nn.attention.sdpa_kernel.html",
      "ROCm/TheRock#1364",
    ],
    examples: [{ text: "RuntimeError: No available kernel. Aborting execution.", expect: "sdpa_kernel" }],
  },
];
