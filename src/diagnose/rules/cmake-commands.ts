/** Commands and files that CMake does not know: an older CMake, or a package's own commands that were not included. */
import { cmakeFile } from "../commands/source-edits.ts";
import { own } from "../../base/own.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import { platformOf, python } from "../commands/commands.ts";
import type { Match, Rule } from "../rule.ts";
import { said, saidAny } from "../rule.ts";

/** The first CMake with a command or sub-command. Source: "New in version" of CMake's manual. */
const since: Readonly<Record<string, string>> = {
  cmake_path: "3.20",
  cmake_language: "3.18",
  block: "3.25",
  add_link_options: "3.13",
  add_compile_definitions: "3.12",
  target_link_options: "3.13",
  target_link_directories: "3.13",
  target_precompile_headers: "3.16",
  fetchcontent_makeavailable: "3.14",
  fetchcontent_declare: "3.11",
  "list transform": "3.12",
  "list join": "3.12",
  "list sublist": "3.12",
  "list filter": "3.6",
  "list prepend": "3.15",
  "list pop_back": "3.15",
  "list pop_front": "3.15",
  "string json": "3.19",
  "string join": "3.12",
  "string repeat": "3.15",
  "string hex": "3.18",
  "file real_path": "3.19",
  "file chmod": "3.19",
  "file create_link": "3.14",
  "file size": "3.14",
  "file read_symlink": "3.14",
  "file get_runtime_dependencies": "3.16",
  "file archive_create": "3.18",
  "file archive_extract": "3.18",
  "file configure": "3.18",
  "file copy_file": "3.21",
  "cmake_language call": "3.18",
  "cmake_language eval": "3.18",
  "cmake_language defer": "3.19",
};

/** Who defines a command that is not CMake's own. */
const definedBy: readonly (readonly [RegExp, string])[] = [
  [/^pybind11_/i, "find_package(pybind11 REQUIRED) or add_subdirectory(third_party/pybind11)"],
  [/^nanobind_/i, "find_package(nanobind REQUIRED)"],
  [
    /^python3?_add_library|^Python_add_library/i,
    "find_package(Python COMPONENTS Interpreter Development.Module REQUIRED)",
  ],
  [
    /^cuda_(?:add|select|include|compile|link|find)_/i,
    "find_package(CUDA), the FindCUDA of CMake 3.7 to 3.26 (older ones do not have all of its commands, newer ones hide it: policy CMP0146)",
  ],
  [/^hip_|^hipify/i, "find_package(HIP REQUIRED), with /opt/rocm/lib/cmake/hip on CMAKE_MODULE_PATH"],
  [/^rocm_/i, "find_package(ROCmCMakeBuildTools) of the package rocm-cmake"],
  [/^(?:torch|caffe2)_/i, "find_package(Torch REQUIRED)"],
  [/^FetchContent_/i, "include(FetchContent)"],
  [/^ExternalProject_/i, "include(ExternalProject)"],
  [/^gtest_|^gmock_/i, "include(GoogleTest)"],
  [/^check_cxx_/i, "include(CheckCXXCompilerFlag) or the module of that name"],
  [/^protobuf_/i, "find_package(Protobuf REQUIRED)"],
  [/^CPM|^CPMAddPackage/i, "include(CPM.cmake), which is downloaded while configuring"],
  [/^swig_/i, "find_package(SWIG REQUIRED) and include(UseSWIG)"],
  [/^pkg_check_modules/i, "find_package(PkgConfig REQUIRED)"],
];

function ownerOf(command: string): string | undefined {
  return definedBy.find(([form]) => form.test(command))?.[1];
}

/** The CMake that runs, when the log names it. */
function runningCMake(match: Match): string | undefined {
  for (const finding of match.context.findings) {
    const version = /[\\/]cmake-(\d+\.\d+)[\\/]Modules/.exec(`${finding.file ?? ""} ${finding.message}`)?.[1];
    if (version !== undefined) return version;
  }
  return undefined;
}

/** find_package(pybind11) above the line that needs it, where nothing asks for it yet; and the package that is found. */
function pybind11FoundFirst(match: Match): string[] {
  const install = `${python(match)} -m pip install pybind11`;
  const folder = `-Dpybind11_DIR="$(${python(match)} -m pybind11 --cmakedir)"`;
  const { typedConfigure } = match.context.log;
  const { file = "CMakeLists.txt", line } = match.finding;
  if (platformOf(match) === "win32" || line === undefined || !/^[\w./-]+$/.test(file))
    return [
      "git submodule update --init --recursive   # third_party/pybind11 is often an empty folder",
      `${install} && cmake ${folder} ..`,
    ];
  const lists = cmakeFile(match, file);
  return [
    "[ ! -f .gitmodules ] || git submodule update --init --recursive   # third_party/pybind11 is often an empty folder",
    `grep -qE '(find_package|add_subdirectory).*pybind11' ${lists} || sed -i.bak '${line}i find_package(pybind11 CONFIG REQUIRED)' ${lists}`,
    install,
    ...(typedConfigure === undefined || typedConfigure.includes("pybind11_DIR")
      ? []
      : ["rm -rf build   # CMake keeps what it found", `${typedConfigure} ${folder}`]),
  ];
}

export const cmakeCommandRules: readonly Rule[] = [
  {
    id: "cmake-command-unknown",
    title: "CMake does not know a command",
    on: ["build-tool"],
    specificity: 79,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /Unknown CMake command "(?<name>\w+)"/,
        /(?<command>\w+) does not recognize sub-command (?<sub>\w+)/,
        /sub-command (?<sub>\w+) (?:is )?not (?:recognized|known|supported)/,
      );
      if (facts === undefined) return undefined;
      const name = facts["name"] ?? `${facts["command"] ?? finding.code ?? ""} ${facts["sub"] ?? ""}`.trim();
      return { name, since: own(since, name.toLowerCase()), owner: ownerOf(name), sub: facts["sub"] };
    },
    confidence: (match) =>
      match.facts["since"] !== undefined || match.facts["owner"] !== undefined || match.facts["sub"] !== undefined
        ? "high"
        : "low",
    cause: (match) => {
      const name = match.facts["name"] ?? "";
      const running = runningCMake(match);
      const first = match.facts["since"];
      if (first !== undefined || match.facts["sub"] !== undefined) {
        const newer =
          first !== undefined &&
          running !== undefined &&
          compareVersions(parseVersion(running), parseVersion(first)) >= 0;
        return newer
          ? `CMake ${running ?? ""} should know \`${name}\` (since ${first ?? ""}): an include() before it is missing.`
          : `\`${name}\` came with CMake ${first ?? "of a later release"}, and the one that runs${running === undefined ? "" : ` (${running})`} is older.`;
      }
      return match.facts["owner"] === undefined
        ? `No file that was included defines \`${name}\`: a package that brings it was not found, a submodule or .cmake file is missing, or the name is misspelt.`
        : `\`${name}\` comes from ${match.facts["owner"]}, and that was not called before, or found nothing.`;
    },
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      if (match.facts["since"] !== undefined || match.facts["sub"] !== undefined)
        return [
          `${python(match)} -m pip install --upgrade cmake && hash -r && cmake --version   # ${match.facts["since"] === undefined ? "a newer one" : `${match.facts["since"]} or newer`}, and first on PATH`,
          "rm -rf build   # then configure again",
        ];
      if (/^cuda_/i.test(name))
        return [
          "cmake --version   # below 3.7: a newer one; 3.27 and newer:",
          "cmake -DCMAKE_POLICY_DEFAULT_CMP0146=OLD ..   # gives FindCUDA back",
          "# for good: project(name LANGUAGES CXX CUDA), add_library(… .cu) and find_package(CUDAToolkit)",
          `${python(match)} -m pip install "cmake>=3.18,<3.27"`,
        ];
      if (/^hip_/i.test(name) && platformOf(match) === "linux")
        return [
          `# ${match.facts["owner"] ?? ""}; projects from before ROCm 6 look in /opt/rocm/hip/cmake for the FindHIP.cmake that defines it:`,
          "sudo mkdir -p /opt/rocm/hip && sudo ln -sfn /opt/rocm/lib/cmake/hip /opt/rocm/hip/cmake",
        ];
      if (/^pybind11_/i.test(name)) return pybind11FoundFirst(match);
      if (/^python3?_add_library$/i.test(name) && platformOf(match) === "linux") return pythonFoundFirst(match, name);
      return [
        match.facts["owner"] === undefined
          ? `grep -rn "${name}" --include=*.cmake --include=CMakeLists.txt . | head   # who defines it?`
          : `# ${match.facts["owner"]} before the line that uses it`,
        "git submodule update --init --recursive",
      ];
    },
    sources: ["https://cmake.org/cmake/help/latest/manual/cmake-commands.7.html", "pytorch/pytorch#140894"],
    examples: [
      {
        text: "CMake Error at cmake/Modules/FindSYCL.cmake:389 (file):\n  file does not recognize sub-command REAL_PATH",
        expect: "3.19",
      },
      {
        text: 'CMake Error at CMakeLists.txt:20 (target_link_options):\n  Unknown CMake command "target_link_options".',
        expect: "3.13",
      },
      {
        text: 'CMake Error at CMakeLists.txt:9 (pybind11_add_module):\n  Unknown CMake command "pybind11_add_module".',
        expect: "find_package(pybind11",
      },
      {
        text: '-- Found PythonInterp: /home/p/venv/bin/python3 (found suitable version "3.10.8", minimum required is "3.8")\nCMake Error at CMakeLists.txt:9 (python_add_library):\n  Unknown CMake command "python_add_library".',
        expect: "sed -i.bak '0,/find_package(pybind11/",
      },
      {
        text: '-- Found Python3: /e/bin/python (found version "3.12.3") found components: Interpreter\nCMake Error at CMakeLists.txt:7 (Python3_add_library):\n  Unknown CMake command "Python3_add_library".',
        expect: "Interpreter Development.Module/'",
      },
      {
        text: 'CMake Error at CMakeLists.txt:9 (cuda_add_library):\n  Unknown CMake command "cuda_add_library".',
        expect: "CMP0146",
      },
    ],
  },
  {
    id: "cmake-path-with-blank",
    title: "A folder's name has a blank, and the project's CMake files do not bear it",
    on: ["build-tool"],
    specificity: 86,
    matches: (finding) =>
      said(finding, /(?<path>(?:\/[\w.+-]+){0,12}\/[\w.+-]+\\ [\w.+-]+(?:\/[\w.+\\-]+)*)/) !== undefined &&
      /(?:failed to open|No such file|does not exist|cannot find|could not find)/i.test(finding.message)
        ? { path: /(\/\S+\\ \S+)/.exec(finding.message)?.[1] }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `The path \`${(match.facts["path"] ?? "").replaceAll("\\ ", " ")}\` has a blank in it. The project's CMake files wrote it as a shell would (\`\\ \`), and CMake takes the backslash for a part of the name: no such folder exists.`,
    fix: (match) => {
      const path = (match.facts["path"] ?? "").replaceAll("\\ ", " ");
      const root = /^(.*? [^/]*(?:\/[^/]+)*?)\/build\//.exec(path)?.[1];
      return root === undefined
        ? [
            "# move the project to a folder without a blank in its whole path, and configure in an empty build folder there",
          ]
        : [
            `cp -r "${root}" ~/${root.replace(/^.*\//, "").replaceAll(" ", "-")} && cd ~/${root.replace(/^.*\//, "").replaceAll(" ", "-")}   # a path without a blank (in WSL also faster than /mnt/c)`,
            "rm -rf build && mkdir build && cd build   # the old one names the old path; then cmake with the options as before",
          ];
    },
    sources: ["mir-group/pair_nequip#11"],
    examples: [
      {
        text: "CMake Error at /mnt/c/Users/Steven Fang/lammps/cmake/Modules/generate_lmpgitversion.cmake:34 (file):\n  file failed to open for writing (No such file or directory):\n\n    /mnt/c/Users/Steven\\ Fang/lammps/build/styles/lmpgitversion.h.tmp",
        expect: 'cp -r "/mnt/c/Users/Steven Fang/lammps" ~/lammps',
      },
    ],
  },
  {
    id: "cmake-include-missing",
    title: "CMake does not find a file that is included",
    on: ["build-tool"],
    specificity: 78,
    matches: (finding) =>
      /simple test program/.test(finding.message)
        ? undefined
        : (said(finding, /include could not find (?:requested|load) file:?\s+(?<file>\S+)/) ??
          said(
            finding,
            /(?:configure_file|file) .*?(?:No such file|does not exist|failed to open for reading)[^/]*(?<file>\/\S+)/,
          )),
    confidence: "high",
    cause: (match) => {
      const file = match.facts["file"] ?? "";
      const config = /(\w+)Config\.cmake/.exec(match.finding.file ?? "")?.[1];
      if (config !== undefined)
        return `\`${match.finding.file ?? ""}\` is a configuration in a build folder: it includes \`${file}\`, which exists only where ${config} is installed. ${config}_DIR (or CMAKE_PREFIX_PATH) points to the build instead of the installation.`;
      return `\`${file}\` is not there: ${/[\\/]/.test(file) ? "a git submodule is empty, or the path is of another machine or release" : "no folder of CMAKE_MODULE_PATH has it, or it comes with a package (ECM, rocm-cmake, CUDA's own) that is not installed, or with a newer CMake"}.`;
    },
    fix: (match) => {
      const config = /(\w+)Config\.cmake/.exec(match.finding.file ?? "")?.[1];
      if (config !== undefined && /^(?:Torch|Caffe2|ATen|c10)$/i.test(config))
        return [
          `unset ${config}_DIR`,
          `cmake -DCMAKE_PREFIX_PATH="$(${python(match)} -c 'import torch; print(torch.utils.cmake_prefix_path)')" ..   # in an empty build folder`,
          "# a torch built from source: pip install --no-build-isolation -v . first, then that installation",
        ];
      return [
        "git submodule update --init --recursive",
        ...(config === undefined
          ? []
          : [`unset ${config}_DIR   # then -DCMAKE_PREFIX_PATH=<where ${config} is installed>`]),
        `find . / -name "$(basename ${match.facts["file"] ?? "x"})*" -not -path '/proc/*' 2>/dev/null | head   # its folder: -DCMAKE_MODULE_PATH=<folder>`,
      ];
    },
    sources: ["https://cmake.org/cmake/help/latest/command/include.html", "facebookresearch/Detectron#715"],
    examples: [
      {
        text: "CMake Error at /home/u/pytorch/build/Caffe2Config.cmake:14 (include):\n  include could not find load file:\n\n    /home/u/pytorch/build/public/utils.cmake",
        expect: "cmake_prefix_path",
      },
      {
        text: "CMake Error at CMakeLists.txt:5 (include):\n  include could not find requested file:\n\n    cmake/external/fmt.cmake",
        expect: "submodule",
      },
    ],
  },
  {
    id: "cmake-torch-without-library",
    title: "CMake finds Torch's files, but not its library",
    on: ["build-tool"],
    specificity: 84,
    matches: (finding) => said(finding, /Could NOT find Torch \(missing: (?<what>TORCH_\w+)/),
    confidence: "high",
    cause: (match) =>
      `TorchConfig.cmake was found, and ${match.facts["what"] ?? "the library"} not: what lies beside it is a libtorch for another system or compiler (the zip for Linux or macOS on Windows, MinGW or a 32-bit toolchain in place of MSVC x64), or is unpacked in part.`,
    fix: (match) => [
      "# Windows: the Windows zip of libtorch (Debug and Release are two), Visual Studio's x64 toolchain (not MinGW, not x86): cmake -G Ninja from the x64 Native Tools prompt, in CLion: Settings, Toolchains, Visual Studio, amd64",
      `cmake -DCMAKE_PREFIX_PATH="$(${python(match)} -c 'import torch; print(torch.utils.cmake_prefix_path)')" ..   # or pip's torch, in an empty build folder`,
    ],
    sources: ["pytorch/pytorch#36204", "https://docs.pytorch.org/cppdocs/installing.html"],
    examples: [
      {
        text: "CMake Error at FindPackageHandleStandardArgs.cmake:137 (message):\n  Could NOT find Torch (missing: TORCH_LIBRARY)",
        expect: "MinGW",
      },
    ],
  },
];

/** pybind11 looks for Python in the old way, without that command, where nobody did before it in the new way. Source: pybind/scikit_build_example#189. */
function pythonFoundFirst(match: Match, name: string): string[] {
  const package_ = /3/.test(name) ? "Python3" : "Python";
  const line = `find_package(${package_} COMPONENTS Interpreter Development.Module REQUIRED)`;
  const file = match.finding.file ?? "CMakeLists.txt";
  // What CMake said of the package: it was asked for, and not for its headers.
  if (match.context.log.pythonWithoutHeaders === true)
    return [
      `sed -i.bak -E '/find_package *\\( *${package_}\\b/s/\\bInterpreter\\b/Interpreter Development.Module/' ${file}   # the command belongs to the component Development`,
      `# find_package(${package_} without COMPONENTS: ${line}; CMake 3.18 or newer, before it Development`,
    ];
  return [
    `sed -i.bak '0,/find_package(pybind11/s//${line}\\n&/' ${file}`,
    "# the same by hand: that line before find_package(pybind11 …), which otherwise looks for Python in the old way; CMake 3.18 or newer",
  ];
}
