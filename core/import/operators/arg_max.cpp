#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

ShapesResult shapes(const NodeView& node) {
  auto shape = node.shape(0);
  if (!shape) return tl::unexpected(shape.error());
  const auto axis = normal_axis(int_attribute(node.node, "axis", 0), shape->size());
  if (!axis) return node.error(axis.error().what);
  (*shape)[*axis] = 1;
  if (int_attribute(node.node, "keepdims", 1) == 0) shape->erase(shape->begin() + static_cast<std::ptrdiff_t>(*axis));
  return std::vector<Shape>{std::move(*shape)};
}

}  // namespace

const Operator kArgMax{
    .name = "ArgMax", .shapes = shapes, .host = OnHost::yes, .supports = "of what the network gives out"};
const Operator kArgMin{
    .name = "ArgMin", .shapes = shapes, .host = OnHost::yes, .supports = "of what the network gives out"};

}  // namespace ares::qonnx
