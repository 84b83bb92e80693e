/** macOS, Windows and Intel GPUs; processors and their assemblers. */
import { platformOf, setVariable } from "../commands.ts";
import { missingProgram } from "../matchers.ts";
import { coded, placeOf, type Rule, said, saidAny } from "../rule.ts";

export const platformRules: readonly Rule[] = [
  {
    id: "clang-openmp-unsupported",
    title: "Apple's clang does not take -fopenmp",
    on: ["driver"],
    specificity: 85,
    matches: (finding) => said(finding, /unsupported option ['‘]-?-fopenmp|^OpenMP support not found/),
    confidence: "high",
    cause: () =>
      "Apple's clang has no -fopenmp of its own: OpenMP goes through the preprocessor with Homebrew's libomp, or is left out.",
    fix: () => [
      "brew install libomp",
      '# cxx-flags = ["-Xpreprocessor", "-fopenmp", "-I/opt/homebrew/opt/libomp/include"], link-flags = ["-L/opt/homebrew/opt/libomp/lib", "-lomp"]',
      "# or drop -fopenmp on macOS",
    ],
    change: () => ({ kind: "remove-flag", flag: "-fopenmp" }),
    sources: ["ClementPinard/Pytorch-Correlation-extension#30", "facebookresearch/SparseConvNet#216"],
    examples: [{ text: "clang: error: unsupported option '-fopenmp'", expect: "-Xpreprocessor" }],
  },
  {
    id: "gnu-linker-options-on-macos",
    title: "Apple's linker does not know options of GNU ld",
    on: ["link", "driver"],
    specificity: 82,
    matches: (finding, context) =>
      finding.tool === "linker" || context.log.platform === "darwin"
        ? said(
            finding,
            /unknown options?: (?<option>-{1,2}(?:no-as-needed|as-needed|start-group|end-group|soname|version-script|whole-archive|no-whole-archive|rpath-link|exclude-libs|Bsymbolic|no-undefined|gc-sections|enable-new-dtags|disable-new-dtags|export-dynamic|z|build-id|hash-style)\b\S*)/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["option"] ?? ""}\` is an option of GNU ld; the linker of macOS has none of that name. The build passes Linux flags (-Wl,${match.facts["option"] ?? ""}) without asking for the system.`,
    fix: (match) => [
      `# take -Wl,${match.facts["option"] ?? ""} out for macOS (if sys.platform == "linux" in setup.py; if(NOT APPLE) in CMake); -force_load stands for --whole-archive, -install_name for -soname`,
    ],
    sources: ["https://developer.apple.com/library/archive/documentation/DeveloperTools/Conceptual/DynamicLibraries/"],
    examples: [{ text: "ld: unknown option: --no-as-needed", expect: "-Wl,--no-as-needed" }],
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
    id: "macos-deployment-target",
    title: "The deployment target of macOS is too old for the C++ library",
    on: ["compile", "driver", "link", "missing-library"],
    specificity: 84,
    matches: (finding, context) => {
      if (finding.kind === "missing-library")
        return finding.library === "stdc++" && context.log.platform === "darwin" ? { what: "libstdc++" } : undefined;
      return saidAny(
        finding,
        /'(?<what>[\w:]+)' is unavailable: introduced in macOS (?<since>[\d.]+)/,
        /include path for (?:libstdc\+\+|stdlibc\+\+) headers not found/,
      );
    },
    confidence: "high",
    cause: (match) =>
      `The build asks for an old macOS${match.facts["since"] === undefined ? "" : `; \`${match.facts["what"] ?? ""}\` came with ${match.facts["since"]}`}: Python was built for it (MACOSX_DEPLOYMENT_TARGET), and setuptools passes that on.`,
    fix: () => [
      "export MACOSX_DEPLOYMENT_TARGET=11.0 CC=clang CXX=clang++",
      "# clang below 10 takes libstdc++ for targets before 10.9: the flag -stdlib=libc++ for compile and link names the right library",
    ],
    sources: ["https://libcxx.llvm.org/DesignDocs/AvailabilityMarkup.html"],
    examples: [
      {
        text: "a.cpp:3:9: error: 'value' is unavailable: introduced in macOS 10.13",
        expect: "MACOSX_DEPLOYMENT_TARGET",
      },
    ],
  },
  {
    id: "posix-on-windows",
    title: "The code is written for Linux and gcc",
    on: ["compile", "missing-header"],
    specificity: 68,
    matches: (finding, context) => {
      if (finding.tool !== "msvc" && context.log.platform !== "win32") return undefined;
      if (finding.kind === "missing-header")
        return /^(?:unistd|dlfcn|dirent|pthread|sys\/(?:time|mman|types|stat|wait|socket|resource|file)|getopt|strings|alloca)\.h$/.test(
          finding.header ?? "",
        )
          ? { name: finding.header }
          : undefined;
      return saidAny(
        finding,
        /['"](?<name>ssize_t|uint|ushort|ulong|u_int\d+_t|__attribute__|__builtin_\w+|__PRETTY_FUNCTION__|M_PI|M_PI_2|M_SQRT2|__restrict__|__int128|aligned_alloc|posix_memalign|clock_gettime|gettimeofday)['"]\s?: (?:undeclared identifier|identifier not found|is not a member)/,
        /identifier "(?<name>__builtin_\w+|u(?:int|short|long|char)|M_PI\w*|ssize_t)" is undefined/,
        /(?:missing '.' before identifier|syntax error: identifier|undeclared identifier:?|unexpected token) '(?<name>and|or|not|xor)'/,
        /'(?<name>and|or|not|xor)'\s?: undeclared identifier/,
        /(?<name>expression did not evaluate to a constant|expected constant expression|array of runtime bound)/,
      );
    },
    confidence: "medium",
    cause: (match) =>
      /constant|runtime bound/.test(match.facts["name"] ?? "")
        ? `MSVC has no arrays whose length is known at run time only (${placeOf(match.finding)}), an extension of gcc and clang: the package was not written for Windows.`
        : /^(?:and|or|not|xor)$/.test(match.facts["name"] ?? "")
          ? `MSVC takes \`${match.facts["name"] ?? ""}\` for a name unless it is told to follow the standard (/permissive-), or <ciso646> is included.`
          : `\`${match.facts["name"] ?? ""}\` exists with gcc and on Linux, not with MSVC on Windows: the package was not written for Windows.`,
    fix: (match) => [
      /^M_/.test(match.facts["name"] ?? "")
        ? "# define _USE_MATH_DEFINES: the flag -D_USE_MATH_DEFINES"
        : /constant|runtime bound/.test(match.facts["name"] ?? "")
          ? "# float a[n]; → std::vector<float> a(n); (or a constexpr length)"
          : /^(?:and|or|not|xor)$/.test(match.facts["name"] ?? "")
            ? "# flags: /permissive- for cxx, -Xcompiler /permissive- for nvcc; or #include <ciso646>; or && || ! in the code"
            : "# look for a fork or a branch of the package for Windows, or build in WSL",
      "# uint → unsigned int, ssize_t → ptrdiff_t, __builtin_popcount → __popcnt",
    ],
    sources: ["https://learn.microsoft.com/cpp/c-runtime-library/math-constants"],
    examples: [
      { text: "a.cpp(12): error C2065: 'M_PI': undeclared identifier", expect: "_USE_MATH_DEFINES" },
      {
        text: "a.cpp(2): fatal error C1083: Cannot open include file: 'unistd.h': No such file or directory",
        expect: "WSL",
      },
    ],
  },
  {
    id: "operator-without-mps",
    title: "The operator has no kernel for Apple's GPU (MPS)",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      said(
        finding,
        /operator '(?<op>[\w:.]+)' is not currently (?:implemented|supported) (?:for|on) the MPS (?:device|backend)/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["op"] ?? ""}\` is registered for other devices only; tensors on \`mps\` reach no kernel.`,
    fix: () => [
      "export PYTORCH_ENABLE_MPS_FALLBACK=1   # runs it on the CPU",
      "# an operator of one's own: a Metal kernel (torch.mps.compile_shader, or .mm sources) under TORCH_LIBRARY_IMPL(my_ops, MPS, m)",
    ],
    sources: ["https://docs.pytorch.org/docs/stable/notes/mps.html"],
    examples: [
      {
        text: "NotImplementedError: The operator 'my_ops::scale' is not currently implemented for the MPS device.",
        expect: "PYTORCH_ENABLE_MPS_FALLBACK",
      },
    ],
  },
  {
    id: "macos-tools-missing",
    title: "macOS's command line tools are missing or not accepted",
    on: ["system", "exception", "driver", "link"],
    specificity: 75,
    matches: (finding) =>
      coded(finding, "xcrun") ??
      saidAny(
        finding,
        /xcrun: error: (?:invalid active developer path|unable to find utility)|You have not agreed to the Xcode license|no developer tools were found|SDK ["'].*["'] cannot be located|no such sysroot directory/,
      ),
    confidence: "high",
    cause: () =>
      "The compiler of macOS comes with the command line tools, which are not installed, were removed by a system update, or whose license was not accepted.",
    fix: (match) =>
      /"?metal(?:lib)?"?/.test(match.finding.message) && /utility/.test(match.finding.message)
        ? [
            "# the Metal compiler comes with Xcode itself, not with the command line tools: install Xcode from the App Store, then",
            "sudo xcode-select -s /Applications/Xcode.app && xcodebuild -downloadComponent MetalToolchain",
          ]
        : ["xcode-select --install", "sudo xcodebuild -license accept   # when Xcode is installed"],
    sources: ["https://developer.apple.com/xcode/resources/"],
    examples: [
      {
        text: "xcrun: error: invalid active developer path (/Library/Developer/CommandLineTools), missing xcrun at: /Library/Developer/CommandLineTools/usr/bin/xcrun",
        expect: "xcode-select",
      },
    ],
  },
  {
    id: "sycl-compiler-failed",
    title: "The SYCL compiler is not found, or failed for the device",
    on: ["driver", "wrapper", "build-tool", "missing-program", "exception"],
    specificity: 84,
    matches: (finding) =>
      (finding.kind === "missing-program"
        ? missingProgram(finding, /^(?:icpx|icx|dpcpp|ocloc|sycl-ls)$/)
        : undefined) ??
      saidAny(
        finding,
        /gen compiler command failed|llvm-foreach.*failed|[‘']?ocloc[’']?.*(?:failed|error|not found)|spir64_gen|torch::xpurt|SYCL_HOME|FindSYCLToolkit|icpx(?:: command)? not found|SYCL runtime is not/i,
      ),
    confidence: "medium",
    cause: (match) =>
      match.facts["name"] !== undefined && match.facts["name"] !== "ocloc"
        ? `\`${match.facts["name"]}\` of Intel oneAPI is not found: the DPC++ compiler is not installed, or its environment is not set (setvars.sh was not sourced in this shell).`
        : "The ahead-of-time compile for Intel GPUs failed: ocloc (the offline compiler) is not installed or does not know the device in TORCH_XPU_ARCH_LIST, or oneAPI's environment is not set.",
    fix: (match) => [
      "source /opt/intel/oneapi/setvars.sh",
      setVariable(match, "TORCH_XPU_ARCH_LIST", "pvc") + "   # your GPU: bmg, dg2, pvc",
      "sudo apt-get install intel-ocloc   # compiler: intel-oneapi-compiler-dpcpp-cpp (Intel's package repository)",
    ],
    sources: ["intel/intel-extension-for-pytorch#367", "pytorch/pytorch#149353"],
    examples: [
      {
        text: "icpx: error: gen compiler command failed with exit code 245 (use -v to see invocation)",
        expect: "ocloc",
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
