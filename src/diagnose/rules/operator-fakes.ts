/** Fake implementations that are there and wrong, and operators called by names that they do not have. */
import { platformOf, python, quote } from "../commands/commands.ts";
import { framesAt } from "../matchers.ts";
import { said, saidAny, type Match, type Rule, type RuleContext } from "../rule.ts";
import type { Finding } from "../finding.ts";

const library = "https://docs.pytorch.org/docs/stable/library.html";

/** `fastgrid.half.default` as registration functions want it: `fastgrid::half`. */
function registered(match: Match, otherwise: string): string {
  const op = (match.facts["op"] ?? "").replace(/\.default$/, "").replace(".", "::");
  return op === "" ? otherwise : op;
}

interface Layout {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  /** What the fake implementation promised. */
  readonly promised: readonly number[];
}

const numbers = (text: string): number[] => [...text.matchAll(/\d+/g)].map(([number]) => Number(number));

/**
 * The layout of `expected size 3==3, stride 1==1600 at dim=0; expected …` where each size is right. Dimensions that fit are not in the
 * message; the line that asserts has them all.
 */
function layoutOf({ message, frames }: Finding): Layout | undefined {
  const parts = [...message.matchAll(/expected size (\d+)==(\d+), stride (\d+)==(\d+) at dim=(\d+)/g)];
  if (parts.length === 0 || parts.some(([, have, want]) => have !== want)) return undefined;
  const [, wantedSizes, wantedStrides] =
    /assert_size_stride\(\w+, \(([\d, ]+)\), \(([\d, ]+)\)/.exec(frames?.at(-1) ?? "") ?? [];
  const sizes = numbers(wantedSizes ?? "");
  const promised = numbers(wantedStrides ?? "");
  const strides = [...promised];
  for (const [, have, , stride, was, dim] of parts) {
    sizes[Number(dim)] = Number(have);
    promised[Number(dim)] = Number(was);
    strides[Number(dim)] = Number(stride);
  }
  // A dimension that no line names; without the line that asserts the last ones may be missing, too.
  const isWhole = Array.from({ length: sizes.length }, (_, dim) => sizes[dim]).every((size) => size !== undefined);
  return isWhole && (wantedSizes !== undefined || isContiguous(sizes, promised))
    ? { sizes, strides, promised }
    : undefined;
}

function isContiguous(sizes: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let at = sizes.length - 1; at >= 0; at--) {
    if (sizes[at] !== 1 && strides[at] !== step) return false;
    step *= sizes[at] ?? 1;
  }
  return true;
}

/** A fake result with the kernel's strides, for a return line. */
function resultWithStrides(match: Match): string | undefined {
  const layout = layoutOf(match.finding);
  if (layout === undefined) return undefined;
  const { sizes, strides } = layout;
  const shown = match.context.log.fakeResult;
  const fits = shown?.sizes.length === sizes.length;
  const tensor = shown?.tensor ?? "x";
  const names = fits ? shown.sizes : sizes.map((_, dim) => `size${dim}`);
  if (isContiguous(sizes, strides)) return `${tensor}.new_empty(${names.join(", ")})`;
  const order = sizes.map((_, dim) => dim).toSorted((a, b) => (strides[b] ?? 0) - (strides[a] ?? 0) || a - b);
  const dense = isContiguous(
    order.map((dim) => sizes[dim] ?? 1),
    order.map((dim) => strides[dim] ?? 1),
  );
  return dense
    ? `${tensor}.new_empty(${order.map((dim) => names[dim] ?? "").join(", ")}).permute(${sizes.map((_, dim) => order.indexOf(dim)).join(", ")})`
    : undefined;
}

/** The one operator that the text's code defines, where the message names none. */
function shownOperator({ log }: RuleContext): string | undefined {
  return log.pythonOperators.length === 1 ? log.pythonOperators[0] : undefined;
}

/** Code that torch.compile wrote compares what an operator gave it with what was promised. */
function inCompiledCall({ frames, message }: Finding): boolean {
  return (
    /^expected size \d+==\d+, stride \d+==\d+ at dim=\d+/.test(message) &&
    !message.includes("Error in op: torch.ops.") &&
    frames?.some((frame) => /torchinductor_|[\\/]inductor[\\/]|\bcall\b.*assert_size_stride/.test(frame)) === true
  );
}

/** Whether a fake implementation was running when a size was asked for. */
function inFake(finding: Finding, { findings }: RuleContext): boolean {
  return [finding, ...findings.filter(({ at }) => at <= finding.at)].some(
    ({ frames }) =>
      frames?.some((frame) => /_library[\\/](?:fake_impl|custom_ops)\.py:\d+ (?:fake_impl|__call__)/.test(frame)) ===
      true,
  );
}

export const operatorFakeRules: readonly Rule[] = [
  {
    id: "operator-takes-no-symbolic-size",
    title: "The operator's schema takes no symbolic sizes",
    on: ["exception"],
    specificity: 85,
    matches: (finding) =>
      said(
        finding,
        /(?<op>\w+::[\w.]+)\(\) Expected a value of type \\?'(?<type>int|List\[int\])\\?' for argument \\?'(?<name>\w+)\\?' but instead found type \\?'(?:List\[)?SymInt\]?/,
      ),
    confidence: "high",
    cause: (match) =>
      `With dynamic shapes torch.compile and torch.export pass sizes as SymInt, and \`${match.facts["op"] ?? ""}\` takes \`${match.facts["name"] ?? ""}\` as ${match.facts["type"] ?? "int"}.`,
    fix: (match) => {
      const list = match.facts["type"] !== "int";
      return [
        `# schema: ${list ? "SymInt[]" : "SymInt"} ${match.facts["name"] ?? "n"}; C++: ${list ? "c10::SymIntArrayRef" : "c10::SymInt"} in the Meta kernel, ${list ? "at::IntArrayRef" : "int64_t"} stays in that for CPU and CUDA`,
        "# or keep the size fixed: torch.compile(dynamic=False), torch._dynamo.mark_static(x)",
      ];
    },
    sources: [library],
    examples: [
      {
        text: "RuntimeError: my_ops::encode() Expected a value of type 'int' for argument 'n' but instead found type 'SymInt'.",
        expect: "SymInt n",
      },
    ],
  },
  {
    id: "fake-implementation-takes-other-arguments",
    title: "The fake implementation takes other arguments than the operator",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      // Dynamo's sentence names the operator, so that its Python function is a fake one whatever its name is.
      said(
        finding,
        /call_function <CustomOpDef\((?<op>[\w:.]+)\)>.{0,2000}?(?:got TypeError\(\\?["']|\*\*\{[^}]{0,200}\}\):\s+)(?<name>[\w.<>]+)\(\) (?<what>missing \d+ required (?:positional|keyword-only) arguments?: .{1,120}?|got an unexpected keyword argument \\?'\w+\\?'|takes (?:from )?\d+ .{0,30}positional arguments? but \d+ (?:was|were) given)/s,
      ) ??
      (finding.code === "TypeError"
        ? said(
            finding,
            /^(?<name>\w*(?:_fake|_meta|fake_impl|_abstract|meta_impl|fake_\w+)\w*)\(\) (?<what>missing \d+ required (?:positional|keyword-only) arguments?: .{1,120}|got an unexpected keyword argument '\w+'|takes (?:from )?\d+ .{0,30}positional arguments? but \d+ (?:was|were) given)/,
          )
        : undefined),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\`, which torch.compile and torch.export call in place of the operator (register_fake, a Meta kernel in Python), ${match.facts["what"] ?? "takes other arguments"}: its parameters are not those of the operator. Defaults of the operator's own function count, too: an argument that a caller leaves out reaches neither.`,
    fix: (match) => [
      `# def ${match.facts["name"] ?? "f_fake"}(…): the same parameters, in the same order, with the same names and defaults (eps=1e-5) as the function under @torch.library.custom_op, or as the schema`,
      "# then torch.library.opcheck(torch.ops.<namespace>.<operator>, (example, arguments)); in somebody else's package: a newer release of it",
    ],
    sources: ["sgl-project/sglang#19725", "pytorch/pytorch#181851", `${library}#torch.library.register_fake`],
    examples: [
      {
        text: 'torch._dynamo.exc.TorchRuntimeError: Dynamo failed to run FX node with fake tensors: call_function <CustomOpDef(mylib::foo)>(*(FakeTensor(..., size=(3,)), 2), **{}): got TypeError("_() takes 1 positional argument but 2 were given")',
        expect: "def _(…)",
      },
      {
        text: "torch._dynamo.exc.TorchRuntimeError: Failed running call_function <CustomOpDef(mylib::foo)>(*(FakeTensor(..., size=(3,)), 2), **{}):\n<lambda>() takes 1 positional argument but 2 were given",
        expect: "def <lambda>(…)",
      },
      {
        text: "TypeError: fused_scale_norm_fake() missing 1 required positional argument: 'eps'",
        expect: "with the same names and defaults",
      },
    ],
  },
  {
    id: "fake-implementation-raises",
    title: "The fake implementation of an operator fails itself",
    on: ["exception"],
    specificity: 79,
    matches: (finding, context) => {
      const frames = framesAt({ finding, facts: {}, context });
      const at = frames.findLastIndex((frame) =>
        /[\\/]_library[\\/](?:custom_ops\.py:\d+ fake_impl|fake_impl\.py:\d+ )/.test(frame),
      );
      const [, file, line, name] = /^((?:[A-Za-z]:)?[^:<>]{1,300}\.py):(\d+) (\S+)/.exec(frames[at + 1] ?? "") ?? [];
      if (at < 0 || file === undefined || /[\\/]torch[\\/]_/.test(file)) return undefined;
      // What it may not do with data or sizes, other rules know.
      if (
        !/^(?:TypeError|IndexError|AttributeError|ValueError|NameError|KeyError|AssertionError|UnboundLocalError)$/.test(
          finding.code ?? "",
        )
      )
        return undefined;
      return {
        file,
        line,
        name,
        said: `${finding.code ?? ""}: ${finding.message.slice(0, 160)}`,
        kind: /must be Tensor, not (\w+)|'(int|float|bool|str|NoneType)' object has no attribute|tuple index out of range/.test(
          finding.message,
        )
          ? "arguments"
          : undefined,
      };
    },
    confidence: "high",
    cause: (match) =>
      `The function under register_fake (\`${match.facts["name"] ?? "_"}\`, ${match.facts["file"] ?? ""}:${match.facts["line"] ?? ""}) runs in place of the operator when torch.compile or torch.export looks at shapes, and fails there: ${match.facts["said"] ?? ""}.${match.facts["kind"] === undefined ? "" : " It takes its arguments in another order or number than the operator: the numbers of the operator's signature arrive where it looks for tensors (as happens with *inputs behind fewer names)."} The operator's own kernel has no part in it.`,
    fix: (match) => {
      const { file = "", line } = match.facts;
      return [
        ...(platformOf(match) === "win32" || file.startsWith("<")
          ? []
          : [
              `grep -nE -A12 "custom_op|register_fake|^def " ${quote(file)}   # both signatures, the operator's and the fake's`,
            ]),
        `# ${file}:${line ?? ""}: def ${match.facts["name"] ?? "_"}(…) with the same parameters as the function under @torch.library.custom_op, each by its name and in the same order, in place of *inputs or *args; then torch.empty_like(q) of the tensor that is meant`,
        "# torch.library.opcheck(torch.ops.<namespace>.<operator>, (example, arguments)) checks it without torch.compile; in somebody else's package: a newer release of it",
      ];
    },
    sources: ["tile-ai/TileOPs#650", "pytorch/pytorch#181851", `${library}#torch.library.register_fake`],
    examples: [
      {
        text: 'E0429 torch/_subclasses/fake_tensor.py:1608] [0/0] fake tensor raised TypeError\nTraceback (most recent call last):\n  File "/e/lib/python3.11/site-packages/torch/_library/custom_ops.py", line 784, in fake_impl\n    return self._abstract_fn(*args, **kwargs)\n  File "/w/tiles/decode.py", line 9, in _\n    return torch.empty_like(inputs[0])\nTypeError: empty_like(): argument \'input\' (position 1) must be Tensor, not int',
        expect: "in place of *inputs",
      },
      {
        text: "Traceback (most recent call last):\n  File \"/e/lib/python3.11/site-packages/torch/_library/custom_ops.py\", line 784, in fake_impl\n    return self._abstract_fn(*args, **kwargs)\n  File \"/w/tiles/decode.py\", line 9, in _decode_fake\n    return q.new_empty(block.shape)\nAttributeError: 'int' object has no attribute 'shape'",
        expect: "/w/tiles/decode.py:9: def _decode_fake(…)",
      },
    ],
  },
  {
    id: "fake-implementation-wrong",
    title: "The fake implementation gives another shape than the operator",
    on: ["exception"],
    specificity: 84,
    matches: (finding, context) => {
      const facts = saidAny(
        finding,
        /expected size (?<have>\d+)==(?<want>\d+), stride \d+==\d+ at dim=(?<dim>\d+).{0,40}Error in op: torch\.ops\.(?<op>(?!aten\.|prims\.)[\w.]+)/,
        /Error in op: torch\.ops\.(?<op>(?!aten\.|prims\.)[\w.]+).{0,40}incorrect fake \(aka meta\) kernel/,
        /incorrect fake \(aka meta\) kernel for a custom op/,
      );
      if (facts !== undefined && /^expected size|fake \(aka meta\)/.test(finding.message)) return facts;
      const compared = said(
        finding,
        /Real tensor propagation found (?:an? )?(?<said>.{1,1200}?), {1,2}at output\S*, for func: (?<op>(?!aten\.|prims\.)[\w.]+)/,
      );
      if (compared !== undefined) return compared;
      return inCompiledCall(finding)
        ? {
            ...said(finding, /expected size (?<have>\d+)==(?<want>\d+), stride \d+==\d+ at dim=(?<dim>\d+)/),
            op: shownOperator(context),
            unnamed: "yes",
          }
        : undefined;
    },
    // Before torch 2.8 the message names no operator: a fallback of torch's own is checked by the same words.
    confidence: (match) =>
      match.facts["unnamed"] !== undefined && match.context.log.pythonOperators.length === 0 ? "medium" : "high",
    cause: (match) => {
      const { have, want, dim } = match.facts;
      const layout = layoutOf(match.finding);
      const op = registered(match, "");
      if (match.facts["said"] !== undefined)
        return `torch.export compared what the fake (meta) implementation of \`${op}\` says of its result with what the kernel gave, and they differ: ${match.facts["said"].replace(/^metadata mismatch between /, "")}. The fake implementation has to be mended, or the kernel.`;
      const what =
        layout !== undefined
          ? ` of the same sizes with other strides: (${layout.strides.join(", ")}), where the fake says (${layout.promised.join(", ")})`
          : have === undefined || have === want
            ? " something else (another size or stride)"
            : ` something else: size ${have} where the fake says ${want ?? ""} (dimension ${dim ?? ""})`;
      return `torch.compile planned with what the fake (meta) implementation of ${op === "" ? "an operator" : `\`${op}\``} says of its result, and the kernel gave one${what}. The fake implementation has to be mended, or the kernel.`.replace(
        "gave one something",
        "gave something",
      );
    },
    fix: (match) => [
      ...(resultWithStrides(match) === undefined
        ? [
            `# in @torch.library.register_fake("${registered(match, "my_ops::f")}"): the sizes, strides, type and device that the kernel makes, in the form x.new_empty(…); strides count, too (a kernel that ends in .contiguous() or .t())`,
          ]
        : [
            `# in the function under @torch.library.register_fake("${registered(match, "my_ops::f")}"): return ${resultWithStrides(match) ?? ""}   # the strides that the kernel makes; strides count as much as sizes`,
            "# or the kernel in the fake's form: return result.contiguous() in the operator's own function",
          ]),
      "# C++: the function of TORCH_LIBRARY_IMPL(…, Meta, m), likewise",
      `# torch.library.opcheck(torch.ops.${registered(match, "my_ops::f").replace("::", ".")}, (example, arguments)) shows the difference without torch.compile`,
    ],
    sources: [`${library}#torch.library.opcheck`, "pytorch/pytorch#149425", "pytorch/pytorch#149468"],
    examples: [
      {
        text: "AssertionError: expected size 4==8, stride 1==1 at dim=0\nError in op: torch.ops.my_ops.half.default\nThis error most often comes from a incorrect fake (aka meta) kernel for a custom op.\nUse torch.library.opcheck to test your custom op.",
        expect: 'register_fake("my_ops::half")',
      },
      {
        text: '$ cat grid.py\n@torch.library.custom_op("grid::cut", mutates_args=())\n@cut.register_fake\ndef _(pic, box):\n    return pic.new_empty(c, box[3] - box[1], box[2] - box[0])\n$ python grid.py\nTraceback (most recent call last):\n  File "/tmp/torchinductor_jo/ab/cab.py", line 42, in call\n    assert_size_stride(buf1, (3, 40, 40), (1600, 40, 1))\nAssertionError: expected size 3==3, stride 1==1600 at dim=0; expected size 40==40, stride 120==40 at dim=1; expected size 40==40, stride 3==1 at dim=2',
        expect: "return pic.new_empty(box[3] - box[1], box[2] - box[0], c).permute(2, 0, 1)",
      },
      {
        text: "torch._subclasses.fake_tensor.MetadataMismatchError: Real tensor propagation found a metadata mismatch between fake tensor FakeTensor(..., device='cpu', size=(8, 16)) and real tensor tensor(..., device='cuda:0', size=(8, 16)),  at output[0], for func: my_ops.rope.default",
        expect: 'register_fake("my_ops::rope")',
      },
      {
        text: 'Traceback (most recent call last):\n  File "/tmp/torchinductor_jo/ab/cab.py", line 77, in call\n    assert_size_stride(buf3, (2, 8, 16), (128, 16, 1))\nAssertionError: expected size 8==8, stride 1==16 at dim=1; expected size 16==16, stride 8==1 at dim=2',
        expect: "x.new_empty(size0, size2, size1).permute(0, 2, 1)",
      },
    ],
  },
  {
    id: "fake-implementation-reads-data",
    title: "The size of an operator's result depends on data",
    on: ["exception"],
    specificity: 80,
    matches: (finding, context) => {
      const facts = saidAny(
        finding,
        /Could not (?:extract specialized|guard on) (?:\w+ from )?data-dependent expression (?<size>[^(]{1,60}?) \(/,
        /The tensor has a non-zero number of elements, but its data is not allocated yet/,
      );
      return facts === undefined || !inFake(finding, context) ? undefined : facts;
    },
    confidence: "medium",
    cause: (match) =>
      `A fake implementation asks for something that only data can tell${match.facts["size"] === undefined ? "" : ` (\`${match.facts["size"]}\`)`}: .item(), int(tensor), .tolist(), a mask or nonzero(). There is no data while torch.compile and torch.export trace; such a size has to be declared as unknown.`,
    fix: () => [
      "# in the function of register_fake: n = torch.library.get_ctx().new_dynamic_size(); return x.new_empty([n, …])",
      "# in code that is traced: torch._check(n >= 0), torch._check(n < limit) behind n = x.item(); or keep the step out with @torch.compiler.disable",
    ],
    sources: [`${library}#torch.library.register_fake`],
    examples: [
      {
        text: '  File "/e/site-packages/torch/_library/fake_impl.py", line 109, in meta_kernel\n    return self.kernel(*args, **kwargs)\n  File "/e/site-packages/torch/_library/custom_ops.py", line 790, in fake_impl\n    return self._abstract_fn(*args, **kwargs)\ntorch.fx.experimental.symbolic_shapes.GuardOnDataDependentSymNode: Could not extract specialized integer from data-dependent expression u0 (unhinted: u0).  (Size-like symbols: none)\ntorch._dynamo.exc.UserError: Could not extract specialized integer from data-dependent expression u0 (unhinted: u0).  (Size-like symbols: none)',
        expect: "new_dynamic_size",
      },
    ],
  },
  {
    id: "traced-code-depends-on-data",
    title: "torch.export or torch.compile cannot decide what depends on data",
    on: ["exception"],
    specificity: 60,
    matches: (finding) =>
      said(
        finding,
        /Could not (?:extract specialized|guard on) (?:\w+ from )?data-dependent expression (?<size>.{1,80}?) \(unhinted/,
      ),
    confidence: "medium",
    cause: (match) =>
      `While the model is traced there are no values, and the code asks for one: \`${match.facts["size"] ?? ""}\`, where u0, u1, … are numbers that come out of data (.item(), int(tensor), nonzero(), a mask). An if, a shape or a view cannot be decided by it. No build is at fault.`,
    fix: () => [
      'export TORCH_LOGS="+dynamic"   # which line made the number (the user\'s frames in the message)',
      "# in the model, behind n = x.item(): torch._check(n >= 0); torch._check(n <= limit); torch._check(n != 1), as the expression asks; or an if without data (torch.where, torch.cond)",
      "# export to ONNX: torch.onnx.export(…, dynamo=False), the way by TorchScript, does not ask; torch.compile: keep the step out with @torch.compiler.disable",
    ],
    sources: ["https://docs.pytorch.org/docs/stable/export.html", "OHF-Voice/piper1-gpl#148", "pytorch/pytorch#157355"],
    examples: [
      {
        text: '  File "/e/torch/fx/experimental/symbolic_shapes.py", line 7574, in _evaluate_expr\n    raise self._make_data_dependent_error(\ntorch.fx.experimental.symbolic_shapes.GuardOnDataDependentSymNode: Could not guard on data-dependent expression Eq(1, u6) | Eq(96*u6, 0) (unhinted: Eq(1, u6) | Eq(96*u6, 0)).  (Size-like symbols: u6)',
        expect: "torch._check(",
      },
    ],
  },
  {
    id: "fake-modes-mixed",
    title: "Fake tensors of two tracings meet",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /fake mode \(<.{1,120}>\) from .{1,60} doesn't match mode \(<.{1,120}>\) from (?<from>.{1,60}?)(?: allocated at|$)/,
        /Mixing fake modes NYI/,
        /(?:Please convert all Tensors to FakeTensors first|found (?:real|non-fake) tensors? .{0,40}FakeTensorMode)/,
      ),
    confidence: "high",
    cause: (match) =>
      `A fake tensor (one without data) belongs to the tracing, the FakeTensorMode, that made it, and ${match.facts["from"] === undefined ? "this one meets tensors of another, or real ones" : `what comes from ${match.facts["from"]} is of another`}: a model or inputs made under a FakeTensorMode of one's own and given to torch.export or torch.compile, which make theirs, or a fake tensor that was kept in a global, a buffer or a cache from one trace to the next.`,
    fix: () => [
      "# give torch.export and torch.compile real tensors (device='meta' or small ones, where memory is short); or export outside of one's own `with FakeTensorMode()`",
      "# in an operator's fake implementation and in modules: make tensors from the arguments (x.new_empty(…)), keep none in globals, lru_cache or self",
      "# FakeTensorMode of one's own around everything: FakeTensorMode(allow_non_fake_inputs=True) where real tensors are to be taken",
    ],
    sources: ["pytorch/pytorch#110100", `${library}#torch.library.register_fake`],
    examples: [
      {
        text: "AssertionError: fake mode (<torch._subclasses.fake_tensor.FakeTensorMode object at 0x7fe4>) from active fake mode 0 doesn't match mode (<torch._subclasses.fake_tensor.FakeTensorMode object at 0x7fe3>) from fake tensor input 0",
        expect: "fake tensor input 0",
      },
      { text: "AssertionError: Mixing fake modes NYI", expect: "x.new_empty" },
    ],
  },
  {
    id: "operator-overload-unknown",
    title: "The operator has no overload of that name",
    on: ["exception"],
    specificity: 82,
    matches: (finding) =>
      said(
        finding,
        /The underlying op of '(?<op>[\w.:]+)' has no overload name '(?<overload>\w+)'(?:\. Did you mean: '(?<meant>\w+)')?/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["op"] ?? ""}\` exists, and no \`.${match.facts["overload"] ?? ""}\` of it: ${match.facts["meant"] === undefined ? "the name is wrong, or the code was written for another release of torch or of the package that registers it." : `\`.${match.facts["meant"]}\` is meant, or the code is for another release.`}`,
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.ops.${match.facts["op"] ?? "ns.op"}.overloads())"   # the package that registers it imported first`,
      '# one\'s own operator: m.def("f.out(…)") makes the overload .out, m.def("f(…)") the one that is called .default',
    ],
    sources: [library],
    examples: [
      {
        text: "AttributeError: The underlying op of 'my_ops.scale' has no overload name 'out'",
        expect: "torch.ops.my_ops.scale.overloads()",
      },
      {
        text: "AttributeError: The underlying op of 'aten.add' has no overload name 'Tensr'. Did you mean: 'Tensor'?",
        expect: "`.Tensor` is meant",
      },
    ],
  },
  {
    id: "operator-name-without-namespace",
    title: "The name of an operator lacks its namespace",
    on: ["exception"],
    specificity: 80,
    matches: (finding, context) => {
      const facts = said(finding, /operator name, ?"?(?<name>\w+)"?, to be of the form "?<namespace>::<name>/i);
      if (facts !== undefined) return facts;
      return finding.code === "ValueError" &&
        /not enough values to unpack \(expected 2, got 1\)/.test(finding.message) &&
        framesAt({ finding, context, facts: {} }).some((frame) => /name\.split\("::"\)/.test(frame))
        ? {}
        : undefined;
    },
    confidence: "high",
    cause: () => "Operators are named `namespace::name`; this one was given without a namespace.",
    fix: () => ['# @torch.library.custom_op("my_ops::f", mutates_args=()), then torch.ops.my_ops.f'],
    sources: [library],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/e/f.py", line 4, in <module>\n    @custom_op(\'sq\', mutates_args=())\n  File "/e/site-packages/torch/_library/custom_ops.py", line 248, in inner\n    namespace, opname = name.split("::")\nValueError: not enough values to unpack (expected 2, got 1)',
        expect: "my_ops::f",
      },
    ],
  },
];
