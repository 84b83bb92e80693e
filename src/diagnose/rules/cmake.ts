/** CMake: packages, compilers, CUDA and generators that it does not find or take. */
import { pip, platformOf, python, removeFolder, setVariable } from "../commands.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";

/** The name of what was to be fetched, from a name or an address. */
function dependency(match: Match): string | undefined {
  const name = (match.facts["name"] ?? "")
    .replace(/\.git$/, "")
    .split("/")
    .at(-1);
  return name === "" ? undefined : name;
}

export const cmakeRules: readonly Rule[] = [
  {
    id: "cmake-target-file-missing",
    title: "A CMake package names a library that does not exist",
    on: ["build-tool"],
    specificity: 82,
    matches: (finding) =>
      said(finding, /The imported target "(?<target>[^"]+)" references the file\s+"(?<file>[^"]+)"/),
    confidence: "high",
    cause: (match) =>
      `The CMake files of an installed package (torch's Caffe2Targets.cmake, CUDA's) say that \`${match.facts["target"] ?? ""}\` is \`${match.facts["file"] ?? ""}\`, and that file is not there: the package was moved, mixed from two installations, or installed in part.`,
    fix: (match) => [
      `ls -l ${match.facts["file"] ?? ""}`,
      ...(/torch|c10|caffe2/i.test(match.facts["target"] ?? "")
        ? [pip(match, "install --force-reinstall --no-deps torch")]
        : []),
      "# then configure in a new build folder: the old one remembers the path",
    ],
    sources: ["pytorch/pytorch#20753"],
    examples: [
      {
        text: 'CMake Error at /usr/lib64/cmake/Caffe2/Caffe2Targets.cmake:107 (message):\n  The imported target "c10_cuda" references the file\n\n     "/usr/lib/libc10_cuda.so"\n\n  but this file does not exist.  Possible reasons include:',
        expect: "libc10_cuda.so",
      },
    ],
  },
  {
    id: "cmake-torch-not-found",
    title: "CMake does not find Torch",
    on: ["build-tool"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:By not providing ["“]?FindTorch|package configuration file provided by ["“]Torch["”]|TorchConfig\.cmake|Could NOT find Torch)/i,
      ),
    confidence: "high",
    cause: () =>
      "find_package(Torch) does not find TorchConfig.cmake: the folder of the installed torch is not on CMAKE_PREFIX_PATH (an isolated build has another torch or none).",
    fix: (match) => [
      `cmake -DCMAKE_PREFIX_PATH="$(${python(match)} -c 'import torch; print(torch.utils.cmake_prefix_path)')" ..`,
      "# within pip: pip install --no-build-isolation .",
    ],
    sources: ["pytorch/pytorch#181939"],
    examples: [
      {
        text: 'CMake Error at CMakeLists.txt:19 (FIND_PACKAGE):\n  By not providing "FindTorch.cmake" in CMAKE_MODULE_PATH this project has\n  asked CMake to find a package configuration file provided by "Torch", but\n  CMake did not find one.',
        expect: "cmake_prefix_path",
      },
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
        /FindCUDA says CUDA version is (?<a>[\d.]+)? ?\(usually determined by nvcc\), but the CUDA headers say the version is (?<b>[\d.]+)?/s,
      ),
    confidence: "high",
    cause: () =>
      "torch's CMake files compare the CUDA that FindCUDA and the one that FindCUDAToolkit found: they are two (often one toolkit under two names, /usr/local/cuda and /usr/local/cuda-12.1, or nvcc of one and headers of another).",
    fix: () => [
      "export CUDA_HOME=/usr/local/cuda-12.1 CUDA_PATH=/usr/local/cuda-12.1 PATH=/usr/local/cuda-12.1/bin:$PATH   # one name everywhere (your version)",
      "cmake -DCUDA_TOOLKIT_ROOT_DIR=$CUDA_HOME -DCUDAToolkit_ROOT=$CUDA_HOME -DCMAKE_CUDA_COMPILER=$CUDA_HOME/bin/nvcc ..   # in an empty build folder",
    ],
    sources: ["pytorch/pytorch#106971", "pytorch/pytorch#108931", "microsoft/vcpkg#36844"],
    examples: [
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
        /CUDA_ARCHITECTURES (?:is empty|is set to|must be)|CMAKE_CUDA_ARCHITECTURES must be|CUDA_ARCHITECTURES is empty|Failed to detect a default CUDA architecture|arch_bin wasn't set|Unknown CUDA Architecture Name \S+ in CUDA_SELECT_NVCC_ARCH_FLAGS/,
      ),
    confidence: "high",
    cause: () =>
      "CMake could not find out for which GPU architectures to compile: no GPU is visible, the variable is empty or misspelt, or nvcc does not work (its own message is in CMakeError.log).",
    fix: () => [
      "cmake -DCMAKE_CUDA_ARCHITECTURES=86 ..   # your GPU: nvidia-smi --query-gpu=compute_cap --format=csv",
      "export TORCH_CUDA_ARCH_LIST=8.6   # what torch's CMake files read",
    ],
    sources: ["https://cmake.org/cmake/help/latest/variable/CMAKE_CUDA_ARCHITECTURES.html"],
    examples: [
      {
        text: "CMake Error at CMakeLists.txt:14 (project):\n  Failed to detect a default CUDA architecture.",
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
        /Unknown CMake command|Policy CMP\d+ (?:is not known|may not be set)/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["gone"] === undefined
        ? `The project needs CMake ${match.facts["need"] ?? "of another version"}; ${match.facts["have"] ?? "another"} is installed.`
        : "CMake 4 no longer takes projects that ask for a version below 3.5.",
    fix: (match) =>
      match.facts["gone"] === undefined
        ? [`${python(match)} -m pip install --upgrade cmake`]
        : [
            "export CMAKE_POLICY_VERSION_MINIMUM=3.5   # or: cmake -DCMAKE_POLICY_VERSION_MINIMUM=3.5 ..",
            `${python(match)} -m pip install "cmake<4"`,
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
    cause: () =>
      "CMake compiled a small test and it failed: the compiler's own words stand in the same message below; for CUDA most often a host compiler that nvcc does not accept, or an architecture that it does not know.",
    fix: () => [
      "nvcc --version; g++ --version",
      "cmake -DCMAKE_CUDA_HOST_COMPILER=/usr/bin/g++-12 -DCMAKE_CUDA_ARCHITECTURES=86 ..   # in an empty build folder",
    ],
    sources: ["cmpute/d3d#8"],
    examples: [
      {
        text: 'CMake Error at /usr/share/cmake-3.22/Modules/CMakeTestCUDACompiler.cmake:56 (message):\n  The CUDA compiler\n\n    "/usr/bin/nvcc"\n\n  is not able to compile a simple test program.',
        expect: "CMAKE_CUDA_HOST_COMPILER",
      },
    ],
  },
  {
    id: "cmake-library-not-found",
    title: "CMake does not find a library or header that the package needs",
    on: ["build-tool"],
    specificity: 76,
    matches: (finding) =>
      said(finding, /Could not find (?<variable>\w+) using the following (?:names|files): (?<names>[^\s,]+)/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["names"] ?? ""}\` is not installed, or lies in a folder that CMake does not search${/cudnn|nccl|cublas/i.test(match.facts["names"] ?? "") ? " (pip's nvidia packages are such folders)" : ""}.`,
    fix: (match) => {
      const name = /(cudnn|nccl|cusparselt)/i.exec(match.facts["names"] ?? "")?.[1]?.toLowerCase();
      if (name === undefined)
        return [
          `# install the package that brings ${match.facts["names"] ?? ""}, or say where it is: cmake -D${match.facts["variable"] ?? "X_LIBRARY"}=/path/to/it ..`,
        ];
      const major = (match.context.environment?.cuda?.version ?? match.context.log.cuda ?? "12").split(".")[0] ?? "12";
      return [
        pip(match, `install nvidia-${name}-cu${major}`),
        setVariable(
          match,
          `${name.toUpperCase()}_PATH`,
          `$(${python(match)} -c "import nvidia.${name}; print(nvidia.${name}.__path__[0])")`,
        ),
        setVariable(match, "CMAKE_PREFIX_PATH", `$${name.toUpperCase()}_PATH`),
      ];
    },
    sources: ["NVIDIA/TransformerEngine#954"],
    examples: [
      {
        text: "CMake Error at cmake/FindCUDNN.cmake:19 (find_library):\n  Could not find cudnn_LIBRARY using the following names: cudnn, libcudnn.so.",
        expect: "nvidia-cudnn-cu12",
      },
      {
        text: "CMake Error at CMakeLists.txt:3 (find_path):\n  Could not find FOO_INCLUDE using the following files: foo.h",
        expect: "FOO_INCLUDE",
      },
    ],
  },
  {
    id: "cmake-package-not-found",
    title: "CMake does not find a package",
    on: ["build-tool"],
    specificity: 60,
    matches: (finding) => {
      if (finding.tool !== "cmake" || finding.severity === "warning") return undefined;
      return saidAny(
        finding,
        /package configuration file provided by "(?<name>[^"]+)"/,
        /Could not find a configuration file for package "(?<name>[^"]+)"/,
        /Could NOT find (?<name>\w+)/,
        /By not providing "Find(?<name>\w+)\.cmake"/,
        /target "[^"]+" (?:contains|links to)[^A-Za-z]*(?<name>[\w:]+)\s+but the target was not found/,
        /No package '(?<name>[^']+)' found/,
        /Could not find (?<name>[A-Z]\w+)/,
      );
    },
    confidence: "medium",
    cause: (match) =>
      `find_package does not find \`${match.facts["name"] ?? ""}\`: it is not installed (with its development files), or its folder is not on CMAKE_PREFIX_PATH.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      if (/^(?:pybind11)$/i.test(name))
        return [
          `${python(match)} -m pip install pybind11 && cmake -Dpybind11_DIR="$(${python(match)} -m pybind11 --cmakedir)" ..`,
        ];
      if (/^Python/.test(name))
        return [
          `cmake -DPython_EXECUTABLE="$(which ${python(match)})" -DPython3_EXECUTABLE="$(which ${python(match)})" ..`,
          "sudo apt-get install python3-dev",
        ];
      if (/^hip$|^roc|^rccl|^miopen/i.test(name))
        return [
          "export CMAKE_PREFIX_PATH=/opt/rocm:$CMAKE_PREFIX_PATH ROCM_PATH=/opt/rocm",
          `sudo apt-get install rocm-dev   # or the package of ${name}`,
        ];
      if (/^(?:MKL|OpenMP|BLAS|LAPACK)$/i.test(name))
        return ["# install libomp (OpenMP) or libopenblas-dev (BLAS), or name them: -DOpenMP_ROOT=…"];
      return [
        `cmake -D${name}_DIR=<folder of ${name}Config.cmake> ..   # or -DCMAKE_PREFIX_PATH=<its prefix>`,
        `# install its development package`,
      ];
    },
    sources: ["https://cmake.org/cmake/help/latest/command/find_package.html", "rocm-arch/python-pytorch-rocm#2"],
    examples: [
      {
        text: 'CMake Error at /usr/share/cmake-3.18/Modules/CMakeFindDependencyMacro.cmake:47 (find_package):\n  By not providing "Findhip.cmake" in CMAKE_MODULE_PATH this project has\n  asked CMake to find a package configuration file provided by "hip", but\n  CMake did not find one.',
        expect: "/opt/rocm",
      },
    ],
  },
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
      `\`${match.facts["target"] ?? ""}\` comes from find_package(${(match.facts["target"] ?? "").split("::")[0] ?? ""}), which was not called before, did not find it, or found a release without that target.`,
    fix: (match) => {
      const name = (match.facts["target"] ?? "").split("::")[0] ?? "";
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
        /generator (?<name>Visual Studio \d+ \d+)[^.]* could not find any instance of Visual Studio/i,
        /The source directory "(?<dir>[^"]+)" does not exist/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["dir"] !== undefined
        ? `CMake was started for \`${match.facts["dir"]}\`, which is not there: the path after -S (or the last word) is wrong.`
        : `\`${match.facts["name"] ?? ""}\` (CMAKE_GENERATOR, -G) is not there: a Visual Studio that is not installed or newer than this CMake, or a generator of another system.`,
    fix: (match) =>
      match.facts["dir"] !== undefined
        ? ["ls   # cmake -S <folder with CMakeLists.txt> -B build"]
        : [
            "python -m pip install --upgrade cmake ninja",
            `${platformOf(match) === "win32" ? "set" : "export"} CMAKE_GENERATOR=Ninja`,
            removeFolder(match, "build"),
          ],
    sources: ["https://cmake.org/cmake/help/latest/manual/cmake-generators.7.html"],
    examples: [
      { text: "CMake Error: Could not create named generator Visual Studio 18 2026", expect: "CMAKE_GENERATOR" },
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
      `The target asks for ${match.facts["dialect"] ?? "a standard"}, and CMake has no flags for it with this compiler: CMake is too old (CUDA20 needs 3.25.2 and CUDA 12), or an old nvcc or compiler is found first.`,
    fix: () => [
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
