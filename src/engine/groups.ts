/**
 * Actions that are one command to people, such as the phases of one nvcc command. The first that fails stops the
 * others and is the only one that is told; what several of them say is told once.
 */
import type { Action } from "../plan/graph.ts";

interface Group {
  readonly controller: AbortController;
  readonly said: Set<string>;
}

/** Follows the groups of a run. */
export class Groups {
  readonly #groups = new Map<string, Group>();

  /** Stops an action when its group fails, or when `outer` says so. */
  signal(action: Action, outer: AbortSignal | undefined): AbortSignal | undefined {
    const own = this.#of(action)?.controller.signal;
    if (own === undefined) return outer;
    return outer === undefined ? own : AbortSignal.any([own, outer]);
  }

  /** Whether another action of the group has failed. */
  hasFailed(action: Action): boolean {
    return this.#of(action)?.controller.signal.aborted === true;
  }

  fail(action: Action): void {
    this.#of(action)?.controller.abort();
  }

  /** What an action says, without the paragraphs that another one of its group has said. */
  news(action: Action, text: string): string {
    const said = this.#of(action)?.said;
    if (said === undefined || text === "") return text;
    const fresh = text.split(/(?<=\n)\s*\n/).filter((part) => part.trim() !== "" && !said.has(part.trim()));
    for (const part of fresh) said.add(part.trim());
    return fresh.join("\n");
  }

  #of({ group }: Action): Group | undefined {
    if (group === undefined) return undefined;
    let known = this.#groups.get(group);
    if (known === undefined) {
      known = { controller: new AbortController(), said: new Set() };
      this.#groups.set(group, known);
    }
    return known;
  }
}
