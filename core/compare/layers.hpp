// The reference engine judged by the evaluation of the model in real numbers, layer by layer: each layer reads the
// integers that the model means, so a difference belongs to the layer that shows it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/evaluate/evaluate.hpp"
#include "core/ir/graph.hpp"
#include "core/reference/engine.hpp"

namespace ares {

struct Differences {
  int64_t elements = 0, differing = 0;
  int64_t most = 0;  ///< steps of the largest difference
};

/// What was compared, by kind of layer, and one line for everything that is further away than it may be: see
/// bound_of(); outputs that are not quantised by half a step of a sum's scale.
struct Judgement {
  std::map<std::string, Differences> by_kind;
  std::vector<std::string> findings;
};

/// How far a kind of layer may be from real numbers in exact policy: steps, and the share of elements that differ
/// (core/arithmetic/README.md; curves and what reads 16-bit sums inherit those sums' own steps).
struct Bound {
  int64_t steps = 1;
  double share = 0.001;
};
Bound bound_of(std::string_view kind);

/// "weighted", "table", ..
const char* kind_of(const Operation& op);

/// Judges every layer and every output on one sample. `real` is what Evaluation::run() returned for it. Gives the
/// tensors as the reference engine has them behind the model's integers.
std::vector<TensorData> judge_layers(const LayerGraph& g, const qonnx::Evaluation::Tensors& real, Judgement& judgement);

}  // namespace ares
