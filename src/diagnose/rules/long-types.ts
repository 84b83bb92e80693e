/** int64_t is long on 64-bit Linux, and long long on macOS, Windows and every system of 32 bits. */
import { setVariable } from "../commands/commands.ts";
import { editPrintedLine, orInWords } from "../commands/source-edits.ts";
import { type Match, placeOf, type Rule, said, saidAny } from "../rule.ts";

/** Whether the message is within the C++ library of the CUDA toolkit. */
function ofToolkit({ finding }: Match): boolean {
  return /[\\/]cuda[\\/](?:__ptx|std|ptx)[\\/]|[\\/](?:cub|thrust)[\\/]/.test(finding.file ?? "");
}

export const longTypeRules: readonly Rule[] = [
  {
    id: "long-in-assembly-on-windows",
    title: "`long` stands where PTX wants 64 bits, and has 32 on Windows",
    on: ["compile"],
    specificity: 80,
    matches: (finding, { log }) =>
      log.platform === "win32"
        ? said(
            finding,
            /asm operand type size\((?<size>4)\) does not match type\/size implied by constraint '(?<constraint>l)'/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding)} gives a \`long\` (or a long2, unsigned long) to an instruction of the GPU that takes 64 bits. It has them on Linux; with Visual C++ \`long\` has 32.${ofToolkit(match) ? " It is a fault of that header of the toolkit's C++ library (CCCL), in code for GPUs from sm_100 on." : ""}`,
    fix: (match) =>
      ofToolkit(match)
        ? [
            // MSBuild's projects are CMake's, which knows no such variable.
            ...(/\.vcxproj\b/.test(match.finding.text) ? [] : [setVariable(match, "TORCH_CUDA_ARCH_LIST", "9.0+PTX")]),
            "# code for sm_90, and PTX that the driver translates for a newer GPU: that header's part for sm_100 is not compiled then; CMake: -DCMAKE_CUDA_ARCHITECTURES=90-virtual",
            "# or a newer CUDA toolkit, or a newer CCCL in front of it (github.com/NVIDIA/cccl, its libcudacxx/include by NVCC_APPEND_FLAGS=-I…)",
          ]
        : orInWords(
            editPrintedLine(match, [["\\bunsigned long\\b(?! long)", "unsigned long long"]]),
            "long → long long (or int64_t), unsigned long → unsigned long long, long2 → longlong2, in that statement and where its variable is declared",
          ),
    sources: ["microsoft/onnxruntime#29535", "https://learn.microsoft.com/cpp/cpp/data-type-ranges"],
    examples: [
      {
        text: "C:\\CUDA\\v12.9\\include\\cuda/__ptx/instructions/generated/clusterlaunchcontrol.h(230): error : asm operand type size(4) does not match type/size implied by constraint 'l' [D:\\b\\p.vcxproj]",
        expect: "-DCMAKE_CUDA_ARCHITECTURES=90-virtual",
      },
      {
        text: "C:\\p\\csrc\\mma.cu(41): error: asm operand type size(4) does not match type/size implied by constraint 'l'",
        expect: "unsigned long long",
      },
    ],
  },
  {
    id: "int64-long-or-long-long",
    title: "int64_t is long on one system and long long on another",
    on: ["compile"],
    specificity: 79,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:invalid conversion from|cannot convert) ['‘"](?:const )?(?<has>long long)(?: int)? ?\*['’"].* to ['‘"](?:const )?(?<wants>long)(?: int)? ?\*['’"]/,
        /(?:invalid conversion from|cannot convert) ['‘"](?:const )?(?<has>long)(?: int)? ?\*['’"].* to ['‘"](?:const )?(?<wants>long long)(?: int)? ?\*['’"]/,
        /cannot initialize .* of type '(?:const )?(?<wants>long(?: long)?) \*' with an [lr]value of type '(?:const )?(?<has>long(?: long)?) \*'/,
      ),
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding)} writes \`${match.facts["wants"] ?? "long"}\` where torch has int64_t (sizes, strides, data_ptr<int64_t>()), which is \`${match.facts["has"] ?? "long long"}\` here: long on 64-bit Linux, long long on macOS and Windows. The code was tried on one of them alone.`,
    fix: (match) => [
      `grep -nE '\\blong\\b' ${match.finding.file ?? "<file>"}   # here and in its header: int64_t in place of ${match.facts["wants"] ?? "long"} (long int, long long), with #include <cstdint>`,
      "# or a newer release of the package, where this is mended",
    ],
    sources: ["Cambridge-ICCS/FTorch#183"],
    examples: [
      {
        text: "/u/FTorch/src/ctorch.cpp:240:25: error: invalid conversion from 'const long long int*' to 'const long int*' [-fpermissive]",
        expect: "int64_t in place of long",
      },
      {
        text: "/u/op.cpp:12:8: error: cannot initialize a variable of type 'const long *' with an rvalue of type 'const long long *'",
        expect: "int64_t in place of long",
      },
    ],
  },
  {
    id: "torch-on-32-bits",
    title: "torch is built for a system of 32 bits",
    on: ["compile"],
    specificity: 84,
    matches: (finding) => said(finding, /static[_ ]assert.*(?<what>int64_t is the same as long on Linux)/),
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding)} takes int64_t for long, as it is on Linux with 64 bits; the compiler builds for 32 bits (armv7, i686), where it is long long. Newer releases of torch are neither made nor tried for those.`,
    fix: () => [
      "uname -m; getconf LONG_BIT; c++ -dumpmachine   # armv7l or i686, 32",
      "# the 64-bit system (Raspberry Pi 3 and newer: Raspberry Pi OS 64-bit, Ubuntu arm64) or a toolchain for aarch64, then: pip install torch",
      "# to go on with 32 bits: in c10/core/Scalar.h take out the static_assert and the constructor Scalar(long long) for this system, and expect more of the kind",
    ],
    sources: ["pytorch/pytorch#141043"],
    examples: [
      {
        text: "/p/pytorch/c10/core/Scalar.h:79:3: error: static_assert failed due to requirement 'std::is_same_v<long, long long>' \"int64_t is the same as long on Linux\"",
        expect: "64-bit system",
      },
    ],
  },
];
