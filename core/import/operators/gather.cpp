#include <fmt/format.h>

#include "core/import/host_graph.hpp"
#include "core/import/operators/inner.hpp"
#include "core/import/operators/move.hpp"
#include "core/ir/graph.hpp"

namespace ares::qonnx {
namespace {

ArraysResult fold(const NodeView& node) {
  auto indices = node.integers(1);
  if (!indices) return tl::unexpected(indices.error());
  const Array& data = *node.constant(0);
  const Shape& index_shape = node.constant(1)->shape;
  const auto axis = normal_axis(int_attribute(node.node, "axis", 0), data.shape.size());
  if (!axis) return node.error(axis.error().what);
  const int64_t extent = data.shape[*axis];
  for (int64_t& i : *indices) {
    if (i < -extent || i >= extent) return node.error(fmt::format("index {} of an axis of {}", i, extent));
    if (i < 0) i += extent;
  }
  const auto split = data.shape.begin() + static_cast<std::ptrdiff_t>(*axis);
  Shape shape(data.shape.begin(), split);
  shape.insert(shape.end(), index_shape.begin(), index_shape.end());
  shape.insert(shape.end(), split + 1, data.shape.end());
  const auto count = folded_count(shape, data.count());
  if (!count) return node.error(count.error().what);
  const int64_t inner = strides_of(data.shape)[*axis];
  const int64_t outer = data.count() == 0 ? 0 : data.count() / (inner * extent);
  std::vector<int64_t> source;
  for (int64_t o = 0; o < outer; ++o) {
    for (const int64_t i : *indices) {
      for (int64_t k = 0; k < inner; ++k) source.push_back((o * extent + i) * inner + k);
    }
  }
  return std::vector<Array>{pick(data, std::move(shape), source)};
}

/// Constant indices along an axis, counted from the front.
struct Picked {
  std::size_t axis = 0;
  std::vector<int64_t> indices;
  Shape index_shape;
};

Result<Picked> picked(const NodeView& node, const Shape& shape) {
  auto indices = node.integers(1);
  if (!indices) return tl::unexpected(indices.error());
  const auto axis = normal_axis(int_attribute(node.node, "axis", 0), shape.size());
  if (!axis) return node.error(axis.error().what);
  const int64_t extent = shape[*axis];
  for (int64_t& i : *indices) {
    if (i < -extent || i >= extent) return node.error(fmt::format("index {} of an axis of {}", i, extent));
    if (i < 0) i += extent;
  }
  return Picked{*axis, std::move(*indices), node.constant(1)->shape};
}

ShapesResult shapes(const NodeView& node) {
  const auto in = node.shape(0);
  if (!in) return tl::unexpected(in.error());
  if (node.has_input(1) && !node.constant(1)) {
    const auto numbers = node.shape(1);
    if (!numbers) return tl::unexpected(numbers.error());
    const auto axis = normal_axis(int_attribute(node.node, "axis", 0), in->size());
    if (!axis) return node.error(axis.error().what);
    Shape shape = *in;
    const auto at = shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(*axis));
    shape.insert(at, numbers->begin(), numbers->end());
    return std::vector<Shape>{std::move(shape)};
  }
  const auto p = picked(node, *in);
  if (!p) return tl::unexpected(p.error());
  const auto split = in->begin() + static_cast<std::ptrdiff_t>(p->axis);
  Shape shape(in->begin(), split);
  shape.insert(shape.end(), p->index_shape.begin(), p->index_shape.end());
  shape.insert(shape.end(), split + 1, in->end());
  return std::vector<Shape>{std::move(shape)};
}

/// One token of a norm or product that is not quantised yet.
Result<Value> pick_token(const Lowering& lowering, const NodeView& node, const Value& value, const Picked& p) {
  Pending pending = std::get<Pending>(value.kind);
  const Dims d = pending.out;
  const Shape tokens{1, int64_t{d.h} * d.w, d.c};
  if (pending.picked || d.h != 1 || p.axis != 1 || p.indices.size() != 1 || value.view.shape != tokens ||
      !value.view.order.empty())
    return node.error("picks more than one token of a tensor that is not quantised; put a Quant before it");
  Movement all;
  all.axes[1].first = static_cast<int32_t>(p.indices[0]);
  all.axes[2].count = d.c;
  pending.picked = all;
  return Value{std::move(pending), {output_shape(lowering, node), {}}};
}

/// The model's input on input 1 as stored numbers of rows, up to `rows`; the host rounds and clips them.
Result<TensorId> row_numbers(Lowering& lowering, const NodeView& node, const Value& value, int64_t rows) {
  constexpr int64_t most = 32768;
  const std::string name = *std::get<HostFloat>(value.kind).sources.begin();
  if (rows > most) return node.error(fmt::format("a table of {} rows; at most {} are supported", rows, most));
  for (const NetworkInput& in : lowering.graph.inputs) {
    if (in.name != name) continue;
    Quantisation& q = lowering.tensor(in.tensor).q;
    if (q.scale != 1 || q.zero_point != 0 || q.is_signed)
      return node.error(fmt::format("input '{}' is quantised and picks rows; use an input of its own", name));
    q.hi = std::min(q.hi, static_cast<int>(rows) - 1);
    return in.tensor;
  }
  const bool bytes = rows <= 256;
  const Quantisation q{1, 0, 0, static_cast<int>(rows) - 1, false, bytes ? 8 : 16};
  const Shape& shape = value.view.shape;
  const Dims dims{1, static_cast<int32_t>(*element_count(shape)), 1};
  const TensorId id = lowering.add_tensor({name, bytes ? ElementType::u8 : ElementType::s16, dims, q, {}, {shape, {}}});
  lowering.graph.inputs.push_back({name, id, {lowering.model.shapes.at(name), {}}});
  return id;
}

/// Rows of a quantised table, picked by a model input.
Result<Value> look_up(Lowering& lowering, const NodeView& node, const Value& numbers) {
  const QuantisedConstant* table = lowering.quantised(node, 0);
  const auto q = table ? stored_form(*table) : std::nullopt;
  if (!q || table->shape.size() != 2 || int_attribute(node.node, "axis", 0) != 0 || !numbers.view.order.empty())
    return node.error(
        "picks rows at run time from what is no table of two axes quantised to 8 bits with one scale; use a "
        "QuantEmbedding");
  const auto tensor = row_numbers(lowering, node, numbers, table->shape[0]);
  if (!tensor) return tl::unexpected(tensor.error());
  Lookup op{static_cast<int32_t>(table->shape[0]), static_cast<int32_t>(table->shape[1]), {}};
  for (const int64_t v : table->q) op.table.push_back(static_cast<uint8_t>(v + (q->is_signed ? 128 : 0)));
  const Dims dims{1, lowering.tensor(*tensor).dims.w, op.columns};
  const ModelView view{output_shape(lowering, node), {}};
  const TensorId id = lowering.add_tensor({node.node.outputs[0], ElementType::u8, dims, *q, {}, view});
  lowering.add_layer(node.node.name, std::move(op), {*tensor}, id);
  return Value{Stored{id}, view};
}

/// Whether a value is an input of the model that nothing has been computed of.
bool is_input(const Value& value) {
  const auto* host = std::get_if<HostFloat>(&value.kind);
  return host && !host->computed && host->sources.size() == 1;
}

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  const Value value = **input;
  const auto numbers = lowering.input(node, 1);
  if (!numbers) return tl::unexpected(numbers.error());
  if (lowering.quantised(node, 0) && is_input(**numbers)) return look_up(lowering, node, **numbers);
  if (std::holds_alternative<HostFloat>(value.kind) || std::holds_alternative<HostFloat>((*numbers)->kind))
    return host_value(lowering, node);
  if (std::holds_alternative<Constant>(value.kind)) return node.error("picks from a quantised constant");
  Shape shape = value.view.shape;
  const auto p = picked(node, shape);
  if (!p) return tl::unexpected(p.error());
  if (std::holds_alternative<Pending>(value.kind)) return pick_token(lowering, node, value, *p);
  const auto map = axis_map(lowering, node, value);
  if (!map) return tl::unexpected(map.error());
  if (map->flat) return node.error("picks from a flattened tensor; put it before the Flatten");
  if (!map->device[p->axis]) return node.error("picks along the batch axis; batch is 1 on the device");
  std::vector<MovedPart> parts;
  for (const int64_t index : p->indices) {
    auto part = whole_part(lowering, node, value, *map);
    if (!part) return tl::unexpected(part.error());
    part->movement.axes[*map->device[p->axis]] = {static_cast<int32_t>(index), 1, static_cast<int32_t>(parts.size())};
    parts.push_back(std::move(*part));
  }
  shape[p->axis] = static_cast<int64_t>(p->indices.size());
  auto moved = move_parts(lowering, node, node.node.outputs[0], std::move(parts), *map, shape);
  if (moved) moved->view.shape = output_shape(lowering, node);
  return moved;
}

}  // namespace

const Operator kGather{.name = "Gather",
                       .shapes = shapes,
                       .fold = fold,
                       .lower = lower,
                       .host = OnHost::moves,
                       .supports =
                           "constant indices: of constants, of a quantised tensor; one token of a norm. Indices at run "
                           "time: rows of a table quantised to 8 bits, up to 32768, by an input of the model"};

}  // namespace ares::qonnx
