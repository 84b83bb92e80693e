/** Host sides of kernels that nvcc makes for launches: whether an undefined one is of a template that another source instantiates. */
import type { Finding } from "../finding.ts";
import type { RuleContext } from "../rule.ts";

/** nvcc warned of the very function. */
export function saysStaticStub(finding: Finding, { log }: RuleContext): boolean {
  const named = `${finding.symbol ?? ""} ${finding.text}`;
  return (log.kernelsWithoutBody ?? []).some((kernel) => new RegExp(`(?:\\b|\\d)${kernel}(?:<|I)`).test(named));
}

/** An object of nvcc lacks a function template that gives nothing back, with a CUDA from 13 on. */
export function isKernelOfNewCuda(finding: Finding, { log }: RuleContext): boolean {
  return (
    Number((log.cuda ?? log.cmakeCuda)?.split(".")[0] ?? "0") >= 13 &&
    /cudafe1\.(?:cpp|c|stub)/.test(`${finding.file ?? ""} ${finding.text}`) &&
    /^void [\w:]+<.*>\(/.test(finding.symbol ?? "")
  );
}
