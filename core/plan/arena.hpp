// Arena packing: offsets for blocks that are alive over intervals of steps, so that no two living blocks overlap.
#pragma once

#include <cstddef>
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
  uint32_t bytes = 0;  ///< of the packed arena
  uint32_t lower_bound =
      0;  ///< of any packing: `bytes` where a search found none smaller, else the most alive at a step
};

inline constexpr size_t arena_search_nodes = 4'000;

/// The best of greedy orders and of moves from the best of them, each block at the lowest free offset; then a branch
/// and bound that ends after `nodes` partial packings, so that small networks are packed optimally. Deterministic.
ArenaSize pack_arena(std::vector<ArenaBlock>& blocks, size_t nodes = arena_search_nodes);

}  // namespace ares
