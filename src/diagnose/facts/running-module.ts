/** The package whose code runs, as the frames of a traceback and the imports of a session name it. It does not know who is at fault. */

/** `~/e/site-packages/torch_scatter/scatter.py in scatter_max(src)`, `File ~/e/site-packages/a/b.py:91, in f(x)`. */
const ipythonFrame =
  /^(?:File )?[~/\w][^\s"']{0,200}(?:site|dist)-packages[\\/]([\w-]+)[\\/][\w./\\-]{1,200}(?:(?::\d+)?,? in (?:<module>|[\w.<>]+\()|\.py:\d+$)/;
/** The row of a session's traceback that was running: `---> 20 from torch_sparse import SparseTensor`. */
const importingRow = /^-{2,6}> ?\d{1,6} +(?:from|import) (\w+)/;

/** The last that `python -c "import torch, a; import b"` does. */
const ofCommand = /\bpython[\d.]* -c ["'](?:.{0,200};)? ?(?:import|from) (?:[\w., ]+, ?)?(\w+)[^;]{0,60}["']/;

/** Packages that load, build or carry others: what fails below them is somebody else's. */
const carriers =
  /^(?:torch|nvidia|numpy|setuptools|pip|wheel|pyproject_hooks|pluggy|pytest|_pytest|importlib\w*|pkg_resources|_distutils_hack|ninja|pybind11|IPython|click|typer|filelock|fsspec|multiprocess|uvloop|uvicorn|asyncio|ray|starlette|fastapi|gradio|tqdm|peft|trl|diffusers|transformers|accelerate|lightning|pytorch_lightning|hydra)$/;

/** Modules of Python itself, as sessions import them to ask for versions. */
const standardModules =
  /^(?:sys|os|re|io|platform|struct|ctypes|sysconfig|site|subprocess|pathlib|importlib|json|time|math|random|logging|traceback|glob|shutil|typing|warnings|ssl|sqlite3|inspect|pdb|gc|faulthandler|functools|itertools|collections|types|threading|multiprocessing|concurrent|tempfile|argparse|copy|pickle|signal|string|textwrap|unittest|datetime|dataclasses|enum|contextlib|socket|zipfile|tarfile|distutils|pprint|weakref|operator|builtins|pkgutil|urllib|http|shlex|hashlib|locale|code|runpy|venv|ensurepip|timeit|cProfile|atexit|tracemalloc|resource|__future__)$/;

/** The package that a line names; none of Python's own, and none that only carries others. */
export function runningModule(text: string): string | undefined {
  const running = text.includes('File "')
    ? /File ".*(?:site|dist)-packages[\\/]([\w-]+?)(?:-\d[\w.+]*-py\d[^\\/]*\.egg)?[\\/.]/.exec(text)?.[1]
    : text.includes("-packages")
      ? ipythonFrame.exec(text)?.[1]
      : text.startsWith("--")
        ? importingRow.exec(text)?.[1]
        : text.startsWith(">>> ") || text.startsWith("In [")
          ? /^(?:>>>|In \[\d+\]:) (?:import|from) (\w+)/.exec(text)?.[1]
          : undefined;
  return running === undefined || isOfOthers(running) ? undefined : running.replace(/-\d+$/, "");
}

function isOfOthers(module: string): boolean {
  return carriers.test(module) || standardModules.test(module);
}

/** Whether a command ends with an import: what ran in a traceback above it does not run there. */
export function importsAnew(text: string): boolean {
  const module = text.includes(" -c ") ? ofCommand.exec(text.slice(0, 400))?.[1] : undefined;
  return module !== undefined && !isOfOthers(module);
}
