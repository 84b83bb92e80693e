/** Operators below torch.compile and torch.export: fakes, traces, aliases, opcheck. */
import { pip, platformOf, quote } from "../commands/commands.ts";
import { framesAt } from "../matchers.ts";
import { type Match, said, saidAny, type Rule } from "../rule.ts";

const manual = "https://docs.pytorch.org/tutorials/advanced/custom_ops_landing_page.html";

/** The function that torch.compile ran into, as namespace for an operator, module and name: `fused_ext`, `fused_ext._C`, `fwd`. */
function calledFunction({ facts }: Match): readonly [space: string, module: string, name: string] {
  const parts = (facts["name"] ?? "")
    .split(".")
    .filter((part) => part !== "" && part !== "PyCapsule" && !part.startsWith("pybind11_detail_"));
  const name = parts.at(-1);
  return name === undefined || parts.length < 2
    ? ["my_ops", "_C", name ?? "f"]
    : [parts[0] ?? "my_ops", parts.slice(0, -1).join("."), name];
}

/** The dimensions from the largest stride to the smallest. opcheck names the kernel's strides first (pytorch/pytorch#177115). */
function byStrides(strides: readonly number[]): number[] {
  return strides.map((_, dim) => dim).toSorted((a, b) => (strides[b] ?? 0) - (strides[a] ?? 0) || a - b);
}

/** What of a fake result is not as the kernel's, and how it is given. */
function wrongInFake(why: string): string {
  if (/^Dtypes/.test(why))
    return "its result has another type than the kernel's: x.new_empty(sizes, dtype=…), torch.empty_like(x, dtype=…) with the type that the kernel really gives, or result.to(x.dtype) at the end of the kernel";
  if (/^Shapes/.test(why)) return "its result has other sizes than the kernel's: the sizes of x.new_empty(…)";
  const [, kernel] = /Strides are \(([\d, ]+)\) and \(/.exec(why) ?? [];
  const order = kernel === undefined ? undefined : byStrides(kernel.split(",").map(Number));
  if (order !== undefined)
    return `its result has other strides than the kernel's (${kernel ?? ""}): x.new_empty(<the sizes of dimensions ${order.join(", ")}>).permute(${order.map((_, dim) => order.indexOf(dim)).join(", ")}), or .contiguous() at the end of the kernel`;
  if (/^Strides?|stride/.test(why))
    return "its result has other strides than the kernel's: x.new_empty(…).permute(…) in the kernel's order, or .contiguous() at the end of the kernel";
  if (/^Devices/.test(why)) return "its result is on another device than the kernel's: device=x.device";
  return "the same sizes, strides, dtype and device as the kernel makes";
}

/**
 * Packages whose functions became operators in a later release, and how to get that one. Sources: Dao-AILab/flash-attention#1139
 * (flash-attn 2.7) and #1769 (FlashAttention-3, which has no release on PyPI).
 */
function releaseWithOperators(match: Match): string[] {
  const [, module] = calledFunction(match);
  if (module === "flash_attn_2_cuda")
    return [
      `${pip(match, 'install --no-build-isolation --upgrade "flash-attn>=2.7.0"')}   # its functions are operators since 2.7.0, for torch 2.4 and newer`,
    ];
  if (!/^flash_attn_3_cuda$|^flash_attn_3\b/.test(module)) return [];
  return [
    "git clone --recursive https://github.com/Dao-AILab/flash-attention",
    `(cd flash-attention/hopper && ${pip(match, "install --no-build-isolation --no-deps -v .")})   # FlashAttention-3 of the main branch: its functions are operators since #1769 (2025); compiles for an hour or so`,
  ];
}

/** What cuts the graph in place of an error. */
function stopgap({ finding, context: { log } }: Match): string {
  // Dynamo raises it where it may not cut the graph, and only then.
  const isFull =
    finding.kind === "exception" && /raph break|marked as skipped|does not know how to trace/.test(finding.message);
  return isFull || log.asksFullGraph
    ? "# at once, without building anything: torch.compile(model) without fullgraph=True, which makes an error of each cut in the graph; @torch.compiler.disable on the function that calls it says where the cut is"
    : "# as a stopgap, a graph break: @torch.compiler.disable on the function that calls it (not with fullgraph=True)";
}

/** custom_op() itself looked at what the function returned. */
function checksOutputs({ finding }: Match): boolean {
  return /\(1\) must not also be an input|may not alias any inputs to this custom operator/.test(finding.message);
}

/** Where the call of the operator stands, as `torch.ops.ns.f(` in the innermost frame that has it. */
function copiedOutputs(match: Match): string[] {
  const op = (match.facts["op"] ?? "").split("::").at(-1) ?? "";
  const frame = framesAt(match).findLast((each) => op !== "" && each.includes(`.${op}(`));
  const file = /^((?:[A-Za-z]:)?[^:]{1,300}\.py):\d/.exec(frame ?? "")?.[1];
  const space = /torch\.ops\.(\w+)\./.exec(frame ?? "")?.[1];
  return [
    ...(file === undefined || op === "" || platformOf(match) === "win32"
      ? []
      : [
          `grep -nE "custom_op\\(|def |^ +return " ${quote(file)}   # the returns of the function below custom_op("${space ?? "ns"}::${op}"), if it stands in that file`,
        ]),
    `# ${op === "" ? "in the operator's function" : `in that function`}: a copy for each output that is an input, a view of one (x[0], x.t(), x.reshape()), or the same tensor as another output: return out.clone(), rest[0].clone()   (where they are the same only at times: last = z.clone() if has_z else out.clone())`,
  ];
}

export const operatorCheckRules: readonly Rule[] = [
  {
    id: "operator-without-fake-implementation",
    title: "The operator has no fake (meta) implementation",
    on: ["exception"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /There was no fake impl registered for <CustomOpDef\((?<op>[\w:.]+)\)>/,
        /(?<op>\w+::[\w.]+): attempted to run this operator with Meta tensors, but there was no (?:fake|abstract) impl/,
        /UnsupportedOperatorException: (?<op>\w+(?:\.|::)\w+)/,
        /Operator does not support running with fake tensors/,
        /(?<op>\w+(?:::|\.)[\w.]+): (?:got|attempted to run with) (?:FakeTensor|Meta) .*(?:fake|meta) (?:impl|kernel)/,
        /Could not run '(?<op>[\w:.]+)' (?:with arguments )?from the 'Meta' backend/,
      ) ??
      (finding.code === "UnsupportedOperatorException"
        ? said(finding, /^(?<op>\w+(?:\.|::)[\w.:]+)(?:\s|$)/)
        : undefined),
    confidence: "high",
    cause: (match) =>
      `torch.compile, torch.export and meta tensors run an operator without data to learn the shape and type of its results; ${match.facts["op"] === undefined ? "the operator" : `\`${match.facts["op"]}\``} has no implementation for that (register_fake, or a Meta kernel in C++), or the module that registers it was not imported.`,
    fix: (match) => {
      const op = (match.facts["op"] ?? "my_ops::my_op").replace(/\.default$/, "").replace(/^(\w+)\.(\w+)$/, "$1::$2");
      return [
        `# Python, after the library was loaded:  @torch.library.register_fake("${op}")  def _(x): return torch.empty_like(x)   # the shapes and types of the results`,
        `# or C++: TORCH_LIBRARY_IMPL(${op.split("::")[0] ?? "my_ops"}, Meta, m) { m.impl("${op.split("::")[1] ?? "my_op"}", &its_meta_function); }`,
        `# then torch.library.opcheck(torch.ops.${op.replace("::", ".")}, (example, arguments))`,
      ];
    },
    sources: [manual, "Lightning-AI/lightning-thunder#2530"],
    examples: [
      {
        text: "torch._subclasses.fake_tensor.UnsupportedOperatorException: knn_ops.query.default\n- PyTorch version: 2.1.2\n- OS: Debian GNU/Linux 12",
        expect: 'register_fake("knn_ops::query")',
      },
      {
        text: "RuntimeError: There was no fake impl registered for <CustomOpDef(my_ops::scale)>. This is necessary for torch.compile/export/fx tracing to work. Please use `scale.register_fake` to add an fake impl.",
        expect: 'register_fake("my_ops::scale")',
      },
      {
        text: "NotImplementedError: my_ops::scale: attempted to run this operator with Meta tensors, but there was no fake impl or Meta kernel registered.",
        expect: "Meta",
      },
      {
        text: "torch._subclasses.fake_tensor.UnsupportedOperatorException: my_ops.scale.default",
        expect: "my_ops::scale",
      },
    ],
  },
  {
    id: "extension-traced-by-compile",
    title: "torch.compile looks into the extension's function",
    on: ["exception", "warning"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /Dynamo failed to run FX node with fake tensors: call_function (?<name>[A-Za-z_][\w.]*)\(.*Cannot access data pointer/s,
        /Cannot access data pointer of Tensor \(e\.g\. FakeTensor|erroneously tracing into a custom kernel/,
        /Dynamo does not know how to trace the builtin `(?<name>[^`]+?)\.?`/,
        /Graph break due to unsupported builtin (?<name>[\w.]+?)\.? This function is/,
        /Attempted to call function marked as skipped/,
        /(?:torch\.\* op returned non-Tensor|call_function) .*(?:PyCapsule|builtin_function_or_method)/,
        /Cannot access storage of (?:FakeTensor|FunctionalTensor)/,
      ),
    confidence: (match) => (match.finding.severity === "warning" ? "medium" : "high"),
    cause: (match) =>
      `${match.facts["name"] === undefined ? "A function of an extension" : `\`${match.facts["name"].replace(/\.pybind11_detail_function_record_\w+(?=\.)|\.PyCapsule(?=\.)/, "")}\``}, bound with pybind11 or called through ctypes, Triton or CuPy, is no operator for torch: torch.compile and torch.export run through it with tensors that have no data. It has to be registered as a custom operator.${match.finding.severity === "warning" ? " Until then the compiled graph is cut in two there: the result is right, and slower." : ""}`,
    fix: (match) => {
      const [space, module, f] = calledFunction(match);
      const newer = releaseWithOperators(match);
      return [
        ...(newer.length > 0 ? [stopgap(match), ...newer, "# or an operator around it in your own code:"] : []),
        `# Python: @torch.library.custom_op("${space}::${f}", mutates_args=())  def ${f}(x: torch.Tensor) -> torch.Tensor: return ${module}.${f}(x)   and its shapes: @${f}.register_fake  def _(x): return torch.empty_like(x); then call ${f} (its own arguments and results in place of x; where it is trained, ${f}.register_autograd, too)`,
        `# or C++: TORCH_LIBRARY(${space}, m) { m.def("${f}(Tensor x) -> Tensor"); } TORCH_LIBRARY_IMPL(${space}, CUDA, m) { m.impl("${f}", &${f}); }, then torch.ops.${space}.${f}(x)`,
        ...(newer.length > 0 ? [] : [stopgap(match)]),
      ];
    },
    sources: [manual, "Dao-AILab/flash-attention#1139", "Dao-AILab/flash-attention#1769", "pytorch/pytorch#144540"],
    examples: [
      {
        text: "[rank3]: torch._dynamo.exc.Unsupported: Graph break due to unsupported builtin flash_attn_3_cuda.PyCapsule.fwd. This function is either a Python builtin (e.g. _warnings.warn) or a third-party C/C++ Python extension (perhaps created with pybind).",
        expect: "cd flash-attention/hopper",
      },
      {
        text: "torch._dynamo.exc.Unsupported: Graph break due to unsupported builtin tiles._C.PyCapsule.pack. This function is either a Python builtin (e.g. _warnings.warn) or a third-party C/C++ Python extension (perhaps created with pybind).",
        expect: "without fullgraph=True",
      },
      {
        text: "RuntimeError: Cannot access data pointer of Tensor (e.g. FakeTensor, FunctionalTensor). If you're using torch.compile/export/fx, it is likely that we are erroneously tracing into a custom kernel.",
        expect: "custom_op",
      },
      {
        text: "torch._dynamo.exc.TorchRuntimeError: Dynamo failed to run FX node with fake tensors: call_function tile_attn._C.fwd(*(FakeTensor(..., size=(1, 4)), None), **{}): got RuntimeError('Cannot access data pointer of Tensor (e.g. FakeTensor, FunctionalTensor).')",
        expect: 'custom_op("tile_attn::fwd"',
      },
      {
        text: "/e/torch/_dynamo/variables/functions.py:725: UserWarning: Graph break due to unsupported builtin my_ops._fused.PyCapsule.quant. This function is either a Python builtin (e.g. _warnings.warn) or a third-party C/C++ Python extension (perhaps created with pybind).",
        expect: "the result is right, and slower",
      },
      {
        text: "torch._dynamo.exc.Unsupported: Attempted to call function marked as skipped\n  Explanation: Dynamo does not know how to trace the builtin `my_ops._C.PyCapsule.fwd.` This function is either a Python builtin (e.g. _warnings.warn) or a third-party C/C++ Python extension (perhaps created with pybind).",
        expect: "TORCH_LIBRARY",
      },
    ],
  },
  {
    id: "operator-result-depends-on-data",
    title: "What the operator gives back depends on the values in its tensors",
    on: ["exception", "warning"],
    specificity: 80,
    matches: (finding) =>
      /^(?:DataDependentOutput|DynamicOutputShape)Exception$/.test(finding.code ?? "")
        ? said(finding, /^(?<op>(?!aten\.)\w+\.\w+)/)
        : saidAny(
            finding,
            /(?:Data dependent operator|Dynamic (?:shape|output shape) operator).*?Operator `(?<op>(?!aten\.)\w+\.\w+)(?:\.\w+)?`/s,
            /data dependent operator: (?<op>(?!aten\.)\w+\.\w+)/,
            /dynamic shape operator: (?<op>(?!aten\.)\w+\.\w+)/,
          ),
    confidence: "high",
    cause: (match) =>
      `\`${(match.facts["op"] ?? "").replace(".", "::")}\` returns ${/[Dd]ynamic/.test(`${match.finding.code ?? ""} ${match.finding.message}`) ? "a tensor whose size" : "a number (an int or bool in its schema) that"} only its values tell, and torch.compile and torch.export run it with tensors that have no values: its fake implementation has to say that such a size is to come.`,
    fix: (match) => {
      const [space = "my_ops", name = "f"] = (match.facts["op"] ?? "").split(".");
      return [
        `# Python, after the library was loaded: @torch.library.register_fake("${space}::${name}")  def _(x): n = torch.library.get_ctx().new_dynamic_size(); return x.new_empty((n, x.shape[1]))   # its own shape`,
        `# a number: let the operator return a tensor of one element (Tensor in the schema), and call .item() behind it, with torch._check(n >= 0) for the bounds`,
        "# torch.compile: torch._dynamo.config.capture_dynamic_output_shape_ops = True, torch._dynamo.config.capture_scalar_outputs = True; without fullgraph=True it cuts the graph there by itself",
        "# torch.export: strict=False does not help; what depends on the values has to stay outside, or be padded to a fixed size with a mask",
      ];
    },
    sources: [
      "https://docs.pytorch.org/docs/stable/library.html",
      "https://docs.pytorch.org/docs/stable/compile/programming_model.dynamo_core_concepts.html",
    ],
    examples: [
      {
        text: "torch._dynamo.exc.Unsupported: Data dependent operator\n  Explanation: Operator `grid_ops.count_rows.default` has a non-Tensor output whose value is dependent on the data of Tensor inputs.",
        expect: 'register_fake("grid_ops::count_rows")',
      },
      {
        text: "torch._dynamo.exc.Unsupported: Dynamic shape operator\n  Explanation: Operator `grid_ops.rows.default`'s output shape depends on input Tensor data.",
        expect: "new_dynamic_size",
      },
      {
        text: "torch._subclasses.fake_tensor.DynamicOutputShapeException: grid_ops.rows.default",
        expect: "new_dynamic_size",
      },
    ],
  },
  {
    id: "operator-output-aliases-input",
    title: "The operator returns one of its inputs, or changes one in secret",
    on: ["exception", "warning"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<op>[\w:.]+) \(with implementation in .*\): The output of this custom operator \(1\) must not/,
        /may not alias any inputs to this custom operator/,
        /Found a custom \(non-ATen\) operator whose output has alias annotations: (?<op>[\w:.]+)/,
        /(?:Argument|argument) (?<argument>\S+) is not defined as mutable but was mutated/,
        /Argument .* is defined as alias of output but was not aliasing/,
        /Argument .* is not defined to alias output but was aliasing/,
        /(?<op>\w+::\w+) .*(?:mutates|mutated) .*(?:mutates_args|schema)/,
      ),
    confidence: "high",
    cause: (match) =>
      checksOutputs(match)
        ? `${match.facts["op"] === undefined ? "The operator" : `\`${match.facts["op"]}\``} gives back a tensor that is one of its inputs, or that shares memory with an input or with another of its outputs (a view, a slice, one tensor in two places of the return). torch.library.custom_op allows neither, with or without torch.compile.`
        : `${match.facts["op"] === undefined ? "The operator" : `\`${match.facts["op"]}\``} gives back a tensor that shares memory with an input, or writes into an input, and its schema does not say so (or says it in a form that functionalization does not support). torch.compile relies on the schema.`,
    fix: (match) => [
      ...(checksOutputs(match) ? copiedOutputs(match) : []),
      match.facts["argument"] === undefined
        ? checksOutputs(match)
          ? "# or, where the operator is to write into an input, return nothing:"
          : "# return a new tensor (x.clone(), torch.empty_like), or return nothing and write into the input:"
        : `# is \`${match.facts["argument"]}\` meant to be written? Then the schema has to say so; else the kernel writes into it by mistake (arguments in another order than the schema's, an index out of range): compute-sanitizer tells`,
      `# Python: @torch.library.custom_op("my_ops::f", mutates_args={"${match.facts["argument"] ?? "out"}"}) … -> None;  C++: m.def("f(Tensor x, Tensor(a!) ${match.facts["argument"] ?? "out"}) -> ()")`,
      "# torch.library.opcheck(torch.ops.my_ops.f, (example, arguments)) checks it",
    ],
    sources: [manual, "pytorch/pytorch#186807"],
    examples: [
      {
        text: "RuntimeError: f (with implementation in <module 'm' from '/e/m.py'>): The output of this custom operator (1) must not also be an input to this custom operator and (2) may not alias any inputs to this custom operator or other returns.",
        expect: "mutates_args",
      },
      {
        text: "Traceback (most recent call last):\n  File \"/w/scan/ops.py\", line 14, in scan\n    outs = torch.ops.scan_ops.scan_fwd(u, delta)\n  File \"/e/lib/python3.11/site-packages/torch/_library/custom_ops.py\", line 347, in backend_impl\n    raise RuntimeError(\nRuntimeError: scan_fwd (with implementation in <module 'torch._library.custom_ops' from '/e/lib/python3.11/site-packages/torch/_library/custom_ops.py'>): The output of this custom operator (1) must not also be an input to this custom operator and (2) may not alias any inputs to this custom operator or other returns.",
        expect: 'below custom_op("scan_ops::scan_fwd")',
      },
      {
        text: "E   torch.testing._internal.optests.generate_tests.OpCheckError: opcheck(op, ...): test_schema failed with Argument weight is not defined as mutable but was mutated (scroll up for stack trace)",
        expect: "Tensor(a!) weight",
      },
      {
        text: "RuntimeError: Found a custom (non-ATen) operator whose output has alias annotations: my_ops::add_into(Tensor(a0!) d, Tensor x) -> Tensor(a0!).",
        expect: "-> ()",
      },
    ],
  },
  {
    id: "script-object-without-fake-class",
    title: "torch.compile meets an object of a C++ class that it cannot fake",
    on: ["exception"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<op>\w+::[\w.]+)? ?received a FakeScriptObject input when dispatching (?:DispatchKey\.)?(?<key>\w+)/,
        /(?:no|hasn't|doesn't have|does not have) .{0,40}fake (?:class|script).*(?<op>\w+::\w+)?|register_fake_class/,
      ),
    confidence: "high",
    cause: (match) =>
      `An object of a class that C++ registered (torch::class_) goes into ${match.facts["op"] === undefined ? "an operator" : `\`${match.facts["op"]}\``}${match.facts["key"] === undefined ? "" : ` under ${match.facts["key"]}`}. torch.compile and torch.export put a fake in its place, which only implementations in Python can take.`,
    fix: () => [
      '# @torch._library.register_fake_class("my_ns::MyClass") class FakeMyClass: with __obj_unflatten__(cls, flat) and the methods that are called; the C++ class needs __obj_flatten__',
      "# or register the operator's autocast, autograd and fake parts in Python (torch.library.custom_op, register_autocast, register_autograd, register_fake)",
      "# or keep the object out: pass its handle as an int, or @torch.compiler.disable on the caller",
    ],
    sources: ["pytorch/pytorch#158414"],
    examples: [
      {
        text: "RuntimeError: my_ns::forward received a FakeScriptObject input when dispatching DispatchKey.AutocastCUDA. but no python implementation is found.",
        expect: "register_fake_class",
      },
    ],
  },
  {
    id: "operator-check-failed",
    title: "opcheck found the operator's registration wrong",
    on: ["exception"],
    specificity: 76,
    matches: (finding) =>
      said(
        finding,
        /opcheck\(op, \.\.\.\): (?<test>test_\w+) failed with (?<why>.{0,160}?)(?= \(scroll up\b| ={5,}|$)/,
      ) ?? said(finding, /opcheck\(op, \.\.\.\): (?<test>test_\w+) failed with (?<why>.{0,160})/),
    confidence: "high",
    cause: (match) =>
      `${
        {
          test_schema:
            "The schema does not say what the operator does to its inputs (it writes into one, or returns one).",
          test_autograd_registration:
            "The autograd formula is registered under a key that opcheck does not accept (CPU or CUDA), or is missing.",
          test_faketensor: "The fake implementation gives other shapes, strides, types or devices than the real one.",
          test_aot_dispatch_dynamic:
            "With torch.compile's tracing the operator or its gradient gives another result than without.",
        }[match.facts["test"] ?? ""] ?? "One of the checks failed."
      } (${match.facts["test"] ?? ""}: ${match.facts["why"] ?? ""})`,
    fix: (match) => {
      const lines: Readonly<Record<string, string>> = {
        test_schema:
          '# schema: Tensor(a!) x (C++) or mutates_args={"x"} (Python) for what is written; return x.clone() for what is returned',
        test_faketensor: `# fake (the function under register_fake, a Meta kernel): ${wrongInFake(match.facts["why"] ?? "")}; torch.library.get_ctx().new_dynamic_size() for sizes that depend on data`,
        test_autograd_registration:
          "# gradients: torch.library.register_autograd, or a torch::autograd::Function under the key Autograd",
      };
      const own = lines[match.facts["test"] ?? ""];
      return own === undefined ? Object.values(lines) : [own];
    },
    sources: ["https://docs.pytorch.org/docs/stable/library.html#torch.library.opcheck"],
    examples: [
      {
        text: "torch.testing._internal.optests.generate_tests.OpCheckError: opcheck(op, ...): test_faketensor failed with Shapes torch.Size([3]) and torch.Size([4]) are not equal! (scroll up for stack trace)",
        expect: "other sizes than the kernel's",
      },
      {
        text: "E   torch.testing._internal.optests.generate_tests.OpCheckError: opcheck(op, ...): test_faketensor failed with Dtypes torch.float32 and torch.float16 are not equal! (scroll up for stack trace)\n=========================== short test summary info ============================",
        expect: "dtype=…",
      },
      {
        text: "torch.testing._internal.optests.generate_tests.OpCheckError: opcheck(op, ...): test_faketensor failed with Stride mismatch! Strides are (1, 12, 3) and (16, 4, 1) (mismatched at 0)! (scroll up for stack trace)",
        expect: "new_empty(<the sizes of dimensions 1, 2, 0>).permute(2, 0, 1)",
      },
    ],
  },
  {
    id: "cuda-graph-output-overwritten",
    title: "A result of a compiled function is used after the next call wrote over it",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      said(
        finding,
        /accessing tensor output of CUDAGraphs that has been overwritten(?:.*?File "(?<file>[^"]+)", line (?<line>\d+))?/s,
      ),
    confidence: "high",
    cause: (match) =>
      `torch.compile with mode="reduce-overhead" (or max-autotune) replays a CUDA graph, whose results lie in the same memory at each call: one of an earlier call${match.facts["file"] === undefined ? "" : ` (made at ${match.facts["file"]}:${match.facts["line"] ?? ""})`} is still used.`,
    fix: () => [
      "# keep a copy: out = compiled(x).clone()",
      "# or torch.compiler.cudagraph_mark_step_begin() before each call, where no result of the call before is needed any more",
      '# or without CUDA graphs: torch.compile(f) without the mode, or mode="max-autotune-no-cudagraphs"',
    ],
    sources: ["https://docs.pytorch.org/docs/stable/torch.compiler_cudagraph_trees.html"],
    examples: [
      {
        text: 'RuntimeError: Error: accessing tensor output of CUDAGraphs that has been overwritten by a subsequent run. Stack trace: File "/w/stream.py", line 9, in step',
        expect: "compiled(x).clone()",
      },
    ],
  },
];
