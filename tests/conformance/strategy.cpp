// The suite of tests/suites over every registered strategy, and what single ones promise beyond it.
#include "search/strategy.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>

#include "search/strategies/registry.hpp"
#include "tests/suites/strategy_suite.hpp"

using namespace ares;
using namespace ares::conformance;

namespace {

/// Keeps no promise: proposes the favourite for ever.
class Stubborn final : public Strategy {
 public:
  explicit Stubborn(const Candidates& c) : favourite_(c.order.front()) {}
  std::vector<CandidateId> ask(std::size_t) override { return {favourite_}; }
  void tell(std::span<const Trial>) override {}

 private:
  CandidateId favourite_;
};

}  // namespace

TEST_CASE("every strategy keeps the contract") {
  for (const StrategyInfo& info : strategies()) {
    CAPTURE(info.name);
    CHECK_FALSE(info.summary.empty());
    const Findings found = check_strategy(
        [&](const Candidates& c, uint64_t seed) { return std::move(*make_strategy(info.name, c, seed)); });
    CHECK_MESSAGE(found.empty(), found.text());
  }
}

TEST_CASE("the suite finds what a strategy does not keep") {
  const Findings found = check_strategy(
      [](const Candidates& c, uint64_t) -> std::unique_ptr<Strategy> { return std::make_unique<Stubborn>(c); });
  CHECK(found.text().find("none twice") != std::string::npos);
  CHECK(found.text().find("exhausted") != std::string::npos);
  CHECK(found.text().find("when everything has been told") != std::string::npos);
}

TEST_CASE("grid goes in the order of the model") {
  const Candidates c = made_up_candidates(15);
  const auto grid = make_grid(c, 0);
  CHECK(drive(c, *grid, {13}) == c.order);
}

TEST_CASE("random depends on its seed and not on the model") {
  Candidates c = made_up_candidates(15);
  const auto one = drive(c, *make_random(c, 1), {13});
  CHECK(one != drive(c, *make_random(c, 2), {13}));
  for (float& p : c.predicted) p = 1000.0F - p;
  rank(c);
  CHECK(one == drive(c, *make_random(c, 1), {13}));
}

TEST_CASE("auto finds the optimum of a smooth space long before it has seen all of it") {
  Candidates c = made_up_candidates(80, 48, 40);
  for (std::size_t i = 0; i < c.size(); ++i) c.predicted[i] = static_cast<float>(i);  // the model knows nothing
  const auto distance = [&](CandidateId id) {
    const Config config = c.config(id);
    return std::fabs(config[Knob::tile_h] - 33.0) + std::fabs(config[Knob::tile_w] - 27.0) +
           std::fabs(config[Knob::kernel] - 2.0);
  };
  rank(c);
  const auto strategy = make_auto(c, 5);
  std::size_t asked = 0;
  double best = 1e9;
  while (best > 0) {
    const auto proposals = strategy->ask(8);
    REQUIRE_FALSE(proposals.empty());
    std::vector<Trial> trials;
    for (const CandidateId id : proposals) {
      trials.push_back({id, distance(id)});
      best = std::min(best, trials.back().cycles);
    }
    strategy->tell(trials);
    asked += proposals.size();
  }
  CHECK(asked < c.size() / 4);
}

TEST_CASE("without results the guided strategies begin with the model's favourite") {
  const Candidates c = made_up_candidates(15);
  for (const char* name : {"auto", "bayesian", "evolutionary"}) {
    CAPTURE(name);
    CHECK((*make_strategy(name, c, 3))->ask(1) == std::vector<CandidateId>{c.order.front()});
  }
}

TEST_CASE("a model that says the same of everything: bayesian learns from results, in a small part of the space") {
  Candidates c = made_up_candidates(80, 48, 40);
  std::fill(c.predicted.begin(), c.predicted.end(), 1.0F);
  rank(c);
  const auto cycles = [&](CandidateId id) {
    const Config config = c.config(id);
    return 1000 + 40 * std::pow(std::log2(config[Knob::tile_h] / 20.0), 2) +
           30 * std::pow(std::log2(config[Knob::tile_w] / 10.0), 2) + 20 * config[Knob::kernel];
  };
  double optimum = 1e9;
  for (const CandidateId id : everything(c)) optimum = std::min(optimum, cycles(id));
  for (const uint64_t seed : {1, 2, 3, 4}) {
    CAPTURE(seed);
    const auto strategy = make_bayesian(c, seed);
    std::size_t asked = 0;
    for (double best = 1e9; best > optimum * 1.001; ++asked) {
      const auto proposals = strategy->ask(1);
      REQUIRE(proposals.size() == 1);
      best = std::min(best, cycles(proposals[0]));
      const Trial t{proposals[0], cycles(proposals[0])};
      strategy->tell({&t, 1});
      REQUIRE(asked < 100);  // of more than 7,000
    }
  }
}

/// Of 60 proposals, those that fail.
int failures(const Candidates& c, const std::string& name, const std::function<bool(CandidateId)>& fails) {
  const auto strategy = *make_strategy(name, c, 1);
  int failed = 0;
  for (int round = 0; round < 60; ++round) {
    const auto proposals = strategy->ask(1);
    REQUIRE(proposals.size() == 1);
    const bool in_vain = fails(proposals[0]);
    failed += in_vain;
    const Trial t{proposals[0], in_vain ? std::numeric_limits<double>::infinity() : c.predicted[proposals[0]]};
    strategy->tell({&t, 1});
  }
  return failed;
}

TEST_CASE("where the model's favourites cannot be measured, the guided strategies go elsewhere") {
  Candidates c = made_up_candidates(80, 48, 40);
  const auto rows = [&](CandidateId id) { return static_cast<float>(c.config(id)[Knob::tile_h]); };
  for (const char* name : {"auto", "bayesian"}) {
    CAPTURE(name);
    const auto one_kernel = [&](CandidateId id) { return c.config(id)[Knob::kernel] == 4; };
    for (CandidateId id = 0; id < c.size(); ++id) c.predicted[id] = (one_kernel(id) ? 2000.0F : 3000.0F) - 5 * rows(id);
    rank(c);
    CHECK(failures(c, name, one_kernel) < 20);

    for (CandidateId id = 0; id < c.size(); ++id) c.predicted[id] = 9000 / rows(id) + c.config(id)[Knob::kernel];
    rank(c);
    CHECK(failures(c, name, [&](CandidateId id) { return rows(id) > 12; }) < 20);  // of 48, and it likes the largest
    for (CandidateId id = 0; id < c.size(); ++id) c.predicted[id] = 100 * rows(id) + c.config(id)[Knob::kernel];
    rank(c);
    CHECK(failures(c, name, [&](CandidateId id) { return rows(id) < 20; }) < 20);  // and here the smallest
  }
}

TEST_CASE("an unknown strategy names those that exist") {
  const Candidates c = made_up_candidates(4);
  const auto unknown = make_strategy("psychic", c, 0);
  REQUIRE_FALSE(unknown);
  for (const StrategyInfo& info : strategies()) CHECK(unknown.error().what.find(info.name) != std::string::npos);
}
