/**
 * Everything that a build says. The engine prints nothing: the terminal, the JSON lines, the trace and the report are
 * subscribers of these events.
 */
import type { Failure } from "../base/failure.ts";
import type { Action } from "../plan/graph.ts";
import type { Reason } from "./reason.ts";

/** What is known of a failure. Made by the diagnosis, which stands above the engine; the engine never sets it. */
export interface FailureDiagnosis {
  readonly id: string;
  readonly title: string;
  readonly cause: string;
  /** Shell lines; what a person has to do stands behind `#`. */
  readonly fix: readonly string[];
  /** The line of the output that tells. */
  readonly evidence: { readonly line: number; readonly text: string };
  readonly confidence: "high" | "medium" | "low";
  /** The page of the documentation. */
  readonly docs: string;
  /** Where in the sources, as the tool says it. */
  readonly place?: { readonly file: string; readonly line: number; readonly column?: number };
  /** The word of the command that is at fault. */
  readonly flag?: string;
}

/** One change that `--fix` made. */
export interface FixChange {
  /** Name of the extension that it is for; empty when it is for all. */
  readonly extension: string;
  /** In words: `include-dirs += "third_party/include"`. */
  readonly change: string;
  /** The diagnosis that asks for it, or the failure's code. */
  readonly diagnosis: string;
  /** The file that was changed, absolute; undefined when the change holds for this build only. */
  readonly file?: string;
  /** The changed lines, each with `+`, `-` or a blank before it. */
  readonly diff: readonly string[];
  /** How to keep a change that holds for this build only: an option, a line for the shell. */
  readonly keep?: string;
}

/** How an action came to its outputs. */
export type ActionOutcome = "executed" | "cached" | "fresh";

/** One thing that happened. Times are milliseconds of the host's monotonic clock. */
export type BuildEvent =
  | { readonly type: "planned"; readonly actions: readonly Action[]; readonly jobs: number; readonly time: number }
  /** An action has to be done, and why. Sent before it starts or is fetched. */
  | { readonly type: "dirty"; readonly action: Action; readonly reasons: readonly Reason[]; readonly time: number }
  | {
      readonly type: "started";
      readonly action: Action;
      readonly slot: number;
      readonly command: readonly string[];
      readonly time: number;
    }
  | {
      readonly type: "done";
      readonly action: Action;
      readonly outcome: ActionOutcome;
      /** What the program printed, replayed when it was not run now. */
      readonly output: string;
      readonly durationMs: number;
      readonly peakMemory?: number;
      /** The outputs are the same bytes as before: nothing after this has to be redone because of it. */
      readonly unchanged: boolean;
      readonly slot?: number;
      readonly time: number;
    }
  | {
      readonly type: "failed";
      readonly action: Action;
      readonly exitCode?: number;
      readonly signal?: string;
      readonly output: string;
      readonly command: readonly string[];
      readonly durationMs: number;
      /** Killed for memory and started again alone. */
      readonly retrying: boolean;
      /** Best first. */
      readonly diagnoses?: readonly FailureDiagnosis[];
      readonly slot?: number;
      readonly time: number;
    }
  /** A `setup.py` is run, to see what it declares. */
  | { readonly type: "reading"; readonly script: string; readonly time: number }
  /** It has run. */
  | {
      readonly type: "read";
      readonly script: string;
      /** What it printed. */
      readonly output: string;
      readonly durationMs: number;
      readonly time: number;
    }
  /** Stopped because another action of its group has failed, or because what it ran on before its turn has changed. */
  | { readonly type: "abandoned"; readonly action: Action; readonly slot: number; readonly time: number }
  /** Another process works on the same project or action; its result will be used. */
  | { readonly type: "waiting"; readonly on: string; readonly time: number }
  | { readonly type: "warning"; readonly message: string; readonly hint?: string; readonly time: number }
  /** `--fix` changed something; the build begins anew: `planned` follows, or `finished`. */
  | {
      readonly type: "fixed";
      readonly changes: readonly FixChange[];
      /** What it was about, where no action failed: an import, a compiler that was refused. */
      readonly failure?: Failure;
      /** Of that failure. Best first. */
      readonly diagnoses?: readonly FailureDiagnosis[];
      readonly time: number;
    }
  | {
      readonly type: "finished";
      readonly ok: boolean;
      readonly failure?: Failure;
      /** Of a failure that is not an action's: an import. Best first. */
      readonly diagnoses?: readonly FailureDiagnosis[];
      readonly artifacts: readonly { readonly name: string; readonly path: string }[];
      readonly actions: { readonly executed: number; readonly cached: number; readonly fresh: number };
      readonly durationMs: number;
      readonly time: number;
    };

/** Takes events, in order, at once. */
export type BuildListener = (event: BuildEvent) => void;
