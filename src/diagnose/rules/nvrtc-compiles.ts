/** What NVRTC rejects while a program runs: TorchScript's fuser, CuPy, kernels that packages bring as text. */
import { header } from "../matchers.ts";
import { platformOf, python, setVariable, toolkitFolder, torchCuda } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { type Match, placeOf, type Rule, type RuleContext, said, saidAny } from "../rule.ts";

const nvrtcWords = /nvrtc|NVRTC|cupy\.|\.cubin\.cu\b|hiprtc|RawKernel|RawModule|jitify/;

const namesNvrtc = (finding: Finding): boolean =>
  nvrtcWords.test(finding.text) ||
  nvrtcWords.test(finding.message) ||
  (finding.frames !== undefined && nvrtcWords.test(finding.frames.join(" ")));

/** By log, since every finding asks. */
const told = new WeakMap<readonly Finding[], boolean>();

/** Whether the log tells of a compile at run time. */
function atRunTime(finding: Finding, { findings }: RuleContext): boolean {
  let some = told.get(findings);
  if (some === undefined) {
    some = findings.some(namesNvrtc);
    told.set(findings, some);
  }
  return some || namesNvrtc(finding);
}

/** The headers of one release from conda, where the file is of an environment of conda. Source: labels of the channel nvidia. */
function condaHeaders(match: Match): string[] {
  const { log } = match.context;
  const cuda = log.cuda ?? torchCuda(match);
  const inConda = log.conda || /[\\/](?:envs|(?:mini|ana)?conda3?|miniforge3?)[\\/]/.test(match.finding.file ?? "");
  const asked = `conda install -c nvidia${cuda === undefined ? "" : `/label/cuda-${cuda}.0`} cuda-cccl cuda-cudart-dev`;
  return [`${inConda ? "" : "# in conda: "}${asked}   # of the release of cuda-nvcc`];
}

export const nvrtcCompileRules: readonly Rule[] = [
  {
    id: "torchscript-kernel-rejected",
    title: "TorchScript's fuser wrote a kernel that NVRTC rejects",
    on: ["compile"],
    specificity: 90,
    matches: (finding) => (/\bdefault_program$/.test(finding.file ?? "") ? {} : undefined),
    confidence: "high",
    cause: () =>
      "torch.jit fuses operations into kernels, and the code that this release of torch wrote for them is not valid (a type that its fuser does not know, such as bfloat16, or a mistake in it). No source of yours is at fault.",
    fix: (match) => [
      "# in the program, first: torch._C._jit_set_texpr_fuser_enabled(False); torch._C._jit_override_can_fuse_on_gpu(False); torch._C._jit_set_nvfuser_enabled(False)",
      setVariable(match, "PYTORCH_JIT", "0") +
        "   # or: no TorchScript at all (scripts that were loaded from a file stay)",
      `${python(match)} -m pip install --upgrade torch   # newer releases write other code`,
    ],
    sources: ["pytorch/pytorch#53918", "pytorch/pytorch#62962"],
    examples: [
      {
        text: 'RuntimeError: default_program(77): error: name followed by "::" must be a class or namespace name',
        expect: "_jit_set_texpr_fuser_enabled",
      },
      { text: "default_program(24): error: extra text after expected end of number", expect: "PYTORCH_JIT" },
    ],
  },
  {
    id: "nvrtc-source-not-opened",
    title: "NVRTC cannot open its own source file",
    on: ["missing-header", "exception", "driver"],
    specificity: 94,
    matches: (finding) => {
      const facts = said(finding, /[cC]atastrophic error: cannot open source file ["'](?<file>[^"']*\.cu)["']/);
      if (facts !== undefined) return facts;
      return finding.kind === "missing-header" &&
        /\.cubin\.cu$|[\\/][Tt](?:e?mp|EMP)[\\/].*\.cu$/.test(finding.header ?? "")
        ? { file: finding.header }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `The kernel's text is written to a temporary file (\`${match.facts["file"] ?? ""}\`), and NVRTC does not find it: the path holds letters that are not ASCII (a Windows user's name), which it reads in another code page.`,
    fix: (match) =>
      platformOf(match) === "win32" || /\\/.test(match.facts["file"] ?? "")
        ? [
            "mkdir C:\\tmp & set TEMP=C:\\tmp& set TMP=C:\\tmp",
            "set CUPY_CACHE_DIR=C:\\tmp\\cupy   # CuPy's cache lies below the user's folder, too",
            "# for good: setx TEMP C:\\tmp and setx TMP C:\\tmp; newer CuPy compiles from memory: python -m pip install --upgrade cupy-cuda12x",
          ]
        : ["export TMPDIR=/tmp CUPY_CACHE_DIR=/tmp/cupy   # a folder that exists, with a plain name"],
    sources: ["cupy/cupy#2100"],
    examples: [
      {
        text: 'cupy.cuda.compiler.CompileException: Catastrophic error: cannot open source file "C:\\Users\\姗\\AppData\\Local\\Temp\\tmpg4c62iyd\\7cb9_2.cubin.cu"',
        expect: "set TEMP=C:\\tmp",
      },
    ],
  },
  {
    id: "nvrtc-header-not-found",
    title: "NVRTC does not find a header",
    on: ["missing-header"],
    specificity: 90,
    matches: (finding, context) =>
      /^(?:cudafe\+\+|nvcc)$/.test(finding.tool) && atRunTime(finding, context)
        ? header(finding, /(?<name>.+)/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["header"] ?? ""}\` is asked for by a kernel that is compiled when the program runs. NVRTC searches no folder by itself: neither the host's (stdio.h, stdint.h) nor CUDA's; what it needs has to be named with -I, and Thrust or host code it does not compile at all.`,
    fix: () => [
      "# CuPy: cupy.RawModule(code=code, backend='nvcc') for code with Thrust or host functions; else options=('-I/usr/local/cuda/include',) (CUDA 13: and -I/usr/local/cuda/include/cccl)",
      "# drop #include <stdio.h>, <stdint.h> and the like: printf and the types of <cuda/std/cstdint> are there without them",
      "export CUDA_PATH=/usr/local/cuda CUDA_HOME=/usr/local/cuda   # where packages look for CUDA's headers; pip: nvidia-cuda-runtime, nvidia-cuda-cccl",
    ],
    sources: ["cupy/cupy#4321", "cupy/cupy#5202", "https://docs.nvidia.com/cuda/nvrtc/"],
    examples: [
      {
        text: 'cupy.cuda.compiler.CompileException: /tmp/tmpux/8d77_2.cubin.cu(2): catastrophic error: cannot open source file "thrust/count.h"',
        expect: "backend='nvcc'",
      },
    ],
  },
  {
    id: "cuda-headers-of-two-releases",
    title: "CUDA's own headers are of two releases",
    on: ["compile"],
    specificity: 90,
    matches: (finding) =>
      (/[\\/](?:thrust|cub)[\\/]/.test(finding.file ?? "")
        ? saidAny(
            finding,
            /^"?(?<name>\w+)"? is not a (?:class )?template/,
            /(?:namespace|class) "(?:thrust|cub|cuda)[^"]*" has no member "(?<name>THRUST\w+|CUB\w+|detail|_CCCL\w*|\w+_NS)"/,
            /identifier "(?<name>_CCCL_\w+|_LIBCUDACXX_\w+|THRUST_NS_\w+|CUB_NS_\w+|CUB_RUNTIME_FUNCTION|CUB_DETAIL_\w+)" is undefined/,
          )
        : undefined) ??
      (/[\\/]cuda_(?:fp16|bf16|fp8)\.hp?p?$/.test(finding.file ?? "")
        ? said(finding, /^cannot overload functions (?<name>distinguished by return type alone)/)
        : undefined) ??
      saidAny(
        finding,
        /identifier "(?<name>NV_IS_(?:DEVICE|HOST)|NV_IF_(?:ELSE_)?TARGET|NV_PROVIDES_SM_\d+|NV_TARGET\w*|__nv_tex_surf_handler|CUDART_CB|__NV_SILENCE_\w+|_NV_RSQRT_SPECIFIER|__CUDA_FP8_DECL__|__cudart_builtin__)" is undefined/,
        /[‘'"](?<name>NV_IS_(?:DEVICE|HOST)|NV_IF_(?:ELSE_)?TARGET|NV_PROVIDES_SM_\d+)[’'"] (?:was not declared|has not been declared|undeclared)/,
        /use of undeclared identifier '(?<name>NV_IS_(?:DEVICE|HOST)|NV_IF_(?:ELSE_)?TARGET|NV_PROVIDES_SM_\d+)'/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` comes from another header of the same CUDA release (${/[\\/](?:thrust|cub)[\\/]/.test(match.finding.file ?? "") ? "Thrust, CUB and libcu++ belong together" : "nv/target, crt/host_defines.h"}). ${placeOf(match.finding)} found one of another release first, or none: headers of two toolkits are on the include path (conda's or pip's CUDA packages of different versions, /usr/include of the distribution before /usr/local/cuda).`,
    fix: (match) => [
      "nvcc --version; find / -path '*nv/target' 2>/dev/null; conda list 2>/dev/null | grep -i -E 'cuda|cccl'; python -m pip list 2>/dev/null | grep -i nvidia   # one release everywhere?",
      ...(/[\\/](?:thrust|cub)[\\/]/.test(match.finding.file ?? "")
        ? [
            "unset CUB_HOME THRUST_HOME   # PyTorch3D and others put it first; since CUDA 11 the toolkit has CUB itself; no third_party/cub or thrust on -I, either",
          ]
        : []),
      ...condaHeaders(match),
      `${condaHeaders(match).some((line) => !line.startsWith("#")) ? "# or " : ""}export CUDA_HOME=${toolkitFolder(match, match.context.log.cuda)} && unset CPATH CPLUS_INCLUDE_PATH C_INCLUDE_PATH${/transformer_engine/.test(`${match.finding.text}${match.context.findings.map((finding) => finding.text).join("")}`) ? "; export NVTE_CUDA_INCLUDE_DIR=$CUDA_HOME/include" : ""}   # one whole toolkit first`,
    ],
    sources: ["NVIDIA/TransformerEngine#1018"],
    examples: [
      {
        text: '/e/include/cuda_bf16.hpp(383): error: identifier "NV_IF_ELSE_TARGET" is undefined',
        expect: "cuda-cccl",
      },
      {
        text: 'CUDA toolkit (nvcc): V11.8.89\n/home/jo/miniconda3/envs/a/include/cuda_bf16.hpp(383): error: identifier "NV_IF_ELSE_TARGET" is undefined\nCuda compilation tools, release 11.8, V11.8.89',
        expect: "\nconda install -y -c nvidia/label/cuda-11.8.0 cuda-cccl cuda-cudart-dev",
      },
      {
        text: '/e/include/cuda_fp16.hpp(383): error: identifier "NV_IF_ELSE_TARGET" is undefined',
        expect: "cuda-cccl",
      },
    ],
  },
  {
    id: "kernel-text-with-tensors",
    title: "A tensor was written into the text of a kernel",
    on: ["compile"],
    specificity: 92,
    matches: (finding, context) =>
      atRunTime(finding, context) ? said(finding, /identifier "(?<name>tensor|torch|Tensor)" is undefined/) : undefined,
    confidence: "high",
    cause: (match) =>
      `The kernel's text is put together in Python (str.format, %, replace), and where a number belongs stands \`${match.facts["name"] ?? "tensor"}(…)\`: a size or stride that is a tensor, as under torch.jit.trace, torch.export and ONNX export, where x.size() gives tensors.`,
    fix: () => [
      "# int(…) around every value that goes into the text: int(x.size(1)), tuple(map(int, x.stride()))",
      "# a model that is traced or exported: keep the kernel out of the trace (register it as an operator: torch.library.custom_op), or export with fixed sizes",
    ],
    sources: ["cupy/cupy#5294", "pytorch/pytorch#58529"],
    examples: [
      {
        text: 'CompileException: /tmp/tmpan1/3b7c_2.cubin.cu(16): error: identifier "tensor" is undefined',
        expect: "int(x.size(1))",
      },
    ],
  },
  {
    id: "nvrtc-compile-failed",
    title: "NVRTC did not compile a kernel",
    on: ["exception"],
    role: "generic",
    specificity: 40,
    matches: (finding) => said(finding, /NVRTC_ERROR_COMPILATION|NVRTC compilation failed|HIPRTC_ERROR_COMPILATION/),
    confidence: "low",
    cause: () =>
      "CuPy (or another package) compiled a kernel from text when it was first needed, and the compiler refused it. This message does not say why: its own words, with file, line and `error:`, stand in the CompileException at the end of the traceback.",
    fix: (match) => [
      "# look at the last lines of the whole traceback: (line): error: … is the cause",
      `${python(match)} -m pip list | grep -i cupy; ${python(match)} -c "import cupy; cupy.show_config()"   # CuPy for the CUDA that is installed? a GPU newer than its CUDA? headers found?`,
      "rm -rf ~/.cupy/kernel_cache   # what older releases left",
    ],
    sources: ["mritools/cupyimg#17", "chainer/chainerrl#413"],
    examples: [
      { text: "cupy_backends.cuda.libs.nvrtc.NVRTCError: NVRTC_ERROR_COMPILATION (6)", expect: "show_config" },
    ],
  },
  {
    id: "nvrtc-lacks-function",
    title: "NVRTC does not know a function that nvcc knows",
    on: ["compile"],
    specificity: 88,
    matches: (finding, context) => {
      const pdl = said(
        finding,
        /identifier "(?<name>cuda(?:GridDependencySynchronize|TriggerProgrammaticLaunchCompletion))" is undefined/,
      );
      if (pdl !== undefined) return { ...pdl, sure: atRunTime(finding, context) ? "yes" : undefined };
      return atRunTime(finding, context)
        ? said(
            finding,
            /identifier "(?<name>cuda(?:DeviceSynchronize|LaunchDevice|Malloc|Free|GetDevice)|printf|__assert_fail|size_t|u?int(?:8|16|32|64)_t)" is undefined/,
          )
        : undefined;
    },
    confidence: (match) => ("sure" in match.facts && match.facts["sure"] === undefined ? "medium" : "high"),
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is declared by headers that nvcc includes by itself and NVRTC does not (cuda_device_runtime_api.h, the host's <cstdint>): the kernel was written for nvcc. An "invalid image" after it is the echo.${"sure" in match.facts && match.facts["sure"] === undefined ? " (With nvcc itself: the function came with CUDA 11.8, for architectures from 9.0 on.)" : ""}`,
    fix: () => [
      "export DG_JIT_USE_NVRTC=0   # DeepGEMM: compile with nvcc; CuPy: backend='nvcc'",
      '# or in the kernel: #include <cuda_device_runtime_api.h>, <cuda/std/cstdint>, with -I<cuda>/include; asm volatile("griddepcontrol.wait;") in place of cudaGridDependencySynchronize()',
    ],
    sources: ["deepseek-ai/DeepGEMM#359", "https://docs.nvidia.com/cuda/nvrtc/"],
    examples: [
      {
        text: 'k.cuh(120): error: identifier "cudaGridDependencySynchronize" is undefined\n1 error detected in the compilation of "kernel.cu".\nNVRTC compilation failed: error',
        expect: "DG_JIT_USE_NVRTC=0",
      },
    ],
  },
];
