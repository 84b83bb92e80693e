/**
 * Heads of functions of tensors that a text shows in full, `torch::Tensor f(torch::Tensor x, double s) {`: so that a declaration
 * that is asked for has the parameters of the definition. Reads one line at a time; a head over several lines it does not know.
 */

export interface FunctionHeads {
  /** By name: `torch::Tensor f(torch::Tensor x, double s)`. */
  readonly functionHeads: Readonly<Record<string, string>>;
}

const head =
  /^\s{0,20}(?:\d+ \| ?)?(?:r?['"]{1,3})?((?:std::vector<|std::tuple<[\w:, ]*)?(?:torch|at)::Tensor(?:, ?[\w:]+)*>?) (\w+)\(([^()]{0,300})\) ?\{?\s*$/;
const most = 20;

/** Gathers them line by line; the first one of a name counts. */
export class FunctionHeadReader {
  readonly #heads = new Map<string, string>();

  line(text: string): void {
    if (text.length > 400 || !text.includes("::Tensor") || text.includes(";")) return;
    const [, result = "", name, parameters = ""] = head.exec(text) ?? [];
    if (name !== undefined && !this.#heads.has(name) && this.#heads.size < most)
      this.#heads.set(name, `${result} ${name}(${parameters.trim()})`);
  }

  facts(): FunctionHeads {
    return { functionHeads: Object.fromEntries(this.#heads) };
  }
}
