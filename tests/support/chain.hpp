// Chains of linear layers, and their plan by rule.
#pragma once

#include "core/ir/graph.hpp"
#include "core/plan/network_program.hpp"
#include "tests/support/synthetic.hpp"

namespace ares::test {

/// Linear layers of the given feature counts, one after the other.
inline LayerGraph chain(Random& random, const std::vector<int32_t>& features) {
  LayerGraph all;
  for (size_t i = 0; i + 1 < features.size(); ++i) {
    LayerGraph one = linear_network(random, 1, features[i], features[i + 1]);
    if (i == 0) all.tensors.push_back(one.tensors[0]);
    all.tensors.push_back(one.tensors[1]);
    Layer layer = one.dag[0];
    layer.name = "fc" + std::to_string(i + 1);
    layer.inputs = {static_cast<TensorId>(i)};
    layer.output = static_cast<TensorId>(i + 1);
    const LayerId v = boost::add_vertex(layer, all.dag);
    if (i > 0) boost::add_edge(v - 1, v, Flow{static_cast<TensorId>(i)}, all.dag);
  }
  all.inputs = {{"in", 0, {}}};
  all.outputs = {{"out", static_cast<TensorId>(features.size() - 1), {}}};
  return all;
}

inline ConfigChooser by_rule() {
  return [](const Group& g, const Context& c) -> Result<ChosenConfig> {
    const auto rule = rule_config(make_space(g.shape, c));
    if (!rule) return fail("group " + g.name + ": nothing fits");
    return ChosenConfig{*rule, ConfigOrigin::rule, ""};
  };
}

/// Linear layers in one tile.
inline ConfigChooser in_one_tile() {
  return [](const Group& g, const Context& c) -> Result<ChosenConfig> {
    auto rule = rule_config(make_space(g.shape, c));
    if (!rule) return fail("group " + g.name + ": nothing fits");
    (*rule)[Knob::tile_co] = static_cast<uint16_t>(g.shape.out.c);
    (*rule)[Knob::tile_ci] = static_cast<uint16_t>(g.shape.in.c);
    for (const Knob k : {Knob::buf_in, Knob::buf_w, Knob::buf_out}) (*rule)[k] = 1;
    return ChosenConfig{*rule, ConfigOrigin::rule, ""};
  };
}

}  // namespace ares::test
