/** What is said of a built file in an environment: will it load, will it run on the GPU, and what stands against it. */
import type { SymbolOwner } from "./symbol-owner.ts";

export type Answer = "yes" | "no" | "unknown";

/** Kinds of problems, in the order in which they are told: the first is the root of the others. */
export const PROBLEM_KINDS = [
  "wrong-platform",
  "wrong-machine",
  "damaged",
  "not-linked",
  "wrong-python",
  "wrong-module-name",
  "missing-library",
  "version-too-old",
  "not-loadable",
  "static-tls",
  "string-abi",
  "cxx-library",
  "missing-device-link",
  "other-torch",
  "missing-symbol",
  "driver-too-old",
  "no-gpu-code",
  "note",
] as const;

export type ProblemKind = (typeof PROBLEM_KINDS)[number];

/** A symbol that nothing in the process defines. */
export interface MissingSymbol {
  readonly symbol: string;
  readonly demangled?: string;
  readonly owner: SymbolOwner;
  readonly version?: string;
  /** The file that asks for it. */
  readonly neededBy: string;
  /**
   * `string-abi`: the same with the other `std::string` is there. `signature`: the same name with other parameters is
   * there. `not-linked`: an installed library has it, but the file does not ask for that library. `absent`: nothing
   * like it is installed.
   */
  readonly cause: "string-abi" | "signature" | "not-linked" | "absent";
  /** What is there instead, readable. */
  readonly forms: readonly string[];
  /** The library that has it or its other form. */
  readonly library?: string;
}

export interface Problem {
  readonly kind: ProblemKind;
  /** Warnings do not decide the verdict. */
  readonly severity: "error" | "warning";
  /** One sentence without a full stop: what is wrong. */
  readonly what: string;
  /** Why, in a sentence or two. */
  readonly why: string;
  /** What to do. */
  readonly fix: string;
  readonly owner?: SymbolOwner;
  readonly library?: string;
  /** Not more than are told; `count` is how many there are. */
  readonly symbols?: readonly MissingSymbol[];
  readonly count?: number;
}

/** Where a needed library comes from. */
export interface ResolvedLibrary {
  readonly name: string;
  /** Undefined: not found. */
  readonly path?: string;
  readonly foundBy?: string;
  readonly neededBy: string;
  readonly searched: readonly string[];
}

/** The verdict for one GPU. */
export interface GpuVerdict {
  readonly name: string;
  /** `9.0`. */
  readonly capability: string;
  readonly runs: Answer;
  readonly why: string;
}

export interface Verdict {
  /** With `import torch` done before, where it calls torch or CUDA, or needs CUDA's libraries. */
  readonly loads: Answer;
  /** Undefined when it uses neither torch nor CUDA. */
  readonly loadsWithoutTorch?: Answer;
  readonly runs: Answer;
  /** Why an answer is not `yes`, when no problem says so. */
  readonly reasons: readonly string[];
  /** The root first. */
  readonly problems: readonly Problem[];
  readonly libraries: readonly ResolvedLibrary[];
  readonly gpus: readonly GpuVerdict[];
  /** How much was looked up. */
  readonly checked: { readonly symbols: number; readonly files: number };
}

/** Puts the root causes first. */
export function orderProblems(problems: readonly Problem[]): Problem[] {
  const rank = (problem: Problem): number =>
    PROBLEM_KINDS.indexOf(problem.kind) + (problem.severity === "warning" ? PROBLEM_KINDS.length : 0);
  return [...problems].sort((a, b) => rank(a) - rank(b));
}

/** The part of the environment that a verdict needs; an `Environment` is one. */
export interface JudgeEnvironment {
  readonly platform: "linux" | "darwin" | "win32";
  /** As Node says it: `x64`, `arm64`. */
  readonly arch: string;
  readonly python?: {
    readonly executable: string;
    readonly version: readonly [number, number, number];
    readonly implementation: string;
    readonly extensionSuffix: string;
    readonly abi3Suffix: string;
    readonly freeThreaded: boolean;
    readonly libraryDir?: string;
    readonly basePrefix?: string;
  };
  readonly torch?: {
    readonly layout: string;
    readonly root: string;
    readonly version: string;
    readonly release: readonly number[];
    readonly cudaVersion?: string;
    readonly hipVersion?: string;
    readonly libraryDirs: readonly string[];
    readonly libraries: readonly string[];
    readonly cxx11Abi: boolean;
  };
  readonly cuda?: { readonly version: string; readonly libraryDirs: readonly string[] };
  readonly gpus: readonly JudgeGpu[];
}

export interface JudgeGpu {
  readonly name: string;
  readonly computeCapability: readonly [number, number];
  readonly driverVersion?: string;
}
