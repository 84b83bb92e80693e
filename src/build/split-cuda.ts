/**
 * Takes the nvcc commands of a graph apart: asks nvcc for its dry runs, or the user's cache for what it said before, and
 * puts the phases in place of the whole commands. What they are is `plan/nvcc-graph`'s business.
 */
import { isAbsolute, join } from "node:path";
import { quietly } from "../base/quietly.ts";
import { digestOfParts } from "../base/digest.ts";
import { unique } from "../base/order.ts";
import type { Host } from "../host/host.ts";
import type { Action, Graph } from "../plan/graph.ts";
import { stableDryRun } from "../plan/nvcc-graph/dry-run.ts";
import { splitCommand } from "../plan/nvcc-graph/split.ts";
import { dryRunCommand, reasonToStayWhole } from "../plan/nvcc-graph/whole.ts";
import type { Prepared } from "./prepare.ts";

/** Changes with the meaning of what is remembered. */
const format = "nvcc-dry-run-1";

/** More texts, of some 10 kB each, than the projects of a machine need: what is still needed is asked for again. */
const mostTexts = 2000;

/** The graph in which nvcc's commands are taken apart, as far as they are understood. */
export async function splitCuda(prepared: Prepared): Promise<Graph> {
  const { graph, environment, host, project, cacheDir } = prepared;
  const family = environment.cudaHost?.family;
  const whole = new Set(project.extensions.filter(({ cudaGraph }) => cudaGraph === "off").map(({ name }) => name));
  const candidates = graph.actions.filter(({ kind, extension }) => kind === "compile-cuda" && !whole.has(extension));
  if (candidates.length === 0 || family === undefined) return graph;
  const hostCompiler = host.fs.realpath(environment.cudaHost?.cxx.path ?? "");
  const isHostCompiler = (path: string): boolean =>
    isAbsolute(path) && hostCompiler !== undefined && host.fs.realpath(path) === hostCompiler;
  const warnings: string[] = [];
  const asked: Action[] = [];
  const stays = (action: Action, reason: string): void => {
    if (reason === "") return;
    warnings.push(`\`${action.description}\` stays one nvcc command: ${reason}`);
  };
  for (const action of candidates) {
    const reason = reasonToStayWhole(action, host.platform);
    if (reason === undefined) asked.push(action);
    else stays(action, reason);
  }
  const dryRuns = await inParallel(asked, host.cpuCount, async (action) => await dryRun(host, cacheDir, action));
  const phases = new Map<Action, readonly Action[]>();
  for (const [i, action] of asked.entries()) {
    const text = dryRuns[i];
    // nvcc refuses the command: so it will say itself.
    if (text === undefined) continue;
    const split = splitCommand(action, { dryRun: text, buildDir: graph.buildDir, family, isHostCompiler });
    if ("reason" in split) stays(action, split.reason);
    else {
      phases.set(action, split.actions);
      warnings.push(...split.said);
    }
  }
  return {
    ...graph,
    actions: graph.actions.flatMap((action) => phases.get(action) ?? [action]),
    warnings: unique([...graph.warnings, ...warnings]),
  };
}

/** What `nvcc --dryrun` prints for a command; undefined when it fails. */
async function dryRun(host: Host, cacheDir: string, action: Action): Promise<string | undefined> {
  const argv = dryRunCommand(action);
  const key = digestOfParts([
    format,
    action.cwd,
    ...argv,
    ...action.tools.map(({ path, identity }) => `${path} ${identity}`),
    ...action.keyVariables.map((name) => `${name}=${host.env[name] ?? ""}`),
  ]);
  const file = join(cacheDir, "nvcc-dry-run", `${key.slice(0, 32)}.txt`);
  // The cache is a help: what cannot be read or written there is asked again.
  const known = quietly(() => host.fs.readText(file));
  const end = `\n#$ ${format}\n`;
  if (known?.endsWith(end) === true) return known.slice(0, -end.length);
  const result = await host.processes.run({
    argv,
    cwd: action.cwd,
    // The names of temporary files are told by their form: the folder must not have odd characters.
    env: { ...host.env, PWD: action.cwd, TMPDIR: "/tmp", ...action.env },
    timeoutMs: 60_000,
  });
  if (result.exitCode !== 0) return undefined;
  const text = stableDryRun(result.stdout + result.stderr);
  quietly(() => {
    const folder = join(cacheDir, "nvcc-dry-run");
    if ((host.fs.list(folder)?.length ?? 0) > mostTexts) host.fs.remove(folder);
    host.fs.mkdir(folder);
    host.fs.writeAtomic(file, `${text}${end}`);
  });
  return text;
}

async function inParallel<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) {
      const item = items[i];
      if (item !== undefined) results[i] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(Math.max(1, limit), items.length) }, worker));
  return results;
}
