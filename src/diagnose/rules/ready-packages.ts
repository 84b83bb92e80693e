/** Ready-made packages that were built for another torch, CUDA or machine. */
import { pip, python } from "../commands.ts";
import { coded, type Rule, said, saidAny } from "../rule.ts";

export const readyPackageRules: readonly Rule[] = [
  {
    id: "xformers-built-for-other-torch",
    title: "xFormers was built for another torch",
    on: ["warning", "exception"],
    specificity: 75,
    matches: (finding) => (finding.code === "xformers-built-for" ? {} : undefined),
    confidence: "high",
    cause: () =>
      "xFormers' C++/CUDA part does not load: its wheel was built for another torch, CUDA or Python than the installed one; the lines below it say which.",
    fix: (match) => [
      pip(match, "install --upgrade --force-reinstall --no-deps xformers   # the release for your torch"),
      `${python(match)} -m xformers.info`,
      "# or from source: pip install --no-build-isolation --no-binary xformers xformers",
    ],
    sources: ["unslothai/unsloth#8580", "facebookresearch/xformers#982"],
    examples: [
      {
        text: "WARNING[XFORMERS]: xFormers can't load C++/CUDA extensions. xFormers was built for:\n    PyTorch 2.10.0+cu128 with CUDA 1208 (you have 2.11.0+cu130)",
        expect: "xformers",
      },
    ],
  },
  {
    id: "package-built-for-other-cuda",
    title: "A package and torch were compiled for different CUDA versions",
    on: ["exception"],
    specificity: 82,
    matches: (finding) =>
      said(
        finding,
        /Detected that PyTorch and (?<package>\w+) were compiled with different CUDA.*?(?:PyTorch has CUDA Version=(?<torch>[\d.]+).*?CUDA Version=(?<other>[\d.]+))?/s,
      ),
    confidence: "high",
    cause: (match) =>
      `The wheel of \`${match.facts["package"] ?? "the package"}\` is for another CUDA version than the installed torch.`,
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
      /^torch(?:vision|audio)$/.test(match.facts["package"] ?? "")
        ? pip(
            match,
            `install --force-reinstall torch ${match.facts["package"] ?? "torchvision"} --index-url https://download.pytorch.org/whl/cu130   # both from one index`,
          )
        : pip(
            match,
            `install --force-reinstall --no-cache-dir --no-deps --no-build-isolation ${(match.facts["package"] ?? "").replaceAll("_", "-")}`,
          ),
    ],
    sources: ["pytorch/vision: torchvision/extension.py"],
    examples: [
      {
        text: "RuntimeError: Detected that PyTorch and torchvision were compiled with different CUDA major versions. PyTorch has CUDA Version=12.1 and torchvision has CUDA Version=11.8. Please reinstall the torchvision that matches your PyTorch install.",
        expect: "one index",
      },
      {
        text: "RuntimeError: Detected that PyTorch and torch_scatter were compiled with different CUDA versions.",
        expect: "torch-scatter",
      },
    ],
  },
  {
    id: "package-needs-other-cuda",
    title: "The package supports this CUDA version or GPU not",
    on: ["exception"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /is only supported on CUDA (?<need>[\d.]+) and above/,
        /(?:requires|needs|need) (?:at least )?CUDA(?: version)? ?(?:>=|of at least)? ?(?<need>\d+\.\d+)/,
        /CUDA (?<need>[\d.]+) or (?:higher|later|newer|above) (?:is )?(?:required|must)/,
        /only supports (?<gpu>Ampere|Hopper|Turing|Ada|Blackwell|sm\w+) GPUs or newer/,
        /(?:requires|needs) (?:a )?GPU with compute capability (?:>=|at least|of at least)? ?(?<gpu>[\d.]+)/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["gpu"] === undefined
        ? `The package wants CUDA ${match.facts["need"] ?? ""} or newer, and the nvcc that is found (or torch's CUDA) is older: often the distribution's /usr/bin/nvcc.`
        : `The package's kernels are for ${match.facts["gpu"]} GPUs and newer ones; this GPU is older.`,
    fix: (match) =>
      match.facts["gpu"] === undefined
        ? [
            "which -a nvcc; nvcc --version",
            `export CUDA_HOME=/usr/local/cuda-${match.facts["need"] ?? "12"} PATH=/usr/local/cuda-${match.facts["need"] ?? "12"}/bin:$PATH`,
          ]
        : [
            "# an older release of the package, or another implementation (torch.nn.functional.scaled_dot_product_attention instead of flash-attn)",
          ],
    sources: ["Dao-AILab/flash-attention: setup.py"],
    examples: [
      {
        text: "RuntimeError: FlashAttention is only supported on CUDA 11.6 and above.  Note: make sure nvcc has a supported version by running nvcc -V.",
        expect: "11.6",
      },
      { text: "RuntimeError: FlashAttention only supports Ampere GPUs or newer.", expect: "Ampere" },
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
      `${python(match)} -m deepspeed.env_report   # ds_report`,
      "# usual reasons: no CUDA toolkit (CUDA_HOME), CUDA of another version than torch's, libaio-dev missing, no ninja",
    ],
    sources: ["https://www.deepspeed.ai/tutorials/advanced-install/"],
    examples: [
      {
        text: "RuntimeError: Unable to JIT load the fused_adam op due to it not being compatible due to hardware/software issue. None",
        expect: "ds_report",
      },
    ],
  },
  {
    id: "bitsandbytes-setup",
    title: "bitsandbytes finds no CUDA library for this environment",
    on: ["exception"],
    specificity: 70,
    matches: (finding) => coded(finding, "bitsandbytes"),
    confidence: "medium",
    cause: () =>
      "bitsandbytes looks for a ready-made library for torch's CUDA version and for CUDA's run time, and finds one of them not.",
    fix: (match) => [
      `${python(match)} -m bitsandbytes`,
      pip(match, "install --upgrade bitsandbytes"),
      "# or name the version: export BNB_CUDA_VERSION=126 LD_LIBRARY_PATH=/usr/local/cuda/lib64",
    ],
    sources: ["https://huggingface.co/docs/bitsandbytes/installation"],
    examples: [
      {
        text: "RuntimeError: CUDA Setup failed despite GPU being available. Please run the following command to get more information:",
        expect: "bitsandbytes",
      },
    ],
  },
];
