/** The C++ standard: what torch's headers need, what the compilers know. */
import { cudaForStandard, gccForStandard } from "../version-facts.ts";
import { pip, platformOf, python, standardFor, systemPackage, torchAtHand } from "../commands.ts";
import { standardNumber } from "../../environment/cxx-standard.ts";
import { cxxStandardOf } from "../../environment/torch-version.ts";
import { isWellKnown, originOf, plainName } from "../packages.ts";
import { baseName } from "../parsers/parser.ts";
import type { Finding } from "../finding.ts";
import { type Match, type MatchFacts, placeOf, type Rule, said, saidAny } from "../rule.ts";

/** The standard that a message asks for, else the one that the torch at hand needs. */
function asked(match: Match): string {
  return match.facts["need"] ?? standardFor(match);
}

/** The standard to compile as. */
function needed(match: Match): string {
  return saidByTorch(match) ? (match.facts["need"] ?? "17") : standardFor(match, match.facts["need"]);
}

/** The header of a LibTorch says itself what it needs: the torch of a Python beside it does not count. */
function saidByTorch({ finding, facts }: Match): boolean {
  return (
    facts["need"] !== undefined &&
    /[\\/]libtorch[\w.+-]*[\\/]include[\\/]/.test(finding.file ?? "") &&
    /You need C\+\+\d\d to compile PyTorch|compiler is required to use (?:ATen|PyTorch)/.test(finding.message)
  );
}

function flag(match: Match): string {
  return platformOf(match) === "win32" ? `/std:c++${needed(match)}` : `-std=c++${needed(match)}`;
}

/** Whether the log's compile is for that standard already, so that the name is missing for another reason. */
function isCompiledSo(match: Match): boolean {
  const { feature, sure } = match.facts;
  const given = standardNumber(match.context.log.standard ?? "");
  return (
    feature !== undefined && sure === undefined && given !== undefined && given >= (standardNumber(asked(match)) ?? 0)
  );
}

/** LibTorch's release, where its folder is named after it: `libtorch-2.6-cuda126`. */
function torchOfFolder(file = ""): { readonly version: string; readonly release: readonly number[] } | undefined {
  const version = /libtorch[-_](\d+\.\d+(?:\.\d+)?)/i.exec(file)?.[1];
  return version === undefined ? undefined : { version, release: version.split(".").map(Number) };
}

/** Whether clang compiles against libc++ where it is not the system's own. */
function withLibcxx(match: Match): boolean {
  return match.context.log.libcxx && platformOf(match) === "linux";
}

/** What the C++ library and the language got with a standard. */
const since17 =
  /^(?:string_view|optional|variant|any|byte|filesystem|nullopt(?:_t)?|make_optional|holds_alternative|get_if|monostate|visit|in_place(?:_t)?|void_t|invoke(?:_result(?:_t)?)?|apply|clamp|scoped_lock|is_\w+_v|conjunction(?:_v)?|disjunction(?:_v)?|negation(?:_v)?|bool_constant|as_const|from_chars|to_chars|gcd|lcm|reduce)$/;
const since20 =
  /^(?:span|source_location|bit_cast|endian|popcount|bit_width|has_single_bit|countl_zero|countr_zero|numbers|ranges|views|type_identity(?:_t)?|remove_cvref(?:_t)?|strong_ordering|weak_ordering|partial_ordering|jthread|latch|barrier|format|integral|signed_integral|floating_point|same_as|convertible_to|derived_from|invocable|default_initializable|is_constant_evaluated|erase_if|ssize|to_array|concept|requires|consteval|constinit|unordered_\w+_ordering|identity)$/;

/** A name of a newer standard that is not known. */
function feature(finding: Finding): MatchFacts | undefined {
  const only = /(?<feature>.{1,60}?) only available with ['‘"“]?-std=(?:c|gnu)\+\+(?<need>\d\w)/.exec(finding.message);
  if (only !== null)
    return {
      feature: (only.groups?.["feature"] ?? "").replaceAll(/['‘’"“”`]/g, "").trim(),
      need: newer(only.groups?.["need"]),
      sure: "yes",
    };
  const name =
    /namespace "std" has no (?:actual )?member "(?<name>\w+)"/.exec(finding.message) ??
    /['‘"](?:std::)?(?<name>\w+)['’"] (?:is not a member of ['‘"]std['’"]|in namespace ['‘"]std['’"] does not name|does not name a (?:template )?type)/.exec(
      finding.message,
    ) ??
    /['‘"]std::(?<name>\w+)['’"] has not been declared/.exec(finding.message) ??
    /no (?:member|template|type) named ['‘](?<name>\w+)['’] in namespace ['‘]std['’]/.exec(finding.message) ??
    /['"](?<name>\w+)['"]\s?: is not a member of ['"]std['"]/.exec(finding.message);
  const known = name?.groups?.["name"];
  if (known === undefined) return undefined;
  const need = since20.test(known) ? "20" : since17.test(known) ? "17" : undefined;
  if (
    need === undefined ||
    (/does not name a/.test(finding.message) &&
      !/^(?:concept|requires|consteval|constinit)$/.test(known) &&
      !/std/.test(finding.message))
  )
    return undefined;
  const language = /^(?:concept|requires|consteval|constinit)$/.test(known);
  const inTorch = /[\\/](?:torch|ATen|c10|executorch|caffe2)[\\/]/.test(finding.file ?? "");
  return { feature: language ? known : `std::${known}`, need, sure: inTorch || language ? "yes" : undefined };
}

/** `2a` is 20, `1z` is 17. */
function newer(standard: string | undefined): string | undefined {
  return { "1z": "17", "2a": "20", "2b": "23", "2c": "26" }[standard ?? ""] ?? standard;
}

/** The standards in their order, by the names that compilers take. */
const standards: readonly (readonly [string, readonly string[]])[] = [
  ["11", ["0x", "11"]],
  ["14", ["1y", "14"]],
  ["17", ["1z", "17"]],
  ["20", ["2a", "20"]],
];

/** The standard that the text's command has, else those that are too old, as a part of a pattern. */
function older(match: Match): string {
  const { standard } = match.context.log;
  if (standard !== undefined && Number(standard) < Number(needed(match))) return standard;
  const names = standards.filter(([year]) => Number(year) < Number(needed(match))).flatMap(([, all]) => all);
  return `(${names.join("|")})`;
}

/** A header of the torch that Python has lacks something of C++17, and nothing tells the release: it may need C++20. */
function asksTorch(match: Match): boolean {
  return (
    torchAtHand(match) === undefined &&
    match.context.usesTorch !== false &&
    match.facts["feature"] !== undefined &&
    needed(match) === "17" &&
    platformOf(match) !== "win32" &&
    /[\\/](?:site|dist)-packages[\\/]torch[\\/]include[\\/]/.test(match.finding.file ?? "")
  );
}

/** How to compile as the standard that is needed. */
function compileAsNeeded(match: Match): string[] {
  if (asksTorch(match)) {
    const files = match.context.log.cmake ? "CMakeLists.txt" : "setup.py";
    return [
      `s=$(${python(match)} -c "import torch; print(20 if tuple(map(int, torch.__version__.split('.')[:2])) >= (2, 13) else 17)"); echo "C++$s"   # what this torch needs: 2.1 to 2.12 C++17, 2.13 and newer C++20`,
      ...(match.context.log.cmake
        ? [
            `sed -i.bak -E "s/(C(XX|UDA)_STANDARD) +[0-9]+/\\1 $s/; s/-std=(c|gnu)\\+\\+[0-9a-z]+/-std=c++$s/g" ${files}   # nothing changed: set(CMAKE_CXX_STANDARD …) below project(…)`,
            "# then the build in an empty folder, with the options as before",
          ]
        : [
            `grep -rlE 'std=(c|gnu)\\+\\+${older(match)}' --include='*.py' --include='*.toml' . | xargs -r sed -i.bak -E "s/std=(c|gnu)\\+\\+${older(match)}/std=c++$s/g"   # in the project's folder: ${files}, and scripts that compile with load(); without any -std= torch's builder adds the right one`,
          ]),
    ];
  }
  if (match.context.log.cmake && platformOf(match) !== "win32")
    return [
      "grep -nE 'C(XX|UDA)_STANDARD|std=' CMakeLists.txt   # what it asks for now",
      `sed -i.bak -E 's/(C(XX|UDA)_STANDARD) +[0-9]+/\\1 ${needed(match)}/; s/-std=(c|gnu)\\+\\+[0-9a-z]+/${flag(match)}/g' CMakeLists.txt   # nothing found: set(CMAKE_CXX_STANDARD ${needed(match)}) below project(…)`,
      "# then the build in an empty folder, with the options as before",
    ];
  return [
    match.context.usesTorch === false
      ? `# cxx-standard = "${needed(match)}" in retorch.toml, or ${flag(match)} in place of the -std= that the flags hold`
      : `# drop the project's own -std=c++… (torch and retorch pass the right one), or set it to ${flag(match)} for cxx and nvcc`,
    ...(platformOf(match) === "win32" || match.context.usesTorch === false
      ? [`grep -rnE 'std[=:]c\\+\\+|CXX_STANDARD' setup.py CMakeLists.txt pyproject.toml`]
      : [
          ...(torchAtHand(match) === undefined && match.context.log.setupCommand !== undefined
            ? [
                `sed -i.bak -E 's/["'"'"']-std=(c|gnu)\\+\\+[0-9a-z]+["'"'"'],? ?//g' setup.py   # torch's builder adds the standard that this torch needs`,
              ]
            : []),
          `grep -rlE 'std=(c|gnu)\\+\\+${older(match)}|C(XX|UDA)_STANDARD +${older(match)}' --include='*.py' --include=CMakeLists.txt --include='*.toml' . | xargs -r sed -i.bak -E 's/std=(c|gnu)\\+\\+${older(match)}/std=c++${needed(match)}/g; s/(C(XX|UDA)_STANDARD) +${older(match)}/\\1 ${needed(match)}/g'   # in the project's folder: setup.py, and scripts that compile with load()`,
        ]),
  ];
}

/** pip builds an old release of a package that PyPI has: a newer one asks for what torch needs. */
function newerRelease(match: Match): string[] {
  const { package: built, localPackages, installer } = match.context.log;
  if (built === undefined || installer !== "pip" || localPackages.includes(plainName(built))) return [];
  if (!isWellKnown(built) || originOf(built) !== undefined) return [];
  return [
    `${pip(match, `install --no-build-isolation --upgrade ${built}`)}   # a release of this torch's time; a pin of an older one has to go`,
  ];
}

/** A syntax error in a line with what C++17 brought; the message about its name may not have been pasted. */
function ofNewerStandard(finding: Finding): MatchFacts | undefined {
  const feature = /^expected /.test(finding.message)
    ? /\b(?:std::)?(?:is_\w+_v(?=\s?<)|(?:con|dis)junction_v|if constexpr)/.exec(finding.source ?? "")?.[0]
    : undefined;
  return feature === undefined ? undefined : { feature };
}

/** Whether the ambiguous std is the one of torch's compiled_autograd.h, or of no header that is known. */
function isAutograd(match: Match): boolean {
  return match.finding.file === undefined || /compiled_autograd/.test(match.finding.file);
}

/** clang's own words for a standard that it does not know. */
function isClang({ finding }: Match): boolean {
  return /invalid value ['‘]/.test(finding.message);
}

export const standardRules: readonly Rule[] = [
  {
    id: "torch-headers-below-their-standard",
    title: "torch's headers are compiled for an older C++ standard than they need",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      /[\\/](?:ATen[\\/](?:ops|core)|torch[\\/]csrc|c10[\\/]\w+)[\\/]/.test(finding.file ?? "") &&
      /[\\/]include[\\/]/.test(finding.file ?? "")
        ? (ofNewerStandard(finding) ??
          saidAny(
            finding,
            /^['‘"](?<name>[a-z]+(?:_[a-z]+)*)['’"] was not declared in this scope/,
            /use of undeclared identifier '(?<name>[a-z]+(?:_[a-z]+)*)'/,
            /^identifier "(?<name>[a-z]+(?:_[a-z]+)*)" is undefined/,
            /^'(?<name>[a-z]+(?:_[a-z]+)*)': undeclared identifier/,
          ))
        : undefined,
    confidence: "medium",
    cause: (match) => {
      const torch = torchOfFolder(match.finding.file) ?? torchAtHand(match);
      if (match.facts["feature"] !== undefined)
        return `torch's header ${baseName(match.finding.file ?? "")} uses \`${match.facts["feature"]}\` of C++17, and the compiler reads it as something else: the headers are compiled for an older standard, most often because the package's setup.py says -std=c++14.`;
      return `\`${match.facts["name"] ?? ""}\` is a parameter of torch's own function in ${baseName(match.finding.file ?? "")}, which the compiler lost because it does not know the types before it (std::optional, std::string_view): the headers are compiled for a standard below C++${torch === undefined ? "17" : cxxStandardOf(torch.release)}, which ${torch === undefined ? "torch 2.1 and newer" : `torch ${torch.version}`} needs.`;
    },
    fix: (match) => {
      const torch = torchOfFolder(match.finding.file) ?? torchAtHand(match);
      const standard = torch === undefined ? "17" : cxxStandardOf(torch.release);
      const facts = { ...match.facts, need: standard };
      return [
        ...compileAsNeeded({ ...match, facts: { ...facts, feature: match.facts["feature"] ?? match.facts["name"] } }),
        ...(torch === undefined && match.context.log.cmake
          ? []
          : [`# CMake: set(CMAKE_CXX_STANDARD ${standard}) and set(CMAKE_CUDA_STANDARD ${standard})`]),
      ];
    },
    sources: ["rusty1s/pytorch_cluster#229"],
    examples: [
      {
        text: "/e/lib/python3.10/dist-packages/torch/include/ATen/core/boxing/impl/boxing.h:229:35: error: expected primary-expression before ‘void’\n  229 |     if constexpr (!std::is_same_v<void, Result>) {\n      |                                   ^~~~",
        expect: "-std=c++14",
      },
      {
        text: "/opt/libtorch-2.6/include/ATen/ops/batch_norm.h:27:122: error: ‘cudnn_enabled’ was not declared in this scope",
        expect: "CMAKE_CXX_STANDARD 17",
      },
      {
        text: "/e/lib/python3.11/site-packages/torch/include/ATen/ops/conv2d.h:38:94: error: use of undeclared identifier 'label_smoothing'",
        expect: "std::optional",
      },
    ],
  },
  {
    id: "cxx-standard-too-low",
    title: "The code needs a newer C++ standard",
    on: ["compile", "exception"],
    specificity: 92,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /C\+\+(?<need>\d\d) (?:or later compatible compiler|or later|or newer|compatible compiler) is required|You need (?:a )?C\+\+(?<need2>\d\d) to compile/,
        /(?:requires|needs|need) (?:at least )?(?:C\+\+ ?|'?[-/]std[:=]c\+\+)(?<need>1[14 7]|20|23)\b/,
        /use of designated initializers requires at least '\/std:c\+\+(?<need>\w+)'|requires at least '\/std:c\+\+(?<need2>\w+)'/,
        /(?:PyTorch|libtorch|This file) requires (?:compiler (?:and library )?support for the )?(?:ISO )?C\+\+ ?(?:20(?=\d\d))?(?<need>\d\d)/,
        /#error.*C\+\+(?:20(?=\d\d))?(?<need>\d\d)/,
        /THRUST requires (?:at least )?C\+\+(?<need>\d\d)|(?:CUB|Thrust|libcu\+\+|CCCL) requires (?:at least )?C\+\+(?<need2>\d\d)/,
      );
      if (facts === undefined) return finding.kind === "compile" ? feature(finding) : undefined;
      const need = facts["need"];
      return { need: need === "latest" ? "20" : need };
    },
    confidence: (match) => (match.facts["feature"] === undefined || match.facts["sure"] === "yes" ? "high" : "medium"),
    cause: (match) => {
      const name = match.facts["feature"];
      const torch = saidByTorch(match) ? undefined : torchAtHand(match);
      const ofTorch = torch === undefined ? "" : ` torch ${torch.version} needs C++${cxxStandardOf(torch.release)}.`;
      const libcxx = withLibcxx(match) ? ", or clang's libc++ (-stdlib=libc++) does not have it yet" : "";
      if (name !== undefined && isCompiledSo(match))
        return `\`${name}\` came with C++${asked(match)}, and the code is compiled as C++${match.context.log.standard ?? ""}: its header is not included${libcxx === "" ? ", or the C++ library is that of an older compiler" : libcxx}.`;
      if (name !== undefined)
        return `\`${name}\` came with C++${asked(match)}, and ${match.finding.file === undefined ? "the code" : `\`${baseName(match.finding.file)}\``} is compiled for an older standard: the build sets -std= itself (setup.py, CMAKE_CXX_STANDARD), or the compiler is too old${libcxx}${match.facts["sure"] === "yes" ? "" : ", or a header of the C++ library is not included"}.${ofTorch}`;
      const who =
        /designated|\/std:/.test(match.finding.message) && match.finding.tool === "msvc"
          ? " (cl switches it on with /std:c++20)"
          : "";
      const gcc10 = asked(match) === "20" ? " gcc 10's -std=c++20 is not enough: gcc 11 or newer." : "";
      return `${match.finding.file === undefined ? "A header" : `\`${baseName(match.finding.file)}\``} must be compiled as C++${asked(match)} or newer${who}, and the build asks for an older standard: it sets -std= itself (setup.py, CMAKE_CXX_STANDARD), or the compiler is too old.${gcc10}${ofTorch}`;
    },
    fix: (match) => [
      ...newerRelease(match),
      ...(isCompiledSo(match)
        ? [`# #include the header of ${match.facts["feature"] ?? ""}: https://en.cppreference.com/w/cpp/symbol_index`]
        : compileAsNeeded(match)),
      ...(platformOf(match) === "win32"
        ? []
        : withLibcxx(match)
          ? ["# and leave -stdlib=libc++ away: libstdc++ has more of the standard, and is torch's library"]
          : [
              `g++ --version   # C++${needed(match)} needs gcc ${gccForStandard(needed(match)) ?? 11}, and CUDA ${cudaForStandard(needed(match)) ?? "12.0"}`,
            ]),
    ],
    change: (match) => ({ kind: "set-cxx-standard", standard: needed(match) }),
    sources: [
      "vllm-project/flash-attention#168",
      "state-spaces/mamba#1000",
      "pytorch/pytorch#178150",
      "pytorch/pytorch#102082",
      "NVlabs/tiny-cuda-nn#316",
    ],
    examples: [
      {
        text: "$ cmake --build build\n[ 50%] Building CXX object CMakeFiles/nms.dir/nms.cpp.o\n/e/lib/python3.11/site-packages/torch/include/c10/util/StringUtil.h:65:22: error: ‘is_enum_v’ is not a member of ‘std’; did you mean ‘is_enum’?",
        expect: ">= (2, 13) else 17",
      },
      {
        text: "/e/torch/include/ATen/ATen.h:5:2: error: #error C++20 or later compatible compiler is required to use ATen.",
        expect: "-std=c++20",
      },
      {
        text: "/e/torch/include/ATen/ATen.h:5:2: error: #error C++20 or later compatible compiler is required to use ATen.",
        expect: "(0x|11|1y|14|1z|17)",
      },
      {
        text: "/e/torch/include/c10/util/C++17.h:27:2: error: #error You need C++14 to compile PyTorch",
        expect: "-std=c++14",
      },
      {
        text: "C:\\e\\torch\\include\\c10/util/C++17.h(27): fatal error C1189: #error:  You need C++17 to compile PyTorch",
        expect: "/std:c++17",
      },
      {
        text: "/e/torch/include/torch/csrc/api/include/torch/all.h:4:2: error: C++17 or later compatible compiler is required to use PyTorch.",
        expect: "-std=c++17",
      },
      {
        text: '/e/include/torch/headeronly/util/x.h(5): error: namespace "std" has no member "string_view"',
        expect: "-std=c++17",
      },
      { text: 'csrc/k.cu(8): error: namespace "std" has no member "span"', expect: "-std=c++20" },
      {
        text: "a.cpp:9:6: error: ‘if constexpr’ only available with ‘-std=c++17’ or ‘-std=gnu++17’ [-Werror=c++17-extensions]",
        expect: "-std=c++17",
      },
      { text: "a.cpp:12:1: error: ‘concept’ does not name a type", expect: "-std=c++20" },
      {
        text: "error: no template named 'is_same_v' in namespace 'std'; did you mean 'is_same'?",
        expect: "-std=c++17",
      },
      {
        text: "C:\\e\\c10/util/StringUtil.h(72): error C7555: use of designated initializers requires at least '/std:c++20'",
        expect: "/std:c++20",
      },
    ],
  },
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
  {
    id: "msvc-standard-too-low",
    title: "MSVC needs /std:c++20 for torch's headers",
    on: ["compile"],
    specificity: 84,
    matches: (finding) => {
      if (finding.tool !== "msvc") return undefined;
      if (finding.code === "C7555" || finding.code === "C7582" || finding.code === "C7651") return { need: "20" };
      if (
        /^C(?:2139|3861|2039|2429|7525|2338)$/.test(finding.code ?? "") &&
        /'torch::autograd::Node'.*undefined class|requires compiler flag '\/std:c\+\+(\d+)'|inline variables require|language feature .* requires compiler flag '\/std:c\+\+/.test(
          finding.message,
        )
      ) {
        return { need: /c\+\+(\d\d)/.exec(finding.message)?.[1] ?? "20" };
      }
      return undefined;
    },
    confidence: "high",
    cause: (match) =>
      `cl compiles as an older C++ than torch's headers are written in: C++${needed(match)} is needed (${match.finding.code ?? ""}).`,
    fix: (match) => [
      `set _CL_=/std:c++${needed(match)}& set NVCC_APPEND_FLAGS=-std=c++${needed(match)}   # both stand behind what the build passes, and the last one counts; then build again in the same prompt`,
      `# for good: /std:c++${needed(match)} for cxx, -std=c++${needed(match)} for nvcc; drop the project's own /std:`,
    ],
    change: (match) => ({ kind: "set-cxx-standard", standard: needed(match) }),
    sources: ["pytorch/pytorch#193590", "shader-slang/slang-torch#50"],
    examples: [
      {
        text: "C:\\e\\torch\\csrc\\autograd\\AutogradState.h(60): error C7582: default member initializers for bit-fields requires a newer standard",
        expect: "/std:c++20",
      },
      {
        text: "C:\\e\\torch\\csrc\\autograd\\function.h(112): error C2139: 'torch::autograd::Node': an undefined class is not allowed as an argument to compiler intrinsic type trait '__is_base_of'",
        expect: "/std:c++20",
      },
    ],
  },
];
