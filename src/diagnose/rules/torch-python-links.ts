/**
 * libtorch_python for what CMake links: in the line of the CMakeLists.txt that the text shows, by variables of CMake's, or with the torch
 * of Python in place of a LibTorch, which has none. The CMakeLists.txt itself is not seen.
 */
import { changeFolder, platformOf, python, rebuild } from "../commands/commands.ts";
import { literally } from "../../base/literally.ts";
import { editCmake } from "../commands/source-edits.ts";
import { isBuiltByPython } from "../commands/typed-builds.ts";
import type { Match } from "../rule.ts";

/** The CMakeLists.txt takes a LibTorch for a module of Python. */
export function ofLibtorch({ finding, context: { log } }: Match): boolean {
  // LibTorch brings no libtorch_python to link with.
  if (finding.phase === "link") return log.libtorchFolder !== undefined && log.typedConfigure !== undefined;
  return log.linksTorchAlone && (log.libtorchFolder !== undefined || log.namesLibtorch || log.placeholderPrefix);
}

/** The text's own CMake with the torch of the Python that imports the module, or that the program runs. */
export function configuredForPython(match: Match): string[] {
  const { typedConfigure } = match.context.log;
  const asked = `${python(match)} -c "import torch; print(torch.utils.cmake_prefix_path)"`;
  const windows = platformOf(match) === "win32";
  const folder = windows ? "%TORCH_CMAKE%" : `"$(${asked.replaceAll('"', "'")})"`;
  const before = windows ? [`for /f "usebackq delims=" %i in (\`${asked}\`) do set TORCH_CMAKE=%i`] : [];
  const plain = `cmake -S . -B build-2 -DCMAKE_PREFIX_PATH=${folder}`;
  const changed = typedConfigure
    ?.replace(/-DCMAKE_PREFIX_PATH=(?:"[^"]*"|\S+)/, () => `-DCMAKE_PREFIX_PATH=${folder}`)
    .replace(/-DTorch_DIR=(?:"[^"]*"|\S+)/, () => `-DTorch_DIR=${folder}/Torch`)
    .replace(/(-B ?)("?)([\w./\\-]+)\2/, "$1$2$3-2$2");
  const configure = changed === undefined || changed === typedConfigure || !/-B ?\S/.test(changed) ? plain : changed;
  const built = /-B ?("[^"]+"|\S+)/.exec(configure)?.[1] ?? "build-2";
  const config = windows ? " --config Release" : "";
  return [...before, configure, `cmake --build ${built}${config}   # a fresh build folder`];
}

/** The line of CMakeLists.txt that the text shows, with the library that it lacks. */
export function linkedInShownLine(match: Match): string[] {
  if (ofLibtorch(match) || isBuiltByPython(match)) return [];
  for (const { file, text } of match.context.log.shownLines) {
    const [, target] = /^target_link_libraries\(\s*([\w:.-]+)\s[^)#]*\$\{TORCH_LIBRARIES\}/.exec(text) ?? [];
    if (target === undefined || text.includes("torch_python")) continue;
    return editCmake(
      match,
      [
        [
          `target_link_libraries\\( *(${literally(target)}( [^)]*)?) ("?[$][{]TORCH_LIBRARIES[}])`,
          'find_library(TORCH_PYTHON torch_python PATHS "${TORCH_INSTALL_PREFIX}/lib")\ntarget_link_libraries(\\1 ${TORCH_PYTHON} \\3',
        ],
      ],
      file,
    );
  }
  return [];
}

/** The folder of CMake's sources, where a library in the build folder of the text's command tells it. */
function sourceFolder({ finding, context: { log } }: Match): string | undefined {
  const configure = log.typedConfigure ?? "";
  const [, sources = "."] = /(?:^|\s)-S ?(\S+)/.exec(configure) ?? [];
  const [, build] = /(?:^|\s)-B ?((?:\.\/)?[\w.-]+)\/?(?:\s|$)/.exec(configure) ?? [];
  const library = finding.file ?? finding.library ?? "";
  if (build === undefined || sources !== "." || !library.startsWith("/")) return undefined;
  const end = library.lastIndexOf(`/${build.replace("./", "")}/`);
  return end > 0 ? library.slice(0, end) : undefined;
}

/** The line changed, in the folder of the sources, and the module built again where a program found it unfit. */
export function builtWithShownLine(match: Match): string[] {
  const changed = linkedInShownLine(match);
  const build = match.context.log.typedBuildStep;
  if (changed.length === 0 || match.finding.phase !== "load") return changed;
  const folder = sourceFolder(match);
  return [
    ...(folder === undefined ? [] : [changeFolder(match, folder)]),
    ...changed,
    ...(build === undefined ? rebuild(match) : [build]),
  ];
}

/** The text's own CMake with the library behind what it links; its build comes again. */
export function linkedByCmake(match: Match): string[] {
  const { log } = match.context;
  if (linkedInShownLine(match).length > 0) return [];
  if (log.typedConfigure === undefined || platformOf(match) !== "linux" || isBuiltByPython(match) || ofLibtorch(match))
    return [];
  const flags = `-Wl,--no-as-needed -L$(${python(match)} -c 'import torch; print(torch.__path__[0])')/lib -ltorch_python`;
  return [`cmake -DCMAKE_SHARED_LINKER_FLAGS="${flags}" -DCMAKE_MODULE_LINKER_FLAGS="${flags}" ..`];
}
