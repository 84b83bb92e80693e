/**
 * A word that a command of the text has with a variable in it, and that was read as if the variable were empty: `python$V-dev` as
 * `python-dev`. In a Dockerfile an ARG above FROM is not known behind it. Source: the Dockerfile reference, "Understand how ARG and
 * FROM interact".
 */
import { setVariable } from "./command-words.ts";
import type { Match } from "../rule.ts";

const variable = /\$\{?(\w+)\}?/g;

/** The names of the variables that were empty as the word was read. */
export function emptyVariables({ context }: Match, word: string): readonly string[] {
  const texts = [
    ...context.findings.map(({ text }) => text),
    ...context.log.typed.map(({ line }) => line),
    context.log.failedStep ?? "",
  ];
  for (const text of texts) {
    if (!text.includes("$") || text.length > 4_000) continue;
    for (const raw of text.split(/[\s"'`;]+/)) {
      if (!raw.includes("$") || raw.replaceAll(variable, "") !== word) continue;
      return [...new Set(Array.from(raw.matchAll(variable), ([, name = ""]) => name))];
    }
  }
  return [];
}

/** What a cause says of them. */
export function emptySentence(match: Match, word: string): string | undefined {
  const names = emptyVariables(match, word);
  return names.length === 0
    ? undefined
    : `The command has ${names.map((name) => `\`$${name}\``).join(" and ")} in that name, and it is empty where the command runs${match.context.log.dockerBuild ? ": an ARG that stands above FROM is not known behind it" : ""}.`;
}

/** Gives them a value where the command runs. */
export function setEmpty(match: Match, word: string): string[] {
  return emptyVariables(match, word).map((name) =>
    match.context.log.dockerBuild
      ? `ARG ${name}   # behind FROM, above the step: takes the value of the ARG above FROM; none there: ARG ${name}=<value>`
      : setVariable(match, name, "<its value>"),
  );
}
