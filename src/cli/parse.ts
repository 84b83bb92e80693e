/** Reads the words of a command line by the table. Knows the form of options, not what any of them means. */
import { failure, type Failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { parseSize } from "../cache/cache-size.ts";
import { closest } from "../config/suggest.ts";
import type { AnyCommand, CommandInput, OptionSpec, OptionSpecs, OptionValues } from "./spec.ts";

/** The value of one option. */
type Value = boolean | string | number | readonly (string | number)[];

/** Reads the words after the name of a command. */
export function parseCommand(
  command: AnyCommand,
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Result<CommandInput> {
  const given = new Map<string, (string | true)[]>();
  const operands: string[] = [];
  const context = { command, given, operands };
  for (let at = 0; at < words.length;) {
    const word = words[at] ?? "";
    if (command.passes === true && operands.length > 0) {
      operands.push(...words.slice(at));
      break;
    }
    if (word === "--") {
      operands.push(...words.slice(at + 1));
      break;
    }
    const next = words[at + 1];
    const step = word.startsWith("--")
      ? readLong(context, word, next)
      : word.startsWith("-") && word.length > 1
        ? readShort(context, word, next)
        : readOperand(context, word);
    if (!step.ok) return step;
    at += step.value;
  }

  const values: Record<string, Value | undefined> = {};
  for (const [name, spec] of Object.entries(command.options)) {
    const value = valueOf(name, spec, given.get(name), env);
    if (!value.ok) return value;
    values[name] = value.value;
  }
  // Whoever asks for help gets it, whatever else is wrong.
  if (values["help"] === true) return ok({ options: values as OptionValues<OptionSpecs>, operands });
  const problem = findConflict(command, given) ?? checkOperands(command, operands);
  if (problem !== undefined) return err(problem);
  return ok({ options: values as OptionValues<OptionSpecs>, operands });
}

interface Reading {
  readonly command: AnyCommand;
  readonly given: Map<string, (string | true)[]>;
  readonly operands: string[];
}

/** How many words were taken. */
type Taken = Result<number>;

function readOperand({ operands }: Reading, word: string): Taken {
  operands.push(word);
  return ok(1);
}

function readLong(reading: Reading, word: string, next: string | undefined): Taken {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
  const spec = reading.command.options[name];
  if (spec === undefined) return err(unknownOption(reading.command, `--${name}`));
  if (equals < 0) return take(reading, { name, spec, shown: `--${name}` }, next);
  if (spec.type === "flag") return err(usage(`\`--${name}\` takes no value`, { hint: `write \`--${name}\` alone` }));
  note(reading, name, word.slice(equals + 1));
  return ok(1);
}

/** `-v`, `-j4`, `-j 4`, `-vj4`: letters that take nothing, then perhaps one with its value. */
function readShort(reading: Reading, word: string, next: string | undefined): Taken {
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] ?? "";
    const found = Object.entries(reading.command.options).find(([, spec]) => spec.short === letter);
    if (found === undefined) return err(unknownShort(reading.command, word, letter));
    const [name, spec] = found;
    if (spec.type === "flag") {
      note(reading, name, true);
      continue;
    }
    const rest = word.slice(at + 1);
    if (rest !== "") {
      note(reading, name, rest);
      return ok(1);
    }
    return take(reading, { name, spec, shown: `-${letter}` }, next);
  }
  return ok(1);
}

/** An option without a value in its own word: a flag, or its value is the next word. */
function take(
  reading: Reading,
  option: { readonly name: string; readonly spec: OptionSpec; readonly shown: string },
  next: string | undefined,
): Taken {
  const { name, spec, shown } = option;
  if (spec.type === "flag") {
    note(reading, name, true);
    return ok(1);
  }
  if (next === undefined) return err(usage(`\`${shown}\` needs ${valueName(spec)}`, exampleOf(name, spec)));
  if (next.startsWith("-") && next !== "-" && spec.dashValue !== true) {
    const attached = shown.startsWith("--") ? `${shown}=${next}` : `${shown}${next}`;
    return err(
      usage(`\`${shown}\` needs ${valueName(spec)}, but \`${next}\` follows`, {
        hint: `if \`${next}\` is meant as the value, write \`${attached}\``,
      }),
    );
  }
  note(reading, name, next);
  return ok(2);
}

function note({ given }: Reading, name: string, value: string | true): void {
  const known = given.get(name);
  if (known === undefined) given.set(name, [value]);
  else known.push(value);
}

/** The value of an option: what was given, else what a variable says. Of several the last one counts. */
function valueOf(
  name: string,
  spec: OptionSpec,
  given: readonly (string | true)[] | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Result<Value | undefined> {
  if (given !== undefined) {
    if (spec.type === "flag") return ok(true);
    return each(given.map(String), spec, `\`--${name}\``);
  }
  const variable = spec.variables?.find((candidate) => (env[candidate] ?? "") !== "");
  const text = variable === undefined ? undefined : env[variable];
  if (variable === undefined || text === undefined) {
    return ok(spec.type === "flag" ? false : spec.repeatable === true ? [] : undefined);
  }
  const source = `the variable \`${variable}\``;
  if (spec.type !== "flag") return each([text], spec, source);
  const truth = /^(?:1|true|yes|on)$/i.test(text);
  if (truth || /^(?:0|false|no|off)$/i.test(text)) return ok(truth);
  return err(usage(`${source} must be 1 or 0, not \`${text}\``));
}

function each(texts: readonly string[], spec: OptionSpec, source: string): Result<Value | undefined> {
  const values: (string | number)[] = [];
  for (const text of texts) {
    const value = convert(text, spec, source);
    if (!value.ok) return value;
    values.push(value.value);
  }
  return ok(spec.repeatable === true ? values : values[values.length - 1]);
}

function convert(text: string, spec: OptionSpec, source: string): Result<string | number> {
  switch (spec.type) {
    case "text":
    case "flag":
      return ok(text);
    case "count":
      if (/^[1-9]\d{0,8}$/.test(text)) return ok(Number(text));
      return err(usage(`${source} must be a whole number above 0, not \`${text}\``));
    case "size": {
      const size = parseSize(text);
      if (size !== undefined && size > 0) return ok(size);
      return err(usage(`${source} must be a size above 0, not \`${text}\``, { hint: "write `8G` or `512M`" }));
    }
    case "choice": {
      const choices = spec.choices ?? [];
      if (choices.includes(text)) return ok(text);
      const near = closest(text, choices);
      return err(
        usage(
          `${source} must be ${alternatives(choices)}, not \`${text}\``,
          near === undefined ? {} : didYouMean(near),
        ),
      );
    }
  }
}

function findConflict(command: AnyCommand, given: ReadonlyMap<string, unknown>): Failure | undefined {
  for (const name of given.keys()) {
    const other = command.options[name]?.conflicts?.find((candidate) => given.has(candidate));
    if (other !== undefined) return usage(`\`--${name}\` and \`--${other}\` cannot be used together`);
  }
  return undefined;
}

function checkOperands(command: AnyCommand, operands: readonly string[]): Failure | undefined {
  const needed = command.operands.filter((operand) => operand.optional !== true);
  const missing = needed[operands.length];
  if (missing !== undefined) {
    const values = missing.choices?.map(([value]) => value);
    return usage(
      `\`retorch ${command.name}\` needs ${missing.name}`,
      values === undefined ? seeHelp(command) : { hint: `give ${alternatives(values)}` },
    );
  }
  const last = command.operands[command.operands.length - 1];
  if (operands.length > command.operands.length && last?.repeatable !== true) {
    const extra = operands[command.operands.length] ?? "";
    return usage(`\`retorch ${command.name}\` takes no argument \`${extra}\``, seeHelp(command));
  }
  for (const [index, operand] of operands.entries()) {
    const spec = command.operands[Math.min(index, command.operands.length - 1)];
    const values = spec?.choices?.map(([value]) => value);
    if (spec === undefined || values === undefined || values.includes(operand)) continue;
    const near = closest(operand, values);
    return usage(
      `${spec.name} must be ${alternatives(values)}, not \`${operand}\``,
      near === undefined ? {} : didYouMean(near),
    );
  }
  return undefined;
}

function unknownOption(command: AnyCommand, shown: string): Failure {
  const near = closest(
    shown.slice(2),
    Object.keys(command.options).filter((name) => name.length > 1),
  );
  return usage(
    `\`retorch ${command.name}\` has no option \`${shown}\``,
    near === undefined ? seeHelp(command) : didYouMean(`--${near}`),
  );
}

function unknownShort(command: AnyCommand, word: string, letter: string): Failure {
  const shown = word.length === 2 ? `\`${word}\`` : `\`-${letter}\` (in \`${word}\`)`;
  // `-jobs`, `-name=x`: one dash instead of two.
  const long = word.slice(1).split("=")[0] ?? "";
  const other = Object.entries(command.options).find(([, spec]) => spec.short?.toLowerCase() === letter.toLowerCase());
  const hint =
    command.options[long] !== undefined
      ? didYouMean(`--${word.slice(1)}`)
      : other?.[1].short === undefined
        ? seeHelp(command)
        : didYouMean(`-${other[1].short}`);
  return usage(`\`retorch ${command.name}\` has no option ${shown}`, hint);
}

function valueName(spec: OptionSpec): string {
  return spec.argument === undefined ? "a value" : `a value (${spec.argument})`;
}

function exampleOf(name: string, spec: OptionSpec): { readonly hint?: string } {
  const [choice] = spec.choices ?? [];
  return choice === undefined ? {} : { hint: `for example \`--${name} ${choice}\`` };
}

function didYouMean(what: string): { readonly hint: string } {
  return { hint: `did you mean \`${what}\`?` };
}

function seeHelp(command: AnyCommand): { readonly hint: string } {
  return { hint: `see \`retorch ${command.name} --help\`` };
}

/** `a`, `a` or `b`, … each in backticks. */
function alternatives(values: readonly string[]): string {
  const quoted = values.map((value) => `\`${value}\``);
  const last = quoted.pop() ?? "";
  return quoted.length === 0 ? last : `${quoted.join(", ")} or ${last}`;
}

/** A failure of usage. */
export function usage(message: string, more: { readonly hint?: string } = {}): Failure {
  return failure("USAGE", message, more);
}
