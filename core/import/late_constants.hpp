// Nodes that read constants alone, quantised ones among them: learned queries behind their projection, rows of an
// embedding table.
#pragma once

#include "core/import/lowering.hpp"

namespace ares::qonnx {

/// The constant that the node computes, in real numbers or (a Quant) quantised; nothing where the node reads something
/// else, or keeps a quantised constant as it is.
Result<std::optional<Value>> late_constant(Lowering& lowering, const NodeView& node);

}  // namespace ares::qonnx
