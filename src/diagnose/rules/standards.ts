/** The C++ standard: what torch's headers and the code need. What compilers do not know is in compilers-and-standards.ts. */
import { plainName } from "../../base/package-name.ts";
import { cudaForStandard, gccForStandard } from "../tables/version-facts.ts";
import { pip, platformOf, standardFor, torchAtHand } from "../commands/commands.ts";
import { standardNumber } from "../../environment/cxx-standard.ts";
import { cxxStandardOf } from "../../environment/torch-version.ts";
import { isWellKnown, originOf } from "../tables/packages.ts";
import { baseName } from "../parsers/parser.ts";
import type { Finding } from "../finding.ts";
import { type Match, type MatchFacts, type Rule, saidAny } from "../rule.ts";
import { neededStandard, compileAsNeeded, saidByTorch } from "./standard-commands.ts";

/** The standard that a message asks for, else the one that the torch at hand needs. */
function asked(match: Match): string {
  return match.facts["need"] ?? standardFor(match);
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
              `g++ --version   # C++${neededStandard(match)} needs gcc ${gccForStandard(neededStandard(match)) ?? 11}, and CUDA ${cudaForStandard(neededStandard(match)) ?? "12.0"}`,
            ]),
    ],
    change: (match) => ({ kind: "set-cxx-standard", standard: neededStandard(match) }),
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
        text: "In file included from /usr/local/lib/python3.10/dist-packages/torch/include/c10/util/string_view.h:4,\n                 from /content/resample/resample.cpp:1:\n/usr/local/lib/python3.10/dist-packages/torch/include/c10/util/C++17.h:27:2: error: #error You need C++17 to compile PyTorch\nFAILED: resample.o\nx86_64-linux-gnu-g++ -O3 -std=c++14 -c /content/resample/resample.cpp -o resample.o",
        expect:
          "!grep -rlE 'std=(c|gnu)\\+\\+14|C(XX|UDA)_STANDARD +14|c(pp|xx)_st(d|andard)(_| *= *)14' --include='*.py' --include=CMakeLists.txt --include='*.toml' /content/resample | xargs",
      },
      {
        text: "Processing /w/bvh\n  Building wheel for bvh (setup.py) ... error\n      Targeting C++ standard 14\n/e/torch/include/c10/util/C++17.h:27:2: error: #error You need C++17 to compile PyTorch",
        expect: "s/(c(pp|xx)_st(d|andard)(_| *= *))",
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
      `cl compiles as an older C++ than torch's headers are written in: C++${neededStandard(match)} is needed (${match.finding.code ?? ""}).`,
    fix: (match) => [
      `set _CL_=/std:c++${neededStandard(match)}& set NVCC_APPEND_FLAGS=-std=c++${neededStandard(match)}   # both stand behind what the build passes, and the last one counts; then build again in the same prompt`,
      `# for good: /std:c++${neededStandard(match)} for cxx, -std=c++${neededStandard(match)} for nvcc; drop the project's own /std:`,
    ],
    change: (match) => ({ kind: "set-cxx-standard", standard: neededStandard(match) }),
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
