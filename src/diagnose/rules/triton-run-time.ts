/** Triton when a program runs: not installed, or a kernel that wants more than the GPU has. */
import { installGpuTorch, pip, platformOf, python } from "../commands.ts";
import { said, type Match, type Rule } from "../rule.ts";
import { tritonFor } from "../version-facts.ts";

function installed(match: Match): string | undefined {
  return match.context.log.installedTorch ?? match.context.environment?.torch?.version;
}

export const tritonRunTimeRules: readonly Rule[] = [
  {
    id: "triton-not-installed",
    title: "Triton is not installed",
    on: ["exception"],
    specificity: 80,
    matches: (finding) => said(finding, /No module named ['"]triton['"]/),
    confidence: "high",
    cause: (match) =>
      `The code has kernels in Triton, and there is none: ${
        platformOf(match) === "win32"
          ? "torch for Windows comes without it; triton-windows is a build for it."
          : platformOf(match) === "darwin"
            ? "there is no Triton for macOS, since it has no code for Apple's GPUs."
            : match.context.log.torchBuild === "cpu"
              ? "the installed torch is one for the CPU, which does not bring it; Triton needs a GPU of NVIDIA, AMD or Intel."
              : "torch with CUDA for Linux brings it along; torch for the CPU, for Windows or macOS, and torch that was installed with --no-deps does not."
      }`,
    fix: (match) => {
      const triton = tritonFor(installed(match));
      if (platformOf(match) === "win32")
        return [
          triton === undefined
            ? `${pip(match, "install triton-windows")}   # the release for your torch: "triton-windows<3.6" for 2.9, <3.5 for 2.8, <3.4 for 2.7, <3.3 for 2.6`
            : pip(match, `install "triton-windows<${triton.below}"`),
        ];
      if (platformOf(match) === "darwin")
        return ["# take the package's code without Triton (an option, an older release), or a machine with a GPU"];
      if (match.context.log.torchBuild === "cpu") return [installGpuTorch(match)];
      return [
        `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"   # None: a torch for the CPU`,
        triton === undefined
          ? pip(match, "install --force-reinstall torch   # one with CUDA brings the Triton that fits")
          : pip(match, `install "triton==${triton.release}.*"   # the one of torch ${triton.torch}`),
      ];
    },
    sources: ["https://github.com/woct0rdho/triton-windows", "https://pypi.org/project/torch/"],
    examples: [
      { text: "ModuleNotFoundError: No module named 'triton'", expect: "torch with CUDA for Linux brings it along" },
      {
        text: "C:\\e> python -c \"import torch; print(torch.__version__)\"\n2.7.1+cu128\nModuleNotFoundError: No module named 'triton'",
        expect: 'triton-windows<3.4"',
      },
      { text: "torch==2.6.0+cu124\nModuleNotFoundError: No module named 'triton'", expect: "triton==3.2.*" },
    ],
  },
  {
    id: "triton-kernel-too-large",
    title: "A Triton kernel wants more than the GPU has",
    on: ["gpu"],
    specificity: 76,
    matches: (finding) =>
      said(
        finding,
        /out of resource: (?<what>shared memory|tensor memory|registers|threads), Required: (?<needed>\d+),? Hardware limit: (?<limit>\d+)/,
      ),
    confidence: "high",
    cause: (match) =>
      `A kernel that Triton compiled needs ${match.facts["needed"] ?? ""} ${match.facts["what"] === "threads" || match.facts["what"] === "registers" ? match.facts["what"] : `bytes of ${match.facts["what"] ?? "shared memory"}`} a block, and this GPU has ${match.facts["limit"] ?? ""}: its block sizes and number of stages were chosen for another GPU (A100 and H100 have more than RTX cards, V100 and T4), or for a smaller head size or type. Nothing that was installed is broken.`,
    fix: () => [
      "# one's own kernel: smaller BLOCK_M, BLOCK_N, BLOCK_K, or num_stages=1 or 2 in the triton.Config or the call; @triton.autotune leaves out configurations that do not fit when there are others",
      "# a package's kernel: a newer release of it (and of Triton), a config of its own for this GPU (fused_moe: configs/*.json), or another backend for attention; torch.compile: without mode='max-autotune'",
    ],
    sources: ["triton: python/triton/runtime/errors.py", "vllm-project/vllm#6732"],
    examples: [
      {
        text: "triton.runtime.errors.OutOfResources: out of resource: shared memory, Required: 131072, Hardware limit: 101376. Reducing block sizes or `num_stages` may help.",
        expect: "num_stages=1",
      },
    ],
  },
];
