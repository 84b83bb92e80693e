/**
 * What a kernel calls and only the host has: the device's own form of a function of `std::`, and `__host__ __device__` before a
 * function that stands in the same CUDA source. It does not know where else a function may stand, nor whether its body
 * compiles for the device. Source: the CUDA C++ Programming Guide, "Execution Space Specifiers" and "Mathematical Functions".
 */
import { editFile, editLine } from "./source-edits.ts";
import type { Match } from "../rule.ts";

/** Functions that CUDA has under the same name without `std::`. */
const deviceForms =
  /^(?:max|min|abs|fabs|pow|exp|exp2|expm1|log|log2|log10|log1p|sqrt|cbrt|hypot|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|erf|erfc|tgamma|lgamma|floor|ceil|round|lround|trunc|rint|fma|fmod|fmin|fmax|copysign|isnan|isinf|isfinite)$/;

const ofOthers = /::|^(?:main|printf|operator)\b/;

/** Edits that let device code call it; none for what is not one of the two. */
export function letDeviceCall(match: Match, callee: string | undefined): string[] {
  if (callee === undefined) return [];
  const ofStd = /(?:^|[\s:])std::(?:__1::)?(\w+)/.exec(callee)?.[1];
  if (ofStd !== undefined)
    return deviceForms.test(ofStd) ? editLine(match, [[String.raw`std::(${ofStd})\b`, String.raw`\1`]]) : [];
  const name = /^(?:[\w:<>,*&]+ )?(\w+)(?:<[^()]*>)?(?:\(|$)/.exec(callee)?.[1];
  if (name === undefined || ofOthers.test(callee) || !/\.(?:cu|cuh)$/.test(match.finding.file ?? "")) return [];
  const { source: _call, ...finding } = match.finding;
  return editFile({ ...match, finding }, [
    [
      String.raw`^((static |inline |constexpr )*[A-Za-z][A-Za-z0-9_:<>]*[ *&]+${name} *\()`,
      String.raw`__host__ __device__ \1`,
    ],
  ]);
}
