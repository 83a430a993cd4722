// Arena packing: offsets for blocks that are alive over intervals of steps, so that no two living blocks overlap.
#pragma once

#include <cstdint>
#include <vector>

namespace ares {

/// Alive from step `first` to step `last`, both included.
struct ArenaBlock {
  uint32_t bytes = 0;
  int first = 0, last = 0;
  uint32_t offset = 0;  ///< the result, a multiple of 16
};

struct ArenaSize {
  uint32_t bytes = 0;        ///< of the packed arena
  uint32_t lower_bound = 0;  ///< the largest sum of living blocks at one step
};

/// Best of two greedy orders (by size; by lifetime, then size), each block at the lowest free offset.
ArenaSize pack_arena(std::vector<ArenaBlock>& blocks);

}  // namespace ares
