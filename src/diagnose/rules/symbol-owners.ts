/** What several rules ask of a symbol that was not found. */
import type { Finding } from "../finding.ts";
import type { MatchFacts, RuleContext } from "../rule.ts";
import type { SymbolOwner, SymbolVerdict } from "../symbols.ts";
import { symbolFacts, verdictOf } from "./symbol-facts.ts";

/** The facts of a symbol of one of these owners. */
export function owned(
  finding: Finding,
  context: RuleContext,
  ...owners: readonly SymbolOwner[]
): (MatchFacts & { readonly verdict?: never }) | undefined {
  const verdict = verdictOf(finding);
  if (verdict === undefined || !owners.includes(verdict.owner)) return undefined;
  return { ...symbolFacts(finding, verdict, context), library: verdict.library, provider: verdict.provider };
}

/** The verdict on a symbol that passes a test. */
export function is(finding: Finding, test: (verdict: SymbolVerdict) => boolean): SymbolVerdict | undefined {
  const verdict = verdictOf(finding);
  return verdict !== undefined && test(verdict) ? verdict : undefined;
}

/** nvlink and ptxas give device symbols. */
export function isDevice(finding: Finding): boolean {
  return finding.phase === "device-link";
}
