/** Puts settings on top of each other: those of an extension on `[defaults]`, those of the command line on both. */
import type { Define, Extension, SourceFile, ToolFlags } from "./extension.ts";
import type { RequestOverrides } from "./request.ts";
import type { ExtensionSettings } from "./schema.ts";
import type { DefineSetting } from "./value-type.ts";

/** Lists follow each other, macros meet by name, everything else is replaced. */
export function mergeSettings(base: ExtensionSettings, top: ExtensionSettings): ExtensionSettings {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(top)) {
    const below = merged[key];
    // Architectures are one choice, not a collection: an extension that names its own means these and no others.
    const together = key !== "cuda-arch" && Array.isArray(value) && Array.isArray(below);
    merged[key] = together ? [...(below as unknown[]), ...(value as unknown[])] : value;
  }
  const { undefine: _, ...rest } = merged;
  return { ...rest, define: mergeMacros([...macrosOf(base), ...macrosOf(top)]) };
}

/** `define` and `undefine` as one list. */
export function macrosOf(settings: Pick<ExtensionSettings, "define" | "undefine">): readonly DefineSetting[] {
  const undefined_ = (settings.undefine ?? []).map(({ text }) => ({ name: text, defined: false }));
  return [...(settings.define ?? []), ...undefined_];
}

/** Each macro once, where it stood first, as it was said last. */
export function mergeMacros(macros: readonly DefineSetting[]): readonly DefineSetting[] {
  return [...new Map(macros.map((macro) => [macro.name, macro])).values()];
}

/** The macros that are defined. */
export function definesOf(macros: readonly DefineSetting[]): readonly Define[] {
  return macros
    .filter(({ defined }) => defined)
    .map(({ name, value }) => (value === undefined ? { name } : { name, value }));
}

/** The names of the macros that are taken back. */
export function undefinesOf(macros: readonly DefineSetting[]): readonly string[] {
  return macros.filter(({ defined }) => !defined).map(({ name }) => name);
}

export const noFlags: ToolFlags = { cxx: [], nvcc: [], hipcc: [], sycl: [] };

export function joinFlags(first: ToolFlags, second: ToolFlags): ToolFlags {
  return {
    cxx: [...first.cxx, ...second.cxx],
    nvcc: [...first.nvcc, ...second.nvcc],
    hipcc: [...first.hipcc, ...second.hipcc],
    sycl: [...first.sycl, ...second.sycl],
  };
}

/** Whether any tool gets any. */
export function hasFlags(flags: ToolFlags | undefined): boolean {
  return flags !== undefined && Object.values(flags).some((list: readonly string[]) => list.length > 0);
}

/** The command line wins: its folders are searched first, its flags come last, its macros replace those of the same name. */
export function applyOverrides(extension: Extension, overrides: RequestOverrides): Extension {
  const said = new Set([...overrides.defines.map(({ name }) => name), ...overrides.undefines]);
  const keep = (define: Define): boolean => !said.has(define.name);
  // A file's own flags come after those of the extension, so there the command line's must come after the file's own.
  const single = hasFlags(overrides.flags) && extension.sources.some(({ flags }) => hasFlags(flags));
  const sources = extension.sources.map((source): SourceFile => ({
    ...source,
    ...(source.defines === undefined ? {} : { defines: source.defines.filter(keep) }),
    ...(single ? { flags: joinFlags(source.flags ?? noFlags, overrides.flags) } : {}),
  }));
  // A name or a kind of the command line says what the file is called.
  const { fileName, ...unnamed } = extension;
  const renamed = overrides.name !== undefined || overrides.kind !== undefined;
  return {
    ...unnamed,
    ...(fileName === undefined || renamed ? {} : { fileName }),
    ...(overrides.name === undefined ? {} : { name: overrides.name }),
    ...(overrides.kind === undefined ? {} : { kind: overrides.kind }),
    ...(overrides.outDir === undefined ? {} : { outDir: outDirOf(extension, overrides.outDir) }),
    ...(overrides.profile === undefined ? {} : { profile: overrides.profile }),
    ...(overrides.cudaGraph === undefined ? {} : { cudaGraph: overrides.cudaGraph }),
    ...(overrides.provenance === undefined ? {} : { provenance: overrides.provenance }),
    ...(overrides.packagesAt === undefined ? {} : { packagesAt: overrides.packagesAt }),
    ...(overrides.cudaArch === undefined ? {} : { cudaArch: overrides.cudaArch }),
    ...(overrides.cxxStandard === undefined ? {} : { cxxStandard: overrides.cxxStandard }),
    sources,
    includeDirs: [...overrides.includeDirs, ...extension.includeDirs],
    libraryDirs: [...overrides.libraryDirs, ...extension.libraryDirs],
    libraries: [...extension.libraries, ...overrides.libraries],
    linkFlags: [...extension.linkFlags, ...overrides.linkFlags],
    flags: single ? extension.flags : joinFlags(extension.flags, overrides.flags),
    defines: [...extension.defines.filter(keep), ...overrides.defines],
    undefines: [...extension.undefines.filter((name) => !said.has(name)), ...overrides.undefines],
  };
}

/** Packages become folders below the given one, also where the file has a name of its own. */
function outDirOf({ name, fileName }: Extension, outDir: string): string {
  return fileName === undefined ? outDir : [outDir, ...name.split(".").slice(0, -1)].join("/");
}
