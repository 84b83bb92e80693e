/** CUDA's half types where two ways lead to an operator or a number. */
import { codeAt, placeOf, type Match, type Rule, said, saidAny } from "../rule.ts";

/** Lua's torch and Caffe2 read a variable of their own. */
function isLuaTorch(match: Match): boolean {
  return /cutorch|cunn|[\\/]lib[\\/]THC[\\/]/.test(`${match.finding.file ?? ""} ${match.finding.text}`);
}

/** The first CUDA whose half has operators in host code and for all architectures. */
function isBefore12(match: Match): boolean {
  const cuda = match.context.log.cuda;
  return cuda !== undefined && (Number.parseInt(cuda, 10) < 12 || /^12\.[01]\b/.test(cuda));
}

const macros = "-D__CUDA_NO_HALF_OPERATORS__ -D__CUDA_NO_HALF_CONVERSIONS__ -D__CUDA_NO_HALF2_OPERATORS__";

export const halfTypeRules: readonly Rule[] = [
  {
    id: "half-with-other-type",
    title: "An operator joins torch's Half with another type",
    on: ["compile"],
    specificity: 85,
    matches: (finding) =>
      saidAny(
        finding,
        /more than one operator "(?<operator>[^"]{1,4})" matches these operands.*operand types are: (?:const )?(?<type>(?:c10|at)::(?:Half|BFloat16)) [^\w\s]{1,2} (?:const )?(?<other>bool|(?:unsigned )?(?:int|long|char|short)|double|float|(?:u?int\d+_t))\b/s,
        /more than one operator "(?<operator>[^"]{1,4})" matches these operands.*operand types are: (?:const )?(?<other>bool|(?:unsigned )?(?:int|long|char|short)|double|float|(?:u?int\d+_t)) [^\w\s]{1,2} (?:const )?(?<type>(?:c10|at)::(?:Half|BFloat16))/s,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} joins \`${match.facts["type"] ?? ""}\` and \`${match.facts["other"] ?? ""}\` with \`${match.facts["operator"] ?? "+"}\`: torch has operators of ${match.facts["type"] ?? "Half"} with float, double, int and int64_t, and \`${match.facts["other"] ?? ""}\` can become each of them, so that the compiler cannot choose.`,
    fix: (match) => [
      `# ${placeOf(match.finding) === "" ? "there" : `in ${placeOf(match.finding)}`}: the ${match.facts["other"] ?? "other"} made the same type first, static_cast<scalar_t>(…) (the name of the template's type), or both float: static_cast<float>(x) ${match.facts["operator"] ?? "+"} static_cast<float>(…)`,
    ],
    sources: ["yzslab/gaussian-splatting-lightning#113", "pytorch: c10/util/Half-inl.h"],
    examples: [
      {
        text: 'tiles.cu(33): error: more than one operator "+" matches these operands:\n    built-in operator "arithmetic + arithmetic"\n    function "c10::operator+(const c10::Half &, const c10::Half &)"\n    function "c10::operator+(c10::Half, float)"\n    operand types are: c10::Half + bool',
        expect: "static_cast<scalar_t>",
      },
    ],
  },
  {
    id: "half-operators-twice",
    title: "CUDA's operators of half meet those of the code",
    on: ["compile"],
    specificity: 83,
    matches: (finding) =>
      saidAny(
        finding,
        /more than one operator "(?<operator>[^"]{1,4})" matches these operands.*\b(?<type>c10::Half|at::Half|half|__half)\b/s,
        /use of overloaded operator '(?<operator>[^']{1,4})' is ambiguous.*\((?:with operand types )?['‘]?(?:const )?(?<type>c10::Half|at::Half)/,
        /^more than one operator "(?<operator>[^"]{1,4})" matches these operands:?$/,
      ),
    confidence: (match) => (match.facts["type"] === undefined ? "medium" : "high"),
    cause: (match) =>
      /(?:c10|at)::/.test(match.facts["type"] ?? "")
        ? `${codeAt(match.finding)} uses \`${match.facts["operator"] ?? "<"}\` on torch's Half, and finds the operators of CUDA's __half beside the built-in ones: the macros that keep CUDA's away are not on nvcc's command line (torch's own builder gives them; a setup.py that sets its own flags, CMake and torch 1.1 on Windows did not).`
        : `\`${match.facts["operator"] ?? "+"}\` of half is defined twice: cuda_fp16.hpp has such operators (since CUDA 9 for GPUs, since CUDA 12.2 in host code, too), and ${placeOf(match.finding) === "" ? "the code" : placeOf(match.finding)} sees another set that the project defines itself.`,
    fix: (match) => [
      isLuaTorch(match)
        ? 'export TORCH_NVCC_FLAGS="-D__CUDA_NO_HALF_OPERATORS__"   # then build again, from an empty build folder'
        : match.context.log.platform === "win32"
          ? `set NVCC_APPEND_FLAGS=${macros}   # then build again; in setup.py: extra_compile_args={'nvcc': [...]}`
          : `export NVCC_APPEND_FLAGS="${macros}"   # then build again; in setup.py: extra_compile_args={'nvcc': [...]}, CMake: CMAKE_CUDA_FLAGS`,
      ...(/(?:c10|at)::/.test(match.facts["type"] ?? "")
        ? []
        : [
            "# in one's own code: the project's operators between #if CUDART_VERSION < 12020 and #endif; or a release of the project that knows this CUDA, or CUDA 12.1",
          ]),
    ],
    change: (match) =>
      /(?:c10|at)::/.test(match.facts["type"] ?? "")
        ? { kind: "add-flag", tool: "nvcc", flag: "-D__CUDA_NO_HALF_OPERATORS__" }
        : undefined,
    sources: ["pytorch/vision#1076", "torch/cutorch#797", "microsoft/onnxruntime#16870"],
    examples: [
      {
        text: 'C:/e/lib/site-packages/torch/include\\THC/THCNumerics.cuh(203): error: more than one operator "<" matches these operands:\n            built-in operator "arithmetic < arithmetic"\n            function "operator<(const __half &, const __half &)"\n            operand types are: c10::Half < c10::Half',
        expect: "NVCC_APPEND_FLAGS=-D__CUDA_NO_HALF_OPERATORS__",
      },
      {
        text: '/torch/extra/cutorch/lib/THC/generic/THCTensorMath.cu(393): error: more than one operator "==" matches these operands:\n            function "operator==(const __half &, const __half &)"\n            function "operator==(half, half)"\n            operand types are: half == half',
        expect: "TORCH_NVCC_FLAGS",
      },
    ],
  },
  {
    id: "half-to-number-ambiguous",
    title: "half converts to several types of numbers",
    on: ["compile"],
    specificity: 83,
    matches: (finding) =>
      said(
        finding,
        /more than one conversion function from "(?:const )?(?<type>__half|half|__nv_bfloat16|nv_bfloat16)" to a built-in type/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)} uses a \`${match.facts["type"] ?? "half"}\` where a number of the language is wanted (an operator, a comparison, fabsf, max), and the type converts to float, short, int, bool, …: the compiler cannot choose. Operators of its own are there from sm_53 on for half, sm_80 for bfloat16, unless __CUDA_NO_HALF_OPERATORS__ takes them away, which torch's builder defines${isBefore12(match) ? ", and this CUDA has none for older architectures (without -arch nvcc compiles for one)" : "; CUDA 12.2 and newer have them for all"}.`,
    fix: (match) => [
      ...(/torch/i.test(match.context.log.torch ?? match.finding.text) || match.context.log.builtAtRunTime
        ? [
            'export NVCC_APPEND_FLAGS="-U__CUDA_NO_HALF_OPERATORS__ -U__CUDA_NO_HALF_CONVERSIONS__ -U__CUDA_NO_HALF2_OPERATORS__"   # torch\'s builder takes the operators away; then build again',
          ]
        : []),
      `# say which: ${/bfloat/.test(match.facts["type"] ?? "") ? "__bfloat162float(x)" : "__half2float(x)"} (or static_cast<float>(x)) for each such value${placeOf(match.finding) === "" ? "" : ` in ${placeOf(match.finding)}`}, and ${/bfloat/.test(match.facts["type"] ?? "") ? "__float2bfloat16" : "__float2half"}(…) for the result`,
      "nvidia-smi --query-gpu=compute_cap --format=csv,noheader   # an architecture of 5.3 (bfloat16: 8.0) or newer has the operators: nvcc -arch=sm_75, TORCH_CUDA_ARCH_LIST=7.5, -DCMAKE_CUDA_ARCHITECTURES=75",
      "# a package of others: its newest release, or a CUDA of 12.2 or newer",
    ],
    sources: [
      "ikawrakow/ik_llama.cpp#669",
      "BBuf/how-to-optim-algorithm-in-cuda#10",
      "https://docs.nvidia.com/cuda/cuda-math-api/",
    ],
    examples: [
      {
        text: 'dmmv.cu(58): error: more than one conversion function from "const half" to a built-in type applies:\n            function "__half::operator float() const"',
        expect: "__half2float(x)",
      },
    ],
  },
];
