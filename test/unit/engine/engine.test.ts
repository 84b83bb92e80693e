import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeHost } from "../../../src/host/node-host.ts";
import { toyBuild, toyFolder, type ToyOptions, type ToyOutcome } from "../../support/toy-build.ts";
import { toyExpected, type ToyProject, ToyTools } from "../../support/toy-compiler.ts";

let root = "";
let remove = (): void => undefined;
beforeEach(() => {
  ({ root, remove } = toyFolder());
});
afterEach(() => remove());

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function project(more: Partial<ToyProject> = {}): ToyProject {
  return { root, sources: ["src/a.cpp", "src/b.cpp"], search: ["first", "second"], ...more };
}

/** a.cpp includes x.h, which includes y.h; b.cpp includes nothing. */
function start(): void {
  write("src/a.cpp", '#include "x.h"\nint a;');
  write("src/b.cpp", "int b;");
  write("second/x.h", '#include "y.h"\nint x;');
  write("second/y.h", "int y;");
  mkdirSync(join(root, "first"));
}

async function build(more: Partial<ToyProject> = {}, options: ToyOptions = {}): Promise<ToyOutcome> {
  const outcome = await toyBuild(project(more), options);
  if (outcome.result.failure === undefined) {
    expect(readFileSync(join(root, ".retorch/out/toy.so"), "utf8")).toBe(
      toyExpected(project(more), options.variables?.["TOYPATH"]),
    );
  }
  return outcome;
}

const all = ["compile src/a.cpp", "compile src/b.cpp", "link toy.so"];
const aAndLink = ["compile src/a.cpp", "link toy.so"];

describe("what must be done again", () => {
  beforeEach(async () => {
    start();
    expect((await build()).ran).toEqual(all);
  });

  const cases: [string, () => void, string[], RegExp][] = [
    ["a source", () => write("src/a.cpp", '#include "x.h"\nint a2;'), aAndLink, /\$PROJECT\/src\/a.cpp changed/],
    ["a header", () => write("second/x.h", "int x2;"), aAndLink, /second\/x.h changed/],
    ["a header that a header includes", () => write("second/y.h", "int y2;"), aAndLink, /second\/y.h changed/],
    [
      "a header of equal size whose time stamp is older than before",
      () => {
        write("second/y.h", "int z;");
        utimesSync(join(root, "second/y.h"), 1e9, 1e9);
      },
      aAndLink,
      /y.h changed/,
    ],
    [
      "a new header that hides another",
      () => write("first/x.h", "int x3;"),
      aAndLink,
      /first\/x.h shadows .*second\/x.h/,
    ],
    ["a new header beside the source", () => write("src/x.h", "int x3;"), aAndLink, /src\/x.h shadows/],
    [
      "an object that is gone",
      () => rmSync(join(root, ".retorch/obj/src/a.cpp.o")),
      ["compile src/a.cpp"],
      /output .*a.cpp.o is missing/,
    ],
    [
      "an object that was overwritten",
      () => write(".retorch/obj/src/a.cpp.o", "rubbish"),
      ["compile src/a.cpp"],
      /output .*a.cpp.o is not what was built/,
    ],
    [
      "a library that was cut short",
      () => write(".retorch/out/toy.so", "lib"),
      ["link toy.so"],
      /toy.so is not what was built/,
    ],
  ];
  test.each(cases)("%s", async (_, change, expected, why) => {
    change();
    const outcome = await build();
    expect(outcome.ran).toEqual(expected);
    expect(Object.values(outcome.why).flat().join("\n")).toMatch(why);
    expect((await build()).ran).toEqual([]);
  });

  test("a define, a variable and a compiler, and back", async () => {
    const define = await build({ define: "X" });
    expect(define.ran).toEqual(all);
    expect(define.why["compile src/b.cpp"]).toEqual(["command changed: now with -DX"]);
    const variable = await build({ define: "X" }, { variables: { TOYPATH: "/p" } });
    expect(variable.ran).toEqual(all);
    expect(variable.why["compile src/a.cpp"]).toEqual(['TOYPATH (unset) → "/p"']);
    const compiler = await build({ define: "X", compilerVersion: "2" }, { variables: { TOYPATH: "/p" } });
    expect(compiler.why["compile src/a.cpp"]).toEqual(["toycc 1 → 2"]);
    expect(compiler.ran).toEqual(["compile src/a.cpp", "compile src/b.cpp"]);
  });

  test("a source added or removed", async () => {
    write("src/c.cpp", "int c;");
    const added = await build({ sources: ["src/a.cpp", "src/b.cpp", "src/c.cpp"] });
    expect(added.ran).toEqual(["compile src/c.cpp", "link toy.so"]);
    expect(added.why["link toy.so"]).toEqual(["$BUILD/obj/src/c.cpp.o is new"]);
    const removed = await build({ sources: ["src/a.cpp", "src/c.cpp"] });
    expect(removed.ran).toEqual(["link toy.so"]);
  });

  test("a header that is deleted fails, and works again when it is back", async () => {
    const old = readFileSync(join(root, "second/y.h"));
    rmSync(join(root, "second/y.h"));
    const outcome = await build();
    expect(outcome.result.failure?.code).toBe("BUILD_FAILED");
    writeFileSync(join(root, "second/y.h"), old);
    expect((await build()).ran).toEqual([]);
  });

  test("force", async () => {
    expect((await build({}, { force: true })).ran).toEqual(all);
  });
});

describe("what must not be done again", () => {
  beforeEach(async () => {
    start();
    await build();
  });

  test("nothing changed: nothing runs and nothing is read", async () => {
    const outcome = await build();
    expect(outcome.ran).toEqual([]);
    expect(outcome.result.fresh).toBe(3);
    expect(outcome.reads).toBe(0);
  });

  test("touch, and a checkout that writes equal bytes", async () => {
    utimesSync(join(root, "src/a.cpp"), 2e9, 2e9);
    const text = readFileSync(join(root, "second/x.h"));
    rmSync(join(root, "second/x.h"));
    writeFileSync(join(root, "second/x.h"), text);
    expect((await build()).ran).toEqual([]);
    expect((await build()).reads).toBe(0);
  });

  test("the project is moved", async () => {
    const moved = `${root}-moved`;
    renameSync(root, moved);
    root = moved;
    const old = remove;
    remove = () => {
      old();
      rmSync(moved, { recursive: true, force: true });
    };
    expect((await build()).ran).toEqual([]);
  });

  test("a comment that leaves the object as it is stops there", async () => {
    write("src/b.cpp", "int b;");
    utimesSync(join(root, "src/b.cpp"), 1, 1);
    write("first/unrelated.h", "");
    expect((await build()).ran).toEqual([]);
  });

  test("an unrelated variable", async () => {
    expect((await build({}, { variables: { UNRELATED: "1" } })).ran).toEqual([]);
  });
});

test("an object with the same bytes does not lead to a link", async () => {
  start();
  await build();
  // The compiler's own bytes changed, what it makes did not.
  const outcome = await build({ compilerVersion: "2" });
  expect(outcome.ran).toEqual(["compile src/a.cpp", "compile src/b.cpp"]);
});

test("where no program runs, each file is looked at once", async () => {
  start();
  await build();
  const tools = new ToyTools();
  const real = nodeHost();
  const host = nodeHost({
    processes: { ...real.processes, self: () => real.processes.self(), run: (request) => tools.run(request) },
  });
  const looked: string[] = [];
  const { stat } = host.fs;
  host.fs.stat = (path) => {
    looked.push(path);
    return stat.call(host.fs, path);
  };
  expect((await build({}, { host })).ran).toEqual([]);
  const headers = looked.filter((path) => path.endsWith(".h"));
  expect(headers.length).toBeGreaterThan(0);
  expect(headers).toEqual([...new Set(headers)]);
});

test("a file edited while the compiler runs is compiled again by the next build", async () => {
  start();
  const tools = new ToyTools();
  const wait = new Int32Array(new SharedArrayBuffer(4));
  tools.during = (argv) => {
    if (!argv.join(" ").includes("src/a.cpp")) return;
    // Past the step of the file system's clock.
    Atomics.wait(wait, 0, 0, 15);
    write("second/x.h", "int edited;");
  };
  await toyBuild(project(), { tools });
  const next = await build();
  expect(next.ran).toEqual(aAndLink);
  expect((await build()).ran).toEqual([]);
});

test("edited and put back while the compiler runs: still not trusted", async () => {
  start();
  const tools = new ToyTools();
  const wait = new Int32Array(new SharedArrayBuffer(4));
  tools.during = (argv) => {
    if (!argv.join(" ").includes("src/a.cpp")) return;
    Atomics.wait(wait, 0, 0, 15);
    const old = readFileSync(join(root, "second/x.h"));
    write("second/x.h", "int edited;");
    writeFileSync(join(root, "second/x.h"), old);
  };
  await toyBuild(project(), { tools });
  const next = await build();
  expect(next.ran).toContain("compile src/a.cpp");
  expect(next.why["compile src/a.cpp"]?.join()).toMatch(/edited while/);
});

test("a failure stops what has not begun, keeps what is done, and says what the compiler said", async () => {
  start();
  write("src/a.cpp", '#include "gone.h"');
  const outcome = await build({}, { jobs: 1 });
  expect(outcome.result.failure?.code).toBe("BUILD_FAILED");
  const failed = outcome.events.find((event) => event.type === "failed");
  expect(failed?.type === "failed" && failed.output).toContain("fatal error: gone.h");
  const going = await build({}, { keepGoing: true });
  expect([...outcome.ran, ...going.ran].sort()).toEqual(["compile src/b.cpp"]);
  write("src/a.cpp", "int a;");
  expect((await build()).ran).toEqual(aAndLink);
});

test("what was printed is kept for later", async () => {
  start();
  write("src/b.cpp", "int warn;");
  await build();
  const again = await build();
  const outputs = again.events.flatMap((event) => (event.type === "done" ? [event.output] : []));
  expect(outputs).toContain("warning: toy\n");
});

test("a missing source is said before anything runs for it", async () => {
  start();
  rmSync(join(root, "src/b.cpp"));
  const outcome = await build();
  expect(outcome.result.failure?.code).toBe("INPUT_MISSING");
});

test("outputs that did not change keep their time", async () => {
  start();
  await build();
  const before = statSync(join(root, ".retorch/obj/src/a.cpp.o")).mtimeMs;
  await build({ compilerVersion: "2" });
  expect(statSync(join(root, ".retorch/obj/src/a.cpp.o")).mtimeMs).toBe(before);
});

test("cancelled before it begins, nothing runs", async () => {
  start();
  const outcome = await build({}, { signal: AbortSignal.abort() });
  expect(outcome.result.failure?.code).toBe("CANCELLED");
  expect(outcome.ran).toEqual([]);
});

test("killed for memory beside others: again, alone", async () => {
  start();
  const tools = new ToyTools();
  const run = tools.run.bind(tools);
  let killed = 0;
  tools.run = async (request) => {
    const end = await run(request);
    if (request.argv.includes("src/a.cpp") && killed++ === 0) {
      return { ...end, exitCode: 1, stderr: "g++: fatal error: Killed signal terminated program cc1plus\n" };
    }
    return end;
  };
  const outcome = await build({}, { tools });
  expect(outcome.result.failure).toBeUndefined();
  expect(outcome.events.filter((event) => event.type === "failed" && event.retrying)).toHaveLength(1);
});

test("what does not fit into memory together runs one after the other", async () => {
  start();
  const tools = new ToyTools();
  const run = tools.run.bind(tools);
  let now = 0;
  let most = 0;
  tools.run = async (request) => {
    now++;
    most = Math.max(most, now);
    await new Promise((resolve) => setImmediate(resolve));
    const end = await run(request);
    now--;
    return end;
  };
  await build({}, { tools, memory: 1 });
  expect(most).toBe(1);
});
