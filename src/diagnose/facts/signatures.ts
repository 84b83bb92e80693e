/**
 * Functions as the sources in a text declare them (`…);`) and define them (`…) {`), over one line or several: so that two forms
 * of one function are seen side by side. It knows functions that give back a tensor, a number, a container or nothing, and
 * does not know the class or namespace that one stands in.
 */

export interface Signature {
  readonly name: string;
  /** What stands between the brackets, with one space where white space was: `const at::Tensor& x, double s`. */
  readonly parameters: string;
  readonly isDefinition: boolean;
}

export interface SignatureFacts {
  readonly signatures: readonly Signature[];
}

const start =
  /^(?:[\w./\\-]+\.(?:c|cc|cpp|cxx|cu|cuh|h|hpp)[:-](?:\d+[:-])?)?\s*(?:extern "C" )?(?:static |inline )*(?:(?:at|torch)::Tensor|std::(?:vector|tuple|pair|optional)<[\w:<>, ]+>|void|bool|int|int64_t|float|double)\s*&?\s+(\w+)\(([^;{}]*)(?:([;{])\s*)?$/;
const mostLines = 12;
const mostKept = 40;

/** Gathers them line by line. */
export class SignatureReader {
  readonly #found: Signature[] = [];
  #open: { readonly name: string; text: string; at: number; lines: number } | undefined;

  line(text: string, at: number): void {
    if (text.length > 400 || this.#found.length >= mostKept) return;
    const [, name, rest = "", end = ""] = text.includes("(") ? (start.exec(text) ?? []) : [];
    if (name !== undefined) {
      this.#open = { name, text: rest + end, at, lines: 1 };
      this.#close();
      return;
    }
    const open = this.#open;
    if (open === undefined || at === open.at) return;
    // A line between them was not shown to this reader.
    if (at !== open.at + 1 || open.lines >= mostLines || !/^\s/.test(text)) this.#open = undefined;
    else {
      this.#open = { name: open.name, text: `${open.text} ${text}`, at, lines: open.lines + 1 };
      this.#close();
    }
  }

  #close(): void {
    const open = this.#open;
    const [, parameters, end] = /^([^()]*(?:\([^()]*\)[^()]*)*)\)\s*(?:const\s*)?([;{])/.exec(open?.text ?? "") ?? [];
    if (open === undefined || parameters === undefined) return;
    this.#open = undefined;
    this.#found.push({
      name: open.name,
      parameters: parameters.replaceAll(/\s+/g, " ").trim(),
      isDefinition: end === "{",
    });
  }

  facts(): SignatureFacts {
    return { signatures: this.#found };
  }
}
