// Two stored tensors met element by element: Add, Sub and Mul of activations.
#include <fmt/format.h>

#include <algorithm>

#include "core/import/operators/elementwise.hpp"
#include "core/import/operators/inner.hpp"
#include "core/import/operators/move.hpp"

namespace ares::qonnx {
namespace {

/// The tensor behind one side: 16 bits serve where the model has no Quant, but not as factors.
Result<TensorId> side(Lowering& lowering, const NodeView& node, std::size_t i) {
  const auto value = lowering.input(node, i);
  if (!value) return tl::unexpected(value.error());
  const auto* stored = std::get_if<Stored>(&(*value)->kind);
  if (stored && lowering.tensor(stored->tensor).type == ElementType::u8) return stored->tensor;
  const bool summand = node.node.op != "Mul" && has_inner((*value)->kind);
  if (summand) return inner_tensor(lowering, node, i);
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

/// Two tensors that lie in different orders: those of 8 bits are moved to the model's.
Result<Value> combine_moved(Lowering& lowering, const NodeView& node, Operation op, const Value& a, TensorId first,
                            const Value& b, TensorId second) {
  const Dims& d = lowering.tensor(a.view.order.empty() ? first : second).dims;
  const Dims dims = d;
  if (!a.view.order.empty()) {
    const auto moved = in_model_order(lowering, node, node.node.inputs[0] + "/ordered", first, a.view, dims);
    if (!moved) return tl::unexpected(moved.error());
    first = *moved;
  }
  if (!b.view.order.empty()) {
    const auto moved = in_model_order(lowering, node, node.node.inputs[1] + "/ordered", second, b.view, dims);
    if (!moved) return tl::unexpected(moved.error());
    second = *moved;
  }
  return Value{Pair{std::move(op), first, second, node.node.name}, {a.view.shape, {}}};
}

}  // namespace

Result<Value> combine_tensors(Lowering& lowering, const NodeView& node, const Value& a, const Value& b) {
  auto op = operation(node.node.op);
  if (!op) return node.error("works on two activations; only Add, Sub and Mul of two tensors are supported");
  const auto first = side(lowering, node, 0), second = side(lowering, node, 1);
  if (!first || !second) return tl::unexpected(!first ? first.error() : second.error());
  if (a.view.shape == b.view.shape && a.view.order == b.view.order)
    return Value{Pair{std::move(*op), *first, *second, node.node.name}, a.view};
  if (a.view.shape == b.view.shape) {
    const auto moved = reordered(lowering, node, b, lowering.tensor(*first).dims, a.view.order);
    if (moved) return Value{Pair{std::move(*op), *first, std::get<Stored>(moved->kind).tensor, node.node.name}, a.view};
  }
  if (a.view.shape == b.view.shape) return combine_moved(lowering, node, std::move(*op), a, *first, b, *second);
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

Result<Value> combine_with_constant(Lowering& lowering, const NodeView& node, std::size_t constant) {
  const std::size_t argument = 1 - constant;
  auto op = operation(node.node.op);
  if (!op) return node.error("its constant differs from element to element, which only Add, Sub and Mul take");
  const auto tensor = side(lowering, node, argument);
  if (!tensor) return tl::unexpected(tensor.error());
  const ModelView view = (*lowering.input(node, argument))->view;
  const auto fixed = constant_tensor(lowering, node, constant, view, lowering.tensor(*tensor).dims);
  if (!fixed) return tl::unexpected(fixed.error());
  if (node.node.op == "Mul" && lowering.tensor(*fixed).type != ElementType::u8)
    return node.error("multiplies by a constant tensor that is not quantised to 8 bits; put a Quant behind it");
  const std::array<TensorId, 2> sides{constant == 0 ? *fixed : *tensor, constant == 0 ? *tensor : *fixed};
  return Value{Pair{std::move(*op), sides[0], sides[1], node.node.name}, view};
}

}  // namespace ares::qonnx
