/**
 * Which action may run beside those that run: jobs, memory, and actions that must run alone. It keeps account and starts
 * nothing.
 */
import type { MemoryBudget } from "./memory.ts";
import type { BuildState } from "./state.ts";

/** What there is to be shared out. */
export interface JobsOptions {
  /** How many programs may run at once. */
  readonly jobs: number;
  readonly memory: MemoryBudget;
  /** Bytes that an action is likely to take. */
  readonly need: (i: number) => number;
  readonly state: BuildState;
}

/** The jobs of one build. */
export class Jobs {
  readonly #jobs: number;
  readonly #memory: MemoryBudget;
  readonly #need: (i: number) => number;
  readonly #state: BuildState;
  readonly #slots: boolean[] = [];
  /** Killed for memory once. */
  readonly #alone = new Set<number>();
  /** Running actions whose program has ended. */
  #finishing = 0;

  constructor({ jobs, memory, need, state }: JobsOptions) {
    this.#jobs = jobs;
    this.#memory = memory;
    this.#need = need;
    this.#state = state;
  }

  /** An action whose program has ended takes no job any more, but no more than one of them for each job is left behind. */
  get hasFree(): boolean {
    const { schedule, ahead } = this.#state;
    return schedule.count("running") - Math.min(this.#finishing, this.#jobs) + ahead.awaited < this.#jobs;
  }

  /** Whether a job is left that no action uses, not even one that runs before its turn. */
  get hasIdle(): boolean {
    return this.#running < this.#jobs;
  }

  /** Whether some action must run alone. */
  get someAlone(): boolean {
    return this.#alone.size > 0;
  }

  /** Whether an action may start beside those that run. */
  fits(i: number): boolean {
    if (this.#alone.has(i)) return this.#running === 0;
    for (const other of this.#alone) if (this.#state.schedule.state(other) === "running") return false;
    return this.hasMemory(i);
  }

  hasMemory(i: number): boolean {
    return this.#memory.fits(this.#need(i));
  }

  /** Whether an action that was killed for memory has a chance when it runs alone. */
  mayRetryAlone(i: number): boolean {
    return !this.#alone.has(i) && (this.#state.schedule.count("running") > 1 || this.#jobs > 1);
  }

  runAlone(i: number): void {
    this.#alone.add(i);
  }

  /** Does the work of an action in a job of its own. The job's place on the screen is the lowest free one. */
  async use(i: number, work: (slot: number) => Promise<void>): Promise<void> {
    this.#memory.start(i, this.#need(i));
    const slot = this.#takeSlot();
    try {
      await work(slot);
    } finally {
      this.#slots[slot] = false;
      this.#memory.end(i);
    }
  }

  /** Does what follows the end of an action's program: meanwhile its job is free for another. */
  async finishing<T>(work: () => Promise<T>): Promise<T> {
    this.#finishing++;
    try {
      return await work();
    } finally {
      this.#finishing--;
    }
  }

  /** The program of an action has ended, and its memory with it. */
  freeMemory(i: number): void {
    this.#memory.end(i);
  }

  get #running(): number {
    return this.#state.schedule.count("running") + this.#state.ahead.count;
  }

  #takeSlot(): number {
    let slot = this.#slots.indexOf(false);
    if (slot < 0) slot = this.#slots.length;
    this.#slots[slot] = true;
    return slot;
  }
}
