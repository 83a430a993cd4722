// The analytical model against the event simulator on random feasible configs: close enough to rank them.
#include <doctest/doctest.h>

#include <random>
#include <string>

#include "cost_models/cost_model.hpp"
#include "experiments/agreement.hpp"
#include "experiments/tutorial_groups.hpp"

using namespace ares;

namespace {

std::vector<Config> random_feasible(const SearchSpace& space, size_t count) {
  std::mt19937_64 random(7);
  std::vector<Config> configs;
  while (configs.size() < count) {
    const Config c = space.config(random() % space.raw_size());
    if (!check(space.shape, space.context, c)) configs.push_back(c);
  }
  return configs;
}

void check_agreement(const NamedShape& group, const Context& context, const Target& target) {
  const std::vector<Config> configs = random_feasible(make_space(group.shape, context), 200);
  std::vector<double> cycles[2];
  for (size_t i = 0; i < 2; ++i) {
    std::vector<Estimate> estimates(configs.size());
    (*make_cost_model(i == 0 ? "analytical" : "event"))->estimate({group.shape, context, target}, configs, estimates);
    for (const Estimate& e : estimates) cycles[i].push_back(e.cycles);
  }
  const Agreement a = agreement(cycles[0], cycles[1]);
  INFO(group.name, context.weights == Level::l3 ? " streamed" : "", ": median ", a.median, ", 95 % ", a.p95, ", tau ",
       a.tau);
  CHECK(a.median <= 0.10);
  CHECK(a.p95 <= 0.25);
  CHECK(a.tau >= 0.85);
}

}  // namespace

TEST_CASE("the analytical model follows the event simulator") {
  const Target gap9 = *load_target("gap9");
  for (const NamedShape& g : tutorial_groups()) check_agreement(g, whole_l1(gap9), gap9);
}

TEST_CASE("the analytical model follows the event simulator on more than one token") {
  const Target gap9 = *load_target("gap9");
  check_agreement({"linear 49 tokens", linear_shape(49, 192, 256)}, whole_l1(gap9), gap9);
}

TEST_CASE("the analytical model follows the event simulator on depthwise and asymmetric layers") {
  const Target gap9 = *load_target("gap9");
  GroupShape s;
  s.family = Family::depthwise;
  s.window = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  s.in = s.out = {32, 32, 64};
  check_agreement({"depthwise", s}, whole_l1(gap9), gap9);
  s.weight_bits = 9;
  check_agreement({"asymmetric depthwise", s}, whole_l1(gap9), gap9);
  s.family = Family::conv;
  check_agreement({"asymmetric conv", s}, whole_l1(gap9), gap9);
}

TEST_CASE("the analytical model follows the event simulator where weights stream from L3") {
  const Target gap9 = *load_target("gap9");
  Context c = whole_l1(gap9);
  c.weights = Level::l3;
  c.l2_staging = 192 * 1024;
  for (const NamedShape& g : tutorial_groups())
    if (g.shape.macs() > 0) check_agreement(g, c, gap9);
}

TEST_CASE("the analytical model accounts for the same work as the event simulator") {
  const Target gap9 = *load_target("gap9");
  for (const NamedShape& g : tutorial_groups()) {
    const Context context = whole_l1(gap9);
    const std::vector<Config> configs = random_feasible(make_space(g.shape, context), 50);
    std::vector<Estimate> a(configs.size()), e(configs.size());
    (*make_cost_model("analytical"))->estimate({g.shape, context, gap9}, configs, a);
    (*make_cost_model("event"))->estimate({g.shape, context, gap9}, configs, e);
    for (size_t i = 0; i < configs.size(); ++i) {
      INFO(g.name, " ", to_string(configs[i]));
      CHECK(a[i].compute == doctest::Approx(e[i].compute).epsilon(0.03));
      CHECK(a[i].dma_in == doctest::Approx(e[i].dma_in).epsilon(0.02));
      CHECK(a[i].dma_out == doctest::Approx(e[i].dma_out).epsilon(0.02));
      CHECK(a[i].l1_bytes == e[i].l1_bytes);
    }
  }
}
