/** What MSVC and the headers of Windows make of code that was written elsewhere. */
import { type Rule, said, saidAny } from "../rule.ts";

export const windowsRules: readonly Rule[] = [
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
