/** Which messages are nvcc's own, or of the programs that it starts. */
import { type MatchFacts, saidAny } from "../rule.ts";
import type { Finding } from "../finding.ts";

const nvccTools = new Set(["nvcc", "ptxas", "nvlink", "cicc", "cudafe++", "fatbinary"]);

/** What an option message of nvcc or ptxas says; undefined for other tools. */
export function nvccSaid(finding: Finding, ...patterns: readonly RegExp[]): MatchFacts | undefined {
  return nvccTools.has(finding.tool) ? saidAny(finding, ...patterns) : undefined;
}
