/** Builds toy projects with the real engine on the real file system, in the test's own process. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BuildEvent, BuildListener } from "../../src/engine/events.ts";
import { runGraph, type EngineResult } from "../../src/engine/engine.ts";
import { FileDigests, type StateStore } from "../../src/engine/file-digests.ts";
import { BuildLog } from "../../src/engine/log.ts";
import { reasonText } from "../../src/engine/reason.ts";
import type { Cache, Claims } from "../../src/cache/cache.ts";
import { Roots } from "../../src/engine/roots.ts";
import type { Host } from "../../src/host/host.ts";
import { nodeHost } from "../../src/host/node-host.ts";
import type { Graph } from "../../src/plan/graph.ts";
import { toyGraph, type ToyProject, ToyTools } from "./toy-compiler.ts";

/** What one toy build did. */
export interface ToyOutcome {
  readonly result: EngineResult;
  readonly events: readonly BuildEvent[];
  /** Descriptions of the actions that ran. */
  readonly ran: readonly string[];
  readonly cached: readonly string[];
  /** By description, why. */
  readonly why: Readonly<Record<string, readonly string[]>>;
  /** Files of which the content was read to know it. */
  readonly reads: number;
}

export interface ToyOptions extends GraphOptions {
  readonly tools?: ToyTools;
  readonly host?: Host;
}

/** How a graph is run; what is not said is as in `retorch build` with four jobs. */
export interface GraphOptions {
  readonly store?: Cache & Claims;
  readonly variables?: Record<string, string>;
  readonly force?: boolean;
  readonly keepGoing?: boolean;
  readonly signal?: AbortSignal;
  readonly jobs?: number;
  readonly memory?: number;
}

/** A folder for a toy project; removed by the returned function. */
export function toyFolder(): { root: string; remove: () => void } {
  const root = mkdtempSync(join(tmpdir(), "retorch toy "));
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** The real host, but for its programs. */
export function hostRunning(run: Host["processes"]["run"]): Host {
  const real = nodeHost();
  return nodeHost({ processes: { ...real.processes, self: () => real.processes.self(), run } });
}

/** Runs a graph with its log in its build folder, as one build does. `reads`: files of which the content was read. */
export async function runToyGraph(
  graph: Graph,
  host: Host,
  { emit, ...options }: GraphOptions & { readonly emit: BuildListener },
): Promise<{ result: EngineResult; reads: number }> {
  mkdirSync(graph.buildDir, { recursive: true });
  const log = BuildLog.open(host, `${graph.buildDir}/log`);
  const roots = new Roots(graph.roots);
  const states: StateStore = {
    get: (path) => log.state(roots.logical(path)),
    put: (path, state) => log.putState(roots.logical(path), state),
  };
  const digests = new FileDigests(host, states);
  const result = await runGraph({
    variables: {},
    jobs: 4,
    memory: 1e9,
    force: false,
    keepGoing: false,
    ...options,
    host,
    graph,
    log,
    digests,
    packages: [],
    emit,
  });
  log.close();
  return { result, reads: digests.reads };
}

export async function toyBuild(project: ToyProject, options: ToyOptions = {}): Promise<ToyOutcome> {
  const { tools = new ToyTools(), host = hostRunning((request) => tools.run(request)), ...more } = options;
  const events: BuildEvent[] = [];
  const { result, reads } = await runToyGraph(toyGraph(project), host, {
    ...more,
    emit: (event) => events.push(event),
  });
  const done = (outcome: string): string[] =>
    events.flatMap((event) => (event.type === "done" && event.outcome === outcome ? [event.action.description] : []));
  const why: Record<string, string[]> = {};
  for (const event of events) {
    if (event.type === "dirty") why[event.action.description] = event.reasons.map(reasonText);
  }
  return { result, events, ran: done("executed").sort(), cached: done("cached").sort(), why, reads };
}
