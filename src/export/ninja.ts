/** The build as a file for ninja: one rule for each kind of command, dependency files read by ninja itself. */
import { dirname } from "node:path";
import { err, ok, type Result } from "../base/result.ts";
import type { Graph } from "../plan/graph.ts";
import { flagsVariable, programVariable, VariableNames } from "./names.ts";
import { ninjaCannotName, ninjaName, ninjaText, posixAssignments, posixCommand, quotePosix } from "./quote.ts";
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

/** The graph as text of a `build.ninja` that is run in the project folder. */
export function ninjaFile(graph: Graph, options: ExportOptions): Result<string> {
  const all = stepsOf(graph);
  const { root, groups, artifacts, roots } = all;
  for (const file of namedFiles(all)) {
    const character = ninjaCannotName(file);
    if (character !== undefined) return err(unsupportedPath("ninja", file, character));
  }
  const multiline = multilineText(all, environmentOf(graph.actions, options));
  if (multiline !== undefined) return err(unsupportedValue("ninja", multiline));

  const names = new VariableNames(["in", "out", "builddir"]);
  const writer = new NinjaWriter(root, names, options);
  const head = [
    `# Written by ${options.generator.replaceAll(/[\r\n]+/g, " ")}: the same commands as its own build, for ninja.`,
    "# It stands alone and may be edited. Run it in the project folder: ninja -f THIS_FILE",
    "",
    "ninja_required_version = 1.5",
    `builddir = ${ninjaText(`${shownFolder(graph.buildDir, root)}/ninja`)}`,
    "",
  ];
  for (const folder of roots) {
    if (!isPlain(folder.path)) continue;
    const variable = names.take(folder.name.toLowerCase());
    writer.roots.set(folder.name, variable);
    head.push(`${variable} = ${ninjaText(folder.path)}`);
  }
  const body = groups.flatMap((group) => writer.group(group));
  head.push(...writer.programLines());

  const published = artifacts.filter(({ built, path }) => built !== path);
  if (published.length > 0) {
    body.push("", "rule publish", "  command = cp $in $out.tmp && mv -f $out.tmp $out", "  description = publish $out");
    for (const { built, path } of published) body.push("", `build ${ninjaName(path)}: publish ${ninjaName(built)}`);
  }
  if (artifacts.length > 0) body.push("", `default ${artifacts.map(({ path }) => ninjaName(path)).join(" ")}`);
  return ok(`${[...head, ...body].join("\n")}\n`);
}

/** Writes groups of steps, and remembers the programs that they need. */
class NinjaWriter {
  readonly roots = new Map<string, string>();
  readonly #programs = new Map<string, { readonly variable: string; readonly words: readonly string[] }>();
  readonly #root: string;
  readonly #names: VariableNames;
  readonly #options: ExportOptions;

  constructor(root: string, names: VariableNames, options: ExportOptions) {
    this.#root = root;
    this.#names = names;
    this.#options = options;
  }

  programLines(): string[] {
    return [...this.#programs.values()].map(({ variable, words }) => `${variable} = ${ninjaText(posixCommand(words))}`);
  }

  group(group: StepGroup): string[] {
    const first = group.steps[0]?.step;
    if (first === undefined) return [];
    const program = this.#program(first);
    const lines = ["", `# ${group.extension}: ${group.kind}`];
    const wish = (place: "head" | "tail"): string => flagsVariable(group, program.toUpperCase(), place).toLowerCase();
    const head = this.#variable(wish("head"), group.head, lines);
    const tail = this.#variable(wish("tail"), group.tail, lines);
    // Commands that differ in nothing but their files share a rule.
    const rules = new Map<string, string>();
    for (const { step, middle } of group.steps) {
      const about = step.source === undefined ? step.objects : [step.source];
      const words = [`$${program}`, ...head, ...middle.map((word) => this.#word(word, step)), ...tail];
      const command = this.#before(step) + words.filter((word) => word !== "").join(" ");
      const depfile = depfileText(step);
      const key = JSON.stringify([command, depfile, step.action.responseFile]);
      let rule = rules.get(key);
      if (rule === undefined) {
        rule = this.#names.take(`${group.kind.replaceAll("-", "_")}_${group.extension}`);
        rules.set(key, rule);
        const verb = step.action.description.split(" ")[0] ?? group.kind;
        lines.push("", `rule ${rule}`, `  command = ${command}`);
        if (depfile !== undefined) lines.push(`  depfile = ${depfile}`, "  deps = gcc");
        if (step.action.responseFile !== undefined) lines.push(...responseLines(step.action.responseFile));
        lines.push(
          `  description = ${ninjaText(verb.replaceAll(/\s+/g, " "))} ${step.source === undefined ? "$out" : "$in"}`,
        );
      }
      const implicit = step.inputs.filter((file) => !about.includes(file));
      const explicit = about.length === 0 ? "" : ` ${about.map(ninjaName).join(" ")}`;
      lines.push(
        "",
        `build ${step.outputs.map(ninjaName).join(" ")}: ${rule}${explicit}${
          implicit.length === 0 ? "" : ` | ${implicit.map(ninjaName).join(" ")}`
        }`,
      );
    }
    return lines;
  }

  #program(step: Step): string {
    const key = JSON.stringify(step.program);
    const known = this.#programs.get(key);
    if (known !== undefined) return known.variable;
    const variable = this.#names.take(programVariable(step).toLowerCase());
    this.#programs.set(key, { variable, words: step.program });
    return variable;
  }

  #variable(wish: string, words: readonly Word[], lines: string[]): string[] {
    if (words.length < 2) return words.map((word) => this.#word(word, undefined));
    const name = this.#names.take(wish);
    lines.push(`${name} = $`);
    const groups = groupWords(words);
    for (const [index, group] of groups.entries()) {
      const text = group.map((word) => this.#word(word, undefined)).join(" ");
      lines.push(`    ${text}${index + 1 < groups.length ? " $" : ""}`);
    }
    return [`$${name}`];
  }

  /** What goes before the program: the folder and the environment. */
  #before(step: Step): string {
    const { action } = step;
    const enter = action.cwd === this.#root ? "" : `cd ${ninjaText(quotePosix(action.cwd))} && `;
    const env = { ...Object.fromEntries(environmentOf([action], this.#options)), ...action.env };
    // ninja makes the folders of outputs, not that of another dependency file.
    const folder = step.depfile === undefined ? undefined : dirname(step.depfile);
    const lost = folder !== undefined && !step.outputs.some((output) => dirname(output) === folder);
    const make = lost ? `mkdir -p ${ninjaText(quotePosix(folder))} && ` : "";
    return make + enter + ninjaText(posixAssignments(env));
  }

  #word(word: Word, step: Step | undefined): string {
    // ninja itself quotes $in and $out for the shell, also inside a word.
    const plainAround = word.every(
      (part) => part.kind === "file" || isPlain(part.kind === "root" ? part.path : part.text.replaceAll("=", "")),
    );
    const named = word.some((part) => part.kind === "root" || part.kind === "file");
    if (!named || !plainAround) return ninjaText(quotePosix(wordText(word)));
    return word.map((part) => this.#part(part, step)).join("");
  }

  #part(part: Part, step: Step | undefined): string {
    switch (part.kind) {
      case "text":
      case "path":
        return ninjaText(part.text);
      case "root": {
        const variable = this.roots.get(part.name);
        return variable === undefined ? ninjaText(part.path) : `\${${variable}}`;
      }
      case "file":
        if (part.role === "objects") return "$in";
        if (part.role === "source" && part.text === step?.source) return "$in";
        return part.role === "output" && step?.outputs.length === 1 && part.text === step.outputs[0]
          ? "$out"
          : ninjaText(quotePosix(part.text));
    }
  }
}

function depfileText(step: Step): string | undefined {
  if (step.depfile === undefined) return undefined;
  const [output] = step.outputs;
  return step.outputs.length === 1 && output !== undefined && step.depfile === `${output}.d` && isPlain(output)
    ? "$out.d"
    : ninjaText(step.depfile);
}

function responseLines(file: { readonly path: string; readonly content: string }): string[] {
  return [
    `  rspfile = ${ninjaText(file.path)}`,
    `  rspfile_content = ${ninjaText(file.content.trim().replaceAll(/\r?\n/g, " "))}`,
  ];
}

function shownFolder(path: string, root: string): string {
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
}

function isPlain(path: string): boolean {
  return /^[A-Za-z0-9_@+:,./-]*$/.test(path);
}
