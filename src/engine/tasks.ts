/** Work that goes on beside the engine's loop: what it throws becomes the action's failure, and its end wakes the loop. */
import type { BuildState } from "./state.ts";

/** The tasks of one build. */
export class Tasks {
  readonly #state: BuildState;
  #wake: () => void = () => undefined;

  constructor(state: BuildState) {
    this.#state = state;
  }

  /** Resolves at the next `wake`. */
  async woken(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Something has happened that the loop should look at. */
  wake(): void {
    this.#wake();
  }

  /** Does work for an action at once. */
  now(i: number, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#state.failUnexpectedly(i, error);
    }
  }

  /** Does work for an action that ends later. */
  async run(i: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#state.failUnexpectedly(i, error);
    } finally {
      this.#wake();
    }
  }
}

/** Lets everything else that waits have its turn. */
export async function yieldOnce(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
