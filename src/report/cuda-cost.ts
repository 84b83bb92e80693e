/**
 * What the steps of CUDA sources cost, for `--explain`: a table for each source, with a row for the host and for each
 * architecture. Steps that did not run now count with what they took when they last did.
 */
import { compareText } from "../base/order.ts";
import type { BuildEvent } from "../engine/events.ts";
import type { ActionKind } from "../plan/graph.ts";
import { durationText, sizeText } from "./duration.ts";
import { textWidth } from "./text-width.ts";

/** Columns, in the order in which the steps run. */
const columns = ["preprocess", "cudafe++, cicc", "ptxas, host compiler", "rest"] as const;

const columnOf: Partial<Record<ActionKind, number>> = {
  "cuda-preprocess": 0,
  "cuda-front-end": 1,
  "cuda-device-compile": 1,
  "cuda-assemble": 2,
  compile: 2,
  "cuda-fatbinary": 3,
  copy: 3,
};

/** So many sources get a table of their own: those that cost most. */
const mostTables = 5;

interface Row {
  readonly times: (number | undefined)[];
  memory: number;
}

/** Costs by target: `host`, `compute_90`; the empty text stands for what is done once for all. */
class Costs {
  readonly rows = new Map<string, Row>();
  total = 0;
  now = 0;

  add(target: string, column: number, ms: number, memory: number): void {
    let row = this.rows.get(target);
    if (row === undefined) {
      row = { times: [], memory: 0 };
      this.rows.set(target, row);
    }
    row.times[column] = (row.times[column] ?? 0) + ms;
    row.memory = Math.max(row.memory, memory);
    this.total += ms;
  }
}

/** Gathers costs from the events of a build. */
export class CudaCost {
  /** By description of the source, as in `compile csrc/k.cu`. */
  readonly #sources = new Map<string, { readonly name: string; readonly costs: Costs }>();
  readonly #all = new Costs();
  readonly #seen = new Set<string>();

  see(event: BuildEvent): void {
    if (event.type !== "done") return;
    const { id, kind, group, source = "", target = "" } = event.action;
    const column = columnOf[kind];
    // A step that ran twice counts as it ran first.
    if (group === undefined || column === undefined || this.#seen.has(id)) return;
    this.#seen.add(id);
    let known = this.#sources.get(group);
    if (known === undefined) {
      known = { name: source, costs: new Costs() };
      this.#sources.set(group, known);
    }
    for (const costs of [known.costs, this.#all]) {
      costs.add(target, column, event.durationMs, event.peakMemory ?? 0);
      if (event.outcome === "executed") costs.now += event.durationMs;
    }
  }

  /**
   * The tables; empty without CUDA sources that were taken apart.
   *
   * @param shown How a path is shown to people.
   */
  text(shown: (path: string) => string): string {
    const sources = [...this.#sources.values()].sort((a, b) => b.costs.total - a.costs.total);
    const tables = sources.slice(0, mostTables).map(({ name, costs }) => table(shown(name), costs));
    if (sources.length > 1) tables.push(table(`all ${sources.length} CUDA sources`, this.#all));
    return tables.join("");
  }
}

function table(title: string, costs: Costs): string {
  const targets = [...costs.rows.keys()].sort(inOrder);
  const cells = targets.map((target) => {
    const { times, memory } = costs.rows.get(target) ?? { times: [], memory: 0 };
    return [
      target === "" ? "together" : target,
      ...columns.map((_, i) => timeText(times[i])),
      timeText(times.reduce<number>((sum, time) => sum + (time ?? 0), 0)),
      memory === 0 ? "" : sizeText(memory),
    ];
  });
  const lines = [["", ...columns, "sum", "memory"], ...cells];
  const widths = lines[0]?.map((_, i) => Math.max(...lines.map((line) => textWidth(line[i] ?? "")))) ?? [];
  const now = costs.now === 0 ? "nothing of it now" : `${durationText(costs.now)} of it now`;
  return [
    `${title}: ${durationText(costs.total)} of work, ${now}`,
    ...lines.map((line) => `  ${line.map((cell, i) => pad(cell, widths[i] ?? 0, i === 0)).join("  ")}`.trimEnd()),
    "",
  ].join("\n");
}

function timeText(ms: number | undefined): string {
  return ms === undefined ? "" : durationText(ms);
}

function pad(text: string, width: number, left: boolean): string {
  const blanks = " ".repeat(Math.max(0, width - textWidth(text)));
  return left ? text + blanks : blanks + text;
}

/** The host first, architectures by number, what is done for all last. */
function inOrder(a: string, b: string): number {
  const rank = (target: string): number => (target === "host" ? 0 : target === "" ? 2 : 1);
  const number = (target: string): number => Number(/\d+/.exec(target)?.[0] ?? 0);
  return rank(a) - rank(b) || number(a) - number(b) || compareText(a, b);
}
