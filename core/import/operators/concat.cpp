#include <fmt/format.h>

#include "core/import/operators/inner.hpp"
#include "core/import/operators/move.hpp"

namespace ares::qonnx {
namespace {

/// Converts to the widest of the inputs' types by concatenating along `axis`.
ArraysResult fold(const NodeView& node) {
  const Array& first = *node.constant(0);
  const auto axis = normal_axis(int_attribute(node.node, "axis", 0), first.shape.size());
  if (!axis) return node.error(axis.error().what);
  Shape shape = first.shape;
  shape[*axis] = 0;
  bool integer = true;
  for (std::size_t i = 0; i < node.node.inputs.size(); ++i) {
    if (!node.constant(i)) return node.error(fmt::format("input {} is missing", i));
    const Array& part = *node.constant(i);
    Shape others = part.shape;
    if (others.size() != shape.size()) return node.error("joins tensors of different rank");
    shape[*axis] += part.shape[*axis];
    others[*axis] = shape[*axis];
    if (others != shape) return node.error("joins tensors whose other axes differ");
    integer = integer && part.is_integer();
  }
  const auto count = folded_count(shape, 0);
  if (!count) return node.error(count.error().what);
  std::vector<double> reals;
  std::vector<int64_t> integers;
  int64_t outer = *count ? 1 : 0;
  for (std::size_t i = 0; i < *axis; ++i) outer *= shape[i];
  for (int64_t o = 0; o < outer; ++o) {
    for (std::size_t i = 0; i < node.node.inputs.size(); ++i) {
      const Array& part = *node.constant(i);
      const int64_t run = part.count() / outer;
      std::visit(
          [&](const auto& v) {
            const auto begin = v.begin() + o * run;
            if (integer) integers.insert(integers.end(), begin, begin + run);
            if (!integer) reals.insert(reals.end(), begin, begin + run);
          },
          part.values);
    }
  }
  if (integer) return std::vector<Array>{{shape, std::move(integers)}};
  return std::vector<Array>{{shape, std::move(reals)}};
}

ShapesResult shapes(const NodeView& node) {
  auto shape = node.shape(0);
  if (!shape) return tl::unexpected(shape.error());
  const auto axis = normal_axis(int_attribute(node.node, "axis", 0), shape->size());
  if (!axis) return node.error(axis.error().what);
  for (std::size_t i = 1; i < node.node.inputs.size(); ++i) {
    auto other = node.shape(i);
    if (!other) return tl::unexpected(other.error());
    if (other->size() != shape->size()) return node.error("joins tensors of different rank");
    const int64_t extent = (*other)[*axis];
    (*other)[*axis] = (*shape)[*axis];
    if (*other != *shape) return node.error("joins tensors whose other axes differ");
    (*shape)[*axis] += extent;
  }
  return std::vector<Shape>{*shape};
}

/// Where all inputs lie the same way, as the first does or is made to; flat where one of them does. `values` are moved
/// to where they lie so.
Result<AxisMap> common_map(Lowering& lowering, const NodeView& node, std::vector<Value>& values) {
  std::optional<AxisMap> all;
  for (Value& value : values) {
    const auto map = axis_map(lowering, node, value);
    if (!map) return map;
    if (all && !all->flat && !map->flat && all->device != map->device) {
      auto moved = aligned(lowering, node, value, *all);
      if (!moved) return tl::unexpected(moved.error());
      value = std::move(*moved);
    } else if (!all || map->flat) {
      all = *map;
    }
  }
  return *all;
}

/// Offsets of one input's elements in the joined row.
void append_order(const Value& value, int64_t count, std::vector<int32_t>& order) {
  const auto base = static_cast<int32_t>(order.size());
  for (int64_t i = 0; i < count; ++i)
    order.push_back(base + (value.view.order.empty() ? static_cast<int32_t>(i) : value.view.order[size_t(i)]));
}

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  if (auto tokens = token_sum(lowering, node)) return std::move(*tokens);
  const Shape& shape = output_shape(lowering, node);
  const auto axis = normal_axis(int_attribute(node.node, "axis", 0), shape.size());
  if (!axis) return node.error(axis.error().what);
  std::vector<Value> values;
  for (std::size_t i = 0; i < node.node.inputs.size(); ++i) {
    const auto value = lowering.input(node, i);
    if (!value) return tl::unexpected(value.error());
    values.push_back(**value);
  }
  const auto map = common_map(lowering, node, values);
  if (!map) return tl::unexpected(map.error());
  if (!map->device[*axis]) return node.error("joins along the batch axis; batch is 1 on the device");
  std::vector<MovedPart> parts;
  std::vector<int32_t> order;
  int32_t at = 0;
  for (const Value& value : values) {
    auto part = whole_part(lowering, node, value, *map);
    if (!part) return tl::unexpected(part.error());
    MovedAxis& moved = part->movement.axes[*map->device[*axis]];
    moved.to = at;
    at += moved.count;
    if (map->flat) append_order(value, moved.count, order);
    parts.push_back(std::move(*part));
  }
  return move_parts(lowering, node, node.node.outputs[0], std::move(parts), *map, shape, std::move(order));
}

}  // namespace

const Operator kConcat{
    .name = "Concat",
    .shapes = shapes,
    .fold = fold,
    .lower = lower,
    .supports = "of quantised tensors along any axis but the batch; equal scales are copied as they are"};

}  // namespace ares::qonnx
