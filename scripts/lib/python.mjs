// Finding a Python with PyTorch for the examples and the tests, or making one: a virtual environment in `.venv` of the
// clone. Knows nothing of what is built with it.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.mjs";
import { run, tail, which } from "./process.mjs";
import { ScriptError, stopwatch } from "./terminal.mjs";

/** The oldest PyTorch that all examples compile with: the stable ABI of the third needs it. */
export const oldestTorch = [2, 10];
/** The oldest Python for which there are wheels of such a PyTorch. */
const oldestPython = [3, 10];

/** Where PyTorch's makers keep their CPU builds, a tenth of the size of what PyPI has for Linux; or a mirror of it. */
const cpuIndex = process.env.RETORCH_TORCH_INDEX ?? "https://download.pytorch.org/whl/cpu";
const ownOrigin = "`.venv`";
const needed = ["torch", "numpy"];
/** For the tests: torch's own builder needs setuptools, and both it and an exported build need ninja. */
const useful = ["setuptools", "ninja"];

/** Asks an interpreter about itself without importing PyTorch. Old interpreters must be able to read this too. */
const question = `
import json, os, re, sys, sysconfig
sys.path = [p for p in sys.path if p]
def has(name):
    try:
        from importlib.util import find_spec
        return find_spec(name) is not None
    except Exception:
        return False
def torch():
    try:
        from importlib.util import find_spec
        root = list(find_spec("torch").submodule_search_locations)[0]
        text = open(os.path.join(root, "version.py")).read()
        version = re.search(r"^__version__\\b.*?=\\s*['\\"]([^'\\"]+)", text, re.M).group(1)
        cuda = re.search(r"^cuda\\b.*?=\\s*['\\"]([^'\\"]+)", text, re.M)
        return {"root": root, "version": version, "cuda": cuda and cuda.group(1)}
    except Exception:
        return None
print(json.dumps({
    "executable": sys.executable, "version": list(sys.version_info[:3]), "torch": torch(),
    "venv": has("venv"), "ensurepip": has("ensurepip"), "pip": has("pip"),
    "header": os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")),
    "packages": sysconfig.get_paths()["purelib"],
}))
`;

/** What an interpreter says of itself, or undefined when it does not run. */
export async function probePython(command) {
  const result = await run(command, ["-c", question], { timeoutMs: 30_000 });
  if (result.code !== 0) return undefined;
  try {
    return JSON.parse(result.stdout);
  } catch {
    return undefined;
  }
}

/** The version numbers at the start of a text: `2.13.0+cpu` → [2, 13, 0]. */
function numbers(version) {
  return (/^\d+(\.\d+)*/.exec(version)?.[0] ?? "0").split(".").map(Number);
}

function atLeast(have, want) {
  for (const [i, wanted] of want.entries()) {
    if ((have[i] ?? 0) !== wanted) return (have[i] ?? 0) > wanted;
  }
  return true;
}

function isUsable(python) {
  return python.torch !== null && atLeast(numbers(python.torch.version), oldestTorch);
}

export function pythonIn(folder) {
  return process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
}

/** Interpreters in the order in which they are asked, each with the words by which it is called in messages. */
function candidates(root, given) {
  if (given !== undefined) return [{ command: given, origin: `\`${given}\`` }];
  const list = [];
  for (const variable of ["VIRTUAL_ENV", "CONDA_PREFIX"]) {
    const folder = process.env[variable];
    if (folder) list.push({ command: pythonIn(folder), origin: `the active environment \`${folder}\`` });
  }
  list.push({ command: pythonIn(join(root, ".venv")), origin: ownOrigin });
  for (const name of ["python3", "python", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"]) {
    const path = which(name);
    if (path !== undefined) list.push({ command: path, origin: `\`${name}\`` });
  }
  return list;
}

/**
 * A Python with a PyTorch that all examples compile with: the first of the given one, an active environment, `.venv`
 * of the clone, the machine's own. When there is none, `.venv` is made. `say` is told what takes long.
 */
export async function ensureTorchPython(root, { given, say = () => {}, install = true } = {}) {
  const seen = [];
  for (const { command, origin } of candidates(root, given)) {
    if (origin === ownOrigin && ownState(root)?.state === "incomplete") continue;
    const python = existsSync(command) || given !== undefined ? await probePython(command) : undefined;
    if (python === undefined || seen.some(({ executable }) => executable === python.executable)) continue;
    if (isUsable(python)) return { ...python, origin, given: given !== undefined, installSeconds: undefined };
    seen.push({ ...python, origin });
    if (given !== undefined) break;
  }
  if (given !== undefined) {
    const found = seen[0];
    if (found === undefined) throw new ScriptError(`\`${given}\` is not a Python that runs`);
    throw new ScriptError(
      `\`${given}\` has ${found.torch === null ? "no PyTorch" : `PyTorch ${found.torch.version}`}`,
      `the examples need PyTorch ${oldestTorch.join(".")} or later`,
    );
  }
  if (!install) throw new ScriptError("no Python with PyTorch was found, and none may be made");
  for (const { origin, torch } of seen) {
    if (torch !== null)
      say(`${origin} has PyTorch ${torch.version}; the examples need ${oldestTorch.join(".")} or later`);
  }
  return withLock(
    join(root, ".venv.lock"),
    (pid) => say(`process ${pid} is making \`.venv\`, waiting for it`),
    async (alsoHeldBy) => {
      const made = ownState(root)?.state === "complete" ? await probePython(pythonIn(join(root, ".venv"))) : undefined;
      if (made !== undefined && isUsable(made)) return { ...made, origin: ownOrigin, installSeconds: undefined };
      return makeEnvironment(root, { seen, say, alsoHeldBy });
    },
  );
}

// --- the environment in `.venv` -------------------------------------------------------------------------------------

const markerPath = (root) => join(root, ".venv", "retorch-environment.json");

/** What the marker of a `.venv` made here says; undefined for one that somebody else made, or none. */
function ownState(root) {
  try {
    return JSON.parse(readFileSync(markerPath(root), "utf8"));
  } catch {
    return undefined;
  }
}

async function makeEnvironment(root, { seen, say, alsoHeldBy }) {
  const folder = join(root, ".venv");
  if (existsSync(folder) && ownState(root) === undefined) {
    throw new ScriptError(
      "`.venv` was made by somebody else and has no PyTorch that the examples could use",
      "install a PyTorch in it, or remove the folder `.venv`: then a new one is made",
    );
  }
  const base = seen.find(({ version, venv, origin }) => origin !== ownOrigin && venv && atLeast(version, oldestPython));
  if (base === undefined) throw noPython(seen);
  if (!base.ensurepip && !base.pip) {
    throw new ScriptError(
      `${base.origin} (${base.executable}) has neither pip nor ensurepip, so PyTorch cannot be installed for it`,
      "on Debian and Ubuntu: `apt install python3-venv python3-dev`",
    );
  }

  const elapsed = stopwatch();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(markerPath(root), JSON.stringify({ state: "incomplete" }));
  say(`making \`.venv\` from ${base.executable} (Python ${base.version.join(".")})`);
  const venvArgs = ["-m", "venv", ...(base.ensurepip ? [] : ["--without-pip"]), folder];
  const venv = await run(base.executable, venvArgs, { onStart: alsoHeldBy });
  if (venv.code !== 0) {
    throw new ScriptError(
      `\`${base.executable} -m venv\` failed\n\n${tail(venv.stdout + venv.stderr)}`,
      "on Debian and Ubuntu: `apt install python3-venv python3-dev`",
    );
  }
  const inside = await probePython(pythonIn(folder));
  if (inside === undefined) throw new ScriptError(`\`${pythonIn(folder)}\` does not run`);
  // Without ensurepip (Debian without python3-venv) the base interpreter's pip installs into the folder of packages.
  const pip = base.ensurepip
    ? { command: inside.executable, options: [], alsoHeldBy }
    : { command: base.executable, options: ["--target", inside.packages], alsoHeldBy };
  await installTorch(pip, say);

  const made = await probePython(pythonIn(folder));
  if (made === undefined || !isUsable(made)) {
    const got = made?.torch ? `PyTorch ${made.torch.version}` : "no PyTorch";
    throw new ScriptError(
      `pip installed ${got}, and the examples need ${oldestTorch.join(".")} or later`,
      `there may be no such PyTorch for Python ${base.version.join(".")} on this machine`,
    );
  }
  const marker = { state: "complete", base: base.executable, torch: made.torch.version };
  writeFileSync(markerPath(root), `${JSON.stringify(marker)}\n`);
  return { ...made, origin: ownOrigin, installSeconds: elapsed() };
}

function noPython(seen) {
  const wanted = `Python ${oldestPython.join(".")} or later`;
  if (seen.length === 0) {
    return new ScriptError(
      "no Python was found on PATH",
      `install ${wanted}; on Debian and Ubuntu: \`apt install python3 python3-venv python3-dev\``,
    );
  }
  const list = seen.map(({ executable, version }) => `${executable} is ${version.join(".")}`).join(", ");
  return new ScriptError(`${wanted} is needed to install PyTorch: ${list}`, "put a newer `python3` on PATH");
}

// --- pip ------------------------------------------------------------------------------------------------------------

async function pipInstall({ command, options, alsoHeldBy }, args) {
  const show = process.stderr.isTTY === true;
  const common = ["--no-input", "--disable-pip-version-check"];
  if (!show) common.push("--quiet");
  // Byte code for all of PyTorch costs a quarter of the time. It is made at the first import anyway, for what is
  // imported, unless Python has been told to keep none: then every import would take twenty seconds.
  if (!process.env.PYTHONDONTWRITEBYTECODE) common.push("--no-compile");
  return run(command, ["-m", "pip", "install", ...common, ...options, ...args], {
    output: show ? "show" : "capture",
    onStart: alsoHeldBy,
  });
}

/** Whether the CPU index answers within three seconds. Asked through Python, which heeds proxies as pip does. */
async function cpuIndexAnswers(python) {
  const question = `
import ssl, sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(urllib.request.Request(sys.argv[1] + "/torch/", method="HEAD"), timeout=3)
except urllib.error.HTTPError:
    pass
except Exception as error:
    # An unknown certificate authority is an answer too: pip may have been told of it.
    sys.exit(0 if isinstance(getattr(error, "reason", error), ssl.SSLError) else 1)
`;
  return (await run(python, ["-c", question, cpuIndex], { timeoutMs: 6000 })).code === 0;
}

/**
 * Installs PyTorch and what goes with it. First choice on Linux is the index of CPU builds, when it answers: PyPI's
 * build for Linux brings gigabytes of CUDA libraries. Otherwise, or when that fails, pip goes by its own configuration
 * (mirrors, folders of wheels). Without retries: pip would spend minutes on an index that is not there, package by
 * package, before it turns to the next place. Only a download that broke off is begun again.
 */
async function installTorch(pip, say) {
  const elsewhere = ["--retries", "0", "--timeout", "15"];
  const attempts = [];
  if (process.platform === "linux" && !process.env.PIP_NO_INDEX && (await cpuIndexAnswers(pip.command))) {
    const args = ["--index-url", cpuIndex, "--retries", "2", "--timeout", "15", ...needed];
    attempts.push({
      text: `pip install torch, the CPU build from ${new URL(cpuIndex).host} (about 200 MB)`,
      args,
    });
  }
  attempts.push({
    text: "pip install torch, as pip is configured here",
    args: [...elsewhere, ...needed],
  });

  let failed;
  for (const { text, args } of attempts) {
    say(text);
    failed = await pipInstall(pip, args);
    if (failed.code !== 0 && /timed out|Connection(Reset|Error)|IncompleteRead|ProtocolError/.test(failed.stderr)) {
      say("the download broke off, beginning again");
      failed = await pipInstall(pip, args);
    }
    if (failed.code === 0) break;
  }
  if (failed.code !== 0) {
    throw new ScriptError(
      `pip could not install PyTorch\n\n${tail(failed.stderr)}`,
      "install PyTorch yourself (https://pytorch.org/get-started) and run this again with that environment active",
    );
  }
  const extra = await pipInstall(pip, [...elsewhere, ...useful]);
  if (extra.code !== 0) say(`${useful.join(" and ")} could not be installed: some tests will be skipped`);
}
