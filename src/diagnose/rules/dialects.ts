/** What one compiler or language takes and another does not: instruction sets, flags for C and C++, OpenMP, old words. */
import { setVariable, systemPackage } from "../commands/commands.ts";
import { type Match, placeOf, type Rule, said, saidAny } from "../rule.ts";
import { editFile } from "../commands/source-edits.ts";

/**
 * The first gcc with an instruction set or with its intrinsics.
 * Source: the release notes of gcc 8 to 15, "New Targets and Target Specific Improvements".
 */
const gccForInstructions: readonly (readonly [RegExp, number, string])[] = [
  [/avx10[._]?2|amx[-_](?:transpose|avx512|tf32|fp8|movrs)|cvtph_[bh]f8|diamondrapids/i, 15, "AVX10.2 and newer AMX"],
  [/avx10[._]?1|avxvnniint16|sha512|sm3|sm4|usermsr/i, 14, "AVX10.1"],
  [
    /amx[-_]fp16|amx[-_]complex|avxifma|avxvnniint8|avxneconvert|prefetchi|graniterapids|sierraforest|cvtness_|cvtneps_avx|bcstnebf16|^__bfloat16$|^__bf16$|cvtpbh_ps/i,
    13,
    "AMX-FP16, AVX-NE-CONVERT and __bf16",
  ],
  [
    /avx512[-_]?fp16|_(?:ph|sh)$|set1_ph|cvtph2?_ps.*512.*h|^__m(?:128|256|512)h$|fp16.*(?:alderlake|sapphire)/i,
    12,
    "AVX512-FP16",
  ],
  [/amx[-_](?:tile|int8|bf16)|_tile_|avx[-_]?vnni|sapphirerapids|alderlake|uintr|hreset/i, 11, "AMX and AVX-VNNI"],
  [/avx512[-_]?bf16|cvtne2?ps|dpbf16|^__m(?:128|256|512)bh$|pbh|cooperlake|tigerlake|vp2intersect/i, 10, "AVX512-BF16"],
  [/avx512[-_]?(?:vnni|vbmi2|bitalg|vpopcntdq)|dpbusd|dpwssd|gfni|vaes|icelake|cascadelake/i, 9, "AVX512-VNNI"],
  [/sve2?|svbool_t|^sv[a-z]+_|bf16.*neon|vbf\w+q_|bfloat16x\d|i8mm|vmmla|vusdot/i, 10, "SVE, BF16 and I8MM of ARM"],
];

function instructions(text: string): { readonly gcc: string; readonly what: string } | undefined {
  const found = gccForInstructions.find(([form]) => form.test(text));
  return found === undefined ? undefined : { gcc: String(found[1]), what: found[2] };
}

/** The word taken out of the file, or allowed where the file is not the project's own: old headers of Python have it. */
function withoutRegister(match: Match): string[] {
  const edit = editFile(match, [["\\bregister ", ""]]);
  return edit.length > 0 ? edit : [setVariable(match, "CXXFLAGS", "-Wno-register")];
}

export const dialectRules: readonly Rule[] = [
  {
    id: "compiler-lacks-instruction-set",
    title: "The compiler is older than the instructions that the code uses",
    on: ["compile", "driver"],
    specificity: 79,
    matches: (finding, context) => {
      if (finding.kind === "driver") {
        const flag =
          context.log.arch === "arm64" || /^cc1/.test(finding.program ?? "")
            ? undefined
            : /(?:unrecogni[sz]ed command[- ]line option|unknown argument:?|bad value \(?|unsupported option) ?[‘'"](?<name>-m[\w.=+-]+|sapphirerapids|graniterapids|alderlake|icelake-\w+|cooperlake|tigerlake|diamondrapids)[’'"]/.exec(
                finding.message,
              )?.groups?.["name"];
        const known = flag === undefined ? undefined : instructions(flag);
        return known === undefined ? undefined : { name: flag, ...known };
      }
      const facts = saidAny(
        finding,
        /attribute\(target\("(?<name>[\w.=+-]+)"\)\) is unknown/,
        /attribute [‘']target[’'] argument [‘'](?<name>[\w.=+-]+)[’'] is unknown/,
        /(?:parameter to builtin not valid|invalid parameter for builtin|unknown (?:CPU|feature)|invalid cpu feature string for builtin):? ['‘]?(?<name>[\w.-]+)/,
        /[‘'"](?<name>_mm(?:256|512)?_\w+|_tile_\w+|__m(?:128|256|512)(?:bh|h)|__bfloat16|__bf16|sv[a-z]+_\w+|svbool_t|bfloat16x\d_t)[’'"] (?:was not declared|does not name a type|is undefined|has not been declared)/,
        /(?:undeclared identifier|unknown type name|undeclared function) '(?<name>_mm(?:256|512)?_\w+|_tile_\w+|__m(?:128|256|512)(?:bh|h)|__bfloat16|__bf16|svbool_t)'/,
        /unknown target (?:CPU|feature) '(?<name>[\w.+-]+)'/,
      );
      if (facts === undefined) return undefined;
      const known = instructions(facts["name"] ?? "");
      // An intrinsic that every compiler of the last years knows: its header is not included.
      return known === undefined
        ? /^_mm/.test(facts["name"] ?? "")
          ? { ...facts, header: "yes" }
          : facts
        : { ...facts, ...known };
    },
    confidence: (match) => (match.facts["gcc"] === undefined ? "medium" : "high"),
    cause: (match) =>
      match.facts["header"] === "yes"
        ? `\`${match.facts["name"] ?? ""}\` (${placeOf(match.finding)}) is not known to the compiler: <immintrin.h> is not included there, the compiler is older than the intrinsic, or it builds for another processor than x86.`
        : `\`${match.facts["name"] ?? ""}\`${match.finding.file === undefined ? "" : ` (${placeOf(match.finding)})`} belongs to ${match.facts["what"] ?? "an instruction set"}, which the compiler does not know${match.facts["gcc"] === undefined ? "" : `: gcc ${match.facts["gcc"]} was the first with it`}. What the processor can do plays no part in it.`,
    fix: (match) => {
      // The first with the instructions often has some of the intrinsics only.
      const gcc = match.facts["gcc"] === undefined ? undefined : String(Math.max(12, Number(match.facts["gcc"])));
      if (match.facts["header"] === "yes")
        return [
          "g++ --version; uname -m",
          `# #include <immintrin.h> in ${match.finding.file ?? "the file"}; or a newer compiler`,
        ];
      return [
        "g++ --version",
        ...systemPackage(match, {
          apt: `gcc-${gcc ?? "14"} g++-${gcc ?? "14"}`,
          dnf: `gcc-toolset-${gcc ?? "14"}`,
          conda: `"gxx>=${gcc ?? "14"}"`,
          brew: "gcc",
        }),
        `export CC=gcc-${gcc ?? "14"} CXX=g++-${gcc ?? "14"}   # then a clean build folder`,
        "# or switch the part off that uses it (an option of the project: …_AVX512BF16=0, -D…_DISABLE_AVX512=ON), or take an older release of the package",
      ];
    },
    sources: [
      "https://gcc.gnu.org/gcc-15/changes.html",
      "vllm-project/vllm#58133",
      "intel/intel-extension-for-transformers#726",
    ],
    examples: [
      { text: 'a.h:24:32: error: attribute(target("avx512bf16")) is unknown', expect: "gcc-12" },
      { text: "a.cpp:775:1: error: attribute ‘target’ argument ‘avx10.2’ is unknown", expect: "gcc 15" },
      {
        text: "c++: error: unrecognized command-line option '-mavxvnni'; did you mean '-mavx512vnni'?",
        expect: "gcc 11",
      },
      { text: "c.hpp:207:40: error: ‘_mm512_cvtpbh_ps’ was not declared in this scope", expect: "gcc 13" },
    ],
  },
  {
    id: "assembly-of-another-processor",
    title: "Assembly within C is for another processor",
    on: ["compile"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<what>impossible constraint in [‘']asm[’'])/,
        /(?<what>(?:unknown|invalid) register name ['‘"](?:[re]?[abcd]x|[re][sd]i|[xyz]mm\d+|cpsr|x\d+|v\d+)['’"] (?:in|for) ['‘]?asm)/,
        /(?<what>invalid (?:input|output) constraint '[^']+' in asm)/,
        /(?<what>unrecognized instruction mnemonic|invalid instruction mnemonic '[\w.]+')/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${placeOf(match.finding)} has assembly whose registers this processor does not have (${match.facts["what"] ?? ""}): the code is written for x86 and is compiled for ARM (Apple silicon, Jetson, Graviton), or the other way round; a check of the processor (cpuid) is not fenced off.`,
    fix: () => [
      "uname -m; cc -dumpmachine",
      "# fence it: #if defined(__x86_64__) || defined(_M_X64) … #endif, with a plain C++ way for the rest; or leave the file out of the build on this processor",
      "# or a newer release of the project that knows this processor; an option to switch SIMD off (NO_SIMD, DISABLE_SSE, …)",
    ],
    sources: ["torch/torch7#766", "https://gcc.gnu.org/onlinedocs/gcc/Machine-Constraints.html"],
    examples: [{ text: "/p/simd.h:60:3: error: impossible constraint in ‘asm’", expect: "uname -m" }],
  },
  {
    id: "flag-of-the-other-language",
    title: "A flag of C++ is given for C, or the other way round",
    on: ["driver"],
    specificity: 86,
    matches: (finding) => said(finding, /invalid argument '(?<flag>[^']+)' not allowed with '(?<language>[^']+)'/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["flag"] ?? ""}\` is given for a source in ${match.facts["language"] ?? "C"}, and clang stops there (gcc only warns): the build adds one set of flags to the sources of all languages.`,
    fix: (match) => [
      `# CMake: set(CMAKE_CXX_STANDARD ${/\d\d/.exec(match.facts["flag"] ?? "")?.[0] ?? "17"}) or target_compile_options(t PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${match.facts["flag"] ?? ""}>) in place of add_compile_options and CMAKE_C_FLAGS`,
      `# setup.py: an extension whose sources are all C++ (rename .c to .cpp), or extra_compile_args={"cxx": ["${match.facts["flag"] ?? ""}"]}`,
      'echo "CFLAGS=[$CFLAGS]"   # C++ flags belong into CXXFLAGS',
    ],
    change: (match) => ({ kind: "remove-flag", flag: match.facts["flag"] ?? "" }),
    sources: ["pytorch/pytorch#103222"],
    examples: [
      { text: "error: invalid argument '-std=c++17' not allowed with 'C'", expect: "COMPILE_LANGUAGE:CXX" },
      { text: "clang: error: invalid argument '-std=c++17' not allowed with 'C'", expect: "CXXFLAGS" },
    ],
  },
  {
    id: "msvc-options-exclude-each-other",
    title: "Two options of cl exclude each other",
    on: ["driver"],
    specificity: 86,
    matches: (finding) =>
      finding.code === "D8016"
        ? said(finding, /['"“«](?<one>\/[^'"”»]+)['"”»].*?['"“«](?<two>\/[^'"”»]+)['"”»]/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `cl takes \`${match.facts["one"] ?? ""}\` or \`${match.facts["two"] ?? ""}\`, not both${/openmp/.test(match.facts["one"] ?? "") ? ": torch.compile (up to 2.9) gives it both, which older releases let pass and Visual Studio 2026 (cl 19.50) does not" : ": the project and the environment (CL, _CL_, CFLAGS) each add one"}.`,
    fix: (match) =>
      /openmp/.test(match.facts["one"] ?? "")
        ? [
            '"C:\\Program Files\\Microsoft Visual Studio\\2022\\BuildTools\\VC\\Auxiliary\\Build\\vcvars64.bat"   # the toolset of Visual Studio 2022, before the program starts',
            '"C:\\Program Files\\Microsoft Visual Studio\\18\\Community\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64 -vcvars_ver=14.44   # or the 2022 toolset within 2026',
            "# or a newer torch",
          ]
        : [`# drop one of ${match.facts["one"] ?? ""} and ${match.facts["two"] ?? ""}`, "set CL & set _CL_"],
    sources: [
      "EnragedAntelope/comfyui-sdnq#21",
      "https://learn.microsoft.com/cpp/error-messages/tool-errors/command-line-error-d8016",
    ],
    examples: [
      {
        text: "cl : Command line error D8016 : '/openmp' and '/openmp:experimental' command-line options are incompatible",
        expect: "2022",
      },
    ],
  },
  {
    id: "register-removed",
    title: "C++17 has no `register`",
    on: ["compile"],
    specificity: 74,
    matches: (finding) =>
      said(
        finding,
        /does not allow [‘']?register[’']? storage class|register[’']? (?:storage class specifier )?(?:is )?(?:deprecated|removed|no longer)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding)} uses the word \`register\`, which C++17 took out of the language; clang 16 and newer, and everything that is compiled as C++17 (as torch wants), rejects it. It never meant anything to compilers of this century.`,
    fix: (match) => [
      ...(match.finding.file === undefined
        ? [
            `grep -rlw register --include='*.c' --include='*.cpp' --include='*.cc' --include='*.cu' --include='*.cuh' --include='*.h' --include='*.hpp' . | xargs -r sed -i.bak -E 's/\\bregister //g'   # in the folder of the package's sources`,
          ]
        : withoutRegister(match)),
      "# without touching the sources: the flag -Wno-register (clang: -Wno-register, too)   CXXFLAGS=-Wno-register; or -Dregister=",
    ],
    change: () => ({ kind: "add-flag", tool: "cxx", flag: "-Wno-register" }),
    sources: ["https://en.cppreference.com/w/cpp/keyword/register", "UCL/STIR#1011"],
    examples: [
      {
        text: "/p/a.cxx:233:3: error: ISO C++17 does not allow 'register' storage class specifier [-Wregister]",
        expect: "-Wno-register",
      },
      { text: "error: ISO C++17 does not allow 'register' storage class specifier", expect: "xargs -r sed" },
    ],
  },
  {
    id: "openmp-of-msvc",
    title: "MSVC's OpenMP is that of 2002",
    on: ["compile"],
    specificity: 82,
    matches: (finding) =>
      /^C30(?:01|05|12|14|15|16|17|18|19|2\d|3\d|4\d|5\d|6\d|7\d)$/.test(finding.code ?? "")
        ? { code: finding.code, index: /['‘“"](\w+)['’”"]/.exec(finding.message)?.[1] }
        : undefined,
    confidence: "high",
    cause: (match) =>
      match.facts["code"] === "C3016"
        ? `${placeOf(match.finding)}: with /openmp, MSVC knows OpenMP 2.0 only, where the variable of a parallel loop (\`${match.facts["index"] ?? "i"}\`) has to be a signed integer; size_t and iterators came with OpenMP 3.0.`
        : `${placeOf(match.finding)}: with /openmp, MSVC knows OpenMP 2.0 only, and the directive is of a newer one or has another form there (${match.facts["code"] ?? ""}).`,
    fix: (match) => [
      ...(match.facts["code"] === "C3016"
        ? [
            `# for (int64_t ${match.facts["index"] ?? "i"} = 0; ${match.facts["index"] ?? "i"} < static_cast<int64_t>(n); ++${match.facts["index"] ?? "i"})`,
          ]
        : []),
      "# or the flag /openmp:llvm in place of /openmp (Visual Studio 2019 16.9 and newer)",
    ],
    change: () => ({ kind: "add-flag", tool: "cxx", flag: "/openmp:llvm" }),
    sources: ["https://learn.microsoft.com/cpp/error-messages/compiler-errors-2/compiler-error-c3016"],
    examples: [
      {
        text: "src\\graph.cc(118): error C3016: 'i': index variable in OpenMP 'for' statement must have signed integral type",
        expect: "int64_t i",
      },
    ],
  },
  {
    id: "clang-cl-in-place-of-cl",
    title: "clang-cl compiles what was written for cl",
    on: ["compile"],
    role: "generic",
    specificity: 16,
    matches: (finding, context) =>
      context.log.clangCl &&
      (finding.tool === "clang" || finding.tool === "gcc" || finding.tool === "msvc") &&
      finding.severity !== "warning"
        ? {}
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `clang-cl rejects ${placeOf(match.finding)}: ${match.finding.message.slice(0, 200)}. torch, what it brings along (fbgemm, oneDNN, …) and most extensions are tried with Microsoft's cl on Windows, which lets more pass.`,
    fix: () => [
      "# build with cl: no CC=clang-cl, CXX=clang-cl, -DCMAKE_CXX_COMPILER=clang-cl, -T ClangCL; in an x64 Native Tools prompt:",
      "set CC=cl& set CXX=cl",
      "# or mend the place that the message names; torch itself: set USE_FBGEMM=0 leaves fbgemm out",
    ],
    sources: ["pytorch/FBGEMM#1392", "pytorch/pytorch#8784"],
    examples: [
      {
        text: "C:\\LLVM\\bin\\clang-cl.exe /nologo -TP /O2 -c a.cc\nC:\\p\\Fbgemm.h(120,16): error: no member named 'isA' in 'fbgemm::PackBMatrix<signed char>'",
        expect: "set CC=cl",
      },
    ],
  },
];
