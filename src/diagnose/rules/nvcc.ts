/** What nvcc and ptxas demand of device code; architectures are in nvcc-architectures.ts, options in nvcc-options.ts. */
import { pip, setVariable } from "../commands/commands.ts";
import { letDeviceCall } from "../commands/device-callees.ts";
import { withNvccFlags } from "../commands/typed-again.ts";
import { type Match, placeOf, type Rule, said, saidAny } from "../rule.ts";
import { dotted } from "../tables/version-facts.ts";
import { nvccSaid } from "./nvcc-messages.ts";

/** Whether a finding is of the HIP compiler. */
function hip(match: Match): boolean {
  return (
    match.context.log.amd ||
    /hip/.test(match.facts["type"] ?? "") ||
    /\.hip$|_hip\.|[\\/]hip[\\/]/.test(match.finding.file ?? "")
  );
}

/** Whether bfloat16 is compiled for a GPU of the text that has none of its instructions. */
function isBelowBfloat(match: Match): boolean {
  const { log } = match.context;
  const capability = log.namedGpu ?? log.namedCapability;
  return (
    /bfloat16/.test(match.facts["type"] ?? "") && !hip(match) && capability !== undefined && Number(capability) < 8
  );
}

/** Of architectures as nvcc names them, those without half arithmetic. */
function without(architectures: readonly string[]): readonly string[] {
  return architectures.filter((arch) => Number.parseInt(arch, 10) < 53);
}

const halfWords = [
  /no operator "[^"]+" matches these operands.*operand types are: .*\b(?<type>__half2?|half2?)\b/s,
  /more than one (?:conversion function|operator ".+") .*"?(?<type>__half|half)\b"?/,
];

/** The installed package whose sources do not compile, in a newer release. */
function newerRelease(match: Match): string[] {
  const name = /(?:site|dist)-packages[\\/]([a-z][\w-]*)[\\/]/.exec(match.finding.file ?? "")?.[1];
  return name === undefined || name === "torch"
    ? []
    : [
        `${pip(match, `install --upgrade --no-deps ${name.replaceAll("_", "-")}`)}   # a newer release may know older GPUs (aqlm 1.1.2 does)`,
      ];
}

export const nvccRules: readonly Rule[] = [
  {
    id: "half-for-gpus-without-it",
    title: "Half precision is compiled for a GPU that cannot calculate in it",
    on: ["compile"],
    specificity: 92,
    matches: (finding, { log }) =>
      log.amd || without(log.compiledFor).length === 0 ? undefined : saidAny(finding, ...halfWords),
    confidence: "high",
    cause: (match) =>
      `The code calculates with \`${match.facts["type"] ?? "half"}\`, and among the architectures that it is compiled for ${without(match.context.log.compiledFor).length === 1 ? "is one" : "are some"} without such instructions (${without(match.context.log.compiledFor).map(dotted).join(", ")}): CUDA's header has half's operators from compute capability 5.3 on.`,
    fix: (match) => {
      const { compiledFor } = match.context.log;
      const kept = compiledFor.filter((arch) => Number.parseInt(arch, 10) >= 53).map(dotted);
      return [
        `${setVariable(match, "TORCH_CUDA_ARCH_LIST", kept.length === 0 ? "7.5;8.0;8.6" : kept.join(";"))}   # without ${without(compiledFor).map(dotted).join(", ")}; torch's CMake and its builder read it: configure again in an empty build folder`,
        "# a CMake of one's own: set(CMAKE_CUDA_ARCHITECTURES 75 80 86) or -DCMAKE_CUDA_ARCHITECTURES; -gencode flags in setup.py: take those out",
        "# built by torch's own builder, which defines __CUDA_NO_HALF_OPERATORS__, and still so: nvcc also needs -U__CUDA_NO_HALF_OPERATORS__ -U__CUDA_NO_HALF_CONVERSIONS__ -U__CUDA_NO_HALF2_OPERATORS__",
      ];
    },
    sources: ["https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH____HALF__ARITHMETIC.html"],
    examples: [
      {
        text: '-- Added CUDA NVCC flags for: -gencode;arch=compute_52,code=sm_52;-gencode;arch=compute_70,code=sm_70;-gencode;arch=compute_86,code=sm_86\n/w/src/kernel/embedding.cu(31): error: no operator "+=" matches these operands\n            operand types are: half += const half',
        expect: "7.0;8.6",
      },
      {
        text: 'nvcc -I/w/include -c k.cu -o k.o -gencode arch=compute_50,code=sm_50 -gencode arch=compute_75,code=sm_75\nk.cu(14): error: more than one conversion function from "const half" to a built-in type applies:',
        expect: "(5.0)",
      },
    ],
  },
  {
    id: "half-operators-disabled",
    title: "torch switches off CUDA's half operators",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /no operator "(?<operator>[^"]+)" matches these operands.*operand types are: .*\b(?<type>__half2?|half2?|__nv_bfloat16|__nv_bfloat162|nv_bfloat162?|__hip_bfloat16\w*|c10::Half)\b/s,
        /no suitable (?:user-defined )?(?:conversion function|constructor exists to convert) from "(?:const )?(?<type>__half|half|__nv_bfloat16|nv_bfloat16)" to/,
        /no suitable (?:user-defined )?(?:constructor exists to convert|conversion) from "\w+" to "(?<type>__half|half|__nv_bfloat16|nv_bfloat16)"/,
        /no suitable conversion function from "(?:const )?\w+" to "(?<type>__half|half|__nv_bfloat16)" exists/,
        /more than one (?:conversion function|operator ".+") .*"?(?<type>__half|half|__nv_bfloat16)"?/,
        /(?:invalid operands to binary expression|use of overloaded operator '.+' is ambiguous|cannot convert|no viable conversion|no match for 'operator).*(?<type>__half2?|__nv_bfloat16|hip_bfloat16)/,
      ),
    confidence: (match) => (/operator/.test(match.finding.message) && !isBelowBfloat(match) ? "high" : "medium"),
    cause: (match) =>
      isBelowBfloat(match)
        ? `The code calculates with \`${match.facts["type"] ?? ""}\`, and it is compiled for a GPU below compute capability 8.0, for which CUDA's header leaves bfloat16's operators out (newer toolkits have some of them for all GPUs). torch's builder removes conversions of them, too.`
        : hip(match)
          ? `The code uses operators or conversions of \`${match.facts["type"] ?? "__half"}\` on ROCm: torch's builder defines __HIP_NO_HALF_OPERATORS__ and __HIP_NO_HALF_CONVERSIONS__, which remove those of half, and HIP's bfloat16 has fewer of them than CUDA's.`
          : `The code uses operators or conversions of \`${match.facts["type"] ?? "__half"}\`, and torch's builder defines __CUDA_NO_HALF_OPERATORS__, __CUDA_NO_HALF_CONVERSIONS__, __CUDA_NO_HALF2_OPERATORS__ and __CUDA_NO_BFLOAT16_CONVERSIONS__, which remove them. (Without those macros: the architecture is below sm_53 for half, sm_80 for bfloat16.)`,
    fix: (match) =>
      isBelowBfloat(match)
        ? [
            ...newerRelease(match),
            `${setVariable(match, "NVCC_APPEND_FLAGS", "-U__CUDA_NO_HALF_OPERATORS__ -U__CUDA_NO_HALF_CONVERSIONS__ -U__CUDA_NO_HALF2_OPERATORS__ -U__CUDA_NO_BFLOAT16_CONVERSIONS__")}   # then build again: enough where the toolkit has the operators for all GPUs`,
            "# code of your own: #if __CUDA_ARCH__ >= 800 around what calculates in bfloat16, or float in between (__bfloat162float); a GPU of 8.0 or newer needs neither",
          ]
        : hip(match)
          ? [
              "export HIPCC_COMPILE_FLAGS_APPEND='-U__HIP_NO_HALF_OPERATORS__ -U__HIP_NO_HALF_CONVERSIONS__'   # then build again; in setup.py: extra_compile_args={'nvcc': [...]} reaches hipcc",
              "# or convert by name: __half2float(x), __bfloat162float(x), __float2bfloat16(x); c10::Half and c10::BFloat16 have all operators",
            ]
          : [
              setVariable(
                match,
                "NVCC_APPEND_FLAGS",
                "-U__CUDA_NO_HALF_OPERATORS__ -U__CUDA_NO_HALF_CONVERSIONS__ -U__CUDA_NO_HALF2_OPERATORS__ -U__CUDA_NO_BFLOAT16_CONVERSIONS__",
              ) + "   # then build again",
              "# for good, in extra_compile_args of nvcc: -U__CUDA_NO_HALF_OPERATORS__ -U__CUDA_NO_HALF_CONVERSIONS__ -U__CUDA_NO_HALF2_OPERATORS__ -U__CUDA_NO_BFLOAT16_CONVERSIONS__ -U__CUDA_NO_BFLOAT16_OPERATORS__ -U__CUDA_NO_BFLOAT162_OPERATORS__",
              '# retorch.toml: nvcc-flags = ["-U__CUDA_NO_HALF_OPERATORS__", "-U__CUDA_NO_HALF_CONVERSIONS__", "-U__CUDA_NO_HALF2_OPERATORS__", "-U__CUDA_NO_BFLOAT16_CONVERSIONS__"]',
            ],
    sources: ["microsoft/DeepSpeed#750", "microsoft/DeepSpeed#1089", "Vahe1994/AQLM#52"],
    examples: [
      {
        text: 'Tesla T4\n/e/lib/python3.10/site-packages/aqlm/inference_kernels/cuda_kernel.cu(49): error: no operator "*" matches these operands\n            operand types are: __nv_bfloat162 * __nv_bfloat162',
        expect: "install --upgrade --no-deps aqlm",
      },
      {
        text: 'lam.cu(7): error: no operator "+" matches these operands\n            operand types are: __half2 + const __half2',
        expect: "-U__CUDA_NO_HALF_OPERATORS__",
      },
      {
        text: 'k.cu(31): error: no suitable conversion function from "const __half" to "float" exists',
        expect: "-U__CUDA_NO_HALF_CONVERSIONS__",
      },
    ],
  },
  {
    id: "shared-memory-too-large",
    title: "The kernel uses too much shared memory",
    on: ["driver"],
    specificity: 80,
    matches: (finding) =>
      (finding.tool === "hipcc"
        ? saidAny(
            finding,
            /local memory (?:limit exceeded )?\((?<used>\d+)\)(?: exceeds limit \((?<max>\d+)\))?(?: in (?:function )?['"]?(?<kernel>\w+))?/i,
          )
        : undefined) ??
      nvccSaid(
        finding,
        /Entry function ['"](?<kernel>.+?)['"] uses too much (?<what>shared data|local data|parameter space|global data)(?: \((?<used>\w+) bytes(?: \+ \w+ bytes system)?, (?<max>\w+) max\))?/,
      ),
    confidence: "high",
    cause: (match) =>
      `The kernel \`${match.facts["kernel"] ?? ""}\` asks for ${match.facts["used"] === undefined ? "more" : `${Number(match.facts["used"])} bytes of`} static ${match.facts["what"] ?? "shared data"}${match.facts["max"] === undefined ? "" : `; ${Number(match.facts["max"])} are allowed`}.`,
    fix: (match) => [
      "# make the tile smaller, or take it as dynamic shared memory: extern __shared__, launch with the size, and cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes)",
      // 48 KiB of static memory are the limit of every GPU.
      Number(match.facts["max"]) === 49_152
        ? "# a package of others: another release of it, or a smaller block or tile size where the package has an option for it; no architecture allows more of static memory"
        : "# a package of others: another release of it, or fewer architectures where the message is of one of several (TORCH_CUDA_ARCH_LIST, CMAKE_CUDA_ARCHITECTURES with those of your GPU alone); a smaller block or tile size where the package has an option for it",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#shared-memory-8-x"],
    examples: [
      {
        text: "ptxas error   : Entry function '_Z1kPf' uses too much shared data (0x61a80 bytes, 0xc000 max)",
        expect: "400000",
      },
      {
        text: "ptxas error   : Entry function '_Z5sortKPfi' uses too much shared data (0x10100 bytes, 0xc000 max)",
        expect: "no architecture allows more",
      },
    ],
  },
  {
    id: "constant-memory-too-large",
    title: "Too much __constant__ data",
    on: ["driver"],
    specificity: 80,
    matches: (finding) =>
      nvccSaid(finding, /uses too much global constant data(?: \((?<used>\w+) bytes, (?<max>\w+) max\))?/),
    confidence: "high",
    cause: (match) =>
      `The __constant__ variables of the file take ${match.facts["used"] === undefined ? "more" : `${Number(match.facts["used"])} bytes`}; a GPU has ${match.facts["max"] === undefined ? "64 KiB" : `${Number(match.facts["max"])} bytes`} of constant memory.`,
    fix: () => ["# keep the table in global memory (__device__ const, or a tensor) and read it with __ldg"],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#constant"],
    examples: [
      { text: "ptxas error   : File uses too much global constant data (0x12000 bytes, 0x10000 max)", expect: "65536" },
    ],
  },
  {
    id: "ptxas-failed",
    title: "ptxas refuses the generated code",
    on: ["driver"],
    specificity: 45,
    matches: (finding) =>
      finding.tool === "ptxas"
        ? saidAny(
            finding,
            /aborted due to errors/,
            /(?:Parsing|syntax) error/i,
            /Illegal|Unknown symbol|Arguments mismatch|PTX/,
          )
        : undefined,
    confidence: "low",
    cause: () =>
      "The assembler for the GPU rejects inline PTX, or PTX of another toolkit: the lines of ptxas above say which instruction.",
    fix: () => [
      "which -a nvcc ptxas; nvcc --version; ptxas --version   # must be of one toolkit",
      "# asm() in the sources: is it for a newer architecture than the ones compiled for?",
    ],
    sources: ["ggml-org/llama.cpp#11750"],
    examples: [{ text: "ptxas fatal   : Ptx assembly aborted due to errors", expect: "PTX" }],
  },
  {
    id: "extended-lambda-needed",
    title: "A device lambda needs --extended-lambda",
    on: ["compile"],
    specificity: 85,
    matches: (finding) =>
      said(
        finding,
        /(?:annotation on lambda requires|requires) --(?:extended|expt-extended)-lambda|__nv_is_extended_\w*lambda|extended __(?:host__ )?__device__ lambda|closure type for a lambda .* cannot be used in the template argument type of a __global__|'extended lambda' and the flag --extended-lambda/,
      ),
    confidence: "high",
    cause: () => "The code marks a lambda as __device__ (or __host__ __device__), which nvcc allows with a flag only.",
    fix: (match) => [
      ...withNvccFlags(match, ["--extended-lambda"]),
      '# for good: extra_compile_args={"nvcc": ["--extended-lambda"]}; retorch.toml: nvcc-flags = ["--extended-lambda"]; CMake: set(CMAKE_CUDA_FLAGS "${CMAKE_CUDA_FLAGS} --extended-lambda")',
    ],
    change: () => ({ kind: "add-flag", tool: "nvcc", flag: "--extended-lambda" }),
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#extended-lambdas"],
    examples: [
      {
        text: "lam.cu(6): error: __host__ or __device__ annotation on lambda requires --extended-lambda nvcc flag",
        expect: "--extended-lambda",
      },
      {
        text: "k.cu(20): error: The closure type for a lambda (\"lambda [](float)->float\", defined at k.cu:20) cannot be used in the template argument type of a __global__ function template instantiation, unless the lambda is defined within a __device__ or __global__ function, or the lambda is an 'extended lambda' and the flag --extended-lambda is specified",
        expect: "--extended-lambda",
      },
    ],
  },
  {
    id: "relaxed-constexpr-needed",
    title: "A constexpr host function is called on the GPU",
    on: ["compile"],
    specificity: 85,
    matches: (finding) =>
      said(
        finding,
        /calling a constexpr __host__ function.*from a __(?:device|global)__|--expt-relaxed-constexpr|use "--expt-relaxed-constexpr"/,
      ),
    confidence: "high",
    cause: () =>
      "A constexpr function of the host (e.g. of std::) is called in device code, which nvcc allows with a flag only.",
    fix: (match) => [
      ...withNvccFlags(match, ["--expt-relaxed-constexpr"]),
      '# for good: extra_compile_args={"nvcc": ["--expt-relaxed-constexpr"]}; retorch.toml: nvcc-flags = ["--expt-relaxed-constexpr"]; CMake: set(CMAKE_CUDA_FLAGS "${CMAKE_CUDA_FLAGS} --expt-relaxed-constexpr") (torch\'s own builder passes it always)',
    ],
    change: () => ({ kind: "add-flag", tool: "nvcc", flag: "--expt-relaxed-constexpr" }),
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#constexpr-functions-and-function-templates"],
    examples: [
      {
        text: 'k.cu(4): error: calling a constexpr __host__ function("max") from a __global__ function("k") is not allowed. The experimental flag \'--expt-relaxed-constexpr\' can be used to allow this.',
        expect: "--expt-relaxed-constexpr",
      },
    ],
  },
  {
    id: "host-call-from-device",
    title: "Device code calls a host function",
    on: ["compile"],
    specificity: 70,
    matches: (finding) =>
      saidAny(
        finding,
        /calling a __host__ function(?:\("(?<callee>[^"]*)"\)|)(?: "(?<callee2>[^"]*)")? from a __(?:device|global|host__ __device)__ function/,
        /calling a host function(?:\("(?<callee>[^"]*)"\))? from a __device__/,
        /identifier "(?<callee>[^"]+)" is undefined in device code/,
        /reference to __host__ function '(?<callee>[^']+)' in __(?:device|global|host__ __device)__ function/,
        /no matching function for call to .*candidate function not viable: call to __host__ function from __device__/s,
      ),
    confidence: "high",
    cause: (match) =>
      `A kernel or device function (${placeOf(match.finding)}) calls ${match.facts["callee"] === undefined ? "a function" : `\`${match.facts["callee"]}\``}, which exists for the CPU only.`,
    fix: (match) => [
      ...letDeviceCall(match, match.facts["callee"]),
      /basic_ostream|operator ?<</.test(match.facts["callee"] ?? "")
        ? '# a kernel prints with printf("%f\\n", x); there is no std::cout on the GPU'
        : /std::(?:vector|map|unordered_map|set|string|basic_string|shared_ptr|unique_ptr|function)\b/.test(
              match.facts["callee"] ?? "",
            )
          ? "# containers of std:: are the host's: arrays of constant length, pointers that the kernel gets, or cuda::std::array of <cuda/std/array>"
          : /\bstd::(?:sort|stable_sort|min_element|max_element|accumulate|copy|fill|swap|lower_bound|upper_bound|transform|reverse|unique|find|count)\b/.test(
                match.facts["callee"] ?? "",
              )
            ? "# algorithms for one thread: thrust::sort(thrust::seq, x, x + n) and its like, of <thrust/sort.h> and <thrust/execution_policy.h>; thrust::swap or cuda::std::swap of <cuda/std/utility>"
            : "# mark the callee __host__ __device__, or use the device form (std::max → max, std::pow → pow, torch/ATen functions not at all in kernels)",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#function-execution-space-specifiers"],
    examples: [
      {
        text: 'k.cu(5): error: calling a __host__ function("host()") from a __device__ function("foo()") is not allowed',
        expect: "__device__",
      },
      {
        text: '$ nvcc -arch=sm_80 -c a.cu -o a.o\na.cu(3): error: calling a __host__ function("act(float)") from a __global__ function("k") is not allowed\n\na.cu(3): error: identifier "act" is undefined in device code',
        expect: "act *\\()/__host__ __device__ \\1/g' a.cu",
      },
      {
        text: 'k.cu(9): error: calling a __host__ function("std::pow(double, double)") from a __global__ function("k") is not allowed',
        expect: "sed -i.bak -E '9s/std::(pow)\\b/\\1/g' k.cu",
      },
    ],
  },
];
