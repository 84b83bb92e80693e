// The operator around the kernel: checks, memory, device and stream.
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include "bias_gelu.h"

namespace {

void check(const at::Tensor& x, const at::Tensor& bias) {
  TORCH_CHECK(x.scalar_type() == at::kFloat && bias.scalar_type() == at::kFloat, "bias_gelu: expected float32 tensors");
  TORCH_CHECK(x.dim() > 0 && bias.dim() == 1 && bias.size(0) == x.size(-1), "bias_gelu: expected a bias of shape [",
              x.dim() > 0 ? x.size(-1) : 0, "], got ", bias.sizes());
  TORCH_CHECK(x.device() == bias.device(), "bias_gelu: input and bias are on different devices");
}

at::Tensor bias_gelu_cuda(const at::Tensor& input, const at::Tensor& bias_in) {
  check(input, bias_in);
  const c10::cuda::CUDAGuard guard(input.device());
  const at::Tensor x = input.contiguous(), bias = bias_in.contiguous();
  at::Tensor y = at::empty_like(x);
  const int64_t columns = x.size(-1);
  C10_CUDA_CHECK(bias_gelu::launch(x.data_ptr<float>(), bias.data_ptr<float>(), y.data_ptr<float>(),
                                   columns == 0 ? 0 : x.numel() / columns, columns,
                                   c10::cuda::getCurrentCUDAStream()));
  return y;
}

at::Tensor bias_gelu_meta(const at::Tensor& x, const at::Tensor& bias) {
  check(x, bias);
  return at::empty_like(x);
}

}  // namespace

TORCH_LIBRARY(bias_gelu, m) { m.def("apply(Tensor x, Tensor bias) -> Tensor"); }
TORCH_LIBRARY_IMPL(bias_gelu, CUDA, m) { m.impl("apply", &bias_gelu_cuda); }
TORCH_LIBRARY_IMPL(bias_gelu, Meta, m) { m.impl("apply", &bias_gelu_meta); }
