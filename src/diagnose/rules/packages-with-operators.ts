/** Packages whose own words say that their compiled part does not go with this torch, CUDA or GPU. */
import { buildForThisGpu, installTorchFor, pip, platformOf, python, rebuild, torchCuda } from "../commands/commands.ts";
import { forOthers } from "../commands/dgl.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import { coded, type Match, said, saidAny, type Rule } from "../rule.ts";

function older(version: string | undefined, than: string): boolean {
  return version !== undefined && compareVersions(parseVersion(version.replace(/\+.*$/, "")), parseVersion(than)) < 0;
}

/** Whether DGL has a library for the release itself. */
function isOfKnownTorch({ facts }: Match): boolean {
  return /^2\.[1-4]\./.test(facts["torch"] ?? "");
}

export const packageOperatorRules: readonly Rule[] = [
  {
    id: "sgl-kernel-for-other-gpu",
    title: "sgl-kernel does not load its library for this GPU",
    on: ["exception"],
    role: "symptom",
    specificity: 60,
    matches: (finding, context) =>
      /\[sgl_kernel\] CRITICAL: Could not load any common_ops/.test(finding.message) &&
      // A library of another CUDA, or a function of another torch: that says why, and has a rule of its own.
      !context.findings.some(
        ({ kind, library, symbol }) =>
          (kind === "missing-library" && /lib(?:cudart|nvrtc|cublas|cublasLt)\.so\.\d/.test(library ?? "")) ||
          (kind === "undefined-symbol" && symbol !== undefined),
      )
        ? {
            variant: /Expected variant: (SM\d+)/i.exec(finding.message)?.[1],
            capability: /Compute capability: (\d+)/.exec(finding.message)?.[1],
            missing: /(lib\w+\.so[\w.]*): cannot open shared object/.exec(finding.message)?.[1],
          }
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `sgl-kernel holds one library for each family of GPUs (sm90, sm100, …), and none of them loads here${match.facts["capability"] === undefined ? "" : ` (compute capability ${match.facts["capability"]})`}: ${match.facts["missing"] === undefined ? "its wheel is for another CUDA or torch than those that are installed, or its release has nothing for this GPU" : `\`${match.facts["missing"]}\`, which they need, is not found`}.`,
    fix: (match) => [
      `${pip(match, "list")} | grep -i -E "sgl|torch|nvidia-cuda-runtime"`,
      `${pip(match, "install --upgrade --force-reinstall sglang")}   # names the sgl-kernel and the torch that go together`,
      "# CUDA 13, or a GPU of RTX 50 and GB10: the wheels for cu130 of https://github.com/sgl-project/whl/releases",
      "sudo apt-get install libnuma1   # when libnuma.so.1 is what is missing",
    ],
    sources: ["sgl-project/sglang: sgl-kernel/python/sgl_kernel/load_utils.py"],
    examples: [
      {
        text: "ImportError: \n[sgl_kernel] CRITICAL: Could not load any common_ops library!\nAttempted locations:\n1. Architecture-specific pattern: /e/sgl_kernel/sm100/common_ops.* - found files: []\nGPU Info:\n- Compute capability: 120",
        expect: "compute capability 120",
      },
    ],
  },
  {
    id: "dgl-without-library-for-torch",
    title: "DGL has no library for this torch",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /Cannot find DGL C\+\+ (?<part>\w+) library at \S*?_pytorch_(?<torch>\d+\.\d+\.\d+)(?<post>\.post\d+)?\.(?:so|dll|dylib)/,
        /Cannot find DGL C\+\+ (?<part>\w+) library/,
        /Cannot (?<load>load) (?<part>Graphbolt|graphbolt|dgl_sparse) C\+\+ library/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["load"] !== undefined
        ? `DGL has a ${match.facts["part"] ?? ""} library for this torch, and it does not load: a library of CUDA that it needs is not found (DGL's build for another CUDA than torch's), or torch was built in another way (conda-forge's, another C++ ABI). DGL hides what the loader says.`
        : match.facts["post"] !== undefined && isOfKnownTorch(match)
          ? `DGL looks for its library by torch's whole version. This torch is conda-forge's, which calls itself ${match.facts["torch"] ?? ""}${match.facts["post"]}, and the file is named for ${match.facts["torch"] ?? ""}: PyTorch's own build of that release is what it was made for.`
          : `DGL brings ${match.facts["part"] === "graphbolt" ? "GraphBolt's" : "its sparse"} library for a few releases of torch, one file for each, and has none for ${match.facts["torch"] === undefined ? "the installed one" : `torch ${match.facts["torch"]}`}. PyPI's DGL is old (2.1 at most); newer ones come from DGL's own pages, up to torch ${platformOf(match) === "linux" ? "2.4" : "2.3 on this system, for which DGL stopped making packages after 2.2.1"}.`,
    fix: (match) => {
      const release = /^\d+\.\d+/.exec(match.facts["torch"] ?? "")?.[0];
      const known = release !== undefined && /^2\.[1-4]$/.test(release) ? release : "2.4";
      const cuda = torchCuda(match)?.replace(".", "");
      const index = cuda !== undefined && /^(?:118|121|124)$/.test(cuda) ? `cu${cuda}/` : "";
      if (match.facts["load"] !== undefined) {
        const stated = /^\d+\.\d+/.exec(match.context.log.installedTorch ?? "")?.[0];
        return [
          `${python(match)} -c "import torch, ctypes, os, importlib.util as u; d = os.path.dirname(u.find_spec('dgl').origin); ctypes.CDLL(d + '/graphbolt/libgraphbolt_pytorch_' + torch.__version__.split('+')[0] + '.so')"   # says what is missing`,
          `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
          pip(match, "uninstall -y dgl"),
          `${pip(match, `install --no-cache-dir dgl -f https://data.dgl.ai/wheels/torch-${stated ?? "<2.4>"}/${index === "" ? (stated === undefined ? "<cu121>/" : "") : index}repo.html`)}   # torch's release and CUDA (a torch without CUDA: the page without cu…); 2.4 is the newest`,
          "# torch of conda-forge: pip's torch of the same release in its place",
        ];
      }
      if (platformOf(match) !== "linux") return forOthers(match);
      if (match.facts["post"] !== undefined && isOfKnownTorch(match))
        return [
          `${pip(match, `install --force-reinstall torch==${match.facts["torch"] ?? ""} --index-url https://download.pytorch.org/whl/${index === "" ? "cu121" : index.slice(0, -1)}`)}   # the same release as PyTorch builds it, in the place of conda-forge's; torchvision and torchaudio likewise`,
          pip(
            match,
            `install --force-reinstall --no-deps dgl -f https://data.dgl.ai/wheels/torch-${known}/${index === "" ? "cu121/" : index}repo.html`,
          ),
        ];
      return [
        ...(known === release
          ? []
          : [pip(match, `install "torch==${known}.*"   # the newest that DGL has a library for`)]),
        pip(
          match,
          `install --force-reinstall --no-deps dgl -f https://data.dgl.ai/wheels/torch-${known}/${index}repo.html`,
        ),
      ];
    },
    sources: [
      "https://www.dgl.ai/pages/start.html",
      "dmlc/dgl#7247",
      "dglai/dglai.github.io#95",
      "graeter-group/grappa#20",
      "dmlc/dgl#7438",
      "dmlc/dgl#7791",
    ],
    examples: [
      {
        text: "FileNotFoundError: Cannot find DGL C++ graphbolt library at /e/lib/python3.11/site-packages/dgl/graphbolt/libgraphbolt_pytorch_2.4.0.so",
        expect: "torch-2.4/",
      },
      {
        text: "FileNotFoundError: Cannot find DGL C++ sparse library at /opt/conda/envs/t/lib/python3.11/site-packages/dgl/dgl_sparse/libdgl_sparse_pytorch_2.4.0.post301.so",
        expect: "install --force-reinstall torch==2.4.0 --index-url https://download.pytorch.org/whl/cu121",
      },
      {
        text: "FileNotFoundError: Cannot find DGL C++ graphbolt library at /Users/b/p/.venv/lib/python3.11/site-packages/dgl/graphbolt/libgraphbolt_pytorch_2.5.1.dylib",
        expect: "dgl==2.2.*",
      },
      {
        text: 'File "/e/lib/python3.12/site-packages/dgl/graphbolt/__init__.py", line 33, in load_graphbolt\n    raise ImportError("Cannot load Graphbolt C++ library")\nImportError: Cannot load Graphbolt C++ library',
        expect: "ctypes.CDLL",
      },
    ],
  },
  {
    id: "sageattention-without-kernels",
    title: "SageAttention was built without the kernels of this GPU",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      said(finding, /(?<sm>SM\d{2,3}) kernel is not available\. Make sure you GPUs? with compute capability/),
    confidence: "high",
    cause: (match) =>
      `SageAttention holds its kernels for each family of GPUs in a module of its own, and that of ${match.facts["sm"] ?? ""} does not import: its set-up script compiles only those of the GPU that it sees, and with an nvcc that knows it; what is installed was built for another GPU, torch or CUDA, or from what an older build left. (RTX 50 uses the kernels of SM89, too.)`,
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda, torch.cuda.get_device_capability())"; nvcc --version   # nvcc of torch's CUDA; 12.8 or newer for RTX 50`,
      pip(match, "uninstall -y sageattention"),
      ...(platformOf(match) === "win32"
        ? []
        : ["rm -rf build *.egg-info   # in the folder of its sources, when it was built there"]),
      ...buildForThisGpu({ ...match, finding: { ...match.finding, file: "/site-packages/sageattention/_C.so" } }),
    ],
    sources: ["thu-ml/SageAttention#173", "https://github.com/thu-ml/SageAttention/blob/main/setup.py"],
    examples: [
      {
        text: "AssertionError: SM89 kernel is not available. Make sure you GPUs with compute capability 8.9.",
        expect: "git+https://github.com/thu-ml/SageAttention.git",
      },
    ],
  },
  {
    id: "fused-attention-refused-by-cudnn",
    title: "cuDNN refuses Transformer Engine's fused attention",
    on: ["exception", "gpu"],
    specificity: 84,
    matches: (finding) =>
      said(
        finding,
        /fused_attn\w*\.cu:\d+ in function .*?: cuDNN Error: (?:\[cudnn_frontend\] Error: )?(?<what>[^.]{3,160})/,
      ),
    confidence: "medium",
    cause: (match) =>
      `Transformer Engine hands attention to cuDNN, which answers: ${match.facts["what"] ?? ""}. The cuDNN that is loaded is older than this release wants, another one than torch's (a system's beside pip's), or has no kernel for these sizes, this mask and this GPU. Transformer Engine itself was built and loaded.`,
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__, torch.backends.cudnn.version(), torch.cuda.get_device_name())"; ldconfig -p | grep libcudnn; echo $LD_LIBRARY_PATH   # one cuDNN only?`,
      `${pip(match, `install --upgrade nvidia-cudnn-cu${torchCuda(match)?.split(".")[0] ?? "12"}`)}   # a newer cuDNN of the same major version`,
      "export NVTE_FUSED_ATTN=0   # without cuDNN's attention: flash-attn (NVTE_FLASH_ATTN=1) or the plain one",
      "CUDNN_LOGERR_DBG=1 CUDNN_LOGDEST_DBG=stderr python the_program.py   # what exactly is refused",
    ],
    sources: ["NVIDIA/TransformerEngine#651", "NVIDIA/Megatron-LM#1882"],
    examples: [
      {
        text: "RuntimeError: /src/transformer_engine/common/fused_attn/fused_attn_f16_arbitrary_seqlen.cu:227 in function operator(): cuDNN Error: [cudnn_frontend] Error: No execution plans built successfully.. For more information, enable cuDNN error logging by setting CUDNN_LOGERR_DBG=1 and CUDNN_LOGDEST_DBG=stderr in the environment.",
        expect: "NVTE_FUSED_ATTN=0",
      },
    ],
  },
  {
    id: "mpi-libraries-mixed",
    title: "Two installations of MPI are mixed",
    on: ["undefined-symbol"],
    specificity: 84,
    matches: (finding) =>
      finding.phase === "load" && /^(?:ompi_|opal_|orte_|MPIR?_|mca_|PMPI_|MPID?I?_)\w+$/.test(finding.symbol ?? "")
        ? { symbol: finding.symbol }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["symbol"] ?? ""}\` is of ${/^(?:ompi|opal|orte|mca)_/.test(match.facts["symbol"] ?? "") ? "Open MPI" : "MPI"}, and \`${match.finding.file ?? "the module"}\` finds it in none of the MPI libraries that are loaded: it was built with another MPI (Open MPI, MPICH, Intel MPI) or another release of it than the libmpi that comes first in LD_LIBRARY_PATH, in conda's environment or in the system.`,
    fix: (match) => [
      `ldd ${match.finding.file ?? "<the module>"} | grep -i mpi; which -a mpirun mpicc; ldconfig -p | grep libmpi   # one MPI only?`,
      "export LD_LIBRARY_PATH=$(dirname $(dirname $(which mpirun)))/lib:$LD_LIBRARY_PATH   # the one whose mpicc built it; or remove the other (apt, conda)",
      ...rebuild(match),
    ],
    sources: ["horovod/horovod#1301", "horovod/horovod#443"],
    examples: [{ text: "ImportError: /usr/lib/libmpi_cxx.so.1: undefined symbol: ompi_mpi_real", expect: "Open MPI" }],
  },
  {
    id: "horovod-without-torch",
    title: "Horovod was built without its part for torch",
    on: ["exception"],
    specificity: 84,
    matches: (finding) => said(finding, /Extension horovod\.(?<part>torch|tensorflow|mxnet) has not been built/),
    confidence: "high",
    cause: (match) =>
      `Horovod builds for the frameworks that it finds while it is installed, and did not find ${match.facts["part"] === "torch" ? "torch" : (match.facts["part"] ?? "")} then (it was installed later, in an isolated build, or its build failed and was passed over).`,
    fix: (match) => [
      `HOROVOD_WITH_${match.facts["part"] === "torch" ? "PYTORCH" : (match.facts["part"] ?? "").toUpperCase()}=1 HOROVOD_GPU_OPERATIONS=NCCL ${pip(match, "install --no-build-isolation --no-cache-dir --force-reinstall --no-deps horovod")}   # without a GPU: leave HOROVOD_GPU_OPERATIONS away`,
      "horovodrun --check-build",
    ],
    sources: ["https://horovod.readthedocs.io/en/stable/install_include.html"],
    examples: [
      {
        text: "ImportError: Extension horovod.torch has not been built: /e/lib/python3.8/site-packages/horovod/torch/mpi_lib_v2.cpython-38-x86_64-linux-gnu.so not found",
        expect: "HOROVOD_WITH_PYTORCH=1",
      },
    ],
  },
  {
    id: "ctranslate2-for-other-cuda",
    title: "CTranslate2 is for another CUDA or cuDNN than torch",
    on: ["exception", "gpu"],
    specificity: 82,
    matches: (finding, context) => {
      const facts = said(
        finding,
        /Library (?<library>libcu(?:blas|dnn)\w*\.so\.(?<major>\d+)) is not found or cannot be loaded/,
      );
      if (facts !== undefined) return facts;
      // torch up to 2.3 has cuDNN 8.
      return coded(finding, "library-not-loaded") !== undefined && older(context.log.installedTorch, "2.4")
        ? said(finding, /(?<library>libcudnn\w*\.so\.(?<major>9))/)
        : undefined;
    },
    // Its own words; cuDNN alone may be asked for by another part of the process.
    confidence: ({ finding, context: { log } }) =>
      /is not found or cannot be loaded/.test(finding.message) ||
      /^(?:ctranslate2|faster_whisper|whisperx)$/.test(log.runningModule ?? "") ||
      log.versions["ctranslate2"] !== undefined ||
      log.versions["faster-whisper"] !== undefined
        ? "high"
        : "medium",
    cause: (match) =>
      `\`${match.facts["library"] ?? ""}\` is wanted by CTranslate2 (faster-whisper, WhisperX): its releases up to 3.24 are for CUDA 11 and cuDNN 8, 4.0 to 4.4 for CUDA 12 and cuDNN 8, those from 4.5 on for CUDA 12 and cuDNN 9${match.context.log.installedTorch === undefined ? "" : `; torch ${match.context.log.installedTorch}${older(match.context.log.installedTorch, "2.4") ? " brings cuDNN 8" : ""}`}.`,
    fix: (match) => {
      const cuda = torchCuda(match);
      const old = older(match.context.log.installedTorch, "2.4");
      const wanted = cuda?.startsWith("11.") === true ? "==3.24.0" : old ? "==4.4.0" : ">=4.5";
      return [
        pip(
          match,
          `install --force-reinstall --no-deps "ctranslate2${wanted}"   # the one for ${cuda === undefined ? "this" : `CUDA ${cuda}`}${old ? " and cuDNN 8" : ""}`,
        ),
        `${pip(match, "install nvidia-cublas-cu12 nvidia-cudnn-cu12")} && export LD_LIBRARY_PATH=$(${python(match)} -c "import os, nvidia.cublas.lib, nvidia.cudnn.lib as c; print(os.path.dirname(nvidia.cublas.lib.__file__) + ':' + os.path.dirname(c.__file__))")   # or CUDA 12's libraries beside torch's, for CTranslate2 4.5 and newer`,
        ...(old ? [`# or a newer torch, with cuDNN 9: ${installTorchFor(match, "12.6")}`] : []),
      ];
    },
    // Releases below 4.5 and cuDNN 8: faster-whisper#1086; CUDA 12 alone from 4.0 on, cuDNN 8 for CUDA 11 before: #785.
    sources: [
      "https://github.com/SYSTRAN/faster-whisper#gpu",
      "SYSTRAN/faster-whisper#1086",
      "SYSTRAN/faster-whisper#785",
    ],
    examples: [
      {
        text: "torch 2.1.0+cu118\nRuntimeError: Library libcublas.so.12 is not found or cannot be loaded",
        expect: "ctranslate2==3.24.0",
      },
      {
        text: "torch 2.3.1+cu121\nUnable to load any of {libcudnn_ops.so.9.1.0, libcudnn_ops.so.9.1, libcudnn_ops.so.9, libcudnn_ops.so}",
        expect: "ctranslate2==4.4.0",
      },
    ],
  },
  {
    id: "tensorflow-without-gpu-libraries",
    title: "TensorFlow runs without its GPU libraries",
    on: ["missing-library"],
    role: "advice",
    specificity: 95,
    matches: (finding) =>
      said(finding, /Could not load dynamic library '(?<library>(?!libcuda\.)lib\w+\.so[\w.]*)'; dlerror/),
    confidence: "low",
    cause: (match) =>
      `TensorFlow looks for \`${match.facts["library"] ?? ""}\` of the CUDA that it was built for, does not find it and goes on without the GPU. torch and extensions for it bring their own and are not touched.`,
    fix: (match) => [
      "# TensorFlow needs no GPU here (TensorBoard, a tokenizer): nothing is to be done",
      pip(match, 'install --upgrade "tensorflow[and-cuda]"') +
        "   # it is to use the GPU: with the libraries of its release",
    ],
    sources: ["https://www.tensorflow.org/install/pip"],
    examples: [
      {
        text: "W tensorflow/stream_executor/platform/default/dso_loader.cc:64] Could not load dynamic library 'libcudart.so.11.0'; dlerror: libcudart.so.11.0: cannot open shared object file: No such file or directory",
        expect: "nothing is to be done",
      },
    ],
  },
];
