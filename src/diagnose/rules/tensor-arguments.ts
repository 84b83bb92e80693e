/** What compiled code finds wrong with a tensor or an argument when it is called, and says in torch's own words. */
import { said, saidAny, type Rule } from "../rule.ts";

const tutorial = "https://docs.pytorch.org/tutorials/advanced/cpp_extension.html";

export const tensorArgumentRules: readonly Rule[] = [
  {
    id: "accessor-of-other-dimensions",
    title: "The kernel's accessor has another number of dimensions than the tensor",
    on: ["exception"],
    role: "symptom",
    specificity: 66,
    matches: (finding) => said(finding, /TensorAccessor expected (?<want>\d+) dims but tensor has (?<have>\d+)/),
    confidence: "high",
    cause: (match) =>
      `C++ code takes accessor<T, ${match.facts["want"] ?? ""}>() (or packed_accessor32, packed_accessor64) of a tensor with ${match.facts["have"] ?? ""} dimension${match.facts["have"] === "1" ? "" : "s"}: the caller passes a tensor without its batch or channel dimension (or with one too many), or the number in the sources is wrong.`,
    fix: (match) => [
      Number(match.facts["have"]) < Number(match.facts["want"])
        ? "# caller: x.unsqueeze(0) (or x[None], x.view(n, c, …)) before the call"
        : "# caller: x.squeeze(0), x.flatten(…) or x.view(…) before the call",
      `# sources: TORCH_CHECK(x.dim() == ${match.facts["want"] ?? "N"}, "x has to have ${match.facts["want"] ?? "N"} dimensions, not ", x.dim()); names the argument`,
    ],
    sources: ["pytorch: aten/src/ATen/core/TensorBase.h"],
    examples: [
      { text: "RuntimeError: TensorAccessor expected 2 dims but tensor has 1", expect: "x.unsqueeze(0)" },
      { text: "RuntimeError: TensorAccessor expected 3 dims but tensor has 4", expect: "x.squeeze(0)" },
    ],
  },
  {
    id: "check-without-words",
    title: "A check in compiled code failed that says only its condition",
    on: ["exception"],
    role: "symptom",
    specificity: 52,
    matches: (finding) =>
      said(
        finding,
        /Expected (?<what>[^`"]{3,160}?) to be true, but got false\.\s+\(Could this error message be improved\?/,
      ),
    confidence: "medium",
    cause: (match) => {
      const what = match.facts["what"] ?? "";
      const means = /is_contiguous/.test(what)
        ? ": the tensor is a view (transposed, sliced, expanded), and the code takes contiguous memory only"
        : /is_cuda/.test(what)
          ? ": the tensor is on the CPU, and the code is for the GPU"
          : /is_cpu/.test(what)
            ? ": the tensor is on the GPU, and the code is for the CPU"
            : /scalar_type|dtype/.test(what)
              ? ": the tensor is of another type than the code takes"
              : /\bdim\(\)/.test(what)
                ? ": a tensor has another number of dimensions"
                : /size\(|sizes\(\)|numel/.test(what)
                  ? ": the sizes of the tensors do not go together"
                  : "";
      return `TORCH_CHECK(${what}) in C++ code is false${means}. Such a check is the extension's (or torch's) own, on what it was called with; building again does not change it.`;
    },
    fix: (match) => {
      const name = /([A-Za-z_]\w*)\.\w+\(/.exec(match.facts["what"] ?? "")?.[1] ?? "x";
      return [
        /is_contiguous/.test(match.facts["what"] ?? "")
          ? `# caller: ${name} = ${name}.contiguous(); gradients come as views, too`
          : /is_cuda/.test(match.facts["what"] ?? "")
            ? `# caller: ${name} = ${name}.cuda()`
            : /is_cpu/.test(match.facts["what"] ?? "")
              ? `# caller: ${name} = ${name}.cpu()   # its values are read on the CPU, the other tensors stay on the GPU`
              : "# print shape, dtype, device and is_contiguous() of the arguments before the call",
        '# sources: TORCH_CHECK(condition, "what is wanted, not ", value) gives the error its own words',
      ];
    },
    sources: ["pytorch: c10/util/Exception.h"],
    examples: [
      {
        text: "RuntimeError: Expected grad.is_contiguous() to be true, but got false.  (Could this error message be improved?  If so, please report an enhancement request to PyTorch.)",
        expect: "grad = grad.contiguous()",
      },
      {
        text: "RuntimeError: Expected batch_sizes.is_cpu() to be true, but got false.  (Could this error message be improved?  If so, please report an enhancement request to PyTorch.)",
        expect: "batch_sizes = batch_sizes.cpu()",
      },
      {
        text: "RuntimeError: Expected a.size(0) == b.size(0) to be true, but got false.  (Could this error message be improved?  If so, please report an enhancement request to PyTorch.)",
        expect: "do not go together",
      },
    ],
  },
  {
    id: "tensor-undefined",
    title: "A C++ tensor that was never given a value",
    on: ["exception"],
    role: "symptom",
    specificity: 60,
    matches: (finding) =>
      saidAny(
        finding,
        /Expected a proper Tensor but got None \(or an undefined Tensor in C\+\+\) for argument #\d+ '(?<name>\w+)'/,
        /Cannot access (?:data pointer|storage) of (?:an )?undefined [Tt]ensor/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${match.facts["name"] === undefined ? "An operation" : `The argument \`${match.facts["name"]}\` of an operation`} got a tensor without a value: at::Tensor that was declared and not set (\`at::Tensor x;\`), None from Python for a parameter that is a plain at::Tensor, an output that one branch does not fill, or in a backward a gradient of an output that was not used.`,
    fix: () => [
      "# C++: at::Tensor out = at::empty_like(x); if (t.defined()) before use; optional arguments as std::optional<at::Tensor>",
      "# in backward: if (!grads[1].defined()) grads[1] = at::zeros_like(y); Python: ctx.set_materialize_grads(True) or if grad is None",
      '# which call: gdb -batch -ex "catch throw" -ex run -ex bt --args python the_program.py, or TORCH_SHOW_CPP_STACKTRACES=1',
    ],
    sources: [tutorial, "pytorch: c10/core/UndefinedTensorImpl.cpp"],
    examples: [
      {
        text: "RuntimeError: Expected a proper Tensor but got None (or an undefined Tensor in C++) for argument #0 'self'",
        expect: "at::empty_like",
      },
    ],
  },
  {
    id: "tensor-view-not-possible",
    title: "view() of a tensor whose memory is not in order",
    on: ["exception"],
    role: "symptom",
    specificity: 60,
    matches: (finding) => said(finding, /view size is not compatible with input tensor's size and stride/),
    confidence: "high",
    cause: () =>
      "view() only reads the same memory by other sizes, and this tensor was transposed, permuted, expanded or sliced before: its elements do not lie in the order that the new shape needs. Gradients in a backward() are often such tensors. Nothing is wrong with the build.",
    fix: ({ finding }) => [
      ...inFrame(finding.frames),
      "# x.reshape(…) in place of x.view(…): it copies where it has to; C++: x.reshape({…})",
      "# a kernel that takes pointers: x = x.contiguous() first",
    ],
    sources: ["https://pytorch.org/docs/stable/generated/torch.Tensor.view.html", "pytorch/pytorch#764"],
    examples: [
      {
        text: "RuntimeError: view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead.",
        expect: "x.reshape",
      },
      {
        text: '  File "/src/model.py", line 31, in forward\n    y = x.view(b, -1)\nRuntimeError: view size is not compatible with input tensor\'s size and stride (at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead.',
        expect: "31s/\\.view\\(/.reshape(/",
      },
    ],
  },
  {
    id: "host-memory-taken-for-the-gpus",
    title: "A tensor on the GPU is made of memory of the CPU",
    on: ["exception"],
    specificity: 76,
    matches: (finding) =>
      // A compiled model says it of what it is given.
      /\baoti?_/.test(finding.text)
        ? undefined
        : said(
            finding,
            /(?<words>specified pointer resides on host memory and is not registered with any CUDA device)/,
          ),
    confidence: "high",
    cause: () =>
      "torch::from_blob() (or the DLPack capsule, the buffer that is wrapped) is told that the pointer lies on a GPU, by its options or device, and it is one of the CPU: from_blob copies nothing and moves nothing.",
    fix: () => [
      "# torch::from_blob(data, sizes, torch::kFloat32).to(x.device())   # options without a device: a tensor of the CPU, which .to() copies",
      "# memory that lives shorter than the tensor (a local std::vector): .clone() for the CPU, and .to() before it goes out of scope",
    ],
    sources: ["pytorch/pytorch: aten/src/ATen/cuda/detail/CUDAHooks.cpp"],
    examples: [
      {
        text: "RuntimeError: The specified pointer resides on host memory and is not registered with any CUDA device.",
        expect: ".to(x.device())",
      },
    ],
  },
];

/** The line of the user's own file that calls view(). */
function inFrame(frames: readonly string[] | undefined): string[] {
  const [, file, line] = /^((?:[\w./~-]|\\.)+\.py):(\d+) .*\.view\(/s.exec(frames?.at(-1) ?? "") ?? [];
  return file === undefined || line === undefined || /-packages\//.test(file)
    ? []
    : [`sed -i.bak -E '${line}s/\\.view\\(/.reshape(/' ${file}`];
}
