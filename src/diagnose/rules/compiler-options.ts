/** Words on a compiler's command line that it does not take, and instructions that it was not told of. */
import { platformOf } from "../commands.ts";
import { type Rule, saidAny } from "../rule.ts";

export const compilerOptionRules: readonly Rule[] = [
  {
    id: "instruction-set-flag-missing",
    title: "SIMD intrinsics are used without the flag for their instructions",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /inlining failed in call to (?:.{0,200}?\b(?<name>_mm\w+|_tile_\w+|v\w+q_\w+)\b.*|.*)target specific option mismatch/,
        /always_inline function '(?<name>\w+)' requires target feature '(?<feature>[\w.-]+)'/,
        /(?<name>AVX\w*) vector (?:return|argument) without AVX\w* enabled/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? "The intrinsic"}\` needs instructions${match.facts["feature"] === undefined ? "" : ` (${match.facts["feature"]})`} that the compiler is not allowed to use: their flag is missing.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      const flag =
        match.facts["feature"] !== undefined
          ? `-m${match.facts["feature"]}`
          : /512/.test(name)
            ? "-mavx512f"
            : /256/.test(name)
              ? "-mavx2 -mfma"
              : "-march=native";
      return [
        `# cxx-flags = ["${flag.split(" ").join('", "')}"]   (or -march=native, which then runs on this kind of processor only)`,
      ];
    },
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/x86-Options.html"],
    examples: [
      {
        text: "/usr/lib/gcc/include/avx512fintrin.h:12:1: error: inlining failed in call to ‘always_inline’ ‘__m512 _mm512_add_ps(__m512, __m512)’: target specific option mismatch",
        expect: "-mavx512f",
      },
      {
        text: "a.cpp:3:10: error: always_inline function '_mm256_fmadd_ps' requires target feature 'fma', but would be inlined into function 'f'",
        expect: "-mfma",
      },
    ],
  },
  {
    id: "unknown-compiler-option",
    title: "The host compiler does not know an option",
    on: ["driver"],
    specificity: 62,
    matches: (finding) =>
      finding.tool === "gcc" || finding.tool === "clang" || finding.tool === "msvc" || finding.tool === "hipcc"
        ? saidAny(
            finding,
            /unrecogni[sz]ed command[- ]line option [‘'"“](?<option>[^’'"”]+)/,
            /(?:unknown argument|unsupported option|unsupported argument|unknown option)[:,]? ['‘"](?<option>[^'’"]+)/,
            /argument to ['‘](?<option>[^'’]+)['’] is missing/,
            /(?:bad value|invalid value|invalid argument) ?(?:\(?[‘'"](?<value>[^’'"]+)[’'"]\)?)? (?:for|in|to) [‘'"]?(?<option>-[\w=+-]+)/,
            /the clang compiler does not support ['‘](?<option>[^'’]+)/,
            /(?:invalid numeric argument|unknown option|ignoring unknown option) '(?<option>[^']+)'/,
            /unknown target CPU '(?<option>[^']+)'/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `The compiler${match.finding.program === undefined ? "" : ` (${match.finding.program})`} does not take \`${match.facts["option"] ?? ""}\`${match.facts["value"] === undefined ? "" : ` with \`${match.facts["value"]}\``}: the flag is of another compiler (gcc, clang, MSVC, nvcc), of a newer version, or for another processor.`,
    fix: (match) => [
      `# remove ${match.facts["option"] ?? "it"} from extra_compile_args (setup.py), CFLAGS, CXXFLAGS, or the nvcc flags`,
      ...(platformOf(match) === "win32"
        ? ["# MSVC writes /W3, /O2, /openmp instead of -Wall, -O3, -fopenmp"]
        : ['echo "$CC $CXX $CFLAGS $CXXFLAGS"; c++ --version']),
    ],
    change: (match) => {
      const option = match.facts["option"];
      return option === undefined || !/^-(?:W|f|m)[\w=+-]*$/.test(option)
        ? undefined
        : { kind: "remove-flag", flag: option };
    },
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/Option-Summary.html"],
    examples: [
      { text: "g++: error: unrecognized command-line option ‘-Wno-c++11-narrowing-const-reference’", expect: "remove" },
      { text: "clang++-19: error: unknown argument: '-foo'", expect: "-foo" },
      { text: "cc1plus: error: bad value (‘sapphirerapids’) for ‘-march=’ switch", expect: "sapphirerapids" },
      { text: "cl : Command line error D8021 : invalid numeric argument '/Wextra'", expect: "MSVC" },
    ],
  },
  {
    id: "assembler-too-old",
    title: "The assembler does not understand what the compiler writes",
    on: ["driver"],
    specificity: 66,
    matches: (finding) =>
      finding.tool === "assembler" || /^as$|^assembler$/.test(finding.program ?? "")
        ? saidAny(
            finding,
            /no such instruction: [`'‘](?<what>[^'’]+)/,
            /(?:unsupported instruction|unknown pseudo-op|unrecognized option|bad register name|operand (?:type|size) mismatch|invalid instruction|unknown mnemonic)[^`'‘]*[`'‘]?(?<what>[^'’]*)/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["what"] ?? ""}\`: the assembler (binutils) is older than the compiler, or code for another processor is assembled (-march=native, x86 intrinsics on ARM).`,
    fix: () => [
      "as --version; g++ --version",
      "sudo apt-get install binutils   # or: conda install -c conda-forge binutils",
      "# or compile without -march=native",
    ],
    sources: ["https://sourceware.org/binutils/"],
    examples: [
      { text: "/tmp/ccX1abcd.s:4032: Error: no such instruction: `vpdpbusd %ymm1,%ymm0,%ymm2'", expect: "binutils" },
    ],
  },
];
