/** Targets of CMake that nobody defines, and what it fetches by itself. */
import { type Match, type Rule, saidAny } from "../rule.ts";
import { editCmake } from "../commands/source-edits.ts";

/** The name of what was to be fetched, from a name or an address. */
function dependency(match: Match): string | undefined {
  const name = (match.facts["name"] ?? "")
    .replace(/\.git$/, "")
    .split("/")
    .at(-1);
  return name === "" ? undefined : name;
}

/** Targets under names that torch does not give. */
function ofTorch(match: Match): boolean {
  return /^(?:Torch|torch|PyTorch|LibTorch|libtorch)::(?:[Tt]orch|torch_python|libtorch|c10|[Pp]y[Tt]orch)$/.test(
    match.facts["target"] ?? "",
  );
}

export const cmakeTargetRules: readonly Rule[] = [
  {
    id: "cmake-imported-target-missing",
    title: "A CMake target of another package is not defined",
    on: ["build-tool"],
    specificity: 70,
    matches: (finding) =>
      saidAny(
        finding,
        /links to(?: target|:)\s+"?(?<target>[\w.]+::[\w.]+)"?\s+but\s+the\s+target\s+was\s+not\s+found/s,
        /link interface of target "[^"]+" contains:\s+(?<target>[\w.]+::[\w.]+)\s+but the target was not found/s,
      ),
    confidence: "medium",
    cause: (match) =>
      ofTorch(match)
        ? `torch's CMake files define no target \`${match.facts["target"] ?? ""}\`: what they give is the target torch and the variable TORCH_LIBRARIES, after find_package(Torch REQUIRED).`
        : `\`${match.facts["target"] ?? ""}\` comes from find_package(${(match.facts["target"] ?? "").split("::")[0] ?? ""}), which was not called before, did not find it, or found a release without that target.`,
    fix: (match) => {
      const name = (match.facts["target"] ?? "").split("::")[0] ?? "";
      if (ofTorch(match))
        return [
          ...editCmake(match, [[match.facts["target"] ?? "", "${TORCH_LIBRARIES}"]]),
          "# find_package(Torch REQUIRED)  target_link_libraries(my_ops PRIVATE ${TORCH_LIBRARIES})",
          '# Python modules (pybind11) need torch_python as well: find_library(TORCH_PYTHON torch_python PATHS "${TORCH_INSTALL_PREFIX}/lib")',
        ];
      return [
        `# find_package(${name === "CUDA" ? "CUDAToolkit" : name} REQUIRED) before the line that links it, and its folder on CMAKE_PREFIX_PATH`,
        ...(name === "MKL" || name === "caffe2"
          ? [
              "pip install mkl-devel   # or conda install mkl-devel: torch's CMake files ask for it when torch was built with MKL",
            ]
          : []),
        "rm -rf build   # the cache remembers that it was not found",
      ];
    },
    sources: ["https://cmake.org/cmake/help/latest/policy/CMP0028.html"],
    examples: [
      {
        text: 'CMake Error at CMakeLists.txt:10 (add_library):\n  Target "ext" links to target "MKL::MKL" but the target was not found.',
        expect: "mkl-devel",
      },
      {
        text: 'CMake Error at CMakeLists.txt:9 (target_link_libraries):\n  Target "my_ops" links to:\n\n    Torch::Torch\n\n  but the target was not found.',
        expect: "TORCH_LIBRARIES",
      },
    ],
  },
  {
    id: "cmake-target-unknown",
    title: "A target of CMake has another name, or is made later",
    on: ["build-tool"],
    specificity: 70,
    matches: (finding) =>
      saidAny(
        finding,
        /Cannot specify [\w ]+ for target "(?<target>[^"]+)" which is not built by this project/,
        /(?:get_target_property|set_target_properties|install TARGETS|add_dependencies)\(?\)?[^"]{0,40}(?:non-existent target|can not find target to add properties to:|given target|target) "?(?<target>[\w.:-]+)"?(?: which does not exist)?/,
      ),
    confidence: "high",
    cause: (match) =>
      `CMakeLists.txt says something of the target \`${match.facts["target"] ?? ""}\`, and at that place there is none: its name is misspelt, add_library, add_executable or pybind11_add_module that makes it comes further below, or stands in an if() that was not taken.`,
    fix: (match) => [
      `grep -rnE "add_(library|executable|custom_target)|pybind11_add_module|Python_add_library" CMakeLists.txt | grep "${match.facts["target"] ?? ""}"   # where is it made, and before that line?`,
    ],
    sources: ["https://cmake.org/cmake/help/latest/command/target_link_libraries.html"],
    examples: [
      {
        text: 'CMake Error at CMakeLists.txt:4 (target_link_libraries):\n  Cannot specify link libraries for target "my_op" which is not built by this\n  project.',
        expect: "misspelt",
      },
    ],
  },
  {
    id: "cmake-fetch-failed",
    title: "CMake could not fetch a dependency",
    on: ["build-tool"],
    role: "symptom",
    specificity: 68,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:Build|Update|Download|Git clone|CMake) step (?:for (?<name>[\w.-]+) )?failed/i,
        /Failed to (?:clone|checkout|fetch|download) (?:repository|tag|submodule)?:? ?['"]?(?<name>[^'"\s]*)/i,
        /file(?:\(DOWNLOAD\))? (?:DOWNLOAD )?.*(?:HASH mismatch|status_code|error: downloading)/,
        /error: downloading '(?<name>[^']+)' failed/,
      ),
    confidence: "medium",
    cause: (match) =>
      `FetchContent (or ExternalProject) downloads ${dependency(match) === undefined ? "a dependency" : `\`${dependency(match) ?? ""}\``} while configuring, and that failed: no network (a build container, a proxy), git is missing, or the address or tag is gone.`,
    fix: (match) => [
      "git --version && git ls-remote https://github.com/NVIDIA/cutlass HEAD   # does the network work here?",
      `# offline: clone it elsewhere and pass -DFETCHCONTENT_SOURCE_DIR_${(dependency(match) ?? "NAME").toUpperCase().replaceAll(/\W/g, "_")}=/path/to/it (CMAKE_ARGS within pip)`,
      "rm -rf build/_deps   # half a clone is never completed",
    ],
    sources: ["https://cmake.org/cmake/help/latest/module/FetchContent.html"],
    examples: [
      {
        text: "CMake Error at /usr/share/cmake/Modules/FetchContent.cmake:1087 (message):\n  Build step for cutlass failed: 1",
        expect: "FETCHCONTENT_SOURCE_DIR_CUTLASS",
      },
    ],
  },
];
