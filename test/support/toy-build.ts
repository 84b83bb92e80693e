/** Builds toy projects with the real engine on the real file system, in the test's own process. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BuildEvent } from "../../src/engine/events.ts";
import { runGraph, type EngineResult } from "../../src/engine/engine.ts";
import { FileDigests, type StateStore } from "../../src/engine/file-digests.ts";
import { BuildLog } from "../../src/engine/log.ts";
import { reasonText } from "../../src/engine/reason.ts";
import type { Cache, Claims } from "../../src/cache/cache.ts";
import { Roots } from "../../src/engine/roots.ts";
import type { Host } from "../../src/host/host.ts";
import { nodeHost } from "../../src/host/node-host.ts";
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

export interface ToyOptions {
  readonly tools?: ToyTools;
  readonly host?: Host;
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

export async function toyBuild(project: ToyProject, options: ToyOptions = {}): Promise<ToyOutcome> {
  const tools = options.tools ?? new ToyTools();
  const real = nodeHost();
  const host =
    options.host ??
    nodeHost({
      processes: { ...real.processes, self: () => real.processes.self(), run: (request) => tools.run(request) },
    });
  const graph = toyGraph(project);
  mkdirSync(graph.buildDir, { recursive: true });
  const log = BuildLog.open(host, `${graph.buildDir}/log`);
  const roots = new Roots(graph.roots);
  const states: StateStore = {
    get: (path) => log.state(roots.logical(path)),
    put: (path, state) => log.putState(roots.logical(path), state),
  };
  const digests = new FileDigests(host, states);
  const events: BuildEvent[] = [];
  const result = await runGraph({
    host,
    graph,
    log,
    digests,
    variables: options.variables ?? {},
    packages: [],
    ...(options.store === undefined ? {} : { store: options.store }),
    jobs: options.jobs ?? 4,
    memory: options.memory ?? 1e9,
    force: options.force ?? false,
    keepGoing: options.keepGoing ?? false,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    emit: (event) => events.push(event),
  });
  log.close();
  const done = (outcome: string): string[] =>
    events.flatMap((event) => (event.type === "done" && event.outcome === outcome ? [event.action.description] : []));
  const why: Record<string, string[]> = {};
  for (const event of events) {
    if (event.type === "dirty") why[event.action.description] = event.reasons.map(reasonText);
  }
  return { result, events, ran: done("executed").sort(), cached: done("cached").sort(), why, reads: digests.reads };
}
