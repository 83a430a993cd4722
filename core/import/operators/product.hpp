// Products of two activations.
#pragma once

#include "core/import/operators/common.hpp"

namespace ares::qonnx {

/// a x b of two tensors of 8 bits whose heads lie side by side in a row of features, as the projections leave them.
Result<Value> multiply_activations(Lowering& lowering, const NodeView& node);

}  // namespace ares::qonnx
