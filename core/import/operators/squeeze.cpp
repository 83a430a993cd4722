#include <set>

#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

/// Axes are an attribute up to opset 12, an input from 13; without any, every axis of extent 1 goes.
ShapesResult shapes(const NodeView& node) {
  auto shape = node.shape(0);
  if (!shape) return tl::unexpected(shape.error());
  auto axes = ints_attribute(node.node, "axes");
  if (!axes && node.has_input(1)) {
    auto input = node.integers(1);
    if (!input) return tl::unexpected(input.error());
    axes = *input;
  }
  std::set<std::size_t> drop;
  for (const int64_t axis : axes.value_or(std::vector<int64_t>{})) {
    const auto normal = normal_axis(axis, shape->size());
    if (!normal) return node.error(normal.error().what);
    if ((*shape)[*normal] != 1) return node.error("squeezes an axis that is not 1");
    drop.insert(*normal);
  }
  Shape out;
  for (std::size_t i = 0; i < shape->size(); ++i) {
    if (axes ? !drop.count(i) : (*shape)[i] != 1) out.push_back((*shape)[i]);
  }
  return std::vector<Shape>{out};
}

ArraysResult fold(const NodeView& node) {
  auto shape = shapes(node);
  if (!shape) return tl::unexpected(shape.error());
  return std::vector<Array>{{shape->front(), node.constant(0)->values}};
}

}  // namespace

const Operator kSqueeze{.name = "Squeeze",
                        .shapes = shapes,
                        .fold = fold,
                        .lower = reshaped,
                        .host = OnHost::moves,
                        .supports = "moves nothing"};

}  // namespace ares::qonnx
