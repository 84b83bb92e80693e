/** Outputs that only other actions read and that stay in the store until one of these runs. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openLocalStore, type LocalStore } from "../../../src/cache/local.ts";
import type { EngineResult } from "../../../src/engine/engine.ts";
import type { BuildEvent } from "../../../src/engine/events.ts";
import { FileDigests } from "../../../src/engine/file-digests.ts";
import { Judge } from "../../../src/engine/freshness.ts";
import { BuildLog } from "../../../src/engine/log.ts";
import { Roots } from "../../../src/engine/roots.ts";
import type { ProcessRequest, ProcessResult } from "../../../src/host/host.ts";
import { nodeHost } from "../../../src/host/node-host.ts";
import type { Action, Graph } from "../../../src/plan/graph.ts";
import { hostRunning, runToyGraph, toyFolder } from "../../support/toy-build.ts";
import { toyTool } from "../../support/toy-compiler.ts";

let root = "";
let remove = (): void => undefined;
let flag = "";
/** Programs that fail. */
let broken = new Set<string>();
/** Added to what a program writes. */
let salt: Record<string, string> = {};

beforeEach(() => {
  ({ root, remove } = toyFolder());
  mkdirSync(join(root, "src"));
  flag = "";
  broken = new Set();
  salt = {};
});
afterEach(() => remove());

/** source → pre → front → two objects → library: the outputs of `pre` and `front` are of no use to people. */
function graph(): Graph {
  const buildDir = `${root}/.retorch`;
  const at = (name: string): string => `${buildDir}/${name}`;
  const action = (name: string, inputs: readonly string[], more: Partial<Action> = {}): Action => ({
    id: `toy/${name}`,
    kind: "compile",
    description: name,
    extension: "toy",
    command: [name, { path: at(name), role: "output" }, ...inputs.map((path) => ({ path, role: "input" as const }))],
    cwd: root,
    env: {},
    keyVariables: [],
    tools: [toyTool(name, name === "one" || name === "two" ? flag : "")],
    inputs,
    outputs: [at(name)],
    includeSearch: [],
    librarySearch: [],
    memoryEstimate: 1,
    cacheable: true,
    ...more,
  });
  return {
    actions: [
      action("pre", [`${root}/src/source`], { intermediate: true }),
      action("front", [at("pre")], { intermediate: true }),
      action("one", [at("front")]),
      action("two", [at("front")]),
      action("library", [at("one"), at("two")]),
    ],
    artifacts: [],
    roots: [
      { name: "$PROJECT", path: root },
      { name: "$BUILD", path: buildDir },
    ],
    buildDir,
    warnings: [],
  } as Graph;
}

interface Outcome {
  readonly result: EngineResult;
  /** Programs that were started, sorted. */
  readonly ran: readonly string[];
  readonly events: readonly BuildEvent[];
}

function openStore(): LocalStore {
  const opened = openLocalStore(nodeHost(), { cacheDir: join(root, "cache") });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

const emptyStore = (): void => rmSync(join(root, "cache"), { recursive: true, force: true });

async function build({ store = true } = {}): Promise<Outcome> {
  const ran: string[] = [];
  const events: BuildEvent[] = [];
  const run = async (request: ProcessRequest): Promise<ProcessResult> => {
    await Promise.resolve();
    const [name = "", output = "", ...inputs] = request.argv;
    ran.push(name);
    const texts = inputs.map((path) => readFileSync(resolve(root, path), "utf8"));
    const base = { stdout: "", stderr: "", timedOut: false, durationMs: 1, peakMemory: 1, signal: undefined };
    if (broken.has(name)) return { ...base, exitCode: 1, stderr: `${name} is broken\n` };
    writeFileSync(resolve(root, output), `${name}${salt[name] ?? ""}(${texts.join("+")})`);
    return { ...base, exitCode: 0 };
  };
  const { result } = await runToyGraph(graph(), hostRunning(run), {
    ...(store ? { store: openStore() } : {}),
    jobs: 2,
    emit: (event) => events.push(event),
  });
  return { result, ran: ran.sort(), events };
}

const read = (name: string): string => readFileSync(join(root, ".retorch", name), "utf8");
const front = (source: string): string => `front(pre(${source}))`;
const library = (source: string): string => `library(one(${front(source)})+two(${front(source)}))`;

async function write(source: string): Promise<Outcome> {
  writeFileSync(join(root, "src/source"), source);
  return await build();
}

/** What was built of `A` is in the store; on the disk lies what was made of `B`, and the build is that of `A`. */
async function backToA(): Promise<Outcome> {
  await write("A");
  await write("B");
  return await write("A");
}

describe("what only other actions read", () => {
  test("stays in the store when nothing runs that reads it", async () => {
    const { result, ran } = await backToA();
    expect(ran).toEqual([]);
    expect(result).toMatchObject({ cached: 5, executed: 0, fresh: 0 });
    expect(read("library")).toBe(library("A"));
    expect(read("front")).toBe(front("B"));
    const again = await build();
    expect(again.ran).toEqual([]);
    expect(again.result).toMatchObject({ cached: 0, executed: 0, fresh: 5, steady: true });
  });

  test("is not missed when its place is empty, or holds something else", async () => {
    await backToA();
    rmSync(join(root, ".retorch/pre"));
    writeFileSync(join(root, ".retorch/front"), "rubbish");
    expect((await build()).result).toMatchObject({ executed: 0, fresh: 5 });
    flag = "2";
    expect((await build()).ran).toEqual(["one", "two"]);
    expect(read("library")).toBe(library("A"));
  });

  test("is explained as what it counts as", async () => {
    await backToA();
    const { actions, roots: named, buildDir } = graph();
    const log = BuildLog.open(nodeHost(), `${buildDir}/log`);
    const digests = new FileDigests(nodeHost(), { get: () => undefined, put: () => undefined });
    const roots = new Roots(named);
    const judge = new Judge({ roots, log, digests, variables: {}, packages: [], force: false });
    expect(actions.flatMap((action) => judge.judge(action).reasons)).toEqual([]);
    flag = "2";
    const reasons = graph().actions.map((action) => judge.judge(action).reasons.map(({ kind }) => kind));
    expect(reasons).toEqual([[], [], ["tool-changed"], ["tool-changed"], []]);
  });

  test("is put in place before a program reads it", async () => {
    await backToA();
    flag = "2";
    const { ran, result } = await build();
    expect(ran).toEqual(["one", "two"]);
    expect(result.failure).toBeUndefined();
    expect(read("front")).toBe(front("A"));
    expect(read("pre"), "nobody read it").toBe("pre(B)");
    expect(read("library")).toBe(library("A"));
    expect((await build()).ran).toEqual([]);
  });

  test("is there in a new folder as soon as it is needed", async () => {
    await write("A");
    rmSync(join(root, ".retorch"), { recursive: true });
    expect((await build()).ran).toEqual([]);
    expect(existsSync(join(root, ".retorch/front"))).toBe(false);
    salt = { one: "!" };
    flag = "2";
    expect((await build()).ran).toEqual(["library", "one", "two"]);
    expect(read("library")).toBe(`library(one!(${front("A")})+two(${front("A")}))`);
  });

  test.each([
    { name: "the store has lost it", store: true },
    { name: "there is no store any more", store: false },
  ])("is made again, once, when $name", async ({ store }) => {
    await backToA();
    emptyStore();
    flag = "2";
    const { ran, result } = await build({ store });
    expect(ran).toEqual(["front", "one", "pre", "two"]);
    expect(result.failure).toBeUndefined();
    expect(read("library")).toBe(library("A"));
    expect((await build({ store })).ran).toEqual([]);
  });

  test("counts by what came out when it is made again otherwise", async () => {
    await backToA();
    emptyStore();
    flag = "2";
    salt = { front: "!" };
    expect((await build()).ran).toEqual(["front", "library", "one", "pre", "two"]);
    const made = library("A").replaceAll("front", "front!");
    expect(read("library")).toBe(made);
    expect((await build()).ran).toEqual([]);
    expect(read("library")).toBe(made);
  });

  test("is told when making it again fails, and made when it can be", async () => {
    await backToA();
    emptyStore();
    flag = "2";
    broken.add("front");
    const { result, events } = await build();
    expect(result.failure?.message).toBe("could not front");
    const failed = events.flatMap((event) => (event.type === "failed" ? [event.action.description] : []));
    expect(new Set(failed)).toEqual(new Set(["front"]));
    broken.clear();
    expect((await build()).result.failure).toBeUndefined();
    expect(read("library")).toBe(library("A"));
    expect((await build()).ran).toEqual([]);
  });
});
