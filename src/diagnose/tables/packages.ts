/** Well-known packages with compiled parts: what their modules are called, and where they are installed from. */
import { plainName } from "../../base/package-name.ts";
import { own } from "../../base/own.ts";
import type { Match } from "../rule.ts";

/** Modules at the top of site-packages whose package has another name. */
const packagesByModule: readonly (readonly [RegExp, string])[] = [
  [/^flash_attn/, "flash-attn"],
  [/^causal_conv1d/, "causal-conv1d"],
  // VMamba's kernels and those of its kin, each project with a folder of its own: MzeroMiko/VMamba: kernels/selective_scan/setup.py.
  [/^selective_scan(?:_cuda_(?:core|oflex|nrow|ndstate)\w*)?$/, "selective-scan"],
  [/^(?:selective_scan|mamba_ssm)/, "mamba-ssm"],
  [
    /^(?:amp_C|apex_C|fused_layer_norm_cuda|scaled_\w+_softmax_cuda|fused_weight_gradient|syncbn|fast_multihead|bnp)/,
    "apex",
  ],
  [/^(?:autogptq|exllama_kernels|exllamav2_kernels|cQIGen)/, "auto-gptq"],
  [/^exllamav2_ext/, "exllamav2"],
  [/^exllamav3_ext/, "exllamav3"],
  [/^_turbomind/, "lmdeploy"],
  [/^grouped_gemm_backend/, "grouped-gemm"],
  [/^deep_gemm_cpp/, "deep-gemm"],
  [/^deep_ep_cpp/, "deep-ep"],
  [/^exllama_ext/, "exllama"],
  [/^awq_inference_engine/, "autoawq"],
  [/^(?:awq_ext|awq_v2_ext)/, "autoawq-kernels"],
  [/^monarch_cuda/, "monarch-cuda"],
  [/^MultiScaleDeformableAttention/, "MultiScaleDeformableAttention"],
  [/^tinycudann/, "tinycudann"],
  [/^nvdiffrast/, "nvdiffrast"],
  [/^deepspeed/, "deepspeed"],
  [/^(?:lib)?transformer_engine/, "transformer-engine"],
  [/^(?:lib)?bitsandbytes/, "bitsandbytes"],
  [/^diff_gaussian_rasterization/, "diff-gaussian-rasterization"],
  [/^simple_knn/, "simple-knn"],
  [/^MinkowskiEngine/, "MinkowskiEngine"],
  [/^natten/, "natten"],
  [/^libtriton/, "triton-windows"],
  [/^sgl_kernel/, "sgl-kernel"],
  [/^xformers/, "xformers"],
  [/^vllm/, "vllm"],
  [/^_XLAC/, "torch-xla"],
  [/^_k2$/, "k2"],
  [/^_moe_C$|^vllm_flash_attn/, "vllm"],
  [/^_?raymarching/, "raymarching"],
  [/^corr_sampler/, "corr-sampler"],
  [/^alt_cuda_corr/, "alt-cuda-corr"],
  [/^libpyg$/, "pyg-lib"],
];

/** The package that brings a compiled module; undefined for one that is not well known. */
export function packageOfModule(module: string): string | undefined {
  const top = module.split(".")[0] ?? module;
  for (const [form, known] of packagesByModule) if (form.test(top)) return known;
  return module.includes(".") ? top.replaceAll("_", "-") : undefined;
}

/** Checkouts that stand in the C++ path of a message: `CUDA error (/src/xformers/third_party/…)`. */
const checkouts: readonly (readonly [RegExp, string])[] = [
  [/[\\/]xformers[\\/]/, "xformers"],
  [/[\\/]flash-attention[\\/]/, "flash-attn"],
  [/[\\/](?:sgl-kernel|sgl_kernel)[\\/]/, "sgl-kernel"],
  [/[\\/]vllm[\\/]csrc[\\/]/, "vllm"],
  [/[\\/]lmdeploy[\\/]/, "lmdeploy"],
  [
    /[\\/]bitsandbytes[\\/]|[\\/]csrc[\\/]pythonInterface|ops\.cu at line|^[\\/]src[\\/]csrc[\\/]ops\.cu$/,
    "bitsandbytes",
  ],
  [/[\\/]tiny-cuda-nn[\\/]/, "tinycudann"],
  [/[\\/]detectron2[\\/]/, "detectron2"],
  [/[\\/]pytorch3d[\\/]/, "pytorch3d"],
  [/[\\/]mmcv[\\/]/, "mmcv"],
  [/[\\/]spconv[\\/]\w+\.cu$/, "spconv"],
];

/** The package that a place of C++ in a message belongs to. */
function checkoutOf(text: string): string | undefined {
  const place = /[\\/][^\s()"']{1,300}\.(?:cu|cuh|h|hpp|cpp|cc|inl)\b/.exec(text)?.[0];
  return place === undefined ? undefined : checkouts.find(([form]) => form.test(place))?.[1];
}

/** The installed package whose own code was running, when the log has a traceback. */
export function runningPackage({ context: { log } }: Pick<Match, "context">): string | undefined {
  const { runningModule: module, versions } = log;
  if (module === undefined) return undefined;
  // A list that has it under this very name: an edition of somebody's own, not the well-known one whose name it begins with.
  const listed = plainName(module);
  return listed in versions ? listed : packageOfModule(`${module}.`);
}

/** Packages by the modules that several of them call alike. */
const alike: Readonly<Record<string, readonly string[]>> = {
  _ext: ["mmcv", "mmcv-full"],
  _C: ["detectron2", "pytorch3d", "groundingdino", "torchvision", "maskrcnn-benchmark", "diff-gaussian-rasterization"],
};

/** The one package with such a module that the text lists or imports. */
function packageInText(module: string, log: Match["context"]["log"]): string | undefined {
  const ran = runningPackage({ context: { log } as Match["context"] });
  // The traceback runs in the package that imports it: torchvision and the like are in a list of packages as well.
  if (ran !== undefined && (own(alike, module)?.includes(ran) === true || (module in alike && isWellKnown(ran))))
    return ran;
  const imported = log.imports.map((name) => packageOfModule(name) ?? name);
  const named = (own(alike, module) ?? []).filter((name) => name in log.versions || imported.includes(name));
  // The one that carries a version is the one that is installed.
  return named.length === 1 || named.every((name) => name.startsWith("mmcv")) ? named.at(-1) : undefined;
}

/** The package whose import failed: its compiled module is named beside the message, or it was the last to be imported. */
function importedPackage(message: string, log: Match["context"]["log"]): string | undefined {
  const module = /\b([a-z]\w{1,40})\._(?:C|ext)\b/.exec(message)?.[1];
  if (module !== undefined) return packageOfModule(`${module}.`);
  const spoken = /\bimport(?:ing)? (?:of )?[`'"]?(\w+)/.exec(message)?.[1];
  const known = spoken === undefined ? undefined : packageOfModule(spoken);
  if (known !== undefined) return known;
  const last = log.importsLast ? log.imports.at(-1) : undefined;
  // That import led into another package, whose own module it was that failed.
  if (last !== undefined && log.runningModule !== undefined && log.runningModule !== last)
    return packageOfModule(`${log.runningModule}.`);
  return last === undefined || /^(?:torch|numpy|sys|os)$/.test(last) ? undefined : packageOfModule(`${last}.`);
}

/** The path of a library that a title names without its folder, and a line below with it. */
function pathElsewhere({ finding, context }: Pick<Match, "finding" | "context">): string | undefined {
  const { file, symbol } = finding;
  if (file === undefined || symbol === undefined || /[\\/]/.test(file)) return undefined;
  return context.findings.find(
    (other) => other.symbol === symbol && other.file !== file && /[\\/]([^\\/]+)$/.exec(other.file ?? "")?.[1] === file,
  )?.file;
}

/** The package of a module that stands without its folder: `flash_attn_2_cuda.cpython-310-x86_64-linux-gnu.so`. */
function packageOfFile(file: string): string | undefined {
  const stem = /^(\w+)\.(?:cpython-|abi3|cp\d|so$|pyd$)/.exec(file)?.[1];
  return stem === undefined ? undefined : packagesByModule.find(([form]) => form.test(stem))?.[1];
}

/** The package that a built library belongs to, when its path or the traceback tells. */
export function packageOf(match: Pick<Match, "finding" | "context">): string | undefined {
  const { finding } = match;
  const file =
    pathElsewhere(match) ?? finding.file ?? (/[\\/]/.test(finding.library ?? "") ? finding.library : undefined) ?? "";
  const inside = /(?:site|dist)-packages[\\/](?:([\w.-]+?)(?:-\d[^\\/]*\.egg)?[\\/])?(?:.*[\\/])?([\w.-]+)$/.exec(file);
  if (inside === null) {
    // Windows names the module alone.
    const module = finding.kind === "load" && /^\w+$/.test(finding.library ?? "") ? finding.library : undefined;
    return (
      (module === undefined ? undefined : (packageOfModule(module) ?? packageInText(module, match.context.log))) ??
      (finding.kind === "gpu" ? checkoutOf(finding.text) : undefined) ??
      (finding.kind === "missing-library"
        ? importedPackage(`${finding.text} ${finding.message}`, match.context.log)
        : undefined) ??
      packageOfFile(file) ??
      match.context.log.package ??
      runningPackage(match) ??
      (finding.kind === "gpu" ? match.context.log.calledPackage : undefined)
    );
  }
  const [, folder, name = ""] = inside;
  if (folder === "torch" || folder === "nvidia" || folder === "numpy") return undefined;
  const stem = name.split(".")[0] ?? name;
  for (const [form, known] of packagesByModule) if (form.test(stem) || form.test(folder ?? "")) return known;
  // A module at the top whose name begins with an underscore is not called as its package.
  const named = (folder ?? stem.replace(/(?:_cuda|_cpu|_gpu|_cpp|_C|_ext)$/, "")).replaceAll("_", "-");
  return /^[A-Za-z\d]/.test(named) ? named : undefined;
}

/** How a package is installed that is not on PyPI, is there under a stranger's name, or as ready-made wheels only. */
export interface Origin {
  /** What pip installs: a repository. */
  readonly from?: string;
  /** The repository to build it from where there is no wheel: what PyPI has is no more than its name. */
  readonly source?: string;
  /** Environment variables that its build wants. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What to know of a checkout that is brought up to date before it is built: older ones have no such variables. */
  readonly renewed?: string;
  /** Its wheels are what people use; building it is a project of its own. */
  readonly ready?: boolean;
  /** Its releases bear the number of the torch that they are for. */
  readonly numbered?: boolean;
  /** The package that names the releases of torch and of this one that go together. */
  readonly broughtBy?: string;
  /** It has no repository of its own: projects carry it in a folder, found so. */
  readonly carried?: string;
  /** Where the projects that use it carry their own edition of it, which is often another than the repository's: `submodules`. */
  readonly within?: string;
  /** An index beside PyPI that has what it depends on. */
  readonly extraIndex?: string;
  /** Its folder lies in this one, whose other parts a traceback names: `texgen`. */
  readonly beside?: RegExp;
  /** Its folder itself, by a file of it that a traceback names: `/w/models/ops`. */
  readonly holds?: RegExp;
  /** A page for people with its wheels, one for each torch, CUDA and Python: what PyPI has is something else or has to be compiled. */
  readonly page?: string;
  /** A page of ready-made wheels; `$TORCH` stands for torch's version, `$TORCH_CUDA` for the same with `_` in place of `+`. */
  readonly wheels?: string;
}

/**
 * The variable that has a package compiled where its setup.py would fetch a ready-made wheel, whatever pip was told. Source:
 * setup.py of each.
 */
const forced: Readonly<Record<string, string>> = {
  "flash-attn": "FLASH_ATTENTION_FORCE_BUILD",
  "causal-conv1d": "CAUSAL_CONV1D_FORCE_BUILD",
  "mamba-ssm": "MAMBA_FORCE_BUILD",
};

/** See `forced`. */
export function forcedBuild(name: string): string | undefined {
  return Object.hasOwn(forced, name) ? forced[name] : undefined;
}

/** The variable by which a set-up script tells its metadata without nvcc: nothing of CUDA is built. Source: setup.py of each. */
export function unbuiltCuda(name: string): string | undefined {
  return forcedBuild(name)?.replace("_FORCE_BUILD", "_SKIP_CUDA_BUILD");
}

const pyg: Origin = { wheels: "https://data.pyg.org/whl/torch-$TORCH.html" };

/** By the package's name. Source: the installation page of each. */
const origins: Readonly<Record<string, Origin>> = {
  apex: {
    from: "git+https://github.com/NVIDIA/apex.git",
    variables: { APEX_CPP_EXT: "1", APEX_CUDA_EXT: "1" },
    renewed:
      "older branches do not know the variables APEX_…: to stay on one, python setup.py install --cpp_ext --cuda_ext there in place of pip",
  },
  detectron2: { from: "git+https://github.com/facebookresearch/detectron2.git", variables: { FORCE_CUDA: "1" } },
  pytorch3d: { from: "git+https://github.com/facebookresearch/pytorch3d.git@stable", variables: { FORCE_CUDA: "1" } },
  tinycudann: { from: "git+https://github.com/NVlabs/tiny-cuda-nn/#subdirectory=bindings/torch" },
  nvdiffrast: { from: "git+https://github.com/NVlabs/nvdiffrast.git" },
  MinkowskiEngine: { from: "git+https://github.com/NVIDIA/MinkowskiEngine.git", variables: { FORCE_CUDA: "1" } },
  "diff-gaussian-rasterization": {
    from: "git+https://github.com/graphdeco-inria/diff-gaussian-rasterization.git",
    within: "submodules",
  },
  "simple-knn": { from: "git+https://gitlab.inria.fr/bkerbl/simple-knn.git", within: "submodules" },
  "pointnet2-ops": {
    from: "git+https://github.com/erikwijmans/Pointnet2_PyTorch.git#subdirectory=pointnet2_ops_lib",
  },
  "selective-scan": { carried: "*/selective_scan/setup.py" },
  MultiScaleDeformableAttention: {
    carried: "*/ops/setup.py",
    holds: /^((?:[A-Za-z]:)?[\\/].{1,200}?[\\/]ops)[\\/](?:functions|modules)[\\/]/,
  },
  // torch-ngp, stable-dreamfusion and their kin.
  raymarching: {
    carried: "*/raymarching/setup.py",
    holds: /^((?:[A-Za-z]:)?[\\/].{1,200}?[\\/]raymarching)[\\/]raymarching\.py:/,
  },
  "fused-ssim": { from: "git+https://github.com/rahul-goel/fused-ssim.git", within: "submodules" },
  // Hunyuan3D, ComfyUI's nodes for it, TRELLIS's kin.
  "custom-rasterizer": {
    carried: "*/custom_rasterizer/setup.py",
    beside: /^((?:[A-Za-z]:)?[\\/].{1,200}?[\\/](?:texgen|hy3dpaint))[\\/]/,
  },
  torchsparse: { from: "git+https://github.com/mit-han-lab/torchsparse.git", variables: { FORCE_CUDA: "1" } },
  "transformer-engine": { from: "transformer-engine[pytorch]" },
  "triton-windows": { ready: true },
  triton: { ready: true },
  // Its requirements name the torch, and NVIDIA's index has what PyPI lacks: https://nvidia.github.io/TensorRT-LLM/installation/linux.html.
  "tensorrt-llm": { ready: true, broughtBy: "tensorrt-llm", extraIndex: "https://pypi.nvidia.com" },
  // "PyTorch 2.12, CUDA 13.0" of v2.12.1, and so on from 2.1: https://github.com/pytorch/TensorRT/releases.
  "torch-tensorrt": { ready: true, numbered: true },
  sglang: { ready: true, broughtBy: "sglang" },
  lmdeploy: { ready: true },
  bitsandbytes: { ready: true },
  "intel-extension-for-pytorch": { ready: true, numbered: true },
  "torch-xla": { ready: true, numbered: true },
  "sgl-kernel": { ready: true, broughtBy: "sglang" },
  vllm: { ready: true, broughtBy: "vllm" },
  // RAFT-Stereo and what grew out of it (princeton-vl/RAFT-Stereo#80); RAFT.
  "corr-sampler": { carried: "*/sampler/setup.py" },
  "alt-cuda-corr": { carried: "*/alt_cuda_corr/setup.py" },
  // Its extensions are built on demand alone (XPixelGroup/BasicSR#480).
  basicsr: { variables: { BASICSR_EXT: "True" } },
  kaolin: {
    wheels: "https://nvidia-kaolin.s3.us-east-2.amazonaws.com/torch-$TORCH_CUDA.html",
    source: "git+https://github.com/NVIDIAGameWorks/kaolin.git",
    variables: { IGNORE_TORCH_VER: "1" },
  },
  // Its wheels, one for each CUDA and Python, were made by the web UI that uses them (oobabooga/textgen#4285).
  exllama: { page: "https://github.com/jllllll/exllama/releases" },
  sageattention: { from: "git+https://github.com/thu-ml/SageAttention.git" },
  exllamav2: { page: "https://github.com/turboderp-org/exllamav2/releases" },
  exllamav3: { page: "https://github.com/turboderp-org/exllamav3/releases" },
  nunchaku: { page: "https://github.com/nunchaku-tech/nunchaku/releases" },
  // The module was of AutoAWQ itself before its kernels became a package (QwenLM/Qwen3-VL#271).
  autoawq: { from: "git+https://github.com/casper-hansen/AutoAWQ.git", variables: { INSTALL_KERNELS: "1" } },
  // PyPI has wheels of it alone, each release for one torch.
  "autoawq-kernels": { from: "git+https://github.com/casper-hansen/AutoAWQ_kernels.git" },
  // Beside the Python part in the same repository (HazyResearch/flash-fft-conv#28).
  "monarch-cuda": { from: "git+https://github.com/HazyResearch/flash-fft-conv.git#subdirectory=csrc/flashfftconv" },
  groundingdino: { from: "git+https://github.com/IDEA-Research/GroundingDINO.git" },
  "torch-scatter": pyg,
  "torch-sparse": pyg,
  "torch-cluster": pyg,
  "torch-spline-conv": pyg,
  "pyg-lib": { ...pyg, source: "git+https://github.com/pyg-team/pyg-lib.git" },
};

/** Where a package comes from; undefined when PyPI's package of that name is the right one. */
export function originOf(name: string): Origin | undefined {
  return own(origins, name);
}

/** Whether the package is one that people know, so that PyPI's package of that name is it, or its origin is known. */
export function isWellKnown(name: string): boolean {
  return (
    originOf(name) !== undefined ||
    packagesByModule.some(([, known]) => known === name) ||
    onPypi.has(name.replace(forCuda, "$1"))
  );
}

/** Other packages on PyPI with compiled parts for torch. */
const onPypi: ReadonlySet<string> = new Set(
  "torchvision torchaudio torchtext torchdata torchao torchcodec fbgemm-gpu flashinfer-python gsplat nerfacc spconv fairseq warp-rnnt grouped-gemm megablocks gptqmodel llama-cpp-python horovod dgl kaldifeat ctcdecode mmcv mmcv-full cupy numba opencv-python onnxruntime onnxruntime-gpu sentencepiece tokenizers".split(
    " ",
  ),
);
/** Packages that have the number of CUDA at their names' ends. */
const forCuda = /^((?:spconv|cupy|cumm))-(?:cu\d+|cuda\d+x)$/;

/** The names of all of them, as PyPI writes them. */
export function compiledPackages(): readonly string[] {
  return [...new Set([...Object.keys(origins), ...packagesByModule.map(([, name]) => name), ...onPypi])];
}
