/** macOS, and code that was written for Linux alone. */
import { own } from "../../base/own.ts";
import { homebrew, wordsToBuild, pip, platformOf } from "../commands/commands.ts";
import { defineForCl, linkFrameworks } from "../commands/flag-variables.ts";
import { coded, placeOf, type Rule, said, saidAny } from "../rule.ts";
import { editFile, editLine } from "../commands/source-edits.ts";

function frameworkOf(name: string): string {
  if (name.startsWith("MPS")) return "MetalPerformanceShaders";
  return name.startsWith("cblas") ? "Accelerate" : name.startsWith("MTL") ? "Metal" : "Foundation";
}

/** Headers that one system alone has. */
const ofSystem: readonly (readonly [RegExp, "linux" | "darwin" | "win32"])[] = [
  [
    /^(?:windows|windowsx|winsock2?|ws2tcpip|winnt|windef|winbase|direct|conio|tchar|shlobj|shlwapi|psapi|dbghelp|crtdbg|corecrt|crtdefs|vcruntime|yvals|excpt|basetsd|d3d\d+|dxgi(?:1_\d)?|d3dcompiler|comdef|atlbase|objbase|wrl)\.h$|^wrl\//i,
    "win32",
  ],
  [
    /^(?:TargetConditionals|AvailabilityMacros|Availability)\.h$|^(?:mach|mach-o|CoreFoundation|Foundation|Accelerate|Metal|MetalKit|MetalPerformanceShaders|IOKit|Cocoa|AppKit|dispatch|libkern|os)\/[\w/]+\.h(?:pp)?$/,
    "darwin",
  ],
  [
    /^(?:sys\/(?:epoll|sysinfo|prctl|eventfd|inotify|timerfd|sendfile|signalfd|vfs)|linux\/[\w/]+|asm\/[\w/]+|byteswap|numaif)\.h$/,
    "linux",
  ],
];

/** Words of C++ for its signs, which Microsoft's compiler and nvcc's front end in its place do not all know. */
const tokens: Readonly<Record<string, string>> = {
  and: "&&",
  or: "||",
  not: "!",
  xor: "^",
  not_eq: "!=",
  bitand: "&",
  bitor: "|",
  compl: "~",
  and_eq: "&=",
  or_eq: "|=",
  xor_eq: "^=",
};

const systemNames = { linux: "Linux", darwin: "macOS", win32: "Windows" } as const;

/** Types of POSIX in one word of MSVC's. */
const clTypes: Readonly<Record<string, string>> = {
  ssize_t: "__int64",
  uint: "unsigned",
  ulong: "size_t",
  u_int32_t: "unsigned",
  u_int8_t: "uint8_t",
  __restrict__: "__restrict",
  __inline__: "__inline",
  __builtin_popcount: "__popcnt",
  __PRETTY_FUNCTION__: "__FUNCSIG__",
};

/** Whether xcrun misses the compiler of Metal's shaders. */
function asksForMetal(message: string): boolean {
  return /utility ["']?metal(?:lib)?\b|due to missing Metal/.test(message);
}

/** Apple's frameworks begin the names of their classes with two or three capital letters; those of apps' own classes are others. */
const ofApple = /^(?:NS|CF|CA|CI|CL|CN|CG|UI|AV|MTL|MTK|MPS|ML|VN|AR|SCN|SK|GK|WK|PH|OS_)[A-Z_]/;

export const platformRules: readonly Rule[] = [
  {
    id: "macos-frameworks-not-linked",
    title: "Frameworks of macOS are not linked",
    on: ["undefined-symbol"],
    specificity: 84,
    matches: (finding) => {
      const name =
        /^_*(?:OBJC_(?:CLASS|METACLASS)_\$_(?<name>\w+)|(?<c>objc_\w+|MTL\w+|NS[A-Z]\w+|CF[A-Z]\w+|cblas_\w+\$NEWLAPACK\w*))$/.exec(
          finding.symbol ?? "",
        );
      const known = name?.groups?.["name"];
      return name === null || finding.phase !== "link" || (known !== undefined && !ofApple.test(known))
        ? undefined
        : { name: known ?? name.groups?.["c"] };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of Objective-C or of a framework of macOS (Metal, MetalPerformanceShaders, Foundation, Accelerate), and a framework is linked only when it is named.`,
    fix: (match) => [
      ...linkFrameworks(match, [frameworkOf(match.facts["name"] ?? ""), "Foundation"]),
      `# link-flags = ["-framework", "${frameworkOf(match.facts["name"] ?? "")}", "-framework", "Foundation", "-lobjc"]   (setup.py: extra_link_args)`,
      '# CMake: target_link_libraries(ops PRIVATE "-framework Metal" "-framework Foundation" objc)',
    ],
    sources: ["pytorch/vision#8222"],
    examples: [
      {
        text: 'Undefined symbols for architecture arm64:\n  "_OBJC_CLASS_$_MTLCompileOptions", referenced from:\n      objc-class-ref in nms_kernel.mm.o\nld: symbol(s) not found for architecture arm64',
        expect: "-framework",
      },
      {
        text: '$ pip install ops==1.2\n  Building wheel for ops (setup.py) ... error\n      Undefined symbols for architecture arm64:\n        "_OBJC_CLASS_$_MTLCompileOptions", referenced from:\n            objc-class-ref in nms_kernel.mm.o\n      ld: symbol(s) not found for architecture arm64\n  ERROR: Failed building wheel for ops',
        expect: 'export LDFLAGS="-framework Metal -framework Foundation -lobjc $LDFLAGS"',
      },
    ],
  },
  {
    id: "clang-openmp-unsupported",
    title: "Apple's clang does not take -fopenmp",
    on: ["driver"],
    specificity: 85,
    matches: (finding) => said(finding, /unsupported option ['‘]-?-fopenmp|^OpenMP support not found/),
    confidence: "high",
    cause: () =>
      "Apple's clang has no -fopenmp of its own: OpenMP goes through the preprocessor with Homebrew's libomp, or is left out.",
    fix: (match) => [
      "brew install llvm libomp",
      ...(!match.context.log.cmake
        ? [
            `export CC=$(brew --prefix llvm)/bin/clang CXX=$(brew --prefix llvm)/bin/clang++ LDFLAGS="-L$(brew --prefix libomp)/lib" CPATH=$(brew --prefix libomp)/include   # Homebrew's clang knows -fopenmp; then build again`,
          ]
        : []),
      ...(match.context.log.cmake
        ? [
            'cmake -DCMAKE_CXX_COMPILER="$(brew --prefix llvm)/bin/clang++" -DOpenMP_ROOT="$(brew --prefix libomp)" ..   # in an empty build folder, with the options as before; brew install llvm: its clang knows -fopenmp',
          ]
        : []),
      `# cxx-flags = ["-Xpreprocessor", "-fopenmp", "-I${homebrew(match)}/opt/libomp/include"], link-flags = ["-L${homebrew(match)}/opt/libomp/lib", "-lomp"]   (setup.py: extra_compile_args, extra_link_args)`,
      "# or drop -fopenmp on macOS",
    ],
    change: () => ({ kind: "remove-flag", flag: "-fopenmp" }),
    sources: ["ClementPinard/Pytorch-Correlation-extension#30", "facebookresearch/SparseConvNet#216"],
    examples: [
      { text: "clang: error: unsupported option '-fopenmp'", expect: "-Xpreprocessor" },
      { text: "clang: error: unsupported option '-fopenmp'", expect: "CPATH=$(brew --prefix libomp)/include" },
      {
        text: "clang -arch x86_64 -c pygtftk/stats/intersect/create_shuffles.c -o build/temp.macosx-10.9-x86_64-3.7/create_shuffles.o -fopenmp\nclang: error: unsupported option '-fopenmp'",
        expect: "-I/usr/local/opt/libomp/include",
      },
    ],
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
      `grep -rlF -- '${match.facts["option"] ?? ""}' --include='*.py' --include=CMakeLists.txt --include='*.cmake' . | xargs -r sed -i.bak -E "s/[\\"']-Wl,${match.facts["option"] ?? ""}[\\"'] *,? *//g; s/-Wl,${match.facts["option"] ?? ""},?//g"`,
      `# take -Wl,${match.facts["option"] ?? ""} out for macOS (if sys.platform == "linux" in setup.py; if(NOT APPLE) in CMake); -force_load stands for --whole-archive, -install_name for -soname`,
    ],
    sources: ["https://developer.apple.com/library/archive/documentation/DeveloperTools/Conceptual/DynamicLibraries/"],
    examples: [{ text: "ld: unknown option: --no-as-needed", expect: "-Wl,--no-as-needed" }],
  },
  {
    id: "macos-deployment-target",
    title: "The deployment target of macOS is too old",
    on: ["compile", "driver", "link", "missing-library", "installer"],
    specificity: 84,
    matches: (finding, context) => {
      if (finding.kind === "missing-library")
        return finding.library === "stdc++" && context.log.platform === "darwin" ? { what: "libstdc++" } : undefined;
      return saidAny(
        finding,
        /'(?<what>[\w:]+)' is unavailable: introduced in macOS (?<since>[\d.]+)/,
        /(?<what>aligned (?:de)?allocation function|\w+) .*is only available on macOS (?<since>[\d.]+) or newer/,
        /include path for (?:libstdc\+\+|stdlibc\+\+) headers not found/,
        /MACOSX_DEPLOYMENT_TARGET mismatch: now "(?<now>[\d.]+)" but "(?<needs>[\d.]+)" during configure/,
      );
    },
    confidence: "high",
    cause: (match) =>
      match.facts["needs"] !== undefined
        ? `MACOSX_DEPLOYMENT_TARGET is ${match.facts["now"] ?? ""}, and this Python was built for macOS ${match.facts["needs"]} and newer: setuptools builds nothing for an older one (on Apple silicon there is none before 11.0).`
        : `The build asks for an old macOS${match.facts["since"] === undefined ? "" : `; \`${match.facts["what"] ?? ""}\` came with ${match.facts["since"]}`}: Python was built for it (MACOSX_DEPLOYMENT_TARGET), and setuptools passes that on.`,
    fix: (match) =>
      match.facts["needs"] !== undefined
        ? [
            `export MACOSX_DEPLOYMENT_TARGET=${match.facts["needs"]} CC=clang CXX=clang++   # in place of ${match.facts["now"] ?? "the old one"} in front of the command, too`,
            pip(match, `install --no-build-isolation ${wordsToBuild(match)}`),
          ]
        : [
            "export MACOSX_DEPLOYMENT_TARGET=11.0 CC=clang CXX=clang++",
            "# clang below 10 takes libstdc++ for targets before 10.9: the flag -stdlib=libc++ for compile and link names the right library",
          ],
    sources: ["https://libcxx.llvm.org/DesignDocs/AvailabilityMarkup.html"],
    examples: [
      {
        text: 'error: $MACOSX_DEPLOYMENT_TARGET mismatch: now "10.14" but "11.0" during configure',
        expect: "MACOSX_DEPLOYMENT_TARGET=11.0",
      },
      {
        text: "a.cpp:3:9: error: 'value' is unavailable: introduced in macOS 10.13",
        expect: "MACOSX_DEPLOYMENT_TARGET",
      },
    ],
  },
  {
    id: "header-of-other-system",
    title: "A header of another operating system is included",
    on: ["missing-header"],
    specificity: 84,
    matches: (finding, context) => {
      const name = (finding.header ?? "").replaceAll("\\", "/");
      const here = finding.tool === "msvc" ? "win32" : (context.log.platform ?? "linux");
      const of = ofSystem.find(([form]) => form.test(name))?.[1];
      return of === undefined || of === here || (of === "win32" && context.log.mingw)
        ? undefined
        : { header: name, of, known: context.log.platform };
    },
    confidence: (match) => (match.facts["known"] === undefined ? "medium" : "high"),
    cause: (match) =>
      `\`${match.facts["header"] ?? ""}\`${match.finding.file === undefined ? "" : ` (included in \`${placeOf(match.finding)}\`)`} is of ${systemNames[(match.facts["of"] ?? "linux") as keyof typeof systemNames]}, and the compile is for ${systemNames[platformOf(match)]}: the code was written for that system, or the #if around the line does not tell the two apart.`,
    fix: (match) => [
      match.facts["of"] === "win32"
        ? "# in the source: #ifdef _WIN32 around it, with what stands in for it here (unistd.h for io.h and direct.h, pthread.h, sys/socket.h for winsock2.h)"
        : match.facts["of"] === "darwin"
          ? "# in the source: #ifdef __APPLE__ around it; setup.py, CMake: leave the sources for Metal and Accelerate out (if sys.platform == 'darwin', if(APPLE))"
          : "# in the source: #ifdef __linux__ around it; setup.py, CMake: leave that source out",
      "# or a release or fork of the package for this system",
    ],
    sources: ["https://gcc.gnu.org/onlinedocs/cpp/System-specific-Predefined-Macros.html"],
    examples: [
      { text: "x.cpp:2:10: fatal error: windows.h: No such file or directory", expect: "#ifdef _WIN32" },
      { text: "x.cpp:2:10: fatal error: TargetConditionals.h: No such file or directory", expect: "__APPLE__" },
      { text: "/Users/u/p/x.cpp:2:10: fatal error: 'sys/epoll.h' file not found", expect: "__linux__" },
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
        /['"](?<name>ssize_t|uint|ushort|ulong|u_int\d+_t|__attribute__|__builtin_\w+|__PRETTY_FUNCTION__|M_PI|M_PI_2|M_SQRT2|__restrict__|__int128|aligned_alloc|posix_memalign|clock_gettime|gettimeofday|localtime_r|gmtime_r|ctime_r|strtok_r|rand_r|drand48|srand48|random|srandom|usleep|sleep|strcasecmp|strncasecmp|strsep|strndup|getline|popen|pclose|mkstemp|mkdtemp|readlink|realpath|setenv|unsetenv|sysconf|getpagesize|mmap|munmap|fork|pipe|fseeko|ftello|bzero|bcopy|index|rindex)['"]\s?: (?:undeclared identifier|identifier not found|is not a member)/,
        /syntax error: (?:missing ';' before )?identifier '(?<name>uint|ushort|ulong|uchar|ssize_t|u_int\w*|__attribute__|__restrict__|__inline__|__asm__|__extension__|__typeof__)'/,
        /identifier "(?<name>__builtin_\w+|u(?:int|short|long|char)|M_PI\w*|ssize_t)" is undefined/,
        /(?:missing '.' before identifier|syntax error: identifier|undeclared identifier:?|unexpected token) '(?<name>and|or|not|xor)'/,
        /'(?<name>and|or|not|xor)'\s?: undeclared identifier/,
        /identifier "(?<name>and|or|not|xor|not_eq|bitand|bitor|compl|and_eq|or_eq|xor_eq)" is undefined/,
        /(?<name>expression did not evaluate to a constant|expected constant expression|array of runtime bound)/,
      );
    },
    confidence: "medium",
    cause: (match) =>
      /constant|runtime bound/.test(match.facts["name"] ?? "")
        ? `MSVC has no arrays whose length is known at run time only (${placeOf(match.finding)}), an extension of gcc and clang: the package was not written for Windows.`
        : own(tokens, match.facts["name"] ?? "") !== undefined
          ? `MSVC takes \`${match.facts["name"] ?? ""}\` for a name unless it is told to follow the standard (/permissive-), or <ciso646> is included.`
          : `\`${match.facts["name"] ?? ""}\` exists with gcc and on Linux, not with MSVC on Windows: the package was not written for Windows.`,
    fix: (match) => [
      /^M_/.test(match.facts["name"] ?? "")
        ? `${defineForCl("_USE_MATH_DEFINES")}   # for every call of cl.exe, also the one that nvcc makes; for good: #define _USE_MATH_DEFINES before <cmath>`
        : /constant|runtime bound/.test(match.facts["name"] ?? "")
          ? "# float a[n]; → std::vector<float> a(n); (or a constexpr length)"
          : own(tokens, match.facts["name"] ?? "") !== undefined
            ? match.finding.tool === "cudafe++" || match.finding.tool === "nvcc"
              ? `# nvcc's front end does as cl.exe does: \`${own(tokens, match.facts["name"] ?? "") ?? ""}\` in place of \`${match.facts["name"] ?? ""}\`, or #include <ciso646> above it`
              : "set CL=/permissive-   # for every call of cl.exe, also the one that nvcc makes; for good: the flag /permissive- for cxx, #include <ciso646>, or && || ! in the code"
            : "# a newer release of the package (or a fork or branch for Windows) may have it mended; else build in WSL",
      ...(own(tokens, match.facts["name"] ?? "") === undefined
        ? []
        : editLine(
            match,
            // The others stand in one line as a rule; the rarer words may be names of variables.
            Object.entries(tokens)
              .filter(([word]) => word === match.facts["name"] || /^(?:and|or|not)$/.test(word))
              .map(([word, sign]) => [`\\b${word}\\b`, sign]),
          )),
      ...(own(clTypes, match.facts["name"] ?? "") === undefined
        ? []
        : [
            `${defineForCl(match.facts["name"] ?? "", own(clTypes, match.facts["name"] ?? ""))}   # for all files, without an edit; then build again in this prompt (PowerShell: $env:CL='/D…')`,
          ]),
      ...(/^(?:localtime|gmtime)_r$/.test(match.facts["name"] ?? "")
        ? [
            ...editFile(match, [["\\b(localtime|gmtime)_r\\(([^,()]+), *([^,()]+)\\)", "\\1_s(\\3, \\2)"]]),
            `# ${match.facts["name"] ?? ""}(&time, &result) → ${(match.facts["name"] ?? "").replace("_r", "_s")}(&result, &time): MSVC's takes them the other way round`,
          ]
        : []),
      ...(own(tokens, match.facts["name"] ?? "") === undefined
        ? [
            "# uint → unsigned int, ssize_t → ptrdiff_t, __builtin_popcount → __popcnt, __restrict__ → __restrict, __attribute__((aligned(n))) → alignas(n)",
          ]
        : []),
    ],
    sources: [
      "https://learn.microsoft.com/cpp/c-runtime-library/math-constants",
      "https://learn.microsoft.com/cpp/cpp/logical-and-operator-amp-amp",
      "openvinotoolkit/nncf#1177",
    ],
    examples: [
      {
        text: 'C:\\p\\csrc\\ops.cu(36): error: identifier "and" is undefined',
        expect: "'\\band\\b','&&'",
      },

      { text: "a.cpp(12): error C2065: 'M_PI': undeclared identifier", expect: "set CL=/D_USE_MATH_DEFINES" },
      {
        text: "ops.cpp(9): error C2065: '__restrict__': undeclared identifier",
        expect: "set CL=/D__restrict__#__restrict",
      },
      {
        text: "layers\\csrc\\e.cpp(483): error C3861: 'localtime_r': identifier not found",
        expect: "-creplace '\\b(localtime|gmtime)_r\\(([^,()]+), *([^,()]+)\\)','$1_s($3, $2)'",
      },
      {
        text: "a.cpp(2): fatal error C1083: Cannot open include file: 'unistd.h': No such file or directory",
        expect: "WSL",
      },
    ],
  },
  {
    id: "unknown-word-before-name",
    title: "MSVC does not know the word in front of a name",
    on: ["compile"],
    specificity: 66,
    matches: (finding, context) => {
      if (finding.code !== "C2146") return undefined;
      const facts = said(finding, /missing ';' before identifier '(?<name>\w+)'/);
      // A type that is unknown is named in an error of its own; a word such as `__restrict__` becomes the variable's name.
      const here = context.findings.filter(({ file, line }) => file === finding.file && line === finding.line);
      const undeclared = here.filter(({ code }) => code === "C2065").map(({ message }) => /'(\w+)'/.exec(message)?.[1]);
      return facts !== undefined && undeclared.length > 0 && undeclared.every((name) => name === facts["name"])
        ? facts
        : undefined;
    },
    confidence: "medium",
    cause: (match) =>
      `In ${placeOf(match.finding)} a word stands before \`${match.facts["name"] ?? ""}\` that MSVC takes for the variable's own name, because it does not know it: a keyword of gcc and clang (most often __restrict__, which MSVC writes __restrict; __attribute__((…)), __inline__), or a macro that is not defined on Windows. The package was not written for Windows.`,
    fix: (match) => [
      `# look at ${placeOf(match.finding)}: __restrict__ → __restrict, __inline__ → inline, __attribute__((aligned(n))) → alignas(n)`,
      `${defineForCl("__restrict__", "__restrict")} /D__inline__#__inline   # without touching the sources, for every call of cl.exe (# stands for =)`,
      "# or a newer release of the package, or a fork for Windows; or build in WSL",
    ],
    sources: ["facebookresearch/pytorch3d#843"],
    examples: [
      {
        text: "a.cpp(35): error C2146: syntax error: missing ';' before identifier 'output_p'\na.cpp(35): error C2065: 'output_p': undeclared identifier",
        expect: "set CL=/D__restrict__#__restrict",
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
        /operator '(?<op>[\w:.]+)' is not current(?:ly)? (?:implemented|supported) (?:for|on) the MPS (?:device|backend)/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["op"] ?? ""}\` is registered for other devices only; tensors on \`mps\` reach no kernel.`,
    fix: ({ context: { log } }) => [
      ...(log.inCell || log.notebook
        ? [
            "# restart the kernel; in its first cell, before anything imports torch:",
            "%env PYTORCH_ENABLE_MPS_FALLBACK=1",
          ]
        : [
            "export PYTORCH_ENABLE_MPS_FALLBACK=1   # runs it on the CPU; set within Python it counts only before the first `import torch` (or of what imports it): os.environ[…] further down comes too late",
          ]),
      "# an operator of one's own: a Metal kernel (torch.mps.compile_shader, or .mm sources) under TORCH_LIBRARY_IMPL(my_ops, MPS, m)",
    ],
    sources: ["https://docs.pytorch.org/docs/stable/notes/mps.html", "pytorch/pytorch#77764"],
    examples: [
      {
        text: "import torch\nimport os\nos.environ['PYTORCH_ENABLE_MPS_FALLBACK'] = '1'\nNotImplementedError: The operator 'torchvision::nms' is not currently implemented for the MPS device.",
        expect: "only before the first `import torch`",
      },
      {
        text: "Cell In[3], line 2\nNotImplementedError: The operator 'my_ops::scale' is not currently implemented for the MPS device.",
        expect: "%env PYTORCH_ENABLE_MPS_FALLBACK=1",
      },
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
    // setuptools asks for an SDK of an older name and goes on without it.
    confidence: (match) =>
      /cannot be located/.test(match.finding.message)
        ? match.context.findings.some(({ kind }) => kind === "compile" || kind === "undefined-symbol")
          ? "low"
          : "medium"
        : "high",
    cause: (match) =>
      asksForMetal(match.finding.message)
        ? "The build compiles Metal shaders with `xcrun metal`. That compiler comes with Xcode alone, not with the command line tools, and since Xcode 26 it is a download of its own (the Metal Toolchain)."
        : "The compiler of macOS comes with the command line tools, which are not installed, were removed by a system update, or whose license was not accepted.",
    fix: (match) =>
      /due to missing Metal/.test(match.finding.message)
        ? ["xcodebuild -downloadComponent MetalToolchain"]
        : asksForMetal(match.finding.message)
          ? [
              "# the Metal compiler comes with Xcode itself, not with the command line tools: install Xcode from the App Store, then",
              "sudo xcode-select -s /Applications/Xcode.app && xcodebuild -downloadComponent MetalToolchain",
            ]
          : ["xcode-select --install", "sudo xcodebuild -license accept   # when Xcode is installed"],
    sources: ["https://developer.apple.com/xcode/resources/", "https://www.polpiella.dev/metal-toolchain-ci-cd/"],
    examples: [
      {
        text: "xcrun -sdk macosx metal -c scan.metal -o scan.air\nerror: cannot execute tool 'metal' due to missing Metal Toolchain; use: xcodebuild -downloadComponent MetalToolchain",
        expect: "xcodebuild -downloadComponent MetalToolchain",
      },
      {
        text: 'jo@mbp ext % python3 -m pip install .\n      xcrun: error: unable to find utility "metallib", not a developer tool or in PATH',
        expect: "sudo xcode-select -s /Applications/Xcode.app",
      },
      {
        text: "xcrun: error: invalid active developer path (/Library/Developer/CommandLineTools), missing xcrun at: /Library/Developer/CommandLineTools/usr/bin/xcrun",
        expect: "xcode-select",
      },
    ],
  },
];
