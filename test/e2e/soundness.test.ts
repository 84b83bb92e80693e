/**
 * Edits that change what a clean build gives must rebuild, however the compiler came to read the file. Real g++ on tiny
 * sources: after each edit the program of the incremental build is compared with that of a clean one.
 */
import { mkdirSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { runRetorch, runRetorchOk, temporaryProject } from "../support/cli.ts";
import { need, tool } from "../support/environments.ts";
import { type Case, print, remove, tryCase, value, write } from "../support/sound-case.ts";

const cases: readonly Case[] = [
  {
    name: "a header found through CPATH, then shadowed by one in an include folder",
    files: { "src/a.cpp": `#include <v.h>\n${print}`, "env/v.h": value(1), "include/keep.h": "" },
    settings: `include-dirs = ["include"]`,
    env: { CPATH: "env" },
    steps: [
      [write("env/v.h", value(2)), "2"],
      [write("include/v.h", value(3)), "3"],
      [remove("include/v.h"), "2"],
    ],
  },
  {
    name: "an empty element of CPATH is the project's folder",
    files: { "src/a.cpp": `#include <v.h>\n${print}`, "env/v.h": value(1) },
    env: { CPATH: ":env" },
    steps: [[write("v.h", value(2)), "2"]],
  },
  {
    name: "-isystem folders in their order",
    files: { "src/a.cpp": `#include <v.h>\n${print}`, "two/v.h": value(1), "one/keep.h": "" },
    settings: `cxx-flags = ["-isystem", "one", "-isystem", "two"]`,
    steps: [
      [write("two/v.h", value(2)), "2"],
      [write("one/v.h", value(3)), "3"],
    ],
  },
  {
    name: "a folder of the search that is made later",
    files: { "src/a.cpp": `#include <sub/v.h>\n${print}`, "two/sub/v.h": value(1) },
    settings: `cxx-flags = ["-Ione", "-Itwo"]`,
    steps: [
      [write("one/other.h", ""), "1"],
      [write("one/sub/v.h", value(2)), "2"],
    ],
  },
  {
    name: "__has_include",
    files: {
      "src/a.cpp": `#if __has_include("opt.h")\n#include "opt.h"\n#else\n#define VALUE 0\n#endif\n${print}`,
      "include/keep.h": "",
    },
    settings: `include-dirs = ["include"]`,
    steps: [
      [write("include/opt.h", value(1)), "1"],
      [write("src/opt.h", value(2)), "2"],
      [remove("src/opt.h"), "1"],
      [remove("include/opt.h"), "0"],
    ],
  },
  {
    name: "__has_include of a macro, in a header",
    files: {
      "src/a.cpp": `#include "choose.h"\n${print}`,
      "include/choose.h": `#define OPTIONAL <opt.h>\n#if __has_include(OPTIONAL)\n#include OPTIONAL\n#else\n#define VALUE 0\n#endif\n`,
    },
    settings: `include-dirs = ["include"]`,
    steps: [[write("include/opt.h", value(1)), "1"]],
  },
  {
    name: "includes with `..`, quoted and by the search",
    files: {
      "src/deep/a.cpp": `#include "../near.h"\n#include <../far.h>\nint main() { return 0; }\n#include <cstdio>\nstatic int once = std::printf("%d%d\\n", NEAR, FAR);\n`,
      "src/near.h": "#define NEAR 1\n",
      "two/far.h": "#define FAR 1\n",
      "two/include/keep.h": "",
      "one/include/keep.h": "",
    },
    settings: `cxx-flags = ["-Ione/include", "-Itwo/include"]`,
    steps: [
      [write("src/near.h", "#define NEAR 2\n"), "21"],
      [write("two/far.h", "#define FAR 2\n"), "22"],
      [write("one/far.h", "#define FAR 3\n"), "23"],
    ],
  },
  {
    name: "a linked include folder, its target exchanged",
    files: { "src/a.cpp": `#include "lib/v.h"\n${print}`, "real1/v.h": value(1), "real2/v.h": value(2) },
    prepare: (project) => symlinkSync("real1", project.path("lib")),
    settings: `include-dirs = ["."]`,
    steps: [
      [write("real1/v.h", value(3)), "3"],
      [
        (project) => {
          unlinkSync(project.path("lib"));
          symlinkSync("real2", project.path("lib"));
        },
        "2",
      ],
    ],
  },
  {
    name: "`..` after a linked folder leads beside its target",
    files: {
      "src/a.cpp": `#include "lib/../v.h"\n${print}`,
      "outside/real/keep.h": "",
      "outside/v.h": value(1),
      "v.h": value(9),
    },
    prepare: (project) => symlinkSync("outside/real", project.path("lib")),
    settings: `include-dirs = ["."]`,
    steps: [[write("outside/v.h", value(2)), "2"]],
  },
  {
    name: "spaces, `#` and `$` in names",
    files: { "src/a b.cpp": `#include "my $dir #1/v 1.h"\n${print}`, "inc dir/my $dir #1/v 1.h": value(1) },
    settings: `include-dirs = ["inc dir"]\nsources = ["src/a b.cpp"]`,
    steps: [[write("inc dir/my $dir #1/v 1.h", value(2)), "2"]],
  },
  {
    name: "#include of a macro that a flag gives",
    files: { "src/a.cpp": `#include HEADER\n${print}`, "include/v1.h": value(1) },
    settings: `include-dirs = ["include"]\ncxx-flags = ["-DHEADER=<v1.h>"]`,
    steps: [
      [write("include/v1.h", value(2)), "2"],
      [write("src/v1.h", value(3)), "2"],
    ],
  },
  {
    name: "an absolute include outside of the project",
    files: { "src/a.cpp": "" },
    prepare: (project) => {
      const outside = join(dirname(project.root), "outside");
      mkdirSync(outside);
      writeFileSync(join(outside, "v.h"), value(1));
      project.write("src/a.cpp", `#include "${outside}/v.h"\n${print}`);
    },
    steps: [[(project) => writeFileSync(join(dirname(project.root), "outside/v.h"), value(2)), "2"]],
  },
  {
    name: "-include, beside the project's folder and by the search",
    files: { "src/a.cpp": print, "include/forced.h": value(1) },
    settings: `include-dirs = ["include"]\ncxx-flags = ["-include", "forced.h"]`,
    steps: [
      [write("include/forced.h", value(2)), "2"],
      [write("forced.h", value(3)), "3"],
      [remove("forced.h"), "2"],
    ],
  },
  {
    name: "a file of options",
    files: { "src/a.cpp": print, "options.txt": "-DVALUE=1" },
    settings: `cxx-flags = ["@options.txt"]`,
    steps: [[write("options.txt", "-DVALUE=2"), "2"]],
  },
  {
    name: ".incbin",
    files: {
      "src/a.cpp": `#include <cstdio>\nasm(".section .rodata\\nblob:\\n.incbin \\"data.bin\\"\\n.byte 0\\n.text\\n");\nextern const char blob[];\nint main() { std::puts(blob); }\n`,
      "data.bin": "1",
    },
    steps: [[write("data.bin", "2"), "2"]],
  },
  {
    name: "a file that the linker is told to read",
    files: {
      "src/a.cpp": `#include <cstdio>\nextern "C" int there;\nint main() { std::printf("%d\\n", there); }\nint one = 1, two = 2;\n`,
      "link.ld": "there = one;\n",
    },
    settings: `link-flags = ["link.ld"]`,
    steps: [[write("link.ld", "there = two;\n"), "2"]],
  },
];

describe("with g++", () => {
  test.for(cases)("$name", async (one, context) => tryCase(context, one));

  test("a header that is removed stops the build, as a clean one would", async (context) => {
    need(context, tool("g++"));
    const made = temporaryProject({
      "retorch.toml": `[extension.prog]\nkind = "executable"\nuses-torch = false\nsources = ["src/a.cpp"]\ninclude-dirs = ["gen"]\n`,
      "src/a.cpp": `#include <v.h>\n${print}`,
      "gen/v.h": value(1),
    });
    await runRetorchOk(["build"], { cwd: made.root });
    rmSync(made.path("gen"), { recursive: true });
    const { exitCode, stderr } = await runRetorch(["build"], { cwd: made.root });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("v.h");
    made.write("gen/v.h", value(1));
    const back = await runRetorchOk(["build", "--json"], { cwd: made.root });
    expect(JSON.parse(back.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({ actions: { executed: 0 } });
  });

  test("a project that is reached through a link leaves no trace of the link in debug information", async (context) => {
    need(context, tool("g++"));
    const made = temporaryProject({
      "retorch.toml": `[extension.prog]\nkind = "executable"\nuses-torch = false\nsources = ["src/a.cpp"]\nprofile = "debug"\ninclude-dirs = ["include"]\n`,
      "src/a.cpp": `#include "v.h"\n#include <cassert>\n${print}int check(int a) { assert(a > 0); return a; }\n`,
      "include/v.h": value(1),
    });
    const link = join(dirname(made.root), "by-a-link");
    symlinkSync(made.root, link);
    await runRetorchOk(["build", "--no-cache"], { cwd: made.root, env: { PWD: made.root } });
    const plain = readFileSync(made.path(".retorch/obj/prog/src/a.cpp.o"));
    await runRetorchOk(["build", "--no-cache", "--force"], { cwd: link, env: { PWD: link } });
    const linked = readFileSync(made.path(".retorch/obj/prog/src/a.cpp.o"));
    expect(linked.includes(dirname(made.root))).toBe(false);
    expect(linked.equals(plain)).toBe(true);
    expect(readFileSync(made.path("prog")).includes(dirname(made.root))).toBe(false);
  });
});
