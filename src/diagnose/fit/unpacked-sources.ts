/**
 * Sources that were unpacked from an archive of somebody's own (a page of releases, Zenodo, a file that was handed on): there is no `.git`
 * in them, so nothing fetches a submodule there, and its folder is empty. The library that is missing is cloned into that folder, where it
 * is known which one it is; else a clone of the project is what has it. It does not know the project's repository.
 */
import { submodules } from "./archive-sources.ts";
import type { Match } from "../rule.ts";

/** Libraries that projects carry as submodules, by the first part of their headers' names: where they come from, and where their headers lie. */
const libraries: readonly (readonly [header: RegExp, name: string, repository: string, headers: string])[] = [
  [/^(?:cutlass|cute)\//, "cutlass", "https://github.com/NVIDIA/cutlass", "include"],
  [/^glm\//, "glm", "--branch 1.0.1 https://github.com/g-truc/glm", ""],
  [/^pybind11\//, "pybind11", "https://github.com/pybind/pybind11", "include"],
  [/^fmt\//, "fmt", "--branch 10.2.1 https://github.com/fmtlib/fmt", "include"],
  [/^spdlog\//, "spdlog", "--branch v1.x https://github.com/gabime/spdlog", "include"],
  [/^Eigen\//, "eigen", "--branch 3.4.0 https://gitlab.com/libeigen/eigen.git", ""],
  [/^nlohmann\//, "json", "https://github.com/nlohmann/json", "include"],
  [/^dlpack\//, "dlpack", "https://github.com/dmlc/dlpack", "include"],
  [/^(?:parallel_hashmap)\//, "parallel-hashmap", "https://github.com/greg7mdp/parallel-hashmap", ""],
  [/^robin_hood\.h/, "robin-hood-hashing", "https://github.com/martinus/robin-hood-hashing", "src/include"],
  [/^ck(?:_tile)?\//, "composable_kernel", "https://github.com/ROCm/composable_kernel", "include"],
  [/^nanoflann\.hpp/, "nanoflann", "https://github.com/jlblancoc/nanoflann", "include"],
];

/** The library whose header (or CMake folder) is missing. */
function missing({ finding }: Match): (typeof libraries)[number] | undefined {
  const header = finding.header ?? "";
  const byHeader = libraries.find(([form]) => form.test(header));
  if (byHeader !== undefined) return byHeader;
  return libraries.find(([, name]) =>
    new RegExp(`[\\\\/]${name}(?:["'\\s]|$)`, "i").test(finding.header === undefined ? finding.message : ""),
  );
}

/** The folder within the project that the library is looked for in. */
function folderFor(
  [, name, , headers]: (typeof libraries)[number],
  { context: { log }, finding }: Match,
): string | undefined {
  const ends = headers === "" ? [name] : [`${name}/${headers}`];
  const found = log.carriedIncludes.find((folder) =>
    ends.some((end) => folder.toLowerCase().endsWith(end.toLowerCase())),
  );
  if (found !== undefined) return headers === "" ? found : found.slice(0, -headers.length - 1);
  return new RegExp(
    String.raw`(?:^|[\s"'/\\])((?:third[_-]?party|3rdparty|extern(?:al)?|submodules|deps|vendor)/(?:[\w.-]+/){0,2}${name})(?=["'\s]|$)`,
    "i",
  ).exec(finding.message)?.[1];
}

/** The lines without what only a repository can do. */
export function inUnpacked(lines: readonly string[], match: Match): readonly string[] {
  const { unpacked, archiveOf } = match.context.log;
  if (unpacked === undefined || archiveOf !== undefined || !lines.some((line) => submodules.test(line))) return lines;
  const library = missing(match);
  const folder = library === undefined ? undefined : folderFor(library, match);
  const said = `# ${unpacked.archive} is no repository: there is no .git in it, and the folders of its submodules are empty`;
  const others = lines.filter(
    (line) =>
      !submodules.test(line) &&
      !/^git clone .*\s# or |^# (?:built from PyPI's sources|empty, or still too old|do not install the library|an archive from)/.test(
        line,
      ),
  );
  const whole =
    "# what has all of them, each in the commit that belongs to it: git clone --recursive <the project's repository>, or its release on PyPI, where there is one";
  if (library === undefined) {
    return [said, whole, ...others.filter((line) => line.startsWith("#"))];
  }
  const [, name, repository] = library;
  const goes = others.findIndex((line) => /^cd /.test(line));
  const clone =
    folder === undefined
      ? `git clone --depth 1 ${repository} ${name} && export CPATH=$PWD/${name}${library[3] === "" ? "" : `/${library[3]}`}:$CPATH`
      : `git clone --depth 1 ${repository} ${folder}   # the release of ${name} that the project's .gitmodules or README names, where it names one`;
  return goes >= 0
    ? [said, ...others.slice(0, goes + 1), clone, ...others.slice(goes + 1), whole]
    : [said, clone, ...others, whole];
}
