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

  /// A machine on which everything takes half as long again, and second copies of the input another third.
  double measured(std::size_t i) const { return analytical[i].cycles * (configs[i][Knob::buf_in] > 1 ? 2 : 1.5); }

  std::vector<LearnedFrom> results() const {
    std::vector<LearnedFrom> all;
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
  const auto corrected = make_corrected_model(known.results(), known.target);
  const Config before = asked.favourite(**make_cost_model("analytical")), after = asked.favourite(*corrected);
  CHECK(before[Knob::buf_in] > 1);
  CHECK(after[Knob::buf_in] == 1);
  CHECK(asked.measured_of(after) < asked.measured_of(before));
}

TEST_CASE("a group that is off as a whole, or not measured, corrects nothing") {
  const Bench b(64, 16);
  std::vector<LearnedFrom> scaled = b.results(), useless = b.results();
  for (std::size_t i = 0; i < scaled.size(); ++i) scaled[i].cycles = 3 * b.analytical[i].cycles;
  for (LearnedFrom& r : useless) r.cycles = 0;
  for (const auto& results : {scaled, useless, std::vector<LearnedFrom>{}}) {
    const auto model = make_corrected_model(results, b.target);
    std::vector<Estimate> e(b.configs.size());
    model->estimate(b.query(), b.configs, e);
    for (std::size_t i = 0; i < e.size(); ++i) CHECK(e[i].cycles == doctest::Approx(b.analytical[i].cycles));
  }
}

TEST_CASE("the analytical model's best is left only where the correction expects something of it") {
  const Bench b(64, 16);
  const auto analytical = *best_by_model(**make_cost_model("analytical"), b.query());
  const auto better = [&](const std::vector<LearnedFrom>& results) {
    const auto model = make_corrected_model(results, b.target);
    return better_by_correction(*model, *best_by_model(*model, b.query()), analytical, b.query());
  };
  CHECK(better({}).config == analytical.config);
  const BestByModel best = better(b.results());
  CHECK(best.config[Knob::buf_in] == 1);
  CHECK(best.estimate.cycles >= analytical.estimate.cycles);
}
