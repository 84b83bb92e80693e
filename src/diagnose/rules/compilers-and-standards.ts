/** Compilers that do not know a C++ standard, or that stumble over torch's headers under one. */
import { gccForStandard } from "../tables/version-facts.ts";
import { platformOf, systemPackage } from "../commands/commands.ts";
import { baseName } from "../parsers/parser.ts";
import { type Match, placeOf, type Rule, said, saidAny } from "../rule.ts";

/** Whether the ambiguous std is the one of torch's compiled_autograd.h, or of no header that is known. */
function isAutograd(match: Match): boolean {
  return match.finding.file === undefined || /compiled_autograd/.test(match.finding.file);
}

/** clang's own words for a standard that it does not know. */
function isClang({ finding }: Match): boolean {
  return /invalid value ['‘]/.test(finding.message);
}

export const compilerStandardRules: readonly Rule[] = [
  {
    id: "cxx-standard-unknown-to-compiler",
    title: "The host compiler does not know this C++ standard",
    on: ["driver", "link"],
    specificity: 88,
    matches: (finding) =>
      finding.code === "D9002"
        ? said(finding, /ignoring unknown option ['"]?[-/]std:c\+\+(?<standard>\w+)/)
        : finding.tool === "nvcc" || finding.kind === "link"
          ? undefined
          : saidAny(
              finding,
              /unrecogni[sz]ed command[- ]line option [‘'"“]-?-?std=(?:c|gnu)\+\+(?<standard>\w+)/,
              /invalid value ['‘](?:c|gnu)\+\+(?<standard>\w+)['’] in ['‘]-std=/,
              /(?:unknown|unrecognized) (?:argument|option).*[-/]std[:=](?:c|gnu)\+\+(?<standard>\w+)/,
              /-std=(?:c|gnu)\+\+(?<standard>\w+).*(?:未识别|nicht erkannt|non reconnue|no reconocida)|(?:无法识别的命令行选项|nicht erkannte Kommandozeilenoption|option de ligne de commande .* non reconnue)[^-]*-std=(?:c|gnu)\+\+(?<standard2>\w+)/,
            ),
    // cl only warns of it; the errors below may have another cause.
    confidence: (match) => (match.finding.code === "D9002" ? "medium" : "high"),
    cause: (match) => {
      const standard = match.facts["standard"] ?? "";
      if (match.finding.code === "D9002")
        return `cl.exe is older than /std:c++${standard} and leaves it out, so that the code is compiled as C++14: ${standard === "20" ? "Visual Studio 2019 16.11 was the first that knew it" : standard === "17" ? "Visual Studio 2017 15.3 was the first that knew it" : "a newer Visual Studio knows it"}.`;
      if (isClang(match))
        return `The clang that was called is older than C++${standard}${standard === "20" ? " (clang 10 and newer know it by that name, Apple's from Xcode 12 on)" : ""}: an older one is found first (the distribution's, conda's, CC or CXX set to another version).`;
      return `The compiler that was called is older than C++${standard} (gcc ${gccForStandard(standard) ?? 11} and newer know it by that name): often a second, older compiler is found first (an old devtoolset, conda's, CC or CXX set to another version).`;
    },
    fix: (match) => {
      const gcc = Math.max(11, gccForStandard(match.facts["standard"] ?? "20") ?? 11);
      if (match.finding.code === "D9002")
        return [
          'winget install Microsoft.VisualStudio.2022.BuildTools --override "--passive --wait --add Microsoft.VisualStudio.Workload.VCTools --includeRecommended"',
          "# in a new cmd:",
          '"C:\\Program Files (x86)\\Microsoft Visual Studio\\2022\\BuildTools\\VC\\Auxiliary\\Build\\vcvars64.bat"',
          "set DISTUTILS_USE_SDK=1",
        ];
      if (isClang(match) && platformOf(match) === "darwin")
        return [
          "clang++ --version; xcode-select -p",
          "softwareupdate --list   # Command Line Tools for Xcode of a newer release; then softwareupdate --install with its label",
        ];
      return [
        'echo "$CC $CXX"; g++ --version',
        ...systemPackage(match, { apt: `gcc-${gcc} g++-${gcc}`, dnf: `gcc-toolset-${gcc}`, conda: `gxx=${gcc}` }),
        match.context.log.conda
          ? "export CC=$CONDA_PREFIX/bin/gcc CXX=$CONDA_PREFIX/bin/g++"
          : `export CC=gcc-${gcc} CXX=g++-${gcc}`,
      ];
    },
    change: (match) => {
      const gcc = gccForStandard(match.facts["standard"] ?? "20") ?? 11;
      const there = match.context.hostCompilers?.find(
        (compiler) => compiler.family === "gcc" && (compiler.version[0] ?? 0) >= gcc,
      );
      return there === undefined ? undefined : { kind: "set-host-compiler", path: there.path };
    },
    sources: ["osu-crypto/libOTe#181", "aristocratos/btop#89"],
    examples: [
      {
        text: "c++: error: unrecognized command line option ‘-std=c++20’; did you mean ‘-std=c++2a’?",
        expect: "gcc-11",
      },
      { text: "g++: error: unrecognized command line option '-std=c++17'", expect: "CXX" },
      { text: "error: invalid value 'c++20' in '-std=c++20'", expect: "clang 10" },
      {
        text: "cl : Command line warning D9002 : ignoring unknown option '/std:c++20'",
        expect: "Visual Studio 2019 16.11",
      },
    ],
  },
  {
    id: "msvc-std-ambiguous",
    title: "MSVC finds 'std' ambiguous in torch's headers",
    on: ["compile"],
    specificity: 90,
    matches: (finding) => (finding.code === "C2872" ? said(finding, /['"“]std['"”]/) : undefined),
    confidence: "high",
    cause: (match) =>
      isAutograd(match)
        ? `cl stumbles over ${match.finding.file === undefined ? "a torch header" : `\`${baseName(match.finding.file)}\``} when nvcc feeds it torch/extension.h: a known weakness of MSVC with torch's templates (compiled_autograd.h). torch has a way around it that USE_CUDA switches on.`
        : `cl takes the name \`std\` in a template of \`${placeOf(match.finding)}\` for two things: a fault of this Visual C++ with the libtorch of that time (Visual Studio 2017 with the first releases; C++17.h of libtorch 1.8 under /std:c++17).`,
    fix: (match) => {
      const { file = "", line = 1 } = match.finding;
      if (!isAutograd(match))
        return [
          `powershell -Command "$f='${file}'; $l=Get-Content $f; $l[${line - 1}]=$l[${line - 1}] -replace '(?<![:\\w])std::','::std::'; Set-Content $f $l"   # ::std:: in that line; the same for each line that is named`,
          ...(/C\+\+17\.h$/.test(file) ? ["# or compile as C++14: /std:c++14, CMAKE_CXX_STANDARD 14"] : []),
          "# or a newer LibTorch, whose headers say ::std there, with Visual Studio 2019 or newer",
        ];
      return [
        "set NVCC_APPEND_FLAGS=-DUSE_CUDA   # for the .cu files; then build again in the same prompt (PowerShell: $env:NVCC_APPEND_FLAGS='-DUSE_CUDA')",
        '# or in the build: nvcc flag -DUSE_CUDA   (retorch.toml: nvcc-flags = ["-DUSE_CUDA"])',
        "# and include torch/types.h or ATen/ATen.h instead of torch/extension.h in .cu files; keep pybind code in .cpp files",
        "# a fix in torch itself is proposed (pytorch#188952); which toolset stumbles differs with the release of torch (seen with MSVC 14.42 and 14.44)",
      ];
    },
    change: () => ({ kind: "add-flag", tool: "nvcc", flag: "-DUSE_CUDA" }),
    sources: [
      "pytorch/pytorch#188952",
      "pytorch/pytorch#148317",
      // What guards the place in 2.8 and in 2.9.
      "NVIDIA/Model-Optimizer#1761",
      "ashawkey/cubvh#31",
      "pytorch/pytorch#15697",
      "pytorch/pytorch#53409",
      "open-mmlab/mmcv#3308",
    ],
    examples: [
      {
        text: "C:/p/torch/include\\torch/csrc/dynamo/compiled_autograd.h(1076): error C2872: “std”: 不明确的符号",
        expect: "-DUSE_CUDA",
      },
      {
        text: "torch/csrc/dynamo/compiled_autograd.h(1143): error C2872: 'std': ambiguous symbol",
        expect: "torch/types.h",
      },
      {
        text: "C:\\libtorch\\include\\torch\\csrc\\api\\include\\torch/nn/pimpl.h(123): error C2872: 'std': ambiguous symbol",
        expect: "$l[122]",
      },
    ],
  },
];
