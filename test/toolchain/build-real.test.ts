/** Builds against each layout of PyTorch that is there: Debian's packages, a bare LibTorch, none at all. */
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cliEnvironment, runRetorch, runRetorchOk, temporaryProject } from "../support/cli.ts";
import { cpuPython, debianPython, libtorch, need, tool } from "../support/environments.ts";
import { plainProgram, pythonModule, stableOperators, torchProgram } from "../support/slim-sources.ts";

function printed(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, { cwd, env: cliEnvironment(), encoding: "utf8" }).trim();
}

/** A module that takes a number out of libc10. */
const c10Module = pythonModule(
  "slim",
  "c10::elementSize(c10::ScalarType::Double)",
  "#include <c10/core/ScalarType.h>\n#include <c10/util/Exception.h>",
);

describe("Debian's python3-torch", () => {
  it("a module that uses a header and a library of torch is built, imported and right", async (context) => {
    const { executable } = need(context, debianPython());
    const project = temporaryProject({ "slim.cpp": c10Module });
    const args = ["build", "slim.cpp", "--python", executable, "--check"];
    const { stdout } = await runRetorchOk(args, { cwd: project.root });
    expect(stdout).toMatch(/\/slim\.[^/]*so\n$/);
    const code = "import torch, slim; print(slim.answer())";
    expect(printed(executable, ["-c", code], project.root)).toBe("8");
  });

  it("an executable finds its libraries", async (context) => {
    const { executable } = need(context, debianPython());
    const project = temporaryProject({
      "size.cpp":
        "#include <c10/core/ScalarType.h>\n#include <cstdio>\n" +
        'int main() { std::printf("%s\\n", c10::toString(c10::ScalarType::Double)); }\n',
    });
    await runRetorchOk(["build", "size.cpp", "--python", executable], { cwd: project.root });
    expect(printed(project.path("size"), [], "/")).toBe("Double");
  });
});

describe("a LibTorch without Python", () => {
  /** A PATH with the compiler, but without any Python. */
  function pathWithoutPython(root: string): string {
    const bin = join(root, "bin");
    mkdirSync(bin);
    for (const name of ["sh", "c++", "g++", "as", "ld"]) {
      const found = tool(name);
      if (found.available) symlinkSync(found.value, join(bin, name));
    }
    symlinkSync(process.execPath, join(bin, "node"));
    return bin;
  }

  it("an executable and a library of operators are built without any Python", async (context) => {
    const LIBTORCH = need(context, libtorch());
    const project = temporaryProject({ "count.cpp": torchProgram, "ops.cpp": stableOperators("bare_ops") });
    const env = { LIBTORCH, PATH: pathWithoutPython(project.root) };
    await runRetorchOk(["build", "count.cpp"], { cwd: project.root, env });
    expect(printed(project.path("count"), [], "/")).toBe("6 elements");
    await runRetorchOk(["build", "ops.cpp"], { cwd: project.root, env });
    const python = cpuPython();
    if (!python.available) return;
    const code = `import torch; torch.ops.load_library("${project.path("ops.so")}"); print(torch.ops.bare_ops.add(40, 2))`;
    expect(printed(python.value.executable, ["-c", code], project.root)).toBe("42");
  });

  it("a module fails at once, and says what is missing", async (context) => {
    const LIBTORCH = need(context, libtorch());
    const project = temporaryProject({ "slim.cpp": c10Module });
    const env = { LIBTORCH, PATH: pathWithoutPython(project.root) };
    const { exitCode, stdout, stderr } = await runRetorch(["build", "slim.cpp"], { cwd: project.root, env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^error: .*\[(?:PYTHON_NOT_FOUND|TORCH_BROKEN|TORCH_NOT_FOUND|TORCH_OTHER_PYTHON)\]$/m);
    expect(stderr).toMatch(/^hint: ./m);
  });
});

describe("no torch at all", () => {
  const withoutTorch = "uses-torch = false\n";

  it("a program and a module of plain Python are built by a Python that has none", async (context) => {
    const { executable } = need(context, cpuPython());
    const project = temporaryProject({
      "retorch.toml": `[extension.hello]\nkind = "executable"\nsources = ["hello.cpp"]\n${withoutTorch}[extension.slim]\nsources = ["slim.cpp"]\n${withoutTorch}`,
      "hello.cpp": plainProgram("hello"),
      "slim.cpp": pythonModule("slim"),
    });
    execFileSync(executable, ["-m", "venv", "--without-pip", project.path("venv")], { env: cliEnvironment() });
    const python = project.path("venv/bin/python");
    const { stdout } = await runRetorchOk(["build", "--python", python, "--check"], { cwd: project.root });
    expect(stdout.trim().split("\n")).toHaveLength(2);
    expect(printed(project.path("hello"), [], project.root)).toBe("hello");
    expect(printed(python, ["-c", "import slim; print(slim.answer())"], project.root)).toBe("42");
    // It is linked with nothing of torch.
    const readelf = need(context, tool("readelf"));
    const [module = ""] = stdout.split("\n").filter((line) => line.endsWith(".so"));
    expect(printed(readelf, ["-d", module], project.root)).not.toMatch(/torch|c10/);
  });
});

describe("many files", () => {
  it("two hundred, in folders, compile side by side into objects of their own", async () => {
    const names = Array.from({ length: 200 }, (_, i) => `f${i}`);
    const project = temporaryProject({
      "retorch.toml": `[extension.many]\nkind = "executable"\nsources = ["main.cpp", "gen/**/*.c"]\nuses-torch = false\nprofile = "debug"\n`,
      "main.cpp": `#include <cstdio>\nextern "C" {\n${names.map((name) => `int ${name}();\n`).join("")}}\nint main() { std::printf("%d\\n", 0${names.map((name) => ` + ${name}()`).join("")}); }\n`,
      ...Object.fromEntries(names.map((name, i) => [`gen/${i}/x.c`, `int ${name}(void) { return ${i}; }\n`])),
    });
    await runRetorchOk(["build", "-j", "4"], { cwd: project.root });
    expect(printed(project.path("many"), [], "/")).toBe(String((200 * 199) / 2));
    project.write("gen/7/x.c", "int f7(void) { return 1007; }\n");
    const { stderr } = await runRetorchOk(["build"], { cwd: project.root });
    expect(stderr).toContain("1 compiled, 1 linked");
    expect(printed(project.path("many"), [], "/")).toBe(String((200 * 199) / 2 + 1000));
  });
});
