// Arena packing against brute force on small instances, and against the two greedy orders it must never lose to.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "core/plan/arena.hpp"
#include "tests/support/synthetic.hpp"

using namespace ares;
using namespace ares::test;

namespace {

bool live_together(const ArenaBlock& a, const ArenaBlock& b) { return a.first <= b.last && b.first <= a.last; }

/// Each block, in this order, at the lowest multiple of 16 where it touches none before it; bytes of the whole.
uint32_t place_in_order(std::vector<ArenaBlock> blocks, const std::vector<size_t>& order) {
  uint32_t top = 0;
  for (size_t n = 0; n < order.size(); ++n) {
    ArenaBlock& b = blocks[order[n]];
    std::vector<uint32_t> starts{0};
    for (size_t p = 0; p < n; ++p) starts.push_back((blocks[order[p]].offset + blocks[order[p]].bytes + 15) / 16 * 16);
    std::sort(starts.begin(), starts.end());
    const auto free = [&](uint32_t at) {
      return std::none_of(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n), [&](size_t p) {
        const ArenaBlock& o = blocks[p];
        return live_together(b, o) && at < o.offset + o.bytes && o.offset < at + b.bytes;
      });
    };
    b.offset = *std::find_if(starts.begin(), starts.end(), free);
    top = std::max(top, (b.offset + b.bytes + 15) / 16 * 16);
  }
  return top;
}

uint32_t greedy(const std::vector<ArenaBlock>& blocks,
                const std::function<bool(const ArenaBlock&, const ArenaBlock&)>& before) {
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return before(blocks[a], blocks[b]); });
  return place_in_order(blocks, order);
}

/// Any packing pushed down is what some order gives.
uint32_t smallest(const std::vector<ArenaBlock>& blocks) {
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  uint32_t best = UINT32_MAX;
  do best = std::min(best, place_in_order(blocks, order));
  while (std::next_permutation(order.begin(), order.end()));
  return best;
}

std::vector<ArenaBlock> random_blocks(Random& random, int32_t least, int32_t most, int32_t steps) {
  std::vector<ArenaBlock> blocks(static_cast<size_t>(pick(random, least, most)));
  for (ArenaBlock& b : blocks) {
    b.bytes = static_cast<uint32_t>(pick(random, 1, 100)) * 16;
    b.first = pick(random, 0, steps);
    b.last = std::min(steps, b.first + pick(random, 0, 4));
  }
  return blocks;
}

void check_disjoint(const std::vector<ArenaBlock>& blocks, uint32_t bytes) {
  for (size_t i = 0; i < blocks.size(); ++i) {
    CHECK(blocks[i].offset % 16 == 0);
    CHECK(blocks[i].offset + blocks[i].bytes <= bytes);
    for (size_t j = 0; j < i; ++j)
      if (live_together(blocks[i], blocks[j]))
        CHECK((blocks[i].offset >= blocks[j].offset + blocks[j].bytes ||
               blocks[j].offset >= blocks[i].offset + blocks[i].bytes));
  }
}

}  // namespace

TEST_CASE("small arenas are as small as any order of placing makes them") {
  Random random(11);
  for (int round = 0; round < 400; ++round) {
    std::vector<ArenaBlock> blocks = random_blocks(random, 4, 7, 6);
    const uint32_t least = smallest(blocks);
    const ArenaSize size = pack_arena(blocks);
    check_disjoint(blocks, size.bytes);
    CHECK(size.bytes == least);
    CHECK(size.lower_bound == least);
  }
}

TEST_CASE("an arena that no greedy order packs: the search does") {
  Random random(23);
  int better = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<ArenaBlock> blocks = random_blocks(random, 10, 16, 10);
    const ArenaSize none = pack_arena(blocks, 0);
    const ArenaSize searched = pack_arena(blocks);
    CHECK(searched.bytes <= none.bytes);
    CHECK(searched.lower_bound >= none.lower_bound);
    better += searched.bytes < none.bytes;
  }
  CHECK(better > 0);
}

TEST_CASE("arenas of any size: blocks are disjoint, and no worse than by size or by lifetime") {
  Random random(37);
  for (int round = 0; round < 60; ++round) {
    std::vector<ArenaBlock> blocks = random_blocks(random, 1, 90, 40);
    const uint32_t by_size = greedy(blocks, [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
    const uint32_t by_life = greedy(blocks, [](const auto& a, const auto& b) {
      const int la = a.last - a.first, lb = b.last - b.first;
      return la != lb ? la > lb : a.bytes > b.bytes;
    });
    const ArenaSize size = pack_arena(blocks);
    check_disjoint(blocks, size.bytes);
    CHECK(size.bytes >= size.lower_bound);
    CHECK(size.bytes <= std::min(by_size, by_life));
  }
}
