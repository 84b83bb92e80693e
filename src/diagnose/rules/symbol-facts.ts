/** What is said of a symbol that was not found: its readable name, who asks for it, what the installed libraries have. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { demangle } from "../../inspect/demangle.ts";
import { python } from "../commands/command-words.ts";
import type { Finding } from "../finding.ts";
import { isWellKnown, packageOf } from "../tables/packages.ts";
import type { Match, MatchFacts, RuleContext } from "../rule.ts";
import { judgeSymbol, shortName, type SymbolVerdict } from "../symbols.ts";

const verdicts = new WeakMap<Finding, SymbolVerdict>();

/** The verdict on a finding's symbol; undefined when it has none. Many rules ask for the same one. */
export function verdictOf(finding: Finding): SymbolVerdict | undefined {
  if (finding.symbol === undefined || finding.symbol === "") return undefined;
  let verdict = verdicts.get(finding);
  if (verdict === undefined) {
    verdict = judgeSymbol(finding.symbol);
    verdicts.set(finding, verdict);
  }
  return verdict;
}

/** The facts that all symbol rules use: the readable name, who asks, and what the installed libraries say. */
export function symbolFacts(finding: Finding, verdict: SymbolVerdict, context: RuleContext): MatchFacts {
  const raw = finding.symbol ?? "";
  const readable = (context.demangle ?? demangle)(raw);
  const there = context.lookupSymbol?.(raw);
  const other = there === undefined ? context.otherForm?.(raw) : undefined;
  return {
    name: shortName(verdict),
    readable: readable === undefined || readable === raw ? shortName(verdict) : readable,
    who: finding.file === undefined ? "the extension" : `\`${finding.file.split(/[\\/]/).at(-1) ?? finding.file}\``,
    has: there?.library,
    otherLibrary: other?.library,
    otherSymbol: other === undefined ? undefined : ((context.demangle ?? demangle)(other.symbol) ?? other.symbol),
  };
}

/** What the installed libraries have of the symbol, as a sentence to append. */
export function installedSentence(match: Match): string {
  const { has, otherLibrary, otherSymbol } = match.facts;
  if (has !== undefined) {
    if (match.finding.phase === "link") return ` The installed \`${has}\` defines it.`;
    return /[\\/]torch[\\/]lib[\\/]/.test(has)
      ? ` The installed \`${has}\` does have it: the failing process used another torch, or loaded the module before torch.`
      : ` The installed \`${has}\` defines it, but is not among the libraries that the module names.`;
  }
  if (otherLibrary !== undefined)
    return ` The installed \`${otherLibrary}\` has another form of it: \`${otherSymbol ?? ""}\`.`;
  return "";
}

/** A sentence about the installed torch, or nothing. */
export function torchHere(match: Match): string {
  const torch = match.context.environment?.torch?.version;
  if (torch !== undefined) return ` The torch that is installed here is ${torch}.`;
  const { installedTorch } = match.context.log;
  if (installedTorch === undefined) return "";
  return ` The torch that is installed there is ${installedTorch}${/git|a0\b/.test(installedTorch) ? ", built from source" : ""}.`;
}

/** The facts of a symbol whose verdict is accepted. */
export function torchSymbol(
  finding: Finding,
  context: RuleContext,
  accept: (verdict: SymbolVerdict) => boolean,
): MatchFacts | undefined {
  const verdict = verdictOf(finding);
  if (verdict === undefined || !accept(verdict) || isInNamedLibrary(finding, context)) return undefined;
  return symbolFacts(finding, verdict, context);
}

/** ld found the symbol in a library that is not on the link line, and names the library below: neither its form nor torch's release is wrong. */
function isInNamedLibrary({ text }: Finding, { findings }: RuleContext): boolean {
  return (
    /undefined reference to symbol /.test(text) &&
    findings.some(({ kind, message }) => kind === "link" && message.includes("DSO missing from command line"))
  );
}

/** The torch of the text still has the TH/THC C API, which ended with 1.11. */
export function hasTh({ log }: RuleContext): boolean {
  const version = log.installedTorch ?? log.torch;
  return version !== undefined && compareVersions(parseVersion(version), parseVersion("1.11")) < 0;
}

/** Extensions of old days are often imported before torch, and say so in these words, too. */
export function torchFirst(match: Match): string[] {
  const file = match.finding.file ?? "";
  const [, folder, name = ""] =
    /(?:site|dist)-packages[\\/](?:[^\\/]+\.egg[\\/])?(?:(\w+)[\\/])?(\w+)\.[^\\/]+$/.exec(file) ?? [];
  if (name === "" || !/^(?:2\.7|3\.[4-8])$/.test(match.context.log.python ?? "") || isWellKnown(packageOf(match) ?? ""))
    return [];
  return [
    `${python(match)} -c "import torch, ${folder === undefined ? name : `${folder}.${name}`}"   # torch has to be imported first; when this works, do so in the program, too. Else:`,
  ];
}
