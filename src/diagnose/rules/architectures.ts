/** Device code that asks for functions and atomics of a newer GPU architecture than it is compiled for. */
import { knownCapabilities, pip, setVariable } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { addInclude, addLines, deleteBlock, editFile } from "../commands/source-edits.ts";
import { type Match, placeOf, type Rule, saidAny } from "../rule.ts";
import { dotted } from "../tables/version-facts.ts";
import { typedFor } from "./typed-architectures.ts";

/** The first architecture with an atomicAdd of a type, or with a warp function, in TORCH_CUDA_ARCH_LIST's form. */
const since: readonly (readonly [RegExp, string])[] = [
  [/bfloat16|__reduce_\w+_sync|cp\.async|\bbf16\b/, "8.0"],
  [/\b(?:c10|at)::(?:Half|BFloat16)\b/, "7.0"],
  [/\bwmma\b|\b__half\b|\bhalf\b|__nanosleep|__match_\w+_sync/, "7.0"],
  [/__cluster_|__clusterDim|__viaddm|__vimax3|__vimin3|isClusterShared/, "9.0"],
  [/__dp[24]a/, "6.1"],
  [/__activemask|__isGlobal/, "7.0"],
  [/__half2|half2|double|__shfl_\w+_sync|__syncwarp/, "6.0"],
  [/__h(?:fma|add|mul|max|min|sub|div|lt|gt|le|ge|eq)2?\b/, "5.3"],
  [/__ldg/, "3.5"],
];

/** An atomicAdd that no overload fits: which types it was given. */
function atomics(finding: Finding): string | undefined {
  if (!/"(?:\w+::)*(?:gpuA|a)tomic\w+" matches|call to '(?:gpuA|a)tomic\w+'/.test(finding.message)) return undefined;
  return /argument types are: \(([^)]*)/.exec(finding.message)?.[1] ?? "";
}

/** What TORCH_CUDA_ARCH_LIST should at least hold. */
function least(match: Match): string {
  const target = /sm_(\d+[a-z]?)/.exec(match.facts["target"] ?? "")?.[1];
  if (target !== undefined) return dotted(target);
  const about = `${match.facts["feature"] ?? ""} ${match.facts["types"] ?? ""}`;
  return since.find(([form]) => form.test(about))?.[1] ?? "8.0";
}

/** The GPU of the text, where it is older than what the code needs: torch builds for the one that it sees, where nobody lists others. */
function olderGpu(match: Match): string | undefined {
  const { archListNamed, archListSet, compiledFor, ownGencode } = match.context.log;
  const known = knownCapabilities(match);
  const isListed = archListNamed !== undefined || archListSet !== undefined || ownGencode.length > 0;
  const built = isListed || compiledFor.length !== 1 ? undefined : compiledFor[0];
  const gpu = known.length === 1 ? known[0] : known.length === 0 && built !== undefined ? dotted(built) : undefined;
  return gpu === undefined || Number.parseFloat(gpu) >= Number.parseFloat(least(match)) ? undefined : gpu;
}

/** What to build for: the GPUs of the text that are new enough, else `from` and, as PTX, all that is newer. */
function listFrom(match: Match, from: string): string {
  const known = knownCapabilities(match).filter((gpu) => Number.parseFloat(gpu) >= Number.parseFloat(from));
  if (known.length > 0 && !/[af]$/.test(from)) return known.join(";");
  // Nothing below 7.5, where CUDA 13 begins.
  const first = Number.parseFloat(from) < 7.5 ? "7.5" : from;
  return /[af]$/.test(first) ? first : `${first}+PTX`;
}

/** PyTorch's atomics, which stand in another header up to torch 1.9; those work on all architectures. */
const headOfAtomics = [
  "#if __has_include(<ATen/cuda/Atomic.cuh>)",
  "#include <ATen/cuda/Atomic.cuh>",
  "#else",
  "#include <THC/THCAtomics.cuh>",
  "#endif",
];

/** PyTorch's atomicAdd in place of CUDA's. Source: aten/src/ATen/cuda/Atomic.cuh, which loops with atomicCAS on older GPUs. */
function withTorchAtomics(match: Match): string[] {
  const types = match.facts["types"] ?? "";
  if (match.context.log.package === "torchsparse")
    return [
      `${pip(match, "install --no-build-isolation git+https://github.com/mit-han-lab/torchsparse.git@v1.4.0")}   # takes PyTorch's atomics, which older GPUs have, too`,
    ];
  const type = types.includes("bfloat16") ? "BFloat16" : types.includes("half") ? "Half" : undefined;
  const call = type === undefined ? "gpuAtomicAdd(p, v)" : `gpuAtomicAdd(reinterpret_cast<at::${type}*>(p), v)`;
  return [
    ...headForAtomics(match, types),
    `# in the code, for all architectures: ${call} in place of atomicAdd(p, v), with #include <ATen/cuda/Atomic.cuh> (up to torch 1.9 <THC/THCAtomics.cuh>)`,
  ];
}

/** What makes the calls of the file work on older GPUs as they stand. */
function headForAtomics(match: Match, types: string): string[] {
  // A function of the package's own that hands torch's type on to CUDA's: torch's header has the same for all GPUs.
  if (/^__half ?\*, ?(?:const )?c10::Half/.test(types)) {
    const without = deleteBlock(match, "__device__.*at::Half +atomicAdd *\\(");
    return without.length === 0 ? [] : [...without, ...addLines(match, headOfAtomics)];
  }
  // The header brings the one for double.
  if (/^double ?\*/.test(types)) return addLines(match, headOfAtomics);
  return /^(?:__)?half ?\*, ?(?:const )?(?:__)?half$/.test(types.trim())
    ? addLines(match, [
        ...headOfAtomics,
        "#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 700",
        "static inline __device__ __half atomicAdd(__half* p, __half v) { return gpuAtomicAdd(reinterpret_cast<at::Half*>(p), at::Half(v)); }",
        "#endif",
      ])
    : [];
}

/**
 * Functions of CUDA's small floats, with their header and the architecture from which a GPU has them.
 * Source: cuda_fp16.h, cuda_bf16.h, cuda_fp8.h and the CUDA Math API.
 */
const intrinsics: readonly (readonly [RegExp, header: string, since: string])[] = [
  [/^__h(?:max|min)2?(?:_nan)?$|^__hcmadd$|^h(?:tanh)2?$/, "cuda_fp16.h", "8.0"],
  [
    /^__(?!nv_)\w*2bfloat16\w*$|^__bfloat16\w*2\w+$|^__(?:low|high)s?2bfloat\w*$|^make_bfloat162$/,
    "cuda_bf16.h",
    "8.0",
  ],
  [/^__nv_cvt_\w+$/, "cuda_fp8.h", "8.9"],
  [
    /^__(?:float2half\w*|half2float|half22float2|floats2half2_rn|float22half2_rn|halves2half2|low2\w*|high2\w*|lows2\w*|highs2\w*|half2\w+|h(?:add|sub|mul|fma|neg|abs|div|eq|ne|gt|lt|ge|le|isnan|isinf)2?\w*|(?:u?int|u?short|u?ll)2half_\w+)$|^h2?(?:exp|exp2|exp10|log|log2|log10|sqrt|rsqrt|rcp|sin|cos|floor|ceil|trunc|rint)2?$|^make_half2$/,
    "cuda_fp16.h",
    "5.3",
  ],
];

export const architectureRules: readonly Rule[] = [
  {
    id: "small-float-function-unknown",
    title: "A function of half, bfloat16 or FP8 is not known for this GPU or header",
    on: ["compile"],
    specificity: 79,
    matches: (finding) => {
      const name = saidAny(
        finding,
        /identifier "(?<name>\w+)" is undefined/,
        /[‘'](?<name>\w+)[’'] was not declared in this scope/,
        /use of undeclared identifier '(?<name>\w+)'/,
        /(?<args>no instance of overloaded function|no matching function for call to) ["‘'](?<name>\w+)/,
      );
      const known = intrinsics.find(([form]) => form.test(name?.["name"] ?? ""));
      return known === undefined ? undefined : { ...name, header: known[1], since: known[2] };
    },
    confidence: "medium",
    cause: (match) =>
      match.facts["args"] === undefined
        ? `\`${match.facts["name"] ?? ""}\` is of <${match.facts["header"] ?? ""}>: ${placeOf(match.finding)} does not include it, or the header hides it, because the GPU architecture that is compiled for is below ${match.facts["since"] ?? ""} or the CUDA toolkit is older than the function.`
        : `\`${match.facts["name"] ?? ""}\` has no form for these arguments at ${placeOf(match.finding)}: the one that the code means exists from architecture ${match.facts["since"] ?? ""} on (or in a newer <${match.facts["header"] ?? ""}>), and an older one is on the list.`,
    fix: (match) => [
      ...(match.facts["args"] === undefined ? addInclude(match, match.facts["header"] ?? "") : []),
      `${setVariable(match, "TORCH_CUDA_ARCH_LIST", listFrom(match, match.facts["since"] ?? "8.0"))}   # that, or newer ones alone; #if __CUDA_ARCH__ >= ${(match.facts["since"] ?? "8.0").replace(".", "")}0 around the code for others`,
      "nvcc --version",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-math-api/"],
    examples: [
      { text: 'csrc/k.cu(12): error: identifier "__float2bfloat16_rn" is undefined', expect: "cuda_bf16.h" },
      {
        text: 'csrc/attn.cu(201): error: no instance of overloaded function "__hmax2" matches the argument list\n            argument types are: (__half2, __half2)',
        expect: "TORCH_CUDA_ARCH_LIST=8.0",
      },
      { text: "k.cu:9:12: error: use of undeclared identifier '__half2float'", expect: "cuda_fp16.h" },
    ],
  },
  {
    id: "atomic-for-signed-integers",
    title: "CUDA's atomics have no form for int64_t",
    on: ["compile"],
    specificity: 82,
    matches: (finding) => {
      const types = atomics(finding);
      const name = /\batomic\w+/.exec(finding.message)?.[0];
      // These two have hardly another reason to fit nothing; the types may not have been pasted.
      if (types === "") return name === "atomicExch" || name === "atomicCAS" ? { name, types: "" } : undefined;
      return types !== undefined &&
        /\b(?:u?int64_t|(?:unsigned )?long|long long|u?int8_t|u?int16_t|char|short|bool|size_t)\b/.test(types) &&
        !/half|bfloat|double|float/i.test(types)
        ? { name, types }
        : undefined;
    },
    confidence: (match) => (match.facts["types"] === "" ? "medium" : "high"),
    cause: ({ facts }) => {
      const name = facts["name"] ?? "atomicAdd";
      const types = (facts["types"] ?? "").trim();
      const has = /Add$/.test(name)
        ? "int, unsigned int, unsigned long long, float, double and half types"
        : /M(?:in|ax)$/.test(name)
          ? "int, unsigned int, long long and unsigned long long"
          : /Exch$/.test(name)
            ? "int, unsigned int, unsigned long long and float"
            : "int, unsigned int and unsigned long long";
      return `${name} takes ${has}; ${types === "" ? "what it is given here" : `(${types})`} is none of them (int64_t is \`long\` on Linux, uint64_t \`unsigned long\`: other types than the long longs, though as large).`;
    },
    fix: ({ facts }) => {
      const name = facts["name"] ?? "atomicAdd";
      const type =
        /M(?:in|ax)$/.test(name) && !/u\w*int|unsigned|size_t/.test(facts["types"] ?? "")
          ? "long long"
          : "unsigned long long";
      const given =
        name === "atomicCAS" ? `static_cast<${type}>(seen), static_cast<${type}>(v)` : `static_cast<${type}>(v)`;
      return [
        `# for 64 bits: ${name}(reinterpret_cast<${type}*>(p), ${given})${name === "atomicAdd" ? ": the same bits for signed numbers" : ""}`,
        ...(/(?:Add|M(?:in|ax))$/.test(name)
          ? [`# or gpuA${name.slice(1)}(p, v) of <ATen/cuda/Atomic.cuh>, which has int64_t, int8_t, bool …`]
          : []),
      ];
    },
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#atomicadd"],
    examples: [
      {
        text: 'k.cu(45): error: no instance of overloaded function "atomicAdd" matches the argument list\n            argument types are: (int64_t *, int)',
        expect: "unsigned long long",
      },
      {
        text: 'k.cu(21): error: no instance of overloaded function "atomicExch" matches the argument list',
        expect: "atomicExch(reinterpret_cast<unsigned long long*>(p)",
      },
      {
        text: 'k.cu(45): error: no instance of overloaded function "atomicMax" matches the argument list\n            argument types are: (int64_t *, int64_t)',
        expect: "atomicMax(reinterpret_cast<long long*>(p)",
      },
    ],
  },
  {
    id: "atomic-for-torch-type",
    title: "CUDA has no atomic for torch's half types",
    on: ["compile"],
    specificity: 82,
    matches: (finding) => {
      const types = atomics(finding);
      // Where the pointer is CUDA's own type, torch's value converts: then it is the architecture that has none.
      if (types === undefined || /^\(?__(?:half|nv_bfloat16)2? ?\*/.test(types)) return undefined;
      return /\b(?:c10|at)::(?:Half|BFloat16|complex)/.test(types) ? { types } : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `atomicAdd of CUDA takes __half and __nv_bfloat16, not torch's c10::Half and c10::BFloat16 (${match.facts["types"] ?? ""}).`,
    fix: (match) => [
      ...editFile(match, [["\\batomicAdd\\(", "gpuAtomicAdd("]], ["#include <ATen/cuda/Atomic.cuh>"]),
      "# #include <ATen/cuda/Atomic.cuh>, and gpuAtomicAdd(p, v) (or gpuAtomicAddNoReturn) in place of atomicAdd(p, v)",
    ],
    sources: ["pytorch: aten/src/ATen/cuda/Atomic.cuh"],
    examples: [
      {
        text: 's.cu(22): error: no instance of overloaded function "atomicAdd" matches the argument list\n            argument types are: (c10::Half *, c10::Half)',
        expect: "gpuAtomicAdd",
      },
    ],
  },
  {
    id: "code-needs-newer-architecture",
    title: "The code needs a newer architecture than one on the list",
    on: ["compile", "driver"],
    specificity: 72,
    matches: (finding) => {
      if (finding.kind === "driver") {
        if (finding.tool !== "ptxas" && finding.tool !== "nvcc" && finding.tool !== "cicc") return undefined;
        return saidAny(
          finding,
          /Feature ['"](?<feature>.+?)['"] requires (?:\.target|PTX ISA) ['"]?(?<target>[^'"]+)/,
          /Instruction ['"](?<feature>.+?)['"] .*(?:not supported|requires) .*(?:\.target|on) ['"]?(?<target>sm_\w+)/,
          /(?:Modifier|Type|Arguments|Feature) ['"]?(?<feature>[^'"]+)['"]? .*requires (?:\.target )?['"]?(?<target>sm_\w+)/,
        );
      }
      const types = atomics(finding);
      if (types !== undefined)
        return /double|half|bfloat16/.test(types) ? { feature: "atomicAdd", types, place: "list" } : undefined;
      if (/^name must be a namespace name/.test(finding.message) && /\bnvcuda\b/.test(finding.source ?? ""))
        return { feature: "wmma" };
      return saidAny(
        finding,
        /identifier "(?<feature>__shfl_\w+sync|__ldg|__syncwarp|__nanosleep|__reduce_\w+_sync|__match_\w+_sync|__dp[24]a(?:_\w+)?|__viaddm(?:ax|in)\w*|__vimax3?\w*|__vimin3?\w*|__nv_isClusterShared|__cluster_\w+|__clusterDim\w*|__activemask|atomicCAS_block|__isGlobal|__hfma2?|__hadd2?|__hmul2?|__hmax2?|__hmin2?)" is undefined/,
        /namespace "nvcuda" has no (?:actual )?member "(?<feature>wmma)"|name must be a namespace name.*(?<feature2>wmma)/,
        /#error.*(?:requires|need).*(?<target>sm_\d+)/i,
        /#error.*(?:requires|need).*(?<feature>compute capability [\d.]+)/i,
      );
    },
    confidence: "medium",
    cause: (match) => {
      const { feature } = match.facts;
      const what = `${feature === undefined ? "What the code uses" : `\`${feature}\``}${match.facts["types"] === undefined ? "" : ` (${match.facts["types"]})`}`;
      const gpu = olderGpu(match);
      if (gpu !== undefined)
        return `${what} does not exist for architectures below ${least(match)}, and the GPU that it is built for has ${gpu}: the code does not support it.`;
      return `${what} does not exist for architectures below ${least(match)}, and the list of architectures (TORCH_CUDA_ARCH_LIST, -gencode flags of the build, or torch's own list when no GPU is visible) holds an older one.`;
    },
    fix: (match) => {
      const typed = typedFor(match, least(match));
      const gpu = olderGpu(match);
      const own = match.facts["feature"] === "atomicAdd" ? withTorchAtomics(match) : [];
      const guard = `# or guard the code: #if __CUDA_ARCH__ >= ${least(match).replace(/(\d+)\.(\d).*/, "$1$20")}`;
      if (typed !== undefined) return [...typed, ...own.filter((line) => line.startsWith("#")), guard];
      if (gpu !== undefined)
        return [
          ...own,
          `# the GPU of the text has ${gpu}: a list of newer architectures compiles, and nothing of it runs there. ${own.length > 0 ? "Other ways: a" : "A"}nother GPU (${least(match)} or newer), or a release of the package that still supports this one`,
          guard,
        ];
      return [
        `${setVariable(match, "TORCH_CUDA_ARCH_LIST", listFrom(match, least(match)))}   # that, or newer ones alone: the GPUs that it has to run on`,
        `grep -rnE 'gencode|arch=|CUDA_ARCHITECTURES' setup.py CMakeLists.txt   # the build's own list wins over the variable`,
        ...own.filter((line) => line.startsWith("#")),
        guard,
      ];
    },
    sources: [
      "https://docs.nvidia.com/cuda/cuda-c-programming-guide/#atomic-functions",
      "mit-han-lab/torchsparse#75",
      "ashawkey/torch-ngp#22",
      "vllm-project/vllm#17290",
    ],
    examples: [
      {
        text: "ptxas /tmp/tmpxft_1.ptx, line 30; error   : Feature 'cp.async' requires .target sm_80 or higher",
        expect: "TORCH_CUDA_ARCH_LIST=8.0",
      },
      {
        text: 'k.cu(12): error: no instance of overloaded function "atomicAdd" matches the argument list\n            argument types are: (double *, double)',
        expect: "architectures below 6.0",
      },
      {
        text: 'k.cu(12): error: no instance of overloaded function "atomicAdd" matches the argument list\n            argument types are: (__nv_bfloat16 *, __nv_bfloat16)',
        expect: "__CUDA_ARCH__ >= 800",
      },
      {
        text: 'GPU 0: GeForce GTX 1080 Ti\n/w/hash/csrc/grid.cu(25): error: no instance of overloaded function "atomicAdd" matches the argument list\n            argument types are: (__half *, c10::Half)',
        expect: "/__device__.*at::Half +atomicAdd *\\(/,/^}/d' /w/hash/csrc/grid.cu",
      },
      {
        text: 'GPU 0: Tesla P100-PCIE-16GB\n/w/moe/csrc/moe.cu(219): error: no instance of overloaded function "atomicAdd" matches the argument list\n            argument types are: (half *, half)',
        expect: "__half atomicAdd(__half* p, __half v) { return gpuAtomicAdd(",
      },
    ],
  },
];
