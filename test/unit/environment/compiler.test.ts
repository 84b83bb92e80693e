/** Which compiler and linker are taken, and what counts for their identity. */
import { describe, expect, test } from "vitest";
import { linkerFor } from "../../../src/environment/linker.ts";
import type { FakeHost } from "../../support/fake-host.ts";
import {
  addGcc,
  addToolkit,
  addTorch,
  addPython,
  emptyMachine,
  find,
  gccBanner,
  program,
  settle,
} from "./fake-machine.ts";
import { tinyElf } from "./tiny-elf.ts";

type Environment = Awaited<ReturnType<typeof find>>["environment"];

/** A machine with a torch of a version (which decides the C++ standard) and what a test adds. */
function machine(change: (host: FakeHost) => void, torch = "2.13.0+cpu"): FakeHost {
  const host = emptyMachine({ env: { PATH: "/usr/local/bin:/usr/bin", VIRTUAL_ENV: "/env" } });
  addPython(host, "/env/bin/python");
  addTorch(host, "/env/lib/python3.11/site-packages", { version: torch });
  change(host);
  settle(host);
  return host;
}

async function found(host: FakeHost): Promise<Environment> {
  return (await find(host)).environment;
}

describe("gcc", () => {
  test("with its parts", async () => {
    const { compiler, linker } = await found(machine((host) => addGcc(host)));
    const folder = "/usr/lib/gcc/x86_64-linux-gnu/12";
    expect(compiler).toMatchObject({
      family: "gcc",
      version: [12, 2, 0],
      target: "x86_64-linux-gnu",
      systemIncludeDirs: ["/usr/include/c++/12", `${folder}/include`, "/usr/include"],
      systemLibraryDirs: [folder, "/usr/lib"],
    });
    expect(compiler?.cxx).toMatchObject({ path: "/usr/bin/c++", version: "12.2.0", launcher: [] });
    expect(compiler?.cc?.path).toBe("/usr/bin/cc");
    expect(compiler?.cxx.parts.map(({ name }) => name)).toEqual(["driver", "cc1plus", "as"]);
    expect(compiler?.cc?.parts.map(({ name }) => name)).toEqual(["driver", "cc1", "as"]);
    expect(linker?.parts.map(({ name }) => name)).toEqual([
      "ld",
      "driver",
      "collect2",
      "lto-wrapper",
      "lto1",
      "liblto_plugin.so",
      "crtbeginS.o",
    ]);
    expect(compiler?.cxx.identity).not.toBe(compiler?.cc?.identity);
  });

  test("a file that may not be executed is no compiler", async () => {
    const host = machine((each) => {
      addGcc(each);
      each.write("/usr/local/bin/c++", "notes about c++", 0o644);
    });
    expect((await found(host)).compiler?.cxx.path).toBe("/usr/bin/c++");
  });

  test("its shared libraries are parts, those of the C run time are not", async () => {
    const host = machine((each) => {
      addGcc(each);
      program(
        each,
        "/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus",
        tinyElf({ needed: ["libisl.so.23", "libc.so.6", "libz.so.1"], runpath: "$ORIGIN/own" }),
      );
      each.write(
        "/usr/lib/gcc/x86_64-linux-gnu/12/own/libisl.so.23",
        tinyElf({ needed: ["libgmp.so.10", "libm.so.6"] }),
      );
      each.write("/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n");
      each.write("/etc/ld.so.conf.d/a.conf", "# comment\n/opt/lib\n");
      each.write("/opt/lib/libgmp.so.10", tinyElf());
      for (const name of ["libc.so.6", "libz.so.1", "libm.so.6"])
        each.write(`/usr/lib/x86_64-linux-gnu/${name}`, tinyElf());
    });
    const before = await found(host);
    expect(before.compiler?.cxx.parts.map(({ name }) => name)).toEqual([
      "driver",
      "cc1plus",
      "libisl.so.23",
      "libgmp.so.10",
      "as",
    ]);
    host.write("/usr/lib/x86_64-linux-gnu/libc.so.6", tinyElf({ filler: "new" }));
    settle(host);
    expect((await found(host)).compiler?.cxx.identity).toBe(before.compiler?.cxx.identity);
    host.write("/opt/lib/libgmp.so.10", tinyElf({ filler: "new" }));
    settle(host);
    expect((await found(host)).compiler?.cxx.identity).not.toBe(before.compiler?.cxx.identity);
  });

  test("a script is part of the identity, together with the compiler behind it", async () => {
    const host = machine((each) => {
      addGcc(each);
      program(each, "/usr/local/bin/c++", '#!/bin/sh\nexec g++ -march=native "$@"\n');
      each.onRun(({ argv }) =>
        argv[0] === "/usr/local/bin/c++"
          ? { stderr: gccBanner("g++", "12.2.0", "/usr/lib/gcc/x86_64-linux-gnu/12") }
          : undefined,
      );
    });
    const before = await found(host);
    expect(before.compiler?.cxx.path).toBe("/usr/local/bin/c++");
    expect(before.compiler?.cxx.parts.map(({ name }) => name)).toEqual(["driver", "driver behind", "cc1plus", "as"]);
    program(host, "/usr/local/bin/c++", '#!/bin/sh\nexec g++ -march=znver4 "$@"\n');
    settle(host);
    const after = await found(host);
    expect(after.compiler?.cxx.identity).not.toBe(before.compiler?.cxx.identity);
  });
});

describe("launchers", () => {
  function withCcache(host: FakeHost): void {
    addGcc(host, { names: ["g++", "c++", "g++-12"] });
    program(host, "/usr/bin/ccache");
    program(host, "/usr/bin/distcc");
    host.fs.mkdir("/usr/lib/ccache");
    for (const name of ["g++", "c++", "gcc", "cc"]) host.fs.symlink("../../bin/ccache", `/usr/lib/ccache/${name}`);
  }

  test.each<readonly [string, Record<string, string>, readonly string[]]>([
    ["links of the compiler's name", { PATH: "/usr/lib/ccache:/usr/bin" }, ["/usr/bin/ccache"]],
    ["a word of CXX", { CXX: "ccache c++" }, ["/usr/bin/ccache"]],
    ["two words of CXX", { CXX: "distcc ccache c++" }, ["/usr/bin/distcc", "/usr/bin/ccache"]],
    ["a link named by CXX", { CXX: "/usr/lib/ccache/c++" }, ["/usr/bin/ccache"]],
    ["lying about unused", { PATH: "/usr/bin" }, []],
  ])("%s: the identity is the compiler's", async (_, env, launcher) => {
    const plain = (await found(machine((host) => addGcc(host)))).compiler?.cxx;
    const host = machine(withCcache);
    Object.assign(host.env, env);
    const { compiler } = await found(host);
    expect(compiler?.cxx).toMatchObject({ path: "/usr/bin/c++", launcher });
    expect(compiler?.cxx.identity).toBe(plain?.identity);
    expect(host.spawns.some((command) => command.includes("ccache"))).toBe(false);
  });

  test.each([
    ["ccache g++ -m64", "'g++ -m64'", "g++ -m64"],
    ["/opt/gone/ccache g++", "g++", "g++"],
  ])("%s where that launcher is not there: told, with the command that works without it", async (cxx, word, plain) => {
    const host = machine((each) => addGcc(each, { names: ["g++"] }));
    host.env["CXX"] = cxx;
    const { compiler, problems } = await found(host);
    expect(compiler).toBeUndefined();
    expect(problems.compiler?.message).toMatch(/ccache` is not installed$/);
    expect(problems.compiler?.hint).toContain(`\`export CXX=${word}\``);
    expect(problems.compiler?.remedy).toEqual({ CXX: plain });
    host.env["CXX"] = "ccache nothing";
    const neither = (await found(host)).problems.compiler;
    expect([neither?.message, neither?.remedy]).toEqual([expect.stringMatching(/no such command$/), undefined]);
  });

  test("a link to a launcher with no compiler behind it is no compiler", async () => {
    const host = machine((each) => {
      program(each, "/usr/bin/ccache");
      each.fs.symlink("ccache", "/usr/bin/g++");
    });
    const { problems, attempts } = await found(host);
    expect(problems.compiler?.code).toBe("COMPILER_NOT_FOUND");
    expect(attempts.find(({ where }) => where.startsWith("`g++`"))?.why).toContain("no compiler of that name follows");
  });
});

describe("CXX", () => {
  test("with arguments, and by a path with spaces", async () => {
    const host = machine((each) => addGcc(each, { bin: "/opt/my tools/bin", names: ["g++"] }));
    host.env["CXX"] = "/opt/my tools/bin/g++";
    expect((await found(host)).compiler?.cxx).toMatchObject({ path: "/opt/my tools/bin/g++" });
    host.env["CXX"] = "'/opt/my tools/bin/g++' -m64";
    expect((await found(host)).compiler?.cxx).toMatchObject({ path: "/opt/my tools/bin/g++", arguments: ["-m64"] });
  });

  test.each([
    ["g++-99", "no such command"],
    ["/nowhere/g++", "no such program"],
    ["ccache", "a launcher without a compiler"],
    ["/usr/bin/false", "it does not work"],
    ["/usr/bin/true", "it does not answer like gcc or clang"],
  ])("%s is an error, and nothing else is taken in its place", async (cxx, why) => {
    const host = machine((each) => {
      addGcc(each);
      for (const name of ["true", "false"]) program(each, `/usr/bin/${name}`);
      each.onRun(({ argv }) =>
        argv[0] === "/usr/bin/false" ? { exitCode: 1 } : argv[0] === "/usr/bin/true" ? {} : undefined,
      );
    });
    host.env["CXX"] = cxx;
    const { compiler, problems } = await found(host);
    expect(compiler).toBeUndefined();
    expect(problems.compiler?.code).toBe("COMPILER_NOT_FOUND");
    expect(problems.compiler?.message).toContain(why);
  });

  test("one that is too old is taken, and said so", async () => {
    const host = machine((each) => {
      addGcc(each, { version: "12.2.0" });
      addGcc(each, { version: "9.4.0", names: ["g++-9"] });
    });
    host.env["CXX"] = "g++-9";
    const { compiler, problems } = await found(host);
    expect(compiler?.version).toEqual([9, 4, 0]);
    expect(problems.compiler?.code).toBe("COMPILER_TOO_OLD");
  });
});

describe("the first that is new enough for torch", () => {
  const both = (host: FakeHost): void => {
    addGcc(host, { version: "9.4.0" });
    addGcc(host, { version: "11.4.0", names: ["g++-11"] });
  };

  test("an old default gives way to a versioned one", async () => {
    const { compiler, attempts, problems } = await found(machine(both));
    expect(compiler?.cxx.path).toBe("/usr/bin/g++-11");
    expect(problems).not.toHaveProperty("compiler");
    expect(attempts.find(({ where }) => where.startsWith("`/usr/bin/c++`"))).toMatchObject({
      outcome: "rejected",
      why: "GCC 9.4.0, torch's C++20 needs 11",
    });
  });

  test("an older torch takes it", async () => {
    expect((await found(machine(both, "2.4.0"))).compiler?.cxx.path).toBe("/usr/bin/c++");
  });

  test("the too old one is taken when there is no other, with its problem", async () => {
    const { compiler, problems } = await found(machine((host) => addGcc(host, { version: "9.4.0" })));
    expect(compiler?.version).toEqual([9, 4, 0]);
    expect(problems.compiler).toMatchObject({
      code: "COMPILER_TOO_OLD",
      hint: expect.stringContaining("g++-11") as string,
    });
  });
});

describe("the host compiler of nvcc", () => {
  const site = "/env/lib/python3.11/site-packages";
  const cuda = (gccNewest: number) => (host: FakeHost) => {
    addTorch(host, site, { version: "2.13.0+cu130", cuda: "13.0" });
    addToolkit(host, "/usr/local/cuda", { gccNewest });
    addGcc(host, { version: "16.1.0" });
    addGcc(host, { version: "14.2.0", names: ["g++-14"] });
    addGcc(host, { version: "13.3.0", names: ["g++-13"] });
  };

  test("is the C++ compiler where the toolkit takes it", async () => {
    const { compiler, cudaHost } = await found(machine(cuda(16)));
    expect(cudaHost).toEqual(compiler);
  });

  test("is the newest that the toolkit takes where it does not", async () => {
    const { compiler, cudaHost, problems } = await found(machine(cuda(14)));
    expect(compiler?.version).toEqual([16, 1, 0]);
    expect(cudaHost?.cxx.path).toBe("/usr/bin/g++-14");
    expect(problems).not.toHaveProperty("compiler");
  });

  test("is a problem where there is none", async () => {
    const { cudaHost, problems } = await found(machine(cuda(12)));
    expect(cudaHost?.version).toEqual([16, 1, 0]);
    expect(problems.compiler).toMatchObject({
      code: "COMPILER_TOO_NEW",
      message: expect.stringContaining("GCC 12 or older") as string,
    });
  });

  test.each([
    ["CC", "gcc-13", "/usr/bin/gcc-13"],
    ["NVCC_CCBIN", "/usr/bin/g++-13", "/usr/bin/g++-13"],
    ["CUDAHOSTCXX", "g++-14", "/usr/bin/g++-14"],
  ])("%s=%s wins", async (name, value, path) => {
    const host = machine((each) => {
      cuda(16)(each);
      each.onRun(({ argv }) =>
        argv[0] === "/usr/bin/gcc-13" && argv.includes("-v")
          ? { stderr: gccBanner("/usr/bin/gcc-13", "13.3.0", "/usr/lib/gcc/x86_64-linux-gnu/13") }
          : undefined,
      );
    });
    host.env[name] = value;
    expect((await found(host)).cudaHost?.cxx.path).toBe(path);
  });

  test("is known, where a variable names one that the toolkit does not take", async () => {
    const host = machine(cuda(14));
    host.env["CC"] = "/usr/bin/g++";
    const { cudaHost, cudaHostInstead } = await found(host);
    expect([cudaHost?.version[0], cudaHostInstead?.cxx.path]).toEqual([16, "/usr/bin/g++-14"]);
    const none = machine(cuda(12));
    none.env["CC"] = "/usr/bin/g++";
    expect(await found(none)).not.toHaveProperty("cudaHostInstead");
    expect(await found(machine(cuda(16)))).not.toHaveProperty("cudaHostInstead");
  });

  test("a folder in NVCC_CCBIN stands for the compiler in it", async () => {
    const host = machine((each) => {
      cuda(16)(each);
      addGcc(each, { version: "13.3.0", bin: "/opt/gcc13/bin", names: ["g++"] });
    });
    host.env["NVCC_CCBIN"] = "/opt/gcc13/bin";
    expect((await found(host)).cudaHost?.cxx.path).toBe("/opt/gcc13/bin/g++");
  });

  test("without a toolkit there is none", async () => {
    expect(await found(machine((host) => addGcc(host)))).not.toHaveProperty("cudaHost");
  });
});

describe("clang", () => {
  const banner = (target: string): string => `Debian clang version 19.1.7 (3~deb12u1)
Target: ${target}
InstalledDir: /usr/lib/llvm-19/bin
 (in-process)
 "/usr/lib/llvm-19/bin/clang" -cc1 -triple ${target} -E -x c++ /dev/null
#include <...> search starts here:
 /usr/include
End of search list.
`;

  function withClang(host: FakeHost): void {
    program(
      host,
      "/usr/lib/llvm-19/bin/clang",
      tinyElf({ needed: ["libclang-cpp.so.19.1", "libLLVM.so.19.1", "libc.so.6"], runpath: "$ORIGIN/../lib" }),
    );
    host.write("/usr/lib/llvm-19/lib/libclang-cpp.so.19.1", tinyElf({ filler: "front end" }));
    host.write("/usr/lib/llvm-19/lib/libLLVM.so.19.1", tinyElf({ filler: "back end" }));
    program(host, "/usr/bin/ld");
    host.fs.symlink("../lib/llvm-19/bin/clang", "/usr/bin/clang++-19");
    host.fs.symlink("../lib/llvm-19/bin/clang", "/usr/bin/clang-19");
    program(host, "/usr/lib/llvm-19/bin/ld.lld");
    host.write("/usr/lib/gcc/12/crtbeginS.o", "");
    host.onRun(({ argv }) => {
      if (argv[0] !== "/usr/bin/clang++-19") return undefined;
      if (argv.includes("-v")) return { stderr: banner("x86_64-pc-linux-gnu") };
      return { stderr: ' "/usr/bin/ld" "-shared" "/usr/lib/gcc/12/crtbeginS.o" "-L/usr/lib/gcc/12" "-o" "a.out"\n' };
    });
  }

  test("is known by its libraries; clang and clang++ differ although they are one file", async () => {
    const host = machine(withClang);
    host.env["CXX"] = "clang++-19";
    const before = await found(host);
    expect(before.compiler).toMatchObject({ family: "clang", version: [19, 1, 7], target: "x86_64-pc-linux-gnu" });
    expect(before.compiler?.cxx.parts.map(({ name }) => name)).toEqual([
      "driver",
      "libclang-cpp.so.19.1",
      "libLLVM.so.19.1",
    ]);
    expect(before.compiler?.cxx.identity).not.toBe(before.compiler?.cc?.identity);
    expect(before.linker?.parts.map(({ name }) => name)).toContain("crtbeginS.o");
    host.write("/usr/lib/llvm-19/lib/libLLVM.so.19.1", tinyElf({ filler: "another back end" }));
    settle(host);
    expect((await found(host)).compiler?.cxx.identity).not.toBe(before.compiler?.cxx.identity);
  });

  test("is found when it is the only one", async () => {
    expect((await found(machine(withClang))).compiler?.cxx.path).toBe("/usr/bin/clang++-19");
  });
});

describe("linkers", () => {
  const several = (host: FakeHost): void => {
    addGcc(host);
    program(host, "/usr/bin/ld.bfd", "bfd");
    program(host, "/usr/bin/ld.mold", "mold");
    program(host, "/opt/ld/my-ld", "mine");
  };

  test("flags choose the identity", async () => {
    const { environment } = await find(machine(several), { linkFlags: ["-Wl,-O1", "--ld-path=/opt/ld/my-ld"] });
    const path = (...flags: string[]): string => {
      const linker = linkerFor(environment, flags);
      return linker.ok ? linker.value.path : `${linker.error.code}: ${linker.error.message}`;
    };
    expect(path()).toBe("/usr/bin/ld");
    expect(path("-s", "-fuse-ld=bfd", "-fuse-ld=mold")).toBe("/usr/bin/ld.mold");
    expect(path("--ld-path=/opt/ld/my-ld")).toBe("/opt/ld/my-ld");
    expect(path("-fuse-ld=gold")).toBe("LINKER_NOT_FOUND: `-fuse-ld=gold` asks for `ld.gold`, which is not installed");
    const mold = environment.linkers?.["mold"];
    expect(mold?.identity).toBeDefined();
    expect(mold?.identity).not.toBe(environment.linker?.identity);
  });
});

describe("other platforms, by value", () => {
  test("macOS: Apple clang, known by what lies behind the shim", async () => {
    const host = emptyMachine({ platform: "darwin", arch: "arm64", env: { PATH: "/usr/bin" } });
    for (const name of ["c++", "cc", "clang++", "clang", "ld"]) program(host, `/usr/bin/${name}`, "xcode shim");
    program(host, "/Xcode/usr/bin/clang", "apple clang");
    host.onRun(({ argv }) => {
      if (argv[0] !== "/usr/bin/c++") return undefined;
      return argv.includes("-v")
        ? {
            stderr:
              'Apple clang version 15.0.0 (clang-1500.3.9.4)\nTarget: arm64-apple-darwin23.4.0\n "/Xcode/usr/bin/clang" -cc1 -triple arm64-apple-macosx14.0.0 -E\n',
          }
        : { stderr: ' "/usr/bin/ld" "-dynamic" "-arch" "arm64" "-o" "a.out"\n' };
    });
    settle(host);
    const before = await found(host);
    expect(before.compiler).toMatchObject({
      family: "apple-clang",
      target: "arm64-apple-darwin23.4.0",
      version: [15, 0, 0],
    });
    expect(before.linker?.path).toBe("/usr/bin/ld");
    program(host, "/Xcode/usr/bin/clang", "a newer apple clang");
    settle(host);
    expect((await found(host)).compiler?.cxx.identity).not.toBe(before.compiler?.cxx.identity);
  });

  const tools = "C:\\VS\\VC\\Tools\\MSVC\\14.40.33807";
  const bin = `${tools}\\bin\\Hostx64\\x64`;

  function windows(env: Record<string, string>): FakeHost {
    const host = emptyMachine({ platform: "win32", env });
    for (const name of ["cl.exe", "link.exe", "c1xx.dll", "c2.dll"]) host.write(`${bin}\\${name}`, name);
    host.onRun(({ argv }) =>
      argv[0]?.toLowerCase().endsWith("\\cl.exe") === true
        ? { stderr: "Microsoft (R) C/C++ Optimizing Compiler Version 19.40.33811 for x64\r\n", exitCode: 0 }
        : undefined,
    );
    settle(host);
    return host;
  }

  test("Windows: cl of an active developer prompt", async () => {
    const host = windows({ PATH: bin, INCLUDE: "C:\\inc;C:\\sdk\\um", LIB: "C:\\lib" });
    const { environment } = await find(host, { projectRoot: "C:\\project", cacheDir: "C:\\cache" });
    expect(environment.compiler).toMatchObject({
      family: "msvc",
      version: [19, 40, 33811],
      target: "x64",
      systemIncludeDirs: ["C:\\inc", "C:\\sdk\\um"],
    });
    expect(environment.compiler).not.toHaveProperty("env");
    expect(environment.compiler?.cxx.parts.map(({ name }) => name)).toEqual(["cl", "c1xx.dll", "c2.dll"]);
    expect(environment.linker?.path).toBe(`${bin}\\link.exe`);
  });

  test("Windows: Visual Studio by vswhere, with the variables of a developer prompt", async () => {
    const host = windows({ PATH: "C:\\Windows" });
    const vswhere = "C:\\Program Files (x86)\\Microsoft Visual Studio\\Installer\\vswhere.exe";
    host.write(vswhere, "");
    host.write("C:\\VS\\VC\\Auxiliary\\Build\\Microsoft.VCToolsVersion.default.txt", "14.40.33807\r\n");
    for (const version of ["10.0.19041.0", "10.0.22621.0"])
      host.fs.mkdir(`C:\\Program Files (x86)\\Windows Kits\\10\\Include\\${version}\\um`);
    host.onRun(({ argv }) => (argv[0] === vswhere ? { stdout: "C:\\VS\r\n" } : undefined));
    settle(host);
    const { environment } = await find(host, { projectRoot: "C:\\project", cacheDir: "C:\\cache" });
    expect(environment.compiler?.cxx.path).toBe(`${bin}\\cl.exe`);
    expect(environment.compiler?.env?.["INCLUDE"]).toContain("Include\\10.0.22621.0\\um");
    expect(environment.compiler?.env?.["LIB"]).toContain(`${tools}\\lib\\x64`);
    expect(environment.compiler?.env?.["PATH"]?.startsWith(bin)).toBe(true);
  });

  test("Windows without Visual Studio", async () => {
    const host = emptyMachine({ platform: "win32", env: { PATH: "C:\\Windows" } });
    const { environment } = await find(host, { projectRoot: "C:\\project", cacheDir: "C:\\cache" });
    expect(environment.problems.compiler).toMatchObject({
      code: "COMPILER_NOT_FOUND",
      hint: expect.stringContaining("Visual Studio") as string,
    });
  });
});
