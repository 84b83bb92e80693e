/** Large pages take time away and nothing else: real compilers, the real library, the real kernel. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test, type TestContext } from "vitest";
import { largePageFiles, libraryCommand, librarySource, askingHelps } from "../../src/plan/large-pages.ts";
import { cliEnvironment, runRetorchOk, temporaryProject } from "../support/cli.ts";
import { cpuPython, need, tool } from "../support/environments.ts";
import { pythonModule } from "../support/slim-sources.ts";

/** Maps memory as allocators do and says what it got: where it begins, and the flags that the kernel has for it. */
const program = `#include <sys/mman.h>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
static bool huge(void* at) {
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    unsigned long from = 0, to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &from, &to) == 2) inside = from <= (unsigned long)at && (unsigned long)at < to;
    if (inside && line.rfind("VmFlags", 0) == 0) return line.find(" hg") != std::string::npos;
  }
  return false;
}
static void say(const char* name, void* at, size_t size, bool write = true) {
  if (write) std::memset(at, 1, size);
  std::cout << name << (((uintptr_t)at & ((1 << 21) - 1)) == 0 ? " aligned" : "") << (huge(at) ? " huge" : "") << "\\n";
}
int main() {
  const int rw = PROT_READ | PROT_WRITE, anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
  const size_t large = 5u << 20 | 12288, odd = (2u << 20) + 1;
  void* a = mmap(nullptr, large, rw, anonymous, -1, 0);
  say("large", a, large);
  if (munmap(a, large) != 0) return 1;
  say("odd", mmap(nullptr, odd, rw, anonymous, -1, 0), odd);
  say("small", mmap(nullptr, 1 << 20, rw, anonymous, -1, 0), 1 << 20);
  say("reserved", mmap(nullptr, large, PROT_NONE, anonymous | MAP_NORESERVE, -1, 0), large, false);
  errno = 0;
  std::cout << "too much " << (mmap(nullptr, ~0ul >> 1, rw, anonymous, -1, 0) == MAP_FAILED) << " " << (errno == ENOMEM) << "\\n";
}
`;

const source = `#include <map>
#include <regex>
#include <string>
std::map<std::string, std::regex> all;
bool matches(const std::string& text) { return std::regex_search(text, std::regex("a+b*(c|d)")); }
`;

function kernel(context: TestContext): void {
  const read = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, "utf8") : undefined);
  const helps = askingHelps(read(largePageFiles.enabled), read(largePageFiles.size));
  if (!helps) context.skip("transparent_hugepage is not at madvise with 2 MB");
}

for (const names of [["g++"], ["clang++", "clang++-19", "clang++-18", "clang++-14"]]) {
  test(`the library of ${names[0]}`, (context) => {
    const compiler = need(context, tool(...names));
    kernel(context);
    const { root } = temporaryProject({ "library.cpp": librarySource, "program.cpp": program });
    const run = (command: readonly string[], env: Record<string, string> = {}): string =>
      execFileSync(command[0] ?? "", command.slice(1), { cwd: root, env: cliEnvironment(env), encoding: "utf8" });
    const library = join(root, "library.so");
    expect(run(libraryCommand(compiler, "library.cpp", library))).toBe("");
    run([compiler, "-std=c++17", "-O1", "program.cpp", "-o", "program"]);
    const words = run([join(root, "program")], { LD_PRELOAD: library });
    expect(words).toBe("large aligned huge\nodd aligned huge\nsmall\nreserved\ntoo much 1 1\n");
  });
}

test("a build's compilers have them, and make the same objects", async (context) => {
  const python = need(context, cpuPython()).executable;
  need(context, tool("g++"));
  kernel(context);
  const { root } = temporaryProject({ "slim.cpp": pythonModule("slim"), "more.cpp": source });
  const object = async (tunables: string): Promise<Buffer> => {
    const cache = join(root, `cache-${tunables.length}`);
    const env = { GLIBC_TUNABLES: tunables, RETORCH_CACHE_DIR: cache };
    await runRetorchOk(["build", "slim.cpp", "more.cpp", "--name", "slim", "--python", python, "--force"], {
      cwd: root,
      env,
    });
    const made = existsSync(join(cache, "large-pages")) ? readdirSync(join(cache, "large-pages")) : [];
    expect(made).toHaveLength(tunables === "" ? 1 : 0);
    return readFileSync(join(root, ".retorch/obj/slim/more.cpp.o"));
  };
  const small = await object("glibc.malloc.hugetlb=0");
  expect((await object("")).equals(small)).toBe(true);
});
