// Sums with constants that differ from token to token, and constant tokens before them.
#pragma once

#include "core/import/operators/inner.hpp"

namespace ares::qonnx {

/// The sum in 16 bits over all that it can reach, and the constants that are added to it.
Result<Pair> wide_pair(Lowering& lowering, const NodeView& node, const TokenSum& sum);

}  // namespace ares::qonnx
