/** `retorch build --fix` and the diagnosis of a failing build, with real compilers and tiny sources. */
import { chmodSync, existsSync, lstatSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runRetorch, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { cpuPython, need } from "../support/environments.ts";
import { tinyOutput } from "../support/tiny-project.ts";

const configuration = `# what is built here
[extension.tiny]
kind = "executable"
uses-torch = false
sources = ["src/*.cpp"] # all of them
`;

function project(files: Readonly<Record<string, string>> = {}): TemporaryProject {
  return temporaryProject({
    "retorch.toml": configuration,
    "src/main.cpp": '#include <cstdio>\n#include "deep/part.h"\nint main() { std::printf("%d\\n", PART); }\n',
    "third_party/inc/deep/part.h": "#pragma once\n#define PART 7\n",
    ...files,
  });
}

interface Line {
  readonly type: string;
  readonly [name: string]: unknown;
}

const jsonLines = (text: string): Line[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

describe("a failing build", () => {
  test("says what is wrong under the compiler's own words, and as JSON", async () => {
    const { root } = project();
    const text = await runRetorch(["build"], { cwd: root });
    expect(text.exitCode).toBe(1);
    expect(text.stderr).toMatch(
      /part\.h: No such file or directory[^]*\ndiagnosis: [^]*third_party\/inc[^]*\nfailed after/,
    );
    const json = await runRetorch(["build", "--json"], { cwd: root });
    const failed = jsonLines(json.stdout).find(({ type }) => type === "failed");
    expect(failed?.["diagnoses"]).toMatchObject([
      { evidence: { line: 1 }, place: { file: "src/main.cpp", line: 2, column: 10 } },
    ]);
    // The command repeats what was typed, and does what it says.
    expect(failed?.["diagnoses"]).toMatchObject([
      {
        fix: [
          expect.stringMatching(
            /^retorch build --json --fix {3}# makes this change and builds again: include-dirs \+= /,
          ),
          expect.stringContaining("# retorch.toml:"),
        ],
      },
    ]);
    expect(text.stderr).toContain(
      '    retorch build --fix   # makes this change and builds again: include-dirs += "third_party/inc"\n',
    );
  });

  test("in `main.cpp` is not taken for one of load_inline", async () => {
    const made = temporaryProject({ "retorch.toml": configuration, "src/main.cpp": "int main() { return lost; }\n" });
    const { stderr } = await runRetorch(["build"], { cwd: made.root });
    expect(stderr).toContain("[name-not-declared]");
    expect(stderr).not.toContain("load_inline");
    expect(stderr).not.toContain("--fix");
  });
});

describe("retorch build --fix", () => {
  test("adds a folder that has the header, keeps the file's own words, and builds", async () => {
    const made = project();
    const run = await runRetorch(["build", "--fix"], { cwd: made.root });
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toContain('fixed: `tiny`: include-dirs += "third_party/inc" (in retorch.toml)\n');
    expect(run.stderr).toContain('  + include-dirs = ["third_party/inc"]\n');
    expect(readFileSync(made.path("retorch.toml"), "utf8")).toBe(
      `${configuration}include-dirs = ["third_party/inc"]\n`,
    );
    expect(tinyOutput(made.path("tiny"))).toBe("7");
    const again = await runRetorch(["build", "--fix"], { cwd: made.root });
    expect(again.stderr).toContain("tiny is up to date");
  });

  test("says everything as events, with one last one", async () => {
    const { root } = project();
    const run = await runRetorch(["build", "--fix", "--json"], { cwd: root });
    const types = jsonLines(run.stdout).map(({ type }) => type);
    expect(types.filter((type) => type === "finished")).toEqual(["finished"]);
    expect(types.at(-1)).toBe("finished");
    expect(types.indexOf("failed")).toBeLessThan(types.indexOf("fixed"));
    expect(types.lastIndexOf("planned")).toBeGreaterThan(types.indexOf("fixed"));
  });

  test("changes nothing where two folders have the header", async () => {
    const made = project({ "other/deep/part.h": "#define PART 8\n" });
    const run = await runRetorch(["build", "--fix"], { cwd: made.root });
    expect(run.exitCode).toBe(1);
    expect(run.stderr).not.toContain("fixed:");
    expect(readFileSync(made.path("retorch.toml"), "utf8")).toBe(configuration);
  });

  test.each([
    [
      "dotted keys",
      'extension.tiny.kind = "executable"\nextension.tiny.uses-torch = false\nextension.tiny.sources = ["src/*.cpp"]\n',
    ],
    ["an inline table", '[extension]\ntiny = { kind = "executable", uses-torch = false, sources = ["src/*.cpp"] }\n'],
  ])("says why it leaves %s alone, and does not offer it", async (_, text) => {
    const made = project({ "retorch.toml": text });
    const run = await runRetorch(["build", "--fix"], { cwd: made.root });
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(
      /^warning: not changed: include-dirs \+= "third_party\/inc": .*write `\[extension\.tiny\]`/m,
    );
    expect(readFileSync(made.path("retorch.toml"), "utf8")).toBe(text);
    expect((await runRetorch(["build"], { cwd: made.root })).stderr).not.toContain("--fix");
  });

  test("follows a link, and keeps a byte order mark", async () => {
    const made = project({ "real.toml": `\uFEFF${configuration}` });
    rmSync(made.path("retorch.toml"));
    symlinkSync("real.toml", made.path("retorch.toml"));
    expect((await runRetorch(["build", "--fix"], { cwd: made.root })).exitCode).toBe(0);
    expect(lstatSync(made.path("retorch.toml")).isSymbolicLink()).toBe(true);
    const after = `\uFEFF${configuration}include-dirs = ["third_party/inc"]\n`;
    expect(readFileSync(made.path("real.toml"), "utf8")).toBe(after);
  });

  test("leaves a write-protected file alone", async () => {
    const made = project();
    chmodSync(made.path("retorch.toml"), 0o444);
    const run = await runRetorch(["build", "--fix"], { cwd: made.root });
    expect(run.stderr).toContain("is write-protected\n");
    expect(readFileSync(made.path("retorch.toml"), "utf8")).toBe(configuration);
  });

  test("edits a pyproject.toml and leaves the rest of it alone", async () => {
    const before =
      '[project]\nname = "tiny" # mine\n\n[tool.retorch.extension.tiny]\nkind = "executable"\nuses-torch = false\nsources = [\n  "main.c", # one\n]\ncxx-flags = ["-O1"]\n\n[tool.other]\nx = 1\n';
    const made = temporaryProject({
      "pyproject.toml": before,
      "main.c":
        '#include "deep/part.h"\n#include <math.h>\nint main(int n, char **v) { return (int)cbrt(n + PART) == 2 ? 0 : v == 0; }\n',
      "third_party/inc/deep/part.h": "#define PART 7\n",
    });
    const run = await runRetorch(["build", "--fix"], { cwd: made.root });
    expect(run.stderr).toContain("(in pyproject.toml)");
    const after = readFileSync(made.path("pyproject.toml"), "utf8");
    expect(after).toContain('cxx-flags = ["-O1"]\ninclude-dirs = ["third_party/inc"]\n');
    expect(after.startsWith(before.slice(0, before.indexOf("[tool.other]") - 1))).toBe(true);
    expect(after.endsWith("\n[tool.other]\nx = 1\n")).toBe(true);
  });

  test.each([
    ["the key", 'cxx-standard = "11" # old', 'cxx-standard = "17" # old'],
    ["a flag", 'cxx-flags = ["-Wall", "-std=c++11"]', 'cxx-flags = ["-Wall", "-std=c++17"]'],
  ])("raises a C++ standard that is too old, where %s says it, once", async (_, before, after) => {
    const text = (line: string): string => `${configuration}${line}\n# the end\n`;
    const made = temporaryProject({
      "retorch.toml": text(before),
      "src/main.cpp": "#include <optional>\nint main() { std::optional<int> three = 3; return *three - 3; }\n",
    });
    const run = await runRetorch(["build", "--fix"], { cwd: made.root });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stderr).toContain(`  - ${before}\n  + ${after}\n`);
    expect(readFileSync(made.path("retorch.toml"), "utf8")).toBe(text(after));
    const again = await runRetorch(["build", "--fix"], { cwd: made.root });
    expect(again.stderr).not.toContain("fixed:");
    expect(readFileSync(made.path("retorch.toml"), "utf8")).toBe(text(after));
  });

  test("shows the failed import first, then the change; without --fix offers it", async (context) => {
    if (!existsSync("/usr/include/zlib.h")) context.skip("zlib's headers are not installed");
    const env = { RETORCH_PYTHON: need(context, cpuPython()).executable };
    const module =
      '#include <Python.h>\n#include <zlib.h>\nstatic PyModuleDef def = {PyModuleDef_HEAD_INIT, "hole", nullptr, -1, nullptr};\nPyMODINIT_FUNC PyInit_hole() { (void)zlibVersion(); return PyModule_Create(&def); }\n';
    const made = temporaryProject({
      "retorch.toml": '[extension.hole]\nsources = ["a.cpp"]\nuses-torch = false\n',
      "a.cpp": module,
    });
    const without = await runRetorch(["build", "--check"], { cwd: made.root, env });
    expect(without.stderr).toMatch(
      /\[IMPORT_FAILED\][^]*undefined symbol: zlibVersion[^]*\n {4}retorch build --check --fix {3}# makes this change and builds again: libraries \+= "z"\n[^]*\n {4}retorch build --check --force\n/,
    );
    const run = await runRetorch(["build", "--check", "--fix"], { cwd: made.root, env });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stderr).toMatch(
      /\[IMPORT_FAILED\][^]*undefined symbol: zlibVersion[^]*\ndiagnosis: [^]*\nfixed: `hole`: libraries \+= "z"/,
    );
    expect(run.stderr).toMatch(/\nbuilt hole in /);
  });

  test("links a library that is installed", async (context) => {
    if (!existsSync("/usr/include/zlib.h")) context.skip("zlib's headers are not installed");
    const made = temporaryProject({
      "retorch.toml": `${configuration}# the end\n`,
      "src/main.cpp": "#include <zlib.h>\nint main() { return zlibVersion()[0] == 0; }\n",
    });
    const run = await runRetorch(["build", "--fix"], { cwd: made.root });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(readFileSync(made.path("retorch.toml"), "utf8")).toBe(`${configuration}libraries = ["z"]\n# the end\n`);
  });

  test("without a configuration builds with the option that it names", async (context) => {
    // Without a configuration every source may use PyTorch.
    const env = { RETORCH_PYTHON: need(context, cpuPython()).executable };
    const made = temporaryProject({
      "main.cpp": '#include "deep/part.h"\nint main() { return PART - 7; }\n',
      "third_party/inc/deep/part.h": "#define PART 7\n",
    });
    const run = await runRetorch(["build", "--fix", "main.cpp"], { cwd: made.root, env });
    expect(run.stderr).toContain("to keep it: retorch build -I third_party/inc\n");
    expect(run.exitCode).toBe(0);
    // What was built with another option is no answer to the words that were typed.
    const plain = await runRetorch(["build", "main.cpp"], { cwd: made.root, env });
    expect(plain.exitCode).toBe(1);
  });
});
