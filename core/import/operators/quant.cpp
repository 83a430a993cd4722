#include "core/import/quantiser.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/arithmetic/table.hpp"
#include "core/import/host_graph.hpp"
#include "core/import/layout.hpp"
#include "core/import/operators/inner.hpp"
#include "core/import/operators/linear.hpp"
#include "core/import/operators/move.hpp"
#include "core/import/operators/wide.hpp"
#include "core/ir/graph.hpp"

namespace ares::qonnx {
namespace {

/// The model input that a value of the host comes from.
Result<std::string> host_input(const Lowering& lowering, const NodeView& node, const HostFloat& value) {
  for (const std::string& source : value.sources) {
    if (lowering.producer(source)) {
      return node.error(fmt::format(
          "its input depends on node {}, which is no integer layer on a tensor that is not quantised; put a "
          "Quant before that node",
          value.blame));
    }
  }
  if (value.sources.size() != 1) {
    return node.error(fmt::format("its input combines the float inputs '{}'; quantise each of them",
                                  fmt::join(value.sources, "', '")));
  }
  const std::string& name = *value.sources.begin();
  for (const NetworkInput& in : lowering.graph.inputs) {
    if (in.name == name) return node.error(fmt::format("input '{}' is quantised twice; share one Quant", name));
  }
  return name;
}

/// The model's input meets its quantiser: the host does both, and the float nodes between them.
Result<Value> quantise_host(Lowering& lowering, const NodeView& node, const Value& value, const Quantisation& q) {
  const auto& host = std::get<HostFloat>(value.kind);
  const auto name = host_input(lowering, node, host);
  if (!name) return tl::unexpected(name.error());
  auto layout = device_layout(lowering.model, node.node.outputs[0], value.view.shape);
  if (!layout) return node.error(fmt::format("an input of shape {} is not supported", to_string(value.view.shape)));
  const auto count = static_cast<std::size_t>(layout->dims.count());
  std::vector<int32_t> order(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t source = value.view.order.empty() ? i : static_cast<std::size_t>(value.view.order[i]);
    order[source] = layout->order.empty() ? static_cast<int32_t>(i) : layout->order[i];
  }
  const Shape& own = lowering.model.shapes.at(*name);
  if (*element_count(own) != static_cast<int64_t>(count)) {
    return node.error(fmt::format("float nodes before it make {} of the model's input {}; leave its size as it is",
                                  to_string(value.view.shape), to_string(own)));
  }
  const ModelView view{value.view.shape, layout->order};
  NetworkInput input{*name, -1, {own, normal_order(std::move(order))}};
  if (host.computed) {
    auto slice = host_slice(lowering, *name, node.node.inputs[0]);
    if (!slice) return tl::unexpected(slice.error());
    input.host = std::move(*slice);
  }
  input.tensor = lowering.add_tensor({node.node.outputs[0], ElementType::u8, layout->dims, q, {}, view});
  lowering.graph.inputs.push_back(std::move(input));
  return Value{Stored{lowering.graph.inputs.back().tensor}, view};
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

}  // namespace

Result<Value> quantise_accumulator(Lowering& lowering, const NodeView& node, const Value& value, Quantisation q) {
  const auto& acc = std::get<Accumulator>(value.kind);
  narrow(acc.clip, q);
  const TensorId id = lowering.add_tensor({node.node.outputs[0], ElementType::u8, acc.out, q, {}, value.view});
  lowering.add_layer(acc.node, acc.layer, {acc.input}, id);
  return Value{Stored{id}, value.view};
}

namespace {

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

/// A norm, softmax or product; what was picked of it is moved once it is stored.
Result<Value> quantise_pending(Lowering& lowering, const NodeView& node, const Value& value, const Quantisation& q) {
  const auto& pending = std::get<Pending>(value.kind);
  const std::string& name = node.node.outputs[0];
  if (!pending.picked) {
    const TensorId id = lowering.add_tensor({name, ElementType::u8, pending.out, q, {}, value.view});
    lowering.add_layer(pending.node, pending.op, pending.inputs, id);
    return Value{Stored{id}, value.view};
  }
  const Dims& d = pending.out;
  const ModelView all{{1, d.h, d.w, d.c}, {}};
  const TensorId whole = lowering.add_tensor({name + "/whole", ElementType::u8, d, q, {}, all});
  lowering.add_layer(pending.node, pending.op, pending.inputs, whole);
  const auto& axes = pending.picked->axes;
  const Dims part{axes[0].count, axes[1].count, axes[2].count};
  const TensorId id = lowering.add_tensor({name, ElementType::u8, part, q, {}, value.view});
  lowering.add_layer(node.node.name, Rearrange{{Piece{0, *pending.picked, 0, {}}}, false}, {whole}, id);
  return Value{Stored{id}, value.view};
}

/// A stored tensor of 16 bits, rounded to 8: an average of one position.
Result<Value> quantise_inner(Lowering& lowering, const NodeView& node, const Value& value, const Quantisation& q) {
  const TensorId in = std::get<Stored>(value.kind).tensor;
  const TensorId id =
      lowering.add_tensor({node.node.outputs[0], ElementType::u8, lowering.tensor(in).dims, q, {}, value.view});
  lowering.add_layer(node.node.name, AveragePool{}, {in}, id);
  return Value{Stored{id}, value.view};
}

/// Values that round half to even to what the quantiser makes of `values`.
Result<std::array<double, 256>> rounded(const NodeView& node, std::array<double, 256> values, const Quantisation& q) {
  const auto quantiser = read_quantiser(node);
  if (!quantiser) return tl::unexpected(quantiser.error());
  if (quantiser->half_even && !quantiser->bipolar()) return values;
  const int zero = q.zero_point - (q.is_signed ? 128 : 0);  // the Quant's own; it rounds with it added
  for (double& v : values) {
    const double steps = v / q.scale;
    v = (quantiser->bipolar() ? (steps >= 0 ? 1 : -1) : quantiser->round(steps + zero) - zero) * q.scale;
  }
  return values;
}

/// A table keeps the order of the stored bytes. Its dims follow the model's shape where that is a plain row, or tokens
/// one behind the other.
Result<Value> quantise_function(Lowering& lowering, const NodeView& node, const Value& value, const Unary& unary,
                                const Quantisation& q) {
  const Tensor& in = lowering.tensor(unary.tensor);
  const auto values = rounded(node, unary.values, q);
  if (!values) return tl::unexpected(values.error());
  auto map = build_table(*values, q);
  if (!map) return node.error(map.error().what);
  Dims dims = in.dims;
  const Shape& shape = value.view.shape;
  if (shape != in.view.shape && shape.size() == 2 && shape[0] == 1) dims = {1, 1, static_cast<int32_t>(shape[1])};
  if (shape != in.view.shape && shape.size() == 3 && shape[0] == 1 && value.view.order.empty())
    dims = {1, static_cast<int32_t>(shape[1]), static_cast<int32_t>(shape[2])};
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
  const auto quantiser = read_quantiser(node);
  const bool plain = quantiser->half_even && !quantiser->bipolar();
  const bool table = std::holds_alternative<Unary>(value.kind) || std::holds_alternative<Stored>(value.kind);
  if (!plain && !table) {
    return node.error(quantiser->bipolar()
                          ? "1-bit signed activations are only supported on a quantised tensor; use 2 bits"
                          : "rounding modes other than ROUND are only supported on a quantised tensor; use ROUND");
  }
  if (std::holds_alternative<HostFloat>(value.kind)) return quantise_host(lowering, node, value, *q);
  if (std::holds_alternative<Accumulator>(value.kind)) return quantise_accumulator(lowering, node, value, *q);
  if (std::holds_alternative<Average>(value.kind)) return quantise_average(lowering, node, value, *q);
  if (const auto* wide = std::get_if<Wide>(&value.kind)) return quantise_wide(lowering, node, *wide, value.view, *q);
  if (std::holds_alternative<Pair>(value.kind)) return quantise_pair(lowering, node, value, *q);
  if (std::holds_alternative<Pending>(value.kind)) return quantise_pending(lowering, node, value, *q);
  if (const auto* tokens = std::get_if<TokenSum>(&value.kind))
    return quantise_token_sum(lowering, node, *tokens, value.view, *q);
  const auto* inner = std::get_if<Stored>(&value.kind);
  if (inner && lowering.tensor(inner->tensor).type == ElementType::s16)
    return quantise_inner(lowering, node, value, *q);
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

const Operator kQuant{.name = "Quant",
                      .shapes = same_shape,
                      .lower = lower,
                      .supports =
                          "8 bits or fewer, signed or not, narrow or not, any scale and zero point per tensor "
                          "(weights: per channel, too); rounding_mode ROUND, other modes and bipolar values on weights "
                          "and quantised tensors"};

}  // namespace ares::qonnx
