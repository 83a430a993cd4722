// Strategy: decides which configs of a group are worth measuring, and in which order. Ask and tell:
//
//   1. make_strategy(name, candidates, seed). The candidates outlive the strategy.
//   2. tell() what is known already, as often as there is something: results of an earlier run, the rule, the model's
//      best, what the knowledge base offered. Such candidates are never proposed.
//   3. ask(n) returns up to n candidates to measure. Then tell() once with the results of exactly these, in the order
//   in
//      which they were proposed, failures included, before the next ask. Fewer than n is no signal; none at all means
//      that every candidate has been told: the space is exhausted, and stays so.
//
// A strategy proposes feasible candidates only and none twice, so one that is let run measures each candidate exactly
// once. Proposals depend on candidates, seed, the sizes asked for and what was told: never on time, threads or
// addresses. It keeps no opinion on when to stop: see stop_rule.hpp. tests/conformance/strategy.cpp is the suite that
// every strategy must pass; README.md has the recipe for adding one.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "search/candidates.hpp"

namespace ares {

/// The result of measuring one candidate.
struct Trial {
  CandidateId candidate = 0;
  double cycles = std::numeric_limits<double>::infinity();  ///< infinity: the measurement failed

  friend bool operator==(const Trial&, const Trial&) = default;
};

class Strategy {
 public:
  virtual ~Strategy() = default;

  /// Up to `count` (at least 1) candidates to measure next; empty: all have been told.
  virtual std::vector<CandidateId> ask(std::size_t count) = 0;

  virtual void tell(std::span<const Trial> trials) = 0;
};

/// Names that --strategy knows, each with one line for people.
struct StrategyInfo {
  std::string name, summary;
};
std::vector<StrategyInfo> strategies();

/// The strategy of that name, or an error that lists the names.
Result<std::unique_ptr<Strategy>> make_strategy(const std::string& name, const Candidates& candidates, uint64_t seed);

}  // namespace ares
