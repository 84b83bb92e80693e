/** Triton's kernels, which are compiled while the program runs, for the GPU that is there. */
import { pip, python } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { type Match, type Rule, type RuleContext, saidAny } from "../rule.ts";
import { ofLog } from "../matchers.ts";
import { dotted } from "../tables/version-facts.ts";

const words =
  /triton|PTXASError|`ptxas` failed with error code|compile-ptx-src|inductor|\b(?:cuda|hip|spirv)_utils\.c\b/i;

/** Whether Triton speaks, in the finding or anywhere in the log. */
export function isTriton(finding: Finding, context: RuleContext): boolean {
  return speaks(finding) || ofLog(context, anySpeaks);
}

function speaks(finding: Finding): boolean {
  return (
    words.test(finding.text) || words.test(finding.message) || (finding.frames ?? []).some((frame) => words.test(frame))
  );
}

function anySpeaks({ findings }: RuleContext): boolean {
  return findings.some(speaks);
}

function least(match: Match): string {
  const arch = /sm_(\d+)/.exec(match.facts["target"] ?? "")?.[1];
  return arch === undefined ? "8.0" : dotted(arch);
}

export const tritonRules: readonly Rule[] = [
  {
    id: "triton-type-needs-newer-gpu",
    title: "A Triton kernel uses what this GPU does not have",
    on: ["driver", "exception"],
    specificity: 84,
    matches: (finding, context) => {
      if (!isTriton(finding, context)) return undefined;
      return saidAny(
        finding,
        /Feature ['"](?<feature>.+?)['"] requires \.target ['"]?(?<target>sm_\d+)/,
        /type (?<feature>fp8e4nv|fp8e4b15|fp8e5|bf16) not supported in this architecture/,
        /(?<feature>bf16|bfloat16|fp8\w*|Float8_e4m3fn)\b.*(?:not supported|only supported|requires).*(?<target>sm_\d+|compute capability \d\.\d|architecture)/i,
      );
    },
    confidence: "high",
    cause: (match) => {
      const eight = /fp8|e4m3|e5m2/i.test(match.facts["feature"] ?? "");
      const since = match.facts["target"] === undefined && eight ? "8.9" : least(match);
      return `Triton compiles the kernel for the GPU that is there, and that GPU is older than compute capability ${since}: it has no \`${match.facts["feature"] ?? ""}\`${/bf16/.test(match.facts["feature"] ?? "") ? " (bfloat16 came with Ampere, 8.0)" : ""}. Nothing that was built is at fault, and TORCH_CUDA_ARCH_LIST has no say in it.`;
    },
    fix: (match) => [
      /bf16|bfloat16/.test(match.facts["feature"] ?? "")
        ? "# float16 or float32 in place of bfloat16: model.half(), torch_dtype=torch.float16, --dtype float16, autocast(dtype=torch.float16)"
        : "# float16 or bfloat16 in place of that type (the model's or the server's dtype and quantization options)",
      `${python(match)} -c "import torch; print(torch.cuda.get_device_name(), torch.cuda.get_device_capability(), torch.cuda.is_bf16_supported(including_emulation=False))"`,
      "# or a newer GPU; or the package's path without Triton, when it has one",
    ],
    sources: ["state-spaces/mamba#269", "triton-lang/triton#2377"],
    examples: [
      {
        text: "ptxas /tmp/compile-ptx-src-1a2b3c, line 88; error   : Feature '.bf16' requires .target sm_80 or higher\nptxas fatal   : Ptx assembly aborted due to errors\nRuntimeError: `ptxas` failed with error code 255:",
        expect: "float16",
      },
      {
        text: '  File "/e/site-packages/triton/compiler/compiler.py", line 113, in ast_to_ttir\nValueError: type fp8e4nv not supported in this architecture',
        expect: "8.9",
      },
    ],
  },
  {
    id: "triton-compiler-failed",
    title: "Triton's compiler stops at an assertion of its own",
    on: ["exception"],
    specificity: 78,
    matches: (finding, context) => {
      const passes = /PassManager::run failed/.test(finding.message);
      if (finding.code !== "triton-compiler" && !passes) return undefined;
      // ptxas and Triton name the GPU that they compile for.
      const older =
        /^[3-6]\d$/.test(context.log.ptxasTarget ?? "") || /^[3-6]\./.test(context.log.namedCapability ?? "");
      if (passes) return { said: "PassManager::run failed", gpu: older ? "old" : undefined };
      const said = finding.symbol ?? finding.message;
      return {
        said: said.length > 160 ? `${said.slice(0, 160)} …` : said,
        gpu: /[Aa]mpere|mma -> mma|mma16816|MMA layout|supportMMA/.test(finding.message)
          ? "cores"
          : /llvm\.nvvm/.test(finding.message)
            ? "old"
            : undefined,
      };
    },
    confidence: (match) => (match.facts["gpu"] === undefined ? "medium" : "high"),
    cause: (match) =>
      `\`${match.facts["said"] ?? ""}\` is a check inside Triton's compiler (MLIR, LLVM), which translates the kernel while the program runs: nothing that was installed is broken. ${
        match.facts["gpu"] === "cores"
          ? "It is about the tensor cores: the kernel (attention, a cached prefix) is for GPUs of compute capability 8.0 and newer and fails so on V100, T4 and RTX 20; on H100 with a Triton before 3.1."
          : match.facts["gpu"] === "old"
            ? "This Triton makes code that the GPU does not have: it wants compute capability 7.0 (newer ones 8.0), and GTX 10, P40 and P100 are older."
            : "This release of Triton cannot compile the kernel for this GPU: a fault of that release, a kernel for another release, or a GPU that it does not support."
      }`,
    fix: (match) => [
      `${python(match)} -c "import torch, triton; print(torch.__version__, triton.__version__, torch.cuda.get_device_name(), torch.cuda.get_device_capability())"`,
      ...(match.facts["gpu"] === "old"
        ? []
        : [pip(match, "install --upgrade torch   # with the Triton that belongs to it; then rm -rf ~/.triton/cache")]),
      "# on an older GPU: without Triton's kernels: attn_implementation='sdpa' or xformers, TORCHDYNAMO_DISABLE=1 in place of torch.compile; vLLM: without prefix caching and chunked prefill",
    ],
    sources: ["triton-lang/triton#4418", "triton-lang/triton#4999", "vllm-project/vllm#2729", "GAIR-NLP/LIMO#33"],
    examples: [
      {
        text: 'python: /project/lib/Analysis/Allocation.cpp:47: std::pair<llvm::SmallVector<unsigned int>, llvm::SmallVector<unsigned int> > mlir::triton::getCvtOrder(mlir::Attribute, mlir::Attribute): Assertion `!(srcMmaLayout && dstMmaLayout && !srcMmaLayout.isAmpere()) && "mma -> mma layout conversion is only supported on Ampere"\' failed.',
        expect: "V100",
      },
      {
        text: "python3: /source/llvm-project/mlir/lib/IR/Operation.cpp:12: void mlir::Operation::destroy(): Assertion `use_empty()' failed.\nAborted (core dumped)",
        expect: "fault of that release",
      },
      { text: "LLVM ERROR: Cannot select: intrinsic %llvm.nvvm.shfl.sync.bfly.i32", expect: "GTX 10" },
      {
        text: 'NVIDIA GeForce GTX 1080 Ti\n  File "/e/site-packages/triton/backends/nvidia/compiler.py", line 224, in make_llir\n    pm.run(mod)\nRuntimeError: PassManager::run failed',
        expect: "compute capability 7.0",
      },
    ],
  },
  {
    id: "triton-kernel-rejected",
    title: "Triton's compiler rejects a line of a kernel",
    on: ["compile"],
    role: "generic",
    specificity: 40,
    matches: (finding) => (finding.code === "mlir" ? { message: finding.message } : undefined),
    confidence: "medium",
    cause: (match) =>
      `${match.finding.file ?? "The kernel"}:${match.finding.line ?? 0} is a line of a Triton kernel (Python, compiled while the program runs), and what the compiler made of it is not allowed: ${(match.facts["message"] ?? "").slice(0, 240)}.`,
    fix: (match) => [
      `sed -n '${Math.max(1, (match.finding.line ?? 1) - 3)},${(match.finding.line ?? 1) + 1}p' ${match.finding.file ?? "kernel.py"}   # the line`,
      ...(/ptr|pointer/i.test(match.facts["message"] ?? "")
        ? [
            "# tl.load and tl.store take pointers: x_ptr + offsets, where x is passed as a tensor of torch, not as a number",
          ]
        : /shape|rank|dim|broadcast/i.test(match.facts["message"] ?? "")
          ? ["# the shapes of the operands: x[:, None], tl.broadcast_to, sizes of tl.arange that are powers of 2"]
          : []),
      `${python(match)} -m pip show triton torch   # not your kernel? it is written for another release of Triton: the one that its package, or this torch, asks for`,
    ],
    sources: ["https://triton-lang.org/main/python-api/triton.language.html"],
    examples: [
      {
        text: "loc(\"/p/k.py\":31:22): error: 'tt.load' op operand #0 must be ptr-like",
        expect: "/p/k.py:31",
      },
    ],
  },
];
