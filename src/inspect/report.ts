/** What is known of a built extension, as one value. Made by `extension.ts`, judged by `verdict.ts`, told by `describe.ts`. */
import type { CudaArchitecture } from "./architecture.ts";
import type { CxxLibrary } from "./cxx-library.ts";
import type { NeededVersion } from "./elf-versions.ts";
import type { Fatbin } from "./fatbin.ts";
import type { HipEntry } from "./hip.ts";
import type { Provenance } from "./provenance.ts";
import type { PythonTag } from "./python-tag.ts";
import type { VersionFloor } from "./versions.ts";

export type FileFormat = "elf" | "pe" | "macho";

/** A library that is loaded together with the file. */
export interface NeededLibrary {
  /** As written in the file: `libc10.so`, `c10.dll`, `@rpath/libc10.dylib`. */
  readonly name: string;
  /** Loading goes on without it (Mach-O weak, PE delayed). */
  readonly optional: boolean;
}

/** A symbol that others must have. */
export interface UndefinedSymbol {
  readonly name: string;
  /** Loading goes on without it. */
  readonly weak: boolean;
  /** `GLIBC_2.34`. */
  readonly version?: string;
  /** The library that must have it, where the format says so. */
  readonly library?: string;
}

export interface PythonFacts {
  /** Calls into Python. */
  readonly uses: boolean;
  /** From the file name. */
  readonly tag?: PythonTag;
  /** Names of the modules that it defines (`PyInit_…`). */
  readonly modules: readonly string[];
  /**
   * Whether all that it uses of Python is in the limited API, with the oldest Python that has it all. Undefined when it
   * uses no Python.
   */
  readonly limitedApi?: {
    readonly only: boolean;
    readonly since?: readonly [number, number];
    /** The oldest Python that has it all, in its limited API or not. */
    readonly loadsSince?: readonly [number, number];
    readonly others: readonly string[];
  };
  /** Which binding library made the module, told from its constants or symbols. */
  readonly binding?: "pybind11" | "nanobind" | "cython" | "boost.python";
  /** Modules of pybind11 or nanobind share types when this is the same; of Cython its version. */
  readonly bindingAbi?: string;
}

export interface TorchFacts {
  readonly uses: boolean;
  /** Libraries of torch that it needs: `c10`, `torch_cpu`, … */
  readonly libraries: readonly string[];
  /** Undefined symbols that are torch's. */
  readonly symbols: number;
  /** Which `std::string` it was compiled with, and a symbol that shows it. Undefined when none shows it. */
  readonly stringAbi?: { readonly abi: "cxx11" | "old" | "libc++"; readonly evidence: string };
  /** Uses torch through its stable C shims alone: not tied to one version. */
  readonly stableAbi: boolean;
  /** The oldest PyTorch that has all that it uses of the stable ABI, `2.13`, where that is known. */
  readonly stableSince?: string;
  /** Whether it registers operators, by what it calls of torch. */
  readonly registers: boolean;
  /** Namespaces of operators that it registers, where its local symbols still tell. */
  readonly namespaces: readonly string[];
}

export interface DeviceCode {
  readonly kind: "binary" | "ptx" | "lto-ir";
  readonly architecture: CudaArchitecture;
  /** In how many fat binaries. */
  readonly count: number;
}

export interface CudaFacts {
  readonly uses: boolean;
  /** How it gets the CUDA runtime. */
  readonly runtime: "none" | "shared" | "static";
  /** CUDA's own libraries that it needs. */
  readonly libraries: readonly string[];
  /** Major version of the shared libraries: 13 of `libcudart.so.13`. */
  readonly major?: number;
  /** The toolkit that made the device code, `13.0.88`, when the code says so. */
  readonly toolkit?: string;
  /** The highest version of its PTX, `9.0`, and the CUDA that brought it; no older one translated it. */
  readonly ptx?: { readonly version: string; readonly cuda?: string };
  readonly code: readonly DeviceCode[];
  readonly fatbins: readonly Fatbin[];
  /** Device code that still has to be linked (`nvcc -dlink`). */
  readonly unlinked: boolean;
  /** Mangled names of kernels; undefined when there is too much code to look at. */
  readonly kernels?: readonly string[];
}

/** What is known of a built file. */
export interface ExtensionReport {
  /** File name, without folders. */
  readonly name: string;
  readonly size: number;
  readonly format: FileFormat;
  readonly kind: "python-module" | "torch-library" | "library" | "executable" | "object" | "gpu-code";
  readonly platform: "linux" | "win32" | "darwin";
  /** `x86_64`, `aarch64`, … */
  readonly machine: string;
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  /** All machines of a universal file. */
  readonly machines: readonly string[];
  readonly soname?: string;
  readonly buildId?: string;
  /** Program loader of an executable. */
  readonly interpreter?: string;
  readonly libraries: readonly NeededLibrary[];
  readonly rpath: readonly string[];
  readonly runpath: readonly string[];
  /** All symbols are bound when it is loaded. */
  readonly bindNow: boolean;
  readonly versions: readonly NeededVersion[];
  readonly floors: readonly VersionFloor[];
  /** Oldest macOS, `11.0`. */
  readonly minimumSystem?: string;
  /** What compilers and linkers wrote into it: `GCC: (Debian 12.2.0-14) 12.2.0`. */
  readonly compilers: readonly string[];
  /** The C++ library that it was compiled for, where it shows. */
  readonly cxxLibrary?: CxxLibrary;
  readonly python: PythonFacts;
  readonly torch: TorchFacts;
  readonly cuda: CudaFacts;
  readonly hip: readonly HipEntry[];
  readonly provenance?: Provenance;
  readonly undefinedSymbols: readonly UndefinedSymbol[];
  /** Written by a compiler of PyTorch: a model of AOTInductor, kernels in the cache of `torch.compile`. */
  readonly generator?: "aot-inductor" | "torch.compile";
  /** What contradicts itself in the file, each a sentence. */
  readonly anomalies: readonly string[];
}
