/** Paths by the rules of the machine that the host stands for, which in tests need not be the one we run on. */
import { posix, win32 } from "node:path";
import type { Host } from "../host/host.ts";

/** The functions of `node:path`, of the platform of the host. */
export type PathRules = Pick<
  typeof posix,
  "resolve" | "join" | "dirname" | "basename" | "relative" | "isAbsolute" | "normalize" | "parse" | "sep"
>;

export function pathRules(host: Pick<Host, "platform">): PathRules {
  return host.platform === "win32" ? win32 : posix;
}

/** The path below a folder with `/` between its parts; undefined when it is not below it. The folder itself is "". */
export function below(rules: PathRules, folder: string, path: string): string | undefined {
  const relative = rules.relative(folder, path);
  if (relative === "") return "";
  if (rules.isAbsolute(relative) || relative === ".." || relative.startsWith(`..${rules.sep}`)) return undefined;
  return withSlashes(rules, relative);
}

/** A path with `/` between its parts. */
export function withSlashes(rules: PathRules, path: string): string {
  return rules.sep === "\\" ? path.replaceAll("\\", "/") : path;
}

/** A path as people want to read it: relative to a folder when it lies below it, else absolute. */
export function shownPath(rules: PathRules, folder: string, path: string): string {
  const relative = below(rules, folder, path);
  if (relative === undefined) return path;
  return relative === "" ? "." : relative;
}

/** The nearest folder that holds all the paths; undefined when there is none (two drives). */
export function commonFolder(rules: PathRules, paths: readonly string[]): string | undefined {
  let common: string | undefined;
  for (const path of paths) {
    const folder = rules.dirname(path);
    if (common === undefined) {
      common = folder;
      continue;
    }
    while (below(rules, common, folder) === undefined) {
      const parent: string = rules.dirname(common);
      if (parent === common) return undefined;
      common = parent;
    }
  }
  return common;
}

/** What two paths share when they are the same file by name: without case where the platform has none. */
export function pathIdentity(host: Pick<Host, "platform">, path: string): string {
  return host.platform === "linux" ? path : path.toLowerCase();
}
