/** Whose call it was that failed on the GPU, by the traceback beside the message. */
import type { Match, RuleContext } from "../rule.ts";

const ofTorch = /[\\/](?:site|dist)-packages[\\/]torch[\\/]|^torch[\\/]/;
/** Frames that call what others compiled. */
const carries =
  /[\\/]torch[\\/](?:utils[\\/]cpp_extension|_ops|_library|autograd[\\/]function|_dynamo|_inductor|jit)\b/;
/** Frames that only read a result or wait for it: the error is of a kernel that was launched before. */
const reads =
  /[\\/]torch[\\/](?:_?tensor(?:_str)?|_utils|serialization|cuda[\\/](?:__init__|streams|memory|graphs)|distributed[\\/]\w+)\.py/;

/** Whether the innermost frame is of torch's own Python, so that the kernel is torch's. */
export function failedInTorch(match: Match): boolean {
  const at = match.finding.at;
  const exception = match.context.findings.find(
    (other) => other.kind === "exception" && Math.abs(other.at - at) <= 1 && other.frames !== undefined,
  );
  const innermost = exception?.frames?.at(-1);
  return innermost !== undefined && ofTorch.test(innermost) && !carries.test(innermost) && !reads.test(innermost);
}

/** Whether the text has nothing but warnings: one among errors of others is not what was asked about. */
export function onlyWarnings(context: RuleContext): boolean {
  return context.findings.every(
    (finding) => finding.severity === "warning" || finding.severity === "note" || finding.kind === "wrapper",
  );
}

/** Whether it is an AMD GPU that is meant. */
export function ofAmd({ finding, context }: Match): boolean {
  return finding.tool === "hip" || context.log.amd || /Memory access fault by GPU/.test(finding.text);
}
