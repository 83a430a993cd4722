// Any feasible config of any layer computes the same bytes: tiling, order, buffering and parallel axis never change
// one.
#include <doctest/doctest.h>

#include "core/ir/graph.hpp"
#include "core/lower/lower.hpp"
#include "core/lower/pack.hpp"
#include "core/tile/interpreter.hpp"
#include "tests/support/synthetic.hpp"

using namespace ares;
using namespace ares::test;

namespace {

struct Case {
  LayerGraph network;
  Group group;
  PackedOperands constants;
  std::vector<uint8_t> input, expected;
};

Case random_case(Random& random, Family family) {
  Case c{random_network(random, family), {}, {}, {}, {}};
  c.group = make_groups(c.network).front();
  c.constants = pack(c.network, c.group);
  c.input = random_input(random, c.network);
  c.expected = straight_output(c.network, c.input);
  return c;
}

/// Small windows force many tiles; weights come from L3 now and then.
Context random_context(Random& random, Family family) {
  Context ctx = l2_context(static_cast<uint32_t>(pick(random, 2, 24)) * 1024, pick(random, 1, 8));
  if (has_weights(family) && pick(random, 0, 2) == 0) {
    ctx.weights = Level::l3;
    ctx.l2_staging = static_cast<uint32_t>(pick(random, 1, 16)) * 1024;
  }
  return ctx;
}

std::vector<uint8_t> run_config(const Case& c, const TileProgram& program) {
  std::vector<uint8_t> output(c.expected.size(), 0x5A);
  const bool weighted = std::holds_alternative<Weighted>(c.network.dag[0].op);
  OperandData data{c.input, c.constants.weights, c.constants.params, output, 0, nullptr};
  data.requant = requant_of(c.network.dag[0].op);
  if (weighted) data.pad_value = static_cast<uint8_t>(c.network.tensors[0].q.zero_point);
  const auto done = interpret(program, data);
  REQUIRE_MESSAGE(done, done.error().what);
  return output;
}

/// Interprets up to `configs` random feasible configs of one random layer; returns how many.
int check_layer(Random& random, Family family, int configs) {
  const Case c = random_case(random, family);
  const Context ctx = random_context(random, family);
  const SearchSpace space = make_space(c.group.shape, ctx);
  const std::vector<uint64_t> feasible = feasible_indices(space);
  if (feasible.empty()) return 0;
  for (int i = 0; i < configs; ++i) {
    const Config config =
        space.config(feasible[static_cast<size_t>(pick(random, 0, static_cast<int32_t>(feasible.size()) - 1))]);
    const auto program = lower(c.group.shape, config, ctx);
    REQUIRE(program);
    const bool equal = run_config(c, *program) == c.expected;
    CHECK_MESSAGE(equal, std::string(name_of(family)), " ", to_string(config));
  }
  return configs;
}

void check_family(Family family, uint32_t seed, int wanted) {
  Random random(seed);
  int done = 0;
  while (done < wanted) done += check_layer(random, family, 8);
  MESSAGE(std::string(name_of(family)), ": ", done, " configs");
}

}  // namespace

TEST_CASE("conv: every feasible config gives the same bytes") { check_family(Family::conv, 1, 3000); }
TEST_CASE("linear: every feasible config gives the same bytes") { check_family(Family::linear, 2, 3000); }
TEST_CASE("max_pool: every feasible config gives the same bytes") { check_family(Family::max_pool, 3, 500); }
TEST_CASE("average_pool: every feasible config gives the same bytes") { check_family(Family::average_pool, 6, 800); }
TEST_CASE("table: every feasible config gives the same bytes") { check_family(Family::table, 4, 300); }
TEST_CASE("depthwise: every feasible config gives the same bytes") { check_family(Family::depthwise, 6, 2000); }

TEST_CASE("a missing wait shows as a wrong byte") {
  Random random(5);
  const Case c = random_case(random, Family::linear);
  const Context ctx = l2_context(64 * 1024);
  const SearchSpace space = make_space(c.group.shape, ctx);
  TileProgram program = *lower(c.group.shape, *rule_config(space), ctx);
  REQUIRE(run_config(c, program) == c.expected);
  for (TileOperation& op : program.operations)
    if (const auto* wait = std::get_if<Wait>(&op.what); wait && wait->operation == 0) op.what = Barrier{};
  CHECK(run_config(c, program) != c.expected);
}
