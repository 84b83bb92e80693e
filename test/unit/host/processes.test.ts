/** Real programs, but only such as are everywhere: `sh` and this Node. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ProcessRequest, ProcessResult } from "../../../src/host/host.ts";
import { nodeHost } from "../../../src/host/node-host.ts";
import { OutputBuffer } from "../../../src/host/output-buffer.ts";
import { isAlive, parseStat, selfIdentity } from "../../../src/host/process-identity.ts";
import { eventually, nodeProgram, startProgram } from "../../support/node-program.ts";

const { processes } = nodeHost();
const linux = process.platform === "linux";
const posix = process.platform !== "win32";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "retorch-run-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(argv: readonly string[], more: Partial<ProcessRequest> = {}): Promise<ProcessResult> {
  return processes.run({ argv, cwd: folder, env: { PATH: process.env["PATH"] }, ...more });
}

function sh(script: string, more: Partial<ProcessRequest> = {}): Promise<ProcessResult> {
  return run(["/bin/sh", "-c", script], more);
}

/** Whether the process with this id exists and is not only waiting to be collected. */
function running(pid: number): boolean {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
    return stat !== undefined && !stat.ended;
  } catch {
    return false;
  }
}

describe.runIf(posix)("running a program", () => {
  it("gives back what it printed and how it ended", async () => {
    const result = await sh('printf out; printf err >&2; printf "%s|%s" "$PWD" "$MINE" > said; exit 7', {
      env: { MINE: "yes", UNSET: undefined },
    });
    expect(result).toMatchObject({ exitCode: 7, stdout: "out", stderr: "err", timedOut: false });
    expect(result.signal).toBeUndefined();
    expect(result.startError).toBeUndefined();
    expect(result.durationMs).toBeGreaterThan(0);
    expect(readFileSync(join(folder, "said"), "utf8")).toMatch(/retorch-run-\w+\|yes$/);
  });

  it("passes the input, or none", async () => {
    expect((await sh("cat", { stdin: "hello" })).stdout).toBe("hello");
    expect((await sh("cat")).stdout).toBe("");
    // A program that does not read its input must not matter.
    expect((await sh("exit 0", { stdin: "x".repeat(1_000_000) })).exitCode).toBe(0);
  });

  it("does not interpret arguments", async () => {
    const args = ["a b", "$HOME", "*", "'\"", ""];
    const result = await run([process.execPath, "-p", "JSON.stringify(process.argv.slice(1))", "--", ...args]);
    expect(JSON.parse(result.stdout)).toEqual(args);
  });

  it("says why a program could not be started", async () => {
    writeFileSync(join(folder, "plain"), "x", { mode: 0o644 });
    expect((await run(["/no/such/program"])).startError).toBe("ENOENT");
    expect((await run([join(folder, "plain")])).startError).toBe("EACCES");
    expect((await run(["sh", "-c", ":"], { cwd: join(folder, "missing") })).startError).toBe("ENOENT");
    expect((await run(["sh", "x".repeat(4_000_000)])).startError).toBe("E2BIG");
    expect((await run(["sh", "\0"])).startError).toBeTruthy();
  });

  it("says which signal ended it", async () => {
    const result = await sh("kill -SEGV $$");
    expect(result).toMatchObject({ exitCode: undefined, signal: "SIGSEGV", timedOut: false });
  });

  it("decodes characters that were cut between two pieces", async () => {
    const text = "ä€😀".repeat(40_000);
    const result = await run([process.execPath, "-e", `process.stdout.write("ä€😀".repeat(40_000))`]);
    // Not compared by `toBe`, which would print both.
    expect(result.stdout === text).toBe(true);
  });

  it("ends what takes too long, with all it started", async () => {
    const result = await sh("sleep 600 & echo $! > pid; wait", { timeoutMs: 100 });
    expect(result).toMatchObject({ timedOut: true, signal: "SIGTERM" });
    const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
    if (linux) await eventually(() => !running(pid), "the child of the program that took too long");
  });

  it("ends what is aborted, also what does not want to go", async () => {
    const abort = new AbortController();
    const pending = sh("trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done", { signal: abort.signal });
    await eventually(() => readQuietly("pid") !== "", "the program to start");
    abort.abort();
    const result = await pending;
    expect(result).toMatchObject({ signal: "SIGKILL", timedOut: false });
  });

  it("does not start what was aborted before", async () => {
    const result = await sh("echo started > mark", { signal: AbortSignal.abort() });
    expect(result.startError).toBe("ABORTED");
    expect(readQuietly("mark")).toBe("");
  });

  it("shares one signal among many programs without a warning", async () => {
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", note);
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 24 }, () => sh(":", { signal })));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", note);
    expect(warnings).toEqual([]);
  });

  it("does not wait for a process in the background that holds the output open", async () => {
    const result = await sh("sleep 600 & echo $!; exit 0");
    expect(result.exitCode).toBe(0);
    process.kill(Number(result.stdout), "SIGKILL");
  });

  it.runIf(linux)("takes along what a killed program leaves behind", async () => {
    const result = await sh("sleep 600 & echo $!; kill -KILL $$");
    expect(result.signal).toBe("SIGKILL");
    await eventually(() => !running(Number(result.stdout)), "what the killed program started");
  });

  it.runIf(linux)("measures the memory of a program and of all it starts", async () => {
    const mebi = 2 ** 20;
    const use = `const a = Buffer.alloc(150 * ${mebi}, 1); require("fs").writeSync(1, "x"); setTimeout(() => a, 300)`;
    const script = `"${process.execPath}" -e '${use}' & "${process.execPath}" -e '${use}' & wait`;
    const result = await sh(script, { measure: true });
    expect(result.stdout).toBe("xx");
    expect(result.peakMemory).toBeGreaterThan(300 * mebi);
    expect(result.peakMemory).toBeLessThan(900 * mebi);
    expect((await sh(":")).peakMemory).toBeUndefined();
  });
});

function readQuietly(name: string): string {
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch {
    return "";
  }
}

describe("bounded output", () => {
  it("is kept whole when it is small", () => {
    const buffer = new OutputBuffer(100);
    buffer.add(Buffer.from("x".repeat(49)));
    buffer.add(Buffer.from("ä"));
    buffer.add(Buffer.from("y".repeat(40)));
    expect(buffer.text()).toBe(`${"x".repeat(49)}ä${"y".repeat(40)}`);
  });

  it("keeps the beginning and the end of what is large", () => {
    const buffer = new OutputBuffer(1000);
    const all = Array.from({ length: 100_000 }, (_, i) => `${i}\n`).join("");
    for (let at = 0; at < all.length; at += 777) buffer.add(Buffer.from(all.slice(at, at + 777)));
    const text = buffer.text();
    expect(text.startsWith(all.slice(0, 500))).toBe(true);
    expect(text.endsWith(all.slice(-500))).toBe(true);
    expect(text).toContain(`[... ${all.length - 1000} bytes of output left out ...]`);
    expect(text.length).toBeLessThan(1100);
  });
});

describe("the identity of a process", () => {
  it("is alive for this one", () => {
    const self = selfIdentity();
    expect(self.pid).toBe(process.pid);
    expect(isAlive(self)).toBe(true);
    expect(isAlive({ ...self, started: `${self.started}1` })).toBe(false);
  });

  it.runIf(linux)("dies with the process, and is not taken on by another with the same id", async () => {
    const program = await nodeProgram(`
      import { selfIdentity } from "../../src/host/process-identity.ts";
      console.log(JSON.stringify(selfIdentity()));
      setInterval(() => {}, 1000);
    `);
    const other = startProgram(program);
    const identity = JSON.parse(await other.printed("\n"));
    expect(identity.pid).toBe(other.child.pid);
    expect(isAlive(identity)).toBe(true);
    expect(isAlive({ ...identity, started: "12345" })).toBe(false);
    expect(isAlive({ ...identity, domain: "elsewhere" })).toBeUndefined();
    other.child.kill("SIGKILL");
    await other.ended;
    expect(isAlive(identity)).toBe(false);
    program.dispose();
  });

  it("is read from a line in which the name holds spaces and parentheses", () => {
    const fields = ["S", ...Array.from({ length: 18 }, (_, i) => `${i}`), "987654", "0"].join(" ");
    expect(parseStat(`42 (a) S 1 (b)) ${fields}`)).toEqual({ started: "987654", ended: false });
    expect(parseStat(`42 (x) Z${fields.slice(1)}`)).toEqual({ started: "987654", ended: true });
    expect(parseStat("")).toBeUndefined();
    expect(parseStat("42 (x) S 1 2")).toBeUndefined();
  });
});
