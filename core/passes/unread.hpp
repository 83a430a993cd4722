// Nodes that nothing reads any more once a pass has put others in their place.
#pragma once

#include "core/import/model_graph.hpp"

namespace ares {

/// Removes the nodes and constants that no output of the model needs.
void remove_unread(qonnx::ModelGraph& model);

}  // namespace ares
