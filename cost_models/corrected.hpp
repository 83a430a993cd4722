// The analytical model, corrected by what other groups were measured to take: which choices cost more on the machine
// than in the formulas (second copies of buffers, a second tile, a kernel) shows in any group. For groups that nothing
// is known of; it ranks the configs of one group, its cycles are worth no more than the analytical ones.
#pragma once

#include <memory>
#include <span>

#include "cost_models/learned.hpp"
#include "cost_models/model_best.hpp"

namespace ares {

/// Ridge regression of log(measured / analytical) on the choices that a config makes, within each group: by how much a
/// whole group is off says nothing. The fastest results of a group count most. Of all families together, as few groups
/// have been measured where this is of use. Without results of a group in two configs it is the analytical model.
std::shared_ptr<const CostModel> make_corrected_model(std::span<const LearnedFrom> results, const Target& target);

/// What the corrected model has to expect before the analytical model's favourite is left.
inline constexpr double least_expected = 0.01;

/// Of the corrected and the analytical model's best configs of a group: the first where the corrected model expects
/// that of it, else the second. With the analytical estimate.
BestByModel better_by_correction(const CostModel& corrected, const BestByModel& its_best, const BestByModel& analytical,
                                 const Query& query);

}  // namespace ares
