/**
 * Calls that CUDA refuses while torch, or a program above it, manages memory in an unusual way: the driver's pools
 * (cudaMallocAsync), host memory that is pinned by hand. It knows the switches of torch and of ComfyUI alone.
 */
import { python, setVariable } from "../commands/commands.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";
import type { Finding } from "../finding.ts";

/** What a call of the memory functions that failed says, whichever call it was reported by. */
function refused(finding: Finding): boolean {
  return (
    coded(finding, "invalid-value", "not-supported", "resource-handle") !== undefined ||
    (finding.code === "other" && said(finding, /^invalid (?:argument|value|device pointer)/) !== undefined)
  );
}

function underComfy({ context }: Match): boolean {
  return context.log.comfy;
}

export const gpuAllocatorRules: readonly Rule[] = [
  {
    id: "memory-pools-refused",
    title: "CUDA refuses the memory pools that torch's allocator was told to use",
    on: ["gpu"],
    role: "symptom",
    specificity: 58,
    matches: (finding, { log }) => (refused(finding) && log.asyncAllocator ? {} : undefined),
    confidence: "medium",
    cause: (match) =>
      `torch takes its memory from the driver's pools (cudaMallocAsync${underComfy(match) ? ", ComfyUI's choice on most cards" : ": PYTORCH_CUDA_ALLOC_CONF=backend:cudaMallocAsync"}), and a call about such memory was refused: older and virtual GPUs and old drivers do not have them, and not every use of memory in a program goes well with them. Nothing of the build is at fault.`,
    fix: (match) =>
      underComfy(match)
        ? [
            `${python(match)} main.py --disable-cuda-malloc   # with the options of before; the portable build: behind main.py in run_nvidia_gpu.bat`,
            `${python(match)} main.py --disable-cuda-malloc --disable-pinned-memory   # where that alone is not enough`,
            "# a newer GPU driver, then a newer torch",
          ]
        : [
            `${setVariable(match, "PYTORCH_CUDA_ALLOC_CONF", "backend:native")}   # or take backend:cudaMallocAsync out of it`,
            "nvidia-smi   # a newer driver, where it is old",
          ],
    sources: ["Comfy-Org/ComfyUI#940", "Comfy-Org/ComfyUI#16357", "Comfy-Org/ComfyUI#6843"],
    examples: [
      {
        text: "terminate called after throwing an instance of 'c10::AcceleratorError'\n  what():  CUDA error: invalid argument\n\nException raised from free_impl at /pytorch/c10/cuda/CUDAMallocAsyncAllocator.cpp:206 (most recent call first):",
        expect: "backend:native",
      },
      {
        text: "Device: cuda:0 NVIDIA GeForce GTX 960M : cudaMallocAsync\nUsing pytorch cross attention\n# ComfyUI Error Report\n- **Exception Message:** CUDA error: operation not supported",
        expect: "--disable-cuda-malloc",
      },
    ],
  },
  {
    id: "comfyui-memory-refused",
    title: "ComfyUI moves models between CPU and GPU, and CUDA refuses",
    on: ["gpu"],
    role: "symptom",
    specificity: 56,
    matches: (finding, { log }) => (refused(finding) && log.comfy ? {} : undefined),
    confidence: "medium",
    cause: () =>
      "ComfyUI keeps models in host memory that it pins for CUDA, and takes GPU memory from the driver's pools (cudaMallocAsync); a copy or a release of such memory was refused. It happens on GPUs and drivers without pools, and after models were unloaded or offloaded in between. No extension and no installation of torch is at fault.",
    fix: (match) => [
      `${python(match)} main.py --disable-pinned-memory   # with the options of before; the portable build: behind main.py in run_nvidia_gpu.bat`,
      `${python(match)} main.py --disable-pinned-memory --disable-cuda-malloc   # where that alone is not enough, and for "operation not supported"`,
      "# then a newer ComfyUI, and one run without custom nodes: --disable-all-custom-nodes",
    ],
    sources: ["Comfy-Org/ComfyUI#11152", "Comfy-Org/ComfyUI#10732", "Comfy-Org/ComfyUI#940"],
    examples: [
      {
        text: "!!! Exception during processing !!! CUDA error: invalid argument\nSearch for `cudaErrorInvalidValue' in https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__TYPES.html for more information.",
        expect: "--disable-pinned-memory",
      },
    ],
  },
];
