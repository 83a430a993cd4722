// The change in the Brevitas source that a finding asks for.
#pragma once

#include "core/import/finding.hpp"

namespace ares {

/// Sets the finding's `change` from what its node is and what feeds it; where nothing more exact is known, what the
/// message itself advised stays. `original`: the model as read; `inferred`: after shapes and constants (or empty).
void advise(Finding& finding, const qonnx::ModelGraph& original, const qonnx::ModelGraph& inferred);

/// The module that exported a node: "/features/conv1/Conv" is features.conv1; a name without a path stays.
std::string module_name(const std::string& node);

}  // namespace ares
