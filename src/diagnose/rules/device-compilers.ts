/** Compilers of device code beside nvcc: clang with a toolkit that it does not know, a hipcc that calls nvcc; and nvcc's stubs of kernels. */
import { setVariable } from "../commands/command-words.ts";
import { rebuild } from "../commands/commands.ts";
import { isKernelOfNewCuda, saysStaticStub } from "../commands/kernel-stubs.ts";
import { type Rule, saidAny } from "../rule.ts";

export const deviceCompilerRules: readonly Rule[] = [
  {
    id: "clang-older-than-cuda",
    title: "clang is older than the CUDA toolkit",
    on: ["missing-header"],
    specificity: 92,
    matches: (finding) =>
      /^texture_fetch_functions\.h$/.test(finding.header ?? "") &&
      /__clang_cuda_runtime_wrapper\.h/.test(`${finding.file ?? ""} ${finding.text}`)
        ? { clang: /[\\/]clang[\\/](\d+)/.exec(finding.file ?? finding.text)?.[1] }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `clang${match.facts["clang"] === undefined ? "" : ` ${match.facts["clang"]}`} includes texture_fetch_functions.h, which CUDA 13 does not have any more: this clang is older than the toolkit, and compiles CUDA of the toolkits before 13 alone. No header has to be installed.`,
    fix: (match) => [
      "ls -d /usr/local/cuda*   # a toolkit of CUDA 12 beside it? clang says with -Wunknown-cuda-version which one it knows",
      `# then clang with --cuda-path=/usr/local/cuda-12.x in place of the folder that it has now; or a newer clang`,
      `nvcc -ccbin clang++${match.facts["clang"] === undefined ? "" : `-${match.facts["clang"]}`} --version && ${setVariable(match, "NVCC_PREPEND_FLAGS", `-ccbin clang++${match.facts["clang"] === undefined ? "" : `-${match.facts["clang"]}`}`)}   # or nvcc for the device code and this clang for the host's: with nvcc's flags (-arch=sm_80, -Xcompiler -fPIC) in place of clang's`,
    ],
    sources: [
      "https://llvm.org/docs/CompileCudaWithLLVM.html",
      "llvm-project: clang/lib/Headers/__clang_cuda_runtime_wrapper.h",
    ],
    examples: [
      {
        text: "/usr/lib/llvm-19/lib/clang/19/include/__clang_cuda_runtime_wrapper.h:387:10: fatal error: 'texture_fetch_functions.h' file not found",
        expect: "older than the toolkit",
      },
    ],
  },
  {
    id: "hipcc-calls-nvcc",
    title: "hipcc compiles for NVIDIA",
    on: ["driver"],
    specificity: 86,
    matches: (finding) =>
      finding.tool === "nvcc"
        ? saidAny(
            finding,
            /Unknown option ['"]?(?<option>--offload-arch=gfx\w+|-?-?amdgpu-target\S*?|--rocm-(?:device-lib-)?path\S*?|--gcc-toolchain\S*?)['"]?$/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["option"] ?? ""}\` is meant for AMD's compiler, and hipcc called nvcc: it takes NVIDIA for the platform where it finds nvcc (or HIP_PLATFORM=nvidia is set) and no ROCm compiler of its own.`,
    fix: (match) => [
      setVariable(match, "HIP_PLATFORM", "amd"),
      "hipconfig --platform; hipconfig --rocmpath   # has to say amd, and name a folder with llvm/bin/clang++; not there: ROCm's compiler is not installed (rocm-llvm, hip-dev, rocm-device-libs)",
    ],
    sources: ["https://rocm.docs.amd.com/projects/HIP/en/latest/install/install.html", "ROCm/HIPCC: bin/hipcc.pl"],
    examples: [{ text: "nvcc fatal   : Unknown option '--offload-arch=gfx90a'", expect: "HIP_PLATFORM=amd" }],
  },
  {
    id: "kernel-template-of-another-source",
    title: "A kernel template is launched from a source that does not have its body",
    on: ["undefined-symbol"],
    specificity: 88,
    matches: (finding, context) =>
      saysStaticStub(finding, context) || isKernelOfNewCuda(finding, context)
        ? { symbol: finding.symbol ?? "" }
        : undefined,
    confidence: (match) => (saysStaticStub(match.finding, match.context) ? "high" : "medium"),
    cause: (match) =>
      `nvcc has made the host side of a __global__ template local to its source since CUDA 13 (-static-global-template-stub=true): an instance that another .cu file makes is not seen by the linker, and \`${match.facts["symbol"] ?? ""}\` has no definition for it. Up to CUDA 12 the same code linked.`,
    fix: (match) => [
      `${setVariable(match, "NVCC_APPEND_FLAGS", "-static-global-template-stub=false")}   # as before CUDA 13`,
      ...(match.context.log.nvccByCcache
        ? [
            `${setVariable(match, "CCACHE_RECACHE", "1")}   # ccache does not heed that variable and would give the old objects again`,
          ]
        : []),
      "# for good: that flag in the project's own flags of nvcc, or a plain function beside the kernel's body that launches it, called in place of kernel<<<…>>> from other sources",
      ...(match.finding.phase === "load" || match.context.log.setupCommand !== undefined ? rebuild(match) : []),
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/#static-global-template-stub"],
    examples: [
      {
        text: 'src/k.cuh(1): warning #20280-D: when "-static-global-template-stub=true" in whole program compilation mode ("-rdc=false"), a __global__ function template instantiation or specialization ("fill_kernel<float> ") must have a definition in the current translation unit.\nkernel.cudafe1.cpp:(.text+0xb6): undefined reference to `void fill_kernel<float>(float*, float, int)\'',
        expect: "-static-global-template-stub=false",
      },
    ],
  },
];
