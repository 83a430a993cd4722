// The sample that a generated program is checked on.
#pragma once

#include <string>
#include <vector>

#include "codegen/write_project.hpp"
#include "core/reference/engine.hpp"

namespace ares {

/// Stored inputs of sample `index`, from .npy files given as `[NAME=]FILE` (a leading batch axis, or one sample without
/// it); without a name they stand in the model's order. Fails, naming the file, on a wrong shape, an index beyond the
/// samples, or an input without a file.
Result<std::vector<TensorData>> read_sample(const LayerGraph& graph, const std::vector<std::string>& files,
                                            size_t index);

/// Stored inputs drawn evenly from each input's clip range; the same for the same seed.
std::vector<TensorData> random_sample(const LayerGraph& graph, uint64_t seed);

/// The sample and what the reference engine makes of it, for each group of the program.
GoldenData golden_data(const LayerGraph& graph, const NetworkProgram& program, const std::vector<TensorData>& inputs);

}  // namespace ares
