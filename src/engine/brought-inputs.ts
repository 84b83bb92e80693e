/**
 * What an action's producers have left in the store is put in place before a program reads it. Where the store has lost it
 * meanwhile, the producer runs after all, in the turn of the action that needs it. It does not know when that turn is.
 */
import type { Action } from "../plan/graph.ts";
import { edgesOf } from "./edges.ts";
import type { FinishedRun, PreparedRun } from "./execute.ts";
import type { Judge } from "./freshness.ts";
import type { EngineInput } from "./input.ts";
import type { Results } from "./results.ts";
import type { Runner } from "./runner.ts";
import type { Edges } from "./schedule.ts";
import type { BuildState } from "./state.ts";

/** What inputs are brought with. */
export interface BroughtContext {
  readonly input: EngineInput;
  readonly state: BuildState;
  readonly judge: Judge;
  readonly results: Results;
  readonly runner: Runner;
}

/** How the program of a producer ended that had to run again, and did not end well. */
export interface LostInput {
  readonly action: Action;
  readonly run: PreparedRun;
  readonly end: FinishedRun;
}

/** The inputs that are brought in one build. */
export class BroughtInputs {
  readonly #in: BroughtContext;
  /** What makes the files that programs read. */
  readonly #edges: Edges;
  /** By producer. Several actions may need the same one at the same time. */
  readonly #brought = new Map<number, Promise<LostInput | undefined>>();
  /** Producers that ran again: what they made may differ from what was promised. */
  readonly #remade = new Set<number>();

  constructor(context: BroughtContext) {
    this.#in = context;
    const { actions } = context.state;
    const some = actions.some(({ intermediate }) => intermediate === true);
    this.#edges = some ? edgesOf(actions, filesRead) : [];
  }

  /** Whether everything that an action reads is in place, as far as its producers are done. */
  areThere(action: Action): boolean {
    const { digests } = this.#in.input;
    return !filesRead(action).some((path) => digests.isPromised(path));
  }

  /** Puts everything in place that an action reads. What it was judged by may be another afterwards. */
  async bring(i: number, slot: number): Promise<LostInput | undefined> {
    const { state, judge } = this.#in;
    const producers = this.#edges[i] ?? [];
    for (const producer of producers) {
      const lost = await this.#producer(producer, slot);
      if (lost !== undefined) return lost;
    }
    if (producers.some((producer) => this.#remade.has(producer))) state.setJudgement(i, judge.judge(state.action(i)));
    return undefined;
  }

  async #producer(i: number, slot: number): Promise<LostInput | undefined> {
    const { input, state } = this.#in;
    const action = state.action(i);
    if (!action.outputs.some((path) => input.digests.isPromised(path))) return undefined;
    let brought = this.#brought.get(i);
    if (brought === undefined) {
      brought = this.#fetchOrRun(i, slot);
      this.#brought.set(i, brought);
    }
    const lost = await brought;
    if (lost !== undefined) this.#brought.delete(i);
    return lost;
  }

  async #fetchOrRun(i: number, slot: number): Promise<LostInput | undefined> {
    const { input, state, results, runner } = this.#in;
    const action = state.action(i);
    if (await results.bring(action, state.judgement(i))) return undefined;
    const lost = await this.bring(i, slot);
    if (lost !== undefined) return lost;
    const judgement = state.judgement(i);
    const signal = state.groups.signal(action, input.signal);
    return await runner.run({
      action,
      slot,
      signal,
      ended: async (run, end) => {
        if (!end.ok) return { action, run, end };
        const good = { action, judgement, slot, run, end };
        // Before the outputs are in place: from then on others take them without waiting for this.
        this.#remade.add(i);
        await results.record(good, await results.place(good));
        return undefined;
      },
    });
  }
}

function filesRead({ inputs, startsOn = [] }: Action): readonly string[] {
  return [...inputs, ...startsOn];
}
