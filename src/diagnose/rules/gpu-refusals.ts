/** Binaries that a driver refuses and transports that do not come up: Triton's cubins, NCCL's ways between GPUs, a driver that does not start. */
import { installTorchFor, pip, python, rebuild, setVariable } from "../commands/commands.ts";
import { own } from "../../base/own.ts";
import { torchForJetson } from "../commands/jetson-torch.ts";
import { packageOf } from "../tables/packages.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";
import { isBuiltByPython } from "../commands/typed-builds.ts";
import { studioPrompt } from "../commands/visual-studio.ts";

/** NCCL's source files by what they are about, and the variable that does without. Source: NCCL's environment variables. */
const transports: Readonly<Record<string, readonly [what: string, without: string]>> = {
  nvls: ["NVLink SHARP (multicast between the GPUs of one machine)", "export NCCL_NVLS_ENABLE=0"],
  net_ib: [
    "InfiniBand or RoCE",
    "export NCCL_IB_DISABLE=1   # or choose the right card: NCCL_IB_HCA=mlx5_0, and ulimit -l unlimited",
  ],
  net_socket: [
    "the network between the machines",
    "export NCCL_SOCKET_IFNAME=$(ip -o -4 route show to default | awk '{print $5}' | head -1)",
  ],
  socket: [
    "the network between the processes",
    "export NCCL_SOCKET_IFNAME=$(ip -o -4 route show to default | awk '{print $5}' | head -1)",
  ],
  shm: [
    "shared memory (/dev/shm)",
    "export NCCL_SHM_DISABLE=1   # without it, slower; better, where it is a container: docker run --ipc=host (or --shm-size=8g)",
  ],
  shmutils: [
    "shared memory (/dev/shm)",
    "export NCCL_SHM_DISABLE=1   # without it, slower; better, where it is a container: docker run --ipc=host (or --shm-size=8g)",
  ],
  p2p: [
    "direct access of one GPU to another's memory",
    "export NCCL_P2P_DISABLE=1   # and in virtual machines: ACS and IOMMU off",
  ],
};

function jetson(match: Match): boolean {
  return match.context.log.jetson;
}

/** Whether torch itself is a build for Jetson, and the message is one that an extension without code for it gives. */
function hasItsTorch(match: Match): boolean {
  return (
    match.context.log.jetsonTorch &&
    coded(match.finding, "no-kernel-image", "invalid-device-function", "symbol-not-found") !== undefined
  );
}

/** Builds what was compiled for other GPUs for that of the Jetson. */
function rebuildForJetson(match: Match): string[] {
  const arch = match.context.log.jetsonArch;
  const target = (arch ?? "8.7").replace(".", "");
  return [
    `${python(match)} -c "import torch; print(torch.cuda.get_device_capability(), torch.cuda.get_arch_list())"   # the GPU is among torch's targets? then it is the extension`,
    `${setVariable(match, "TORCH_CUDA_ARCH_LIST", arch ?? "8.7")}${arch === undefined ? "   # Orin; 7.2 Xavier, 5.3 Nano" : "   # this board's GPU"}`,
    ...rebuild(match),
    `# a setup.py with -gencode of its own (flash-attn) does not read the variable: add "-gencode", "arch=compute_${target},code=sm_${target}" in a clone of it, and install from there`,
  ];
}

/** NVIDIA's torch in place of the one that is there; in another environment there is none to take out. */
function torchOfJetPack(match: Match): string[] {
  const [ask = "", ...lines] = torchForJetson(match);
  const commands = lines.filter((line) => line !== ask && !line.startsWith("# or an image"));
  return commands.length > 1 || commands.every((line) => line.startsWith("#"))
    ? commands
    : [`${pip(match, "uninstall -y torch torchvision")}; ${commands[0] ?? ""}`];
}

export const gpuRefusalRules: readonly Rule[] = [
  {
    id: "cuda-mps-unreachable",
    title: "CUDA's Multi-Process Service does not answer",
    on: ["gpu"],
    specificity: 84,
    matches: (finding) => coded(finding, "mps"),
    confidence: "high",
    cause: () =>
      "The process finds a pipe folder of the Multi-Process Service (MPS; CUDA_MPS_PIPE_DIRECTORY, or /tmp/nvidia-mps) and gets no connection: the control daemon or its server has ended or is of another user, or the process runs in a container without the host's IPC namespace and pipe folder. Neither torch nor an extension is at fault.",
    fix: () => [
      "echo $CUDA_MPS_PIPE_DIRECTORY; ls -ld ${CUDA_MPS_PIPE_DIRECTORY:-/tmp/nvidia-mps}; ps aux | grep nvidia-cuda-mps   # whose daemon is it, and does it run?",
      "export CUDA_MPS_PIPE_DIRECTORY=/nonexistent   # without MPS, for this process",
      "nvidia-cuda-mps-control -d   # start it, as the same user (one user at a time has the server; a dead one first: echo quit | nvidia-cuda-mps-control)",
      "# container: docker run --gpus all --ipc=host -v /tmp/nvidia-mps:/tmp/nvidia-mps …, same user id, driver libraries of the host",
    ],
    sources: ["NVIDIA/nvidia-container-toolkit#714", "https://docs.nvidia.com/deploy/mps/index.html"],
    examples: [
      {
        text: "RuntimeError: Unexpected error from cudaGetDeviceCount().  Did you run some cuda functions before calling NumCudaDevices() that might have already set an error?  Error 805: MPS client failed to connect to the MPS control daemon or the MPS server.",
        expect: "nvidia-cuda-mps-control",
      },
    ],
  },
  {
    id: "gpu-named-by-uuid",
    title: "The program does not take a GPU or MIG instance by its UUID",
    on: ["exception"],
    specificity: 84,
    matches: (finding, context) =>
      said(finding, /invalid literal for int\(\) with base 10: '(?<uuid>(?:MIG|GPU)-[\w-]+)/) ??
      (/^NVMLError_(?:InvalidArgument|NotFound|NotSupported)$/.test(finding.code ?? "") &&
      context.findings.some((other) => /\bMIG\b|MIG-/.test(other.text))
        ? {}
        : undefined) ??
      (/^NVMLError_InvalidArgument$/.test(finding.code ?? "") ? { perhaps: "yes" } : undefined),
    confidence: (match) => (match.facts["perhaps"] === undefined ? "high" : "low"),
    cause: (match) =>
      `CUDA_VISIBLE_DEVICES names ${match.facts["perhaps"] === undefined ? "" : "(most likely) "}a GPU by UUID${match.facts["uuid"] === undefined ? "" : ` (${match.facts["uuid"]})`}, which CUDA and torch take, and the program takes for a number that it hands to NVML: ${/MIG/.test(match.facts["uuid"] ?? "MIG") ? "an instance of MIG has no number of its own there" : "it has to be written as a number"}. Nothing is wrong with the GPU or the build.`,
    fix: (match) => [
      "nvidia-smi -L   # GPUs and MIG instances with their UUIDs",
      `${setVariable(match, "CUDA_VISIBLE_DEVICES", "0")}   # a number, where the machine or container shows one instance only`,
      "docker run --gpus '\"device=0:0\"' …   # one MIG instance (GPU 0, instance 0) for a container: inside it is number 0, and CUDA_VISIBLE_DEVICES stays unset",
      "# vLLM, SGLang: a newer release; several have taken UUIDs since",
    ],
    sources: ["vllm-project/vllm#41848", "princeton-ddss/blackfish#108"],
    examples: [
      {
        text: "ValueError: invalid literal for int() with base 10: 'MIG-377e0049-554c-540b-93c6-d0976f8426cb'",
        expect: "nvidia-smi -L",
      },
    ],
  },
  {
    id: "triton-binary-refused",
    title: "The driver refuses a kernel that Triton made",
    on: ["gpu"],
    specificity: 86,
    matches: (finding) =>
      coded(
        finding,
        "invalid-image",
        "no-kernel-image",
        "invalid-device-function",
        "symbol-not-found",
        "unsupported-ptx",
        "ptx-jit",
      ) !== undefined &&
      /Triton Error \[(?:CUDA|HIP)\]/.test(finding.text) &&
      finding.tool === "cuda"
        ? {}
        : undefined,
    confidence: "medium",
    cause: () =>
      "Triton compiles for the GPU that is there with a ptxas of its own, and the driver does not take the result: the driver is older than the CUDA that Triton's ptxas is of, or a kernel in ~/.triton/cache is of another GPU, another Triton or half written (a home that several machines share). No extension is at fault, and TORCH_CUDA_ARCH_LIST has no say in it.",
    fix: (match) => [
      "rm -rf ~/.triton/cache /tmp/torchinductor_$USER   # then again; several machines with one home: export TRITON_CACHE_DIR=/tmp/triton-$HOSTNAME",
      "nvidia-smi | head -4   # the newest CUDA that the driver knows has to be that of torch.version.cuda at least: update the driver",
      installTorchFor(match, "11.8") + "   # or a torch (and its Triton) for an older CUDA: cu118, cu121, cu126",
      "export TRITON_PTXAS_PATH=/usr/local/cuda/bin/ptxas   # of a CUDA that the driver knows",
    ],
    sources: ["vllm-project/vllm#18580", "triton-lang/triton#3001", "triton-lang/triton#1556"],
    examples: [
      { text: "RuntimeError: Triton Error [CUDA]: device kernel image is invalid", expect: "TRITON_PTXAS_PATH" },
    ],
  },
  {
    id: "nccl-transport-failed",
    title: "One of NCCL's ways between GPUs does not come up",
    on: ["gpu"],
    specificity: 74,
    matches: (finding) => {
      const facts = said(
        finding,
        /(?:transport\/|misc\/|include\/)(?<file>nvls|net_ib|net_socket|socket|shm|shmutils|p2p)\.(?:cc|cu|h):\d+ (?:\[\d+\] )?NCCL WARN (?<words>.*)/,
      );
      if (facts !== undefined) return own(transports, facts["file"] ?? "") === undefined ? undefined : facts;
      const words = /Error while creating shared memory segment (?:\/dev\/shm\/)?nccl-.*/.exec(finding.message)?.[0];
      return words === undefined ? undefined : { file: "shm", words };
    },
    confidence: "high",
    cause: (match) =>
      `NCCL's own line names it: ${own(transports, match.facts["file"] ?? "")?.[0] ?? ""} could not be set up (${match.facts["words"] ?? ""}). What Python reports after it (unhandled cuda error, unhandled system error) is the echo.`,
    fix: (match) => [
      own(transports, match.facts["file"] ?? "")?.[1] ?? "",
      ...(match.facts["file"] === "nvls"
        ? [
            "systemctl status nvidia-fabricmanager; nvidia-smi topo -m   # fabric manager of the driver's version; in containers and on parts of an HGX machine multicast is often not allowed",
          ]
        : match.facts["file"] === "p2p"
          ? ["nvidia-smi topo -p2p r"]
          : []),
    ],
    sources: ["vllm-project/vllm#6732", "https://docs.nvidia.com/deeplearning/nccl/user-guide/docs/env.html"],
    examples: [
      {
        text: "host:843:843 [5] transport/nvls.cc:157 NCCL WARN Cuda failure 1 'invalid argument'",
        expect: "NCCL_NVLS_ENABLE=0",
      },
      {
        text: "Last error:\nError while creating shared memory segment /dev/shm/nccl-pZafXL (size 7340384)",
        expect: "--ipc=host",
      },
      {
        text: "n1:12:40 [0] misc/shmutils.cc:72 NCCL WARN Error: failed to extend /dev/shm/nccl-AbC to 9637892 bytes",
        expect: "--ipc=host",
      },
    ],
  },
  {
    id: "cuda-driver-does-not-start",
    title: "The NVIDIA driver does not start for this process",
    on: ["gpu"],
    specificity: 74,
    matches: (finding) =>
      said(
        finding,
        /CUDA driver initialization failed|CUDA initialization: CUDA driver|cuInit(?:ialize)?\(?\)? ?(?:failed|returned)/,
      ),
    confidence: "medium",
    cause: () =>
      "libcuda is there, and cuInit fails: the module nvidia_uvm is not loaded or /dev/nvidia-uvm is not handed on (containers, after a suspend), the GPU is in MIG mode without an instance, NVSwitch machines run without fabric manager, or driver and libcuda are of two releases. (nvidia-smi may still work: it needs none of these.)",
    fix: () => [
      "ls -l /dev/nvidia*; sudo modprobe nvidia_uvm && sudo nvidia-modprobe -u -c=0   # after a suspend: sudo rmmod nvidia_uvm && sudo modprobe nvidia_uvm",
      "nvidia-smi -L; nvidia-smi --query-gpu=mig.mode.current --format=csv   # MIG on, and no instance: sudo nvidia-smi mig -cgi 19 -C, or sudo nvidia-smi -mig 0",
      "systemctl status nvidia-fabricmanager   # machines with NVSwitch",
      "docker run --gpus all …   # containers: started again after the driver was; no libcuda of the image's own (ldconfig -p | grep libcuda)",
    ],
    sources: ["pytorch/pytorch#98885"],
    examples: [
      {
        text: "UserWarning: CUDA initialization: CUDA driver initialization failed, you might not have a CUDA gpu. (Triggered internally at ../c10/cuda/CUDAFunctions.cpp:109.)",
        expect: "nvidia_uvm",
      },
    ],
  },
  {
    id: "jetson-needs-own-torch",
    title: "On Jetson torch and its extensions have to be builds for Jetson",
    on: ["gpu"],
    specificity: 82,
    matches: (finding, context) =>
      context.log.jetson &&
      coded(
        finding,
        "no-kernel-image",
        "torch-arch",
        "torch-without-gpu",
        "invalid-device-function",
        "symbol-not-found",
        "driver",
        "no-device",
      ) !== undefined &&
      finding.tool === "cuda"
        ? {}
        : undefined,
    confidence: "medium",
    cause: (match) =>
      packageOf(match) === "bitsandbytes" && hasItsTorch(match)
        ? "bitsandbytes' wheels for aarch64 are made for servers, against their CUDA libraries, and not for JetPack's: on a Jetson it is compiled."
        : hasItsTorch(match)
          ? "The machine is a Jetson, and its torch is a build for Jetson: what has no code for this GPU is an extension, which was compiled for others (its set-up script names its own targets, or took them from another machine). Code for another GPU of the same generation (sm_80, sm_86) does not do for Orin's 8.7."
          : `${jetson(match) ? "The machine is a Jetson" : "The machine"}: its GPU (sm_53, 62, 72, 87, 101 or 110) and its driver are JetPack's. The wheels of PyPI and conda-forge for aarch64 are for servers: they have no code for it, or want another driver.`,
    fix: (match) =>
      packageOf(match) === "bitsandbytes" && hasItsTorch(match)
        ? [
            "git clone https://github.com/bitsandbytes-foundation/bitsandbytes && cd bitsandbytes   # git checkout <the release> for the one that you had",
            `cmake -DCOMPUTE_BACKEND=cuda -DCOMPUTE_CAPABILITY=${(match.context.log.jetsonArch ?? "8.7").replace(".", "")} -S . && make -j2 && ${pip(match, "install .")}   # with JetPack's CUDA; setup.py does not read TORCH_CUDA_ARCH_LIST`,
            `# or a wheel for Jetson: ${pip(match, "install --force-reinstall --no-deps bitsandbytes --index-url https://pypi.jetson-ai-lab.io/jp6/cu126")}   (JetPack 6)`,
          ]
        : hasItsTorch(match)
          ? rebuildForJetson(match)
          : [
              ...(packageOf(match) === undefined
                ? []
                : [
                    `${pip(match, `install --force-reinstall --no-deps ${packageOf(match) ?? ""} --index-url https://pypi.jetson-ai-lab.io/jp6/cu126`)}   # of ${packageOf(match) ?? ""}, too, a build for Jetson; or from source for sm_87 (bitsandbytes: cmake -DCOMPUTE_BACKEND=cuda -DCOMPUTE_CAPABILITY=87 -S . && make && pip install .)`,
                  ]),
              "cat /etc/nv_tegra_release; apt-cache show nvidia-jetpack | grep Version   # which JetPack?",
              ...torchOfJetPack(match).map((line) =>
                packageOf(match) === undefined ? line : `# torch itself, when it fails, too: ${line}`,
              ),
              "# or a container: https://github.com/dusty-nv/jetson-containers; extensions: export TORCH_CUDA_ARCH_LIST=8.7 (Orin; 7.2 Xavier, 5.3 Nano), with JetPack's own CUDA",
            ],
    sources: [
      "conda-forge/pytorch-cpu-feedstock#303",
      "Dao-AILab/flash-attention#1146",
      "dusty-nv/jetson-containers#1220",
      "https://docs.nvidia.com/deeplearning/frameworks/install-pytorch-jetson-platform/index.html",
    ],
    examples: [
      {
        text: "Linux 5.15.136-tegra #1 SMP device\nRuntimeError: CUDA error: no kernel image is available for execution on the device",
        expect: "nv_tegra_release",
      },
      {
        text: "jo@ubuntu:~$ cat /etc/nv_tegra_release\n# R36 (release), REVISION: 4.3, GCID: 1, BOARD: generic, EABI: aarch64\nPython 3.11.11 (main, Dec  4 2024, 08:55:07) [GCC 11.4.0] on linux\nOrin with CUDA capability sm_87 is not compatible with the current PyTorch installation.\nRuntimeError: CUDA error: no kernel image is available for execution on the device",
        expect: "/usr/bin/python3.10 -m venv",
      },
      {
        text: "torch 2.5.0a0+872d972e41.nv24.08 (Jetson Orin)\nbitsandbytes: 0.46.1\nRuntimeError: Error named symbol not found at line 233 in file /src/csrc/ops.cu",
        expect: "-DCOMPUTE_CAPABILITY=87",
      },
      {
        text: "torch-2.1.0a0+41361538.nv23.06-cp38-cp38-linux_aarch64.whl\nRuntimeError: CUDA error: no kernel image is available for execution on the device",
        expect: "export TORCH_CUDA_ARCH_LIST=8.7",
      },
    ],
  },
  {
    id: "cuda-not-in-visual-studio",
    title: "Visual Studio does not know CUDA: its build customizations are missing",
    on: ["build-tool"],
    specificity: 84,
    matches: (finding) =>
      finding.severity === "warning"
        ? undefined
        : said(
            finding,
            /No CUDA toolset found|The CUDA Toolkit v[\d.]+ directory|CUDA [\d.]+\.(?:props|targets).*(?:not found|was not found)|imported project .*CUDA [\d.]+\.props/,
          ),
    confidence: "high",
    cause: () =>
      "CMake's Visual Studio generator takes CUDA from files that CUDA's installer puts into Visual Studio (BuildCustomizations). They are not there: this Visual Studio (or the Build Tools) was installed after CUDA, is newer than that CUDA knows, or the installer's part \"Visual Studio Integration\" was left out. That nvcc works in a prompt does not matter to it.",
    fix: (match) => {
      const copy =
        'copy "%CUDA_PATH%\\extras\\visual_studio_integration\\MSBuildExtensions\\*" "C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\MSBuild\\Microsoft\\VC\\v170\\BuildCustomizations\\"   # as administrator; your edition and year (2019: v160)';
      // CMake reads the variable when a build of Python's starts it.
      if (isBuiltByPython(match))
        return [
          pip(match, "install ninja"),
          ...studioPrompt,
          `${setVariable(match, "CMAKE_GENERATOR", "Ninja")}   # in such a prompt it needs no integration`,
          `# or for Visual Studio's generator: ${copy}`,
        ];
      return [
        "rmdir /s /q build   # what was found is remembered there",
        copy,
        'cmake -S . -B build   # or in the x64 Native Tools prompt, which needs no integration: cmake -S . -B build -G Ninja; or -T cuda="%CUDA_PATH%"',
      ];
    },
    sources: [
      "pytorch/pytorch#76010",
      "wang-xinyu/tensorrtx#768",
      "https://cmake.org/cmake/help/latest/variable/CMAKE_VS_PLATFORM_TOOLSET_CUDA.html",
      "https://cmake.org/cmake/help/latest/envvar/CMAKE_GENERATOR.html",
    ],
    examples: [
      {
        text: "CMake Error at C:/Program Files/CMake/share/cmake-3.28/Modules/CMakeDetermineCompilerId.cmake:529 (message):\n  No CUDA toolset found.",
        expect: "BuildCustomizations",
      },
      {
        text: "C:\\w\\p>pip install .\nCMake Error at C:/Program Files/CMake/share/cmake-3.28/Modules/CMakeDetermineCompilerId.cmake:529 (message):\n  No CUDA toolset found.",
        expect: "set CMAKE_GENERATOR=Ninja",
      },
    ],
  },
];
