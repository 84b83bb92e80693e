/**
 * The list of architectures that a text shows for CMake, without those that its nvcc does not have. It does not know whether another
 * file sets another list.
 */
import { platformOf, removeFolder, setVariable } from "./command-words.ts";
import { quote } from "../text/quote.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import type { ShownArchitectures } from "../facts/cmake-architecture-facts.ts";
import { cmakeAgain } from "./typed-again.ts";
import type { Match } from "../rule.ts";
import { cudaForArchitecture } from "../tables/version-facts.ts";

/** Whether a CUDA has a target: `60-real`, `90a`. */
function has(cuda: string, target: string): boolean {
  const known = cudaForArchitecture(target.replace(/-\w+$/, ""));
  const version = parseVersion(cuda);
  return (
    known === undefined ||
    (compareVersions(version, parseVersion(known.since)) >= 0 &&
      (known.gone === undefined || compareVersions(version, parseVersion(known.gone)) < 0))
  );
}

/** The list that the text shows, when the refused architecture stands in it. */
export function shownWith({ context: { log } }: Match, arch: string): ShownArchitectures | undefined {
  const shown = log.cmakeArchitectures;
  return shown?.list.split(/[; ]+/).some((each) => each.replace(/-\w+$/, "") === arch) === true ? shown : undefined;
}

/** The list without what `cuda` lacks; `instead` where nothing is left of it. */
export function withoutUnsupported(
  match: Match,
  shown: ShownArchitectures,
  arch: string,
  cuda: string,
  instead: string,
): string[] {
  const words = shown.list.split(/[; ]+/);
  const kept = words.filter((each) => each.replace(/-\w+$/, "") !== arch && has(cuda, each));
  const list = kept.length === 0 ? instead : kept.join(shown.list.includes(";") ? ";" : " ");
  if (shown.file === undefined) {
    const again = cmakeAgain(match, [], `-DCMAKE_CUDA_ARCHITECTURES=${list.includes(";") ? `"${list}"` : list}`);
    if (again !== undefined) return [...again];
    const given = match.context.log.commandVariables?.find(([name]) => name === "CMAKE_ARGS")?.[1];
    return [
      setVariable(
        match,
        "CMAKE_ARGS",
        given?.includes(shown.list) === true
          ? given.replaceAll(/["'\\]/g, "").replace(shown.list, list)
          : `-DCMAKE_CUDA_ARCHITECTURES=${list}`,
      ),
    ];
  }
  const from = `${shown.before}${shown.list}`.replaceAll(/ {2,}/g, " +");
  const to = `${shown.before.replaceAll(/ {2,}/g, " ")}${list}`;
  const file = quote(shown.file);
  // cmd.exe has no quotation marks within quotation marks: a list of several is told by itself.
  const edit =
    platformOf(match) === "win32" && from.includes('"')
      ? words.length > 1
        ? `sed -i.bak -E 's/${shown.list}/${list}/g' ${file}`
        : `# ${shown.file}: ${to}", in place of ${shown.list}`
      : `sed -i.bak -E 's/${from}/${to}/g' ${file}`;
  return [edit, removeFolder(match, "build")];
}
