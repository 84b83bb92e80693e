// For each query the nearest of the given points, by Euclidean distance.
//
// Only PyTorch's stable ABI is used: the compiled module runs with PyTorch 2.10 and every later one.
#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>

namespace {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;

std::tuple<Tensor, Tensor> search(const Tensor& points, const Tensor& queries) {
  STD_TORCH_CHECK(points.is_cpu() && queries.is_cpu(), "search: expected CPU tensors");
  STD_TORCH_CHECK(points.scalar_type() == ScalarType::Float && queries.scalar_type() == ScalarType::Float,
                  "search: expected float32 tensors");
  STD_TORCH_CHECK(points.dim() == 2 && queries.dim() == 2 && points.size(1) == queries.size(1),
                  "search: expected points [n, d] and queries [m, d]");
  STD_TORCH_CHECK(points.size(0) > 0, "search: there are no points");

  const Tensor p = torch::stable::contiguous(points);
  const Tensor q = torch::stable::contiguous(queries);
  const int64_t point_count = p.size(0);
  const int64_t query_count = q.size(0);
  const int64_t width = p.size(1);
  const std::array<int64_t, 1> shape{query_count};
  Tensor index = torch::stable::new_empty(q, {shape.data(), shape.size()}, ScalarType::Long);
  Tensor distance = torch::stable::new_empty(q, {shape.data(), shape.size()});

  const float* point_data = p.const_data_ptr<float>();
  const float* query_data = q.const_data_ptr<float>();
  int64_t* index_data = index.mutable_data_ptr<int64_t>();
  float* distance_data = distance.mutable_data_ptr<float>();

  const int64_t grain = std::max<int64_t>(1, 65536 / (point_count * std::max<int64_t>(width, 1)));
  torch::stable::parallel_for(0, query_count, grain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* query = query_data + i * width;
      float best = std::numeric_limits<float>::infinity();
      int64_t best_index = 0;
      for (int64_t j = 0; j < point_count; ++j) {
        const float* point = point_data + j * width;
        float sum = 0;
        for (int64_t k = 0; k < width; ++k) {
          const float difference = query[k] - point[k];
          sum += difference * difference;
        }
        if (sum < best) {
          best = sum;
          best_index = j;
        }
      }
      index_data[i] = best_index;
      distance_data[i] = std::sqrt(best);
    }
  });
  return {index, distance};
}

}  // namespace

STABLE_TORCH_LIBRARY(nearest_neighbour, m) {
  m.def("search(Tensor points, Tensor queries) -> (Tensor index, Tensor distance)");
}

STABLE_TORCH_LIBRARY_IMPL(nearest_neighbour, CPU, m) {
  m.impl("search", TORCH_BOX(&search));
}
