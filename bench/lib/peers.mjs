// The same project for each tool, and the commands that build it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { activated, retorchNow } from "./context.mjs";
import { loadPy, setupPy, writeProject } from "./projects.mjs";

/** A store for this run alone. */
export function cacheFolder(context, name = "cache") {
  return { RETORCH_CACHE_DIR: join(context.scratch, name) };
}

/** `retorch build` in a folder. */
export function byRetorch(context, folder, { env = {}, args = [] } = {}) {
  return { argv: [...context.retorch, "build", ...args], cwd: folder, env: { ...cacheFolder(context), ...env } };
}

/** ninja with the commands of retorch: the graph is written here, once. */
export function byNinja(context, folder, { env = {}, args = [] } = {}) {
  const text = retorchNow(context, ["export", "ninja"], { cwd: folder, env: { ...cacheFolder(context), ...env } });
  writeFileSync(join(folder, "build.ninja"), text);
  return { argv: [context.tools.ninja, ...args], cwd: folder, env };
}

/** The commands of retorch as a shell script. */
export function byShell(context, folder, { env = {}, edit = (text) => text } = {}) {
  const text = retorchNow(context, ["build", "--dry-run"], { cwd: folder, env: { ...cacheFolder(context), ...env } });
  writeFileSync(join(folder, "commands.sh"), edit(text));
  return { argv: ["sh", join(folder, "commands.sh")], cwd: folder, env };
}

/** `python setup.py build_ext --inplace`. */
export function bySetupPy(context, folder, { name, sources, env = {} }) {
  writeFileSync(join(folder, "setup.py"), setupPy(name, sources));
  const argv = [context.tools.python, "setup.py", "build_ext", "--inplace"];
  return { argv, cwd: folder, env: activated(context, env) };
}

/** `torch.utils.cpp_extension.load()` in a new process. */
export function byLoad(context, folder, { name, sources, env = {} }) {
  writeFileSync(join(folder, "load.py"), loadPy(name, sources));
  return { argv: [context.tools.python, "load.py"], cwd: folder, env: activated(context, env) };
}

/** One folder with the same files for each of the names. */
export function folders(context, row, names, files) {
  return Object.fromEntries(names.map((name) => [name, writeProject(join(context.scratch, row, name), files)]));
}

/** A Node that does nothing: what no Node program can be faster than. */
export function emptyNode(context) {
  const script = join(context.scratch, "empty.mjs");
  writeFileSync(script, "");
  return {
    name: "Node, empty script",
    reference: true,
    command: { argv: [context.tools.node, script], cwd: context.scratch },
  };
}
