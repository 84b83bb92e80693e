/**
 * Whose symbol it is and what about it differs. Judges by the name alone; which installed library has it, or another form
 * of it, is asked of the context.
 */
import { own } from "../base/own.ts";
import { readSymbol, type SymbolName } from "./mangled.ts";

/** Who defines a symbol of that name. */
export type SymbolOwner =
  | "torch"
  | "torch-cuda"
  | "torch-python"
  | "torch-stable-abi"
  | "pybind11"
  | "python"
  | "numpy"
  | "cuda-runtime"
  | "cuda-driver"
  | "cuda-library"
  | "cuda-device-link"
  | "rocm"
  | "sycl"
  | "libstdc++"
  | "glibc"
  | "compiler-runtime"
  | "openmp"
  | "blas"
  | "mkl"
  | "sanitizer"
  | "library"
  | "user";

/** The verdict on a symbol. */
export interface SymbolVerdict {
  readonly symbol: SymbolName;
  readonly owner: SymbolOwner;
  /** The library that should define it, as `-l` names it; undefined when the name does not tell. */
  readonly library?: string;
  /** The package or project that brings that library, in words. */
  readonly provider?: string;
}

/** C names by their beginning. First match wins. */
const cNames: readonly (readonly [
  form: RegExp,
  owner: SymbolOwner,
  library?: string | undefined,
  provider?: string,
])[] = [
  [/^(?:__cudaRegisterLinkedBinary|__fatbinwrap_|__nv_cudaEntityRegisterCallback|__device_stub__)/, "cuda-device-link"],
  [
    /^(?:aoti_torch_|torch_(?:call_dispatcher|library_|get_|set_|list_|string_|parallel_|delete_|new_|exception|dtype_|from_blob|is_|stable_|abi_))/,
    "torch-stable-abi",
    "torch",
  ],
  [/^(?:THP|_?THPVariable)/, "torch-python", "torch_python"],
  [/^(?:THC|THCud|THCState)/, "torch-cuda", "torch_cuda"],
  [
    /^(?:TH(?:Float|Double|Byte|Char|Short|Int|Long|Half|Bool|Storage|Tensor|Blas|Lapack|NN)|THNN_|THAlloc|THFree|THError|_THArgCheck|_THError|_THAssertionFailed)/,
    "torch",
  ],
  [/^(?:Py[A-Z_]|_Py[A-Z_]|_PyEval|PyInit_)/, "python"],
  [
    /^(?:__cudaRegister|__cudaPush|__cudaPop|__cudaInit|__cudaUnregister|__cudaLaunch|cuda[A-Z])/,
    "cuda-runtime",
    "cudart",
    "the CUDA runtime",
  ],
  [/^(?:cublasLt)/, "cuda-library", "cublasLt", "cuBLAS"],
  [/^(?:cublas)/, "cuda-library", "cublas", "cuBLAS"],
  [/^(?:cusparseLt)/, "cuda-library", "cusparseLt", "cuSPARSELt"],
  [/^(?:cusparse)/, "cuda-library", "cusparse", "cuSPARSE"],
  [/^(?:cusolver)/, "cuda-library", "cusolver", "cuSOLVER"],
  [/^(?:cufft)/, "cuda-library", "cufft", "cuFFT"],
  [/^(?:curand)/, "cuda-library", "curand", "cuRAND"],
  [/^(?:cudnn)/, "cuda-library", "cudnn", "cuDNN"],
  [/^(?:nccl)/, "cuda-library", "nccl", "NCCL"],
  [/^(?:nvrtc)/, "cuda-library", "nvrtc", "NVRTC"],
  [/^(?:__?nvJitLink|nvJitLink)/, "cuda-library", "nvJitLink", "nvJitLink"],
  [/^(?:nvtx|nvtxRange)/, "cuda-library", "nvToolsExt", "NVTX"],
  [/^(?:cupti)/, "cuda-library", "cupti", "CUPTI"],
  [/^(?:nvml)/, "cuda-library", "nvidia-ml", "NVML"],
  [/^(?:npp[a-z])/, "cuda-library", "nppc", "NPP"],
  [/^(?:nvjpeg)/, "cuda-library", "nvjpeg", "nvJPEG"],
  [/^(?:nvshmem)/, "cuda-library", "nvshmem_host", "NVSHMEM"],
  [/^(?:cuFile)/, "cuda-library", "cufile", "cuFile"],
  [/^cu[A-Z]\w+$/, "cuda-driver", "cuda", "the NVIDIA driver"],
  [/^(?:__hip|hip[A-Z])/, "rocm", "amdhip64", "ROCm"],
  [/^(?:rocblas|hipblas|miopen|rocrand|hiprand|rccl|hsa_|roctx|rocsparse|rocfft)/, "rocm", undefined, "ROCm"],
  [/^(?:GOMP_|omp_|__kmpc_|kmp_)/, "openmp", "gomp", "OpenMP"],
  [/^(?:iJIT_|__itt_|cblas_gemm_(?:s8u8s32|s16s16s32|bf16bf16f32|f16f16f32))/, "mkl", "mkl_rt", "MKL"],
  [/^(?:mkl_|MKL_|vsl|vml|vms|vmd|DftiC|LAPACKE_)/, "mkl", "mkl_rt", "MKL"],
  [
    /^(?:lapack_\w+|[sdcz](?:ge(?:sdd|svdx?|svj|sv|evx?|esx?|gv|qrf|qp3|trf|tri|trs|lsd?|lsy|lss|con|hrd|bal|mm|mv|r)|po(?:trf|tri|trs|sv)|sy(?:ev|evd|evr|trf|tri|trs|gvd?|mm|rk)|he(?:ev|evd|evr|trf|trs|mm|rk)|or(?:gqr|mqr|ghr)|un(?:gqr|mqr)|tr(?:trs|tri|con|mm|sm|mv)|la(?:cpy|ange|swp|set)|gg(?:ev|es)|gt(?:sv|trf)|st(?:eqr|ev)|lamch))_?$/,
    "blas",
    "openblas",
    "BLAS and LAPACK",
  ],
  [/^(?:cblas_|[sdczx]g(?:emm|emv|etr|esv|eev|elsd)\w*_?$|s?dot_?$|openblas_)/, "blas", "openblas", "BLAS"],
  [/^(?:__asan_|__ubsan_|__tsan_|__msan_|__lsan_|__sanitizer)/, "sanitizer"],
  [/^(?:__gcov|llvm_gcov|__llvm_profile)/, "compiler-runtime", "gcov"],
  [/^__atomic_/, "compiler-runtime", "atomic", "libatomic"],
  [
    /^(?:__(?:u?div|u?mod|mul|trunc|extend|float|fix|add|sub|cmp|neg|ashl|lshr|gnu_[fh]2[hf])\w*[hsdtx][fi]\w*\d?$|__?__(?:add|sub|mul|div|eq|ne|lt|le|gt|ge|unord|ext|trunc|float|fix)\w*tf\d?$|__gnu_h2f_ieee|__gnu_f2h_ieee|__cpu_model|__cpu_indicator)/,
    "compiler-runtime",
    "gcc",
    "libgcc",
  ],
  [
    /^(?:__isoc23_|__libc_|__glibc|__memcpy_chk|__fprintf_chk|__stack_chk|__cxa_thread_atexit_impl|arc4random|__tls_get_addr|fcntl64|pthread_|dlopen|dlsym|dlclose|shm_open|clock_gettime|__exp_finite|__log_finite|__pow_finite|__\w+_finite)/,
    "glibc",
    undefined,
    "glibc",
  ],
  [/^(?:__cxa_|__gxx_|__dynamic_cast|__once_proxy)/, "libstdc++", "stdc++", "the C++ library"],
  [/^(?:png_|jpeg_|tjInit|webp|Webp|WebP|TIFF)/, "library", undefined, "an image library"],
  [/^(?:deflate|inflate|compress2?|uncompress|crc32|gz\w+|zlib\w*)$/, "library", "z", "zlib"],
  [/^(?:MPI_|ompi_|MPII?_)/, "library", "mpi", "MPI"],
  [/^(?:ibv_|rdma_|mlx5dv_)/, "library", "ibverbs", "rdma-core"],
  [/^(?:numa_)/, "library", "numa", "libnuma"],
  [/^(?:av_|avcodec_|avformat_|sws_|swr_)/, "library", "avcodec", "FFmpeg"],
  [/^egl[A-Z]/, "library", "EGL", "EGL (OpenGL without a window)"],
  [/^(?:gl[A-Z]|glX)/, "library", "GL", "OpenGL"],
  [/^(?:H5[A-Z])/, "library", "hdf5", "HDF5"],
  [/^(?:__imp_)?(?:PyArray|_import_array)/, "numpy"],
];

/** C++ namespaces by their outermost component. */
const namespaces: Readonly<
  Record<string, readonly [owner: SymbolOwner, library?: string | undefined, provider?: string]>
> = {
  c10: ["torch", "c10"],
  at: ["torch", "torch_cpu"],
  torch: ["torch", "torch_cpu"],
  caffe2: ["torch", "torch_cpu"],
  c10d: ["torch", "torch_cpu"],
  ATen: ["torch", "torch_cpu"],
  aoti: ["torch", "torch_cpu"],
  executorch: ["library", undefined, "ExecuTorch"],
  pybind11: ["pybind11"],
  nanobind: ["library", "nanobind", "nanobind"],
  testing: ["library", "gtest", "GoogleTest"],
  gflags: ["library", "gflags", "gflags"],
  Json: ["library", "jsoncpp", "JsonCpp"],
  folly: ["library", "folly", "folly"],
  re2: ["library", "re2", "RE2"],
  leveldb: ["library", "leveldb", "LevelDB"],
  sentencepiece: ["library", "sentencepiece", "SentencePiece"],
  libint2: ["library", "int2", "Libint"],
  Ort: ["library", "onnxruntime", "ONNX Runtime"],
  boost: ["library", undefined, "Boost"],
  cv: ["library", "opencv_core", "OpenCV"],
  fmt: ["library", "fmt", "fmt"],
  spdlog: ["library", "spdlog", "spdlog"],
  google: ["library", undefined, "protobuf or glog"],
  absl: ["library", undefined, "Abseil"],
  grpc: ["library", "grpc++", "gRPC"],
  nvinfer1: ["library", "nvinfer", "TensorRT"],
  onnxruntime: ["library", "onnxruntime", "ONNX Runtime"],
  cudnn: ["cuda-library", "cudnn", "cuDNN"],
  nvrtcHelper: ["cuda-library", "cudnn", "cuDNN"],
  dnnl: ["library", "dnnl", "oneDNN"],
  mkldnn: ["library", "dnnl", "oneDNN"],
  sycl: ["sycl", "sycl", "the SYCL runtime"],
  tbb: ["library", "tbb", "TBB"],
  tensorflow: ["library", "tensorflow_framework", "TensorFlow"],
  rocm: ["rocm", undefined, "ROCm"],
  arrow: ["library", "arrow", "Apache Arrow"],
  gloo: ["library", "gloo", "gloo"],
  vision: ["library", "torchvision", "torchvision"],
  YAML: ["library", "yaml-cpp", "yaml-cpp"],
  open3d: ["library", "Open3D", "Open3D"],
  pcl: ["library", "pcl_common", "PCL"],
  std: ["libstdc++", "stdc++", "the C++ library"],
  __gnu_cxx: ["libstdc++", "stdc++", "the C++ library"],
  __cxxabiv1: ["libstdc++", "stdc++", "the C++ library"],
};

/** Parts of torch that only its GPU libraries hold, by their first two components. */
const cudaParts = /^(?:c10::(?:cuda|hip)|at::(?:cuda|hip|native::(?:cuda|cudnn))|torch::cuda|caffe2::cuda|CUDAContext)/;

/** Parts of torch that only libtorch_python holds. */
const pythonParts =
  /^torch::(?:PythonArgParser|PythonArgs|FunctionSignature|FunctionParameter|TypeError|IndexError|ValueError|NotImplementedError|AttributeError|LinAlgError|PyTorchError|PyWarningHandler|py_|getTHPDtype|getTHPLayout|utils::(?:getTHP|device_lazy|cuda_lazy|options_to|tensor_)|jit::(?:toPyObject|tryToInferType|invokeScriptFunctionFromPython|toTypeInferredIValue|createStackForSchema|Python)|autograd::(?:PyNode|python_|THP|PyFunction)|impl::dispatch|python::|handle_torch_function|check_has_torch_function|gen_torch_function)/;

/** Judges a symbol as it stands in a message. */
export function judgeSymbol(raw: string): SymbolVerdict {
  const symbol = readSymbol(raw);
  const verdict = (owner: SymbolOwner, library?: string, provider?: string): SymbolVerdict => ({
    symbol,
    owner,
    ...(library === undefined ? {} : { library }),
    ...(provider === undefined ? {} : { provider }),
  });
  if (symbol.form === "c") {
    // Mach-O puts an underscore before every C name.
    for (const name of symbol.name.startsWith("_") ? [symbol.name, symbol.name.slice(1)] : [symbol.name]) {
      for (const [form, owner, library, provider] of cNames)
        if (form.test(name)) return verdict(owner, library, provider);
    }
    return verdict("user");
  }
  const first = symbol.path[0] ?? "";
  const path = symbol.path.join("::");
  if (symbol.words.some((word) => /^(?:__cudaRegisterLinkedBinary|__fatbinwrap)/.test(word)))
    return verdict("cuda-device-link");
  if (/^operator (?:new|delete)/.test(first)) return verdict("libstdc++", "stdc++", "the C++ library");
  if (cudaParts.test(path)) return verdict("torch-cuda", path.startsWith("c10::") ? "c10_cuda" : "torch_cuda");
  if (pythonParts.test(path) || /^THP/.test(first) || /^THP/.test(symbol.path.at(-1) ?? ""))
    return verdict("torch-python", "torch_python");
  if (first === "pybind11" && symbol.words.some((word) => word === "at" || word === "torch" || word === "c10")) {
    return verdict("torch-python", "torch_python");
  }
  const known = own(namespaces, first);
  if (known !== undefined) return verdict(...known);
  // A C function of a library, declared without extern "C": its name is mangled, its owner the same.
  const single = symbol.path.length === 1 ? (symbol.path[0] ?? "") : "";
  for (const [form, owner, library, provider] of cNames) {
    if (single !== "" && form.test(single) && owner !== "cuda-driver" && owner !== "library" && owner !== "blas")
      return verdict(owner, library, provider);
  }
  return verdict("user");
}

/** Whether a symbol belongs to torch, whatever part of it. */
export function isTorch(owner: SymbolOwner): boolean {
  return owner === "torch" || owner === "torch-cuda" || owner === "torch-python" || owner === "torch-stable-abi";
}

/** A readable name for a sentence: the qualified name, not the whole signature. */
export function shortName(verdict: SymbolVerdict): string {
  const { symbol } = verdict;
  const path = symbol.path.join("::");
  if (path === "") return symbol.name;
  const what = symbol.special === undefined ? "" : `${symbol.special} of `;
  return `${what}${path}`;
}
