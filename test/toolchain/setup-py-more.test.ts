/** Other ways to write a `setup.py`: Cython, distutils, several calls, and what an older setuptools does. */
import { spawnSync } from "node:child_process";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { runRetorch, runRetorchOk, temporaryProject } from "../support/cli.ts";
import { cpuPython, type Found, need } from "../support/environments.ts";
import { pythonModule } from "../support/slim-sources.ts";

/** The first Python that can import something and compile a module. */
function pythonWith(...modules: readonly string[]): Found<string> {
  const candidates = [process.env["RETORCH_TEST_PYTHON"], "python3", "/usr/bin/python3"].filter(
    (one) => one !== undefined,
  );
  const code = `import ${modules.join(", ")}, os, sysconfig; assert os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))`;
  const found = candidates.find((python) => spawnSync(python, ["-c", code], { cwd: "/" }).status === 0);
  return found === undefined
    ? { available: false, reason: `no Python with ${modules.join(" and ")}` }
    : { available: true, value: found };
}

test("Cython: what cythonize() makes of a list", async (context) => {
  const python = need(context, pythonWith("Cython", "setuptools"));
  const { root, write } = temporaryProject({
    "setup.py": `from setuptools import setup, Extension
from Cython.Build import cythonize
setup(name="cy", ext_modules=cythonize([Extension("one", ["one.pyx", "part.c"])], language_level=3))
`,
    "one.pyx": "cdef extern int part()\ndef answer():\n    return 40 + part()\n",
    "part.c": "int part(void) { return 2; }\n",
  });
  const options = { cwd: root, env: { RETORCH_PYTHON: python } };
  await runRetorchOk(["build"], options);
  expect(answers(python, root, ["one"])).toEqual([42]);
  const again = await runRetorchOk(["build"], options);
  expect(again.stderr).not.toContain("reading");
  // The translation is Cython's: an edited .pyx brings the script, and with it Cython, to run again.
  write("one.pyx", "cdef extern int part()\ndef answer():\n    return 50 + part()\n");
  const edited = await runRetorchOk(["build"], options);
  expect(edited.stderr).toContain("reading setup.py");
  expect(answers(python, root, ["one"])).toEqual([52]);
});

test("Cython: a .pyx among the sources, which setuptools translates", async (context) => {
  const python = need(context, pythonWith("Cython", "setuptools"));
  const { root } = temporaryProject({
    "setup.py": `from setuptools import setup, Extension
setup(name="cy", ext_modules=[Extension("two", ["two.pyx"], language="c++", define_macros=[("TWO", "2")])])
`,
    "two.pyx": "cdef extern from *:\n    int TWO\ndef answer():\n    return TWO\n",
  });
  await runRetorchOk(["build"], { cwd: root, env: { RETORCH_PYTHON: python } });
  expect(answers(python, root, ["two"])).toEqual([2]);
});

test("distutils' own setup(), and more than one call", async (context) => {
  const python = need(context, cpuPython()).executable;
  const { root } = temporaryProject({
    "setup.py": `from distutils.core import setup, Extension
for name in ("one", "two"):
    setup(name=name, ext_modules=[Extension(name, [name + ".cpp"])], script_args=["build_ext", "--inplace"])
`,
    "one.cpp": pythonModule("one", "1"),
    "two.cpp": pythonModule("two", "2"),
  });
  const { stdout } = await runRetorchOk(["build"], { cwd: root, env: { RETORCH_PYTHON: python } });
  expect(
    stdout
      .trim()
      .split("\n")
      .map((file) => basename(file).split(".")[0]),
  ).toEqual(["one", "two"]);
  expect(answers(python, root, ["one", "two"])).toEqual([1, 2]);
});

test("names with a letter that no command line likes", async (context) => {
  const python = need(context, cpuPython()).executable;
  const { root } = temporaryProject(
    {
      "setup.py": `from setuptools import setup, Extension
setup(name="odd", ext_modules=[Extension("odd", ["a b/größe $x.cpp"], define_macros=[("TEXT", '"it\\'s \\\\"so\\\\""'), ("V", "(1 + 2)")])])
`,
      "a b/größe $x.cpp": pythonModule("odd", "V * 10 + (sizeof(TEXT) == 10)"),
    },
    "odd folder's name",
  );
  await runRetorchOk(["build"], { cwd: root, env: { RETORCH_PYTHON: python } });
  expect(answers(python, root, ["odd"])).toEqual([31]);
});

test("relative folders of headers, which torch's ninja file does not find", async (context) => {
  const python = need(context, cpuPython()).executable;
  const { root } = temporaryProject({
    "setup.py": `from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CppExtension
setup(name="rel", ext_modules=[CppExtension("rel", ["rel.cpp"], include_dirs=["include"])], cmdclass={"build_ext": BuildExtension})
`,
    "include/rel.h": "#define REL 6\n",
    "rel.cpp": pythonModule("rel", "REL", '#include "rel.h"'),
  });
  await runRetorchOk(["build"], { cwd: root, env: { RETORCH_PYTHON: python } });
  expect(answers(python, root, ["rel"])).toEqual([6]);
});

test("a .c source among those of torch's builder is C++, as its ninja file makes it", async (context) => {
  const python = need(context, cpuPython()).executable;
  const { root } = temporaryProject({
    "setup.py": `from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CppExtension
setup(name="mixed", ext_modules=[CppExtension("mixed", ["mixed.cpp", "part.c"])], cmdclass={"build_ext": BuildExtension})
`,
    "mixed.cpp": pythonModule("mixed", "part()", "int part();"),
    "part.c": "int part() { return __cplusplus > 0 ? 9 : 0; }\n",
  });
  await runRetorchOk(["build"], { cwd: root, env: { RETORCH_PYTHON: python } });
  expect(answers(python, root, ["mixed"])).toEqual([9]);
});

test("what the script sets in the environment is set for its compiles, and for no other build", async (context) => {
  const python = need(context, cpuPython()).executable;
  const { root, write } = temporaryProject({
    "setup.py": `import os
from setuptools import setup, Extension
os.environ["CPATH"] = os.path.abspath("hidden")
setup(name="env", ext_modules=[Extension("env", ["env.cpp"])])
`,
    "hidden/from_env.h": "#define FROM_ENV 5\n",
    "env.cpp": pythonModule("env", "FROM_ENV", "#include <from_env.h>"),
  });
  const options = { cwd: root, env: { RETORCH_PYTHON: python } };
  await runRetorchOk(["build"], options);
  expect(answers(python, root, ["env"])).toEqual([5]);
  write("hidden/from_env.h", "#define FROM_ENV 6\n");
  await runRetorchOk(["build"], options);
  expect(answers(python, root, ["env"])).toEqual([6]);
});

/** What `answer()` of each module is, with torch imported first where there is one. */
function answers(python: string, folder: string, names: readonly string[]): number[] {
  const code = `import sys, importlib
try:
    import torch
except ImportError:
    pass
print(*[importlib.import_module(name).answer() for name in sys.argv[1:]])`;
  const result = spawnSync(python, ["-c", code, ...names], { cwd: folder, encoding: "utf8" });
  if (result.status !== 0) throw new Error(result.stderr);
  return result.stdout.trim().split(" ").map(Number);
}

test("words for the script itself, each list of them remembered apart", async (context) => {
  const python = need(context, cpuPython()).executable;
  const { root } = temporaryProject({
    "setup.py": `import sys
from setuptools import setup, Extension
macros = []
for word in ("--first", "--second"):
    if word in sys.argv:
        sys.argv.remove(word)
        macros.append(("ANSWER", "1" if word == "--first" else "2"))
setup(name="words", ext_modules=[Extension("words", ["words.cpp"], define_macros=macros or [("ANSWER", "0")])])
`,
    "words.cpp": pythonModule("words", "ANSWER"),
  });
  const options = { cwd: root, env: { RETORCH_PYTHON: python } };
  await runRetorchOk(["build"], options);
  expect(answers(python, root, ["words"])).toEqual([0]);
  await runRetorchOk(["build", "--setup-arg=--first"], options);
  expect(answers(python, root, ["words"])).toEqual([1]);
  await runRetorchOk(["build", "--setup-arg=--second"], options);
  expect(answers(python, root, ["words"])).toEqual([2]);
  const back = await runRetorchOk(["build", "--setup-arg=--first"], options);
  expect(back.stderr).not.toContain("reading");
  expect(answers(python, root, ["words"])).toEqual([1]);
  const unknown = await runRetorch(["build", "--setup-arg=--third"], options);
  expect(unknown.exitCode).toBe(2);
  expect(unknown.stderr).toContain("--third");
});

test("words for a script where there is none", async () => {
  const { root } = temporaryProject({ "one.cpp": pythonModule("one", "1") });
  const refused = await runRetorch(["build", "--setup-arg=--first"], { cwd: root });
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain("no `setup.py` is read here that could take `--first`");
});
