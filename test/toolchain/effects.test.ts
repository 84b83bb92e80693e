/**
 * What the bundled program does to the machine, by counting: a build with nothing to do starts nothing and reads nothing
 * but its own notes; Python is asked once for each interpreter, and torch is never imported. No clock is involved.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { cliEnvironment, runRetorchOk, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { cpuPython, need, repository, tool } from "../support/environments.ts";
import { tinyProject } from "../support/tiny-project.ts";

interface Effects {
  readonly read: readonly string[];
  readonly written: readonly string[];
  readonly started: readonly (readonly string[])[];
}

const programs = [
  pathToFileURL(`${repository}/`).href,
  ...["bin", "dist", "package.json"].map((name) => join(repository, name)),
];

/** Runs the program with its own cache folder, and with `note-effects.mjs` loaded before it. */
class Observed {
  readonly cache = temporaryProject({}, "cache").root;
  readonly #notes = temporaryProject({}).path("effects.json");
  readonly env = { RETORCH_CACHE_DIR: this.cache, NOTE_EFFECTS: this.#notes };
  readonly #preload = pathToFileURL(join(repository, "test", "support", "note-effects.mjs")).href;

  async run(cwd: string, ...args: readonly string[]): Promise<Effects & { readonly stderr: string }> {
    const env = { ...this.env, NODE_OPTIONS: `--import=${this.#preload}` };
    const { stderr } = await runRetorchOk(args, { cwd, env });
    const { read, ...others } = JSON.parse(readFileSync(this.#notes, "utf8")) as Effects;
    // The program itself is loaded by path and by URL.
    const own = (path: string): boolean => programs.some((folder) => path.startsWith(folder));
    // Node opens a file that it reads as bytes by a call that is noted as well.
    return { ...others, read: [...new Set(read)].filter((path) => !own(path)), stderr };
  }
}

/** Builds until a build says that there is nothing to do: a file that is younger than the clock's step is looked at again. */
async function settle(observed: Observed, project: TemporaryProject, ...args: readonly string[]): Promise<void> {
  for (let builds = 0; builds < 4; builds++) {
    const { started, read } = await observed.run(project.root, "build", ...args);
    if (builds > 0 && started.length === 0 && read.length <= 2) return;
  }
  throw new Error("the build never comes to rest");
}

/** A module without torch's headers, which take a minute to compile, in an environment that has torch. */
function moduleProject(name: string): TemporaryProject {
  return temporaryProject({
    [`${name}.cpp`]: `#include <Python.h>
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "${name}", nullptr, -1, nullptr};
PyMODINIT_FUNC PyInit_${name}() { return PyModule_Create(&definition); }
`,
  });
}

const isPython = (argv: readonly string[]): boolean => /^python[\d.]*$/.test(basename(argv[0] ?? ""));

describe("a build with nothing to do", () => {
  test("starts no program and reads nothing but what retorch noted", async (context) => {
    need(context, tool("g++"));
    const project = tinyProject({ units: 3 });
    const observed = new Observed();
    const first = await observed.run(project.root, "build");
    // The measure itself works: the first build did both.
    expect(first.started.length).toBeGreaterThan(4);
    expect(first.read.some((path) => path.endsWith(".cpp"))).toBe(true);
    await settle(observed, project);

    const { started, read, written, stderr } = await observed.run(project.root, "build");
    expect(started).toEqual([]);
    expect(written).toEqual([]);
    expect(read).toHaveLength(2);
    for (const path of read) expect(path).toMatch(/^.*\/up-to-date\/[0-9a-f]{16}\.json$/);
    expect(read.every((path) => path.startsWith(observed.cache))).toBe(true);
    expect(stderr).toContain("up to date");
  });

  test("the kernel says the same", async (context) => {
    need(context, tool("g++"));
    const strace = need(context, tool("strace"));
    const project = tinyProject({ units: 2 });
    const observed = new Observed();
    await settle(observed, project);

    const calls = trace(strace, ["build"], project.root, observed.env);
    expect(calls.filter((call) => call.name === "execve")).toHaveLength(1);
    const opened = calls.filter((call) => call.name !== "execve").map((call) => call.path);
    expect(opened.some((path) => path.startsWith(`${observed.cache}/up-to-date/`))).toBe(true);
    const inside = opened.filter((path) => path.startsWith(project.root));
    expect(inside).toEqual([]);
    const headersAndTools = opened.filter((path) =>
      /\.(?:h|hpp|cpp|o|d|toml|py)$|\/include\/|g\+\+|cc1plus/.test(path),
    );
    expect(headersAndTools).toEqual([]);
  });

  test("edits are seen all the same", async (context) => {
    need(context, tool("g++"));
    const project = tinyProject({ units: 2 });
    const observed = new Observed();
    await settle(observed, project);
    project.write("include/tiny/part0.h", "#pragma once\n#define PART0 11\n");
    const { started } = await observed.run(project.root, "build");
    const compiled = started.flatMap((argv) => argv.filter((word) => word.endsWith(".cpp")));
    expect(compiled).toEqual(["src/unit0.cpp"]);
  });
});

describe("Python", () => {
  test("is started once for each interpreter, and never imports torch", async (context) => {
    const python = need(context, cpuPython());
    need(context, tool("g++"));
    const observed = new Observed();
    const one = moduleProject("one");
    const first = await observed.run(one.root, "build", "--python", python.executable);
    expect(first.started.filter(isPython)).toHaveLength(1);

    const other = moduleProject("other");
    const second = await observed.run(other.root, "build", "--python", python.executable);
    expect(second.started.filter(isPython)).toEqual([]);
    const questions = second.started.filter((argv) => !argv.includes("-c") && !argv.includes("-shared"));
    expect(questions).toEqual([]);

    one.write("one.cpp", `${readFileSync(one.path("one.cpp"), "utf8")}// edited\n`);
    const third = await observed.run(one.root, "build", "--python", python.executable);
    expect(third.started.filter(isPython)).toEqual([]);
  });

  test("does not open torch's package when it is asked", async (context) => {
    const python = need(context, cpuPython());
    need(context, tool("g++"));
    const strace = need(context, tool("strace"));
    const project = moduleProject("watched");
    const calls = trace(strace, ["build", "--python", python.executable], project.root, new Observed().env);
    // retorch itself reads files of the package; a Python that imports it maps the extension module `_C`.
    const started = calls.filter((call) => call.name === "execve").map((call) => basename(call.path));
    expect(started.filter((name) => /^python/.test(name)).length).toBeGreaterThan(0);
    const byPython = calls.filter((call) => call.name !== "execve" && call.program.startsWith("python"));
    expect(byPython.length).toBeGreaterThan(0);
    expect(byPython.filter((call) => call.path.startsWith(`${python.torch.root}/`))).toEqual([]);
  });
});

interface Call {
  readonly name: string;
  readonly path: string;
  /** Name of the program that made the call. */
  readonly program: string;
}

/** Files opened and programs started by the program and all that it starts, successful calls only. */
function trace(strace: string, args: readonly string[], cwd: string, env: Record<string, string>): Call[] {
  const log = temporaryProject({}).path("calls.txt");
  const filter = ["-f", "-qq", "-e", "trace=open,openat,openat2,execve", "-e", "signal=none", "-s", "4096", "-o", log];
  const program = join(repository, "bin", "retorch.js");
  const done = spawnSync(strace, [...filter, process.execPath, program, ...args], {
    cwd,
    env: cliEnvironment(env),
    encoding: "utf8",
  });
  if (done.status !== 0) throw new Error(`strace ended with ${done.status}\n${done.stderr}`);
  const programs = new Map<string, string>();
  const unfinished = new Map<string, string>();
  const calls: Call[] = [];
  for (const line of readFileSync(log, "utf8").split("\n")) {
    const [, pid = "", text = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (text.endsWith("<unfinished ...>")) {
      unfinished.set(pid, text.slice(0, -"<unfinished ...>".length));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    const whole = resumed === null ? text : `${unfinished.get(pid) ?? ""}${resumed[1]}`;
    const [, name = "", path = "", result = ""] = /^(\w+)\([^"]*"((?:[^"\\]|\\.)*)".* = (-?\d+)/.exec(whole) ?? [];
    if (name === "" || result.startsWith("-") || whole.includes("O_DIRECTORY")) continue;
    if (name === "execve") programs.set(pid, basename(path));
    calls.push({ name, path, program: programs.get(pid) ?? "" });
  }
  return calls;
}
