/** Reads what has no description: files on the command line, a folder of sources. */
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { bareSources, identifySources, maxFolders } from "./bare.ts";
import { type ConfigDocument, failureAt } from "./config-file.ts";
import type { Draft, Reading } from "./draft.ts";
import type { ConfigWitness, Extension } from "./extension.ts";
import { languageBySuffix } from "./language.ts";
import { definesOf, macrosOf, mergeMacros } from "./merge.ts";
import { below, commonFolder, pathRules, shownPath } from "./path.ts";
import { outDirOf, projectDefaults, projectFacts } from "./project-settings.ts";
import { resolveExtension } from "./resolve.ts";
import type { ExtensionSettings } from "./schema.ts";
import { exclusion, findSources } from "./sources.ts";

/** Files on the command line: no configuration at all. The result appears in the current folder. */
export async function readSourceFiles(reading: Reading, paths: readonly string[]): Promise<Result<Draft>> {
  const { host } = reading;
  const rules = pathRules(host);
  const found = await findSources({
    host,
    folder: host.cwd,
    root: host.cwd,
    sources: paths.map((text) => ({ text })),
    exclude: [],
  });
  if (!found.ok) return err(await failureAt(found.error, undefined));
  const { sources } = found.value;
  if (sources.length === 0) {
    return err(
      failure("NO_SOURCES", "all sources that are given are left out again", { hint: "remove an entry with `!`" }),
    );
  }
  const files = sources.map((source) => source.path);
  const inside = files.some((file) => below(rules, host.cwd, file) !== undefined);
  const common = inside ? undefined : commonFolder(rules, files);
  // Files from all over the disk have no folder of their own: the root of the disk is nobody's project.
  const root = common === undefined || rules.dirname(common) === common ? host.cwd : common;
  return await readBare(reading, {
    root,
    outDir: host.cwd,
    sources,
    settings: {},
    witnesses: [...reading.witnesses, ...found.value.witnesses],
  });
}

/** A folder of sources; a configuration without extensions may add settings. */
export async function readBareFolder(
  reading: Reading,
  folder: string,
  document: ConfigDocument | undefined,
): Promise<Result<Draft>> {
  const { host } = reading;
  const rules = pathRules(host);
  const settings = document === undefined ? {} : projectDefaults(document);
  const outDir = document === undefined ? ok(folder) : await outDirOf(reading, folder, document, settings);
  if (!outDir.ok) return outDir;
  const listed = await sourcesOf(reading, folder, document, settings);
  if (!listed.ok) return listed;
  const { sources, witnesses } = listed.value;
  if (sources.length === 0) {
    const shown = shownPath(rules, host.cwd, folder);
    const suffixes = [...languageBySuffix.keys()].map((suffix) => `\`${suffix}\``).join(", ");
    return err(
      failure("NO_SOURCES", `there are no sources ${shown === "." ? "in this folder" : `in \`${shown}\``}`, {
        hint: `sources end in ${suffixes}; hidden folders, \`build\`, \`dist\`, \`test*\` and virtual environments are not searched`,
      }),
    );
  }
  return await readBare(reading, {
    root: folder,
    outDir: outDir.value,
    sources,
    settings,
    witnesses: [...reading.witnesses, ...witnesses],
    ...(document === undefined ? {} : { document }),
  });
}

async function sourcesOf(
  { host }: Reading,
  folder: string,
  document: ConfigDocument | undefined,
  settings: ExtensionSettings,
): Promise<Result<Pick<BareParts, "sources" | "witnesses">>> {
  const exclude = settings.exclude ?? [];
  if (settings.sources !== undefined) {
    const found = await findSources({ host, folder, root: folder, sources: settings.sources, exclude });
    return found.ok ? found : err(await failureAt(found.error, document));
  }
  const bare = bareSources(host, folder, await exclusion(host, folder, exclude));
  if (bare.complete) return ok(bare);
  const shown = shownPath(pathRules(host), host.cwd, folder);
  return err(
    failure(
      "NO_SOURCES",
      `\`${shown === "." ? folder : shown}\` holds more than ${maxFolders} folders and no description of a project`,
      {
        hint: "go to the folder of the project, name the sources, or write a `retorch.toml`",
      },
    ),
  );
}

interface BareParts {
  readonly root: string;
  readonly outDir: string;
  readonly sources: Extension["sources"];
  readonly settings: ExtensionSettings;
  readonly witnesses: readonly ConfigWitness[];
  readonly document?: ConfigDocument;
}

async function readBare(reading: Reading, parts: BareParts): Promise<Result<Draft>> {
  const { host, overrides } = reading;
  const { root, sources, settings, document } = parts;
  const rules = pathRules(host);
  const identity = identifySources({
    host,
    root,
    sources,
    name: overrides.name,
    kind: overrides.kind ?? settings.kind,
    defines: [...definesOf(mergeMacros(macrosOf(settings))), ...overrides.defines],
  });
  if (!identity.ok) return err(await failureAt(identity.error, document));
  const include = rules.join(root, "include");
  const includeNames = host.fs.stat(include)?.kind === "directory" ? (host.fs.list(include) ?? []) : undefined;
  const resolved = await resolveExtension({
    host,
    root,
    name: identity.value.name,
    kind: identity.value.kind,
    sources,
    settings,
    overrides: document?.configuration.defaults.overrides ?? [],
    includeDirs: includeNames === undefined ? [root] : [root, include],
    outDir: parts.outDir,
    ...(document === undefined ? {} : { file: document.file }),
  });
  if (!resolved.ok) return err(await failureAt(resolved.error, document));
  const [unused] = resolved.value.unusedPatterns;
  if (unused !== undefined) return err(await failureAt(unused, document));
  return ok({
    root,
    extensions: [{ extension: resolved.value.extension }],
    witnesses: [
      ...parts.witnesses,
      ...identity.value.witnesses,
      { kind: "listing", path: include, names: includeNames ?? [] },
    ],
    ...(document === undefined ? {} : { document, ...projectFacts(host, root, document) }),
  });
}
