/** Makefiles that ask a Python for the headers of its modules: which Python that is, and what it lacks. */
import type { Match } from "./rule.ts";

/** The Python that a Makefile asks for the headers (`python3 -m pybind11 --includes`), and that has none. */
export function askedPython({ context: { findings } }: Match): string | undefined {
  return findings
    .map(({ text }) => /^((?:\/\S+\/)?python[\d.]*): No module named ['"]?\w/.exec(text)?.[1])
    .find((found) => found !== undefined);
}

/** Python's own configuration program, which such a Makefile calls, too. */
export function askedOfPython({ context: { findings, log } }: Match): string[] {
  return !log.conda && findings.some(({ kind, program }) => kind === "missing-program" && program === "python3-config")
    ? ["sudo apt-get install python3-dev   # it has python3-config"]
    : [];
}
