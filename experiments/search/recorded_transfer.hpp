// What the results of other networks are worth, on recorded spaces: every group is asked with all networks left out
// that it is a member of.
#pragma once

#include <vector>

#include "core/target/target.hpp"
#include "experiments/search/recorded_space.hpp"

namespace ares {

/// The spaces with the predictions of the model that other networks' results correct (cost_models/corrected.hpp).
std::vector<RecordedSpace> corrected_by_others(const std::vector<RecordedSpace>& spaces, const Target& target);

/// A row for each network: what full tuning gains over the model's best configs, and how much of that the corrected
/// model's favourites reach unmeasured.
void print_transfer(const std::vector<RecordedSpace>& spaces, const std::vector<RecordedSpace>& corrected);

}  // namespace ares
