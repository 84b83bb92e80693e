/** Metal's compiler, which torch calls while a program runs: shaders of one's own and those that Inductor writes. */
import { pip } from "../commands/commands.ts";
import { placeOf, said, type Match, type Rule } from "../rule.ts";

function isInductors(match: Match): boolean {
  return match.context.findings.some(
    ({ message, frames }) =>
      /InductorError|generated_kernel/.test(message) || frames?.some((frame) => /_inductor[\\/]/.test(frame)) === true,
  );
}

export const metalRules: readonly Rule[] = [
  {
    id: "metal-shader-does-not-compile",
    title: "A Metal shader does not compile",
    on: ["compile", "exception"],
    specificity: 70,
    matches: (finding) => {
      if (finding.kind === "compile")
        return /(?:^|[\\/])program_source$/.test(finding.file ?? "") && finding.severity !== "warning"
          ? { where: placeOf(finding), what: finding.message }
          : undefined;
      return said(
        finding,
        /(?:Failed to create metal library, error: .*?|^)program_source:(?<where>\d+:\d+): (?:fatal )?error: (?<what>[^\n\\]{1,160})|(?<made>failed to compile\s.*#include <c10\/metal\/)/s,
      );
    },
    confidence: "high",
    cause: (match) =>
      isInductors(match) || match.facts["made"] !== undefined
        ? `The Metal kernel that torch.compile (Inductor) wrote does not compile${match.facts["what"] === undefined ? "" : `: ${match.facts["what"]}`}. Its code is torch's, whose Metal backend is young: newer releases know more, and macOS brings the compiler.`
        : `The source that was given to torch.mps.compile_shader (or newLibraryWithSource) is no valid Metal: ${match.facts["what"] ?? ""}${match.facts["where"] === undefined ? "" : ` (line and column: ${match.facts["where"].replace(/^program_source:/, "")})`}. Lines count from the beginning of the string.`,
    fix: (match) =>
      isInductors(match) || match.facts["made"] !== undefined
        ? [
            pip(match, "install --upgrade torch"),
            '# until then: torch.compile(model, backend="aot_eager"), or the part without it: @torch.compiler.disable',
          ]
        : [
            "# mend the line; Metal is C++14 with address spaces: #include <metal_stdlib>, using namespace metal; kernel void f(device float* x [[buffer(0)]], uint i [[thread_position_in_grid]])",
            "# no double, no long double, no C++ library, no recursion; constants by value: constant float& k; bfloat needs macOS 14",
          ],
    sources: ["pytorch/pytorch#144648", "pytorch/pytorch#158199"],
    examples: [
      {
        text: "SyntaxError: program_source:1:1: error: unknown type name 'kernl'\nkernl void f() {}\n^",
        expect: "compile_shader",
      },
      {
        text: "RuntimeError: Failed to create metal library, error: Error Domain=MTLLibraryErrorDomain Code=3 \"program_source:4:3: error: use of undeclared identifier 'y'",
        expect: "metal_stdlib",
      },
      {
        text: "torch._inductor.exc.InductorError: SyntaxError: failed to compile \n    #include <c10/metal/utils.h>\n    kernel void generated_kernel(\n    with program_source:2135:26: error: no matching function for call to 'max'",
        expect: "aot_eager",
      },
    ],
  },
];
