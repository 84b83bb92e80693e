/**
 * What a `setup.py` said is remembered: a build with nothing to do starts no Python, and whatever the script looked at
 * makes it run again. Processes are counted, not seconds.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { runRetorchOk, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { cpuPython, need, repository, tool } from "../support/environments.ts";
import { byDevice, simpleProject } from "../support/setup-projects.ts";
import { pythonModule } from "../support/slim-sources.ts";

interface Ran {
  /** Whether the script was run. */
  readonly read: boolean;
  /** Programs that were started. */
  readonly started: number;
  /** Actions that were not fresh: run, or fetched from the store. */
  readonly executed: number;
  readonly artifacts: readonly string[];
}

/** Without torch: a Python that starts in a moment. The sources are those of setuptools alone. */
function plainProject(script: string, more: Readonly<Record<string, string>> = {}): TemporaryProject {
  return temporaryProject({
    "setup.py": `${script}\n`,
    "one.cpp": pythonModule("one", "VALUE"),
    ...more,
  });
}

/** A script that declares \`one\`, with VALUE given by an expression. */
const declares = (before: string, value: string): string => `from setuptools import setup, Extension
${before}
setup(name="one", ext_modules=[Extension("one", ["one.cpp"], define_macros=[("VALUE", str(${value}))])])`;

async function build(
  project: TemporaryProject,
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly words?: readonly string[];
    readonly cwd?: string;
  } = {},
): Promise<Ran> {
  const effects = join(project.root, "..", "effects.json");
  const result = await runRetorchOk(["build", "--json", ...(options.words ?? [])], {
    cwd: options.cwd ?? project.root,
    env: {
      RETORCH_PYTHON: python,
      ...options.env,
      NODE_OPTIONS: `--import=${join(repository, "test", "support", "note-effects.mjs")}`,
      NOTE_EFFECTS: effects,
    },
  });
  const { started } = JSON.parse(readFileSync(effects, "utf8")) as { readonly started: readonly string[][] };
  const last = JSON.parse(result.stdout.trim().split("\n").at(-1) ?? "") as {
    readonly actions: { readonly executed: number; readonly cached: number };
    readonly artifacts: readonly { readonly path: string }[];
  };
  return {
    read: started.some((words) => words.some((word) => word.endsWith("_setup_capture.py"))),
    started: started.length,
    executed: last.actions.executed + last.actions.cached,
    artifacts: last.artifacts.map(({ path }) => path),
  };
}

let python = "";
beforeEach((context) => {
  python = need(context, cpuPython()).executable;
});

/** Builds until nothing is started any more: what is young is looked at again. */
async function settled(project: TemporaryProject, options: Parameters<typeof build>[1] = {}): Promise<void> {
  await build(project, options);
  await expect.poll(async () => (await build(project, options)).started, { timeout: 15_000 }).toBe(0);
}

test("a build with nothing to do starts no program, torch or not", async () => {
  const project = temporaryProject(simpleProject());
  const first = await build(project);
  expect(first).toMatchObject({ read: true, executed: 2 });
  const second = await build(project);
  expect(second).toMatchObject({ read: false, executed: 0 });
  await settled(project);
});

test("an edited source compiles that source alone, and runs no script", async () => {
  const project = temporaryProject(byDevice);
  await build(project);
  project.write("csrc/cpu/sum_cpu.cpp", `#include "more.h"\nlong more() { return 31; }\n`);
  expect(await build(project)).toMatchObject({ read: false, executed: 2 });
  // A header is watched where it is included.
  project.write("csrc/more.h", "long more();\n// edited\n");
  expect(await build(project)).toMatchObject({ read: false });
});

describe("what the script looked at makes it run again:", () => {
  const rows: readonly (readonly [
    what: string,
    script: string,
    more: Readonly<Record<string, string>>,
    change: (p: TemporaryProject) => void,
  ])[] = [
    ["the script itself", declares("", "1"), {}, (p) => p.write("setup.py", declares("", "2"))],
    [
      "a file that it read",
      declares('value = open("version.txt").read().strip()', "value"),
      { "version.txt": "1" },
      (p) => p.write("version.txt", "2"),
    ],
    [
      "a module of the project",
      declares("import version", "version.value"),
      { "version.py": "value = 1\n" },
      (p) => p.write("version.py", "value = 2\n"),
    ],
    [
      "a module that is not there yet",
      declares("try:\n    from local import value\nexcept ImportError:\n    value = 1", "value"),
      {},
      (p) => p.write("local.py", "value = 2\n"),
    ],
    [
      "a file that was not there",
      declares('import os\nvalue = 2 if os.path.exists("cuda/on") else 1', "value"),
      {},
      (p) => p.write("cuda/on", ""),
    ],
    [
      "a file that is gone",
      declares('from pathlib import Path\nvalue = 1 if Path("flag").is_file() else 2', "value"),
      { flag: "" },
      (p) => unlinkSync(p.path("flag")),
    ],
    [
      "a folder that it walked",
      declares('from glob import glob\nvalue = len(glob("csrc/**/*.cpp", recursive=True))', "value"),
      { "csrc/a/x.cpp": "" },
      (p) => p.write("csrc/a/y.cpp", ""),
    ],
    [
      "a folder that it listed",
      declares('import os\nvalue = len(os.listdir("csrc"))', "value"),
      { "csrc/x.cu": "" },
      (p) => p.write("csrc/y.cu", ""),
    ],
    [
      "a file that a pipe of the shell read",
      declares(
        "import subprocess\nsaid = subprocess.check_output(\"cat version.txt 2>/dev/null | grep -v '^#' | awk '{print $2}'\", shell=True, text=True)",
        "int(said)",
      ),
      { "version.txt": "# the version\nversion 1\n" },
      (p) => p.write("version.txt", "version 2\n"),
    ],
    ["setup.cfg", declares("", "1"), {}, (p) => p.write("setup.cfg", "[build_ext]\ndefine = MORE\n")],
    [
      "a file that it wrote and that is gone",
      declares('open("generated.h", "w").write("#define G 1")', "1"),
      {},
      (p) => unlinkSync(p.path("generated.h")),
    ],
    [
      "a link that it made and that is gone",
      declares('import os\nif not os.path.lexists("link"):\n    os.symlink("one.cpp", "link")', "1"),
      {},
      (p) => unlinkSync(p.path("link")),
    ],
    [
      "a file that a Python read which it started",
      declares(
        'import subprocess, sys\nvalue = int(subprocess.check_output([sys.executable, "generate.py"]))',
        "value",
      ),
      { "generate.py": 'print(open("value.txt").read())\n', "value.txt": "1" },
      (p) => p.write("value.txt", "2"),
    ],
    [
      "a module of a Python that it started through a shell",
      declares('import os, sys\nassert os.system(sys.executable + " generate.py") == 0', "open('made').read()"),
      { "generate.py": 'import part\nopen("made", "w").write(str(part.value))\n', "part.py": "value = 1\n" },
      (p) => p.write("part.py", "value = 2\n"),
    ],
    [
      "a file that a Python read which was started by a Python that it started, with variables of its own",
      declares(
        'import os, subprocess, sys\nsubprocess.check_call([sys.executable, "outer.py"], env=dict(os.environ, A="1"))',
        "open('made').read()",
      ),
      {
        "outer.py":
          'import os, subprocess, sys\nassert os.environ["A"] == "1"\nsubprocess.check_call([sys.executable, "inner.py"])\n',
        "inner.py": 'open("made", "w").write(open("value.txt").read())\n',
        "value.txt": "1",
      },
      (p) => p.write("value.txt", "2"),
    ],
  ];

  test.each(rows)("%s", async (_what, script, more, change) => {
    const project = plainProject(script, more);
    await build(project);
    expect(await build(project)).toMatchObject({ read: false, executed: 0 });
    change(project);
    expect((await build(project)).read).toBe(true);
    expect(await build(project)).toMatchObject({ read: false, executed: 0 });
  });

  test("a variable that it asked for, and no other", async () => {
    const project = plainProject(declares("import os", 'os.environ.get("FORCE_X", "1")'));
    await build(project);
    expect(await build(project, { env: { UNRELATED: "1" } })).toMatchObject({ read: false, executed: 0 });
    expect(await build(project, { env: { FORCE_X: "2" } })).toMatchObject({ read: true, executed: 2 });
    // Both answers are remembered.
    expect(await build(project)).toMatchObject({ read: false });
    expect(await build(project, { env: { FORCE_X: "2" } })).toMatchObject({ read: false });
  });

  test("CFLAGS, which setuptools reads", async () => {
    const project = plainProject(declares("", "1"));
    await build(project);
    expect(await build(project, { env: { CFLAGS: "-O0" } })).toMatchObject({ read: true });
    expect(await build(project, { env: { CFLAGS: "-O0" } })).toMatchObject({ read: false, executed: 0 });
  });

  test("all variables, when it looks at all", async () => {
    const count = 'sum(1 for name in os.environ if name.startswith("COUNTED_"))';
    const project = plainProject(declares("import os", count));
    await build(project);
    expect(await build(project)).toMatchObject({ read: false });
    expect(await build(project, { env: { COUNTED_A: "1" } })).toMatchObject({ read: true });
  });

  test("another interpreter", async () => {
    const project = plainProject(declares("", "1"));
    await build(project);
    const folder = project.path("venv");
    execFileSync(python, ["-m", "venv", "--without-pip", "--system-site-packages", folder]);
    const packages = execFileSync(
      python,
      ["-c", "import setuptools, os; print(os.path.dirname(os.path.dirname(setuptools.__file__)))"],
      { encoding: "utf8" },
    ).trim();
    const version = execFileSync(python, ["-c", "import sys; print('python%d.%d' % sys.version_info[:2])"], {
      encoding: "utf8",
    }).trim();
    writeFileSync(join(folder, "lib", version, "site-packages", "more.pth"), `${packages}\n`);
    const env = { RETORCH_PYTHON: join(folder, "bin", "python") };
    expect(await build(project, { env })).toMatchObject({ read: true });
    // An installed package may change what the script says.
    mkdirSync(join(folder, "lib", version, "site-packages", "thing-1.0.dist-info"));
    expect(await build(project, { env })).toMatchObject({ read: true });
    expect(await build(project, { env })).toMatchObject({ read: false });
  });

  test("the commit, when it asks git", async () => {
    const script = declares(
      'import subprocess\nvalue = int(subprocess.check_output(["git", "rev-list", "--count", "HEAD"]))',
      "value",
    );
    const project = plainProject(script, { "other.txt": "" });
    const git = (...words: string[]): void => {
      const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null" };
      execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@y", ...words], {
        cwd: project.root,
        env,
        stdio: "ignore",
      });
    };
    git("init", "-b", "main");
    git("add", ".");
    git("commit", "-m", "one");
    await build(project);
    expect(await build(project)).toMatchObject({ read: false });
    git("commit", "--allow-empty", "-m", "two");
    expect(await build(project)).toMatchObject({ read: true, executed: 2 });
    git("tag", "v1");
    expect(await build(project)).toMatchObject({ read: true, executed: 0 });
  });

  test("the working tree, when it asks git whether that is clean", async () => {
    const script = declares(
      'import subprocess\nsaid = subprocess.check_output(["git", "describe", "--always", "--dirty"], text=True)',
      'int("dirty" in said)',
    );
    const project = plainProject(script, { "other.txt": "", ".gitignore": ".retorch\n*.so\n" });
    const git = (...words: string[]): void => {
      execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@y", ...words], {
        cwd: project.root,
        env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null" },
        stdio: "ignore",
      });
    };
    git("init", "-b", "main");
    git("add", ".");
    git("commit", "-m", "one");
    await build(project);
    expect(await build(project)).toMatchObject({ read: false });
    project.write("other.txt", "edited");
    expect(await build(project)).toMatchObject({ read: true, executed: 2 });
    expect(await build(project)).toMatchObject({ read: false });
  });

  test("the package's file, when it asks pkg-config", async (context) => {
    need(context, tool("pkg-config"));
    const file = (value: number): string =>
      `Name: thing\nDescription: x\nVersion: 1\nRequires: part\nCflags: -DTHING=${value}\n`;
    const script = declares(
      'import subprocess\nsaid = subprocess.check_output(["pkg-config", "--cflags", "thing"], text=True)',
      'said.count("=2") + said.count("=4")',
    );
    const project = plainProject(script, {
      "pc/thing.pc": file(1),
      "pc/part.pc": "Name: part\nDescription: x\nVersion: 1\nCflags: -DPART=3\n",
    });
    const env = { PKG_CONFIG_PATH: project.path("pc") };
    await build(project, { env });
    expect(await build(project, { env })).toMatchObject({ read: false, executed: 0 });
    project.write("pc/thing.pc", file(2));
    expect(await build(project, { env })).toMatchObject({ read: true, executed: 2 });
    project.write("pc/part.pc", "Name: part\nDescription: x\nVersion: 1\nCflags: -DPART=4\n");
    expect(await build(project, { env })).toMatchObject({ read: true, executed: 2 });
  });

  test("nothing, when the same content is written again", async () => {
    const project = plainProject(declares("", "1"));
    await build(project);
    project.write("setup.py", `${declares("", "1")}\n`);
    utimesSync(project.path("setup.py"), 1, 1);
    expect(await build(project)).toMatchObject({ read: false, executed: 0 });
  });

  test.each([
    [
      "a Python that ignores its environment",
      '[sys.executable, "-I", "-c", "print(1)"]',
      "did not say what it looked at",
    ],
    [
      "a Python that ends at once",
      '[sys.executable, "-c", "import os; os.write(1, b\'1\'); os._exit(0)"]',
      "did not end",
    ],
    [
      "a line of the shell with more to it",
      '"for i in 1; do cat setup.py; done > /dev/null", shell=True',
      "it runs `for i in 1",
    ],
    ["sed in place", '"sed -i s/x/x/ one.cpp && true", shell=True', "it runs `sed -i"],
    ["git status with files that are not under control", '["git", "status", "--porcelain"]', "looks at every file"],
  ])("each time, when it runs %s", async (_what, words, why) => {
    const project = plainProject(declares(`import subprocess, sys\nsubprocess.run(${words})`, "1"));
    execFileSync("git", ["init", "-q"], { cwd: project.root });
    await build(project);
    expect(await build(project)).toMatchObject({ read: true, executed: 0 });
    const said = await runRetorchOk(["build", "-v"], { cwd: project.root, env: { RETORCH_PYTHON: python } });
    expect(said.stderr).toContain(why);
  });

  test("each time, when it runs what nobody knows", async () => {
    const project = plainProject(
      declares(
        'import subprocess\nvalue = subprocess.check_output(["sh", "make-value.sh"], text=True).strip()',
        "value",
      ),
      { "make-value.sh": "cat hidden.txt", "hidden.txt": "1" },
    );
    await build(project);
    expect(await build(project)).toMatchObject({ read: true, executed: 0 });
    project.write("hidden.txt", "2");
    expect(await build(project)).toMatchObject({ read: true, executed: 2 });
    const said = await runRetorchOk(["build", "-v"], { cwd: project.root, env: { RETORCH_PYTHON: python } });
    expect(said.stderr).toContain("`setup.py` is read at every build: it runs `sh make-value.sh`");
  });
});

test("a damaged memory costs a run of the script, nothing else", async () => {
  const project = plainProject(declares("", "1"));
  const cache = project.path("cache");
  const env = { RETORCH_CACHE_DIR: cache };
  await build(project, { env });
  for (const file of execFileSync("find", [join(cache, "setup-py"), "-type", "f"], { encoding: "utf8" })
    .trim()
    .split("\n")) {
    writeFileSync(file, '{"format": ');
  }
  rmSync(join(cache, "up-to-date"), { recursive: true });
  expect(await build(project, { env })).toMatchObject({ read: true, executed: 0 });
});

test("a project that is reached by a link is a project of its own, with the same result", async () => {
  const project = plainProject(declares("", "1"));
  await build(project);
  const link = join(project.root, "..", "link");
  symlinkSync(project.root, link);
  const { artifacts } = await build(project, { cwd: link });
  expect(artifacts).toHaveLength(1);
});
