/** GPUs by the names that drivers print: the targets that kernels are compiled for. */

/** Targets of AMD's GPUs by the names that the driver gives them. Source: "Supported GPUs" of ROCm/TheRock. */
const amdGpus: readonly (readonly [RegExp, string])[] = [
  [/\b80[4-6]0S\b/i, "gfx1151"],
  [/\b(?:880|890)M\b/i, "gfx1150"],
  [/\b(?:740|760|780)M\b/i, "gfx1103"],
  [/\b(?:660|680)M\b/i, "gfx1035"],
  [/\bRX ?9070\b/i, "gfx1201"],
  [/\bRX ?9060\b/i, "gfx1200"],
  [/\bRX ?7900\b|\bW7[89]00\b/i, "gfx1100"],
  [/\bRX ?7[78]00\b|\bW7700\b/i, "gfx1101"],
  [/\bRX ?7600\b/i, "gfx1102"],
  [/\bRX ?6[89][05]0\b|\bW6800\b/i, "gfx1030"],
  [/\bRX ?67[05]0\b/i, "gfx1031"],
  [/\bRX ?66[05]0\b|\bW6600\b/i, "gfx1032"],
  // Polaris. Source: AMDGPU guide of LLVM for the RX 400s; ROCm/legacy-rocm-build#1471 and #1695 for the RX 500s.
  [/\bRX ?(?:4[678]|5[78])0\b|\bWX ?[57]100\b/i, "gfx803"],
  [/\bMI3(?:00|25)[AX]?\b/i, "gfx942"],
  [/\bMI35[05]X?\b/i, "gfx950"],
  [/\bMI2[15]0X?\b/i, "gfx90a"],
  [/\bMI100\b/i, "gfx908"],
];

/** NVIDIA's GPUs as the driver names them. Source: "CUDA GPU Compute Capability" of NVIDIA. */
const nvidiaGpus: readonly (readonly [RegExp, string])[] = [
  [/RTX 50[5-9]0|RTX PRO [2456]\d{3}\b.*Blackwell/, "12.0"],
  [/NVIDIA (?:GB?|B)300\b/, "10.3"],
  [/NVIDIA (?:GB?|B)200\b/, "10.0"],
  [/NVIDIA (?:GH200|H[12]00|H800|H20)\b/, "9.0"],
  [/RTX 40[5-9]0|NVIDIA L(?:4|40|40S|20)\b|RTX \d{4} Ada/, "8.9"],
  [/NVIDIA A(?:100|800|30)\b/, "8.0"],
  [/RTX 30[5-9]0|NVIDIA A(?:10|10G|16|2|40)\b|RTX A[2-6]\d{3}\b/, "8.6"],
  [/RTX 20[5-8]0|GTX 16[3-6]0|Tesla T4|NVIDIA T4\b|Quadro RTX|TITAN RTX/i, "7.5"],
  [/Tesla V100|NVIDIA V100\b|TITAN V\b/i, "7.0"],
  [/GTX 10[5-8]0|Tesla P(?:40|4)\b|(?<!GTX )TITAN Xp?\b/i, "6.1"],
  [/Tesla P100/, "6.0"],
  [/GTX (?:9[5-8]0|TITAN X)|Tesla M(?:40|60)\b/, "5.2"],
  [/Tesla K80/, "3.7"],
];
/** Only names as tools print them: prose speaks of other machines, too. */
const fullName =
  /\b(?:NVIDIA (?:GeForce |Tesla |TITAN |RTX |[ABHLV]\d|G[BH]\d)|GeForce [RG]TX|Tesla [KMPTV]\d|Quadro [RT])/;

/** Compute capability of the NVIDIA GPU that a line names in full. */
export function capabilityOfName(text: string): string | undefined {
  return fullName.test(text) ? nvidiaGpus.find(([name]) => name.test(text))?.[1] : undefined;
}

/** Target of the AMD GPU that a line names. */
export function gfxOfName(text: string): string | undefined {
  return amdGpus.find(([name]) => name.test(text))?.[1];
}
