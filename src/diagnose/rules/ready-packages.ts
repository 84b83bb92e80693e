/** Ready-made packages that were built for another torch, CUDA or machine. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import {
  buildAgain,
  indexedSince,
  installTorchFor,
  pip,
  python,
  rebuild,
  reinstall,
  setVariable,
  torchCuda,
  useToolkit,
} from "../commands/commands.ts";
import { withNvcc } from "../facts/gpu-images.ts";
import { installSpconv } from "../commands/spconv.ts";
import { rebuildRoot } from "../commands/checkouts.ts";
import { newerToolkit } from "../commands/newer-toolkit.ts";
import { packageOfModule } from "../tables/packages.ts";
import { cudaForArchitecture, dotted } from "../tables/version-facts.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";

/**
 * A toolkit that the package takes and that goes with torch: torch's own CUDA. The least that the package takes may be of
 * another major version.
 */
function newEnough(match: Match): string[] {
  const need = match.facts["need"]?.replace(/\.$/, "");
  const torch = torchCuda(match);
  if (torch !== undefined && need !== undefined && compareVersions(parseVersion(torch), parseVersion(need)) < 0)
    return [
      `${installTorchFor(match, indexedSince(need))}   # torch's own CUDA, ${torch}, is older than ${need}`,
      ...useToolkit(match, indexedSince(need), need),
    ];
  return need === undefined || match.context.environment?.cuda !== undefined
    ? ["nvcc --version   # the one that is found", ...useToolkit(match, torch, need)]
    : newerToolkit(match, need);
}

/** Builds the compiled part beside the sources that the traceback runs in; undefined where it is not one, or they are installed. */
function unbuiltInSources(match: Match): string[] | undefined {
  const { name = "", module = "" } = match.facts;
  if (!/^(?:_C|_ext|ext|\w+_(?:cuda|cpp|ext|gpu|cpu|C))$/.test(name) || !module.includes(".")) return undefined;
  return rebuildRoot(match);
}

/** Whether the key that is not known is autocast's. */
function underAutocast({ finding }: Match): boolean {
  return /type ID: Autocast/i.test(finding.message);
}

export const readyPackageRules: readonly Rule[] = [
  {
    id: "package-needs-other-cuda",
    title: "The package does not support this CUDA version or GPU",
    on: ["exception"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /is only supported on CUDA (?<need>[\d.]+) and above/,
        /(?:requires|needs|need) (?:at least )?CUDA(?: version)? ?(?:>=|of at least)? ?(?<need>\d+\.\d+)/,
        /CUDA (?<need>[\d.]+) or (?:higher|later|newer|above) (?:is )?(?:required|must)/,
        /Minimum capability: (?<gpu>\d+)\. Current capability: (?<have>\d+)/,
        /only supported on GPUs with compute capability (?:of )?(?:at least|>=) (?<gpu>[\d.]+\d)/,
        /only supports (?<gpu>Ampere|Hopper|Turing|Ada|Blackwell|sm\w+) GPUs or newer/,
        /(?:requires|needs) (?:a )?GPU with compute capability (?:>=|at least|of at least)? ?(?<gpu>[\d.]+)/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["gpu"] === undefined
        ? `The package wants CUDA ${match.facts["need"] ?? ""} or newer, and the nvcc that is found (or torch's CUDA) is older${match.context.log.cuda === undefined ? "" : ` (CUDA ${match.context.log.cuda})`}: often the distribution's /usr/bin/nvcc.${torchCuda(match) === undefined ? "" : ` torch is built for CUDA ${torchCuda(match) ?? ""}: the toolkit has to be of that major version, too.`}`
        : `The package's kernels are for ${/^\d/.test(match.facts["gpu"]) ? `compute capability ${match.facts["gpu"].includes(".") ? match.facts["gpu"] : dotted(match.facts["gpu"])}` : `${match.facts["gpu"]} GPUs`} and newer ones; this GPU is older.`,
    fix: (match) =>
      match.facts["gpu"] === undefined
        ? [
            ...newEnough(match),
            ...buildAgain(match),
            `# CUDA ${match.facts["need"] ?? ""} is the least; a ready-made wheel of the package for this torch and Python needs no toolkit at all`,
          ]
        : [
            `${python(match)} -c "import torch; print(torch.cuda.get_device_name(), torch.cuda.get_device_capability())"`,
            // Its own choice, and that of what is built upon it. Source: microsoft/TRELLIS#84 and its README.
            ...(match.finding.frames?.some((frame) => /[\\/]trellis2?[\\/]/i.test(frame)) === true
              ? [
                  `${setVariable(match, "ATTN_BACKEND", "xformers")}   # before the program starts; with xformers for this torch`,
                ]
              : []),
            "# an older release of the package, or another implementation (torch.nn.functional.scaled_dot_product_attention instead of flash-attn); bfloat16 wants 8.0: use float16 (vLLM: --dtype=half)",
          ],
    sources: ["Dao-AILab/flash-attention: setup.py"],
    examples: [
      {
        text: "RuntimeError: FlashAttention is only supported on CUDA 11.6 and above.  Note: make sure nvcc has a supported version by running nvcc -V.",
        expect: "11.6",
      },
      {
        text: "RuntimeError: mamba_ssm is only supported on CUDA 11.6 and above.  Note: make sure nvcc has a supported version by running nvcc -V.\n\ntorch.__version__  = 2.4.0+cu124",
        expect: "export CUDA_HOME=/usr/local/cuda-12.4",
      },
      { text: "RuntimeError: FlashAttention only supports Ampere GPUs or newer.", expect: "Ampere" },
      {
        text: "ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0. Your Tesla T4 GPU has compute capability 7.5.",
        expect: "float16",
      },
      {
        text: "ValueError: The quantization method gptq_marlin is not supported for the current GPU. Minimum capability: 80. Current capability: 75.",
        expect: "8.0",
      },
    ],
  },
  {
    id: "deepspeed-op-incompatible",
    title: "DeepSpeed finds this machine not fit for the operator",
    on: ["exception"],
    specificity: 66,
    matches: (finding) => said(finding, /Unable to JIT load the (?<op>\w+) op due to it not being compatible/),
    confidence: "medium",
    cause: (match) =>
      `DeepSpeed checked compiler, CUDA and libraries before building \`${match.facts["op"] ?? ""}\`, and one of them is missing or does not fit; its own report says which.`,
    fix: (match) => [
      ...(withNvcc(match.context.log.gpuImage) === undefined
        ? []
        : [
            `# Dockerfile: FROM ${withNvcc(match.context.log.gpuImage) ?? ""}   in place of ${match.context.log.gpuImage ?? ""}, which has no nvcc, and DeepSpeed compiles its operators where they are first used; then build the image again`,
          ]),
      `${withNvcc(match.context.log.gpuImage) === undefined ? "" : "# "}${python(match)} -m deepspeed.env_report   # ds_report`,
      "# usual reasons: no CUDA toolkit (CUDA_HOME), CUDA of another version than torch's, libaio-dev missing, no ninja",
    ],
    sources: ["https://www.deepspeed.ai/tutorials/advanced-install/"],
    examples: [
      {
        text: "RuntimeError: Unable to JIT load the fused_adam op due to it not being compatible due to hardware/software issue. None",
        expect: "ds_report",
      },
      {
        text: "FROM pytorch/pytorch:2.4.0-cuda12.1-cudnn9-runtime\nRUN pip install deepspeed\n\n$ docker run --gpus all t python train.py\nRuntimeError: Unable to JIT load the fused_adam op due to it not being compatible due to hardware/software issue. None",
        expect: "FROM pytorch/pytorch:2.4.0-cuda12.1-cudnn9-devel",
      },
    ],
  },
  {
    id: "transformer-engine-incomplete",
    title: "Transformer Engine is installed without its part for torch",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      finding.code === "StopIteration" && finding.frames?.some((frame) => /transformer_engine/.test(frame)) === true
        ? {}
        : said(
            finding,
            /Could not find shared object file for Transformer Engine|Found empty `?transformer[-_]engine`? meta package|Could not find `?transformer[-_]engine`? PyPI package|Unable to find transformer_engine_torch|No module named ['"]transformer_engine_torch['"]/i,
          ),
    confidence: "high",
    cause: () =>
      "The package transformer-engine has no code of its own: transformer-engine-cu12 (or cu13) has the library and transformer-engine-torch the part for torch, which is compiled at installation. One of them is missing or of another release.",
    fix: (match) => [
      pip(
        match,
        "uninstall -y transformer-engine transformer-engine-cu12 transformer-engine-cu13 transformer-engine-torch",
      ),
      pip(match, 'install --no-build-isolation --no-cache-dir "transformer-engine[pytorch]"'),
    ],
    sources: ["NVIDIA/TransformerEngine#1541"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/e/site-packages/transformer_engine/pytorch/__init__.py", line 52, in _load_library\n    so_path = next(so_dir.glob(f"{module_name}.*.{extension}"))\nStopIteration',
        expect: "transformer-engine[pytorch]",
      },
    ],
  },
  {
    id: "spconv-no-algorithm",
    title: "spconv has no kernel for this GPU or type",
    on: ["exception"],
    specificity: 70,
    matches: (finding) =>
      said(finding, /can't find suitable algorithm for \d|(?:GemmMain|ConvMain|ConvTuner)\w*.*assert fa/),
    confidence: "medium",
    cause: () =>
      "spconv tries its ready-made kernels and none takes the call: the wheel is for another CUDA or an older GPU than this one, or the tensors are float16/bfloat16 (autocast) in a layer for which there is none.",
    fix: (match) => [
      ...installSpconv(match),
      "# or run it in float32: with torch.autocast('cuda', enabled=False), and features.float()",
    ],
    sources: [
      "traveller59/spconv#563",
      "Pointcept/PointTransformerV3#176",
      "https://pypi.org/project/spconv-cu124/",
      "https://pypi.org/project/spconv-cu126/",
    ],
    examples: [
      {
        text: "RuntimeError: /io/build/temp.linux-x86_64-cpython-310/spconv/build/core_cc/src/csrc/sparse/convops/convops/ConvTunerSimple/ConvTunerSimple_tune_and_cache.cc(103)\n!all_profile_res.empty() assert faild. can't find suitable algorithm for 0",
        expect: "spconv-cu126",
      },
      {
        text: "torch 1.12.1+cu113\n$ python tools/test.py\nRuntimeError: /io/build/temp.linux-x86_64-cpython-38/spconv/build/core_cc/src/csrc/sparse/convops/convops/ConvTunerSimple/ConvTunerSimple_tune_and_cache.cc(103)\n!all_profile_res.empty() assert faild. can't find suitable algorithm for 0",
        expect: "install spconv-cu113",
      },
    ],
  },
  {
    id: "package-half-installed",
    title: "Only an empty folder of the package is found",
    on: ["exception"],
    specificity: 76,
    matches: (finding) =>
      said(finding, /cannot import name ['"](?<name>\w+)['"] from ['"](?<module>[\w.]+)['"] \(unknown location\)/),
    confidence: "medium",
    cause: (match) =>
      unbuiltInSources(match) === undefined
        ? `Python found a folder \`${(match.facts["module"] ?? "").replaceAll(".", "/")}\` without __init__.py and takes it for a package: a folder of that name in the working directory (a clone of the sources), what an uninstallation left behind, or an installation that did not end.`
        : `\`${match.facts["name"] ?? ""}\` is the compiled part of \`${match.facts["module"] ?? ""}\`, which Python imports from its sources: it was not built there, or for another Python.`,
    fix: (match) => {
      const inSources = unbuiltInSources(match);
      if (inSources !== undefined) return inSources;
      const top = (match.facts["module"] ?? "").split(".")[0] ?? "";
      return [
        `(cd / && ${python(match)} -c "import ${top}; print(${top}.__path__)")   # which folder is it?`,
        pip(match, `uninstall -y ${packageOfModule(top) ?? top.replaceAll("_", "-")}`) +
          "   # then remove the folder that is left, and install it again:",
        ...reinstall(match, packageOfModule(top) ?? top.replaceAll("_", "-")),
      ];
    },
    sources: ["https://docs.python.org/3/reference/import.html#namespace-packages"],
    examples: [
      {
        text: "ImportError: cannot import name 'GaussianRasterizer' from 'diff_gaussian_rasterization' (unknown location)",
        expect: "without __init__.py",
      },
      {
        text: "Traceback (most recent call last):\n  File \"/w/OpenPCDet/pcdet/datasets/__init__.py\", line 8, in <module>\n    from .dataset import DatasetTemplate\n  File \"/w/OpenPCDet/pcdet/ops/iou3d_nms/iou3d_nms_utils.py\", line 9, in <module>\n    from . import iou3d_nms_cuda\nImportError: cannot import name 'iou3d_nms_cuda' from 'pcdet.ops.iou3d_nms' (unknown location)",
        expect: "cd /w/OpenPCDet",
      },
    ],
  },
  {
    id: "extension-reads-tensor-wrongly",
    title: "The extension and torch disagree about what a tensor looks like",
    on: ["exception"],
    specificity: 64,
    matches: (finding) =>
      said(
        finding,
        /^Unknown layout$|Unrecognized tensor type ID|^unknown scalar ?type|tensor does not have a device$/i,
      ),
    confidence: (match) => (underAutocast(match) ? "high" : "medium"),
    cause: (match) =>
      underAutocast(match)
        ? "The extension asks a tensor for x.type() (x.options().type_properties, AT_DISPATCH…(x.type(), …)) while torch's autocast is on, which puts a key on the call that the old type knows nothing of. What is built is not at fault; the source is older than autocast."
        : "The compiled code reads nonsense out of a tensor: it was built with the headers of another torch version than the one that runs it, or it keeps a tensor that no longer exists (a reference to a temporary, a raw pointer across threads).",
    fix: (match) =>
      underAutocast(match)
        ? [
            "grep -rlE '\\.type\\(\\)' --include=*.cpp --include=*.cu --include=*.h . | xargs sed -i.bak -E 's/\\.type\\(\\)\\.is_cuda\\(\\)/.is_cuda()/g; s/\\.type\\(\\)(, *\")/.scalar_type()\\1/g'   # in the extension's sources; then:",
            ...rebuild(match),
            '# or without autocast around the call: with torch.autocast("cuda", enabled=False): y = f(x.float()); in an autograd.Function: @torch.amp.custom_fwd(device_type="cuda", cast_inputs=torch.float32)',
          ]
        : rebuild(match),
    sources: ["ashawkey/diff-gaussian-rasterization#25"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/home/jo/exp/train.py", line 9, in <module>\n    main()\nRuntimeError: Unknown layout\n\nEnvironment\n- OS: Ubuntu 20.04\n- Python version: 3.8',
        expect: "headers of another torch",
      },
      { text: "RuntimeError: Unknown layout", expect: "headers of another torch" },
      { text: "RuntimeError: Unrecognized tensor type ID: AutocastCUDA", expect: "custom_fwd" },
    ],
  },
  {
    id: "kernel-hub-no-variant",
    title: "The kernel has no ready-made build for this torch",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      said(
        finding,
        /Kernel [`'](?<kernel>[^`']+)[`'].* does not have (?:a )?build:? (?<variant>\S+)|Cannot find a build variant for this system in (?<kernel2>\S+)/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["kernel"] ?? "The kernel"}\` is published as ready-made builds for a few releases of torch, CUDA and systems, and none is for this environment${match.facts["variant"] === undefined ? "" : ` (\`${match.facts["variant"]}\`)`}.`,
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
      pip(match, "install --upgrade kernels"),
      "# a torch that the kernel has a build for (the folder build/ of its repository lists them), or another revision of it",
    ],
    sources: ["https://huggingface.co/docs/kernels"],
    examples: [
      {
        text: "FileNotFoundError: Kernel `kernels-community/flash-attn` at revision main does not have build: torch29-cxx11-cu130-x86_64-linux",
        expect: "torch29-cxx11-cu130-x86_64-linux",
      },
    ],
  },
  {
    id: "package-built-without-part",
    title: "The package was built without a part that is asked for",
    on: ["exception"],
    specificity: 72,
    matches: (finding) =>
      saidAny(
        finding,
        /No compiled (?<what>\w+) for (?:a )?compute capability less than CUDA device capability: (?<arch>\d+)/,
        /[Tt]his flash attention build does not support (?<what>[\w ]{3,60})/,
        /(?:was|is) (?:not )?(?:built|compiled) without (?:support for )?(?<what>(?!CUDA|GPU|XPU|MPS|ROCm|cuDNN)[\w ]{3,40}) support/,
      ),
    confidence: "medium",
    cause: (match) =>
      match.facts["arch"] === undefined
        ? `The package's build left a part out (\`${match.facts["what"] ?? ""}\`): its setup.py has switches that do so to build faster, or a ready-made wheel comes without it.`
        : `\`${match.facts["what"] ?? ""}\` was not compiled for compute capability ${dotted(match.facts["arch"])}: this GPU was not in TORCH_CUDA_ARCH_LIST, or the nvcc that built the package was too old to know it.`,
    fix: (match) => [
      ...(match.facts["arch"] === undefined
        ? [
            "env | grep -i -E 'disable|flash_attn|_arch'   # switches of the build that are set; unset those that say DISABLE",
          ]
        : [
            setVariable(match, "TORCH_CUDA_ARCH_LIST", dotted(match.facts["arch"])) +
              `   # with nvcc of CUDA ${cudaForArchitecture(match.facts["arch"])?.since ?? "12.8"} or newer: nvcc --version`,
          ]),
      ...(/cutlass|marlin|scaled_mm/.test(match.facts["what"] ?? "") && match.context.log.package === undefined
        ? reinstall(match, "vllm")
        : rebuild(match)),
    ],
    sources: ["vllm-project/vllm#20514", "Dao-AILab/flash-attention: hopper/setup.py"],
    examples: [
      {
        text: "NotImplementedError: No compiled cutlass_scaled_mm for a compute capability less than CUDA device capability: 120",
        expect: "TORCH_CUDA_ARCH_LIST=12.0",
      },
      {
        text: "RuntimeError: This flash attention build does not support headdim not being a multiple of 32.",
        expect: "DISABLE",
      },
    ],
  },
  {
    id: "compiled-package-not-installed",
    title: "A package with compiled parts is not installed",
    on: ["exception"],
    specificity: 65,
    matches: (finding, context) => {
      // The list of an environment: why it was not built stands elsewhere.
      if (
        /not built correctly/.test(finding.text) &&
        context.findings.some(({ kind }) => kind === "compile" || kind === "missing-header")
      )
        return undefined;
      const facts = saidAny(
        finding,
        /No module named ['"](?<module>flash_attn|causal_conv1d|mamba_ssm|xformers|deepspeed|apex|detectron2|pytorch3d|mmcv|torch_scatter|torch_sparse|torch_cluster|torch_spline_conv|pyg_lib|tinycudann|nvdiffrast|gsplat|MinkowskiEngine|torchsparse|kaolin|natten|bitsandbytes|auto_gptq|exllamav2|flashinfer|transformer_engine|groundingdino|fused_ssim)(?:\.\w+)*['"]/,
        /following packages that were not found in your environment: (?<module>flash_attn|causal_conv1d|mamba_ssm|xformers|deepspeed|apex|bitsandbytes)/,
        /(?:^|\bis )?name ['"](?<alias>tcnn)['"] is not defined/,
        /(?<module>FlashAttention)2 has been toggled on, but it cannot be used/,
      );
      // The import stands in a try block.
      if (facts?.["alias"] !== undefined) return { module: "tinycudann" };
      // It is there, as sources beside which nothing was built.
      const module = facts?.["module"];
      const isSources = finding.frames?.some((frame) =>
        new RegExp(`[\\\\/]${module ?? ""}[\\\\/][\\w\\\\/]+\\.py`).test(frame),
      );
      return module !== undefined && finding.message.includes(`${module}.`) && isSources === true ? undefined : facts;
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["module"] ?? ""}\` is not installed in the environment of this Python. It has compiled parts: they are built at installation, against the torch that is there, unless a ready-made wheel fits.`,
    fix: (match) => {
      const module = match.facts["module"] === "FlashAttention" ? "flash_attn" : (match.facts["module"] ?? "");
      const name = packageOfModule(module) ?? module.replaceAll("_", "-");
      const again = reinstall(match, name).map((line) => line.replace(" --force-reinstall --no-deps", ""));
      return [
        `${python(match)} -c "import sys, torch; print(sys.executable, torch.__version__, torch.version.cuda)"   # this environment`,
        ...again.map((line) => line.replace(` --no-binary ${name} ${name}`, ` ${name}`)),
      ];
    },
    sources: [
      "Dao-AILab/flash-attention#246",
      "nerfstudio-project/nerfstudio#724",
      "https://pip.pypa.io/en/stable/cli/pip_install/#cmdoption-no-build-isolation",
    ],
    examples: [
      {
        text: "ModuleNotFoundError: No module named 'flash_attn'",
        expect: "install --no-build-isolation --no-cache-dir flash-attn",
      },
      {
        text: "ImportError: This modeling file requires the following packages that were not found in your environment: flash_attn. Run `pip install flash_attn`",
        expect: "flash-attn",
      },
      {
        text: "ModuleNotFoundError: No module named 'detectron2'",
        expect: "git+https://github.com/facebookresearch/detectron2",
      },
      { text: "NameError: name 'tcnn' is not defined", expect: "#subdirectory=bindings/torch" },
    ],
  },
];
