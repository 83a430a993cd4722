// Whether a model can be deployed: everything that loading it would refuse or repair, not only the first.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/import/finding.hpp"
#include "core/ir/graph.hpp"

namespace ares {

/// A node of the model that is computed at run time (constants are folded).
struct CheckedNode {
  std::string name, op, tensor;
  bool judged = true;  ///< false: it depends on something unsupported, or on the shape of something unknown
};

struct ModelCheck {
  std::string file;
  std::vector<CheckedNode> nodes;  ///< in the model's order
  std::vector<Finding> findings;   ///< in the order of the passes that found them
  LayerGraph layers;               ///< of what is supported; complete and valid where nothing is unsupported
  bool expanded = true;  ///< false: groups of convolutions could not be resolved, so `layers` cannot be planned
};

/// Runs the passes on a model and goes on after errors. Fails where the file cannot be read.
Result<ModelCheck> check_model(const std::filesystem::path& path, RequantPolicy policy = RequantPolicy::fast);

/// The same for a model in memory.
ModelCheck check_model(qonnx::ModelGraph model, RequantPolicy policy = RequantPolicy::fast);

/// Fills what findings do not say of their node: file, operator, tensor.
void complete_findings(ModelCheck& check);

}  // namespace ares
