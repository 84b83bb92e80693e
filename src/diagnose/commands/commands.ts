/** The commands of fixes, in the words of the system, the interpreter and the installer at hand. */
import { platformOf } from "./command-words.ts";
import type { Match } from "../rule.ts";

export {
  changeFolder,
  homebrew,
  oneCompiler,
  ownTemporaryFolder,
  pip,
  platformOf,
  python,
  pythonVersion,
  removeFolder,
  setVariable,
  unsetVariable,
} from "./command-words.ts";
export { quote } from "../text/quote.ts";
export {
  buildAgain,
  buildRequirement,
  installAgain,
  installWithoutIsolation,
  packageToBuild,
  wordsToBuild,
} from "./isolation-commands.ts";
export {
  showToolkits,
  showTorchCuda,
  standardFor,
  toolkitFolder,
  toolkitOnPath,
  torchAtHand,
  torchCuda,
  useToolkit,
} from "./toolkit-commands.ts";
export {
  indexedSince,
  installGpuTorch,
  installTogether,
  installTogetherFor,
  installTorchFor,
  torchAgain,
  installTorchSince,
  torchIndex,
  torchOnIncludePath,
  torchOnLibraryPath,
  wheelPage,
  xformersFor,
} from "./torch-commands.ts";
export { torchThere } from "../facts/stated-torch.ts";
export { buildForThisGpu, knownCapabilities, rebuild, reinstall } from "./rebuild-commands.ts";

/** Windows has no packages of a system: conda's are in folders of their own there (its documentation of conda-build: Library). */
function windowsPackage(match: Match, name: string | undefined): string[] {
  if (name === undefined)
    return ["# its headers and libraries for Windows: vcpkg (https://vcpkg.io), or the project's own download"];
  const toVariables = [
    "set INCLUDE=%CONDA_PREFIX%\\Library\\include;%INCLUDE%",
    "set LIB=%CONDA_PREFIX%\\Library\\lib;%LIB%",
  ];
  return match.context.log.conda
    ? [`conda install -c conda-forge ${name}`, ...toVariables]
    : [
        `# in an environment of conda: conda install -c conda-forge ${name}; without conda: vcpkg (https://vcpkg.io), and its include folder on INCLUDE, its lib folder on LIB`,
        ...toVariables.map((line) => `# ${line}`),
      ];
}

/** Installs a package of the system's, with the package's name by family. */
export function systemPackage(
  match: Match,
  names: { readonly apt: string; readonly dnf?: string; readonly brew?: string; readonly conda?: string },
): string[] {
  const { log } = match.context;
  const commands: string[] = [];
  if (platformOf(match) === "darwin")
    commands.push(names.brew === undefined ? `# install ${names.apt}` : `brew install ${names.brew}`);
  else if (platformOf(match) === "win32") commands.push(...windowsPackage(match, names.conda));
  else if (names.conda !== undefined && (log.conda || log.noRoot))
    commands.push(
      `conda install -c conda-forge ${names.conda}`,
      ...(log.noRoot && !names.conda.includes("#")
        ? [
            "export CPATH=$CONDA_PREFIX/include:$CPATH LIBRARY_PATH=$CONDA_PREFIX/lib:$LIBRARY_PATH   # or the prefix of what was installed from its sources",
          ]
        : []),
    );
  else {
    commands.push(`sudo apt-get install ${names.apt}`);
    if (names.dnf !== undefined) commands.push(`# Fedora, RHEL: sudo dnf install ${names.dnf}`);
  }
  return commands;
}
