// Lowering a model of which parts are not supported: for a check.
#pragma once

#include "core/import/finding.hpp"
#include "core/import/lowering.hpp"

namespace ares::qonnx {

/// Whether a node cannot be judged, because it or an input of it is unknown; its outputs then are, too. A Quant of an
/// unknown tensor begins anew: its output is a stored tensor, whatever would have been rounded to it.
bool pass_over(Lowering& lowering, const Node& node, CheckLog& log);

/// Makes every tensor that nothing reads an output.
void close_ends(LayerGraph& graph);

}  // namespace ares::qonnx
