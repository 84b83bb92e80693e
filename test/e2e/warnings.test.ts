/** What a compiler said is not lost: `-v` shows it again when its action was up to date or came from the store. */
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { runRetorch, runRetorchOk, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { cpuPython, need } from "../support/environments.ts";
import { pythonModule } from "../support/slim-sources.ts";
import { tinyProject, tinyUnit } from "../support/tiny-project.ts";

const said = "this unit is not finished";

function project(): { made: TemporaryProject; env: { RETORCH_CACHE_DIR: string } } {
  const made = tinyProject({ units: 2 });
  made.write("src/unit0.cpp", `#warning "${said}"\n${tinyUnit(0, 0)}`);
  const cache = join(dirname(made.root), "cache");
  mkdirSync(cache, { mode: 0o700 });
  return { made, env: { RETORCH_CACHE_DIR: cache } };
}

async function build(made: TemporaryProject, env: Record<string, string>, ...words: string[]): Promise<string> {
  return (await runRetorchOk(["build", ...words], { cwd: made.root, env })).stderr;
}

/** How often the warning is told; a compiler shows the line itself below its message. */
function times(text: string): number {
  return text.match(new RegExp(`warning: .*${said}`, "g"))?.length ?? 0;
}

test("shown when it runs; with -v when it did not run, after a build that had nothing to do, too", async () => {
  const { made, env } = project();
  expect(times(await build(made, env))).toBe(1);
  expect(times(await build(made, env))).toBe(0);
  expect(times(await build(made, env, "-v"))).toBe(1);
  expect(times(await build(made, env, "--verbose"))).toBe(1);
  // Another unit runs: this one is up to date.
  made.write("src/unit1.cpp", tinyUnit(1, 4));
  expect(times(await build(made, env))).toBe(0);
  made.write("src/unit1.cpp", tinyUnit(1, 5));
  expect(times(await build(made, env, "-v"))).toBe(1);
});

test("from the store", async () => {
  const { made, env } = project();
  await build(made, env);
  rmSync(made.path(".retorch"), { recursive: true });
  expect(times(await build(made, env, "-v"))).toBe(1);
  // And it is remembered here from then on.
  expect(times(await build(made, env, "-v", "--no-cache"))).toBe(1);
});

test("as JSON it stands with each action, however the action came to its result", async () => {
  const { made, env } = project();
  await build(made, env);
  made.write("src/unit1.cpp", tinyUnit(1, 4));
  const { stdout } = await runRetorchOk(["build", "--json"], { cwd: made.root, env });
  const done = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; outcome?: string; output?: string })
    .filter(({ type, output }) => type === "done" && output?.includes(said) === true);
  expect(done).toMatchObject([{ outcome: "fresh" }]);
});

test("gone once its cause is", async () => {
  const { made, env } = project();
  await build(made, env);
  made.write("src/unit0.cpp", tinyUnit(0, 0));
  await build(made, env);
  expect(times(await build(made, env, "-v"))).toBe(0);
});

test("a warning that is made an error fails each time, and is told each time", async () => {
  const { made, env } = project();
  const more = { ...env, CXXFLAGS: "-Werror" };
  for (let round = 0; round < 2; round++) {
    const result = await runRetorch(["build"], { cwd: made.root, env: more });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(said);
  }
});

test("of a module that cannot be imported under its name", async (context) => {
  const env = { RETORCH_PYTHON: need(context, cpuPython()).executable };
  const made = temporaryProject({
    "retorch.toml": '[extension.ops]\nuses-torch = false\nsources = ["ops.cpp"]\n',
    "ops.cpp": pythonModule("other"),
  });
  const wrong = await build(made, env);
  expect(wrong).toContain("warning: `import ops` will fail: the sources define the module `other`, not `ops`\n");
  expect(wrong).toContain("hint: write `TORCH_EXTENSION_NAME` in place of `other`, or call the extension `other`\n");
  made.write("ops.cpp", pythonModule("ops"));
  expect(await build(made, env)).not.toContain("warning:");
});

test("of a symbol that nothing defines, when the module was linked and not again", async (context) => {
  const env = { RETORCH_PYTHON: need(context, cpuPython()).executable };
  const made = temporaryProject({
    "retorch.toml": '[extension.ops]\nuses-torch = false\nsources = ["ops.cpp"]\n',
    "ops.cpp": `namespace mine { int size(); }\nint use_it() { return mine::size(); }\n${pythonModule("ops")}`,
  });
  const open = await build(made, env);
  expect(open).toMatch(/warning: `[^`]*ops\.[^`]*so` will not load: `mine::size\(\)` is defined nowhere\. /);
  expect(open).toContain("hint: Add the source that defines it to `sources`");
  expect(await build(made, env)).not.toContain("warning:");
  made.write("more.cpp", "namespace mine { int size() { return 3; } }\n");
  made.write("retorch.toml", '[extension.ops]\nuses-torch = false\nsources = ["ops.cpp", "more.cpp"]\n');
  expect(await build(made, env)).not.toContain("warning:");
});
