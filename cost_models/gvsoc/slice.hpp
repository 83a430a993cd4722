// Groups that take too long on the simulator are measured over a part of their tiles and scaled.
#pragma once

#include "core/base/result.hpp"
#include "core/group/config.hpp"
#include "cost_models/cost_model.hpp"

namespace ares::gvsoc {

/// Estimated cycles up to which a group is simulated whole: half a second of simulation (5.7 M cycles/s, two runs).
inline constexpr double most_cycles = 3e6;

struct Slice {
  GroupShape shape;  ///< the group with as many rows, tokens or channels as whole tiles are affordable
  double scale = 1;  ///< cycles of the group per cycle of the slice, by the event simulator; 1: the group itself
};

/// Fails where the group is too long and has no part that is not.
Result<Slice> slice_for(const Query& query, const Config& config);

}  // namespace ares::gvsoc
