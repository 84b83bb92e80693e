/**
 * Names of torch that every release of the last years has: where one is not there, the header that declares it is not included.
 * Source: torch's headers (torch/csrc/api/include/torch/types.h, utils.h, all.h; ATen/AccumulateType.h, ATen/cuda; c10/cuda).
 */
import { addLines, isGenerated, loadingScript, orInWords } from "../commands/source-edits.ts";
import { quote } from "../text/quote.ts";
import type { Finding } from "../finding.ts";
import { codeAt, type Match, type MatchFacts, type Rule, saidAny } from "../rule.ts";
import { foreignHeader } from "../tables/foreign-headers.ts";

const factories =
  "zeros|ones|empty|full|tensor|rand|randn|randint|randperm|arange|linspace|eye|from_blob|(?:zeros|ones|empty|full|rand|randn)_like|cat|stack|where|matmul|mm|bmm|sum|mean|max|min|exp|log|sqrt|abs|sigmoid|relu|softmax|tanh|clamp|equal|allclose";

interface Home {
  readonly name: RegExp;
  readonly header: string;
  /** What of torch is included when this is missing. */
  readonly also?: string;
}

/** First match wins. */
const homes: readonly Home[] = [
  {
    name: new RegExp(
      `^torch::(?:Tensor(?:Options|List|Ref)?|ScalarType|Dtype|Device(?:Type)?|Scalar|IntArrayRef|ArrayRef|Half|Layout|PackedTensorAccessor(?:32|64)|RestrictPtrTraits|k(?:Float|Double|Half|BFloat16)?(?:16|32|64)?|k(?:Int|Long|Short|Char|Byte|UInt8|Int8|Int16|Int32|Int64|Bool|CPU|CUDA|Strided)|dtype|device|requires_grad|${factories})$`,
    ),
    header: "torch/types.h",
    also: "<ATen/ATen.h> alone has these names in the namespace at; <torch/extension.h> brings them, and pybind11",
  },
  { name: /^torch::(?:NoGradGuard|AutoGradMode|manual_seed|[gs]et_num_threads)$/, header: "torch/utils.h" },
  { name: /^torch::(?:nn|optim|data|serialize)$/, header: "torch/torch.h" },
  { name: /^at::acc_type(?:_device)?$/, header: "ATen/AccumulateType.h" },
  { name: /^at::(?:parallel_for|parallel_reduce|get_num_threads|set_num_threads)$/, header: "ATen/Parallel.h" },
  {
    name: /^at::cuda::(?:getCurrentCUDA(?:Stream|BlasHandle|BlasLtHandle|SparseHandle|SolverDnHandle)|getDefaultCUDAStream|getStreamFromPool|CUDAStream|getCurrentDeviceProperties|getDeviceProperties|warp_size)$/,
    header: "ATen/cuda/CUDAContext.h",
  },
  { name: /^at::cuda::(?:CUDAGuard|OptionalCUDAGuard|CUDAStreamGuard)$/, header: "c10/cuda/CUDAGuard.h" },
  {
    name: /^c10::cuda::(?:getCurrentCUDAStream|getDefaultCUDAStream|getStreamFromPool|CUDAStream)$/,
    header: "c10/cuda/CUDAStream.h",
  },
  { name: /^c10::cuda::(?:Optional)?CUDA(?:Stream|MultiStream)?Guard$/, header: "c10/cuda/CUDAGuard.h" },
  { name: /^c10::cuda::CUDACachingAllocator$/, header: "c10/cuda/CUDACachingAllocator.h" },
  { name: /^at::cuda::CUDAEvent$/, header: "ATen/cuda/CUDAEvent.h" },
  { name: /^at::cuda::blas$/, header: "ATen/cuda/CUDABlas.h" },
  {
    name: /^at::(?:TensorArg|TensorGeometryArg|checkSameType|checkSameSize|checkSameGPU|checkAllSameGPU|checkContiguous|checkDim)$/,
    header: "ATen/TensorUtils.h",
  },
  { name: /^at::(?:infer_size|expand_size|are_expandable)$/, header: "ATen/ExpandUtils.h" },
  { name: /^at::(?:DeviceGuard|OptionalDeviceGuard)$/, header: "ATen/DeviceGuard.h" },
];

const space = String.raw`(?<space>(?:at|torch|c10)(?:::cuda)?)`;
const forms: readonly RegExp[] = [
  new RegExp(`^[‘'](?<name>\\w+)[’'] is not a member of [‘']${space}[’']`),
  new RegExp(`^[‘'](?<name>\\w+)[’'] in namespace [‘']${space}[’'] does not name a (?:template )?type`),
  new RegExp(`^no (?:member|type|template) named '(?<name>\\w+)' in namespace '${space}'`),
  new RegExp(`^namespace "${space}" has no (?:actual )?member (?:class |function |type )?"(?<name>\\w+)"`),
  new RegExp(`^'(?<name>\\w+)'\\s?: is not a member of '${space}'`),
];

function missing(finding: Finding): MatchFacts | undefined {
  if (finding.severity === "warning" || finding.severity === "note" || foreignHeader.test(finding.file ?? ""))
    return undefined;
  const facts = saidAny(finding, ...forms);
  const full = `${facts?.["space"] ?? ""}::${facts?.["name"] ?? ""}`;
  const home = homes.find(({ name }) => name.test(full));
  return facts === undefined || home === undefined ? undefined : { full, header: home.header, also: home.also };
}

/** Without operators: a header that declares the class at::Tensor, and not the functions of ATen. */
function withoutOperators(finding: Finding): MatchFacts | undefined {
  if (finding.severity === "warning" || finding.severity === "note" || foreignHeader.test(finding.file ?? ""))
    return undefined;
  const facts = saidAny(
    finding,
    /^no match for [‘']operator(?<sign>[-+*/]|[<>]=?|[=!]=)[’'] \(operand types are [‘'](?<left>[^’']{1,200})[’'](?: \{aka [^}]*\})? and [‘'](?<right>[^’']{1,200})[’']/,
    /^invalid operands to binary expression \('(?<left>[^']{1,200})'(?: \(aka [^)]+\))? and '(?<right>[^']{1,200})'/,
    /^no operator "(?<sign>[-+*/]|[<>]=?|[=!]=)" matches these operands operand types are: (?<left>[\w: ]{1,100}?) [-+*/<>=!]{1,2} (?<right>[\w: ]{1,100})$/,
  );
  const { left = "", right = "" } = facts ?? {};
  const tensor = /^(?:const )?(?:at::|torch::)?Tensor(?: ?&)?$/;
  const number = /^(?:const )?(?:int|float|double|bool|int64_t|long|long int|long long|c10::Scalar|at::Scalar)$/;
  return (tensor.test(left) && (tensor.test(right) || number.test(right))) || (number.test(left) && tensor.test(right))
    ? { ...facts }
    : undefined;
}

/** The header at the head of the file; where load_inline() wrote the file, at the head of what the script hands over. */
function includeIn(match: Match, header: string): readonly string[] {
  if (!isGenerated(match.finding.file, match))
    return orInWords(
      addLines(match, [`#include <${header}>`]),
      `at the head of ${match.finding.file ?? "the file"}: #include <${header}>`,
    );
  const script = loadingScript(match);
  return [
    ...(script === undefined
      ? []
      : [
          `sed -i.bak -E 's/, *no_implicit_headers *= *True//' ${quote(script.file)}   # then load_inline() puts #include <torch/extension.h> before the sources`,
        ]),
    `# or as the first line of cpp_sources (cuda_sources): #include <${header}>`,
  ];
}

export const torchIncludeRules: readonly Rule[] = [
  {
    id: "torch-header-not-included",
    title: "The header of torch that declares a name is not included",
    on: ["compile"],
    specificity: 79,
    matches: missing,
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} uses \`${match.facts["full"] ?? ""}\` and includes no header that declares it: <${match.facts["header"] ?? ""}> does${match.facts["also"] === undefined ? " (another header may have brought it in with another torch)" : ` (${match.facts["also"]})`}.`,
    fix: (match) => includeIn(match, match.facts["header"] ?? ""),
    sources: ["https://docs.pytorch.org/cppdocs/", "pytorch: torch/csrc/api/include/torch/types.h"],
    examples: [
      {
        text: "a.cpp:4:20: error: ‘Tensor’ is not a member of ‘torch’\n    4 | std::vector<torch::Tensor> split(const torch::Tensor& x) {\n      |                    ^~~~~~",
        expect: "1i #include <torch/types.h>' a.cpp",
      },
      { text: "a.cpp:4:20: error: no type named 'Tensor' in namespace 'torch'", expect: "<torch/types.h>" },
      {
        text: "a.cpp:4:20: error: no member named 'zeros' in namespace 'torch'; did you mean 'at::zeros'?",
        expect: "<torch/types.h>",
      },
      {
        text: 'k.cu(6): error: namespace "at" has no member "acc_type"',
        expect: "1i #include <ATen/AccumulateType.h>' k.cu",
      },
      {
        text: 'k.cu(11): error: namespace "at::cuda" has no member "getCurrentCUDAStream"\n    cudaStream_t stream = at::cuda::getCurrentCUDAStream();',
        expect: "1i #include <ATen/cuda/CUDAContext.h>' k.cu",
      },
      { text: "ops.cpp(8): error C2039: 'NoGradGuard': is not a member of 'torch'", expect: "torch/utils.h" },
      { text: "ops.cpp:8:3: error: ‘parallel_for’ is not a member of ‘at’", expect: "<ATen/Parallel.h>" },
    ],
  },
  {
    id: "tensor-operators-not-included",
    title: "The header with the operators of tensors is not included",
    on: ["compile"],
    specificity: 79,
    matches: withoutOperators,
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)}: the class at::Tensor is known there, and its operators${match.facts["sign"] === undefined ? "" : ` (\`${match.facts["sign"]}\`)`} are not. torch/library.h, ATen/core/Tensor.h and their like declare the class alone; the operators and functions of tensors come with <ATen/ATen.h>, <torch/types.h> or <torch/extension.h>.`,
    fix: (match) => includeIn(match, "ATen/ATen.h"),
    sources: ["pytorch: aten/src/ATen/TensorOperators.h", "pytorch: aten/src/ATen/core/Tensor.h"],
    examples: [
      {
        text: "ops.cpp:3:53: error: no match for ‘operator+’ (operand types are ‘const at::Tensor’ and ‘int’)\n    3 | at::Tensor plus_one(const at::Tensor& x) { return x + 1; }\n      |                                                   ~ ^ ~",
        expect: "1i #include <ATen/ATen.h>' ops.cpp",
      },
      {
        text: "ops.cpp:3:53: error: invalid operands to binary expression ('const at::Tensor' and 'const at::Tensor')",
        expect: "<ATen/ATen.h>",
      },
      {
        text: 'Traceback (most recent call last):\n  File "/w/r.py", line 11, in <module>\n    load_inline(name="r", cpp_sources=src, no_implicit_headers=True)\n  File "/e/site-packages/torch/utils/cpp_extension.py", line 2174, in load_inline\n    return _jit_compile(\nRuntimeError: Error building extension \'r\': [1/2] g++ -c main.cpp\n/root/.cache/torch_extensions/py312_cu130/r/main.cpp:3:53: error: no match for ‘operator+’ (operand types are ‘const at::Tensor’ and ‘int’)',
        expect: "s/, *no_implicit_headers *= *True//' /w/r.py",
      },
    ],
  },
];
