/**
 * Everything that a build says. The engine prints nothing: the terminal, the JSON lines, the trace and the report are
 * subscribers of these events.
 */
import type { Failure } from "../base/failure.ts";
import type { Action } from "../plan/graph.ts";
import type { Reason } from "./reason.ts";

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
      readonly slot?: number;
      readonly time: number;
    }
  /** Another process works on the same project or action; its result will be used. */
  | { readonly type: "waiting"; readonly on: string; readonly time: number }
  | { readonly type: "warning"; readonly message: string; readonly hint?: string; readonly time: number }
  | {
      readonly type: "finished";
      readonly ok: boolean;
      readonly failure?: Failure;
      readonly artifacts: readonly { readonly name: string; readonly path: string }[];
      readonly actions: { readonly executed: number; readonly cached: number; readonly fresh: number };
      readonly durationMs: number;
      readonly time: number;
    };

/** Takes events, in order, at once. */
export type BuildListener = (event: BuildEvent) => void;
