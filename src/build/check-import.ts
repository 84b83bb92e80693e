/** `--check`: imports what was built in the target Python, in a process of its own. */
import { dirname } from "node:path";
import { failure, type Failure } from "../base/failure.ts";
import type { Project } from "../config/extension.ts";
import type { Environment } from "../environment/environment.ts";
import type { Host } from "../host/host.ts";
import type { Graph } from "../plan/graph.ts";

/** Loads a module by its file, so that nothing else of that name on the path is taken for it. */
const loadModule = `
import importlib.machinery, importlib.util, sys
try:
    import torch
except ImportError:
    pass
name, path = sys.argv[1:]
loader = importlib.machinery.ExtensionFileLoader(name, path)
spec = importlib.util.spec_from_file_location(name, path, loader=loader)
loader.exec_module(importlib.util.module_from_spec(spec))
`;
const loadLibrary = "import sys, torch; torch.ops.load_library(sys.argv[2])";

/** The first module that cannot be imported, as a failure. Executables are not run. */
export async function checkImports(
  host: Host,
  project: Project,
  environment: Environment,
  graph: Graph,
): Promise<Failure | undefined> {
  const { python } = environment;
  if (python === undefined) return undefined;
  for (const { extension: name, path } of graph.artifacts) {
    const extension = project.extensions.find((candidate) => candidate.name === name);
    if (extension === undefined || extension.kind === "executable") continue;
    const code = extension.kind === "torch-library" ? loadLibrary : loadModule;
    const end = await host.processes.run({
      argv: [python.executable, "-c", code, name, path],
      cwd: dirname(path),
      env: host.env,
    });
    if (end.exitCode === 0) continue;
    const output = (end.stderr.trim() || end.stdout.trim()).split("\n");
    return failure("IMPORT_FAILED", `\`${path}\` was built but cannot be imported in \`${python.executable}\``, {
      cause: end.signal === undefined ? output.slice(-15).join("\n") : `ended by ${end.signal}`,
      hint: "the last line above names what is missing; `retorch env` shows what it was built for",
    });
  }
  return undefined;
}
