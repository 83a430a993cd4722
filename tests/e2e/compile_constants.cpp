// Tensors that the model fixes: placed behind the arena, read by groups like any other.
#include <doctest/doctest.h>

#include "codegen/golden_sample.hpp"
#include "tests/e2e/compile_support.hpp"

using namespace ares;
using namespace ares::test;

namespace {

/// The sum of the input and a constant of its size.
LayerGraph sum_with_constant(Random& random) {
  LayerGraph g;
  do g = random_network(random, Family::add);
  while (g.tensors[0].dims != g.tensors[1].dims);
  Tensor& constant = g.tensors[1];
  for (int64_t i = 0; i < constant.dims.count(); ++i)
    constant.constant.push_back(static_cast<uint8_t>(pick(random, constant.q.lo, constant.q.hi)));
  g.inputs.pop_back();
  return g;
}

}  // namespace

TEST_CASE("constant tensors are bit-exact as C") {
  Random random(5);
  for (int i = 0; i < 3; ++i) {
    ManyLayers one{sum_with_constant(random), {}};
    REQUIRE(validate(one.graph));
    const NetworkProgram program = plan_for_gap9(one.graph, random_configs(random));
    CHECK(program.tensors[1].offset >= program.arena_bytes);
    CHECK(program.l2_constant_bytes >= one.graph.tensors[1].constant.size());
    one.golden = golden_data(one.graph, program, random_sample(one.graph, 9));
    const ScratchDirectory scratch;
    write_for_gap9(program, one, scratch.path());
    const CommandResult made = make_project(scratch.path(), "CORE=8 SANITIZE=address");
    INFO(made.text);
    CHECK(made.status == 0);
    CHECK(made.says("Test PASSED"));
  }
}
