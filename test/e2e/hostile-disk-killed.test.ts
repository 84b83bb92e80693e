/** A build that is killed outright: who waited for it goes on, and no compiler outlives it. */
import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cliEnvironment, runRetorchOk, type TemporaryProject } from "../support/cli.ts";
import { repository } from "../support/environments.ts";
import { tinyOutput, tinyProject, tinyUnit } from "../support/tiny-project.ts";

const program = join(repository, "bin", "retorch.js");

/** A compiler that holds on in `unit0` for as long as the file `go` is missing, with a child that does the same. */
function holdingCompiler(project: TemporaryProject): string {
  const path = project.path("tools/g++");
  project.write(
    "tools/g++",
    `#!/bin/sh
case " $* " in *" -c "*src/unit0*)
  [ -e '${project.root}/go' ] || { : > '${project.root}/held'; sh -c 'while :; do sleep 0.05; done # ${project.root}'; } ;;
esac
exec g++ "$@"
`,
  );
  chmodSync(path, 0o755);
  return path;
}

interface Running {
  readonly child: ChildProcess;
  readonly end: Promise<number | null>;
  output(): string;
}

function start(project: TemporaryProject, compiler: string): Running {
  const child = spawn(process.execPath, [program, "build", "--json"], {
    cwd: project.root,
    env: cliEnvironment({ CXX: compiler }),
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (part: string) => (text += part));
  const end = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, end, output: () => text };
}

async function until(what: () => boolean): Promise<void> {
  const limit = performance.now() + 20_000;
  while (!what()) {
    if (performance.now() > limit) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Processes whose command line names the project. */
function processesOf({ root }: TemporaryProject): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return command.includes(root) ? [command] : [];
      } catch {
        return [];
      }
    });
}

test.runIf(process.platform === "linux")("who waits for a build that is killed takes over", async () => {
  const project = tinyProject({ units: 2 });
  const compiler = holdingCompiler(project);
  const first = start(project, compiler);
  await until(() => existsSync(project.path("held")));
  const second = start(project, compiler);
  await until(() => second.output().includes('"waiting"'));
  writeFileSync(project.path("go"), "");
  first.child.kill("SIGKILL");
  expect(await second.end).toBe(0);
  await first.end;
  expect(tinyOutput(project.path("tiny"))).toBe("33");
  await until(() => processesOf(project).length === 0);
  // Nothing but the lock in its released form stays.
  expect(readdirSync(project.path(".retorch")).filter((name) => /\.(?:new|old)-/.test(name))).toEqual([]);
});

test.runIf(process.platform === "linux")("SIGKILL leaves no compiler behind, and the next build is right", async () => {
  const project = tinyProject({ units: 2 });
  const compiler = holdingCompiler(project);
  const first = start(project, compiler);
  await until(() => existsSync(project.path("held")));
  expect(processesOf(project).length).toBeGreaterThan(0);
  first.child.kill("SIGKILL");
  await first.end;
  const killedAt = performance.now();
  await until(() => processesOf(project).length === 0);
  // One second between SIGTERM and SIGKILL, and some for a busy machine.
  expect(performance.now() - killedAt).toBeLessThan(10_000);
  writeFileSync(project.path("go"), "");
  await runRetorchOk(["build"], { cwd: project.root, env: { CXX: compiler } });
  expect(tinyOutput(project.path("tiny"))).toBe("33");
  project.write("src/unit0.cpp", tinyUnit(0, 1));
  await runRetorchOk(["build"], { cwd: project.root, env: { CXX: compiler } });
  expect(tinyOutput(project.path("tiny"))).toBe("34");
});
