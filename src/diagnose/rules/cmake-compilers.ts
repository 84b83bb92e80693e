/** Compilers that CMake could not make out: nvcc that is not there or does not run. */
import { platformOf, removeFolder } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { type MatchFacts, type Rule, said } from "../rule.ts";

/**
 * CMake asks nvcc for its default architecture while it finds out which compiler it has; it says so when nvcc's answer has
 * none. Source: Modules/CMakeDetermineCUDACompiler.cmake.
 */
function undetected(finding: Finding): MatchFacts | undefined {
  if (!finding.message.includes("Failed to detect a default CUDA architecture")) return undefined;
  const words = /Compiler output:\s*(\S.{0,200})/.exec(finding.message)?.[1]?.trim();
  return words === undefined ? {} : { words };
}

export const cmakeCompilerRules: readonly Rule[] = [
  {
    id: "cmake-nvcc-does-not-run",
    title: "CMake found no nvcc that works",
    on: ["build-tool"],
    specificity: 82,
    matches: undetected,
    confidence: (match) => (match.facts["words"] === undefined ? "high" : "medium"),
    cause: (match) =>
      match.facts["words"] === undefined
        ? "CMake tried nvcc and got no answer (`The CUDA compiler identification is unknown`, no compiler output): the CUDA toolkit is not installed, its bin folder is not on PATH, or CUDACXX names something else. Setting the architectures alone does not help."
        : `CMake tried nvcc, and it failed: ${match.facts["words"]}. That has to be mended first (a host compiler that this nvcc does not take, a toolkit of which parts are missing).`,
    fix: (match) =>
      platformOf(match) === "win32"
        ? [
            "where nvcc & nvcc --version   # not found: install the CUDA toolkit, with its Visual Studio integration",
            'set "CUDACXX=%CUDA_PATH%\\bin\\nvcc.exe"',
            "rmdir /s /q build   # CMake remembers the compiler that failed; then the same command",
          ]
        : [
            "ls -d /usr/local/cuda*/bin/nvcc; which -a nvcc; nvcc --version   # none: install the CUDA toolkit (docker: an image whose tag holds devel)",
            "export PATH=/usr/local/cuda/bin:$PATH CUDACXX=/usr/local/cuda/bin/nvcc",
            ...(match.context.log.typedConfigure === undefined
              ? [
                  "rm -rf build CMakeCache.txt CMakeFiles   # CMake remembers the compiler that failed; then the same command, or cmake -DCMAKE_CUDA_COMPILER=/usr/local/cuda/bin/nvcc ..",
                ]
              : []),
            ...(match.facts["words"] === undefined
              ? []
              : ["export CUDAHOSTCXX=/usr/bin/g++-12   # where nvcc refuses the host compiler"]),
          ],
    sources: [
      "bytedance/ABQ-LLM#11",
      "NVIDIA/nvbandwidth#21",
      "https://cmake.org/cmake/help/latest/envvar/CUDACXX.html",
    ],
    examples: [
      {
        text: "-- The CUDA compiler identification is unknown\nCMake Error at CMakeLists.txt:14 (project):\n  Failed to detect a default CUDA architecture.\n\n  Compiler output:\n\n",
        expect: "CUDACXX=/usr/local/cuda/bin/nvcc",
      },
    ],
  },
  {
    id: "cmake-build-program-missing",
    title: "The ninja or make that CMake was told to use is not there",
    on: ["build-tool"],
    specificity: 84,
    matches: (finding) =>
      said(finding, /Running\s+'(?<program>[^']+)' '--version'\s+failed with:\s+(?<words>\S.{0,120})/s),
    confidence: "high",
    cause: (match) =>
      `CMake starts \`${match.facts["program"] ?? ""}\` to build with, and that does not run (${(match.facts["words"] ?? "").split("\n")[0] ?? ""}): CMAKE_MAKE_PROGRAM (on the command line, in CMAKE_ARGS, a preset, a toolchain file, or in the cache of an older configuration) names it. What is said of compilers below follows from that.`,
    fix: (match) => {
      const { typedConfigure: typed, typedBuildStep } = match.context.log;
      const given = typed?.replace(/ -D ?CMAKE_MAKE_PROGRAM(?::\w+)?=(?:"[^"]*"|\S+)/, "");
      const windows = platformOf(match) === "win32";
      const folder = /(?:^|\s)-B ?([^\s"]+)/.exec(typed ?? "")?.[1] ?? "build";
      return [
        windows ? "where ninja" : "command -v ninja || python -m pip install ninja",
        ...(given !== undefined && given !== typed
          ? []
          : [
              windows
                ? "# set CMAKE_ARGS   (PowerShell: $env:CMAKE_ARGS) without CMAKE_MAKE_PROGRAM, where it has it"
                : 'export CMAKE_ARGS="$(echo "$CMAKE_ARGS" | sed -E \'s/ ?-D ?CMAKE_MAKE_PROGRAM(:[A-Z]+)?=[^ ]*//\')"   # where it stands in that variable',
            ]),
        `${removeFolder(match, folder)}   # the cache remembers it`,
        ...(given === undefined || given === typed
          ? []
          : [given, ...(typedBuildStep === undefined ? [] : [typedBuildStep])]),
      ];
    },
    sources: ["https://cmake.org/cmake/help/latest/variable/CMAKE_MAKE_PROGRAM.html"],
    examples: [
      {
        text: "CMake Error at CMakeLists.txt:5 (project):\n  Running\n\n   '/opt/tools/bin/ninja' '--version'\n\n  failed with:\n\n   no such file or directory\n\n\nCMake Error: CMAKE_CXX_COMPILER not set, after EnableLanguage\n-- Configuring incomplete, errors occurred!",
        expect: "CMAKE_MAKE_PROGRAM",
      },
      {
        text: "$ cmake -S . -B out -G Ninja -DCMAKE_MAKE_PROGRAM=/t/ninja\nCMake Error at CMakeLists.txt:5 (project):\n  Running\n\n   '/t/ninja' '--version'\n\n  failed with:\n\n   no such file or directory\n",
        expect: "rm -rf out   # the cache remembers it\ncmake -S . -B out -G Ninja",
      },
    ],
  },
];
