/**
 * How setup scripts say that they find no torch. Sources: setup.py of kaolin, TransformerEngine, GPTQModel, AutoGPTQ, auto-round,
 * lmdeploy's and xitorch's.
 */
const torchWanted: readonly RegExp[] = [
  /install (?:py)?torch (?:before|first)|install (?:py)?torch ?[<>=]=? ?\d/i,
  /\b(?:requires?|needs?) (?:py)?torch\b(?! version).{0,60}?(?:couldn't find the module installed|\bplease install (?:it|(?:py)?torch)\b|\b(?:to be |being |been |be )?(?:installed|present|importable)\b)/i,
  /\b(?:requires?|needs?) (?:py)?torch (?:in order )?(?:to (?:be )?(?:build|compile|install|built)|at build time)/i,
  /(?:py)?torch (?:must be|needs to be|should be|has to be|is not|isn't|was not|not) (?:installed|found|available)/i,
  /(?:py)?torch (?:is|are) (?:required|needed) (?:for|to|in|at|during|by)\b.*(?:install|build|compil)/i,
  /(?:could not|cannot|can't|failed to|unable to) (?:find|import|locate|detect) (?:py)?torch\b/i,
];

/** Whether a message says that torch is not there as something is built. */
export function wantsTorch(message: string): boolean {
  // Another torch than the one that is there is another matter.
  return !/\bbut found\b/.test(message) && torchWanted.some((sentence) => sentence.test(message));
}
