/** Other ways to write a `setup.py`: Cython, distutils, several calls, and what an older setuptools does. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
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

test("static libraries of the project are compiled into what names them", async (context) => {
  const python = need(context, cpuPython()).executable;
  const project = temporaryProject({
    "setup.py": `from setuptools import setup, Extension
setup(
    name="lib",
    libraries=[("mine", {"sources": ["lib/mine.c"], "include_dirs": ["inc"], "macros": [("M", "1")], "cflags": ["-O1"]})],
    ext_modules=[
        Extension("one", ["one.cpp"], libraries=["mine"], define_macros=[("LEVEL", "1")], undef_macros=["NDEBUG"]),
        Extension("two", ["two.cpp"], define_macros=[("LEVEL", "2")]),
    ],
)
`,
    "inc/mine.h": "#define MINE 40\n",
    "lib/mine.c": `#include <mine.h>
#if defined(LEVEL) || !defined(NDEBUG)
#error "flags of the extension are its own"
#endif
int mine(void) { int class = MINE + M; return class; }
`,
    "one.cpp": pythonModule("one", "mine() + LEVEL", 'extern "C" int mine();'),
    "two.cpp": pythonModule("two", "LEVEL"),
  });
  const theirs = spawnSync(python, ["setup.py", "build_clib", "build_ext", "--inplace"], { cwd: project.root });
  expect(theirs.status).toBe(0);
  expect(answers(python, project.root, ["one", "two"])).toEqual([42, 2]);
  const options = { cwd: project.root, env: { RETORCH_PYTHON: python } };
  const built = await runRetorchOk(["build"], options);
  expect(built.stderr.match(/compile lib\/mine\.c/g)).toHaveLength(1);
  expect(answers(python, project.root, ["one", "two"])).toEqual([42, 2]);
  // A header of the library counts, which setuptools would not see.
  project.write("inc/mine.h", "#define MINE 50\n");
  const edited = await runRetorchOk(["build"], options);
  expect(edited.stderr).toContain("[1/2] compile lib/mine.c");
  expect(answers(python, project.root, ["one", "two"])).toEqual([52, 2]);
});

test("a compiler that the script names, beside commands that are not run here", async (context) => {
  const python = need(context, cpuPython()).executable;
  const { root } = temporaryProject({
    "setup.py": `import os, shutil, subprocess
import urllib.request
from setuptools import setup, Extension
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
os.makedirs("tools", exist_ok=True)
if not os.path.exists("tools/g++"):
    os.symlink(shutil.which("g++"), "tools/g++")
os.environ["CC"] = os.environ["CXX"] = os.path.abspath("tools/g++")
subprocess.run(["git", "submodule", "update", "--init", "third_party"])
class CachedWheels(bdist_wheel):
    def run(self):
        urllib.request.urlretrieve("https://nowhere.invalid/x.whl", "x.whl")
class Generate(build_py):
    def run(self):
        raise SystemError("build_py was run")
setup(name="named", ext_modules=[Extension("named", ["named.cpp"])], cmdclass={"bdist_wheel": CachedWheels, "build_py": Generate})
`,
    "named.cpp": pythonModule("named", "3"),
  });
  const options = { cwd: root, env: { RETORCH_PYTHON: python } };
  const dry = await runRetorchOk(["build", "--dry-run"], options);
  const [compile = ""] = dry.stdout.split("\n").filter((line) => line.includes(" -c named.cpp"));
  expect(compile).toMatch(/^(?:\S*\/)?tools\/g\+\+ /);
  await runRetorchOk(["build"], options);
  expect(answers(python, root, ["named"])).toEqual([3]);
  expect((await runRetorchOk(["build"], options)).stderr).not.toContain("reading");
});

test("a compiler that the project puts in the place of the usual one", async (context) => {
  const python = need(context, cpuPython()).executable;
  const { root } = temporaryProject({
    "setup.py": `import os, shutil
from setuptools import setup, Extension
from setuptools.command.build_ext import build_ext
os.makedirs("tools", exist_ok=True)
if not os.path.exists("tools/g++"):
    os.symlink(shutil.which("g++"), "tools/g++")
class Build(build_ext):
    def build_extensions(self):
        for name in ("compiler_so", "compiler_so_cxx"):
            self.compiler.set_executable(name, os.path.abspath("tools/g++") + " -fPIC -DOWN=4")
        super().build_extensions()
setup(name="own", ext_modules=[Extension("own", ["own.cpp"])], cmdclass={"build_ext": Build})
`,
    "own.cpp": pythonModule("own", "OWN"),
  });
  const options = { cwd: root, env: { RETORCH_PYTHON: python } };
  const dry = await runRetorchOk(["build", "--dry-run"], options);
  const [compile = ""] = dry.stdout.split("\n").filter((line) => line.includes(" -c own.cpp"));
  expect(compile.startsWith(`${root}/tools/g++ -DOWN=4 `) || compile.startsWith("tools/g++ -DOWN=4 ")).toBe(true);
  expect(compile).not.toContain("-fwrapv");
  await runRetorchOk(["build"], options);
  expect(answers(python, root, ["own"])).toEqual([4]);
});

test("a compile that is replaced in the class of all compilers", async (context) => {
  const python = need(context, cpuPython()).executable;
  const { root } = temporaryProject({
    "setup.py": `from setuptools import setup, Extension
from distutils import ccompiler, unixccompiler
original = unixccompiler.UnixCCompiler._compile
def _compile(self, obj, src, ext, cc_args, extra_postargs, pp_opts):
    return original(self, obj, src, ext, cc_args, list(extra_postargs) + ["-DFLAG=7"], pp_opts)
unixccompiler.UnixCCompiler._compile = _compile
def parallel(self, sources, output_dir=None, macros=None, include_dirs=None, debug=0, extra_preargs=None,
             extra_postargs=None, depends=None):
    from multiprocessing.pool import ThreadPool
    _, objects, extra, pp_opts, build = self._setup_compile(output_dir, macros, include_dirs, sources, depends, extra_postargs)
    cc_args = self._get_cc_args(pp_opts, debug, extra_preargs)
    def one(object):
        self._compile(object, *build[object], cc_args, extra + ["-DMORE=30"], pp_opts)
    list(ThreadPool(2).imap(one, objects))
    return objects
ccompiler.CCompiler.compile = parallel
setup(name="patched", ext_modules=[Extension("patched", ["patched.cpp"], extra_compile_args=["-O1"])])
`,
    "patched.cpp": pythonModule("patched", "FLAG + MORE + __OPTIMIZE__"),
  });
  await runRetorchOk(["build"], { cwd: root, env: { RETORCH_PYTHON: python } });
  expect(answers(python, root, ["patched"])).toEqual([38]);
});

test("options of the project's own, and its MAX_JOBS", async (context) => {
  const python = need(context, cpuPython()).executable;
  const { root } = temporaryProject({
    "setup.py": `import os, sys
from setuptools import setup, Extension
os.environ.setdefault("MAX_JOBS", "3")
extensions = []
if "--cpp_ext" in sys.argv:
    sys.argv.remove("--cpp_ext")
    extensions.append(Extension("cpp", ["cpp.cpp"]))
setup(name="options", ext_modules=extensions)
`,
    "cpp.cpp": pythonModule("cpp", "8"),
  });
  const env = { RETORCH_PYTHON: python };
  const without = await runRetorch(["build"], { cwd: root, env });
  expect(without.stderr).toContain("SETUP_PY_NO_EXTENSIONS");
  expect(without.stderr).toContain("--setup-arg=--cuda_ext");
  const options = { cwd: root, env: { ...env, RETORCH_SETUP_PY_OPTIONS: "--cpp_ext" } };
  const built = await runRetorchOk(["build", "--json", "-j", "8"], options);
  expect(answers(python, root, ["cpp"])).toEqual([8]);
  const planned = built.stdout.split("\n").find((line) => line.includes('"type":"planned"')) ?? "";
  expect(JSON.parse(planned)).toMatchObject({ jobs: 3 });
  const given = await runRetorchOk(["build", "--json", "--force"], {
    ...options,
    env: { ...options.env, MAX_JOBS: "5" },
  });
  expect(given.stdout).toContain('"jobs":5');
});

test.for<readonly [string, Readonly<Record<string, string>>]>([
  ["with a setup.py that only calls setup()", { "setup.py": "from setuptools import setup\nsetup()\n" }],
  ["without a setup.py", {}],
])("extensions in pyproject.toml, %s", async ([, more], context) => {
  const python = need(context, cpuPython()).executable;
  const { root, write } = temporaryProject({
    ...more,
    "pyproject.toml": `[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "declared"
version = "1"
[tool.setuptools]
py-modules = []
ext-modules = [{ name = "declared", sources = ["declared.cpp"], define-macros = [["VALUE", "6"]] }]
`,
    "declared.cpp": pythonModule("declared", "VALUE"),
  });
  await runRetorchOk(["build"], { cwd: root, env: { RETORCH_PYTHON: python } });
  expect(answers(python, root, ["declared"])).toEqual([6]);
  const again = await runRetorchOk(["build"], { cwd: root, env: { RETORCH_PYTHON: python } });
  expect(again.stderr).not.toContain("reading");
  write("pyproject.toml", readFileSync(join(root, "pyproject.toml"), "utf8").replace('"6"', '"7"'));
  await runRetorchOk(["build"], { cwd: root, env: { RETORCH_PYTHON: python } });
  expect(answers(python, root, ["declared"])).toEqual([7]);
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
  // The variable says the same, and an option counts more than it.
  const always = { ...options, env: { ...options.env, RETORCH_SETUP_PY_OPTIONS: "'--second'" } };
  const second = await runRetorchOk(["build"], always);
  expect(second.stderr).not.toContain("reading");
  expect(answers(python, root, ["words"])).toEqual([2]);
  await runRetorchOk(["build", "--setup-arg", "--first"], always);
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
