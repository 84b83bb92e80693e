/** Which interpreter is taken. */
import { describe, expect, test } from "vitest";
import type { FakeHost } from "../../support/fake-host.ts";
import { addPython, answers, emptyMachine, find, program, settle } from "./fake-machine.ts";

function chosen(found: Awaited<ReturnType<typeof find>>): string | undefined {
  return found.environment.python?.executable;
}

/** Interpreters at all the places that are looked at. */
function crowded(): FakeHost {
  const host = emptyMachine({ cwd: "/elsewhere" });
  addPython(host, "/virtual/bin/python");
  addPython(host, "/conda/bin/python");
  addPython(host, "/project/.venv/bin/python");
  addPython(host, "/project/venv/bin/python");
  addPython(host, "/usr/local/bin/python3", { prefix: "/usr/local" });
  addPython(host, "/usr/bin/python3", { prefix: "/usr" });
  addPython(host, "/usr/bin/python", { prefix: "/usr" });
  addPython(host, "/elsewhere/tools/python", { prefix: "/elsewhere" });
  settle(host);
  return host;
}

test("in order: environments, the project's folder, the search path", async () => {
  const host = crowded();
  host.env["VIRTUAL_ENV"] = "/virtual";
  host.env["CONDA_PREFIX"] = "/conda";
  expect(chosen(await find(host))).toBe("/virtual/bin/python");
  delete host.env["VIRTUAL_ENV"];
  expect(chosen(await find(host))).toBe("/conda/bin/python");
  host.env["CONDA_DEFAULT_ENV"] = "base";
  expect(chosen(await find(host))).toBe("/project/.venv/bin/python");
  host.fs.remove("/project/.venv");
  expect(chosen(await find(host))).toBe("/project/venv/bin/python");
  host.fs.remove("/project/venv");
  expect(chosen(await find(host))).toBe("/conda/bin/python");
  delete host.env["CONDA_PREFIX"];
  expect(chosen(await find(host))).toBe("/usr/local/bin/python3");
  host.fs.remove("/usr/local/bin/python3");
  expect(chosen(await find(host))).toBe("/usr/bin/python3");
  host.fs.remove("/usr/bin/python3");
  expect(chosen(await find(host))).toBe("/usr/bin/python");
});

describe("--python", () => {
  test.each([
    ["/conda/bin/python", "/conda/bin/python"],
    ["/conda", "/conda/bin/python"],
    ["tools/python", "/elsewhere/tools/python"],
    ["python3", "/usr/local/bin/python3"],
    ["3.11", "/usr/bin/python3.11"],
    ["python3.11", "/usr/bin/python3.11"],
  ])("%s", async (named, executable) => {
    const host = crowded();
    addPython(host, "/usr/bin/python3.11", { prefix: "/usr" });
    settle(host);
    expect(chosen(await find(host, { python: named }))).toBe(executable);
  });

  test.each([
    ["/nowhere/python", "PYTHON_NOT_FOUND", "no such program"],
    ["python9", "PYTHON_NOT_FOUND", "no such command"],
    ["/broken", "PYTHON_NOT_FOUND", "exit code 127: cannot open libpython"],
    ["/silent", "PYTHON_NOT_FOUND", "it printed no answer"],
    ["/old", "PYTHON_TOO_OLD", "Python 2.7.18 is older than 3.7"],
  ])("%s is an error, and nothing else is taken in its place", async (named, code, why) => {
    const host = crowded();
    for (const name of ["/broken", "/silent", "/old"]) program(host, name);
    host.onRun(({ argv }) => {
      if (argv[0] === "/broken") return { exitCode: 127, stderr: "oops\ncannot open libpython\n" };
      return argv[0] === "/silent" ? { stdout: "hello" } : undefined;
    });
    answers(host, "/old", { version: [2, 7, 18], executable: "/old" });
    settle(host);
    const { environment } = await find(host, { python: named });
    expect(environment.python).toBeUndefined();
    expect(environment.problems.python?.code).toBe(code);
    expect(environment.problems.python?.message).toContain(why);
  });
});

test("a stale VIRTUAL_ENV, an old and a broken interpreter are passed over, each with its reason", async () => {
  const host = emptyMachine({ env: { PATH: "/a:/b:/c", VIRTUAL_ENV: "/gone" } });
  program(host, "/a/python3");
  answers(host, "/a/python3", { version: [2, 7, 18], executable: "/a/python3" });
  program(host, "/b/python3");
  host.onRun(({ argv }) => (argv[0] === "/b/python3" ? { exitCode: 1, stderr: "no such version\n" } : undefined));
  addPython(host, "/c/python3", { prefix: "/c" });
  settle(host);
  const { environment } = await find(host);
  expect(environment.python?.executable).toBe("/c/python3");
  expect(
    environment.attempts
      .filter(({ what }) => what === "python")
      .map(({ where, outcome, why }) => `${outcome}: ${where}: ${why}`),
  ).toEqual([
    "missing: VIRTUAL_ENV=/gone: no interpreter there",
    "missing: CONDA_PREFIX: not set",
    "missing: `.venv`, `venv` beside the project or above: no such folder",
    "rejected: `/a/python3` (`python3` on the search path): Python 2.7.18 is older than 3.7",
    "rejected: `/b/python3` (`python3` on the search path): exit code 1: no such version",
    "chosen: `/c/python3` (`python3` on the search path): cpython 3.11.7",
  ]);
});

test("`.venv` is looked for upwards, but not beyond the repository", async () => {
  const host = emptyMachine();
  addPython(host, "/code/.venv/bin/python");
  host.fs.mkdir("/code/repo/pkg");
  settle(host);
  expect(chosen(await find(host, { projectRoot: "/code/repo/pkg" }))).toBe("/code/.venv/bin/python");
  host.fs.mkdir("/code/repo/.git");
  expect(chosen(await find(host, { projectRoot: "/code/repo/pkg" }))).toBeUndefined();
  addPython(host, "/code/repo/.venv/bin/python");
  settle(host);
  expect(chosen(await find(host, { projectRoot: "/code/repo/pkg" }))).toBe("/code/repo/.venv/bin/python");
});

test("Windows: Scripts\\python.exe in an environment, python.exe in conda's", async () => {
  const host = emptyMachine({ platform: "win32", env: { Path: "C:\\Python311" } });
  const answer = (executable: string): void =>
    answers(host, executable, {
      version: [3, 12, 4],
      executable,
      facts: {
        implementation: "cpython",
        abiFlags: "",
        extensionSuffix: ".cp312-win_amd64.pyd",
        abi3Suffix: ".pyd",
        soabi: "cp312-win_amd64",
        include: ["C:\\Python312\\Include"],
        libraryDir: "C:\\Python312\\libs",
        prefix: "C:\\env",
        basePrefix: "C:\\Python312",
        packageDirs: ["C:\\env\\Lib\\site-packages"],
        siteDirs: [],
        platform: "win-amd64",
        freeThreaded: false,
        config: {},
        torch: null,
        files: [],
      },
    });
  for (const path of [
    "C:\\project\\.venv\\Scripts\\python.exe",
    "C:\\conda\\python.exe",
    "C:\\Python311\\python.exe",
  ]) {
    host.write(path, "");
    answer(path);
  }
  host.write("C:\\Python312\\Include\\Python.h", "");
  settle(host);
  const search = (): ReturnType<typeof find> => find(host, { projectRoot: "C:\\project", cacheDir: "C:\\cache" });
  expect((await search()).environment.python).toMatchObject({
    executable: "C:\\project\\.venv\\Scripts\\python.exe",
    extensionSuffix: ".cp312-win_amd64.pyd",
    abi3Suffix: ".pyd",
    includeDirs: ["C:\\Python312\\Include"],
    libraryDir: "C:\\Python312\\libs",
  });
  host.env["CONDA_PREFIX"] = "C:\\conda";
  expect(chosen(await search())).toBe("C:\\conda\\python.exe");
  host.fs.remove("C:\\project\\.venv");
  delete host.env["CONDA_PREFIX"];
  expect(chosen(await search())).toBe("C:\\Python311\\python.exe");
});

describe("a shim, which picks by folder", () => {
  function shim(): FakeHost {
    const host = emptyMachine({ env: { PATH: "/home/user/.pyenv/shims:/usr/bin" } });
    addPython(host, "/v/3.11/bin/python3");
    addPython(host, "/v/3.12/bin/python3", { version: [3, 12, 1] });
    program(host, "/home/user/.pyenv/shims/python3", "#!/usr/bin/env bash\n");
    host.onRun(({ argv, cwd, env }) => {
      if (!argv[0]?.includes("/shims/")) return undefined;
      const wanted = env["PYENV_VERSION"] ?? host.fs.readText(`${cwd}/.python-version`)?.trim() ?? "3.11";
      return host.processes.run({ argv: [`/v/${wanted}/bin/python3`, ...argv.slice(1)], cwd, env });
    });
    settle(host);
    return host;
  }

  test("is asked again when what it picks by changes, and only then", async () => {
    const host = shim();
    expect(chosen(await find(host))).toBe("/v/3.11/bin/python3");
    host.fs.mkdir("/other");
    host.resetAccesses();
    expect(chosen(await find(host, { projectRoot: "/other" }))).toBe("/v/3.11/bin/python3");
    expect(host.spawns.filter((command) => command.includes("python"))).toEqual([]);
    host.write("/project/.python-version", "3.12\n");
    settle(host);
    expect(chosen(await find(host))).toBe("/v/3.12/bin/python3");
    expect(chosen(await find(host, { projectRoot: "/other" }))).toBe("/v/3.11/bin/python3");
    host.env["PYENV_VERSION"] = "3.12";
    expect(chosen(await find(host, { projectRoot: "/other" }))).toBe("/v/3.12/bin/python3");
  });

  test("that says no is passed over without being asked each time", async () => {
    const host = emptyMachine({ env: { PATH: "/home/user/.pyenv/shims:/usr/bin" } });
    program(host, "/home/user/.pyenv/shims/python3");
    host.onRun(({ argv }) =>
      argv[0]?.includes("/shims/") ? { exitCode: 127, stderr: "pyenv: python3: command not found\n" } : undefined,
    );
    addPython(host, "/usr/bin/python3", { prefix: "/usr" });
    settle(host);
    expect(chosen(await find(host))).toBe("/usr/bin/python3");
    host.resetAccesses();
    expect(chosen(await find(host))).toBe("/usr/bin/python3");
    expect(host.spawns).toEqual([]);
  });
});

test("a new `.pth` file makes the interpreter say again where packages are", async () => {
  const host = emptyMachine();
  addPython(host, "/project/.venv/bin/python");
  settle(host);
  expect((await find(host)).environment.python?.packageDirs).toHaveLength(1);
  const site = "/project/.venv/lib/python3.11/site-packages";
  host.write(`${site}/other.py`, "");
  host.resetAccesses();
  await find(host);
  expect(host.spawns.filter((command) => command.includes("python"))).toEqual([]);
  host.write(`${site}/__editable__.torch.pth`, "/src/pytorch\n");
  addPython(host, "/project/.venv/bin/python", { facts: { packageDirs: [site, "/src/pytorch"] } });
  settle(host);
  expect((await find(host)).environment.python?.packageDirs).toEqual([site, "/src/pytorch"]);
});

test("without Python.h the interpreter is found and its headers are missed", async () => {
  const host = emptyMachine();
  addPython(host, "/usr/bin/python3", { prefix: "/usr", facts: { include: ["/usr/include/python3.99"] } });
  settle(host);
  const { environment } = await find(host);
  expect(environment.python).toMatchObject({ executable: "/usr/bin/python3", includeDirs: [] });
  expect(environment.problems.python?.code).toBe("PYTHON_HEADERS_MISSING");
  expect(environment.attempts.find(({ what }) => what === "python headers")?.why).toContain(
    "`/usr/include/python3.99`",
  );
});
