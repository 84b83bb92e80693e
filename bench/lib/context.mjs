// What the rows work with: the bundled program, the tools of this machine, a scratch folder.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { availableParallelism, cpus, totalmem, tmpdir, loadavg, release } from "node:os";
import { join } from "node:path";
import { which } from "../../scripts/lib/process.mjs";
import { childEnvironment, runOrThrow } from "./measure.mjs";

/** Finds the tools and makes the scratch folder. */
export function makeContext({ root, python, scratch, quick, rounds }) {
  if (scratch !== undefined) mkdirSync(scratch, { recursive: true });
  const folder = realpathSync(scratch ?? mkdtempSync(join(tmpdir(), "retorch-bench-")));
  const tools = {
    node: process.execPath,
    systemPython: realPython(need(which("python3"), "python3")),
    python: pythonWithTorch(root, python),
    cudaPython: cudaPython(python),
    cxx: need(which("g++"), "g++"),
    ninja: which("ninja"),
    ccache: which("ccache"),
    strace: which("strace"),
  };
  const context = { root, bench: join(root, "bench"), scratch: folder, quick, rounds, tools };
  // A copy: the program may be bundled anew while this runs.
  const program = join(folder, "program");
  rmSync(program, { recursive: true, force: true });
  for (const part of ["bin", "dist", "python", "package.json"]) {
    cpSync(join(root, part), join(program, part), { recursive: true, filter: (path) => !path.includes("/dist/types") });
  }
  return { ...context, retorch: [tools.node, join(program, "bin", "retorch.js")] };
}

function need(path, name) {
  if (path === undefined) throw new Error(`the benchmark needs ${name} on PATH`);
  return path;
}

/** The interpreter itself: what stands on PATH may be a script that changes PATH for what it starts. */
function realPython(command) {
  return runOrThrow(command, ["-c", "import sys; print(sys.executable)"]).trim();
}

/** `--python`, RETORCH_TEST_PYTHON, the `.venv` of the clone, or python3; undefined without a PyTorch. */
function pythonWithTorch(root, given) {
  const venv = join(root, ".venv", "bin", "python");
  const candidates = [given, process.env.RETORCH_TEST_PYTHON, existsSync(venv) ? venv : undefined, "python3"];
  const python = candidates.find((candidate) => candidate !== undefined);
  const code = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)";
  const found = spawnSync(python, ["-c", code], { env: childEnvironment() }).status === 0;
  return found ? which(python) : undefined;
}

/** The Python given, or RETORCH_TEST_CUDA_PYTHON, when its PyTorch is built for CUDA. */
function cudaPython(given) {
  const code = "import torch.version, sys; sys.exit(torch.version.cuda is None)";
  return [given, process.env.RETORCH_TEST_CUDA_PYTHON].find(
    (candidate) =>
      candidate !== undefined && spawnSync(candidate, ["-c", code], { env: childEnvironment() }).status === 0,
  );
}

/** An environment in which tools find that Python first, as in an active virtual environment. */
export function activated(context, more = {}) {
  const folder = context.tools.python.replace(/[/\\][^/\\]*$/, "");
  return { PATH: `${folder}:${process.env.PATH}`, ...more };
}

/** The machine and the versions, for the head of the table. */
export function describeMachine(context) {
  const { tools } = context;
  const first = (program, ...args) =>
    program === undefined
      ? undefined
      : spawnSync(program, args, { encoding: "utf8", env: childEnvironment() }).stdout.split("\n")[0];
  const code = "import re,sys;from importlib.metadata import version;print(sys.version.split()[0], version('torch'))";
  const [python, torch] = tools.python === undefined ? [] : (first(tools.python, "-c", code) ?? "").split(" ");
  const cpuinfo = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    system: `${process.platform} ${release()}`,
    // As `taskset` and containers leave them.
    processors: `${availableParallelism()} × ${cpuinfo[0]?.model.trim() ?? "unknown"}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    load: loadavg()[0].toFixed(2),
    retorch: JSON.parse(readFileSync(join(context.root, "package.json"), "utf8")).version,
    node: process.versions.node,
    python,
    torch,
    compiler: first(tools.cxx, "--version"),
    ninja: first(tools.ninja, "--version"),
    ccache: first(tools.ccache, "--version")?.replace("ccache version ", ""),
  };
}

/** Runs retorch unmeasured. */
export function retorchNow(context, args, { cwd, env = {} }) {
  return runOrThrow(context.retorch[0], [...context.retorch.slice(1), ...args], { cwd, env: childEnvironment(env) });
}
