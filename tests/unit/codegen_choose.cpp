#include <doctest/doctest.h>

#include "codegen/choose_config.hpp"
#include "codegen/pins.hpp"
#include "core/ir/graph.hpp"
#include "kb/environment.hpp"
#include "kb/plan_subject.hpp"
#include "tests/support/synthetic.hpp"
#include "tests/unit/kb_fixture.hpp"

using namespace ares;

namespace {

const kb::Provenance origin{"model", "layer", "run", 0};

/// One convolution, three of its configs, a model that likes the first of the space.
struct Scene {
  test::Random random{3};
  LayerGraph graph = test::conv_network(random, {12, 12, 8}, 16, 3, 1);
  Target target = load_target("gap9").value();
  std::vector<GroupInContext> groups = plan_contexts(graph, target, {}).value();
  kb::fixture::TemporaryDirectory directory;
  kb::KnowledgeBase knowledge = kb::KnowledgeBase::open(directory.kb()).value();
  Config first, second, third;
  ConfigSources sources;

  Scene() {
    const SearchSpace space = make_space(groups[0].group.shape, groups[0].context);
    const auto feasible = feasible_indices(space);
    first = space.config(feasible[0]);
    second = space.config(feasible[feasible.size() / 2]);
    third = space.config(feasible.back());
    sources.kbs = {&knowledge};
    sources.score = [this](const GroupShape&, const Context&, const Config& c) { return c == first ? 10.0 : 1000.0; };
    sources.optimum = [this](const GroupShape&, const Context&) { return ModelBest{first, 10}; };
  }

  kb::Subject subject() const {
    const auto environment = kb::current_environment(target, Family::conv).of(kb::Source::event);
    return {kb::make_signature(groups[0].group.shape, groups[0].context, target.name, graph.policy), kb::Source::event,
            environment};
  }

  void remember(const kb::Subject& where, const Config& config) {
    kb::Trial trial;
    trial.config = config;
    trial.cycles = 77;
    REQUIRE(knowledge.record(where, origin, std::span(&trial, 1)));
  }

  void remember_plan(const Config& config) {
    kb::PlanEntry plan;
    plan.subject = kb::plan_subject(graph, groups, target);
    plan.configs = {config};
    plan.cycles = 66;
    plan.provenance = origin;
    REQUIRE(knowledge.record(plan));
  }

  Result<ChosenConfig> choose() const {
    const auto chooser = make_chooser(graph, groups, target, sources);
    if (!chooser) return tl::unexpected<Error>(chooser.error());
    return (*chooser)(groups[0].group, groups[0].context);
  }
};

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("choose_config: rule, model, knowledge base, plan, pin, each wins over the ones before") {
  Scene scene;
  ConfigSources nothing;
  std::swap(scene.sources, nothing);
  auto chosen = scene.choose();
  REQUIRE(chosen);
  CHECK(chosen->origin == ConfigOrigin::rule);
  std::swap(scene.sources, nothing);

  chosen = scene.choose();
  REQUIRE(chosen);
  CHECK(chosen->origin == ConfigOrigin::model);
  CHECK(chosen->config == scene.first);

  scene.remember(scene.subject(), scene.second);
  chosen = scene.choose();
  REQUIRE(chosen);
  CHECK(chosen->origin == ConfigOrigin::kb_exact);
  CHECK(chosen->config == scene.second);
  CHECK(announcement("conv1", *chosen).starts_with("[KB] Auto-applying config for conv1: {tile_h="));
  CHECK(says(announcement("conv1", *chosen), "77 cycles"));

  scene.remember_plan(scene.third);
  chosen = scene.choose();
  REQUIRE(chosen);
  CHECK(chosen->origin == ConfigOrigin::kb_exact);
  CHECK(chosen->config == scene.third);
  CHECK(says(chosen->note, "plan"));

  scene.sources.pins[scene.groups[0].group.name] = scene.first;
  chosen = scene.choose();
  REQUIRE(chosen);
  CHECK(chosen->origin == ConfigOrigin::pin);
  CHECK(chosen->config == scene.first);
}

TEST_CASE("choose_config: what a model has learnt from other groups comes behind the group's own entry, as near") {
  Scene scene;
  const Config learnt = scene.second;
  scene.sources.neighbours = false;
  scene.sources.optimum = [&](const GroupShape&, const Context&) { return ModelBest{learnt, 10, true}; };
  auto chosen = scene.choose();
  REQUIRE(chosen);
  CHECK(chosen->origin == ConfigOrigin::kb_near);
  CHECK(chosen->config == learnt);
  CHECK(says(chosen->note, "other groups"));
  scene.remember(scene.subject(), scene.third);
  chosen = scene.choose();
  REQUIRE(chosen);
  CHECK(chosen->origin == ConfigOrigin::kb_exact);
  CHECK(chosen->config == scene.third);
}

TEST_CASE("choose_config: what another environment measured is not applied") {
  Scene scene;
  kb::Subject old = scene.subject();
  ++old.environment.kernel_version;
  scene.remember(old, scene.second);
  const auto chosen = scene.choose();
  REQUIRE(chosen);
  CHECK(chosen->origin == ConfigOrigin::model);
}

TEST_CASE("choose_config: a pin that cannot be is refused by name") {
  Scene scene;
  scene.sources.pins["nobody"] = scene.first;
  auto chosen = scene.choose();
  REQUIRE_FALSE(chosen);
  CHECK(says(chosen.error().what, "nobody"));

  scene.sources.pins.clear();
  Config wrong = scene.first;
  wrong[Knob::tile_h] = 0;
  wrong[Knob::kernel] = 1;
  scene.sources.pins[scene.groups[0].group.name] = wrong;
  chosen = scene.choose();
  REQUIRE_FALSE(chosen);
  CHECK(says(chosen.error().what, scene.groups[0].group.name));
}

TEST_CASE("choose_config: where nothing fits, the group and the bytes are named") {
  Scene scene;
  scene.sources = {};
  scene.groups[0].context.l1_bytes = 16;
  const auto chosen = scene.choose();
  REQUIRE_FALSE(chosen);
  CHECK(says(chosen.error().what, "group layer"));
  CHECK(says(chosen.error().what, "16 bytes"));
}
