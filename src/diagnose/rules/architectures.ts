/** Device code that does not go with an architecture it is compiled for: instructions, atomics, PTX of another toolkit. */
import { knownCapabilities, platformOf, python, rebuild, setVariable, torchCuda } from "../commands.ts";
import type { Finding } from "../finding.ts";
import { addInclude } from "../source-edits.ts";
import { changedNvcc } from "../typed-fit.ts";
import { type Match, placeOf, type Rule, said, saidAny } from "../rule.ts";
import { dotted } from "../version-facts.ts";

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

/** The nvcc that was typed, for architectures from `from` on: older targets are left out, a single one is raised. */
function typedFor(match: Match, from: string): string[] | undefined {
  const number = (target: string): number => Number.parseInt(target, 10);
  const wantedNumber = number(from.replace(".", ""));
  const target = from.replace(".", "").replace(/[;+].*$/, "");
  const isOld = (word: string): boolean => {
    const found = /(?:compute|sm)_(\d+)([af]?)/.exec(word);
    return (
      found !== null &&
      (number(found[1] ?? "") < wantedNumber ||
        (number(found[1] ?? "") === wantedNumber && found[2] === "" && /[af]$/.test(target)))
    );
  };
  let left = false;
  changedNvcc(match, (word) => {
    left ||= /(?:compute|sm)_\d/.test(word) && !isOld(word);
    return word;
  });
  let put = left;
  const typed = changedNvcc(match, (word) => {
    if (!isOld(word)) return word;
    if (put && !/^--?(?:gpu-)?code\b/.test(word)) return undefined;
    put = true;
    return word.replaceAll(/(compute|sm)_\d+[af]?/g, `$1_${target}`);
  });
  return typed === undefined ? undefined : [`${typed}   # for the GPUs that can run it`];
}

/** What TORCH_CUDA_ARCH_LIST should at least hold. */
function least(match: Match): string {
  const target = /sm_(\d+[a-z]?)/.exec(match.facts["target"] ?? "")?.[1];
  if (target !== undefined) return dotted(target);
  const about = `${match.facts["feature"] ?? ""} ${match.facts["types"] ?? ""}`;
  return since.find(([form]) => form.test(about))?.[1] ?? "8.0";
}

/** The GPU of the text, where it is older than what the code needs. */
function olderGpu(match: Match): string | undefined {
  const known = knownCapabilities(match);
  const [gpu] = known;
  return known.length !== 1 || gpu === undefined || Number.parseFloat(gpu) >= Number.parseFloat(least(match))
    ? undefined
    : gpu;
}

/** What to build for: the GPUs of the text that are new enough, else `from` and, as PTX, all that is newer. */
function listFrom(match: Match, from: string): string {
  const known = knownCapabilities(match).filter((gpu) => Number.parseFloat(gpu) >= Number.parseFloat(from));
  if (known.length > 0 && !/[af]$/.test(from)) return known.join(";");
  // Nothing below 7.5, where CUDA 13 begins.
  const first = Number.parseFloat(from) < 7.5 ? "7.5" : from;
  return /[af]$/.test(first) ? first : `${first}+PTX`;
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
      ...(match.facts["args"] === undefined ? [addInclude(match, match.facts["header"] ?? "")] : []),
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
      ...(match.finding.file === undefined || platformOf(match) === "win32"
        ? []
        : [
            `sed -i.bak -E 's/\\batomicAdd\\(/gpuAtomicAdd(/g; 0,/#include/s//#include <ATen\\/cuda\\/Atomic.cuh>\\n#include/' ${match.finding.file}`,
          ]),
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
    fix: (match) => [
      ...(typedFor(match, least(match)) ?? []),
      ...(typedFor(match, least(match)) !== undefined
        ? []
        : olderGpu(match) === undefined
          ? [
              `${setVariable(match, "TORCH_CUDA_ARCH_LIST", listFrom(match, least(match)))}   # that, or newer ones alone: the GPUs that it has to run on`,
            ]
          : [
              `# the GPU of the text has ${olderGpu(match) ?? ""}: a list of newer architectures compiles, and nothing of it runs there. Another GPU (${least(match)} or newer), a release of the package that still supports this one, or the code changed as below`,
            ]),
      ...(typedFor(match, least(match)) === undefined
        ? [
            `grep -rnE 'gencode|arch=|CUDA_ARCHITECTURES' setup.py CMakeLists.txt   # the build's own list wins over the variable`,
          ]
        : []),
      `# or guard the code: #if __CUDA_ARCH__ >= ${least(match).replace(/(\d+)\.(\d).*/, "$1$20")}`,
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#atomic-functions"],
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
    ],
  },
  {
    id: "instruction-of-one-architecture",
    title: "An instruction exists on one family of GPUs only",
    on: ["driver"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /Instruction ['"](?<instruction>[\w.:]+)[^'"]*['"] cannot be compiled for architecture ['"]?(?:sm|compute)_(?<arch>\w+)/,
        /Instruction ['"](?<instruction>[\w.:]+)[^'"]*['"] not supported on \.target ['"]?sm_(?<arch>\w+)/,
        /(?:Feature|Modifier|Instruction|Arguments) ['"]?(?<instruction>[\w.:]+)[^'"]*['"]? .*not supported on \.target ['"]?sm_(?<arch>\w+)/,
      ),
    confidence: "high",
    cause: (match) => {
      const name = match.facts["instruction"] ?? "";
      const home = /^wgmma/.test(name)
        ? " (wgmma: sm_90a, Hopper, alone)"
        : /^tcgen05/.test(name)
          ? " (tcgen05: sm_100a and sm_103a, data-center Blackwell, alone)"
          : /^(?:setmaxnreg|cp\.async\.bulk|mbarrier)/.test(name)
            ? " (sm_90a and newer; some forms want the `a` of an architecture)"
            : "";
      return `The code uses \`${name}\`${home}, and is compiled for sm_${match.facts["arch"] ?? ""}, which does not have it: the kernels were written for another GPU, or the \`a\` (architecture-specific) is missing in the list: 9.0 is not 9.0a.`;
    },
    fix: (match) => [
      ...(typedFor(match, homeOf(match.facts["instruction"] ?? "", match.facts["arch"] ?? "")) ?? []),
      `${typedFor(match, "9.0") === undefined ? "" : "# "}${setVariable(match, "TORCH_CUDA_ARCH_LIST", homeOf(match.facts["instruction"] ?? "", match.facts["arch"] ?? ""))}   # when that is the GPU the kernels are for`,
      `# on another GPU leave these kernels out: the package's option for it, or #if defined(__CUDA_ARCH_FEAT_SM${/^tcgen05/.test(match.facts["instruction"] ?? "") ? "100" : "90"}_ALL)`,
    ],
    sources: ["https://docs.nvidia.com/cuda/parallel-thread-execution/#release-notes"],
    examples: [
      {
        text: "ptxas /tmp/x.ptx, line 1023; error   : Instruction 'wgmma.fence' cannot be compiled for architecture 'sm_120a'",
        expect: "Hopper",
      },
      {
        text: "ptxas /tmp/x.ptx, line 88; error   : Instruction 'tcgen05.alloc' not supported on .target 'sm_100'",
        expect: "10.0a",
      },
    ],
  },
  {
    id: "inline-ptx-label-twice",
    title: "A label in inline PTX is defined twice",
    on: ["driver"],
    specificity: 82,
    matches: (finding) =>
      finding.tool === "ptxas"
        ? said(finding, /Duplicate definition of (?<what>label|variable) ['"]?(?<name>[\w$]+)/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `asm() in a kernel names the ${match.facts["what"] ?? "label"} \`${match.facts["name"] ?? ""}\` itself, and the compiler copied that asm (an unrolled loop, an inlined function, two architectures' code paths), so that the name stands twice in one PTX function.`,
    fix: (match) => [
      `# in the asm text: braces around it ("{ … }" makes names local), and %= in the name: ${match.facts["name"] ?? "L"}_%=`,
      "# or keep the compiler from copying it: #pragma unroll 1, __noinline__",
    ],
    sources: ["https://docs.nvidia.com/cuda/inline-ptx-assembly/", "facebookincubator/velox#18965"],
    examples: [
      { text: "    error   : Duplicate definition of label 'BLK0'", expect: "%=" },
      { text: "ptxas /tmp/k.ptx, line 80; error   : Duplicate definition of label 'wait'", expect: "braces" },
    ],
  },
  {
    id: "launch-bounds-impossible",
    title: "__launch_bounds__ asks for more blocks than a multiprocessor holds",
    on: ["driver"],
    specificity: 78,
    matches: (finding) =>
      finding.tool === "ptxas"
        ? said(finding, /Value of threads per SM for entry (?<kernel>\S+) is out of range|minnctapersm will be ignored/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["kernel"] ?? "The kernel"}\`: threads times minimum blocks in __launch_bounds__(threads, blocks) exceed what a multiprocessor of one of the architectures can hold (1024 threads on sm_75, 1536 on sm_86, 89 and 120, 2048 on others).`,
    fix: () => ["# a smaller second number in __launch_bounds__, by #if __CUDA_ARCH__; or leave that architecture out"],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#compute-capabilities"],
    examples: [
      {
        text: "ptxas error   : Value of threads per SM for entry _Z4kernPf is out of range. .minnctapersm will be ignored",
        expect: "__launch_bounds__",
      },
    ],
  },
  {
    id: "device-objects-newer-than-toolkit",
    title: "An object file was made by a newer CUDA than links it",
    on: ["driver"],
    specificity: 82,
    matches: (finding) =>
      finding.tool === "nvlink" || finding.tool === "fatbinary" || finding.tool === "nvcc"
        ? said(
            finding,
            /(?:Input file )?['"]?(?<file>[^'"]*?)['"]? newer than toolkit(?: \((?<is>\d+) vs (?<has>\d+)\))?/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? "An object"}\` was compiled by a newer CUDA (${cudaNumber(match.facts["is"])}) than the nvlink that is used now (${cudaNumber(match.facts["has"])}): objects of an earlier build with another toolkit are left over, or nvcc and nvlink (or a static library) are of two toolkits.`,
    fix: (match) => [
      ...rebuild(match),
      `which -a nvcc nvlink   # of one toolkit${torchCuda(match) === undefined ? "" : `, CUDA ${torchCuda(match) ?? ""}`}?`,
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/"],
    examples: [{ text: "nvlink fatal   : Input file 'build/k.o' newer than toolkit (128 vs 124)", expect: "12.8" }],
  },
  {
    id: "one-architecture-only",
    title: "A single architecture is wanted, and several are given",
    on: ["driver"],
    specificity: 80,
    matches: (finding) =>
      said(
        finding,
        /Option ['"](?<option>[^'"(]+?) ?(?:\([^)]*\))?['"] is not allowed when compiling for multiple GPU architectures/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["option"] ?? ""}\` makes one file for one architecture, and the command names several (-gencode more than once, or a list in TORCH_CUDA_ARCH_LIST).`,
    fix: (match) => [
      `${setVariable(match, "TORCH_CUDA_ARCH_LIST", knownCapabilities(match)[0] ?? (platformOf(match) === "win32" || match.context.log.dockerBuild ? "8.6" : `$(${python(match)} -c "import torch; print('%d.%d' % torch.cuda.get_device_capability())")`))}   # one: the GPU at hand`,
      "# or drop that option; --keep keeps the PTX of every architecture",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/"],
    examples: [
      {
        text: "nvcc fatal   : Option '--ptx (-ptx)' is not allowed when compiling for multiple GPU architectures",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
    ],
  },
];

/** `128` → `12.8`. */
function cudaNumber(digits: string | undefined): string {
  return digits === undefined ? "unknown" : `${digits.slice(0, -1)}.${digits.slice(-1)}`;
}

/** The architecture that has an instruction: its known home, else the one at hand with its `a`. */
function homeOf(instruction: string, arch: string): string {
  if (/^tcgen05/.test(instruction)) return "10.0a";
  if (/^wgmma/.test(instruction)) return "9.0a";
  return /^\d{2,3}$/.test(arch) && Number(arch) >= 90 ? `${dotted(arch)}a` : "9.0a";
}
