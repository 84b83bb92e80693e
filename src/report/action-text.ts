/** What happened to one action, in words: shared by the reporters that write to a terminal or a log. */
import type { BuildEvent } from "../engine/events.ts";
import { commandLine } from "../export/quote.ts";
import { commandText, type Action } from "../plan/graph.ts";
import { durationText } from "./duration.ts";
import { firstError } from "./first-error.ts";
import type { Style } from "./style.ts";

type Done = Extract<BuildEvent, { type: "done" }>;
type Failed = Extract<BuildEvent, { type: "failed" }>;

/** `compile csrc/a.cpp (2.1 s)`, `link my_ops.so (from the cache)`. */
export function doneText(event: Done, style: Style): string {
  const how = { executed: durationText(event.durationMs), cached: "from the cache", fresh: "up to date" }[
    event.outcome
  ];
  const unchanged = event.outcome === "executed" && event.unchanged ? ", same result as before" : "";
  return `${event.action.description} ${style.dim(`(${how}${unchanged})`)}`;
}

/** What a failed action leaves to read. */
export interface FailedTextOptions {
  readonly style: Style;
  readonly platform: "linux" | "darwin" | "win32";
  /** Whether the command is shown. */
  readonly withCommand: boolean;
}

/** The headline, the command when wanted, and all that the program said. */
export function failedText(event: Failed, { style, platform, withCommand }: FailedTextOptions): string {
  const place = firstError(event.output);
  const at =
    place === undefined ? "" : ` at ${place.file}:${place.line}${place.column === undefined ? "" : `:${place.column}`}`;
  const lines = [
    `${style.error("error:")} \`${event.action.description}\` failed${at} ${style.dim(`(${endText(event)})`)}`,
  ];
  if (withCommand) {
    lines.push(style.dim(`  in ${event.action.cwd}`), style.dim(`  ${plannedCommand(event.action, platform)}`));
  }
  if (event.output.trim() !== "") lines.push(event.output.trimEnd());
  return `${lines.join("\n")}\n`;
}

/** An action that was killed because memory ran out and will be tried again. */
export function retryText(event: Failed, style: Style): string {
  return `${style.warning("warning:")} \`${event.action.description}\` was killed, probably because memory ran out; it runs again alone\n`;
}

/** The command as it was planned: what ran wrote to temporary names, which are of no use afterwards. */
export function plannedCommand(action: Action, platform: FailedTextOptions["platform"]): string {
  return commandLine(commandText(action.command), platform);
}

function endText(event: Failed): string {
  if (event.signal !== undefined) return `killed by ${event.signal} after ${durationText(event.durationMs)}`;
  return event.exitCode === undefined
    ? `could not be run`
    : `exit code ${event.exitCode} after ${durationText(event.durationMs)}`;
}
