/**
 * The order of work as a pure state machine: which action may be looked at, which may start. It knows numbers and
 * edges, not files or processes.
 */
import { InternalError } from "../base/failure.ts";

/** Where an action stands. */
export type ActionState =
  /** Something that it needs is not done. */
  | "waiting"
  /** All that it needs is done; nobody has looked at it yet. */
  | "ready"
  /** Being judged or fetched from the store. */
  | "looking"
  /** Has to be run; waits for a slot and for memory. */
  | "queued"
  | "running"
  | "done"
  | "failed"
  /** Something that it needs has failed. */
  | "skipped";

const allowed: Readonly<Record<ActionState, readonly ActionState[]>> = {
  waiting: ["ready", "skipped"],
  ready: ["looking"],
  looking: ["queued", "done", "failed"],
  queued: ["running"],
  running: ["done", "failed", "queued"],
  done: [],
  failed: [],
  skipped: [],
};

/** For each action the numbers of those that must be done before it. */
export type Edges = readonly (readonly number[])[];

/** Follows a graph of actions from the first to the last. */
export class Schedule {
  readonly #states: ActionState[];
  readonly #open: number[];
  readonly #dependents: number[][];
  readonly #priority: readonly number[];
  readonly #ready: number[] = [];
  /** Sorted: the most urgent one is last. */
  readonly #queue: number[] = [];
  readonly #counts: Record<ActionState, number>;

  constructor(edges: Edges, priority: readonly number[]) {
    this.#priority = priority;
    this.#states = edges.map(() => "waiting");
    this.#open = edges.map((needs) => new Set(needs).size);
    this.#dependents = edges.map(() => []);
    this.#counts = {
      waiting: edges.length,
      ready: 0,
      looking: 0,
      queued: 0,
      running: 0,
      done: 0,
      failed: 0,
      skipped: 0,
    };
    for (const [i, needs] of edges.entries()) {
      for (const need of new Set(needs)) this.#dependents[need]?.push(i);
    }
    for (let i = edges.length - 1; i >= 0; i--) if (this.#open[i] === 0) this.#set(i, "ready");
  }

  state(i: number): ActionState {
    const state = this.#states[i];
    if (state === undefined) throw new InternalError(`no action ${i}`);
    return state;
  }

  count(state: ActionState): number {
    return this.#counts[state];
  }

  /** Whether nothing is left that could still change its state. */
  get finished(): boolean {
    const { waiting, ready, looking, queued, running } = this.#counts;
    return waiting + ready + looking + queued + running === 0;
  }

  /** Takes an action to look at. */
  look(): number | undefined {
    const i = this.#ready.pop();
    if (i !== undefined) this.#set(i, "looking");
    return i;
  }

  /** It has to be run. */
  enqueue(i: number): void {
    this.#set(i, "queued");
  }

  /** Takes the most urgent queued action that fits, to be run. */
  start(fits: (i: number) => boolean): number | undefined {
    for (let at = this.#queue.length - 1; at >= 0; at--) {
      const i = this.#queue[at];
      if (i === undefined || !fits(i)) continue;
      this.#queue.splice(at, 1);
      this.#set(i, "running");
      return i;
    }
    return undefined;
  }

  /** It is done, whether run, fetched or found fresh. */
  done(i: number): void {
    this.#set(i, "done");
    for (const dependent of this.#dependents[i] ?? []) {
      const open = (this.#open[dependent] ?? 0) - 1;
      this.#open[dependent] = open;
      if (open === 0 && this.state(dependent) === "waiting") this.#set(dependent, "ready");
    }
  }

  /** It failed: what needs it is skipped. */
  failed(i: number): void {
    this.#set(i, "failed");
    this.#skipDependents(i);
  }

  /** Gives up what has not begun. */
  cancel(): void {
    for (const [i, state] of this.#states.entries()) {
      if (state === "waiting") this.#set(i, "skipped");
      else if (state === "ready" || state === "queued") this.#force(i, "skipped");
    }
    this.#ready.length = 0;
    this.#queue.length = 0;
  }

  #skipDependents(i: number): void {
    const stack = [...(this.#dependents[i] ?? [])];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (this.state(next) !== "waiting") continue;
      this.#set(next, "skipped");
      stack.push(...(this.#dependents[next] ?? []));
    }
  }

  #set(i: number, next: ActionState): void {
    const state = this.state(i);
    if (!allowed[state].includes(next)) throw new InternalError(`action ${i} went from ${state} to ${next}`);
    this.#force(i, next);
    if (next === "ready") this.#ready.push(i);
    if (next === "queued") this.#insert(i);
  }

  #force(i: number, next: ActionState): void {
    this.#counts[this.state(i)]--;
    this.#counts[next]++;
    this.#states[i] = next;
  }

  #insert(i: number): void {
    const urgency = this.#priority[i] ?? 0;
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#priority[this.#queue[middle] ?? 0] ?? 0) < urgency) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, i);
  }
}

/** For each action the length of the longest way from its start to the end of the build. Edges must lead backwards. */
export function criticalPaths(edges: Edges, durations: readonly number[]): number[] {
  const lengths = [...durations];
  for (let i = edges.length - 1; i >= 0; i--) {
    for (const need of edges[i] ?? []) {
      if (need >= i) throw new InternalError(`action ${i} needs ${need}, which stands after it`);
      lengths[need] = Math.max(lengths[need] ?? 0, (durations[need] ?? 0) + (lengths[i] ?? 0));
    }
  }
  return lengths;
}
