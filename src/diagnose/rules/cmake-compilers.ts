/** Compilers that CMake could not make out: nvcc that is not there or does not run. */
import { platformOf } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import type { MatchFacts, Rule } from "../rule.ts";

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
];
