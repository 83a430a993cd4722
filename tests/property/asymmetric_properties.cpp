// Weights with zero points, and convolutions with groups, give the bytes of straight loops in every feasible config.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/group/accelerator.hpp"
#include "core/ir/graph.hpp"
#include "core/lower/lower.hpp"
#include "core/lower/pack.hpp"
#include "core/passes/pass.hpp"
#include "core/tile/interpreter.hpp"
#include "tests/support/synthetic.hpp"

using namespace ares;
using namespace ares::test;

namespace {

bool has_zero_points(const Weighted& w) {
  return std::any_of(w.weight_zero.begin(), w.weight_zero.end(), [](int32_t z) { return z != 0; });
}

/// One random feasible config of the network's layer; false where nothing fits.
bool one_config(Random& random, const LayerGraph& network, std::span<const uint8_t> input,
                const std::vector<uint8_t>& expected) {
  const Group group = make_groups(network).front();
  Context context = l2_context(static_cast<uint32_t>(pick(random, 2, 24)) * 1024, pick(random, 1, 8));
  context.accelerator = true;
  const SearchSpace space = make_space(group.shape, context);
  const std::vector<uint64_t> feasible = feasible_indices(space);
  if (feasible.empty()) return false;
  const auto last = static_cast<int32_t>(feasible.size()) - 1;
  const Config config = space.config(feasible[static_cast<size_t>(pick(random, 0, last))]);
  const auto program = lower(group.shape, config, context);
  REQUIRE(program);
  const PackedOperands constants = pack(network, group, config);
  std::vector<uint8_t> output(expected.size(), 0x5A);
  const auto pad = static_cast<uint8_t>(network.tensors[0].q.zero_point);
  const Requant& requant = std::get<Weighted>(network.dag[0].op).requant;
  OperandData data{input, constants.weights, constants.params, output, pad, &requant};
  data.job_weight_offset = job_weight_offset(std::get<Weighted>(network.dag[0].op));
  const auto done = interpret(*program, data);
  REQUIRE_MESSAGE(done, done.error().what);
  CHECK_MESSAGE(output == expected, std::string(name_of(group.shape.family)), " ", to_string(config));
  return true;
}

struct Counts {
  int configs = 0, stored_centred = 0, carried = 0;
};

Counts check_asymmetric(Family family, uint32_t seed, int wanted) {
  Random random(seed);
  Counts n;
  while (n.configs < wanted) {
    const LayerGraph network = random_network(random, family);
    if (!has_zero_points(std::get<Weighted>(network.dag[0].op))) continue;
    const std::vector<uint8_t> input = random_input(random, network);
    const std::vector<uint8_t> expected = straight_output(network, input);
    const bool carried = make_groups(network).front().shape.asymmetric();
    for (int i = 0; i < 4; ++i)
      if (one_config(random, network, input, expected)) ++n.configs, ++(carried ? n.carried : n.stored_centred);
  }
  return n;
}

}  // namespace

TEST_CASE("asymmetric weights: every feasible config gives the same bytes") {
  uint32_t seed = 21;
  for (const Family family : {Family::conv, Family::linear, Family::depthwise}) {
    const Counts n = check_asymmetric(family, seed++, 600);
    CHECK(n.carried > 100);
    CHECK(n.stored_centred > 100);
  }
}

TEST_CASE("convolutions with groups, made dense, give the same bytes") {
  Random random(31);
  int configs = 0, notices = 0;
  while (configs < 500) {
    NetworkState state;
    state.notice = [&](const std::string& line) { notices += line.find("groups") != std::string::npos; };
    state.layers = grouped_network(random, pick(random, 0, 1) == 0);
    const Weighted original = std::get<Weighted>(state.layers.dag[0].op);
    const Dims in = state.layers.tensors[0].dims, out = state.layers.tensors[1].dims;
    const std::vector<uint8_t> input = random_input(random, state.layers);
    const std::vector<uint8_t> expected = straight_output(state.layers, input);
    const int before = notices;
    REQUIRE(expand_groups(state));
    const bool depthwise = original.groups == in.c && original.groups == out.c;
    CHECK(std::get<Weighted>(state.layers.dag[0].op).groups == (depthwise ? original.groups : 1));
    CHECK(notices - before == (depthwise ? 0 : 1));
    state.layers.inputs[0].view = state.layers.tensors[0].view;
    state.layers.outputs[0].view = state.layers.tensors[1].view;
    const auto valid = validate(state.layers);
    REQUIRE_MESSAGE(valid, valid.error().what);
    CHECK(straight_output(state.layers, input) == expected);
    for (int i = 0; i < 4; ++i) configs += one_config(random, state.layers, input, expected);
  }
}
