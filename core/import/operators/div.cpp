#include <limits>

#include "core/import/operators/elementwise.hpp"

namespace ares::qonnx {
namespace {

double real(double a, double b) { return a / b; }

std::optional<int64_t> integer(int64_t a, int64_t b) {
  if (b == 0 || (b == -1 && a == std::numeric_limits<int64_t>::min())) return std::nullopt;
  return a / b;
}

std::optional<Affine> affine(double c, bool constant_first) {
  if (constant_first || c == 0) return std::nullopt;
  return Affine{1 / c, 0};
}

ArraysResult fold(const NodeView& node) { return fold_binary(node, real, integer); }

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  return lower_elementwise(lowering, node, real, affine);
}

}  // namespace

const Operator kDiv{.name = "Div", .shapes = broadcast_shapes, .fold = fold, .lower = lower};

}  // namespace ares::qonnx
