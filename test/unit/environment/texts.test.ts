/** What tools print and files say, read as text. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../../src/base/digest.ts";
import { parseBanner, parseClBanner, parseLinkCommand } from "../../../src/environment/compiler-output.ts";
import { cSibling } from "../../../src/environment/compiler-facts.ts";
import { evaluateProfile, parseNvccVersion, parseVersionJson } from "../../../src/environment/cuda-toolkit.ts";
import { fit } from "../../../src/environment/cuda-versions.ts";
import { isTooOld, oldestCompiler, oldestCuda } from "../../../src/environment/cxx-standard.ts";
import { parseSmi, visibleDevices } from "../../../src/environment/gpu.ts";
import { parseHostConfig, refusal, tabledBounds } from "../../../src/environment/host-compiler-bounds.ts";
import { isLauncherName, splitLauncher } from "../../../src/environment/launcher.ts";
import { parseLinkerVersion } from "../../../src/environment/linker.ts";
import { parsePythonAnswer } from "../../../src/environment/python-script.ts";
import { toolIdentity } from "../../../src/environment/tool-identity.ts";
import { parsePybind11Abi } from "../../../src/environment/torch-symbols.ts";
import {
  cudaOfLocalVersion,
  cxx11AbiByVersion,
  cxxStandardOf,
  parseVersionHeader,
  parseVersionPy,
} from "../../../src/environment/torch-version.ts";
import { splitWords } from "../../../src/environment/words.ts";
import { gccBanner, hostConfig, profile } from "./fake-machine.ts";

describe("version.py", () => {
  test("of a CPU wheel of 2.13", () => {
    const text = `from typing import Optional

__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip', 'rocm', 'xpu']
__version__ = '2.13.0+cpu'
debug = False
cuda: Optional[str] = None
git_version = 'cf30153c4c131c8164ee7798e5022d810682e2cb'
hip: Optional[str] = None
rocm: Optional[str] = None
xpu: Optional[str] = None
`;
    expect(parseVersionPy(text)).toEqual({
      version: "2.13.0+cpu",
      gitVersion: "cf30153c4c131c8164ee7798e5022d810682e2cb",
      debug: false,
    });
  });

  test("of Debian's 1.13, of a CUDA, a ROCm, an XPU and a debug build", () => {
    expect(
      parseVersionPy("__version__ = '1.13.0a0'\ndebug = False\ncuda = None\ngit_version = 'Unknown'\nhip = None\n"),
    ).toEqual({
      version: "1.13.0a0",
      debug: false,
    });
    expect(parseVersionPy("__version__ = \"2.14.1+cu130\"\ncuda: Optional[str] = '13.0'\n")).toMatchObject({
      cudaVersion: "13.0",
    });
    expect(
      parseVersionPy("__version__ = '2.5.1+rocm6.2'\ncuda = None\nhip: Optional[str] = '6.2.41133-dd7f95766'\n"),
    ).toMatchObject({
      hipVersion: "6.2.41133-dd7f95766",
    });
    expect(parseVersionPy("__version__ = '2.8.0+xpu'\nxpu: Optional[str] = '20250101'\ndebug = True\n")).toMatchObject({
      xpuVersion: "20250101",
      debug: true,
    });
  });

  test("without a version is none", () => {
    expect(parseVersionPy("cuda = '12.1'\n")).toBeUndefined();
    expect(parseVersionPy("")).toBeUndefined();
  });

  test("version header and local versions", () => {
    expect(
      parseVersionHeader(
        "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 14\n#define TORCH_VERSION_PATCH 1\n",
      ),
    ).toBe("2.14.1");
    expect(parseVersionHeader("#include <torch/headeronly/version.h>\n")).toBeUndefined();
    expect(["2.5.1+cu124", "1.9.0+cu111", "1.7.1+cu92", "2.13.0+cpu", "2.13.0"].map(cudaOfLocalVersion)).toEqual([
      "12.4",
      "11.1",
      "9.2",
      undefined,
      undefined,
    ]);
  });

  test.each([
    [[1, 13, 0], "14"],
    [[2, 0, 1], "14"],
    [[2, 1, 0], "17"],
    [[2, 12, 1], "17"],
    [[2, 13, 0], "20"],
    [[3, 0], "20"],
  ] as const)("C++ standard of %j is %s", (release, standard) => {
    expect(cxxStandardOf(release)).toBe(standard);
  });

  test.each([
    ["2.5.1+cu124", [2, 5, 1], false],
    ["2.5.1+cpu.cxx11.abi", [2, 5, 1], true],
    ["2.6.0+cu124", [2, 6, 0], false],
    ["2.6.0+cu126", [2, 6, 0], true],
    ["2.7.0", [2, 7, 0], true],
  ] as const)("C++11 ABI of the wheel %s", (version, release, abi) => {
    expect(cxx11AbiByVersion(version, release)).toBe(abi);
  });
});

describe("compilers", () => {
  test("g++", () => {
    const folder = "/usr/lib/gcc/x86_64-linux-gnu/12";
    expect(parseBanner(gccBanner("/usr/bin/g++", "12.2.0", folder))).toEqual({
      family: "gcc",
      version: "12.2.0",
      target: "x86_64-linux-gnu",
      includeDirs: ["/usr/include/c++/12", `${folder}/include`, "/usr/include"],
      programDirs: [`${folder}/`, `${folder}/`],
      libraryDirs: [`${folder}/`, "/usr/lib/"],
      driver: "/usr/bin/g++",
      compiler: `${folder}/cc1plus`,
      configFiles: [],
    });
  });

  test("gcc with a linker and an assembler of its own", () => {
    const text =
      "Target: x\nConfigured with: ../gcc/configure --with-ld=/opt/gnu/bin/ld --with-as=/opt/gnu/bin/as --prefix=/opt\ngcc version 13.1.0 (GCC)\n";
    expect(parseBanner(text)).toMatchObject({
      configuredLinker: "/opt/gnu/bin/ld",
      configuredAssembler: "/opt/gnu/bin/as",
    });
  });

  test("clang++, with a configuration file", () => {
    const text = `Debian clang version 19.1.7 (3~deb12u1)
Target: x86_64-pc-linux-gnu
Thread model: posix
InstalledDir: /usr/lib/llvm-19/bin
Configuration file: /etc/clang/clang++.cfg
 (in-process)
 "/usr/lib/llvm-19/bin/clang" -cc1 -triple x86_64-pc-linux-gnu -E -x c++ /dev/null
clang -cc1 version 19.1.7 based upon LLVM 19.1.7 default target x86_64-pc-linux-gnu
#include "..." search starts here:
#include <...> search starts here:
 /usr/lib/llvm-19/lib/clang/19/include
 /usr/include
End of search list.
`;
    expect(parseBanner(text)).toMatchObject({
      family: "clang",
      version: "19.1.7",
      compiler: "/usr/lib/llvm-19/bin/clang",
      configFiles: ["/etc/clang/clang++.cfg"],
      includeDirs: ["/usr/lib/llvm-19/lib/clang/19/include", "/usr/include"],
    });
  });

  test("Apple clang, whose frameworks are no include folders", () => {
    const text = `Apple clang version 15.0.0 (clang-1500.3.9.4)
Target: arm64-apple-darwin23.4.0
 "/Library/Developer/CommandLineTools/usr/bin/clang" -cc1 -triple arm64-apple-macosx14.0.0 -E
#include <...> search starts here:
 /Library/Developer/CommandLineTools/usr/include
 /Library/Developer/CommandLineTools/SDKs/MacOSX.sdk/System/Library/Frameworks (framework directory)
End of search list.
`;
    expect(parseBanner(text)).toMatchObject({
      family: "apple-clang",
      version: "15.0.0",
      includeDirs: ["/Library/Developer/CommandLineTools/usr/include"],
    });
  });

  test("what is no compiler", () => {
    expect(parseBanner("usage: foo [options]\n")).toBeUndefined();
    expect(parseBanner("")).toBeUndefined();
  });

  test("cl", () => {
    const text =
      "Microsoft (R) C/C++ Optimizing Compiler Version 19.40.33811 for x64\r\nCopyright (C) Microsoft Corporation.\r\n";
    expect(parseClBanner(text)).toEqual({ version: "19.40.33811", target: "x64" });
    expect(parseClBanner("not found")).toBeUndefined();
  });

  test("the link command of clang", () => {
    const text = ` "/usr/lib/llvm-19/bin/clang" "-cc1" "-emit-obj" "-o" "/tmp/x.o"
 "/usr/bin/ld" "-shared" "-o" "a.out" "/lib/x86_64-linux-gnu/crti.o" "/usr/lib/gcc/12/crtbeginS.o" "-L/usr/lib/gcc/12" "-L/usr/lib" "/tmp/x.o" "-lc"
`;
    expect(parseLinkCommand(text)).toEqual({
      linker: "/usr/bin/ld",
      libraryDirs: ["/usr/lib/gcc/12", "/usr/lib"],
      objects: ["/lib/x86_64-linux-gnu/crti.o", "/usr/lib/gcc/12/crtbeginS.o"],
    });
    expect(parseLinkCommand("clang: error: no input files\n")).toBeUndefined();
  });

  test.each([
    ["g++", "gcc"],
    ["x86_64-linux-gnu-g++-12", "x86_64-linux-gnu-gcc-12"],
    ["clang++-19", "clang-19"],
    ["c++", "cc"],
    ["x86_64-conda-linux-gnu-c++", "x86_64-conda-linux-gnu-cc"],
    ["gcc-12", "gcc-12"],
    ["icpx", undefined],
  ])("the C compiler beside %s is %s", (cxx, cc) => {
    expect(cSibling(cxx)).toBe(cc);
  });

  test("linkers", () => {
    expect(parseLinkerVersion("GNU ld (GNU Binutils for Debian) 2.40\nCopyright")).toEqual({
      name: "ld",
      version: "2.40",
    });
    expect(parseLinkerVersion("mold 1.10.1 (compatible with GNU ld)")).toEqual({ name: "mold", version: "1.10.1" });
    expect(parseLinkerVersion("Debian LLD 19.1.7 (compatible with GNU linkers)")).toEqual({
      name: "lld",
      version: "19.1.7",
    });
    expect(parseLinkerVersion("GNU gold (GNU Binutils for Debian 2.40) 1.16")).toEqual({
      name: "gold",
      version: "2.40",
    });
    expect(parseLinkerVersion("@(#)PROGRAM:ld PROJECT:ld-1053.12\n")).toEqual({ name: "ld64", version: "1053.12" });
    expect(parseLinkerVersion("")).toBeUndefined();
  });
});

describe("which compilers know which standard", () => {
  test.each([
    ["gcc", [10, 2, 1], "20", true],
    ["gcc", [11, 1, 0], "20", false],
    ["gcc", [8, 3, 0], "17", true],
    ["gcc", [9, 1, 0], "17", false],
    ["gcc", [9, 1, 0], "gnu++17", false],
    ["gcc", [9, 4, 0], "c++2a", true],
    ["gcc", [4, 8, 5], "14", true],
    ["clang", [9, 0, 1], "20", true],
    ["clang", [14, 0, 0], "20", false],
    ["msvc", [19, 28, 0], "20", true],
    ["msvc", [19, 40, 33811], "20", false],
    ["apple-clang", [15, 0, 0], "20", false],
    ["gcc", [4, 8, 5], "11", false],
    ["gcc", [4, 8, 5], "nonsense", false],
  ] as const)("%s %j and C++%s: too old is %s", (family, version, standard, expected) => {
    expect(isTooOld({ family, version }, standard)).toBe(expected);
  });

  test("names the oldest that will do", () => {
    expect(oldestCompiler("gcc", "20")).toBe("11");
    expect(oldestCompiler("gcc", "23")).toBe("11");
    expect(oldestCuda("20")).toBe("12.0");
    expect(oldestCuda("17")).toBe("11.0");
  });
});

describe("CUDA", () => {
  test("version.json", () => {
    const text =
      '{"cuda": {"name": "CUDA SDK", "version": "12.4.1"}, "cuda_nvcc": {"name": "CUDA NVCC", "version": "12.4.131"}}';
    expect(parseVersionJson(text)).toEqual({ version: "12.4", nvccVersion: "12.4.131" });
    expect(parseVersionJson('{"cuda": {"version": "11.1.0"}}')).toEqual({ version: "11.1" });
    expect(parseVersionJson('{"cuda": 3}')).toBeUndefined();
    expect(parseVersionJson("[1")).toBeUndefined();
  });

  test("nvcc --version", () => {
    const text =
      "nvcc: NVIDIA (R) Cuda compiler driver\nCuda compilation tools, release 13.0, V13.0.88\nBuild cuda_13.0.r13.0/compiler.36424714_0\n";
    expect(parseNvccVersion(text)).toEqual({ version: "13.0", nvccVersion: "13.0.88" });
    expect(parseNvccVersion("nvcc fatal")).toBeUndefined();
  });

  test("nvcc.profile, with and without a targets folder", () => {
    const flat = evaluateProfile(profile, { bin: "/cuda/bin", targets: () => false });
    expect(flat.get("TOP")).toBe("/cuda/bin/..");
    expect(flat.get("CICC_PATH")).toBe("/cuda/bin/../nvvm/bin");
    expect(flat.get("INCLUDES")).toContain('"-I/cuda/bin/..//include"');
    expect(flat.get("LIBRARIES")).toContain('"-L/cuda/bin/..//lib64"');
    const target = evaluateProfile(profile, { bin: "/cuda/bin", targets: (dir) => dir === "targets/x86_64-linux" });
    expect(target.get("INCLUDES")).toContain('"-I/cuda/bin/../targets/x86_64-linux/include"');
    expect(target.get("LIBRARIES")).toContain('"-L/cuda/bin/../targets/x86_64-linux/lib"');
  });

  test("how well versions fit", () => {
    expect(fit("13.0", "13.0")).toBe(2);
    expect(fit("13.1", "13.0")).toBe(1);
    expect(fit("12.4", "13.0")).toBe(0);
    expect(fit("12.4", "12")).toBe(2);
  });

  test("host_config.h: not the conditions of special compilers", () => {
    expect(parseHostConfig(hostConfig(15, 21), "f")).toEqual({
      source: "f",
      gccNewest: 15,
      clangBelow: 21,
      clangOldest: 3,
      msvcBelow: 1950,
      msvcOldest: 1920,
    });
    expect(parseHostConfig("#if __GNUC__ > 4 || (__GNUC__ == 4 && __GNUC_MINOR__ > 9)\n", "f")).toEqual({
      source: "f",
      gccNewest: 4,
    });
    expect(parseHostConfig("#error nothing here\n", "f")).toBeUndefined();
  });

  test("the table stands in, for versions that it knows", () => {
    expect(tabledBounds("11.8")).toMatchObject({ gccNewest: 11, clangBelow: 14 });
    expect(tabledBounds("12.1")).toMatchObject({ gccNewest: 12, clangBelow: 15 });
    expect(tabledBounds("12.9")).toMatchObject({ gccNewest: 14, clangBelow: 19 });
    expect(tabledBounds("13.0")).toMatchObject({ gccNewest: 15, clangBelow: 21 });
    expect(tabledBounds("13.1")).toBeUndefined();
    expect(tabledBounds("10.2")).toBeUndefined();
  });

  test.each([
    ["gcc", [16, 1, 0], "too new"],
    ["gcc", [15, 2, 0], undefined],
    ["clang", [21, 0, 0], "too new"],
    ["clang", [20, 1, 0], undefined],
    ["clang", [2, 9, 0], "too old"],
    ["msvc", [19, 50, 0], "too new"],
    ["msvc", [19, 44, 0], undefined],
    ["msvc", [19, 16, 0], "too old"],
    ["apple-clang", [99, 0, 0], undefined],
  ] as const)("a host compiler %s %j is %s", (family, version, reason) => {
    expect(refusal(parseHostConfig(hostConfig(15, 21), "f"), { family, version })?.reason).toBe(reason);
  });
});

describe("GPUs", () => {
  const smi = `0, GPU-aaaa, NVIDIA H200, 9.0, 570.86.15
1, GPU-bbbb, NVIDIA RTX 6000, Ada Generation, 8.9, 570.86.15
`;

  test("lines of nvidia-smi", () => {
    expect(parseSmi(smi)).toEqual([
      { index: 0, uuid: "GPU-aaaa", name: "NVIDIA H200", computeCapability: [9, 0], driverVersion: "570.86.15" },
      {
        index: 1,
        uuid: "GPU-bbbb",
        name: "NVIDIA RTX 6000, Ada Generation",
        computeCapability: [8, 9],
        driverVersion: "570.86.15",
      },
    ]);
    expect(parseSmi('Field "compute_cap" is not a valid field to query.\n')).toEqual([]);
    expect(parseSmi("No devices were found\n")).toEqual([]);
  });

  test.each([
    [undefined, [0, 1]],
    ["", []],
    ["-1", []],
    ["1", [1]],
    ["1,0", [1, 0]],
    ["1,7,0", [1]],
    ["GPU-b", [1]],
    ["MIG-GPU-aaaa/1/0", [0]],
    ["0,0", [0]],
    ["MIG-41b36db5-5e40-5bbd-8a5c-eb21f2a4b2f0", [0, 1]],
    ["MIG-", []],
  ] as const)("CUDA_VISIBLE_DEVICES=%s", (mask, indices) => {
    expect(visibleDevices(parseSmi(smi), mask).map(({ index }) => index)).toEqual(indices);
  });
});

describe("words of a command", () => {
  test.each([
    ["ccache g++", ["ccache", "g++"]],
    ["  g++\t-m64 ", ["g++", "-m64"]],
    ["'/a b/g++' -DX=\"y z\"", ["/a b/g++", "-DX=y z"]],
    ["a\\ b", ["a b"]],
    ['"a\\"b"', ['a"b']],
    ["''", [""]],
    ["", []],
  ])("%s", (text, words) => {
    expect(splitWords(text, "linux")).toEqual(words);
  });

  test("on Windows a backslash is a letter", () => {
    expect(splitWords('"C:\\Program Files\\cl.exe" /nologo', "win32")).toEqual([
      "C:\\Program Files\\cl.exe",
      "/nologo",
    ]);
    expect(splitWords("C:\\bin\\cl.exe", "win32")).toEqual(["C:\\bin\\cl.exe"]);
  });

  test("whatever is quoted comes back", () => {
    const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 12 }), { maxLength: 6 }), (words) => {
        expect(splitWords(words.map(quote).join(" "), "linux")).toEqual(words);
      }),
    );
  });

  test("launchers are taken off", () => {
    expect(splitLauncher(["ccache", "distcc", "g++", "-m64"])).toEqual({
      launcher: ["ccache", "distcc"],
      program: "g++",
      arguments: ["-m64"],
    });
    expect(splitLauncher(["g++"])).toEqual({ launcher: [], program: "g++", arguments: [] });
    expect(splitLauncher(["/opt/bin/sccache"])).toEqual({ launcher: ["/opt/bin/sccache"], arguments: [] });
    expect(
      ["ccache", "/usr/bin/ccache", "sccache.exe", "ccache-4.9.1", "C:\\x\\ccache.exe"].map(isLauncherName),
    ).not.toContain(false);
    expect(["g++", "ccache-g++", "/usr/lib/ccache/g++", "xccache"].map(isLauncherName)).not.toContain(true);
  });
});

test("the identity of a tool does not depend on the order of its parts, nor on their places", () => {
  const parts = ["a", "b", "c"].map((name) => ({ name, path: `/1/${name}`, digest: digestOf(name) }));
  const moved = parts.map((part) => ({ ...part, path: `/2/${part.name}` })).reverse();
  expect(toolIdentity(moved)).toBe(toolIdentity(parts));
  expect(toolIdentity(parts, "c")).not.toBe(toolIdentity(parts, "c++"));
  expect(toolIdentity(parts.slice(1))).not.toBe(toolIdentity(parts));
});

describe("answers", () => {
  test("of an interpreter, among other output", () => {
    const text = 'hello\n@retorch-python {"version": [3, 12, 1], "executable": "/p"}\n';
    expect(parsePythonAnswer(text)).toEqual({ version: [3, 12, 1], executable: "/p" });
    expect(parsePythonAnswer("hello\n")).toBeUndefined();
    expect(parsePythonAnswer('\n@retorch-python {"version": [3, 12')).toBeUndefined();
    expect(parsePythonAnswer('\n@retorch-python {"version": "3"}\n')).toBeUndefined();
  });

  test("pybind11's ABI by the name of its internals", () => {
    expect(parsePybind11Abi("__pybind11_internals_v4_gcc_libstdcpp_cxxabi1011__")).toEqual({
      compilerType: "_gcc",
      stdlib: "_libstdcpp",
      buildAbi: "_cxxabi1011",
    });
    expect(
      parsePybind11Abi("__pybind11_internals_v11_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1__"),
    ).toBeUndefined();
  });
});
