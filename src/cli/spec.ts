/**
 * The form of commands and options. The table in `table.ts` has this form; the parser, `--help`, the completions and
 * the reference are made from it and from nothing else.
 */
import type { CommandContext } from "./context.ts";

/** What an option takes: nothing, a text, a whole number above 0, one of a list, a number of bytes. */
export type OptionType = "flag" | "text" | "count" | "choice" | "size";

/** Headings under which help lists options. */
export const sections = {
  what: "What is built",
  how: "How it is built",
  output: "Output",
} as const;

/** One option. Its key in the table is its long name. */
export interface OptionSpec {
  readonly type: OptionType;
  /** One letter. */
  readonly short?: string;
  /** Name of the value in help: `DIR`. Needed by all types but `flag`. */
  readonly argument?: string;
  /** Values: the only ones of a `choice`, suggestions for a `text`. */
  readonly choices?: readonly string[];
  readonly repeatable?: boolean;
  /** The value may begin with a dash although it stands in a word of its own. */
  readonly dashValue?: boolean;
  /** One sentence without a full stop. */
  readonly description: string;
  readonly section: keyof typeof sections;
  /** Environment variables that give the value when the option is not used; the first that is set counts. */
  readonly variables?: readonly string[];
  /** What holds without the option, in words. */
  readonly default?: string;
  /** Long names of options that cannot be given together with this one. */
  readonly conflicts?: readonly string[];
  /** What a shell completes the value with. */
  readonly completes?: "file" | "folder" | "command";
}

/** Options by their long names. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** The values of parsed options. */
export type OptionValues<O extends OptionSpecs> = {
  readonly [K in keyof O]: O[K] extends { readonly type: "flag" }
    ? boolean
    : O[K] extends { readonly repeatable: true }
      ? readonly ValueOf<O[K]>[]
      : ValueOf<O[K]> | undefined;
};

type ValueOf<S extends OptionSpec> = S extends { readonly type: "count" | "size" }
  ? number
  : S extends { readonly type: "choice"; readonly choices: readonly (infer C)[] }
    ? C
    : string;

/** One argument that is no option. Only the last one may be repeatable. */
export interface OperandSpec {
  /** In capitals: `PATH`. */
  readonly name: string;
  readonly description: string;
  readonly optional?: boolean;
  readonly repeatable?: boolean;
  /** The only values, with their meaning. */
  readonly choices?: readonly (readonly [value: string, description: string])[];
  readonly completes?: "file" | "folder";
}

/** What a command is called with. */
export interface CommandInput<O extends OptionSpecs = OptionSpecs> {
  readonly options: OptionValues<O>;
  readonly operands: readonly string[];
}

/** The file that does a command, loaded when it is called. It says by a number how the process ends. */
export interface CommandModule<O extends OptionSpecs> {
  readonly run: (context: CommandContext, input: CommandInput<O>) => Promise<number>;
}

/** One command. */
export interface CommandSpec<O extends OptionSpecs = OptionSpecs> {
  readonly name: string;
  /** One sentence without a full stop. */
  readonly summary: string;
  /** Further paragraphs of help. */
  readonly details?: readonly string[];
  readonly operands: readonly OperandSpec[];
  /** From the first operand on the words are another program's: none of them is an option here. */
  readonly passes?: boolean;
  readonly options: O;
  readonly examples: readonly { readonly command: string; readonly text: string }[];
  readonly load: () => Promise<CommandModule<O>>;
}

/** A command whose options are no longer known to the type system. */
export type AnyCommand = Omit<CommandSpec, "load"> & { readonly load: () => Promise<CommandModule<OptionSpecs>> };

/** Checks that a row fits its file: the file's `run` takes exactly the options of the row. */
export function defineCommand<const O extends OptionSpecs>(spec: CommandSpec<O>): AnyCommand {
  return spec as unknown as AnyCommand;
}
