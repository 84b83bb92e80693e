/** CMake: compilers, languages, CUDA and generators that it does not find or take. */
import {
  pip,
  knownCapabilities,
  platformOf,
  python,
  removeFolder,
  setVariable,
  toolkitFolder,
  torchCuda,
} from "../commands/commands.ts";
import { type Match, type Rule, saidAny } from "../rule.ts";
import { editCmake } from "../commands/source-edits.ts";
import { isBuiltByPython } from "../commands/typed-builds.ts";

/** The compute capabilities to name: those that are known, else a common one. */
function capabilities(match: Match): readonly string[] {
  const known = knownCapabilities(match);
  return known.length === 0 ? ["8.6"] : known;
}

function packed(match: Match): string {
  return capabilities(match).join(";").replaceAll(".", "");
}

/** cmd.exe hands single quotation marks on. */
function quoted(match: Match): boolean {
  return /[\\/]'/.test(match.facts["dir"] ?? "");
}

function ofVisualStudio(match: Match): boolean {
  return /instance of Visual Studio/.test(match.finding.message);
}

/** Whether C++20 is asked of an nvcc that is too old for it. */
function oldNvcc({ facts, context }: Match): boolean {
  const cuda = context.log.cuda ?? context.log.spokenCuda;
  return facts["dialect"] === "CUDA20" && cuda !== undefined && Number(cuda.split(".")[0]) < 12;
}

/** Whether C++17 is asked of an nvcc from before it. Source: "New Features" of nvcc in the release notes of CUDA 11.0. */
function isBeforeCxx17({ facts, context: { log } }: Match): boolean {
  const cuda = log.nvccShown ?? log.cuda ?? log.spokenCuda;
  return facts["dialect"] === "CUDA17" && cuda !== undefined && Number(cuda.split(".")[0]) < 11;
}

function versionOr(cuda: string | undefined): string {
  return cuda === undefined ? "one CUDA" : `CUDA ${cuda}`;
}

/** One toolkit in all variables that FindCUDA reads, and a build folder that remembers none, where Python's builder runs CMake. */
function oneToolkit(match: Match): string[] | undefined {
  if (!isBuiltByPython(match) || platformOf(match) === "win32") return undefined;
  const { setupCommand, requested, dockerBuild } = match.context.log;
  const cuda = torchCuda(match);
  const asked = `$(${python(match)} -c "import torch; print('.'.join(torch.version.cuda.split('.')[:2]))")`;
  const inSources = setupCommand !== undefined || requested?.includes(".") === true;
  return [
    "ls -d /usr/local/cuda*   # the toolkits that are installed",
    // A step of a Dockerfile keeps nothing of what another one asked for.
    `export CUDA_HOME=/usr/local/cuda${cuda === undefined ? (dockerBuild ? "" : `-${asked}`) : `-${cuda}`}   # the toolkit of torch's CUDA`,
    "export CUDA_PATH=$CUDA_HOME CUDACXX=$CUDA_HOME/bin/nvcc PATH=$CUDA_HOME/bin:$PATH   # one name everywhere",
    "unset CPATH CPLUS_INCLUDE_PATH",
    // scikit-build keeps CMake's cache, with the toolkit that was found, in a folder of its own.
    ...(inSources ? ["rm -rf _skbuild build"] : []),
  ];
}

export const cmakeRules: readonly Rule[] = [
  {
    id: "cmake-language-not-enabled",
    title: "The CMake project does not enable the language of a source",
    on: ["build-tool"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /required internal CMake variable not set.*Missing variable is:\s*CMAKE_(?<language>CUDA|HIP|CXX|C|ASM\w*)_/s,
        /CMake can not determine linker language for target: (?<target>\S+)/,
        /Cannot determine link language for target "(?<target>[^"]+)"/,
        /(?<language>CUDA|HIP) language (?:is )?not (?:currently )?(?:enabled|supported)/i,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["language"] === undefined
        ? `CMake does not know in which language \`${match.facts["target"] ?? "a target"}\` is written: it has no sources, or only such (.cu, .hip) whose language the project does not enable.`
        : `The project (or a package that it finds, as torch's CMake files do) uses ${match.facts["language"]} and never enabled it in this folder or above.`,
    fix: (match) => [
      ...(/^(?:CUDA|HIP)$/.test(match.facts["language"] ?? "")
        ? editCmake(
            match,
            [
              [
                "^([ \\t]*(project|PROJECT)[ \\t]*\\([^)]*\\))",
                `\\1\nenable_language(${match.facts["language"] ?? ""})`,
              ],
            ],
            "CMakeLists.txt",
          )
        : []),
      `# CMakeLists.txt: project(name LANGUAGES CXX ${match.facts["language"] === undefined || match.facts["language"].startsWith("C") ? "CUDA" : match.facts["language"]}) — or enable_language(…) at the top level, before find_package(Torch) and add_subdirectory`,
      "rm -rf build   # the cache remembers the languages",
    ],
    sources: ["pytorch/pytorch#18524", "https://cmake.org/cmake/help/latest/command/enable_language.html"],
    examples: [
      {
        text: "CMake Error: Error required internal CMake variable not set, cmake may not be built correctly.\nMissing variable is:\nCMAKE_CUDA_COMPILE_WHOLE_COMPILATION",
        expect: "LANGUAGES CXX CUDA",
      },
      { text: "CMake Error: CMake can not determine linker language for target: ops", expect: "no sources" },
    ],
  },
  {
    id: "cmake-cuda-conflict",
    title: "CMake finds two CUDA toolkits",
    on: ["build-tool"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /Found two conflicting CUDA (?:installs|versions)/i,
        /FindCUDA says CUDA version is (?<nvcc>[\d.]+(?<!\.))? ?\(usually determined by nvcc\), but the CUDA\s+headers say the version is (?<headers>\d+\.\d+)/s,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["headers"] !== undefined
        ? `nvcc is of ${versionOr(match.facts["nvcc"] ?? match.context.log.cuda)}, and the headers that CMake found beside it are of CUDA ${match.facts["headers"]}: two toolkits are mixed. Variables of the shell (CUDA_HOME, CUDA_PATH, CPATH, PATH) or what an older build folder keeps name both.`
        : "torch's CMake files compare the CUDA that FindCUDA and the one that FindCUDAToolkit found: they are two (often one toolkit under two names, /usr/local/cuda and /usr/local/cuda-12.1, or nvcc of one and headers of another).",
    fix: (match) =>
      oneToolkit(match) ?? [
        `export CUDA_HOME=${toolkitFolder(match, torchCuda(match))} && export CUDA_PATH=$CUDA_HOME PATH=$CUDA_HOME/bin:$PATH   # one name everywhere: the toolkit of torch's CUDA`,
        "cmake -DCUDA_TOOLKIT_ROOT_DIR=$CUDA_HOME -DCUDAToolkit_ROOT=$CUDA_HOME -DCMAKE_CUDA_COMPILER=$CUDA_HOME/bin/nvcc ..   # in an empty build folder",
      ],
    sources: [
      "pytorch/pytorch#106971",
      "pytorch/pytorch#108931",
      "microsoft/vcpkg#36844",
      "traveller59/spconv#65",
      "https://cmake.org/cmake/help/latest/module/FindCUDA.html",
    ],
    examples: [
      {
        text: "$ python setup.py develop\n-- Caffe2: CUDA detected: 10.0.130\n-- Caffe2: Header version is: 10.2\nCMake Error at /home/jo/e/lib/python3.7/site-packages/torch/share/cmake/Caffe2/public/cuda.cmake:59 (message):\n  FindCUDA says CUDA version is (usually determined by nvcc), but the CUDA\n  headers say the version is 10.2.  This often occurs when you set both\n  CUDA_HOME and CUDA_NVCC_EXECUTABLE to non-standard locations, without also\n  setting PATH to point to the correct nvcc.",
        expect: "rm -rf _skbuild build\npython setup.py develop",
      },
      {
        text: "$ python setup.py install -DTORCH_CUDA_ARCH_LIST=\"8.0\"\nCMake Error at /e/lib/python3.10/site-packages/torch/share/cmake/Caffe2/public/cuda.cmake:65 (message):\n  Found two conflicting CUDA installs:\n\n  V12.1.66 in '/usr/local/cuda/include' and\n\n  V12.1.66 in '/usr/local/cuda-12.1/include'",
        expect: 'rm -rf _skbuild build\npython setup.py install -DTORCH_CUDA_ARCH_LIST="8.0"',
      },
      {
        text: "CMake Error at cmake/public/cuda.cmake:65 (message):\n  Found two conflicting CUDA installs:\n\n  V12.1.105 in '/usr/local/cuda/include' and\n\n  V12.1.105 in ''",
        expect: "CUDAToolkit_ROOT",
      },
    ],
  },
  {
    id: "cmake-cuda-architectures",
    title: "CMake has no CUDA architectures",
    on: ["build-tool"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /CUDA_ARCHITECTURES (?:is empty|is set to|must be)|CMAKE_CUDA_ARCHITECTURES:\s+\S+\s+is not one of|CMAKE_CUDA_ARCHITECTURES must be|CUDA_ARCHITECTURES is empty|arch_bin wasn't set|Unknown CUDA Architecture Name (?!\d+\.\d[af]\b)\S+ in CUDA_SELECT_NVCC_ARCH_FLAGS/,
        /The CMAKE_CUDA_ARCHITECTURES: (?<list>\S.*?) do not all work with this compiler\. {1,3}Try:/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["list"] !== undefined
        ? `CMake tried nvcc with the architectures ${match.facts["list"].replaceAll(";", ", ")}, and that failed: this nvcc does not know one of them (it is older or newer than the GPU; often /usr/bin/nvcc of the distribution is found), or it cannot compile at all (a host compiler that is too new for it: its own words are in CMakeFiles/CMakeError.log or CMakeConfigureLog.yaml).`
        : "CMake could not find out for which GPU architectures to compile: no GPU is visible, the variable is empty or misspelt (or `native` for a CMake below 3.24).",
    fix: (match) => [
      ...(match.facts["list"] === undefined
        ? []
        : [
            "nvcc --version; which -a nvcc; nvcc --list-gpu-arch; grep -m3 -h -E 'nvcc fatal|unsupported GNU version|error:' CMakeFiles/CMake*Log* CMakeFiles/CMakeError.log",
            "rm -rf build; cmake -DCMAKE_CUDA_COMPILER=/usr/local/cuda/bin/nvcc -DCMAKE_CUDA_HOST_COMPILER=/usr/bin/g++-12 ..   # a toolkit that knows the GPU, and a gcc that it takes",
          ]),
      // torch's CMake files find no architecture in a list of their own variable, which is empty or has no number.
      ...(/arch_bin wasn't set/.test(match.finding.message)
        ? ['echo "$TORCH_CUDA_ARCH_LIST"   # empty, or no numbers: unset it, or']
        : []),
      `${setVariable(match, "TORCH_CUDA_ARCH_LIST", capabilities(match).join(";"))}   # what torch's CMake files read; your GPU: nvidia-smi --query-gpu=compute_cap --format=csv`,
      `cmake -DCMAKE_CUDA_ARCHITECTURES="${capabilities(match).join(";").replaceAll(".", "")}" ..   # within pip: ${setVariable(match, "CMAKE_ARGS", `-DCMAKE_CUDA_ARCHITECTURES=${capabilities(match).join(";").replaceAll(".", "")}`)}`,
    ],
    sources: ["https://cmake.org/cmake/help/latest/variable/CMAKE_CUDA_ARCHITECTURES.html"],
    examples: [
      {
        text: 'CMake Error at CMakeLists.txt:14 (add_library):\n  CUDA_ARCHITECTURES is empty for target "ops".',
        expect: "CMAKE_CUDA_ARCHITECTURES",
      },
    ],
  },
  {
    id: "cmake-too-old-or-new",
    title: "CMake's version does not fit the project",
    on: ["build-tool"],
    specificity: 76,
    matches: (finding) =>
      saidAny(
        finding,
        /CMake (?<need>[\d.]+) or higher is required\.\s+You are running version (?<have>[\d.]+)/,
        /Compatibility with CMake < (?<gone>[\d.]+) has been removed/,
        /Policy "?CMP\d+"? (?:is not known|may not be set)/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["gone"] === undefined
        ? `The project needs CMake ${match.facts["need"] ?? "of another version"}; ${match.facts["have"] ?? "another"} is installed.`
        : "CMake 4 no longer takes projects that ask for a version below 3.5.",
    fix: (match) =>
      match.facts["gone"] === undefined
        ? [
            match.facts["need"] !== undefined && Number.parseInt(match.facts["need"], 10) < 4
              ? `${python(match)} -m pip install "cmake>=${match.facts["need"]},<4" && hash -r   # 4 refuses old projects`
              : `${python(match)} -m pip install --upgrade cmake`,
          ]
        : [
            "export CMAKE_POLICY_VERSION_MINIMUM=3.5   # or: cmake -DCMAKE_POLICY_VERSION_MINIMUM=3.5 ..",
            `# or an older CMake: ${python(match)} -m pip install "cmake<4"`,
          ],
    sources: ["https://cmake.org/cmake/help/latest/release/4.0.html"],
    examples: [
      {
        text: "CMake Error at CMakeLists.txt:1 (cmake_minimum_required):\n  Compatibility with CMake < 3.5 has been removed from CMake.",
        expect: "CMAKE_POLICY_VERSION_MINIMUM",
      },
      {
        text: "CMake Error at CMakeLists.txt:1 (cmake_minimum_required):\n  CMake 3.26 or higher is required.  You are running version 3.22.1",
        expect: "3.26",
      },
    ],
  },
  {
    id: "cmake-compiler-broken",
    title: "CMake's test with the compiler failed",
    on: ["build-tool"],
    role: "symptom",
    specificity: 58,
    matches: (finding) =>
      saidAny(
        finding,
        /Compiling the CUDA compiler identification source file .* failed/,
        /The (?<lang>CUDA|C|CXX|HIP) compiler.*is not able to compile a simple test program/s,
        /Detecting CUDA compiler ABI info - failed/,
      ),
    confidence: "medium",
    cause: (match) =>
      match.facts["lang"] === "HIP"
        ? "CMake compiled a small test for HIP with ROCm's clang and it failed: the compiler's own words stand in the same message below. Most often a part of ROCm is not installed (device libraries, hip-dev, libstdc++ of the gcc that clang chooses), ROCm lies elsewhere than clang looks, or the architecture is one that this ROCm does not know."
        : "CMake compiled a small test and it failed: the compiler's own words stand in the same message below; for CUDA most often a host compiler that nvcc does not accept, or an architecture that it does not know.",
    fix: (match) =>
      match.facts["lang"] === "HIP" && platformOf(match) !== "win32"
        ? [
            "echo 'int main(){return 0;}' > t.hip && $(hipconfig -l)/clang++ -x hip --offload-arch=gfx1100 t.hip -o t   # your GPU's gfx; the error alone",
            'ls -d /opt/rocm*; sudo apt-get install rocm-hip-sdk   # "cannot find ROCm device library": rocm-device-libs is missing, or export ROCM_PATH=/opt/rocm HIP_PATH=/opt/rocm',
            'sudo apt-get install libstdc++-$(ls /usr/lib/gcc/x86_64-linux-gnu | sort -n | tail -1)-dev   # "cannot find -lstdc++", "\'cmath\' file not found"',
            "rm -rf build   # then cmake again: it remembers that the compiler failed",
          ]
        : platformOf(match) === "win32"
          ? [
              "nvcc --version & where cl   # in the x64 Native Tools Command Prompt of a Visual Studio that this CUDA supports",
              `cmake -S . -B build -G Ninja -DCMAKE_CUDA_ARCHITECTURES=${packed(match)}   # Ninja needs no "CUDA ….props" in Visual Studio; within pip: ${setVariable(match, "CMAKE_GENERATOR", "Ninja")}`,
              'copy "%CUDA_PATH%\\extras\\visual_studio_integration\\MSBuildExtensions\\*" "C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\MSBuild\\Microsoft\\VC\\v170\\BuildCustomizations\\"   # for the Visual Studio generator; your edition',
            ]
          : [
              "nvcc --version; g++ --version",
              `cmake -DCMAKE_CUDA_HOST_COMPILER=/usr/bin/g++-12 -DCMAKE_CUDA_ARCHITECTURES=${packed(match)} ..   # in an empty build folder`,
            ],
    sources: ["cmpute/d3d#8", "ROCm/legacy-rocm-build#5104", "ggml-org/llama.cpp#11498", "ROCm/hipCUB#179"],
    examples: [
      {
        text: 'CMake Error at /usr/share/cmake-3.28/Modules/CMakeTestHIPCompiler.cmake:73 (message):\n  The HIP compiler\n\n    "/opt/rocm-6.4.2/lib/llvm/bin/clang"\n\n  is not able to compile a simple test program.',
        expect: "rocm-hip-sdk",
      },
      {
        text: 'CMake Error at /usr/share/cmake-3.22/Modules/CMakeTestCUDACompiler.cmake:56 (message):\n  The CUDA compiler\n\n    "/usr/bin/nvcc"\n\n  is not able to compile a simple test program.',
        expect: "CMAKE_CUDA_HOST_COMPILER",
      },
    ],
  },
  {
    id: "cmake-generator-unknown",
    title: "CMake does not have this generator here",
    on: ["build-tool"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /Could not create named generator (?<name>[\w .+-]+?)(?: Generators|$)/,
        /generator (?<name>Visual Studio \d+ \d+)[^.]* could not find (?:any|(?<named>specified)) instance of Visual Studio/i,
        /The source directory "(?<dir>[^"]+)" (?:does not exist|(?<empty>does not appear to contain) CMakeLists\.txt)/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["dir"] !== undefined
        ? match.facts["empty"] === undefined
          ? `CMake was started for \`${match.facts["dir"]}\`, which is not there: ${quoted(match) ? "Windows' command line knows no single quotation marks, so that the quoted path went to CMake with them, in pieces where it has a space." : "the path after -S (or the last word) is wrong."}`
          : `CMake was started for \`${match.facts["dir"]}\`, which holds no CMakeLists.txt: it is the wrong folder (the build folder itself, one above or below), or a submodule that was not fetched.`
        : ofVisualStudio(match)
          ? match.facts["named"] !== undefined
            ? `The build folder's cache (or CMAKE_GENERATOR_INSTANCE) names the folder of a Visual Studio that is no longer there: it was removed, or another edition was installed since.`
            : `CMake finds no ${match.facts["name"] ?? ""} with a C++ compiler: it is not installed, its workload "Desktop development with C++" is not, or another year's is.`
          : `\`${match.facts["name"] ?? ""}\` (CMAKE_GENERATOR, -G) is not there: a Visual Studio that is not installed or newer than this CMake, or a generator of another system.`,
    fix: (match) =>
      match.facts["dir"] !== undefined
        ? [
            ...(quoted(match)
              ? ['cmake -S "C:\\path to\\the sources" -B build   # double quotation marks, and the options as before']
              : []),
            platformOf(match) === "win32"
              ? "dir /s /b CMakeLists.txt   # cmake -S <its folder> -B build; within a build folder: cmake .."
              : "find . -maxdepth 3 -name CMakeLists.txt   # cmake -S <its folder> -B build; within a build folder: cmake ..",
            ...(match.facts["empty"] === undefined
              ? []
              : ["git submodule update --init --recursive   # an empty folder of the repository"]),
          ]
        : ofVisualStudio(match)
          ? [
              "rmdir /s /q build & set CMAKE_GENERATOR_INSTANCE=   # the cache remembers the one that it began with",
              '"%ProgramFiles(x86)%\\Microsoft Visual Studio\\Installer\\vswhere.exe" -all -products * -property installationPath   # which are installed',
              '# Visual Studio Installer > Modify > "Desktop development with C++" (editor and workloads alone bring no compiler)',
              'cmake -S . -B build -A x64   # takes the newest that is there; by name: -G "Visual Studio 17 2022"',
            ]
          : [
              "python -m pip install --upgrade cmake ninja",
              `${platformOf(match) === "win32" ? "set" : "export"} CMAKE_GENERATOR=Ninja`,
              removeFolder(match, "build"),
            ],
    sources: [
      "https://cmake.org/cmake/help/latest/manual/cmake-generators.7.html",
      "NVlabs/instant-ngp#136",
      "pyomeca/ezc3d#301",
    ],
    examples: [
      { text: "CMake Error: Could not create named generator Visual Studio 18 2026", expect: "CMAKE_GENERATOR" },
      {
        text: "CMake Error at CMakeLists.txt:11 (project):\n  Generator\n\n    Visual Studio 17 2022\n\n  could not find specified instance of Visual Studio:\n\n    C:/Program Files/Microsoft Visual Studio/2022/Community\n",
        expect: "no longer there",
      },
      {
        text: 'CMake Error: The source directory "/w/ext/build" does not appear to contain CMakeLists.txt.\nSpecify --help for usage, or press the help button on the CMake GUI.',
        expect: "cmake ..",
      },
      {
        text: 'CMake Error: The source directory "C:/Users/A B/Desktop/ext/\'C:/Users/A" does not exist.',
        expect: "double quotation marks",
      },
    ],
  },
  {
    id: "cmake-standard-unknown",
    title: "CMake does not know the flags for this C++ standard",
    on: ["build-tool"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /requires\s+the\s+language\s+dialect\s+"(?<dialect>(?:CUDA|CXX|HIP)\d+)"/s,
        /(?<dialect>(?:CUDA|CXX)_STANDARD) is set to invalid value/,
      ),
    confidence: "high",
    cause: (match) =>
      isBeforeCxx17(match)
        ? `The target asks for CUDA17, and the text's CUDA is ${match.context.log.nvccShown ?? match.context.log.cuda ?? match.context.log.spokenCuda ?? ""}: nvcc learnt C++17 in CUDA 11.0. A newer CMake does not change that; newer releases of torch ask for C++17 by their CMake files.`
        : oldNvcc(match)
          ? `The target asks for ${match.facts["dialect"] ?? ""}, and the nvcc that CMake found is of CUDA ${match.context.log.cuda ?? match.context.log.spokenCuda ?? ""}: C++20 came with CUDA 12.0. (Often it is the distribution's /usr/bin/nvcc; CMake has to be 3.25.2 or newer, too.)`
          : `The target asks for ${match.facts["dialect"] ?? "a standard"}, and CMake has no flags for it with this compiler: CMake is too old (CUDA20 needs 3.25.2 and CUDA 12), or an old nvcc or compiler is found first.`,
    fix: (match) =>
      isBeforeCxx17(match)
        ? [
            "ls -d /usr/local/cuda*; which -a nvcc; nvcc --version   # is there a toolkit of CUDA 11 or newer? Else: https://developer.nvidia.com/cuda-toolkit-archive",
            "# then a torch that was built with that CUDA; or the older torch of CUDA 10.2 that the project was built with before, whose headers do with C++14",
            "rm -rf build   # CMake remembers the compiler that it found; then configure again, with -DCMAKE_CUDA_COMPILER=<that nvcc>",
          ]
        : oldNvcc(match)
          ? [
              "ls -d /usr/local/cuda*; which -a nvcc   # is there a toolkit of CUDA 12 or newer? Else: https://developer.nvidia.com/cuda-toolkit-archive, of torch's CUDA",
              "export CUDA_HOME=/usr/local/cuda CUDACXX=/usr/local/cuda/bin/nvcc PATH=/usr/local/cuda/bin:$PATH",
              `${pip(match, "install --upgrade cmake")} && cmake --version   # 3.25.2 or newer`,
              "rm -rf build   # CMake remembers the compiler that it found; then build again",
            ]
          : [
              "python -m pip install --upgrade cmake && cmake --version",
              "which -a nvcc; nvcc --version; c++ --version   # C++20: CUDA 12.0, gcc 10",
              "cmake -DCMAKE_CUDA_COMPILER=/usr/local/cuda/bin/nvcc ..   # in an empty build folder",
            ],
    sources: ["https://cmake.org/cmake/help/latest/prop_tgt/CUDA_STANDARD.html"],
    examples: [
      {
        text: 'CMake Error in CMakeLists.txt:\n  Target "ext" requires the language dialect "CUDA20" (with compiler\n  extensions), but CMake does not know the compile flags to use to enable it.',
        expect: "3.25.2",
      },
      {
        text: 'Cuda compilation tools, release 11.5, V11.5.119\nCMake Error in CMakeLists.txt:\n  Target "cmTC_a83d0" requires the language dialect "CUDA20" (with compiler\n  extensions), but CMake does not know the compile flags to use to enable it.',
        expect: "C++20 came with CUDA 12.0",
      },
      {
        text: 'The combination of GCC 7.5.0 + CUDA 10.2 + pytorch 1.11 gives me this error:\n\nCMake Error in CMakeLists.txt:\n  Target "ext" requires the language dialect "CUDA17" (with\n  compiler extensions).  But the current compiler "NVIDIA" does not support\n  this, or CMake does not know the flags to enable it.',
        expect: "nvcc learnt C++17 in CUDA 11.0",
      },
    ],
  },
];
