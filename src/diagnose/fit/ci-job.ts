/** What the services of CI have in common: the job of a text, edits of its repository, variables of a step. */
import type { Change } from "./ci-parts.ts";
import type { CiStep, Pair } from "../facts/ci-steps.ts";
import { commandPart } from "../commands/fix-lines.ts";
import type { Match } from "../rule.ts";
import { quoted } from "./yaml-words.ts";

export interface Job {
  readonly step?: CiStep;
  readonly steps: readonly CiStep[];
  readonly match: Match;
}

export const submodules =
  /^(?:\[ ! -f \.gitmodules \] \|\| )?git submodule (?:sync(?: \S+)* && git submodule )?update\b(?!.*&& cd )/;

/** An environment of another Python, made by hand. */
const otherPython =
  /^(?:uv venv --python (3\.\d{1,2})\b|(?:conda|mamba|micromamba) create (?:-\S+ )*.*\bpython=(3\.\d{1,2})\b|uv python install (3\.\d{1,2})\b)/;

export const pad = "      ";

export function environment(variables: readonly Pair[], indent: string, key: string): string[] {
  return variables.length === 0
    ? []
    : [`${indent}${key}:`, ...variables.map(([name, value]) => `${indent}  ${name}: ${quoted(value)}`)];
}

/** Edits of the project's files are pushed, and the job runs again. */
export function inRepository({ edits }: Change): string[] {
  return edits.length === 0
    ? []
    : [
        "# in the repository; the job runs again with the push:",
        ...edits,
        'git commit -am "Mend the build" && git push',
      ];
}

/** What cmd.exe reads in a file that it runs. */
export function forBatch(line: string): string {
  return /^for \/f /.test(line) ? line.replaceAll(/%(?=[a-z]\b)/g, "%%") : line;
}

/** The other Python that the lines make an environment of, and the rest for a job whose own step brings it. */
export function otherPythonIn(
  lines: readonly string[],
): { readonly version: string; readonly rest: readonly string[] } | undefined {
  const version = lines
    .map((line) =>
      otherPython
        .exec(commandPart(line))
        ?.slice(1)
        .find((each) => each !== undefined),
    )
    .find((each) => each !== undefined);
  if (version === undefined) return undefined;
  const rest = lines
    .filter((line) => !otherPython.test(commandPart(line)) && !/^(?:conda|mamba|micromamba) activate /.test(line))
    .map((line) => line.replace(/^uv pip install/, "python -m pip install"));
  return { version, rest };
}
