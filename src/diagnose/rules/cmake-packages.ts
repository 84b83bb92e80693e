/** CMake: packages, libraries and targets that it does not find. */

import { plainName } from "../../base/package-name.ts";
import { own } from "../../base/own.ts";
import {
  buildRequirement,
  installWithoutIsolation,
  pip,
  platformOf,
  python,
  setVariable,
  systemPackage,
  torchThere,
} from "../commands/commands.ts";
import { cmakePackages } from "../tables/cmake-package-names.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";
import { cmakeRanPythonWithoutTorch } from "./cmake-python.ts";

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

/** The same for a find module that looks for the plain name of the library: pip's packages have the numbered one alone. */
function withPlainName(match: Match, name: string): string[] {
  const [install = "", folder = "", ...more] = nvidiaPackage(match, name);
  const root = `$${name.toUpperCase()}_PATH`;
  return [
    install,
    folder,
    ...(platformOf(match) === "win32"
      ? []
      : [
          `ln -sf "$(ls ${root}/lib/lib${name}.so.* | head -1)" "${root}/lib/lib${name}.so"   # the name that CMake looks for; pip's package lacks it`,
        ]),
    ...more,
  ];
}

/** pip or uv runs CMake (scikit-build-core, meson-python), in an environment of its own. */
/** `uv sync` builds the project itself: first what it needs, then itself in that environment. */
function withoutIsolationBySync({ context: { log } }: Match): string[] | undefined {
  const { uvCommand, uvLine = "uv sync", package: built } = log;
  if (uvCommand !== "sync" || built === undefined || !log.localPackages.includes(plainName(built))) return undefined;
  return [
    "uv add --dev --no-sync scikit-build-core ninja cmake   # the tools of its build: what build-system.requires names",
    `${uvLine} --no-install-project   # these, torch and what else the project asks for`,
    `${uvLine} --no-build-isolation-package ${built}`,
    `# for good, in pyproject.toml: [tool.uv] no-build-isolation-package = ["${built}"]; or torch in [build-system] requires, in the release that the project is run with`,
  ];
}

function inPip(match: Match): boolean {
  const { installs = [], runsCmake } = match.context.log;
  if (installs.length > 0 && !runsCmake) return true;
  return match.context.findings.some(
    ({ kind, tool, message }) => (kind === "wrapper" && tool === "pip") || message.includes("scikit-build"),
  );
}

/** torch has to be there before it is asked where it lies. */
function afterInstall(lines: readonly string[], line: string): string[] {
  const at = lines.findIndex(
    (each) => /\binstall (?!.*--no-build-isolation).*\btorch\b/.test(each) && !each.startsWith("#"),
  );
  return [...lines.slice(0, at + 1), line, ...lines.slice(at + 1)];
}

/** The development package of a library that FindCUDA asked for: `CUDA_cublas_LIBRARY`. */
function libraryOfToolkit(match: Match, name: string): string[] {
  const part = /^CUDA_(cublas|cusparse|cusolver|cufft|curand|npp\w*|nvrtc|nvjpeg)_LIBRARY$/.exec(name)?.[1];
  const version = match.context.log.cuda ?? match.context.log.cmakeCuda;
  if (part === undefined || platformOf(match) !== "linux") return [];
  const number = version?.split(".").slice(0, 2).join("-");
  const debian = part === "nvrtc" ? "cuda-nvrtc-dev" : `lib${part.replace(/^npp.*/, "npp")}-dev`;
  return [
    `ls /usr/local/cuda*/lib64/lib${part}.so || sudo apt-get install ${debian}-${number ?? "$(nvcc --version | sed -n 's/.*release \\([0-9]*\\)\\.\\([0-9]*\\).*/\\1-\\2/p')"}   # of NVIDIA's repository: the library with its headers, which this toolkit lacks`,
  ];
}

/**
 * Where cuBLAS lies: CUDA 10.1 put it beside the system's libraries, an update into the folder of 10.2. Sources: release notes of CUDA 10.1
 * (kaldi#3384), CMake's documentation of find_library (CMAKE_LIBRARY_PATH as a variable of the environment), traveller59/spconv#173.
 */
function libraryFolder(match: Match, name: string): string[] {
  return platformOf(match) === "linux" && /^CUDA_cublas(?:_LIBRARY)?$/i.test(name)
    ? [
        'export CMAKE_LIBRARY_PATH=$(dirname "$(find -L /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/local/cuda*/ -name libcublas.so 2>/dev/null | head -1)")   # CUDA 10.1 moved it out of its own folder; nothing found: sudo apt-get install libcublas-dev',
      ]
    : [];
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
          ...libraryOfToolkit(match, name),
          `${pip(match, "install --upgrade cmake")}   # one that knows this toolkit`,
          ...libraryFolder(match, name),
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
          ...(match.context.log.typedConfigure === undefined ? ["rm -rf build   # the cache remembers NOTFOUND"] : []),
          `cmake -D${name}="$(${python(match)} -c 'import torch; print(torch.__path__[0])')/lib/libtorch_python.so" ..   # LibTorch's zip has none: take pip's torch`,
        ];
      return [
        `cmake -D${name}=/path/to/it ..   # find / -iname '*${name.replace(/_(?:LIBRARY|LIBRARIES|INCLUDE_DIRS?|LIB)$/i, "").toLowerCase()}*' 2>/dev/null`,
        "rm -rf build   # the cache remembers NOTFOUND",
      ];
    },
    sources: [
      "https://cmake.org/cmake/help/latest/module/FindCUDA.html",
      "traveller59/spconv#173",
      "traveller59/spconv#239",
    ],
    examples: [
      {
        text: 'CMake Error: The following variables are used in this project, but they are set to NOTFOUND.\nPlease set them or make sure they are set and tested correctly in the CMake files:\nTORCH_PYTHON_LIBRARY\n    linked by target "my_ops" in directory /w',
        expect: "libtorch_python",
      },
      {
        text: 'CMake Error: The following variables are used in this project, but they are set to NOTFOUND.\nPlease set them or make sure they are set and tested correctly in the CMake files:\nCUDA_cublas_device_LIBRARY (ADVANCED)\n    linked by target "caffe" in directory /w',
        expect: "--upgrade cmake",
      },
      {
        text: 'running develop\nrunning build_ext\nCMake Error: The following variables are used in this project, but they are set to NOTFOUND.\nPlease set them or make sure they are set and tested correctly in the CMake files:\nCUDA_CUBLAS\n    linked by target "ops" in directory /home/jo/ops/src\nTraceback (most recent call last):\n  File "setup.py", line 96, in <module>\nsubprocess.CalledProcessError: Command \'cmake\' returned non-zero exit status 1.',
        expect: "python setup.py develop",
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
    fix: (match) => {
      if (!/torch|c10|caffe2/i.test(match.facts["target"] ?? ""))
        return [
          `ls -l ${match.facts["file"] ?? ""}`,
          "# then configure in a new build folder: the old one remembers the path",
        ];
      const there = torchThere(match);
      const build = /\+(\w+)$/.exec(there ?? "")?.[1];
      const release = `${there === undefined ? "torch" : `torch==${there}`}${build === undefined ? "" : ` --index-url https://download.pytorch.org/whl/${build}`}`;
      return /[\\/](?:site|dist)-packages[\\/]/.test(match.facts["file"] ?? "")
        ? [
            `${pip(match, `install --force-reinstall --no-deps ${release}`)}   # the same release, whole`,
            "# then configure in a new build folder: the old one remembers the path",
          ]
        : [
            ...(platformOf(match) === "win32"
              ? []
              : [
                  `cmake -DCMAKE_PREFIX_PATH="$(${python(match)} -c 'import torch; print(torch.utils.cmake_prefix_path)')" ..   # pip's torch, which is whole, in place of the one below ${(match.finding.file ?? "/usr").replace(/\/(?:lib\w*|share)\/.*$/, "")}`,
                ]),
            "# or that torch whole again: the package of the distribution, or LibTorch's archive unpacked anew and not moved in part; then a new build folder",
          ];
    },
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
    matches: (finding, context) => {
      const facts = saidAny(
        finding,
        /Could not find a configuration file for package "Torch" that is (?:exactly )?compatible with requested version "(?<need>[\d.]+)"/,
        /(?:By not providing ["“]?FindTorch|package configuration file provided by ["“]Torch["”]|TorchConfig\.cmake(?!:\d+ \()|Could NOT find Torch)/i,
      );
      // It follows from the Python without torch, which the text names before.
      return facts === undefined || (facts["need"] === undefined && cmakeRanPythonWithoutTorch(context))
        ? undefined
        : facts;
    },
    confidence: "high",
    cause: (match) =>
      match.facts["need"] !== undefined
        ? `The project asks for torch ${match.facts["need"]}, and the torch that CMake finds is of another version (an isolated build may have fetched its own).`
        : match.context.log.relativePrefix !== undefined && !inPip(match)
          ? `find_package(Torch) does not find TorchConfig.cmake: CMAKE_PREFIX_PATH is \`${match.context.log.relativePrefix}\`, a relative path, which CMake takes from the folder of the sources (where CMakeLists.txt lies), not from the folder that it was started in.`
          : "find_package(Torch) does not find TorchConfig.cmake: the folder of the installed torch is not on CMAKE_PREFIX_PATH (an isolated build has another torch or none).",
    fix: (match) =>
      withoutIsolationBySync(match) ?? [
        ...(match.facts["need"] === undefined
          ? []
          : [
              `${python(match)} -c "import torch; print(torch.__version__)"`,
              pip(match, `install "torch>=${match.facts["need"]}"`),
            ]),
        ...(inPip(match)
          ? [
              ...afterInstall(
                installWithoutIsolation({ ...match, facts: { module: "scikit_build_core" } }),
                platformOf(match) === "win32"
                  ? `for /f "delims=" %i in ('${python(match)} -c "import torch; print(torch.utils.cmake_prefix_path)"') do set CMAKE_PREFIX_PATH=%i`
                  : `export CMAKE_PREFIX_PATH="$(${python(match)} -c 'import torch; print(torch.utils.cmake_prefix_path)')"`,
              ),
            ]
          : [
              ...(match.context.log.relativePrefix === undefined
                ? []
                : [
                    `cmake -DCMAKE_PREFIX_PATH="$PWD/${match.context.log.relativePrefix}" ..   # an absolute path: CMake takes a relative one from the folder of the sources, not from where it is started`,
                  ]),
              ...(match.context.log.placeholderPrefix
                ? [
                    "# /path/to/libtorch stands for the folder of a LibTorch; the one of the installed torch does as well:",
                  ]
                : []),
              `${match.context.log.relativePrefix === undefined ? "" : "# or with the torch that Python has: "}cmake -DCMAKE_PREFIX_PATH="$(${python(match)} -c 'import torch; print(torch.utils.cmake_prefix_path)')" ..`,
              ...(match.context.log.runsCmake || match.context.log.placeholderPrefix
                ? []
                : ["# within pip: pip install --no-build-isolation ."]),
            ]),
      ],
    sources: ["pytorch/pytorch#181939"],
    examples: [
      {
        text: 'CMake Error at CMakeLists.txt:19 (FIND_PACKAGE):\n  By not providing "FindTorch.cmake" in CMAKE_MODULE_PATH this project has\n  asked CMake to find a package configuration file provided by "Torch", but\n  CMake did not find one.',
        expect: "cmake_prefix_path",
      },
      {
        text: '$ uv sync --extra test\n   Building cubes @ file:///home/runner/work/cubes/cubes\n  × Failed to build `cubes @\n  │ file:///home/runner/work/cubes/cubes`\n  ├─▶ The build backend returned an error\n  ╰─▶ Call to `scikit_build_core.build.build_editable` failed (exit status: 1)\n      CMake Error at CMakeLists.txt:17 (find_package):\n        By not providing "FindTorch.cmake" in CMAKE_MODULE_PATH this project has\n        asked CMake to find a package configuration file provided by "Torch", but\n        CMake did not find one.',
        expect: "uv sync --extra test --no-build-isolation-package cubes",
      },
      {
        text: '$ catkin build policy --cmake-args -DCMAKE_BUILD_TYPE=Release\nErrors     << policy:cmake /home/jo/ws/logs/policy/build.cmake.003.log\nCMake Error at /home/jo/ws/src/policy/CMakeLists.txt:14 (find_package):\n  By not providing "FindTorch.cmake" in CMAKE_MODULE_PATH this project has\n  asked CMake to find a package configuration file provided by "Torch", but\n  CMake did not find one.\n',
        expect: "catkin build policy --cmake-args -DTorch_DIR=",
      },
      {
        text: 'CMake Error at CMakeLists.txt:43 (find_package):\n  Could not find a package configuration file provided by "Torch" with any of\n  the following names:\n\n    TorchConfig.cmake\n    torch-config.cmake\n  ERROR: Failed building wheel for my-ops',
        expect: "export CMAKE_PREFIX_PATH=",
      },
      {
        text: '$ uv pip install git+https://github.com/acme/cubes.git\n  *** Configuring CMake...\n  CMake Error at CMakeLists.txt:43 (find_package):\n    Could not find a package configuration file provided by "Torch" with any of\n    the following names:\n\n      TorchConfig.cmake',
        expect: 'uv pip install --no-build-isolation "git+https://github.com/acme/cubes.git"',
      },
      {
        text: '$ pip install --no-build-isolation -v .\n  Running command Building wheel for spline_ops (pyproject.toml)\n  *** scikit-build-core 0.10.7 using CMake 3.30.5 (wheel)\n  CMake Error at CMakeLists.txt:14 (find_package):\n    By not providing "FindTorch.cmake" in CMAKE_MODULE_PATH this project has\n    asked CMake to find a package configuration file provided by "Torch", but\n    CMake did not find one.\n  ERROR: Failed building wheel for spline_ops',
        expect: "pip install --no-build-isolation . -v",
      },
      {
        text: 'torch==1.3.0\n$ cmake -DCMAKE_PREFIX_PATH=/path/to/libtorch ..\nCMake Error at CMakeLists.txt:6 (find_package):\n  By not providing "FindTorch.cmake" in CMAKE_MODULE_PATH this project has\n  asked CMake to find a package configuration file provided by "Torch", but\n  CMake did not find one.',
        expect: "print(torch.__path__[0])')/share/cmake\" ..",
      },
    ],
  },
  {
    id: "cudnn-not-found-for-torch",
    title: "This torch was built with cuDNN, and CMake does not find it",
    on: ["build-tool"],
    specificity: 82,
    matches: (finding) => said(finding, /uses cuDNN but I cannot find the cuDNN/),
    confidence: "high",
    cause: () =>
      "torch's own CMake files (Caffe2Config.cmake) look for cuDNN's header and library, because this torch was built with it, and do not find them: they lie in none of the folders that CMake searches (conda's and pip's are such), or only the library is installed and not its development files.",
    fix: (match) => [
      ...(match.context.log.conda
        ? ["conda install -c conda-forge cudnn   # brings cudnn.h, too", "export CUDNN_PATH=$CONDA_PREFIX"]
        : nvidiaPackage(match, "cudnn").slice(0, 2)),
      ...(platformOf(match) === "win32"
        ? [
            "# then the same command with: -DCUDNN_ROOT=<that folder> -DCUDNN_INCLUDE_PATH=<that folder>\\include -DCUDNN_LIBRARY_PATH=<that folder>\\lib\\x64\\cudnn.lib",
          ]
        : [
            'cmake -DCUDNN_ROOT=$CUDNN_PATH -DCUDNN_INCLUDE_PATH=$CUDNN_PATH/include -DCUDNN_LIBRARY_PATH="$(ls $CUDNN_PATH/lib/libcudnn.so* | head -n 1)" ..',
          ]),
    ],
    sources: ["pytorch/pytorch: cmake/Modules/FindCUDNN.cmake"],
    examples: [
      {
        text: "CMake Error at /opt/conda/envs/e/lib/python3.8/site-packages/torch/share/cmake/Caffe2/Caffe2Config.cmake:96 (message):\n  Your installed Caffe2 version uses cuDNN but I cannot find the cuDNN\n  libraries.  Please set the proper cuDNN prefixes and / or install cuDNN.",
        expect: "export CUDNN_PATH=$CONDA_PREFIX\ncmake -DCUDNN_ROOT=$CUDNN_PATH",
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
      const [install = "", folder = "", ...more] = nvidiaPackage(match, name);
      // pip's packages have lib<name>.so.<number> alone.
      if (!match.finding.message.includes(`lib${name}.so`) || platformOf(match) === "win32")
        return [install, folder, ...more];
      const root = `${name.toUpperCase()}_PATH`;
      return [
        ...(match.context.log.conda && name === "cudnn"
          ? [
              "conda install -c conda-forge cudnn   # brings libcudnn.so and cudnn.h",
              `export ${root}=$CONDA_PREFIX CMAKE_PREFIX_PATH=$CONDA_PREFIX`,
              `# or from pip: ${install}; ${folder}; then the two lines below`,
              `# ln -sf "$(ls $${root}/lib/lib${name}.so.* | head -1)" "$${root}/lib/lib${name}.so"   # the name that CMake looks for; pip's package lacks it`,
              `# export CMAKE_PREFIX_PATH=$${root}`,
            ]
          : [
              install,
              folder,
              `ln -sf "$(ls $${root}/lib/lib${name}.so.* | head -1)" "$${root}/lib/lib${name}.so"   # the name that CMake looks for; pip's package lacks it`,
              setVariable(match, "CMAKE_PREFIX_PATH", `$${root}`),
            ]),
        `# or by name: cmake -D${match.facts["variable"] ?? ""}=$${root}/lib/lib${name}.so ..`,
        "# then in an empty build folder: CMake's cache remembers what it did not find",
      ];
    },
    sources: ["NVIDIA/TransformerEngine#954", "NVIDIA/TransformerEngine#493"],
    examples: [
      {
        text: "CMake Error at cmake/FindCUDNN.cmake:19 (find_library):\n  Could not find cudnn_LIBRARY using the following names: cudnn, libcudnn.so.",
        expect: "ln -sf",
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
    matches: (finding, context) => {
      if (finding.tool !== "cmake" || finding.severity === "warning") return undefined;
      if (/FindTorch\.cmake|"Torch"/.test(finding.message) && cmakeRanPythonWithoutTorch(context)) return undefined;
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
        : /^(?:pybind11|nanobind)$/i.test(match.facts["name"] ?? "") && inPip(match)
          ? `find_package does not find \`${match.facts["name"] ?? ""}\`: pip builds in an environment of its own that holds what build-system.requires of pyproject.toml names, and \`${(match.facts["name"] ?? "").toLowerCase()}\` is not among it.`
          : `find_package does not find \`${match.facts["name"] ?? ""}\`: it is not installed (with its development files), or its folder is not on CMAKE_PREFIX_PATH.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      if (/^(?:pybind11|nanobind)$/i.test(name) && inPip(match)) return buildRequirement(match, name.toLowerCase());
      if (/^pybind11$/i.test(name))
        return [pip(match, "install pybind11"), `cmake -Dpybind11_DIR="$(${python(match)} -m pybind11 --cmakedir)" ..`];
      if (/^nanobind$/i.test(name))
        return [
          pip(match, "install nanobind"),
          `cmake -Dnanobind_DIR="$(${python(match)} -m nanobind --cmake_dir)" ..`,
        ];
      if (name === "CUDA")
        return [
          "cmake -DCMAKE_POLICY_DEFAULT_CMP0146=OLD ..   # FindCUDA is gone for projects that ask for CMake 3.27 and newer",
          "# better, in CMakeLists.txt: project(name LANGUAGES CXX CUDA) and find_package(CUDAToolkit REQUIRED)",
          `${python(match)} -m pip install "cmake<3.27"`,
        ];
      const nvidia = /^(cudnn|nccl|cusparselt)$/i.exec(name)?.[1]?.toLowerCase();
      if (nvidia !== undefined) return withPlainName(match, nvidia);
      const system = own(cmakePackages, name.toLowerCase());
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
      {
        text: '$ cmake -S . -B out -G Ninja\nCMake Error at CMakeLists.txt:4 (find_package):\n  Could not find a package configuration file provided by "pybind11" with any\n  of the following names:\n\n    pybind11Config.cmake',
        expect: "cmake -S . -B out -G Ninja -Dpybind11_DIR=",
      },
    ],
  },
];
