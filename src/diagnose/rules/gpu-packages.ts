/** What packages beside torch say of the GPU: graphs of CUDA, Numba, CuPy, CUTLASS under MSVC. */
import { usualArchitectures } from "../commands/arch-lists.ts";
import {
  buildAgain,
  pip,
  platformOf,
  python,
  setVariable,
  showToolkits,
  showTorchCuda,
  toolkitFolder,
  toolkitOnPath,
  torchCuda,
  wordsToBuild,
  installGpuTorch,
  pythonVersion,
} from "../commands/commands.ts";
import { condaToolkit, useCondaToolkit } from "../tables/conda-toolkit.ts";
import { failedCommand } from "../commands/failed-command.ts";
import { toFetchedSources } from "../commands/fetched-sources.ts";
import { missingLibrary } from "../matchers.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";

/** `line 69 of its setup.py`, where the traceback stops. */
function setupLine(match: Match): string {
  const line = /setup\.py:(\d+)/.exec(match.finding.frames?.at(-1) ?? "")?.[1];
  return line === undefined ? "its setup.py" : `line ${line} of its setup.py`;
}

/** setup.py lies where the command was given: a script or setup.py itself ran it, no installer did. */
function isScriptOfFolder(match: Match): boolean {
  const failed = failedCommand(match);
  return (
    (failed?.kind === "script" || failed?.kind === "setup") &&
    /^(?:File ")?setup\.py[:"]/.test(match.finding.frames?.at(-1) ?? "")
  );
}

/** How an image is built where the build has to see a GPU. */
function inDocker({ context: { log } }: Match): string {
  return log.needsBuildKit
    ? "# docker build sees no GPU, and steps with RUN --mount need BuildKit: run the install in a container with docker run --gpus all and keep the result (docker commit), or build a wheel there and copy it into the image"
    : '# docker build with a GPU: "default-runtime": "nvidia" in /etc/docker/daemon.json, and DOCKER_BUILDKIT=0 (BuildKit does not take it)';
}

/** The targets are named already, and the script stops all the same: the same command would stop again. */
function withListUnheeded(match: Match, list: string): string[] {
  const sources = toFetchedSources(match);
  return [
    `# TORCH_CUDA_ARCH_LIST is set already (${list}), and this revision of the script does not heed it: another commit or a fork that does, or a change in a clone:`,
    ...sources,
    `# ${setupLine(match)}, where it stops: name the targets (${list}) in place of asking for a GPU, or take the check out`,
    ...(sources.length > 0 ? [pip(match, "install --no-build-isolation .")] : buildAgain(match)),
    `${inDocker(match)}; on a cluster: build on a node with a GPU`,
  ];
}

function near(match: Pick<Match, "finding" | "context">, form: RegExp): boolean {
  return [match.finding, ...match.context.findings].some((finding) =>
    form.test(`${finding.text} ${finding.frames?.join(" ") ?? ""}`),
  );
}

/** A toolkit of torch's CUDA, then the build again. */
function toolkitFirst(match: Match): string[] {
  const cuda = torchCuda(match) ?? match.context.log.spokenCuda;
  const inConda = match.context.log.conda && platformOf(match) === "linux" && cuda !== undefined;
  return [
    ...(cuda === undefined ? [showTorchCuda(match)] : []),
    ...(inConda
      ? [condaToolkit(cuda), useCondaToolkit]
      : [
          showToolkits(match),
          `${setVariable(match, "CUDA_HOME", toolkitFolder(match, cuda ?? "X.Y"))}   # not there: https://developer.nvidia.com/cuda-toolkit-archive`,
          toolkitOnPath(match),
        ]),
    ...buildAgain(match),
    "# then the same command of the build (make.sh) again, in the same shell",
  ];
}

export const gpuPackageRules: readonly Rule[] = [
  {
    id: "cuda-graph-capture-refused",
    title: "A call cannot be captured into a CUDA graph",
    on: ["gpu", "exception"],
    specificity: 74,
    matches: (finding) =>
      coded(finding, "graph-capture") ??
      saidAny(
        finding,
        /Cannot (?:call|prepare) (?<call>[\w:]+) (?:for replay )?during CUDA graph capture/,
        /Capture cuda graph failed/i,
        /operation (?:not permitted|would make|failed).*captur/i,
      ),
    confidence: "high",
    cause: (match) =>
      `While a CUDA graph is recorded, ${match.facts["call"] === undefined ? "an operator does what no graph can hold" : `\`${match.facts["call"]}\` is called, which no graph can hold`}: it waits for the GPU (.item(), .cpu(), cudaStreamSynchronize), allocates by cudaMalloc, launches on the default stream in place of torch's current one, takes random numbers from a generator that the graph does not know, or is compiled or tuned at that moment for the first time. No architecture and no build is at fault.`,
    fix: (match) => [
      ...(near(match, /sglang|sgl_kernel/)
        ? ["# SGLang without graphs: --disable-cuda-graph   (and without --enable-torch-compile); a newer release"]
        : near(match, /\bvllm\b/)
          ? ["# vLLM without graphs: --enforce-eager; a newer release"]
          : [
              "# without graphs for now: torch.compile(mode='default') in place of 'reduce-overhead'; no torch.cuda.graph around this call",
            ]),
      "# extension: launch on at::cuda::getCurrentCUDAStream(), memory from at::empty, no cudaDeviceSynchronize, no copy to the host; cudaFuncSetAttribute and cuBLAS handles before",
      "# three runs on a side stream before the capture (torch.cuda.graphs), so that compiling, tuning and workspaces are done; own generators: graph.register_generator_state(generator)",
    ],
    sources: [
      "sgl-project/sglang#7918",
      "sgl-project/sglang#6033",
      "https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs",
    ],
    examples: [
      {
        text: "RuntimeError: CUDA error: operation not permitted when stream is capturing",
        expect: "getCurrentCUDAStream",
      },
      {
        text: "Exception: Capture cuda graph failed: RuntimeError: Cannot call CUDAGeneratorImpl::current_seed during CUDA graph capture.",
        expect: "register_generator_state",
      },
    ],
  },
  {
    id: "numba-finds-no-toolkit",
    title: "Numba finds no CUDA toolkit",
    on: ["exception", "missing-library", "load"],
    specificity: 94,
    matches: (finding) =>
      finding.kind === "exception"
        ? finding.code === "NvvmSupportError"
          ? {}
          : said(finding, /libNVVM cannot be found|library nvvm not found|failed to open nvvm/)
        : /(?:^|lib)nvvm(?:64_\w+)?\.(?:so|dll)/.test(finding.library ?? "") &&
            !/^\S*cicc(?:\.exe)?: /.test(finding.text)
          ? {}
          : undefined,
    confidence: "high",
    cause: () =>
      "Numba compiles kernels by way of libNVVM and libdevice of the CUDA toolkit, and finds neither: torch's wheels do not bring them, and CUDA_HOME names no toolkit (or one whose nvvm folder is missing or too new for this Numba). torch itself is not concerned.",
    fix: (match) => {
      const major = (torchCuda(match) ?? "12").split(".")[0] ?? "12";
      // numba-cuda, the part with libraries of pip's, is for Python 3.9 and newer; conda's cudatoolkit went up to CUDA 11.
      if (major === "11" || /^3\.[0-8]$/.test(pythonVersion(match) ?? ""))
        return [
          `conda install -c conda-forge numba cudatoolkit=${major === "11" ? (torchCuda(match) ?? "11.8") : "11.8"}`,
          `# or a toolkit that is there: it has to have nvvm/: ${setVariable(match, "CUDA_HOME", toolkitFolder(match, torchCuda(match)))}`,
          `${python(match)} -m numba -s | grep -A12 -i cuda   # what Numba finds`,
        ];
      return [
        pip(match, `install "numba-cuda[cu${major}]"`) + "   # Numba's CUDA part with the toolkit's libraries from pip",
        `# or in an environment of conda: conda install -c conda-forge numba cuda-nvvm cuda-nvrtc "cuda-version=${torchCuda(match) ?? major}"   # CUDA 11: cudatoolkit=11.x, not newer than the driver`,
        `# or a toolkit that is there: it has to have nvvm/: ${setVariable(match, "CUDA_HOME", toolkitFolder(match, torchCuda(match)))}`,
        `${python(match)} -m numba -s | grep -A12 -i cuda   # what Numba finds`,
      ];
    },
    sources: ["Maghoumi/pytorch-softdtw-cuda#28", "https://numba.readthedocs.io/en/stable/cuda/overview.html"],
    examples: [
      {
        text: "numba.cuda.cudadrv.error.NvvmSupportError: libNVVM cannot be found. Do `conda install cudatoolkit`:",
        expect: "numba-cuda[cu12]",
      },
      {
        text: "torch 1.10.2+cu113\nnumba.cuda.cudadrv.error.NvvmSupportError: libNVVM cannot be found. Do `conda install cudatoolkit`:",
        expect: "conda install -y -c conda-forge numba cudatoolkit=11.3",
      },
    ],
  },
  {
    id: "cupy-library-missing",
    title: "CuPy finds no library of its CUDA",
    on: ["missing-library"],
    specificity: 90,
    matches: (finding) => {
      const facts = missingLibrary(finding, /^lib(?<lib>\w+)\.so\.(?<major>\d+)/);
      return facts !== undefined && /\bcupy\b|cupy_backends/i.test(`${finding.text} ${finding.file ?? ""}`)
        ? facts
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `CuPy was installed for CUDA ${/^(?:nvrtc|cudart|cublas\w*)$/.test(match.facts["lib"] ?? "") ? `${match.facts["major"] ?? ""} ` : ""}and finds its \`${match.facts["name"] ?? ""}\` nowhere: the wheels of CuPy (cupy-cuda11x, -cuda12x, -cuda13x) bring no CUDA of their own, and what torch brings is of another major version, or is not looked into.`,
    fix: (match) => {
      const major = (torchCuda(match) ?? match.facts["major"] ?? "12").split(".")[0] ?? "12";
      return [
        `${python(match)} -c "import torch; print(torch.version.cuda)"; ${pip(match, "list")} | grep -i -E "cupy|nvidia"`,
        `${pip(match, "uninstall -y cupy cupy-cuda11x cupy-cuda12x cupy-cuda13x")} && ${pip(match, `install "cupy-cuda${major}x[ctk]"`)}   # one CuPy, of torch's CUDA, with the libraries`,
        `# or the libraries alone, and import torch before cupy: ${pip(match, `install nvidia-cuda-nvrtc-cu${match.facts["major"] ?? major} nvidia-cuda-runtime-cu${match.facts["major"] ?? major}`)}`,
        "# or a toolkit of that version: export CUDA_PATH=/usr/local/cuda LD_LIBRARY_PATH=/usr/local/cuda/lib64:$LD_LIBRARY_PATH",
      ];
    },
    sources: ["AInseven/ComfyUI-fastblend#5", "https://docs.cupy.dev/en/stable/install.html"],
    examples: [
      {
        text: "CuPy failed to load libnvrtc.so.12: OSError: libnvrtc.so.12: cannot open shared object file: No such file or directory",
        expect: "cupy-cuda12x[ctk]",
      },
    ],
  },
  {
    id: "cutlass-without-cplusplus-macro",
    title: "CUTLASS takes MSVC for a compiler of C++98",
    on: ["compile"],
    specificity: 88,
    matches: (finding) =>
      saidAny(
        finding,
        /namespace ['"]cutlass::platform['"] has no member ['"](?<name>\w+_v)['"]/,
        /['"](?<name>\w+_v)['"]:? is not a member of ['"]cutlass::platform/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`cutlass::platform::${match.facts["name"] ?? ""}\` exists from C++17 on, and CUTLASS asks the macro __cplusplus for the standard, which MSVC leaves at 199711 unless it is told /Zc:__cplusplus. The package's setup.py passes that flag only with DISTUTILS_USE_SDK=1, or not at all.`,
    fix: () => [
      'set DISTUTILS_USE_SDK=1   # in the "x64 Native Tools Command Prompt"',
      "set CL=/std:c++17 /Zc:__cplusplus& set NVCC_APPEND_FLAGS=-Xcompiler /Zc:__cplusplus -Xcompiler /std:c++17   # for cl.exe itself and for the one behind nvcc",
      "# then build again, with --no-build-isolation; or a ready-made wheel for Windows",
    ],
    sources: ["Dao-AILab/flash-attention#1715", "Dao-AILab/flash-attention#1932"],
    examples: [
      {
        text: 'csrc/flash_attn/src/utils.h(30): error: namespace "cutlass::platform" has no member "is_unsigned_v"',
        expect: "/Zc:__cplusplus",
      },
    ],
  },
  {
    id: "rocm-blas-refuses",
    title: "hipBLAS or rocBLAS refuses a call",
    on: ["gpu"],
    role: "symptom",
    specificity: 58,
    matches: (finding) => {
      const status = /\b(?<status>(?:HIPBLAS|ROCBLAS|HIPSOLVER|HIPSPARSE|HIPFFT)(?:LT)?_STATUS_(?!SUCCESS)\w+)/i.exec(
        finding.text,
      );
      return status === null ? undefined : { status: status.groups?.["status"] };
    },
    confidence: "low",
    cause: (match) =>
      /ALLOC|NOT_INIT/i.test(match.facts["status"] ?? "")
        ? `${match.facts["status"] ?? ""}: the library could not start: GPU memory is full, or an earlier kernel failed.`
        : `${match.facts["status"] ?? ""}: AMD's library has no kernel for this call on this GPU (type, layout, epilogue; hipBLASLt supports few Radeon GPUs), or torch and the ROCm that is loaded are of releases that do not fit, so that arguments mean other things.`,
    fix: (match) => [
      "export TORCH_BLAS_PREFER_HIPBLASLT=0 DISABLE_ADDMM_CUDA_LT=1   # rocBLAS in place of hipBLASLt",
      `${python(match)} -c "import torch; print(torch.__version__, torch.version.hip)"; cat /opt/rocm/.info/version; rocminfo | grep -m1 gfx`,
      "unset LD_LIBRARY_PATH ROCM_PATH   # torch's wheels bring their own ROCm; extensions (bitsandbytes) built against the same release",
      pip(match, "install --upgrade torch --index-url https://download.pytorch.org/whl/rocm6.4") +
        "   # a torch of the ROCm that is installed, or newer",
    ],
    sources: ["bitsandbytes-foundation/bitsandbytes#107"],
    examples: [
      {
        text: "RuntimeError: CUDA error: HIPBLAS_STATUS_NOT_SUPPORTED when calling `HIPBLAS_STATUS_NOT_SUPPORTED`",
        expect: "TORCH_BLAS_PREFER_HIPBLASLT=0",
      },
    ],
  },
  {
    id: "torch-without-libuv",
    title: "This torch has no libuv, which torchrun asks for",
    on: ["exception"],
    specificity: 80,
    matches: (finding) => said(finding, /use_libuv was requested but PyTorch was buil[dt] without libuv support/),
    confidence: "high",
    cause: () =>
      "torch.distributed keeps its store with libuv since 2.4, and torch's wheels for Windows were built without it.",
    fix: (match) => [
      `${setVariable(match, "USE_LIBUV", "0")}   # then the same command, in this prompt${platformOf(match) === "win32" ? "; PowerShell: $env:USE_LIBUV=0" : ""}`,
      '# in the program: torch.distributed.init_process_group(backend="gloo", init_method="env://?use_libuv=False"); torchrun asks by itself: start a single process with python',
    ],
    sources: ["facebookresearch/sam2#503", "pytorch/pytorch: torch/distributed/rendezvous.py"],
    examples: [
      {
        text: "RuntimeError: use_libuv was requested but PyTorch was build without libuv support",
        expect: "USE_LIBUV",
      },
    ],
  },
  {
    id: "torch-without-nccl",
    title: "This torch has no NCCL",
    on: ["exception"],
    specificity: 80,
    matches: (finding) => said(finding, /Distributed package doesn't have (?<backend>NCCL|MPI|UCC|XCCL|GLOO) built in/),
    confidence: "high",
    cause: (match) =>
      `The program asks torch.distributed for the backend ${match.facts["backend"] ?? "NCCL"}, which this torch was built without: ${match.facts["backend"] !== "NCCL" ? "wheels do not have it" : platformOf(match) === "win32" ? "NCCL does not exist for Windows" : platformOf(match) === "darwin" ? "NCCL does not exist for macOS" : "it is a CPU-only build (pip or conda chose one), or a build for Windows, macOS or Jetson, where NCCL is not in it"}.`,
    fix: (match) => [
      `${python(match)} -c "import torch, torch.distributed as d; print(torch.__version__, torch.version.cuda, d.is_nccl_available(), d.is_gloo_available())"`,
      '# in the program: torch.distributed.init_process_group(backend="gloo")   (libraries: --ddp_backend gloo, TORCH_DISTRIBUTED_BACKEND=gloo); one GPU needs no distributed at all',
      ...(platformOf(match) === "win32"
        ? [
            "# NCCL itself: Linux, or WSL2",
            `${setVariable(match, "USE_LIBUV", "0")}   # Windows: gloo's store without libuv`,
          ]
        : match.facts["backend"] !== "NCCL" || platformOf(match) === "darwin" || match.context.log.jetson
          ? []
          : ["# on Linux with an NVIDIA GPU, torch for CUDA, which brings NCCL:", installGpuTorch(match)]),
    ],
    sources: ["meta-llama/llama3#127"],
    examples: [
      { text: "RuntimeError: Distributed package doesn't have NCCL built in", expect: 'backend="gloo"' },
      {
        text: "Linux-5.15.0-x86_64-with-glibc2.35\ntorch 2.4.1+cpu\nRuntimeError: Distributed package doesn't have NCCL built in",
        expect:
          "\npython -m pip install --force-reinstall torch==2.4.1 --index-url https://download.pytorch.org/whl/cu",
      },
    ],
  },
  {
    id: "tensorrt-loads-other-libraries",
    title: "TensorRT got another cuDNN or cuBLAS than it was built with",
    on: ["exception", "warning"],
    specificity: 78,
    matches: (finding) => coded(finding, "tensorrt-other-library"),
    confidence: "high",
    cause: () =>
      "TensorRT was linked against one release of cuDNN or cuBLAS and loaded another, which was found first: on LD_LIBRARY_PATH, of the system, or of torch's nvidia packages in the same process. A newer one serves, an older one fails.",
    fix: (match) => [
      "ldconfig -p | grep -E 'cublasLt|libcudnn.so'; echo $LD_LIBRARY_PATH",
      `${pip(match, "list")} | grep -i -E "tensorrt|nvidia|torch"   # one CUDA everywhere; TensorRT's release notes name the cuDNN and cuBLAS of each release`,
      "export LD_LIBRARY_PATH=/usr/local/cuda/lib64:$LD_LIBRARY_PATH   # that CUDA first; then build the engine again where it runs",
      pip(match, "install --upgrade nvidia-cublas-cu12 nvidia-cudnn-cu12") + "   # when pip's are the older ones",
    ],
    sources: ["NVIDIA/TensorRT#2580"],
    examples: [
      {
        text: "[E] [TRT] 1: [raiiMyelinGraph.h::RAIIMyelinGraph::24] Error Code 1: Myelin (Compiled against cuBLASLt 11.5.2.0 but running against cuBLASLt 11.5.1.0.)",
        expect: "LD_LIBRARY_PATH",
      },
    ],
  },
  {
    id: "setup-wants-visible-gpu",
    title: "The package's setup.py wants to see a GPU",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      // The script asks for the device itself, below which torch looks for the driver.
      (/^Found no NVIDIA driver/.test(finding.message) &&
        finding.frames?.some((frame) => /setup\.py:\d+/.test(frame)) === true) ||
      (/setup\.py:\d+/.test(finding.frames?.at(-1) ?? "") &&
        /^(?:cuda|gpu)(?: support)?(?: is)?(?: not|n't| un)[ -]?(?:availab(?:le|el)|found|detected|supported)\b|^No (?:CUDA|GPU)s?(?: devices?)?(?: was| were)? (?:available|found|detected)|^No CUDA runtime is found|^CPU (?:version|build) is not (?:implemented|supported)/i.test(
          finding.message,
        ))
        ? { device: /^Found no NVIDIA driver/.test(finding.message) ? "yes" : undefined }
        : undefined,
    confidence: (match) => (match.facts["device"] !== undefined || match.context.log.cudaHomeNone ? "high" : "medium"),
    cause: (match) =>
      match.facts["device"] !== undefined
        ? "The package's setup.py asks torch which GPU to compile for, and where it runs there is no driver (docker build has none, whatever the base image; a login node, CI). For compiling no GPU is needed, only nvcc and a torch with CUDA: where TORCH_CUDA_ARCH_LIST names the targets, most scripts do not ask."
        : match.context.log.cudaHomeNone
          ? "The script stops when torch.cuda.is_available() is false or torch.utils.cpp_extension.CUDA_HOME is None, and the second is so here, as the text shows: there is no CUDA toolkit (nvcc) where torch looks for one. The CUDA that torch brings is the run time only."
          : `The script asks torch.cuda.is_available() before it compiles and stops: no GPU is visible where it runs (docker build, a login node, CI)${match.context.log.torchCuda !== undefined && match.context.log.installer !== "pip" ? `; the torch is one for CUDA ${match.context.log.torchCuda}, as the text says` : ", or the torch that it sees is a CPU-only build (pip's build isolation fetches one of its own, too)"}. For compiling no GPU is needed, only nvcc and a torch with CUDA.`,
    fix: (match) => {
      if (match.facts["device"] !== undefined && match.context.log.docker)
        return [
          "# in the Dockerfile: torch in a RUN of its own, then the GPUs that will run it, then the package, which is to see that torch (an export outside does not reach a docker build):",
          `#     ENV TORCH_CUDA_ARCH_LIST="${usualArchitectures(match, "8.0", "8.6", "8.9", "9.0")}"`,
          `#     RUN ${pip(match, `install --no-build-isolation ${wordsToBuild(match)}`)}`,
          '# then docker build again; a script that asks nevertheless: "default-runtime": "nvidia" in /etc/docker/daemon.json, and DOCKER_BUILDKIT=0',
        ];
      if (match.context.log.cudaHomeNone && match.facts["device"] === undefined) return toolkitFirst(match);
      if (match.context.log.archListSet !== undefined) return withListUnheeded(match, match.context.log.archListSet);
      // The message names the variable that the script heeds.
      if (match.facts["device"] === undefined && /\bset FORCE_CUDA=1/.test(match.finding.message))
        return [
          setVariable(match, "FORCE_CUDA", "1"),
          `${setVariable(match, "TORCH_CUDA_ARCH_LIST", usualArchitectures(match, "8.0", "8.6", "8.9", "9.0"))}   # the GPUs that will run it: torch cannot ask one that it does not see`,
          ...(match.context.log.setupCommand === undefined && match.context.log.installer !== "pip"
            ? ["# then the same command again"]
            : buildAgain(match)),
          "# to run it a GPU has to be in sight: nvidia-smi fails after an update of the driver without a reboot; a container: docker run --gpus all",
        ];
      // What stands in these scripts is `torch.cuda.is_available() and CUDA_HOME is not None` (Deformable-DETR, DCNv2).
      if (/^Cuda is not availab/.test(match.finding.message) && isScriptOfFolder(match))
        return [
          "sed -i 's/torch\\.cuda\\.is_available()/True/' setup.py   # compiling takes nvcc and torch's headers, and no GPU",
          ...(match.context.log.archListNamed !== undefined
            ? []
            : [
                `${setVariable(match, "TORCH_CUDA_ARCH_LIST", usualArchitectures(match, "8.0", "8.6", "8.9", "9.0"))}   # the GPUs that will run it: torch cannot ask one that it does not see`,
              ]),
          "# then the same command again",
          inDocker(match),
        ];
      return [
        "nvidia-smi; echo $CUDA_VISIBLE_DEVICES   # is a GPU there? A container: docker run --gpus all; a cluster: build on a node with a GPU",
        `${python(match)} -c "import torch; from torch.utils.cpp_extension import CUDA_HOME; print(torch.__version__, torch.version.cuda, torch.cuda.is_available(), CUDA_HOME)"   # None for the CUDA: a CPU-only torch`,
        setVariable(match, "FORCE_CUDA", "1"),
        `${setVariable(match, "TORCH_CUDA_ARCH_LIST", usualArchitectures(match, "8.0", "8.6", "8.9", "9.0"))}   # many scripts heed it; build with --no-build-isolation`,
        "# one that does not (Deformable-DETR's): True in place of torch.cuda.is_available() in its setup.py",
        ...buildAgain(match),
        inDocker(match),
      ];
    },
    sources: ["tgale96/grouped_gemm#24", "fundamentalvision/Deformable-DETR#146", "facebookresearch/detectron2#265"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "setup.py", line 69, in <module>\n    ext_modules=get_extensions(),\n  File "setup.py", line 47, in get_extensions\n    raise NotImplementedError(\'Cuda is not available\')\nNotImplementedError: Cuda is not available',
        expect: "FORCE_CUDA",
      },
      {
        text: '$ python setup.py build install\nTraceback (most recent call last):\n  File "setup.py", line 69, in <module>\n    ext_modules=get_extensions(),\n  File "setup.py", line 46, in get_extensions\n    raise NotImplementedError(\'No CUDA runtime is found. Please set FORCE_CUDA=1 or test it by running torch.cuda.is_available().\')\nNotImplementedError: No CUDA runtime is found. Please set FORCE_CUDA=1 or test it by running torch.cuda.is_available().',
        expect: "export FORCE_CUDA=1",
      },
      {
        text: 'ENV TORCH_CUDA_ARCH_LIST=8.6\nRUN --mount=type=cache,target=/c . /v/bin/activate && python -m pip install --no-build-isolation git+https://github.com/u/ops.git\n  File "/tmp/pip-req-build-zem/setup.py", line 69, in <module>\n    raise RuntimeError("No GPUs found. Please specify the target GPU architectures or build on a machine with GPUs.")\nRuntimeError: No GPUs found. Please specify the target GPU architectures or build on a machine with GPUs.',
        expect: "is set already (8.6)",
      },
      {
        text: "python setup.py build install\nTraceback (most recent call last):\n  File \"setup.py\", line 48, in get_extensions\n    raise NotImplementedError('Cuda is not availabel')\nNotImplementedError: Cuda is not availabel\n\nmy cuda is 11.3 and torch1.12.1+cu113",
        expect: "python setup.py build install",
      },
      {
        text: '#16 [ 5/6] RUN pip3 install torch grouped-gemm\n#16 83.2   Traceback (most recent call last):\n#16 83.2     File "/tmp/pip-install-k8/grouped-gemm_8f/setup.py", line 15, in <module>\n#16 83.2       device_capability = torch.cuda.get_device_capability()\n#16 83.2     File "/usr/local/lib/python3.10/dist-packages/torch/cuda/__init__.py", line 314, in _lazy_init\n#16 83.2       torch._C._cuda_init()\n#16 83.2   RuntimeError: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and installed a driver from http://www.nvidia.com/Download/index.aspx\nERROR: failed to solve: process "/bin/sh -c pip3 install torch grouped-gemm" did not complete successfully: exit code: 1',
        expect: "ENV TORCH_CUDA_ARCH_LIST",
      },
      {
        text: 'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\n  File "/p/warp-rnnt/pytorch_binding/setup.py", line 22, in <module>\n    raise Exception("CPU version is not implemented")\nException: CPU version is not implemented',
        expect: "torch.cuda.is_available()",
      },
      {
        text: "In pytorch website I installed the version of cuda 11.8, in a new conda environment.\n$ sh ./make.sh\nTraceback (most recent call last):\n  File \"setup.py\", line 47, in get_extensions\n    raise NotImplementedError('Cuda is not availabel')\nNotImplementedError: Cuda is not availabel\n>>> from torch.utils.cpp_extension import CUDA_HOME; print(CUDA_HOME)\nNone",
        expect: "export CUDA_HOME=",
      },
      {
        text: "NotImplementedError: Cuda is not availabel\n\nTraceback (most recent call last):\n  File \"setup.py\", line 47, in get_extensions\n    raise NotImplementedError('Cuda is not availabel')\nNotImplementedError: Cuda is not availabel",
        expect: "torch.cuda.is_available()",
      },
    ],
  },
];
