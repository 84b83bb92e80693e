/** A project on its way: what was read from files, before the command line has its say. */
import type { Host } from "../host/host.ts";
import type { ConfigDocument } from "./config-file.ts";
import type { ConfigWitness, Extension, Project } from "./extension.ts";
import type { TomlPath } from "./problem.ts";
import type { RequestOverrides } from "./request.ts";

/** What was read, before the command line has its say. */
export interface Draft extends Pick<
  Project,
  "root" | "witnesses" | "python" | "buildDir" | "variables" | "warnings" | "configured" | "editableRebuild"
> {
  readonly extensions: readonly DraftExtension[];
  readonly document?: ConfigDocument;
  /** A `setup.py` says what the extensions are. */
  readonly isSetupScript?: boolean;
}

export interface DraftExtension {
  readonly extension: Extension;
  /** The table that describes it. */
  readonly path?: TomlPath;
}

/** The parts that every way of reading needs. */
export interface Reading {
  readonly host: Host;
  readonly overrides: RequestOverrides;
  readonly witnesses: readonly ConfigWitness[];
}

/** Those that were asked for by name; all when none was. What is missing is found later. */
export function selected<T>(all: readonly T[], overrides: RequestOverrides, nameOf: (one: T) => string): readonly T[] {
  const wanted = overrides.extensions;
  if (wanted.length === 0 || wanted.some((name) => !all.some((one) => nameOf(one) === name))) return all;
  return all.filter((one) => wanted.includes(nameOf(one)));
}
