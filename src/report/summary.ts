/** The one line at the end of a build. */
import type { ActionKind } from "../plan/graph.ts";
import { durationText } from "./duration.ts";
import type { Progress } from "./progress.ts";

/** How a build ended. */
export type BuildEnd = "built" | "failed" | "interrupted";

/** What the line is about. */
export interface SummaryInput {
  readonly end: BuildEnd;
  /** Names of the extensions, in order. */
  readonly names: readonly string[];
  readonly executedByKind: ReadonlyMap<ActionKind, number>;
  readonly cached: number;
  readonly fresh: number;
  readonly failed: number;
  readonly durationMs: number;
}

/** `built my_ops in 3.2 s (2 compiled, 1 linked, 4 from the cache, 7 up to date)`. */
export function summaryLine(input: SummaryInput): string {
  const time = durationText(input.durationMs);
  const names = nameList(input.names);
  const executed = workDone(input.executedByKind);
  if (input.end === "built" && executed.length === 0 && input.cached === 0)
    return upToDateLine(input.names, input.durationMs);
  const parts = [...executed];
  if (input.failed > 0) parts.push(`${input.failed} failed`);
  if (input.cached > 0) parts.push(`${input.cached} from the cache`);
  if (input.fresh > 0) parts.push(`${input.fresh} up to date`);
  const detail = parts.length === 0 ? "" : ` (${parts.join(", ")})`;
  return input.end === "built" ? `built ${names} in ${time}${detail}` : `${input.end} after ${time}${detail}`;
}

/** `my_ops is up to date (57 ms)`. Also printed by the quick path that loads nothing else. */
export function upToDateLine(names: readonly string[], durationMs: number): string {
  return `${nameList(names)} ${names.length > 1 ? "are" : "is"} up to date (${durationText(durationMs)})`;
}

/** The summary of what was counted. */
export function summaryOf(progress: Progress, names: readonly string[], end: BuildEnd, durationMs: number): string {
  const { executedByKind, cached, fresh, failed } = progress;
  return summaryLine({ end, names, executedByKind, cached, fresh, failed, durationMs });
}

/** `a`, `a and b`, `a, b and 3 more`. */
export function nameList(names: readonly string[]): string {
  const [first = "nothing", second, third] = names;
  if (second === undefined) return first;
  if (third === undefined) return `${first} and ${second}`;
  return names.length === 3 ? `${first}, ${second} and ${third}` : `${first}, ${second} and ${names.length - 2} more`;
}

const verbs: Readonly<Record<ActionKind, string>> = {
  compile: "compiled",
  "compile-cuda": "compiled",
  "precompile-header": "precompiled",
  "device-link": "linked",
  archive: "archived",
  link: "linked",
  "cuda-preprocess": "preprocessed",
  "cuda-front-end": "split",
  "cuda-device-compile": "compiled for the GPU",
  "cuda-assemble": "assembled for the GPU",
  "cuda-fatbinary": "packed",
  hipify: "translated",
  copy: "copied",
};

function workDone(counts: ReadonlyMap<ActionKind, number>): string[] {
  const byVerb = new Map<string, number>();
  // In the order of the table, so that the line does not depend on what ended first.
  for (const [kind, verb] of Object.entries(verbs)) {
    const count = counts.get(kind as ActionKind) ?? 0;
    if (count > 0) byVerb.set(verb, (byVerb.get(verb) ?? 0) + count);
  }
  return Array.from(byVerb, ([verb, count]) => `${count} ${verb}`);
}
