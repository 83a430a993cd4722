#include <algorithm>

#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

/// On an accumulator it becomes the lower end of its Quant's clip range: clip(round(max(v, 0) / s + z)) with an
/// integral z is clip(max(round(v / s + z), z)).
Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  Value value = **input;
  if (auto* acc = std::get_if<Accumulator>(&value.kind)) {
    acc->relu = true;
    return value;
  }
  return apply_unary(lowering, node, value, [](double x) { return std::max(x, 0.0); });
}

}  // namespace

const Operator kRelu{.name = "Relu", .shapes = same_shape, .lower = lower};

}  // namespace ares::qonnx
