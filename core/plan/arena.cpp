#include "core/plan/arena.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>

#include "core/plan/arena_search.hpp"

namespace ares {
namespace {

constexpr size_t most_moves = 256;

/// Of attempts at packing so many blocks: fewer where each takes longer.
size_t fewer(size_t attempts, size_t blocks) {
  constexpr size_t small = 32;
  return attempts * small / std::max(small, blocks);
}

using Order = std::vector<size_t>;

uint32_t aligned(uint32_t n) { return (n + 15u) & ~15u; }

bool overlap_in_time(const ArenaBlock& a, const ArenaBlock& b) { return a.first <= b.last && b.first <= a.last; }

/// The lowest offset at which block `i` touches no block placed before it that lives at the same time.
uint32_t lowest_fit(const std::vector<ArenaBlock>& blocks, std::span<const size_t> placed, size_t i) {
  std::vector<const ArenaBlock*> neighbours;
  for (const size_t p : placed)
    if (overlap_in_time(blocks[p], blocks[i])) neighbours.push_back(&blocks[p]);
  std::sort(neighbours.begin(), neighbours.end(), [](const auto* a, const auto* b) { return a->offset < b->offset; });
  uint32_t at = 0;
  for (const ArenaBlock* n : neighbours) {
    if (at + blocks[i].bytes <= n->offset) break;
    at = std::max(at, n->offset + n->bytes);
  }
  return at;
}

uint32_t place(std::vector<ArenaBlock>& blocks, const Order& order) {
  uint32_t top = 0;
  for (size_t n = 0; n < order.size(); ++n) {
    ArenaBlock& b = blocks[order[n]];
    b.offset = lowest_fit(blocks, std::span(order).first(n), order[n]);
    top = std::max(top, b.offset + b.bytes);
  }
  return top;
}

/// Packings tried, and the best of them.
class Packing {
 public:
  Packing(const std::vector<ArenaBlock>& blocks, uint32_t lower_bound)
      : blocks_(blocks), best_(blocks), bytes_(UINT32_MAX), lower_bound_(lower_bound) {}

  bool done() const { return bytes_ == lower_bound_; }
  uint32_t bytes() const { return bytes_; }
  const std::vector<ArenaBlock>& blocks() const { return best_; }

  void greedy(const std::function<bool(const ArenaBlock&, const ArenaBlock&)>& before) {
    if (done()) return;
    Order order(blocks_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return before(blocks_[a], blocks_[b]); });
    attempt(order);
  }

  /// Places the highest block earlier, again and again: first of all, or in front of a neighbour that lies below it.
  void move_highest() {
    uint32_t random = 1;
    for (size_t n = 0; n < fewer(most_moves, blocks_.size()) && !done(); ++n) {
      Order order = order_;
      const auto highest = std::max_element(order.begin(), order.end(), [&](size_t a, size_t b) {
        return best_[a].offset + best_[a].bytes < best_[b].offset + best_[b].bytes;
      });
      const auto place = static_cast<size_t>(highest - order.begin());
      if (place == 0) return;
      random = random * 1664525u + 1013904223u;
      std::rotate(order.begin() + static_cast<std::ptrdiff_t>((random >> 8) % place), highest, highest + 1);
      attempt(order);
    }
  }

 private:
  /// As good as the best counts as better: so moves wander.
  void attempt(const Order& order) {
    const uint32_t bytes = place(blocks_, order);
    if (bytes > bytes_) return;
    bytes_ = bytes;
    best_ = blocks_;
    order_ = order;
  }

  std::vector<ArenaBlock> blocks_, best_;
  uint32_t bytes_, lower_bound_;
  Order order_;
};

ArenaSize pack(std::vector<ArenaBlock>& blocks, uint32_t lower_bound, size_t nodes) {
  const auto life = [](const ArenaBlock& b) { return b.last - b.first + 1; };
  const auto area = [&](const ArenaBlock& b) { return uint64_t{b.bytes} * static_cast<uint64_t>(life(b)); };
  Packing p(blocks, lower_bound);
  p.greedy([](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  p.greedy([&](const auto& a, const auto& b) { return life(a) != life(b) ? life(a) > life(b) : a.bytes > b.bytes; });
  p.greedy([&](const auto& a, const auto& b) { return area(a) > area(b); });
  p.greedy([](const auto& a, const auto& b) { return a.first != b.first ? a.first < b.first : a.bytes > b.bytes; });
  p.greedy([](const auto& a, const auto& b) { return a.last != b.last ? a.last > b.last : a.bytes > b.bytes; });
  p.move_highest();
  blocks = p.blocks();
  const ArenaSize known{p.bytes(), lower_bound};
  return p.done() ? known : search_arena(blocks, known, fewer(nodes, blocks.size()));
}

uint32_t most_alive(const std::vector<ArenaBlock>& blocks) {
  uint32_t most = 0;
  for (const ArenaBlock& at : blocks) {
    uint32_t alive = 0;
    for (const ArenaBlock& b : blocks)
      if (b.first <= at.first && at.first <= b.last) alive += b.bytes;
    most = std::max(most, alive);
  }
  return most;
}

}  // namespace

ArenaSize pack_arena(std::vector<ArenaBlock>& blocks, size_t nodes) {
  std::vector<ArenaBlock> filled;  // whole multiples of 16, so that offsets are, too
  for (ArenaBlock& b : blocks) {
    b.offset = 0;
    if (b.bytes > 0) filled.push_back({aligned(b.bytes), b.first, b.last, 0});
  }
  if (filled.empty()) return {};
  const ArenaSize size = pack(filled, most_alive(filled), nodes);
  auto next = filled.begin();
  for (ArenaBlock& b : blocks)
    if (b.bytes > 0) b.offset = (next++)->offset;
  return size;
}

}  // namespace ares
