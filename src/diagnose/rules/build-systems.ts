/** ninja, make, CMake, and torch's own build: locks, build files, caches. */
import { pip, platformOf, python, rebuild, removeFolder, setVariable } from "../commands.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";

/** The folder of JIT extensions. */
function jitRoot(match: Match): string {
  return match.context.log.jitFolder ?? match.facts["root"] ?? "~/.cache/torch_extensions";
}

export const buildSystemRules: readonly Rule[] = [
  {
    id: "stale-build-lock",
    title: "Waiting for a lock that nobody holds",
    on: ["exception", "warning"],
    specificity: 80,
    matches: (finding, context) => {
      if (/^Waited on lock file "/.test(finding.message)) return {};
      if (finding.code === "FileExistsError" && /[\\/]lock['"]?$/.test(finding.message)) return {};
      const baton = /file_baton|baton\.wait|_jit_compile/;
      if (finding.kind === "exception") {
        const waits =
          finding.frames?.some((frame) => /file_baton\.py:\d+ wait/.test(frame)) === true ||
          baton.test(finding.message);
        return waits && /Timeout|KeyboardInterrupt|Fatal|timed out/i.test(`${finding.code ?? ""} ${finding.message}`)
          ? {}
          : undefined;
      }
      if (finding.code !== "extensions-root") return undefined;
      // `Using … as PyTorch extensions root...` and then nothing more is how the hang looks.
      const later = context.findings.some((other) => other.at > finding.at && other.severity !== "note");
      return later
        ? undefined
        : { root: /^Using (\S.*?) as PyTorch extensions root/.exec(finding.message)?.[1], guess: "yes" };
    },
    confidence: (match) => (match.facts["guess"] === undefined ? "high" : "medium"),
    cause: (match) =>
      `torch's JIT build waits for the file \`lock\` in the extension's build folder. ${match.facts["guess"] === undefined ? "" : "If nothing more is printed and it hangs here: "}a process that was killed while it built left the lock behind, and torch before 2.14 waits for it for ever.`,
    fix: (match) => {
      const root = jitRoot(match);
      return platformOf(match) === "win32"
        ? [`del /s "${root}\\lock"`, "# then run the program again"]
        : [
            `find ${root} -name lock -delete   # when no other build runs`,
            "# then run the program again; torch 2.14 and newer use locks that die with their process",
          ];
    },
    sources: [
      "pytorch/pytorch#189245",
      "pytorch/pytorch#59146",
      "PASSIONLab/OpenEquivariance#156",
      "sgl-project/sglang#35989",
    ],
    examples: [
      {
        text: 'Timeout (0:02:00)!\nThread 0x00007f (most recent call first):\n  File "/e/torch/utils/file_baton.py", line 50 in wait\n  File "/e/torch/utils/cpp_extension.py", line 2156 in _jit_compile',
        expect: "lock -delete",
      },
      { text: "Using /root/.cache/torch_extensions/py310_cu117 as PyTorch extensions root...", expect: "lock" },
    ],
  },
  {
    id: "ninja-file-broken",
    title: "build.ninja is damaged: two processes wrote it at once",
    on: ["build-tool"],
    specificity: 80,
    matches: (finding) =>
      finding.tool === "ninja"
        ? saidAny(
            finding,
            /(?:build\.ninja:\d+|:\d+): (?:expected|unexpected|bad|unknown|lexing|invalid|missing).*|lexing error|unterminated|expected (?:'='|build command|newline|path|identifier)/,
          )
        : undefined,
    confidence: "high",
    cause: () =>
      "ninja cannot read its build file: it is cut off or mixed up, because several processes (ranks, parallel pip builds) wrote it at the same time, or a path in it has spaces, a colon or a line break.",
    fix: (match) => [
      ...rebuild(match),
      "# build once in one process before starting all ranks; paths without spaces and colons",
    ],
    sources: ["microsoft/DeepSpeed#7899", "pytorch/pytorch#177265"],
    examples: [{ text: "ninja: error: build.ninja:31: expected '=', got lexing error", expect: "one process" }],
  },
  {
    id: "ninja-verbose-edited",
    title: "Somebody edited the call of ninja in torch's cpp_extension.py",
    on: ["build-tool"],
    specificity: 84,
    matches: (finding) =>
      finding.tool === "ninja" ? said(finding, /unknown target '(?<target>[–—-]*v?|--?version)'/) : undefined,
    confidence: "high",
    cause: (match) =>
      `ninja was started with \`${match.facts["target"] ?? ""}\`, which it takes for a target: ['ninja', '-v'] in torch/utils/cpp_extension.py was edited (or pasted with a long dash). That edit hides the error of the build and mends nothing.`,
    fix: (match) => [
      `${python(match)} -m pip install --force-reinstall --no-deps torch   # puts the file back as it was`,
      "# then build again and read the first error",
    ],
    sources: ["vacancy/PreciseRoIPooling#46"],
    examples: [{ text: "ninja: error: unknown target '–v'", expect: "--force-reinstall" }],
  },
  {
    id: "two-sources-one-object",
    title: "Two sources make the same object file",
    on: ["build-tool"],
    specificity: 82,
    matches: (finding) => said(finding, /multiple rules generate (?<file>[^\s[]+)/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? ""}\` would be made from two sources: torch's builder names objects by the source's name without its ending (Adam.cpp and Adam.cu in one folder; a/x.cpp and b/x.cpp with load()).`,
    fix: () => [
      "# rename one of the sources (Adam.cu → Adam_cuda.cu)",
      "retorch build   # names objects by the whole path and never mixes them up",
    ],
    sources: ["nerfstudio-project/gsplat#583", "ninja-build/ninja#1841"],
    examples: [
      {
        text: "ninja: error: build.ninja:28: multiple rules generate /p/build/temp.linux-x86_64-cpython-311/gsplat/cuda/csrc/Adam.o",
        expect: "rename",
      },
      { text: "ninja: error: build.ninja:12: multiple rules generate foo.o [-w dupbuild=err]", expect: "foo.o" },
    ],
  },
  {
    id: "source-file-missing",
    title: "A source file does not exist",
    on: ["build-tool", "driver", "exception"],
    specificity: 80,
    matches: (finding) => {
      if (finding.kind === "exception")
        return finding.code === "FileNotFoundError"
          ? said(finding, /No such file or directory: '(?<file>[^']+\.(?:cu|cuh|cpp|cc|cxx|c|hip|mm|sycl|metal))'/)
          : undefined;
      if (finding.kind === "driver") {
        if (finding.code === "no-such-file")
          return /\.(?:o|obj)$/.test(finding.file ?? "") ? undefined : { file: finding.file };
        if (finding.code === "C1083") return { file: finding.file };
        return undefined;
      }
      return saidAny(
        finding,
        /'(?<file>[^']+)', needed by '[^']+', missing and no known rule to make it/,
        /No rule to make target '?[`‘]?(?<file>[^'’]+?)['’]?(?:, needed by|\. Stop)/,
        /Cannot find source file:\s*(?<file>\S+)/,
        /The source directory\s+(?<file>\/\S+)\s+does not contain a CMakeLists\.txt file/s,
        /does not contain a CMakeLists\.txt file|is not an existing (?:non-empty )?directory/,
        /add_subdirectory given source "(?<file>[^"]+)" which is not an/,
      );
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? "A file"}\` is to be compiled and is not there: a git submodule was not checked out (third_party, dependencies), the path in \`sources\` is wrong (it counts from where the build runs), or the source package lacks it (MANIFEST.in).`,
    fix: (match) => [
      "git submodule update --init --recursive",
      `ls ${match.facts["file"] ?? "."}`,
      "# source packages: name csrc in MANIFEST.in (recursive-include csrc *)",
    ],
    sources: ["NVlabs/tiny-cuda-nn#390"],
    examples: [
      { text: "FileNotFoundError: [Errno 2] No such file or directory: 'csrc/nms.cu'", expect: "csrc/nms.cu" },
      {
        text: "ninja: error: '/p/dependencies/fmt/src/format.cc', needed by '/p/build/format.o', missing and no known rule to make it",
        expect: "git submodule update",
      },
      {
        text: "cc1plus: fatal error: csrc/nms.cpp: No such file or directory\ncompilation terminated.",
        expect: "csrc/nms.cpp",
      },
      { text: "make: *** No rule to make target 'csrc/a.cu', needed by 'a.o'.  Stop.", expect: "csrc/a.cu" },
    ],
  },
  {
    id: "build-directory-stale",
    title: "The build folder is of another place or generator",
    on: ["build-tool"],
    specificity: 75,
    matches: (finding) =>
      saidAny(
        finding,
        /The current CMakeCache\.txt directory (?<dir>\S+) is different/,
        /The source ".*" does not match the source ".*" used to generate cache/,
        /Does not match the generator used previously/,
        /loading 'build[\w.]*\.ninja':/,
        /(?<target>unknown target)|failed recompaction|bad deps log|loading (?:build|deps) log/,
      ),
    confidence: (match) => (match.facts["target"] === undefined ? "high" : "low"),
    cause: () =>
      "The build folder was made by another generator, in another place (a container, a moved folder), or is half written.",
    fix: (match) => [removeFolder(match, match.context.log.jitFolder ?? "build"), "# then configure and build again"],
    sources: ["https://cmake.org/cmake/help/latest/manual/cmake.1.html"],
    examples: [
      { text: "ninja: error: loading 'build.ninja': No such file or directory", expect: "rm -rf" },
      {
        text: "CMake Error: Error: generator : Ninja\nDoes not match the generator used previously: Unix Makefiles",
        expect: "generator",
      },
    ],
  },
  {
    id: "ninja-command-too-long",
    title: "A command line is too long",
    on: ["build-tool", "system", "exception"],
    specificity: 78,
    matches: (finding) =>
      coded(finding, "too-long") ??
      (finding.kind === "build-tool"
        ? said(
            finding,
            /CreateProcess: The filename or extension is too long|Argument list too long|The command line is too long|posix_spawn: Argument list/,
          )
        : undefined),
    confidence: "high",
    cause: (match) =>
      platformOf(match) === "win32"
        ? "Windows limits command lines to 32767 characters (8191 in cmd) and paths to 260: the build folder lies too deep, or there are too many objects and include folders."
        : "The argument list exceeds what the system takes: very many objects or flags, or a huge environment.",
    fix: (match) =>
      platformOf(match) === "win32"
        ? [
            "# move the project and the temporary folder to a short path: set TMP=C:\\t & set TEMP=C:\\t",
            "reg add HKLM\\SYSTEM\\CurrentControlSet\\Control\\FileSystem /v LongPathsEnabled /t REG_DWORD /d 1 /f   # as administrator",
            "git config --global core.longpaths true",
          ]
        : ["# shorter paths (build in /tmp/b), or a response file: retorch uses them where the linker takes them"],
    sources: ["https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation"],
    examples: [
      { text: "ninja: fatal: CreateProcess: The filename or extension is too long.", expect: "LongPathsEnabled" },
      { text: "OSError: [Errno 7] Argument list too long: 'g++'", expect: "response file" },
    ],
  },
  {
    id: "ninja-file-access",
    title: "ninja may not write its files",
    on: ["build-tool"],
    specificity: 70,
    matches: (finding) =>
      finding.tool === "ninja"
        ? said(
            finding,
            /(?:opening|mkdir|chdir|remove|build log|\.ninja_log|\.ninja_deps|ReadFile|open)\S*.*(?:Permission denied|Read-only|Access is denied|No such file or directory|Stale)/,
          )
        : undefined,
    confidence: "high",
    cause: () =>
      "The build folder belongs to another user, is on a read-only file system, or vanished while ninja ran.",
    fix: (match) => [
      ...(platformOf(match) === "win32" ? [] : [`ls -ld ${jitRoot(match)}`]),
      "export TORCH_EXTENSIONS_DIR=$HOME/.torch_extensions   # a folder of your own",
      ...rebuild(match),
    ],
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [{ text: "ninja: error: opening build log: Permission denied", expect: "TORCH_EXTENSIONS_DIR" }],
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
    id: "clock-skew",
    title: "Files carry times from the future",
    on: ["system"],
    role: "advice",
    specificity: 45,
    matches: (finding) => coded(finding, "clock-skew"),
    confidence: "low",
    cause: () =>
      "make or ninja compares times of files, and some are in the future (network file systems, containers, WSL): it may compile too much or too little.",
    fix: () => ["find . -newermt 'now' -exec touch {} +", "# retorch compares contents, never times"],
    sources: ["pytorch/pytorch#58796"],
    examples: [{ text: "make: warning:  Clock skew detected.  Your build may be incomplete.", expect: "touch" }],
  },
  {
    id: "build-interrupted",
    title: "The build was stopped from outside",
    on: ["build-tool", "system", "exception"],
    role: "symptom",
    specificity: 50,
    matches: (finding) => coded(finding, "interrupted", "runner-stopped", "KeyboardInterrupt"),
    confidence: (match) => (match.finding.code === "KeyboardInterrupt" ? "low" : "medium"),
    cause: (match) =>
      match.finding.code === "runner-stopped"
        ? "The machine or the job was ended from outside: a time limit, a cancelled run, or memory so short that the runner itself was lost."
        : "Somebody (Ctrl-C) or something stopped the build.",
    fix: () => [
      "# when it was too slow: fewer architectures (TORCH_CUDA_ARCH_LIST), a larger machine, a cache of objects (retorch cache)",
      "MAX_JOBS=2 retorch build   # when memory was the reason",
    ],
    sources: ["https://docs.github.com/actions/reference/limits"],
    examples: [
      {
        text: "##[error]The runner has received a shutdown signal. This can happen when the runner service is stopped, or a manually started runner is canceled.",
        expect: "MAX_JOBS",
      },
    ],
  },
];
