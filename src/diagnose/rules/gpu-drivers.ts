/** What the driver does not do: know newer PTX or a newer CUDA, show a GPU, be there in a container. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { driverOfCuda } from "../../environment/driver-versions.ts";
import { hidesEveryGpu } from "../../environment/variables.ts";
import { usualArchitectures } from "../commands/arch-lists.ts";
import {
  buildForThisGpu,
  installTorchFor,
  installWithoutIsolation,
  knownCapabilities,
  pip,
  platformOf,
  python,
  setVariable,
  torchCuda,
} from "../commands/commands.ts";
import { cudaOfSpconv, installSpconv } from "../commands/spconv.ts";
import { coded, type Match, said, type Rule } from "../rule.ts";
import { ofAmd } from "./gpu-frames.ts";

function unset(match: Match): string {
  return said(match.finding, /HIP/) === undefined ? "echo $CUDA_VISIBLE_DEVICES" : "echo $HIP_VISIBLE_DEVICES";
}

/** `unset …`, where the shell that asks hides every GPU. */
function showHidden({ context: { variables } }: Match): string[] {
  const value = variables?.["CUDA_VISIBLE_DEVICES"];
  if (value === undefined || !hidesEveryGpu(value)) return [];
  return [`unset CUDA_VISIBLE_DEVICES   # it is \`${value}\` in this shell, which hides every GPU`];
}

/** Whether torch lies in an environment that pip or uv made for one build. */
function inIsolatedBuild({ finding, context }: Match): boolean {
  const isolated = /pip-build-env-|builds-v0[\\/]/;
  return [finding, ...context.findings.filter(({ at }) => at >= finding.at)].some(
    ({ text, frames }) => isolated.test(text) || frames?.some((frame) => isolated.test(frame)) === true,
  );
}

/** `12040` as a version of CUDA. */
function knownBy(found: string): string {
  const number = Number(found);
  return number < 1000
    ? found
    : `it knows CUDA up to ${String(Math.floor(number / 1000))}.${String(Math.floor((number % 1000) / 10))}`;
}

/** Whether the driver knows the PTX that a CUDA makes. */
function isKnownToDriver({ context: { log } }: Match, cuda: string): boolean {
  return log.driverCuda !== undefined && compareVersions(parseVersion(cuda), parseVersion(log.driverCuda)) <= 0;
}

/** The CUDA that made the PTX, as far as the text or the machine tells: one that is newer than the driver, where its CUDA is known. */
function toolkitOf(match: Match): string | undefined {
  const { environment, log } = match.context;
  return [environment?.cuda?.version, log.cuda, log.spokenCuda, torchCuda(match), cudaOfSpconv(match)].find(
    (cuda) => cuda !== undefined && !isKnownToDriver(match, cuda),
  );
}

/** The toolkit of the text, where it is not the one that made the PTX: the driver is newer than it. */
function innocentToolkit(match: Match): string | undefined {
  const shown = match.context.log.cuda ?? match.context.log.spokenCuda;
  return shown !== undefined && toolkitOf(match) === undefined && isKnownToDriver(match, shown) ? shown : undefined;
}

/** The spconv of the text, where it alone is of a CUDA newer than the driver. */
function tooNewSpconv(match: Match): string | undefined {
  const cuda = cudaOfSpconv(match);
  return cuda !== undefined && match.context.log.driverCuda !== undefined && toolkitOf(match) === cuda
    ? cuda
    : undefined;
}

/** Packages whose wheels carry kernels of a CUDA of their own, with torch. */
const withKernels = "torch|spconv|cumm|mmcv|xformers|flash|nvidia|cupy|tensorrt";

/** Who made it has to be found first: a package of a CUDA that is newer than the driver. */
function findMaker(match: Match): string[] {
  const { log } = match.context;
  const tag = `cu${(innocentToolkit(match) ?? "").replace(".", "")}`;
  return [
    `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
    `${pip(match, "list")} | ${platformOf(match) === "win32" ? `findstr /i "${withKernels.replaceAll("|", " ")}"` : `grep -iE '${withKernels}'`}   # the one that names a CUDA above ${log.driverCuda ?? ""} is the one`,
    `# in its place the build for CUDA ${innocentToolkit(match) ?? ""}, the toolkit that is here: torch and mmcv by the pages for ${tag}, spconv-${tag} and cumm-${tag} by their names; or the NVIDIA driver of that newer CUDA`,
  ];
}

function neededDriver(match: Match): string {
  const driver = driverOfCuda(toolkitOf(match) ?? "");
  return driver === undefined ? "" : ` (${driver} or newer, for CUDA ${toolkitOf(match) ?? ""})`;
}

/** A package of others was compiled: which architectures its setup.py asks for, and whether it reads the variable, is not known. */
function ofSetupOfOthers({ context: { log } }: Match): boolean {
  return log.compiledPackages.length === 1 && log.setupCommand === undefined;
}

/** Code for the GPU that is there from every nvcc, whatever else a setup.py asks it for. */
function codeForThisGpu(match: Match): string {
  const [known = match.context.log.namedCapability] = knownCapabilities(match);
  const number = known?.replace(".", "");
  const remark = "   # also where a setup.py names the architectures itself";
  if (number !== undefined)
    return setVariable(match, "NVCC_APPEND_FLAGS", `-gencode=arch=compute_${number},code=sm_${number}`) + remark;
  const shown = "print('-gencode=arch=compute_%d%d,code=sm_%d%d' % (torch.cuda.get_device_capability() * 2))";
  return setVariable(match, "NVCC_APPEND_FLAGS", `$(${python(match)} -c "import torch; ${shown}")`) + remark;
}

export const gpuDriverRules: readonly Rule[] = [
  {
    id: "ptx-newer-than-driver",
    title: "The PTX was made by a newer CUDA than the driver knows",
    on: ["gpu"],
    specificity: 72,
    matches: (finding) => coded(finding, "unsupported-ptx", "ptx-jit"),
    confidence: "high",
    cause: (match) =>
      innocentToolkit(match) !== undefined
        ? `The binary holds PTX instead of code for this GPU, made by a CUDA newer than the driver (of CUDA ${match.context.log.driverCuda ?? ""}), which cannot translate it. The toolkit that the text shows (CUDA ${innocentToolkit(match) ?? ""}) is older than the driver and did not make it: a package did that brings its own kernels (torch, spconv, cumm, mmcv).`
        : `The binary holds PTX instead of code for this GPU, and the driver${match.context.log.driverCuda === undefined ? "" : ` (of CUDA ${match.context.log.driverCuda})`} is older than the toolkit${toolkitOf(match) === undefined ? "" : ` (CUDA ${toolkitOf(match) ?? ""}${tooNewSpconv(match) === undefined ? "" : ", spconv's"})`} that made it, so it cannot translate it.`,
    fix: (match) =>
      tooNewSpconv(match) !== undefined
        ? installSpconv(match, match.context.log.driverCuda)
        : innocentToolkit(match) !== undefined
          ? findMaker(match)
          : [
              ...(match.context.log.driverCuda === undefined
                ? ["nvidia-smi   # the driver, and the newest CUDA that it knows (top right)"]
                : []),
              `# the NVIDIA driver updated${neededDriver(match)} mends it for all programs; where it has to stay, code for this GPU${match.context.log.driverCuda === undefined ? "" : ` (or a toolkit up to CUDA ${match.context.log.driverCuda})`}:`,
              ...(ofSetupOfOthers(match) ? [codeForThisGpu(match)] : []),
              ...buildForThisGpu(match),
            ],
    sources: ["li-plus/chatglm.cpp#6", "traveller59/spconv#543", "weiyithu/SurroundOcc#121"],
    examples: [
      {
        text: '  File "/w/talk/debug.py", line 9, in <module>\n    t = raymarching.morton3D(t.cuda())\nRuntimeError: CUDA error: the provided PTX was compiled with an unsupported toolchain.',
        expect: "find . -path '*/raymarching/setup.py'",
      },
      {
        text: "CUDA error 222: the provided PTX was compiled with an unsupported toolchain.",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
      {
        text: "| NVIDIA-SMI 535.183.01    Driver Version: 535.183.01   CUDA Version: 12.2 |\nRuntimeError: CUDA error: the provided PTX was compiled with an unsupported toolchain.",
        expect: "a toolkit up to CUDA 12.2",
      },
      {
        text: "cuda failed with error 222 the provided PTX was compiled with an unsupported toolchain.\nCuda compilation tools, release 11.1, V11.1.105\n| NVIDIA-SMI 470.82.01    Driver Version: 470.82.01    CUDA Version: 11.4     |",
        expect: "did not make it",
      },
      {
        text: "RuntimeError: CUDA error: the provided PTX was compiled with an unsupported toolchain.\ntorch 2.5.1+cu124\nCuda compilation tools, release 11.8, V11.8.89\n| NVIDIA-SMI 525.125.06   Driver Version: 525.125.06   CUDA Version: 12.0     |",
        expect: "older than the toolkit (CUDA 12.4)",
      },
      {
        text: "$ pip install spconv-cu117\nSuccessfully installed cumm-cu117-0.4.11 spconv-cu117-2.3.6\nRuntimeError: CUDA error: the provided PTX was compiled with an unsupported toolchain.\n| NVIDIA-SMI 470.82.01    Driver Version: 470.82.01    CUDA Version: 11.4     |",
        expect: "install spconv-cu114",
      },
      {
        text: "CUDA error: the provided PTX was compiled with an unsupported toolchain.\nMy Driver Version is 470.223.02\nCUDA 11.8",
        expect: "520.61.05 or newer, for CUDA 11.8",
      },
      {
        text: "RuntimeError: CUDA error: the provided PTX was compiled with an unsupported toolchain.",
        expect: "driver",
      },
      {
        text: "$ pip install --no-build-isolation my_ops[fast]\n  Building wheel for my_ops (setup.py) ... done\nRuntimeError: CUDA error: the provided PTX was compiled with an unsupported toolchain.",
        expect: "--no-binary my-ops my-ops",
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
          : match.context.log.otherField !== undefined
            ? "the program was built with"
            : `torch${torchCuda(match) === undefined ? "" : ` (CUDA ${torchCuda(match) ?? ""})`} or the extension was built with`
      }.`,
    fix: (match) => [
      ...(match.context.log.otherField === "cupy"
        ? [
            "nvidia-smi   # the CUDA in its first line is the newest that this driver runs; then update the driver, or take a CuPy for an older CUDA:",
            pip(match, "uninstall -y cupy cupy-cuda13x cupy-cuda12x cupy-cuda11x"),
            pip(match, "install cupy-cuda11x   # a driver that shows CUDA 11.x; cupy-cuda12x for 12.x"),
          ]
        : match.context.log.otherField !== undefined
          ? [
              "# update the NVIDIA driver (its page: https://www.nvidia.com/drivers), or build the program with a toolkit no newer than what nvidia-smi shows",
            ]
          : []),
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
        text: '  File "cupy/_core/core.pyx", line 137, in cupy._core.core.ndarray.__new__\ncupy_backends.cuda.api.runtime.CUDARuntimeError: cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version',
        expect: "cupy-cuda11x",
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
        : match.context.log.hostedRunner
          ? [
              "# GitHub's own runners have no GPU: what needs one is left out there, or runs on a runner that has one (runs-on: [self-hosted, gpu], or a larger runner with a GPU)",
              '#     @pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")   # above the test; in the program: device = "cuda" if torch.cuda.is_available() else "cpu"',
            ]
          : [
              ...showHidden(match),
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
];
