// Fused groups as compiled C: random configs over random chains of layers, every byte that of the single layers.
#include <doctest/doctest.h>

#include <set>

#include "codegen/golden_sample.hpp"
#include "core/group/fusion.hpp"
#include "tests/e2e/compile_support.hpp"
#include "tests/support/synthetic_chains.hpp"

using namespace ares;
using namespace ares::test;

namespace {

/// Chains beside each other in one network.
LayerGraph chains_side_by_side(Random& random, int count) {
  LayerGraph many;
  many.name = "chains";
  for (int i = 0; i < count; ++i) {
    const LayerGraph one = random_chain(random);
    const auto base = static_cast<TensorId>(many.tensors.size());
    const LayerId first = boost::num_vertices(many.dag);
    many.tensors.insert(many.tensors.end(), one.tensors.begin(), one.tensors.end());
    for (LayerId v = 0; v < boost::num_vertices(one.dag); ++v) {
      Layer layer = one.dag[v];
      layer.name += "_of_chain" + std::to_string(i);
      for (TensorId& t : layer.inputs) t += base;
      layer.output += base;
      boost::add_vertex(layer, many.dag);
      if (v > 0) boost::add_edge(first + v - 1, first + v, Flow{one.dag[v - 1].output + base}, many.dag);
    }
    for (const NetworkInput& in : one.inputs)
      many.inputs.push_back({in.name + "_of_chain" + std::to_string(i), in.tensor + base, {}});
    many.outputs.push_back({"out" + std::to_string(i), one.outputs.front().tensor + base, {}});
  }
  return many;
}

}  // namespace

TEST_CASE("random configs of fused groups are bit-exact as C") {
  struct Case {
    unsigned seed;
    const char *flags, *environment;
  };
  std::set<std::pair<Family, Family>> pairs;
  int jobs = 0, tail_jobs = 0, products = 0;
  for (const Case& c : {Case{1, "CORE=8 SANITIZE=address", ""}, Case{8, "CORE=5", "ARES_DMA_DELAY=random:7"}}) {
    CAPTURE(c.seed);
    Random random(c.seed);
    ManyLayers many{chains_side_by_side(random, 32), {}};
    PlanOptions options;
    options.fused = fusable(many.graph, make_groups(many.graph));
    const NetworkProgram program = plan_for_gap9(many.graph, random_configs(random), options);
    CHECK(program.groups.size() == 32);
    for (const PlannedGroup& g : program.groups) {
      pairs.insert({g.group.shape.family, g.group.shape.tails[0].family});
      jobs += on_accelerator(g.chosen.config);
      tail_jobs += tail_on_accelerator(g.chosen.config);
      products += g.group.shape.tails[1].family == Family::matmul;
    }
    many.golden = golden_data(many.graph, program, random_sample(many.graph, c.seed));
    const ScratchDirectory scratch;
    write_for_gap9(program, many, scratch.path());
    const CommandResult made = make_project(scratch.path(), std::string(c.flags) + " MINIMAL_OUTPUT=1", c.environment);
    INFO(made.text);
    CHECK(made.status == 0);
    CHECK(made.says("Test PASSED"));
  }
  CHECK(pairs.size() >= 12);
  CHECK(jobs >= 8);
  CHECK(tail_jobs >= 2);
  CHECK(products >= 2);
}
