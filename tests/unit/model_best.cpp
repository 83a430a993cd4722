// The model's best config: of all configs where they can all be scored, else as good by descent.
#include "cost_models/model_best.hpp"

#include <doctest/doctest.h>

#include <string>

#include "experiments/tutorial_groups.hpp"

using namespace ares;

TEST_CASE("descent through a large space finds what scoring all of it finds") {
  const Target gap9 = value_or_throw(load_target("gap9"));
  const auto model = value_or_throw(make_cost_model("analytical"));
  for (const NamedShape& g :
       {NamedShape{"conv", tutorial_groups()[2].shape}, NamedShape{"linear", linear_shape(32, 64, 96)}}) {
    for (const Level weights : {Level::l2, Level::l3}) {
      Context context = whole_l1(gap9);
      context.weights = weights;
      context.l2_staging = 4096;
      CAPTURE(std::string(g.name));
      const Query query{g.shape, context, gap9};
      const auto all = best_by_model(*model, query, ~uint64_t{0}), descended = best_by_model(*model, query, 0);
      REQUIRE(all.has_value());
      REQUIRE(descended.has_value());
      CHECK(check(g.shape, context, descended->config) == std::nullopt);
      CHECK(descended->estimate.cycles <= 1.01 * all->estimate.cycles);
    }
  }
}

TEST_CASE("a network's repeated groups are scored once") {
  const Target gap9 = value_or_throw(load_target("gap9"));
  ModelBests bests(value_or_throw(make_cost_model("analytical")), gap9);
  const GroupShape shape = linear_shape(1, 64, 10);
  const auto first = bests(shape, whole_l1(gap9)), again = bests(shape, whole_l1(gap9));
  REQUIRE((first && again));
  CHECK(first->config == again->config);
  Context small = whole_l1(gap9);
  small.l1_bytes = 16;
  CHECK_FALSE(bests(shape, small));
}
