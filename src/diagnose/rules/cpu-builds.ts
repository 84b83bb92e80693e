/** Functions for the GPU that are called in a build without CUDA: a guard is missing there, and not a source. */
import {
  buildAgain,
  installTorchFor,
  platformOf,
  python,
  rebuild,
  setVariable,
  toolkitFolder,
  toolkitOnPath,
  torchCuda,
} from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { liesIn } from "../origin.ts";
import { fromTorchIndex } from "../commands/project-tools.ts";
import { cudaBuildsOf, cudaOfBuild } from "../tables/torch-wheels.ts";
import type { Rule, RuleContext } from "../rule.ts";
import { asksForToolkit } from "./no-toolkit.ts";
import { installedSentence, symbolFacts } from "./symbol-facts.ts";
import { is } from "./symbol-owners.ts";
import { isCpuTorch } from "./torch-parts.ts";

/** `nms_cuda`, `RasterizeMeshesFineCuda`, `launch_gpu_kernel`; not `accuracy`. */
const forGpu = /(?:^|[_a-z\d])(?:CUDA|Cuda|GPU|Gpu)(?![a-z])|(?:^|_)(?:cuda|gpu)(?:_|$)|[a-z]_?cuda$/;

/** Whether the text has folders of packages, none of which is of the environment at hand: its torch is not that of the text. */
function isElsewhere({ log, environment }: RuleContext): boolean {
  return (
    environment !== undefined &&
    (log.hostedRunner || log.docker || log.packageFolders.length > 0) &&
    !liesIn(log, environment)
  );
}

/**
 * torch says that CUDA_HOME is not set, and the text sets it or runs nvcc, by which torch finds the toolkit, too: a torch for the CPU
 * does not look (`CUDA_HOME = _find_cuda_home() if (torch.cuda._is_compiled() …) else None` in cpp_extension.py).
 */
function isSetInVain(finding: Finding, context: RuleContext): boolean {
  const { log, environment } = context;
  const torch = log.torchBuild ?? log.torchCuda ?? (isElsewhere(context) ? undefined : environment?.torch?.version);
  const isShown =
    log.platform === "win32"
      ? log.setsCudaHome || (log.nvccShown !== undefined && !log.isolatedBuild)
      : (log.setsCudaHome || log.nvccShown !== undefined) && !log.isolatedBuild && !log.sudo;
  return isShown && torch === undefined && /CUDA_HOME environment variable is not set/.test(finding.message);
}

export const cpuBuildRules: readonly Rule[] = [
  {
    id: "cuda-extension-for-cpu-torch",
    title: "A CUDA extension is built with a torch for the CPU alone",
    on: ["exception", "warning"],
    specificity: 76,
    matches: (finding, context) =>
      context.log.torchBuild === "cpu" ||
      // Where only the environment tells so, a text that says itself that there is no nvcc is about that.
      (context.isUnsure !== true &&
        !isElsewhere(context) &&
        isCpuTorch(context) &&
        !/CUDA_HOME does not exist|nvcc/.test(finding.message))
        ? asksForToolkit(finding)
        : isSetInVain(finding, context)
          ? { guessed: "yes" }
          : undefined,
    confidence: (match) => (match.facts["guessed"] === undefined ? "high" : "medium"),
    cause: (match) =>
      match.facts["guessed"] !== undefined
        ? `${match.context.log.nvccShown === undefined ? "CUDA_HOME is set in the text" : `nvcc of CUDA ${match.context.log.nvccShown} is there`}, and torch takes CUDA_HOME for unset. It does so when it is a build for the CPU alone${platformOf(match) === "win32" ? ", as PyPI's torch for Windows is" : ""}, whatever the variable holds; else the variable was set in another ${platformOf(match) === "win32" ? "window" : "shell"}. A torch with CUDA has to be installed first.`
        : `The torch here${match.context.log.installedTorch === undefined ? "" : ` (${match.context.log.installedTorch})`} is a build for the CPU alone, which does not look for CUDA: for it CUDA_HOME is not set, whatever the variable holds. The package compiles CUDA code: a torch with CUDA has to be installed first, and a toolkit of the same major version beside it.`,
    fix: (match) => {
      const release = /^\d+\.\d+\.\d+/.exec(match.context.log.installedTorch ?? "")?.[0];
      if (match.facts["guessed"] !== undefined)
        return [
          `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"   # None: a torch for the CPU`,
          installTorchFor(match, match.context.log.nvccShown ?? match.context.log.cuda ?? "13.0"),
          "# then the build again; torch finds the toolkit of CUDA_PATH by itself, which the toolkit's installer sets",
        ];
      const builds = release === undefined ? undefined : cudaBuildsOf(release);
      // A toolkit that the text shows serves torch's builds of the same major version.
      const there = match.context.log.cuda;
      const build =
        builds?.findLast((name) => there !== undefined && name.startsWith(`cu${there.split(".")[0] ?? ""}`)) ??
        builds?.at(-1) ??
        "cu130";
      const ofTorch = cudaOfBuild(build);
      const fits = there !== undefined && there.split(".")[0] === ofTorch.split(".")[0];
      const cuda = fits ? there : ofTorch;
      return [
        ...fromTorchIndex(match, release === undefined ? "torch" : `torch==${release}`, build),
        ...(fits
          ? []
          : [`# the CUDA toolkit ${cuda}, where there is no nvcc: https://developer.nvidia.com/cuda-toolkit-archive`]),
        setVariable(match, "CUDA_HOME", toolkitFolder(match, cuda)),
        toolkitOnPath(match),
        ...buildAgain(match),
        "# without a GPU: the package's build for the CPU, where it has one (CppExtension and the .cpp sources alone)",
      ];
    },
    sources: ["https://github.com/pytorch/pytorch/blob/main/torch/utils/cpp_extension.py"],
    examples: [
      {
        text: "torch.__version__  = 2.6.0+cpu\nOSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.",
        expect: "install torch==2.6.0+cu126 --index-url https://download.pytorch.org/whl/cu126",
      },
      {
        text: "C:\\p>nvcc --version\nCuda compilation tools, release 12.5, V12.5.40\nC:\\p>pip install -r requirements.txt\nUsing cached my_ops-1.2.0.post2.tar.gz (7.1 kB)\n  Preparing metadata (setup.py) ... error\n  C:\\Temp\\pip-install-z5\\my-ops_9a4e\\setup.py:74: UserWarning: my_ops was requested, but nvcc was not found.\n  torch.__version__  = 2.3.1+cpu",
        expect: "install --no-build-isolation my-ops==1.2.0.post2",
      },
      {
        text: 'C:\\w>set "CUDA_HOME=C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v12.9"\nC:\\w>python setup.py install\nOSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.',
        expect: "for the CPU alone, as PyPI's torch for Windows is",
      },
      {
        text: "(e) C:\\p>python setup.py install\nnvcc: NVIDIA (R) Cuda compiler driver\nCuda compilation tools, release 11.6, V11.6.55\nDetected CUDA version 11.6\nOSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.",
        expect: "nvcc of CUDA 11.6 is there",
      },
      {
        text: "I've already set CUDA_HOME in ~/.bashrc\nOSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.",
        expect: "build for the CPU alone",
      },
    ],
  },
  {
    id: "gpu-function-in-cpu-build",
    title: "A build without CUDA calls a function that only its CUDA sources define",
    on: ["undefined-symbol"],
    specificity: 51,
    matches: (finding, context) => {
      if (finding.phase !== "load" && finding.phase !== "link") return undefined;
      const verdict = is(finding, (v) => v.owner === "user" && forGpu.test(v.symbol.path.at(-1) ?? v.symbol.name));
      if (verdict === undefined) return undefined;
      const onMac = context.log.platform === "darwin" || /-darwin\.so|\.dylib/.test(finding.file ?? "");
      if (!onMac && !isCpuTorch(context)) return undefined;
      return { ...symbolFacts(finding, verdict, context), mac: onMac ? "yes" : undefined };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` is the project's own function for the GPU. ${match.facts["mac"] === undefined ? "The torch here is a CPU-only build" : "There is no CUDA on macOS"}, so its .cu sources were left out, and a C++ source calls it all the same: the call is not between \`#ifdef WITH_CUDA\` and \`#endif\`, or that macro is defined in a build without CUDA.${installedSentence(match)}`,
    fix: (match) => {
      const name = (match.facts["name"] ?? "").split("::").at(-1) ?? "";
      const isWindows = platformOf(match) === "win32";
      return [
        "# a package of others: a newer release or state of it (git pull), in which the call has its guard; or one that is for the CPU",
        isWindows
          ? `findstr /s /n "${name}" *.cpp *.h`
          : `grep -rn "${name}" --include=*.cpp --include=*.cc --include=*.h --include=*.mm .`,
        '# around each call: #ifdef WITH_CUDA … #else TORCH_CHECK(false, "built without CUDA"); #endif; setup.py: define_macros=[("WITH_CUDA", None)] beside the .cu sources alone',
        ...(match.facts["mac"] === undefined
          ? [
              `${installTorchFor(match, torchCuda(match) ?? match.context.log.cuda ?? "13.0")}   # or with CUDA: this torch, the CUDA toolkit, and`,
              `${setVariable(match, "FORCE_CUDA", "1")}   # for a setup.py that asks for a GPU`,
            ]
          : []),
        ...rebuild(match),
      ];
    },
    sources: ["facebookresearch/pytorch3d#26"],
    examples: [
      {
        text: "ImportError: dlopen(/Users/u/pytorch3d/_C.cpython-37m-darwin.so, 2): Symbol not found: __Z23RasterizeMeshesFineCudaRKN2at6TensorES2_ifiib\n  Referenced from: /Users/u/pytorch3d/_C.cpython-37m-darwin.so\n  Expected in: flat namespace",
        expect: "#ifdef WITH_CUDA",
      },
      {
        text: "torch 2.4.0+cpu\ntorch.__version__ = '2.4.0+cpu'\nImportError: /w/ext/_C.cpython-310-x86_64-linux-gnu.so: undefined symbol: _Z12nms_cuda_fwdRKN2at6TensorES2_f",
        expect: "CPU-only build",
      },
      {
        text: 'Undefined symbols for architecture arm64:\n  "roi_align_forward_cuda(at::Tensor const&, at::Tensor const&)", referenced from:\n      forward(at::Tensor const&) in vision.o\nld: symbol(s) not found for architecture arm64',
        expect: "no CUDA on macOS",
      },
    ],
  },
];
