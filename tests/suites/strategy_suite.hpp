// What search/strategy.hpp promises, asked of any strategy: of those in the registry, and of yours before it is there.
//
//   const Findings found = check_strategy([](const Candidates& c, uint64_t seed) { return make_mine(c, seed); });
//   std::cout << found.text();     // nothing: it keeps the contract
//
// The spaces are made up and small, so the whole takes a moment; now and then a measurement fails.
#pragma once

#include <functional>
#include <memory>

#include "search/strategy.hpp"
#include "tests/suites/findings.hpp"

namespace ares::conformance {

using StrategyMaker = std::function<std::unique_ptr<Strategy>(const Candidates&, uint64_t seed)>;

Findings check_strategy(const StrategyMaker& make);

/// A space of rows x columns x 4 configs (tile_h, tile_w, kernel), of which those with tile_h + tile_w <= capacity are
/// candidates; large tiles are predicted to be fast.
Candidates made_up_candidates(int capacity, uint16_t rows = 12, uint16_t columns = 9);

/// What measuring a candidate gives: not quite what was predicted, and for every 17th a failure.
double made_up_cycles(const Candidates& c, CandidateId id);

/// Asks with these batch sizes in turn, and tells, until the strategy has nothing left, more than `most` were proposed,
/// or it proposes more than there is.
std::vector<CandidateId> drive(const Candidates& c, Strategy& strategy, const std::vector<std::size_t>& batches,
                               std::size_t most = SIZE_MAX);

/// All candidates, ascending.
std::vector<CandidateId> everything(const Candidates& c);

}  // namespace ares::conformance
