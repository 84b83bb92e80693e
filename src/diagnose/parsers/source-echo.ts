/**
 * The line of the source that gcc, clang and nvcc print below a message. Where a name is unknown, the message often speaks
 * of what stands behind it ("expected … before ‘(’"), and only this line has the name.
 */
import type { Collector } from "../collector.ts";
import type { OpenFinding } from "../finding.ts";
import type { LogLine } from "../text/log-line.ts";
import type { Parser } from "./parser.ts";

/** gcc 9 and newer, clang 15 and newer: `   33 |   code`. */
const numbered = /^\d{1,7} \|(?: (.*))?$/;
/** A line of code even where the line with the caret was cut off. */
const code = /[;{}]$|\w\(.*[),]$/;
const caret = /^[~^| ]*\^[~^| ]*$/;
const message = /\b(?:error|warning|note|fatal|In file included|instantiat)\b/;
/** What TORCH_CHECK becomes, as nvcc prints it, speaks of errors. */
const expanded = /::c10::detail::torchCheck/;
const lineLimit = 400;

/** The parser of echoes. It goes before the others, so that code is not taken for a message. */
export function sourceEchoParser(collector: Collector): Parser {
  let now = 0;
  let candidate: { readonly text: string; readonly indent: number } | undefined;
  /** A numbered line whose caret stands in the next one, and how far it was indented. */
  let marked: { readonly finding: OpenFinding; readonly indent: number; readonly at: number } | undefined;
  /** The types that nvcc names below its message stand before the line of the source. */
  let typed = false;
  const waiting = (): OpenFinding | undefined => {
    const { newest } = collector;
    return newest !== undefined &&
      newest.source === undefined &&
      newest.kind === "compile" &&
      newest.tool !== "msvc" &&
      now - newest.at < (newest.tool === "cudafe++" ? 4 : 2)
      ? newest
      : undefined;
  };
  return {
    get open() {
      return waiting() !== undefined || (marked !== undefined && marked.at === now);
    },
    line(line: LogLine): boolean {
      const before = now;
      now = line.number;
      const finding = collector.newest;
      if (marked !== undefined) {
        const { finding: of, indent, at } = marked;
        marked = undefined;
        // `      |        ^~~~`, whose bar may have been taken for a prefix.
        if (line.number === at + 1 && /^(?:\| )?[ ~]*\^/.test(line.text)) {
          const shift = line.text.startsWith("|") ? -2 : line.indent;
          const mark = line.text.indexOf("^") + shift - indent;
          if (mark >= 0 && mark < lineLimit) of.mark = mark;
        }
      }
      if (
        finding === undefined ||
        (finding.source !== undefined && candidate === undefined) ||
        finding.kind !== "compile" ||
        line.number - finding.at > (typed ? 3 : 2)
      )
        return false;
      const source = numbered.exec(line.text);
      if (source !== null) {
        const [, written = ""] = source;
        if (written !== "") {
          finding.source = written.slice(0, lineLimit).trim();
          marked = { finding, indent: written.length - written.trimStart().length, at: line.number };
        }
        return true;
      }
      if (line.number === finding.at + 1) typed = false;
      if (/^(?:operand types are|argument types are|object type is):?/.test(line.text)) {
        typed = true;
        return false;
      }
      if (line.number === finding.at + (typed ? 2 : 1) && (!message.test(line.text) || expanded.test(line.text))) {
        if (code.test(line.text) && !/^\S+[:(]\d+[:)]/.test(line.text)) finding.source = line.text.slice(0, lineLimit);
        candidate = { text: line.text, indent: line.indent };
        return false;
      }
      if (candidate !== undefined && before === line.number - 1 && caret.test(line.text)) {
        const mark = line.indent + line.text.indexOf("^") - candidate.indent;
        const isKept = finding.source !== undefined;
        finding.source ??= candidate.text.slice(0, lineLimit);
        if (mark >= 0 && mark < lineLimit) finding.mark = mark;
        candidate = undefined;
        return !isKept;
      }
      candidate = undefined;
      return false;
    },
  };
}
