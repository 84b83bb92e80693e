/**
 * Brings a graph of actions up to date: looks at each action as soon as what it needs is done, passes on what is fresh,
 * fetches what the store has, and has the rest run. It says everything as events. Which actions there are is the plan's
 * business; how they are run is said in `turns.ts`, what is left of a run in `results.ts`.
 */
import { failure, type Failure } from "../base/failure.ts";
import { commandText, type Action } from "../plan/graph.ts";
import { AheadStarter } from "./ahead-start.ts";
import { AheadRuns, type AheadRun } from "./ahead.ts";
import { Discovery } from "./discovery.ts";
import { edgesOf, expectedDurations } from "./edges.ts";
import { Judge, type Judgement } from "./freshness.ts";
import { BroughtInputs } from "./brought-inputs.ts";
import type { EngineInput } from "./input.ts";
import { Jobs } from "./jobs.ts";
import { MemoryBudget } from "./memory.ts";
import { peak, Results } from "./results.ts";
import { Roots } from "./roots.ts";
import { Runner } from "./runner.ts";
import { BuildState } from "./state.ts";
import { Tasks, yieldOnce } from "./tasks.ts";
import { Turns } from "./turns.ts";

/** How it came out. */
export interface EngineResult {
  readonly failure?: Failure;
  readonly executed: number;
  readonly cached: number;
  readonly fresh: number;
  /** Every file used was left alone while the build ran. */
  readonly steady: boolean;
}

/** So many actions may be looked at while others run. */
const lookAhead = 16;
/** Files above this size are read while other things go on. */
const largeFile = 4 << 20;

/** Does what has to be done. */
export async function runGraph(input: EngineInput): Promise<EngineResult> {
  return await new Engine(input).run();
}

class Engine {
  readonly #in: EngineInput;
  readonly #state: BuildState;
  readonly #tasks: Tasks;
  readonly #judge: Judge;
  readonly #results: Results;
  readonly #runner: Runner;
  readonly #turns: Turns;
  readonly #ahead: AheadStarter;
  /** Actions that are waited for while they are looked at. */
  #pending = 0;
  #fresh = 0;
  #reading: Promise<void> | undefined;

  constructor(input: EngineInput) {
    this.#in = input;
    const { graph, host, log } = input;
    const { actions } = graph;
    const roots = new Roots(graph.roots);
    const state = new BuildState({
      actions,
      edges: edgesOf(actions),
      durations: expectedDurations(actions, log),
      ahead: new AheadRuns(input.digests),
      keepGoing: input.keepGoing,
    });
    const jobs = new Jobs({
      jobs: input.jobs,
      memory: new MemoryBudget(input.memory, () => host.memory().available),
      need: (i) => memoryNeed(input, state.action(i)),
      state,
    });
    this.#state = state;
    this.#tasks = new Tasks(state);
    this.#judge = new Judge({ ...input, roots });
    const discovery = new Discovery({ ...input, roots });
    this.#results = new Results({ ...input, roots, discovery, groups: state.groups });
    this.#runner = new Runner(input);
    const acting = { input, state, judge: this.#judge, results: this.#results, runner: this.#runner };
    const parts = { ...acting, jobs, tasks: this.#tasks, brought: new BroughtInputs(acting) };
    this.#turns = new Turns(parts);
    this.#ahead = new AheadStarter(parts);
  }

  async run(): Promise<EngineResult> {
    const { signal, log, graph } = this.#in;
    const { schedule, ahead } = this.#state;
    const onAbort = (): void => {
      this.#state.stop(failure("CANCELLED", "interrupted"));
      this.#tasks.wake();
    };
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener("abort", onAbort);
    const large = this.#largeLibraries();
    if (large.length > 0) this.#reading = this.#read(large);
    try {
      while (!schedule.finished) {
        const woken = this.#tasks.woken();
        const looked = this.#look();
        this.#turns.start();
        this.#ahead.start();
        if (schedule.finished) break;
        if (looked) await yieldOnce();
        else await woken;
      }
      await ahead.close();
      await this.#turns.recorded();
      await this.#results.shared();
      this.#state.throwBug();
      const steady = await this.#results.settle(graph.actions);
      return {
        ...(this.#state.failure === undefined ? {} : { failure: this.#state.failure }),
        executed: this.#results.executed,
        cached: this.#results.cached,
        fresh: this.#fresh,
        steady,
      };
    } finally {
      signal?.removeEventListener("abort", onAbort);
      log.flush();
      this.#runner.close();
    }
  }

  /** Looks at some actions that are ready. True when there may be more to look at. */
  #look(): boolean {
    for (let n = 0; n < 200 && this.#pending < lookAhead; n++) {
      const i = this.#state.schedule.look();
      if (i === undefined) return false;
      this.#tasks.now(i, () => this.#lookAt(i));
    }
    return this.#pending < lookAhead;
  }

  /** Libraries that would hold everything up while they are read: libtorch is half a gigabyte. */
  #largeLibraries(): string[] {
    const { digests, graph } = this.#in;
    const paths = new Set<string>();
    for (const action of graph.actions) {
      for (const { names, dirs } of action.librarySearch) {
        for (const dir of dirs) for (const name of names) paths.add(`${dir}/${name}`);
      }
    }
    return [...paths].filter((path) => (digests.stat(path)?.size ?? 0) > largeFile && !digests.isKnown(path));
  }

  async #read(paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.#in.digests.digestLater(path);
    this.#reading = undefined;
  }

  #lookAt(i: number): void {
    const reading = this.#reading;
    if (reading === undefined || this.#state.action(i).librarySearch.length === 0) {
      this.#judgeAction(i);
      return;
    }
    this.#later(i, async () => {
      await reading;
      this.#judgeAction(i);
    });
  }

  /** Decides what is to be done with an action whose producers are done. */
  #judgeAction(i: number): void {
    const { schedule, groups, ahead } = this.#state;
    const { host, emit, force } = this.#in;
    const action = this.#state.action(i);
    if (this.#state.stopped || groups.hasFailed(action)) {
      schedule.failed(i);
      return;
    }
    const early = ahead.of(i);
    if (early !== undefined) {
      this.#later(i, async () => {
        if (!early.judgedAtStart && (await this.#meet(i, early))) return;
        await ahead.turnOf(early);
        this.#judgeAction(i);
      });
      return;
    }
    const judgement = this.#judge.judge(action);
    this.#state.setJudgement(i, judgement);
    if (judgement.reasons.length === 0) {
      // What ran before its turn was told then.
      if (!ahead.isDone(i)) this.#tellFresh(action, judgement);
      schedule.done(i);
      return;
    }
    emit({ type: "dirty", action, reasons: judgement.reasons, time: host.monotonic() });
    // The guess was wrong, and so for what follows.
    if (action.ahead === true) ahead.stop((other) => this.#state.action(other).group === action.group);
    if (judgement.missing.length > 0) {
      this.#tellMissing(action, judgement.missing);
      this.#state.fail(i, missingInput(action, judgement.missing));
      return;
    }
    if (force || this.#results.storeFor(action) === undefined) {
      schedule.enqueue(i);
      return;
    }
    this.#later(i, async () => {
      if (await this.#results.fetch(action, judgement)) schedule.done(i);
      else if (this.#state.stopped) schedule.failed(i);
      else schedule.enqueue(i);
    });
  }

  /** The turn of an action has come that was begun before its key was known. True when its run is not needed. */
  async #meet(i: number, early: AheadRun): Promise<boolean> {
    const action = this.#state.action(i);
    const judgement = this.#judge.judge(action);
    const { missing, reasons } = judgement;
    if (missing.length > 0 || reasons.length === 0) {
      early.controller.abort();
      return false;
    }
    this.#in.emit({ type: "dirty", action, reasons, time: this.#in.host.monotonic() });
    if (await this.#results.fetch(action, judgement)) {
      early.controller.abort();
      await early.ended;
      this.#state.schedule.done(i);
      return true;
    }
    early.judged(judgement);
    return false;
  }

  /** Goes on looking at an action when something has ended. */
  #later(i: number, work: () => Promise<void>): void {
    this.#pending++;
    void this.#tasks.run(i, async () => {
      try {
        await work();
      } finally {
        this.#pending--;
      }
    });
  }

  #tellFresh(action: Action, { record }: Judgement): void {
    this.#fresh++;
    this.#in.emit({
      type: "done",
      action,
      outcome: "fresh",
      output: record?.printed ?? "",
      durationMs: record?.durationMs ?? 0,
      ...peak(record?.peakMemory),
      unchanged: true,
      time: this.#in.host.monotonic(),
    });
  }

  #tellMissing(action: Action, missing: readonly string[]): void {
    this.#in.emit({
      type: "failed",
      action,
      output: `${missing.map((name) => `no such file: ${name}`).join("\n")}\n`,
      command: commandText(action.command),
      durationMs: 0,
      retrying: false,
      time: this.#in.host.monotonic(),
    });
  }
}

function missingInput({ description }: Action, [path = ""]: readonly string[]): Failure {
  return failure("INPUT_MISSING", `\`${path}\` is missing, which ${description} needs`, {
    hint: "check the path in the configuration, or make the file first",
  });
}

/** Bytes that an action is likely to take: a little more than the last time, else the plan's guess. */
function memoryNeed({ log }: EngineInput, action: Action): number {
  const measured = log.action(action.id)?.peakMemory ?? 0;
  return measured > 0 ? measured * 1.1 : action.memoryEstimate;
}
