// The whole-network search: never slower, the same every time, and what it finds is what ares-compile applies.
#include <doctest/doctest.h>
#include <tbb/global_control.h>

#include "codegen/choose_config.hpp"
#include "core/ir/graph.hpp"
#include "cost_models/event.hpp"
#include "kb/environment.hpp"
#include "kb/plan_subject.hpp"
#include "search/network_search.hpp"
#include "tests/support/synthetic_chains.hpp"
#include "tests/unit/kb_fixture.hpp"

using namespace ares;

namespace {

/// A chain of layers that can be fused, with the rule's configs as the winners.
struct Scene {
  LayerGraph graph;
  Target target = load_target("gap9").value();
  PlanOptions options;
  std::shared_ptr<const CostModel> event = make_event_model();
  PlayedNetwork winners;

  explicit Scene(unsigned seed) {
    test::Random random(seed);
    graph = test::random_chain(random);
    winners.program = plan_network(graph, target, options, by_rule).value();
    winners.cycles = play(winners.program, target, false).total.cycles;
  }

  static Result<ChosenConfig> by_rule(const Group& g, const Context& c) {
    return ChosenConfig{rule_config(make_space(g.shape, c)).value(), ConfigOrigin::rule, ""};
  }

  NetworkSearch search(uint64_t seed, int jobs) const {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(jobs));
    const std::atomic<bool> stop{false};
    NetworkSearchOptions settings;
    settings.seed = seed;
    return search_network(graph, target, options, winners, *event, settings, stop).value();
  }
};

}  // namespace

TEST_CASE("network search: never slower than the winners, and by what the program plays") {
  int faster = 0;
  for (unsigned seed = 1; seed <= 10; ++seed) {
    const Scene scene(seed);
    const NetworkSearch found = scene.search(1, 2);
    CHECK(found.winners_cycles == scene.winners.cycles);
    CHECK(found.best.cycles <= scene.winners.cycles);
    CHECK(found.best.cycles == play(found.best.program, scene.target, false).total.cycles);
    faster += !found.best.program.fused.empty();
  }
  CHECK(faster >= 5);
}

TEST_CASE("network search: the same program on any number of threads") {
  const Scene scene(3);
  const NetworkSearch one = scene.search(7, 1), four = scene.search(7, 4);
  CHECK(one.best.cycles == four.best.cycles);
  CHECK(one.plays == four.plays);
  CHECK(one.best.program.fused == four.best.program.fused);
  for (size_t g = 0; g < one.best.program.groups.size(); ++g)
    CHECK(one.best.program.groups[g].chosen.config == four.best.program.groups[g].chosen.config);
}

TEST_CASE("network search: stopped before it begins it keeps the winners") {
  const Scene scene(2);
  const std::atomic<bool> stop{true};
  const auto found = search_network(scene.graph, scene.target, scene.options, scene.winners, *scene.event, {}, stop);
  REQUIRE(found);
  CHECK(found->best.cycles == scene.winners.cycles);
  CHECK(found->best.program.fused.empty());
}

TEST_CASE("network search: its plan is remembered with what it fuses, and compiled as it was played") {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    const Scene scene(seed);
    const NetworkSearch found = scene.search(1, 2);
    const auto groups = plan_contexts(scene.graph, scene.target, scene.options).value();
    kb::fixture::TemporaryDirectory directory;
    kb::KnowledgeBase knowledge = kb::KnowledgeBase::open(directory.kb()).value();
    kb::PlanEntry entry;
    entry.subject = kb::plan_subject(scene.graph, groups, scene.target);
    entry.configs = kb::plan_configs(groups, found.best.program);
    entry.detail = to_string(found.best.program.fused);
    entry.cycles = found.best.cycles;
    entry.provenance = {"model", "layer", "run", 0};
    REQUIRE(knowledge.record(entry));

    ConfigSources sources;
    sources.kbs = {&knowledge};
    PlanOptions options = scene.options;
    options.fused = known_partition(scene.graph, groups, scene.target, sources);
    CHECK(options.fused == found.best.program.fused);
    const auto chooser = make_chooser(scene.graph, groups, scene.target, sources);
    REQUIRE(chooser);
    const auto program = plan_network(scene.graph, scene.target, options, *chooser);
    REQUIRE(program);
    CHECK(play(*program, scene.target, false).total.cycles == found.best.cycles);
  }
}

TEST_CASE("fusion: partitions are text, and what cannot be fused is refused by name") {
  CHECK(to_string(Partition{}).empty());
  CHECK(to_string(Partition{1, 2, 7}) == "fused 1,2,7");
  CHECK(parse_partition("fused 1,2,7") == Partition{1, 2, 7});
  CHECK(parse_partition("") == Partition{});
  CHECK(!parse_partition("something else"));
  CHECK(!parse_partition("fused 1,x"));
  const Scene scene(1);
  const auto refused = fuse(scene.graph, make_groups(scene.graph), {0});
  REQUIRE(!refused);
  CHECK(refused.error().what.find(make_groups(scene.graph)[0].name) != std::string::npos);
  CHECK(!fuse(scene.graph, make_groups(scene.graph), {99}));
}
