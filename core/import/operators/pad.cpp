#include <algorithm>

#include "core/import/operators/common.hpp"

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
    if (std::max(std::abs(begin), std::abs(end)) > kMaxElements) return node.error("absurd padding");
    (*shape)[i] += begin + end;
  }
  const auto count = element_count(*shape);
  if (!count) return node.error(count.error().what);
  return std::vector<Shape>{*shape};
}

bool pads_zeros(const NodeView& node) {
  if (string_attribute(node.node, "mode", "constant") != "constant") return false;
  if (!node.has_input(2)) return true;
  const Array* value = node.constant(2);
  return value && value->count() == 1 && to_doubles(*value)[0] == 0;
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

/// Exporters put a Pad before an average pool, mostly of nothing.
Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto p = pads(node, node.shape(0)->size());
  if (!p) return tl::unexpected(p.error());
  if (std::all_of(p->begin(), p->end(), [](int64_t v) { return v == 0; })) return pass_through(lowering, node);
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  const auto* stored = std::get_if<Stored>(&(*input)->kind);
  const auto window = image_pads(*p);
  if (stored && window && pads_zeros(node) && lowering.tensor(stored->tensor).type == ElementType::u8) {
    return Value{Padded{stored->tensor, *window, (*input)->view}, {output_shape(lowering, node), {}}};
  }
  return node.error(
      "only zeros around the rows and columns of a quantised image are supported; pad by 0 right before a Conv or "
      "pool, or "
      "give the padding to it");
}

}  // namespace

const Operator kPad{.name = "Pad", .shapes = shapes, .lower = lower};

}  // namespace ares::qonnx
