#include <fmt/format.h>

#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

ArraysResult fold(const NodeView& node) {
  auto indices = node.integers(1);
  if (!indices) return tl::unexpected(indices.error());
  const Array& data = *node.constant(0);
  const Shape& index_shape = node.constant(1)->shape;
  const auto axis = normal_axis(int_attribute(node.node, "axis", 0), data.shape.size());
  if (!axis) return node.error(axis.error().what);
  const int64_t extent = data.shape[*axis];
  for (int64_t& i : *indices) {
    if (i < -extent || i >= extent) return node.error(fmt::format("index {} of an axis of {}", i, extent));
    if (i < 0) i += extent;
  }
  const auto split = data.shape.begin() + static_cast<std::ptrdiff_t>(*axis);
  Shape shape(data.shape.begin(), split);
  shape.insert(shape.end(), index_shape.begin(), index_shape.end());
  shape.insert(shape.end(), split + 1, data.shape.end());
  const auto count = folded_count(shape, data.count());
  if (!count) return node.error(count.error().what);
  const int64_t inner = strides_of(data.shape)[*axis];
  const int64_t outer = data.count() == 0 ? 0 : data.count() / (inner * extent);
  std::vector<int64_t> source;
  for (int64_t o = 0; o < outer; ++o) {
    for (const int64_t i : *indices) {
      for (int64_t k = 0; k < inner; ++k) source.push_back((o * extent + i) * inner + k);
    }
  }
  return std::vector<Array>{pick(data, std::move(shape), source)};
}

}  // namespace

const Operator kGather{.name = "Gather", .fold = fold, .supports = "shapes and indices"};

}  // namespace ares::qonnx
