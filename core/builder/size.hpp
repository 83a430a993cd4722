// What a model costs, from its graph.
#pragma once

#include "core/import/model_graph.hpp"

namespace ares::qonnx {

struct ModelSize {
  int64_t macs = 0;        ///< multiply-accumulates of convolutions and matrix products, for one sample
  int64_t parameters = 0;  ///< elements of weights, biases and batch normalisations
};

/// Needs the shapes of activations, as a ModelBuilder or infer_shapes fills them.
Result<ModelSize> model_size(const ModelGraph& model);

}  // namespace ares::qonnx
