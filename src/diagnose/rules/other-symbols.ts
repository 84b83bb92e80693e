/** Symbols of everybody but torch that were not found: the user's own, CUDA's, Python's, the C and C++ libraries'. */
import { python, pythonVersion, rebuild, unsetVariable } from "../commands.ts";
import type { Finding } from "../finding.ts";
import type { Match, MatchFacts, Rule, RuleContext } from "../rule.ts";
import type { SymbolOwner, SymbolVerdict } from "../symbols.ts";
import { installedSentence, symbolFacts, verdictOf } from "./torch-symbols.ts";

function owned(
  finding: Finding,
  context: RuleContext,
  ...owners: readonly SymbolOwner[]
): (MatchFacts & { readonly verdict?: never }) | undefined {
  const verdict = verdictOf(finding);
  if (verdict === undefined || !owners.includes(verdict.owner)) return undefined;
  return { ...symbolFacts(finding, verdict, context), library: verdict.library, provider: verdict.provider };
}

function is(finding: Finding, test: (verdict: SymbolVerdict) => boolean): SymbolVerdict | undefined {
  const verdict = verdictOf(finding);
  return verdict !== undefined && test(verdict) ? verdict : undefined;
}

/** Functions that every release of the library has: where one is missing, the library is not there at all. */
const inEveryRelease =
  /^(?:cudnn(?:Create|Destroy|SetStream|CreateTensorDescriptor|SetTensor4dDescriptor|ConvolutionForward|GetErrorString)|cublas(?:Create|Destroy|SetStream|[SDCZ]gemm(?:StridedBatched|Batched)?|GemmEx|SetMathMode)(?:_v2)?|cublasLt(?:Create|Destroy|Matmul)|curand(?:CreateGenerator|GenerateUniform|GenerateNormal|SetStream)|cufft(?:Plan1d|Plan2d|PlanMany|ExecC2C|ExecR2C|Destroy|SetStream)|cusparse(?:Create|Destroy|SetStream)|cusolver(?:Dn)?(?:Create|Destroy|SetStream)|nccl(?:AllReduce|AllGather|Broadcast|Send|Recv|CommInitRank|GetUniqueId|GroupStart|GroupEnd|GetErrorString)|nvrtc(?:CreateProgram|CompileProgram|GetPTX|DestroyProgram)|nvmlInit(?:_v2)?|cuda(?:Malloc|Free|Memcpy(?:Async)?|Memset(?:Async)?|GetLastError|GetDevice|SetDevice|LaunchKernel|StreamSynchronize|GetErrorString|DeviceSynchronize)|__cudaRegister(?:FatBinary|Function|Var))$/;

/** Whether a symbol is missing at load because its library was never linked, not because it is of another release. */
function neverLinked(finding: Finding): boolean {
  return (
    finding.phase === "load" &&
    finding.library === undefined &&
    !/(?:^|[\\/])lib(?:cu|nv|torch|c10|nccl)\w*\.so|[\\/]nvidia[\\/]/.test(finding.file ?? "") &&
    inEveryRelease.test(finding.symbol ?? "")
  );
}

/** `ldd -r` lists what a library leaves open: Python's symbols always, which is as it should be. */
function listedByLdd(finding: Finding): boolean {
  return /^undefined symbol: \S+\s+\(\S+\)$/.test(finding.text);
}

/** Whether torch's own library asks, not an extension. */
function torchItself(match: Match): boolean {
  return /(?:^|[\\/])lib(?:torch\w*|c10\w*)\.(?:so|dylib)|[\\/]torch[\\/]_C\./.test(match.finding.file ?? "");
}

/** nvlink and ptxas give device symbols. */
function isDevice(finding: Finding): boolean {
  return finding.phase === "device-link";
}

export const otherSymbolRules: readonly Rule[] = [
  {
    id: "device-link-missing",
    title: "Relocatable device code without a device link",
    on: ["undefined-symbol"],
    specificity: 85,
    matches: (finding, context) => owned(finding, context, "cuda-device-link"),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is made by the device link, which was not done: the CUDA sources were compiled with -dc or -rdc=true (relocatable device code), but nothing ran \`nvcc -dlink\` on the objects.`,
    fix: () => [
      "# retorch.toml: device-link = true",
      "# setup.py: CUDAExtension(..., dlink=True); torch.utils.cpp_extension.load() cannot do it",
      "# CMake: set_target_properties(the_target PROPERTIES CUDA_SEPARABLE_COMPILATION ON CUDA_RESOLVE_DEVICE_SYMBOLS ON)",
      "# or drop -rdc=true / -dc when no device function is called across files",
    ],
    sources: ["pytorch/pytorch#57543", "pytorch/extension-cpp#80", "pytorch/pytorch#180762"],
    examples: [
      {
        text: "ImportError: /p/a.so: undefined symbol: __cudaRegisterLinkedBinary_45_tmpxft_00001f3a_00000000_7_kernel_cpp1_ii_b81a68a1",
        expect: "dlink=True",
      },
      {
        text: "/usr/bin/ld: k.o: in function `__sti____cudaRegisterAll()':\nk.cudafe1.cpp:(.text.startup+0x22): undefined reference to `__fatbinwrap_38_tmpxft_0000_k_cpp1_ii_1'",
        expect: "-dlink",
      },
    ],
  },
  {
    id: "device-function-missing",
    title: "A device function of another file was not found",
    on: ["undefined-symbol"],
    specificity: 85,
    matches: (finding, context) => {
      const verdict = verdictOf(finding);
      return isDevice(finding) && verdict !== undefined
        ? { ...symbolFacts(finding, verdict, context), tool: finding.tool }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      match.facts["tool"] === "ptxas"
        ? `The kernel calls the device function \`${match.facts["readable"] ?? ""}\` of another file, but the files are compiled as whole programs: calls across files need relocatable device code (-rdc=true) and a device link.`
        : `The device link did not find \`${match.facts["readable"] ?? ""}\`: the object that defines this device function is not among the inputs of nvlink, was compiled without -rdc=true, or for another architecture.`,
    fix: () => [
      "# add the .cu file that defines the function to the sources, and compile all of them with -rdc=true and device-link = true (setup.py: dlink=True)",
      "# or define the function in a header (static __device__ / __forceinline__), so that no call crosses files",
      "# device libraries (cudadevrt, nvshmem) go on the device link: dlink_libraries=['cudadevrt']",
    ],
    sources: ["pytorch/pytorch#69190", "pytorch/pytorch#43691"],
    examples: [
      { text: "nvlink error   : Undefined reference to '_Z3exti' in 'r.o'", expect: "device link" },
      { text: "ptxas fatal   : Unresolved extern function '_Z3exti'", expect: "-rdc=true" },
    ],
  },
  {
    id: "filesystem-not-linked",
    title: "std::filesystem needs a library of its own with gcc 8",
    on: ["undefined-symbol"],
    specificity: 70,
    matches: (finding, context) => {
      const verdict = is(finding, (v) => v.symbol.path[0] === "std" && v.symbol.path.includes("filesystem"));
      return verdict === undefined ? undefined : symbolFacts(finding, verdict, context);
    },
    confidence: "high",
    cause: () =>
      "std::filesystem lives in a separate library, stdc++fs, with gcc 8 (and c++fs with clang below 9); it is not linked.",
    fix: () => ["# add the library stdc++fs (link flag -lstdc++fs), or use gcc >= 9"],
    sources: ["https://gcc.gnu.org/gcc-9/changes.html"],
    examples: [
      {
        text: "a.o: In function `f': a.cpp:(.text+0x9): undefined reference to `std::filesystem::__cxx11::path::_M_split_cmpts()'",
        expect: "stdc++fs",
      },
    ],
  },
  {
    id: "cxx-library-not-linked",
    title: "Linked without the C++ library",
    on: ["undefined-symbol"],
    specificity: 60,
    matches: (finding, context) => (finding.phase === "link" ? owned(finding, context, "libstdc++") : undefined),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` is of the C++ library, which is not linked, or is older than the one that the objects were compiled with: the link ran with gcc or ld instead of g++, or objects of a newer compiler or of another C++ library (libc++) are linked in.`,
    fix: () => [
      "# link with the C++ driver (g++, clang++), the same one that compiled: CXX=g++",
      "# mixed compilers: build all objects again with one of them",
    ],
    sources: ["rui314/mold#223"],
    examples: [
      {
        text: "mold: error: undefined symbol: operator delete(void*)\n>>> referenced by ircconnection.cpp",
        expect: "g++",
      },
    ],
  },
  {
    id: "libstdcxx-symbol-missing",
    title: "The C++ library at run time is older than the one it was built with",
    on: ["undefined-symbol"],
    specificity: 60,
    matches: (finding, context) => owned(finding, context, "libstdc++"),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` is of the C++ library, and the one that Python has loaded does not have it: the extension was compiled with a newer gcc (or with libc++) than the libstdc++.so.6 that is found first at run time, often conda's or a bundled one.`,
    fix: (match) => [
      ...(match.context.log.conda ? ["conda install -c conda-forge libstdcxx-ng"] : []),
      `${python(match)} -c "import ctypes.util,subprocess; print(subprocess.getoutput('ldconfig -p | grep libstdc++'))"`,
      "# or build with an older gcc: CC=gcc-11 CXX=g++-11",
    ],
    sources: ["https://gcc.gnu.org/onlinedocs/libstdc++/manual/abi.html"],
    examples: [
      { text: "ImportError: /p/x.so: undefined symbol: _ZSt28__throw_bad_array_new_lengthv", expect: "newer gcc" },
    ],
  },
  {
    id: "glibc-symbol-missing",
    title: "Built on a system with a newer C library",
    on: ["undefined-symbol"],
    specificity: 55,
    matches: (finding, context) => owned(finding, context, "glibc"),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of the C library. ${(match.facts["name"] ?? "").startsWith("__isoc23") ? "It came with glibc 2.38: an object or archive was compiled on a newer system than this one." : match.finding.phase === "link" ? "The object was compiled against another version of it, or the library that held it before glibc 2.34 (pthread, dl, rt) is not linked." : "The file was built on a newer system, or for another C library (musl), than the one that runs it."}`,
    fix: (match) => [
      ...rebuild(match),
      "# or build in the container of the oldest system that has to run it (manylinux); before glibc 2.34: -lpthread -ldl -lrt",
    ],
    sources: ["https://sourceware.org/glibc/wiki/Release/2.38"],
    examples: [{ text: "/usr/bin/ld: libfoo.a(x.o): undefined reference to `__isoc23_strtol'", expect: "2.38" }],
  },
  {
    id: "python-abi-mismatch",
    title: "Built for another Python",
    on: ["undefined-symbol"],
    specificity: 70,
    matches: (finding, context) =>
      finding.phase === "load" && !listedByLdd(finding) ? owned(finding, context, "python") : undefined,
    confidence: "high",
    cause: (match) =>
      torchItself(match)
        ? `\`${match.facts["name"] ?? ""}\` is of Python's C API, and the interpreter${pythonVersion(match) === undefined ? "" : ` (${pythonVersion(match) ?? ""})`} that loads torch's own library does not have it: that torch was installed for another Python version (a folder of another environment on PYTHONPATH, an environment whose Python was upgraded, a C++ program that is linked to another libpython).`
        : `\`${match.facts["name"] ?? ""}\` is of Python's C API, and this interpreter${pythonVersion(match) === undefined ? "" : ` (${pythonVersion(match) ?? ""})`} does not have it: the extension was compiled for another Python version (or for a debug or free-threaded one), ` +
          "or a file of an older Python was renamed or copied over.",
    fix: (match) =>
      torchItself(match)
        ? [
            `${python(match)} -c "import sys; print(sys.version, sys.path)"   # is torch's folder this Python's?`,
            `${python(match)} -m pip install --force-reinstall --no-cache-dir torch`,
          ]
        : rebuild(match),
    sources: ["https://docs.python.org/3/whatsnew/3.12.html#removed"],
    examples: [
      {
        text: "ImportError: /p/_C.cpython-310-x86_64-linux-gnu.so: undefined symbol: _PyThreadState_UncheckedGet",
        expect: "another Python version",
      },
      {
        text: "ImportError: /p/x.so: undefined symbol: PyUnicodeUCS4_FromStringAndSize",
        expect: "retorch build --force",
      },
    ],
  },
  {
    id: "python-not-linked",
    title: "Python's symbols are missing at the link",
    on: ["undefined-symbol"],
    specificity: 70,
    matches: (finding, context) => (finding.phase === "link" ? owned(finding, context, "python") : undefined),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of Python. A module leaves such symbols open until it is imported; here the linker was told to resolve all: on macOS \`-undefined dynamic_lookup\` is missing, elsewhere a program is linked or --no-undefined is given, or the library is of another Python version or architecture.`,
    fix: (match) => [
      "# macOS module: add the link flags -undefined dynamic_lookup",
      "# a program that embeds Python: add what this prints",
      `${python(match)}-config --ldflags --embed`,
    ],
    sources: ["https://docs.python.org/3/extending/building.html"],
    examples: [
      {
        text: 'Undefined symbols for architecture arm64:\n  "_PyArg_ParseTuple", referenced from:\n      _f in m.o\nld: symbol(s) not found for architecture arm64',
        expect: "dynamic_lookup",
      },
    ],
  },
  {
    id: "cuda-libraries-mixed",
    title: "CUDA libraries of two versions are mixed",
    on: ["undefined-symbol"],
    specificity: 75,
    matches: (finding, context) => {
      if (finding.phase !== "load") return undefined;
      const facts = owned(finding, context, "cuda-library", "cuda-runtime");
      return facts === undefined || neverLinked(finding) ? undefined : facts;
    },
    confidence: (match) =>
      match.finding.library !== undefined || /lib(?:cu|nv|torch|nccl)/.test(match.finding.file ?? "")
        ? "high"
        : "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of ${match.facts["provider"] ?? "CUDA"}, and the library of that name that was loaded first does not have it: ` +
      `${match.facts["who"] ?? ""} was built for another version of it than the one found on LD_LIBRARY_PATH or in the environment (system CUDA before pip's nvidia packages, or two versions of those).`,
    fix: (match) => [
      unsetVariable(match, "LD_LIBRARY_PATH"),
      `${python(match)} -m pip list | grep -i nvidia   # all of one CUDA version, the one of torch.version.cuda?`,
      `${python(match)} -m pip install --force-reinstall torch   # brings the nvidia packages that fit`,
    ],
    sources: ["pytorch/pytorch#111469", "pytorch/pytorch#134929"],
    examples: [
      {
        text: "ImportError: /e/site-packages/torch/lib/../../nvidia/cusparse/lib/libcusparse.so.12: undefined symbol: __nvJitLinkAddData_12_1, version libnvJitLink.so.12",
        expect: "LD_LIBRARY_PATH",
      },
      { text: "ImportError: /e/torch/lib/libtorch_cuda.so: undefined symbol: ncclCommRegister", expect: "NCCL" },
      {
        text: "OSError: /e/libcublas.so.11: symbol cublasLtHSHMatmulAlgoInit version libcublasLt.so.11 not defined in file libcublasLt.so.11 with link time reference",
        expect: "cuBLAS",
      },
    ],
  },
  {
    id: "cuda-library-not-linked",
    title: "A CUDA library is not linked",
    on: ["undefined-symbol"],
    specificity: 70,
    matches: (finding, context) =>
      finding.phase === "link" || neverLinked(finding)
        ? owned(finding, context, "cuda-library", "cuda-runtime")
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of ${match.facts["provider"] ?? "CUDA"}; the library \`${match.facts["library"] ?? ""}\` is not on the link line.${installedSentence(match)}`,
    fix: (match) => [
      `# retorch.toml: libraries = ["${match.facts["library"] ?? ""}"]; setup.py: libraries=["${match.facts["library"] ?? ""}"] in CUDAExtension; CMake: CUDA::${match.facts["library"] ?? ""}`,
      `# by hand: -L<cuda>/lib64 -l${match.facts["library"] ?? ""}`,
    ],
    change: (match) => {
      const library = match.facts["library"];
      if (library === undefined) return undefined;
      const there = match.facts["has"] !== undefined || match.context.findLibrary?.(library) !== undefined;
      return there ? { kind: "add-library", library } : undefined;
    },
    sources: ["https://docs.nvidia.com/cuda/"],
    examples: [
      {
        text: "/usr/bin/ld: gemm.o: in function `f': gemm.cu:(.text+0x9): undefined reference to `cublasCreate_v2'",
        expect: "-lcublas",
      },
      {
        text: "fft.obj : error LNK2019: unresolved external symbol cufftPlanMany referenced in function f",
        expect: "cufft",
      },
    ],
  },
  {
    id: "cuda-driver-not-linked",
    title: "Functions of the CUDA driver API are missing",
    on: ["undefined-symbol"],
    specificity: 70,
    matches: (finding, context) => owned(finding, context, "cuda-driver"),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of the driver API (libcuda): it is not linked with -lcuda${match.finding.phase === "link" ? "" : ", or the installed NVIDIA driver is too old to have it"}.`,
    fix: () => [
      '# retorch.toml: libraries = ["cuda"]; without a driver on the build machine link the stub: -L<cuda>/lib64/stubs -lcuda',
      "nvidia-smi   # the driver's version, when -lcuda is there already",
    ],
    change: (match) =>
      match.context.findLibrary?.("cuda") === undefined ? undefined : { kind: "add-library", library: "cuda" },
    sources: ["https://docs.nvidia.com/cuda/cuda-driver-api/"],
    examples: [{ text: "ImportError: /p/_C.so: undefined symbol: cuTensorMapEncodeTiled", expect: "-lcuda" }],
  },
  {
    id: "openmp-not-linked",
    title: "OpenMP is used but not linked",
    on: ["undefined-symbol"],
    specificity: 70,
    matches: (finding, context) => owned(finding, context, "openmp"),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of the OpenMP run time${/kmp/.test(match.facts["name"] ?? "") ? " of clang and Intel (libomp)" : " of gcc (libgomp)"}: the sources were compiled with -fopenmp, the link was not, or compile and link used different compilers.`,
    fix: (match) => [
      "# give -fopenmp to both the compile and the link: cxx-flags and link-flags (setup.py: extra_compile_args and extra_link_args)",
      ...(/kmp/.test(match.facts["name"] ?? "") ? ["# clang: -lomp instead"] : []),
    ],
    sources: ["https://gcc.gnu.org/onlinedocs/libgomp/"],
    examples: [
      { text: "ImportError: /p/x.so: undefined symbol: GOMP_parallel", expect: "-fopenmp" },
      { text: "ld.lld: error: undefined symbol: __kmpc_fork_call\n>>> referenced by a.cpp", expect: "-lomp" },
    ],
  },
  {
    id: "mkl-too-new-for-torch",
    title: "This torch does not work with the MKL that is installed",
    on: ["undefined-symbol"],
    specificity: 75,
    matches: (finding, context) => owned(finding, context, "mkl"),
    confidence: (match) => (match.facts["name"] === "iJIT_NotifyEvent" ? "high" : "medium"),
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of Intel MKL or its profiling part. MKL 2024.1 dropped what torch up to 2.3 (conda builds) calls, and mixing pip's and conda's MKL has the same effect.`,
    fix: (match) => [
      match.context.log.conda ? 'conda install "mkl<2024.1"' : `${python(match)} -m pip install "mkl<2024.1"`,
      "# or a newer torch",
    ],
    sources: ["pytorch/pytorch#123097"],
    examples: [
      {
        text: "ImportError: /c/envs/e/lib/python3.10/site-packages/torch/lib/libtorch_cpu.so: undefined symbol: iJIT_NotifyEvent",
        expect: "mkl<2024.1",
      },
    ],
  },
  {
    id: "rocm-symbol-missing",
    title: "A symbol of ROCm is missing",
    on: ["undefined-symbol"],
    specificity: 60,
    matches: (finding, context) => owned(finding, context, "rocm", "sycl"),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` is of ${match.facts["provider"] ?? "ROCm"}: the library is not linked, or another version of it is loaded than the one this was built with (torch's wheels bring their own; LD_LIBRARY_PATH may put the system's first).`,
    fix: (match) => [
      unsetVariable(match, "LD_LIBRARY_PATH"),
      `${python(match)} -c "import torch; print(torch.version.hip, torch.version.xpu if hasattr(torch.version, 'xpu') else '')"   # the version to build for`,
      ...rebuild(match),
    ],
    sources: ["intel/intel-xpu-backend-for-triton#1950"],
    examples: [
      {
        text: "ImportError: /e/torch/lib/libc10_xpu.so: undefined symbol: _ZNK4sycl3_V16device32ext_oneapi_supports_cl_extensionENS0_6detail11string_viewEPNS0_3ext6oneapi12experimental10cl_versionE",
        expect: "SYCL",
      },
    ],
  },
  {
    id: "sanitizer-runtime-missing",
    title: "Built with a sanitizer, run without it",
    on: ["undefined-symbol", "exception"],
    specificity: 70,
    matches: (finding, context) =>
      finding.kind === "exception"
        ? finding.code === "sanitizer-not-first"
          ? { name: "The run time" }
          : undefined
        : owned(finding, context, "sanitizer"),
    confidence: "high",
    cause: (match) =>
      match.finding.kind === "exception"
        ? "The extension was compiled with -fsanitize=address, whose run time has to be loaded before everything else; Python was not built with it."
        : `\`${match.facts["name"] ?? ""}\` is of a sanitizer: the extension was compiled with -fsanitize=…, but neither the link nor Python has its run time.`,
    fix: (match) => [
      `LD_PRELOAD=$(gcc -print-file-name=libasan.so) ${python(match)} the_program.py`,
      "# or build without -fsanitize",
    ],
    sources: ["https://github.com/google/sanitizers/wiki/AddressSanitizerAsDso"],
    examples: [
      {
        text: "ImportError: /p/x.so: undefined symbol: __asan_option_detect_stack_use_after_return",
        expect: "LD_PRELOAD",
      },
      {
        text: "==123==ASan runtime does not come first in initial library list; you should either link runtime to your application or manually preload it with LD_PRELOAD.",
        expect: "LD_PRELOAD",
      },
    ],
  },
  {
    id: "compiler-runtime-missing",
    title: "A run-time library of the compiler is missing",
    on: ["undefined-symbol"],
    specificity: 55,
    matches: (finding, context) => owned(finding, context, "compiler-runtime"),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of the compiler's own library \`${match.facts["library"] ?? "gcc"}\`, which is not linked or is older than the compiler.`,
    fix: (match) => [
      `# add the link flag -l${match.facts["library"] ?? "gcc"}${match.facts["library"] === "gcov" ? " (or --coverage at the link, too)" : ""}`,
    ],
    sources: ["https://gcc.gnu.org/wiki/Atomic/GCCMM"],
    examples: [{ text: "ImportError: /p/x.so: undefined symbol: __atomic_load_16", expect: "-latomic" }],
  },
  {
    id: "library-abi-mismatch",
    title: "A library was built with another C++ ABI",
    on: ["undefined-symbol"],
    specificity: 62,
    matches: (finding, context) => {
      const verdict = is(
        finding,
        (v) => v.owner === "library" && (v.symbol.strings === "old" || v.symbol.strings === "cxx11"),
      );
      return verdict === undefined
        ? undefined
        : {
            ...symbolFacts(finding, verdict, context),
            provider: verdict.provider,
            library: verdict.library,
            strings: verdict.symbol.strings,
          };
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` of ${match.facts["provider"] ?? "a library"} is asked for with the ${match.facts["strings"] === "old" ? "old" : "new"} std::string; the installed library has the other one, another version, or is not linked. ` +
      "Everything in one module must be built with the same _GLIBCXX_USE_CXX11_ABI as torch.",
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch._C._GLIBCXX_USE_CXX11_ABI)"`,
      `# build ${match.facts["provider"] ?? "the library"} with that value of _GLIBCXX_USE_CXX11_ABI, or take a torch that has the ABI of the system's libraries (>= 2.7: the new one)`,
    ],
    sources: ["pytorch/pytorch#13541"],
    examples: [{ text: "ImportError: /p/x.so: undefined symbol: _ZN2cv6imreadERKSsi", expect: "OpenCV" }],
  },
  {
    id: "library-not-linked",
    title: "A library that the code uses is not linked",
    on: ["undefined-symbol"],
    specificity: 58,
    matches: (finding, context) => owned(finding, context, "library", "blas", "numpy"),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` is of ${match.facts["provider"] ?? "another library"}, which is not linked, or is there in another version.${installedSentence(match)}`,
    fix: (match) => [
      match.facts["library"] === undefined
        ? "# add the library that defines it to `libraries`"
        : `# retorch.toml: libraries = ["${match.facts["library"]}"]   (setup.py: libraries=["${match.facts["library"]}"])`,
      ...rebuild(match),
    ],
    change: (match) => {
      const library = match.facts["library"];
      if (library === undefined || match.finding.phase !== "link" || match.context.findLibrary?.(library) === undefined)
        return undefined;
      return { kind: "add-library", library };
    },
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/Link-Options.html"],
    examples: [{ text: "/usr/bin/ld: m.o: in function `f': undefined reference to `cblas_sgemm'", expect: "BLAS" }],
  },
  {
    id: "pybind11-mismatch",
    title: "pybind11's own symbols do not fit",
    on: ["undefined-symbol"],
    specificity: 55,
    matches: (finding, context) => owned(finding, context, "pybind11"),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` is of pybind11, which has only headers: two objects of the module were compiled with different pybind11 versions or flags (visibility, -fno-rtti), or one source is missing.`,
    fix: (match) => [
      "# use torch's own pybind11 headers everywhere (torch/include/pybind11), none from another folder",
      ...rebuild(match),
    ],
    sources: [],
    examples: [{ text: "ImportError: /p/x.so: undefined symbol: _ZTIN8pybind116objectE", expect: "pybind11" }],
  },
  {
    id: "vtable-missing",
    title: "A class has no vtable: its first virtual function is not defined",
    on: ["undefined-symbol"],
    specificity: 60,
    matches: (finding, context) => {
      const verdict = is(
        finding,
        (v) =>
          v.owner === "user" &&
          (v.symbol.special === "vtable" || v.symbol.special === "typeinfo" || v.symbol.special === "vtt"),
      );
      return verdict === undefined
        ? undefined
        : { ...symbolFacts(finding, verdict, context), special: verdict.symbol.special };
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\`: the compiler puts it beside the first virtual function that is not inline. The source that defines that function is not in the list of sources, the function was declared and never defined, ` +
      "or the parts were compiled with different -frtti/-fno-rtti.",
    fix: () => ["# add the missing source, define the virtual function (or make it = 0 / = default)"],
    sources: ["https://gcc.gnu.org/wiki/VerboseDiagnostics#missing_vtable"],
    examples: [
      { text: "/usr/bin/ld: a.cpp:(.text+0x5b): undefined reference to `vtable for Tracker'", expect: "sources" },
    ],
  },
  {
    id: "main-missing",
    title: "A program is linked where a library was meant",
    on: ["undefined-symbol"],
    specificity: 80,
    matches: (finding) =>
      finding.phase === "link" && /^_?(?:main|WinMain|wmain)$/.test(finding.symbol ?? "") ? {} : undefined,
    confidence: "high",
    cause: () =>
      "The linker makes a program and looks for `main`: the link lacks -shared (on Windows /DLL, on macOS -bundle or -dynamiclib), as it has to be for an extension module, or the file with main is not among the sources of a program.",
    fix: () => [
      "# a module: link with -shared -fPIC (CMake: add_library(name MODULE …) instead of add_executable; retorch.toml: kind of the extension)",
      "# a program: add the source that defines main",
    ],
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/Link-Options.html"],
    examples: [
      {
        text: "/usr/bin/ld: /usr/lib/gcc/x86_64-linux-gnu/11/../../../x86_64-linux-gnu/Scrt1.o: in function `_start':\n(.text+0x1b): undefined reference to `main'",
        expect: "-shared",
      },
      {
        text: 'Undefined symbols for architecture arm64:\n  "_main", referenced from:\n      <initial-undefines>',
        expect: "-shared",
      },
      { text: "MSVCRT.lib(exe_main.obj) : error LNK2001: unresolved external symbol main", expect: "/DLL" },
    ],
  },
  {
    id: "own-function-missing",
    title: "A function of the project itself is nowhere defined",
    on: ["undefined-symbol"],
    specificity: 50,
    matches: (finding, context) => {
      const verdict = is(finding, (v) => v.owner === "user");
      return verdict === undefined
        ? undefined
        : {
            ...symbolFacts(finding, verdict, context),
            mangled: verdict.symbol.form === "c" ? undefined : "yes",
            // A namespace of its own, and nothing of torch in it: may as well be a library that is not known here.
            sure:
              verdict.symbol.form !== "c" &&
              (verdict.symbol.path.length === 1 || verdict.symbol.words.some((word) => /^(?:at|c10|torch)$/.test(word)))
                ? "yes"
                : undefined,
          };
    },
    confidence: (match) => (match.facts["sure"] === undefined ? "medium" : "high"),
    cause: (match) => {
      const load =
        match.finding.phase === "load" ? " (a shared library links with holes in it; they show when it is loaded)" : "";
      const form =
        match.facts["mangled"] === undefined
          ? ' The name is not mangled: it is declared extern "C", or belongs to a C library that is not linked.'
          : "";
      return (
        `\`${match.facts["readable"] ?? ""}\` belongs to none of torch, CUDA and Python: it is the project's own, declared and called but not defined in any object that was linked${load}. ` +
        `The source that defines it (often a .cu file) is missing from \`sources\`, or its definition differs from the declaration in parameters, const&, namespace or extern "C".${form}${installedSentence(match)}`
      );
    },
    fix: (match) => [
      `grep -rn "${lastName(match)}" --include=*.cpp --include=*.cc --include=*.cu --include=*.h --include=*.cuh .`,
      "# add the file that defines it to `sources`, or make declaration and definition the same",
      ...(match.finding.phase === "load" ? ["# link with -Wl,--no-undefined to see such holes when building"] : []),
    ],
    sources: ["pytorch/extension-cpp#23", "pytorch/extension-cpp#50"],
    examples: [
      {
        text: "ImportError: /p/s.cpython-37m-x86_64-linux-gnu.so: undefined symbol: _Z20sigmoid_cuda_forwardN2at6TensorE",
        expect: "sigmoid_cuda_forward",
      },
      {
        text: "a.o:a.cpp:function main: error: undefined reference to 'nms_cuda(at::Tensor, float)'",
        expect: "nms_cuda",
      },
      {
        text: 'bind.obj : error LNK2019: unresolved external symbol "class at::Tensor __cdecl roi_fwd(class at::Tensor,int)" (?roi_fwd@@YA?AVTensor@at@@V12@H@Z) referenced in function PyInit__C',
        expect: "sources",
      },
    ],
  },
];

function lastName(match: Match): string {
  return (match.facts["name"] ?? "").split("::").at(-1)?.replace(/^~/, "") ?? "";
}
