/** What several rules look for in a finding. */
import type { Finding } from "./finding.ts";
import { baseName } from "./parsers/parser.ts";
import { type Match, type MatchFacts, placeOf, type RuleContext } from "./rule.ts";

/** Whether a compile error is about one of these names: undeclared, no member, undefined identifier. */
export function about(finding: Finding, names: RegExp): MatchFacts | undefined {
  const match =
    // MSVC: 'AT_CHECK': identifier not found; error C2039: 'x': is not a member of 'y'
    (/^C26(?:60|61|64|65)$/.test(finding.code ?? "")
      ? undefined
      : /^['"“](?:[\w:<>, *&~-]*::)?(?<name>[A-Za-z_~]\w*)['"”]\s?[:：]/.exec(finding.message)?.groups?.["name"]) ??
    /[‘'`"“](?:[\w:<>, *&~-]*::)?(?<name>[A-Za-z_~]\w*)[’'"”] (?:was not declared|has not been declared|is undefined|is not a member of|is not a class or namespace|does not name a type|is not a type|undeclared\b)/.exec(
      finding.message,
    )?.groups?.["name"] ??
    /(?:has no member (?:named )?|no member named |use of undeclared identifier |unknown type name |no type named |no template named |identifier |no matching function for call to |no instance of (?:overloaded )?function |undeclared identifier |identifier not found |implicit declaration of function |call to undeclared (?:library )?function |use of deleted function |cannot be used as a function|there are no arguments to )[‘'`"“]?(?:[\w:<>, *&~-]*::)?(?<name>[A-Za-z_~]\w*)/.exec(
      finding.message,
    )?.groups?.["name"];
  if (match === undefined || !names.test(match)) return undefined;
  return { name: match, where: placeOf(finding) };
}

/** The program that was not found, without folder and `.exe`. */
export function missingProgram(finding: Finding, names: RegExp): MatchFacts | undefined {
  const name = baseName(finding.program ?? "").replace(/\.exe$/i, "");
  return names.test(name) ? { name, path: finding.program ?? "" } : undefined;
}

/** The header's name as written, slashes made forward. */
export function header(finding: Finding, pattern: RegExp): MatchFacts | undefined {
  const name = (finding.header ?? "").replaceAll("\\", "/");
  const match = pattern.exec(name);
  return match === null ? undefined : { ...match.groups, header: name };
}

/** The place that asks for the header, in brackets. */
export function includedBy(match: Match): string {
  return match.finding.file === undefined ? "" : ` (included in \`${placeOf(match.finding)}\`)`;
}

/** The folder that holds the header, when the context knows one. */
export function foundDir(match: Match): string | undefined {
  const name = match.facts["header"];
  return name === undefined ? undefined : match.context.findHeader?.(name);
}

/** The library's name without `lib`, `.lib` and version. */
export function linkLibrary(finding: Finding, pattern: RegExp): MatchFacts | undefined {
  if (finding.phase !== "link") return undefined;
  const file = baseName(finding.library ?? "");
  const name = file.replace(/^lib(?=[a-z])/, "").replace(/(?:\.so|\.a|\.dylib|\.lib)[\w.]*$/, "");
  const match = pattern.exec(name);
  return match === null ? undefined : { ...match.groups, name, file: finding.library };
}

/** The folder that holds the library, as a change of the configuration, when the context knows one. */
export function added(match: Match): { readonly kind: "add-library-dir"; readonly dir: string } | undefined {
  const name = match.facts["name"];
  const dir = name === undefined ? undefined : match.context.findLibrary?.(name);
  return dir === undefined ? undefined : { kind: "add-library-dir", dir };
}

/** A library that the loader did not find, and who asks for it. */
export function missingLibrary(finding: Finding, pattern: RegExp): MatchFacts | undefined {
  if (finding.phase !== "load" || finding.library === undefined) return undefined;
  const match = pattern.exec(baseName(finding.library));
  if (match === null) return undefined;
  return {
    ...match.groups,
    name: baseName(finding.library),
    who: finding.file === undefined ? "the extension" : `\`${baseName(finding.file)}\``,
  };
}

const remembered = new WeakMap<RuleContext, Map<unknown, unknown>>();

/**
 * What is to be known of all findings of a log, found out once: rules are asked for each finding, and looking through all
 * others each time would take for ever on a log with thousands.
 */
export function ofLog<T>(context: RuleContext, question: (context: RuleContext) => T): T {
  let answers = remembered.get(context);
  if (answers === undefined) {
    answers = new Map();
    remembered.set(context, answers);
  }
  if (!answers.has(question)) answers.set(question, question(context));
  return answers.get(question) as T;
}

/** The frames of the traceback that ends in the finding's line; what the loader says has none of its own. */
export function framesAt({ finding, context }: Match): readonly string[] {
  return (
    finding.frames ??
    context.findings.find(({ at, frames }) => at === finding.at && frames !== undefined)?.frames ??
    // A title says it first, with more words; the traceback stands below.
    context.findings.find(
      ({ at, kind, code, message, frames }) =>
        frames !== undefined &&
        at > finding.at &&
        kind === finding.kind &&
        code === finding.code &&
        message.length > 12 &&
        finding.message.startsWith(message),
    )?.frames ??
    []
  );
}
