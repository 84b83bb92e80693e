/**
 * A build again where the text does not tell with what the extension was built: what whoever has its sources types. The path of
 * the module tells the folder, where it lies beside its sources or in the build folder of setuptools. It does not know whether
 * there is a setup.py, which the remarks say.
 */
import { changeFolder, pip, platformOf, python, removeFolder } from "./command-words.ts";
import type { Match } from "../rule.ts";

/** A module of Python, by the tag or the ending that setuptools gives it. */
const taggedModule = /^((?:[A-Za-z]:)?[\\/](?:.*[\\/])?)[\w-]+\.(?:cpython-\w[\w-]*\.so|abi3\.so|(?:cp\d+-\w+\.)?pyd)$/;

/** Where a module lies that somebody built and did not install. */
export function sourcesOf(match: Match): string | undefined {
  const file = match.finding.file ?? match.finding.library ?? "";
  if (/[\\/](?:site|dist)-packages[\\/]|torch_extensions|[\\/]pip-|\.so:/.test(file)) return undefined;
  const folder = taggedModule.exec(file)?.[1]?.replace(/[\\/]$/, "");
  if (folder === undefined || folder === "") return undefined;
  const [, root] = /^(.+?)[\\/]build[\\/]lib[.\w-]*(?:[\\/]|$)/.exec(folder) ?? [];
  return root ?? folder;
}

/** Builds the extension again, nothing of the old build left. */
export function untoldBuild(match: Match): string[] {
  const folder = sourcesOf(match);
  const others =
    "# built in another way: CMake: cmake --build <its build folder> --clean-first; make: make -B; retorch: retorch build --force";
  if (folder !== undefined)
    return [
      `${changeFolder(match, folder)}   # or the folder above it: the one that has the setup.py`,
      removeFolder(match, "build"),
      `${python(match)} setup.py build_ext --inplace --force`,
      others,
    ];
  return [
    `${removeFolder(match, "build")}   # in the folder of the extension's setup.py or pyproject.toml, and the next line there, too`,
    pip(match, "install --no-build-isolation --no-cache-dir --force-reinstall --no-deps -v ."),
    `# built in place: ${python(match)} setup.py build_ext --inplace --force`,
    platformOf(match) === "win32" ? others.replace("make: make -B; ", "") : others,
  ];
}
