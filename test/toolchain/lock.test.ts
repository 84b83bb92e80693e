/** The lock with real processes, some of which are killed while they hold it or wait for it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type NodeProgram, nodeProgram, type Running, startProgram } from "../support/node-program.ts";

const rounds = 25;

/** Adds one to a number in a file, again and again, in a way that loses additions unless it is alone. */
const source = `
  import { readFileSync, writeFileSync, writeSync } from "node:fs";
  import { nodeHost } from "../../src/host/node-host.ts";
  import { acquireLock } from "../../src/host/lock.ts";
  const [folder, temporary] = process.argv.slice(2);
  const host = nodeHost();
  const file = folder + "/counter";
  for (let round = 0; round < ${rounds}; round++) {
    const lock = await acquireLock(host, folder + "/lock", { temporary: temporary === "temporary" });
    const next = Number(readFileSync(file, "utf8")) + 1;
    if (round % 3 === 0) await host.sleep(1);
    writeFileSync(file + process.pid, String(next));
    host.fs.rename(file + process.pid, file);
    writeSync(1, next + "\\n");
    if (!lock.held()) throw new Error("not held");
    lock.release();
  }
`;

describe("eight processes", () => {
  let program: NodeProgram;
  let folder: string;
  let all: Running[] = [];
  beforeAll(async () => {
    program = await nodeProgram(source);
  });
  afterAll(() => program.dispose());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "retorch-lock-"));
    writeFileSync(join(folder, "counter"), "0");
  });
  afterEach(async () => {
    for (const { child } of all) child.kill("SIGKILL");
    await Promise.all(all.map((each) => each.ended));
    rmSync(folder, { recursive: true, force: true });
  });

  function start(mode: string): void {
    all = Array.from({ length: 8 }, () => startProgram(program, [folder, mode]));
  }

  /** The numbers that all of them say they have written. */
  async function reported(): Promise<number[]> {
    const ends = await Promise.all(all.map((each) => each.ended));
    expect(ends.map((end) => end.stderr).join("")).toBe("");
    return ends.flatMap((end) => end.stdout.trim().split("\n").filter(Boolean).map(Number));
  }

  it.each(["lasting", "temporary"])("do not lose an addition (%s)", { timeout: 60_000 }, async (mode) => {
    start(mode);
    const numbers = await reported();
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 8 * rounds }, (_, i) => i + 1));
    expect(readFileSync(join(folder, "counter"), "utf8")).toBe(String(8 * rounds));
  });

  it.each(["lasting", "temporary"])(
    "do not lose an addition, and none hangs, when some are killed (%s)",
    { timeout: 60_000 },
    async (mode) => {
      start(mode);
      // Each at another point of its work; a number is printed while the lock is held.
      const victims = all.slice(0, 4).map(async (each, i) => {
        await each.printed("\n");
        if (i % 2 === 1) await new Promise((resolve) => setTimeout(resolve, 3 * i));
        each.child.kill("SIGKILL");
      });
      await Promise.all(victims);
      const numbers = await reported();
      expect(new Set(numbers).size).toBe(numbers.length);
      const total = Number(readFileSync(join(folder, "counter"), "utf8"));
      expect(total).toBeGreaterThanOrEqual(numbers.length);
      // What was written and not reported: at most one of each that was killed.
      expect(total).toBeLessThanOrEqual(numbers.length + 4);
      expect(Math.max(...numbers)).toBeLessThanOrEqual(total);
      expect(numbers.length).toBeGreaterThanOrEqual(4 * rounds + 4);
    },
  );
});
