/** CMake: packages, libraries and targets that it does not find. */
import { own } from "../../base/own.ts";
import { installWithoutIsolation, pip, platformOf, python, setVariable, systemPackage } from "../commands.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";

/** The name of what was to be fetched, from a name or an address. */
function dependency(match: Match): string | undefined {
  const name = (match.facts["name"] ?? "")
    .replace(/\.git$/, "")
    .split("/")
    .at(-1);
  return name === "" ? undefined : name;
}

/** Installs a library of NVIDIA's beside the toolkit from pip and shows it to CMake. */
function nvidiaPackage(match: Match, name: string): string[] {
  const major = (match.context.log.cuda ?? match.context.environment?.cuda?.version ?? "12").split(".")[0] ?? "12";
  const folder = `${name.toUpperCase()}_PATH`;
  return [
    pip(match, `install nvidia-${name}-cu${major}`),
    setVariable(
      match,
      folder,
      `$(${python(match)} -c "import nvidia.${name}; print(list(nvidia.${name}.__path__)[0])")`,
    ),
    setVariable(match, "CMAKE_PREFIX_PATH", `$${folder}`),
    `# or by name: cmake -D${name.toUpperCase()}_INCLUDE_DIR=$${folder}/include -D${name.toUpperCase()}_LIBRARY=$${folder}/lib/lib${name}.so.${name === "nccl" ? "2" : name === "cudnn" ? "9" : "0"} ..`,
  ];
}

/** Development packages by the name that find_package has for them. */
const systemPackages: Readonly<Record<string, Parameters<typeof systemPackage>[1]>> = {
  openmp: { apt: "libomp-dev", dnf: "libomp-devel", brew: "libomp", conda: "llvm-openmp" },
  blas: { apt: "libopenblas-dev", dnf: "openblas-devel", brew: "openblas", conda: "openblas" },
  openblas: { apt: "libopenblas-dev", dnf: "openblas-devel", brew: "openblas", conda: "openblas" },
  lapack: { apt: "liblapack-dev", dnf: "lapack-devel", brew: "lapack", conda: "liblapack" },
  mkl: { apt: "intel-mkl", conda: "mkl-devel" },
  mpi: { apt: "libopenmpi-dev", dnf: "openmpi-devel", brew: "open-mpi", conda: "openmpi" },
  opencv: { apt: "libopencv-dev", dnf: "opencv-devel", brew: "opencv", conda: "opencv" },
  eigen3: { apt: "libeigen3-dev", dnf: "eigen3-devel", brew: "eigen", conda: "eigen" },
  boost: { apt: "libboost-all-dev", dnf: "boost-devel", brew: "boost", conda: "boost-cpp" },
  protobuf: { apt: "libprotobuf-dev protobuf-compiler", dnf: "protobuf-devel", brew: "protobuf", conda: "libprotobuf" },
  gflags: { apt: "libgflags-dev", dnf: "gflags-devel", brew: "gflags", conda: "gflags" },
  glog: { apt: "libgoogle-glog-dev", dnf: "glog-devel", brew: "glog", conda: "glog" },
  glm: { apt: "libglm-dev", dnf: "glm-devel", brew: "glm", conda: "glm" },
  numa: { apt: "libnuma-dev", dnf: "numactl-devel" },
  png: { apt: "libpng-dev", dnf: "libpng-devel", brew: "libpng", conda: "libpng" },
  jpeg: { apt: "libjpeg-dev", dnf: "libjpeg-turbo-devel", brew: "jpeg-turbo", conda: "libjpeg-turbo" },
  zlib: { apt: "zlib1g-dev", dnf: "zlib-devel", conda: "zlib" },
  tbb: { apt: "libtbb-dev", dnf: "tbb-devel", brew: "tbb", conda: "tbb-devel" },
  openssl: { apt: "libssl-dev", dnf: "openssl-devel", brew: "openssl", conda: "openssl" },
  pkgconfig: { apt: "pkg-config", dnf: "pkgconf-pkg-config", brew: "pkg-config", conda: "pkg-config" },
  ffmpeg: { apt: "libavcodec-dev libavformat-dev libavutil-dev libswscale-dev", brew: "ffmpeg", conda: "ffmpeg" },
};

/** Targets under names that torch does not give. */
function ofTorch(match: Match): boolean {
  return /^(?:Torch|torch|PyTorch|LibTorch|libtorch)::(?:[Tt]orch|torch_python|libtorch|c10|[Pp]y[Tt]orch)$/.test(
    match.facts["target"] ?? "",
  );
}

/** pip or uv runs CMake (scikit-build-core, meson-python), in an environment of its own. */
function inPip(match: Match): boolean {
  return match.context.findings.some(
    ({ kind, tool, message }) => (kind === "wrapper" && tool === "pip") || message.includes("scikit-build"),
  );
}

export const cmakePackageRules: readonly Rule[] = [
  {
    id: "cmake-variable-notfound",
    title: "CMake found some of the libraries that the project uses, and not all",
    on: ["build-tool"],
    specificity: 74,
    matches: (finding) =>
      said(
        finding,
        /variables are used in this project, but they are set to NOTFOUND\..*?in the CMake files:\s+(?<name>[\w:+.-]+)(?: \(ADVANCED\))?(?:\s+linked by target "(?<target>[^"]+)")?/s,
      ),
    confidence: "high",
    cause: (match) => {
      const name = match.facts["name"] ?? "";
      if (/^CUDA_/.test(name))
        return `\`${name}\` was looked for and not found. CMake's FindCUDA asks for every library of the CUDA that it knows: this CMake is older than the toolkit (CUDA 9.2 dropped cublas_device, 10.1 moved cuBLAS, 12 dropped others), or the toolkit is installed in part.`;
      return `find_library or find_path was asked for \`${name}\`${match.facts["target"] === undefined ? "" : ` (linked by \`${match.facts["target"]}\`)`}, did not find it, and the project uses it all the same.`;
    },
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      if (/^CUDA_/.test(name))
        return [
          `${python(match)} -m pip install --upgrade cmake && cmake --version`,
          "rm -rf build   # the cache remembers NOTFOUND",
          `# or by hand: cmake -D${name}=/usr/local/cuda/lib64/lib….so ..; a newer way: find_package(CUDAToolkit) and CUDA::cublas`,
        ];
      if (/NVTOOLSEXT/i.test(name))
        return [
          ...(match.context.log.conda || match.context.log.asked !== undefined
            ? [
                `conda install -c nvidia cuda-nvtx${match.context.log.cuda === undefined ? "" : `=${match.context.log.cuda}`}   # NVTX of the toolkit; CUDA 13 has no such library any more`,
              ]
            : []),
          `${setVariable(match, "CMAKE_ARGS", `-D${name}=$(find /usr/local/cuda*/ $CONDA_PREFIX -name 'libnvToolsExt.so*' 2>/dev/null | head -1)`)}   # where it lies; without pip: the same behind cmake`,
          "rm -rf build   # the cache remembers NOTFOUND",
        ];
      if (/TORCH_PYTHON/i.test(name))
        return [
          `cmake -D${name}="$(${python(match)} -c 'import torch, os; print(os.path.join(os.path.dirname(torch.__file__), "lib", "libtorch_python.so"))')" ..   # LibTorch's zip has none: take pip's torch`,
          "rm -rf build   # the cache remembers NOTFOUND",
        ];
      return [
        `cmake -D${name}=/path/to/it ..   # find / -iname '*${name.replace(/_(?:LIBRARY|LIBRARIES|INCLUDE_DIRS?|LIB)$/i, "").toLowerCase()}*' 2>/dev/null`,
        "rm -rf build   # the cache remembers NOTFOUND",
      ];
    },
    sources: ["https://cmake.org/cmake/help/latest/module/FindCUDA.html"],
    examples: [
      {
        text: 'CMake Error: The following variables are used in this project, but they are set to NOTFOUND.\nPlease set them or make sure they are set and tested correctly in the CMake files:\nTORCH_PYTHON_LIBRARY\n    linked by target "my_ops" in directory /w',
        expect: "libtorch_python",
      },
      {
        text: 'CMake Error: The following variables are used in this project, but they are set to NOTFOUND.\nPlease set them or make sure they are set and tested correctly in the CMake files:\nCUDA_cublas_device_LIBRARY (ADVANCED)\n    linked by target "caffe" in directory /w',
        expect: "--upgrade cmake",
      },
    ],
  },
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
        /Could not find a configuration file for package "Torch" that is (?:exactly )?compatible with requested version "(?<need>[\d.]+)"/,
        /(?:By not providing ["“]?FindTorch|package configuration file provided by ["“]Torch["”]|TorchConfig\.cmake|Could NOT find Torch)/i,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["need"] !== undefined
        ? `The project asks for torch ${match.facts["need"]}, and the torch that CMake finds is of another version (an isolated build may have fetched its own).`
        : "find_package(Torch) does not find TorchConfig.cmake: the folder of the installed torch is not on CMAKE_PREFIX_PATH (an isolated build has another torch or none).",
    fix: (match) => [
      ...(match.facts["need"] === undefined
        ? []
        : [
            `${python(match)} -c "import torch; print(torch.__version__)"`,
            pip(match, `install "torch>=${match.facts["need"]}"`),
          ]),
      ...(inPip(match)
        ? [
            ...(platformOf(match) === "win32"
              ? [
                  `for /f "delims=" %i in ('${python(match)} -c "import torch; print(torch.utils.cmake_prefix_path)"') do set CMAKE_PREFIX_PATH=%i`,
                ]
              : [
                  `export CMAKE_PREFIX_PATH="$(${python(match)} -c 'import torch; print(torch.utils.cmake_prefix_path)')"`,
                ]),
            ...installWithoutIsolation({ ...match, facts: { module: "scikit_build_core" } }),
          ]
        : [
            ...(match.context.log.relativePrefix === undefined
              ? []
              : [
                  `cmake -DCMAKE_PREFIX_PATH="$PWD/${match.context.log.relativePrefix}" ..   # an absolute path: CMake takes a relative one from the folder of the sources, not from where it is started`,
                ]),
            `cmake -DCMAKE_PREFIX_PATH="$(${python(match)} -c 'import torch; print(torch.utils.cmake_prefix_path)')" ..`,
            "# within pip: pip install --no-build-isolation .",
          ]),
    ],
    sources: ["pytorch/pytorch#181939"],
    examples: [
      {
        text: 'CMake Error at CMakeLists.txt:19 (FIND_PACKAGE):\n  By not providing "FindTorch.cmake" in CMAKE_MODULE_PATH this project has\n  asked CMake to find a package configuration file provided by "Torch", but\n  CMake did not find one.',
        expect: "cmake_prefix_path",
      },
      {
        text: 'CMake Error at CMakeLists.txt:43 (find_package):\n  Could not find a package configuration file provided by "Torch" with any of\n  the following names:\n\n    TorchConfig.cmake\n    torch-config.cmake\n  ERROR: Failed building wheel for my-ops',
        expect: "export CMAKE_PREFIX_PATH=",
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
      return nvidiaPackage(match, name);
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
      match.facts["name"] === "CUDA"
        ? "find_package(CUDA) asks for FindCUDA, which CMake 3.27 and newer no longer give to projects that ask for such a CMake (policy CMP0146)."
        : `find_package does not find \`${match.facts["name"] ?? ""}\`: it is not installed (with its development files), or its folder is not on CMAKE_PREFIX_PATH.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      if (/^pybind11$/i.test(name))
        return [
          `${python(match)} -m pip install pybind11 && cmake -Dpybind11_DIR="$(${python(match)} -m pybind11 --cmakedir)" ..`,
        ];
      if (/^nanobind$/i.test(name))
        return [
          `${python(match)} -m pip install nanobind && cmake -Dnanobind_DIR="$(${python(match)} -m nanobind --cmake_dir)" ..`,
        ];
      if (name === "CUDA")
        return [
          "cmake -DCMAKE_POLICY_DEFAULT_CMP0146=OLD ..   # FindCUDA is gone for projects that ask for CMake 3.27 and newer",
          "# better, in CMakeLists.txt: project(name LANGUAGES CXX CUDA) and find_package(CUDAToolkit REQUIRED)",
          `${python(match)} -m pip install "cmake<3.27"`,
        ];
      const nvidia = /^(cudnn|nccl|cusparselt)$/i.exec(name)?.[1]?.toLowerCase();
      if (nvidia !== undefined) return nvidiaPackage(match, nvidia);
      const system = own(systemPackages, name.toLowerCase());
      if (system !== undefined)
        return [...systemPackage(match, system), "rm -rf build   # the cache remembers that it was not found"];
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
      return [
        `cmake -D${name}_DIR=<folder of ${name}Config.cmake> ..   # or -DCMAKE_PREFIX_PATH=<its prefix>`,
        `# install its development package`,
      ];
    },
    sources: ["https://cmake.org/cmake/help/latest/command/find_package.html", "rocm-arch/python-pytorch-rocm#2"],
    examples: [
      {
        text: 'CMake Error at CMakeLists.txt:47 (find_package):\n  By not providing "FindSophus.cmake" in CMAKE_MODULE_PATH this project has\n  asked CMake to find a package configuration file provided by "Sophus", but\n  CMake did not find one.',
        expect: "Sophus_DIR",
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
      ofTorch(match)
        ? `torch's CMake files define no target \`${match.facts["target"] ?? ""}\`: what they give is the target torch and the variable TORCH_LIBRARIES, after find_package(Torch REQUIRED).`
        : `\`${match.facts["target"] ?? ""}\` comes from find_package(${(match.facts["target"] ?? "").split("::")[0] ?? ""}), which was not called before, did not find it, or found a release without that target.`,
    fix: (match) => {
      const name = (match.facts["target"] ?? "").split("::")[0] ?? "";
      if (ofTorch(match))
        return [
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
