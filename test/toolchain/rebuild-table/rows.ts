/** The rows of the rebuild table: what is changed, what must run then, and why. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { cliEnvironment } from "../../support/cli.ts";
import {
  cpuPython,
  cudaPython,
  type Found,
  type PythonEnvironment,
  repository,
  tool,
} from "../../support/environments.ts";
import type { BuildOptions, Project, Workshop } from "./workshop.ts";

/** What a row may use. */
export interface RowContext {
  readonly workshop: Workshop;
  readonly project: Project;
}

/** One row. */
export interface Row {
  readonly id: string;
  readonly change: string;
  /** What must be compiled or linked. Objects whose bytes do not change must not lead to a link. */
  readonly runs: readonly string[];
  /** What may come from the store instead. */
  readonly restores?: readonly string[];
  /** What the first build and the one after the change are asked with. */
  readonly before?: (workshop: Workshop) => BuildOptions;
  readonly after?: (context: RowContext) => BuildOptions;
  readonly make: (context: RowContext) => void | Promise<void>;
  /** The reason that must be given. */
  readonly why?: RegExp;
  readonly needs?: () => Found<unknown>;
  readonly cuda?: boolean;
  /** Not tried with torch's own builder, and why. */
  readonly withoutPeer?: string;
  /** The module must compute this afterwards. */
  readonly value?: number;
  /** Puts back what the row changed in the workshop. */
  readonly undo?: (context: RowContext) => void;
  /** The build after the change must fail; so is the first after that, which must work. */
  readonly fails?: (context: RowContext) => void;
}

const a = "csrc/a.cpp";
const b = "csrc/b.cpp";
const all = [a, b, "link"];
const base = 11111;

const compilerVariables = (workshop: Workshop): BuildOptions => ({ env: workshop.toolVariables });
/** With whole nvcc commands, as torch's builder has them; phases have their own tests (cuda-graph-rebuild.test.ts). */
const cudaVariables = (workshop: Workshop, more: Record<string, string> = {}): BuildOptions => ({
  env: { CUDA_HOME: workshop.cuda ?? "", TORCH_CUDA_ARCH_LIST: "8.0", RETORCH_CUDA_GRAPH: "off", ...more },
});
const nothing = (): void => undefined;

/** An interpreter of the system, of the version of the one that is built with, but another build of it. */
function otherInterpreter(): Found<string> {
  const first = cpuPython();
  if (!first.available) return first;
  const code =
    "import os, sys, sysconfig; print(os.path.realpath(sys.base_prefix), '%d.%d' % sys.version_info[:2], os.path.exists(os.path.join(sysconfig.get_path('include'), 'Python.h')))";
  const ask = (python: string): string[] =>
    spawnSync(python, ["-c", code], { encoding: "utf8" }).stdout?.trim().split(" ") ?? [];
  const [home, version] = ask(first.value.executable);
  const system = "/usr/bin/python3";
  const [otherHome, otherVersion, headers] = ask(system);
  return otherHome !== undefined && otherHome !== home && otherVersion === version && headers === "True"
    ? { available: true, value: system }
    : { available: false, reason: `${system} is no other Python ${version ?? ""} with headers` };
}

/** A torch of another version than the one that is built with. */
function otherTorch(): Found<PythonEnvironment> {
  const first = cpuPython();
  const other = cudaPython();
  if (!first.available || !other.available) return other;
  return first.value.torch.version === other.value.torch.version
    ? { available: false, reason: "both PyTorch are of the same version" }
    : other;
}

/** What must be done again. */
export const mustRebuild: readonly Row[] = [
  {
    id: "source",
    change: "a source",
    runs: [b, "link"],
    make: ({ project }) => project.edit(b, (text) => text.replace("HALF", "HALF + 1")),
    why: /^csrc\/b.cpp changed/m,
    value: base + 1,
  },
  {
    id: "header",
    change: "a header",
    runs: [a, "link"],
    make: ({ project }) => project.edit("include/a.h", (text) => text.replace("+ 1", "+ 2")),
    why: /include\/a.h changed/,
    value: base + 1,
  },
  {
    id: "header-deep",
    change: "a header three includes deep",
    runs: [a, "link"],
    make: ({ project }) => project.edit("include/deep/c.h", (text) => text.replace("100", "200")),
    why: /include\/deep\/c.h changed/,
    value: base + 100,
  },
  {
    id: "header-older",
    change: "a header whose new content carries an older time stamp",
    runs: [a, "link"],
    make: ({ project }) => {
      project.edit("include/deep/c.h", (text) => text.replace("100", "300"));
      utimesSync(project.path("include/deep/c.h"), 1e9, 1e9);
    },
    why: /include\/deep\/c.h changed/,
    value: base + 200,
  },
  {
    id: "torch-swapped",
    change: "torch swapped in place for another version",
    runs: [a, "link"],
    make: ({ workshop }) => {
      workshop.editTorch("version.py", (text) => text.replaceAll(/__version__ = '[^']*'/g, "__version__ = '2.99.0'"));
      workshop.editTorch(
        "include/torch/headeronly/macros/Macros.h",
        (text) => `${text}\n// of 2.99\nstatic const int torch_of_2_99 = 1;\n`,
      );
      workshop.appendToTorchLibrary("libc10.so", "2.99");
    },
    why: /torch 2\.\S+ → 2\.99\.0/,
    undo: ({ workshop }) => workshop.resetTorch(),
    value: base,
  },
  {
    id: "torch-other",
    change: "another release of torch in the same site-packages",
    runs: [a, "link"],
    needs: () => otherTorch(),
    make: ({ workshop }) => {
      const other = otherTorch();
      if (other.available) workshop.swapTorch(other.value);
    },
    why: /torch \d\S+ → \d/,
    undo: ({ workshop }) => workshop.resetTorch(),
  },
  {
    id: "torch-header",
    change: "one header of torch edited",
    runs: [a],
    make: ({ workshop }) =>
      workshop.editTorch("include/torch/headeronly/macros/Macros.h", (text) => `${text}\n// edited\n`),
    why: /^torch\/include\/torch\/headeronly\/macros\/Macros.h changed/m,
    undo: ({ workshop }) => workshop.resetTorch(),
  },
  {
    id: "compiler",
    change: "the compiler replaced at the same path",
    runs: [a, b, "link"],
    before: compilerVariables,
    make: ({ workshop }) => workshop.replaceProgram(workshop.compiler),
    why: /(g\+\+|c\+\+).* → /,
  },
  {
    id: "cc1plus",
    change: "only `cc1plus` replaced",
    runs: [a, b],
    before: compilerVariables,
    make: ({ workshop }) => workshop.replaceProgram(workshop.cc1plus),
    why: /cc1plus/,
  },
  {
    id: "ptxas",
    change: "only `ptxas` replaced",
    // nvcc writes the number of its process into the object, so that the object is never the same twice.
    runs: ["scale.cu", "link"],
    cuda: true,
    before: cudaVariables,
    make: ({ workshop }) => workshop.replaceProgram(join(workshop.cuda ?? "", "bin", "ptxas")),
    why: /ptxas/,
  },
  {
    id: "nvcc",
    change: "nvcc replaced at the same path",
    runs: ["scale.cu", "link"],
    cuda: true,
    before: cudaVariables,
    make: ({ workshop }) => workshop.replaceProgram(join(workshop.cuda ?? "", "bin", "nvcc")),
    why: /nvcc/,
  },
  ...["NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS"].map((name): Row => ({
    id: name.toLowerCase().replaceAll("_", "-"),
    change: `\`${name}\``,
    runs: ["scale.cu", "link"],
    cuda: true,
    before: cudaVariables,
    after: ({ workshop }) => cudaVariables(workshop, { [name]: "-lineinfo" }),
    make: nothing,
    why: new RegExp(`${name} .*→ "-lineinfo"`),
  })),
  {
    id: "architectures",
    change: "the list of architectures",
    runs: ["scale.cu", "link"],
    cuda: true,
    before: cudaVariables,
    after: ({ workshop }) => cudaVariables(workshop, { TORCH_CUDA_ARCH_LIST: "8.0 9.0" }),
    make: nothing,
    why: /compute_90/,
  },
  ...["CPATH", "CPLUS_INCLUDE_PATH"].map((name): Row => ({
    id: name.toLowerCase().replaceAll("_", "-"),
    change: `\`${name}\``,
    // What the variable names may hide any header, so everything is compiled; the objects are the same.
    runs: [a, b],
    after: ({ workshop }) => ({ env: { [name]: workshop.folder } }),
    make: nothing,
    why: new RegExp(`${name} \\(unset\\) → `),
  })),
  {
    id: "flag",
    change: "a flag",
    runs: [a, b],
    after: () => ({ args: ["--cxx-flag=-fno-inline"], env: { OPS_FLAGS: "-fno-inline" } }),
    make: nothing,
    why: /-fno-inline/,
  },
  {
    id: "define",
    change: "a define",
    runs: all,
    after: () => ({ args: ["-D", "EXTRA"], env: { OPS_FLAGS: "-DEXTRA" } }),
    make: ({ project }) =>
      project.edit(a, (text) => text.replace("A + other()", "A + other()\n#ifdef EXTRA\n + 5\n#endif\n")),
    why: /-DEXTRA/,
    value: base + 5,
  },
  {
    id: "standard",
    change: "the C++ standard",
    runs: [a, b],
    after: () => ({ args: ["--std=23"], env: { OPS_FLAGS: "-std=c++23" } }),
    make: nothing,
    why: /-std=c\+\+23/,
  },
  {
    id: "shadow",
    change: "a new header that shadows an old one",
    runs: [b, "link"],
    make: ({ project }) => project.write("early/half.h", "#pragma once\n#define HALF 2000\n"),
    why: /new file early\/half.h shadows include\/half.h/,
    value: base + 1000,
  },
  {
    id: "header-deleted",
    change: "a header deleted, and its use",
    runs: [b, "link"],
    make: ({ project }) => {
      rmSync(project.path("include/half.h"));
      project.write(b, "int other() { return 3000; }\n");
    },
    value: base + 2000,
  },
  {
    id: "output-deleted",
    change: "the extension deleted",
    runs: [],
    make: ({ project }) => rmSync(project.artifact),
    value: base,
  },
  {
    id: "output-cut",
    change: "the extension cut short",
    runs: [],
    make: ({ project }) => truncateSync(project.artifact, 1000),
    value: base,
  },
  {
    id: "output-overwritten",
    change: "the extension overwritten",
    runs: [],
    make: ({ project }) => {
      const path = project.artifact;
      rmSync(path);
      project.write(path.slice(project.root.length + 1), "rubbish");
    },
    value: base,
  },
  {
    id: "object-damaged",
    change: "an object overwritten",
    runs: [],
    restores: [a],
    make: ({ project }) => {
      for (const at of [".retorch/obj/ops/csrc/a.cpp.o"]) {
        if (existsSync(project.path(at))) project.write(at, "rubbish");
      }
      execFileSync(
        "sh",
        ["-c", "find build -name a.o -exec sh -c 'echo rubbish > \"$1\"' _ {} \\; 2>/dev/null || true"],
        {
          cwd: project.root,
        },
      );
    },
    value: base,
  },
  {
    id: "python",
    change: "another Python",
    // The other source reads none of its headers, and the object is the same here.
    runs: [a],
    needs: () => otherInterpreter(),
    after: ({ workshop }) => {
      const other = otherInterpreter();
      return other.available ? { python: workshop.otherPython(other.value) } : {};
    },
    make: nothing,
  },
  {
    id: "libtorch",
    change: "another libtorch at link",
    runs: ["link"],
    make: ({ workshop }) => workshop.appendToTorchLibrary("libc10.so", "another"),
    why: /^torch\/lib\/libc10.so changed/m,
    undo: ({ workshop }) => workshop.resetTorch(),
  },
  {
    id: "static-library",
    change: "another static library at link",
    runs: ["link"],
    make: ({ project }) => {
      project.edit("stat.c", (text) => text.replace("10000", "20000"));
      project.archive();
    },
    why: /lib\/libstat.a changed/,
    value: base + 10000,
  },
  {
    id: "glob-added",
    change: "a source added to a glob",
    runs: ["csrc/c.cpp", "link"],
    make: ({ project }) => project.write("csrc/c.cpp", "int unused() { return 1; }\n"),
    value: base,
  },
  {
    id: "glob-removed",
    change: "a source removed from a glob",
    // The link without it was done before, so it may come from the store.
    runs: [],
    restores: ["link"],
    make: async ({ project }) => {
      project.write("csrc/c.cpp", "int unused() { return 2; }\n");
      await rebuild(project);
      rmSync(project.path("csrc/c.cpp"));
    },
    why: /c.cpp.o is no longer used/,
    value: base,
  },
  {
    id: "killed",
    change: "a build that was killed after an edit",
    runs: [b, "link"],
    make: async ({ workshop, project }) => {
      // Long enough to compile that the signal comes in the middle of it, on a slow machine too.
      project.edit(b, (text) => slow(text).replace("return HALF", "return HALF + 8"));
      const { child, end } = await compiling(workshop, project);
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await end;
    },
    value: base + 8,
  },
  {
    id: "edited-meanwhile",
    change: "a header edited while the build ran",
    runs: [b, "link"],
    make: async ({ workshop, project }) => {
      // An edit of a header in the middle of the compilation that has read it.
      project.edit(b, slow);
      const { end } = await compiling(workshop, project);
      await pause(300);
      project.edit("include/half.h", (text) => text.replace("1000", "4000"));
      await end;
    },
    value: base + 3000,
  },
];

/** What must not be done again. */
export const mustNotRebuild: readonly Row[] = [
  { id: "nothing", change: "nothing", runs: [], make: nothing, value: base },
  {
    id: "touch",
    change: "`touch` on everything",
    runs: [],
    make: ({ project }) => {
      execFileSync("sh", ["-c", "touch csrc/* include/* include/deep/* retorch.toml"], { cwd: project.root });
    },
    value: base,
  },
  {
    id: "checkout",
    change: "a checkout that writes equal content",
    runs: [],
    make: ({ project }) => {
      for (const name of [a, b, "include/a.h", "include/half.h"]) {
        const text = project.read(name);
        rmSync(project.path(name));
        project.write(name, text);
      }
    },
    value: base,
  },
  {
    id: "moved",
    change: "the project moved to another folder",
    runs: [],
    make: ({ project }) => {
      const to = `${project.root}-moved`;
      renameSync(project.root, to);
      project.root = to;
    },
    value: base,
  },
  {
    id: "copied",
    change: "the project copied to another folder",
    runs: [],
    make: ({ project }) => {
      const to = `${project.root}-copy`;
      cpSync(project.root, to, { recursive: true, preserveTimestamps: true });
      project.root = to;
    },
    value: base,
  },
  {
    id: "worktree",
    change: "a second worktree",
    runs: [],
    restores: all,
    make: ({ project }) => {
      project.write(".gitignore", "*.so\n*.o\nbuild/\n.retorch/\n");
      project.git("init");
      project.git("add", "-A", "-f", "csrc", "include", "early", "lib", "retorch.toml", "setup.py", "stat.c");
      project.git("commit", "-m", "x");
      const to = `${project.root}-worktree`;
      project.git("worktree", "add", to, "-b", "other");
      project.root = to;
    },
    value: base,
  },
  {
    id: "folder",
    change: "asked for from another working directory",
    runs: [],
    after: ({ workshop, project }) => ({ cwd: workshop.folder, args: [project.root] }),
    make: nothing,
    value: base,
  },
  {
    id: "variable",
    change: "an unrelated environment variable",
    runs: [],
    after: () => ({ env: { UNRELATED: "1", EDITOR: "ed" } }),
    make: nothing,
    value: base,
  },
  {
    id: "architectures-order",
    change: "architectures listed in another order",
    runs: [],
    cuda: true,
    before: (workshop) => cudaVariables(workshop, { TORCH_CUDA_ARCH_LIST: "8.0;9.0" }),
    after: ({ workshop }) => cudaVariables(workshop, { TORCH_CUDA_ARCH_LIST: "9.0 8.0" }),
    make: nothing,
  },
  {
    id: "ccache",
    change: "ccache appearing on PATH",
    runs: [],
    needs: () => tool("ccache"),
    make: ({ workshop }) => {
      const masquerade = join(workshop.folder, "masquerade");
      if (existsSync(masquerade)) return;
      mkdirSync(masquerade);
      const ccache = tool("ccache");
      for (const name of ["g++", "c++", "gcc", "cc"]) {
        if (ccache.available) symlinkSync(ccache.value, join(masquerade, name));
      }
    },
    after: ({ workshop }) => ({ env: { PATH: `${join(workshop.folder, "masquerade")}:${process.env["PATH"] ?? ""}` } }),
    value: base,
  },
  {
    id: "taken-back",
    change: "an edit taken back",
    runs: [],
    restores: [b, "link"],
    make: async ({ project }) => {
      const text = project.read(b);
      project.edit(b, (old) => old.replace("HALF", "HALF + 1"));
      await rebuild(project);
      project.write(b, text);
    },
    value: base,
  },
  {
    id: "stash",
    change: "`git stash` and back",
    runs: [],
    restores: [b, "link"],
    make: async ({ project }) => {
      commit(project);
      project.edit(b, (old) => old.replace("HALF", "HALF + 1"));
      await rebuild(project);
      project.git("stash");
      await rebuild(project);
      project.git("stash", "pop");
    },
    value: base + 1,
  },
  {
    id: "branch",
    change: "another branch and back",
    runs: [],
    restores: [b, "link"],
    make: async ({ project }) => {
      commit(project);
      project.git("checkout", "-b", "other");
      project.edit(b, (old) => old.replace("HALF", "HALF + 1"));
      project.git("commit", "-am", "y");
      await rebuild(project);
      project.git("checkout", "main");
    },
    value: base,
  },
  {
    id: "clean",
    change: "clean, then build",
    runs: [],
    restores: all,
    make: ({ project }) => {
      execFileSync("sh", ["-c", "rm -rf build .retorch *.so"], { cwd: project.root });
    },
    value: base,
  },
  {
    id: "torch-back",
    change: "the previous torch again",
    runs: [],
    restores: [a, "link"],
    make: async ({ workshop, project }) => {
      workshop.editTorch(
        "include/torch/headeronly/macros/Macros.h",
        (text) => `${text}\nstatic const int edited = 1;\n`,
      );
      workshop.appendToTorchLibrary("libc10.so", "in between");
      await rebuild(project);
      workshop.resetTorch();
    },
    value: base,
  },
];

function commit(project: Project): void {
  project.write(".gitignore", "*.so\n*.o\nbuild/\n.retorch/\n");
  project.git("init");
  project.git("add", "-A");
  project.git("commit", "-m", "x");
}

/** A build in between, with whichever tool is tried. */
async function rebuild(project: Project): Promise<void> {
  const done = existsSync(project.path("build")) ? project.buildWithTorch() : await project.build();
  if (!done.ok) throw new Error(done.message);
}

/** Whether a compiler works in this folder. */
/** The same source, which takes about a second to compile. */
function slow(text: string): string {
  return `#include <regex>\n${text}std::regex pattern("a|b");\n`;
}

/** A build, in a process group of its own, that has come to compile: by torch's builder where that was used before. */
async function compiling(
  workshop: Workshop,
  project: Project,
): Promise<{ readonly child: ChildProcess; readonly end: Promise<unknown> }> {
  const [program, ...args] = existsSync(project.path("build"))
    ? [workshop.python, "setup.py", "build_ext", "--inplace"]
    : [process.execPath, join(repository, "bin/retorch.js"), "build", "--python", workshop.python];
  const child = spawn(program, args, { cwd: project.root, env: cliEnvironment(), stdio: "ignore", detached: true });
  const end = new Promise((resolve) => child.on("exit", resolve));
  while (!isCompiling(project.root)) {
    if (child.exitCode !== null) throw new Error("the build ended before it was seen to compile");
    await pause(10);
  }
  return { child, end };
}

function isCompiling(folder: string): boolean {
  return readdirSync("/proc").some((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0]?.endsWith("cc1plus") === true &&
        readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)
      );
    } catch {
      return false;
    }
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
