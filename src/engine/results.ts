/**
 * What becomes of an action that has been done: its outputs are put in place, how they came about is recorded, and the
 * result is shared with other builds or taken from one. It does not know when an action runs, nor why.
 *
 * Order of effects for one result: rename → look again at what was read → record → share. A kill between any two of these
 * leaves either the old output with the old record or an output that no record vouches for; both are done again, none is
 * taken for fresh. What was made of such an output has a record of its own, on its content.
 */
import type { Digest } from "../base/digest.ts";
import { InternalError } from "../base/failure.ts";
import type { CachedOutput, CachedResult } from "../cache/cache.ts";
import type { Action } from "../plan/graph.ts";
import type { Discovery } from "./discovery.ts";
import { publishOutput, type FinishedRun, type PreparedRun } from "./execute.ts";
import type { Judgement } from "./freshness.ts";
import type { Groups } from "./groups.ts";
import type { EngineInput, Store } from "./input.ts";
import type { NewActionRecord, Pair } from "./log.ts";
import type { Roots } from "./roots.ts";

/** What results are made with. */
export interface ResultsContext extends Pick<EngineInput, "host" | "graph" | "log" | "digests" | "store" | "emit"> {
  readonly roots: Roots;
  readonly discovery: Discovery;
  readonly groups: Groups;
}

/** A run that ended well. */
export interface GoodRun {
  readonly action: Action;
  readonly judgement: Judgement;
  readonly slot: number;
  readonly run: PreparedRun;
  readonly end: FinishedRun;
  /** Files that were made while it ran, and handed to it. */
  readonly handedOver?: readonly string[];
}

/** Outputs that are in place, as they are recorded. */
export type PlacedOutputs = CachedResult["outputs"];

/** A result that is recorded. */
export interface Finished {
  /** Puts the result into the store, while other things go on. */
  readonly sharing?: Promise<void>;
}

/** The results of one build. */
export class Results {
  readonly #in: ResultsContext;
  readonly #records: NewActionRecord[] = [];
  readonly #sharing = new Set<Promise<void>>();
  /** By file that is waited for, the action that makes it. */
  readonly #producers: ReadonlyMap<string, string>;
  /** Actions whose outputs are in place and that are not recorded yet. */
  readonly #unrecorded = new Map<string, Latch>();
  #executed = 0;
  #cached = 0;

  constructor(context: ResultsContext) {
    this.#in = context;
    this.#producers = producersOf(context.graph.actions);
  }

  /** How many actions were run. */
  get executed(): number {
    return this.#executed;
  }

  /** How many were taken from the store. */
  get cached(): number {
    return this.#cached;
  }

  /** The store, when it may have results of an action. */
  storeFor(action: Action): Store | undefined {
    return action.cacheable ? this.#in.store : undefined;
  }

  /** Puts the outputs in place. What needs them may begin, before it is worked out what they were made of. */
  async place({ action, judgement, slot, run, end }: GoodRun): Promise<PlacedOutputs> {
    const { host, emit, digests, roots, groups } = this.#in;
    const outputs = [];
    let unchanged = true;
    for (const output of action.outputs) {
      const at = run.temporary.get(output) ?? output;
      const digest = await host.fs.digest(at);
      const stat = host.fs.stat(at);
      if (digest === undefined || stat === undefined) throw new InternalError(`${at} vanished`);
      if (at !== output && this.#isThere(output, digest) && digests.stat(output)?.mode === stat.mode) {
        host.fs.remove(at);
      } else {
        publishOutput(host, run, output);
        digests.learn(output, digest);
      }
      const path = roots.logical(output);
      if (judgement.record?.outputs.find((old) => old.path === path)?.digest !== digest) unchanged = false;
      outputs.push({ path, digest, size: stat.size, mode: stat.mode });
    }
    this.#executed++;
    emit({
      type: "done",
      action,
      outcome: "executed",
      output: groups.news(action, end.printed),
      durationMs: end.durationMs,
      ...peak(end.peakMemory),
      unchanged,
      slot,
      time: host.monotonic(),
    });
    this.#unrecorded.set(action.id, new Latch());
    return outputs;
  }

  /** Records what the outputs were made of. */
  async record(good: GoodRun, outputs: PlacedOutputs): Promise<Finished> {
    const { id, inputs, startsOn } = good.action;
    try {
      await this.#in.discovery.readAhead({ action: good.action, read: good.end.read });
      // What such an action read is recorded with others.
      const files = startsOn === undefined ? [] : [...inputs, ...startsOn];
      await Promise.all(files.map(async (path) => await this.#unrecorded.get(this.#producers.get(path) ?? "")?.opened));
      return this.#recordNow(good, outputs);
    } finally {
      this.#unrecorded.get(id)?.open();
      this.#unrecorded.delete(id);
    }
  }

  #recordNow({ action, judgement, run, end, handedOver = [] }: GoodRun, outputs: PlacedOutputs): Finished {
    const { digests, roots, discovery } = this.#in;
    const { read, named } = end;
    const { startedAt } = run;
    const { absent: empty, libraries } = judgement;
    const found = discovery.after({ action, read, named, startedAt, libraries, absent: empty });
    const { inputs: declared, startsOn: told = declared } = action;
    const edited = this.#edited(
      [
        ...told.filter((path) => !handedOver.includes(path)),
        ...found.files,
        ...this.#readAlso(action).map((path) => roots.absolute(path)),
      ],
      startedAt,
    );
    const inputs: Pair[] = [];
    let lost: string | undefined;
    for (const path of found.files) {
      const digest = digests.digest(path);
      if (digest === undefined) lost = path;
      else inputs.push({ path: roots.logical(path), digest });
    }
    const editedMeanwhile = edited ?? lost ?? found.appeared ?? this.#replaced(action);
    const record: NewActionRecord = {
      id: action.id,
      key: judgement.key,
      parts: judgement.parts,
      discovered: inputs,
      absent: found.absent.map((path) => roots.logical(path)),
      outputs,
      durationMs: end.durationMs,
      peakMemory: end.peakMemory,
      printed: end.printed,
      ...(editedMeanwhile === undefined ? {} : { editedMeanwhile: roots.logical(editedMeanwhile) }),
    };
    this.#record(record);
    const store = this.storeFor(action);
    if (store === undefined || editedMeanwhile !== undefined) return {};
    return { sharing: this.#share(store, action, judgement, { ...record, inputs, outputs }) };
  }

  /**
   * Takes the outputs from the store, when it has a result whose headers are those of today. What only other actions read
   * is promised and stays there.
   */
  async fetch(action: Action, judgement: Judgement): Promise<boolean> {
    const { host, digests, emit, roots } = this.#in;
    const store = this.storeFor(action);
    if (store === undefined) return false;
    const results = await store.lookup(judgement.key);
    const result = results.find((candidate) => this.#matches(candidate, action));
    if (result === undefined) return false;
    let unchanged = true;
    let leftInStore = false;
    const outputs = [];
    for (const [k, output] of result.outputs.entries()) {
      const to = action.outputs[k];
      if (to === undefined) return false;
      if (digests.digest(to) !== output.digest) {
        if (action.intermediate === true) {
          digests.promise(to, output.digest);
          leftInStore = true;
        } else if (!(await this.#restore(store, output, to))) return false;
      }
      const path = roots.logical(to);
      if (judgement.record?.outputs.find((old) => old.path === path)?.digest !== output.digest) unchanged = false;
      outputs.push({ path, digest: output.digest, size: output.size });
    }
    this.#record({
      id: action.id,
      key: judgement.key,
      parts: judgement.parts,
      discovered: result.inputs,
      absent: result.absent,
      outputs,
      durationMs: result.durationMs,
      peakMemory: result.peakMemory,
      printed: result.printed,
      ...(leftInStore ? { leftInStore } : {}),
    });
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

  /** Puts outputs in place that are promised. False when the store has lost them. */
  async bring(action: Action, { key }: Judgement): Promise<boolean> {
    const { digests } = this.#in;
    const store = this.storeFor(action);
    if (store === undefined) return false;
    const digestOf = new Map(action.outputs.map((output) => [output, digests.digest(output)]));
    const results = await store.lookup(key);
    const result = results.find(({ outputs }) =>
      action.outputs.every((output, k) => outputs[k]?.digest === digestOf.get(output)),
    );
    for (const [k, output] of action.outputs.entries()) {
      if (!digests.isPromised(output)) continue;
      const kept = result?.outputs[k];
      if (kept === undefined || !(await this.#restore(store, kept, output))) return false;
    }
    return true;
  }

  /** Resolves when everything that is to be shared is in the store. */
  async shared(): Promise<void> {
    await Promise.all(this.#sharing);
  }

  /**
   * Looks once more at every file that was used, where programs ran. Records of this run that used one which has changed since are not to be
   * trusted. Whether all was left alone.
   */
  async settle(actions: readonly Action[]): Promise<boolean> {
    const changed = await this.#in.digests.settle(this.#executed > 0);
    this.#distrust(changed, actions);
    return changed.length === 0 && this.#records.every((record) => record.editedMeanwhile === undefined);
  }

  async #restore(store: Store, output: CachedOutput, to: string): Promise<boolean> {
    const { host, digests } = this.#in;
    if (digests.stat(to)?.kind === "directory") host.fs.remove(to);
    if (!(await store.restore(output, to))) return false;
    digests.learn(to, output.digest);
    return true;
  }

  /** Whether a content is in place, and not only promised. */
  #isThere(path: string, digest: Digest): boolean {
    const { digests } = this.#in;
    return !digests.isPromised(path) && digests.digest(path) === digest;
  }

  #record(record: NewActionRecord): void {
    const { log } = this.#in;
    log.putAction(record);
    log.flush();
    this.#records.push(record);
  }

  #share(store: Store, action: Action, { key }: Judgement, result: CachedResult): Promise<void> {
    const files = new Map(action.outputs.map((output) => [this.#in.roots.logical(output), output]));
    const sharing = store.store(key, result, files).finally(() => this.#sharing.delete(sharing));
    this.#sharing.add(sharing);
    return sharing;
  }

  #matches(result: CachedResult, action: Action): boolean {
    const { digests, roots } = this.#in;
    if (result.outputs.length !== action.outputs.length) return false;
    for (const { path, digest } of result.inputs) {
      if (digests.digest(roots.absolute(path)) !== digest) return false;
    }
    return result.absent.every((path) => !digests.exists(roots.absolute(path)));
  }

  /** A file that an action read, besides its inputs, and that is not what was made of it. */
  #replaced({ startsOn = [] }: Action): string | undefined {
    const { log, digests, roots } = this.#in;
    return startsOn.find((path) => {
      const outputs = log.action(this.#producers.get(path) ?? "")?.outputs;
      const made = outputs?.find((output) => output.path === roots.logical(path));
      return made?.digest !== digests.digest(path);
    });
  }

  /** What an action reads that is recorded with another one, by paths below named roots. */
  #readAlso({ readsAs }: Action): string[] {
    const { log } = this.#in;
    const discovered = readsAs === undefined ? undefined : log.action(readsAs)?.discovered;
    return Array.from(discovered ?? [], (id) => log.pair(id).path);
  }

  /** A file that may have changed while the action ran. */
  #edited(paths: readonly string[], startedAt: number): string | undefined {
    const { digests, discovery } = this.#in;
    return paths.find((path) => {
      // Of files that hardly ever change one look is enough, whenever it was: later changes are found at the end.
      if (!discovery.isEdited(path)) return (digests.stat(path)?.ctimeMs ?? 0) > startedAt;
      const before = digests.stat(path);
      digests.forget(path);
      const now = digests.stat(path);
      if (now === undefined || now.ctimeMs > startedAt) return true;
      return before !== undefined && (before.mtimeMs !== now.mtimeMs || before.ctimeMs !== now.ctimeMs);
    });
  }

  #distrust(changed: readonly string[], actions: readonly Action[]): void {
    if (changed.length === 0) return;
    const { log, roots } = this.#in;
    const logical = new Set(changed.map((path) => roots.logical(path)));
    const byId = new Map(actions.map((action) => [action.id, action]));
    for (const record of this.#records) {
      const outputs = new Set(record.outputs.map((output) => output.path));
      const action = byId.get(record.id);
      const used = record.discovered.map(({ path }) => path);
      if (action !== undefined)
        used.push(...action.inputs.map((input) => roots.logical(input)), ...this.#readAlso(action));
      const path = used.find((each) => logical.has(each));
      if (path !== undefined && !outputs.has(path)) log.putAction({ ...record, editedMeanwhile: path });
    }
  }
}

/** Of what actions read that is recorded with others, which action makes it. */
function producersOf(actions: readonly Action[]): ReadonlyMap<string, string> {
  const producers = new Map<string, string>();
  const files = new Set(
    actions.flatMap(({ inputs, startsOn }) => (startsOn === undefined ? [] : [...inputs, ...startsOn])),
  );
  if (files.size === 0) return producers;
  for (const { id, outputs } of actions) for (const output of outputs) if (files.has(output)) producers.set(output, id);
  return producers;
}

/** Something that is waited for once. */
class Latch {
  open: () => void = () => undefined;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

/** The part of an event that says how much memory was used; 0: not known. */
export function peak(bytes = 0): { peakMemory?: number } {
  return bytes === 0 ? {} : { peakMemory: bytes };
}
