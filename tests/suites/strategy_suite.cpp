#include "tests/suites/strategy_suite.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace ares::conformance {
namespace {

KnobRange one_to(uint16_t most, Knob knob) {
  KnobRange range{knob, {}};
  for (uint16_t v = 1; v <= most; ++v) range.values.push_back(v);
  return range;
}

std::vector<Trial> results(const Candidates& c, const std::vector<CandidateId>& ids) {
  std::vector<Trial> trials;
  for (const CandidateId id : ids) trials.push_back({id, made_up_cycles(c, id)});
  return trials;
}

std::vector<CandidateId> sorted(std::vector<CandidateId> ids) {
  std::sort(ids.begin(), ids.end());
  return ids;
}

bool has(const std::vector<CandidateId>& ids, CandidateId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

void append(std::vector<CandidateId>& all, const std::vector<CandidateId>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

using Batches = std::vector<std::size_t>;

void check_enumeration(const StrategyMaker& make, const Candidates& c, const std::string& space, Findings& found) {
  for (const Batches& batches : {Batches{1}, Batches{7}, Batches{256}, Batches{3, 50, 1}}) {
    const std::string where = fmt::format("{} of {} candidates, batches of {}", space, c.size(), batches);
    const auto strategy = make(c, 1);
    const auto all = drive(c, *strategy, batches);
    found.expect(sorted(all) == everything(c), "every candidate is proposed, and none twice", where);
    found.expect(strategy->ask(4).empty(), "what is exhausted stays so: ask() gives nothing", where);
    const auto again = make(c, 1);
    found.expect(drive(c, *again, batches) == all, "the same seed, the same proposals", where);
  }
}

void check_batch_size(const StrategyMaker& make, Findings& found) {
  const Candidates c = made_up_candidates(15);
  const auto strategy = make(c, 6);
  for (const std::size_t count : {1, 2, 5, 33, 4}) {
    const auto proposals = strategy->ask(count);
    found.expect(proposals.size() <= count, "ask(n) gives at most n",
                 fmt::format("{} for {}", proposals.size(), count));
    strategy->tell(results(c, proposals));
  }
}

/// What is told before the first ask, and between two, is not proposed.
void check_known_results(const StrategyMaker& make, Findings& found) {
  const Candidates c = made_up_candidates(15);
  std::vector<CandidateId> known = everything(c);
  std::shuffle(known.begin(), known.end(), std::mt19937(3));
  known.resize(c.size() / 3);
  const std::vector<CandidateId> early(known.begin(), known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2));

  const auto strategy = make(c, 2);
  strategy->tell(results(c, early));
  std::vector<CandidateId> all = drive(c, *strategy, {5}, 20);
  std::vector<CandidateId> late;
  for (const CandidateId id : known)
    if (!has(all, id) && !has(early, id)) late.push_back(id);
  strategy->tell(results(c, late));
  const auto rest = drive(c, *strategy, {11});
  append(all, rest);
  const auto was_told = [&](CandidateId id) { return has(early, id) || (has(rest, id) && has(late, id)); };
  found.expect(std::none_of(all.begin(), all.end(), was_told), "what was told is not proposed");
  append(all, early);
  append(all, late);
  found.expect(sorted(all) == everything(c), "what was told and what was proposed is everything, once");
}

void check_continuation(const StrategyMaker& make, Findings& found) {
  const Candidates c = made_up_candidates(21);
  const auto strategy = make(c, 9);
  std::vector<CandidateId> all = drive(c, *strategy, {16}, 64);
  const auto resumed = make(c, 9);
  resumed->tell(results(c, all));
  append(all, drive(c, *resumed, {16}));
  found.expect(sorted(all) == everything(c), "told of the trials of an old one, a new strategy goes on from there");
}

void check_all_told(const StrategyMaker& make, Findings& found) {
  const Candidates c = made_up_candidates(9);
  const auto strategy = make(c, 4);
  strategy->tell(results(c, everything(c)));
  found.expect(strategy->ask(10).empty(), "ask() gives nothing when everything has been told");
}

void check_failures(const StrategyMaker& make, Findings& found) {
  const Candidates c = made_up_candidates(9);
  const auto strategy = make(c, 5);
  std::vector<CandidateId> all;
  for (auto proposals = strategy->ask(3); !proposals.empty() && all.size() <= c.size(); proposals = strategy->ask(3)) {
    std::vector<Trial> failed;
    for (const CandidateId id : proposals) failed.push_back({id, std::numeric_limits<double>::infinity()});
    strategy->tell(failed);
    append(all, proposals);
  }
  found.expect(sorted(all) == everything(c), "goes on to the end where every measurement fails");
}

}  // namespace

Candidates made_up_candidates(int capacity, uint16_t rows, uint16_t columns) {
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

double made_up_cycles(const Candidates& c, CandidateId id) {
  if (id % 17 == 5) return std::numeric_limits<double>::infinity();
  const Config config = c.config(id);
  return c.predicted[id] * (1 + 0.1 * config[Knob::kernel]) + std::fabs(config[Knob::tile_h] - 5.0);
}

std::vector<CandidateId> everything(const Candidates& c) {
  std::vector<CandidateId> ids(c.size());
  std::iota(ids.begin(), ids.end(), CandidateId{0});
  return ids;
}

std::vector<CandidateId> drive(const Candidates& c, Strategy& strategy, const std::vector<std::size_t>& batches,
                               std::size_t most) {
  std::vector<CandidateId> all;
  for (std::size_t round = 0; all.size() < std::min(most, c.size() + 1); ++round) {
    const auto proposals = strategy.ask(batches[round % batches.size()]);
    if (proposals.empty()) break;
    append(all, proposals);
    if (std::any_of(proposals.begin(), proposals.end(), [&](CandidateId id) { return id >= c.size(); })) break;
    strategy.tell(results(c, proposals));
  }
  return all;
}

Findings check_strategy(const StrategyMaker& make) {
  Findings found;
  for (const int capacity : {2, 4, 9, 21})
    check_enumeration(make, made_up_candidates(capacity), fmt::format("capacity {},", capacity), found);
  Candidates constant = made_up_candidates(12);
  std::fill(constant.predicted.begin(), constant.predicted.end(), 1.0F);
  rank(constant);
  check_enumeration(make, constant, "a model that says the same of everything,", found);
  check_batch_size(make, found);
  check_known_results(make, found);
  check_continuation(make, found);
  check_all_told(make, found);
  check_failures(make, found);
  return found;
}

}  // namespace ares::conformance
