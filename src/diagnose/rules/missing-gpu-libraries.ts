/** Libraries of CUDA and of the NVIDIA driver that the dynamic loader does not find. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { installTorchFor, pip, platformOf, python, rebuild, torchAgain, torchCuda } from "../commands/commands.ts";
import { packageOf } from "../tables/packages.ts";
import type { LogFacts } from "../facts/log-facts.ts";
import type { Finding } from "../finding.ts";
import type { Match, MatchFacts, Rule } from "../rule.ts";
import { missingLibrary } from "../matchers.ts";
import { jetsonLibraryRules } from "./jetson-libraries.ts";

const cudaLibrary =
  /^lib(?<lib>cudart|cublas|cublasLt|cufft|cufftw|curand|cusolver|cusolverMg|cusparse|nvrtc|nvrtc-builtins|nvJitLink|nvToolsExt|npp\w*|nvjpeg|cupti|cufile|nvfatbin|nvptxcompiler)(?:-[0-9a-f]+)?\.so(?:\.(?<major>\d+)(?:\.(?<minor>\d+))?)?/;

function hasNoCuda(build: LogFacts["torchBuild"]): boolean {
  return build === "cpu" || build === "rocm" || build === "xpu";
}

/** Whether the text says that torch is for another major version of CUDA. */
function isOfOther(match: Match, cuda: string | undefined): boolean {
  const there = match.context.log.torchCuda?.split(".")[0];
  return there !== undefined && cuda !== undefined && there !== cuda.split(".")[0];
}

/** Whether the text says that torch is for the same major version, as one that brings no library for others. */
function isOfSame(match: Match, cuda: string | undefined): boolean {
  const { installedTorch, torchCuda: there } = match.context.log;
  const old = /^1\.|^2\.0\./.test(installedTorch ?? "");
  return old && there !== undefined && cuda !== undefined && there.split(".")[0] === cuda.split(".")[0];
}

/** The installation of the text whose wheels are for the CUDA that is missed: the same for the CUDA of torch. */
function fromOtherPage(match: Match, cuda: string | undefined): string | undefined {
  const { installs = [], torchCuda: there } = match.context.log;
  if (cuda === undefined || there === undefined) return undefined;
  const tag = new RegExp(
    String.raw`\bcu${cuda.replace(".", "")}${cuda.includes(".") ? "" : String.raw`\d`}(?!\d)`,
    "g",
  );
  const words = installs.find((each) => each.search(tag) >= 0 && !/(?:^| )torch(?:[=<>~! ]|$)/.test(each));
  return words?.replaceAll(tag, `cu${there.replace(".", "")}`);
}

/** Wheels for a machine without GPU, of packages that have them. */
function cpuWheels(match: Match): string[] {
  const name = packageOf(match) ?? "";
  return /^torch-(?:scatter|sparse|cluster|spline-conv)$|^pyg-lib$/.test(name)
    ? [
        `# a machine without a GPU: the CPU wheels of both: ${pip(match, `install --force-reinstall torch --index-url https://download.pytorch.org/whl/cpu`)} and ${pip(match, `install --force-reinstall --no-deps ${name} -f https://data.pyg.org/whl/torch-<version>+cpu.html`)}`,
      ]
    : [];
}

/** The program of the toolkit that the loader speaks of. */
function partOf(finding: Finding): MatchFacts | undefined {
  const part = /^(?:\S*\/)?(cicc|ptxas|nvlink|fatbinary|cudafe\+\+|nvcc): error while loading shared/.exec(
    finding.text,
  )?.[1];
  return part === undefined ? undefined : { part };
}

/** cuDNN 8, asked for by something else than torch itself: torch brings 9 since 2.4. */
function isOldCudnn(match: Match): boolean {
  return (
    /^cudnn/.test(match.facts["lib"] ?? "") &&
    match.facts["major"] === "8" &&
    platformOf(match) === "linux" &&
    !/lib(?:torch|c10)/.test(match.finding.file ?? "")
  );
}

function oldCudnn(match: Match): string[] {
  const cuda = torchCuda(match)?.split(".")[0] === "11" ? "11" : "12";
  return [
    `${pip(match, `install "nvidia-cudnn-cu${cuda}<9"`)}   # cuDNN 8, which torch brings up to 2.3 only (2.4 and newer: 9); for CUDA ${cuda}`,
    `export LD_LIBRARY_PATH=$(${python(match)} -c "import sysconfig; print(sysconfig.get_paths()['purelib'])")/nvidia/cudnn/lib:$LD_LIBRARY_PATH`,
    "# a torch of 2.4 or newer in that environment wants cuDNN 9 in the same folder: then a newer release of what asks for 8 (faster-whisper with CTranslate2 4.5 and newer take 9), or torch 2.3",
  ];
}

export const missingGpuLibraryRules: readonly Rule[] = [
  {
    id: "cuda-compiler-half-installed",
    title: "A part of nvcc does not find its own library",
    on: ["missing-library", "load"],
    specificity: 95,
    matches: (finding) => partOf(finding),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["part"] ?? "cicc"}\`, which nvcc calls, does not find \`${match.finding.library ?? ""}\` of its own toolkit: the toolkit is there in part (a package of the distribution or of conda without its companions), or programs of one CUDA are called by the nvcc of another.`,
    fix: (match) => {
      const folder = match.context.log.cuda === undefined ? "cuda" : `cuda-${match.context.log.cuda}`;
      return [
        "which -a nvcc cicc; readlink -f $(which nvcc); echo $NVVMIR_LIBRARY_DIR; ls /usr/local/cuda*/nvvm/lib64",
        `export CUDA_HOME=/usr/local/${folder} PATH=/usr/local/${folder}/bin:$PATH   # a whole toolkit, from developer.nvidia.com, with torch's CUDA: nvvm/bin/cicc and nvvm/lib64 lie in it`,
        "sudo apt-get install --reinstall nvidia-cuda-toolkit   # when the distribution's /usr/bin/nvcc is meant; conda: conda install -c nvidia cuda-nvcc of the same version",
      ];
    },
    sources: ["SeanNaren/warp-ctc#152"],
    examples: [
      {
        text: "cicc: error while loading shared libraries: libnvvm.so.3: cannot open shared object file: No such file or directory",
        expect: "of its own toolkit",
      },
    ],
  },
  ...jetsonLibraryRules,
  {
    id: "cuda-library-missing",
    title: "A CUDA library of another version is needed",
    on: ["missing-library"],
    specificity: 75,
    matches: (finding) => missingLibrary(finding, cudaLibrary),
    confidence: "high",
    cause: (match) => {
      const { lib, major, name, who } = match.facts;
      const cuda = cudaOfLibrary(lib ?? "", major, match.facts["minor"]);
      const here = torchCuda(match);
      const torch = match.context.environment?.torch;
      const other =
        torch === undefined
          ? hasNoCuda(match.context.log.torchBuild)
            ? ` The torch that is installed there (${match.context.log.installedTorch ?? match.context.log.torchBuild ?? ""}) has no CUDA at all.`
            : match.context.log.torchCuda === undefined
              ? ""
              : ` The torch that is installed there${match.context.log.installedTorch === undefined ? "" : ` (${match.context.log.installedTorch})`} is for CUDA ${match.context.log.torchCuda}.`
          : (here ?? torch.cudaVersion) === undefined
            ? ` The torch that is installed here (${torch.version}) has no CUDA at all.`
            : ` The torch that is installed here was built with CUDA ${here ?? torch.cudaVersion ?? ""}.`;
      if (isOfSame(match, cuda) && !/lib(?:torch|c10|cu|nv)/.test(match.finding.file ?? ""))
        return `${who ?? ""} needs \`${name ?? ""}\` of CUDA ${cuda ?? ""}. The torch that is installed there (${match.context.log.installedTorch ?? ""}) is for that CUDA, too, but brings the library inside its own or not at all, and no toolkit's is on the loader's path: a slim image, or a toolkit of another version.`;
      const from = /lib(?:torch|c10|cu|nv)/.test(match.finding.file ?? "")
        ? "torch's own CUDA packages are incomplete or of another CUDA version"
        : "it was built for another CUDA version than the one that is installed, or that CUDA's libraries are not found";
      return `${who ?? ""} needs \`${name ?? ""}\`${cuda === undefined ? "" : ` of CUDA ${cuda}`}, which is not there: ${from}.${other}`;
    },
    fix: (match) => {
      const cuda = cudaOfLibrary(match.facts["lib"] ?? "", match.facts["major"], match.facts["minor"]);
      if (/lib(?:torch|c10|cu|nv)/.test(match.finding.file ?? "")) return [torchAgain(match), ...rebuild(match)];
      if (isOfSame(match, cuda)) {
        const version = match.context.log.torchCuda ?? "";
        return [
          ...fromPip(match, match.facts["lib"] ?? "", cuda?.split(".")[0] ?? match.facts["major"]),
          `export LD_LIBRARY_PATH=/usr/local/cuda-${version}/lib64:$LD_LIBRARY_PATH   # where that toolkit (or its runtime packages) is installed; an image: nvidia/cuda:${version}.*-runtime-*`,
          ...cpuWheels(match),
        ];
      }
      const other = isOfOther(match, cuda) ? fromOtherPage(match, cuda) : undefined;
      if (other !== undefined)
        return [
          pip(match, `install --force-reinstall --no-cache-dir --no-deps ${other}`),
          `# the text's own command, with torch's CUDA (${match.context.log.torchCuda ?? ""}) in place of ${cuda ?? ""}: its wheels bear the CUDA in their address or version`,
          "# where it has none for that torch: build it from its sources, with --no-build-isolation",
        ];
      return [
        ...(match.context.log.torchBuild === "cpu" && cuda !== undefined
          ? [
              `# a torch with CUDA ${cuda}, of the same release, from https://download.pytorch.org/whl/ (its packages bring the library), or the package without CUDA:`,
              installTorchFor(match, cuda === "11" ? "11.8" : cuda === "12" ? "12.6" : cuda === "13" ? "13.0" : cuda),
            ]
          : []),
        ...(isOfOther(match, cuda)
          ? /^spconv/.test(packageOf(match) ?? "")
            ? [
                `${pip(match, "uninstall -y spconv spconv-cu102 spconv-cu111 spconv-cu113 spconv-cu114 spconv-cu116 spconv-cu117 cumm")}; ${pip(match, `install spconv-cu${(match.context.log.torchCuda ?? "").replace(".", "")}`)}   # its wheels bear the CUDA in their name; the nearest one below when there is none`,
                "# or from source:",
              ]
            : packageOf(match) === "dgl"
              ? []
              : rebuild(match)[0]?.includes("   # with what it depends on") === true
                ? ["# the package with the torch that it was built for, whose packages bring that library:"]
                : [
                    `# build the extension again for the torch and CUDA that are installed, with nvcc of ${match.context.log.torchCuda === undefined ? "that CUDA" : `CUDA ${match.context.log.torchCuda}`}:`,
                  ]
          : [
              `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"   # which CUDA does torch have?`,
              "# of another major version: build the extension again for the torch and CUDA that are installed:",
            ]),
        ...rebuild(match),
        ...(cuda === undefined || (packageOf(match) === "dgl" && isOfOther(match, cuda))
          ? []
          : [
              `# or install a torch for CUDA ${cuda}, whose packages bring that library; or a wheel of the extension for your CUDA`,
            ]),
        // A library of another CUDA beside torch's is not what the extension was built with: torch itself is another one.
        ...(isOfOther(match, cuda)
          ? []
          : fromPip(match, match.facts["lib"] ?? "", cuda?.split(".")[0] ?? match.facts["major"])),
        ...cpuWheels(match),
      ];
    },
    sources: ["rusty1s/tsne-cuda#126", "rusty1s/pytorch_sparse#304", "pytorch/pytorch#110074", "MzeroMiko/VMamba#12"],
    examples: [
      {
        text: "$ docker run --gpus all --rm -it acme/serve:cu13 vllm serve /m/q -tp 2\nWARNING 05-14 09:22:19 [_custom_ops.py:21] Failed to import from vllm._C with ImportError('libcudart.so.12: cannot open shared object file: No such file or directory')\nAttributeError: '_OpNamespace' '_C' object has no attribute 'rms_norm'\n$ docker run --rm acme/serve:cu13 pip list\ntorch                    2.9.0+cu130\nvllm                     0.10.0",
        expect: "docker build -t acme/serve:mended -",
      },
      {
        text: "torch 2.5.1+cpu\nImportError: libcudart.so.12: cannot open shared object file: No such file or directory",
        expect: "(2.5.1+cpu) has no CUDA at all",
      },
      {
        text: "torch                    2.9.0+cu130\nImportError: libcudart.so.12: cannot open shared object file: No such file or directory",
        expect: "(2.9.0+cu130) is for CUDA 13.0",
      },
      {
        text: '$ python -c "import torch; print(torch.__version__); import mamba_ssm"\n2.2.0+cu118\nTraceback (most recent call last):\n  File "/e/lib/python3.11/site-packages/mamba_ssm/ops/selective_scan_interface.py", line 9, in <module>\n    from causal_conv1d import causal_conv1d_fn\n  File "/e/lib/python3.11/site-packages/causal_conv1d/causal_conv1d_interface.py", line 7, in <module>\n    import causal_conv1d_cuda\nImportError: libcudart.so.12: cannot open shared object file: No such file or directory',
        expect: "CAUSAL_CONV1D_FORCE_BUILD=TRUE",
      },
      {
        text: 'torch 2.2.0+cu118\nTraceback (most recent call last):\n  File "/w/train.py", line 3, in <module>\n    import mamba_ssm\n  File "/e/lib/python3.11/site-packages/mamba_ssm/ops/selective_scan_interface.py", line 9, in <module>\n    from causal_conv1d import causal_conv1d_fn\n  File "/e/lib/python3.11/site-packages/causal_conv1d/causal_conv1d_interface.py", line 7, in <module>\n    import causal_conv1d_cuda\nImportError: libcudart.so.12: cannot open shared object file: No such file or directory',
        expect: "--no-binary mamba-ssm mamba-ssm",
      },
      {
        text: 'pytorch is 1.11.0 (py3.9_cuda11.3_cudnn8.2.0_0), dgl is dgl-cuda11.3.\n  File "/home/h/miniconda3/envs/dgl/lib/python3.9/site-packages/dgl/_ffi/base.py", line 34, in _load_lib\n    lib = ctypes.CDLL(lib_path[0])\n  File "/home/h/miniconda3/envs/dgl/lib/python3.9/ctypes/__init__.py", line 374, in __init__\n    self._handle = _dlopen(self._name, mode)\nOSError: libcudart.so.10.2: cannot open shared object file: No such file or directory',
        expect: "conda install -y -c dglteam dgl-cuda11.3",
      },
      {
        text: "ImportError: libcudart.so.11.0: cannot open shared object file: No such file or directory",
        expect: "CUDA 11",
      },
      {
        text: "!pip install mmcv-full==1.3.13 -f https://download.openmmlab.com/mmcv/dist/cu102/torch1.9.0/index.html\n!pip install -e .\n- torch version: 1.9.0+cu111\nImportError: libcudart.so.10.2: cannot open shared object file: No such file or directory",
        expect:
          "pip install --force-reinstall --no-cache-dir --no-deps mmcv-full==1.3.13 -f https://download.openmmlab.com/mmcv/dist/cu111/torch1.9.0/index.html",
      },
      {
        text: "OSError: libcublas.so.12: cannot open shared object file: No such file or directory",
        expect: "CUDA 12",
      },
      {
        text: "ImportError: libnvToolsExt.so.1: cannot open shared object file: No such file or directory",
        expect: "libnvToolsExt",
      },
    ],
  },
  {
    id: "nvidia-package-missing",
    title: "A library that pip's nvidia packages bring is missing",
    on: ["missing-library"],
    specificity: 74,
    matches: (finding) =>
      missingLibrary(
        finding,
        /^lib(?<lib>cudnn\w*|nccl|cusparseLt|nvshmem_host|cutensor|cudss)\.so(?:\.(?<major>\d+))?/,
      ),
    confidence: "high",
    cause: (match) =>
      `${(match.facts["who"] ?? "").includes(match.facts["name"] ?? " ") ? "The program" : (match.facts["who"] ?? "")} needs \`${match.facts["name"] ?? ""}\`, which torch's wheels bring as a package of their own: it is not installed, in another major version, or not on the library path.`,
    fix: (match) => [
      ...(isOldCudnn(match)
        ? oldCudnn(match)
        : (installed(match, match.facts["lib"] ?? "") ?? [
            `${torchAgain(match)}   # brings the nvidia packages that fit`,
            ...fromPip(match, match.facts["lib"] ?? "", undefined),
          ])),
      "# an extension that asks for another major version has to be rebuilt:",
      ...rebuild(match),
    ],
    sources: ["pytorch/pytorch#88882"],
    examples: [
      {
        text: "ImportError: libcudnn.so.8: cannot open shared object file: No such file or directory",
        expect: '"nvidia-cudnn-cu12<9"',
      },
      {
        text: "nvidia-cudnn-cu12        9.7.1.26\nOSError: libcudnn_adv.so.9: cannot open shared object file: No such file or directory",
        expect: "nvidia/cudnn/lib:$LD_LIBRARY_PATH   # nvidia-cudnn-cu12 is installed",
      },
      {
        text: "ImportError: libnccl.so.2: cannot open shared object file: No such file or directory",
        expect: "print('torch==' + t",
      },
    ],
  },
  {
    id: "nvidia-driver-library-missing",
    title: "The NVIDIA driver's library is not there",
    on: ["missing-library"],
    specificity: 78,
    matches: (finding) => missingLibrary(finding, /^lib(?<lib>cuda|nvidia-ml|nvidia-ptxjitcompiler|nvcuvid)\.so/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` comes with the NVIDIA driver, not with the toolkit or pip: this machine or container has no driver (a container was started without --gpus all, WSL's folder is not on the path), or it is not on the loader's path.`,
    fix: (match) =>
      match.context.log.feedstock
        ? [
            "# the recipe: the machine that builds and tests has no driver, so that nothing that is linked with libcuda can be imported there. In its tests, in place of the import:",
            `#     python -c "import importlib.util; assert importlib.util.find_spec('<the package>') is not None"`,
            '# and libcuda is no dependency to be found: rattler-build: build: dynamic_linking: missing_dso_allowlist: ["*/libcuda.so*"]; conda-build: build: missing_dso_whitelist: ["*/libcuda.so*"]',
            "# to be linked against the stub: requirements, host: cuda-driver-dev; without -lcuda in setup.py nothing asks for it where only the run time is used",
          ]
        : [
            "nvidia-smi",
            "# container: docker run --gpus all … (NVIDIA Container Toolkit); in an image build no driver is there: link -lcuda from <cuda>/lib64/stubs, import only when running",
            ...(match.context.log.wsl ? ["export LD_LIBRARY_PATH=/usr/lib/wsl/lib:$LD_LIBRARY_PATH"] : []),
          ],
    sources: ["https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/"],
    examples: [
      {
        text: "ImportError: libcuda.so.1: cannot open shared object file: No such file or directory",
        expect: "--gpus all",
      },
    ],
  },
];

/** CUDA's major version, from the version in a library's name. */
function cudaOfLibrary(library: string, major: string | undefined, minor: string | undefined): string | undefined {
  // NVTX has had the number 1 since its first release.
  if (major === undefined || library === "nvToolsExt" || Number(major) < 5) return undefined;
  if (
    library === "cudart" ||
    library.startsWith("cublas") ||
    library.startsWith("npp") ||
    library === "nvrtc" ||
    library === "nvJitLink" ||
    library.startsWith("nvrtc")
  ) {
    return minor !== undefined && minor !== "0" ? `${major}.${minor}` : major;
  }
  // cuFFT 10 and 11, cuSOLVER 11 and cuSPARSE 11/12 do not follow CUDA's number closely enough.
  if (library === "cusparse") return major;
  return compareVersions(parseVersion(major), [10]) < 0 ? major : undefined;
}

/** The packages of pip that bring CUDA's libraries, and the folder below `nvidia` where their wheels for CUDA 12 put them. */
const nvidiaPackages: Readonly<Record<string, readonly [name: string, folder: string]>> = {
  cudart: ["cuda-runtime", "cuda_runtime"],
  cublas: ["cublas", "cublas"],
  cublasLt: ["cublas", "cublas"],
  cufft: ["cufft", "cufft"],
  curand: ["curand", "curand"],
  cusolver: ["cusolver", "cusolver"],
  cusparse: ["cusparse", "cusparse"],
  cusparseLt: ["cusparselt", "cusparselt"],
  nvrtc: ["cuda-nvrtc", "cuda_nvrtc"],
  nvJitLink: ["nvjitlink", "nvjitlink"],
  nvToolsExt: ["nvtx", "nvtx"],
  cupti: ["cuda-cupti", "cuda_cupti"],
  cufile: ["cufile", "cufile"],
  nccl: ["nccl", "nccl"],
  nvshmem_host: ["nvshmem", "nvshmem"],
};

/** Where pip has a library of CUDA, as commands; `import torch` first is often enough, because torch loads them. */
/** The package with the library is on the text's list: only the loader does not find it. */
function installed(match: Match, library: string): string[] | undefined {
  const [name, folder] = nvidiaPackages[library] ?? (library.startsWith("cudnn") ? (["cudnn", "cudnn"] as const) : []);
  const there = Object.keys(match.context.log.versions).find((key) => key.startsWith(`nvidia-${name ?? "?"}-cu`));
  if (there === undefined || folder === undefined || platformOf(match) !== "linux") return undefined;
  return [
    `export LD_LIBRARY_PATH=$(${python(match)} -c "import sysconfig; print(sysconfig.get_paths()['purelib'])")/nvidia/${folder}/lib:$LD_LIBRARY_PATH   # ${there} is installed, its folder is not on the loader's path`,
    "# or in the program: import torch first, which loads it",
  ];
}

function fromPip(match: Match, library: string, major: string | undefined): string[] {
  const known = nvidiaPackages[library] ?? (library.startsWith("cudnn") ? (["cudnn", "cudnn"] as const) : undefined);
  if (known === undefined || platformOf(match) !== "linux") return [];
  const [name, folder] = known;
  const cuda = (library === "nvToolsExt" ? undefined : major) ?? torchCuda(match)?.split(".")[0] ?? "12";
  if (Number(cuda) < 11) return [];
  // From CUDA 13 on the names have no suffix, and the libraries share one folder.
  const wheel = `nvidia-${name}${Number(cuda) >= 13 && !/^(?:cudnn|nccl|cusparselt|nvshmem)$/.test(name) ? "" : `-cu${cuda}`}`;
  const where = Number(cuda) >= 13 && wheel === `nvidia-${name}` ? "cu13" : folder;
  return [
    `# import torch before the module: it loads the ${cuda === "12" ? "nvidia packages" : "libraries"} that it needs itself; otherwise put the package's folder on the path:`,
    `${pip(match, `install ${wheel}`)} && export LD_LIBRARY_PATH=$(${python(match)} -c "import sysconfig; print(sysconfig.get_paths()['purelib'])")/nvidia/${where}/lib:$LD_LIBRARY_PATH`,
  ];
}
