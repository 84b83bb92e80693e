/**
 * From a request to a graph: reads the project, finds the environment, checks that it has what the extensions need, and
 * plans. Nothing is built or written here but the remembered environment.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { err, ok, type Result } from "../base/result.ts";
import type { SetupScriptReaderOptions } from "../capture/read-setup-script.ts";
import type { Extension, Language, Project } from "../config/extension.ts";
import { readProject, type SetupScriptReader } from "../config/read-project.ts";
import type { BuildRequest } from "../config/request.ts";
import { checkEnvironment, type EnvironmentNeeds } from "../environment/check.ts";
import type { Environment } from "../environment/environment.ts";
import { findEnvironment } from "../environment/find-environment.ts";
import type { Witness } from "../environment/witness.ts";
import { userCacheDirectory } from "../host/directories.ts";
import type { Host } from "../host/host.ts";
import { hostWithVariables } from "../host/variables.ts";
import type { Graph } from "../plan/graph.ts";
import { plan } from "../plan/plan.ts";
import { isForRocm } from "../plan/resolve.ts";

/** All that is known before anything runs. */
export interface Prepared {
  readonly project: Project;
  readonly environment: Environment;
  readonly graph: Graph;
  /** What the environment rests on. */
  readonly witnesses: readonly Witness[];
  readonly cacheDir: string;
  /** The host with the environment variables of the request: what is run is run with these. */
  readonly host: Host;
}

/** Name of the build folder in a project. */
const buildFolderName = ".retorch";

/** Loaded when there is a script to be read. */
function lazySetupScriptReader(options: SetupScriptReaderOptions): SetupScriptReader {
  return {
    read: async (script) => (await import("../capture/read-setup-script.ts")).setupScriptReader(options).read(script),
  };
}

/** What a request says, also where a `setup.py` says it; nothing else is looked for. */
export async function readRequest(host: Host, request: BuildRequest): Promise<Result<Project>> {
  const setupScripts = lazySetupScriptReader({ cacheDir: userCacheDirectory(host) });
  return await readProject(host, request, { setupScripts });
}

/**
 * Reads, finds, checks and plans.
 *
 * @param watch Told when a `setup.py` is run to see what it declares.
 */
export async function prepare(
  host: Host,
  request: BuildRequest,
  watch: Pick<SetupScriptReaderOptions, "onStart" | "onEnd"> = {},
): Promise<Result<Prepared>> {
  const cacheDir = userCacheDirectory(host);
  const read = await readProject(host, request, { setupScripts: lazySetupScriptReader({ cacheDir, ...watch }) });
  if (!read.ok) return read;
  const project = read.value;
  const buildHost = project.variables === undefined ? host : hostWithVariables(host, project.variables);
  const found = await findEnvironment(buildHost, {
    ...(project.python === undefined ? {} : { python: project.python }),
    projectRoot: project.root,
    cacheDir,
    needs: { rocm: usesLanguage(project.extensions, "hip"), sycl: usesLanguage(project.extensions, "sycl") },
    linkFlags: project.extensions.flatMap((extension) => extension.linkFlags),
  });
  const { environment, witnesses } = found;
  const [problem] = checkEnvironment(environment, needsOf(project.extensions, environment));
  if (problem !== undefined) return err(problem);
  const planned = plan({
    extensions: project.extensions,
    environment,
    buildDir: project.buildDir ?? buildDirOf(host, project.root, cacheDir),
    variables: buildHost.env,
  });
  if (!planned.ok) return planned;
  return ok({ project, environment, graph: planned.value, witnesses, cacheDir, host: buildHost });
}

/** The build folder: in the project, or in the user's cache when the project may not be written. */
export function buildDirOf(host: Host, root: string, cacheDir: string): string {
  const inside = join(root, buildFolderName);
  if (host.fs.stat(inside) !== undefined || host.fs.writable(root)) return inside;
  return join(cacheDir, "build", createHash("sha256").update(root).digest("hex").slice(0, 16));
}

/** What the extensions need of the environment. */
function needsOf(extensions: readonly Extension[], environment: Environment): EnvironmentNeeds {
  const cxxStandard = extensions.find((extension) => extension.cxxStandard !== undefined)?.cxxStandard;
  const translated = extensions.filter((extension) => isForRocm(extension, environment));
  const forCuda = extensions.filter((extension) => !translated.includes(extension));
  const nvcc = usesLanguage(forCuda, "cuda");
  return {
    python: extensions.some((extension) => extension.kind === "python-module"),
    torch: extensions.some((extension) => extension.usesTorch),
    cuda: nvcc || forCuda.some((extension) => extension.withCuda === true),
    nvcc,
    rocm: translated.length > 0 || usesLanguage(extensions, "hip"),
    sycl: usesLanguage(extensions, "sycl"),
    ...(cxxStandard === undefined ? {} : { cxxStandard }),
    allowUnsupportedCompiler: extensions.some((extension) =>
      extension.flags.nvcc.some((flag) => /^--?allow-unsupported-compiler$/.test(flag)),
    ),
  };
}

function usesLanguage(extensions: readonly Extension[], language: Language): boolean {
  return extensions.some((extension) => extension.sources.some((source) => source.language === language));
}
