/** What a rule is, and what it gets to see. */
import type { Environment } from "../environment/environment.ts";
import type { ConfigChange } from "./change.ts";
import type { Finding, FindingKind } from "./finding.ts";
import type { LogFacts } from "./facts/log-facts.ts";

export type Confidence = "high" | "medium" | "low";

/** A library that has a symbol. */
export interface SymbolPlace {
  /** Path of the library. */
  readonly library: string;
  /** The symbol there. */
  readonly symbol: string;
}

/** A place in a source of the project. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  /** Whether it is among the sources of the extension; undefined: they are not known. */
  readonly isBuilt?: boolean;
}

/** What is known besides the log. Everything is optional: a log may be of another machine. */
export interface Context {
  readonly environment?: Environment;
  /**
   * Why the log is taken to be of this environment: somebody told so, or nobody told anything. What it says of another
   * system, Python, torch or CUDA rules this one out in both cases, and other folders in the second. Absent: it ran here.
   */
  readonly basis?: "told" | "assumed";
  /** The log may be of the environment, and nothing in it says so: no version of CUDA is taken from there. */
  readonly isUnsure?: boolean;
  /** The installed library that defines a symbol. */
  readonly lookupSymbol?: (name: string) => SymbolPlace | undefined;
  /** An installed library that defines another form of it: other string ABI, other parameters. */
  readonly otherForm?: (name: string) => SymbolPlace | undefined;
  /** False: the extension is built without torch (`uses-torch = false`). */
  readonly usesTorch?: boolean;
  /** Sources of the project that define a function: its namespaces and its name, outermost first. */
  readonly findDefinition?: (path: readonly string[]) => readonly SourcePlace[];
  /** The file of the project whose path ends as a header is written, but for upper and lower case. */
  readonly headerInOtherCase?: (name: string) => string | undefined;
  /** Whether a folder that the log names is on this machine: one that names none that is here is of another machine. */
  readonly hasFolder?: (path: string) => boolean;
  /** Folder that holds a header, among those that could be added. */
  readonly findHeader?: (name: string) => string | undefined;
  /** Folder that holds a library, among those that could be added. */
  readonly findLibrary?: (name: string) => string | undefined;
  /** Host compilers that are installed beside the chosen one. */
  readonly hostCompilers?: readonly {
    readonly family: "gcc" | "clang" | "msvc";
    readonly path: string;
    readonly version: readonly number[];
  }[];
  /** The command that starts the environment's interpreter in a shell here: `python`. */
  readonly pythonCommand?: string;
  /** Variables of the shell that asks, as they are set there. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** The text is what an action of retorch's own build printed. */
  readonly isLive?: boolean;
  /** Rules, by id, whose occasion is known not to be there: a live build knows who asked for it. */
  readonly without?: ReadonlySet<string>;
  /** Default: the demangler of `inspect/`. Undefined when the name is none. */
  readonly demangle?: (name: string) => string | undefined;
}

/** What a rule's functions see. */
export interface RuleContext extends Context {
  readonly log: LogFacts;
  /** All findings of the log, in order. */
  readonly findings: readonly Finding[];
}

/** What a rule read out of a finding: words for its sentences. */
export type MatchFacts = Readonly<Record<string, string | undefined>>;

/** A finding that a rule knows. */
export interface Match {
  readonly finding: Finding;
  readonly facts: MatchFacts;
  readonly context: RuleContext;
}

/**
 * - `cause`: the root of a failure.
 * - `symptom`: may be the root, but often follows from something else in the same log.
 * - `advice`: a warning that breaks nothing by itself.
 * - `generic`: known by its form only (a compile error in somebody's source).
 * - `wrapper`: says that something failed elsewhere.
 */
export type Role = "cause" | "symptom" | "advice" | "generic" | "wrapper";

/** A message and what the diagnosis of it must say. */
export interface Example {
  readonly text: string;
  /** Stands in the cause or in a fix. */
  readonly expect: string;
}

/** One kind of trouble. Texts are sentences; fixes are shell lines, `#` before what a person has to do. */
export interface Rule {
  /** Stable, kebab-case. */
  readonly id: string;
  readonly title: string;
  /** Kinds of findings that it looks at. */
  readonly on: readonly FindingKind[];
  readonly matches: (finding: Finding, context: RuleContext) => MatchFacts | undefined;
  readonly cause: (match: Match) => string;
  readonly fix: (match: Match) => readonly string[];
  /** A change of the configuration that would mend it, when that is safe. */
  readonly change?: (match: Match) => ConfigChange | undefined;
  readonly confidence: Confidence | ((match: Match) => Confidence);
  /** Default `cause`. */
  readonly role?: Role;
  /** 0 to 100, default 50: how much the match says. Of two rules for one finding the higher wins. */
  readonly specificity?: number;
  /** The fix is in the words of the builder that the rule is about (Nix, Yocto, …), not in those of a shell. */
  readonly inBuildersWords?: true;
  /** Public threads and pages. */
  readonly sources: readonly string[];
  readonly examples: readonly Example[];
}

/**
 * The groups of a pattern found in a finding's message; an empty object when it has none. `name2`, `name3` are other ways
 * to find `name`: a pattern may not use a group's name twice.
 */
export function said(finding: Finding, pattern: RegExp): MatchFacts | undefined {
  const match = pattern.exec(finding.message);
  if (match === null) return undefined;
  const facts: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(match.groups ?? {})) facts[name.replace(/\d$/, "")] ??= value;
  return facts;
}

/** As `said`, over several patterns. */
export function saidAny(finding: Finding, ...patterns: readonly RegExp[]): MatchFacts | undefined {
  for (const pattern of patterns) {
    const facts = said(finding, pattern);
    if (facts !== undefined) return facts;
  }
  return undefined;
}

/** Whether a finding carries one of the codes. */
export function coded(finding: Finding, ...codes: readonly string[]): MatchFacts | undefined {
  return finding.code !== undefined && codes.includes(finding.code) ? {} : undefined;
}

/** The place of a finding for a sentence: `a.cpp:12`. */
export function placeOf(finding: Finding): string {
  if (finding.file === undefined) return "";
  return finding.line === undefined ? finding.file : `${finding.file}:${finding.line}`;
}

/** The same as what a sentence begins with: `The code` where no place is known. */
export function codeAt(finding: Finding): string {
  return placeOf(finding) === "" ? "The code" : placeOf(finding);
}
