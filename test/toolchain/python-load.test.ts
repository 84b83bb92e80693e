/** `retorch.load` and `retorch.load_inline` in real Pythons: what torch's own tests of these functions expect, and more. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type TemporaryProject, temporaryProject } from "../support/cli.ts";
import { cpuPython, cudaPython, need, onlyWithAll, tool } from "../support/environments.ts";
import { askPython, jitModule, runPython } from "../support/python.ts";
import { stableOperators } from "../support/slim-sources.ts";

/** Nothing that is built needs a library of torch's then, so that importing it takes no time. */
const slim = `extra_ldflags=["-Wl,--as-needed"]`;

function project(files: Readonly<Record<string, string>>): TemporaryProject {
  return temporaryProject(files);
}

/** A compiler that writes a line to a file for each compile, and then is the real one. */
function countingCompiler(at: TemporaryProject): {
  readonly env: Record<string, string>;
  readonly count: () => number;
} {
  const log = at.path("compiles.log");
  const compiler = at.path("bin/c++");
  at.write(
    "bin/c++",
    `#!/bin/sh\ncase " $* " in *" -c "*) echo compile >>'${log}';; esac\nexec /usr/bin/env g++ "$@"\n`,
  );
  chmodSync(compiler, 0o755);
  const count = (): number => (existsSync(log) ? readFileSync(log, "utf8").split("\n").length - 1 : 0);
  return { env: { CXX: compiler }, count };
}

/** A folder that links to everything in another one, but for one file, on the way to which it has folders of its own. */
function linkAllBut(folder: string, copy: string, [next, ...rest]: readonly string[]): void {
  mkdirSync(copy);
  for (const name of readdirSync(folder)) {
    if (name !== next) symlinkSync(join(folder, name), join(copy, name));
    else if (rest.length > 0) linkAllBut(join(folder, name), join(copy, name), rest);
  }
}

describe("load", () => {
  it("builds a module, and starts nothing when it is up to date", { timeout: 120_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = project({ "ops.cpp": jitModule("VALUE", '#include "value.h"'), "value.h": "#define VALUE 42\n" });
    const env = { TORCH_EXTENSIONS_DIR: at.path("built") };
    const code = `
module = retorch.load("ops", ["ops.cpp"], ${slim})
say([module.answer(), module.__name__, module.__spec__.name, len(started), "torch" in sys.modules])
`;
    const [first] = await askPython(python, code, { cwd: at.root, env });
    expect(first).toEqual([42, "ops", "ops", 1, false]);
    const [second] = await askPython(python, code, { cwd: at.root, env });
    expect(second).toEqual([42, "ops", "ops", 0, false]);
    // Where torch's own builder leaves it.
    expect(existsSync(at.path("built/ops/ops.so"))).toBe(true);

    at.write("value.h", "#define VALUE 43\n");
    const [third] = await askPython(python, code, { cwd: at.root, env });
    expect(third).toEqual([43, "ops", "ops", 1, false]);
  });

  it("heeds the variables that matter to a build, and no others", { timeout: 120_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = project({ "ops.cpp": jitModule("VALUE", "#include <value.h>"), "a/value.h": "#define VALUE 1\n" });
    at.write("b/value.h", "#define VALUE 2\n");
    const ask = async (env: Record<string, string>): Promise<unknown> => {
      const code = `say([retorch.load("ops", "ops.cpp", ${slim}).answer(), len(started)])`;
      const all = { TORCH_EXTENSIONS_DIR: at.path("built"), CPATH: at.path("a"), ...env };
      return (await askPython(python, code, { cwd: at.root, env: all }))[0];
    };
    expect(await ask({})).toEqual([1, 1]);
    expect(await ask({ RANK: "3", WORLD_SIZE: "8", SOME_TOKEN: "x" })).toEqual([1, 0]);
    expect(await ask({ CPATH: at.path("b") })).toEqual([2, 1]);
    // A header that would now be found first.
    at.write("c/other.h", "");
    expect(await ask({ CPATH: `${at.path("c")}:${at.path("b")}` })).toEqual([2, 1]);
    expect(await ask({ CPATH: `${at.path("c")}:${at.path("b")}` })).toEqual([2, 0]);
    at.write("c/value.h", "#define VALUE 3\n");
    expect(await ask({ CPATH: `${at.path("c")}:${at.path("b")}` })).toEqual([3, 1]);
  });

  it(
    "carries a note of what it was built with, unless RETORCH_PROVENANCE says no",
    { timeout: 120_000 },
    async (context) => {
      const python = need(context, cpuPython()).executable;
      const at = project({ "ops.cpp": jitModule("5") });
      const ask = async (env: Record<string, string>): Promise<unknown> => {
        const code = `
module = retorch.load("ops", "ops.cpp", ${slim})
say([len(started), b".note.retorch" in open(module.__file__, "rb").read()])
`;
        const all = { TORCH_EXTENSIONS_DIR: at.path("built"), ...env };
        return (await askPython(python, code, { cwd: at.root, env: all }))[0];
      };
      expect(await ask({})).toEqual([1, true]);
      expect(await ask({ RETORCH_PROVENANCE: "off" })).toEqual([1, false]);
      expect(await ask({ RETORCH_PROVENANCE: "off" })).toEqual([0, false]);
      expect(await ask({ RETORCH_PROVENANCE: "on" })).toEqual([1, true]);
    },
  );

  it("notices another compiler at the same path", { timeout: 120_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = project({ "ops.cpp": jitModule("VALUE") });
    const compiler = at.path("bin/c++");
    const become = (value: number): void => {
      at.write("bin/c++", `#!/bin/sh\nexec /usr/bin/env g++ -DVALUE=${value} "$@"\n`);
      chmodSync(compiler, 0o755);
    };
    const env = { TORCH_EXTENSIONS_DIR: at.path("built"), CXX: compiler };
    const code = `say([retorch.load("ops", "ops.cpp", ${slim}).answer(), len(started)])`;
    become(1);
    expect(await askPython(python, code, { cwd: at.root, env })).toEqual([[1, 1]]);
    expect(await askPython(python, code, { cwd: at.root, env })).toEqual([[1, 0]]);
    become(2);
    expect(await askPython(python, code, { cwd: at.root, env })).toEqual([[2, 1]]);
  });

  it("notices an edited header of the installed torch", { timeout: 120_000 }, async (context) => {
    const { executable, torch } = need(context, cpuPython());
    const at = project({ "ops.cpp": jitModule("EDITED", "#include <torch/headeronly/version.h>") });
    // A torch of our own: links to the real one, but for the header.
    mkdirSync(at.path("site"));
    const place = ["include", "torch", "headeronly", "version.h"];
    linkAllBut(torch.root, at.path("site/torch"), place);
    const header = at.path(["site", "torch", ...place].join("/"));
    const text = readFileSync(join(torch.root, ...place), "utf8");
    writeFileSync(header, `${text}\n#define EDITED 1\n`);
    const env = {
      TORCH_EXTENSIONS_DIR: at.path("built"),
      PYTHONPATH: `${join(process.cwd(), "python")}:${at.path("site")}`,
    };
    const code = `say([retorch.load("ops", "ops.cpp", ${slim}).answer(), len(started)])`;
    expect(await askPython(executable, code, { cwd: at.root, env })).toEqual([[1, 1]]);
    expect(await askPython(executable, code, { cwd: at.root, env })).toEqual([[1, 0]]);
    writeFileSync(header, `${text}\n#define EDITED 2\n`);
    expect(await askPython(executable, code, { cwd: at.root, env })).toEqual([[2, 1]]);
  });

  it("loads a changed extension again in one process, as another module", { timeout: 120_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = project({ "ops.cpp": jitModule("VALUE", '#include "value.h"'), "value.h": "#define VALUE 1\n" });
    const code = `
def load():
    module = retorch.load("ops", ["ops.cpp"], ${slim})
    return [module.answer(), module.__name__]
def write(value):
    open("value.h", "w").write("#define VALUE %d\\n" % value)
say(load())
count = len(started)
say(load() + [len(started) - count])
one, other = (retorch.load("ops", ["ops.cpp"], ${slim}) for _ in range(2))
say(one is other)
write(2)
say(load())
say(load())
write(3)
say(load())
`;
    const said = await askPython(python, code, { cwd: at.root, env: { TORCH_EXTENSIONS_DIR: at.path("built") } });
    expect(said).toEqual([[1, "ops"], [1, "ops", 0], true, [2, "ops_v1"], [2, "ops_v1"], [3, "ops_v2"]]);
  });

  it("keeps extensions of one name in two projects apart", { timeout: 120_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const a = project({ "ops.cpp": jitModule("1") });
    const b = project({ "ops.cpp": jitModule("2") });
    const env = { TORCH_EXTENSIONS_DIR: a.path("built") };
    const code = `say([retorch.load("ops", ["ops.cpp"], ${slim}).answer(), len(started)])`;
    expect(await askPython(python, code, { cwd: a.root, env })).toEqual([[1, 1]]);
    expect(await askPython(python, code, { cwd: b.root, env })).toEqual([[2, 1]]);
    // Neither has to be built again.
    expect(await askPython(python, code, { cwd: a.root, env })).toEqual([[1, 0]]);
    expect(await askPython(python, code, { cwd: b.root, env })).toEqual([[2, 0]]);
  });

  it("builds once for all processes and threads that ask at the same time", { timeout: 180_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    need(context, tool("g++"));
    const at = project({ "ops.cpp": jitModule("7") });
    const { env, count } = countingCompiler(at);
    const code = `
import threading
answers = []
threads = [threading.Thread(target=lambda: answers.append(retorch.load("ops", ["ops.cpp"], ${slim}).answer())) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
say(answers)
`;
    const all = { ...env, TORCH_EXTENSIONS_DIR: at.path("built") };
    const ranks = ["0", "1", "2"].map((rank) =>
      askPython(python, code, { cwd: at.root, env: { ...all, RANK: rank, LOCAL_RANK: rank } }),
    );
    expect(await Promise.all(ranks)).toEqual([[[7, 7, 7]], [[7, 7, 7]], [[7, 7, 7]]]);
    expect(count()).toBe(1);
  });

  it(
    "takes a build directory, and no notice of a lock that torch left there",
    { timeout: 120_000 },
    async (context) => {
      const python = need(context, cpuPython()).executable;
      const at = project({ "ops.cpp": jitModule("5"), "given/lock": "" });
      const code = `
module = retorch.load("ops", ["ops.cpp"], build_directory="given", ${slim})
say([module.answer(), module.__file__])
`;
      const said = await askPython(python, code, { cwd: at.root });
      expect(said).toEqual([[5, at.path("given/ops.so")]]);
      expect(readdirSync(at.path("given")).sort()).toEqual([".retorch", "lock", "ops.so"]);
    },
  );

  it("builds in torch's folder of the user's cache without any variable", { timeout: 120_000 }, async (context) => {
    const { executable, version } = need(context, cpuPython());
    const at = project({ "ops.cpp": jitModule("5") });
    const code = `say(retorch.load("ops", ["ops.cpp"], ${slim}).answer())`;
    const env = { XDG_CACHE_HOME: at.path("cache"), RETORCH_CACHE_DIR: at.path("own") };
    expect(await askPython(executable, code, { cwd: at.root, env })).toEqual([5]);
    const folder = `cache/torch_extensions/py${version.slice(0, 2).join("")}_cpu/ops`;
    expect(existsSync(at.path(`${folder}/ops.so`))).toBe(true);
  });

  it("builds where paths have blanks and other letters", { timeout: 120_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = project({ "mein Projekt ü/a b.cpp": jitModule("VALUE", '#include "wért.h"') });
    at.write("mein Projekt ü/in clude/wért.h", "#define VALUE 4\n");
    const cwd = at.path("mein Projekt ü");
    const code = `
load = lambda **more: retorch.load("ops", ["a b.cpp"], extra_include_paths=["in clude"], keep_intermediates=False, ${slim}, **more)
module = load()
say([module.answer(), os.path.relpath(module.__file__, os.environ["TORCH_EXTENSIONS_DIR"]).count(os.sep), len(started)])
module = load(build_directory="hierhin $x ü")
say([module.answer(), module.__file__])
`;
    const env = { TORCH_EXTENSIONS_DIR: at.path("gebaut ü 'x'"), LC_ALL: "C.UTF-8" };
    const given = join(cwd, "hierhin $x ü", "ops_v1.so");
    expect(await askPython(python, code, { cwd, env })).toEqual([
      [4, 2, 1],
      [4, given],
    ]);
    expect(await askPython(python, code, { cwd, env })).toEqual([
      [4, 2, 0],
      [4, given],
    ]);
  });

  it("gives threads that ask for one name with other flags each their own", { timeout: 120_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = project({ "ops.cpp": jitModule("VALUE") });
    const code = `
import threading
answers = {}
def one(value):
    module = retorch.load("ops", ["ops.cpp"], extra_cflags=["-DVALUE=%d" % value], ${slim})
    answers[value] = module.answer()
threads = [threading.Thread(target=one, args=(value,)) for value in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
say(sorted(answers.items()))
pid = os.fork()
if pid == 0:
    one(5)
    say(answers[5])
    os._exit(0)
os.waitpid(pid, 0)
`;
    const said = await askPython(python, code, { cwd: at.root, env: { TORCH_EXTENSIONS_DIR: at.path("built") } });
    expect(said).toEqual([[0, 1, 2, 3].map((value) => [value, value]), 5]);
  });

  it("takes flags as loosely as torch does", { timeout: 120_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = project({
      "ops.cpp": jitModule("sizeof(TITLE) + VALUE + ONE", '#include "value.h"'),
      "include me/value.h": "#define VALUE 10\n",
    });
    const code = `
module = retorch.load(
    "ops", "ops.cpp",
    extra_cflags=["-g\\n\\n", "-O0 -Wall", "-DTITLE='\\"a b\\"'", "  -DONE=1 "],
    extra_include_paths=["       include me\\n", "path / with spaces in it", "path with quote'"],
    extra_ldflags=["-Wl,--as-needed -Wl,-rpath,'$$ORIGIN'"],
)
say([module.answer(), open(module.__file__, "rb").read().count(b"$ORIGIN")])
`;
    const said = await askPython(python, code, { cwd: at.root, env: { TORCH_EXTENSIONS_DIR: at.path("built") } });
    expect(said).toEqual([[15, 1]]);
  });

  it("says what the compiler said when a build fails", { timeout: 120_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = project({ "ops.cpp": '#include <Python.h>\nint main() { return ~"a"; }\n', "none.cpp": "int x;\n" });
    at.write("hole.cpp", jitModule("missing()", "int missing();"));
    const code = `
import retorch
def attempt(*args, **kwargs):
    try:
        retorch.load(*args, **kwargs)
        say("nothing")
    except Exception as error:
        say([type(error).__name__, str(error)])
attempt("ops", ["ops.cpp"])
attempt("ops", ["missing.cpp"])
attempt("ops", ["none.cpp"], is_standalone=True)
attempt("none", ["none.cpp"], ${slim})
attempt("hole", ["hole.cpp"], ${slim})
attempt("ops", [])
attempt("ops", ["a.cu", "b.sycl"])
attempt("ops", ["none.cpp"], extra_cflags=3)
`;
    const said = await askPython(python, code, { cwd: at.root, env: { TORCH_EXTENSIONS_DIR: at.path("built") } });
    const errors = said as [string, string][];
    expect(errors.map(([name]) => name)).toEqual([
      "RuntimeError",
      "FileNotFoundError",
      "ValueError",
      "ImportError",
      "ImportError",
      "RuntimeError",
      "AssertionError",
      "TypeError",
    ]);
    const [failed, , , , hole, none] = errors;
    // What the loader said comes first, and what it means below.
    expect(hole?.[1]).toMatch(/^.*hole\.so: undefined symbol: _Z7missingv\n\ndiagnosis: [^]*`missing\(\)`/);
    expect(none?.[1]).toBe("Error building extension 'ops': there are no sources");
    expect(failed?.[1]).toMatch(/^Error building extension 'ops': /);
    expect(failed?.[1]).toMatch(/ops\.cpp:2:\d+: error: wrong type argument to bit-complement/);
    expect(failed?.[1].split("\n").length).toBeGreaterThan(3);
    // What it advises is for those who call `load()`.
    expect(failed?.[1]).toContain("diagnosis: ");
    expect(failed?.[1]).toContain("sed -n '1,5p' ops.cpp");
    expect(failed?.[1]).not.toContain("fix:\n    /usr");
    expect(failed?.[1]).not.toContain("retorch build");
  });

  it("shows a build only when asked to, on Python's own stdout", { timeout: 120_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = project({ "ops.cpp": jitModule("5") });
    const run = async (verbose: string): Promise<string> => {
      const code = `
import contextlib, io, retorch
text = io.StringIO()
with contextlib.redirect_stdout(text):
    retorch.load("ops${verbose}", ["ops.cpp"], verbose=${verbose}, ${slim})
print(text.getvalue())
`;
      const result = await runPython(python, ["-c", code], {
        cwd: at.root,
        env: { TORCH_EXTENSIONS_DIR: at.path("built") },
      });
      expect([result.exitCode, result.stderr]).toEqual([0, ""]);
      return result.stdout.trim();
    };
    expect(await run("False")).toBe("");
    expect(await run("True")).toMatch(/-c ops\.cpp/);
  });

  it("loads a library of operators, and makes a program", { timeout: 180_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = project({
      "ops.cpp": stableOperators("retorch_load_test"),
      "program.cpp": '#include <cstdio>\nint main() { std::puts("a program"); }\n',
    });
    const code = `
import subprocess, torch
path = retorch.load("ops", ["ops.cpp"], is_python_module=False)
say([os.path.basename(path), torch.ops.retorch_load_test.add(2, 3)])
path = retorch.load("program", ["program.cpp"], is_python_module=False, is_standalone=True)
say([os.path.basename(path), subprocess.run([path], stdout=subprocess.PIPE).stdout.decode()])
`;
    const said = await askPython(python, code, { cwd: at.root, env: { TORCH_EXTENSIONS_DIR: at.path("built") } });
    expect(said).toEqual([
      ["ops.so", 5],
      ["program", "a program\n"],
    ]);
  });

  it("imports torch before a module that needs it", { timeout: 180_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const head = "#include <torch/csrc/inductor/aoti_torch/c/shim.h>";
    const at = project({ "ops.cpp": jitModule("aoti_torch_device_type_cpu() + 9", head) });
    const code = `say([retorch.load("ops", ["ops.cpp"]).answer(), "torch" in sys.modules, len(started) < 2])`;
    const env = { TORCH_EXTENSIONS_DIR: at.path("built") };
    expect(await askPython(python, code, { cwd: at.root, env })).toEqual([[9, true, true]]);
    expect(await askPython(python, code, { cwd: at.root, env })).toEqual([[9, true, true]]);
  });

  it("compiles CUDA sources, and says so where torch has no CUDA", { timeout: 240_000 }, async (context) => {
    const at = project({
      "ops.cpp": jitModule("launch()", "int launch();"),
      "kernels.cu": "__global__ void nothing() {}\nint launch() { nothing<<<1, 1>>>(); return 8; }\n",
    });
    const code = `
try:
    say(retorch.load("ops", ["ops.cpp", "kernels.cu"], extra_cuda_cflags=["-O2", "--use_fast_math"]).answer())
except RuntimeError as error:
    say(str(error).split("\\n")[0])
`;
    const env = { TORCH_EXTENSIONS_DIR: at.path("built"), TORCH_CUDA_ARCH_LIST: "9.0" };
    const cpu = need(context, cpuPython()).executable;
    expect(await askPython(cpu, code, { cwd: at.root, env })).toEqual([
      expect.stringMatching(/^Error building extension 'ops': .*was built without CUDA/),
    ]);
    const cuda = need(context, cudaPython()).executable;
    expect(await askPython(cuda, code, { cwd: at.root, env })).toEqual([8]);
  });

  it("ends with what it started when it is interrupted", { timeout: 120_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = project({ "ops.cpp": jitModule("5") });
    // The compiler opens a pipe that nobody writes to: it says that it runs, and never ends by itself.
    execFileSync("mkfifo", [at.path("never"), at.path("running")]);
    at.write(
      "bin/c++",
      `#!/bin/sh\ncase " $* " in *" -c "*) echo $$ >'${at.path("running")}'; read x <'${at.path("never")}';; esac\nexec /usr/bin/env g++ "$@"\n`,
    );
    chmodSync(at.path("bin/c++"), 0o755);
    let python_pid = 0;
    const code = `
import retorch
try:
    retorch.load("ops", ["ops.cpp"])
except KeyboardInterrupt:
    print("interrupted")
`;
    const running = runPython(python, ["-c", code], {
      cwd: at.root,
      env: { TORCH_EXTENSIONS_DIR: at.path("built"), CXX: at.path("bin/c++") },
      onStart: (pid) => (python_pid = pid),
    });
    const compiler = await new Promise<string>((resolve, reject) => {
      import("node:fs/promises").then((fs) => fs.readFile(at.path("running"), "utf8")).then(resolve, reject);
    });
    process.kill(python_pid, "SIGINT");
    expect((await running).stdout).toBe("interrupted\n");
    expect(() => process.kill(Number(compiler), 0)).toThrow("ESRCH");
  });
});

describe("load_inline", () => {
  it("binds functions by name, in a list or with docstrings", { timeout: 180_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = project({});
    const code = `
source = '#include <pybind11/pybind11.h>\\nint f(int x) { return x + 1; }\\n'
def load(functions):
    return retorch.load_inline("inline_ops", source, functions=functions, with_pytorch_error_handling=False, no_implicit_headers=True)
module = load("f")
say([module.f(1), module.f.__doc__.split("\\n")[2]])
module = load(["f"])
say([module.f(1), module.f.__doc__.split("\\n")[2], module.__name__])
module = load({"f": 'one "more"'})
say([module.f(1), module.f.__doc__.split("\\n")[2], module.__name__])
for bad in (5, object()):
    try:
        load(bad)
    except ValueError as error:
        say(str(error)[:30])
`;
    const said = await askPython(python, code, { cwd: at.root, env: { TORCH_EXTENSIONS_DIR: at.path("built") } });
    expect(said).toEqual([
      [2, "f"],
      [2, "f", "inline_ops"],
      [2, 'one "more"', "inline_ops_v1"],
      "Expected 'functions' to be a l",
      "Expected 'functions' to be a l",
    ]);
  });

  it("gives changed text another module, and the old text the old one", { timeout: 120_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = project({});
    const code = `
text = ${JSON.stringify(jitModule("@"))}
def load(value):
    parts = [text.replace("@", str(value))]
    module = retorch.load_inline("inline_ops", parts, no_implicit_headers=True, ${slim})
    assert len(parts) == 1
    return [module.answer(), module.__name__]
say(load(123)); say(load(456)); say(load(456)); say(load(789)); say(load(123))
`;
    const said = await askPython(python, code, { cwd: at.root, env: { TORCH_EXTENSIONS_DIR: at.path("built") } });
    expect(said).toEqual([
      [123, "inline_ops"],
      [456, "inline_ops_v1"],
      [456, "inline_ops_v1"],
      [789, "inline_ops_v2"],
      [123, "inline_ops"],
    ]);
  });

  it("does the same with torch's own header", { timeout: 400_000 }, async (context) => {
    onlyWithAll(context);
    const python = need(context, cpuPython()).executable;
    const at = project({});
    const code = `
import torch
source = "at::Tensor tanh_add(at::Tensor x, at::Tensor y) { TORCH_CHECK(x.numel() > 0, \\"empty\\"); return x.tanh() + y.tanh(); }"
module = retorch.load_inline("inline_ops", source, functions={"tanh_add": "Tanh and then sum"}, extra_cflags=["-O0"])
x, y = torch.randn(4, 4), torch.randn(4, 4)
say([bool(torch.equal(module.tanh_add(x, y), x.tanh() + y.tanh())), module.tanh_add.__doc__.split("\\n")[2]])
try:
    module.tanh_add(torch.empty(0), y)
except RuntimeError as error:
    say(str(error).split("\\n")[0])
`;
    const said = await askPython(python, code, { cwd: at.root, env: { TORCH_EXTENSIONS_DIR: at.path("built") } });
    expect(said).toEqual([[true, "Tanh and then sum"], "empty"]);
  });

  it("handles errors and warnings as torch's own tests expect", { timeout: 900_000 }, async (context) => {
    onlyWithAll(context);
    const python = need(context, cpuPython()).executable;
    const at = project({});
    const code = `
import torch, warnings
from concurrent.futures import ThreadPoolExecutor
source = """
at::Tensor report(at::Tensor x, int kind) {
  std::ostringstream text;
  text << "kind of " << x.type();
  TORCH_WARN(text.str());
  if (kind == 1) throw torch::TypeError(text.str().c_str());
  if (kind == 2) throw py::key_error(text.str());
  return x;
}
"""
operator = """
#include <torch/library.h>
torch::Tensor twice(torch::Tensor x) { return x + x; }
TORCH_LIBRARY(retorch_inline_test, m) { m.def("twice", &twice); }
"""
load = retorch.load_inline
fast = {"extra_cflags": ["-O0"]}
with ThreadPoolExecutor(2) as pool:
    plain = pool.submit(load, "report_plain", [source], functions=["report"], with_pytorch_error_handling=False, **fast)
    handled = pool.submit(load, "report_handled", [source], functions=["report"], **fast)
    library = pool.submit(load, "operators", operator, functions="twice", is_python_module=False, **fast)
    parts = pool.submit(load, "parts", ["torch::Tensor one() { return torch::ones({}); }", """
        #include <torch/extension.h>
        torch::Tensor one();
        PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("one", &one); }"""], **fast)
x = torch.rand(2).double()
for module in (plain.result(), handled.result()):
    for kind in (0, 1, 2):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                module.report(x, kind)
                name = ""
            except Exception as error:
                name = type(error).__name__
        say([name, len(caught)])
say([os.path.basename(library.result()), torch.ops.retorch_inline_test.twice(torch.ones(2)).tolist()])
say(parts.result().one().item())
try:
    load("broken", "int main() { return 0 }")
except RuntimeError as error:
    say(str(error).count("\\n") > 3)
`;
    const said = await askPython(python, code, { cwd: at.root, env: { TORCH_EXTENSIONS_DIR: at.path("built") } });
    expect(said).toEqual([
      ["", 0],
      ["TypeError", 0],
      ["KeyError", 0],
      ["", 1],
      ["TypeError", 1],
      ["KeyError", 1],
      ["operators.so", [2, 2]],
      1,
      true,
    ]);
  });
});

describe("the texts of load_inline", () => {
  it("are those that the installed torch writes", { timeout: 120_000 }, async (context) => {
    const found = [cpuPython(), cudaPython()].filter((it) => it.available);
    if (found.length === 0) need(context, cpuPython());
    const code = `
import tempfile, torch.utils.cpp_extension as torchs, retorch._inline as ours
torchs._jit_compile = lambda name, sources, *args, **kwargs: [(os.path.basename(path), open(path).read()) for path in sources]
ours.load_request = lambda request, verbose: list(request.texts.items())
def same(**words):
    with tempfile.TemporaryDirectory() as folder:
        theirs = torchs.load_inline("ops", build_directory=folder, **{key: list(value) if isinstance(value, list) else value for key, value in words.items()})
    mine = ours.load_inline("ops", **words)
    say(theirs == mine or [theirs, mine])
same(cpp_sources="int f();")
same(cpp_sources=["int f();", "int g();"], functions="f")
same(cpp_sources="int f();", functions=["f", "g"], with_pytorch_error_handling=False)
same(cpp_sources="int f();", functions={"f": "Adds one", "g": "Adds\\\\ntwo"}, no_implicit_headers=True)
same(cpp_sources="", cuda_sources="__global__ void k() {}", functions=[])
same(cpp_sources=["a", "b"], cuda_sources=["c", "d"], no_implicit_headers=True)
same(cpp_sources="int f();", sycl_sources=["e"])
`;
    for (const python of found) {
      const said = await askPython(python.value.executable, code, { cwd: temporaryProject({}).root });
      expect(said, python.value.torch.version).toEqual(Array<boolean>(7).fill(true));
    }
  });
});

describe("the parameters", () => {
  it("are those of the installed torch", { timeout: 120_000 }, async (context) => {
    const found = [cpuPython(), cudaPython()].filter((it) => it.available);
    if (found.length === 0) need(context, cpuPython());
    const code = `
import inspect, torch.utils.cpp_extension as torchs
for name in ("load", "load_inline"):
    ours, theirs = (inspect.signature(getattr(module, name)).parameters.values() for module in (retorch, torchs))
    ours, theirs = ([[one.name, repr(one.default)] for one in side] for side in (ours, theirs))
    say(ours == theirs or [ours, theirs])
`;
    for (const python of found) {
      const said = await askPython(python.value.executable, code, { cwd: temporaryProject({}).root });
      expect(said, python.value.torch.version).toEqual([true, true]);
    }
  });
});
