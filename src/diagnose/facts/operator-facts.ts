/**
 * What a text shows of operators and of the libraries that register them: code that defines one in Python, what its fake
 * implementation returns, libraries that a build linked, a library that a command names, what `ldd` lists, a script that is
 * printed. Reads one line at a time; of code over several lines it sees each by itself.
 */

export interface ShownScript {
  /** As the command that prints it names it: `run.py`. */
  readonly file: string;
  /** Modules that it imports, in their order. */
  readonly imports: readonly string[];
}

export interface OperatorFacts {
  /** Operators that code of the text defines in Python: `mylib::crop`. */
  readonly pythonOperators: readonly string[];
  /** The arguments of the `new_empty` that a fake implementation returns: `channels, y1 - y0, x1 - x0`. */
  readonly fakeResult?: { readonly tensor: string; readonly sizes: readonly string[] };
  /** Shared libraries that a build of the text linked, by their paths: `../lib/libops.so`. */
  readonly linkedLibraries: readonly string[];
  /** `ldd` of a library lists torch's own, and libtorch_python not among them. */
  readonly lddWithoutTorchPython: boolean;
  /** Scripts that the text prints with what they import. */
  readonly shownScripts: readonly ShownScript[];
}

const most = 30;
const defines = /\bcustom_op\(\s*["'](\w+::\w+)["']/;
const fake = /\b(?:register_fake|impl_abstract|register_meta)\b/;
const returns = /\breturn (\w+)\.new_(?:empty|zeros)\(\s*[([]?((?:[^()[\]]|\([^()]*\)|\[[^[\]]*\])*?)[)\]]?\)\s*$/;
const linked = /\bLinking \w+ shared (?:library|module) (\S+)/;
const listed = /^\s*(libtorch\w*|libc10\w*)\.so\S* => /;
const prints = /(?:^|[$#>%] ?)(?:cat|type|less|more|head|tail) (?:-\S+ )*([\w./\\-]+\.py)\s*$/;
const imports = /^(?:import|from) ([A-Za-z_]\w*)/;
const mostBelow = 30;

/** `a, b.size(0), (c, d)` by its outer commas. */
function partedArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at] ?? "";
    if ("([{".includes(sign)) depth++;
    else if (")]}".includes(sign)) depth--;
    else if (sign === "," && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts.map((part) => part.trim()).filter((part) => part !== "" && !/^\w+ ?= ?/.test(part));
}

/** Gathers them line by line. */
export class OperatorReader {
  readonly #operators = new Set<string>();
  readonly #linked = new Set<string>();
  readonly #listed = new Set<string>();
  readonly #scripts: { file: string; imports: string[] }[] = [];
  #script: { readonly at: number; readonly imports: string[] } | undefined;
  #fakeAt = -1;
  #fakeResult: OperatorFacts["fakeResult"];

  line(text: string, at: number): void {
    if (text.length > 400) return;
    if (text.includes("custom_op")) {
      const name = defines.exec(text)?.[1];
      if (name !== undefined && this.#operators.size < most) this.#operators.add(name);
    }
    if (fake.test(text)) this.#fakeAt = at;
    else if (this.#fakeResult === undefined && this.#fakeAt >= 0 && at - this.#fakeAt <= mostBelow) {
      const [, tensor, sizes = ""] = text.includes("return ") ? (returns.exec(text) ?? []) : [];
      if (tensor !== undefined) this.#fakeResult = { tensor, sizes: partedArguments(sizes) };
    }
    if (text.includes("inking")) {
      const library = linked.exec(text)?.[1];
      if (library !== undefined && this.#linked.size < most) this.#linked.add(library);
    }
    if (text.includes(" => ")) {
      const name = listed.exec(text)?.[1];
      if (name !== undefined) this.#listed.add(name);
    }
    this.#printed(text, at);
  }

  #printed(text: string, at: number): void {
    const file = prints.exec(text)?.[1];
    if (file !== undefined && this.#scripts.length < most) {
      const script = { file, imports: [] };
      this.#scripts.push(script);
      this.#script = { at, imports: script.imports };
    } else if (/^\S*[$%] /.test(text) || (this.#script !== undefined && at - this.#script.at > mostBelow))
      this.#script = undefined;
    else {
      const module = imports.exec(text)?.[1];
      if (module !== undefined) this.#script?.imports.push(module);
    }
  }

  facts(): OperatorFacts {
    return {
      pythonOperators: [...this.#operators],
      ...(this.#fakeResult === undefined ? {} : { fakeResult: this.#fakeResult }),
      linkedLibraries: [...this.#linked],
      lddWithoutTorchPython: this.#listed.has("libtorch") && !this.#listed.has("libtorch_python"),
      shownScripts: this.#scripts,
    };
  }
}
