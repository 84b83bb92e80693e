/** `build --explain` and `explain`: the true reason, with the old and the new value, and nothing is run or written. */
import { chmodSync, copyFileSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runRetorch, runRetorchOk, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { cpuPython, need, tool } from "../support/environments.ts";
import { tinyProject, tinyUnit } from "../support/tiny-project.ts";

/** Files below the build folder with size, times and inode. */
function state(project: TemporaryProject): string[] {
  return readdirSync(project.path(".retorch"), { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const { size, mtimeMs, ctimeMs, ino } = statSync(join(project.path(".retorch"), name));
      return `${name} ${size} ${mtimeMs} ${ctimeMs} ${ino}`;
    });
}

async function explain(project: TemporaryProject, ...rest: readonly string[]): Promise<string> {
  return (await runRetorchOk(["explain", ...rest], { cwd: project.root })).stdout;
}

interface Change {
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly edit?: (project: TemporaryProject) => void;
  /** Lines that must stand below the headline of an action. */
  readonly because: readonly (readonly [action: string, reason: string])[];
  /** Actions that run in the end. */
  readonly runs: number;
}

const changes: readonly Change[] = [
  {
    name: "a source",
    edit: (project) => project.write("src/unit0.cpp", tinyUnit(0, 99)),
    because: [
      ["compile src/unit0.cpp", "src/unit0.cpp changed"],
      ["link tiny", ".retorch/obj/tiny/src/unit0.cpp.o is built anew"],
    ],
    runs: 2,
  },
  {
    name: "a header",
    edit: (project) => project.write("include/tiny/part1.h", "#pragma once\n#define PART1 21\n"),
    because: [["compile src/unit1.cpp", "include/tiny/part1.h changed"]],
    runs: 2,
  },
  {
    name: "a header that is removed",
    edit: (project) => {
      rmSync(project.path("include/tiny/part0.h"));
      project.write("src/unit0.cpp", '#include "tiny/common.h"\nint unit0() { return COMMON; }\n');
    },
    because: [
      ["compile src/unit0.cpp", "include/tiny/part0.h is gone"],
      ["compile src/unit0.cpp", "src/unit0.cpp changed"],
    ],
    runs: 2,
  },
  {
    name: "a flag and a define",
    edit: (project) =>
      project.write(
        "retorch.toml",
        `[extension.tiny]\nkind = "executable"\nuses-torch = false\nsources = ["src/*.cpp"]\ninclude-dirs = ["include"]\ncxx-flags = ["-fno-math-errno"]\ndefine = { LEVEL = "2" }\n`,
      ),
    because: [["compile src/unit0.cpp", "command changed: now with -DLEVEL=2 -fno-math-errno"]],
    runs: 3,
  },
  {
    name: "a variable that appears",
    env: { CPLUS_INCLUDE_PATH: "/nowhere" },
    because: [["compile src/unit0.cpp", 'CPLUS_INCLUDE_PATH (unset) → "/nowhere"']],
    runs: 3,
  },
  {
    name: "flags by a variable",
    env: { CXXFLAGS: "-fno-math-errno" },
    because: [
      ["compile src/main.cpp", "command changed: now with -fno-math-errno"],
      // As setuptools does, which gives them to the linker as well.
      ["link tiny", "command changed: now with -fno-math-errno"],
    ],
    runs: 4,
  },
  {
    name: "an output that is deleted",
    edit: (project) => rmSync(project.path(".retorch/obj/tiny/src/unit1.cpp.o")),
    because: [["compile src/unit1.cpp", "output .retorch/obj/tiny/src/unit1.cpp.o is missing"]],
    runs: 1,
  },
  {
    name: "an output that is overwritten",
    edit: (project) => writeFileSync(project.path(".retorch/out/tiny/tiny"), "no program"),
    because: [["link tiny", "output .retorch/out/tiny/tiny is not what was built"]],
    runs: 1,
  },
  {
    name: "a header that shadows another",
    edit: (project) => project.write("src/tiny/part1.h", "#pragma once\n#define PART1 22\n"),
    because: [["compile src/unit1.cpp", "new file src/tiny/part1.h shadows include/tiny/part1.h"]],
    // The other unit as well: a folder `src/tiny` was not there before, and may hold whatever it includes.
    runs: 3,
  },
  {
    name: "a source that is added",
    edit: (project) => project.write("src/unit9.cpp", "int unit9() { return 9; }\n"),
    because: [
      ["compile src/unit9.cpp", "never built here"],
      ["link tiny", ".retorch/obj/tiny/src/unit9.cpp.o is built anew"],
    ],
    runs: 2,
  },
];

test.each(changes)("$name", async ({ edit, env = {}, because, runs }) => {
  const project = tinyProject({ units: 2 });
  await runRetorchOk(["build", "--no-cache"], { cwd: project.root, env: {} });
  expect(await explain(project)).toMatch(/4 actions, nothing to do|nothing to do/);
  edit?.(project);
  const before = state(project);
  const { stdout } = await runRetorchOk(["explain"], { cwd: project.root, env });
  expect(state(project)).toEqual(before);
  for (const [action, reason] of because) {
    const lines = stdout.split("\n");
    const at = lines.findIndex((line) => line.startsWith(`would ${action}`));
    expect(at, `${action} in\n${stdout}`).toBeGreaterThanOrEqual(0);
    const end = lines.findIndex((line, i) => i > at && !line.startsWith("  because "));
    expect(lines.slice(at + 1, end)).toContain(`  because ${reason}`);
  }
  const built = await runRetorchOk(["build", "--no-cache", "--explain"], { cwd: project.root, env });
  for (const [, reason] of because.filter(([, text]) => !text.endsWith("is built anew"))) {
    expect(built.stderr).toContain(`  because ${reason}`);
  }
  expect(built.stderr.match(/^\[\d+\/\d+\]/gm)).toHaveLength(runs);
  const after = await runRetorchOk(["explain"], { cwd: project.root, env });
  expect(after.stdout).toContain("nothing to do");
});

test("another compiler is one reason, a replaced one tells its old and new content", async (context) => {
  const clang = need(context, tool("clang++", "clang++-19", "clang++-18", "clang++-17", "clang++-16", "clang++-15"));
  const project = tinyProject({ units: 1 });
  await runRetorchOk(["build", "--no-cache"], { cwd: project.root });
  const { stdout } = await runRetorchOk(["explain", "src/unit0.cpp"], { cwd: project.root, env: { CXX: clang } });
  expect(stdout).toMatch(/ {2}because program \S+ [\d.]+ → clang\S* [\d.]+\n1 action, 1 to do\n$/);
});

test("torch of another version", async (context) => {
  const python = need(context, cpuPython());
  const project = temporaryProject({
    "retorch.toml": `[extension.ops]\nkind = "torch-library"\nsources = ["a.cpp"]\n`,
    "a.cpp": "#include <torch/headeronly/macros/Macros.h>\nint a() { return 1; }\n",
  });
  // Another folder with the same headers, whose version file says otherwise.
  const packages = project.path("env/lib");
  project.write("env/keep", "");
  const { cpSync, mkdirSync, readFileSync, symlinkSync } = await import("node:fs");
  mkdirSync(join(packages, "torch"), { recursive: true });
  for (const name of readdirSync(python.torch.root)) {
    if (name !== "version.py" && name !== "include")
      symlinkSync(join(python.torch.root, name), join(packages, "torch", name));
  }
  const header = "include/torch/headeronly/macros";
  mkdirSync(join(packages, "torch", "include"), { recursive: true });
  for (const name of ["torch", "c10"]) {
    if (!existsSync(join(python.torch.root, "include", name))) continue;
    const only = name === "torch" ? "torch/headeronly" : name;
    mkdirSync(join(packages, "torch/include", name), { recursive: true });
    cpSync(join(python.torch.root, "include", only), join(packages, "torch/include", only), { recursive: true });
  }
  const version = readFileSync(join(python.torch.root, "version.py"), "utf8");
  const versionFile = join(packages, "torch/version.py");
  writeFileSync(versionFile, version);
  const info = readdirSync(python.packages).find((name) => /^torch-.*\.dist-info$/.test(name));
  if (info === undefined) context.skip("this PyTorch has no RECORD");
  const env = { PYTHONPATH: packages };
  const options = { cwd: project.root, env };
  const built = await runRetorch(["build", "--python", python.executable], options);
  if (built.exitCode !== 0)
    context.skip(`a torch that is put together by hand is refused: ${built.stderr.split("\n")[0]}`);
  const [, old = ""] = /__version__ = ['"]([^'"]+)/.exec(version) ?? [];
  writeFileSync(versionFile, version.replaceAll(old, "2.99.0+cpu"));
  const macros = join(packages, "torch", header, "Macros.h");
  writeFileSync(macros, `${readFileSync(macros, "utf8")}\n// another version\n`);
  const { stdout } = await runRetorchOk(["explain", "--python", python.executable], options);
  expect(stdout).toContain(`because torch ${old} → 2.99.0+cpu`);
  expect(stdout).not.toContain("Macros.h changed");
});

test("a target is a source, a header, an object, an extension or what was built", async () => {
  const project = tinyProject({ units: 2 });
  await runRetorchOk(["build"], { cwd: project.root });
  const count = async (target: string, cwd = project.root): Promise<string> =>
    (await runRetorchOk(["explain", target, "--path", project.root], { cwd })).stdout.trim().split("\n").at(-1) ?? "";
  expect(await count("src/unit0.cpp")).toBe("1 action, nothing to do");
  expect(await count("unit0.cpp", project.path("src"))).toBe("1 action, nothing to do");
  expect(await count("include/tiny/common.h")).toBe("2 actions, nothing to do");
  expect(await count(".retorch/obj/tiny/src/unit0.cpp.o")).toBe("1 action, nothing to do");
  expect(await count("unit1.cpp.o")).toBe("1 action, nothing to do");
  expect(await count("tiny/src/unit1.cpp.o")).toBe("1 action, nothing to do");
  expect(await count("tiny")).toBe("4 actions, nothing to do");
  expect(await count("./tiny")).toBe("1 action, nothing to do");
  expect(await count(project.path("tiny"))).toBe("1 action, nothing to do");
  const unknown = await runRetorch(["explain", "src/unti0.cpp"], { cwd: project.root });
  expect(unknown.exitCode).toBe(2);
  expect(unknown.stderr).toContain("[TARGET_UNKNOWN]");
  expect(unknown.stderr).toContain("hint: ");
});

test("nothing built yet: everything is never built, and nothing is made", async () => {
  const project = tinyProject({ units: 1 });
  const { stdout } = await runRetorchOk(["explain"], { cwd: project.root });
  expect(stdout.match(/never built here/g)).toHaveLength(3);
  expect(existsSync(project.path(".retorch"))).toBe(false);
});

test("as JSON, each reason with its parts and its words", async () => {
  const project = tinyProject({ units: 1 });
  await runRetorchOk(["build"], { cwd: project.root });
  const { stdout } = await runRetorchOk(["explain", "--json", "src/unit0.cpp"], {
    cwd: project.root,
    env: { CPATH: "x" },
  });
  const { actions } = JSON.parse(stdout) as { actions: { dirty: boolean; reasons: unknown[] }[] };
  expect(actions).toMatchObject([
    { dirty: true, reasons: [{ kind: "variable-changed", name: "CPATH", new: "x", text: 'CPATH (unset) → "x"' }] },
  ]);
});

test("a compiler that was replaced in its place", async (context) => {
  const compiler = need(context, tool("g++"));
  const project = tinyProject({ units: 1 });
  project.write("tools/keep", "");
  const wrapper = project.path("tools/g++");
  const script = (note: string): void => {
    writeFileSync(wrapper, `#!/bin/sh\n# ${note}\nexec ${compiler} "$@"\n`);
    chmodSync(wrapper, 0o755);
  };
  script("one");
  const options = { cwd: project.root, env: { CXX: wrapper } };
  await runRetorchOk(["build", "--no-cache"], options);
  copyFileSync(wrapper, project.path("tools/old"));
  script("two");
  const { stdout } = await runRetorchOk(["explain", "src/unit0.cpp"], options);
  expect(stdout).toMatch(/ {2}because g\+\+.* [\d.]+ \([0-9a-f]{8}\) → [\d.]+ \([0-9a-f]{8}\)\n/);
});
