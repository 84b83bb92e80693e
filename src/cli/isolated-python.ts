/** Python's options by which it takes no notice of what `retorch run` prepares. Knows nothing of the rest of that command. */
import { basename } from "node:path";

/** Options that have a value in the next word. */
const withValue = /^-(?:[a-zA-Z]*[WX]|-check-hash-based-pycs)$/;

/** `-I`, `-E` or `-S`, where a command is a Python with one of these; else undefined. */
export function isolatingOption(command: readonly string[]): string | undefined {
  const [program = "", ...words] = command;
  if (!/^(?:python|pypy)[\d.]*t?(?:\.exe)?$/i.test(basename(program))) return undefined;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (!word.startsWith("-") || word === "-") return undefined;
    if (withValue.test(word)) {
      at++;
      continue;
    }
    if (word.startsWith("--")) continue;
    // Letters may stand together; those behind `c`, `m`, `W` and `X` are a value.
    const letters = /^-(?<own>[^cmWX]*)(?<last>[cmWX])?/.exec(word)?.groups;
    const found = /[IES]/.exec(letters?.["own"] ?? "")?.[0];
    if (found !== undefined) return `-${found}`;
    if (letters?.["last"] === "c" || letters?.["last"] === "m") return undefined;
  }
  return undefined;
}
