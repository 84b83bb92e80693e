/** However the program ends, what it started ends with it: real processes, real signals. Needs `/proc`. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseStat } from "../../src/host/process-identity.ts";
import { eventually, type NodeProgram, nodeProgram, type Running, startProgram } from "../support/node-program.ts";

const supported = existsSync("/proc/self/stat") && existsSync("/bin/sh");
if (!supported) console.log("skipped: orphans of a killed build (no /proc or no /bin/sh)");

/** Starts two "compilers", each a driver with a child that does the work, and then ends in the way that it is told. */
const source = `
  import { nodeHost } from "../../src/host/node-host.ts";
  import { writeSync } from "node:fs";
  const host = nodeHost();
  const end = process.argv[2];
  const abort = new AbortController();
  if (end === "handled") process.on("SIGTERM", () => abort.abort());
  const script = 'sleep 600 & echo "$$ $!" > "' + process.argv[3] + '/$$"; wait';
  const runs = [1, 2].map(() =>
    host.processes.run({ argv: ["/bin/sh", "-c", script], cwd: "/", env: { PATH: process.env["PATH"] }, signal: abort.signal }),
  );
  // Longer than it takes until the watchdog is there.
  await host.sleep(150);
  writeSync(1, "ready\\n");
  if (end === "exit") process.exit(3);
  if (end === "throw") throw new Error("thrown");
  if (end === "finish") await Promise.all(runs.map((run) => (abort.abort(), run)));
  const results = await Promise.all(runs);
  writeSync(1, "signals " + results.map((result) => result.signal).join(" ") + "\\n");
`;

function running(pid: number): boolean {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
    return stat !== undefined && !stat.ended;
  } catch {
    return false;
  }
}

describe.runIf(supported)("what a program started", () => {
  let program: NodeProgram;
  let folder: string;
  let subject: Running | undefined;
  beforeAll(async () => {
    program = await nodeProgram(source);
  });
  afterAll(() => program.dispose());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "retorch-orphans-"));
  });
  afterEach(() => {
    subject?.child.kill("SIGKILL");
    for (const pid of pids()) if (running(pid)) process.kill(pid, "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  /** The process ids of the drivers and their children. */
  function pids(): number[] {
    return readdirSync(folder).flatMap((name) =>
      readFileSync(join(folder, name), "utf8").trim().split(" ").map(Number),
    );
  }

  async function endedBy(
    how: string,
    signal?: NodeJS.Signals,
  ): Promise<{ code: number | null; signal: string | null }> {
    subject = startProgram(program, [how, folder]);
    await subject.printed("ready");
    const started = pids();
    expect(started).toHaveLength(4);
    if (signal !== undefined) {
      if (!started.every(running)) throw new Error("the programs ended by themselves");
      subject.child.kill(signal);
    }
    const ended = await subject.ended;
    await eventually(() => !started.some(running), `the end of ${started.filter(running).join(" ")}`, 10_000);
    return ended;
  }

  it.each(["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGSEGV"] as const)(
    "ends when it is ended by %s",
    async (signal) => {
      expect((await endedBy("wait", signal)).signal).toBe(signal);
    },
  );

  it.each([
    ["exits", "exit", 3],
    ["fails", "throw", 1],
  ] as const)("ends when it %s", async (_, how, code) => {
    expect((await endedBy(how)).code).toBe(code);
  });

  it("is ended in an orderly way by a program that handles the signal", async () => {
    expect((await endedBy("handled", "SIGTERM")).code).toBe(0);
  });

  it("does not keep a program alive that has finished", async () => {
    expect((await endedBy("finish")).code).toBe(0);
  });

  it("leaves no watchdog behind", async () => {
    subject = startProgram(program, ["wait", folder]);
    await subject.printed("ready");
    const children = readFileSync(`/proc/${subject.child.pid}/task/${subject.child.pid}/children`, "latin1");
    const all = children.trim().split(" ").map(Number);
    // Two programs and the watchdog.
    expect(all).toHaveLength(3);
    subject.child.kill("SIGKILL");
    await subject.ended;
    await eventually(() => !all.some(running), "the end of the watchdog");
  });
});
