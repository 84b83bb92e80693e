// `load()`: what it adds to a process whose extension is up to date, and how long a first build takes.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { measure } from "../lib/measure.mjs";
import { oneFile, oneFileName, writeProject } from "../lib/projects.mjs";

const arguments_ = `name="${oneFileName}", sources=["ops.cpp"], extra_cflags=["-O3"]`;

/** Scripts that say on their last line how many seconds a part of them took. */
const scripts = {
  "by_retorch.py": timed("import retorch", `retorch.load(${arguments_})`),
  "by_torch.py": timed(
    "from torch.utils.cpp_extension import load",
    `load(${arguments_}, build_directory=made(sys.argv[1]))`,
  ),
  // What cannot be avoided: the same library imported by itself.
  "alone.py": timed(
    "import importlib.util, os",
    `spec = importlib.util.spec_from_file_location("${oneFileName}", os.path.abspath("built/${oneFileName}.so"))
importlib.util.module_from_spec(spec)`,
    "import importlib.util",
  ),
};

function timed(imports, call, before = "") {
  return `import gc, os, sys, time
import torch
${before}
def made(folder):
    os.makedirs(folder, exist_ok=True)
    return folder
# What importing torch left to be collected is not to fall due within one of the measurements.
gc.collect()
start = time.perf_counter()
${imports}
${call}
print(time.perf_counter() - start)
`;
}

function prepared(context, name) {
  const folder = writeProject(join(context.scratch, name), {
    ...scripts,
    "ops.cpp": oneFile(context),
  });
  const env = {
    PATH: `${join(context.tools.python, "..")}:${process.env.PATH}`,
    PYTHONPATH: join(context.scratch, "program", "python"),
    // An empty value is none: byte code is kept, as it is for users.
    PYTHONDONTWRITEBYTECODE: "",
    RETORCH_NODE: context.tools.node,
    RETORCH_CACHE_DIR: join(folder, "cache"),
    TORCH_EXTENSIONS_DIR: join(folder, "extensions"),
  };
  const run = (...words) => ({ argv: [context.tools.python, ...words], cwd: folder, env });
  const through = {
    argv: [...context.retorch, "run", "--", context.tools.python, "by_torch.py", "taken-over"],
    cwd: folder,
    env,
  };
  return { folder, run, through };
}

const seconds = ({ output }) => Number(output.trim().split("\n").at(-1));

export const loadUnchanged = {
  name: "load-unchanged",
  title: "`load()` of an extension that is up to date: time added to a process that has imported torch",
  needs: ["python", "ninja"],
  rounds: 15,
  prepare(context) {
    const { run, through } = prepared(context, "load-unchanged");
    const contenders = [
      { name: "retorch", command: run("by_retorch.py"), read: seconds },
      { name: "torch's load()", command: run("by_torch.py", "built"), read: seconds },
      { name: "torch's load() under `retorch run`", command: through, read: seconds },
      { name: "the import alone", command: run("alone.py"), read: seconds },
    ];
    // Torch builds what is then imported alone; each is run twice, so that byte code and caches are there.
    for (let i = 0; i < 2; i++) for (const { command } of contenders.toSorted(torchFirst)) measure(context, command);
    return {
      contenders,
      targets: [
        {
          text: "retorch.load() of an unchanged extension, beyond the import itself",
          limit: 0.01,
          value: (by) => by.retorch.wall - by["the import alone"].wall,
        },
      ],
      notes: [
        "*Wall* is measured inside the process, with the import of the package or module that has `load`; CPU and memory are those of the whole process.",
      ],
    };
  },
};

const torchFirst = (a, b) => Number(b.name === "torch's load()") - Number(a.name === "torch's load()");

export const loadCold = {
  name: "load-cold",
  title: "`load()` of an extension for the first time",
  needs: ["python", "ninja"],
  rounds: 2,
  prepare(context) {
    const { folder, run } = prepared(context, "load-cold");
    const clean = () => {
      for (const name of ["cache", "extensions", "built"]) rmSync(join(folder, name), { recursive: true, force: true });
    };
    return {
      contenders: [
        { name: "retorch", command: run("by_retorch.py"), before: clean, read: seconds },
        { name: "torch's load()", command: run("by_torch.py", "built"), before: clean, read: seconds },
      ],
      targets: [
        {
          text: "retorch.load() cold, against torch's load() (times)",
          limit: 1.05,
          value: (by) => by.retorch.wall / by["torch's load()"].wall,
        },
      ],
      notes: [
        "Nothing is remembered: the store of earlier results is empty. Measured inside a process that has imported torch.",
      ],
    };
  },
};
