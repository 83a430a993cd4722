#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

ShapesResult shapes(const NodeView& node) {
  const auto in = node.shape(0);
  if (!in) return tl::unexpected(in.error());
  const int64_t axis = int_attribute(node.node, "axis", 1);
  const auto rank = static_cast<int64_t>(in->size());
  if (axis < -rank || axis > rank) return node.error("axis outside the tensor");
  const int64_t split = axis < 0 ? axis + rank : axis;
  Shape out{1, 1};
  for (int64_t i = 0; i < rank; ++i) out[i < split ? 0 : 1] *= (*in)[static_cast<std::size_t>(i)];
  return std::vector<Shape>{out};
}

}  // namespace

const Operator kFlatten{
    .name = "Flatten", .shapes = shapes, .lower = reshaped, .host = OnHost::moves, .supports = "moves nothing"};

}  // namespace ares::qonnx
