/** The store of earlier results as a user meets it: what is a hit, what is refused, what is mended, how it is looked after. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { runRetorch, runRetorchOk, temporaryProject, type CliResult, type TemporaryProject } from "../support/cli.ts";
import { cpuPython, need, tool } from "../support/environments.ts";
import { tinyOutput, tinyProject, tinyUnit } from "../support/tiny-project.ts";

interface Actions {
  readonly executed: number;
  readonly cached: number;
  readonly fresh: number;
}

/** A store of its own for a test, beside the project. */
function ownCache(project: TemporaryProject): { cache: string; env: { RETORCH_CACHE_DIR: string } } {
  const cache = join(dirname(project.root), "cache");
  mkdirSync(cache, { mode: 0o700 });
  return { cache, env: { RETORCH_CACHE_DIR: cache } };
}

function actions({ stdout }: CliResult): Actions {
  return (JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { actions: Actions }).actions;
}

function blobs(cache: string): string[] {
  return files(join(cache, "store/v1/blobs"));
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function sizeOf(folder: string): number {
  return files(folder).reduce((sum, file) => sum + statSync(file).size, 0);
}

function refused(result: CliResult, code: string): void {
  expect(result.stderr).toContain(`[${code}]`);
  expect(result.stderr).toContain("hint: ");
  expect(result.exitCode).toBe(2);
}

describe("hits", () => {
  test("an edit taken back, a clean build, a moved project, a copy", async () => {
    const project = tinyProject({ units: 2 });
    const { env } = ownCache(project);
    const build = async (cwd = project.root): Promise<Actions> =>
      actions(await runRetorchOk(["build", "--json"], { cwd, env }));
    expect(await build()).toEqual({ executed: 4, cached: 0, fresh: 0 });
    project.write("src/unit0.cpp", tinyUnit(0, 5));
    expect(await build()).toEqual({ executed: 2, cached: 0, fresh: 2 });
    project.write("src/unit0.cpp", tinyUnit(0, 0));
    expect(await build()).toEqual({ executed: 0, cached: 2, fresh: 2 });
    await runRetorchOk(["clean"], { cwd: project.root, env });
    expect(existsSync(project.path(".retorch"))).toBe(false);
    expect(await build()).toEqual({ executed: 0, cached: 4, fresh: 0 });
    const copy = join(dirname(project.root), "another worktree");
    cpSync(project.root, copy, { recursive: true, filter: (path) => !path.includes(".retorch") });
    expect(await build(copy)).toEqual({ executed: 0, cached: 4, fresh: 0 });
    const moved = join(dirname(project.root), "moved");
    renameSync(project.root, moved);
    expect(await build(moved)).toEqual({ executed: 0, cached: 0, fresh: 4 });
    expect(tinyOutput(join(moved, "tiny"))).toBe("33");
    expect(readFileSync(join(moved, "tiny")).equals(readFileSync(join(copy, "tiny")))).toBe(true);
  });

  test("a header of another content is none, though the key is the same", async () => {
    const project = tinyProject({ units: 2 });
    const { env } = ownCache(project);
    await runRetorchOk(["build"], { cwd: project.root, env });
    rmSync(project.path(".retorch"), { recursive: true });
    project.write("include/tiny/part0.h", "#pragma once\n#define PART0 11\n");
    const first = actions(await runRetorchOk(["build", "--json"], { cwd: project.root, env }));
    expect(first).toEqual({ executed: 2, cached: 2, fresh: 0 });
    expect(tinyOutput(project.path("tiny"))).toBe("34");
    // A file that shadows one that was used does away with the hit.
    rmSync(project.path(".retorch"), { recursive: true });
    project.write("src/tiny/part1.h", "#pragma once\n#define PART1 30\n");
    const second = actions(await runRetorchOk(["build", "--json"], { cwd: project.root, env }));
    expect(second.executed).toBeGreaterThanOrEqual(2);
    expect(tinyOutput(project.path("tiny"))).toBe("44");
  });

  test("--force does everything again", async () => {
    const project = tinyProject({ units: 1 });
    const { env } = ownCache(project);
    await runRetorchOk(["build"], { cwd: project.root, env });
    const forced = await runRetorchOk(["build", "--force", "--json"], { cwd: project.root, env });
    expect(actions(forced)).toEqual({ executed: 3, cached: 0, fresh: 0 });
  });

  test("--no-cache neither reads nor writes", async () => {
    const project = tinyProject({ units: 1 });
    const { cache, env } = ownCache(project);
    await runRetorchOk(["build", "--no-cache"], { cwd: project.root, env });
    expect(existsSync(join(cache, "store"))).toBe(false);
    rmSync(project.path(".retorch"), { recursive: true });
    await runRetorchOk(["build"], { cwd: project.root, env });
    const before = files(join(cache, "store")).map((file) => `${file} ${statSync(file).ctimeMs}`);
    rmSync(project.path(".retorch"), { recursive: true });
    const result = await runRetorchOk(["build", "--no-cache", "--json"], { cwd: project.root, env });
    expect(actions(result)).toEqual({ executed: 3, cached: 0, fresh: 0 });
    expect(files(join(cache, "store")).map((file) => `${file} ${statSync(file).ctimeMs}`)).toEqual(before);
  });

  test("two extensions of one project share a source, not what their defines make of it", async () => {
    const extension = (name: string, level: string): string =>
      `[extension.${name}]\nkind = "executable"\nuses-torch = false\nsources = ["main.cpp"]\ndefine = { LEVEL = "${level}" }\n`;
    const project = temporaryProject({
      "retorch.toml": extension("one", "1") + extension("two", "2") + extension("same", "1"),
      "main.cpp": `#include <cstdio>\nint main() { std::printf("%d\\n", LEVEL); }\n`,
    });
    const { env } = ownCache(project);
    const result = actions(await runRetorchOk(["build", "--json"], { cwd: project.root, env }));
    expect(result.executed + result.cached).toBe(6);
    expect(["one", "two", "same"].map((name) => tinyOutput(project.path(name)))).toEqual(["1", "2", "1"]);
  });
});

/** Where compiler outputs must not say where they were made. */
describe("no location of the project in what is shared", () => {
  const text = `#include <cassert>\n#include <cstdio>\n#include "v.h"\ninline int twice(int a) { assert(a > 0); return 2 * a; }\nint main() { std::printf("%s %d\\n", __FILE__, twice(VALUE)); }\n`;

  test.each([
    ["g++", "release", `cxx-flags = ["-g3", "-UNDEBUG"]`],
    ["g++", "debug", ""],
    ["g++", "release-with-debug", `cxx-flags = ["-flto", "-UNDEBUG"]\nlink-flags = ["-flto"]`],
    ["g++", "debug", `cxx-flags = ["-gsplit-dwarf"]`],
    ["g++", "debug", `cxx-flags = ["-fsanitize=undefined"]\nlink-flags = ["-fsanitize=undefined"]`],
    ["clang++", "debug", ""],
  ])("%s, %s, %s", async (name, profile, settings) => {
    const found = tool(name, `${name}-19`, `${name}-18`, `${name}-17`, `${name}-16`, `${name}-15`);
    if (!found.available) return;
    const make = (folder: string): TemporaryProject =>
      temporaryProject(
        {
          "retorch.toml": `[extension.prog]\nkind = "executable"\nuses-torch = false\nsources = ["src/a.cpp"]\ninclude-dirs = ["include"]\nprofile = "${profile}"\n${settings}\n`,
          "src/a.cpp": text,
          "include/v.h": "#define VALUE 4\n",
        },
        folder,
      );
    const one = make("place one");
    const two = make("two");
    const { env: own } = ownCache(one);
    const env = { ...own, CXX: found.value };
    const first = await runRetorch(["build", "--json"], { cwd: one.root, env });
    expect(first.exitCode, first.stdout).toBe(0);
    const second = actions(await runRetorchOk(["build", "--json"], { cwd: two.root, env }));
    if (second.cached > 0) {
      for (const file of files(one.path(".retorch/obj"))) {
        expect(readFileSync(file).includes(dirname(one.root)), file).toBe(false);
      }
      expect(readFileSync(one.path("prog")).includes(dirname(one.root))).toBe(false);
    }
    // What came from the store is what is made here.
    const restored = readFileSync(two.path("prog"));
    await runRetorchOk(["build", "--force", "--no-cache"], { cwd: two.root, env });
    expect(restored.equals(readFileSync(two.path("prog")))).toBe(true);
    if (settings === "") expect(second).toEqual({ executed: 0, cached: 2, fresh: 0 });
  });

  test("a search path for libraries below the project ties the link to its folder", async (context) => {
    need(context, tool("g++"));
    const make = (folder: string): TemporaryProject => {
      const made = temporaryProject({}, folder);
      made.write(
        "retorch.toml",
        `[extension.prog]\nkind = "executable"\nuses-torch = false\nsources = ["a.cpp"]\nlink-flags = ["-Wl,-rpath,${made.root}/lib"]\n`,
      );
      made.write("a.cpp", "int main() { return 0; }\n");
      return made;
    };
    const one = make("one");
    const two = make("two");
    const { env } = ownCache(one);
    await runRetorchOk(["build"], { cwd: one.root, env });
    const second = actions(await runRetorchOk(["build", "--json"], { cwd: two.root, env }));
    expect(second).toEqual({ executed: 1, cached: 1, fresh: 0 });
    expect(readFileSync(two.path("prog")).includes(two.root)).toBe(true);
    expect(readFileSync(two.path("prog")).includes(one.root)).toBe(false);
  });

  test("a program that uses torch finds it, from the store as well", async (context) => {
    const python = need(context, cpuPython());
    const make = (folder: string): TemporaryProject =>
      temporaryProject(
        {
          "retorch.toml": `[extension.prog]\nkind = "executable"\nsources = ["a.cpp"]\n`,
          "a.cpp": `#include <torch/headeronly/version.h>\n#include <cstdio>\nint main() { std::printf("%d\\n", TORCH_VERSION_MAJOR); }\n`,
        },
        folder,
      );
    const one = make("one");
    const two = make("two");
    const { env } = ownCache(one);
    const words = ["build", "--json", "--python", python.executable];
    await runRetorchOk(words, { cwd: one.root, env });
    expect(actions(await runRetorchOk(words, { cwd: two.root, env }))).toEqual({ executed: 0, cached: 2, fresh: 0 });
    expect(tinyOutput(two.path("prog"))).toBe("2");
    expect(readFileSync(two.path("prog")).includes(dirname(one.root))).toBe(false);
  });
});

describe("damage", () => {
  test("a corrupted content is a miss, and is replaced by a sound one", async () => {
    const project = tinyProject({ units: 2 });
    const { cache, env } = ownCache(project);
    await runRetorchOk(["build"], { cwd: project.root, env });
    for (const blob of blobs(cache)) {
      chmodSync(blob, 0o600);
      const bytes = readFileSync(blob);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      writeFileSync(blob, bytes);
    }
    rmSync(project.path(".retorch"), { recursive: true });
    const after = actions(await runRetorchOk(["build", "--json"], { cwd: project.root, env }));
    expect(after).toEqual({ executed: 4, cached: 0, fresh: 0 });
    expect(tinyOutput(project.path("tiny"))).toBe("33");
    rmSync(project.path(".retorch"), { recursive: true });
    const repaired = actions(await runRetorchOk(["build", "--json"], { cwd: project.root, env }));
    expect(repaired).toEqual({ executed: 0, cached: 4, fresh: 0 });
  });

  test("verify removes it and says how much", async () => {
    const project = tinyProject({ units: 2 });
    const { cache, env } = ownCache(project);
    await runRetorchOk(["build"], { cwd: project.root, env });
    const [victim = "", other = ""] = blobs(cache);
    chmodSync(victim, 0o600);
    truncateSync(victim, 10);
    chmodSync(other, 0o600);
    writeFileSync(other, "planted");
    const words = ["cache", "verify", "--json"];
    const first = JSON.parse((await runRetorchOk(words, { cwd: project.root, env })).stdout) as object;
    expect(first).toMatchObject({ badContents: 2, badEntries: 2, contents: 2, entries: 2 });
    const second = JSON.parse((await runRetorchOk(words, { cwd: project.root, env })).stdout) as object;
    expect(second).toMatchObject({ badContents: 0, badEntries: 0 });
    expect((await runRetorchOk(["cache", "verify"], { cwd: project.root, env })).stderr).toMatch(/are sound/);
  });
});

describe("what is not private is refused", () => {
  const unix = process.platform !== "win32";

  test.runIf(unix)("a store that others can write, or that is a link", async () => {
    const project = tinyProject({ units: 1 });
    const { cache, env } = ownCache(project);
    await runRetorchOk(["build"], { cwd: project.root, env });
    project.write("src/unit0.cpp", tinyUnit(0, 4));
    for (const folder of [cache, join(cache, "store"), join(cache, "store/v1")]) {
      chmodSync(folder, 0o777);
      refused(await runRetorch(["build"], { cwd: project.root, env }), "STORE_UNSAFE");
      refused(await runRetorch(["cache", "stats"], { cwd: project.root, env }), "STORE_UNSAFE");
      await runRetorchOk(["build", "--no-cache"], { cwd: project.root, env });
      chmodSync(folder, 0o700);
    }
    renameSync(join(cache, "store/v1"), join(cache, "elsewhere"));
    symlinkSync(join(cache, "elsewhere"), join(cache, "store/v1"));
    project.write("src/unit0.cpp", tinyUnit(0, 6));
    refused(await runRetorch(["build"], { cwd: project.root, env }), "STORE_UNSAFE");
    rmSync(join(cache, "store/v1"));
    await runRetorchOk(["build"], { cwd: project.root, env });
  });

  test.runIf(unix)(
    "a cache folder that is the user's own link to another disk is none of these, unless others can write there",
    async () => {
      const project = tinyProject({ units: 1 });
      const { cache, env } = ownCache(project);
      const real = `${cache}-real`;
      renameSync(cache, real);
      symlinkSync(real, cache);
      await runRetorchOk(["build"], { cwd: project.root, env });
      expect(blobs(real).length).toBeGreaterThan(0);
      await runRetorchOk(["clean"], { cwd: project.root, env });
      expect(actions(await runRetorchOk(["build", "--json"], { cwd: project.root, env }))).toMatchObject({ cached: 3 });
      chmodSync(real, 0o777);
      project.write("src/unit0.cpp", tinyUnit(0, 9));
      refused(await runRetorch(["build"], { cwd: project.root, env }), "STORE_UNSAFE");
    },
  );

  test.runIf(unix)("links and folders planted in the store count as nothing", async () => {
    const project = tinyProject({ units: 1 });
    const { cache, env } = ownCache(project);
    await runRetorchOk(["build"], { cwd: project.root, env });
    for (const blob of blobs(cache)) {
      const elsewhere = join(dirname(cache), "planted");
      writeFileSync(elsewhere, "planted");
      rmSync(blob);
      symlinkSync(elsewhere, blob);
    }
    rmSync(project.path(".retorch"), { recursive: true });
    const after = actions(await runRetorchOk(["build", "--json"], { cwd: project.root, env }));
    expect(after).toEqual({ executed: 3, cached: 0, fresh: 0 });
    expect(readFileSync(join(dirname(cache), "planted"), "utf8")).toBe("planted");
  });

  test.runIf(unix)("a build folder that others can write, or that is a link", async () => {
    const project = tinyProject({ units: 1 });
    await runRetorchOk(["build"], { cwd: project.root });
    project.write("src/unit0.cpp", tinyUnit(0, 4));
    chmodSync(project.path(".retorch"), 0o777);
    refused(await runRetorch(["build"], { cwd: project.root }), "BUILD_DIR_UNSAFE");
    chmodSync(project.path(".retorch"), 0o755);
    renameSync(project.path(".retorch"), project.path("elsewhere"));
    symlinkSync(project.path("elsewhere"), project.path(".retorch"));
    refused(await runRetorch(["build"], { cwd: project.root }), "BUILD_DIR_UNSAFE");
    rmSync(project.path(".retorch"));
    await runRetorchOk(["build"], { cwd: project.root });
  });

  test.runIf(unix)("an answer of `nothing to do` that others could have written is not believed", async () => {
    const project = tinyProject({ units: 1 });
    const { cache, env } = ownCache(project);
    await runRetorchOk(["build"], { cwd: project.root, env });
    chmodSync(join(cache, "up-to-date"), 0o777);
    const { stdout } = await runRetorchOk(["build", "--json"], { cwd: project.root, env });
    // The long way tells of its plan.
    expect(stdout).toContain('"planned"');
  });

  test.runIf(unix)("everything in the cache is the user's alone", async () => {
    const project = tinyProject({ units: 1 });
    const env = { RETORCH_CACHE_DIR: join(dirname(project.root), "made-here") };
    await runRetorchOk(["build"], { cwd: project.root, env });
    expect(statSync(env.RETORCH_CACHE_DIR).mode & 0o777).toBe(0o700);
    expect(statSync(join(env.RETORCH_CACHE_DIR, "store/v1")).mode & 0o077).toBe(0);
  });
});

describe("its size", () => {
  test("RETORCH_CACHE_SIZE keeps it bounded", async () => {
    const project = tinyProject({ units: 1 });
    const { cache, env: own } = ownCache(project);
    const env = { ...own, RETORCH_CACHE_SIZE: "1M" };
    for (let round = 0; round < 6; round++) {
      project.write(
        "src/unit0.cpp",
        `char data[${250 * 1024 + round}] = {1};\nint unit0() { return data[0] + ${round}; }\n`,
      );
      await runRetorchOk(["build"], { cwd: project.root, env });
      expect(sizeOf(join(cache, "store"))).toBeLessThan(2 * 2 ** 20);
    }
    expect(sizeOf(join(cache, "store"))).toBeLessThan(1.1 * 2 ** 20);
    // What was used last is still there.
    rmSync(project.path(".retorch"), { recursive: true });
    expect(actions(await runRetorchOk(["build", "--json"], { cwd: project.root, env })).cached).toBeGreaterThanOrEqual(
      2,
    );
    expect(tinyOutput(project.path("tiny"))).toBe("6");
  });

  test("one that cannot be read is refused", async () => {
    const project = tinyProject({ units: 1 });
    const env = { RETORCH_CACHE_SIZE: "plenty" };
    refused(await runRetorch(["build"], { cwd: project.root, env }), "STORE_SIZE_INVALID");
  });

  test("stats, gc and clear", async () => {
    const project = tinyProject({ units: 2 });
    const { cache, env } = ownCache(project);
    await runRetorchOk(["build"], { cwd: project.root, env });
    const ask = async (...words: readonly string[]): Promise<unknown> =>
      JSON.parse((await runRetorchOk(["cache", ...words, "--json"], { cwd: project.root, env })).stdout);
    const bytes = sizeOf(join(cache, "store/v1/blobs")) + sizeOf(join(cache, "store/v1/entries"));
    expect(await ask("stats")).toMatchObject({ path: join(cache, "store/v1"), entries: 4, contents: 4, bytes });
    const { stdout } = await runRetorchOk(["cache", "stats"], { cwd: project.root, env });
    expect(stdout).toContain("4 actions, 4 files");
    expect(await ask("gc", "--max-size", "1K")).toMatchObject({
      removedEntries: 4,
      removedContents: 4,
      remainingBytes: 0,
    });
    rmSync(project.path(".retorch"), { recursive: true });
    expect(actions(await runRetorchOk(["build", "--json"], { cwd: project.root, env })).executed).toBe(4);
    expect(await ask("clear")).toMatchObject({ removedEntries: 4, removedContents: 4, remainingBytes: 0 });
    expect(blobs(cache)).toEqual([]);
    // The build folder does not need it.
    expect(actions(await runRetorchOk(["build", "--json"], { cwd: project.root, env })).executed).toBe(0);
  });
});

test("an artefact that a program has open is replaced, not written over", async (context) => {
  need(context, tool("g++"));
  const project = tinyProject({ units: 1 });
  await runRetorchOk(["build"], { cwd: project.root });
  const { ino } = statSync(project.path("tiny"));
  project.write("src/unit0.cpp", tinyUnit(0, 4));
  await runRetorchOk(["build"], { cwd: project.root });
  expect(statSync(project.path("tiny")).ino).not.toBe(ino);
  // A change of the artefact in place reaches neither the build folder nor the store.
  writeFileSync(project.path("tiny"), "changed");
  await runRetorchOk(["build"], { cwd: project.root });
  expect(execFileSync(project.path("tiny"), { encoding: "utf8" }).trim()).toBe("15");
});
