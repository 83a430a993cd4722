#include <algorithm>

#include "core/import/operators/move.hpp"

namespace ares::qonnx {
namespace {

/// Begins of all axes, then ends; an attribute up to opset 10, an input from 11.
Result<std::vector<int64_t>> pads(const NodeView& node, std::size_t rank) {
  auto values = ints_attribute(node.node, "pads");
  if (!values) {
    auto input = node.integers(1);
    if (!input) return input;
    values = *input;
  }
  if (values->size() != 2 * rank) return node.error("its pads do not match the rank of its input");
  return *values;
}

ShapesResult shapes(const NodeView& node) {
  auto shape = node.shape(0);
  if (!shape) return tl::unexpected(shape.error());
  const auto p = pads(node, shape->size());
  if (!p) return tl::unexpected(p.error());
  for (std::size_t i = 0; i < shape->size(); ++i) {
    const int64_t begin = (*p)[i], end = (*p)[shape->size() + i];
    const auto absurd = [](int64_t v) { return v > kMaxElements || v < -kMaxElements; };
    if (absurd(begin) || absurd(end)) return node.error("absurd padding");
    (*shape)[i] += begin + end;
  }
  const auto count = element_count(*shape);
  if (!count) return node.error(count.error().what);
  return std::vector<Shape>{*shape};
}

/// Zeros around the rows and columns of a stored image; `p` as pads() gives it.
std::optional<Window> image_pads(const std::vector<int64_t>& p) {
  const std::size_t rank = p.size() / 2;
  if (rank != 3 && rank != 4) return std::nullopt;
  if (p[0] || p[1] || p[rank] || p[rank + 1]) return std::nullopt;
  const auto fits = [](int64_t v) { return v >= 0 && v <= std::numeric_limits<int16_t>::max(); };
  if (!std::all_of(p.begin(), p.end(), fits)) return std::nullopt;
  const auto at = [&](std::size_t i) { return static_cast<int16_t>(p[i]); };
  Window w;
  if (rank == 4) w.pt = at(2), w.pb = at(rank + 2);
  w.pl = at(rank - 1);
  w.pr = at(2 * rank - 1);
  return w;
}

/// Whether nothing but convolutions and pools reads the padded tensor: they take the padding in.
bool folds_into_readers(const Lowering& lowering, const NodeView& node) {
  const auto readers = lowering.readers(node.node.outputs[0]);
  return std::all_of(readers.begin(), readers.end(), [](const Node* reader) {
    return reader->op == "Conv" || reader->op == "AveragePool" || reader->op == "MaxPool";
  });
}

/// A padded tensor: its name and the model's shape of it.
struct Surrounded {
  std::string name;
  Shape shape;
};

/// A box around the input; channels that lie outside are pieces of their own (core/ir/validate.cpp).
Result<Value> surrounded(Lowering& lowering, const NodeView& node, const Value& value, const std::vector<int64_t>& p,
                         double fill, const Surrounded& out) {
  const auto map = axis_map(lowering, node, value);
  if (!map) return tl::unexpected(map.error());
  if (map->flat) return node.error("pads a flattened tensor; pad it before the Flatten");
  auto part = whole_part(lowering, node, value, *map);
  if (!part) return tl::unexpected(part.error());
  part->fill = fill;
  const std::size_t rank = p.size() / 2;
  std::vector<MovedPart> parts{*part};
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const auto before = static_cast<int32_t>(p[axis]), after = static_cast<int32_t>(p[rank + axis]);
    if (before == 0 && after == 0) continue;
    if (!map->device[axis]) return node.error("pads the batch axis");
    const std::size_t device = *map->device[axis];
    if (device != 2) {
      for (MovedPart& each : parts) {
        each.movement.axes[device].first = -before;
        each.movement.axes[device].count += before + after;
      }
      continue;
    }
    const MovedAxis channels = parts[0].movement.axes[2];
    MovedAxis& inner = parts[0].movement.axes[2];
    inner = {std::max(0, -before), channels.count + std::min(0, before) + std::min(0, after), std::max(0, before), 1,
             1};
    const MovedPart middle = parts[0];
    const int32_t behind = inner.to + inner.count;
    const auto outside = [&](int32_t count, int32_t to) {
      if (count <= 0) return;
      parts.push_back(middle);
      parts.back().movement.axes[2] = {channels.count, count, to, 1, 1};
    };
    outside(before, 0);
    outside(after, behind);
  }
  return move_parts(lowering, node, out.name, std::move(parts), *map, out.shape);
}

/// The value that a constant Pad writes.
Result<double> fill_value(const NodeView& node) {
  const std::string mode = string_attribute(node.node, "mode", "constant");
  if (mode != "constant") return node.error("mode '" + mode + "' is not supported; pad with a constant");
  if (!node.has_input(2)) return float_attribute(node.node, "value", 0);
  const auto value = scalar(node.constant(2));
  if (!value) return node.error("its padding value is not constant");
  return *value;
}

/// Exporters put a Pad before an average pool, mostly of nothing.
Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto p = pads(node, node.shape(0)->size());
  if (!p) return tl::unexpected(p.error());
  if (std::all_of(p->begin(), p->end(), [](int64_t v) { return v == 0; })) return pass_through(lowering, node);
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  const auto* stored = std::get_if<Stored>(&(*input)->kind);
  const auto window = image_pads(*p);
  const auto fill = fill_value(node);
  if (!fill) return tl::unexpected(fill.error());
  if (!stored || lowering.tensor(stored->tensor).type != ElementType::u8)
    return node.error("pads a tensor that is not quantised; put a Quant before it");
  if (window && *fill == 0 && folds_into_readers(lowering, node)) {
    return Value{Padded{stored->tensor, *window, (*input)->view}, {output_shape(lowering, node), {}}};
  }
  const Value value = **input;
  return surrounded(lowering, node, value, *p, *fill, {node.node.outputs[0], output_shape(lowering, node)});
}

}  // namespace

Result<Value> executed_pads(Lowering& lowering, const NodeView& node, const Value& image, const Window& pads) {
  const std::size_t rank = image.view.shape.size();
  std::vector<int64_t> p(2 * rank);
  if (rank == 4) p[2] = pads.pt, p[rank + 2] = pads.pb;
  p[rank - 1] = pads.pl;
  p[2 * rank - 1] = pads.pr;
  Shape shape = image.view.shape;
  for (std::size_t i = 0; i < rank; ++i) shape[i] += p[i] + p[rank + i];
  if (const auto count = element_count(shape); !count) return node.error(count.error().what);
  auto padded = surrounded(lowering, node, image, p, 0, {node.node.outputs[0] + ", padded", shape});
  if (padded && !std::holds_alternative<Stored>(padded->kind)) {
    return node.error("pads with zeros, which its input's quantiser cannot state; pad before the Quant");
  }
  return padded;
}

const Operator kPad{
    .name = "Pad",
    .shapes = shapes,
    .lower = lower,
    .supports =
        "by a constant, of a quantised tensor: becomes the padding of the Conv or pool behind it, else it is executed"};

}  // namespace ares::qonnx
