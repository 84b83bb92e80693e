/**
 * What asks for NVIDIA's CUDA on a machine whose GPU is AMD's: a torch that is no build for ROCm, a package that knows CUDA
 * alone, a wheel for CUDA. Sources that hipify should have translated are told of in rocm-sources.ts.
 */
import { pip, platformOf, python } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { header, missingLibrary } from "../matchers.ts";
import { packageOf } from "../tables/packages.ts";
import { type Match, type MatchFacts, type Rule, type RuleContext, said } from "../rule.ts";
import { asksForToolkit } from "./no-toolkit.ts";

const cudaHeaders =
  /^(?:cuda(?:_\w+)?|cublas\w*|cusparse\w*|cusolver\w*|cufft\w*|curand\w*|nvrtc|cudnn\w*|nvml|device_launch_parameters|driver_types|vector_types)\.h$|^(?:cub|cutlass|cute|cuda|cooperative_groups)\//;
const cudaLibraries =
  /^lib(?:cudart|cublas|cublasLt|cufft|curand|cusolver|cusparse|cusparseLt|cudnn\w*|nvrtc|nvJitLink|nvToolsExt|nccl|cuda|nvidia-ml)\b/;

/** What is missing, or said, that is NVIDIA's. */
function ofNvidia(finding: Finding, context: RuleContext): MatchFacts | undefined {
  if (finding.kind === "missing-library") return missingLibrary(finding, cudaLibraries);
  if (finding.kind === "missing-header") return header(finding, cudaHeaders);
  return (
    asksForToolkit(finding, context) ??
    said(finding, /(?<torch>Torch not compiled with CUDA enabled|Found no NVIDIA driver on your system)/)
  );
}

/** A torch for ROCm. Sources: https://pytorch.org/get-started/locally/, RELEASES.md of ROCm/TheRock for Windows. */
function rocmTorch(match: Match): string {
  return platformOf(match) === "win32"
    ? "# Windows: torch for ROCm is on AMD's own index, by the family of the GPU: https://github.com/ROCm/TheRock/blob/main/RELEASES.md"
    : `${pip(match, `install --force-reinstall torch --index-url https://download.pytorch.org/whl/rocm${match.context.log.torchRocm ?? "6.4"}`)}   # None: a torch for ROCm; the releases of ROCm that it is made for: https://pytorch.org/get-started/locally/`;
}

/** Whether it is apex that is built: by the script's folder, or the folder of the prompt. */
function ofApex(finding: Finding, { findings, log }: RuleContext): boolean {
  const all = [finding, ...findings].map(({ text, frames = [] }) => `${text} ${frames.join(" ")}`).join(" ");
  return /[\\/]apex\b/.test(all) || log.package === "apex" || /\bapex\b/.test(log.requirement ?? "");
}

export const cudaOnAmdRules: readonly Rule[] = [
  {
    id: "nvcc-asked-for-on-rocm",
    title: "A set-up script asks for nvcc, and torch is for ROCm",
    on: ["exception"],
    specificity: 88,
    matches: (finding, context) =>
      context.log.torchBuild === "rocm" &&
      ((finding.code === "TypeError" && /\+: 'NoneType' and 'str'/.test(finding.message)) ||
        /name '(?:bare_metal_version|nvcc_cuda_version)' is not defined/.test(finding.message))
        ? { apex: ofApex(finding, context) ? "yes" : undefined }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `The set-up script runs CUDA_HOME/bin/nvcc, and a torch for ROCm has no CUDA_HOME: ${match.facts["apex"] === undefined ? "the package" : "NVIDIA's apex"} is written for NVIDIA GPUs. Neither nvcc nor a toolkit of CUDA would help here.`,
    fix: (match) =>
      match.facts["apex"] === undefined
        ? [
            "# a release or a fork of the package that builds with hipcc (search github.com/ROCm for it), or do without it",
          ]
        : [
            pip(match, "uninstall -y apex"),
            `git clone https://github.com/ROCm/apex.git apex-rocm && cd apex-rocm && git branch -r   # AMD's fork: check out the release branch that its README names for this torch${match.context.log.installedTorch === undefined ? "" : ` (${match.context.log.installedTorch})`}`,
            `${pip(match, 'install -v --no-build-isolation --config-settings "--build-option=--cpp_ext" --config-settings "--build-option=--cuda_ext" .')}   # in that folder`,
          ],
    sources: ["ROCm/apex#112", "ROCm/apex#115", "ROCm/apex#132"],
    examples: [
      {
        text: '~/apex# pip install -v --no-build-isolation ./\ntorch.__version__  = 2.3.0+rocm6.0\n  File "/root/apex/setup.py", line 24, in get_cuda_bare_metal_version\n    raw_output = subprocess.check_output([cuda_dir + "/bin/nvcc", "-V"], universal_newlines=True)\nTypeError: unsupported operand type(s) for +: \'NoneType\' and \'str\'',
        expect: "https://github.com/ROCm/apex.git",
      },
      {
        text: "torch.__version__  = 2.3.0+rocm6.0\nNameError: name 'bare_metal_version' is not defined",
        expect: "builds with hipcc",
      },
    ],
  },
  {
    id: "nvidia-thrust-in-rocm-build",
    title: "A build for ROCm takes NVIDIA's Thrust out of /usr/include",
    on: ["missing-header"],
    specificity: 91,
    matches: (finding, context) =>
      (context.log.amd || finding.tool === "hipcc") &&
      /^\/usr\/(?:local\/)?include\/(?:thrust|cub)\//.test(finding.file ?? "")
        ? header(finding, /^(?:cuda\w*|cub\/.*|thrust\/.*|nv\/.*)/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `The Thrust (or CUB) that is included is NVIDIA's, of the distribution (${match.finding.file ?? "/usr/include/thrust"}; Debian: libthrust-dev), and wants \`${match.facts["header"] ?? ""}\` of CUDA. A build for ROCm needs AMD's: rocThrust and hipCUB, whose headers have the same names.`,
    fix: () => [
      "dpkg -S /usr/include/thrust; sudo apt-get remove libthrust-dev libcub-dev",
      "sudo apt-get install rocthrust-dev hipcub-dev rocprim-dev   # of the release of ROCm that is installed; dnf: rocthrust-devel hipcub-devel rocprim-devel",
      "export CPATH=/opt/rocm/include:$CPATH   # then build again from an empty folder",
    ],
    sources: ["ROCm/pytorch#361"],
    examples: [
      {
        text: "/usr/include/thrust/system/cuda/detail/guarded_cuda_runtime_api.h:38:10: fatal error: 'cuda_runtime_api.h' file not found\n1 error generated.\nDied at /opt/rocm/bin/hipcc line 501.",
        expect: "rocthrust-dev",
      },
    ],
  },
  {
    id: "cuda-wanted-on-amd",
    title: "CUDA is asked for on a machine with an AMD GPU",
    on: ["missing-header", "missing-library", "missing-program", "exception", "gpu", "build-tool", "driver"],
    specificity: 85,
    matches: (finding, context) => (context.log.amd ? ofNvidia(finding, context) : undefined),
    confidence: (match) => (match.facts["torch"] === undefined ? "medium" : "high"),
    cause: (match) => {
      const { torch, header: missing, name } = match.facts;
      if (torch !== undefined)
        return "The text tells of an AMD GPU, and the torch that runs is no build for ROCm (the CPU's, or NVIDIA's): torch for ROCm answers to `cuda`, too. NVIDIA's toolkit or driver is of no use here.";
      const what = missing ?? name;
      return `The text tells of an AMD GPU, and ${what === undefined ? "the build looks for NVIDIA's CUDA toolkit" : `\`${what}\` is of NVIDIA's CUDA`}: ${name === undefined ? "the torch at hand is no build for ROCm, so that its build tools take the machine for one with CUDA, or the package itself knows CUDA alone." : "what asks for it is a wheel that was built for CUDA."} Installing CUDA would not help.`;
    },
    fix: (match) => {
      const name = packageOf(match) ?? match.context.log.package;
      return [
        `${python(match)} -c "import torch; print(torch.__version__, torch.version.hip)"   # None: torch is not for ROCm`,
        rocmTorch(match),
        ...(match.facts["torch"] !== undefined
          ? []
          : [
              platformOf(match) === "win32"
                ? "set ROCM_HOME=%HIP_PATH%"
                : "export ROCM_HOME=/opt/rocm   # pip's ROCm: $(rocm-sdk path --root)",
              `${pip(match, `install -v --no-build-isolation --no-cache-dir --no-binary :all: --no-deps ${name ?? "."}`)}   # from source, with that torch: CUDAExtension translates the kernels to HIP`,
              `# kernels that are written for NVIDIA alone need the ROCm edition of ${name ?? "the package"}: look for it at github.com/ROCm and in its own README`,
            ]),
      ];
    },
    sources: ["https://pytorch.org/docs/stable/notes/hip.html"],
    examples: [
      {
        text: "GPU: AMD Radeon RX 7900 XTX, ROCm 6.2\nOSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.",
        expect: "whl/rocm",
      },
      {
        text: "pip install torch --index-url https://download.pytorch.org/whl/rocm6.3\nImportError: libcudart.so.12: cannot open shared object file: No such file or directory",
        expect: "a wheel that was built for CUDA",
      },
      {
        text: "Installation for AMD GPUs fails\nFileNotFoundError: [Errno 2] No such file or directory: '/opt/cuda/bin/nvcc'",
        expect: "Installing CUDA would not help",
      },
      {
        text: "AMD Ryzen AI MAX+ 395, gfx1151\nAssertionError: Torch not compiled with CUDA enabled",
        expect: "no build for ROCm",
      },
    ],
  },
];
