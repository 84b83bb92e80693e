/** The sources in which `tensor.type()` stands for a scalar type: the words of a shell that name them for `sed`. */
import { platformOf, python } from "./command-words.ts";
import type { Match } from "../rule.ts";

/** In the macros that begin with AT_DISPATCH_, and before the name of a kernel, as the macros of a project's own have it; no comparison. */
const program =
  's/\\.type\\(\\)\\.is_cuda\\(\\)/.is_cuda()/g; /[=!]=|CHECK|ASSERT/!s/\\.type\\(\\)(, *")/.scalar_type()\\1/g; s/(AT_DISPATCH[A-Z0-9_]*\\([^,]*)\\.type\\(\\)/\\1.scalar_type()/g';
const allWithTypes =
  "$(grep -rlE 'AT_DISPATCH[A-Z0-9_]*\\([^,]*\\.type\\(\\)|\\.type\\(\\)(, *\"|\\.is_cuda)' --include='*.cpp' --include='*.cu' --include='*.cuh' --include='*.h' .)";

/** The folder above the one in which all of the sources lie, `/w/base` of `/w/base/src/a.cu`: none of it in a folder that pip made. */
function rootOfBuild(files: readonly string[]): string | undefined {
  const roots = new Set(files.map((file) => /^(\/.{1,250}?)\/(?:src|csrc|cuda|cpp|ops)\//.exec(file)?.[1]));
  const [root] = roots;
  return roots.size !== 1 || root === undefined || /\/pip-|torch_extensions/.test(root) ? undefined : root;
}

/** Where `x.type()` stands: all sources below the folder of setup.py, where it was called there, as one error hides the next; else the files that are named. */
function withTypes(match: Match): string[] {
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
  const root = setupFolder ?? buildRoot ?? (here || setupCommand !== undefined ? rootOfBuild(files) : undefined);
  return root !== undefined && files.every((file) => file.startsWith(`${root}/`))
    ? [allWithTypes.replace(/ \.\)$/, ` ${root})`)]
    : files;
}

/** Puts `x.scalar_type()` where `x.type()` stands for it; on Windows with Python, which has to be there. */
export function withScalarTypes(match: Match): string[] {
  if (platformOf(match) !== "win32") return withTypes(match).map((where) => `sed -i.bak -E '${program}' ${where}`);
  const { file = "" } = match.finding;
  const folder = /^([A-Za-z]:\\.{1,250})\\[^\\]+$/.exec(file)?.[1];
  const root = folder === undefined || /pip-(?:req-build|install)|torch\\include/.test(folder) ? "." : folder;
  return [
    `${python(match)} -c "import pathlib, re; [p.write_text(re.sub(r'(AT_DISPATCH\\w*\\([^,]*)\\.type\\(\\)', r'\\1.scalar_type()', t.replace('.type().is_cuda()', '.is_cuda()')), 'utf-8', 'surrogateescape') for p in pathlib.Path(r'${root}').rglob('*.c*') for t in [p.read_text('utf-8', 'surrogateescape')] if '.type()' in t]"   # AT_DISPATCH_…(x.type(), …) → AT_DISPATCH_…(x.scalar_type(), …)${root === "." ? ", in the folder of the sources" : ""}`,
  ];
}
