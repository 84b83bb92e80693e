/** Makefiles that ask a Python for the headers of its modules: which Python that is, and what it lacks. */
import { isOfUv, runner } from "./command-words.ts";
import type { Match } from "../rule.ts";

/** The Python that a Makefile asks for the headers (`python3 -m pybind11 --includes`), and that has none. */
export function askedPython(match: Match): string | undefined {
  // What poetry, uv and the like keep is the environment that is meant.
  if (runner(match) !== "" || isOfUv(match)) return undefined;
  return match.context.findings
    .map(({ text }) => /^((?:\/\S+\/)?python[\d.]*): No module named ['"]?\w/.exec(text)?.[1])
    .find((found) => found !== undefined);
}

/** Python's own configuration program, which such a Makefile calls, too. */
export function askedOfPython({ context: { findings, log } }: Match): string[] {
  return !log.conda && findings.some(({ kind, program }) => kind === "missing-program" && program === "python3-config")
    ? ["sudo apt-get install python3-dev   # it has python3-config"]
    : [];
}
