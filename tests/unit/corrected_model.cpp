#include "cost_models/corrected.hpp"

#include <doctest/doctest.h>

#include "tests/unit/model_bench.hpp"

using namespace ares;

namespace {

GroupShape pointwise(int channels, int rows) {
  GroupShape s;
  s.family = Family::conv;
  s.in = s.out = {rows, rows, channels};
  return s;
}

/// A pointwise convolution with its configs.
struct Bench : test::ModelBench {
  Bench(int channels, int rows) : ModelBench(pointwise(channels, rows), 97, 3000) {}

  /// A machine on which everything takes half as long again, and second copies of the input 30,000 cycles.
  double measured(std::size_t i) const {
    return 1.5 * analytical[i].cycles + (configs[i][Knob::buf_in] > 1 ? 30'000 : 0);
  }

  std::vector<GroupResult> results() const {
    std::vector<GroupResult> all;
    for (std::size_t i = 0; i < configs.size(); ++i) all.push_back({shape, context, configs[i], measured(i)});
    return all;
  }

  double measured_of(const Config& c) const {
    return measured(static_cast<std::size_t>(std::find(configs.begin(), configs.end(), c) - configs.begin()));
  }

  Config favourite(const CostModel& model) const {
    const std::vector<Estimate> e = by(model);
    const auto best =
        std::min_element(e.begin(), e.end(), [](const Estimate& a, const Estimate& b) { return a.cycles < b.cycles; });
    return configs[static_cast<std::size_t>(best - e.begin())];
  }
};

}  // namespace

TEST_CASE("the corrected model chooses better in a group that nothing is known of") {
  const Bench known(64, 16), asked(96, 12);
  const CorrectedModel corrected(known.results(), known.target);
  const Config before = asked.favourite(**make_cost_model("analytical")), after = asked.favourite(corrected);
  CHECK(before[Knob::buf_in] > 1);
  CHECK(after[Knob::buf_in] == 1);
  CHECK(asked.measured_of(after) < asked.measured_of(before));
}

TEST_CASE("a group that is off as a whole, or not measured, corrects nothing") {
  const Bench b(64, 16);
  std::vector<GroupResult> scaled = b.results(), useless = b.results();
  for (std::size_t i = 0; i < scaled.size(); ++i) scaled[i].cycles = 3 * b.analytical[i].cycles;
  for (GroupResult& r : useless) r.cycles = 0;
  for (const auto& results : {scaled, useless, std::vector<GroupResult>{}}) {
    const CorrectedModel model(results, b.target);
    std::vector<Estimate> e(b.configs.size());
    model.estimate(b.query(), b.configs, e);
    for (std::size_t i = 0; i < e.size(); ++i) CHECK(e[i].cycles == doctest::Approx(b.analytical[i].cycles));
  }
}

TEST_CASE("the analytical model's best is left only where the correction expects something of it") {
  const Bench b(64, 16);
  const auto analytical = *best_by_model(**make_cost_model("analytical"), b.query());
  const auto better = [&](const std::vector<GroupResult>& results) {
    return CorrectedModel(results, b.target).surely_better(analytical, b.query());
  };
  CHECK(better({}).config == analytical.config);
  const BestByModel best = better(b.results());
  CHECK(best.config[Knob::buf_in] == 1);
  CHECK(best.estimate.cycles >= analytical.estimate.cycles);
}

TEST_CASE("what the evidence is unsure of leaves the analytical model's best alone") {
  const Bench b(64, 16);
  std::vector<GroupResult> results = b.results();
  for (std::size_t i = 0; i < results.size(); ++i)  // as often twice as slow as twice as fast, whatever is chosen
    results[i].cycles = b.analytical[i].cycles * (i * 2654435761u % 97 < 48 ? 2 : 0.5);
  const auto analytical = *best_by_model(**make_cost_model("analytical"), b.query());
  const CorrectedModel model(results, b.target);
  CHECK(model.surely_better(analytical, b.query()).config == analytical.config);
}
