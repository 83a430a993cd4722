// Lowering of the element-wise operators of two inputs.
#pragma once

#include "core/import/operators/linear.hpp"

namespace ares::qonnx {

/// x op c = x * gain + shift, or c op x where `constant_first`.
struct Affine {
  double gain = 1, shift = 0;
};

/// Two values of one stored tensor, or one and a scalar, become a function of it; an accumulator and a constant per
/// channel stay an accumulator. `affine(c, constant_first)` says how a constant acts, nothing where not linearly.
Result<Value> lower_elementwise(Lowering& lowering, const NodeView& node, double (*f)(double, double),
                                std::optional<Affine> (*affine)(double c, bool constant_first));

}  // namespace ares::qonnx
