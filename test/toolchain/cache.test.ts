/** The local store with eight real processes, of which some are killed while they write, read, clean or hold a claim. */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openLocalStore } from "../../src/cache/local.ts";
import { nodeHost } from "../../src/host/node-host.ts";
import { type NodeProgram, nodeProgram, type Running, startProgram } from "../support/node-program.ts";

const actions = 30;

/** Does each action once between all processes: a result is looked up, waited for, or made and stored. */
const source = `
  import { appendFileSync, readFileSync, writeFileSync, writeSync } from "node:fs";
  import { digestOf } from "../../src/base/digest.ts";
  import { openLocalStore } from "../../src/cache/local.ts";
  import { nodeHost } from "../../src/host/node-host.ts";
  const [folder, limit, offset] = process.argv.slice(2);
  const host = nodeHost();
  const opened = openLocalStore(host, { cacheDir: folder + "/cache", limit: Number(limit) });
  if (!opened.ok) throw new Error(opened.error.message);
  const store = opened.value;
  const out = folder + "/" + process.pid + ".o";

  async function fetch(key, content) {
    for (const result of await store.lookup(key)) {
      if (!(await store.restore(result.outputs[0], out))) continue;
      if (readFileSync(out, "utf8") !== content) throw new Error("a wrong content");
      return true;
    }
    return false;
  }

  for (let i = 0; i < ${actions}; i++) {
    // Each begins at another place, and all meet.
    const n = (i + Number(offset)) % ${actions};
    const key = digestOf("action " + n);
    const content = ("content of " + n + "\\n").repeat(2000);
    if (!(await fetch(key, content))) {
      const claim = await store.claim(key, () => {});
      if (claim === undefined) throw new Error("no claim");
      if (!(await fetch(key, content))) {
        await host.sleep(2);
        const file = folder + "/made-" + process.pid;
        writeFileSync(file, content);
        appendFileSync(folder + "/executed", n + "\\n");
        const output = { path: "o", digest: digestOf(content), size: content.length, mode: 0o644 };
        const inputs = [{ path: "a.cpp", digest: digestOf(String(n)) }];
        await store.store(
          key,
          { inputs, absent: [], outputs: [output], printed: "", durationMs: 1, peakMemory: 1 },
          new Map([["o", file]]),
        );
      }
      claim.release();
    }
    await store.maintain();
    writeSync(1, n + "\\n");
  }
`;

describe("eight processes with one store", () => {
  let program: NodeProgram;
  let folder: string;
  let all: Running[] = [];
  beforeAll(async () => {
    program = await nodeProgram(source);
  });
  afterAll(() => program.dispose());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "retorch-cache-"));
    appendFileSync(join(folder, "executed"), "");
  });
  afterEach(async () => {
    for (const { child } of all) child.kill("SIGKILL");
    await Promise.all(all.map((each) => each.ended));
    rmSync(folder, { recursive: true, force: true });
  });

  function start(limit: number): void {
    all = Array.from({ length: 8 }, (_, i) => startProgram(program, [folder, String(limit), String(i * 4)]));
  }

  async function finish(): Promise<void> {
    const ends = await Promise.all(all.map((each) => each.ended));
    expect(ends.map((end) => end.stderr).join("")).toBe("");
    const finished = ends.filter((end) => end.code === 0);
    for (const end of finished) expect(end.stdout.trim().split("\n")).toHaveLength(actions);
    expect(ends.filter((end) => end.code !== 0).every((end) => end.signal === "SIGKILL")).toBe(true);
  }

  async function verified(): Promise<{ entries: number; badEntries: number; badContents: number }> {
    const store = openLocalStore(nodeHost(), { cacheDir: join(folder, "cache"), limit: 0 });
    if (!store.ok) throw new Error(store.error.message);
    return store.value.verify();
  }

  /** How often each action was done. */
  function executions(): number[] {
    const lines = readFileSync(join(folder, "executed"), "utf8").trim().split("\n");
    return Array.from({ length: actions }, (_, n) => lines.filter((line) => line === String(n)).length);
  }

  it("do each action once", { timeout: 60_000 }, async () => {
    start(0);
    await finish();
    expect(executions()).toEqual(Array.from({ length: actions }, () => 1));
    expect(await verified()).toMatchObject({ entries: actions, badEntries: 0, badContents: 0 });
    expect(readdirSync(join(folder, "cache", "store", "v1", "claims"))).toEqual([]);
  });

  it("do what a killed one did not finish, and nobody waits for it for ever", { timeout: 60_000 }, async () => {
    start(0);
    await Promise.all(
      all.slice(0, 3).map(async (each, i) => {
        await each.printed("\n");
        if (i > 0) await new Promise((resolve) => setTimeout(resolve, 7 * i));
        each.child.kill("SIGKILL");
      }),
    );
    await finish();
    const counts = executions();
    expect(Math.min(...counts)).toBe(1);
    // Each that was killed can have been in the middle of one.
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(actions + 3);
    expect(await verified()).toMatchObject({ entries: actions, badEntries: 0, badContents: 0 });
  });

  it("get right contents while the store is cleaned again and again", { timeout: 60_000 }, async () => {
    // Room for a third of all.
    start(300_000);
    await all[0]!.printed("\n");
    all[0]!.child.kill("SIGKILL");
    await finish();
    expect(Math.min(...executions())).toBeGreaterThanOrEqual(1);
    expect(await verified()).toMatchObject({ badContents: 0 });
  });
});
