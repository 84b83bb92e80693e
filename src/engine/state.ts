/**
 * Where a build stands: what each action was judged to be, which of them wait, run or are done, and what has failed.
 * Bookkeeping alone: it starts nothing and touches no file.
 */
import { failure, InternalError, type Failure } from "../base/failure.ts";
import type { Action } from "../plan/graph.ts";
import type { AheadRuns } from "./ahead.ts";
import type { Judgement } from "./freshness.ts";
import { Groups } from "./groups.ts";
import { ioFailure } from "./io-failure.ts";
import { criticalPaths, Schedule, type Edges } from "./schedule.ts";

/** What a build begins with. */
export interface StateOptions {
  readonly actions: readonly Action[];
  readonly edges: Edges;
  /** How long each action is likely to run. */
  readonly durations: readonly number[];
  readonly ahead: AheadRuns;
  readonly keepGoing: boolean;
}

/** Follows one build. Actions are known by their numbers. */
export class BuildState {
  readonly actions: readonly Action[];
  readonly edges: Edges;
  readonly schedule: Schedule;
  readonly groups = new Groups();
  readonly ahead: AheadRuns;
  readonly #keepGoing: boolean;
  readonly #judgements = new Map<number, Judgement>();
  #failure: Failure | undefined;
  #bug: { readonly error: unknown } | undefined;

  constructor({ actions, edges, durations, ahead, keepGoing }: StateOptions) {
    this.actions = actions;
    this.edges = edges;
    this.schedule = new Schedule(edges, criticalPaths(edges, durations));
    this.ahead = ahead;
    this.#keepGoing = keepGoing;
  }

  action(i: number): Action {
    const action = this.actions[i];
    if (action === undefined) throw new InternalError(`no action ${i}`);
    return action;
  }

  setJudgement(i: number, judgement: Judgement): void {
    this.#judgements.set(i, judgement);
  }

  judgement(i: number): Judgement {
    const judgement = this.#judgements.get(i);
    if (judgement === undefined) throw new InternalError(`action ${i} was not judged`);
    return judgement;
  }

  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Whether nothing new is to be begun. */
  get stopped(): boolean {
    return this.#failure !== undefined && (!this.#keepGoing || this.#failure.code === "CANCELLED");
  }

  /** The build has failed: what has not begun is given up, unless as much as possible is to be done. */
  stop(reason: Failure): void {
    if (this.#failure === undefined || reason.code === "CANCELLED") this.#failure = reason;
    if (!this.stopped) return;
    this.schedule.cancel();
    this.ahead.stop();
  }

  /** An action has failed. */
  fail(i: number, reason: Failure): void {
    this.schedule.failed(i);
    this.stop(reason);
  }

  /** Errors of the system are failures of the action; anything else is a bug, see `throwBug`. */
  failUnexpectedly(i: number, error: unknown): void {
    let reason: Failure;
    try {
      reason = ioFailure(error);
    } catch {
      this.#bug ??= { error };
      reason = failure("BUILD_FAILED", `could not ${this.action(i).description}`);
    }
    const state = this.schedule.state(i);
    if (state === "running" || state === "looking") this.fail(i, reason);
    else this.stop(reason);
  }

  /** Throws what should not have happened, once everything has come to rest. */
  throwBug(): void {
    if (this.#bug !== undefined) throw this.#bug.error;
  }
}
