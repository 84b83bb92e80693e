/** GPUs that are there and cannot be used: taken by others, numbered otherwise, broken, closed to this user. */
import {
  installTorchFor,
  pip,
  platformOf,
  python,
  setVariable,
  torchAgain,
  unsetVariable,
} from "../commands/commands.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";

/** The package of NVIDIA's repository with NVRTC of the release that is looked for. */
function nvrtcPackage(match: Match): string {
  const release = /builtins\S*?(\d+)\.(\d+)/.exec(match.finding.text)?.slice(1, 3).join("-");
  return `cuda-nvrtc-${release ?? "<release>"}`;
}

/** Release of the NVRTC that looks for its second half: `12.1` of `libnvrtc-builtins.so.12.1`, `nvrtc-builtins64_118.dll`. */
function nvrtcRelease(match: Match): string | undefined {
  const [, dotted, major, minor] =
    /nvrtc-builtins(?:\w*\.so\.(\d+\.\d+)|64_(\d\d)(\d)\.dll)/.exec(framesAndText(match)) ?? [];
  return dotted ?? (major === undefined ? undefined : `${major}.${minor ?? "0"}`);
}

/** That very release from pip, where torch's wheels take it from there: on Linux, since CUDA 11.7. The folder is another since 13. */
function ownNvrtc(match: Match): string[] {
  const release = nvrtcRelease(match);
  const major = Number(release?.split(".")[0]);
  if (release === undefined || platformOf(match) === "win32" || (major < 12 && !/^11\.[78]$/.test(release)))
    return [`${torchAgain(match)}   # brings the nvidia-cuda-nvrtc that fits`];
  return [
    pip(
      match,
      `install --force-reinstall --no-deps "nvidia-cuda-nvrtc${major < 13 ? `-cu${major}` : ""}==${release}.*"`,
    ) + "   # both halves of that release",
    `export LD_LIBRARY_PATH=$(${python(match)} -c "import nvidia.${major < 13 ? "cuda_nvrtc" : "cu13"} as n; print(n.__path__[0] + '/lib')"):$LD_LIBRARY_PATH   # before any other CUDA`,
  ];
}

/** Windows looks for the second half on PATH: the folder of that toolkit, or torch's own, whose wheels bring all of it. */
function onPathOfWindows(match: Match): string[] | undefined {
  if (platformOf(match) !== "win32" && !/nvrtc-builtins64_\d+\.dll/.test(framesAndText(match))) return undefined;
  const release = nvrtcRelease(match);
  const ofTorch = match.context.log.otherField === undefined && !/cupy|numba/i.test(framesAndText(match));
  return ofTorch
    ? [`${torchAgain(match)}   # its own folder torch\\lib has both halves of NVRTC`]
    : [
        `set "PATH=${release === undefined ? "%CUDA_PATH%" : `C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v${release}`}\\bin;%PATH%"   # the toolkit of that release, whose folder bin (CUDA 13: bin\\x64) has the file`,
        `# no such folder: install CUDA ${release ?? "of that release"}, or pip's CuPy for the CUDA that is there (cupy-cuda12x[ctk])`,
      ];
}

function framesAndText({ finding, context }: Match): string {
  return [finding, ...context.findings].map(({ text, frames = [] }) => `${text} ${frames.join(" ")}`).join("\n");
}

export const gpuDeviceRules: readonly Rule[] = [
  {
    id: "gpu-busy",
    title: "Another process has the GPU for itself",
    on: ["gpu"],
    specificity: 76,
    matches: (finding) => coded(finding, "device-busy"),
    // The driver says so of a broken state and of a GPU that the container does not own, too.
    confidence: "medium",
    cause: () =>
      "The GPU takes no further process: it is in exclusive mode (many clusters set it so) and another process, often one that was not ended, has it; or the driver's state is broken after a crash. The extension and its build have no part in it.",
    fix: () => [
      "nvidia-smi --query-gpu=index,compute_mode,memory.used --format=csv; nvidia-smi   # who has it?",
      "sudo fuser -v /dev/nvidia*   # processes that nvidia-smi does not list; end those that are left over",
      "sudo nvidia-smi -c DEFAULT   # takes exclusive mode off, where that is allowed",
      "export CUDA_VISIBLE_DEVICES=1   # or another GPU",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__TYPES.html"],
    examples: [
      { text: "RuntimeError: CUDA error: all CUDA-capable devices are busy or unavailable", expect: "nvidia-smi" },
      { text: "RuntimeError: CUDA error: CUDA-capable device(s) is/are busy or unavailable", expect: "exclusive" },
    ],
  },
  {
    id: "gpu-number-wrong",
    title: "There is no GPU of that number",
    on: ["gpu", "exception"],
    specificity: 76,
    matches: (finding) =>
      coded(finding, "invalid-device") ??
      said(finding, /Attempting to deserialize object on (?:a )?CUDA device (?<number>\d+)/),
    confidence: "high",
    cause: (match) =>
      `The program asks for ${match.facts["number"] === undefined ? "a GPU" : `GPU ${match.facts["number"]}`} beyond those that it sees: CUDA_VISIBLE_DEVICES hides some (they are numbered anew from 0), more processes were started than there are GPUs, the GPU is cut up by MIG (a process sees one instance only, as number 0), or a checkpoint was saved on a machine with more of them.`,
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.cuda.device_count())"; echo "$CUDA_VISIBLE_DEVICES"`,
      unsetVariable(match, "CUDA_VISIBLE_DEVICES") + "   # or name GPUs that exist",
      "# torchrun --nproc_per_node=<number of GPUs>; torch.load(path, map_location='cuda:0')",
      "# MIG: one process for each instance, CUDA_VISIBLE_DEVICES=MIG-<uuid of nvidia-smi -L>, and cuda:0 in each",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__TYPES.html"],
    examples: [
      { text: "RuntimeError: CUDA error: invalid device ordinal", expect: "CUDA_VISIBLE_DEVICES" },
      {
        text: "RuntimeError: Attempting to deserialize object on CUDA device 1 but torch.cuda.device_count() is 1. Please use torch.load with map_location to map your storages to an existing device.",
        expect: "map_location",
      },
    ],
  },
  {
    id: "gpu-broken",
    title: "The GPU reports a fault of its hardware",
    on: ["gpu"],
    specificity: 78,
    matches: (finding) => coded(finding, "hardware"),
    confidence: "high",
    cause: () =>
      "The driver lost the GPU, or its memory or links have errors that cannot be corrected: power, heat, a card that sits loosely, or a defect. No change of software mends it for long.",
    fix: () => [
      "sudo dmesg | grep -i -E 'nvrm|xid'   # the Xid number says what happened: https://docs.nvidia.com/deploy/xid-errors/",
      "nvidia-smi -q -d ECC,ROW_REMAPPER,TEMPERATURE,POWER",
      "sudo reboot   # an uncorrectable ECC error needs a reset of the GPU; when it comes back, take the card out of use",
    ],
    sources: ["https://docs.nvidia.com/deploy/xid-errors/"],
    examples: [
      { text: "RuntimeError: CUDA error: uncorrectable ECC error encountered", expect: "reboot" },
      {
        text: "Unable to determine the device handle for GPU 0000:41:00.0: GPU is lost.  Reboot the system to recover this GPU",
        expect: "Xid",
      },
      { text: "[12345.678] NVRM: Xid (PCI:0000:41:00): 79, pid=1234, GPU has fallen off the bus.", expect: "dmesg" },
    ],
  },
  {
    id: "gpu-driver-call-failed",
    title: "The system refuses a call of the NVIDIA driver",
    on: ["gpu"],
    specificity: 74,
    matches: (finding) => coded(finding, "os-call"),
    confidence: "medium",
    cause: () =>
      "The driver's kernel module answers, and one of its calls fails (error 304): device files are missing or closed to this user (/dev/nvidia-uvm in a container), the module nvidia_uvm is not loaded, driver and kernel module are of different releases, or WSL's driver is too old.",
    fix: (match) => [
      "ls -l /dev/nvidia*; sudo modprobe nvidia_uvm && sudo nvidia-modprobe -u -c=0",
      "nvidia-smi   # does it work at all? after an update of the driver: sudo reboot",
      ...(match.context.log.wsl
        ? ["wsl --update && wsl --shutdown   # in Windows, and the newest NVIDIA driver there"]
        : ["# container: docker run --gpus all … (not --device=/dev/nvidia0 alone)"]),
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__TYPES.html"],
    examples: [
      {
        text: "UserWarning: CUDA initialization: Unexpected error from cudaGetDeviceCount(). Error 304: OS call failed or operation not supported on this OS",
        expect: "nvidia_uvm",
      },
    ],
  },
  {
    id: "gpu-initialization-failed",
    title: "CUDA does not start in this process",
    on: ["gpu"],
    specificity: 72,
    matches: (finding) => (/fork/.test(finding.message) ? undefined : coded(finding, "init-error")),
    confidence: "medium",
    cause: () =>
      "The driver is there and cannot be initialized for this process: it was forked after CUDA had started, the device files are not all there (a container without --gpus, cgroups, /dev/nvidia-uvm), MIG or MPS is set up halfway, or the driver hangs after a fault.",
    fix: (match) => [
      `${python(match)} -c "import torch; torch.zeros(1).cuda()"   # does a fresh process work? then it is the fork: set_start_method("spawn")`,
      "nvidia-smi; ls -l /dev/nvidia*; echo $CUDA_VISIBLE_DEVICES $CUDA_MPS_PIPE_DIRECTORY",
      "sudo modprobe nvidia_uvm; sudo reboot   # when nvidia-smi fails, too",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__TYPES.html"],
    examples: [
      {
        text: "RuntimeError: Unexpected error from cudaGetDeviceCount(). Did you run some cuda functions before calling NumCudaDevices() that might have already set an error? Error 3: initialization error",
        expect: "spawn",
      },
    ],
  },
  {
    id: "gpu-peer-access",
    title: "The GPUs cannot reach each other's memory",
    on: ["gpu"],
    specificity: 74,
    matches: (finding) => coded(finding, "peer-access"),
    confidence: "high",
    cause: () =>
      "The code lets one GPU read the memory of another (custom all-reduce, cudaDeviceEnablePeerAccess), and this pair has no such path: GPUs below different processors, consumer cards, a virtual machine, or an IOMMU in between.",
    fix: () => [
      "nvidia-smi topo -p2p r   # which pairs can",
      "export NCCL_P2P_DISABLE=1   # NCCL then goes by way of the host; vLLM: --disable-custom-all-reduce",
      "# own code: ask cudaDeviceCanAccessPeer first and copy by way of the host otherwise",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__PEER.html"],
    examples: [
      { text: "RuntimeError: CUDA error: peer access is not supported between these two devices", expect: "topo" },
    ],
  },
  {
    id: "gpu-operation-not-supported",
    title: "This GPU, driver or system does not support the operation",
    on: ["gpu"],
    role: "symptom",
    specificity: 55,
    matches: (finding) => coded(finding, "not-supported"),
    confidence: "medium",
    cause: () =>
      "CUDA refuses a call as not supported here: managed memory or memory pools on vGPU, WSL or Windows, cooperative launches, CUDA graphs around a call that cannot be captured, or a driver older than the function.",
    fix: (match) => [
      `CUDA_LAUNCH_BLOCKING=1 ${python(match)} the_program.py   # shows the call at fault`,
      "nvidia-smi   # a driver that is newer may have it",
      "# when torch's allocator asks for it: unset PYTORCH_CUDA_ALLOC_CONF (expandable_segments and cudaMallocAsync need it)",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__TYPES.html"],
    examples: [{ text: "RuntimeError: CUDA error: operation not supported", expect: "driver" }],
  },
  {
    id: "cuda-opengl-interop",
    title: "CUDA and OpenGL do not share a GPU here",
    on: ["gpu", "exception"],
    specificity: 80,
    matches: (finding) =>
      said(
        finding,
        /(?<call>cudaGraphics(?:GL)?\w+|cudaGLGetDevices|(?:egl|glX|wgl)[A-Z]\w+\(\)(?= failed)|OpenGL [\d.]+ or later is required)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${/^cuda/.test(match.facts["call"] ?? "") ? `\`${match.facts["call"] ?? ""}\` hands a buffer of OpenGL to CUDA, and that is refused` : /^OpenGL/.test(match.facts["call"] ?? "") ? `The OpenGL that is found here is too old (${match.facts["call"] ?? ""})` : `\`${match.facts["call"] ?? ""}\` fails: nvdiffrast (or another renderer) makes an OpenGL context beside CUDA, and there is none for this GPU`}: OpenGL runs on another GPU or in software (a server without display, a container without the driver's graphics libraries), or memory is short.`,
    fix: () => [
      "# nvdiffrast: dr.RasterizeCudaContext() in place of dr.RasterizeGLContext(), which needs no OpenGL",
      "export NVIDIA_DRIVER_CAPABILITIES=all   # container: docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=all …",
      "sudo apt-get install libegl1 libgl1 libgles2   # and the NVIDIA driver with its OpenGL part",
    ],
    sources: ["NVlabs/nvdiffrast#72", "NVlabs/nvdiffrast#167", "lzzcd001/MeshDiffusion#35"],
    examples: [
      {
        text: "RuntimeError: Cuda error: 801[cudaGraphicsGLRegisterImage(&s.cudaColorBuffer[i], s.glColorBuffer[i], GL_TEXTURE_3D, cudaGraphicsRegisterFlagsReadOnly);]",
        expect: "RasterizeCudaContext",
      },
      { text: "[F glutil.cpp:338] eglInitialize() failed", expect: "RasterizeCudaContext" },
      { text: "[F glutil.cpp:366] eglCreateContext() failed", expect: "OpenGL context" },
    ],
  },
  {
    id: "kernel-ran-too-long",
    title: "A kernel ran longer than the system allows",
    on: ["gpu"],
    specificity: 76,
    matches: (finding) => coded(finding, "launch-timeout"),
    confidence: "high",
    cause: (match) =>
      platformOf(match) === "win32"
        ? "Windows resets a GPU whose kernel does not end within 2 seconds (TDR), while a display may hang on it."
        : "A GPU that drives a display ends kernels that run for more than some seconds; or the kernel does not end at all (a loop, a wait for another block).",
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? [
            'reg add "HKLM\\SYSTEM\\CurrentControlSet\\Control\\GraphicsDrivers" /v TdrDelay /t REG_DWORD /d 60 /f   # as administrator, then restart',
          ]
        : ["nvidia-smi -q | grep -i -A1 'display active'   # a GPU without display has no limit"]),
      "# less work in one launch; and does the kernel end at all (a small input, compute-sanitizer --tool racecheck)?",
    ],
    sources: ["https://learn.microsoft.com/windows-hardware/drivers/display/tdr-registry-keys"],
    examples: [{ text: "RuntimeError: CUDA error: the launch timed out and was terminated", expect: "display" }],
  },
  {
    id: "gpu-resource-handle",
    title: "A stream, event or module is used where it does not belong",
    on: ["gpu"],
    role: "symptom",
    specificity: 55,
    matches: (finding) => coded(finding, "resource-handle"),
    confidence: "medium",
    cause: () =>
      "A stream, event, graph or function of one GPU (or of a context that is gone) is used on another: the kernel is launched on a GPU that is not the tensor's, the handle was made before a fork or after a reset, or two CUDA run times (one linked statically) each have their own.",
    fix: () => [
      "# in the C++ function, first of all: const at::cuda::OptionalCUDAGuard guard(at::device_of(x)); and launch on at::cuda::getCurrentCUDAStream()",
      "# a cuBLAS or cuDNN handle of one's own has to be made for each device",
      "# link one CUDA run time only: -cudart shared (torch's is shared)",
    ],
    sources: ["https://docs.pytorch.org/docs/stable/notes/cuda.html"],
    examples: [{ text: "RuntimeError: CUDA error: invalid resource handle", expect: "OptionalCUDAGuard" }],
  },
  {
    id: "nvrtc-does-not-know-gpu",
    title: "torch's run-time compiler (NVRTC) is older than the GPU",
    on: ["gpu", "driver", "compile"],
    specificity: 84,
    matches: (finding) =>
      coded(finding, "nvrtc-arch") ??
      said(finding, /nvrtc: error: (?:invalid value for|unsupported) --?gpu-architecture/i),
    confidence: "high",
    cause: (match) =>
      `torch compiles some kernels when they are first needed (TorchScript's fuser, torch.jit, complex numbers, CuPy likewise), with the NVRTC of the CUDA that it was built for${match.context.log.torchCuda === undefined ? "" : ` (${match.context.log.torchCuda})`}; that one does not know this GPU's architecture. torch as a whole is too old for the GPU.`,
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda, torch.cuda.get_device_capability(), torch.cuda.get_arch_list())"`,
      installTorchFor(match, "12.8") + "   # RTX 30 needs CUDA 11.1, RTX 40 and H100 11.8, Blackwell 12.8 or newer",
      "# for the time being: torch._C._jit_set_nvfuser_enabled(False); torch._C._jit_override_can_fuse_on_gpu(False); or PYTORCH_JIT=0",
    ],
    sources: ["pytorch/pytorch#87595", "pytorch/pytorch#47658", "StelaBou/HyperReenact#7"],
    examples: [{ text: "RuntimeError: nvrtc: error: invalid value for --gpu-architecture (-arch)", expect: "11.8" }],
  },
  {
    id: "nvrtc-builtins-missing",
    title: "NVRTC does not find its second half",
    on: ["gpu", "exception", "driver", "compile"],
    specificity: 84,
    matches: (finding) =>
      coded(finding, "nvrtc-builtins") ?? said(finding, /failed to open (?<name>(?:lib)?nvrtc-builtins\S*)/i),
    confidence: "high",
    cause: () =>
      "NVRTC loads libnvrtc-builtins of exactly its own release when it compiles, and does not find it: the package nvidia-cuda-nvrtc is missing, of another release than torch's CUDA, or another CUDA's libnvrtc was loaded first (LD_LIBRARY_PATH).",
    fix: (match) =>
      match.context.log.namesLibtorch || match.context.log.libtorchFolder !== undefined
        ? [
            "ls <libtorch>/lib | grep -i nvrtc   # LibTorch for CUDA brings it, as libnvrtc-builtins-<letters>.so.<release>",
            "export LD_LIBRARY_PATH=<libtorch>/lib:$LD_LIBRARY_PATH   # before any other CUDA",
            `# not there: NVRTC of torch's CUDA, ${nvrtcPackage(match)} of NVIDIA's repository (images of nvidia/cuda: the one with torch's CUDA in its name)`,
          ]
        : (onPathOfWindows(match) ?? [
            unsetVariable(match, "LD_LIBRARY_PATH") + "   # another CUDA's libnvrtc is not found first then",
            ...ownNvrtc(match),
          ]),
    sources: ["https://docs.nvidia.com/cuda/nvrtc/", "pytorch/pytorch#101275", "cupy/cupy#4396"],
    examples: [
      {
        text: "RuntimeError: nvrtc: error: failed to open libnvrtc-builtins.so.12.1.\n  Make sure that libnvrtc-builtins.so.12.1 is installed correctly.",
        expect: '"nvidia-cuda-nvrtc-cu12==12.1.*"',
      },
      {
        text: "cupy.cuda.compiler.CompileException: nvrtc: error: failed to open nvrtc-builtins64_111.dll.\n  Make sure that nvrtc-builtins64_111.dll is installed correctly.",
        expect: 'set "PATH=C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v11.1\\bin;%PATH%"',
      },
    ],
  },
  {
    id: "intel-gpu-not-found",
    title: "No Intel GPU is visible",
    on: ["gpu"],
    specificity: 76,
    matches: (finding) => coded(finding, "no-xpu"),
    confidence: "high",
    cause: () =>
      "SYCL finds no GPU: the driver (level-zero, intel-opencl-icd) is not installed or too old, the user is not in the group render, the container does not hand /dev/dri on, or ONEAPI_DEVICE_SELECTOR hides it.",
    fix: (match) => [
      "sycl-ls; echo $ONEAPI_DEVICE_SELECTOR $ZE_AFFINITY_MASK",
      "sudo apt-get install libze-intel-gpu1 libze1 intel-opencl-icd   # Intel's package repository for GPUs",
      "sudo gpasswd -a $USER render && newgrp render",
      "# container: docker run --device /dev/dri …",
      `${python(match)} -c "import torch; print(torch.__version__, torch.xpu.is_available())"   # a +xpu build?`,
    ],
    sources: ["https://docs.pytorch.org/docs/stable/notes/get_start_xpu.html"],
    examples: [
      { text: "RuntimeError: No XPU devices are available.", expect: "sycl-ls" },
      {
        text: "RuntimeError: Native API failed. Native API returns: -1 (PI_ERROR_DEVICE_NOT_FOUND) -1 (PI_ERROR_DEVICE_NOT_FOUND)",
        expect: "render",
      },
    ],
  },
  {
    id: "intel-gpu-call-failed",
    title: "The driver of the Intel GPU refuses a call",
    on: ["gpu"],
    role: "symptom",
    specificity: 60,
    matches: (finding) =>
      coded(finding, "xpu") === undefined
        ? undefined
        : { what: /\((?:PI|UR_RESULT|ZE_RESULT)_?(?:ERROR_)?(\w+)\)/.exec(finding.message)?.[1] },
    confidence: "medium",
    cause: (match) =>
      /OUT_OF|MEMORY|RESOURCES/.test(match.facts["what"] ?? "")
        ? "The Intel GPU is out of memory or of other resources (one allocation may take 4 GB at most unless larger ones are allowed)."
        : `The driver below SYCL failed${match.facts["what"] === undefined ? "" : ` (${match.facts["what"]})`}: the driver is older than the compiler that built torch or the extension, the kernel was built ahead of time for another GPU, or it ran too long or into a fault (the device was reset).`,
    fix: (match) =>
      /OUT_OF|MEMORY|RESOURCES/.test(match.facts["what"] ?? "")
        ? [
            "# smaller batches; or",
            setVariable(match, "UR_L0_ENABLE_RELAXED_ALLOCATION_LIMITS", "1") + "   # allocations above 4 GB",
          ]
        : [
            "sycl-ls --verbose | grep -i -E 'driver|name'",
            `# an extension of your own, built ahead of time for another GPU: ${setVariable(match, "TORCH_XPU_ARCH_LIST", "pvc")} (pvc, bmg, dg2, mtl-h, lnl-m: the one that runs it), then build it again`,
            "sudo dmesg | tail -50   # a hang or reset of the GPU?",
          ],
    sources: ["intel/intel-extension-for-pytorch#367", "https://docs.pytorch.org/docs/stable/notes/get_start_xpu.html"],
    examples: [
      {
        text: "RuntimeError: Native API failed. Native API returns: 20 (UR_RESULT_ERROR_DEVICE_LOST)",
        expect: "DEVICE_LOST",
      },
      {
        text: "RuntimeError: Native API failed. Native API returns: -5 (PI_ERROR_OUT_OF_RESOURCES)",
        expect: "4 GB",
      },
    ],
  },
  {
    id: "amd-gpu-closed",
    title: "This user may not open the AMD GPU",
    on: ["gpu"],
    specificity: 78,
    matches: (finding) => coded(finding, "no-kfd"),
    confidence: "high",
    cause: () =>
      "ROCm works by way of /dev/kfd and /dev/dri, which only the groups render and video may open; or the kernel module amdgpu is not loaded, or the container does not hand the devices on.",
    fix: () => [
      "ls -l /dev/kfd /dev/dri/render*; groups",
      "sudo usermod -aG render,video $USER   # then log in again",
      "# container: docker run --device=/dev/kfd --device=/dev/dri --group-add video --group-add render --security-opt seccomp=unconfined …",
    ],
    sources: ["https://rocm.docs.amd.com/projects/install-on-linux/en/latest/install/prerequisites.html"],
    examples: [
      { text: "Unable to open /dev/kfd read-write: Permission denied", expect: "usermod" },
      { text: 'u is not member of "render" group, the default DRM access group.', expect: "render,video" },
    ],
  },
];
