/** What a build says: failures in full, events, the live line of a terminal, plain lines elsewhere, and where things are. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cliEnvironment, runRetorch, runRetorchOk, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { cudaPython, need, repository, tool } from "../support/environments.ts";
import { pythonModule } from "../support/slim-sources.ts";
import { tinyOutput, tinyProject } from "../support/tiny-project.ts";

const program = join(repository, "bin", "retorch.js");

/** Without the store, so that every compile is one. */
const env = { RETORCH_NO_CACHE: "1" };

interface Event {
  readonly type: string;
  readonly [field: string]: unknown;
}

function events(stdout: string): Event[] {
  expect(stdout.endsWith("\n")).toBe(true);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Event);
}

/** A project of five files, two of which do not compile. */
function brokenProject(): TemporaryProject {
  const project = tinyProject();
  project.write("src/unit1.cpp", '#include "tiny/common.h"\nint unit1() {\n  return undeclared_name;\n}\n');
  project.write("src/unit3.cpp", 'int unit3() { return "text"; }\n');
  return project;
}

describe("a failure", () => {
  it("is shown in full, with file and line, and ends with one line of summary and exit code 1", async () => {
    const project = brokenProject();
    const { exitCode, stdout, stderr } = await runRetorch(["build", "-j1"], { cwd: project.root, env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain("src/unit1.cpp:3:");
    expect(stderr).toContain("undeclared_name");
    expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/^failed after .*1 failed/);
    expect(stderr.match(/^error:/gm)).toHaveLength(1);
    expect(existsSync(project.path("tiny"))).toBe(false);
    // The compiler's own words, whole.
    const alone = spawnSync("c++", ["-c", "src/unit1.cpp", "-Iinclude", "-o", "/dev/null"], {
      cwd: project.root,
      encoding: "utf8",
      env: cliEnvironment(),
    });
    expect(stderr).toContain(alone.stderr.trim().split("\n").slice(1).join("\n"));
  });

  it("--keep-going does all that does not depend on it, and shows every failure", async () => {
    const project = brokenProject();
    const { exitCode, stderr } = await runRetorch(["build", "-k", "-j2"], { cwd: project.root, env });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("src/unit1.cpp:3:");
    expect(stderr).toContain("src/unit3.cpp:1:");
    expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/3 compiled, 2 failed/);
    // What was done is kept, and the mended files are all that is left.
    project.write("src/unit1.cpp", "int unit1() { return 1; }\n");
    project.write("src/unit3.cpp", "int unit3() { return 3; }\n");
    const mended = await runRetorchOk(["build"], { cwd: project.root, env });
    expect(mended.stderr).toContain("2 compiled, 1 linked");
  });

  it("of the linker names what is missing", async () => {
    const project = tinyProject();
    project.write("src/unit1.cpp", "int not_unit1() { return 1; }\n");
    const { exitCode, stdout, stderr } = await runRetorch(["build"], { cwd: project.root, env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain("unit1()");
    expect(stderr).toContain("`link tiny` failed");
  });

  it("leaves the last good result where it is", async () => {
    const project = tinyProject();
    await runRetorchOk(["build"], { cwd: project.root, env });
    project.write("src/unit1.cpp", "broken");
    expect((await runRetorch(["build"], { cwd: project.root, env })).exitCode).toBe(1);
    expect(tinyOutput(project.path("tiny"))).toBe("70");
    expect(readdirSync(project.root).sort()).toEqual([".retorch", "include", "retorch.toml", "src", "tiny"]);
  });
});

describe("--json", () => {
  it("is one event a line, the last one being `finished`", async () => {
    const project = tinyProject();
    const { stdout } = await runRetorchOk(["build", "--json"], { cwd: project.root, env });
    const all = events(stdout);
    expect(all.at(-1)).toMatchObject({
      type: "finished",
      ok: true,
      artifacts: [{ path: project.path("tiny") }],
      actions: { executed: 6, cached: 0, fresh: 0 },
    });
    expect(all.filter((event) => event.type === "finished")).toHaveLength(1);
    const again = events((await runRetorchOk(["build", "--json"], { cwd: project.root, env })).stdout);
    expect(again.at(-1)).toMatchObject({ ok: true, actions: { executed: 0, cached: 0, fresh: 6 } });
  });

  it("tells a failure with what the compiler said", async () => {
    const { stdout, exitCode } = await runRetorch(["build", "--json", "-k"], { cwd: brokenProject().root, env });
    const all = events(stdout);
    expect(exitCode).toBe(1);
    expect(all.at(-1)).toMatchObject({ type: "finished", ok: false, failure: { code: "BUILD_FAILED" }, artifacts: [] });
    const failed = all.filter((event) => event.type === "failed");
    expect(failed).toHaveLength(2);
    expect(JSON.stringify(failed)).toContain("undeclared_name");
  });
});

describe("plain output", () => {
  it("the last line on standard output is the artefact; all else is on standard error, without control characters", async () => {
    const project = tinyProject();
    const { stdout, stderr } = await runRetorchOk(["build"], { cwd: project.root, env });
    expect(stdout).toBe(`${project.path("tiny")}\n`);
    expect(stderr).toMatch(/^\[1\/6\] compile /);
    expect(stderr).toMatch(/\nbuilt tiny in .* \(5 compiled, 1 linked\)\n$/);
    expect(stderr.includes("\u001B") || stderr.includes("\r")).toBe(false);
    const again = await runRetorchOk(["build"], { cwd: project.root, env });
    expect(again.stdout).toBe(`${project.path("tiny")}\n`);
    expect(again.stderr).toMatch(/^tiny is up to date \(.*\)\n$/);
  });

  it("-q says nothing but the result, and failures", async () => {
    const project = tinyProject();
    const good = await runRetorchOk(["build", "-q"], { cwd: project.root, env });
    expect(good).toMatchObject({ stdout: `${project.path("tiny")}\n`, stderr: "" });
    project.write("src/unit1.cpp", "broken\n");
    const bad = await runRetorch(["build", "-q"], { cwd: project.root, env });
    expect(bad.stderr).toContain("src/unit1.cpp:1:");
  });

  it("--explain says why", async () => {
    const project = tinyProject();
    await runRetorchOk(["build"], { cwd: project.root, env });
    project.write("include/tiny/part0.h", "#pragma once\n#define PART0 11\n");
    const { stderr } = await runRetorchOk(["build", "--explain"], { cwd: project.root, env });
    expect(stderr.match(/because include\/tiny\/part0\.h changed/g)).toHaveLength(2);
    expect(tinyOutput(project.path("tiny"))).toBe("72");
  });

  it("a reader that has had enough is no failure", () => {
    const project = tinyProject();
    for (const words of ["build --dry-run", "build --json", "--help", "export make"]) {
      const command = `{ "$0" "$1" ${words}; echo "status $?" >&2; } | head -1 >/dev/null`;
      const { stderr } = spawnSync("sh", ["-c", command, process.execPath, program], {
        cwd: project.root,
        env: cliEnvironment(),
        encoding: "utf8",
      });
      expect(stderr, words).not.toMatch(/EPIPE|has a bug|at .*:\d+:\d+/);
      expect(stderr, words).toContain("status 0");
    }
  });
});

describe.skipIf(process.platform === "win32")("a terminal", () => {
  /** Runs a build under a pseudo-terminal and gives all that appeared there. */
  async function inTerminal(script: string, cwd: string, more: Record<string, string | undefined>): Promise<string> {
    const command = `stty cols 100 rows 30; '${process.execPath}' '${program}' build -j2`;
    const child = spawn(script, ["-qec", command, "/dev/null"], {
      cwd,
      env: cliEnvironment({ TERM: "xterm", ...env, ...more }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
    const code = await new Promise((resolve, reject) => child.on("close", resolve).on("error", reject));
    expect(code, text).toBe(0);
    return text;
  }

  /** What is left to see when all control sequences have been obeyed that a live line needs. */
  function screen(text: string): string[] {
    const lines = [""];
    let row = 0;
    let column = 0;
    for (const [token] of text.matchAll(/\u001B\[[0-9;?]*[A-Za-z]|[\s\S]/gu)) {
      if (token === "\r") column = 0;
      else if (token === "\n") {
        row++;
        lines[row] ??= "";
      } else if (token.startsWith("\u001B")) {
        const count = Number(/\d+/.exec(token)?.[0] ?? "1");
        if (token.endsWith("A")) row = Math.max(0, row - count);
        else if (token.endsWith("K")) lines[row] = token.includes("2") ? "" : (lines[row] ?? "").slice(0, column);
        else if (token.endsWith("J")) {
          lines[row] = (lines[row] ?? "").slice(0, column);
          lines.length = row + 1;
        } else if (token.endsWith("G")) column = count - 1;
      } else {
        const line = (lines[row] ?? "").padEnd(column);
        lines[row] = line.slice(0, column) + token + line.slice(column + 1);
        column++;
      }
    }
    return lines.map((line) => line.trimEnd()).filter((line) => line !== "");
  }

  it("has a live line while it runs, which is gone at the end", async (context) => {
    const script = need(context, tool("script"));
    const project = tinyProject();
    const text = await inTerminal(script, project.root, { NO_COLOR: undefined });
    expect(text).toContain("\u001B[");
    expect(text).toMatch(/\d\/6/);
    const seen = screen(text);
    expect(seen.at(-1)).toBe(project.path("tiny"));
    expect(seen.at(-2)).toMatch(/^built tiny in .*5 compiled, 1 linked/);
    expect(seen.some((line) => /\d\/6.*(?:running|compile .*,)/.test(line))).toBe(false);
  });

  it("with NO_COLOR has no colours, and as TERM=dumb or in CI no live line either", async (context) => {
    const script = need(context, tool("script"));
    const project = tinyProject();
    const colour = /\u001B\[[0-9;]*[1-9][0-9;]*m/;
    expect(await inTerminal(script, project.root, { NO_COLOR: "1" })).not.toMatch(colour);
    for (const more of [{ TERM: "dumb" }, { CI: "true" }]) {
      rmSync(project.path(".retorch"), { recursive: true });
      const text = await inTerminal(script, project.root, { ...more, NO_COLOR: "1" });
      expect(text).not.toContain("\u001B");
      expect(text).toMatch(/^\[1\/6\] /);
    }
  });
});

describe("compile_commands.json", () => {
  interface Entry {
    readonly directory: string;
    readonly file: string;
    readonly output?: string;
    readonly arguments: readonly string[];
  }

  const entriesOf = (project: TemporaryProject): Entry[] =>
    JSON.parse(readFileSync(project.path(".retorch/compile_commands.json"), "utf8")) as Entry[];

  /** Runs an entry as a tool would; its object must be the one that the build made. */
  function replay(project: TemporaryProject, entry: Entry): void {
    const [command = "", ...words] = entry.arguments;
    const object = words[words.indexOf("-o") + 1] ?? "";
    const made = readFileSync(join(entry.directory, object));
    rmSync(join(entry.directory, object));
    execFileSync(command, words, { cwd: entry.directory, env: cliEnvironment() });
    expect(readFileSync(join(entry.directory, object)).equals(made), entry.file).toBe(true);
    expect(entry.directory).toBe(project.root);
  }

  it("has every source, and its entries run", async () => {
    const project = tinyProject({ name: "with a space" });
    await runRetorchOk(["build"], { cwd: project.root, env });
    const entries = entriesOf(project);
    expect(entries.map(({ file }) => file).sort()).toEqual(
      ["main", "unit0", "unit1", "unit2", "unit3"].map(
        (name) => expect.stringMatching(new RegExp(`src/${name}\\.cpp$`)) as string,
      ),
    );
    for (const entry of entries.slice(0, 2)) replay(project, entry);
  });

  it("is there after a failure too", async () => {
    const project = brokenProject();
    await runRetorch(["build"], { cwd: project.root, env });
    expect(entriesOf(project)).toHaveLength(5);
  });

  it("has the CUDA sources, whose entries run", async (context) => {
    const { executable } = need(context, cudaPython());
    const project = temporaryProject({
      "kernel.cu":
        "__global__ void kernel(float* x) { x[threadIdx.x] += 1; }\nvoid launch(float* x) { kernel<<<1, 32>>>(x); }\n",
      "kernel.cpp": pythonModule("both", "42", "void launch(float*);"),
    });
    const args = ["build", "kernel.cpp", "kernel.cu", "--arch", "8.0", "--python", executable];
    const { exitCode, stderr } = await runRetorch(args, { cwd: project.root, env });
    if (/\[CUDA_NOT_FOUND\]/.test(stderr)) context.skip("no nvcc");
    expect(exitCode, stderr).toBe(0);
    const entries = entriesOf(project);
    expect(entries.map(({ file }) => file.replace(/.*\//, ""))).toEqual(["kernel.cpp", "kernel.cu"]);
    const cuda = entries.find(({ file }) => file.endsWith(".cu"));
    expect(cuda?.arguments[0]).toMatch(/nvcc$/);
    const [command = "", ...words] = cuda?.arguments ?? [];
    execFileSync(command, words, { cwd: project.root, env: cliEnvironment() });
    // `x.cpp` and `x.cu` of one stem have objects of their own.
    expect(
      readdirSync(project.path(".retorch/obj/both"))
        .filter((name) => name.endsWith(".o") && name !== "provenance.o")
        .sort(),
    ).toEqual(["kernel.cpp.o", "kernel.cu.o"]);
    expect(
      execFileSync(executable, ["-c", "import both; print(both.answer())"], {
        cwd: project.root,
        env: cliEnvironment(),
        encoding: "utf8",
      }),
    ).toBe("42\n");
  });
});
