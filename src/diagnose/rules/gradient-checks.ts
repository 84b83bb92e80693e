/** What torch.autograd.gradcheck says of an operator's backward. */
import { ofLog } from "../matchers.ts";
import { type Match, type Rule, type RuleContext, saidAny } from "../rule.ts";

const manual = "https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html";

/** Whether gradcheck has warned that the inputs are too coarse for it. */
function coarse({ findings }: RuleContext): boolean {
  return findings.some(({ message, text }) =>
    /is not (?:a|of) double precision floating point/.test(`${message} ${text}`),
  );
}

function again({ context: { log } }: Match): string[] {
  return log.typedProgram === undefined || log.docker || log.notebook ? [] : [log.typedProgram];
}

const inDouble =
  "# in the test: every input as double: torch.randn(…, dtype=torch.double, device=…, requires_grad=True), the module .double(); eps and atol as they are by default (1e-6, 1e-5)";

export const gradientCheckRules: readonly Rule[] = [
  {
    id: "gradcheck-mismatch",
    title: "gradcheck finds another gradient than backward gives",
    on: ["exception"],
    specificity: 68,
    matches: (finding) =>
      saidAny(
        finding,
        /Jacobian mismatch for output (?<output>\d+) with respect to input (?<input>\d+)/,
        /(?<what>Numerical gradient for function expected to be zero|Analytical gradient has incorrect size|Gradient has dtype mismatch|[Bb]ackward not multiplied by grad_output|grad is (?:sparse|incorrect)[^.]{0,60}|Expected all inputs to be double)/,
      ),
    confidence: (match) => (ofLog(match.context, coarse) ? "high" : "medium"),
    cause: (match) =>
      ofLog(match.context, coarse)
        ? `gradcheck compares backward with differences of forward for tiny steps (1e-6), which float32 cannot hold: an input is no double, as its warning above says, so that the check fails whether backward is right or not. Whether it is right (output ${match.facts["output"] ?? "0"}, input ${match.facts["input"] ?? "0"}) shows a run with doubles alone.`
        : match.facts["what"] === undefined
          ? `The gradient of output ${match.facts["output"] ?? "0"} with respect to input ${match.facts["input"] ?? "0"} that backward gives is not the one that small steps of forward show: the formula or the index in the backward kernel is wrong for that input, gradients are written over each other where they have to be added (no atomicAdd, a buffer that does not begin as zeros), forward is not smooth there (rounding, a point between two cells), or float32 is used somewhere on the way.`
          : `backward does not give what autograd expects (\`${match.facts["what"]}\`): the gradient has to have the size and type of its input, to be multiplied by grad_output, and to be None or zeros for an input that the output does not depend on.`,
    fix: (match) => [
      ...(ofLog(match.context, coarse)
        ? [
            inDouble,
            "# the kernels have to know double: AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), …) with scalar_t in place of float (also for constants and shared memory)",
          ]
        : [
            `# look at what backward returns for input ${match.facts["input"] ?? "0"} (counted from 0): one gradient for each input of forward, in the same order`,
            "# grad buffers: torch.zeros_like(x), and atomicAdd where several threads meet; grad_output.contiguous() before data_ptr",
            inDouble,
            "# inputs that lie away from the places where forward jumps (grid points, ties)",
          ]),
      ...again(match),
    ],
    sources: [manual, "CharlesShang/DCNv2#13", "https://docs.pytorch.org/docs/stable/notes/gradcheck.html"],
    examples: [
      {
        text: "/e/torch/autograd/gradcheck.py:302: UserWarning: The {}th input requires gradient and is not a double precision floating point or complex. This check will likely fail if all the inputs are not of double precision floating point or complex.\nRuntimeError: Jacobian mismatch for output 0 with respect to input 1,\nnumerical:tensor([[0.0001]])",
        expect: "dtype=torch.double",
      },
      {
        text: "E   torch.autograd.gradcheck.GradcheckError: Jacobian mismatch for output 0 with respect to input 2,",
        expect: "look at what backward returns for input 2",
      },
    ],
  },
  {
    id: "gradcheck-not-reentrant",
    title: "backward gives another result each time",
    on: ["exception"],
    specificity: 70,
    matches: (finding) =>
      saidAny(
        finding,
        /Backward is not reentrant.{0,400}?(?<right>although analytical gradient matches)?(?= numerical|$|\.)/,
      ),
    confidence: "high",
    cause: (match) =>
      `gradcheck ran backward twice with the same input and got two results${/although analytical gradient matches/.test(match.finding.message) ? "; each of them is right within its tolerance" : ""}: the kernel adds with atomicAdd, in another order each time (as scatter, index_add and most backward kernels do), which changes the last digits. Where the difference is large, memory is read that nothing has written (torch.empty) or threads race.`,
    fix: (match) => [
      "# in the test, where sums by atomicAdd are meant: gradcheck(f, inputs, nondet_tol=1e-8)   # by default 0: not one digit may differ",
      "# larger differences: torch.zeros_like in place of torch.empty_like for what the kernel adds to; __syncthreads() between writes and reads of shared memory: compute-sanitizer --tool racecheck and --tool initcheck tell",
      ...again(match),
    ],
    sources: [manual, "latkins/trifast#2"],
    examples: [
      {
        text: "E   torch.autograd.gradcheck.GradcheckError: Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives different values, although analytical gradient matches numerical gradient.The tolerance for nondeterminism was 0.0.",
        expect: "nondet_tol=1e-8",
      },
    ],
  },
];
