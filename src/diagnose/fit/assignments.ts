/**
 * The variables that a line of a fix sets, in the words of a Unix shell, of cmd.exe or of PowerShell. It does not know what they are for,
 * and says nothing of a line that does more than that.
 */
import type { Pair } from "../facts/ci-steps.ts";

/** The words of a command, each as it is written: quotes and what a command prints, `$( )`, stay whole. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  let word = "";
  // What has to be closed: a quote, or a bracket with quotes of its own in it.
  const open: string[] = [];
  for (const letter of text) {
    const top = open.at(-1);
    if (top === letter && letter !== "(") open.pop();
    else if (letter === ")" && top === "(") open.pop();
    else if (top !== "'" && /[('"]/.test(letter) && !(top === '"' && letter === "'")) open.push(letter);
    if (open.length === 0 && letter === " ") {
      words.push(word);
      word = "";
    } else word += letter;
  }
  return [...words, word].filter((each) => each !== "");
}

/** `export A=1 B="$(pwd)"`, `set A=1`, `$env:A = "1"`: names and values; undefined for any other line. */
export function assignmentsOf(command: string): readonly Pair[] | undefined {
  const [, one, value] =
    /^set "?(\w+)=([^"&|]*)"?$/.exec(command) ?? /^\$env:(\w+) ?= ?["']?([^"']*)["']?$/i.exec(command) ?? [];
  if (one !== undefined && value !== undefined) return [[one, value]];
  if (!command.startsWith("export ")) return undefined;
  const pairs = wordsOf(command.slice(7)).map((word) => /^(\w+)=([^]*)$/.exec(word));
  return pairs.every((pair) => pair !== null && !(pair[2] ?? "").endsWith(";"))
    ? pairs.map((pair) => [pair?.[1] ?? "", (pair?.[2] ?? "").replace(/^(["'])([^]*)\1$/, "$2")] as const)
    : undefined;
}
