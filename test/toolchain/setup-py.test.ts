/**
 * `retorch build` of projects that have a `setup.py` only: each is built by `setup.py build_ext --inplace` itself and by
 * retorch, and both leave the same files, compiled with the same words, that answer alike.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { cliEnvironment, runRetorchOk, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { cpuPython, cudaPython, cudaToolkit, need, type PythonEnvironment } from "../support/environments.ts";
import { compareWords, shellCommands } from "../support/compare-words.ts";
import * as projects from "../support/setup-projects.ts";
import { pythonModule } from "../support/slim-sources.ts";

interface Case {
  readonly name: string;
  readonly files: projects.SetupProject;
  /** Folder of the `setup.py`. */
  readonly folder?: string;
  /** Path of the module without its suffix, its name, and what `answer()` is. */
  readonly modules: readonly (readonly [file: string, name: string, answer: number])[];
  readonly env?: Readonly<Record<string, string>>;
  /** Needs a torch with CUDA and a toolkit. */
  readonly cuda?: boolean;
}

const cases: readonly Case[] = [
  { name: "one extension", files: projects.simpleProject(), modules: [["simple", "simple", 42]] },
  {
    name: "flags as a list, for setuptools' own compile",
    files: projects.simpleProject(', extra_compile_args=["-O2", "-UX"], extra_link_args=["-Wl,-z,now"]'),
    modules: [["simple", "simple", 42]],
    env: { CFLAGS: "-fno-strict-aliasing -DFROM_CFLAGS", LDFLAGS: "-Wl,--sort-common" },
  },
  { name: "by device", files: projects.byDevice, modules: [["scatter_like/_sum_cpu", "_sum_cpu", 37]] },
  {
    name: "by device, both",
    files: projects.byDevice,
    modules: [
      ["scatter_like/_sum_cpu", "_sum_cpu", 37],
      ["scatter_like/_sum_fast", "_sum_fast", 38],
    ],
    env: { FORCE_BOTH: "1", WITH_SYMBOLS: "1" },
  },
  {
    name: "a large package",
    files: projects.bigPackage,
    modules: [
      ["big/_C", "_C", 42],
      ["projects/Extra/_E", "_E", 5],
    ],
  },
  { name: "limited API", files: projects.limitedApi, modules: [["limited/_C", "_C", 10]] },
  { name: "limited API, debug", files: projects.limitedApi, modules: [["limited/_C", "_C", 10]], env: { DEBUG: "1" } },
  {
    name: "plain C and C++",
    files: projects.plainC,
    modules: [
      ["src/plain/_c", "_c", 12],
      ["src/plain/_cpp", "_cpp", 21],
    ],
  },
  {
    name: "subclasses of the builder",
    files: projects.subclasses,
    modules: [
      ["first", "first", 1107],
      ["second", "second", 108],
    ],
  },
  { name: "a compile of its own", files: projects.customCompile, modules: [["custom", "custom", 42]] },
  {
    name: "bindings below",
    files: projects.bindings,
    folder: "bindings/torch",
    modules: [["bound/_7_C", "_7_C", 77]],
  },
  {
    name: "kernels",
    files: projects.kernels,
    modules: [
      ["kernels_2_cuda", "kernels_2_cuda", 7],
      ["kernels_host", "kernels_host", 1],
    ],
    env: { TORCH_CUDA_ARCH_LIST: "8.0" },
    cuda: true,
  },
];

describe.each(cases)("$name", (project) => {
  test("is built as setup.py builds it", async (context) => {
    const python = need(context, project.cuda === true ? cudaPython() : cpuPython());
    const toolkit = project.cuda === true ? need(context, cudaToolkit()) : undefined;
    const cuda: Readonly<Record<string, string>> = toolkit === undefined ? {} : { CUDA_HOME: toolkit };
    const theirs = made(project);
    const log = loggingCompilers(theirs, toolkit);
    const ran = spawnSync(python.executable, ["setup.py", "build_ext", "--inplace"], {
      cwd: join(theirs.root, project.folder ?? ""),
      // Without ccache, which torch puts before compilers on its own and which starts them twice.
      env: cliEnvironment({
        ...cuda,
        ...log.env,
        ...project.env,
        TORCH_NO_COMPILER_WRAPPER: "1",
        PATH: `${log.folder}:${process.env["PATH"]}`,
      }),
      encoding: "utf8",
    });
    if (ran.status !== 0) throw new Error(`setup.py failed\n${ran.stdout}\n${ran.stderr}`);

    const ours = made(project);
    const cwd = join(ours.root, project.folder ?? "");
    const options = { cwd, env: { ...cuda, ...project.env, RETORCH_PYTHON: python.executable } };
    const built = await runRetorchOk(["build"], options);
    expect(built.stdout).not.toContain("this is for people");
    const paths = built.stdout.trim().split("\n");
    expect(paths.map((path) => relative(cwd, path)).sort()).toEqual(modulesIn(join(theirs.root, project.folder ?? "")));
    for (const [file, name, answer] of project.modules) {
      const path = paths.find((one) => relative(cwd, one).startsWith(`${file}.`));
      expect(path, file).toBeDefined();
      expect(answerOf(python, name, path ?? "")).toBe(answer);
    }

    // nvcc's own command, not the phases that it consists of.
    const dry = await runRetorchOk(["build", "--dry-run", "--cuda-graph", "off"], options);
    const commands = shellCommands(dry.stdout);
    compareWords(log.commands(), commands, python.torch.root, [theirs.root, ours.root]);
  });
});

test("a device link that is asked for", async (context) => {
  const python = need(context, cudaPython());
  const env = {
    CUDA_HOME: need(context, cudaToolkit()),
    TORCH_CUDA_ARCH_LIST: "8.0",
    RETORCH_PYTHON: python.executable,
  };
  const { root } = temporaryProject(projects.deviceLinked);
  const dry = await runRetorchOk(["build", "--dry-run"], { cwd: root, env });
  const [, words = ""] = /^(.* -dlink .*)$/m.exec(dry.stdout) ?? [];
  expect(words).toContain("--verbose");
  // The user's words and no others: torch's `-dlto` only goes with objects that were compiled for it.
  expect(words.match(/-lcudadevrt\b/g)).toHaveLength(1);
  expect(words).not.toContain("-dlto");
  const built = await runRetorchOk(["build"], { cwd: root, env });
  expect(answerOf(python, "linked", built.stdout.trim())).toBe(42);
});

test("flags of torch that are taken back, and a device link that the project writes itself", async (context) => {
  const python = need(context, cudaPython());
  const { root } = temporaryProject({
    "setup.py": `import os
from setuptools import setup
from torch.utils import cpp_extension
for flag in ["-D__CUDA_NO_HALF_OPERATORS__", "-D__CUDA_NO_HALF2_OPERATORS__"]:
    cpp_extension.COMMON_NVCC_FLAGS.remove(flag)
cpp_extension.COMMON_NVCC_FLAGS.append("--expt-extended-lambda")
setup(
    name="back",
    ext_modules=[
        cpp_extension.CUDAExtension("back", ["back.cpp", "back.cu"], extra_compile_args={
            "cxx": [], "nvcc": ["-rdc=true"], "nvcc_dlink": ["-dlink", "-L" + os.path.abspath("shmem"), "-lshmem_device"]}),
    ],
    cmdclass={"build_ext": cpp_extension.BuildExtension},
)
`,
    "back.cpp": pythonModule("back"),
    "back.cu": "__global__ void kernel(int* out) { *out = 1; }\n",
  });
  const dry = await runRetorchOk(["build", "--dry-run", "--cuda-graph", "off"], {
    cwd: root,
    env: {
      CUDA_HOME: need(context, cudaToolkit()),
      TORCH_CUDA_ARCH_LIST: "8.0",
      RETORCH_PYTHON: python.executable,
    },
  });
  const [, compile = ""] = /^(.* -c back\.cu .*)$/m.exec(dry.stdout) ?? /^(.*back\.cu.*)$/m.exec(dry.stdout) ?? [];
  const words = compile.split(" ");
  for (const macro of ["__CUDA_NO_HALF_OPERATORS__", "__CUDA_NO_HALF2_OPERATORS__"]) {
    expect(words.lastIndexOf(`-U${macro}`)).toBeGreaterThan(words.lastIndexOf(`-D${macro}`));
  }
  expect(words).toContain("-D__CUDA_NO_HALF_CONVERSIONS__");
  expect(words).toContain("--expt-extended-lambda");
  const [, link = ""] = /^(.* -dlink .*)$/m.exec(dry.stdout) ?? [];
  expect(link).toMatch(/ -L\S*shmem -lshmem_device\b/);
});

/** The project in a folder of its own, with a repository of git as the place it comes from. */
function made({ files }: Case): TemporaryProject {
  const project = temporaryProject(files);
  const git = (...words: string[]): void => {
    const env = {
      ...cliEnvironment(),
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_AUTHOR_DATE: "@1 +0000",
      GIT_COMMITTER_DATE: "@1 +0000",
    };
    spawnSync("git", ["-c", "user.name=x", "-c", "user.email=x@y", ...words], { cwd: project.root, env });
  };
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-q", "-m", "first");
  return project;
}

interface CompilerLog {
  readonly folder: string;
  /** How torch finds nvcc. */
  readonly env: Readonly<Record<string, string>>;
  commands(): readonly (readonly string[])[];
}

/** Compilers first on PATH that write down their words and then do their work. */
function loggingCompilers(project: TemporaryProject, toolkit: string | undefined): CompilerLog {
  const folder = join(project.root, "..", "logging");
  // A file for each process: compilers run side by side.
  const log = join(project.root, "..", "commands");
  mkdirSync(folder, { recursive: true });
  mkdirSync(log, { recursive: true });
  for (const name of ["gcc", "g++", "cc", "c++", "nvcc"]) {
    const folders = [
      ...(toolkit === undefined ? [] : [join(toolkit, "bin")]),
      ...(process.env["PATH"] ?? "").split(":"),
    ];
    const real = folders.map((one) => join(one, name)).find((path) => exists(path));
    if (real === undefined) continue;
    // Not on PATH, where torch would take its folder for a toolkit.
    const path = join(folder, name === "nvcc" ? "nvcc.log" : name);
    writeFileSync(path, `#!/bin/sh\nfor word; do printf '%s\\0' "$word"; done > '${log}'/$$\nexec '${real}' "$@"\n`);
    chmodSync(path, 0o755);
  }
  return {
    folder,
    env: toolkit === undefined ? {} : { PYTORCH_NVCC: join(folder, "nvcc.log") },
    commands: () =>
      readdirSync(log)
        .map((name) => readFileSync(join(log, name), "utf8"))
        .filter((line) => line.includes("\0-o\0"))
        .map((line) => line.split("\0").slice(0, -1)),
  };
}

function exists(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Modules below a folder, without the build folders. */
function modulesIn(folder: string): string[] {
  const found: string[] = [];
  const walk = (at: string): void => {
    for (const entry of readdirSync(join(folder, at), { withFileTypes: true })) {
      const path = at === "" ? entry.name : `${at}/${entry.name}`;
      if (entry.isDirectory() && entry.name !== "build" && entry.name !== "lib") walk(path);
      else if (entry.name.endsWith(".so")) found.push(path);
    }
  };
  walk("");
  return found.sort();
}

function answerOf(python: PythonEnvironment, name: string, path: string): number {
  const code =
    "import sys, torch, importlib.util as u; s = u.spec_from_file_location(sys.argv[1], sys.argv[2]); m = u.module_from_spec(s); s.loader.exec_module(m); print(m.answer())";
  const result = spawnSync(python.executable, ["-c", code, name, path], { encoding: "utf8" });
  if (result.status !== 0) throw new Error(result.stderr);
  return Number(result.stdout);
}
