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

/// Exporters put a Pad of nothing before a pool.
Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto p = pads(node, node.shape(0)->size());
  if (!p) return tl::unexpected(p.error());
  if (std::all_of(p->begin(), p->end(), [](int64_t v) { return v == 0; })) return pass_through(lowering, node);
  return node.error("a Pad other than by 0 is not supported; give the padding to the Conv or pool after it");
}

}  // namespace

const Operator kPad{.name = "Pad", .shapes = shapes, .lower = lower};

}  // namespace ares::qonnx
