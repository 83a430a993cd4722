#include "core/import/quantiser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/arithmetic/table.hpp"
#include "core/import/operators/linear.hpp"
#include "core/import/operators/move.hpp"
#include "core/ir/graph.hpp"

namespace ares::qonnx {
namespace {

/// Device shape of a tensor the model sees as `shape`, and the device offset of each of its elements.
struct Layout {
  Dims dims;
  std::vector<int32_t> order;
};

/// [1, c, h, w] is stored h x w x c; fewer axes are tokens x features. Nothing beyond rank 4.
std::optional<Layout> default_layout(const Shape& shape) {
  const auto extent = [&](std::size_t i) { return static_cast<int32_t>(shape[i]); };
  switch (shape.size()) {
    case 1:
      return Layout{{1, 1, extent(0)}, {}};
    case 2:
      return Layout{{1, extent(0), extent(1)}, {}};
    case 3:
      return Layout{{extent(0), extent(1), extent(2)}, {}};
    case 4: {
      if (shape[0] != 1) return std::nullopt;
      const Dims dims{extent(2), extent(3), extent(1)};
      return Layout{dims, channels_first_order(dims)};
    }
    default:
      return std::nullopt;
  }
}

/// The model's input meets its quantiser: the host does both.
Result<Value> quantise_host(Lowering& lowering, const NodeView& node, const Value& value, const Quantisation& q) {
  const std::string& name = std::get<HostFloat>(value.kind).input;
  for (const NetworkInput& in : lowering.graph.inputs) {
    if (in.name == name) return node.error(fmt::format("input '{}' is quantised twice; share one Quant", name));
  }
  auto layout = default_layout(value.view.shape);
  if (!layout) return node.error(fmt::format("an input of shape {} is not supported", to_string(value.view.shape)));
  const auto count = static_cast<std::size_t>(layout->dims.count());
  std::vector<int32_t> order(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t source = value.view.order.empty() ? i : static_cast<std::size_t>(value.view.order[i]);
    order[source] = layout->order.empty() ? static_cast<int32_t>(i) : layout->order[i];
  }
  const ModelView view{value.view.shape, layout->order};
  const TensorId id = lowering.add_tensor({node.node.outputs[0], ElementType::u8, layout->dims, q, {}, view});
  lowering.graph.inputs.push_back({name, id, {lowering.model.shapes.at(name), normal_order(std::move(order))}});
  return Value{Stored{id}, view};
}

/// Bounds on the real value before the Quant, as its clip range.
void narrow(const Clip& clip, Quantisation& q) {
  const auto stored = [&](double bound) {
    return static_cast<int>(std::clamp<double>(std::nearbyint(bound / q.scale + q.zero_point), q.lo, q.hi));
  };
  const int lo = stored(clip.lo), hi = stored(clip.hi);
  q.lo = lo;
  q.hi = hi;
}

Result<Value> quantise_accumulator(Lowering& lowering, const NodeView& node, const Value& value, Quantisation q) {
  const auto& acc = std::get<Accumulator>(value.kind);
  narrow(acc.clip, q);
  const TensorId id = lowering.add_tensor({node.node.outputs[0], ElementType::u8, acc.out, q, {}, value.view});
  lowering.add_layer(acc.node, acc.layer, {acc.input}, id);
  return Value{Stored{id}, value.view};
}

Result<Value> quantise_average(Lowering& lowering, const NodeView& node, const Value& value, Quantisation q) {
  const auto& average = std::get<Average>(value.kind);
  narrow(average.clip, q);
  const TensorId id = lowering.add_tensor({node.node.outputs[0], ElementType::u8, average.out, q, {}, value.view});
  lowering.add_layer(average.node, average.layer, {average.input}, id);
  return Value{Stored{id}, value.view};
}

Result<Value> quantise_pair(Lowering& lowering, const NodeView& node, const Value& value, Quantisation q) {
  const auto& pair = std::get<Pair>(value.kind);
  narrow(pair.clip, q);
  const Dims dims = lowering.tensor(pair.first).dims;
  const TensorId id = lowering.add_tensor({node.node.outputs[0], ElementType::u8, dims, q, {}, value.view});
  lowering.add_layer(pair.node, pair.op, {pair.first, pair.second}, id);
  return Value{Stored{id}, value.view};
}

/// A table keeps the order of the stored bytes. Its dims follow the model's shape where that is a plain row.
Result<Value> quantise_function(Lowering& lowering, const NodeView& node, const Value& value, const Unary& unary,
                                const Quantisation& q) {
  const Tensor& in = lowering.tensor(unary.tensor);
  auto map = build_table(unary.values, q);
  if (!map) return node.error(map.error().what);
  Dims dims = in.dims;
  const Shape& shape = value.view.shape;
  if (shape != in.view.shape && shape.size() == 2 && shape[0] == 1) dims = {1, 1, static_cast<int32_t>(shape[1])};
  const TensorId id = lowering.add_tensor({node.node.outputs[0], ElementType::u8, dims, q, {}, value.view});
  lowering.add_layer(unary.node, Table{*map}, {unary.tensor}, id);
  return Value{Stored{id}, value.view};
}

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  const Value value = **input;
  const auto q = activation_quantisation(node);
  if (!q) return tl::unexpected(q.error());
  if (std::holds_alternative<HostFloat>(value.kind)) return quantise_host(lowering, node, value, *q);
  if (std::holds_alternative<Accumulator>(value.kind)) return quantise_accumulator(lowering, node, value, *q);
  if (std::holds_alternative<Average>(value.kind)) return quantise_average(lowering, node, value, *q);
  if (std::holds_alternative<Pair>(value.kind)) return quantise_pair(lowering, node, value, *q);
  if (const auto* moved = std::get_if<Moved>(&value.kind))
    return quantise_moved(lowering, node, *moved, value.view, *q);
  if (const auto* unary = std::get_if<Unary>(&value.kind)) {
    return quantise_function(lowering, node, value, *unary, *q);
  }
  const auto stored = stored_input(lowering, node, 0);
  if (!stored) return tl::unexpected(stored.error());
  const Unary same{stored->tensor, stored_values(lowering.tensor(stored->tensor).q), node.node.name};
  return quantise_function(lowering, node, value, same, *q);
}

}  // namespace

const Operator kQuant{.name = "Quant", .shapes = same_shape, .lower = lower};

}  // namespace ares::qonnx
