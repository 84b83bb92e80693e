/**
 * Finds the place of the first error in what a compiler or linker printed, for headlines and annotations. It does not
 * explain anything: that is the diagnosis' business.
 */

/** Where, and what, as the tool says it. */
export interface ErrorPlace {
  /** As printed: mostly relative to the folder in which the tool ran. */
  readonly file: string;
  readonly line: number;
  readonly column?: number;
  readonly message: string;
}

const patterns: readonly RegExp[] = [
  // gcc, clang: csrc/a.cpp:3:5: error: expected ';'   (also without a column, also "fatal error")
  /^(?<file>(?:[A-Za-z]:)?[^:\n]+):(?<line>\d+):(?:(?<column>\d+):)? (?:fatal )?error: (?<message>.*)$/m,
  // nvcc (EDG), cl: csrc/a.cu(3): error: …, a.cpp(3,5): error C2065: …
  /^(?<file>[^(\n]+)\((?<line>\d+)(?:,(?<column>\d+))?\)\s?: (?:fatal |catastrophic )?error[^:\n]*: (?<message>.*)$/m,
];

/** The first of all places, undefined when none is named. */
export function firstError(output: string): ErrorPlace | undefined {
  let best: RegExpExecArray | undefined;
  for (const pattern of patterns) {
    const match = pattern.exec(output);
    if (match !== null && (best === undefined || match.index < best.index)) best = match;
  }
  const groups = best?.groups;
  if (groups === undefined) return undefined;
  return {
    file: groups["file"]?.trim() ?? "",
    line: Number(groups["line"]),
    ...(groups["column"] === undefined ? {} : { column: Number(groups["column"]) }),
    message: groups["message"]?.trim() ?? "",
  };
}
