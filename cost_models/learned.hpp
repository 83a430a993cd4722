// The analytical model, corrected by what was measured: a linear regression of log(measured / analytical) on the parts
// of the analytical estimate.
#pragma once

#include <memory>
#include <span>

#include "core/group/group_result.hpp"
#include "cost_models/cost_model.hpp"

namespace ares {

/// From results on one target and by one source. Ridge regression: without samples, or far from all of them, this is
/// the analytical model. A family of operators with enough samples of its own has its own correction.
std::shared_ptr<const CostModel> make_learned_model(std::span<const GroupResult> samples, const Target& target);

}  // namespace ares
