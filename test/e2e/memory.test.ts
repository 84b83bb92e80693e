/** Memory: what actions needed is learnt, a build never starts what will not fit, and who is killed runs again alone. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, type TestContext } from "vitest";
import { runRetorch, runRetorchOk, type CliResult, type TemporaryProject } from "../support/cli.ts";
import { need, tool } from "../support/environments.ts";
import { tinyOutput, tinyProject, tinyUnit } from "../support/tiny-project.ts";

/**
 * A compiler that runs the given shell lines before it compiles one of the units, and notes in a folder how many such
 * runs there were at one time.
 */
function compiler(project: TemporaryProject, lines: string): { path: string; notes: string; most: () => number } {
  const notes = project.path("notes");
  mkdirSync(notes);
  const path = project.path("tools/g++");
  project.write(
    "tools/g++",
    `#!/bin/sh
case " $* " in *" -c "*src/unit*)
  mkdir -p '${notes}/running'
  : > '${notes}/running/'$$
  ls '${notes}/running' | wc -l >> '${notes}/counts'
${lines}
  rm -f '${notes}/running/'$$
esac
exec g++ "$@"
`,
  );
  chmodSync(path, 0o755);
  return {
    path,
    notes,
    most: () => {
      const counts = readFileSync(join(notes, "counts"), "utf8").trim().split("\n").map(Number);
      rmSync(join(notes, "counts"));
      return Math.max(...counts);
    },
  };
}

function needsPeaks(context: TestContext): void {
  need(context, tool("g++"));
  if (process.platform !== "linux") context.skip("peaks of memory are only measured on Linux");
}

interface JsonEvent {
  readonly type: string;
  readonly retrying?: boolean;
  readonly action?: { readonly description: string };
  readonly peakMemory?: number;
}

function events({ stdout }: CliResult): JsonEvent[] {
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as JsonEvent);
}

const hog = (megabytes: number): string =>
  `  python3 -c 'x = bytearray(${megabytes} << 20); import time; time.sleep(0.4)'`;

test("peaks that were measured keep the next build within its limit", async (context) => {
  needsPeaks(context);
  need(context, tool("python3"));
  const project = tinyProject({ units: 3 });
  const { path, most } = compiler(project, hog(330));
  const options = { cwd: project.root, env: { CXX: path } };
  // By the guess for a source without torch (300 MB) two fit at a time.
  const words = ["build", "--no-cache", "--json", "-j4", "--memory", "700M"];
  const first = await runRetorchOk(words, options);
  expect(most()).toBe(2);
  const peaks = events(first).flatMap(({ type, action, peakMemory }) =>
    type === "done" && action?.description.includes("unit") === true ? [peakMemory ?? 0] : [],
  );
  for (const peak of peaks) expect(peak).toBeGreaterThan(330 << 20);
  // Now it is known that they need more.
  await runRetorchOk([...words, "--force"], options);
  expect(most()).toBe(1);
  // With room for all there are four.
  await runRetorchOk(["build", "--no-cache", "--json", "-j4", "--memory", "4G", "--force"], options);
  expect(most()).toBeGreaterThan(1);
});

test("one that needs more than there is runs nevertheless, alone", async (context) => {
  needsPeaks(context);
  need(context, tool("python3"));
  const project = tinyProject({ units: 2 });
  const { path, most } = compiler(project, hog(120));
  const options = { cwd: project.root, env: { CXX: path } };
  const words = ["build", "--no-cache", "--json", "-j4", "--memory", "100M"];
  await runRetorchOk(words, options);
  expect(most()).toBe(1);
  await runRetorchOk([...words, "--force"], options);
  expect(most()).toBe(1);
  expect(tinyOutput(project.path("tiny"))).toBe(String(11 + 22));
});

/** The first run of each unit named here dies as if the kernel had killed the compiler proper for memory. */
const dying = (unit: string): string => `  case " $* " in *src/${unit}*)
    if [ ! -e "$0.died" ]; then
      : > "$0.died"
      rm -f "$(dirname "$0")/../notes/running/"$$
      echo "g++: fatal error: Killed signal terminated program cc1plus" >&2
      echo "compilation terminated." >&2
      exit 1
    fi ;;
  esac`;

test("a compiler that is killed for memory runs again alone, and that is said", async (context) => {
  need(context, tool("g++"));
  const project = tinyProject({ units: 4 });
  const { path } = compiler(project, `${dying("unit2")}\n  sleep 0.2`);
  const options = { cwd: project.root, env: { CXX: path } };
  const result = await runRetorchOk(["build", "--no-cache", "-j4"], options);
  expect(result.stderr).toMatch(/memory/);
  expect(result.stderr).toMatch(/alone/);
  expect(tinyOutput(project.path("tiny"))).toBe("70");
  rmSync(`${path}.died`);
  project.write("src/unit2.cpp", tinyUnit(2, 3));
  project.write("src/unit1.cpp", tinyUnit(1, 3));
  const json = await runRetorchOk(["build", "--no-cache", "-j4", "--json"], options);
  const said = events(json).filter(({ type }) => type === "failed");
  expect(said).toMatchObject([{ retrying: true }]);
  const at = events(json).findIndex(({ type }) => type === "failed");
  // Between its second start and its end nothing else runs.
  const rest = events(json).slice(at + 1);
  const again = rest.findIndex(
    ({ type, action }) => type === "started" && action?.description.includes("unit2") === true,
  );
  const next = rest.slice(again + 1).find(({ type }) => type === "started" || type === "done");
  expect(next).toMatchObject({ type: "done", action: { description: "compile src/unit2.cpp" } });
});

test("one that is killed again, alone, fails the build with a word on memory", async (context) => {
  need(context, tool("g++"));
  const project = tinyProject({ units: 2 });
  const { path } = compiler(project, `  echo "g++: fatal error: Killed signal terminated program cc1plus" >&2; exit 1`);
  const result = await runRetorch(["build", "--no-cache", "-j2"], { cwd: project.root, env: { CXX: path } });
  expect(result.exitCode).toBe(1);
  expect(result.stderr).toContain("Killed signal terminated program cc1plus");
  expect(existsSync(project.path("tiny"))).toBe(false);
  writeFileSync(path, `#!/bin/sh\nexec g++ "$@"\n`);
  await runRetorchOk(["build", "--no-cache"], { cwd: project.root, env: { CXX: path } });
  expect(tinyOutput(project.path("tiny"))).toBe("33");
});
