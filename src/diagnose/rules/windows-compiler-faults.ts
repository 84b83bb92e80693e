/** nvcc's helpers and cl that end with an access violation on Windows: a 32-bit cl, or one that is too new for this CUDA. */
import { baseName } from "../parsers/parser.ts";
import type { Rule } from "../rule.ts";

export const windowsCompilerFaultRules: readonly Rule[] = [
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
