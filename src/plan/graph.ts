/**
 * The graph of actions: what would be run, in which order, on what. Made by the pure planner, consumed by the engine,
 * the exporters and `--dry-run`. Commands are argument lists, never shell text. An action knows nothing of freshness.
 */
import type { Tool } from "../environment/environment.ts";

/**
 * One word of a command that names a path. `prefix + path + suffix` is what the program gets.
 *
 * The key of an action replaces the path's root by a name (`$PROJECT`, `$TORCH`, …), so that a moved project keeps its
 * objects. That is only right where the path itself does not come to stand in the output: `literal` says that it may.
 */
export interface PathArg {
  readonly prefix?: string;
  /** As the program gets it: absolute, or relative to the action's `cwd`. */
  readonly path: string;
  readonly suffix?: string;
  /** `output`: replaced by a temporary name while the action runs. */
  readonly role?: "input" | "output" | "depfile" | "search" | "tool";
  /** The location may be written into the output: it is keyed as it stands. */
  readonly literal?: boolean;
}

/** One word of a command. */
export type Arg = string | PathArg;

export type ActionKind =
  | "compile"
  | "compile-cuda"
  | "precompile-header"
  | "device-link"
  | "archive"
  | "link"
  | "cuda-preprocess"
  | "cuda-front-end"
  | "cuda-device-compile"
  | "cuda-assemble"
  | "cuda-fatbinary"
  | "hipify"
  | "copy";

/** Where the list of headers that were read is written. */
export interface Depfile {
  /** Relative to `cwd` or absolute, as in the command. */
  readonly path: string;
  /** `make`: as of `gcc -MD`; `msvc`: `/showIncludes` on stdout, nothing at `path`. */
  readonly format: "make" | "msvc";
}

/** One command with what it reads and writes. Paths are absolute unless said otherwise. */
export interface Action {
  /** Stable and unique in the graph: the first output below the build folder, e.g. `my_ops/csrc/a.cpp.o`. */
  readonly id: string;
  readonly kind: ActionKind;
  /** For people: `compile csrc/a.cpp`. */
  readonly description: string;
  /** Name of the extension that it belongs to. */
  readonly extension: string;
  readonly command: readonly Arg[];
  /** What stands in the key instead, where an input tells what the other words come to. */
  readonly keyCommand?: readonly Arg[];
  readonly cwd: string;
  /** Set on top of the environment of the build. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * g++ runs and may be told to collect garbage late, which takes time and changes nothing of what it makes. The words
   * are no part of the command as people and keys see it (`gcc-heap.ts`).
   */
  readonly gccHeap?: boolean;
  /** Takes much memory and gains from large pages, by variables that are no part of the key (`large-pages.ts`). */
  readonly largePages?: boolean;
  /** Names of the environment variables that the program reads and that can change its output. */
  readonly keyVariables: readonly string[];
  /** The programs involved. */
  readonly tools: readonly Tool[];
  /** Files known beforehand: sources, objects of other actions, libraries. */
  readonly inputs: readonly string[];
  /** The first one is the main output. */
  readonly outputs: readonly string[];
  readonly depfile?: Depfile;
  /**
   * Identity of the action that reads the same files and makes an input of it, which stands for them: for a digest of the
   * code, besides. What changes among them while this runs makes its result worthless, too.
   */
  readonly readsAs?: string;
  /** Folders in which an `#include` is looked for, in order: a new file in an earlier one shadows a later one. */
  readonly includeSearch: readonly string[];
  /**
   * Files looked for by name beforehand, each with the folders searched, in order: libraries (`-l`), programs (`-B`),
   * and what may be a file. The first one found is part of the key; that there is none is no error.
   */
  readonly librarySearch: readonly { readonly names: readonly string[]; readonly dirs: readonly string[] }[];
  /** Words too many for a command line: written to this file before the program starts. */
  readonly responseFile?: { readonly path: string; readonly content: string };
  /** A file that the command reads and that is written before it starts. `text` stands for its content in the key. */
  readonly note?: { readonly path: string; readonly content: Uint8Array; readonly text: string };
  /** Output names stand inside the outputs (coverage, split debug info): no temporary names. */
  readonly inPlace?: boolean;
  /** What the program leaves besides its outputs and nobody needs: removed afterwards. */
  readonly scrap?: readonly string[];
  /** A guess for the first run, in bytes; afterwards the measured peak counts. */
  readonly memoryEstimate: number;
  /** False when the result must not be shared between machines or folders. */
  readonly cacheable: boolean;
  /** Nobody but other actions reads the outputs: what the store has of them stays there until one of these runs. */
  readonly intermediate?: boolean;
  /** The source for compile_commands.json. */
  readonly source?: string;
  /** What compile_commands.json says instead, where the command does more than compile. */
  readonly compileCommand?: readonly Arg[];
  /**
   * Actions that are one command to people, such as the phases of one nvcc command: what one of them says the others
   * may say again, and when one fails the rest is of no use.
   */
  readonly group?: string;
  /** For what of its group's work it is: `host`, or an architecture (`compute_90`). Absent: for all of it. */
  readonly target?: string;
  /**
   * May run before its turn, on what its producers made the last time, when a job is idle: worth it where their outputs
   * are mostly the same as before. It must not be `inPlace`.
   */
  readonly ahead?: boolean;
  /**
   * The files that it really reads, where its inputs only say what these come to: it may begin, when a job is idle, while
   * its inputs are still being made. It must not be `inPlace`.
   */
  readonly startsOn?: readonly string[];
  /**
   * Those of `startsOn` that the program comes to when most of its work is done: where they are made for the first time, it
   * may begin before they are there.
   */
  readonly readsLate?: readonly string[];
}

/** What a build leaves for the user. */
export interface Artifact {
  readonly name: string;
  readonly extension: string;
  /** Made by an action, in the build folder. */
  readonly built: string;
  /** Where it is put, by copy and rename. */
  readonly path: string;
}

/** Named folders that stand for themselves in keys. The longest match wins. */
export interface Root {
  /** `$PROJECT`, `$BUILD`, `$TORCH`, `$CUDA`, `$PYTHON`. */
  readonly name: string;
  /** Absolute, without a slash at the end. */
  readonly path: string;
}

/** All that is to be done. Actions stand in an order in which they could be run one by one. */
export interface Graph {
  readonly actions: readonly Action[];
  readonly artifacts: readonly Artifact[];
  readonly roots: readonly Root[];
  /** Where objects, the log and temporary files live. */
  readonly buildDir: string;
  /** What the planner chose or noticed that people should know, each a sentence. */
  readonly warnings: readonly string[];
}

/** The word as the program gets it. */
export function argText(arg: Arg): string {
  return typeof arg === "string" ? arg : `${arg.prefix ?? ""}${arg.path}${arg.suffix ?? ""}`;
}

/** A command as plain words. */
export function commandText(command: readonly Arg[]): string[] {
  return command.map(argText);
}

/**
 * The same graph without the notes that retorch puts into what it links: they say that retorch built a file, which is
 * not so where somebody else runs the commands.
 */
export function withoutNotes(graph: Graph): Graph {
  return { ...graph, actions: graph.actions.map(withoutNote) };
}

function withoutNote(action: Action): Action {
  const { note, ...rest } = action;
  if (note === undefined) return action;
  return { ...rest, command: action.command.filter((arg) => typeof arg === "string" || arg.path !== note.path) };
}
