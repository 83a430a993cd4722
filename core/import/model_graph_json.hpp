// The model graph as JSON text, complete with its constants.
#pragma once

#include <string>
#include <string_view>

#include "core/import/model_graph.hpp"

namespace ares::qonnx {

std::string model_to_json(const ModelGraph& model);

/// Fails with what is wrong in the text.
Result<ModelGraph> model_from_json(std::string_view text);

}  // namespace ares::qonnx
