// Coordinate descent over a group's knobs: the config of a fused group, whose space is not tuned by itself.
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "cost_models/cost_model.hpp"

namespace ares {

/// A config and its cycles by the model that scored it.
struct ScoredConfig {
  Config config;
  double cycles = 0;
};

/// From each start (fitted to the space; the rule is one more) one knob after the other is set to its best value until
/// none gains. The best of all, of equals the first; nothing: no config is feasible. The same on any number of threads.
std::optional<ScoredConfig> descend(const CostModel& model, const Query& query, const std::vector<Config>& starts,
                                    const std::atomic<bool>& stop);

}  // namespace ares
