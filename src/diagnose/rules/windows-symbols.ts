/** Symbols of torch that a build of torch for Windows does not export, though its headers declare them. */
import { platformOf } from "../commands/commands.ts";
import { useToolset } from "../commands/visual-studio.ts";
import type { Finding } from "../finding.ts";
import type { MatchFacts, Rule } from "../rule.ts";

/** A constructor of one of c10's errors, which they inherit from c10::Error. */
function inheritedConstructor(finding: Finding): MatchFacts | undefined {
  const symbol = finding.symbol ?? "";
  const name =
    /c10::(?<name>\w+Error)::\k<name>\(struct c10::SourceLocation/.exec(symbol)?.groups?.["name"] ??
    /\?\?0(?<name>\w+Error)@c10@@/.exec(symbol)?.groups?.["name"];
  return name === undefined || name === "Error" ? undefined : { name };
}

const macros: Readonly<Record<string, string>> = {
  ValueError: "TORCH_CHECK_VALUE",
  NotImplementedError: "TORCH_CHECK_NOT_IMPLEMENTED",
  IndexError: "TORCH_CHECK_INDEX",
  TypeError: "TORCH_CHECK_TYPE",
  LinAlgError: "TORCH_CHECK_LINALG",
};

export const windowsSymbolRules: readonly Rule[] = [
  {
    id: "torch-error-not-exported",
    title: "This torch for Windows does not export the constructors of its errors",
    on: ["undefined-symbol"],
    specificity: 84,
    matches: (finding) => (finding.phase === "link" ? inheritedConstructor(finding) : undefined),
    confidence: (match) => (platformOf(match) === "win32" ? "high" : "medium"),
    cause: (match) =>
      `\`c10::${match.facts["name"] ?? ""}\` inherits its constructor from c10::Error (using Error::Error), and clang-cl does not export inherited constructors: c10.dll of a torch that was built with clang-cl (those for ROCm) has none to link with. Torches that MSVC built have it. It is asked for by ${macros[match.facts["name"] ?? ""] ?? "a check"} in the sources, or by torch's own headers.`,
    fix: (match) => [
      "# a newer torch: its headers declare the constructors since the correction of pytorch/pytorch#181892 (nightlies first)",
      `# or in the sources: TORCH_CHECK(…) in place of ${macros[match.facts["name"] ?? ""] ?? "the check"}; torch/extension.h pulls more in than ATen/ATen.h and torch/library.h`,
      `dumpbin /exports <torch>\\lib\\c10.dll | findstr ${match.facts["name"] ?? ""}   # nothing: it is this`,
    ],
    sources: ["pytorch/pytorch#181892", "pytorch/pytorch#175340", "pytorch/pytorch#74445"],
    examples: [
      {
        text: 'main.o : error LNK2019: unresolved external symbol "__declspec(dllimport) public: __cdecl c10::ValueError::ValueError(struct c10::SourceLocation,class std::basic_string<char,struct std::char_traits<char>,class std::allocator<char> >)" (__imp_??0ValueError@c10@@QEAA@USourceLocation@1@V?$basic_string@DU?$char_traits@D@std@@V?$allocator@D@2@@std@@@Z) referenced in function "f"',
        expect: "TORCH_CHECK_VALUE",
      },
    ],
  },
  {
    id: "static-torch-by-headers-for-dlls",
    title: "Headers for torch's DLLs, and a torch of static libraries",
    on: ["undefined-symbol"],
    specificity: 86,
    matches: (finding, context) =>
      finding.phase === "link" &&
      context.log.staticTorch &&
      /__declspec\(dllimport\)|\b__imp_/.test(finding.text) &&
      /\b(?:c10|at|torch|caffe2)::|@(?:c10|at|torch|caffe2)@@/.test(finding.text)
        ? {}
        : undefined,
    confidence: "high",
    cause: () =>
      "The program asks for the function as one of a DLL (__declspec(dllimport), __imp_…), and the LibTorch that was built is static libraries, which have no such names. On Windows torch's headers say dllimport when c10/macros/cmake_macros.h defines C10_BUILD_SHARED_LIBS: the headers are those of a shared build (a LibTorch that was downloaded, pip's torch, an earlier configuration of the source), not those of the static one.",
    fix: () => [
      'findstr /s /n C10_BUILD_SHARED_LIBS "<include folder of the program>\\cmake_macros.h"   # #define: headers of a shared build',
      "# include folder and libraries of one installation: torch\\include and torch\\lib that the static build installed (build folder deleted before it, BUILD_SHARED_LIBS=OFF), the same run time (/MT or /MD) in both",
      "# static torch also needs its registrations kept and its parts named: /WHOLEARCHIVE:torch_cpu.lib (and torch_cuda.lib), c10.lib, dnnl, cpuinfo, protobuf …: find_package(Torch) with CMAKE_PREFIX_PATH on that installation lists them",
      "# the way that pytorch.org supports on Windows: the shared LibTorch, with its DLLs beside the program",
    ],
    sources: [
      "pytorch/pytorch#44814",
      "pytorch/pytorch#45027",
      "pytorch/pytorch#46318",
      "pytorch: c10/macros/Export.h",
    ],
    examples: [
      {
        text: 'set BUILD_SHARED_LIBS=OFF\nError\tLNK2019\tunresolved external symbol "__declspec(dllimport) class at::Context & __cdecl at::globalContext(void)" (__imp_?globalContext@at@@YAAEAVContext@1@XZ) referenced in function main\tapp\tC:\\p\\app.obj\t1',
        expect: "C10_BUILD_SHARED_LIBS",
      },
    ],
  },
  {
    id: "thread-local-of-other-msvc",
    title: "A thread-local variable of torch's headers is not exported for this MSVC",
    on: ["undefined-symbol"],
    specificity: 88,
    matches: (finding) => {
      const name = /__(?:imp__*)?_?tls_(?:index|offset)_\?(?<name>[^@]+)@(?:\?\d\?\?(?<of>\w+)@)?/.exec(
        finding.symbol ?? "",
      )?.groups;
      return name === undefined || finding.phase !== "link" ? undefined : { name: name["of"] ?? name["name"] };
    },
    confidence: "high",
    cause: (match) =>
      `A thread_local variable in \`${match.facts["name"] ?? ""}\` of torch's headers is asked for by names (__tls_index_…, __tls_offset_…) that newer MSVC (14.34, of Visual Studio 2022 17.4, and later) makes, and the installed torch, which an older one built, does not export them. Older toolsets do not ask.`,
    fix: (match) => [
      ...useToolset(match, "14.29"),
      "set DISTUTILS_USE_SDK=1",
      "# or a newer torch, whose libraries such an MSVC built",
    ],
    sources: ["NVlabs/tiny-cuda-nn#199", "https://learn.microsoft.com/en-us/cpp/build/building-on-the-command-line"],
    examples: [
      {
        text: "bindings.obj : error LNK2001: unresolved external symbol __imp___tls_index_?init@?1??lazy_init_num_threads@internal@at@@YAXXZ@4_NA",
        expect: "-vcvars_ver=14.29",
      },
    ],
  },
];
