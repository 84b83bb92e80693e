/**
 * The room's entrance: a text, a stream or the output of a failed action in, diagnoses out. `retorch diagnose` and the
 * build's own messages call it.
 */
import type { Finding } from "./finding.ts";
import { completed } from "./text/known-sentences.ts";
import type { LogFacts } from "./facts/log-facts.ts";
import type { NotText } from "./text/log-reader.ts";
import { listedLines, listingLimit, withoutLines } from "./listings.ts";
import { isElsewhere, isOf, mayBeOf, speaksOfAnother } from "./origin.ts";
import { withoutPassedOver } from "./text/passed-over.ts";
import { type Diagnosis, rank } from "./rank.ts";
import { rewrappings } from "./text/rewrap.ts";
import type { Context, Rule } from "./rule.ts";
import { rules as allRules } from "./rules/index.ts";
import { type Scan, Scanner } from "./scan.ts";

export type { Diagnosis } from "./rank.ts";
export type { Context, SourcePlace } from "./rule.ts";

/** What came of reading a log. */
export interface DiagnoseReport {
  /** Best first; empty when nothing is known. */
  readonly diagnoses: readonly Diagnosis[];
  readonly lines: number;
  readonly bytes: number;
  /** Lines that were too many to be looked at each. */
  readonly skimmed?: Scan["skimmed"];
  /** Set when it was no text: then there are no diagnoses. */
  readonly notText?: NotText;
  /** Findings of errors: with none, the log says of no failure at all. */
  readonly findings: number;
  /** The text ends with the word of a run that went well. */
  readonly endedWell?: true;
  readonly facts: LogFacts;
}

/** A longer log was not pasted by hand. */
const pasteLimit = 65_536;
/** Longer is no part of one message. */
const quoteLimit = 600;

/** Diagnoses a text. */
export function diagnose(text: string, context: Context = {}): DiagnoseReport {
  const bytes = new TextEncoder().encode(text);
  const listed = listedLines(text);
  return withOtherBreaks(report(scanned(bytes, listed), context), withoutLines(text, listed), context);
}

/** Diagnoses a log of any size, part by part, in bounded memory. */
export async function diagnoseStream(
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  context: Context = {},
): Promise<DiagnoseReport> {
  const scanner = new Scanner();
  const kept: Uint8Array[] = [];
  let length = 0;
  for await (const part of parts) {
    length += part.length;
    if (length <= listingLimit) kept.push(part);
    if (!scanner.push(part)) break;
  }
  const scan = scanner.finish();
  if (length > listingLimit || scan.notText !== undefined) return report(scan, context);
  const bytes = Buffer.concat(kept);
  const text = new TextDecoder().decode(bytes);
  const listed = listedLines(text);
  const first = report(listed.size === 0 ? scan : scanned(bytes, listed), context);
  return withOtherBreaks(first, withoutLines(text, listed), context);
}

function scanned(bytes: Uint8Array, listed?: ReadonlySet<number>): Scan {
  const scanner = new Scanner(listed);
  scanner.push(bytes);
  return scanner.finish();
}

/** An installer's last word, when it is the last of the text. */
const endsWell = /^ *(?:Finished processing dependencies for|Successfully installed) \S[^\n]*\s*$(?![^])/m;

/** Whether more is known than that something failed. */
function isWeak({ diagnoses: [best] }: DiagnoseReport): boolean {
  return best === undefined || best.confidence === "low" || best.role === "generic" || best.role === "wrapper";
}

/** What a paste says whose lines were broken by a terminal or joined by a chat, when that is more. */
function withOtherBreaks(first: DiagnoseReport, text: string, context: Context): DiagnoseReport {
  if (text.length > pasteLimit) return first;
  if (first.endedWell === true && first.diagnoses.length > 0) return first;
  if (first.notText !== undefined || (first.findings === 0 && endsWell.test(text))) return first;
  const isFirstWeak = isWeak(first);
  for (const other of rewrappings(withoutPassedOver(text))) {
    if (!isFirstWeak && !other.sure) continue;
    const second = report(scanned(new TextEncoder().encode(other.text)), context);
    if (isWeak(second) && (first.diagnoses.length > 0 || second.diagnoses.length === 0)) continue;
    return {
      ...second,
      lines: first.lines,
      bytes: first.bytes,
      diagnoses: second.diagnoses.map((diagnosis) => ({
        ...diagnosis,
        evidence: {
          ...diagnosis.evidence,
          line: other.lineOf[diagnosis.evidence.line - 1] ?? diagnosis.evidence.line,
        },
      })),
    };
  }
  return first.diagnoses.length === 0 && text.length <= quoteLimit ? ofPart(first, text, context) : first;
}

/** What a part of a message says. It is the message as far as one can see, hence never sure. */
function ofPart(first: DiagnoseReport, text: string, context: Context): DiagnoseReport {
  const lines = text.split(/\r?\n/);
  if (lines.filter((line) => line.trim() !== "").length > 3) return first;
  const [best] = lines
    .map((line, index) => ({ line, index, whole: completed(line) }))
    .toSorted((a, b) => (b.whole?.letters ?? 0) - (a.whole?.letters ?? 0));
  if (best?.whole === undefined) return first;
  const { line, index, whole } = best;
  const second = report(scanned(new TextEncoder().encode(whole.text)), context);
  return {
    ...second,
    lines: first.lines,
    bytes: first.bytes,
    diagnoses: second.diagnoses.map((diagnosis) => ({
      ...diagnosis,
      evidence: { line: index + 1, text: line.trim() },
      confidence: diagnosis.confidence === "high" ? "medium" : diagnosis.confidence,
    })),
  };
}

/** An action of the engine that failed. */
export interface FailedAction {
  readonly action: {
    /** Name of the program: `g++`, `nvcc`, `ld`. */
    readonly tool: string;
    readonly command: readonly string[];
    /** `compile csrc/a.cpp` */
    readonly description: string;
  };
  /** What the program printed. */
  readonly output: string;
  readonly exitCode?: number;
  readonly signal?: string;
}

/** Diagnoses a failed action of a build: the same rules, and what its end says when it printed nothing. */
export function diagnoseAction(failed: FailedAction, context: Context = {}): DiagnoseReport {
  const scanner = new Scanner();
  scanner.command(failed.action.command.join(" "));
  scanner.push(new TextEncoder().encode(failed.output));
  const scan = scanner.finish();
  const ended = endOf(failed, scan.lines);
  // Its command is the engine's: nobody typed it, and nobody gives it again.
  const { typedCompile: _compile, typedLast: _last, ...facts } = scan.facts;
  const whole = {
    ...scan,
    facts: { ...facts, typed: [] },
    findings: ended === undefined ? scan.findings : [...scan.findings, ended],
  };
  return report(whole, { ...context, isLive: true });
}

/** A finding made of the way a program ended. */
function endOf(failed: FailedAction, lines: number): Finding | undefined {
  const killed = failed.signal === "SIGKILL" || failed.exitCode === 137;
  const crashed =
    failed.signal === "SIGSEGV" ||
    failed.signal === "SIGABRT" ||
    failed.signal === "SIGBUS" ||
    failed.signal === "SIGILL" ||
    failed.exitCode === 139 ||
    failed.exitCode === 134;
  if (!killed && !crashed) return undefined;
  const how = failed.signal ?? `exit status ${failed.exitCode ?? 0}`;
  const text = `${failed.action.description}: ${failed.action.tool} ended by ${how}`;
  return {
    kind: "tool-died",
    tool: "system",
    severity: "fatal",
    program: failed.action.tool,
    code: killed ? "signal 9" : how,
    message: text,
    text,
    at: lines + 1,
  };
}

/** What counts for a log: nothing of the environment at hand when it is of another one. */
function contextOf(context: Context, facts: LogFacts): Context {
  const { environment, basis, demangle, hasFolder } = context;
  if (environment === undefined || basis === undefined) return context;
  const elsewhere = isElsewhere(facts, environment, hasFolder);
  if (!elsewhere && isOf(facts, environment)) return context;
  const contradicts =
    elsewhere || (basis === "told" ? speaksOfAnother(facts, environment) : !mayBeOf(facts, environment));
  if (contradicts) return demangle === undefined ? {} : { demangle };
  if (basis === "told") return context;
  // Nothing says that it is of this machine: the toolkit that is here would be named as that of the log.
  const { cuda: _cuda, ...rest } = environment;
  return { ...context, environment: rest, isUnsure: true };
}

/** torch for ROCm reports errors of HIP under CUDA's names: who spoke is known once the whole log was read. */
function ofVendor(scan: Scan): readonly Finding[] {
  if (!scan.facts.amd) return scan.findings;
  return scan.findings.map((finding) =>
    finding.kind === "gpu" && finding.tool === "cuda" ? { ...finding, tool: "hip" } : finding,
  );
}

/** Whether the run that said it ended well. What was built in the end may be the answer to what another command said before. */
function isOver({ evidence }: Diagnosis, { goodEnd, facts, findings }: Scan): boolean {
  if (goodEnd !== "build") return goodEnd === "run";
  // One package failed and others were installed: which of them were, `overcome.ts` tells.
  if (findings.some(({ kind, message }) => kind === "wrapper" && /Failed (?:building|to)\b/.test(message)))
    return false;
  return !facts.typed.some(({ shell, at }) => shell === "prompt" && at > evidence.line);
}

function report(scan: Scan, context: Context, rules: readonly Rule[] = allRules): DiagnoseReport {
  const findings = ofVendor(scan);
  const diagnoses =
    scan.notText === undefined ? rank(rules, { ...contextOf(context, scan.facts), log: scan.facts, findings }) : [];
  return {
    diagnoses: diagnoses.map((diagnosis) =>
      isOver(diagnosis, scan) ? { ...diagnosis, confidence: "low" } : diagnosis,
    ),
    lines: scan.lines,
    bytes: scan.bytes,
    findings: scan.findings.filter(
      ({ code, severity }) => code !== "installed" && (severity === "error" || severity === "fatal"),
    ).length,
    facts: scan.facts,
    ...(scan.goodEnd === undefined ? {} : { endedWell: true }),
    ...(scan.skimmed === undefined ? {} : { skimmed: scan.skimmed }),
    ...(scan.notText === undefined ? {} : { notText: scan.notText }),
  };
}
