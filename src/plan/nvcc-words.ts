/**
 * How words reach nvcc and the compilers behind it. nvcc puts its commands together as shell text: some characters in
 * paths break it unless they are written in a way of their own (tried with nvcc 13.0; docs/commands.md has the table).
 */
import { type Failure, failure } from "../base/failure.ts";
import type { Arg, PathArg } from "./graph.ts";
import { type Places, spelled } from "./paths.ts";

/** Characters that nvcc itself takes for quotes or for the end of an element of a list. */
const brokenInLists = /['"`,]/;

/** Characters that the shell behind nvcc would read in a source or an output. */
const brokenInFiles = /["`$]/;

/**
 * Why nvcc cannot compile a source, if it cannot: its temporary files are called like the source, and the shell reads
 * their names; backquotes it reads in the folder as well.
 */
export function nvccRefusal(places: Places, source: string): Failure | undefined {
  const name = places.path.basename(source);
  const what = /["`$\n]/.test(name)
    ? `a file called \`${name}\``
    : source.includes("`") || places.root.includes("`")
      ? "a file in a folder with a backquote in its name"
      : undefined;
  return what === undefined
    ? undefined
    : failure("NVCC_PATH_UNSUPPORTED", `nvcc cannot compile ${what}`, {
        hint: "Rename it",
        location: { file: source },
      });
}

/**
 * A folder to search. Where its absolute path has a character that nvcc misreads, the path relative to the project often
 * has not; a comma can be quoted.
 */
export function nvccSearchArg(places: Places, dir: string, prefix: string): PathArg {
  const text = withoutBroken(places, dir, brokenInLists);
  const quote = text.includes(",") && !text.includes('"') ? '"' : "";
  return {
    ...(prefix + quote === "" ? {} : { prefix: prefix + quote }),
    path: text,
    ...(quote === "" ? {} : { suffix: quote }),
    role: "search",
    // Device code takes `__builtin_FILE()` and with it `std::source_location` as they stand, whatever maps are given.
    ...(places.path.isAbsolute(text) ? { literal: true } : {}),
  };
}

/** A source, an object or a depfile. In a source the shell's `$` can be escaped; outputs have none. */
export function nvccFileArg(places: Places, file: string, options: Omit<PathArg, "path">): PathArg {
  const text = withoutBroken(places, file, brokenInFiles);
  return {
    ...options,
    path: options.role === "input" && places.platform !== "win32" ? text.replaceAll("$", String.raw`\$`) : text,
  };
}

function withoutBroken(places: Places, file: string, broken: RegExp): string {
  const text = spelled(places, file);
  if (!broken.test(text)) return text;
  const relative = places.path.relative(places.root, file);
  return broken.test(relative) || places.path.isAbsolute(relative) ? text : relative;
}

/** A word for the host compiler. Elements of `-Xcompiler` end at commas and are read by the shell unless quoted. */
export function xcompiler(word: string): string[] {
  return ["-Xcompiler", /^[\p{L}\p{N}_@%+=:./~^\\-]*$/u.test(word) ? word : quoted(word)];
}

/** Whether a path can be handed to the host compiler as part of a word. */
export function fitsXcompiler(path: string): boolean {
  return !/["`$\\]/.test(path);
}

/** A word with a path for the host compiler; only for paths that fit. */
export function xcompilerPath(prefix: string, path: string, suffix: string, more: Partial<PathArg> = {}): Arg[] {
  const plain = /^[\p{L}\p{N}_@%+=:./~^-]*$/u.test(path);
  const quote = plain ? "" : '"';
  return ["-Xcompiler", { prefix: `${quote}${prefix}`, path, suffix: `${suffix}${quote}`, ...more }];
}

function quoted(word: string): string {
  return `"${word.replaceAll(/["\\$`]/g, "\\$&")}"`;
}
