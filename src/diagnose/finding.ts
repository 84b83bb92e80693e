/**
 * What the parsers make of a log: typed findings, the same shape for every tool. The rules read nothing else. A finding
 * says what a tool said; what it means is not known here.
 */

/** Who spoke. */
export type ToolName =
  | "gcc"
  | "clang"
  | "nvcc"
  | "cudafe++"
  | "cicc"
  | "ptxas"
  | "nvlink"
  | "fatbinary"
  | "hipcc"
  | "msvc"
  | "assembler"
  | "linker"
  | "loader"
  | "python"
  | "cuda"
  | "hip"
  | "pip"
  | "setuptools"
  | "conda"
  | "ninja"
  | "make"
  | "cmake"
  | "bazel"
  | "shell"
  | "system"
  | "torch";

/** What sort of thing was said; decides which fields are set and which rules look at it. */
export type FindingKind =
  /** A compiler's message about a place in a source. */
  | "compile"
  /** A header that was not found: `header`. */
  | "missing-header"
  /** A compiler driver or code generator that complains of its command line or its surroundings. */
  | "driver"
  /** A program ended by a signal or an exception: `program`, `code` (signal, status). */
  | "tool-died"
  /** A symbol that nothing defines: `symbol`, `phase`, `file` (who asks), `library` (whose version was asked for). */
  | "undefined-symbol"
  /** A symbol that is defined more than once. */
  | "duplicate-symbol"
  /** A library or object that was not found: `library`, `phase`. */
  | "missing-library"
  /** A symbol version that a library does not have: `symbol` (`GLIBC_2.32`), `library`, `file` (who asks). */
  | "library-version"
  /** What else a linker says. */
  | "link"
  /** What else a loader says. */
  | "load"
  /** A Python exception: `code` is its type without modules. */
  | "exception"
  /** A Python warning or a log line of torch. */
  | "warning"
  /** An error of the CUDA or HIP run time or of its libraries: `code`. */
  | "gpu"
  /** A program that was not found: `program`. */
  | "missing-program"
  /** What pip, uv, conda, setuptools and other installers say. */
  | "installer"
  /** What ninja, make, CMake and MSBuild say of themselves. */
  | "build-tool"
  /** Disk, permissions, limits, network. */
  | "system"
  /** Says that something failed elsewhere. Never an answer. */
  | "wrapper";

/** `note` belongs to the finding before it and is rarely kept. */
export type Severity = "fatal" | "error" | "warning" | "note";

/** When a symbol or library was looked for. */
export type Phase = "load" | "link" | "device-link";

/** One thing that a tool said. */
export interface Finding {
  readonly kind: FindingKind;
  readonly tool: ToolName;
  readonly severity: Severity;
  /** What was said, in one line, without place and tool. Continuation lines are joined by one space. */
  readonly message: string;
  /** Line number in the log, from 1. */
  readonly at: number;
  /** Where the same was said for the last time, when it was said more than once. */
  readonly lastAt?: number;
  /** The line of the log, cleaned of colours, time stamps and prefixes. */
  readonly text: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** `C1083`, `LNK2019`, an exception's type, `cudaErrorNoKernelImageForDevice`, a signal. */
  readonly code?: string;
  readonly symbol?: string;
  readonly library?: string;
  readonly header?: string;
  readonly program?: string;
  readonly phase?: Phase;
  /** The line of the source that the compiler printed below its message. */
  readonly source?: string;
  /** Which sign of it the caret stands below, from 0. */
  readonly mark?: number;
  /** Why the first candidate of an overloaded call does not fit, as the compiler's note says it. */
  readonly note?: string;
  /** Of a message within a header's template: the project's own line that uses it, `a.cpp:4`. */
  readonly caller?: string;
  /** Innermost Python frames, `file:line function » line of source`, innermost last. */
  readonly frames?: readonly string[];
  /** Where an exception arose while another was handled: the number of exceptions before it in the chain. */
  readonly chained?: number;
}

/** A finding under construction: its message may grow while continuation lines arrive. */
export type OpenFinding = { -readonly [Name in keyof Finding]: Finding[Name] };
