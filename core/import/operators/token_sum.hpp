// Sums with constants that differ from token to token, and constant tokens before them.
#pragma once

#include "core/import/operators/inner.hpp"

namespace ares::qonnx {

/// The sum in 16 bits over all that it can reach, and the constants that are added to it.
Result<Pair> wide_pair(Lowering& lowering, const NodeView& node, const TokenSum& sum);

/// The sum for a norm over so many elements, in 32 bits with one rounding, that of the constants: the accumulators as
/// they are, and the constants in steps of a power of two of theirs. Nothing where accumulators have no common scale,
/// or 32 bits would not be much finer than 16.
std::optional<TensorId> fine_sum(Lowering& lowering, const TokenSum& sum, const std::string& name,
                                 const ModelView& view, int64_t normalised);

}  // namespace ares::qonnx
