/**
 * Files that a compiler or linker reads although no list of headers names them, and places where it looks: archives
 * that only name their members, linker scripts, precompiled headers, programs found through `-B`, profiles. Real tools
 * on tiny sources.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, readFileSync } from "node:fs";
import { describe, test } from "vitest";
import { tool } from "../support/environments.ts";
import { type Case, type Edit, print, remove, run, tryCase, value, write } from "../support/sound-case.ts";

const gxx = (): ReturnType<typeof tool> => tool("g++");
const clang = (): ReturnType<typeof tool> => tool("clang++-19");
const callsValue = `#include <cstdio>\nextern "C" int value(void);\nint main() { std::printf("%d\\n", value()); }\n`;

const profiled = `#include <cstdio>
#include <cstdlib>
int main(int c, char**) {
  long s = 0;
  for (int i = 0; i < c * 1000; i++) {
    if (std::getenv("ODD")) s += i * 3;
    else s -= i;
  }
  std::printf("%d\\n", s > 5 && !std::getenv("ODD"));
}
`;

/** Compiles `value()` and puts it where the case wants it. */
function object(n: number, then: string): Edit {
  return (project) => {
    project.write("lib/v.c", `int value(void) { return ${n}; }\n`);
    execFileSync("sh", ["-c", `mkdir -p lib && cd lib && gcc -fPIC -c v.c -o v.o && ${then}`], { cwd: project.root });
  };
}

const headers: readonly Case[] = [
  {
    name: "#include_next, and a folder between",
    files: {
      "src/a.cpp": `#include <v.h>\n${print}`,
      "one/v.h": "#include_next <v.h>\n",
      "two/keep.h": "",
      "three/v.h": value(1),
    },
    settings: `cxx-flags = ["-Ione", "-Itwo", "-Ithree"]`,
    steps: [
      [write("three/v.h", value(2)), "2"],
      [write("two/v.h", value(3)), "3"],
      [remove("two/v.h"), "2"],
    ],
  },
  {
    name: "__has_include_next",
    files: {
      "src/a.cpp": `#include <v.h>\n${print}`,
      "one/v.h": "#if __has_include_next(<v.h>)\n#include_next <v.h>\n#else\n#define VALUE 0\n#endif\n",
      "two/keep.h": "",
    },
    settings: `cxx-flags = ["-Ione", "-Itwo"]`,
    steps: [
      [write("two/v.h", value(3)), "3"],
      [remove("two/v.h"), "0"],
    ],
  },
  {
    name: "__has_include of a macro that another header or a flag defines",
    files: {
      "src/a.cpp": `#include "names.h"\n#include "choose.h"\n${print}`,
      "include/names.h": "#define FIRST <first.h>\n",
      "include/choose.h": `#if __has_include(FIRST)\n#include FIRST\n#elif __has_include(SECOND)\n#include SECOND\n#else\n#define VALUE 0\n#endif\n`,
    },
    settings: `include-dirs = ["include"]\ncxx-flags = ["-DSECOND=<second.h>"]`,
    steps: [
      [write("include/second.h", value(2)), "2"],
      [write("include/first.h", value(1)), "1"],
      [remove("include/first.h"), "2"],
    ],
  },
  {
    name: "__has_include across a continued line",
    files: {
      "src/a.cpp": `#if __has_include( \\\n   "opt.h" )\n#include "opt.h"\n#else\n#define VALUE 0\n#endif\n${print}`,
    },
    steps: [[write("src/opt.h", value(1)), "1"]],
  },
  {
    name: "folders of the search in a file of options",
    files: {
      "src/a.cpp": `#include <v.h>\n${print}`,
      "options.txt": "-Ione\n@more.txt\n",
      "more.txt": "-Itwo -Ithree",
      "one/keep.h": "",
      "two/keep.h": "",
      "three/v.h": value(1),
    },
    settings: `cxx-flags = ["@options.txt"]`,
    steps: [
      [write("three/v.h", value(2)), "2"],
      [write("two/v.h", value(3)), "3"],
      [write("one/v.h", value(4)), "4"],
      [write("more.txt", "-Itwo -Ithree -DOTHER"), "4"],
    ],
  },
  {
    name: "-Wp, and -Xpreprocessor with folders",
    files: { "src/a.cpp": `#include <v.h>\n${print}`, "one/keep.h": "", "two/keep.h": "", "three/v.h": value(1) },
    // gcc hands these on after all other folders.
    settings: `cxx-flags = ["-Wp,-I,one", "-Xpreprocessor", "-Itwo", "-Wp,-I,three"]`,
    steps: [
      [write("three/v.h", value(2)), "2"],
      [write("two/v.h", value(3)), "3"],
      [write("one/v.h", value(4)), "4"],
    ],
  },
  {
    name: "-iprefix, -iwithprefixbefore and -iwithprefix",
    files: { "src/a.cpp": `#include <v.h>\n${print}`, "my/one/keep.h": "", "my/two/v.h": value(1) },
    settings: `cxx-flags = ["-iprefix", "my/", "-iwithprefixbefore", "one", "-iwithprefix", "two"]`,
    steps: [
      [write("my/two/v.h", value(2)), "2"],
      [write("my/one/v.h", value(3)), "3"],
    ],
  },
  {
    name: "-imacros and a forced include that appears in the project's folder",
    files: { "src/a.cpp": print, "include/forced.h": value(1), "include/other.h": "" },
    settings: `include-dirs = ["include"]\ncxx-flags = ["-imacros", "forced.h", "-Wp,-include,other.h"]`,
    steps: [
      [write("include/forced.h", value(2)), "2"],
      [write("forced.h", value(3)), "3"],
      [write("other.h", "#undef VALUE\n#define VALUE 4\n"), "4"],
    ],
  },
  {
    name: "a precompiled header that appears, changes and goes",
    files: { "src/a.cpp": `#include "pre.h"\n${print}`, "src/pre.h": value(1) },
    settings: `cxx-standard = "17"\ncxx-flags = ["-O3"]\nprofile = "none"`,
    steps: [
      [
        (project) => {
          project.write("other.h", value(7));
          execFileSync("g++", ["-O3", "-fPIC", "-std=c++17", "-x", "c++-header", "other.h", "-o", "src/pre.h.gch"], {
            cwd: project.root,
          });
        },
        "7",
      ],
      [
        (project) => {
          project.write("other.h", value(8));
          execFileSync("g++", ["-O3", "-fPIC", "-std=c++17", "-x", "c++-header", "other.h", "-o", "src/pre.h.gch"], {
            cwd: project.root,
          });
        },
        "8",
      ],
      [remove("src/pre.h.gch"), "1"],
    ],
  },
  {
    name: "user flags that ask for lists of headers of their own",
    files: { "src/a.cpp": `#include <v.h>\n${print}`, "sys/v.h": value(1) },
    settings: `cxx-flags = ["-isystem", "sys", "-MMD", "-MP", "-MF", "own.d", "-MT", "x y"]`,
    steps: [[write("sys/v.h", value(2)), "2"]],
  },
  {
    name: ".include of the assembler, and .incbin through an include folder",
    files: {
      "src/a.cpp": `#include <cstdio>\nasm(".include \\"blob.s\\"");\nasm(R"(.section .rodata\nblob:\n.incbin "data.bin"\n.byte 0\n.text)");\nextern const char blob[];\nextern "C" int answer;\nint main() { std::printf("%s%d\\n", blob, answer); }\n`,
      "include/data.bin": "1",
      "blob.s": ".data\n.globl answer\nanswer: .long 1\n.text\n",
    },
    settings: `include-dirs = ["include"]`,
    steps: [
      [write("include/data.bin", "2"), "21"],
      [write("blob.s", ".data\n.globl answer\nanswer: .long 2\n.text\n"), "22"],
      [write("data.bin", "3"), "32"],
    ],
  },
  {
    name: "a header renamed to another case",
    files: {
      "src/a.cpp": `#if __has_include("Opt.h")\n#include "Opt.h"\n#else\n#include "opt.h"\n#endif\n${print}`,
      "src/opt.h": value(1),
    },
    steps: [
      [write("src/Opt.h", value(2)), "2"],
      [remove("src/Opt.h"), "1"],
    ],
  },
  {
    name: "a folder that becomes a link to another of the same headers and times",
    files: { "src/a.cpp": `#include "inc/v.h"\n${print}`, "inc/v.h": value(1), "other/v.h": value(2) },
    settings: `include-dirs = ["."]`,
    steps: [
      [
        (project) => {
          execFileSync("sh", ["-c", "touch -r inc/v.h other/v.h && rm -r inc && ln -s other inc"], {
            cwd: project.root,
          });
        },
        "2",
      ],
    ],
  },
  {
    name: "hard-linked sources",
    files: { "src/a.cpp": `#include "v.h"\n${print}`, "other/v.h": value(1) },
    prepare: (project) => run("ln", "other/v.h", "src/v.h")(project),
    steps: [[write("other/v.h", value(2)), "2"]],
  },
  {
    name: "edits by rename and in place within one tick, times put back",
    files: { "src/a.cpp": `#include "v.h"\n${print}`, "src/v.h": value(1) },
    steps: [
      [run("sh", "-c", "printf '#define VALUE 2\\n' > n && touch -r src/v.h n && mv n src/v.h"), "2"],
      [run("sh", "-c", "touch -r src/v.h t; printf '#define VALUE 3\\n' > src/v.h; touch -r t src/v.h"), "3"],
    ],
  },
];

const compilers: readonly Case[] = [
  {
    name: "-B with an assembler of one's own",
    files: { "src/a.cpp": print.replace("VALUE", "1"), "tools/as": `#!/bin/sh\nexec /usr/bin/as "$@"\n` },
    prepare: (project) => chmodSync(project.path("tools/as"), 0o755),
    settings: `cxx-flags = ["-BROOT/tools"]`,
    steps: [[write("tools/as", `#!/bin/sh\nexec /usr/bin/as --defsym changed=1 "$@"\n`), "1"]],
  },
  {
    name: "COMPILER_PATH with a program that is changed",
    files: { "src/a.cpp": print.replace("VALUE", "1"), "tools/as": `#!/bin/sh\nexec /usr/bin/as "$@"\n` },
    prepare: (project) => chmodSync(project.path("tools/as"), 0o755),
    env: { COMPILER_PATH: "ROOT/tools" },
    steps: [[write("tools/as", `#!/bin/sh\nexec /usr/bin/as --defsym changed=1 "$@"\n`), "1"]],
  },
  {
    name: "-specs, edited",
    files: { "src/a.cpp": print, "my.specs": "*cc1plus:\n+ -DVALUE=1\n" },
    settings: `cxx-flags = ["-specs=my.specs"]`,
    steps: [[write("my.specs", "*cc1plus:\n+ -DVALUE=2\n"), "2"]],
  },
  {
    name: "-fprofile-use finds the profile of its object, and one that is made anew counts",
    files: { "src/a.cpp": profiled },
    // The options of a first build, whose program leaves the profile.
    settings: `cxx-flags = ["-fprofile-generate"]\nlink-flags = ["-fprofile-generate"]`,
    steps: [
      [
        (project) => {
          execFileSync(project.path("prog"), { cwd: project.root });
          copyFileSync(project.path("prog"), project.path("instrumented"));
          const text = readFileSync(project.path("retorch.toml"), "utf8");
          const flags = `cxx-flags = ["-fprofile-use", "-Werror=missing-profile"]`;
          project.write("retorch.toml", text.replace(/^cxx-flags.*$/m, flags).replace(/^link-flags.*$/m, ""));
        },
        "0",
      ],
      [run("env", "ODD=1", "./instrumented"), "0"],
    ],
  },
  {
    name: "-fprofile-use with a folder",
    files: { "src/a.cpp": profiled },
    settings: `cxx-flags = ["-fprofile-use=profiles", "-Wmissing-profile"]`,
    steps: [
      [profile({}), "0"],
      [profile({ ODD: "1" }), "0"],
    ],
  },
];

/** Leaves a profile where gcc looks for it: in the folder, called like the object with `#` for slashes. */
function profile(env: Record<string, string>): Edit {
  return (project) => {
    const name = `${project.path(".retorch/obj/prog/src/a.cpp").replaceAll("/", "#")}.gcda`;
    execFileSync(
      "sh",
      [
        "-c",
        `rm -rf profiles && mkdir profiles && g++ -O3 -DNDEBUG -fPIC -std=c++17 -fprofile-generate src/a.cpp -o profiles/p && profiles/p && cd profiles && mv *.gcda "${name}"`,
      ],
      { cwd: project.root, env: { ...process.env, ...env }, stdio: "pipe" },
    );
  };
}

const links: readonly Case[] = [
  {
    name: "a thin archive whose member changes",
    files: { "src/a.cpp": callsValue },
    prepare: object(1, "ar rcsTD libv.a v.o"),
    settings: `libraries = ["v"]\nlibrary-dirs = ["lib"]`,
    steps: [[object(2, "true"), "2"]],
  },
  {
    name: "a thin archive given by path",
    files: { "src/a.cpp": callsValue },
    prepare: object(1, "ar rcsTD libv.a v.o"),
    settings: `link-flags = ["lib/libv.a"]`,
    steps: [[object(2, "true"), "2"]],
  },
  {
    name: "a linker script in place of a library",
    files: { "src/a.cpp": callsValue, "lib/libv.so": "/* GNU ld script */\nINPUT ( libreal.a )\n" },
    prepare: object(1, "ar rcsD libreal.a v.o"),
    settings: `libraries = ["v"]\nlibrary-dirs = ["lib"]`,
    steps: [
      [object(2, "rm libreal.a && ar rcsD libreal.a v.o"), "2"],
      [object(3, "ar rcsD libother.a v.o"), "2"],
      [write("lib/libv.so", "GROUP ( AS_NEEDED ( -lother ) )\n"), "3"],
      [object(4, "rm libother.a && ar rcsD libother.a v.o"), "4"],
    ],
  },
  {
    name: "a static library that is asked for beside a shared one",
    files: { "src/a.cpp": callsValue },
    prepare: object(
      1,
      "ar rcsD libv.a v.o && echo 'int value(void){return 9;}' > s.c && gcc -shared -fPIC s.c -o libv.so",
    ),
    settings: `link-flags = ["-Llib", "-Wl,-Bstatic", "-lv", "-Wl,-Bdynamic"]`,
    steps: [[object(2, "rm libv.a && ar rcsD libv.a v.o"), "2"]],
  },
  {
    name: "-l:name, and a whole archive",
    files: { "src/a.cpp": callsValue },
    prepare: object(1, "ar rcsD libv.a v.o"),
    settings: `link-flags = ["-Llib", "-Wl,--whole-archive", "-l:libv.a", "-Wl,--no-whole-archive"]`,
    steps: [[object(2, "rm libv.a && ar rcsD libv.a v.o"), "2"]],
  },
  {
    name: "a shared library that is replaced",
    files: { "src/a.cpp": callsValue },
    prepare: object(1, "gcc -shared v.o -o libv.so"),
    settings: `libraries = ["v"]\nlibrary-dirs = ["lib"]\nruntime-library-dirs = ["ROOT/lib"]`,
    steps: [
      [object(2, "rm libv.so && gcc -shared v.o -Wl,-soname,libv.so.2 -o libv.so.2 && ln -s libv.so.2 libv.so"), "2"],
      [object(3, "gcc -shared v.o -Wl,-soname,libv.so.3 -o libv.so.3 && ln -sf libv.so.3 libv.so"), "3"],
    ],
  },
  {
    name: "a version script",
    files: { "src/a.cpp": print.replace("VALUE", "1"), "exports.map": "V1 { global: main; local: *; };\n" },
    settings: `link-flags = ["-rdynamic", "-Wl,--version-script=exports.map"]`,
    steps: [[write("exports.map", "V2 { global: main; local: *; };\n"), "1"]],
  },
  {
    name: "a script without a telling name, and one that it includes",
    files: {
      "src/a.cpp": `#include <cstdio>\nextern "C" int there;\nint main() { std::printf("%d\\n", there); }\nint one = 1, two = 2;\n`,
      script: "INCLUDE part\n",
      part: "there = one;\n",
    },
    settings: `link-flags = ["script"]`,
    steps: [
      [write("part", "there = two;\n"), "2"],
      [write("script", "there = one;\n"), "1"],
    ],
  },
  {
    name: "LIBRARY_PATH, and a library that comes to an earlier folder",
    files: { "src/a.cpp": callsValue },
    prepare: object(1, "mkdir -p ../early ../late && ar rcsD ../late/libv.a v.o"),
    settings: `libraries = ["v"]`,
    env: { LIBRARY_PATH: "ROOT/early:ROOT/late" },
    steps: [[object(2, "ar rcsD ../early/libv.a v.o"), "2"]],
  },
  {
    name: "a library found through a file of options",
    files: { "src/a.cpp": callsValue, "link.txt": "-Llib -lv" },
    prepare: object(1, "ar rcsD libv.a v.o"),
    settings: `link-flags = ["@link.txt"]`,
    steps: [[object(2, "rm libv.a && ar rcsD libv.a v.o"), "2"]],
  },
  {
    name: "link-time optimisation",
    files: {
      "src/a.cpp": `#include "v.h"\nint value();\n#include <cstdio>\nint main() { std::printf("%d\\n", value() + VALUE); }\n`,
      "src/b.cpp": `#include "v.h"\nint value() { return VALUE; }\n`,
      "src/v.h": value(1),
    },
    settings: `cxx-flags = ["-flto", "-g"]\nlink-flags = ["-flto"]`,
    steps: [[write("src/v.h", value(2)), "4"]],
  },
  ...(["bfd", "gold", "lld", "mold"] as const).map((name): Case => ({
    name: `-fuse-ld=${name}, a thin archive and a script`,
    files: { "src/a.cpp": callsValue, "lib/libv.so": "INPUT ( libreal.a )\n" },
    prepare: object(1, "ar rcsTD libreal.a v.o"),
    settings: `libraries = ["v"]\nlibrary-dirs = ["lib"]\nlink-flags = ["-fuse-ld=${name}"]`,
    needs: [() => tool(`ld.${name}`)],
    steps: [[object(2, "true"), "2"]],
  })),
];

const withClang: readonly Case[] = [
  {
    name: "clang: headers and shadowing",
    files: { "src/a.cpp": `#include <v.h>\n${print}`, "one/keep.h": "", "two/v.h": value(1) },
    settings: `cxx-flags = ["-Ione", "-Itwo"]`,
    steps: [
      [write("two/v.h", value(2)), "2"],
      [write("one/v.h", value(3)), "3"],
    ],
  },
  {
    name: "clang: #embed and __has_embed",
    files: {
      "src/a.cpp": `#include <cstdio>\nconst unsigned char data[] = {\n#embed "data.bin"\n};\n#if __has_embed("more.bin")\n#define MORE 1\n#else\n#define MORE 0\n#endif\nint main() { std::printf("%c%d\\n", data[0], MORE); }\n`,
      "assets/data.bin": "1",
    },
    settings: `cxx-flags = ["--embed-dir=first", "--embed-dir=assets", "-Wno-c23-extensions"]`,
    steps: [
      [write("assets/data.bin", "2"), "20"],
      [write("first/data.bin", "3"), "30"],
      [write("assets/more.bin", "3"), "31"],
    ],
  },
  {
    name: "clang: a file of its configuration",
    files: { "src/a.cpp": print, "my.cfg": "-DVALUE=1\n" },
    settings: `cxx-flags = ["--config=./my.cfg"]`,
    steps: [[write("my.cfg", "-DVALUE=2\n"), "2"]],
  },
  {
    name: "clang: an overlay of the file system",
    files: {
      "src/a.cpp": `#include <v.h>\n${print}`,
      "one/v.h": value(1),
      "two/v.h": value(2),
      "overlay.yaml": `{"version": 0, "roots": [{"name": "virtual", "type": "directory", "contents": [{"name": "v.h", "type": "file", "external-contents": "one/v.h"}]}]}`,
    },
    settings: `cxx-flags = ["-ivfsoverlay", "overlay.yaml", "-Ivirtual"]`,
    steps: [
      [write("one/v.h", value(3)), "3"],
      [run("sed", "-i", "s/one/two/", "overlay.yaml"), "2"],
    ],
  },
  {
    name: "clang: modules with a map",
    files: {
      "src/a.cpp": `#include "mod.h"\n${print}`,
      "inc/mod.h": `#include "inner.h"\n`,
      "inc/inner.h": value(1),
      "inc/module.modulemap": `module mod { header "mod.h" header "inner.h" export * }\n`,
    },
    settings: `include-dirs = ["inc"]\ncxx-flags = ["-fmodules", "-fmodules-cache-path=ROOT/mc"]`,
    steps: [
      [write("inc/inner.h", value(2)), "2"],
      [
        write("inc/module.modulemap", `module mod { header "mod.h" export * }\nmodule inner { header "inner.h" }\n`),
        "2",
      ],
    ],
  },
  {
    name: "clang: a precompiled header that is passed",
    files: { "src/a.cpp": print, "pre.h": value(1) },
    prepare: clangHeader,
    settings: `profile = "none"\ncxx-standard = "17"\ncxx-flags = ["-include-pch", "pre.pch"]`,
    steps: [
      [
        (project) => {
          project.write("pre.h", value(2));
          clangHeader(project);
        },
        "2",
      ],
    ],
  },
];

function clangHeader(project: { readonly root: string }): void {
  execFileSync("clang++-19", ["-fPIC", "-std=c++17", "-x", "c++-header", "pre.h", "-o", "pre.pch"], {
    cwd: project.root,
  });
}

describe("headers", () => {
  test.for(headers)("$name", async (one, context) => tryCase(context, { ...one, needs: [gxx] }));
});

describe("compilers", () => {
  test.for(compilers)("$name", async (one, context) => tryCase(context, { ...one, needs: [gxx] }));
});

describe("links", () => {
  test.for(links)("$name", async (one, context) => tryCase(context, { ...one, needs: [gxx, ...(one.needs ?? [])] }));
});

describe("clang", () => {
  test.for(withClang)("$name", async (one, context) =>
    tryCase(context, { ...one, needs: [clang], env: { CXX: "clang++-19", ...one.env } }),
  );
});
