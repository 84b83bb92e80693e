/** Headers of instructions (immintrin.h and its kin) that belong to another compiler than the one that reads them. */
import { unsetVariable } from "../commands/commands.ts";
import { type Rule, said } from "../rule.ts";

export const intrinsicsHeaderRules: readonly Rule[] = [
  {
    id: "intrinsics-of-other-compiler",
    title: "The compiler reads the immintrin.h of another one",
    on: ["compile"],
    specificity: 87,
    matches: (finding) => {
      const file = (finding.file ?? "").replaceAll("\\", "/");
      if (finding.tool === "msvc" || !/\/MSVC\/[\d.]+\/include\/(?:\w*mmintrin|intrin0?|\w+intrin)\.h$/i.test(file))
        return undefined;
      return said(
        finding,
        /(?:conflicting types for|definition of builtin function|redeclaration of|cannot redeclare builtin function|redefinition of|unknown type name|use of undeclared identifier|functions that differ only in their return type).*['‘"](?<name>\w+)/,
      );
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is built into the compiler that runs (clang's family: icx and icpx of oneAPI, clang-cl, HIP's clang), and it reads MSVC's \`${(match.finding.file ?? "").replaceAll("\\", "/").split("/").at(-1) ?? ""}\`, which declares it for cl, in place of its own: MSVC's folder of headers comes before the compiler's, or its release does not go with this MSVC (icx 2025.3 takes MSVC's header, 2025.2 does not).`,
    fix: (match) => [
      '# oneAPI: the compiler of release 2025.2 (or a newer one than 2025.3) in a new prompt: "C:\\Program Files (x86)\\Intel\\oneAPI\\compiler\\2025.2\\env\\vars.bat"',
      "# MSVC's include folder may stand in INCLUDE only (vcvars64.bat sets it), not in /I, -I, -isystem, CPATH or include_dirs",
      unsetVariable(match, "CPATH"),
      `# or an older toolset of MSVC: "C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64 -vcvars_ver=14.39`,
    ],
    sources: ["intel/torch-xpu-ops#2574"],
    examples: [
      {
        text: "C:\\VS\\VC\\Tools\\MSVC\\14.44.35207\\include\\immintrin.h(2270,16): error: conflicting types for '_mm512_sin_ps'",
        expect: "2025.2",
      },
    ],
  },
];
