// The arithmetic of layer normalisation over rows of contiguous numbers. Knows nothing of PyTorch.
#pragma once

#include <cstdint>

namespace layer_norm {

struct Shape {
  int64_t rows;
  int64_t columns;
};

// y = (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row, in one pass over memory.
// Leaves each row's mean and 1 / sqrt(variance + epsilon) for the backward pass.
template <typename T>
void forward(Shape shape, const T* x, const T* weight, const T* bias, T epsilon, T* y, T* mean, T* scale);

// Gradients of the above. `grad_weight` and `grad_bias` are added to, so they must start as zeros.
template <typename T>
void backward(Shape shape, const T* grad_y, const T* x, const T* weight, const T* mean, const T* scale, T* grad_x,
              T* grad_weight, T* grad_bias);

}  // namespace layer_norm
