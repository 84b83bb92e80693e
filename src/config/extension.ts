/**
 * What is to be built, as one frozen value. Every kind of request (command line, `retorch.toml`, `pyproject.toml`, a
 * captured `setup.py`) is parsed into this once; nothing later looks at the request again. It says nothing about the
 * machine: that is the `Environment`.
 */
import type { Location } from "../base/failure.ts";

/** What a build makes: a module to import, a library for `torch.ops.load_library`, or a program. */
export type ExtensionKind = "python-module" | "torch-library" | "executable";

/** The language of a source, which decides the compiler. */
export type Language = "c" | "c++" | "cuda" | "objective-c++" | "hip" | "sycl";

/** Flags by the tool that gets them. */
export interface ToolFlags {
  /** C++ (and C) host compiler. */
  readonly cxx: readonly string[];
  readonly nvcc: readonly string[];
  readonly hipcc: readonly string[];
  readonly sycl: readonly string[];
}

/** A preprocessor macro. Without a value it is defined as `-DNAME`. */
export interface Define {
  readonly name: string;
  readonly value?: string;
}

/** One translation unit. */
export interface SourceFile {
  /** Absolute. */
  readonly path: string;
  readonly language: Language;
  /** For this file only, after the extension's own. */
  readonly flags?: ToolFlags;
  /** For this file only; one of these takes the place of the extension's define of the same name. */
  readonly defines?: readonly Define[];
}

/** A named set of default flags: `release` -O3 -DNDEBUG, `debug` -O0 -g, `release-with-debug` -O2 -g -DNDEBUG, `none`. */
export type Profile = "release" | "debug" | "release-with-debug" | "none";

/** Whether nvcc's commands are taken apart: `auto` where they are understood. */
export type CudaGraph = "auto" | "off";

/** One extension, complete and valid. Paths are absolute. */
export interface Extension {
  /** Module name; dots make packages: `my_pkg._C`. */
  readonly name: string;
  readonly kind: ExtensionKind;
  /** Project folder: compilers run here, and it is the root of what is keyed as `$PROJECT`. */
  readonly root: string;
  /** Folder in which the artefact appears (packages of the name are made below it). */
  readonly outDir: string;
  /** In the order given; globs are expanded and sorted by code unit. */
  readonly sources: readonly SourceFile[];
  readonly includeDirs: readonly string[];
  readonly defines: readonly Define[];
  readonly undefines: readonly string[];
  readonly flags: ToolFlags;
  /** hipcc gets its own flags alone, also for CUDA sources; else those of nvcc, renamed, come before them. */
  readonly ownHipccFlags?: boolean;
  /** As they are, at the end of the link command. */
  readonly linkFlags: readonly string[];
  /** Names for `-l`. */
  readonly libraries: readonly string[];
  readonly libraryDirs: readonly string[];
  /** Become run paths. */
  readonly runtimeLibraryDirs: readonly string[];
  /**
   * Where Python's packages lie when a program runs, `$ORIGIN/../lib/python3.12/site-packages`; undefined: where they are
   * now.
   */
  readonly packagesAt?: string;
  /** Objects and archives by path. */
  readonly extraObjects: readonly string[];
  /** Architectures as written (`native`, `8.0`, `9.0a`, `12.0+PTX`, `Ampere`); undefined: `TORCH_CUDA_ARCH_LIST`, else the GPU. */
  readonly cudaArch?: readonly string[];
  /** `17`, `20`, …; undefined: what the installed torch needs. */
  readonly cxxStandard?: string;
  /** Oldest CPython of the limited API, e.g. `3.10`. */
  readonly pyLimitedApi?: string;
  /** Oldest torch of the stable ABI, e.g. `2.10`: defines TORCH_TARGET_VERSION. */
  readonly torchTargetVersion?: string;
  /** Whether CUDA libraries are linked and CUDA headers found: `auto` means when a source is CUDA. */
  readonly withCuda: boolean | "auto";
  /** Relocatable device code needs a device link before the link. */
  readonly deviceLink: boolean;
  readonly deviceLinkLibraries: readonly string[];
  readonly deviceLinkFlags: readonly string[];
  /** False for a plain extension that does not use torch at all. */
  readonly usesTorch: boolean;
  /** Whether the built file says with what it was built. */
  readonly provenance: boolean;
  readonly profile: Profile;
  /** `off`: each CUDA source is one nvcc command; else its phases run by themselves where they are understood. */
  readonly cudaGraph?: CudaGraph;
  /** Thrust and CUB get a namespace of the extension's own, in place of one named after the list of architectures. */
  readonly ownCcclNamespace?: boolean;
  /**
   * Flags that come first, in the place of CFLAGS, CPPFLAGS, CXXFLAGS and LDFLAGS: whoever made the request has read
   * these already, as setuptools does. Host compiler and link; undefined: the variables count.
   */
  readonly baseFlags?: { readonly cxx: readonly string[]; readonly link: readonly string[] };
  /** Which of torch's builders is followed where they differ: `BuildExtension`, or `load()`. */
  readonly builder?: "setuptools" | "load";
  /** True: no C++ standard is named unless a flag does, so that the compiler's own counts, as with plain setuptools. */
  readonly compilerStandard?: boolean;
  /** Name of the artefact's file in `outDir` itself; undefined: by name, kind and interpreter, in its packages' folders. */
  readonly fileName?: string;
  /** Further files whose change compiles every source again. Absolute. */
  readonly depends?: readonly string[];
  /** Where the request says so, for messages. */
  readonly origin?: Location;
}

/** A folder or file whose state decided what the extensions are: a change of it means the request must be read again. */
export type ConfigWitness =
  /**
   * A file that was read, or looked for in vain. `state`: what `stat` says of it, where that is known to be the state
   * that counts, however young it is.
   */
  | {
      readonly kind: "file";
      readonly path: string;
      readonly state?: {
        readonly size: number;
        readonly mtimeMs: number;
        readonly ctimeMs: number;
        readonly ino: number;
      };
    }
  /** That something is there is all that counts. */
  | { readonly kind: "there"; readonly path: string }
  /** The names in a folder that end so, as walked by a glob; none when it was not there. */
  | { readonly kind: "listing"; readonly path: string; readonly names: readonly string[]; readonly suffix?: string }
  /** It cannot be told what decided: the request must be read again each time. */
  | { readonly kind: "volatile" };

/** All that a request says. */
export interface Project {
  /** Project folder, absolute. */
  readonly root: string;
  readonly extensions: readonly Extension[];
  readonly witnesses: readonly ConfigWitness[];
  /** `--python` or the file's `python`, absolute or a command name. */
  readonly python?: string;
  /** Absolute: where objects and results go, when the request says it. */
  readonly buildDir?: string;
  /** Environment variables that the request sets for the build, or takes away. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** What people should know of the request, each a sentence. */
  readonly warnings?: readonly string[];
  /** True where a configuration names the extensions; settings alone are none. */
  readonly configured?: boolean;
  /** Whether an editable install builds again at import, where the file says so. */
  readonly editableRebuild?: boolean;
}
