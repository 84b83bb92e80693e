/**
 * What a line of a fix does: it builds or installs what failed, it brings what a build needs, it only shows something. It does not
 * know which of that the text asks for.
 */
import { isToFillIn } from "../text/fix-words.ts";

/** Commands that build or install a package. */
const builds =
  /\b(?:pip3?|uv|pdm|poetry|pixi) (?:install|add|sync|run|download|wheel)\b|(?<!--include=)\bsetup\.py\b(?! (?:-q )?sdist\b)(?!["' ]*(?:$|CMake|\|))|\bretorch build\b|\bcmake (?!--(?:version|help)\b)-|(?<!-)\bmake\b(?! --version)|\bninja\b(?!$| --version)|\bcargo (?:build|run|install|test)\b|\bemerge\b|\bnix(?:-build|-shell| build| develop| shell)\b|\bmeson setup\b|\bspack install\b|\bcatkin(?:_make| build)\b|\bcolcon build\b|\bbitbake\b|docker build|\bRUN\b/;

/** Commands of an installer with nothing but these packages. */
const onlyOf = (names: string): RegExp =>
  new RegExp(
    String.raw`\b(?:(?:python\S* -m |uv )?pip3?|uv|pdm|poetry) (?:install|add)(?: (?:--?[\w-]+(?:[= ]https?:\S+|=\S+)?|--index \S+|-r \S*build\S*\.txt|["']?(?:${names})(?:\[[\w,-]+\])?(?:[<>=~!][^\s"']*)?["']?))+\s*(?=$|#|&&|;)`,
    "g",
  );
const tools = String.raw`cmake|ninja|setuptools|wheel|pip|packaging|cython|numpy|pybind11|scikit-build|scikit-build-core|meson|meson-python|nvidia-[\w-]+`;
const bringsTool = onlyOf(tools);
const bringsTorch = onlyOf(`${tools}|torch|torchvision|torchaudio|triton`);
/** A part of the CUDA toolkit in a package of pip. */
const partOfToolkit = /\bpip install --force-reinstall --no-deps "nvidia-[\w-]+==.*?\.\*"/g;

/** Builds what was built in another folder before, and is linked by what failed. */
const ofOtherFolder = /^cmake (\S+) && cmake --build \1 --clean-first/;

/** Whether a line builds another project than the one that failed. */
export function isOtherBuild(line: string): boolean {
  return ofOtherFolder.test(line);
}

/** The command of a line that a shell runs; nothing for a remark. */
export function commandPart(line: string): string {
  return line.startsWith("#") || isToFillIn(line) ? "" : line.replace(/\s+# .*$/, "");
}

/** Whether a line builds or installs more than the tools of a build, and torch where the text's own command does not ask for it. */
export function isBuildLine(line: string, failed = "torch"): boolean {
  if (isOtherBuild(line)) return false;
  // A lock is what failed: where a line locks, it is done.
  if (/\b(?:uv|poetry|pdm|pixi) lock\b/.test(failed) && /\b(?:uv|poetry|pdm|pixi) lock\b/.test(commandPart(line)))
    return true;
  const asksForTorch = /(?:^|[\s"'])torch(?:[=<>~!\s"'[]|$)/.test(failed);
  return builds.test(
    commandPart(line)
      .replaceAll(/\b(?:poetry|pdm|pixi|uv) run (?:--no-sync )?(?=python\S* -[cm])/g, "")
      .replaceAll(asksForTorch ? bringsTool : bringsTorch, "")
      .replaceAll(partOfToolkit, ""),
  );
}

/** What only shows something. */
const shows =
  /^(?!.*(?:&& export |-delete|-exec|xargs|\brm |sed -i|-m pip install))(?:ls|sed -n|git (?:diff|show|log|status)\b|which|echo|grep|find|nm|readlink|file|nvidia-smi|nvcc|df|free|ldd|\S+ --version|python\S* -c|(?:\S* )?pip3? (?:show|list|check))\b/;

/** Whether a line only shows something, or is a remark. */
export function isLook(line: string): boolean {
  const command = commandPart(line).trim();
  return command === "" || shows.test(command);
}

/** What is done in the folder of a build, a build of what lies there included. */
const ofFolder =
  /\b(?:sed -i(?!.* \/etc\/)|perl -pi|git (?:submodule|apply)|rm -rf (?:build|\*)|patch )|\bsetup\w*\.py \w|\bpip install (?:.* )?"?\.\/?(?:\[|"?(?:\s|$))|^(?:\w+=\S+ )*(?:g?make|ninja|cmake)\b/;

export function isOfFolder(line: string): boolean {
  return ofFolder.test(commandPart(line));
}

/** Lines below `# or …:` and its like are another way: in a file that is run as a whole they would follow the first one. */
export function withOtherWaysAsRemarks(lines: readonly string[]): string[] {
  let isOther = false;
  let any = false;
  return lines.map((line) => {
    if (line.startsWith("#")) {
      isOther = any && /^# (?:or|of another|an extension that|if that does not help)\b.*:$/.test(line);
      return line;
    }
    any ||= commandPart(line) !== "";
    return isOther ? `#     ${line}` : line;
  });
}
