/**
 * Flags that a build lacks, given in a variable that its tools read: nothing in somebody else's setup.py has to be edited. Python's
 * setuptools puts LDFLAGS on the command that links, load() of torch does not; cl.exe and link.exe read CL and LINK whoever starts
 * them. Whether the library is installed it does not know. Sources: distutils/sysconfig.py (customize_compiler) of setuptools,
 * torch/utils/cpp_extension.py (ldflags of _write_ninja_file), ld's manual (--no-as-needed),
 * https://learn.microsoft.com/cpp/build/reference/cl-environment-variables (# stands for =) and linking#link-environment-variables.
 */
import { own } from "../base/own.ts";
import { platformOf, setVariable } from "./command-words.ts";
import { systemPackage } from "./commands.ts";
import { developmentPackages } from "./development-packages.ts";
import type { Match } from "./rule.ts";

/** setuptools builds, as far as the text tells: pip or its like, or setup.py; not load(), and no CMake of the user's own. */
function bySetuptools({ context: { log } }: Match): boolean {
  if (log.builtAtRunTime || log.cmake || log.scikit) return false;
  return log.installer !== undefined || log.setupCommand !== undefined || log.installs !== undefined;
}

/** Links a library to what setuptools builds; nothing where another tool links. */
export function linkBy(match: Match, libraries: readonly string[], folder?: string): string[] {
  if (platformOf(match) === "win32")
    return [setVariable(match, "LINK", libraries.map((name) => `${name}.lib`).join(" "))];
  if (!bySetuptools(match)) return [];
  const words = [
    ...(folder === undefined ? [] : [`-L${folder}`]),
    // The variable stands before the objects: without the option the linker drops what nothing before it needs.
    ...(platformOf(match) === "linux" ? ["-Wl,--no-as-needed"] : []),
    ...libraries.map((name) => `-l${name}`),
  ];
  return [`export LDFLAGS="${words.join(" ")} $LDFLAGS"`];
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
  const linked = linkBy(match, [library]);
  const name = own(packageOf, library);
  return linked.length === 0 || name === undefined
    ? linked
    : [...systemPackage(match, developmentPackages[name]), ...linked];
}

/** Links frameworks of macOS. */
export function linkFrameworks(match: Match, names: readonly string[]): string[] {
  if (!bySetuptools(match) || platformOf(match) !== "darwin") return [];
  return [
    `export LDFLAGS="${[...new Set(names)].map((name) => `-framework ${name}`).join(" ")} -lobjc $LDFLAGS"   # for what setup.py links`,
  ];
}

/** Defines a macro for all that cl.exe compiles, with a value or without. */
export function defineForCl(name: string, value?: string): string {
  return `set CL=/D${name}${value === undefined ? "" : `#${value}`}`;
}
