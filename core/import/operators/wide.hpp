// Functions of sums that the model leaves unquantised, such as a GELU right after a convolution.
#pragma once

#include "core/import/operators/common.hpp"

namespace ares::qonnx {

/// Whether the tensor on input i is a sum that this node must see as a function's argument: a Wide already, or an
/// accumulator that several nodes read (x * sigmoid(x)) and none of them quantises.
bool reads_wide(const Lowering& lowering, const NodeView& node, std::size_t i, const Value& value);

/// The value on input i as a function of its sum; the identity where it is an accumulator.
Wide as_wide(const NodeView& node, std::size_t i, const Value& value);

/// Real values that the sum can reach in any channel, and the largest step of its products.
struct Reach {
  double lo = 0, hi = 0, step = 0;
};
Result<Reach> range_of(const Lowering& lowering, const Accumulator& sum);

/// The sum requantised to 16 bits over the range in which the output still changes, and the curve to the output.
Result<Value> quantise_wide(Lowering& lowering, const NodeView& node, const Wide& wide, const ModelView& view,
                            const Quantisation& q);

}  // namespace ares::qonnx
