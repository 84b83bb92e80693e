/**
 * Programs that start a compiler without changing what it makes: ccache and its kind, as a word before the compiler or
 * under the compiler's own name. Their coming and going must not change the compiler's identity.
 */
import type { Look } from "./look.ts";

const launcherNames: ReadonlySet<string> = new Set([
  "ccache",
  "sccache",
  "distcc",
  "icecc",
  "buildcache",
  "cachepot",
  "recc",
  "rewrapper",
]);

/** Whether a path or command has the name of a launcher: `/usr/bin/ccache`, `sccache.exe`, `ccache-4.9`. */
export function isLauncherName(word: string): boolean {
  const name = /([^/\\]*?)(?:\.exe)?$/i.exec(word)?.[1] ?? word;
  return launcherNames.has(name) || launcherNames.has(name.replace(/-[\d.]+$/, ""));
}

/** A command taken apart. */
export interface CommandParts {
  readonly launcher: readonly string[];
  /** Undefined when there are only launchers. */
  readonly program?: string;
  readonly arguments: readonly string[];
}

/** Takes the launchers off the front of a command. */
export function splitLauncher(words: readonly string[]): CommandParts {
  const at = words.findIndex((word) => !isLauncherName(word));
  const program = at === -1 ? undefined : words[at];
  if (program === undefined) return { launcher: words, arguments: [] };
  return { launcher: words.slice(0, at), program, arguments: words.slice(at + 1) };
}

/** A program with the launchers that stood under its name. */
export interface RealProgram {
  readonly path: string;
  readonly launcher: readonly string[];
}

/**
 * The program that a launcher of the same name would start: the next one on the search path. Undefined when there is
 * none, or the launcher was named by a path that nothing follows.
 */
export function behindLauncher(look: Look, path: string): RealProgram | undefined {
  if (!isMasked(look, path)) return { path, launcher: [] };
  const launcher = [look.realpath(path)];
  for (const other of look.programs(look.path.basename(path))) {
    if (!isMasked(look, other)) return { path: other, launcher };
  }
  return undefined;
}

/** Whether a compiler's name is a link to a launcher, as in `/usr/lib/ccache`. */
function isMasked(look: Look, path: string): boolean {
  return !isLauncherName(path) && isLauncherName(look.realpath(path));
}

/** Absolute paths of launcher words, or the first that is not there. */
export function findLaunchers(
  look: Look,
  words: readonly string[],
): { readonly paths: readonly string[] } | { readonly missing: string } {
  const paths: string[] = [];
  for (const word of words) {
    const path = look.program(word, look.host.cwd);
    if (path === undefined) return { missing: word };
    paths.push(path);
  }
  return { paths };
}

/** Why a command with a launcher that is not there cannot be used. */
export function noLauncher(name: string): string {
  return `\`${name}\` is not installed`;
}
