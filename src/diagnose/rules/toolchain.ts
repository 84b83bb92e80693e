/** Compilers, ninja and other programs of a build that are not there. */
import { programPackage } from "../program-packages.ts";
import { packageToBuild, pip, platformOf, python, setVariable, systemPackage, wordsToBuild } from "../commands.ts";
import { framesAt, missingProgram, ofLog } from "../matchers.ts";
import { baseName } from "../parsers/parser.ts";
import { installs, startedProgram } from "../started-programs.ts";
import { shownPair } from "../shown-compilers.ts";
import { coded, type Match, type Rule, type RuleContext, said } from "../rule.ts";

/** Names of programs that look like plain words. */
const knownProgram =
  /^(?:nvcc|ninja|cmake|make|gcc|cc|ld|as|ar|clang|hipcc|icpx|icx|git|ccache|sccache|swig|bash|python|python3|pip|patchelf|ptxas|cicc|nvlink|fatbinary|cudafe|collect2|cc1plus|cpp|strip|ranlib|mold|lld|wget|curl|unzip|tar|file)$/;

/** Whether cl, its linker or its headers speak in the log: then it is there. */
function clSpeaks({ findings }: RuleContext): boolean {
  return findings.some(
    ({ file, text, tool, code }) =>
      (tool === "msvc" && code !== undefined) ||
      /[\\/]bin[\\/]+Host[Xx]\d+[\\/]/.test(text) ||
      /[\\/]VC[\\/]+Tools[\\/]+MSVC[\\/]/i.test(file ?? ""),
  );
}

/** Conda's compiler, under the name that it is asked for by. */
function condaCompiler(match: Match): string[] {
  const name = match.facts["name"] ?? "";
  const target = name.startsWith("aarch64") ? "aarch64" : "64";
  return [
    /_cos\d/.test(name)
      ? `conda install gxx_linux-${target}=7.3   # of Anaconda's own channel: that release has this name; newer ones have x86_64-conda-linux-gnu-…`
      : `conda install -c conda-forge gxx_linux-${target}`,
    "conda deactivate && conda activate <environment>   # sets CC and CXX",
    "# or the system's compiler: export CC=gcc CXX=g++ (both installed?), in a clean build: rm -rf build",
  ];
}

/** The number of a gcc that is asked for by it: `11` of `/usr/bin/g++-11`. */
function numbered(match: Match): string | undefined {
  return platformOf(match) === "linux" && !match.context.log.conda
    ? /^(?:g\+\+|gcc|c\+\+|clang|clang\+\+)-(\d{1,2})$/.exec(match.facts["name"] ?? "")?.[1]
    : undefined;
}

/** That gcc, or none in particular: what names it. */
function numberedCompiler(match: Match): string[] {
  const number = numbered(match) ?? "";
  const shown = shownPair(match, match.facts["name"] ?? "");
  if (shown !== undefined) return setPair(match, shown);
  return [
    (match.facts["name"] ?? "").startsWith("clang")
      ? `sudo apt-get install clang-${number}   # the one that is asked for; the distribution has other numbers: apt-cache search '^clang-[0-9]+$', or https://apt.llvm.org`
      : `sudo apt-get install gcc-${number} g++-${number}   # the one that is asked for; Fedora, RHEL: sudo dnf install gcc-toolset-${number}`,
    'echo "CC=[$CC] CXX=[$CXX] CUDAHOSTCXX=[$CUDAHOSTCXX] NVCC_CCBIN=[$NVCC_CCBIN] NVCC_PREPEND_FLAGS=[$NVCC_PREPEND_FLAGS] NVCC_APPEND_FLAGS=[$NVCC_APPEND_FLAGS]"   # which of them names it',
    "# or without it: unset CC CXX CUDAHOSTCXX NVCC_CCBIN NVCC_PREPEND_FLAGS NVCC_APPEND_FLAGS, when the gcc that is there is one that this CUDA takes",
  ];
}

/** Names the two programs that the text shows. */
function setPair(match: Match, [c, cxx]: readonly [string, string]): string[] {
  return [
    setVariable(match, "CC", c),
    `${setVariable(match, "CXX", cxx)}   # the text shows these; \`${match.facts["name"] ?? ""}\` is not there`,
  ];
}

/** clang's programs often have their number in the name alone. */
function clangUnderItsName(match: Match): string[] {
  const shown = shownPair(match, match.facts["name"] ?? "");
  if (shown !== undefined) return setPair(match, shown);
  return [
    "ls /usr/bin/clang++* /usr/lib/llvm-*/bin/clang++   # there under a number: export CC=clang-<number> CXX=clang++-<number>",
    ...systemPackage(match, { apt: "clang", dnf: "clang", conda: "clangxx" }),
    "# or with gcc: unset CC CXX, and the command without them",
  ];
}

/** A gcc that is there under its number alone. */
function gccUnderItsName(match: Match): string[] | undefined {
  const shown = /^(?:gcc|g\+\+)$/.test(match.facts["name"] ?? "")
    ? shownPair(match, match.facts["name"] ?? "")
    : undefined;
  return shown === undefined ? undefined : setPair(match, shown);
}

export const toolchainRules: readonly Rule[] = [
  {
    id: "compiler-version-unreadable",
    title: "torch cannot read the compiler's version",
    on: ["exception"],
    specificity: 88,
    matches: (finding) => {
      const frames = (finding.frames ?? []).slice(-2).map((frame) => frame.replace(/ » .*/, ""));
      if (!frames.some((frame) => /cpp_extension\.py:\d+ (?:get_compiler_abi|check_compiler|_check_abi)/.test(frame)))
        return undefined;
      const ebuild = /[\\/]portage[\\/]([\w-]+[\\/][\w.+-]+?-\d[\w.]*)[\\/]/.exec(finding.frames?.join(" ") ?? "")?.[1];
      const facts = said(finding, /invalid literal for int\(\) with base 10: ['"](?<part>[^'"]*)['"]/);
      return facts === undefined ? undefined : { ...facts, ebuild };
    },
    confidence: "high",
    cause: (match) =>
      `Before it builds, torch asks the compiler for its version and makes numbers of the parts: \`${match.facts["part"] ?? ""}\` is none. Compilers of distributions and vendors (clang of Gentoo, amdclang++, snapshots) say more than numbers there; newer torch reads the numbers alone.`,
    fix: (match) =>
      match.facts["ebuild"] === undefined
        ? [
            `${setVariable(match, "TORCH_DONT_CHECK_COMPILER_ABI", "1")}   # torch then asks no compiler for its version`,
            "# or another compiler: export CC=gcc CXX=g++; or a newer torch",
          ]
        : [
            `sudo env CC=gcc CXX=g++ emerge --oneshot =${match.facts["ebuild"] ?? ""}   # or TORCH_DONT_CHECK_COMPILER_ABI=1 in their place: torch then asks no compiler for its version`,
            "# for good: the same variables in a file of /etc/portage/env, named for the package in /etc/portage/package.env",
          ],
    sources: ["pytorch/pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"/e/lib/python3.11/site-packages/torch/utils/cpp_extension.py\", line 449, in get_compiler_abi_compatibility_and_version\n    if tuple(map(int, version)) >= minimum_required_version:\nValueError: invalid literal for int() with base 10: '0git'",
        expect: "TORCH_DONT_CHECK_COMPILER_ABI=1",
      },
      {
        text: '  File "/var/tmp/portage/sci-ml/torchvision-0.22.1/work/vision-0.22.1/setup.py", line 571, in <module>\n    setup(\n  File "/usr/lib/python3.12/site-packages/torch/utils/cpp_extension.py", line 449, in get_compiler_abi_compatibility_and_version\n    if tuple(map(int, version)) >= minimum_required_version:\nValueError: invalid literal for int() with base 10: \'7+libcxx\'',
        expect: "CXX=g++ emerge --oneshot =sci-ml/torchvision-0.22.1",
      },
    ],
  },
  {
    id: "ninja-missing",
    title: "ninja is not installed or not on PATH",
    on: ["exception", "missing-program", "build-tool"],
    specificity: 75,
    matches: (finding) => {
      if (finding.kind === "missing-program") return missingProgram(finding, /^ninja(?:-build)?$/);
      if (finding.kind === "build-tool")
        return said(finding, /CMake was unable to find a build program corresponding to "Ninja|Could not detect Ninja/);
      if (finding.code === "no-ninja" || finding.code === "ninja") return {};
      return said(finding, /Ninja is required to load C\+\+ extensions/i);
    },
    confidence: "high",
    cause: ({ finding }) =>
      `${finding.kind === "build-tool" ? `${/CMake/.test(finding.text) ? "CMake is told to write its build for ninja" : "Meson builds with ninja"}, and none` : "torch builds JIT extensions with ninja, and no `ninja`"} is found: it is not installed in this environment, or the environment's bin folder is not on PATH (Jupyter kernels, IDEs and services often start Python without it).`,
    fix: (match) => [
      pip(match, "install ninja"),
      ...(platformOf(match) === "win32"
        ? match.context.log.embeddedFolder === undefined
          ? []
          : [
              `set PATH=${match.context.log.embeddedFolder}\\Scripts;%PATH%   # an embeddable Python has its Scripts not on PATH; start the program from this prompt`,
            ]
        : [
            `export PATH="$(dirname "$(${python(match)} -c 'import sys; print(sys.executable)')"):$PATH"   # installed, but not on PATH`,
          ]),
      match.finding.kind === "build-tool"
        ? "# a build folder that was configured with another ninja has to go: its cache names the old one"
        : "# or build ahead of time with retorch build, which needs no ninja",
    ],
    sources: ["zhanghang1989/PyTorch-Encoding#167", "pytorch/pytorch#26798", "pytorch/pytorch#147698"],
    examples: [
      { text: "RuntimeError: Ninja is required to load C++ extensions", expect: "install ninja" },
      { text: "../meson.build:1:0: ERROR: Could not detect Ninja v1.8.2 or newer", expect: "Meson builds with ninja" },
      { text: "RuntimeError: Ninja is required to load C++ extensions (pip install ninja to get it)", expect: "PATH" },
      { text: "FileNotFoundError: [Errno 2] No such file or directory: 'ninja': 'ninja'", expect: "install ninja" },
      {
        text: 'File "D:\\ComfyUI_windows_portable\\python_embeded\\Lib\\site-packages\\torch\\utils\\cpp_extension.py", line 1832, in verify_ninja_availability\nRuntimeError: Ninja is required to load C++ extensions',
        expect: "python_embeded\\Scripts;%PATH%",
      },
    ],
  },
  {
    id: "ninja-launcher-broken",
    title: "A `ninja` is found whose own Python does not have it",
    on: ["exception"],
    specificity: 85,
    matches: (finding) => {
      if (!/No module named ['"]?ninja/.test(finding.message)) return undefined;
      const launcher = finding.frames?.find((frame) =>
        /[\\/](?:Scripts|bin)[\\/]ninja(?:\.exe)?(?:[\\/]__main__\.py)?:\d/.test(frame),
      );
      if (launcher === undefined || /pip-build-env|builds-v0/.test(launcher)) return undefined;
      return {
        launcher: launcher.replace(/(?:[\\/]__main__\.py)?:\d.*$/, ""),
        python: finding.frames?.find((frame) => /runpy\.py:/.test(frame))?.replace(/[\\/](?:lib|Lib)[\\/].*$/, ""),
      };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["launcher"] ?? "ninja"}\` is a small starter that runs a Python${match.facts["python"] === undefined ? "" : ` (of \`${match.facts["python"]}\`)`} which has no package ninja: it was copied from, or is of, another environment than the active one. torch calls \`ninja --version\`, that fails, and torch says that ninja is missing.`,
    fix: (match) => [
      `${python(match)} -m pip install --force-reinstall --no-cache-dir ninja   # writes the starter anew, for this Python`,
      platformOf(match) === "win32"
        ? "where ninja & ninja --version"
        : "which -a ninja; ninja --version   # the environment's one has to come first on PATH",
    ],
    sources: ["Megvii-BaseDetection/YOLOX#1454"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "D:\\c\\envs\\a\\lib\\runpy.py", line 85, in _run_code\n    exec(code, run_globals)\n  File "D:\\c\\envs\\b\\Scripts\\ninja.exe\\__main__.py", line 4, in <module>\nModuleNotFoundError: No module named \'ninja\'',
        expect: "--force-reinstall",
      },
      {
        text: "Traceback (most recent call last):\n  File \"/home/u/.local/bin/ninja\", line 5, in <module>\n    from ninja import ninja\nModuleNotFoundError: No module named 'ninja'",
        expect: "which -a ninja",
      },
    ],
  },
  {
    id: "ninja-fallback",
    title: "Without ninja the build is slow",
    on: ["warning"],
    role: "advice",
    specificity: 45,
    matches: (finding) =>
      said(finding, /Attempted to use ninja as the BuildExtension backend but we could not find ninja/) ??
      coded(finding, "no-ninja"),
    confidence: "medium",
    cause: () =>
      "BuildExtension found no ninja and compiles the files one after the other with distutils. That is slow (and compiles all of them every time), but it is a warning.",
    fix: (match) => [pip(match, "install ninja")],
    sources: ["hbb1/diff-surfel-rasterization#31"],
    examples: [
      {
        text: "UserWarning: Attempted to use ninja as the BuildExtension backend but we could not find ninja.. Falling back to using the slow distutils backend.",
        expect: "install ninja",
      },
    ],
  },
  {
    id: "msvc-not-found",
    title: "No C++ compiler: Visual Studio's environment is not set up",
    on: ["missing-program", "exception", "warning", "installer", "build-tool"],
    specificity: 74,
    matches: (finding, context) => {
      if (finding.kind === "missing-program") return missingProgram(finding, /^(?:cl|link|rc|nmake|lib)$/i);
      if (finding.kind === "installer") return coded(finding, "no-msvc");
      if (finding.kind === "build-tool")
        return said(
          finding,
          /MSB8020|MSB8036|Visual Studio .* could not find any instance|Running 'nmake' '-\?' failed/,
        );
      // Said by torch when cl is not on PATH; setuptools or nvcc found Visual Studio's tools all the same.
      if (finding.kind === "warning" && ofLog(context, clSpeaks)) return undefined;
      return (
        said(
          finding,
          /Error checking compiler version for cl(?!.*(?:codec can't|WinError 740))|\['where', 'cl'\]|Microsoft Visual C\+\+ \d+\.\d+ (?:or greater )?is required|Unable to find vcvarsall|Could not (?:locate|find) a supported Microsoft Visual C\+\+ installation|DISTUTILS_USE_SDK is not set|command 'cl\.exe' failed|Cannot find compiler 'cl\.exe'/,
        ) ?? undefined
      );
    },
    // A warning alone may be of a build that stopped for another reason.
    confidence: (match) =>
      match.finding.severity === "warning" &&
      match.context.findings.some(
        ({ kind, severity, frames }) =>
          severity === "error" &&
          // setup.py goes on without cl and ends for what torch.version.cuda is.
          (kind === "build-tool" ||
            (kind === "exception" && frames?.join(" ").includes("torch.version.cuda") === true)),
      )
        ? "medium"
        : "high",
    cause: (match) =>
      /DISTUTILS_USE_SDK is not set/.test(match.finding.message)
        ? "A Visual Studio environment is active, but setuptools would start another one of its own choice: DISTUTILS_USE_SDK tells it to keep the active one."
        : "cl.exe is not found: the C++ build tools of Visual Studio are not installed, or the build was not started from a developer prompt.",
    fix: (match) => [
      // Source: github.com/ilammy/msvc-dev-cmd; GitHub's images for Windows have Visual Studio.
      ...(match.context.log.hostedRunner
        ? [
            "# the workflow, before that step:  - uses: ilammy/msvc-dev-cmd@v1   (GitHub's runner has Visual Studio; this sets its environment for the steps below)",
            '# and for that step:  env: { DISTUTILS_USE_SDK: "1" }',
            "# on a computer of one's own:",
          ]
        : []),
      '# install "Desktop development with C++" (https://visualstudio.microsoft.com/visual-cpp-build-tools/), then in the x64 Native Tools Command Prompt, or:',
      '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"',
      "set DISTUTILS_USE_SDK=1",
    ],
    sources: ["NVIDIA/apex#938", "pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: "UserWarning: Error checking compiler version for cl: [WinError 2] The system cannot find the file specified",
        expect: "vcvars64",
      },
      {
        text: "subprocess.CalledProcessError: Command '['where', 'cl']' returned non-zero exit status 1.",
        expect: "DISTUTILS_USE_SDK",
      },
      {
        text: "UserWarning: It seems that the VC environment is activated but DISTUTILS_USE_SDK is not set.",
        expect: "DISTUTILS_USE_SDK=1",
      },
      {
        text: 'error: Microsoft Visual C++ 14.0 or greater is required. Get it with "Microsoft C++ Build Tools"',
        expect: "vcvars64",
      },
      { text: "nvcc fatal   : Cannot find compiler 'cl.exe' in PATH", expect: "x64 Native Tools" },
    ],
  },
  {
    id: "windows-program-not-found",
    title: "Windows does not find a program that the build starts",
    on: ["missing-program", "exception", "build-tool", "installer"],
    specificity: 60,
    matches: (finding, context) =>
      // The line that starts it names it: no CUDA toolkit, which is told elsewhere.
      finding.frames?.some((frame) => /["'][\\/]?bin[\\/]{1,2}nvcc/.test(frame)) === true
        ? undefined
        : (finding.kind === "missing-program" && finding.program === "") ||
            /\[WinError 2\]|CreateProcess(?: failed)?: The system cannot find the file specified|CreateProcess failed: Command attempted/.test(
              finding.message,
            )
          ? { program: startedProgram(framesAt({ finding, context, facts: {} })) }
          : undefined,
    confidence: (match) => (match.facts["program"] === undefined ? "medium" : "high"),
    cause: (match) =>
      match.facts["program"] !== undefined
        ? `The set-up script starts \`${match.facts["program"]}\`, and Windows finds no such program on PATH.`
        : "The build starts a program by name and Windows does not find it: nvcc (CUDA_HOME), cl.exe (no developer prompt), ninja or git is not on PATH, or CUDA_HOME names a folder without bin\\nvcc.exe.",
    fix: (match) => {
      const { program } = match.facts;
      const command = program === undefined ? undefined : installs[program];
      if (program !== undefined && command !== undefined)
        return [
          command(match),
          `where ${program}   # in a new prompt: it has to be found, then the same command again`,
          ...(packageToBuild(match) === "." ? [] : [pip(match, `install --no-build-isolation ${wordsToBuild(match)}`)]),
        ];
      return [
        "where nvcc & where cl & where ninja & echo %CUDA_HOME%",
        "# run in the x64 Native Tools Command Prompt (vcvars64.bat), with CUDA_HOME set to the toolkit's folder",
        "set DISTUTILS_USE_SDK=1",
      ];
    },
    sources: ["pytorch/pytorch#101138", "Dao-AILab/flash-attention#203", "Dao-AILab/flash-attention#204"],
    examples: [
      {
        text: '  File "C:\\Temp\\pip-install-2k\\my-ops_0a\\setup.py", line 120, in <module>\n    subprocess.run(["git", "submodule", "update", "--init", "csrc/cutlass"])\n  File "c:\\python38\\lib\\subprocess.py", line 493, in run\n    with Popen(*popenargs, **kwargs) as process:\n  File "c:\\python38\\lib\\subprocess.py", line 1311, in _execute_child\n    hp, ht, pid, tid = _winapi.CreateProcess(executable, args,\nFileNotFoundError: [WinError 2] The system cannot find the file specified',
        expect: "winget install --id Git.Git",
      },
      { text: "error: [WinError 2] The system cannot find the file specified", expect: "where nvcc" },
      { text: "ninja: fatal: CreateProcess: The system cannot find the file specified.", expect: "cl.exe" },
      {
        text: "CreateProcess failed: The system cannot find the file specified.\n  File \"C:\\Users\\me\\Temp\\pip-install-x1\\my-ops_2\\setup.py\", line 271, in run\n    urllib.request.urlretrieve(wheel_url, wheel_filename)\nurllib.error.HTTPError: HTTP Error 404: Not Found\nsubprocess.CalledProcessError: Command '['ninja', '-v']' returned non-zero exit status 1.",
        expect: "cl.exe",
      },
    ],
  },
  {
    id: "host-compiler-missing",
    title: "The C++ compiler is not installed",
    on: ["missing-program", "build-tool", "driver"],
    specificity: 70,
    matches: (finding) => {
      if (finding.kind === "missing-program")
        return missingProgram(
          finding,
          /^(?:C|g\+\+|gcc|c\+\+|cc|clang|clang\+\+|cc1plus|cc1|as|x86_64[\w-]*(?:gcc|g\+\+|cc|c\+\+)|aarch64[\w-]*(?:gcc|g\+\+|cc|c\+\+)|icpx|icx)(?:-\d+(?:\.\d+)*)?$/,
        );
      if (finding.kind === "driver")
        return finding.tool === "nvcc"
          ? said(
              finding,
              /Failed to preprocess host compiler properties|Failed to (?:find|locate) (?:the )?host compiler/,
            )
          : undefined;
      return said(
        finding,
        /No CMAKE_C(?:XX)?_COMPILER could be found|CMAKE_C(?:XX)?_COMPILER not set|The CMAKE_C(?:XX)?_COMPILER:.*is not a full path/s,
      );
    },
    // Of Rust or Node alone, which need a linker and nothing of torch.
    confidence: ({ finding, context: { log } }) =>
      /linker [`'"]cc/.test(finding.text) && log.tch === undefined && log.torch === undefined && !log.torchIncluded
        ? "low"
        : "high",
    cause: (match) =>
      /^cc1(?:plus)?$/.test(match.facts["name"] ?? "")
        ? "gcc is installed but its C++ part (cc1plus) is not, or gcc and g++ are of different versions."
        : /-conda(?:_cos\d+)?-linux-gnu-/.test(match.facts["name"] ?? "")
          ? `\`${match.facts["name"] ?? ""}\` is conda's own compiler: conda's Python was built with it and names it to every build (or CC and CXX do), and it is not in this environment, or the environment is not active.`
          : `${match.facts["name"] === undefined ? "No host compiler" : `\`${match.facts["name"]}\``} is ${match.facts["name"] === undefined ? "" : "not "}found: it is not installed, or CC or CXX (or a conda environment that was moved) names one that does not exist.`,
    fix: (match) =>
      platformOf(match) === "win32"
        ? [
            '# install "Desktop development with C++" (https://visualstudio.microsoft.com/visual-cpp-build-tools/), then in the x64 Native Tools Command Prompt, or:',
            '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"',
            "set CC=& set CXX=",
          ]
        : /-conda(?:_cos\d+)?-linux-gnu-/.test(match.facts["name"] ?? "")
          ? condaCompiler(match)
          : numbered(match) !== undefined
            ? numberedCompiler(match)
            : /^clang/.test(match.facts["name"] ?? "") && platformOf(match) === "linux"
              ? clangUnderItsName(match)
              : (gccUnderItsName(match) ?? [
                  ...systemPackage(match, { apt: "build-essential", dnf: "gcc-c++", brew: "llvm", conda: "gxx" }),
                  'echo "$CC $CXX"   # do these exist? otherwise: unset CC CXX',
                ]),
    sources: ["https://gcc.gnu.org/install/"],
    examples: [
      { text: "error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory", expect: "build-essential" },
      { text: "gcc: fatal error: cannot execute 'cc1plus': execvp: No such file or directory", expect: "cc1plus" },
      { text: "/bin/sh: 1: x86_64-conda-linux-gnu-c++: not found", expect: "gxx" },
      {
        text: "unable to execute 'x86_64-conda_cos6-linux-gnu-gcc': No such file or directory",
        expect: "gxx_linux-64=7.3",
      },
      {
        text: '$ ls /usr/bin/clang*\n/usr/bin/clang++-15\n/usr/bin/clang++-19\n/usr/bin/clang-15\n/usr/bin/clang-19\n$ CC=clang CXX=clang++ pip install --no-build-isolation .\nccache: error: Could not find compiler "clang++" in PATH\nERROR: Failed building wheel for a',
        expect: "export CXX=clang++-19",
      },
      { text: "error: command 'clang-18' failed: No such file or directory", expect: "apt-get install clang-18" },
      { text: "/bin/sh: 1: clang++: not found", expect: "apt-get install clang" },
      {
        text: "-- Building for: NMake Makefiles\nCMake Error at CMakeLists.txt:2 (project):\n  No CMAKE_CXX_COMPILER could be found.",
        expect: "vcvars64.bat",
      },
    ],
  },
  {
    id: "program-path-split",
    title: "The path of a program is cut off at a space",
    on: ["missing-program"],
    specificity: 45,
    matches: (finding) => {
      const program = finding.program ?? "";
      const parts = program.split(/[\\/]/);
      const name = parts.at(-1) ?? "";
      return parts.length > 2 &&
        /^[A-Za-z]{2,12}$/.test(name) &&
        !knownProgram.test(name) &&
        !/[\\/]s?bin[\\/]/.test(program)
        ? { program }
        : undefined;
    },
    confidence: "medium",
    cause: (match) =>
      `The shell looks for \`${match.facts["program"] ?? ""}\`, which looks like the first half of a path with a space in it ("Program Files", a folder of two words): CUDA_HOME, CC, CXX, PATH or the project's own path is not quoted where it is used. (Or that file is truly not there.)`,
    fix: (match) => [
      `ls -d "${match.facts["program"] ?? ""}"*`,
      'echo "CUDA_HOME=[$CUDA_HOME] CC=[$CC] CXX=[$CXX]"',
      "# name things by paths without spaces: a link (ln -s '/path with space' ~/p), on Windows the short name (C:\\Progra~1); in WSL use Linux's CUDA, not Windows's under /mnt/c",
    ],
    sources: ["https://docs.nvidia.com/cuda/wsl-user-guide/"],
    examples: [{ text: "/bin/sh: 1: /mnt/c/Program: not found", expect: "WSL" }],
  },
  {
    id: "program-missing",
    title: "A program that the build calls is not installed",
    on: ["missing-program", "installer"],
    role: "symptom",
    specificity: 40,
    matches: (finding) => {
      if (finding.kind === "installer")
        return /Cannot find command 'git'/.test(finding.text) ? { name: "git" } : undefined;
      const name = baseName(finding.program ?? "").replace(/\.exe$/i, "");
      const path = /[\\/]/.test(finding.program ?? "") && finding.tool === "shell" ? finding.program : undefined;
      return name === "" ||
        /^(?:retorch|source|pushd|popd|shopt|declare|mapfile|module|ml|\.|-)$|^(?:retorch|\.|-)/.test(name)
        ? undefined
        : { name, path };
    },
    confidence: (match) =>
      /^(?:cmake|git|make|which|patchelf|ld|ccache|sccache|swig|bash|unzip|wget|curl)$/.test(match.facts["name"] ?? "")
        ? "high"
        : "medium",
    cause: (match) =>
      match.facts["name"] === "ld"
        ? "gcc finds no linker. It says `ld` whichever it looked for: with -fuse-ld=lld, gold or mold in the flags that one is not installed (as ld.lld, ld.gold, ld.mold beside gcc's own programs); without, binutils are missing."
        : match.facts["path"] !== undefined
          ? `The shell was to run \`${match.facts["path"]}\`, and there is no program at that path${/path[\\/]to|your|<|…/i.test(match.facts["path"]) ? ": it is the placeholder of a manual, to be replaced by the real place" : ": it counts from the folder of the prompt, or the program lies elsewhere"}.`
          : `The build starts \`${match.facts["name"] ?? ""}\`, which is not installed or not on PATH.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      if (match.facts["path"] !== undefined)
        return platformOf(match) === "win32" || /\.exe$/.test(match.facts["path"])
          ? [
              `dir /s /b ${name}.exe   # where is it? PowerShell: Get-ChildItem -Recurse -Filter ${name}.exe`,
              ...(/python_embed/.test(match.facts["path"])
                ? [
                    ".\\python_embeded\\python.exe -s -m pip install -r requirements.txt   # in the folder that holds python_embeded",
                  ]
                : []),
            ]
          : [`ls -l ${match.facts["path"]}; command -v ${name}   # another place?`];
      if (
        /^(?:cmake|patchelf|uv|uvx|meson|cython|cythonize|pytest|ruff|hatch|poetry|pdm|conan|scikit-build|pybind11-config)$/.test(
          name,
        )
      )
        return [
          `${python(match)} -m pip install ${name === "uvx" ? "uv" : name === "cythonize" ? "cython" : name.replace("-config", "")}`,
        ];
      if (/^pip3?$/.test(name))
        return [
          `${python(match)} -m pip --version   # in place of pip; without sudo, which has another PATH and another Python`,
          "sudo apt-get install python3-pip",
        ];
      if (name === "python")
        return [
          "python3 --version   # there? then python3 in place of python, or:",
          "sudo apt-get install python-is-python3   # Debian and Ubuntu; elsewhere activate the environment (conda, venv) first",
        ];
      if (name === "nvidia-smi") return ["# comes with the NVIDIA driver; in a container: docker run --gpus all …"];
      if (name === "ld")
        return [
          ...(match.context.log.conda || /-conda\w*-linux-gnu/.test(match.finding.text)
            ? [
                "conda install -c conda-forge gxx_linux-64 binutils_linux-64   # conda's gcc takes conda's linker (x86_64-conda-linux-gnu-ld) alone; then conda deactivate && conda activate",
              ]
            : []),
          'echo "$LDFLAGS $CFLAGS $CXXFLAGS"   # -fuse-ld=… in there, or in the build\'s own flags? drop it, or install what it names:',
          ...systemPackage(match, { apt: "binutils lld mold" }),
        ];
      return programPackage(match, name);
    },
    sources: [],
    examples: [
      { text: "FileNotFoundError: [Errno 2] No such file or directory: 'cmake'", expect: "install cmake" },
      {
        text: "Collecting git+https://github.com/a/b.git\n  ERROR: Error [Errno 2] No such file or directory: 'git' while executing command git version\nERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?",
        expect: "apt-get install git",
      },
    ],
  },
];
