/** What MSVC and the headers of Windows make of code that was written elsewhere. */
import { placeOf, type Rule, said, saidAny } from "../rule.ts";

export const windowsRules: readonly Rule[] = [
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
      `\`${match.facts["name"] ?? ""}\` is of Python, and on Windows a module has to be linked with python3XY.lib (in the folder \`libs\` of the base Python). It is not on the link line, of another architecture (32 against 64 bit), or a debug build asks for python3XY_d.lib.`,
    fix: () => [
      "python -c \"import sys, struct; print(sys.base_prefix + '\\\\libs', struct.calcsize('P') * 8, 'bit')\"",
      "retorch build   # finds it; setup.py: setuptools' build_ext does, too",
      "# CMake: find_package(Python COMPONENTS Development.Module REQUIRED) and target_link_libraries(ext PRIVATE Python::Module)",
    ],
    sources: ["pytorch/pytorch#11041", "https://docs.python.org/3/extending/windows.html"],
    examples: [
      { text: "Device.obj : error LNK2001: unresolved external symbol __imp_PyExc_TypeError", expect: "python3XY.lib" },
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
    fix: () => ["# define NOMINMAX before windows.h is read: the flag -DNOMINMAX for cxx and nvcc"],
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
      "# take `using namespace std;` out of the headers, or include windows.h before it",
      "# or define _HAS_STD_BYTE=0: the flag -D_HAS_STD_BYTE=0",
    ],
    sources: ["https://learn.microsoft.com/cpp/standard-library/byte-enum"],
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
      "# the flag -D_ENABLE_EXTENDED_ALIGNED_STORAGE for cxx (correct layout; the opposite is _DISABLE_EXTENDED_ALIGNED_STORAGE)",
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
];
