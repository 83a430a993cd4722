#include "core/import/operators/elementwise.hpp"

namespace ares::qonnx {
namespace {

double real(double a, double b) { return a - b; }

std::optional<int64_t> integer(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_sub_overflow(a, b, &out)) return std::nullopt;
  return out;
}

std::optional<Affine> affine(double c, bool constant_first) { return constant_first ? Affine{-1, c} : Affine{1, -c}; }

ArraysResult fold(const NodeView& node) { return fold_binary(node, real, integer); }

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  return lower_elementwise(lowering, node, real, affine);
}

}  // namespace

const Operator kSub{.name = "Sub", .shapes = broadcast_shapes, .fold = fold, .lower = lower};

}  // namespace ares::qonnx
