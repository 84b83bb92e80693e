/** Plain lines, for logs and CI: one for each action that ended, failures in full. Nothing is ever taken back. */
import type { BuildEvent, BuildListener } from "../engine/events.ts";
import { CudaCost } from "./cuda-cost.ts";
import { doneText, failedText, plannedCommand, retryText } from "./action-text.ts";
import { diagnosesText, fixedText } from "./diagnosis-text.ts";
import { reasonLines } from "./explain-text.ts";
import { failureText, shownPath, warningText } from "./failure-text.ts";
import { firstError } from "./first-error.ts";
import { Progress } from "./progress.ts";
import type { Style } from "./style.ts";
import { summaryOf } from "./summary.ts";
import type { Reporter, TextSink, Verbosity } from "./terminal.ts";

/** How a text reporter writes. */
export interface TextReporterOptions {
  readonly out: TextSink;
  readonly style: Style;
  readonly verbosity: Verbosity;
  readonly platform: "linux" | "darwin" | "win32";
  /** Paths are shown relative to it. */
  readonly cwd: string;
  /** Reads a file named by a failure. */
  readonly readText?: (path: string) => string | undefined;
  /** Reasons are written before each action. */
  readonly explain: boolean;
  /** Annotations that GitHub shows beside the source. */
  readonly githubActions?: boolean;
}

/** Writes lines as things happen. */
export function plainReporter(options: TextReporterOptions): Reporter {
  const progress = new Progress();
  const texts = eventTexts(options, progress);
  const listener: BuildListener = (event) => {
    progress.see(event);
    const text = texts(event);
    if (text !== "") options.out.write(text);
  };
  return { listener, close: () => undefined };
}

/**
 * What is written for good about an event; empty where nothing is. The live reporter prints the same above its window,
 * but for the lines of actions that went well, which it only shows while they run.
 */
export function eventTexts(
  options: TextReporterOptions,
  progress: Progress,
  live = false,
): (event: BuildEvent) => string {
  const { style, verbosity, platform } = options;
  const quiet = verbosity === "quiet";
  const verbose = verbosity === "verbose";
  const cost = options.explain && !quiet ? new CudaCost() : undefined;
  return (event) => {
    cost?.see(event);
    switch (event.type) {
      case "planned":
        return verbose ? `${style.dim(`${event.actions.length} actions, ${event.jobs} at a time`)}\n` : "";
      case "dirty":
        return options.explain && !quiet ? `${reasonLines(event.action, event.reasons, style).join("\n")}\n` : "";
      case "started":
        return verbose
          ? `${style.dim(`${event.action.description}: ${plannedCommand(event.action, platform)}`)}\n`
          : "";
      case "done": {
        // A warning is news when it is made; later it is shown on demand.
        const output = event.output.trim() === "" || quiet ? "" : `${event.output.trimEnd()}\n`;
        if (event.outcome === "fresh") return verbose && output !== "" ? `${doneText(event, style)}\n${output}` : "";
        const shown = event.outcome === "executed" || verbose ? output : "";
        const line =
          quiet || (live && !verbose && shown === "") ? "" : `${counter(progress)} ${doneText(event, style)}\n`;
        return line + shown;
      }
      case "failed":
        if (event.retrying) return quiet ? "" : retryText(event, style);
        return (
          annotation(event, options) +
          failedText(event, { style, platform, withCommand: verbose || !live }) +
          diagnosesText(event.diagnoses ?? [], { style })
        );
      case "reading":
        return quiet ? "" : `${style.dim(`reading ${shownPath(event.script, options.cwd)}`)}\n`;
      case "read":
        return verbose && event.output.trim() !== "" ? `${event.output.trimEnd()}\n` : "";
      case "abandoned":
        return "";
      case "waiting":
        return quiet || live ? "" : `${style.dim(`waiting for ${event.on}`)}\n`;
      case "warning":
        return quiet ? "" : warningText(event.message, event.hint, style);
      case "fixed":
        return failureWithDiagnoses(event, options) + fixedText(event.changes, options);
      case "finished":
        return (cost?.text((path) => shownPath(path, options.cwd)) ?? "") + finishedText(event, options, progress);
    }
  };
}

function finishedText(
  event: Extract<BuildEvent, { type: "finished" }>,
  options: TextReporterOptions,
  progress: Progress,
): string {
  const { style, verbosity } = options;
  if (event.failure !== undefined) {
    const cancelled = event.failure.code === "CANCELLED";
    // Where actions failed, what they said stands above; the count alone is left to say.
    const known = event.failure.code === "BUILD_FAILED" && progress.failed > 0 && event.failure.hint === undefined;
    const text = known || (cancelled && verbosity !== "quiet") ? "" : failureWithDiagnoses(event, options);
    if (verbosity === "quiet" || (progress.total === 0 && !cancelled)) return text;
    return `${text}${summaryOf(progress, [], cancelled ? "interrupted" : "failed", event.durationMs)}\n`;
  }
  if (verbosity === "quiet") return "";
  const names = progress.extensions.length > 0 ? progress.extensions : event.artifacts.map(({ name }) => name);
  return `${style.success(summaryOf(progress, names, "built", event.durationMs))}\n`;
}

/** Empty where the event has no failure. */
function failureWithDiagnoses(
  { failure, diagnoses }: Pick<Extract<BuildEvent, { type: "finished" | "fixed" }>, "failure" | "diagnoses">,
  { style, cwd, readText }: TextReporterOptions,
): string {
  if (failure === undefined) return "";
  const text = failureText(failure, { style, cwd, ...(readText === undefined ? {} : { readText }) });
  return text + diagnosesText(diagnoses ?? [], { style });
}

/** `[3/12]`, with the first number as wide as the second. */
function counter(progress: Progress): string {
  const total = String(progress.total);
  return `[${String(progress.done).padStart(total.length)}/${total}]`;
}

// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
function annotation(event: Extract<BuildEvent, { type: "failed" }>, options: TextReporterOptions): string {
  if (options.githubActions !== true) return "";
  const place = firstError(event.output);
  const escape = (text: string): string => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  const property = (text: string): string => escape(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
  const properties =
    place === undefined
      ? [`title=${property(event.action.description)}`]
      : [
          `file=${property(place.file)}`,
          `line=${place.line}`,
          ...(place.column === undefined ? [] : [`col=${place.column}`]),
          `title=${property(event.action.description)}`,
        ];
  return `::error ${properties.join(",")}::${escape(place?.message ?? `${event.action.description} failed`)}\n`;
}
