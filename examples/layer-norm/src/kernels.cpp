#include "layer_norm/kernels.h"

#include <cmath>

namespace layer_norm {

template <typename T>
void forward(Shape shape, const T* x, const T* weight, const T* bias, T epsilon, T* y, T* mean, T* scale) {
  const T count = static_cast<T>(shape.columns);
  for (int64_t row = 0; row < shape.rows; ++row, x += shape.columns, y += shape.columns) {
    T sum = 0;
    for (int64_t i = 0; i < shape.columns; ++i) sum += x[i];
    const T center = sum / count;
    T squares = 0;
    for (int64_t i = 0; i < shape.columns; ++i) squares += (x[i] - center) * (x[i] - center);
    const T factor = 1 / std::sqrt(squares / count + epsilon);
    for (int64_t i = 0; i < shape.columns; ++i) y[i] = (x[i] - center) * factor * weight[i] + bias[i];
    mean[row] = center;
    scale[row] = factor;
  }
}

template <typename T>
void backward(Shape shape, const T* grad_y, const T* x, const T* weight, const T* mean, const T* scale, T* grad_x,
              T* grad_weight, T* grad_bias) {
  const T count = static_cast<T>(shape.columns);
  for (int64_t row = 0; row < shape.rows; ++row) {
    T sum = 0;
    T projection = 0;
    for (int64_t i = 0; i < shape.columns; ++i) {
      const T normal = (x[i] - mean[row]) * scale[row];
      const T gradient = grad_y[i] * weight[i];
      sum += gradient;
      projection += gradient * normal;
      grad_weight[i] += grad_y[i] * normal;
      grad_bias[i] += grad_y[i];
    }
    sum /= count;
    projection /= count;
    for (int64_t i = 0; i < shape.columns; ++i) {
      const T normal = (x[i] - mean[row]) * scale[row];
      grad_x[i] = (grad_y[i] * weight[i] - sum - normal * projection) * scale[row];
    }
    grad_y += shape.columns;
    x += shape.columns;
    grad_x += shape.columns;
  }
}

template void forward(Shape, const float*, const float*, const float*, float, float*, float*, float*);
template void forward(Shape, const double*, const double*, const double*, double, double*, double*, double*);
template void backward(Shape, const float*, const float*, const float*, const float*, const float*, float*, float*,
                       float*);
template void backward(Shape, const double*, const double*, const double*, const double*, const double*, double*,
                       double*, double*);

}  // namespace layer_norm
