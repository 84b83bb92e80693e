/** Operators and autograd functions below vmap, torch.func and fake tensors: rules that they lack. */
import { said, saidAny, type Rule } from "../rule.ts";

const manual = "https://docs.pytorch.org/tutorials/advanced/custom_ops_landing_page.html";
const functions = "https://docs.pytorch.org/docs/stable/notes/extending.func.html";

function dotted(op: string | undefined): string {
  return (op ?? "my_ops::f")
    .replace(/^torch\._?ops\./, "")
    .replace(/\.default$/, "")
    .replace(/^(\w+)\.(\w+)/, "$1::$2");
}

export const transformedOperatorRules: readonly Rule[] = [
  {
    id: "operator-without-vmap-rule",
    title: "The operator has no rule for vmap",
    on: ["exception", "warning"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /[Bb]atching rule not implemented for (?<op>[\w:.]+?)[.;,]? /,
        /There is a performance drop because we have not yet implemented the batching rule for (?<op>[\w:.]+?)\.? /,
        /(?<op>\w+::[\w.]+) hit the vmap fallback which is currently disabled/,
        /You tried to vmap over (?<fn>\w+), but it does not have vmap support/,
      ),
    // The loop that torch falls back to is slow, not wrong.
    confidence: (match) => (/performance drop/.test(match.finding.message) ? "low" : "high"),
    cause: (match) =>
      match.facts["fn"] !== undefined
        ? `\`${match.facts["fn"]}\` is a torch.autograd.Function without a vmap rule, and torch.vmap (also below jacrev, jacfwd, hessian) has to know how it treats a batch.`
        : `\`${dotted(match.facts["op"])}\` does not know what to do with the batch dimension that torch.vmap (also below jacrev, jacfwd, hessian) puts into its inputs${/fallback|performance/.test(match.finding.message) ? ", and the loop that torch falls back to does not fit it: it writes into an input, returns a view or something that is no tensor" : ""}.`,
    fix: (match) =>
      match.facts["fn"] !== undefined
        ? [
            `# in ${match.facts["fn"]}: a vmap(info, in_dims, *args) staticmethod that returns (result, out_dims); only when forward and backward are torch operations: generate_vmap_rule = True`,
          ]
        : [
            `# @torch.library.register_vmap("${dotted(match.facts["op"])}")  def _(info, in_dims, *args): move the batch to the front, call the operator on it, return result, out_dims   # torch 2.5`,
            "# an operator whose backward is one, too: the rule is for that one; its autograd formula should call operators that have rules",
            "# without vmap: torch.stack([f(x) for x in batch]), or give the kernel a batch dimension of its own",
          ],
    sources: [
      functions,
      "https://docs.pytorch.org/docs/stable/library.html#torch.library.register_vmap",
      "NVIDIA/cuEquivariance#95",
    ],
    examples: [
      {
        text: "RuntimeError: Batching rule not implemented for my_ops::scale_backward. We could not generate a fallback.",
        expect: 'register_vmap("my_ops::scale_backward")',
      },
      {
        text: "RuntimeError: You tried to vmap over MyFunction, but it does not have vmap support. Please override and implement the vmap staticmethod or set generate_vmap_rule=True.",
        expect: "generate_vmap_rule",
      },
    ],
  },
  {
    id: "autograd-function-without-setup-context",
    title: "The autograd.Function is of the form that torch.func does not take",
    on: ["exception"],
    specificity: 82,
    matches: (finding) =>
      said(
        finding,
        /In order to use an autograd\.Function with functorch transforms|must override the setup_context staticmethod|We do not yet have (?:autograd\.Function|custom) support for functorch/,
      ),
    confidence: "high",
    cause: () =>
      "A torch.autograd.Function whose forward takes ctx runs below torch.func (vmap, grad, jacrev, jvp): these need forward(*args) without ctx, and a setup_context that saves what backward needs.",
    fix: () => [
      "# @staticmethod def forward(x, y): …    @staticmethod def setup_context(ctx, inputs, output): ctx.save_for_backward(*inputs)    backward(ctx, grad) as before; vmap staticmethod or generate_vmap_rule for vmap",
      "# or torch.autograd.functional (jacobian, hessian) in place of torch.func, which take the old form",
    ],
    sources: [functions],
    examples: [
      {
        text: "RuntimeError: In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it must override the setup_context staticmethod. For more details, please see https://pytorch.org/docs/main/notes/extending.func.html",
        expect: "setup_context",
      },
    ],
  },
  {
    id: "extension-below-vmap",
    title: "A compiled function is given a tensor without memory",
    on: ["exception"],
    specificity: 78,
    matches: (finding) => {
      const facts = said(
        finding,
        /Cannot access (?:data pointer|storage) of (?:Tensor|a tensor)(?:Impl)? that doesn't have storage|Cannot access (?:data pointer|storage) of BatchedTensorImpl/,
      );
      if (facts === undefined) return undefined;
      const below = finding.frames?.some((frame) => /_functorch[\\/]|functorch[\\/]/.test(frame)) === true;
      const fake =
        finding.frames?.some((frame) => /_dynamo[\\/]|fake_tensor\.py|_export[\\/]|fx[\\/]experimental/.test(frame)) ===
        true;
      return { below: below || /Batched/.test(finding.message) ? "yes" : undefined, fake: fake ? "yes" : undefined };
    },
    confidence: (match) =>
      match.facts["below"] === undefined && match.facts["fake"] === undefined ? "medium" : "high",
    cause: (match) =>
      `A function of an extension asks a tensor for its memory, and this one has none: ${
        match.facts["below"] !== undefined
          ? "torch.func (vmap, grad, jacrev) runs through the function with wrapped tensors"
          : match.facts["fake"] !== undefined
            ? "torch.compile or torch.export runs through the function with fake tensors"
            : "torch.func (vmap, jacrev), torch.compile and torch.export run through functions with wrapped or fake tensors, and sparse, quantized or lazy tensors have no plain memory either"
      }. What pybind11 binds is no operator for torch, so that nothing unwraps them.`,
    fix: (match) => [
      ...(match.facts["fake"] !== undefined && match.facts["below"] === undefined
        ? []
        : [
            "# torch.func: a torch.autograd.Function around the call, with forward(*args), setup_context, backward and a vmap(info, in_dims, *args) staticmethod",
          ]),
      '# or an operator: @torch.library.custom_op("my_ops::f", mutates_args=()) def f(x: torch.Tensor) -> torch.Tensor: return _C.f(x)   with @f.register_fake, @f.register_vmap (torch 2.5), f.register_autograd',
    ],
    sources: ["pytorch/pytorch#122706", functions, manual],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/e/torch/_functorch/vmap.py", line 44, in fn\n    return f(*args, **kwargs)\nRuntimeError: Cannot access data pointer of Tensor that doesn\'t have storage',
        expect: "vmap(info, in_dims",
      },
    ],
  },
  {
    id: "operator-refused-fake-tensors",
    title: "No implementation takes the operator's fake tensors",
    on: ["exception"],
    specificity: 84,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /Multiple dispatch failed for '(?:torch\._ops\.)?(?<op>[\w.]+?)(?:\.default)?'; all __torch_dispatch__ handlers returned NotImplemented/,
        /no implementation found for '(?:torch\._ops\.|torch\.ops\.)?(?<op>[\w.]+?)(?:\.default)?' on types that implement __torch_dispatch__/,
      );
      return facts === undefined ? undefined : { ...facts, fake: /Fake/.test(finding.message) ? "yes" : undefined };
    },
    confidence: (match) =>
      match.facts["fake"] !== undefined && !/^aten\b/.test(match.facts["op"] ?? "") ? "high" : "medium",
    cause: (match) =>
      match.facts["fake"] !== undefined
        ? `torch.compile (or torch.export) runs \`${dotted(match.facts["op"])}\` with fake tensors to learn the shapes of its results, and nothing takes them: the operator has no fake (meta) implementation, or real tensors are mixed with fake ones in the call.`
        : `\`${dotted(match.facts["op"])}\` was called with tensors of a class of their own (quantized, distributed, wrapped), and that class does not implement it.`,
    fix: (match) =>
      match.facts["fake"] !== undefined
        ? [
            `# Python, where the library is loaded:  @torch.library.register_fake("${dotted(match.facts["op"])}")  def _(x, w): return x.new_empty((x.shape[0], w.shape[0]))   # shapes and types of the results`,
            `# C++: TORCH_LIBRARY_IMPL(${dotted(match.facts["op"]).split("::")[0] ?? ""}, Meta, m) { m.impl("${dotted(match.facts["op"]).split("::")[1] ?? ""}", &its_meta_function); }`,
            "TORCH_LOGS=not_implemented python the_program.py   # says which handler declined",
            "# not one's own operator: a newer release of the package; until then without torch.compile (vLLM: --enforce-eager; @torch.compiler.disable)",
          ]
        : [
            "# implement it for the class: its __torch_dispatch__ (torchao: @implements(torch.ops.…)), or convert to plain tensors before the call (dequantize(), to_local())",
          ],
    sources: [manual, "https://docs.pytorch.org/docs/stable/library.html#torch.library.register_fake"],
    examples: [
      {
        text: "torch._dynamo.exc.TorchRuntimeError: Dynamo failed to run FX node with fake tensors: call_function my_ops.fused(*(FakeTensor(..., size=(4, 8)),), **{}): got TypeError(\"Multiple dispatch failed for 'torch._ops.my_ops.fused.default'; all __torch_dispatch__ handlers returned NotImplemented:\"",
        expect: 'register_fake("my_ops::fused")',
      },
    ],
  },
];
