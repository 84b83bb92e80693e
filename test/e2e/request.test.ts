/** `--request`: builds what a captured request says, and knows it again by its text. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runRetorch, runRetorchOk, temporaryProject } from "../support/cli.ts";
import { plainProgram } from "../support/slim-sources.ts";
import { tinyOutput } from "../support/tiny-project.ts";

function project(): ReturnType<typeof temporaryProject> {
  return temporaryProject({ "main.cpp": plainProgram("hello"), "more/.keep": "" });
}

function request(root: string, more: Record<string, unknown> = {}): string {
  const extension = { name: "tiny", origin: "load", kind: "executable", uses_torch: false, sources: ["main.cpp"] };
  return JSON.stringify({ format: 1, root, extensions: [{ ...extension, ...more }] });
}

const executed = (stdout: string): number =>
  (JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { actions: { executed: number } }).actions.executed;

test("builds from a file and from standard input, and does nothing for the same text", async () => {
  const { root, path, write } = project();
  write("a.json", request(root, { out_dir: "bin", file_name: "tiny.exe" }));
  const first = await runRetorchOk(["build", "--request", "a.json"], { cwd: root });
  expect(first.stdout).toBe(`${path("bin/tiny.exe")}\n`);
  expect(tinyOutput(path("bin/tiny.exe"))).toBe("hello");

  // The same text by another name, and through a pipe.
  write("more/b.json", readFileSync(path("a.json"), "utf8"));
  const again = await runRetorchOk(["build", "--json", "--request=more/b.json"], { cwd: root });
  expect(again.stdout.trim().split("\n")).toHaveLength(1);
  expect(executed(again.stdout)).toBe(0);
  const piped = await runRetorchOk(["build", "--json", "--request", "-"], {
    cwd: root,
    stdin: readFileSync(path("a.json"), "utf8"),
  });
  expect(piped.stdout.trim().split("\n")).toHaveLength(1);

  // Another text under the same name.
  write("a.json", request(root, { out_dir: "bin", file_name: "tiny.exe", define_macros: [["X", null]] }));
  const changed = await runRetorchOk(["build", "--json", "--request", "a.json"], { cwd: root });
  expect(executed(changed.stdout)).toBeGreaterThan(0);
  const other = await runRetorchOk(["build", "--request", "-"], { cwd: root, stdin: request(root) });
  expect(other.stdout).toBe(`${path("tiny")}\n`);
});

test("a changed source and a changed file among those read are seen", async () => {
  const { root, path, write } = project();
  write("seen.txt", "1");
  const text = JSON.stringify({ ...(JSON.parse(request(root)) as object), read: { files: ["seen.txt"] } });
  const build = async (): Promise<string[]> =>
    (await runRetorchOk(["build", "--json", "--request", "-"], { cwd: root, stdin: text })).stdout.trim().split("\n");
  await build();
  // The full way answers as long as what decided the request is young.
  await expect.poll(async () => (await build()).length, { timeout: 10_000 }).toBe(1);
  write("seen.txt", "2");
  expect((await build()).length).toBeGreaterThan(1);
  write("main.cpp", plainProgram("changed"));
  await build();
  expect(tinyOutput(path("tiny"))).toBe("changed");
});

test("the other commands and options take it", async () => {
  const { root, write } = project();
  write("a.json", request(root, { extra_compile_args: { cxx: ["-DFROM_REQUEST"] }, base_flags: { cxx: ["-fwrapv"] } }));
  const dry = await runRetorchOk(["build", "--dry-run", "--request", "a.json"], { cwd: root });
  expect(dry.stdout).toMatch(/-fwrapv .*-DFROM_REQUEST/);
  const env = { CFLAGS: "-DFROM_CFLAGS" };
  const exported = await runRetorchOk(["export", "ninja", "--request", "a.json"], { cwd: root, env });
  expect(exported.stdout).toContain("-DFROM_REQUEST");
  expect(exported.stdout).not.toContain("FROM_CFLAGS");
  const explained = await runRetorchOk(["explain", "--request", "a.json"], { cwd: root });
  expect(explained.stdout).toContain("main.cpp");
  await runRetorchOk(["build", "--request", "a.json", "--explain"], { cwd: root });
  const cleaned = await runRetorchOk(["clean", "--request", "a.json"], { cwd: root });
  expect(cleaned.stderr).toContain("tiny");
});

test("what it sets in the environment is set for the compiler", async () => {
  const { root, path, write } = project();
  write("main.cpp", `#include <cstdio>\nint main() { std::puts(WORD); }\n`);
  write("inc/word.h", `#define WORD "from CPLUS_INCLUDE_PATH"\n`);
  write("main.cpp", `#include <cstdio>\n#include <word.h>\nint main() { std::puts(WORD); }\n`);
  const text = { ...(JSON.parse(request(root)) as object), environment: { CPLUS_INCLUDE_PATH: path("inc") } };
  await runRetorchOk(["build", "--request", "-"], { cwd: root, stdin: JSON.stringify(text) });
  expect(tinyOutput(path("tiny"))).toBe("from CPLUS_INCLUDE_PATH");
});

test("bad input is one error", async () => {
  const { root, write } = project();
  write("bad.json", "{");
  for (const [words, message] of [
    [["--request", "bad.json"], "`bad.json` is no JSON"],
    [["--request", "none.json"], "`none.json` does not exist"],
    [["--request", "more"], "`more` is a folder"],
    [["--request", "bad.json", "main.cpp"], "beside `--request`"],
  ] as const) {
    const result = await runRetorch(["build", ...words], { cwd: root });
    expect(result).toMatchObject({ exitCode: 2, stdout: "" });
    expect(result.stderr).toContain(message);
  }
});
