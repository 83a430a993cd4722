// What the results of other networks are worth, on recorded spaces: every group is asked with all networks left out
// that it is a member of.
#pragma once

#include <vector>

#include "core/target/target.hpp"
#include "experiments/search/recorded_space.hpp"

namespace ares {

/// What a group may take unmeasured, and how its search begins, by what other networks' results correct.
struct Transferred {
  RecordedSpace space;     ///< with the corrected predictions (cost_models/corrected.hpp)
  CandidateId choice = 0;  ///< the near lookup's: what is surely better than the model's best, or that
};

/// Of each space.
std::vector<Transferred> by_others(const std::vector<RecordedSpace>& spaces, const Target& target);

/// A row for each network: what full tuning gains over the model's best configs, and how much of that near lookups
/// reach unmeasured.
void print_transfer(const std::vector<RecordedSpace>& spaces, const std::vector<Transferred>& transferred);

}  // namespace ares
