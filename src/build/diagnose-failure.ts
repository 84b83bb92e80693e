/**
 * Diagnoses what fails in a build: a failed action, an import that fails afterwards. The rules and the reading of
 * libraries are loaded after the first failure only; until a diagnosis is there, the events that follow wait, so that
 * it stands under the output that it is about.
 */
import { basename } from "node:path";
import type { Result } from "../base/result.ts";
import type { Diagnosis } from "../diagnose/diagnose.ts";
import type { BuildEvent, BuildListener, FailureDiagnosis } from "../engine/events.ts";
import type { Host } from "../host/host.ts";
import { shellWord } from "../base/shell-word.ts";
import { findTarget } from "../config/target.ts";
import { commandText, type Action } from "../plan/graph.ts";
import { adviceFor, askerOf } from "./advice.ts";
import { planChange } from "./change-file.ts";
import { build, type BuildOptions, type BuildSummary } from "./build.ts";
import { prepare, type Prepared } from "./prepare.ts";
import { type DiagnosedFailure, safeChanges } from "./safe-change.ts";

/** What a build came to, and why not more. */
export interface DiagnosedBuild {
  readonly result: Result<BuildSummary>;
  readonly failures: readonly DiagnosedFailure[];
}

/** As `build`; failures carry their diagnoses. */
export async function buildDiagnosed(
  host: Host,
  options: BuildOptions,
  listener: BuildListener,
): Promise<DiagnosedBuild> {
  const failures: DiagnosedFailure[] = [];
  const gate = new Gate(listener, async (event) => {
    const found = await diagnoseEvent(host, options, event);
    if (found === undefined || found.diagnoses.length === 0) return event;
    failures.push(found);
    return { ...event, diagnoses: found.diagnoses.map((each) => tied(each, found.action)) };
  });
  const result = await build(host, options, gate.listener);
  await gate.settled();
  return { result, failures };
}

type FailureEvent = Extract<BuildEvent, { type: "failed" | "finished" }>;

/** The events that are looked into. */
function isFailure(event: BuildEvent): event is FailureEvent {
  if (event.type === "failed") return !event.retrying;
  return event.type === "finished" && event.failure?.code === "IMPORT_FAILED";
}

/** Hands events on in order; those after a failure wait until it is diagnosed. */
export class Gate {
  readonly #next: BuildListener;
  readonly #diagnose: (event: FailureEvent) => Promise<BuildEvent>;
  readonly #waiting: BuildEvent[] = [];
  #work: Promise<void> | undefined;

  constructor(next: BuildListener, diagnose: (event: FailureEvent) => Promise<BuildEvent>) {
    this.#next = next;
    this.#diagnose = diagnose;
  }

  readonly listener: BuildListener = (event) => {
    if (this.#work === undefined && !isFailure(event)) {
      this.#next(event);
      return;
    }
    this.#waiting.push(event);
    if (this.#work !== undefined) return;
    this.#work = this.#drain();
    // `settled` reports it; nobody may be listening yet.
    this.#work.catch(() => undefined);
  };

  /** Resolves when every event was handed on; rejects with what a listener threw. */
  async settled(): Promise<void> {
    await this.#work;
  }

  async #drain(): Promise<void> {
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
      this.#next(isFailure(event) ? await this.#lookInto(event) : event);
    }
    this.#work = undefined;
  }

  /** The compiler's own words must not be lost to a fault of the diagnosis. */
  async #lookInto(event: FailureEvent): Promise<BuildEvent> {
    try {
      return await this.#diagnose(event);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const message = `retorch has a bug: the failure could not be diagnosed (${why})`;
      this.#next({ type: "warning", message, time: event.time });
      return event;
    }
  }
}

/** Rules about what `load_inline` writes; in a log it shows by the name of a source alone, `main.cpp`. */
const ofInline: ReadonlySet<string> = new Set(["inline-function-not-declared"]);

function isInline(captured: { readonly text: string } | undefined): boolean {
  return captured !== undefined && /"origin":\s*"load_inline"/.test(captured.text);
}

async function diagnoseEvent(
  host: Host,
  options: BuildOptions,
  event: FailureEvent,
): Promise<DiagnosedFailure | undefined> {
  const { diagnose, diagnoseAction } = await import("../diagnose/diagnose.ts");
  const { diagnoseContext } = await import("./diagnose-context.ts");
  // What the build itself began with; it is remembered.
  const prepared = await prepare(host, options.request);
  const without = isInline(options.request.captured) ? new Set<string>() : ofInline;
  const of = event.type === "failed" ? event.action.extension : undefined;
  const extensions = prepared.ok ? prepared.value.project.extensions : [];
  const extension = extensions.length === 1 ? extensions[0] : extensions.find(({ name }) => name === of);
  const context = prepared.ok
    ? {
        ...diagnoseContext(host, {
          environment: prepared.value.environment,
          root: prepared.value.project.root,
          ...(extension === undefined ? {} : { sources: extension.sources.map(({ path }) => path) }),
        }),
        without,
        isLive: true,
        ...(extension === undefined ? {} : { usesTorch: extension.usesTorch }),
      }
    : { without, isLive: true };
  const found = options.request.captured === undefined ? await findTarget(host, options.request.paths) : undefined;
  const target = found?.ok === true ? found.value.target.kind : undefined;
  const asked = (diagnoses: readonly Diagnosis[]): readonly Diagnosis[] => {
    const { platform } = host;
    const buildDir = prepared.ok ? prepared.value.graph.buildDir : undefined;
    const isSetup = target === "setup-script";
    const asker = askerOf(options.request.captured);
    const { typed } = options;
    const advice = { asker, isSetup, buildDir, platform, ...(typed === undefined ? {} : { typed }) };
    return diagnoses.map((each) => ({ ...each, fix: adviceFor(each.fix, advice) }));
  };
  const withOffer = async (failed: DiagnosedFailure): Promise<DiagnosedFailure> => {
    const offer = prepared.ok ? await offered(host, options, prepared.value, failed) : undefined;
    const advised = asked(failed.diagnoses);
    const [first, ...others] = advised;
    if (offer === undefined || first === undefined) return { ...failed, diagnoses: advised };
    return { ...failed, diagnoses: [{ ...first, fix: [offer, ...first.fix] }, ...others] };
  };
  if (event.type === "finished") {
    const text = event.failure?.cause ?? "";
    const { diagnoses } = diagnose(text, context);
    const action = prepared.ok ? linkWithHole(prepared.value.graph.actions, text) : undefined;
    return action === undefined ? { diagnoses: asked(diagnoses) } : await withOffer({ action, diagnoses });
  }
  const { action, output, exitCode, signal } = event;
  const [program = ""] = commandText(action.command);
  const { diagnoses } = diagnoseAction(
    {
      action: {
        tool: action.tools[0]?.name ?? program,
        command: commandText(action.command),
        description: action.description,
      },
      output,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(signal === undefined ? {} : { signal }),
    },
    context,
  );
  return await withOffer({ action, diagnoses });
}

/** The link of a module that wants a symbol which nothing defines: a shared library links with holes, the import finds them. */
export function linkWithHole(actions: readonly Action[], text: string): Action | undefined {
  const name = /ImportError: (?:[^\n]*[\\/])?([^\\/\n:]+): undefined symbol: /.exec(text)?.[1];
  // The link writes elsewhere than where the module is put.
  const links = actions.filter(({ kind, outputs }) => kind === "link" && basename(outputs[0] ?? "") === name);
  return links.length === 1 ? links[0] : undefined;
}

/** The command that makes the change of the first diagnosis, where that is safe, can be done and was not asked for. */
async function offered(
  host: Host,
  { typed, request }: BuildOptions,
  prepared: Prepared,
  failed: DiagnosedFailure,
): Promise<string | undefined> {
  if (typed === undefined || typed.includes("--fix") || request.captured !== undefined) return undefined;
  const [safe] = safeChanges(host, prepared, [failed]);
  if (safe === undefined) return undefined;
  const { change, how, extension } = safe;
  if (how.kind === "settings" && (await planChange(host, request, extension, how.edits)).kind === "refused")
    return undefined;
  const words = ["retorch", ...typed].map(shellWord).join(" ");
  return `${words} --fix   # makes this change and builds again: ${change}`;
}

/** The diagnosis for people, with the place in the source and the word of the command that it is about. */
export function tied(diagnosis: Diagnosis, action: Action | undefined): FailureDiagnosis {
  const { id, title, cause, fix, evidence, confidence, docs } = diagnosis;
  const place = placeIn(evidence.text);
  const flag = action === undefined ? undefined : flagOf(diagnosis, commandText(action.command));
  return {
    id,
    title,
    cause,
    fix,
    evidence,
    confidence,
    docs,
    ...(place === undefined ? {} : { place }),
    ...(flag === undefined ? {} : { flag }),
  };
}

/** `csrc/a.cpp:3:5: …` of gcc and clang, `a.cu(3): …` of nvcc and cl. */
function placeIn(text: string): FailureDiagnosis["place"] {
  const match =
    /^\s*(?<file>(?:[A-Za-z]:)?[^:\s][^:\n]*?):(?<line>\d+):(?:(?<column>\d+):)?/.exec(text) ??
    /^\s*(?<file>[^(\n]+)\((?<line>\d+)(?:,(?<column>\d+))?\)\s?:/.exec(text);
  const { file, line, column } = match?.groups ?? {};
  if (file === undefined || line === undefined) return undefined;
  return { file: file.trim(), line: Number(line), ...(column === undefined ? {} : { column: Number(column) }) };
}

function flagOf({ change, evidence, subject }: Diagnosis, command: readonly string[]): string | undefined {
  const has = (word: string): string | undefined => (command.includes(word) ? word : undefined);
  if (change?.kind === "remove-flag") {
    const named = has(change.flag);
    if (named !== undefined) return named;
  }
  if (change?.kind === "set-cxx-standard") return command.findLast((word) => /^(?:--?std[=:]|\/std:)/.test(word));
  if (subject !== undefined && /^[\w.+-]+$/.test(subject)) {
    const library = has(`-l${subject.replace(/^-l/, "").replace(/^lib(\w+)\.(?:so|a).*$/, "$1")}`);
    if (library !== undefined) return library;
  }
  // A driver quotes the option that it does not like.
  const quoted = [...evidence.text.matchAll(/['"`‘“]?(--?[A-Za-z][^\s'"`’”]*)/g)].map((match) => match[1] ?? "");
  return quoted.find((word) => word.length > 2 && command.includes(word));
}
