/** From findings to diagnoses: which rule speaks for a finding, and which diagnosis comes first. */
import { inCibuildwheel } from "./fit/cibuildwheel-fit.ts";
import { inCiFile } from "./fit/ci-fit.ts";
import { inClone } from "./fit/archive-sources.ts";
import { editsInItsFolder, fromWhereItWasGiven, withAgain } from "./fit/again.ts";
import { fixForAmd } from "./facts/gpu-vendor.ts";
import type { ConfigChange } from "./change.ts";
import { withoutEchoes } from "./echoes.ts";
import { overcomeIn } from "./overcome.ts";
import { inOwnBuilder, inTypedCargo } from "./fit/builder-fit.ts";
import { inUnpacked } from "./fit/unpacked-sources.ts";
import { inJobScript } from "./fit/job-fit.ts";
import { inOwnTool } from "./commands/own-build.ts";
import { isOtherTools, withoutTorch } from "./facts/other-field.ts";
import { inTypedCmake } from "./commands/typed-again.ts";
import { variablesAgain } from "./commands/isolation-commands.ts";
import type { Finding, FindingKind } from "./finding.ts";
import { foreignHeader } from "./tables/foreign-headers.ts";
import { fitted } from "./fit/machine-fit.ts";
import type { Confidence, Match, Role, Rule, RuleContext } from "./rule.ts";
import { isApart, isSurvived } from "./survived.ts";

/** One answer. */
export interface Diagnosis {
  readonly id: string;
  readonly title: string;
  /** What happened and what it means here. */
  readonly cause: string;
  /** Shell lines; what a person has to do stands behind `#`. */
  readonly fix: readonly string[];
  readonly evidence: { readonly line: number; readonly text: string };
  readonly confidence: Confidence;
  /** The page of the documentation. */
  readonly docs: string;
  /** The symbol, library, header or file that it is about. */
  readonly subject?: string;
  readonly change?: ConfigChange;
  readonly role: Role;
}

/** At most so many answers are given. */
const answerLimit = 6;

const roleOrder: Readonly<Record<Role, number>> = { cause: 0, symptom: 1, generic: 2, advice: 3, wrapper: 4 };

interface Candidate {
  readonly rule: Rule;
  readonly match: Match;
  readonly role: Role;
  readonly specificity: number;
  /** A warning that the run lived on with, where another finding tells what stopped it. */
  readonly survived?: boolean;
}

const specificityOf = ({ specificity = 50 }: Rule): number => specificity;

type RulesByKind = ReadonlyMap<FindingKind, readonly Rule[]>;

const sorted = new WeakMap<readonly Rule[], RulesByKind>();

/** The rules by the kind of finding that they look at, the most specific one first, and of equals the earlier. */
function byKind(rules: readonly Rule[]): RulesByKind {
  const known = sorted.get(rules);
  if (known !== undefined) return known;
  const map = new Map<FindingKind, Rule[]>();
  for (const rule of rules) {
    for (const kind of rule.on) {
      const list = map.get(kind);
      if (list === undefined) map.set(kind, [rule]);
      else list.push(rule);
    }
  }
  for (const list of map.values()) list.sort((a, b) => specificityOf(b) - specificityOf(a));
  sorted.set(rules, map);
  return map;
}

/** All diagnoses, best first. */
export function rank(rules: readonly Rule[], context: RuleContext): Diagnosis[] {
  const index = byKind(rules);
  const best = new Map<string, Candidate>();
  // Where CMake stopped with an error, its warnings told of nothing that stopped it.
  const stopped = context.findings.some((finding) => finding.kind === "build-tool" && finding.severity === "error");
  const isOvercome = overcomeIn(context.findings, context.log.typed);
  for (const finding of context.findings) {
    let winner: Candidate | undefined;
    for (const rule of index.get(finding.kind) ?? []) {
      if (context.without?.has(rule.id) === true) continue;
      const facts = rule.matches(finding, context);
      if (facts === undefined) continue;
      // What is said to people with NVIDIA's GPUs alone is wrong on another machine, however well the message fits.
      if (context.log.amd && fixForAmd(rule.fix({ finding, facts, context })) === undefined) continue;
      const aside = (stopped && finding.kind === "build-tool" && finding.severity === "warning") || isOvercome(finding);
      winner = {
        rule,
        match: { finding, facts, context },
        role: aside ? "advice" : (rule.role ?? "cause"),
        specificity: specificityOf(rule),
      };
      break;
    }
    if (winner === undefined) continue;
    const known = best.get(winner.rule.id);
    // The first finding speaks for a rule, of those that still matter; findings come in the order of the log.
    if (known === undefined || (known.role === "advice" && winner.role !== "advice")) best.set(winner.rule.id, winner);
  }
  // A log of warnings alone may be of a build that went well.
  const failed = context.findings.some(({ severity, code }) => severity !== "warning" && code !== "installed");
  // What a build that went well said in passing asks for nothing.
  const stoppedBy = context.findings.some(({ severity }) => severity === "error" || severity === "fatal");
  const success = stoppedBy ? undefined : context.findings.findLast(({ code }) => code === "installed");
  const speaking =
    success === undefined
      ? [...best.values()]
      : [...best.values()].filter(({ role, match }) => role !== "advice" || match.finding.at > success.at);
  const heard = withoutEchoes(
    behindWhatStopped(speaking, context).sort(compare),
    ({ rule }) => rule.id,
    (candidate) => confidenceOf(candidate) === "high",
  );
  return select(heard).map((candidate) => {
    const diagnosis = toDiagnosis(candidate);
    if (candidate.role === "advice" && candidate.rule.role !== "advice") return { ...diagnosis, confidence: "low" };
    // What a run that goes on remarks on stopped nothing.
    if (!failed && candidate.role === "advice") return { ...diagnosis, confidence: "low" };
    if (isOtherTools(context)) return { ...diagnosis, confidence: "low" };
    if (candidate.survived === true && diagnosis.confidence === "high") return { ...diagnosis, confidence: "medium" };
    return failed || diagnosis.confidence !== "high" ? diagnosis : { ...diagnosis, confidence: "medium" };
  });
}

/** Marks the warnings that a run lived on with until something else stopped it. */
function behindWhatStopped(candidates: readonly Candidate[], { findings: all, log }: RuleContext): Candidate[] {
  const ofImage = log.dockerBuild || log.imageBuild !== undefined;
  const stopping = candidates.filter(
    (candidate) => tier(candidate) < roleOrder.generic && !isSurvived(candidate.match.finding, all),
  );
  return candidates.map((candidate) =>
    candidate.role === "cause" &&
    isSurvived(candidate.match.finding, all) &&
    stopping.some(({ match }) => isApart(candidate.match.finding, match.finding, ofImage))
      ? { ...candidate, survived: true }
      : candidate,
  );
}

/** Cause before symptom, strong before weak, early before late. */
function compare(a: Candidate, b: Candidate): number {
  return (
    tier(a) - tier(b) ||
    strength(b) - strength(a) ||
    a.match.finding.at - b.match.finding.at ||
    b.specificity - a.specificity ||
    (a.rule.id < b.rule.id ? -1 : 1)
  );
}

/**
 * A compiler's error in the project's own source is known by its form only, and yet it is what failed: it stands before
 * what may have been said in passing (a missing tool, a folder that git does not know), and behind what is understood.
 */
function tier(candidate: Candidate): number {
  const { role, match, survived } = candidate;
  if (survived === true) return 1.5;
  const weak = confidenceOf(candidate) === "low";
  if (role === "generic" && match.finding.kind === "compile" && !weak) return 0.5;
  return role === "cause" && weak ? roleOrder.symptom : roleOrder[role];
}

/** Coarse, so that among matches of equal worth the earlier one wins. */
function strength(candidate: Candidate): number {
  const { specificity } = candidate;
  const confidence = confidenceOf(candidate);
  const step = specificity >= 65 ? 3 : specificity >= 45 ? 2 : 1;
  return confidence === "low" ? step - 2 : confidence === "medium" ? step - 0.5 : step;
}

function confidenceOf(candidate: Candidate): Confidence {
  const { confidence } = candidate.rule;
  return typeof confidence === "function" ? confidence(candidate.match) : confidence;
}

/** Leaves out what an answer before it explains. */
function select(candidates: readonly Candidate[]): readonly Candidate[] {
  const first = candidates[0];
  if (first === undefined) return [];
  const real = candidates.filter((candidate) => candidate.role !== "wrapper");
  if (real.length === 0) return [first];
  const causes = real.filter((candidate) => tier(candidate) === roleOrder.cause);
  // With a cause at hand, errors known by form alone and warnings are noise.
  const kept =
    causes.length > 0 ? real.filter((candidate) => candidate.role === "cause" || candidate.role === "symptom") : real;
  // Behind a sure cause, what is only possible is noise, too.
  const sure = causes.some((candidate) => candidate === first && confidenceOf(candidate) === "high");
  return (sure ? kept.filter((candidate) => confidenceOf(candidate) !== "low") : kept).slice(0, answerLimit);
}

/** Without commands that stand there twice, as the parts that a fix is made of may bring. */
function withoutRepeats(lines: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return lines.filter((line) => {
    const command = line.startsWith("#") ? line : line.replace(/\s+# .*$/, "");
    if (seen.has(command)) return false;
    seen.add(command);
    return true;
  });
}

/** What stood before an "or" may have been left out: retorch as another way goes to the end, and the first way is no other one. */
function beginningWithFirst(lines: readonly string[]): readonly string[] {
  const [first = "", ...rest] = lines;
  const ordered = first.startsWith("# or retorch build") ? [...rest, first] : lines;
  return ordered.map((line, at) => (at === 0 ? line.replace(/^# or /, "# ") : line));
}

/** Without the variables that the text's command set, where the fix gave them another value before. */
function withoutOldValues(lines: readonly string[], match: Match): readonly string[] {
  const old = new Set(variablesAgain(match));
  return lines.filter((line, at) => {
    if (!old.has(line)) return true;
    const before = lines.slice(0, at);
    // The gcc that is to be taken instead is one that nvcc supports.
    if (/^export NVCC_(?:AP|PRE)PEND_FLAGS=["']?-allow-unsupported-compiler["']?$/.test(line))
      return !before.some((other) => other.includes("-ccbin "));
    const name = line.slice(0, line.indexOf("=") + 1);
    return !before.some((other) => other.startsWith(name));
  });
}

/** The fix for the machine and the GPU that the text is about. */
function fixOf(rule: Rule, match: Match): readonly string[] {
  const own = inTypedCmake(inOwnTool(fromWhereItWasGiven(withoutTorch(rule.fix(match), match), match), match), match);
  const again = inUnpacked(
    inClone(editsInItsFolder(withoutOldValues(withAgain(own, match), match), match), match),
    match,
  );
  const lines = fitted(inTypedCargo(inOwnBuilder(again, match, rule), match), match);
  return match.context.log.amd ? (fixForAmd(lines) ?? []) : lines;
}

function toDiagnosis(candidate: Candidate): Diagnosis {
  const { rule, match } = candidate;
  const { finding } = match;
  const change = rule.change?.(match);
  const subject = finding.symbol ?? finding.library ?? finding.header ?? finding.program ?? finding.file;
  return {
    id: rule.id,
    title: rule.title,
    cause: withCaller(withSubject(rule.cause(match), finding), finding),
    fix: inJobScript(
      inCibuildwheel(inCiFile(beginningWithFirst(withoutRepeats(fixOf(rule, match))), match), match),
      match,
    ),
    evidence: { line: finding.at, text: finding.text },
    confidence: confidenceOf(candidate),
    docs: `docs/errors/${rule.id}.md`,
    role: candidate.role,
    ...(subject === undefined || subject === "" ? {} : { subject }),
    ...(change === undefined ? {} : { change }),
  };
}

/** A message without its file leaves a hole in the sentence where the place would stand. */
function withSubject(cause: string, { file }: Finding): string {
  return file !== undefined
    ? cause
    : cause
        .replace(/^ (?=[a-z])/, "The code ")
        .replaceAll(/ {2}(?=[a-z])/g, " the code ")
        .replaceAll(/(?<=[\w`]) \(\)(?=[ ,.:;])/g, "");
}

/** A header's template fails where the project uses it: the sentence that names that line. */
function withCaller(cause: string, { caller, file }: Finding): string {
  return caller === undefined || !foreignHeader.test(file ?? "") || cause.includes(caller)
    ? cause
    : `${cause} The project's own line that leads there is \`${caller}\`.`;
}
