/** `retorch diagnose`, `inspect` and `doctor` as processes. */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, statSync, truncateSync, writeSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runRetorch, temporaryProject } from "../support/cli.ts";

const line = "ImportError: /x/ops.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs\n";

interface Diagnoses {
  readonly diagnoses: readonly { readonly id: string; readonly evidence: { readonly line: number } }[];
}

describe("retorch diagnose", () => {
  test("finds the one line in a large log, in little memory", { timeout: 60_000 }, async () => {
    const { root, path } = temporaryProject({});
    const filler = "[12/345] g++ -O3 -c some/source.cpp -o build/some/source.o\n".repeat(20_000);
    const file = openSync(path("large.log"), "w");
    for (let i = 0; i < 40; i++) {
      writeSync(file, filler);
      if (i === 20) writeSync(file, line);
    }
    closeSync(file);
    expect(statSync(path("large.log")).size).toBeGreaterThan(40_000_000);
    const run = await runRetorch(["diagnose", "--json", "--no-environment", "large.log"], {
      cwd: root,
      env: { NODE_OPTIONS: "--max-old-space-size=96" },
    });
    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    const { diagnoses } = JSON.parse(run.stdout) as Diagnoses;
    expect(diagnoses[0]?.id).toMatch(/abi/);
    expect(diagnoses[0]?.evidence.line).toBe(21 * 20_000 + 1);
  });

  test("reads a pipe", async () => {
    const { root } = temporaryProject({});
    const run = await runRetorch(["diagnose", "--no-environment"], { cwd: root, stdin: line });
    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    expect(run.stdout).toMatch(/^diagnosis: /);
  });

  test("reads a named pipe, as a shell's `<(make 2>&1)` is", async (context) => {
    const { root, path } = temporaryProject({});
    if (spawnSync("mkfifo", [path("pipe")]).status !== 0) context.skip("there are no named pipes");
    const writer = spawn(
      "sh",
      ["-c", 'for i in 1 2 3 4 5 6 7 8; do printf "%s" "$1"; done > pipe', "sh", line.repeat(1_000)],
      { cwd: root },
    );
    const run = await runRetorch(["diagnose", "--no-environment", "pipe"], { cwd: root });
    writer.kill();
    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    expect(run.stdout).toMatch(/^diagnosis: /);
  });

  test("has an answer to bytes without end of line", async () => {
    const { root, path } = temporaryProject({ empty: "" });
    truncateSync(path("empty"), 300_000_000);
    const run = await runRetorch(["diagnose", "--no-environment", "empty"], {
      cwd: root,
      env: { NODE_OPTIONS: "--max-old-space-size=96" },
    });
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toMatch(/is no text/);
  });
});

describe("retorch inspect", () => {
  test("says no to a library that is cut off, and yes to none", async (context) => {
    const { root, path, write } = temporaryProject({ "a.c": "int answer(void) { return 42; }\n" });
    const made = spawnSync("gcc", ["-shared", "-fPIC", "-o", "a.so", "a.c"], { cwd: root });
    if (made.status !== 0) context.skip("there is no gcc");
    const whole = await runRetorch(["inspect", "--no-environment", "a.so"], { cwd: root });
    expect([whole.exitCode, whole.stderr]).toEqual([0, ""]);
    truncateSync(path("a.so"), 2_000);
    const cut = await runRetorch(["inspect", "a.so"], { cwd: root });
    expect(cut.exitCode).toBe(1);
    expect(cut.stdout).toMatch(/Loads +no/);
    write("b.so", "no library at all");
    expect((await runRetorch(["inspect", "b.so"], { cwd: root })).exitCode).toBe(2);
  });
});

describe("retorch doctor", () => {
  test("sees what is wrong with the variables, as text and JSON", async () => {
    const { root } = temporaryProject({});
    const env = { CUDA_HOME: ":/usr/local/cuda", MAX_JOBS: "many" };
    const text = await runRetorch(["doctor"], { cwd: root, env });
    expect(text.exitCode).toBe(1);
    expect(text.stdout).toMatch(/^wrong\n/);
    expect(text.stdout).toContain("`CUDA_HOME` is a list");
    const json = await runRetorch(["doctor", "--json"], { cwd: root, env });
    const { ok, checks } = JSON.parse(json.stdout) as {
      readonly ok: boolean;
      readonly checks: readonly { readonly id: string; readonly status: string }[];
    };
    expect(ok).toBe(false);
    expect(checks.filter(({ status }) => status === "problem").map(({ id }) => id)).toEqual(
      expect.arrayContaining(["cuda-home", "max-jobs"]),
    );
  });
});
