/** Sources on the command line and folders of sources, without any configuration; and the options on top of them. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cliEnvironment, runRetorchOk, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { cpuPython, need } from "../support/environments.ts";
import { plainProgram, pythonModule } from "../support/slim-sources.ts";

/** `retorch.toml` for sources without torch: its defaults are for everything in the folder. */
const withoutTorch = "[defaults]\nuses-torch = false\n";

function printed(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, { cwd, env: cliEnvironment(), encoding: "utf8" }).trim();
}

function answer(python: string, module: string, cwd: string): string {
  return printed(python, ["-c", `import ${module}; print(${module}.answer())`], cwd);
}

/** The objects that a build left, relative to the folder of objects of its extension. */
function objects(project: TemporaryProject, extension: string): string[] {
  const folder = project.path(`.retorch/obj/${extension}`);
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".o") && name !== "provenance.o")
    .sort();
}

const unit = (name: string, value: number): string => `int ${name}() { return ${value}; }\n`;

describe("sources", () => {
  it("one file: the module is named after what it defines and lies in the current folder", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject({ "csrc/anything.cpp": pythonModule("slim") });
    const { stdout } = await runRetorchOk(["build", "csrc/anything.cpp", "--python", executable], {
      cwd: project.root,
    });
    expect(stdout.trim()).toMatch(/\/project\/slim\.[^/]*so$/);
    expect(answer(executable, "slim", project.root)).toBe("42");
  });

  it("several of one name, here, in folders and outside: objects never collide", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject({
      "x.cpp": unit("here", 1),
      "a/x.cpp": unit("in_a", 10),
      "b/x.cpp": unit("in_b", 100),
      "x.c": "int in_c(void) { return 1000; }\n",
      "../shared/x.cpp": unit("outside", 10_000),
      "module.cpp": pythonModule(
        "many",
        "here() + in_a() + in_b() + in_c() + outside()",
        'int here(); int in_a(); int in_b(); extern "C" int in_c(); int outside();',
      ),
    });
    const sources = ["module.cpp", "x.cpp", "a/x.cpp", "b/x.cpp", "x.c", "../shared/x.cpp"];
    await runRetorchOk(["build", ...sources, "--python", executable, "-j", "2"], { cwd: project.root });
    expect(answer(executable, "many", project.root)).toBe("11111");
    expect(new Set(objects(project, "many")).size).toBe(sources.length);
    // The build folder is in the project, not beside it.
    expect(existsSync(project.path("../.retorch"))).toBe(false);
  });

  it("outside the current folder leave the project's own include folders alone", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject({
      "include/value.h": "#define VALUE 42\n",
      "module.cpp": pythonModule("slim", "value()", '#include "value.h"\nint value();'),
      "../shared/value.cpp": '#include "value.h"\nint value() { return VALUE; }\n',
    });
    await runRetorchOk(["build", "module.cpp", "../shared/value.cpp", "--python", executable], { cwd: project.root });
    expect(answer(executable, "slim", project.root)).toBe("42");
  });
});

describe("a folder", () => {
  it("with include/ and src/ builds as it is; tests, builds and hidden folders are left out", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject({
      "include/my/value.h": "int value();\n",
      "src/module.cpp": pythonModule("folder", "value()", '#include "my/value.h"'),
      "src/deep/value.cpp": '#include "my/value.h"\nint value() { return 42; }\n',
      "tests/broken.cpp": "#error a test",
      "build/broken.cpp": "#error a build",
      ".hidden/broken.cpp": "#error hidden",
      "node_modules/x/broken.cc": "#error a package",
    });
    const { stderr } = await runRetorchOk(["build", project.root, "--python", executable], { cwd: "/" });
    expect(stderr).toContain("2 compiled");
    expect(answer(executable, "folder", project.root)).toBe("42");
  });

  it("is what `retorch build` alone takes", async () => {
    const project = temporaryProject({ "retorch.toml": withoutTorch, "main.cpp": plainProgram("here") }, "my-tool");
    const { stdout } = await runRetorchOk(["build"], { cwd: project.root });
    expect(printed(stdout.trim(), [], project.root)).toBe("here");
  });
});

describe("retorch.toml", () => {
  const toml = `
[extension.tool]
kind = "executable"
uses-torch = false
sources = ["main.cpp", "gen/*.cpp", "../shared/**/*.cpp", "!gen/skip_*.cpp"]
define = { EVERYWHERE = 1 }
[[extension.tool.override]]
files = ["gen/special.cpp"]
cxx-flags = ["-DSPECIAL=40"]
define = { EVERYWHERE = 2 }
`;
  const files = {
    "main.cpp": `#include <cstdio>
#ifdef SPECIAL
#error meant for one file
#endif
int special(); int shared();
int main() { std::printf("%d\\n", special() + shared() + EVERYWHERE); }
`,
    "gen/special.cpp": "int special() { return SPECIAL + EVERYWHERE; }\n",
    "gen/skip_this.cpp": "#error left out\n",
    "../shared/deep/shared.cpp": "int shared() { return 100; }\n",
  };

  it("generated files by pattern, sources outside, flags for one file", async () => {
    const project = temporaryProject({ ...files, "retorch.toml": toml });
    await runRetorchOk(["build"], { cwd: project.root });
    expect(printed(project.path("tool"), [], "/")).toBe("143");
    // A file that is generated later is found.
    project.write("gen/later.cpp", "int later() { return 1; }\n");
    project.write(
      "main.cpp",
      files["main.cpp"]
        .replace("special() +", "later() + special() +")
        .replace("int special();", "int special(); int later();"),
    );
    const { stderr } = await runRetorchOk(["build"], { cwd: project.root });
    expect(stderr).toContain("2 compiled");
    expect(printed(project.path("tool"), [], "/")).toBe("144");
  });

  it("the same table in pyproject.toml, from a folder further down", async () => {
    const table = toml.replaceAll("[extension", "[tool.retorch.extension");
    const project = temporaryProject({ ...files, "pyproject.toml": `[project]\nname = "x"\n${table}`, "sub/x": "" });
    const { stdout } = await runRetorchOk(["build"], { cwd: project.path("sub") });
    expect(stdout).toBe(`${project.path("tool")}\n`);
    expect(printed(project.path("tool"), [], "/")).toBe("143");
  });
});

describe("options", () => {
  const source = `#include <cstdio>
#include "place.h"
#ifndef NDEBUG
#define NDEBUG_TEXT "debug"
#else
#define NDEBUG_TEXT "release"
#endif
int main() { std::printf("%s %d %s %s\\n", PLACE, LEVEL, TEXT, NDEBUG_TEXT); }
`;
  const files = {
    "retorch.toml": withoutTorch,
    "main.cpp": source,
    "one/place.h": '#define PLACE "one"\n',
    "two/place.h": '#define PLACE "two"\n',
  };
  const defines = ["-D", "LEVEL=2", '-DTEXT="a b $c"'];

  it("-D, -I, --profile, --name and --out mean what they say, and each change is heeded", async () => {
    const project = temporaryProject(files);
    const build = async (...args: string[]): Promise<string> => {
      const { stdout } = await runRetorchOk(["build", ...defines, ...args], { cwd: project.root });
      expect(stdout.trim().startsWith(`${project.root}/`)).toBe(true);
      return `${stdout.trim().slice(project.root.length + 1)}: ${printed(stdout.trim(), [], "/")}`;
    };
    expect(await build("-I", "one", "--name", "tool")).toBe("tool: one 2 a b $c release");
    expect(await build("-I", "one", "-Itwo", "--name", "tool")).toBe("tool: one 2 a b $c release");
    expect(await build("-I", "two", "-I", "one", "--name", "tool")).toBe("tool: two 2 a b $c release");
    expect(await build("-I", "one", "--name", "tool", "--profile", "debug")).toBe("tool: one 2 a b $c debug");
    expect(await build("-I", "one", "--name", "other", "--out", "made/by me")).toBe(
      "made/by me/other: one 2 a b $c release",
    );
  });

  it("--kind says what the sources do not", async () => {
    const project = temporaryProject({
      "retorch.toml": withoutTorch,
      "plugin.cpp": 'extern "C" int f() { return 1; }\n',
    });
    const { stdout } = await runRetorchOk(["build", "--kind", "torch-library"], { cwd: project.root });
    expect(stdout).toMatch(/\.so\n$/);
    expect(readFileSync(stdout.trim()).subarray(1, 4).toString()).toBe("ELF");
  });

  it("--name with dots makes packages", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject({ "csrc/module.cpp": pythonModule("_C"), "my_pkg/__init__.py": "" });
    const args = ["csrc/module.cpp", "--name", "my_pkg._C", "--python", executable];
    const { stdout } = await runRetorchOk(["build", ...args], { cwd: project.root });
    expect(stdout).toMatch(/\/my_pkg\/_C\.[^/]*so\n$/);
    expect(printed(executable, ["-c", "import my_pkg._C as c; print(c.answer())"], project.root)).toBe("42");
  });
});
