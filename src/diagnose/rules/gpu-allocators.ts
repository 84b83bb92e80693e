/**
 * Calls that CUDA refuses while torch, or a program above it, manages memory in an unusual way: the driver's pools
 * (cudaMallocAsync), host memory that is pinned by hand. It knows the switches of torch and of ComfyUI alone.
 */
import { pip, python, setVariable } from "../commands/commands.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";
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
    id: "memory-saver-not-preloaded",
    title: "torch_memory_saver was not loaded before the program",
    on: ["exception"],
    specificity: 86,
    matches: (finding) =>
      saidAny(
        finding,
        /TorchMemorySaver observes invalid LD_PRELOAD.{0,400}?LD_PRELOAD="(?<preload>[^"]*)"/s,
        /TorchMemorySaver observes invalid LD_PRELOAD/,
        /torch_memory_saver: expected exactly one \.so matching '(?<pattern>[^']{1,200})' \(detected (?<runtime>[^)]{1,60})\), found (?<count>\d+)/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["pattern"] === undefined
        ? "torch_memory_saver takes the place of CUDA's allocation functions by a library that has to be in the process before CUDA (LD_PRELOAD), and this program was started without it. A server that uses it sets the variable for its own worker processes; a script that calls it directly has to be started with it."
        : `The installed torch_memory_saver has no library for this torch (${match.facts["runtime"] ?? ""}): it looks for \`${match.facts["pattern"]}\` beside its Python files and finds ${match.facts["count"] ?? "none"}.`,
    fix: (match) => {
      if (match.facts["pattern"] !== undefined)
        return [
          `${pip(match, "install --upgrade --force-reinstall --no-deps torch_memory_saver")}   # wheels for CUDA 12 and 13; for ROCm it is built where its sources are`,
        ];
      const found = `${python(match)} -c "import glob, os, sysconfig, torch; p = sysconfig.get_path('platlib'); m = (torch.version.cuda or '').split('.')[0]; f = sorted(glob.glob(p + '/**/torch_memory_saver_hook_mode_preload*.so', recursive=True), key=lambda n: '_cu' + m not in n); print(f[0])"`;
      return [
        `export LD_PRELOAD=$(${found})   # for this shell: unset LD_PRELOAD afterwards`,
        '# in code: with torch_memory_saver.configure_subprocess(): start the worker; or, without LD_PRELOAD, memory_saver.hook_mode = "torch" before its first use',
      ];
    },
    sources: ["fzyzcjy/torch_memory_saver#33", "fzyzcjy/torch_memory_saver: torch_memory_saver/hooks/mode_preload.py"],
    examples: [
      {
        text: 'AssertionError: TorchMemorySaver observes invalid LD_PRELOAD. You can use configure_subprocess() utility, or directly specify `LD_PRELOAD=/path/to/torch_memory_saver_cpp.some-postfix.so python your_script.py. (LD_PRELOAD="" process_id=1234)',
        expect: "export LD_PRELOAD=$(python",
      },
      {
        text: "RuntimeError: torch_memory_saver: expected exactly one .so matching 'torch_memory_saver_hook_mode_preload_cu13.*.so' (detected CUDA major=13), found 0: []. This usually means the installed wheel does not match your GPU runtime.",
        expect: "no library for this torch",
      },
    ],
  },
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
