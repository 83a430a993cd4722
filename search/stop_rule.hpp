// Stop rules: small predicates that compose. The tuner asks a group's rules after each of its rounds (one that fires
// settles the group) and the run's rules before each round (one that fires ends the run and settles nothing).
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace ares {

enum class StopReason : uint8_t {
  exhausted,     ///< every feasible config was measured
  within_bound,  ///< so near to the lower bound that nothing is left to gain
  no_gain,       ///< several rounds in a row improved nothing
  max_iter,      ///< the measurements allowed per group are used up
  wall_clock,    ///< budget of the run
  max_evals,     ///< budget of the run
  target,        ///< the network is as fast as was asked for
  interrupted,   ///< SIGINT or SIGTERM
};

std::string_view name_of(StopReason r);

/// What rules may look at. A group's figures include those of earlier runs, the run's figures do not.
struct StopStatus {
  std::size_t left = 0;         ///< candidates of the group that were never measured
  std::size_t evaluations = 0;  ///< of the group
  int rounds_without_gain = 0;
  double best_cycles = std::numeric_limits<double>::infinity();
  double lower_bound = 0;
  std::size_t run_evaluations = 0;
  double network_cycles = std::numeric_limits<double>::infinity();  ///< sum of the groups' best
};

using StopRule = std::function<std::optional<StopReason>(const StopStatus&)>;

/// The reason of the first rule that fires.
std::optional<StopReason> first_fired(std::span<const StopRule> rules, const StopStatus& status);

// Rules of a group.
StopRule when_exhausted();
StopRule when_within_bound(double fraction);  ///< best <= lower bound * (1 + fraction)
StopRule when_no_gain(int rounds);
StopRule when_max_iter(std::size_t evaluations);

// Rules of a run.
StopRule when_past(std::chrono::steady_clock::time_point deadline);
StopRule when_max_evals(std::size_t evaluations);
StopRule when_network_within(double cycles);               ///< network_cycles <= cycles
StopRule when_interrupted(const std::atomic<bool>& flag);  ///< the flag outlives the rule

}  // namespace ares
