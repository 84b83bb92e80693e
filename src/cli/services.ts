/** The doors to the other rooms. Each is opened when it is gone through first; tests put their own in place. */
import type { Result } from "../base/result.ts";
import type { LocalStore } from "../cache/local.ts";
import type { BuildOptions, BuildSummary } from "../build/build.ts";
import type { DiagnoseReport } from "../diagnose/diagnose.ts";
import type { DoctorReport } from "../doctor/doctor.ts";
import type { Inspection } from "../inspect/inspect.ts";
import type { JudgeGpu } from "../inspect/verdict.ts";
import type { ExplainedAction } from "../build/explain.ts";
import type { Prepared } from "../build/prepare.ts";
import type { Project } from "../config/extension.ts";
import type { BuildRequest } from "../config/request.ts";
import type { BuildListener } from "../engine/events.ts";
import type { Environment } from "../environment/environment.ts";
import type { ForegroundResult } from "../host/foreground.ts";
import type { Host, ProcessRequest } from "../host/host.ts";
import { pythonPackage } from "../host/python-package.ts";

/** What commands ask of the other rooms. */
export interface Services {
  build(host: Host, options: BuildOptions & FixOption, listener: BuildListener): Promise<Result<BuildSummary>>;
  plan(host: Host, options: Pick<BuildOptions, "request"> & { readonly phases?: boolean }): Promise<Result<Prepared>>;
  explain(
    host: Host,
    options: Pick<BuildOptions, "request"> & { readonly targets: readonly string[] },
  ): Promise<Result<ExplainedAction[]>>;
  /** Reads a request; nothing is looked for or built. */
  project(host: Host, request: BuildRequest): Promise<Result<Project>>;
  cleanTargets(host: Host, request: BuildRequest): Promise<Result<string[]>>;
  clean(host: Host, request: BuildRequest): Promise<Result<string[]>>;
  store(host: Host): Promise<Result<Store>>;
  environment(host: Host, request: EnvironmentQuestion): Promise<Result<Environment>>;
  /**
   * Reads a log to its end. Without an environment it is taken for one of another machine; with one that is assumed, where
   * it contradicts that.
   */
  diagnose(
    host: Host,
    parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    environment: Environment | undefined,
    basis: "told" | "assumed",
  ): Promise<DiagnoseReport>;
  /** Reads a built file; judged when there is an environment to judge it in, for other GPUs than its own when some are given. */
  inspect(
    host: Host,
    path: string,
    environment: Environment | undefined,
    gpus?: readonly JudgeGpu[],
  ): Promise<Result<Inspection>>;
  /** The built files below a folder; undefined when the path is none. */
  builtFiles(host: Host, path: string): Promise<readonly string[] | undefined>;
  /** Runs a command in place of this program. */
  foreground(request: Pick<ProcessRequest, "argv" | "cwd" | "env">): Promise<ForegroundResult>;
  /** Folder of the Python package `retorch` that belongs to this program. */
  pythonPackage(): Result<string>;
  doctor(host: Host, request: EnvironmentQuestion & { readonly nodeVersion: string }): Promise<Result<DoctorReport>>;
}

export interface FixOption {
  /** After a failure with a safe remedy: change that, build again. */
  readonly fix?: boolean;
}

/** The store of earlier results, as far as it is looked after by hand. */
export type Store = Pick<LocalStore, "name" | "stats" | "gc" | "clear" | "verify">;

/** For whom the environment is asked. */
export interface EnvironmentQuestion {
  /** A folder as it was typed; undefined: the project here. */
  readonly folder: string | undefined;
  readonly python: string | undefined;
}

/** The rooms themselves. */
export const realServices: Services = {
  build: async (host, { fix, ...options }, listener) => {
    if (fix === true) return (await (await import("../build/fix.ts")).buildAndFix(host, options, listener)).result;
    return (await (await import("../build/diagnose-failure.ts")).buildDiagnosed(host, options, listener)).result;
  },
  plan: async (host, options) => (await import("../build/build.ts")).planOnly(host, options),
  explain: async (host, options) => (await import("../build/explain.ts")).explain(host, options),
  project: async (host, request) => (await import("../build/prepare.ts")).readRequest(host, request),
  cleanTargets: async (host, request) => (await import("../build/clean.ts")).cleanTargets(host, request),
  clean: async (host, request) => (await import("../build/clean.ts")).clean(host, request),
  store: async (host) => (await import("../cache/local.ts")).openLocalStore(host),
  diagnose: async (host, parts, environment, basis) => {
    const { diagnoseStream } = await import("../diagnose/diagnose.ts");
    if (environment === undefined) return await diagnoseStream(parts);
    const { diagnoseContext } = await import("../build/diagnose-context.ts");
    return await diagnoseStream(parts, {
      ...diagnoseContext(host, { environment, root: host.cwd }),
      basis,
    });
  },
  inspect: async (host, path, environment, gpus) =>
    (await import("../inspect/inspect.ts")).inspectWhole(host, path, {
      ...(environment === undefined ? {} : { environment }),
      ...(gpus === undefined ? {} : { gpus }),
    }),
  builtFiles: async (host, path) => (await import("../inspect/inspect.ts")).builtFilesIn(host, path),
  foreground: async (request) => (await import("../host/foreground.ts")).runForeground(request),
  pythonPackage,
  doctor: async (host, question) => (await import("./project-doctor.ts")).projectDoctor(host, question),
  environment: async (host, question) => (await import("./project-environment.ts")).projectEnvironment(host, question),
};
