/** CUDA's libraries at run time where torch itself, or cuDNN, does not find them: names without versions, wheels apart. */
import { platformOf, python, setVariable, torchAgain } from "../commands/commands.ts";
import { missingLibrary } from "../matchers.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";

/** Every lib folder of pip's nvidia packages, for LD_LIBRARY_PATH. */
function everyFolder(match: Match): string {
  return `export LD_LIBRARY_PATH=$(find $(${python(match)} -c "import site, sys; print(*[p for p in sys.path if p])") -maxdepth 3 -path '*nvidia/*/lib' 2>/dev/null | paste -sd:):$LD_LIBRARY_PATH   # for now`;
}

const torchItself = /_load_global_deps|_preload_cuda_deps|not found in the system path/;

function inBazel(match: Match): boolean {
  return match.context.findings.some((finding) =>
    /\.runfiles|bazel/.test(`${finding.text} ${finding.message} ${finding.frames?.join(" ") ?? ""}`),
  );
}

/** The text tells of a container, whose driver is the machine's. */
function inContainer({ context: { log } }: Match): boolean {
  return log.docker || log.jobImage !== undefined;
}

export const cudaLoadingRules: readonly Rule[] = [
  {
    id: "unversioned-nvrtc-missing",
    title: "A library is looked for without a version, and only a versioned file is there",
    on: ["missing-library"],
    specificity: 88,
    matches: (finding, { findings }) =>
      findings.some(({ code }) => code === "no-libcuda")
        ? undefined
        : missingLibrary(finding, /^lib(?<lib>nvrtc|cuda)\.so$/),
    confidence: "high",
    cause: (match) =>
      match.facts["lib"] === "cuda"
        ? `${match.facts["who"] ?? ""} opens \`libcuda.so\`, and the NVIDIA driver brings \`libcuda.so.1\` alone (or no driver is there at all: a container without --gpus).`
        : `${/cudnn/.test(match.finding.text) ? "cuDNN 8" : (match.facts["who"] ?? "A library")} opens \`libnvrtc.so\` by that name when it is first needed. torch's wheels have the library under a versioned name only (libnvrtc.so.12, libnvrtc-<hash>.so.11.2), so installing torch again does not help: a link of that name is what is missing.`,
    fix: (match) =>
      match.facts["lib"] === "cuda"
        ? match.context.log.wsl
          ? [
              "export LD_LIBRARY_PATH=/usr/lib/wsl/lib:$LD_LIBRARY_PATH   # WSL: Windows' driver brings libcuda.so and libcuda.so.1 there; no driver is installed inside of WSL",
              "nvidia-smi   # fails? the newest NVIDIA driver in Windows, then wsl --update && wsl --shutdown",
            ]
          : [
              "sudo ln -s libcuda.so.1 $(dirname $(ldconfig -p | awk '/libcuda.so.1/ {print $NF; exit}'))/libcuda.so && sudo ldconfig",
              "# WSL: export LD_LIBRARY_PATH=/usr/lib/wsl/lib:$LD_LIBRARY_PATH; container: docker run --gpus all …",
            ]
        : [
            `for d in $(${python(match)} -c "import torch, os, site; t = os.path.dirname(torch.__file__); print(t + '/lib', os.path.dirname(t) + '/nvidia/cuda_nvrtc/lib')"); do [ -d $d ] && (cd $d && f=$(ls libnvrtc[.-]*so* | grep -v builtins | head -1) && ln -sf $f libnvrtc.so && export LD_LIBRARY_PATH=$d:$LD_LIBRARY_PATH); done`,
            `export LD_LIBRARY_PATH=$(${python(match)} -c "import torch, os; print(os.path.dirname(torch.__file__) + '/lib')"):$LD_LIBRARY_PATH`,
            `# or a CUDA toolkit of torch's major version, which has that name: conda install -c nvidia cuda-nvrtc-dev; sudo apt-get install cuda-nvrtc-dev-${match.context.log.torchCuda?.replace(".", "-") ?? "11-8"}`,
          ],
    sources: ["v-iashin/Synchformer#9", "https://docs.nvidia.com/deeplearning/cudnn/"],
    examples: [
      {
        text: "Could not load library libcudnn_cnn_infer.so.8. Error: libnvrtc.so: cannot open shared object file: No such file or directory",
        expect: "ln -sf",
      },
      {
        text: "OSError: libcuda.so: cannot open shared object file: No such file or directory",
        expect: "libcuda.so.1",
      },
      {
        text: "Ubuntu 22.04 on WSL2\nOSError: libcuda.so: cannot open shared object file: No such file or directory",
        expect: "/usr/lib/wsl/lib:",
      },
    ],
  },
  {
    id: "torch-finds-no-cuda-packages",
    title: "torch itself does not find the CUDA libraries of its own packages",
    on: ["missing-library", "exception"],
    specificity: 90,
    matches: (finding, context) => {
      // NVIDIA's torch for its boards takes CUDA from JetPack.
      if (context.log.jetson) return undefined;
      if (finding.kind === "exception") return said(finding, /(?<name>lib\w+\.so\S*) not found in the system path/);
      const facts = missingLibrary(
        finding,
        /^lib(?:cudart|cublas\w*|cudnn|cufft|curand|cusolver|cusparse\w*|nccl|nvrtc|nvJitLink|nvshmem_host|cufile|nvToolsExt|cupti)\.so/,
      );
      if (facts === undefined) return undefined;
      const here = `${finding.text} ${finding.frames?.join(" ") ?? ""}`;
      const near = context.findings.some(
        (other) => other.kind === "exception" && torchItself.test(`${other.message} ${other.frames?.join(" ") ?? ""}`),
      );
      return near || torchItself.test(here) ? facts : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`import torch\` itself fails, no extension: torch's wheel keeps CUDA in packages of their own (nvidia-cublas, nvidia-cuda-runtime, …), which have to lie in the same site-packages as torch, and \`${match.facts["name"] ?? "one of them"}\` is not there: ${inBazel(match) ? "Bazel puts each wheel into a folder of its own" : "they were not installed (--no-deps, a lock file made on another system), removed, or are in another folder than torch (--target, PYTHONPATH, Bazel, a user installation)"}.`,
    fix: (match) =>
      inBazel(match)
        ? [
            "bazel run --@rules_python//python/config_settings:venvs_site_packages=yes <target>   # rules_python ≥ 1.0: one site-packages for all wheels; and the nvidia-* wheels in the target's deps",
            everyFolder(match),
          ]
        : [
            `${python(match)} -m pip list | grep -i -E '^(torch|nvidia|triton)'; ${python(match)} -c "import sys; print(sys.path)"`,
            `${torchAgain(match)}   # with its dependencies: they come into the same folder`,
            everyFolder(match),
          ],
    sources: ["pytorch/pytorch#131284", "pytorch: torch/__init__.py"],
    examples: [
      {
        text: "ValueError: libcublas.so.*[0-9] not found in the system path ['', '/app/x.runfiles/pip-core_torch/site-packages']",
        expect: "venvs_site_packages",
      },
      {
        text: '  File "/e/site-packages/torch/__init__.py", line 176, in _load_global_deps\nOSError: libcudart.so.12: cannot open shared object file: No such file or directory',
        expect: "same site-packages",
      },
    ],
  },
  {
    id: "driver-and-libcuda-differ",
    title: "The loaded libcuda is not of the driver that runs",
    on: ["gpu"],
    specificity: 84,
    matches: (finding) =>
      coded(finding, "driver") === undefined
        ? undefined
        : said(
            finding,
            /unsupported display driver ?\/ ?cuda driver combination|cudaErrorSystemDriverMismatch|\bError 803\b|kernel version [\d.]+ does not match DSO version [\d.]+/,
          ),
    confidence: "high",
    cause: () =>
      "Error 803: the libcuda.so that was loaded is of another release than the driver's kernel module. Either a libcuda lies in the image or on LD_LIBRARY_PATH (a driver or cuda-compat that was installed inside of the container, a copy in the image), or the driver of the machine was updated and not restarted.",
    fix: (match) => [
      "nvidia-smi | head -4; cat /proc/driver/nvidia/version; ldconfig -p | grep libcuda.so; find / -name 'libcuda.so.*' 2>/dev/null   # one release everywhere?",
      // On the machine itself that would take its driver away.
      ...(inContainer(match)
        ? [
            "sudo apt-get purge 'libnvidia-compute-*' 'nvidia-driver-*' 'cuda-compat-*'   # inside of the container: the driver comes from the machine",
          ]
        : []),
      "export LD_LIBRARY_PATH=$(echo $LD_LIBRARY_PATH | tr ':' '\\n' | grep -v -E 'compat|stubs' | paste -sd:); sudo ldconfig",
      inContainer(match)
        ? "# the machine itself, after an update of the driver: sudo reboot"
        : "# after an update of the driver: sudo reboot   (its kernel module is still the old one); in a container in place of it: take libnvidia-compute-* and cuda-compat-* out of the image",
    ],
    sources: ["NVIDIA/nvidia-docker#1445", "https://docs.nvidia.com/deploy/cuda-compatibility/"],
    examples: [
      { text: "Error 803: system has unsupported display driver / cuda driver combination", expect: "cuda-compat" },
      {
        text: "E tensorflow/stream_executor/cuda/cuda_diagnostics.cc:313] kernel version 450.66.0 does not match DSO version 450.142.0 -- cannot find working devices in this configuration",
        expect: "cuda-compat",
      },
    ],
  },
  {
    id: "driver-library-not-there",
    title: "A program of Rust finds no CUDA driver",
    on: ["gpu"],
    specificity: 80,
    matches: (finding) => coded(finding, "no-libcuda"),
    confidence: "high",
    cause: () =>
      "cudarc (candle, mistral.rs and others) opens libcuda.so, the library of NVIDIA's driver, and finds none: a container was started without --gpus, so that the driver of the machine is not handed in (no image brings it), the driver is not installed, or its folder is not on the loader's path.",
    fix: () => [
      "# container: the same docker run with --gpus all behind run; the machine has to have the NVIDIA driver and nvidia-container-toolkit",
      "nvidia-smi; ldconfig -p | grep libcuda.so   # is the driver there?",
      "# WSL: export LD_LIBRARY_PATH=/usr/lib/wsl/lib:$LD_LIBRARY_PATH",
    ],
    sources: [
      "EricLBuehler/mistral.rs#596",
      "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/",
    ],
    examples: [
      {
        text: '$ docker run --rm -p 1234:80 ghcr.io/ericlbuehler/mistral.rs:cuda-86-latest\nUnable to dynamically load the "cuda" shared library - searched for library names: ["cuda", "nvcuda"]. Ensure that `LD_LIBRARY_PATH` has the correct path to the installed library.',
        expect: "--gpus all behind run",
      },
    ],
  },
  {
    id: "kernel-on-other-gpu",
    title: "A kernel runs on another GPU than its tensors are on",
    on: ["gpu"],
    specificity: 64,
    matches: (finding, context) =>
      coded(finding, "illegal-access", "resource-handle", "launch-failure") !== undefined &&
      context.log.otherGpu !== undefined
        ? { gpu: context.log.otherGpu }
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `The program runs on \`cuda:${match.facts["gpu"] ?? "1"}\`, and a kernel of the extension is launched on the current GPU, which is 0 unless somebody sets it: it reads addresses of another GPU. The extension's C++ function has no device guard.`,
    fix: (match) => [
      "# in the C++ function, first of all: const at::cuda::OptionalCUDAGuard guard(at::device_of(x));   (#include <c10/cuda/CUDAGuard.h>), and launch on at::cuda::getCurrentCUDAStream()",
      `# without touching the extension: torch.cuda.set_device(${match.facts["gpu"] ?? "1"}) before it is called, or`,
      `${setVariable(match, "CUDA_VISIBLE_DEVICES", match.facts["gpu"] ?? "1")}   # the program then sees that GPU as cuda:0`,
      ...(platformOf(match) === "win32"
        ? []
        : [
            `CUDA_LAUNCH_BLOCKING=1 ${(match.context.log.typedProgram ?? `${python(match)} the_program.py`).replace(/\s+#.*$/, "").replaceAll(/\bcuda:\d+/g, "cuda:0")}   # still fails on cuda:0? then it is an index error in a kernel: compute-sanitizer`,
          ]),
    ],
    sources: ["Tiiiger/QPyTorch#46", "https://docs.pytorch.org/docs/stable/notes/cuda.html"],
    examples: [
      {
        text: "$ python main.py --device cuda:1   # works with cuda:0\nRuntimeError: CUDA error: an illegal memory access was encountered",
        expect: "OptionalCUDAGuard",
      },
      {
        text: 'RuntimeError: Caught RuntimeError in replica 1 on device 1.\nOriginal Traceback (most recent call last):\n  File "/w/a.py", line 3, in forward\n    _ext.sample(x)\nRuntimeError: CUDA error: an illegal memory access was encountered',
        expect: "OptionalCUDAGuard",
      },
    ],
  },
];
