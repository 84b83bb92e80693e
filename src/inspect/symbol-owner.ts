/** Whose a symbol is, judged by its name alone: torch, Python, CUDA, the C++ library, … or the user's own. */
import { type DemangledName, demangleName } from "./demangle.ts";

/** Who provides a symbol. `c` is the C library and what comes with the compiler (libgcc, libgomp, libm). */
export type SymbolOwner = "c10" | "torch" | "pybind11" | "python" | "cuda" | "libstdc++" | "c" | "user";

/** A symbol with what its name says. */
export interface OwnedSymbol {
  readonly symbol: string;
  readonly demangled?: DemangledName;
  readonly owner: SymbolOwner;
}

/** C names of CUDA's libraries: runtime, driver, and those that come with the toolkit. */
const CUDA_C =
  /^(?:__cuda|cuda[A-Z]|cu(?:Ctx|Device|Driver|Event|Func|Get|Graph|Init|Ipc|Kernel|Launch|Library|Link|Mem|Module|Multicast|Occupancy|Pointer|Profiler|Stream|Tensor|TexRef|Array)|cublas|cudnn|cufft|curand|cusolver|cusparse|nccl|nvrtc|nvJitLink|nvml|nvtx|cupti|cufile)/;

const ROCM_C = /^(?:hip[A-Z]|__hip|hsa_|rocblas|hipblas|miopen|rccl)/;

/**
 * C names that libtorch exports: `aoti_torch_…` and the shims of the stable ABI (torch/csrc/stable/c/shim.h), and those
 * of libtorch_python.
 */
const TORCH_C = /^(?:aoti_torch_|torch_|AOTI|THP[A-Z]|THC?[A-Z]?Storage|TH[CP]?Variable)/;

const PYTHON_C = /^_?Py(?:[A-Z_]|$)/;

/** What GCC's and the C++ runtime's own names look like. */
const RUNTIME_C = /^(?:__cxa_|__gxx_|__dynamic_cast|__once_|_ITM_)/;
const COMPILER_C =
  /^(?:_Unwind_|GOMP_|omp_|kmpc_|__kmpc_|__tls_get_addr|__gmon_start__|__stack_chk|__register_frame|_DYNAMIC|_GLOBAL_OFFSET)/;

const TORCH_NAMESPACES = new Set(["at", "torch", "caffe2", "executorch"]);

/** Names that device linking must define: their absence is the build's fault, whatever they begin with. */
export function isDeviceLinkSymbol(symbol: string): boolean {
  return /^__cudaRegisterLinkedBinary_|^__fatbinwrap_/.test(symbol);
}

/** Whether it is a C function of CUDA's libraries that linking device code does not define. */
export function isCudaFunction(symbol: string): boolean {
  return CUDA_C.test(symbol) && !isDeviceLinkSymbol(symbol);
}

/** Judges one symbol. */
export function ownerOf(symbol: string, version?: string): OwnedSymbol {
  const demangled = demangleName(symbol);
  const { owner, known } = ownerByName(symbol, demangled, version);
  return { symbol, owner, ...(known === undefined ? {} : { demangled: known }) };
}

function ownerByName(
  symbol: string,
  demangled: DemangledName | undefined,
  version: string | undefined,
): { readonly owner: SymbolOwner; readonly known: DemangledName | undefined } {
  if (demangled !== undefined) return { owner: ownerByPath(demangled), known: demangled };
  const answer = (owner: SymbolOwner): { readonly owner: SymbolOwner; readonly known: undefined } => ({
    owner,
    known: undefined,
  });
  if (isDeviceLinkSymbol(symbol)) return answer("user");
  if (version !== undefined && /^(?:GLIBCXX|CXXABI)_/.test(version)) return answer("libstdc++");
  if (version !== undefined && /^(?:GLIBC|GCC|OMP|GOMP|GOACC)_/.test(version)) return answer("c");
  if (TORCH_C.test(symbol)) return answer("torch");
  if (PYTHON_C.test(symbol)) return answer("python");
  if (CUDA_C.test(symbol) || ROCM_C.test(symbol)) return answer("cuda");
  if (RUNTIME_C.test(symbol)) return answer("libstdc++");
  if (COMPILER_C.test(symbol)) return answer("c");
  return answer("user");
}

function ownerByPath({ path, name }: DemangledName): SymbolOwner {
  const [root = "", second = ""] = path;
  if (root === "c10" || root === "c10_cuda") return "c10";
  // Functions of libtorch_python stand outside of any namespace: `THPVariable_Wrap`.
  if (TORCH_NAMESPACES.has(root) || TORCH_C.test(root)) return "torch";
  if (root === "pybind11") return "pybind11";
  if (root === "std" || root === "__cxxabiv1" || root === "__gnu_cxx" || root.startsWith("operator new")) {
    // Instances of templates belong to who instantiates them, but the standard library exports many of its own.
    return "libstdc++";
  }
  if (root.startsWith("operator delete") || name.startsWith("operator delete")) return "libstdc++";
  if (root === "nvcuda" || root === "cuda" || (root === "cub" && second !== "")) return "cuda";
  return "user";
}

/**
 * Whether a symbol is torch's own, by a look at its first letters alone: thousands of symbols are counted so. Agrees with
 * `ownerOf` on all but local names and the like.
 */
export function looksLikeTorch(symbol: string): "c++" | "c" | undefined {
  const nested = /^_{1,2}Z(?:T[VTISWH]|G[VR])?N?[rVKRO]*(\d+)/.exec(symbol);
  if (nested !== null) {
    const name = symbol.slice(nested[0].length, nested[0].length + Number(nested[1]));
    return name === "c10" || TORCH_NAMESPACES.has(name) || TORCH_C.test(name) ? "c++" : undefined;
  }
  if (symbol.startsWith("?")) {
    const { owner } = ownerOf(symbol);
    return owner === "c10" || owner === "torch" ? "c++" : undefined;
  }
  return TORCH_C.test(symbol) ? "c" : undefined;
}

/** Which `std::string` a symbol was compiled with; undefined when none occurs in it. */
export function stringAbiOf(
  symbol: string,
  demangled: DemangledName | undefined,
): "cxx11" | "old" | "libc++" | undefined {
  if (/\d+__cxx11|B5cxx11/.test(symbol)) return "cxx11";
  if (demangled === undefined) return undefined;
  if (demangled.text.includes("std::__1::")) return "libc++";
  if (/std::(?:basic_string|basic_istream|basic_ostream)</.test(demangled.text)) {
    return demangled.text.includes("std::basic_string<") ? "old" : undefined;
  }
  return undefined;
}

/** The readable name with both forms of `std::string` written alike, to tell whether two symbols differ in it alone. */
export function withoutStringAbi(text: string): string {
  return text.replaceAll("std::__cxx11::", "std::").replaceAll("[abi:cxx11]", "");
}
