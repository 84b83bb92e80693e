/**
 * The whole way of a build: prepare, lock, run the graph, publish, check, note down what was looked at. It wires the
 * rooms together and decides nothing that one of them knows better.
 */
import { join } from "node:path";
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { openLocalStore } from "../cache/local.ts";
import type { BuildRequest } from "../config/request.ts";
import { runGraph } from "../engine/engine.ts";
import type { BuildListener } from "../engine/events.ts";
import { FileDigests } from "../engine/file-digests.ts";
import { ioFailure } from "../engine/io-failure.ts";
import { LargePageLibrary } from "../engine/large-page-library.ts";
import { BuildLog } from "../engine/log.ts";
import { Roots } from "../engine/roots.ts";
import type { Host } from "../host/host.ts";
import { acquireLock, type Lock } from "../host/lock.ts";
import type { Graph } from "../plan/graph.ts";
import { prepareBuildFolder } from "./build-folder.ts";
import { checkImports } from "./check-import.ts";
import { notePublished } from "./clean.ts";
import { writeCompileCommands } from "../export/compile-commands.ts";
import { type Looked, lookedAt, rememberNoOp } from "./no-op.ts";
import { builtWith, type BuiltWith } from "./built-with.ts";
import { checkOutputPlace } from "./output-place.ts";
import { packagesOf } from "./packages.ts";
import { prepare, type Prepared } from "./prepare.ts";
import { publishArtifact } from "./publish.ts";
import { splitCuda } from "./split-cuda.ts";
import { KnownStates } from "./states.ts";
import { TorchHeaderHint } from "./torch-header-hint.ts";

/** What a build is asked for. */
export interface BuildOptions {
  readonly request: BuildRequest;
  /** Programs at once; undefined: as many as there are processors, fewer where memory is short. */
  readonly jobs?: number;
  /** Do everything again. */
  readonly force?: boolean;
  /** Go on with what does not depend on a failed action. */
  readonly keepGoing?: boolean;
  /** Import the modules in the target Python afterwards. */
  readonly checkImport?: boolean;
  /** False: neither read nor write the store. */
  readonly cache?: boolean;
  /** Bytes for all programs together; undefined: what is available now. */
  readonly memoryLimit?: number;
  readonly signal?: AbortSignal;
  /** The words of the command line, under which "nothing to do" is remembered. Undefined: it is not. */
  readonly words?: readonly string[];
  /** The command as it was typed, for advice that repeats it. */
  readonly typed?: readonly string[];
  /** Gets all that the build looked at, when it has come to rest and a later look at the same tells whether it changed. */
  readonly onLooked?: (looked: Looked) => void;
}

/** What a build made. */
export interface BuildSummary {
  readonly artifacts: readonly { readonly name: string; readonly path: string }[];
  readonly extensions: readonly string[];
  readonly actions: { readonly executed: number; readonly cached: number; readonly fresh: number };
  readonly durationMs: number;
  /** What it was built against; absent where no environment was looked at. */
  readonly builtWith?: BuiltWith;
}

/** Part of the available memory that a build takes at most. */
const memoryShare = 0.9;

/**
 * Brings the extensions of a request up to date.
 *
 * @param listener Gets every event; the last one is `finished`, also after a failure.
 * @returns What was made, or the first failure. The failure of an action was said before as a `failed` event.
 */
export async function build(host: Host, options: BuildOptions, listener: BuildListener): Promise<Result<BuildSummary>> {
  const start = host.monotonic();
  const counts = { executed: 0, cached: 0, fresh: 0 };
  let result: Result<BuildSummary>;
  try {
    result = await run(host, options, listener, counts, start);
  } catch (error) {
    result = err(ioFailure(error));
  }
  listener({
    type: "finished",
    ok: result.ok,
    ...(result.ok ? {} : { failure: result.error }),
    artifacts: result.ok ? result.value.artifacts : [],
    actions: counts,
    durationMs: host.monotonic() - start,
    time: host.monotonic(),
  });
  return result;
}

async function run(
  host: Host,
  options: BuildOptions,
  listener: BuildListener,
  counts: { executed: number; cached: number; fresh: number },
  start: number,
): Promise<Result<BuildSummary>> {
  const startedAt = host.now();
  const prepared = await prepare(host, options.request, {
    onStart: (script) => listener({ type: "reading", script, time: host.monotonic() }),
    onEnd: (script, output, durationMs) =>
      listener({ type: "read", script, output, durationMs, time: host.monotonic() }),
  });
  if (!prepared.ok) return prepared;
  const { project, environment, cacheDir, host: buildHost } = prepared.value;
  const graph = await splitCuda(prepared.value);
  const unwritable = checkOutputPlace(host, graph.artifacts);
  if (unwritable !== undefined) return err(unwritable);
  const folder = prepareBuildFolder(host, graph.buildDir);
  if (!folder.ok) return folder;
  const odd = environment.warnings.map(({ text }) => text);
  for (const message of [...(project.warnings ?? []), ...odd, ...graph.warnings]) {
    listener({ type: "warning", message, time: host.monotonic() });
  }
  const onWait = (): void => listener({ type: "waiting", on: project.root, time: host.monotonic() });
  const lock = await lockBuild(host, join(graph.buildDir, "lock"), onWait, options.signal);
  if (lock === undefined) return err(failure("CANCELLED", "interrupted"));
  try {
    // What a killed build left. Nobody else is here: the lock is ours.
    host.fs.remove(join(graph.buildDir, "tmp"));
    const roots = new Roots(graph.roots);
    const log = BuildLog.open(host, join(graph.buildDir, "log"));
    const states = new KnownStates(host, roots, log, cacheDir);
    const digests = new FileDigests(host, states);
    const jobs = jobsOf(options.jobs ?? host.cpuCount, project.variables?.["MAX_JOBS"]);
    listener({ type: "planned", actions: graph.actions, jobs, time: host.monotonic() });
    const opened = options.cache === false ? undefined : openLocalStore(host, { cacheDir });
    if (opened?.ok === false && opened.error.code !== "NOT_WRITABLE") return opened;
    if (opened?.ok === false) {
      const { message, hint = "" } = opened.error;
      listener({ type: "warning", message: `${message}: nothing is kept there`, hint, time: host.monotonic() });
    }
    const store = opened?.ok === true ? opened.value : undefined;
    const hint = new TorchHeaderHint();
    const compiler = environment.compiler?.cxx.path;
    const done = await runGraph({
      host: buildHost,
      graph,
      log,
      digests,
      variables: buildHost.env,
      packages: packagesOf(environment),
      ...(store === undefined ? {} : { store }),
      ...(compiler === undefined ? {} : { largePages: new LargePageLibrary(host, cacheDir, compiler) }),
      jobs,
      memory: options.memoryLimit ?? host.memory().available * memoryShare,
      force: options.force ?? false,
      keepGoing: options.keepGoing ?? false,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      emit: (event) => {
        hint.see(event);
        listener(event);
      },
    });
    Object.assign(counts, { executed: done.executed, cached: done.cached, fresh: done.fresh });
    if (done.failure === undefined) publish(host, digests, graph);
    writeCompileCommands(host, prepared.value.graph, join(graph.buildDir, "compile_commands.json"));
    log.close();
    await states.save();
    if (done.executed > 0) await store?.maintain();
    if (done.failure !== undefined) return err(done.failure);
    const slow = hint.warning(host, project.root);
    if (slow !== undefined) listener(slow);
    if (done.executed + done.cached > 0) await warnOfNames(host, prepared.value, listener, options);
    if (options.checkImport === true) {
      const problem = await checkImports(buildHost, project, environment, graph);
      if (problem !== undefined) return err(problem);
      const { checkGpuCode } = await import("./check-gpu.ts");
      const unserved = checkGpuCode(buildHost, environment, graph);
      if (unserved !== undefined) return err(unserved);
    }
    const summary: BuildSummary = {
      artifacts: graph.artifacts.map(({ name, path }) => ({ name, path })),
      extensions: project.extensions.map((extension) => extension.name),
      actions: { ...counts },
      durationMs: host.monotonic() - start,
      builtWith: builtWith(environment),
    };
    if (done.steady && (options.words !== undefined || options.onLooked !== undefined)) {
      remember(host, options, prepared.value, digests, startedAt, summary);
    }
    return ok(summary);
  } finally {
    lock.release();
  }
}

/** As many as asked for, but no more than a set-up script says by `os.environ["MAX_JOBS"] = …`. */
function jobsOf(asked: number, most: string | undefined): number {
  return most !== undefined && /^[1-9]\d{0,8}$/.test(most) ? Math.min(asked, Number(most)) : asked;
}

/** Waits for other builds of the project. Undefined when the waiting was cancelled. */
async function lockBuild(
  host: Host,
  folder: string,
  onWait: () => void,
  signal: AbortSignal | undefined,
): Promise<Lock | undefined> {
  try {
    return await acquireLock(host, folder, { onWait, ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    if (signal?.aborted === true) return undefined;
    throw error;
  }
}

/** What an import would fail at: a module of another name, a symbol that nothing defines. The import itself tells it better. */
async function warnOfNames(
  host: Host,
  { project, graph, environment }: Prepared,
  listener: BuildListener,
  { checkImport }: Pick<BuildOptions, "checkImport">,
): Promise<void> {
  const loaded = project.extensions.filter(({ kind }) => kind !== "executable");
  if (loaded.length === 0) return;
  const { wrongModuleName } = await import("./module-name.ts");
  const { openSymbols } = await import("./open-symbols.ts");
  for (const extension of loaded) {
    const artifact = graph.artifacts.find((one) => one.extension === extension.name);
    if (artifact === undefined) continue;
    const wrong = wrongModuleName(host, extension, artifact.path);
    const open = checkImport === true ? [] : await openSymbols(host, environment, extension, artifact.path);
    for (const each of wrong === undefined ? open : [wrong, ...open])
      listener({ type: "warning", ...each, time: host.monotonic() });
  }
}

function publish(host: Host, digests: FileDigests, graph: Graph): void {
  const published = new Map<string, string>();
  for (const artifact of graph.artifacts) {
    publishArtifact(host, digests, artifact);
    const digest = digests.digest(artifact.path);
    if (digest !== undefined) published.set(artifact.path, digest);
  }
  notePublished(host, graph.buildDir, published);
}

function remember(
  host: Host,
  { words, onLooked }: Pick<BuildOptions, "words" | "onLooked">,
  prepared: Prepared,
  digests: FileDigests,
  startedAt: number,
  summary: BuildSummary,
): void {
  const { executed, cached, fresh } = summary.actions;
  const { graph } = prepared;
  const own = new Set([graph.buildDir, ...graph.artifacts.map((artifact) => artifact.path)]);
  const looked = lookedAt(host, prepared.project.witnesses, prepared.witnesses, digests, startedAt, own);
  if (looked === undefined) return;
  onLooked?.(looked);
  if (words === undefined) return;
  rememberNoOp(host, words, looked, {
    artifacts: summary.artifacts,
    actions: executed + cached + fresh,
    extensions: summary.extensions,
  });
}

/**
 * The graph of a request, for `--dry-run` and the exporters. Nothing is built.
 *
 * @param options.phases True: with nvcc's commands taken apart, as a build runs them; else each stays whole.
 */
export async function planOnly(
  host: Host,
  options: Pick<BuildOptions, "request"> & { readonly phases?: boolean },
): Promise<Result<Prepared>> {
  const prepared = await prepare(host, options.request);
  if (!prepared.ok || options.phases !== true) return prepared;
  return ok({ ...prepared.value, graph: await splitCuda(prepared.value) });
}
