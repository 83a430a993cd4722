// Random feasible configs over random layers as compiled C: every byte equal to what straight loops compute.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/e2e/compile_support.hpp"

using namespace ares;
using namespace ares::test;

namespace {

/// Mostly convolutions and linear layers.
ManyLayers random_layers(Random& random, int count) {
  constexpr Family families[] = {Family::conv,   Family::linear, Family::conv,   Family::linear,   Family::conv,
                                 Family::linear, Family::conv,   Family::linear, Family::max_pool, Family::table};
  return side_by_side(random, count, [&](int i) { return random_network(random, families[i % 10]); });
}

struct Case {
  unsigned seed;
  const char *flags, *environment;
};

}  // namespace

// 7 programs of 20 layers: 112 convolutions and linear layers.
TEST_CASE("random configs of random layers are bit-exact as C") {
  for (const Case& c : {Case{1, "CORE=1", ""}, Case{2, "CORE=3 ENABLE_PERF=1", ""}, Case{3, "CORE=8", ""},
                        Case{4, "CORE=8 SANITIZE=address", ""}, Case{5, "CORE=3 SANITIZE=thread", ""},
                        Case{6, "CORE=8", "ARES_DMA_DELAY=lazy"}, Case{7, "CORE=5", "ARES_DMA_DELAY=random:7"}}) {
    CAPTURE(c.seed);
    Random random(c.seed);
    const ManyLayers layers = random_layers(random, 20);
    const ScratchDirectory scratch;
    write_for_gap9(plan_for_gap9(layers.graph, random_configs(random)), layers, scratch.path());
    const CommandResult made = make_project(scratch.path(), std::string(c.flags) + " MINIMAL_OUTPUT=1", c.environment);
    INFO(made.text);
    CHECK(made.status == 0);
    CHECK(made.says("Test PASSED"));
  }
}

TEST_CASE("weights streamed from L3 are bit-exact as C") {
  Random random(11);
  const ManyLayers layers = side_by_side(random, 8, [&](int i) {
    return i < 5 ? linear_network(random, pick(random, 1, 5), pick(random, 200, 400), 150)
                 : conv_network(random, {9, 9, 64}, 80, 3, 1);
  });
  PlanOptions options;
  options.l2_limit = 200 * 1024;
  for (const char* environment : {"ARES_DMA_DELAY=lazy", "ARES_DMA_DELAY=random:3"}) {
    const NetworkProgram program = plan_for_gap9(layers.graph, random_configs(random), options);
    REQUIRE(program.l3_bytes > program.l2_constant_bytes);
    const ScratchDirectory scratch;
    write_for_gap9(program, layers, scratch.path());
    const CommandResult made = make_project(scratch.path(), "CORE=8 SANITIZE=address MINIMAL_OUTPUT=1", environment);
    INFO(made.text);
    CHECK(made.status == 0);
    CHECK(made.says("Test PASSED"));
  }
}
