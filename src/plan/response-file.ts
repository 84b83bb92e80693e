/**
 * Command lines that are too long: their words go into a file that the program reads instead. Linux takes 128 KiB in a
 * word and some 2 MiB in all, macOS 1 MiB, Windows 32767 characters (CreateProcess).
 */
import { argText, type Action, type Arg } from "./graph.ts";
import { type Places, spelled } from "./paths.ts";

/** Characters from which on a file is used. */
const limits = { posix: 100_000, win32: 30_000 };

/** How a program reads such a file. */
export type ResponseStyle = "gcc" | "msvc" | "nvcc";

/** A command, and the file that it needs. */
export interface ShortenedCommand {
  readonly command: readonly Arg[];
  readonly responseFile?: NonNullable<Action["responseFile"]>;
}

/**
 * Puts words into a file where the command would be too long.
 *
 * @param options.start Words that stay: the program and its outputs, whose names change while the action runs.
 * @param options.rest Words that may go into the file.
 */
export function shortened(options: {
  readonly places: Places;
  readonly style: ResponseStyle;
  readonly file: string;
  readonly start: readonly Arg[];
  readonly rest: readonly Arg[];
}): ShortenedCommand {
  const { places, style, file, start, rest } = options;
  const length = [...start, ...rest].reduce((sum, arg) => sum + argText(arg).length + 1, 0);
  if (length <= (places.platform === "win32" ? limits.win32 : limits.posix)) return { command: [...start, ...rest] };
  const path = spelled(places, file);
  const named: Arg[] = style === "nvcc" ? ["--options-file", path] : [{ prefix: "@", path }];
  return {
    command: [...start, ...named],
    responseFile: { path, content: `${rest.map((arg) => responseWord(argText(arg), style)).join("\n")}\n` },
  };
}

/**
 * A word as it stands in the file. gcc and clang: GCC manual, `@file` (blanks end a word, quotes and backslashes do what
 * they do in a shell). Microsoft: quotes around blanks, as on a command line.
 */
function responseWord(word: string, style: ResponseStyle): string {
  if (style === "msvc") return /[\s"]/.test(word) ? `"${word.replaceAll('"', '\\"')}"` : word;
  return word === "" ? '""' : word.replaceAll(/[\s'"\\]/g, "\\$&");
}
