// Two convolutions without a Quant between them: one convolution of the first one's input.
#pragma once

#include "core/import/operators/linear.hpp"

namespace ares::qonnx {

/// The sum that `second` (weights, window and groups of `node`, no bias) computes of the sum `first`, exactly: the
/// weights are the products of both, so its window is the window of windows. A weight of more than 8 bits is divided
/// among several, each on a copy of its input channel. Fails, saying what to quantise, where the two are no one
/// convolution of integers: a clip between them, padding of the second, scales of the first that differ from channel to
/// channel.
Result<Value> compose(Lowering& lowering, const NodeView& node, const Value& first, const Weighted& second,
                      const Dims& out);

}  // namespace ares::qonnx
