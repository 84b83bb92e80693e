/**
 * What was found on the machine, as one frozen value. The probes in this room make it; the plan reads it. It says
 * nothing about what is to be built.
 */
import type { Digest } from "../base/digest.ts";
import type { Attempt, Failure } from "../base/failure.ts";

/** A program that takes part in an action, known by the content of all its parts. */
export interface Tool {
  /** `g++`, `nvcc`, `ld`, … */
  readonly name: string;
  /** Absolute path by which it is started. */
  readonly path: string;
  /** `12.2.0`, `13.0.88`. */
  readonly version: string;
  /** Words before the program, e.g. `ccache`: they start it but do not change what it makes. */
  readonly launcher: readonly string[];
  /**
   * Words after the program that belong to it and come first in every command: `-m64` of `CXX="g++ -m64"`. Absent when
   * there are none.
   */
  readonly arguments?: readonly string[];
  /** Digest over the contents of `parts`. */
  readonly identity: Digest;
  /** The program and the programs and files it works with: cc1plus, as, cicc, ptxas, libdevice, … Absolute paths. */
  readonly parts: readonly { readonly name: string; readonly path: string; readonly digest: Digest }[];
}

/** The target interpreter. Paths are absolute. */
export interface Python {
  readonly executable: string;
  readonly version: readonly [number, number, number];
  readonly implementation: string;
  /** `t` free-threaded, `d` debug; as in `sys.abiflags`. */
  readonly abiFlags: string;
  /** With the leading dot: `.cpython-311-x86_64-linux-gnu.so`. */
  readonly extensionSuffix: string;
  /** Suffix of limited-API modules: `.abi3.so`, empty where the interpreter has none. */
  readonly abi3Suffix: string;
  readonly soabi: string;
  /** Folders with `Python.h`; empty when the headers are not installed. */
  readonly includeDirs: readonly string[];
  /** Folder of the import library (Windows), else of libpython. */
  readonly libraryDir: string;
  readonly prefix: string;
  readonly basePrefix: string;
  /** Where packages are looked for, in order. */
  readonly packageDirs: readonly string[];
  /** `linux-x86_64`, as `sysconfig.get_platform()`. */
  readonly platform: string;
  readonly freeThreaded: boolean;
  /** CFLAGS and the like that distutils would use, as given by sysconfig. */
  readonly config: Readonly<Record<string, string>>;
}

/** An installed PyTorch. */
export interface Torch {
  /** `wheel` in site-packages, `debian` under /usr, `libtorch` without Python, `source` a development tree. */
  readonly layout: "wheel" | "debian" | "libtorch" | "source";
  /** `…/site-packages/torch`, or the LibTorch folder: what is keyed as `$TORCH`. */
  readonly root: string;
  /** As written in version.py: `2.13.0+cpu`. */
  readonly version: string;
  /** [2, 13, 0]. */
  readonly release: readonly number[];
  /** CUDA that it was built with, `13.0`; undefined for CPU and ROCm. */
  readonly cudaVersion?: string;
  readonly hipVersion?: string;
  readonly gitVersion?: string;
  readonly includeDirs: readonly string[];
  readonly libraryDirs: readonly string[];
  /** Names of the libraries that are there, without prefix and suffix: `c10`, `torch_cpu`, … */
  readonly libraries: readonly string[];
  /** Whether libtorch was built with the C++11 ABI of libstdc++. */
  readonly cxx11Abi: boolean;
  /** What a debug build says of itself. */
  readonly debug?: boolean;
  /** Version of the oneAPI compiler that it was built with; undefined without XPU support. */
  readonly xpuVersion?: string;
  /**
   * The ABI that libtorch_python's pybind11 was built for, in the three parts that torch's own builder defines as
   * `PYBIND11_COMPILER_TYPE`, `PYBIND11_STDLIB` and `PYBIND11_BUILD_ABI` (`_gcc`, `_libstdcpp`, `_cxxabi1011`). Only of
   * torch with pybind11 2; pybind11 3 needs no such macros.
   */
  readonly pybind11Abi?: {
    readonly compilerType: string;
    readonly stdlib: string;
    readonly buildAbi: string;
  };
  /** Headers that torch/extension.h needs and that no include folder has: `pybind11/pybind11.h` with Debian's torch. */
  readonly missingHeaders?: readonly string[];
  /** Digest over version, build and the record of its files. */
  readonly identity: Digest;
}

/** A CUDA toolkit. */
export interface Cuda {
  readonly root: string;
  /** Who named it: `CUDA_HOME`, `pip nvidia wheels`, `nvcc on PATH`, … */
  readonly origin: string;
  /** `13.0`. */
  readonly version: string;
  /** `13.0.88`. */
  readonly fullVersion: string;
  readonly nvcc: Tool;
  readonly includeDirs: readonly string[];
  readonly libraryDirs: readonly string[];
  /** Whether this toolkit's headers have cublas_v2.h, cusparse.h, … : the ones ATen/cuda asks for. */
  readonly missingHeaders: readonly string[];
  /** Named by the user (CUDA_HOME, CUDA_PATH, PYTORCH_NVCC, an option), not found by looking around. */
  readonly explicit?: boolean;
  /**
   * The file to give to the linker, by library name: `cudart` → `…/libcudart.so`. pip's wheels have `libcudart.so.13`
   * alone, which `-lcudart` does not find: there it is that file. Static libraries too (`cudart_static`, `cudadevrt`).
   */
  readonly libraries?: Readonly<Record<string, string>>;
  /** Which host compilers this toolkit accepts. */
  readonly hostCompilers?: HostCompilerBounds;
  /** Compute capabilities that nvcc says it compiles for (`--list-gpu-code`): `7.5`, `9.0`. Else a table decides. */
  readonly architectures?: readonly string[];
}

/** Versions of host compilers that a CUDA toolkit accepts; what is absent is not bounded. */
export interface HostCompilerBounds {
  /** The header that says so, or `table`. */
  readonly source: string;
  /** Newest major version of gcc, inclusive. */
  readonly gccNewest?: number;
  /** Oldest major version of gcc, inclusive. */
  readonly gccOldest?: number;
  /** First major version of clang that is refused. */
  readonly clangBelow?: number;
  /** Oldest major version of clang, inclusive. */
  readonly clangOldest?: number;
  /** First `_MSC_VER` that is refused. */
  readonly msvcBelow?: number;
  /** Oldest `_MSC_VER`, inclusive. */
  readonly msvcOldest?: number;
}

/** A host compiler. */
export interface HostCompiler {
  readonly family: "gcc" | "clang" | "apple-clang" | "msvc";
  readonly cxx: Tool;
  /** C compiler of the same family, when there is one. */
  readonly cc?: Tool;
  /** [12, 2, 0]. */
  readonly version: readonly number[];
  /** `x86_64-linux-gnu`. */
  readonly target: string;
  /** Built-in include folders, in search order, absolute. */
  readonly systemIncludeDirs: readonly string[];
  /** Folders in which `-l` looks after the ones of the command, absolute. */
  readonly systemLibraryDirs?: readonly string[];
  /** Variables without which it does not run (INCLUDE, LIB and PATH of MSVC outside of a developer prompt). */
  readonly env?: Readonly<Record<string, string>>;
}

/** A GPU that is there. */
export interface Gpu {
  readonly name: string;
  /** [9, 0]. */
  readonly computeCapability: readonly [number, number];
  readonly driverVersion?: string;
}

/** ROCm or oneAPI, when torch asks for them. */
export interface DeviceToolkit {
  readonly root: string;
  readonly version: string;
  readonly compiler: Tool;
  readonly includeDirs: readonly string[];
  readonly libraryDirs: readonly string[];
  /** GPUs that are visible, by the names of their architectures, sorted: `gfx90a`. Of ROCm only. */
  readonly architectures?: readonly string[];
}

/** The machine as the plan sees it. What was not found is undefined; the reasons are in `attempts` and `problems`. */
export interface Environment {
  readonly platform: "linux" | "darwin" | "win32";
  readonly arch: string;
  readonly python?: Python;
  readonly torch?: Torch;
  readonly cuda?: Cuda;
  readonly rocm?: DeviceToolkit;
  readonly sycl?: DeviceToolkit;
  readonly compiler?: HostCompiler;
  /**
   * The host compiler for nvcc's `-ccbin`, when there is a CUDA toolkit: `CC` as in torch's own builder, else `compiler`
   * where the toolkit accepts it, else another one that it accepts.
   */
  readonly cudaHost?: HostCompiler;
  /** An installed one that the toolkit takes, where a variable names one that it does not. */
  readonly cudaHostInstead?: HostCompiler;
  /** The linker that the compiler calls, part of the link's identity. */
  readonly linker?: Tool;
  /** What `-fuse-ld=NAME` would call instead, by that name: `lld`, `mold`, `gold`, `bfd`. See `linkerFor`. */
  readonly linkers?: Readonly<Record<string, Tool>>;
  readonly gpus: readonly Gpu[];
  readonly attempts: readonly Attempt[];
  /** Why a part is missing or unusable, by part. Reported when a build needs that part. */
  readonly problems: Readonly<Partial<Record<EnvironmentPart, Failure>>>;
  /** What is odd but no obstacle. */
  readonly warnings: readonly EnvironmentWarning[];
}

/** Something odd that stops no build. */
export interface EnvironmentWarning {
  /** Stable; where a check of the doctor is about the same, its name. */
  readonly about: "cuda" | "cuda-compiler" | "cuda-home" | "cuda-nvcc" | "torch-headers";
  /** A sentence without a full stop. */
  readonly text: string;
  /** The environment variable without which it would not be. */
  readonly variable?: string;
}

export type EnvironmentPart = "python" | "torch" | "cuda" | "compiler" | "linker" | "gpu" | "rocm" | "sycl";
