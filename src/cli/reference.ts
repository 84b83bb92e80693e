/** `docs/cli.md`, made from the table and from the list of JSON events. */
import { jsonEvents } from "../report/json-lines.ts";
import { usageLine } from "./help.ts";
import { sections, type AnyCommand, type OptionSpec } from "./spec.ts";
import { commonOptions } from "./options.ts";
import { commands, exitCodes } from "./table.ts";

/** The whole page. */
export function cliReference(): string {
  return `${[
    "<!-- Made by `npm run docs:gen` from src/cli/table.ts. Do not edit. -->",
    "",
    "# The command line",
    "",
    "Data goes to standard output, everything else to standard error. Colour is used in terminals only, and heeds `NO_COLOR`, `FORCE_COLOR`, `CLICOLOR` and `--color`.",
    "",
    ...table(
      ["command", "what it does"],
      commands.map((command) => [`[\`${command.name}\`](#${anchor(command)})`, command.summary]),
    ),
    "",
    ...commands.flatMap(commandSection),
    "## Options of every command",
    "",
    ...optionTable(Object.entries(commonOptions)),
    "",
    "Options may stand anywhere after the command; `--` ends them. `--jobs 4`, `--jobs=4`, `-j 4` and `-j4` mean the same, and letters that take no value may be joined: `-kq`. An option given twice counts as it was given last, unless it may be repeated.",
    "",
    "## Environment variables",
    "",
    "An option on the command line wins over its variable. An empty variable counts as not set.",
    "",
    ...table(["variable", "option", "commands"], variableRows()),
    "",
    "## Exit codes",
    "",
    ...table(
      ["code", "meaning"],
      exitCodes.map(({ code, meaning }) => [String(code), meaning]),
    ),
    "",
    "## JSON events",
    "",
    "`retorch build --json` writes one JSON object a line. Fields whose name ends in `?` may be missing; every event but the last also has `time`, milliseconds of a clock that never goes back. Fields may be added, none is removed or changes its meaning. A build that has nothing to do may send the last event alone.",
    "",
    ...Object.entries(jsonEvents).flatMap(([type, { description, fields }]) => [
      `### \`${type}\``,
      "",
      description,
      "",
      ...table(
        ["field", "what it holds"],
        Object.entries(fields).map(([name, text]) => [`\`${name}\``, text]),
      ),
      "",
    ]),
  ]
    .join("\n")
    .trimEnd()}\n`;
}

function commandSection(command: AnyCommand): string[] {
  const own = Object.entries(command.options).filter(([name]) => !Object.hasOwn(commonOptions, name));
  const lines = [`## \`retorch ${command.name}\``, "", `${command.summary}.`, ""];
  for (const paragraph of command.details ?? []) lines.push(paragraph, "");
  lines.push("```", usageLine(command), "```", "");
  for (const operand of command.operands) {
    lines.push(`\`${operand.name}\`: ${operand.description}${operand.choices === undefined ? "." : ":"}`, "");
    if (operand.choices === undefined) continue;
    lines.push(...operand.choices.map(([value, text]) => `- \`${value}\`: ${text}`), "");
  }
  for (const [section, title] of Object.entries(sections)) {
    const inside = own.filter(([, spec]) => spec.section === section);
    if (inside.length > 0) lines.push(`### ${title} (${command.name})`, "", ...optionTable(inside), "");
  }
  if (command.examples.length > 0) {
    lines.push("```sh");
    for (const { command: example, text } of command.examples) lines.push(`# ${text}`, example);
    lines.push("```", "");
  }
  return lines;
}

function optionTable(options: readonly (readonly [string, OptionSpec])[]): string[] {
  return table(
    ["option", "meaning", "default"],
    options.map(([name, spec]) => {
      const value = spec.argument === undefined ? "" : ` ${spec.argument}`;
      const short = spec.short === undefined ? "" : `\`-${spec.short}\`, `;
      const notes = [spec.description];
      if (spec.type === "choice")
        notes.push(`one of ${(spec.choices ?? []).map((choice) => `\`${choice}\``).join(", ")}`);
      if (spec.repeatable === true) notes.push("may be repeated");
      return [`${short}\`--${name}${value}\``, notes.join("; "), spec.default ?? ""];
    }),
  );
}

function variableRows(): string[][] {
  const rows = new Map<string, { readonly option: string; readonly commands: string[] }>();
  for (const command of commands) {
    for (const [name, spec] of Object.entries(command.options)) {
      for (const variable of spec.variables ?? []) {
        const row = rows.get(variable);
        if (row === undefined) rows.set(variable, { option: name, commands: [command.name] });
        else row.commands.push(command.name);
      }
    }
  }
  return Array.from(rows, ([variable, row]) => [
    `\`${variable}\``,
    `\`--${row.option}\``,
    row.commands.length === commands.length ? "all" : row.commands.map((name) => `\`${name}\``).join(", "),
  ]);
}

function anchor(command: AnyCommand): string {
  return `retorch-${command.name}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${head.map(() => " --- ").join("|")}|`, ...rows.map(line)];
}
