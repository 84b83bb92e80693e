/** Libraries that the dynamic loader does not find. */
import { own } from "../../base/own.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import {
  installTorchFor,
  pip,
  platformOf,
  python,
  rebuild,
  removeFolder,
  systemPackage,
  torchCuda,
} from "../commands.ts";
import { baseName } from "../parsers/parser.ts";
import type { LogFacts } from "../log-facts.ts";
import type { Match, Rule } from "../rule.ts";
import { missingLibrary } from "../matchers.ts";

const cudaLibrary =
  /^lib(?<lib>cudart|cublas|cublasLt|cufft|cufftw|curand|cusolver|cusolverMg|cusparse|nvrtc|nvrtc-builtins|nvJitLink|nvToolsExt|npp\w*|nvjpeg|cupti|cufile|nvfatbin|nvptxcompiler)(?:-[0-9a-f]+)?\.so(?:\.(?<major>\d+)(?:\.(?<minor>\d+))?)?/;
const systemLibraries: Readonly<Record<string, string>> = {
  "libGL.so.1": "libgl1",
  "libgthread-2.0.so.0": "libglib2.0-0",
  "libglib-2.0.so.0": "libglib2.0-0",
  "libSM.so.6": "libsm6",
  "libXext.so.6": "libxext6",
  "libXrender.so.1": "libxrender1",
  "libgomp.so.1": "libgomp1",
  "libopenblas.so.0": "libopenblas0",
  "libnuma.so.1": "libnuma1",
  "libibverbs.so.1": "libibverbs1",
  "librdmacm.so.1": "librdmacm1",
  "libmpi.so.40": "libopenmpi3",
  "libsndfile.so.1": "libsndfile1",
  "libEGL.so.1": "libegl1",
  "libaio.so.1": "libaio1",
  "libatomic.so.1": "libatomic1",
  "libstdc++.so.6": "libstdc++6",
  "libgcc_s.so.1": "libgcc-s1",
  "libgfortran.so.5": "libgfortran5",
  "libquadmath.so.0": "libquadmath0",
  "libtinfo.so.5": "libtinfo5",
  "libjpeg.so.8": "libjpeg-turbo8",
  "libffi.so.7": "libffi7",
  "libssl.so.1.1": "libssl1.1",
  "libcrypt.so.1": "libcrypt1",
  "libX11.so.6": "libx11-6",
  "libxcb.so.1": "libxcb1",
  "libOpenCL.so.1": "ocl-icd-libopencl1",
  "libblas.so.3": "libblas3",
  "libcblas.so.3": "libatlas3-base",
  "libf77blas.so.3": "libatlas3-base",
  "liblapack.so.3": "liblapack3",
  "libpng16.so.16": "libpng16-16",
  "libz.so.1": "zlib1g",
  "libbz2.so.1.0": "libbz2-1.0",
  "liblzma.so.5": "liblzma5",
  "libsqlite3.so.0": "libsqlite3-0",
  "libnsl.so.1": "libnsl2",
  "libsox.so": "libsox-dev",
  "libsox.so.3": "libsox3",
  "libtbb.so.2": "libtbb2",
  "libtbb.so.12": "libtbb12",
  "libhwloc.so.15": "libhwloc15",
  "libhdf5_serial.so.103": "libhdf5-103-1",
  "libgflags.so.2.2": "libgflags2.2",
  "libglog.so.0": "libglog0v5",
  "libncurses.so.6": "libncurses6",
  "libuv.so.1": "libuv1",
};

function hasNoCuda(build: LogFacts["torchBuild"]): boolean {
  return build === "cpu" || build === "rocm" || build === "xpu";
}

export const missingLibraryRules: readonly Rule[] = [
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
            : ""
          : here === undefined
            ? ` The torch that is installed here (${torch.version}) has no CUDA at all.`
            : ` The torch that is installed here was built with CUDA ${here}.`;
      const from = /lib(?:torch|c10|cu|nv)/.test(match.finding.file ?? "")
        ? "torch's own CUDA packages are incomplete or of another CUDA version"
        : "it was built for another CUDA version than the one that is installed, or that CUDA's libraries are not found";
      return `${who ?? ""} needs \`${name ?? ""}\`${cuda === undefined ? "" : ` of CUDA ${cuda}`}, which is not there: ${from}.${other}`;
    },
    fix: (match) => {
      const cuda = cudaOfLibrary(match.facts["lib"] ?? "", match.facts["major"], match.facts["minor"]);
      if (/lib(?:torch|c10|cu|nv)/.test(match.finding.file ?? ""))
        return [pip(match, "install --force-reinstall torch"), ...rebuild(match)];
      return [
        ...(match.context.log.torchBuild === "cpu" && cuda !== undefined
          ? [
              `# a torch with CUDA ${cuda}, of the same release, from https://download.pytorch.org/whl/ (its packages bring the library), or the package without CUDA:`,
              installTorchFor(match, cuda === "11" ? "11.8" : cuda === "12" ? "12.6" : cuda === "13" ? "13.0" : cuda),
            ]
          : []),
        `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"   # which CUDA does torch have?`,
        "# of another major version: build the extension again for the torch and CUDA that are installed:",
        ...rebuild(match),
        ...(cuda === undefined
          ? []
          : [
              `# or install a torch for CUDA ${cuda}, whose packages bring that library; or a wheel of the extension for your CUDA`,
            ]),
        ...fromPip(match, match.facts["lib"] ?? "", cuda?.split(".")[0] ?? match.facts["major"]),
      ];
    },
    sources: ["rusty1s/tsne-cuda#126", "pytorch/pytorch#110074"],
    examples: [
      {
        text: "torch 2.5.1+cpu\nImportError: libcudart.so.12: cannot open shared object file: No such file or directory",
        expect: "(2.5.1+cpu) has no CUDA at all",
      },
      {
        text: "ImportError: libcudart.so.11.0: cannot open shared object file: No such file or directory",
        expect: "CUDA 11",
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
      `${match.facts["who"] ?? ""} needs \`${match.facts["name"] ?? ""}\`, which torch's wheels bring as a package of their own: it is not installed, in another major version, or not on the library path.`,
    fix: (match) => [
      pip(match, "install --force-reinstall torch   # brings the nvidia packages that fit"),
      ...fromPip(match, match.facts["lib"] ?? "", undefined),
      "# an extension that asks for another major version has to be rebuilt:",
      ...rebuild(match),
    ],
    sources: ["pytorch/pytorch#88882"],
    examples: [
      {
        text: "ImportError: libcudnn.so.8: cannot open shared object file: No such file or directory",
        expect: "--force-reinstall torch",
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
    fix: (match) => [
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
  {
    id: "extension-file-missing",
    title: "The built extension is not where it should be: its build failed earlier",
    on: ["missing-library"],
    role: "symptom",
    specificity: 77,
    matches: (finding) => {
      const library = finding.library ?? "";
      if (finding.phase !== "load" || !/[\\/]/.test(library) || /^@/.test(library)) return undefined;
      if (
        !/torch_extensions|\.cpython-|\.abi3\.|\.pyd$|[\\/][\w-]+\.so$/.test(library) ||
        /[\\/]lib(?:c10|torch|cu)\w*\.so/.test(library)
      )
        return undefined;
      return { library, jit: /torch_extensions/.test(library) ? library.replace(/[\\/][^\\/]+$/, "") : undefined };
    },
    confidence: (match) => (match.facts["jit"] === undefined ? "medium" : "high"),
    cause: (match) =>
      match.facts["jit"] === undefined
        ? `\`${match.facts["library"] ?? ""}\` does not exist: it was not built, or for another Python or place.`
        : `\`${match.facts["library"] ?? ""}\` was never made: the JIT build of the extension failed earlier (the first error, or the log of the first rank, says why), another process that held the lock failed, or ninja was replaced by \`ninja --version\` in cpp_extension.py.`,
    fix: (match) =>
      match.facts["jit"] === undefined
        ? rebuild(match)
        : [
            removeFolder(match, match.facts["jit"]),
            "# undo any edit that turned ['ninja', '-v'] into ['ninja', '--version']",
            "# run it once in one process and read the first error; then start all ranks",
          ],
    sources: ["OptimalScale/LMFlow#117", "XingangPan/DragGAN#9", "pytorch/pytorch#96589", "pytorch/pytorch#125403"],
    examples: [
      {
        text: "ImportError: /root/.cache/torch_extensions/py310_cu117/fused/fused.so: cannot open shared object file: No such file or directory",
        expect: "rm -rf",
      },
    ],
  },
  {
    id: "libpython-missing",
    title: "The shared library of another Python is needed",
    on: ["missing-library"],
    specificity: 75,
    matches: (finding) => missingLibrary(finding, /^libpython(?<version>\d\.\d+)(?<flags>[a-z]*)\.(?:so|dylib)/),
    confidence: "high",
    cause: (match) =>
      `${match.facts["who"] ?? "The file"} was linked to libpython${match.facts["version"] ?? ""}, which is not on the loader's path: it was built for Python ${match.facts["version"] ?? ""}, or that Python's lib folder is not searched.`,
    fix: (match) => [
      ...rebuild(match),
      `# or, for the same Python: export LD_LIBRARY_PATH=$(${python(match)} -c "import sysconfig; print(sysconfig.get_config_var('LIBDIR'))"):$LD_LIBRARY_PATH`,
      ...systemPackage(match, {
        apt: `libpython${match.facts["version"] ?? "3"}`,
        dnf: "python3-libs",
        conda: `python=${match.facts["version"] ?? "3"}`,
      }),
    ],
    sources: ["Skylark0924/Rofunc#35"],
    examples: [
      {
        text: "ImportError: libpython3.8.so.1.0: cannot open shared object file: No such file or directory",
        expect: "Python 3.8",
      },
    ],
  },
  {
    id: "openmp-library-missing",
    title: "The OpenMP run time is not there",
    on: ["missing-library"],
    specificity: 74,
    matches: (finding) => missingLibrary(finding, /^lib(?<lib>omp|iomp5|gomp)(?:-[0-9a-f]+)?\.(?:so|dylib)/),
    confidence: "high",
    cause: (match) =>
      `${match.facts["who"] ?? ""} needs the OpenMP run time \`${match.facts["name"] ?? ""}\`, which is not installed, or not where the file looks for it.`,
    fix: (match) =>
      systemPackage(match, {
        apt: match.facts["lib"] === "gomp" ? "libgomp1" : "libomp5",
        dnf: "libgomp",
        brew: "libomp",
        conda: "llvm-openmp",
      }),
    sources: ["pytorch/pytorch#20030"],
    examples: [
      {
        text: "ImportError: dlopen(/p/_C.cpython-311-darwin.so, 0x0002): Library not loaded: @rpath/libomp.dylib\n  Referenced from: <A1B2> /p/_C.cpython-311-darwin.so\n  Reason: tried: '/opt/homebrew/lib/libomp.dylib' (no such file)",
        expect: "brew install libomp",
      },
    ],
  },
  {
    id: "wrong-libc",
    title: "Built for glibc, run on musl (Alpine)",
    on: ["missing-library", "undefined-symbol"],
    specificity: 79,
    matches: (finding) => {
      // What is torch's own is missing for other reasons, on musl, too.
      if (/^_ZN?K?(?:2at|3c10|5torch)/.test(finding.symbol ?? "") || /^lib(?:c10|torch)/.test(finding.library ?? ""))
        return undefined;
      if (/Error loading shared library|Error relocating/.test(finding.message))
        return { what: finding.library ?? finding.symbol ?? "" };
      return missingLibrary(finding, /^ld-linux-\S+\.so|^ld-musl/) === undefined
        ? undefined
        : { what: finding.library ?? "" };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["what"] ?? ""}\`: the loader is musl's (Alpine Linux), and the file was built for glibc. PyTorch's wheels and what is built with them need glibc.`,
    fix: () => ["# use an image with glibc: FROM python:3.12-slim instead of python:3.12-alpine"],
    sources: ["https://peps.python.org/pep-0656/"],
    examples: [
      {
        text: "ImportError: Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by /usr/lib/python3.11/site-packages/torch/lib/libtorch_global_deps.so)",
        expect: "Alpine",
      },
    ],
  },
  {
    id: "system-library-missing",
    title: "A system library is not installed",
    on: ["missing-library"],
    specificity: 66,
    matches: (finding) => {
      if (finding.phase !== "load") return undefined;
      const name = baseName(finding.library ?? "");
      const apt = own(systemLibraries, name);
      return apt === undefined ? undefined : { name, apt };
    },
    // torchvision says so in passing, and works without its image module.
    confidence: (match) => (/Failed to load image Python extension/.test(match.finding.text) ? "low" : "high"),
    cause: (match) => `\`${match.facts["name"] ?? ""}\` is a library of the system, and it is not installed.`,
    fix: (match) => systemPackage(match, { apt: match.facts["apt"] ?? "" }),
    sources: ["https://packages.debian.org/"],
    examples: [
      { text: "ImportError: libGL.so.1: cannot open shared object file: No such file or directory", expect: "libgl1" },
    ],
  },
  {
    id: "library-missing-at-load",
    title: "A shared library is not found when the module is loaded",
    on: ["missing-library"],
    specificity: 30,
    matches: (finding) => missingLibrary(finding, /^(?<lib>.+)$/),
    // torchvision warns of it and goes on.
    confidence: (match) => (/Failed to load image Python extension/.test(match.finding.text) ? "low" : "medium"),
    cause: (match) =>
      `${match.facts["who"] ?? ""} needs \`${match.facts["name"] ?? ""}\`, and the loader finds it nowhere: it is not installed, in another version, or its folder is on no search path (rpath, LD_LIBRARY_PATH).`,
    fix: (match) => [
      ...(platformOf(match) === "linux"
        ? [
            `find / -name '${match.facts["name"] ?? ""}*' 2>/dev/null`,
            '# export LD_LIBRARY_PATH=<its folder>:$LD_LIBRARY_PATH, or link with runtime-library-dirs = ["<its folder>"]',
          ]
        : [`# install the package that brings ${match.facts["name"] ?? ""}`]),
      ...(match.finding.file === undefined ? [] : rebuild(match)),
    ],
    sources: ["https://man7.org/linux/man-pages/man8/ld.so.8.html"],
    examples: [
      {
        text: "ImportError: libopenvdb.so.9.1: cannot open shared object file: No such file or directory",
        expect: "libopenvdb",
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
