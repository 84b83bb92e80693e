/** Bad input: one clear message with a stable code and a hint, exit code 2, and nothing left behind. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { runRetorch, temporaryProject, type CliOptions, type TemporaryProject } from "../support/cli.ts";
import { cpuPython, cudaPython, need, tool } from "../support/environments.ts";
import { plainProgram, pythonModule } from "../support/slim-sources.ts";

const plain = (settings: string): string => `[extension.hello]\nkind = "executable"\nuses-torch = false\n${settings}\n`;

interface Expected {
  readonly code: string;
  /** Parts of the message, and of what stands around it. */
  readonly says: readonly (string | RegExp)[];
  readonly hint?: RegExp;
}

/** Everything in the project, folders included. */
function everything(project: TemporaryProject): string[] {
  return readdirSync(project.root, { recursive: true, encoding: "utf8" }).sort();
}

/** Runs `retorch build …`, as text and as JSON, and expects the failure and an untouched project from both. */
async function expectRefusal(
  project: TemporaryProject,
  args: readonly string[],
  { code, says, hint = /./ }: Expected,
  env: CliOptions["env"] = {},
): Promise<void> {
  const before = everything(project);
  const text = await runRetorch(["build", ...args], { cwd: project.root, env });
  expect(text.stderr).toContain(`[${code}]`);
  expect(text.stderr.match(/^error:/gm), text.stderr).toHaveLength(1);
  for (const part of says) expect(text.stderr).toMatch(part);
  expect(text.stderr).toMatch(/^hint: ./m);
  expect(/^hint: (.*)$/m.exec(text.stderr)?.[1]).toMatch(hint);
  expect(text.stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
  expect({ exitCode: text.exitCode, stdout: text.stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(everything(project)).toEqual(before);

  const json = await runRetorch(["build", ...args, "--json"], { cwd: project.root, env });
  const last = JSON.parse(json.stdout.trim().split("\n").at(-1) ?? "") as unknown;
  expect(last).toMatchObject({ type: "finished", ok: false, failure: { code }, artifacts: [] });
  expect(json.exitCode).toBe(2);
  expect(everything(project)).toEqual(before);
}

/** A program of the project's own, in place of a real one. */
function fakeProgram(project: TemporaryProject, name: string, script: string): string {
  const path = project.path(name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A PATH that holds Node, `sh` and the named programs, and nothing else. */
function pathWith(project: TemporaryProject, ...programs: readonly string[]): string {
  const bin = project.path("only-these");
  mkdirSync(bin);
  for (const program of ["sh", ...programs]) {
    const found = tool(program);
    if (found.available) symlinkSync(found.value, join(bin, program));
  }
  symlinkSync(process.execPath, join(bin, "node"));
  return bin;
}

describe("sources", () => {
  it.each<[string, Record<string, string>, string[], Expected]>([
    ["none", { "readme.md": "" }, [], { code: "NO_SOURCES", says: ["there are no sources in this folder"] }],
    [
      "a file that is missing",
      { "ops.cpp": "" },
      ["opps.cpp"],
      { code: "PATH_NOT_FOUND", says: ["`opps.cpp` does not exist"], hint: /did you mean `ops\.cpp`\?/ },
    ],
    ["an unknown suffix", { "ops.rs": "" }, ["ops.rs"], { code: "SOURCE_UNSUPPORTED", says: ["`.rs`"], hint: /\.cpp/ }],
    ["a header", { "ops.h": "" }, ["ops.h"], { code: "SOURCE_UNSUPPORTED", says: ["is a header"] }],
    ["an empty file", { "ops.cpp": "" }, ["ops.cpp"], { code: "KIND_UNKNOWN", says: ["`ops.cpp`"], hint: /--kind/ }],
    [
      "a file that is no text",
      { "ops.cpp": "\0\u0001\uFFFD\0".repeat(1000) },
      ["ops.cpp"],
      { code: "KIND_UNKNOWN", says: ["`ops.cpp`"] },
    ],
    [
      "two modules in one folder",
      { "a.cpp": pythonModule("a"), "b.cpp": pythonModule("b") },
      ["."],
      { code: "MODULE_AMBIGUOUS", says: ["`a` in `a.cpp`", "`b` in `b.cpp`"], hint: /retorch build a\.cpp/ },
    ],
    [
      "two programs among the files",
      { "a.cpp": plainProgram("a"), "b.cpp": plainProgram("b") },
      ["a.cpp", "b.cpp"],
      { code: "MODULE_AMBIGUOUS", says: ["a.cpp", "b.cpp"] },
    ],
    [
      "a name that cannot be imported",
      { "a.cpp": "PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {}" },
      ["a.cpp", "--name", "my-ops"],
      { code: "NAME_INVALID", says: ["`my-ops`"], hint: /my_ops/ },
    ],
    [
      "a name that Python keeps for itself",
      { "a.cpp": "PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {}" },
      ["a.cpp", "--name", "class"],
      { code: "NAME_INVALID", says: ["`class`"] },
    ],
    [
      "a name that the source contradicts",
      { "a.cpp": pythonModule("a") },
      ["a.cpp", "--name", "b"],
      { code: "NAME_INVALID", says: ["`a.cpp` defines `a`"], hint: /TORCH_EXTENSION_NAME/ },
    ],
  ])("%s", async (_what, files, args, expected) => {
    await expectRefusal(temporaryProject(files), args, expected);
  });
});

describe("the command line", () => {
  it.each<[string[], string, RegExp]>([
    [["--nmae", "x"], "`--nmae`", /did you mean `--name`\?/],
    [["--kind", "modul"], "`modul`", /python-module/],
    [["--profile", "relase"], "`relase`", /release/],
    [["-j", "many"], "`many`", /./],
    [["-j", "0"], "`0`", /./],
    [["--define"], "--define", /./],
  ])("%j", async (args, says, hint) => {
    const project = temporaryProject({ "hello.cpp": plainProgram("hello") });
    const { exitCode, stdout, stderr } = await runRetorch(["build", "hello.cpp", ...args], { cwd: project.root });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^error: .*\[USAGE\]$/m);
    expect(stderr).toContain(says);
    if (hint.source !== ".") expect(stderr).toMatch(hint);
    expect(everything(project)).toEqual(["hello.cpp"]);
  });

  it("a command that is mistyped", async () => {
    const { exitCode, stderr } = await runRetorch(["biuld"], { cwd: temporaryProject({}).root });
    expect(exitCode).toBe(2);
    expect(stderr).toContain("did you mean `retorch build`?");
  });
});

describe("retorch.toml", () => {
  it.each<[string, string, Expected]>([
    [
      "a mistyped key",
      plain('sources = ["hello.cpp"]\ninclud-dirs = ["x"]'),
      { code: "CONFIG_INVALID", says: ["`includ-dirs`", "retorch.toml:5:1"], hint: /`include-dirs`/ },
    ],
    [
      "a mistyped table",
      '[extention.hello]\nsources = ["hello.cpp"]\n',
      { code: "CONFIG_INVALID", says: ["`extention`", "retorch.toml:1:2"], hint: /`extension`/ },
    ],
    [
      "a mistyped value",
      '[extension.hello]\nkind = "executabel"\nsources = ["hello.cpp"]\n',
      { code: "CONFIG_INVALID", says: ["`executabel`", "retorch.toml:2:8"], hint: /`executable`/ },
    ],
    [
      "a text where a list belongs",
      plain('sources = "hello.cpp"'),
      { code: "CONFIG_INVALID", says: ["`sources`", "retorch.toml:4:11"], hint: /sources = \["hello\.cpp"\]/ },
    ],
    [
      "a missing bracket",
      plain('sources = ["hello.cpp"\n'),
      { code: "CONFIG_INVALID", says: ["not valid TOML", /retorch\.toml:\d+:\d+/], hint: /\]/ },
    ],
    [
      "a missing quote",
      plain('sources = ["hello.cpp]\n'),
      { code: "CONFIG_INVALID", says: ["not valid TOML", /retorch\.toml:\d+:\d+/] },
    ],
    [
      "a source that is missing",
      plain('sources = ["helo.cpp"]'),
      { code: "SOURCE_NOT_FOUND", says: ["`helo.cpp`", "retorch.toml:4:12"], hint: /`hello\.cpp`/ },
    ],
    [
      "a pattern for nothing",
      plain('sources = ["hello.cpp", "gen/*.cpp"]'),
      { code: "SOURCE_NOT_FOUND", says: ["`gen/*.cpp` matches no file", "retorch.toml:4:25"] },
    ],
    [
      "a name that cannot be imported",
      '[extension."a-b"]\nsources = ["hello.cpp"]\n',
      { code: "NAME_INVALID", says: ["`a-b`", "retorch.toml:1:12"], hint: /`a_b`/ },
    ],
    ["no sources", plain(""), { code: "CONFIG_INVALID", says: ["sources"] }],
    [
      "UTF-16",
      Buffer.from(`\uFEFF${plain("")}`, "utf16le").toString("latin1"),
      { code: "CONFIG_INVALID", says: ["UTF-8"] },
    ],
  ])("%s", async (_what, toml, expected) => {
    const project = temporaryProject({ "hello.cpp": plainProgram("hello") });
    writeFileSync(project.path("retorch.toml"), toml, "latin1");
    await expectRefusal(project, [], expected);
  });

  it("that is a folder", async () => {
    const project = temporaryProject({ "hello.cpp": plainProgram("hello"), "retorch.toml/x.txt": "" });
    await expectRefusal(project, [], { code: "CONFIG_INVALID", says: ["`retorch.toml` is a folder"] });
  });

  it("of ten megabytes is read like any other", async () => {
    const filler = `# ${"x".repeat(100)}\n`.repeat(100_000);
    const project = temporaryProject({ "hello.cpp": plainProgram("hello") });
    project.write("retorch.toml", plain(`sources = ["hello.cpp"]\n${filler}`));
    const { exitCode, stdout } = await runRetorch(["build", "--dry-run"], { cwd: project.root });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("hello.cpp");
  });
});

describe("the output folder", () => {
  const toml = plain('sources = ["hello.cpp"]');
  const files = { "hello.cpp": plainProgram("hello"), "retorch.toml": toml };

  it("is a file", async () => {
    const project = temporaryProject({ ...files, file: "" });
    await expectRefusal(project, ["--out", "file"], { code: "USAGE", says: ["`file` is a file"] });
  });

  it("lies below a file", async () => {
    const project = temporaryProject({ ...files, file: "" });
    await expectRefusal(project, ["--out", "file/below"], { code: "NOT_WRITABLE", says: ["is a file"], hint: /--out/ });
  });

  it("holds a folder of the name of the result", async () => {
    const project = temporaryProject({ ...files, "hello/x.txt": "" });
    await expectRefusal(project, [], { code: "NOT_WRITABLE", says: ["is a folder"], hint: /--out/ });
  });

  it("may not be written", async (context) => {
    if (process.getuid?.() === 0) context.skip("root may write everywhere");
    const project = temporaryProject(files);
    project.write("locked/x.txt", "");
    chmodSync(project.path("locked"), 0o555);
    await expectRefusal(project, ["--out", "locked"], { code: "NOT_WRITABLE", says: ["locked"], hint: /--out/ });
    chmodSync(project.path("locked"), 0o755);
  });

  it("cannot be made, whatever the system says", async () => {
    const project = temporaryProject(files);
    const { exitCode, stderr, stdout } = await runRetorch(["build", "--out", "/proc/nothing/here"], {
      cwd: project.root,
    });
    expect([1, 2]).toContain(exitCode);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^error: .*\/proc.*\[[A-Z_]+\]$/m);
  });
});

describe("the environment", () => {
  const module = { "slim.cpp": pythonModule("slim") };

  it("has no Python of the name that was given", async () => {
    for (const name of ["/nonexistent/python3", "no-such-python"]) {
      await expectRefusal(temporaryProject(module), ["slim.cpp", "--python", name], {
        code: "PYTHON_NOT_FOUND",
        says: [`\`${name}\``],
      });
    }
  });

  it("has no Python at all", async () => {
    const project = temporaryProject(module);
    const PATH = pathWith(project, "c++", "g++", "ld", "as");
    const expected = { code: "PYTHON_NOT_FOUND", says: ["`python3` on the search path"], hint: /--python/ };
    await expectRefusal(project, ["slim.cpp"], expected, { PATH });
  });

  it("has a Python without torch", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject(module);
    const made = spawnSync(executable, ["-m", "venv", "--without-pip", project.path("bare")], { encoding: "utf8" });
    if (made.status !== 0) context.skip(`no virtual environment could be made: ${made.stderr}`);
    const python = project.path("bare/bin/python");
    await expectRefusal(project, ["slim.cpp", "--python", python], {
      code: "TORCH_NOT_FOUND",
      says: [python, "site-packages"],
    });
  });

  it("has no compiler", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject(module);
    const PATH = pathWith(project);
    const expected = { code: "COMPILER_NOT_FOUND", says: ["`g++` on the search path"], hint: /CXX|install/i };
    await expectRefusal(project, ["slim.cpp", "--python", executable], expected, { PATH });
  });

  it("has a CXX that is none", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject(module);
    const args = ["slim.cpp", "--python", executable];
    const none = { code: "COMPILER_NOT_FOUND", says: ["CXX", "/nonexistent/g++"], hint: /CXX/ };
    await expectRefusal(project, args, none, { CXX: "/nonexistent/g++" });
    const mute = fakeProgram(project, "mute", "exit 1");
    await expectRefusal(project, args, { code: "COMPILER_NOT_FOUND", says: [mute] }, { CXX: mute });
  });

  /** g++, but for the version that it tells. */
  const pretending = (project: TemporaryProject, real: string, version: string): string =>
    fakeProgram(
      project,
      `g++-${version}`,
      `case "$*" in *-dumpversion*|*-dumpfullversion*) echo ${version}; exit;; esac
${real} "$@" 2>"$0.err"; status=$?
sed -e 's/gcc version [0-9.]*/gcc version ${version}/' -e "s|COLLECT_GCC=.*|COLLECT_GCC=$0|" "$0.err" >&2; rm "$0.err"; exit $status`,
    );

  it("has a compiler that is too old for this torch", async (context) => {
    const { executable } = need(context, cpuPython());
    const real = need(context, tool("g++"));
    const project = temporaryProject(module);
    const CXX = pretending(project, real, "7.5.0");
    const expected = { code: "COMPILER_TOO_OLD", says: ["7.5.0", "C++"] };
    await expectRefusal(project, ["slim.cpp", "--python", executable], expected, { CXX });
  });

  const cudaModule = { "slim.cu": `__global__ void kernel() {}\n${pythonModule("slim")}` };

  it("has a compiler that is too new for this CUDA", async (context) => {
    const { executable } = need(context, cudaPython());
    const real = need(context, tool("g++"));
    const project = temporaryProject(cudaModule);
    const CXX = pretending(project, real, "99.1.0");
    const expected = { code: "COMPILER_TOO_NEW", says: ["99.1.0", "CUDA"] };
    const PATH = pathWith(project, "ld", "as", "sed", "rm");
    await expectRefusal(project, ["slim.cu", "--python", executable], expected, { CXX, CC: CXX, PATH });
  });

  it("has a CUDA toolkit of another major version than torch's", async (context) => {
    const { executable } = need(context, cudaPython());
    const project = temporaryProject({
      ...cudaModule,
      "toolkit/version.json": '{"cuda": {"name": "CUDA SDK", "version": "9.2.148"}}',
      "toolkit/include/cuda.h": "#define CUDA_VERSION 9020\n",
      "toolkit/include/cuda_runtime.h": "",
    });
    fakeProgram(project, "toolkit/bin/nvcc", "echo 'Cuda compilation tools, release 9.2, V9.2.148'");
    const CUDA_HOME = project.path("toolkit");
    const expected = { code: "CUDA_MISMATCH", says: [CUDA_HOME, "9.2"], hint: /CUDA_HOME/ };
    await expectRefusal(project, ["slim.cu", "--python", executable], expected, { CUDA_HOME });
  });

  it("has CUDA sources and a torch without CUDA", async (context) => {
    const { executable } = need(context, cpuPython());
    await expectRefusal(temporaryProject(cudaModule), ["slim.cu", "--python", executable], {
      code: "TORCH_WITHOUT_CUDA",
      says: ["without CUDA"],
    });
  });
});
