/**
 * Which changes that diagnoses propose are safe. Safe is what was looked up on this machine: an include folder that has
 * the header, a library that is installed, the C++ standard that the installed torch needs, a host compiler that is
 * installed and accepted. Looks, and changes nothing.
 */
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { shellWord } from "../base/shell-word.ts";
import type { Extension } from "../config/extension.ts";
import type { BuildRequest } from "../config/request.ts";
import type { ConfigChange } from "../diagnose/change.ts";
import type { Diagnosis } from "../diagnose/diagnose.ts";
import { isTooOld, standardNumber } from "../environment/cxx-standard.ts";
import type { Environment } from "../environment/environment.ts";
import { cxxStandardOf } from "../environment/torch-version.ts";
import type { Host } from "../host/host.ts";
import { commandText, type Action } from "../plan/graph.ts";
import { acceptedByCuda, diagnoseContext } from "./diagnose-context.ts";
import type { ConfigEdit } from "./edit-config.ts";
import type { Prepared } from "./prepare.ts";

/** A failed action, or a failed import, with what is known of it. */
export interface DiagnosedFailure {
  /** Undefined: an import, unless it is the link that left a hole. */
  readonly action?: Action;
  readonly diagnoses: readonly Diagnosis[];
}

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
  // pip's CUDA has files with versions in their names alone; the plan knows which one is meant.
  const file = environment.cuda?.libraries?.[library];
  const found =
    given ??
    diagnoseContext(host, { environment, root: extension.root }).findLibrary?.(library) ??
    (file === undefined ? undefined : dirname(file));
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

function spelled(from: string, path: string): string {
  const inside = relative(from, path);
  if (inside === "") return ".";
  return inside.startsWith("..") || isAbsolute(inside) ? path : inside.replaceAll("\\", "/");
}

/** Whether an action is a compile by nvcc, or one of its phases. */
function isForCuda({ kind, group }: Action): boolean {
  return kind === "compile-cuda" || kind.startsWith("cuda-") || group !== undefined;
}
