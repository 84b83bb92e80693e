/**
 * `retorch build --fix`: of what a diagnosis proposes, makes the changes that are safe, and builds again. Safe is what
 * was looked up on this machine: an include folder that has the header, a library that is installed, the C++ standard
 * that the installed torch needs, a host compiler that is installed and accepted. All else is only said.
 *
 * A change goes into the configuration file of the project. Where there is none, and for host compilers, which no file
 * names, it holds for this build, and the user is told how to keep it.
 */
import { isAbsolute, join, relative, resolve } from "node:path";
import type { Failure } from "../base/failure.ts";
import { shellWord } from "../base/shell-word.ts";
import { sharedConfigFileName } from "../config/config-file.ts";
import type { Extension } from "../config/extension.ts";
import type { BuildRequest } from "../config/request.ts";
import { findTarget } from "../config/target.ts";
import type { ConfigChange } from "../diagnose/change.ts";
import type { Diagnosis } from "../diagnose/diagnose.ts";
import type { BuildEvent, BuildListener, FixChange } from "../engine/events.ts";
import { isTooOld, standardNumber } from "../environment/cxx-standard.ts";
import type { Environment } from "../environment/environment.ts";
import { cxxStandardOf } from "../environment/torch-version.ts";
import type { Host } from "../host/host.ts";
import { commandText, type Action } from "../plan/graph.ts";
import type { BuildOptions } from "./build.ts";
import { acceptedByCuda, diagnoseContext } from "./diagnose-context.ts";
import { buildDiagnosed, type DiagnosedBuild, type DiagnosedFailure } from "./diagnose-failure.ts";
import { type ConfigEdit, diffLines, editConfig } from "./edit-config.ts";
import { prepare, type Prepared } from "./prepare.ts";

/** A build fails for so many reasons one after the other before people should look at it. */
const mostRounds = 3;

/** A change that was found to be safe, ready to be made. */
export interface SafeChange {
  readonly extension: string;
  readonly diagnosis: string;
  /** In words. */
  readonly change: string;
  readonly how:
    | {
        readonly kind: "settings";
        readonly edits: readonly ConfigEdit[];
        /** The same on the command line. */
        readonly request: Partial<BuildRequest>;
        readonly option: string;
      }
    | { readonly kind: "variables"; readonly variables: Readonly<Record<string, string>> };
}

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
    if (outcome.result.ok || round >= mostRounds || options.signal?.aborted === true) return end();
    const instead = compilerInstead(at.host, outcome.result.error);
    if (instead !== undefined) {
      at = { ...at, host: withVariables(at.host, instead.variables) };
      listener({ type: "fixed", changes: [instead.change], time: host.monotonic() });
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
    if (applied.changes.length === 0) return end();
    at = applied.next;
    listener({ type: "fixed", changes: applied.changes, time: host.monotonic() });
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

/** What is safe to change, by what was found out of failures. Looks at the machine, changes nothing. */
export function safeChanges(
  host: Host,
  prepared: Pick<Prepared, "project" | "environment">,
  failures: readonly DiagnosedFailure[],
): SafeChange[] {
  const found = new Map<string, SafeChange>();
  for (const { action, diagnoses } of failures) {
    const [diagnosis] = diagnoses;
    const extension = prepared.project.extensions.find(({ name }) => name === action?.extension);
    if (action === undefined || extension === undefined || diagnosis?.change === undefined) continue;
    if (diagnosis.confidence === "low") continue;
    const change = safeChange(
      { host, environment: prepared.environment, extension, action, diagnosis },
      diagnosis.change,
    );
    if (change !== undefined) found.set(JSON.stringify([change.extension, change.how]), change);
  }
  return [...found.values()];
}

interface Case {
  readonly host: Host;
  readonly environment: Environment;
  readonly extension: Extension;
  readonly action: Action;
  readonly diagnosis: Diagnosis;
}

function safeChange(about: Case, change: ConfigChange): SafeChange | undefined {
  switch (change.kind) {
    case "add-include-dir":
      return addFolder(about, change.dir, {
        key: "include-dirs",
        there: about.extension.includeDirs,
        request: (dir) => ({ includeDirs: [dir] }),
        option: "-I",
      });
    case "add-library-dir":
      return addFolder(about, change.dir, {
        key: "library-dirs",
        there: about.extension.libraryDirs,
        request: (dir) => ({ libraryDirs: [dir] }),
        option: "-L",
      });
    case "add-library":
      return addLibrary(about, change.library, change.dir);
    case "set-cxx-standard":
      return setStandard(about, change.standard);
    case "set-host-compiler":
      return setHostCompiler(about, change.path);
    case "remove-flag":
    case "add-flag":
      // What else a flag does, nobody can look up.
      return undefined;
  }
}

interface FolderKey {
  readonly key: string;
  readonly there: readonly string[];
  readonly request: (dir: string) => Partial<BuildRequest>;
  readonly option: string;
}

function addFolder(about: Case, dir: string, { key, there, request, option }: FolderKey): SafeChange | undefined {
  const { host, extension } = about;
  const absolute = resolve(extension.root, dir);
  if (host.fs.stat(absolute)?.kind !== "directory" || there.includes(absolute)) return undefined;
  const written = spelled(extension.root, absolute);
  return settings(about, `${key} += "${written}"`, {
    edits: [{ kind: "append", key, values: [written] }],
    request: request(absolute),
    option: `${option} ${shellWord(spelled(host.cwd, absolute))}`,
  });
}

function addLibrary(about: Case, library: string, given: string | undefined): SafeChange | undefined {
  const { host, extension, environment, action } = about;
  if (action.kind !== "link" || extension.libraries.includes(library)) return undefined;
  const found = given ?? diagnoseContext(host, { environment, root: extension.root }).findLibrary?.(library);
  if (found === undefined) return undefined;
  const dir = resolve(extension.root, found);
  const searched = [
    ...extension.libraryDirs,
    ...(environment.compiler?.systemLibraryDirs ?? []),
    ...action.librarySearch.flatMap(({ dirs }) => dirs),
  ].map((folder) => resolve(extension.root, folder));
  const withDir = !searched.includes(dir);
  const written = spelled(extension.root, dir);
  return settings(
    about,
    withDir ? `libraries += "${library}", library-dirs += "${written}"` : `libraries += "${library}"`,
    {
      edits: [
        { kind: "append", key: "libraries", values: [library] },
        ...(withDir ? [{ kind: "append", key: "library-dirs", values: [written] } as const] : []),
      ],
      request: { libraries: [library], ...(withDir ? { libraryDirs: [dir] } : {}) },
      option: withDir ? `-l ${library} -L ${shellWord(spelled(host.cwd, dir))}` : `-l ${library}`,
    },
  );
}

/** The standard of torch, or the newer one that a header asks for; never an older one than now. */
function setStandard(about: Case, asked: string): SafeChange | undefined {
  const { extension, environment, action } = about;
  const torch =
    environment.torch === undefined || !extension.usesTorch ? 0 : Number(cxxStandardOf(environment.torch.release));
  const wanted = Math.max(standardNumber(asked) ?? 0, torch);
  const standard = String(wanted);
  const now = commandText(action.command).findLast((word) => /^(?:--?std[=:]|\/std:)/.test(word));
  const present = standardNumber(now?.replace(/^.*?[=:]/, "") ?? "");
  if (wanted === 0 || (present !== undefined && present >= wanted)) return undefined;
  const compiler = isForCuda(action) ? environment.cudaHost : environment.compiler;
  if (compiler !== undefined && isTooOld(compiler, standard)) return undefined;
  // A flag of the user's wins over the key, so the flag itself has to change.
  const flags = (["cxx", "nvcc"] as const).flatMap((tool) =>
    extension.flags[tool]
      .filter((flag) => /^(?:--?std[=:]|\/std:)c\+\+|^--?std=gnu\+\+/.test(flag))
      .map((flag) => ({ key: `${tool}-flags`, flag })),
  );
  const replaced = flags.map(({ key, flag }): ConfigEdit => ({
    kind: "replace",
    key,
    from: flag,
    to: flag.replace(/\+\+\w+$/, `++${standard}`),
  }));
  const edits: ConfigEdit[] = replaced.length > 0 ? replaced : [{ kind: "set", key: "cxx-standard", value: standard }];
  const option =
    replaced.length > 0
      ? flags.map(({ key }) => `--${key.replace(/s$/, "")}=-std=c++${standard}`).join(" ")
      : `--std ${standard}`;
  return settings(
    about,
    replaced.length > 0 ? `-std=c++${standard} in place of ${now ?? "an older one"}` : `cxx-standard = "${standard}"`,
    {
      edits,
      request:
        replaced.length === 0
          ? { cxxStandard: standard }
          : {
              ...(flags.some(({ key }) => key === "cxx-flags") ? { cxxFlags: [`-std=c++${standard}`] } : {}),
              ...(flags.some(({ key }) => key === "nvcc-flags") ? { nvccFlags: [`-std=c++${standard}`] } : {}),
            },
      option,
    },
  );
}

/** CC is nvcc's host compiler (as in torch's own builder), CXX all others'. No configuration names compilers. */
function setHostCompiler(about: Case, path: string): SafeChange | undefined {
  const { host, environment, extension, action, diagnosis } = about;
  if (host.fs.stat(path)?.kind !== "file") return undefined;
  const major = Number(/-(\d+)(?:\.\d+)?$/.exec(path)?.[1]);
  const family = /clang\+\+/.test(path) ? "clang" : "gcc";
  if (Number.isNaN(major)) return undefined;
  const compiler = { family, version: [major] } as const;
  const standard =
    extension.usesTorch && environment.torch !== undefined ? cxxStandardOf(environment.torch.release) : undefined;
  if (standard !== undefined && isTooOld(compiler, standard)) return undefined;
  const forCuda = isForCuda(action);
  if (forCuda && !acceptedByCuda(environment, compiler)) return undefined;
  const variable = forCuda ? "CC" : "CXX";
  if (host.env[variable] === path) return undefined;
  return {
    extension: extension.name,
    diagnosis: diagnosis.id,
    change: `${variable}=${path}`,
    how: { kind: "variables", variables: { [variable]: path } },
  };
}

function settings(
  { extension, diagnosis }: Case,
  change: string,
  how: Omit<Extract<SafeChange["how"], { kind: "settings" }>, "kind">,
): SafeChange {
  return { extension: extension.name, diagnosis: diagnosis.id, change, how: { kind: "settings", ...how } };
}

interface BuildAt {
  readonly host: Host;
  readonly options: BuildOptions;
}

/** Makes changes: in the configuration file where there is one, else for the builds that follow. */
async function applyChanges(
  at: BuildAt,
  changes: readonly SafeChange[],
): Promise<{ readonly changes: readonly FixChange[]; readonly next: BuildAt }> {
  const made: FixChange[] = [];
  let { host, options } = at;
  for (const { extension, diagnosis, change, how } of changes) {
    const about = { extension, diagnosis, change };
    if (how.kind === "variables") {
      host = withVariables(host, how.variables);
      const keep = Object.entries(how.variables).map(([name, value]) => `export ${name}=${shellWord(value)}`);
      made.push({ ...about, diff: [], keep: keep.join(" ") });
      continue;
    }
    const written = await changeFile(host, options.request, extension, how.edits);
    if (written === "refused") continue;
    if (written === "no file") {
      options = { ...options, request: withRequest(options.request, how.request) };
      made.push({ ...about, diff: [], keep: `retorch build ${how.option}` });
      continue;
    }
    made.push({ ...about, file: written.file, diff: written.diff });
  }
  // What such a build comes to must not be remembered as the answer to the words that were typed.
  if (host !== at.host || options !== at.options) {
    const { words: _, ...rest } = options;
    options = rest;
  }
  return { changes: made, next: { host, options } };
}

/** Edits the configuration of an extension; all edits or none. */
async function changeFile(
  host: Host,
  request: BuildRequest,
  extension: string,
  edits: readonly ConfigEdit[],
): Promise<"no file" | "refused" | { readonly file: string; readonly diff: readonly string[] }> {
  const found = await findTarget(host, request.paths);
  if (!found.ok) return "refused";
  const { target } = found.value;
  if (target.kind === "sources" || target.kind === "folder") return "no file";
  if (target.kind !== "config") return "refused";
  const { file, text, configuration } = target.document;
  const prefix = file.endsWith(sharedConfigFileName) ? ["tool", "retorch"] : [];
  const named = configuration.extensions.find(({ name }) => name === extension);
  // Under another name on the command line, or sources that no table names.
  if (named === undefined && configuration.extensions.length > 0) return "refused";
  const table = [...prefix, ...(named === undefined ? ["defaults"] : ["extension", extension])];
  let changed = text;
  const diff: string[] = [];
  for (const edit of edits) {
    const next = await editConfig(changed, table, edit);
    if (next === undefined || next === changed) return "refused";
    diff.push(...diffLines(changed, next));
    changed = next;
  }
  // Somebody may have written to it meanwhile. A byte order mark was not part of the text.
  const now = host.fs.readText(file)?.replace(/^\uFEFF/, "");
  if (now !== text || !host.fs.writable(join(file, ".."))) return "refused";
  host.fs.writeAtomic(file, changed, host.fs.stat(file)?.mode);
  return { file, diff };
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
  return new Proxy(host, {
    get: (target, name) => {
      if (name === "env") return env;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

function spelled(from: string, path: string): string {
  const inside = relative(from, path);
  if (inside === "") return ".";
  return inside.startsWith("..") || isAbsolute(inside) ? path : inside.replaceAll("\\", "/");
}

/** Whether an action is a compile by nvcc, or one of its phases. */
function isForCuda({ kind, group }: Action): boolean {
  return kind === "compile-cuda" || kind.startsWith("cuda-") || group !== undefined;
}
