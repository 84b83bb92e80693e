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
    id: "metal-call-refused",
    title: "Metal refuses a call of the extension",
    on: ["exception"],
    specificity: 70,
    matches: (finding) =>
      finding.code !== "metal-assertion"
        ? undefined
        : {
            name: finding.symbol,
            what: finding.message.replace(/\.$/, ""),
            missing: /(?:[Ff]unction|[Ll]ibrary|pipelineState|computePipelineState) must not be nil/.test(
              finding.message,
            )
              ? "yes"
              : undefined,
          },
    confidence: (match) => (match.facts["missing"] === undefined ? "medium" : "high"),
    cause: (match) =>
      match.facts["missing"] === undefined
        ? `Metal checks its calls and ended the program at \`${match.facts["name"] ?? ""}\`: ${match.facts["what"] ?? ""}. The call is the extension's own (Objective-C++), or that of an operator of torch for MPS.`
        : `The extension asks Metal for a kernel (newFunctionWithName) and gets nil: the library of shaders (.metallib, or the source string) was not found or did not compile, or it has no kernel of that name (a template without [[host_name("…")]], another spelling). Metal then ends the program: ${match.facts["what"] ?? ""}.`,
    fix: (match) =>
      match.facts["missing"] === undefined
        ? [
            "export MTL_DEBUG_LAYER=1 METAL_DEVICE_WRAPPER_TYPE=1   # Metal says more of the call, when the program runs once more",
            "# sizes: threads per group at most pipeline.maxTotalThreadsPerThreadgroup (1024 or fewer), each buffer at least as long as the kernel reads, offsets in bytes",
          ]
        : [
            "# look at the errors: id<MTLLibrary> lib = [device newLibraryWithSource:src options:nil error:&error]; TORCH_CHECK(lib, error.localizedDescription.UTF8String); the same for newFunctionWithName and newComputePipelineStateWithFunction",
            '# names that the library has: NSLog(@"%@", lib.functionNames); a template: template [[host_name("scan_float")]] [[kernel]] void scan<float>(…);',
            "# a .metallib that is shipped: its path from the module's own __file__, and the file in package_data",
          ],
    sources: [
      "https://developer.apple.com/documentation/metal/mtllibrary",
      "https://developer.apple.com/documentation/xcode/validating-your-apps-metal-api-usage",
    ],
    examples: [
      {
        text: "-[MTLComputePipelineDescriptorInternal setComputeFunction:withType:]:722: failed assertion `computeFunction must not be nil.'\nzsh: abort      python main.py",
        expect: "newFunctionWithName",
      },
      {
        text: "-[_MTLCommandEncoder dealloc]:131: failed assertion `Command encoder released without endEncoding'",
        expect: "MTL_DEBUG_LAYER=1",
      },
    ],
  },
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
