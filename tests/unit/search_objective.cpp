#include "search/objective.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "cost_models/event.hpp"
#include "kb_fixture.hpp"

using namespace ares;

namespace {

struct Scene {
  Target target = load_target("gap9").value();
  GroupShape shape;
  Context context;
  std::vector<Config> configs;

  Scene() {
    shape.in = {14, 14, 32};
    shape.out = {14, 14, 16};
    shape.window = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
    context.l1_bytes = 64 * 1024;
    const SearchSpace space = make_space(shape, context);
    const auto feasible = feasible_indices(space);
    for (std::size_t i = 0; i < feasible.size(); i += 1 + feasible.size() / 50)
      configs.push_back(space.config(feasible[i]));
  }
  Query query() const { return {shape, context, target}; }
};

}  // namespace

TEST_CASE("objective: every shipped target has an energy table; what is wrong with one of one's own is said") {
  for (const std::string& name : known_targets()) CHECK_MESSAGE(load_energy(name), name);
  const kb::fixture::TemporaryDirectory dir;
  const std::string file = (dir.path() / "mine.json").string();
  const auto error_of = [&](const std::string& text) {
    std::ofstream(file) << text;
    const auto table = load_energy(file);
    return table ? std::string() : table.error().what;
  };
  CHECK(error_of(R"({"base": "gap9", "name": "mine"})").empty());
  CHECK(error_of(R"({"name": "mine"})").find("energy") != std::string::npos);
  CHECK(error_of(R"({"energy": {"idle_cycle": {"value": -1, "source": "x"}}})").find("idle_cycle") !=
        std::string::npos);
  CHECK(error_of("no json").find(file) != std::string::npos);
}

TEST_CASE("objective: names and weights") {
  CHECK(make_objective("warm", "", "gap9")->is_cycles());
  CHECK(make_objective("cycles", "", "gap9")->is_cycles());
  CHECK(make_objective("energy", "", "gap9")->name() == "energy");
  CHECK_FALSE(make_objective("beauty", "", "gap9"));
  CHECK_FALSE(make_objective("weighted", "cycles=1,speed=2", "gap9"));
  CHECK_FALSE(make_objective("weighted", "cycles=-1", "gap9"));
  const auto weighted = make_objective("weighted", "cycles=2,energy=1", "gap9");
  REQUIRE(weighted);
  CHECK(weighted->score({3, 5, 70, 80}) == doctest::Approx(45));
}

TEST_CASE("objective: energy adds up what each part does") {
  const Target target = load_target("gap9").value();
  const EnergyTable table{1, 10, 100, 1000, 10000};
  Estimate busy;
  busy.cycles = 7;
  CHECK(energy_pj(table, target, busy) == 7);
  busy.compute = 2;
  busy.accelerator = 3;
  CHECK(energy_pj(table, target, busy) == 327);
  busy.dma_in = 1;
  busy.l3 = 1;
  CHECK(energy_pj(table, target, busy) ==
        doctest::Approx(327 + 1000 * target.dma.bytes_per_cycle_in + 10000 * target.l3.bytes_per_cycle_read));
}

TEST_CASE("objective: a scored model ranks by the objective, and only cycles stay as they are") {
  const Scene s;
  const auto model = make_cost_model("analytical").value();
  for (const char* name : {"cycles", "energy", "l1", "l2"}) {
    CAPTURE(name);
    const Objective objective = make_objective(name, "", "gap9").value();
    const auto scored = scored_by(objective, *model);
    for (const Config& c : s.configs) {
      const Estimate plain = estimate(*model, s.query(), c), ranked = estimate(*scored, s.query(), c);
      const Costs costs = costs_of(objective, s.query(), c, plain.cycles);
      CHECK(ranked.cycles == objective.score(costs));
      CHECK(costs.l1_bytes == plain.l1_bytes);
      if (objective.is_cycles()) CHECK(ranked.cycles == plain.cycles);
      if (std::string(name) == "l1") CHECK(ranked.cycles == doctest::Approx(plain.l1_bytes).epsilon(1e-6));
    }
  }
}

TEST_CASE("objective: the front holds what nothing else is better than in every way") {
  ParetoFront front;
  const auto add = [&](uint16_t number, Costs costs) {
    Config c;
    c.value[0] = number;
    front.add(c, costs);
  };
  add(1, {100, 50, 10, 0});
  add(2, {90, 60, 10, 0});
  add(3, {100, 50, 10, 0});  // as good as the first
  add(4, {110, 55, 10, 0});  // worse than it
  add(5, {120, 40, 10, 0});
  add(6, {HUGE_VAL, 1, 1, 0});  // failed
  add(7, {85, 60, 9, 0});       // better than the second
  std::vector<int> numbers;
  for (const auto& p : front.points()) numbers.push_back(p.config.value[0]);
  CHECK(numbers == std::vector{7, 1, 5});
}
