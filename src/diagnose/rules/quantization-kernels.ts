/** The compiled parts of AutoGPTQ, AutoAWQ and their like, whose absence is a warning first and an exception later. */
import { installGpuTorch, pip, python } from "../commands/commands.ts";
import { onlyWarnings } from "./gpu-frames.ts";
import { coded, type Match, type Rule, saidAny } from "../rule.ts";

/** Which of the two packages speaks, by what the whole text says. */
function isAwq(match: Match): boolean {
  return /awq/i.test(
    `${match.finding.text} ${match.finding.frames?.join(" ") ?? ""} ${match.context.log.runningModule ?? ""}`,
  );
}

/** What the loader said of the module, when it was said. */
function reason(match: Match): string {
  const details = /Details: (.+)$/.exec(match.finding.text)?.[1];
  return details === undefined ? "" : ` The loader says: ${details}`;
}

export const quantizationKernelRules: readonly Rule[] = [
  {
    id: "quantization-kernels-missing",
    title: "The kernels of a quantization package are not there",
    on: ["warning", "exception"],
    specificity: 86,
    matches: (finding, context) =>
      (onlyWarnings(context) ? coded(finding, "no-quantization-kernels") : undefined) ??
      saidAny(
        finding,
        /auto-?awq kernels is needed to be installed/i,
        /[Pp]lease install (?:the )?(?:auto-?awq|exllama|auto-?gptq)[- ]?kernels/,
        /^name ['"](?:make_q4|q4_matmul|ext_make_q4|make_q_matrix|gemm_half_q_half|autogptq_cuda_\d+|exllama(?!v\d_ext\b)\w*|exlv2_ext|awq_ext|marlin_cuda)['"] is not defined/,
      ),
    confidence: (match) =>
      match.finding.kind === "warning" && match.context.findings.length === 1 ? "medium" : "high",
    cause: (match) =>
      isAwq(match)
        ? `AutoAWQ's kernels are a package of their own (autoawq-kernels: awq_ext, exl_ext), and they are not installed or do not load: they are compiled for one torch and one CUDA.${reason(match)} Without them some formats fail and the rest is slow.`
        : match.context.log.torchBuild === "cpu"
          ? `The torch that is installed (${match.context.log.installedTorch ?? "a build for the CPU"}) is one for the CPU, and beside it auto-gptq has no kernels: they are compiled for torch with CUDA. It was a warning at the import; what uses the kernels fails later.`
          : `The compiled part of auto-gptq (exllama_kernels, autogptq_cuda) is not there or does not load: pip took the wheel without it, it was built where no nvcc or no GPU was found, or it is for another torch or CUDA than the one installed.${reason(match)} It was a warning at the import; what uses the kernels fails later.`,
    fix: (match) => {
      const { gpuImage } = match.context.log;
      const torch = installGpuTorch(match);
      const version = /^\d[\d.]*\d/.exec(match.context.log.versions["auto-gptq"] ?? "")?.[0];
      const installed = `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"; nvcc --version`;
      return isAwq(match)
        ? [
            installed,
            pip(match, "install --force-reinstall --no-deps autoawq-kernels") +
              "   # its release for your torch: https://github.com/casper-hansen/AutoAWQ_kernels/releases",
            pip(
              match,
              "install -v --no-build-isolation --no-deps git+https://github.com/casper-hansen/AutoAWQ_kernels.git",
            ) + "   # or from source, with nvcc of torch's CUDA",
            "# AutoAWQ is no longer developed: Transformers and vLLM read its models by their own kernels",
          ]
        : match.context.log.torchBuild === "cpu"
          ? [
              torch,
              pip(match, "uninstall -y auto-gptq"),
              pip(
                match,
                `install --no-cache-dir --no-deps auto-gptq${version === undefined ? "" : `==${version}`} --extra-index-url https://huggingface.github.io/autogptq-index/whl/${/whl\/cu12/.test(torch) ? "cu121" : "cu118"}/`,
              ) + "   # wheels with the kernels",
              `${python(match)} -c "import torch, autogptq_cuda_256; print(torch.version.cuda)"`,
              "# or its successor: pip install -v --no-build-isolation gptqmodel",
            ]
          : [
              ...(gpuImage !== undefined && /-(?:runtime|base)\b/.test(gpuImage)
                ? [
                    `# Dockerfile: FROM ${gpuImage.replace(/-(?:runtime|base)\b/, "-devel")}   in place of ${gpuImage}, which has no nvcc; then build the image again`,
                  ]
                : []),
              installed,
              pip(match, "uninstall -y auto-gptq"),
              pip(
                match,
                "install -v --no-build-isolation --no-deps --no-cache-dir git+https://github.com/AutoGPTQ/AutoGPTQ.git",
              ) + "   # from source: nvcc of torch's CUDA and CUDA_HOME; BUILD_CUDA_EXT must not be 0",
              `${python(match)} -c "import torch, exllama_kernels, autogptq_cuda_64"   # says why a module does not load`,
              "# or its successor: pip install -v --no-build-isolation gptqmodel; without exllama: GPTQConfig(bits=4, use_exllama=False)",
            ];
    },
    sources: [
      "AutoGPTQ/AutoGPTQ#402",
      "AutoGPTQ/AutoGPTQ#694",
      "casper-hansen/AutoAWQ_kernels#34",
      "hiyouga/LlamaFactory#4229",
    ],
    examples: [
      {
        text: "Name: auto-gptq\nVersion: 0.3.2\n2.0.1+cpu\nCUDA extension not installed.\nNameError: name 'autogptq_cuda_256' is not defined",
        expect: "auto-gptq==0.3.2 --extra-index-url",
      },
      {
        text: "FROM pytorch/pytorch:2.1.0-cuda11.8-cudnn8-runtime\nRUN pip3 install .\nWARNING:auto_gptq.nn_modules.qlinear_old:CUDA extension not installed.\nNameError: name 'make_q4' is not defined",
        expect: "FROM pytorch/pytorch:2.1.0-cuda11.8-cudnn8-devel",
      },
      {
        text: "WARNING:auto_gptq.nn_modules.qlinear.qlinear_cuda:CUDA extension not installed.\nERROR:auto_gptq.nn_modules.qlinear.qlinear_exllama:exllama_kernels not installed.\nNameError: name 'make_q4' is not defined",
        expect: "AutoGPTQ.git",
      },
      {
        text: "ValueError: auto-awq kernels is needed to be installed to use `.backward()`. Make sure to install the auto-awq kernels by following the installation guides in https://github.com/casper-hansen/AutoAWQ_kernels",
        expect: "autoawq-kernels",
      },
    ],
  },
  {
    id: "quantization-kernels-for-other-cuda",
    title: "The kernels of AutoAWQ are for another CUDA",
    on: ["missing-library", "undefined-symbol"],
    specificity: 90,
    matches: (finding) =>
      /could not load [\w ]+ kernels extension\. Details:/.test(finding.text)
        ? { cuda: /lib(?:cudart|cublas|cublasLt|nvrtc)\.so\.(\d+)/.exec(finding.library ?? "")?.[1] }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `autoawq-kernels ${match.facts["cuda"] === undefined ? `was compiled for another torch: \`${match.finding.symbol ?? match.finding.library ?? ""}\` is not there` : `was compiled with CUDA ${match.facts["cuda"]}, whose \`${match.finding.library ?? ""}\` is not there: the installed torch is for another CUDA (or for none)`}.`,
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
      pip(match, "install --force-reinstall --no-deps autoawq-kernels") +
        "   # the wheel for your torch and CUDA: https://github.com/casper-hansen/AutoAWQ_kernels/releases",
      pip(match, "install -v --no-build-isolation --no-deps git+https://github.com/casper-hansen/AutoAWQ_kernels.git") +
        "   # or from source, with nvcc of torch's CUDA",
      ...(match.facts["cuda"] === undefined
        ? []
        : [
            `# or a torch for CUDA ${match.facts["cuda"]}; or its run time beside: ${pip(match, `install nvidia-cuda-runtime-cu${match.facts["cuda"]}`)}`,
          ]),
    ],
    sources: ["casper-hansen/AutoAWQ#579"],
    examples: [
      {
        text: "UserWarning: AutoAWQ could not load GEMM kernels extension. Details: libcudart.so.12: cannot open shared object file: No such file or directory",
        expect: "autoawq-kernels",
      },
    ],
  },
];
