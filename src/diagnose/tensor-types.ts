/** The sources in which `tensor.type()` stands for a scalar type: the words of a shell that name them for `sed`. */
import type { Match } from "./rule.ts";

const allWithTypes =
  "$(grep -rlE 'AT_DISPATCH[A-Z0-9_]*\\([^,]*\\.type\\(\\)' --include='*.cpp' --include='*.cu' --include='*.cuh' --include='*.h' .)";

/** Where `x.type()` stands: all sources below the folder of setup.py, where it was called there, as one error hides the next; else the files that are named. */
export function withTypes(match: Match): string[] {
  const { requested = [], setupCommand, setupFolder } = match.context.log;
  const named = [match.finding, ...match.context.findings]
    .filter(({ kind, message }) => kind === "compile" && message.includes("DeprecatedTypeProperties"))
    .flatMap(({ file }) => (file === undefined || /[\\/]torch[\\/]include[\\/]/.test(file) ? [] : [file]));
  const files = [...new Set(named)];
  if (files.length === 0) return [`${allWithTypes}   # in the package's own folder`];
  const here =
    setupCommand !== undefined && setupFolder === undefined
      ? requested.length === 0
      : requested.length === 1 && /^(?:-e )?"?\.\/?"?$/.test(requested[0] ?? "");
  return here && files.every((file) => !/^(?:[\\/~]|[A-Za-z]:|\.\.)/.test(file)) ? [allWithTypes] : files;
}
