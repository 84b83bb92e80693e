/**
 * Whose GPU a text is about: from what tools say in messages, and from what people say beside them: `ROCm 7.9`, a Radeon, a
 * gfx target, an index of wheels for ROCm. People who name NVIDIA's things as well leave it undecided. Reads one line at a
 * time.
 */

/** What only ROCm's tools, its run time and torch for ROCm say. */
const ofTools =
  /\bhipError[A-Z]|AMD_SERIALIZE_KERNEL|HIP kernel errors|\bHIP error\b|TORCH_USE_HIP_DSA|\+rocm\d|[\\/]opt[\\/]rocm|\bhipcc\b|compiling for gfx|\btorch_hip|amdgcn|\bhsa(?:_|KMT)|\bMIOpen\b|miopenStatus/;
/** What ROCm's machines are called. */
const amds =
  /\b(?:ROCm|ROCM|rocm)[ -]?v?\d|\bROCm [Vv]ersion\b|\bAMD (?:GPUs?|ROC[Mm]|\(ROC[Mm]\))|\bwhl\/(?:nightly\/)?rocm\d|\bAMD (?:Radeon|Instinct|R[Yy][Zz][Ee][Nn] AI)\b|\bRadeon (?:RX|Pro|PRO|AI|VII|\d)|\bgfx(?:9|1[0-2])[0-9a-f]{1,3}\b|\bMI[23]\d\d[AX]?\b|\bHIP SDK\b|\bhipify_(?:extension|python|torch)\b/;
/** Lists that name all of them, and reports that say of ROCm that it is not there. */
const ofNobody = /N\/A|could not collect|gfx\w+[;,]\s?gfx|\b(?:CUDA|cuda|NVIDIA)\b.*\b(?:ROCm|rocm)\b/i;
/** What is said of NVIDIA's machines alone. torch for ROCm says `CUDA error`, too. */
const nvidias =
  /\bnvcc(?:\.exe)?["']? +-|\bnvcc: NVIDIA|compilation tools, release|\bGeForce\b|\bRTX ?(?:A?\d{3,4})|\bGTX ?\d|\bTesla\b|\+cu\d{2}|whl\/cu\d|[\\/]cuda-\d+\.\d|CUDA[\\/]v\d|-lcudart|cudart\.lib|NVIDIA-SMI|\bNVIDIA (?:A|H|L|B|T|V|P)\d|\b(?:CUDA|cuda)(?: [Vv]ersion| [Tt]oolkit)?[ :=]{1,2}v?\d|\bsm_\d\d/;

/** Gathers the signs. */
export class VendorReader {
  #tools = false;
  #amd = false;
  #nvidia = false;

  /** A line of a message, of any length. */
  message(text: string): void {
    if (!this.#tools && ofTools.test(text)) this.#tools = true;
  }

  line(text: string): void {
    if (text.length > 400) return;
    if (!this.#nvidia && nvidias.test(text)) this.#nvidia = true;
    if (!this.#amd && amds.test(text) && !ofNobody.test(text)) this.#amd = true;
  }

  /** Whether the GPU is AMD's, as far as the text tells. */
  isAmd(): boolean {
    return this.#tools || (this.#amd && !this.#nvidia);
  }
}

/** A line of a fix that makes sense with NVIDIA's GPU or toolkit alone. */
const forNvidia =
  /\bCUDA_(?:HOME|PATH|INC_PATH)\b|CUDA_TOOLKIT_ROOT|developer\.nvidia\.com|-c nvidia\b|\bnvidia-(?:smi|cuda|cudnn|cublas)|\bcuda-(?:toolkit|cudart|libraries|nvcc|compat)|cudatoolkit|whl\/cu\d|TORCH_CUDA_ARCH_LIST|\/usr\/local\/cuda|\bnvcc\b|\btorch\.version\.cuda\b|\bCUDA 1\d/;

/** vLLM's wheels on PyPI are for NVIDIA, and bring such a torch. Source: vLLM's documentation, "Installation", GPU, AMD ROCm. */
const vllmOfPyPI = /^(?!.*\buninstall\b).*\binstall\b[^#]*\bvllm\b/;
const vllmForRocm =
  "# vLLM for ROCm: docker pull rocm/vllm:latest, or built from its sources with that torch: https://docs.vllm.ai/en/latest/getting_started/installation/gpu.html";

/**
 * What is left of a fix on a machine with an AMD GPU; undefined where it was one for NVIDIA's. A fix that speaks of ROCm
 * was made for both.
 */
export function fixForAmd(lines: readonly string[]): readonly string[] | undefined {
  if (lines.some((line) => /rocm|\bhip|ROCm|AMD/.test(line))) return lines;
  const kept = lines
    .filter((line) => !forNvidia.test(line))
    .map((line) => (vllmOfPyPI.test(line) ? vllmForRocm : line));
  return kept.length * 2 >= lines.length && kept.length > 0 ? kept : undefined;
}
