/**
 * Reads what `nvcc --dryrun` prints: the variables that it sets for its programs, and the programs that it would start,
 * in order. What the programs are for is decided by `roles.ts`.
 */
import { shellWords } from "./shell-words.ts";

/** One program that nvcc would start. */
export interface Step {
  /** As nvcc names it, with variables replaced: `cudafe++`, `/usr/bin/g++`, `…/nvvm/bin/cicc`. */
  readonly program: string;
  readonly words: readonly string[];
}

/** All that a dry run says. */
export interface DryRun {
  readonly variables: ReadonlyMap<string, string>;
  readonly steps: readonly Step[];
  /** What nvcc says besides: its own warnings. */
  readonly said: readonly string[];
}

/** Where nvcc puts its temporary files: the number is that of its process. */
const temporary = /tmpxft_[0-9a-f]{8}_[0-9a-f]{8}-(\d+)_/;

/** With `--threads` nvcc collects what each program prints: ` > /tmp/tmpxft_…_stdout 2>/tmp/tmpxft_…_stderr`. */
const collected = new RegExp(
  String.raw`\s*>\s*\S*${temporary.source}\S*_stdout\s+2>\s*\S*${temporary.source}\S*_stderr\s*$`,
);

/** Reads the text of a dry run. A text says why it cannot be understood. */
export function readDryRun(text: string): DryRun | string {
  const variables = new Map<string, string>();
  const steps: Step[] = [];
  const said: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const match = /^#\$\s?(.*)$/.exec(line);
    if (match === null) {
      if (line.trim() !== "") said.push(line);
      continue;
    }
    const command = match[1] ?? "";
    const variable = /^([A-Za-z_]\w*)=(.*)$/.exec(command);
    if (variable !== null) {
      variables.set(variable[1] ?? "", variable[2] ?? "");
      continue;
    }
    if (command.trim() === "") continue;
    const words = shellWords(command.replace(collected, ""), variables);
    const [program, ...rest] = words ?? [];
    if (program === undefined) return `nvcc would run a line that only a shell can read: \`${short(command)}\``;
    steps.push({ program, words: rest });
  }
  return { variables, steps, said };
}

/** The text without what differs from one run to the next: the number of nvcc's process. */
export function stableDryRun(text: string): string {
  return text.replaceAll(/tmpxft_[0-9a-f]{8}_[0-9a-f]{8}-/g, "tmpxft_00000000_00000000-");
}

/** The name of a temporary file of nvcc without what nvcc adds to it; undefined for any other path. */
export function temporaryName(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return new RegExp(`^${temporary.source}(.+)$`).exec(name)?.[2];
}

/** Whether a word still names one of nvcc's temporary files. */
export function namesTemporary(word: string): boolean {
  return word.includes("tmpxft_");
}

function short(command: string): string {
  return command.length > 80 ? `${command.slice(0, 77)}...` : command;
}
