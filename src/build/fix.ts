/**
 * `retorch build --fix`: of what a diagnosis proposes, makes the changes that are safe (safe-change.ts), and builds again.
 * All else is only said.
 *
 * A change goes into the configuration file of the project. Where there is none, and for host compilers, which no file
 * names, it holds for this build, and the user is told how to keep it.
 */
import type { Failure } from "../base/failure.ts";
import { shellWord } from "../base/shell-word.ts";
import type { BuildRequest } from "../config/request.ts";
import type { BuildEvent, BuildListener, FixChange } from "../engine/events.ts";
import type { Host } from "../host/host.ts";
import type { BuildOptions } from "./build.ts";
import { buildDiagnosed, type DiagnosedBuild } from "./diagnose-failure.ts";
import { planChange, writeChange } from "./change-file.ts";
import { prepare } from "./prepare.ts";
import { safeChanges, type SafeChange } from "./safe-change.ts";

/** A build fails for so many reasons one after the other before people should look at it. */
const mostRounds = 3;

/** As `buildDiagnosed`; after a failure with a safe remedy it makes the change and builds again. */
export async function buildAndFix(host: Host, options: BuildOptions, listener: BuildListener): Promise<DiagnosedBuild> {
  let at = { host, options };
  const made = new Set<string>();
  const start = host.monotonic();
  for (let round = 0; ; round++) {
    let finished: Extract<BuildEvent, { type: "finished" }> | undefined;
    const outcome = await buildDiagnosed(at.host, at.options, (event) => {
      // There is one `finished`, the last event of all.
      if (event.type === "finished") finished = { ...event, durationMs: event.time - start };
      else listener(event);
    });
    const end = (): DiagnosedBuild => {
      if (finished !== undefined) listener(finished);
      return outcome;
    };
    // Of failed actions was told; of all else `finished` would have told, which now does not come.
    const sayFixed = (changes: readonly FixChange[]): void => {
      const { failure, diagnoses } = finished ?? {};
      const told = failure === undefined || failure.code === "BUILD_FAILED";
      const about = told ? {} : { failure, ...(diagnoses === undefined ? {} : { diagnoses }) };
      listener({ type: "fixed", changes, ...about, time: host.monotonic() });
    };
    if (outcome.result.ok || round >= mostRounds || options.signal?.aborted === true) return end();
    const instead = compilerInstead(at.host, outcome.result.error);
    if (instead !== undefined) {
      at = { ...at, host: withVariables(at.host, instead.variables) };
      sayFixed([instead.change]);
      continue;
    }
    if (outcome.failures.length === 0) return end();
    const prepared = await prepare(at.host, at.options.request);
    if (!prepared.ok) return end();
    const changes = safeChanges(at.host, prepared.value, outcome.failures).filter(
      (change) => !made.has(JSON.stringify(change)),
    );
    for (const change of changes) made.add(JSON.stringify(change));
    const applied = await applyChanges(at, changes);
    for (const message of applied.refused) listener({ type: "warning", message, time: host.monotonic() });
    if (applied.changes.length === 0) return end();
    at = applied.next;
    sayFixed(applied.changes);
  }
}

/** A variable names a compiler that CUDA does not take, and one that it takes is installed: found before anything ran. */
export function compilerInstead(
  { env }: Pick<Host, "env">,
  { code, remedy }: Failure,
): { readonly variables: Readonly<Record<string, string>>; readonly change: FixChange } | undefined {
  if (remedy === undefined) return undefined;
  const entries = Object.entries(remedy);
  if (entries.every(([name, value]) => env[name] === value)) return undefined;
  const words = entries.map(([name, value]) => `${name}=${shellWord(value)}`).join(" ");
  const change = { extension: "", diagnosis: code, change: words, diff: [], keep: `export ${words}` };
  return { variables: remedy, change };
}

interface BuildAt {
  readonly host: Host;
  readonly options: BuildOptions;
}

/** Makes changes: in the configuration file where there is one, else for the builds that follow. */
async function applyChanges(
  at: BuildAt,
  changes: readonly SafeChange[],
): Promise<{ readonly changes: readonly FixChange[]; readonly refused: readonly string[]; readonly next: BuildAt }> {
  const made: FixChange[] = [];
  const refused: string[] = [];
  let { host, options } = at;
  for (const { extension, diagnosis, change, how } of changes) {
    const about = { extension, diagnosis, change };
    if (how.kind === "variables") {
      host = withVariables(host, how.variables);
      const keep = Object.entries(how.variables).map(([name, value]) => `export ${name}=${shellWord(value)}`);
      made.push({ ...about, diff: [], keep: keep.join(" ") });
      continue;
    }
    const planned = await planChange(host, options.request, extension, how.edits);
    if (planned.kind === "no file") {
      options = { ...options, request: withRequest(options.request, how.request) };
      made.push({ ...about, diff: [], keep: `retorch build ${how.option}` });
      continue;
    }
    const why = planned.kind === "refused" ? planned.why : writeChange(host, planned);
    if (planned.kind === "edit" && why === undefined) made.push({ ...about, file: planned.file, diff: planned.diff });
    else refused.push(`not changed: ${change}: ${why ?? ""}`);
  }
  // What such a build comes to must not be remembered as the answer to the words that were typed.
  if (host !== at.host || options !== at.options) {
    const { words: _, ...rest } = options;
    options = rest;
  }
  return { changes: made, refused, next: { host, options } };
}

function withRequest(request: BuildRequest, more: Partial<BuildRequest>): BuildRequest {
  const merged: Record<string, unknown> = { ...request };
  for (const [key, value] of Object.entries(more)) {
    const old = merged[key];
    merged[key] = Array.isArray(value) && Array.isArray(old) ? [...(old as unknown[]), ...(value as unknown[])] : value;
  }
  return merged as unknown as BuildRequest;
}

/** The same machine with other environment variables. */
export function withVariables(host: Host, variables: Readonly<Record<string, string>>): Host {
  const env = { ...host.env, ...variables };
  // A class with private fields behind it, or getters that cost: every member is asked of the host itself.
  // Not a proxy of the host: of a frozen object it would have to give the frozen values.
  return new Proxy({} as Host, {
    get: (_target, name) => {
      if (name === "env") return env;
      const value: unknown = Reflect.get(host, name, host);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(host) : value;
    },
    has: (_target, name) => name in host,
  });
}
