/** From the settings of one extension to the extension itself: paths become absolute, files are known to be there. */
import { err, ok, type Result } from "../base/result.ts";
import type { Host } from "../host/host.ts";
import type { Extension, ExtensionKind, SourceFile, ToolFlags } from "./extension.ts";
import { definesOf, hasFlags, joinFlags, macrosOf, mergeMacros, noFlags, undefinesOf } from "./merge.ts";
import { nearPath } from "./near.ts";
import { pathRules, shownPath } from "./path.ts";
import { type Problem, type TomlPath, valueAt } from "./problem.ts";
import type { ExtensionSettings, OverrideSettings } from "./schema.ts";
import type { Override } from "./settings.ts";
import { matchSources } from "./sources.ts";
import type { Item } from "./value-type.ts";
import { patternWalkRules } from "./walk-rules.ts";

/** All that makes an extension. */
export interface ExtensionParts {
  readonly host: Host;
  readonly root: string;
  readonly name: string;
  readonly kind: ExtensionKind;
  readonly sources: readonly SourceFile[];
  /** Merged: defaults and the extension's own. */
  readonly settings: ExtensionSettings;
  readonly overrides: readonly Override[];
  /** Searched before those of the settings. */
  readonly includeDirs?: readonly string[];
  readonly outDir: string;
  /** The file that says so. */
  readonly file?: string;
  /** The table that describes it. */
  readonly path?: TomlPath;
}

/** An extension, and the overrides' patterns that matched nothing in it. */
export interface ResolvedExtension {
  readonly extension: Extension;
  readonly unusedPatterns: readonly Problem[];
}

/** Makes the extension. Whether its name can be used is asked later, when the command line has had its say. */
export async function resolveExtension(parts: ExtensionParts): Promise<Result<ResolvedExtension, Problem>> {
  const { host, root, settings } = parts;
  const rules = pathRules(host);
  const missing = missingPath(parts);
  if (missing !== undefined) return err(missing);
  const overridden = await applyFileOverrides(parts);
  const macros = mergeMacros(macrosOf(settings));
  const texts = (items: readonly Item[] | undefined): readonly string[] => (items ?? []).map(({ text }) => text);
  const paths = (items: readonly Item[] | undefined): readonly string[] =>
    texts(items).map((text) => rules.resolve(root, text));
  const cudaArch = settings["cuda-arch"];
  const limitedApi = settings["py-limited-api"];
  return ok({
    unusedPatterns: overridden.unused,
    extension: {
      name: parts.name,
      kind: parts.kind,
      root,
      outDir: parts.outDir,
      sources: overridden.sources,
      includeDirs: [...(parts.includeDirs ?? []), ...paths(settings["include-dirs"])],
      defines: definesOf(macros),
      undefines: undefinesOf(macros),
      flags: flagsOf(settings),
      linkFlags: texts(settings["link-flags"]),
      libraries: texts(settings.libraries),
      libraryDirs: paths(settings["library-dirs"]),
      runtimeLibraryDirs: texts(settings["runtime-library-dirs"]).map((text) =>
        /^[$@]/.test(text) ? text : rules.resolve(root, text),
      ),
      extraObjects: paths(settings["extra-objects"]),
      ...(cudaArch === undefined ? {} : { cudaArch: texts(cudaArch) }),
      ...(settings["cxx-standard"] === undefined ? {} : { cxxStandard: settings["cxx-standard"] }),
      ...(limitedApi === undefined || limitedApi === false ? {} : { pyLimitedApi: limitedApi }),
      ...(settings["torch-target-version"] === undefined
        ? {}
        : { torchTargetVersion: settings["torch-target-version"] }),
      ...(settings["own-cccl-namespace"] === true ? { ownCcclNamespace: true } : {}),
      ...(settings["cuda-graph"] === undefined ? {} : { cudaGraph: settings["cuda-graph"] }),
      withCuda: settings["with-cuda"] ?? "auto",
      deviceLink: settings["device-link"] ?? false,
      deviceLinkLibraries: texts(settings["device-link-libraries"]),
      deviceLinkFlags: texts(settings["device-link-flags"]),
      usesTorch: settings["uses-torch"] ?? true,
      provenance: settings.provenance ?? true,
      profile: settings.profile ?? "release",
      ...(parts.file === undefined ? {} : { origin: { file: parts.file } }),
    },
  });
}

/** The flags of an extension or an override. */
function flagsOf(
  settings: Pick<OverrideSettings, "cxx-flags" | "nvcc-flags" | "hipcc-flags" | "sycl-flags">,
): ToolFlags {
  const texts = (items: readonly Item[] | undefined): readonly string[] => (items ?? []).map(({ text }) => text);
  return {
    cxx: texts(settings["cxx-flags"]),
    nvcc: texts(settings["nvcc-flags"]),
    hipcc: texts(settings["hipcc-flags"]),
    sycl: texts(settings["sycl-flags"]),
  };
}

async function applyFileOverrides(
  parts: ExtensionParts,
): Promise<{ readonly sources: readonly SourceFile[]; readonly unused: readonly Problem[] }> {
  const { host, root } = parts;
  let sources = parts.sources;
  const unused: Problem[] = [];
  for (const { settings } of parts.overrides) {
    const found = await matchSources({ host, folder: root, root }, settings.files ?? [], sources);
    unused.push(...found.unused);
    sources = sources.map((source) => (found.matched.has(source.path) ? overrideSource(source, settings) : source));
  }
  return { sources, unused };
}

function overrideSource(source: SourceFile, settings: OverrideSettings): SourceFile {
  const macros = settings.define ?? [];
  const own = definesOf(macros);
  const names = new Set(macros.map(({ name }) => name));
  const defines = [...(source.defines ?? []).filter(({ name }) => !names.has(name)), ...own];
  const undefining = undefinesOf(macros).map((name) => `-U${name}`);
  const all: ToolFlags = { cxx: undefining, nvcc: undefining, hipcc: undefining, sycl: undefining };
  const flags = joinFlags(source.flags ?? noFlags, joinFlags(flagsOf(settings), all));
  return {
    path: source.path,
    language: source.language,
    ...(hasFlags(flags) ? { flags } : {}),
    ...(defines.length === 0 ? {} : { defines }),
  };
}

/** Folders may be made later; objects may not, and a path with an unexpanded variable never is what was meant. */
function missingPath({ host, root, settings }: ExtensionParts): Problem | undefined {
  const rules = pathRules(host);
  const exists = (text: string): boolean => host.fs.stat(rules.resolve(root, text)) !== undefined;
  for (const { text, at } of [
    ...(settings["include-dirs"] ?? []),
    ...(settings["library-dirs"] ?? []),
    ...(settings["runtime-library-dirs"] ?? []).filter((item) => !/^[$@]/.test(item.text)),
  ]) {
    const unexpanded = unexpandedPath(text);
    if (unexpanded !== undefined && !exists(text)) return { ...unexpanded, ...valueAt(at) };
  }
  for (const { text, at } of settings["extra-objects"] ?? []) {
    const path = rules.resolve(root, text);
    if (host.fs.stat(path)?.kind === "file") continue;
    const near = nearPath({ fs: host.fs, rules, root, walkRules: patternWalkRules(rules, root) }, text, path);
    return {
      code: "SOURCE_NOT_FOUND",
      message: `the object \`${shownPath(rules, root, path)}\` does not exist`,
      ...(near === undefined ? {} : { hint: near }),
      ...valueAt(at),
    };
  }
  return undefined;
}

/** What to say of a path in which somebody expected a shell. */
export function unexpandedPath(text: string): Pick<Problem, "code" | "message" | "hint"> | undefined {
  if (!/^~(?:[\\/]|$)|\$[A-Za-z_{]/.test(text)) return undefined;
  return {
    code: "CONFIG_INVALID",
    message: `\`${text}\` does not exist`,
    hint: "`~` and variables are not expanded in this file: write the path itself, or give it on the command line",
  };
}
