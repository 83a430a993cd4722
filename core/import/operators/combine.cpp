// Two stored tensors met element by element: Add, Sub and Mul of activations.
#include <fmt/format.h>

#include <algorithm>

#include "core/import/operators/elementwise.hpp"
#include "core/import/operators/move.hpp"

namespace ares::qonnx {
namespace {

/// The stored tensor behind one side.
Result<TensorId> side(const Lowering& lowering, const NodeView& node, std::size_t i, const Value& value) {
  const auto* stored = std::get_if<Stored>(&value.kind);
  if (stored && lowering.tensor(stored->tensor).type == ElementType::u8) return stored->tensor;
  return node.error(
      fmt::format("its input '{}' is not quantised; put a Quant on each side of it", node.node.inputs[i]));
}

/// A [1, c, 1, 1] factor of a [1, c, h, w] tensor.
bool is_channel_row(const Lowering& lowering, const Value& whole, TensorId tensor, const Value& row,
                    TensorId channels) {
  const Shape &w = whole.view.shape, &r = row.view.shape;
  if (w.size() != r.size() || w.size() < 2 || r[1] != w[1]) return false;
  if (std::any_of(r.begin() + 2, r.end(), [](int64_t d) { return d != 1; })) return false;
  const Dims dims = lowering.tensor(tensor).dims;
  return dims.c == w[1] && lowering.tensor(channels).dims.count() == dims.c &&
         whole.view.order == channels_first_order(dims);
}

std::optional<Operation> operation(const std::string& op) {
  if (op == "Add" || op == "Sub") return Add{op == "Sub", {}};
  if (op == "Mul") return Multiply{};
  return std::nullopt;
}

}  // namespace

Result<Value> combine_tensors(Lowering& lowering, const NodeView& node, const Value& a, const Value& b) {
  auto op = operation(node.node.op);
  if (!op) return node.error("works on two activations; only Add, Sub and Mul of two tensors are supported");
  const auto first = side(lowering, node, 0, a), second = side(lowering, node, 1, b);
  if (!first || !second) return tl::unexpected(!first ? first.error() : second.error());
  if (a.view.shape == b.view.shape && a.view.order == b.view.order)
    return Value{Pair{std::move(*op), *first, *second, node.node.name}, a.view};
  if (a.view.shape == b.view.shape) {
    const auto moved = reordered(lowering, node, b, lowering.tensor(*first).dims, a.view.order);
    if (moved) return Value{Pair{std::move(*op), *first, std::get<Stored>(moved->kind).tensor, node.node.name}, a.view};
  }
  const auto row = [&](const Value& whole, TensorId tensor, const Value& factor, TensorId channels) {
    if (!is_channel_row(lowering, whole, tensor, factor, channels)) return false;
    lowering.tensor(channels).dims = {1, 1, lowering.tensor(tensor).dims.c};
    return true;
  };
  if (row(a, *first, b, *second)) return Value{Pair{std::move(*op), *first, *second, node.node.name}, a.view};
  if (node.node.op != "Sub" && row(b, *second, a, *first))
    return Value{Pair{std::move(*op), *second, *first, node.node.name}, b.view};
  return node.error(fmt::format(
      "combines tensors of shapes {} and {}; supported are equal shapes in the same layout, and one value per channel",
      to_string(a.view.shape), to_string(b.view.shape)));
}

}  // namespace ares::qonnx
