/** Whether an environment has what extensions need, by value; and the page about it. */
import { describe, expect, test } from "vitest";
import { asDigest, type Digest } from "../../../src/base/digest.ts";
import { failure } from "../../../src/base/failure.ts";
import { checkEnvironment, type EnvironmentNeeds } from "../../../src/environment/check.ts";
import type { Environment, HostCompiler, Tool } from "../../../src/environment/environment.ts";
import { environmentText } from "../../../src/report/environment-text.ts";
import { plainStyle } from "../../../src/report/style.ts";

const digest = asDigest("0123456789abcdef".repeat(4)) as Digest;

function tool(path: string, version: string): Tool {
  return { name: path.split("/").at(-1) ?? path, path, version, launcher: [], identity: digest, parts: [] };
}

function gcc(version: string): HostCompiler {
  return {
    family: "gcc",
    cxx: tool("/usr/bin/g++", version),
    version: version.split(".").map(Number),
    target: "x86_64-linux-gnu",
    systemIncludeDirs: [],
  };
}

const whole: Environment = {
  platform: "linux",
  arch: "x64",
  python: {
    executable: "/env/bin/python",
    version: [3, 11, 7],
    implementation: "cpython",
    abiFlags: "",
    extensionSuffix: ".cpython-311-x86_64-linux-gnu.so",
    abi3Suffix: ".abi3.so",
    soabi: "cpython-311-x86_64-linux-gnu",
    includeDirs: ["/usr/include/python3.11"],
    libraryDir: "/usr/lib",
    prefix: "/env",
    basePrefix: "/usr",
    packageDirs: ["/env/site"],
    platform: "linux-x86_64",
    freeThreaded: false,
    config: {},
  },
  torch: {
    layout: "wheel",
    root: "/env/site/torch",
    version: "2.14.1+cu130",
    release: [2, 14, 1],
    cudaVersion: "13.0",
    includeDirs: ["/env/site/torch/include"],
    libraryDirs: ["/env/site/torch/lib"],
    libraries: ["c10", "torch", "torch_python"],
    cxx11Abi: true,
    identity: digest,
  },
  cuda: {
    root: "/usr/local/cuda",
    origin: "usual place",
    version: "13.0",
    fullVersion: "13.0.88",
    nvcc: tool("/usr/local/cuda/bin/nvcc", "13.0.88"),
    includeDirs: ["/usr/local/cuda/include"],
    libraryDirs: ["/usr/local/cuda/lib64"],
    missingHeaders: ["cublas_v2.h"],
    hostCompilers: { source: "/usr/local/cuda/include/crt/host_config.h", gccNewest: 15, clangBelow: 21 },
  },
  compiler: gcc("12.2.0"),
  cudaHost: gcc("12.2.0"),
  linker: tool("/usr/bin/ld", "2.40"),
  linkers: { mold: tool("/usr/bin/ld.mold", "1.10.1") },
  gpus: [{ name: "NVIDIA H200", computeCapability: [9, 0], driverVersion: "570.1" }],
  attempts: [
    { what: "python", where: "VIRTUAL_ENV", outcome: "missing", why: "not set" },
    {
      what: "python",
      where: "`/env/bin/python` (`.venv` beside the project)",
      outcome: "chosen",
      why: "cpython 3.11.7",
    },
    {
      what: "C++11 ABI",
      where: "`/env/site/torch/lib/libc10.so`",
      outcome: "chosen",
      why: "yes, by the symbols of c10::Error",
    },
    { what: "cuda", where: "`/opt/cuda` (CUDA_PATH)", outcome: "rejected", why: "CUDA 12.4, torch needs 13.0" },
  ],
  problems: {},
  warnings: [{ about: "cuda", text: "something is odd" }],
};

const nothing: EnvironmentNeeds = { python: false, torch: false, cuda: false, rocm: false, sycl: false };
const module: EnvironmentNeeds = { ...nothing, python: true, torch: true };
const cudaModule: EnvironmentNeeds = { ...module, cuda: true };

function without(...parts: (keyof Environment)[]): Environment {
  return Object.fromEntries(
    Object.entries(whole).filter(([name]) => !parts.includes(name as keyof Environment)),
  ) as unknown as Environment;
}

function codes(environment: Environment, needs: EnvironmentNeeds): string[] {
  return checkEnvironment(environment, needs).map(({ code }) => code);
}

test("a whole environment has everything", () => {
  expect(codes(whole, cudaModule)).toEqual([]);
});

test("what is not needed cannot stop a build", () => {
  expect(codes(without("python", "torch", "cuda", "cudaHost", "gpus"), nothing)).toEqual([]);
  expect(codes(without("cuda", "cudaHost"), module)).toEqual([]);
  expect(codes(without("python"), { ...nothing, torch: true })).toEqual([]);
});

describe("each part that is missing", () => {
  test.each<readonly [keyof Environment, EnvironmentNeeds, string]>([
    ["python", module, "PYTHON_NOT_FOUND"],
    ["torch", module, "TORCH_NOT_FOUND"],
    ["compiler", nothing, "COMPILER_NOT_FOUND"],
    ["cuda", cudaModule, "CUDA_NOT_FOUND"],
    ["rocm", { ...module, rocm: true }, "ROCM_NOT_FOUND"],
    ["sycl", { ...module, sycl: true }, "SYCL_NOT_FOUND"],
  ])("%s", (part, needs, code) => {
    expect(codes(without(part), needs)).toEqual([code]);
  });

  test("with the reason that the search gave", () => {
    const reason = failure("TORCH_BROKEN", "half of it");
    expect(checkEnvironment({ ...without("torch"), problems: { torch: reason } }, module)).toEqual([reason]);
  });

  test("the linker, when the search says so", () => {
    const reason = failure("LINKER_NOT_FOUND", "no ld");
    expect(checkEnvironment({ ...without("linker"), problems: { linker: reason } }, nothing)).toEqual([reason]);
  });
});

describe("what does not fit together", () => {
  const torch = whole.torch!;
  const cuda = whole.cuda!;
  const python = whole.python!;

  test.each<readonly [string, Environment, EnvironmentNeeds, readonly string[]]>([
    ["no Python.h", { ...whole, python: { ...python, includeDirs: [] } }, module, ["PYTHON_HEADERS_MISSING"]],
    [
      "no Python.h, but no module either",
      { ...whole, python: { ...python, includeDirs: [] } },
      { ...module, python: false },
      [],
    ],
    ["gcc 10 for C++20", { ...whole, compiler: gcc("10.2.1") }, module, ["COMPILER_TOO_OLD"]],
    [
      "gcc 10 for C++17, as the extension asks",
      { ...whole, compiler: gcc("10.2.1") },
      { ...module, cxxStandard: "17" },
      [],
    ],
    [
      "gcc 10 for torch 2.4",
      { ...whole, compiler: gcc("10.2.1"), torch: { ...torch, release: [2, 4, 0] } },
      module,
      [],
    ],
    [
      "gcc 8 for torch 2.4",
      { ...whole, compiler: gcc("8.3.0"), torch: { ...torch, release: [2, 4, 0] } },
      module,
      ["COMPILER_TOO_OLD"],
    ],
    [
      "gcc 4.8 for torch 1.13",
      { ...whole, compiler: gcc("4.8.5"), torch: { ...torch, release: [1, 13] } },
      module,
      ["COMPILER_TOO_OLD"],
    ],
    ["gcc 4.8 without torch", { ...whole, compiler: gcc("4.8.5") }, nothing, []],
    ["CUDA 12 for torch's 13", { ...whole, cuda: { ...cuda, version: "12.9" } }, cudaModule, ["CUDA_MISMATCH"]],
    ["CUDA 12 without torch", { ...whole, cuda: { ...cuda, version: "12.9" } }, { ...nothing, cuda: true }, []],
    ["CUDA 13.1 for torch's 13.0", { ...whole, cuda: { ...cuda, version: "13.1" } }, cudaModule, []],
    [
      "CUDA 11.8 for C++20",
      { ...whole, cuda: { ...cuda, version: "11.8" }, torch: { ...torch, cudaVersion: "11.8" } },
      cudaModule,
      ["CUDA_TOO_OLD"],
    ],
    ["gcc 16 for nvcc", { ...whole, cudaHost: gcc("16.1.0") }, cudaModule, ["COMPILER_TOO_NEW"]],
    [
      "gcc 16 for nvcc, allowed by a flag",
      { ...whole, cudaHost: gcc("16.1.0") },
      { ...cudaModule, allowUnsupportedCompiler: true },
      [],
    ],
    [
      "gcc 16 where only CUDA's headers are used",
      { ...whole, cudaHost: gcc("16.1.0") },
      { ...cudaModule, nvcc: false },
      [],
    ],
    ["gcc 16 without CUDA", { ...whole, compiler: gcc("16.1.0"), cudaHost: gcc("16.1.0") }, module, []],
  ])("%s", (_, environment, needs, expected) => {
    expect(codes(environment, needs)).toEqual(expected);
  });

  test("CUDA sources with a torch without CUDA, whatever the toolkit", () => {
    const { cudaVersion: _, ...cpu } = torch;
    expect(codes({ ...whole, torch: cpu }, cudaModule)).toEqual(["TORCH_WITHOUT_CUDA"]);
    expect(codes({ ...without("cuda"), torch: cpu }, cudaModule)).toEqual(["TORCH_WITHOUT_CUDA"]);
    expect(codes({ ...whole, torch: cpu }, { ...nothing, cuda: true })).toEqual([]);
  });

  test("a LibTorch without torch_python cannot serve a module", () => {
    const environment: Environment = { ...whole, torch: { ...torch, layout: "libtorch", libraries: ["c10", "torch"] } };
    expect(codes(environment, module)).toEqual(["TORCH_NOT_FOUND"]);
    expect(codes(environment, { ...module, python: false })).toEqual([]);
  });

  test("a torch of another Python is found but not for a module", () => {
    const environment: Environment = { ...whole, problems: { torch: failure("TORCH_OTHER_PYTHON", "other") } };
    expect(codes(environment, module)).toEqual(["TORCH_OTHER_PYTHON"]);
    expect(codes(environment, { ...module, python: false })).toEqual([]);
  });

  test("an installed host compiler that CUDA takes is named", () => {
    const environment = { ...whole, cudaHost: gcc("16.0.0"), cudaHostInstead: gcc("14.2.0") };
    const [refused] = checkEnvironment(environment, cudaModule);
    expect(refused).toMatchObject({ code: "COMPILER_TOO_NEW", remedy: { CC: "/usr/bin/g++" } });
    expect(refused?.hint).toContain("GCC 14.2.0 is installed and taken");
  });

  test("every failure says what to do", () => {
    const all = checkEnvironment(
      { ...whole, python: { ...python, includeDirs: [] }, compiler: gcc("9.4.0"), cudaHost: gcc("16.0.0") },
      cudaModule,
    );
    expect(all.map(({ code, message, hint }) => `${code}: ${message}. ${hint}`)).toMatchInlineSnapshot(`
      [
        "PYTHON_HEADERS_MISSING: \`Python.h\` of Python 3.11 is not installed (\`/env/bin/python\`). Install it (\`apt install python3.11-dev\`, \`dnf install python3-devel\`), or use an interpreter that brings its headers (uv, conda, python.org)",
        "COMPILER_TOO_OLD: \`/usr/bin/g++\` is GCC 9.4.0, too old for PyTorch 2.14.1+cu130 (C++20), which needs GCC 11 or newer. Install a newer one (\`apt install g++-11\`) and set \`CXX=g++-11\`",
        "COMPILER_TOO_NEW: \`/usr/bin/g++\` is GCC 16.0.0, too new for CUDA 13.0, which takes GCC 15 or older. Install an older one beside it and name it (\`apt install g++-15\`, \`CC=gcc-15\`), use a newer toolkit, or pass \`-allow-unsupported-compiler\` to nvcc at your own risk",
      ]
    `);
  });
});

describe("the page", () => {
  test("of a whole environment", () => {
    expect(environmentText(whole, plainStyle)).toMatchInlineSnapshot(`
      "machine   linux         x64
      python    3.11.7        /env/bin/python
      torch     2.14.1+cu130  /env/site/torch (wheel, CUDA 13.0, C++11 ABI)
      compiler  gcc 12.2.0    /usr/bin/g++
      linker    ld 2.40       /usr/bin/ld
      cuda      13.0.88       /usr/local/cuda (usual place; nvcc: /usr/local/cuda/bin/nvcc)
      gpu       9.0           NVIDIA H200 (driver 570.1)

      warnings
        something is odd

      what was tried, in order
        · python     VIRTUAL_ENV                                     not set
        ✓ python     \`/env/bin/python\` (\`.venv\` beside the project)  cpython 3.11.7
        ✓ C++11 ABI  \`/env/site/torch/lib/libc10.so\`                 yes, by the symbols of c10::Error
        ✗ cuda       \`/opt/cuda\` (CUDA_PATH)                         CUDA 12.4, torch needs 13.0
      "
    `);
  });

  test("of an empty one, with its problems, and of a torch for other devices", () => {
    const empty: Environment = {
      platform: "linux",
      arch: "x64",
      gpus: [],
      attempts: [],
      problems: { torch: failure("TORCH_NOT_FOUND", "PyTorch is not installed for `/p`", { hint: "Install it" }) },
      warnings: [],
    };
    expect(environmentText(empty, plainStyle)).toMatchInlineSnapshot(`
      "machine   linux      x64
      python    not found
      torch     not found
      compiler  not found
      linker    not found
      cuda      not found
      gpu       not found

      problems
        torch: PyTorch is not installed for \`/p\` [TORCH_NOT_FOUND]
        hint: Install it
      "
    `);
    const { cudaVersion: _none, ...torch } = whole.torch ?? expect.unreachable();
    const page = (more: object): string => environmentText({ ...empty, torch: { ...torch, ...more } }, plainStyle);
    expect(page({ hipVersion: "6.4" })).toContain("(wheel, ROCm 6.4, C++11 ABI)");
    expect(page({ xpuVersion: "2025.1" })).toContain("(wheel, XPU 2025.1, C++11 ABI)");
    expect(page({})).toContain("(wheel, CPU, C++11 ABI)");
  });
});
