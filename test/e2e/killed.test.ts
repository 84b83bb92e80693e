/**
 * A build that is killed at any moment: the next one never hangs, never uses a broken file, and gives what a clean
 * build gives. Real g++ on tiny sources. `npm run soak` does it a thousand times, `RETORCH_TEST_KILLS` and `RETORCH_TEST_SEED`
 * choose how often and at which moments.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cliEnvironment, runRetorch, runRetorchOk } from "../support/cli.ts";
import { need, repository, tool } from "../support/environments.ts";
import { filesBelow, tinyOutput, tinyProject, tinyUnit } from "../support/tiny-project.ts";

const rounds = Number(process.env["RETORCH_TEST_KILLS"] ?? (process.env["RETORCH_TEST_SOAK"] === "1" ? 1000 : 50));
const seed = Number(process.env["RETORCH_TEST_SEED"] ?? 12345);
const program = join(repository, "bin", "retorch.js");

/** Builds and kills the builder after a while. True when it was killed before it was done. */
async function buildKilled(cwd: string, afterMs: number, signal: NodeJS.Signals): Promise<boolean> {
  const child = spawn(process.execPath, [program, "build", "--no-cache"], {
    cwd,
    env: cliEnvironment(),
    stdio: "ignore",
  });
  const timer = setTimeout(() => child.kill(signal), afterMs);
  const killed = await new Promise<boolean>((resolve) => child.on("exit", (_, by) => resolve(by === signal)));
  clearTimeout(timer);
  return killed;
}

function isObject(path: string): boolean {
  return path.startsWith(".retorch/obj/") || path.startsWith(".retorch/out/");
}

/** Processes whose command line or folder names the project. */
function processesOf(folder: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return command.includes(folder) ? [command] : [];
      } catch {
        return [];
      }
    });
}

test(
  `killed ${rounds} times at random moments (seed ${seed})`,
  async (context) => {
    need(context, tool("g++"));
    const project = tinyProject({ units: 5 });
    await runRetorchOk(["build", "--no-cache"], { cwd: project.root });
    // What a whole build takes, once the environment is known, decides the range of the moments.
    const begin = performance.now();
    await runRetorchOk(["build", "--no-cache", "--force"], { cwd: project.root });
    const whole = performance.now() - begin;
    let killed = 0;
    let random = seed;
    const next = (): number => (random = (random * 1103515245 + 12345) % 2147483648) / 2147483648;
    for (let round = 0; round < rounds; round++) {
      const edited = Math.floor(next() * 5);
      project.write(`src/unit${edited}.cpp`, tinyUnit(edited, round + 100));
      if (next() < 0.3) project.write("include/tiny/part0.h", `#pragma once\n#define PART0 ${round}\n`);
      if (next() < 0.2) rmSync(project.path(".retorch"), { recursive: true, force: true });
      if (await buildKilled(project.root, next() * whole * 1.1, "SIGKILL")) killed++;
      const result = await runRetorch(["build", "--no-cache"], { cwd: project.root });
      expect(result.exitCode, result.stderr).toBe(0);
      if (round % 10 === 9 || round === rounds - 1) {
        const incremental = filesBelow(project.root, isObject);
        const printed = tinyOutput(project.path("tiny"));
        rmSync(project.path(".retorch"), { recursive: true });
        rmSync(project.path("tiny"));
        await runRetorchOk(["build", "--no-cache"], { cwd: project.root });
        expect(tinyOutput(project.path("tiny"))).toBe(printed);
        expect(incremental).toEqual(filesBelow(project.root, isObject));
      }
      const again = await runRetorchOk(["build", "--no-cache", "--json"], { cwd: project.root });
      expect(JSON.parse(again.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({
        ok: true,
        actions: { executed: 0 },
      });
    }
    expect(killed).toBeGreaterThan(rounds / 4);
    expect(existsSync(project.path(".retorch/tmp")) ? readdirSync(project.path(".retorch/tmp")) : []).toEqual([]);
  },
  rounds * 6000 + 60_000,
);

test.each(["SIGINT", "SIGTERM"] as const)("%s: ends soon with 130, and no compiler lives on", async (signal) => {
  const project = tinyProject({ units: 1 });
  // A unit that compiles for long enough to be interrupted for certain.
  project.write(
    "src/unit0.cpp",
    "template <int N> struct F { static constexpr int v = F<N - 1>::v + F<N - 1>::v % 7; };\ntemplate <> struct F<0> { static constexpr int v = 1; };\n" +
      "#include <map>\n#include <string>\n#include <regex>\n#include <functional>\n" +
      Array.from(
        { length: 60 },
        (_, i) =>
          `int f${i}(const std::string& s) { return std::regex_match(s, std::regex("a${i}")) + F<${400 + i}>::v; }\n`,
      ).join("") +
      "int unit0() { return 1; }\n",
  );
  const child = spawn(process.execPath, [program, "build", "--no-cache", "--json"], {
    cwd: project.root,
    env: cliEnvironment(),
    stdio: ["ignore", "pipe", "ignore"],
  });
  let out = "";
  let sent = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    if (!sent && out.includes('"started"') && out.includes("unit0")) {
      sent = true;
      child.kill(signal);
    }
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  expect(sent).toBe(true);
  expect(code).toBe(130);
  expect(JSON.parse(out.trim().split("\n").at(-1) ?? "")).toMatchObject({ type: "finished", ok: false });
  expect(processesOf(project.root)).toEqual([]);
});
