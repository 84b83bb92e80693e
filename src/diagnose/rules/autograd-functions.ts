/** What autograd says of functions of one's own: what they save, return and change in place. */
import { saidAny, type Rule } from "../rule.ts";

const manual = "https://docs.pytorch.org/docs/stable/notes/extending.html";

export const autogradFunctionRules: readonly Rule[] = [
  {
    id: "function-differentiable-once",
    title: "A second derivative is asked of a function that has only a first one",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      saidAny(finding, /trying to differentiate twice a function that was marked with @once_differentiable/),
    confidence: "high",
    cause: () =>
      "backward() of the autograd.Function is compiled code that autograd cannot look into, and is marked so (@once_differentiable); something asks for the gradient of a gradient (create_graph=True, a gradient penalty, torch.func.hessian, forces from energies).",
    fix: () => [
      "# give backward its own autograd.Function (its backward is the double backward kernel), and take @once_differentiable away",
      "# or compute this term with the package's implementation in plain PyTorch, or without create_graph=True",
    ],
    sources: [manual],
    examples: [
      {
        text: "RuntimeError: trying to differentiate twice a function that was marked with @once_differentiable",
        expect: "create_graph=True",
      },
    ],
  },
  {
    id: "function-context-lacks-value",
    title: "backward() reads what forward() did not keep",
    on: ["exception"],
    specificity: 70,
    matches: (finding) =>
      saidAny(finding, /^'(?<name>\w+?)Backward' object has no attribute '(?<value>(?!grad_fn)\w+)'/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}.backward\` reads ctx.${match.facts["value"] ?? ""}, and forward (or setup_context) did not set it on the way that this call took: an early return, a branch without it, or another name.`,
    fix: (match) => [
      `# in forward, before every return: ctx.${match.facts["value"] ?? "n"} = ${match.facts["value"] ?? "n"}; tensors: ctx.save_for_backward(…) and ctx.saved_tensors`,
    ],
    sources: [manual],
    examples: [
      { text: "AttributeError: 'EncodeBackward' object has no attribute 'offsets'", expect: "ctx.offsets = offsets" },
    ],
  },
  {
    id: "function-returns-shared-memory",
    title: "An autograd.Function returns a tensor that shares memory with another",
    on: ["exception"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /Returning Variables sharing storage with other Variables that require grad is not supported/,
        /A input that has been returned as-is as output is being saved for backward|(?:input|tensor) that (?:has been|is) returned as-is/i,
        /Output \d+ of (?<name>\w+?)(?:Backward\w*)? is a view(?: and its base or another view of its base has been modified inplace| of a leaf Variable| and is being modified inplace)/,
        /This view (?:is|was) (?:the output of a function that returns multiple views|created inside a custom Function)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${match.facts["name"] === undefined ? "A torch.autograd.Function" : `\`${match.facts["name"]}\``} gives back an input as it is, or a view of a tensor that was kept (self.x, ctx.x), and autograd cannot tell what a gradient or a change in place means for both.`,
    fix: () => [
      "# return x.clone() (or x.view_as(x) where no copy is wanted), and detach() what was kept outside",
      "# keep tensors for backward with ctx.save_for_backward(…), not as attributes; inputs that are changed in place: ctx.mark_dirty(x), and return x",
    ],
    sources: [manual, "pytorch/pytorch#32625"],
    examples: [
      {
        text: "RuntimeError: Returning Variables sharing storage with other Variables that require grad is not supported in Python functions. Please submit a feature request if you hit this error.",
        expect: "x.clone()",
      },
      {
        text: "RuntimeError: Output 0 of ScaleBackward is a view and is being modified inplace. This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to handle view+inplace would override the custom backward associated with the custom Function",
        expect: "mark_dirty",
      },
    ],
  },
  {
    id: "saved-for-backward-wrongly",
    title: "What a function saves for backward is no tensor, or gone",
    on: ["exception"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /save_for_backward can only save (?:variables|tensors), but argument (?<index>\d+) is of type (?<type>\w+)/,
        /(?<again>Trying to backward through the graph a second time|Trying to access the saved tensors .* a second time|access saved tensors? after (?:they have|it has) (?:already )?been freed)/,
        /(?<legacy>Legacy autograd function with non-static forward method)/,
        /(?<backward>must implement (?:either )?the backward (?:or vjp method )?(?:function|method)? ?(?:for|in) (?:your )?custom autograd\.Function)/,
        /(?<dirty>Some elements marked as dirty during the forward method were not returned as output)/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["index"] !== undefined
        ? `ctx.save_for_backward takes tensors only, and argument ${match.facts["index"]} is ${match.facts["type"] ?? "something else"}.`
        : match.facts["backward"] !== undefined
          ? "A class of the kind torch.autograd.Function has no backward that torch finds: it is missing, misspelt, or not a @staticmethod of the class (indented below forward, say), and a gradient is asked for."
          : match.facts["legacy"] !== undefined
            ? "The package has autograd functions of the form that torch 1.5 took out (forward and backward as methods of an object)."
            : match.facts["dirty"] !== undefined
              ? "forward calls ctx.mark_dirty on a tensor that it does not return."
              : "backward() runs twice over one graph, or a tensor of an earlier step (a state that is carried on, a loss that is added up) still hangs on its graph.",
    fix: (match) =>
      match.facts["index"] !== undefined
        ? ["# numbers, shapes and flags as attributes: ctx.n = n; None stays None"]
        : match.facts["backward"] !== undefined
          ? [
              "# in the class: @staticmethod def backward(ctx, *grads), which gives one gradient for each argument of forward; used as TheFunction.apply(…)",
              "# code of torch 1.4 and older (forward(self, …), no @staticmethod): the same, with ctx in place of self; or a newer release of the package",
              "# no gradient is wanted: call it under torch.no_grad(), or on x.detach()",
            ]
          : match.facts["legacy"] !== undefined
            ? [
                "# @staticmethod def forward(ctx, …) and backward(ctx, …), called as F.apply(…), not F()(…); or a newer release of the package",
              ]
            : match.facts["dirty"] !== undefined
              ? ["# return every tensor that is given to ctx.mark_dirty"]
              : [
                  "# detach what is carried over: state = state.detach(); loss.item() for sums",
                  "# only when it is meant: loss.backward(retain_graph=True)",
                ],
    sources: [manual],
    examples: [
      { text: "TypeError: save_for_backward can only save variables, but argument 2 is of type int", expect: "ctx.n" },
      {
        text: "RuntimeError: Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd function with static forward method.",
        expect: "F.apply",
      },
      {
        text: "RuntimeError: You must implement the backward function for custom autograd.Function.",
        expect: "@staticmethod def backward",
      },
      {
        text: "NotImplementedError: You must implement either the backward or vjp method for your custom autograd.Function to use it with backward mode AD.",
        expect: "@staticmethod def backward",
      },
    ],
  },
  {
    id: "operator-calls-itself",
    title: "An operator's autograd kernel calls the operator itself, without end",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      finding.code === "RecursionError" &&
      finding.frames?.some((frame) =>
        /[\\/]torch[\\/](?:_ops|_library|autograd[\\/]function|_functorch)/.test(frame),
      ) === true
        ? {}
        : undefined,
    confidence: "medium",
    cause: () =>
      "What is registered for the key Autograd calls the same operator again, and the dispatcher goes to the Autograd kernel once more: below it the Autograd keys have to be left out, so that the kernel of the CPU or of CUDA is reached.",
    fix: () => [
      "# in forward(): with torch._C._AutoDispatchBelowAutograd(): return torch.ops.my_ops.f(x)",
      "# C++: at::AutoDispatchBelowADInplaceOrView guard; before the call in forward()",
      '# or without a kernel of one\'s own for Autograd: torch.library.register_autograd("my_ops::f", backward, setup_context=setup_context)',
    ],
    sources: [manual, "https://docs.pytorch.org/tutorials/advanced/dispatcher.html"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/w/smooth.py", line 14, in forward\n    return torch.ops.smoothlib.smooth_l1(x, tau)\n  File "/e/site-packages/torch/_ops.py", line 1269, in __call__\n    return self._op(*args, **kwargs)\n  File "/e/site-packages/torch/autograd/function.py", line 595, in apply\n    args = _functorch.utils.unwrap_dead_wrappers(args)\nRecursionError: maximum recursion depth exceeded',
        expect: "_AutoDispatchBelowAutograd",
      },
    ],
  },
];
