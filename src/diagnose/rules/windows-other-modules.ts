/** Compiled modules on Windows that have nothing to do with torch, whatever they are called. */
import { python, pythonVersion } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import type { MatchFacts, Rule } from "../rule.ts";

/** Modules of other libraries, which are a .pyd at the top: for binary analysis, for Windows's own interfaces. */
const strangers = /^(?:triton|lief|yara|pywintypes|pythoncom|win32(?:api|file|gui|process|event))$/;

function stranger(finding: Finding): MatchFacts | undefined {
  const name = finding.library ?? "";
  return finding.code === "dll-not-found" && strangers.test(name) ? { name } : undefined;
}

export const windowsOtherModuleRules: readonly Rule[] = [
  {
    id: "dll-of-other-module",
    title: "A DLL beside a compiled module is not found",
    on: ["load"],
    specificity: 78,
    matches: stranger,
    confidence: "medium",
    cause: (match) =>
      `Windows found \`${match.facts["name"] ?? ""}.pyd\`, but not a DLL that it needs. Most often it was built for another Python than ${pythonVersion(match) === undefined ? "the one that runs" : `the ${pythonVersion(match) ?? ""} that runs`} (it asks for that one's python3X.dll: the name of the folder or archive tells, as in py36 or cp310), or the DLLs beside it are not looked for: since 3.8 Python does not search PATH and the current folder for them.${match.facts["name"] === "triton" ? " (A module `triton` that is itself a .pyd is the library for binary analysis, not the compiler that PyTorch uses.)" : ""}`,
    fix: (match) => [
      `${python(match)} -V   # the same as the module was built for? else that Python, or the module's release for this one`,
      `dumpbin /dependents ${match.facts["name"] ?? "module"}.pyd   # in a developer prompt: which DLLs, and which python3X.dll`,
      `${python(match)} -c "import os; os.add_dll_directory(os.getcwd()); import ${match.facts["name"] ?? "module"}"   # in the folder with its DLLs`,
      "# Visual C++ run time: https://aka.ms/vs/17/release/vc_redist.x64.exe",
    ],
    sources: [
      "JonathanSalwan/Triton#899",
      "https://docs.python.org/3/library/os.html#os.add_dll_directory",
      "https://docs.python.org/3/whatsnew/3.8.html#bpo-36085-whatsnew",
    ],
    examples: [
      {
        text: "ImportError: DLL load failed while importing lief: The specified module could not be found.",
        expect: "dumpbin /dependents lief.pyd",
      },
    ],
  },
];
