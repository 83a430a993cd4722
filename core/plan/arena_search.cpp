#include "core/plan/arena_search.hpp"

#include <algorithm>
#include <map>

namespace ares {
namespace {

class Search {
 public:
  Search(std::vector<ArenaBlock>& best, ArenaSize known, size_t nodes)
      : best_(best), blocks_(best), size_(known), nodes_(nodes) {
    number_steps();
    placed_.assign(blocks_.size(), false);
    height_.assign(steps_, 0);
    left_.assign(steps_, 0);
    for (const ArenaBlock& b : blocks_)
      for (int t = b.first; t <= b.last; ++t) left_[static_cast<size_t>(t)] += b.bytes;
  }

  ArenaSize run() {
    descend(blocks_.size(), 0, 0);
    if (nodes_ > 0) size_.lower_bound = size_.bytes;  // all others were looked at
    return size_;
  }

 private:
  /// Where a block would rest.
  struct Candidate {
    uint32_t offset;
    size_t block;
  };

  /// Only steps at which something begins to live matter; they are numbered anew.
  void number_steps() {
    std::map<int, int> number;
    for (const ArenaBlock& b : blocks_) number[b.first] = 0;
    int n = 0;
    for (auto& [step, i] : number) i = n++;
    steps_ = static_cast<size_t>(n);
    for (ArenaBlock& b : blocks_) {
      b.last = std::prev(number.upper_bound(b.last))->second;
      b.first = number[b.first];
    }
  }

  uint32_t resting(const ArenaBlock& b) const {
    return *std::max_element(height_.begin() + b.first, height_.begin() + b.last + 1);
  }

  /// What is not packed yet lies at `floor` or above, and above what is packed at its steps.
  bool hopeless(uint32_t floor) const {
    for (size_t t = 0; t < steps_; ++t)
      if (left_[t] > 0 && std::max(floor, height_[t]) + left_[t] >= size_.bytes) return true;
    return false;
  }

  std::vector<Candidate> candidates(uint32_t floor, size_t last) const {
    std::vector<Candidate> all;
    for (size_t i = 0; i < blocks_.size(); ++i) {
      if (placed_[i]) continue;
      const uint32_t at = resting(blocks_[i]);
      if (at > floor || (at == floor && i >= last)) all.push_back({at, i});
    }
    std::sort(all.begin(), all.end(), [this](const Candidate& a, const Candidate& b) {
      if (a.offset != b.offset) return a.offset < b.offset;
      return blocks_[a.block].bytes != blocks_[b.block].bytes ? blocks_[a.block].bytes > blocks_[b.block].bytes
                                                              : a.block < b.block;
    });
    return all;
  }

  void keep() {
    size_.bytes = *std::max_element(height_.begin(), height_.end());
    for (size_t i = 0; i < blocks_.size(); ++i) best_[i].offset = blocks_[i].offset;
  }

  /// Packs what is left at `floor` or above; blocks at the floor itself come in the order of their numbers.
  void descend(size_t left, uint32_t floor, size_t last) {
    if (left == 0) return keep();
    for (const Candidate& c : candidates(floor, last)) {
      if (size_.bytes == size_.lower_bound || nodes_ == 0) return;
      --nodes_;
      ArenaBlock& b = blocks_[c.block];
      if (c.offset + b.bytes >= size_.bytes) continue;
      std::vector<uint32_t> before(height_.begin() + b.first, height_.begin() + b.last + 1);
      place(c, b);
      if (!hopeless(c.offset)) descend(left - 1, c.offset, c.block + 1);
      std::copy(before.begin(), before.end(), height_.begin() + b.first);
      for (int t = b.first; t <= b.last; ++t) left_[static_cast<size_t>(t)] += b.bytes;
      placed_[c.block] = false;
    }
  }

  void place(const Candidate& c, ArenaBlock& b) {
    b.offset = c.offset;
    placed_[c.block] = true;
    for (int t = b.first; t <= b.last; ++t) {
      height_[static_cast<size_t>(t)] = c.offset + b.bytes;
      left_[static_cast<size_t>(t)] -= b.bytes;
    }
  }

  std::vector<ArenaBlock>& best_;
  std::vector<ArenaBlock> blocks_;
  ArenaSize size_;
  size_t nodes_;
  size_t steps_ = 0;
  std::vector<bool> placed_;
  std::vector<uint32_t> height_, left_;  ///< per step: top of what is packed, bytes of what is not
};

}  // namespace

ArenaSize search_arena(std::vector<ArenaBlock>& blocks, ArenaSize known, size_t nodes) {
  return Search(blocks, known, nodes).run();
}

}  // namespace ares
