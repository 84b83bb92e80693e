/** Sessions of Python that people paste, and `python -c`: what they import, and in which order. It does not know whether an import failed. */

/** What a paste says of sessions of Python. */
export interface SessionFacts {
  /** Modules that a pasted interactive session (or `python -c`) imported, in order. */
  readonly imports: readonly string[];
  /** An import was the last thing that the session did. */
  readonly importsLast: boolean;
  /** A module that did not load, and does in the same session after torch was imported. */
  readonly loadsAfterTorch?: string;
  /** The binding of Qt that the text has installed or imports: `PyQt5`. */
  readonly guiToolkit?: string;
}

type Mutable = { -readonly [Name in keyof SessionFacts]: SessionFacts[Name] };

/** A line that was typed into Python or IPython, or given to `python -c`. */
const typed = /^(?:>>> |In \[\d+\]: )(.*)$|\bpython[\d.]* -c ["'](.*?)["']/;
const mostImports = 8;

/** Gathers them line by line. */
export class SessionReader {
  readonly #imports: string[] = [];
  readonly #withoutTorch = new Set<string>();
  #hasTorch = false;
  readonly #facts: Mutable = { imports: this.#imports, importsLast: false };

  line(text: string): void {
    const facts = this.#facts;
    if (text.startsWith("Python 3.")) this.#hasTorch = false;
    if (facts.loadsAfterTorch !== undefined && /^(?:Traceback|\w+Error)\b/.test(text)) delete facts.loadsAfterTorch;
    if (text.length > 2_000) return;
    if (facts.guiToolkit === undefined && /Py(?:Qt|Side)\d/.test(text)) {
      const toolkit = /(?:^|[\s'"])(Py(?:Qt|Side)\d)(?=\s|$|[.=,;])/.exec(text)?.[1];
      if (toolkit !== undefined) facts.guiToolkit = toolkit;
    }
    if (text.startsWith(">>> ") || text.startsWith("In [") || text.includes(" -c ")) this.#typed(text);
  }

  #typed(text: string): void {
    const said = typed.exec(text.length > 400 ? text.slice(0, 400) : text);
    if (said === null) return;
    // Each `python -c` is a session of its own.
    if (said[2] !== undefined) this.#hasTorch = false;
    for (const statement of (said[1] ?? said[2] ?? "").split(";")) {
      const modules = /^\s*(?:import\s+([\w., ]+)|from\s+([\w.]+)\s+import\b)/.exec(statement);
      this.#facts.importsLast = modules !== null;
      for (const module of (modules?.[1] ?? modules?.[2] ?? "").split(",")) {
        const name = /^\s*([A-Za-z_]\w*)/.exec(module)?.[1];
        if (name !== undefined) this.#inOrder(name);
        if (name === undefined || this.#imports.length >= mostImports || this.#imports.includes(name)) continue;
        this.#imports.push(name);
      }
    }
  }

  /** A module that was imported without torch, and once more after it. */
  #inOrder(name: string): void {
    if (name === "torch") this.#hasTorch = true;
    else if (!this.#hasTorch) this.#withoutTorch.add(name);
    else if (this.#withoutTorch.has(name)) this.#facts.loadsAfterTorch = name;
  }

  facts(): SessionFacts {
    return { ...this.#facts, imports: [...this.#imports] };
  }
}
