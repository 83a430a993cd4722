// The one way into ARES: a QONNX file, or a checkpoint of one, as a network of integer layers.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "core/ir/graph.hpp"

namespace ares {

struct ImportOptions {
  /// Not given: fast for a model, what it was made with for a checkpoint.
  std::optional<RequantPolicy> policy;
  /// Not empty: after every pass the graph is written there as NN_pass.json (the directory is created).
  std::filesystem::path checkpoints;
  /// Of a float input without Quant: "lo:hi", or a .npy file of samples; empty: such a model is a finding.
  std::string ranges = {};
  /// Set where the model would load with `ranges` but has none; may be null.
  bool* needs_ranges = nullptr;
  /// Takes one-line notices (repairs, the share of requantisation forms); null: they are dropped.
  std::function<void(const std::string&)> notice;
};

/// Loads a .qonnx or .onnx file, or goes on from a checkpoint (.json), and runs the (remaining) passes. Every layer of
/// the result has its requantisation. The error is one line naming file, node and tensor.
Result<LayerGraph> load_network(const std::filesystem::path& path, const ImportOptions& options = {});

}  // namespace ares
