/** Reads the extensions that a configuration describes. */
import { err, ok, type Result } from "../base/result.ts";
import { type ConfigDocument, failureAt } from "./config-file.ts";
import { type Draft, type DraftExtension, type Reading, selected } from "./draft.ts";
import type { ConfigWitness } from "./extension.ts";
import { mergeSettings } from "./merge.ts";
import { type Problem, keyAt } from "./problem.ts";
import { outDirOf, projectDefaults, projectFacts } from "./project-settings.ts";
import { type ExtensionParts, resolveExtension } from "./resolve.ts";
import type { NamedSettings, SettingsGroup } from "./settings.ts";
import { findSources } from "./sources.ts";

/** All extensions of a configuration, or those that were asked for. */
export async function readConfigured(reading: Reading, root: string, document: ConfigDocument): Promise<Result<Draft>> {
  const { host, overrides } = reading;
  const { configuration } = document;
  const wanted = selected(configuration.extensions, overrides, ({ name }) => name);
  const witnesses: ConfigWitness[] = [...reading.witnesses];
  const extensions: DraftExtension[] = [];
  const unused: Problem[][] = [];
  for (const named of wanted) {
    const settings = mergeSettings(projectDefaults(document), named.settings);
    const outDir = await outDirOf(reading, root, document, settings, named);
    if (!outDir.ok) return outDir;
    const sources = await findSources({
      host,
      folder: root,
      root,
      sources: settings.sources ?? [],
      exclude: settings.exclude ?? [],
    });
    if (!sources.ok) return err(await failureAt(sources.error, document));
    if (sources.value.sources.length === 0) return err(await failureAt(noSources(named), document));
    witnesses.push(...sources.value.witnesses);
    const parts: ExtensionParts = {
      host,
      root,
      name: named.name,
      kind: settings.kind ?? "python-module",
      sources: sources.value.sources,
      settings,
      overrides: [...configuration.defaults.overrides, ...named.overrides],
      outDir: outDir.value,
      file: document.file,
      path: named.path,
    };
    const resolved = await resolveExtension(parts);
    if (!resolved.ok) return err(await failureAt(resolved.error, document));
    const own = resolved.value.unusedPatterns.find((problem) => !isFromDefaults(problem, configuration.defaults));
    if (own !== undefined) return err(await failureAt(own, document));
    unused.push([...resolved.value.unusedPatterns]);
    extensions.push({ extension: resolved.value.extension, path: named.path });
  }
  // A pattern of `[defaults]` need not fit every extension, but it must fit one.
  const [first = []] = unused;
  const everywhere = first.find((problem) => unused.every((list) => list.some((other) => samePlace(problem, other))));
  if (everywhere !== undefined && wanted.length === configuration.extensions.length) {
    return err(await failureAt(everywhere, document));
  }
  return ok({ root, extensions, witnesses, document, configured: true, ...projectFacts(host, root, document) });
}

function noSources(named: NamedSettings): Problem {
  return {
    code: "NO_SOURCES",
    message: `the extension \`${named.name}\` has no sources: its list is empty`,
    hint: 'say what is compiled, e.g. `sources = ["csrc/*.cpp"]`',
    ...keyAt([...named.path, "sources"]),
  };
}

function isFromDefaults(problem: Problem, defaults: SettingsGroup): boolean {
  return defaults.path.every((part, index) => problem.at?.path[index] === part);
}

function samePlace(a: Problem, b: Problem): boolean {
  return JSON.stringify(a.at) === JSON.stringify(b.at);
}
