/** What stands between a program and a GPU that works: drivers in containers, fabric, forks, cuDNN of two releases. */
import { listDriver, unlistedDriver } from "../commands/driver-link.ts";
import {
  pip,
  platformOf,
  python,
  setVariable,
  torchAgain,
  torchCuda,
  unsetVariable,
  xformersFor,
} from "../commands/commands.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";

/** The compute capability that xFormers calls too new. */
function tooNewFor({ finding }: Match): string | undefined {
  const [, major, minor] = /GPU has capability \((\d+), (\d+)\) \(too new\)/.exec(finding.message) ?? [];
  return major === undefined ? undefined : `${major}.${minor ?? "0"}`;
}

/** Whether no kernel of xFormers is left out for another reason than a GPU that is too new, or for one that was not built. */
function gpuTooNew(match: Match): boolean {
  return (
    tooNewFor(match) !== undefined &&
    !/\(too old\)|with CUDA support|device=cpu|attn_bias (?:type|\.)|dtype=|stride/.test(match.finding.message)
  );
}

/**
 * The cuDNN that torch was built with, which torch of that age takes from pip (1.13 and newer, on Linux); torch itself where the
 * message does not tell which one.
 */
function ownCudnn(match: Match): string[] {
  const [major, minor, patch] = (match.facts["want"] ?? "").split(", ");
  if (patch === undefined || platformOf(match) === "win32" || (major === "8" && Number(minor) < 5))
    return [`${torchAgain(match)}   # brings the cuDNN that it was built with`];
  const cuda =
    torchCuda(match)?.split(".")[0] ?? `$(${python(match)} -c "import torch; print(torch.version.cuda.split('.')[0])")`;
  return [
    pip(
      match,
      `install --force-reinstall --no-deps "nvidia-cudnn-cu${cuda}==${major ?? ""}.${minor ?? ""}.${patch}.*"`,
    ) + "   # the one that torch was built with",
  ];
}

/**
 * cuDNN 9.20.0.48 for CUDA 13, which torch 2.12 and 2.13 bring, lacks one of its parts (libcudnn_engines_tensor_ir); the loader
 * then takes that of a cuDNN of the system's, of another release. Source: pytorch/pytorch#188892.
 */
function isIncompleteCudnn(match: Match): boolean {
  const { log } = match.context;
  const there = log.versions["nvidia-cudnn-cu13"];
  const parts = match.context.findings.filter(({ code }) => code === "cudnn-part");
  if (platformOf(match) === "win32") return false;
  if (there !== undefined) return there.startsWith("9.20.");
  return (
    /SUBLIBRARY_VERSION_MISMATCH/.test(match.finding.text) &&
    (parts.some(({ text }) => text.includes("tensor_ir")) ||
      (/^2\.1[23]\b/.test(log.installedTorch ?? log.torch ?? "") && torchCuda(match)?.startsWith("13") === true))
  );
}

function completeCudnn(match: Match): string {
  return `${pip(match, 'install --no-deps "nvidia-cudnn-cu13>=9.21"')}   # 9.20.0.48, which torch brings, lacks libcudnn_engines_tensor_ir.so.9, and the system's of another release was taken; or remove the system's libcudnn9`;
}

export const gpuEnvironmentRules: readonly Rule[] = [
  {
    id: "forward-compatibility-unsupported",
    title: "CUDA's compatibility libraries are used on a GPU that cannot have them",
    on: ["gpu"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /forward compatibility was attempted on non supported HW|cudaErrorCompatNotSupportedOnDevice|\bError 804\b/,
      ),
    confidence: "high",
    cause: () =>
      "A libcuda of a newer CUDA (the package cuda-compat, in the container's /usr/local/cuda/compat or on LD_LIBRARY_PATH) is loaded in place of the driver's own. That works on data-center GPUs only; on others the driver itself has to be new enough. (After an update of the driver without a restart it looks the same.)",
    fix: () => [
      "echo $LD_LIBRARY_PATH; ldconfig -p | grep libcuda.so   # which libcuda comes first? /usr/local/cuda/compat has to go",
      "sudo apt-get remove 'cuda-compat-*'; export LD_LIBRARY_PATH=$(echo $LD_LIBRARY_PATH | tr ':' '\\n' | grep -v compat | paste -sd:)",
      "nvidia-smi   # then: a driver for this CUDA (and a restart), or an image and a torch for the CUDA that the driver knows",
    ],
    sources: ["https://docs.nvidia.com/deploy/cuda-compatibility/", "pytorch/pytorch#40671"],
    examples: [
      {
        text: "RuntimeError: Unexpected error from cudaGetDeviceCount(). Error 804: forward compatibility was attempted on non supported HW",
        expect: "compat",
      },
    ],
  },
  {
    id: "gpu-fabric-not-ready",
    title: "The GPUs of the machine are not initialized (NVSwitch)",
    on: ["gpu", "exception"],
    specificity: 82,
    matches: (finding) => saidAny(finding, /system not yet initialized|cudaErrorSystemNotReady|\bError 802\b/),
    confidence: "high",
    cause: () =>
      "On machines with NVSwitch (HGX, DGX) the fabric manager has to run, in exactly the driver's version; it is not installed, stopped, or of another version.",
    fix: () => [
      "systemctl status nvidia-fabricmanager; nvidia-smi -q | grep -A2 Fabric",
      "sudo apt-get install nvidia-fabricmanager-$(nvidia-smi --query-gpu=driver_version --format=csv,noheader | head -1 | cut -d. -f1)",
      "sudo systemctl enable --now nvidia-fabricmanager",
    ],
    sources: ["https://docs.nvidia.com/datacenter/tesla/fabric-manager-user-guide/"],
    examples: [
      {
        text: "RuntimeError: Unexpected error from cudaGetDeviceCount(). Error 802: system not yet initialized",
        expect: "nvidia-fabricmanager",
      },
    ],
  },
  {
    id: "cuda-in-forked-process",
    title: "CUDA is used in a process that was forked after CUDA had started",
    on: ["gpu", "exception"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /Cannot re-initialize (?:CUDA|XPU|HIP) in forked subprocess|in a bad fork|initialization error.*fork/,
      ),
    confidence: "high",
    cause: () =>
      "A child process that was made by fork inherits CUDA's state and cannot use it. Something touched the GPU before the workers were started (at import, torch.cuda.is_available() is harmless, a tensor on the GPU is not).",
    fix: (match) => [
      ...(/\bvllm\b/i.test(
        match.context.findings.map(({ text, frames = [] }) => `${text} ${frames.join(" ")}`).join("\n"),
      ) || match.context.log.runningModule === "vllm"
        ? ["export VLLM_WORKER_MULTIPROC_METHOD=spawn"]
        : []),
      '# torch.multiprocessing.set_start_method("spawn") first in the main program; DataLoader(multiprocessing_context="spawn"); vLLM: export VLLM_WORKER_MULTIPROC_METHOD=spawn',
      "# or do not touch the GPU before the workers start",
    ],
    sources: [
      "https://docs.pytorch.org/docs/stable/notes/multiprocessing.html",
      "https://docs.vllm.ai/en/latest/usage/troubleshooting.html",
    ],
    examples: [
      {
        text: "RuntimeError: Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you must use the 'spawn' start method",
        expect: "spawn",
      },
      {
        text: "Traceback (most recent call last):\n  File \"/e/lib/python3.12/site-packages/vllm/worker/worker.py\", line 166, in init_device\n    torch.cuda.set_device(self.device)\nRuntimeError: Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you must use the 'spawn' start method",
        expect: "\nexport VLLM_WORKER_MULTIPROC_METHOD=spawn",
      },
    ],
  },
  {
    id: "cudnn-of-other-release",
    title: "Another cuDNN than torch's is loaded",
    on: ["gpu", "exception"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /cuDNN version incompatibility: PyTorch was compiled\s+against \((?<want>[\d, ]+)\) but found runtime version \((?<have>[\d, ]+)\)/,
        /CUDNN_STATUS_(?:SUBLIBRARY_)?VERSION_MISMATCH/,
      ),
    confidence: "high",
    cause: (match) =>
      `torch was built with cuDNN ${(match.facts["want"] ?? "of another release").replaceAll(", ", ".")}, and ${match.facts["have"] === undefined ? "an older one" : match.facts["have"].replaceAll(", ", ".")} is loaded: LD_LIBRARY_PATH (or PATH on Windows) names another cuDNN, or the package nvidia-cudnn was changed beside torch.`,
    fix: (match) => [
      unsetVariable(match, "LD_LIBRARY_PATH"),
      ...(isIncompleteCudnn(match) ? [completeCudnn(match)] : ownCudnn(match)),
      "# an installed system package may stand first: ldconfig -p | grep libcudnn",
    ],
    sources: ["pytorch: torch/backends/cudnn/__init__.py", "pytorch/pytorch#188892", "pytorch/pytorch#187824"],
    examples: [
      {
        text: "torch 2.12.1+cu130\nRuntimeError: cuDNN error: CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH",
        expect: '"nvidia-cudnn-cu13>=9.21"',
      },
      {
        text: "RuntimeError: cuDNN version incompatibility: PyTorch was compiled  against (9, 10, 2) but found runtime version (9, 1, 0). PyTorch already comes bundled with cuDNN.",
        expect: "==9.10.2.*",
      },
    ],
  },
  {
    id: "driver-too-old-for-container",
    title: "The image wants a newer NVIDIA driver than the machine has",
    on: ["gpu"],
    specificity: 82,
    matches: (finding) =>
      said(finding, /nvidia-container-cli: requirement error: unsatisfied condition: cuda ?>= ?(?<need>[\d.]+)/),
    confidence: "high",
    cause: (match) =>
      `The image says (NVIDIA_REQUIRE_CUDA) that it needs a driver for CUDA ${match.facts["need"] ?? ""}, and the driver of the machine outside of the container is older.`,
    fix: (match) => [
      "nvidia-smi   # on the machine itself: the newest CUDA that its driver knows (top right)",
      `# a newer driver on the machine, or an image for an older CUDA than ${match.facts["need"] ?? ""}`,
      "docker run -e NVIDIA_DISABLE_REQUIRE=1 --gpus all …   # skips the check; works for minor versions of one CUDA major",
    ],
    sources: ["https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html"],
    examples: [
      {
        text: "nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8, please update your driver to a newer version, or use an earlier cuda container: unknown.",
        expect: "CUDA 12.8",
      },
    ],
  },
  {
    id: "triton-libcuda",
    title: "Triton finds no libcuda.so to link with",
    on: ["exception", "gpu"],
    specificity: 80,
    matches: (finding) =>
      said(finding, /libcuda\.so cannot (?:be )?found(?:.*?located at \['(?<folder>\/[^']{1,300})\/libcuda\.so)?/),
    confidence: "high",
    cause: (match) =>
      match.facts["folder"] !== undefined
        ? `Triton links its launchers with -lcuda and wants libcuda.so; the driver brought libcuda.so.1 alone to \`${match.facts["folder"]}\` (the link without number is of the toolkit's stubs).`
        : `Triton asks the loader's list (\`ldconfig -p\`) where the driver's libcuda.so is, and it is not on it: ${unlistedDriver(match) === undefined ? "the driver lies in a folder that the list does not have (services, containers), or the container has no driver at all" : `the driver lies in \`${unlistedDriver(match) ?? ""}\`, which the list does not have`}.`,
    fix: (match) => {
      const folder = match.facts["folder"];
      if (folder === undefined) return listDriver(match);
      return [
        `sudo ln -s libcuda.so.1 ${folder}/libcuda.so && sudo ldconfig`,
        `# without root: mkdir -p ~/.local/lib/cuda && ln -sf ${folder}/libcuda.so.1 ~/.local/lib/cuda/libcuda.so, then export TRITON_LIBCUDA_PATH=~/.local/lib/cuda (Triton 3.0 and newer)`,
      ];
    },
    sources: [
      "triton-lang/triton#2507",
      "triton-lang/triton#2019",
      "state-spaces/mamba#14",
      "huggingface/text-generation-inference#1330",
      "pytorch/pytorch#113521",
    ],
    examples: [
      {
        text: "AssertionError: libcuda.so cannot found!\nPossible files are located at ['/usr/lib/x86_64-linux-gnu/libcuda.so.1'].Please create a symlink of libcuda.so to any of the files.",
        expect: "ln -s libcuda.so.1 /usr/lib/x86_64-linux-gnu/libcuda.so",
      },
      {
        text: "!python /content/ops/run.py\nAssertionError: libcuda.so cannot found!",
        expect: "!ldconfig /usr/lib64-nvidia",
      },
      {
        text: "$ ls /opt/driver/lib\nlibcuda.so.1\nlibcuda.so.550.54.15\n$ python run.py\nAssertionError: libcuda.so cannot found!",
        expect: "sudo ldconfig /opt/driver/lib",
      },
      {
        text: 'AssertionError: libcuda.so cannot found!\nPlease make sure GPU is set up and then run "/sbin/ldconfig" (requires sudo) to refresh the linker cache.',
        expect: "find / -name libcuda.so.1",
      },
    ],
  },
  {
    id: "xformers-no-operator",
    title: "xFormers has no kernel for these tensors",
    on: ["exception"],
    specificity: 76,
    matches: (finding) => said(finding, /No operator found for `?(?<op>memory_efficient_attention\w*)/),
    confidence: "medium",
    cause: (match) =>
      /build with CUDA support|built with CUDA/.test(match.finding.message)
        ? "xFormers was installed without its CUDA part (a source build without nvcc, a wheel for another torch), so no kernel fits."
        : gpuTooNew(match)
          ? "The GPU is newer than all kernels of this xFormers: its list calls each of them (too new) for the GPU, or not built (FlashAttention is left out of the wheels for Windows). No release of torch or CUDA changes that, only kernels that were compiled for this GPU; torch's own attention has them."
          : /device=cpu \(supported/.test(match.finding.message)
            ? "The tensors are on the CPU, and xFormers's kernels are for the GPU: the model or its inputs were not moved there, or torch sees no GPU."
            : "None of xFormers's kernels fits: the GPU is too old for some, the type or shape is not supported by others, or the tensors are on the CPU; the list in the message says why for each.",
    fix: (match) =>
      gpuTooNew(match)
        ? [
            `${pip(match, "uninstall -y xformers")}   # ComfyUI, diffusers and their like then take torch's attention (scaled_dot_product_attention), which knows this GPU`,
            `# a program that insists on it: xFormers from source with the kernels of this GPU, with nvcc of torch's CUDA: ${setVariable(match, "TORCH_CUDA_ARCH_LIST", tooNewFor(match) ?? "12.0")}, then ${pip(match, "install -v --no-build-isolation --no-binary xformers xformers")}`,
          ]
        : [
            ...(/device=cpu \(supported/.test(match.finding.message) &&
            !/build with CUDA support/.test(match.finding.message)
              ? [
                  `${python(match)} -c "import torch; print(torch.__version__, torch.cuda.is_available())"   # True? then in the program: model.cuda(), x.cuda(); on a machine without GPU do without xFormers (XFORMERS_DISABLED=1 in DINOv2)`,
                ]
              : []),
            `${python(match)} -m xformers.info`,
            ...xformersFor(match, match.context.log.installedTorch ?? match.context.environment?.torch?.version),
            "# or torch.nn.functional.scaled_dot_product_attention, which needs no extension; float32 on old GPUs: x.half()",
          ],
    sources: ["facebookresearch/xformers#631", "Comfy-Org/ComfyUI#11602"],
    examples: [
      {
        text: "NotImplementedError: No operator found for `memory_efficient_attention_forward` with inputs:\n     query       : shape=(1, 3276, 10, 64) (torch.float16)\n`fa3F@2.8.3-133-gde1584b` is not supported because:\n    requires device with capability <= (9, 0) but your GPU has capability (12, 0) (too new)\n`fa2F@0.0.0` is not supported because:\n    operator wasn't built - see `python -m xformers.info` for more info\n`cutlassF-pt` is not supported because:\n    requires device with capability <= (9, 0) but your GPU has capability (12, 0) (too new)",
        expect: "pip uninstall -y xformers",
      },
      {
        text: "NotImplementedError: No operator found for `memory_efficient_attention_forward` with inputs:\n     query : shape=(1, 2, 1, 40) (torch.float32)\n    xFormers wasn't build with CUDA support",
        expect: "xformers.info",
      },
    ],
  },
  {
    id: "cuda-invalid-argument",
    title: "A call of the CUDA run time got an argument that it does not take",
    on: ["gpu"],
    role: "symptom",
    specificity: 40,
    matches: (finding) =>
      coded(finding, "invalid-value") !== undefined
        ? { what: "argument" }
        : coded(finding, "other") === undefined
          ? undefined
          : said(finding, /^invalid (?<what>argument|value|pitch argument|device pointer|texture)/),
    confidence: "low",
    cause: () =>
      "A call was refused: most often a kernel's launch (a grid of 0 blocks, as an empty tensor gives; more than 1024 threads a block; more than 65535 blocks in y or z; more than 48 KB of dynamic shared memory without cudaFuncSetAttribute, or more than the GPU has), else a copy with wrong sizes or a pointer of the CPU. CUDA 13 says this of launches, too, which older ones call an invalid configuration. The message may be of an earlier call.",
    fix: (match) => [
      `CUDA_LAUNCH_BLOCKING=1 ${python(match)} the_program.py   # shows the call at fault`,
      `compute-sanitizer ${python(match)} the_program.py   # names the kernel or the call, and what it was given`,
      "# a launch: return early for empty tensors; at most 1024 threads a block; many blocks belong into x; above 48 KB of shared memory first cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes)",
    ],
    sources: [
      "https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__TYPES.html",
      "https://docs.nvidia.com/cuda/cuda-c-programming-guide/",
    ],
    examples: [
      { text: "RuntimeError: CUDA error: invalid argument", expect: "CUDA_LAUNCH_BLOCKING" },
      { text: "torch.AcceleratorError: CUDA error: invalid argument", expect: "a grid of 0 blocks" },
    ],
  },
];
