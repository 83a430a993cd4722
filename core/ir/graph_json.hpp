// The layer graph as JSON text, complete with weights and requantisation: checkpoints that can be read back.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/ir/layer.hpp"

namespace ares {

/// Doubles are written so that they read back to the same bits.
std::string graph_to_json(const LayerGraph& g);

/// The graph, validated; fails with what is wrong in the text.
Result<LayerGraph> graph_from_json(std::string_view text);

}  // namespace ares
