/** What fails on the GPU when a built extension runs: architectures, drivers, launches. */
import { driverOfCuda } from "../../environment/driver-versions.ts";
import { usualArchitectures } from "../arch-lists.ts";
import {
  buildForThisGpu,
  installTorchFor,
  installWithoutIsolation,
  knownCapabilities,
  pip,
  platformOf,
  python,
  reinstall,
  setVariable,
  torchCuda,
  xformersFor,
} from "../commands.ts";
import { ofLog } from "../matchers.ts";
import { coded, type Match, said, type Rule, type RuleContext } from "../rule.ts";
import { dotted } from "../version-facts.ts";
import { buildWithOwnTargets, namesItsTargets } from "../own-targets.ts";
import { failedInTorch, ofAmd } from "./gpu-frames.ts";

function unset(match: Match): string {
  return said(match.finding, /HIP/) === undefined ? "echo $CUDA_VISIBLE_DEVICES" : "echo $HIP_VISIBLE_DEVICES";
}

/** Whether torch lies in an environment that pip or uv made for one build. */
function inIsolatedBuild({ finding, context }: Match): boolean {
  const isolated = /pip-build-env-|builds-v0[\\/]/;
  return [finding, ...context.findings.filter(({ at }) => at >= finding.at)].some(
    ({ text, frames }) => isolated.test(text) || frames?.some((frame) => isolated.test(frame)) === true,
  );
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

/** `12040` as a version of CUDA. */
function knownBy(found: string): string {
  const number = Number(found);
  return number < 1000
    ? found
    : `it knows CUDA up to ${String(Math.floor(number / 1000))}.${String(Math.floor((number % 1000) / 10))}`;
}

/** What torch says of the memory that other processes hold. */
function ofOthers({ context }: Match): string {
  return (
    context.findings.find(({ message }) => /Process \d+ has [\d.]+ GiB memory in use/.test(message))?.message ?? ""
  );
}

/** The CUDA that made the PTX, as far as the text or the machine tells. */
function toolkitOf({ context: { environment, log } }: Match): string | undefined {
  return environment?.cuda?.version ?? log.cuda ?? log.spokenCuda;
}

function neededDriver(match: Match): string {
  const driver = driverOfCuda(toolkitOf(match) ?? "");
  return driver === undefined ? "" : ` (${driver} or newer, for CUDA ${toolkitOf(match) ?? ""})`;
}

/** A torch that has code for the GPU that the text names; for both kinds of GPU where it names none. */
function torchForGpu(match: Match): string[] {
  const [known = match.context.log.namedCapability] = knownCapabilities(match);
  const forNew = `${installTorchFor(match, "12.8")}   # a new GPU: RTX 50 and Blackwell need a build for CUDA 12.8 or newer`;
  const forOld = `${installTorchFor(match, "12.6")}   # an old GPU: compute capability 5.0 to 7.0 are in the builds for CUDA 12.6`;
  if (known !== undefined && Number(known) >= 10) return [forNew];
  if (known !== undefined && Number(known) <= 7) return [forOld];
  return [forNew, `# ${forOld}`];
}

export const gpuRunTimeRules: readonly Rule[] = [
  {
    id: "no-kernel-image",
    title: "The extension has no code for this GPU",
    on: ["gpu", "exception", "installer"],
    specificity: 70,
    matches: (finding) => {
      // xFormers' kernels look at what they were compiled for themselves.
      if (finding.kind === "installer")
        return finding.code === "built-for-other-sm"
          ? { name: "xformers", built: /built for sm(\d+)/.exec(finding.message)?.[1] }
          : undefined;
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
        : `The kernels in the binary were compiled for other GPU architectures than the one that runs them${match.facts["capability"] === undefined ? "" : ` (compute capability ${dotted(match.facts["capability"])})`}, and no PTX is in it that the driver could translate: ${namesItsTargets(match) === undefined ? "TORCH_CUDA_ARCH_LIST at build time did not hold this GPU, or the installed torch itself no longer (or not yet) supports it" : `the setup.py of ${namesItsTargets(match) ?? ""} names its targets itself, and this GPU is none of them in the installed release`}.`,
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
              : match.facts["name"] === "xformers"
                ? [
                    ...xformersFor(match, match.context.log.installedTorch),
                    "# or from source on the machine with this GPU (about an hour): pip install -v --no-build-isolation git+https://github.com/facebookresearch/xformers.git, with TORCH_CUDA_ARCH_LIST of all GPUs that are to run it",
                  ]
                : failedInTorch(match)
                  ? torchForGpu(match)
                  : (buildWithOwnTargets(match) ?? buildForThisGpu(match))),
            "# when torch's list lacks the GPU: a newer torch for a new GPU, an older one for an old GPU",
          ],
    sources: [
      "facebookresearch/detectron2#235",
      "NVIDIA/apex#1592",
      "NVlabs/tiny-cuda-nn#230",
      "NVlabs/tiny-cuda-nn#330",
      "facebookresearch/xformers#692",
      "facebookresearch/xformers#1045",
    ],
    examples: [
      {
        text: "RuntimeError: CUDA error: no kernel image is available for execution on the device",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
      {
        text: "NVIDIA GeForce RTX 4090\nCUDA error 209 at /src/k.cu:12: no kernel image is available for execution on the device",
        expect: "TORCH_CUDA_ARCH_LIST=8.9",
      },
      {
        text: "conv1d_out = causal_conv1d_cuda.causal_conv1d_fwd(x, weight, bias, None, True)\nRuntimeError: CUDA error: no kernel image is available for execution on the device",
        expect: "CAUSAL_CONV1D_FORCE_BUILD",
      },
      {
        text: "CUDA error 209 at /src/k.cu:12: no kernel image is available for execution on the device",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
      { text: "OSError: Could not find compatible tinycudann extension for compute capability 75.", expect: "7.5" },
      { text: "FATAL: this function is for sm80, but was built for sm750", expect: "uninstall -y xformers" },
      {
        text: "FATAL: kernel `fmha_cutlassF_f32_aligned_32x128_gmem_sm80` is for sm80-sm90, but was built for sm70",
        expect: "xformers.git",
      },
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
      `The binary holds PTX instead of code for this GPU, and the driver${match.context.log.driverCuda === undefined ? "" : ` (of CUDA ${match.context.log.driverCuda})`} is older than the toolkit${toolkitOf(match) === undefined ? "" : ` (CUDA ${toolkitOf(match) ?? ""})`} that made it, so it cannot translate it.`,
    fix: (match) => [
      ...(match.context.log.driverCuda === undefined
        ? ["nvidia-smi   # the driver, and the newest CUDA that it knows (top right)"]
        : []),
      ...buildForThisGpu(match),
      match.context.log.driverCuda === undefined
        ? "# or update the NVIDIA driver"
        : `# or update the NVIDIA driver${neededDriver(match)}; or compile with a toolkit up to CUDA ${match.context.log.driverCuda}`,
    ],
    sources: ["li-plus/chatglm.cpp#6"],
    examples: [
      {
        text: "CUDA error 222: the provided PTX was compiled with an unsupported toolchain.",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
      {
        text: "| NVIDIA-SMI 535.183.01    Driver Version: 535.183.01   CUDA Version: 12.2 |\nRuntimeError: CUDA error: the provided PTX was compiled with an unsupported toolchain.",
        expect: "a toolkit up to CUDA 12.2",
      },
      {
        text: "CUDA error: the provided PTX was compiled with an unsupported toolchain.\nMy Driver Version is 470.223.02\nCUDA 11.8",
        expect: "520.61.05 or newer, for CUDA 11.8",
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
      `The driver${match.facts["found"] === undefined ? "" : ` (${knownBy(match.facts["found"])})`} does not support the CUDA version that ${
        inIsolatedBuild(match)
          ? "the newest torch is made for, which the build fetched into an isolated environment of its own: the torch that is installed was not asked"
          : `torch${torchCuda(match) === undefined ? "" : ` (CUDA ${torchCuda(match) ?? ""})`} or the extension was built with`
      }.`,
    fix: (match) => [
      ...(inIsolatedBuild(match)
        ? [
            `${python(match)} -c "import torch; print(torch.__version__, torch.cuda.is_available())"   # the installed one: True, then it goes with this driver`,
            ...installWithoutIsolation(match).filter((line) => !/ install torch /.test(line)),
            "# False, or no torch there: first one that goes with the driver, then the same again",
          ]
        : []),
      "nvidia-smi   # driver version and the newest CUDA it supports",
      ...(match.context.log.docker || match.context.log.gpuImage !== undefined
        ? [
            "docker run --rm --gpus all nvidia/cuda:12.2.0-base-ubuntu22.04 nvidia-smi   # does a container see the host's driver at all? Started without --gpus all (compose: deploy.resources.reservations.devices) it has none, and that is told in the same words",
          ]
        : []),
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
        text: '$ pip install grouped-gemm\n      File "/tmp/pip-build-env-teys/overlay/lib/python3.10/site-packages/torch/cuda/__init__.py", line 319, in _lazy_init\n        torch._C._cuda_init()\n      RuntimeError: The NVIDIA driver on your system is too old (found version 11010). Please update your GPU driver',
        expect: "install --no-build-isolation grouped-gemm",
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
    // A set-up script that asks for the GPU has a rule of its own.
    matches: (finding, context) =>
      context.findings.some(
        ({ at, kind, frames }) =>
          at === finding.at && kind === "exception" && frames?.some((frame) => /setup\.py:\d+/.test(frame)) === true,
      ) && /Found no NVIDIA driver/.test(finding.text)
        ? undefined
        : coded(finding, "no-device", "unknown"),
    confidence: "medium",
    cause: (match) =>
      match.finding.code === "unknown"
        ? "CUDA failed without saying why. At the first call: the driver does not answer (a laptop or desktop after suspend, an update of the driver without a reboot, a container that lacks /dev/nvidia-uvm). In the middle of a run: the GPU was reset or lost under load (temperature, power, overclocking, Windows's time limit for display GPUs), memory ran out at the edge, or a kernel broke the context; the kernel's log says which. The build has no part in it."
        : ofAmd(match)
          ? "torch is a build for ROCm, and it sees no AMD GPU: /dev/kfd and /dev/dri are not there or may not be opened (a container without them, a user who is not in the groups render and video), the amdgpu driver is not loaded, HIP_VISIBLE_DEVICES hides the GPU, or this ROCm does not know it."
          : "The program asks for a GPU and sees none: no driver (or one that needs a reboot), a container without --gpus, CUDA_VISIBLE_DEVICES empty or changed after the start, or a machine without a GPU.",
    fix: (match) =>
      ofAmd(match)
        ? [
            "rocminfo | grep -E 'Name|gfx'; ls -l /dev/kfd /dev/dri; id",
            "# container: docker run --device=/dev/kfd --device=/dev/dri --group-add video --group-add render …; WSL: AMD's ROCm for WSL",
            "sudo usermod -aG render,video $USER   # then log in again",
            unset(match),
            '# to build without a GPU, name the targets: export PYTORCH_ROCM_ARCH="gfx90a;gfx942;gfx1100"',
          ]
        : [
            "nvidia-smi",
            ...(match.finding.code === "unknown" && platformOf(match) === "win32"
              ? [
                  "# restart Windows, install the newest driver; Event Viewer, System, source nvlddmkm: resets of the driver",
                ]
              : match.finding.code === "unknown"
                ? [
                    "sudo dmesg | grep -iE 'xid|nvrm' | tail   # Xid lines: the GPU was lost or reset; none: the driver's state",
                    "sudo rmmod nvidia_uvm && sudo modprobe nvidia_uvm   # a laptop or desktop after suspend: that, or a reboot, brings CUDA back",
                  ]
                : []),
            ...(match.context.log.wsl
              ? [
                  "export LD_LIBRARY_PATH=/usr/lib/wsl/lib:$LD_LIBRARY_PATH   # WSL: the driver is Windows'; a libcuda.so.1 that apt installed comes before it (sudo apt-get remove 'libnvidia-compute-*')",
                ]
              : []),
            "# container: docker run --gpus all …",
            unset(match),
            ...(match.context.log.host === "rust"
              ? []
              : [
                  `# to build without a GPU, name the architectures: ${setVariable(match, "TORCH_CUDA_ARCH_LIST", usualArchitectures(match))}`,
                ]),
          ],
    sources: ["https://pytorch.org/docs/stable/notes/cuda.html"],
    examples: [
      {
        text: "RuntimeError: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and installed a driver from http://www.nvidia.com/Download/index.aspx",
        expect: "nvidia-smi",
      },
      { text: "RuntimeError: No CUDA GPUs are available", expect: "CUDA_VISIBLE_DEVICES" },
      { text: "WSL2, Ubuntu 22.04\nRuntimeError: No CUDA GPUs are available", expect: "/usr/lib/wsl/lib" },
      { text: "RuntimeError: No HIP GPUs are available", expect: "--device=/dev/kfd" },
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
    id: "gpu-out-of-memory",
    title: "The GPU's memory is full",
    on: ["gpu"],
    specificity: 60,
    matches: (finding) => coded(finding, "out-of-memory"),
    confidence: "high",
    cause: (match) =>
      /MPS/.test(match.finding.text)
        ? "torch wants more memory on Apple's GPU than its limit allows; the GPU shares the machine's memory with all programs. This is no fault of the build."
        : `The program asked for more GPU memory than is free. This is no fault of the build.${/Process \d+ has [\d.]+ GiB memory in use/.test(ofOthers(match)) ? ` Another process holds a part of it (${/Process \d+ has [\d.]+ [GM]iB/.exec(ofOthers(match))?.[0] ?? ""}); JAX and TensorFlow take most of the GPU at once unless they are told not to (XLA_PYTHON_CLIENT_PREALLOCATE=false, TF_FORCE_GPU_ALLOW_GROWTH=true).` : ""}`,
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
