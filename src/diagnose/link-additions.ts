/**
 * One more library for the link, without a change of the project: by a variable that the builders of Python read, or behind the
 * compiler's command that the text shows. It does not know whether the library is there.
 * Sources: customize_compiler of distutils and setuptools (LDFLAGS is appended to the linker's command, hence in front of the
 * objects, where --as-needed would drop it again); Microsoft's documentation of link.exe (the variable LINK).
 */
import { platformOf } from "./command-words.ts";
import type { Match } from "./rule.ts";
import { isBuiltByPython } from "./typed-builds.ts";

/** The lines; none where only the project's own files say what is linked: load(), make, CMake, a configuration of retorch's. */
export function linkedToo(match: Match, library: string, folder?: string): string[] {
  const { builtAtRunTime, namesRetorch, typedCompile, typedLast, typedBuild, cmake } = match.context.log;
  if (builtAtRunTime || namesRetorch || /torch_extensions[\\/]/.test(match.finding.file ?? "")) return [];
  const given = folder === undefined ? "" : `-L${folder} `;
  if (!isBuiltByPython(match)) {
    if (typedLast === "compile" && typedCompile !== undefined && match.finding.phase === "link")
      return [`${typedCompile} ${given}-l${library}`];
    if (typedBuild !== undefined || cmake || typedLast !== undefined) return [];
  }
  if (platformOf(match) === "win32") return [`set LINK=${library}.lib   # link.exe adds what LINK names`];
  return [
    `export LDFLAGS="${platformOf(match) === "linux" ? "-Wl,--no-as-needed " : ""}${given}-l${library}"   # setuptools takes it for the link; for good: libraries=["${library}"] of the extension in setup.py`,
  ];
}
