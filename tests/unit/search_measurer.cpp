#include "search/measurer.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "core/lower/lower.hpp"
#include "cost_models/event.hpp"

using namespace ares;

namespace {

struct Bench {
  GroupShape shape;
  Context context;
  Target target = load_target("gap9").value();
  Bench() {
    shape.family = Family::linear;
    shape.in = {1, 1, 64};
    shape.out = {1, 1, 32};
    context.l1_bytes = 64 * 1024;
  }
};

}  // namespace

TEST_CASE("the event measurer gives each config the cycles of its own play") {
  const Bench b;
  const SearchSpace space = make_space(b.shape, b.context);
  std::vector<Config> configs;
  for (const uint64_t i : feasible_indices(space)) configs.push_back(space.config(i));
  std::vector<Measurement> results(configs.size());
  const std::atomic<bool> stop{false};
  const Measurer m = make_measurer("event", b.target)->measurer;
  CHECK(m.source == "event");
  CHECK_FALSE(m.is_none());
  m.measure({b.shape, b.context, b.target}, configs, results, stop);
  for (std::size_t i = 0; i < configs.size(); ++i) {
    const auto program = lower(b.shape, configs[i], b.context);
    REQUIRE(program);
    CHECK(results[i].cycles == play(*program, b.target).cycles);
  }
}

TEST_CASE("what does not fit fails alone") {
  Bench b;
  b.context.l1_bytes = 3000;
  const SearchSpace space = make_space(b.shape, b.context);
  Config huge = space.config(feasible_indices(space).at(0));
  const Config fits = huge;
  huge[Knob::tile_co] = 32;
  huge[Knob::tile_ci] = 64;
  huge[Knob::buf_w] = 2;
  REQUIRE(check(b.shape, b.context, huge));
  const std::vector<Config> configs{fits, huge, fits};
  std::vector<Measurement> results(3);
  const std::atomic<bool> stop{false};
  event_measurer().measure({b.shape, b.context, b.target}, configs, results, stop);
  CHECK(std::isfinite(results[0].cycles));
  CHECK(std::isinf(results[1].cycles));
  REQUIRE(results[1].failure);
  CHECK(results[1].failure->kind == kb::FailureKind::does_not_fit);
  CHECK(results[2].cycles == results[0].cycles);
}

TEST_CASE("measurers by name") {
  const Bench b;
  CHECK(make_measurer("event", b.target)->measurer.source == "event");
  CHECK(make_measurer("event", b.target)->remark.empty());
  CHECK(make_measurer("none", b.target)->measurer.is_none());
  for (const std::string unavailable : {"gvsoc", "stopwatch"}) {
    CAPTURE(unavailable);
    const auto m = make_measurer(unavailable, b.target, "/nowhere");
    REQUIRE_FALSE(m);
    CHECK(m.error().what.find(unavailable) != std::string::npos);
    CHECK(m.error().what.find("event") != std::string::npos);
  }
  CHECK_FALSE(make_measurer("auto", b.target, "/nowhere"));  // the user has named one
}
