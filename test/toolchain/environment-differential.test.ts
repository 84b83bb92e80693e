/**
 * What retorch finds against what torch's own builder finds in the same environment: one process per environment imports
 * torch and says what `torch.utils.cpp_extension` would use. Nothing is compiled. Every difference that is meant stands
 * in docs/environment.md.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Environment } from "../../src/environment/environment.ts";
import { findEnvironment } from "../../src/environment/find-environment.ts";
import { tabledBounds } from "../../src/environment/host-compiler-bounds.ts";
import { cxxStandardOf } from "../../src/environment/torch-version.ts";
import { nodeHost } from "../../src/host/node-host.ts";
import { cpuPython, cudaPython, cudaToolkit, debianPython, need, pipCudaToolkit } from "../support/environments.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "retorch-environment-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Asks torch's own builder. `CUDA_HOME` is a variable of the module: several toolkits can be asked for in one process. */
const script = String.raw`
import inspect, json, os, re, sys, sysconfig, tempfile
sys.path = [p for p in sys.path if p]
import torch
from torch.utils import cpp_extension as c

new = "device_type" in inspect.signature(c.include_paths).parameters
def paths(function, cuda):
    return function(device_type="cuda" if cuda else "cpu") if new else function(cuda=cuda)

def ninja(cuda):
    parameters = dict(path=os.path.join(tempfile.mkdtemp(), "build.ninja"), name="some_name", sources=["/a/x.cpp"],
        extra_cflags=[], extra_cuda_cflags=[], extra_sycl_cflags=[], extra_ldflags=[], extra_include_paths=[],
        with_cuda=cuda, with_sycl=False, is_standalone=False, extra_sycl_dlink_flags=[])
    known = inspect.signature(c._write_ninja_file_to_build_library).parameters
    c._write_ninja_file_to_build_library(**{k: v for k, v in parameters.items() if k in known})
    text = open(parameters["path"]).read()
    return {name: value for name, value in re.findall(r"^(\w+) = (.*)$", text, re.M)}

def one(cuda):
    return {"include": paths(c.include_paths, cuda), "library": paths(c.library_paths, cuda), "ninja": ninja(cuda)}

answer = {
    "version": torch.__version__, "cuda": torch.version.cuda, "hip": torch.version.hip, "git": torch.version.git_version,
    "abi": bool(torch._C._GLIBCXX_USE_CXX11_ABI),
    "pybind11": [getattr(torch._C, "_PYBIND11_" + n, None) for n in ("COMPILER_TYPE", "STDLIB", "BUILD_ABI")],
    "suffix": sysconfig.get_config_var("EXT_SUFFIX"),
    "python_include": sysconfig.get_path("include", scheme="posix_prefix"),
    "libraries": c.CppExtension("x", ["x.cpp"]).libraries,
    "compiler": [str(v) for v in c.get_compiler_abi_compatibility_and_version(c.get_cxx_compiler() if hasattr(c, "get_cxx_compiler") else "c++")] if new else [],
    "gcc_bounds": {k: [list(a), list(b)] for k, (a, b) in c.CUDA_GCC_VERSIONS.items()} if new else {},
    "clang_bounds": {k: [list(a), list(b)] for k, (a, b) in c.CUDA_CLANG_VERSIONS.items()} if new else {},
    "own_cuda_home": c.CUDA_HOME,
    "cpu": one(False),
    "homes": {},
}
for home in sys.argv[1:]:
    c.CUDA_HOME = home
    answer["homes"][home] = dict(one(True), libraries=c.CUDAExtension("x", ["x.cpp"]).libraries)
print("@" + json.dumps(answer))
`;

interface Paths {
  readonly include: readonly string[];
  readonly library: readonly string[];
  /** Variables of build.ninja. */
  readonly ninja: Readonly<Record<string, string>>;
}

interface Answer {
  readonly version: string;
  readonly cuda: string | null;
  readonly hip: string | null;
  readonly git: string;
  readonly abi: boolean;
  readonly pybind11: readonly (string | null)[];
  readonly suffix: string;
  readonly python_include: string;
  readonly libraries: readonly string[];
  readonly compiler: readonly string[];
  readonly gcc_bounds: Readonly<Record<string, readonly [readonly number[], readonly number[]]>>;
  readonly clang_bounds: Readonly<Record<string, readonly [readonly number[], readonly number[]]>>;
  readonly own_cuda_home: string | null;
  readonly cpu: Paths;
  readonly homes: Readonly<Record<string, Paths & { readonly libraries: readonly string[] }>>;
}

const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(?:CUDA_HOME|CUDA_PATH|CXX|CC|PYTORCH_NVCC|LIBTORCH|VIRTUAL_ENV|CONDA_PREFIX)$/.test(name),
  ),
);

function ask(python: string, homes: readonly string[] = []): Answer {
  const result = spawnSync(python, ["-c", script, ...homes], {
    encoding: "utf8",
    cwd: folder,
    env: { ...env, TORCH_NO_COMPILER_WRAPPER: "1", TORCH_CUDA_ARCH_LIST: "9.0" },
  });
  const line = result.stdout.split("\n").find((each) => each.startsWith("@"));
  if (line === undefined) throw new Error(`torch did not answer: ${result.stderr}`);
  return JSON.parse(line.slice(1)) as Answer;
}

async function find(python: string, more: Readonly<Record<string, string>> = {}): Promise<Environment> {
  const host = nodeHost({ env: { ...env, ...more } });
  return (await findEnvironment(host, { python, projectRoot: folder, cacheDir: join(folder, "cache") })).environment;
}

/** The folders that exist, each under one name. */
function real(folders: readonly string[]): string[] {
  return folders.filter((path) => existsSync(path)).map((path) => realpathSync(path));
}

/** Everything that does not depend on CUDA. */
function compareBasics(environment: Environment, answer: Answer): void {
  const { python, torch, compiler } = environment;
  expect(torch?.version).toBe(answer.version);
  expect(torch?.cudaVersion ?? null).toBe(answer.cuda);
  expect(torch?.hipVersion ?? null).toBe(answer.hip);
  expect(torch?.gitVersion ?? "Unknown").toBe(answer.git);
  expect(torch?.cxx11Abi).toBe(answer.abi);
  expect(python?.extensionSuffix).toBe(answer.suffix);
  expect(python?.includeDirs[0]).toBe(answer.python_include);
  // Folders that do not exist are left out.
  expect(torch?.includeDirs).toEqual(answer.cpu.include.filter((path) => existsSync(path)));
  expect(torch?.libraryDirs).toEqual(answer.cpu.library);
  expect(torch?.libraries).toEqual(expect.arrayContaining([...answer.libraries]));
  const flags = `${answer.cpu.ninja["cflags"] ?? ""} ${answer.cpu.ninja["post_cflags"] ?? ""}`;
  expect(flags).toContain(`-std=c++${cxxStandardOf(torch?.release ?? [])}`);
  const abi = /-D_GLIBCXX_USE_CXX11_ABI=(\d)/.exec(flags)?.[1];
  if (abi !== undefined) expect(torch?.cxx11Abi).toBe(abi === "1");
  const macro = (name: string): string | undefined =>
    new RegExp(String.raw`-DPYBIND11_${name}=\\?"(\w+)\\?"`).exec(flags)?.[1];
  expect(torch?.pybind11Abi?.compilerType).toBe(macro("COMPILER_TYPE"));
  expect(torch?.pybind11Abi?.stdlib).toBe(macro("STDLIB"));
  expect(torch?.pybind11Abi?.buildAbi).toBe(macro("BUILD_ABI"));
  if (answer.compiler[1] !== undefined) expect(compiler?.cxx.version).toBe(answer.compiler[1]);
}

function compareCuda(environment: Environment, answer: Answer, home: string): void {
  const { torch, cuda } = environment;
  const theirs = answer.homes[home];
  const include = [...(torch?.includeDirs ?? []), ...(cuda?.includeDirs ?? [])];
  // What was borrowed from pip's wheels comes after.
  const theirInclude = real(theirs?.include ?? []);
  expect(real(include).slice(0, theirInclude.length)).toEqual(theirInclude);
  const library = [...(torch?.libraryDirs ?? []), ...(cuda?.libraryDirs ?? [])];
  const theirLibrary = real(theirs?.library ?? []);
  expect(real(library).slice(0, theirLibrary.length)).toEqual(theirLibrary);
  for (const name of theirs?.libraries ?? []) {
    const file = cuda?.libraries?.[name];
    expect(torch?.libraries.includes(name) === true || (file !== undefined && existsSync(file)), name).toBe(true);
  }
}

describe("torch's own builder and retorch find the same", () => {
  test("with a CPU torch", async (context) => {
    const { executable } = need(context, cpuPython());
    compareBasics(await find(executable), ask(executable));
  });

  test("with Debian's torch", async (context) => {
    const { executable } = need(context, debianPython());
    compareBasics(await find(executable), ask(executable));
  });

  test("with a CUDA torch: pip's toolkit, the machine's, and the table of host compilers", async (context) => {
    const { executable } = need(context, cudaPython());
    const homes = [pipCudaToolkit(), cudaToolkit()].flatMap((found) => (found.available ? [found.value] : []));
    const answer = ask(executable, homes);
    compareBasics(await find(executable), answer);
    for (const home of homes) {
      const environment = await find(executable, { CUDA_HOME: home });
      expect(environment.cuda?.root).toBe(home);
      compareCuda(environment, answer, home);
    }
    for (const [version, [oldest, below]] of Object.entries(answer.gcc_bounds)) {
      const bounds = tabledBounds(version);
      expect([bounds?.gccOldest, bounds?.gccNewest], `gcc for CUDA ${version}`).toEqual([
        oldest[0],
        (below[0] ?? 0) - 1,
      ]);
    }
    for (const [version, [, below]] of Object.entries(answer.clang_bounds)) {
      expect(tabledBounds(version)?.clangBelow, `clang for CUDA ${version}`).toBe(below[0]);
    }
  });
});
