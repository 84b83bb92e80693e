/** What the compiles of all languages have in common: what they are called, what they read and what they leave. */
import type { SourceFile } from "../config/extension.ts";
import { compileFilesIn, type Dialect } from "./flags.ts";
import type { Action } from "./graph.ts";
import { actionId, displayed } from "./paths.ts";
import type { Resolved } from "./resolve.ts";

/** What a compiler has of its own. */
export interface CompileParts
  extends
    Pick<Action, "kind" | "command" | "env" | "keyVariables" | "tools" | "depfile" | "includeSearch" | "cacheable">,
    Partial<Pick<Action, "outputs" | "librarySearch" | "inPlace" | "responseFile" | "gccHeap" | "largePages">> {
  readonly object: string;
  /** Words of the user, which may name files. */
  readonly words: readonly string[];
  /** How these words are spelled. */
  readonly style: Dialect;
  /** Guesses, in bytes, for a source that takes in torch's headers and for others. */
  readonly memory: { readonly torch: number; readonly plain: number };
}

/** The action that compiles one source. */
export function compileAction(resolved: Resolved, source: SourceFile, parts: CompileParts): Action {
  const { extension, places } = resolved;
  const { object, words, style, memory, ...own } = parts;
  return {
    id: actionId(places, object),
    description: `compile ${displayed(places, source.path)}`,
    extension: extension.name,
    cwd: places.root,
    inputs: [
      source.path,
      ...compileFilesIn(words, style).map((file) => places.path.resolve(places.root, file)),
      ...(extension.depends ?? []),
    ],
    outputs: [object],
    librarySearch: [],
    memoryEstimate: extension.usesTorch ? memory.torch : memory.plain,
    source: source.path,
    ...own,
  };
}
