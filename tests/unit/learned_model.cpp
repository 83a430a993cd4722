#include "cost_models/learned.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/unit/model_bench.hpp"

using namespace ares;

namespace {

GroupShape linear() {
  GroupShape s;
  s.family = Family::linear;
  s.in = {1, 1, 256};
  s.out = {1, 1, 96};
  return s;
}

struct Bench : test::ModelBench {
  Bench() : ModelBench(linear(), 1, 2000) {}

  /// A machine on which incoming transfers take twice their time on top.
  double measured(std::size_t i) const { return analytical[i].cycles + 2 * analytical[i].dma_in; }

  double error(const CostModel& model) const {
    const auto e = by(model);
    double sum = 0;
    for (std::size_t i = 1; i < configs.size(); i += 2) sum += std::abs(e[i].cycles / measured(i) - 1);
    return sum / static_cast<double>(configs.size() / 2);
  }
};

}  // namespace

TEST_CASE("the learned model corrects what the analytical one gets wrong, on configs it has not seen") {
  const Bench b;
  std::vector<GroupResult> samples;
  for (std::size_t i = 0; i < b.configs.size(); i += 2)
    samples.push_back({b.shape, b.context, b.configs[i], b.measured(i)});
  const double before = b.error(**make_cost_model("analytical"));
  const double after = b.error(*make_learned_model(samples, b.target));
  CHECK(before > 0.05);
  CHECK(after < before / 5);
}

TEST_CASE("without samples, and with samples that make no sense, the learned model is the analytical one") {
  const Bench b;
  const std::vector<GroupResult> useless{{b.shape, b.context, b.configs[0], 0}, {b.shape, b.context, b.configs[1], -5}};
  for (const auto& model : {make_learned_model({}, b.target), make_learned_model(useless, b.target)}) {
    const auto e = b.by(*model);
    for (std::size_t i = 0; i < e.size(); ++i) CHECK(e[i].cycles == b.analytical[i].cycles);
  }
}
