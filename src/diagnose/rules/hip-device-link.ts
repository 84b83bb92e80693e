/** Device code that hipcc splits over several objects (-fgpu-rdc), and a link that does not put it together. */
import type { Finding } from "../finding.ts";
import { type Match, type Rule, type RuleContext } from "../rule.ts";

/** What hipcc's own code asks for, which the link with --hip-link makes. */
const ofHipcc = /^__hip_(?:fatbin|gpubin_handle|cuid)\w*$/;

/** Whether AMD's device link speaks: lld names functions of the device as hidden or protected. */
function byAmdLinker(finding: Finding, { log, findings }: RuleContext): boolean {
  return (
    /\blld\S*: (?:error: )?undefined (?:hidden|protected) symbol/.test(finding.text) &&
    (log.amd ||
      findings.some(({ text }) => /amdgcn-link|--hip-link|\bhipcc\b|\/rocm/.test(text)) ||
      /amdgcn|gfx\d/.test(finding.text))
  );
}

/** The link that the text shows, with what it lacks. */
function linkedAgain({ context: { log } }: Match): string[] {
  const command = [log.typedCompile, log.linkLine].find((line) => /^\S*(?:hipcc|clang\+\+) /.test(line ?? ""));
  return command === undefined || command.includes("-fgpu-rdc")
    ? []
    : [command.replace(/^(\S+) /, `$1 -fgpu-rdc${command.includes("--hip-link") ? "" : " --hip-link"} `)];
}

export const hipDeviceLinkRules: readonly Rule[] = [
  {
    id: "hip-device-code-not-linked",
    title: "The link does not put AMD's device code together",
    on: ["undefined-symbol"],
    specificity: 92,
    matches: (finding, context) =>
      ofHipcc.test(finding.symbol ?? "")
        ? { symbol: finding.symbol ?? "", own: "yes" }
        : byAmdLinker(finding, context) && !/^__(?:ockl|ocml)_/.test(finding.symbol ?? "")
          ? { symbol: finding.symbol ?? "" }
          : undefined,
    confidence: "high",
    cause: (match) =>
      match.facts["own"] === undefined
        ? `A kernel uses \`${match.facts["symbol"] ?? ""}\` of another source. hipcc compiles each source as a whole program unless all of them get -fgpu-rdc, and only a link by hipcc with -fgpu-rdc --hip-link puts the parts together.`
        : `\`${match.facts["symbol"] ?? ""}\` stands for the device code of an object that was compiled with -fgpu-rdc. Only a link by hipcc with -fgpu-rdc --hip-link makes it; a link by g++, or without those two flags, does not.`,
    fix: (match) => [
      ...linkedAgain(match),
      `# -fgpu-rdc on every compile of a source for the GPU, and -fgpu-rdc --hip-link on the link, which hipcc has to do (CXX=hipcc)`,
      "# CMake: target_compile_options(t PRIVATE -fgpu-rdc) and target_link_options(t PRIVATE -fgpu-rdc --hip-link); without CMake's language HIP also set_target_properties(t PROPERTIES LINKER_LANGUAGE HIP)",
      "# without -fgpu-rdc altogether: device functions that other sources use defined in a header (static __device__), no extern __device__ variables, no -flto",
    ],
    sources: ["ROCm/hip#2203", "ROCm/hip#3873", "AMReX-Codes/pyamrex#605", "llvm/llvm-project#88551"],
    examples: [
      {
        text: "lld: error: undefined hidden symbol: deviceFunction()\n>>> referenced by lto.tmp:(testKernel())\nclang-13: error: amdgcn-link command failed with exit code 1 (use -v to see invocation)",
        expect: "-fgpu-rdc --hip-link",
      },
      {
        text: "/usr/bin/ld: main.o: in function `__hip_module_ctor':\nmain.cpp:(.text+0x1b): undefined reference to `__hip_fatbin'",
        expect: "--hip-link",
      },
      {
        text: "$ hipcc a.o b.o -o app\n/usr/bin/ld: a.o: in function `__hip_module_ctor':\na.cpp:(.text+0x1b): undefined reference to `__hip_fatbin'",
        expect: "hipcc -fgpu-rdc --hip-link a.o b.o -o app",
      },
    ],
  },
];
