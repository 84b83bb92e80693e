/**
 * Gives jobs that nothing else needs to actions that still wait, on what there is of their inputs from last time. `ahead.ts`
 * says why that is sound, and keeps account of these runs.
 */
import type { AheadRun } from "./ahead.ts";
import type { Judge } from "./freshness.ts";
import type { TurnsContext } from "./turns.ts";

/** What is needed to run an action before its turn. */
export interface AheadContext extends TurnsContext {
  readonly judge: Judge;
}

/** Starts the runs before their turn of one build. */
export class AheadStarter {
  readonly #in: AheadContext;
  /** Actions that may run before their turn. */
  readonly #candidates: readonly number[];
  /** How much was done when it was last asked which of them could. */
  #askedAt = -1;

  constructor(context: AheadContext) {
    this.#in = context;
    const { input, state } = context;
    this.#candidates = input.force ? [] : state.actions.flatMap((action, i) => (action.ahead === true ? [i] : []));
  }

  /** Starts what may start now, and stops guesses where a job is needed for what is none. */
  start(): void {
    const { state, jobs, tasks } = this.#in;
    const { schedule, ahead } = state;
    if (schedule.count("queued") > 0 && jobs.hasFree) ahead.stop();
    if (this.#candidates.length === 0 || state.stopped || jobs.someAlone) return;
    if (schedule.count("ready") + schedule.count("looking") + schedule.count("queued") > 0) return;
    const done = schedule.count("done") + ahead.finished;
    if (done === this.#askedAt) return;
    for (const i of this.#candidates) {
      if (!jobs.hasIdle) return;
      tasks.now(i, () => this.#try(i));
    }
    this.#askedAt = done;
  }

  #try(i: number): void {
    const { input, state, jobs, tasks, judge } = this.#in;
    const { schedule, ahead, groups } = state;
    const action = state.action(i);
    if (schedule.state(i) !== "waiting" || ahead.wasTried(i) || groups.hasFailed(action)) return;
    const isDone = (need: number): boolean => schedule.state(need) === "done" || ahead.isDone(need);
    if (!(state.edges[i] ?? []).some(isDone)) return;
    const judgement = judge.judge(action);
    if (judgement.reasons.length === 0 || judgement.missing.length > 0 || !jobs.hasMemory(i)) return;
    state.setJudgement(i, judgement);
    input.emit({ type: "dirty", action, reasons: judgement.reasons, time: input.host.monotonic() });
    const run = ahead.begin(i, action);
    run.ended = tasks.run(i, async () => {
      let done = false;
      try {
        await jobs.use(i, async (slot) => {
          done = await this.#execute(i, slot, run);
        });
      } finally {
        ahead.end(i, done);
      }
    });
  }

  /** Whether it left a result. What fails is left to the turn of the action, where it is told. */
  async #execute(i: number, slot: number, ahead: AheadRun): Promise<boolean> {
    const { input, state, results, runner } = this.#in;
    const { host, emit } = input;
    const action = state.action(i);
    const judgement = state.judgement(i);
    if (results.storeFor(action) !== undefined && (await results.fetch(action, judgement))) return true;
    const outer = state.groups.signal(action, input.signal);
    const signal = outer === undefined ? ahead.controller.signal : AbortSignal.any([ahead.controller.signal, outer]);
    if (signal.aborted) return false;
    return await runner.run({
      action,
      slot,
      signal,
      ended: async (run, end) => {
        // Its inputs may have been replaced before the program read them.
        const done = end.ok && !signal.aborted && state.ahead.holds(ahead);
        const good = { action, judgement, slot, run, end };
        if (done) results.record(good, await results.place(good));
        else emit({ type: "abandoned", action, slot, time: host.monotonic() });
        return done;
      },
    });
  }
}
