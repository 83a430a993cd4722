#include "core/plan/arena.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

namespace ares {
namespace {

uint32_t aligned(uint32_t n) { return (n + 15u) & ~15u; }

bool overlap_in_time(const ArenaBlock& a, const ArenaBlock& b) { return a.first <= b.last && b.first <= a.last; }

/// The lowest offset at which block `i` touches no placed block that lives at the same time.
uint32_t lowest_fit(const std::vector<ArenaBlock>& blocks, const std::vector<size_t>& placed, size_t i) {
  std::vector<const ArenaBlock*> neighbours;
  for (const size_t p : placed)
    if (overlap_in_time(blocks[p], blocks[i])) neighbours.push_back(&blocks[p]);
  std::sort(neighbours.begin(), neighbours.end(), [](const auto* a, const auto* b) { return a->offset < b->offset; });
  uint32_t at = 0;
  for (const ArenaBlock* n : neighbours) {
    if (at + blocks[i].bytes <= n->offset) break;
    at = std::max(at, aligned(n->offset + n->bytes));
  }
  return at;
}

uint32_t place(std::vector<ArenaBlock>& blocks,
               const std::function<bool(const ArenaBlock&, const ArenaBlock&)>& before) {
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return before(blocks[a], blocks[b]); });
  std::vector<size_t> placed;
  uint32_t top = 0;
  for (const size_t i : order) {
    blocks[i].offset = lowest_fit(blocks, placed, i);
    top = std::max(top, aligned(blocks[i].offset + blocks[i].bytes));
    placed.push_back(i);
  }
  return top;
}

}  // namespace

ArenaSize pack_arena(std::vector<ArenaBlock>& blocks) {
  ArenaSize size;
  for (const ArenaBlock& at : blocks) {
    uint32_t alive = 0;
    for (const ArenaBlock& b : blocks)
      if (b.first <= at.first && at.first <= b.last) alive += aligned(b.bytes);
    size.lower_bound = std::max(size.lower_bound, alive);
  }
  std::vector<ArenaBlock> by_lifetime = blocks;
  size.bytes = place(blocks, [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  const uint32_t other = place(by_lifetime, [](const auto& a, const auto& b) {
    const int la = a.last - a.first, lb = b.last - b.first;
    return la != lb ? la > lb : a.bytes > b.bytes;
  });
  if (other < size.bytes) {
    blocks = by_lifetime;
    size.bytes = other;
  }
  return size;
}

}  // namespace ares
