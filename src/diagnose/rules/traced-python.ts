/** Python around operators that torch.compile and torch.export cannot trace: branches on values, sizes that turn out to be fixed. */
import { quote } from "../commands/commands.ts";
import { closest } from "../../config/suggest.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";

/** Backends of torch.compile that torch itself, or a well-known package, registers. Source: torch/_dynamo/backends. */
const backends = [
  "inductor",
  "eager",
  "aot_eager",
  "aot_eager_decomp_partition",
  "cudagraphs",
  "onnxrt",
  "openxla",
  "tvm",
  "tensorrt",
  "torch_tensorrt",
  "ipex",
  "hpu_backend",
  "openvino",
  "npu",
];

/** The script's own call with the backend that was meant. */
function withBackend(match: Match, name: string, meant: string): string[] {
  const place = match.finding.frames
    ?.map((frame) => /^(?<file>[^"'$`»<>]+\.py):\d+ .*? » (?<source>.*)$/.exec(frame)?.groups)
    .find((each) => each?.["source"]?.includes(name) === true);
  return place === undefined || !/^\w+$/.test(name)
    ? []
    : [`sed -i.bak -E "s/([\\"'])${name}([\\"'])/\\1${meant}\\2/g" ${quote(place["file"] ?? "")}`];
}

export const tracedPythonRules: readonly Rule[] = [
  {
    id: "compile-backend-unknown",
    title: "torch.compile knows no backend of that name",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      finding.code === "InvalidBackend" ? said(finding, /Invalid backend: ['"](?<name>[^'"]+)['"]/) : undefined,
    confidence: "high",
    cause: (match) => {
      const name = match.facts["name"] ?? "";
      const meant = closest(name, backends);
      return `torch.compile(backend="${name}"): no backend of that name is registered${meant === undefined || meant === name ? "; a backend of another package is there once that package is imported" : ` (\`${meant}\` is)`}.`;
    },
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      const meant = closest(name, backends);
      return [
        ...(meant === undefined || meant === name ? [] : withBackend(match, name, meant)),
        `# backend="inductor" is the usual one; all that are there: python -c "import torch; print(torch._dynamo.list_backends(None))"; one of a package (torch_tensorrt, openvino.torch): import it before`,
      ];
    },
    sources: ["https://docs.pytorch.org/docs/stable/torch.compiler.html"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/w/run.py", line 5, in <module>\n    g = torch.compile(f, backend="inductr")\n  File "/e/lib/python3.11/site-packages/torch/_dynamo/backends/registry.py", line 130, in lookup_backend\ntorch._dynamo.exc.InvalidBackend: Invalid backend: \'inductr\', see `torch._dynamo.list_backends()` for available backends.',
        expect: "inductor",
      },
    ],
  },
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
