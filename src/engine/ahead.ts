/**
 * Runs before their turn, while a job would otherwise be idle, of actions that still wait for a producer: on what the
 * producer made the last time, or, where what it makes only says what other files come to, on these. When its turn comes
 * the action is judged like any other, and what is recorded is true of the contents that were read. So a wrong guess costs
 * a job that nobody needed, and never a wrong output.
 *
 * It keeps account of the runs; `ahead-start.ts` starts them.
 */
import { resolve } from "node:path";
import { unique } from "../base/order.ts";
import type { Digest } from "../base/digest.ts";
import type { Action } from "../plan/graph.ts";
import type { FileDigests } from "./file-digests.ts";
import type { Judgement } from "./freshness.ts";

/** One run before its turn. */
export interface AheadRun {
  readonly controller: AbortController;
  /** What it was started on: by path, all that its command or its key names. What comes later is added then. */
  readonly read: Map<string, Digest | undefined>;
  /** Under what its result is recorded. Undefined: it was given up. */
  readonly judgement: Promise<Judgement | undefined>;
  /** Tells that, when it was not known at the start. */
  readonly judged: (judgement: Judgement | undefined) => void;
  readonly judgedAtStart: boolean;
  /** No guess, or none any more: it takes a job like the others, and is not stopped for them. */
  awaited: boolean;
  /** Its program has ended: it takes no job any more, and waits for its key. */
  over: boolean;
  ended: Promise<void>;
}

/** The runs before their turn of one build, by number of the action. */
export class AheadRuns {
  readonly #digests: FileDigests;
  readonly #running = new Map<number, AheadRun>();
  readonly #tried = new Set<number>();
  readonly #done = new Set<number>();

  constructor(digests: FileDigests) {
    this.#digests = digests;
  }

  /** How many take a job, if only an idle one. */
  get count(): number {
    return this.#count(({ over }) => !over);
  }

  /** How many take a job like the others. */
  get awaited(): number {
    return this.#count(({ over, awaited }) => awaited && !over);
  }

  /** How many have left a result. */
  get finished(): number {
    return this.#done.size;
  }

  of(i: number): AheadRun | undefined {
    return this.#running.get(i);
  }

  /** Each action gets one chance in a build. */
  wasTried(i: number): boolean {
    return this.#tried.has(i);
  }

  /** Whether it ran and left a result. */
  isDone(i: number): boolean {
    return this.#done.has(i);
  }

  /** Without a judgement it is started on what it really reads, of which some may come `later`. */
  begin(i: number, action: Action, judgement?: Judgement, later: readonly string[] = []): AheadRun {
    const named = action.command.flatMap((arg) =>
      typeof arg !== "string" && arg.role === "input" ? [resolve(action.cwd, arg.path)] : [],
    );
    const files = [...(judgement === undefined ? [] : action.inputs), ...(action.startsOn ?? []), ...named];
    const there = unique(files).filter((path) => !later.includes(path));
    const read = there.map((path) => [path, this.#digests.digest(path)] as const);
    const controller = new AbortController();
    let judged: AheadRun["judged"] = () => undefined;
    const run: AheadRun = {
      controller,
      read: new Map(read),
      judgement: new Promise((resolve) => (judged = resolve)),
      judged,
      judgedAtStart: judgement !== undefined,
      awaited: judgement === undefined,
      over: false,
      ended: Promise.resolve(),
    };
    if (judgement !== undefined) judged(judgement);
    this.#tried.add(i);
    this.#running.set(i, run);
    return run;
  }

  /** Whether all that it was started on is still the same. */
  holds(run: AheadRun): boolean {
    for (const [path, digest] of run.read) if (this.#digests.digest(path) !== digest) return false;
    return true;
  }

  /** The turn of an action has come that runs already: waits for its end, unless it runs on something else. */
  async turnOf(run: AheadRun): Promise<void> {
    if (this.holds(run)) run.awaited = true;
    else run.controller.abort();
    await run.ended;
  }

  end(i: number, done: boolean): void {
    this.#running.delete(i);
    if (done) this.#done.add(i);
  }

  /** Stops the runs that are still a guess, or those of them that a test names. */
  stop(which: (i: number) => boolean = () => true): void {
    for (const [i, run] of this.#running) if (!run.awaited && which(i)) run.controller.abort();
  }

  /** Stops all of them and waits for their ends. */
  async close(): Promise<void> {
    for (const run of this.#running.values()) run.controller.abort();
    await Promise.all(Array.from(this.#running.values(), async (run) => await run.ended));
  }

  #count(which: (run: AheadRun) => boolean): number {
    let sum = 0;
    for (const run of this.#running.values()) if (which(run)) sum++;
    return sum;
  }
}
