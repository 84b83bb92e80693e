// How fast the kernels are without Python and without PyTorch: the same source file in a program of its own.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <vector>

#include "layer_norm/kernels.h"

int main() {
  const layer_norm::Shape shape{4096, 1024};
  const int repetitions = 10;
  std::vector<float> x(shape.rows * shape.columns), y(x.size());
  std::vector<float> weight(shape.columns, 1.0f), bias(shape.columns, 0.0f), mean(shape.rows), scale(shape.rows);
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));

  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < repetitions; ++i)
    layer_norm::forward(shape, x.data(), weight.data(), bias.data(), 1e-5f, y.data(), mean.data(), scale.data());
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;

  double squares = 0;
  for (int64_t i = 0; i < shape.columns; ++i) squares += y[i] * y[i];
  if (std::fabs(squares / shape.columns - 1) > 1e-3) {
    std::fprintf(stderr, "the first row has variance %f, expected 1\n", squares / shape.columns);
    return 1;
  }
  const double bytes = 2.0 * sizeof(float) * static_cast<double>(x.size()) * repetitions;
  std::printf("%.1f GB/s\n", bytes / elapsed.count() / 1e9);
}
