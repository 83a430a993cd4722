#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

/// Axes are an attribute up to opset 12, an input from 13.
ShapesResult shapes(const NodeView& node) {
  auto shape = node.shape(0);
  if (!shape) return tl::unexpected(shape.error());
  std::vector<int64_t> axes;
  if (auto attribute = ints_attribute(node.node, "axes")) {
    axes = *attribute;
  } else {
    auto input = node.integers(1);
    if (!input) return tl::unexpected(input.error());
    axes = *input;
  }
  const std::size_t rank = shape->size() + axes.size();
  for (int64_t& axis : axes) {
    const auto normal = normal_axis(axis, rank);
    if (!normal) return node.error(normal.error().what);
    axis = static_cast<int64_t>(*normal);
  }
  std::sort(axes.begin(), axes.end());
  for (const int64_t axis : axes) {
    if (axis > static_cast<int64_t>(shape->size())) return node.error("repeated axes");
    shape->insert(shape->begin() + axis, 1);
  }
  return std::vector<Shape>{*shape};
}

ArraysResult fold(const NodeView& node) {
  auto shape = shapes(node);
  if (!shape) return tl::unexpected(shape.error());
  return std::vector<Array>{{shape->front(), node.constant(0)->values}};
}

}  // namespace

const Operator kUnsqueeze{.name = "Unsqueeze",
                          .shapes = shapes,
                          .fold = fold,
                          .lower = reshaped,
                          .host = OnHost::moves,
                          .supports = "moves nothing"};

}  // namespace ares::qonnx
