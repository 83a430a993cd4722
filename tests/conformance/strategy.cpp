// What search/strategy.hpp promises, asked of every registered strategy. A strategy of one's own passes when it is in
// the registry, or when check_strategy() is called with its maker.
#include "search/strategy.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>
#include <set>

#include "search/strategies/registry.hpp"

using namespace ares;

namespace {

using Maker = std::function<std::unique_ptr<Strategy>(const Candidates&, uint64_t seed)>;

KnobRange one_to(uint16_t most, Knob knob) {
  KnobRange range{knob, {}};
  for (uint16_t v = 1; v <= most; ++v) range.values.push_back(v);
  return range;
}

/// A space of rows x columns x 4 configs, of which those with tile_h + tile_w <= `capacity` are candidates.
Candidates synthetic(int capacity, uint16_t rows = 12, uint16_t columns = 9) {
  Candidates c;
  c.space.knobs = {one_to(rows, Knob::tile_h), one_to(columns, Knob::tile_w), one_to(4, Knob::kernel)};
  for (uint64_t i = 0; i < c.space.raw_size(); ++i) {
    const Config config = c.space.config(i);
    if (config[Knob::tile_h] + config[Knob::tile_w] > capacity) continue;
    c.indices.push_back(i);
    c.predicted.push_back(1000.0F / static_cast<float>(config[Knob::tile_h] * config[Knob::tile_w]));
  }
  c.census = {c.space.raw_size(), c.indices.size(), {}};
  rank(c);
  return c;
}

/// What measuring a candidate gives: not quite what the model predicts, and now and then a failure.
double measured(const Candidates& c, CandidateId id) {
  if (id % 17 == 5) return std::numeric_limits<double>::infinity();
  const Config config = c.config(id);
  return c.predicted[id] * (1 + 0.1 * config[Knob::kernel]) + std::fabs(config[Knob::tile_h] - 5.0);
}

std::vector<Trial> results(const Candidates& c, const std::vector<CandidateId>& proposals) {
  std::vector<Trial> trials;
  for (const CandidateId id : proposals) trials.push_back({id, measured(c, id)});
  return trials;
}

/// Asks with the given batch sizes in turn until the strategy has nothing left (or `most` proposals were made).
std::vector<CandidateId> drive(const Candidates& c, Strategy& strategy, const std::vector<std::size_t>& batches,
                               std::size_t most = SIZE_MAX) {
  std::vector<CandidateId> all;
  for (std::size_t round = 0; all.size() < most; ++round) {
    const std::size_t count = batches[round % batches.size()];
    const auto proposals = strategy.ask(count);
    CHECK(proposals.size() <= count);
    if (proposals.empty()) break;
    strategy.tell(results(c, proposals));
    all.insert(all.end(), proposals.begin(), proposals.end());
    REQUIRE_MESSAGE(all.size() <= c.size(), "proposes more than there is");
  }
  return all;
}

std::vector<CandidateId> sorted(std::vector<CandidateId> ids) {
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<CandidateId> everything(const Candidates& c) {
  std::vector<CandidateId> ids(c.size());
  std::iota(ids.begin(), ids.end(), CandidateId{0});
  return ids;
}

void check_strategy(const Maker& make) {
  for (const int capacity : {2, 4, 9, 21}) {
    const Candidates c = synthetic(capacity);
    CAPTURE(c.size());
    for (const auto& batches : std::vector<std::vector<std::size_t>>{{1}, {7}, {256}, {3, 50, 1}}) {
      const auto strategy = make(c, 1);
      const auto all = drive(c, *strategy, batches);
      CHECK_MESSAGE(sorted(all) == everything(c), "each candidate is proposed exactly once");
      CHECK_MESSAGE(strategy->ask(4).empty(), "exhausted stays exhausted");

      const auto again = make(c, 1);
      CHECK_MESSAGE(drive(c, *again, batches) == all, "the same seed, the same proposals");
    }
  }
}

void check_known_results(const Maker& make) {
  const Candidates c = synthetic(15);
  std::vector<CandidateId> known = everything(c);
  std::shuffle(known.begin(), known.end(), std::mt19937(3));
  known.resize(c.size() / 3);
  const std::size_t early = known.size() / 2;
  const std::vector<CandidateId> first(known.begin(), known.begin() + static_cast<std::ptrdiff_t>(early));

  const auto strategy = make(c, 2);
  strategy->tell(results(c, first));
  std::vector<CandidateId> all = drive(c, *strategy, {5}, 20);
  std::vector<CandidateId> late;
  for (const CandidateId id : known)
    if (std::find(all.begin(), all.end(), id) == all.end() && std::find(first.begin(), first.end(), id) == first.end())
      late.push_back(id);
  strategy->tell(results(c, late));
  const auto rest = drive(c, *strategy, {11});
  all.insert(all.end(), rest.begin(), rest.end());
  for (const CandidateId id : first) CHECK(std::find(all.begin(), all.end(), id) == all.end());
  for (const CandidateId id : late) CHECK(std::find(rest.begin(), rest.end(), id) == rest.end());
  all.insert(all.end(), first.begin(), first.end());
  all.insert(all.end(), late.begin(), late.end());
  CHECK_MESSAGE(sorted(all) == everything(c), "what was told and what was proposed is everything, once");
}

void check_continuation(const Maker& make) {
  const Candidates c = synthetic(21);
  const auto strategy = make(c, 9);
  const auto begun = drive(c, *strategy, {16}, 64);
  const auto resumed = make(c, 9);
  resumed->tell(results(c, begun));
  std::vector<CandidateId> all = begun;
  const auto rest = drive(c, *resumed, {16});
  all.insert(all.end(), rest.begin(), rest.end());
  CHECK_MESSAGE(sorted(all) == everything(c), "a new strategy, told of the trials of an old one, goes on from there");
}

void check_all_told(const Maker& make) {
  const Candidates c = synthetic(9);
  const auto strategy = make(c, 4);
  strategy->tell(results(c, everything(c)));
  CHECK(strategy->ask(10).empty());
}

}  // namespace

TEST_CASE("every strategy keeps the contract") {
  for (const StrategyInfo& info : strategies()) {
    CAPTURE(info.name);
    CHECK_FALSE(info.summary.empty());
    const Maker make = [&](const Candidates& c, uint64_t seed) {
      return std::move(*make_strategy(info.name, c, seed));
    };
    check_strategy(make);
    check_known_results(make);
    check_continuation(make);
    check_all_told(make);
  }
}

TEST_CASE("grid goes in the order of the model") {
  const Candidates c = synthetic(15);
  const auto grid = make_grid(c, 0);
  CHECK(drive(c, *grid, {13}) == c.order);
}

TEST_CASE("random depends on its seed and not on the model") {
  Candidates c = synthetic(15);
  const auto one = drive(c, *make_random(c, 1), {13});
  CHECK(one != drive(c, *make_random(c, 2), {13}));
  for (float& p : c.predicted) p = 1000.0F - p;
  rank(c);
  CHECK(one == drive(c, *make_random(c, 1), {13}));
}

TEST_CASE("auto finds the optimum of a smooth space long before it has seen all of it") {
  Candidates c = synthetic(80, 48, 40);
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
  const Candidates c = synthetic(15);
  for (const char* name : {"auto", "bayesian", "evolutionary"}) {
    CAPTURE(name);
    CHECK((*make_strategy(name, c, 3))->ask(1) == std::vector<CandidateId>{c.order.front()});
  }
}

TEST_CASE("a model that says the same of everything: bayesian learns from results, in a small part of the space") {
  Candidates c = synthetic(80, 48, 40);
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
  Candidates c = synthetic(80, 48, 40);
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
  const Candidates c = synthetic(4);
  const auto unknown = make_strategy("psychic", c, 0);
  REQUIRE_FALSE(unknown);
  for (const StrategyInfo& info : strategies()) CHECK(unknown.error().what.find(info.name) != std::string::npos);
}
