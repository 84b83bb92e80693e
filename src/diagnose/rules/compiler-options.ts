/** Words on a compiler's command line that it does not take, and instructions that it was not told of. */
import { flagsOfScript } from "./loading-slips.ts";
import { withHostFlags } from "../commands/typed-again.ts";
import { platformOf, setVariable } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";

/** The flag by the header that defines the intrinsic: `avx512bwintrin.h`. Source: gcc's config/i386. */
function flagOfHeader(file: string): string | undefined {
  const part = /(\w+?)intrin\.h$/.exec(file)?.[1] ?? "";
  const old: Readonly<Record<string, string>> = {
    pmm: "sse3",
    tmm: "ssse3",
    smm: "sse4.1",
    nmm: "sse4.2",
    wmm: "aes -mpclmul",
    amm: "sse4a",
  };
  const older = Object.hasOwn(old, part) ? old[part] : undefined;
  if (older !== undefined) return `-m${older}`;
  if (/^amx(?:tile|int8|bf16|fp16|complex)$/.test(part)) return `-m${part.replace("amx", "amx-")}`;
  if (/^avx512\w+vl$/.test(part)) return `-m${part.slice(0, -2)} -mavx512vl`;
  return /^(?:avx\w*|f16c|fma4?|bmi2?|lzcnt|popcnt|gfni|vaes|vpclmulqdq|sha|xop|adx|rdseed|movdir)$/.test(part)
    ? `-m${part}`
    : undefined;
}

/** The variable of the shell without the flag, where setuptools' command shows that it came from there. */
function ofShell(match: Match): string | undefined {
  const { option = "", value = "" } = match.facts;
  const { flagsOfShell = "", flagsOfExtension = "" } = match.context.log;
  const flag = option.endsWith("=") ? `${option}${value}` : option;
  if (flag === "" || /["'$`\\\s{}]/.test(flag) || platformOf(match) === "win32") return undefined;
  return flagsOfShell.split(" ").includes(flag) && !flagsOfExtension.includes(flag)
    ? `export CFLAGS="\${CFLAGS//${flag}/}" CXXFLAGS="\${CXXFLAGS//${flag}/}" CPPFLAGS="\${CPPFLAGS//${flag}/}"   # the flag stands before -c: a variable of the shell brings it, not setup.py`
    : undefined;
}

/** The flags of all intrinsics that the compiler refuses: one at a time would only show the next. */
function ofAll({ context }: Match, first: string): string {
  const others = context.findings
    .filter(({ kind, message }) => kind === "compile" && message.includes("target specific option mismatch"))
    .map(({ file = "" }) => flagOfHeader(file))
    .filter((flag) => flag !== undefined);
  return [...new Set([first, ...others].flatMap((flags) => flags.split(" ")))].join(" ");
}

/** Options of cl and link that no path looks like. */
const microsoftOption =
  /^[/](?:(?:machine|out|implib|incremental|subsystem|libpath|manifest|std|zc|opt|wd|arch|def|pdb|ignore)[:\d]\S*|nologo|dll|debug|ltcg|M[DT]d?|O[12dxbit]+|W(?:[0-4X]|all)|EH[a-z]+|Z[i7I]|G[LRSyw]-?|bigobj|utf-8|openmp(?::\w+)?|permissive-?|TP|FS|MP\d*)$/i;

function isError({ kind, severity }: Finding): boolean {
  return kind !== "wrapper" && (severity === "error" || severity === "fatal");
}

/** clang++ on Windows, which is not clang-cl. */
function isGnuClang(match: Match): boolean {
  return (
    platformOf(match) === "win32" && /clang\+\+|clang(?:\.exe)?$/.test(match.finding.program ?? match.finding.text)
  );
}

/** A flag that only nvcc has. */
function ofNvcc(match: Match): boolean {
  return (
    match.finding.tool !== "msvc" &&
    /^-{1,2}(?:expt-(?:relaxed-constexpr|extended-lambda)|extended-lambda|use_fast_math|gencode\S*|generate-code\S*|gpu-(?:architecture|code)\S*|lineinfo|generate-line-info|ptxas-options\S*|maxrregcount\S*|compiler-options|compiler-bindir|threads|rdc=\S+|relocatable-device-code\S*|source-in-ptx|Xcompiler|Xptxas|Xcudafe|allow-unsupported-compiler|default-stream\S*|diag-suppress\S*|resource-usage|ftz=\S+|prec-(?:div|sqrt)=\S+|fmad=\S+)$/.test(
      match.facts["option"] ?? "",
    )
  );
}

/** hipcc compiles it: torch for ROCm hands it the list that is named after nvcc. */
function byHipcc(match: Match): boolean {
  const { finding, context } = match;
  return (
    finding.tool === "hipcc" ||
    context.log.amd === true ||
    context.findings.some(({ text }) => /\/hipcc\b|-D__HIP_PLATFORM_AMD__|\.hip\b/.test(text))
  );
}

/** What hipcc takes in place of a flag of nvcc, where there is something. Source: ROCm, HIP porting guide. */
const ofHipcc: Readonly<Record<string, string>> = { use_fast_math: "-ffast-math" };

function withoutNvccFlags(match: Match): string[] {
  const option = match.facts["option"] ?? "";
  const other = ofHipcc[option.replace(/^-+/, "")];
  return [
    `grep -rn -- '${option}' setup.py   # where it stands`,
    ...(other === undefined
      ? [`sed -i.bak 's/"${option}",\\? \\?//' setup.py   # hipcc has nothing like it and needs none`]
      : [`sed -i.bak 's/${option}/${other}/' setup.py   # hipcc's word for it`]),
    `# for both: "nvcc": ["-O3"] + ([] if torch.version.hip else ["${option}"])`,
  ];
}

/** The flags of nvcc for nvcc alone. */
function withNvccApart(match: Match): string[] {
  const option = match.facts["option"] ?? "";
  const { cmake, runsCmake, cmakeTarget } = match.context.log;
  return cmake || runsCmake || cmakeTarget !== undefined
    ? [
        `# CMakeLists.txt: target_compile_options(${cmakeTarget ?? "the_target"} PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:${option}>) in place of the flag in CMAKE_CXX_FLAGS, add_compile_options or target_compile_options for all languages`,
        "grep -rnE 'CXX_FLAGS|compile_options' CMakeLists.txt   # where it stands",
      ]
    : [
        `# setup.py: extra_compile_args={"cxx": ["-O3"], "nvcc": ["-O3", "${option}"]} in place of the list; all flags of nvcc's (-gencode, -lineinfo, --use_fast_math, -Xcompiler …) into its part`,
        "grep -n -A3 extra_compile_args setup.py   # where it stands",
      ];
}

/** Takes a flag out of the lists of the build's own files, where it stands as a word of its own in quotation marks. */
function withoutOption(match: Match): string[] {
  const { option = "", value } = match.facts;
  const word = option.endsWith("=") ? `${option}${value ?? ""}` : option;
  if (platformOf(match) === "win32" || !/^-[\w=+.-]+$/.test(word)) return [];
  const form = word.replaceAll(/[.+]/g, "[$&]");
  return [
    `grep -rlF -e '${word}' --include=${match.context.log.builtAtRunTime ? "'*.py'" : "setup.py"} --include='*.toml' . | xargs -r sed -i.bak -E "s/['\\"]${form}['\\"] *,?//g"   # out of the lists of flags`,
  ];
}

export const compilerOptionRules: readonly Rule[] = [
  {
    id: "msvc-flags-to-other-compiler",
    title: "Flags of cl.exe are given to gcc",
    on: ["driver", "wrapper"],
    specificity: 84,
    matches: (finding, { log, findings }) =>
      finding.kind === "wrapper"
        ? // The compiler's own line is cut off: the command of the step that failed shows the flag.
          log.microsoftFlag !== undefined && log.platform !== "win32" && !findings.some(isError)
          ? { flag: log.microsoftFlag }
          : undefined
        : finding.code === "msvc-flag" ||
            (/^(?:stray-word|no-such-file)$/.test(finding.code ?? "") && microsoftOption.test(finding.file ?? ""))
          ? { flag: finding.file }
          : undefined,
    confidence: (match) => (match.finding.kind === "wrapper" ? "medium" : "high"),
    cause: (match) =>
      isGnuClang(match)
        ? `\`${match.facts["flag"] ?? ""}\` is an option of Microsoft's cl or link, and clang++ with gcc's options takes it for a file. Two kinds of compilers are mixed: clang++ where clang-cl was meant, flags for cl in the project or in the environment, or a CMake that chose Microsoft's linker options for another language (HIP).`
        : platformOf(match) === "win32" || /\.exe|mingw/i.test(match.finding.program ?? "")
          ? `\`${match.facts["flag"] ?? ""}\` is a flag of Microsoft's cl.exe, and MinGW's gcc runs in its place: setuptools was told so (compiler=mingw32 in distutils.cfg or pydistutils.cfg, or CC). torch for Windows is built with MSVC, and its C++ libraries cannot be used from MinGW.`
          : `\`${match.facts["flag"] ?? ""}\` is a flag of Microsoft's cl.exe, and gcc or clang takes it for a file: the ${match.context.log.builtAtRunTime ? "call of load() (extra_cflags)" : "package's setup.py or CMakeLists.txt"} passes Windows flags on every system.`,
    fix: (match) =>
      isGnuClang(match)
        ? [
            "echo [%CFLAGS%] [%CXXFLAGS%] [%LDFLAGS%] [%CC%] [%CXX%]   # flags for cl that every compiler gets: set LDFLAGS=",
            "# one kind for all: CC=clang-cl CXX=clang-cl (or cl); or gcc's options, in CMake by if(MSVC), in setup.py by compiler.compiler_type",
            "rmdir /s /q build   # CMake keeps the flags that it began with; a newer CMake: pip install -U cmake",
          ]
        : platformOf(match) === "win32" || /\.exe|mingw/i.test(match.finding.program ?? "")
          ? [
              '# install "Desktop development with C++" of Visual Studio, and build in its x64 Native Tools prompt:',
              '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"',
              "set DISTUTILS_USE_SDK=1& set CC=& set CXX=",
              "python -c \"import distutils, os; print(os.path.join(os.path.dirname(distutils.__file__), 'distutils.cfg'))\"   # take compiler=mingw32 out of it, and out of %USERPROFILE%\\pydistutils.cfg and setup.cfg",
            ]
          : [
              `grep -rn --include='*.py' --include=CMakeLists.txt --include=pyproject.toml -e '${match.facts["flag"] ?? ""}' .   # take it out there`,
              '# or pass it on Windows only: if sys.platform == "win32" in Python, if(MSVC) in CMake',
            ],
    sources: ["pytorch/pytorch#24460", "pytorch/pytorch#12626", "ROCm/TheRock#3172"],
    examples: [
      {
        text: "-- Check for working HIP compiler: C:/py/Lib/site-packages/_rocm_sdk_devel/lib/llvm/bin/clang++.exe - broken\n  It fails with the following output:\n    clang++: error: no such file or directory: '/machine:x64'\n'C:\\w\\x.obj'",
        expect: "clang-cl",
      },
      {
        text: "C:\\MinGW\\bin\\gcc.exe -mdll -O -c a.cpp -o a.o /MD\ngcc: error: /MD: No such file or directory",
        expect: "MinGW",
      },
      {
        text: "[1/3] c++ -MMD -MF a.o.d -DTORCH_EXTENSION_NAME=a -fPIC -std=c++14 /wd4624 -c /content/a.cpp -o a.o \nFAILED: a.o ",
        expect: "/wd4624",
      },
      {
        text: "/usr/bin/g++ -c a.cpp\ng++: error: /EHsc: No such file or directory",
        expect: 'sys.platform == "win32"',
      },
    ],
  },
  {
    id: "stray-word-on-command-line",
    title: "The compiler takes a stray word for a file",
    on: ["driver"],
    specificity: 60,
    matches: (finding) => (finding.code === "stray-word" ? { word: finding.file } : undefined),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["word"] ?? ""}\` stands on the command line as a word of its own, so that the compiler looks for a file of that name. It is a piece of something longer: of a path with a space that was not quoted, or of a flag that was torn apart (quotes in CFLAGS, CXXFLAGS or extra_compile_args; two flags in one string).`,
    fix: () => [
      'echo "CFLAGS=[$CFLAGS] CXXFLAGS=[$CXXFLAGS] LDFLAGS=[$LDFLAGS] CC=[$CC] CXX=[$CXX]"; pwd',
      "# one word a flag: extra_compile_args=['-I/a', '-DX=1'], not ['-I/a -DX=1']; a project and an environment in paths without spaces",
      "retorch build -v   # shows the words; retorch hands them to the compiler as a list, never through a shell",
    ],
    sources: ["pytorch/pytorch#59356"],
    examples: [
      { text: "gcc: error: .2-a+fp16+rcpc+dotprod: No such file or directory", expect: "torn apart" },
      { text: "g++: error: Drive/project/include: No such file or directory", expect: "without spaces" },
    ],
  },
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
      const byHeader = flagOfHeader(match.finding.file ?? "");
      const flag =
        byHeader !== undefined
          ? byHeader
          : match.facts["feature"] !== undefined
            ? `-m${match.facts["feature"]}`
            : /512/.test(name)
              ? "-mavx512f"
              : /256/.test(name)
                ? "-mavx2 -mfma"
                : "-march=native";
      const all = ofAll(match, flag);
      const typed = withHostFlags(match, all.split(" "));
      if (typed.length > 0 && !match.context.log.namesRetorch)
        return [...typed, "# or -march=native, which then runs on this kind of processor only"];
      return [
        ...(platformOf(match) === "win32" || match.context.log.namesRetorch
          ? []
          : [setVariable(match, "CFLAGS", `${all} $CFLAGS`), setVariable(match, "CXXFLAGS", `${all} $CXXFLAGS`)]),
        `# retorch: cxx-flags = ["${all.split(" ").join('", "')}"]   (or -march=native, which then runs on this kind of processor only)`,
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
    id: "gcc-parts-of-two-releases",
    title: "gcc calls parts of another gcc",
    on: ["driver"],
    specificity: 72,
    matches: (finding) =>
      /^cc1(?:plus|obj)?$/.test(finding.program ?? "")
        ? saidAny(finding, /unrecogni[sz]ed command[- ]line option [‘'"](?<option>-mno-[\w.-]+)/)
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["option"] ?? ""}\` stands nowhere in the build: the gcc that was called made it of -march=native, and the cc1plus (the compiler proper) that it started is of another, older release. Two gccs are mixed: gcc and g++ of different versions, a cc1plus that was linked by hand, GCC_EXEC_PREFIX, or -B of conda's compiler_compat.`,
    fix: () => [
      'gcc --version; g++ --version; gcc -print-prog-name=cc1plus; g++ -print-prog-name=cc1plus; echo "[$GCC_EXEC_PREFIX] [$COMPILER_PATH]"',
      "sudo apt-get install --reinstall gcc-11 g++-11 && export CC=gcc-11 CXX=g++-11   # both of one release",
      "# or without -march=native (-march=x86-64-v3)",
    ],
    sources: ["nmslib/nmslib#293"],
    examples: [{ text: "cc1plus: error: unrecognized command line option ‘-mno-sha’", expect: "cc1plus" }],
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
            /unsupported argument ['‘](?<value>[^'’]+)['’] to option ['‘](?<option>[^'’]+)/,
            /(?:unknown argument|unsupported option|unsupported argument|unknown option)[:,]? ['‘"](?<option>[^'’"]+)/,
            /unrecogni[sz]ed argument in option [‘'](?<option>-[\w-]+=)(?<value>[^’']+)/,
            /argument to ['‘](?<option>[^'’]+)['’] is missing/,
            /(?:bad value|invalid value|invalid argument) ?(?:\(?[‘'"](?<value>[^’'"]+)[’'"]\)?)? (?:for|in|to) [‘'"]?(?<option>-[\w=+-]+)/,
            /the clang compiler does not support ['‘](?<option>[^'’]+)/,
            /(?:invalid numeric argument|unknown option|ignoring unknown option) '(?<option>[^']+)'/,
            /unknown target CPU '(?<option>[^']+)'/,
            // D8021, whose sentence was cut off: only the flag is left.
            /^['"]?(?<option>[-/][A-Za-z][\w=+-]*)['"]?$/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      ofNvcc(match)
        ? byHipcc(match)
          ? `\`${match.facts["option"] ?? ""}\` is a flag of nvcc, and hipcc (clang) compiles here: torch for ROCm hands it the flags that setup.py lists for nvcc.`
          : `\`${match.facts["option"] ?? ""}\` is a flag of nvcc, and the C++ compiler${match.finding.program === undefined ? "" : ` (${match.finding.program})`} gets it: flags that are given as one list go to both.`
        : `The compiler${match.finding.program === undefined ? "" : ` (${match.finding.program})`} does not take \`${match.facts["option"] ?? ""}\`${match.facts["value"] === undefined ? "" : ` with \`${match.facts["value"]}\``}: the flag is of another compiler (gcc, clang, MSVC, nvcc), of a newer version, or for another processor.`,
    fix: (match) =>
      ofNvcc(match)
        ? byHipcc(match)
          ? withoutNvccFlags(match)
          : withNvccApart(match)
        : [
            ...(ofShell(match) === undefined ? withoutOption(match) : [ofShell(match) ?? ""]),
            `# remove ${match.facts["option"] ?? "it"}${/=$/.test(match.facts["option"] ?? "") ? (match.facts["value"] ?? "") : ""}${/^\/[Wfm]\w*-/.test(match.facts["option"] ?? "") ? ` (written -${(match.facts["option"] ?? "").slice(1)} there)` : ""} from extra_compile_args (setup.py), CFLAGS, CXXFLAGS, or the nvcc flags`,
            ...(/^-m(?:arch|cpu|tune)=/.test(match.facts["option"] ?? "") && match.facts["value"] === "native"
              ? ["# clang on ARM: -mcpu=native in its place (clang 15 and newer take -march=native, too)"]
              : []),
            ...(platformOf(match) === "win32"
              ? [
                  '# MSVC writes /W3, /O2, /openmp instead of -Wall, -O3, -fopenmp; put flags of gcc behind: if sys.platform != "win32"',
                ]
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
      {
        text: "[1/1] /opt/rocm/bin/hipcc -c /w/k.hip -o k.o -D__HIP_PLATFORM_AMD__=1 --use_fast_math --offload-arch=gfx942\nFAILED: k.o\nclang++: error: unknown argument: '--use_fast_math'; did you mean '-use_fast_math'?",
        expect: "s/--use_fast_math/-ffast-math/",
      },
      { text: "clang: error: unsupported argument 'native' to option '-march='", expect: "-march=native" },
      { text: "cc1plus: error: bad value (‘sapphirerapids’) for ‘-march=’ switch", expect: "sapphirerapids" },
      { text: "cl : Command line error D8021 : invalid numeric argument '/Wextra'", expect: "MSVC" },
      {
        text: "cl: error D8021 : /Wno-attributes\nninja: build stopped: subcommand failed.",
        expect: "/Wno-attributes",
      },
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
            /selected processor does not support [`'‘](?<arm>[^'’]+)[`'’] in (?<mode>ARM|Thumb) mode/,
            /(?:unsupported instruction|unknown pseudo-op|unrecognized option|bad register name|operand (?:type|size) mismatch|invalid instruction|unknown mnemonic)[^`'‘]*[`'‘]?(?<what>[^'’]*)/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      match.facts["arm"] !== undefined
        ? `\`${match.facts["arm"]}\` is an instruction that the 32-bit ARM which the assembler was told of does not have: ${match.facts["mode"] ?? "ARM"} mode means a 32-bit system (armv7l, as Raspberry Pi OS of 32 bits is), for which torch is not made. Its libraries of kernels (XNNPACK, QNNPACK) take instructions of newer processors.`
        : `\`${match.facts["what"] ?? ""}\`: the assembler (binutils) is older than the compiler, or code for another processor is assembled (-march=native, x86 intrinsics on ARM).`,
    fix: (match) =>
      match.facts["arm"] !== undefined
        ? [
            "uname -m; getconf LONG_BIT   # armv7l, 32",
            "# the 64-bit system (Raspberry Pi 3 and newer: Raspberry Pi OS 64-bit, Ubuntu arm64), then: pip install torch   (its wheels are for aarch64)",
            "# to go on with 32 bits, in an empty build folder, without those libraries: export USE_XNNPACK=0 USE_QNNPACK=0 USE_PYTORCH_QNNPACK=0 USE_NNPACK=0 USE_MKLDNN=0 BUILD_TEST=0, and pip install the same sources again",
          ]
        : [
            "as --version; g++ --version",
            "sudo apt-get install binutils   # or: conda install -c conda-forge binutils",
            "# or compile without -march=native",
          ],
    sources: ["https://sourceware.org/binutils/"],
    examples: [
      {
        text: "/tmp/cc0imd8P.s:186: Error: selected processor does not support `vsdot.s8 q10,q12,d7[1]' in ARM mode",
        expect: "64-bit system",
      },
      { text: "/tmp/ccX1abcd.s:4032: Error: no such instruction: `vpdpbusd %ymm1,%ymm0,%ymm2'", expect: "binutils" },
    ],
  },
  {
    id: "command-of-several-files",
    title: "A compiler's command falls apart into several files",
    on: ["driver"],
    specificity: 78,
    matches: (finding) =>
      finding.tool === "nvcc"
        ? undefined
        : said(
            finding,
            /cannot specify [‘'"]?-o[’'"]? (?:with .* with multiple (?:output )?files|when generating multiple output files)/,
          ),
    confidence: "high",
    cause: () =>
      "The compiler takes a word of its command for a second source file: flags were given as one string where a list is wanted (each letter becomes a word: - O 3), a path with a space is not quoted, or a word that was to belong to a flag stands alone.",
    fix: (match) => [
      ...flagsOfScript(match),
      '# lists: load(…, extra_cflags=["-O3"]), extra_compile_args={"cxx": ["-O3", "-fopenmp"]}; one word each, no "-I /path" in one string',
      '# CMake: separate_arguments or a list, not "-O3 -g" in one word; project, environment and build folder in paths without spaces',
      ...(flagsOfScript(match).length > 0 ? [] : ["retorch build -v   # shows the whole command"]),
    ],
    sources: ["https://docs.pytorch.org/docs/stable/cpp_extension.html"],
    examples: [
      {
        text: "c++: fatal error: cannot specify ‘-o’ with ‘-c’, ‘-S’ or ‘-E’ with multiple files",
        expect: "extra_cflags",
      },
      { text: "clang: error: cannot specify -o when generating multiple output files", expect: "extra_cflags" },
    ],
  },
];
