#include <algorithm>

#include "core/import/host_graph.hpp"
#include "core/import/operators/inner.hpp"

namespace ares::qonnx {
namespace {

/// Whether every row of n elements of the model is a row of n neighbours on the device.
bool has_rows(const ModelView& view, int64_t n) {
  for (std::size_t i = 0; i < view.order.size(); ++i) {
    const auto row = static_cast<std::size_t>(n) * (i / static_cast<std::size_t>(n));
    if (view.order[i] / n != view.order[row] / n) return false;
  }
  return true;
}

/// The host computes what the network gives out.
Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  const Value value = **input;
  if (!std::holds_alternative<Stored>(value.kind) && !std::holds_alternative<Pending>(value.kind))
    return host_value(lowering, node);
  const Shape& shape = value.view.shape;
  const auto axis = normal_axis(int_attribute(node.node, "axis", -1), shape.size());
  if (!axis) return node.error(axis.error().what);
  int64_t n = shape[*axis];
  const bool flattened = int_attribute(node.node, "flattened", 0) != 0;  // before opset 13
  for (std::size_t i = *axis + 1; flattened && i < shape.size(); ++i) n *= shape[i];
  const bool last = std::all_of(shape.begin() + static_cast<std::ptrdiff_t>(*axis) + 1, shape.end(),
                                [](int64_t d) { return d == 1; });
  if ((!last && !flattened) || !has_rows(value.view, n)) return host_value(lowering, node);
  const auto tensor = inner_tensor(lowering, node, 0);
  if (!tensor) return tl::unexpected(tensor.error());
  return Value{
      Pending{Softmax{static_cast<int32_t>(n), {}, {}, {}}, {*tensor}, lowering.tensor(*tensor).dims, node.node.name},
      value.view};
}

}  // namespace

const Operator kSoftmax{.name = "Softmax",
                        .shapes = same_shape,
                        .lower = lower,
                        .host = OnHost::yes,
                        .supports =
                            "over the last axis, of a quantised tensor or of a product of activations that is "
                            "kept in 16 bits; any axis of what the network gives out"};
const Operator kLogSoftmax{
    .name = "LogSoftmax", .shapes = same_shape, .host = OnHost::yes, .supports = "of what the network gives out"};

}  // namespace ares::qonnx
