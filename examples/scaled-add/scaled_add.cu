// a + scale * b on the GPU: kernel, operator and Python module in one file, as most extensions begin.
//
// nvcc reads PyTorch's headers twice for every architecture here, once for the host and once for the device, which takes
// minutes. ../cuda-bias-gelu keeps the kernel in a file of its own and compiles in seconds.
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/extension.h>

namespace {

template <typename scalar_t>
__global__ void scaled_add_kernel(const scalar_t* __restrict__ a, const scalar_t* __restrict__ b,
                                  scalar_t* __restrict__ out, scalar_t scale, int64_t count) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < count) out[i] = a[i] + scale * b[i];
}

torch::Tensor scaled_add(const torch::Tensor& a_in, const torch::Tensor& b_in, double scale) {
  TORCH_CHECK(a_in.is_cuda() && a_in.device() == b_in.device(), "scaled_add: expected two tensors on one GPU");
  TORCH_CHECK(a_in.sizes() == b_in.sizes() && a_in.scalar_type() == b_in.scalar_type(),
              "scaled_add: expected two tensors of one shape and type");
  const c10::cuda::CUDAGuard guard(a_in.device());
  const auto a = a_in.contiguous(), b = b_in.contiguous();
  auto out = torch::empty_like(a);
  const int64_t count = a.numel();
  if (count == 0) return out;
  const int threads = 256;
  const auto blocks = static_cast<unsigned>((count + threads - 1) / threads);
  AT_DISPATCH_FLOATING_TYPES(a.scalar_type(), "scaled_add", [&] {
    scaled_add_kernel<scalar_t><<<blocks, threads, 0, at::cuda::getCurrentCUDAStream()>>>(
        a.data_ptr<scalar_t>(), b.data_ptr<scalar_t>(), out.data_ptr<scalar_t>(), static_cast<scalar_t>(scale), count);
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  });
  return out;
}

}  // namespace

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  m.def("scaled_add", &scaled_add, "a + scale * b on the GPU", py::arg("a"), py::arg("b"), py::arg("scale") = 1.0);
}
