/** Completions for shells, made from the table. The scripts know all words beforehand: completing starts no process. */
import type { AnyCommand, OperandSpec, OptionSpec } from "./spec.ts";
import { commands } from "./table.ts";

export type Shell = "bash" | "zsh" | "fish";

/** The script for a shell. */
export function completionScript(shell: Shell): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell]();
}

function optionWords(command: AnyCommand): string[] {
  return Object.entries(command.options).flatMap(([name, spec]) => [
    `--${name}`,
    ...(spec.short === undefined ? [] : [`-${spec.short}`]),
  ]);
}

function names(): string {
  return [...commands.map((command) => command.name), "help"].join(" ");
}

function bashScript(): string {
  const cases = commands.map((command) => {
    const values = Object.entries(command.options).flatMap(([name, spec]) => {
      if (spec.type === "flag") return [];
      const words = [`--${name}`, ...(spec.short === undefined ? [] : [`-${spec.short}`])];
      const reply =
        spec.choices !== undefined
          ? `COMPREPLY=($(compgen -W '${spec.choices.join(" ")}' -- "$current"))`
          : spec.completes === "folder"
            ? `compopt -o filenames; COMPREPLY=($(compgen -d -- "$current"))`
            : spec.completes === "file"
              ? `compopt -o filenames; COMPREPLY=($(compgen -f -- "$current"))`
              : "COMPREPLY=()";
      return [`        ${words.join(" | ")}) ${reply}; return ;;`];
    });
    const operand = firstOperand(command);
    const rest =
      operand?.choices !== undefined
        ? `COMPREPLY=($(compgen -W '${operand.choices.map(([value]) => value).join(" ")}' -- "$current"))`
        : operand?.completes === undefined
          ? "COMPREPLY=()"
          : `compopt -o filenames; COMPREPLY=($(compgen ${operand.completes === "folder" ? "-d" : "-f"} -- "$current"))`;
    return [
      `    ${command.name})`,
      "      case $previous in",
      ...values,
      "      esac",
      "      if [[ $current == -* ]]; then",
      `        COMPREPLY=($(compgen -W '${optionWords(command).join(" ")}' -- "$current"))`,
      `      else ${rest}; fi ;;`,
    ].join("\n");
  });
  return `# bash completion for retorch, made by \`retorch completions bash\`
_retorch() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${names()} --help --version' -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
    help) COMPREPLY=($(compgen -W '${commands.map((command) => command.name).join(" ")}' -- "$current")) ;;
${cases.join("\n")}
  esac
}
complete -F _retorch retorch
`;
}

function zshScript(): string {
  const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  // In a specification `[`, `]` and `:` have meanings.
  const plain = (text: string): string => text.replaceAll(/[[\]:\\]/g, "\\$&");
  const action = (spec: { readonly choices?: readonly string[]; readonly completes?: string }): string =>
    spec.choices !== undefined
      ? `(${spec.choices.join(" ")})`
      : spec.completes === "folder"
        ? "_files -/"
        : spec.completes === "file"
          ? "_files"
          : "";
  const option = ([name, spec]: [string, OptionSpec]): string => {
    const long = `--${name}`;
    const value = spec.type === "flag" ? "" : `:${(spec.argument ?? "value").replaceAll(":", "\\:")}:${action(spec)}`;
    const text = `[${plain(spec.description)}]${value}`;
    const many = spec.repeatable === true ? "*" : "";
    const both = [
      ...(spec.short === undefined ? [] : [`-${spec.short}${spec.type === "flag" ? "" : "+"}`]),
      `${long}${spec.type === "flag" ? "" : "="}`,
    ];
    return both.map((word) => `      ${quote(`${many}${word}${text}`)} \\`).join("\n");
  };
  const operand = (spec: OperandSpec, index: number): string => {
    const values =
      spec.choices === undefined
        ? action(spec.completes === undefined ? {} : { completes: spec.completes })
        : `((${spec.choices.map(([value, text]) => `${value}\\:"${plain(text).replaceAll('"', "")}"`).join(" ")}))`;
    return `      ${quote(`${spec.repeatable === true ? "*" : index + 1}:${spec.name}:${values}`)} \\`;
  };
  const cases = commands.map(
    (command) =>
      `    ${command.name})\n      _arguments -s -S \\\n${[
        ...Object.entries(command.options).map(option),
        ...command.operands.map(operand),
      ].join("\n")}\n      ;;`,
  );
  return `#compdef retorch
# zsh completion for retorch, made by \`retorch completions zsh\`
_retorch() {
  local -a commands
  commands=(
${commands.map((command) => `    ${quote(`${command.name}:${command.summary}`)}`).join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
    help) _describe command commands ;;
${cases.join("\n").replaceAll(" \\\n      ;;", "\n      ;;")}
  esac
}
if [ "$funcstack[1]" = "_retorch" ]; then _retorch "$@"; else compdef _retorch retorch; fi
`;
}

function fishScript(): string {
  const quote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = [
    "# fish completion for retorch, made by `retorch completions fish`",
    "complete -c retorch -f",
    ...commands.map(
      (command) => `complete -c retorch -n __fish_use_subcommand -a ${command.name} -d ${quote(command.summary)}`,
    ),
  ];
  for (const command of commands) {
    const when = quote(`__fish_seen_subcommand_from ${command.name}`);
    for (const [name, spec] of Object.entries(command.options)) {
      const value =
        spec.type === "flag"
          ? ""
          : spec.choices !== undefined
            ? ` -x -a ${quote(spec.choices.join(" "))}`
            : spec.completes === "folder"
              ? " -x -a '(__fish_complete_directories)'"
              : spec.completes === "file"
                ? " -r -F"
                : " -x";
      const short = spec.short === undefined ? "" : ` -s ${spec.short}`;
      lines.push(`complete -c retorch -n ${when}${short} -l ${name}${value} -d ${quote(spec.description)}`);
    }
    for (const operand of command.operands) {
      for (const [value, text] of operand.choices ?? []) {
        lines.push(`complete -c retorch -n ${when} -a ${value} -d ${quote(text)}`);
      }
      if (operand.completes === "folder")
        lines.push(`complete -c retorch -n ${when} -a '(__fish_complete_directories)'`);
      else if (operand.completes === "file") lines.push(`complete -c retorch -n ${when} -F`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** What a first argument is completed with. */
function firstOperand(command: AnyCommand): OperandSpec | undefined {
  return command.operands[0];
}
