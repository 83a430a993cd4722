#include <fmt/format.h>

#include "core/import/operators/move.hpp"

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

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  const Value value = **input;
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
                       .host = OnHost::yes,
                       .supports = "constant indices: of constants, of a quantised tensor; one token of a norm"};

}  // namespace ares::qonnx
