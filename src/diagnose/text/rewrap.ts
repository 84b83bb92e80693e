/**
 * Texts whose line breaks are not those of the tools: cut at the width of a terminal, filled like a paragraph by a mail
 * program, or joined into one line by a chat. Offers the text with other line breaks; whether that says more is judged by
 * who asks. It does not know any message, only how lines begin.
 */

import { cleanLine } from "./log-line.ts";
import { withQuotes } from "./lost-quotes.ts";

/** A text with other line breaks. */
export interface Rewrapped {
  readonly text: string;
  /** For each of its lines the line of the given text where it begins, from 1. */
  readonly lineOf: readonly number[];
  /** The breaks that were there can hardly be chance. */
  readonly sure: boolean;
}

const narrowest = 60;
const widest = 250;

/** How a message, a frame or a step of a build begins: never the middle of a sentence. */
const begins =
  /^\s*(?:Traceback \(|File "|(?:[\w.]+\.)?\w+(?:Error|Exception|Warning)\b[:(]|(?:fatal )?error\s?[:#]|ERROR\b|CMake (?:Error|Warning)|ninja: |collect2: |make\b.*: |note: |×|╰|│|\[\d+\/\d+\]|FAILED: |(?:[A-Za-z]:)?[^\s:(]+\.\w{1,4}[:(]\d+|[^\s:(]+\.\w{1,4} ?: (?:fatal )?(?:error|warning)\b|nvcc |LINK : |In file included|(?:Collecting|Obtaining|Processing|Downloading|Resolved) \S|Requirement already|Looking in |Defaulting to |Using cached |Preparing metadata|Building (?:wheels?|editable) |Installing (?:collected|build) |running \w+$|(?:creating|copying|building) \S|\$ |>>> |-{3,}|={3,}|`{3})/;

/** A sentence that somebody broke for the eye: each name that it quotes stands on a line of its own. */
const unfinished = /\b(?:error|Error)\s?[:#].*(?:\w|,)\s*$|^\s*(?:\w+ )?["'‘`].*["'’`]\s*$/;
const goesOn = /^\s*(?:(?:to|from|of|in|with|for|and|type|argument) )?["'‘`][^"'’`]+["'’`]/;

/** Every other way to break the lines, likelier ones first. */
export function rewrappings(text: string): readonly Rewrapped[] {
  const lines = text.split(/\r*\n/).map((line) => line.replace(/\s+$/, ""));
  const width = lines.reduce((most, line) => Math.max(most, line.length), 0);
  const found: Rewrapped[] = [];
  if (lines.length > 1 && width >= narrowest && width <= widest) {
    const copied = copiedFrom(lines, width);
    const hard = joined(lines, (line, next) => {
      if (line === copied) return "";
      if (line.length < width - 1 || next === "" || begins.test(next) || alike(line, next) || isPrefixed(next))
        return undefined;
      return line.length === width ? "" : " ";
    });
    if (hard !== undefined) {
      const full = lines.filter(
        (line, index) =>
          line.length === width &&
          (lines[index + 1] ?? "") !== "" &&
          !alike(line, lines[index + 1] ?? "") &&
          !isPrefixed(lines[index + 1] ?? ""),
      );
      const word = lines.some(
        (line, index) =>
          line.length === width &&
          /\w$/.test(line) &&
          /^[\w.]/.test(lines[index + 1] ?? "") &&
          !alike(line, lines[index + 1] ?? ""),
      );
      found.push({ ...hard, sure: word && (full.length > 1 || width % 20 === 0) });
    }
  }
  if (lines.length > 1 && width >= narrowest && width <= 140) {
    const soft = joined(lines.map(bare), (line, next) => {
      const first = /^\s*(\S+)/.exec(next)?.[1];
      if (line === "" || first === undefined || begins.test(next) || alike(line, next)) return undefined;
      return line.length + 1 + first.length > width ? " " : undefined;
    });
    if (soft !== undefined) found.push({ ...soft, sure: false });
  }
  const quotes = joined(lines, (line, next) => (unfinished.test(line) && goesOn.test(next) ? " " : undefined));
  if (quotes !== undefined) found.push(quotes);
  const split = apart(lines);
  if (split !== undefined) found.push(split);
  const plain = unnumbered(lines);
  if (plain !== undefined) found.unshift(plain);
  for (const way of [undefined, ...found]) {
    const quoted = withQuotes(way?.text ?? lines.join("\n"));
    if (quoted !== undefined)
      found.push({ text: quoted, lineOf: way?.lineOf ?? lines.map((_, index) => index + 1), sure: false });
  }
  return found;
}

/**
 * The first line of a copy that began right of the margin: shorter than the full lines below it, and its last word goes on in
 * the next one.
 */
function copiedFrom(lines: readonly string[], width: number): string | undefined {
  const [first = "", next = ""] = lines;
  return first.length < width &&
    first.length >= width - 8 &&
    /\w$/.test(first) &&
    /^\w/.test(next) &&
    !begins.test(next) &&
    lines.filter((line) => line.length === width).length > 1
    ? first
    : undefined;
}

const listed = /^\s*(\d{1,7}) ?[|│:] ?(.*)$/;

/** A listing without its line numbers, `12 | text`: nearly every line has one, and they count up. */
function unnumbered(lines: readonly string[]): Rewrapped | undefined {
  const filled = lines.filter((line) => line.trim() !== "");
  const numbers = filled.map((line) => Number(listed.exec(line)?.[1] ?? Number.NaN));
  if (numbers.some((number, index) => Number.isNaN(number) || (index > 0 && number <= (numbers[index - 1] ?? 0))))
    return undefined;
  if (filled.length === 0) return undefined;
  return {
    text: lines.map((line) => listed.exec(line)?.[2] ?? line).join("\n"),
    lineOf: lines.map((_, index) => index + 1),
    sure: filled.length > 1,
  };
}

/** What a log collector puts in front is in front of whole lines alone. */
function isPrefixed(line: string): boolean {
  return cleanLine(line, 1).text !== line.trim();
}

/** Without what a log collector or a mail program puts in front. */
function bare(line: string): string {
  const { text, indent } = cleanLine(line, 1);
  return " ".repeat(Math.min(indent, 40)) + text;
}

/** Two lines of a list. */
function alike(line: string, next: string): boolean {
  const shape = (text: string): string => text.slice(0, 12).replaceAll(/\d/g, "0");
  return shape(line) === shape(next);
}

/** Joins lines where `glue` gives what belongs between them. Undefined when that is nowhere. */
function joined(
  lines: readonly string[],
  glue: (line: string, next: string) => string | undefined,
): Rewrapped | undefined {
  const result: string[] = [];
  const lineOf: number[] = [];
  let current = "";
  let open = false;
  let joins = 0;
  lines.forEach((line, index) => {
    if (!open) {
      current = line;
      lineOf.push(index + 1);
    }
    const next = lines[index + 1];
    const between = next === undefined ? undefined : glue(line, next);
    open = between !== undefined;
    if (between === undefined || next === undefined) result.push(current);
    else {
      joins++;
      current += between + (between === "" ? next : next.trimStart());
    }
  });
  return joins === 0 ? undefined : { text: result.join("\n"), lineOf, sure: false };
}

const inside =
  /(?<!\s)\s{1,40}(?=Traceback \(most|File "|(?:[a-z_]\w{0,60}\.){0,6}[A-Z]\w{1,60}(?:Error|Exception|Warning): |ninja: |collect2: |× |╰|note: |error: (?:subprocess|command)|ERROR: |CMake (?:Error|Warning) |\[\d+\/\d+\] |FAILED: |LINK : |nvcc (?:fatal|error)|operand types are|[\w./\\:+-]{1,200}\.(?:cu|cuh|cpp|cc|cxx|c|h|hpp)[:(]\d+|[\w./+-]{0,200}(?:\bld|g\+\+|gcc|clang\+\+|clang|c\+\+): )/g;

/** Breaks long lines where a message begins in the middle. */
function apart(lines: readonly string[]): Rewrapped | undefined {
  const result: string[] = [];
  const lineOf: number[] = [];
  lines.forEach((line, index) => {
    for (const part of line.length < 80 ? [line] : line.slice(0, 8_000).split(inside)) {
      result.push(part);
      lineOf.push(index + 1);
    }
  });
  return result.length === lines.length ? undefined : { text: result.join("\n"), lineOf, sure: false };
}
