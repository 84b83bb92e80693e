/**
 * What pybind11 says of a call that fits no overload: the names of the arguments that a binding takes and the keywords that
 * it was called with. Whether the types fit is not known here.
 */

export interface CallFacts {
  /** Names in the list of supported types: `arg0` where the binding gives none. */
  readonly boundNames: readonly string[];
  /** Keywords of the call: `scale` of `Invoked with: kwargs: scale=2.0`. */
  readonly keywords: readonly string[];
  /** A call that the one signature there is shows to be wrong: which argument, what it takes, what it got. */
  readonly wrongArgument?: WrongArgument;
}

/** Positions count from 1. */
export interface WrongArgument {
  readonly position: number;
  readonly name: string;
  readonly wants: string;
  readonly got: string;
}

const mostNames = 60;

/** Without what stands in brackets: a tensor's own `device='cuda:0'` is no keyword of the call. */
function outermost(text: string): string {
  let depth = 0;
  let kept = "";
  for (const letter of text) {
    if ("([{<".includes(letter)) depth++;
    else if (")]}>".includes(letter)) depth = Math.max(0, depth - 1);
    else if (depth === 0) kept += letter;
  }
  return kept;
}

/** The parts between the commas that stand in no bracket. */
function parts(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? "";
    if ("([{<".includes(letter)) depth++;
    else if (")]}>".includes(letter)) depth = Math.max(0, depth - 1);
    else if (letter === "," && depth === 0) {
      found.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  found.push(text.slice(start).trim());
  return found.filter((part) => part !== "");
}

/** How many brackets are open behind a line. */
function depthBehind(text: string, before: number): number {
  let depth = before;
  for (const letter of text.slice(0, 4_000)) {
    if ("([{".includes(letter)) depth++;
    else if (")]}".includes(letter)) depth = Math.max(0, depth - 1);
  }
  return depth;
}

/** A printed tensor without its numbers: `tensor([…]), 4.0`. */
function withoutRows(text: string): string {
  let depth = 0;
  let kept = "";
  for (const letter of text) {
    const isOpening = "([{".includes(letter);
    if (!isOpening && ")]}".includes(letter)) depth = Math.max(0, depth - 1);
    if (depth < 2) kept += letter;
    if (isOpening) depth++;
  }
  return kept;
}

/** A tensor of four dimensions is printed in fewer lines. */
const mostLines = 120;

/** Forms of printed values that are no tensor for sure. */
const printed: readonly (readonly [form: RegExp, what: string])[] = [
  [/^None$/, "None"],
  [/^\[/, "a list"],
  [/^\(/, "a tuple"],
  [/^array\(/, "a NumPy array"],
  [/^(?:True|False)$/, "a bool"],
  [/^-?\d+$/, "an int"],
  [/^-?(?:\d+\.\d*|\.\d+)(?:e[-+]?\d+)?$|^(?:inf|nan)$/, "a float"],
  [/^['"]/, "a str"],
  [/^Parameter containing:|^tensor\(/, "a tensor"],
];

function wrongArgument(signature: readonly string[], call: readonly string[]): WrongArgument | undefined {
  for (const [index, value] of call.entries()) {
    const [, name = "", wants = ""] = /^(\w+): (.*?)(?: = .*)?$/.exec(signature[index] ?? "") ?? [];
    const got = printed.find(([form]) => form.test(value))?.[1];
    if (got === undefined || wants === "") continue;
    const isTensor = /^(?:torch|at)(?:::|\.)Tensor$/.test(wants);
    const isNumber = /^(?:int|float|bool|typing\.Supports(?:Int|Float|Index).*)$/.test(wants);
    if ((isTensor && got !== "a tensor") || (isNumber && !/^(?:an int|a float|a bool)$/.test(got)))
      return {
        position: index + 1,
        name,
        wants: isTensor ? "a tensor" : /Float|^float/.test(wants) ? "a float" : wants === "bool" ? "a bool" : "an int",
        got,
      };
    // pybind11 3 writes `collections.abc.Sequence[…]`, 2 `list[…]` or `List[…]`; a str is no list for it.
    const isList = /^(?:collections\.abc\.Sequence|Sequence|list|List)\[/.test(wants);
    if (isList && /^(?:an int|a float|a bool|a str|None)$/.test(got))
      return { position: index + 1, name, wants: "a list", got };
    if (/^(?:int|typing\.SupportsInt(?:\b(?!.*Float).*)?)$/.test(wants) && got === "a float")
      return { position: index + 1, name, wants: "an int", got };
  }
  return undefined;
}

/** Gathers them line by line. */
export class CallReader {
  readonly #names: string[] = [];
  readonly #keywords: string[] = [];
  #signatures: string[][] = [];
  #wrong: WrongArgument | undefined;
  /** A call that goes on: what a printed tensor fills, over several lines. */
  #begun: { text: string; depth: number; lines: number } | undefined;

  /** Whether the line before belongs to a call that goes on in the next one. */
  get open(): boolean {
    return this.#begun !== undefined;
  }

  line(text: string): void {
    if (this.#begun !== undefined) {
      const begun = this.#begun;
      begun.depth = depthBehind(text, begun.depth);
      if (begun.text.length < 3_000 || begun.depth === 0) begun.text += ` ${text.trim().slice(-1_000)}`;
      if (begun.depth > 0 && ++begun.lines < mostLines && !/^\s*(?:Invoked with:|Traceback )/.test(text)) return;
      this.#begun = undefined;
      if (begun.depth === 0) this.#call(withoutRows(begun.text));
      return;
    }
    const signature = /^\s*\d+\. [\w.]*\((.{1,1500})\)(?: -> |\s*$)/.exec(text)?.[1];
    if (signature !== undefined) {
      if (this.#signatures.length < 2) this.#signatures.push(parts(signature));
      for (const [, name = ""] of outermost(signature).matchAll(/(?:^|, )\*{0,2}(\w+)(?=:|,|$)/g))
        if (!this.#names.includes(name) && this.#names.length < mostNames) this.#names.push(name);
      return;
    }
    if (/^\s*Invoked with: /.test(text)) {
      const depth = depthBehind(text, 0);
      if (depth > 0 && text.length < 2_000) this.#begun = { text, depth, lines: 0 };
      else this.#call(text);
    }
  }

  #call(text: string): void {
    const values = /^\s*Invoked with: (?!kwargs)(.*?)(?:; kwargs: .*)?$/.exec(text.slice(0, 2_000))?.[1];
    const [only, second] = this.#signatures;
    if (values !== undefined && only !== undefined && second === undefined)
      this.#wrong ??= wrongArgument(only, parts(values));
    if (values !== undefined) this.#signatures = [];
    const call = /^\s*Invoked with: (?:.*; |.*, )?kwargs: (.*)$/.exec(text.slice(0, 4_000))?.[1];
    if (call === undefined) return;
    for (const [, name = ""] of outermost(call).matchAll(/(?:^|, )([A-Za-z_]\w*)=/g))
      if (!this.#keywords.includes(name) && this.#keywords.length < mostNames) this.#keywords.push(name);
  }

  facts(): CallFacts {
    return {
      boundNames: [...this.#names],
      keywords: [...this.#keywords],
      ...(this.#wrong === undefined ? {} : { wrongArgument: this.#wrong }),
    };
  }
}
