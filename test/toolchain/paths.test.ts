/**
 * Paths with spaces, quotes, `$`, `#`, `%`, letters beyond ASCII and a leading dash, as project folder, source, include
 * folder and header: they simply work, in builds, in rebuilds (depfiles are read back) and in the text of `--dry-run`.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { cliEnvironment, runRetorch, runRetorchOk, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { cpuPython, cudaPython, need, tool } from "../support/environments.ts";
import { pythonModule } from "../support/slim-sources.ts";

/** One kind of oddness each, and all of them. */
const oddNames: readonly string[] = [
  "with space",
  " spaces ",
  "it's",
  'say "hi"',
  "$HOME",
  "$$",
  "#1",
  "100%",
  "größe-名前-é",
  "-dash",
  "--out",
  "@file",
  "=inc",
  "a:b",
  "a,b",
  "a;b&c|d",
  "(x)[y]{z}",
  "*?!",
  "~",
  "back\\slash",
  "`ls`",
  "tab\there",
  `all of it's "$HOME" #1 100% (größe) & more`,
];

function emptyFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "retorch-empty-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Finished {
  readonly artifacts: readonly { readonly path: string }[];
  readonly actions: { readonly executed: number; readonly cached: number; readonly fresh: number };
}

async function build(project: TemporaryProject, args: readonly string[]): Promise<Finished> {
  const { stdout } = await runRetorchOk(["build", ...args, "--json", "--no-cache"], { cwd: project.root });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Finished;
}

/** A project without torch and Python, in which everything has the name. */
function oddProject(name: string): TemporaryProject {
  const quoted = JSON.stringify(name);
  return temporaryProject(
    {
      "retorch.toml": `[extension.tool]
kind = "executable"
uses-torch = false
provenance = false
sources = [${JSON.stringify(`./src/${literal(name)}.cpp`)}, "main.c"]
include-dirs = [${quoted}]
define = { TEXT = ${JSON.stringify(JSON.stringify(name))} }
`,
      [`src/${name}.cpp`]: `#include <${name}/${name}.h>\nextern "C" int value() { return VALUE; }\n`,
      [`${name}/${name}/${name}.h`]: "#define VALUE 1\n",
      "main.c": '#include <stdio.h>\nint value(void);\nint main(void) { printf("%d %s", value(), TEXT); }\n',
    },
    name,
  );
}

/** The name as a pattern that means nothing but itself. */
function literal(name: string): string {
  return name.replaceAll(/[\\*?[\]{}()!]/g, "\\$&");
}

function output(program: string): string {
  return execFileSync(program, { cwd: "/", env: cliEnvironment(), encoding: "utf8" });
}

describe("every path of a project", () => {
  it.each(oddNames)("%j", async (name) => {
    const project = oddProject(name);
    const first = await build(project, []);
    expect(first.actions).toEqual({ executed: 3, cached: 0, fresh: 0 });
    const program = first.artifacts[0]?.path ?? "";
    expect(program).toBe(project.path("tool"));
    expect(output(program)).toBe(`1 ${name}`);

    expect((await build(project, [])).actions).toEqual({ executed: 0, cached: 0, fresh: 3 });

    // The header is known from the compiler's depfile: only what includes it is compiled.
    project.write(`${name}/${name}/${name}.h`, "#define VALUE 22\n");
    expect((await build(project, [])).actions).toEqual({ executed: 2, cached: 0, fresh: 1 });
    expect(output(program)).toBe(`22 ${name}`);
    const built = readFileSync(program);

    // The text of --dry-run, run from elsewhere, gives the same bytes.
    const { stdout: script } = await runRetorchOk(["build", "--dry-run"], { cwd: project.root });
    for (const made of [".retorch", "tool"]) rmSync(project.path(made), { recursive: true });
    execFileSync("sh", ["-e"], { cwd: emptyFolder(), env: cliEnvironment(), input: script });
    expect(readFileSync(program).equals(built)).toBe(true);
  });
});

describe("paths on the command line", () => {
  const name = `all of it's "$HOME" #1 100% (größe) & more`;

  it("a module of torch with everything in odd places", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject(
      {
        [`-src/-${name}.cpp`]: pythonModule("odd", "VALUE", `#include <${name}.h>`),
        [`-inc ${name}/${name}.h`]: "#define VALUE 42\n",
      },
      name,
    );
    const args = [`./-src/-${name}.cpp`, `-I-inc ${name}`, "--python", executable, "--out", `./-out ${name}`];
    const { artifacts } = await build(project, args);
    const code = "import sys; sys.path.insert(0, sys.argv[1]); import odd; print(odd.answer())";
    const folder = project.path(`-out ${name}`);
    expect(artifacts[0]?.path.startsWith(`${folder}/odd.`)).toBe(true);
    expect(execFileSync(executable, ["-c", code, folder], { env: cliEnvironment(), encoding: "utf8" })).toBe("42\n");
    expect((await build(project, args)).actions).toMatchObject({ executed: 0 });
  });

  it("a source that begins with a dash, after `--`", async (context) => {
    // Sources by name have no configuration, so that every one of them may use PyTorch.
    const { executable } = need(context, cpuPython());
    const project = temporaryProject({
      "retorch.toml": "[defaults]\nuses-torch = false\n",
      "-o.c": '#include <stdio.h>\nint main(void) { puts("dash"); }\n',
    });
    const { artifacts } = await build(project, ["--name", "tool"]);
    expect(output(artifacts[0]?.path ?? "")).toBe("dash\n");
    const words = ["build", "--dry-run", "--python", executable, "--name", "tool", "--", "-o.c"];
    const planned = await runRetorchOk(words, { cwd: project.root });
    expect(planned.stdout).toContain(" ./-o.c ");
  });
});

describe("CUDA", () => {
  it.for(["auto", "off"])("a kernel and its header in odd places, --cuda-graph %s", async (graph, context) => {
    const { executable } = need(context, cudaPython());
    // Without a double quote: nvcc loses the headers below such a folder from its depfile, so that nothing is ever fresh.
    const name = "it's $HOME #1 100% (größe)";
    const project = temporaryProject(
      {
        [`${name}/k.cu`]: `#include "own $1.h"\n__global__ void kernel(float* x) { *x = VALUE; }\n${pythonModule("k", "VALUE")}`,
        [`${name}/own $1.h`]: "#define VALUE 42\n",
      },
      name,
    );
    const args = [`${name}/k.cu`, "--arch", "8.0", "--python", executable, "--cuda-graph", graph];
    const { stderr } = await runRetorch(["build", "--dry-run", ...args], { cwd: project.root });
    if (stderr.includes("[CUDA_NOT_FOUND]")) context.skip("no nvcc");
    expect((await build(project, args)).actions.executed).toBeGreaterThanOrEqual(2);
    expect((await build(project, args)).actions).toMatchObject({ executed: 0 });
    project.write(`${name}/own $1.h`, "#define VALUE 43\n");
    expect((await build(project, args)).actions.executed).toBeGreaterThanOrEqual(2);
    const printed = execFileSync(executable, ["-c", "import k; print(k.answer())"], {
      cwd: project.root,
      env: cliEnvironment(),
      encoding: "utf8",
    });
    expect(printed).toBe("43\n");
  });
});

describe("compilers other than gcc", () => {
  // Not with a backslash: clang writes it as a slash into its depfile, so that such a header is never fresh.
  it("clang, whose depfiles differ", async (context) => {
    const clang = need(context, tool("clang++", "clang++-19", "clang++-18", "clang++-17"));
    for (const name of ["$$ #1 it's", 'a "b" c']) {
      const project = oddProject(name);
      const env = { CXX: clang };
      const run = async (): Promise<Finished["actions"]> => {
        const { stdout } = await runRetorchOk(["build", "--json", "--no-cache"], { cwd: project.root, env });
        return (JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Finished).actions;
      };
      expect(await run()).toMatchObject({ executed: 3 });
      expect(await run()).toMatchObject({ executed: 0 });
      project.write(`${name}/${name}/${name}.h`, "#define VALUE 22\n");
      expect(await run()).toMatchObject({ executed: 2 });
      expect(output(project.path("tool"))).toBe(`22 ${name}`);
    }
  });
});

it("a compiler in a folder with a space", async (context) => {
  const real = need(context, tool("g++"));
  const project = oddProject("x");
  mkdirSync(project.path("my tools"));
  project.write("my tools/g++", "");
  execFileSync("sh", [
    "-c",
    `printf '#!/bin/sh\\nexec %s "$@"\\n' "$1" > "$2" && chmod +x "$2"`,
    "sh",
    real,
    project.path("my tools/g++"),
  ]);
  const { stderr } = await runRetorchOk(["build"], { cwd: project.root, env: { CXX: project.path("my tools/g++") } });
  expect(stderr).toContain("built tool");
});
