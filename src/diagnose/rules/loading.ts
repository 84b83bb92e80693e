/** What dynamic loaders say when a module does not load: libraries, versions, architectures, init functions. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import {
  installTorchFor,
  packageOf,
  pip,
  platformOf,
  python,
  pythonVersion,
  rebuild,
  removeFolder,
  systemPackage,
  torchCuda,
} from "../commands.ts";
import type { Finding } from "../finding.ts";
import { baseName } from "../parsers/parser.ts";
import { coded, type MatchFacts, type Rule } from "../rule.ts";
import { distributionWithGlibc, gccOfSymbolVersion } from "../version-facts.ts";

function missing(finding: Finding, pattern: RegExp): MatchFacts | undefined {
  if (finding.phase !== "load" || finding.library === undefined) return undefined;
  const match = pattern.exec(baseName(finding.library));
  if (match === null) return undefined;
  return {
    ...match.groups,
    name: baseName(finding.library),
    who: finding.file === undefined ? "the extension" : `\`${baseName(finding.file)}\``,
  };
}

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
};

export const loadingRules: readonly Rule[] = [
  {
    id: "cuda-library-missing",
    title: "A CUDA library of another version is needed",
    on: ["missing-library"],
    specificity: 75,
    matches: (finding) => missing(finding, cudaLibrary),
    confidence: "high",
    cause: (match) => {
      const { lib, major, name, who } = match.facts;
      const cuda = cudaOfLibrary(lib ?? "", major, match.facts["minor"]);
      const here = torchCuda(match);
      const torch = match.context.environment?.torch;
      const other =
        torch === undefined
          ? ""
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
        "# build the extension again for the torch and CUDA that are installed:",
        ...rebuild(match),
        ...(cuda === undefined
          ? []
          : [
              `# or install a torch for CUDA ${cuda}, whose packages bring that library; or a wheel of the extension for your CUDA`,
            ]),
      ];
    },
    sources: ["rusty1s/tsne-cuda#126", "pytorch/pytorch#110074"],
    examples: [
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
      missing(finding, /^lib(?<lib>cudnn\w*|nccl|cusparseLt|nvshmem_host|cutensor|cudss)\.so(?:\.(?<major>\d+))?/),
    confidence: "high",
    cause: (match) =>
      `${match.facts["who"] ?? ""} needs \`${match.facts["name"] ?? ""}\`, which torch's wheels bring as a package of their own: it is not installed, in another major version, or not on the library path.`,
    fix: (match) => [
      pip(match, "install --force-reinstall torch   # brings the nvidia packages that fit"),
      "# an extension that asks for another major version has to be rebuilt:",
      ...rebuild(match),
    ],
    sources: ["pytorch/pytorch#99781"],
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
    matches: (finding) => missing(finding, /^lib(?<lib>cuda|nvidia-ml|nvidia-ptxjitcompiler|nvcuvid)\.so/),
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
    id: "torch-gpu-library-missing",
    title: "The extension needs a GPU build of torch",
    on: ["missing-library"],
    specificity: 76,
    matches: (finding) =>
      missing(
        finding,
        /^lib(?<lib>c10_cuda|torch_cuda|c10_hip|torch_hip|c10_xpu|torch_xpu|torch_cuda_linalg)\.(?:so|dylib)/,
      ),
    confidence: (match) => (match.context.environment?.torch === undefined ? "medium" : "high"),
    cause: (match) => {
      const torch = match.context.environment?.torch;
      const lib = match.facts["lib"] ?? "";
      const has = torch?.libraries.includes(lib) === true;
      if (has)
        return `\`${match.facts["name"] ?? ""}\` is part of the torch that is installed here (${torch?.version ?? ""}), but it was not loaded: import torch before the extension (extensions carry no path to torch's libraries).`;
      const what = /hip/.test(lib) ? "a ROCm build" : /xpu/.test(lib) ? "an XPU build" : "a CUDA build";
      return `${match.facts["who"] ?? ""} was built for ${what} of torch: \`${match.facts["name"] ?? ""}\` exists only there. ${torch === undefined ? "The installed torch is a CPU-only build (or torch was not imported first)." : `The torch that is installed here is ${torch.version}.`}`;
    },
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda, torch.version.hip)"`,
      installTorchFor(match, match.context.log.torchCuda ?? match.context.log.cuda ?? "130"),
      "# or build the extension again for the torch that is installed:",
      ...rebuild(match),
    ],
    sources: ["pytorch/pytorch#110074"],
    examples: [
      {
        text: "ImportError: libc10_cuda.so: cannot open shared object file: No such file or directory",
        expect: "CPU-only",
      },
    ],
  },
  {
    id: "torch-split-library-missing",
    title: "Built for torch 1.8 to 1.12, whose libraries were split",
    on: ["missing-library"],
    specificity: 80,
    matches: (finding) => missing(finding, /^libtorch_cuda_(?:cu|cpp)\.so/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` existed only in some builds of torch up to 1.12: ${match.facts["who"] ?? ""} was built for such an old torch and not for the installed one.`,
    fix: (match) => rebuild(match),
    sources: ["YuliangXiu/ECON#114"],
    examples: [
      {
        text: "ImportError: libtorch_cuda_cu.so: cannot open shared object file: No such file or directory",
        expect: "1.12",
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
    matches: (finding) => missing(finding, /^libpython(?<version>\d\.\d+)(?<flags>[a-z]*)\.(?:so|dylib)/),
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
    sources: ["isaac-sim/IsaacGymEnvs#8"],
    examples: [
      {
        text: "ImportError: libpython3.8.so.1.0: cannot open shared object file: No such file or directory",
        expect: "Python 3.8",
      },
    ],
  },
  {
    id: "rocm-library-missing",
    title: "A ROCm library is not there",
    on: ["missing-library"],
    specificity: 74,
    matches: (finding) =>
      missing(finding, /^lib(?<lib>amdhip64|hip\w+|roc\w+|MIOpen|rccl|hsa-runtime64|amd_comgr|hiprtc)\.so/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of ROCm: ${match.facts["who"] ?? ""} was built for ROCm, in that version, and it is not installed here or not on the loader's path.`,
    fix: (match) => [
      "export LD_LIBRARY_PATH=/opt/rocm/lib:$LD_LIBRARY_PATH   # when ROCm is installed",
      ...rebuild(match),
    ],
    sources: ["ROCm/legacy-rocm-build#1530"],
    examples: [
      {
        text: "ImportError: libamdhip64.so.6: cannot open shared object file: No such file or directory",
        expect: "ROCm",
      },
    ],
  },
  {
    id: "sycl-library-missing",
    title: "A library of oneAPI is not there",
    on: ["missing-library"],
    specificity: 74,
    matches: (finding) =>
      missing(finding, /^lib(?<lib>sycl|ur_loader|ze_loader|pi_level_zero|imf|svml|irng|intlc|mkl_\w+|ccl|OpenCL)\.so/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of Intel oneAPI: its run time is not installed in this environment, in that version, or setvars.sh was not sourced.`,
    fix: (match) => [
      "source /opt/intel/oneapi/setvars.sh",
      pip(match, "install --force-reinstall torch --index-url https://download.pytorch.org/whl/xpu"),
      ...rebuild(match),
    ],
    sources: ["https://docs.pytorch.org/docs/stable/notes/get_start_xpu.html"],
    examples: [
      { text: "OSError: libsycl.so.8: cannot open shared object file: No such file or directory", expect: "oneAPI" },
    ],
  },
  {
    id: "openmp-library-missing",
    title: "The OpenMP run time is not there",
    on: ["missing-library"],
    specificity: 74,
    matches: (finding) => missing(finding, /^lib(?<lib>omp|iomp5|gomp)(?:-[0-9a-f]+)?\.(?:so|dylib)/),
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
      if (/Error loading shared library|Error relocating/.test(finding.message))
        return { what: finding.library ?? finding.symbol ?? "" };
      return missing(finding, /^ld-linux-\S+\.so|^ld-musl/) === undefined ? undefined : { what: finding.library ?? "" };
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
      const apt = systemLibraries[name];
      return apt === undefined ? undefined : { name, apt };
    },
    confidence: "high",
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
    matches: (finding) => missing(finding, /^(?<lib>.+)$/),
    confidence: "medium",
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
  {
    id: "libstdcxx-too-old",
    title: "The C++ library (libstdc++) is older than the compiler that built the file",
    on: ["library-version"],
    specificity: 80,
    matches: (finding) => {
      const version = /^(?:GLIBCXX|CXXABI)_[\w.]+$/.exec(finding.symbol ?? "")?.[0];
      return version === undefined
        ? undefined
        : {
            version,
            gcc: gccOfSymbolVersion(version),
            library: finding.library,
            conda: /conda|mamba|envs[\\/]/.test(finding.library ?? "") ? "yes" : undefined,
          };
    },
    confidence: "high",
    cause: (match) =>
      `${match.finding.file === undefined ? "The file" : `\`${match.finding.file}\``} was compiled with gcc${match.facts["gcc"] === undefined ? "" : ` ${match.facts["gcc"]} or newer`} and needs \`${match.facts["version"] ?? ""}\`, but Python loads an older libstdc++.so.6` +
      `${match.facts["library"] === undefined || match.facts["library"] === "" ? "" : ` (${match.facts["library"]})`}: ${match.facts["conda"] === undefined ? "the system's one, found before the newer one" : "conda's one, found before the system's"}.`,
    fix: (match) => [
      match.context.log.conda || match.facts["conda"] !== undefined
        ? "conda install -c conda-forge libstdcxx-ng"
        : "sudo apt-get install --only-upgrade libstdc++6   # or a newer distribution",
      `LD_PRELOAD=$(gcc -print-file-name=libstdc++.so.6) ${python(match)} the_program.py   # to try it out`,
      `# or build with an older gcc${match.facts["gcc"] === undefined ? "" : ` (below ${match.facts["gcc"].split(".")[0] ?? ""})`}: CC=gcc-11 CXX=g++-11 retorch build --force`,
    ],
    sources: ["pytorch/pytorch#87279", "pytorch/pytorch#157709", "pytorch/pytorch#8318"],
    examples: [
      {
        text: "ImportError: /usr/lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by /p/gym.so)",
        expect: "gcc 12",
      },
      {
        text: "ImportError: /opt/conda/envs/e/lib/libstdc++.so.6: version `CXXABI_1.3.15' not found (required by /p/x.so)",
        expect: "libstdcxx-ng",
      },
    ],
  },
  {
    id: "glibc-too-old",
    title: "Built on a newer system: glibc is too old here",
    on: ["library-version"],
    specificity: 80,
    matches: (finding) => {
      const version = /^GLIBC_([\d.]+)$/.exec(finding.symbol ?? "")?.[1];
      return version === undefined ? undefined : { version, system: distributionWithGlibc(version) };
    },
    confidence: "high",
    cause: (match) =>
      `${match.finding.file === undefined ? "The file" : `\`${match.finding.file}\``} was built on a system with glibc ${match.facts["version"] ?? ""}${match.facts["system"] === undefined ? "" : ` (${match.facts["system"]} has it)`} or newer; this system's C library is older and cannot be replaced by itself.`,
    fix: (match) => {
      const name = packageOf(match);
      return [
        "# build it on this system instead of installing the ready-made wheel:",
        ...(name === undefined
          ? rebuild(match)
          : [
              pip(
                match,
                `install --no-binary ${name} --no-build-isolation --no-cache-dir --force-reinstall --no-deps ${name}`,
              ),
            ]),
        `# or use a newer system or container${match.facts["system"] === undefined ? "" : ` (${match.facts["system"]})`}`,
      ];
    },
    sources: ["Dao-AILab/flash-attention#1708", "Dao-AILab/flash-attention#1762", "Dao-AILab/flash-attention#2225"],
    examples: [
      {
        text: "ImportError: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.32' not found (required by /e/site-packages/flash_attn_2_cuda.cpython-311-x86_64-linux-gnu.so)",
        expect: "--no-binary flash-attn",
      },
      { text: "OSError: /lib64/libm.so.6: version `GLIBC_2.29' not found (required by /p/x.so)", expect: "glibc 2.29" },
    ],
  },
  {
    id: "cuda-library-version-mixed",
    title: "A CUDA library of another version is loaded first",
    on: ["library-version"],
    specificity: 75,
    matches: (finding) => {
      const name = /lib(?:cu|nv|nccl|cudnn)\w*\.so[\d.]*/.exec(`${finding.symbol ?? ""} ${finding.library ?? ""}`)?.[0];
      return name === undefined ? undefined : { name };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` was found, but an older one than ${match.finding.file === undefined ? "the asker" : `\`${baseName(match.finding.file)}\``} was built with: LD_LIBRARY_PATH or an rpath puts another CUDA first.`,
    fix: (match) => ["unset LD_LIBRARY_PATH", pip(match, "install --force-reinstall torch")],
    sources: ["pytorch/pytorch#111469"],
    examples: [
      {
        text: "ImportError: /usr/local/cuda/lib64/libnvJitLink.so.12: version `libnvJitLink.so.12' not found (required by /e/nvidia/cusparse/lib/libcusparse.so.12)",
        expect: "LD_LIBRARY_PATH",
      },
    ],
  },
  {
    id: "library-version-missing",
    title: "A library is older than the file needs",
    on: ["library-version"],
    specificity: 40,
    matches: (finding) => ({ version: finding.symbol, library: baseName(finding.library ?? "") }),
    confidence: "medium",
    cause: (match) =>
      `${match.finding.file === undefined ? "The file" : `\`${match.finding.file}\``} needs \`${match.facts["version"] ?? ""}\` of \`${match.facts["library"] ?? ""}\`; the one that is found first is older.`,
    fix: (match) => ["# upgrade that library, or build on this system:", ...rebuild(match)],
    sources: ["https://man7.org/linux/man-pages/man8/ld.so.8.html"],
    examples: [
      {
        text: "ImportError: /lib64/libgomp.so.1: version `GOMP_5.0' not found (required by /p/x.so)",
        expect: "GOMP_5.0",
      },
    ],
  },
  {
    id: "init-function-missing",
    title: "The module has no init function of that name",
    on: ["load"],
    specificity: 80,
    matches: (finding) =>
      coded(finding, "no-init-function") === undefined
        ? undefined
        : { init: finding.symbol, module: (finding.symbol ?? "").replace(/^PyInit_?|^init/, "") },
    confidence: "high",
    cause: (match) =>
      `Python looked for \`${match.facts["init"] ?? ""}\` in the file. It is not there: the name in PYBIND11_MODULE (TORCH_EXTENSION_NAME) is not the module's name, the file was renamed, it was built for another Python, the source with PYBIND11_MODULE was left out, or there is none because the file only registers operators (TORCH_LIBRARY).`,
    fix: (match) => [
      `# write PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) and build under the name that is imported: name = "${match.facts["module"] ?? ""}" (the last part of a dotted name)`,
      '# with TORCH_LIBRARY only: torch.ops.load_library("<file>.so") instead of import (retorch.toml: kind = "torch-library")',
      "retorch inspect <file>.so   # tells which module name it holds",
    ],
    sources: ["torchmd/torchmd-net#191", "hszhao/RTPB#4"],
    examples: [
      {
        text: "ImportError: dynamic module does not define module export function (PyInit__C)",
        expect: "TORCH_EXTENSION_NAME",
      },
      { text: "ImportError: dynamic module does not define init function (initfused)", expect: "fused" },
    ],
  },
  {
    id: "python-version-mismatch",
    title: "Built for another Python version",
    on: ["load"],
    specificity: 80,
    matches: (finding) => (coded(finding, "python-version") === undefined ? undefined : { built: finding.symbol }),
    confidence: "high",
    cause: (match) =>
      `The module was compiled for Python ${match.facts["built"] ?? "of another version"}, the interpreter that imports it is another${pythonVersion(match) === undefined ? "" : ` (${pythonVersion(match) ?? ""})`}.`,
    fix: (match) => rebuild(match),
    sources: ["https://docs.python.org/3/c-api/stable.html"],
    examples: [
      {
        text: "ImportError: Python version mismatch: module was compiled for Python 3.8, but the interpreter version is incompatible: 3.10.4.",
        expect: "Python 3.8",
      },
      { text: "ImportError: Module use of python38.dll conflicts with this version of Python.", expect: "3.8" },
    ],
  },
  {
    id: "wrong-architecture",
    title: "Built for another processor architecture",
    on: ["load", "link"],
    specificity: 78,
    matches: (finding) => {
      if (finding.kind === "link") {
        const arch =
          /building for \S+?-(?<need>\w+) but attempting to link with file built for (?:\S+?-)?(?<have>\w+)|file was built for (?<have4>.+?) which is not the architecture being linked \((?<need4>\w+)\)|file built for (?<have5>unknown-unsupported file format)|linking in (?:dylib|object) file .*built for (?:\S+?-)?(?<have6>\w+)|found architecture '(?<have2>\w+)', required architecture '(?<need2>\w+)'|incompatible target|is incompatible with (?:\S+ )?(?:output|elf|i386|x86)|file in wrong format|machine type '(?<have3>\w+)' conflicts with target machine type '(?<need3>\w+)'|skipping incompatible/i.exec(
            finding.message,
          );
        if (arch === null && finding.code !== "LNK1112" && finding.code !== "LNK4272") return undefined;
        if (/skipping incompatible/.test(finding.message)) return undefined;
        const machines = arch?.groups ?? {};
        return {
          have:
            machines["have"] ??
            machines["have2"] ??
            machines["have3"] ??
            machines["have6"] ??
            (machines["have4"] === undefined && machines["have5"] === undefined
              ? undefined
              : "not a Mach-O file: 0x7F 0x45 0x4C 0x46 is Linux's ELF"),
          need: machines["need"] ?? machines["need2"] ?? machines["need3"] ?? machines["need4"],
        };
      }
      if (finding.code === "architecture") {
        const [have, need] = (finding.symbol ?? "").split(" ");
        return { have: have === "" ? undefined : have, need };
      }
      return /wrong ELF class|dll-format|slice is not valid|not a mach-o file/.test(finding.code ?? "")
        ? {}
        : undefined;
    },
    confidence: (match) => (match.finding.code === "dll-format" ? "medium" : "high"),
    cause: (match) => {
      const { have, need } = match.facts;
      return `${match.finding.file === undefined ? "The file" : `\`${match.finding.file}\``} is built for another architecture${have === undefined ? "" : ` (${have}, needed: ${need ?? "this machine's"})`} than the ${match.finding.kind === "link" ? "link" : "Python"} that uses it: Intel against ARM, 32 against 64 bit (on a Mac often a Python under Rosetta; on Windows an x86 prompt instead of x64).`;
    },
    fix: (match) => [
      `${python(match)} -c "import platform; print(platform.machine(), platform.architecture())"`,
      ...(platformOf(match) === "win32"
        ? ["# use the x64 Native Tools Command Prompt (vcvars64.bat), not the x86 one"]
        : platformOf(match) === "darwin"
          ? [
              '# a native Python (arch -arm64), and ARCHFLAGS="-arch arm64" for the build; LibTorch and its wheels for the same architecture',
            ]
          : []),
      ...rebuild(match),
    ],
    sources: ["LaurentMazare/tch-rs#881", "pytorch/pytorch#63558"],
    examples: [
      {
        text: "ImportError: dlopen(/p/x.cpython-39-darwin.so, 0x0002): tried: '/p/x.cpython-39-darwin.so' (mach-o file, but is an incompatible architecture (have 'x86_64', need 'arm64'))",
        expect: "Rosetta",
      },
      {
        text: "ld: warning: ignoring file '/l/libtorch.dylib': found architecture 'x86_64', required architecture 'arm64'",
        expect: "x86_64",
      },
      { text: "ImportError: /p/x.so: wrong ELF class: ELFCLASS32", expect: "32" },
      {
        text: "c10.lib(c10.dll) : fatal error LNK1112: module machine type 'x64' conflicts with target machine type 'x86'",
        expect: "vcvars64",
      },
    ],
  },
  {
    id: "library-file-damaged",
    title: "The file is not a whole shared library",
    on: ["load"],
    specificity: 78,
    matches: (finding) =>
      /invalid ELF header|file too short|ELF load command|file has no dynamic section|only ET_DYN|mapped file has no cdhash/.test(
        finding.code ?? "",
      )
        ? { words: finding.code }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `${match.finding.file === undefined ? "The file" : `\`${match.finding.file}\``} is cut off, empty, a Git LFS pointer, or of another system (${match.facts["words"] ?? ""}): its build or download was interrupted, it was copied from another machine, or (on ARM) it was made for a kernel with smaller memory pages.`,
    fix: (match) => [
      ...(match.finding.file === undefined ? [] : [`ls -l ${match.finding.file}; file ${match.finding.file}`]),
      ...rebuild(match),
    ],
    sources: ["pytorch/pytorch#34305"],
    examples: [
      { text: "ImportError: /p/_C.so: file too short", expect: "interrupted" },
      { text: "OSError: /p/libnms.so: invalid ELF header", expect: "another system" },
    ],
  },
  {
    id: "static-tls",
    title: "No room left for thread-local storage",
    on: ["load"],
    specificity: 80,
    matches: (finding) => (/static TLS block/.test(finding.code ?? "") ? {} : undefined),
    confidence: "high",
    cause: (match) =>
      `${match.finding.file === undefined ? "A library" : `\`${match.finding.file}\``} wants static thread-local storage and too many libraries loaded before it took it (often libgomp on ARM).`,
    fix: (match) => [
      "# import it before torch and others, or load it at the start:",
      `LD_PRELOAD=${match.finding.file ?? "/usr/lib/aarch64-linux-gnu/libgomp.so.1"} ${python(match)} the_program.py`,
      "export GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384",
    ],
    sources: ["pytorch/pytorch#2575", "opencv/opencv#14884"],
    examples: [
      {
        text: "ImportError: /e/scikit_learn.libs/libgomp-d22c30c5.so.1.0.0: cannot allocate memory in static TLS block",
        expect: "LD_PRELOAD",
      },
    ],
  },
  {
    id: "executable-stack",
    title: "The file asks for an executable stack",
    on: ["load"],
    specificity: 80,
    matches: (finding) => (/executable stack|segment writable|segment prot/.test(finding.code ?? "") ? {} : undefined),
    confidence: "high",
    cause: (match) =>
      `${match.finding.file === undefined ? "The library" : `\`${match.finding.file}\``} is marked as needing an executable stack (or text relocations), which this kernel or glibc (2.41 and newer) refuses. The mark comes from an assembler file without a .note.GNU-stack section.`,
    fix: (match) => [
      `patchelf --clear-execstack ${match.finding.file ?? "<file>.so"}   # or: execstack -c`,
      "# or build it with -Wl,-z,noexecstack",
    ],
    sources: ["pytorch/pytorch#146447"],
    examples: [
      {
        text: "ImportError: libtorch_cpu.so: cannot enable executable stack as shared object requires: Invalid argument",
        expect: "noexecstack",
      },
    ],
  },
  {
    id: "load-not-permitted",
    title: "The system forbids loading the file",
    on: ["load"],
    specificity: 78,
    matches: (finding) =>
      /failed to map segment|code signature|not valid for use in process|library load d/.test(finding.code ?? "")
        ? { words: finding.code }
        : undefined,
    confidence: "medium",
    cause: (match) =>
      platformOf(match) === "darwin"
        ? `macOS refuses ${match.finding.file === undefined ? "the file" : `\`${match.finding.file}\``}: its code signature is missing or damaged, or it is quarantined.`
        : `The file lies on a file system mounted noexec (often /tmp or a home folder), a security policy forbids it, or memory ran out while it was mapped.`,
    fix: (match) =>
      platformOf(match) === "darwin"
        ? [
            `codesign --force --sign - ${match.finding.file ?? "<file>.so"}`,
            `xattr -d com.apple.quarantine ${match.finding.file ?? "<file>.so"}`,
          ]
        : [
            "mount | grep noexec",
            "export TMPDIR=$HOME/tmp TORCH_EXTENSIONS_DIR=$HOME/.torch_extensions   # a place where programs may run",
          ],
    sources: ["pytorch/pytorch#37943"],
    examples: [
      {
        text: "ImportError: /tmp/x.so: failed to map segment from shared object: Operation not permitted",
        expect: "noexec",
      },
    ],
  },
  {
    id: "dll-not-found",
    title: "A DLL that the module needs is not found",
    on: ["load"],
    specificity: 75,
    matches: (finding) =>
      coded(finding, "dll-not-found", "dll", "dll-init") === undefined
        ? undefined
        : { name: finding.library, code: finding.code },
    confidence: (match) => (match.facts["code"] === "dll-not-found" ? "high" : "medium"),
    cause: (match) =>
      `${match.facts["name"] === undefined ? "The module" : `\`${match.facts["name"]}\``} is there, but a DLL that it needs is not found, or does not start: torch was not imported first (its DLLs lie in torch\\lib), it was built for another torch, CUDA or Python (a stale build: look for \`ninja: no work to do\`), or the Visual C++ run time is missing.`,
    fix: (match) => [
      `${python(match)} -c "import torch, ${
        (match.facts["name"] ?? "the_extension")
          .split(/[\\/]/)
          .at(-1)
          ?.replace(/\.\w+$/, "") ?? "the_extension"
      }"`,
      ...rebuild(match),
      '# Visual C++ run time: https://aka.ms/vs/17/release/vc_redist.x64.exe; other DLLs: os.add_dll_directory(r"...\\CUDA\\vXX\\bin")',
    ],
    sources: ["BlinkDL/ChatRWKV#99", "pytorch/pytorch#130737", "oobabooga/text-generation-webui#935"],
    examples: [
      {
        text: "ImportError: DLL load failed while importing _C: The specified module could not be found.",
        expect: "torch was not imported first",
      },
      {
        text: "FileNotFoundError: Could not find module 'C:\\Users\\u\\AppData\\Local\\torch_extensions\\torch_extensions\\Cache\\py310_cu118\\wkv_cuda\\wkv_cuda.pyd' (or one of its dependencies). Try using the full path with constructor syntax.",
        expect: "rmdir",
      },
      {
        text: 'OSError: [WinError 126] The specified module could not be found. Error loading "C:\\e\\torch\\lib\\fbgemm.dll" or one of its dependencies.',
        expect: "Visual C++",
      },
    ],
  },
  {
    id: "dll-procedure-missing",
    title: "A DLL does not have a function that the module needs",
    on: ["load"],
    specificity: 76,
    matches: (finding) => (coded(finding, "dll-procedure") === undefined ? undefined : { name: finding.library }),
    confidence: "high",
    cause: (match) =>
      `${match.facts["name"] === undefined ? "The module" : `\`${match.facts["name"]}\``} needs a function that the DLL found on this machine does not have: it was built for another version of torch (or of CUDA or Python) than the installed one.`,
    fix: (match) => rebuild(match),
    sources: ["pytorch/pytorch#130737"],
    examples: [
      {
        text: "ImportError: DLL load failed while importing flash_attn_2_cuda: The specified procedure could not be found.",
        expect: "another version of torch",
      },
    ],
  },
  {
    id: "paging-file-too-small",
    title: "Windows has no memory left to load the DLL",
    on: ["load"],
    specificity: 76,
    matches: (finding) => coded(finding, "paging-file"),
    confidence: "high",
    cause: () =>
      "The paging file is too small: torch's CUDA DLLs are large, and several processes load them at once (DataLoader workers).",
    fix: () => ["# fewer workers, or a larger paging file: System > Advanced > Performance > Virtual memory"],
    sources: ["pytorch/pytorch#62917"],
    examples: [
      {
        text: 'OSError: [WinError 1455] The paging file is too small for this operation to complete. Error loading "C:\\e\\torch\\lib\\cudnn_cnn_infer64_8.dll" or one of its dependencies.',
        expect: "workers",
      },
    ],
  },
];

/** CUDA's major version, from the version in a library's name. */
function cudaOfLibrary(library: string, major: string | undefined, minor: string | undefined): string | undefined {
  if (major === undefined) return undefined;
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
