/** Calls in kernels with values of other types than CUDA's functions take, and words of the host in a kernel. */
import { editFile, editLine, editPrintedLine, orInWords } from "../commands/source-edits.ts";
import { own } from "../../base/own.ts";
import { about } from "../matchers.ts";
import { setVariable } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { codeAt, type Match, type Rule, said, saidAny } from "../rule.ts";

const guide = "https://docs.nvidia.com/cuda/cuda-c-programming-guide/";
const deviceWords = /__global__|__device__|__attribute__\(\((?:global|device)\)\)|threadIdx|blockIdx/;

/** Functions of CUDA's that have another name now. Source: the deprecated ones of the CUDA Runtime API, "Thread Management". */
const renamed: Readonly<Record<string, string>> = {
  cudaThreadSynchronize: "cudaDeviceSynchronize",
  cudaThreadExit: "cudaDeviceReset",
  cudaThreadSetLimit: "cudaDeviceSetLimit",
  cudaThreadGetLimit: "cudaDeviceGetLimit",
  cudaThreadSetCacheConfig: "cudaDeviceSetCacheConfig",
  cudaThreadGetCacheConfig: "cudaDeviceGetCacheConfig",
};

/** The line as it was written: nvcc prints it with the macros of CUDA's spelt out. */
function asWritten(match: Match): Match {
  const { source: _source, ...finding } = match.finding;
  return { ...match, finding };
}

function unknown(finding: Finding): string | undefined {
  return /is undefined|not declared|undeclared|identifier not found/.test(finding.message)
    ? about(finding, /^\w+$/)?.["name"]
    : undefined;
}

export const deviceCallSlipRules: readonly Rule[] = [
  {
    id: "warp-function-without-sync",
    title: "A warp function lacks _sync and its mask",
    on: ["compile"],
    specificity: 79,
    matches: (finding) => {
      const name = unknown(finding) ?? "";
      return /^__(?:shfl(?:_up|_down|_xor)?|ballot|any|all)$/.test(name) ? { name } : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` (${codeAt(match.finding).replace(/^The/, "the")}) is gone for GPUs from compute capability 7.0 on: the warp functions take the mask of the threads first, and are called ${match.facts["name"] ?? ""}_sync (CUDA 9 and newer have them).`,
    fix: (match) => [
      ...orInWords(
        editFile(asWritten(match), [
          ["\\b__(shfl|shfl_up|shfl_down|shfl_xor|ballot|any|all) *\\(", "__\\1_sync(0xffffffff, "],
        ]),
        `${match.facts["name"] ?? ""}(v, n) → ${match.facts["name"] ?? ""}_sync(0xffffffff, v, n)`,
      ),
      "# 0xffffffff: all 32 threads of the warp come there; in a branch the mask of those that do: __ballot_sync(0xffffffff, condition)",
    ],
    sources: [`${guide}#warp-shuffle-functions`],
    examples: [
      { text: 'k.cu(5): error: identifier "__shfl_xor" is undefined', expect: "_sync(0xffffffff, " },
      { text: "k.cu:5:9: error: use of undeclared identifier '__ballot'", expect: "__ballot_sync" },
    ],
  },
  {
    id: "cuda-thread-function-renamed",
    title: "A function of CUDA's has another name now",
    on: ["compile"],
    specificity: 79,
    matches: (finding) => {
      const name = unknown(finding) ?? "";
      const to = own(renamed, name);
      return to === undefined ? undefined : { name, to };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` was deprecated for many years and is removed from this CUDA; it is \`${match.facts["to"] ?? ""}\`, which every CUDA since 4.0 has.`,
    fix: (match) =>
      orInWords(
        editFile(asWritten(match), [[`\\b${match.facts["name"] ?? ""}\\b`, match.facts["to"] ?? ""]]),
        `${match.facts["name"] ?? ""} → ${match.facts["to"] ?? ""}`,
      ),
    sources: ["https://docs.nvidia.com/cuda/archive/12.0.0/cuda-runtime-api/group__CUDART__THREAD__DEPRECATED.html"],
    examples: [
      {
        text: 'k.cu(5): error: identifier "cudaThreadSynchronize" is undefined',
        expect: "s/\\bcudaThreadSynchronize\\b/cudaDeviceSynchronize/g",
      },
    ],
  },
  {
    id: "output-stream-in-kernel",
    title: "A kernel prints with std::cout",
    on: ["compile"],
    specificity: 72,
    matches: (finding) => {
      const name = unknown(finding) ?? "";
      return /^(?:cout|cerr|endl)$/.test(name) && deviceWords.test(finding.source ?? "") ? { name } : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} writes to \`${match.facts["name"] ?? "cout"}\` in a kernel: the streams of C++ exist for the CPU only, with and without std::. A kernel prints with printf.`,
    fix: () => [
      '# printf("%f\\n", x[0]); the output comes at the next synchronisation: cudaDeviceSynchronize(), torch.cuda.synchronize()',
    ],
    sources: [`${guide}#formatted-output`],
    examples: [
      {
        text: 'm13.cu(5): error: identifier "cout" is undefined\n  __attribute__((global)) void k(float* x){ cout << x[0]; }\n                                            ^',
        expect: "printf",
      },
    ],
  },
  {
    id: "generator-state-by-value",
    title: "cuRAND's functions take the address of the state",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /no instance of (?:overloaded )?function "(?<name>curand\w*)" matches the argument list.*argument types are: \((?:.*, ?)?(?<state>curandState\w*)\)/s,
        /no matching function for call to '(?<name>curand(?:_\w+)?)'/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} gives \`${match.facts["name"] ?? "curand_init"}\` the state itself; it wants its address, because the state changes.`,
    fix: (match) => {
      const state =
        /\bcurandState\w*\s+(\w+)\s*;/.exec(match.finding.source ?? "")?.[1] ??
        new RegExp(`${match.facts["name"] ?? "curand"}\\s*\\([^;]{0,200}?(\\w+)\\)`).exec(
          match.finding.source ?? "",
        )?.[1];
      return [
        ...(state === undefined
          ? []
          : editPrintedLine(match, [[`(curand[a-z0-9_]*\\(([^()]*, *)?)${state}\\)`, `\\1&${state})`]])),
        "# curandState s; curand_init(seed, i, 0, &s); float u = curand_uniform(&s);",
      ];
    },
    sources: ["https://docs.nvidia.com/cuda/curand/device-api-overview.html"],
    examples: [
      {
        text: 'm14.cu(6): error: no instance of overloaded function "curand_init" matches the argument list\n            argument types are: (int, int, int, curandState)\n  __attribute__((global)) void k(float* x){ curandState s; curand_init(1,2,3,s); x[0] = curand_uniform(s); }\n                                                           ^',
        expect: "\\1\\&s)",
      },
    ],
  },
  {
    id: "intrinsic-given-other-types",
    title: "A function of CUDA's for certain types is given others",
    on: ["compile"],
    specificity: 81,
    matches: (finding) =>
      saidAny(
        finding,
        /no instance of overloaded function "(?<name>__ld(?:g|cs|cg|ca|cv|lu)|__st(?:cs|cg|wb|wt))" matches.*argument types are: \((?<types>(?:int|unsigned int|float|double|long)\b[^)]*)\)/s,
        /no instance of overloaded function "(?<name>__h\w+2?)" matches.*argument types are: \((?<types>(?:(?:int|float|double|unsigned int)(?:, )?)+)\)/s,
        /no instance of overloaded function "(?<name>atomic\w+)" matches.*argument types are: \((?<types>[^)]*(?:const char \[\d+\]|std::\w+|at::\w+)[^)]*)\)/s,
      ),
    confidence: "high",
    cause: (match) => {
      const { name = "", types = "" } = match.facts;
      return `${codeAt(match.finding)} calls \`${name}\` with (${types}): ${
        /^__(?:ld|st)/.test(name)
          ? "it reads or writes through a pointer, and a value is given"
          : name.startsWith("atomic")
            ? "the value that it adds or compares has to be a number of the pointer's type"
            : "it takes half or bfloat16 values (…2: pairs of them), and these are numbers of C++"
      }.`;
    },
    fix: (match) => {
      const { name = "" } = match.facts;
      return [
        /^__(?:ld|st)/.test(name)
          ? `# ${name}(&x[i]), ${name}(x + i)`
          : name.startsWith("atomic")
            ? `# ${name}(p, static_cast<double>(v)): the type that p points to`
            : name.endsWith("2")
              ? `# ${name}(__float2half2_rn(1.f), __floats2half2_rn(a, b)); bfloat16: __float2bfloat162_rn, __floats2bfloat162_rn`
              : `# ${name}(__float2half(a), __float2half(b)); bfloat16: __float2bfloat16(a)`,
      ];
    },
    sources: ["https://docs.nvidia.com/cuda/cuda-math-api/", `${guide}#atomic-functions`],
    examples: [
      {
        text: 'm20.cu(5): error: no instance of overloaded function "__hadd2" matches the argument list\n            argument types are: (float, float)',
        expect: "__float2half2_rn",
      },
      {
        text: 'm45.cu(6): error: no instance of overloaded function "atomicAdd" matches the argument list\n            argument types are: (double *, const char [2])',
        expect: "static_cast<double>",
      },
    ],
  },
  {
    id: "torch-half-given-to-intrinsic",
    title: "A conversion of CUDA's is given torch's half type",
    on: ["compile"],
    specificity: 87,
    matches: (finding) =>
      /\b__(?:half2float|bfloat162float|half2half2|hadd|hmul|hfma)\s*\(/.test(finding.source ?? "")
        ? saidAny(
            finding,
            /from "(?:const )?(?<type>(?:c10|at)::(?:Half|BFloat16))(?: &)?" to "(?:__half|half|__nv_bfloat16|nv_bfloat16)"/,
            /no matching function for call to '__(?<type>half2float|bfloat162float)'/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} gives torch's type (\`${match.facts["type"] ?? "c10::Half"}\`) to a function of CUDA's that takes __half or __nv_bfloat16. torch's types become float by a plain cast.`,
    fix: (match) => [
      ...editPrintedLine(match, [["\\b__(half2float|bfloat162float) *\\(", "static_cast<float>("]]),
      "# static_cast<float>(x[i]); a kernel that wants CUDA's types: reinterpret_cast<__half*>(x.data_ptr<at::Half>()) and __half* as its parameter",
    ],
    sources: ["pytorch: c10/util/Half.h", "pytorch: c10/util/BFloat16.h"],
    examples: [
      {
        text: 'm23.cu(5): error: no suitable user-defined conversion from "const c10::BFloat16" to "__nv_bfloat16" exists\n  __attribute__((global)) void k(const at::BFloat16* x, float* y){ y[0] = __bfloat162float(x[0]); }\n                                                                                           ^',
        expect: "static_cast<float>(",
      },
    ],
  },
  {
    id: "choice-between-half-and-number",
    title: "?: has a half on one side and a number on the other",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /ambiguous "\?" operation: second operand of type .*?"(?<one>[^"]*(?:Half|half|BFloat16|bfloat16))"\)? can be converted to third operand type "(?<two>[^"]+)"/,
        /ambiguous "\?" operation: second operand of type "(?<one>[^"]+)" can be converted to third operand type .*?"(?<two>[^"]*(?:Half|half|BFloat16|bfloat16))"/,
        /conditional expression is ambiguous; '(?<one>[^']+)'.* can be converted to '(?<two>[^']+)'/,
        /operands to [‘']\?:[’'] have different types [‘'](?<one>[^’']*(?:Half|BFloat16|half|bfloat16))[’'] and [‘'](?<two>[^’']+)[’']/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} has a \`${match.facts["one"] ?? ""}\` and a \`${match.facts["two"] ?? ""}\` behind ?:, each of which can become the other, so that the compiler cannot choose. That shows only where the template is made for a 16-bit type.`,
    fix: (match) => {
      const type =
        /static_cast<(\w+)>/.exec(match.finding.source ?? "")?.[1] ??
        /\b(scalar_t)\b/.exec(match.finding.source ?? "")?.[1] ??
        /typename (\w+)>/.exec(match.finding.source ?? "")?.[1];
      return [
        ...(type === undefined
          ? []
          : editPrintedLine(match, [
              ["(\\?[^:;]*[^:;]: *)(-?[0-9]+\\.?[0-9]*f?) *([;),])", `\\1static_cast<${type}>(\\2)\\3`],
            ])),
        "# the same type on both sides: x > 0 ? x : static_cast<scalar_t>(0)",
      ];
    },
    sources: ["pytorch: c10/util/Half.h"],
    examples: [
      {
        text: 'm3.cu(5): error: ambiguous "?" operation: second operand of type "c10::impl::ScalarTypeToCPPTypeT<c10::ScalarType::Half>" (aka "c10::Half") can be converted to third operand type "double", and vice versa\n  template<typename T> void k(T* x){ T v = x[0] > T(1) ? x[1] : 0.0; }\n                                                                ^',
        expect: "static_cast<T>(\\2)",
      },
    ],
  },
  {
    id: "attribute-of-newer-gpus",
    title: "A word for kernels exists from a newer architecture on",
    on: ["compile"],
    specificity: 82,
    matches: (finding) =>
      said(
        finding,
        /^["']?(?<name>__cluster_dims__|__grid_constant__|__block_size__)["']? (?:annotation )?is (?:not supported|only allowed) for (?:this GPU architecture|architecture)/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` (${codeAt(match.finding).replace(/^The/, "the")}) needs compute capability ${match.facts["name"] === "__grid_constant__" ? "7.0" : "9.0 (Hopper)"}, and the file is compiled for an older one as well.`,
    fix: (match) => {
      const arch = match.facts["name"] === "__grid_constant__" ? "7.0" : "9.0";
      return [
        `${setVariable(match, "TORCH_CUDA_ARCH_LIST", `${arch}+PTX`)}   # when the kernels are for such a GPU; nvcc by hand: -arch=sm_${arch.replace(".", "")}`,
        `# for older GPUs: the kernel between #if __CUDA_ARCH__ >= ${arch.replace(".", "")}0 and #endif, without that word otherwise`,
      ];
    },
    sources: [`${guide}#thread-block-clusters`],
    examples: [
      { text: "m28.cu(5): error: __cluster_dims__ is not supported for this GPU architecture", expect: "9.0" },
    ],
  },
  {
    id: "shared-variable-without-brackets",
    title: "extern __shared__ lacks its brackets",
    on: ["compile"],
    specificity: 80,
    matches: (finding) => {
      if (!/expression must have pointer|subscripted value|invalid types/.test(finding.message)) return undefined;
      return /extern\s+(?:__shared__|__attribute__\(\(shared\)\))\s+[\w ]+?(?<name>\w+)\s*;/.exec(finding.source ?? "")
        ?.groups;
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} declares \`extern __shared__ … ${match.facts["name"] ?? "s"};\`, one value; the memory whose size the launch gives is an array without a length, \`${match.facts["name"] ?? "s"}[]\`.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "s";
      return [
        ...editLine(asWritten(match), [[`(extern +__shared__ +[A-Za-z0-9_ ]+ +)${name} *;`, `\\1${name}[];`]]),
        `# extern __shared__ float ${name}[]; and the bytes as the third of <<<grid, block, bytes>>>`,
      ];
    },
    sources: [`${guide}#shared`],
    examples: [
      {
        text: 'm30.cu(5): error: expression must have pointer-to-object type but it has type "float"\n  __attribute__((global)) void k(float* x){ extern __attribute__((shared)) float s; s[0] = x[0]; }\n                                                                                    ^',
        expect: "\\1s[];",
      },
    ],
  },
  {
    id: "cub-within-thrust",
    title: "Thrust no longer has a CUB of its own",
    on: ["missing-header"],
    specificity: 92,
    matches: (finding) =>
      /^thrust\/system\/cuda\/detail\/cub\//.test(finding.header ?? "") ? { header: finding.header ?? "" } : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["header"] ?? ""}\` was the copy of CUB within Thrust (CUDA 10 and older); since CUDA 11 the toolkit has CUB itself, as <cub/cub.cuh>.`,
    fix: (match) => [
      ...orInWords(
        editFile(match, [
          ["thrust/system/cuda/detail/cub/", "cub/"],
          ["thrust::cuda_cub::cub::", "cub::"],
        ]),
        "#include <cub/cub.cuh>",
      ),
    ],
    sources: ["https://github.com/NVIDIA/thrust/blob/main/CHANGELOG.md"],
    examples: [
      {
        text: "m43.cu:5:10: fatal error: thrust/system/cuda/detail/cub/cub.cuh: No such file or directory",
        expect: "s~thrust/system/cuda/detail/cub/~cub/~g",
      },
    ],
  },
];
