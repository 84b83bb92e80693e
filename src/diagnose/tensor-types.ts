/** The sources in which `tensor.type()` stands for a scalar type: the words of a shell that name them for `sed`. */
import type { Match } from "./rule.ts";

const allWithTypes =
  "$(grep -rlE 'AT_DISPATCH[A-Z0-9_]*\\([^,]*\\.type\\(\\)' --include='*.cpp' --include='*.cu' --include='*.cuh' --include='*.h' .)";

/** The folder above the one in which all of the sources lie, `/w/base` of `/w/base/src/a.cu`: none of it in a folder that pip made. */
function rootOfBuild(files: readonly string[], match: Match): string | undefined {
  const { setupCommand } = match.context.log;
  const roots = new Set(files.map((file) => /^(\/.{1,250}?)\/(?:src|csrc|cuda|cpp|ops)\//.exec(file)?.[1]));
  const [root] = roots;
  return setupCommand === undefined || roots.size !== 1 || root === undefined || /\/pip-|torch_extensions/.test(root)
    ? undefined
    : root;
}

/** Where `x.type()` stands: all sources below the folder of setup.py, where it was called there, as one error hides the next; else the files that are named. */
export function withTypes(match: Match): string[] {
  const { requested = [], setupCommand, setupFolder, buildRoot } = match.context.log;
  const named = [match.finding, ...match.context.findings]
    .filter(({ kind, message }) => kind === "compile" && message.includes("DeprecatedTypeProperties"))
    .flatMap(({ file }) => (file === undefined || /[\\/]torch[\\/]include[\\/]/.test(file) ? [] : [file]));
  const files = [...new Set(named)];
  if (files.length === 0) return [`${allWithTypes}   # in the package's own folder`];
  const here =
    setupCommand !== undefined && setupFolder === undefined
      ? requested.length === 0
      : requested.length === 1 && /^(?:-e )?"?\.\/?"?$/.test(requested[0] ?? "");
  if (here && files.every((file) => !/^(?:[\\/~]|[A-Za-z]:|\.\.)/.test(file))) return [allWithTypes];
  // With their whole paths, as ninja is given them: below the folder that pip or setup.py was called in, or was given.
  const root = setupFolder ?? buildRoot ?? rootOfBuild(files, match);
  return root !== undefined && files.every((file) => file.startsWith(`${root}/`))
    ? [allWithTypes.replace(/ \.\)$/, ` ${root})`)]
    : files;
}
