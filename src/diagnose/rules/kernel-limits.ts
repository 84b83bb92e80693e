/** What a kernel does not take, in its own words: sizes of heads, tensors of two thousand million elements, two devices. */
import { pip, rebuild } from "../commands/commands.ts";
import { said, saidAny, type Match, type Rule } from "../rule.ts";

function amd(match: Match): boolean {
  return match.context.log.amd || /\bCK\b/.test(match.finding.message);
}

export const kernelLimitRules: readonly Rule[] = [
  {
    id: "attention-head-dimension",
    title: "The attention kernel does not take this head dimension",
    on: ["exception"],
    role: "symptom",
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<who>CK|FlashAttention(?:\w*)?(?: (?:forward|backward))?|[Cc]urrent repo)(?: currently)? only supports? head ?dim(?:ension)?s? (?:at most |<= ?)?(?<most>[\d, and]+\d)/,
        /(?<who2>FlashAttention\w*) only supports? headdim (?<most2>[\d, and]+\d)/,
        /Only supports? head[ _]?(?:size|dim)s? (?<most3>[\d, and]+\d)/,
        /[Hh]ead[ _]size (?<have>\d+) is not supported by (?<who3>\w+)/,
        /(?<who4>FlashAttention) backward for head ?dim > (?<most4>\d+) requires/,
        /(?:query|Q) tensor must have head[ _]dim.* multiple of (?<multiple>\d+)|head_size should be a multiple of (?<multiple2>\d+)/,
        /(?<op>max\(query\.shape\[-1\], value\.shape\[-1\]\)) > (?<most5>\d+)/,
      ),
    confidence: "medium",
    cause: (match) => {
      const { have, most, multiple } = match.facts;
      return `${match.facts["who"] === undefined || match.facts["who"] === "CK" || /repo/i.test(match.facts["who"]) ? `The attention kernel${match.facts["who"] === "CK" ? " (AMD's composable kernel, CK)" : ""}` : `\`${match.facts["who"]}\``} is compiled for some sizes of a head alone${most === undefined ? "" : ` (${most.trim()}${/backward/.test(match.finding.message) && match.facts["who"] !== undefined && />/.test(match.finding.message) ? "; its backward pass for more needs an A100 or H100" : ""})`}${multiple === undefined ? "" : ` (multiples of ${multiple})`}, and the model has another one${have === undefined ? "" : ` (${have})`}: the last dimension of q, k and v. It was built and loaded well; building it again does not change that.`;
    },
    fix: (match) => [
      '# another attention: model.config with attn_implementation="sdpa" (Transformers), torch.nn.functional.scaled_dot_product_attention(q, k, v), which takes any size',
      ...(amd(match)
        ? ["# AMD: FLASH_ATTENTION_TRITON_AMD_ENABLE=TRUE takes flash-attn's Triton kernels in place of CK's"]
        : [
            pip(match, "install --upgrade --no-build-isolation flash-attn") +
              "   # a newer one may take more: 2.0 and newer up to 256, before 128; Hopper's and older builds less",
          ]),
      "# own model: choose a head size of 64, 128 or 256 (q.shape[-1]), or pad q, k and v with zeros to one (torch.nn.functional.pad; pass softmax_scale of the true size) and cut the result; is the layout (batch, length, heads, size)?",
    ],
    sources: ["Dao-AILab/flash-attention#1645", "Dao-AILab/flash-attention#1290", "Dao-AILab/flash-attention#277"],
    examples: [
      {
        text: "RuntimeError: CK only supports head dimension at most 256",
        expect: "FLASH_ATTENTION_TRITON_AMD_ENABLE",
      },
      { text: "RuntimeError: Only support head size 64, 128, and 256 for now", expect: "sdpa" },
      { text: "RuntimeError: FlashAttention forward only supports head dimension at most 256", expect: "256" },
      { text: "RuntimeError: FlashAttentionForwardXPU only support headdim 64,96,128,192", expect: "64,96,128,192" },
      {
        text: "ValueError: Head size 80 is not supported by FlashAttention. Supported head sizes are: [32, 64, 96].",
        expect: "(80)",
      },
    ],
  },
  {
    id: "tensors-on-two-devices",
    title: "One call gets tensors of two devices",
    on: ["exception"],
    role: "symptom",
    specificity: 50,
    matches: (finding) =>
      saidAny(
        finding,
        /Expected all tensors to be on the same device, but found at least two devices, (?<one>[\w:]+) and (?<other>[\w:]+?)!?(?= |$|\(|,)/,
        /Expected all tensors to be on the same device, but got (?<what>\w+) is on (?<one>[\w:]+), different from other tensors on (?<other>[\w:]+)/,
      ),
    confidence: "low",
    cause: (match) =>
      `One of the tensors of this call${match.facts["what"] === undefined ? "" : ` (\`${match.facts["what"]}\`)`} is on ${match.facts["one"] ?? ""}, another on ${match.facts["other"] ?? ""}: the model or its input was not moved, or a tensor that is made on the way (a mask, a constant, an index) has no device. It is in the Python code that calls; no extension or installation is at fault.`,
    fix: () => [
      '# model.to(device) and x = x.to(device); tensors that are made inside: torch.zeros(…, device=x.device); constants of a module: self.register_buffer("name", tensor)',
      "# several GPUs, device_map: move to the device of the layer that takes it: x.to(layer.weight.device)",
      "CUDA_LAUNCH_BLOCKING=1 python the_program.py   # the frame above the message is the call; print(t.device) of its arguments",
    ],
    sources: ["https://docs.pytorch.org/docs/stable/notes/cuda.html"],
    examples: [
      {
        text: "RuntimeError: Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu! (when checking argument for argument mat1 in method wrapper_CUDA_addmm)",
        expect: "is on cuda:0, another on cpu",
      },
      {
        text: "RuntimeError: Expected all tensors to be on the same device, but got mat2 is on cpu, different from other tensors on cuda:0 (when checking argument in method wrapper_CUDA_mm)",
        expect: "(`mat2`) is on cpu, another on cuda:0",
      },
    ],
  },
  {
    id: "cutlass-refuses-at-run-time",
    title: "A CUTLASS kernel does not start",
    on: ["exception"],
    role: "symptom",
    specificity: 62,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<what>Grouped GEMM execution not possible with HW)/,
        /(?<what>(?:Failed to (?:execute|run|initialize|launch)|[Gg]ot|Got) cutlass ?\w{0,20}:? ?\(?(?:Error )?(?:Internal|Not Supported|Invalid Problem|Misaligned Operand|Workspace Null)[^\n]{0,40})/,
        /(?<what>cutlass (?:error|cannot \w+)[^\n]{0,80}(?:Error Internal|Internal|Not Supported|Misaligned))/i,
      ),
    confidence: "medium",
    cause: (match) =>
      `CUTLASS answers at run time: ${match.facts["what"] ?? ""}. ${/Misaligned/.test(match.facts["what"] ?? "") ? "The rows of a matrix are no multiple of 16 bytes (8 numbers in half precision), or a tensor begins in the middle of another." : "The kernel wants more shared memory or other instructions than this GPU has (most are written for compute capability 8.0, some for 9.0), the extension was compiled for other architectures than the one that runs it, or an earlier kernel of the process had failed already."}`,
    fix: (match) => [
      'python -c "import torch; print(torch.cuda.get_device_name(), torch.cuda.get_device_capability(), torch.cuda.mem_get_info())"',
      "export TORCH_CUDA_ARCH_LIST=$(python -c \"import torch; print('%d.%d' % torch.cuda.get_device_capability())\")   # then build it again for this GPU:",
      ...rebuild(match),
      "CUDA_LAUNCH_BLOCKING=1 python the_program.py   # does an earlier kernel fail? And pad sizes to multiples of 8",
    ],
    sources: ["tgale96/grouped_gemm#4", "databricks/megablocks#163", "gameltb/ComfyUI_stable_fast#27"],
    examples: [
      { text: "RuntimeError: Grouped GEMM execution not possible with HW", expect: "TORCH_CUDA_ARCH_LIST" },
      { text: "RuntimeError: Failed to execute cutlass gemm: Error Internal", expect: "shared memory" },
    ],
  },
  {
    id: "tensor-beyond-32-bit-index",
    title: "A tensor has more elements than a kernel can count",
    on: ["exception", "gpu"],
    role: "symptom",
    specificity: 76,
    matches: (finding) =>
      said(finding, /must fit into 32-bit index math|canUse32BitIndexMath|too large for (?:a )?32-bit ind/),
    confidence: "high",
    cause: () =>
      "The kernel counts elements with 32 bits, and the tensor (or its result) has 2147483648 or more of them: a batch, a resolution or a number of frames that is too large for this operation. Nothing is wrong with the installation.",
    fix: () => [
      "# x.numel() says how many: a smaller batch, crop or clip, or in parts: torch.cat([f(part) for part in x.split(n)])",
      "# models of diffusers: pipe.enable_vae_tiling(), pipe.enable_vae_slicing(); a newer torch lifts the limit for some operations",
      "# own kernel: int64_t indices (PackedTensorAccessor64, packed_accessor64), and TORCH_CHECK(at::native::canUse32BitIndexMath(x)) where 32 bits stay",
    ],
    sources: [
      "pytorch: aten/src/ATen/native/CanUse32BitIndexMath.h",
      "hustvl/BoxTeacher#11",
      "sunny2109/DSTNet-plus#4",
    ],
    examples: [
      { text: "RuntimeError: input tensor must fit into 32-bit index math", expect: "split(n)" },
      {
        text: "RuntimeError: Expected canUse32BitIndexMath(input) && canUse32BitIndexMath(output) to be true, but got false.  (Could this error message be improved?  If so, please report an enhancement request to PyTorch.)",
        expect: "int64_t",
      },
    ],
  },
];
