/** Calls from Python into a module that is loaded: arguments, types of tensors, gradients, the GIL. */
import { pip, python, rebuild } from "../commands/commands.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";

/** A type that has no caster anywhere; undefined for those that torch's headers bring. */
function uncastable(match: Match): string | undefined {
  return /\b(?:c10::)?(?:ArrayRef|IListRef|List|Dict|intrusive_ptr)<.*>|\bc10::IValue\b|\bat::TensorList\b/.exec(
    `${match.facts["type"] ?? ""} ${match.facts["signature"] ?? ""} ${/\(arg.*\)/.exec(match.finding.message)?.[0] ?? ""}`,
  )?.[0];
}

/** Whether the kernel that lacks half precision is one of torch's for the CPU. */
function onProcessor(match: Match): boolean {
  return (
    /^(?:Half|BFloat16)$/.test(match.facts["type"] ?? "") &&
    /_impl_cpu_|^slow_conv\w*_cpu$|KernelImpl$|_lastdim_kernel_impl$|^(?:baddbmm|addmv|mm|bmm|addbmm)\w*(?:_with_gemm|_impl)?$|^(?:compute_columns2d|upsample_\w+2d_out_frame|_cdist\w*|mse_cpu|lerp_kernel_scalar|clamp_\w+_cpu|erfinv_vml_cpu|log_vml_cpu|cos_vml_cpu|normal_kernel_cpu)$/.test(
      match.facts["op"] ?? "",
    )
  );
}

/** `attn_softmax_inplace_forward_ not implemented on CPU`: what a stand-in says that is compiled where no toolkit is found. */
function stub({ finding }: Match): boolean {
  return /^[a-z]\w*_\w* not implemented on CPU/.test(finding.message);
}

export const callRules: readonly Rule[] = [
  {
    id: "binding-lacks-type-casters",
    title: "The binding does not know how to turn tensors into Python objects",
    on: ["exception"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /Unable to convert function return value to a Python type! The signature was\s+(?<signature>.*)/,
        /incompatible function arguments.*\barg\d*: (?<type>at::Tensor|torch::Tensor|c10::\w+)/s,
        /Unregistered type : (?<type>(?:at|torch|c10)::\w+)/,
      ),
    confidence: "high",
    cause: (match) =>
      uncastable(match) !== undefined
        ? `The bound function takes or gives \`${uncastable(match) ?? ""}\`, for which neither pybind11 nor torch's headers have a type caster, whatever is included.`
        : match.facts["type"] === undefined || /Tensor|ScalarType/.test(match.facts["type"])
          ? "pybind11 (nanobind likewise) knows tensors only where torch's type casters are visible: the file with PYBIND11_MODULE includes pybind11/pybind11.h and ATen, but not torch/extension.h (or torch/csrc/utils/pybind.h)."
          : `pybind11 has no caster for \`${match.facts["type"]}\`: torch brings casters for tensors, sizes, devices, dtypes, generators and (newer releases) streams in torch/extension.h, and none for the rest.`,
    fix: (match) => {
      if (uncastable(match) !== undefined)
        return [
          "# take std::vector<torch::Tensor> (with torch/extension.h) in the bound function, and hand it on as the TensorList",
          "# or register the function with TORCH_LIBRARY, whose schema has Tensor[]",
          ...rebuild(match),
        ];
      return [
        ...(match.facts["type"] === undefined || /Tensor|ScalarType/.test(match.facts["type"])
          ? []
          : [
              "# pass a plain value and make the object in C++: a stream as int64_t (x.cuda_stream), a device as its index; or take at::cuda::getCurrentCUDAStream() inside",
            ]),
        "# add #include <torch/extension.h> to the file with PYBIND11_MODULE (or torch/csrc/utils/pybind.h, which is smaller); nanobind and Boost.Python: take py::object and THPVariable_Unpack",
        ...rebuild(match),
      ];
    },
    sources: ["https://pybind11.readthedocs.io/en/stable/advanced/cast/index.html", "pytorch/pytorch#119190"],
    examples: [
      {
        text: "TypeError: f(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: c10::ArrayRef<at::Tensor>) -> bool",
        expect: "std::vector<torch::Tensor>",
      },
      {
        text: "TypeError: Unable to convert function return value to a Python type! The signature was\n\t(arg0: int) -> at::Tensor",
        expect: "torch/extension.h",
      },
      {
        text: "TypeError: fwd(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: at::Tensor) -> at::Tensor",
        expect: "type casters",
      },
    ],
  },
  {
    id: "binding-type-not-registered",
    title: "A default argument's type is not known to Python yet",
    on: ["exception"],
    specificity: 72,
    matches: (finding) =>
      saidAny(
        finding,
        /could not convert default argument ['"](?<what>[^'"]*)['"] .*(?:type not registered yet|into a Python object)/,
        /could not convert default argument into a Python object/,
      ),
    confidence: "medium",
    cause: (match) =>
      `The module's binding gives ${match.facts["what"] === undefined ? "a value of a C++ type" : `\`${match.facts["what"]}\``} as a default before its type is registered: torch was not imported first (for torch's own types), py::class_ for it comes later in the file, or parts of two builds (or two pybind11) are mixed, so that the class is registered by another library than the one with the default.`,
    fix: (match) => [
      ...(match.context.log.setupCommand !== undefined || match.context.log.localPackages.length > 0
        ? [
            "# own code: py::class_ of the default's type goes above the function that has it as a default, or the default is given in Python; then",
            ...rebuild(match),
          ]
        : []),
      `${python(match)} -c "import torch, ${match.context.log.runningModule ?? "the_extension"}"`,
      `# an installed package: uninstall all copies (${pip(match, "uninstall")} until none is left, old *.egg folders), rm -rf build, and build it again`,
      "# own code: register the class before the function that uses it, or give the default in Python",
    ],
    sources: ["https://pybind11.readthedocs.io/en/stable/advanced/functions.html#default-arguments-revisited"],
    examples: [
      {
        text: "ImportError: arg(): could not convert default argument 'opts: torch::TensorOptions' in function 'f' into a Python object (type not registered yet?)",
        expect: "import torch",
      },
    ],
  },
  {
    id: "dtype-not-dispatched",
    title: "The extension has no code for this type of tensor",
    on: ["exception"],
    role: "symptom",
    specificity: 60,
    matches: (finding) => said(finding, /["'](?<op>[\w:]+)["'] not implemented for ['"](?<type>\w+)['"]/),
    confidence: "medium",
    cause: (match) =>
      onProcessor(match)
        ? `\`${match.facts["op"] ?? ""}\` is torch's own kernel for the CPU, and this torch has none for \`${match.facts["type"] ?? ""}\` there: a model or tensor in half precision is on the CPU (no GPU in sight, device="cpu", or a part that was offloaded).`
        : `The AT_DISPATCH_… macro around \`${match.facts["op"] ?? ""}\` does not name \`${match.facts["type"] ?? ""}\`: AT_DISPATCH_FLOATING_TYPES covers float and double only.`,
    fix: (match) =>
      onProcessor(match)
        ? [
            `${python(match)} -c "import torch; print(torch.__version__, torch.cuda.is_available())"   # False: torch without CUDA, or no driver`,
            '# with a GPU: model.to("cuda") and the inputs, too; without one: model.float() (torch_dtype=torch.float32), or torch.bfloat16; newer torch has more kernels in half on the CPU',
          ]
        : [
            "# a kernel of one's own: AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, …) in the sources, then build again",
            "# torch's or a package's: convert around the call: f(x.float(), …).to(x.dtype), under autocast: with torch.autocast(\"cuda\", enabled=False):",
          ],
    sources: ["pytorch: aten/src/ATen/Dispatch.h"],
    examples: [
      {
        text: "RuntimeError: \"my_kernel_cuda\" not implemented for 'Half'",
        expect: "AT_DISPATCH_FLOATING_TYPES_AND2",
      },
      { text: "RuntimeError: \"addmm_impl_cpu_\" not implemented for 'Half'", expect: "model.float()" },
    ],
  },
  {
    id: "kernel-argument-refused",
    title: "The extension's own check refuses a tensor",
    on: ["exception"],
    role: "symptom",
    specificity: 56,
    matches: (finding) =>
      // A set-up script refuses a machine without a GPU.
      /(?:^|[\\/])setup\.py:\d/.test(finding.frames?.at(-1) ?? "")
        ? undefined
        : saidAny(
            finding,
            /(?<name>[A-Za-z_](?:[\w.[\]]{0,39}[\w\]])?)?:? ?(?:tensor |input )?(?:must|should|needs? to|has to|expected to) (?:be|have) (?:a |an )?(?<what>contiguous(?: last dimension)?|(?:on |in )?(?:the )?(?:CUDA|GPU|cuda)(?: tensors?| device| memory)?|CPU tensors?|on the same (?:CUDA )?device)\b/,
            /(?<name>[A-Za-z_][\w.[\]]{0,40}) is not (?:a )?(?<what>contiguous|CUDA tensor|on CUDA)/,
            /(?<what>(?:Not|not) (?:yet )?implement(?:ed)? (?:on|for) (?:the )?(?:CPU|cpu))\b|(?<what2>CPU (?:version|implementation|mode|tensors?) (?:is |are )?not (?:implemented|supported|available))/,
            /(?<name>[A-Za-z_]\w{0,40}) must have (?:the )?d?type (?:torch\.)?(?<what>int32|int64|int|float16|bfloat16|float32|float64|half)\b/,
            /only supports? (?<what>(?:fp16|half|float16|fp32|float32|bf16|bfloat16)(?:,? ?(?:and|or|\/|,) ?(?:fp16|half|float16|fp32|float32|bf16|bfloat16))*)(?: data)?(?: types?)?/i,
          ),
    confidence: "medium",
    cause: (match) => {
      const what = match.facts["what"] ?? "";
      const name = match.facts["name"] === undefined ? "An argument" : `\`${match.facts["name"]}\``;
      return /contiguous/.test(what)
        ? `${name} is a view (transposed, sliced, expanded), and the extension's kernel takes contiguous memory only. The extension itself was built and loaded well.`
        : stub(match)
          ? "The function was called with tensors on the CPU; or the extension was installed where no CUDA toolkit was found, so that a stand-in for the CPU, which only says this, took the place of the kernels: then it says so for tensors on the GPU, too."
          : /must have (?:the )?d?type/.test(match.finding.message)
            ? `${name} is of another type than ${what}, which the kernel takes. The extension itself was built and loaded well.`
            : /16|32|half/i.test(what)
              ? `The kernel is written for ${what} only, and a tensor of another type came in. The extension itself was built and loaded well.`
              : `${/same/.test(what) ? "Tensors of two devices are" : `${name} is`} ${/same/.test(what) ? "mixed in one call" : /CPU/i.test(what) && !/not/i.test(what) ? "on the GPU, and the function takes CPU tensors" : "on the CPU, and the kernel runs on the GPU"}. The extension itself was built and loaded well.`;
    },
    fix: (match) => {
      const what = match.facts["what"] ?? "";
      const name = /^[A-Za-z_]\w*$/.test(match.facts["name"] ?? "") ? (match.facts["name"] ?? "x") : "x";
      if (stub(match))
        return [
          `${python(match)} -c "import torch; from torch.utils.cpp_extension import CUDA_HOME; print(torch.cuda.is_available(), CUDA_HOME)"   # False: no GPU in sight; None: no toolkit, and the kernels were left out`,
          '# the first is False: run it where a GPU is, with model and inputs on it (model.to("cuda"), the program\'s option for the device)',
          "# both are there: the extension was built without CUDA; build it again:",
          ...rebuild(match),
        ];
      return [
        /must have (?:the )?d?type/.test(match.finding.message)
          ? `# caller: ${name} = ${name}.to(torch.${what === "int" ? "int32" : what})`
          : /contiguous/.test(what)
            ? `# caller: ${name} = ${name}.contiguous(); or in the C++ function: ${name} = ${name}.contiguous()`
            : /bf|b?float|fp|half/i.test(what)
              ? `# caller: ${name} = ${name}.to(torch.${/bf/i.test(what) ? "bfloat16" : /16|half/i.test(what) ? "float16" : "float32"})   (models: model.half(), or torch.autocast("cuda", dtype=torch.float16))`
              : /CPU/.test(what) && !/not/i.test(what)
                ? `# caller: ${name} = ${name}.cpu()`
                : `# caller: ${name} = ${name}.cuda() (model.to("cuda"), and every tensor that is made beside it: torch.zeros(…, device=other.device))`,
        "# gradients come as views, too: in backward() call grad.contiguous() first",
      ];
    },
    sources: ["https://docs.pytorch.org/tutorials/advanced/cpp_extension.html"],
    examples: [
      {
        text: "    output = ext.dcnv4_forward(*args)\nRuntimeError: Not implemented on the CPU",
        expect: "the kernel runs on the GPU",
      },
      {
        text: 'Traceback (most recent call last):\n  File "run.py", line 3, in main\n    from openfold.utils import x\n  File "/w/openfold/openfold/utils/kernel/attention_core.py", line 45, in forward\n    attn_core_inplace_cuda.forward_(\nRuntimeError: attn_softmax_inplace_forward_ not implemented on CPU',
        expect: "cd /w/openfold",
      },
      { text: "RuntimeError: grad_output must be contiguous", expect: "grad_output.contiguous()" },
      { text: "RuntimeError: input must be a CUDA tensor", expect: "input.cuda()" },
      { text: "RuntimeError: cu_seqlens_q must have dtype int32", expect: "cu_seqlens_q.to(torch.int32)" },
      { text: "RuntimeError: FlashAttention only support fp16 and bf16 data type", expect: "bfloat16" },
    ],
  },
  {
    id: "python-without-gil",
    title: "C++ code uses Python without holding the GIL",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      said(
        finding,
        /PyGILState_Check\(\) failure|(?:must be called|called) with the GIL held|without holding the GIL|but the GIL is released|PyThreadState_Get: no current thread|(?:inc|dec)_ref\(\) is being called while the GIL is either not held/,
      ),
    confidence: "high",
    cause: () =>
      "A py::object (or a tensor's Python side) is made, copied or freed in a thread, or in a block, that has given the GIL away: a C++ thread of one's own, a callback, code below py::gil_scoped_release or py::call_guard<py::gil_scoped_release>, or a static py::object that dies after Python. PyEval_SaveThread: a function releases the GIL that its caller has released already.",
    fix: (match) => [
      "# at the place that calls back into Python: py::gil_scoped_acquire gil;",
      "# released twice (PyEval_SaveThread): take gil_scoped_release, Py_BEGIN_ALLOW_THREADS and their end out of the inner function",
      "# below gil_scoped_release use C++ types only (at::Tensor, std::vector): convert py::list and py::dict before, and give no py::object to lambdas of other threads",
      `gdb -batch -ex run -ex bt --args ${python(match)} the_program.py   # which function`,
    ],
    sources: ["https://pybind11.readthedocs.io/en/stable/advanced/misc.html#global-interpreter-lock-gil"],
    examples: [
      {
        text: "terminate called after throwing an instance of 'std::runtime_error'\n  what():  pybind11::handle::inc_ref() PyGILState_Check() failure.",
        expect: "gil_scoped_acquire",
      },
      {
        text: "Fatal Python error: PyThreadState_Get: the function must be called with the GIL held, but the GIL is released (the current Python thread state is NULL)",
        expect: "gil_scoped_acquire",
      },
    ],
  },
  {
    id: "gradients-of-other-number",
    title: "backward() returns other gradients than forward() has inputs",
    on: ["exception"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /[Ff]unction (?:torch::autograd::CppNode<)?(?<name>[\w:]+?)(?:Backward\d*)?>? returned an incorrect number of gradients \(expected (?<want>\d+), got (?<have>\d+)\)/,
        /backward formula for (?<name>[\w.:]+?)(?:\.default)? returned an incorrect number of gradients \(expected (?<want>\d+), got (?<have>\d+)\)/,
        /[Ff]unction (?:torch::autograd::CppNode<)?(?<name>[\w:]+?)(?:Backward\d*)?>? returned an invalid gradient at index (?<index>\d+)/,
        /[Ff]unction (?:torch::autograd::CppNode<)?(?<name>[\w:]+?)(?:Backward\d*)?>? returned a gradient different than None at position (?<index>\d+)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${
        /^GeneratedBackwardFor_/.test(match.facts["name"] ?? "") || /backward formula for /.test(match.finding.message)
          ? `The backward that register_autograd was given for \`${(match.facts["name"] ?? "").replace(/^GeneratedBackwardFor_|_default(?:Backward)?$/g, "")}\``
          : `\`${match.facts["name"] ?? ""}${/::CppNode</.test(match.finding.message) ? "::" : "."}backward\``
      } has to give one gradient for each argument of forward, of that argument's shape, type and device, and None where none is wanted` +
      (match.facts["want"] === undefined
        ? `; the one at position ${match.facts["index"] ?? ""} is another.`
        : `: ${match.facts["want"]}, not ${match.facts["have"] ?? ""}.`),
    fix: () => [
      "# return grad_x, grad_weight, None, …: as many as forward has arguments (without ctx), None for numbers and flags",
      "# C++: torch::autograd::variable_list of the same length, torch::Tensor() for None",
      "# then torch.autograd.gradcheck(MyFunction.apply, inputs in double)",
    ],
    sources: ["https://docs.pytorch.org/docs/stable/notes/extending.html"],
    examples: [
      {
        text: "RuntimeError: function _RasterizeGaussiansBackward returned an incorrect number of gradients (expected 9, got 8)",
        expect: "9, not 8",
      },
      {
        text: "RuntimeError: function torch::autograd::CppNode<GridFunction> returned an incorrect number of gradients (expected 2, got 1)",
        expect: "`GridFunction::backward`",
      },
      {
        text: "RuntimeError: Function MyConvBackward returned an invalid gradient at index 1 - got [3, 4] but expected shape compatible with [4, 3]",
        expect: "position 1",
      },
      {
        text: "RuntimeError: The backward formula for mylib.gather_rows.default returned an incorrect number of gradients (expected 5, got 6). Expected one gradient for each forward input",
        expect: "register_autograd was given for `mylib.gather_rows`",
      },
    ],
  },
  {
    id: "no-gradient-recorded",
    title: "Nothing recorded how the result was computed",
    on: ["exception"],
    role: "symptom",
    specificity: 54,
    matches: (finding) =>
      said(
        finding,
        /element 0 of tensors does not require grad and does not have a grad_fn|derivative for '?(?<name>[\w:.]+)'? is not implemented|One of the differentiated Tensors (?:does not require grad|appears to not have been used)/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${match.facts["name"] === undefined ? "The result has no gradient function: a" : `\`${match.facts["name"]}\` has no derivative: a`} function of an extension that is called directly is invisible to autograd, unless it is wrapped in a torch.autograd.Function or its operator has an autograd formula. (Inputs that do not require gradients, torch.no_grad() and detach() look the same.)`,
    fix: () => [
      "# wrap it: class F(torch.autograd.Function) with forward(ctx, …) and backward(ctx, …), called as F.apply(…)",
      '# or for an operator: torch.library.register_autograd("my_ops::f", backward, setup_context=setup)',
      "# otherwise: do the parameters have requires_grad=True, and is there no torch.no_grad() around the call?",
    ],
    sources: ["https://docs.pytorch.org/docs/stable/notes/extending.html"],
    examples: [
      {
        text: "RuntimeError: element 0 of tensors does not require grad and does not have a grad_fn",
        expect: "autograd.Function",
      },
    ],
  },
  {
    id: "tensor-changed-in-place",
    title: "A tensor that backward needs was changed in place",
    on: ["exception"],
    role: "symptom",
    specificity: 56,
    matches: (finding) =>
      said(
        finding,
        /one of the variables needed for gradient computation has been modified by an inplace operation|a leaf Variable that requires grad (?:is being used|has been used) in an in-?place operation/,
      ),
    confidence: "medium",
    cause: () =>
      "A tensor was saved for backward and then overwritten: by an in-place operation in Python (+=, relu_, x[i] = …), or by a function of the extension that writes into its input.",
    fix: () => [
      "# torch.autograd.set_detect_anomaly(True) shows the forward call whose tensor was changed",
      '# an autograd.Function that writes into an input: ctx.mark_dirty(x), and return x; an operator: Tensor(a!) x in its schema, mutates_args={"x"}',
      "# otherwise clone before changing: y = x.clone()",
    ],
    sources: ["https://docs.pytorch.org/docs/stable/notes/extending.html"],
    examples: [
      {
        text: "RuntimeError: one of the variables needed for gradient computation has been modified by an inplace operation: [torch.cuda.FloatTensor [1, 8]] is at version 2; expected version 1 instead.",
        expect: "mark_dirty",
      },
    ],
  },
];
