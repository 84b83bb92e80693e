// Exponential moving average along the last dimension:
//
//   y[0] = x[0]        y[t] = alpha * x[t] + (1 - alpha) * y[t - 1]
//
// Each step needs the one before it, so PyTorch alone walks the dimension in a Python loop.
#include <ATen/Dispatch.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/utils/pybind.h>

namespace {

at::Tensor moving_average(const at::Tensor& input, double alpha) {
  TORCH_CHECK(input.device().is_cpu(), "moving_average: expected a CPU tensor, got one on ", input.device());
  TORCH_CHECK(input.dim() > 0, "moving_average: expected at least one dimension");
  TORCH_CHECK(alpha > 0 && alpha <= 1, "moving_average: alpha must be in (0, 1], got ", alpha);

  const at::Tensor x = input.contiguous();
  at::Tensor y = at::empty_like(x);
  const int64_t steps = x.size(-1);
  const int64_t rows = steps == 0 ? 0 : x.numel() / steps;

  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "moving_average", [&] {
    const scalar_t weight = static_cast<scalar_t>(alpha);
    const scalar_t* from = x.data_ptr<scalar_t>();
    scalar_t* to = y.data_ptr<scalar_t>();
    for (int64_t row = 0; row < rows; ++row, from += steps, to += steps) {
      scalar_t state = from[0];
      for (int64_t t = 0; t < steps; ++t) {
        state += weight * (from[t] - state);
        to[t] = state;
      }
    }
  });
  return y;
}

}  // namespace

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  m.def("moving_average", &moving_average, py::arg("input"), py::arg("alpha"),
        py::call_guard<py::gil_scoped_release>(),
        "Exponential moving average along the last dimension");
}
