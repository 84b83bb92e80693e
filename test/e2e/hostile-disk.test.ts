/**
 * What a disk and a system can do to a build: full, read-only, too many open files, a compiler that is killed or lies,
 * files of retorch's own that are damaged. Each time the build says what is wrong, and the next one is right.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, type TestContext } from "vitest";
import { cliEnvironment, runRetorch, runRetorchOk, temporaryProject, type CliResult } from "../support/cli.ts";
import { need, repository, tool } from "../support/environments.ts";
import { tinyOutput, tinyProject, tinyUnit } from "../support/tiny-project.ts";

const program = join(repository, "bin", "retorch.js");

interface Finished {
  readonly ok: boolean;
  readonly failure?: { readonly code: string };
  readonly actions: { readonly executed: number; readonly cached: number; readonly fresh: number };
}

function finished({ stdout }: CliResult): Finished {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Finished;
}

/** A failure that is explained: its code, a hint, and no stack of the program's own. */
function expectFailure(result: CliResult, code: string, exitCode: number): void {
  expect(result.stderr).toContain(`[${code}]`);
  expect(result.stderr).toContain("hint: ");
  expect(result.stderr).not.toMatch(/^ {4}at /m);
  expect(result.exitCode).toBe(exitCode);
}

/** A file system of its own for a test, of so many megabytes. */
function mountSmall(context: TestContext, folder: string, options: string): void {
  if (process.platform !== "linux") context.skip("mounting a small disk is only tried on Linux");
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { encoding: "utf8" });
  if (mounted.status !== 0) context.skip(`mounting is not permitted: ${(mounted.stderr ?? "no mount").trim()}`);
  onTestFinished(() => void spawnSync("umount", ["-l", folder]));
}

/** Takes all the room that is left but so many kilobytes. */
function fill(folder: string, leave: number): void {
  const file = join(folder, "fill");
  writeFileSync(file, "");
  const block = Buffer.alloc(4096, 1);
  try {
    for (;;) appendFileSync(file, block);
  } catch {
    // Full.
  }
  truncateSync(file, Math.max(0, statSync(file).size - leave * 1024));
}

function unitOf(kilobytes: number, n: number): string {
  return `char data${n}[${kilobytes * 1024}] = {${n}};\nint unit${n}() { return data${n}[0]; }\n`;
}

describe("a full disk", () => {
  test("is said so, and once there is room only what was lost is done", async (context) => {
    need(context, tool("g++"));
    const made = tinyProject({ units: 3 });
    const disk = join(made.root, "..", "disk");
    mountSmall(context, disk, "size=3m");
    const cwd = join(disk, "p");
    execFileSync("cp", ["-r", made.root, cwd]);
    for (let n = 0; n < 3; n++) writeFileSync(join(cwd, `src/unit${n}.cpp`), unitOf(200, n));
    // Room for two objects of the three.
    fill(disk, 560);
    const full = await runRetorch(["build", "--no-cache", "-j1"], { cwd });
    expectFailure(full, "DISK_FULL", 1);
    rmSync(join(disk, "fill"));
    const next = await runRetorchOk(["build", "--no-cache", "-j1", "--json"], { cwd });
    const { executed, fresh } = finished(next).actions;
    expect(executed + fresh).toBe(5);
    expect(fresh).toBeGreaterThanOrEqual(1);
    expect(tinyOutput(join(cwd, "tiny"))).toBe("3");
    expect(finished(await runRetorchOk(["build", "--no-cache", "--json"], { cwd })).actions.executed).toBe(0);
  });

  test("without room for a single byte", async (context) => {
    need(context, tool("g++"));
    const made = tinyProject({ units: 2 });
    const disk = join(made.root, "..", "disk");
    mountSmall(context, disk, "size=2m");
    const cwd = join(disk, "p");
    execFileSync("cp", ["-r", made.root, cwd]);
    await runRetorchOk(["build", "--no-cache"], { cwd });
    writeFileSync(join(cwd, "src/unit0.cpp"), tinyUnit(0, 100));
    fill(disk, 0);
    expectFailure(await runRetorch(["build", "--no-cache"], { cwd }), "DISK_FULL", 1);
    // To look is still possible.
    expect((await runRetorchOk(["explain"], { cwd })).stdout).toContain("unit0.cpp changed");
    rmSync(join(disk, "fill"));
    const next = await runRetorchOk(["build", "--no-cache", "--json"], { cwd });
    expect(finished(next).actions.executed).toBeLessThanOrEqual(2);
    expect(tinyOutput(join(cwd, "tiny"))).toBe(String(1 + 10 + 100 + (1 + 20 + 1)));
  });

  test("under the store alone costs the store alone", async (context) => {
    need(context, tool("g++"));
    const made = tinyProject({ units: 2 });
    made.write("src/unit0.cpp", unitOf(700, 0));
    const disk = join(made.root, "..", "disk");
    mountSmall(context, disk, "size=1m,mode=0700");
    const env = { RETORCH_CACHE_DIR: join(disk, "cache") };
    await runRetorchOk(["build"], { cwd: made.root, env });
    made.write("src/unit0.cpp", unitOf(701, 0));
    await runRetorchOk(["build"], { cwd: made.root, env });
    expect(tinyOutput(made.path("tiny"))).toBe("22");
    fill(disk, 0);
    made.write("src/unit0.cpp", unitOf(702, 5));
    made.write("src/main.cpp", `#include <cstdio>\nint unit5();\nint main() { std::printf("%d\\n", unit5()); }\n`);
    const result = await runRetorch(["build"], { cwd: made.root, env });
    if (result.exitCode !== 0) expectFailure(result, "DISK_FULL", 1);
    rmSync(join(disk, "fill"));
    await runRetorchOk(["build"], { cwd: made.root, env });
    expect(tinyOutput(made.path("tiny"))).toBe("5");
    const verified = await runRetorchOk(["cache", "verify", "--json"], { cwd: made.root, env });
    expect(JSON.parse(verified.stdout)).toMatchObject({ badContents: 0 });
  });
});

describe("where nothing may be written", () => {
  test("a read-only folder for the result", async (context) => {
    need(context, tool("g++"));
    const made = tinyProject({ units: 1 });
    const out = join(made.root, "..", "out");
    mountSmall(context, out, "size=64k,ro");
    expectFailure(await runRetorch(["build", "--out", out], { cwd: made.root }), "NOT_WRITABLE", 2);
    const elsewhere = await runRetorchOk(["build", "--json"], { cwd: made.root });
    expect(finished(elsewhere)).toMatchObject({ ok: true });
    expect(tinyOutput(made.path("tiny"))).toBe("11");
  });

  test("a read-only build folder", async (context) => {
    need(context, tool("g++"));
    const made = tinyProject({ units: 1 });
    await runRetorchOk(["build"], { cwd: made.root });
    made.write("src/unit0.cpp", tinyUnit(0, 5));
    const build = made.path(".retorch");
    const bound = spawnSync("mount", ["--bind", "-o", "ro", build, build], { encoding: "utf8" });
    if (bound.status !== 0) context.skip(`mounting is not permitted: ${(bound.stderr ?? "no mount").trim()}`);
    try {
      spawnSync("mount", ["-o", "remount,bind,ro", build]);
      expectFailure(await runRetorch(["build"], { cwd: made.root }), "NOT_WRITABLE", 2);
    } finally {
      spawnSync("umount", ["-l", build]);
    }
    await runRetorchOk(["build"], { cwd: made.root });
    expect(tinyOutput(made.path("tiny"))).toBe("16");
  });

  test("a folder that stands where the result should go is not removed", async (context) => {
    need(context, tool("g++"));
    const made = tinyProject({ units: 1 });
    made.write("tiny/precious.txt", "mine");
    const result = await runRetorch(["build"], { cwd: made.root });
    expect(result.exitCode).not.toBe(0);
    expect(result.exitCode).not.toBe(70);
    expect(result.stderr).toContain("tiny");
    expect(result.stderr).toContain("hint: ");
    expect(readFileSync(made.path("tiny/precious.txt"), "utf8")).toBe("mine");
    expect(readdirSync(made.root).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    rmSync(made.path("tiny"), { recursive: true });
    await runRetorchOk(["build"], { cwd: made.root });
    expect(tinyOutput(made.path("tiny"))).toBe("11");
  });

  test("a folder in place of an object makes way", async (context) => {
    need(context, tool("g++"));
    const made = tinyProject({ units: 1 });
    await runRetorchOk(["build", "--no-cache"], { cwd: made.root });
    rmSync(made.path(".retorch/obj/tiny/src/unit0.cpp.o"));
    made.write(".retorch/obj/tiny/src/unit0.cpp.o/in-the-way", "x");
    const result = await runRetorchOk(["build", "--no-cache", "--json"], { cwd: made.root });
    expect(finished(result).actions.executed).toBe(1);
    rmSync(made.path(".retorch/obj/tiny/src/unit0.cpp.o"));
    made.write(".retorch/obj/tiny/src/unit0.cpp.o/in-the-way", "x");
    await runRetorchOk(["build"], { cwd: made.root });
    expect(statSync(made.path(".retorch/obj/tiny/src/unit0.cpp.o")).isFile()).toBe(true);
  });
});

test.each([64])("with %i open files it builds, or says that they are too few", async (limit) => {
  if (process.platform === "win32") return;
  const made = tinyProject({ units: 12 });
  const result = await new Promise<CliResult>((resolve) => {
    const child = spawn(
      "/bin/sh",
      ["-c", `ulimit -n ${limit}; exec "$@"`, "sh", process.execPath, program, "build", "-j12"],
      { cwd: made.root, env: cliEnvironment(), stdio: ["ignore", "pipe", "pipe"] },
    );
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("close", (code, signal) =>
      resolve({ exitCode: code ?? undefined, signal: signal ?? undefined, stdout, stderr }),
    );
  });
  if (result.exitCode !== 0) expectFailure(result, "TOO_MANY_OPEN_FILES", 1);
  await runRetorchOk(["build"], { cwd: made.root });
  expect(existsSync(made.path("tiny"))).toBe(true);
});

/** A compiler that does what the given shell lines say, once a file `armed` is there, and else what g++ does. */
function spoiltCompiler(lines: string): { path: string; arm: () => void; disarm: () => void } {
  const { root, path } = temporaryProject({}, "tools");
  const compiler = path("g++");
  writeFileSync(
    compiler,
    `#!/bin/sh\nout= dep= prev= compile=\nfor word in "$@"; do\n  case $prev in -o) out=$word ;; -MF) dep=$word ;; esac\n  [ "$word" = -c ] && compile=1\n  prev=$word\ndone\nif [ -n "$compile" ] && [ -e '${root}/armed' ]; then\n${lines}\nfi\nexec g++ "$@"\n`,
  );
  chmodSync(compiler, 0o755);
  return {
    path: compiler,
    arm: () => writeFileSync(join(root, "armed"), ""),
    disarm: () => rmSync(join(root, "armed")),
  };
}

describe("a compiler", () => {
  test.each([
    ["that succeeds and writes nothing", "exit 0", "did not make"],
    ["that writes a folder", `mkdir "$out"; : > "$dep"; exit 0`, "did not make"],
    ["that keeps its headers to itself", `g++ "$@" && rm -f "$dep"; exit 0`, "list of headers"],
    ["that fails after writing half an object", `printf half > "$out"; echo no >&2; exit 1`, "no"],
    ["that is killed", "kill -9 $$", "SIGKILL"],
  ])("%s", async (_, lines, said) => {
    const compiler = spoiltCompiler(lines);
    const made = tinyProject({ units: 1 });
    const options = { cwd: made.root, env: { CXX: compiler.path } };
    await runRetorchOk(["build", "--no-cache"], options);
    made.write("src/unit0.cpp", tinyUnit(0, 7));
    compiler.arm();
    const result = await runRetorch(["build", "--no-cache", "-j1"], options);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain("src/unit0.cpp");
    expect(result.stderr).toContain(said);
    expect(result.stderr).not.toMatch(/^ {4}at /m);
    compiler.disarm();
    const next = await runRetorchOk(["build", "--no-cache", "--json"], options);
    expect(finished(next).actions.executed).toBe(2);
    expect(tinyOutput(made.path("tiny"))).toBe("18");
  });

  test("proper that is killed beneath its driver", async (context) => {
    need(context, tool("g++"));
    const compiler = spoiltCompiler(
      `g++ "$@" -wrapper "/bin/sh,-c,case \\$0 in *cc1plus) kill -9 \\$\\$;; esac; exec \\$0 \\$@"; exit $?`,
    );
    const made = tinyProject({ units: 1 });
    const options = { cwd: made.root, env: { CXX: compiler.path } };
    await runRetorchOk(["build", "--no-cache"], options);
    made.write("src/unit0.cpp", tinyUnit(0, 7));
    compiler.arm();
    const result = await runRetorch(["build", "--no-cache", "-j1"], options);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain("Killed");
    compiler.disarm();
    await runRetorchOk(["build", "--no-cache"], options);
    expect(tinyOutput(made.path("tiny"))).toBe("18");
  });
});

describe("damaged files of its own", () => {
  const damages: readonly (readonly [string, (path: string) => void])[] = [
    ["cut short", (path) => truncateSync(path, Math.floor(statSync(path).size / 2))],
    ["empty", (path) => truncateSync(path, 0)],
    ["garbage", (path) => writeFileSync(path, Buffer.alloc(5000, 0xa5))],
    ["garbage behind what is sound", (path) => appendFileSync(path, Buffer.alloc(5000, 0xa5))],
    [
      "a folder",
      (path) => {
        rmSync(path);
        mkdirSync(path);
        writeFileSync(join(path, "x"), "");
      },
    ],
  ];

  test.each(damages)("the log: %s", async (_, damage) => {
    const made = tinyProject({ units: 2 });
    await runRetorchOk(["build", "--no-cache"], { cwd: made.root });
    made.write("src/unit0.cpp", tinyUnit(0, 5));
    damage(made.path(".retorch/log"));
    await runRetorchOk(["explain"], { cwd: made.root });
    await runRetorchOk(["build", "--no-cache"], { cwd: made.root });
    expect(tinyOutput(made.path("tiny"))).toBe("38");
    made.write("src/unit1.cpp", tinyUnit(1, 7));
    const next = await runRetorchOk(["build", "--no-cache", "--json"], { cwd: made.root });
    expect(finished(next).actions).toMatchObject({ executed: 2, fresh: 2 });
    expect(tinyOutput(made.path("tiny"))).toBe("44");
  });

  test.each(damages)("everything in the cache: %s", async (_, damage) => {
    const made = tinyProject({ units: 2 });
    const cache = join(made.root, "..", "cache");
    mkdirSync(cache, { mode: 0o700 });
    const options = { cwd: made.root, env: { RETORCH_CACHE_DIR: cache } };
    await runRetorchOk(["build"], options);
    const files = readdirSync(cache, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes(".lock"))
      .map((entry) => join(entry.parentPath, entry.name));
    expect(files.some((file) => file.includes("up-to-date"))).toBe(true);
    for (const file of files) if (statSync(file).size > 0) damage(file);
    await runRetorchOk(["build"], options);
    expect(tinyOutput(made.path("tiny"))).toBe("33");
    rmSync(made.path(".retorch"), { recursive: true });
    made.write("src/unit0.cpp", tinyUnit(0, 5));
    await runRetorchOk(["build"], options);
    expect(tinyOutput(made.path("tiny"))).toBe("38");
    await runRetorchOk(["cache", "verify"], options);
    rmSync(made.path(".retorch"), { recursive: true });
    const restored = finished(await runRetorchOk(["build", "--json"], options)).actions;
    expect(restored).toMatchObject({ executed: 0, cached: 4 });
    expect(tinyOutput(made.path("tiny"))).toBe("38");
  });
});

test("a cache folder that cannot be made costs the cache alone", async () => {
  const made = tinyProject({ units: 1 });
  made.write("plain-file", "");
  const env = { RETORCH_CACHE_DIR: made.path("plain-file/cache") };
  const result = await runRetorchOk(["build"], { cwd: made.root, env });
  expect(result.stderr).toContain("nothing is kept there");
  expect(tinyOutput(made.path("tiny"))).toBe("11");
  const again = await runRetorchOk(["build", "--json"], { cwd: made.root, env });
  expect(finished(again).actions).toMatchObject({ executed: 0, fresh: 3 });
});

test("sources whose times lie in the future, or before all time", async () => {
  const made = tinyProject({ units: 2 });
  const future = Date.now() / 1000 + 10 * 365 * 86400;
  for (const file of ["src/unit0.cpp", "include/tiny/common.h", "retorch.toml"])
    utimesSync(made.path(file), future, future);
  utimesSync(made.path("src/unit1.cpp"), 0, 0);
  await runRetorchOk(["build", "--no-cache"], { cwd: made.root });
  const again = await runRetorchOk(["build", "--no-cache", "--json"], { cwd: made.root });
  expect(finished(again).actions).toMatchObject({ executed: 0 });
  made.write("src/unit0.cpp", tinyUnit(0, 5));
  utimesSync(made.path("src/unit0.cpp"), future, future);
  expect(finished(await runRetorchOk(["build", "--no-cache", "--json"], { cwd: made.root })).actions.executed).toBe(2);
  expect(tinyOutput(made.path("tiny"))).toBe("38");
});
