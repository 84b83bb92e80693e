/** Diagnoses and applied fixes in words: what happened, which line says so, what to do. What they mean is decided elsewhere. */
import { pasted } from "../diagnose/commands/snippets.ts";
import type { FailureDiagnosis, FixChange } from "../engine/events.ts";
import { shownPath } from "./failure-text.ts";
import type { Style } from "./style.ts";
import { textWidth } from "./text-width.ts";

/** How diagnoses are shown. */
export interface DiagnosesTextOptions {
  readonly style: Style;
  /** The line of the log is quoted: where it does not stand just above. */
  readonly withEvidence?: boolean;
  /** All of them in full; else the first, and the titles of the others. */
  readonly all?: boolean;
}

const width = 100;
const evidenceLimit = 300;

/** Several lines, each ending in a line break; empty without diagnoses. */
export function diagnosesText(diagnoses: readonly FailureDiagnosis[], options: DiagnosesTextOptions): string {
  const [first, ...others] = diagnoses;
  if (first === undefined) return "";
  const lines = ["", ...diagnosisLines(first, options)];
  for (const other of others) {
    if (options.all === true) lines.push("", ...diagnosisLines(other, options));
    else lines.push(options.style.dim(`  also possible: ${other.title} [${other.id}]`));
  }
  return `${lines.join("\n")}\n`;
}

function diagnosisLines(diagnosis: FailureDiagnosis, { style, withEvidence }: DiagnosesTextOptions): string[] {
  const { title, id, cause, fix, evidence, confidence, place, flag } = diagnosis;
  const sure = { high: "", medium: "probably: ", low: "possibly: " }[confidence];
  const lines = [`${style.hint("diagnosis:")} ${sure}${title} ${style.dim(`[${id}]`)}`];
  lines.push(...wrapped(cause, "  "));
  if (withEvidence === true && evidence.text.trim() !== "") {
    const text = evidence.text.length > evidenceLimit ? `${evidence.text.slice(0, evidenceLimit)} …` : evidence.text;
    lines.push(style.dim(`  line ${evidence.line}: ${text.trim()}`));
  }
  const at =
    place === undefined
      ? undefined
      : `${place.file}:${place.line}${place.column === undefined ? "" : `:${place.column}`}`;
  const tied = [at, flag === undefined ? undefined : `flag ${flag}`].filter((part) => part !== undefined);
  if (tied.length > 0) lines.push(style.dim(`  at ${tied.join(", ")}`));
  if (fix.length > 0) {
    lines.push(`  ${style.bold("fix:")}`);
    for (const line of fix) lines.push(...fixLines(line, style));
  }
  return lines;
}

/** Commands stay on one line, so that they can be copied; remarks are wrapped. */
function fixLines(line: string, style: Style): string[] {
  if (!line.startsWith("#")) return [`    ${line}`];
  // What is to be written into a file stays as it is, too.
  if (line.startsWith(pasted)) return [style.dim(`    ${line}`)];
  return wrapped(line.replace(/^#\s*/, ""), "    # ").map((text) => style.dim(text));
}

/** What `--fix` changed. */
export function fixedText(
  changes: readonly FixChange[],
  { style, cwd }: { readonly style: Style; readonly cwd: string },
): string {
  const lines: string[] = [];
  for (const { extension, change, file, diff, keep } of changes) {
    const where = file === undefined ? "for this build only" : `in ${shownPath(file, cwd)}`;
    lines.push(
      `${style.success("fixed:")} ${extension === "" ? "" : `\`${extension}\`: `}${change} ${style.dim(`(${where})`)}`,
    );
    for (const line of diff) {
      const paint = line.startsWith("+")
        ? style.success
        : line.startsWith("-")
          ? style.error
          : (text: string) => style.dim(text);
      lines.push(`  ${paint(line)}`.trimEnd());
    }
    if (keep !== undefined) lines.push(`  ${style.hint("to keep it:")} ${keep}`);
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

/** A text broken at blanks. A word that is wider than a line stays whole. */
export function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(/\s+/)) {
    if (line.trim() !== indent.trim() && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  lines.push(line.trimEnd());
  return lines;
}
