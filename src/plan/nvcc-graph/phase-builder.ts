/**
 * What the phases of one source have in common: a folder and names for what lies between the source and its object, words
 * in which nvcc's temporary names are replaced, and programs of the toolkit that are known each by its own content. It
 * does not know which phases there are.
 */
import { posix } from "node:path";
import type { HostCompiler, Tool } from "../../environment/environment.ts";
import type { Action, Arg, PathArg } from "../graph.ts";
import { actionId, type Places, spelled } from "../paths.ts";
import { namesTemporary } from "./dry-run.ts";
import type { Phases } from "./roles.ts";

/** What the phases of one source are made from. */
export interface PhaseInput {
  /** The whole nvcc command, as planned. */
  readonly whole: Action;
  readonly phases: Phases;
  readonly buildDir: string;
  readonly family: HostCompiler["family"];
  readonly moduleId: string;
  /** Whether a path names the host compiler by another name. */
  readonly isHostCompiler?: (path: string) => boolean;
}

/** Folder for what lies between a source and its object. */
export function phaseFolder(object: string): string {
  return `${object}.phases`;
}

/** An action of which the builder adds what all phases have in common. */
export type Fresh = Pick<Action, "kind" | "command" | "tools" | "inputs" | "outputs"> &
  Partial<Action> & {
    readonly what: string;
    /**
     * Part of the memory of the whole command, which is that of cicc. Measured with `torch/extension.h`: cicc 3.1 GB,
     * cudafe++ 2.3, the host compiler 1.6, preprocessing 0.2.
     */
    readonly share: number;
  };

/** A temporary name of nvcc and what takes its place. */
export type Names = ReadonlyMap<string, PathArg>;

/** Makes the phases of one source. */
export class PhaseBuilder {
  readonly input: PhaseInput;
  readonly object: string;
  /** The source as people see it. */
  readonly displayed: string;
  readonly host: Tool;
  /** Why the command cannot be taken apart, as far as has been found. */
  problem: string | undefined;
  readonly #nvcc: Tool;
  readonly #places: Places;
  readonly #folder: string;

  constructor(input: PhaseInput) {
    this.input = input;
    const { whole, buildDir } = input;
    const [nvcc, host] = whole.tools;
    if (nvcc === undefined || host === undefined) throw new Error("a CUDA compile has two tools");
    this.#nvcc = nvcc;
    this.host = host;
    this.#places = { platform: "linux", path: posix, root: whole.cwd, buildDir };
    this.object = whole.outputs[0] ?? "";
    this.#folder = phaseFolder(this.object);
    this.displayed = whole.description.replace(/^compile /, "");
  }

  action({ what, share, ...given }: Fresh): Action {
    const { whole } = this.input;
    return {
      id: this.id(given.outputs[0] ?? ""),
      description: what,
      extension: whole.extension,
      cwd: whole.cwd,
      env: {},
      keyVariables: [],
      includeSearch: [],
      librarySearch: [],
      memoryEstimate: Math.max(60_000_000, whole.memoryEstimate * share),
      cacheable: whole.cacheable,
      group: whole.id,
      source: whole.source ?? "",
      ...given,
    };
  }

  /** Identity of the action that makes a file. */
  id(output: string): string {
    return actionId(this.#places, output);
  }

  /** Words with nvcc's temporary names replaced, and with what is known of the paths among them. */
  words(words: readonly string[], names: Names): Arg[] {
    return words.map((word, i): Arg => {
      const named = names.get(word);
      if (named !== undefined) return named;
      if (namesTemporary(word)) this.problem ??= `a temporary file of nvcc is not understood: \`${word}\``;
      // The place of the source, which comes into the output with debug information only.
      if (words[i - 1] === "--orig_src_path_name") return { path: word, ...(this.#literal() ? { literal: true } : {}) };
      const map = /^(-f(?:file|macro|debug)-prefix-map=)(\/.*)(=[^=]*)$/.exec(word);
      if (map !== null) return { prefix: map[1] ?? "", path: map[2] ?? "", suffix: map[3] ?? "" };
      return word;
    });
  }

  moduleId(name: string): [NonNullable<Action["responseFile"]>, PathArg] {
    const path = this.spelled(this.at(name));
    return [{ path, content: this.input.moduleId }, { path }];
  }

  program(name: string): PathArg {
    const part = this.#nvcc.parts.find((each) => each.name === name);
    if (part === undefined) this.problem ??= `\`${name}\` was not found beside nvcc`;
    return { path: part?.path ?? name, role: "tool" };
  }

  /** Some releases bring a second cicc for new architectures: it must be the one whose content is known. */
  checkPlace(name: string, program: string): void {
    const place = (path: string): string => path.split("/").slice(-3).join("/");
    const part = this.#nvcc.parts.find((each) => each.name === name);
    if (program.includes("/") && part !== undefined && place(posix.normalize(program)) !== place(part.path))
      this.problem ??= `nvcc would run another ${name}: \`${program}\``;
  }

  hostProgram(): PathArg {
    return { path: this.input.phases.hostCompile.program, role: "tool" };
  }

  hasPart(name: string): boolean {
    return this.#nvcc.parts.some((part) => part.name === name);
  }

  /** A program of the toolkit, known by its own content and not by that of all of nvcc. */
  part(...names: readonly string[]): Tool {
    const parts = this.#nvcc.parts.filter(({ name }) => names.includes(name));
    return {
      name: names[0] ?? "",
      path: parts[0]?.path ?? "",
      version: this.#nvcc.version,
      launcher: [],
      identity: this.#nvcc.identity,
      parts,
    };
  }

  /** A file of the folder. Absolute. */
  at(name: string): string {
    return posix.join(this.#folder, name);
  }

  /** A path as commands have it. */
  spelled(path: string): string {
    return spelled(this.#places, path);
  }

  path(file: string, role: NonNullable<PathArg["role"]>, prefix?: string): PathArg {
    return { path: this.spelled(file), role, ...(prefix === undefined ? {} : { prefix }) };
  }

  inputArg(file: string): PathArg {
    return this.path(file, "input");
  }

  outputArg(file: string): PathArg {
    return this.path(file, "output");
  }

  #literal(): boolean {
    return this.input.whole.command.some(
      (arg) => typeof arg !== "string" && arg.role === "input" && arg.literal === true,
    );
  }
}
