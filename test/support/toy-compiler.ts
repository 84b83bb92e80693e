/**
 * A compiler and a linker that live in the test's own process: `toycc` copies a text with its includes put in, writes a
 * depfile as gcc does, and searches headers in gcc's order; `toyld` joins objects. For tests of the engine, where what
 * counts is which action ran and what came out, not what a compiler makes of it.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { digestOf } from "../../src/base/digest.ts";
import type { Tool } from "../../src/environment/environment.ts";
import type { ProcessRequest, ProcessResult } from "../../src/host/host.ts";
import type { Action, Graph } from "../../src/plan/graph.ts";

/** What `toycc` makes of a source. Throws the compiler's message. */
export function toyCompile(source: string, search: readonly string[], define = ""): { text: string; read: string[] } {
  const read: string[] = [];
  const expand = (path: string): string => {
    if (!existsSync(path)) throw new Error(`${path}: No such file or directory`);
    if (!read.includes(path)) read.push(path);
    return readFileSync(path, "utf8").replace(/^#include "(.*)"$/gm, (_, name: string) => {
      const found = [dirname(path), ...search].map((folder) => resolve(folder, name)).find((p) => existsSync(p));
      if (found === undefined) throw new Error(`${path}:1:10: fatal error: ${name}: No such file or directory`);
      return expand(found);
    });
  };
  return { text: `object[${define}](${expand(source)})`, read };
}

/** Runs toy commands and counts them. */
export class ToyTools {
  readonly started: string[] = [];
  /** Called while a program runs, before it writes its output. */
  during: (argv: readonly string[]) => void = () => undefined;

  async run(request: ProcessRequest): Promise<ProcessResult> {
    await Promise.resolve();
    const { argv, cwd } = request;
    this.started.push(argv.join(" "));
    const result = (exitCode: number, stderr = ""): ProcessResult => ({
      exitCode,
      signal: undefined,
      stdout: "",
      stderr,
      timedOut: false,
      durationMs: 1,
      peakMemory: 1000,
    });
    const option = (name: string): string => argv[argv.indexOf(name) + 1] ?? "";
    try {
      if (argv[0] === "toycc") {
        const search = argv.filter((word) => word.startsWith("-I")).map((word) => resolve(cwd, word.slice(2)));
        const define = argv.filter((word) => word.startsWith("-D")).join(" ") + (request.env["TOYPATH"] ?? "");
        const { text, read } = toyCompile(resolve(cwd, option("-c")), search, define);
        this.during(argv);
        writeFileSync(
          resolve(cwd, option("-MF")),
          `x.o: ${read.map((path) => path.replaceAll(" ", "\\ ")).join(" \\\n ")}\n`,
        );
        writeFileSync(resolve(cwd, option("-o")), text);
        return result(0, text.includes("warn") ? "warning: toy\n" : "");
      }
      if (argv[0] === "toyld") {
        const objects = argv.slice(argv.indexOf("--") + 1);
        const text = objects.map((path) => readFileSync(resolve(cwd, path), "utf8")).join("+");
        this.during(argv);
        writeFileSync(resolve(cwd, option("-o")), `library{${text}}`);
        return result(0);
      }
      return { ...result(1), exitCode: undefined, startError: "ENOENT" };
    } catch (error) {
      return result(1, `${(error as Error).message}\n`);
    }
  }
}

/** A toy program of some version. */
export function toyTool(name: string, version = "1"): Tool {
  const digest = digestOf(`${name} ${version}`);
  return { name, path: name, version, launcher: [], identity: digest, parts: [{ name, path: `/toy/${name}`, digest }] };
}

/** What a toy graph is made of. Paths are absolute, sources and folders relative to the root. */
export interface ToyProject {
  readonly root: string;
  readonly sources: readonly string[];
  readonly search: readonly string[];
  readonly define?: string;
  readonly compilerVersion?: string;
  readonly cacheable?: boolean;
  /** Objects that the store has stay there until they are linked. */
  readonly intermediateObjects?: boolean;
}

/** The graph of a toy project: an object for each source, and a library of all. */
export function toyGraph(project: ToyProject): Graph {
  const { root } = project;
  const buildDir = `${root}/.retorch`;
  const objects = project.sources.map((source) => `${buildDir}/obj/${source}.o`);
  const common = {
    extension: "toy",
    cwd: root,
    env: {},
    keyVariables: ["TOYPATH"],
    librarySearch: [],
    memoryEstimate: 1,
    cacheable: project.cacheable ?? true,
  };
  const compiles = project.sources.map((source, i): Action => ({
    ...common,
    id: `toy/${source}.o`,
    kind: "compile",
    description: `compile ${source}`,
    command: [
      "toycc",
      ...project.search.map((path) => ({ prefix: "-I", path, role: "search" as const })),
      ...(project.define === undefined ? [] : [`-D${project.define}`]),
      "-c",
      { path: source, role: "input" as const },
      "-MF",
      { path: `${objects[i]}.d`, role: "depfile" as const },
      "-o",
      { path: objects[i] ?? "", role: "output" as const },
    ],
    tools: [toyTool("toycc", project.compilerVersion)],
    inputs: [`${root}/${source}`],
    outputs: [objects[i] ?? ""],
    ...(project.intermediateObjects === true ? { intermediate: true } : {}),
    depfile: { path: `${objects[i]}.d`, format: "make" },
    includeSearch: project.search.map((path) => `${root}/${path}`),
  }));
  const link: Action = {
    ...common,
    id: "toy/toy.so",
    kind: "link",
    description: "link toy.so",
    command: [
      "toyld",
      "-o",
      { path: `${buildDir}/out/toy.so`, role: "output" },
      "--",
      ...objects.map((path) => ({ path, role: "input" as const })),
    ],
    tools: [toyTool("toyld")],
    inputs: objects,
    outputs: [`${buildDir}/out/toy.so`],
    includeSearch: [],
  };
  return {
    actions: [...compiles, link],
    artifacts: [],
    roots: [
      { name: "$PROJECT", path: root },
      { name: "$BUILD", path: buildDir },
    ],
    buildDir,
    warnings: [],
  } as Graph;
}

/** The bytes that a clean build of a toy project gives, or undefined when it cannot be built. */
export function toyExpected(project: ToyProject, variable = ""): string | undefined {
  const define = (project.define === undefined ? "" : `-D${project.define}`) + variable;
  const search = project.search.map((path) => resolve(project.root, path));
  try {
    const objects = project.sources.map((source) => toyCompile(resolve(project.root, source), search, define).text);
    return `library{${objects.join("+")}}`;
  } catch {
    return undefined;
  }
}
