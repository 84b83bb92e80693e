/** Actions that run before their turn: what they save, and that a wrong guess changes nothing. No clocks: programs wait for each other. */
import { lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { EngineResult } from "../../../src/engine/engine.ts";
import type { BuildEvent } from "../../../src/engine/events.ts";
import type { ProcessRequest, ProcessResult } from "../../../src/host/host.ts";
import type { Action, Graph } from "../../../src/plan/graph.ts";
import { hostRunning, runToyGraph, toyFolder } from "../../support/toy-build.ts";
import { toyTool } from "../../support/toy-compiler.ts";

let root = "";
let remove = (): void => undefined;
beforeEach(() => {
  ({ root, remove } = toyFolder());
  mkdirSync(join(root, "src"));
  write("front", "front 1\n");
  write("device", "stub A\nbody 1\n");
  write("header.h", "header\n");
});
afterEach(() => remove());

function write(name: string, text: string): void {
  writeFileSync(join(root, "src", name), text);
}

/** What stands for cudafe++ (`front`), cicc (`device`, of which the stub is the first line), preprocessing and compile. */
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
    tools: [toyTool(name)],
    inputs,
    outputs: [at(name)],
    includeSearch: [],
    librarySearch: [],
    memoryEstimate: 1,
    cacheable: true,
    group: "toy",
    ...more,
  });
  return {
    actions: [
      action("front", [`${root}/src/front`]),
      action("device", [`${root}/src/device`]),
      action("stub", [at("device")]),
      action("joined", [at("front"), at("stub")], { ahead: true }),
      action("object", [at("joined")], { ahead: true }),
      action("library", [at("object"), at("device")]),
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

/** The same where the object is made of the front's output and the stub, of which a digest is only what it is keyed on. */
function graphWithDigest(): Graph {
  const plan = graph();
  const at = (name: string): string => `${plan.buildDir}/${name}`;
  const read = [at("front"), at("stub")];
  const actions = plan.actions.map((action): Action => {
    if (action.description === "joined") {
      const depfile = at("joined.d");
      const named = { path: depfile, role: "depfile" } as const;
      return {
        ...action,
        ahead: false,
        command: [...action.command, named],
        depfile: { path: depfile, format: "make" },
      };
    }
    if (action.description !== "object") return action;
    const { ahead: _, ...object } = action;
    return {
      ...object,
      command: [
        "object",
        { path: at("object"), role: "output" },
        ...read.map((path) => ({ path, role: "input" as const })),
      ],
      keyCommand: ["object"],
      readsAs: "toy/joined",
      startsOn: read,
    };
  });
  return { ...plan, actions };
}

let planned = graph;
afterEach(() => {
  planned = graph;
});

interface Outcome {
  readonly result: EngineResult;
  /** Programs in the order of their starts. */
  readonly started: readonly string[];
  readonly events: readonly BuildEvent[];
}

/** What a program can look at, and wait for, before it writes. */
interface World extends Omit<Outcome, "result"> {
  /** Until something holds; asked again after each start and each event. */
  until(holds: () => boolean): Promise<void>;
  isDone(name: string): boolean;
}

type Wait = (world: World, name: string, request: ProcessRequest) => Promise<boolean | "killed" | undefined>;

/** `wait` is called by each program before it writes; one that gets `false` fails. */
async function build(
  wait: Wait = async () => await Promise.resolve(undefined),
  options: { jobs?: number; force?: boolean; digest?: string } = {},
): Promise<Outcome> {
  const started: string[] = [];
  const events: BuildEvent[] = [];
  const waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const listener of waiting.splice(0)) listener();
  };
  const world: World = {
    started,
    events,
    until: async (holds) => {
      while (!holds()) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    isDone: (name) => events.some((event) => event.type === "done" && event.action.description === name),
  };
  const run = async (request: ProcessRequest): Promise<ProcessResult> => {
    const [name = "", output = "", ...words] = request.argv;
    const inputs = words.filter((word) => !word.endsWith(".d"));
    const depfile = words.find((word) => word.endsWith(".d"));
    if (depfile !== undefined) writeFileSync(resolve(root, depfile), `x: ${escaped(root)}/src/header.h\n`);
    started.push(name);
    wake();
    const isLate = (path: string): boolean => lstatSync(resolve(root, path)).isSymbolicLink();
    // Opened after the others, by a program that can be ended while it waits.
    const late = inputs
      .filter(isLate)
      .map(async (path) => [path, await readFile(resolve(root, path), "utf8")] as const);
    const early = inputs
      .filter((path) => !isLate(path))
      .map((path) => [path, readFileSync(resolve(root, path), "utf8")]);
    const verdict = await wait(world, name, request);
    const arrived = await Promise.race([Promise.all(late), untilStopped(request)]);
    const read = new Map<string, string>([...early, ...(arrived ?? [])] as [string, string][]);
    const texts = inputs.map((path) => read.get(path) ?? "");
    const base = { stdout: "", stderr: "", timedOut: false, durationMs: 1, peakMemory: 1, signal: undefined };
    if (request.signal?.aborted === true) return { ...base, exitCode: undefined, signal: "SIGTERM" };
    if (verdict === "killed") return { ...base, exitCode: undefined, signal: "SIGKILL" };
    if (verdict === false) return { ...base, exitCode: 1, stderr: `${name} is broken\n` };
    if (name === "joined" && options.digest !== undefined) {
      writeFileSync(resolve(root, output), options.digest);
      return { ...base, exitCode: 0 };
    }
    const text = name === "device" ? texts.join("") : name === "stub" ? firstLine(texts.join("")) : joined(name, texts);
    writeFileSync(resolve(root, output), text);
    return { ...base, exitCode: 0 };
  };
  const { result } = await runToyGraph(planned(), hostRunning(run), {
    jobs: options.jobs ?? 2,
    force: options.force ?? false,
    emit: (event) => {
      events.push(event);
      wake();
    },
  });
  return { result, started, events };
}

const escaped = (path: string): string => path.replaceAll(" ", String.raw`\ `);
const firstLine = (text: string): string => `${text.split("\n")[0]}\n`;
const joined = (name: string, texts: readonly string[]): string => `${name}(${texts.join("+")})`;

async function untilStopped({ signal }: ProcessRequest): Promise<void> {
  if (signal?.aborted === true) return;
  await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
}

/** What a build from nothing gives. */
function expected(): string {
  const read = (name: string): string => readFileSync(join(root, "src", name), "utf8");
  const device = read("device");
  return `library(object(joined(front(${read("front")})+${firstLine(device)}))+${device})`;
}

/** The library is that of a clean build, and nothing is left to do. */
async function expectRight(): Promise<void> {
  expect(readFileSync(join(root, ".retorch/library"), "utf8")).toBe(expected());
  expect((await build()).started).toEqual([]);
}

/** The device compile ends when the object has been made. */
const deviceAfterObject: Wait = async (world, name) => {
  if (name === "device") await world.until(() => world.isDone("object"));
  return undefined;
};

const count = (names: readonly string[], name: string): number => names.filter((each) => each === name).length;

beforeEach(async () => {
  await build();
  await expectRight();
});

describe("an action before its turn", () => {
  test("runs beside what it waits for, once, when that comes out as before", async () => {
    write("front", "front 2\n");
    write("device", "stub A\nbody 2\n");
    const { started, result } = await build(deviceAfterObject);
    expect(started.indexOf("object")).toBeLessThan(started.indexOf("library"));
    expect([...started].sort()).toEqual(["device", "front", "joined", "library", "object", "stub"]);
    expect(result).toMatchObject({ executed: 6, fresh: 0, cached: 0 });
    await expectRight();
  });

  test("runs again when it comes out otherwise", async () => {
    write("front", "front 2\n");
    write("device", "stub B\nbody 1\n");
    const { started } = await build(deviceAfterObject);
    expect(count(started, "object")).toBe(2);
    expect(count(started, "joined")).toBe(2);
    await expectRight();
  });

  test("is stopped at once when its guess was wrong", async () => {
    write("front", "front 2\n");
    write("device", "stub B\nbody 1\n");
    const { started, events } = await build(async (world, name, request) => {
      if (name === "device") await world.until(() => world.started.includes("object"));
      if (name === "object" && count(world.started, "object") === 1) await untilStopped(request);
      return undefined;
    });
    expect(count(started, "object")).toBe(2);
    expect(events.flatMap((event) => (event.type === "abandoned" ? [event.action.description] : []))).toEqual([
      "object",
    ]);
    await expectRight();
  });

  test("is waited for when its turn comes", async () => {
    write("front", "front 2\n");
    write("device", "stub A\nbody 2\n");
    const { started } = await build(async (world, name) => {
      if (name === "device") await world.until(() => world.started.includes("object"));
      if (name === "object") await world.until(() => world.isDone("stub"));
      return undefined;
    });
    expect(count(started, "object")).toBe(1);
    await expectRight();
  });

  test("that fails is told in its turn, and not when its guess was wrong", async () => {
    write("front", "front 2\n");
    write("device", "stub B\nbody 1\n");
    const failsOnA: Wait = async (world, name, request) => {
      if (name === "device") await world.until(() => world.started.includes("object"));
      if (name !== "object") return undefined;
      return !readFileSync(resolve(root, request.argv[2] ?? ""), "utf8").includes("stub A");
    };
    const wrong = await build(failsOnA);
    expect(wrong.result.failure).toBeUndefined();
    await expectRight();
    write("front", "front 3\n");
    const failing = await build(async (_, name) => await Promise.resolve(name !== "object"));
    expect(failing.events.filter((event) => event.type === "failed")).toHaveLength(1);
    await build();
    await expectRight();
  });

  test("is stopped when what it waits for fails", async () => {
    write("front", "front 2\n");
    write("device", "stub A\nbody 2\n");
    const { result, events } = await build(async (world, name, request) => {
      if (name === "device") await world.until(() => world.started.includes("object"));
      if (name === "object") await untilStopped(request);
      return name !== "device";
    });
    expect(result.failure?.code).toBe("BUILD_FAILED");
    expect(events.flatMap((event) => (event.type === "failed" ? [event.action.description] : []))).toEqual(["device"]);
    await build();
    await expectRight();
  });

  test("is done again when its input is replaced while it runs", async () => {
    write("front", "front 2\n");
    write("device", "stub A\nbody 2\n");
    const { started } = await build(async (world, name) => {
      if (name === "device") await world.until(() => world.started.includes("object"));
      if (name === "object" && count(world.started, "object") === 1) {
        writeFileSync(join(root, ".retorch/joined"), "something else");
        await world.until(() => world.isDone("stub"));
      }
      return undefined;
    });
    expect(count(started, "object")).toBe(2);
    await build();
    await expectRight();
  });

  test.each([
    ["with one job", { jobs: 1 }],
    ["when everything is done again", { force: true }],
  ])("waits for its turn %s", async (_, options) => {
    write("front", "front 2\n");
    write("device", "stub A\nbody 2\n");
    const { started } = await build(undefined, options);
    expect(started.slice(-3)).toEqual(["joined", "object", "library"]);
    expect(count(started, "object")).toBe(1);
    await expectRight();
  });

  test("takes no job from what has come to its turn", async () => {
    write("front", "front 2\n");
    const { started } = await build();
    expect(started).toEqual(["front", "joined", "object", "library"]);
    await expectRight();
  });
});

describe("an action whose inputs only say what it reads", () => {
  const whole = (): string => {
    const read = (name: string): string => readFileSync(join(root, "src", name), "utf8");
    const device = read("device");
    return `library(object(front(${read("front")})+${firstLine(device)})+${device})`;
  };
  const expectWhole = async (): Promise<void> => {
    expect(readFileSync(join(root, ".retorch/library"), "utf8")).toBe(whole());
    expect((await build()).started).toEqual([]);
  };
  /** The digest is written when the object's program has started, or ended. */
  const objectFirst: Wait = async (world, name) => {
    if (name === "joined") await world.until(() => world.started.includes("object"));
    return undefined;
  };

  beforeEach(async () => {
    planned = graphWithDigest;
    await build(undefined, { jobs: 1 });
    await expectWhole();
    write("front", "front 2\n");
    write("device", "stub B\nbody 2\n");
  });

  test("runs beside what makes them, once", async () => {
    const { started, result } = await build(objectFirst);
    expect([...started].sort()).toEqual(["device", "front", "joined", "library", "object", "stub"]);
    expect(result).toMatchObject({ executed: 6, fresh: 0, cached: 0 });
    await expectWhole();
  });

  test("is recorded when it ended long before them", async () => {
    let ended = false;
    const { started } = await build(async (world, name) => {
      if (name === "joined") await world.until(() => ended);
      if (name === "object") ended = true;
      return undefined;
    });
    expect(count(started, "object")).toBe(1);
    await expectWhole();
  });

  test("is left alone when only words change that they tell", async () => {
    await build();
    planned = () => {
      const plan = graphWithDigest();
      const more = (action: Action): Action =>
        action.description === "object" ? { ...action, command: [...action.command, "-DOTHER"] } : action;
      return { ...plan, actions: plan.actions.map(more) };
    };
    expect((await build()).started).toEqual([]);
  });

  test("is stopped when they come out as before", async () => {
    // Code that differs where the digest does not look.
    const { started, events } = await build(
      async (world, name, request) => {
        if (name === "joined") await world.until(() => world.started.includes("object"));
        if (name === "object") await untilStopped(request);
        return undefined;
      },
      { digest: "joined(front(front 1\n)+stub A\n)" },
    );
    expect(count(started, "object")).toBe(1);
    expect(events.some((event) => event.type === "abandoned" && event.action.description === "object")).toBe(true);
  });

  test("is stopped when making them fails", async () => {
    const { result, events } = await build(async (world, name, request) => {
      if (name === "joined") {
        await world.until(() => world.started.includes("object"));
        return false;
      }
      if (name === "object") await untilStopped(request);
      return undefined;
    });
    expect(result.failure?.code).toBe("BUILD_FAILED");
    expect(events.flatMap((event) => (event.type === "failed" ? [event.action.description] : []))).toEqual(["joined"]);
    await build();
    await expectWhole();
  });

  test("that fails is told once, in its turn", async () => {
    const failing = await build(async (world, name) => {
      await objectFirst(world, name, {} as ProcessRequest);
      return name !== "object";
    });
    expect(failing.events.filter((event) => event.type === "failed")).toHaveLength(1);
    await build();
    await expectWhole();
  });

  test("is done again when what it reads is replaced while it runs", async () => {
    const { started } = await build(async (world, name) => {
      await objectFirst(world, name, {} as ProcessRequest);
      if (name === "object" && count(world.started, "object") === 1) {
        writeFileSync(join(root, ".retorch/front"), "something else");
        await world.until(() => world.isDone("joined"));
      }
      return undefined;
    });
    expect(count(started, "object")).toBe(2);
    await build();
    await expectWhole();
  });

  test.each([1, 2])("is done again when a header is edited and put back while it runs, %d at once", async (jobs) => {
    const wait = new Int32Array(new SharedArrayBuffer(4));
    await build(
      async (world, name) => {
        if (jobs === 2) await objectFirst(world, name, {} as ProcessRequest);
        if (name !== "object") return undefined;
        if (jobs === 2) await world.until(() => world.isDone("joined"));
        // Past the step of the file system's clock.
        Atomics.wait(wait, 0, 0, 15);
        write("header.h", "edited\n");
        write("header.h", "header\n");
        return undefined;
      },
      { jobs },
    );
    const { started } = await build(undefined, { jobs: 1 });
    expect(started).toContain("object");
    await expectWhole();
  });

  test.each([
    ["with one job", { jobs: 1 }],
    ["when everything is done again", { force: true }],
  ])("waits for its turn %s", async (_, options) => {
    const { started } = await build(undefined, options);
    expect(started.slice(-3)).toEqual(["joined", "object", "library"]);
    await expectWhole();
  });
});

describe("an action that reads a file late", () => {
  const whole = (): string => {
    const read = (name: string): string => readFileSync(join(root, "src", name), "utf8");
    const device = read("device");
    return `library(object(front(${read("front")})+${firstLine(device)})+${device})`;
  };
  const expectWhole = async (): Promise<void> => {
    expect(readFileSync(join(root, ".retorch/library"), "utf8")).toBe(whole());
    expect((await build()).started).toEqual([]);
  };
  const stub = (): string => join(root, ".retorch/stub");
  const graphWithLate = (): Graph => {
    const plan = graphWithDigest();
    const late = (action: Action): Action =>
      action.description === "object" ? { ...action, readsLate: [`${plan.buildDir}/stub`] } : action;
    return { ...plan, actions: plan.actions.map(late) };
  };
  /** The device code is compiled until the object is. */
  const objectFirst: Wait = async (world, name) => {
    if (name === "device") await world.until(() => world.started.includes("object"));
    return undefined;
  };

  beforeEach(() => {
    planned = graphWithLate;
    rmSync(join(root, ".retorch"), { recursive: true });
  });

  test("runs beside all that makes it, once, and gets it when it is there", async () => {
    const { started, result } = await build(objectFirst);
    expect(started.indexOf("object")).toBeLessThan(started.indexOf("stub"));
    expect([...started].sort()).toEqual(["device", "front", "joined", "library", "object", "stub"]);
    expect(result).toMatchObject({ executed: 6, fresh: 0, cached: 0 });
    expect(lstatSync(stub()).isFile()).toBe(true);
    await expectWhole();
  });

  test("gets one that is longer than a pipe holds", async () => {
    write("device", `stub ${"A".repeat(300_000)}\nbody 1\n`);
    const { started } = await build(objectFirst);
    expect(count(started, "object")).toBe(1);
    await expectWhole();
  });

  test("reads the file itself when it comes to it later still", async () => {
    const { started } = await build(async (world, name) => {
      await objectFirst(world, name, {} as ProcessRequest);
      if (name === "object") await world.until(() => world.isDone("joined"));
      return undefined;
    });
    expect(count(started, "object")).toBe(1);
    await expectWhole();
  });

  test("is stopped when making it fails", async () => {
    const { result, events } = await build(async (world, name, request) => {
      await objectFirst(world, name, request);
      return name !== "device";
    });
    expect(result.failure?.code).toBe("BUILD_FAILED");
    expect(events.flatMap((event) => (event.type === "failed" ? [event.action.description] : []))).toEqual(["device"]);
    expect(lstatSync(stub(), { throwIfNoEntry: false })).toBeUndefined();
    await build();
    await expectWhole();
  });

  test("gives its job to what must run alone", async () => {
    let killed = false;
    const { started, result } = await build(async (world, name, request) => {
      if (name !== "device" || killed) return undefined;
      await objectFirst(world, name, request);
      killed = true;
      return "killed";
    });
    expect(result.failure).toBeUndefined();
    expect(count(started, "device")).toBe(2);
    expect(count(started, "object")).toBe(2);
    await expectWhole();
  });

  test("gives back its job when it has ended, though its key is not known yet", async () => {
    planned = () => {
      const plan = graphWithLate();
      const [front, device, ...others] = plan.actions;
      if (front === undefined || device === undefined) throw new Error("no actions");
      const other = (name: string): string => `${plan.buildDir}/${name}`;
      const { outputs } = device;
      const assembled: Action = {
        ...device,
        id: "toy/assembled",
        description: "assembled",
        command: ["assembled", { path: other("assembled"), role: "output" }, { path: outputs[0] ?? "", role: "input" }],
        inputs: outputs,
        outputs: [other("assembled")],
      };
      return { ...plan, actions: [front, device, assembled, ...others] };
    };
    const { started } = await build(async (world, name, request) => {
      await objectFirst(world, name, request);
      if (name === "assembled") await world.until(() => world.isDone("joined"));
      return undefined;
    });
    expect(count(started, "object")).toBe(1);
    await expectWhole();
  });

  test("begins as well where a build that was killed has left a link", async () => {
    mkdirSync(join(root, ".retorch"));
    symlinkSync(join(root, ".retorch/tmp/gone"), stub());
    const { started } = await build(objectFirst);
    expect(count(started, "object")).toBe(1);
    await expectWhole();
  });

  test("does not begin on what an earlier build has left", async () => {
    await build();
    rmSync(join(root, ".retorch/object"));
    write("front", "front 2\n");
    write("device", "stub B\nbody 2\n");
    const { started } = await build();
    expect(started.indexOf("stub")).toBeLessThan(started.indexOf("object"));
    await expectWhole();
  });

  test.each([
    ["with one job", { jobs: 1 }],
    ["when everything is done again", { force: true }],
  ])("waits for its turn %s", async (_, options) => {
    const { started } = await build(undefined, options);
    expect(started.slice(-3)).toEqual(["joined", "object", "library"]);
    await expectWhole();
  });
});
