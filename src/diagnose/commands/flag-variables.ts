/**
 * Flags that a build lacks, given in a variable that its tools read: nothing in somebody else's setup.py has to be edited.
 * setuptools puts LDFLAGS on the command that links, as CMake does in an empty build folder, load() of torch does not; cl.exe and
 * link.exe read CL and LINK whoever starts them. Whether the library is installed it does not know.
 * Sources: distutils/sysconfig.py (customize_compiler) of setuptools, https://cmake.org/cmake/help/latest/envvar/LDFLAGS.html,
 * torch/utils/cpp_extension.py (ldflags of _write_ninja_file), ld's manual (--no-as-needed),
 * https://learn.microsoft.com/cpp/build/reference/cl-environment-variables (# stands for =) and linking#link-environment-variables.
 */
import { own } from "../../base/own.ts";
import { platformOf, setVariable } from "./command-words.ts";
import { systemPackage } from "./commands.ts";
import { developmentPackages } from "../tables/development-packages.ts";
import type { Match } from "../rule.ts";
import { isBuiltByPython } from "./typed-builds.ts";

/** Whether only files of the project's own say what is linked: load() of torch, a configuration of retorch's, make, CMake. */
function isSaidInFiles(match: Match): boolean {
  const { builtAtRunTime, namesRetorch, cmake, typedBuild, typedLast } = match.context.log;
  if (builtAtRunTime || namesRetorch || /torch_extensions[\\/]/.test(match.finding.file ?? "")) return true;
  // CMake within an installer begins in an empty folder, where it takes LDFLAGS.
  return !isBuiltByPython(match) && (cmake || typedBuild !== undefined || typedLast !== undefined);
}

/**
 * Links libraries too, without a change of the project: behind the compiler's command that the text shows, or by the variable that
 * setuptools or link.exe reads; nothing where another tool links.
 */
export function linkToo(match: Match, libraries: readonly string[], folder?: string): string[] {
  const { typedCompile, typedLast } = match.context.log;
  const given = [...(folder === undefined ? [] : [`-L${folder}`]), ...libraries.map((name) => `-l${name}`)].join(" ");
  if (
    !isBuiltByPython(match) &&
    typedLast === "compile" &&
    typedCompile !== undefined &&
    match.finding.phase === "link"
  )
    return [`${typedCompile} ${given}`];
  if (isSaidInFiles(match)) return [];
  if (platformOf(match) === "win32")
    return [setVariable(match, "LINK", libraries.map((name) => `${name}.lib`).join(" "))];
  // The variable stands before the objects: without the option the linker drops what nothing before it needs.
  return [`export LDFLAGS="${platformOf(match) === "linux" ? "-Wl,--no-as-needed " : ""}${given} $LDFLAGS"`];
}

/** The library's name for the linker, in the table of packages. */
const packageOf: Readonly<Record<string, keyof typeof developmentPackages>> = {
  openblas: "openblas",
  z: "zlib",
  numa: "numa",
  ibverbs: "ibverbs",
  EGL: "egl",
  GL: "gl",
};

/** Installs the library and has it linked, where a variable can say so. */
export function linkWithPackage(match: Match, library: string): string[] {
  const linked = linkToo(match, [library]);
  const name = own(packageOf, library);
  return linked.length === 0 || name === undefined
    ? linked
    : [...systemPackage(match, developmentPackages[name]), ...linked];
}

/** Links frameworks of macOS. */
export function linkFrameworks(match: Match, names: readonly string[]): string[] {
  if (platformOf(match) !== "darwin" || isSaidInFiles(match)) return [];
  return [
    `export LDFLAGS="${[...new Set(names)].map((name) => `-framework ${name}`).join(" ")} -lobjc $LDFLAGS"   # for what setup.py links`,
  ];
}

/** Defines a macro for all that cl.exe compiles, with a value or without. */
export function defineForCl(name: string, value?: string): string {
  return `set CL=/D${name}${value === undefined ? "" : `#${value}`}`;
}
