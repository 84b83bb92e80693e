/**
 * The release of torch, Python or CUDA that a script's own sentence asks for: "only supports PyTorch 2.5 and above", "requires
 * torch<=2.1", "needs CUDA 11.8 or newer". It does not know whether the sentence is right.
 */

export interface SaidBound {
  readonly of: "torch" | "python" | "cuda";
  /** As pip writes it: `>=2.5`, `<=2.1`, `==2.3`. */
  readonly range: string;
  readonly version: string;
  readonly isLeast: boolean;
}

const what: Readonly<Record<string, SaidBound["of"]>> = {
  pytorch: "torch",
  torch: "torch",
  python: "python",
  cuda: "cuda",
};
const named = String.raw`\b(?<of>pytorch|torch|python|cuda)\b`;
const release = String.raw`v?(?<version>\d+\.\d+(?:\.\d+)?)(?![\w]|\.\d)`;
const between = String.raw`(?: ?(?:\(|version|release|toolkit|with|is|must be|should be|has to be|of))*:? ?`;

/** First match wins. */
const forms: readonly RegExp[] = [
  new RegExp(`${named}${between}(?<sign>>=|<=|==|>|<|≥|≤) ?${release}`, "i"),
  new RegExp(
    `${named}${between}${release} ?(?<words>and (?:above|newer|later|higher|up)|or (?:above|newer|later|higher|greater|more recent)|\\+(?!\\w))`,
    "i",
  ),
  new RegExp(`${named}${between}(?<words>(?:at least|newer than or equal to|no older than|minimum)) ?${release}`, "i"),
  new RegExp(`(?<words>at least|minimum(?: of)?) ${named}${between}${release}`, "i"),
  new RegExp(`${named}${between}${release} ?or (?<words>older|below|lower|earlier)`, "i"),
];

/** The bound that a message speaks of; undefined where it speaks of none. */
export function saidBound(message: string): SaidBound | undefined {
  for (const form of forms) {
    const { of = "", version = "", sign, words = "" } = form.exec(message)?.groups ?? {};
    const name = what[of.toLowerCase()];
    if (name === undefined || version === "") continue;
    const plain =
      sign?.replace("≥", ">=").replace("≤", "<=") ?? (/older|below|lower|earlier/.test(words) ? "<=" : ">=");
    return { of: name, range: `${plain}${version}`, version, isLeast: plain.startsWith(">") };
  }
  return undefined;
}
