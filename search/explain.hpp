// Why a group runs with the config it has: for ares-tune --explain.
#pragma once

#include <string>

#include "cost_models/cost_model.hpp"

namespace ares {

/// What the cost model says of `chosen`: its parts, the next best configs, the best other value of each knob, and the
/// best config with more or less L1. Several scans of the space: seconds at most.
std::string explain(const std::string& group, const Query& query, const CostModel& model, const Config& chosen);

}  // namespace ares
