/**
 * What pybind11 says of a call that fits no overload: the names of the arguments that a binding takes and the keywords that
 * it was called with. Whether the types fit is not known here.
 */

export interface CallFacts {
  /** Names in the list of supported types: `arg0` where the binding gives none. */
  readonly boundNames: readonly string[];
  /** Keywords of the call: `scale` of `Invoked with: kwargs: scale=2.0`. */
  readonly keywords: readonly string[];
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

/** Gathers them line by line. */
export class CallReader {
  readonly #names: string[] = [];
  readonly #keywords: string[] = [];

  line(text: string): void {
    const signature = /^\s*\d+\. [\w.]*\((.{1,1500})\)(?: -> |\s*$)/.exec(text)?.[1];
    if (signature !== undefined) {
      for (const [, name = ""] of outermost(signature).matchAll(/(?:^|, )\*{0,2}(\w+)(?=:|,|$)/g))
        if (!this.#names.includes(name) && this.#names.length < mostNames) this.#names.push(name);
      return;
    }
    const call = /^\s*Invoked with: (?:.*; |.*, )?kwargs: (.*)$/.exec(text.slice(0, 4_000))?.[1];
    if (call === undefined) return;
    for (const [, name = ""] of outermost(call).matchAll(/(?:^|, )([A-Za-z_]\w*)=/g))
      if (!this.#keywords.includes(name) && this.#keywords.length < mostNames) this.#keywords.push(name);
  }

  facts(): CallFacts {
    return { boundNames: [...this.#names], keywords: [...this.#keywords] };
  }
}
