// Ties: where an output lies exactly halfway between two steps, and how its form can tell. README.md has the proofs.
#pragma once

#include <span>

#include "core/arithmetic/channel.hpp"

namespace ares::detail {

/// Decides the rounding of a layer of exact policy, of which everything else is made: sets `rounding`, `tie_width` and,
/// with it, adds half of it to B; where that makes every output exactly rounded, the deviation becomes 0. False where
/// some tie can be reached that this form cannot tell.
bool decide_rounding(std::span<const Channel> channels, Requant& r);

}  // namespace ares::detail
