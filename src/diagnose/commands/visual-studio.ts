/**
 * Commands that put a toolset of Visual Studio to use. They know the names of the installer's components and how a prompt is set
 * up, not which toolset a build needs. Sources: learn.microsoft.com, "Visual Studio Build Tools component directory" and "Use
 * command-line parameters to install Visual Studio"; winget's package Microsoft.VisualStudio.2022.BuildTools.
 */
import type { Match } from "../rule.ts";

/** Components of the toolsets that an older Visual Studio had, for the installer of a newer one. */
const componentOf: Readonly<Record<string, string>> = {
  "14.16": "Microsoft.VisualStudio.Component.VC.v141.x86.x64",
  "14.29": "Microsoft.VisualStudio.Component.VC.14.29.16.11.x86.x64",
  "14.38": "Microsoft.VisualStudio.Component.VC.14.38.17.8.x86.x64",
};

const buildTools = "C:\\Program Files (x86)\\Microsoft Visual Studio\\2022\\BuildTools";

/** The folder of the Visual Studio 2022 that the text shows. */
function studio2022(match: Match): string | undefined {
  const { visualStudio } = match.context.log;
  return visualStudio?.includes("\\2022\\") === true ? visualStudio : undefined;
}

/** Installs the toolset, and sets the prompt up for it. */
export function useToolset(match: Match, toolset: string): string[] {
  const component = componentOf[toolset];
  const there = studio2022(match);
  const setUp = `"${there ?? buildTools}\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64 -vcvars_ver=${toolset}`;
  // It is the newest of Visual Studio 2022 itself.
  const added = component === undefined ? "" : ` --add ${component}`;
  if (there !== undefined)
    return [
      `"C:\\Program Files (x86)\\Microsoft Visual Studio\\Installer\\setup.exe" ${component === undefined ? "update" : "modify"} --installPath "${there}"${added} --passive   # as administrator; or Visual Studio Installer > Individual components`,
      "# in a new cmd:",
      setUp,
    ];
  return [
    `winget install Microsoft.VisualStudio.2022.BuildTools --override "--passive --wait --add Microsoft.VisualStudio.Workload.VCTools --includeRecommended${added}"   # a Visual Studio 2022 that is there: in its installer, Individual components, the toolset ${toolset}`,
    "# in a new cmd:",
    setUp,
  ];
}

/** Sets a new prompt up for 64-bit builds. */
export const useX64Tools: readonly string[] = [
  "# this prompt is set up for 32-bit programs: open a new cmd (or the x64 Native Tools Command Prompt), go to the same folder, then",
  '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"',
  "set DISTUTILS_USE_SDK=1",
];

/** Sets the prompt up for the tools that go on in it; where Visual Studio lies is looked up by the last look at a fix. */
export const studioPrompt: readonly string[] = [
  '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"',
  "set DISTUTILS_USE_SDK=1",
];

const installBuildTools =
  'winget install Microsoft.VisualStudio.2022.BuildTools --override "--passive --wait --add Microsoft.VisualStudio.Workload.VCTools --includeRecommended"';

/**
 * Installs the compiler: at once where setuptools has looked for one and found none (pypa/setuptools: setuptools/_distutils/_msvccompiler.py),
 * else where there is no Visual Studio, whose installer brings vswhere.exe.
 */
export function installCompiler({ finding, context: { log } }: Match): string[] {
  if (log.hostedRunner || log.visualStudio !== undefined || /DISTUTILS_USE_SDK is not set/.test(finding.message))
    return [];
  return [
    /Microsoft Visual C\+\+ \d+\.\d+ (?:or greater )?is required|Unable to find vcvarsall/.test(finding.message)
      ? installBuildTools
      : `if not exist "%ProgramFiles(x86)%\\Microsoft Visual Studio\\Installer\\vswhere.exe" ${installBuildTools}`,
  ];
}

/** The component of the Windows SDK that goes with a Visual Studio. */
function sdkComponent(studio: string): string {
  return `Microsoft.VisualStudio.Component.${/\\20(?:17|19)\\/.test(studio) ? "Windows10SDK.19041" : "Windows11SDK.22621"}`;
}

/**
 * Sets the prompt up and has the Windows SDK installed: as a command where the text shows that Visual Studio's own scripts found
 * none, for a cl.exe or link.exe of it ran without one of its folders. Components: "Visual Studio Community component directory".
 */
export function withWindowsSdk({ context: { log } }: Match): string[] {
  const { visualStudio, windowsKits } = log;
  const install = `start /wait "" "C:\\Program Files (x86)\\Microsoft Visual Studio\\Installer\\setup.exe" modify --installPath "${visualStudio ?? "C:\\Program Files\\Microsoft Visual Studio\\2022\\Community"}" --add ${sdkComponent(visualStudio ?? "")} --passive`;
  if (visualStudio === undefined || windowsKits)
    return [
      ...studioPrompt,
      `# and where the Windows SDK is not installed, in a prompt of an administrator: ${install}`,
    ];
  return [`${install}   # the Windows SDK, in a prompt of an administrator`, ...studioPrompt];
}

/**
 * Sets the prompt up with the first Visual Studio whose script does so, the newest before the others: where one is broken, the next.
 * Source: github.com/microsoft/vswhere, its wiki.
 */
export const firstStudioThatWorks: readonly string[] = [
  'for /f "usebackq delims=" %i in (`"%ProgramFiles(x86)%\\Microsoft Visual Studio\\Installer\\vswhere.exe" -products * -sort -property installationPath`) do where cl >nul 2>nul || call "%i\\VC\\Auxiliary\\Build\\vcvars64.bat"',
  "set DISTUTILS_USE_SDK=1",
  "where cl   # found: setuptools takes it and runs no script of its own any more",
];
