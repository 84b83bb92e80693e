/**
 * Runs actions whose turn has come: claims the work, so that no other build does it meanwhile, runs the program and tells
 * how it ended. What was killed for memory runs once more, alone. Which action is next is the schedule's business; what
 * becomes of a good result is that of `results.ts`.
 */
import { failure } from "../base/failure.ts";
import { commandText } from "../plan/graph.ts";
import type { BroughtInputs, LostInput } from "./brought-inputs.ts";
import type { FinishedRun, PreparedRun } from "./execute.ts";
import type { EngineInput } from "./input.ts";
import type { Jobs } from "./jobs.ts";
import { diedOfMemory } from "./memory.ts";
import { failureOfProgram, failureOutput } from "./program-failure.ts";
import type { Finished, Results } from "./results.ts";
import type { Runner } from "./runner.ts";
import type { BuildState } from "./state.ts";
import { type Tasks, yieldOnce } from "./tasks.ts";

/** What actions are run with. */
export interface TurnsContext {
  readonly input: EngineInput;
  readonly state: BuildState;
  readonly jobs: Jobs;
  readonly tasks: Tasks;
  readonly results: Results;
  readonly runner: Runner;
  readonly brought: BroughtInputs;
}

/** The turns of one build. */
export class Turns {
  readonly #in: TurnsContext;
  readonly #open = new Set<Promise<void>>();

  constructor(context: TurnsContext) {
    this.#in = context;
  }

  /** Starts what may start now. */
  start(): void {
    const { state, jobs, tasks } = this.#in;
    while (jobs.hasFree && !state.stopped) {
      const i = state.schedule.start((candidate) => jobs.fits(candidate));
      if (i === undefined) return;
      const turn = tasks.run(i, async () => await jobs.use(i, async (slot) => await this.#execute(i, slot)));
      this.#open.add(turn);
      void turn.finally(() => this.#open.delete(turn));
    }
  }

  /** Resolves when everything that ran is recorded. */
  async recorded(): Promise<void> {
    await Promise.all(this.#open);
  }

  async #execute(i: number, slot: number): Promise<void> {
    const { input, state, results, runner, brought } = this.#in;
    const { host, emit, signal } = input;
    const { schedule, groups } = state;
    const action = state.action(i);
    const judgement = state.judgement(i);
    const wait = (): void => emit({ type: "waiting", on: action.description, time: host.monotonic() });
    const claim = await results.storeFor(action)?.claim(judgement.key, wait, signal);
    let sharing: Promise<void> | undefined;
    try {
      if (state.stopped || groups.hasFailed(action)) {
        schedule.failed(i);
        return;
      }
      // It waited for its turn since it was looked for: somebody else may have done it meanwhile.
      if (claim !== undefined && !input.force && (await results.fetch(action, judgement))) {
        schedule.done(i);
        return;
      }
      const lost = await brought.bring(i, slot);
      if (lost !== undefined) {
        this.#ended(i, slot, lost);
        return;
      }
      ({ sharing } = await runner.run({
        action,
        slot,
        signal: groups.signal(action, signal),
        ended: async (run, end) =>
          end.ok ? await this.#finish(i, slot, run, end) : this.#ended(i, slot, { action, run, end }),
      }));
    } finally {
      // Whoever waits for the claim looks into the store next.
      if (sharing === undefined) claim?.release();
      else void sharing.finally(() => claim?.release());
    }
  }

  /**
   * A program ended well. The next one may start before its outputs are in place, and what needs these before it is
   * recorded what they were made of, which takes half a second with all of PyTorch's headers.
   */
  async #finish(i: number, slot: number, run: PreparedRun, end: FinishedRun): Promise<Finished> {
    const { state, jobs, tasks, results } = this.#in;
    const { schedule } = state;
    const good = { action: state.action(i), judgement: state.judgement(i), slot, run, end };
    const outputs = await jobs.finishing(async () => {
      jobs.freeMemory(i);
      if (schedule.count("queued") > 0) {
        tasks.wake();
        await yieldOnce();
      }
      return await results.place(good);
    });
    schedule.done(i);
    tasks.wake();
    await yieldOnce();
    return await results.record(good, outputs);
  }

  /** A program ended badly: that of an action, or that of another one whose outputs it needs. */
  #ended(i: number, slot: number, { action, run, end }: LostInput): Finished {
    const { input, state, jobs } = this.#in;
    const { host, emit, signal } = input;
    const { schedule, groups } = state;
    if (signal?.aborted === true) {
      state.fail(i, failure("CANCELLED", "interrupted"));
      return {};
    }
    if (groups.hasFailed(action)) {
      emit({ type: "abandoned", action, slot, time: host.monotonic() });
      schedule.failed(i);
      return {};
    }
    const retrying = !state.stopped && diedOfMemory({ ...end, output: end.printed }) && jobs.mayRetryAlone(i);
    emit({
      type: "failed",
      action,
      ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
      ...(end.signal === undefined ? {} : { signal: end.signal }),
      output: failureOutput(run, end),
      command: commandText(action.command),
      durationMs: end.durationMs,
      retrying,
      slot,
      time: host.monotonic(),
    });
    if (retrying) {
      jobs.runAlone(i);
      schedule.enqueue(i);
      return {};
    }
    groups.fail(action);
    state.fail(i, failureOfProgram(action, end));
    return {};
  }
}
