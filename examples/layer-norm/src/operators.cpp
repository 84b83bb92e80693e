// The operators themselves: their schemas, and what they do on the CPU and on tensors without data.
#include <ATen/Dispatch.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <torch/library.h>

#include <tuple>

#include "layer_norm/kernels.h"

namespace {

using Tensors = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

void check(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  TORCH_CHECK(x.dim() > 0 && x.size(-1) > 0, "layer_norm: expected a last dimension that is not empty");
  TORCH_CHECK(weight.dim() == 1 && weight.size(0) == x.size(-1), "layer_norm: expected a weight of shape [",
              x.size(-1), "], got ", weight.sizes());
  TORCH_CHECK(bias.sizes() == weight.sizes(), "layer_norm: weight and bias differ in shape");
  TORCH_CHECK(weight.scalar_type() == x.scalar_type() && bias.scalar_type() == x.scalar_type(),
              "layer_norm: input, weight and bias differ in type");
}

at::Tensor row_values(const at::Tensor& x) { return at::empty(x.sizes().slice(0, x.dim() - 1), x.options()); }

layer_norm::Shape shape_of(const at::Tensor& x) { return {x.numel() / x.size(-1), x.size(-1)}; }

Tensors forward_cpu(const at::Tensor& input, const at::Tensor& weight_in, const at::Tensor& bias_in, double epsilon) {
  check(input, weight_in, bias_in);
  const at::Tensor x = input.contiguous(), weight = weight_in.contiguous(), bias = bias_in.contiguous();
  at::Tensor y = at::empty_like(x), mean = row_values(x), scale = row_values(x);
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "layer_norm_forward", [&] {
    layer_norm::forward<scalar_t>(shape_of(x), x.data_ptr<scalar_t>(), weight.data_ptr<scalar_t>(),
                                  bias.data_ptr<scalar_t>(), static_cast<scalar_t>(epsilon), y.data_ptr<scalar_t>(),
                                  mean.data_ptr<scalar_t>(), scale.data_ptr<scalar_t>());
  });
  return {y, mean, scale};
}

Tensors backward_cpu(const at::Tensor& grad_in, const at::Tensor& input, const at::Tensor& weight_in,
                     const at::Tensor& mean, const at::Tensor& scale) {
  const at::Tensor grad_y = grad_in.contiguous(), x = input.contiguous(), weight = weight_in.contiguous();
  at::Tensor grad_x = at::empty_like(x), grad_weight = at::zeros_like(weight), grad_bias = at::zeros_like(weight);
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "layer_norm_backward", [&] {
    layer_norm::backward<scalar_t>(shape_of(x), grad_y.data_ptr<scalar_t>(), x.data_ptr<scalar_t>(),
                                   weight.data_ptr<scalar_t>(), mean.data_ptr<scalar_t>(), scale.data_ptr<scalar_t>(),
                                   grad_x.data_ptr<scalar_t>(), grad_weight.data_ptr<scalar_t>(),
                                   grad_bias.data_ptr<scalar_t>());
  });
  return {grad_x, grad_weight, grad_bias};
}

// Shapes only: what torch.compile and meta tensors ask for.
Tensors forward_meta(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double) {
  check(x, weight, bias);
  return {at::empty_like(x), row_values(x), row_values(x)};
}

Tensors backward_meta(const at::Tensor&, const at::Tensor& x, const at::Tensor& weight, const at::Tensor&,
                      const at::Tensor&) {
  return {at::empty_like(x), at::empty_like(weight), at::empty_like(weight)};
}

}  // namespace

TORCH_LIBRARY(layer_norm, m) {
  m.def("normalize(Tensor x, Tensor weight, Tensor bias, float epsilon=1e-5) -> Tensor");
  m.def("forward(Tensor x, Tensor weight, Tensor bias, float epsilon) -> (Tensor y, Tensor mean, Tensor scale)");
  m.def(
      "backward(Tensor grad_y, Tensor x, Tensor weight, Tensor mean, Tensor scale)"
      " -> (Tensor grad_x, Tensor grad_weight, Tensor grad_bias)");
}

TORCH_LIBRARY_IMPL(layer_norm, CPU, m) {
  m.impl("forward", &forward_cpu);
  m.impl("backward", &backward_cpu);
}

TORCH_LIBRARY_IMPL(layer_norm, Meta, m) {
  m.impl("forward", &forward_meta);
  m.impl("backward", &backward_meta);
}
