/**
 * How files are named: the spelling that a command gets, the names of objects, and the words of a command that are
 * paths. Pure text; it does not know whether a file exists.
 */
import { posix, win32, type PlatformPath } from "node:path";
import type { Environment, Tool } from "../environment/environment.ts";
import type { Arg, PathArg } from "./graph.ts";

/** Where a build happens, and by which rules paths are written there. */
export interface Places {
  readonly platform: Environment["platform"];
  readonly path: PlatformPath;
  /** Project folder: commands run here. */
  readonly root: string;
  readonly buildDir: string;
}

/** The rules of the platform that is built on. */
export function pathRules(platform: Environment["platform"]): PlatformPath {
  return platform === "win32" ? win32 : posix;
}

/** Whether a path lies in a folder or is that folder. */
export function isInside(path: PlatformPath, folder: string, file: string): boolean {
  const inside = path.relative(folder, file);
  return inside === "" || (!isOutside(path, inside) && inside !== "..");
}

/**
 * A path as a command gets it: relative to the project inside of it, so that nothing that stands in an output tells
 * where the project lies; absolute elsewhere. Never like an option (`-x.cpp`) or a response file (`@x.cpp`).
 */
export function spelled(places: Places, file: string): string {
  const { path, root } = places;
  const inside = path.relative(root, file);
  if (inside === "") return ".";
  if (isOutside(path, inside)) return file;
  return /^(?:[-@=]|\$SYSROOT)/.test(inside) ? `.${path.sep}${inside}` : inside;
}

/** What else a word that is a path may say. */
export type PathArgOptions = Omit<PathArg, "path">;

/** A word with the path as `spelled`. */
export function pathArg(places: Places, file: string, options: PathArgOptions = {}): PathArg {
  return { ...options, path: spelled(places, file) };
}

/** The words that start a program: launchers, the program, and what belongs to it (`CXX="ccache g++ -m64"`). */
export function toolWords(tool: Tool): Arg[] {
  return [...tool.launcher, { path: tool.path, role: "tool" }, ...(tool.arguments ?? [])];
}

/**
 * The object of a source: `<build>/obj/<extension>/<source relative to the project>.o`. Two sources never share one:
 * the suffix of the source stays, `..` becomes `__`, a drive `__drive_C`, and a folder that is called like that gets one
 * more underscore. Characters that the shell behind nvcc would read become their number: `$` → `~24`.
 */
export function objectPath(places: Places, extension: string, source: string, suffix: string): string {
  const { path } = places;
  const inside = path.relative(places.root, source);
  const { root: drive } = path.parse(inside);
  const parts = inside
    .slice(drive.length)
    .split(path.sep)
    .map((part) => (part === ".." ? "__" : part.startsWith("__") ? `_${part}` : part))
    .map((part) => part.replaceAll(/[~$"`]/g, (character) => `~${character.charCodeAt(0).toString(16)}`));
  if (drive !== "") parts.unshift(`__drive_${drive.replaceAll(/[^A-Za-z0-9]+/g, "_").replace(/_$/, "")}`);
  return path.join(places.buildDir, "obj", extension, `${parts.join(path.sep)}${suffix}`);
}

/** Where the linked result is made, before it is published. */
export function builtPath(places: Places, extension: string, file: string): string {
  return places.path.join(places.buildDir, "out", extension, file);
}

/** Identity of an action by its output: the path below `obj/` or `out/`, with slashes on every platform. */
export function actionId(places: Places, output: string): string {
  const below = places.path.relative(places.buildDir, output).split(places.path.sep);
  return below.slice(1).join("/");
}

/** A file as people want to read it. */
export function displayed(places: Places, file: string): string {
  return spelled(places, file).replaceAll(places.path.sep, "/").replace(/^\.\//, "");
}

function isOutside(path: PlatformPath, relative: string): boolean {
  return relative === ".." || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative);
}
