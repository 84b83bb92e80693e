/** A failure in words: what went wrong, where, what was tried, and what to do about it. */
import type { Attempt, Failure, Location } from "../base/failure.ts";
import { relative } from "node:path";
import type { Style } from "./style.ts";
import { textWidth } from "./text-width.ts";

/** What the text needs besides the failure. */
export interface FailureTextOptions {
  readonly style: Style;
  /** Paths inside it are shown relative to it. */
  readonly cwd: string;
  /** The file that a location names, for the excerpt. */
  readonly readText?: (path: string) => string | undefined;
}

/** Several lines, the last one ending in a line break. */
export function failureText(failure: Failure, options: FailureTextOptions): string {
  const { style } = options;
  const lines = [`${style.error("error:")} ${failure.message} ${style.dim(`[${failure.code}]`)}`];
  if (failure.location !== undefined) lines.push(...locationLines(failure.location, options));
  if (failure.cause !== undefined && failure.cause.trim() !== "") lines.push(...causeLines(failure.cause));
  if (failure.attempts !== undefined && failure.attempts.length > 0) {
    lines.push("", "tried:", ...attemptLines(failure.attempts, style).map((line) => `  ${line}`));
  }
  if (failure.hint !== undefined) {
    const [first = "", ...rest] = failure.hint.split("\n");
    lines.push("", `${style.hint("hint:")} ${first}`, ...rest.map((line) => `      ${line}`));
  }
  return `${lines.join("\n")}\n`;
}

/** A warning, formed like a failure. */
export function warningText(message: string, hint: string | undefined, style: Style): string {
  const lines = [`${style.warning("warning:")} ${message}`];
  if (hint !== undefined) lines.push("", `${style.hint("hint:")} ${hint}`, "");
  return `${lines.join("\n")}\n`;
}

/** One line for each candidate, in columns. */
export function attemptLines(attempts: readonly Attempt[], style: Style): string[] {
  const widest = (pick: (attempt: Attempt) => string): number =>
    Math.min(60, Math.max(...attempts.map((attempt) => textWidth(pick(attempt)))));
  const pad = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - textWidth(text)));
  const what = widest((attempt) => attempt.what);
  const where = widest((attempt) => attempt.where);
  return attempts.map((attempt) => {
    const mark =
      attempt.outcome === "chosen" ? style.success("✓") : style.dim(attempt.outcome === "missing" ? "·" : "✗");
    return `${mark} ${pad(attempt.what, what)}  ${pad(attempt.where, where)}  ${attempt.why}`.trimEnd();
  });
}

/** A path as a person in that folder would write it. */
export function shownPath(path: string, cwd: string): string {
  const inside = relative(cwd, path);
  return inside === "" || inside.startsWith("..") ? path : inside;
}

function causeLines(cause: string): string[] {
  const all = cause.trimEnd().split("\n");
  const shown = all.slice(0, 20).map((line) => `  ${line}`.trimEnd());
  if (all.length > shown.length) shown.push(`  … and ${all.length - shown.length} more lines`);
  return shown;
}

function locationLines(location: Location, { style, cwd, readText }: FailureTextOptions): string[] {
  const { line, column } = location;
  const place = [shownPath(location.file, cwd), line, line === undefined ? undefined : column];
  const lines = [`${style.hint("  -->")} ${place.filter((part) => part !== undefined).join(":")}`];
  if (line === undefined) return lines;
  const source = readText?.(location.file)?.split(/\r?\n/)[line - 1];
  if (source === undefined) return lines;
  const number = String(line);
  const margin = style.hint(`${" ".repeat(number.length)} |`);
  const text = source.replaceAll("\t", "    ").trimEnd();
  lines.push(` ${margin}`, ` ${style.hint(`${number} |`)} ${text}`.trimEnd());
  if (column !== undefined) {
    const before = source.slice(0, column - 1).replaceAll("\t", "    ");
    lines.push(` ${margin} ${" ".repeat(textWidth(before))}${style.error("^")}`);
  }
  return lines;
}
