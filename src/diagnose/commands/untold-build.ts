/**
 * A build again where the text does not tell with what the extension was built: what whoever has its sources types. The path of
 * the module tells the folder, where it lies beside its sources or in the build folder of setuptools. It does not know whether
 * there is a setup.py, which the remarks say.
 */
import { changeFolder, pip, platformOf, python, removeFolder } from "./command-words.ts";
import type { Match } from "../rule.ts";

/** A module of Python, by the tag or the ending that setuptools gives it. */
const taggedModule = /^((?:[A-Za-z]:)?[\\/](?:.*[\\/])?)[\w-]+\.(?:cpython-\w[\w-]*\.so|abi3\.so|(?:cp\d+-\w+\.)?pyd)$/;

/** The folder of `pip install --target out .`, as its last words. */
function targetOfPip({ context: { log } }: Match): string | undefined {
  const line = log.typed.findLast(({ kind }) => kind === "pip")?.line ?? "";
  const [, folder] = /\s(?:--target[ =]|-t )"?([^\s"]+)/.exec(line) ?? [];
  return folder
    ?.replaceAll("\\", "/")
    .replace(/^(?:\.\/|\/)/, "")
    .replace(/\/$/, "");
}

/** Where a module lies that somebody built and did not install. */
export function sourcesOf(match: Match): string | undefined {
  const file = match.finding.file ?? match.finding.library ?? "";
  if (/[\\/](?:site|dist)-packages[\\/]|torch_extensions|[\\/]pip-|\.so:/.test(file)) return undefined;
  const folder = taggedModule.exec(file)?.[1]?.replace(/[\\/]$/, "");
  if (folder === undefined || folder === "") return undefined;
  // What pip was told to install into is no folder of sources.
  const into = targetOfPip(match);
  if (into !== undefined && `${folder}/`.replaceAll("\\", "/").endsWith(`/${into}/`)) return undefined;
  const [, root] = /^(.+?)[\\/]build[\\/]lib[.\w-]*(?:[\\/]|$)/.exec(folder) ?? [];
  return root ?? folder;
}

/** The text's own command of pip for the sources that lie here, which takes the place of what it has installed. */
function ownInstall(match: Match): string | undefined {
  const { requested = [], installs = [] } = match.context.log;
  const [words, ...others] = installs;
  if (words === undefined || others.length > 0 || requested.length !== 1) return undefined;
  if (!/^(?:-e )?"?\.[\\/]?(?:\[[\w,-]+\])?"?$/.test(requested[0] ?? "")) return undefined;
  const wanted = targetOfPip(match) === undefined ? "--force-reinstall" : "--upgrade";
  return pip(match, `install ${words.includes(wanted) || words.startsWith("-e ") ? "" : `${wanted} `}${words}`);
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
  const typed = ownInstall(match);
  if (typed !== undefined) return [removeFolder(match, "build"), typed];
  return [
    `${removeFolder(match, "build")}   # in the folder of the extension's setup.py or pyproject.toml, and the next line there, too`,
    pip(match, "install --no-build-isolation --no-cache-dir --force-reinstall --no-deps -v ."),
    `# built in place: ${python(match)} setup.py build_ext --inplace --force`,
    platformOf(match) === "win32" ? others.replace("make: make -B; ", "") : others,
  ];
}
