/**
 * Where the rows of the rebuild table are tried: a Python environment whose torch may be changed, compilers that may be
 * replaced, and a small extension, built by retorch or by torch's own builder. Real tools throughout.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runRetorch } from "../../support/cli.ts";
import { cudaToolkit, type PythonEnvironment } from "../../support/environments.ts";

/** What one build did, in the words of the table. */
export interface Outcome {
  readonly ok: boolean;
  /** Compiled or linked by running the tool: `csrc/a.cpp`, `link`. Sorted. */
  readonly ran: readonly string[];
  /** Taken from the store. */
  readonly restored: readonly string[];
  readonly reasons: readonly string[];
  readonly message: string;
}

/** How a build is asked for. */
export interface BuildOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Interpreter, when it is not that of the workshop. */
  readonly python?: string;
}

/** Writes a file by rename, so that a hard-linked original keeps its content. */
export function replaceFile(path: string, content: string | Buffer, mode?: number): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, content);
  chmodSync(temporary, mode ?? (existsSync(path) ? statSync(path).mode & 0o777 : 0o644));
  renameSync(temporary, path);
}

/** The files of the small extension. `a` needs `b.h` through `a.h`, and `c.h` through that. */
export const projectFiles: Readonly<Record<string, string>> = {
  "retorch.toml": `[extension.ops]
sources = ["csrc/*.cpp"]
include-dirs = ["early", "csrc", "include"]
libraries = ["stat"]
library-dirs = ["lib"]
`,
  "setup.py": `import glob, os
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CppExtension
setup(name="ops", ext_modules=[CppExtension("ops", sorted(glob.glob("csrc/*.cpp")),
      include_dirs=[os.path.abspath(p) for p in ("early", "csrc", "include")],
      libraries=["stat"], library_dirs=[os.path.abspath("lib")],
      extra_compile_args=os.environ.get("OPS_FLAGS", "").split())], cmdclass={"build_ext": BuildExtension})
`,
  "csrc/a.cpp": `#include <Python.h>
#include <torch/headeronly/macros/Macros.h>
#include "a.h"
extern "C" int stat_value(void);
int other();
static PyObject* value(PyObject*, PyObject*) { return PyLong_FromLong(A + other() + stat_value()); }
static PyMethodDef methods[] = {{"value", value, METH_NOARGS, nullptr}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "ops", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};
PyMODINIT_FUNC PyInit_ops(void) { return PyModule_Create(&module); }
`,
  "csrc/b.cpp": `#include "half.h"\nint other() { return HALF; }\n`,
  "include/a.h": `#pragma once\n#include "deep/b.h"\n#define A (B + 1)\n`,
  "include/deep/b.h": `#pragma once\n#include "deep/c.h"\n#define B (C + 10)\n`,
  "include/deep/c.h": `#pragma once\n#define C 100\n`,
  "include/half.h": `#pragma once\n#define HALF 1000\n`,
  "early/.keep": "",
  "stat.c": "int stat_value(void) { return 10000; }\n",
};

/** A kernel without torch, for the rows about CUDA. */
export const cudaFiles: Readonly<Record<string, string>> = {
  "setup.py": `from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CUDAExtension
setup(name="kernels", ext_modules=[CUDAExtension("kernels", ["main.cpp", "scale.cu"])],
      cmdclass={"build_ext": BuildExtension})
`,
  "retorch.toml": `[extension.kernels]
kind = "executable"
uses-torch = false
sources = ["main.cpp", "scale.cu"]
`,
  "main.cpp": `void scale(float*, int);\nint main(int argc, char**) { if (argc > 9) scale(nullptr, 0); }\n`,
  "scale.cu": `__global__ void scale_kernel(float* x, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] *= 2.0f; }
void scale(float* x, int n) { scale_kernel<<<1, 32>>>(x, n); }
`,
};

/** Everything that is made once for all rows. */
export class Workshop {
  readonly folder: string;
  /** Interpreter of an environment of our own, with a torch that may be changed. */
  readonly python: string;
  /** The `torch` folder of that environment. */
  readonly torch: string;
  /** A C++ compiler of our own, which uses `cc1plus` beside it. */
  readonly compiler: string;
  readonly cc1plus: string;
  /** A toolkit of our own, when the machine has one. */
  readonly cuda: string | undefined;
  readonly #original: PythonEnvironment;
  readonly #packages: string;
  #projects = 0;

  constructor(original: PythonEnvironment) {
    this.#original = original;
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), "retorch-table-")));
    const home = join(this.folder, "env");
    execFileSync(original.executable, ["-m", "venv", "--without-pip", home]);
    this.python = join(home, "bin", "python");
    const packages = execFileSync(this.python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], {
      encoding: "utf8",
    }).trim();
    this.#packages = packages;
    this.torch = join(packages, "torch");
    linkTree(original.torch.root, this.torch);
    const info = `torch-${original.torch.version}.dist-info`;
    if (existsSync(join(original.packages, info))) linkTree(join(original.packages, info), join(packages, info));
    // Everything else torch needs comes from where it was.
    writeFileSync(join(packages, "others.pth"), `${original.packages}\n`);
    // A driver finds its parts from its own place: `<prefix>/bin/g++` looks below `<prefix>/lib/gcc`.
    const prefix = join(this.folder, "gcc");
    mkdirSync(join(prefix, "bin"), { recursive: true });
    this.compiler = join(prefix, "bin", "g++");
    copyFileSync(realpathSync(which("g++")), this.compiler);
    const real = execFileSync("g++", ["-print-prog-name=cc1plus"], { encoding: "utf8" }).trim();
    const parts = join(prefix, "lib", "gcc", ...realpathSync(dirname(real)).split("/").slice(-2));
    mkdirSync(parts, { recursive: true });
    for (const name of readdirSync(dirname(real))) symlinkSync(join(dirname(real), name), join(parts, name));
    symlinkSync("/usr/include", join(prefix, "include"));
    this.cc1plus = join(parts, "cc1plus");
    rmSync(this.cc1plus);
    copyFileSync(real, this.cc1plus);
    const toolkit = cudaToolkit();
    this.cuda = toolkit.available ? this.#copyToolkit(toolkit.value) : undefined;
  }

  /** An environment of another interpreter of the same version, which sees the same packages. */
  otherPython(interpreter: string): string {
    const home = join(this.folder, "other-env");
    const python = join(home, "bin", "python");
    if (existsSync(python)) return python;
    execFileSync(interpreter, ["-m", "venv", "--without-pip", home]);
    const packages = execFileSync(python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], {
      encoding: "utf8",
    }).trim();
    writeFileSync(join(packages, "others.pth"), `${this.#packages}\n${this.#original.packages}\n`);
    return python;
  }

  /** Variables under which our own compiler is used, with our own cc1plus. */
  get toolVariables(): Record<string, string> {
    return { CXX: this.compiler };
  }

  /** Changes a program without changing what it does: bytes behind the end of an ELF file are not loaded. */
  replaceProgram(path: string): void {
    const mode = statSync(path).mode & 0o777;
    const copy = `${path}.new`;
    copyFileSync(path, copy);
    appendFileSync(copy, "\0replaced");
    chmodSync(copy, mode);
    renameSync(copy, path);
  }

  /** The content of a file of our torch, and its replacement. */
  editTorch(name: string, edit: (text: string) => string): void {
    const path = join(this.torch, name);
    replaceFile(path, edit(readFileSync(path, "utf8")));
  }

  /** Changes the bytes of a library, but not what it does. */
  appendToTorchLibrary(name: string, text: string): void {
    const path = join(this.torch, "lib", name);
    replaceFile(path, Buffer.concat([readFileSync(path), Buffer.from(`\0${text}`)]));
  }

  /** Puts another version in the place of our torch: its headers, its libraries by link. */
  swapTorch(other: PythonEnvironment): void {
    rmSync(this.torch, { recursive: true, force: true });
    mkdirSync(join(this.torch, "lib"), { recursive: true });
    for (const name of ["version.py", "include"]) {
      execFileSync("cp", ["-a", join(other.torch.root, name), join(this.torch, name)]);
    }
    const libraries = join(other.torch.root, "lib");
    for (const name of readdirSync(libraries)) symlinkSync(join(libraries, name), join(this.torch, "lib", name));
  }

  /** Puts the original torch back. */
  resetTorch(): void {
    rmSync(this.torch, { recursive: true, force: true });
    linkTree(this.#original.torch.root, this.torch);
  }

  /** A new copy of the small extension. */
  project(files: Readonly<Record<string, string>> = projectFiles, name = `p${++this.#projects}`): Project {
    return new Project(this, join(this.folder, name), files);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** The programs as files of our own, the rest by link. */
  #copyToolkit(original: string): string {
    const root = join(this.folder, "cuda");
    mkdirSync(join(root, "bin"), { recursive: true });
    const real = realpathSync(original);
    execFileSync("sh", [
      "-c",
      `cp -aL "${real}/bin/." "${root}/bin/" && for f in "${real}"/*; do n=$(basename "$f"); [ "$n" = bin ] || ln -s "$f" "${root}/$n"; done`,
    ]);
    return root;
  }
}

/** A copy of an extension's sources. */
export class Project {
  root: string;
  readonly #workshop: Workshop;

  constructor(workshop: Workshop, root: string, files: Readonly<Record<string, string>>) {
    this.#workshop = workshop;
    this.root = root;
    for (const [name, content] of Object.entries(files)) this.write(name, content);
    if (files["stat.c"] !== undefined) this.archive();
  }

  path(name: string): string {
    return join(this.root, name);
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  write(name: string, content: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  edit(name: string, edit: (text: string) => string): void {
    this.write(name, edit(this.read(name)));
  }

  /** Makes the static library. */
  archive(): void {
    mkdirSync(this.path("lib"), { recursive: true });
    execFileSync("gcc", ["-c", "-fPIC", "stat.c", "-o", "stat.o"], { cwd: this.root });
    rmSync(this.path("lib/libstat.a"), { force: true });
    execFileSync("ar", ["rcsD", "lib/libstat.a", "stat.o"], { cwd: this.root });
  }

  git(...args: string[]): void {
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main", ...args], {
      cwd: this.root,
      stdio: "ignore",
    });
  }

  /** The file that users import or run. */
  get artifact(): string {
    const names = execFileSync("sh", ["-c", "ls -1 | grep -E '^(ops\\..*\\.so|kernels)$' || true"], {
      cwd: this.root,
      encoding: "utf8",
    });
    return this.path(names.trim().split("\n")[0] ?? "");
  }

  /** What the built module computes. */
  value(python = this.#workshop.python): number {
    return Number(
      execFileSync(python, ["-c", "import torch, ops; print(ops.value())"], { cwd: this.root, encoding: "utf8" }),
    );
  }

  async build(options: BuildOptions = {}): Promise<Outcome> {
    const result = await runRetorch(
      ["build", "--json", "--python", options.python ?? this.#workshop.python, ...(options.args ?? [])],
      {
        cwd: options.cwd ?? this.root,
        env: { ...options.env },
      },
    );
    const events = result.stdout
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Event);
    const done = (outcome: string): string[] =>
      events
        .filter((event) => event.type === "done" && event.outcome === outcome)
        .map((event) => shortName(event.action))
        .sort();
    return {
      ok: result.exitCode === 0,
      ran: done("executed"),
      restored: done("cached"),
      reasons: events.flatMap((event) => (event.type === "dirty" ? event.reasons.map((reason) => reason.text) : [])),
      message: `${result.stderr}\n${result.stdout
        .split("\n")
        .filter((line) => line.includes('"failed"'))
        .join("\n")}`,
    };
  }

  /** The same with torch's own builder: what ran is told by what was written anew. */
  buildWithTorch(options: BuildOptions = {}): Outcome {
    const state = (): Map<string, string> => {
      const found = execFileSync(
        "sh",
        [
          "-c",
          "find build . -maxdepth 4 \\( -name '*.o' -o -name '*.so' \\) -path '*' -printf '%p %T@ %i\\n' 2>/dev/null || true",
        ],
        { cwd: this.root, encoding: "utf8" },
      );
      return new Map(
        found
          .split("\n")
          .filter((line) => /build\/temp|(?:ops|kernels)\.[^/]*\.so /.test(line))
          .map((line) => [line.split(" ")[0]?.replace(/^\.\//, "") ?? "", line]),
      );
    };
    const before = state();
    const cwd = options.cwd ?? this.root;
    const result = spawnSync(
      options.python ?? this.#workshop.python,
      [this.path("setup.py"), "build_ext", "--inplace"],
      {
        cwd: this.root === cwd ? cwd : this.root,
        env: { PATH: process.env["PATH"], HOME: process.env["HOME"], MAX_JOBS: "2", ...options.env },
        encoding: "utf8",
      },
    );
    const after = state();
    const ran = [...after].flatMap(([path, line]) => {
      if (before.get(path) === line) return [];
      if (path.endsWith(".so")) return path.startsWith("build") ? [] : ["link"];
      const name = path.split("/").at(-1)?.replace(/\.o$/, "") ?? "";
      return [
        ["csrc/", ""].flatMap((at) => [`${at}${name}.cpp`, `${at}${name}.cu`]).find((file) => this.has(file)) ?? name,
      ];
    });
    return {
      ok: result.status === 0,
      ran: [...new Set(ran)].sort(),
      restored: [],
      reasons: [],
      message: result.stderr,
    };
  }
}

interface Event {
  readonly type: string;
  readonly outcome?: string;
  readonly action: { readonly description: string };
  readonly reasons: readonly { readonly text: string }[];
}

function shortName(action: { readonly description: string }): string {
  return action.description.startsWith("link") ? "link" : (action.description.split(" ").at(-1) ?? "");
}

function linkTree(from: string, to: string): void {
  // Hard links: the files are many and large. Whoever changes one replaces it.
  const linked = spawnSync("cp", ["-al", from, to]);
  if (linked.status !== 0) {
    rmSync(to, { recursive: true, force: true });
    execFileSync("cp", ["-a", from, to]);
  }
}

function which(name: string): string {
  return execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
}
