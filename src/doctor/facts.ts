/** What the checks are made of, as one value: the environment and what else was looked at. Nothing here is judged. */
import type { Failure } from "../base/failure.ts";
import { shellWord } from "../base/shell-word.ts";
import type { Environment } from "../environment/environment.ts";
import type { GpuVerdict, Verdict } from "../inspect/verdict.ts";

/** Everything that a doctor looks at. */
export interface DoctorFacts {
  readonly environment: Environment;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** What the project here needs; undefined: there is none, or it cannot be read. */
  readonly project?: {
    readonly usesCuda: boolean;
    readonly usesSetupScript: boolean;
    /** PyTorch among the `requires` of pyproject.toml's `[build-system]`, as written: `torch>=2.4`. */
    readonly requiresTorch?: string;
  };
  /** What stands in the way of reading the project. */
  readonly projectProblem?: Failure;
  /** Version of the NVIDIA driver, `580.65.06`. */
  readonly driver?: string;
  /** The driver's library that a program would load, and the driver in the kernel; undefined where both are not there. */
  readonly driverFiles?: {
    /** Of the kernel module. */
    readonly kernel?: string;
    readonly library?: {
      readonly path: string;
      /** From the name of the file: `580.65.06`. */
      readonly version?: string;
      /** Found through `LD_LIBRARY_PATH`. */
      readonly byVariable?: true;
    };
    /** Whether there are device files of NVIDIA's. */
    readonly hasDevices: boolean;
  };
  /** Version of the headers beside `nvcc`, `13.0`: CUDART_VERSION. */
  readonly cudaHeaders?: string;
  /** Headers that every CUDA source needs and that none of the toolkit's folders has. */
  readonly missingCudaHeaders?: readonly string[];
  /** Folders of `CPATH` and its kin with CUDA's headers in them. */
  readonly cudaHeaderPlaces?: readonly {
    readonly variable: string;
    readonly folder: string;
    readonly version: string;
  }[];
  /** What `TMPDIR` names, when it cannot be used. */
  readonly badTemporary?: { readonly path: string; readonly exists: boolean };
  /** Whether PyTorch's own CUDA code runs on the GPUs that are there; undefined: no GPU, or it cannot be read. */
  readonly torchOnGpus?: readonly GpuVerdict[];
  /** Where `CUDA_HOME` or `CUDA_PATH` points. */
  readonly cudaHome?: {
    readonly variable: "CUDA_HOME" | "CUDA_PATH";
    readonly value: string;
    readonly exists: boolean;
    readonly hasNvcc: boolean;
    /** Whether `cuda_runtime.h` is below it; undefined: not looked for. */
    readonly hasHeaders?: boolean;
    /** A folder with `bin/nvcc` that was probably meant. */
    readonly toolkit?: string;
  };
  /** Folders of `PATH` with an nvcc and of `LD_LIBRARY_PATH` with a CUDA runtime, in their order. */
  readonly cudaPlaces: readonly CudaPlace[];
  /** Lock files of `torch.utils.cpp_extension.load`. */
  readonly locks: readonly { readonly path: string; readonly ageMs: number }[];
  /** Built extensions in the project, and those that `torch.utils.cpp_extension.load` keeps (`isLoaded`). */
  readonly extensions: readonly { readonly path: string; readonly verdict: Verdict; readonly isLoaded?: true }[];
  /** There are more than were looked at. */
  readonly moreExtensions: boolean;
  /**
   * The C++ library that a process of the interpreter gets and the compiler's own, with their newest `GLIBCXX` version,
   * where they are two: conda's beside the system's, or the other way round.
   */
  readonly cxxLibraries?: {
    readonly loaded: { readonly path: string; readonly newest: string };
    readonly compiler: { readonly path: string; readonly newest: string };
  };
  readonly store: {
    readonly path: string;
    readonly problem?: Failure;
    readonly bytes?: number;
    readonly limit?: number;
  };
  readonly memory: { readonly total: number; readonly available: number };
  readonly processors: number;
  /** Memory of the machine, where a control group (a container) allows less. */
  readonly machineMemory?: number;
  /** Folders in which a build writes. */
  readonly places?: readonly Place[];
  /** Linux within Windows. */
  readonly wsl?: {
    readonly version: 1 | 2;
    /** Windows's driver for CUDA is there: /usr/lib/wsl/lib/libcuda.so.1. */
    readonly hasCudaDriver: boolean;
  };
  /** What `ulimit` says, where it is a number. */
  readonly limits?: { readonly openFiles?: number; readonly addressSpace?: number };
  /** Sources whose time of change lies in the future. */
  readonly futureSources?: { readonly count: number; readonly path: string; readonly aheadMs: number };
  /** Whether the folder that `VIRTUAL_ENV` names is there. */
  readonly activeExists?: boolean;
  /** Variables with flags of nvcc's whose host compiler (`-ccbin`) is not there. */
  readonly missingHosts?: readonly { readonly variable: string; readonly host: string }[];
  /** Installations of PyTorch that the interpreter would find, in the order of its search. */
  readonly torches?: readonly { readonly folder: string; readonly version?: string; readonly from: TorchOrigin }[];
  /** More than one version's metadata in one folder of packages. */
  /** The oldest setuptools that the installed PyTorch asks for. */
  readonly torchSetuptools?: string;
  readonly torchMetadata?: readonly string[];
  /** What `LD_PRELOAD` names. */
  readonly preloads?: readonly { readonly name: string; readonly exists: boolean }[];
  /** What the build backend asks for and is not installed, by name. */
  readonly missingRequirements?: readonly string[];
  readonly nodeVersion: string;
  /** Bytes of the file that `NODE_EXTRA_CA_CERTS` names; undefined: not set, or no such file. */
  readonly extraCertificates?: { readonly path: string; readonly bytes?: number };
  /** Paths of programs that others need. */
  readonly programs: { readonly ninja?: string; readonly ccache?: string };
  /** Version of setuptools in the interpreter. */
  readonly setuptools?: string;
}

/** Where an installation of PyTorch was found. */
export type TorchOrigin = "PYTHONPATH" | "current folder" | "packages" | "user packages";

/** A folder in which a build writes, or whose parent it would make it in. */
export interface Place {
  readonly role: "temporary" | "cache" | "project" | "load";
  readonly path: string;
  /** Bytes that may still be written. */
  readonly free?: number;
  readonly freeFiles?: number;
  /** `NFS`, `9p`, …: a file system over a network, or another system's. */
  readonly remote?: string;
  /** Mounted so that nothing in it may be run or loaded. */
  readonly noExec?: true;
  /** Names that differ in case alone are one file. */
  readonly ignoresCase?: true;
  /** This user may make no file in it: it is mounted read-only, or somebody else's. */
  readonly readOnly?: true;
}

/** A CUDA on a search path. */
export interface CudaPlace {
  readonly variable: "PATH" | "LD_LIBRARY_PATH";
  readonly folder: string;
  /** `12.4`, or its major version alone. */
  readonly version: string;
}

/** `ok`: right. `problem`: wrong now. `later`: goes well until something is done that it stands in the way of. */
export type CheckStatus = "ok" | "later" | "problem";

/** What a check came to. */
export interface Check {
  /** Stable, kebab-case. */
  readonly id: string;
  readonly status: CheckStatus;
  /** One sentence without a full stop. */
  readonly title: string;
  /** Why it matters, in a sentence or two. */
  readonly detail?: string;
  /** Shell lines; what a person has to do stands behind `#`. */
  readonly fix: readonly string[];
}

/** A function of the facts alone. */
export type Checker = (facts: DoctorFacts) => readonly Check[];

export function right(id: string, title: string, detail?: string): Check {
  return { id, status: "ok", title, fix: [], ...(detail === undefined ? {} : { detail }) };
}

export function later(
  id: string,
  title: string,
  more: { readonly detail: string; readonly fix: readonly string[] },
): Check {
  return { id, status: "later", title, ...more };
}

export function problem(
  id: string,
  title: string,
  more: { readonly detail?: string; readonly fix: readonly string[] },
): Check {
  return { id, status: "problem", title, ...more };
}

/** A failure of another room as a check. Variables with which all would be well are set before anything is read. */
export function fromFailure(
  id: string,
  { message, hint, cause, remedy = {} }: Failure,
  status: "later" | "problem" = "problem",
): Check {
  return {
    id,
    status,
    title: message,
    fix: [
      ...Object.entries(remedy).map(([name, value]) => `export ${name}=${shellWord(value)}`),
      ...(hint === undefined ? [] : hint.split("\n").map((line) => `# ${line}`)),
    ],
    ...(cause === undefined ? {} : { detail: cause.split("\n")[0] ?? "" }),
  };
}
