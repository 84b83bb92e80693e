/** Builds of torch and of extensions without this GPU, or without any. */
import { installGpuTorch, installTorchFor, pip, python, setVariable, buildForThisGpu } from "../commands/commands.ts";
import { reinstallMmcv } from "../commands/mmcv.ts";
import { coded, type Match, type Rule, type RuleContext, said } from "../rule.ts";

/** The compute capability that a message names, as a number: 12, 6.1. */
function capabilityOf(match: Match): number | undefined {
  const { sm, cc } = match.facts;
  const digits = /^(\d+)(\d)/.exec(sm ?? "");
  const value = Number(digits === null ? cc : `${digits[1] ?? ""}.${digits[2] ?? ""}`);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

/**
 * torch before 2.11 compares the whole number, and warns of a GPU (GB10: 12.1) whose major version it has code for (12.0),
 * which runs there. Sources: pytorch/pytorch#172629 and #166185, which mends it.
 */
function isFalseAlarm({ torchCapabilities }: RuleContext["log"], cc: string | undefined): boolean {
  const [major, minor] = (cc ?? "").split(".");
  const [most, of] = (torchCapabilities?.[1] ?? "").split(".");
  return minor !== undefined && of !== undefined && major === most && Number(minor) > Number(of);
}

/** What the text lists beside the old torch and was compiled for it: a new torch needs it anew. spconv: microsoft/TRELLIS, its issues on the RTX 50. */
function compiledBeside(match: Match): string[] {
  const names = Object.keys(match.context.log.versions);
  const spconv = names.find((name) => /^spconv-cu(?:1[01]\d)$/.test(name));
  const others = names.filter((name) =>
    /^(?:kaolin|flash-attn|nvdiffrast|gsplat|pytorch3d|detectron2|mmcv(?:-full)?|torch-(?:scatter|sparse|cluster|spline-conv)|pyg-lib|diff-gaussian-rasterization|simple-knn|tinycudann|natten|mamba-ssm|causal-conv1d|auto-gptq|exllamav[23]|sageattention)$/.test(
      name,
    ),
  );
  return [
    ...(names.includes("xformers")
      ? [
          `${pip(match, "install --upgrade xformers --index-url https://download.pytorch.org/whl/cu128")}   # the one for the new torch`,
        ]
      : []),
    ...(spconv === undefined
      ? []
      : [pip(match, `uninstall -y ${spconv} ${spconv.replace("spconv", "cumm")}`), pip(match, "install spconv-cu120")]),
    ...(others.length === 0
      ? []
      : [
          `# compiled for the torch of before: ${others.join(", ")}. Their wheels for the new one, or build them again with TORCH_CUDA_ARCH_LIST of this GPU`,
        ]),
  ];
}

export const gpuSupportRules: readonly Rule[] = [
  {
    id: "torch-lacks-gpu-architecture",
    title: "The installed torch does not support this GPU",
    on: ["gpu", "warning"],
    role: "cause",
    specificity: 73,
    matches: (finding, context) => {
      const sm =
        /with CUDA capability sm_(?<sm>\w+)|sm_(?<sm2>\d+\w?) is not compatible|cuda capability (?<cc>\d+(?:\.\d+)?)/i.exec(
          finding.message,
        );
      if (
        finding.kind === "warning" &&
        !/is not compatible with the current PyTorch installation|PyTorch no longer supports this GPU|of cuda capability/i.test(
          finding.message,
        )
      )
        return undefined;
      if (finding.kind === "gpu" && finding.code !== "torch-arch") return undefined;
      if (isFalseAlarm(context.log, sm?.groups?.["cc"])) return undefined;
      return { sm: sm?.groups?.["sm"] ?? sm?.groups?.["sm2"], cc: sm?.groups?.["cc"] };
    },
    confidence: "high",
    cause: (match) => {
      const gpu = capabilityOf(match);
      const age =
        gpu === undefined ? "newer (or older)" : gpu < 7.5 ? "older" : gpu >= 8.9 ? "newer" : "newer (or older)";
      return `torch's own kernels were not compiled for ${gpu === undefined ? "this GPU" : match.facts["sm"] === undefined ? `compute capability ${match.facts["cc"] ?? ""}` : `sm_${match.facts["sm"]}`}: the GPU is ${age} than what this build of torch supports. Extensions built with it will not help.`;
    },
    fix: (match) => {
      const gpu = capabilityOf(match);
      return [
        `${python(match)} -c "import torch; print(torch.__version__, torch.cuda.get_arch_list())"`,
        ...(gpu === undefined
          ? [
              pip(
                match,
                "install --upgrade torch   # a newer GPU; for an older one take a build for an older CUDA (cu126)",
              ),
            ]
          : gpu >= 10
            ? [installTorchFor(match, "12.8"), ...compiledBeside(match)]
            : gpu >= 5 && gpu < 7.5
              ? [
                  installTorchFor(match, "12.6") +
                    "   # the builds for CUDA 12.6 keep compute capability 5.0 to 7.0, those for 12.8 and 13 do not",
                ]
              : gpu < 5
                ? [
                    pip(
                      match,
                      'install "torch<1.13"   # the last wheels with compute capability 3.7; 3.5 and older need a build from source',
                    ),
                  ]
                : [pip(match, "install --upgrade torch")]),
      ];
    },
    sources: ["pytorch/pytorch#157517", "https://pytorch.org/get-started/previous-versions/"],
    examples: [
      {
        text: "UserWarning:\nNVIDIA GeForce RTX 5090 with CUDA capability sm_120 is not compatible with the current PyTorch installation.\nThe current PyTorch install supports CUDA capabilities sm_50 sm_60 sm_90.",
        expect: "sm_120",
      },
      {
        text: "NVIDIA GeForce RTX 5090 with CUDA capability sm_120 is not compatible with the current PyTorch installation.\nspconv-cu118    2.3.6\ntorch    2.4.0+cu118\nxformers    0.0.27.post2+cu118",
        expect: "install spconv-cu120",
      },
      {
        text: "UserWarning: \n    Found GPU0 NVIDIA GeForce GTX 1080 Ti which is of cuda capability 6.1.\n    Minimum and Maximum cuda capability supported by this version of PyTorch is\n    (7.5) - (12.0)",
        expect: "whl/cu126",
      },
    ],
  },
  {
    id: "extension-built-without-gpu",
    title: "The extension was built without its GPU part",
    on: ["gpu"],
    specificity: 70,
    matches: (finding) => (/bitsandbytes/.test(finding.text) ? undefined : coded(finding, "extension-without-gpu")),
    confidence: "high",
    cause: () =>
      "The CUDA sources were left out when the package was built: its setup.py asks torch.cuda.is_available(), and no GPU was visible then (a docker build, a login node), or CUDA_HOME was not found.",
    fix: (match) =>
      // The words of mmcv's own dispatcher: its wheels, or its sources with operators (mmcv/ops/csrc/common/pytorch_device_registry.hpp).
      /implementation for device \S+ not found/.test(match.finding.text)
        ? [
            ...reinstallMmcv(match),
            `# from source: FORCE_CUDA=1 MMCV_WITH_OPS=1 ${pip(match, "install --no-build-isolation --no-cache-dir --force-reinstall --no-deps --no-binary mmcv mmcv")}`,
          ]
        : [setVariable(match, "FORCE_CUDA", "1"), ...buildForThisGpu(match)],
    sources: ["facebookresearch/detectron2#55", "facebookresearch/detectron2#1406", "facebookresearch/pytorch3d#318"],
    examples: [
      { text: "RuntimeError: Not compiled with GPU support", expect: "FORCE_CUDA" },
      { text: "RuntimeError: nms is not compiled with GPU support", expect: "FORCE_CUDA" },
      { text: "RuntimeError: nms_impl: implementation for device cuda:0 not found.", expect: "mim install" },
      {
        text: 'Traceback (most recent call last):\n  File "/home/u/detectron2/modeling/poolers.py", line 12, in forward\n    return self.pool(x)\nRuntimeError: Not compiled with GPU support (ROIAlign_forward at /home/u/detectron2/layers/csrc/ROIAlign/ROIAlign.h:73)',
        expect: "facebookresearch/detectron2",
      },
    ],
  },
  {
    id: "torch-without-cuda",
    title: "The installed torch is a CPU-only build",
    on: ["gpu", "build-tool"],
    specificity: 70,
    matches: (finding) =>
      finding.kind === "build-tool"
        ? finding.tool === "cmake"
          ? said(finding, /this PyTorch\s+installation\s+does\s+not\s+support\s+(?<what>CUDA)/)
          : undefined
        : coded(finding, "torch-without-gpu") === undefined
          ? undefined
          : { what: /compiled with (\w+) enabled/.exec(finding.message)?.[1] },
    confidence: "high",
    cause: (match) =>
      `The program uses ${match.facts["what"] ?? "CUDA"}, and this torch${match.context.environment?.torch === undefined ? "" : ` (${match.context.environment.torch.version})`} was built without it: pip or conda chose a CPU wheel.`,
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
      match.facts["what"] === "XPU"
        ? pip(match, "install --force-reinstall torch --index-url https://download.pytorch.org/whl/xpu")
        : installGpuTorch(match),
    ],
    sources: ["https://pytorch.org/get-started/locally/"],
    examples: [
      {
        text: "I already installed pytorch in my Mac laptop.\nAssertionError: Torch not compiled with CUDA enabled",
        expect: "macOS has no CUDA",
      },
      { text: "AssertionError: Torch not compiled with CUDA enabled", expect: "download.pytorch.org/whl/cu" },
      { text: "AssertionError: Torch not compiled with XPU enabled", expect: "whl/xpu" },
      {
        text: 'HOROVOD_GPU_OPERATIONS=NCCL pip install horovod==0.28.1\n-- Found Pytorch: 2.1.0+cpu (found suitable version "2.1.0+cpu", minimum required is "1.5.0")\nCMake Error at horovod/torch/CMakeLists.txt:29 (message):\n  Horovod build with GPU support was requested but this PyTorch installation\n  does not support CUDA.',
        expect: "torch==2.1.0 --index-url https://download.pytorch.org/whl/cu121",
      },
    ],
  },
];
