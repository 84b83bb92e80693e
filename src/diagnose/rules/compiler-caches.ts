/** ccache and sccache in front of the compilers: their own failures, and what they make of a compiler that is newer than they are. */
import { pip, platformOf, setVariable } from "../commands/commands.ts";
import { ofLog } from "../matchers.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";

/** Nothing stands before nvcc then: neither as CMake's launcher nor as torch's PYTORCH_NVCC. */
function nvccItself(match: Match): string[] {
  if (platformOf(match) === "win32") return ["set CMAKE_CUDA_COMPILER_LAUNCHER=& set PYTORCH_NVCC="];
  return ["unset CMAKE_CUDA_COMPILER_LAUNCHER PYTORCH_NVCC   # nvcc without sccache"];
}

/** The build folder below which CMake tried the compiler: `/tmp/p/build`. */
function testedIn(match: Match): string | undefined {
  return ofLog(match.context, ({ findings }) =>
    findings
      .map(({ message }) => /Change Dir: ['"]?(\/[\w./+-]{1,200}?)\/CMakeFiles\//.exec(message)?.[1])
      .find((folder) => folder !== undefined),
  );
}

/** scikit-build-core was not asked for by the project that is built with setuptools. */
function isTakenOver({ context: { log } }: Match): boolean {
  return log.scikitPlugin;
}

export const compilerCacheRules: readonly Rule[] = [
  {
    id: "compiler-cache-failed",
    title: "The compiler cache in front of the compiler fails",
    on: ["system"],
    specificity: 74,
    matches: (finding) =>
      coded(finding, "compiler-cache") === undefined
        ? undefined
        : {
            name: /sccache/.test(finding.message) ? "sccache" : "ccache",
            why: finding.message.replace(/^.*?ccache: /, ""),
          },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? "ccache"}\` was put in front of the compiler and stops by itself (${match.facts["why"] ?? ""}): its store, its server or its configuration is at fault, not the code.`,
    fix: (match) =>
      match.facts["name"] === "sccache"
        ? [
            ...(platformOf(match) === "win32"
              ? ["set CMAKE_C_COMPILER_LAUNCHER=& set CMAKE_CXX_COMPILER_LAUNCHER=& set CMAKE_CUDA_COMPILER_LAUNCHER="]
              : [
                  "unset CMAKE_C_COMPILER_LAUNCHER CMAKE_CXX_COMPILER_LAUNCHER CMAKE_CUDA_COMPILER_LAUNCHER RUSTC_WRAPPER   # the build without it",
                  "export CC=gcc CXX=g++",
                ]),
            "# or mend it: sccache --stop-server; SCCACHE_LOG=debug sccache --start-server says why; its store is named by SCCACHE_… variables",
          ]
        : [
            `${setVariable(match, "CCACHE_DISABLE", "1")}   # it then calls the compiler and keeps nothing`,
            "# or a folder that may be written: export CCACHE_DIR=<folder>",
          ],
    sources: ["https://github.com/mozilla/sccache", "https://ccache.dev/manual/latest.html"],
    examples: [
      {
        text: "sccache: error: Server startup failed: cache storage failed to read: Unauthorized",
        expect: "--stop-server",
      },
      {
        text: "ccache: error: Failed to create directory /home/u/.ccache/tmp: Permission denied",
        expect: "CCACHE_DIR",
      },
    ],
  },
  {
    id: "sccache-without-nvcc-headers",
    title: "sccache does not take nvcc's precompiled headers",
    on: ["system"],
    specificity: 90,
    matches: (finding) => said(finding, /PCH not supported by nvcc/),
    confidence: "high",
    cause: () =>
      "sccache stands before nvcc (as CMake's launcher, or as a script of that name on PATH) and refuses a compile that uses a precompiled header (-pch, --use-local-pch…): it has no way to keep it. The code and nvcc are well.",
    fix: (match) => [
      ...nvccItself(match),
      ...(platformOf(match) === "win32"
        ? []
        : [
            "export CUDA_HOME=/usr/local/cuda PATH=/usr/local/cuda/bin:$PATH   # nvcc itself before a script that calls sccache",
          ]),
      "# or without the precompiled header: load_inline(…, use_pch=False); no -pch among nvcc's flags",
    ],
    sources: ["pytorch/pytorch#155464"],
    examples: [
      {
        text: "sccache: encountered fatal error\nsccache: error: PCH not supported by nvcc\nsccache: caused by: PCH not supported by nvcc",
        expect: "unset CMAKE_CUDA_COMPILER_LAUNCHER",
      },
    ],
  },
  {
    id: "sccache-misreads-nvcc",
    title: "sccache is older than nvcc and misreads it",
    on: ["driver", "system", "tool-died"],
    specificity: 90,
    matches: (finding) =>
      saidAny(
        finding,
        /fatbinary fatal *: *Could not open input file '?\*\.(?:cubin|ptx)|^Could not open input file '?\*\.(?:cubin|ptx)/,
        /sccache: error: Could not parse shell line|Missing "cubin" file output/,
      ),
    confidence: ({ context: { log } }) => (log.namesSccache ? "high" : "medium"),
    cause: () =>
      "sccache stands before nvcc, asks it for the commands of its passes and runs them by itself. nvcc of CUDA 13.3 and newer lists them in another way (`--simt-only`), sccache up to 0.17 then leaves out the pass for the GPU, and fatbinary finds nothing. Neither the disk nor memory nor the code is at fault.",
    fix: (match) => [
      ...nvccItself(match),
      platformOf(match) === "win32"
        ? "del build\\CMakeCache.txt   # where CMake builds: it keeps the launcher"
        : `rm -f ${testedIn(match) ?? "build"}/CMakeCache.txt   # where CMake builds: it keeps the launcher`,
      "# then build again; or with sccache 0.18.0 or newer in its place: cargo install sccache --locked",
    ],
    sources: ["pytorch/pytorch#190832", "mozilla/sccache#2722", "mozilla/sccache#2828", "mozilla/sccache#2862"],
    examples: [
      {
        text: "[3/9] /usr/bin/sccache /usr/local/cuda-13.3/bin/nvcc -forward-unknown-to-host-compiler -rdc=true -c /work/p/csrc/a.cu -o CMakeFiles/a.dir/a.cu.o\nFAILED: CMakeFiles/a.dir/a.cu.o\nfatbinary fatal   : Could not open input file '*.cubin'\nsccache: Compiler killed by signal 1",
        expect: "unset CMAKE_CUDA_COMPILER_LAUNCHER",
      },
    ],
  },
  {
    id: "module-scan-options-refused",
    title: "The compiler is given CMake's options for C++ modules without those that they need",
    on: ["driver"],
    specificity: 78,
    matches: (finding) => said(finding, /to generate dependencies you must specify either ['‘"]?-M['’"]? or ['‘"]?-MM/),
    confidence: "high",
    cause: (match) =>
      `CMake looks for C++ modules in each source of a C++20 project (CMake 3.28 and newer, with ninja), and the options of that scan reach the compiler without -MD: what stands before the compiler (sccache, ccache, a wrapper) takes it away, or the compiler is too old for them.${isTakenOver(match) ? " CMake is at work here because scikit-build-core is installed in this environment: its plugin for setuptools takes over build_ext of what is built without build isolation." : " Nothing of the project needs the scan unless it has modules of its own."}`,
    fix: (match) => [
      ...(isTakenOver(match)
        ? [`${pip(match, "uninstall -y scikit-build-core")}   # and out of the list that installed it there`]
        : ["cmake -DCMAKE_CXX_SCAN_FOR_MODULES=OFF .."]),
      isTakenOver(match)
        ? '# or it stays, and does not scan: export CMAKE_ARGS="-DCMAKE_CXX_SCAN_FOR_MODULES=OFF"'
        : "# CMakeLists.txt: set(CMAKE_CXX_SCAN_FOR_MODULES OFF) before the targets; or without the cache: -DCMAKE_CXX_COMPILER_LAUNCHER=",
    ],
    sources: [
      "pytorch/executorch#21684",
      "scylladb/scylladb#19038",
      "https://cmake.org/cmake/help/latest/variable/CMAKE_CXX_SCAN_FOR_MODULES.html",
    ],
    examples: [
      {
        text: "$ cmake -S . -B build -G Ninja\n$ cmake --build build\n[3/9] Building CXX object CMakeFiles/ops.dir/ops.cpp.o\nFAILED: CMakeFiles/ops.dir/ops.cpp.o\n/opt/cache/bin/g++ -O3 -fmodules-ts -c ops.cpp\ncc1plus: error: to generate dependencies you must specify either '-M' or '-MM'",
        expect: "cmake -S . -B build -G Ninja -DCMAKE_CXX_SCAN_FOR_MODULES=OFF",
      },
      {
        text: "$ pip install --no-build-isolation ./tok\n      running build_ext\n      loading initial cache file build/temp.linux-x86_64-cpython-312/CMakeInit.txt\n      cc1plus: error: to generate dependencies you must specify either '-M' or '-MM'",
        expect: "pip uninstall -y scikit-build-core",
      },
    ],
  },
];
