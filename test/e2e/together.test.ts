/** Several builds at once: of one project, and of different ones over one store. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { cliEnvironment, runRetorchOk } from "../support/cli.ts";
import { repository } from "../support/environments.ts";
import { tinyOutput, tinyProject } from "../support/tiny-project.ts";

const program = join(repository, "bin", "retorch.js");

interface Finished {
  readonly ok: boolean;
  readonly actions: { readonly executed: number; readonly cached: number; readonly fresh: number };
}

function start(cwd: string, cache: string): { kill: () => void; end: Promise<Finished | undefined> } {
  const child = spawn(process.execPath, [program, "build", "--json", "-j", "2"], {
    cwd,
    env: cliEnvironment({ RETORCH_CACHE_DIR: cache }),
    stdio: ["ignore", "pipe", "ignore"],
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  const end = new Promise<Finished | undefined>((resolve) =>
    child.on("close", (code) => {
      if (code !== 0) resolve(undefined);
      else resolve(JSON.parse(out.trim().split("\n").at(-1) ?? "") as Finished);
    }),
  );
  return { kill: () => child.kill("SIGKILL"), end };
}

function temporaryCache(): string {
  const folder = mkdtempSync(join(tmpdir(), "retorch-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

test("eight builds of one project: each action runs once, all get the result", { timeout: 120_000 }, async () => {
  const cache = temporaryCache();
  const project = tinyProject();
  const ends = await Promise.all(Array.from({ length: 8 }, () => start(project.root, cache).end));
  expect(ends.every((end) => end?.ok === true)).toBe(true);
  expect(ends.reduce((sum, end) => sum + (end?.actions.executed ?? 0), 0)).toBe(6);
  expect(tinyOutput(project.path("tiny"))).toBe("70");
});

test("eight copies of a project over one store: no action runs twice", { timeout: 120_000 }, async () => {
  const cache = temporaryCache();
  const projects = Array.from({ length: 8 }, (_, i) => tinyProject({ name: `copy ${i}` }));
  const ends = await Promise.all(projects.map((project) => start(project.root, cache).end));
  expect(ends.every((end) => end?.ok === true)).toBe(true);
  const executed = ends.reduce((sum, end) => sum + (end?.actions.executed ?? 0), 0);
  expect(executed).toBe(6);
  for (const project of projects) expect(tinyOutput(project.path("tiny"))).toBe("70");
});

test("one of eight is killed: the others go on and are right", { timeout: 120_000 }, async () => {
  const cache = temporaryCache();
  const shared = tinyProject();
  const others = Array.from({ length: 4 }, (_, i) => tinyProject({ name: `other${i}` }));
  const builds = [
    ...Array.from({ length: 4 }, () => start(shared.root, cache)),
    ...others.map((p) => start(p.root, cache)),
  ];
  builds[0]?.kill();
  builds[4]?.kill();
  const ends = await Promise.all(builds.map((build) => build.end));
  const right = ends.filter((end) => end?.ok === true).length;
  expect(right).toBeGreaterThanOrEqual(6);
  expect(tinyOutput(shared.path("tiny"))).toBe("70");
  const after = await runRetorchOk(["build"], { cwd: others[0]?.root ?? "", env: { RETORCH_CACHE_DIR: cache } });
  expect(after.exitCode).toBe(0);
  for (const project of others) expect(tinyOutput(project.path("tiny"))).toBe("70");
});
