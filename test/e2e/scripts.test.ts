/** The scripts behind `npm run …`: what they say where something is missing, and that they are safe to interrupt. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { temporaryProject } from "../support/cli.ts";
import { repository } from "../support/environments.ts";

const script = (name: string): string => pathToFileURL(join(repository, "scripts", "lib", name)).href;

/** Runs a piece of a module with this Node and gives what it printed. */
function evaluate(
  code: string,
  env: NodeJS.ProcessEnv = process.env,
): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
    env,
  });
  return { status, out: stdout.trim(), err: stderr };
}

describe("the version of Node", () => {
  it.each([
    ["12.22.12", false],
    ["18.20.4", false],
    ["20.18.3", false],
    ["20.19.0", true],
    ["21.7.3", false],
    ["22.11.0", false],
    ["22.12.0", true],
    ["24.0.0", true],
  ])("%s: %s", (version, expected) => {
    const range = '"^20.19.0 || >=22.12.0"';
    const { out } = evaluate(`console.log((await import("${script("start.mjs")}")).inRange("${version}", ${range}))`);
    expect(out).toBe(String(expected));
  });

  it("is looked at first, and one that is too old gets one message", () => {
    const { status, out, err } = evaluate(`
      Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.19.0" } });
      (await import("${script("start.mjs")}")).start("quickstart");
    `);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toMatch(/^error: Node 18\.19\.0 cannot run retorch, which needs Node .*\n\nhint: .*\n$/);
  });

  it("is checked by code that Node 12 can read", () => {
    const newer = /\?\.|\?\?|\bawait\b|"node:|\.at\(|\.replaceAll\(/;
    for (const file of ["lib/start.mjs", "quickstart.mjs", "test.mjs", "check.mjs"]) {
      expect(readFileSync(join(repository, "scripts", file), "utf8"), file).not.toMatch(newer);
    }
  });
});

describe("npm packages", () => {
  const current = (root: string): string =>
    evaluate(`console.log((await import("${script("npm-packages.mjs")}")).packagesAreCurrent(${JSON.stringify(root)}))`)
      .out;
  const lock = (version: string): string =>
    JSON.stringify({
      packages: { "": {}, "node_modules/a": { version }, "node_modules/b": { version, optional: true } },
    });
  const installed = (version: string): string => JSON.stringify({ packages: { "node_modules/a": { version } } });

  it("are current when every locked version is there, but for optional ones of other platforms", () => {
    const project = temporaryProject({ "package-lock.json": lock("1.0.0") });
    expect(current(project.root)).toBe("false");
    project.write("node_modules/.package-lock.json", installed("1.0.0"));
    expect(current(project.root)).toBe("true");
    project.write("package-lock.json", lock("1.0.1"));
    expect(current(project.root)).toBe("false");
  });
});

describe("the lock around `.venv`", () => {
  it("is held by one process at a time, and void when its process is gone", async () => {
    const { root } = temporaryProject({ counter: "0" });
    const gone = spawnSync(process.execPath, ["-e", ""]).pid;
    writeFileSync(join(root, "lock"), String(gone));
    const code = `
      import { readFileSync, writeFileSync } from "node:fs";
      const { withLock } = await import("${script("lock.mjs")}");
      for (let i = 0; i < 5; i++) await withLock("lock", () => {}, async () => {
        const value = Number(readFileSync("counter", "utf8"));
        await new Promise((resolve) => setTimeout(resolve, 2));
        writeFileSync("counter", String(value + 1));
      });
    `;
    const ends = [1, 2, 3].map(
      () =>
        new Promise((resolve) => {
          spawn(process.execPath, ["--input-type=module", "-e", code], { cwd: root }).on("close", resolve);
        }),
    );
    expect(await Promise.all(ends)).toEqual([0, 0, 0]);
    expect(readFileSync(join(root, "counter"), "utf8")).toBe("15");
    expect(existsSync(join(root, "lock"))).toBe(false);
  });
});

describe("finding a Python", () => {
  const search = (root: string, path: string, options = "{}"): string => {
    const env = { PATH: path, HOME: root };
    const { out, err } = evaluate(
      `
      const { ensureTorchPython } = await import("${script("python.mjs")}");
      try {
        console.log((await ensureTorchPython(${JSON.stringify(root)}, ${options})).executable);
      } catch (error) {
        console.log(error.message + " | " + error.hint);
      }`,
      env,
    );
    return out + err;
  };

  /** A program that answers like an interpreter. */
  const fakePython = (answer: object): string => `#!/bin/sh\necho '${JSON.stringify(answer)}'\n`;
  const bare = {
    executable: "/fake/python3",
    version: [3, 12, 1],
    torch: null,
    venv: true,
    ensurepip: false,
    pip: false,
  };

  it("says what to install when there is none", () => {
    const { root } = temporaryProject({});
    expect(search(root, root)).toContain("no Python was found on PATH | install Python 3.10 or later");
  });

  it.skipIf(process.platform === "win32")("says why one cannot be used", () => {
    const project = temporaryProject({});
    const path = [project.path("bin"), "/usr/bin", "/bin"].join(":");
    const put = (name: string, answer: object): void => {
      mkdirSync(dirname(project.path(name)), { recursive: true });
      writeFileSync(project.path(name), fakePython(answer), { mode: 0o755 });
    };
    put("old/python3", { ...bare, version: [3, 8, 10] });
    expect(search(project.root, project.path("old"))).toContain("/fake/python3 is 3.8.10");
    put("bin/python3", bare);
    expect(search(project.root, project.path("bin"))).toContain("neither pip nor ensurepip");
    const given = `{ given: ${JSON.stringify(project.path("bin/python3"))} }`;
    expect(search(project.root, path, given)).toContain("has no PyTorch");
    put("bin/python3", { ...bare, torch: { root: "/t", version: "1.13.0", cuda: null } });
    expect(search(project.root, path, given)).toContain("has PyTorch 1.13.0 | the examples need PyTorch 2.10 or later");
    put("bin/python3", { ...bare, torch: { root: "/t", version: "2.13.0+cpu", cuda: null } });
    expect(search(project.root, path)).toBe("/fake/python3");
  });

  it.skipIf(process.platform === "win32")("leaves an environment alone that somebody else made", () => {
    const project = temporaryProject({});
    writeFileSync(project.path("python3"), fakePython(bare), { mode: 0o755 });
    mkdirSync(project.path(".venv/bin"), { recursive: true });
    symlinkSync(project.path("python3"), project.path(".venv/bin/python"));
    expect(search(project.root, project.root)).toContain("`.venv` was made by somebody else");
    expect(existsSync(project.path(".venv/bin/python"))).toBe(true);
  });
});
