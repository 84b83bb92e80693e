/** Decides what a path on the command line means, or what the current folder belongs to. */
import { type Failure, failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Host } from "../host/host.ts";
import { type ConfigDocument, configFileName, readConfigFile, sharedConfigFileName } from "./config-file.ts";
import type { ConfigWitness } from "./extension.ts";
import { isPattern } from "./glob.ts";
import { nearPath } from "./near.ts";
import { type PathRules, pathRules, shownPath } from "./path.ts";
import { bareWalkRules } from "./walk-rules.ts";

/** What is to be read. */
export type Target =
  /** Files, or patterns for files, as typed. */
  | { readonly kind: "sources"; readonly paths: readonly string[] }
  | { readonly kind: "config"; readonly folder: string; readonly document: ConfigDocument }
  | { readonly kind: "setup-script"; readonly folder: string; readonly script: string }
  /** A folder without any description. */
  | { readonly kind: "folder"; readonly folder: string };

/** The target, and which files decided it. */
export interface FoundTarget {
  readonly target: Target;
  readonly witnesses: readonly ConfigWitness[];
}

const setupScriptName = "setup.py";

/** Finds out what the paths of a request mean. */
export async function findTarget(host: Host, paths: readonly string[]): Promise<Result<FoundTarget>> {
  const rules = pathRules(host);
  const [first] = paths;
  if (first === undefined) return await findProject(host);
  const found = paths.map((text) => ({ text, path: rules.resolve(host.cwd, text) }));
  for (const { text, path } of found) {
    const missing = text === "" || (host.fs.stat(path) === undefined && !isPattern(text) && !text.startsWith("!"));
    if (!missing) continue;
    const near = nearPath({ fs: host.fs, rules, root: host.cwd, walkRules: bareWalkRules }, text, path);
    return err(failure("PATH_NOT_FOUND", `\`${text}\` does not exist`, near === undefined ? {} : { hint: near }));
  }
  const single = found.length === 1 ? found[0] : undefined;
  const kind = single === undefined ? undefined : host.fs.stat(single.path)?.kind;
  if (single !== undefined && kind === "directory") return await inFolder(host, single.path, []);
  if (single !== undefined && kind === "file" && single.path.endsWith(".toml"))
    return await configFile(host, single.path);
  if (single !== undefined && kind === "file" && rules.basename(single.path) === setupScriptName) {
    const folder = rules.dirname(single.path);
    return ok({ target: { kind: "setup-script", folder, script: single.path }, witnesses: [] });
  }
  const folders = found.filter(({ path }) => host.fs.stat(path)?.kind === "directory");
  const [folder] = folders;
  if (folder !== undefined) {
    return err(
      failure(
        "USAGE",
        folders.length === found.length
          ? `${folders.length} folders are given, but one build has one project`
          : `\`${folder.text}\` is a folder and stands among files`,
        {
          hint: `build it by itself: \`retorch build ${folder.text}\``,
        },
      ),
    );
  }
  const config = found.find(({ path }) => path.endsWith(".toml") || rules.basename(path) === setupScriptName);
  if (config !== undefined) {
    return err(
      failure("USAGE", `\`${config.text}\` describes a project and stands among other files`, {
        hint: `give it by itself: \`retorch build ${config.text}\``,
      }),
    );
  }
  return ok({ target: { kind: "sources", paths }, witnesses: [] });
}

/** The nearest folder with a configuration, from the current one upwards; else the current one as it is. */
async function findProject(host: Host): Promise<Result<FoundTarget>> {
  const rules = pathRules(host);
  const witnesses: ConfigWitness[] = [];
  for (let folder = host.cwd; ; folder = rules.dirname(folder)) {
    const document = await describedBy(host, folder, witnesses);
    if (!document.ok) return document;
    if (document.value !== undefined) {
      return ok({ target: { kind: "config", folder, document: document.value }, witnesses });
    }
    if (rules.dirname(folder) === folder) return await inFolder(host, host.cwd, witnesses);
  }
}

async function inFolder(host: Host, folder: string, before: readonly ConfigWitness[]): Promise<Result<FoundTarget>> {
  const rules = pathRules(host);
  const witnesses = [...before];
  if (before.length === 0) {
    const document = await describedBy(host, folder, witnesses);
    if (!document.ok) return document;
    if (document.value !== undefined) {
      return ok({ target: { kind: "config", folder, document: document.value }, witnesses });
    }
  }
  const script = rules.join(folder, setupScriptName);
  if (host.fs.stat(script)?.kind === "file") {
    return ok({ target: { kind: "setup-script", folder, script }, witnesses });
  }
  witnesses.push({ kind: "file", path: script });
  const declaration = rules.join(folder, sharedConfigFileName);
  if (declaresForSetuptools(host, declaration)) {
    return ok({ target: { kind: "setup-script", folder, script: declaration }, witnesses });
  }
  return ok({ target: { kind: "folder", folder }, witnesses });
}

/**
 * Whether a `pyproject.toml` declares extensions in setuptools' own table, so that there need not be a `setup.py`:
 * `[[tool.setuptools.ext-modules]]`, or `ext-modules` in `[tool.setuptools]`.
 */
function declaresForSetuptools(host: Host, file: string): boolean {
  if (host.fs.stat(file)?.kind !== "file") return false;
  const text = (host.fs.readText(file) ?? "").replace(/^\s*#.*$/gm, "");
  return /^\s*\[\[tool\.setuptools\.ext-modules\]\]|^\s*\[tool\.setuptools\]\s*\n(?:(?!\s*\[[\w"]).*\n)*?\s*ext-modules\s*=/m.test(
    text,
  );
}

/** The configuration in a folder, when there is one. `retorch.toml` wins over `pyproject.toml`. */
async function describedBy(
  host: Host,
  folder: string,
  witnesses: ConfigWitness[],
): Promise<Result<ConfigDocument | undefined>> {
  const rules = pathRules(host);
  for (const name of [configFileName, sharedConfigFileName]) {
    const file = rules.join(folder, name);
    witnesses.push({ kind: "file", path: file });
    const kind = host.fs.stat(file)?.kind;
    if (kind === "directory" && name === configFileName) return err(folderNotFile(rules, host, file));
    if (kind !== "file") continue;
    const document = await readConfigFile(host, file);
    if (!document.ok || document.value !== undefined) return document;
  }
  return ok(undefined);
}

function folderNotFile(rules: PathRules, host: Host, file: string): Failure {
  return failure("CONFIG_INVALID", `\`${shownPath(rules, host.cwd, file)}\` is a folder, not a file`, {
    hint: "rename it: that name is for the file that describes the project",
    location: { file },
  });
}

async function configFile(host: Host, file: string): Promise<Result<FoundTarget>> {
  const rules = pathRules(host);
  const document = await readConfigFile(host, file);
  if (!document.ok) return document;
  if (document.value === undefined) {
    return err(
      failure("CONFIG_INVALID", `\`${shownPath(rules, host.cwd, file)}\` has no table \`[tool.retorch]\``, {
        hint: 'describe an extension there, e.g. `[tool.retorch.extension.my_ops]` with `sources = ["csrc/*.cpp"]`',
        location: { file },
      }),
    );
  }
  const target: Target = { kind: "config", folder: rules.dirname(file), document: document.value };
  return ok({ target, witnesses: [{ kind: "file", path: file }] });
}
