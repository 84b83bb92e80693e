/**
 * Keeps findings in bounded memory: repeated ones once, the first ones always, the last ones in a window. Lets the
 * message of the newest finding grow while its continuation lines arrive.
 */
import type { Finding, OpenFinding } from "./finding.ts";
import type { LogLine } from "./text/log-line.ts";

/** The first so many findings are kept, whatever follows: the root cause stands early. */
const firstKept = 3_000;
/** And so many of the last: what ended the build stands late. */
const lastKept = 600;
/** So many whose messages differ in names and numbers alone: they are not to push out those of another kind. */
const alikeKept = 250;
const formsKept = 20_000;
const messageLimit = 2_000;
const evidenceLimit = 1_000;

/** What a parser says of a finding; place in the log and evidence are added. */
export type FindingParts = Omit<Finding, "at" | "text" | "severity"> & { readonly severity?: Finding["severity"] };

/** Takes findings and gives them back in the order of the log. */
export class Collector {
  readonly #first: OpenFinding[] = [];
  #last: { readonly key: string; readonly finding: OpenFinding }[] = [];
  readonly #seen = new Map<string, OpenFinding>();
  readonly #forms = new Map<string, number>();
  #count = 0;
  #made = 0;
  #newest: OpenFinding | undefined;

  /** Adds a finding made of a line. The finding given back may be changed while its continuation lines arrive. */
  add(line: LogLine, parts: FindingParts): OpenFinding {
    this.#made++;
    const key = keyOf(parts, line.number);
    const known = this.#seen.get(key);
    if (known !== undefined) {
      known.lastAt = line.number;
      // A title says it first, and the traceback below it where it arose.
      if (known.frames === undefined && parts.frames !== undefined) known.frames = parts.frames;
      return { ...known };
    }
    const finding: OpenFinding = {
      severity: "error",
      ...parts,
      ...(parts.symbol === undefined ? {} : { symbol: withoutProse(parts.symbol) }),
      message: cut(parts.message, messageLimit),
      at: line.number,
      text: cut(line.shown ?? line.text, evidenceLimit),
    };
    this.#count++;
    this.#newest = finding;
    const form = formOf(parts);
    const alike = this.#forms.get(form) ?? 0;
    if (alike >= alikeKept) return finding;
    if (alike === 0 && this.#forms.size >= formsKept) this.#forms.clear();
    this.#forms.set(form, alike + 1);
    if (this.#first.length < firstKept) {
      this.#first.push(finding);
    } else {
      this.#last.push({ key, finding });
      if (this.#last.length > 2 * lastKept) {
        for (const dropped of this.#last.slice(0, lastKept)) this.#seen.delete(dropped.key);
        this.#last = this.#last.slice(lastKept);
      }
    }
    this.#seen.set(key, finding);
    return finding;
  }

  /** The finding that was made last, of those that were new. */
  get newest(): OpenFinding | undefined {
    return this.#newest;
  }

  /** How many different findings were made, kept or not. */
  get count(): number {
    return this.#count;
  }

  /** How many findings were handed in, repeated ones too. */
  get made(): number {
    return this.#made;
  }

  /** All that was kept, in the order of the log. */
  findings(): Finding[] {
    const all = [...this.#first, ...this.#last.map((entry) => entry.finding)].sort((a, b) => a.at - b.at);
    withFiles(all);
    return all;
  }
}

/** A title names the symbol alone, and a line below it the file that asks for it. */
function withFiles(findings: readonly OpenFinding[]): void {
  const bare = findings.filter(
    ({ kind, phase, symbol, file }) =>
      kind === "undefined-symbol" && phase === "load" && file === undefined && symbol !== undefined && symbol !== "",
  );
  if (bare.length === 0) return;
  const files = new Map<string, string>();
  for (const { kind, phase, symbol, file } of findings)
    if (kind === "undefined-symbol" && phase === "load" && symbol !== undefined && file !== undefined)
      files.set(symbol, files.get(symbol) ?? file);
  for (const finding of bare) {
    const file = files.get(finding.symbol ?? "");
    if (file !== undefined) finding.file = file;
  }
}

/** Appends a continuation line to a finding's message. */
export function extend(finding: OpenFinding, text: string): void {
  if (text === "" || finding.message.length >= messageLimit) return;
  finding.message = cut(finding.message === "" ? text : `${finding.message} ${text}`, messageLimit);
}

/** What makes two findings the same. A message that is still to come makes each its own. */
function keyOf(parts: FindingParts, at: number): string {
  return [
    parts.message === "" ? at : "",
    parts.kind,
    parts.tool,
    parts.code ?? "",
    parts.file ?? "",
    parts.line ?? "",
    parts.symbol ?? "",
    parts.library ?? "",
    parts.header ?? "",
    parts.message.slice(0, 300),
  ].join("\n");
}

/** The message without its names and numbers. */
function formOf(parts: FindingParts): string {
  const words = parts.message.slice(0, 200).replaceAll(/["'‘“`][^"'‘’“”`]*["'’”`]|[^\s:]*[\d/\\_.<][^\s:]*/g, "0");
  return `${parts.kind}\n${parts.code ?? ""}\n${words}`;
}

/** A name with an underscore, and behind it words: a person wrote on in the same line. */
const wroteOn = /^([A-Za-z?.][\w$@?.]*_[\w$@?.]*|_[\w$@?.]+)['`"’”,;:!]*\s+(?=[(A-Za-z])(?!__\w)(?!.*(?:\w\(|::|<))/;

/** `foo_bar occured when linking` → `foo_bar`. What has spaces of its own (`int foo_bar(int)`, `vtable for X`) is kept. */
export function withoutProse(symbol: string): string {
  return wroteOn.exec(symbol)?.[1] ?? symbol;
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)} …`;
}
