// The way from a model to a network of integer layers: named passes over an explicit list.
#pragma once

#include <functional>
#include <map>
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

  std::string ranges = {};    ///< of what lacks a Quant: "lo:hi" or samples.npy; or empty
  bool needs_ranges = false;  ///< a pass failed for the lack of them
  /// Least and greatest value of each tensor over the samples of `ranges`, where these are a file.
  std::map<std::string, std::pair<double, double>> observed = {};

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
/// Fills `observed`, which narrows the tensors without a Quant that are kept in 16 bits.
Result<void> observe_ranges(NetworkState& state);
/// Layer, RMS and group norms that are written as primitive operators become one node each.
Result<void> recognise_norms(NetworkState& state);
/// Rotary embeddings that are written as primitive operators become one node each.
Result<void> recognise_rotary(NetworkState& state);
/// Every Quant on a constant becomes a quantised constant, after quantise_inputs.
Result<void> quantise_constants(NetworkState& state);
/// A float input that integer layers read gets a Quant from state.ranges; fails where there are none.
Result<void> quantise_inputs(NetworkState& state);
/// The model's nodes become integer layers (core/import/lowering.hpp).
Result<void> lower(NetworkState& state);
/// Convolutions with groups that are not depthwise become dense ones whose further weights are zero.
Result<void> expand_groups(NetworkState& state);
/// Fills Weighted::requant of every layer and reports the share of each form.
Result<void> requantise(NetworkState& state);

}  // namespace ares
