#include <fmt/format.h>

#include <algorithm>

#include "core/import/operators/move.hpp"

namespace ares::qonnx {
namespace {

struct Cut {
  int64_t start = 0, step = 1, count = 0;
};

/// ONNX Slice: negative bounds count from the end, bounds are clamped, INT64_MIN and INT64_MAX mean "to the end".
Cut cut_axis(int64_t extent, int64_t start, int64_t end, int64_t step) {
  const auto clamp = [&](int64_t v, int64_t low, int64_t high) {
    if (v < 0) v = v < -extent ? -1 : v + extent;
    return std::clamp(v, low, high);
  };
  if (step > 0) {
    const auto from_end = [&](int64_t v) { return clamp(std::max(v, -extent), 0, extent); };
    const int64_t first = from_end(start), last = from_end(end);
    return {first, step, last > first ? (last - first - 1) / step + 1 : 0};
  }
  const int64_t first = clamp(start, -1, extent - 1), last = clamp(end, -1, extent - 1);
  return {first, step, first > last ? (first - last - 1) / -step + 1 : 0};
}

/// Bounds are attributes up to opset 9, inputs from 10.
Result<std::vector<int64_t>> bounds(const NodeView& node, const char* attribute, std::size_t input,
                                    std::vector<int64_t> fallback) {
  if (auto values = ints_attribute(node.node, attribute)) return *values;
  if (!node.has_input(input)) return fallback;
  return node.integers(input);
}

Result<std::vector<Cut>> cuts(const NodeView& node, const Shape& shape) {
  std::vector<int64_t> all(shape.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
  auto starts = bounds(node, "starts", 1, {}), ends = bounds(node, "ends", 2, {});
  if (!starts || !ends) return tl::unexpected(!starts ? starts.error() : ends.error());
  const std::size_t n = starts->size();
  all.resize(std::min(all.size(), n));
  auto axes = bounds(node, "axes", 3, all), steps = bounds(node, "", 4, std::vector<int64_t>(n, 1));
  if (!axes || !steps) return tl::unexpected(!axes ? axes.error() : steps.error());
  if (ends->size() != n || axes->size() != n || steps->size() != n) return node.error("bounds differ in length");
  std::vector<Cut> result;
  for (const int64_t extent : shape) result.push_back({0, 1, extent});
  for (std::size_t i = 0; i < n; ++i) {
    const auto axis = normal_axis((*axes)[i], shape.size());
    if (!axis) return node.error(axis.error().what);
    const int64_t step = (*steps)[i];
    if (step == 0 || step > kMaxElements || step < -kMaxElements) return node.error(fmt::format("step {}", step));
    result[*axis] = cut_axis(shape[*axis], (*starts)[i], (*ends)[i], step);
  }
  return result;
}

ArraysResult fold(const NodeView& node) {
  const Array& in = *node.constant(0);
  const auto parts = cuts(node, in.shape);
  if (!parts) return tl::unexpected(parts.error());
  Shape shape;
  for (const Cut& c : *parts) shape.push_back(c.count);
  const Shape strides = strides_of(in.shape);
  std::vector<int64_t> source{0};
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    std::vector<int64_t> next;
    for (const int64_t base : source) {
      for (int64_t i = 0; i < shape[axis]; ++i) {
        next.push_back(base + strides[axis] * ((*parts)[axis].start + i * (*parts)[axis].step));
      }
    }
    source = std::move(next);
  }
  return std::vector<Array>{pick(in, std::move(shape), source)};
}

ShapesResult shapes(const NodeView& node) {
  const auto in = node.shape(0);
  if (!in) return tl::unexpected(in.error());
  const auto parts = cuts(node, *in);
  if (!parts) return tl::unexpected(parts.error());
  Shape shape;
  for (const Cut& c : *parts) shape.push_back(c.count);
  return std::vector<Shape>{shape};
}

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  const Value value = **input;
  const Shape& shape = output_shape(lowering, node);
  const auto parts = cuts(node, value.view.shape);
  if (!parts) return tl::unexpected(parts.error());
  const auto turns = [](const Cut& c) { return c.step < 0 && c.count > 1; };
  if (shape == value.view.shape && std::none_of(parts->begin(), parts->end(), turns)) return value;
  const auto map = axis_map(lowering, node, value);
  if (!map) return tl::unexpected(map.error());
  if (map->flat) return node.error("cuts a flattened tensor; cut it before the Flatten");
  auto part = whole_part(lowering, node, value, *map);
  if (!part) return tl::unexpected(part.error());
  for (std::size_t axis = 0; axis < parts->size(); ++axis) {
    const Cut& cut = (*parts)[axis];
    if (!map->device[axis]) continue;
    MovedAxis& moved = part->movement.axes[*map->device[axis]];
    if (std::abs(cut.step) > std::numeric_limits<int16_t>::max()) return node.error("absurd step");
    moved.first = static_cast<int32_t>(cut.start);
    moved.count = static_cast<int32_t>(cut.count);
    moved.step = static_cast<int16_t>(cut.count > 1 ? cut.step : 1);
  }
  return move_parts(lowering, node, node.node.outputs[0], {*part}, *map, shape);
}

}  // namespace

const Operator kSlice{
    .name = "Slice",
    .shapes = shapes,
    .fold = fold,
    .lower = lower,
    .supports = "constant bounds and steps, of a quantised tensor, one axis backwards at most: executed"};

}  // namespace ares::qonnx
