/**
 * The parts of the Python package by themselves: the note by which an unchanged extension is known, the words of flags,
 * the take-over of other torches' signatures, the layout of the wheel.
 */
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryProject } from "../support/cli.ts";
import { cpuPython, need, repository } from "../support/environments.ts";
import { askPython, jitModule, pythonFolder, runPython } from "../support/python.ts";

/** A note of three files, an empty place, a folder's names and a variable. */
const makeNote = `
import retorch._fresh as fresh, retorch._note as notes
for folder in ("a", "b", "listed"):
    os.makedirs(folder, exist_ok=True)
for name in ("a/one", "a/two", "b/three", "listed/x.h", "listed/x.c"):
    open(name, "w").write(name)
here = os.getcwd()
files = [os.path.join(here, name) for name in ("a/one", "a/two", "b/three")]
states = []
for file in files:
    state = os.stat(file)
    states += [state.st_size, state.st_mtime_ns / 1e6, state.st_ctime_ns / 1e6, state.st_ino]
looked = {
    "files": files, "states": states, "there": [here],
    "absent": [os.path.join(here, "a/gone"), os.path.join(here, "none/gone")],
    "listed": [{"path": os.path.join(here, "listed"), "prefix": "x", "suffix": ".h", "names": ["x.h"]}],
    "variables": ["SET", "UNSET"],
}
environ = {"SET": "1", "OTHER": "2"}
assert notes.write("note", looked, environ, "torch /some/path")
def now():
    return fresh.check("note", environ)
assert now() == "torch /some/path"
`;

/** The same in C, compiled as the first large build does. */
const inC = `
import ctypes
import retorch._stat as in_c
in_c.make(dict(os.environ))
assert in_c.files_as_noted() is not None
`;

/** Several threads, though there is little to do. */
const inThreads = `${inC}
import retorch._fresh
retorch._fresh.helpers = lambda files: 3
`;

describe.each([
  { how: "by Python", before: "" },
  { how: "in C", before: inC },
  { how: "in C by several threads", before: inThreads },
])("the note of what a build looked at, compared $how", ({ before }) => {
  it("holds until something of it changes", { timeout: 60_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = temporaryProject({});
    const code = `${before}${makeNote}
def edit(): open("b/three", "a").write("x")
def replace(): os.replace("a/one", "a/two")
def remove(): os.remove("a/one")
def appear(): open("a/gone", "w")
def new_folder(): os.mkdir("none"); open("none/gone", "w")
def listed(): open("listed/xy.h", "w")
def unlisted(): os.remove("listed/x.h")
def same_size():
    state = os.stat("a/one")
    open("a/one", "w").write("a/eno")
    os.utime("a/one", ns=(state.st_atime_ns, state.st_mtime_ns))
def other_variable(): environ["OTHER"] = "3"
def other_name(): open("listed/y.h", "w")
def other_file(): open("a/more", "w")
def other_variable_set(): environ["SET"] = "2"
def variable_unset(): del environ["SET"]
def variable_appears(): environ["UNSET"] = ""
import shutil
for change in (edit, replace, remove, appear, new_folder, listed, unlisted, same_size, other_variable_set, variable_unset, variable_appears,
               other_variable, other_name, other_file):
    change()
    say([change.__name__, now() is not None])
    for folder in ("a", "b", "listed", "none"):
        shutil.rmtree(folder, ignore_errors=True)
    os.remove("note")
    exec(${JSON.stringify(makeNote)})
`;
    const said = (await askPython(python, code, { cwd: at.root })) as [string, boolean][];
    const still = ["other_variable", "other_name", "other_file"];
    expect(said).toHaveLength(14);
    for (const [change, holds] of said) expect([change, holds]).toEqual([change, still.includes(change)]);
  });

  it("is not believed when it is damaged, cut off or of another form", { timeout: 60_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = temporaryProject({});
    const code = `${before}${makeNote}
whole = open("note", "rb").read()
believed = []
for size in range(len(whole)):
    open("note", "wb").write(whole[:size])
    if now() is not None: believed.append(size)
say(believed)
wrong = 0
for position in range(len(whole)):
    open("note", "wb").write(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1:])
    wrong += now() is not None
say(wrong)
open("note", "wb").write(b"")
say(now())
say(fresh.check("nowhere", environ))
`;
    expect(await askPython(python, code, { cwd: at.root })).toEqual([[], 0, null, null]);
  });
});

describe("the note of what a build looked at", () => {
  it("misses no change among thousands of files, however many threads look", { timeout: 60_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = temporaryProject({});
    const code = `${inC}
import retorch._fresh as fresh, retorch._note as notes
files = [os.path.join(os.getcwd(), folder, str(i)) for folder in ("a", "b", "c") for i in range(700)]
for folder in ("a", "b", "c"):
    os.mkdir(folder)
states = []
for file in files:
    open(file, "w").close()
    state = os.stat(file)
    states += [state.st_size, state.st_mtime_ns / 1e6, state.st_ctime_ns / 1e6, state.st_ino]
looked = {"files": files, "states": states, "there": [], "absent": [], "listed": [], "variables": []}
assert notes.write("note", looked, {}, "built")
for helpers in (0, 1, 3, 8):
    fresh.helpers = lambda files: helpers
    answers = [fresh.check("note", {}) for _ in range(20)]
    for at in (0, 127, 128, 699, 700, 1500, 2099):
        os.rename(files[at], "aside")
        answers.append(fresh.check("note", {}))
        os.rename("aside", files[at])
        # Renamed back it has another change time: another note.
        state = os.stat(files[at])
        states[4 * at : 4 * at + 4] = [state.st_size, state.st_mtime_ns / 1e6, state.st_ctime_ns / 1e6, state.st_ino]
        assert notes.write("note", looked, {}, "built")
    say([helpers, answers.count("built"), answers.count(None)])
`;
    const expected = [0, 1, 3, 8].map((helpers) => [helpers, 20, 7]);
    expect(await askPython(python, code, { cwd: at.root })).toEqual(expected);
  });

  it("is not written when something changed since the build looked", { timeout: 60_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = temporaryProject({});
    const code = `${makeNote}
def attempt(**changes):
    return notes.write("other", {**looked, **changes}, environ, "x") or os.path.exists("other")
say(attempt(states=[1] + states[1:]))
say(attempt(states=[states[0], states[1] + 1] + states[2:]))
say(attempt(states=states[:3] + [states[3] + 1] + states[4:]))
say(attempt(absent=[files[0]]))
say(attempt(there=[os.path.join(here, "none")]))
say(attempt(files=[os.path.join(here, "none")], states=states[:4]))
say(attempt(listed=[{"path": here + "/listed", "prefix": "", "suffix": "", "names": []}]))
say(notes.write("none/other", looked, environ, "x"))
say(notes.write("other", looked, environ, "x") and sorted(os.listdir(".")))
`;
    const said = await askPython(python, code, { cwd: at.root });
    expect(said).toEqual([...Array<boolean>(8).fill(false), ["a", "b", "listed", "note", "other"]]);
  });

  it("is read with one look at each file and nothing more", { timeout: 120_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = temporaryProject({ "ops.cpp": jitModule("1", "#include <pybind11/pybind11.h>") });
    const code = `
load = lambda: retorch.load("ops", ["ops.cpp"], extra_ldflags=["-Wl,--as-needed"])
load()
import retorch._fresh as fresh, retorch._note as notes
fresh.files_as_noted = lambda: None
counts = {"stat": 0, "open": 0, "files": 0}
real_stat, real_open, real_fsopen = os.stat, os.open, open
def counting(name, function):
    def call(*args, **kwargs):
        counts[name] += 1
        return function(*args, **kwargs)
    return call
del started[:]
opened = []
sys.addaudithook(lambda event, words: opened.append(words[0]) if event == "open" else None)
fresh.os.stat = counting("stat", real_stat)
load()
fresh.os.stat = real_stat
note = next(os.path.join(folder, name) for folder, _, names in os.walk("built") for name in names if folder.endswith("fresh"))
data = open(note, "rb").read()
(first, files, _) = fresh._sections(data, 24)
numbers, _ = fresh._read(data, first)
_, names = fresh._read(data, files)
say([len(started), counts["stat"], numbers[0] + len(names), numbers[2], len(set(opened)), len(opened)])
`;
    const [line] = await askPython(python, code, { cwd: at.root, env: { TORCH_EXTENSIONS_DIR: at.path("built") } });
    const [processes = 1, stats = 0, texts = 0, folders = 0, , opens = 0] = line as number[];
    expect(processes).toBe(0);
    expect(stats).toBeGreaterThan(300);
    // Each text is a name at most; each folder is opened once, besides them the note and the module.
    expect(stats).toBeLessThan(texts);
    expect(opens).toBeLessThan(folders + 10);
  });
});

describe("flags", () => {
  it("become the words that ninja and a shell make of them", { timeout: 60_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = temporaryProject({ "build/here/x.h": "", "build/lib.a": "" });
    const code = `
from retorch._words import absolute_words, flag_words
def words(*flags):
    say(flag_words(list(flags), "flags"))
words("-O3", "", " -g\\n\\n", "-O0 -Wall")
words("-DNAME='\\"a b\\"'", "-Wl,-rpath,'$$ORIGIN/lib'", "-DA$ B", "-I/x$:y")
words("-DUNBALANCED='x", "-DSPLIT=\\"a", "b\\"")
say(flag_words("-O3 -g", "flags") + flag_words(None, "flags") + flag_words(("-a",), "flags"))
try:
    flag_words(7, "extra_cflags")
except TypeError as error:
    say(str(error))
say(absolute_words(["-Ihere", "-I", "here", "-Inone", "-isystem", "here", "-I/abs", "-L.", "lib.a", "-lfoo", "none.a"], os.getcwd() + "/build"))
`;
    const build = at.path("build");
    expect(await askPython(python, code, { cwd: at.root })).toEqual([
      ["-O3", "-g", "-O0", "-Wall"],
      ['-DNAME="a b"', "-Wl,-rpath,$ORIGIN/lib", "-DA B", "-I/x:y"],
      ["-DUNBALANCED='x", '-DSPLIT="a', 'b"'],
      ["-O3", "-g", "-a"],
      "extra_cflags must be a list of texts, not 7",
      [
        `-I${build}/here`,
        "-I",
        `${build}/here`,
        "-Inone",
        "-isystem",
        `${build}/here`,
        "-I/abs",
        `-L${build}`,
        `${build}/lib.a`,
        "-lfoo",
        "none.a",
      ],
    ]);
  });
});

describe("the take-over", () => {
  it("binds arguments as the replaced function has them", { timeout: 60_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = temporaryProject({});
    // As torch had them before SYCL came, and as a later torch may have them.
    const code = `
import types
from retorch._takeover import take_over
def old_load(name, sources, extra_cflags=None, extra_cuda_cflags=None, extra_ldflags=None, extra_include_paths=None,
             build_directory=None, verbose=False, with_cuda=None, is_python_module=True, is_standalone=False, keep_intermediates=True):
    return "torch's"
def new_load_inline(name, cpp_sources, device_graph=None):
    return "torch's"
module = types.ModuleType("cpp_extension")
module.load, module.load_inline = old_load, new_load_inline
take_over(module)
retorch.load = lambda name, sources, extra_cflags=None, extra_cuda_cflags=None, extra_sycl_cflags=None, extra_ldflags=None, verbose=False: [name, sources, extra_sycl_cflags, extra_ldflags, verbose]
retorch.load_inline = lambda name, cpp_sources: "retorch's"
say(module.load("n", ["s"], None, None, ["-lx"], verbose=True))
say(module.load_inline("n", "text"))
say(module.load_inline("n", "text", device_graph=1))
say([module.load.__name__, hasattr(module, "_jit_compile")])
`;
    expect(await askPython(python, code, { cwd: at.root })).toEqual([
      ["n", ["s"], null, ["-lx"], true],
      "retorch's",
      "torch's",
      ["old_load", false],
    ]);
  });
});

describe("the package", () => {
  it("runs the program inside it, as the wheel has it", { timeout: 60_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const at = temporaryProject({});
    mkdirSync(at.path("site"));
    cpSync(join(pythonFolder, "retorch"), at.path("site/retorch"), { recursive: true });
    cpSync(join(repository, "dist"), at.path("site/retorch/_bundle"), {
      recursive: true,
      filter: (path) => !path.includes(join("dist", "types")),
    });
    const env = { PYTHONPATH: at.path("site") };
    const code = `
import retorch._node as node
say(node.find_program())
`;
    expect(await askPython(python, code, { cwd: at.root, env })).toEqual([at.path("site/retorch/_bundle/cli.cjs")]);
    // The program finds the package around it.
    const words = ["-m", "retorch", "run", "--", python, "-c", "import os; print(os.environ['RETORCH_RUN_HOOK'])"];
    const ran = await runPython(python, words, { cwd: at.root, env });
    expect([ran.exitCode, ran.stdout]).toEqual([0, `${at.path("site/retorch/_hook")}\n`]);
    const version = await runPython(python, ["-m", "retorch", "version"], { cwd: at.root, env });
    expect(version.exitCode, version.stderr).toBe(0);
  });

  it("imports nothing that takes time", { timeout: 60_000 }, async (context) => {
    const python = need(context, cpuPython()).executable;
    const code = `
before = set(sys.modules)
import retorch._load
say(sorted(name for name in set(sys.modules) - before if not name.startswith("retorch")))
`;
    const [modules] = await askPython(python, code, { cwd: temporaryProject({}).root });
    const allowed = ["_weakrefset", "itertools", "threading", "_collections", "operator", "functools", "types", "zlib"];
    expect((modules as string[]).filter((name) => !allowed.includes(name))).toEqual([]);
  });
});
