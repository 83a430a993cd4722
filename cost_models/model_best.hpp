// The best config of a group by a cost model, unmeasured.
#pragma once

#include <optional>

#include "cost_models/cost_model.hpp"

namespace ares {

struct BestByModel {
  Config config;
  Estimate estimate;
};

/// The best of all feasible configs; of equals the first. Nothing: not even the smallest tile fits.
std::optional<BestByModel> best_by_model(const CostModel& model, const Query& query);

}  // namespace ares
