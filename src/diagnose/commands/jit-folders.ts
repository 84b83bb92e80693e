/** What torch.utils.cpp_extension.load() has built while a program ran, and how to have it built anew. */
import { platformOf, removeFolder } from "./command-words.ts";
import type { Match } from "../rule.ts";

/** The folder of such an extension, where the text tells it. */
function folderOf(match: Match): string | undefined {
  const file = match.finding.file ?? match.finding.library ?? "";
  return (
    /^(.*torch_extensions[\\/](?:torch_extensions[\\/]Cache[\\/])?py\d+\w*[\\/][\w.-]+)[\\/]/.exec(file)?.[1] ??
    match.context.log.jitFolder ??
    (match.context.log.builtAtRunTime ? match.context.log.emittedFolder : undefined)
  );
}

/** The folder of an extension by its name, below the root that torch has told. */
function folderBelowRoot(match: Match, name: string): string | undefined {
  const root = match.context.log.jitRoot;
  return root === undefined || !/^\w+$/.test(name) ? undefined : `${root}${root.includes("\\") ? "\\" : "/"}${name}`;
}

/** Removes what load() built under that name where it builds by default, for whatever Python and CUDA. */
function folderOfAll(match: Match, name: string): string {
  return platformOf(match) === "win32"
    ? 'rmdir /s /q "%LOCALAPPDATA%\\torch_extensions"'
    : `rm -rf ~/.cache/torch_extensions/*/${name}`;
}

/** The extension that statements of the text load, where nothing else in the text builds. */
function loadedByText({ context: { log } }: Match): string | undefined {
  return log.showsLoad === true &&
    log.setupCommand === undefined &&
    log.installs === undefined &&
    log.cmakeTarget === undefined &&
    log.typed.every(({ kind }) => kind === "program")
    ? log.loadedName
    : undefined;
}

/** Removes what load() built; undefined when the extension is not one of those. */
export function forgetJitBuild(match: Match, module?: string): string[] | undefined {
  const { finding, context } = match;
  const { typedProgram, notebook, docker } = context.log;
  const again =
    typedProgram === undefined || notebook || docker
      ? "# run the program again: the extension is built anew for the torch that is installed"
      : `${typedProgram}   # builds the extension anew, for the torch that is installed`;
  const folder = folderOf(match) ?? (module === undefined ? undefined : folderBelowRoot(match, module));
  if (folder !== undefined) return [removeFolder(match, folder), again];
  const loaded = loadedByText(match);
  if (loaded !== undefined)
    return [
      folderOfAll(match, loaded),
      typedProgram === undefined && !docker
        ? `# then ${notebook ? "the kernel" : "Python"} anew and the same lines: load() builds the extension again`
        : again,
    ];
  const frames =
    finding.frames ?? context.findings.find((other) => other.at === finding.at && other.frames !== undefined)?.frames;
  if (frames?.some((frame) => frame.includes("_import_module_from_library")) !== true) return undefined;
  const name = finding.library ?? finding.symbol?.replace(/^PyInit_/, "") ?? "";
  return [folderOfAll(match, /^\w+$/.test(name) ? name : ""), again];
}
