/** A small project with a hand-made graph, and the tools to run what is exported from it. */
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { digestOf } from "../../src/base/digest.ts";
import type { Tool } from "../../src/environment/environment.ts";
import type { Action, Graph } from "../../src/plan/graph.ts";

/** Where a program is, or undefined. */
export function findProgram(name: string): string | undefined {
  const found = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();
  return found === "" ? undefined : realpathSync(found);
}

/** Which of the tools are missing, as the reason to skip a test. */
export function missingTools(...names: string[]): string | undefined {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return undefined;
  const reason = `not on this machine: ${missing.join(", ")}`;
  console.warn(`skipped: ${reason}`);
  return reason;
}

/** How the files of a project are called: each source includes the shared header, the first one its own too. */
export interface ProjectNames {
  readonly folder: string;
  readonly first: string;
  readonly second: string;
  readonly include: string;
  readonly extension: string;
}

export const plainNames: ProjectNames = {
  folder: "project",
  first: "a.cpp",
  second: "sub/b.cpp",
  include: "include",
  extension: "tiny",
};

const temporaries: string[] = [];

/** A new empty folder, removed by `removeTemporaries`. */
export function temporaryFolder(name = "retorch-export-"): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), name)));
  temporaries.push(folder);
  return folder;
}

export function removeTemporaries(): void {
  for (const folder of temporaries.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Writes the sources below `parent` and returns the project folder. */
export function writeProject(parent: string, names: ProjectNames): string {
  const root = join(parent, names.folder);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write(`${names.include}/shared.h`, "#define SHARED 40\n");
  write(`${names.include}/only_a.h`, "#define ONLY_A 2\n");
  write(
    names.first,
    `#include "shared.h"\n#include "only_a.h"\nextern "C" const char* where() { return __FILE__ GREETING; }\nint second();\nextern "C" int answer() { return SHARED + ONLY_A + second() - second(); }\n`,
  );
  write(names.second, `#include "shared.h"\nint second() { return SHARED; }\n`);
  return root;
}

function tool(path: string): Tool {
  return { name: "g++", path, version: "1", launcher: [], identity: digestOf(path), parts: [] };
}

/** The graph that the planner would make for it: relative names inside the project, objects below `.retorch`. */
export function projectGraph(root: string, names: ProjectNames, gxx: string): Graph {
  const build = ".retorch";
  const compile = (source: string, extra: readonly string[]): Action => {
    const object = `${build}/obj/${names.extension}/${source}.o`;
    return {
      id: `${names.extension}/${source}.o`,
      kind: "compile",
      description: `compile ${source}`,
      extension: names.extension,
      command: [
        { path: gxx, role: "tool" },
        "-O2",
        "-fPIC",
        { prefix: "-I", path: names.include, role: "search" },
        `-DGREETING=" it's $5 #1"`,
        { prefix: "-ffile-prefix-map=", path: root, suffix: "=." },
        ...extra,
        "-MD",
        "-MF",
        { path: `${object}.d`, role: "depfile" },
        "-c",
        { path: source, role: "input" },
        "-o",
        { path: object, role: "output" },
      ],
      cwd: root,
      env: {},
      keyVariables: ["CPATH", "EXPORT_TEST_VARIABLE"],
      tools: [tool(gxx)],
      inputs: [join(root, source)],
      outputs: [join(root, object)],
      depfile: { path: `${object}.d`, format: "make" },
      includeSearch: [join(root, names.include)],
      librarySearch: [],
      memoryEstimate: 1,
      cacheable: true,
      source: join(root, source),
    };
  };
  const compiles = [compile(names.first, []), compile(names.second, ["-DSECOND"])];
  const built = `${build}/out/${names.extension}/${names.extension}.so`;
  const link: Action = {
    id: `${names.extension}/${names.extension}.so`,
    kind: "link",
    description: `link ${names.extension}.so`,
    extension: names.extension,
    command: [
      { path: gxx, role: "tool" },
      "-shared",
      "-Wl,-O1",
      ...compiles.map((action) => ({ path: relative(root, action.outputs[0] ?? ""), role: "input" }) as const),
      "-Wl,--as-needed",
      "-lm",
      "-o",
      { path: built, role: "output" },
    ],
    cwd: root,
    env: { EXPORT_LINK: "a b" },
    keyVariables: [],
    tools: [tool(gxx)],
    inputs: compiles.flatMap((action) => action.outputs),
    outputs: [join(root, built)],
    includeSearch: [],
    librarySearch: [],
    memoryEstimate: 1,
    cacheable: true,
  };
  return {
    actions: [...compiles, link],
    artifacts: [
      {
        name: `${names.extension}.so`,
        extension: names.extension,
        built: join(root, built),
        path: join(root, "lib", `${names.extension}.so`),
      },
    ],
    roots: [
      { name: "$PROJECT", path: root },
      { name: "$BUILD", path: join(root, build) },
    ],
    buildDir: join(root, build),
    warnings: [],
  };
}

/** Runs the actions one by one, as the engine does. */
export function runDirectly(graph: Graph): void {
  for (const action of graph.actions) {
    for (const output of action.outputs) mkdirSync(dirname(output), { recursive: true });
    const [program = "", ...words] = action.command.map((arg) =>
      typeof arg === "string" ? arg : `${arg.prefix ?? ""}${arg.path}${arg.suffix ?? ""}`,
    );
    const result = spawnSync(program, words, {
      cwd: action.cwd,
      env: { ...process.env, ...action.env },
      encoding: "utf8",
    });
    if (result.status !== 0) throw new Error(`${action.description}: ${result.stderr}`);
  }
}

/** Runs a program, throwing with what it said unless it succeeds. */
export function run(argv: readonly string[], cwd: string): SpawnSyncReturns<string> {
  const [program = "", ...words] = argv;
  const result = spawnSync(program, words, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, NINJA_STATUS: "" },
  });
  if (result.status !== 0) throw new Error(`${argv.join(" ")}: ${result.stdout}${result.stderr}`);
  return result;
}

/** Dates every file of a folder a minute back, so that a later edit is newer without waiting. */
export function age(folder: string, utimes: (path: string, seconds: number) => void): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    utimes(path, statSync(path).mtimeMs / 1000 - 60);
  }
}
