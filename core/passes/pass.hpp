// The way from a model to a network of integer layers: named passes over an explicit list.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/import/finding.hpp"
#include "core/import/model_graph.hpp"
#include "core/ir/graph.hpp"

namespace ares {

/// What the passes work on: the model until `lower`, the layers from there on.
struct NetworkState {
  qonnx::ModelGraph model;
  LayerGraph layers;
  std::function<void(const std::string&)> notice;  ///< takes one line; never null
  CheckLog* check = nullptr;                       ///< not null: takes the errors down, and passes go on

  bool lowered() const { return boost::num_vertices(layers.dag) > 0; }
};

/// A pass leaves the state valid for the next one, or fails with one line.
struct Pass {
  std::string_view name;
  Result<void> (*run)(NetworkState&);
};

/// All passes in the order they run; the policy in state.layers.policy is what `requantise` reads.
std::span<const Pass> pipeline();

/// One dialect of Quant and of operator domains; fails on a model without any Quant and on unknown operators.
Result<void> canonicalise(NetworkState& state);
/// Shapes of every tensor for one sample, constants folded, nodes that no output needs removed.
Result<void> infer_shapes(NetworkState& state);
/// Every Quant on a constant becomes a quantised constant.
Result<void> quantise_constants(NetworkState& state);
/// The model's nodes become integer layers (core/import/lowering.hpp).
Result<void> lower(NetworkState& state);
/// Convolutions with groups that are not depthwise become dense ones whose further weights are zero.
Result<void> expand_groups(NetworkState& state);
/// Fills Weighted::requant of every layer and reports the share of each form.
Result<void> requantise(NetworkState& state);

}  // namespace ares
