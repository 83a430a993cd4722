// Any feasible config of any layer computes the same bytes: tiling, order, buffering and parallel axis never change
// one.
#include <doctest/doctest.h>

#include <set>

#include "core/group/accelerator.hpp"
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
  std::vector<Group> groups;
  std::vector<std::vector<uint8_t>> inputs;
  std::vector<uint8_t> expected;
};

Case case_of(Random& random, LayerGraph network) {
  Case c{std::move(network), {}, {}, {}};
  c.groups = make_groups(c.network);
  c.inputs = random_inputs(random, c.network);
  c.expected = straight_output(c.network, std::span(c.inputs));
  return c;
}

Case random_case(Random& random, Family family) { return case_of(random, random_network(random, family)); }

/// Small windows force many tiles; weights come from L3 now and then.
Context random_context(Random& random, Family family) {
  Context ctx = l2_context(static_cast<uint32_t>(pick(random, 2, 24)) * 1024, pick(random, 1, 8));
  ctx.accelerator = pick(random, 0, 1) == 1;
  if (has_weights(family) && pick(random, 0, 2) == 0) {
    ctx.weights = Level::l3;
    ctx.l2_staging = static_cast<uint32_t>(pick(random, 1, 16)) * 1024;
  }
  return ctx;
}

/// Interprets one group into its part of the output.
void run_group(const Case& c, const Group& group, const Config& config, const TileProgram& program,
               std::span<uint8_t> output) {
  const Operation& op = c.network.dag[0].op;
  const PackedOperands constants = pack(c.network, group, config);
  const auto input = [&](TensorId t) -> std::span<const uint8_t> { return c.inputs[static_cast<size_t>(t)]; };
  OperandData data{input(group.inputs.front()), constants.weights, constants.params, output};
  if (group.inputs.size() > 1) data.input2 = input(group.inputs[1]);
  if (group.inputs.size() > 2) data.input3 = input(group.inputs[2]);
  data.requant = requant_of(op);
  if (const auto* w = std::get_if<Weighted>(&op)) data.job_weight_offset = job_weight_offset(*w);
  if (std::holds_alternative<Weighted>(op)) data.pad_value = static_cast<uint8_t>(c.network.tensors[0].q.zero_point);
  if (const auto* r = std::get_if<Rearrange>(&op)) data.pad_value = r->pieces[static_cast<size_t>(group.piece)].fill;
  const auto done = interpret(program, data);
  REQUIRE_MESSAGE(done, done.error().what);
}

std::vector<uint8_t> run_config(const Case& c, const TileProgram& program) {
  std::vector<uint8_t> output(c.expected.size(), 0x5A);
  run_group(c, c.groups.front(), {}, program, output);
  return output;
}

/// Interprets up to `configs` random feasible configs of one random layer; returns how many.
int check_layer(Random& random, Family family, int configs) {
  const Case c = random_case(random, family);
  const Context ctx = random_context(random, family);
  std::vector<SearchSpace> spaces;
  std::vector<std::vector<uint64_t>> feasible;
  for (const Group& g : c.groups) {
    spaces.push_back(make_space(g.shape, ctx));
    feasible.push_back(feasible_indices(spaces.back()));
    if (feasible.back().empty()) return 0;
  }
  for (int i = 0; i < configs; ++i) {
    std::vector<uint8_t> output(c.expected.size(), 0x5A);
    std::string configs_text;
    for (size_t g = 0; g < c.groups.size(); ++g) {
      const auto drawn = static_cast<size_t>(pick(random, 0, static_cast<int32_t>(feasible[g].size()) - 1));
      const Config config = spaces[g].config(feasible[g][drawn]);
      const auto program = lower(c.groups[g].shape, config, ctx);
      REQUIRE(program);
      run_group(c, c.groups[g], config, *program, output);
      configs_text += to_string(config) + "; ";
    }
    const bool equal = output == c.expected;
    CHECK_MESSAGE(equal, std::string(name_of(family)), " ", configs_text);
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

TEST_CASE("add: every feasible config gives the same bytes") { check_family(Family::add, 7, 500); }
TEST_CASE("multiply: every feasible config gives the same bytes") { check_family(Family::multiply, 8, 500); }
TEST_CASE("rearrange: every feasible config gives the same bytes") { check_family(Family::rearrange, 9, 2000); }

TEST_CASE("curve: every feasible config gives the same bytes") { check_family(Family::curve, 10, 300); }

TEST_CASE("accelerator: every feasible config gives the same bytes") {
  Random random(14);
  int done = 0, streamed = 0, shared = 0;
  std::set<int> bits, scales, fills, kinds, strides, copied, shared_strides;
  while (done < 2000) {
    const Case c = case_of(random, accelerated_network(random));
    const GroupShape& shape = c.groups.front().shape;
    Context ctx = random_context(random, shape.family);
    ctx.accelerator = true;
    const SearchSpace space = make_space(shape, ctx);
    std::vector<uint64_t> jobs;
    for (const uint64_t i : feasible_indices(space))
      if (on_accelerator(space.config(i))) jobs.push_back(i);
    for (int i = 0; i < 8 && !jobs.empty(); ++i, ++done) {
      const Config config = space.config(jobs[static_cast<size_t>(pick(random, 0, int32_t(jobs.size()) - 1))]);
      const auto program = lower(shape, config, ctx);
      REQUIRE(program);
      std::vector<uint8_t> output(c.expected.size(), 0x5A);
      run_group(c, c.groups.front(), config, *program, output);
      CHECK_MESSAGE(output == c.expected, to_string(config));
      if (config[Knob::share] == 0) continue;
      ++shared;
      copied.insert(shape.accelerator.fill);
      shared_strides.insert(shape.window.sh);
    }
    if (jobs.empty()) continue;
    streamed += ctx.weights == Level::l3;
    bits.insert(shape.accelerator.weight_bits);
    scales.insert(shape.accelerator.scale_bits);
    fills.insert(shape.accelerator.fill);
    strides.insert(shape.window.sh);
    kinds.insert(static_cast<int>(shape.family) * 4 + shape.window.kh);
  }
  CHECK(bits.size() == 7);
  CHECK(scales.size() == 3);
  CHECK(fills.size() == 2);
  CHECK(kinds.size() == 4);
  CHECK(strides.size() == 2);
  CHECK(streamed > 10);
  CHECK(shared > 50);  // the workers compute a part of the channels
  CHECK(copied.size() == 2);
  CHECK(shared_strides.size() == 2);
}

TEST_CASE("a missing wait shows as a wrong byte") {
  Random random(5);
  const Case c = random_case(random, Family::linear);
  const Context ctx = l2_context(64 * 1024);
  const GroupShape& shape = c.groups.front().shape;
  const SearchSpace space = make_space(shape, ctx);
  TileProgram program = *lower(shape, *rule_config(space), ctx);
  REQUIRE(run_config(c, program) == c.expected);
  for (TileOperation& op : program.operations)
    if (const auto* wait = std::get_if<Wait>(&op.what); wait && wait->operation == 0) op.what = Barrier{};
  CHECK(run_config(c, program) != c.expected);
}
TEST_CASE("norm: every feasible config gives the same bytes") { check_family(Family::norm, 11, 600); }
TEST_CASE("softmax: every feasible config gives the same bytes") { check_family(Family::softmax, 12, 300); }
TEST_CASE("scan: every feasible config gives the same bytes") { check_family(Family::scan, 14, 600); }
TEST_CASE("transform: every feasible config gives the same bytes") { check_family(Family::transform, 15, 300); }
TEST_CASE("rotary: every feasible config gives the same bytes") { check_family(Family::rotary, 16, 300); }
TEST_CASE("lookup: every feasible config gives the same bytes") { check_family(Family::lookup, 17, 300); }
TEST_CASE("matmul: every feasible config gives the same bytes") { check_family(Family::matmul, 13, 600); }
