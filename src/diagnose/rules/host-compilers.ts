/** Host compilers that are there and do not fit: too new or too old for CUDA or torch. */
import { firstCudaForGcc, newestGccFor } from "../tables/version-facts.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import { useToolset } from "../commands/visual-studio.ts";
import { installAgain, pip, platformOf, setVariable, systemPackage, torchCuda } from "../commands/commands.ts";
import { type Match, placeOf, type Rule, said } from "../rule.ts";

/** The CUDA that refused: of the message, of the log, else the one that is installed. */
function cudaOf(match: Match): string | undefined {
  return match.facts["cuda"] ?? match.context.log.cuda ?? match.context.environment?.cuda?.version;
}

/** Whether it is another CUDA than the one that is installed: then nothing of this machine is known to fit it. */
function isOtherCuda(match: Match): boolean {
  const here = match.context.environment?.cuda?.version;
  const said = match.facts["cuda"] ?? match.context.log.cuda;
  return said !== undefined && here !== undefined && said !== here.split(".").slice(0, 2).join(".");
}

function gccMajor(match: Match): string | undefined {
  const said = match.facts["newest"];
  if (said !== undefined) return said;
  const bounds = isOtherCuda(match) ? undefined : match.context.environment?.cuda?.hostCompilers?.gccNewest;
  const cuda = cudaOf(match);
  const newest = bounds ?? (cuda === undefined ? undefined : newestGccFor(cuda));
  return newest === undefined ? undefined : String(newest);
}

/** An installed compiler that is not newer than the bound. */
function supportedCompiler(match: Match): string | undefined {
  if (isOtherCuda(match)) return undefined;
  const newest = Number(gccMajor(match) ?? "0");
  return match.context.hostCompilers?.find(
    (compiler) => compiler.family === "gcc" && (compiler.version[0] ?? 99) <= newest,
  )?.path;
}

/** The last toolset of each Visual Studio: https://learn.microsoft.com/cpp/overview/compiler-versions. */
const toolsetOf: Readonly<Record<string, string>> = { "2015": "14.0", "2017": "14.16", "2019": "14.29" };

/** Toolsets of Visual Studio, newest first, each with the CUDA from which nvcc and the headers of that toolset go together. */
const toolsets: readonly (readonly [toolset: string, cuda: readonly [number, number]])[] = [
  ["14.44", [12, 4]],
  ["14.38", [11, 6]],
  ["14.29", [10, 1]],
  ["14.16", [9, 2]],
];

/**
 * The toolset that nvcc takes; since CUDA 12.4 it knows all of Visual Studio 2022 (crt/host_config.h: _MSC_VER < 1950). The C++
 * library of a toolset names the CUDA that it wants (yvals_core.h, STL1002), which is newer than the one that compiles.
 */
function toolsetFor(match: Match): string {
  const named = toolsetOf[match.facts["to"] ?? ""];
  if (named !== undefined) return named;
  const { file = "", text } = match.finding;
  const cuda = /[\\/]v(\d+\.\d+)[\\/]/.exec(text)?.[1] ?? match.context.log.cuda ?? torchCuda(match);
  const wanted = match.facts["cuda"];
  const refused = /[\\/]MSVC[\\/](\d+\.\d+)/.exec(`${file} ${text}`)?.[1];
  return (
    toolsets.find(
      ([toolset, from]) =>
        (cuda === undefined
          ? wanted === undefined
            ? toolset === "14.38"
            : compareVersions(parseVersion(wanted), from) > 0
          : compareVersions(parseVersion(cuda), from) >= 0) &&
        (refused === undefined ||
          wanted === undefined ||
          compareVersions(parseVersion(toolset), parseVersion(refused)) < 0),
    )?.[0] ?? "14.16"
  );
}

/** A toolset from before the one that nvcc does not understand. */
function toolsetBelow(msvc: string | undefined): string {
  if (msvc === undefined || compareVersions(parseVersion(msvc), [14, 40]) >= 0) return "14.38";
  return compareVersions(parseVersion(msvc), [14, 30]) >= 0 ? "14.29" : "14.28";
}

/** EasyBuild names its compilers by whole releases: those of the common toolchains (docs.easybuild.io, "Common toolchains"). */
const easyBuildGcc: Readonly<Record<string, string>> = {
  "9": "9.3.0",
  "10": "10.3.0",
  "11": "11.3.0",
  "12": "12.3.0",
  "13": "13.3.0",
};

/** The module of a gcc in the words of the text. */
function loadsGcc(match: Match, newest: string): string {
  const { gccModule, gccModuleName } = match.context.log;
  const wanted = `${gccModuleName ?? "gcc"}/${gccModuleName === "GCC" ? (easyBuildGcc[newest] ?? newest) : newest}`;
  // One that is loaded already may stand in the way of another.
  const load = gccModule === undefined || gccModule === wanted ? "load" : `swap ${gccModule}`;
  return `module avail ${gccModuleName ?? "gcc"} 2>&1 | grep -i ${gccModuleName ?? "gcc"}; module ${load} ${wanted}   # ${gccModuleName === undefined ? "as it is called there" : "the release that the list has"}; after the CUDA module, which may bring a gcc of its own`;
}

export const hostCompilerRules: readonly Rule[] = [
  {
    id: "host-compiler-too-new",
    title: "The host compiler is newer than this CUDA supports",
    on: ["compile", "exception", "driver", "build-tool"],
    specificity: 90,
    matches: (finding) => {
      const facts =
        said(finding, /unsupported GNU version! gcc versions later than (?<newest>\d+) are not supported/) ??
        said(finding, /unsupported clang version! clang version must be less than (?<clang>\d+)/) ??
        said(
          finding,
          /unsupported (?:clang|Intel|PGI|IBM|XL|GNU|HPC|NVHPC|ICC|Arm) (?:C\+\+ )?(?:version|compiler|ICC|configuration)/i,
        ) ??
        said(
          finding,
          /current installed version of \S+ \((?<have>[\d.]+)\) is greater than the maximum required version(?: by CUDA (?<cuda>[\d.]+?)\.?)?(?: \((?<bound>[\d.]+)\)| Please make sure .*?<(?<below>=?[\d.]+)| ?(?:…|\.{3})?$)/,
        ) ??
        said(
          finding,
          /The version \('(?<have>[\d.]+)'\) of the host compiler \('(?<name>[\w ]+)'\) is not supported/,
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
      if (/clang/.test(match.facts["name"] ?? ""))
        return [
          "export CC=gcc CXX=g++ CUDAHOSTCXX=g++ NVCC_PREPEND_FLAGS='-ccbin g++'   # gcc as host compiler; then a clean build folder",
          "# or a clang that this CUDA names in its Installation Guide (CUDA 10.0: clang 6; 11: 12; 12.0: 15; 13: 20), or a newer CUDA",
        ];
      const newest = gccMajor(match) ?? "11";
      const there = supportedCompiler(match);
      if (there === undefined && match.context.log.usesModules)
        return [
          loadsGcc(match, newest),
          'export CC=$(which gcc) CXX=$(which g++) CUDAHOSTCXX=$(which g++) NVCC_PREPEND_FLAGS="-ccbin $(which g++)"; $CXX --version | head -1',
          `# no gcc ${newest} there: conda install -c conda-forge gxx=${newest}, or a newer CUDA module${forNext(Number(newest) + 1)}`,
        ];
      // conda's gxx has links without a prefix.
      const conda = there === undefined && match.context.log.conda && platformOf(match) !== "darwin";
      const cxx = there ?? (conda ? "$CONDA_PREFIX/bin/g++" : `/usr/bin/g++-${newest}`);
      return [
        ...(there === undefined
          ? systemPackage(match, {
              apt: `gcc-${newest} g++-${newest}`,
              dnf: `gcc-toolset-${newest}`,
              conda: `gxx=${newest}`,
            })
          : []),
        `export CC=${cxx.replace(/g\+\+/, "gcc")} CXX=${cxx}`,
        `export NVCC_PREPEND_FLAGS="-ccbin ${cxx}"   # for builders that do not pass CC on to nvcc`,
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
        text: "Loading cuda/11.7.1\nLoading gcc/12.2.0\n+ srun --ntasks=1 deepspeed --num_gpus=4 train.py --bf16\n/apps/cuda/11.7.1/include/crt/host_config.h:132:2: error: #error -- unsupported GNU version! gcc versions later than 11 are not supported!\nninja: build stopped: subcommand failed.\nsrun: error: gpu-a07: task 0: Exited with exit code 1",
        expect: "module swap gcc/12.2.0 gcc/11",
      },
      {
        text: "module load libs/nvidia-cuda/11.2.0\n/opt/pkg/cuda/include/crt/host_config.h:139:2: error: #error -- unsupported GNU version! gcc versions later than 10 are not supported!",
        expect: "module load gcc/10",
      },
      {
        text: "$ module list\nCurrently Loaded Modules:\n  1) GCCcore/13.2.0                 4) GCC/13.2.0      7) Python/3.11.5-GCCcore-13.2.0\n$ sh make.sh\n/apps/software/CUDA/12.1.1/include/crt/host_config.h:132:2: error: #error -- unsupported GNU version! gcc versions later than 12 are not supported!",
        expect: "module load GCC/12.3.0",
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
        /You're trying to build PyTorch with a too old version of GCC|You need (?:at least )?GCC (?<need>[\d.]+)|[Gg]cc (?:version )?(?<need2>\d+(?:\.\d+)?) or (?:later|higher|newer) is required|#error.*GCC.*(?:too old|>= ?\d)|(?:MSVC|Visual Studio)(?: \w+)? version (?<need3>[\d.]+) or (?:later|higher|newer) is required|STL1001: Unexpected compiler version, expected MSVC (?<need4>[\d.]+) or newer|Your compiler \(.*\) may be ABI-incompatible|#error.*(?:requires|needs) (?:at least )?(?:MSVC|Visual Studio|GCC|Clang) (?<need5>\d[\d.]*)/,
      ),
    confidence: "high",
    cause: (match) =>
      `The host compiler${match.facts["have"] === undefined ? "" : ` (${match.facts["have"]})`} is older than what torch or CUDA needs${match.facts["need"] === undefined ? "" : ` (${match.facts["need"]})`}.`,
    fix: (match) => {
      // New enough for torch, and not too new for the CUDA at hand.
      const gcc = Math.min(11, Number(gccMajor(match) ?? "11"));
      return platformOf(match) === "win32"
        ? [
            '# Visual Studio 2022 Build Tools, workload "Desktop development with C++" (https://visualstudio.microsoft.com/visual-cpp-build-tools/), then:',
            '"C:\\Program Files\\Microsoft Visual Studio\\2022\\BuildTools\\VC\\Auxiliary\\Build\\vcvars64.bat"',
          ]
        : match.context.log.usesModules
          ? [loadsGcc(match, String(gcc)), "export CC=$(which gcc) CXX=$(which g++); $CXX --version | head -1"]
          : [
              ...systemPackage(match, { apt: `gcc-${gcc} g++-${gcc}`, dnf: `gcc-toolset-${gcc}`, conda: `gxx=${gcc}` }),
              // conda's gxx has links without a prefix.
              match.context.log.conda && platformOf(match) !== "darwin"
                ? "export CC=$CONDA_PREFIX/bin/gcc CXX=$CONDA_PREFIX/bin/g++"
                : `export CC=gcc-${gcc} CXX=g++-${gcc}`,
            ];
    },
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: "RuntimeError: The current installed version of g++ (4.8.5) is less than the minimum required version by CUDA 11.8 (6.0.0). Please make sure to use an adequate version of g++ (>=6.0.0, <12.0).",
        expect: "4.8.5",
      },
      {
        text: '+ module load cuda/12.6.3\n/e/lib/python3.11/site-packages/torch/include/c10/util/C++17.h:13:2: error: #error "You\'re trying to build PyTorch with a too old version of GCC. We need GCC 9 or later."',
        expect: "module load gcc/11",
      },
      {
        text: '(ops) jo@box:~/p$ conda list torch\n/home/jo/miniconda3/envs/ops/lib/python3.11/site-packages/torch/include/c10/util/C++17.h:13:2: error: #error "You\'re trying to build PyTorch with a too old version of GCC. We need GCC 9 or later."',
        expect: "CC=$CONDA_PREFIX/bin/gcc",
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
    fix: (match) => [
      "# a newer CUDA toolkit, or an older MSVC toolset (Visual Studio Installer > Individual components), called before the build:",
      `"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64 -vcvars_ver=${toolsetBelow(match.facts["msvc"])}`,
      "cl 2>&1 | findstr Version   # which one is used",
    ],
    sources: ["NVlabs/tiny-cuda-nn#195", "NVlabs/nvdiffrec#92", "pytorch/pytorch#18602"],
    examples: [
      {
        text: 'D:/VS/VC/Tools/MSVC/14.29.30133/include\\type_traits(1776): error: class template "std::_Function_args" has already been defined',
        expect: "-vcvars_ver=14.28",
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
        /unsupported Microsoft Visual Studio version|STL1002: Unexpected compiler version, expected CUDA (?<cuda>\d[\d.]*\d) or newer/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["cuda"] === undefined
        ? `nvcc accepts Visual Studio ${match.facts["from"] ?? ""}${match.facts["to"] === undefined ? "" : ` to ${match.facts["to"]}`}, and the cl.exe that is found first is of another version (usually newer than this CUDA).`
        : `This Visual Studio's C++ library asks for CUDA ${match.facts["cuda"]} or newer.`,
    fix: (match) => {
      const newer =
        match.facts["cuda"] === undefined
          ? "# or a newer CUDA toolkit; for a try: set NVCC_APPEND_FLAGS=-allow-unsupported-compiler"
          : `# or CUDA ${match.facts["cuda"]} or newer; for a try: set NVCC_APPEND_FLAGS=-D_ALLOW_COMPILER_AND_STL_VERSION_MISMATCH -allow-unsupported-compiler`;
      // Source: actions/runner-images#14004: windows-latest and windows-2025 have Visual Studio 2026.
      if (match.context.log.hostedRunner && match.facts["to"] === "2022")
        return [
          "# the workflow, the job: runs-on: windows-2022   in place of windows-latest or windows-2025, whose Visual Studio is of 2026",
          newer,
        ];
      return [
        ...useToolset(match, toolsetFor(match)),
        newer,
        // CMake's generator for Visual Studio takes the newest cl.exe, whichever prompt it is started from.
        ...(match.context.findings.some(({ text }) => /\.vcxproj\b/.test(text))
          ? [pip(match, "install ninja"), setVariable(match, "CMAKE_GENERATOR", "Ninja")]
          : []),
        ...installAgain(match),
      ];
    },
    sources: ["TencentARC/BrushEdit#17", "nerfstudio-project/nerfstudio#3171"],
    examples: [
      {
        text: "C:/CUDA/v11.8/include\\crt/host_config.h(153): fatal error C1189: #error:  -- unsupported Microsoft Visual Studio version! Only the versions between 2017 and 2022 (inclusive) are supported!",
        expect: "VC.14.38.17.8.x86.x64",
      },
      {
        text: "Run python -m build --wheel --no-isolation\n  IC:\\hostedtoolcache\\windows\\Python\\3.11.9\\x64\\Lib\\site-packages\nC:\\CUDA\\v12.8\\include\\crt/host_config.h(169): fatal error C1189: #error:  -- unsupported Microsoft Visual Studio version! Only the versions between 2017 and 2022 (inclusive) are supported!",
        expect: "runs-on: windows-2022",
      },
      {
        text: "PS C:\\ai> uv pip install --no-build-isolation -e .\nC:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v12.8\\include\\crt/host_config.h(164): fatal error C1189: #error:  -- unsupported Microsoft Visual Studio version! Only the versions between 2017 and 2022 (inclusive) are supported!\nMicrosoft (R) C/C++ Optimizing Compiler Version 19.50.35717 for x64",
        expect: "-vcvars_ver=14.44",
      },
      {
        text: 'C:\\ai> "C:\\Program Files\\Microsoft Visual Studio\\2022\\Professional\\VC\\Tools\\MSVC\\14.42.34433\\bin\\HostX64\\x64\\cl.exe"\nC:\\CUDA\\v12.1\\include\\crt/host_config.h(153): fatal error C1189: #error:  -- unsupported Microsoft Visual Studio version! Only the versions between 2017 and 2022 (inclusive) are supported!',
        expect: 'modify --installPath "C:\\Program Files\\Microsoft Visual Studio\\2022\\Professional"',
      },
      {
        text: 'C:\\p>set CMAKE_ARGS="-DGGML_CUDA=on"\nC:\\p>pip install llama-cpp-python==0.2.79 --no-cache-dir\nC:\\CUDA\\v11.8\\include\\crt/host_config.h(153): fatal error C1189: #error:  -- unsupported Microsoft Visual Studio version! Only the versions between 2017 and 2022 (inclusive) are supported! [C:\\t\\cmTC_d9b18.vcxproj]',
        expect: "set CMAKE_ARGS=-DGGML_CUDA=on\npython -m pip install llama-cpp-python==0.2.79 --no-cache-dir",
      },
      {
        text: '[1/3] C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v12.1\\bin\\nvcc --use-local-env -c a.cu -o a.o\nC:\\Program Files\\Microsoft Visual Studio\\2022\\BuildTools\\VC\\Tools\\MSVC\\14.41.34120\\include\\yvals_core.h(898): error: static assertion failed with "error STL1002: Unexpected compiler version, expected CUDA 12.4 or newer."',
        expect: "x64 -vcvars_ver=14.38",
      },
      {
        text: 'C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v12.6\\bin\\nvcc --use-local-env -c a.cu\nC:\\Program Files\\Microsoft Visual Studio\\18\\Community\\VC\\Tools\\MSVC\\14.50.35717\\include\\yvals_core.h(908): error: static assertion failed with "error STL1002: Unexpected compiler version, expected CUDA 12.8 or newer."',
        expect: '2022\\BuildTools\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64 -vcvars_ver=14.44',
      },
      {
        text: 'C:\\BuildTools\\VC\\Tools\\MSVC\\14.36.32532\\include\\yvals_core.h(842): error: static assertion failed with "error STL1002: Unexpected compiler version, expected CUDA 11.6 or newer."',
        expect: "x64 -vcvars_ver=14.29",
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
    id: "tuple-of-gcc-5",
    title: "The C++ library is older than gcc 6",
    on: ["compile"],
    specificity: 76,
    matches: (finding) =>
      said(
        finding,
        // The quotation marks may come in another encoding, and take the letter behind them along.
        /converting to .{0,4}td::(?<name>tuple|pair)<.*from initializer list would use explicit constructor .{0,4}(?:onstexpr )?s?td::/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`return { a, b };\` into a std::${match.facts["name"] ?? "tuple"} (${placeOf(match.finding)}) is allowed since the C++ library of gcc 6; up to gcc 5 its constructor is explicit. The compiler that runs, or the library whose headers it reads, is that old; torch itself asks for gcc 9 by now.`,
    fix: (match) => [
      "g++ --version; echo $CC $CXX",
      ...systemPackage(match, { apt: "gcc-9 g++-9", conda: "gxx" }),
      "export CC=gcc-9 CXX=g++-9   # nvcc: CUDA 10.2 takes up to gcc 8 (gcc-8 g++-8), CUDA 11 and newer gcc 9; then rm -rf build",
      `# in the source: return std::make_${match.facts["name"] ?? "tuple"}(…);`,
    ],
    sources: ["NVlabs/tiny-cuda-nn#72"],
    examples: [
      {
        text: "/p/bindings.cpp:146:34: error: converting to ‘std::tuple<at::Tensor, at::Tensor>’ from initializer list would use explicit constructor ‘constexpr std::tuple<_T1, _T2>::tuple(_U1&&, _U2&&) [with _U1 = at::Tensor&]’",
        expect: "make_tuple",
      },
    ],
  },
];

/** ` (gcc 14: CUDA 12.4 or later)`, where that is known. */
function forNext(gcc: number): string {
  const cuda = firstCudaForGcc(gcc);
  return cuda === undefined ? "" : ` (gcc ${gcc}: CUDA ${cuda} or later)`;
}
