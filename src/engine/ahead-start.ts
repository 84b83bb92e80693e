/**
 * Gives jobs that nothing else needs to actions that still wait. `ahead.ts` says why that is sound, and keeps account of
 * these runs.
 */
import { join } from "node:path";
import type { Action } from "../plan/graph.ts";
import type { AheadRun } from "./ahead.ts";
import { edgesOf } from "./edges.ts";
import type { Judge } from "./freshness.ts";
import { LateFiles } from "./late-files.ts";
import type { Edges } from "./schedule.ts";
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
  /** What makes the files that they really read. */
  readonly #readEdges: Edges;
  /** What makes those of these files that may come late. */
  readonly #lateEdges: Edges;
  /** What running programs wait for. */
  readonly #late = new Map<number, { readonly run: AheadRun; readonly files: LateFiles }>();
  /** How much was done when it was last asked which of them could. */
  #askedAt = -1;

  constructor(context: AheadContext) {
    this.#in = context;
    const { input, state } = context;
    const may = ({ ahead, startsOn }: Action): boolean => ahead === true || startsOn !== undefined;
    this.#candidates = input.force ? [] : state.actions.flatMap((action, i) => (may(action) ? [i] : []));
    const some = this.#candidates.length > 0;
    const early = ({ startsOn = [], readsLate = [] }: Action): string[] =>
      startsOn.filter((path) => !readsLate.includes(path));
    this.#readEdges = some ? edgesOf(state.actions, early) : [];
    this.#lateEdges = some ? edgesOf(state.actions, ({ readsLate = [] }) => readsLate) : [];
  }

  /** Starts what may start now, and stops guesses where a job is needed for what is none. */
  start(): void {
    const { state, jobs, tasks } = this.#in;
    const { schedule, ahead } = state;
    this.#handOver();
    if (schedule.count("queued") > 0) {
      if (jobs.hasFree) ahead.stop();
      // What is left must run alone, or takes all the memory: it would be waited for in vain.
      if (schedule.count("running") === 0) this.#giveUpWaiting();
    }
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
    const { input, state, jobs, judge, brought } = this.#in;
    const { schedule, ahead, groups } = state;
    const action = state.action(i);
    const isDone = (need: number): boolean => schedule.state(need) === "done";
    if (schedule.state(i) !== "waiting" || ahead.wasTried(i) || groups.hasFailed(action)) return;
    if (!brought.areThere(action)) return;
    if (action.ahead === true && (state.edges[i] ?? []).some((need) => isDone(need) || ahead.isDone(need))) {
      const judgement = judge.judge(action);
      if (judgement.missing.length === 0) {
        if (judgement.reasons.length === 0 || !jobs.hasMemory(i)) return;
        input.emit({ type: "dirty", action, reasons: judgement.reasons, time: input.host.monotonic() });
        this.#begin(i, ahead.begin(i, action, judgement));
        return;
      }
    }
    // Nothing is a guess here but that it is needed.
    if (action.startsOn === undefined || !(this.#readEdges[i] ?? []).every(isDone) || !jobs.hasMemory(i)) return;
    const beingMade = (need: number): boolean => isDone(need) || schedule.state(need) === "running";
    if ((this.#lateEdges[i] ?? []).every(isDone)) {
      if ((state.edges[i] ?? []).every(beingMade)) this.#begin(i, ahead.begin(i, action));
      return;
    }
    const { readsLate = [] } = action;
    const isNew = readsLate.every((path) => input.host.fs.lstat(path)?.kind !== "file");
    // One job is left for what it waits for: that of what runs now.
    if (isNew && schedule.count("running") > 0) this.#begin(i, ahead.begin(i, action, undefined, readsLate), readsLate);
  }

  /** Gives programs what they wait for as soon as it is there. */
  #handOver(): void {
    const { state } = this.#in;
    for (const [i, { run, files }] of this.#late) {
      if (files.isHandedOver || !(this.#lateEdges[i] ?? []).every((need) => state.schedule.state(need) === "done"))
        continue;
      const given = files.handOver();
      if (given === undefined) run.controller.abort();
      for (const [path, digest] of given ?? []) run.read.set(path, digest);
    }
  }

  #giveUpWaiting(): void {
    for (const { run, files } of this.#late.values()) if (!files.isHandedOver) run.controller.abort();
  }

  #begin(i: number, run: AheadRun, late: readonly string[] = []): void {
    const { state, jobs, tasks } = this.#in;
    run.ended = tasks.run(i, async () => {
      let done = false;
      try {
        await jobs.use(i, async (slot) => {
          done = late.length === 0 ? await this.#execute(i, slot, run) : await this.#executeWithout(late, i, slot, run);
        });
      } finally {
        state.ahead.end(i, done);
      }
    });
  }

  /** Starts it without some of the files that it reads, and has them handed over. */
  async #executeWithout(late: readonly string[], i: number, slot: number, run: AheadRun): Promise<boolean> {
    const { input, tasks } = this.#in;
    const folder = join(input.graph.buildDir, "tmp", `late-${input.host.processes.self().pid}-${i}`);
    const files = await LateFiles.open(input, late, folder);
    if (files === undefined) return false;
    this.#late.set(i, { run, files });
    try {
      // They may have come meanwhile, or the job may be needed.
      tasks.wake();
      return await this.#execute(i, slot, run, late);
    } finally {
      this.#late.delete(i);
      files.close();
    }
  }

  /** Whether it left a result. What fails is left to the turn of the action, where it is told. */
  async #execute(i: number, slot: number, ahead: AheadRun, handedOver: readonly string[] = []): Promise<boolean> {
    const { input, state, jobs, tasks, results, runner } = this.#in;
    const { host, emit } = input;
    const action = state.action(i);
    if (ahead.judgedAtStart && results.storeFor(action) !== undefined) {
      const judgement = await ahead.judgement;
      if (judgement !== undefined && (await results.fetch(action, judgement))) return true;
    }
    const outer = state.groups.signal(action, input.signal);
    const signal = outer === undefined ? ahead.controller.signal : AbortSignal.any([ahead.controller.signal, outer]);
    if (signal.aborted) return false;
    signal.addEventListener("abort", () => ahead.judged(undefined), { once: true });
    return await runner.run({
      action,
      slot,
      signal,
      ended: async (run, end) => {
        ahead.over = true;
        jobs.freeMemory(i);
        tasks.wake();
        const judgement = end.ok ? await ahead.judgement : undefined;
        // Its inputs may have been replaced before the program read them.
        if (judgement !== undefined && !signal.aborted && state.ahead.holds(ahead)) {
          const good = { action, judgement, slot, run, end, handedOver };
          await results.record(good, await results.place(good));
          return true;
        }
        emit({ type: "abandoned", action, slot, time: host.monotonic() });
        return false;
      },
    });
  }
}
