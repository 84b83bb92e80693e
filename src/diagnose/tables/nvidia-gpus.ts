/**
 * NVIDIA's GPUs by the names that people and nvidia-smi give them, and their compute capability. Source: "CUDA GPU Compute
 * Capability", https://developer.nvidia.com/cuda-gpus.
 */
const gpus: readonly (readonly [RegExp, string])[] = [
  [/\bRTX (?:PRO [2-6]\d00|50[5-9]0)\b/i, "12.0"],
  // As people say it: `my 3090Ti`, or the number alone in a list of what they have.
  [/^[-*\s]*50[5-9]0(?: ?(?:Ti|D|GPU))?$|\b(?:my|an?) 50[5-9]0(?: ?Ti)?\b/i, "12.0"],
  [/^[-*\s]*40[5-9]0(?: ?(?:Ti|D|GPU|Super))?$|\b(?:my|an?) 40[5-9]0(?: ?Ti)?\b/i, "8.9"],
  [/^[-*\s]*30[5-9]0(?: ?(?:Ti|GPU))?$|\b(?:my|an?) 30[5-9]0(?: ?Ti)?\b/i, "8.6"],
  [/\bGB10\b|\bDGX Spark\b/i, "12.1"],
  [/\bB200\b/, "10.0"],
  [/\b(?:H100|H200|H800|H20|GH200)\b/, "9.0"],
  [/\bL40S?\b|\bL4 GPU\b|\bNVIDIA L4\b|\bRTX 40[5-9]0\b|\bRTX (?:[2456]000|4[05]00|5880) Ada\b/i, "8.9"],
  [/\bA(?:10G?|16|40)\b|\bRTX 30[5-9]0\b|\b(?:RTX )?A[2456][05]?00\b/i, "8.6"],
  [/\b(?:A100|A800|A30)\b/, "8.0"],
  [/\bRTX 20[678]0\b|\bGTX 16[356]0\b|\b(?:Tesla|NVIDIA) T4\b|\bT4 GPU\b|\bTITAN RTX\b|\bQuadro RTX\b/i, "7.5"],
  [/\bV100S?\b|\bTITAN V\b/, "7.0"],
  [/\bGTX 10[3-8]0\b|\bTesla P40?\b|(?<!GTX )\bTITAN Xp?\b/i, "6.1"],
  [/\bP100\b/, "6.0"],
  [/\bGTX (?:9[5-8]0|TITAN X)\b|\bTesla M(?:40|60)\b/i, "5.2"],
  // In one word people mean Maxwell's or Pascal's: both.
  [/\bTitanX\b/i, "5.2"],
  [/\bTitanX\b/i, "6.1"],
];

/** Words that a line with such a name has, to find it by. */
const sign = /RTX|GTX|TITAN|Tesla|NVIDIA|Quadro|[ABHLVP]\d{2,3}|GB10|T4|[345]0[5-9]0/i;

/** The compute capabilities of the GPUs that a line names: `8.6`. */
export function capabilitiesIn(text: string): readonly string[] {
  if (!sign.test(text)) return [];
  return gpus.filter(([name]) => name.test(text)).map(([, capability]) => capability);
}
