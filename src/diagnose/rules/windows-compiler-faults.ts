/**
 * Compilers that do not go with the headers of Visual Studio: nvcc's helpers and cl that end with an access violation, a cl or a
 * clang that is older than the C++ library, and a clang that compiles CUDA.
 * Source: microsoft/STL, stl/inc/yvals_core.h: STL1000 is said to clang, STL1001 to cl, STL1002 to nvcc.
 */
import { baseName } from "../parsers/parser.ts";
import { type Match, type Rule, said } from "../rule.ts";

const allowed = "_ALLOW_COMPILER_AND_STL_VERSION_MISMATCH";

/** The prompt of the Visual Studio whose headers the message names, for the release of these headers. */
function promptOfHeaders({ finding, context }: Match): string {
  const [, root = context.log.visualStudio, toolset] =
    /^(.{1,120}?)[\\/]VC[\\/]Tools[\\/]MSVC[\\/](\d+\.\d+)/.exec((finding.file ?? "").replaceAll("/", "\\")) ?? [];
  return `call "${root ?? "C:\\Program Files\\Microsoft Visual Studio\\2022\\Community"}\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64${toolset === undefined ? "" : ` -vcvars_ver=${toolset}`}`;
}

/** How the compiler that the text shows is given a macro. */
function withMacro({ context: { log, findings } }: Match): string {
  if (log.typedLast === "compile" && /^\S*clang/.test(log.typedCompile ?? ""))
    return (log.typedCompile ?? "").replace(/^\S+/, `$& -D${allowed}`);
  const texts = findings.map(({ text }) => text).join("\n");
  if (/hipcc|\bhip\b|rocm|amdclang/i.test(`${texts} ${log.typedCompile ?? ""}`) || log.torchBuild === "rocm")
    return `set HIPCC_COMPILE_FLAGS_APPEND=-D${allowed}   # where hipcc compiles; CMake: -DCMAKE_CXX_FLAGS and -DCMAKE_HIP_FLAGS=-D${allowed}`;
  return log.clangCl
    ? `set CL=/D${allowed}   # clang-cl reads it; then build again in this prompt`
    : `# the option -D${allowed} for every call of clang++: CMake: -DCMAKE_CXX_FLAGS=-D${allowed}; setup.py: extra_compile_args; clang-cl: set CL=/D${allowed}`;
}

export const windowsCompilerFaultRules: readonly Rule[] = [
  {
    id: "cl-older-than-its-headers",
    title: "cl.exe is older than the headers of Visual C++ that it reads",
    on: ["compile"],
    specificity: 93,
    matches: (finding) =>
      said(finding, /STL1001: Unexpected compiler version(?:, expected MSVC (?<need>\d+\.\d+)(?: or newer)?)?/),
    confidence: "high",
    cause: (match) =>
      `Two releases of Visual C++ are mixed: INCLUDE names the headers of one${match.facts["need"] === undefined ? "" : `, which want cl ${match.facts["need"]} or newer`}, and the cl.exe that runs (the first on PATH, or nvcc's -ccbin) is of an older one.`,
    fix: (match) => [
      "# in a new cmd, which no other prompt or script of Visual Studio has set up:",
      promptOfHeaders(match),
      "set DISTUTILS_USE_SDK=1",
      "where cl & echo %INCLUDE%   # one release in both; no -ccbin, NVCC_CCBIN or CUDAHOSTCXX of another",
    ],
    sources: ["https://github.com/microsoft/STL/blob/main/stl/inc/yvals_core.h"],
    examples: [
      {
        text: "C:/VisualStudio2019/VC/Tools/MSVC/14.27.29110/include\\yvals_core.h(498): fatal error C1189: #error:  STL1001: Unexpected compiler version, expected MSVC 19.26 or newer.",
        expect: 'call "C:\\VisualStudio2019\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64 -vcvars_ver=14.27',
      },
      {
        text: 'C:\\VS\\VC\\Tools\\MSVC\\14.44.35207\\include\\yvals_core.h(908): error: static assertion failed with "error STL1001: Unexpected compiler version, expected MSVC 19.44 or newer."',
        expect: "want cl 19.44 or newer",
      },
    ],
  },
  {
    id: "clang-older-than-msvc-headers",
    title: "clang is older than the headers of Visual C++ want",
    on: ["compile"],
    specificity: 93,
    matches: (finding) =>
      said(finding, /STL1000: Unexpected compiler version(?:, expected Clang (?<need>\d+)[\d.]*(?: or newer)?)?/),
    confidence: "high",
    cause: (match) =>
      `The C++ library of this Visual Studio is tried with Clang ${match.facts["need"] ?? "of its time"} and newer, and the clang that compiles (ROCm's, the HIP SDK's, LLVM's) is older.`,
    fix: (match) => [
      withMacro(match),
      `# for good: an older toolset of Visual Studio (Installer, Individual components) by vcvarsall.bat x64 -vcvars_ver=14.38, or a newer clang${match.facts["need"] === undefined ? "" : ` (${match.facts["need"]})`}: a newer ROCm, winget install LLVM.LLVM`,
    ],
    sources: ["https://github.com/microsoft/STL/blob/main/stl/inc/yvals_core.h"],
    examples: [
      {
        text: "C:\\VS\\VC\\Tools\\MSVC\\14.44.35207\\include\\yvals_core.h:902:1: error: static assertion failed: error STL1000: Unexpected compiler version, expected Clang 19.0.0 or newer.\nninja: build stopped: subcommand failed. clang-cl",
        expect: "set CL=/D_ALLOW_COMPILER_AND_STL_VERSION_MISMATCH",
      },
      {
        text: "C:\\p> hipcc -c ops.hip\nC:\\VS\\VC\\Tools\\MSVC\\14.44.35207\\include\\yvals_core.h:902:1: error: static assertion failed: error STL1000: Unexpected compiler version, expected Clang 19.0.0 or newer.\nfailed to execute:C:\\ROCm\\6.2\\bin\\hipcc",
        expect: "set HIPCC_COMPILE_FLAGS_APPEND=-D_ALLOW",
      },
    ],
  },
  {
    id: "clang-for-cuda-and-msvc-headers",
    title: "The headers of Visual C++ take clang for an old nvcc",
    on: ["compile"],
    specificity: 93,
    // clang names the column behind a colon, nvcc none.
    matches: (finding) =>
      finding.tool !== "cudafe++" && finding.tool !== "msvc" && finding.column !== undefined
        ? said(finding, /STL1002: Unexpected compiler version/)
        : undefined,
    confidence: "high",
    cause: () =>
      "clang compiles the CUDA source (--cuda-path, -x cuda): it defines __CUDACC__ and not nvcc's version, so that the C++ library of Visual Studio thinks of an nvcc that is too old. The CUDA toolkit is not at fault.",
    fix: (match) => [withMacro(match)],
    sources: ["microsoft/STL#2359"],
    examples: [
      {
        text: "C:\\p> clang++.exe --cuda-path=C:\\CUDA\\v11.4 hello.cu\nC:\\VS\\VC\\Tools\\MSVC\\14.31.30818\\include\\yvals_core.h:582:2: error: STL1002: Unexpected compiler version, expected CUDA 10.1 Update 2 or newer.",
        expect: "clang++.exe -D_ALLOW_COMPILER_AND_STL_VERSION_MISMATCH --cuda-path=C:\\CUDA\\v11.4 hello.cu",
      },
    ],
  },
  {
    id: "gpu-compiler-access-violation",
    title: "nvcc's front end or cl ended with an access violation",
    on: ["tool-died"],
    specificity: 82,
    matches: (finding) => {
      const name = baseName(finding.program ?? "").replace(/\.exe$/i, "");
      return /^(?:cudafe\+\+|cicc|cl)$/.test(name) && /0x?C0000005/i.test(`${finding.code ?? ""} ${finding.text}`)
        ? { name }
        : undefined;
    },
    confidence: (match) => (match.context.log.host32Bit ? "high" : "medium"),
    cause: (match) => {
      const { host32Bit, msvc, cuda } = match.context.log;
      const name = match.facts["name"] ?? "cudafe++";
      if (host32Bit)
        return `\`${name}\` broke down (0xC0000005), and the compiler that nvcc calls is the 32-bit cl (HostX86): it runs out of its 2 to 4 GB with torch's headers, or does not go with nvcc, which is of 64 bit.`;
      return `\`${name}\` broke down (0xC0000005): as a rule Visual Studio's compiler${msvc === undefined ? "" : ` (MSVC ${msvc})`} is newer than this CUDA${cuda === undefined ? "" : ` (${cuda})`} was tested with, so that nvcc's front end stumbles over its headers, or the prompt is one for 32 bit. The source is rarely at fault.`;
    },
    fix: () => [
      'call "C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64   # 64 bit (x64 Native Tools Command Prompt; not x86, not "Developer Command Prompt")',
      "where cl & cl   # …\\HostX64\\x64\\cl.exe has to be the first; its version in the first line",
      'call "C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64 -vcvars_ver=14.38   # an older toolset (Visual Studio Installer, Individual components); or a newer CUDA of torch\'s major version',
      "set DISTUTILS_USE_SDK=1",
      "rmdir /s /q build   # then build again in this prompt; CMake: -T host=x64",
    ],
    sources: [
      "microsoft/onnxruntime#25239",
      "AlexeyAB/darknet#6694",
      "ikawrakow/ik_llama.cpp#1853",
      "https://learn.microsoft.com/en-us/cpp/build/building-on-the-command-line",
    ],
    examples: [
      {
        text: '\'cudafe++\' died with status 0xC0000005 (ACCESS_VIOLATION)\nThe command "nvcc.exe" -ccbin "C:\\VS\\2022\\Community\\VC\\Tools\\MSVC\\14.44.35207\\bin\\HostX64\\x64" -x cu -rdc=true',
        expect: "(MSVC 14.44) is newer than this CUDA",
      },
      {
        text: 'CUDACOMPILE : nvcc error : \'cudafe++\' died with status 0xC0000005 (ACCESS_VIOLATION)\nerror MSB3722: The command "nvcc.exe" -ccbin "C:\\VS\\2019\\VC\\Tools\\MSVC\\14.27.29110\\bin\\HostX86\\x64" -x cu exited with code 5.',
        expect: "the 32-bit cl (HostX86)",
      },
    ],
  },
];
