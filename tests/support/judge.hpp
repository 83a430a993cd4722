// The reference engine judged by the evaluation of the model in real numbers, layer by layer: each layer reads the
// integers that the model means, so a difference belongs to the layer that shows it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/evaluate/evaluate.hpp"
#include "core/ir/graph.hpp"
#include "core/reference/engine.hpp"

namespace ares::test {

struct Differences {
  int64_t elements = 0, differing = 0;
};

/// What was compared, by kind of layer, and one line for everything that is further away than it may be: nothing for
/// tables, pools by maximum and what only moves data, one step for the others, half a step of a sum's scale for outputs
/// that are not quantised.
struct Judgement {
  std::map<std::string, Differences> by_kind;
  std::vector<std::string> findings;
};

/// Judges every layer and every output on one sample. `real` is what Evaluation::run() returned for it. Gives the
/// tensors as the reference engine has them behind the model's integers.
std::vector<TensorData> judge_layers(const LayerGraph& g, const qonnx::Evaluation::Tensors& real, Judgement& judgement);

}  // namespace ares::test
