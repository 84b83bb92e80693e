/** Slips in kernels of one's own and in their launches. */
import { foreignHeader } from "../tables/foreign-headers.ts";
import { editLine, editPrintedLine } from "../commands/source-edits.ts";
import { atCaller } from "../commands/printed-edits.ts";
import { codeAt, type Match, type Rule, said, saidAny } from "../rule.ts";

const guide = "https://docs.nvidia.com/cuda/cuda-c-programming-guide/";

/** `k<<grid, block>>(…)`, which is no shift and no output. */
const twoSigns =
  /(?<![<\w:.])(?<name>[A-Za-z_]\w*(?:<[\w:, ]{1,60}>)?)\s{0,3}<<\s{0,3}(?<how>[^<>;"]{1,120}[^<>;" ])\s{0,3}>>\s{0,3}\(/;

/** The largest tile of a warp. */
const warp = 32;

function tile(match: Match): number | undefined {
  const size = match.facts["size"];
  return size === undefined ? undefined : Number(size);
}

/** The power of two below a number. */
function below(size: number): number {
  let found = 1;
  while (found * 2 <= Math.min(size, warp)) found *= 2;
  return found;
}

/** Bits of the register that a letter of a constraint stands for. Source: NVIDIA's "Inline PTX Assembly in CUDA", Constraints. */
const registerBits: Readonly<Record<string, string>> = { h: "16", r: "32", l: "64", f: "32", d: "64", q: "128" };

export const kernelSlipRules: readonly Rule[] = [
  {
    id: "asm-operand-of-other-size",
    title: "An operand of inline PTX has another size than its constraint",
    on: ["compile"],
    specificity: 79,
    matches: (finding) =>
      said(
        finding,
        /asm operand type size\((?<bytes>\d+)\) does not match type\/size implied by constraint '[=+&]*(?<letter>\w)'/,
      ),
    confidence: "high",
    cause: (match) => {
      const { letter = "", bytes = "" } = match.facts;
      const wanted = registerBits[letter];
      return `${codeAt(match.finding)}: the constraint \`"${letter}"\` stands for a register${wanted === undefined ? "" : ` of ${wanted} bits`}, and what is given has ${Number(bytes) * 8}${bytes === "8" && letter === "r" ? ": a pointer, or a size_t. An address in shared memory, as ld.shared, cp.async, ldmatrix and mbarrier take it, is another number of 32 bits" : ""}.`;
    },
    fix: ({ facts: { letter = "", bytes = "" } }) => [
      ...(letter === "r" && bytes === "8"
        ? [
            '# shared memory: "r"(static_cast<unsigned>(__cvta_generic_to_shared(pointer))); global memory and 64-bit numbers: "l"(pointer)',
          ]
        : []),
      letter === "f" || letter === "d"
        ? '# float is "f", double is "d"; half and bfloat16 go by their bits: "h"(__half_as_ushort(x))'
        : '# 16 bits are "h" (short, half by its bits), 32 "r" (int, unsigned), 64 "l" (pointers, long long), float "f", double "d"; or cast the operand',
    ],
    sources: ["https://docs.nvidia.com/cuda/inline-ptx-assembly/"],
    examples: [
      {
        text: 'k.cu(7): error: asm operand type size(8) does not match type/size implied by constraint \'r\'\n    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(slot), "l"(from));',
        expect: "__cvta_generic_to_shared(pointer)",
      },
      {
        text: "k.cu(9): error: asm operand type size(4) does not match type/size implied by constraint 'l'",
        expect: '"r" (int, unsigned)',
      },
    ],
  },
  {
    id: "launch-with-two-signs",
    title: "A kernel is launched with << >> in place of <<< >>>",
    on: ["compile"],
    specificity: 84,
    matches: (finding) => {
      if (finding.severity === "warning" || finding.severity === "note" || foreignHeader.test(finding.file ?? ""))
        return undefined;
      const facts = twoSigns.exec(finding.source ?? "")?.groups;
      return facts === undefined ||
        /\b(?:cout|cerr|clog|endl|\w*stream|oss|ss|os)\b/.test(finding.source ?? "") ||
        !/["‘'](?:>>|<<|operator ?>>|operator ?<<)["’']|is undefined|not declared|undeclared|invalid operands|integral|integer/.test(
          finding.message,
        )
        ? undefined
        : { name: facts["name"], how: facts["how"] };
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} launches \`${match.facts["name"] ?? ""}\` with two signs, \`<<${match.facts["how"] ?? ""}>>\`, which C++ reads as shifts; a launch has three, and what it launches is declared __global__ above it.`,
    fix: (match) => [
      ...editPrintedLine(match, [["([A-Za-z0-9_>]) *<<([^<>;]+)>> *\\(", "\\1<<<\\2>>>("]]),
      "# kernel<<<grid, block, 0, at::cuda::getCurrentCUDAStream()>>>(…), in a .cu file",
    ],
    sources: [`${guide}#kernels`],
    examples: [
      {
        text: 'k.cu(5): error: no operator ">>" matches these operands\n            operand types are: dim3 >> float *\n  void f(torch::Tensor x){ dim3 grid(1), block(1); k2<<grid, block>>(x.data_ptr<float>()); }\n                                                                  ^',
        expect: "\\1<<<\\2>>>(",
      },
      {
        text: "k.hip:5:52: error: invalid operands to binary expression ('void (float *)' and 'int')\n    5 | void f(float* x){ scale<<1, 256>>(x); }\n      |                   ~~~~~^ ~",
        expect: "a launch has three",
      },
    ],
  },
  {
    id: "shared-memory-in-host-code",
    title: "__shared__ stands in a function of the host",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /__shared__["'’]? variable declaration is not allowed inside a (?<where>host function)/,
        /__shared__ (?:local )?variables? (?:is |are )?not allowed in (?<where>__host__(?: __device__)?) functions?/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} declares __shared__ memory in a function for the CPU: the words __global__ (a kernel) or __device__ (called by kernels) are missing before that function, or it is __host__ __device__.`,
    fix: () => [
      "# a kernel: __global__ void f(…), launched with <<<grid, block>>>; called by kernels alone: __device__ float f(…)",
      "# for both sides: the __shared__ part between #ifdef __CUDA_ARCH__ and #endif",
    ],
    sources: [`${guide}#shared`],
    examples: [
      {
        text: 'k.cu(5): error: a static "__shared__" variable declaration is not allowed inside a host function body',
        expect: "__global__",
      },
      { text: "k.cu:5:36: error: __shared__ local variables not allowed in __host__ functions", expect: "__device__" },
    ],
  },
  {
    id: "tensor-in-device-code",
    title: "A kernel works with a torch::Tensor",
    on: ["compile"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /calling a __host__ function\("(?<callee>[^"]*\b(?:at|c10|torch)::(?:Tensor|Scalar|TensorBase|TensorOptions|ArrayRef)\b[^"]*)"\) from a __(?:device|global)__ function(?:\("(?<kernel>\w+))?/,
        /calling a __host__ function\("(?<callee>(?:at|torch)::\w[^"]*)"\) from a __(?:device|global)__ function(?:\("(?<kernel>\w+))?/,
        /identifier "(?<callee>(?:(?:at|torch)::\w|c10::Scalar|c10::TensorOptions)[^"]*)" is undefined in device code/,
        /reference to __host__ function '(?<callee>(?:Tensor|TensorBase|Scalar)\b[^']*|operator\[\]|(?:size|data_ptr|item)(?:<[^']*>)?)' in __(?:device|global)__ function/,
      ),
    confidence: "high",
    cause: (match) =>
      `${match.facts["kernel"] === undefined ? "A kernel or __device__ function" : `The kernel \`${match.facts["kernel"]}\``} (${codeAt(match.finding).replace(/^The/, "the")}) works with a torch::Tensor or another class of torch (\`${(match.facts["callee"] ?? "").slice(0, 120)}\`), whose methods exist for the CPU alone. A kernel gets pointers, sizes and accessors.`,
    fix: () => [
      "# a pointer and the sizes: __global__ void k(float* x, int64_t n) { … }   k<<<grid, block>>>(x.data_ptr<float>(), x.numel());",
      "# or an accessor: __global__ void k(torch::PackedTensorAccessor32<float, 2, torch::RestrictPtrTraits> x) { x[i][j] = 1; }   k<<<grid, block>>>(x.packed_accessor32<float, 2, torch::RestrictPtrTraits>());",
    ],
    sources: ["https://docs.pytorch.org/tutorials/advanced/cpp_extension.html#using-accessors"],
    examples: [
      {
        text: 'k.cu(5): error: calling a __host__ function("c10::Scalar::Scalar(int)") from a __global__ function("k") is not allowed',
        expect: "packed_accessor32",
      },
      {
        text: 'k.cu(5): error: identifier "at::Tensor::operator [] const" is undefined in device code',
        expect: "data_ptr<float>()",
      },
    ],
  },
  {
    id: "matrix-fragment-of-unknown-form",
    title: "wmma has no fragment of that shape and type",
    on: ["compile"],
    specificity: 88,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:incomplete type|undefined template|incomplete class type|has incomplete type) ?["'‘](?:const )?(?:class )?(?:nvcuda::)?wmma::fragment<(?<form>[^"'’]{1,200})>/,
        /["'‘](?:nvcuda::)?wmma::fragment<(?<form>[^"'’]{1,200})> \w+["'’] has incomplete type/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} declares wmma::fragment<${match.facts["form"] ?? ""}>, and the tensor cores have no such combination of shape and type: half and __nv_bfloat16 go with 16,16,16, 32,8,16 and 8,32,16, (un)signed char with the same, float only as precision::tf32 with 16,16,8, double with 8,8,4; the accumulator is float or half (half), float (bfloat16, tf32), int (char), double (double).${/\bmatrix_[ab]\b/.test(match.facts["form"] ?? "") && !/_major/.test(match.facts["form"] ?? "") ? " matrix_a and matrix_b need a layout, too: wmma::row_major or wmma::col_major." : ""}`,
    fix: (match) => [
      ...(/matrix_[ab], ?\(?(?:int\))?16, ?\(?(?:int\))?16, ?\(?(?:int\))?8, ?float\b/.test(match.facts["form"] ?? "")
        ? editLine(match, [["(matrix_[ab] *, *16 *, *16 *, *8 *, *)float\\b", "\\1nvcuda::wmma::precision::tf32"]])
        : []),
      "# float matrices: wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32, wmma::row_major> (compute capability 8.0), each element through wmma::__float_to_tf32 after the load",
      "# half: wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major>, accumulator wmma::fragment<wmma::accumulator, 16, 16, 16, float>",
    ],
    sources: [`${guide}#wmma-type-sizes`],
    examples: [
      {
        text: 'k.cu(6): error: incomplete type "nvcuda::wmma::fragment<nvcuda::wmma::matrix_a, 16, 16, 8, float, nvcuda::wmma::row_major>" is not allowed',
        expect: "precision::tf32",
      },
      {
        text: "k.cu:6:5: error: implicit instantiation of undefined template 'nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, 32, 32, 16, __half, nvcuda::wmma::col_major>'",
        expect: "16,16,16",
      },
    ],
  },
  {
    id: "tile-of-odd-size",
    title: "A tile of cooperative groups has a size that is no power of two",
    on: ["compile"],
    specificity: 84,
    matches: (finding) => {
      const facts = said(
        finding,
        /static[ _]assert(?:ion)? failed.{0,80}["“'](?<words>Size must be (?:one of|a power of|less than)[^"”']*|Tile [Ss]ize must be[^"”']*|Tile [Ss]ize[^"”']*not[^"”']*)/,
      );
      if (
        facts === undefined ||
        !/cooperative_groups|Size must be|Tile/.test(`${finding.file ?? ""} ${finding.message}`)
      )
        return undefined;
      const size = /\bSize=(\d+)/.exec(`${finding.message} ${finding.text}`)?.[1];
      return { ...facts, size };
    },
    confidence: "high",
    cause: (match) =>
      `${match.finding.caller ?? codeAt(match.finding)} asks for cooperative_groups::tiled_partition<${match.facts["size"] ?? "N"}>, and a tile has 1, 2, 4, 8, 16 or 32 threads (from 64 to 512 in newer CUDA, with memory for it): "${match.facts["words"] ?? ""}".`,
    fix: (match) => {
      const size = tile(match);
      const caller = atCaller(match);
      return [
        ...(caller === match
          ? []
          : editLine(caller, [
              [
                `(tiled_partition|thread_block_tile) *< *${size === undefined ? "[0-9]+" : String(size)}`,
                `\\1<${String(below(size ?? warp))}`,
              ],
            ])),
        "# tiled_partition<32>(cg::this_thread_block()): a warp",
      ];
    },
    sources: [`${guide}#thread-block-tile`],
    examples: [
      {
        text: '/usr/local/cuda/include/cooperative_groups.h(1182): error: static assertion failed with "Size must be one of 64/128/256/512"\n          detected during:\n            instantiation of class "cooperative_groups::__v1::__static_size_multi_warp_tile_base<Size> [with Size=33U]" at line 1327\n            instantiation of class "cooperative_groups::__v1::thread_block_tile<Size, ParentT> [with Size=33U]" at line 6 of k.cu',
        expect: "\\1<32/g' k.cu",
      },
    ],
  },
];
