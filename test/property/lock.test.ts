/**
 * Two never hold the lock, whatever happens between any two steps of taking it.
 *
 * Each operation on the disk is a place where the process may be stopped while others take and release the lock, run
 * into the same, or are killed. Listing a folder is made as weak as it may be: what comes or goes meanwhile is seen or not.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Lock, tryLock } from "../../src/host/lock.ts";
import { FakeHost } from "../support/fake-host.ts";

const folder = "/project/lock";

class Killed extends Error {}

/** A world in which a source of decisions says what happens next. */
class World {
  readonly machine = new FakeHost();
  /** Who believes to hold the lock, and lives. */
  readonly holders = new Map<FakeHost, Lock>();
  taken = 0;
  readonly #decide: (limit: number) => number;
  readonly #temporary: boolean;
  #depth = 0;

  constructor(decide: (limit: number) => number, temporary: boolean) {
    this.#decide = decide;
    this.#temporary = temporary;
  }

  /** Something that another process does, from its beginning to its end. */
  step(): void {
    const holder = this.holders.keys().next().value;
    switch (this.#decide(4)) {
      case 0:
        if (holder !== undefined) this.#release(holder);
        return;
      case 1:
        // It is killed while it holds the lock.
        if (holder === undefined) return;
        this.holders.delete(holder);
        holder.die();
        return;
      default:
        this.#take();
    }
  }

  finish(): void {
    for (const holder of this.holders.keys()) this.#release(holder);
    const last = tryLock(this.machine.sibling(), folder);
    expect(last?.held()).toBe(true);
  }

  #take(): void {
    const host = this.#process();
    let lock: Lock | undefined;
    try {
      lock = tryLock(host, folder, { temporary: this.#temporary });
    } catch (error) {
      if (error instanceof Killed) return;
      throw error;
    }
    // Killed, but the lock code went on to clean up: nobody lives to use it.
    if (host.killed) return;
    if (lock === undefined) return;
    this.taken++;
    if (this.holders.size > 0) throw new Error("two hold the lock");
    this.holders.set(host, lock);
  }

  #release(host: FakeHost): void {
    const lock = this.holders.get(host);
    this.holders.delete(host);
    try {
      lock?.release();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }

  /** A process that may be stopped or killed before each operation. */
  #process(): FakeHost & { killed: boolean } {
    const host = Object.assign(this.machine.sibling(), { killed: false });
    let busy = false;
    host.fs.onOperation = (operation, path) => {
      if (host.killed) throw new Killed();
      if (busy) return;
      busy = true;
      this.#meanwhile();
      busy = false;
      if (this.#decide(60) === 1) {
        host.killed = true;
        this.holders.delete(host);
        host.die();
        throw new Killed(`${operation} ${path}`);
      }
    };
    const list = host.fs.list.bind(host.fs);
    host.fs.list = (path) => {
      const before = list(path);
      if (busy || host.killed) return before;
      busy = true;
      this.#meanwhile();
      busy = false;
      const after = list(path);
      if (before === undefined || after === undefined) return after;
      const all = [...new Set([...before, ...after])].sort();
      return all.filter((name) => (before.includes(name) && after.includes(name)) || this.#decide(2) === 1);
    };
    return host;
  }

  #meanwhile(): void {
    if (this.#depth >= 3 || this.#decide(16) !== 1) return;
    this.#depth++;
    const steps = 1 + this.#decide(8);
    for (let i = 0; i < steps; i++) this.step();
    this.#depth--;
  }
}

/** Decisions from a list of numbers, nothing special when they are used up. */
function decisions(numbers: readonly number[]): (limit: number) => number {
  let at = 0;
  return (limit) => (at < numbers.length ? numbers[at++]! % limit : 0);
}

function random(seed: number): (limit: number) => number {
  let state = seed | 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) % limit;
  };
}

const worlds = process.env["RETORCH_TEST_SOAK"] === "1" ? 30_000 : 400;

describe.each([
  ["lasting", false],
  ["temporary", true],
] as const)("a %s lock", (_, temporary) => {
  it("is held by one at most (random worlds)", { timeout: worlds * 40 + 60_000 }, () => {
    let taken = 0;
    for (let seed = 0; seed < worlds; seed++) {
      const world = new World(random(seed), temporary);
      try {
        for (let i = 0; i < 12; i++) world.step();
        world.finish();
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      taken += world.taken;
    }
    // The worlds are not idle.
    expect(taken).toBeGreaterThan(worlds * 5);
  });

  it("is held by one at most (searched for the least case)", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { maxLength: 400 }), (numbers) => {
        const world = new World(decisions(numbers), temporary);
        for (let i = 0; i < 12; i++) world.step();
        world.finish();
      }),
      { numRuns: 500 },
    );
  });
});
