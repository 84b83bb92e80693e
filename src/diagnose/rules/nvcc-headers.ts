/** Headers of torch and pybind11 that nvcc, or the host compiler behind it, does not take in this version or standard. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { placeOf, type Match, type Rule, type RuleContext, said, saidAny } from "../rule.ts";
import { platformOf, python } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { newerToolkit } from "../commands/newer-toolkit.ts";
import { quote } from "../text/quote.ts";

const header = /[\\/](?:torch|ATen|c10|pybind11)[\\/][\w./\\-]+\.(?:h|hpp|cuh)$/;

/** Whether nvcc stands behind the compile, as far as the log tells. */
function byNvcc(finding: Finding, context: RuleContext): boolean {
  const { log } = context;
  return (
    log.cuda !== undefined ||
    finding.tool === "cudafe++" ||
    finding.tool === "nvcc" ||
    context.findings.some((other) => /\.cu\b/.test(`${other.file ?? ""} ${other.text}`))
  );
}

/** What helps where nvcc has cl behind it. */
function withVisualStudio(match: Match): string[] {
  return [
    `nvcc --version & cl & ${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
    "# a toolkit with the major and minor number of torch.version.cuda: set CUDA_HOME=C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v<number>",
    "# and a Visual Studio that this nvcc knows: CUDA 10 VS 2017, CUDA 11.0 to 11.5 VS 2019, 11.6 to 12 VS 2022 (its newest tools need CUDA 12.4): vcvars64.bat -vcvars_ver=14.29",
    "# no -std=c++14 in the flags of setup.py: cl does not know it (/std:c++17)",
  ];
}

/** Members of torch's classes that nvcc takes for ones which may have no value in the class, with cl behind it. */
const constantMember =
  /member ["“][\w:<>, ]+::(?<name>\w+)["”] may not be initialized|a member with an in-class initializer must be const/;

/** The edits of all lines that say so: `static const` is what later headers have there. One command for each header. */
function constantsByLine(match: Match): string[] {
  const lines = new Map<string, Set<number>>();
  for (const { file, line, message } of match.context.findings)
    if (file !== undefined && line !== undefined && constantMember.test(message))
      lines.set(file, (lines.get(file) ?? new Set()).add(line));
  return Array.from(lines, ([file, numbers]) => {
    const edits = Array.from(
      numbers,
      (line) => `${line}s/static (constexpr|CONSTEXPR_EXCEPT_WIN_CUDA) /static const /`,
    );
    return `sed -i.bak -E '${edits.join("; ")}' ${quote(file.replaceAll("/", "\\"))}`;
  });
}

function isOldStandard(standard: string | undefined): boolean {
  return standard === undefined || /^(?:11|14|17|1y|1z)$/.test(standard);
}

function isCuda13(match: Match): boolean {
  const { cuda } = match.context.log;
  return cuda !== undefined && compareVersions(parseVersion(cuda), [13]) >= 0;
}

/** nvcc does not evaluate the header's default argument. Source: FLAMEGPU/FLAMEGPU2#1384: CUDA 12.0 and 12.1 with gcc 11 and newer; 12.2 does, 12.4 on Windows. */
const sourceLocation = /call to (?:consteval|immediate) function "?[“"']?(?:std::)?source_location::current/;

/** fmt's literals with a string as template argument, which nvcc of CUDA 12.1 does not take (gabime/spdlog#1662). */
const literalOperator = /literal operator template must have a template parameter list equivalent to/;

export const nvccHeaderRules: readonly Rule[] = [
  {
    id: "torch-constants-with-nvcc-and-cl",
    title: "A constant in a header is not for nvcc with Visual C++",
    on: ["compile"],
    specificity: 88,
    matches: (finding) =>
      (finding.tool === "cudafe++" || finding.tool === "nvcc") && /[A-Za-z]:[\\/]|\\/.test(finding.file ?? "")
        ? said(finding, constantMember)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `On Windows nvcc reads classes of a DLL as Visual C++ does, and gives no value to their \`static constexpr\` members${match.facts["name"] === undefined ? "" : ` (here \`${match.facts["name"]}\`)`}. ${/[\\/]torch[\\/]/.test(match.finding.file ?? "") ? "torch's headers up to 1.7 have such ones, and a .cu file that includes torch/extension.h meets them. Neither the package nor the versions of CUDA and Visual Studio are at fault." : `The header (${placeOf(match.finding)}) was not written for that.`}`,
    fix: (match) => [
      ...constantsByLine(match),
      ...(/[\\/]torch[\\/]/.test(match.finding.file ?? "")
        ? [
            "# pybind11/cast.h may be next (operator type&()): there return *((type *)(this->value)); in place of return *(this->operator type *());",
            "# or leave torch's headers as they are: in the .cu files #include <ATen/ATen.h> in place of <torch/extension.h> (PYBIND11_MODULE stays in a .cpp); or torch 1.8 or newer, with a CUDA and a package that it goes with",
          ]
        : ["# the same edit in the package's own repository: static const, or the member out of the class"]),
    ],
    sources: [
      "pytorch/pytorch#27958",
      "meder411/MappedConvolutions#2",
      "pytorch/extension-cpp#37",
      "protocolbuffers/protobuf#5521",
    ],
    examples: [
      {
        text: 'D:\\w>python setup.py develop\nD:\\e\\lib\\site-packages\\torch\\include\\torch/csrc/jit/argument_spec.h(190): error: member "torch::jit::ArgumentSpecCreator::DEPTH_LIMIT" may not be initialized\n\nD:\\e\\lib\\site-packages\\torch\\include\\torch/csrc/jit/script/module.h(466): error: member "torch::jit::script::detail::ModulePolicy::all_slots" may not be initialized\n\nD:\\e\\lib\\site-packages\\torch\\include\\torch/csrc/jit/script/module.h(479): error: member "torch::jit::script::detail::ParameterPolicy::all_slots" may not be initialized\n',
        expect: "static const ",
      },
      {
        text: "C:/e/lib/site-packages/torch/include\\torch/csrc/jit/api/module.h(483): error: a member with an in-class initializer must be const",
        expect: "static const",
      },
      {
        text: 'C:\\pb\\include\\google/protobuf/extension_set.h(659): error: member "google::protobuf::internal::ExtensionSet::kMaximumFlatCapacity" may not be initialized',
        expect: "extension_set.h",
      },
    ],
  },
  {
    id: "nvcc-drops-typename",
    title: "The host compiler misses `typename` in what nvcc passes on",
    on: ["compile"],
    specificity: 80,
    matches: (finding, context) => {
      const file = (finding.file ?? "").replaceAll("\\", "/");
      if (!header.test(file) || !isOldStandard(context.log.standard) || !byNvcc(finding, context)) return undefined;
      return saidAny(
        finding,
        /need ['‘"]typename['’"] before ['‘"].*is a dependent scope/,
        /missing ['‘"]typename['’"] prior to dependent type name/,
        /dependent[- ]name ['‘"].*['’"] is parsed as a non-type/,
        /\b(?:C7510|C2923)\b|use of dependent type name must be prefixed with 'typename'/,
      );
    },
    confidence: (match) => (isCuda13(match) && match.context.log.standard !== undefined ? "high" : "medium"),
    cause: (match) => {
      const { cuda, standard } = match.context.log;
      return `nvcc${cuda === undefined ? "" : ` of CUDA ${cuda}`} writes the templates of \`${placeOf(match.finding)}\` out again for the host compiler, without the word typename in places where only C++20 may leave it out, and the sources are compiled as C++${standard ?? "17"}. The header itself is right.`;
    },
    fix: () => [
      '# compile the CUDA sources as C++20: in setup.py extra_compile_args={"cxx": ["-std=c++20"], "nvcc": ["-std=c++20"]}, and drop -std=c++17; CMake: set(CMAKE_CUDA_STANDARD 20)',
      "export NVCC_APPEND_FLAGS=-std=c++20   # without touching the build: the last -std counts",
      "# or a CUDA 12 toolkit that fits torch; gcc 11 or newer is needed for C++20",
    ],
    change: () => ({ kind: "set-cxx-standard", standard: "20" }),
    sources: ["turboderp-org/exllamav3#360", "https://wg21.link/p0634"],
    examples: [
      {
        text: "/usr/local/cuda-13.1/bin/nvcc -c a.cu -o a.o -std=c++17\n/e/site-packages/torch/include/ATen/core/List_inl.h:202:52: error: need ‘typename’ before ‘decltype (((c10::List<T>*)this)->c10::List<T>::impl_->list)::difference_type’ because ‘decltype (((c10::List<T>*)this)->c10::List<T>::impl_->list)’ is a dependent scope",
        expect: "-std=c++20",
      },
      {
        text: "/usr/local/cuda/bin/nvcc -c a.cu\n/usr/local/cuda-13.0/include/x.h\n/e/site-packages/torch/include/ATen/core/Dict_inl.h:90:10: error: missing 'typename' prior to dependent type name 'Dict<K, V>::iterator'",
        expect: "C++20",
      },
    ],
  },
  {
    id: "nvcc-too-old-for-cxx20",
    title: "nvcc is too old for the C++20 of the sources",
    on: ["compile"],
    specificity: 86,
    matches: (finding, { findings, log }) => {
      if (sourceLocation.test(finding.message)) return {};
      const cuda = log.cuda ?? log.spokenCuda ?? log.torchCuda;
      return literalOperator.test(finding.message) &&
        (findings.some(({ message }) => sourceLocation.test(message)) || /^12\.[01](?:\.|$)/.test(cuda ?? ""))
        ? {}
        : undefined;
    },
    confidence: "high",
    cause: ({ finding, context: { log } }) => {
      const cuda = log.cuda ?? log.spokenCuda ?? log.torchCuda;
      return `nvcc${cuda === undefined || compareVersions(parseVersion(cuda), [12, 2]) >= 0 ? "" : ` of CUDA ${cuda}`} knows C++20 by half: of ${sourceLocation.test(finding.message) ? "std::source_location::current() as a default argument" : "templates with a string as their argument"} it makes nothing, and the next releases of CUDA 12 do. Neither the sources nor the host compiler are at fault.`;
    },
    fix: (match) => newerToolkit(match, "12.4"),
    sources: [
      "FLAMEGPU/FLAMEGPU2#1384",
      "boostorg/assert#32",
      "sgl-project/mini-sglang#20",
      "gabime/spdlog#1662",
      "nunchux-ai/nunchaku#46",
    ],
    examples: [
      {
        text: 'torch 2.5.1+cu121\n/home/jo/kernels/third_party/spdlog/include/spdlog/fmt/bundled/format.h(4449): error: a literal operator template must have a template parameter list equivalent to "<char ...>"\n\n/home/jo/kernels/src/check.h(12): error: call to consteval function "std::source_location::current" did not produce a valid constant expression',
        expect: "export CUDA_HOME=/usr/local/cuda-12.4",
      },
      {
        text: 'Cuda compilation tools, release 12.1, V12.1.105\n/work/p/csrc/utils.cuh(65): error: call to consteval function "std::source_location::current" did not produce a valid constant expression',
        expect: "nvcc of CUDA 12.1 knows C++20 by half",
      },
    ],
  },
  {
    id: "nvcc-rejects-pybind11",
    title: "nvcc does not take pybind11's headers",
    on: ["compile"],
    specificity: 80,
    matches: (finding) => {
      const file = (finding.file ?? "").replaceAll("\\", "/");
      if (!/\/pybind11\/[\w./-]+\.h$/.test(file)) return undefined;
      if (finding.tool !== "cudafe++" && finding.tool !== "nvcc" && finding.tool !== "msvc") return undefined;
      return saidAny(
        finding,
        /too (?:few|many) arguments for (?:class )?template template parameter/,
        /pybind11::detail::tuple_caster|template template parameter/,
        /expected (?:an identifier|a class or namespace|template-name)|incomplete type .* is not allowed|no instance of .* matches/,
      );
    },
    confidence: "high",
    cause: (match) =>
      `nvcc${match.context.log.cuda === undefined ? "" : ` of CUDA ${match.context.log.cuda}`} stumbles over a template of pybind11 (\`${placeOf(match.finding)}\`), which torch/extension.h brings into a .cu file: known of nvcc 11.4 to 11.8 with MSVC and the pybind11 of older torch releases. A kernel's file needs no bindings.`,
    fix: (match) => [
      "# in .cu files: #include <torch/types.h> (or <ATen/ATen.h>) in place of <torch/extension.h>; PYBIND11_MODULE and what it needs in a .cpp file",
      ...(/^11\.[78]$|^1[2-9]/.test(match.context.log.cuda ?? "")
        ? []
        : ["nvcc --version   # or a toolkit >= 11.7 that fits torch.version.cuda: set CUDA_HOME and PATH to it"]),
    ],
    sources: ["sunset1995/torch_efficient_distloss#8", "pytorch/pytorch#69460"],
    examples: [
      {
        text: 'C:\\e\\Lib\\site-packages\\torch\\include\\pybind11\\cast.h(624): error: too few arguments for template template parameter "Tuple"\n          detected during instantiation of class "pybind11::detail::tuple_caster<Tuple, Ts...> [with Tuple=std::pair, Ts=<T1, T2>]"',
        expect: "torch/types.h",
      },
      {
        text: 'nvcc 11.7\nC:\\e\\torch\\include\\pybind11\\cast.h(624): error: too few arguments for template template parameter "Tuple"',
        expect: "nvcc 11.4 to 11.8",
      },
    ],
  },
  {
    id: "nvcc-breaks-basic-string",
    title: "nvcc of CUDA 10.1 breaks gcc 7's basic_string",
    on: ["compile"],
    specificity: 88,
    matches: (finding, { log }) =>
      /[\\/]basic_string\.(?:tcc|h)$/.test(finding.file ?? "") &&
      // An older one fails at torch's own headers, too.
      !(log.cuda !== undefined && compareVersions(parseVersion(log.cuda), [10, 0]) < 0)
        ? said(finding, /cannot call member function .*_M_set_sharable.* without object/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `A bug of the first nvcc of CUDA 10.1 (10.1.105, 10.1.168) with the newer gcc 7 releases (7.4, 7.5 of Ubuntu 18.04): it writes \`${placeOf(match.finding)}\` out wrongly for the host compiler when the old string ABI is used (_GLIBCXX_USE_CXX11_ABI=0). Neither the package nor libstdc++ is at fault.`,
    fix: () => [
      "nvcc --version   # CUDA 10.1 Update 2 (10.1.243), 10.2 or newer has it mended: install it and set CUDA_HOME",
      "sudo apt-get install gcc-6 g++-6 && export CC=gcc-6 CXX=g++-6 NVCC_PREPEND_FLAGS='-ccbin g++-6'   # or another host compiler (6; 8 with CUDA 10.1)",
      "# around it, in the header itself (line 1067): (*__p)._M_set_sharable(); in place of __p->_M_set_sharable();",
    ],
    sources: ["facebookresearch/detectron2#2211", "traveller59/spconv#42", "pytorch/vision#1893"],
    examples: [
      {
        text: "/usr/include/c++/7/bits/basic_string.tcc:1067:16: error: cannot call member function 'void std::basic_string<_CharT, _Traits, _Alloc>::_Rep::_M_set_sharable() [with _CharT = char32_t]' without object",
        expect: "10.1.243",
      },
    ],
  },
  {
    id: "nvcc-rejects-torch-headers",
    title: "nvcc does not take torch's headers",
    on: ["compile"],
    role: "generic",
    specificity: 13,
    matches: (finding) =>
      (finding.tool === "nvcc" || finding.tool === "cudafe++") &&
      finding.severity !== "warning" &&
      /\/(?:torch|libtorch)\/include\/(?:ATen|c10|torch)\//.test((finding.file ?? "").replaceAll("\\", "/"))
        ? {}
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `nvcc${match.context.log.cuda === undefined ? "" : ` of CUDA ${match.context.log.cuda}`} rejects a header of torch (${placeOf(match.finding)}): ${match.finding.message.slice(0, 160)}. Torch is tried with the CUDA release it was built with and that release's host compilers: this toolkit is much older or newer than torch.version.cuda, the host compiler is newer than nvcc knows, or -std= is lower than torch asks for.`,
    fix: (match) =>
      platformOf(match) === "win32"
        ? withVisualStudio(match)
        : [
            `nvcc --version; g++ --version; ${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
            "# a toolkit with the major and minor number of torch.version.cuda: export CUDA_HOME=/usr/local/cuda-<number> PATH=/usr/local/cuda-<number>/bin:$PATH",
            "# and a gcc that this nvcc knows: CUDA 10.2 gcc 8, 11.0 gcc 9, 11.1 to 11.4 gcc 10, 11.5 to 11.8 gcc 11, 12.0 to 12.3 gcc 12, 12.4 and newer gcc 13: export CC=gcc-… CXX=g++-…",
            "# no -std=c++11 or c++14 in the nvcc flags of setup.py",
          ],
    sources: ["XPixelGroup/BasicSR#410"],
    examples: [
      {
        text: '/e/site-packages/torch/include/c10/core/ScalarTypeToTypeMeta.h(34): error: no suitable constructor exists to convert from "c10::ScalarType" to "c10::optional<c10::ScalarType>"',
        expect: "torch.version.cuda",
      },
    ],
  },
];
