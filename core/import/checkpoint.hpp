// Checkpoints: the state after a pass as a JSON file, from which the remaining passes can go on.
#pragma once

#include <filesystem>

#include "core/passes/pass.hpp"

namespace ares {

struct Checkpoint {
  NetworkState state;  ///< without a notice sink
  std::size_t next_pass = 0;
};

/// Writes DIRECTORY/NN_name.json for pass `index` of the pipeline, NN counting from 01.
Result<void> write_checkpoint(const std::filesystem::path& directory, std::size_t index, const NetworkState& state);

Result<Checkpoint> read_checkpoint(const std::filesystem::path& path);

}  // namespace ares
