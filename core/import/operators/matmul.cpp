#include <fmt/format.h>

#include "core/import/operators/linear.hpp"
#include "core/import/operators/product.hpp"

namespace ares::qonnx {
namespace {

/// NumPy's product of stacks of matrices, or of tokens and a matrix.
ShapesResult shapes(const NodeView& node) {
  const auto a = node.shape(0), b = node.shape(1);
  if (!a || !b) return tl::unexpected(!a ? a.error() : b.error());
  const auto wrong = [&] {
    return node.error(fmt::format("shapes {} and {} do not multiply", to_string(*a), to_string(*b)));
  };
  if (a->empty() || b->size() < 2 || a->back() != b->end()[-2] || b->back() < 1 || a->back() < 1) return wrong();
  Shape out = *a;
  if (b->size() > 2) {
    if (a->size() < 2) return wrong();
    const auto leading = broadcast(Shape(a->begin(), a->end() - 2), Shape(b->begin(), b->end() - 2));
    if (!leading) return wrong();
    out = *leading;
    out.push_back(a->end()[-2]);
    out.push_back(0);
  }
  out.back() = b->back();
  const auto count = element_count(out);
  if (!count) return node.error(count.error().what);
  return std::vector<Shape>{out};
}

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto second = lowering.input(node, 1);
  if (second && !std::holds_alternative<Constant>((*second)->kind)) return multiply_activations(lowering, node);
  const auto weights = weight_input(lowering, node, 1);
  if (!weights) return tl::unexpected(weights.error());
  if ((*weights)->shape.size() != 2) return multiply_activations(lowering, node);
  return make_linear(lowering, node, **weights, 1, {1, (*weights)->shape[1]});
}

}  // namespace

const Operator kMatMul{.name = "MatMul",
                       .shapes = shapes,
                       .lower = lower,
                       .supports =
                           "weights of 8 bits or fewer on input 1, a matrix; any number of tokens; products of "
                           "two quantised tensors whose heads lie side by side, as projections leave them"};

}  // namespace ares::qonnx
