/** Each kind of extension is built by the bundled program, and what was built is run. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cliEnvironment, runRetorch, runRetorchOk, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { cpuPython, need, tool } from "../support/environments.ts";
import { plainProgram, pythonModule, stableOperators, torchProgram } from "../support/slim-sources.ts";

/** What a program prints, in the environment of the tests. */
function printed(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, { cwd, env: cliEnvironment(), encoding: "utf8" }).trim();
}

/** Builds in the project and gives the paths on standard output, relative to it. */
async function build(project: TemporaryProject, ...args: string[]): Promise<string[]> {
  const { stdout } = await runRetorchOk(["build", ...args], { cwd: project.root });
  const lines = stdout.trim().split("\n");
  for (const line of lines) expect(line.startsWith(`${project.root}/`), line).toBe(true);
  return lines.map((line) => line.slice(project.root.length + 1));
}

describe("python-module", () => {
  it("is imported, and `--check` imports it too", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject({ "slim.cpp": pythonModule("slim") });
    const [artifact = ""] = await build(project, "slim.cpp", "--python", executable, "--check");
    const suffix = printed(
      executable,
      ["-c", "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))"],
      project.root,
    );
    expect(artifact).toBe(`slim${suffix}`);
    expect(printed(executable, ["-c", "import slim; print(slim.answer())"], project.root)).toBe("42");
  });

  it("`--check` says what is missing when it cannot be imported", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject({
      "slim.cpp": pythonModule("slim", "defined_nowhere()", "int defined_nowhere();"),
    });
    const { exitCode, stderr } = await runRetorch(["build", "slim.cpp", "--python", executable, "--check"], {
      cwd: project.root,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("defined_nowhere");
  });

  it("of the limited API has one name for all versions and asks Python for stable symbols only", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject({
      "retorch.toml": `[extension.slim]\nsources = ["slim.cpp"]\npy-limited-api = "3.10"\nuses-torch = false\n`,
      "slim.cpp": pythonModule(
        "slim",
        "Py_LIMITED_API >> 16",
        "#ifndef Py_LIMITED_API\n#error not for the limited API\n#endif",
      ),
    });
    expect(await build(project, "--python", executable)).toEqual(["slim.abi3.so"]);
    expect(printed(executable, ["-c", "import slim; print(slim.answer())"], project.root)).toBe(String(0x030a));
  });

  it("of a dotted name lies in its package", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject({
      "retorch.toml": `[extension."my_pkg._C"]\nsources = ["csrc/module.cpp"]\nuses-torch = false\n`,
      "csrc/module.cpp": pythonModule("_C"),
      "my_pkg/__init__.py": "from ._C import answer\n",
    });
    const [artifact = ""] = await build(project, "--python", executable, "--check");
    expect(artifact).toMatch(/^my_pkg\/_C\..*so$/);
    expect(printed(executable, ["-c", "import my_pkg; print(my_pkg.answer())"], project.root)).toBe("42");
  });
});

describe("torch-library", () => {
  it("is loaded by torch.ops.load_library, and its operators compute", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject({ "ops.cpp": stableOperators("slim_ops") });
    expect(await build(project, "ops.cpp", "--python", executable)).toEqual(["ops.so"]);
    const code = `import torch; torch.ops.load_library("${project.path("ops.so")}"); print(torch.ops.slim_ops.add(40, 2))`;
    expect(printed(executable, ["-c", code], project.root)).toBe("42");
  });

  it("does not need Python's headers or library", async (context) => {
    const { executable } = need(context, cpuPython());
    const readelf = need(context, tool("readelf"));
    const project = temporaryProject({ "ops.cpp": stableOperators("slim_ops") });
    await build(project, "ops.cpp", "--python", executable);
    expect(printed(readelf, ["-d", "ops.so"], project.root)).not.toMatch(/NEEDED.*(?:libpython|libtorch_python)/);
  });
});

describe("executable", () => {
  it("that uses LibTorch runs by itself, from anywhere", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject({ "count.cpp": torchProgram });
    expect(await build(project, "count.cpp", "--python", executable)).toEqual(["count"]);
    expect(printed(project.path("count"), [], "/")).toBe("6 elements");
  });

  it("without torch needs neither torch nor Python", async () => {
    const project = temporaryProject({
      "retorch.toml": `[extension.hello]\nkind = "executable"\nsources = ["hello.cpp"]\nuses-torch = false\n`,
      "hello.cpp": plainProgram("hello"),
    });
    expect(await build(project)).toEqual(["hello"]);
    expect(printed(project.path("hello"), [], project.root)).toBe("hello");
  });
});

it("one project makes all three kinds, and `-e` only one", async (context) => {
  const { executable } = need(context, cpuPython());
  const project = temporaryProject({
    "retorch.toml": `
[extension.slim]
sources = ["slim.cpp"]
uses-torch = false
[extension.plugin]
kind = "torch-library"
sources = ["plugin.cpp"]
uses-torch = false
[extension.hello]
kind = "executable"
sources = ["hello.cpp"]
uses-torch = false
`,
    "slim.cpp": pythonModule("slim"),
    "plugin.cpp": "int plugin() { return 1; }\n",
    "hello.cpp": plainProgram("hello"),
  });
  expect(await build(project, "--python", executable, "-e", "hello")).toEqual(["hello"]);
  const all = await build(project, "--python", executable);
  expect(all).toHaveLength(3);
  expect(all).toEqual(expect.arrayContaining(["hello", "plugin.so", expect.stringMatching(/^slim\..*so$/)]));
  expect(printed(join(project.root, "hello"), [], project.root)).toBe("hello");
});
