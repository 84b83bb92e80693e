/**
 * Which action must wait for which, read off the files that they make and take, and how long each is likely to run. It
 * knows no states: following the graph is the schedule's business.
 */
import { InternalError } from "../base/failure.ts";
import type { Action } from "../plan/graph.ts";
import type { BuildLog } from "./log.ts";
import type { Edges } from "./schedule.ts";

/** Of actions that never ran here, in milliseconds; what is not named takes as long as a small C++ file. */
const usualDuration: Partial<Record<Action["kind"], number>> = {
  link: 500,
  copy: 10,
  "cuda-preprocess": 1000,
  "cuda-front-end": 9000,
  "cuda-device-compile": 12_000,
  "cuda-assemble": 1000,
  "cuda-fatbinary": 50,
};

/** For each action the numbers of those that make its inputs, or other files that are told. */
export function edgesOf(
  actions: readonly Action[],
  filesOf: (action: Action) => readonly string[] = ({ inputs }) => inputs,
): Edges {
  const producer = new Map<string, number>();
  for (const [i, action] of actions.entries()) {
    for (const output of action.outputs) {
      if (producer.has(output)) throw new InternalError(`two actions make ${output}`);
      producer.set(output, i);
    }
  }
  return actions.map((action) => {
    const needs = new Set<number>();
    for (const input of filesOf(action)) {
      const i = producer.get(input);
      if (i !== undefined) needs.add(i);
    }
    return [...needs];
  });
}

/** The host code of a CUDA source is compiled longer than its device code, where most of both is headers. */
function usual({ kind, target }: Action): number {
  if (kind === "compile" && target === "host") return 15_000;
  return usualDuration[kind] ?? 5000;
}

/** For each action how long it is likely to run, in milliseconds: as long as the last time. */
export function expectedDurations(actions: readonly Action[], log: BuildLog): number[] {
  return actions.map((action) => log.action(action.id)?.durationMs ?? usual(action));
}
