// The analytical model, corrected by what was measured: a linear regression of log(measured / analytical) on the parts
// of the analytical estimate.
#pragma once

#include <memory>
#include <span>

#include "cost_models/cost_model.hpp"

namespace ares {

/// One measurement to learn from, all of them on one target and by one source.
struct LearnedFrom {
  GroupShape shape;
  Context context;
  Config config;
  double cycles = 0;
};

/// Ridge regression: without samples, or far from all of them, this is the analytical model. A family of operators with
/// enough samples of its own has its own correction.
std::shared_ptr<const CostModel> make_learned_model(std::span<const LearnedFrom> samples, const Target& target);

}  // namespace ares
