// A fused group computes the same bytes as its layers one after the other, whatever the config.
#include <doctest/doctest.h>

#include <set>

#include "core/group/accelerator.hpp"
#include "core/group/fusion.hpp"
#include "core/ir/graph.hpp"
#include "core/lower/fused.hpp"
#include "core/lower/lower.hpp"
#include "core/lower/pack.hpp"
#include "core/tile/interpreter.hpp"
#include "tests/support/synthetic_chains.hpp"

using namespace ares;
using namespace ares::test;

namespace {

struct Case {
  LayerGraph network;
  Group group;
  std::vector<std::vector<uint8_t>> inputs;
  std::vector<uint8_t> expected;
};

Case random_case(Random& random) {
  Case c{random_chain(random), {}, {}, {}};
  const std::vector<Group> groups = make_groups(c.network);
  Partition all;
  for (size_t i = 1; i < groups.size(); ++i) all.push_back(static_cast<int>(i));
  const auto fused = fuse(c.network, groups, all);
  REQUIRE(fused);
  REQUIRE(fused->size() == 1);
  c.group = fused->front();
  c.inputs = random_inputs(random, c.network);
  c.expected = reference_output(c.network, c.inputs);
  return c;
}

std::vector<uint8_t> interpreted(const Case& c, const Config& config, const TileProgram& program) {
  const PackedOperands constants = pack(c.network, c.group, config);
  std::vector<uint8_t> output(c.expected.size(), 0x5A);
  const auto input = [&](size_t i) -> std::span<const uint8_t> {
    for (size_t n = 0; n < c.network.inputs.size(); ++n)
      if (c.network.inputs[n].tensor == c.group.inputs[i]) return c.inputs[n];
    return {};
  };
  OperandData data{input(0), constants.weights, constants.params, output};
  if (c.group.inputs.size() > 1) data.input2 = input(1);
  if (c.group.inputs.size() > 2) data.input3 = input(2);
  data.tails = constants.tails;
  for (size_t i = 0; i < c.group.layers.size(); ++i) {
    const Operation& op = c.network.dag[c.group.layers[i]].op;
    (i == 0 ? data.requant : data.tail_requants[i - 1]) = requant_of(op);
    const auto* w = std::get_if<Weighted>(&op);
    if (w) (i == 0 ? data.job_weight_offset : data.tail_job_weight_offset) = job_weight_offset(*w);
    if (w && i == 0) data.pad_value = static_cast<uint8_t>(c.network.tensors[0].q.zero_point);
  }
  const auto done = interpret(program, data);
  REQUIRE_MESSAGE(done, done.error().what);
  return output;
}

/// A window of L1 that forces several tiles, or one that holds all.
Context random_context(Random& random, const Group& group) {
  Context ctx = l2_context(static_cast<uint32_t>(pick(random, 2, 40)) * 1024, pick(random, 1, 8));
  ctx.accelerator = pick(random, 0, 2) > 0;
  if (has_weights(group.shape.family) && pick(random, 0, 4) == 0) {
    ctx.weights = Level::l3;
    ctx.l2_staging = static_cast<uint32_t>(pick(random, 1, 16)) * 1024;
  }
  return ctx;
}

/// A feasible config; every other time one whose layers work beside each other, if a few draws find one.
Config random_config(Random& random, const SearchSpace& space, const std::vector<uint64_t>& feasible, bool beside) {
  constexpr int draws = 40;
  Config config;
  for (int i = 0; i < draws; ++i) {
    config = space.config(feasible[static_cast<size_t>(pick(random, 0, int32_t(feasible.size()) - 1))]);
    if (!beside || overlaps(space.shape, config)) break;
  }
  return config;
}

}  // namespace

TEST_CASE("fused groups: every feasible config gives the bytes of the single layers") {
  Random random(21);
  int done = 0, jobs = 0, tail_jobs = 0, streamed = 0, chains = 0, products = 0, mapped = 0, ahead_jobs = 0,
      ahead_kernels = 0;
  std::set<std::pair<Family, Family>> pairs;
  while (done < 3000) {
    const Case c = random_case(random);
    const Context ctx = random_context(random, c.group);
    const SearchSpace space = make_space(c.group.shape, ctx);
    const std::vector<uint64_t> feasible = feasible_indices(space);
    for (int i = 0; i < 8 && !feasible.empty(); ++i, ++done) {
      const Config config = random_config(random, space, feasible, i % 2 == 1);
      const auto program = lower(c.group.shape, config, ctx);
      REQUIRE(program);
      CHECK(program->l1_bytes == l1_bytes(c.group.shape, ctx, config));
      const bool equal = interpreted(c, config, *program) == c.expected;
      std::string families = name_of(c.group.shape.family);
      for (size_t t = 0; t < c.group.shape.tail_count; ++t)
        families += std::string("+") + name_of(c.group.shape.tails[t].family);
      CHECK_MESSAGE(equal, families, " ", to_string(config));
      mapped += maps_into_sum(c.group.shape);
      jobs += on_accelerator(config);
      tail_jobs += tail_on_accelerator(config);
      if (overlaps(c.group.shape, config)) ++(on_accelerator(config) ? ahead_jobs : ahead_kernels);
    }
    if (feasible.empty()) continue;
    pairs.insert({c.group.shape.family, c.group.shape.tails[0].family});
    streamed += ctx.weights == Level::l3;
    chains += c.group.shape.tail_count > 1;
    products += c.group.shape.tails[1].family == Family::matmul;
  }
  MESSAGE(done, " configs, ", pairs.size(), " pairs of operators");
  CHECK(pairs.size() >= 15);
  CHECK(jobs > 100);
  CHECK(tail_jobs > 50);
  CHECK(ahead_jobs > 50);
  CHECK(ahead_kernels > 10);
  CHECK(streamed > 10);
  CHECK(chains > 50);
  CHECK(products > 20);
  CHECK(mapped > 10);  // sums that look their operand up
}
