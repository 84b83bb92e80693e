/** What MSVC and the headers of Windows make of code that was written elsewhere. */
import { coded, placeOf, type Rule, said, saidAny } from "../rule.ts";

export const windowsRules: readonly Rule[] = [
  {
    id: "program-wants-administrator",
    title: "Windows starts a program of the build for administrators only",
    on: ["warning", "exception", "installer", "build-tool", "missing-program"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /compiler version for (?<program>\w+): \[WinError 740\]/,
        /\[WinError 740\]|CreateProcess.{0,40}\b740\b/,
      ),
    confidence: (match) => (match.finding.severity === "warning" ? "medium" : "high"),
    cause: (match) =>
      `Windows asks for an administrator's rights before it starts ${match.facts["program"] === undefined ? "a program that the build calls" : `\`${match.facts["program"]}\``} (error 740): somebody ticked "Run this program as an administrator" in its properties, or its name (setup, install, update) makes Windows suppose so.`,
    fix: (match) => [
      `where ${match.facts["program"] ?? "cl"}`,
      `# Explorer: Properties of that .exe, Compatibility: untick "Run this program as an administrator"`,
      "# or start the x64 Native Tools Command Prompt of Visual Studio as administrator and build in it",
    ],
    sources: ["https://learn.microsoft.com/windows/win32/debug/system-error-codes--500-999-"],
    examples: [
      {
        text: "UserWarning: Error checking compiler version for cl: [WinError 740] The requested operation requires elevation",
        expect: "as an administrator",
      },
    ],
  },
  {
    id: "dll-flag-missing",
    title: "link.exe makes a program where a module was meant",
    on: ["link"],
    specificity: 82,
    matches: (finding) => coded(finding, "LNK1561"),
    confidence: "high",
    cause: () =>
      "link.exe looks for an entry point, as a program has: the flag /DLL is missing, so that no module (.pyd) is made; or a program's file with main is not among the sources.",
    fix: () => [
      "# a module: /DLL on the link line (CMake: add_library(name MODULE …) or python_add_library; setuptools and retorch pass it)",
      "# a program: add the source that defines main (/SUBSYSTEM:CONSOLE)",
    ],
    sources: ["https://learn.microsoft.com/cpp/error-messages/tool-errors/linker-tools-error-lnk1561"],
    examples: [{ text: "LINK : fatal error LNK1561: entry point must be defined", expect: "/DLL" }],
  },
  {
    id: "msvc-reports-old-standard",
    title: "MSVC says C++98 in __cplusplus unless it is told otherwise",
    on: ["compile"],
    specificity: 94,
    matches: (finding) => said(finding, /(?<flag>\/Zc:__cplusplus)/),
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding)} looks at __cplusplus, which cl.exe leaves at 199711L, whatever /std: says, for old code's sake. CUTLASS and others want the true value.`,
    fix: () => [
      "# cxx flags: /Zc:__cplusplus; nvcc flags: -Xcompiler /Zc:__cplusplus (setup.py: extra_compile_args={'cxx': ['/Zc:__cplusplus', '/std:c++17'], 'nvcc': ['-Xcompiler', '/Zc:__cplusplus', '-std=c++17']})",
      "set CL=/Zc:__cplusplus",
    ],
    change: () => ({ kind: "add-flag", tool: "cxx", flag: "/Zc:__cplusplus" }),
    sources: ["https://learn.microsoft.com/cpp/build/reference/zc-cplusplus"],
    examples: [
      {
        text: "C:\\p\\cutlass\\include\\cute/config.hpp(126): error C2338: static_assert failed: 'CuTe requires C++17. MSVC: use /Zc:__cplusplus'",
        expect: "-Xcompiler /Zc:__cplusplus",
      },
    ],
  },
  {
    id: "msvc-source-encoding",
    title: "MSVC reads a UTF-8 source in the code page of Windows",
    on: ["compile"],
    specificity: 78,
    matches: (finding) =>
      finding.tool === "msvc" && /^(?:C2001|C4819|C4828|C2015)$/.test(finding.code ?? "")
        ? { where: placeOf(finding) }
        : undefined,
    confidence: (match) => (match.finding.code === "C2001" ? "medium" : "high"),
    cause: (match) =>
      `${match.facts["where"] ?? "A source"} has letters outside ASCII (often in a comment) in UTF-8, and cl.exe takes them for the code page of this Windows (936, 932, 949 …): a quote or a line end is swallowed, and what follows makes no sense to it.`,
    fix: () => [
      "# cxx flags: /utf-8; nvcc flags: -Xcompiler /utf-8",
      "set CL=/utf-8",
      "# or save the file as UTF-8 with BOM, or in ASCII; or Windows' setting: Region > Administrative > Use Unicode UTF-8",
    ],
    change: () => ({ kind: "add-flag", tool: "cxx", flag: "/utf-8" }),
    sources: [
      "https://learn.microsoft.com/cpp/build/reference/utf-8-set-source-and-executable-character-sets-to-utf-8",
    ],
    examples: [
      { text: "csrc\\ops.cpp(12): error C2001: newline in constant", expect: "/utf-8" },
      { text: "csrc\\ops.cpp(12): error C2001: 常量中有换行符", expect: "/utf-8" },
    ],
  },
  {
    id: "msvc-program-database",
    title: "Several cl.exe write one debug database",
    on: ["compile", "link"],
    specificity: 82,
    matches: (finding) => coded(finding, "C1041", "C1090", "C2859", "C2471", "LNK1318", "LNK1201"),
    confidence: "high",
    cause: () =>
      "With /Zi all compilers of a folder write into one .pdb file, and they get into each other's way when they run side by side (or the disk is full, or an antivirus holds it).",
    fix: () => [
      "# cxx flags: /FS (waits for its turn), or /Z7 in place of /Zi (debug information inside the objects), or neither",
      "set CL=/FS",
      "set MAX_JOBS=1",
    ],
    sources: ["https://learn.microsoft.com/cpp/error-messages/compiler-errors-1/fatal-error-c1041"],
    examples: [
      {
        text: "a.cpp: fatal error C1041: cannot open program database 'C:\\p\\vc140.pdb'; if multiple CL.EXE write to the same .PDB file, please use /FS",
        expect: "/FS",
      },
    ],
  },
  {
    id: "msvc-blocks-too-deep",
    title: "MSVC: blocks, lambdas or macros are nested too deeply",
    on: ["compile"],
    specificity: 82,
    matches: (finding) => coded(finding, "C1061", "C1026", "C1054", "C1055"),
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding)} nests more blocks than cl.exe takes (128): long chains of \`else if\`, or switches over types made of macros (AT_DISPATCH…, BOOL_SWITCH) inside each other.`,
    fix: () => [
      "# split the chain: two functions, or early returns in place of else if; a table of function pointers in place of nested switches",
      "# a newer Visual Studio has the same limit; clang-cl has not (CMake: -DCMAKE_CXX_COMPILER=clang-cl)",
    ],
    sources: ["https://learn.microsoft.com/cpp/error-messages/compiler-errors-1/fatal-error-c1061"],
    examples: [
      { text: "csrc\\bind.cpp(902): fatal error C1061: compiler limit: blocks nested too deeply", expect: "128" },
    ],
  },
  {
    id: "msvc-deprecated-as-error",
    title: "MSVC takes a deprecated function for an error",
    on: ["compile"],
    specificity: 78,
    matches: (finding) =>
      finding.tool === "msvc" && finding.code === "C4996"
        ? { name: /['‘"“]([^'’"”]+)['’"”]/.exec(finding.message)?.[1] }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? "A function"}\` is deprecated (by Microsoft's library, or by torch), and the build says that this is an error (/sdl, /WX, /we4996).`,
    fix: () => [
      "set CL=/wd4996   # for every call of cl.exe; then build again in the same prompt",
      "# cxx flags: /wd4996 (silences it), -D_CRT_SECURE_NO_WARNINGS (for strcpy, fopen, getenv and their kin); or drop /sdl and /WX",
    ],
    change: () => ({ kind: "add-flag", tool: "cxx", flag: "/wd4996" }),
    sources: ["https://learn.microsoft.com/cpp/error-messages/compiler-warnings/compiler-warning-level-3-c4996"],
    examples: [
      {
        text: "ops.cpp(33): error C4996: 'strcpy': This function or variable may be unsafe. Consider using strcpy_s instead.",
        expect: "/wd4996",
      },
    ],
  },
  {
    id: "mingw-with-torch",
    title: "MinGW cannot compile against torch",
    on: ["compile"],
    specificity: 83,
    matches: (finding, context) => {
      if (finding.tool === "msvc" || finding.tool === "cudafe++") return undefined;
      if (/definition is marked ['‘]?dllimport/.test(finding.message)) return {};
      const torch = /(?:^|[\\/])(?:torch|ATen|c10)[\\/]/.test(finding.file ?? "");
      return torch && (context.log.mingw || /'?__assert_fail'? was not declared/.test(finding.message))
        ? {}
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `gcc of MinGW (or MSYS2) compiles torch's headers here and stumbles (${placeOf(match.finding)}). torch for Windows is made with Microsoft's compiler: its headers ask for it, and its C++ libraries have another ABI than MinGW's.`,
    fix: () => [
      '# install "Desktop development with C++" of Visual Studio, then in the x64 Native Tools prompt, or:',
      '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"',
      "cmake -G Ninja -DCMAKE_C_COMPILER=cl -DCMAKE_CXX_COMPILER=cl ..   # in an empty build folder; setup.py: set DISTUTILS_USE_SDK=1",
      "# clang works, too, as clang-cl; or build in WSL with Linux's torch",
    ],
    sources: ["pytorch/pytorch#15099", "pytorch/pytorch#42589"],
    examples: [
      {
        text: "libtorch/include/c10/macros/Macros.h:252:5: error: '__assert_fail' was not declared in this scope",
        expect: "MinGW",
      },
      {
        text: "E:/libtorch/include/torch/csrc/jit/script/module.h:84:36: error: function 'std::shared_ptr<torch::jit::Graph> torch::jit::script::Method::graph() const' definition is marked dllimport",
        expect: "clang-cl",
      },
    ],
  },
  {
    id: "python-import-library-not-linked",
    title: "Python's import library is not linked (Windows)",
    on: ["undefined-symbol"],
    specificity: 76,
    matches: (finding) =>
      finding.tool === "msvc" && /^(?:__imp_)?_?Py[A-Z_]\w*/.test(finding.symbol ?? "")
        ? { name: (finding.symbol ?? "").replace(/^__imp_/, "") }
        : undefined,
    confidence: "high",
    cause: (match) =>
      match.context.log.builds32Bit
        ? `\`${match.facts["name"] ?? ""}\` is of Python, and the build is for 32 bit (win32 in its folders) where the import library is for another: a 32-bit Python, or 32-bit tools. There is no torch for 32 bit.`
        : `\`${match.facts["name"] ?? ""}\` is of Python, and on Windows a module has to be linked with python3XY.lib (in the folder \`libs\` of the base Python). It is not on the link line, of another architecture (32 against 64 bit), or a debug build asks for python3XY_d.lib.`,
    fix: (match) => [
      ...(match.context.log.builds32Bit
        ? [
            "# install the 64-bit Python (python.org: Windows installer (64-bit)), a new environment of it, and torch there",
            "# build in the x64 Native Tools Command Prompt (vcvars64.bat), after: rmdir /s /q build",
          ]
        : []),
      "python -c \"import sys, struct; print(sys.base_prefix + '\\\\libs', struct.calcsize('P') * 8, 'bit')\"",
      "retorch build   # finds it; setup.py: setuptools' build_ext does, too",
      "# CMake: find_package(Python COMPONENTS Development.Module REQUIRED) and target_link_libraries(ext PRIVATE Python::Module)",
    ],
    sources: ["pytorch/pytorch#11041", "https://docs.python.org/3/extending/windows.html"],
    examples: [
      { text: "Device.obj : error LNK2001: unresolved external symbol __imp_PyExc_TypeError", expect: "python3XY.lib" },
      {
        text: "   Creating library build\\temp.win32-3.6\\Release\\csrc\\_C.cp36-win32.lib and object build\\temp.win32-3.6\\Release\\csrc\\_C.cp36-win32.exp\nDevice.obj : error LNK2001: unresolved external symbol __imp_PyType_Type",
        expect: "64-bit Python",
      },
      {
        text: "ops.obj : error LNK2019: unresolved external symbol __imp_PyModule_Create2 referenced in function PyInit__C",
        expect: "Python::Module",
      },
    ],
  },
  {
    id: "too-many-exports",
    title: "A DLL exports more than 65535 symbols",
    on: ["link"],
    specificity: 80,
    matches: (finding) => (finding.code === "LNK1189" ? {} : undefined),
    confidence: "high",
    cause: () =>
      "A DLL can export 65535 symbols, and the build exports every one of the extension (CMake's WINDOWS_EXPORT_ALL_SYMBOLS, a .def file, /EXPORT for all).",
    fix: () => ["# export only PyInit_<module>: set(CMAKE_WINDOWS_EXPORT_ALL_SYMBOLS OFF), or split the library"],
    sources: ["https://learn.microsoft.com/cpp/error-messages/tool-errors/linker-tools-error-lnk1189"],
    examples: [{ text: "LINK : fatal error LNK1189: library limit of 65535 objects exceeded", expect: "65535" }],
  },
  {
    id: "windows-min-max-macros",
    title: "The macros min and max of windows.h break the C++ code",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      finding.tool === "msvc" && /^(?:C2589|C2059|C4003)$/.test(finding.code ?? "")
        ? saidAny(
            finding,
            /['"]?\('?["']?\s?: illegal token on right side of ['"]?::/,
            /not enough (?:actual parameters|arguments) for (?:macro|function-like macro invocation) ['"](?<name>min|max)['"]/,
          )
        : undefined,
    confidence: "high",
    cause: () =>
      "windows.h defines `min` and `max` as macros, so that std::min(…), std::numeric_limits<T>::max() and the like are torn apart before the compiler sees them.",
    fix: () => [
      "set CL=/DNOMINMAX   # for every call of cl.exe, also those of nvcc",
      "# for good: the flag -DNOMINMAX for cxx and nvcc, or #define NOMINMAX above #include <windows.h>",
    ],
    change: () => ({ kind: "add-flag", tool: "cxx", flag: "-DNOMINMAX" }),
    sources: ["https://learn.microsoft.com/windows/win32/multimedia/ww-min-max"],
    examples: [
      { text: "a.cpp(12): error C2589: '(': illegal token on right side of '::'", expect: "NOMINMAX" },
      {
        text: "a.cpp(9): warning C4003: not enough arguments for function-like macro invocation 'max'\na.cpp(9): error C2589: '(' : illegal token on right side of '::'",
        expect: "NOMINMAX",
      },
    ],
  },
  {
    id: "windows-byte-ambiguous",
    title: "byte of the Windows headers and std::byte are mixed up",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      said(finding, /['"]byte['"]\s?: ambiguous symbol|reference to ['"‘]byte['"’] is ambiguous|"byte" is ambiguous/),
    confidence: "high",
    cause: () =>
      "`using namespace std` (in the code or in one of its headers) makes std::byte of C++17 meet the `byte` of the Windows headers.",
    fix: () => [
      "set CL=/D_HAS_STD_BYTE#0   # in this variable # stands for =",
      "# take `using namespace std;` out of the headers, or include windows.h before it",
      "# or define _HAS_STD_BYTE=0: the flag -D_HAS_STD_BYTE=0",
    ],
    sources: [
      "https://learn.microsoft.com/cpp/standard-library/byte-enum",
      "https://learn.microsoft.com/cpp/build/reference/cl-environment-variables",
    ],
    examples: [{ text: "rpcndr.h(192): error C2872: 'byte': ambiguous symbol", expect: "_HAS_STD_BYTE" }],
  },
  {
    id: "msvc-extended-alignment",
    title: "MSVC asks how an over-aligned type is meant",
    on: ["compile"],
    specificity: 80,
    matches: (finding) => said(finding, /instantiated std::aligned_storage<Len, Align> with an extended alignment/),
    confidence: "high",
    cause: () =>
      "Since Visual Studio 2017 15.8 std::aligned_storage is correct for alignments above that of max_align_t, which changes the layout: MSVC wants to hear that this is known.",
    fix: () => [
      "set CL=/D_ENABLE_EXTENDED_ALIGNED_STORAGE   # for every call of cl.exe, also those of nvcc",
      "# for good: the flag -D_ENABLE_EXTENDED_ALIGNED_STORAGE for cxx (correct layout; the opposite is _DISABLE_EXTENDED_ALIGNED_STORAGE)",
    ],
    change: () => ({ kind: "add-flag", tool: "cxx", flag: "-D_ENABLE_EXTENDED_ALIGNED_STORAGE" }),
    sources: ["https://learn.microsoft.com/cpp/overview/cpp-conformance-improvements-2017"],
    examples: [
      {
        text: "C:\\VC\\include\\type_traits(1259): error C2338: You've instantiated std::aligned_storage<Len, Align> with an extended alignment (in other words, Align > alignof(max_align_t)).",
        expect: "_ENABLE_EXTENDED_ALIGNED_STORAGE",
      },
    ],
  },
  {
    id: "linker-got-half-a-path",
    title: "The linker takes a folder, or half a path, for an object",
    on: ["missing-library"],
    specificity: 84,
    matches: (finding) => {
      const file = finding.library ?? "";
      // The linker adds .obj to what has no ending.
      return finding.phase === "link" &&
        /^(?:[A-Za-z]:[\\/](?:Program|Users[\\/]\w+)|(?:[A-Za-z]:)?[^:]*[\\/](?:x64|x86|lib|lib64|libs|bin|include|Win32|v\d+))\.obj$/i.test(
          file,
        )
        ? { file, folder: file.replace(/\.obj$/i, "") }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      /[\\/]Program\.obj$|[\\/]Users[\\/]\w+\.obj$/i.test(match.facts["file"] ?? "")
        ? `The linker got \`${match.facts["folder"] ?? ""}\` and added .obj: it is the first half of a path with a space in it (C:\\Program Files\\…) that stands on the command line without quotes.`
        : `The linker got the folder \`${match.facts["folder"] ?? ""}\` where it wants a file, and added .obj: an option is not understood as one (-L, or /LIBPATH: with a space behind it), or a path was split at a space.`,
    fix: () => [
      "# setup.py: library_dirs=[…] and libraries=[…] of the extension in place of -L and -l in extra_link_args (cl and link know /LIBPATH:folder only)",
      '# CMake and flags: quotes around the whole path ("/LIBPATH:C:\\Program Files\\…"), or its short form: for %I in ("C:\\Program Files") do @echo %~sI',
      "set CUDA_PATH & set CUDA_HOME & set LIB & set LINK & set LDFLAGS   # a variable with a path that is not quoted, or ends in a backslash?",
    ],
    sources: ["pytorch/pytorch#15222"],
    examples: [
      {
        text: "LINK : fatal error LNK1181: cannot open input file 'C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v10.0\\lib\\x64.obj'",
        expect: "library_dirs",
      },
      { text: "LINK : fatal error LNK1104: cannot open file 'C:\\Program.obj'", expect: "without quotes" },
    ],
  },
];
