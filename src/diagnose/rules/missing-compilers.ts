/** C++ compilers that are not there, or that torch cannot ask for their version. */
import { platformOf, setVariable, systemPackage } from "../commands/commands.ts";
import { firstStudioThatWorks, installCompiler } from "../commands/visual-studio.ts";
import { missingProgram, ofLog } from "../matchers.ts";
import { shownPair } from "../facts/shown-compilers.ts";
import { coded, type Match, type Rule, type RuleContext, said } from "../rule.ts";

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

/** Whether the build's own nvcc flags name the program: a gcc of the machine that the project was written on. */
function namedByFlag(match: Match): boolean {
  const { name } = match.facts;
  return name !== undefined && match.context.log.hostByFlag === name && platformOf(match) === "linux";
}

/** Takes the flag out of the project's build: nvcc then takes the gcc that is there. */
function withoutFlag(match: Match): string[] {
  const name = (match.facts["name"] ?? "").replaceAll(/[.+]/g, "\\$&");
  const files =
    "--include='*.py' --include='*.toml' --include=CMakeLists.txt --include='*.cmake' --include='*.sh' --include=Makefile";
  return [
    `grep -rlE -e 'ccbin.*${name}' ${files} . | xargs -r sed -i.bak -E 's/["\\x27]--?ccbin[= ]${name}["\\x27],?//g; s/["\\x27]--?ccbin["\\x27], *["\\x27]${name}["\\x27],?//g; s/ --?ccbin[= ]${name}//g'   # takes the flag out; no file named: NVCC_PREPEND_FLAGS or NVCC_APPEND_FLAGS has it (unset them)`,
    `gcc --version | head -1   # the gcc that nvcc takes then; too new for this CUDA: install an older one and name it, -ccbin=g++-<N>`,
  ];
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

/** The path of a compiler that only a variable, or the Python's own configuration, can have named. */
function namedByPath(match: Match): string | undefined {
  const path = match.facts["path"] ?? "";
  return /^\/(?!(?:usr\/)?(?:local\/)?s?bin\/)\S+\/(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+)$/.test(path)
    ? path
    : undefined;
}

/** The system's compiler in place of a path that leads nowhere. */
function systemInPlaceOf(match: Match, path: string): string[] {
  return [
    setVariable(match, "CC", "gcc"),
    `${setVariable(match, "CXX", "g++")}   # in place of ${path}, which is not there; and mend the line (~/.bashrc, a script, an image) that sets it`,
    ...(match.context.hostCompilers?.some(({ family }) => family === "gcc") === true
      ? []
      : systemPackage(match, { apt: "build-essential", dnf: "gcc-c++", conda: "gxx" }).map((line) =>
          line.startsWith("#") ? line : `# no g++ is there: ${line}`,
        )),
  ];
}

/** How setuptools runs Visual Studio's script, and says that it failed. */
const failedScript = /(?:Command '|Error executing )cmd \/u \/c \\?"(?<script>[^"]{3,300}vcvarsall\.bat)\b/;

export const missingCompilerRules: readonly Rule[] = [
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
    id: "vcvarsall-failed",
    title: "Visual Studio's own script for its environment stops with an error",
    on: ["exception", "installer"],
    specificity: 78,
    matches: (finding, context) =>
      said(finding, failedScript) ??
      // setuptools says of it that there is no compiler, whatever the script stopped at.
      (finding.kind === "installer" && finding.code === "no-msvc"
        ? context.findings.map((other) => said(other, failedScript)).find((facts) => facts !== undefined)
        : undefined),
    confidence: "high",
    cause: (match) =>
      `Visual Studio is there, but \`${match.facts["script"] ?? "vcvarsall.bat"}\`, which setuptools runs to find cl.exe, ended with an error of its own: this Visual Studio has no C++ tools or no Windows SDK (or is half installed), or PATH is too long or has a quotation mark in it. setuptools tries the newest Visual Studio alone, though an older one may do. Where it says that Visual C++ 14.0 is required, it means no more than that.`,
    fix: () => [
      "# in a new cmd, in which no vcvars script ran yet:",
      ...firstStudioThatWorks,
      '# still not found: "The input line is too long" means a shorter PATH, "was unexpected at this time" a quotation mark in PATH; else Visual Studio Installer > Modify > "Desktop development with C++", with a Windows SDK',
    ],
    sources: ["pypa/setuptools: setuptools/_distutils/_msvccompiler.py", "https://github.com/microsoft/vswhere/wiki"],
    examples: [
      {
        text: 'subprocess.CalledProcessError: Command \'cmd /u /c "C:\\Program Files (x86)\\Microsoft Visual Studio\\2019\\BuildTools\\VC\\Auxiliary\\Build\\vcvarsall.bat" x86_amd64 && set\' returned non-zero exit status 1.\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File "C:\\e\\lib\\site-packages\\setuptools\\msvc.py", line 180, in _msvc14_get_vc_env\n    ) from exc\ndistutils.errors.DistutilsPlatformError: Microsoft Visual C++ 14.0 or greater is required. Get it with "Microsoft C++ Build Tools": https://visualstudio.microsoft.com/visual-cpp-build-tools/',
        expect: "DISTUTILS_USE_SDK=1",
      },
      {
        text: 'error: Error executing cmd /u /c "C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvarsall.bat" x86_amd64 && set',
        expect: "ended with an error of its own",
      },
      {
        text: 'distutils.errors.DistutilsPlatformError: Error executing cmd /u /c "D:\\VS\\VC\\Auxiliary\\Build\\vcvarsall.bat" x86_amd64 && set',
        expect: "D:\\VS\\VC",
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
      ...installCompiler(match),
      '# a Visual Studio that is there needs "Desktop development with C++" (https://visualstudio.microsoft.com/visual-cpp-build-tools/); then in the x64 Native Tools Command Prompt, or:',
      '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"',
      "set DISTUTILS_USE_SDK=1",
    ],
    sources: ["NVIDIA/apex#938", "pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: "venv \"E:\\sd\\webui\\venv\\Scripts\\Python.exe\"\nLaunching Web UI with arguments: --api\n  File \"E:\\sd\\webui\\venv\\lib\\site-packages\\torch\\utils\\cpp_extension.py\", line 1308, in load\nsubprocess.CalledProcessError: Command '['where', 'cl']' returned non-zero exit status 1.",
        expect: 'cd /d "E:\\sd\\webui" && webui-user.bat',
      },
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
        expect: "winget install Microsoft.VisualStudio.2022.BuildTools --override",
      },
      { text: "nvcc fatal   : Cannot find compiler 'cl.exe' in PATH", expect: "x64 Native Tools" },
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
          : namedByFlag(match)
            ? `nvcc is told to use \`${match.facts["name"] ?? ""}\` as host compiler, and there is none on this machine: the project's own build (setup.py, CMakeLists.txt) has \`-ccbin=${match.facts["name"] ?? ""}\` among its flags for nvcc, the compiler of the machine that it was written on.`
            : namedByPath(match) !== undefined
              ? `\`${namedByPath(match) ?? ""}\` is not there: CC or CXX, or the configuration of this Python (a build that was moved), names it.`
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
          : namedByFlag(match)
            ? withoutFlag(match)
            : numbered(match) !== undefined
              ? numberedCompiler(match)
              : namedByPath(match) !== undefined && platformOf(match) === "linux"
                ? systemInPlaceOf(match, namedByPath(match) ?? "")
                : /^clang/.test(match.facts["name"] ?? "") && platformOf(match) === "linux"
                  ? clangUnderItsName(match)
                  : (gccUnderItsName(match) ?? [
                      ...systemPackage(match, { apt: "build-essential", dnf: "gcc-c++", brew: "llvm", conda: "gxx" }),
                      'echo "$CC $CXX"   # do these exist? otherwise: unset CC CXX',
                    ]),
    sources: ["https://gcc.gnu.org/install/", "ChristophReich1996/Cell-DETR#13"],
    examples: [
      {
        text: "/usr/local/cuda/bin/nvcc -I/e/include -c pau.cu -o build/temp.linux-x86_64-3.8/pau.o --compiler-options '-fPIC' -ccbin=gcc-7.2.0 -lineinfo\ngcc-7.2.0: No such file or directory\nnvcc fatal   : Failed to preprocess host compiler properties.",
        expect: "takes the flag out",
      },
      { text: "error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory", expect: "build-essential" },
      {
        text: "torch._inductor.exc.InductorError: FileNotFoundError: [Errno 2] No such file or directory: '/opt/gcc-9/bin/gcc'",
        expect: "export CXX=g++",
      },
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
      { text: "error: command 'clang-18' failed: No such file or directory", expect: "apt-get install -y clang-18" },
      { text: "/bin/sh: 1: clang++: not found", expect: "apt-get install -y clang" },
      {
        text: "-- Building for: NMake Makefiles\nCMake Error at CMakeLists.txt:2 (project):\n  No CMAKE_CXX_COMPILER could be found.",
        expect: "vcvars64.bat",
      },
    ],
  },
];
