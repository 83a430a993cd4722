#include <fmt/format.h>

#include <numeric>

#include "core/import/operators/move.hpp"

namespace ares::qonnx {
namespace {

/// Lengths of the parts: an attribute up to opset 12, an input from 13; without either, as even as possible.
Result<std::vector<int64_t>> lengths(const NodeView& node, int64_t extent) {
  std::vector<int64_t> parts;
  if (const auto attribute = ints_attribute(node.node, "split")) {
    parts = *attribute;
  } else if (node.has_input(1)) {
    const auto input = node.integers(1);
    if (!input) return input;
    parts = *input;
  } else {
    const auto outputs = static_cast<int64_t>(node.node.outputs.size());
    const int64_t each = (extent + outputs - 1) / outputs;
    for (int64_t begin = 0; begin < extent; begin += each) parts.push_back(std::min(each, extent - begin));
  }
  const bool positive = std::all_of(parts.begin(), parts.end(), [&](int64_t p) { return p > 0 && p <= extent; });
  if (!positive || std::accumulate(parts.begin(), parts.end(), int64_t{0}) != extent ||
      parts.size() != node.node.outputs.size()) {
    return node.error(fmt::format("its parts do not make up the {} elements of its axis", extent));
  }
  return parts;
}

Result<std::size_t> axis_of(const NodeView& node, const Shape& shape) {
  const auto axis = normal_axis(int_attribute(node.node, "axis", 0), shape.size());
  if (!axis) return node.error(axis.error().what);
  return *axis;
}

ShapesResult shapes(const NodeView& node) {
  const auto in = node.shape(0);
  if (!in) return tl::unexpected(in.error());
  const auto axis = axis_of(node, *in);
  if (!axis) return tl::unexpected(axis.error());
  const auto parts = lengths(node, (*in)[*axis]);
  if (!parts) return tl::unexpected(parts.error());
  std::vector<Shape> all;
  for (const int64_t part : *parts) {
    all.push_back(*in);
    all.back()[*axis] = part;
  }
  return all;
}

/// One rearrangement per output that is used.
Result<std::vector<Value>> lower(Lowering& lowering, const NodeView& node) {
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  const Value value = **input;
  const auto map = axis_map(lowering, node, value);
  if (!map) return tl::unexpected(map.error());
  const auto axis = axis_of(node, value.view.shape);
  if (!axis) return tl::unexpected(axis.error());
  if (map->flat || !map->device[*axis]) return node.error("splits a flattened tensor or the batch axis");
  const auto parts = lengths(node, value.view.shape[*axis]);
  if (!parts) return tl::unexpected(parts.error());
  std::vector<Value> all;
  int32_t at = 0;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    auto part = whole_part(lowering, node, value, *map);
    if (!part) return tl::unexpected(part.error());
    MovedAxis& moved = part->movement.axes[*map->device[*axis]];
    moved.first = at;
    moved.count = static_cast<int32_t>((*parts)[i]);
    at += moved.count;
    Shape shape = value.view.shape;
    shape[*axis] = (*parts)[i];
    auto moved_value = move_parts(lowering, node, node.node.outputs[i], {*part}, *map, shape);
    if (!moved_value) return tl::unexpected(moved_value.error());
    all.push_back(std::move(*moved_value));
  }
  return all;
}

}  // namespace

const Operator kSplit{.name = "Split",
                      .shapes = shapes,
                      .lower_all = lower,
                      .supports = "of a quantised tensor along any axis but the batch: executed"};

}  // namespace ares::qonnx
