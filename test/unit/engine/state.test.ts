/** The bookkeeping of a build: what stops it, what has failed, and which action may run beside others. No effects. */
import { describe, expect, test } from "vitest";
import { failure } from "../../../src/base/failure.ts";
import { AheadRuns } from "../../../src/engine/ahead.ts";
import type { FileDigests } from "../../../src/engine/file-digests.ts";
import { Jobs } from "../../../src/engine/jobs.ts";
import { MemoryBudget } from "../../../src/engine/memory.ts";
import type { Edges } from "../../../src/engine/schedule.ts";
import { BuildState } from "../../../src/engine/state.ts";
import type { Action } from "../../../src/plan/graph.ts";

function stateOf(edges: Edges, keepGoing = false): BuildState {
  return new BuildState({
    actions: edges.map((_, i) => ({ id: String(i), description: `do ${i}` }) as Action),
    edges,
    durations: edges.map(() => 1),
    ahead: new AheadRuns({} as FileDigests),
    keepGoing,
  });
}

/** Looks at all that is ready and has it run. */
function enqueue({ schedule }: BuildState): void {
  for (let i = schedule.look(); i !== undefined; i = schedule.look()) schedule.enqueue(i);
}

function jobsOf(state: BuildState, { jobs = 2, need = 1, memory = 100 } = {}): Jobs {
  return new Jobs({ jobs, memory: new MemoryBudget(memory, () => memory), need: () => need, state });
}

describe("a failure", () => {
  test("gives up what has not begun", () => {
    const state = stateOf([[], [], [0]]);
    enqueue(state);
    const i = state.schedule.start(() => true) ?? expect.unreachable();
    state.fail(i, failure("BUILD_FAILED", "no"));
    expect(state.stopped).toBe(true);
    expect(state.schedule.count("skipped")).toBe(2);
    expect(state.schedule.finished).toBe(true);
  });

  test("leaves the rest alone when as much as possible is to be done, an interruption does not", () => {
    const state = stateOf([[], [], [0]], true);
    enqueue(state);
    state.fail(state.schedule.start((i) => i === 0) ?? expect.unreachable(), failure("BUILD_FAILED", "first"));
    expect(state.stopped).toBe(false);
    expect(state.schedule.state(2)).toBe("skipped");
    state.stop(failure("IO_ERROR", "second"));
    expect(state.failure?.message).toBe("first");
    expect(state.schedule.state(1)).toBe("queued");
    state.stop(failure("CANCELLED", "interrupted"));
    expect(state.failure?.code).toBe("CANCELLED");
    expect(state.schedule.finished).toBe(true);
  });

  test("of the system is the action's; anything else is a bug, and waits until all is at rest", () => {
    const state = stateOf([[]]);
    enqueue(state);
    const i = state.schedule.start(() => true) ?? expect.unreachable();
    state.failUnexpectedly(i, Object.assign(new Error("full"), { code: "ENOSPC" }));
    expect(state.failure?.code).toBe("DISK_FULL");
    expect(() => state.throwBug()).not.toThrow();
    state.failUnexpectedly(i, new Error("a bug"));
    expect(() => state.throwBug()).toThrow("a bug");
  });
});

describe("a job", () => {
  test("is free again when the program has ended, but no more than one action for each job is left behind", async () => {
    const state = stateOf([[], [], [], []]);
    enqueue(state);
    const jobs = jobsOf(state, { jobs: 1 });
    const begin = (): number => state.schedule.start((i) => jobs.fits(i)) ?? expect.unreachable();
    begin();
    expect(jobs.hasFree).toBe(false);
    await jobs.finishing(async () => {
      expect(jobs.hasFree).toBe(true);
      begin();
      expect(jobs.hasFree).toBe(false);
      await jobs.finishing(async () => expect(jobs.hasFree).toBe(false));
    });
    expect(jobs.hasIdle).toBe(false);
  });

  test("has the lowest free place on the screen, and gives it back after a failure", async () => {
    const jobs = jobsOf(stateOf([[], [], []]));
    const places: number[] = [];
    const use = (i: number, work = async (): Promise<void> => undefined): Promise<void> =>
      jobs.use(i, async (slot) => {
        places.push(slot);
        await work();
      });
    await use(0, async () => {
      await expect(use(1, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
      await use(2);
    });
    expect(places).toEqual([0, 1, 1]);
  });

  test("waits for memory, and is alone where it was killed for memory", async () => {
    const state = stateOf([[], [], []]);
    enqueue(state);
    const jobs = jobsOf(state, { need: 60 });
    await jobs.use(0, async () => {
      expect(jobs.fits(1)).toBe(false);
      jobs.freeMemory(0);
      expect(jobs.fits(1)).toBe(true);
    });
    expect(jobs.mayRetryAlone(1)).toBe(true);
    jobs.runAlone(1);
    expect(jobs.mayRetryAlone(1)).toBe(false);
    const first = state.schedule.start((i) => i === 0) ?? expect.unreachable();
    expect(jobs.fits(1)).toBe(false);
    expect(jobs.fits(2)).toBe(true);
    state.schedule.done(first);
    expect(state.schedule.start((i) => jobs.fits(i) && i === 1)).toBe(1);
    expect(jobs.fits(2)).toBe(false);
  });

  test("alone is of no use to one that had all of the machine", () => {
    const state = stateOf([[]]);
    enqueue(state);
    const jobs = jobsOf(state, { jobs: 1 });
    state.schedule.start(() => true);
    expect(jobs.mayRetryAlone(0)).toBe(false);
  });
});
