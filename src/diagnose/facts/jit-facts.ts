/**
 * What torch says of the extensions that it builds while a program runs, and what the text calls: those that it takes as built
 * already in this process, and names that the text gives to load(). It does not know whether a build before was a good one.
 */

export interface JitFacts {
  /** An extension that torch did not build because nothing of it has changed since the last call in this process. */
  readonly unchangedExtension?: string;
  /** The name that a statement of the text gives to load() or load_inline(). */
  readonly loadedName?: string;
}

/** Gathers them line by line. */
export class JitReader {
  #unchanged: string | undefined;
  #loaded: string | undefined;

  line(text: string): void {
    if (text.length > 1_000) return;
    if (text.includes("skipping build step"))
      this.#unchanged =
        /^No modifications detected for re-loaded extension module (\w{1,80}), skipping build step/.exec(text)?.[1] ??
        this.#unchanged;
    if (text.includes("load"))
      this.#loaded ??= /\bload(?:_inline)?\(\s*(?:name\s*=\s*)?["'](\w{1,80})["']/.exec(text)?.[1];
  }

  facts(): JitFacts {
    return {
      ...(this.#unchanged === undefined ? {} : { unchangedExtension: this.#unchanged }),
      ...(this.#loaded === undefined ? {} : { loadedName: this.#loaded }),
    };
  }
}
