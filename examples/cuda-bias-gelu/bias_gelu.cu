// gelu(x + bias) in one pass over memory; PyTorch alone makes two.
#include "bias_gelu.h"

namespace bias_gelu {
namespace {

__global__ void kernel(const float* __restrict__ x, const float* __restrict__ bias, float* __restrict__ y,
                       int64_t count, int64_t columns) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    const float value = x[i] + bias[i % columns];
    y[i] = 0.5f * value * (1.0f + erff(value * 0.70710678118654752f));
  }
}

}  // namespace

cudaError_t launch(const float* x, const float* bias, float* y, int64_t rows, int64_t columns, cudaStream_t stream) {
  const int64_t count = rows * columns;
  if (count == 0) return cudaSuccess;
  const int threads = 256;
  const int64_t wanted = (count + threads - 1) / threads;
  const unsigned blocks = static_cast<unsigned>(wanted < 65536 ? wanted : 65536);
  kernel<<<blocks, threads, 0, stream>>>(x, bias, y, count, columns);
  return cudaGetLastError();
}

}  // namespace bias_gelu
