/** Kernels that a server compiles when it starts: FlashInfer and its kin below vLLM and SGLang. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { pip, python, setVariable, torchCuda } from "../commands/commands.ts";
import { condaToolkit, useCondaToolkit } from "../tables/conda-toolkit.ts";
import { nvidiaRepository } from "../commands/nvidia-repository.ts";
import { ofLog } from "../matchers.ts";
import { coded, type Match, type Rule, type RuleContext, said } from "../rule.ts";
import { cudaOfBuild } from "../tables/torch-wheels.ts";
import { dotted } from "../tables/version-facts.ts";

/** How to do without FlashInfer for now. */
function without(match: Match): string {
  return match.context.findings.some((finding) => /sglang|sgl_kernel/.test(finding.frames?.join(" ") ?? finding.text))
    ? "# without FlashInfer: --attention-backend triton --sampling-backend pytorch"
    : `${setVariable(match, "VLLM_USE_FLASHINFER_SAMPLER", "0")}   # for now: vLLM without FlashInfer's sampler (and --attention-backend TRITON_ATTN or FLASH_ATTN)`;
}

function tellsOfSglKernel(context: RuleContext): boolean {
  return context.findings.some(({ message, text, file }) =>
    /sgl_kernel|common_ops/.test(`${message} ${text} ${file ?? ""}`),
  );
}

/** The toolkit of the text, else the CUDA that people name. */
function cudaOfText({ context: { log } }: Match): string | undefined {
  return log.nvccShown ?? log.cuda ?? log.spokenCuda;
}

/** Whether the text names a GPU of 12.x and a toolkit that FlashInfer takes no such targets from. */
function isOldForBlackwell(match: Match): boolean {
  const cuda = cudaOfText(match);
  return (
    match.context.log.namedGpu?.startsWith("12.") === true &&
    cuda !== undefined &&
    compareVersions(parseVersion(cuda), [12, 9]) < 0
  );
}

export const servingKernelRules: readonly Rule[] = [
  {
    id: "toolkit-too-old-for-gpu-at-run-time",
    title: "The CUDA toolkit that compiles kernels at run time is older than the GPU",
    on: ["gpu", "exception"],
    specificity: 86,
    matches: (finding) =>
      said(
        finding,
        /SM ?(?<sm>\d+(?:\.[\dx]+)?a? ?)(?:requires|needs) CUDA ?(?:>=|version|toolkit)? ?(?<cuda>\d+\.\d+)/i,
      ) ?? (coded(finding, "toolkit-for-sm") === undefined ? undefined : {}),
    confidence: "high",
    cause: (match) =>
      `The package compiles its kernels when the program starts, with the nvcc of this machine, and that is older than CUDA ${match.facts["cuda"] ?? "the GPU needs"}, which the GPU (SM ${(match.facts["sm"] ?? "").trim()}) needs. torch may have a newer CUDA of its own: that is the run time only. (A later "requires GPUs with sm75 or higher" follows from it: no usable GPU is left on the list.)`,
    fix: (match) => {
      const cuda = match.facts["cuda"] ?? "12.9";
      return match.context.log.conda
        ? [condaToolkit(cuda), `${useCondaToolkit} && rm -rf ~/.cache/flashinfer`, without(match)]
        : [
            "ls -d /usr/local/cuda*   # which toolkits are there",
            ...nvidiaRepository(match).map(
              (line) =>
                `# no ${cuda} or newer among them (Ubuntu, Debian): ${line} && sudo apt-get install -y cuda-toolkit-${cuda.replace(".", "-")}`,
            ),
            `export CUDA_HOME=/usr/local/cuda-${cuda} PATH=/usr/local/cuda-${cuda}/bin:$PATH && rm -rf ~/.cache/flashinfer`,
            without(match),
          ];
    },
    sources: ["vllm-project/vllm#50705"],
    examples: [{ text: "Failed to get device capability: SM 12.x requires CUDA >= 12.9.", expect: "cuda-12.9" }],
  },
  {
    id: "flashinfer-no-usable-gpu",
    title: "FlashInfer counts no GPU that it can compile for",
    on: ["exception"],
    specificity: 72,
    matches: (finding) =>
      said(finding, /FlashInfer requires (?:GPUs? with )?(?:sm|compute capability) ?(?<least>[\d.]+) or higher/i),
    confidence: "medium",
    cause: (match) =>
      isOldForBlackwell(match)
        ? `The GPU that the text names is of compute capability ${match.context.log.namedGpu ?? ""}, for which FlashInfer wants a CUDA toolkit of 12.9 or newer, and the text's CUDA is ${cudaOfText(match) ?? ""}: with that nvcc the list of targets stays empty, which FlashInfer reports as a GPU that is too old.`
        : `FlashInfer compiles for GPUs from ${dotted(match.facts["least"] ?? "75")} on, and its list of targets is empty: the GPU is older, TORCH_CUDA_ARCH_LIST or FLASHINFER_CUDA_ARCH_LIST names older ones only, or the local nvcc is too old for a new GPU (SM 12.x needs CUDA 12.9).`,
    fix: (match) =>
      isOldForBlackwell(match)
        ? [
            "ls -d /usr/local/cuda*   # is there one of 12.9 or newer? Else install it beside the other: https://developer.nvidia.com/cuda-toolkit-archive",
            "export CUDA_HOME=/usr/local/cuda-12.9 PATH=/usr/local/cuda-12.9/bin:$PATH; unset TORCH_CUDA_ARCH_LIST FLASHINFER_CUDA_ARCH_LIST; nvcc --version   # then start the program again, in the same shell",
            without(match),
          ]
        : [
            'python -c "import torch; print(torch.cuda.get_device_capability())"; nvcc --version; echo "$TORCH_CUDA_ARCH_LIST $FLASHINFER_CUDA_ARCH_LIST"',
            "# GPU of 12.x: CUDA toolkit 12.9 or newer and CUDA_HOME to it; a wrong list: unset TORCH_CUDA_ARCH_LIST FLASHINFER_CUDA_ARCH_LIST",
            without(match),
          ],
    sources: ["vllm-project/vllm#50705"],
    examples: [
      { text: "RuntimeError: FlashInfer requires GPUs with sm75 or higher", expect: "FLASHINFER_CUDA_ARCH_LIST" },
      {
        text: "I used a env with\n5090\ncuda 12.8\nRuntimeError: FlashInfer requires GPUs with sm75 or higher",
        expect: "the text's CUDA is 12.8",
      },
    ],
  },
  {
    id: "sgl-kernel-for-other-cuda",
    title: "sgl-kernel's wheel is for another CUDA than torch",
    on: ["missing-library"],
    specificity: 82,
    matches: (finding, context) => {
      const major = /lib(?:cudart|nvrtc|cublas|cublasLt)\.so\.(\d+)/.exec(finding.library ?? "")?.[1];
      return major !== undefined && ofLog(context, tellsOfSglKernel) ? { major } : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `sgl_kernel was compiled with CUDA ${match.facts["major"] ?? ""} and looks for its libraries; the torch that is installed${match.context.log.torchCuda === undefined ? "" : ` (CUDA ${match.context.log.torchCuda})`} brought another one. PyPI's wheel is for one CUDA, the others are on the project's own page.`,
    fix: (match) => {
      const cuda = match.context.log.torchCuda?.replace(".", "") ?? (match.facts["major"] === "12" ? "130" : "129");
      const stated = /^\d[\w.]*/.exec(match.context.log.versions["sgl-kernel"] ?? "")?.[0];
      return [
        `${python(match)} -c "import torch; print(torch.version.cuda)"`,
        `${pip(match, `install --force-reinstall --no-deps sgl-kernel${stated === undefined ? "" : `==${stated}`} --index-url https://docs.sglang.ai/whl/cu${cuda}/`)}   # the project's own index, for CUDA ${cudaOfBuild(`cu${cuda}`)}; newer releases are called sglang-kernel. Its files: https://github.com/sgl-project/whl/releases`,
        pip(
          match,
          `install nvidia-cuda-runtime-cu${match.facts["major"] ?? "12"} nvidia-cuda-nvrtc-cu${match.facts["major"] ?? "12"}`,
        ) + "   # for now: the libraries that it asks for, beside the others",
      ];
    },
    sources: ["sgl-project/sglang#18203"],
    examples: [
      {
        text: "[sgl_kernel] CRITICAL: Could not load any common_ops library!\n- ImportError: libnvrtc.so.12: cannot open shared object file: No such file or directory\n- ModuleNotFoundError: No module named 'common_ops'",
        expect: "nvidia-cuda-nvrtc-cu12",
      },
      {
        text: "[sgl_kernel] CRITICAL: Could not load any common_ops library!\n- ImportError: libcudart.so.12: cannot open shared object file: No such file or directory\n- ModuleNotFoundError: No module named 'common_ops'\ntorch 2.9.1+cu130",
        expect: "sgl-kernel --index-url https://docs.sglang.ai/whl/cu130/",
      },
    ],
  },
  {
    id: "flashinfer-needs-nvcc",
    title: "FlashInfer wants to compile, and there is no nvcc",
    on: ["exception", "missing-program"],
    specificity: 88,
    matches: (finding, context) => {
      const text = `${finding.message} ${finding.text} ${finding.frames?.join(" ") ?? ""}`;
      if (
        finding.kind === "missing-program"
          ? !/nvcc|ninja/.test(finding.program ?? "")
          : !/(?:find|found) nvcc|nvcc.*not (?:be )?found|nvcc.*No such file/i.test(finding.message)
      )
        return undefined;
      const near =
        /flashinfer/i.test(text) ||
        context.findings.some((other) => /flashinfer/i.test(`${other.text} ${other.frames?.join(" ") ?? ""}`));
      return near ? { program: finding.program ?? "nvcc" } : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `FlashInfer compiles kernels when they are first needed, and this machine has no \`${/ninja/.test(match.facts["program"] ?? "") ? "ninja" : "nvcc"}\` (torch and vLLM bring CUDA's run time only).`,
    fix: (match) => {
      const release = /^\d[\w.]*/.exec(match.context.log.versions["flashinfer-python"] ?? "")?.[0];
      const pin = release === undefined ? "" : `==${release}`;
      const told = `cu${(torchCuda(match) ?? "").replace(".", "")}`;
      // Those that FlashInfer's documentation names.
      const part = /^cu(?:128|129|130)$/.test(told) ? told : "cu129";
      return [
        ...(/ninja/.test(match.facts["program"] ?? "")
          ? [pip(match, "install ninja")]
          : [
              "# install the CUDA toolkit of torch's CUDA version (image: nvidia/cuda:…-devel), then: export CUDA_HOME=/usr/local/cuda PATH=/usr/local/cuda/bin:$PATH",
            ]),
        `${pip(match, `install flashinfer-cubin${pin} flashinfer-jit-cache${pin} --extra-index-url https://flashinfer.ai/whl/${part}`)}   # kernels that are compiled already${pin === "" ? "; same version as flashinfer-python" : ""}${part === told ? "" : ", cu<your CUDA>"}`,
        without(match),
      ];
    },
    sources: ["vllm-project/vllm#49497", "https://docs.flashinfer.ai/installation.html"],
    examples: [
      {
        text: "  File \"/e/lib/python3.12/site-packages/flashinfer/jit/cpp_ext.py\", line 43, in get_cuda_path\n    raise RuntimeError(\nRuntimeError: Could not find nvcc and default cuda_home='/usr/local/cuda' doesn't exist",
        expect: "VLLM_USE_FLASHINFER_SAMPLER=0",
      },
    ],
  },
];
