/** What fails on the GPU when a built extension runs: architectures, drivers, launches. */
import {
  installTorchFor,
  knownCapabilities,
  platformOf,
  python,
  reinstall,
  setVariable,
  torchCuda,
  buildForThisGpu,
  pip,
} from "../commands.ts";
import { ofLog } from "../matchers.ts";
import { coded, type Match, said, type Rule, type RuleContext } from "../rule.ts";
import { dotted } from "../version-facts.ts";
import { failedInTorch } from "./gpu-frames.ts";

function unset(match: Match): string {
  return said(match.finding, /HIP/) === undefined ? "echo $CUDA_VISIBLE_DEVICES" : "echo $HIP_VISIBLE_DEVICES";
}

/** Whether the kernel is one of a LibTorch that a C++ program uses. */
function ofLibTorch(match: Match): boolean {
  return ofLog(match.context, runsLibTorch);
}

function runsLibTorch({ findings }: RuleContext): boolean {
  return (
    findings.some(({ code }) => code === "terminate") &&
    findings.some(
      ({ code, frames }) =>
        code === "backtrace" &&
        frames?.some((frame) => /^(?!.*site-packages).*libtorch_cuda\w*\.so: .*at::native::/.test(frame)),
    )
  );
}

export const gpuRunTimeRules: readonly Rule[] = [
  {
    id: "no-kernel-image",
    title: "The extension has no code for this GPU",
    on: ["gpu", "exception"],
    specificity: 70,
    matches: (finding) => {
      if (finding.kind === "gpu") return finding.tool === "cuda" ? coded(finding, "no-kernel-image") : undefined;
      const built = /Could not find compatible (?<name>\w+) extension for compute capability (?<capability>\d+)/.exec(
        finding.message,
      );
      return built === null ? undefined : { ...built.groups };
    },
    confidence: "high",
    cause: (match) =>
      failedInTorch(match)
        ? "The call that failed is torch's own: this build of torch has no code for this GPU (the GPU is newer or older than the architectures it was compiled for). No extension is at fault, and building one again does not help (unless one's kernel ran just before: a launch that nobody checks shows at the next call of torch)."
        : `The kernels in the binary were compiled for other GPU architectures than the one that runs them${match.facts["capability"] === undefined ? "" : ` (compute capability ${dotted(match.facts["capability"])})`}, and no PTX is in it that the driver could translate: TORCH_CUDA_ARCH_LIST at build time did not hold this GPU, or the installed torch itself no longer (or not yet) supports it.`,
    fix: (match) =>
      ofLibTorch(match)
        ? [
            "nvidia-smi --query-gpu=name,compute_cap --format=csv   # this GPU",
            "cuobjdump --list-elf <libtorch>/lib/libtorch_cuda.so | grep -oE 'sm_[0-9]+' | sort | uniq -c   # what LibTorch has code for",
            "# a LibTorch download for a CUDA that knows this GPU: https://pytorch.org/get-started/locally/ (LibTorch, C++)",
            'export TORCH_CUDA_ARCH_LIST="6.1;7.5"   # built from source: all GPUs that it is to run on, then build torch again from an empty folder; and the program\'s own .cu files (CMAKE_CUDA_ARCHITECTURES)',
          ]
        : [
            ...(match.facts["name"] === "tinycudann"
              ? [
                  setVariable(match, "TCNN_CUDA_ARCHITECTURES", match.facts["capability"] ?? ""),
                  ...reinstall(match, "tinycudann"),
                ]
              : []),
            `${python(match)} -c "import torch; print(torch.cuda.get_device_capability(), torch.cuda.get_arch_list())"   # is this GPU in torch's own list?`,
            ...(match.facts["name"] === "tinycudann"
              ? []
              : failedInTorch(match)
                ? [
                    installTorchFor(match, "12.8") +
                      "   # a new GPU: RTX 50 and Blackwell need a build for CUDA 12.8 or newer",
                    installTorchFor(match, "12.6") +
                      "   # an old GPU: compute capability 5.0 to 7.0 are in the builds for CUDA 12.6",
                  ]
                : buildForThisGpu(match)),
            "# when torch's list lacks the GPU: a newer torch for a new GPU, an older one for an old GPU",
          ],
    sources: [
      "facebookresearch/detectron2#235",
      "NVIDIA/apex#1592",
      "NVlabs/tiny-cuda-nn#230",
      "NVlabs/tiny-cuda-nn#330",
    ],
    examples: [
      {
        text: "RuntimeError: CUDA error: no kernel image is available for execution on the device",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
      {
        text: "CUDA error 209 at /src/k.cu:12: no kernel image is available for execution on the device",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
      { text: "OSError: Could not find compatible tinycudann extension for compute capability 75.", expect: "7.5" },
    ],
  },
  {
    id: "tinycudann-cutlass",
    title: "tiny-cuda-nn's matrix product does not start",
    on: ["gpu"],
    specificity: 74,
    matches: (finding) => coded(finding, "cutlass-internal"),
    confidence: "medium",
    cause: () =>
      "CUTLASS inside tiny-cuda-nn does not start its kernel: tiny-cuda-nn was compiled for other GPU architectures than the one that runs it (its own variable TCNN_CUDA_ARCHITECTURES, or the GPU that was there at build time), an earlier kernel of the process had already failed or the memory of the GPU is full, or the input has no rows (all samples masked away).",
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.cuda.get_device_capability(), torch.cuda.mem_get_info())"`,
      setVariable(match, "TCNN_CUDA_ARCHITECTURES", (knownCapabilities(match)[0] ?? "8.6").replace(".", "")) +
        `   # for ${knownCapabilities(match)[0] ?? "8.6"}; this GPU's compute capability without the dot`,
      pip(
        match,
        "install --no-build-isolation --force-reinstall --no-deps --no-cache-dir git+https://github.com/NVlabs/tiny-cuda-nn/#subdirectory=bindings/torch",
      ),
      `CUDA_LAUNCH_BLOCKING=1 ${python(match)} the_program.py   # the same GPU already: is the input empty (x.shape[0] == 0), or did an earlier kernel fail?`,
    ],
    sources: ["NVlabs/tiny-cuda-nn#61", "NVlabs/instant-ngp#219", "nerfstudio-project/nerfacc#91"],
    examples: [
      {
        text: "RuntimeError: /tmp/pip-req-build-q/include/tiny-cuda-nn/cutlass_matmul.h:332 status failed with error Error Internal",
        expect: "TCNN_CUDA_ARCHITECTURES",
      },
      { text: "Got cutlass error: Error Internal at: 363", expect: "x.shape[0] == 0" },
    ],
  },
  {
    id: "invalid-device-function",
    title: "The kernel was not compiled for this GPU (invalid device function)",
    on: ["gpu"],
    specificity: 68,
    matches: (finding) =>
      finding.tool === "cuda"
        ? coded(finding, "invalid-device-function", "symbol-not-found", "invalid-image")
        : undefined,
    confidence: "medium",
    cause: () =>
      "The kernel does not exist in a form for this GPU: the binary was built for other architectures (TORCH_CUDA_ARCH_LIST), is left over from another build, or its device code was dropped at the link (two CUDA run times, relocatable device code without device link).",
    fix: (match) => buildForThisGpu(match),
    sources: ["facebookresearch/detectron2#62"],
    examples: [
      { text: "RuntimeError: CUDA error: invalid device function", expect: "TORCH_CUDA_ARCH_LIST" },
      { text: "error in ms_deformable_im2col_cuda: invalid device function", expect: "TORCH_CUDA_ARCH_LIST" },
    ],
  },
  {
    id: "ptx-newer-than-driver",
    title: "The PTX was made by a newer CUDA than the driver knows",
    on: ["gpu"],
    specificity: 72,
    matches: (finding) => coded(finding, "unsupported-ptx", "ptx-jit"),
    confidence: "high",
    cause: (match) =>
      `The binary holds PTX instead of code for this GPU, and the driver is older than the toolkit${match.context.environment?.cuda === undefined ? "" : ` (CUDA ${match.context.environment.cuda.version})`} that made it, so it cannot translate it.`,
    fix: (match) => [
      "nvidia-smi   # the driver, and the newest CUDA that it knows (top right)",
      ...buildForThisGpu(match),
      "# or update the NVIDIA driver",
    ],
    sources: ["li-plus/chatglm.cpp#6"],
    examples: [
      {
        text: "CUDA error 222: the provided PTX was compiled with an unsupported toolchain.",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
      {
        text: "RuntimeError: CUDA error: the provided PTX was compiled with an unsupported toolchain.",
        expect: "driver",
      },
    ],
  },
  {
    id: "nvidia-driver-too-old",
    title: "The NVIDIA driver is older than the CUDA run time",
    on: ["gpu"],
    specificity: 70,
    matches: (finding) =>
      coded(finding, "driver") === undefined ? undefined : { found: /found version (\d+)/.exec(finding.message)?.[1] },
    confidence: "high",
    cause: (match) =>
      `The driver${match.facts["found"] === undefined ? "" : ` (${match.facts["found"]})`} does not support the CUDA version that torch${torchCuda(match) === undefined ? "" : ` (CUDA ${torchCuda(match) ?? ""})`} or the extension was built with.`,
    fix: (match) => [
      "nvidia-smi   # driver version and the newest CUDA it supports",
      "# update the driver (and reboot when nvidia-smi complains of a mismatch), or take a torch for an older CUDA:",
      installTorchFor(match, Number(match.facts["found"] ?? "12000") < 12_000 ? "11.8" : "12.6") +
        (Number(match.facts["found"] ?? "12000") < 12_000
          ? "   # the driver knows CUDA 11 (and any 11.x runs on it); torch up to 2.7"
          : ""),
    ],
    sources: ["https://docs.nvidia.com/deploy/cuda-compatibility/"],
    examples: [
      {
        text: "RuntimeError: The NVIDIA driver on your system is too old (found version 11040). Please update your GPU driver",
        expect: "whl/cu118",
      },
      {
        text: "RuntimeError: CUDA error: CUDA driver version is insufficient for CUDA runtime version",
        expect: "nvidia-smi",
      },
    ],
  },
  {
    id: "no-gpu-visible",
    title: "No GPU is visible",
    on: ["gpu"],
    role: "symptom",
    specificity: 60,
    matches: (finding) => coded(finding, "no-device", "unknown"),
    confidence: "medium",
    cause: () =>
      "The program asks for a GPU and sees none: no driver (or one that needs a reboot), a container without --gpus, CUDA_VISIBLE_DEVICES empty or changed after the start, or a machine without a GPU.",
    fix: (match) => [
      "nvidia-smi",
      "# container: docker run --gpus all …",
      unset(match),
      "# to build without a GPU, name the architectures: export TORCH_CUDA_ARCH_LIST=8.0;8.6;9.0+PTX",
    ],
    sources: ["https://pytorch.org/docs/stable/notes/cuda.html"],
    examples: [
      {
        text: "RuntimeError: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and installed a driver from http://www.nvidia.com/Download/index.aspx",
        expect: "nvidia-smi",
      },
      { text: "RuntimeError: No CUDA GPUs are available", expect: "CUDA_VISIBLE_DEVICES" },
    ],
  },
  {
    id: "nvidia-driver-half-updated",
    title: "The NVIDIA driver was updated and the old one still runs",
    on: ["gpu"],
    specificity: 75,
    matches: (finding) => coded(finding, "nvml-mismatch"),
    confidence: "high",
    cause: () =>
      "The libraries of the driver are of a newer version than the kernel module that is loaded: the driver was updated (often by unattended upgrades) and the machine was not restarted.",
    fix: () => [
      "sudo reboot",
      "# without a restart, when nothing uses the GPU: sudo rmmod nvidia_drm nvidia_modeset nvidia_uvm nvidia && nvidia-smi",
    ],
    sources: ["https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/"],
    examples: [{ text: "Failed to initialize NVML: Driver/library version mismatch", expect: "reboot" }],
  },
  {
    id: "container-without-gpu-support",
    title: "Docker cannot hand GPUs to containers",
    on: ["gpu"],
    specificity: 75,
    matches: (finding) => coded(finding, "container-runtime"),
    confidence: "high",
    cause: () => "The NVIDIA Container Toolkit is not installed on the host, or Docker was not told of it.",
    fix: () => [
      "sudo apt-get install nvidia-container-toolkit",
      "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker",
    ],
    sources: ["https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html"],
    examples: [
      {
        text: 'docker: Error response from daemon: could not select device driver "" with capabilities: [[gpu]].',
        expect: "nvidia-container-toolkit",
      },
    ],
  },
  {
    id: "kernel-launch-resources",
    title: "The kernel asks for more than the GPU has",
    on: ["gpu"],
    specificity: 65,
    matches: (finding) =>
      coded(finding, "launch-resources", "launch-configuration") === undefined ? undefined : { code: finding.code },
    confidence: "high",
    cause: (match) =>
      match.facts["code"] === "launch-resources"
        ? "Threads per block times registers per thread (or shared memory) are more than this GPU has for one block."
        : "The launch has a grid or block of size 0 or above the limits (1024 threads a block), or too much dynamic shared memory: often an empty tensor gives a grid of 0.",
    fix: (match) =>
      match.facts["code"] === "launch-resources"
        ? [
            "# fewer threads per block, __launch_bounds__(threads) on the kernel, or nvcc flag -maxrregcount=64; debug builds (-G) need more registers",
          ]
        : [
            "# return early for empty tensors; keep blocks within 1024 threads; above 48 KB shared memory call cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes)",
          ],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/"],
    examples: [
      { text: "RuntimeError: CUDA error: too many resources requested for launch", expect: "__launch_bounds__" },
      { text: "RuntimeError: CUDA error: invalid configuration argument", expect: "grid of 0" },
    ],
  },
  {
    id: "launch-of-size-zero",
    title: "A kernel is launched over nothing",
    on: ["exception", "gpu"],
    specificity: 66,
    matches: (finding) =>
      said(finding, /kernel launch blocks must be positive, but got N\s?=\s*(?<count>-?\d+)/) === undefined
        ? undefined
        : { cumm: /[\\/]cumm[\\/]/.test(finding.message) ? "yes" : undefined },
    confidence: "medium",
    cause: (match) =>
      `A kernel of spconv was to run over 0 elements. Either its input is empty (no points after a filter, coordinates outside of spatial_shape or not in the order batch, z, y, x), or a kernel before it did nothing: ${match.facts["cumm"] === undefined ? "spconv was compiled for other GPUs than this one" : "the spconv wheel is for another CUDA, or has no code for this GPU"}.`,
    fix: (match) => [
      "# print the shape, smallest and largest of the coordinates before the call, and skip empty ones",
      `${python(match)} -c "import torch; print(torch.version.cuda, torch.cuda.get_device_name(), torch.cuda.get_device_capability())"`,
      ...(match.facts["cumm"] === undefined
        ? ["# input not empty: compile it anew with TORCH_CUDA_ARCH_LIST set to the capability that this prints"]
        : [
            `${pip(match, "list")} | ${platformOf(match) === "win32" ? 'findstr /i "spconv cumm"' : 'grep -i -E "spconv|cumm"'}   # one of each, with one -cu number that fits torch's CUDA`,
            "# input not empty: another spconv-cuXXX (older GPUs need an older one: a K80 spconv-cu102), or spconv from source",
          ]),
    ],
    sources: ["traveller59/spconv#419", "traveller59/spconv#550", "mit-han-lab/bevfusion#297"],
    examples: [
      {
        text: "RuntimeError: /tmp/pip-build-env-k9/overlay/lib/python3.7/site-packages/cumm/include/tensorview/cuda/launch.h(53)\nN > 0 assert faild. CUDA kernel launch blocks must be positive, but got N= 0",
        expect: "spconv-cuXXX",
      },
      {
        text: "RuntimeError: /w/mmdet3d/ops/spconv/include/tensorview/helper_launch.h 17\nN > 0 assert faild. CUDA kernel launch blocks must be positive, but got N= 0",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
    ],
  },
  {
    id: "kernel-memory-error",
    title: "A kernel reads or writes where it must not",
    on: ["gpu"],
    role: "symptom",
    specificity: 60,
    matches: (finding) =>
      coded(finding, "illegal-access", "misaligned", "launch-failure", "illegal-instruction", "assert"),
    confidence: "medium",
    cause: (match) =>
      match.finding.code === "assert"
        ? "A check inside a kernel failed (most often an index out of range: labels or indices beyond the size of a tensor). The error is reported at some later call."
        : "A kernel used an address outside of its tensors, or one that is not aligned: an index error in the kernel, a tensor on another device or not contiguous, or 32-bit indices on a large tensor. The error is reported at some later call.",
    fix: (match) => [
      `CUDA_LAUNCH_BLOCKING=1 ${python(match)} the_program.py   # shows the call at fault`,
      `compute-sanitizer ${python(match)} the_program.py   # shows the kernel and the thread`,
    ],
    sources: ["https://docs.nvidia.com/compute-sanitizer/"],
    examples: [
      { text: "RuntimeError: CUDA error: an illegal memory access was encountered", expect: "compute-sanitizer" },
      { text: "RuntimeError: CUDA error: device-side assert triggered", expect: "CUDA_LAUNCH_BLOCKING" },
    ],
  },
  {
    id: "gpu-out-of-memory",
    title: "The GPU's memory is full",
    on: ["gpu"],
    specificity: 60,
    matches: (finding) => coded(finding, "out-of-memory"),
    confidence: "high",
    cause: (match) =>
      /MPS/.test(match.finding.text)
        ? "torch wants more memory on Apple's GPU than its limit allows; the GPU shares the machine's memory with all programs. This is no fault of the build."
        : "The program asked for more GPU memory than is free. This is no fault of the build.",
    fix: (match) =>
      /MPS/.test(match.finding.text)
        ? [
            "export PYTORCH_MPS_HIGH_WATERMARK_RATIO=0.0   # before the program starts: no limit (the system may swap or stop it)",
            "# smaller batches or float16, torch.mps.empty_cache() between steps, other programs closed",
          ]
        : [
            /\bHIP\b/.test(match.finding.text)
              ? "rocm-smi --showmeminfo vram --showpids   # does another process hold the memory?"
              : /XPU/.test(match.finding.text)
                ? "xpu-smi dump -m 18 -n 1   # does another process hold the memory?"
                : "nvidia-smi   # does another process hold the memory?",
            `export ${/\bHIP\b/.test(match.finding.text) ? "PYTORCH_HIP_ALLOC_CONF" : "PYTORCH_CUDA_ALLOC_CONF"}=expandable_segments:True   # against fragmentation`,
            "# smaller batches, activation checkpointing, a lower precision",
          ],
    sources: ["https://pytorch.org/docs/stable/notes/cuda.html#memory-management"],
    examples: [
      {
        text: "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 23.65 GiB",
        expect: "nvidia-smi",
      },
      {
        text: "RuntimeError: MPS backend out of memory (MPS allocated: 11.14 GB, other allocations: 6.65 GB, max allowed: 18.13 GB). Tried to allocate 375.40 MB on private pool.",
        expect: "PYTORCH_MPS_HIGH_WATERMARK_RATIO",
      },
    ],
  },
];
