/**
 * Which line of the project made a header's template fail: gcc's `required from here` stands above the message, clang's
 * `requested here`, gcc's `in expansion of macro`, nvcc's `detected during` and cl's `see reference to` below it.
 */
import type { Collector } from "../collector.ts";
import { foreignHeader } from "../tables/foreign-headers.ts";
import type { LogLine } from "../text/log-line.ts";
import type { Parser } from "./parser.ts";

const required = /^((?:[A-Za-z]:[\\/])?[^:]{1,400}):(\d+)(?::\d+)?:\s+(?:recursively )?required (?:from|by)\b/;
const requested =
  /^((?:[A-Za-z]:[\\/])?[^:(]{1,400})[:(](\d+)(?:[:,]\d+)?\)?\s?: note:(?: (?:in (?:implicit )?instantiation of .*|in .* (?:first )?required here|while substituting .*|see reference to .*|in expansion of macro .*))?$/;
const detected = /\bat line (\d+)(?: of "?((?:[A-Za-z]:)?[^":\s][^":]*)"?)?$/;
/** A message and its chain stand together, with echoes of the source between them. */
const nearby = 8;
/** Between a message and the chain below it candidates may be listed. */
const candidates = 200;

/** The parser of the chains. It goes behind the compilers' own, and sees the message that it waits for. */
export function instantiationParser(collector: Collector): Parser {
  let above: { readonly place: string; at: number } | undefined;
  let reached = 0;
  let chained = 0;
  const below = (line: LogLine, file: string, row: string): void => {
    const { newest } = collector;
    if (newest?.kind !== "compile" || !foreignHeader.test(newest.file ?? "")) return;
    if (line.number - Math.max(newest.at, reached) > candidates) return;
    reached = line.number;
    if (!foreignHeader.test(file)) newest.caller ??= `${file}:${row}`;
  };
  return {
    get open() {
      return above !== undefined;
    },
    line(line: LogLine, _out: Collector, taken = false): boolean {
      const { text } = line;
      if (text.includes("required ")) {
        const match = required.exec(text);
        if (match !== null) {
          if (line.number - chained > nearby) above = undefined;
          chained = line.number;
          const [, file = "", row = ""] = match;
          if (above === undefined && !foreignHeader.test(file)) above = { place: `${file}:${row}`, at: line.number };
          else if (above !== undefined) above.at = line.number;
          return true;
        }
      }
      if (above !== undefined && collector.newest !== undefined && collector.newest.at > above.at) {
        const { newest } = collector;
        if (newest.kind === "compile" && newest.at - above.at <= nearby) newest.caller ??= above.place;
        above = undefined;
        if (taken) return false;
      } else if (above !== undefined && line.number - above.at > nearby) above = undefined;
      if (text.includes("note:")) {
        const match = requested.exec(text);
        if (match !== null) {
          below(line, match[1] ?? "", match[2] ?? "");
          return true;
        }
      }
      if (text.includes("nstantiation of ")) {
        const match = detected.exec(text);
        if (match !== null) below(line, match[2] ?? collector.newest?.file ?? "", match[1] ?? "");
        // The parser of nvcc joins the first of these lines to the message.
        return match !== null && !/^detected during/.test(text);
      }
      return false;
    },
  };
}
