/**
 * The verdict against glibc's loader, on files made for one question each: run paths, versions, weak and hidden symbols,
 * kinds of tables, what the process has loaded before. Python loads each of them in a process of its own; the answers
 * must be the same.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, describe, expect, it, type TestContext } from "vitest";
import { nodeHost } from "../../src/host/node-host.ts";
import { bytesSource, fileSource } from "../../src/inspect/bytes.ts";
import { openElf } from "../../src/inspect/elf.ts";
import { inspectFile } from "../../src/inspect/extension.ts";
import { judge } from "../../src/inspect/judge.ts";
import type { JudgeEnvironment, Verdict } from "../../src/inspect/verdict.ts";
import { need, tool } from "../support/environments.ts";

const host = nodeHost();
const folder = realpathSync(mkdtempSync(join(tmpdir(), "retorch-loader-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const compiler = tool("g++", "c++");

/** A folder in which a case makes its files. */
class Bench {
  readonly dir: string;

  constructor(name: string) {
    this.dir = join(folder, name.replaceAll(/\W+/g, "-"));
    mkdirSync(this.dir);
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  /** Links a shared library of C source; its folder is made. */
  so(name: string, source: string, ...flags: readonly string[]): string {
    return this.compile(name, source, ["-shared", "-fPIC", "-Wl,--no-as-needed", ...flags]);
  }

  compile(name: string, source: string, flags: readonly string[]): string {
    if (!compiler.available) throw new Error(compiler.reason);
    const out = this.path(name);
    mkdirSync(join(out, ".."), { recursive: true });
    writeFileSync(`${out}.c`, source);
    const argv = ["-x", "c", "-O1", "-w", `${out}.c`, "-x", "none", ...flags, "-o", out];
    const done = spawnSync(compiler.value, argv, { cwd: this.dir, encoding: "utf8" });
    if (done.status !== 0) throw new Error(done.stderr);
    return out;
  }

  /** Where the compiler has a library of its own. */
  runtime(name: string): string {
    if (!compiler.available) throw new Error(compiler.reason);
    return realpathSync(execFileSync(compiler.value, [`-print-file-name=${name}`], { encoding: "utf8" }).trim());
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }
}

interface Made {
  readonly file: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** It is run instead of loaded. */
  readonly isProgram?: boolean;
}

/** Makes the files and says which is loaded. Undefined: the compiler cannot make it. */
type Make = (bench: Bench) => string | Made;

const module = (call = "0"): string => `int value(void) { return ${call}; }\n`;
const uses = (name: string): string => `int ${name}(void);\n${module(`${name}()`)}`;
const defines = (name: string): string => `int ${name}(void) { return 1; }\n`;

/** A library in `lib/`, a user of it with the flags, and nothing else. */
const withRunPath =
  (...flags: readonly string[]): Make =>
  (bench) => {
    bench.so("lib/libdep.so", defines("dep"), "-Wl,-soname,libdep.so");
    return bench.so("user.so", uses("dep"), "-Llib", "-ldep", ...flags);
  };

/** user.so → lib/liba.so → deep/libb.so, where only user.so says where things lie. */
const chain =
  (...flags: readonly string[]): Make =>
  (bench) => {
    bench.so("deep/libb.so", defines("b"), "-Wl,-soname,libb.so");
    bench.so("lib/liba.so", `int b(void);\nint a(void) { return b(); }\n`, "-Ldeep", "-lb", "-Wl,-soname,liba.so");
    const paths = ["-Wl,-rpath,$ORIGIN/lib", "-Wl,-rpath,$ORIGIN/deep"];
    return bench.so("user.so", uses("a"), "-Llib", "-la", "-Wl,--allow-shlib-undefined", ...paths, ...flags);
  };

/** A user linked against one library of versions, which meets another one when it is loaded. */
const versions =
  (linked: string, met: string | undefined, symbol = "f"): Make =>
  (bench) => {
    const make = (out: string, script: string | undefined): string =>
      bench.so(
        out,
        defines("f") + defines("g"),
        "-Wl,-soname,libver.so",
        ...(script === undefined ? [] : [`-Wl,--version-script=${bench.write("versions.map", script)}`]),
      );
    make("link/libver.so", linked);
    make("load/libver.so", met);
    return bench.so("user.so", uses(symbol), "-Llink", "-lver", "-Wl,-rpath,$ORIGIN/load");
  };

const cases: Readonly<Record<string, Make>> = {
  "nothing needed": (bench) => bench.so("user.so", module()),
  "RUNPATH of $ORIGIN": withRunPath("-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN/lib"),
  "RPATH of ${ORIGIN}": withRunPath("-Wl,--disable-new-dtags", "-Wl,-rpath,${ORIGIN}/lib"),
  "RUNPATH of $ORIGIN/..": withRunPath("-Wl,-rpath,$ORIGIN/lib/../lib"),
  "RUNPATH with a word that only begins like ORIGIN": withRunPath("-Wl,-rpath,$ORIGINAL/lib"),
  "no run path": withRunPath(),
  LD_LIBRARY_PATH: (bench) => ({
    file: withRunPath()(bench) as string,
    env: { LD_LIBRARY_PATH: `/nowhere:${bench.path("lib")}` },
  }),
  "LD_LIBRARY_PATH with a relative folder": (bench) => ({
    file: withRunPath()(bench) as string,
    env: { LD_LIBRARY_PATH: relative(process.cwd(), bench.path("lib")) },
  }),
  "LD_LIBRARY_PATH with an empty part": (bench) => ({
    file: withRunPath()(bench) as string,
    env: { LD_LIBRARY_PATH: ":/nowhere" },
    cwd: bench.path("lib"),
  }),
  "an empty part of RUNPATH is the current folder": (bench) => ({
    file: withRunPath("-Wl,-rpath,/nowhere:")(bench) as string,
    cwd: bench.path("lib"),
  }),
  "an empty part of RUNPATH, with another current folder": withRunPath("-Wl,-rpath,/nowhere:"),
  "an empty RUNPATH is none": (bench) => ({
    file: withRunPath("-Wl,-rpath,")(bench) as string,
    cwd: bench.path("lib"),
  }),
  "a relative RPATH": (bench) => ({
    file: withRunPath("-Wl,--disable-new-dtags", "-Wl,-rpath,lib")(bench) as string,
    cwd: bench.dir,
  }),
  "LD_PRELOAD has the symbol": (bench) => {
    const preload = bench.so("preload.so", defines("lost"));
    return { file: bench.so("user.so", uses("lost")), env: { LD_PRELOAD: `/nowhere.so:${preload}` } };
  },
  "LD_PRELOAD has the library": (bench) => ({
    file: withRunPath()(bench) as string,
    env: { LD_PRELOAD: bench.path("lib/libdep.so") },
  }),
  "LD_PRELOAD needs the library that has the symbol": (bench) => {
    bench.so("lib/libdep.so", defines("dep"), "-Wl,-soname,libdep.so");
    const preload = bench.so("preload.so", module("0"), "-Llib", "-ldep", "-Wl,-rpath,$ORIGIN/lib");
    return { file: bench.so("user.so", uses("dep")), env: { LD_PRELOAD: preload } };
  },
  "RPATH is inherited": chain("-Wl,--disable-new-dtags"),
  "RUNPATH is not inherited": chain("-Wl,--enable-new-dtags"),
  "a script of the linker in an earlier folder ends the search": (bench) => {
    const file = withRunPath("-Wl,-rpath,$ORIGIN/first:$ORIGIN/lib")(bench) as string;
    mkdirSync(bench.path("first"));
    bench.write("first/libdep.so", "INPUT(-ldep)\n");
    return file;
  },
  "a library for another machine in an earlier folder is passed over": (bench) => {
    const file = withRunPath("-Wl,-rpath,$ORIGIN/first:$ORIGIN/lib")(bench) as string;
    const other = bench.so("first/libdep.so", defines("other"), "-Wl,-soname,libdep.so");
    const bytes = readFileSync(other);
    bytes.writeUInt16LE(243, 18);
    writeFileSync(other, bytes);
    return file;
  },
  "a library without the symbol in an earlier folder hides the right one": (bench) => {
    const file = withRunPath("-Wl,-rpath,$ORIGIN/first:$ORIGIN/lib")(bench) as string;
    bench.so("first/libdep.so", defines("other"), "-Wl,-soname,libdep.so");
    return file;
  },
  "LD_LIBRARY_PATH comes before RUNPATH": (bench) => {
    const file = withRunPath("-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN/lib")(bench) as string;
    bench.so("first/libdep.so", defines("other"), "-Wl,-soname,libdep.so");
    return { file, env: { LD_LIBRARY_PATH: bench.path("first") } };
  },
  "RPATH comes before LD_LIBRARY_PATH": (bench) => {
    const file = withRunPath("-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN/lib")(bench) as string;
    bench.so("first/libdep.so", defines("other"), "-Wl,-soname,libdep.so");
    return { file, env: { LD_LIBRARY_PATH: bench.path("first") } };
  },
  "needed by a path with a slash": (bench) => {
    const dep = bench.so("lib/libdep.so", defines("dep"));
    return bench.so("user.so", uses("dep"), dep);
  },
  "needed by a path that is gone": (bench) => {
    const dep = bench.so("lib/libdep.so", defines("dep"));
    const file = bench.so("user.so", uses("dep"), dep);
    rmSync(dep);
    return file;
  },
  "loaded through a link, with the library beside the file itself": (bench) => {
    withRunPath("-Wl,-rpath,$ORIGIN/lib")(bench);
    mkdirSync(bench.path("elsewhere"));
    symlinkSync(bench.path("user.so"), bench.path("elsewhere/user.so"));
    return bench.path("elsewhere/user.so");
  },
  "the library is a link": (bench) => {
    const file = withRunPath("-Wl,-rpath,$ORIGIN/links")(bench) as string;
    mkdirSync(bench.path("links"));
    symlinkSync("../lib/libdep.so", bench.path("links/libdep.so"));
    return file;
  },
  "a needed library lacks a symbol of its own": (bench) => {
    bench.so("lib/libdep.so", `int lost(void);\nint dep(void) { return lost(); }\n`, "-Wl,-soname,libdep.so");
    return bench.so("user.so", uses("dep"), "-Llib", "-ldep", "-Wl,--allow-shlib-undefined", "-Wl,-rpath,$ORIGIN/lib");
  },
  "two libraries that need each other": (bench) => {
    bench.so("lib/libb.so", defines("b"), "-Wl,-soname,libb.so");
    bench.so("lib/liba.so", `int b(void);\nint a(void) { return b(); }\n`, "-Llib", "-lb", "-Wl,-soname,liba.so");
    bench.so(
      "lib/libb.so",
      `int a(void);\nint b(void) { return 0 ? a() : 1; }\n`,
      "-Llib",
      "-la",
      "-Wl,-soname,libb.so",
    );
    const paths = ["-Wl,-rpath-link,lib", "-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN/lib"];
    return bench.so("user.so", uses("a"), "-Llib", "-la", ...paths);
  },

  "a symbol that nothing has": (bench) => bench.so("user.so", uses("lost")),
  "a weak symbol that nothing has": (bench) =>
    bench.so("user.so", `int lost(void) __attribute__((weak));\n${module("lost ? lost() : 0")}`),
  "a variable that nothing has": (bench) => bench.so("user.so", `extern int lost;\n${module("lost")}`),
  "a thread's variable that nothing has": (bench) =>
    bench.so("user.so", `extern __thread int lost;\n${module("lost")}`),
  "a thread's variable of a library": (bench) => {
    bench.so("lib/libdep.so", `__thread int dep = 1;\n`, "-Wl,-soname,libdep.so");
    return bench.so(
      "user.so",
      `extern __thread int dep;\n${module("dep")}`,
      "-Llib",
      "-ldep",
      "-Wl,-rpath,$ORIGIN/lib",
    );
  },
  "a function chosen when it is loaded (IFUNC)": (bench) => {
    const source = `static int one(void) { return 1; }\nstatic void* pick(void) { return one; }\nint dep(void) __attribute__((ifunc("pick")));\n`;
    bench.so("lib/libdep.so", source, "-Wl,-soname,libdep.so");
    return bench.so("user.so", uses("dep"), "-Llib", "-ldep", "-Wl,-rpath,$ORIGIN/lib");
  },
  "a symbol that became hidden": (bench) => {
    const file = withRunPath("-Wl,-rpath,$ORIGIN/lib")(bench) as string;
    const source = `__attribute__((visibility("hidden"))) ${defines("dep")}int other(void) { return dep(); }\n`;
    bench.so("lib/libdep.so", source, "-Wl,-soname,libdep.so");
    return file;
  },
  "a protected symbol": (bench) => {
    const file = withRunPath("-Wl,-rpath,$ORIGIN/lib")(bench) as string;
    bench.so("lib/libdep.so", `__attribute__((visibility("protected"))) ${defines("dep")}`, "-Wl,-soname,libdep.so");
    return file;
  },
  "a weak definition": (bench) => {
    const file = withRunPath("-Wl,-rpath,$ORIGIN/lib")(bench) as string;
    bench.so("lib/libdep.so", `__attribute__((weak)) ${defines("dep")}`, "-Wl,-soname,libdep.so");
    return file;
  },
  "an absolute symbol": (bench) => {
    const file = withRunPath("-Wl,-rpath,$ORIGIN/lib")(bench) as string;
    bench.so("lib/libdep.so", defines("other"), "-Wl,-soname,libdep.so", "-Wl,--defsym=dep=0x1234");
    return file;
  },
  "a unique symbol": (bench) => {
    bench.so(
      "lib/libdep.so",
      `asm(".globl dep\\n.type dep, %gnu_unique_object\\n.data\\ndep: .long 1\\n.size dep, 4\\n.text\\n");\n`,
      "-Wl,-soname,libdep.so",
    );
    return bench.so("user.so", `extern int dep;\n${module("dep")}`, "-Llib", "-ldep", "-Wl,-rpath,$ORIGIN/lib");
  },

  "versions: the same": versions("V1 { f; g; };", "V1 { f; g; };"),
  "versions: one more": versions("V1 { f; };", "V1 { f; };\nV2 { g; } V1;"),
  "versions: the node is gone": versions("V1 { g; };\nV2 { f; } V1;", "V1 { f; g; };"),
  "versions: the symbol has another one": versions("V1 { f; };\nV2 { g; } V1;", "V1 { g; };\nV2 { f; } V1;"),
  "versions: the library has none any more": versions("V1 { f; g; };", undefined),
  "versions: the symbol is local now": versions("V1 { f; g; };", "V1 { global: g; local: *; };"),
  "versions: the user has none": (bench) => {
    bench.so("lib/libver.so", defines("f"), "-Wl,-soname,libver.so");
    const file = bench.so("user.so", uses("f"), "-Llib", "-lver", "-Wl,-rpath,$ORIGIN/lib");
    const script = bench.write("versions.map", "V1 { f; };");
    bench.so("lib/libver.so", defines("f"), "-Wl,-soname,libver.so", `-Wl,--version-script=${script}`);
    return file;
  },
  "versions: the user has none, the only one is hidden": (bench) => {
    bench.so("lib/libver.so", defines("f"), "-Wl,-soname,libver.so");
    const file = bench.so("user.so", uses("f"), "-Llib", "-lver", "-Wl,-rpath,$ORIGIN/lib");
    const script = bench.write("versions.map", "V1 { };");
    const source = `int f_old(void) { return 1; }\nasm(".symver f_old, f@V1");\n`;
    bench.so("lib/libver.so", source, "-Wl,-soname,libver.so", `-Wl,--version-script=${script}`);
    return file;
  },
  "versions: a glibc of the future": (bench) => {
    const script = bench.write("versions.map", "GLIBC_2.99 { future; };");
    bench.so("lib/libc.so", defines("future"), "-nostdlib", "-Wl,-soname,libc.so.6", `-Wl,--version-script=${script}`);
    return bench.so("user.so", uses("future"), "-nostdlib", bench.path("lib/libc.so"));
  },

  "tables: only the GNU hash": (bench) => hashed(bench, "gnu"),
  "tables: only the old hash": (bench) => hashed(bench, "sysv"),
  "tables: both": (bench) => hashed(bench, "both"),
  "tables: packed relocations": (bench) =>
    bench.so(
      "user.so",
      `static int a, b, c;\nint* table[] = {&a, &b, &c};\n${module()}`,
      "-Wl,-z,pack-relative-relocs",
    ),
  "tables: bound at once": (bench) => bench.so("user.so", uses("lost"), "-Wl,-z,now"),
  "tables: stripped of sections' names": (bench) => {
    const file = withRunPath("-Wl,-rpath,$ORIGIN/lib")(bench) as string;
    const bytes = readFileSync(file);
    bytes.fill(0, 40, 48);
    bytes.fill(0, 58, 64);
    writeFileSync(file, bytes);
    return file;
  },
  "many symbols": (bench) => {
    const numbers = Array.from({ length: 3000 }, (_, i) => i);
    bench.so(
      "lib/libdep.so",
      numbers.map((i) => `int dep${i}(void) { return ${i}; }`).join("\n"),
      "-Wl,-soname,libdep.so",
    );
    const source = `${numbers.map((i) => `int dep${i}(void);`).join("\n")}\n${module(numbers.map((i) => `dep${i}()`).join("+"))}`;
    return bench.so("user.so", source, "-Llib", "-ldep", "-Wl,-rpath,$ORIGIN/lib");
  },

  "a program": (bench) => ({
    file: bench.compile("program", "int main(void) { return 0; }\n", ["-pie", "-fPIE"]),
    isProgram: true,
  }),
  "a program at a fixed place": (bench) => ({
    file: bench.compile("program", "int main(void) { return 0; }\n", ["-no-pie"]),
    isProgram: true,
  }),
  "a program without its library": (bench) => {
    bench.so("lib/libdep.so", defines("dep"), "-Wl,-soname,libdep.so");
    const source = `int dep(void);\nint main(void) { return dep() - 1; }\n`;
    return { file: bench.compile("program", source, ["-Llib", "-ldep"]), isProgram: true };
  },
  "an object": (bench) => bench.compile("object.o", module(), ["-c", "-fPIC"]),
  "flagged as not to be opened": (bench) => bench.so("user.so", module(), "-Wl,-z,nodlopen"),
  "more static memory for threads than is left": (bench) =>
    bench.so("user.so", `__thread char much[100000];\n${module("much[77]")}`, "-ftls-model=initial-exec"),
  "the run time of AddressSanitizer comes late": (bench) => bench.so("user.so", module(), "-fsanitize=address"),
  "the run time of AddressSanitizer comes with a library": (bench) => {
    bench.so("lib/libdep.so", defines("dep"), "-Wl,-soname,libdep.so", "-fsanitize=address");
    return bench.so("user.so", uses("dep"), "-Llib", "-ldep", "-Wl,-rpath,$ORIGIN/lib");
  },
  "the run time of AddressSanitizer is not to look at its place": (bench) => ({
    file: bench.so("user.so", module(), "-fsanitize=address"),
    env: { ASAN_OPTIONS: "detect_leaks=0:verify_asan_link_order=0" },
  }),
  "the run time of AddressSanitizer is in the process": (bench) => ({
    file: bench.so("user.so", module(), "-fsanitize=address"),
    env: { ASAN_OPTIONS: "detect_leaks=0", LD_PRELOAD: bench.runtime("libasan.so") },
  }),
  "debugging information alone": (bench) => {
    const file = bench.so("user.so", module(), "-g");
    execFileSync("objcopy", ["--only-keep-debug", file, `${file}.debug`]);
    return `${file}.debug`;
  },
  "a little static memory for threads": (bench) =>
    bench.so("user.so", `__thread char few[64];\n${module("few[7]")}`, "-ftls-model=initial-exec"),
  "packed relocations without the mark of glibc": (bench) => {
    const source = `static int a, b, c;\nint* table[] = {&a, &b, &c};\nint puts(const char*);\n${module('puts("")')}`;
    return bench.so("user.so", source, "-fuse-ld=lld", "-Wl,--pack-dyn-relocs=relr");
  },
  "for a processor of level 2": (bench) => bench.so("user.so", module(), "-Wl,-z,x86-64-v2"),
  "for a processor of level 4": (bench) => bench.so("user.so", module(), "-Wl,-z,x86-64-v4"),
  "a variant for this processor hides the plain library": (bench) => {
    const file = withRunPath("-Wl,-rpath,$ORIGIN/lib")(bench) as string;
    bench.so("lib/glibc-hwcaps/x86-64-v2/libdep.so", defines("other"), "-Wl,-soname,libdep.so");
    return file;
  },
  "a variant for an unknown processor is passed over": (bench) => {
    const file = withRunPath("-Wl,-rpath,$ORIGIN/lib")(bench) as string;
    bench.so("lib/glibc-hwcaps/x86-64-v9/libdep.so", defines("other"), "-Wl,-soname,libdep.so");
    return file;
  },
  "a variant for this processor in LD_LIBRARY_PATH": (bench) => {
    const file = withRunPath()(bench) as string;
    mkdirSync(bench.path("env/glibc-hwcaps/x86-64-v2"), { recursive: true });
    copyFileSync(bench.path("lib/libdep.so"), bench.path("env/glibc-hwcaps/x86-64-v2/libdep.so"));
    return { file, env: { LD_LIBRARY_PATH: bench.path("env") } };
  },
  "an undefined name that nothing asks for": (bench) => bench.so("user.so", module(), "-Wl,-u,lost"),
  "versions: the user has none, a later one is hidden": (bench) => {
    bench.so("lib/libver.so", defines("f"), "-Wl,-soname,libver.so");
    const file = bench.so("user.so", uses("f"), "-Llib", "-lver", "-Wl,-rpath,$ORIGIN/lib");
    const script = bench.write("versions.map", "V1 { g; };\nV2 { };\nV3 { };");
    const source = `int f_old(void) { return 1; }\nasm(".symver f_old, f@V3");\n${defines("g")}`;
    bench.so("lib/libver.so", source, "-Wl,-soname,libver.so", `-Wl,--version-script=${script}`);
    return file;
  },
  "versions: the user has none, the default is a late one": (bench) => {
    bench.so("lib/libver.so", defines("f"), "-Wl,-soname,libver.so");
    const file = bench.so("user.so", uses("f"), "-Llib", "-lver", "-Wl,-rpath,$ORIGIN/lib");
    const script = bench.write("versions.map", "V1 { g; };\nV2 { };\nV3 { };");
    const source = `int f_new(void) { return 1; }\nasm(".symver f_new, f@@V3");\nint f_old(void) { return 1; }\nasm(".symver f_old, f@V2");\n${defines("g")}`;
    bench.so("lib/libver.so", source, "-Wl,-soname,libver.so", `-Wl,--version-script=${script}`);
    return file;
  },

  "header: version 0": patched((bytes) => bytes.writeUInt8(0, 6)),
  "header: for FreeBSD": patched((bytes) => bytes.writeUInt8(9, 7)),
  "header: for GNU": patched((bytes) => bytes.writeUInt8(3, 7)),
  "header: another version of the ABI": patched((bytes) => bytes.writeUInt8(1, 8)),
  "header: something in its padding": patched((bytes) => bytes.writeUInt8(1, 10)),
  "header: of no type": patched((bytes) => bytes.writeUInt16LE(0, 16)),
  "header: a core": patched((bytes) => bytes.writeUInt16LE(4, 16)),
  "header: the other byte order": patched((bytes) => bytes.writeUInt8(2, 5)),
  "header: another version of the file": patched((bytes) => bytes.writeUInt32LE(2, 20)),
  "header: long program headers": patched((bytes) => bytes.writeUInt16LE(64, 54)),
  "header: no program headers": patched((bytes) => bytes.writeUInt16LE(0, 56)),
  "segments: none to load": patched((bytes) => segments(bytes, 1, (at) => bytes.writeUInt32LE(0, at))),
  "segments: no dynamic section": patched((bytes) => segments(bytes, 2, (at) => bytes.writeUInt32LE(0, at))),
  "segments: aligned to less than a page": patched((bytes) =>
    segments(bytes, 1, (at) => bytes.writeBigUInt64LE(0x800n, at + 48)),
  ),
  "segments: at an odd place": patched((bytes) =>
    segments(bytes, 1, (at) => bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at + 8) + 16n, at + 8)),
  ),
  "segments: a stack that may be run": (bench) => bench.so("user.so", module(), "-Wl,-z,execstack"),
  "symbols: hidden in the table": withSymbol((bytes, at) => bytes.writeUInt8(2, at + 5)),
  "symbols: internal in the table": withSymbol((bytes, at) => bytes.writeUInt8(1, at + 5)),
  "symbols: protected in the table": withSymbol((bytes, at) => bytes.writeUInt8(3, at + 5)),
  "symbols: local in the table": withSymbol((bytes, at) => bytes.writeUInt8(0x02, at + 4)),
  "symbols: without a value": withSymbol((bytes, at) => bytes.writeBigUInt64LE(0n, at + 8)),
  "symbols: a section's": withSymbol((bytes, at) => bytes.writeUInt8(0x13, at + 4)),
  "symbols: of a type that the loader does not know": withSymbol((bytes, at) => bytes.writeUInt8(0x1c, at + 4)),
  "symbols: common": withSymbol((bytes, at) => bytes.writeUInt8(0x15, at + 4)),
  "symbols: of no section any more": withSymbol((bytes, at) => bytes.writeUInt16LE(0, at + 6)),
  "tables: no hash table": (bench) => {
    const file = withRunPath("-Wl,-rpath,$ORIGIN/lib")(bench) as string;
    change(bench.path("lib/libdep.so"), (bytes) => {
      segments(bytes, 2, (at) => {
        const place = Number(bytes.readBigUInt64LE(at + 8));
        const length = Number(bytes.readBigUInt64LE(at + 32));
        for (let entry = place; entry < place + length; entry += 16) {
          const tag = bytes.readBigUInt64LE(entry);
          if (tag === 4n || tag === 0x6fff_fef5n) bytes.writeBigUInt64LE(0x6fff_fe00n, entry);
        }
      });
    });
    return file;
  },
  "cut off in its code": (bench) => cut(bench, (size) => Math.floor(size * 0.3)),
  "cut off in its header": (bench) => cut(bench, () => 40),
  "cut off behind its segments": (bench) => cut(bench, (size) => size - 64),
  empty: (bench) => bench.write("empty.so", ""),
  "a script of the linker": (bench) => bench.write("script.so", "INPUT(libm.so.6)\n"),
  "for another word size": (bench) => bench.so("user.so", module(), "-m32", "-nostdlib"),
};

function hashed(bench: Bench, style: string): string {
  bench.so("lib/libdep.so", defines("dep") + defines("more"), "-Wl,-soname,libdep.so", `-Wl,--hash-style=${style}`);
  return bench.so("user.so", uses("dep"), "-Llib", "-ldep", "-Wl,-rpath,$ORIGIN/lib", `-Wl,--hash-style=${style}`);
}

function change(file: string, edit: (bytes: Buffer) => void): void {
  const bytes = readFileSync(file);
  edit(bytes);
  writeFileSync(file, bytes);
}

/** A sound file, and a change to its bytes. */
function patched(edit: (bytes: Buffer) => void): Make {
  return (bench) => {
    const file = bench.so("user.so", module());
    change(file, edit);
    return file;
  };
}

/** Every program header of a type. */
function segments(bytes: Buffer, type: number, act: (at: number) => void): void {
  const first = Number(bytes.readBigUInt64LE(32));
  for (let at = first; at < first + bytes.readUInt16LE(56) * 56; at += 56) if (bytes.readUInt32LE(at) === type) act(at);
}

/** A library with `dep` in it, whose entry in the table is changed after a user was linked to it. */
function withSymbol(edit: (bytes: Buffer, at: number) => void): Make {
  return (bench) => {
    const file = withRunPath("-Wl,-rpath,$ORIGIN/lib")(bench) as string;
    change(bench.path("lib/libdep.so"), (bytes) => {
      const elf = openElf(bytesSource(bytes));
      const symbols = elf.ok ? elf.value.sections.find(({ name }) => name === ".dynsym") : undefined;
      const names = elf.ok ? elf.value.sections.find(({ name }) => name === ".dynstr") : undefined;
      if (symbols === undefined || names === undefined) throw new Error("no table of symbols");
      const wanted = bytes.indexOf("\0dep\0", names.offset) + 1 - names.offset;
      for (let at = symbols.offset; at < symbols.offset + symbols.size; at += 24)
        if (bytes.readUInt32LE(at) === wanted) edit(bytes, at);
    });
    return file;
  };
}

function cut(bench: Bench, length: (size: number) => number): string {
  const file = bench.so("user.so", `char data[50000] = {1};\n${module()}`);
  truncateSync(file, length(readFileSync(file).length));
  return file;
}

/** Empty when Python loaded it, else what the loader said. */
function loaded(python: string, { file, env = {}, cwd, isProgram = false }: Made): string {
  if (isProgram) return spawnSync(file, { env: { ...process.env, ...env }, encoding: "utf8" }).stderr;
  const script = `
import ctypes, os, sys
try:
    ctypes.CDLL(sys.argv[1], os.RTLD_NOW | os.RTLD_LOCAL)
except OSError as error:
    print(error)
`;
  const done = spawnSync(python, ["-c", script, file], { cwd, encoding: "utf8", env: { ...process.env, ...env } });
  return done.status === 0 ? done.stdout.trim() : `ended with ${done.status ?? done.signal ?? ""}`;
}

/** Of many files: what the loader says, each in a process of its own, empty where it says nothing. */
function loadedEach(python: string, files: readonly string[]): readonly string[] {
  const script = `
import ctypes, os, sys
for path in sys.argv[1:]:
    read, write = os.pipe()
    if os.fork() == 0:
        try:
            ctypes.CDLL(path, os.RTLD_NOW | os.RTLD_LOCAL)
            os.write(write, b"loaded")
        except OSError as error:
            os.write(write, str(error).replace("\\n", " ").encode())
        os._exit(0)
    os.close(write)
    said = os.read(read, 4096).decode() or "crashed"
    os.wait()
    print("" if said == "loaded" else said)
`;
  return execFileSync(python, ["-c", script, ...files], { encoding: "utf8" })
    .split("\n")
    .slice(0, files.length);
}

/** The interpreter itself, not a script that starts it. */
function interpreter(context: TestContext): string {
  const found = need(context, tool("python3"));
  realPython ??= execFileSync(found, ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();
  return realPython;
}

let realPython: string | undefined;
let known: JudgeEnvironment | undefined;

/** Asked once: the interpreter is the same in all cases. */
function environmentOf(executable: string): JudgeEnvironment {
  known ??= askEnvironment(executable);
  return known;
}

function askEnvironment(executable: string): JudgeEnvironment {
  const asked = execFileSync(
    executable,
    [
      "-c",
      "import sys, sysconfig; print(sys.version_info[0], sys.version_info[1], sysconfig.get_config_var('EXT_SUFFIX'))",
    ],
    { encoding: "utf8" },
  );
  const [major, minor, extensionSuffix = ""] = asked.trim().split(" ");
  return {
    platform: "linux",
    arch: host.arch,
    python: {
      executable,
      version: [Number(major), Number(minor), 0],
      implementation: "cpython",
      extensionSuffix,
      abi3Suffix: ".abi3.so",
      freeThreaded: false,
    },
    gpus: [],
  };
}

/** What `retorch inspect` says; a file that cannot be read counts as one that does not load. */
function judged({ file, env = {}, cwd = process.cwd() }: Made, environment: JudgeEnvironment): Verdict["loads"] {
  const report = inspectFile(host.fs, file);
  const source = fileSource(host.fs, file);
  if (!report.ok || source === undefined) return "no";
  const there = { fs: host.fs, env: { ...process.env, ...env }, cwd };
  return judge({ report: report.value, source, path: file, host: there, environment }).loads;
}

describe.runIf(process.platform === "linux")("the verdict and glibc's loader", () => {
  it.for(Object.keys(cases))("agree: %s", (name, context) => {
    const python = interpreter(context);
    need(context, compiler);
    const made = make(context, name);
    const truth = loaded(python, made);
    expect(judged(made, environmentOf(python)), truth).toBe(truth === "" ? "yes" : "no");
  });

  it("agree wherever the file ends", (context) => {
    const python = interpreter(context);
    need(context, compiler);
    const file = new Bench("cut anywhere").so("user.so", `static int a;\nint* table[] = {&a};\n${module()}`);
    const whole = readFileSync(file);
    const elf = openElf(bytesSource(whole));
    if (!elf.ok) throw new Error(elf.error.message);
    const ends = elf.value.sections.flatMap(({ offset, size }) => [offset, offset + size]);
    for (const segment of elf.value.segments) ends.push(segment.offset, segment.offset + segment.fileSize);
    const needed = Math.max(...elf.value.segments.map(({ offset, fileSize }) => offset + fileSize));
    const lengths = [...new Set(ends)].filter((length) => length < whole.length);
    const files = lengths.map((length) => {
      writeFileSync(`${file}.${length}`, whole.subarray(0, length));
      return `${file}.${length}`;
    });
    const environment = environmentOf(python);
    const truths = loadedEach(python, files);
    for (const [index, cutFile] of files.entries()) {
      const truth = truths[index] ?? "";
      const answer = judged({ file: cutFile }, environment);
      // Within the last page of a segment the loader does not notice; what is lost there is lost all the same.
      if (truth !== "") expect(answer, `${cutFile}: ${truth}`).toBe("no");
      else if (Number(cutFile.split(".").at(-1)) >= needed) expect(answer, cutFile).toBe("yes");
    }
  });

  it("agree on a copy of the file that lies elsewhere", (context) => {
    const python = interpreter(context);
    need(context, compiler);
    const bench = new Bench("moved");
    const file = withRunPath("-Wl,-rpath,$ORIGIN/lib")(bench) as string;
    mkdirSync(bench.path("away"));
    copyFileSync(file, bench.path("away/user.so"));
    const environment = environmentOf(python);
    expect(judged({ file }, environment)).toBe("yes");
    expect(judged({ file: bench.path("away/user.so") }, environment)).toBe("no");
    expect(loaded(python, { file: bench.path("away/user.so") })).not.toBe("");
  });
});

function make(context: TestContext, name: string): Made {
  try {
    const made = cases[name]?.(new Bench(name));
    if (made === undefined) throw new Error(name);
    return typeof made === "string" ? { file: made } : made;
  } catch (error) {
    // Old linkers know no packed relocations; few machines have the start files for another word size.
    const text = String(error);
    if (
      /unrecognized option|unknown -z option|unrecognized command-line option|cannot find 'ld'|warning: -z|cannot find|stubs-32|not supported/.test(
        text,
      )
    )
      return context.skip(text.slice(0, 200));
    throw error;
  }
}
