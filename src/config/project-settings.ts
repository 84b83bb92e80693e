/** What a configuration says for all its extensions at once. */
import { err, ok, type Result } from "../base/result.ts";
import type { Host } from "../host/host.ts";
import { type ConfigDocument, failureAt } from "./config-file.ts";
import type { Reading } from "./draft.ts";
import type { Project } from "./extension.ts";
import { pathRules } from "./path.ts";
import { resolveInterpreter } from "./request.ts";
import { unexpandedPath } from "./resolve.ts";
import type { ExtensionSettings } from "./schema.ts";
import type { NamedSettings } from "./settings.ts";

/** `[defaults]`, with the short forms at the top of the file. */
export function projectDefaults({ configuration }: ConfigDocument): ExtensionSettings {
  const { profile, "out-dir": outDir } = configuration.project;
  return {
    ...configuration.defaults.settings,
    ...(profile === undefined ? {} : { profile }),
    ...(outDir === undefined ? {} : { "out-dir": outDir }),
  };
}

/** The folder of the result: absolute, and no file. */
export async function outDirOf(
  { host }: Reading,
  root: string,
  document: ConfigDocument,
  settings: ExtensionSettings,
  named?: NamedSettings,
): Promise<Result<string>> {
  const rules = pathRules(host);
  const text = settings["out-dir"];
  if (text === undefined) return ok(root);
  const path = rules.resolve(root, text);
  const kind = host.fs.stat(path)?.kind;
  const { configuration } = document;
  const table =
    named?.settings["out-dir"] === undefined
      ? configuration.project["out-dir"] === undefined
        ? configuration.defaults.path
        : configuration.defaults.path.slice(0, -1)
      : named.path;
  const at = { path: [...table, "out-dir"], part: "value" } as const;
  if (kind === undefined) {
    const unexpanded = unexpandedPath(text);
    if (unexpanded !== undefined) return err(await failureAt({ ...unexpanded, at }, document));
  } else if (kind !== "directory") {
    const message = `\`out-dir\` is \`${text}\`, which is a file`;
    return err(await failureAt({ code: "CONFIG_INVALID", message, at }, document));
  }
  return ok(path);
}

/** What the file says of the project as a whole: its interpreter, and how it is installed. */
export function projectFacts(
  host: Host,
  root: string,
  document: ConfigDocument,
): Pick<Project, "python" | "editableRebuild"> {
  const { python, "editable-rebuild": editableRebuild } = document.configuration.project;
  return {
    ...(python === undefined ? {} : { python: resolveInterpreter(host, root, python) }),
    ...(editableRebuild === undefined ? {} : { editableRebuild }),
  };
}
