/** What a run of the engine works with. */
import type { Cache, Claims } from "../cache/cache.ts";
import type { Host } from "../host/host.ts";
import type { Graph } from "../plan/graph.ts";
import type { BuildListener } from "./events.ts";
import type { FileDigests } from "./file-digests.ts";
import type { Package } from "./freshness.ts";
import type { LargePageLibrary } from "./large-page-library.ts";
import type { BuildLog } from "./log.ts";

/** Where results of actions are shared. */
export type Store = Cache & Claims;

/** One build. */
export interface EngineInput {
  readonly host: Host;
  readonly graph: Graph;
  readonly log: BuildLog;
  readonly digests: FileDigests;
  /** The environment in which programs run. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly packages: readonly Package[];
  readonly store?: Store;
  /** For compilers that would not ask for large pages themselves. */
  readonly largePages?: Pick<LargePageLibrary, "path">;
  /** How many programs may run at once. */
  readonly jobs: number;
  /** Bytes for all running programs together. */
  readonly memory: number;
  readonly force: boolean;
  readonly keepGoing: boolean;
  readonly signal?: AbortSignal;
  readonly emit: BuildListener;
}
