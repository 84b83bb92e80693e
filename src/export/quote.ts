/**
 * Words as other programs read them: POSIX shells, make, ninja, Windows. Each function is the inverse of one reader's
 * parser; none knows what the words mean. What a tool cannot express is asked beforehand (`makeCannotName`,
 * `ninjaCannotName`).
 */

/** Nothing in these means anything to a POSIX shell, make or ninja, wherever it stands. */
const plain = /^[A-Za-z0-9_@+:,./-]+$/;

/** Words that are no command name although they are plain. */
const shellReserved = new Set(
  "case do done elif else esac fi for function if in select then time until while".split(" "),
);

/** One word for a POSIX shell. */
export function quotePosix(word: string): string {
  if (plain.test(word)) return word;
  // `=` and `%` are harmless but where a command begins, and `^` and `=` at the start of a word in zsh and old shells.
  if (/^[A-Za-z0-9_@+:,./-][A-Za-z0-9_@+:,./=%-]*$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line for a POSIX shell: the first word is taken as a program even if it looks like an assignment. */
export function posixCommand(words: readonly string[]): string {
  return words
    .map((word, index) =>
      index === 0 && (word.includes("=") || shellReserved.has(word))
        ? `'${word.replaceAll("'", `'\\''`)}'`
        : quotePosix(word),
    )
    .join(" ");
}

/** Assignments before a command, each followed by a space; empty without variables. */
export function posixAssignments(env: Readonly<Record<string, string>>): string {
  const names = Object.keys(env);
  if (names.length === 0) return "";
  const words = names.map((name) => `${name}=${env[name] === "" ? "" : quotePosix(env[name] ?? "")}`);
  if (names.every((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name))) return `${words.join(" ")} `;
  // A shell takes no assignment to a name with other characters; env does.
  return `env ${names.map((name) => quotePosix(`${name}=${env[name] ?? ""}`)).join(" ")} `;
}

/** Text of a recipe line or of a variable's value in a makefile that must reach the shell as it is. */
export function makeText(text: string): string {
  return text.replaceAll("$", "$$$$");
}

/** As `makeText`, where `#` would begin a comment. The makefile must define `HASH := \#`. */
export function makeValue(text: string): string {
  return makeText(text).replaceAll("#", "$(HASH)");
}

/** A file as target or prerequisite of a rule. The makefile must define `HASH := \#`. */
export function makeName(path: string): string {
  return makeValue(path).replaceAll(" ", "\\ ");
}

/**
 * The character that keeps make, or the dependency files that it includes, from naming this file. `%` and `=` could be
 * written in a rule but not in what the compiler writes into a dependency file.
 */
export function makeCannotName(path: string): string | undefined {
  return /[%:=;|*?[\]\\\t\r\n]/.exec(path)?.[0] ?? (path.startsWith("~") ? "~" : /\([^/]*\)$/.exec(path)?.[0]);
}

/** A value of a ninja variable. */
export function ninjaText(text: string): string {
  return text.replaceAll("$", "$$$$");
}

/** A path on a `build` line. */
export function ninjaName(path: string): string {
  return path.replaceAll(/[$ :]/g, "$$$&");
}

/**
 * The character that keeps ninja from naming this file. A `build` line could hold most of them, but ninja's reader of
 * dependency files (1.11, `depfile_parser.in.cc`) ends a name there.
 */
export function ninjaCannotName(path: string): string | undefined {
  return /[|\r\n'"&;*?<>`^]/.exec(path)?.[0];
}

/** One word as the C runtime of Windows splits a command line (`CommandLineToArgvW`). */
export function quoteWindows(word: string): string {
  if (word !== "" && !/[\s"]/.test(word)) return word;
  // Backslashes count double before a quote, and before the closing one.
  return `"${word.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`;
}

/**
 * A command line for `cmd.exe`: quoted for the program, then every character that cmd would take for itself made
 * literal. In a batch file `%` is doubled; on the prompt it has no escape, a caret only breaks up variable names.
 */
export function cmdCommand(words: readonly string[], options: { readonly batch?: boolean } = {}): string {
  return words
    .map((word) => {
      if (/^[A-Za-z0-9_@+:,./\\=-]+$/.test(word)) return word;
      const quoted = quoteWindows(word).replaceAll(/[()!^"<>&|]/g, "^$&");
      return quoted.replaceAll("%", options.batch === true ? "%%" : "^%");
    })
    .join(" ");
}

/** A command as a person would type it on this platform. */
export function commandLine(words: readonly string[], platform: "linux" | "darwin" | "win32"): string {
  return platform === "win32" ? cmdCommand(words) : posixCommand(words);
}
