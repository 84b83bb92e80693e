/** Runs the program of one action in a folder of its own. It does not know whose turn it is. */
import { join } from "node:path";
import { heapWords } from "../plan/gcc-heap.ts";
import { commandText, type Action } from "../plan/graph.ts";
import { largePageVariables, mayPreload } from "../plan/large-pages.ts";
import { executeRun, prepareRun, type FinishedRun, type PreparedRun } from "./execute.ts";
import type { EngineInput } from "./input.ts";

/** One program to be run. */
export interface RunRequest<T> {
  readonly action: Action;
  readonly slot: number;
  readonly signal: AbortSignal | undefined;
  /** Is given the end of the program. The outputs are in the temporary folder as long as this lasts. */
  readonly ended: (run: PreparedRun, end: FinishedRun) => Promise<T>;
}

/** The programs of one build. */
export class Runner {
  readonly #in: EngineInput;
  /** Holds the folders of all runs. */
  readonly #folder: string;
  #runs = 0;

  constructor(input: EngineInput) {
    this.#in = input;
    const { graph, host } = input;
    this.#folder = join(graph.buildDir, "tmp", `${host.processes.self().pid}-${Math.trunc(host.now())}`);
  }

  async run<T>({ action, slot, signal, ended }: RunRequest<T>): Promise<T> {
    const { host, emit, memory, jobs } = this.#in;
    const more = action.gccHeap === true ? heapWords(memory / jobs) : [];
    const run = prepareRun(host, action, join(this.#folder, String(this.#runs++)), more);
    const variables = await this.#variables(action);
    emit({ type: "started", action, slot, command: commandText(action.command), time: host.monotonic() });
    const end = await executeRun(host, action, run, variables, signal);
    const value = await ended(run, end);
    host.fs.remove(run.folder);
    return value;
  }

  /** The environment of a program, with what takes time off it and changes nothing of what it makes. */
  async #variables(action: Action): Promise<EngineInput["variables"]> {
    const { variables, largePages } = this.#in;
    if (action.largePages !== true) return variables;
    const library = mayPreload(variables) ? await largePages?.path() : undefined;
    return { ...variables, ...largePageVariables(variables, library) };
  }

  /** Removes what killed and failed runs have left. */
  close(): void {
    this.#in.host.fs.remove(this.#folder);
  }
}
