/** Reads projects from a disk in memory. */
import { expect } from "vitest";
import type { Failure } from "../../../src/base/failure.ts";
import type { Extension, Project } from "../../../src/config/extension.ts";
import { type ReadProjectOptions, readProject } from "../../../src/config/read-project.ts";
import type { BuildRequest } from "../../../src/config/request.ts";
import { FakeHost, type FakeHostOptions } from "../../support/fake-host.ts";

export const pybind = "#include <torch/extension.h>\nPYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {}\n";
export const helper = "int helper() { return 1; }\n";

/** Files below `/project`, by relative path. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export function hostWith(files: Files, options: FakeHostOptions = {}): FakeHost {
  const host = new FakeHost(options);
  const windows = host.platform === "win32";
  host.fs.mkdir(host.cwd);
  for (const [path, content] of Object.entries(files)) {
    const absolute = windows ? `C:\\project\\${path.replaceAll("/", "\\")}` : `/project/${path}`;
    host.write(path.startsWith("/") ? path : absolute, content);
  }
  return host;
}

export interface ReadOptions extends FakeHostOptions {
  readonly request?: Partial<BuildRequest>;
  readonly reader?: ReadProjectOptions;
}

export async function read(files: Files, options: ReadOptions = {}): Promise<Project> {
  const result = await readProject(hostWith(files, options), { paths: [], ...options.request }, options.reader);
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message} (${result.error.hint})`);
  return result.value;
}

/** The only extension of a project. */
export async function readOne(files: Files, options: ReadOptions = {}): Promise<Extension> {
  const { extensions } = await read(files, options);
  expect(extensions).toHaveLength(1);
  return extensions[0] as Extension;
}

export async function readFailure(files: Files, options: ReadOptions = {}): Promise<Failure> {
  const result = await readProject(hostWith(files, options), { paths: [], ...options.request }, options.reader);
  if (result.ok) throw new Error("expected a failure");
  return result.error;
}

/** The sources of an extension relative to the project folder. */
export function sourcesOf(extension: Extension | undefined): string[] {
  return (extension?.sources ?? []).map(({ path }) => path.replace(/^\/project\//, ""));
}
