/** What an operator that runs gives wrongly: other numbers than its reference, sizes that are none. */
import { framesAt } from "../matchers.ts";
import { type Match, type Rule, said } from "../rule.ts";

/** The operator that the text calls by `torch.ops.ns.name(`. */
function operatorCalled(match: Match): string | undefined {
  const said = [match.finding.text, ...framesAt(match), ...match.context.findings.map(({ text }) => text)].join("\n");
  return /\btorch\.ops\.(\w+\.\w+)(?:\.\w+)?\(/.exec(said)?.[1];
}

/** Whether torch.compile has a part in the comparison, by the test's name or its code. */
function isCompiled({ context: { log } }: Match): boolean {
  return log.showsCompile === true;
}

export const operatorResultRules: readonly Rule[] = [
  {
    id: "results-not-close",
    title: "The results differ from those that the test expects",
    on: ["exception"],
    specificity: 70,
    matches: (finding) =>
      said(
        finding,
        /(?:Tensor-likes|Scalars|Sequences|Mappings) are not (?:close|equal)!|Not equal to tolerance rtol=/,
      ),
    confidence: (match) => (isCompiled(match) ? "medium" : "low"),
    cause: (match) =>
      isCompiled(match)
        ? "The program built and ran, but the compiled function gives other numbers than the same one without torch.compile: the operator writes into an input that its schema does not declare, its fake implementation tells other strides or types than the kernel makes, or the kernel reads data_ptr() as if every input were contiguous, which the tensors of compiled code need not be."
        : "The program built and ran, but the operator's numbers are not those of the reference: a mistake of the kernel (an index, a missing __syncthreads(), memory that was never set, an input that is not contiguous), or a tolerance too narrow for the type (float16, TF32).",
    fix: (match) => {
      const op = operatorCalled(match) ?? "<namespace>.<operator>";
      return isCompiled(match)
        ? [
            `# torch.library.opcheck(torch.ops.${op}, (example, arguments)) finds a wrong schema and a wrong fake`,
            '# schema: Tensor(a!) x (C++) or mutates_args={"x"} (Python) for what is written',
            "# kernel: x = x.contiguous() before data_ptr(); or the tag needs_fixed_stride_order (torch.Tag) in m.def or define()",
            "# fake: the sizes, strides, dtype and device that the kernel makes: torch.empty_like(x) keeps strides of x, and at::empty(x.sizes()) does not",
          ]
        : [
            "# kernel: x = x.contiguous() before data_ptr(); torch::zeros in place of torch::empty where not every element is written; the last block's bounds",
            "# float16, bfloat16: torch.testing.assert_close(…, rtol=1e-2, atol=1e-2); TF32: torch.backends.cuda.matmul.allow_tf32 = False",
            "# wrong in some runs alone: compute-sanitizer --tool racecheck <the program>, and --tool initcheck",
          ];
    },
    sources: [
      "https://docs.pytorch.org/docs/stable/library.html#torch.library.opcheck",
      "https://docs.pytorch.org/docs/stable/testing.html",
    ],
    examples: [
      {
        text: "    def test_compile_matches_eager(self):\n        f = torch.compile(lambda x: torch.ops.fln.norm(x, self.w))\n>       torch.testing.assert_close(f(self.x), torch.ops.fln.norm(self.x, self.w))\nE       AssertionError: Tensor-likes are not close!\nE       \nE       Mismatched elements: 8192 / 8192 (100.0%)\n\ntests/test_ln.py:31: AssertionError",
        expect: "opcheck(",
      },
      {
        text: 'Traceback (most recent call last):\n  File "/w/t.py", line 3, in <module>\n    torch.testing.assert_close(ops.scan(x), ref)\nAssertionError: Tensor-likes are not close!',
        expect: "contiguous()",
      },
    ],
  },
  {
    id: "negative-dimension",
    title: "A tensor is made with a negative size",
    on: ["exception"],
    specificity: 72,
    matches: (finding) =>
      said(finding, /Trying to create tensor with negative dimension (?<size>-\d+)(?:: (?<sizes>\[[^\]]*\]))?/),
    confidence: "high",
    cause: (match) =>
      `The code asks for a tensor of the sizes ${match.facts["sizes"] ?? match.facts["size"] ?? ""}: empty, zeros, full and new_empty take no -1 (view and reshape alone work it out), and a size that is computed (n - k + 1, a length that was not set) can fall below zero.`,
    fix: (match) => {
      const op = operatorCalled(match);
      return [
        `grep -rnE '(empty|zeros|ones|full|resize_)\\w* *\\(' --include='*.cpp' --include='*.cc' --include='*.cu' --include='*.py' .   # which of them makes it${op === undefined ? "" : `: in the operator ${op}`}`,
        "# its size from the input, x.size(0), in place of -1; before one that is computed: TORCH_CHECK(n >= k, …)",
      ];
    },
    sources: ["pytorch: aten/src/ATen/EmptyTensor.h"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/w/bench.py", line 22, in <module>\n    torch.ops.mylib.fused_adam(params, grads)\nRuntimeError: Trying to create tensor with negative dimension -1: [-1, 128]',
        expect: "x.size(0)",
      },
    ],
  },
];
