/** Where a build stands, gathered from its events. Shared by all reporters that count. */
import { unique } from "../base/order.ts";
import type { BuildEvent } from "../engine/events.ts";
import type { Action, ActionKind } from "../plan/graph.ts";

/** An action that runs now. */
export interface RunningAction {
  readonly action: Action;
  readonly since: number;
}

/** Counts and what runs. Actions that were fresh are not counted as work: `total` shrinks as they are found. */
export class Progress {
  readonly #running = new Map<string, RunningAction>();
  readonly #executed = new Map<ActionKind, number>();
  #extensions: readonly string[] = [];
  #planned = 0;
  #fresh = 0;
  #cached = 0;
  #failed = 0;
  #jobs = 1;
  #start: number | undefined;
  #waitingOn: string | undefined;

  /** Takes an event. */
  see(event: BuildEvent): void {
    this.#start ??= event.time;
    switch (event.type) {
      case "planned":
        this.#planned = event.actions.length;
        this.#jobs = event.jobs;
        this.#extensions = unique(event.actions.map((action) => action.extension));
        break;
      case "started":
        this.#waitingOn = undefined;
        this.#running.set(event.action.id, { action: event.action, since: event.time });
        break;
      case "done":
        this.#waitingOn = undefined;
        this.#running.delete(event.action.id);
        if (event.outcome === "fresh") this.#fresh++;
        else if (event.outcome === "cached") this.#cached++;
        else this.#executed.set(event.action.kind, (this.#executed.get(event.action.kind) ?? 0) + 1);
        break;
      case "failed":
        this.#running.delete(event.action.id);
        if (!event.retrying) this.#failed++;
        break;
      case "abandoned":
        this.#running.delete(event.action.id);
        break;
      case "waiting":
        this.#waitingOn = event.on;
        break;
      case "fixed":
        // The build begins anew.
        this.#running.clear();
        this.#planned = 0;
        this.#fresh = 0;
        this.#failed = 0;
        break;
      case "dirty":
      case "reading":
      case "read":
      case "warning":
      case "finished":
        break;
    }
  }

  /** What runs, the longest first. */
  get running(): readonly RunningAction[] {
    return [...this.#running.values()];
  }

  /** Names of what is built. */
  get extensions(): readonly string[] {
    return this.#extensions;
  }

  /** Finished work: run, fetched, or failed. */
  get done(): number {
    return this.executed + this.#cached + this.#failed;
  }

  /** Work that is done or may have to be done. */
  get total(): number {
    return Math.max(this.#planned - this.#fresh, this.done);
  }

  get executed(): number {
    let sum = 0;
    for (const count of this.#executed.values()) sum += count;
    return sum;
  }

  get executedByKind(): ReadonlyMap<ActionKind, number> {
    return this.#executed;
  }

  get cached(): number {
    return this.#cached;
  }

  get fresh(): number {
    return this.#fresh;
  }

  get failed(): number {
    return this.#failed;
  }

  get jobs(): number {
    return this.#jobs;
  }

  /** Time of the first event. */
  get start(): number | undefined {
    return this.#start;
  }

  /** What another process is doing that this one waits for. */
  get waitingOn(): string | undefined {
    return this.#waitingOn;
  }
}
