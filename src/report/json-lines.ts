/**
 * One JSON value a line for each event, for programs. The fields are stable: they are documented by `jsonEvents`, from
 * which the reference is made; more fields may come, none goes or changes its meaning.
 */
import type { BuildEvent, BuildListener, FailureDiagnosis } from "../engine/events.ts";
import type { Failure } from "../base/failure.ts";
import type { Action } from "../plan/graph.ts";
import { shownReason } from "./explain-text.ts";
import type { Reporter, TextSink } from "./terminal.ts";

/** How an event is documented. */
export interface JsonEventEntry {
  readonly description: string;
  /** Field → what it holds. `?` at the end of the name: may be missing. */
  readonly fields: Readonly<Record<string, string>>;
}

const action = "`{id, kind, description, extension}`";
const diagnoses =
  "list of `{id, title, cause, fix, evidence: {line, text}, confidence, docs, place?, flag?}`, best first: what went wrong and what to do";

/** Every event with its fields. */
export const jsonEvents: Readonly<Record<BuildEvent["type"], JsonEventEntry>> = {
  planned: {
    description: "The actions are known. Sent once, before anything runs.",
    fields: { actions: `list of ${action}`, jobs: "how many programs may run at once" },
  },
  dirty: {
    description: "An action has to be done.",
    fields: {
      action,
      reasons: "list of `{kind, text, …}`: why; `kind` is stable, `text` is for people",
    },
  },
  started: {
    description: "A program was started.",
    fields: { action, slot: "number of the lane in which it runs, from 0", command: "list of words", cwd: "folder" },
  },
  done: {
    description: "An action is done.",
    fields: {
      action,
      outcome: "`executed`, `cached` (from the store) or `fresh` (nothing to do)",
      output: "what the program printed, now or when it was run",
      unchanged: "whether the outputs are the same bytes as before",
      durationMs: "milliseconds",
      "peakMemory?": "bytes",
      "slot?": "as in `started`",
    },
  },
  failed: {
    description: "A program failed.",
    fields: {
      action,
      "exitCode?": "number",
      "signal?": "name of the signal that ended it",
      output: "what it printed",
      command: "list of words",
      cwd: "folder",
      retrying: "killed for memory; it runs again, alone",
      "diagnoses?": diagnoses,
      durationMs: "milliseconds",
      "slot?": "as in `started`",
    },
  },
  reading: {
    description: "A `setup.py` is run, to see what it declares. Not sent while what it said is remembered.",
    fields: { script: "absolute path" },
  },
  read: {
    description: "It has run.",
    fields: { script: "absolute path", output: "what it printed", durationMs: "milliseconds" },
  },
  abandoned: {
    description:
      "A program was stopped: another one of the same command has failed, or it was started before its turn, and what it read has changed or nobody needs it. It may run again.",
    fields: { action, slot: "as in `started`" },
  },
  waiting: {
    description: "Another process works on the same thing.",
    fields: { on: "what is waited for, for people" },
  },
  warning: { description: "Something is odd.", fields: { message: "one sentence", "hint?": "what to do" } },
  fixed: {
    description: "`--fix` changed something, and the build begins anew.",
    fields: {
      changes:
        "list of `{extension, change, diagnosis, file?, diff, keep?}`; without `file` the change holds for this build, and `keep` says how to keep it",
      "failure?": "as in `finished`: what it was about, where no action failed",
      "diagnoses?": diagnoses,
    },
  },
  finished: {
    description: "The last event, always sent.",
    fields: {
      ok: "whether the build succeeded",
      "failure?": "`{code, message, hint?, location?, attempts?, cause?}` when it did not",
      "diagnoses?": diagnoses,
      artifacts: "list of `{name, path}`",
      actions: "`{executed, cached, fresh}`: how many",
      durationMs: "milliseconds",
    },
  },
};

/** Writes one line for each event. */
export function jsonReporter(out: TextSink): Reporter {
  const listener: BuildListener = (event) => out.write(jsonLine(event));
  return { listener, close: () => undefined };
}

/** An event as its line, with the line break. */
function jsonLine(event: BuildEvent): string {
  return `${JSON.stringify(plainEvent(event))}\n`;
}

/** The last line of a build, also printed by the quick path that loads nothing else. */
export function finishedLine(event: Omit<Extract<BuildEvent, { type: "finished" }>, "type" | "time">): string {
  return `${JSON.stringify(plainFinished(event))}\n`;
}

/** An event with documented fields only. */
function plainEvent(event: BuildEvent): Readonly<Record<string, unknown>> {
  switch (event.type) {
    case "planned":
      return { type: event.type, actions: event.actions.map(plainAction), jobs: event.jobs, time: rounded(event.time) };
    case "dirty":
      return {
        type: event.type,
        action: plainAction(event.action),
        reasons: event.reasons.map((reason) => ({ ...reason, text: shownReason(reason) })),
        time: rounded(event.time),
      };
    case "started":
      return {
        type: event.type,
        action: plainAction(event.action),
        slot: event.slot,
        command: event.command,
        cwd: event.action.cwd,
        time: rounded(event.time),
      };
    case "done":
      return {
        type: event.type,
        action: plainAction(event.action),
        outcome: event.outcome,
        output: event.output,
        unchanged: event.unchanged,
        durationMs: rounded(event.durationMs),
        peakMemory: event.peakMemory,
        slot: event.slot,
        time: rounded(event.time),
      };
    case "failed":
      return {
        type: event.type,
        action: plainAction(event.action),
        exitCode: event.exitCode,
        signal: event.signal,
        output: event.output,
        command: event.command,
        cwd: event.action.cwd,
        retrying: event.retrying,
        ...(event.diagnoses === undefined ? {} : { diagnoses: event.diagnoses.map(plainDiagnosis) }),
        durationMs: rounded(event.durationMs),
        slot: event.slot,
        time: rounded(event.time),
      };
    case "reading":
      return { type: event.type, script: event.script, time: rounded(event.time) };
    case "read":
      return {
        type: event.type,
        script: event.script,
        output: event.output,
        durationMs: rounded(event.durationMs),
        time: rounded(event.time),
      };
    case "abandoned":
      return { type: event.type, action: plainAction(event.action), slot: event.slot, time: rounded(event.time) };
    case "waiting":
      return { type: event.type, on: event.on, time: rounded(event.time) };
    case "warning":
      return { type: event.type, message: event.message, hint: event.hint, time: rounded(event.time) };
    case "fixed":
      return {
        type: event.type,
        changes: event.changes,
        ...(event.failure === undefined ? {} : { failure: plainFailure(event.failure) }),
        ...(event.diagnoses === undefined ? {} : { diagnoses: event.diagnoses.map(plainDiagnosis) }),
        time: rounded(event.time),
      };
    case "finished":
      return plainFinished(event);
  }
}

/** A diagnosis with documented fields only. */
export function plainDiagnosis(diagnosis: FailureDiagnosis): Readonly<Record<string, unknown>> {
  const { id, title, cause, fix, evidence, confidence, docs, place, flag } = diagnosis;
  return {
    id,
    title,
    cause,
    fix,
    evidence: { line: evidence.line, text: evidence.text },
    confidence,
    docs,
    place,
    flag,
  };
}

/** A failure with documented fields only. */
export function plainFailure(failure: Failure): Readonly<Record<string, unknown>> {
  const { code, message, hint, location, attempts, cause } = failure;
  return { code, message, hint, location, attempts, cause };
}

function plainFinished(
  event: Omit<Extract<BuildEvent, { type: "finished" }>, "type" | "time">,
): Readonly<Record<string, unknown>> {
  return {
    type: "finished",
    ok: event.ok,
    ...(event.failure === undefined ? {} : { failure: plainFailure(event.failure) }),
    ...(event.diagnoses === undefined ? {} : { diagnoses: event.diagnoses.map(plainDiagnosis) }),
    artifacts: event.artifacts.map(({ name, path }) => ({ name, path })),
    actions: { executed: event.actions.executed, cached: event.actions.cached, fresh: event.actions.fresh },
    durationMs: rounded(event.durationMs),
  };
}

function plainAction({ id, kind, description, extension }: Action): Readonly<Record<string, unknown>> {
  return { id, kind, description, extension };
}

function rounded(ms: number): number {
  return Math.round(ms);
}
