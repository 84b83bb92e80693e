/** Sources that are compiled for ROCm: torch's own, which a script translates first, and extensions that the wrong compiler gets. */
import { ownTarget, targetOfText } from "../commands/amd-targets.ts";
import { buildAgain, pip, setVariable } from "../commands/commands.ts";
import { header, includedBy } from "../matchers.ts";
import { type Match, type MatchFacts, placeOf, type Rule, type RuleContext, saidAny } from "../rule.ts";
import type { Finding } from "../finding.ts";

/** Folders of PyTorch's own source. */
const ofTorch = /(?:^|[\\/])(?:c10|caffe2|aten[\\/](?:src|build)|torch[\\/]csrc)[\\/]/;
const installed = /(?:site|dist)-packages[\\/]/;

function inTorchSource(finding: Finding): boolean {
  const file = finding.file ?? "";
  return ofTorch.test(file) && !installed.test(file);
}

function forAmd(finding: Finding, context: RuleContext): boolean {
  return (
    context.log.amd ||
    finding.tool === "hipcc" ||
    context.findings.some((other) => /torch_hip|c10_hip|compiling for (?:gfx|host)/.test(other.text))
  );
}

function cleanBuild(): string[] {
  return [
    "rm -rf build && git submodule update --init --recursive   # in the checkout; stale translations: git status --ignored, git clean -xfd (removes all that is not committed)",
    "python tools/amd_build/build_amd.py   # translates CUDA to HIP; before each build, and again after a git pull",
  ];
}

/** Names of ROCm's libraries. */
const rocmName =
  "hip(?:rtc|blas|sparse|solver|rand|fft|dnn)?[A-Z]\\w*|HIP(?:BLAS(?:LT)?|SPARSE|SOLVER|RAND|FFT)?_[A-Z]\\w*|roc(?:blas|sparse|solver|rand|fft|prim|tx)_\\w+|miopen[A-Z]\\w*|MIOPEN_\\w+";

/** Where those names are declared that do not come with <hip/hip_runtime.h>. */
const rocmHeaders: readonly (readonly [RegExp, string])[] = [
  [/^HIP_VERSION/, "hip/hip_version.h"],
  [/^(?:hipblasLt|HIPBLASLT)/, "hipblaslt/hipblaslt.h"],
  [/^(?:hipblas|HIPBLAS)/, "hipblas/hipblas.h"],
  [/^rocblas_/, "rocblas/rocblas.h"],
  [/^(?:hipsparse|HIPSPARSE)/, "hipsparse/hipsparse.h"],
  [/^rocsparse_/, "rocsparse/rocsparse.h"],
  [/^(?:hipsolver|HIPSOLVER)/, "hipsolver/hipsolver.h"],
  [/^rocsolver_/, "rocsolver/rocsolver.h"],
  [/^(?:hipfft|HIPFFT)/, "hipfft/hipfft.h"],
  [/^(?:hiprand|HIPRAND)/, "hiprand/hiprand.h"],
  [/^(?:miopen|MIOPEN)/, "miopen/miopen.h"],
];

function headerOf(name: string): string | undefined {
  return rocmHeaders.find(([form]) => form.test(name))?.[1];
}

function cudaName({ name = "", instead }: MatchFacts): string {
  return instead ?? name.replace("HIP", "CUDA").replace("Hip", "Cuda");
}

/** Whether the text names a GPU of RDNA (gfx10, gfx11, gfx12), and none of Instinct. */
function ofRdna({ context }: Match): boolean {
  const named = context.findings.flatMap(({ text }) => text.match(/\bgfx\d+\w*/g) ?? []);
  if (named.length === 0 && context.log.gfx !== undefined) named.push(context.log.gfx);
  return named.length > 0 && named.every((gfx) => /^gfx1[0-2]/.test(gfx));
}

export const rocmSourceRules: readonly Rule[] = [
  {
    id: "composable-kernel-not-checked-out",
    title: "Composable Kernel's sources are not there, or are of another commit",
    on: ["missing-header"],
    specificity: 86,
    matches: (finding) => header(finding, /^(?:fmha_(?:fwd|bwd)|mask|bias|rotary)\.hpp$|^(?:ck|ck_tile)\//),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["header"] ?? ""}\`${includedBy(match)} is of Composable Kernel, which flash-attn and xFormers for ROCm bring as a git submodule: it was not checked out, or is of another commit than the project names (after a git pull without its submodules).${ofRdna(match) ? " And the GPU is one of RDNA: Composable Kernel's attention is made for Instinct (MI200, MI300) in most releases, and flash-attn's other backend, Triton, is the one for Radeon." : ""}`,
    fix: (match) => [
      ...(ofRdna(match)
        ? [
            "export FLASH_ATTENTION_TRITON_AMD_ENABLE=TRUE   # Triton's backend: nothing of Composable Kernel is compiled; set it when the program runs, too",
            ...buildAgain(match),
            "# Composable Kernel all the same (newer releases compile for some of RDNA):",
          ]
        : []),
      `${ofRdna(match) ? "# " : ""}git submodule update --init --recursive   # in the project's folder; pip install git+https://… clones them, too`,
      ...(ofRdna(match) ? [] : buildAgain(match)),
    ],
    sources: ["Dao-AILab/flash-attention#1105", "Dao-AILab/flash-attention: README.md"],
    examples: [
      {
        text: "torch 2.5.0+rocm6.2\n$ pip install . --no-build-isolation\n/w/flash-attention/csrc/flash_attn_ck/mha_bwd.hip:7:10: fatal error: 'fmha_bwd.hpp' file not found\n1 error generated when compiling for gfx90a.",
        expect: "git submodule update --init --recursive",
      },
      {
        text: "torch 2.5.0+rocm6.2\n$ pip install . --no-build-isolation\n/w/flash-attention/csrc/flash_attn_ck/mha_bwd.hip:7:10: fatal error: 'fmha_bwd.hpp' file not found\n1 error generated when compiling for gfx1100.",
        expect: "export FLASH_ATTENTION_TRITON_AMD_ENABLE=TRUE",
      },
    ],
  },
  {
    id: "torch-source-not-hipified",
    title: "PyTorch's source was not translated for ROCm",
    on: ["compile", "missing-header"],
    specificity: 90,
    matches: (finding, context) => {
      if (!inTorchSource(finding) || !forAmd(finding, context)) return undefined;
      if (finding.kind === "missing-header")
        return header(
          finding,
          /^(?<name>cuda(?:_\w+)?\.h|cublas\w*\.h|cudnn\w*\.h|cusparse\w*\.h|cufft\w*\.h|nccl\.h|cub\/.*)$/,
        );
      return saidAny(
        finding,
        /(?:use of undeclared identifier|unknown type name|no type named|was not declared|identifier) ['‘"](?<name>(?:cuda|cu(?:blas|dnn|sparse|solver|fft|rand))\w*)['’"]/,
        /['‘"](?<name>cuda[A-Z]\w*)['’"] was not declared/,
      );
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? match.facts["header"] ?? ""}\` of CUDA stands in ${placeOf(match.finding)}, which is compiled for ROCm: PyTorch's sources were not translated by tools/amd_build/build_amd.py, or only in part (a file that came later, a changed checkout, a translation of another release).`,
    fix: (match) => [
      ...cleanBuild(),
      `export USE_ROCM=1 USE_CUDA=0 PYTORCH_ROCM_ARCH=${targetOfText(match) ?? ownTarget}; python setup.py develop`,
      "# still there: this release of PyTorch is older or newer than the ROCm (its README names the ROCm that it is built with)",
    ],
    sources: ["pytorch/pytorch#63280", "rocm-arch/python-pytorch-rocm#5"],
    examples: [
      {
        text: "FAILED: c10/hip/CMakeFiles/c10_hip.dir/HIPStream.cpp.o\n/opt/rocm/llvm/bin/clang++ -DROCM_VERSION=40300 -c ../c10/hip/HIPStream.cpp\n../c10/hip/HIPGraphsC10Utils.h:24:43: error: use of undeclared identifier 'cudaStreamCaptureModeRelaxed'",
        expect: "build_amd.py",
      },
    ],
  },
  {
    id: "hip-name-in-cuda-namespace",
    title: "torch for ROCm keeps CUDA's names in that namespace",
    on: ["compile"],
    specificity: 86,
    matches: (finding) =>
      saidAny(
        finding,
        /no (?:member|type) named ['"](?<name>\w*(?:HIP|Hip)\w*)['"] in namespace ['"](?<namespace>(?:at|c10)::cuda)['"](?:; did you mean ['"](?:\w+::)*(?<instead>\w+)['"])?/,
        /['‘"](?<name>\w*(?:HIP|Hip)\w*)['’"] is not a member of ['‘"](?<namespace>(?:at|c10)::cuda)['’"](?:; did you mean ['‘"](?:\w+::)*(?<instead>\w+)['’"])?/,
      ),
    confidence: "high",
    cause: (match) => {
      const { name = "", namespace = "" } = match.facts;
      return `\`${namespace}::${name}\` (${placeOf(match.finding)}) is half translated: the HIP name in CUDA's namespace. The headers of this torch have \`${namespace}::${cudaName(match.facts)}\` under ROCm, too, and the HIP name in \`${namespace.replace("cuda", "hip")}\` alone: the source was written for the translation (hipify) of another torch.`;
    },
    fix: (match) => {
      const { name = "", namespace = "" } = match.facts;
      return [
        `grep -rlw '${name}' --include='*.cu' --include='*.cuh' --include='*.cpp' --include='*.h' . | xargs -r sed -i.bak 's/\\b${namespace}::${name}\\b/${namespace}::${cudaName(match.facts)}/g'   # in the sources, of which the .hip is made`,
        "# the build translates them anew; or a release of the package for this torch",
      ];
    },
    sources: ["ROCm/xformers#30"],
    examples: [
      {
        text: "/p/csrc/decoder/forward.hip:100:27: error: no member named 'getCurrentHIPStream' in namespace 'at::cuda'; did you mean 'getCurrentCUDAStream'?",
        expect: "at::cuda::getCurrentCUDAStream/g",
      },
      {
        text: "csrc/k_hip.cpp:12:20: error: no member named 'HIPGuard' in namespace 'c10::cuda'",
        expect: "c10::cuda::CUDAGuard",
      },
    ],
  },
  {
    id: "hip-function-not-declared",
    title: "A function or name of ROCm is not declared",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        new RegExp(
          `['‘"](?<name>${rocmName})['’"] (?:was not declared|has not been declared|is not a member|does not name a type)`,
        ),
        new RegExp(
          `(?:use of undeclared identifier|unknown type name|no (?:member|type|template) named) ['"](?<name>${rocmName})['"]`,
        ),
        new RegExp(`identifier ['"](?<name>${rocmName})['"] is undefined`),
      ),
    confidence: "medium",
    cause: (match) => {
      const rtc = (match.facts["name"] ?? "").startsWith("hiprtc");
      return `\`${match.facts["name"] ?? ""}\` is not in the headers that ${placeOf(match.finding)} got: ${headerOf(match.facts["name"] ?? "") === undefined ? "" : `it is of <${headerOf(match.facts["name"] ?? "") ?? ""}>, which may not be included there (another header brought it in once); or `}${rtc ? "the run-time compiler has had a header and library of its own (<hip/hiprtc.h>, libhiprtc) since ROCm 5, and the source includes another; or " : ""}the source is written for another release of ROCm than the one that is installed (functions come and go), or headers of two ROCms are mixed.`;
    },
    fix: (match) => [
      `grep -rlw ${match.facts["name"] ?? "hipCtxGetCurrent"} /opt/rocm/include | head; cat /opt/rocm/.info/version; ls -d /opt/rocm*   # does this ROCm have it, and where?`,
      ...((match.facts["name"] ?? "").startsWith("hiprtc") ? ["# source: #include <hip/hiprtc.h>, link -lhiprtc"] : []),
      ...(headerOf(match.facts["name"] ?? "") === undefined
        ? []
        : [`# has it: #include <${headerOf(match.facts["name"] ?? "") ?? ""}> in ${placeOf(match.finding)}`]),
      ...(inTorchSource(match.finding)
        ? [
            ...cleanBuild(),
            "# or the ROCm that this release of PyTorch was made for (torch.version.hip of its wheels), or a newer PyTorch for a newer ROCm",
          ]
        : ["# or a release of the package for this ROCm; hipcc as the compiler, with -D__HIP_PLATFORM_AMD__"]),
      ...(/^(?:hip|roc)blas/.test(match.facts["name"] ?? "")
        ? [
            "# torch's translation (hipify) writes hipBLAS for cuBLAS since torch 2.1 and rocBLAS before: take the branch of the package for this torch (ROCm/apex: release/<version>, or torch_2.1_higher)",
          ]
        : []),
    ],
    sources: ["pytorch/pytorch#123094"],
    examples: [
      {
        text: "/home/p/pytorch-v2.2.2/aten/src/ATen/hip/nvrtc_stub/ATenNVRTC.h:112:5: error: ‘hiprtcCompileProgram’ was not declared in this scope",
        expect: "hip/hiprtc.h",
      },
      {
        text: "/apex/csrc/mlp_hip.hip:89:7: error: use of undeclared identifier 'rocblas_datatype_f64_r'",
        expect: "#include <rocblas/rocblas.h>",
      },
      {
        text: "/w/pytorch/caffe2/core/hip/common_gpu.h:98:10: error: use of undeclared identifier 'HIP_VERSION'; did you mean '_SC_VERSION'?",
        expect: "hip/hip_version.h",
      },
    ],
  },
  {
    id: "rocm-extension-by-host-compiler",
    title: "GPU sources go to the host compiler in a build for ROCm",
    on: ["missing-header"],
    specificity: 88,
    matches: (finding, context) => {
      if (!context.log.amd || finding.tool === "hipcc" || finding.tool === "clang" || inTorchSource(finding))
        return undefined;
      return header(
        finding,
        /^(?:cooperative_groups(?:\.h|\/.*)|cuda(?:_\w+)?\.h|device_launch_parameters\.h|cub\/.*|cublas\w*\.h|curand\w*\.h|hip\/hip_cooperative_groups\.h)$/,
      );
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["header"] ?? ""}\`${includedBy(match)} is of CUDA, and this is a build for ROCm by the host compiler (gcc), which knows neither: the source was not translated (hipify), because setup.py makes it a CppExtension or names the .cu file by way of another source. CUDAExtension translates and calls hipcc with torch for ROCm, too.`,
    fix: (match) => [
      "# setup.py: CUDAExtension in place of CppExtension, all .cu files in sources, include_dirs with absolute paths; then hipify translates them",
      "# what hipify does not know: #ifdef USE_ROCM  #include <hip/hip_cooperative_groups.h>  #else  #include <cooperative_groups.h>  #endif",
      "sed -i.bak 's/\\bCppExtension\\b/CUDAExtension/g' setup.py",
      "find . -name '*_hip.*' -delete; rm -rf build   # stale translations",
      `${setVariable(match, "ROCM_HOME", "/opt/rocm")}   # hipcc is looked for there`,
      ...buildAgain(match),
      "# or a newer release of the package: it may know ROCm",
    ],
    sources: ["rahul-goel/fused-ssim#29"],
    examples: [
      {
        text: "c++ -MMD -fPIC -I/opt/rocm/include -c ssim_hip.cpp -o ssim_hip.o -std=c++17\n/p/ssim.cu:3:10: fatal error: cooperative_groups.h: No such file or directory",
        expect: "s/\\bCppExtension\\b/CUDAExtension/g' setup.py",
      },
    ],
  },
  {
    id: "cuda-names-with-rocm-torch",
    title: "The code asks torch for ROCm for functions by their CUDA names",
    on: ["undefined-symbol"],
    specificity: 88,
    matches: (finding, context) => {
      const name = /(?:c10::cuda::|at::cuda::|N3c104cuda|N2at4cuda)/.exec(finding.symbol ?? "");
      return name !== null && context.log.amd ? { name: finding.symbol } : undefined;
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is called c10::hip, at::hip there (HIPCachingAllocator, HIPStream): torch for ROCm renames them, and sources are translated to that by CUDAExtension (hipify) alone. A CMake project with libtorch, a .cpp beside the kernels or a wheel built for CUDA is not.`,
    fix: (match) => [
      "# setup.py: CUDAExtension with all sources, .cpp too; then find . -name '*_hip.*' -delete and build again",
      "# CMake: translate first: python -m torch.utils.hipify.hipify_python --project-directory . --output-directory hip (or github.com/ROCm/hipify_torch), and build what it wrote; link c10_hip, torch_hip",
      "# a wheel that is for CUDA: build the package from source against this torch",
      pip(match, "install -v --no-build-isolation ."),
    ],
    sources: ["pytorch/pytorch#116722"],
    examples: [
      {
        text: "undefined reference to `c10::cuda::CUDACachingAllocator::allocator'\ncollect2: error: ld returned 1 exit status\n/opt/rocm/bin/hipcc failed with exit code 1",
        expect: "hipify",
      },
    ],
  },
];
