/**
 * Brings a graph of actions up to date: judges, fetches, runs, records, and says everything as events. Which actions
 * there are is the plan's business; where results are kept is the log's and the store's.
 *
 * Order of effects for one action: judge → fetch from the store, or claim it → run into temporary names → look again at
 * what it read → rename → record → share. A kill between any two of these leaves either the old output with the old
 * record or an output that no record vouches for; both are done again, none is taken for fresh.
 */
import { join } from "node:path";
import { failure, InternalError, type Failure } from "../base/failure.ts";
import type { Digest } from "../base/digest.ts";
import type { Cache, CachedResult, Claims } from "../cache/cache.ts";
import type { Host } from "../host/host.ts";
import { heapWords } from "../plan/gcc-heap.ts";
import { commandText, type Action, type Graph } from "../plan/graph.ts";
import { type AheadRun, AheadRuns } from "./ahead.ts";
import { Discovery } from "./discovery.ts";
import type { BuildListener } from "./events.ts";
import { executeRun, prepareRun, publishOutput, type FinishedRun, type PreparedRun } from "./execute.ts";
import type { FileDigests } from "./file-digests.ts";
import { Judge, type Judgement, type Package } from "./freshness.ts";
import { Groups } from "./groups.ts";
import { diskFull, ioFailure, tooManyOpenFiles } from "./io-failure.ts";
import type { BuildLog, NewActionRecord, Pair } from "./log.ts";
import { diedOfMemory, MemoryBudget } from "./memory.ts";
import { Roots } from "./roots.ts";
import { criticalPaths, Schedule, type Edges } from "./schedule.ts";

/** What a run of the engine works with. */
export interface EngineInput {
  readonly host: Host;
  readonly graph: Graph;
  readonly log: BuildLog;
  readonly digests: FileDigests;
  /** The environment in which programs run. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly packages: readonly Package[];
  readonly store?: Cache & Claims;
  /** How many programs may run at once. */
  readonly jobs: number;
  /** Bytes for all running programs together. */
  readonly memory: number;
  readonly force: boolean;
  readonly keepGoing: boolean;
  readonly signal?: AbortSignal;
  readonly emit: BuildListener;
}

/** How it came out. */
export interface EngineResult {
  readonly failure?: Failure;
  readonly executed: number;
  readonly cached: number;
  readonly fresh: number;
  /** Every file used was left alone while the build ran. */
  readonly steady: boolean;
}

const lookAhead = 16;
/** Files above this size are read while other things go on. */
const largeFile = 4 << 20;
const defaultDurationMs: Partial<Record<Action["kind"], number>> = {
  link: 500,
  copy: 10,
  "cuda-preprocess": 1000,
  "cuda-front-end": 9000,
  "cuda-device-compile": 12_000,
  "cuda-assemble": 1000,
  "cuda-fatbinary": 50,
};

/** The host code of a CUDA source is as long as its device code, where headers are most of both. */
function firstGuessMs({ kind, target }: Action): number {
  if (kind === "compile" && target === "host") return 12_000;
  return defaultDurationMs[kind] ?? 5000;
}

/** Which action makes which file, and so which must wait for which. */
export function edgesOf(actions: readonly Action[]): Edges {
  const producer = new Map<string, number>();
  for (const [i, action] of actions.entries()) {
    for (const output of action.outputs) {
      if (producer.has(output)) throw new InternalError(`two actions make ${output}`);
      producer.set(output, i);
    }
  }
  return actions.map((action) => {
    const needs = new Set<number>();
    for (const input of action.inputs) {
      const i = producer.get(input);
      if (i !== undefined) needs.add(i);
    }
    return [...needs];
  });
}

/** Does what has to be done. */
export async function runGraph(input: EngineInput): Promise<EngineResult> {
  return await new Engine(input).run();
}

interface Finished {
  /** Puts the result into the store, while other things go on. */
  readonly sharing?: Promise<void>;
}

class Engine {
  readonly #in: EngineInput;
  readonly #actions: readonly Action[];
  readonly #roots: Roots;
  readonly #judge: Judge;
  readonly #discovery: Discovery;
  readonly #schedule: Schedule;
  readonly #memory: MemoryBudget;
  readonly #judgements = new Map<number, Judgement>();
  /** Started once and killed for memory: runs again alone. */
  readonly #alone = new Set<number>();
  readonly #records: NewActionRecord[] = [];
  readonly #sharing = new Set<Promise<void>>();
  readonly #groups = new Groups();
  readonly #edges: Edges;
  readonly #ahead: AheadRuns;
  /** Actions that may run before their turn. */
  readonly #early: readonly number[];
  /** How much was done when it was last asked which of them could. */
  #askedAt = -1;
  readonly #slots: boolean[] = [];
  readonly #temporary: string;
  #fetching = 0;
  /** Running actions whose program has ended. */
  #finishing = 0;
  #runs = 0;
  #executed = 0;
  #cached = 0;
  #fresh = 0;
  #failure: Failure | undefined;
  #reading: Promise<void> | undefined;
  /** Something that should not happen; thrown once everything has come to rest. */
  #bug: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(input: EngineInput) {
    this.#in = input;
    const { graph, host, log } = input;
    this.#actions = graph.actions;
    this.#roots = new Roots(graph.roots);
    this.#judge = new Judge({ ...input, roots: this.#roots });
    this.#discovery = new Discovery({ ...input, roots: this.#roots });
    const edges = edgesOf(graph.actions);
    this.#edges = edges;
    this.#ahead = new AheadRuns(input.digests);
    this.#early = input.force ? [] : graph.actions.flatMap((action, i) => (action.ahead === true ? [i] : []));
    const durations = graph.actions.map((action) => log.action(action.id)?.durationMs ?? firstGuessMs(action));
    this.#schedule = new Schedule(edges, criticalPaths(edges, durations));
    this.#memory = new MemoryBudget(input.memory, () => host.memory().available);
    this.#temporary = join(graph.buildDir, "tmp", `${host.processes.self().pid}-${Math.trunc(host.now())}`);
  }

  async run(): Promise<EngineResult> {
    const { signal, host, log } = this.#in;
    const onAbort = (): void => {
      this.#stop(failure("CANCELLED", "interrupted"));
      this.#wake();
    };
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener("abort", onAbort);
    const large = this.#largeLibraries();
    if (large.length > 0) this.#reading = this.#read(large);
    try {
      while (!this.#schedule.finished) {
        const woken = new Promise<void>((resolve) => (this.#wake = resolve));
        const looked = this.#look();
        this.#start();
        this.#startAhead();
        if (this.#schedule.finished) break;
        if (looked) await yieldOnce();
        else await woken;
      }
      await this.#ahead.close();
      await Promise.all(this.#sharing);
      if (this.#bug !== undefined) throw this.#bug.error;
      const changed = await this.#in.digests.settle();
      this.#distrust(changed);
      return {
        ...(this.#failure === undefined ? {} : { failure: this.#failure }),
        executed: this.#executed,
        cached: this.#cached,
        fresh: this.#fresh,
        steady: changed.length === 0 && this.#records.every((record) => record.editedMeanwhile === undefined),
      };
    } finally {
      signal?.removeEventListener("abort", onAbort);
      log.flush();
      host.fs.remove(this.#temporary);
    }
  }

  get #stopped(): boolean {
    return this.#failure !== undefined && (!this.#in.keepGoing || this.#failure.code === "CANCELLED");
  }

  #stop(reason: Failure): void {
    if (this.#failure === undefined || reason.code === "CANCELLED") this.#failure = reason;
    if (!this.#stopped) return;
    this.#schedule.cancel();
    this.#ahead.stop();
  }

  /** Looks at some actions that are ready. True when there may be more to look at. */
  #look(): boolean {
    for (let n = 0; n < 200 && this.#fetching < lookAhead; n++) {
      const i = this.#schedule.look();
      if (i === undefined) return false;
      this.#guard(i, () => this.#lookAt(i));
    }
    return this.#fetching < lookAhead;
  }

  /** Libraries that would hold everything up while they are read: libtorch is half a gigabyte. */
  #largeLibraries(): string[] {
    const { digests } = this.#in;
    const paths = new Set<string>();
    for (const action of this.#actions) {
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
    const action = this.#action(i);
    if (this.#reading !== undefined && action.librarySearch.length > 0) {
      const reading = this.#reading;
      this.#fetching++;
      void this.#guardAsync(i, async () => {
        await reading;
        this.#fetching--;
        this.#judgeAction(i);
      });
      return;
    }
    this.#judgeAction(i);
  }

  #judgeAction(i: number): void {
    const action = this.#action(i);
    if (this.#stopped || this.#groups.hasFailed(action)) {
      this.#schedule.failed(i);
      return;
    }
    const { host, emit, store } = this.#in;
    const ahead = this.#ahead.of(i);
    if (ahead !== undefined) {
      this.#awaitAhead(i, ahead);
      return;
    }
    const judgement = this.#judge.judge(action);
    this.#judgements.set(i, judgement);
    if (judgement.reasons.length === 0 && this.#ahead.isDone(i)) {
      // It was told when it ran.
      this.#schedule.done(i);
      return;
    }
    if (judgement.reasons.length === 0) {
      this.#fresh++;
      emit({
        type: "done",
        action,
        outcome: "fresh",
        output: judgement.record?.printed ?? "",
        durationMs: judgement.record?.durationMs ?? 0,
        ...peak(judgement.record?.peakMemory),
        unchanged: true,
        time: host.monotonic(),
      });
      this.#schedule.done(i);
      return;
    }
    emit({ type: "dirty", action, reasons: judgement.reasons, time: host.monotonic() });
    // The guess was wrong, and so for what follows.
    if (action.ahead === true) this.#ahead.stop((other) => this.#action(other).group === action.group);
    if (judgement.missing.length > 0) {
      this.#fail(i, this.#missingInput(action, judgement.missing));
      return;
    }
    if (store === undefined || !action.cacheable || this.#in.force) {
      this.#schedule.enqueue(i);
      return;
    }
    this.#fetching++;
    void this.#guardAsync(i, async () => {
      try {
        if (await this.#fetch(i, store)) this.#schedule.done(i);
        else if (this.#stopped) this.#schedule.failed(i);
        else this.#schedule.enqueue(i);
      } finally {
        this.#fetching--;
      }
    });
  }

  #missingInput(action: Action, missing: readonly string[]): Failure {
    const path = missing[0] ?? "";
    const found = failure("INPUT_MISSING", `\`${path}\` is missing, which ${action.description} needs`, {
      hint: "check the path in the configuration, or make the file first",
    });
    this.#in.emit({
      type: "failed",
      action,
      output: `${missing.map((name) => `no such file: ${name}`).join("\n")}\n`,
      command: commandText(action.command),
      durationMs: 0,
      retrying: false,
      time: this.#in.host.monotonic(),
    });
    return found;
  }

  #start(): void {
    while (this.#hasFreeJob() && !this.#stopped) {
      const i = this.#schedule.start((candidate) => this.#fits(candidate));
      if (i === undefined) return;
      this.#memory.start(i, this.#need(i));
      void this.#guardAsync(i, async () => {
        const slot = this.#takeSlot();
        try {
          await this.#execute(i, slot);
        } finally {
          this.#slots[slot] = false;
          this.#memory.end(i);
        }
      });
    }
  }

  /** Gives jobs that nothing else needs to actions that wait, on what there is of their inputs from last time. */
  #startAhead(): void {
    const schedule = this.#schedule;
    if (schedule.count("queued") > 0 && this.#hasFreeJob()) this.#ahead.stop();
    if (this.#early.length === 0 || this.#stopped || this.#alone.size > 0) return;
    if (schedule.count("ready") + schedule.count("looking") + schedule.count("queued") > 0) return;
    const done = schedule.count("done") + this.#ahead.finished;
    if (done === this.#askedAt) return;
    for (const i of this.#early) {
      if (schedule.count("running") + this.#ahead.count >= this.#in.jobs) return;
      try {
        this.#tryAhead(i);
      } catch (error) {
        this.#failUnexpectedly(i, error);
      }
    }
    this.#askedAt = done;
  }

  #tryAhead(i: number): void {
    const { host, emit } = this.#in;
    const action = this.#action(i);
    if (this.#schedule.state(i) !== "waiting" || this.#ahead.wasTried(i) || this.#groups.hasFailed(action)) return;
    const isDone = (need: number): boolean => this.#schedule.state(need) === "done" || this.#ahead.isDone(need);
    if (!(this.#edges[i] ?? []).some(isDone)) return;
    const judgement = this.#judge.judge(action);
    if (judgement.reasons.length === 0 || judgement.missing.length > 0 || !this.#memory.fits(this.#need(i))) return;
    this.#judgements.set(i, judgement);
    emit({ type: "dirty", action, reasons: judgement.reasons, time: host.monotonic() });
    const ahead = this.#ahead.begin(i, action);
    this.#memory.start(i, this.#need(i));
    ahead.ended = this.#guardAsync(i, async () => {
      const slot = this.#takeSlot();
      let done = false;
      try {
        done = await this.#executeAhead(i, slot, ahead);
      } finally {
        this.#slots[slot] = false;
        this.#memory.end(i);
        this.#ahead.end(i, done);
      }
    });
  }

  /** Whether it left a result. What fails is left to the turn of the action, where it is told. */
  async #executeAhead(i: number, slot: number, ahead: AheadRun): Promise<boolean> {
    const { host, emit, store, signal, variables } = this.#in;
    const action = this.#action(i);
    if (store !== undefined && action.cacheable && (await this.#fetch(i, store))) return true;
    const outer = this.#groups.signal(action, signal);
    const either = outer === undefined ? ahead.controller.signal : AbortSignal.any([ahead.controller.signal, outer]);
    if (either.aborted) return false;
    const run = this.#prepare(action);
    emit({ type: "started", action, slot, command: commandText(action.command), time: host.monotonic() });
    const end = await executeRun(host, action, run, variables, either);
    // Its inputs may have been replaced before the program read them.
    const done = end.ok && !either.aborted && this.#ahead.holds(ahead);
    if (done) await this.#finish(i, slot, run, end);
    else emit({ type: "abandoned", action, slot, time: host.monotonic() });
    host.fs.remove(run.folder);
    return done;
  }

  /** The turn of an action has come that runs already: waits for its end, unless it runs on something else. */
  #awaitAhead(i: number, ahead: AheadRun): void {
    if (this.#ahead.holds(ahead)) ahead.awaited = true;
    else ahead.controller.abort();
    this.#fetching++;
    void this.#guardAsync(i, async () => {
      await ahead.ended;
      this.#fetching--;
      this.#judgeAction(i);
    });
  }

  /** An action whose program has ended takes no job any more, but no more than one of them for each job is left behind. */
  #hasFreeJob(): boolean {
    const { jobs } = this.#in;
    return this.#schedule.count("running") - Math.min(this.#finishing, jobs) + this.#ahead.awaited < jobs;
  }

  #fits(i: number): boolean {
    if (this.#alone.has(i)) return this.#schedule.count("running") + this.#ahead.count === 0;
    for (const other of this.#alone) if (this.#schedule.state(other) === "running") return false;
    return this.#memory.fits(this.#need(i));
  }

  #prepare(action: Action): PreparedRun {
    const { host, memory, jobs } = this.#in;
    const folder = join(this.#temporary, String(this.#runs++));
    return prepareRun(host, action, folder, action.gccHeap === true ? heapWords(memory / jobs) : []);
  }

  #need(i: number): number {
    const action = this.#action(i);
    const measured = this.#in.log.action(action.id)?.peakMemory ?? 0;
    return measured > 0 ? measured * 1.1 : action.memoryEstimate;
  }

  #takeSlot(): number {
    let slot = this.#slots.indexOf(false);
    if (slot < 0) slot = this.#slots.length;
    this.#slots[slot] = true;
    return slot;
  }

  async #execute(i: number, slot: number): Promise<void> {
    const { host, emit, store, signal, variables } = this.#in;
    const action = this.#action(i);
    const judgement = this.#judgement(i);
    const claim = action.cacheable
      ? await store?.claim(
          judgement.key,
          () => emit({ type: "waiting", on: action.description, time: host.monotonic() }),
          signal,
        )
      : undefined;
    let sharing: Promise<void> | undefined;
    try {
      if (this.#stopped || this.#groups.hasFailed(action)) {
        this.#schedule.failed(i);
        return;
      }
      // It waited for its turn since it was looked for: somebody else may have done it meanwhile.
      if (claim !== undefined && store !== undefined && !this.#in.force && (await this.#fetch(i, store))) {
        this.#schedule.done(i);
        return;
      }
      const run = this.#prepare(action);
      emit({ type: "started", action, slot, command: commandText(action.command), time: host.monotonic() });
      const end = await executeRun(host, action, run, variables, this.#groups.signal(action, signal));
      if (end.ok) {
        ({ sharing } = await this.#finishBesideTheNext(i, slot, run, end));
        this.#schedule.done(i);
      } else {
        this.#ended(i, slot, run, end);
      }
      host.fs.remove(run.folder);
    } finally {
      // Whoever waits for the claim looks into the store next.
      if (sharing === undefined) claim?.release();
      else void sharing.finally(() => claim?.release());
    }
  }

  /** Lets the next program start before the work that follows the end of this one. */
  async #finishBesideTheNext(i: number, slot: number, run: PreparedRun, end: FinishedRun): Promise<Finished> {
    this.#finishing++;
    try {
      if (this.#schedule.count("queued") > 0) {
        this.#memory.end(i);
        this.#wake();
        await yieldOnce();
      }
      return await this.#finish(i, slot, run, end);
    } finally {
      this.#finishing--;
    }
  }

  /** A program ended badly. */
  #ended(i: number, slot: number, run: PreparedRun, end: FinishedRun): void {
    const { host, emit, signal } = this.#in;
    const action = this.#action(i);
    const cancelled = signal?.aborted === true;
    if (!cancelled && this.#groups.hasFailed(action)) {
      emit({ type: "abandoned", action, slot, time: host.monotonic() });
      this.#schedule.failed(i);
      return;
    }
    const retrying =
      !cancelled &&
      !this.#stopped &&
      !this.#alone.has(i) &&
      diedOfMemory({ ...end, output: end.printed }) &&
      this.#wasNotAlone();
    if (!cancelled) {
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
    }
    if (retrying) {
      this.#alone.add(i);
      this.#schedule.enqueue(i);
      return;
    }
    if (!cancelled) this.#groups.fail(action);
    this.#fail(i, cancelled ? failure("CANCELLED", "interrupted") : failureOfProgram(action, end));
  }

  #wasNotAlone(): boolean {
    return this.#schedule.count("running") > 1 || this.#in.jobs > 1;
  }

  /** Puts the outputs in place and records how they came about. */
  async #finish(i: number, slot: number, run: PreparedRun, end: FinishedRun): Promise<Finished> {
    const { host, emit, digests, log, store } = this.#in;
    const action = this.#action(i);
    const judgement = this.#judgement(i);
    const { read, named } = end;
    const { startedAt } = run;
    const { absent: empty, libraries } = judgement;
    const found = this.#discovery.after({ action, read, named, startedAt, libraries, absent: empty });
    const edited = this.#edited([...action.inputs, ...found.files], startedAt);
    const inputs: Pair[] = [];
    let lost: string | undefined;
    for (const path of found.files) {
      const digest = digests.digest(path);
      if (digest === undefined) lost = path;
      else inputs.push({ path: this.#roots.logical(path), digest });
    }
    const absent = found.absent.map((path) => this.#roots.logical(path));
    const outputs = [];
    let unchanged = true;
    for (const output of action.outputs) {
      const at = run.temporary.get(output) ?? output;
      const digest = await host.fs.digest(at);
      const stat = host.fs.stat(at);
      if (digest === undefined || stat === undefined) throw new InternalError(`${at} vanished`);
      if (at !== output && digests.digest(output) === digest && digests.stat(output)?.mode === stat.mode) {
        host.fs.remove(at);
      } else {
        publishOutput(host, run, output);
        digests.learn(output, digest);
      }
      const path = this.#roots.logical(output);
      if (judgement.record?.outputs.find((old) => old.path === path)?.digest !== digest) unchanged = false;
      outputs.push({ path, digest, size: stat.size, mode: stat.mode });
    }
    const editedMeanwhile = edited ?? lost ?? found.appeared;
    const record: NewActionRecord = {
      id: action.id,
      key: judgement.key,
      parts: judgement.parts,
      discovered: inputs,
      absent,
      outputs,
      durationMs: end.durationMs,
      peakMemory: end.peakMemory,
      printed: end.printed,
      ...(editedMeanwhile === undefined ? {} : { editedMeanwhile: this.#roots.logical(editedMeanwhile) }),
    };
    log.putAction(record);
    log.flush();
    this.#records.push(record);
    this.#executed++;
    emit({
      type: "done",
      action,
      outcome: "executed",
      output: this.#groups.news(action, end.printed),
      durationMs: end.durationMs,
      ...peak(end.peakMemory),
      unchanged,
      slot,
      time: host.monotonic(),
    });
    if (store === undefined || !action.cacheable || editedMeanwhile !== undefined) return {};
    const sharing = this.#share(store, judgement.key, action, { ...record, inputs, outputs });
    return { sharing };
  }

  #share(store: Cache & Claims, key: Digest, action: Action, result: CachedResult): Promise<void> {
    const files = new Map(action.outputs.map((output) => [this.#roots.logical(output), output]));
    const sharing = store.store(key, result, files).finally(() => this.#sharing.delete(sharing));
    this.#sharing.add(sharing);
    return sharing;
  }

  /** Takes the outputs from the store, when it has a result whose headers are those of today. */
  async #fetch(i: number, store: Cache & Claims): Promise<boolean> {
    const { host, digests, emit, log } = this.#in;
    const action = this.#action(i);
    const judgement = this.#judgement(i);
    const results = await store.lookup(judgement.key);
    const result = results.find((candidate) => this.#matches(candidate, action));
    if (result === undefined) return false;
    let unchanged = true;
    const outputs = [];
    for (const [k, output] of result.outputs.entries()) {
      const to = action.outputs[k];
      if (to === undefined) return false;
      if (digests.digest(to) !== output.digest) {
        if (digests.stat(to)?.kind === "directory") host.fs.remove(to);
        if (!(await store.restore(output, to))) return false;
        digests.learn(to, output.digest);
      }
      const path = this.#roots.logical(to);
      if (judgement.record?.outputs.find((old) => old.path === path)?.digest !== output.digest) unchanged = false;
      outputs.push({ path, digest: output.digest, size: output.size });
    }
    const record: NewActionRecord = {
      id: action.id,
      key: judgement.key,
      parts: judgement.parts,
      discovered: result.inputs,
      absent: result.absent,
      outputs,
      durationMs: result.durationMs,
      peakMemory: result.peakMemory,
      printed: result.printed,
    };
    log.putAction(record);
    log.flush();
    this.#records.push(record);
    this.#cached++;
    emit({
      type: "done",
      action,
      outcome: "cached",
      output: result.printed,
      durationMs: result.durationMs,
      ...peak(result.peakMemory),
      unchanged,
      time: host.monotonic(),
    });
    return true;
  }

  #matches(result: CachedResult, action: Action): boolean {
    const { digests } = this.#in;
    if (result.outputs.length !== action.outputs.length) return false;
    for (const { path, digest } of result.inputs) {
      if (digests.digest(this.#roots.absolute(path)) !== digest) return false;
    }
    return result.absent.every((path) => !digests.exists(this.#roots.absolute(path)));
  }

  /** A file that may have changed while the action ran. */
  #edited(paths: readonly string[], startedAt: number): string | undefined {
    const { digests } = this.#in;
    return paths.find((path) => {
      // Of files that hardly ever change one look is enough, whenever it was: later changes are found at the end.
      if (!this.#discovery.isEdited(path)) return (digests.stat(path)?.ctimeMs ?? 0) > startedAt;
      const before = digests.stat(path);
      digests.forget(path);
      const now = digests.stat(path);
      if (now === undefined || now.ctimeMs > startedAt) return true;
      return before !== undefined && (before.mtimeMs !== now.mtimeMs || before.ctimeMs !== now.ctimeMs);
    });
  }

  /** Records of this run that used a file which has changed since are not to be trusted. */
  #distrust(changed: readonly string[]): void {
    if (changed.length === 0) return;
    const logical = new Set(changed.map((path) => this.#roots.logical(path)));
    for (const record of this.#records) {
      const outputs = new Set(record.outputs.map((output) => output.path));
      const path =
        record.discovered.find((pair) => logical.has(pair.path))?.path ??
        this.#actions
          .find((action) => action.id === record.id)
          ?.inputs.map((input) => this.#roots.logical(input))
          .find((input) => logical.has(input));
      if (path !== undefined && !outputs.has(path)) {
        this.#in.log.putAction({ ...record, editedMeanwhile: path });
      }
    }
  }

  #fail(i: number, reason: Failure): void {
    this.#schedule.failed(i);
    this.#stop(reason);
  }

  /** Turns errors of the system into a failure of the action; bugs go on. */
  #guard(i: number, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(i, ioFailure(error));
    }
  }

  async #guardAsync(i: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failUnexpectedly(i, error);
    } finally {
      this.#wake();
    }
  }

  #failUnexpectedly(i: number, error: unknown): void {
    let reason: Failure;
    try {
      reason = ioFailure(error);
    } catch {
      this.#bug ??= { error };
      reason = failure("BUILD_FAILED", `could not ${this.#action(i).description}`);
    }
    const state = this.#schedule.state(i);
    if (state === "running" || state === "looking") this.#fail(i, reason);
    else this.#stop(reason);
  }

  #action(i: number): Action {
    const action = this.#actions[i];
    if (action === undefined) throw new InternalError(`no action ${i}`);
    return action;
  }

  #judgement(i: number): Judgement {
    const judgement = this.#judgements.get(i);
    if (judgement === undefined) throw new InternalError(`action ${i} was not judged`);
    return judgement;
  }
}

/** 0: not known. */
function peak(bytes = 0): { peakMemory?: number } {
  return bytes === 0 ? {} : { peakMemory: bytes };
}

function failureOutput(run: PreparedRun, end: FinishedRun): string {
  if (end.startError !== undefined) return `${end.printed}could not start ${run.argv[0] ?? ""}: ${end.startError}\n`;
  if (end.lacking.length > 0)
    return `${end.printed}the program ended well but did not make ${end.lacking.join(", ")}\n`;
  return end.printed;
}

function failureOfProgram({ description }: Action, { printed, startError }: FinishedRun): Failure {
  // The C library's words for ENOSPC and EDQUOT, as every tool prints them.
  if (/No space left on device|Disk quota exceeded/.test(printed)) return diskFull(` to ${description}`);
  if (startError === "EMFILE" || startError === "ENFILE") return tooManyOpenFiles();
  return failure("BUILD_FAILED", `could not ${description}`);
}

async function yieldOnce(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
