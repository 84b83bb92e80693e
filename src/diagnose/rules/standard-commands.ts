/** How to compile as the C++ standard that is needed: which one that is, and what puts it in place of an older one. */
import { withHostFlags } from "../commands/typed-again.ts";
import { platformOf, python, quote, standardFor, torchAtHand } from "../commands/commands.ts";
import type { Match } from "../rule.ts";

/** The standard to compile as. */
export function neededStandard(match: Match): string {
  return saidByTorch(match) ? (match.facts["need"] ?? "17") : standardFor(match, match.facts["need"]);
}

/** The header of a LibTorch says itself what it needs: the torch of a Python beside it does not count. */
export function saidByTorch({ finding, facts }: Match): boolean {
  return (
    facts["need"] !== undefined &&
    /[\\/]libtorch[\w.+-]*[\\/]include[\\/]/.test(finding.file ?? "") &&
    /You need C\+\+\d\d to compile PyTorch|compiler is required to use (?:ATen|PyTorch)/.test(finding.message)
  );
}

/** The option that asks for it. */
function standardFlag(match: Match): string {
  return platformOf(match) === "win32" ? `/std:c++${neededStandard(match)}` : `-std=c++${neededStandard(match)}`;
}

/** The standards in their order, by the names that compilers take. */
const standards: readonly (readonly [string, readonly string[]])[] = [
  ["11", ["0x", "11"]],
  ["14", ["1y", "14"]],
  ["17", ["1z", "17"]],
  ["20", ["2a", "20"]],
];

/** The standard that the text's command has, else those that are too old, as a part of a pattern. */
function older(match: Match): string {
  const { standard } = match.context.log;
  if (standard !== undefined && Number(standard) < Number(neededStandard(match))) return standard;
  const names = standards.filter(([year]) => Number(year) < Number(neededStandard(match))).flatMap(([, all]) => all);
  return `(${names.join("|")})`;
}

/** Where the project's own files lie, as far as the compiler's lines tell; else the folder of the shell. */
function projectFolder({ context: { log } }: Match): string {
  return log.compiledFolder === undefined ? "." : quote(log.compiledFolder);
}

/** A header of the torch that Python has lacks something of C++17, and nothing tells the release: it may need C++20. */
function asksTorch(match: Match): boolean {
  return (
    torchAtHand(match) === undefined &&
    match.context.usesTorch !== false &&
    match.facts["feature"] !== undefined &&
    neededStandard(match) === "17" &&
    platformOf(match) !== "win32" &&
    /[\\/](?:site|dist)-packages[\\/]torch[\\/]include[\\/]/.test(match.finding.file ?? "")
  );
}

/** How to compile as the standard that is needed. */
export function compileAsNeeded(match: Match): string[] {
  const typed = withHostFlags(match, [standardFlag(match)]);
  if (typed.length > 0) return typed;
  if (asksTorch(match)) {
    const files = match.context.log.cmake ? "CMakeLists.txt" : "setup.py";
    return [
      `s=$(${python(match)} -c "import torch; print(20 if tuple(map(int, torch.__version__.split('.')[:2])) >= (2, 13) else 17)"); echo "C++$s"   # what this torch needs: 2.1 to 2.12 C++17, 2.13 and newer C++20`,
      ...(match.context.log.cmake
        ? [
            `sed -i.bak -E "s/(C(XX|UDA)_STANDARD) +[0-9]+/\\1 $s/; s/-std=(c|gnu)\\+\\+[0-9a-z]+/-std=c++$s/g" ${files}   # nothing changed: set(CMAKE_CXX_STANDARD …) below project(…)`,
            "# then the build in an empty folder, with the options as before",
          ]
        : [
            `grep -rlE 'std=(c|gnu)\\+\\+${older(match)}' --include='*.py' --include='*.toml' ${projectFolder(match)} | xargs -r sed -i.bak -E "s/std=(c|gnu)\\+\\+${older(match)}/std=c++$s/g"   # in the project's folder: ${files}, and scripts that compile with load(); without any -std= torch's builder adds the right one`,
          ]),
    ];
  }
  if (match.context.log.cmake && platformOf(match) !== "win32")
    return [
      "grep -nE 'C(XX|UDA)_STANDARD|std=' CMakeLists.txt   # what it asks for now",
      `sed -i.bak -E 's/(C(XX|UDA)_STANDARD) +[0-9]+/\\1 ${neededStandard(match)}/; s/-std=(c|gnu)\\+\\+[0-9a-z]+/${standardFlag(match)}/g' CMakeLists.txt   # nothing found: set(CMAKE_CXX_STANDARD ${neededStandard(match)}) below project(…)`,
      "# then the build in an empty folder, with the options as before",
    ];
  return [
    ...(platformOf(match) === "win32" && match.context.usesTorch !== false
      ? [
          `set _CL_=${standardFlag(match)}& set NVCC_APPEND_FLAGS=-std=c++${neededStandard(match)}   # both stand behind what the build passes, and the last one counts`,
        ]
      : []),
    match.context.usesTorch === false
      ? `# cxx-standard = "${neededStandard(match)}" in retorch.toml, or ${standardFlag(match)} in place of the -std= that the flags hold`
      : `# drop the project's own -std=c++… (torch and retorch pass the right one), or set it to ${standardFlag(match)} for cxx and nvcc`,
    ...(platformOf(match) === "win32" || match.context.usesTorch === false
      ? [`grep -rnE 'std[=:]c\\+\\+|CXX_STANDARD' setup.py CMakeLists.txt pyproject.toml`]
      : [
          ...(torchAtHand(match) === undefined && match.context.log.setupCommand !== undefined
            ? [
                `sed -i.bak -E 's/["'"'"']-std=(c|gnu)\\+\\+[0-9a-z]+["'"'"'],? ?//g' setup.py   # torch's builder adds the standard that this torch needs`,
              ]
            : []),
          `grep -rlE 'std=(c|gnu)\\+\\+${older(match)}|C(XX|UDA)_STANDARD +${older(match)}|c(pp|xx)_st(d|andard)(_| *= *)${older(match)}' --include='*.py' --include=CMakeLists.txt --include='*.toml' ${projectFolder(match)} | xargs -r sed -i.bak -E 's/std=(c|gnu)\\+\\+${older(match)}/std=c++${neededStandard(match)}/g; s/(C(XX|UDA)_STANDARD) +${older(match)}/\\1 ${neededStandard(match)}/g; s/(c(pp|xx)_st(d|andard)(_| *= *))${older(match)}/\\1${neededStandard(match)}/g'   # in the project's folder: setup.py, and scripts that compile with load()`,
        ]),
  ];
}
