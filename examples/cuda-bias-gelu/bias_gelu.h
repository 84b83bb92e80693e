// The kernel's interface: plain pointers, so that nvcc never sees a PyTorch header.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace bias_gelu {

// y[r][c] = gelu(x[r][c] + bias[c]) on the given stream. Returns what the launch returned.
cudaError_t launch(const float* x, const float* bias, float* y, int64_t rows, int64_t columns, cudaStream_t stream);

}  // namespace bias_gelu
