/** The commands of checks of form, as a text shows them: `black --check src`. Reads one line at a time; it does not know whether they failed. */
export interface CheckFacts {
  /** The last command of each tool, by the tool's name. */
  readonly checks: Readonly<Record<string, string>>;
}

const shown =
  /^(?:##\[group\])?(?:Run |\$ |\+ |> )?((?:\S*python[\d.]* -m )?(black|isort|ruff|clang-format(?:-\d+)?) (?:(?:check|format)\b)?[^;&|<>]{0,200}?)\s*$/;

/** Gathers them line by line. */
export class CheckReader {
  readonly #checks: Record<string, string> = {};

  line(text: string): void {
    if (text.length > 300 || !/black|isort|ruff|clang-format/.test(text)) return;
    const [, command, tool] = shown.exec(text) ?? [];
    if (command === undefined || tool === undefined || / (?:would|is|was|\d)/.test(command)) return;
    this.#checks[tool.replace(/-\d+$/, "")] = command;
  }

  facts(): CheckFacts {
    return { checks: this.#checks };
  }
}
