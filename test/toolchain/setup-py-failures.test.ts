/** What cannot be captured says why, in one message, with what to do. */
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type CliResult, runRetorch, runRetorchOk, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { cpuPython, need } from "../support/environments.ts";
import { simpleProject } from "../support/setup-projects.ts";
import { pythonModule } from "../support/slim-sources.ts";

let python = "";
beforeEach((context) => {
  python = need(context, cpuPython()).executable;
});

function project(script: string, more: Readonly<Record<string, string>> = {}): TemporaryProject {
  return temporaryProject({ "setup.py": script, "one.cpp": pythonModule("one"), ...more });
}

async function build({ root }: TemporaryProject, env: Readonly<Record<string, string>> = {}): Promise<CliResult> {
  return await runRetorch(["build"], { cwd: root, env: { RETORCH_PYTHON: python, ...env } });
}

const setUp = 'setup(name="one", ext_modules=[Extension("one", ["one.cpp"])])\n';
const imports = "from setuptools import setup, Extension\n";

describe("a script that cannot be captured", () => {
  test.each([
    [
      "raises",
      `${imports}\n\nraise RuntimeError("CUDA 11.6 is needed")\n`,
      "SETUP_PY_FAILED",
      "RuntimeError: CUDA 11.6 is needed",
      "--> setup.py:4",
    ],
    [
      "wants what cannot be fetched",
      `${imports}import os\nos.environ["PIP_NO_INDEX"] = "1"\nsetup(name="x", setup_requires=["surely-not-there"], ext_modules=[Extension("one", ["one.cpp"])])\n`,
      "SETUP_PY_FAILED",
      "`setup_requires` names `surely-not-there`",
      "-m pip install surely-not-there",
    ],
    ["is no Python", "from setuptools import setup\nsetup(\n", "SETUP_PY_FAILED", "SyntaxError", "--> setup.py:2"],
    [
      "imports what is not there",
      "import surely_not_there.sub\n",
      "SETUP_PY_IMPORT",
      "imports `surely_not_there`",
      "pip install surely_not_there",
    ],
    [
      "exits with a code",
      "import sys\nprint('no compiler, sorry')\nsys.exit(3)\n",
      "SETUP_PY_EXITED",
      "exit code 3",
      "no compiler, sorry",
    ],
    ["exits with words", "import sys\nsys.exit('Please install foo')\n", "SETUP_PY_EXITED", "Please install foo", ""],
    [
      "ends without setup()",
      "print('only metadata')\n",
      "SETUP_PY_EXITED",
      "without a call of `setup()`",
      "only metadata",
    ],
    [
      "has no extensions",
      `${imports}print('skipping the extension')\nsetup(name="one")\n`,
      "SETUP_PY_NO_EXTENSIONS",
      "declares no extensions",
      "skipping the extension",
    ],
    ["asks", `${imports}if input("CUDA? [y/n] ") == "y": pass\n${setUp}`, "SETUP_PY_ASKS", "asks a question", ""],
    ["ends the interpreter", "import os\nos._exit(7)\n", "SETUP_PY_FAILED", "exit code 7", ""],
    [
      "names a source that is not there",
      `${imports}setup(name="x", ext_modules=[Extension("one", ["third/two.cpp"])])`,
      "SOURCE_NOT_FOUND",
      "`third/two.cpp` of `one` does not exist",
      "git submodule update",
    ],
    [
      "builds with CMake",
      `${imports}from setuptools.command.build_ext import build_ext
class CMakeExtension(Extension):
    def __init__(self, name):
        super().__init__(name, sources=[])
class CMakeBuild(build_ext):
    def build_extension(self, ext):
        raise SystemError("cmake was run")
setup(name="one", ext_modules=[CMakeExtension("one")], cmdclass={"build_ext": CMakeBuild})`,
      "SETUP_PY_OTHER_BUILD",
      "`one` has no sources: the set-up script builds it with CMake",
      "",
    ],
    [
      "compiles by itself",
      `${imports}from setuptools.command.build_ext import build_ext
class Own(build_ext):
    def build_extension(self, ext):
        print("pretending")
setup(name="one", ext_modules=[Extension("one", ["one.cpp"])], cmdclass={"build_ext": Own})`,
      "SETUP_PY_OTHER_BUILD",
      "`one` is not built by setuptools",
      "",
    ],
    [
      "is refused by setuptools",
      `${imports}setup(name="one", ext_modules=[Extension("one", ["one.cpp"], extra_compile_args=["-O2"])], cmdclass=5)`,
      "SETUP_PY_",
      "",
      "",
    ],
  ])("%s", async (_what, script, code, message, more) => {
    const made = project(script);
    const result = await build(made);
    expect(result.exitCode).toBe(2);
    expect(result.stdout).toBe("");
    expect(result.stderr).toContain(code);
    expect(result.stderr).toContain(message);
    expect(result.stderr).toContain(more);
    expect(result.stderr.match(/^error:/gm)).toHaveLength(1);
    // The recorder's own frames are nobody's business.
    expect(result.stderr).not.toContain("_setup_capture");
    expect(existsSync(made.path(".retorch"))).toBe(false);
  });

  test("is told once more, not remembered", async () => {
    const made = project("raise RuntimeError('first')\n");
    expect((await build(made)).stderr).toContain("first");
    made.write("setup.py", imports + setUp);
    expect((await build(made)).exitCode).toBe(0);
  });
});

describe("a Python without torch", () => {
  /** setuptools is there, torch is not. */
  function bare(parent: TemporaryProject): string {
    const folder = join(parent.root, "..", "bare");
    execFileSync(python, ["-m", "venv", "--without-pip", folder]);
    const ask = (code: string): string => execFileSync(python, ["-c", code], { encoding: "utf8" }).trim();
    const packages = ask("import setuptools, os; print(os.path.dirname(os.path.dirname(setuptools.__file__)))");
    const version = ask("import sys; print('python%d.%d' % sys.version_info[:2])");
    // The folder as a whole would bring torch: setuptools alone, by links.
    const target = join(folder, "lib", version, "site-packages");
    for (const name of ["setuptools", "_distutils_hack", "distutils-precedence.pth", "pkg_resources"]) {
      if (existsSync(join(packages, name))) execFileSync("ln", ["-s", join(packages, name), join(target, name)]);
    }
    return join(folder, "bin", "python");
  }

  test("is told to get it, and in a build with isolation what to do about that", async () => {
    const made = temporaryProject(simpleProject());
    const other = bare(made);
    const plain = await build(made, { RETORCH_PYTHON: other });
    expect(plain).toMatchObject({ exitCode: 2 });
    expect(plain.stderr).toContain(`imports torch, which \`${other}\` does not have`);
    expect(plain.stderr).toContain("-m pip install torch");
    const isolated = await build(made, { RETORCH_PYTHON: other, PEP517_BUILD_BACKEND: "setuptools.build_meta" });
    expect(isolated.stderr).toContain("SETUP_PY_TORCH_MISSING");
    expect(isolated.stderr).toContain("--no-build-isolation");
  });

  test("builds what does not use torch", async () => {
    const made = project(imports + setUp);
    const result = await build(made, { RETORCH_PYTHON: bare(made) });
    expect(result.exitCode).toBe(0);
  });
});

test("what goes wrong after the extensions are known is a warning", async () => {
  const made = project(`${imports}${setUp}\nimport shutil\nshutil.copy("build/lib/one.so", "dist")\n`);
  const result = await build(made);
  expect(result.exitCode).toBe(0);
  expect(result.stderr).toContain("warning: `setup.py` failed after its extensions were known");
});

test.each([
  ["copies it", 'import os, shutil\nif os.path.exists(path):\n    shutil.copy(path, "copied.so")'],
  [
    "copies it from the folder of the build",
    'import os\nif os.path.isfile(os.path.join("build", "lib", path)):\n    pass',
  ],
])("what is done with a built file is not done, and that is said: %s", async (_what, after) => {
  const made = project(
    `${imports}from setuptools.command.build_ext import build_ext
class Build(build_ext):
    def run(self):
        super().run()
        path = self.get_ext_filename("one")
${after.replace(/^/gm, "        ")}
setup(name="one", ext_modules=[Extension("one", ["one.cpp"])], cmdclass={"build_ext": Build})
`,
  );
  const result = await build(made);
  expect(result.exitCode).toBe(0);
  expect(result.stderr).toMatch(/warning: .setup\.py. looks for .*one\.cpython/);
  expect(result.stderr).toContain("retorch run -- python setup.py build_ext --inplace");
});

test("the other commands see the project alike", async () => {
  const made = temporaryProject(simpleProject());
  const options = { cwd: made.root, env: { RETORCH_PYTHON: python } };
  const explained = await runRetorchOk(["explain"], options);
  expect(explained.stdout).toContain("simple.cpp");
  expect(existsSync(made.path(".retorch"))).toBe(false);
  const ninja = await runRetorchOk(["export", "ninja"], options);
  expect(ninja.stdout).toContain("simple.cpp");
  expect(ninja.stdout).not.toContain("this is for people");
  await runRetorchOk(["build"], options);
  const commands = JSON.parse(
    execFileSync("cat", [made.path(".retorch/compile_commands.json")], { encoding: "utf8" }),
  ) as { readonly file: string }[];
  expect(commands.map(({ file }) => file.replace(`${made.root}/`, ""))).toEqual(["simple.cpp"]);
  const wrong = await runRetorch(["build", "--extension", "sinple"], options);
  expect(wrong).toMatchObject({ exitCode: 2 });
  expect(wrong.stderr).toContain("did you mean `simple`?");
  // To clean nothing needs to be known of the extensions.
  writeFileSync(made.path("setup.py"), "raise RuntimeError\n");
  const cleaned = await runRetorchOk(["clean"], options);
  expect(cleaned.stderr).toMatch(/removed simple\..*so/);
  expect(cleaned.stderr).toContain("removed .retorch");
  expect(existsSync(made.path(".retorch"))).toBe(false);
});

test("one extension of several, and the result elsewhere", async () => {
  const made = project(
    `${imports}setup(name="p", packages=[], ext_modules=[Extension("a.one", ["one.cpp"]), Extension("a.two", ["one.cpp"])])\n`,
  );
  const result = await runRetorchOk(["build", "--extension", "a.two", "--out", "elsewhere"], {
    cwd: made.root,
    env: { RETORCH_PYTHON: python },
  });
  expect(result.stdout).toMatch(/\/elsewhere\/a\/two\.[^/]*so\n$/);
  expect(result.stdout.trim().split("\n")).toHaveLength(1);
});
