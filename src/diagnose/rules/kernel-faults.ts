/** Faults of kernels: what the launch refuses, what the kernel does to memory, and what checks on the GPU found. */
import { pip, platformOf, python, rebuild, setVariable } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { coded, placeOf, said, type Match, type Rule } from "../rule.ts";
import { ofAmd } from "./gpu-frames.ts";

const manual = "https://docs.nvidia.com/compute-sanitizer/ComputeSanitizer/index.html";

/** Kernels and sources of torch and of NVIDIA's libraries. */
function isForeign(finding: Finding): boolean {
  return (
    /\bat::native::|\bcu(?:sparse|blas|dnn|fft|solver)\w*::|^(?:triton_|fmha_cutlass)/.test(finding.symbol ?? "") ||
    /(?:^|[\\/])aten[\\/]src[\\/]|ATen[\\/]native/.test(finding.file ?? "")
  );
}

/** The kernel's name without return type, template arguments and parameters. */
function kernelOf({ finding }: Match): string {
  const name = (finding.symbol ?? "")
    .replace(/\(.*$/s, "")
    .replace(/<.*$/s, "")
    .replace(/^void /, "");
  return name === "" ? "The kernel" : `\`${name.split("::").at(-1) ?? name}\``;
}

/** What a check inside a kernel of torch asks for, by the call that the traceback passes through. */
const checkedCalls: readonly (readonly [RegExp, string])[] = [
  [
    /\b(?:binary_cross_entropy(?!_with_logits)|BCELoss)\b/,
    "binary_cross_entropy wants inputs from 0 to 1: a sigmoid is missing before it (or use binary_cross_entropy_with_logits), or there are NaN",
  ],
  [
    /\b(?:cross_entropy|nll_loss|nll_loss_nd|NLLLoss|CrossEntropyLoss|multi_margin_loss|ctc_loss)\b/,
    "a target of the loss is no class: below 0, or not below the number of classes (labels that count from 1, a background class too many, 255 for what is to be left out without ignore_index=255); print(target.min(), target.max(), logits.shape)",
  ],
  [
    /\b(?:multinomial|Categorical)\b/,
    "the probabilities to draw from hold inf, NaN or negative numbers: float16 overflows (bfloat16 or float32 do not), or the model's weights are broken",
  ],
  [
    /\b(?:embedding(?:_bag)?|index_select|[Ee]mbeddings?)\b/,
    "an index is not below the number of rows of the embedding (num_embeddings): a tokenizer with more words than the model (model.resize_token_embeddings(len(tokenizer))), a text longer than the model's positions, or -1 and -100 that are padding; print(ids.min(), ids.max(), weight.shape)",
  ],
  [
    /\b(?:one_hot|scatter(?:_add|_reduce)?_?|gather|index_(?:add|copy|put|fill)_?|take_along_dim)\b/,
    "an index is below 0 or not below the size of the dimension it is for; print(index.min(), index.max(), x.shape)",
  ],
];

/** What the traceback beside the message says of the check; the call may be a later one. */
function checkedCall(match: Match): string | undefined {
  const at = match.finding.at;
  const near = match.context.findings.find(
    (other) => other.frames !== undefined && Math.abs(other.at - at) <= 2 && other.frames.length > 0,
  );
  const frames = (near?.frames ?? []).slice(-4).join("\n");
  return checkedCalls.find(([call]) => call.test(frames))?.[1];
}

const wording: readonly (readonly [RegExp, string])[] = [
  [
    /misaligned/,
    "at an address that is no multiple of the access's size: a vector access (float4, int4, half2, a reinterpret_cast) on a pointer that is aligned for one element only, because the tensor is a slice, has a storage offset or an odd row length",
  ],
  [
    /^Uninitialized/,
    "of memory that nothing has written: torch.empty (at::empty) gives it so; torch.zeros, or a kernel that writes every element before",
  ],
  [
    /Race|hazard/,
    "of two threads at one place without a barrier between them: __syncthreads() (or an atomic) is missing",
  ],
  [
    /Barrier/,
    "of a barrier that not all threads of the block reach: __syncthreads() behind a return or an if that some threads take",
  ],
  [/Leaked/, "that was never freed"],
  [
    /__shared__/,
    "outside of the shared memory that the launch gave the block: the third launch parameter, or an index into the array",
  ],
  [
    /./,
    "outside of what was allocated: the guard (if (i >= n) return;) is missing or compares with another size, the tensor is not contiguous or on another device, or an int index overflows above 2³¹ elements",
  ],
];

export const kernelFaultRules: readonly Rule[] = [
  {
    id: "cooperative-launch-too-large",
    title: "A cooperative launch has more blocks than the GPU holds at once",
    on: ["gpu"],
    specificity: 70,
    matches: (finding) => (finding.code === "cooperative-launch" ? {} : undefined),
    confidence: "high",
    cause: () =>
      "A kernel that waits for its whole grid (cooperative groups, cudaLaunchCooperativeKernel) has to have all its blocks on the GPU at the same time, and this GPU has room for fewer: the number was made for a larger GPU, or more registers and shared memory a block leave less room.",
    fix: () => [
      "# blocks = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&perSM, kernel, threads, smem), perSM * multiProcessorCount at most; let each block do several tiles",
      "# another program on the same GPU (or MPS) takes room, too",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/index.html#grid-synchronization"],
    examples: [
      {
        text: "RuntimeError: CUDA error: too many blocks in cooperative launch",
        expect: "cudaOccupancyMaxActiveBlocksPerMultiprocessor",
      },
    ],
  },
  {
    id: "cuda-used-at-exit",
    title: "Something uses CUDA after it has shut down",
    on: ["gpu"],
    role: "symptom",
    specificity: 55,
    matches: (finding) => (finding.code === "shutting-down" ? {} : undefined),
    confidence: "medium",
    cause: () =>
      "The program is ending, CUDA has been taken down already, and an object that lives longer still frees memory or waits for a stream: a tensor, module or handle in a global or static variable of C++ (or of a Python module), or a thread that was not joined. What the program computed is not touched.",
    fix: () => [
      "# C++: no at::Tensor, cublasHandle_t or stream in static variables with destructors; keep them in an object that main() owns, or leak them on purpose: static auto& t = *new at::Tensor(…)",
      "# Python: del the objects (or atexit.register(cleanup)) before the interpreter ends; join worker threads",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__TYPES.html"],
    examples: [
      {
        text: "terminate called after throwing an instance of 'c10::Error'\n  what():  CUDA error: driver shutting down",
        expect: "static variables",
      },
    ],
  },
  {
    id: "kernel-fault-found",
    title: "compute-sanitizer found the access at fault",
    on: ["gpu"],
    specificity: 80,
    matches: (finding) => (finding.code === "sanitizer" ? {} : undefined),
    confidence: "high",
    cause: (match) => {
      const { finding } = match;
      const why = wording.find(([words]) => words.test(finding.message))?.[1] ?? "";
      return `${kernelOf(match)}${placeOf(finding) === "" ? "" : ` (${placeOf(finding)})`}: ${finding.message.replace(/: (?:misaligned|out of bounds)$/, "")} ${why}.${isForeign(finding) ? " The kernel is torch's own or a library's: look at the tensors that it is given (sizes, indices, storage offsets)." : ""}`;
    },
    fix: (match) => [
      ...(match.finding.line === undefined
        ? [
            "# build with -lineinfo to see the line: retorch.toml: nvcc-flags = [\"-lineinfo\"], extra_compile_args={'nvcc': ['-lineinfo']}",
          ]
        : [`# look at ${placeOf(match.finding)}, then build again`]),
      `PYTORCH_NO_CUDA_MEMORY_CACHING=1 compute-sanitizer ${python(match)} the_program.py   # each tensor an allocation of its own: no overrun into a neighbour is missed`,
    ],
    sources: [manual, "pytorch/pytorch#196209"],
    examples: [
      {
        text: "========= COMPUTE-SANITIZER\n========= Invalid __global__ write of size 4 bytes\n=========     at grid_kernel(const float *, float *, int)+0x1a0 in grid.cu:48\n=========     by thread (255,0,0) in block (781,0,0)\n=========     Address 0x7f32c8400000 is out of bounds",
        expect: "`grid_kernel` (grid.cu:48)",
      },
      {
        text: "========= Invalid __global__ read of size 16\n=========     at 0x00000da0 in /w/csrc/ops.cu:175:load_kernel(float*, int)\n=========     by thread (96,0,0) in block (44,0,0)\n=========     Address 0x763995f9f004 is misaligned",
        expect: "storage offset",
      },
      {
        text: "========= Error: Race reported between Write access at grid_kernel(float *)+0x120 in grid.cu:22\n=========     and Read access at grid_kernel(float *)+0x1c0 in grid.cu:30 [512 hazards]",
        expect: "`grid_kernel` (grid.cu:22)",
      },
    ],
  },
  {
    id: "kernel-assertion-failed",
    title: "An assertion inside a kernel failed",
    on: ["gpu"],
    specificity: 76,
    matches: (finding) => (finding.code === "device-assertion" ? {} : undefined),
    confidence: "high",
    cause: (match) => {
      const { finding } = match;
      const foreign = isForeign(finding);
      const of = foreign ? "torch's own check" : "the kernel's check";
      return /t >= 0 && t < n_classes|cur_target/.test(finding.message)
        ? `A label is not below the number of classes (${of} \`${finding.message}\`, ${placeOf(finding)}): labels that begin at 1, -1 or 255 for "ignore", or a last layer with too few outputs.`
        : /index out of bounds|srcIndex|idx_dim|ind(?:ex)?\w* (?:>=|<)|< \w*[sS]ize/.test(finding.message)
          ? `An index is outside of the tensor that it goes into (${of} \`${finding.message}\`, ${placeOf(finding)}): an embedding with fewer rows than the largest id, gather and scatter with a wrong index, or indices that an extension's kernel filled with garbage.`
          : /input_val (?:>=|<)|>= (?:zero|0).*<= (?:one|1)/.test(finding.message)
            ? `A value is not between 0 and 1 (${of} \`${finding.message}\`, ${placeOf(finding)}): binary_cross_entropy without sigmoid, or NaN.`
            : /probability tensor|prob/.test(finding.message)
              ? `A probability is negative, infinite or NaN (${of} \`${finding.message}\`, ${placeOf(finding)}): the logits before it are broken (half precision that overflowed, a kernel that writes garbage).`
              : `${foreign ? "Torch's own check" : "The check"} \`${finding.message}\` at ${placeOf(finding)} failed on the GPU${foreign ? "" : ", in a kernel of the extension"}: what it is given does not fit it.`;
    },
    fix: (match) => [
      `CUDA_LAUNCH_BLOCKING=1 ${python(match)} the_program.py   # the call at fault: later ones only report it`,
      isForeign(match.finding)
        ? "# before that call: print(x.min(), x.max(), x.isnan().any()) of what indexes or is looked up; on the CPU (model.cpu()) the same call names the index"
        : `# ${placeOf(match.finding)}: print what the assertion compares (printf in the kernel), and check sizes in the function that launches it`,
      "# then start Python anew: after a failed assertion the process cannot use the GPU any more",
    ],
    sources: ["https://pytorch.org/docs/stable/notes/cuda.html", "pytorch: aten/src/ATen/native/cuda/IndexKernel.cu"],
    examples: [
      {
        text: '/pytorch/aten/src/ATen/native/cuda/IndexKernel.cu:92: operator(): block: [0,0,0], thread: [32,0,0] Assertion `-sizes[i] <= index && index < sizes[i] && "index out of bounds"` failed.\nRuntimeError: CUDA error: device-side assert triggered',
        expect: "embedding",
      },
      {
        text: "/w/csrc/grid_kernel.cu:31: void grid_kernel(float *, int): block: [3,0,0], thread: [7,0,0] Assertion `level < kLevels` failed.",
        expect: "in a kernel of the extension",
      },
      {
        text: "../aten/src/ATen/native/cuda/Loss.cu:250: nll_loss_forward_reduce_cuda_kernel_2d: block: [0,0,0], thread: [5,0,0] Assertion `t >= 0 && t < n_classes` failed.",
        expect: "number of classes",
      },
    ],
  },
  {
    id: "kernel-launch-resources",
    title: "The kernel asks for more than the GPU has",
    on: ["gpu"],
    specificity: 65,
    matches: (finding) =>
      coded(finding, "launch-resources", "launch-configuration") === undefined ? undefined : { code: finding.code },
    confidence: "high",
    cause: (match) =>
      match.facts["code"] === "launch-resources"
        ? "Threads per block times registers per thread (or shared memory) are more than this GPU has for one block."
        : "The launch has a grid or block of size 0 or above the limits (1024 threads a block), or too much dynamic shared memory: often an empty tensor gives a grid of 0.",
    fix: (match) =>
      match.facts["code"] === "launch-resources"
        ? [
            `${setVariable(match, "NVCC_APPEND_FLAGS", "-maxrregcount=64")}   # fewer registers for each thread; then the extension built anew:`,
            ...rebuild(match),
            "# in the code: fewer threads per block, or __launch_bounds__(threads) on the kernel; debug builds (-G) need more registers",
          ]
        : [
            `CUDA_LAUNCH_BLOCKING=1 ${python(match)} the_program.py   # is it this call, or one before it?`,
            "# return early for empty tensors (print the shapes of what goes in: N = 0?); keep blocks within 1024 threads; above 48 KB shared memory call cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes)",
          ],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/"],
    examples: [
      {
        text: "RuntimeError: CUDA error: too many resources requested for launch",
        expect: "export NVCC_APPEND_FLAGS=-maxrregcount=64",
      },
      { text: "RuntimeError: CUDA error: invalid configuration argument", expect: "grid of 0" },
      { text: "CUDA kernel failed : invalid configuration argument", expect: "grid of 0" },
    ],
  },
  {
    id: "launch-of-size-zero",
    title: "A kernel is launched over nothing",
    on: ["exception", "gpu"],
    specificity: 66,
    matches: (finding) =>
      said(finding, /kernel launch blocks must be positive, but got N\s?=\s*(?<count>-?\d+)/) === undefined
        ? undefined
        : { cumm: /[\\/]cumm[\\/]/.test(finding.message) ? "yes" : undefined },
    confidence: "medium",
    cause: (match) =>
      `A kernel of spconv was to run over 0 elements. Either its input is empty (no points after a filter, coordinates outside of spatial_shape or not in the order batch, z, y, x), or a kernel before it did nothing: ${match.facts["cumm"] === undefined ? "spconv was compiled for other GPUs than this one" : "the spconv wheel is for another CUDA, or has no code for this GPU"}.`,
    fix: (match) => [
      "# print the shape, smallest and largest of the coordinates before the call, and skip empty ones",
      `${python(match)} -c "import torch; print(torch.version.cuda, torch.cuda.get_device_name(), torch.cuda.get_device_capability())"`,
      ...(match.facts["cumm"] === undefined
        ? ["# input not empty: compile it anew with TORCH_CUDA_ARCH_LIST set to the capability that this prints"]
        : [
            `${pip(match, "list")} | ${platformOf(match) === "win32" ? 'findstr /i "spconv cumm"' : 'grep -i -E "spconv|cumm"'}   # one of each, with one -cu number that fits torch's CUDA`,
            "# input not empty: another spconv-cuXXX (older GPUs need an older one: a K80 spconv-cu102), or spconv from source",
          ]),
    ],
    sources: ["traveller59/spconv#419", "traveller59/spconv#550", "mit-han-lab/bevfusion#297"],
    examples: [
      {
        text: "RuntimeError: /tmp/pip-build-env-k9/overlay/lib/python3.7/site-packages/cumm/include/tensorview/cuda/launch.h(53)\nN > 0 assert faild. CUDA kernel launch blocks must be positive, but got N= 0",
        expect: "spconv-cuXXX",
      },
      {
        text: "RuntimeError: /w/mmdet3d/ops/spconv/include/tensorview/helper_launch.h 17\nN > 0 assert faild. CUDA kernel launch blocks must be positive, but got N= 0",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
    ],
  },
  {
    id: "kernel-memory-error",
    title: "A kernel reads or writes where it must not",
    on: ["gpu"],
    role: "symptom",
    specificity: 60,
    matches: (finding) =>
      coded(finding, "illegal-access", "misaligned", "launch-failure", "illegal-instruction", "assert"),
    confidence: "medium",
    cause: (match) =>
      match.finding.code === "assert" && checkedCall(match) !== undefined
        ? `A check inside a kernel failed. By the call that the traceback passes through: ${checkedCall(match) ?? ""}. (Without CUDA_LAUNCH_BLOCKING=1 the call may be a later one than the one at fault.)`
        : match.finding.code === "assert"
          ? "A check inside a kernel failed (most often an index out of range: labels or indices beyond the size of a tensor). The error is reported at some later call."
          : match.finding.code === "misaligned"
            ? "A kernel reads or writes at an address that is no multiple of the access's size: a vector access (float4, int4, half2, a reinterpret_cast of the pointer) where the tensor is a slice, has a storage offset or rows of an odd length, or shared memory that is cut up for several types. The error is reported at some later call."
            : match.finding.code === "illegal-instruction"
              ? "A kernel ran into an instruction that this GPU does not execute, or into data in place of code: a kernel built for another variant of the GPU (sm_90a, sm_100a), a function pointer of the host called on the device, or memory that another kernel overwrote."
              : "A kernel used an address outside of its tensors, or one that is not aligned: an index error in the kernel, a tensor on another device or not contiguous, or 32-bit indices on a large tensor. The error is reported at some later call.",
    fix: (match) =>
      ofAmd(match)
        ? [
            `AMD_SERIALIZE_KERNEL=3 HIP_LAUNCH_BLOCKING=1 ${python(match)} the_program.py   # shows the call at fault`,
            "# HSA_OVERRIDE_GFX_VERSION is set: the kernels are another GPU's, and some go wrong on this one; without it, with a torch (and an extension, PYTORCH_ROCM_ARCH) for this GPU",
            `rocgdb -batch -ex run -ex bt --args ${python(match)} the_program.py   # the kernel and the line`,
          ]
        : [
            `CUDA_LAUNCH_BLOCKING=1 ${python(match)} the_program.py   # shows the call at fault`,
            ...(match.finding.code === "assert"
              ? [
                  "# above the traceback: the line `Assertion … failed` of the kernel says what was checked (srcIndex < srcSelectDimSize: an index; t >= 0 && t < n_classes: a label)",
                  "# or run one step on the CPU (device='cpu'): there the same check names the index",
                ]
              : []),
            `compute-sanitizer ${python(match)} the_program.py   # shows the kernel and the thread`,
          ],
    sources: ["https://docs.nvidia.com/compute-sanitizer/"],
    examples: [
      { text: "RuntimeError: CUDA error: an illegal memory access was encountered", expect: "compute-sanitizer" },
      {
        text: "torch.AcceleratorError: CUDA error: operation not supported on global/shared address space",
        expect: "outside of its tensors",
      },
      { text: "RuntimeError: CUDA error: device-side assert triggered", expect: "CUDA_LAUNCH_BLOCKING" },
      {
        text: '  File "/usr/lib/python3.7/dist-packages/torch/nn/functional.py", line 2846, in cross_entropy\n    return torch._C._nn.cross_entropy_loss(input, target, weight)\nRuntimeError: CUDA error: device-side assert triggered',
        expect: "number of classes",
      },
      { text: "RuntimeError: CUDA error: misaligned address", expect: "float4" },
      {
        text: "Memory access fault by GPU node-1 (Agent handle: 0x5581) on address 0x7f1c00000000. Reason: Page not present or supervisor privilege.",
        expect: "AMD_SERIALIZE_KERNEL",
      },
    ],
  },
];
