/** `retorch explain`: for each action whether it would run now, and why. Nothing runs and nothing is written. */
import { join, resolve } from "node:path";
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { edgesOf } from "../engine/edges.ts";
import { FileDigests } from "../engine/file-digests.ts";
import { Judge } from "../engine/freshness.ts";
import { BuildLog } from "../engine/log.ts";
import type { Reason } from "../engine/reason.ts";
import { Roots } from "../engine/roots.ts";
import type { Host } from "../host/host.ts";
import type { Action, Graph } from "../plan/graph.ts";
import type { BuildOptions } from "./build.ts";
import { packagesOf } from "./packages.ts";
import { prepare } from "./prepare.ts";
import { splitCuda } from "./split-cuda.ts";
import { KnownStates } from "./states.ts";

/** What is known of one action. */
export interface ExplainedAction {
  readonly action: Action;
  readonly dirty: boolean;
  /** Empty when it is up to date. */
  readonly reasons: readonly Reason[];
  /** The last time it was done. */
  readonly last?: { readonly durationMs: number; readonly peakMemory: number };
}

/**
 * Explains actions.
 *
 * @param options.targets Names of actions or extensions, or paths of sources, headers, objects and artefacts; none: all.
 */
export async function explain(
  host: Host,
  options: Pick<BuildOptions, "request" | "force"> & { readonly targets: readonly string[] },
): Promise<Result<ExplainedAction[]>> {
  const prepared = await prepare(host, options.request);
  if (!prepared.ok) return prepared;
  const { environment, cacheDir, project } = prepared.value;
  const graph = await splitCuda(prepared.value);
  const roots = new Roots(graph.roots);
  const log = BuildLog.open(host, join(graph.buildDir, "log"));
  const digests = new FileDigests(host, new KnownStates(host, roots, log, cacheDir));
  const judge = new Judge({
    roots,
    log,
    digests,
    variables: prepared.value.host.env,
    packages: packagesOf(environment),
    force: options.force ?? false,
  });
  const edges = edgesOf(graph.actions);
  const dirty = new Set<number>();
  const explained = graph.actions.map((action, i): ExplainedAction => {
    const judgement = judge.judge(action);
    // What another action is about to make is not there yet or not yet new: that says it all.
    const rebuilt = (edges[i] ?? []).filter((need) => dirty.has(need));
    const waiting = new Set(rebuilt.flatMap((need) => graph.actions[need]?.outputs ?? []).map((p) => roots.logical(p)));
    const own = judgement.reasons.filter((reason) => !("path" in reason) || !waiting.has(reason.path));
    const reasons: Reason[] = [
      ...own,
      ...[...waiting]
        .filter((path) => action.inputs.some((input) => roots.logical(input) === path))
        .map((path): Reason => ({ kind: "input-rebuilt", path })),
    ];
    if (reasons.length > 0) dirty.add(i);
    const { record } = judgement;
    return {
      action,
      dirty: reasons.length > 0,
      reasons,
      ...(record === undefined ? {} : { last: { durationMs: record.durationMs, peakMemory: record.peakMemory } }),
    };
  });
  if (options.targets.length === 0) return ok(explained);
  const headers = (action: Action): string[] =>
    Array.from(log.action(action.id)?.discovered ?? [], (id) => roots.absolute(log.pair(id).path));
  const chosen = explained.filter(({ action }) =>
    options.targets.some((target) => {
      const paths = [resolve(host.cwd, target), resolve(project.root, target)];
      return names(action, target, paths, graph) || headers(action).some((header) => paths.includes(header));
    }),
  );
  if (chosen.length === 0) {
    return err(
      failure("TARGET_UNKNOWN", `no action is named like \`${options.targets.join("`, `")}\``, {
        hint: "name a source, a header, an object, an extension or what is built of it; `retorch explain` lists all",
      }),
    );
  }
  return ok(chosen);
}

/** Whether a target means an action: by its name, its extension, a file that it is given or makes, or the artefact. */
function names(action: Action, target: string, paths: readonly string[], graph: Graph): boolean {
  const built = graph.artifacts.filter(({ path }) => paths.includes(path)).map((artifact) => artifact.built);
  return (
    action.id === target ||
    action.extension === target ||
    (action.source !== undefined && paths.includes(action.source)) ||
    action.inputs.some((input) => paths.includes(input) && !input.startsWith(`${graph.buildDir}/`)) ||
    action.outputs.some((output) => paths.includes(output) || output.endsWith(`/${target}`) || built.includes(output))
  );
}
