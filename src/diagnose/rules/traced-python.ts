/** Python around operators that torch.compile and torch.export cannot trace: branches on values, sizes that turn out to be fixed. */
import { type Rule, saidAny } from "../rule.ts";

export const tracedPythonRules: readonly Rule[] = [
  {
    id: "compile-branches-on-values",
    title: "The traced code branches on a tensor's values",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /^(?:\s*torch\._dynamo\.exc\.\w+: )?Data-dependent (?<what>branching|jump)/i,
        /Dynamic control flow is not supported/,
      ),
    confidence: "high",
    cause: () =>
      "The code asks for a value that only a run knows (`if x.sum() > 0:`, `while`, `assert`), and torch.compile with fullgraph=True, or torch.export, runs it on tensors without values to record one graph. The last line below `from user code` is the branch.",
    fix: () => [
      "# without a branch: torch.where(condition, a, b), torch.clamp, a factor of torch.minimum(limit / n, one); both ways are computed",
      "# or torch.cond(condition, true_fn, false_fn, (x,))",
      "# torch.compile alone: without fullgraph=True it cuts the graph there by itself, and the result is the same",
    ],
    sources: [
      "https://docs.pytorch.org/docs/stable/compile/programming_model.graph_breaks_index.html",
      "https://docs.pytorch.org/docs/stable/cond.html",
    ],
    examples: [
      {
        text: "torch._dynamo.exc.Unsupported: Data-dependent branching\n  Explanation: Detected data-dependent branching (e.g. `if my_tensor.sum() > 0:`). Dynamo does not support tracing dynamic control flow.",
        expect: "torch.where(condition",
      },
      {
        text: "torch._dynamo.exc.UserError: Dynamic control flow is not supported at the moment. Please use functorch.experimental.control_flow.cond to explicitly capture the control flow.",
        expect: "torch.cond(",
      },
    ],
  },
  {
    id: "export-size-is-fixed",
    title: "A size that is declared dynamic is fixed by the code",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /marked (?<name>\S{1,60}) as dynamic but your code specialized it to be a constant \((?<value>\d+)\)/,
        /Constraints violated \((?<name>[^)]{1,80})\)/,
      ),
    confidence: "high",
    cause: ({ facts }) =>
      `\`${facts["name"] ?? ""}\` is declared dynamic (dynamic_shapes, mark_dynamic), and the code holds for one size${facts["value"] === undefined ? " or range" : `, ${facts["value"]},`} alone: a table, mask or parameter of that length is added to it, it is compared with a number, or an int() or a loop over it has taken the example's size for good.`,
    fix: ({ facts }) => [
      "# in the model: cut the table to what is there (self.pos[: x.shape[1]]), take sizes from x.shape where they are used, no int(x.shape[0]) and no Python list of that length",
      `# or declare it fixed: leave it out of dynamic_shapes, Dim.STATIC${facts["value"] === undefined ? "" : ` (${facts["value"]})`}; Dim.AUTO lets torch.export decide`,
      '# TORCH_LOGS="+dynamic" names the line of the model that fixed it',
    ],
    sources: ["https://docs.pytorch.org/docs/stable/export.html"],
    examples: [
      {
        text: 'torch._dynamo.exc.UserError: Constraints violated (seq)! For more information, run with TORCH_LOGS="+dynamic".\n  - You marked seq as dynamic but your code specialized it to be a constant (16). If you\'re using mark_dynamic, either remove it or use maybe_mark_dynamic.',
        expect: "x.shape[1]",
      },
    ],
  },
];
