#include <fmt/format.h>

#include "core/import/operators/linear.hpp"

namespace ares::qonnx {
namespace {

/// Weights are a matrix [features, outputs] on the right.
ShapesResult shapes(const NodeView& node) {
  const auto a = node.shape(0), b = node.shape(1);
  if (!a || !b) return tl::unexpected(!a ? a.error() : b.error());
  if (a->empty() || b->size() != 2 || a->back() != (*b)[0] || (*b)[0] < 1 || (*b)[1] < 1) {
    return node.error(fmt::format("shapes {} and {} do not multiply (the second has to be a matrix of weights)",
                                  to_string(*a), to_string(*b)));
  }
  Shape out = *a;
  out.back() = (*b)[1];
  const auto count = element_count(out);
  if (!count) return node.error(count.error().what);
  return std::vector<Shape>{out};
}

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto weights = weight_input(lowering, node, 1);
  if (!weights) return tl::unexpected(weights.error());
  return make_linear(lowering, node, **weights, 1, {1, (*weights)->shape[1]});
}

}  // namespace

const Operator kMatMul{.name = "MatMul",
                       .shapes = shapes,
                       .lower = lower,
                       .supports = "weights of 8 bits or fewer on input 1, a matrix; any number of tokens"};

}  // namespace ares::qonnx
