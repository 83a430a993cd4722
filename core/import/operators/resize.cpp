// Resize and Upsample by nearest neighbour: whole factors repeat elements, whole divisors skip some.
#include <fmt/format.h>

#include <cmath>

#include "core/import/operators/move.hpp"

namespace ares::qonnx {
namespace {

bool empty_constant(const NodeView& node, std::size_t i) {
  const Array* array = node.constant(i);
  return !node.has_input(i) || (array && array->count() == 0);
}

/// Scale per axis: an attribute (Upsample 7), input 1 (Upsample 9, Resize 10), input 2 or sizes on input 3 (Resize 11).
Result<std::vector<double>> scales(const NodeView& node, const Shape& in) {
  const bool three = node.node.op == "Resize" && node.node.inputs.size() > 2;
  if (three && !empty_constant(node, 3)) {
    const auto sizes = node.integers(3);
    if (!sizes) return tl::unexpected(sizes.error());
    if (sizes->size() != in.size()) return node.error("its sizes do not match the rank of its input");
    std::vector<double> all;
    for (std::size_t i = 0; i < in.size(); ++i) all.push_back(double((*sizes)[i]) / double(in[i]));
    return all;
  }
  const Attribute* attribute = find_attribute(node.node, "scales");
  std::vector<double> all;
  if (attribute && std::holds_alternative<std::vector<double>>(*attribute)) {
    all = std::get<std::vector<double>>(*attribute);
  } else if (const Array* array = node.constant(three ? 2 : 1)) {
    all = to_doubles(*array);
  } else {
    return node.error("its scales are not constant");
  }
  if (all.size() != in.size()) return node.error("its scales do not match the rank of its input");
  return all;
}

ShapesResult shapes(const NodeView& node) {
  const auto in = node.shape(0);
  if (!in) return tl::unexpected(in.error());
  const auto all = scales(node, *in);
  if (!all) return tl::unexpected(all.error());
  Shape out;
  for (std::size_t i = 0; i < in->size(); ++i) {
    const double extent = std::floor(double((*in)[i]) * (*all)[i] + 1e-9);
    if (!(extent >= 1) || extent > double(kMaxElements)) return node.error("absurd scale");
    out.push_back(static_cast<int64_t>(extent));
  }
  const auto count = element_count(out);
  if (!count) return node.error(count.error().what);
  return std::vector<Shape>{out};
}

/// ONNX's source position of output position x.
Result<double> source_of(const NodeView& node, const std::string& mode, double x, double scale, int64_t in,
                         int64_t out) {
  if (mode == "asymmetric") return x / scale;
  if (mode == "half_pixel" || (mode == "pytorch_half_pixel" && out > 1)) return (x + 0.5) / scale - 0.5;
  if (mode == "pytorch_half_pixel") return 0.0;
  if (mode == "align_corners") return out > 1 ? x * double(in - 1) / double(out - 1) : 0.0;
  return node.error("coordinate_transformation_mode '" + mode + "' is not supported");
}

double rounded(const std::string& mode, double v) {
  if (mode == "floor") return std::floor(v);
  if (mode == "ceil") return std::ceil(v);
  if (mode == "round_prefer_ceil") return std::floor(v + 0.5);
  return std::ceil(v - 0.5);
}

/// The input position of every output position along one axis.
Result<std::vector<int64_t>> positions(const NodeView& node, int64_t in, int64_t out, double scale) {
  const bool resize = node.node.op == "Resize" && node.node.inputs.size() > 2;
  const std::string transform =
      resize ? string_attribute(node.node, "coordinate_transformation_mode", "half_pixel") : "asymmetric";
  const std::string nearest = resize ? string_attribute(node.node, "nearest_mode", "round_prefer_floor") : "floor";
  std::vector<int64_t> all;
  for (int64_t x = 0; x < out; ++x) {
    const auto source = source_of(node, transform, double(x), scale, in, out);
    if (!source) return tl::unexpected(source.error());
    all.push_back(std::clamp<int64_t>(static_cast<int64_t>(rounded(nearest, *source)), 0, in - 1));
  }
  return all;
}

/// Equal runs, evenly spaced, or nothing.
std::optional<MovedAxis> as_moved(const std::vector<int64_t>& positions) {
  const auto out = static_cast<int64_t>(positions.size());
  int64_t repeat = 1;
  while (repeat < out && positions[static_cast<std::size_t>(repeat)] == positions[0]) ++repeat;
  if (out % repeat || repeat > std::numeric_limits<int16_t>::max()) return std::nullopt;
  const int64_t step = repeat < out ? positions[static_cast<std::size_t>(repeat)] - positions[0] : 1;
  if (step < 1 || step > std::numeric_limits<int16_t>::max()) return std::nullopt;
  for (int64_t x = 0; x < out; ++x) {
    if (positions[static_cast<std::size_t>(x)] != positions[0] + x / repeat * step) return std::nullopt;
  }
  return MovedAxis{static_cast<int32_t>(positions[0]), static_cast<int32_t>(out / repeat), 0,
                   static_cast<int16_t>(step), static_cast<int16_t>(repeat)};
}

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const std::string mode = string_attribute(node.node, "mode", "nearest");
  if (mode != "nearest") return node.error("mode '" + mode + "' is not supported; resize by nearest neighbour");
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  const Value value = **input;
  const Shape &in = value.view.shape, &out = output_shape(lowering, node);
  const auto factors = scales(node, in);
  const auto map = axis_map(lowering, node, value);
  if (!map || !factors) return tl::unexpected(!map ? map.error() : factors.error());
  if (map->flat) return node.error("resizes a flattened tensor");
  auto part = whole_part(lowering, node, value, *map);
  if (!part) return tl::unexpected(part.error());
  for (std::size_t axis = 0; axis < in.size(); ++axis) {
    if (in[axis] == out[axis] && (*factors)[axis] == 1) continue;
    const auto from = positions(node, in[axis], out[axis], (*factors)[axis]);
    if (!from) return tl::unexpected(from.error());
    const auto moved = as_moved(*from);
    if (!map->device[axis] || !moved)
      return node.error(
          fmt::format("factor {} along axis {} is not supported; use whole factors", (*factors)[axis], axis));
    part->movement.axes[*map->device[axis]] = *moved;
  }
  return move_parts(lowering, node, node.node.outputs[0], {*part}, *map, out);
}

}  // namespace

const Operator kResize{.name = "Resize",
                       .shapes = shapes,
                       .lower = lower,
                       .supports = "nearest neighbour by whole factors or divisors, of a quantised tensor"};
const Operator kUpsample{.name = "Upsample",
                         .shapes = shapes,
                         .lower = lower,
                         .supports = "nearest neighbour by whole factors, of a quantised tensor"};

}  // namespace ares::qonnx
