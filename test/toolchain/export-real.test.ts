/**
 * A real extension, built by retorch, by the text of `--dry-run` and by every export with the real tool: the same bytes;
 * and what the exported files do after an edit.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { cliEnvironment, runRetorch, runRetorchOk, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { cpuPython, cudaPython, need, tool } from "../support/environments.ts";
import { pythonModule, stableOperators } from "../support/slim-sources.ts";

/** A module of two files, and a library of operators of torch. */
function project(name = "a project"): TemporaryProject {
  return temporaryProject(
    {
      // Exported builds carry no note.
      "retorch.toml": `defaults.provenance = false
[extension."pkg._C"]
sources = ["src/module.cpp", "src/value.cpp"]
include-dirs = ["include"]
define = { GREETING = "\\"it's $5 #1 %\\"" }
[extension.ops]
kind = "torch-library"
sources = ["src/ops.cpp"]
out-dir = "pkg"
`,
      "include/shared.h": "#pragma once\n#define SHARED 40\nint value();\n",
      "include/own.h": "#pragma once\n#define OWN 2\n",
      "src/module.cpp": pythonModule(
        "_C",
        "value() + OWN + 0 * sizeof(GREETING __FILE__)",
        "#include <own.h>\n#include <shared.h>",
      ),
      "src/value.cpp": '#include "shared.h"\nint value() { return SHARED; }\n',
      "src/ops.cpp": stableOperators("exported"),
      "pkg/__init__.py": "",
    },
    name,
  );
}

function run(argv: readonly string[], cwd: string, input?: string): string {
  const [program = "", ...words] = argv;
  return execFileSync(program, words, {
    cwd,
    env: cliEnvironment({ NINJA_STATUS: "" }),
    encoding: "utf8",
    stdio: ["pipe", "pipe", "pipe"],
    ...(input === undefined ? {} : { input }),
  });
}

/** The extensions of the project, by name, with the digests of their bytes. */
function extensions(root: string): Map<string, string> {
  const names = readdirSync(join(root, "pkg")).filter((name) => name.endsWith(".so"));
  return new Map(names.sort().map((name) => [name, digest(readFileSync(join(root, "pkg", name)))]));
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function removeBuilt(root: string): void {
  rmSync(join(root, ".retorch"), { recursive: true, force: true });
  for (const name of extensions(root).keys()) rmSync(join(root, "pkg", name));
}

function emptyFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "retorch-empty-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Dates all files a minute back, so that a later edit is newer without waiting. */
function age(root: string): void {
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile()) continue;
    const then = statSync(path).mtimeMs / 1000 - 60;
    utimesSync(path, then, then);
  }
}

describe("the text of --dry-run and `export sh`", () => {
  it("run by sh in an empty folder gives the same bytes, and what imports and computes", async (context) => {
    const { executable } = need(context, cpuPython());
    const { root } = project();
    await runRetorchOk(["build", "--python", executable, "--no-cache"], { cwd: root });
    const built = extensions(root);
    expect(built.size).toBe(2);
    const dryRun = await runRetorchOk(["build", "--dry-run", "--python", executable], { cwd: root });
    const exported = await runRetorchOk(["export", "sh", "--python", executable], { cwd: root });
    expect(exported.stdout).toBe(dryRun.stdout);
    removeBuilt(root);
    const elsewhere = emptyFolder();
    run(["sh"], elsewhere, dryRun.stdout);
    expect(readdirSync(elsewhere)).toEqual([]);
    expect(extensions(root)).toEqual(built);
    expect(run([executable, "-c", "from pkg import _C; print(_C.answer())"], root)).toBe("42\n");
    // What others made is taken as it is: nothing has to be done again but to look at it.
    const after = await runRetorchOk(["build", "--python", executable, "--no-cache"], { cwd: root });
    expect(after.exitCode).toBe(0);
    expect(extensions(root)).toEqual(built);
  });

  it("writes nothing", async (context) => {
    const { executable } = need(context, cpuPython());
    const { root } = project();
    const before = readdirSync(root, { recursive: true });
    await runRetorchOk(["build", "--dry-run", "--python", executable], { cwd: root });
    for (const format of ["sh", "make", "ninja", "compile-commands"]) {
      await runRetorchOk(["export", format, "--python", executable], { cwd: root });
    }
    expect(readdirSync(root, { recursive: true })).toEqual(before);
  });

  it("of a CUDA extension too", async (context) => {
    const { executable } = need(context, cudaPython());
    const objcopy = need(context, tool("objcopy"));
    const { root } = temporaryProject({
      "pkg/x.txt": "",
      // Exported builds carry no note.
      "retorch.toml":
        'defaults.provenance = false\n[extension.k]\nsources = ["k.cu"]\ncuda-arch = ["8.0", "9.0+PTX"]\nout-dir = "pkg"\n',
      "k.cu": `__global__ void kernel(float* x) { *x = 1; }\n${pythonModule("k", "reinterpret_cast<long>(&kernel) != 0 ? 42 : 0")}`,
    });
    const args = ["--python", executable];
    const { exitCode, stderr } = await runRetorch(["build", ...args, "--no-cache"], { cwd: root });
    if (stderr.includes("[CUDA_NOT_FOUND]")) context.skip("no nvcc");
    expect(exitCode, stderr).toBe(0);
    // nvcc names a temporary file after its process in the table of symbols, and with it changes the build id.
    const strip = (): void => {
      const [name = ""] = extensions(root).keys();
      run([objcopy, "--strip-all", "--remove-section=.note.gnu.build-id", join(root, "pkg", name)], root);
    };
    strip();
    const built = extensions(root);
    const { stdout } = await runRetorchOk(["build", ...args, "--dry-run"], { cwd: root });
    removeBuilt(root);
    run(["sh"], emptyFolder(), stdout);
    strip();
    expect(extensions(root)).toEqual(built);
  });
});

interface Exporter {
  readonly format: "make" | "ninja" | "cmake";
  readonly file: string;
  readonly build: (root: string) => string;
  /** Whether the output of a second run says that there was nothing to do. */
  readonly idle: RegExp;
  /** How many compile commands a run shows. */
  readonly compiles: (output: string) => number;
}

const exporters: readonly Exporter[] = [
  {
    format: "make",
    file: "Makefile",
    build: (root) => run(["make"], root),
    idle: /Nothing to be done|is up to date/,
    compiles: (output) => output.match(/ -c '?(?:\.\/)?src\//g)?.length ?? 0,
  },
  {
    format: "ninja",
    file: "build.ninja",
    build: (root) => run(["ninja", "-v"], root),
    idle: /no work to do/,
    compiles: (output) => output.match(/ -c '?(?:\.\/)?src\//g)?.length ?? 0,
  },
];

describe.each(exporters)("export $format", ({ format, file, build, idle, compiles }) => {
  it("builds the same bytes, then nothing, and after an edit of a header what includes it", async (context) => {
    const { executable } = need(context, cpuPython());
    need(context, tool(format));
    const it = project();
    const { root } = it;
    await runRetorchOk(["build", "--python", executable], { cwd: root });
    const built = extensions(root);
    removeBuilt(root);
    const where = ["--python", executable, "--file", file];
    await runRetorchOk(["export", format, ...where], { cwd: root });
    // The file stands alone, and is written again without being asked for its leave.
    const again = await runRetorchOk(["export", format, ...where], { cwd: root });
    expect(again.stderr).toContain("unchanged");

    expect(compiles(build(root))).toBe(3);
    expect(extensions(root)).toEqual(built);
    expect(build(root)).toMatch(idle);

    age(root);
    it.write("include/own.h", "#pragma once\n#define OWN 3\n");
    expect(compiles(build(root))).toBe(1);
    expect(run([executable, "-c", "from pkg import _C; print(_C.answer())"], root)).toBe("43\n");
    expect(build(root)).toMatch(idle);

    age(root);
    it.write("include/shared.h", "#pragma once\n#define SHARED 50\nint value();\n");
    expect(compiles(build(root))).toBe(2);
    expect(run([executable, "-c", "from pkg import _C; print(_C.answer())"], root)).toBe("53\n");
  });
});

describe("export cmake", () => {
  it("configures, builds and imports", async (context) => {
    const { executable } = need(context, cpuPython());
    const cmake = need(context, tool("cmake"));
    const it = project();
    const { root } = it;
    const text = await runRetorch(["export", "cmake", "--python", executable, "--file", "CMakeLists.txt"], {
      cwd: root,
    });
    expect(text.exitCode, text.stderr).toBe(0);
    run([cmake, "-S", ".", "-B", "cmake-build"], root);
    run([cmake, "--build", "cmake-build"], root);
    const made = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
      /(?:^|\/)_C\..*so$/.test(name),
    );
    expect(made.length).toBeGreaterThan(0);
    const folder = join(root, made[0] ?? "", "..");
    expect(run([executable, "-c", "import _C; print(_C.answer())"], folder)).toBe("42\n");
  });
});

it("compile-commands: the text that `build` writes beside the build", async (context) => {
  const { executable } = need(context, cpuPython());
  const { root } = project();
  await runRetorchOk(["build", "--python", executable], { cwd: root });
  const { stdout } = await runRetorchOk(["export", "compile-commands", "--python", executable], { cwd: root });
  expect(stdout).toBe(readFileSync(join(root, ".retorch/compile_commands.json"), "utf8"));
});
