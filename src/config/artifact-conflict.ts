/** Finds two extensions that would be written to the same place. */
import type { Host } from "../host/host.ts";
import type { Extension } from "./extension.ts";
import { pathIdentity, pathRules, shownPath } from "./path.ts";
import type { Problem } from "./problem.ts";

/** The problem, and which extension is the second of the two. */
export interface ArtifactConflict extends Problem {
  readonly index: number;
}

/**
 * Compares where the results go, without their suffixes: those depend on the environment, but the same name in the same
 * folder is the same file. A program may not have the name of a package either, which is a folder.
 */
export function artifactConflict(host: Host, extensions: readonly Extension[]): ArtifactConflict | undefined {
  const rules = pathRules(host);
  const places = new Map<string, Extension>();
  const programs = new Map<string, Extension>();
  const folders = new Map<string, Extension>();
  for (const [index, extension] of extensions.entries()) {
    const parts = extension.fileName === undefined ? extension.name.split(".") : [extension.fileName];
    const target = rules.join(extension.outDir, ...parts);
    const place = pathIdentity(host, target);
    const packages = parts
      .slice(0, -1)
      .map((_, at) => pathIdentity(host, rules.join(extension.outDir, ...parts.slice(0, at + 1))));
    const other =
      places.get(place) ??
      (extension.kind === "executable" ? folders.get(place) : undefined) ??
      packages.map((folder) => programs.get(folder)).find((found) => found !== undefined);
    if (other !== undefined) {
      return {
        index,
        code: "ARTIFACT_CONFLICT",
        message: `the extensions \`${other.name}\` and \`${extension.name}\` would both be written to \`${shownPath(rules, extension.root, places.has(place) ? target : rules.join(other.outDir, ...(other.fileName === undefined ? other.name.split(".") : [other.fileName])))}\``,
        hint: "rename one of them, or give it another `out-dir`",
      };
    }
    places.set(place, extension);
    if (extension.kind === "executable") programs.set(place, extension);
    for (const folder of packages) folders.set(folder, extension);
  }
  return undefined;
}
