/**
 * A first look at the words of `retorch build`, before the table and the parser are loaded: whether the quick path may
 * answer, and by which words the request is remembered. It may say no where the parser would find yes; it must never
 * call two requests the same that the parser tells apart (a test compares both).
 */

/** A request that the quick path may answer. */
export interface FastRequest {
  /** The words without those that only say how to show or how fast. */
  readonly words: readonly string[];
  readonly quiet: boolean;
  readonly json: boolean;
  readonly color: "auto" | "always" | "never" | undefined;
  /** `--request`: the captured request counts by its content, so its name is not among the words. */
  readonly request?: string;
}

/** Options that ask for more than the result. */
const declined = new Set(["--dry-run", "--explain", "--force", "--check", "--verbose", "--help"]);
/** Short options that take nothing. */
const shortFlags = "vqkh";
/** Long options that take nothing and change nothing of the result. */
const harmless = new Set(["--keep-going", "--no-cache", "--fix"]);

/** Every option of `build` that takes no value; all others do. */
export const flagsOfBuild: readonly string[] = [...declined, ...harmless, "--quiet", "--json"];

/** Reads the words after `retorch`. Undefined: the parser must look. */
export function fastRequest(argv: readonly string[]): FastRequest | undefined {
  if (argv[0] !== "build") return undefined;
  const words: string[] = [];
  let quiet = false;
  let json = false;
  let color: FastRequest["color"];
  let request: string | undefined;
  // Whether this word is the value of the one before.
  let isValue = false;
  for (let at = 1; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (isValue || !word.startsWith("-") || word === "-") {
      words.push(word);
      isValue = false;
    } else if (word === "--") {
      words.push(...argv.slice(at));
      break;
    } else if (word === "-q" || word === "--quiet") quiet = true;
    else if (word === "--json") json = true;
    else if (harmless.has(word)) words.push(word);
    else if (word === "--request" || word.startsWith("--request=")) {
      const value = word === "--request" ? argv[++at] : word.slice("--request=".length);
      if (value === undefined || request !== undefined || (value.startsWith("-") && value !== "-")) return undefined;
      request = value;
    } else if (word === "--result" || word.startsWith("--result=")) return undefined;
    else if (declined.has(word) || (shortFlags.includes(word[1] ?? "") && !/^-k+$/.test(word))) return undefined;
    else if (/^(?:-j|--jobs=)[1-9]\d{0,8}$/.test(word)) continue;
    else if ((word === "-j" || word === "--jobs") && /^[1-9]\d{0,8}$/.test(argv[at + 1] ?? "")) at++;
    else if (word === "--color" || word.startsWith("--color=")) {
      color = colorChoice(word === "--color" ? argv[++at] : word.slice("--color=".length));
      if (color === undefined) return undefined;
    } else {
      words.push(word);
      if (!/^-k+$/.test(word)) isValue = word.startsWith("--") ? !word.includes("=") : word.length === 2;
    }
  }
  return { words, quiet, json, color, ...(request === undefined ? {} : { request }) };
}

/** The words by which a request is remembered: those of the command line, and the text of a captured request. */
export function rememberedWords({ words }: FastRequest, captured: string | undefined): readonly string[] {
  return captured === undefined ? words : [...words, "--request", captured];
}

function colorChoice(text: string | undefined): FastRequest["color"] {
  return text === "auto" || text === "always" || text === "never" ? text : undefined;
}
