/** In which header and namespace names of torch live that are often looked for elsewhere. Of messages nothing is known here. */

/** Where names live that are often asked of the wrong header or namespace. Source: torch's headers. */
const homes: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:Optional)?CUDA(?:Stream|Multi\w+)?Guard$/,
    "#include <c10/cuda/CUDAGuard.h>, and c10::cuda:: (at::cuda:: works, too, with ATen/cuda/CUDAContext.h)",
  ],
  [
    /^getCurrentCUDA(?:BlasHandle|BlasLtHandle|SparseHandle|SolverDnHandle|DeviceProperties)$/,
    "#include <ATen/cuda/CUDAContext.h>, and at::cuda::",
  ],
  [
    /^(?:getCurrentCUDAStream|getDefaultCUDAStream|getStreamFromPool|CUDAStream)$/,
    "#include <c10/cuda/CUDAStream.h>, and c10::cuda::",
  ],
  // Translated from c10/cuda/CUDAStream.h by hipify.
  [
    /^(?:getCurrent|getDefault|getStreamFromPool|getStreamFromExternal|setCurrent)HIPStream\w*MasqueradingAsCUDA$|^HIPStreamMasqueradingAsCUDA$/,
    "#include <ATen/hip/impl/HIPStreamMasqueradingAsCUDA.h>; before hipify: #include <c10/cuda/CUDAStream.h> (ATen/cuda/CUDAContext.h) in that file",
  ],
  [/^(?:ceil_div|round_up)$/, "#include <ATen/ceil_div.h>"],
  [/^(?:gpuAtomicAdd\w*|atomicAdd)$/, "#include <ATen/cuda/Atomic.cuh>"],
  [/^acc_type$/, "#include <ATen/AccumulateType.h>"],
  [/^opmath_type$/, "#include <ATen/OpMathType.h>"],
  [
    /^(?:parallel_for|[gs]et_num_(?:interop_)?threads|init_num_threads|in_parallel_region)$/,
    "#include <ATen/Parallel.h>, and at::set_num_threads and its like (torch:: has them with torch/utils.h, which torch/torch.h brings)",
  ],
  [
    /^PhiloxCudaState$|^philox_cuda_state$|^unpack$/,
    "#include <ATen/cuda/CUDAGeneratorImpl.h> and <ATen/cuda/CUDAGraphsUtils.cuh>",
  ],
  [/^packed_accessor$/, "x.packed_accessor<…> → x.packed_accessor32<…> or packed_accessor64<…>"],
  [
    /^(?:conjunction|disjunction|negation|void_t|is_same|conditional_t|if_constexpr|invoke|apply)$/,
    "c10::guts::… → std::… (C++17)",
  ],
  [/^(?:variant|get_if|holds_alternative|string_view|in_place|visit)$/, "c10::… → std::… (C++17)"],
  [/^Device(?:Guard)?$|^OptionalDeviceGuard$/, "#include <c10/core/DeviceGuard.h>"],
];

function wordsOf(name: string, space: string): string | undefined {
  return space.startsWith("torch::jit") && /^(?:load|Module|script|IValue)$/.test(name)
    ? "#include <torch/script.h>: torch/torch.h and torch/extension.h alone do not bring torch::jit::load and Module"
    : homes.find(([form]) => form.test(name))?.[1];
}

/** A comment that says where a name of torch lives; nothing when that is not known. */
export function homeOf(name: string, space = ""): string[] {
  const home = wordsOf(name, space);
  return home === undefined ? [] : [`# ${home}`];
}

/** The header of torch that declares a name: `ATen/ceil_div.h`. */
export function headerOf(name: string, space = ""): string | undefined {
  return /^#include <([^>]+)>/.exec(wordsOf(name, space) ?? "")?.[1];
}
