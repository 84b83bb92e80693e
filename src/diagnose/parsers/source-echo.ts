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
  let candidate: string | undefined;
  const waiting = (): OpenFinding | undefined => {
    const { newest } = collector;
    return newest !== undefined &&
      newest.source === undefined &&
      newest.kind === "compile" &&
      newest.tool !== "msvc" &&
      now - newest.at < 2
      ? newest
      : undefined;
  };
  return {
    get open() {
      return waiting() !== undefined;
    },
    line(line: LogLine): boolean {
      const before = now;
      now = line.number;
      const finding = collector.newest;
      if (
        finding === undefined ||
        finding.source !== undefined ||
        finding.kind !== "compile" ||
        line.number - finding.at > 2
      )
        return false;
      const source = numbered.exec(line.text);
      if (source !== null) {
        if ((source[1] ?? "") !== "") finding.source = (source[1] ?? "").slice(0, lineLimit).trim();
        return true;
      }
      if (line.number === finding.at + 1 && (!message.test(line.text) || expanded.test(line.text))) {
        if (code.test(line.text) && !/^\S+[:(]\d+[:)]/.test(line.text)) finding.source = line.text.slice(0, lineLimit);
        else candidate = line.text;
        return false;
      }
      if (candidate !== undefined && before === line.number - 1 && caret.test(line.text)) {
        finding.source = candidate.slice(0, lineLimit);
        candidate = undefined;
        return true;
      }
      candidate = undefined;
      return false;
    },
  };
}
