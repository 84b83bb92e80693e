/**
 * The build as a makefile for GNU make: explicit rules, common flags in variables, dependency files included. The
 * commands are the planned ones, but for `-MP`: make needs it to live with a header that was deleted.
 */
import { dirname } from "node:path";
import { sorted, unique } from "../base/order.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Graph } from "../plan/graph.ts";
import { flagsVariable, programVariable, VariableNames } from "./names.ts";
import { makeCannotName, makeName, makeText, makeValue, posixAssignments, posixCommand, quotePosix } from "./quote.ts";
import {
  environmentOf,
  multilineText,
  namedFiles,
  groupWords,
  stepsOf,
  unsupportedPath,
  unsupportedValue,
  wordText,
  type ExportOptions,
  type Part,
  type Step,
  type StepGroup,
  type Word,
} from "./steps.ts";

/** The graph as text of a makefile that is run in the project folder. */
export function makefile(graph: Graph, options: ExportOptions): Result<string> {
  const all = stepsOf(graph, { phonyHeaders: true });
  const { root, steps, groups, artifacts, roots } = all;
  for (const file of namedFiles(all)) {
    const character = makeCannotName(file);
    if (character !== undefined) return err(unsupportedPath("make", file, character));
  }
  const environment = environmentOf(graph.actions, options);
  const multiline = multilineText(all, environment);
  if (multiline !== undefined) return err(unsupportedValue("make", multiline));

  const names = new VariableNames(["all", "clean", "HASH", "MAKEFILE", "SHELL", "MAKE"]);
  const writer = new MakeWriter(root, names);
  // A root whose name needs quotes cannot stand unquoted inside a word.
  for (const folder of roots) if (isPlain(folder.path)) writer.roots.set(folder.name, names.take(folder.name));

  const head = [
    `# Written by ${options.generator.replaceAll(/[\r\n]+/g, " ")}: the same commands as its own build, for GNU make.`,
    "# It stands alone and may be edited. Run it in the project folder: make -j4 -f THIS_FILE",
    "",
    "MAKEFLAGS += --no-builtin-rules",
    ".SUFFIXES:",
    ".DELETE_ON_ERROR:",
    ".PHONY: all clean",
    "HASH := \\#",
    "# An edit of this file rebuilds everything.",
    "MAKEFILE := $(wildcard $(lastword $(MAKEFILE_LIST)))",
    "",
    `all:${artifacts.map(({ path }) => ` ${makeName(path)}`).join("")}`,
    "",
  ];
  for (const folder of roots) {
    const variable = writer.roots.get(folder.name);
    if (variable === undefined) continue;
    head.push(`${variable} := ${folder.name === "PROJECT" ? "$(CURDIR)" : makeValue(folder.path)}`);
  }
  for (const [name, value] of environment) {
    head.push(`export ${name} := ${/^\s/.test(value) ? "$(EMPTY)" : ""}${makeValue(value)}`);
  }

  const body = groups.flatMap((group) => writer.group(group));
  head.push(...writer.programLines());

  for (const { artifact, built, path } of artifacts) {
    if (built === path) continue;
    body.push("", `# publish ${artifact.name.replaceAll(/[\r\n]+/g, " ")}`);
    body.push(`${makeName(path)}: ${makeName(built)}`);
    body.push(...makeFolders([dirname(path)]));
    body.push(`\tcp ${recipe(built)} ${recipe(`${path}.tmp`)}`, `\tmv -f ${recipe(`${path}.tmp`)} ${recipe(path)}`);
  }

  const made = unique([
    ...steps.flatMap((step) => [...step.outputs, ...(step.depfile === undefined ? [] : [step.depfile])]),
    ...artifacts.map(({ path }) => path),
  ]);
  body.push("", "clean:");
  for (let at = 0; at < made.length; at += 50)
    body.push(
      `\trm -f ${made
        .slice(at, at + 50)
        .map(recipe)
        .join(" ")}`,
    );
  const depfiles = sorted(steps.flatMap((step) => (step.depfile === undefined ? [] : [step.depfile])));
  if (depfiles.length > 0) body.push("", ...depfiles.map((file) => `-include ${makeName(file)}`));
  return ok(`${[...head, ...body].join("\n")}\n`);
}

/** Writes groups of steps, and remembers the programs that they need. */
class MakeWriter {
  readonly roots = new Map<string, string>();
  readonly #programs = new Map<string, { readonly variable: string; readonly words: readonly string[] }>();
  readonly #root: string;
  readonly #names: VariableNames;

  constructor(root: string, names: VariableNames) {
    this.#root = root;
    this.#names = names;
  }

  programLines(): string[] {
    return [...this.#programs.values()].map(
      ({ variable, words }) => `${variable} := ${makeValue(posixCommand(words))}`,
    );
  }

  group(group: StepGroup): string[] {
    const first = group.steps[0]?.step;
    if (first === undefined) return [];
    const program = this.#program(first);
    const lines = ["", `# ${group.extension}: ${group.kind}`];
    const head = this.#variable(flagsVariable(group, program, "head"), group.head, lines);
    const tail = this.#variable(flagsVariable(group, program, "tail"), group.tail, lines);
    for (const { step, middle } of group.steps) {
      const objects = this.#variable(
        `OBJECTS_${group.extension}`,
        step.objects.map((text) => [{ kind: "text", text }]),
        lines,
        1,
      );
      const words = [`$(${program})`, ...head, ...middle.map((word) => this.#word(word, step, objects)), ...tail];
      lines.push("", ...this.#rule(step, words.filter((word) => word !== "").join(" ")));
    }
    return lines;
  }

  #program(step: Step): string {
    const key = JSON.stringify(step.program);
    const known = this.#programs.get(key);
    if (known !== undefined) return known.variable;
    const variable = this.#names.take(programVariable(step));
    this.#programs.set(key, { variable, words: step.program });
    return variable;
  }

  /** Moves words into a variable, when they are worth one. What then stands in a command. */
  #variable(wish: string, words: readonly Word[], lines: string[], least = 2): string[] {
    if (words.length < least) return words.map((word) => this.#word(word, undefined, []));
    const name = this.#names.take(wish);
    lines.push(`${name} := \\`);
    const groups = groupWords(words);
    for (const [index, group] of groups.entries()) {
      const text = group.map((word) => this.#word(word, undefined, []).replaceAll("#", "$(HASH)")).join(" ");
      lines.push(`  ${text}${index + 1 < groups.length ? " \\" : ""}`);
    }
    return [`$(${name})`];
  }

  /** A word as it stands in a recipe. */
  #word(word: Word, step: Step | undefined, objects: readonly string[]): string {
    if (word.length === 1 && word[0]?.kind === "file" && word[0].role === "objects") return objects.join(" ");
    const text = wordText(word);
    const named = word.some((part) => part.kind === "root" || part.kind === "file");
    if (!named || !isPlain(text.replaceAll("=", ""))) return makeText(quotePosix(text));
    const [output] = step?.outputs ?? [];
    return word.map((part) => this.#part(part, step?.source, output)).join("");
  }

  #part(part: Part, source: string | undefined, output: string | undefined): string {
    switch (part.kind) {
      case "text":
      case "path":
        return makeText(part.text);
      case "root": {
        const variable = this.roots.get(part.name);
        return variable === undefined ? makeText(part.path) : `$(${variable})`;
      }
      case "file":
        if (part.role === "source" && part.text === source) return "$<";
        return part.role === "output" && part.text === output ? "$@" : makeText(part.text);
    }
  }

  #rule(step: Step, command: string): string[] {
    const { action } = step;
    const [output = action.id, ...others] = step.outputs;
    const prerequisites = [...step.inputs.map(makeName), "$(MAKEFILE)"];
    const lines = [`${makeName(output)}: ${prerequisites.join(" ")}`];
    const folders = unique(
      [...step.outputs, ...(step.depfile === undefined ? [] : [step.depfile])].map((path) => dirname(path)),
    );
    lines.push(...makeFolders(folders));
    const enter = action.cwd === this.#root ? "" : `cd ${recipe(action.cwd)} && `;
    if (action.responseFile !== undefined) lines.push(...responseLines(action.responseFile, enter));
    lines.push(`\t${enter}${makeText(posixAssignments(action.env))}${command}`);
    for (const other of others) {
      // One command makes several files: when a later one is lost, the first one is made again.
      lines.push("", `${makeName(other)}: ${makeName(output)}`);
      lines.push(
        `\t@test -f ${recipe(other)} || { rm -f ${recipe(output)} && $(MAKE) -f $(MAKEFILE) ${recipe(output)}; }`,
      );
    }
    return lines;
  }
}

function responseLines(file: { readonly path: string; readonly content: string }, enter: string): string[] {
  const lines = [`\t@${enter}: > ${recipe(file.path)}`];
  // One word for the shell may not be longer than 128 KiB on Linux.
  for (const line of file.content.split("\n")) {
    lines.push(`\t@${enter}printf '%s\\n' ${recipe(line)} >> ${recipe(file.path)}`);
  }
  return lines;
}

function makeFolders(folders: readonly string[]): string[] {
  const missing = folders.filter((folder) => folder !== ".");
  return missing.length === 0 ? [] : [`\t@mkdir -p ${missing.map(recipe).join(" ")}`];
}

/** A path as a word of a recipe. */
function recipe(path: string): string {
  return makeText(quotePosix(path));
}

/** Whether a path may stand unquoted everywhere, inside a word too. */
function isPlain(path: string): boolean {
  return /^[A-Za-z0-9_@+:,./-]+$/.test(path);
}
