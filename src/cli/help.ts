/** `--help`, made from the table. */
import { textWidth, wrapText } from "../report/text-width.ts";
import { version } from "../version.ts";
import { sections, type AnyCommand, type OperandSpec, type OptionSpec } from "./spec.ts";
import { commands, exitCodes } from "./table.ts";

/** Help for the program. */
export function rootHelp(width: number): string {
  const rows = commands.map((command) => [command.name, command.summary] as const);
  const lines = [
    `retorch ${version}: compiles, and re-compiles, PyTorch C++/CUDA extensions`,
    "",
    "Usage: retorch COMMAND [OPTIONS] [ARGUMENTS]",
    "",
    "Commands:",
    ...columns(rows, width),
    "",
    "Options:",
    ...columns(
      [
        ["-h, --help", "Show this help, or that of a command: `retorch help build`"],
        ["-V, --version", "Show the version"],
      ],
      width,
    ),
    "",
    `Exit codes: ${exitCodes.map(({ code, meaning }) => `${code} ${meaning}`).join(", ")}`,
  ];
  return `${lines.flatMap((line) => wrapped(line, width)).join("\n")}\n`;
}

/** Help for a command. */
export function commandHelp(command: AnyCommand, width: number): string {
  const lines = [...wrapText(command.summary, width), ""];
  for (const paragraph of command.details ?? []) lines.push(...wrapText(paragraph, width), "");
  lines.push(`Usage: ${usageLine(command)}`);
  if (command.operands.length > 0) {
    lines.push("", "Arguments:");
    for (const operand of command.operands) {
      lines.push(...columns([[operand.name, operandText(operand)]], width));
      if (operand.choices !== undefined) lines.push(...columns(operand.choices, width, 4));
    }
  }
  const entries = Object.entries(command.options);
  for (const [section, title] of Object.entries(sections)) {
    const inside = entries.filter(([, spec]) => spec.section === section);
    if (inside.length === 0) continue;
    lines.push("", `${title}:`);
    lines.push(
      ...columns(
        inside.map(([name, spec]) => [optionName(name, spec), optionText(spec)] as const),
        width,
      ),
    );
  }
  if (command.examples.length > 0) {
    lines.push("", "Examples:");
    for (const { command: example, text } of command.examples) {
      lines.push(...wrapText(`${text}:`, width - 2).map((line) => `  ${line}`), `    ${example}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** `retorch build [OPTIONS] [PATH...]`. */
export function usageLine(command: Pick<AnyCommand, "name" | "operands">): string {
  const operands = command.operands.map((operand) => {
    const name = `${operand.name}${operand.repeatable === true ? "..." : ""}`;
    return operand.optional === true ? `[${name}]` : name;
  });
  return ["retorch", command.name, "[OPTIONS]", ...operands].join(" ");
}

/** `-j, --jobs N`. */
function optionName(name: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? "    " : `-${spec.short}, `;
  return `${short}--${name}${spec.argument === undefined ? "" : ` ${spec.argument}`}`;
}

function optionText(spec: OptionSpec): string {
  const notes = [];
  if (spec.repeatable === true) notes.push("may be repeated");
  if (spec.default !== undefined) notes.push(`default: ${spec.default}`);
  if (spec.type === "choice") notes.push(`one of ${(spec.choices ?? []).join(", ")}`);
  if (spec.variables !== undefined) notes.push(`variable: ${spec.variables.join(", ")}`);
  return `${spec.description}${notes.map((note) => ` [${note}]`).join("")}`;
}

function operandText(operand: OperandSpec): string {
  return operand.choices === undefined ? operand.description : `${operand.description}:`;
}

/** Two columns, the second one wrapped. */
function columns(rows: readonly (readonly [string, string])[], width: number, indent = 2): string[] {
  const left = Math.min(28, Math.max(...rows.map(([name]) => textWidth(name)))) + 2;
  const margin = " ".repeat(indent + left);
  return rows.flatMap(([name, text]) => {
    const [first = "", ...rest] = wrapText(text, Math.max(20, width - indent - left));
    const head = `${" ".repeat(indent)}${name}`;
    const fits = textWidth(name) + 2 <= left;
    const lines = fits ? [`${head}${" ".repeat(left - textWidth(name))}${first}`] : [head, `${margin}${first}`];
    return [...lines, ...rest.map((line) => `${margin}${line}`)];
  });
}

function wrapped(line: string, width: number): string[] {
  return line.startsWith(" ") ? [line] : wrapText(line, width);
}
