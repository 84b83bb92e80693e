/** Calls and types of CUDA (and HIP) in a source of one's own that take other arguments than are given. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { torchCuda, useToolkit } from "../commands/commands.ts";
import { about } from "../matchers.ts";
import { codeAt, type Match, type Rule, saidAny } from "../rule.ts";
import { addInclude, editFile, editLine } from "../commands/source-edits.ts";

const guide = "https://docs.nvidia.com/cuda/cuda-c-programming-guide/";
const vector = String.raw`(?:const )?(?:float|double|int|uint|long|half|__half|__nv_bfloat16)[234](?: ?&)?`;

/** The header of CUDA, or of HIP, that has a type of 16 or 8 bits. */
function smallFloatHeader(match: Match): string {
  const name = match.facts["name"] ?? "";
  const header = /bfloat/.test(name) ? "bf16" : /fp8/.test(name) ? "fp8" : "fp16";
  return match.context.log.amd || match.finding.file?.endsWith(".hip") === true
    ? `hip/hip_${header}.h`
    : `cuda_${header}.h`;
}

/** The first CUDA with a constant of cuBLASLt. */
function cudaOfEpilogue(name: string): string {
  if (name.includes("SCALE_MODE")) return "12.8";
  return name.includes("SCALE") ? "11.8" : "11.6";
}

/** The toolkit of torch's own CUDA, where that is new enough. */
function newerToolkitOfTorch(match: Match, least: string): string[] {
  const ofTorch = torchCuda(match);
  const older = (version: string): boolean => compareVersions(parseVersion(version), parseVersion(least)) < 0;
  if (ofTorch !== undefined && !older(ofTorch)) return useToolkit(match, ofTorch, least);
  return [
    "nvcc --version; which -a nvcc; ls -d /usr/local/cuda*   # the toolkit that compiles",
    `# a newer toolkit (${least} or newer) of the major version that torch was built for${ofTorch === undefined ? "" : ` (CUDA ${ofTorch})`}: export CUDA_HOME=/usr/local/cuda-<version> PATH=/usr/local/cuda-<version>/bin:$PATH`,
  ];
}

export const cudaCallRules: readonly Rule[] = [
  {
    id: "address-of-pointer-wanted",
    title: "cudaMalloc is given the pointer, not its address",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /no instance of (?:overloaded )?function (?:template )?"(?<name>(?:cuda|hip)Malloc\w*)" matches the argument list argument types are: \((?<type>[\w: ]+\*) ?,/,
        /argument of type "(?<type>(?:float|double|int|long|char|half|__half|unsigned [\w ]+) ?\*)" is incompatible with parameter of type "(?<name>void \*\*)"/,
        /cannot convert [‘'](?<type>[\w: ]+[^*]\*)[’'] to [‘'](?<name>void\*\*)[’']/,
        /no known conversion from '(?<type>[\w: ]+[^*]\*)' to '(?<name>void \*\*)'/,
      ) ??
      (/no matching function for call to [‘'](?:cuda|hip)Malloc\w*/.test(finding.message) &&
      /(?:cuda|hip)Malloc\w*\s*\(\s*\w/.test(finding.source ?? "")
        ? { name: /(?:cuda|hip)Malloc\w*/.exec(finding.message)?.[0] }
        : undefined),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)}: ${/alloc/i.test(match.facts["name"] ?? "") ? (match.facts["name"] ?? "") : "the function (cudaMalloc and its like)"} writes the address of the new memory into a pointer, so it wants the address of that pointer (a \`void**\`), not the pointer${match.facts["type"] === undefined ? "" : ` (a \`${match.facts["type"].trim()}\`)`}.`,
    fix: (match) => [
      ...editLine(match, [
        ["\\b((cuda|hip)Malloc\\w*\\([ \\t]*)([A-Za-z_][A-Za-z0-9_.>-]*)[ \\t]*,", "\\1(void**)&\\3,"],
      ]),
      `# float* p; ${/alloc/i.test(match.facts["name"] ?? "") ? (match.facts["name"] ?? "cudaMalloc") : "cudaMalloc"}(&p, n * sizeof(float));   in a C source: (void**)&p`,
      "# in an extension: auto t = torch::empty({n}, x.options()); t.data_ptr<float>() lets torch hold the memory",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__MEMORY.html"],
    examples: [
      {
        text: 'k.cu(1): error: no instance of overloaded function "cudaMalloc" matches the argument list\n            argument types are: (float *, unsigned long)',
        expect: "cudaMalloc(&p",
      },
      { text: "a.cpp:3:14: error: cannot convert ‘float*’ to ‘void**’", expect: "cudaMalloc(&p" },
    ],
  },
  {
    id: "atomic-without-this-type",
    title: "There is no atomic function for this type",
    on: ["compile"],
    specificity: 60,
    matches: (finding) =>
      saidAny(
        finding,
        /no instance of overloaded function "(?<name>atomic(?:Max|Min|Sub|And|Or|Xor|Inc|Dec))" matches the argument list argument types are: \((?<type>(?:float|double|__half|half|__nv_bfloat16|c10::\w+) \*)/,
        /no matching function for call to '(?<name>atomic(?:Max|Min|Sub|And|Or|Xor|Inc|Dec))'/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)}: CUDA has \`${match.facts["name"] ?? "atomicMax"}\` for integers only${match.facts["type"] === undefined ? "" : `, not for \`${match.facts["type"]}\``} (of floating point, atomicAdd alone).`,
    fix: (match) => [
      match.facts["name"] === "atomicSub"
        ? "# atomicAdd(p, -v)"
        : "# for values that are never negative: atomicMax((int*)p, __float_as_int(v)); else a loop: int old = *(int*)p, seen; do { seen = old; old = atomicCAS((int*)p, seen, __float_as_int(fmaxf(v, __int_as_float(seen)))); } while (seen != old);",
      "# torch has them for all its types: #include <ATen/cuda/Atomic.cuh>, gpuAtomicMax(p, v), gpuAtomicMin, gpuAtomicAdd",
    ],
    sources: [`${guide}#atomic-functions`],
    examples: [
      {
        text: 'k.cu(1): error: no instance of overloaded function "atomicMax" matches the argument list\n            argument types are: (float *, float)',
        expect: "atomicCAS",
      },
    ],
  },
  {
    id: "cuda-vector-arithmetic",
    title: "CUDA's vector types have no operators",
    on: ["compile"],
    specificity: 58,
    matches: (finding) =>
      /half|bfloat/.test(finding.message)
        ? undefined
        : saidAny(
            finding,
            new RegExp(
              `no operator "(?<name>[^"]+)" matches these operands operand types are: (?:.* )?(?<type>${vector})(?: |$)`,
            ),
            new RegExp(`invalid operands to binary expression \\('(?<type>${vector})'.* and '`),
            new RegExp(`no match for [‘']operator(?<name>[^’']+)[’'] \\(operand types are [‘'](?<type>${vector})[’']`),
          ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} calculates with a \`${(match.facts["type"] ?? "float4").replace(/^const |\s?&$/g, "")}\`: CUDA defines these types with their members x, y, z, w, and no operators for them (HIP does; CUDA's samples bring some in helper_math.h).`,
    fix: (match) => {
      const type = (match.facts["type"] ?? "float4").replace(/^const |\s?&$/g, "");
      return [
        `# write it out: make_${type}(a.x + b.x, a.y + b.y, …); or operators of one's own: __host__ __device__ inline ${type} operator+(${type} a, ${type} b) { return make_${type}(a.x + b.x, …); }`,
        "# or copy helper_math.h of NVIDIA/cuda-samples (Common/) into the project and include it",
      ];
    },
    sources: [`${guide}#built-in-vector-types`],
    examples: [
      {
        text: 'k.cu(1): error: no operator "+" matches these operands\n            operand types are: float4 + float4',
        expect: "make_float4",
      },
    ],
  },
  {
    id: "cublaslt-epilogue-missing",
    title: "This CUDA's cuBLASLt does not know an epilogue",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      about(finding, /^CUBLASLT_(?:EPILOGUE_\w+|MATMUL_DESC_EPILOGUE_\w+|MATMUL_DESC_(?:A|B|C|D)_SCALE_\w+)$/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is a constant of cublasLt.h that came with a later release of CUDA than the one that is compiled with: ${/SCALE_MODE/.test(match.facts["name"] ?? "") ? "scaling modes with CUDA 12.8" : /SCALE/.test(match.facts["name"] ?? "") ? "scales for FP8 with CUDA 11.8" : "the epilogues of GELU, BGRAD and AUX in the course of CUDA 11, after 11.3"}.`,
    fix: (match) => [
      ...newerToolkitOfTorch(match, cudaOfEpilogue(match.facts["name"] ?? "")),
      "# or leave the part out that needs it (apex: without fused_dense; a release of the package from before)",
    ],
    // DRELU_BGRAD from 11.3.1 on: ROCm/HIPIFY#2548; AUX from 11.4.2 on: Oneflow-Inc/oneflow#8063; scales for FP8 from 11.8 on: apache/tvm#19432; modes from
    // 12.8 on: cublaslt_gemm.cu of NVIDIA/TransformerEngine.
    sources: ["NVIDIA/apex#1163", "NVIDIA/apex#1155", "Oneflow-Inc/oneflow#8063", "apache/tvm#19432"],
    examples: [
      {
        text: 'csrc/fused.cu(415): error: identifier "CUBLASLT_EPILOGUE_GELU_AUX" is undefined',
        expect: "11.6 or newer",
      },
    ],
  },
  {
    id: "restrict-of-c",
    title: "restrict is a word of C alone",
    on: ["compile"],
    specificity: 76,
    matches: (finding) =>
      /^expected |^identifier "restrict"|[‘']restrict[’']/.test(finding.message) &&
      /\*\s*(?:const\s+)?restrict\b/.test(finding.source ?? "")
        ? {}
        : undefined,
    confidence: "high",
    cause: (match) => `${codeAt(match.finding)} writes \`restrict\`, which C knows and neither C++ nor CUDA does.`,
    fix: (match) => [
      ...editFile(match, [["(\\*[ \\t]*(const[ \\t]+)?)restrict\\b", "\\1__restrict__"]]),
      "# __restrict__ (gcc, clang, nvcc, hipcc), __restrict (cl)",
    ],
    sources: [`${guide}#restrict`],
    examples: [
      {
        text: 'k.cu(1): error: expected a ")"\n  __attribute__((global)) void k(float* restrict x) { x[0] = 1; }\n                                                 ^',
        expect: "__restrict__",
      },
    ],
  },
  {
    id: "half-type-not-included",
    title: "CUDA's 16-bit types need their header",
    on: ["compile"],
    specificity: 70,
    matches: (finding) =>
      /not declared|undeclared|is undefined|does not name a type|unknown type name|not been declared/.test(
        finding.message,
      )
        ? about(finding, /^(?:half2?|__half2?|__half_raw|nv_bfloat162?|__nv_bfloat162?|__float2half\w*|__nv_fp8_\w+)$/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? "half"}\` is of a header of CUDA that ${codeAt(match.finding) === "The code" ? "the source" : codeAt(match.finding)} does not include.`,
    fix: (match) => addInclude(match, smallFloatHeader(match)),
    sources: ["https://docs.nvidia.com/cuda/cuda-math-api/"],
    examples: [{ text: 'k.cu(1): error: identifier "half" is undefined', expect: "cuda_fp16.h" }],
  },
];
