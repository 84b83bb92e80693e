/**
 * Colours with fixed meanings, and whether they are allowed. Every text must be readable without them; they never
 * change its width.
 */

/** Marks texts by meaning. Without colour each function gives back its text. */
export interface Style {
  readonly enabled: boolean;
  /** Red: what went wrong. */
  error(text: string): string;
  /** Yellow: what is odd but no obstacle. */
  warning(text: string): string;
  /** Green: what went well. */
  success(text: string): string;
  /** Cyan: hints, paths, literals. */
  hint(text: string): string;
  bold(text: string): string;
  /** What may be skipped when reading. */
  dim(text: string): string;
}

/** When colour is used. */
export type ColorChoice = "auto" | "always" | "never";

/** What decides about colour. */
export interface ColorQuestion {
  /** From `--color`. */
  readonly choice?: ColorChoice | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
}

/**
 * The word of the user on the command line counts most, then the variables, most specific first, then the terminal.
 *
 * https://no-color.org, https://force-color.org, http://bixense.com/clicolors/
 */
export function colorAllowed({ choice, env, isTerminal }: ColorQuestion): boolean {
  if (choice === "always") return true;
  if (choice === "never") return false;
  const set = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  if (set("NO_COLOR") !== undefined) return false;
  const force = set("FORCE_COLOR");
  if (force !== undefined) return force !== "0" && force !== "false";
  if ((set("CLICOLOR_FORCE") ?? "0") !== "0") return true;
  if (set("CLICOLOR") === "0" || env["TERM"] === "dumb") return false;
  return isTerminal;
}

/** A style with or without colour. */
export function makeStyle(enabled: boolean): Style {
  const paint =
    (open: number, close: number) =>
    (text: string): string =>
      enabled && text !== "" ? `\u001B[${open}m${text}\u001B[${close}m` : text;
  const bold = paint(1, 22);
  const red = paint(31, 39);
  const yellow = paint(33, 39);
  return {
    enabled,
    error: (text) => bold(red(text)),
    warning: (text) => bold(yellow(text)),
    success: paint(32, 39),
    hint: paint(36, 39),
    bold,
    dim: paint(2, 22),
  };
}

/** Without colour. */
export const plainStyle: Style = makeStyle(false);
