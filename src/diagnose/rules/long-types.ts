/** int64_t is long on 64-bit Linux, and long long on macOS, Windows and every system of 32 bits. */
import { placeOf, type Rule, said, saidAny } from "../rule.ts";

export const longTypeRules: readonly Rule[] = [
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
