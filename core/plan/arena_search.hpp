// The exact part of arena packing.
#pragma once

#include <cstddef>
#include <vector>

#include "core/plan/arena.hpp"

namespace ares {

/// Looks for packings smaller than `known`, the size of the one that `blocks` hold; sizes are multiples of 16 and above
/// 0. Ends early when one of `lower_bound` bytes is found or after `nodes` partial packings. `blocks` hold the best.
///
/// In a packing that cannot be pushed down each block rests on the highest of the blocks below it that live at the same
/// time, or on the ground. So taking blocks by rising offset, each at the height of what is packed under it, meets all
/// of them.
ArenaSize search_arena(std::vector<ArenaBlock>& blocks, ArenaSize known, size_t nodes);

}  // namespace ares
