/** A larger heap of g++ takes time away and nothing else: the bytes of an object are the same. */
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cliEnvironment, runRetorchOk, temporaryProject } from "../support/cli.ts";
import { heapWords } from "../../src/plan/gcc-heap.ts";
import { cpuPython, need, tool } from "../support/environments.ts";
import { pythonModule } from "../support/slim-sources.ts";

const source = `#include <map>
#include <memory>
#include <regex>
#include <string>
#include <unordered_map>
std::map<std::string, std::shared_ptr<std::unordered_map<int, std::string>>> all;
bool matches(const std::string& text) { return std::regex_search(text, std::regex("a+b*(c|d)")) && all[text] != nullptr; }
`;

test("objects with and without the words", (context) => {
  const gxx = need(context, tool("g++"));
  const { root } = temporaryProject({ "a.cpp": source });
  const object = (name: string, words: readonly string[]): Buffer => {
    execFileSync(gxx, ["-std=c++17", "-fPIC", ...words, "-c", "a.cpp", "-o", name], {
      cwd: root,
      env: cliEnvironment(),
    });
    return readFileSync(join(root, name));
  };
  // Collecting at every chance, which is what the words differ in from the default on a small source.
  const small = ["--param", "ggc-min-heapsize=4096", "--param", "ggc-min-expand=5"];
  const large = heapWords(8e9);
  expect(object("large.o", ["-O2", ...large]).equals(object("small.o", ["-O2", ...small]))).toBe(true);
  // Why debug information is left alone: it quotes the words.
  expect(object("large-g.o", ["-g", ...large]).includes("ggc-min-heapsize=1048576")).toBe(true);
});

test("a build gives the words to g++, and not where debug information would quote them", async (context) => {
  const python = need(context, cpuPython()).executable;
  const gxx = need(context, tool("g++"));
  const { root } = temporaryProject({ "slim.cpp": pythonModule("slim") });
  const log = join(root, "words.log");
  const wrapper = join(root, "g++");
  writeFileSync(wrapper, `#!/bin/sh\necho "$*" >> '${log}'\nexec '${gxx}' "$@"\n`);
  chmodSync(wrapper, 0o755);
  const compile = async (profile: string): Promise<string> => {
    writeFileSync(log, "");
    const words = ["build", "slim.cpp", "--python", python, "--profile", profile, "--no-cache"];
    await runRetorchOk(words, { cwd: root, env: { CXX: wrapper } });
    return (
      readFileSync(log, "utf8")
        .split("\n")
        .find((line) => line.includes("-c slim.cpp")) ?? ""
    );
  };
  expect(await compile("release")).toMatch(/-o \S+ --param ggc-min-heapsize=\d+$/);
  const debug = await compile("debug");
  expect(debug).toContain("-g");
  expect(debug).not.toContain("ggc-min-heapsize");
});
